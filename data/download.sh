# download.sh: functions that pretrained.sh and photos.sh share: files that are fetched, verified and only then given
# their names. It needs common.sh. A script sets
#   url, folder   where the files come from, and where they go
#   tools         the folder with sha256
#   small         the most bytes of a file whose size is not known
#   agent         the name that servers are told, or nothing
# and defines genuine FILE NAME, which says (on stderr) why a file cannot be what was wanted.
# A sum that is not known beforehand ("-") is recorded in SHA256SUMS beside the files, with the size as a comment, at the
# first fetch, and checked from then on.
# shellcheck shell=sh disable=SC2154

size_of() { if [ -f "$1" ]; then wc -c <"$1" | tr -d ' '; else echo 0; fi; }

# Print the recorded sum of a name and its recorded size, or nothing.
recorded() {
    [ ! -f "$folder/SHA256SUMS" ] || awk -v name="$1" '$1 != "#" && $2 == name { print $1; exit }' "$folder/SHA256SUMS"
}
recorded_size() {
    [ ! -f "$folder/SHA256SUMS" ] || awk -v name="$1" '$1 == "#" && $2 == name { print $3; exit }' "$folder/SHA256SUMS"
}

# verify FILE NAME BYTES SUM: is it the published file? Prints the result. An unknown sum is recorded.
verify() {
    have=$(size_of "$1") size=$3
    [ "$size" != - ] || size=$(recorded_size "$2")
    if [ -n "$size" ] && [ "$have" -ne "$size" ]; then
        say "refused: $2 has $have bytes, $size were wanted" >&2
        return 1
    fi
    genuine "$1" "$2" || return 1
    [ "$have" -le 100000000 ] || say "computing the SHA-256 sum of $2"
    run "$tools/sha256" "$1" >"$work/sum" || return 1
    sum=$(cut -c 1-64 "$work/sum")
    known=$4
    [ "$known" != - ] || known=$(recorded "$2")
    if [ -z "$known" ]; then
        say "$2: $have bytes, SHA-256 $sum;"
        say "no second source confirms this sum: recorded in $folder/SHA256SUMS, and checked from now on"
        printf '# %s %s bytes\n%s  %s\n' "$2" "$have" "$sum" "$2" >>"$folder/SHA256SUMS"
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
        [ -z "$agent" ] || set -- "$@" --user-agent "$agent"
        run curl -fL --progress-bar --connect-timeout 12 --speed-limit 1000 --speed-time 20 "$@" -o "$file" "$address"
    else
        run wget ${agent:+--user-agent="$agent"} -c -t 1 -T 12 -O "$2" "$1"
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
    target=$folder/$1 part=$folder/$1.part
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
    [ "$2" = - ] || enough_room "$folder" $(($2 - $(size_of "$part"))) || return 1
    for try in first second; do
        if [ "$2" = - ]; then say "downloading $url/$4"; else say "downloading $url/$4 ($2 bytes)"; fi
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
