/* repair: lies are false and what is reworded is true; the loss with wrong captions, and the reading of places,
 * against plain loops in double; who knows all is right, who does not look is not. */
#include "model/clip_loss.h"
#include "18-a-repair-and-its-price/hard_negatives.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WRONG = 2, ROWS = LIE_KINDS + 2 + 3 * REWORD_WAYS + 2 }; /* lies of a scene; rows of an arm */

/* ---- lies ------------------------------------------------------------------------------------------------------- */

static bool kind_of(const Caption *truth, const Caption *lie, LieKind kind) {
    enum { DRAWS = 300 };
    Rng rng = rng_seed(7, 7);
    for (int e = 0; e < EDIT_KINDS; e++)
        for (int i = 0; (lie_edits(kind) >> e & 1) && i < DRAWS; i++) {
            Caption c;
            if (caption_edit(&c, truth, (CaptionEdit)e, &rng) && caption_identical(&c, lie)) return true;
        }
    return false;
}

TEST(what_courses_say_is_true_and_their_lies_are_false) {
    enum { PAIRS = 3000 };
    Learner learner;
    LearnerSettings settings = { .text = "bow", .seed = 5, .steps = 1 };
    Err err;
    CHECK(learner_make(&learner, &settings, &err), "%s", err.text);
    for (int c = COURSE_REPAIR; c < REPAIR_COURSES; c++) {
        LearnerCourse course = repair_course((RepairCourse)c, 0);
        int found = 0, of[LIE_KINDS] = { 0 };
        for (uint64_t i = 0; i < PAIRS; i++) {
            Caption wrong[WRONG], read;
            char text[CAPTION_TEXT];
            LearnerPair pair = learner_pair(&learner, &course, i, wrong);
            CHECK(caption_true(&pair.scene, &pair.caption), "pair %d", (int)i);
            for (int w = 0; w < WRONG; w++) {
                if (wrong[w].kind == CAPTION_KINDS) continue;
                CHECK(caption_parse(caption_text(&wrong[w], text), &read, &err), "%s", err.text);
                CHECK(!caption_true(&pair.scene, &read), "pair %d: \"%s\" is true", (int)i, text);
                found++;
                for (int k = 0; i % 10 == 0 && k < LIE_KINDS; k++)
                    of[k] += kind_of(&pair.caption, &wrong[w], (LieKind)k);
            }
        }
        CHECK(found > 0.8 * WRONG * PAIRS, "%s: %d lies for %d scenes", course.name, found, PAIRS);
        for (int k = 0; k < LIE_KINDS; k++)
            CHECK((of[k] > 0) == (c != COURSE_NO_SWAP + k), "%s tells %d lies of kind %s", course.name, of[k],
                  lie_name((LieKind)k));
    }
    learner_free(&learner);
}

TEST(courses_share_scenes_and_true_captions) {
    Learner learner;
    LearnerSettings settings = { .text = "bow", .seed = 2, .steps = 1 };
    Err err;
    LearnerCourse plain = repair_course(COURSE_PLAIN, 0), repair = repair_course(COURSE_REPAIR, 0);
    CHECK(plain.steps == repair.steps && plain.rate == repair.rate && plain.wrong == 0 && repair.wrong == WRONG, "%s",
          "alike but for the lies");
    CHECK(learner_make(&learner, &settings, &err), "%s", err.text);
    for (uint64_t i = 0; i < 500; i++) {
        Caption wrong[WRONG];
        LearnerPair a = learner_pair(&learner, &plain, i, NULL), b = learner_pair(&learner, &repair, i, wrong);
        CHECK(caption_identical(&a.caption, &b.caption) && a.scene.look == b.scene.look, "pair %d", (int)i);
    }
    learner_free(&learner);
}

TEST(items_are_what_they_should_be) {
    enum { N = 2000 };
    Split split = split_make(SPLIT_PAIRS, 0.5, 3);
    for (int t = 0; t < 2 * LIE_KINDS; t++) {
        Arena arena = { 0 };
        Err err;
        int k = t / 2;
        RepairItem *items = repair_items(&arena, (LieKind)k, &(RepairProbe){ 11, N, t % 2 ? &split : NULL });
        int said[REWORD_WAYS] = { 0 };
        for (int i = 0; i < N; i++) {
            CHECK(repair_check(&items[i], (LieKind)k, &err), "%s %d: %s", lie_name((LieKind)k), i, err.text);
            for (int s = 0; s < 4; s++) { /* as it is written, of both scenes */
                char text[CAPTION_TEXT];
                Caption read;
                CHECK(caption_parse(caption_text(&items[i].caption[s / 2], text), &read, &err), "%s", err.text);
                CHECK(caption_true(&items[i].scene[s % 2], &read) == (s / 2 == s % 2), "%s %d: \"%s\"",
                      lie_name((LieKind)k), i, text);
            }
            for (int s = 0; s < 2; s++)
                CHECK(t % 2 == 0 || (quad_scene_within(&items[i].scene[s], &split, SPLIT_SEEN) &&
                                     caption_within(&items[i].caption[s], &split, SPLIT_SEEN)),
                      "%s %d: a combination that is not seen", lie_name((LieKind)k), i);
            for (int w = 0; w < REWORD_WAYS; w++) said[w] += items[i].reworded[w][0].kind != CAPTION_KINDS;
        }
        CHECK(said[REWORD_NAMES] == N && said[REWORD_FORMS] == N, "%s: %d, %d", lie_name((LieKind)k), said[0], said[1]);
        CHECK(k == LIE_NEGATE ? said[REWORD_CONVERSE] < N : said[REWORD_CONVERSE] == N, "%s: %d", lie_name((LieKind)k),
              said[2]);
        arena_free(&arena);
    }
}

TEST(spoilt_items_are_seen) {
    Arena arena = { 0 };
    Err err;
    Split few = split_make(SPLIT_PAIRS, 0.125, 1);
    CHECK_STOPS(repair_items(&arena, LIE_REPLACE, &(RepairProbe){ 3, 1, &few }), EXIT_TROUBLE, "see more of it");
    RepairItem item = repair_items(&arena, LIE_SWAP, &(RepairProbe){ 3, 1, NULL })[0], spoilt = item;
    spoilt.scene[1] = spoilt.scene[0];
    CHECK(!repair_check(&spoilt, LIE_SWAP, &err) && strstr(err.text, "alone"), "%s", err.text);
    CHECK(!repair_check(&item, LIE_NEGATE, &err) && strstr(err.text, "no negate"), "%s", err.text);
    spoilt = item;
    spoilt.caption[0] = spoilt.caption[1] = (Caption){ .kind = CAPTION_OBJECT, .a = noun_of(CAPTION_ANY, CAPTION_ANY) };
    CHECK(!repair_check(&spoilt, LIE_SWAP, &err) && strstr(err.text, "alone"), "%s", err.text);
    spoilt = item;
    spoilt.reworded[REWORD_NAMES][0] = spoilt.caption[0];
    CHECK(!repair_check(&spoilt, LIE_SWAP, &err) && strstr(err.text, "in other words"), "%s", err.text);
    spoilt.reworded[REWORD_NAMES][0] = spoilt.caption[1];
    CHECK(!repair_check(&spoilt, LIE_SWAP, &err) && strstr(err.text, "in other words"), "%s", err.text);
    arena_free(&arena);
}

/* ---- asking ----------------------------------------------------------------------------------------------------- */

typedef double Says(const Scene *scene, const char *caption);

static Mat similar_by(void *context, Arena *arena, const Scene *const *scenes, int n, const char *const *captions,
                      int m) {
    Mat s = mat_new(arena, n, m);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < m; k++) AT(s, i, k) = (num)(*(Says **)context)(scenes[i], captions[k]);
    return s;
}

static double knows(const Scene *scene, const char *text) {
    Caption caption;
    return caption_parse(text, &caption, NULL) && caption_true(scene, &caption);
}
static double hears_alone(const Scene *scene, const char *text) { /* some number for each text */
    uint32_t hash = 17;
    (void)scene;
    for (; *text; text++) hash = hash * 31 + (uint8_t)*text;
    return hash % 10007;
}
static double likes_long_words(const Scene *scene,
                               const char *text) { /* "to the left of", "there is": whatever is reworded */
    return knows(scene, text) + (double)strlen(text);
}

TEST(who_knows_all_is_right) {
    Says *says = knows;
    RepairResult r = repair_ask_by(similar_by, &says, &(RepairProbe){ 4, 60, NULL });
    for (int k = 0; k < LIE_KINDS; k++)
        CHECK(r.lie[k].items == (k == LIE_SWAP ? 120 : 60) && r.lie[k].sum[TALLY_GROUP] == r.lie[k].items, "%s",
              lie_name((LieKind)k));
    for (int h = 0; h < 2; h++) CHECK(r.swapped[h].items == 60, "%d", r.swapped[h].items);
    for (int w = 0; w < REWORD_WAYS; w++) {
        CHECK_NEAR(tally_rate(&r.reworded[w], TALLY_CHOICE).share, 1, 0);
        CHECK_NEAR(tally_rate(&r.lie_reworded[w], TALLY_CHOICE).share, 1, 0);
        CHECK(r.held[w] == r.trusted[w] && r.trusted[w] == 2 * r.reworded[w].items, "%d of %d", r.held[w],
              r.trusted[w]);
    }
    CHECK_NEAR(r.found[0], 1, 1e-9);
    CHECK_NEAR(r.found[1], 1, 1e-9);
}

TEST(who_does_not_look_has_half) {
    Says *says = hears_alone;
    RepairResult r = repair_ask_by(similar_by, &says, &(RepairProbe){ 4, 200, NULL });
    for (int k = 0; k < LIE_KINDS; k++) CHECK_NEAR(tally_rate(&r.lie[k], TALLY_CHOICE).share, 0.5, 1e-12);
    for (int w = 0; w < REWORD_WAYS; w++) {
        double mean =
            (tally_rate(&r.reworded[w], TALLY_CHOICE).share + tally_rate(&r.lie_reworded[w], TALLY_CHOICE).share) / 2;
        CHECK_NEAR(mean, 0.5, 1e-12);
    }
    CHECK_NEAR(r.found[0], r.chance[0], 0.01);
    CHECK_NEAR(r.found[1], r.chance[1], 1e-9); /* to a caption all pictures are alike: each may come first */
}

TEST(a_taste_for_forms_wins_here_and_loses_there) {
    Says *says = likes_long_words;
    RepairResult r = repair_ask_by(similar_by, &says, &(RepairProbe){ 4, 200, NULL });
    double here = tally_rate(&r.reworded[REWORD_FORMS], TALLY_CHOICE).share,
           there = tally_rate(&r.lie_reworded[REWORD_FORMS], TALLY_CHOICE).share;
    CHECK(here > 0.9 && there < 0.2, "%g, %g", here, there);
}

/* ---- the loss --------------------------------------------------------------------------------------------------- */

static double log_sum(const double *x, int n) {
    double most = -INFINITY, sum = 0;
    for (int i = 0; i < n; i++) most = fmax(most, x[i]);
    for (int i = 0; i < n; i++) sum += exp(x[i] - most);
    return most + log(sum);
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

TEST(the_loss_with_wrong_captions) {
    for (int seed = 0; seed < 20; seed++) {
        enum { B = 6 };
        int N = B * (1 + seed % 3);
        Tape t = { 0 };
        Rng rng = rng_seed((uint64_t)seed, 0);
        Mat logits = mat_normal(&t.arena, B, N, &rng, 3), out = mat_zero(&t.arena, B, N);
        for (int i = 0; i < B; i++)
            for (int n = 0; n < N; n++) AT(out, i, n) = n != i && rng_uniform(&rng) < 0.3;
        Var x = tape_leaf(&t, logits), loss = clip_loss_wrong(&t, x, out);
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

TEST(without_wrong_captions_it_is_the_loss_of_clip) {
    Tape t = { .no_grad = true };
    Rng rng = rng_seed(1, 0);
    Var x = tape_data(&t, mat_normal(&t.arena, 7, 7, &rng, 2));
    CHECK_NEAR((double)clip_loss_wrong(&t, x, mat_zero(&t.arena, 7, 7))->val.v[0],
               (double)clip_loss(&t, x, (Mat){ 0 })->val.v[0], 1e-6);
    tape_free(&t);
}

/* ---- the reading ------------------------------------------------------------------------------------------------ */

TEST(words_look_at_places) {
    enum { M = 7, B = 3, P = 4, E = 5, N = 3 };
    const int caption[M] = { 0, 0, 1, 2, 2, 2, 2 };
    Tape t = { .no_grad = true };
    Rng rng = rng_seed(3, 0);
    Mat words = mat_normal(&t.arena, M, E, &rng, 0.5), places = mat_normal(&t.arena, B * P, E, &rng, 0.5);
    Mat got = reading_similar(&t, tape_data(&t, words), tape_data(&t, places), P, caption, N)->val;
    for (int b = 0; b < B; b++)
        for (int n = 0; n < N; n++) {
            double sum = 0;
            int length = 0;
            for (int m = 0; m < M; m++) {
                double s[P], z = 0, found = 0;
                if (caption[m] != n) continue;
                length++;
                for (int p = 0; p < P; p++) {
                    s[p] = vec_dot(&AT(words, m, 0), &AT(places, b * P + p, 0), E);
                    z += exp(10 * s[p]);
                }
                for (int p = 0; p < P; p++) found += exp(10 * s[p]) / z * s[p];
                sum += found;
            }
            CHECK_NEAR((double)AT(got, b, n), sum / length, 1e-5);
        }
    tape_free(&t);
}

TEST(a_look_adds_up_to_the_similarity) {
    Learner learner;
    LearnerSettings settings = { .reading = "places", .seed = 2 };
    Arena arena = { 0 };
    Err err;
    CHECK(learner_make(&learner, &settings, &err), "%s", err.text);
    Scene scene = scene_make(&(SceneSettings){ .seed = 6, .least = 2, .most = 2 }, 0),
          other = scene_make(&(SceneSettings){ .seed = 7 }, 0);
    const Scene *scenes[] = { &other, &scene };
    const char *captions[] = { "no blue star", "a red circle left of a blue square" };
    double found[CAPTION_WORDS + 1], sum = 0;
    Mat look = reading_look(&learner, &arena, &scene, captions[1], found);
    CHECK(look.shape[0] == 9 && look.shape[1] == READING_PLACES, "%s", mat_shape_text(look));
    for (int m = 0; m < 9; m++) {
        double row = 0;
        for (int p = 0; p < READING_PLACES; p++) row += (double)AT(look, m, p);
        CHECK_NEAR(row, 1, 1e-5);
        sum += found[m] / 9;
    }
    LearnerSettings plain = { .seed = 2 };
    Learner vector; /* the same seed gives the same towers: its cosine is the other half */
    CHECK(learner_make(&vector, &plain, &err), "%s", err.text);
    double cosine = (double)AT(learner_similar(&vector, &arena, scenes, 2, captions, 2), 1, 1);
    CHECK_NEAR((double)AT(learner_similar(&learner, &arena, scenes, 2, captions, 2), 1, 1), (cosine + sum) / 2, 1e-5);
    learner_free(&vector);
    learner_free(&learner);
    arena_free(&arena);
    settings.text = "bow";
    CHECK(!learner_make(&learner, &settings, &err) && strstr(err.text, "transformer"), "%s", err.text);
}

/* ---- the table -------------------------------------------------------------------------------------------------- */

/* Each arm of each seed that is there has all its rows; and the small cell, learnt again by whatever compiler, has the
 * same scores but for what another rounding does to 80 steps. */
TEST(the_table_is_ours) {
    Arena arena = { 0 };
    LimitsTable table = { .arena = &arena }, again = { .arena = &arena };
    RepairCell cell = repair_small_cell();
    Learner learner;
    Err err;
#ifdef DEBUG
    check_skip("skipped: a table made again takes minutes under the sanitizers; its parts are tested above");
#endif
    if (!file_exists(REPAIR_TABLE)) check_skip("%s is not there", REPAIR_TABLE);
    CHECK(limits_read(&table, &arena, REPAIR_TABLE, &err), "%s", err.text);
    CHECK(table.count == (1 + LIMITS_SEEDS * REPAIR_ARMS) * ROWS, "%d rows", table.count);
    for (int seed = 1; seed <= LIMITS_SEEDS; seed++)
        for (int a = 0; a < REPAIR_ARMS; a++) {
            RepairCell of = repair_cell((RepairArm)a, (RepairWorld){ .seed = seed });
            LimitsRow row = repair_row(&of, "names-held");
            CHECK(limits_find(&table, &row), "seed %d, %s", seed, repair_arm_name((RepairArm)a));
        }
    CHECK(learner_make(&learner, &cell.settings, &err) && learner_learn(&learner, NULL, &err) &&
              learner_learn(&learner, &cell.course, &err),
          "%s", err.text);
    RepairResult result = repair_ask(&learner, LIMITS_ITEMS);
    repair_note(&again, &cell.settings, &cell.course, &result);
    CHECK(again.count == ROWS, "%d rows", again.count);
    for (int i = 0; i < again.count; i++) {
        const LimitsRow *now = &again.row[i], *then = limits_find(&table, now);
        CHECK(then, "%s: not in the table", now->probe);
        for (int k = 0; k < TALLY_SCORES; k++)
            CHECK(isnan(now->score[k]) == isnan(then->score[k]) && !(fabs(now->score[k] - then->score[k]) > 0.1),
                  "%s, score %d: %.4f, the table has %.4f", now->probe, k, now->score[k], then->score[k]);
    }
    LimitsRow replace = repair_row(&cell, "replace");
    CHECK(limits_find(&again, &replace)->score[TALLY_CHOICE] > 0.7, "%g: it has learnt nothing",
          limits_find(&again, &replace)->score[TALLY_CHOICE]);
    learner_free(&learner);
    arena_free(&arena);
}

/* Written in pieces, and gone on with. */
TEST(a_table_goes_on) {
    Arena arena = { 0 };
    LimitsTable table = { .arena = &arena }, read = { .arena = &arena };
    RepairCell cell[2];
    Err err;
    char *path = arena_print(&arena, "%s/repair.csv", check_folder());
    CHECK(setenv("CLIP_MODELS", check_folder(), 1) == 0, "%s", "setenv");
    for (int i = 0; i < 2; i++)
        cell[i] = repair_cell(i ? ARM_NO_NEGATE : ARM_BASE, (RepairWorld){ .seed = 1, .steps = 2, .more = 1 });
    CHECK(repair_fill(&table, cell, 1, 2, path, &err), "%s", err.text);
    CHECK(limits_read(&read, &arena, path, &err) && read.count == ROWS, "%d rows", read.count);
    read.row[0].score[TALLY_CHOICE] = 0.125; /* what is there is not asked again */
    CHECK(repair_fill(&read, cell, 2, 2, path, &err), "%s", err.text);
    CHECK(read.count == 2 * ROWS && read.row[0].score[TALLY_CHOICE] == 0.125, "%d rows", read.count);
    arena_free(&arena);
}

TESTS(what_courses_say_is_true_and_their_lies_are_false, courses_share_scenes_and_true_captions,
      items_are_what_they_should_be, spoilt_items_are_seen, who_knows_all_is_right, who_does_not_look_has_half,
      a_taste_for_forms_wins_here_and_loses_there, the_loss_with_wrong_captions,
      without_wrong_captions_it_is_the_loss_of_clip, words_look_at_places, a_look_adds_up_to_the_similarity,
      the_table_is_ours, a_table_goes_on)
