#!/bin/sh
# exercises.sh: tests of the exercises and of their checks.
#
#   sh tests/exercises.sh BUILD [NN]     NN: the mutants of that exercise alone, with what their checks print
#
# In seconds:
#   as shipped, every exercise compiles without a warning and is not started (00: done); every solution passes
#   exercise and solution are equal outside of the TODO blocks; there are three hints
#   every known mistake, used as the answer, is found and named by its own text and no other (verify_run.c, --sweep)
#   right answers that look unusual pass; one mistake of each kind that numbers do not show is found ("quick")
#   marks (grade.sh) and their other forms; every command that the texts name is a target
# With CHECK_ALL=1 (make check-exercises, make check-dev), too, in two minutes:
#   every mutant (tests/exercises/mutants.txt) is wrong, and is named by its own mistake and by no other
#   student.sh: backups, progress, broken and hostile files, a solution written into exercises/original/
#   the sweep with other seeds; solving 1 to N alone passes 1 to N, for every N; make mine prints what lesson 11 prints
#
# The last line is "exercises: N passed, N failed".
# shellcheck disable=SC2016 # texts in quotes

build=$1 only=$2 all=$CHECK_ALL
unset CLIP_EXERCISES CLIP_EXERCISE_WORK SEED FORCE NO_COLOR EXAM POINTS CDPATH
work=$(mktemp -d "${TMPDIR:-/tmp}/clip-exercises-XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
: "${EXERCISE_CC:=${CC:-cc} -std=c11 -g -pthread}"
CLIP_EXERCISES=$work/desk CLIP_EXERCISE_WORK=$work/built
export EXERCISE_CC CLIP_EXERCISES CLIP_EXERCISE_WORK
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

# examine FILE NN: puts it on the desk and checks it; sets said (all output) and result (status right parts id).
examine() {
    said=$work/said.$2 result='no result'
    cp "$1" "$work/desk/$(basename exercises/original/"$2"-*.c)"
    rm -f "$work/built/$2.result"
    sh tests/student.sh "$build" ex "$2" >"$said" 2>&1 </dev/null
    [ ! -f "$work/built/$2.result" ] || result=$(cat "$work/built/$2.result")
}

# ---- shipped and solved ----------------------------------------------------------------------------------------------

# frame FILE: what stands outside of the TODO blocks.
frame() { awk '/END [0-9][0-9] /{ inside = 0 } !inside; /TODO [0-9][0-9]: /{ inside = 1 }' "$1"; }

shipped() {
    for original in exercises/original/[0-9][0-9]-*.c; do
        name=$(basename "$original" .c) nn=$(basename "$original" | cut -c1-2)
        [ -z "$only" ] || [ "$only" = "$nn" ] || continue
        examine "$original" "$nn"
        case $nn:$result in
        00:done* | [01][0-9]:'not-started '*) good ;;
        *) bad "$original: $result" "$said" ;;
        esac
        is "$original: the compiler warns" [ "$(grep -c 'compiler warns' "$said")" = 0 ]
        is "$name: three hints" [ "$(grep -cx -e -- "exercises/hints/$nn.txt")" = 2 ]
        case $nn in
        00 | 11) ;;
        *) is "$name: a worked number for each function" \
            [ "$(grep -c 'Worked' "$original")" -ge "$(grep -c 'TODO [0-9]' "$original")" ] ;;
        esac
        [ -d solutions ] || continue
        examine "solutions/$name.c" "$nn"
        case $result in 'done '*) good ;; *) bad "solutions/$name.c: $result" "$said" ;; esac
        frame "$original" >"$work/frame"
        frame "solutions/$name.c" >"$work/frame2"
        if cmp -s "$work/frame" "$work/frame2" && [ -s "$work/frame" ]; then good
        else bad "$name: exercise and solution differ outside of the TODO blocks"; fi
        known_mistakes 1
    done
}

# known_mistakes SEED: of exercise $nn, whose solution was just checked: each answers for itself.
known_mistakes() {
    if "$work/built/$nn" --sweep "$1" >"$work/sweep"; then good
    else bad "$nn: a known mistake is not found, or not named alone (seed $1)" "$work/sweep"; fi
}

other_seeds() {
    for seed in 2 3 4 5 6 7 8 9 10 11 12; do
        for original in exercises/original/[0-9][0-9]-*.c; do
            nn=$(basename "$original" | cut -c1-2)
            [ ! -x "$work/built/$nn" ] || known_mistakes $seed
        done
    done
}

# ---- mutants ---------------------------------------------------------------------------------------------------------

# changed FILE FROM TO: the file with the one place that says FROM.
changed() {
    FROM=$2 TO=$3 awk '
        BEGIN { from = ENVIRON["FROM"]; to = ENVIRON["TO"] }
        { at = index($0, from) }
        at { count++; $0 = substr($0, 1, at - 1) to substr($0, at + length(from)) }
        { print }
        END { exit count != 1 }' "$1"
}

# mutants PATTERN: lines of mutants.txt that match it: NN @ id @ text @ text in its place [@ quick].
mutants() {
    grep "$1" tests/exercises/mutants.txt >"$work/list"
    while IFS= read -r line; do
        nn=${line%% *}
        [ -z "$only" ] || [ "$only" = "$nn" ] || continue
        printf '%s\n' "$line" | awk -F ' @ ' -v OFS='\n' '{ print $2, $3, $4 }' >"$work/fields"
        { read -r id; IFS= read -r from; IFS= read -r to; } <"$work/fields"
        if ! changed solutions/"$nn"-*.c "$from" "$to" >"$work/mutant.c"; then
            bad "the text is not there, or not once: $line"
            continue
        fi
        examine "$work/mutant.c" "$nn"
        case $id:$result in
        "right:done "* | "$id:wrong "*" $id" | "$id:broken "*" $id") good ;;
        *) bad "wanted $id, got: $result: $line" "$said" ;;
        esac
        if [ -n "$only" ]; then
            printf '\n%s\n' "$line"
            cat "$said"
        fi
    done <"$work/list"
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
    rm -rf "$work/desk"
    mkdir "$work/desk"
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
    wants 0 '[ ] 05 ' list
    desk ran 05
    wants 0 '[x] 05 ' list
    ARGS='--quick --help' desk ran 06
    is '--help of a lesson is no run' [ "$(grep -c '^ran lesson-06' "$work/desk/progress.txt")" = 0 ]
    edited 01 's/double ab = 0/double = 0/'
    wants 1 'DOES NOT COMPILE' ex 01
    wants 1 'wrong: does not compile' table
    is 'a broken file keeps no other from being checked' grep -q '1 done, 11 not started, 0 begun, 1 wrong' "$work/got"
    edited 01 's/for (int i = 0; i < n; i++) squares.*/while (n > 0) v[0] += 0;/'
    wants 1 'Stopped after' ex 01
    edited 01 's/double squares = 0;/double squares = *(volatile double *)8;/'
    wants 1 'wrong' table
    edited 01 's/double length = sqrt(squares);/double length = squares - squares;/'
    wants 1 'WRONG: normalise' ex 01
    edited 01 's/double length = .*/double length = 5;/' # right for (3, 4) alone
    wants 1 'v = (0, -2, 0)' ex 01
    edited 01 's/squares = 0;/squares = 0; puts("DONE 01"); extern void _exit(int); _exit(0);/'
    wants 1 'before your function returned' ex 01
    edited 01 's/squares = 0;/squares = 0; mat_shape(99);/'
    wants 1 'Your function called a function of the library' ex 01
    edited 01 's/double ab = 0/TODO(a); &/'
    wants 0 'BEGUN 01 cosine: 1 of 2' ex 01
    edited 01 's/    double squares = 0/    TODO(v); &/; s/double ab = 0/TODO(a); &/'
    wants 0 'your code does not run yet: delete line' ex 01
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
    edited 01 's/return ab/ab = ab/'
    wants 1 'reaches its end without a return' ex 01
    edited 01 's/double squares = 0;/double squares;/'
    wants 1 "Line $(grep -n 'squares +=' "$own" | cut -d : -f 1): A variable" ex 01
    edited 01 's/^double cosine/static void un_cosine(void) { (void)cosine; }\n&/; s/sqrt(aa) \* sqrt(bb)/aa * bb/'
    wants 1 "$own:37" ex 01
    edited 01 ''
    desk ex 01
    rm "$work/desk/progress.txt"
    wants 0 'was missing. It is made again' list
    is 'without progress.txt nothing is forgotten' grep -q 'Progress: \[##--' "$work/got"
    sed 's/^    TODO/\tTODO/; s/your code from here.*/&\n    int begun = 0; (void)begun;/' \
        exercises/original/01-cosine.c >"$own"
    wants 0 'your code does not run yet: delete line' ex 01
    SEED=5 && export SEED
    edited 01 's/if (n > 100)/&/; s/double length = sqrt(squares);/double length = sqrt(squares) + (n > 4);/'
    wants 1 'make ex-01 SEED=5' ex 01
    edited 01 ''
    for SEED in abc -1 1e3 0x10 ' 7' 99999999999999999999; do
        wants 0 "warning: SEED is \"$SEED\"" ex 01
        is "SEED=$SEED: what is done stays done" grep -q '^done 01-cosine$' "$work/desk/progress.txt"
    done
    unset SEED
    edited 01 '$s/$/\n__attribute__((constructor)) static void early(void) { __builtin_abort(); }/'
    wants 1 'ended before its functions were checked' ex 01
}

# A text written into exercises/original/ by mistake becomes the student's file, or is kept beside it; the text as
# shipped comes back.
in_the_original() {
    mkdir "$work/tree" "$work/tree/tests"
    cp -R exercises lib solutions "$work/tree/"
    cp -R tests/student.sh tests/fit.sh tests/links.sh tests/findings.awk tests/exercises "$work/tree/tests/"
    rm -f "$work/tree/exercises"/[0-9][0-9]-* "$work/tree/exercises/progress.txt"
    full=$(cd "$build" && pwd)
    (
        cd "$work/tree" || exit
        unset CLIP_EXERCISES
        CLIP_EXERCISE_WORK=$work/tree/built
        export CLIP_EXERCISE_WORK
        sh tests/student.sh "$full" give
        cp exercises/original/01-cosine.c shipped
        cp solutions/01-cosine.c exercises/original/01-cosine.c
        sh tests/student.sh "$full" ex 01
        cmp exercises/01-cosine.c solutions/01-cosine.c && cmp exercises/original/01-cosine.c shipped &&
            echo 'moved and restored'
        sed 's/sqrt/cbrt/' solutions/01-cosine.c >exercises/original/01-cosine.c
        sh tests/student.sh "$full" list
        cmp exercises/01-cosine.c solutions/01-cosine.c && cmp exercises/01-cosine.c.1 exercises/original/01-cosine.c &&
            echo 'both are kept'
    ) >"$work/got" 2>&1 </dev/null
    is 'what was written in exercises/original/ is moved' grep -q 'moved and restored' "$work/got"
    is 'it counts' grep -q 'DONE 01' "$work/got"
    is 'two versions are both kept' grep -q 'both are kept' "$work/got"
}

# mine_objects: what `make mine` links: lesson 11 and, for each source that is still there, its object in obj/mine.
mine_objects() {
    for part in lessons/11-classify/*.c; do echo "$build/obj/${part%.c}.o"; done
    (cd "$build/obj/mine" && find . -name '*.o') | while IFS= read -r object; do
        object=${object#./}
        [ ! -f "${object%.o}.c" ] || echo "$build/obj/mine/$object"
    done
}

# `make mine` prints what lesson 11 prints, and runs what the student wrote.
mine() {
    CLIP_MODELS=$work/models CLIP_PLOTS=$work/plots ARGS='--data shapes --image small --pictures 60'
    export CLIP_MODELS CLIP_PLOTS ARGS
    set -- --no-predict --data shapes --image small
    if "$build/lesson-10" "$@" --pictures 500 --epochs 1 >"$work/said" 2>&1; then good
    else bad 'lesson 10 trains a small model' "$work/said"; fi
    edited 07 's/^    int D = .*/&  fprintf(stderr, "a bag of my own\\n");/'
    wants 0 'The same as the library' mine "$(mine_objects)"
    is 'make mine calls what the student wrote' grep -q 'a bag of my own' "$work/got"
    is 'it says whose functions they are' grep -q '07 bag of words         yours' "$work/got"
    is 'it says how long it takes' grep -q 'so 60 take about' "$work/got"
    is 'it leaves the pictures of lesson 11 alone' [ "$(find "$work/plots" -name '11*' | wc -l)" -eq 0 ]
    edited 07 's/AT(bag->bias, 0, e)/0 * &/'
    desk ex 07
    wants 0 'from solutions/' mine "$(mine_objects)"
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
        next | watch | list | mine | grade | clean) target="$target:" ;;
        it | a | of | does | lesson-%s | up | one | prompts | targets) continue ;; # words of a sentence
        esac
        is "the Makefile has no target for make $target" grep -q -- "$target" Makefile
    done <"$work/commands"
}

# Marks: of a desk with 01 half right and 02 done.
marks() {
    rm -rf "$work/desk"
    mkdir "$work/desk"
    desk give
    edited 01 's/sqrt(aa) \* sqrt(bb)/aa * bb/'
    edited 02 ''
    printf '01 4\n02 similarity_matrix 3 # a comment\n' >"$work/points"
    mkdir "$work/exam"
    cat >"$work/exam/ex02-hidden.c" <<'END'
#include "verify.h"
static void check(void) {
    Mat one = verify_from(1, 2, (double[]){ 3, 4 }), s = verify_room("s", 1, 1);
    verify_case("hidden", "text and image = %s", verify_matrix(one));
    verify_answers(1, 1, s.v, false);
    verify_model(0)[0] = 1;
    similarity_matrix(one, one, s);
    verify_got(0, (double)s.v[0], "s[0,0]");
    verify_done();
}
static const Part parts[] = { { .name = "similarity_hidden", .check = check, .tolerance = 1e-5 } };
const Verify checked = { .number = "02", .title = "hidden", .parts = parts, .count = 1 };
END
    for form in '' --junit --csv --gradescope --classroom50; do
        # shellcheck disable=SC2086
        POINTS=$work/points EXAM=$work/exam sh tests/grade.sh "$build" $form >"$work/got" 2>&1
        is "grade $form: status 0 however bad the marks" [ $? -eq 0 ]
    done
    is 'grade.json: half of 01' \
        grep -q '"part": "normalise", "points": 2, "of": 2, "verdict": "right"' "$build/grade.json"
    is 'grade.json: the other half, and why not' \
        grep -q '"part": "cosine", "points": 0, "of": 2, "verdict": "wrong", "mistake": "no-root"' "$build/grade.json"
    is 'grade.json: points for one part' grep -q '"part": "similarity_matrix", "points": 3, "of": 3' "$build/grade.json"
    is 'grade.json: a part that was not started' \
        grep -q '"part": "softmax", "points": 0, "of": 1, "verdict": "not-started"' "$build/grade.json"
    is 'grade.json: a hidden check' \
        grep -q '"part": "similarity_hidden", "points": 1, "of": 1, "verdict": "right"' "$build/grade.json"
    edited 01 '$s/$/\n__attribute__((constructor)) static void early(void) { __builtin_abort(); }/'
    sh tests/grade.sh "$build" >"$work/got" 2>&1
    is 'grade: no marks of an earlier run' \
        grep -q '"part": "normalise", "points": 0, "of": 1, "verdict": "broken", "mistake": "ended"' "$build/grade.json"
    edited 01 's/sqrt(aa) \* sqrt(bb)/aa * bb/'
    SEED=abc POINTS=$work/points sh tests/grade.sh "$build" --junit --csv --gradescope --classroom50 >"$work/got" 2>&1
    is 'grade: a SEED that is none changes no marks' \
        grep -q '"part": "normalise", "points": 2, "of": 2, "verdict": "right"' "$build/grade.json"
    is 'grade.xml' grep -q '<testsuite name="01 cosine" tests="2" failures="1"' "$build/grade.xml"
    is 'grade.csv' grep -q '^01,cosine,cosine,0,2,wrong,no-root,' "$build/grade.csv"
    is 'results.json' \
        grep -q '"name": "01 normalise", "score": 2, "max_score": 2, "status": "passed"' "$build/results.json"
    is 'result.json' \
        grep -q '"test-name": "01 normalise", "passed": true, "score": 2, "max-score": 2' "$build/result.json"
    is 'result.json names its form' grep -q '"schema": "classroom50/result/v1"' "$build/result.json"
    printf 'nonsense\n' >"$work/points"
    POINTS=$work/points sh tests/grade.sh "$build" >"$work/got" 2>&1
    is 'grade: points that are none are refused' [ $? -eq 2 ]
    printf '01 normalize 2\n' >"$work/points"
    POINTS=$work/points sh tests/grade.sh "$build" >"$work/got" 2>&1
    is 'grade: points for a part that does not exist are refused' [ $? -eq 2 ]
    printf '01 3\r\n' >"$work/points"
    POINTS=$work/points CLASSROOM=class sh tests/grade.sh "$build" --classroom50 >"$work/got" 2>&1
    is 'result.json: whole points only' \
        grep -q '"test-name": "01 normalise", "passed": true, "score": 3, "max-score": 3' "$build/result.json"
    is 'result.json: what the runner knows' grep -q '"classroom": "class"' "$build/result.json"
}

if [ -n "$only" ]; then
    shipped
    mutants "^$only"
    exit
fi
shipped
if [ -d solutions ]; then
    [ -z "$all" ] || other_seeds
    mutants "$([ -n "$all" ] && echo '^[0-9]' || echo '^[0-9].* @ quick$')"
    [ -z "$all" ] || is 'there are 150 mutants or more' [ "$(grep -c '^[0-9]' tests/exercises/mutants.txt)" -ge 150 ]
    [ -z "$all" ] || at_the_desk
    [ -z "$all" ] || in_the_original
    marks
    [ -z "$all" ] || one_to_n
    [ -z "$all" ] || mine
else
    echo '  there are no solutions here: only the exercises as shipped are checked'
fi
commands
echo "exercises: $passed passed, $failed failed"
[ $failed -eq 0 ]
