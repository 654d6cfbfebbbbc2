#!/bin/sh
# measure.sh: remakes results.txt, the figures the pages of lessons 10 and 11 quote: three seeds of the quick recipe, the
# notebook's experiment, and what lesson 11 says of the first model. Ten minutes; wants CIFAR-10 (`make data`).
#   sh lessons/10-train/measure.sh [BUILD]         from the top folder
build=${1:-build}
models=${CLIP_MODELS:-data/models}
results=lessons/10-train/results.txt
{
    for seed in 1 2 3; do
        "$build/lesson-10" --data cifar --no-predict --seed $seed >"$results.$seed" || exit 1
    done
    echo "build/lesson-10"
    sed -n '/^epoch/,/^the loss/p' "$results.1" | sed '$d'
    echo
    echo "seed   test   seconds of training"
    for seed in 1 2 3; do
        tail -n 1 "$models/quick-cifar10-seed$seed.csv" | awk -F, -v seed=$seed '{ printf "%4d  %.2f %%  %6.1f\n", seed, 100 * $9, $12 }'
    done
    echo
    echo "build/lesson-10 --recipe notebook"
    "$build/lesson-10" --data cifar --no-predict --recipe notebook >"$results.nb" || exit 1
    sed -n '/^epoch/,/^the loss/p' "$results.nb" | sed '$d'
} >"$results.new" && mv "$results.new" "$results"
rm -f "$results".?*
"$build/lesson-11" --data cifar --no-predict >lessons/11-classify/results.txt
