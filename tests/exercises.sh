#!/bin/sh
# exercises.sh: do the exercises and their checks do what they promise?
#
#   sh tests/exercises.sh BUILD [NN]          NN: the mutants of that exercise alone, with what their checks say
#
#   as shipped, every exercise compiles without a warning and is not started (00: done); every solution passes
#   exercise and solution are equal outside of the TODO blocks; there are three hints
#   every mutant (tests/exercises/mutants.txt) is wrong, and explained by its own mistake and by no other
#   solving 1 to N alone passes 1 to N, for every N
#   the capstone prints what lesson 11 prints
#   the desk (student.sh): backups, progress, broken and hostile files, and every command its texts name
#
# The last line is "exercises: N passed, N failed".
# shellcheck disable=SC2016 # texts in quotes

build=$1 only=$2
unset EXERCISES SEED FORCE NO_COLOR
work=$(mktemp -d "${TMPDIR:-/tmp}/clip-exercises-XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
: "${EXERCISE_CC:=${CC:-cc} -std=c11 -g -pthread -Ilib -Wall -Wextra -Wpedantic}"
EXERCISE_CC="$EXERCISE_CC -O0 -g0"
EXERCISES=$work/desk EXERCISE_WORK=$work/built
export EXERCISE_CC EXERCISES EXERCISE_WORK
exams=$build/obj/tests/exercises
passed=0 failed=0
mkdir "$work/desk" "$work/built"

good() { passed=$((passed + 1)); }
bad() {
    failed=$((failed + 1))
    printf '  FAILED  %s\n' "$1"
    [ -z "$2" ] || sed 's/^/      /' "$2"
}
# is TEXT COMMAND...: succeeds, or TEXT is what went wrong.
is() {
    text=$1
    shift
    if "$@"; then good; else bad "$text"; fi
}

# examine FILE NN DIR: compiles FILE and checks it; sets said (all output) and result (status right parts id).
examine() {
    said=$3/$2.said result='did not compile'
    # shellcheck disable=SC2086
    $EXERCISE_CC -Iexercises $4 -c -o "$3/$2.o" "$1" >"$said" 2>&1 &&
        $EXERCISE_CC -o "$3/$2" "$3/$2.o" "$exams/ex$2.o" "$exams/exam.o" "$build/libclip.a" -lm -pthread \
            >>"$said" 2>&1 || return
    rm -f "$3/$2.result"
    "$3/$2" "$1" - "$3/$2.result" >>"$said" 2>&1 </dev/null
    result=$(cat "$3/$2.result")
}

# ---- shipped and solved ----------------------------------------------------------------------------------------------

# frame FILE: what stands outside of the TODO blocks.
frame() { awk '/END [0-9][0-9] /{ inside = 0 } !inside; /TODO [0-9][0-9]: /{ inside = 1 }' "$1"; }

shipped() {
    for original in exercises/original/[0-9][0-9]-*.c; do
        name=$(basename "$original" .c) nn=$(basename "$original" | cut -c1-2)
        [ -z "$only" ] || [ "$only" = "$nn" ] || continue
        examine "$original" "$nn" "$work" -Werror
        case $nn:$result in
        00:done* | [01][0-9]:'not-started '*) good ;;
        *) bad "$original: $result" "$said" ;;
        esac
        examine "solutions/$name.c" "$nn" "$work" -Werror
        case $result in 'done '*) good ;; *) bad "solutions/$name.c: $result" "$said" ;; esac
        frame "$original" >"$work/frame"
        frame "solutions/$name.c" >"$work/frame2"
        if cmp -s "$work/frame" "$work/frame2" && [ -s "$work/frame" ]; then good
        else bad "$name: exercise and solution differ outside of the TODO blocks"; fi
        is "$name: three hints" [ "$(grep -cx -e -- "exercises/hints/$nn.txt")" = 2 ]
        case $nn in
        00 | 11) ;;
        *) is "$name: a worked number for each function" \
            [ "$(grep -c 'Worked' "$original")" -ge "$(grep -c 'TODO [0-9]' "$original")" ] ;;
        esac
    done
}

# ---- mutants ---------------------------------------------------------------------------------------------------------

# mutants DIR REST: every second one.
mutants() {
    mkdir "$1"
    grep "^[0-9]" tests/exercises/mutants.txt |
        awk -v rest="$2" -v only="$only" 'NR % 2 == rest && (only == "" || $1 == only)' >"$1/list"
    while IFS= read -r line; do
        nn=${line%% *}
        id=${line#* @ } id=${id%% @ *}
        if LINE=$line awk '
            BEGIN { line = ENVIRON["LINE"]; split(line, f, / @ /) }
            { at = index($0, f[3]) }
            at { count++; $0 = substr($0, 1, at - 1) f[4] substr($0, at + length(f[3])) }
            { print }
            END { exit count != 1 }' solutions/"$nn"-*.c >"$1/$nn.c"; then
            examine "$1/$nn.c" "$nn" "$1"
            case $result in
            "wrong "*" $id") echo good ;;
            *) printf 'wanted %s, got: %s: %s\n' "$id" "$result" "$line"; cat "$said" ;;
            esac
            if [ -n "$only" ]; then printf '\n%s\n' "$line"; cat "$said"; fi >&2
        else
            printf 'the text is not there, or not once: %s\n' "$line"
        fi
    done <"$1/list" >"$1/verdicts"
}

count_mutants() {
    for verdicts in "$work"/m?/verdicts; do
        while IFS= read -r line; do
            case $line in
            good) good ;;
            wanted* | 'the text'*) bad "$line" ;;
            *) printf '      %s\n' "$line" ;;
            esac
        done <"$verdicts"
    done
    is 'there are 80 mutants or more' [ "$(cat "$work"/m?/list | wc -l)" -ge 80 ]
}

# ---- the desk --------------------------------------------------------------------------------------------------------

desk() { sh tests/student.sh "$build" "$@" >"$work/got" 2>&1 </dev/null; }

# wants STATUS TEXT COMMAND...: of the desk.
wants() {
    want=$1 text=$2
    shift 2
    desk "$@"
    status=$?
    if [ $status -eq "$want" ] && grep -Fq -e "$text" "$work/got"; then good
    else bad "student.sh $*: wanted status $want and: $text; got status $status and:" "$work/got"; fi
}

one_to_n() {
    n=0
    rm -rf "$work/desk"
    mkdir "$work/desk"
    for solution in solutions/[0-9][0-9]-*.c; do
        cp "$solution" "$work/desk/"
        n=$((n + 1))
        desk table
        is "solving 1 to $n" [ "$(grep -c ' done$' "$work/got")" = "$n" ]
        is "solving 1 to $n: the rest is not started" \
            grep -q "^exercises: $n done, $((13 - n)) not started, 0 begun, 0 wrong" "$work/got"
    done
}

# edited NN SED: the student's file is the solution, changed.
edited() { sed "$2" solutions/"$1"-*.c >"$(echo "$work/desk/$1"-*.c)"; }

at_the_desk() {
    own=$work/desk/01-cosine.c
    wants 0 'NOT STARTED 01' ex 01
    is 'an exercise not started has not failed' [ "$(grep -Eci 'fail|wrong' "$work/got")" = 0 ]
    wants 0 'DONE 00' next
    wants 0 'NOT STARTED 01' next
    wants 1 'make hint-01' solution 01
    FORCE=1 && export FORCE
    wants 0 'sqrt(squares)' solution 01
    unset FORCE
    wants 0 'Hint 1 of 3' hint 01
    wants 0 'Hint 2 of 3' hint 01
    wants 0 'make solution-01 FORCE=1' hint 01
    printf 'done 99-gone\nsome words of my own\n' >>"$work/desk/progress.txt"
    edited 01 ''
    wants 0 'next: make ex-02' ex 01
    wants 0 'sqrt(squares)' solution 01
    is 'unknown lines of progress.txt stay' \
        [ "$(grep -Ec 'done 99-gone|words of my own|done 01-cosine' "$work/desk/progress.txt")" = 3 ]
    wants 0 'Progress: [####----------------------] 2 of 13' list
    wants 0 "$own.1" reset 01
    is 'reset gives the text as shipped' cmp -s "$own" exercises/original/01-cosine.c
    is 'reset keeps what was written' cmp -s "$own.1" solutions/01-cosine.c
    edited 01 's/squares += /squares = /'
    wants 0 "$own.2" reset 01
    wants 0 'Progress: [##' list
    edited 01 's/double ab = 0/double = 0/'
    wants 1 'DOES NOT COMPILE' ex 01
    wants 1 'wrong: does not compile' table
    is 'a broken file keeps no other from being checked' grep -q '1 done, 11 not started, 0 begun, 1 wrong' "$work/got"
    edited 01 's/for (int i = 0; i < n; i++) squares.*/while (n > 0) v[0] += 0;/'
    wants 1 'Stopped: it ran for more than' ex 01
    edited 01 's/double squares = 0;/double squares = *(volatile double *)8;/'
    wants 1 'wrong' table
    edited 01 's/double length = sqrt(squares);/double length = squares - squares;/'
    wants 1 'WRONG: normalise' ex 01
    edited 01 's/double length = .*/double length = 5;/' # right for (3, 4) alone
    wants 1 'v = (0, -2, 0)' ex 01
    edited 01 's/squares = 0;/squares = 0; puts("DONE 01"); extern void _exit(int); _exit(0);/'
    wants 1 'before the function had returned' ex 01
    edited 01 's/squares = 0;/squares = 0; mat_shape(99);/'
    wants 1 'A function of the library was called' ex 01
    edited 01 's/double ab = 0/TODO(a); &/'
    wants 0 'BEGUN 01 cosine: 1 of 2' ex 01
    edited 01 's/    double squares = 0/    TODO(v); &/; s/double ab = 0/TODO(a); &/'
    wants 0 'You have written something: delete' ex 01
    edited 01 '/^double cosine/,$d'
    wants 1 'DOES NOT LINK' ex 01
    rm "$own"
    wants 0 'NOT STARTED 01' ex 01
    wants 2 'there is no exercise 77' ex 77
    printf 'given 01-cosine 1-1\n' >"$work/desk/progress.txt"
    edited 01 ''
    wants 0 'the exercise has been revised' list
    is 'a revision leaves what was written' cmp -s "$own" solutions/01-cosine.c
    echo '/* an old text */' >"$own"
    printf 'given 01-cosine %s\n' "$(cksum <"$own" | tr ' ' -)" >"$work/desk/progress.txt"
    wants 0 'brought up to date' list
    is 'an untouched copy follows' cmp -s "$own" exercises/original/01-cosine.c
    edited 01 's/sqrt(squares)/squares/'
    wants 1 'without the square root' ex 01
    SEED=5 && export SEED
    edited 01 's/if (n > 100)/&/; s/double length = sqrt(squares);/double length = sqrt(squares) + (n > 4);/'
    wants 1 'make ex-01 SEED=5' ex 01
    unset SEED
}

# The capstone prints what lesson 11 prints, and runs what the student wrote.
capstone() {
    CLIP_MODELS=$work/models CLIP_PLOTS=$work/plots ARGS='--data shapes --image small --pictures 60'
    export CLIP_MODELS CLIP_PLOTS ARGS
    set -- --no-predict --data shapes --image small
    if "$build/lesson-10" "$@" --pictures 500 --epochs 1 >"$work/said" 2>&1; then good
    else bad 'lesson 10 trains a small model' "$work/said"; fi
    edited 07 's/^    int D = .*/&  fprintf(stderr, "a bag of my own\\n");/'
    wants 0 '07 bag of words         yours' mine "$(echo "$build"/obj/lessons/11-classify/main.o "$build"/obj/mine/*/*.o "$build"/obj/mine/*/*/*.o)"
    is 'the capstone calls what the student wrote' grep -q 'a bag of my own' "$work/got"
    grep -v 'a bag of my own' "$work/got" | sed '1,/^$/d' >"$work/mine"
    # shellcheck disable=SC2086
    "$build/lesson-11" --no-predict $ARGS >"$work/eleven" 2>&1 </dev/null
    is 'the capstone prints what lesson 11 prints' cmp -s "$work/eleven" "$work/mine"
    unset CLIP_MODELS CLIP_PLOTS ARGS
}

# Every command that the texts of the exercises name is a target.
commands() {
    cat exercises/original/*.c exercises/*.h exercises/hints/*.txt tests/exercises/*.c tests/student.sh |
        grep -o 'make [a-z][a-z]*-\{0,1\}[a-zA-Z0-9%$]*' | sort -u >"$work/commands"
    while read -r _ target; do
        case $target in
        ex-* | hint-* | reset-* | solution-*) target="${target%%-*}-%)" ;;
        lesson-[0-9][0-9]) [ -d "$(echo lessons/"${target#lesson-}"-*)" ] && target=lesson-% ;;
        next | watch | list | mine | clean) target="$target:" ;;
        it | a | of | up | one | does | prompts | targets) continue ;; # words of a sentence
        esac
        is "the Makefile has no target for make $target" grep -q -- "$target" Makefile
    done <"$work/commands"
}

if [ -n "$only" ]; then
    shipped
    mutants "$work/m1" 1
    mutants "$work/m2" 0
    cat "$work"/m?/verdicts
    exit
fi
mutants "$work/m1" 1 &
mutants "$work/m2" 0
wait
count_mutants
shipped
at_the_desk
one_to_n
capstone
commands
echo "exercises: $passed passed, $failed failed"
[ $failed -eq 0 ]
