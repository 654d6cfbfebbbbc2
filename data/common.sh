# common.sh: what the scripts that fetch share. They set
#   label   what their lines begin with
#   work    a folder that is this run's alone; it goes whatever happens (kill -9 aside: then the next run removes it)
# and define by_hand, which says what to do instead. Then they source this file.
# shellcheck shell=sh disable=SC2154 # label and work are theirs

child=

say() { printf '%s: %s\n' "$label" "$*"; }

has() { command -v "$1" >/dev/null 2>&1; }

# shellcheck disable=SC2317 # called by a trap
clean_up() {
    trap '' HUP INT QUIT TERM
    [ -z "$child" ] || kill "$child" 2>/dev/null
    [ -z "$child" ] || wait "$child" 2>/dev/null
    rm -rf "$work"
}

# A child in the background and a wait: so that a signal is acted upon now, and not when the child has ended.
run() {
    "$@" &
    child=$!
    wait "$child"
    status=$?
    child=
    return $status
}

lock() {
    if ! mkdir "$work" 2>/dev/null; then
        other=$(cat "$work/process" 2>/dev/null)
        if [ -n "$other" ] && kill -0 "$other" 2>/dev/null; then
            say "another fetch is at work (process $other); wait for it, or remove $work" >&2
            exit 1
        fi
        rm -rf "$work"
        if ! mkdir "$work"; then
            by_hand
            exit 1
        fi
    fi
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 131' QUIT
    trap 'exit 143' TERM
    if ! echo $$ >"$work/process"; then
        by_hand
        exit 1
    fi
}
