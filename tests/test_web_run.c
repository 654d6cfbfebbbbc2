/* Lesson 21: captions of other pictures, filters, patches left out, and pictures whose colour follows their shape. */
#include "21-data-from-the-web/web_run.h"
#include "core/thread.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static Arena arena;

static Cifar some(CifarPart part, int n) {
    Cifar set;
    cifar_generate(&arena, part, n, &set);
    return set;
}

/* ---- captions and filters ---------------------------------------------------------------------------------------- */

TEST(captions_are_exchanged) {
    Cifar set = some(CIFAR_TRAIN, 1000);
    uint8_t *none = web_captions(&arena, &set, 0, 1), *half = web_captions(&arena, &set, 0.5, 1);
    CHECK(!memcmp(none, set.labels, 1000), "%s", "without noise the captions are the labels");
    int have[CIFAR_CLASSES] = { 0 }, wrong = 0;
    for (int i = 0; i < set.n; i++) {
        have[half[i]]++;
        have[set.labels[i]]--;
        wrong += half[i] != set.labels[i];
    }
    for (int c = 0; c < CIFAR_CLASSES; c++) CHECK(have[c] == 0, "class %d has %d captions more", c, have[c]);
    CHECK(wrong > 400 && wrong <= 500, "%d of 500 exchanged captions are wrong, about one in ten is right", wrong);
    CHECK(!memcmp(half, web_captions(&arena, &set, 0.5, 1), 1000), "%s", "the same seed");
    CHECK(memcmp(half, web_captions(&arena, &set, 0.5, 2), 1000), "%s", "another seed");
    Chosen clean = chosen_right(&arena, &set, half);
    CHECK(clean.count == set.n - wrong && chosen_clean(clean, &set, half) == clean.count, "%d clean", clean.count);
    CHECK(chosen_clean(chosen_all(&arena, set.n), &set, half) == clean.count, "%s", "all");
}

TEST(best_and_random_choices) {
    const num score[] = { 1, 5, 5, -2, 7 };
    Chosen best = chosen_best(&arena, score, 5, 3);
    CHECK(best.count == 3 && best.index[0] == 4 && best.index[1] == 1 && best.index[2] == 2, "%d %d %d", best.index[0],
          best.index[1], best.index[2]);
    bool seen[100] = { 0 };
    Chosen random = chosen_random(&arena, 100, 40, 3);
    for (int i = 0; i < random.count; i++) {
        CHECK(!seen[random.index[i]], "%d stands twice", random.index[i]);
        seen[random.index[i]] = true;
    }
    CHECK(random.count == 40, "%d", random.count);
}

/* ---- patches left out -------------------------------------------------------------------------------------------- */

/* The embeddings of 4 pictures on a tape of that kind. */
static Mat embeddings(Clip *clip, const Cifar *set, bool training, double drop, uint64_t seed, int *tokens) {
    Tape t = { .training = training };
    Mat pixels = mat_like(&t.arena, mat_shape(4, 4, CIFAR_SIDE, CIFAR_SIDE, 3));
    PairBatch batch = pair_batch_new(&arena, clip, set, 4);
    pair_batch_fill(&batch, (int[]){ 0, 0, 2, 3 });
    pixels = pair_batch_part(&batch, &t.arena, 0, 4).pixels;
    image_tower_drop(&clip->image, drop, seed);
    Mat on_tape = clip_image(&t, clip, pixels)->val, copy = mat_like(&arena, on_tape);
    memcpy(copy.v, on_tape.v, mat_count(copy) * sizeof(num));
    *tokens = 0;
    for (const Node *n = t.last; n; n = n->previous)
        if (n->op == &gather_tokens_op) *tokens = n->val.shape[1];
    tape_free(&t);
    return copy;
}
static bool same(Mat a, Mat b) { return !memcmp(a.v, b.v, mat_count(a) * sizeof(num)); }

TEST(patches_are_left_out_in_training_alone) {
    Cifar set = some(CIFAR_TRAIN, 10);
    Clip clip;
    int tokens;
    ImageTowerSize size = pair_tower("vit", 2);
    size.patch = 4;
    pair_model_of(&clip, pair_class_texts(&arena, &set), CIFAR_CLASSES, size, 1);
    Mat all = embeddings(&clip, &set, true, 0, 1, &tokens);
    CHECK(tokens == 0, "%d tokens are chosen", tokens);
    CHECK(same(all, embeddings(&clip, &set, false, 0.5, 1, &tokens)) && tokens == 0, "%s", "all patches are used");
    Mat half = embeddings(&clip, &set, true, 0.5, 1, &tokens);
    CHECK(tokens == 33 && !same(half, all), "%d tokens of 65", tokens);
    size_t row = PAIR_EMBED * sizeof(num);
    CHECK(!memcmp(&AT(all, 0, 0), &AT(all, 1, 0), row) && memcmp(&AT(half, 0, 0), &AT(half, 1, 0), row), "%s",
          "the same picture twice has other patches in each place");
    CHECK(same(half, embeddings(&clip, &set, true, 0.5, 1, &tokens)), "%s", "the same seed");
    CHECK(!same(half, embeddings(&clip, &set, true, 0.5, 2, &tokens)), "%s", "another seed");
    embeddings(&clip, &set, true, 0.75, 1, &tokens);
    CHECK(tokens == 17, "%d tokens", tokens);
    embeddings(&clip, &set, true, 1, 1, &tokens);
    CHECK(tokens == 2, "%d tokens: one patch is always kept", tokens);
    clip_free(&clip);
}

static WebTraining small_training(const Cifar *set, const char *image, double drop) {
    Chosen all = chosen_all(&arena, set->n);
    WebTraining run = { .set = set, .texts = pair_class_texts(&arena, set), .count = CIFAR_CLASSES };
    run.text_of = set->labels;
    run.chosen = all.index;
    run.chosen_count = all.count;
    run.tower = pair_tower(image, 2);
    run.drop = drop;
    run.pictures = 32;
    run.batch = 16;
    run.seed = 1;
    return run;
}

TEST(any_number_of_threads_trains_the_same) {
    Cifar set = some(CIFAR_TRAIN, 40);
    WebTraining run = small_training(&set, "vit", 0.5);
    Clip clip[3];
    for (int i = 0; i < 3; i++) {
        thread_set_count(i + 1);
        web_train(&clip[i], &run, NULL);
        for (int p = 0; p < clip[0].params.count; p++)
            CHECK(same(clip[i].params.list[p]->val, clip[0].params.list[p]->val), "%d threads: %s", i + 1,
                  clip[0].params.list[p]->name);
    }
    for (int i = 0; i < 3; i++) clip_free(&clip[i]);
    WebTraining whole = small_training(&set, "vit", 0);
    double saved = web_flop(&run) / web_flop(&whole);
    CHECK(saved > 0.4 && saved < 0.7, "half of the patches, %g of the arithmetic", saved);
}

/* ---- colour follows shape ---------------------------------------------------------------------------------------- */

TEST(colours_follow_shapes) {
    BiasSet data = bias_scenes(&arena, 2000, BIAS_SHARE, 1), free = bias_scenes(&arena, 2000, 0.25, 1);
    int own = 0, own_free = 0, of[BIAS_GROUPS] = { 0 };
    for (int i = 0; i < 2000; i++) {
        own += data.group[i] / BIAS_SIDE == data.group[i] % BIAS_SIDE;
        own_free += free.group[i] / BIAS_SIDE == free.group[i] % BIAS_SIDE;
        CHECK(data.set.labels[i] == data.group[i] / BIAS_SIDE, "%d", i);
    }
    CHECK(abs(own - 1900) < 50 && abs(own_free - 500) < 100, "%d and %d of 2000 in their own colour", own, own_free);
    Chosen balanced = bias_balanced(&arena, &data);
    for (int i = 0; i < balanced.count; i++) of[data.group[balanced.index[i]]]++;
    for (int g = 0; g < BIAS_GROUPS; g++) CHECK(of[g] == balanced.count / BIAS_GROUPS, "group %d: %d", g, of[g]);
    const char *const *texts = bias_texts(&arena);
    uint8_t *brief = bias_captions(&arena, &data, false), *full = bias_captions(&arena, &data, true);
    int g = data.group[7];
    CHECK(!strcmp(texts[brief[7]], arena_print(&arena, "a %s", bias_shape(g / 4))), "%s", texts[brief[7]]);
    CHECK(!strcmp(texts[full[7]], arena_print(&arena, "a %s %s", bias_colour(g % 4), bias_shape(g / 4))), "%s",
          texts[full[7]]);
}

/* ---- cells ------------------------------------------------------------------------------------------------------- */

static WebData small_data(void) {
    return (WebData){ some(CIFAR_TRAIN, 40), some(CIFAR_TEST, 20), .pictures = 32, .flip_pictures = 4,
                      .flip_patch = 8,       .scenes = 30,         .each = 1 };
}

TEST(steps_that_are_looked_at) {
    int steps[CURVE_STEPS];
    WebData data = { .pictures = 400 * WEB_BATCH };
    CHECK(curve_steps(&data, steps) == 11 && steps[0] == 0 && steps[1] == 1 && steps[9] == 256 && steps[10] == 400,
          "%d", steps[10]);
    data.pictures = 20;
    CHECK(curve_steps(&data, steps) == 2 && steps[1] == 1, "%d", steps[1]);
}

/* What is in the table is not measured again; a cell that is missing is. */
TEST(cells_are_measured_once) {
    WebData data = small_data();
    CellTable table;
    Err err;
    const char *path = arena_print(&arena, "%s/cells.csv", check_folder());
    CHECK(cell_table_read(&table, &arena, path, &err), "%s", err.text);
    Bench bench = { .data = &data, .table = &table, .seed = 2 };
    flip_measure(&bench);
    filter_measure(&bench);
    int count = table.count;
    double half = bench_cell(&bench, "filter best 0.50: accuracy")->value;
    CHECK(bench_cell(&bench, "flip 0.75 cost: pictures")->value > 2 * data.flip_pictures, "%s", "equal FLOP");
    for (int i = 0; i < table.count; i++)
        if (!strncmp(table.cell[i].name, "filter", 6) && strcmp(table.cell[i].name, "filter best 0.50: accuracy"))
            table.cell[i].value = 0.125;
    CHECK(cell_put(&table, "filter best 0.50: accuracy", 1, half, 20, &err), "%s", err.text);
    flip_measure(&bench);
    filter_measure(&bench);
    CHECK(table.count == count + 1 && bench_cell(&bench, "filter all: accuracy")->value == 0.125, "%d", table.count);
    CellTable again;
    CHECK(cell_table_read(&again, &arena, path, &err) && again.count == count + 1, "%d in the file", again.count);
}

/* One cell of our table, measured again. */
TEST(table_is_ours_long) {
    CellTable ours, now = { .arena = &arena };
    Err err;
    CHECK(cell_table_read(&ours, &arena, WEB_TABLE, &err), "%s", err.text);
    if (!ours.count) check_skip("%s is not there", WEB_TABLE);
    WebData data = { some(CIFAR_TRAIN, WEB_TRAIN), some(CIFAR_TEST, WEB_TEST), .pictures = WEB_SEEN };
    Bench bench = { .data = &data, .table = &now, .seed = 1 };
    quick_measure(&bench);
    CHECK_NEAR(bench_cell(&bench, "quick: accuracy")->value, cell_value(&ours, "quick: accuracy", 1), 0.02);
}

TESTS(captions_are_exchanged, best_and_random_choices, patches_are_left_out_in_training_alone,
      any_number_of_threads_trains_the_same, colours_follow_shapes, steps_that_are_looked_at, cells_are_measured_once,
      table_is_ours_long)
