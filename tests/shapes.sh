#!/bin/sh
# shapes.sh: does build/shapes write what it says, the same each time, and refuse the rest in one line? Does every file of
# build/probes hold: each caption true as often as false, and no rule that reads captions alone above guessing?
#
#   sh tests/shapes.sh BUILD                 from the top folder
#
# The last line is "shapes: N passed, N failed".
LC_ALL=C
export LC_ALL
work=$(mktemp -d "${TMPDIR:-/tmp}/clip-shapes-test-XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
passed=0 failed=0
check() { # check WHAT CONDITION...
    what=$1
    shift
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "  FAILED  $what"; tail -n 5 "$work/err"; fi
}
program=$1/shapes
tools=$1
shapes() { "$program" "$@" >"$work/out" 2>"$work/err"; }
size_of() { od -An -tu1 -j 16 -N 8 "$1" | awk '{ $1 = $1; print }'; } # of a PNG: width and height, four bytes each

# Pictures and captions come again, and scene 7 is scene 7 wherever a run starts.
shapes --seed 3 --count 9 --folder "$work/a" --csv "$work/a.csv" --paraphrase
check "pictures and captions: status 0" [ $? -eq 0 ]
shapes --seed 3 --from 7 --count 1 --folder "$work/b" --csv "$work/b.csv" --paraphrase
check "nine pictures" [ "$(find "$work/a" -name '*.ppm' | wc -l)" -eq 9 ]
check "of 32 x 32 pixels" [ "$(wc -c <"$work/a/000000.ppm")" -eq $((32 * 32 * 3 + 13)) ]
check "the same picture from another start" cmp -s "$work/a/000007.ppm" "$work/b/000007.ppm"
grep '^7,' "$work/a.csv" >"$work/seven"
check "the same captions" [ "$(tail -n +2 "$work/b.csv")" = "$(cat "$work/seven")" ]
shapes --seed 4 --from 7 --count 1 --folder "$work/c"
check "another seed, another picture" [ "$(cmp -s "$work/a/000007.ppm" "$work/c/000007.ppm"; echo $?)" -eq 1 ]
shapes --seed 3 --from 7 --count 1 --folder "$work/d" --size 64 --format png
check "64 x 64 as PNG" [ "$(size_of "$work/d/000007.png")" = '0 0 0 64 0 0 0 64' ]
shapes --count 4 --sheet "$work/sheet.png" --zoom 2
check "a sheet of 2 x 2, 64 pixels each and 4 between" \
    [ "$(size_of "$work/sheet.png")" = '0 0 0 140 0 0 0 140' ]

# Each caption of the file, asked for: the judge says what the file says.
scene=0 wrong=0 asked=0
while [ $scene -lt 9 ]; do
    set --
    truths=
    while IFS=, read -r number _ caption truth; do
        [ "$number" = $scene ] || continue
        caption=${caption#\"}
        set -- "$@" --ask "${caption%\"}"
        truths="$truths $truth"
    done <"$work/a.csv"
    shapes --seed 3 --from $scene "$@"
    said=$(sed -n 's/^  true .*/1/p; s/^  false .*/0/p' "$work/out" | tr '\n' ' ')
    [ " $said" = "$truths " ] || wrong=$((wrong + 1))
    asked=$((asked + $#))
    scene=$((scene + 1))
done
check "the judge agrees with the file on all scenes ($wrong differ)" [ $wrong -eq 0 ]
check "and was asked ($asked)" [ $asked -gt 150 ]

# Balanced: as many true captions as false ones.
check "half of the captions are true" [ "$(grep -c ',1$' "$work/a.csv")" -eq "$(grep -c ',0$' "$work/a.csv")" ]

# Splits: what is held out is not what is seen.
shapes --count 200 --objects 1 --split pairs --coverage 0.5 --kind object --csv "$work/seen.csv"
shapes --count 200 --objects 1 --split pairs --coverage 0.5 --kind object --csv "$work/held.csv" --part held
sed -n 's/.*"\(.*\)",1$/\1/p' "$work/seen.csv" | sort -u >"$work/seen"
sed -n 's/.*"\(.*\)",1$/\1/p' "$work/held.csv" | sort -u >"$work/held"
check "seen and held out share nothing" [ "$(comm -12 "$work/seen" "$work/held" | wc -l)" -eq 0 ]
check "and are 32 combinations each" [ "$(cat "$work/seen" "$work/held" | wc -l)" -eq 64 ]

# Refusals: one line, a status that is not 0, nothing on stdout.
refuses() { # refuses TEXT OPTION...
    text=$1
    shift
    shapes "$@"
    status=$?
    check "$*: status" [ $status -ne 0 ]
    check "$*: one line, nothing else" [ $(($(wc -l <"$work/err") + $(wc -c <"$work/out"))) -eq 1 ]
    check "$*: says \"$text\"" grep -q -e "$text" "$work/err"
}
refuses 'want a number from 1 to 5' --objects 6
refuses 'want a number from 1 to 5' --objects 3-2
refuses 'want a number from 1 to 5' --objects ''
refuses '"cirle" (word 3 of the caption)' --ask 'a red circle' --ask 'a red cirle'
refuses 'is empty' --ask ''
refuses 'no combinations are held out' --split counts --coverage 1 --part held
refuses 'no combinations are seen' --split relations --coverage 0
refuses 'coverage' --coverage 2
refuses 'split' --split shapes
refuses 'take fewer' --count 100000 --size 512 --sheet "$work/big.png"
refuses 'no/such' --csv /no/such/folder/x.csv
refuses 'blue' blue
shapes --help
check "--help: status" [ $? -eq 0 ]
check "--help: shows captions" grep -q 'a red circle and no blue square' "$work/out"

# Probes: every kind, of every split and both its parts.
probes() { "$tools/probes" "$@" >"$work/out" 2>"$work/err"; }
for split in all pairs counts relations; do
    for part in seen held; do
        probes --out "$work/$split-$part" --items 500 --split $split --part $part
        check "probes of $split, $part: status" [ $? -eq 0 ]
        check "probes of $split, $part: four hold" [ "$(grep -c 'oracle 100.0 %.* holds$' "$work/out")" -eq 4 ]
        check "probes of $split, $part: shuffles can be won" grep -q '^shuffle .*won without looking$' "$work/out"
    done
done
probes --check "$work"/*-seen/*.csv "$work"/*-held/*.csv
check "all files, read again: status" [ $? -eq 0 ]
check "all files, read again: hold" [ "$(grep -c ' holds' "$work/out")" -eq 40 ]
spoilt() { # spoilt TEXT SED-SCRIPT: the file is not what it was any more
    sed "$2" "$work/pairs-seen/binding.csv" >"$work/spoilt.csv"
    probes --check "$work/spoilt.csv"
    status=$?
    check "spoilt by $2: status" [ $status -ne 0 ]
    check "spoilt by $2: one line" [ "$(wc -l <"$work/err")" -eq 1 ]
    check "spoilt by $2: says \"$1\"" grep -q -e "$1" "$work/err"
}
spoilt 'spoilt.csv:9: ' '9s/,10 01$//'
spoilt 'spoilt.csv:5: ' '5s/10 01$/01 10/'
spoilt 'spoilt.csv:7: ' '7s/0\.[0-9]*/nan/2'
spoilt 'spoilt.csv:1: ' '1s/binding/blinding/'
spoilt 'spoilt.csv:6: want truth ' '6s/,a \([a-z]*\) \([a-z]*\) and a \([a-z]*\) /,a \3 \2 and a \1 /'

echo "shapes: $passed passed, $failed failed"
[ $failed -eq 0 ]
