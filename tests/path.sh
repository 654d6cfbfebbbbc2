#!/bin/sh
# path.sh: checks the evening path of lib/README.md: its files and line ranges hold the functions it names.
#
#   sh tests/path.sh BUILD            from the top folder; the last line is "path: N passed, N failed"
#   sh tests/path.sh BUILD update     writes the line ranges again after code has moved
#
# A row of the path is "| N | [FILE](FILE) | FIRST-LAST | `name`, `name` | what to look for |". Each name must be
# defined in these lines of lib/FILE: a line that begins in its first column has the name, and the definition ends
# before LAST. The path has 15 to 24 rows and at most 1,800 lines in all.
page=lib/README.md
work=$(mktemp -d "${TMPDIR:-/tmp}/clip-path-XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

cat >"$work/path.awk" <<'AWK'
# range FILE NAMES: sets first and last: the comment above the first definition, and the end of the last.
function range(file, names,   n, i, line, text, begun, want, count, words, found, open) {
    first = last = 0; missing = ""
    count = split(names, want, /, */)
    for (i = 1; i <= count; i++) { gsub(/[` ]/, "", want[i]); found[want[i]] = 0 }
    begun = 0; open = 0
    split("", defined_at)
    while ((getline text < file) > 0) {
        line++
        if (text ~ /^\/\*/) begun = line
        if (text ~ /^[A-Za-z}]/) {
            for (i = 1; i <= count; i++)
                if (match(" " text, "[^A-Za-z0-9_]" want[i] "([^A-Za-z0-9_]|$)") && text !~ /^#/) {
                    if (defined_at[want[i]]) continue
                    if (!first) first = begun ? begun : line
                    found[want[i]] = line
                    last = line
                    open = text !~ /;[ \t]*(\/\*.*)?$/ && text !~ /\}[ \t]*(\/\*.*)?$/
                    if (open || text ~ /\}[ \t]*(\/\*.*)?$/) defined_at[want[i]] = line
                }
        }
        if (open && text ~ /^\}/ && line > last) { last = line; open = 0 }
        if (text == "") begun = 0
    }
    close(file)
    for (i = 1; i <= count; i++) if (!found[want[i]]) missing = missing " " want[i]
}
function row(   part) {
    split($0, part, /[ \t]*\|[ \t]*/)
    file = part[3]; sub(/^\[`?/, "", file); sub(/`?\].*/, "", file)
    from = to = part[4]; sub(/-.*/, "", from); sub(/.*-/, "", to)
    names = part[5]
    range("lib/" file, names)
    return part[4]
}
/^\| [0-9]+ \| \[/ {
    was = row(); rows++
    if (update) { sub(/\| [0-9]+-[0-9]+ \|/, "| " first "-" last " |"); print; next }
    total += to - from + 1
    if (missing != "") { print "  FAILED  " page ":" FNR ": lib/" file " does not define" missing; bad++ }
    else if (first < from + 0 || last > to + 0) {
        print "  FAILED  " page ":" FNR ": lib/" file ": the row says " was ", but " names " is in " first "-" last
        bad++
    } else good++
    next
}
update { print }
END {
    if (update) exit
    if (rows < 15 || rows > 24) { print "  FAILED  the path has " rows " rows, want 15 to 24"; bad++ }
    else good++
    if (total > 1800) { print "  FAILED  the path has " total " lines, want at most 1,800"; bad++ }
    else good++
    printf "path: %d passed, %d failed\n", good, bad
    exit bad > 0
}
AWK
if [ "$2" = update ]; then
    awk -v update=1 -v page="$page" -f "$work/path.awk" "$page" >"$work/new" && cat "$work/new" >"$page"
else
    awk -v page="$page" -f "$work/path.awk" "$page"
fi
