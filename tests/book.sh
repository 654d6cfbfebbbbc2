#!/bin/sh
# book.sh: writes all pages into one HTML file that needs no network, BUILD/book.html: make book. Formulas are MathML,
# pictures are inside the file, and a link to a page leads to that page in the book.
#
#   sh tests/book.sh BUILD            from the top folder; needs pandoc 2.17 or newer
#   sh tests/book.sh BUILD text       prints the Markdown that pandoc gets; needs no pandoc
#
# The order: README.md, the lessons, the glossary, the exercises, the guides to lib/ and its rooms, all other pages. A
# link to a file that is not a page keeps its text only. Exit status: 0 the book is written; 1 a page has a dead link,
# a picture is missing, a formula cannot be converted, or pandoc is not installed: stderr says which.
LC_ALL=C
export LC_ALL
build=${1:-build}
work=$(mktemp -d "${TMPDIR:-/tmp}/clip-book-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

fail() { echo "make book: $*" >&2; exit 1; }

# ---- the pages, in order --------------------------------------------------------------------------------------------

find . -name '.?*' -prune -o -path './build*' -prune -o -print | sed 's|^\./||' | sort >"$work/files"
{
    for page in README.md lessons/[0-9]*/README.md lessons/GLOSSARY.md exercises/README.md lib/README.md; do
        [ ! -f "$page" ] || echo "$page"
    done
    # The rooms as lib/README.md names them, then what is left.
    [ ! -f lib/README.md ] || sed -n 's|.*](\([a-z]*/README\.md\)).*|lib/\1|p' lib/README.md
    grep '^lib/.*\.md$' "$work/files"
    grep '\.md$' "$work/files"
} | awk '!seen[$0]++' | while read -r page; do [ ! -f "$page" ] || echo "$page"; done >"$work/pages"

# ---- one text of all pages ------------------------------------------------------------------------------------------

# PAGE.md -> Markdown in which headings have an id and links lead to ids. lessons/02-x/README.md has the id
# lessons-02-x, and its section "The loss" lessons-02-x--the-loss; GitHub makes the second half in the same way.
cat >"$work/join.awk" <<'AWK'
function page_id(path) {
    if (path == "README.md") return "start"
    sub(/\/README\.md$/, "", path)
    sub(/\.md$/, "", path)
    gsub(/[^A-Za-z0-9]/, "-", path)
    return tolower(path)
}
function section_id(heading) {
    heading = tolower(heading)
    gsub(/[^a-z0-9 _-]/, "", heading)
    gsub(/ /, "-", heading)
    return heading
}
# The path that a link of the page leads to, from the top folder; ".." if it leads out of it.
function resolve(folder, target,   part, n, i, depth, path) {
    n = split(folder "/" target, part, "/")
    for (i = 1; i <= n; i++) {
        if (part[i] == "" || part[i] == ".") continue
        if (part[i] != "..") { step[++depth] = part[i]; continue }
        if (--depth < 0) return ".."
    }
    path = ""
    for (i = 1; i <= depth; i++) path = path (i > 1 ? "/" : "") step[i]
    return path == "" ? "README.md" : path
}
# One paragraph, without its code: every [text](target) and ![text](target).
function links(text,   done, target, fragment, path, open) {
    done = ""
    while (match(text, /\]\([^() \t\n]*\)/)) {
        target = substr(text, RSTART + 2, RLENGTH - 3)
        done = done substr(text, 1, RSTART - 1)
        text = substr(text, RSTART + RLENGTH)
        open = opening(done)
        if (!open || target ~ /^[a-z]+:/) { done = done "](" target ")"; continue }
        fragment = target
        if (!sub(/^[^#]*#/, "", fragment)) fragment = ""
        sub(/#.*/, "", target)
        path = target == "" ? page : resolve(folder, target)
        if ((path "/README.md") in pages) path = path "/README.md"
        if (path in pages) done = done "](#" page_id(path) (fragment == "" ? "" : "--" fragment) ")"
        else if (!(path in files)) problem("the link to " target " leads nowhere")
        else if (substr(done, open - 1, 1) == "!") done = done "](" path ")"
        else done = substr(done, 1, open - 1) substr(done, open + 1)
    }
    return done text
}
# Where the bracket was opened that ends behind the text; 0 if nowhere.
function opening(text,   i, depth, c) {
    for (i = length(text); i > 0; i--) {
        c = substr(text, i, 1)
        if (c == "]") depth++
        if (c == "[" && depth-- == 0) return i
    }
    return 0
}
# Code is replaced by \001N\002 while links are looked for.
function paragraph(   text, done, n, i) {
    text = held
    held = ""
    n = 0
    done = ""
    while (match(text, /`[^`]+`/)) {
        code[++n] = substr(text, RSTART, RLENGTH)
        done = done substr(text, 1, RSTART - 1) "\001" n "\002"
        text = substr(text, RSTART + RLENGTH)
    }
    text = links(done text)
    for (i = 1; i <= n; i++) {
        match(text, "\001" i "\002")
        if (RSTART) text = substr(text, 1, RSTART - 1) code[i] substr(text, RSTART + RLENGTH)
    }
    printf "%s", text
}
function problem(what) {
    print "make book: " page ":" begun ": " what >"/dev/stderr"
    bad = 1
}
function heading(   marks, text, id) {
    marks = $0
    sub(/ .*/, "", marks)
    text = substr($0, length(marks) + 2)
    sub(/[ \t#]+$/, "", text)
    id = marks == "#" ? page_id(page) : page_id(page) "--" section_id(text)
    if (times[id]++) id = id "-" times[id] - 1
    held = marks " " text " {#" id "}\n"
    paragraph()
}
FILENAME == list { pages[$0] = 1; next }
FILENAME == all { files[$0] = 1; next }
FNR == 1 {
    if (held != "") paragraph()
    print "\n"
    page = FILENAME
    folder = page
    if (!sub(/\/[^\/]*$/, "", folder)) folder = ""
    fence = 0
}
/^[ \t]*```/ { if (!fence) paragraph(); fence = !fence; print; next }
fence { print; next }
/^#+ / { paragraph(); heading(); next }
/^[ \t]*$/ { paragraph(); print ""; next }
held == "" { begun = FNR }
{ held = held $0 "\n" }
END { paragraph(); exit bad }
AWK
join() {
    # shellcheck disable=SC2046 # the names of pages have no spaces
    awk -v list="$work/pages" -v all="$work/files" -f "$work/join.awk" "$work/pages" "$work/files" $(cat "$work/pages")
}
if [ "$2" = text ]; then
    join
    exit
fi

# ---- pandoc ---------------------------------------------------------------------------------------------------------

command -v pandoc >/dev/null 2>&1 ||
    fail "pandoc is needed for the book (Debian: apt install pandoc, macOS: brew install pandoc)"
join >"$work/book.md" || exit 1
cat >"$work/style.html" <<'END'
<style>
html { color-scheme: light dark; background: Canvas; color: CanvasText; }
body { font-family: system-ui, sans-serif; line-height: 1.5; max-width: 46rem; margin: 0 auto; padding: 1rem; }
h1 { border-top: 3px double; padding-top: 1.5rem; margin-top: 4rem; }
pre, table { overflow-x: auto; }
pre { padding: 0.6rem; border: 1px solid GrayText; border-radius: 4px; font-size: 0.85rem; line-height: 1.3; }
code { font-family: ui-monospace, monospace; }
table { border-collapse: collapse; display: block; }
td, th { border: 1px solid GrayText; padding: 0.2rem 0.5rem; text-align: left; vertical-align: top; }
img { max-width: 100%; height: auto; background: white; }
nav li { margin: 0.1rem 0; }
nav li li { font-size: 0.9rem; }
@media (min-width: 75rem) {
    nav#TOC { position: fixed; left: 0; top: 0; bottom: 0; width: 19rem; overflow-y: auto; padding: 0.5rem 1rem; }
    nav#TOC ul { padding-left: 1rem; }
    body { margin-left: max(22rem, calc(50vw - 23rem)); }
}
@media print { nav#TOC { position: static; } h1 { page-break-before: always; } }
</style>
END
# Newer versions of pandoc know --self-contained under another name.
inside=--self-contained
if pandoc --help | grep -q -e --embed-resources; then inside='--standalone --embed-resources'; fi
echo "making $build/book.html of $(wc -l <"$work/pages" | tr -d ' ') pages; a few seconds"
# shellcheck disable=SC2086 # one or two options
pandoc -f gfm+tex_math_dollars+attributes -t html5 --mathml $inside --toc --toc-depth=2 --no-highlight \
    -M pagetitle="CLIP from scratch, in C" -M lang=en -M toc-title=Contents -H "$work/style.html" \
    -o "$work/book.html" "$work/book.md" 2>"$work/err" || fail "pandoc: $(head -n 3 "$work/err")"
[ ! -s "$work/err" ] || fail "pandoc: $(head -n 3 "$work/err")"

# ---- is it whole? ---------------------------------------------------------------------------------------------------

# Every link inside leads to an id, every picture is inside, nothing is loaded from elsewhere.
awk '
    BEGIN { RS = "<" } # one tag a record
    function value(name) {
        if (!match($0, "[ \t\n]" name "=\"[^\"]*\"")) return ""
        return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4)
    }
    { id = value("id"); if (id != "") ids[id] = 1 }
    /^a[ \t\n]/ {
        to = value("href")
        if (to ~ /^#/) { links++; wanted[substr(to, 2)] = 1 }
        else if (to !~ /^[a-z]+:/) bad[to] = 1
    }
    /^img[ \t\n]/ { pictures++; if ($0 !~ /src="data:/) bad["picture " value("src")] = 1 }
    /^(script|link|iframe)[ \t\n>]/ { if (value("src") value("href") !~ /^(data:.*)?$/) bad[$0] = 1 }
    /^math[ \t\n]/ { formulas++ }
    END {
        for (to in wanted) if (!(to in ids)) bad["#" to] = 1
        for (to in bad) { print "make book: this leads nowhere: " to; failed = 1 }
        if (!failed) printf "%d links inside, %d formulas, %d pictures\n", links, formulas, pictures
        exit failed
    }' "$work/book.html" >"$work/verdict" || { cat "$work/verdict" >&2; exit 1; }
mkdir -p "$build" || exit 1
cp "$work/book.html" "$build/book.html.$$.tmp" && mv -f "$build/book.html.$$.tmp" "$build/book.html" || exit 1
echo "$build/book.html: $(wc -l <"$work/pages" | tr -d ' ') pages, $(cat "$work/verdict")"
