#!/bin/sh
# student.sh: what a student does with the exercises; the make targets of the same names call it.
#
#   sh tests/student.sh BUILD COMMAND [NN]
#
#   give          copies each exercise that the student does not have yet (every command does this first)
#   ex NN         checks one exercise; status 1 if it is wrong or does not compile, else 0
#   next, watch   checks the first exercise that is not done; checks each file when it is saved
#   hint NN       prints the next of three hints
#   reset NN      restores the text as shipped; the student's text is kept as NN-*.c.1, .2 ...
#   list          prints which lessons were run and which exercises are done, from progress.txt
#   table         checks all exercises and prints one line for each (a part of `make check`)
#   solution NN   prints the solution, after passing or with FORCE=1
#   grade         checks every part of every exercise: one line each in WORK/grade.txt, for tests/grade.sh
#   mine OBJECTS  runs lesson 11 on the functions that pass, and on solutions/ for the others (exercises/mine.c)
#   ran NN        notes that lesson NN was run
#
# The student's files lie in exercises/ (or in $CLIP_EXERCISES), beside progress.txt. Git ignores them, so that an
# update of the repository cannot change them. They are copies of exercises/original/*.c, which git tracks. When an
# original is revised, an unchanged copy is replaced; a changed copy stays, and the student is told.
#
# In a tree that cannot be written to they lie in BUILD/desk/ instead.
#
# progress.txt has the lines "done NAME", "hint NAME STEP", "given NAME CHECKSUM" and "ran lesson-NN"; all others are
# kept. Other variables: SEED of the random inputs; EXERCISE_CC, compiler and flags; CLIP_EXERCISE_WORK, the folder of
# the programs; EXAM, a folder with a teacher's own checks (grade); ARGS, options of a lesson (mine, ran).

# shellcheck source=tests/fit.sh
. "${0%/*}/fit.sh"
# shellcheck source=tests/links.sh
. "${0%/*}/links.sh"
stop() {
    tell "$1" >&2
    exit 2
}

build=$1 command=$2 number=$3
EXERCISES=${CLIP_EXERCISES:-exercises}
[ -z "$CLIP_EXERCISES" ] || [ -d "$CLIP_EXERCISES" ] || stop "CLIP_EXERCISES: $CLIP_EXERCISES is not a folder; make it"
if [ -z "$CLIP_EXERCISES" ] && [ ! -w exercises ]; then
    EXERCISES=$build/desk
    mkdir -p "$EXERCISES" 2>/dev/null ||
        stop "neither exercises/ nor $build/ can be written to; build in a folder of yours: make BUILD=/tmp/clip"
    tell "exercises/ cannot be written to; your exercises are in $EXERCISES/." >&2
fi
: "${EXERCISE_CC:=${CC:-cc} -std=c11 -O1 -g -pthread}"
# A SEED of another program's is no reason for another result.
case ${SEED:-0} in
*[!0-9]* | ???????????????????*)
    tell "warning: SEED is \"$SEED\", want a whole number below 10^18; it is not used" >&2
    SEED=''
    ;;
esac
progress=$EXERCISES/progress.txt
work=${CLIP_EXERCISE_WORK:-$build/exercises}
objects=$build/obj/tests/exercises
LC_ALL=C
export LC_ALL
good='' bad='' dim='' off=''
if [ -t 1 ] && [ -z "$NO_COLOR" ] && [ "$TERM" != dumb ]; then
    good=$(printf '\033[32m') bad=$(printf '\033[1;31m') dim=$(printf '\033[2m') off=$(printf '\033[0m')
fi

# ---- names and progress ----------------------------------------------------------------------------------------------

names() { for file in exercises/original/[0-9][0-9]-*.c; do basename "$file" .c; done; }
name_of() { for file in exercises/original/"$1"-*.c; do [ -f "$file" ] && basename "$file" .c; done; }
title_of() { echo "${1#*-}" | tr - ' '; }

# known WORD NAME: prints what follows them in progress.txt; status 1 if the line is not there, 2 if it cannot be read.
known() {
    [ -f "$progress" ] || return 1
    awk -v word="$1" -v name="$2" \
        '$1 == word && $2 == name { value = $3; found = 1 } END { print value; exit !found }' "$progress" && return 0
    [ $? -eq 1 ] && return 1
    stop "$progress cannot be read"
}
is_done() { known 'done' "$1" >/dev/null; }

# put TO: writes stdin to a temporary file and renames it to TO. If that fails, TO stays as it was.
put() {
    put_file "$1" && return 0
    stop "$1 cannot be written; it was not changed: $why"
}
give_copy() {
    [ -r "$1" ] || stop "$1 cannot be read"
    put "$2" <"$1"
}

# note WORD NAME [VALUE]: replaces that line; forget WORD NAME removes it. A file that cannot be read to its end (the
# word "end" is then missing) is not replaced.
others() { awk -v word="$1" -v name="$2" '!($1 == word && $2 == name)' "$progress" && echo "$3"; }
change() {
    if [ -f "$progress" ]; then kept=$(others "$1" "$2" end) || kept=
    else kept='# Progress with lessons and exercises. Lines that make does not know are kept.
end'; fi
    case $kept in *end) ;; *) stop "$progress cannot be read" ;; esac
    kept=${kept%end}
    printf '%s%s' "$kept" "$3" | put "$progress" || exit 2
}
forget() { [ ! -f "$progress" ] || change "$1" "$2" ''; }
note() {
    change "$1" "$2" "$*
"
}

sum_of() {
    if ! sum=$(cksum <"$1") || [ -z "$sum" ]; then stop "$1 cannot be read"; fi
    echo "$sum" | tr ' ' -
}

# backup FILE [BESIDE]: copies FILE to BESIDE.1, .2 ... (default: FILE.1 ...) and prints the name. A backup with the
# same text is not made twice.
backup() {
    i=1 beside=${2:-$1}
    while [ -e "$beside.$i" ]; do
        cmp -s "$1" "$beside.$i" && { echo "$beside.$i"; return; }
        i=$((i + 1))
    done
    give_copy "$1" "$beside.$i" && echo "$beside.$i"
}

# A line with a TODO statement that is no comment.
TODO='^[^*/"]*TODO('

# begun FILE: status 0 if a TODO line was deleted. Exercises 00 and 11 have none.
begun() { [ "$(grep -c "$TODO" "$1")" -lt "$(grep -c 'TODO [0-9][0-9]: your' "$1")" ]; }

# untouched FILE: status 0 if it is the text as shipped, whose functions do nothing yet.
untouched() { grep -q "$TODO" "$1" && cmp -s "$1" "exercises/original/${1##*/}"; }

# in_git FILE: status 0 if git has this text, so that no backup is needed.
in_git() { git cat-file -e "$(git hash-object "$1" 2>/dev/null)" 2>/dev/null; }

# moved NAME: the student wrote into exercises/original/ by mistake. That text becomes the student's file, and the text
# as shipped goes back to its place. If the student's file was changed too, both are kept.
moved() {
    own=$EXERCISES/$1.c original=exercises/original/$1.c
    if [ -f "$own" ] && ! begun "$own"; then
        give_copy "$own" "$work/$1.shipped"
        give_copy "$original" "$own"
        give_copy "$work/$1.shipped" "$original"
        rm -f "$work/$1.shipped"
        tell "$original is for the text as shipped, but you have changed it." \
            "Your text is now in $own; go on there."
    else
        aside=$own
        [ -f "$own" ] || give_copy "$original" "$own"
        cmp -s "$original" "$own" || aside=$(backup "$original" "$own")
        tell "$original is for the text as shipped, but you have changed it." \
            "A copy of it is in $aside. Your file is $own."
    fi
}

give() {
    [ -d "$EXERCISES" ] && [ -w "$EXERCISES" ] || return 0
    mkdir -p "$work"
    lost=''
    [ -f "$progress" ] || lost=maybe
    for each in $(names); do
        own=$EXERCISES/$each.c original=exercises/original/$each.c
        ! begun "$original" || moved "$each"
        ! begun "$original" || continue
        sum=$(sum_of "$original") && given=$(known given "$each")
        [ $? -le 1 ] || exit 2
        if [ ! -f "$own" ]; then
            give_copy "$original" "$own" && note given "$each" "$sum"
        elif [ "$given" != "$sum" ]; then
            if cmp -s "$own" "$original"; then
                note given "$each" "$sum"
            elif [ "$(sum_of "$own")" = "$given" ]; then # unchanged since it was given
                aside=''
                in_git "$own" || aside=" The old text is kept in $(backup "$own")."
                give_copy "$original" "$own" && note given "$each" "$sum"
                tell "$own: brought up to date.$aside"
            else
                [ -z "$given" ] || tell "$own: the exercise has been revised since you began." \
                    "Your file was not changed; \`make reset-${each%%-*}\` gives you the new text and keeps yours."
                note given "$each" "$sum"
                [ -z "$lost" ] || lost=yes
            fi
        fi
    done
    [ "$lost" != yes ] || recover
}

# progress.txt was deleted: the files that were changed are checked again.
recover() {
    [ -f "$objects/verify_run.o" ] || return 0
    tell "$progress was missing. It is made again: checking your exercises ..."
    for each in $(names); do
        [ -f "$objects/ex${each%%-*}.o" ] || continue
        cmp -s "$EXERCISES/$each.c" "exercises/original/$each.c" || verdict "$each" >/dev/null
    done
    (bar)
}

# ---- checking one ----------------------------------------------------------------------------------------------------

# CHECKED_FLAGS are used where the compiler knows them. tests/findings.awk reads the warnings.
WARNINGS='-Wall -Wextra -Wpedantic -Werror=return-type'
CHECKED_FLAGS='-O1 -g -Wfloat-conversion -Wshadow -ftrivial-auto-var-init=pattern'
SANITIZERS='-O1 -g -w -fsanitize=address,undefined -fno-sanitize-recover=all -fno-sanitize=object-size
    -fno-omit-frame-pointer'

# understood FLAGS...: prints those that the compiler accepts.
understood() {
    echo 'int main(void) { return 0; }' >"$work/empty.c"
    for flag in "$@"; do
        # shellcheck disable=SC2086 # compiler and flags
        $EXERCISE_CC -Werror "$flag" -c -o "$work/empty.o" "$work/empty.c" >/dev/null 2>&1 && printf '%s ' "$flag"
    done
}

# The library's files that are compiled again, with other flags.
CORE='lib/core/base.c lib/core/arena.c lib/core/mat.c lib/core/softmax.c'

# prepare: makes what every exercise is linked with, again when the compiler or CORE has changed. $work/arena.o fills
# new memory with NaN. $work/sanitized/*.o are the files of CORE with the sanitizers, if the compiler has them. There,
# new memory holds something else, so that the results of a function that reads it differ (verify_run.c compares).
prepare() {
    mkdir -p "$work/sanitized" || exit 2
    command -v "${EXERCISE_CC%% *}" >/dev/null 2>&1 || stop "the compiler ${EXERCISE_CC%% *} is not there; name another: CC=gcc"
    made="$EXERCISE_CC $($EXERCISE_CC --version 2>/dev/null | head -n 1)"
    # shellcheck disable=SC2086 # files
    if [ -f "$work/made-with" ] && [ "$(cat "$work/made-with")" = "$made" ] &&
        [ -z "$(find $CORE -newer "$work/made-with")" ]; then
        checked=$(cat "$work/checked-flags")
        return 0
    fi
    rm -f "$work/made-with" "$work"/[0-9][0-9] "$work/sanitized"/*
    # shellcheck disable=SC2086
    checked=$(understood $CHECKED_FLAGS)
    echo "$checked" >"$work/checked-flags"
    # shellcheck disable=SC2086
    $EXERCISE_CC -w -Ilib -DDEBUG -c -o "$work/arena.o" lib/core/arena.c || exit 2
    for file in $CORE; do
        # shellcheck disable=SC2086
        $EXERCISE_CC $SANITIZERS -Ilib -c -o "$work/sanitized/$(basename "$file" .c).o" "$file" >/dev/null 2>&1 || break
    done
    # shellcheck disable=SC2086
    if ! $EXERCISE_CC $SANITIZERS -o "$work/sanitized/empty" "$work/empty.c" >/dev/null 2>&1 ||
        ! "$work/sanitized/empty" >/dev/null 2>&1; then
        rm -f "$work/sanitized"/*
    fi
    echo "$made" | put "$work/made-with"
}

# linked PROGRAM FLAGS OBJECTS...: with the exercise's check and the library.
linked() {
    to=$1 flags=$2
    shift 2
    # shellcheck disable=SC2086
    $EXERCISE_CC $flags -o "$to" "$@" "$objects/ex$nn.o" "$objects"/verify*.o "$build/libclip.a" -lm -pthread
}

# compile NAME: makes $work/NN, and $work/sanitized/NN where there are sanitizers, from the student's file, unless they
# are up to date. Of a text as shipped that does nothing yet, the second is not made: nothing would run in it. Prints
# why, with status 1, when it cannot.
compile() {
    nn=${1%%-*} source=$EXERCISES/$1.c
    program=$work/$nn
    [ -f "$objects/ex$nn.o" ] || stop "$objects/ex$nn.o is needed; \`make ex-$nn\` builds it"
    prepare
    [ -f "$source" ] || { tell "$source is missing; \`make reset-$nn\` gives it back."; return 1; }
    set -- "$objects"/verify*.o "$objects/ex$nn.o" "$build/libclip.a" exercises/exercise.h
    if [ -x "$program" ] && cmp -s "$source" "$work/$nn.c" && [ -z "$(find "$@" -newer "$program")" ]; then
        warned
        return 0
    fi
    rm -f "$program" "$work/sanitized/$nn"
    # shellcheck disable=SC2086
    if ! $EXERCISE_CC $WARNINGS $checked -Iexercises -Ilib -c -o "$work/$nn.o" "$source" >"$work/$nn.log" 2>&1; then
        does_not_compile
        return 1
    fi
    awk -v source="$source" -f tests/findings.awk "$work/$nn.log" "$source" >"$work/$nn.findings"
    if ! linked "$program" '' "$work/$nn.o" "$work/arena.o" >"$work/$nn.link" 2>&1; then
        tell "${bad}DOES NOT LINK${off}: $source. A function is missing, or has the name of a function of the library:"
        grep -E 'undefined|multiple|duplicate|symbol|_' "$work/$nn.link" | head -n 4 | sed 's/^/  /' | fit
        tell "  again: make ex-$nn     the text as shipped, keeping yours: make reset-$nn"
        return 1
    fi
    if [ -f "$work/sanitized/softmax.o" ] && ! untouched "$source"; then
        set -- "$work"/sanitized/base.o "$work"/sanitized/arena.o "$work"/sanitized/mat.o "$work"/sanitized/softmax.o
        # shellcheck disable=SC2086
        $EXERCISE_CC $SANITIZERS -Iexercises -Ilib -c -o "$work/sanitized/$nn.o" "$source" >/dev/null 2>&1 &&
            linked "$work/sanitized/$nn" "$SANITIZERS" "$work/sanitized/$nn.o" "$@" >/dev/null 2>&1
    fi
    cat "$source" >"$work/$nn.c" || stop "$work/$nn.c cannot be written"
    warned
}

does_not_compile() {
    mistake="compile"
    if grep -q 'error: .*return-type' "$work/$nn.log" && ! grep 'error:' "$work/$nn.log" | grep -vq 'return-type'; then
        mistake="no-return"
        tell "${bad}WRONG${off}: $source. A function reaches its end without a return:"
    else
        tell "${bad}DOES NOT COMPILE${off}: $source. The compiler's first errors (nothing was checked yet):"
    fi
    awk '/: (warning|error|note): /{ skip = /-Wfloat-conversion|-Wshadow/ } !skip' "$work/$nn.log" | head -n 14 |
        sed 's/^/  /' | fit
    tell "  again: make ex-$nn"
}

# Prints the compiler's warnings. Those about conversions are shown only where they explain a wrong number.
warned() {
    grep -v -e 'Wfloat-conversion' -e 'Wshadow' "$work/$nn.log" | grep 'warning:' | head -n 5 >"$work/$nn.warned"
    [ -s "$work/$nn.warned" ] || return 0
    tell "The compiler warns:"
    sed 's/^/  /' "$work/$nn.warned" | fit
}

# verdict NAME [all]: compiles and checks an exercise; prints the report, sets word (done, wrong, begun, not-started,
# broken) and parts ("1 of 2"). all: goes on after a wrong part.
verdict() {
    word=broken parts='' mistake="link"
    rm -f "$work/${1%%-*}.result" "$work/${1%%-*}.result.parts"
    if ! compile "$1"; then
        echo "broken 0 0 $mistake" >"$work/$nn.result"
        is_done "$1" && forget 'done' "$1"
        return
    fi
    sanitized=$work/sanitized/$nn
    [ -x "$sanitized" ] || sanitized=-
    # shellcheck disable=SC2086
    "$program" "$EXERCISES/$1.c" "${SEED:--}" "$work/$nn.result" "$work/$nn.findings" "$sanitized" $2 </dev/null
    status=$? right=0 of=0 mistake="ended"
    [ -f "$work/$nn.result" ] && read -r word right of mistake <"$work/$nn.result"
    parts="$right of $of"
    [ "$mistake" != ended ] || tell "${bad}WRONG${off}: $source. The program ended before its functions were checked" \
        "(status $status): look for exit, abort, or code that runs before main."
    if [ "$word" = not-started ] && ! cmp -s "$EXERCISES/$1.c" "exercises/original/$1.c"; then
        line=$(grep -n "$TODO" "$EXERCISES/$1.c" | sed -n '1s/:.*//p')
        [ -z "$line" ] ||
            tell "  You have changed the file, but your code does not run yet: delete line $line, \"TODO(...);\"."
    fi
    case $word in
    'done') is_done "$1" || note 'done' "$1" ;;
    *) is_done "$1" && forget 'done' "$1" ;;
    esac
}

first_open() {
    for name in $(names); do is_done "$name" || { echo "$name"; return; }; done
}

what_next() {
    next=$(first_open)
    if [ -z "$next" ]; then tell "  next: make mine (all exercises are done; it runs lesson 11 on your own functions)"
    else tell "  next: make ex-${next%%-*}"; fi
}

one() {
    tell "${dim}Exercise ${1%%-*}, $(title_of "$1"): compiling and checking $EXERCISES/$1.c ...${off}"
    verdict "$1"
    case $word in
    'done') what_next ;;
    not-started) tell "  a hint: make hint-${1%%-*}" ;;
    begun) tell "  again: make ex-${1%%-*}     a hint: make hint-${1%%-*}" ;;
    *) return 1 ;;
    esac
}

# ---- all of them -----------------------------------------------------------------------------------------------------

bar() {
    all=0 finished=0 line=''
    for name in $(names); do
        all=$((all + 1))
        if is_done "$name"; then finished=$((finished + 1)) line="$line##"; fi
    done
    i=$finished
    while [ $i -lt $all ]; do line="$line--" i=$((i + 1)); done
    tell "Progress: [$line] $finished of $all"
}

list() {
    tell "Lessons (x: run)"
    for page in lessons/[0-9][0-9]-*/README.md; do
        nn=${page#lessons/} && nn=${nn%%-*} mark=' '
        known ran "lesson-$nn" >/dev/null && mark=x
        title=$(sed -n '1s/^# *Lesson [0-9]*: *//p' "$page")
        tell "$(printf '  [%s] %s %-34s make lesson-%s' "$mark" "$nn" "$title" "$nn")"
    done
    tell "Exercises (x: done)"
    next=$(first_open)
    for name in $(names); do
        mark=' '
        is_done "$name" && mark=x
        [ "$name" = "$next" ] && mark='>'
        tell "$(printf '  [%s] %s %-34s make ex-%s' "$mark" "${name%%-*}" "$(title_of "$name")" "${name%%-*}")"
    done
    bar
}

table() {
    done_count=0 open_count=0 begun_count=0 wrong_count=0 first=''
    mkdir -p "$work"
    tell "Your exercises, in $EXERCISES/"
    for name in $(names); do
        verdict "$name" >"$work/said"
        says=$word colour=''
        case $word in
        'done') done_count=$((done_count + 1)) colour=$good ;;
        not-started) open_count=$((open_count + 1)) says='not started' colour=$dim ;;
        begun) begun_count=$((begun_count + 1)) says="begun: $parts parts right" ;;
        *)
            wrong_count=$((wrong_count + 1)) colour=$bad
            [ "$word" = broken ] && says='wrong: does not compile' || says=wrong
            [ -z "$first" ] && first=$name && cp "$work/said" "$work/first"
            ;;
        esac
        tell "$(printf '  %s %-22s %s%s%s' "${name%%-*}" "$(title_of "$name")" "$colour" "$says" "$off")"
    done
    if [ -n "$first" ]; then
        echo
        tell "$first, the first that is wrong:"
        fit <"$work/first"
    fi
    next=$(first_open)
    [ -z "$next" ] || next="     go on: make next"
    echo
    tell "exercises: $done_count done, $open_count not started, $begun_count begun, $wrong_count wrong$next"
    [ $wrong_count -eq 0 ]
}

# ran NN: notes that lesson NN was run, unless it only printed its options.
ran() { case " $ARGS " in *' --help '*) ;; *) note ran "lesson-$1" ;; esac }

# pictures_of OPTIONS...: how many pictures lesson 11 is asked for.
pictures_of() {
    many=10000
    while [ $# -gt 0 ]; do
        [ "$1" = --pictures ] && [ "${2:-0}" -gt 0 ] 2>/dev/null && many=$2
        shift
    done
    echo "$many"
}

# mine OBJECTS: links lesson 11 and exercises/mine.c (the objects) with the student's functions that pass, and runs it.
# Then it runs the lesson itself with the same options and compares what the two print.
mine() {
    mkdir -p "$work/mine" || exit 1
    linked='' missing=''
    tell "Lesson 11, made of"
    for name in $(names); do
        nn=${name%%-*} whose=yours
        case $nn in 01 | 02 | 03 | 06 | 07 | 08 | 09) ;; *) continue ;; esac
        verdict "$name" >"$work/said"
        if [ "$word" = 'done' ]; then
            # shellcheck disable=SC2086
            $EXERCISE_CC -Iexercises -Ilib -w -c -o "$work/mine/$nn.o" "$EXERCISES/$name.c" || exit 1
        elif [ -f "solutions/$name.c" ]; then
            whose='from solutions/, because yours does not pass yet'
            [ "$word" != broken ] || fit <"$work/said" >&2
            # shellcheck disable=SC2086
            $EXERCISE_CC -Iexercises -Ilib -c -o "$work/mine/$nn.o" "solutions/$name.c" || exit 1
        else
            whose="not done, and there are no solutions here"
            missing="$missing make ex-$nn;"
        fi
        linked="$linked $work/mine/$nn.o"
        tell "$(printf '  %s %-20s %s' "$nn" "$(title_of "$name")" "$whose")"
    done
    [ -z "$missing" ] || { tell "First finish these exercises:$missing     then again: make mine"; exit 1; }
    # shellcheck disable=SC2086
    $EXERCISE_CC -o "$build/mine" $1 $linked "$build/libclip.a" -lm -pthread || exit 1
    [ -n "$ARGS" ] || ARGS='--pictures 500'
    eval "set -- $ARGS" # words in quotes stay together
    CLIP_PLOTS=${MINE_PLOTS:-$build/mine-plots}
    export CLIP_PLOTS
    mkdir -p "$CLIP_PLOTS"
    run_mine "$@"
}

run_mine() {
    case " $* " in *' --help '*) exec "$build/mine" --help ;; esac
    begin=$(date +%s)
    if ! "$build/mine" --no-predict "$@" --pictures 50 >/dev/null 2>"$work/mine/trouble" </dev/null; then
        fit <"$work/mine/trouble" >&2
        if grep -q 'no such model' "$work/mine/trouble"; then
            tell "make mine classifies pictures with a trained model. First run: make lesson-10    " \
                "then again: make mine" >&2
        fi
        exit 1
    fi
    fifty=$(($(date +%s) - begin)) many=$(pictures_of "$@")
    tell "Time: 50 pictures took $fifty s on this computer, so $many take about $(((fifty * many + 49) / 50)) s." \
        "For all 10,000: make mine ARGS=\"--pictures 0\". The plots are written to $CLIP_PLOTS/."
    echo
    begin=$(date +%s)
    { "$build/mine" --no-predict "$@" || echo "$?" >"$work/mine/failed"; } | tee "$work/mine/yours" | fit
    [ ! -f "$work/mine/failed" ] || { rm -f "$work/mine/failed"; exit 1; }
    echo
    tell "That took $(($(date +%s) - begin)) s."
    [ -x "$build/lesson-11" ] || return 0
    CLIP_PLOTS=$work/mine/plots
    "$build/lesson-11" --no-predict "$@" >"$work/mine/library" 2>/dev/null </dev/null || return 0
    if cmp -s "$work/mine/yours" "$work/mine/library"; then
        tell "The same as the library: all $(wc -l <"$work/mine/library" | tr -d ' ') lines, number for number."
    else
        tell "Not the same as the library. Your lines begin with <, the library's with >:"
        diff "$work/mine/yours" "$work/mine/library" | grep '^[<>]' | head -n 8 | sed 's/^/  /' | fit
        exit 1
    fi
}

# ---- marks -----------------------------------------------------------------------------------------------------------

# parts_in CHECK.c: the names of its parts.
parts_in() { grep -o '\.name = "[A-Za-z_0-9]*"' "$1" | sed 's/.*"\(.*\)"/\1/'; }

# graded LABEL NAME CHECK.c: adds a line for each part: label, title, part, verdict, mistake, seconds.
graded() {
    title=$(title_of "$2" | tr ' ' -)
    for part in $(parts_in "$3"); do
        line=$(awk -v part="$part" '$1 == part' "$work/${2%%-*}.result.parts" 2>/dev/null)
        [ -n "$line" ] || line="$part $word $mistake 0"
        echo "$1 $title $line"
    done >>"$work/grade.txt"
}

# A teacher's own checks: EXAM/exNN*.c checks the student's NN-*.c, or, where there is none, EXAM/NN-*.c.
teacher_checks() {
    for check in "$EXAM"/ex[0-9][0-9]*.c; do
        [ -f "$check" ] || continue
        label=$(basename "$check" .c | tr -c 'A-Za-z0-9._\n-' -) nn=$(basename "$check" | cut -c3-4) name=''
        for file in "$EXERCISES/$nn"-*.c "$EXAM/$nn"-*.c; do
            [ -f "$file" ] && [ -z "$name" ] && name=$(basename "$file" .c) source=$file
        done
        [ -n "$name" ] || { tell "$check: there is no exercise $nn in $EXERCISES/ or $EXAM/" >&2; continue; }
        teacher_check
        graded "$label" "$name" "$check"
    done
}

# Compiles $check and $source and runs them; sets word and mistake.
teacher_check() {
    word=broken mistake="compile"
    rm -f "$work/$nn.result" "$work/$nn.result.parts"
    # shellcheck disable=SC2086
    $EXERCISE_CC -Itests/exercises -Iexercises -Ilib -I"$EXAM" -c -o "$work/$label.check.o" "$check" || return
    # shellcheck disable=SC2086
    $EXERCISE_CC $WARNINGS $checked -Iexercises -Ilib -I"$EXAM" -c -o "$work/$label.o" "$source" \
        >"$work/$label.log" 2>&1 || return
    mistake="link"
    # shellcheck disable=SC2086
    $EXERCISE_CC -o "$work/$label" "$work/$label.o" "$work/$label.check.o" "$objects"/verify*.o "$work/arena.o" \
        "$build/libclip.a" -lm -pthread >>"$work/$label.log" 2>&1 || return
    mistake="ended"
    "$work/$label" "$source" "${SEED:--}" "$work/$nn.result" - - all >"$work/$label.said" 2>&1 </dev/null
    [ -f "$work/$nn.result" ] && read -r word _ _ mistake <"$work/$nn.result"
}

grade() {
    mkdir -p "$work"
    : >"$work/grade.txt"
    for name in $(names); do
        verdict "$name" all >"$work/said" 2>&1
        graded "${name%%-*}" "$name" "tests/exercises/ex${name%%-*}.c"
    done
    [ -z "$EXAM" ] || teacher_checks
}

# ---- help ------------------------------------------------------------------------------------------------------------

hint() {
    step=$(known hint "$1")
    [ $? -le 1 ] || exit 2
    case $step in [0-3]) ;; *) step=0 ;; esac
    step=$((step + 1))
    [ $step -gt 3 ] && step=1 && tell "(You have seen all three hints. From the beginning:)"
    tell "Hint $step of 3 for exercise $(echo "$1" | sed 's/-/, /; s/-/ /g'):"
    awk -v want=$step '/^--$/ { n++; next } n + 1 == want { print "  " $0 }' "exercises/hints/${1%%-*}.txt" | fit
    note hint "$1" $step
    if [ $step -lt 3 ]; then tell "The next hint: make hint-${1%%-*}"
    else tell "To see the solution: make solution-${1%%-*} FORCE=1"; fi
}

reset() {
    own=$EXERCISES/$1.c original=exercises/original/$1.c
    if [ -f "$own" ] && ! cmp -s "$own" "$original"; then
        aside=$(backup "$own") || exit 2
        tell "Your text is kept in $aside."
    fi
    give_copy "$original" "$own"
    note given "$1" "$(sum_of "$original")"
    forget 'done' "$1"
    forget hint "$1"
    tell "$own is the text as shipped again."
}

solution() {
    if [ ! -f "solutions/$1.c" ]; then
        tell "There are no solutions in this copy. A hint: make hint-${1%%-*}."
        exit 1
    elif is_done "$1" || [ "$FORCE" = 1 ]; then
        cat "solutions/$1.c"
    else
        tell "Exercise ${1%%-*} is not done yet. A hint: make hint-${1%%-*}." \
            "To see the solution now: make solution-${1%%-*} FORCE=1"
        exit 1
    fi
}

# ---- watching --------------------------------------------------------------------------------------------------------

sums() { for file in "$EXERCISES"/[0-9][0-9]-*.c; do echo "$(sum_of "$file") $(basename "$file" .c)"; done; }

# A second passes, or a key is pressed: sets key.
pause() {
    key=''
    if [ -t 0 ]; then key=$(dd bs=1 count=1 2>/dev/null; echo .) key=${key%.}
    else sleep 1; fi
}

watch() {
    now=$(first_open)
    [ -n "$now" ] || now=$(names | tail -n 1)
    newline='
'
    if [ -t 0 ]; then
        saved=$(stty -g)
        trap 'stty "$saved"' EXIT
        trap 'exit 130' INT TERM
        stty -icanon -echo min 0 time 10
    fi
    before=$(sums)
    one "$now"
    keys
    while :; do
        pause
        after=$(sums)
        case $key in
        q) return 0 ;;
        n) now=$(first_open) ;;
        "$newline") ;;
        *)
            [ "$after" = "$before" ] && continue
            now=$(printf '%s\n' "$before" "$after" | sort | uniq -u | awk 'NR == 1 { print $2 }')
            ;;
        esac
        before=$after
        [ -n "$now" ] || now=$(names | tail -n 1)
        echo
        one "$now"
        keys
    done
}
keys() {
    echo
    tell "Watching $EXERCISES/: a file is checked when you save it."
    if [ -t 0 ]; then tell "Enter checks $now again, n the next exercise that is not done, q quits."; fi
}

# ----------------------------------------------------------------------------------------------------------------------

name=''
if [ -n "$number" ] && [ "$command" != mine ] && [ "$command" != ran ]; then
    name=$(name_of "$number")
    [ -n "$name" ] || stop "there is no exercise $number; \`make list\` names them"
fi
case $command$name in
ex | hint | reset | solution) command='' ;; # the number is missing
esac
case $command in
give) give ;;
ex) give; one "$name" ;;
next)
    give
    name=$(first_open)
    if [ -n "$name" ]; then one "$name"; else tell "All exercises are done."; what_next; fi
    ;;
watch | list | table | grade) give; "$command" ;;
mine) give; mine "$3" ;;
ran) give; ran "$number" ;;
hint | reset | solution) give; "$command" "$name" ;;
*) stop "student.sh BUILD give|ex|next|watch|hint|reset|list|table|grade|solution|mine|ran [NN]" ;;
esac
