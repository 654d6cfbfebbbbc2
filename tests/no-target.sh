#!/bin/sh
# no-target.sh: make calls it for a name that is not a target. Prints the target that was probably meant; exit status 2.
#
#   sh tests/no-target.sh NAME
# shellcheck source=tests/fit.sh
. "${0%/*}/fit.sh"
name=$1
kind=$(echo "$name" | sed -n 's/^\([a-z]*\)[-_ ]\{0,1\}[0-9]\{1,2\}$/\1/p')
number=$(echo "$name" | sed -n 's/^[a-z]*[-_ ]\{0,1\}0*\([0-9]\{1,2\}\)$/\1/p')
case $kind in
ex | exercise) meant=ex folder=exercises/original ;;
lesson | lessons) meant=lesson folder=lessons ;;
hint | reset | solution) meant=$kind folder=exercises/original ;;
*) meant='' ;;
esac
if [ -n "$meant" ]; then
    target=$(printf '%s-%02d' "$meant" "${number:-0}")
    for there in "$folder/${target#*-}"-*; do
        [ -e "$there" ] || continue
        tell "make: there is no target $name; you probably meant: make $target" >&2
        exit 2
    done
    tell "make: there is no target $name: no such number; make list prints all" >&2
    exit 2
fi
tell "make: there is no target or file $name; make help lists the targets" >&2
exit 2
