#!/bin/sh
# draw.sh: draws every picture whose script a lesson has left, here or in $CLIP_PLOTS: NAME.gp makes out/NAME.png.
cd "${CLIP_PLOTS:-$(dirname "$0")}" || exit 1
if ! command -v gnuplot >/dev/null 2>&1; then
    echo "gnuplot is not installed; install it (Debian: apt install gnuplot, macOS: brew install gnuplot) and try again" >&2
    exit 1
fi
drawn=0 failed=0
for script in *.gp; do
    [ -f "$script" ] || continue
    mkdir -p out
    if gnuplot -d "./$script"; then drawn=$((drawn + 1)); else failed=$((failed + 1)); echo "plots/$script: gnuplot failed" >&2; fi
done
[ $((drawn + failed)) -gt 0 ] || echo "no lesson has left data yet: run one, such as make lesson-02"
[ $drawn -eq 0 ] || echo "$drawn pictures drawn, in $PWD/out"
# The gallery of README.md: pictures that are kept with the text.
for picture in gallery/*.png; do
    [ -f "$picture" ] && [ -f "out/${picture#gallery/}" ] && cp "out/${picture#gallery/}" "$picture"
done
[ $failed -eq 0 ]
