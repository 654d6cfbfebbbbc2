#!/bin/sh
# elsewhere.sh: runs make check with other compilers, optimisations and processors, and compares the bits of the
# results.
#
#   sh tests/elsewhere.sh DIR [ROW ...]          from the top folder; make elsewhere uses DIR = BUILD/elsewhere
#   sh tests/elsewhere.sh DIR quick [ROW ...]    compiles the library, runs the few tests of $QUICK_TESTS
#   sh tests/elsewhere.sh DIR table              prints the table of the rows that have run
#
# A ROW is COMPILER-OPTIMISATION-PLACE
#   gcc clang gcc-13 ...    O0 O1 O2 O3    native haswell x86-64 arm64 riscv64 s390x i686 x87 musl lto chars
# Without rows: gcc and clang and all four optimisations, for this machine's processor, for haswell (AVX2, 2013) and
# for any x86-64 (SSE2); arm64 with O0 and O3; and with O3 the other places and gcc-13, gcc-14 and clang-16.
#   riscv64    little-endian, without vectors        i686    32 bits, SSE2
#   s390x      big-endian                            x87     32 bits; float expressions have 64 bits of fraction
#   musl       another libc, static                  chars   -funsigned-char -fshort-enums
#   lto        -flto: all files are one              quick   without rows: gcc-O1 in these, without riscv64
#
# A row that this machine cannot run is skipped and named. Other processors are compiled for by cross compilers
# (Debian: gcc-aarch64-linux-gnu libc6-dev-arm64-cross, also riscv64, s390x, i686; clang uses their libraries), and run
# by qemu (qemu-user-static or qemu-user). i686 runs on x86-64 without it. In an emulator make check would take hours:
# there a row runs the unit tests, without those of $EMULATED_WITHOUT, and the lessons by hand.
#
# A row writes DIR/ROW.log, the output of make check; DIR/ROW.result, "ROW passed failed skipped processor-seconds"; and
# DIR/ROW.prints, a line "NAME SUM" for each part of build/fingerprint, for the output of the lessons by hand, and for
# the bytes of a model after two epochs. In the table, equal letters in a column are equal bits. KEEP=1 keeps the
# builds. Exit status 0: every row that could run passed, and at least one did.
#
# It can be stopped at any time: a row that passed is not run again while no file of the project changes, pages (*.md)
# aside, nor the compiler. To run it again, remove DIR/ROW.passed.
LC_ALL=C
export LC_ALL
. tests/earlier.sh
unset BUILD SAN MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL CFLAGS CPPFLAGS LDFLAGS OPT ARCH NAMES CC AR
dir=${1:-build/elsewhere}
[ $# -eq 0 ] || shift
mkdir -p "$dir" || exit 2
: "${MAKE:=make}"

say() { printf '%s\n' "$*"; }

# sets used: the processor seconds of all commands so far
count_seconds() {
    times >"$dir/times"
    used=$(awk -F '[ms ]+' 'NR == 2 { printf "%d", 60 * $1 + $2 + 60 * $3 + $4 }' "$dir/times")
}

# ---- a compiler whose programs run here -----------------------------------------------------------------------------

# runs_32_bits FILE: not every kernel for x86-64 does. FILE.try is written.
runs_32_bits() {
    echo 'int main(void) { return 0; }' | i686-linux-gnu-gcc -static -x c -o "$1.try" - && "$1.try" 2>/dev/null
}

# cross COMPILER PLACE FILE [FLAGS]: writes FILE, a script that compiles like COMPILER, for PLACE. It links a program as
# PROGRAM.PLACE and writes PROGRAM, a script that runs it under qemu. Sets machine; status 1 if `missing` is missing.
cross() {
    case $2 in
    arm64) machine=aarch64 ;;
    i686 | x87) machine=i686 ;;
    *) machine=$2 ;;
    esac
    missing=$machine-linux-gnu-gcc
    command -v "$missing" >/dev/null 2>&1 || return 1
    case $1 in
    gcc) real=$machine-linux-gnu-gcc ;;
    clang*) real="$1 --target=$machine-linux-gnu" ;;
    *) missing="$1 for $2" && return 1 ;;
    esac
    emulator=
    if [ "$machine" != i686 ] || ! is_x86 || ! runs_32_bits "$3"; then
        missing=qemu-$(echo "$machine" | sed 's/i686/i386/')-static
        emulator=$(command -v "$missing" || command -v "${missing%-static}") || return 1
    fi
    cat >"$3" <<SCRIPT
#!/bin/sh
out='' before='' links=1
for word do
    [ "\$before" = -o ] && out=\$word
    case \$word in -c | -E | -S | --version) links='' ;; esac
    before=\$word
done
[ -n "\$links" ] && [ -n "\$out" ] && [ -n "$emulator" ] || exec $real \${links:+-static} "\$@" $4
$real -static "\$@" $4 || exit
name=\$(echo "\$out" | sed 's/\.[0-9]*\$//') # make links PROGRAM.PROCESS, and renames it
mv -f "\$out" "\$name.$2" || exit
printf '#!/bin/sh\nexec $emulator -0 "\$0" "\$0.$2" "\$@"\n' >"\$out" && chmod 755 "\$out"
SCRIPT
    chmod 755 "$3"
}

runs_haswell() { ! [ -r /proc/cpuinfo ] || { grep -qw avx2 /proc/cpuinfo && grep -qw fma /proc/cpuinfo; }; }
is_x86() { case $(uname -m) in x86_64 | amd64) ;; *) return 1 ;; esac }

# ---- one row --------------------------------------------------------------------------------------------------------

BY_HAND='01 02 03 04 06 07'

# prints BUILD: prints the sums of the bits.
prints() {
    "$1/fingerprint"
    rm -rf "$1/prints"
    mkdir "$1/prints"
    for number in $BY_HAND; do
        CLIP_PLOTS=$1/prints "$1/lesson-$number" --no-predict </dev/null
    done >"$1/prints/by-hand" 2>/dev/null
    CLIP_PLOTS=$1/prints CLIP_MODELS=$1/prints "$1/lesson-10" --data shapes --pictures 500 --recipe tiny --epochs 2 \
        </dev/null >/dev/null 2>&1
    for part in by-hand:by-hand training:tiny-shapes-seed1.safetensors; do
        "$1/sha256" "$1/prints/${part#*:}" | awk -v name="${part%:*}" '{ print name, substr($1, 1, 12) }'
    done
}

# run_some PARTS WORDS...: builds these parts with these words for make, and runs them.
run_some() {
    parts=$1
    shift
    # shellcheck disable=SC2086 # names
    $MAKE BUILD="$build" "$@" $parts "$build/limit" "$build/expect" || return
    # shellcheck disable=SC2086 # names
    LIMIT=$limit sh tests/run.sh "$build" $parts
}

tests_named() { for one do printf '%s ' "$build/test-$one"; done; }

# quickly WORDS...: the tests that other processors and compilers break: byte order, the width of size_t, the sign of
# char, the order of sums; the last ones take minutes in an emulator. They need no module of a lesson.
: "${QUICK_TESTS:=base hash rng json safetensors inflate png jpeg image unicode pairs_table bpe}"
: "${QUICK_SUMS:=gemm vecmath}"
quickly() {
    sums=$QUICK_SUMS
    [ -z "$emulator" ] || sums=
    # shellcheck disable=SC2086 # names
    run_some "$(tests_named $QUICK_TESTS $sums)" MODULES= "$@"
}

# emulated WORDS...: the unit tests, without those that take long in an emulator, and the lessons by hand.
EMULATED_WITHOUT="batch_run cifar emoji_model export hard_negatives image_convert image_index large_batches"
EMULATED_WITHOUT="$EMULATED_WITHOUT lesson_data minimal_pairs modified_resnet plot pretrained result_table scene_model"
EMULATED_WITHOUT="$EMULATED_WITHOUT train train_pairs workers"
emulated() {
    names=
    for file in tests/test_*.c; do
        unit=${file#tests/test_}
        case " $EMULATED_WITHOUT " in *" ${unit%.c} "*) ;; *) names="$names ${unit%.c}" ;; esac
    done
    # shellcheck disable=SC2086 # names
    run_some "$(tests_named $names) $(printf "$build/lesson-%s " $BY_HAND)" \
        "$build/fingerprint" "$build/sha256" "$build/lesson-10" "$@"
}

row() {
    compiler=${1%%-O[0-3]-*} rest=${1#*-O}
    opt=O${rest%%-*} place=${rest#*-}
    build=$dir/$1
    case $compiler:$opt in
    gcc:O[0-3] | clang:O[0-3] | gcc-[0-9]*:O[0-3] | clang-[0-9]*:O[0-3]) ;;
    *) say "$1: want gcc or clang, O0 to O3, and a place, such as gcc-O2-haswell" && return 2 ;;
    esac
    command -v "$compiler" >/dev/null 2>&1 || { say "$1: skipped: $compiler is not installed"; return 77; }
    # With plain -O1 and vector instructions, gcc's calls into libm crawl (tests/check.mk).
    level=-$opt
    case $compiler-$opt in gcc*-O1) level='-O1 -fexpensive-optimizations' ;; esac
    set -- "$1" CC="$compiler" OPT="$level"
    limit=900 emulator=
    case $place in
    native) ;;
    x86-64)
        is_x86 || { say "$1: skipped: this machine is not x86-64"; return 77; }
        set -- "$@" ARCH=-march=x86-64
        ;;
    haswell)
        { is_x86 && runs_haswell; } || { say "$1: skipped: this processor cannot run it"; return 77; }
        set -- "$@" ARCH=-march=haswell
        ;;
    musl)
        [ "$(command -v musl-gcc >/dev/null 2>&1 && echo "$compiler")" = gcc ] ||
            { say "$1: skipped: it needs musl-gcc (musl-tools)"; return 77; }
        set -- "$1" CC='musl-gcc -static' OPT="$level"
        ;;
    lto)
        command -v "$(echo "$compiler" | sed 's/gcc/gcc-ar/')" >/dev/null 2>&1 ||
            { say "$1: skipped: it needs gcc and gcc-ar"; return 77; }
        set -- "$1" CC="$compiler" OPT="$level -flto=auto" AR="$(echo "$compiler" | sed 's/gcc/gcc-ar/')"
        ;;
    chars) set -- "$1" CC="$compiler" OPT="$level -funsigned-char -fshort-enums" ;;
    arm64 | riscv64 | s390x | i686 | x87)
        flags=
        [ "$place" != x87 ] || flags='-mfpmath=387 -mno-sse'
        cross "$compiler" "$place" "$dir/$compiler-$place" "$flags" ||
            { say "$1: skipped: it needs $missing"; return 77; }
        set -- "$1" CC="$dir/$compiler-$place" OPT="$level" AR="$machine-linux-gnu-ar" ARCH=
        limit=7200
        ;;
    *) say "$1: want native, haswell, x86-64, arm64, riscv64, s390x, i686, x87, musl, lto or chars" && return 2 ;;
    esac
    name=$1
    shift
    key="$tree $("$compiler" --version | sed 1q)"
    if [ "$quick" != 1 ] && earlier=$(passed_earlier "$dir/$name.passed" "$key"); then
        say "$name: earlier: $earlier"
        return 0
    fi
    count_seconds
    start=$used
    if [ "$quick" = 1 ]; then
        quickly "$@"
    elif [ -n "$emulator" ]; then
        emulated "$@"
    else
        $MAKE BUILD="$build" LIMIT=$limit "$@" check
    fi >"$dir/$name.log" 2>&1 </dev/null
    status=$?
    count_seconds
    seconds=$((used - start))
    counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed\(, \([0-9]*\) skipped\)\{0,1\}$/\1 \2 \4/p' \
        "$dir/$name.log" | tail -n 1)
    # shellcheck disable=SC2086 # two or three numbers
    set -- ${counts:-0 1}
    if grep ': warning: ' "$dir/$name.log"; then status=1; fi
    [ $status -eq 0 ] || [ "$2" -gt 0 ] || set -- "$1" 1 "$3"
    if [ "$quick" != 1 ]; then
        say "$name $1 $2 ${3:-0} $seconds" >"$dir/$name.result"
        prints "$build" >"$dir/$name.prints"
    fi
    result="$1 passed, $2 failed, ${3:-0} skipped, $seconds processor seconds"
    say "$name: $result"
    if [ $status -eq 0 ]; then
        [ "$quick" = 1 ] || keep_passed "$dir/$name.passed" "$key" "$result"
    else
        grep -A 14 '^---- ' "$dir/$name.log" | head -n 80
        say "the whole output: $dir/$name.log"
    fi
    [ "$KEEP" = 1 ] || rm -rf "$build"
    return $status
}

# ---- the table ------------------------------------------------------------------------------------------------------

table() {
    for file in "$dir"/*.result; do
        [ -f "$file" ] || continue
        sed 's/^/row /' "$file"
        sed "s|^|print $(basename "$file" .result) |" "${file%.result}.prints"
    done | awk '
        $1 == "row" { rows[++n] = $2; result[$2] = sprintf("%6d %6d %7d %7d", $3, $4, $5, $6) }
        $1 == "print" {
            if (!($3 in seen)) { seen[$3] = 1; parts[++m] = $3 }
            if (!(($3, $4) in letter)) letter[$3, $4] = substr("abcdefghijklmnopqrstuvwxyz", ++letters[$3], 1)
            of[$2, $3] = letter[$3, $4]
        }
        END {
            for (p = 1; p <= m; p++) if (length(parts[p]) > tall) tall = length(parts[p])
            head = sprintf("%-17s%6s %6s %7s %7s", "row", "passed", "failed", "skipped", "seconds")
            for (l = 1; l <= tall; l++) { # the names of the columns, from top to bottom
                line = l < tall ? sprintf("%46s", "") : head
                for (p = 1; p <= m; p++) {
                    c = substr(parts[p], l - tall + length(parts[p]), 1)
                    line = line "  " (c && l > tall - length(parts[p]) ? c : " ")
                }
                sub(/ *$/, "", line)
                print line
            }
            for (r = 1; r <= n; r++) {
                line = sprintf("%-17s%s", rows[r], result[rows[r]])
                for (p = 1; p <= m; p++) line = line "  " ((rows[r], parts[p]) in of ? of[rows[r], parts[p]] : "?")
                print line
            }
        }'
}

if [ "$1" = table ]; then
    table
    exit
fi
quick=0
if [ "$1" = quick ]; then
    quick=1
    shift
fi
if [ $# -eq 0 ] && [ $quick = 1 ]; then
    set -- gcc-O1-s390x gcc-O1-i686 gcc-O1-x87 gcc-O1-musl gcc-O1-lto gcc-O1-chars
elif [ $# -eq 0 ]; then
    for place in native haswell x86-64; do
        for opt in O3 O2 O1 O0; do set -- "$@" "gcc-$opt-$place" "clang-$opt-$place"; done
    done
    set -- "$@" gcc-O3-arm64 clang-O3-arm64 gcc-O0-arm64 clang-O0-arm64
    for place in riscv64 s390x i686 x87 musl lto chars; do set -- "$@" "gcc-O3-$place"; done
    set -- "$@" gcc-13-O3-native gcc-14-O3-native clang-16-O3-native
fi
passed=0 failed=0 skipped=0 tree=$(tree_sum)
for each do
    row "$each"
    case $? in
    0) passed=$((passed + 1)) ;;
    77) skipped=$((skipped + 1)) ;;
    *) failed=$((failed + 1)) ;;
    esac
done
say
table
say
say "elsewhere: $passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
