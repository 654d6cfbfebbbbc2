/* Training on own pairs: the same bytes for any number of threads and after any interruption, the best epoch is kept,
 * early stop, every tower at 32 and 64 pixels, equal captions match; recalls of pairs against the slow way. */
#include "core/arena.h"
#include "core/file.h"
#include "core/thread.h"
#include "dataset/augment.h"
#include "dataset/shapes.h"
#include "formats/image.h"
#include "model/clip_file.h"
#include "training/train.h"
#include "sum_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRAINED = 24, VALIDATED = 9, SIDE_MAX = 64 };

static Arena arena;
static const char *folder;
static const char *in(const char *name) { return arena_print(&arena, "%s/%s", folder, name); }

static const char *const captions[] = { "a red circle", "A red circle!", "a blue star", "one star", "a rare word" };

/* Circles and stars; picture i has the captions i mod 5 and, where i is odd, (i + 1) mod 5. */
static PairSet pairs_make(int n, int side, uint64_t seed) {
    const uint8_t **planes = arena_alloc(&arena, (size_t)n, sizeof *planes);
    int *first = arena_alloc(&arena, (size_t)n, sizeof *first), *count = arena_alloc(&arena, (size_t)n, sizeof *count);
    int *own = arena_alloc(&arena, 2 * (size_t)n, sizeof *own);
    double *numbers = arena_alloc(&arena, 3 * (size_t)(side * side), sizeof *numbers);
    uint8_t *rgb = arena_alloc(&arena, 3 * (size_t)(side * side), 1);
    for (int i = 0; i < n; i++) {
        Rng rng = rng_seed(seed, (uint64_t)i);
        uint8_t *p = arena_alloc(&arena, 3 * (size_t)(side * side), 1);
        bool circle = i % 5 < 2;
        shapes_picture(&rng, circle ? SHAPE_CIRCLE : SHAPE_STAR, circle ? COLOUR_RED : COLOUR_BLUE,
                       (Canvas){ side, numbers }, rgb);
        image_planes(rgb, (size_t)(side * side), p);
        planes[i] = p;
        first[i] = 2 * i;
        count[i] = 1 + i % 2;
        own[2 * i] = i % 5;
        own[2 * i + 1] = (i + 1) % 5;
    }
    return (PairSet){ n, side, planes, COUNT(captions), captions, NULL, first, count, own, "test", NULL };
}

static PairSet train, validation;

static TrainRun run_of(const char *name, const char *image, const char *text, int side) {
    Recipe r = *recipe_find("pairs");
    if (!folder) folder = check_folder();
    train = pairs_make(TRAINED, side, 1);
    validation = pairs_make(VALIDATED, side, 2);
    recipe_towers(&r, &arena, image, text);
    for (int w = 0; w < 3; w++) r.model.image.widths[w] = 8;
    r.model.image.side = side;
    r.model.image.width = 16;
    r.model.image.layers = r.model.text.layers = 1;
    r.model.image.patch = 16;
    r.model.image.embed = r.model.text.embed = r.model.text.width = 8;
    r.model.tokens = 4;
    r.epochs = 4;
    r.batch = 8;
    TrainRun run = { .recipe = r, .seed = 3, .pairs = &train, .validation = &validation };
    run.checkpoint = in(arena_print(&arena, "%s.last", name));
    run.best = in(arena_print(&arena, "%s.best", name));
    run.log = in(arena_print(&arena, "%s.csv", name));
    return run;
}

static void trains(TrainRun *run) {
    Clip clip;
    Err err = { "" };
    CHECK(train_run(run, &clip, &err), "%s", err.text);
    clip_free(&clip);
}

static void same_bytes(const char *a, const char *b) {
    File x, y;
    Err err = { "" };
    CHECK(file_open(&x, a, &err) && file_open(&y, b, &err), "%s", err.text);
    CHECK(x.size == y.size && !memcmp(x.data, y.data, x.size), "%s and %s differ", a, b);
    file_close(&x);
    file_close(&y);
}

TEST(any_number_of_threads) {
    for (int threads = 1; threads <= 3; threads++) {
        TrainRun run = run_of(arena_print(&arena, "threads%d", threads), "cnn", "bow", 32);
        run.recipe.epochs = 2;
        thread_set_count(threads);
        trains(&run);
        if (threads == 1) continue;
        same_bytes(in("threads1.last"), run.checkpoint);
        same_bytes(in("threads1.best"), run.best);
    }
    arena_free(&arena);
}

static void stop_after(void *context, const EpochRow *row) {
    if (row->epoch == *(int *)context) train_interrupt();
}

TEST(resumed_after_each_epoch) {
    TrainRun whole = run_of("whole", "cnn", "lstm", 32);
    trains(&whole);
    for (int k = 1; k < whole.recipe.epochs; k++) {
        TrainRun part = run_of(arena_print(&arena, "part%d", k), "cnn", "lstm", 32);
        Clip clip;
        Err err;
        part.after_epoch = stop_after;
        part.context = &k;
        CHECK(!train_run(&part, &clip, &err) && strstr(err.text, "go on with --resume"), "%s", err.text);
        part.resume = true;
        part.after_epoch = NULL;
        trains(&part);
        same_bytes(whole.checkpoint, part.checkpoint);
        same_bytes(whole.best, part.best);
    }
    TrainRun other = run_of("whole", "cnn", "lstm", 32);
    Clip clip;
    Err err;
    other.resume = true;
    int count[TRAINED]; /* picture 0 has one caption more */
    memcpy(count, train.count, sizeof count);
    count[0] = 2;
    train.count = count;
    CHECK(!train_run(&other, &clip, &err) && strstr(err.text, "\"train pairs="), "%s", err.text);
    arena_free(&arena);
}

static EpochRow rows[40];
static int row_count;
static void keep_row(void *context, const EpochRow *row) {
    (void)context;
    rows[row_count++] = *row;
}

/* The best weights are those of the epoch with the highest mean recall, and give that recall again. */
TEST(the_best_epoch_is_kept) {
    TrainRun run = run_of("best", "small", "bow", 32);
    Clip clip;
    Err err = { "" };
    PairRecall r;
    EpochRow read[40];
    int best = 0;
    run.recipe.epochs = 12;
    for (int g = 0; g < 3; g++) run.recipe.groups[g] = (OptimGroup){ .rule = OPTIM_ADAMW, .lr = 2e-3 };
    run.after_epoch = keep_row;
    trains(&run);
    CHECK(row_count == 12, "%d epochs", row_count);
    for (int i = 1; i < row_count; i++)
        if (rows[i].test > rows[best].test) best = i;
    CHECK(rows[11].best == best + 1, "best %d, want %d", rows[11].best, best + 1);
    CHECK(clip_load(&clip, run.best, &err) && pair_recall(&clip, &validation, &r, &err), "%s", err.text);
    CHECK_NEAR(r.mean, rows[best].test, 1e-12);
    CHECK(train_log_read(run.log, read, 40, &err) == 12, "%s", err.text);
    for (int i = 0; i < 12; i++)
        for (int k = 0; k < 6; k++) CHECK_NEAR(read[i].recall[k / 3][k % 3], rows[i].recall[k / 3][k % 3], 1e-6);
    clip_free(&clip);
    run.patience = 2;
    run.recipe.epochs = 40;
    for (int g = 0; g < 3; g++) run.recipe.groups[g].lr = 0; /* nothing is learnt: the first epoch stays the best */
    row_count = 0;
    trains(&run);
    CHECK(row_count == 3 && rows[2].best == 1, "stopped after %d epochs, best %d", row_count, rows[2].best);
    run.resume = true;
    row_count = 0;
    remove(run.best);
    trains(&run);
    CHECK(row_count == 0 && file_exists(run.best), "%d epochs more", row_count);
    arena_free(&arena);
}

static const char *meta_of(const char *path, const char *key) {
    Safetensors file;
    Err err = { "" };
    CHECK(safetensors_open(&file, &arena, path, &err), "%s", err.text);
    const char *said = safetensors_meta(&file, key), *text = arena_text(&arena, said ? said : "nothing");
    safetensors_close(&file);
    return text;
}

/* Without pictures to validate on, the last epoch is the best. */
TEST(without_validation) {
    const PairSet none = { .n = 0 };
    for (int empty = 0; empty < 2; empty++) {
        TrainRun run = run_of("alone", "small", "bow", 32);
        run.validation = empty ? &none : NULL;
        run.recipe.epochs = 2;
        run.after_epoch = keep_row;
        row_count = 0;
        trains(&run);
        CHECK(row_count == 2 && rows[0].best == 1 && rows[1].best == 2 && !rows[1].has_recall, "best %d of %d",
              rows[1].best, row_count);
        CHECK(!strcmp(meta_of(run.best, "epoch"), "2"), "%s", meta_of(run.best, "epoch"));
    }
    arena_free(&arena);
}

/* A run without a checkpoint begins anew, and says so when it is stopped. */
TEST(without_a_checkpoint) {
    TrainRun run = run_of("nothing", "small", "bow", 32);
    Clip clip;
    Err err = { "" };
    int first = 1;
    run.checkpoint = NULL;
    run.resume = true;
    run.recipe.epochs = 2;
    run.after_epoch = stop_after;
    run.context = &first;
    CHECK(!train_run(&run, &clip, &err) && !strcmp(err.text, "stopped in epoch 2 of 2; no epoch was finished"), "%s",
          err.text);
    run.after_epoch = NULL;
    run.best = in("no/such/folder/best");
    CHECK(!train_run(&run, &clip, &err) && strstr(err.text, "no/such/folder/best: cannot be written"), "%s", err.text);
    arena_free(&arena);
}

static void copy(const char *from, const char *to) {
    File file;
    OutFile out;
    Err err = { "" };
    CHECK(file_open(&file, from, &err) && out_open(&out, to, &err), "%s", err.text);
    out_write(&out, file.data, file.size);
    CHECK(out_commit(&out, &err), "%s", err.text);
    file_close(&file);
}

TEST(a_best_epoch_that_cannot_be) {
    static const struct {
        const char *key, *value;
    } wrong[] = { { "best_epoch", "0" },  { "best_epoch", "3" },   { "best_epoch", NULL },
                  { "best_recall", "2" }, { "best_recall", "no" }, { "best_recall", NULL } };
    TrainRun run = run_of("wrong", "small", "bow", 32);
    Clip clip;
    Err err = { "" };
    run.recipe.epochs = 2;
    trains(&run);
    copy(run.checkpoint, in("whole"));
    run.resume = true;
    trains(&run);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        copy(in("whole"), run.checkpoint);
        file_with_meta(run.checkpoint, wrong[i].key, wrong[i].value);
        CHECK(!train_run(&run, &clip, &err) &&
                  strstr(err.text, "wrong.last: metadata best_epoch or best_recall is missing or wrong"),
              "%s %s: %s", wrong[i].key, wrong[i].value ? wrong[i].value : "missing", err.text);
    }
    arena_free(&arena);
}

static void one_epoch(const char *image, const char *text, int side) {
    TrainRun run = run_of("towers", image, text, side);
    Clip clip;
    Err err = { "" };
    run.recipe.epochs = 1;
    trains(&run);
    CHECK(clip_load(&clip, run.best, &err), "%s: %s", image, err.text);
    CHECK(clip.config.image.side == side, "%s: side %d", image, clip.config.image.side);
    clip_free(&clip);
}

TEST(towers_and_sides) {
    one_epoch("small", "bow", 64);
    one_epoch("vit", "lstm", 32);
    arena_free(&arena);
}
TEST(every_tower_and_side_long) {
    static const char *const images[] = { "small", "cnn", "resnet", "resnet9", "vit" };
    static const char *const texts[] = { "bow", "lstm", "transformer", "bow", "lstm" };
    for (int side = 32; side <= SIDE_MAX; side += 32)
        for (size_t i = 0; i < COUNT(images); i++) one_epoch(images[i], texts[i], side);
    arena_free(&arena);
}

/* Captions that the model reads alike are one caption, also where an unknown word makes them so. */
TEST(equal_captions_match) {
    static const char *const texts[] = { "a cat", "A cat.", "a zebra", "a yak", "a cat and a dog" };
    PairSet set = { .caption_count = COUNT(texts), .caption = texts };
    int ids[COUNT(texts) * 5], group[COUNT(texts)];
    Vocab all = vocab_of_texts(&arena, texts, COUNT(texts), 1), often = vocab_of_texts(&arena, texts, COUNT(texts), 2);
    CHECK(!all.keeps_unknown && often.keeps_unknown, "%d %d", all.keeps_unknown, often.keeps_unknown);
    CHECK(!strcmp(vocab_to_text(&arena, &often), "a cat"), "%s", vocab_to_text(&arena, &often));
    vocab_encode(&all, &arena, texts, COUNT(texts), 5, ids);
    CHECK(pair_set_groups(&set, ids, 5, group) == 4 && group[0] == group[1] && group[2] != group[3], "%d", group[1]);
    TextNotes notes = vocab_encode(&often, &arena, texts, COUNT(texts), 5, ids);
    CHECK(notes.unknown_count == 4 && ids[2 * 5 + 1] == TEXT_UNKNOWN && ids[4 * 5 + 2] == TEXT_UNKNOWN &&
              ids[4 * 5 + 3] == ids[0],
          "%d unknown", notes.unknown_count);
    CHECK(pair_set_groups(&set, ids, 5, group) == 3 && group[2] == group[3] && group[4] != group[0], "%d", group[3]);
    set.group = (const int[]){ 3, 1, 1, 0, 0 };
    CHECK(pair_set_groups(&set, ids, 5, group) == 4 && group[0] == 3 && group[2] == 1, "%d", group[0]);
    arena_free(&arena);
}

/* Recalls against retrieval_measure, one caption for each picture. */
TEST(recall_of_pairs) {
    TrainRun run = run_of("recall", "small", "bow", 32);
    Clip clip;
    Err err = { "" };
    PairRecall r;
    Retrieval slow;
    int own[VALIDATED], shows[VALIDATED], says[] = { 0, 2, 3, 4 };
    const char *different[] = { captions[0], captions[2], captions[3], captions[4] };
    run.recipe.epochs = 2;
    CHECK(train_run(&run, &clip, &err), "%s", err.text);
    for (int i = 0; i < VALIDATED; i++) {
        validation = pairs_make(VALIDATED, 32, 2);
        own[i] = i % 5;
        shows[i] = i % 5 == 1 ? 0 : i % 5; /* captions 0 and 1 have the same words */
    }
    PairSet set = validation;
    int first[VALIDATED], count[VALIDATED];
    for (int i = 0; i < VALIDATED; i++) {
        first[i] = i;
        count[i] = 1;
    }
    set.first = first;
    set.count = count;
    set.own = own;
    CHECK(pair_recall(&clip, &set, &r, &err) && r.captions == 4 && r.pictures == VALIDATED, "%d captions", r.captions);
    Mat images = pair_images(&clip, &arena, &set, NULL, NULL);
    Mat texts = clip_text_features(&clip, &arena, different, 4, NULL), scores = mat_new(&arena, VALIDATED, 4);
    Mat by_text = mat_new(&arena, 4, VALIDATED);
    for (int i = 0; i < VALIDATED; i++)
        for (int t = 0; t < 4; t++) AT(scores, i, t) = (num)vec_dot(&AT(images, i, 0), &AT(texts, t, 0), 8);
    mat_transpose(scores, by_text);
    CHECK(retrieval_measure(scores, shows, says, &slow, &err), "%s", err.text);
    for (int k = 0; k < 3; k++) CHECK_NEAR(r.recall[IMAGE_TO_TEXT][k], slow.recall[k], 1e-9);
    CHECK(retrieval_measure(by_text, says, shows, &slow, &err), "%s", err.text);
    for (int k = 0; k < 3; k++) CHECK_NEAR(r.recall[TEXT_TO_IMAGE][k], slow.recall[k], 1e-9);
    CHECK_NEAR(r.chance[IMAGE_TO_TEXT][0], 0.25, 1e-9);
    CHECK_NEAR(r.chance[TEXT_TO_IMAGE][0], (4.0 / 9 + 2.0 / 9 + 2.0 / 9 + 1.0 / 9) / 4, 1e-9);
    count[3] = 0; /* a picture without a caption asks for nothing, and one answer less is right */
    CHECK(pair_recall_of(&clip, &set, images, &r, &err), "%s", err.text);
    CHECK_NEAR(r.chance[IMAGE_TO_TEXT][0], 0.25, 1e-9);
    CHECK_NEAR(r.chance[TEXT_TO_IMAGE][0], (4.0 / 9 + 2.0 / 9 + 1.0 / 9 + 1.0 / 9) / 4, 1e-9);
    AT(images, 2, 0) = (num)NAN;
    CHECK(!pair_recall_of(&clip, &set, images, &r, &err) && strstr(err.text, "a cosine of query 2 is not a number"),
          "%s", err.text);
    set.n = 0;
    CHECK(pair_recall_of(&clip, &set, images, &r, &err) && r.pictures == 0 && r.mean == 0, "%g", r.mean);
    clip_free(&clip);
    arena_free(&arena);
}

TEST(recall_is_printed) {
    const PairRecall r = { .pictures = 9,
                           .captions = 4,
                           .recall = { { 0.5, 0.75, 1 }, { 0.25, 0.5, 0.625 } },
                           .chance = { { 0.125, 0.5, 1 }, { 0, 0.06, 0.25 } } };
    static const char want[] = "9 pictures, 4 different captions; right answers among the first k, in %:\n"
                               "                         k = 1       5      10   guessing:   k = 1       5      10\n"
                               "  picture to caption      50.0    75.0   100.0                12.5    50.0   100.0\n"
                               "  caption to picture      25.0    50.0    62.5                 0.0     6.0    25.0\n";
    File file;
    Err err = { "" };
    folder = check_folder();
    CHECK(freopen(in("printed"), "w", stdout), "%s", in("printed"));
    pair_recall_print(&r);
    fflush(stdout);
    CHECK(file_open(&file, in("printed"), &err), "%s", err.text);
    CHECK(file.size == strlen(want) && !memcmp(file.data, want, file.size), "%.*s", (int)file.size, file.data);
    file_close(&file);
    arena_free(&arena);
}

TESTS(any_number_of_threads, resumed_after_each_epoch, the_best_epoch_is_kept, without_validation, without_a_checkpoint,
      a_best_epoch_that_cannot_be, towers_and_sides, every_tower_and_side_long, equal_captions_match, recall_of_pairs,
      recall_is_printed)
