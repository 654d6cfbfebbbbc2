#!/bin/sh
# draw.sh: draws all plots. A lesson writes a gnuplot script NAME.gp into this folder, or into $CLIP_PLOTS; gnuplot
# draws out/NAME.png from it. Exit status 1 if gnuplot is missing or fails.
cd "${CLIP_PLOTS:-$(dirname "$0")}" || exit 1
if ! command -v gnuplot >/dev/null 2>&1; then
    echo "gnuplot is not installed. Install it (Debian: apt install gnuplot, macOS: brew install gnuplot)." >&2
    exit 1
fi
drawn=0 failed=0
for script in *.gp; do
    [ -f "$script" ] || continue
    mkdir -p out
    if gnuplot -d "./$script"; then
        drawn=$((drawn + 1))
    else
        failed=$((failed + 1))
        echo "plots/$script: gnuplot failed" >&2
    fi
done
[ $((drawn + failed)) -gt 0 ] || echo "There are no plots yet. Run a lesson first, for example: make lesson-02"
[ $drawn -eq 0 ] || echo "$drawn plots drawn in $PWD/out"
# README.md and the pages show the plots in gallery/: replace each by the new one of the same name.
for picture in gallery/*.png; do
    [ -f "$picture" ] && [ -f "out/${picture#gallery/}" ] && cp "out/${picture#gallery/}" "$picture"
done
[ $failed -eq 0 ]
