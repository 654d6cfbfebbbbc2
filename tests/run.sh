#!/bin/sh
# run.sh: runs the parts of `make check`, two at a time, and adds up what they say.
#
#   sh tests/run.sh BUILD PART ...         from the top folder
#
#   BUILD/lesson-NN    what it prints is compared with lessons/NN-*/expected.txt, whose first line may be "$ PROGRAM
#                      OPTIONS": then it runs with these; exit status 77 means skipped, and the last line says why
#   any other          a program whose last line is "NAME: N passed, N failed[, N skipped]", such as BUILD/test-NAME
#   NAME.sh            the same, a script, which is given BUILD
#
# Every part has nothing to read and LIMIT seconds (120) of processor time for each of its processes, and ten times as
# long in all, so that other programs' load makes nothing red. JOBS parts (2) run at a time. What a part printed stays in
# BUILD/check/ (or BUILD/$WORK/). At the end the processor seconds of all parts are added up; BUDGET=60 says what was planned. The last line
# is "N passed, N failed[, N skipped]"; exit status 0 if and only if nothing failed.
# A crash, a time-out, a missing program and a program without its last line have failed.

build=$1
shift
work=$build/${WORK:-check}
limit=$build/limit
: "${LIMIT:=120}" "${JOBS:=2}"
red='' off=''
[ -t 1 ] && [ -z "$NO_COLOR" ] && [ "$TERM" != dumb ] && red=$(printf '\033[1;31m') off=$(printf '\033[0m')

# run DIR COMMAND...: with the limit. Sets status.
run() {
    run_dir=$1
    shift
    CLIP_PLOTS=$run_dir/plots CLIP_MODELS=$run_dir/models "$limit" "$LIMIT" "${LIMIT}0" "$run_dir/took" "$@" >"$run_dir/out" 2>"$run_dir/err" &
    child=$!
    trap 'kill $child; exit 143' TERM
    wait $child
    status=$?
}

# Adds what must be seen by whoever looks for the reason.
note() { echo "$1" >>"$dir/err"; }

lesson() {
    number=${1##*-}
    expected=$(echo lessons/"$number"-*/expected.txt)
    if [ ! -f "$expected" ]; then
        note "lessons/$number-*/expected.txt: this lesson has no expectation, or several"
        failed=1
        return
    fi
    program=$1
    eval "set -- $(sed -n '1s/^\$ *[^ ]*//p' "$expected")"
    run "$dir" "$program" "$@"
    if [ $status -eq 77 ]; then
        skipped=1
        echo "skipped: $(tail -n 1 "$dir/out")" >"$dir/reason"
    elif [ $status -eq 0 ] && "$build/expect" "$expected" "$dir/out" >"$dir/differs"; then
        passed=1
    else
        [ $status -eq 0 ] || note "exit status $status"
        failed=1
    fi
}

counted() {
    run "$dir" "$@"
    counts=$(tail -n 1 "$dir/out" |
        sed -n 's/^.*: \([0-9][0-9]*\) passed, \([0-9][0-9]*\) failed\(, \([0-9][0-9]*\) skipped\)\{0,1\}$/\1 \2 \4/p')
    read -r passed failed skipped <<END
$counts
END
    grep 'skipped:' "$dir/out" >"$dir/reason"
    if [ -z "$failed" ]; then
        note "exit status $status, and the last line does not count what passed and failed"
        passed=0 failed=1
    elif [ $status -ne 0 ] && [ "$failed" -eq 0 ]; then
        note "exit status $status, though nothing failed"
        failed=1
    fi
}

# part DIR PART: runs one and prints its line.
part() {
    dir=$1 name=${2##*/} passed=0 failed=0 skipped=0
    case $2 in
    */lesson-*) lesson "$2" ;;
    *.sh) counted sh "$2" "$build" ;;
    *) counted "$2" ;;
    esac
    : "${skipped:=0}"
    echo "$passed $failed $skipped" >"$dir/counts"
    word=passed colour=
    [ "$passed" -eq 0 ] && word=skipped
    [ "$failed" -gt 0 ] && word=FAILED colour=$red
    seconds=$(sed 's/.* //' "$dir/took" 2>/dev/null)
    printf '%s%-7s%s  %-24s %3d of %-3d %8s s\n' "$colour" $word "${colour:+$off}" "$name" \
        "$passed" $((passed + failed + skipped)) "${seconds:--}"
}

# A lane takes one part after the other. Making the part's folder is taking it: only one lane can.
lane() {
    n=0
    for one do
        n=$((n + 1))
        mkdir "$work/$n" 2>/dev/null && part "$work/$n" "$one"
    done
}

if [ ! -x "$limit" ] || [ ! -x "$build/expect" ]; then
    echo "$limit and $build/expect are needed; \`make\` builds them"
    exit 2
fi
rm -rf "$work"
mkdir -p "$work" || exit 2
lanes='' i=0
while [ $i -lt "$JOBS" ]; do
    lane "$@" &
    lanes="$lanes $!"
    i=$((i + 1))
done
trap 'kill $lanes 2>/dev/null; exit 130' INT TERM
wait

n=0 passed=0 failed=0 skipped=0
for one do
    n=$((n + 1))
    p=0 f=1 s=0
    [ -f "$work/$n/counts" ] && read -r p f s <"$work/$n/counts"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    if [ "$f" -gt 0 ]; then
        printf '\n%s---- %s%s, from %s/\n' "$red" "$one" "$off" "$work/$n"
        if [ -s "$work/$n/differs" ]; then cat "$work/$n/differs"; else tail -n 40 "$work/$n/out"; fi
        tail -n 40 "$work/$n/err"
    fi
done
if [ "$skipped" -gt 0 ]; then # one line: what was not there
    cat "$work"/*/reason 2>/dev/null | sed 's/^ *skipped: *//' | sort -u |
        awk '{ line = line (NR > 1 ? ", " : "") $0 } END { print "\nLeft out, for it is not here: " line }'
fi
cat "$work"/*/took 2>/dev/null | awk -v budget="$BUDGET" '{ wall += $1; processor += $2 } END {
    printf "\nProcessor time: %.1f s%s\n\n", processor, budget ? " of " budget " planned" : "" }'
if [ "$skipped" -gt 0 ]; then
    echo "$passed passed, $failed failed, $skipped skipped"
else
    echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
