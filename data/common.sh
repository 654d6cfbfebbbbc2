# common.sh: what the scripts that fetch share. They set
#   label   what their lines begin with
#   work    a folder that is this run's alone; it goes whatever happens (kill -9 aside: then the next run removes it)
# and define by_hand, which says what to do instead. Then they source this file.
# shellcheck shell=sh disable=SC2154 # label and work are theirs

child=

say() { printf '%s: %s\n' "$label" "$*"; }

has() { command -v "$1" >/dev/null 2>&1; }

# family PROCESS: it and all that it started, and what these started: npm and tar do not do everything themselves.
# Where ps cannot be had, it alone.
# shellcheck disable=SC2317
family() {
    echo "$1"
    ps -A -o pid= -o ppid= 2>/dev/null | awk -v top="$1" '{ parent[$1] = $2 }
        END { for (p in parent) { q = parent[p]; while (q in parent && q != top) q = parent[q]; if (q == top) print p } }'
}

# shellcheck disable=SC2317 # called by a trap
clean_up() {
    trap '' HUP INT QUIT TERM
    # shellcheck disable=SC2046 # one word a process
    [ -z "$child" ] || kill $(family "$child") 2>/dev/null
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
