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
data=$(cd "$(dirname "$0")" && pwd) || exit 1
tools=$(cd "${1:-build}" && pwd) || exit 1
models=${CLIP_MODELS:-$data/models}
work=$data/.pretrained
# shellcheck disable=SC2034 # for common.sh
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
    } | sed 's/(- bytes)/(half a megabyte)/' >&2
}

# shellcheck source=data/common.sh
. "$data/common.sh"

size_of() { if [ -f "$1" ]; then wc -c <"$1" | tr -d ' '; else echo 0; fi; }

# Prints the recorded sum of a name, or nothing.
recorded() { [ ! -f "$models/SHA256SUMS" ] || awk -v name="$1" '$2 == name { print $1; exit }' "$models/SHA256SUMS"; }

# verify FILE NAME BYTES SUM: is it the published file? Prints the result. An unknown sum is recorded.
verify() {
    have=$(size_of "$1")
    if [ "$3" != - ] && [ "$have" -ne "$3" ]; then
        say "refused: $2 has $have bytes, $3 were wanted" >&2
        return 1
    fi
    [ "$have" -le 100000000 ] || say "computing the SHA-256 sum of $2"
    run "$tools/sha256" "$1" >"$work/sum" || return 1
    sum=$(cut -c 1-64 "$work/sum")
    known=$4
    [ "$known" != - ] || known=$(recorded "$2")
    if [ -z "$known" ]; then
        say "$2: $have bytes, SHA-256 $sum;"
        say "no second source confirms this sum: recorded in $models/SHA256SUMS, and checked from now on"
        echo "$sum  $2" >>"$models/SHA256SUMS"
    elif [ "$sum" != "$known" ]; then
        say "refused: the SHA-256 sum of $2 is $sum, $known was wanted" >&2
        return 1
    else
        say "$2: $have bytes, the SHA-256 sum is right"
    fi
}

# download URL FILE MAX: resumes at the end of FILE. Status 33: the server cannot resume; 22: it has no such file. Gives
# up without an answer for 12 s, or below 1 kB/s for 20 s.
download() {
    if has curl; then
        set -- "$1" "$2" --max-filesize "$3"
        [ ! -s "$2" ] || set -- "$@" --continue-at -
        address=$1 file=$2
        shift 2
        run curl -fL --progress-bar --connect-timeout 12 --speed-limit 1000 --speed-time 20 "$@" -o "$file" "$address"
    else
        run wget -c -t 1 -T 12 -O "$2" "$1"
        status=$?
        [ $status -ne 8 ] || return 22
        return $status
    fi
}

# fetch_part URL PART BYTES: downloads until PART is complete. It tries again as long as PART grows.
fetch_part() {
    stalls=0 fresh=0
    while :; do
        have=$(size_of "$2")
        if [ "$3" != - ] && [ "$have" -gt "$3" ]; then rm -f "$2"; have=0; fi
        if [ "$3" != - ] && [ "$have" -eq "$3" ]; then return 0; fi
        [ "$have" -gt 0 ] || fresh=1
        if [ "$3" = - ]; then most=$small; else most=$(($3 - have)); fi
        [ "$have" -eq 0 ] || say "going on after $have bytes"
        download "$1" "$2" "$most"
        status=$?
        now=$(size_of "$2")
        case $status in
        0) return 0 ;;
        6 | 7 | 22) return 1 ;;              # no server, no such file
        63) [ "$have" -gt 0 ] || return 1 ;; # too large, or the whole file instead of the rest
        esac
        if [ "$now" -gt "$have" ]; then stalls=0; else stalls=$((stalls + 1)); fi
        [ $stalls -lt 4 ] && { [ $stalls -lt 2 ] || [ "$now" -gt 0 ]; } || return 1
        if [ "$have" -gt 0 ] && { [ $status -eq 33 ] || [ $status -eq 63 ] || [ $stalls -eq 2 ]; }; then
            say "this server cannot resume a download; beginning again"
            rm -f "$2"
        fi
        run sleep 1
    done
}

# enough_room PATH BYTES
enough_room() {
    free=$(df -Pk "$1" 2>/dev/null | awk 'NR == 2 { print $4 }')
    case $free in '' | *[!0-9]*) return 0 ;; esac
    [ "$free" -ge $(($2 / 1024)) ] || {
        say "$1 has $free kB free, $(($2 / 1024)) kB are wanted" >&2
        return 1
    }
}

# fetch_one NAME BYTES SUM PATH
fetch_one() {
    target=$models/$1 part=$models/$1.part
    if [ -f "$target" ]; then
        verify "$target" "$1" "$2" "$3" && return 0
        say "move $target away, or replace it" >&2
        return 1
    fi
    if ! has curl && ! has wget; then
        say "curl and wget are not installed" >&2
        return 1
    fi
    [ "$2" = - ] && rm -f "$part" # without a size there is no way to resume
    [ "$2" = - ] || enough_room "$models" $(($2 - $(size_of "$part"))) || return 1
    for try in first second; do
        say "downloading $url/$4${2:+ ($2 bytes)}" | sed 's/ (- bytes)//'
        fetch_part "$url/$4" "$part" "$2" || { [ -s "$part" ] || rm -f "$part"; return 1; }
        if verify "$part" "$1" "$2" "$3"; then
            mv -f "$part" "$target"
            return
        fi
        rm -f "$part"
        [ $fresh -eq 0 ] || return 1 # the whole file came in this run: a second try would give the same
        [ $try = second ] || say "the part of an earlier download may be wrong; beginning again"
    done
    return 1
}

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
