#!/bin/sh
# photos.sh: puts five photographs from Wikimedia Commons into photos/ beside this script (or $CLIP_PHOTOS), for lesson
# 19, with their authors and licences in CREDITS.txt.
#
#   sh data/photos.sh [TOOLS]      TOOLS: the folder with sha256; default: build
#
#   PHOTOS_URL      another server with the same paths
#
# photos.txt lists them. A photograph is 1,200 pixels wide. Its size and SHA-256 sum are recorded in SHA256SUMS at the
# first fetch; from then on every copy is compared with them. A file gets its name only after that. Exit status: 0 all
# files are there; 1 a file is missing, and stderr says how to get it by hand.
set -u

url=${PHOTOS_URL-https://commons.wikimedia.org}
data=$(CDPATH='' cd "$(dirname "$0")" && pwd) || exit 1
folder=${CLIP_PHOTOS:-$data/photos}
work=$data/.photos
# shellcheck disable=SC2034 # for common.sh and download.sh
label=photos small=20000000 agent="clip-from-scratch (teaching toolkit; make photos)"

names() { awk '$1 !~ /^#/ && NF > 1 { print $1 }' "$data/photos.txt"; }

by_hand() {
    {
        echo "photos: some photographs are missing. By hand, with a browser or on another machine, get"
        names | while read -r name; do
            [ -f "$folder/$name" ] || echo "  $url/wiki/Special:FilePath/$name?width=1200
      and put it at $folder/$name"
        done
        echo "and run \"make photos\" again. Without them lesson 19 takes its pictures from CIFAR-10 or generated shapes."
    } | fit >&2
}

# shellcheck source=data/common.sh
. "$data/common.sh"
# shellcheck source=data/download.sh
. "$data/download.sh"

# A page that says "not found" or "sign in" is no photograph.
genuine() {
    [ "$(dd if="$1" bs=3 count=1 2>/dev/null | od -An -tx1 | tr -d ' \n')" = ffd8ff ] && return 0
    say "refused: $2 is no JPEG file; what came begins: $(dd if="$1" bs=60 count=1 2>/dev/null | tr -cd '[:print:]')" >&2
    return 1
}

# field NAME: the text of a field of the answer in $work/about, without HTML tags.
field() {
    sed -n "s/.*\"$1\":{\"value\":\"//; t found
        d
        : found
        s/\",\"source\".*//; s/<[^>]*>//g; s/\\\\[nt]/ /g; s/\\\\//g; p" "$work/about"
}

# credit NAME: author and licence, as Commons states them, as a line of CREDITS.txt.
credit() {
    grep -q "^$1: " "$folder/CREDITS.txt" 2>/dev/null && return 0
    ask="$url/w/api.php?action=query&format=json&formatversion=2&prop=imageinfo&iiprop=extmetadata"
    ask="$ask&iiextmetadatafilter=Artist%7CLicenseShortName&titles=File:$1"
    rm -f "$work/about"
    licence=''
    if download "$ask" "$work/about" 1000000 2>/dev/null; then licence=$(field LicenseShortName); fi
    if [ -n "$licence" ]; then
        author=$(field Artist)
        echo "$1: ${author:-author: see the page}, $licence, $url/wiki/File:$1" >>"$folder/CREDITS.txt"
    else
        say "$1: author and licence: $url/wiki/File:$1"
    fi
}

mkdir -p "$folder" || exit 1
lock
names >"$work/names"
missing=0
while read -r name <&3; do
    fetch_one "$name" - - "wiki/Special:FilePath/$name?width=1200" || missing=1
    [ ! -f "$folder/$name" ] || credit "$name"
done 3<"$work/names"
if [ -f "$folder/CREDITS.txt" ]; then
    say "authors and licences:"
    sed 's/^/  /' "$folder/CREDITS.txt" | fit
fi
if [ $missing -ne 0 ]; then
    by_hand
    exit 1
fi
say "all photographs are in $folder; next: make lesson-19"
