#!/bin/sh
# grade.sh: marks for all parts of all exercises, for teachers.
#
#   sh tests/grade.sh BUILD [--junit] [--csv] [--gradescope] [--classroom50]
#
# checks the exercises and writes BUILD/grade.json: the toolkit's version, compiler and flags, and for each exercise and
# part: points, of how many, verdict, mistake, seconds. Each option writes another form, too:
#
#   --junit         BUILD/grade.xml       test suites, for CI servers
#   --csv           BUILD/grade.csv       exercise,title,part,points,of,verdict,mistake,seconds
#   --gradescope    BUILD/results.json    for an autograder
#   --classroom50   BUILD/result.json     "classroom50/result/v1". Its fields classroom, assignment, submission, commit,
#                                         release and review are what Classroom 50's runner has set in the environment
#                                         (CLASSROOM, ASSIGNMENT, SUBMISSION_TAG, COMMIT_URL, RELEASE_URL, REVIEW_URL),
#                                         or "unknown". It wants whole points: others are multiplied until they are
#
# POINTS=file changes weights. Its lines are "01 4" (the parts of exercise 01 share 4 points), "01 normalise 3" (that
# part has 3) or "ex01-hidden 2". A # begins a comment. A part without a line has 1 point. EXAM=dir adds the checks in
# dir (exNN*.c, written like tests/exercises/exNN.c). A part is right or wrong: there are no half points. The exit
# status is 0 however bad the marks, 1 where a file cannot be written, and 2 where the options, POINTS or EXAM are wrong.

# shellcheck source=tests/fit.sh
. "${0%/*}/fit.sh"
# shellcheck source=tests/links.sh
. "${0%/*}/links.sh"
build=$1
shift
LC_ALL=C
export LC_ALL
for form do
    case $form in --junit | --csv | --gradescope | --classroom50) continue ;; esac
    tell "grade.sh: '$form': want --junit, --csv, --gradescope or --classroom50" >&2
    exit 2
done
if [ -n "$POINTS" ] && { [ ! -r "$POINTS" ] || [ -d "$POINTS" ]; }; then tell "POINTS: $POINTS cannot be read" >&2; exit 2; fi
if [ -n "$EXAM" ] && [ ! -d "$EXAM" ]; then tell "EXAM: $EXAM is not a folder" >&2; exit 2; fi
: "${EXERCISE_CC:=${CC:-cc} -std=c11 -O1 -g -pthread}"
export EXERCISE_CC
work=${CLIP_EXERCISE_WORK:-$build/exercises}

sh tests/student.sh "$build" grade || exit 2
version=$(cat VERSION 2>/dev/null) || version=unknown
[ -e .git ] && commit=$(git describe --always --dirty --exclude '*' 2>/dev/null) && version=$version+$commit
compiler=$($EXERCISE_CC --version 2>/dev/null | head -n 1)

# The parts with their points: label title part verdict mistake seconds points of.
awk -v points="$POINTS" '
    BEGIN {
        while (points != "" && (getline line < points) > 0) {
            sub(/#.*/, "", line)
            sub(/\r$/, "", line)
            n = split(line, f, " ")
            if (n == 0) continue
            if ((n != 2 && n != 3) || f[n] !~ /^[0-9]+(\.[0-9]+)?$/) {
                print "POINTS: \"" line "\": want NN POINTS or NN PART POINTS" >"/dev/stderr"
                failed = 1
                exit 2
            }
            if (n == 2) whole[f[1]] = f[2]
            else single[f[1], f[2]] = f[3]
            used[line] = n == 2 ? f[1] : f[1] SUBSEP f[2]
        }
    }
    { row[NR] = $0; label[NR] = $1; part[NR] = $3; parts[$1]++; known[$1] = known[$1, $3] = 1 }
    END {
        for (line in used) {
            if (used[line] in known) continue
            print "POINTS: \"" line "\": there is no such exercise or part; the names are those in grade.json" \
                >"/dev/stderr"
            failed = 1
        }
        if (failed) exit 2
        for (i = 1; i <= NR; i++) {
            split(row[i], f, " ")
            of = 1
            if (label[i] in whole) of = whole[label[i]] / parts[label[i]]
            if ((label[i], part[i]) in single) of = single[label[i], part[i]]
            print row[i], (f[4] == "right" ? of : 0), of
        }
    }' "$work/grade.txt" >"$work/marks.txt" 2>"$work/points" || { fit <"$work/points" >&2; exit 2; }

# keep FILE: writes stdin to it, or says why not.
keep() {
    put_file "$1" && return
    tell "$1 cannot be written: $why" >&2
    return 1
}
quoted() { printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g'; }

awk -v version="$(quoted "$version")" -v compiler="$(quoted "$compiler")" -v flags="$(quoted "$EXERCISE_CC")" '
    function number(x) { return sprintf("%.6g", x) }
    function close_exercise() {
        if (!open) return
        printf "\n      ], \"points\": %s, \"of\": %s, \"seconds\": %s }", number(got), number(of), number(seconds)
        open = 0
    }
    BEGIN {
        gsub(/\\/, "\\\\", version); gsub(/\\/, "\\\\", compiler); gsub(/\\/, "\\\\", flags)
        printf "{\n  \"toolkit\": \"%s\",\n  \"compiler\": \"%s\",\n", version, compiler
        printf "  \"flags\": \"%s\",\n  \"exercises\": [", flags
    }
    $1 "" != last "" {
        close_exercise()
        printf "%s\n    { \"number\": \"%s\", \"title\": \"%s\", \"parts\": [", NR == 1 ? "" : ",", $1, $2
        last = $1; open = 1; got = of = seconds = 0; first = 1
    }
    {
        printf "%s\n        { \"part\": \"%s\", ", first ? "" : ",", $3
        printf "\"points\": %s, \"of\": %s, ", number($7), number($8)
        printf "\"verdict\": \"%s\", \"mistake\": \"%s\", \"seconds\": %s }", $4, $5, number($6)
        first = 0; got += $7; of += $8; seconds += $6; all_got += $7; all_of += $8
    }
    END {
        close_exercise()
        printf "\n  ],\n  \"points\": %s,\n  \"of\": %s\n}\n", number(all_got), number(all_of)
    }' "$work/marks.txt" | keep "$build/grade.json" || exit 1

# ---- other forms -----------------------------------------------------------------------------------------------------

junit() {
    awk 'function time(x) { return sprintf("%.3f", x) }
        {
            n[$1]++
            fail[$1] += $4 != "right"
            t[$1] += $6
            if (n[$1] == 1) order[++suites] = $1
            title[$1] = $2
            rows[$1] = rows[$1] $0 "\n"
        }
        END {
            print "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>"
            for (s = 1; s <= suites; s++) {
                k = order[s]
                printf "  <testsuite name=\"%s %s\" tests=\"%d\" failures=\"%d\" time=\"%s\">\n",
                       k, title[k], n[k], fail[k], time(t[k])
                count = split(rows[k], line, "\n")
                for (i = 1; i < count; i++) {
                    split(line[i], f, " ")
                    printf "    <testcase classname=\"%s\" name=\"%s\" time=\"%s\"", k, f[3], time(f[6])
                    if (f[4] == "right") print "/>"
                    else printf "><failure message=\"%s: %s\"/></testcase>\n", f[4], f[5]
                }
                print "  </testsuite>"
            }
            print "</testsuites>"
        }' "$work/marks.txt"
}

csv() {
    echo 'exercise,title,part,points,of,verdict,mistake,seconds'
    awk '{ printf "%s,%s,%s,%.6g,%.6g,%s,%s,%.3f\n", $1, $2, $3, $7, $8, $4, $5, $6 }' "$work/marks.txt"
}

gradescope() {
    awk 'BEGIN { printf "{ \"tests\": [" }
        {
            printf "%s\n  { \"name\": \"%s %s\", ", (NR == 1 ? "" : ","), $1, $3
            printf "\"score\": %.6g, \"max_score\": %.6g, ", $7, $8
            printf "\"status\": \"%s\", \"output\": \"%s%s\" }",
                   $4 == "right" ? "passed" : "failed", $4, $5 == "-" ? "" : ": " $5
            sum += $7; seconds += $6
        }
        END { printf "\n], \"score\": %.6g, \"execution_time\": %.3f }\n", sum, seconds }' "$work/marks.txt"
}

# Whole points: all are multiplied by the smallest factor that makes them whole.
classroom50() {
    factor=$(awk '
        function whole(x) { return x - int(x + 0.5) < 1e-6 && int(x + 0.5) - x < 1e-6 }
        { of[NR] = $8 }
        END {
            for (k = 1; k < 1000; k++) {
                good = 1
                for (i = 1; i <= NR && good; i++) good = whole(k * of[i])
                if (good) break
            }
            print k
        }' "$work/marks.txt")
    [ "$factor" = 1 ] || tell "classroom50 wants whole points: in result.json all are $factor times as many" >&2
    cat <<END
{
  "schema": "classroom50/result/v1",
  "classroom": "$(quoted "${CLASSROOM:-unknown}")",
  "assignment": "$(quoted "${ASSIGNMENT:-unknown}")",
  "submission": "$(quoted "${SUBMISSION_TAG:-unknown}")",
  "commit": "$(quoted "${COMMIT_URL:-unknown}")",
  "release": "$(quoted "${RELEASE_URL:-unknown}")",
  "review": "$(quoted "${REVIEW_URL:-${COMMIT_URL:-unknown}}")",
  "datetime": "$(date -u +%Y-%m-%dT%H:%M:%SZ)",
END
    awk -v factor="$factor" '
        function points(x) { return int(factor * x + 0.5) }
        {
            rows = rows sprintf("%s\n    { \"test-name\": \"%s %s\", \"passed\": %s, \"score\": %d, \"max-score\": %d }",
                                (NR == 1 ? "" : ","), $1, $3, $4 == "right" ? "true" : "false", points($7), points($8))
            sum += points($7); most += points($8)
        }
        END { printf "  \"score\": %d,\n  \"max-score\": %d,\n  \"tests\": [%s\n  ]\n}\n", sum, most, rows }
    ' "$work/marks.txt"
}

written=$build/grade.json
for form do
    case $form in
    --junit) file=$build/grade.xml && junit | keep "$file" ;;
    --csv) file=$build/grade.csv && csv | keep "$file" ;;
    --gradescope) file=$build/results.json && gradescope | keep "$file" ;;
    --classroom50) file=$build/result.json && classroom50 | keep "$file" ;;
    esac || exit 1
    written="$written, $file"
done

awk '{ got[$1] += $7; of[$1] += $8; if (!($1 in seen)) order[++n] = $1; seen[$1] = 1; title[$1] = $2 }
    { said[$1] = said[$1] ($4 == "right" ? "" : " " $3 ": " $4 ($5 == "-" ? "" : " (" $5 ")")); all += $7; most += $8 }
    END {
        for (i = 1; i <= n; i++) {
            k = order[i]
            printf "  %-12s %-20s %5.4g of %-5.4g%s\n", k, title[k], got[k], of[k], said[k]
        }
        printf "%.4g of %.4g points\n", all, most
    }' "$work/marks.txt" | fit
tell "In full: $written"
exit 0
