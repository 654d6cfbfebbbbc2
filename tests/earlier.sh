# earlier.sh: checks of hours go on where they were stopped. For check-all.sh and elsewhere.sh, which run it by `.` in
# the top folder.

# tree_sum: prints a word that changes with any file of the project; pages (*.md) do not count.
tree_sum() {
    sh tests/manifest.sh -co --exclude-standard | grep -v '\.md$' | LC_ALL=C sort | xargs cksum 2>/dev/null | cksum |
        tr ' ' .
}

# passed_earlier FILE WORDS: whether keep_passed was called with the same words; what it kept is printed.
passed_earlier() { [ -f "$1" ] && [ "$(sed 1q "$1")" = "$2" ] && sed 1d "$1"; }

# keep_passed FILE WORDS RESULT
keep_passed() { printf '%s\n%s\n' "$2" "$3" >"$1.new" && mv -f "$1.new" "$1"; }
