#!/bin/sh
# check-all.sh: runs all checks one after the other: make check-all. It takes hours; each check is a target of its own.
#
#   sh tests/check-all.sh BUILD [PART ...]         from the top folder
#
# The output of a part goes to BUILD/check-all/PART.log. If a part fails, its last lines are shown and the next part
# runs. The last line is "check-all: N passed, N failed"; exit status 0 if and only if nothing failed.
build=$1
shift
[ $# -gt 0 ] || set -- check check-dev lint package sanitizers coverage faults crash threads fuzz libfuzzer mutants \
    elsewhere
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL NAMES
logs=$build/check-all
mkdir -p "$logs" || exit 2
: "${MAKE:=make}" "${SECONDS_OF_FUZZING:=1800}"
passed=0 failed=0
for part do
    case $part in
    sanitizers) words='SAN=1 check' ;;
    fuzz | libfuzzer) words="$part SECONDS=$SECONDS_OF_FUZZING" ;;
    *) words=$part ;;
    esac
    [ "$part" = sanitizers ] || words="BUILD=$build $words"
    printf '%-12s ' "$part"
    start=$(date +%s)
    # shellcheck disable=SC2086 # words for make
    if $MAKE $words >"$logs/$part.log" 2>&1 </dev/null; then
        passed=$((passed + 1)) word=passed
    else
        failed=$((failed + 1)) word=FAILED
    fi
    counts=$(grep -E '[0-9]+ passed, ' "$logs/$part.log" | tail -n 1)
    printf '%s  %6d s   %s\n' $word $(($(date +%s) - start)) "$counts"
    if [ $word = FAILED ]; then
        tail -n 30 "$logs/$part.log" | sed 's/^/    /'
        echo "    the whole output: $logs/$part.log"
    fi
done
echo "check-all: $passed passed, $failed failed"
[ $failed -eq 0 ]
