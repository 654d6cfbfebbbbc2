#!/bin/sh
# races.sh: runs tests and trainings under the thread sanitizer; a data race fails.
#
#   sh tests/races.sh BUILD TEST ...       BUILD: where make threads built lesson-10, lesson-11 and test-TEST
#
# Each program has four threads. The last line is "races: N passed, N failed".
set -u
LC_ALL=C NO_COLOR=1 CLIP_THREADS=4 TSAN_OPTIONS="exitcode=66 halt_on_error=1 ${TSAN_OPTIONS-}"
export LC_ALL NO_COLOR CLIP_THREADS TSAN_OPTIONS
build=$1
shift
work=$(mktemp -d "${TMPDIR:-/tmp}/clip-races-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
CLIP_MODELS=$work/models CLIP_PLOTS=$work/plots
export CLIP_MODELS CLIP_PLOTS
passed=0 failed=0

try() {
    if "$@" >"$work/out" 2>&1 </dev/null && ! grep -q 'WARNING: ThreadSanitizer' "$work/out"; then
        passed=$((passed + 1))
        return
    fi
    failed=$((failed + 1))
    echo "  FAILED  $*" && grep -A 20 -e 'WARNING: ThreadSanitizer' -e FAILED "$work/out" | head -n 30
}

for test do try "$build/test-$test"; done
small='--data shapes --pictures 60'
for towers in '--recipe quick' '--image vit --text transformer' '--image resnet --text lstm'; do
    # shellcheck disable=SC2086 # options are split into words
    try "$build/lesson-10" $small --batch 20 --epochs 1 $towers
done
# shellcheck disable=SC2086
try "$build/lesson-11" $small --weights "$work/models/quick-shapes-seed1.safetensors"

echo
echo "races: $passed passed, $failed failed"
[ $failed -eq 0 ]
