#!/bin/sh
# vectors.sh: does each installed compiler make 64-byte vectors of the micro-kernel's, and keep its sums in registers?
# clang 14 prefers 32 bytes on many processors, and splits every vector if the loads are written in another way.
#
#   sh tests/vectors.sh BUILD                from the top folder
#
# The last line is "vectors: N passed, N failed, N skipped".
LC_ALL=C
export LC_ALL
work=$(mktemp -d "${TMPDIR:-/tmp}/clip-vectors-XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
passed=0 failed=0 skipped=0

# A 6 x 4 tile: 24 multiply-adds for each k, in micro_kernel and in micro_kernel_ahead. A loop is what lies between two
# labels of the assembly text.
for compiler in gcc clang; do
    for processor in skylake-avx512 znver4 znver3; do
        vector=zmm sums=24
        [ $processor = znver3 ] && vector=ymm sums=12
        if ! $compiler -march=$processor -E -x c /dev/null >/dev/null 2>&1; then
            skipped=$((skipped + 1))
            continue
        fi
        $compiler -march=$processor -std=c11 -D_DEFAULT_SOURCE -Ilib -O3 -ffp-contract=fast -fno-math-errno -S \
            -o "$work/gemm.s" lib/kernels/gemm.c
        loops=$(awk -v vector=$vector -v sums=$sums '
            /^\.L/ { fused = spilled = 0 }
            /vfn?m(add|sub)/ && $0 ~ vector { fused++ }
            /mov[a-z]*[ \t].*\(%(rsp|rbp)\)/ && $0 ~ vector { spilled++ }
            /^[ \t]*j/ { loops += fused == sums && !spilled; fused = spilled = 0 }
            END { print loops + 0 }' "$work/gemm.s")
        if [ "$loops" -ge 2 ]; then passed=$((passed + 1))
        else
            failed=$((failed + 1))
            echo "  FAILED  $compiler -march=$processor: $loops loops of a whole tile in $vector, want 2"
        fi
    done
done

echo "vectors: $passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
