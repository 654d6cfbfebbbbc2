#!/bin/sh
# style.sh: checks the rules of layout (tests/tools/style.c, tests/names.txt, .clang-format).
#
#   sh tests/style.sh BUILD [FILE ...]       from the top folder; without FILEs: all C files
#
# First it breaks each rule once in a small file: the checker must find it. Without clang-format 14 that part is
# skipped. The last line is "style: N passed, N failed[, N skipped]".
build=${1:-build}
[ $# -eq 0 ] || shift
work=$(mktemp -d "${TMPDIR:-/tmp}/clip-style-XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
passed=0 failed=0 skipped=0
right() { passed=$((passed + 1)); }
wrong() {
    failed=$((failed + 1))
    echo "  FAILED  $1"
    sed 's/^/      /' "$work/out"
}

# finds WORDS CODE: the checker must find something in CODE and print WORDS.
finds() {
    printf '%b\n' "$2" >"$work/broken.c"
    "$build/style" tests/names.txt "$work/broken.c" >"$work/out" 2>&1
    if [ $? -eq 1 ] && grep -q -e "$1" "$work/out"; then right; else wrong "not found: $1"; fi
}
# accepts CODE: the checker must find nothing.
accepts() {
    printf '%b\n' "$1" >"$work/good.c"
    if "$build/style" tests/names.txt "$work/good.c" >"$work/out" 2>&1; then right
    else wrong "a finding in correct code"; fi
}
long=$(awk 'BEGIN { while (n++ < 121) printf "x" }')
finds '120 columns' "/* $long */"
finds 'more than 60 lines' "int f(void) {\n$(awk 'BEGIN { while (n++ < 59) printf "\\n" }')}"
finds 'not used here: tally' 'int tally;'
finds 'comma between' 'int f(int a, int b) {\n    a = 1, b = 2;\n    return a + b;\n}'
finds 'comma between' 'int f(int *a) {\n    return g(a), 0;\n}'
finds 'inside a return' 'int f(int *a) {\n    return *a = 1;\n}'
finds 'inside a condition' 'int f(int a) {\n    if ((a = g())) return 1;\n    return 0;\n}'
finds 'inside a condition or an argument' 'int f(int a) {\n    return g(a = 1);\n}'
accepts '/* tally, a = 1, b = 2; */\nint f(int a, int b) {\n    const char *s = "tally = 1, 2";
    for (int i = 0, j = 1; i < j; i++, j--)
        g(i, j);
    Point p = (Point){ .x = a, .y = b }, q = { a, b };
    g((Point){ .x = 1 }, q, p, s);\n    return a == b ? a : b;\n}'

[ $# -gt 0 ] || set -- lib/*/*.[ch] lessons/*/*.[ch] data/*.c tests/*.[ch] tests/tools/*.c tests/bench/*.[ch] tests/fuzz/*.[ch] \
    tests/exercises/*.[ch] exercises/*.h exercises/mine.c exercises/original/*.c solutions/*.c
for file do # a folder such as solutions/ may be missing
    shift
    [ ! -f "$file" ] || set -- "$@" "$file"
done
if "$build/style" tests/names.txt "$@" >"$work/out" 2>&1; then right; else wrong 'rules of layout'; fi

if clang-format --version 2>/dev/null | grep -q 'version 14'; then
    for file do
        clang-format "$file" | cmp -s - "$file" || echo "$file: make format changes it"
    done >"$work/out"
    if [ -s "$work/out" ]; then wrong '.clang-format'; else right; fi
else
    skipped=$((skipped + 1))
    echo '  skipped: clang-format 14 is not installed'
fi
if [ $skipped -gt 0 ]; then echo "style: $passed passed, $failed failed, $skipped skipped"
else echo "style: $passed passed, $failed failed"; fi
[ $failed -eq 0 ]
