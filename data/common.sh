# common.sh: functions that fetch.sh, pretrained.sh and photos.sh share. A script sets
#   label   the first word of each of its messages
#   data    the folder with the scripts
#   work    a folder of this run only; it is removed at the end, also after a signal (after kill -9 by the next run)
# and defines by_hand, which prints how to get the files without the script. Then it sources this file, which sets
#   tools   the folder with the programs, the script's first argument
# shellcheck shell=sh disable=SC2154,SC2034 # label and work are theirs, tools is for them

child=

# shellcheck source=tests/fit.sh
. "$data/../tests/fit.sh"
tools=$(cd "${1:-build}" && pwd) || exit 1

say() { tell "$label: $*"; }

has() { command -v "$1" >/dev/null 2>&1; }

# family PROCESS: prints the process and all its descendants, because npm and tar start other processes. Without ps it
# prints the process alone.
# shellcheck disable=SC2317
family() {
    echo "$1"
    ps -A -o pid= -o ppid= 2>/dev/null | awk -v top="$1" '{ parent[$1] = $2 }
        END {
            for (p in parent) {
                q = parent[p]
                while (q in parent && q != top) q = parent[q]
                if (q == top) print p
            }
        }'
}

# shellcheck disable=SC2317 # called by a trap
clean_up() {
    trap '' HUP INT QUIT TERM
    # shellcheck disable=SC2046 # one word a process
    [ -z "$child" ] || kill $(family "$child") 2>/dev/null
    [ -z "$child" ] || wait "$child" 2>/dev/null
    rm -rf "$work"
}

# run COMMAND...: runs it in the background and waits. A trap then runs at once; with a command in the foreground the
# shell would run it only after the command has ended.
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
