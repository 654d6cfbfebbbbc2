#!/bin/sh
# pages.sh: compares the pages with the programs, with each other and with the glossary.
#
#   sh tests/pages.sh BUILD [FOLDER]        FOLDER: the folder of the Makefile; the current one if left out
#
# Every *.md
#   Each `make TARGET` and `build/NAME`, in backquotes or in a fence, is a target of the Makefile; NN is any two digits.
#   Each relative link leads to a file or folder; a link to GLOSSARY.md#TERM leads to a heading of the glossary.
# Every lesson
#   There is a README.md, and an expected.txt (compared by `make check`; expected-long.txt: by `make check-dev`) or
#   results*.txt (of longer runs), or both.
#   The command after "next:" in them is a target. Each line in a ```text fence of README.md is a line of them
#   (build/expect --each).
#   "**Time** N minutes: R to read, P for the program.": R is the number of words of the page / 200, within one minute;
#   N is R plus the minutes of P, rounded. The same paragraph says **Before**, and its lessons have smaller numbers.
# lessons/GLOSSARY.md
#   The terms are in alphabetical order. Each has a text and ends with "First used in [NN](...)". That page links to the
#   term, and no page of a lesson with a smaller number does (00, the overview, does not count).
# TEACHING.md
#   In the table of lessons the minutes to read are the number of words of the page / 200, within one minute. Every
#   lesson has a row, and the lessons in its last column have smaller numbers.
# The last line is "pages: N passed, N failed"; every page counts one, and every lesson one.

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
        if (name ~ /GLOSSARY\.md#/) said("term", substr(name, index(name, "#") + 1))
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

# named PAGE ONLY_NEXT: reports every target and link of the file PAGE that does not exist.
named() {
    awk -v only_next="$2" -f "$work/named.awk" "$1" >"$work/named"
    while read -r line kind name; do
        case $kind in
        link) [ -e "$(dirname "$1")/$name" ] || problem "$1:$line: the link to $name leads nowhere" ;;
        term) grep -qx -e "$name" "$work/terms" || problem "$1:$line: lessons/GLOSSARY.md has no term #$name" ;;
        *)  pattern=$(echo "$name" | sed 's/[.+]/\\&/g; s/NN/[0-9][0-9]/g')
            grep -Eqx -e "$pattern" "$work/targets" || problem "$1:$line: the Makefile has no target $name" ;;
        esac
    done <"$work/named"
}

# minutes PAGE: the paragraph **Time** of a lesson's page.
minutes() {
    awk -v page="$1" -v own="$(basename "$(dirname "$1")")" '
        function problem(text) { print page ":" at ": " text; bad = 1 }
        { words += NF }
        /^\*\*Time\*\*/ { at = NR; inside = 1 }
        inside && NF { time = time " " $0 }
        !NF { inside = 0 }
        END {
            if (!at && own ~ /^[0-3]/) { at = 1; problem("**Time** is missing") } # harness.sh has lessons from 40
            if (!time) exit bad
            form = "[*][*]Time[*][*] [0-9]+ minutes?: [0-9]+ to read, [0-9]+ (second|minute)s? for the program[.]"
            if (!match(time, form)) {
                problem("the form is: **Time** N minutes: R to read, P seconds (or minutes) for the program.")
                exit bad
            }
            split(substr(time, RSTART, RLENGTH), word, " ")
            read = words / 200
            if (word[4] < read - 1 || word[4] > read + 1)
                problem(word[4] " minutes to read, but " words " words / 200 are " sprintf("%.1f", read))
            run = word[8] ~ /^minute/ ? word[7] : word[7] / 60
            if (word[2] != int(word[4] + run + 0.5))
                problem(word[2] " minutes are not " word[4] " and " word[7] " " word[8])
            if (time !~ /\*\*Before\*\* /) problem("**Before** is missing")
            sub(/.*\*\*Before\*\*/, "", time)
            while (match(time, /\[[0-9][0-9]\]/)) {
                lesson = substr(time, RSTART + 1, 2)
                time = substr(time, RSTART + RLENGTH)
                if (lesson >= substr(own, 1, 2)) problem("lesson " lesson " does not come before")
            }
            exit bad
        }' "$1" || bad=1
}

# glossary: checks lessons/GLOSSARY.md against the links of all lessons' pages.
glossary() {
    for page in lessons/[0-9][0-9]-*/README.md; do
        number=${page#lessons/}
        awk -v only_next='' -f "$work/named.awk" "$page" | awk -v n="${number%%-*}" '$2 == "term" { print n, $3 }'
    done >"$work/uses"
    awk '
        function problem(text) { print "lessons/GLOSSARY.md:" at[term] ": " term ": " text; bad = 1 }
        FILENAME != glossary { if ($1 != "00" && (!($2 in first) || $1 < first[$2])) first[$2] = $1; next }
        /^### / { name[++n] = tolower(substr($0, 5)); at[name[n]] = FNR; next }
        n { text[name[n]] = text[name[n]] " " $0 }
        END {
            for (i = 1; i <= n; i++) {
                term = name[i]
                slug = term
                gsub(/[^a-z0-9 _-]/, "", slug)
                gsub(/ /, "-", slug)
                if (i > 1 && name[i - 1] >= term) problem("is not in alphabetical order")
                if (!match(text[term], /First +used +in +\[[0-9][0-9]\]\([^)]*\)\. *$/)) {
                    problem("does not end with First used in [NN](...).")
                    continue
                }
                if (text[term] !~ /[^ ] +First/) problem("has no sentence")
                said = substr(text[term], RSTART)
                said = substr(said, index(said, "[") + 1, 2)
                if (!(slug in first)) problem("no page links to it")
                else if (first[slug] != said)
                    problem("says lesson " said ", but lesson " first[slug] " links to it first")
            }
            exit bad
        }' glossary=lessons/GLOSSARY.md "$work/uses" lessons/GLOSSARY.md || bad=1
}

# teaching: the table of lessons in TEACHING.md, "| [NN name](lessons/.../README.md) | minutes | seconds | before |".
teaching() {
    for page in lessons/[0-9][0-9]-*/README.md; do echo "words $page $(wc -w <"$page")"; done >"$work/words"
    awk '
        function problem(line, text) { print "TEACHING.md:" line ": " text; bad = 1 }
        $1 == "words" && FILENAME != "TEACHING.md" { words[$2] = $3; next }
        /^\| \[[0-9][0-9] / {
            split($0, cell, / *\| */)
            path = cell[2]
            sub(/.*\(/, "", path)
            sub(/\).*/, "", path)
            number = substr(cell[2], 2, 2)
            read = words[path] / 200
            if (cell[3] < read - 1 || cell[3] > read + 1)
                problem(FNR, cell[3] " minutes to read, but " words[path] " words / 200 are " sprintf("%.1f", read))
            count = split(cell[5], before, /[^0-9]+/)
            for (i = 1; i <= count; i++)
                if (before[i] != "" && before[i] >= number) problem(FNR, "lesson " before[i] " does not come before")
            seen[path] = 1
        }
        END {
            for (path in words) if (!(path in seen)) problem(0, "the table has no row for " path)
            exit bad
        }' "$work/words" TEACHING.md || bad=1
}

# lesson FOLDER: its files, its **Time**, and the excerpts in its page.
lesson() {
    [ -f "$1/README.md" ] || problem "$1/README.md: is missing"
    [ ! -f "$1/README.md" ] || minutes "$1/README.md"
    set -- "$1" "$1"/results*.txt
    [ -f "$1/expected.txt" ] || [ -f "$2" ] || problem "$1/expected.txt: is missing"
    [ $bad = 0 ] || return
    : >"$work/printed"
    for file in "$1"/expected*.txt "$1"/results*.txt; do
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
: >"$work/terms"
[ ! -f lessons/GLOSSARY.md ] || sed -n 's/^### //p' lessons/GLOSSARY.md | tr '[:upper:]' '[:lower:]' |
    sed 's/[^a-z0-9 _-]//g; s/ /-/g' >"$work/terms"
find . -name '.?*' -prune -o -path './build*' -prune -o -name '*.md' -print | sort >"$work/pages"
while read -r page; do
    bad=0
    named "${page#./}" ''
    count
done <"$work/pages"
if [ -f lessons/GLOSSARY.md ]; then
    bad=0
    glossary
    count
fi
if [ -f TEACHING.md ]; then
    bad=0
    teaching
    count
fi
for main in lessons/*/main.c; do
    [ -f "$main" ] || continue
    bad=0
    lesson "$(dirname "$main")"
    count
done
echo "pages: $passed passed, $failed failed"
[ $failed -eq 0 ]
