#!/bin/sh
# check-all.sh: runs all checks one after the other: make check-all. It takes hours; each check is a target of its own.
#
#   sh tests/check-all.sh BUILD [PART ...]         from the top folder
#
# The output of a part goes to BUILD/check-all/PART.log. If a part fails, its last lines are shown and the next part
# runs. The last line is "check-all: N passed, N failed"; exit status 0 if and only if nothing failed.
#
# It can be stopped at any time. A part that passed is not run again while no file of the project changes, pages (*.md)
# aside; check-dev reads these and always runs. To run a part again, remove BUILD/check-all/PART.passed.
. tests/earlier.sh
build=$1
shift
[ $# -gt 0 ] || set -- check check-dev lint package sanitizers coverage faults crash threads fuzz libfuzzer mutants \
    elsewhere
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL NAMES
logs=$build/check-all
mkdir -p "$logs" || exit 2
: "${MAKE:=make}" "${SECONDS_OF_FUZZING:=1800}"
passed=0 failed=0 tree=$(tree_sum)
for part do
    case $part in
    sanitizers) words='SAN=1 check' ;;
    fuzz | libfuzzer) words="$part SECONDS=$SECONDS_OF_FUZZING" ;;
    *) words=$part ;;
    esac
    [ "$part" = sanitizers ] || words="BUILD=$build $words"
    printf '%-12s ' "$part"
    if [ "$part" != check-dev ] && earlier=$(passed_earlier "$logs/$part.passed" "$tree $words"); then
        passed=$((passed + 1))
        echo "passed earlier: $earlier"
        continue
    fi
    start=$(date +%s)
    # shellcheck disable=SC2086 # words for make
    if $MAKE $words >"$logs/$part.log" 2>&1 </dev/null; then
        passed=$((passed + 1)) word=passed
    else
        failed=$((failed + 1)) word=FAILED
    fi
    result="$(($(date +%s) - start)) s   $(grep -E '[0-9]+ passed, ' "$logs/$part.log" | tail -n 1)"
    echo "$word $result"
    if [ $word = passed ]; then
        keep_passed "$logs/$part.passed" "$tree $words" "$result"
    else
        tail -n 30 "$logs/$part.log" | sed 's/^/    /'
        echo "    the whole output: $logs/$part.log"
    fi
done
echo "check-all: $passed passed, $failed failed"
[ $failed -eq 0 ]
