#!/bin/sh
# quiz.sh: asks the questions at the end of the lessons' pages, one after the other (`make quiz`).
#
#   sh lessons/quiz.sh                 ten questions: first those you missed, then new ones, then those you knew
#   sh lessons/quiz.sh 05 08           all questions of these lessons
#   sh lessons/quiz.sh missed          all questions that you missed
#
# You think of an answer, read the page's answer, and say whether yours was right. The result is stored in $QUIZ_FILE
# (exercises/quiz.txt), one line per question: "known 05.2", "missed 08.1". Lines in another form are not changed. The
# questions are read from the pages: a question is a numbered paragraph under "## Questions", its answer the <details>
# after it.
#
# QUIZ_ANYWHERE=1 asks without a terminal, for tests. Exit status 0: finished, or stopped with q. 1: a result could not be
# stored. 2: there is no terminal, or no page can be read.

# shellcheck source=tests/fit.sh
. "${0%/*}/../tests/fit.sh"
: "${QUIZ_FILE:=exercises/quiz.txt}" "${QUIZ_PAGES:=lessons}"
LC_ALL=C
export LC_ALL
if { [ ! -t 0 ] || [ ! -t 1 ]; } && [ -z "$QUIZ_ANYWHERE" ]; then
    tell "quiz: needs a terminal, because it waits for your answers. You find the questions at the end of lessons/*/README.md." >&2
    exit 2
fi
bold='' dim='' good='' bad='' off=''
if [ -t 1 ] && [ -z "$NO_COLOR" ] && [ "$TERM" != dumb ]; then
    bold=$(printf '\033[1m') dim=$(printf '\033[2m') good=$(printf '\033[32m') bad=$(printf '\033[31m') off=$(printf '\033[0m')
fi
if [ -e "$QUIZ_FILE" ] && [ ! -f "$QUIZ_FILE" ]; then
    tell "quiz: QUIZ_FILE is $QUIZ_FILE, which is no file; name a file, which need not exist" >&2
    exit 2
fi
fit_columns || columns=80
[ "$columns" -le 100 ] || columns=80

# shellcheck source=tests/links.sh
. "${0%/*}/../tests/links.sh"
work=$(mktemp -d "${TMPDIR:-/tmp}/clip-quiz-XXXXXX" 2>/dev/null) || {
    tell "quiz: ${TMPDIR:-/tmp} cannot be written; set TMPDIR to a folder that can" >&2
    exit 2
}
asked=0 right=0 not_stored=0
summary() {
    sum=''
    if [ $asked -gt 0 ]; then
        echo
        sum="$right of $asked known. "
    fi
    left=$(grep -c '^missed ' "$QUIZ_FILE" 2>/dev/null)
    [ "${left:-0}" -eq 0 ] || sum="$sum$left missed; to repeat them: make quiz ARGS=missed"
    tell "$sum"
}
trap 'rm -rf "$work" "$QUIZ_FILE.tmp"' EXIT
trap 'exit 141' PIPE
trap 'echo; summary; exit 130' INT TERM HUP

# Writes question K of lesson NN to $work/NN.K.q, its answer to $work/NN.K.a, and all numbers NN.K in order to $work/all.
# Mathematics becomes plain text.
for page in "$QUIZ_PAGES"/[0-9][0-9]-*/README.md; do
    [ -f "$page" ] || continue
    number=$(basename "$(dirname "$page")")
    awk -v number="${number%%-*}" -v work="$work" '
        function plain(s) {
            gsub(/\$/, "", s); gsub(/\*\*/, "", s)
            while (match(s, /\*[A-Za-z][^*]*[A-Za-z.]\*/)) s = substr(s, 1, RSTART - 1) substr(s, RSTART + 1, RLENGTH - 2) substr(s, RSTART + RLENGTH)
            while (match(s, /\\frac\{?[A-Za-z0-9]+\}?\{?[A-Za-z0-9]+\}?/)) {
                f = substr(s, RSTART + 5, RLENGTH - 5)
                if (f ~ /^\{/) { split(f, part, /[{}]+/); f = part[2] "/" part[3] } else f = substr(f, 1, 1) "/" substr(f, 2)
                s = substr(s, 1, RSTART - 1) f substr(s, RSTART + RLENGTH)
            }
            gsub(/\\left|\\right|\\mathrm|\\text|\\bigl|\\bigr|\\,|\\;/, "", s)
            gsub(/\\cdot|\\times/, "*", s); gsub(/\\le([^a-z]|$)/, "<= ", s); gsub(/\\ge([^a-z]|$)/, ">= ", s)
            gsub(/\\ne([^a-z]|$)/, "!= ", s); gsub(/\\approx/, "~", s); gsub(/\\l?dots/, "...", s); gsub(/\\infty/, "infinity", s)
            gsub(/\\to([^a-z]|$)/, "-> ", s); gsub(/\\pm/, "+-", s); gsub(/\\partial /, "d", s); gsub(/\\partial/, "d", s)
            gsub(/\\l?Vert|\\rVert/, "|", s); gsub(/\\[a-z]+/, "&", s); gsub(/\\/, "", s); gsub(/[{}]/, "", s)
            while (match(s, /\]\([^)]*\)/)) s = substr(s, 1, RSTART - 1) substr(s, RSTART + RLENGTH)
            gsub(/\[/, "", s)
            return s
        }
        /^## / { on = /^## Questions/; state = ""; next }
        !on { next }
        /^[0-9]+\. / {
            n = $1 + 0; sub(/^[0-9]+\. */, ""); state = "q"
            id = sprintf("%s.%d", number, n); print id >>(work "/all")
        }
        /^<details>/ { state = "a"; sub(/.*<\/summary>/, "") }
        /<\/details>/ { state = ""; next }
        state != "" { print plain($0) >(work "/" id "." state) }
    ' "$page" || { tell "quiz: $page cannot be read" >&2; exit 2; }
done
[ -s "$work/all" ] || { tell "quiz: found no questions in $QUIZ_PAGES/*/README.md" >&2; exit 2; }

# wrapped FILE: prints its paragraphs in lines of $columns. Lists, tables, indented and fenced lines are not changed.
wrapped() {
    awk 'function out() { if (text != "") print text; text = "" }
        /^```/ { out(); fence = !fence; next }
        fence || /^([-|]|    )/ { out(); print; next }
        !NF { out(); if (some) print ""; next }
        { some = 1; sub(/^ +/, ""); text = text (text == "" ? "" : " ") $0 }
        END { out() }' "$1" | fold_to "$columns"
}

# remember WORD ID: stores "WORD ID" instead of the old line of that question, through a temporary file.
# others ID: all lines of the file except that of question ID.
others() {
    if [ -f "$QUIZ_FILE" ]; then awk -v id="$1" '!(($1 == "known" || $1 == "missed") && $2 == id)' "$QUIZ_FILE"
    else echo "# Questions that you knew or missed, stored by \`make quiz\`. It does not change other lines."; fi
}
remember() {
    why='it cannot be read'
    if { others "$2" && echo "$1 $2"; } >"$work/stored" && put_file "$QUIZ_FILE" <"$work/stored"; then return; fi
    not_stored=1
    tell "quiz: cannot write $QUIZ_FILE; this result is not stored: $why" >&2
}
# of WORD: the questions stored with WORD (known, missed); "new": the questions without a line.
of() {
    touch "$work/empty"
    state=$QUIZ_FILE
    [ -f "$state" ] || state=$work/empty
    awk -v word="$1" 'NR == FNR && FILENAME != all { } FILENAME == all { order[++n] = $1; next } $1 == "known" || $1 == "missed" { said[$2] = $1 }
        END { for (i = 1; i <= n; i++) if (word == "new" ? !(order[i] in said) : said[order[i]] == word) print order[i] }' \
        all="$work/all" "$work/all" "$state"
}

if [ "$1" = missed ]; then
    of missed >"$work/ask" || exit 2
    [ -s "$work/ask" ] || { tell "Nothing is missed. \`make quiz\` asks other questions."; exit 0; }
elif [ $# -gt 0 ]; then
    for nn do
        grep "^$nn\\." "$work/all" || { tell "quiz: lesson $nn has no questions; use lesson numbers such as 05, or the word missed" >&2; exit 2; }
    done >"$work/ask" || exit 2
else
    { of missed && of new && of known; } >"$work/ask.all" && head -n 10 "$work/ask.all" >"$work/ask" || exit 2
fi
total=$(wc -l <"$work/ask" | tr -d ' ')

answer() { # reads a line into $typed, in lower case without spaces; status 1 at the end of the input
    IFS= read -r typed || { echo; return 1; }
    typed=$(echo "$typed" | tr '[:upper:]' '[:lower:]' | tr -d ' ')
}

exec 3<"$work/ask"
while read -r id <&3; do
    page=$(echo "$QUIZ_PAGES/${id%%.*}"-*/README.md)
    echo
    tell "${dim}[$((asked + 1)) of $total] $(sed -n '1s/^# *//p' "$page"), question ${id#*.}$off"
    printf '%s' "$bold"; wrapped "$work/$id.q"; printf '%s' "$off"
    printf '%s(Enter shows the answer, q stops) %s' "$dim" "$off"
    answer || break
    [ "$typed" = q ] && break
    printf '\n'
    wrapped "$work/$id.a"
    while :; do
        printf '%sDid you know it? y, n or q (stop) %s' "$dim" "$off"
        answer || break 2
        case $typed in
        y | yes) remember known "$id"; asked=$((asked + 1)) right=$((right + 1)); echo "${good}known$off"; break ;;
        n | no) remember missed "$id"; asked=$((asked + 1)); echo "${bad}missed; it will be asked again$off"; break ;;
        q | quit) break 2 ;;
        esac
    done
done
summary
exit $not_stored
