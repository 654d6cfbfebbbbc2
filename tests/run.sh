#!/bin/sh
# run.sh: runs the parts of make check or make check-dev, two at a time, and adds up their results.
#
#   sh tests/run.sh BUILD PART ...         from the top folder
#
#   BUILD/lesson-NN    compares the output with lessons/NN-*/expected.txt. If the first line of that file is "$ PROGRAM
#                      OPTIONS", the lesson runs with these options. Exit status 77 of a lesson means skipped; its last
#                      line is the reason
#   lessons/NN-*/expected-long.txt    the same with this file, which has a longer run of BUILD/lesson-NN
#   NAME.sh            a script that gets BUILD; its last line is "NAME: N passed, N failed[, N skipped]"
#   any other          a program with the same last line, such as BUILD/test-NAME
#
# The stdin of a part is empty. Each of its processes may use LIMIT processor seconds (120), and the part may take ten
# times as long in all, so that other programs on the machine make no part fail. JOBS parts (2) run at a time. The
# output of a part is kept in BUILD/check/ (or BUILD/$WORK/). A crash, a time-out, a missing program and a missing last
# line are failures. At the end the processor seconds of all parts are added up, with those in the file EARLIER;
# BUDGET=60 is printed beside them. The last line is "N passed, N failed[, N skipped]"; exit status 0 if nothing failed.

# shellcheck source=tests/fit.sh
. "${0%/*}/fit.sh"
build=$1
shift
work=$build/${WORK:-check}
limit=$build/limit
: "${LIMIT:=120}" "${JOBS:=2}"
LC_ALL=C
export LC_ALL
red='' off=''
[ -t 1 ] && [ -z "$NO_COLOR" ] && [ "$TERM" != dumb ] && red=$(printf '\033[1;31m') off=$(printf '\033[0m')

# run DIR COMMAND...: runs it with the limit; sets status.
run() {
    run_dir=$1
    shift
    CLIP_PLOTS=$run_dir/plots CLIP_MODELS=$run_dir/models "$limit" "$LIMIT" "${LIMIT}0" "$run_dir/took" "$@" \
        >"$run_dir/out" 2>"$run_dir/err" &
    child=$!
    trap 'kill $child; exit 143' TERM
    wait $child
    status=$?
}

# note TEXT: adds a reason to the output of the part.
note() { echo "$1" >>"$dir/err"; }

# lesson PROGRAM EXPECTED
lesson() {
    number=${1##*-} expected=$2
    if [ ! -f "$expected" ]; then
        note "lessons/$number-*/expected.txt: this lesson has no expectation, or more than one"
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
        note "exit status $status, and the last line has no counts of passed and failed"
        passed=0 failed=1
    elif [ $status -ne 0 ] && [ "$failed" -eq 0 ]; then
        note "exit status $status, but the counts say that nothing failed"
        failed=1
    fi
}

# part DIR PART: runs one part and prints its line.
part() {
    dir=$1 name=${2##*/} passed=0 failed=0 skipped=0
    case $2 in
    lessons/*.txt)
        number=${2#lessons/}
        number=${number%%-*} name=lesson-${number}-long
        lesson "$build/lesson-$number" "$2"
        ;;
    */lesson-*) lesson "$2" "$(echo lessons/"${2##*-}"-*/expected.txt)" ;;
    *.sh) counted sh "$2" "$build" ;;
    *) counted "$2" ;;
    esac
    : "${skipped:=0}"
    echo "$passed $failed $skipped" >"$dir/counts"
    word=passed colour=
    [ "$passed" -eq 0 ] && word=skipped
    [ "$failed" -gt 0 ] && word=FAILED colour=$red
    seconds=$(sed 's/.* //' "$dir/took" 2>/dev/null)
    tell "$(printf '%s%-7s%s  %-24s %3d of %-3d %8s s' "$colour" $word "${colour:+$off}" "$name" \
        "$passed" $((passed + failed + skipped)) "${seconds:--}")"
}

# A lane runs one part after the other. It takes a part by mkdir, which only one lane can do.
lane() {
    n=0
    for one do
        n=$((n + 1))
        mkdir "$work/$n" 2>/dev/null && part "$work/$n" "$one"
    done
}

if [ ! -x "$limit" ] || [ ! -x "$build/expect" ]; then
    tell "$limit and $build/expect are missing; \`make\` builds them"
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
        if [ -s "$work/$n/differs" ]; then fit <"$work/$n/differs"; else tail -n 40 "$work/$n/out" | fit; fi
        tail -n 40 "$work/$n/err" | fit
    fi
done
if [ "$skipped" -gt 0 ]; then # one line with everything that is missing
    cat "$work"/*/reason 2>/dev/null | sed 's/^ *skipped: *//' | sort -u |
        awk '{ line = line (NR > 1 ? ", " : "") $0 } END { print "\nSkipped, because something is missing: " line }' | fit
fi
cat "$work"/*/took ${EARLIER:+"$EARLIER"} 2>/dev/null | awk -v budget="$BUDGET" '{ wall += $1; processor += $2 } END {
    printf "\nProcessor time: %.1f s%s\n\n", processor, budget ? " of " budget " planned" : "" }'
if [ "$skipped" -gt 0 ]; then
    echo "$passed passed, $failed failed, $skipped skipped"
else
    echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
