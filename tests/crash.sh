#!/bin/sh
# crash.sh: a training is killed (kill -9) at any moment; --resume goes on every time and ends in the bytes of a run that
# nobody disturbed, and leaves no temporary file.
#
#   sh tests/crash.sh BUILD [KILLS [SEED]]     from the top folder; 10 kills if not said
#
# The moments are drawn from SEED (1), but where the training is by then is up to the machine. So, with the programs built
# with tests/faults.h, it is also killed just before its n-th write, and its n-th renaming: where files are half done.
# The last line is "crash: N passed, N failed".
set -u
LC_ALL=C NO_COLOR=1 CLIP_THREADS=1
export LC_ALL NO_COLOR CLIP_THREADS
case ${1:-build} in /*) build=$1 ;; *) build=$PWD/${1:-build} ;; esac
kills=${2:-10} seed=${3:-1}
for program in lesson-10 faults/lesson-10; do
    [ -x "$build/$program" ] || { echo "$build/$program is not there: make faulty builds it" >&2; exit 2; }
done
work=$(mktemp -d "${TMPDIR:-/tmp}/clip-crash-XXXXXX") || exit 1
child=
trap '[ -z "$child" ] || kill -9 "$child" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
passed=0 failed=0 early=0 late=0
model=tiny-shapes-seed1.safetensors
log=tiny-shapes-seed1.csv

# train PROGRAM FOLDER OPTIONS
train() {
    program=$1 folder=$2
    shift 2
    CLIP_MODELS=$work/$folder CLIP_PLOTS=$work/plots "$build/$program" --data shapes --pictures 40 --batch 10 --recipe tiny --epochs 6 "$@" \
        >"$work/out" 2>"$work/err" </dev/null
}
# resumes PROGRAM FOLDER WHOLE WHAT: goes on to the end; is all as in WHOLE?
resumes() {
    if ! train "$1" "$2" --resume; then
        wrong="it does not go on"
    elif ! cmp -s "$work/$2/$model" "$work/$3/$model"; then
        wrong="another model"
    elif [ "$(sed 's/,[^,]*,[^,]*$//' "$work/$2/$log")" != "$(sed 's/,[^,]*,[^,]*$//' "$work/$3/$log")" ]; then
        wrong="another log"
    elif [ "$(find "$work/$2" -type f | wc -l)" -ne 2 ]; then
        wrong="other files: $(ls "$work/$2")"
    else
        passed=$((passed + 1))
        return 0
    fi
    failed=$((failed + 1))
    echo "  FAILED  $4: $wrong"
    sed 's/^/      /' "$work/err" | head -n 5
    return 1
}

# ---- at any moment ------------------------------------------------------------------------------------------------------------

start=$(date +%s%N 2>/dev/null | sed 's/N$//')
train lesson-10 whole || { cat "$work/err" >&2; exit 1; }
end=$(date +%s%N 2>/dev/null | sed 's/N$//')
# How long it takes, in seconds; half a second where the clock has no finer unit.
whole=$(awk -v a="$start" -v b="$end" 'BEGIN { d = (b - a) / 1e9; print (length(a) > 12 && d > 0 && d < 60 ? d : 0.5) }')
share() { awk -v share="$1" -v of="$2" 'BEGIN { printf "%.4f\n", share * of }'; }
awk -v seed="$seed" -v kills="$kills" 'BEGIN { srand(seed); for (i = 0; i < 5 * kills + 20; i++) printf "%.4f\n", rand() }' >"$work/moments"
# Three kills in a row in one folder, each time going on; then to the end, and once more from nothing. A kill that comes when
# all is done is none, and the moments after it come a little earlier.
n=0
while [ $n -lt "$kills" ] && read -r moment <&3; do
    mkdir -p "$work/killed"
    CLIP_MODELS=$work/killed CLIP_PLOTS=$work/plots "$build/lesson-10" --data shapes --pictures 40 --batch 10 --recipe tiny --epochs 6 --resume \
        >"$work/out" 2>"$work/err" </dev/null &
    child=$!
    sleep "$(share "$moment" "$whole")"
    kill -9 $child 2>/dev/null
    wait $child 2>/dev/null
    status=$?
    child=
    if [ $status -ne 137 ]; then # 128 + SIGKILL
        late=$((late + 1)) whole=$(share 0.97 "$whole")
        rm -rf "$work/killed"
        continue
    fi
    n=$((n + 1))
    [ -e "$work/killed/$model" ] || early=$((early + 1))
    rm -rf "$work/copy" && cp -R "$work/killed" "$work/copy"
    resumes lesson-10 copy whole "kill $n, at $moment of $whole s" || cp -R "$work/killed" "$work/kept-$n"
    if [ $((n % 3)) -eq 0 ]; then rm -rf "$work/killed"; fi
done 3<"$work/moments"
echo "  $n kills at moments drawn from seed $seed: $early before the first epoch was finished; $late more came too late"
if [ $n -lt "$kills" ]; then
    failed=$((failed + 1))
    echo "  FAILED  $kills kills were wanted"
fi

# ---- where files are half done ---------------------------------------------------------------------------------------------------

train faults/lesson-10 faulty || { cat "$work/err" >&2; exit 1; }
for kind in rename write; do
    n=1 met=0
    while :; do
        rm -rf "$work/killed" "$work/note" && mkdir "$work/killed"
        FAULT=$kind:$n! FAULT_NOTE=$work/note
        export FAULT FAULT_NOTE
        train faults/lesson-10 killed 2>/dev/null
        unset FAULT FAULT_NOTE
        [ -f "$work/note" ] || break
        met=1
        resumes faults/lesson-10 killed faulty "killed before $kind $n, $(cat "$work/note")"
        # all of them, or a few
        if [ "$kills" -ge 100 ]; then n=$((n + 1)); else n=$((3 * n + 1)); fi
    done
    [ $met -eq 1 ] || { failed=$((failed + 1)); echo "  FAILED  no $kind was met; is it built with tests/faults.h?"; }
done

echo
echo "crash: $passed passed, $failed failed"
[ $failed -eq 0 ]
