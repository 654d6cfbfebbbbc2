#!/bin/sh
# width.sh: tests that no line of a lesson or a checker is longer than the terminal, at 40 and at 80 columns: what lessons
# print in the run that make check compares, --help of every program, and messages of errors.
#
#   sh tests/width.sh BUILD                from the top folder
#
# The last line is "width: N passed, N failed[, N skipped]". build/pty-lines is the terminal.
set -u
build=${1:-build}
work=$(mktemp -d "${TMPDIR:-/tmp}/clip-width-test-XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
TERM=xterm-256color LC_ALL=C.UTF-8 CLIP_PLOTS=$work/plots CLIP_MODELS=$work/models
export TERM LC_ALL CLIP_PLOTS CLIP_MODELS
unset NO_COLOR COLUMNS COLORTERM
passed=0 failed=0 skipped=0

# fits STATUS PROGRAM WORDS...: the program ends with this status, and its lines fit.
fits() {
    want=$1 program=$build/$2
    shift 2
    for columns in 40 80; do
        "$build/pty-lines" $columns "$program" "$@" >"$work/out" 2>"$work/err"
        status=$?
        if [ $status -eq "$want" ] && [ -s "$work/out" ]; then
            passed=$((passed + 1))
        elif [ $status -eq 77 ]; then
            skipped=$((skipped + 1))
        else
            failed=$((failed + 1))
            echo "  FAILED  $columns columns: $program $*: exit status $status, want $want"
            sed 's/^/      /' "$work/err" | head -n 8
        fi
    done
}

"$build/pty-lines" 40 true
if [ $? -eq 77 ]; then
    echo "skipped: no pseudo-terminal here"
    echo "width: 0 passed, 0 failed, 1 skipped"
    exit 0
fi

# What is too wide is found.
# shellcheck disable=SC2059 # the text has escape codes for printf
wide() { "$build/pty-lines" 10 printf "$1" >/dev/null 2>&1; }
if wide '1234567890\n\033[1m1234567890\033[0m\r1234567890\n'; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "  FAILED  lines of ten columns were found too wide for ten"
fi
for text in '12345678901\n' '1234567890\n123456 8901' '/34 678 901\n'; do
    wide "$text"
    if [ $? -eq 125 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "  FAILED  $text was not found"
    fi
done

for expected in lessons/[0-9][0-9]-*/expected.txt; do
    number=${expected#lessons/}
    number=${number%%-*}
    eval "set -- $(sed -n '1s/^\$ *[^ ]*//p' "$expected")"
    fits 0 "lesson-$number" "$@" --no-predict
    fits 2 "lesson-$number" --no-such-option-and-a-long-one
done
for program in "$build"/lesson-[0-9][0-9] "$build"/check-* "$build/bench" "$build/shapes" "$build/shipped" "$build/rooms"; do
    [ -f "$program" ] && [ -x "$program" ] && fits 0 "${program##*/}" --help
done
fits 1 lesson-11 --weights "$work/there-is-no-such-file-here.safetensors"
fits 1 check-image "$work/none.png" "$work/none.rgb"
fits 2 bench no-such-figure-and-a-long-one

if [ $skipped -gt 0 ]; then
    echo "width: $passed passed, $failed failed, $skipped skipped"
else
    echo "width: $passed passed, $failed failed"
fi
[ $failed -eq 0 ]
