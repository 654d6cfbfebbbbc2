#!/bin/sh
# pairs.sh: own pairs from the table to the search: the commands of lessons/10-train/your-own-pairs.md, every kind of bad
# row, kill -9 and a full disk while pictures are decoded and kept, the export for other programs.
#
#   sh tests/pairs.sh BUILD [TEST ...]     from the top folder; BUILD/faults/lesson-10: built with tests/faults.h
#
# The last line is "pairs: N passed, N failed".
# shellcheck disable=SC2317 # the tests are called by name
set -u
LC_ALL=C NO_COLOR=1 CLIP_THREADS=2
export LC_ALL NO_COLOR CLIP_THREADS
unset CLIP_MODELS CLIP_PLOTS
case ${1:-build} in /*) build=$1 ;; *) build=$PWD/${1:-build} ;; esac
top=$PWD
for program in lesson-10 lesson-11 lesson-12 lesson-13 shapes expect faults/lesson-10; do
    [ -x "$build/$program" ] || { echo "$build/$program is missing; make and make faulty build it" >&2; exit 2; }
done
work=$(mktemp -d "${TMPDIR:-/tmp}/clip-pairs-XXXXXX") || exit 2
child=
trap '[ -z "$child" ] || kill -9 "$child" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
passed=0 failed=0

# run STATUS PROGRAM ARGS...
run() {
    want=$1 program=$2
    shift 2
    "$build/$program" --no-predict "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    [ $got -eq "$want" ] || { echo "    exit status $got, want $want"; return 1; }
}
said() { grep -q -e "$1" "$work/out" "$work/err" || { echo "    \"$1\" was not printed"; return 1; }; }

# ---- the page ---------------------------------------------------------------------------------------------------

page=$top/lessons/10-train/your-own-pairs.md results=$top/lessons/10-train/results-pairs.txt
# Every line of an sh fence is run, one after the other, where build/ leads to the programs.
tutorial() {
    mkdir "$work/page" && ln -s "$build" "$work/page/build" || return 1
    awk '/^```/ { on = $0 == "```sh"; next } on' "$page" >"$work/commands"
    [ "$(wc -l <"$work/commands")" -ge 7 ] || { echo "    the page has no commands"; return 1; }
    : >"$work/page.out"
    while IFS= read -r command; do
        echo "run: $command" >>"$work/page.out"
        (cd "$work/page" && eval "$command" >>"$work/page.out" 2>"$work/err" </dev/null) ||
            { echo "    failed: $command"; cp "$work/page.out" "$work/out"; return 1; }
    done <"$work/commands"
    "$build/expect" "$results" "$work/page.out" >"$work/out" || return 1
    awk '/^```/ { on = $0 == "```text"; next } on' "$page" >"$work/excerpt"
    "$build/expect" --each "$results" "$work/excerpt" >"$work/out"
}

# ---- bad rows ---------------------------------------------------------------------------------------------------

small="--image small --epochs 2 --batch 6 --side 32"
models() { CLIP_MODELS=$work/$1/models CLIP_PLOTS=$work/$1/plots; export CLIP_MODELS CLIP_PLOTS; }
# photos FOLDER: 24 pictures and their table, pairs.tsv.
photos() {
    "$build/shapes" --objects 1 --count 24 --kind object --size 40 --format png --folder "$work/$1" \
        --pairs "$work/$1/pairs.tsv" >"$work/out" 2>&1
}
every_bad_row() {
    photos bad && models bad || return 1
    echo text >"$work/bad/text.png"
    : >"$work/bad/empty.png"
    {
        printf 'none.png\ta cat\n000001.png\t\n000002.png\ta\tb\n000003.png\n\ta cat\ntext.png\ta cat\n'
        printf 'empty.png\ta cat\n000004.png\ta \377 cat\n000005.png\t"a cat\n000006.png\ta cat\n'
    } >>"$work/bad/pairs.tsv"
    # shellcheck disable=SC2086 # options are split into words
    run 0 lesson-10 --pairs "$work/bad/pairs.tsv" $small || return 1
    said 'pairs.tsv: 34 rows; 25 pairs of 24 pictures; 9 rows left out:' &&
        said '     2  wrong number of columns  lines 28, 29' && said '     1  quote not closed         line 34' &&
        said '     1  not UTF-8 or zero byte   line 33' && said '     1  empty path               line 30' &&
        said '     1  empty caption            line 27' && said '     1  missing file             line 26' &&
        said '     2  not a picture            lines 31, 32' || return 1
    said '  line 31: .*text.png: byte 0: ' || return 1
    if [ "$(wc -l <"$work/bad/models/pairs.left-out.tsv")" -ne 10 ] ||
        ! grep -q '^31	not a picture: .*text.png: byte 0: ' "$work/bad/models/pairs.left-out.tsv"; then
        echo "    the list has other rows"
        return 1
    fi
    # shellcheck disable=SC2086
    run 1 lesson-10 --pairs "$work/bad/pairs.tsv" $small --strict &&
        said 'pairs.tsv:26: missing file: .*none.png: No such file' || return 1
    [ "$(wc -l <"$work/err")" -eq 1 ] || { echo "    more than one line"; return 1; }
}
# Captions that OpenAI's tokeniser repairs matter to models of its tokens. Without its vocabulary that run ends after the
# warning.
texts_that_differ() {
    photos texts && models texts || return 1
    printf '000001.png\tcafe\314\201\n' >>"$work/texts/pairs.tsv"
    # shellcheck disable=SC2086
    run 0 lesson-10 --pairs "$work/texts/pairs.tsv" $small || return 1
    ! grep -q OpenAI "$work/err" || { echo "    a warning for words"; return 1; }
    # shellcheck disable=SC2086
    "$build/lesson-10" --no-predict --pairs "$work/texts/pairs.tsv" $small --tokens bpe >"$work/out" 2>"$work/err" </dev/null
    said 'warning: .*pairs.tsv:26: the text .*(U+0301), which OpenAI'
}
tables_without_rows() {
    models bad
    printf 'filepath\ttitle\n' >"$work/bad/none.tsv"
    run 1 lesson-10 --pairs "$work/bad/none.tsv" && said 'none.tsv: the table has a heading and no rows' || return 1
    printf 'filepath\ttitle\nx.png\ta cat\n' >"$work/bad/none.tsv"
    run 1 lesson-10 --pairs "$work/bad/none.tsv" && said 'missing file' && said 'no row for training is left of 1'
}
wrong_words() {
    [ -d "$work/bad/models" ] || every_bad_row || return 1
    models bad
    run 2 lesson-10 --pairs "$work/bad/pairs.tsv" --export x && said 'image vit --text transformer' &&
        run 2 lesson-10 --export x && said 'give their table with --pairs' &&
        run 2 lesson-10 --pairs "$work/bad/pairs.tsv" --recipe full && said 'does not go with --quick, --recipe' &&
        run 1 lesson-13 --pairs "$work/bad/pairs.tsv" --weights "$work/none" cat && said 'lesson-10 --pairs' &&
        run 2 lesson-13 --weights "$work/bad/models/pairs-small-bow-seed1.safetensors" cat && said 'pairs TABLE or --folder' &&
        run 1 lesson-11 --weights "$work/bad/models/pairs-small-bow-seed1.safetensors" && said 'trained on own pairs' &&
        run 2 lesson-12 --pairs "$work/bad/pairs.tsv" && said 'want wordings to compare' &&
        run 0 lesson-13 --pairs "$work/bad/pairs.tsv" --weights "$work/bad/models/pairs-small-bow-seed1.safetensors" \
            zebra && said 'The model knows no word of this'
}
other_columns() {
    photos columns && models columns || return 1
    { echo 'id,Picture,Words'; sed '1d; s/^\(.*\)	\(.*\)$/7,\1,"\2"/' "$work/columns/pairs.tsv"; } >"$work/columns/own.csv"
    # shellcheck disable=SC2086
    run 0 lesson-10 --pairs "$work/columns/own.csv" --picture-column picture --caption-column words $small --fit letterbox \
        --least-words 2 --validation 20 --test 0 --strict &&
        said '19 pictures to train on, 5 for validation, 0 for a test' && said 'there are no test pictures' &&
        [ -f "$work/columns/models/own-small-bow-seed1.safetensors" ]
}

# ---- killed, full disk ------------------------------------------------------------------------------------------

# train PROGRAM FOLDER: on the pictures of photos/, into FOLDER.
train() {
    models "$2"
    # shellcheck disable=SC2086
    "$build/$1" --no-predict --pairs "$work/photos/pairs.tsv" $small --resume >"$work/out" 2>"$work/err" </dev/null
}
# same FOLDER: model, state and pictures are those of the folder whole, and nothing else is there.
same() {
    for file in pairs-small-bow-seed1.safetensors pairs-small-bow-seed1.last.safetensors pictures/32-crop-0001.safetensors; do
        cmp -s "$work/whole/models/$file" "$work/$1/models/$file" || { echo "    another $file"; return 1; }
    done
    [ "$(find "$work/$1/models" -type f | wc -l)" -eq 5 ] || { find "$work/$1/models" -type f; return 1; }
}
# each KIND SUFFIX: makes the n-th call fail (+) or the program end (!), n = 1, 2, 4, 7 ...; then it goes on to the end.
each() {
    n=1 met=0
    while :; do
        rm -rf "$work/now" "$work/note"
        FAULT=$1:$n$2 FAULT_NOTE=$work/note
        export FAULT FAULT_NOTE
        train faults/lesson-10 now 2>/dev/null
        status=$?
        unset FAULT FAULT_NOTE
        [ -f "$work/note" ] || break
        met=$((met + 1))
        if [ "$2" = + ] && { [ $status -ne 1 ] || [ "$(grep -c '^error: ' "$work/err")" -ne 1 ]; } &&
            ! { [ $status -eq 0 ] && grep -q '^warning: ' "$work/err"; }; then
            echo "    $1 $n, $(cat "$work/note"): exit status $status"
            return 1
        fi
        train faults/lesson-10 now || { echo "    it does not go on after $1 $n, $(cat "$work/note")"; return 1; }
        same now || { echo "    after $1 $n, $(cat "$work/note")"; return 1; }
        n=$((n + 1 + n / 3))
    done
    [ $met -ge 3 ] || { echo "    only $met calls of $1"; return 1; }
}
whole() {
    [ -d "$work/whole" ] || { photos photos && train faults/lesson-10 whole && same whole; }
}
killed_at_writes() { whole && each write '!'; }
killed_at_renames() { whole && each rename '!'; }
full_disk() { whole && each write +; }
killed_at_any_time() {
    whole || return 1
    for moment in 0.01 0.02 0.03 0.05 0.08 0.12 0.2 0.3; do
        rm -rf "$work/now"
        models now
        # shellcheck disable=SC2086
        "$build/lesson-10" --no-predict --pairs "$work/photos/pairs.tsv" $small --resume >"$work/out" 2>&1 </dev/null &
        child=$!
        sleep "$moment"
        kill -9 $child 2>/dev/null
        wait $child 2>/dev/null
        child=
        { train faults/lesson-10 now && same now; } || { echo "    killed after $moment s"; return 1; }
    done
}

# ---- export -----------------------------------------------------------------------------------------------------

# A vocabulary of the right size; CLIP's own is not in the repository: pairs of characters from U+00AE to U+0142.
vocabulary() {
    awk 'function utf8(c) { return sprintf("%c%c", 192 + int(c / 64), 128 + c % 64) }
        BEGIN {
            print "#version: 0.2"
            for (a = 174; a < 323; a++)
                for (b = 174; b < 323; b++)
                    for (kind = 0; kind < 3 && made < 48894; kind++) {
                        left = a == 288 ? "@" : utf8(a)
                        made++
                        if (kind == 2) print left utf8(b) " z</w>"
                        else print left " " utf8(b) (kind ? "</w>" : "")
                    }
        }'
}
exported() {
    photos photos && models export || return 1
    mkdir -p "$work/export/models" && vocabulary >"$work/export/models/merges.txt"
    run 0 lesson-10 --pairs "$work/photos/pairs.tsv" --image vit --text transformer --tokens bpe --image-layers 1 \
        --text-layers 1 --image-width 32 --text-width 32 --embed 16 --patch 8 --epochs 1 --batch 6 \
        --export "$work/exported" && said '"transformer" of 1[0-9] byte pairs' || return 1
    model=$work/export/models/pairs-vit-transformer-seed1.safetensors
    run 0 lesson-10 --weights "$model" --export "$work/again" && said 'again: the model for open_clip' || return 1
    run 2 lesson-10 --weights "$model" || return 1
    for file in open_clip_model.safetensors open_clip_config.json model.safetensors config.json vocab.json merges.txt \
        preprocessor_config.json tokenizer_config.json; do
        [ -s "$work/exported/$file" ] || { echo "    $file is missing"; return 1; }
        cmp -s "$work/exported/$file" "$work/again/$file" || { echo "    another $file"; return 1; }
    done
    run 0 lesson-13 --pairs "$work/photos/pairs.tsv" --weights "$model" "a red circle"
}

[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- tutorial every_bad_row texts_that_differ tables_without_rows wrong_words other_columns killed_at_writes \
    killed_at_renames full_disk killed_at_any_time exported
for test do
    if $test; then
        passed=$((passed + 1))
    else
        echo "  FAILED  $test; it printed:"
        tail -n 20 "$work/out"
        tail -n 5 "$work/err"
        failed=$((failed + 1))
    fi
done
echo "pairs: $passed passed, $failed failed"
[ $failed -eq 0 ]
