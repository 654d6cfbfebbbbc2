#!/bin/sh
# flags.sh: prints flags that only some compilers know or need. Called by the Makefile.
#
#   sh tests/flags.sh native CC...     code for this processor
#   sh tests/flags.sh mend CC...       what keeps this compiler from breaking down
what=$1
shift

accepts() { "$@" -E -x c /dev/null >/dev/null 2>&1; }

case $what in
native) # some arm64 compilers know -mcpu=native only
    if accepts "$@" -march=native; then echo -march=native
    elif accepts "$@" -mcpu=native; then echo -mcpu=native; fi
    ;;
mend) # gcc 12 for arm64 stops with "internal compiler error" in loops of fmax; there fmax stays a call
    case $("$@" -dumpmachine 2>/dev/null) in
    aarch64* | arm64*)
        echo 'double fmax(double, double); double f(const float *a) {
            double m = 0; for (int i = 0; i < 64; i++) m = fmax(m, a[i]); return m; }' |
            "$@" -std=c11 -O3 -x c -S -o - - >/dev/null 2>&1 || echo -fno-builtin-fmax -fno-builtin-fmin
        ;;
    esac
    ;;
esac
