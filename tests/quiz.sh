#!/bin/sh
# quiz.sh: tests that `make quiz` asks every question of the pages, stores the results, and stops when it should.
#
#   sh tests/quiz.sh BUILD                 from the top folder
#
# The last line is "quiz: N passed, N failed".
# shellcheck disable=SC2016 # expanded by the inner shell
LC_ALL=C
export LC_ALL
work=$(mktemp -d "${TMPDIR:-/tmp}/clip-quiz-test-XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
QUIZ_FILE=$work/quiz.txt QUIZ_ANYWHERE=1
export QUIZ_FILE QUIZ_ANYWHERE
passed=0 failed=0
check() { # check WHAT CONDITION...
    what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "  FAILED  $what"
        sed 's/^/      /' "$work/out" | tail -n 12
    fi
}
quiz() { sh lessons/quiz.sh "$@" >"$work/out" 2>"$work/err"; }
says() { grep -q -e "$1" "$work/out"; }
keeps() { grep -qx -e "$1" "$QUIZ_FILE"; }

# Without a terminal it says so and touches nothing.
QUIZ_ANYWHERE='' quiz </dev/null
status=$?
check "no terminal: status 2" [ $status -eq 2 ]
check "no terminal: says so" grep -q 'needs a terminal' "$work/err"
check "no terminal: no file" [ ! -f "$QUIZ_FILE" ]

# Every question of every page, with an answer: asked for by lesson.
asked=0 pages=0
for page in lessons/[0-9][0-9]-*/README.md; do
    number=${page#lessons/}
    wanted=$(awk '
        /^## / { on = /^## Questions/ }
        on && /^<details>/ { n++ }
        END { print n + 0 }' "$page")
    i=0
    while [ $i -lt "$wanted" ]; do printf '\nn\n'; i=$((i + 1)); done | quiz "${number%%-*}"
    asked=$(grep -c 'it will be asked again' "$work/out")
    check "$page: $wanted questions" [ "$asked" -eq "$wanted" ]
    check "$page: no mark-up is left" sh -c '! grep -E "[$]|\\\\[a-z]|</?details|\*\*" "$1"' sh "$work/out"
    pages=$((pages + wanted))
done
check "all are remembered" [ "$(grep -c '^missed ' "$QUIZ_FILE")" -eq $pages ]

# Missed questions come first; lines in another form are not changed.
printf '# mine\nknown 01.1\nknown 99.9\nmissed 03.2\n' >"$QUIZ_FILE"
printf '\ny\nq\n' | quiz
check "the missed one comes first" says '\[1 of 10\] Lesson 03.*question 2'
check "then a new one" says '\[2 of 10\] Lesson 00.*question 1'
check "it is known now" keeps 'known 03.2'
check "it is missed no more" sh -c '! grep -q "missed 03.2" "$1"' sh "$QUIZ_FILE"
check "other lines stay" keeps 'known 99.9'
check "a comment stays" keeps '# mine'
check "it counts" says '1 of 1 known'
printf 'maybe\n' | quiz missed
check "nothing missed" says 'Nothing is missed'

# At the end of the input and after a signal the results are stored.
printf '\nn\n\n' | quiz 02
check "the end of the input: kept" keeps 'missed 02.1'
check "the end of the input: not the next" sh -c '! grep -q " 02.2" "$1"' sh "$QUIZ_FILE"
mkfifo "$work/typed"
: >"$work/out" # empty it, so that the output of the last quiz is not read again
sh lessons/quiz.sh 04 <"$work/typed" >"$work/out" 2>"$work/err" &
child=$!
exec 4>"$work/typed"
printf '\nn\n' >&4
i=0
while ! says 'it will be asked again' && [ $i -lt 50 ]; do sleep 0.1 2>/dev/null || sleep 1; i=$((i + 1)); done
kill -TERM $child
printf '\n' >&4
exec 4>&-
wait $child
status=$?
check "stopped: status 130" [ $status -eq 130 ]
check "stopped: kept" keeps 'missed 04.1'
check "stopped: says how it stands" says '0 of 1 known'
check "no temporary file" [ ! -f "$QUIZ_FILE.tmp" ]

quiz 77
check "no such lesson" grep -q 'lesson 77 has no questions' "$work/err"
check "no colour in a file" sh -c '! grep -q "$(printf "\033")" "$1"' sh "$work/out"
echo "quiz: $passed passed, $failed failed"
[ $failed -eq 0 ]
