# links.sh: where a script writes when its output is a symbolic link: the link stays, the file it leads to is replaced.
# Sourced by scripts that write files (the C programs: OutFile in lib/core/file.h).
# shellcheck shell=sh

# link_target PATH: sets `target` to the file that PATH leads to, which need not exist. Status 1, with the reason in
# `why`, for a folder, a device or a pipe, for links that lead in a circle, and where the target's folder is missing.
link_target() {
    target=$1 links=0
    while [ -h "$target" ]; do
        links=$((links + 1))
        to=$(ls -ld "$target") && to=${to#*"$target -> "} || return 1 # readlink is not everywhere
        case $to in
        /*) target=$to ;;
        *) case $target in */*) target=${target%/*}/$to ;; *) target=$to ;; esac ;;
        esac
        if [ $links -gt 40 ]; then
            why="the symbolic links lead in a circle, or are more than 40; remove one of them"
            return 1
        fi
    done
    why="this is a folder, not a file"
    [ ! -d "$target" ] || return 1
    why="this is a device or a pipe, not a file"
    [ ! -e "$target" ] || [ -f "$target" ] || return 1
    why="No such file or directory: $target"
    case $target in */*) [ -d "${target%/*}/" ] ;; esac
}

# put_file TO: writes stdin to a temporary file beside the target of TO, and renames it. If that fails, TO stays as it
# was, and the status is 1, with the reason in `why`.
put_file() {
    link_target "$1" || return 1
    # In a shell of its own: the message of a redirection that fails, too, is the reason.
    why=$({ (cat >"$target.$$.tmp") && mv -f "$target.$$.tmp" "$target"; } 2>&1) && return 0
    why=${why##*"$target"*.tmp: }
    rm -f "$target.$$.tmp"
    return 1
}
