#!/bin/sh
# bless.sh: makes lessons/NN-*/expected.txt again from a run of the lesson: make bless NAMES="05 12".
#
#   sh tests/bless.sh BUILD NN ...      from the top folder
#
# The lesson runs with the words of the expectation's first line. Every tolerance that still fits stays; another keeps its
# width. The difference is shown. Refused where CI is set: an expectation is changed by somebody who looks at it.
build=$1
shift
if [ -n "$CI" ]; then
    echo "make bless: CI is set; an expectation is not remade by the machine that checks it" >&2
    exit 2
fi
if [ $# -eq 0 ]; then
    echo 'make bless: which lessons? make bless NAMES="05"' >&2
    exit 2
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/clip-bless-XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
numbers=$*
for number in $numbers; do
    expected=$(echo lessons/"$number"-*/expected.txt)
    [ -f "$expected" ] || { echo "make bless: there is no lessons/$number-*/expected.txt" >&2; exit 2; }
    words=$(sed -n '1s/^\$ *[^ ]*//p' "$expected")
    eval "set -- $words"
    if ! CLIP_PLOTS=$work/plots CLIP_MODELS=$work/models "$build/lesson-$number" "$@" >"$work/out" 2>"$work/err" </dev/null; then
        echo "make bless: lesson $number failed; $expected stays as it is" >&2
        tail -n 5 "$work/err" >&2
        exit 1
    fi
    "$build/expect" --remake "$expected" "$work/out" >"$work/new" || exit 1
    if cmp -s "$expected" "$work/new"; then
        echo "$expected: as it was"
    else
        diff -u "$expected" "$work/new"
        cat "$work/new" >"$expected.$$.tmp" && mv "$expected.$$.tmp" "$expected" || exit 1
        echo "$expected: remade; look at the difference, then commit it"
    fi
done
