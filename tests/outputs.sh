#!/bin/sh
# outputs.sh: where programs and scripts write. Models, logs and pictures go through symbolic links, and the link stays;
# links that lead nowhere, folders and limits end in one line; a picture that was not written is exit status 1.
#
#   sh tests/outputs.sh BUILD              from the top folder
#
# The last line is "outputs: N passed, N failed[, N skipped]".
# shellcheck disable=SC2317 # the tests are called by name
set -u
LC_ALL=C NO_COLOR=1
export LC_ALL NO_COLOR
case ${1:-build} in /*) build=$1 ;; *) build=$PWD/${1:-build} ;; esac
work=$(mktemp -d "${TMPDIR:-/tmp}/clip-outputs-XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
passed=0 failed=0 skipped=0
CLIP_MODELS=$work/models CLIP_PLOTS=$work/plots
export CLIP_MODELS CLIP_PLOTS
mkdir "$work/models" "$work/plots" "$work/far" || exit 2
model=tiny-shapes-seed1

# shellcheck source=tests/fit.sh
. tests/fit.sh
# shellcheck source=tests/links.sh
. tests/links.sh

check() { # check WHAT COMMAND...
    what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "  FAILED  $what"
        for file in out err; do tail -n 10 "$work/$file" 2>/dev/null | sed 's/^/      /'; done
    fi
}
run() { "$@" >"$work/out" 2>"$work/err" </dev/null; }
train() { run "$build/lesson-10" --data shapes --pictures 200 --recipe tiny --epochs 1 --no-predict "$@"; }
# refused TEXT STATUS: the last run ended with status 1, and one line has TEXT.
refused() {
    [ "$2" -eq 1 ] && grep -Fq -e "$1" "$work/err" && [ "$(grep -c '^error: ' "$work/err")" -eq 1 ]
}
clean() { [ -z "$(find "$work" -name '*.tmp')" ]; }
is_png() { [ "$(od -An -c -N 4 "$1" 2>/dev/null | tr -d ' ')" = '211PNG' ]; }

# ---- models and logs ------------------------------------------------------------------------------------------------

ln -s ../far/model "$work/models/$model.safetensors"
ln -s "$work/far/log" "$work/models/$model.csv"
train
check "model and log: links to files that do not exist yet" [ $? -eq 0 ]
check "the model is where the link leads" [ -s "$work/far/model" ]
check "so is the log" [ -s "$work/far/log" ]
check "the links stay" [ -h "$work/models/$model.safetensors" -a -h "$work/models/$model.csv" ]
train --epochs 2 --resume
refused 'of another run' $?
check "a run with other settings is refused" [ $? -eq 0 ]
cp "$work/far/model" "$work/whole"
train --resume
check "and is resumed through the link" [ $? -eq 0 ]
check "to the same bytes" cmp -s "$work/far/model" "$work/whole"
check "no temporary file is left" clean

# A byte of the checkpoint changes on the disk.
size=$(wc -c <"$work/whole")
{ head -c $((size / 2)) "$work/whole"; printf 'x'; tail -c +$((size / 2 + 2)) "$work/whole"; } >"$work/far/model"
train --resume
check "a damaged checkpoint is refused" refused 'the file was damaged or changed' $?
run "$build/lesson-11" --data shapes --weights "$work/far/model" --no-predict
check "so it is by lesson 11" refused 'the file was damaged or changed' $?
cp "$work/whole" "$work/far/model"

ln -sf "$model.csv" "$work/models/$model.csv"
train
check "a link to itself" refused 'the symbolic links lead in a circle' $?
ln -sf "$work/none/log" "$work/models/$model.csv"
train
check "a link into a folder that does not exist" refused "-> $work/none/log: cannot be written: No such file" $?
ln -sfn "$work/far" "$work/models/$model.csv"
train
check "a link to a folder" refused 'this is a folder, not a file' $?
check "no temporary file is left" clean
rm -f "$work/models/$model.csv" "$work/models/$model.safetensors"

# ---- limits ---------------------------------------------------------------------------------------------------------

(ulimit -f 8 && train)
check "ulimit -f: one line" refused 'not written (File too large)' $?
check "and no half file" [ -z "$(find "$work/models" -name '*.safetensors*')" ]
for threads in 0 -1 abc 1000; do
    CLIP_THREADS=$threads train
    check "CLIP_THREADS=$threads: it runs" [ $? -eq 0 ]
    check "CLIP_THREADS=$threads: one warning" [ "$(grep -c "^warning: CLIP_THREADS is \"$threads\", want" "$work/err")" -eq 1 ]
done

# ---- pictures -------------------------------------------------------------------------------------------------------

mkfifo "$work/pipe"
if command -v gnuplot >/dev/null 2>&1; then
    mkdir -p "$work/plots/out"
    ln -s "$work/far/picture.png" "$work/plots/out/02-similarity.png"
    run "$build/lesson-02" --no-predict
    check "a picture through a link" [ $? -eq 0 ]
    check "is where the link leads" is_png "$work/far/picture.png"
    check "and the link stays" [ -h "$work/plots/out/02-similarity.png" ]
    rm "$work/far/picture.png"
    run sh plots/draw.sh
    check "make plots draws through the link" [ $? -eq 0 ]
    check "where it leads" is_png "$work/far/picture.png"
    check "and the link stays" [ -h "$work/plots/out/02-similarity.png" ]
    ln -sf 02-similarity.png "$work/plots/out/02-similarity.png"
    run "$build/lesson-02" --no-predict
    check "a picture that cannot be written: status 1" [ $? -eq 1 ]
    check "with the reason" grep -q '^no picture: .*lead in a circle' "$work/err"
    run sh plots/draw.sh
    check "make plots fails, too" [ $? -eq 1 ]
    check "with the reason" grep -q 'lead in a circle' "$work/err"
    for place in "$work/none/picture.png" "$work/pipe"; do
        ln -sf "$place" "$work/plots/out/02-similarity.png"
        run sh plots/draw.sh
        check "make plots, -> $place: status 1" [ $? -eq 1 ]
        check "in one line" [ "$(grep -vc 'iconv failed' "$work/err")" -eq 1 ] # gnuplot's, about LC_ALL=C
    done
    check "the pipe stays one" [ -p "$work/pipe" ]
    rm "$work/plots/out/02-similarity.png"
    run sh plots/draw.sh
    cp "$work/plots/out/02-similarity.png" "$work/whole.png"
    # gnuplot itself does not notice that its file ends too early
    limited() { (trap "" XFSZ; ulimit -f 16; "$@"); }
    run limited "$build/lesson-02" --no-predict
    check "a picture that the disk cuts: status 1" [ $? -eq 1 ]
    check "with the reason" grep -q '^no picture: .*02-similarity.png: gnuplot has not written all of it' "$work/err"
    run limited sh plots/draw.sh
    check "make plots fails, too" [ $? -eq 1 ]
    check "with the reason" grep -q 'gnuplot has not written all of it' "$work/err"
    check "the old picture is unchanged" cmp -s "$work/whole.png" "$work/plots/out/02-similarity.png"
    check "no temporary file is left" clean
else
    skipped=$((skipped + 1))
    echo "    skipped: gnuplot"
fi
rm -rf "$work/plots"
echo text >"$work/plots"
run "$build/lesson-02" --no-predict
check "no folder for pictures: status 1" [ $? -eq 1 ]
check "with the reason" grep -q '^no picture: ' "$work/err"
rm "$work/plots"

# ---- scripts --------------------------------------------------------------------------------------------------------

put() { echo "$1" | { put_file "$2" || { echo "$why" >"$work/err"; false; }; } 2>"$work/noise"; }
# one_line STATUS TEXT COMMAND...: it ends with this status and prints one line on stderr, which has TEXT.
one_line() {
    wanted=$1 text=$2
    shift 2
    run "$@"
    got=$?
    check "$*: status $wanted, not $got" [ $got -eq "$wanted" ]
    check "$*: one line" [ "$(wc -l <"$work/err")" -eq 1 ]
    check "$*: with $text" grep -Fq -e "$text" "$work/err"
}
ln -s ../far/marks.json "$work/models/grade.json"
check "marks through a link" put one "$work/models/grade.json"
check "the file" [ "$(cat "$work/far/marks.json")" = one ]
check "the link" [ -h "$work/models/grade.json" ]
check "again" put two "$work/models/grade.json"
check "the second file" [ "$(cat "$work/far/marks.json")" = two ]
ln -s loop "$work/loop"
put three "$work/loop"
check "a circle" [ $? -eq 1 ]
check "says so" grep -q 'lead in a circle' "$work/err"
put three "$work/far"
check "a folder" [ $? -eq 1 ]
check "says so" grep -q 'this is a folder' "$work/err"
put three "$work/none/file"
check "no folder" [ $? -eq 1 ]
check "says so" grep -qi 'no such file\|nonexistent' "$work/err"
for place in "$work/pipe" /dev/null; do
    put three "$place"
    check "$place is not replaced" [ $? -eq 1 -a ! -f "$place" ]
    check "$place: says why" grep -q 'this is a device or a pipe' "$work/err"
done
check "and no shell prints a line of its own" [ ! -s "$work/noise" ]
mkdir "$work/desk"
ln -s loop "$work/desk/progress.txt"
ln -s loop "$work/desk/loop"
export CLIP_EXERCISES
CLIP_EXERCISES=$work/desk one_line 2 'lead in a circle' sh tests/student.sh "$build" hint 03
CLIP_EXERCISES=$work/none one_line 2 'is not a folder' sh tests/student.sh "$build" list
rm "$work/desk/progress.txt"
CLIP_EXERCISES=$work/desk one_line 2 'student.sh BUILD' sh tests/student.sh "$build" hint
CLIP_EXERCISES=$work/desk EXERCISE_CC=no-such-compiler one_line 2 'no-such-compiler is not there' \
    sh tests/student.sh "$build" ex 01
for place in /dev/null /dev/full "$work/pipe" "$work/far"; do
    QUIZ_FILE=$place QUIZ_ANYWHERE=1 one_line 2 'which is no file' sh lessons/quiz.sh 03
done
for script in lessons/quiz.sh plots/draw.sh tests/student.sh tests/grade.sh tests/install.sh data/fetch.sh data/photos.sh \
    data/pretrained.sh data/emoji.sh; do
    run sh "$script" --version
    check "$script --version" [ "$(cat "$work/out")" = "${script##*/} (CLIP from scratch) $(cat VERSION)" ]
done
TMPDIR=$work/none QUIZ_ANYWHERE=1 one_line 2 'set TMPDIR' sh lessons/quiz.sh 03
CLIP_PLOTS=$work/none one_line 1 'there is no such folder' sh plots/draw.sh
unset CLIP_EXERCISES
check "and nothing is written there" [ -z "$(find "$work/far" -name "far*" ! -path "$work/far")" ]
check "no temporary file is left" clean

echo "outputs: $passed passed, $failed failed$([ $skipped -eq 0 ] || echo ", $skipped skipped")"
[ $failed -eq 0 ]
