/* split: do both parts show every colour, shape and count equally often, and nothing twice? */
#include "scenes/split.h"
#include "check.h"

#include <string.h>

enum { N = 8, SEEDS = 10 };

static Split make(SplitKind kind, int eighths, int seed) { return split_make(kind, eighths / 8.0, (uint64_t)seed); }

TEST(pairs_have_the_same_marginals) {
    for (int k = 0; k <= N; k++)
        for (int seed = 0; seed < SEEDS; seed++) {
            Split split = make(SPLIT_PAIRS, k, seed);
            CHECK(split.coverage == k / 8.0, "coverage %g, want %d / 8", split.coverage, k);
            int colour[2][N] = { { 0 } }, shape[2][N] = { { 0 } };
            for (int c = 0; c < N; c++)
                for (int s = 0; s < N; s++) {
                    bool seen = split_has_pair(&split, SPLIT_SEEN, (ShapeColour)c, (Shape)s);
                    CHECK(seen != split_has_pair(&split, SPLIT_HELD, (ShapeColour)c, (Shape)s), "%s",
                          "in both parts, or in none");
                    colour[!seen][c]++;
                    shape[!seen][s]++;
                }
            for (int i = 0; i < N; i++) {
                CHECK(colour[0][i] == k && colour[1][i] == N - k, "colour %d: %d seen, want %d", i, colour[0][i], k);
                CHECK(shape[0][i] == k && shape[1][i] == N - k, "shape %d: %d seen, want %d", i, shape[0][i], k);
            }
        }
}

TEST(counts_have_the_same_marginals) {
    for (int k = 0; k <= N; k++)
        for (int seed = 0; seed < SEEDS; seed++) {
            Split split = make(SPLIT_COUNTS, k, seed);
            int colour[N] = { 0 }, shape[N] = { 0 }, counts[SPLIT_COUNT_MAX] = { 0 };
            for (int c = 0; c < N; c++)
                for (int s = 0; s < N; s++) {
                    int numbers = 0;
                    for (int n = 1; n <= SPLIT_COUNT_MAX; n++) {
                        bool seen = split_has_count(&split, SPLIT_SEEN, n, (ShapeColour)c, (Shape)s);
                        CHECK(seen != split_has_count(&split, SPLIT_HELD, n, (ShapeColour)c, (Shape)s), "%d of %d %d",
                              n, c, s);
                        colour[c] += seen;
                        shape[s] += seen;
                        counts[n - 1] += seen;
                        numbers += seen;
                    }
                    CHECK(k < 2 || numbers >= 1, "colour %d of shape %d is seen in no number", c, s);
                    CHECK(k > 6 || numbers < SPLIT_COUNT_MAX, "colour %d of shape %d is seen in every number", c, s);
                }
            for (int i = 0; i < N; i++)
                CHECK(colour[i] == 5 * k && shape[i] == 5 * k, "%d: colour %d, shape %d, want %d", i, colour[i],
                      shape[i], 5 * k);
            for (int n = 0; n < SPLIT_COUNT_MAX; n++)
                CHECK(counts[n] == N * k, "count %d: %d, want %d", n + 1, counts[n], N * k);
        }
}

TEST(relations_have_the_same_marginals) {
    for (int k = 0; k <= N; k++)
        for (int seed = 0; seed < SEEDS; seed++) {
            Split split = make(SPLIT_RELATIONS, k, seed);
            int partners[DIRECTION_COUNT] = { 0 };
            for (int i = 0; i < DIRECTION_COUNT * N * N; i++) {
                Direction direction = (Direction)(i / (N * N));
                ObjectType a = { (ShapeColour)(i / N % N), (Shape)(i % N) };
                int seen = 0;
                for (int j = 0; j < N * N; j++) {
                    ObjectType b = { (ShapeColour)(j / N), (Shape)(j % N) };
                    if (j == i % (N * N)) continue;
                    bool has = split_has_relation(&split, SPLIT_SEEN, direction, a, b);
                    CHECK(has == split_has_relation(&split, SPLIT_SEEN, direction, b, a), "%s", "only one way round");
                    CHECK(has != split_has_relation(&split, SPLIT_HELD, direction, a, b), "%s",
                          "in both parts, or in none");
                    seen += has;
                }
                if (i % (N * N) == 0) partners[direction] = seen;
                CHECK(seen == partners[direction], "thing %d has %d partners, the first %d", i, seen,
                      partners[direction]);
            }
            CHECK(partners[0] == partners[1], "%d beside, %d above", partners[0], partners[1]);
            CHECK(split.coverage == partners[0] / 63.0, "coverage %g, partners %d of 63", split.coverage, partners[0]);
            CHECK_NEAR(split.coverage, k / 8.0, 1.01 / 63);
        }
}

TEST(a_seed_is_a_split) {
    for (int kind = SPLIT_PAIRS; kind < SPLIT_KINDS; kind++) {
        Split a = make((SplitKind)kind, 4, 7), b = make((SplitKind)kind, 4, 7), c = make((SplitKind)kind, 4, 8);
        int differ = 0;
        for (int i = 0; i < N * N; i++) {
            ShapeColour colour = (ShapeColour)(i / N);
            Shape shape = (Shape)(i % N);
            ObjectType type = { colour, shape }, first = { COLOUR_RED, SHAPE_CIRCLE };
            for (int which = 0; which < 3; which++) {
                bool has[3];
                const Split *split[3] = { &a, &b, &c };
                for (int s = 0; s < 3; s++)
                    has[s] = which == 0   ? split_has_pair(split[s], SPLIT_SEEN, colour, shape)
                             : which == 1 ? split_has_count(split[s], SPLIT_SEEN, 3, colour, shape)
                                          : split_has_relation(split[s], SPLIT_SEEN, DIRECTION_Y, first, type);
                CHECK(has[0] == has[1], "%s", "the same seed, another split");
                differ += has[0] != has[2];
            }
        }
        CHECK(differ > 8, "%s: another seed, and %d combinations differ", split_name((SplitKind)kind), differ);
    }
}

TEST(other_combinations_are_in_both_parts) {
    Split pairs = make(SPLIT_PAIRS, 4, 1), all = make(SPLIT_ALL, 4, 1);
    ObjectType a = { COLOUR_RED, SHAPE_STAR }, b = { COLOUR_BLUE, SHAPE_BAR };
    for (int part = 0; part < 2; part++) {
        CHECK(split_has_count(&pairs, (SplitPart)part, 2, a.colour, a.shape), "%s", "a count");
        CHECK(split_has_relation(&pairs, (SplitPart)part, DIRECTION_X, a, b), "%s", "a relation");
        CHECK(split_has_pair(&all, (SplitPart)part, a.colour, a.shape), "%s", "a pair");
        CHECK(split_has_any(&all, (SplitPart)part), "%s", "all");
        Split relations = make(SPLIT_RELATIONS, 4, 1);
        CHECK(split_has_relation(&relations, (SplitPart)part, DIRECTION_X, a, a), "%s", "with its like");
    }
    Split none = make(SPLIT_COUNTS, 0, 1), whole = make(SPLIT_RELATIONS, 8, 1);
    CHECK(!split_has_any(&none, SPLIT_SEEN) && split_has_any(&none, SPLIT_HELD), "%s", "coverage 0");
    CHECK(split_has_any(&whole, SPLIT_SEEN) && !split_has_any(&whole, SPLIT_HELD), "%s", "coverage 1");
}

TEST(names_and_contracts) {
    for (int kind = 0; kind < SPLIT_KINDS; kind++) {
        SplitKind found = SPLIT_ALL;
        CHECK(split_find(split_name((SplitKind)kind), &found) && (int)found == kind, "kind %d", kind);
    }
    SplitKind kind = SPLIT_COUNTS;
    CHECK(!split_find("pair", &kind) && kind == SPLIT_COUNTS, "%s", "found what is not there");
    CHECK_STOPS(split_make(SPLIT_PAIRS, 1.1, 1), EXIT_CONTRACT, "coverage is 1.1, want 0 to 1");
    Split split = make(SPLIT_COUNTS, 4, 1);
    CHECK_STOPS(split_has_count(&split, SPLIT_SEEN, 6, COLOUR_RED, SHAPE_BAR), EXIT_CONTRACT,
                "count is 6, want 1 to 5");
}

TESTS(pairs_have_the_same_marginals, counts_have_the_same_marginals, relations_have_the_same_marginals,
      a_seed_is_a_split, other_combinations_are_in_both_parts, names_and_contracts)
