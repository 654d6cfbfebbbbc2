/* Lesson 22: the five ways to learn, few-shot probes, drawn digits, mixed weights, effective robustness, the table. */
#include "22-labels-or-captions/measure.h"
#include "22-labels-or-captions/report.h"
#include "22-labels-or-captions/stroke_digits.h"
#include "core/file.h"
#include "core/thread.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static Arena arena;

static Study small_study(Learn learn, int pictures) {
    Cifar *set = arena_alloc(&arena, 1, sizeof *set);
    cifar_generate(&arena, CIFAR_TRAIN, 100, set);
    return (Study){ .train = set, .learn = learn, .image = "small", .pictures = pictures, .seed = 3 };
}
static StudyModel *trained(Study study) {
    StudyModel *model = arena_alloc(&arena, 1, sizeof *model);
    Err err;
    CHECK(study_train(&study, model, &err), "%s", err.text);
    return model;
}

/* The loss of the first step is near that of equal scores; a bias or a scale moves it a little. */
TEST(every_way_begins_near_guessing) {
    static const struct {
        Learn learn;
        double words; /* exp of the loss of guessing */
    } ways[] = { { LEARN_LABELS, 10 }, { LEARN_WORDS, 14 }, { LEARN_FUSION, 1 + FUSION_WRONG }, { LEARN_DECODER, 15 } };
    for (size_t i = 0; i < COUNT(ways); i++) {
        StudyModel *m = trained(small_study(ways[i].learn, STUDY_BATCH));
        CHECK(fabs(m->loss - log(ways[i].words)) < 0.5, "way %d: %g, guessing has %g", (int)ways[i].learn, m->loss,
              log(ways[i].words));
        study_free(m);
    }
}

TEST(any_number_of_threads_learns_the_same) {
    double loss[3];
    for (int threads = 1; threads <= 3; threads++) {
        thread_set_count(threads);
        StudyModel *m = trained(small_study(LEARN_WORDS, 2 * STUDY_BATCH));
        loss[threads - 1] = m->loss;
        study_free(m);
    }
    CHECK(loss[0] == loss[1] && loss[0] == loss[2], "%.17g %.17g %.17g", loss[0], loss[1], loss[2]);
}

/* What is locked stays; a fixed temperature stays; mixed weights are those of the ends at 0 and 1. */
TEST(locked_fixed_and_mixed) {
    Study study = small_study(LEARN_CAPTIONS, 0);
    StudyModel *before = trained(study);
    study.pictures = 2 * STUDY_BATCH;
    study.locked = true;
    study.tau = 0.5;
    StudyModel *after = trained(study);
    const Mat *a = &before->clip.image.fc.weight->val, *b = &after->clip.image.fc.weight->val;
    CHECK(!memcmp(a->v, b->v, mat_count(*a) * sizeof(num)), "%s", "the locked tower moved");
    CHECK_NEAR((double)after->clip.logit_scale->val.v[0], log(2), 1e-6);
    const Mat *word = &after->clip.text.fc.weight->val, *first = &before->clip.text.fc.weight->val;
    CHECK(memcmp(word->v, first->v, mat_count(*word) * sizeof(num)), "%s", "the text tower did not move");
    study.pictures = 0;
    StudyModel *mixed = trained(study);
    const Mat *to = &mixed->clip.text.fc.weight->val;
    study_mix(mixed, before, after, 1);
    CHECK(!memcmp(to->v, word->v, mat_count(*to) * sizeof(num)), "%s", "alpha 1 is the second");
    study_mix(mixed, before, after, 0.25);
    CHECK_NEAR((double)to->v[3], 0.75 * (double)first->v[3] + 0.25 * (double)word->v[3], 1e-6);
    study.from = &after->clip;
    study.from_text = true;
    StudyModel *again = trained(study);
    CHECK(!memcmp(again->clip.text.fc.weight->val.v, word->v, mat_count(*word) * sizeof(num)), "%s", "starts from it");
    study_free(again);
    study_free(mixed);
    study_free(after);
    study_free(before);
}

/* A score of early fusion or of the decoder does not depend on the pictures beside it. */
TEST(scores_of_a_picture_are_its_own) {
    static const Learn ways[] = { LEARN_FUSION, LEARN_DECODER, LEARN_WORDS, LEARN_LABELS, LEARN_CAPTIONS };
    for (size_t i = 0; i < COUNT(ways); i++) {
        StudyModel *m = trained(small_study(ways[i], 0));
        Cifar some = *m->study.train, one;
        some.n = 3;
        one = some;
        one.n = 1;
        one.pixels += 2 * CIFAR_NUMBERS;
        Mat all = study_scores(m, &arena, &some), alone = study_scores(m, &arena, &one);
        for (int c = 0; c < CIFAR_CLASSES; c++) CHECK_NEAR((double)AT(all, 2, c), (double)AT(alone, 0, c), 1e-4);
        CHECK(AT(all, 0, 1) != AT(all, 1, 1), "way %d: both pictures have %g", (int)ways[i], (double)AT(all, 0, 1));
        study_free(m);
    }
}

TEST(costs_are_counted) {
    StudyModel *late = trained(small_study(LEARN_CAPTIONS, 0)), *early = trained(small_study(LEARN_FUSION, 0));
    StudyCost a = study_cost(late), b = study_cost(early);
    double conv = 2.0 * (16 * 16 * 16 * 27 + 8 * 8 * 32 * 144 + 2048 * 64);
    CHECK(a.image == conv && a.text > 0 && a.step > 2.5 * a.image, "%g %g %g, want %g", a.image, a.text, a.step, conv);
    CHECK(b.text == 0 && b.step > 2.5 * (1 + FUSION_WRONG) * b.image, "%g %g", b.image, b.step);
    study_free(late);
    study_free(early);
}

/* ---- few-shot ---------------------------------------------------------------------------------------------------- */

TEST(crossings) {
    const double curve[FEW_SHOT_SIZES] = { 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8 };
    CHECK_NEAR(few_shot_crossing(curve, 0.3), 2, 1e-9);
    CHECK_NEAR(few_shot_crossing(curve, 0.35), 2 * sqrt(2), 1e-9);
    CHECK(few_shot_crossing(curve, 0.1) == 1 && isinf(few_shot_crossing(curve, 0.81)), "%s", "the ends");
}

TEST(more_pictures_make_better_probes) {
    enum { N = 120, E = 4 };
    Rng rng = rng_seed(4, 0);
    Mat x = mat_normal(&arena, N, E, &rng, 1);
    int labels[N];
    for (int i = 0; i < N; i++) {
        labels[i] = i % 3;
        AT(x, i, labels[i]) += (num)1.5;
    }
    Labelled all = { x, labels };
    FewShot one = few_shot_measure(all, all, 3, 1, 4, 1), many = few_shot_measure(all, all, 3, 16, 4, 1);
    CHECK(one.low <= one.mean && one.mean <= one.high && one.mean < many.mean, "%g %g", one.mean, many.mean);
    thread_set_count(1);
    FewShot again = few_shot_measure(all, all, 3, 1, 4, 1);
    CHECK(again.mean == one.mean && again.low == one.low, "%g and %g", again.mean, one.mean);
    CHECK(few_shot_measure(all, all, 3, 1, 4, 2).mean != one.mean, "%s", "another seed draws others");
    CHECK_STOPS(few_shot_measure(all, all, 3, 64, 1, 1), EXIT_CONTRACT, "no 64 pictures of each");
}

TEST(digits_differ_and_come_back) {
    Cifar a, b, c;
    int count[CIFAR_CLASSES] = { 0 };
    digits_generate(&arena, 1, 40, &a);
    thread_set_count(1);
    digits_generate(&arena, 1, 40, &b);
    digits_generate(&arena, 2, 40, &c);
    CHECK(!memcmp(a.pixels, b.pixels, 40 * CIFAR_NUMBERS), "%s", "the same seed");
    CHECK(memcmp(a.pixels, c.pixels, 40 * CIFAR_NUMBERS), "%s", "another seed");
    for (int i = 0; i < 40; i++) count[a.labels[i]]++;
    for (int k = 0; k < CIFAR_CLASSES; k++) CHECK(count[k] == 4, "%d of digit %d", count[k], k);
}

/* ---- the measurements -------------------------------------------------------------------------------------------- */

/* Points that lie on a line in logits have no effective robustness; one above it by so much has that. */
TEST(robustness_is_what_is_above_the_line) {
    CellTable cells = { .arena = &arena };
    Err err;
    int P = 6400;
    double last = 0;
    for (int i = 0; i < LOOKS; i++) {
        double clean = 0.2 + 0.1 * i, u = log(clean / (1 - clean));
        last = 1 / (1 + exp(-(0.8 * u - 0.3)));
        CHECK(cell_put(&cells, look_cell(&arena, "labels", look_at(P, i), "clean"), 1, clean, 1000, &err) &&
                  cell_put(&cells, look_cell(&arena, "labels", look_at(P, i), "shift A"), 1, last, 1000, &err),
              "%s", err.text);
    }
    CHECK(cell_put(&cells, look_cell(&arena, "captions", P, "clean"), 1, 0.7, 1000, &err) &&
              cell_put(&cells, look_cell(&arena, "captions", P, "shift A"), 1, last + 0.05, 1000, &err),
          "%s", err.text);
    CHECK_NEAR(effective_robustness(&arena, &cells, 1, "labels", "shift A", P), 0, 1e-6);
    CHECK_NEAR(effective_robustness(&arena, &cells, 1, "captions", "shift A", P), 0.05, 1e-6);
    CHECK(isnan(effective_robustness(&arena, &cells, 1, "captions", "shift B", P)), "%s", "no such cell");
    CHECK(isnan(effective_robustness(&arena, &cells, 2, "captions", "shift A", P)), "%s", "no such seed");
}

/* What a section has measured is not measured again; a table that lost a cell gets it back. */
TEST(sections_go_on_where_they_stopped_long) {
    Cifar train, test, pool;
    const char *path = arena_print(&arena, "%s/cells.csv", check_folder());
    CellTable cells, again;
    Err err;
    cifar_generate(&arena, CIFAR_TRAIN, 100, &train);
    cifar_generate(&arena, CIFAR_TEST, 40, &test);
    pool = test;
    MeasureSetup setup = { &train, &test, &pool, 128, 2 };
    CHECK(cell_table_read(&cells, &arena, path, &err), "%s", err.text);
    Measure *m = measure_begin(&arena, &setup, &cells, 1);
    for (int section = 1; section <= SECTIONS; section++)
        CHECK(measure_section(m, section, &err), "section %d: %s", section, err.text);
    measure_end(m);
    CHECK(cell_put(&cells, "captions: accuracy", 1, 0.125, 40, &err), "%s", err.text);
    CHECK(cell_table_read(&again, &arena, path, &err) && again.count == cells.count, "%d cells", again.count);
    m = measure_begin(&arena, &setup, &again, 1);
    CHECK(measure_section(m, 1, &err) && measure_section(m, 8, &err), "%s", err.text);
    CHECK(cell_value(&again, "captions: accuracy", 1) == 0.125, "%s", "measured again");
    measure_end(m);
}

/* One cell of our table, measured again. */
TEST(table_is_ours_long) {
    CellTable table, again = { .arena = &arena };
    Err err;
    if (!file_exists(MEASURE_TABLE)) check_skip("%s is not there", MEASURE_TABLE);
    CHECK(cell_table_read(&table, &arena, MEASURE_TABLE, &err) && measure_quick(&arena, &again, &err), "%s", err.text);
    for (int i = 0; i < again.count; i++) {
        const Cell *then = cell_find(&table, again.cell[i].name, 1);
        CHECK(then, "%s is not in the table", again.cell[i].name);
        CHECK_NEAR(then->value, again.cell[i].value, 0.03);
    }
}

TESTS(every_way_begins_near_guessing, any_number_of_threads_learns_the_same, locked_fixed_and_mixed,
      scores_of_a_picture_are_its_own, costs_are_counted, crossings, more_pictures_make_better_probes,
      digits_differ_and_come_back, robustness_is_what_is_above_the_line, sections_go_on_where_they_stopped_long,
      table_is_ours_long)
