#!/bin/sh
# photos.sh: tests data/photos.sh: it fetches the photographs with their licences, records their sums, and refuses what
# is no photograph or another one than before.
#
#   sh tests/photos.sh [TOOLS]     TOOLS: the folder with sha256, web and lesson-19; default: build
#
# The files come from build/web, a server on 127.0.0.1, under the paths of Wikimedia Commons.
# The last line is "photos: N passed, N failed[, N skipped]".
# shellcheck disable=SC2317 # the tests are called by name
set -u
LC_ALL=C
export LC_ALL

tools=$(cd "${1:-build}" && pwd) || exit 1
top=$(cd "$(dirname "$0")/.." && pwd) || exit 1
root=$(mktemp -d "${TMPDIR:-/tmp}/clip-photos-XXXXXX") || exit 1
# shellcheck source=tests/server.sh
. "$(dirname "$0")/server.sh"
passed=0 failed=0 skipped=0
unset CLIP_PHOTOS PHOTOS_URL http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy

# ---- the files on the server: small photographs, and what Commons says about two of them ----------------------------

mkdir -p "$root/no-curl" "$root/neither"
names=$(awk '$1 !~ /^#/ && NF > 1 { print $1 }' "$top/data/photos.txt")
first=$(echo "$names" | head -n 1)
about_path='w/api.php?action=query&format=json&formatversion=2&prop=imageinfo&iiprop=extmetadata'
about_path="$about_path&iiextmetadatafilter=Artist%7CLicenseShortName&titles=File:"
about() { # NAME ARTIST: the answer of the programming interface
    {
        printf '{"batchcomplete":true,"query":{"pages":[{"title":"File:%s","imageinfo":[{"extmetadata":{' "$1"
        printf '"Artist":{"value":"%s","source":"commons-desc-page"},' "$2"
        printf '"LicenseShortName":{"value":"CC BY-SA 3.0","source":"commons-desc-page","hidden":""}}}]}]}}'
    } >"$web/$about_path$1"
}
fill() { # a fresh server folder
    web=$root/web
    rm -rf "$web" && mkdir -p "$web/wiki/Special:FilePath" "$web/w"
    number=1
    for name in $names; do
        cp "$top/tests/images/jpeg/exif-$number.jpg" "$web/wiki/Special:FilePath/$name?width=1200"
        about "$name" "<a href=\\\\\"//x.example/User\\\\\" title=\\\\\"y\\\\\">Somebody $number</a>"
        number=$((number + 1))
    done
}
# Folders for PATH: one without curl, one without curl and wget.
for program in awk cat chmod cut dd df dirname grep kill mkdir mv od rm sed sh sleep tr wc wget; do
    path=$(command -v $program) || continue
    case $path in /*) ;; *) continue ;; esac
    ln -s "$path" "$root/no-curl/$program"
    [ $program = wget ] || ln -s "$path" "$root/neither/$program"
done

# ---- the harness ----------------------------------------------------------------------------------------------------

fetch() { # STATUS NAME=VALUE ...: runs the script with these variables; it must end with STATUS
    want=$1
    shift
    env PATH="$path_of_all" PHOTOS_URL="http://127.0.0.1:$port" "$@" sh "$data/photos.sh" "$tools" \
        >"$root/out" 2>&1 </dev/null
    got=$?
    [ $got -eq "$want" ] || { echo "    exit status $got, want $want"; return 1; }
}


all_right() {
    for name in $names; do cmp "$web/wiki/Special:FilePath/$name?width=1200" "$photos/$name" || return 1; done
    [ ! -e "$data/.photos" ] && [ "$(find "$photos" -name '*.part' | wc -l)" -eq 0 ]
}

try() {
    data=$root/place/data photos=$root/place/data/photos
    rm -rf "$root/place" && mkdir -p "$data" && fill
    for file in common.sh download.sh photos.sh photos.txt; do cp "$top/data/$file" "$data/"; done
    mkdir "$root/place/tests" && cp "$top/tests/fit.sh" "$root/place/tests/"
    if "$1"; then
        passed=$((passed + 1))
    else
        echo "  FAILED  $1$with; it printed:" && sed 's/^/    /' "$root/out"
        failed=$((failed + 1))
    fi
}

# ---- the tests, each with curl and with wget ------------------------------------------------------------------------

everything() {
    serve && fetch 0 && all_right && said "no second source confirms this sum" && said "authors and licences:" &&
        said "$first: Somebody 1, CC BY-SA 3.0, http.*/wiki/File:$first" || return 1
    size=$(wc -c <"$photos/$first" | tr -d ' ')
    grep -q "^# $first $size bytes$" "$photos/SHA256SUMS" && grep -q "^[0-9a-f]\{64\}  $first$" "$photos/SHA256SUMS" &&
        [ "$(grep -c Somebody "$photos/CREDITS.txt")" -eq 5 ]
}

nothing_twice() {
    serve && fetch 0 && serve && fetch 0 && all_right && [ ! -s "$root/log" ] &&
        [ "$(grep -c 'the SHA-256 sum is right' "$root/out")" -eq 5 ] && said "Somebody 5"
}

another_folder() {
    photos="$root/place/my photos"
    serve && fetch 0 CLIP_PHOTOS="$photos" && all_right
}

cut_connections() { serve --cuts 2 --cut 100 && fetch 0 && all_right; }

another_photograph_later() {
    serve && fetch 0 && rm "$photos/$first" || return 1
    cp "$top/tests/images/jpeg/exif-8.jpg" "$web/wiki/Special:FilePath/$first?width=1200"
    fetch 1 && said "refused: the SHA-256 sum of $first" && said "By hand" && [ ! -e "$photos/$first" ]
}

another_size_later() {
    serve && fetch 0 && rm "$photos/$first" || return 1
    cp "$top/tests/images/jpeg/420.jpg" "$web/wiki/Special:FilePath/$first?width=1200"
    fetch 1 && said "refused: $first has 458 bytes, 412 were wanted"
}

changed_here() {
    serve && fetch 0 && echo more >>"$photos/$first" || return 1
    fetch 1 && said "refused: $first has 417 bytes, 412 were wanted" && said "move .* away"
}

no_photograph() {
    echo "<html>too many requests" >"$web/wiki/Special:FilePath/$first?width=1200"
    serve && fetch 1 && said "refused: $first is no JPEG file; what came begins: <html>too many" &&
        [ ! -e "$photos/$first" ] && [ "$(find "$photos" -name '*.jpg' | wc -l)" -eq 4 ]
}

one_is_missing() {
    rm "$web/wiki/Special:FilePath/$first?width=1200"
    serve && fetch 1 && said "put it at $photos/$first" && [ "$(find "$photos" -name '*.jpg' | wc -l)" -eq 4 ]
}

licence_unknown() {
    rm "$web/$about_path$first"
    serve && fetch 0 && all_right && said "$first: author and licence: http.*/wiki/File:$first" && said "Somebody 2"
}

nobody_there() {
    serve && fetch 1 PHOTOS_URL=http://127.0.0.1:1 && said "By hand" && said "put it at $photos/$first" &&
        [ ! -e "$data/.photos" ]
}

put_there_by_hand() {
    mkdir "$photos"
    for name in $names; do cp "$web/wiki/Special:FilePath/$name?width=1200" "$photos/$name"; done
    serve && fetch 0 && all_right && said "no second source"
}

lesson_uses_them() {
    [ -x "$tools/lesson-19" ] || return 0
    serve && fetch 0 || return 1
    (cd "$top" && CLIP_PHOTOS=$photos CLIP_PLOTS=$root/plots CLIP_MODELS=$root/models \
        "$tools/lesson-19" --weights tiny --pictures 10 --no-predict >"$root/out" 2>&1) || return 1
    said "Pictures: 5 photographs from Wikimedia Commons" && said '"a photo of a sports car."' &&
        said "What the model sees: 224 x 224 pixels"
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
    for test in everything nothing_twice another_folder cut_connections another_photograph_later another_size_later \
        changed_here no_photograph one_is_missing licence_unknown nobody_there lesson_uses_them; do
        path_of_all=$PATH
        [ $one = curl ] || path_of_all=$root/no-curl
        try $test
    done
done
with='' path_of_all=$PATH
for test in put_there_by_hand neither; do try $test; done
printf 'photos: %d passed, %d failed' $passed $failed
if [ $skipped -gt 0 ]; then printf ', %d skipped\n' $skipped; else echo; fi
[ $failed -eq 0 ]
