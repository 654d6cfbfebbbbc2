#!/bin/sh
# train.sh: lessons 10 to 13 as a student runs them: what they print, and what they do on errors.
#
#   sh tests/train.sh BUILD                from the top folder
#
# The last line is "train: N passed, N failed[, N skipped]".
# shellcheck disable=SC2086 # options are split into words
set -u
LC_ALL=C NO_COLOR=1
export LC_ALL NO_COLOR

case ${1:-build} in /*) build=$1 ;; *) build=$PWD/${1:-build} ;; esac
work=$(mktemp -d "${TMPDIR:-/tmp}/clip-train-XXXXXX") || exit 1
child=
trap '[ -z "$child" ] || kill -9 "$child" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
passed=0 failed=0 skipped=0
for program in lesson-10 lesson-11 lesson-12 lesson-13 check-train expect; do
    [ -x "$build/$program" ] || { echo "$build/$program is not there: run make first" >&2; exit 2; }
done
CLIP_PLOTS=$work/plots
export CLIP_PLOTS CLIP_MODELS

# models NAME: the folder of models from here on.
models() { CLIP_MODELS=$work/$1; }
model=tiny-shapes-seed1.safetensors
log=tiny-shapes-seed1.csv
pictures=500

right() { passed=$((passed + 1)); }
wrong() {
    failed=$((failed + 1))
    echo "  FAILED  $*"
    for file in out err; do sed 's/^/      /' "$work/$file" | tail -n 20; done
}

# check WHAT COMMAND...: the command succeeds.
check() {
    what=$1
    shift
    if "$@"; then right; else wrong "$what"; fi
}

# refuses STATUS TEXT COMMAND...: it ends with this status and says one line, with TEXT in it, beside what it did.
refuses() {
    want=$1 text=$2
    shift 2
    "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
    lines=$(grep -vc -e '^model: ' -e '^picture: ' -e 'has no checksum' "$work/err")
    if [ $status -eq "$want" ] && [ "$lines" -eq 1 ] && grep -Fq -e "$text" "$work/err"; then
        right
    else
        wrong "$* (status $status, $lines lines; wanted $want and: $text)"
    fi
}

train() { "$build/lesson-10" --data shapes --pictures "$pictures" --recipe tiny "$@" >"$work/out" 2>"$work/err" </dev/null; }

# ---- what they print ----------------------------------------------------------------------------------------------------

# lesson NUMBER: as run.sh runs it.
lesson() {
    expected=$(echo lessons/$1-*/expected.txt)
    eval "set -- $1 $(sed -n '1s/^\$ *[^ ]*//p' "$expected")"
    program=$build/lesson-$1
    shift
    "$program" "$@" >"$work/out" 2>"$work/err" </dev/null && "$build/expect" "$expected" "$work/out" >>"$work/err"
}

models first
check "lesson 10 prints what it should" lesson 10
check "lesson 10 says where its model is" grep -Fq "model: $CLIP_MODELS/$model" "$work/err"
check "lesson 10 writes a log" [ "$(wc -l <"$CLIP_MODELS/$log")" -eq 3 ]
check "lesson 11 prints what it should" lesson 11
check "it says how its model was trained" grep -q '^Model: recipe tiny, seed 1, 2 epochs, batch 64, .* 500 pictures of' "$work/out"
check "a trained model is left alone" train --epochs 2 --resume
check "and said to be finished" grep -Fq 'all 2 epochs were done before' "$work/out"
check "no temporary file is left" [ -z "$(find "$CLIP_MODELS" -name '*.tmp')" ]

# ---- a picture of the student's own -----------------------------------------------------------------------------------------------

own() { "$build/lesson-11" --data shapes --recipe tiny "$@"; }
own_runs() {
    own "$@" >"$work/out" 2>"$work/err" </dev/null
}

{ printf 'P6\n40 33\n255\n' && awk 'BEGIN { while (n++ < 1320) printf "%s", "RGB" }'; } >"$work/own.ppm"
check "an own picture" own_runs "$work/own.ppm" "a photo of a red star" "a photo of a zebra" "walrus"
check "unknown words are named" grep -Fq 'the model never saw the word "zebra"' "$work/out"
check "and those alone" [ "$(grep -c '^warning: the model never saw' "$work/out")" -eq 2 ]
check "labels that say nothing are counted" grep -Fq '1 text has no word the model knows' "$work/out"
check "each label has its bar" [ "$(grep -c '%$' "$work/out")" -ge 3 ]
for picture in tests/images/*.png; do
    [ -f "$picture" ] || continue
    check "$picture" own_runs "$picture" "a red star" "a blue star"
    break
done
shipped() { "$build/lesson-11" "$work/own.ppm" "a cat" "a dog" >"$work/out" 2>"$work/err" </dev/null; }
check "without a trained model the one that comes along" shipped
check "also where there are no photographs" grep -q '^Model: recipe full' "$work/out"
printf 'P6\n1 1\n255\nabc' >"$work/one.ppm"
check "a picture of one pixel" own_runs "$work/one.ppm" "a red star" "a blue star"

refuses 2 'two labels or more' own "$work/own.ppm"
refuses 2 'two labels or more' own "$work/own.ppm" 'a cat'
refuses 2 'label 2 is empty' own "$work/own.ppm" 'a cat' ' '
refuses 2 '"a cat" is given twice' own "$work/own.ppm" 'a cat' 'a dog' 'a cat'
refuses 1 'missing.png: No such file' own "$work/missing.png" 'a cat' 'a dog'
refuses 1 'this is a folder' own "$work" 'a cat' 'a dog'
dd if="$work/own.ppm" of="$work/cut.ppm" bs=1000 count=2 2>/dev/null
refuses 1 'cut.ppm' own "$work/cut.ppm" 'a cat' 'a dog'
: >"$work/empty.png"
refuses 1 'empty.png' own "$work/empty.png" 'a cat' 'a dog'
refuses 1 'own.ppm' own --weights "$work/own.ppm" "$work/own.ppm" 'a cat' 'a dog'
refuses 1 'there is no such model' own --seed 77
refuses 1 'No such file' own --weights "$work/missing"
refuses 2 '--test-augmentation' own --test-augmentation none
refuses 2 '--pictures' own --pictures 10001
dd if="$CLIP_MODELS/$model" of="$work/cut" bs=100000 count=3 2>/dev/null
refuses 1 "$work/cut" own --weights "$work/cut"

# ---- prompts and retrieval, with a model that is there ------------------------------------------------------------------------

# asks LESSON OPTIONS: with the model trained above.
asks() {
    number=$1
    shift
    "$build/lesson-$number" --data shapes --pictures 60 --weights "$CLIP_MODELS/$model" "$@" >"$work/out" 2>"$work/err" </dev/null
}

check "a wording of one's own" asks 12 'a photo of a zebra by a {}'
check "its unknown words are named" grep -Fq 'never saw the word "zebra"' "$work/out"
check "and it has its line" grep -q '^  a photo of a zebra by a {} *yours ' "$work/out"
check "retrieval" asks 13
check "questions of one's own" asks 13 'a photo of a blue walrus' 'walrus'
check "what is not known is left out" grep -Fq 'never saw the word "walrus"' "$work/out"
check "what says nothing is not answered" grep -Fq 'knows no word of this' "$work/out"
mkdir "$work/album" "$work/bare"
cp "$work/own.ppm" "$work/album/b c.ppm"
cp "$work/one.ppm" "$work/album/a.ppm"
echo 'no picture' >"$work/album/notes.txt"
check "a folder of one's own" asks 13 --folder "$work/album" 'a blue star'
check "its pictures are counted" grep -Fq '2 pictures from the folder, 1 left out' "$work/out"
check "and named" grep -Fq 'b c.ppm' "$work/out"
check "what is no picture is said" grep -q '^left out: .*notes.txt' "$work/err"
refuses 1 'there is no picture in this folder' "$build/lesson-13" --data shapes --weights "$CLIP_MODELS/$model" --folder "$work/bare"
refuses 1 'a folder of pictures was wanted' "$build/lesson-13" --data shapes --weights "$CLIP_MODELS/$model" --folder "$work/missing"
refuses 2 'there is no {}' "$build/lesson-12" --data shapes 'a photo'
for number in 12 13; do
    refuses 1 'missing: ' "$build/lesson-$number" --data shapes --weights "$work/missing"
    refuses 1 'own.ppm' "$build/lesson-$number" --data shapes --weights "$work/own.ppm"
done

# ---- weights that are no numbers -----------------------------------------------------------------------------------------

# patch FILE TENSOR BYTES: its first bytes become these, written as for printf. The file loses its checksum, which would
# be told first.
patch() {
    LC_ALL=C sed 's/"clip\.sha256"/"clip_sha256"/; s/"clip\.version"/"clip_version"/' "$1" >"$1.new" && mv "$1.new" "$1"
    header=$(od -An -tu1 -N4 "$1" | awk '{ print $1 + 256 * ($2 + 256 * ($3 + 256 * $4)) }')
    at=$(dd if="$1" bs=1 skip=8 count="$header" 2>/dev/null | tr -d ' ' |
        sed "s/.*\"$2\":{[^}]*\"data_offsets\":\\[\\([0-9]*\\),.*/\\1/")
    # shellcheck disable=SC2059 # the bytes are written as for printf
    printf "$3" | dd of="$1" bs=1 seek=$((8 + header + at)) conv=notrunc 2>/dev/null
}

cp "$CLIP_MODELS/$model" "$work/nan"
patch "$work/nan" image.fc.bias '\000\000\300\177'
refuses 1 'not a number' own --weights "$work/nan" --pictures 50
refuses 1 'not a number' own --weights "$work/nan" "$work/own.ppm" 'a red star' 'a blue star'
cp "$CLIP_MODELS/$model" "$work/large"
patch "$work/large" logit_scale '\000\000\200\177' # infinite
refuses 1 'not a number' own --weights "$work/large" "$work/own.ppm" 'a red star' 'a blue star'

# ---- the checker of training ----------------------------------------------------------------------------------------------

reference=${CLIP_REFERENCE:-tests/reference}/train
changed() {
    cp "$reference/cnn_bow_$1.safetensors" "$work/changed" && chmod u+w "$work/changed" && patch "$work/changed" "$2" '\000\000\100\100'
    "$build/check-train" "$work/changed" >"$work/out" 2>"$work/err"
    [ $? -eq 1 ] && grep -q 'DOES NOT HOLD$' "$work/out"
}
for rule in sgd adamw; do
    "$build/check-train" "$reference/cnn_bow_$rule.safetensors" >"$work/out" 2>"$work/err"
    check "check-train on cnn_bow_$rule" [ $? -eq 0 ]
    check "check-train says so" grep -q ': holds$' "$work/out"
    for tensor in grad0.image.conv1.bias grad0.logit_scale losses after.text.fc.bias before.image.fc.bias; do
        check "check-train with another $tensor of cnn_bow_$rule" changed $rule $tensor
    done
done
for pair in resnet_lstm_sgd resnet_lstm_adamw vit_transformer_sgd vit_transformer_adamw; do
    for program in check-train check-train-single; do
        "$build/$program" "$reference/$pair.safetensors" >"$work/out" 2>"$work/err"
        check "$program on $pair" [ $? -eq 0 ]
    done
done
refuses 2 'check-train FILE' "$build/check-train"
refuses 1 'missing: No such file' "$build/check-train" "$work/missing"
refuses 1 'no tensor tokens' "$build/check-train" "$CLIP_MODELS/$model"

# ---- wrong words ----------------------------------------------------------------------------------------------------------

models wrong
for words in '--epochs x' '--epochs -1' '--epochs 1001' '--epochs' '--epochs 1.5' '--batch 1' '--batch -64' '--batch 99999999999' \
    '--recipe foo' '--lr nan' '--lr inf' '--lr -1' '--lr x' '--threads -1' '--threads 257' '--threads two' '--seed x' '--seed -1' \
    '--micro-batch -1' '--micro-batch 65 --batch 64' '--pictures -5' '--data mars' '--resume=yes' '--nonsense' 'word'; do
    refuses 2 "${words%%[ =]*}" "$build/lesson-10" --data shapes --pictures 500 $words
done
# without WORD OPTIONS: refused, for the recipe does not have it.
without() {
    word=$1
    shift
    refuses 2 "has no $word to leave out; it has: " "$build/lesson-10" --data shapes --pictures 500 --without "$word" "$@"
}
without alternating --recipe notebook
without wordings --recipe quick
without smoothing --recipe templates
for word in whitening dirac muon; do without $word --image vit; done
refuses 1 'a batch of 501 from 500 pictures' "$build/lesson-10" --data shapes --pictures 500 --batch 501
check "nothing was trained" [ ! -s "$CLIP_MODELS/$model" ]
: >"$work/file"
models file/below
refuses 1 "$work/file" "$build/lesson-10" --data shapes --pictures 100 --recipe tiny

# ---- stopped, killed, resumed ---------------------------------------------------------------------------------------------

# start OPTIONS: in the background.
start() {
    "$build/lesson-10" --data shapes --pictures 200 --recipe tiny --epochs 8 "$@" >"$work/out" 2>"$work/err" </dev/null &
    child=$!
}

# finish: what the child's exit status is.
finish() {
    wait "$child" 2>/dev/null
    status=$?
    child=
}

same_model() { cmp "$work/$1/$model" "$work/whole/$model" >>"$work/err"; }
same_log() {
    for name in "$1" whole; do sed 's/,[^,]*,[^,]*$//' "$work/$name/$log" >"$work/log.$name"; done
    cmp "$work/log.$1" "$work/log.whole" >>"$work/err"
}

pictures=200
models whole
check "eight epochs" train --epochs 8

models killed
for delay in 0.2 0.05 0.3 0.1; do
    start --resume
    sleep $delay
    kill -9 "$child" 2>/dev/null
    finish
done
check "resumed after kill -9" train --epochs 8 --resume
check "the same model after kill -9" same_model killed
check "the same log after kill -9" same_log killed

# stopped_after ROWS OPTIONS: Ctrl-C when the log has more rows than these. Sets epoch, where it stopped.
stopped_after() {
    rows=$1 tries=0
    shift
    start --epochs 300 "$@"
    while [ $tries -lt 400 ] && [ "$(sed -n "\$=" "$CLIP_MODELS/$log" 2>/dev/null || echo 0)" -le "$rows" ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
    kill -INT "$child" 2>/dev/null
    finish
    epoch=$(sed -n "s|^error: stopped in epoch \([0-9]*\) of 300; epoch [0-9]* is in $CLIP_MODELS/$model, [a-z -]*\$|\1|p" "$work/err")
    check "Ctrl-C ends with status 1, not $status" [ $status -eq 1 ]
    check "Ctrl-C says where it stopped and what is left" [ -n "$epoch" ]
    check "Ctrl-C says one line" [ "$(wc -l <"$work/err")" -eq 1 ]
    : "${epoch:=0}"
}

models stopped
stopped_after 1
first=$epoch
stopped_after "$epoch" --resume
check "resumed after Ctrl-C: epoch $first, then $epoch" [ "$epoch" -gt "$first" ]
check "every epoch has its row" [ "$(sed 's/,.*//' "$CLIP_MODELS/$log" | tail -n +2 | tr '\n' ' ')" = "$(awk -v n="$epoch" 'BEGIN { while (++i < n) printf "%d ", i }')" ]

models whole
for options in '--lr 0.5' '--batch 50' '--pictures 190'; do
    refuses 1 'this is of another run: it has ' "$build/lesson-10" --data shapes --pictures 200 --recipe tiny --epochs 8 \
        --resume $options
done
refuses 1 'this is of another run: it has "epochs=8", and this one "epochs=7"' "$build/lesson-10" --data shapes --pictures 200 \
    --recipe tiny --resume --epochs 7

# ---- a full disk ------------------------------------------------------------------------------------------------------------

# Files may grow to 256 kB, as if nothing more went on the disk.
full() (
    trap '' XFSZ
    ulimit -f 512
    "$build/lesson-10" --data shapes --pictures 200 --recipe tiny "$@"
)

cp -R "$work/whole" "$work/full"
models full
refuses 1 'the old file is unchanged' full --epochs 2
check "the earlier model is untouched" same_model full
check "nothing else is there" [ "$(find "$CLIP_MODELS" -type f | wc -l)" -eq 2 ]

echo
if [ $skipped -gt 0 ]; then
    echo "train: $passed passed, $failed failed, $skipped skipped"
else
    echo "train: $passed passed, $failed failed"
fi
[ $failed -eq 0 ]
