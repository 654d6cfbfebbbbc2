#!/bin/sh
# draw.sh: draws all plots. A lesson writes a gnuplot script NAME.gp into this folder, or into $CLIP_PLOTS; gnuplot
# draws out/NAME.png from it. A picture appears as a whole; where out/NAME.png is a symbolic link, the link stays. Exit
# status 1 if gnuplot is missing or fails.
# shellcheck source=tests/fit.sh
. "${0%/*}/../tests/fit.sh"
# shellcheck source=tests/links.sh
. "${0%/*}/../tests/links.sh"
plots=${CLIP_PLOTS:-$(dirname "$0")}
cd "$plots" 2>/dev/null || {
    tell "$plots: there is no such folder; a lesson makes it: make lesson-02" >&2
    exit 1
}
if ! command -v gnuplot >/dev/null 2>&1; then
    tell "gnuplot is not installed. Install it (Debian: apt install gnuplot, macOS: brew install gnuplot)." >&2
    exit 1
fi
drawn=0 failed=0
# whole FILE END: FILE is missing, or its last bytes are END. gnuplot's status is 0 on a full disk, too.
whole() {
    [ ! -f "$1" ] || [ "$(tail -c $((${#2} / 2)) "$1" | od -An -tx1 | tr -d ' \n')" = "$2" ] || {
        why="gnuplot has not written all of it, is the disk full?"
        return 1
    }
}
# draw NAME: sets `why` when it fails. gnuplot draws to temporary files (arguments 1 and 2 of the script), which are then renamed.
draw() {
    link_target "out/$1.gif" || return 1
    motion=$target
    link_target "out/$1.png" || return 1
    still=$target why="gnuplot failed"
    if ! { gnuplot -d -c "./$1.gp" "$still.$$.tmp" "$motion.$$.tmp" && whole "$still.$$.tmp" 49454e44ae426082 &&
        whole "$motion.$$.tmp" 3b; }; then
        rm -f "$still.$$.tmp" "$motion.$$.tmp"
        return 1
    fi
    for file in "$still" "$motion"; do
        [ ! -f "$file.$$.tmp" ] || mv -f "$file.$$.tmp" "$file" || return 1
    done
}
for script in *.gp; do
    [ -f "$script" ] || continue
    mkdir -p out
    if draw "${script%.gp}"; then
        drawn=$((drawn + 1))
    else
        failed=$((failed + 1))
        tell "out/${script%.gp}.png: $why" >&2
    fi
done
[ $((drawn + failed)) -gt 0 ] || tell "There are no plots yet. Run a lesson first, for example: make lesson-02"
[ $drawn -eq 0 ] || tell "$drawn plots drawn in $PWD/out"
# README.md and the pages show the plots in gallery/: replace each by the new one of the same name.
for picture in gallery/*.png; do
    [ ! -f "$picture" ] || [ ! -f "out/${picture#gallery/}" ] || put_file "$picture" <"out/${picture#gallery/}" || {
        tell "$picture cannot be written: $why" >&2
        failed=$((failed + 1))
    }
done
[ $failed -eq 0 ]
