/* Are cosines exact where they should be, are all orders there, and do changes say what they are called? */
#include "scenes/caption_sensitivity.h"
#include "core/arena.h"
#include "check.h"

#include <math.h>
#include <string.h>

static Clip clip_of(const char *kind) {
    Arena arena = { 0 };
    Vocab vocab = caption_vocab(&arena);
    Clip clip;
    Err err;
    ClipConfig config = { .image = { .kind = "cnn", .embed = 8 },
                          .text = { .kind = kind, .width = 16, .embed = 8, .heads = 2, .padding = TEXT_PADDING },
                          .tokens = CAPTION_WORDS };
    CHECK(clip_init(&clip, config, &vocab, 1, &err), "%s", err.text);
    arena_free(&arena);
    return clip;
}

/* x / sqrt(x x) is 1 whatever the vector is; |x| |x| is not always x x. */
TEST(the_same_bits_have_cosine_one) {
    Arena arena = { 0 };
    Rng rng = rng_seed(1, 0);
    Mat m = mat_normal(&arena, 2000, 7, &rng, 3);
    for (int i = 0; i < 2000; i++)
        CHECK(sensitivity_cosine(m, i, m, i) == 1, "row %d: %a", i, sensitivity_cosine(m, i, m, i));
    CHECK_NEAR(sensitivity_cosine(m, 3, m, 8), vec_cosine(&AT(m, 3, 0), &AT(m, 8, 0), 7), 1e-12);
    CHECK_STOPS(sensitivity_cosine(mat_zero(&arena, 1, 7), 0, m, 0), EXIT_CONTRACT, "length 0");
    arena_free(&arena);
}

TEST(all_orders_once) {
    Arena arena = { 0 };
    int n;
    const char **orders = sensitivity_orders(&arena, "b a b", &n);
    CHECK(n == 3 && !strcmp(orders[0], "a b b") && !strcmp(orders[1], "b a b") && !strcmp(orders[2], "b b a"), "%d, %s",
          n, orders[0]);
    orders = sensitivity_orders(&arena, "a red car and a blue house", &n);
    CHECK(n == 2520, "7! / 2 is 2520, not %d", n);
    for (int i = 1; i < n; i++) CHECK(strcmp(orders[i - 1], orders[i]) < 0, "%s before %s", orders[i - 1], orders[i]);
    CHECK(sensitivity_orders(&arena, "one", &n) && n == 1, "%d", n);
    CHECK_STOPS(sensitivity_orders(&arena, "1 2 3 4 5 6 7 8 9", &n), EXIT_CONTRACT, "more than 8 words");
    CHECK_STOPS(sensitivity_orders(&arena, " ", &n), EXIT_CONTRACT, "no words");
    arena_free(&arena);
}

TEST(different_rows_are_counted) {
    Arena arena = { 0 };
    Mat m = mat_from(&arena, 5, 2, (double[]){ 1, 2, 2, 1, 1, 2, 1, 2.5, 2, 1 });
    CHECK(sensitivity_different(m) == 3, "%d", sensitivity_different(m));
    CHECK(sensitivity_different(mat_new(&arena, 0, 2)) == 0, "none of none");
    arena_free(&arena);
}

/* The proof of lesson 16, and that the others do hear. Chunks do not show. */
TEST(a_bag_has_one_vector_for_all_orders) {
    static const char *const kinds[] = { "bow", "lstm", "transformer" };
    for (int k = 0; k < 3; k++) {
        Arena arena = { 0 };
        int n;
        Clip clip = clip_of(kinds[k]);
        const char **orders = sensitivity_orders(&arena, "a red bar and one blue", &n);
        Mat v = sensitivity_vectors(&clip, &arena, orders, n),
            last = sensitivity_vectors(&clip, &arena, orders + n - 1, 1);
        CHECK(n == 720 && v.shape[0] == n && v.shape[1] == 8, "%s", mat_shape_text(v));
        CHECK(sensitivity_different(v) == (k == 0 ? 1 : n), "%s: %d of %d", kinds[k], sensitivity_different(v), n);
        CHECK(!memcmp(last.v, &AT(v, n - 1, 0), 8 * sizeof(num)), "%s: a vector depends on its neighbours", kinds[k]);
        clip_free(&clip);
        arena_free(&arena);
    }
}

/* The edit behind a name, seen from its result. */
static bool as_named(const char *name, const Caption *a, const Caption *b) {
    bool same_shapes = a->a.shape == b->a.shape && a->b.shape == b->b.shape;
    if (!strcmp(name, "colours swapped"))
        return a->a.colour == b->b.colour && a->b.colour == b->a.colour && same_shapes;
    if (!strcmp(name, "things swapped"))
        return a->relation == b->relation && a->a.shape == b->b.shape && a->b.colour == b->a.colour;
    if (!strcmp(name, "relation turned")) return a->relation == relation_converse(b->relation) && same_shapes;
    if (!strcmp(name, "another number")) return a->count[0] != b->count[0] && a->a.colour == b->a.colour && same_shapes;
    if (!strcmp(name, "negated")) return a->kind == CAPTION_PAIR && b->kind == CAPTION_WITHOUT && same_shapes;
    if (!strcmp(name, "another colour"))
        return (a->a.colour != b->a.colour) + (a->b.colour != b->b.colour) == 1 && same_shapes;
    if (!strcmp(name, "another shape")) return a->a.colour == b->a.colour && a->b.colour == b->b.colour && !same_shapes;
    return true;
}

/* What is called the same says the same in other words; what is not says something else. */
TEST(changes_are_what_they_are_called) {
    bool other = false;
    int count = 0;
    for (; sensitivity_change(count); count++) {
        const SensitivityChange *change = sensitivity_change(count);
        Arena arena = { 0 };
        SensitivityExample *example = sensitivity_examples(&arena, change, 3, 60);
        CHECK(!(other && change->same_meaning), "%s comes late", change->name);
        other |= !change->same_meaning;
        for (int i = 0; i < 60; i++) {
            Caption first, again, changed;
            CHECK(caption_parse(example[i].text, &first, NULL) && caption_parse(example[i].paraphrase, &again, NULL) &&
                      caption_parse(example[i].changed, &changed, NULL),
                  "%s", example[i].text);
            CHECK(caption_equivalent(&first, &again) && strcmp(example[i].text, example[i].paraphrase), "%s: %s / %s",
                  change->name, example[i].text, example[i].paraphrase);
            CHECK(caption_equivalent(&first, &changed) == change->same_meaning, "%s: %s / %s", change->name,
                  example[i].text, example[i].changed);
            CHECK(strcmp(example[i].text, example[i].changed), "%s: %s is not changed", change->name, example[i].text);
            CHECK(as_named(change->name, &first, &changed), "%s: %s / %s", change->name, example[i].text,
                  example[i].changed);
            CHECK(change->kinds >> first.kind & 1u, "%s of a %s", change->name, caption_kind_name(first.kind));
        }
        CHECK(strcmp(example[0].text, sensitivity_examples(&arena, change, 4, 1)->text) ||
                  strcmp(example[0].changed, sensitivity_examples(&arena, change, 4, 1)->changed),
              "%s: the seed changes nothing", change->name);
        CHECK(!strcmp(example[5].changed, sensitivity_examples(&arena, change, 3, 6)[5].changed),
              "%s: not the same for the same seed", change->name);
        arena_free(&arena);
    }
    CHECK(count == 11 && !sensitivity_change(count) && !sensitivity_change(-1), "%d changes", count);
}

/* One example after the other, and the bag of words, to which a swap is nothing. */
TEST(scores_are_what_the_cosines_say) {
    enum { N = 40 };
    Arena arena = { 0 };
    Clip bag = clip_of("bow"), tower = clip_of("transformer");
    for (int i = 0; sensitivity_change(i); i++) {
        const SensitivityChange *change = sensitivity_change(i);
        SensitivityExample *example = sensitivity_examples(&arena, change, 5, N);
        SensitivityScore got = sensitivity_score(&tower, example, N), of_bag = sensitivity_score(&bag, example, N);
        double cosine = 0, won = 0;
        for (int k = 0; k < N; k++) {
            const char *said[] = { example[k].text, example[k].paraphrase, example[k].changed };
            Mat v = sensitivity_vectors(&tower, &arena, said, 3);
            double paraphrase = sensitivity_cosine(v, 0, v, 1), changed = sensitivity_cosine(v, 0, v, 2);
            cosine += changed / N;
            won += changed < paraphrase ? 1 : changed > paraphrase ? 0 : 0.5;
        }
        CHECK_NEAR(got.cosine, cosine, 1e-12);
        CHECK(got.detected.items == N && got.detected.sum[PAIR_METRIC_CHOICE] == won, "%s: %g of %d, want %g",
              change->name, got.detected.sum[PAIR_METRIC_CHOICE], got.detected.items, won);
        if (change->edit == EDIT_SWAP_COLOURS && !change->same_meaning)
            CHECK(fabs(of_bag.cosine - 1) < 1e-12 && of_bag.detected.sum[PAIR_METRIC_CHOICE] == 0, "%s: %g",
                  change->name, of_bag.cosine);
    }
    clip_free(&bag);
    clip_free(&tower);
    arena_free(&arena);
}

/* Another scene's caption may happen to say the same; then it is another one. */
TEST(another_caption_says_something_else) {
    Arena arena = { 0 };
    enum { MANY = 6000 };
    SensitivityExample *example = sensitivity_examples(&arena, sensitivity_change(10), 1, MANY);
    for (int i = 0; i < MANY; i++) {
        Caption first, changed;
        CHECK(caption_parse(example[i].text, &first, NULL) && caption_parse(example[i].changed, &changed, NULL), "%s",
              example[i].text);
        CHECK(!caption_equivalent(&first, &changed), "%s / %s", example[i].text, example[i].changed);
    }
    arena_free(&arena);
}

TESTS(the_same_bits_have_cosine_one, all_orders_once, different_rows_are_counted, a_bag_has_one_vector_for_all_orders,
      changes_are_what_they_are_called, scores_are_what_the_cosines_say, another_caption_says_something_else)
