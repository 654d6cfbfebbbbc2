#!/bin/sh
# measure.sh: remakes the figures the pages of lessons 10 and 11 quote. Wants CIFAR-10 (`make data`) and a machine with
# nothing else to do.
#   sh lessons/10-train/measure.sh [BUILD [PART ...]]         from the top folder; all parts if none is named
#     quick      three seeds of the quick recipe, and lesson 11 on the first model       results.txt, ../11-classify/results.txt
#     notebook   the notebook's experiment                                               results-notebook.txt
#     without    two epochs of quick without one ingredient after the other              results-without.txt
#     profile    where the time of a batch goes, quick and full                          results-profile.txt
#     full       three seeds of the full recipe: an hour                                 results-full.txt
#     wide       one seed of the wide recipe: half an hour                               results-wide.txt
build=${1:-build}
[ $# -gt 0 ] && shift
here=lessons/10-train
models=${CLIP_MODELS:-data/models}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

train() { "$build/lesson-10" --data cifar --no-predict --resume "$@"; }
rows() { sed -n '/^epoch/,/^the loss/p' | sed -e '/^the loss/d' -e '/^test pictures/d' -e '/^all .* were done before/,$d'; } # the table of a run
last() { tail -n 1 "$models/$1.csv"; }                   # the last row of its log: fields as in the heading
part() { echo "measuring: $1" >&2; }

seeds() { # RECIPE SHOWN SEED ...: the run of seed SHOWN, then the results of all seeds
    recipe=$1 shown=$2
    shift 2
    for seed do train --recipe "$recipe" --seed "$seed" >"$work/$recipe.$seed" || exit 1; done
    echo "build/lesson-10 --recipe $recipe --seed $shown" | sed 's/ --seed 1$//'
    rows <"$work/$recipe.$shown"
    echo
    echo "seed   plain   with views   seconds of training"
    for seed do last "$recipe-cifar10-seed$seed"; done | awk -F, -v seeds="$*" '
        function row(name, plain, views, seconds) {
            printf "%4s  %.2f %%  %10s  %15.1f\n", name, 100 * plain,
                views ? sprintf("%5.2f %%", 100 * views) : "      -", seconds
        }
        { split(seeds, seed, " "); row(seed[NR], $9, $10, $12); plain += $9; views += $10; t += $12 }
        END { if (NR > 1) row("mean", plain / NR, views / NR, t / NR) }'
}

measure_quick() {
    part "three seeds of quick, four minutes"
    seeds quick 1 1 2 3 >"$work/quick" && mv "$work/quick" $here/results.txt
    "$build/lesson-11" --data cifar --no-predict >lessons/11-classify/results.txt
}

measure_notebook() {
    part "the notebook's experiment, four minutes"
    echo "build/lesson-10 --recipe notebook" >"$work/notebook"
    train --recipe notebook | rows >>"$work/notebook" && mv "$work/notebook" $here/results-notebook.txt
}

ablate() { # RECIPE INGREDIENT...: two epochs without one after the other; views only where the recipe asks with views
    recipe=$1 whole=''
    shift
    echo "build/lesson-10 --recipe $recipe --epochs 2 --without INGREDIENT"
    echo "without          test    worth   with views   worth"
    for what in nothing "$@"; do
        name=$recipe-without-$what
        [ "$what" = nothing ] && name=$recipe
        train --recipe "$recipe" --epochs 2 --without "$what" >/dev/null || exit 1
        whole=${whole:-$(last "$recipe-cifar10-seed1")}
        { echo "$whole"; last "$name-cifar10-seed1"; } | awk -F, -v what="$what" '
            NR == 1 { test = $9; views = $10; next }
            { printf "%-13s %.2f %%  %+.2f", what, 100 * $9, 100 * (test - $9)
              if ($10 == "") print ""; else printf "      %.2f %%  %+.2f\n", 100 * $10, 100 * (views - $10) }'
    done
}

measure_without() ( # in a shell of its own: other models
    part "two epochs without one thing after the other, quick and full, twelve minutes"
    models=$work
    CLIP_MODELS=$work
    export CLIP_MODELS
    {
        ablate quick whitening dirac muon mirror alternating shift decay
        echo
        ablate full smoothing wordings
    } >"$work/without" && mv "$work/without" $here/results-without.txt
)

measure_profile() {
    part "profiles, an epoch each, two minutes"
    for recipe in quick full; do
        echo "build/lesson-10 --recipe $recipe --epochs 1 --profile"
        CLIP_MODELS=$work "$build/lesson-10" --data cifar --no-predict --recipe $recipe --epochs 1 --profile |
            sed -n '/^ms per step/,/^total/p'
        echo
    done >"$work/profile" && mv "$work/profile" $here/results-profile.txt
}

# The speed of a training step of the same network, as make bench measures it: the median of five runs.
speed() {
    for _ in 1 2 3 4 5; do "$build/bench" train-speedrun || return; done >"$work/speed"
    sort -k 3n "$work/speed" | sed -n '3s/ img.*/ img\/s (median of five)/p'
}

measure_full() {
    part "three seeds of full, one hour"
    { seeds full 3 1 2 3 && echo && speed; } >"$work/full" && mv "$work/full" $here/results-full.txt
}

measure_wide() {
    part "one seed of wide, half an hour"
    seeds wide 1 1 >"$work/wide" && mv "$work/wide" $here/results-wide.txt
}

for one in ${*:-quick notebook without profile full wide}; do "measure_$one" || exit 1; done
