#!/bin/sh
# libfuzzer.sh: runs every harness under clang's libFuzzer, one after the other.
#
#   sh tests/fuzz/libfuzzer.sh BUILD SECONDS [NAME ...]     from the top folder; SECONDS for all harnesses together
#   sh tests/fuzz/libfuzzer.sh BUILD names [NAME ...]       prints the programs to build
#
# New inputs are kept in BUILD/corpus/NAME for the next run; findings go to BUILD/crashes/. The two scripts are too slow
# for libFuzzer; build/fuzz tests them.
build=$1 seconds=$2
shift 2
list=$("$build/fuzz" --list | awk -v wanted=" $* " '
    $1 == "progress" || $1 == "quiz" { next }
    wanted ~ /^ *$/ || index(wanted, " " $1 " ") { print $1 ":" $2 }')
if [ "$seconds" = names ]; then
    for each in $list; do echo "$build/fuzz-${each%%:*}"; done
    exit
fi
count=$(echo "$list" | wc -w)
each_seconds=$((seconds / count))
[ $each_seconds -ge 1 ] || each_seconds=1
mkdir -p "$build/crashes" || exit 2
passed=0 failed=0
for each in $list; do
    name=${each%%:*} begin=tests/corpus/${each#*:}
    mkdir -p "$build/corpus/$name"
    [ -d "$begin" ] && [ -n "${each#*:}" ] || begin=
    # Inputs that the harness makes itself.
    "$build/fuzz" --seeds "$build/corpus/$name" "$name"
    # shellcheck disable=SC2086 # begin may be empty
    "$build/fuzz-$name" -max_total_time=$each_seconds -max_len=65536 -timeout=20 -rss_limit_mb=1500 \
        -malloc_limit_mb=768 -print_final_stats=1 -artifact_prefix="$build/crashes/$name-" \
        "$build/corpus/$name" $begin >"$build/said" 2>&1
    status=$?
    awk -v name="$name" -v seconds=$each_seconds '
        /stat::number_of_executed_units/ { n = $2 }
        /cov: [0-9]+/ { for (i = 1; i < NF; i++) if ($i == "cov:") cov = $(i + 1) }
        END {
            printf "  %-12s %10d inputs %8d s %9.0f a second   %d edges covered\n", name, n, seconds, n / seconds, cov
        }' "$build/said"
    if [ $status -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); tail -n 40 "$build/said"; fi
done
echo "libfuzzer: $passed passed, $failed failed"
[ $failed -eq 0 ]
