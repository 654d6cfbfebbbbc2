/* Are hard negatives false and paraphrases true? The loss with hard negatives and late interaction against plain loops
 * in double; an oracle scores 1, a text-only rule one half. */
#include "model/clip_loss.h"
#include "core/arena.h"
#include "core/file.h"
#include "18-a-repair-and-its-price/hard_negatives.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WRONG = 2, ROWS = NEGATIVE_KINDS + 2 + 3 * WAYS + 2 }; /* hard negatives of a scene; rows of a run */

/* ---- hard negatives ---------------------------------------------------------------------------------------------- */

/* The edits of a kind: those that the stage without it does not have. */
static unsigned negative_edits(NegativeKind kind) {
    return negatives_stage(STAGE_HARD_NEGATIVES, 0).edits &
           ~negatives_stage(STAGE_NO_SWAP + (NegativesStage)kind, 0).edits;
}

static bool kind_of(const Caption *truth, const Caption *negative, NegativeKind kind) {
    enum { DRAWS = 300 };
    Rng rng = rng_seed(7, 7);
    for (int e = 0; e < EDIT_KINDS; e++)
        for (int i = 0; (negative_edits(kind) >> e & 1) && i < DRAWS; i++) {
            Caption c;
            if (caption_edit(&c, truth, (CaptionEdit)e, &rng) && caption_identical(&c, negative)) return true;
        }
    return false;
}

TEST(captions_are_true_and_hard_negatives_false) {
    enum { PAIRS = 3000 };
    SceneModel scene_model;
    SceneModelConfig config = { .text = "bow", .seed = 5, .steps = 1 };
    Err err;
    CHECK(scene_model_init(&scene_model, &config, &err), "%s", err.text);
    for (int c = STAGE_HARD_NEGATIVES; c < NEGATIVES_STAGES; c++) {
        TrainingStage stage = negatives_stage((NegativesStage)c, 0);
        int found = 0, of[NEGATIVE_KINDS] = { 0 };
        for (uint64_t i = 0; i < PAIRS; i++) {
            Caption wrong[WRONG], read;
            char text[CAPTION_TEXT];
            SceneExample pair = scene_model_example(&scene_model, &stage, i, wrong);
            CHECK(caption_true(&pair.scene, &pair.caption), "pair %d", (int)i);
            for (int w = 0; w < WRONG; w++) {
                if (wrong[w].kind == CAPTION_KINDS) continue;
                CHECK(caption_parse(caption_text(&wrong[w], text), &read, &err), "%s", err.text);
                CHECK(!caption_true(&pair.scene, &read), "pair %d: \"%s\" is true", (int)i, text);
                found++;
                for (int k = 0; i % 10 == 0 && k < NEGATIVE_KINDS; k++)
                    of[k] += kind_of(&pair.caption, &wrong[w], (NegativeKind)k);
            }
        }
        CHECK(found > 0.8 * WRONG * PAIRS, "%s: %d hard negatives for %d scenes", stage.name, found, PAIRS);
        for (int k = 0; k < NEGATIVE_KINDS; k++)
            CHECK((of[k] > 0) == (c != STAGE_NO_SWAP + k), "%s has %d hard negatives of kind %s", stage.name, of[k],
                  negative_name((NegativeKind)k));
    }
    scene_model_free(&scene_model);
}

TEST(stages_share_scenes_and_true_captions) {
    SceneModel scene_model;
    SceneModelConfig config = { .text = "bow", .seed = 2, .steps = 1 };
    Err err;
    TrainingStage plain = negatives_stage(STAGE_PLAIN, 0), hard = negatives_stage(STAGE_HARD_NEGATIVES, 0);
    CHECK(plain.steps == hard.steps && plain.lr_factor == hard.lr_factor && plain.negatives == 0 &&
              hard.negatives == WRONG,
          "%s", "equal but for the hard negatives");
    CHECK(scene_model_init(&scene_model, &config, &err), "%s", err.text);
    for (uint64_t i = 0; i < 500; i++) {
        Caption wrong[WRONG];
        SceneExample a = scene_model_example(&scene_model, &plain, i, NULL),
                     b = scene_model_example(&scene_model, &hard, i, wrong);
        CHECK(caption_identical(&a.caption, &b.caption) && a.scene.appearance == b.scene.appearance, "pair %d", (int)i);
    }
    scene_model_free(&scene_model);
}

static bool true_of_own(const NegativesItem *item, const Caption *caption) {
    for (int k = 0; k < 2; k++)
        if (!caption_true(&item->scene[k], &caption[k]) || caption_true(&item->scene[1 - k], &caption[k])) return false;
    return true;
}

/* Whether an item is as hard_negatives.h describes it; one line if not. */
static bool negatives_check(const NegativesItem *item, NegativeKind kind, Err *err) {
    char text[2][CAPTION_TEXT];
    for (int k = 0; k < 2; k++) caption_text(&item->caption[k], text[k]);
    if (!true_of_own(item, item->caption))
        return err_set(err, "\"%s\", \"%s\": not each true of its scene alone", text[0], text[1]);
    if (!kind_of(&item->caption[0], &item->caption[1], kind))
        return err_set(err, "\"%s\" is not a %s of \"%s\"", text[1], negative_name(kind), text[0]);
    for (int w = 0; w < WAYS; w++) {
        const Caption *c = item->paraphrased[w];
        for (int k = 0; k < 2 && c[0].kind != CAPTION_KINDS; k++) {
            char said[CAPTION_TEXT];
            if (!caption_equivalent(&c[k], &item->caption[k]) || caption_identical(&c[k], &item->caption[k]))
                return err_set(err, "\"%s\" is not a paraphrase of \"%s\"", caption_text(&c[k], said), text[k]);
        }
        if (c[0].kind != CAPTION_KINDS && !true_of_own(item, c))
            return err_set(err, "a paraphrase of \"%s\" is not true of its scene alone", text[0]);
    }
    return true;
}

TEST(items_are_what_they_should_be) {
    enum { N = 2000 };
    Split split = split_make(SPLIT_PAIRS, 0.5, 3);
    for (int t = 0; t < 2 * NEGATIVE_KINDS; t++) {
        Arena arena = { 0 };
        Err err;
        int k = t / 2;
        NegativesItem *items =
            negatives_items(&arena, (NegativeKind)k, &(NegativesProbe){ 11, N, t % 2 ? &split : NULL });
        int paraphrased[WAYS] = { 0 };
        for (int i = 0; i < N; i++) {
            CHECK(negatives_check(&items[i], (NegativeKind)k, &err), "%s %d: %s", negative_name((NegativeKind)k), i,
                  err.text);
            for (int s = 0; s < 4; s++) { /* as it is written, of both scenes */
                char text[CAPTION_TEXT];
                Caption read;
                CHECK(caption_parse(caption_text(&items[i].caption[s / 2], text), &read, &err), "%s", err.text);
                CHECK(caption_true(&items[i].scene[s % 2], &read) == (s / 2 == s % 2), "%s %d: \"%s\"",
                      negative_name((NegativeKind)k), i, text);
            }
            for (int s = 0; s < 2; s++)
                CHECK(t % 2 == 0 || (scene_in_part(&items[i].scene[s], &split, SPLIT_SEEN) &&
                                     caption_in_part(&items[i].caption[s], &split, SPLIT_SEEN)),
                      "%s %d: a combination that is not seen", negative_name((NegativeKind)k), i);
            for (int w = 0; w < WAYS; w++) paraphrased[w] += items[i].paraphrased[w][0].kind != CAPTION_KINDS;
        }
        CHECK(paraphrased[WAY_SYNONYMS] == N && paraphrased[WAY_FORMS] == N, "%s: %d, %d",
              negative_name((NegativeKind)k), paraphrased[0], paraphrased[1]);
        CHECK(k == NEGATIVE_NEGATE ? paraphrased[WAY_CONVERSE] < N : paraphrased[WAY_CONVERSE] == N, "%s: %d",
              negative_name((NegativeKind)k), paraphrased[2]);
        arena_free(&arena);
    }
}

TEST(spoilt_items_are_seen) {
    Arena arena = { 0 };
    Err err;
    Split few = split_make(SPLIT_PAIRS, 0.125, 1);
    CHECK_STOPS(negatives_items(&arena, NEGATIVE_REPLACE, &(NegativesProbe){ 3, 1, &few }), EXIT_TROUBLE,
                "larger --coverage");
    NegativesItem item = negatives_items(&arena, NEGATIVE_SWAP, &(NegativesProbe){ 3, 1, NULL })[0], spoilt = item;
    spoilt.scene[1] = spoilt.scene[0];
    CHECK(!negatives_check(&spoilt, NEGATIVE_SWAP, &err) && strstr(err.text, "alone"), "%s", err.text);
    CHECK(!negatives_check(&item, NEGATIVE_NEGATE, &err) && strstr(err.text, "not a negate"), "%s", err.text);
    spoilt = item;
    spoilt.caption[0] = spoilt.caption[1] = (Caption){ .kind = CAPTION_OBJECT, .a = noun_of(CAPTION_ANY, CAPTION_ANY) };
    CHECK(!negatives_check(&spoilt, NEGATIVE_SWAP, &err) && strstr(err.text, "alone"), "%s", err.text);
    spoilt = item;
    spoilt.paraphrased[WAY_SYNONYMS][0] = spoilt.caption[0];
    CHECK(!negatives_check(&spoilt, NEGATIVE_SWAP, &err) && strstr(err.text, "not a paraphrase"), "%s", err.text);
    spoilt.paraphrased[WAY_SYNONYMS][0] = spoilt.caption[1];
    CHECK(!negatives_check(&spoilt, NEGATIVE_SWAP, &err) && strstr(err.text, "not a paraphrase"), "%s", err.text);
    arena_free(&arena);
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

typedef double Similarity(const Scene *scene, const char *caption);

static Mat similar_by(void *context, Arena *arena, const Scene *const *scenes, int n, const char *const *captions,
                      int m) {
    Mat s = mat_new(arena, n, m);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < m; k++) AT(s, i, k) = (num)(*(Similarity **)context)(scenes[i], captions[k]);
    return s;
}

static double oracle(const Scene *scene, const char *text) {
    Caption caption;
    return caption_parse(text, &caption, NULL) && caption_true(scene, &caption);
}
static double text_only(const Scene *scene, const char *text) { /* some number for each text */
    uint32_t hash = 17;
    (void)scene;
    for (; *text; text++) hash = hash * 31 + (uint8_t)*text;
    return hash % 10007;
}
static double prefers_long_texts(const Scene *scene,
                                 const char *text) { /* "to the left of", "there is": whatever is reworded */
    return oracle(scene, text) + (double)strlen(text);
}

TEST(oracle_is_always_right) {
    Similarity *similarity = oracle;
    NegativesResult r = negatives_measure_with(similar_by, &similarity, &(NegativesProbe){ 4, 60, NULL });
    for (int k = 0; k < NEGATIVE_KINDS; k++)
        CHECK(r.negative[k].items == (k == NEGATIVE_SWAP ? 120 : 60) &&
                  r.negative[k].sum[PAIR_METRIC_GROUP] == r.negative[k].items,
              "%s", negative_name((NegativeKind)k));
    for (int h = 0; h < 2; h++) CHECK(r.swapped[h].items == 60, "%d", r.swapped[h].items);
    for (int w = 0; w < WAYS; w++) {
        CHECK_NEAR(pair_score_rate(&r.paraphrased[w], PAIR_METRIC_CHOICE).fraction, 1, 0);
        CHECK_NEAR(pair_score_rate(&r.negative_paraphrased[w], PAIR_METRIC_CHOICE).fraction, 1, 0);
        CHECK(r.consistent[w] == r.preferred[w] && r.preferred[w] == 2 * r.paraphrased[w].items, "%d of %d",
              r.consistent[w], r.preferred[w]);
    }
    CHECK_NEAR(r.recall[0], 1, 1e-9);
    CHECK_NEAR(r.recall[1], 1, 1e-9);
}

TEST(text_only_rule_has_half) {
    Similarity *similarity = text_only;
    NegativesResult r = negatives_measure_with(similar_by, &similarity, &(NegativesProbe){ 4, 200, NULL });
    for (int k = 0; k < NEGATIVE_KINDS; k++)
        CHECK_NEAR(pair_score_rate(&r.negative[k], PAIR_METRIC_CHOICE).fraction, 0.5, 1e-12);
    for (int w = 0; w < WAYS; w++) {
        double mean = (pair_score_rate(&r.paraphrased[w], PAIR_METRIC_CHOICE).fraction +
                       pair_score_rate(&r.negative_paraphrased[w], PAIR_METRIC_CHOICE).fraction) /
                      2;
        CHECK_NEAR(mean, 0.5, 1e-12);
    }
    CHECK_NEAR(r.recall[0], r.chance[0], 0.01);
    CHECK_NEAR(r.recall[1], r.chance[1], 1e-9); /* to a caption all pictures are alike: each may come first */
}

TEST(bias_for_forms_wins_and_loses) {
    Similarity *similarity = prefers_long_texts;
    NegativesResult r = negatives_measure_with(similar_by, &similarity, &(NegativesProbe){ 4, 200, NULL });
    double here = pair_score_rate(&r.paraphrased[WAY_FORMS], PAIR_METRIC_CHOICE).fraction,
           there = pair_score_rate(&r.negative_paraphrased[WAY_FORMS], PAIR_METRIC_CHOICE).fraction;
    CHECK(here > 0.9 && there < 0.2, "%g, %g", here, there);
}

/* ---- the loss ---------------------------------------------------------------------------------------------------- */

static double log_sum(const double *x, int n) {
    double max = -INFINITY, sum = 0;
    for (int i = 0; i < n; i++) max = fmax(max, x[i]);
    for (int i = 0; i < n; i++) sum += exp(x[i] - max);
    return max + log(sum);
}

/* The two lines of loss.h as they stand there. */
static double plain_loss(Mat logits, Mat out) {
    int B = logits.shape[0], N = logits.shape[1];
    double loss = 0, x[64];
    for (int i = 0; i < B; i++) {
        int n = 0;
        for (int k = 0; k < N; k++)
            if (AT(out, i, k) == 0) x[n++] = (double)AT(logits, i, k);
        loss += (log_sum(x, n) - (double)AT(logits, i, i)) / (2 * B);
        n = 0;
        for (int k = 0; k < B; k++)
            if (AT(out, k, i) == 0) x[n++] = (double)AT(logits, k, i);
        loss += (log_sum(x, n) - (double)AT(logits, i, i)) / (2 * B);
    }
    return loss;
}

TEST(loss_with_hard_negatives) {
    for (int seed = 0; seed < 20; seed++) {
        enum { B = 6 };
        int N = B * (1 + seed % 3);
        Tape t = { 0 };
        Rng rng = rng_seed((uint64_t)seed, 0);
        Mat logits = mat_normal(&t.arena, B, N, &rng, 3), out = mat_zero(&t.arena, B, N);
        for (int i = 0; i < B; i++)
            for (int n = 0; n < N; n++) AT(out, i, n) = n != i && rng_uniform(&rng) < 0.3;
        Var x = tape_leaf(&t, logits), loss = clip_loss_hard_negatives(&t, x, out);
        t.keep_grads = true;
        CHECK_NEAR((double)loss->val.v[0], plain_loss(logits, out), 1e-5);
        tape_backward(&t, loss);
        for (int k = 0; k < B * N; k++) { /* a wrong caption that is left out everywhere has no slope either */
            num kept = logits.v[k];
            double h = 1e-2, up, down;
            logits.v[k] = kept + (num)h;
            up = plain_loss(logits, out);
            logits.v[k] = kept - (num)h;
            down = plain_loss(logits, out);
            logits.v[k] = kept;
            CHECK(fabs((double)x->grad[k] - (up - down) / (2 * h)) < 1e-4, "number %d: %g, want %g", k,
                  (double)x->grad[k], (up - down) / (2 * h));
        }
        tape_free(&t);
    }
}

TEST(loss_without_hard_negatives_is_clips) {
    Tape t = { .no_grad = true };
    Rng rng = rng_seed(1, 0);
    Var x = tape_data(&t, mat_normal(&t.arena, 7, 7, &rng, 2));
    CHECK_NEAR((double)clip_loss_hard_negatives(&t, x, mat_zero(&t.arena, 7, 7))->val.v[0],
               (double)clip_loss(&t, x, (Mat){ 0 })->val.v[0], 1e-6);
    tape_free(&t);
}

/* ---- late interaction -------------------------------------------------------------------------------------------- */

TEST(late_similarities_by_hand) {
    enum { M = 7, B = 3, P = 4, E = 5, N = 3 };
    const int caption[M] = { 0, 0, 1, 2, 2, 2, 2 };
    Tape t = { .no_grad = true };
    Rng rng = rng_seed(3, 0);
    Mat words = mat_normal(&t.arena, M, E, &rng, 0.5), positions = mat_normal(&t.arena, B * P, E, &rng, 0.5);
    Mat got = late_interaction_similarities(&t, tape_data(&t, words), tape_data(&t, positions), P, caption, N)->val;
    for (int b = 0; b < B; b++)
        for (int n = 0; n < N; n++) {
            double sum = 0;
            int length = 0;
            for (int m = 0; m < M; m++) {
                double s[P], z = 0, found = 0;
                if (caption[m] != n) continue;
                length++;
                for (int p = 0; p < P; p++) {
                    s[p] = vec_dot(&AT(words, m, 0), &AT(positions, b * P + p, 0), E);
                    z += exp(10 * s[p]);
                }
                for (int p = 0; p < P; p++) found += exp(10 * s[p]) / z * s[p];
                sum += found;
            }
            CHECK_NEAR((double)AT(got, b, n), sum / length, 1e-5);
        }
    tape_free(&t);
}

TEST(attention_adds_up_to_the_similarity) {
    SceneModel scene_model;
    SceneModelConfig config = { .interaction = "late", .seed = 2 };
    Arena arena = { 0 };
    Err err;
    CHECK(scene_model_init(&scene_model, &config, &err), "%s", err.text);
    Scene scene = scene_make(&(SceneConfig){ .seed = 6, .least = 2, .max = 2 }, 0),
          other = scene_make(&(SceneConfig){ .seed = 7 }, 0);
    const Scene *scenes[] = { &other, &scene };
    const char *captions[] = { "no blue star", "a red circle left of a blue square" };
    double found[CAPTION_WORDS + 1], sum = 0;
    Mat attention = late_interaction_attention(&scene_model.clip, &arena, &scene, captions[1], found);
    CHECK(attention.shape[0] == 9 && attention.shape[1] == LATE_POSITIONS, "%s", mat_shape_text(attention));
    for (int m = 0; m < 9; m++) {
        double row = 0;
        for (int p = 0; p < LATE_POSITIONS; p++) row += (double)AT(attention, m, p);
        CHECK_NEAR(row, 1, 1e-5);
        sum += found[m] / 9;
    }
    SceneModelConfig plain = { .seed = 2 };
    SceneModel vector; /* the same seed gives the same towers: its cosine is the other half */
    CHECK(scene_model_init(&vector, &plain, &err), "%s", err.text);
    double cosine = (double)AT(scene_model_similarities(&vector, &arena, scenes, 2, captions, 2), 1, 1);
    CHECK_NEAR((double)AT(scene_model_similarities(&scene_model, &arena, scenes, 2, captions, 2), 1, 1),
               (cosine + sum) / 2, 1e-5);
    scene_model_free(&vector);
    scene_model_free(&scene_model);
    arena_free(&arena);
    config.text = "bow";
    CHECK(!scene_model_init(&scene_model, &config, &err) && strstr(err.text, "transformer"), "%s", err.text);
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

/* Each arm of each seed that is there has all its rows; and the small cell, learnt again by whatever compiler, has the
 * same scores but for what another rounding does to 80 steps. */
TEST(the_table_is_ours_long) {
    Arena arena = { 0 };
    ResultTable table = { .arena = &arena }, again = { .arena = &arena };
    ResultRun run = negatives_quick_run();
    SceneModel scene_model;
    Err err;
#ifdef DEBUG
    check_skip("skipped: a table made again takes minutes under the sanitizers; its parts are tested above");
#endif
    if (!file_exists(NEGATIVES_TABLE)) check_skip("%s is not there", NEGATIVES_TABLE);
    CHECK(result_table_read(&table, &arena, NEGATIVES_TABLE, &err), "%s", err.text);
    CHECK(table.count == (1 + RESULT_SEEDS * CONDITIONS) * ROWS, "%d rows", table.count);
    for (int seed = 1; seed <= RESULT_SEEDS; seed++)
        for (int a = 0; a < CONDITIONS; a++) {
            ResultRun of = negatives_run((Condition)a, (NegativesConfig){ .seed = seed });
            ResultRow row = negatives_row(&of, "synonyms-consistency");
            CHECK(result_find(&table, &row), "seed %d, %s", seed, condition_name((Condition)a));
        }
    CHECK(scene_model_init(&scene_model, &run.config, &err) && scene_model_train(&scene_model, NULL, &err) &&
              scene_model_train(&scene_model, result_stage(&run), &err),
          "%s", err.text);
    NegativesResult result = negatives_measure(&scene_model, RESULT_ITEMS);
    negatives_add_rows(&again, &run, &result);
    CHECK(again.count == ROWS, "%d rows", again.count);
    for (int i = 0; i < again.count; i++) {
        const ResultRow *now = &again.row[i], *then = result_find(&table, now);
        CHECK(then, "%s: not in the table", now->probe);
        for (int k = 0; k < PAIR_METRICS; k++)
            CHECK(isnan(now->score[k]) == isnan(then->score[k]) && !(fabs(now->score[k] - then->score[k]) > 0.1),
                  "%s, score %d: %.4f, the table has %.4f", now->probe, k, now->score[k], then->score[k]);
    }
    ResultRow replace = negatives_row(&run, "replace");
    CHECK(result_find(&again, &replace)->score[PAIR_METRIC_CHOICE] > 0.7, "%g: not trained",
          result_find(&again, &replace)->score[PAIR_METRIC_CHOICE]);
    scene_model_free(&scene_model);
    arena_free(&arena);
}

/* Written in pieces, and gone on with. */
TEST(a_table_goes_on) {
    Arena arena = { 0 };
    ResultTable table = { .arena = &arena }, read = { .arena = &arena };
    ResultRun run[2];
    Err err;
    char *path = arena_print(&arena, "%s/negatives.csv", check_folder());
    CHECK(setenv("CLIP_MODELS", check_folder(), 1) == 0, "%s", "setenv");
    for (int i = 0; i < 2; i++)
        run[i] = negatives_run(i ? CONDITION_NO_NEGATE : CONDITION_BASE,
                               (NegativesConfig){ .seed = 1, .steps = 2, .stage2 = 1 });
    CHECK(result_table_fill(&table, run, 1, 2, negatives_result_rows, path, &err), "%s", err.text);
    CHECK(result_table_read(&read, &arena, path, &err) && read.count == ROWS, "%d rows", read.count);
    read.row[0].score[PAIR_METRIC_CHOICE] = 0.125; /* what is there is not asked again */
    CHECK(result_table_fill(&read, run, 2, 2, negatives_result_rows, path, &err), "%s", err.text);
    CHECK(read.count == 2 * ROWS && read.row[0].score[PAIR_METRIC_CHOICE] == 0.125, "%d rows", read.count);
    arena_free(&arena);
}

TESTS(captions_are_true_and_hard_negatives_false, stages_share_scenes_and_true_captions, items_are_what_they_should_be,
      spoilt_items_are_seen, oracle_is_always_right, text_only_rule_has_half, bias_for_forms_wins_and_loses,
      loss_with_hard_negatives, loss_without_hard_negatives_is_clips, late_similarities_by_hand,
      attention_adds_up_to_the_similarity, the_table_is_ours_long, a_table_goes_on)
