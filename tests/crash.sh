#!/bin/sh
# crash.sh: kills a training (kill -9) at many times. Each time --resume must continue, end in the bytes of a run that
# was not killed, and leave no temporary file.
#
#   sh tests/crash.sh BUILD [KILLS [SEED]]     from the top folder; default: 10 kills, seed 1
#
# The times are drawn from SEED; how far the training is at that time depends on the machine. Therefore the programs
# that are built with tests/faults.h are also killed just before the n-th write and the n-th rename, when files are
# incomplete. The last line is "crash: N passed, N failed".
set -u
LC_ALL=C NO_COLOR=1 CLIP_THREADS=1
export LC_ALL NO_COLOR CLIP_THREADS
case ${1:-build} in /*) build=$1 ;; *) build=$PWD/${1:-build} ;; esac
kills=${2:-10} seed=${3:-1}
for program in lesson-10 faults/lesson-10; do
    [ -x "$build/$program" ] || { echo "$build/$program is missing; make faulty builds it" >&2; exit 2; }
done
work=$(mktemp -d "${TMPDIR:-/tmp}/clip-crash-XXXXXX") || exit 1
child=
trap '[ -z "$child" ] || kill -9 "$child" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
passed=0 failed=0 early=0 late=0
model=tiny-shapes-seed1.safetensors
log=tiny-shapes-seed1.csv

options='--data shapes --pictures 40 --batch 10 --recipe tiny --epochs 6'
# train PROGRAM FOLDER [--resume]
train() {
    program=$1 folder=$2
    shift 2
    # shellcheck disable=SC2086 # options are split into words
    CLIP_MODELS=$work/$folder CLIP_PLOTS=$work/plots "$build/$program" $options "$@" \
        >"$work/out" 2>"$work/err" </dev/null
}
# resumes PROGRAM FOLDER WHOLE WHAT: resumes the training in FOLDER; the result must be as in the folder WHOLE.
resumes() {
    if ! train "$1" "$2" --resume; then
        wrong="it does not resume"
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

# ---- at drawn times -------------------------------------------------------------------------------------------------

start=$(date +%s%N 2>/dev/null | sed 's/N$//')
train lesson-10 whole || { cat "$work/err" >&2; exit 1; }
end=$(date +%s%N 2>/dev/null | sed 's/N$//')
# Seconds of a whole training; 0.5 if the clock shows whole seconds only.
whole=$(awk -v a="$start" -v b="$end" 'BEGIN {
    d = (b - a) / 1e9
    print (length(a) > 12 && d > 0 && d < 60 ? d : 0.5)
}')
product() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.4f\n", a * b }'; }
awk -v seed="$seed" -v kills="$kills" 'BEGIN {
    srand(seed)
    for (i = 0; i < 5 * kills + 20; i++) printf "%.4f\n", rand()
}' >"$work/moments"
# Three kills in one folder, one after the other; each time a copy of the folder resumes to the end. Then a new folder.
# A kill after the end of the training does not count, and the times after it become a little shorter.
n=0
while [ $n -lt "$kills" ] && read -r moment <&3; do
    mkdir -p "$work/killed"
    # shellcheck disable=SC2086 # options are split into words
    CLIP_MODELS=$work/killed CLIP_PLOTS=$work/plots "$build/lesson-10" $options --resume \
        >"$work/out" 2>"$work/err" </dev/null &
    child=$!
    sleep "$(product "$moment" "$whole")"
    kill -9 $child 2>/dev/null
    wait $child 2>/dev/null
    status=$?
    child=
    if [ $status -ne 137 ]; then # 128 + SIGKILL
        late=$((late + 1)) whole=$(product 0.97 "$whole")
        rm -rf "$work/killed"
        continue
    fi
    n=$((n + 1))
    [ -e "$work/killed/$model" ] || early=$((early + 1))
    rm -rf "$work/copy" && cp -R "$work/killed" "$work/copy"
    resumes lesson-10 copy whole "kill $n, at $moment of $whole s" || cp -R "$work/killed" "$work/kept-$n"
    if [ $((n % 3)) -eq 0 ]; then rm -rf "$work/killed"; fi
done 3<"$work/moments"
echo "  $n kills at times drawn from seed $seed: $early before the end of the first epoch; $late others came too late"
if [ $n -lt "$kills" ]; then
    failed=$((failed + 1))
    echo "  FAILED  $kills kills were wanted"
fi

# ---- while files are incomplete -------------------------------------------------------------------------------------

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
        # every call, or a few
        if [ "$kills" -ge 100 ]; then n=$((n + 1)); else n=$((3 * n + 1)); fi
    done
    [ $met -eq 1 ] && continue
    failed=$((failed + 1))
    echo "  FAILED  the training made no $kind; is it built with tests/faults.h?"
done

echo
echo "crash: $passed passed, $failed failed"
[ $failed -eq 0 ]
