#!/bin/sh
# bless.sh: writes lessons/NN-*/expected.txt and expected-long.txt again from runs of the lessons.
# make bless NAMES="05 12" calls it.
#
#   sh tests/bless.sh BUILD NN ...      from the top folder
#
# The lesson runs with the options in the first line of each file. A tolerance that still fits stays; another keeps
# its width and gets a new centre. The difference is shown. Refused if CI is set, because somebody must look at the
# difference. Exit status: 0 done; 1 a lesson failed; 2 wrong command line.
build=$1
shift
if [ -n "$CI" ]; then
    echo "make bless: refused, because CI is set: run it where somebody looks at the difference" >&2
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
    for expected in lessons/"$number"-*/expected.txt lessons/"$number"-*/expected-long.txt; do
        [ -f "$expected" ] || {
            [ "${expected%-long.txt}" != "$expected" ] && continue
            echo "make bless: there is no lessons/$number-*/expected.txt" >&2
            exit 2
        }
        words=$(sed -n '1s/^\$ *[^ ]*//p' "$expected")
        eval "set -- $words"
        if ! CLIP_PLOTS=$work/plots CLIP_MODELS=$work/models "$build/lesson-$number" "$@" \
            >"$work/out" 2>"$work/err" </dev/null; then
            echo "make bless: lesson $number failed; $expected stays as it is" >&2
            tail -n 5 "$work/err" >&2
            exit 1
        fi
        "$build/expect" --remake "$expected" "$work/out" >"$work/new" || exit 1
        if cmp -s "$expected" "$work/new"; then
            echo "$expected: no difference"
        else
            diff -u "$expected" "$work/new"
            cat "$work/new" >"$expected.$$.tmp" && mv "$expected.$$.tmp" "$expected" || exit 1
            echo "$expected: written; look at the difference, then commit it"
        fi
    done
done
