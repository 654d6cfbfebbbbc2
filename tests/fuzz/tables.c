/* tables: CIFAR-10's records, the table of held-out pairs, the log of a training, command lines. */
#include "fuzz.h"
#include "core/file.h"

#include "dataset/cifar.h"
#include "evaluate/cell_table.h"
#include "14-honestly-zero-shot/held_out_classes.h"
#include "20-large-batches/batch_run.h"
#include "lesson/options.h"
#include "pairs/pairs_table.h"
#include "training/train.h"

#include <stdlib.h>
#include <string.h>

/* ---- CIFAR-10 --------------------------------------------------------------------------------------------------- */

int fuzz_cifar(const uint8_t *data, size_t size) {
    enum { LIMIT = 4 };
    static uint8_t labels[LIMIT], pixels[LIMIT * CIFAR_NUMBERS];
    int n = (int)MIN(size / CIFAR_RECORD, (size_t)LIMIT);
    Err err = { "" };
    uint8_t *copy = fuzz_copy(data, size);
    bool ok = cifar_decode("records", (File){ .data = copy, .size = size }, n, labels, pixels, &err);
    fuzz_answer(ok, &err);
    REQUIRE(!ok || size == (size_t)n * CIFAR_RECORD, "%zu bytes were taken for %d pictures", size, n);
    for (int i = 0; ok && i < n; i++) {
        uint8_t rgb[CIFAR_NUMBERS], record[CIFAR_RECORD];
        cifar_picture(&(Cifar){ .n = n, .pixels = pixels, .labels = labels }, i, rgb);
        cifar_record(rgb, labels[i], record);
        REQUIRE(!memcmp(record, data + (size_t)i * CIFAR_RECORD, CIFAR_RECORD), "record %d does not come back", i);
    }
    free(copy);
    return 0;
}

static size_t cifar_make(int i, Input *in) {
    if (i > 1) return 0;
    in->size = (size_t)(i + 1) * CIFAR_RECORD;
    for (size_t b = 0; b < in->size; b++) in->data[b] = (uint8_t)(b % CIFAR_RECORD ? b * 7 : b % 10);
    return in->size;
}

/* Makes the size a multiple of the record in most cases. */
static void cifar_mend(Input *in) {
    size_t whole = MIN(in->size / CIFAR_RECORD, (size_t)4) * CIFAR_RECORD;
    if (whole) in->size = whole;
    for (size_t b = 0; b < in->size; b += CIFAR_RECORD)
        if (in->data[b] % 16) in->data[b] %= CIFAR_CLASSES;
}

HARNESS(cifar, .make = cifar_make, .mend = cifar_mend, .check = 2000);

/* ---- held-out pairs --------------------------------------------------------------------------------------------- */

int fuzz_holdout(const uint8_t *data, size_t size) {
    static HoldoutTable table;
    Err err = { "" };
    uint8_t *copy = fuzz_copy(data, size);
    file_mock("table", copy, size);
    table.count = 0;
    bool ok = holdout_read(&table, "table", &err);
    fuzz_answer(ok, &err);
    REQUIRE(table.count <= HOLDOUT_PAIRS && (ok || !table.count), "%d rows", table.count);
    for (int i = 0; i < table.count; i++) {
        const HoldoutRow *r = &table.row[i];
        REQUIRE(0 <= r->a && r->a < r->b && r->b < CIFAR_CLASSES && holdout_find(&table, r->b, r->a) == r,
                "row %d: %d and %d", i, r->a, r->b);
    }
    fuzz_sign((uint64_t)table.count);
    file_mock(NULL, NULL, 0);
    free(copy);
    return 0;
}

static const Word table_words[] = { W("first,second,unseen_words,pictures,other_pictures,two,closed_two,closed_ten"),
                                    W("0,1,0,2000,8000,1,2,3"),
                                    W("8,9,1,1,4,0,0,1"),
                                    W(","),
                                    W("\n"),
                                    W("\r\n"),
                                    W("-0"),
                                    { 0 } };
HARNESS(holdout, .corpus = "holdout", .words = table_words, .check = 6000);

/* ---- the table of lesson 20 -------------------------------------------------------------------------------------- */

int fuzz_batches(const uint8_t *data, size_t size) {
    Arena arena = { 0 };
    Err err = { "" };
    BatchTable table = { .arena = &arena };
    uint8_t *copy = fuzz_copy(data, size);
    file_mock("batches", copy, size);
    bool ok = batch_table_read(&table, &arena, "batches", &err);
    fuzz_answer(ok, &err);
    REQUIRE(ok || !table.count, "%s", "a refused table was set");
    for (int i = 0; i < table.count; i++) {
        const BatchRow *r = &table.row[i];
        REQUIRE(batch_find(&table, &r->run) == r, "row %d is not found", i);
        REQUIRE(0 <= r->right && r->right <= r->tested && r->run.batch <= r->run.pictures, "row %d is no result", i);
    }
    fuzz_sign((uint64_t)table.count);
    file_mock(NULL, NULL, 0);
    free(copy);
    arena_free(&arena);
    return 0;
}

static const Word runs[] = { W("shapes,small,64,softmax,nothing,6400,1,1.2345,100,400"),
                             W("cifar10,vit,256,sigmoid,weights,"),
                             W(","),
                             W("\n"),
                             W("\r\n"),
                             W("nan"),
                             W("-0"),
                             W("1e9"),
                             { 0 } };
HARNESS(batches, .corpus = "batches", .words = runs, .check = 4000);

/* ---- tables of measured figures ---------------------------------------------------------------------------------- */

int fuzz_cells(const uint8_t *data, size_t size) {
    Arena arena = { 0 };
    Err err = { "" };
    CellTable table;
    uint8_t *copy = fuzz_copy(data, size);
    file_mock("cells", copy, size);
    bool ok = cell_table_read(&table, &arena, "cells", &err);
    fuzz_answer(ok, &err);
    REQUIRE(ok || !table.count, "%s", "a refused table was set");
    for (int i = 0; i < table.count; i++) {
        const Cell *c = &table.cell[i];
        REQUIRE(cell_find(&table, c->name, c->seed) == c, "cell %d is not found", i);
        REQUIRE(c->count >= 0 && c->value - c->value == 0, "cell %d is no figure", i);
    }
    fuzz_sign((uint64_t)table.count);
    file_mock(NULL, NULL, 0);
    free(copy);
    arena_free(&arena);
    return 0;
}

static const Word figure_words[] = { W("name,seed,value,count\n"),
                                     W("noise 0.4: accuracy,1,0.8325,4000\n"),
                                     W(","),
                                     W("\n"),
                                     W("\r\n"),
                                     W("nan"),
                                     W("-0"),
                                     W("1e301"),
                                     { 0 } };
HARNESS(cells, .corpus = "cells", .words = figure_words, .check = 4000);

/* ---- the log of a training -------------------------------------------------------------------------------------- */

/* A table that was read can be written, and reads as the same table. */
int fuzz_log(const uint8_t *data, size_t size) {
    enum { ROWS = 20, ROW = 512 };
    EpochRow rows[ROWS], again[1];
    Err err;
    uint8_t *copy = fuzz_copy(data, size);
    file_mock("log", copy, size);
    int n = train_log_read("log", rows, ROWS, &err);
    REQUIRE(0 <= n && n <= ROWS, "%d rows", n);
    for (int i = 0; i < n; i++) {
        char text[2 * ROW] = "heading\n", row[ROW], second[ROW];
        train_log_row(&rows[i], row, sizeof row);
        snprintf(text, sizeof text, "heading\n%s\n", row);
        file_mock("log", text, strlen(text));
        REQUIRE(train_log_read("log", again, 1, &err) == 1, "not a row any more: %s", row);
        train_log_row(again, second, sizeof second);
        REQUIRE(!strcmp(row, second), "%s became %s", row, second);
    }
    fuzz_sign((uint64_t)n);
    file_mock(NULL, NULL, 0);
    free(copy);
    return 0;
}

static const Word fields[] = { W("1,0.5,0.25,0.5,0.5,14.285714,0.1,0.9,0.5,,3000,1.50\n"),
                               W(","),
                               W("\n"),
                               W("\r\n"),
                               W("nan"),
                               W("-inf"),
                               W("1e308"),
                               W("1e-308"),
                               W("0x1p3"),
                               { 0 } };
HARNESS(log, .corpus = "log", .words = fields, .check = 4000);

/* ---- command lines ---------------------------------------------------------------------------------------------- */

typedef struct {
    bool flag;
    int integer;
    double real;
    const char *text, *choice;
    OptionTexts texts;
} Values;

static void values_check(const Values *v) {
    REQUIRE(v->integer >= -3 && v->integer <= 1000, "--integer is %d", v->integer);
    REQUIRE(v->real >= 0 && v->real <= 1.5, "--real is %g", v->real);
    REQUIRE(!strcmp(v->choice, "fast") || !strcmp(v->choice, "slow"), "--choice is %s", v->choice);
    REQUIRE(v->texts.count >= 0 && v->texts.count <= OPTION_TEXTS, "%d texts", v->texts.count);
    for (int i = 0; i < v->texts.count; i++) REQUIRE(v->texts.item[i], "text %d is missing", i);
}

/* Each line of the input is a word of the command line. */
int fuzz_options(const uint8_t *data, size_t size) {
    enum { WORDS = 80 };
    Values v = { .real = 0.5, .text = "", .choice = "fast" }, before = v;
    const Option options[] = {
        { "flag", .flag = &v.flag, .help = "a flag" },
        { "integer", .integer = &v.integer, .low = -3, .high = 1000, .help = "a whole number" },
        { "real", .real = &v.real, .low = 0, .high = 1.5, .help = "a number" },
        { "text", .text = &v.text, .help = "any text" },
        { "choice", .text = &v.choice, .choices = "fast|slow", .help = "one of two" },
        { "texts", .texts = &v.texts, .help = "some texts" },
        { 0 },
    };
    char *text = (char *)fuzz_copy(data, size), *copy = malloc(size + 1), *argv[WORDS + 2] = { (char[]){ "program" } };
    int argc = 1, count = -1;
    Err err = { "" };
    if (!copy) die("out of memory");
    if (size) memcpy(copy, text, size);
    copy[size] = '\0';
    for (char *at = copy; at && argc <= WORDS; argc++) {
        argv[argc] = at;
        at = strchr(at, '\n');
        if (at) *at++ = '\0';
    }
    bool alone = size && data[size - 1] & 1, ok = options_parse(options, argc, argv, alone ? NULL : &count, &err);
    fuzz_answer(ok, &err);
    options_have(argc, argv, "help");
    if (ok && !alone) REQUIRE(count >= 0 && count < argc, "%d words of %d", count, argc);
    if (ok) values_check(&v);
    else
        REQUIRE(v.flag == before.flag && v.integer == before.integer && v.real == before.real &&
                    v.text == before.text && v.choice == before.choice && v.texts.count == 0,
                "%s", "a refused command line has set something");
    fuzz_sign((uint64_t)(v.flag + 2 * v.texts.count));
    free(text);
    free(copy);
    return 0;
}

static const Word lines[] = { W("--flag"),
                              W("--integer"),
                              W("--integer=7"),
                              W("\n--real\n0.5"),
                              W("--text=a"),
                              W("--choice\nslow"),
                              W("--texts=x\n"),
                              W("--"),
                              W("\n"),
                              W("="),
                              W("-"),
                              W("--flga"),
                              W("1e3"),
                              W("inf"),
                              W("nan"),
                              W("\x1b[2J"),
                              { 0 } };
HARNESS(options, .corpus = "options", .words = lines, .check = 6000);

/* ---- a table of own pairs ---------------------------------------------------------------------------------------- */

/* Every row is a caption of a picture or a bad row; a table that --strict takes has no bad row. */
int fuzz_pairs(const uint8_t *data, size_t size) {
    PairsTable t, strict;
    Arena arena = { 0 };
    Err err;
    uint8_t *copy = fuzz_copy(data, size);
    file_mock("pairs.csv", copy, size);
    bool ok = pairs_table_read(&t, &arena, "pairs.csv", (PairsFormat){ 0 }, &err);
    fuzz_answer(ok, &err);
    int good = 0, used = 0;
    for (int i = 0; ok && i < t.picture_count; i++) {
        const PairsPicture *p = &t.pictures[i];
        REQUIRE(*p->path && p->first == used && p->count >= 1, "picture %d: %d captions from %d", i, p->count,
                p->first);
        for (int k = p->first; k < p->first + p->count; k++) {
            REQUIRE(*t.caption[k] && t.line[k] >= 2, "caption %d is empty, or of line %d", k, t.line[k]);
            good += k == p->first || t.line[k] != t.line[k - 1];
        }
        used += p->count;
    }
    REQUIRE(!ok || (t.rows > 0 && used == t.caption_count && good + t.bad_count == t.rows), "%d rows, %d good, %d bad",
            t.rows, good, t.bad_count);
    for (int i = 0; ok && i < t.bad_count; i++) REQUIRE(t.bad[i].line >= 2, "bad row %d: line %d", i, t.bad[i].line);
    bool takes = pairs_table_read(&strict, &arena, "pairs.csv", (PairsFormat){ .strict = true }, &err);
    REQUIRE(takes == (ok && t.bad_count == 0), "strict %d, but %d bad rows", takes, ok ? t.bad_count : -1);
    fuzz_sign(ok ? (uint64_t)t.bad_count << 32 | (uint64_t)t.caption_count : 0);
    file_mock(NULL, NULL, 0);
    arena_free(&arena);
    free(copy);
    return 0;
}

static const Word cell_words[] = { W("filepath,title,split\n"),
                                   W("filepath\ttitle\n"),
                                   W("a.png,a cat\n"),
                                   W("\""),
                                   W("\"\""),
                                   W(","),
                                   W("\t"),
                                   W(";"),
                                   W("|"),
                                   W("\n"),
                                   W("\r\n"),
                                   W("train"),
                                   W("\xef\xbb\xbf"),
                                   { 0 } };
HARNESS(pairs, .corpus = "pairs", .words = cell_words, .check = 4000);
