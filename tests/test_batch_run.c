/* Lesson 20: the trainings of different batch sizes, and the table of their results. */
#include "20-large-batches/batch_run.h"
#include "core/file.h"
#include "core/thread.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static Arena arena;
static BatchData data;

static const char *in_folder(const char *name) { return arena_print(&arena, "%s/%s", check_folder(), name); }

static void make_data(int train, int test) {
    cifar_generate(&arena, CIFAR_TRAIN, train, &data.train);
    cifar_generate(&arena, CIFAR_TEST, test, &data.test);
}

static BatchRun small_run(int batch, LossKind loss, int seed) {
    BatchRun run = { .image = "small", .batch = batch, .loss = loss, .pictures = 160, .seed = seed };
    return run;
}

static BatchRow trained(BatchRun run, double *losses) {
    BatchRow row;
    BatchWatch watch = { .data = &data, .losses = losses };
    Err err;
    CHECK(batch_train(&run, &watch, &row, &err), "%s", err.text);
    return row;
}

TEST(any_number_of_threads_trains_the_same) {
    double losses[3][10];
    make_data(100, 50);
    for (int threads = 1; threads <= 3; threads++) {
        thread_set_count(threads);
        trained(small_run(16, LOSS_SIGMOID, 2), losses[threads - 1]);
        CHECK(!memcmp(losses[threads - 1], losses[0], sizeof losses[0]), "%d threads", threads);
    }
}

/* The first loss is that of the same pairs, whatever happens afterwards; a rounded one is near it and not the same. */
TEST(rounding_changes_little_at_first) {
    double plain[2], rounded[ROUND_KINDS][2], lost = -1;
    make_data(100, 50);
    BatchRun run = small_run(80, LOSS_SOFTMAX, 1);
    BatchRow row;
    Err err;
    BatchWatch watch = { .data = &data, .losses = plain, .lost = &lost };
    CHECK(batch_train(&run, &watch, &row, &err), "%s", err.text);
    CHECK(lost > 0 && lost < 1, "%g of the updates are lost", lost);
    for (int k = 0; k < ROUND_KINDS; k++) {
        run.rounded = (RoundKind)k;
        trained(run, rounded[k]);
        CHECK(fabs(rounded[k][0] - plain[0]) < 0.05 && fabs(rounded[k][1] - plain[1]) < 0.1, "%s: %g and %g",
              rounded_name(run.rounded), rounded[k][1], plain[1]);
        CHECK((k == 0) == (rounded[k][0] == plain[0]), "%s: %.9g and %.9g", rounded_name(run.rounded), rounded[k][0],
              plain[0]);
    }
    CHECK(rounded[ROUND_WEIGHTS][0] == rounded[ROUND_PRODUCTS][0], "%s", "weights are rounded after the first step");
    CHECK(rounded[ROUND_WEIGHTS][1] != rounded[ROUND_PRODUCTS][1], "%s", "and matter in the second");
}

/* 80 pairs of 10 captions: with the softmax, equal captions share the target; with the sigmoid they all match. */
TEST(equal_captions_match) {
    double loss[2];
    make_data(100, 50);
    trained(small_run(80, LOSS_SIGMOID, 1), loss);
    CHECK(loss[0] > 50 && loss[0] < 100, "%g: of 80 texts 8 match each picture, and each costs about 10", loss[0]);
    trained(small_run(80, LOSS_SOFTMAX, 1), loss);
    CHECK(loss[0] > 0 && loss[0] < log(80) + 2 - log(8) + 2, "%g", loss[0]);
}

TEST(more_pictures_are_more_right) {
    make_data(1000, 200);
    BatchRun run = small_run(50, LOSS_SOFTMAX, 1);
    run.pictures = 20000;
    BatchRow row = trained(run, NULL);
    CHECK(row.tested == 200 && row.right > 40, "%d of %d are right", row.right, row.tested);
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

static void write_text(const char *path, const char *text) {
    OutFile out;
    Err err;
    CHECK(out_open(&out, path, &err), "%s", err.text);
    out_write(&out, text, strlen(text));
    CHECK(out_commit(&out, &err), "%s", err.text);
}

#define HEADING "data,image,batch,loss,rounded,pictures,seed,last_loss,right,tested\n"
#define ROW     "shapes,small,64,softmax,nothing,6400,1,1.2345,100,400\n"

TEST(a_table_comes_back) {
    const char *path = in_folder("table.csv"), *again = in_folder("again.csv");
    BatchTable table;
    Err err;
    File a, b;
    write_text(path, HEADING ROW "cifar10,vit,256,sigmoid,weights,51200,3,0.5000,0,1\n");
    CHECK(batch_table_read(&table, &arena, path, &err) && batch_table_write(&table, again, &err), "%s", err.text);
    CHECK(table.count == 2 && table.row[1].run.photographs && table.row[1].run.rounded == ROUND_WEIGHTS, "%d rows",
          table.count);
    CHECK(file_open(&a, path, &err) && file_open(&b, again, &err), "%s", err.text);
    CHECK(a.size == b.size && !memcmp(a.data, b.data, a.size), "%s", "the copy differs");
    file_close(&a);
    file_close(&b);
    BatchRun any = table.row[0].run;
    any.seed = 77;
    BatchSummary s = batch_summary(&table, any);
    CHECK(s.seeds == 1 && s.mean == 0.25 && s.low == 0.25, "%d seeds, mean %g", s.seeds, s.mean);
    any.batch = 65;
    CHECK(batch_summary(&table, any).seeds == 0 && isnan(batch_summary(&table, any).mean), "%s", "no such run");
}

TEST(damaged_tables_are_refused) {
    static const struct {
        const char *text, *message;
    } bad[] = {
        { "", "the file is empty" },
        { "epoch,loss\n", ":1: the heading is not" },
        { HEADING "shapes,small\n", ":2: not a row" },
        { HEADING ROW ROW, ":3: a line above has the same run" },
        { HEADING "shapes,small,64,softmax,nothing,6400,1,1.2345,401,400\n", ":2: not a row" },
        { HEADING "shapes,small,64,softmax,nothing,63,1,1.2345,1,400\n", ":2: not a row" },
        { HEADING "shapes,small,0,softmax,nothing,64,1,1.2345,1,400\n", ":2: not a row" },
        { HEADING "shapes,large,64,softmax,nothing,6400,1,1.2345,1,400\n", ":2: not a row" },
        { HEADING "shapes,small,64,softmax,nothing,6400,1,nan,1,400\n", ":2: not a row" },
        { HEADING "shapes,small,64,softmax,nothing,6400,1,1.2345,1,400,\n", ":2: not a row" },
        { HEADING "shapes,small,64,hinge,nothing,6400,1,1.2345,1,400\n", ":2: not a row" },
    };
    const char *path = in_folder("bad.csv");
    for (size_t i = 0; i < COUNT(bad); i++) {
        BatchTable table = { .count = 77 };
        Err err = { "" };
        write_text(path, bad[i].text);
        CHECK(!batch_table_read(&table, &arena, path, &err), "read: %s", bad[i].text);
        CHECK(strstr(err.text, bad[i].message) && strstr(err.text, path) && !strchr(err.text, '\n'), "%s", err.text);
        CHECK(table.count == 77, "%s", "the table changed");
    }
}

/* What is in the table is not trained again; what is missing is, and the file is complete after each. */
TEST(a_table_goes_on_where_it_stopped) {
    const char *path = in_folder("some.csv");
    const BatchRun runs[] = { small_run(16, LOSS_SOFTMAX, 1), small_run(32, LOSS_SOFTMAX, 1) };
    BatchTable table = { .arena = &arena }, read;
    Err err;
    make_data(100, 50);
    CHECK(batch_table_fill(&table, runs, 1, &data, path, &err), "%s", err.text);
    table.row[0].right = 49; /* would change if it were trained again */
    CHECK(batch_table_fill(&table, runs, 2, &data, path, &err), "%s", err.text);
    CHECK(batch_table_read(&read, &arena, path, &err), "%s", err.text);
    CHECK(read.count == 2 && read.row[0].right == 49, "%d rows, %d right", read.count, read.row[0].right);
    CHECK(batch_find(&read, &runs[1])->loss == batch_find(&table, &runs[1])->loss, "%s", "as the file has it");
    CHECK(!batch_table_fill(&table, &(BatchRun){ .image = "small", .batch = 8, .pictures = 8 }, 1, &data,
                            in_folder("no/folder.csv"), &err) &&
              strstr(err.text, "no/folder.csv"),
          "%s", err.text);
}

TEST(plans) {
    int count;
    BatchRun *sizes = batch_sizes_plan(&arena, false, 102400, 1, &count);
    CHECK(count == BATCH_SIZES * LOSS_KINDS && sizes[count - 1].batch == 2048 && sizes[0].batch == 64, "%d", count);
    batch_sizes_plan(&arena, false, 200, 1, &count);
    CHECK(count == 2 * LOSS_KINDS, "%d: larger batches than pictures are left out", count);
    batch_rounding_plan(&arena, false, 512, 256, 1, &count);
    CHECK(count == ROUND_KINDS, "%d", count);
}

/* One cell of our table, trained again. */
TEST(table_is_ours_long) {
    BatchTable table;
    Err err;
    if (!file_exists(BATCH_TABLE)) check_skip("%s is not there", BATCH_TABLE);
    CHECK(batch_table_read(&table, &arena, BATCH_TABLE, &err), "%s", err.text);
    BatchRun quick = batch_quick_run();
    const BatchRow *then = batch_find(&table, &quick);
    CHECK(then, "%s", "the quick run is not in the table");
    make_data(BATCH_TRAIN, BATCH_TEST);
    BatchRow now = trained(quick, NULL);
    CHECK(now.tested == then->tested && abs(now.right - then->right) <= now.tested / 50, "%d of %d, the table has %d",
          now.right, now.tested, then->right);
    CHECK_NEAR(now.loss, then->loss, 0.02);
}

TESTS(any_number_of_threads_trains_the_same, rounding_changes_little_at_first, equal_captions_match,
      more_pictures_are_more_right, a_table_comes_back, damaged_tables_are_refused, a_table_goes_on_where_it_stopped,
      plans, table_is_ours_long)
