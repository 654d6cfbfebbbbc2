#!/bin/sh
# pages.sh: do the pages say what the programs do?
#
#   sh tests/pages.sh BUILD [FOLDER]        FOLDER: where the Makefile is; this one if left out
#
# For every *.md
#   each `make TARGET` and `build/NAME`, in backquotes or in a fence, is a target of the Makefile; NN stands for two digits
#   each relative link leads to something that is there
# For every lesson
#   README.md is there, and expected.txt (what `make check` sees) or results*.txt (of runs too long for that), or both;
#   what they call "next:" is a target, and each line in a ```text fence of README.md is in them (build/expect --each)
# The last line is "pages: N passed, N failed"; a page counts one.

expect=$1/expect
case $expect in /*) ;; *) expect=$PWD/$expect ;; esac
cd "${2:-.}" || exit 2
unset BUILD SAN MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL
LC_ALL=C
export LC_ALL
work=$(mktemp -d "${TMPDIR:-/tmp}/clip-pages-XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# All targets, from make's own list of its rules.
${MAKE:-make} -npq no-such-target 2>/dev/null | awk '
    /^# Not a target/ { getline; next }
    /^[^#\t%=:. ][^=:]*:($|[^=])/ { sub(/:.*/, ""); n = split($0, name, " "); for (i = 1; i <= n; i++) print name[i] }
' | sort -u >"$work/targets"

# page -> "LINE KIND NAME" for every command (make, build) and link it names.
cat >"$work/named.awk" <<'END'
function said(kind, name) { if (name != "") print FNR, kind, name }
function command(text,   piece, word, name, n, m, i, j) {
    gsub(/"[^"]*"/, "quoted", text)
    n = split(text, piece, /&&|;|\|/)
    for (i = 1; i <= n; i++) {
        sub(/^[ \t]*(\$ |next: )?[ \t]*/, "", piece[i])
        sub(/[ \t]#.*/, "", piece[i])
        if (piece[i] !~ /^make([ \t]|$)/) continue
        m = split(piece[i], word, /[ \t]+/)
        for (j = 2; j <= m; j++) if (word[j] !~ /^-|=|^[<>]/) said("make", word[j])
    }
    while (match(text, /(^|[^A-Za-z0-9_\/.-])(\.\/)?build\/[A-Za-z0-9_-]+[A-Za-z0-9._-]*/)) {
        name = substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
        sub(/.*build\//, "", name)
        sub(/[.]+$/, "", name)
        said("build", "build/" name)
    }
}
function links(text,   name) {
    while (match(text, /\]\([^)]*\)/)) {
        name = substr(text, RSTART + 2, RLENGTH - 3)
        text = substr(text, RSTART + RLENGTH)
        sub(/[ \t].*/, "", name)
        sub(/#.*/, "", name)
        if (name !~ /^[a-z]+:/) said("link", name)
    }
}
/^[ \t]*```/ { fence = !fence; next }
only_next { if (/^next: /) command($0); next }
fence { command($0); next }
{
    rest = $0
    plain = ""
    while (match(rest, /`[^`]+`/)) {
        plain = plain substr(rest, 1, RSTART - 1) "code"
        code = substr(rest, RSTART + 1, RLENGTH - 2)
        rest = substr(rest, RSTART + RLENGTH)
        command(code)
    }
    links(plain rest)
}
END

problem() {
    echo "$1"
    bad=1
}

# named PAGE SHOWN: complains about every name in the file PAGE that stands for nothing.
named() {
    awk -v only_next="$2" -f "$work/named.awk" "$1" >"$work/named"
    while read -r line kind name; do
        case $kind in
        link) [ -e "$(dirname "$1")/$name" ] || problem "$1:$line: the link to $name leads nowhere" ;;
        *)  pattern=$(echo "$name" | sed 's/[.+]/\\&/g; s/NN/[0-9][0-9]/g')
            grep -Eqx -e "$pattern" "$work/targets" || problem "$1:$line: the Makefile has no target $name" ;;
        esac
    done <"$work/named"
}

# lesson FOLDER: the excerpts of its page.
lesson() {
    [ -f "$1/README.md" ] || problem "$1/README.md: is missing"
    set -- "$1" "$1"/results*.txt
    [ -f "$1/expected.txt" ] || [ -f "$2" ] || problem "$1/expected.txt: is missing"
    [ $bad = 0 ] || return
    : >"$work/printed"
    for file in "$1/expected.txt" "$1"/results*.txt; do
        [ -f "$file" ] || continue
        named "$file" 1
        cat "$file" >>"$work/printed"
    done
    awk '/^```/ { text = !fence && /^```text *$/; fence = !fence; next } text' "$1/README.md" >"$work/excerpt"
    "$expect" --each "$work/printed" "$work/excerpt" >"$work/missing" || {
        bad=1
        sed "s|^$work/printed has no line|$1/README.md: the program does not print|" "$work/missing"
    }
}

passed=0 failed=0
count() { if [ $bad = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi; }
find . -name '.?*' -prune -o -path './build*' -prune -o -name '*.md' -print | sort >"$work/pages"
while read -r page; do
    bad=0
    named "${page#./}" ''
    count
done <"$work/pages"
for main in lessons/*/main.c; do
    [ -f "$main" ] || continue
    bad=0
    lesson "$(dirname "$main")"
    count
done
echo "pages: $passed passed, $failed failed"
[ $failed -eq 0 ]
