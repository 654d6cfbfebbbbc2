#!/bin/sh
# lint.sh: checks the rules of rooms and layout (build/rooms, tests/style.sh) and runs four analysers: gcc -fanalyzer,
# clang-tidy, cppcheck, shellcheck.
#
#   sh tests/lint.sh BUILD [FILE ...]          from the top folder; without FILEs: all files
#
# LATELY=20: clang-tidy, which takes longer than the others together, checks only the files that the last 20 commits
# changed or whose header they changed; without git it checks all files.
# Any finding fails. Checks that are off are in .clang-tidy and tests/cppcheck.txt, with reasons; single findings that
# are explained are in tests/lint-known.txt, those of shellcheck in a comment at the line. A tool that is not installed
# is skipped and named. Two files are checked at a time. The output of a tool is in BUILD/lint/TOOL. The last line is
# "lint: N passed, N failed[, N skipped]"; each tool counts one.
LC_ALL=C
export LC_ALL
build=${1:-build}
work=$build/lint
[ $# -eq 0 ] || shift
mkdir -p "$work" || exit 2
passed=0 failed=0 skipped=0
flags='-std=c11 -D_DEFAULT_SOURCE -D_DARWIN_C_SOURCE -Ilib -Ilessons -Iexercises'

if [ $# -eq 0 ]; then
    # Not exercises/original: these files are incomplete, and exercise 11 has bugs, on purpose.
    set -- lib/*/*.[ch] data/*.c tests/*.[ch] tests/tools/*.c tests/bench/*.[ch] tests/fuzz/*.[ch] tests/exercises/*.[ch] \
        lessons/*/*.[ch] exercises/mine.c solutions/*.c tests/*.sh tests/*/*.sh \
        data/*.sh lessons/*.sh plots/*.sh .ci/run
fi
sources='' headers='' scripts=''
for file do
    [ -f "$file" ] || continue
    case $file in
    *.c) sources="$sources $file" ;;
    *.h) headers="$headers $file" ;;
    *.sh | .ci/run) scripts="$scripts $file" ;;
    esac
done

# lane N TOOL FILES...: runs TOOL on each file that the other lane has not taken. A lane takes a file by mkdir, which
# only one lane can do.
lane() {
    n=$1 tool=$2
    shift 2
    for file do
        if mkdir "$work/taken/$(echo "$file" | tr / _)" 2>/dev/null; then "$tool" "$file"; fi
    done
}

# read_all NAME TOOL FILES...: runs TOOL on each file; each line it prints is a finding.
read_all() {
    name=$1
    shift
    rm -rf "$work/taken"
    mkdir "$work/taken"
    lane 0 "$@" >"$work/$name.0" 2>&1 &
    lane 1 "$@" >"$work/$name.1" 2>&1
    wait
    cat "$work/$name.0" "$work/$name.1" | unknown >"$work/$name"
    rm -rf "$work/$name.0" "$work/$name.1" "$work/taken"
    verdict "$name"
}

# unknown: passes on the findings that are not in tests/lint-known.txt. The path of a header becomes relative to the top
# folder.
unknown() {
    sed -e "s|^$PWD/||" -e ':up' -e 's|[^/ ]*/\.\./||' -e 't up' | sort -u | awk -F ' [|] ' '
        NR == FNR { if ($0 !~ /^#/ && NF == 3) { file[++n] = $1 ":"; part[n] = $2 } next }
        { for (i = 1; i <= n; i++) if (index($0, file[i]) == 1 && index($0, part[i])) next; print }' \
        tests/lint-known.txt -
}

verdict() {
    if [ -s "$work/$1" ]; then
        failed=$((failed + 1))
        echo "$1: $(wc -l <"$work/$1") lines"
        sed 's/^/  /' "$work/$1"
    else
        passed=$((passed + 1))
        echo "$1: no finding"
    fi
}

skip() {
    skipped=$((skipped + 1))
    echo "$1: skipped: $2"
}

has() { command -v "$1" >/dev/null 2>&1; }

# shellcheck disable=SC2086,SC2317 # words; called by lane
analyzer() {
    gcc $flags -O1 -Wall -Wextra -Wpedantic -Wshadow -Wwrite-strings -Wsign-conversion -fanalyzer -c -o /dev/null "$1" 2>&1 | grep -E '(warning|error):'
}
# shellcheck disable=SC2086,SC2317
tidy() {
    said=$work/said.$n
    clang-tidy --quiet "$1" -- $flags >"$said" 2>/dev/null || echo "$1: warning: clang-tidy ended with status $?"
    grep -E '(warning|error):' "$said"
    rm -f "$said"
}

# lately FILES...: prints the files that the last commits changed, or whose header they changed.
lately() {
    git log "-$LATELY" --format= --name-only >"$work/changed" 2>/dev/null || { echo "$@"; return; }
    for file do
        if grep -qx -e "$file" -e "${file%.c}.h" "$work/changed"; then echo "$file"; fi
    done
}

# rule NAME COMMAND...: runs a program of ours that prints its findings; its exit status is the result.
rule() {
    name=$1
    shift
    if "$@" >"$work/$name" 2>&1; then : >"$work/$name"; fi
    verdict "$name"
}
rule rooms "$build/rooms"
# shellcheck disable=SC2086 # split into words
[ -z "$sources" ] || rule style sh tests/style.sh "$build" $headers $sources

# shellcheck disable=SC2086 # split into words
if [ -n "$sources" ]; then
    if has gcc && gcc -fanalyzer -E -x c /dev/null >/dev/null 2>&1; then read_all gcc-analyzer analyzer $sources
    else skip gcc-analyzer 'gcc with -fanalyzer is not installed'; fi

    tidied=$sources
    [ -z "$LATELY" ] || tidied=$(lately $sources)
    if has clang-tidy; then read_all clang-tidy tidy $tidied
    else skip clang-tidy 'it is not installed'; fi

    if has cppcheck; then
        cppcheck -j 2 --enable=warning,performance,portability --std=c11 -D_DEFAULT_SOURCE -D__GNUC__=12 \
            -Ilib -Ilessons -Iexercises --inline-suppr --suppressions-list=tests/cppcheck.txt \
            --template='{file}:{line}: {message} [{id}]' --quiet $sources 2>&1 |
            unknown >"$work/cppcheck"
        verdict cppcheck
    else
        skip cppcheck 'it is not installed'
    fi
fi

# shellcheck disable=SC2086 # split into words
if [ -n "$scripts" ]; then
    if has shellcheck; then
        shellcheck -s sh -x -f gcc $scripts >"$work/shellcheck" 2>&1
        verdict shellcheck
    else
        skip shellcheck 'it is not installed'
    fi
fi

echo
if [ $skipped -gt 0 ]; then
    echo "lint: $passed passed, $failed failed, $skipped skipped"
else
    echo "lint: $passed passed, $failed failed"
fi
[ $failed -eq 0 ]
