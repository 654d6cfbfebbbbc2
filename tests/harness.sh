#!/bin/sh
# harness.sh: tests the programs and scripts that run the tests: they fail when they must, and only then.
#
#   sh tests/harness.sh BUILD            from the top folder
#
# The last line is "harness: N passed, N failed".
# shellcheck disable=SC2016,SC2059 # programs in quotes, and texts written as for printf

here=$(cd "$(dirname "$0")" && pwd)
case $1 in /*) build=$1 ;; *) build=$PWD/$1 ;; esac
work=$(mktemp -d "${TMPDIR:-/tmp}/clip-harness-XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cd "$work" || exit 2
NO_COLOR=1
export NO_COLOR
passed=0 failed=0

# wants STATUS TEXT COMMAND...: the command must end with STATUS and print TEXT. Its output goes to the file got; the
# output of the previous command is in the file before.
wants() {
    want=$1 text=$2
    shift 2
    [ -f got ] && mv got before
    "$@" >got 2>&1 </dev/null
    status=$?
    if [ $status -eq "$want" ] && { [ -z "$text" ] || grep -Fq -e "$text" got; }; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "  FAILED  $*"
        echo "    wanted status $want and: $text"
        echo "    got status $status and:"
        sed 's/^/      /' got
    fi
}

# expected TEXT ACTUAL STATUS MESSAGE: build/expect compares two texts, given as formats of printf.
expected() {
    printf -- "$1" >e
    printf -- "$2" >a
    wants "$3" "$4" "$build/expect" e a
}

# ---- expect ---------------------------------------------------------------------------------------------------------
expected 'one\ntwo\n' 'one\ntwo\n' 0 ''
expected 'one\ntwo  \n' 'one\t\ntwo' 0 ''
expected '' '' 0 ''
expected 'one\ntwo\n' 'one\nTWO\n' 1 'e:2: a:2 differs'
expected 'one\ntwo\n' 'one\nTWO\n' 1 '+ TWO'
expected 'one\ntwo\n' 'one\n' 1 '+ (the end)'
expected 'one\n' 'one\ntwo\n' 1 '- (the end)'
expected 'one\n' '' 1 '- one'
expected '' 'one\n' 1 '+ one'
expected 'one\n' ' one\n' 1 'e:1'
expected 'one\n' 'one\n\n' 1 'e:2'
expected '1\n2\n3\n4\n5\n6\n7\n8\n9\n' '1\n2\n3\n4\nx\n6\n7\n8\n9\n' 1 'e:5: a:5 differs'
wants 0 6 sh -c '"$1" e a | grep -c "^[-+ ] "' sh "$build/expect"
expected '$ build/lesson-02 --fast\none\n' 'one\n' 0 ''
expected 'one\n$ two\n' 'one\n' 1 '- $ two'
expected '{0.93 \302\261 0.02}\n' '0.9500\n' 0 ''
expected 'loss {0.93 \302\261 0.02} of 3.\n' 'loss  0.91 of 3.\n' 0 ''
expected 'loss   {9.9 \302\261 0.2}.\n' 'loss 10.1.\n' 0 ''
expected '{-1e-3 \302\261 1e-4}|{5 \302\261 1}\n' '-0.00105|4\n' 0 ''
expected 'loss {0.93 \302\261 0.02}\n' 'loss 0.9501\n' 1 'a:1 differs: 0.9501 is off by 0.0201, allowed 0.02'
expected '{0.93 \302\261 0.02}\n' 'nan\n' 1 'a number was wanted at column 1'
expected '{0.93 \302\261 0.02}\n' 'inf\n' 1 'a number was wanted'
expected '{0 \302\261 0.02}\n' '0x0\n' 1 'differs'
expected '{0.93 \302\261 0.02}\n' '\n' 1 'a number was wanted'
expected '{0.93 \302\261 0.02}5\n' '0.93\n' 1 'differs'
expected '{0.93}\n' '0.93\n' 1 'differs'
expected 'a\n...\nz\n' 'a\nz\n' 0 ''
expected 'a\n...\nz\n' 'a\nb\nz\nc\nz\n' 0 ''
expected '...\n' '' 0 ''
expected '...\nm\n...\nz\n' 'b\nm\nc\nd\nz\n' 0 ''
expected 'a\n...\nz\n' 'a\nb\nc\n' 1 'e:3: no line fits this line; the rest was not compared'
expected 'a\n...\nz\n' 'b\nz\n' 1 'e:1: a:1 differs'
expected 'a\n...\nz\n' 'a\nz\nq\n' 1 '+ q'
expected 'abc {2 \302\261 0.1} d\n' 'abc 2.5 d\n' 1 '      ^ column 5'
expected '1\n2\n3\n4\n5\n' '1\nx\n3\n4\ny\n' 1 'e:2: a:2 differs'
expected '1\n2\n3\n4\n5\n' '1\nx\n3\n4\ny\n' 1 'e:5: a:5 differs'
expected '1\n2\n3\n4\n' '1\n3\n4\nz\n' 1 '- 2'
expected '1\n2\n3\n4\n' '1\n3\n4\nz\n' 1 '+ z'
expected 'a {a: 2 \302\261 0.5}, b {b: 3 \302\261 0.5}\nsum {= a + b \302\261 0.01}\n' 'a 2.2, b 3.1\nsum 5.3\n' 0 ''
expected 'a {a: 2 \302\261 0.5}, b {b: 3 \302\261 0.5}\nsum {= a + b \302\261 0.01}\n' 'a 2.2, b 3.1\nsum 5.1\n' 1 \
    '5.1 is off by 0.2, allowed 0.01'
expected '{a: 2 \302\261 0}\n{= (a + 1) * 3 - a / 4 \302\261 0}\n' '2\n8.5\n' 0 ''
expected '{= unknown + 1 \302\261 1}\n' '2\n' 1 'differs'
head -c 3000 /dev/zero >zeros
wants 1 differs "$build/expect" e zeros
wants 2 'no/such/file' "$build/expect" e no/such/file
wants 2 'this is a folder' "$build/expect" . a
wants 2 'expect [--each | --remake] EXPECTED ACTUAL' "$build/expect" e
printf 'one\nloss {2 \302\261 0.1}\nthree\n' >e
printf 'three\n\nloss 2.05\n...\n' >a
wants 0 '' "$build/expect" --each e a
printf 'loss 2.2\nthree\n' >a
wants 1 'e has no line: loss 2.2' "$build/expect" --each e a

# remade EXPECTED ACTUAL TEXT: build/expect --remake must print TEXT, and TEXT must fit ACTUAL.
remade() {
    printf -- "$1" >e
    printf -- "$2" >a
    printf -- "$3" >want
    "$build/expect" --remake e a >new
    wants 0 '' cmp want new
    wants 0 '' "$build/expect" new a
}
remade '$ x --y\nloss {2 \302\261 0.1}\nold\n' 'loss 2.05\nold\n' '$ x --y\nloss {2 \302\261 0.1}\nold\n'
remade 'loss {a: 2 \302\261 0.1}, {3 \302\261 1} end\n' 'loss 2.5, 3.3 end\n' \
    'loss {a: 2.5 \302\261 0.1}, {3 \302\261 1} end\n'
remade 'one\ntwo\nthree\n' 'one\n2\nthree\nfour\n' 'one\n2\nthree\nfour\n'
remade 'one\ntwo\nthree\nfour\n' 'one\nthree\nfour\n' 'one\nthree\nfour\n'
remade 'one\n...\nfour\n' 'one\nx\ny\nfour\nfive\n' 'one\n...\nfour\nfive\n'

# ---- limit ----------------------------------------------------------------------------------------------------------
wants 3 '' "$build/limit" 10 10 took sh -c 'exit 3'
wants 0 . cat took
wants 124 'stopped: it ran for more than 0.2 seconds' "$build/limit" 10 0.2 took sleep 20
wants 124 'stopped' "$build/limit" 10 0.2 took sh -c 'trap "" TERM INT; sleep 20 & wait; sleep 20'
wants 139 'ended by signal 11' "$build/limit" 10 10 took sh -c 'kill -SEGV $$'
wants 124 'stopped' "$build/limit" 10 0.2 took sh -c '(sleep 1; touch survivor) & wait'
wants 124 'stopped: it used more than 1 seconds of processor' "$build/limit" 1 200 took awk 'BEGIN { while (1) n++ }'
wants 127 'no-such-program: cannot be run' "$build/limit" 10 10 took no-such-program
wants 2 'want seconds' "$build/limit" 10 soon took true
wants 1 '' "$build/limit" 10 10 took grep . -
wants 143 '' sh -c '"$1" 20 20 took sleep 20 & sleep 0.2; kill $!; wait $!' sh "$build/limit"

# ---- run.sh ---------------------------------------------------------------------------------------------------------
# program NAME LINE...: a shell script in b/.
program() {
    name=$1
    shift
    { echo '#!/bin/sh'; printf '%s\n' "$@"; } >"b/$name"
    chmod +x "b/$name"
}
mkdir b lessons lessons/41-good lessons/42-wrong lessons/43-none
ln -s "$build/limit" "$build/expect" b
program test-good 'echo "test-good: 3 passed, 0 failed"'
program test-skips 'echo "    skipped: no data here"' 'echo "test-skips: 1 passed, 0 failed, 2 skipped"'
program test-red 'echo the reason' 'echo "test-red: 3 passed, 2 failed"' 'exit 1'
program test-crash 'echo "test-crash: 3 passed, 0 failed"' 'kill -SEGV $$'
program test-leak 'echo "test-leak: 3 passed, 0 failed"' 'exit 1'
program test-mute 'echo "all is well"'
program test-untrue 'echo "test-untrue: 3 passed, 2 failed"'
program test-hangs 'echo before' 'sleep 20'
program lesson-41 '[ "$1-$2" = "--say-two words" ] || exit 1' 'echo 0.5' 'echo aside >&2'
program lesson-42 'echo one'
program lesson-43 'echo one'
printf '$ build/lesson-41 --say "two words"\n{0.5 \302\261 0.1}\n' >lessons/41-good/expected.txt
printf 'two\n' >lessons/42-wrong/expected.txt
cp -R lessons/41-good lessons/44-skips
program lesson-44 'echo no weights here' 'exit 77'

wants 0 '4 passed, 0 failed' sh "$here/run.sh" b b/test-good b/lesson-41
wants 0 '' grep -qx '4 passed, 0 failed' before
wants 0 'Skipped, because something is missing: no data here, no weights here' \
    sh "$here/run.sh" b b/test-good b/test-skips b/lesson-44
wants 0 '4 passed, 0 failed, 3 skipped' tail -n 1 before
wants 1 'the reason' sh "$here/run.sh" b b/test-good b/test-red
wants 1 '6 passed, 2 failed' sh "$here/run.sh" b b/test-good b/test-red
wants 1 'ended by signal 11' sh "$here/run.sh" b b/test-crash
wants 1 '3 passed, 1 failed' sh "$here/run.sh" b b/test-leak
wants 1 '0 passed, 1 failed' sh "$here/run.sh" b b/test-mute
wants 1 '3 passed, 2 failed' sh "$here/run.sh" b b/test-untrue
wants 1 'cannot be run' sh "$here/run.sh" b b/test-missing
wants 1 '- two' sh "$here/run.sh" b b/lesson-42
sed 's/0.5/0.7/' lessons/41-good/expected.txt >lessons/41-good/expected-long.txt
wants 0 '1 passed, 0 failed' sh "$here/run.sh" b b/lesson-41
wants 1 '0.5 is off by 0.2' sh "$here/run.sh" b lessons/41-good/expected-long.txt
sed 's/0.5/0.45/' lessons/41-good/expected.txt >lessons/41-good/expected-long.txt
wants 0 '2 passed, 0 failed' sh "$here/run.sh" b b/lesson-41 lessons/41-good/expected-long.txt
wants 1 'no expectation' sh "$here/run.sh" b b/lesson-43
LIMIT=0.3
export LIMIT
wants 1 'stopped: it ran for more than 0.3 seconds' sh "$here/run.sh" b b/test-hangs b/test-good
wants 1 '3 passed, 1 failed' sh "$here/run.sh" b b/test-hangs b/test-good
unset LIMIT
JOBS=0
export JOBS
wants 1 '0 passed, 1 failed' sh "$here/run.sh" b b/test-good # no lane, so it did not run
unset JOBS
wants 2 '`make` builds them' sh "$here/run.sh" elsewhere b/test-good

# ---- pages.sh -------------------------------------------------------------------------------------------------------
rm -rf lessons b/lesson-* && mkdir -p lessons/41-good
cat >Makefile <<'END'
check:
build/check-good lesson-41: FORCE data
FORCE:
.PHONY: check
END
mkdir data
echo 'int main(void) { return 0; }' >lessons/41-good/main.c
printf 'S = 0.5\nnext: make lesson-41\n' >lessons/41-good/expected.txt
# page TEXT STATUS MESSAGE: tests/pages.sh on a lesson's page with this text; ' stands for a backquote.
page() {
    printf "$1" | tr "'" '`' >lessons/41-good/README.md
    wants "$2" "$3" sh "$here/pages.sh" b .
}
page "Run 'make lesson-41 ARGS=\"--say two\"' or 'make lesson-NN', then 'build/check-good FILE'.\n" \
    0 'pages: 2 passed, 0 failed'
page "'''sh\n\$ make check CC=clang && build/check-good # make nothing of it\n'''\nWe make progress.\n" \
    0 'pages: 2 passed'
page "Run 'make lesson-4'.\n" 1 'lessons/41-good/README.md:1: the Makefile has no target lesson-4'
page "One\n'make check data'\n" 1 'README.md:2: the Makefile has no target data'
page "'''sh\nmake && make exercise\n'''\n" 1 'no target exercise'
page "See 'build/check-bad x'.\n" 1 'no target build/check-bad'
page "See [there](../41-good/main.c#top), [here](#below), [far](https://x.y/z).\n" 0 '2 passed'
page "See [there](nowhere.md).\n" 1 'the link to nowhere.md leads nowhere'
before='**Before** [05](../41-good/main.c).'
page "**Time** 1 minute: 1 to read, 20 seconds for the program. $before\n" 0 '2 passed'
page "**Time** 3 minutes: 1 to read, 2 minutes for the program. $before\n" 0 '2 passed'
page "**Time** 2 minutes: 2 to read, 20 seconds for the program. $before\n" \
    1 '2 minutes to read, but 13 words / 200 are 0.1'
page "**Time** 2 minutes: 1 to read, 2 minutes for the program. $before\n" 1 '2 minutes are not 1 and 2 minutes'
page "**Time** one minute. $before\n" 1 'the form is'
page "**Time** 1 minute: 1 to read, 20 seconds for the program.\n" 1 'is missing'
page "**Time** 1 minute: 1 to read, 20 seconds for the program. **Before** [42](../41-good/main.c).\n" \
    1 'lesson 42 does not come before'
glossary() { printf "$1" >lessons/GLOSSARY.md; }
glossary "# Terms\n\n### Nat\n\nA unit. First used in\n[41](41-good/README.md).\n"
page "Seven [nats](../GLOSSARY.md#nat).\n" 0 'pages: 4 passed'
page "Seven nats.\n" 1 'nat: no page links to it'
page "Seven [nats](../GLOSSARY.md#nat), a [bit](../GLOSSARY.md#bit).\n" \
    1 'README.md:1: lessons/GLOSSARY.md has no term #bit'
glossary "### Nat\n\nA unit. First used in [42](41-good/README.md).\n"
page "Seven [nats](../GLOSSARY.md#nat).\n" 1 'nat: says lesson 42, but lesson 41 links to it first'
glossary "### Nat\n\nA unit.\n"
page "Seven [nats](../GLOSSARY.md#nat).\n" 1 'nat: does not end with First used in'
first='A unit. First used in [41](41-good/README.md).'
glossary "### Nat\n\n$first\n\n### Bit\n\n$first\n"
page "Seven [nats](../GLOSSARY.md#nat), a [bit](../GLOSSARY.md#bit).\n" 1 'bit: is not in alphabetical order'
rm lessons/GLOSSARY.md
page "A run:\n'''text\nS = 0.5\n...\n'''\n'''c\nS = 0.6\n'''\n" 0 '2 passed'
page "A run:\n'''text\nS = 0.6\n'''\n" 1 'the program does not print: S = 0.6'
echo 'S = 0.6' >lessons/41-good/results.txt
page "A run:\n'''text\nS = 0.6\n'''\n" 0 '2 passed'
echo 'next: make lesson-42' >>lessons/41-good/expected.txt
page "" 1 'expected.txt:3: the Makefile has no target lesson-42'
mv lessons/41-good/expected.txt lessons/41-good/expected-long.txt
page "A run:\n'''text\nS = 0.5\n'''\n" 1 'expected-long.txt:3: the Makefile has no target lesson-42'
sed '$d' lessons/41-good/expected-long.txt >lessons/41-good/expected.txt
mv lessons/41-good/expected.txt lessons/41-good/expected-long.txt
page "A run:\n'''text\nS = 0.5\n'''\n" 0 '2 passed'
rm lessons/41-good/expected-long.txt
page "" 0 '2 passed'
mv lessons/41-good/results.txt lessons/41-good/results-long.txt
page "A run:\n'''text\nS = 0.6\n'''\n" 0 '2 passed'
rm lessons/41-good/results-long.txt
page "" 1 'lessons/41-good/expected.txt: is missing'

# teaching ROW STATUS MESSAGE: tests/pages.sh on a TEACHING.md with this row.
teaching() {
    printf '| lesson | read | run | before |\n| --- | --- | --- | --- |\n%s\n' "$1" >TEACHING.md
    wants "$2" "$3" sh "$here/pages.sh" b .
}
rm -f lessons/GLOSSARY.md
echo 'S = 0.5' >lessons/41-good/expected.txt
page "See [there](../41-good/main.c).\n" 0 ''
row='| [41 good](lessons/41-good/README.md)'
teaching "$row | 1 | 2 s | 40 |" 0 ''
teaching "$row | 3 | 2 s | 40 |" 1 'TEACHING.md:3: 3 minutes to read, but 2 words / 200 are 0.0'
teaching "$row | 1 | 2 s | 40, 42 |" 1 'TEACHING.md:3: lesson 42 does not come before'
teaching 'no row' 1 'the table has no row for lessons/41-good/README.md'
rm TEACHING.md

# ---- book.sh --------------------------------------------------------------------------------------------------------
mkdir -p lessons/42-next plots
echo picture >plots/p.png
printf '# Start\n\n[one](lessons/41-good/README.md) and [a\nfile](Makefile) and `[code](nowhere)`\n' >README.md
printf '# One\n\n## A part, *two*\n\n[next](../42-next/README.md#the-end) ![alt](../../plots/p.png) %s\n' \
    '[far](https://x.y)' >lessons/41-good/README.md
printf '# Next\n\n## The end\n\n```text\n# no heading, [no](link)\n```\n[up](#the-end) [start](../..)\n' \
    >lessons/42-next/README.md
wants 0 '# One {#lessons-41-good}' sh "$here/book.sh" b text
for text in '[one](#lessons-41-good) and a' 'file and `[code](nowhere)`' \
    '## A part, *two* {#lessons-41-good--a-part-two}' \
    '[next](#lessons-42-next--the-end) ![alt](plots/p.png) [far](https://x.y)' '# no heading, [no](link)' \
    '[up](#lessons-42-next--the-end) [start](#start)'; do
    wants 0 '' sh -c 'sh "$1" b text | grep -Fxq -e "$2"' sh "$here/book.sh" "$text"
done
mkdir bin # a path without pandoc
for name in sh find sed sort awk grep mktemp rm; do ln -s "$(command -v $name)" bin; done
wants 1 'pandoc is needed for the book' env PATH="$work/bin" sh "$here/book.sh" b
echo '[nowhere](none.md)' >>README.md
wants 1 'make book: README.md:3: the link to none.md leads nowhere' sh "$here/book.sh" b text

# ---- check-all.sh ---------------------------------------------------------------------------------------------------
mkdir -p all/tests
cp "$here/check-all.sh" "$here/earlier.sh" "$here/manifest.sh" all/tests/
cd all || exit 2
printf 'code.c\npage.md\n' >MANIFEST
echo 'int one;' >code.c
echo 'a page' >page.md
printf '#!/bin/sh\necho run >>ran\necho "2 passed, $(cat fails) failed"\n[ $(cat fails) -eq 0 ]\n' >fake-make
chmod 755 fake-make
all() {
    : >ran
    wants "$1" "$2" env MAKE=./fake-make sh tests/check-all.sh b "$4"
    wants 0 '' [ "$(wc -l <ran)" -eq "$3" ]
}
echo 1 >fails
all 1 '1 failed' 1 crash
echo 0 >fails
all 0 '2 passed, 0 failed' 1 crash # a failure is not kept
all 0 'passed earlier: ' 0 crash
echo 'another page' >page.md
all 0 'passed earlier: ' 0 crash
all 0 '2 passed, 0 failed' 1 faults
echo 'int two;' >code.c
all 0 '2 passed, 0 failed' 1 crash
all 0 '2 passed, 0 failed' 1 check-dev
all 0 '2 passed, 0 failed' 1 check-dev
cd .. || exit 2

sleep 0.5
wants 1 "" [ -e survivor ] # the child of the killed program was killed too

echo "harness: $passed passed, $failed failed"
[ $failed -eq 0 ]
