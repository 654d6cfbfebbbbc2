#!/bin/sh
# coverage.sh: which lines and branches of lib/ the tests run: make coverage, which builds with gcc --coverage and runs
# make check and a part of make check-dev first.
#
#   sh tests/coverage.sh BUILD          from the top folder; BUILD: the folder of that build
#
# Prints the files of lib/, the lowest coverage first, and the sum. The uncovered lines go to BUILD/uncovered.txt as
# FILE:LINE: TEXT. A line counts if it ran in the float library, the double library or the build with faults
# (tests/faults.h). A branch is each outcome of each condition, also of && and ||. It counts if it was taken in one of
# the first two; the macros of the third add branches of their own. Contracts (REQUIRE) count like other code.
# LINES_WANTED (99) and BRANCHES_WANTED (93) are the percentages to reach. The last line is "coverage: N passed, N
# failed".
build=$1
: "${LINES_WANTED:=99}" "${BRANCHES_WANTED:=93}" "${GCOV:=gcov}"
command -v "$GCOV" >/dev/null 2>&1 || { echo "coverage: $GCOV is needed; it is part of gcc"; exit 2; }
[ -d "$build/obj" ] || { echo "coverage: nothing was built in $build"; exit 2; }
full=$(cd "$build" && pwd)
rm -rf "$full/gcov"
mkdir -p "$full/gcov" || exit 2
for kind in obj obj64 faults/obj; do
    echo "kind: $kind" >>"$full/gcov/lines"
    for data in "$full/$kind"/lib/*/*.gcno; do
        [ -e "$data" ] || continue
        source=${data#"$full/$kind"/}
        "$GCOV" -b -c -t -o "$data" "${source%.gcno}.c" >>"$full/gcov/lines" 2>"$full/gcov/err" ||
            { cat "$full/gcov/err"; exit 2; }
    done
done

# Lines of gcov: "    count:  line:text"; count "-": no code, "#####": never run, "=====": run only by an exceptional
# path. After a line: "branch  n taken times (...)", "branch  n never executed", "call ...", "function ...".
awk -v lines_wanted="$LINES_WANTED" -v branches_wanted="$BRANCHES_WANTED" \
    -v uncovered="$full/uncovered.txt" '
    /^ *-: *0:Source:/ {
        file = $0
        sub(/^ *-: *0:Source:/, "", file)
        sub(/^.*lib\//, "lib/", file)
        ours = file ~ /^lib\//
        next
    }
    /^kind: / { faulty = $2 ~ /^faults/; next }
    !ours { next }
    /^branch +[0-9]/ {
        if (faulty) next
        key = file SUBSEP at SUBSEP (++way)
        if (!(key in branch)) branch[key] = 0
        if ($3 == "taken" && $4 + 0 > 0) branch[key] = 1
        next
    }
    /^(call|function|unconditional|-----)/ { next }
    {
        split($0, part, ":")
        count = part[1]; at = part[2] + 0
        gsub(/[ *]/, "", count)
        way = 0
        if (at == 0 || count == "-" || count == "") next
        key = file SUBSEP at
        if (faulty && !(key in line)) next # the macros of tests/faults.h
        if (!(key in line)) line[key] = 0
        if (count + 0 > 0) line[key] = 1
        else { text[key] = $0; sub(/^[^:]*:[^:]*:[ \t]*/, "", text[key]) }
    }
    END {
        sorted_to = "sort -t : -k 1,1 -k 2,2n >\047" uncovered "\047"
        for (key in line) {
            split(key, part, SUBSEP); file = part[1]
            files[file]; lines[file]++; ran[file] += line[key]
            if (!line[key]) printf "%s:%d: %s\n", file, part[2], text[key] | sorted_to
        }
        close(sorted_to)
        for (key in branch) { split(key, part, SUBSEP); ways[part[1]]++; went[part[1]] += branch[key] }
        sorted = "sort -k 2,2n -k 5,5n"
        printf "%-26s %7s %7s %7s  %8s %7s %7s\n", "file", "lines %", "run", "of", "branch %", "taken", "of"
        fflush()
        for (file in files) {
            printf "%-26s %7.1f %7d %7d  %8.1f %7d %7d\n", file, 100 * ran[file] / lines[file], ran[file], lines[file],
                ways[file] ? 100 * went[file] / ways[file] : 100, went[file], ways[file] | sorted
            all_ran += ran[file]; all_lines += lines[file]; all_went += went[file]; all_ways += ways[file]
        }
        close(sorted)
        if (!all_lines || !all_ways) { print "coverage: nothing was run"; exit 2 }
        l = 100 * all_ran / all_lines; b = 100 * all_went / all_ways
        printf "%-26s %7.1f %7d %7d  %8.1f %7d %7d\n", "lib/", l, all_ran, all_lines, b, all_went, all_ways
        printf "the %d lines that no test ran: %s\n", all_lines - all_ran, uncovered
        failed = (l < lines_wanted) + (b < branches_wanted)
        printf "wanted: %g %% of lines, %g %% of branches\n", lines_wanted, branches_wanted
        printf "coverage: %d passed, %d failed\n", 2 - failed, failed
        exit (failed > 0)
    }' "$full/gcov/lines"
