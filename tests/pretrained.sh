#!/bin/sh
# pretrained.sh: tests data/pretrained.sh: it fetches the right files, resumes an interrupted download, and refuses
# wrong files.
#
#   sh tests/pretrained.sh [TOOLS]     TOOLS: the folder with sha256 and web; default: build
#
# The files come from build/web, a server on 127.0.0.1, with small files and a pretrained.txt of their sums.
# The last line is "pretrained: N passed, N failed[, N skipped]".
# shellcheck disable=SC2317 # the tests are called by name
set -u
LC_ALL=C
export LC_ALL

tools=$(cd "${1:-build}" && pwd) || exit 1
scripts=$(cd "$(dirname "$0")/../data" && pwd) || exit 1
root=$(mktemp -d "${TMPDIR:-/tmp}/clip-pretrained-XXXXXX") || exit 1
# shellcheck source=tests/server.sh
. "$(dirname "$0")/server.sh"
passed=0 failed=0 skipped=0
unset CLIP_MODELS MODELS PRETRAINED_URL http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy

# ---- the files on the server: two models of 300 and 90 kB and a vocabulary ------------------------------------------

web=$root/web
mkdir -p "$web/repo" "$root/no-curl" "$root/neither"
awk 'BEGIN { for (i = 0; i < 50000; i++) printf "%05d\n", i }' >"$web/repo/big"
awk 'BEGIN { for (i = 0; i < 15000; i++) printf "%05x\n", i }' >"$web/repo/small"
echo "#version: 0.2" >"$web/repo/merges"
sum() { "$tools/sha256" "$1" | cut -c 1-64; }
big=$(sum "$web/repo/big") little=$(sum "$web/repo/small") words=$(sum "$web/repo/merges")
cat >"$root/right.txt" <<TEXT
# set name bytes sum path
always merges.txt      -      -       repo/merges
laion  big.safetensors 300000 $big    moved/repo/big
openai own.safetensors 90000  $little repo/small
TEXT
# Folders for PATH: one without curl, one without curl and wget.
for program in awk cat chmod cut df dirname grep kill mkdir mv rm sed sh sleep tr wc wget; do
    path=$(command -v $program) || continue
    case $path in /*) ;; *) continue ;; esac
    ln -s "$path" "$root/no-curl/$program"
    [ $program = wget ] || ln -s "$path" "$root/neither/$program"
done

# ---- the harness ----------------------------------------------------------------------------------------------------

fetch() { # STATUS NAME=VALUE ...: runs the script with these variables; it must end with STATUS
    want=$1
    shift
    env PATH="$path_of_all" PRETRAINED_URL="http://127.0.0.1:$port" "$@" sh "$data/pretrained.sh" "$tools" \
        >"$root/out" 2>&1 </dev/null
    got=$?
    [ $got -eq "$want" ] || { echo "    exit status $got, want $want"; return 1; }
}


# shellcheck disable=SC2012 # the names are plain
left() {
    there=$(ls -A "$models" | tr '\n' ' ')
    [ "$there" = "$*" ] || { echo "    the folder holds: $there"; return 1; }
}

all_right() {
    cmp "$web/repo/big" "$models/big.safetensors" && cmp "$web/repo/small" "$models/own.safetensors" &&
        cmp "$web/repo/merges" "$models/merges.txt" && left "SHA256SUMS big.safetensors merges.txt own.safetensors " &&
        [ ! -e "$data/.pretrained" ]
}

try() {
    data=$root/place/data models=$root/place/data/models
    rm -rf "$root/place" && mkdir -p "$data" && cp "$scripts/common.sh" "$scripts/download.sh" "$scripts/pretrained.sh" "$data/"
    mkdir "$root/place/tests" && cp "$scripts/../tests/fit.sh" "$root/place/tests/"
    cp "$root/right.txt" "$data/pretrained.txt"
    if "$1"; then
        passed=$((passed + 1))
    else
        echo "  FAILED  $1$with; it printed:" && sed 's/^/    /' "$root/out"
        failed=$((failed + 1))
    fi
}

# ---- the tests, each with curl and with wget ------------------------------------------------------------------------

everything() {
    serve && fetch 0 && all_right && said "big.safetensors: 300000 bytes, the SHA-256 sum is right" &&
        said "SHA-256 $words" && said "no second source" && grep -q "^$words  merges.txt$" "$models/SHA256SUMS"
}

nothing_twice() {
    serve && fetch 0 && serve && fetch 0 && all_right && [ ! -s "$root/log" ] &&
        ! grep -q "no second source" "$root/out"
}

one_set_only() {
    serve && fetch 0 MODELS=openai && left "SHA256SUMS merges.txt own.safetensors " && ! grep -q big "$root/log"
}

another_folder() {
    models="$root/place/my models"
    serve && fetch 0 CLIP_MODELS="$models" && cmp "$web/repo/big" "$models/big.safetensors"
}

cut_connections() {
    serve --cuts 3 --cut 70000 && fetch 0 && all_right && said "going on after" && asked "GET /repo/big from [1-9]"
}

no_range() {
    serve --no-range && mkdir "$models" && head -c 1000 "$web/repo/big" >"$models/big.safetensors.part" || return 1
    fetch 0 && all_right && { [ "$one" = wget ] || said "beginning again"; } # wget skips the bytes it has
}

resumed() {
    serve && mkdir "$models" && head -c 123456 "$web/repo/big" >"$models/big.safetensors.part" || return 1
    fetch 0 && all_right && asked "GET /repo/big from 123456" && ! grep -q "GET /repo/big from 0" "$root/log"
}

complete_but_unnamed() {
    serve && mkdir "$models" && cp "$web/repo/big" "$models/big.safetensors.part" || return 1
    fetch 0 && all_right && ! grep -q "GET /repo/big" "$root/log"
}

wrong_beginning() {
    serve && mkdir "$models" && echo "something else" >"$models/big.safetensors.part" || return 1
    fetch 0 && all_right && said "refused: the SHA-256 sum of big.safetensors" && said "beginning again"
}

larger_than_the_whole() {
    serve && mkdir "$models" && cat "$web/repo/big" "$web/repo/big" >"$models/big.safetensors.part" || return 1
    fetch 0 && all_right
}

wrong_sum() {
    sed "s/$little/$big/" "$root/right.txt" >"$data/pretrained.txt"
    serve && fetch 1 && said "refused: the SHA-256 sum of own.safetensors is $little, $big was wanted" &&
        said "By hand" && left "SHA256SUMS big.safetensors merges.txt "
}

wrong_size() {
    sed "s/90000/80000/" "$root/right.txt" >"$data/pretrained.txt"
    serve && fetch 1 && said "By hand" && left "SHA256SUMS big.safetensors merges.txt "
}

too_short() {
    sed "s/90000/95000/" "$root/right.txt" >"$data/pretrained.txt"
    serve && fetch 1 && said "By hand" && [ ! -e "$models/own.safetensors" ]
}

recorded_sum_is_held() {
    serve && fetch 0 && rm "$models/merges.txt" && echo "#version: 9.2" >"$web/repo/merges" || return 1
    fetch 1
    held=$?
    echo "#version: 0.2" >"$web/repo/merges"
    [ $held -eq 0 ] && said "refused: the SHA-256 sum of merges.txt" && said "$words was wanted"
}

recorded_size_is_held() {
    serve && fetch 0 && rm "$models/merges.txt" && echo "other words" >"$web/repo/merges" || return 1
    fetch 1
    held=$?
    echo "#version: 0.2" >"$web/repo/merges"
    [ $held -eq 0 ] && said "refused: merges.txt has 12 bytes, 14 were wanted"
}

no_such_file() {
    sed "s|repo/small|repo/none|" "$root/right.txt" >"$data/pretrained.txt"
    serve && fetch 1 && said "/repo/none" && said "put it at $models/own.safetensors" &&
        left "SHA256SUMS big.safetensors merges.txt "
}

nobody_there() {
    serve && fetch 1 PRETRAINED_URL=http://127.0.0.1:1 && said "By hand" && said "put it at $models/big.safetensors" &&
        [ ! -e "$data/.pretrained" ]
}

put_there_by_hand() {
    serve && mkdir "$models" && cp "$web/repo/big" "$models/big.safetensors" || return 1
    cp "$web/repo/small" "$models/own.safetensors" && cp "$web/repo/merges" "$models/merges.txt" || return 1
    fetch 0 PRETRAINED_URL=http://127.0.0.1:1 && all_right
}

wrong_by_hand() {
    serve && mkdir "$models" && cp "$web/repo/small" "$models/big.safetensors" || return 1
    fetch 1 && said "refused: big.safetensors has 90000 bytes, 300000 were wanted" && said "move .* away" &&
        cmp "$web/repo/small" "$models/big.safetensors" && cmp "$web/repo/small" "$models/own.safetensors"
}

unknown_set() { serve && fetch 2 MODELS="laion huge" && said 'there is no set "huge"' && [ ! -e "$models" ]; }

stopped() {
    serve --drip 200 || return 1
    env PATH="$path_of_all" PRETRAINED_URL="http://127.0.0.1:$port" sh "$data/pretrained.sh" "$tools" \
        >"$root/out" 2>&1 &
    sleeper=$!
    tries=0
    while [ ! -s "$models/big.safetensors.part" ] && [ $tries -lt 100 ]; do
        sleep 0.1 2>/dev/null || sleep 1
        tries=$((tries + 1))
    done
    env PATH="$path_of_all" PRETRAINED_URL="http://127.0.0.1:$port" sh "$data/pretrained.sh" "$tools" >"$root/out2" 2>&1
    grep -q "another fetch is at work" "$root/out2" || return 1
    kill -TERM $sleeper
    wait $sleeper
    got=$?
    sleeper=
    [ $got -eq 143 ] && said "resumes from here" && [ -s "$models/big.safetensors.part" ] &&
        [ ! -e "$data/.pretrained" ] && serve && fetch 0 && all_right && asked "GET /repo/big from [1-9]"
}

neither() {
    path_of_all=$root/neither
    serve && fetch 1 && said "curl and wget are not installed" && said "By hand"
}

for one in curl wget; do
    with=" with $one"
    if ! command -v $one >/dev/null; then
        echo "  skipped: $one"
        skipped=$((skipped + 1))
        continue
    fi
    for test in everything nothing_twice one_set_only another_folder cut_connections no_range resumed \
        complete_but_unnamed wrong_beginning larger_than_the_whole wrong_sum wrong_size too_short \
        recorded_sum_is_held recorded_size_is_held no_such_file nobody_there stopped; do
        path_of_all=$PATH
        [ $one = curl ] || path_of_all=$root/no-curl
        try $test
    done
done
with=
for test in put_there_by_hand wrong_by_hand unknown_set neither; do
    if [ $test = wrong_by_hand ] && [ $skipped -eq 2 ]; then # this test fetches the other files
        echo "  skipped: curl or wget (for $test)"
        skipped=$((skipped + 1))
        continue
    fi
    path_of_all=$PATH
    try $test
done
printf 'pretrained: %d passed, %d failed' $passed $failed
if [ $skipped -gt 0 ]; then printf ', %d skipped\n' $skipped; else echo; fi
[ $failed -eq 0 ]
