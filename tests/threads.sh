#!/bin/sh
# threads.sh: trains every kind of tower and classifies with 1, 2, 3 and 8 threads; the results must be the same bytes.
#
#   sh tests/threads.sh BUILD [all]        from the top folder; without "all": the towers of the recipe "quick" only
#
# The last line is "threads: N passed, N failed".
set -u
LC_ALL=C NO_COLOR=1
export LC_ALL NO_COLOR
case ${1:-build} in /*) build=$1 ;; *) build=$PWD/${1:-build} ;; esac
all=${2:-}
work=$(mktemp -d "${TMPDIR:-/tmp}/clip-threads-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
passed=0 failed=0

# same WHAT A B
same() {
    if cmp "$2" "$3" >"$work/cmp" 2>&1; then passed=$((passed + 1)); return; fi
    failed=$((failed + 1))
    echo "  FAILED  $1" && sed 's/^/      /' "$work/cmp"
}

# try IMAGE TEXT
try() {
    for threads in 1 2 3 8; do
        folder=$work/$1-$2-$threads
        CLIP_THREADS=$threads CLIP_MODELS=$folder CLIP_PLOTS=$work/plots "$build/lesson-10" --data shapes \
            --pictures 60 --batch 20 --epochs 2 --image "$1" --text "$2" >"$work/out" 2>"$work/err" </dev/null ||
            { cat "$work/err" && failed=$((failed + 1)); return; }
        mv "$folder"/*.safetensors "$folder/model" && sed 's/,[^,]*,[^,]*$//' "$folder"/*.csv >"$folder/log"
        CLIP_THREADS=$threads CLIP_PLOTS=$work/plots "$build/lesson-11" --data shapes --pictures 60 \
            --weights "$folder/model" --no-predict >"$folder/said" 2>"$work/err" </dev/null ||
            { cat "$work/err" && failed=$((failed + 1)); return; }
        [ "$threads" -gt 1 ] || continue
        for file in model log said; do
            sed "s|$folder|FOLDER|g" "$folder/$file" >"$work/a" # the path of the model may be printed
            sed "s|$work/$1-$2-1|FOLDER|g" "$work/$1-$2-1/$file" >"$work/b"
            same "$1 and $2: the $file of $threads threads and of 1" "$work/b" "$work/a"
        done
    done
}

try recipe recipe
if [ -n "$all" ]; then
    try cnn lstm
    try resnet transformer
    try vit bow
fi

echo
echo "threads: $passed passed, $failed failed"
[ $failed -eq 0 ]
