#!/bin/sh
# clean.sh: removes what was built (`make clean`).
#
#   sh tests/clean.sh BUILD            from the top folder
#
# Only a folder that make has filled is removed: it has the file made-with. What a student made in it stays: in a tree
# that cannot be written to, the exercises, models and answers of the quiz are there.
# shellcheck source=tests/fit.sh
. "${0%/*}/fit.sh"
build=$1
[ -d "$build" ] || exit 0
if [ "$build" != build ] && [ ! -f "$build/made-with" ]; then
    tell "clean: $build was not made by make; nothing is removed" >&2
    exit 2
fi
kept=''
for file in "$build"/*; do
    case ${file##*/} in
    made-with) continue ;;
    desk | models | quiz.txt) kept="$kept $file" && continue ;;
    esac
    rm -rf "$file" 2>/dev/null || { tell "clean: $file cannot be removed; may you write there?" >&2; exit 1; }
done
if [ -n "$kept" ]; then tell "These stay, because you made them:$kept"
else rm -rf "$build"; fi
