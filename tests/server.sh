# server.sh: what the tests of the download scripts share: build/web as a server on 127.0.0.1, what was said and asked.
# A script sets
#   tools   the folder with web
#   root    a temporary folder, removed at the end
#   web     the folder that is served, before serve
# shellcheck shell=sh disable=SC2154,SC2034 # set by the script, or for it

server='' sleeper=''
clean_up() {
    [ -z "$server" ] || kill "$server" 2>/dev/null
    [ -z "$sleeper" ] || kill "$sleeper" 2>/dev/null
    rm -rf "$root"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

serve() { # OPTIONS: starts the server; sets port
    [ -z "$server" ] || { kill "$server"; wait "$server"; } 2>/dev/null
    : >"$root/port"
    "$tools/web" "$@" "$web" >"$root/port" 2>"$root/log" &
    server=$!
    tries=0
    while [ ! -s "$root/port" ] && [ $tries -lt 100 ]; do
        sleep 0.1 2>/dev/null || sleep 1
        tries=$((tries + 1))
    done
    port=$(cat "$root/port")
}

said() { grep -q -- "$1" "$root/out" || { echo "    \"$1\" was not printed"; return 1; }; }
asked() { grep -q "$1" "$root/log" || { echo "    the server was not asked for $1"; return 1; }; }
