#!/bin/sh
# width.sh: tests that no line of a lesson, a checker or a script is longer than the terminal, at 40 and at 80 columns:
# what lessons print in the run that make check compares, --help of every program, messages of errors, and what a student
# calls by make.
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

# fits STATUS PROGRAM WORDS...: the program of the build ends with this status, and its lines fit.
fits() {
    want=$1 program=$build/$2
    shift 2
    command_fits "$want" "$program" "$@"
}
# command_fits STATUS COMMAND WORDS...: the same for any command.
command_fits() {
    want=$1 program=$2
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

# ---- scripts ---------------------------------------------------------------------------------------------------------

script_fits() { status_wanted=$1; shift; command_fits "$status_wanted" sh "$@"; }
CLIP_EXERCISES=$work/desk CLIP_EXERCISE_WORK=$work/exercises QUIZ_FILE=$work/quiz.txt
export CLIP_EXERCISES CLIP_EXERCISE_WORK QUIZ_FILE
mkdir -p "$work/desk" "$work/none"
for command in list table 'ex 00' 'ex 01' next 'hint 03' 'hint 03' 'hint 03' 'reset 03'; do
    # shellcheck disable=SC2086 # two words
    script_fits 0 tests/student.sh "$build" $command
done
sed 's/.*TODO 01: your.*/    return 2;/' exercises/original/01-cosine.c | grep -v '^ *TODO(' >"$work/desk/01-cosine.c"
script_fits 1 tests/student.sh "$build" ex 01
echo 'this is not C' >>"$work/desk/01-cosine.c"
script_fits 1 tests/student.sh "$build" ex 01
script_fits 1 tests/student.sh "$build" solution 03
script_fits 2 tests/student.sh "$build" ex 99
script_fits 0 tests/grade.sh "$build" --csv
script_fits 2 tests/grade.sh "$build" --no-such-option-of-ours
script_fits 2 tests/no-target.sh a-target-that-is-not-there
QUIZ_ANYWHERE=1 script_fits 0 lessons/quiz.sh 03
script_fits 2 lessons/quiz.sh lesson-99
mkdir "$work/copy" && cp -R data/*.sh data/*.txt "$work/copy" && mkdir "$work/tests" && cp tests/fit.sh "$work/tests"
mkdir "$work/bin"
for program in curl wget npm; do printf '#!/bin/sh\nexit 6\n' >"$work/bin/$program"; done
chmod +x "$work/bin"/*
for name in fetch pretrained photos emoji; do
    PATH=$work/bin:$PATH CLIP_MODELS='' CLIP_PHOTOS='' CIFAR10_DIR='' EMOJI_DIR='' script_fits 1 "$work/copy/$name.sh" "$build"
done
drawn=0
command -v gnuplot >/dev/null 2>&1 || drawn=1 # and a message
CLIP_PLOTS=$work/none command_fits $drawn sh plots/draw.sh
PREFIX=here VERSION=1 script_fits 2 tests/install.sh "$build"
command_fits 0 make --no-print-directory BUILD="$build" help
command_fits 0 make --no-print-directory BUILD="$build" help-dev

if [ $skipped -gt 0 ]; then
    echo "width: $passed passed, $failed failed, $skipped skipped"
else
    echo "width: $passed passed, $failed failed"
fi
[ $failed -eq 0 ]
