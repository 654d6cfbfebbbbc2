#!/bin/sh
# pretrained.sh: puts CLIP's published weights and vocabulary into models/ beside this script (or $CLIP_MODELS) and
# verifies them.
#
#   sh data/pretrained.sh [TOOLS]      TOOLS: the folder with sha256; default: build
#
#   MODELS="laion openai"   the sets of pretrained.txt to fetch; this is the default
#   PRETRAINED_URL          another server with the same paths
#
# A file gets its name only after its size and its SHA-256 sum were verified. Until then it is NAME.part, and an
# interrupted download resumes from there. A sum that pretrained.txt does not know is recorded in SHA256SUMS beside the
# files and checked from then on. Exit status: 0 all files are there; 1 a file is missing, and stderr says how to get it
# by hand; 2 there is no such set.
set -u

url=${PRETRAINED_URL-https://huggingface.co}
sets="always ${MODELS-laion openai}"
data=$(CDPATH='' cd "$(dirname "$0")" && pwd) || exit 1
models=${CLIP_MODELS:-$data/models}
work=$data/.pretrained
folder=$models agent=
# shellcheck disable=SC2034 # for common.sh and download.sh
label=pretrained
small=67108864 # limit in bytes for a file whose size pretrained.txt does not give

# Prints a line "name bytes sum path" for each file of the sets.
wanted() {
    for set in $sets; do
        awk -v set="$set" '$1 == set { print $2, $3, $4, $5 }' "$data/pretrained.txt"
    done
}

by_hand() {
    {
        echo "pretrained: some files are missing. By hand, with a browser or on another machine, get"
        wanted | while read -r name bytes _ path; do
            [ -f "$models/$name" ] || echo "  $url/$path
      ($bytes bytes), put it at $models/$name"
        done
        echo "and run \"make pretrained\" again: it verifies them. Without them lesson 19 runs on a tiny random model."
    } | sed 's/(- bytes)/(half a megabyte)/' | fit >&2
}

# shellcheck source=data/common.sh
. "$data/common.sh"

# shellcheck source=data/download.sh
. "$data/download.sh"

genuine() { :; }

# shellcheck disable=SC2317 # called by a trap
stopped() {
    say "stopped; \"make pretrained\" resumes from here" >&2
    clean_up
}

for set in $sets; do
    awk -v set="$set" '$1 == set { found = 1 } END { exit !found }' "$data/pretrained.txt" || {
        say "MODELS: there is no set \"$set\"; laion, openai and large are" >&2
        exit 2
    }
done
mkdir -p "$models" || exit 1
lock
trap 'stopped; trap - EXIT; exit 130' INT
trap 'stopped; trap - EXIT; exit 143' TERM
wanted >"$work/wanted"
missing=0
while read -r name bytes sum path <&3; do
    fetch_one "$name" "$bytes" "$sum" "$path" || missing=1
done 3<"$work/wanted"
if [ $missing -ne 0 ]; then
    by_hand
    exit 1
fi
say "all files are in $models; next: make lesson-19"
