#!/bin/sh
# mutants.sh: breaks lib/ one line at a time; the tests must fail each time: make mutants.
#
#   sh tests/mutants.sh BUILD [NAME ...]      from the top folder; NAME: the mutants of lib/NAME.c, or NAME:LINE for one
#
# tests/mutants.txt lists the mutants and the tests that must fail. A mutant is made in a copy of this tree,
# BUILD/mutants/tree, which its own Makefile builds: first the named tests; if all of them pass, the rest of make check
# (REST=0: not even then). A crash is a failure, and so is a test that uses more than LIMIT processor seconds (30). A
# second run goes on where the first one stopped: a mutant that was found is not tried again until the mutant, its file
# or its tests change. The last line is "mutants: N passed, N failed". Passed are the mutants that a test found, and
# those that no test can find, for a reason in the list. Exit status 0 if nothing failed.
build=$1
shift
: "${LIMIT:=30}" "${MAKE:=make}" "${REST:=1}"
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL NAMES BUILD
home=$(pwd)
list=tests/mutants.txt
mkdir -p "$build/mutants/work" || exit 2
work=$(cd "$build/mutants" && pwd)
tree=$work/tree
results=$work/results
touch "$results"
# Plain -O1 with -march=native makes calls into libm crawl (tests/check.mk).
WORDS="OPT=-O2 CFLAGS="

fail() { echo "$*" >&2; exit 2; }

# The copy: all tracked and new files without built ones. It is made in $work/whole; the files that differ from it in
# the tree, also lines that a stopped run left broken, are then copied to the tree, newer than any object.
copy_tree() {
    sh tests/manifest.sh -co --exclude-standard |
        while read -r file; do [ ! -f "$file" ] || echo "$file"; done >"$work/files"
    rm -rf "$work/whole"
    mkdir -p "$work/whole" "$tree" && tar cf - -T "$work/files" | (cd "$work/whole" && tar xf -) || exit 2
    while read -r file; do
        cmp -s "$work/whole/$file" "$tree/$file" && continue
        mkdir -p "$(dirname "$tree/$file")" && cp "$work/whole/$file" "$tree/$file" || exit 2
    done <"$work/files"
    for file in "$tree"/lib/*/*.[ch] "$tree"/tests/test_*.c; do
        [ -f "$work/whole/${file#"$tree"/}" ] || rm -f "$file"
    done
    if [ -d data/cifar-10-batches-bin ] && [ ! -e "$tree/data/cifar-10-batches-bin" ]; then
        ln -s "$(cd data/cifar-10-batches-bin && pwd)" "$tree/data/cifar-10-batches-bin"
    fi
}

# read_list WORDS: prints the mutants, one a line: line, file, tests, reason, old, new, separated by \001. Reports
# mistakes in the list: each old line must be in its file exactly once, apart from its indentation.
read_list() {
    awk -v words="$1" '
        function wrong(what) { printf "%s:%d: %s\n", FILENAME, at, what >"/dev/stderr"; bad = 1 }
        function load(name,   text, n) {
            loaded[name] = 1
            while ((getline text <name) > 0) {
                sub(/^[ \t]+/, "", text)
                times[name, text]++
                place[name, text] = ++n
            }
            close(name)
        }
        function flush(   line, name, i, n, word, is) {
            if (file == "") return
            if (!(file in loaded)) load(file)
            if (old == "" || !has_new) wrong("a mutant needs a line - and a line +")
            else if (times[file, old] != 1) wrong("this line is not in " file " exactly once: " old)
            if (tests == "") wrong("no test is named")
            line = place[file, old]
            name = file; sub(/^.*\//, "", name); sub(/\.c$/, "", name)
            n = split(words, word, " ")
            is = n == 0
            for (i = 1; i <= n; i++) if (word[i] == name || word[i] == name ":" line) is = 1
            if (is) printf "%d\001%s\001%s\001%s\001%s\001%s\n", line, file, tests, reason, old, fresh
            file = ""
        }
        /^@ / {
            flush()
            at = FNR
            file = $2
            tests = $0
            sub(/^@ [^ ]* */, "", tests)
            old = fresh = reason = ""
            has_new = 0
            next
        }
        /^- / && file != "" { old = substr($0, 3); next }
        /^\+/ && file != "" { fresh = substr($0, 3); has_new = 1; next }
        /^= / && file != "" { reason = reason (reason == "" ? "" : " ") substr($0, 3); next }
        /^$/ || /^#/ { next }
        { at = FNR; wrong("a line must begin with @, -, +, = or #") }
        END { flush(); exit bad }' "$list"
}

break_line() {
    AT=$2 NEW=$3 awk '
        NR == ENVIRON["AT"] { match($0, /^[ \t]*/); print substr($0, 1, RLENGTH) ENVIRON["NEW"]; next }
        { print }' "$1"
}

mend() { cp "$home/$changed" "$tree/$changed"; }

# make_in TARGET...: builds in the copy.
make_in() { # shellcheck disable=SC2086 # words for make
    $MAKE -s -C "$tree" -j1 $WORDS "$@"
}

# mutant_test NAME: runs one test program with the limit.
mutant_test() { (
    cd "$tree" || exit 2
    # shellcheck disable=SC3045 # dash, bash, ksh and zsh have it
    ulimit -t "$LIMIT"
    CHECK_FIRST=1 CLIP_PLOTS=$work/work/plots CLIP_MODELS=$work/work/models \
        build/limit "$LIMIT" $((LIMIT * 20)) "$work/work/took" "build/test-$1" >"$work/work/out" 2>&1
); }

# mutant FILE TESTS: sets verdict (red: found, green: not found, broken: does not compile) and by. The copy already has
# the broken file.
mutant() {
    verdict=green by=
    targets=''
    for test in $2; do targets="$targets build/test-$test"; done
    # shellcheck disable=SC2086 # words
    if ! make_in $targets >"$work/work/made" 2>&1; then
        verdict=broken by=compiler
        return
    fi
    for test in $2; do
        if ! mutant_test "$test"; then
            verdict=red by=test-$test
            return
        fi
    done
    [ "$REST" = 0 ] && return
    if ! make_in check >"$work/work/check" 2>&1; then
        by=$(sed -n 's/.*FAILED[^ ]*  *\([^ ]*\).*/\1/p' "$work/work/check" | head -n 3 | tr '\n' ' ')
        verdict=red by="check: $by"
    fi
}

# A result "red" is kept while the mutant, its file and its tests are the same; "green" while nothing at all has
# changed.
key_red() {
    files=''
    for test in $2; do files="$files tests/test_$(echo "$test" | sed 's/-double$//; s/-/_/g').c"; done
    # shellcheck disable=SC2086 # words
    { echo "$3"; cat "$1" $files 2>/dev/null; } | cksum | tr ' ' .
}
key_green() { { echo "$1"; echo "$whole"; } | cksum | tr ' ' .; }

copy_tree
cd "$work/whole" || exit 2
home=$work/whole # later changes in the tree have no effect
read_list "$*" >"$work/work/todo" || fail "tests/mutants.txt has mistakes"
count=$(wc -l <"$work/work/todo" | tr -d ' ')
[ "$count" -gt 0 ] || fail "tests/mutants.txt has no mutant of $*"

echo "$count mutants; results go to $results"
named=$(cut -d "$(printf '\001')" -f 3 "$work/work/todo" | tr ' ' '\n' | sort -u)
targets=''
for test in $named; do targets="$targets build/test-$test"; done
# shellcheck disable=SC2086 # words
make_in build/limit build/expect $targets || fail "the copy in $tree does not build"
whole="whole.$(cat lib/*/*.[ch] tests/*.[ch] tests/*.sh | cksum | tr ' ' .)"
for test in $named; do
    grep -q "^$whole $test\$" "$results" && continue
    mutant_test "$test" || { tail -n 20 "$work/work/out"; fail "test-$test fails in the unchanged tree"; }
    echo "$whole $test" >>"$results"
done

changed=
n=0 passed=0 failed=0 asked=0 start=$(date +%s)
: >"$work/work/survivors"
while IFS=$(printf '\001') read -r line file tests reason old new; do
    n=$((n + 1))
    what="$file:$line"
    red=red.$(key_red "$file" "$tests" "$old $new")
    green=green.$(key_green "$old $new")
    if by=$(grep "^$red " "$results"); then
        verdict=red by=${by#* }
    elif grep -q "^$green " "$results"; then
        verdict=green by=
    else
        asked=$((asked + 1))
        [ -z "$changed" ] || [ "$changed" = "$file" ] || mend
        changed=$file
        break_line "$home/$file" "$line" "$new" >"$tree/$file" || exit 2
        mutant "$file" "$tests"
        case $verdict in
        red) echo "$red $by" >>"$results" ;;
        green) [ "$REST" = 0 ] || echo "$green survived" >>"$results" ;;
        esac
    fi
    left=$((asked > 0 ? (count - n) * ($(date +%s) - start) / asked : 0))
    printf '%3d of %d  %-28s %-8s %-24s %3d:%02d left\n' $n "$count" "$what" "$verdict" "$by" \
        $((left / 60)) $((left % 60))
    case $verdict in
    red)
        if [ -z "$reason" ]; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            echo "$what was found, but the list says that no test can find it" >>"$work/work/survivors"
        fi ;;
    green)
        if [ -n "$reason" ]; then
            passed=$((passed + 1))
            printf '%s survived, as explained: %s\n' "$what" "$reason" >>"$work/work/survivors"
        else
            failed=$((failed + 1))
            printf '%s SURVIVED\n  - %s\n  + %s\n' "$what" "$old" "$new" >>"$work/work/survivors"
        fi ;;
    broken)
        failed=$((failed + 1))
        { echo "$what does not compile:"; tail -n 5 "$work/work/made"; } >>"$work/work/survivors" ;;
    esac
done <"$work/work/todo"
[ -z "$changed" ] || mend

echo
cut -d "$(printf '\001')" -f 2 "$work/work/todo" | sort | uniq -c |
    awk '{ files++; n += $1 } END { printf "%d mutants in %d files of lib/\n", n, files }'
cat "$work/work/survivors"
echo "mutants: $passed passed, $failed failed"
[ $failed -eq 0 ]
