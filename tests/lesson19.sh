#!/bin/sh
# lesson19.sh: tests lesson 19 with a student's own pictures, texts and folders, on the tiny model.
#
#   sh tests/lesson19.sh BUILD           from the top folder
#
# The last line is "lesson19: N passed, N failed".
# shellcheck disable=SC2317 # the tests are called by name
set -u
lesson=${1:-build}/lesson-19
work=$(mktemp -d "${TMPDIR:-/tmp}/clip-lesson19-XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
passed=0 failed=0
CLIP_PLOTS=$work/plots CLIP_MODELS=$work/models
export CLIP_PLOTS CLIP_MODELS
mkdir "$work/photos" || exit 2
cp tests/images/rgb-8.png "$work/photos/one.png" && cp tests/images/grey-8.png "$work/photos/two.png" || exit 2

run() { # STATUS ARGS...
    want=$1
    shift
    "$lesson" --no-predict "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    [ $got -eq "$want" ] || { echo "    exit status $got, want $want"; return 1; }
}
said() { grep -q -- "$1" "$work/out" "$work/err" || { echo "    \"$1\" was not printed"; return 1; }; }

own_pictures() {
    run 0 "$work/photos/one.png" tests/images/grey-8.png --text "a photo of a cat" --text "a sports car" &&
        said 'text 2  "a sports car"' && said "RANDOM weights" && said "grey-8.png" && said "is read as"
}
one_text() { run 0 "$work/photos/one.png" --text "a cat" && said "1.000"; }
unrepaired_text() {
    run 0 "$work/photos/one.png" --text "$(printf 'a cafe\314\201')" --text "$(printf 'a dog\342\200\231s bowl')" &&
        said 'warning: the text "a cafe.*has an accent apart from its letter (U+0301), which OpenAI' &&
        [ "$(grep -c '^warning: ' "$work/err")" -eq 1 ]
}
escaped_text() {
    run 0 "$work/photos/one.png" --text "$(printf 'a\033[31mb\302\2331m')" && said 'text 1  "a\\u001b\[31mb\\u009b1m"' &&
        said 'Text 1 is read as .* \\u001b' || return 1
    run 0 --folder "$work/photos" --text "$(printf 'a\033[31mb')" && said '^"a\\u001b\[31mb"$' || return 1
    ! LC_ALL=C grep -q "$(printf '\033')" "$work/out" || { echo "    a control character was printed"; return 1; }
}
table_texts() {
    printf 'filepath\ttitle\n%s\ta cat\n%s\tcafe\314\201|a dog\342\200\231s\n%s\ta bird\n' "$PWD/tests/images/grey-8.png" \
        "$work/photos/one.png" "$work/pointer.png" >"$work/texts.tsv"
    printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 9\n' 0 >"$work/pointer.png"
    run 0 --pairs "$work/texts.tsv" && said "warning: .*texts.tsv:3: the text .*(U+0301), which .*; 2 such texts in all" &&
        [ "$(grep -c '^warning: ' "$work/err")" -eq 1 ] && said '  1  not a picture            line 4' &&
        said 'line 4: .*pointer.png: byte 0: this is a Git LFS pointer, .*; .*git lfs pull'
}
long_text() { run 0 "$work/photos/one.png" --text "$(printf '%090d' 0)" && said "1 of the texts are longer than 77"; }
folder() {
    run 0 --folder "$work/photos" --text "a cat" || return 1
    said "2 pictures in .*: 0 from the cache, 2 encoded now, 0 files that are no pictures" || return 1
    echo text >"$work/photos/notes.txt"
    run 0 --folder "$work/photos" --text "a cat" --text "a dog" && said "2 from the cache, 0 encoded now, 1 files" &&
        said '"a dog"' && said "1\. .*png" && said "2\. .*png" && said "skipped: .*notes.txt" &&
        [ -f "$work/models/gallery.safetensors" ]
}
own_cache() { run 0 --folder "$work/photos" --text "a cat" --cache "$work/mine" && [ -f "$work/mine" ]; }
no_texts() { run 2 "$work/photos/one.png" && said "pictures want texts"; }
no_pictures() { run 2 --text "a cat" && said "texts want pictures"; }
no_words() { run 2 --folder "$work/photos" && said "something to look for"; }
missing_picture() { run 1 "$work/none.png" --text a && said "none.png: No such file"; }
no_picture() { run 1 tests/lesson19.sh --text a && said "lesson19.sh: byte 0"; }
table() {
    printf 'filepath\ttitle\n%s/photos/one.png\ta cat\n%s/tests/images/grey-8.png\ta dog\nnone.png\ta bird\n' \
        "$work" "$PWD" >"$work/own.tsv"
    run 0 --pairs "$work/own.tsv" && said "3 rows; 2 pairs of 2 pictures; 1 rows left out" &&
        said "2 pictures, 2 different captions" || return 1
    run 1 --pairs "$work/own.tsv" --strict && said "own.tsv:4: " || return 1
    run 1 --pairs "$work/none.tsv" && said "none.tsv: No such file"
}

missing_folder() { run 1 --folder "$work/none" --text a && said "none: No such file"; }
missing_weights() { run 1 --weights "$work/none" && said "none: No such file"; }
bad_weights() { run 1 --weights tests/corpus/safetensors/good && said "no CLIP"; }
wrong_heads() {
    run 1 --weights tests/reference/tiny_clip/openai_f32.safetensors --heads 5 &&
        said "5 heads (as asked) do not divide the width 48"
}
damaged_weights() { run 1 --weights tests/corpus/safetensors/overlap && said "overlap"; }

for test in own_pictures one_text unrepaired_text long_text folder own_cache escaped_text table table_texts no_texts no_pictures no_words missing_picture no_picture \
    missing_folder missing_weights bad_weights wrong_heads damaged_weights; do
    if $test; then
        passed=$((passed + 1))
    else
        echo "  FAILED  $test; it printed:"
        cat "$work/out" "$work/err"
        failed=$((failed + 1))
    fi
done
echo "lesson19: $passed passed, $failed failed"
[ $failed -eq 0 ]
