#include "scenes/split.h"

#include <math.h>
#include <string.h>

enum { N = 8 }; /* colours, shapes */

static const char *const names[] = { "all", "pairs", "counts", "relations" };
_Static_assert(COUNT(names) == SPLIT_KINDS, "one name per kind");

const char *split_name(SplitKind kind) {
    REQUIRE((unsigned)kind < SPLIT_KINDS, "kind is %d, want 0 to %d", (int)kind, SPLIT_KINDS - 1);
    return names[kind];
}

bool split_find(const char *name, SplitKind *kind) {
    int i = 0;
    while (i < SPLIT_KINDS && strcmp(name, names[i])) i++;
    if (i < SPLIT_KINDS) *kind = (SplitKind)i;
    return i < SPLIT_KINDS;
}

/* ---- making splits ----------------------------------------------------------------------------------------------- */

static void number_randomly(int *number, Rng *rng) {
    for (int i = 0; i < N; i++) number[i] = i;
    rng_shuffle(rng, number, N);
}

/* Draws a set of coverage * 8 residues: any, or neighbours mod 8. */
static void choose_residues(Split *split, bool neighbours, Rng *rng) {
    int order[N], k = (int)lrint(split->coverage * N);
    number_randomly(order, rng);
    for (int i = 0; i < k; i++) split->seen[neighbours ? (order[0] + i) % N : order[i]] = true;
    split->coverage = (double)k / N;
}

/* Draws differences together with their negatives, while that brings their number nearer to what is wanted. Those that
 * differ from their negative come first, so that the number does not depend on the order. Returns the number. */
static int choose_differences(bool seen[N][N], double coverage, Rng *rng) {
    int order[N * N], taken = 0;
    for (int i = 0; i < N * N; i++) order[i] = i;
    rng_shuffle(rng, order, N * N);
    for (int size = 2; size >= 1; size--)
        for (int i = 0; i < N * N; i++) {
            int c = order[i] / N, s = order[i] % N, minus_c = (N - c) % N, minus_s = (N - s) % N;
            if (order[i] == 0 || (c == minus_c && s == minus_s) != (size == 1) || seen[c][s]) continue;
            if (taken + 0.5 * size > coverage * (N * N - 1)) continue;
            seen[c][s] = seen[minus_c][minus_s] = true;
            taken += size;
        }
    return taken;
}

Split split_make(SplitKind kind, double coverage, uint64_t seed) {
    REQUIRE((unsigned)kind < SPLIT_KINDS, "kind is %d, want 0 to %d", (int)kind, SPLIT_KINDS - 1);
    REQUIRE(coverage >= 0 && coverage <= 1, "coverage is %g, want 0 to 1", coverage);
    Split split = { .kind = kind, .coverage = coverage };
    Rng rng = rng_seed(seed, (uint64_t)kind);
    number_randomly(split.colour, &rng);
    number_randomly(split.shape, &rng);
    if (kind == SPLIT_ALL) split.coverage = 1;
    if (kind == SPLIT_PAIRS || kind == SPLIT_COUNTS) choose_residues(&split, kind == SPLIT_COUNTS, &rng);
    if (kind == SPLIT_RELATIONS) {
        int taken = 0;
        for (int direction = 0; direction < DIRECTION_COUNT; direction++)
            taken += choose_differences(split.seen_apart[direction], coverage, &rng);
        split.coverage = (double)taken / (DIRECTION_COUNT * (N * N - 1));
    }
    return split;
}

/* ---- membership -------------------------------------------------------------------------------------------------- */

static int residue(const Split *split, ShapeColour colour, Shape shape) {
    REQUIRE((unsigned)colour < COLOUR_COUNT && (unsigned)shape < SHAPE_COUNT, "colour, shape are %d, %d, want 0 to 7",
            (int)colour, (int)shape);
    return (split->colour[colour] - split->shape[shape] + N) % N;
}

bool split_has_pair(const Split *split, SplitPart part, ShapeColour colour, Shape shape) {
    return split->kind != SPLIT_PAIRS || split->seen[residue(split, colour, shape)] == (part == SPLIT_SEEN);
}

bool split_has_count(const Split *split, SplitPart part, int count, ShapeColour colour, Shape shape) {
    /* Of any two neighbours mod 8, one is f(count) for some count: therefore every pair is seen in some count. */
    static const int f[SPLIT_COUNT_MAX] = { 0, 1, 3, 4, 6 };
    REQUIRE(count >= 1 && count <= SPLIT_COUNT_MAX, "count is %d, want 1 to %d", count, SPLIT_COUNT_MAX);
    if (split->kind != SPLIT_COUNTS) return true;
    return split->seen[(residue(split, colour, shape) + f[count - 1]) % N] == (part == SPLIT_SEEN);
}

bool split_has_relation(const Split *split, SplitPart part, Direction direction, ObjectType a, ObjectType b) {
    REQUIRE((unsigned)direction < DIRECTION_COUNT, "direction is %d, want 0 or 1", (int)direction);
    if (split->kind != SPLIT_RELATIONS || (a.colour == b.colour && a.shape == b.shape)) return true;
    int colours = (split->colour[a.colour] - split->colour[b.colour] + N) % N;
    int shapes = (split->shape[a.shape] - split->shape[b.shape] + N) % N;
    return split->seen_apart[direction][colours][shapes] == (part == SPLIT_SEEN);
}

bool split_has_any(const Split *split, SplitPart part) {
    return split->kind == SPLIT_ALL || (part == SPLIT_SEEN ? split->coverage > 0 : split->coverage < 1);
}
