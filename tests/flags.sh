#!/bin/sh
# flags.sh: prints flags that only some compilers accept or need. tests/build.mk calls it.
#
#   sh tests/flags.sh native CC...     the flag for code for this processor
#   sh tests/flags.sh mend CC...       flags that avoid an internal error of the compiler, or wider float arithmetic
what=$1
shift

# wide CC...: status 0 if float expressions are computed in a wider type.
wide() { [ "$(echo __FLT_EVAL_METHOD__ | "$@" -std=c11 -E -P -x c - 2>/dev/null)" != 0 ]; }

# without_sse CC...: status 0 if the caller's own flags exclude SSE2, by name or by coming last.
without_sse() {
    case " $* " in *" -mno-sse"* | *" -mfpmath=387 "*) return 0 ;; esac
    wide "$@" -msse2 -mfpmath=sse
}

accepts() { "$@" -E -x c /dev/null >/dev/null 2>&1; }

case $what in
native) # some compilers for arm64 accept -mcpu=native only
    if accepts "$@" -march=native; then echo -march=native
    elif accepts "$@" -mcpu=native; then echo -mcpu=native; fi
    ;;
mend) # Where float expressions are computed in a wider type (x87: long double; s390x: double, in the standard's words
    # only), gcc -std=c11 refuses "number * vector", and digits would be others. Float arithmetic stays float: on x86 by
    # SSE2, which every processor since 2003 has. Without it, at least every variable is rounded.
    if wide "$@"; then
        case $("$@" -dM -E -x c /dev/null 2>/dev/null) in
        *__i386__*)
            if without_sse "$@"; then printf -- '-ffloat-store -Wno-psabi '; else printf -- '-msse2 -mfpmath=sse '; fi
            ;;
        esac
        accepts "$@" -Werror -fexcess-precision=fast && printf -- '-fexcess-precision=fast '
    fi
    # 32 bits: files of more than 2 GB, and folders on disks with large numbers of files
    case $(echo __SIZEOF_POINTER__ | "$@" -E -P -x c - 2>/dev/null) in 4) printf -- '-D_FILE_OFFSET_BITS=64 ' ;; esac
    # gcc 12 for arm64 stops with "internal compiler error" at a loop of fmax, unless fmax remains a call
    case $("$@" -dumpmachine 2>/dev/null) in
    aarch64* | arm64*)
        echo 'double fmax(double, double); double f(const float *a) {
            double m = 0; for (int i = 0; i < 64; i++) m = fmax(m, a[i]); return m; }' |
            "$@" -std=c11 -O3 -x c -S -o - - >/dev/null 2>&1 || echo -fno-builtin-fmax -fno-builtin-fmin
        ;;
    esac
    ;;
esac
