#!/bin/sh
# checkers.sh: tests build/check-bpe, build/check-clip, build/check-image and build/bench: the right message and the right
# exit status.
#
#   sh tests/checkers.sh BUILD           from the top folder
#
# tests/corpus/tokens.jsonl holds texts with the token ids of another program that has the same rules (Python's html,
# str.lower and regex, and plain byte-pair merging). The last line is "checkers: N passed, N failed[, N skipped]".
set -u
build=${1:-build}
reference=${CLIP_REFERENCE:-tests/reference}
vocabulary=$reference/bpe/bpe_simple_vocab_16e6.txt.gz
work=$(mktemp -d "${TMPDIR:-/tmp}/clip-checkers-XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
passed=0 failed=0 skipped=0

# want STATUS WORDS COMMAND...: the command must exit with STATUS and print one line that holds WORDS
want() {
    status=$1 words=$2
    shift 2
    "$@" >"$work/out" 2>&1 </dev/null
    got=$?
    if [ $got -eq "$status" ] && [ "$(wc -l <"$work/out")" -eq 1 ] && grep -q -- "$words" "$work/out"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "  FAILED  $*"
        echo "    exit status $got, want $status, and one line with \"$words\"; it printed:"
        sed 's/^/    /' "$work/out"
    fi
}

bench=$build/bench
want 2 'there is no figure "gemm-63"' "$bench" gemm-63
want 2 "there is no --jsn; did you mean --json" "$bench" --jsn
want 1 "none: No such file" "$bench" --compare "$work/none"
echo '{"figures": [{"name": "gemm-64", "unit": "GFLOP/s"}]}' >"$work/bad.json"
want 1 "figure 1 has no name, unit or value; want a file of bench --json" "$bench" --compare "$work/bad.json"
echo '{"figures": []}' >"$work/bad.json"
want 1 "no figures; want a file of bench --json" "$bench" --compare "$work/bad.json"
echo '{"figures": [{"value": "fast"}]}' >"$work/bad.json"
want 1 'bad.json: byte [0-9]*: found .*wanted a number' "$bench" --compare "$work/bad.json"
want 0 'bench gemm-64 [0-9.]* GFLOP/s  [0-9]* % of the FMA loop beside it' "$bench" gemm-64
"$bench" --json gemm-64 >"$work/figures.json"
want 0 'compare gemm-64 [0-9.]* of the speed before' "$bench" --compare "$work/figures.json"
sed 's/"value": [^,]*, "low": [^,]*, "high": [^,]*/"value": 1e-3, "low": 1e-3, "high": 1e-3/' "$work/figures.json" \
    >"$work/slow.json"
want 0 'compare gemm-64 [0-9.e+]* of the speed before: ' "$bench" --compare "$work/slow.json"

bpe=$build/check-bpe
want 2 "check-bpe VOCAB TOKENS.jsonl" "$bpe"
want 2 "3 arguments came" "$bpe" a b c
want 1 "none: No such file" "$bpe" "$work/none" tests/corpus/tokens.jsonl
echo "#version" >"$work/cut"
want 1 "line 2: the file ends here" "$bpe" "$work/cut" tests/corpus/tokens.jsonl
if [ -f "$vocabulary" ]; then
    want 0 "39 rows, 0 differ: holds" "$bpe" "$vocabulary" "$reference/bpe/tokens.jsonl"
    want 0 "[0-9]* rows, 0 differ: holds" "$bpe" "$vocabulary" tests/corpus/tokens.jsonl
    echo '{"ids": [49406, 320, 2368, 49407, 0, 0], "text": "a cat", "more": null}' >"$work/good"
    want 0 "1 rows, 0 differ: holds" "$bpe" "$vocabulary" "$work/good"
    echo '{"text": "a cat", "ids": [49406, 320, 2369, 49407]}' >>"$work/good"
    want 1 '2 rows, 1 differ; first .*good:2, "a cat": id 2 is 2368, 2369 was wanted: DOES NOT HOLD' \
        "$bpe" "$vocabulary" "$work/good"
    echo '{"text": "a cat", "ids": [49406, 320]}' >"$work/short"
    want 1 'id 2 is 2368, 0 was wanted' "$bpe" "$vocabulary" "$work/short"
    echo '{"text": "a cat"}' >"$work/bad"
    want 1 'bad:1: "text" and "ids" were wanted' "$bpe" "$vocabulary" "$work/bad"
    echo '{"text": "a cat", "ids": [49406' >"$work/bad"
    want 1 'bad:1: byte' "$bpe" "$vocabulary" "$work/bad"
    echo '{"text": "a cat", "ids": [99999]}' >"$work/bad"
    want 1 'bad:1: byte' "$bpe" "$vocabulary" "$work/bad"
    : >"$work/empty"
    want 1 'there is no row in it' "$bpe" "$vocabulary" "$work/empty"
else
    echo '  skipped: CLIP'\''s vocabulary (make pretrained)'
    skipped=$((skipped + 1))
fi

image=$build/check-image jpeg=tests/images/jpeg/420
pixels() { tail -c $((33 * 17 * 3)) $jpeg.ppm; } # a picture of 33 x 17
pixels >"$work/rgb"
{ pixels | head -c 1000 && pixels | tail -c +1001 | LC_ALL=C tr '\000-\376' '\001-\377'; } >"$work/near"
{ pixels | head -c 1682 && printf '\377'; } >"$work/far"
want 2 "check-image PICTURE PIXELS.rgb" "$image"
want 2 "there is no option --wide" "$image" $jpeg.jpg "$work/rgb" --wide
want 2 '--within is "4x"' "$image" $jpeg.jpg "$work/rgb" --within 4x
want 2 '--within is ""' "$image" $jpeg.jpg "$work/rgb" --within
want 2 'SIDE is "0"' "$image" $jpeg.jpg "$work/rgb" 0
want 0 "420.jpg: 33 x 17, worst error 0 (allowed 0), mean 0.0000: holds" "$image" $jpeg.jpg "$work/rgb"
want 0 "worst error 0 (allowed 3), mean 0.0000: holds" "$image" --within 3 $jpeg.jpg "$work/rgb"
want 1 "worst error 1 (allowed 0), mean 0.4058, first at x 3 y 10 green; 683 of 1683 bytes differ: DOES NOT HOLD" \
    "$image" $jpeg.jpg "$work/near"
want 1 "worst error 1 (allowed 3), mean 0.4058, .*: DOES NOT HOLD" "$image" $jpeg.jpg "$work/near" --within 3
want 0 "worst error 1 (allowed 5), mean 0.4058, .*: holds" "$image" $jpeg.jpg "$work/near" --within 5
want 1 "(allowed 3), .* first at x 32 y 16 blue; 1 of 1683 .*: DOES NOT HOLD" "$image" $jpeg.jpg "$work/far" --within 3
want 1 "rgb: No such file" "$image" $jpeg.jpg "$work/none.rgb"
want 1 "458 bytes came, 33 x 17 x 3 = 1683 were wanted" "$image" $jpeg.jpg $jpeg.jpg

clip=$build/check-clip tiny=$reference/tiny_clip
want 2 "check-clip WEIGHTS.safetensors EXPECTED.safetensors" "$clip"
want 1 "none: No such file" "$clip" "$work/none" "$work/none"
for model in openai_f32 openai_f16 openai_bf16 hf_f32; do
    want 0 ": holds$" "$clip" "$tiny/$model.safetensors" "$tiny/$model.expected.safetensors"
done
want 0 "QuickGELU (from the file's metadata)" "$clip" "$tiny/openai_f16.safetensors" \
    "$tiny/openai_f16.expected.safetensors"
want 1 "DOES NOT HOLD$" "$clip" "$tiny/openai_f32.safetensors" "$tiny/hf_f32.expected.safetensors"
want 1 "no tensor tokens of 2 dimensions" "$clip" "$tiny/openai_f32.safetensors" "$tiny/hf_f32.safetensors"
want 1 "no CLIP" "$clip" "$tiny/openai_f32.expected.safetensors" "$tiny/openai_f32.expected.safetensors"
head -c 100000 "$tiny/hf_f32.safetensors" >"$work/cut"
want 1 "$work/cut: " "$clip" "$work/cut" "$tiny/hf_f32.expected.safetensors"
printf 'checkers: %d passed, %d failed' $passed $failed
if [ $skipped -gt 0 ]; then printf ', %d skipped\n' $skipped; else echo; fi
[ $failed -eq 0 ]
