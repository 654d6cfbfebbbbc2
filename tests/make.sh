#!/bin/sh
# make.sh: tests the Makefile.
#
#   sh tests/make.sh BUILD              from the top folder
#
#   after a change it makes again what depends on it and nothing else: headers, flags, compiler, new and removed files
#   two makes at once in one tree work; the environment changes nothing
#   for a misspelt target it names the target that was probably meant
#   it uses no feature that GNU make 3.81 lacks
# The last line is "make: N passed, N failed".
# shellcheck disable=SC2016 # texts in quotes
LC_ALL=C NO_COLOR=1
export LC_ALL NO_COLOR
unset BUILD SAN MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL CFLAGS CPPFLAGS LDFLAGS OPT ARCH NAMES
work=$(mktemp -d "${TMPDIR:-/tmp}/clip-make-XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
build=${1:-build}
passed=0 failed=0
: "${MAKE:=make}" "${CC:=cc}"

check() { # check WHAT COMMAND...
    what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "  FAILED  $what"
        tail -n 40 "$work/out" 2>/dev/null | sed 's/^/      /'
    fi
}

# ---- what is made again ---------------------------------------------------------------------------------------------

# The Makefile in a project of four small files, in a path with spaces.
toy="$work/a toy"
mkdir -p "$toy/lib/core" "$toy/tests/tools"
cp Makefile "$toy/"
cp tests/*.mk tests/fit.sh tests/flags.sh tests/no-target.sh tests/clean.sh "$toy/tests/"
echo 'int one(void);' >"$toy/lib/core/one.h"
printf '#include "core/one.h"\nint one(void) { return 1; }\n' >"$toy/lib/core/one.c"
echo 'extern int two; int two = 2;' >"$toy/lib/core/two.c"
printf '#include "core/one.h"\nint main(void) { return one() - 1; }\n' >"$toy/tests/tools/tool.c"

# made N WORDS: make WORDS must compile N files. BUILD of the small project is b.
made() {
    want=$1
    shift
    (cd "$toy" && $MAKE -j2 BUILD=b OPT=-O0 "$@" b/tool b/libclip.a) >"$work/out" 2>&1 || return 1
    got=$(grep -c '^  compile ' "$work/out")
    [ "$got" -eq "$want" ] || { echo "compiled $got files, not $want" >>"$work/out"; return 1; }
}

check "the first time everything is made" made 3
check "the second time nothing is" made 0
check "nor archived or linked" [ "$(grep -c '^  [a-z]* *[^ ]*/' "$work/out")" -eq 0 ]
check "BUILD with a space is refused" eval '! (cd "$toy" && $MAKE BUILD="$work/x y" all) >"$work/out" 2>&1'
check "in one line" [ "$(wc -l <"$work/out")" -eq 1 ]
check "that says why" grep -q 'folder whose name is empty or has spaces' "$work/out"
sleep 1 # some file systems know whole seconds only
touch "$toy/lib/core/one.h"
check "a header was changed: what includes it is made" made 2
check "once" made 0
check "another flag: everything is made" made 3 CFLAGS=-DOTHER
check "the same flag: nothing is" made 0 CFLAGS=-DOTHER
check "a flag with quotes and spaces" made 3 "CFLAGS='-DWORDS=\"a b\"'"
check "no flag again: everything is made" made 3
check "another compiler: everything is made" made 3 "CC=$CC -DX"
made 3 >/dev/null
sleep 1
rm "$toy/lib/core/two.c"
check "a file went: nothing is compiled" made 0
check "and the library is without it" [ "$(ar t "$toy/b/libclip.a" | grep -c '\.o$')" -eq 1 ]
echo 'extern int three; int three = 3;' >"$toy/lib/core/three.c"
check "a file came: it is made" made 1
mkdir "$toy/b/desk"
check "make clean leaves what a student made" \
    eval '(cd "$toy" && $MAKE BUILD=b clean >"$work/out" 2>&1) && [ "$(ls "$toy/b")" = "desk
made-with" ]'
check "and says so" grep -q 'These stay, because you made them: b/desk' "$work/out"
rmdir "$toy/b/desk"
check "or nothing" eval '(cd "$toy" && $MAKE BUILD=b clean >"$work/out" 2>&1) && [ ! -e "$toy/b" ]'
mkdir "$toy/papers" && echo thesis >"$toy/papers/thesis"
check "a folder that make did not make stays" eval '! (cd "$toy" && $MAKE BUILD=papers clean) >"$work/out" 2>&1'
check "as it was" [ -f "$toy/papers/thesis" ]
check "with a reason" grep -q 'papers was not made by make; nothing is removed' "$work/out"
for place in . .. lib ./lib/core tests/ exercises "$toy"; do
    check "BUILD=$place is refused" eval '! (cd "$toy" && $MAKE BUILD="$place" clean) >"$work/out" 2>&1'
    check "BUILD=$place: nothing is removed" [ -f "$toy/lib/core/one.c" -a -f "$toy/Makefile" ]
done
for place in 'b ' -b --help; do
    check "BUILD='$place' is refused" eval '! (cd "$toy" && $MAKE BUILD="$place" b/tool) >"$work/out" 2>&1'
    check "BUILD='$place': in one line" [ "$(grep -c 'BUILD is "' "$work/out")" -eq 1 -a "$(wc -l <"$work/out")" -eq 1 ]
done

# ---- two makes at once ----------------------------------------------------------------------------------------------

# Both build everything from the start, three times; neither may fail, and the program must run.
two_makes() {
    for round in 1 2 3; do
        rm -rf "$toy/b"
        (cd "$toy" && $MAKE -j2 BUILD=b OPT=-O0 b/tool >"$work/first" 2>&1) &
        first=$!
        (cd "$toy" && $MAKE -j2 BUILD=b OPT=-O0 b/tool b/libclip.a >"$work/out" 2>&1) || return 1
        wait $first || { cat "$work/first" >>"$work/out"; return 1; }
        "$toy/b/tool" || { echo "round $round: the tool does not run" >>"$work/out"; return 1; }
    done
    [ -z "$(find "$toy/b" -name '*.[0-9]*')" ] # every temporary file was renamed
}
check "two makes at once in one tree" two_makes

# ---- the environment ------------------------------------------------------------------------------------------------

# Every variable that the Makefile sets gets a wrong value in the environment: the same files are made in the same
# place.
variables=$(cat Makefile tests/*.mk | sed -n 's/^\([A-Za-z_0-9]*\) *[:?]\{0,1\}=.*/\1/p' | sort -u |
    grep -vxE 'CC|AR|CFLAGS|CPPFLAGS|LDFLAGS')
in_a_strange_place() {
    made 3 >/dev/null
    (for name in $variables; do eval "$name=nonsense; export $name"; done
     CDPATH=. ENV=/nonsense BASH_ENV=/nonsense POSIXLY_CORRECT=1 GREP_OPTIONS=--nonsense
     export CDPATH ENV BASH_ENV POSIXLY_CORRECT GREP_OPTIONS
     made 0)
}
check "the environment changes nothing" in_a_strange_place
check "there are such variables" [ "$(echo "$variables" | wc -l)" -gt 20 ]

# In the same way every word of the Makefile and of all scripts, so every name that they read, but for those that are
# there to be set: the compiler's, a terminal's, and the folders and seeds that the pages name.
inputs='CC|AR|CFLAGS|CPPFLAGS|LDFLAGS|MAKE.*|MFLAGS|PATH|HOME|PWD|SHELL|TMPDIR|TMP|TEMP|TERM|NO_COLOR|CI|SEED|FORCE|UID'
inputs="$inputs|CLIP_.*|CIFAR10_DIR|QUIZ_FILE|[AU]*[BT]*SAN_OPTIONS|LD_.*|DYLD_.*|GCC_.*|CCACHE_.*|.*_PATH"
words=$(cat Makefile tests/*.mk tests/*.sh data/*.sh plots/*.sh lessons/*.sh | tr -c 'A-Za-z0-9_' '\n' |
    grep -xE '[A-Za-z_][A-Za-z0-9_]*' | sort -u | grep -vxE "$inputs")
# The compiler that $build was made with, so that nothing is made again.
sanitized=$(grep -c fsanitize "$build/made-with")
small_check() { # small_check FILE COMMAND...: what make check and make ex-01 print, without times
    file=$1
    shift
    # shellcheck disable=SC2086 # words
    "$@" $MAKE CC="$(sed 's/ -std=c11 .*//' "$build/made-with")" SAN="$sanitized" BUILD="$build" LESSONS='01 02' \
        CHECKED="$build/lesson-01 $build/lesson-02" TESTS="$build/test-rng $build/test-softmax" \
        check ex-01 >"$file" 2>&1 </dev/null
    echo "status $?" >>"$file"
    sed 's/ *[0-9.]* s\( .*\)*$//' "$file" | sort >"$file.sorted"
}
same_check() {
    small_check "$work/out" env LC_ALL="$1" LANG="$1"
    # shellcheck disable=SC2046 # words
    small_check "$work/nonsense" env $(for word in $words; do echo "$word=nonsense"; done) CDPATH=. ENV=/nonsense \
        IFS=s POSIXLY_CORRECT=1 GREP_OPTIONS=--nonsense LC_ALL="$1" LANG="$1"
    diff "$work/out.sorted" "$work/nonsense.sorted" >"$work/differs" && grep -q 'passed, 0 failed' "$work/nonsense" &&
        return 0
    cat "$work/differs" >>"$work/out"
    return 1
}
small_check "$work/first" env # what is not built yet is built now
check "make check and make ex-01 with every other name set to nonsense" same_check C
check "thousands of them" [ "$(echo "$words" | wc -l)" -gt 1000 ]
plain_check() { small_check "$work/plain" env LC_ALL=C; }
plain_check
for language in $(locale -a 2>/dev/null | grep -iE '^(tr_TR|de_DE|C)\.?utf-?8$') nonsense; do
    language_check() {
        small_check "$work/out" env LC_ALL="$language" LANG="$language"
        cmp -s "$work/out.sorted" "$work/plain.sorted"
    }
    check "make check in the language $language" language_check
done

(cd "$toy" && CFLAGS=-DFROM_ENVIRONMENT $MAKE BUILD=b OPT=-O0 V=1 b/tool) >"$work/out" 2>&1
check "but CFLAGS does" grep -q -e -DFROM_ENVIRONMENT "$work/out"
check "another make does not read a list of headers half written" grep -q -e "-MF [^ ]*\.d\.[0-9]* " "$work/out"
(cd "$toy" && $MAKE BUILD='a b') >"$work/out" 2>&1
check "a BUILD with a space is refused in one line" [ "$(grep -c 'BUILD is "a b"' "$work/out")" -eq 1 ]

# ---- misspelt targets -----------------------------------------------------------------------------------------------

# meant NAME WORDS: make NAME must fail, and its first line must hold WORDS.
meant() {
    $MAKE "$1" >"$work/out" 2>&1 && return 1
    head -n 1 "$work/out" | grep -q -e "$2"
}
for name in ex-1 ex01 ex1 ex_01 exercise-1; do check "make $name" meant $name 'you probably meant: make ex-01$'; done
for name in lesson-1 lesson1 lesson01; do check "make $name" meant $name 'you probably meant: make lesson-01$'; done
check "make hint-3" meant hint-3 'make hint-03$'
check "make lesson-77" meant lesson-77 'no such number'
check "make nonsense" meant nonsense 'make help lists'

# ---- make 3.81 ------------------------------------------------------------------------------------------------------

# Features of make 3.82 to 4.4 (its NEWS file), as patterns for a Makefile.
newer='[^-A-Za-z0-9_.]!=|::*:=|^define.*=|\$[({](file|guile|let|intcmp) |&:|^ *(private|undefine|load|-load) '
newer="$newer"'|\.(ONESHELL|SHELLFLAGS|RECIPEPREFIX|EXTRA_PREREQS|NOTINTERMEDIATE|WAIT|LOADED)'
newer="$newer"'|--(output-sync|trace|shuffle|eval)'
grep -nE -e "$newer" Makefile tests/*.mk >"$work/out"
check "GNU make 3.81 can read the Makefile" [ ! -s "$work/out" ]
for line in 'FILES != ls' 'A ::= b' 'define x =' '$(file >x,y)' 'a b &: c' 'private X = 1' '.ONESHELL:'; do
    echo "$line" >"$work/line"
    check "this newer feature is found: $line" grep -qE -e "$newer" "$work/line"
done

echo "make: $passed passed, $failed failed"
[ $failed -eq 0 ]
