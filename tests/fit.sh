# fit.sh: no line that a script prints is wider than the terminal, down to 40 columns (the C programs:
# lib/show/term_fit.h). Scripts and the Makefile source it.
#
#   tell TEXT...   like echo
#   fit            copies stdin to stdout
#
# Both change a text only where stdout is a terminal; with >&2 where stderr is one. A line is broken at spaces, in a
# table rather between two cells, and goes on where it began, in a table two columns to the right. A longer word is cut,
# but not one with a slash: a path or an address is copied as a whole.
#
# Here is also what else every script does: it answers --version, and `cd` goes where it says.
# shellcheck shell=sh
unset CDPATH
if [ -f "${0%/*}/../VERSION" ]; then
    case " $* " in
    *' --version '*)
        echo "${0##*/} (CLIP from scratch) $(cat "${0%/*}/../VERSION")"
        exit 0
        ;;
    esac
fi

# fit_columns: sets `columns` to the width of the terminal that stdout is. Status 1: it is none.
fit_columns() {
    [ -t 1 ] || return 1
    { columns=$(stty size <&3 2>/dev/null); } 3>&1
    columns=${columns#* }
    case $columns in '' | 0* | *[!0-9]* | ?????*) columns=${COLUMNS:-80} ;; esac
    case $columns in '' | 0* | *[!0-9]* | ?????*) columns=80 ;; esac
    [ "$columns" -ge 20 ] || columns=20
}

# fold_to COLUMNS: breaks the lines of stdin.
fold_to() {
    LC_ALL=C awk -v width="$1" '
        # Escape codes and the later bytes of a UTF-8 character have no column.
        function columns_of(s) {
            gsub(/\033\[[0-9;]*[A-Za-z]/, "", s)
            gsub(/[\200-\277]/, "", s)
            return length(s)
        }
        function spaces(n) { return sprintf("%" n "s", "") }
        # Prints the line so far, of a table up to the last gap between two cells, and begins the next one.
        function next_line() {
            rest = ""
            if (cell && columns_of(substr(out, 1, cell)) > width / 3) {
                rest = substr(out, cell + 1)
                out = substr(out, 1, cell)
                sub(/^ +/, "", rest)
            }
            print out
            out = (after ? spaces(after) : "") rest
            cell = 0
            begun = rest != ""
        }
        columns_of($0) <= width { print; next }
        {
            match($0, /^ */)
            indent = RLENGTH
            row = substr($0, indent + 1) ~ /[^ ]  +[^ ]/
            after = (indent < width / 10 ? indent : int(width / 10)) + (row ? 2 : 0)
            out = indent ? spaces(indent) : ""
            text = substr($0, indent + 1)
            cell = begun = 0
            while (match(text, /[^ ]+/)) {
                gap = begun ? substr(text, 1, RSTART - 1) : ""
                word = substr(text, RSTART, RLENGTH)
                text = substr(text, RSTART + RLENGTH)
                if (begun && columns_of(out gap word) > width) {
                    next_line()
                    gap = begun ? " " : ""
                }
                if (begun && columns_of(out gap word) > width) {
                    next_line()
                    gap = ""
                }
                if (row && length(gap) > 1) cell = length(out)
                while (word !~ /\// && columns_of(out gap word) > width && columns_of(out) < width) {
                    part = width - columns_of(out)
                    print out substr(word, 1, part)
                    word = substr(word, part + 1)
                    out = after ? spaces(after) : ""
                }
                out = out gap word
                begun = 1
            }
            print out
        }'
}

fit() { if fit_columns; then fold_to "$columns"; else cat; fi; }

tell() {
    if [ -t 1 ]; then printf '%s\n' "$*" | fit; else printf '%s\n' "$*"; fi
}
