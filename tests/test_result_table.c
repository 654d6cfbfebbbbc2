/* Scene model and result table: does a model train, with the same bits for any number of threads, on the combinations
 * it may see alone; is it saved and loaded; are tables read, refused, continued, and the one in the repository
 * reproduced? */
#include "scenes/result_table.h"
#include "core/arena.h"
#include "core/file.h"
#include "core/thread.h"
#include "sum_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static Arena arena;

static SceneModelConfig few(const char *text) {
    return scene_model_config(
        (SceneModelConfig){ .text = text, .split = SPLIT_PAIRS, .coverage = 0.5, .seed = 3, .steps = 3 });
}

static double weights_sum(const SceneModel *l) {
    double sum = 0;
    for (int i = 0; i < l->clip.params.count; i++)
        for (size_t k = 0; k < mat_count(l->clip.params.list[i]->val); k++)
            sum += (double)l->clip.params.list[i]->val.v[k] * (double)(1 + (k + (size_t)i) % 7);
    return sum;
}

TEST(same_bits_for_any_number_of_threads) {
    double sum[3];
    const TrainingStage stage = {
        .name = "wrong", .steps = 2, .edits = 1u << EDIT_SWAP_COLOURS | 1u << EDIT_REPLACE_SHAPE, .negatives = 1
    };
    for (int k = 0; k < 3; k++) {
        SceneModel l;
        Err err;
        SceneModelConfig s = few("transformer");
        s.palette = 6;
        thread_set_count(k == 2 ? 3 : k + 1);
        CHECK(scene_model_init(&l, &s, &err) && scene_model_train(&l, NULL, &err) &&
                  scene_model_train(&l, &stage, &err),
              "%s", err.text);
        sum[k] = weights_sum(&l);
        scene_model_free(&l);
    }
    CHECK(sum[0] == sum[1] && sum[0] == sum[2], "%.17g %.17g %.17g", sum[0], sum[1], sum[2]);
}

/* Every caption is true of its scene, every wrong one false; nothing is shown or said that is held out; a batch about
 * few things is about few; and early scenes show like things only. */
TEST(shown_what_may_be_seen) {
    SceneModel l;
    Err err;
    SceneModelConfig s = few("bow");
    s.palette = 6;
    s.objects = 3;
    s.steps = 100;
    CHECK(scene_model_init(&l, &s, &err), "%s", err.text);
    const TrainingStage stage = { .name = "wrong", .steps = 1, .edits = (1u << EDIT_KINDS) - 1, .negatives = 2 };
    bool there[COLOUR_COUNT][SHAPE_COUNT] = { { false } };
    int things = 0, wrong_ones = 0;
    for (uint64_t i = 0; i < 2 * SCENE_MODEL_BATCH; i++) {
        Caption wrong[2];
        SceneExample pair = scene_model_example(&l, &stage, i, wrong), early = scene_model_example(&l, NULL, i, NULL);
        CHECK(caption_true(&pair.scene, &pair.caption) && caption_in_part(&pair.caption, &l.split, SPLIT_SEEN),
              "pair %d", (int)i);
        for (int k = 0; k < 2; k++) {
            if (wrong[k].kind == CAPTION_KINDS) continue;
            wrong_ones++;
            CHECK(!caption_true(&pair.scene, &wrong[k]) && caption_in_part(&wrong[k], &l.split, SPLIT_SEEN), "pair %d",
                  (int)i);
        }
        for (int k = 0; k < pair.scene.count; k++) {
            const SceneObject *o = &pair.scene.object[k];
            CHECK(split_has_pair(&l.split, SPLIT_SEEN, o->colour, o->shape), "pair %d", (int)i);
            if (i < SCENE_MODEL_BATCH && !there[o->colour][o->shape]) {
                there[o->colour][o->shape] = true;
                things++;
            }
        }
        for (int k = 1; k < early.scene.count; k++)
            CHECK(early.scene.object[k].colour == early.scene.object[0].colour &&
                      early.scene.object[k].shape == early.scene.object[0].shape,
                  "early %d", (int)i);
    }
    CHECK(things >= 6 && things <= 12 && wrong_ones > 400, "%d things in a batch, %d wrong captions", things,
          wrong_ones);
    scene_model_free(&l);
}

static void begin(void) {
    if (chdir(check_folder()) != 0) check_fail(__FILE__, __LINE__, "chdir", "%s", check_folder());
    setenv("CLIP_MODELS", "models", 1);
    if (!freopen("said", "w", stderr)) check_fail(__FILE__, __LINE__, "freopen", "%s", "said");
}

TEST(kept_and_read_again) {
    SceneModel one, two;
    Err err;
    SceneModelConfig s = few("lstm"), other = s;
    other.seed = 4;
    begin();
    CHECK(scene_model_load_or_train(&one, &s, NULL, &err) && scene_model_load_or_train(&two, &s, NULL, &err), "%s",
          err.text);
    CHECK(weights_sum(&one) == weights_sum(&two) && fabs(one.loss - two.loss) < 1e-5, "%g %g", one.loss, two.loss);
    const char *path = scene_model_path(&arena, &s, NULL);
    CHECK(file_exists(path), "%s", path);
    scene_model_free(&two);
    CHECK(!scene_model_load(&two, &other, NULL, path, &err) && strstr(err.text, "holds another model"), "%s", err.text);
    file_with_meta(path, "loss", "much");
    for (int k = 0; k < 2; k++) {
        CHECK(!scene_model_load(&two, &s, NULL, path, &err) && strstr(err.text, "metadata \"loss\" is not a number"),
              "%s", err.text);
        if (k == 0) file_with_meta(path, "loss", NULL);
    }
    file_with_meta(path, "scene-model", NULL);
    CHECK(!scene_model_load(&two, &s, NULL, path, &err) && strstr(err.text, "another model (no description), want"),
          "%s", err.text);
    s.steps = 4;
    const TrainingStage stage2 = { .name = "more", .steps = 1 };
    CHECK(scene_model_load_or_train(&two, &s, &stage2, &err) && file_exists(scene_model_path(&arena, &s, &stage2)) &&
              file_exists(scene_model_path(&arena, &s, NULL)),
          "%s", err.text);
    scene_model_free(&one);
    scene_model_free(&two);
}

TEST(refused_in_one_line) {
    SceneModel l;
    Err err;
    SceneModelConfig s = few("parrot");
    CHECK(!scene_model_init(&l, &s, &err) && strstr(err.text, "parrot") && !strchr(err.text, '\n'), "%s", err.text);
    s = few("bow");
    s.objects = SCENE_MAX + 1;
    CHECK(!scene_model_init(&l, &s, &err) && strstr(err.text, "6 objects"), "%s", err.text);
    s = few("bow");
    s.palette = 1;
    CHECK(!scene_model_init(&l, &s, &err) && strstr(err.text, "palette is 1"), "%s", err.text);
    s = few("bow");
    s.interaction = "tea leaves";
    CHECK(!scene_model_init(&l, &s, &err) && strstr(err.text, "tea leaves"), "%s", err.text);
    s = few("bow");
    s.coverage = 1e-9;
    CHECK(!scene_model_init(&l, &s, &err) && strstr(err.text, "coverage"), "%s", err.text);
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

static ResultRow row_of(int seed, double fraction) {
    SceneModelConfig s = few("bow");
    s.seed = seed;
    ResultRow row = result_row(&s, NULL, "binding", SPLIT_HELD);
    row.items = 1000;
    row.ties = 0.25;
    for (int k = 0; k < PAIR_METRICS; k++) row.score[k] = k == PAIR_METRIC_IMAGE ? NAN : fraction;
    return row;
}

TEST(table_comes_back) {
    ResultTable table = { .arena = &arena }, again;
    Err err;
    begin();
    for (int seed = 1; seed <= 100; seed++) {
        ResultRow row = row_of(seed, seed / 100.0);
        result_store(&table, &row);
    }
    CHECK(result_table_write(&table, "t.csv", &err) && result_table_read(&again, &arena, "t.csv", &err), "%s",
          err.text);
    CHECK(again.count == 100, "%d rows", again.count);
    for (int i = 0; i < 100; i++)
        CHECK(result_same(&again.row[i], &table.row[i]) && again.row[i].score[0] == table.row[i].score[0] &&
                  isnan(again.row[i].score[PAIR_METRIC_IMAGE]) && again.row[i].ties == 0.25 &&
                  again.row[i].items == 1000,
              "row %d", i);
    ResultSummary sum = result_summary(&again, row_of(0, 0), PAIR_METRIC_CHOICE);
    CHECK(sum.seeds == 100 && sum.low == 0.01 && sum.high == 1, "%d seeds, %g to %g", sum.seeds, sum.low, sum.high);
    CHECK_NEAR(sum.mean, 0.505, 1e-9);
    ResultRow other = row_of(5, 0);
    other.palette = 9;
    CHECK(!result_find(&again, &other) && result_summary(&again, other, PAIR_METRIC_CHOICE).seeds == 0, "%s",
          "another palette");
}

/* Every question that a table leaves open is asked, and no other: rows that were lost come back, the rest stays. */
TEST(a_table_goes_on_where_it_stopped_long) {
    ResultTable table = { .arena = &arena }, read;
    ResultRun plan[2] = { { .config = few("bow") }, { .config = few("lstm") } };
    ResultRow lost, kept;
    Err err;
    begin();
    CHECK(result_table_fill(&table, plan, 1, RESULT_ITEMS, result_measure, "t.csv", &err) &&
              table.count == 2 * PROBE_KINDS,
          "%d rows", table.count);
    CHECK(result_runs_done(&table, plan, 2, result_measure) == 1, "%d done",
          result_runs_done(&table, plan, 2, result_measure));
    lost = table.row[2];
    kept = table.row[0];
    table.row[0].score[PAIR_METRIC_CHOICE] = 0.125; /* it is there, and is not asked again */
    CHECK(result_table_fill(&table, plan, 2, RESULT_ITEMS, result_measure, "t.csv", &err) &&
              table.count == 4 * PROBE_KINDS,
          "%d rows", table.count);
    CHECK(result_table_read(&read, &arena, "t.csv", &err) && read.count == table.count, "%s", err.text);
    CHECK(read.row[0].score[PAIR_METRIC_CHOICE] == 0.125 && result_runs_done(&read, plan, 2, result_measure) == 2, "%g",
          read.row[0].score[0]);
    read.row[2] = read.row[--read.count];
    CHECK(result_runs_done(&read, plan, 2, result_measure) == 1 && !result_find(&read, &lost), "%d done",
          result_runs_done(&read, plan, 2, result_measure));
    CHECK(result_table_fill(&read, plan, 2, RESULT_ITEMS, result_measure, "t.csv", &err) &&
              result_runs_done(&read, plan, 2, result_measure) == 2,
          "%s", err.text);
    CHECK(read.count == 4 * PROBE_KINDS, "%d rows: a question is there twice", read.count);
    CHECK(result_find(&read, &lost)->score[PAIR_METRIC_CHOICE] == lost.score[PAIR_METRIC_CHOICE], "%s",
          "another answer");
    CHECK(result_find(&read, &kept)->score[PAIR_METRIC_CHOICE] == kept.score[PAIR_METRIC_CHOICE], "%s",
          "its model was measured again");
    CHECK(!result_table_fill(&read, &(ResultRun){ .config = few("parrot") }, 1, RESULT_ITEMS, result_measure, "t.csv",
                             &err) &&
              strstr(err.text, "parrot"),
          "%s", err.text);
}

/* Learners that are not the same are in other rows, and in other files. */
TEST(other_settings_other_rows) {
    SceneModelConfig s = few("transformer"), near = s, other = s;
    TrainingStage one = { .name = "more", .steps = 5 }, two = { .name = "more", .steps = 6 };
    near.coverage += 1e-5;
    other.coverage += 1e-3;
    const ResultRow row[] = {
        result_row(&s, NULL, "binding", SPLIT_SEEN), result_row(&other, NULL, "binding", SPLIT_SEEN),
        result_row(&s, &one, "binding", SPLIT_SEEN), result_row(&s, &two, "binding", SPLIT_SEEN),
        result_row(&s, NULL, "binding", SPLIT_HELD), result_row(&s, NULL, "relation", SPLIT_SEEN)
    };
    for (size_t i = 0; i < COUNT(row); i++)
        for (size_t j = 0; j < COUNT(row); j++)
            CHECK(result_same(&row[i], &row[j]) == (i == j), "%d, %d", (int)i, (int)j);
    ResultRow close = result_row(&near, NULL, "binding", SPLIT_SEEN), zero = row[0], any = row[0];
    CHECK(result_same(&close, &row[0]), "%.9f", close.coverage);
    zero.seed = 0;
    any.seed = RESULT_ANY_SEED;
    CHECK(!result_same(&zero, &row[0]) && result_same(&any, &row[0]) && result_same(&any, &zero), "%s", "seeds");
    const char *path[] = { scene_model_path(&arena, &s, NULL), scene_model_path(&arena, &near, NULL),
                           scene_model_path(&arena, &other, NULL), scene_model_path(&arena, &s, &one),
                           scene_model_path(&arena, &s, &two) };
    for (size_t i = 0; i < COUNT(path); i++)
        for (size_t j = 0; j < i; j++)
            CHECK(!strcmp(path[i], path[j]) == (i == 1 && j == 0), "%s, %s", path[i], path[j]);
}

/* Whatever a lesson's options allow can be written and read. */
TEST(rows_at_the_limits) {
    ResultTable table = { .arena = &arena }, again;
    ResultRow row = row_of(1000000000, NAN), zero = row_of(0, 1);
    Err err;
    begin();
    row.items = 0;
    zero.steps = 100000;
    result_store(&table, &row);
    result_store(&table, &zero);
    CHECK(result_table_write(&table, "t.csv", &err) && result_table_read(&again, &arena, "t.csv", &err) &&
              again.count == 2,
          "%s", err.text);
    CHECK(again.row[0].seed == 1000000000 && again.row[1].seed == 0 && again.row[0].items == 0, "%d",
          again.row[0].seed);
}

/* A table of one row, "t", of which one field is another; with its heading. */
static void put_row(const char *heading, int changed, const char *value) {
    static const char *const good[] = { "bow",     "vector", "pairs", "0.5", "2", "0", "1", "9", "none",
                                        "binding", "seen",   "1000",  "0.5", "0", "0", "",  "0" };
    char *text = arena_text(&arena, heading);
    for (int f = 0; f < (int)COUNT(good); f++)
        text = arena_print(&arena, "%s%s%s", text, f ? "," : "", f == changed ? value : good[f]);
    file_mock("t", text, strlen(text));
}

/* A row is taken as it is, without an end of the line; with one field that is none, never. */
TEST(each_field_is_checked) {
    static const struct {
        int field;
        const char *value;
    } bad[] = { { 0, "" },     { 1, "v_" },   { 2, "a-name-that-is-longer-than-the-room-for-a-name-in-a-row" },
                { 3, "1.1" },  { 4, "0" },    { 5, "-1" },
                { 6, "x" },    { 7, "0" },    { 8, "" },
                { 9, "a b" },  { 10, "." },   { 11, "-1" },
                { 12, "x" },   { 13, "1.5" }, { 14, "-0.1" },
                { 15, "nan" }, { 16, "2" } };
    ResultTable table = { .arena = &arena };
    Err err;
    begin();
    CHECK(result_table_write(&table, "empty.csv", &err), "%s", err.text);
    File file;
    CHECK(file_open(&file, "empty.csv", &err), "%s", err.text);
    const char *heading = arena_print(&arena, "%.*s", (int)file.size, (const char *)file.data);
    file_close(&file);
    put_row(heading, -1, NULL);
    CHECK(result_table_read(&table, &arena, "t", &err) && table.count == 1 && table.row[0].steps == 9 &&
              isnan(table.row[0].score[3]),
          "%s", err.text);
    for (size_t i = 0; i < COUNT(bad); i++) {
        put_row(heading, bad[i].field, bad[i].value);
        CHECK(!result_table_read(&table, &arena, "t", &err), "field %d as \"%s\" was read", bad[i].field, bad[i].value);
        CHECK(!strncmp(err.text, "t:2: not a row: want 17 fields", 30) && table.count == 1, "%s", err.text);
    }
    char *wide = arena_alloc(&arena, 1000, 1);
    memset(wide, '0', 999);
    wide[999] = '\0';
    put_row(heading, 6, wide);
    CHECK(!result_table_read(&table, &arena, "t", &err) && !strncmp(err.text, "t:2: not a row", 14), "%s", err.text);
    put_row("text,score\n", -1, NULL);
    CHECK(!result_table_read(&table, &arena, "t", &err) && !strncmp(err.text, "t:1: the heading is not", 23), "%s",
          err.text);
    file_mock("t", "", 0);
    CHECK(!result_table_read(&table, &arena, "t", &err) && strstr(err.text, "t: the file is empty"), "%s", err.text);
    file_mock(NULL, NULL, 0);
    CHECK(!result_table_read(&table, &arena, ".", &err) && strstr(err.text, "this is a folder"), "%s", err.text);
    CHECK(!result_table_write(&table, "no/such/folder.csv", &err) && strstr(err.text, "cannot be written"), "%s",
          err.text);
}

TEST(damaged_tables_are_refused) {
    static const struct {
        const char *tail, *says;
    } bad[] = {
        { "bow,vector,pairs,0.5,2,0,1,9,none,binding,seen,1000,1.5,0,0,0,0\n", ":2:" },
        { "bow,vector,pairs,0.5,2,0,1,9,none,binding,seen,0,0.5,0,0,0,0\n", ":2:" },
        { "bow,vector\n", ":2:" },
        { "\n", ":2:" },
        { "b ow,vector,pairs,0.5,2,0,1,9,none,binding,seen,1000,0.5,0,0,0,0\n", ":2:" },
        { "bow,vector,pairs,0.5,2,0,1,9,none,binding,seen,1000,0.5,0,0,0,0,0\n", ":2:" },
        { "bow,vector,pairs,0.5,2,0,1,9,none,binding,seen,1000,0.5,0,0,0,0\nbow,vector,pairs,0.5,2,0,1,9,none,binding,"
          "seen,9,0.5,0,0,0,0\n",
          ":3:" },
    };
    ResultTable table = { .arena = &arena }, kept;
    Err err;
    begin();
    CHECK(result_table_write(&table, "empty.csv", &err) && result_table_read(&table, &arena, "empty.csv", &err) &&
              table.count == 0,
          "%s", err.text);
    File file;
    CHECK(file_open(&file, "empty.csv", &err), "%s", err.text);
    kept = table;
    for (size_t i = 0; i < COUNT(bad); i++) {
        OutFile out;
        CHECK(out_open(&out, "bad.csv", &err), "%s", err.text);
        fprintf(out.stream, "%.*s%s", (int)file.size, (const char *)file.data, bad[i].tail);
        CHECK(out_commit(&out, &err), "%s", err.text);
        CHECK(!result_table_read(&table, &arena, "bad.csv", &err) && strstr(err.text, bad[i].says) &&
                  table.count == kept.count,
              "%d: %s", (int)i, err.text);
    }
    file_close(&file);
}

/* Made again, by whatever compiler: as in the table, but for what another rounding does to 150 steps. */
TEST(table_is_ours_long) {
    enum { ITEMS = RESULT_ITEMS };
    ResultTable table, again = { .arena = &arena };
    SceneModel l;
    Err err;
    SceneModelConfig s = result_quick_config();
#ifdef DEBUG
    check_skip("skipped: a table made again takes minutes under the sanitizers; its parts are tested above");
#endif
    if (!file_exists(RESULT_TABLE)) check_skip("%s is not there", RESULT_TABLE);
    CHECK(result_table_read(&table, &arena, RESULT_TABLE, &err) && scene_model_init(&l, &s, &err) &&
              scene_model_train(&l, NULL, &err),
          "%s", err.text);
    result_measure(&again, &l, &(ResultRun){ .config = s }, ITEMS);
    CHECK(again.count >= 9, "%d rows", again.count);
    for (int i = 0; i < again.count; i++) {
        const ResultRow *now = &again.row[i], *then = result_find(&table, now);
        CHECK(then && then->items == ITEMS, "%s, %s: not in the table", now->probe, now->part);
        double room = strcmp(now->probe, "negation") && strcmp(now->probe, "counting") ? 0.002 : 0.15;
        CHECK(fabs(now->score[PAIR_METRIC_CHOICE] - then->score[PAIR_METRIC_CHOICE]) <= room,
              "%s, %s: %.4f, the table has %.4f", now->probe, now->part, now->score[PAIR_METRIC_CHOICE],
              then->score[PAIR_METRIC_CHOICE]);
    }
    ResultRow negation = result_row(&s, NULL, "negation", SPLIT_SEEN);
    CHECK(result_find(&again, &negation)->score[PAIR_METRIC_CHOICE] > 0.75, "%.4f",
          result_find(&again, &negation)->score[PAIR_METRIC_CHOICE]);
    scene_model_free(&l);
}

/* No rule, and no order-blind tower, can win what is balanced: a bag of words has exactly half, in every row of the
 * table. */
TEST(a_bag_of_words_ties_everywhere) {
    ResultTable table;
    Err err;
    int rows = 0;
    if (!file_exists(RESULT_TABLE)) check_skip("%s is not there", RESULT_TABLE);
    CHECK(result_table_read(&table, &arena, RESULT_TABLE, &err), "%s", err.text);
    for (int i = 0; i < table.count; i++) {
        const ResultRow *r = &table.row[i];
        if (strcmp(r->text, "bow") || (strcmp(r->probe, "binding") && strcmp(r->probe, "relation"))) continue;
        rows++;
        CHECK(r->score[PAIR_METRIC_CHOICE] == 0.5 && r->ties == 0.5 && r->score[PAIR_METRIC_TEXT] == 0.25,
              "row %d: %g, ties %g", i, r->score[PAIR_METRIC_CHOICE], r->ties);
    }
    CHECK(rows > 0, "%d rows", rows);
}

TESTS(same_bits_for_any_number_of_threads, shown_what_may_be_seen, kept_and_read_again, refused_in_one_line,
      table_comes_back, a_table_goes_on_where_it_stopped_long, other_settings_other_rows, rows_at_the_limits,
      each_field_is_checked, damaged_tables_are_refused, table_is_ours_long, a_bag_of_words_ties_everywhere)
