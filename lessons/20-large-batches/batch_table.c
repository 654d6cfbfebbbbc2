/* The table of batch_run.h: CSV with a heading, a line for each run. */
#include "batch_run.h"
#include "core/file.h"
#include "show/progress.h"

#include <limits.h>
#include <math.h>
#include <string.h>

enum { FIELDS = 10, LINE_LONGEST = 256, LINES_LONGEST = 100000 };
static const char heading[] = "data,image,batch,loss,rounded,pictures,seed,last_loss,right,tested";
static const char *const images[] = { "small", "vit" };

bool batch_same(const BatchRun *a, const BatchRun *b) {
    return a->photographs == b->photographs && !strcmp(a->image, b->image) && a->batch == b->batch &&
           a->loss == b->loss && a->rounded == b->rounded && a->pictures == b->pictures && a->seed == b->seed;
}

const BatchRow *batch_find(const BatchTable *table, const BatchRun *run) {
    for (int i = 0; i < table->count; i++)
        if (batch_same(&table->row[i].run, run)) return &table->row[i];
    return NULL;
}

static void row_add(BatchTable *table, const BatchRow *row) {
    if (table->count == table->room) {
        int room = MAX(64, 2 * table->room);
        BatchRow *rows = arena_alloc(table->arena, (size_t)room, sizeof *rows);
        if (table->count) memcpy(rows, table->row, (size_t)table->count * sizeof *rows);
        table->row = rows;
        table->room = room;
    }
    table->row[table->count++] = *row;
}

static const char *data_name(int photographs) { return photographs ? "cifar10" : "shapes"; }
static const char *image_name(int i) { return images[i]; }
static const char *loss_of_number(int i) { return loss_name((LossKind)i); }
static const char *rounded_of_number(int i) { return rounded_name((RoundKind)i); }

static bool word_parse(const char *text, const char *(*name)(int), int count, int *which) {
    for (*which = 0; *which < count; (*which)++)
        if (!strcmp(text, name(*which))) return true;
    return false;
}

static bool count_parse(const char *text, int low, int *number) {
    long long value;
    if (!parse_int(text, low, INT_MAX, &value)) return false;
    *number = (int)value;
    return true;
}

static bool row_parse(char *line, BatchRow *row) {
    char *field[FIELDS], *rest = line;
    int data, image, loss, rounded;
    *row = (BatchRow){ .loss = 0 };
    for (int k = 0; k < FIELDS; k++) {
        field[k] = rest;
        rest = strchr(rest, ',');
        if ((rest != NULL) != (k < FIELDS - 1)) return false;
        if (rest) *rest++ = '\0';
    }
    bool ok = word_parse(field[0], data_name, 2, &data) && word_parse(field[1], image_name, COUNT(images), &image) &&
              count_parse(field[2], 1, &row->run.batch) && word_parse(field[3], loss_of_number, LOSS_KINDS, &loss) &&
              word_parse(field[4], rounded_of_number, ROUND_KINDS, &rounded) &&
              count_parse(field[5], row->run.batch, &row->run.pictures) && count_parse(field[6], 0, &row->run.seed) &&
              parse_real(field[7], -1e9, 1e9, &row->loss) && count_parse(field[8], 0, &row->right) &&
              count_parse(field[9], MAX(1, row->right), &row->tested);
    if (!ok) return false;
    row->run.photographs = data;
    row->run.image = images[image];
    row->run.loss = (LossKind)loss;
    row->run.rounded = (RoundKind)rounded;
    return true;
}

static bool table_parse(BatchTable *table, const File *file, const char *path, Err *err) {
    const char *at = (const char *)file->data, *end = at + file->size;
    if (!file->size) return err_set(err, "%s: the file is empty, want a table of lesson 20", path);
    for (int line = 1; at < end; line++) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((next ? next : end) - at);
        char text[LINE_LONGEST] = "";
        BatchRow row;
        if (length < sizeof text) memcpy(text, at, length);
        if (line > LINES_LONGEST) return err_set(err, "%s:%d: more lines than such a table has", path, line);
        if (line == 1) {
            if (strcmp(text, heading))
                return err_set(err, "%s:1: the heading is not \"%s\"; this is not a table of lesson 20", path, heading);
        } else if (strlen(text) != length || !row_parse(text, &row)) {
            return err_set(err, "%s:%d: not a row: want %d fields as in the heading; remove the line", path, line,
                           FIELDS);
        } else if (batch_find(table, &row.run)) {
            return err_set(err, "%s:%d: a line above has the same run; remove one of them", path, line);
        } else row_add(table, &row);
        at = next ? next + 1 : end;
    }
    return true;
}

bool batch_table_read(BatchTable *table, Arena *arena, const char *path, Err *err) {
    File file;
    BatchTable read = { .arena = arena };
    if (!file_open(&file, path, err)) return false;
    bool ok = table_parse(&read, &file, path, err);
    file_close(&file);
    if (ok) *table = read;
    return ok;
}

bool batch_table_write(const BatchTable *table, const char *path, Err *err) {
    OutFile out;
    if (!out_open(&out, path, err)) return false;
    fprintf(out.stream, "%s\n", heading);
    for (int i = 0; i < table->count; i++) {
        const BatchRow *r = &table->row[i];
        fprintf(out.stream, "%s,%s,%d,%s,%s,%d,%d,%.4f,%d,%d\n", data_name(r->run.photographs), r->run.image,
                r->run.batch, loss_name(r->run.loss), rounded_name(r->run.rounded), r->run.pictures, r->run.seed,
                r->loss, r->right, r->tested);
    }
    return out_commit(&out, err);
}

static void after_step(void *context, int batch) {
    Progress *progress = context;
    progress_update(progress, progress->done + batch);
}

bool batch_table_fill(BatchTable *table, const BatchRun *runs, int count, const BatchData *data, const char *path,
                      Err *err) {
    double pictures = 0;
    int missing = 0;
    for (int i = 0; i < count; i++) {
        if (batch_find(table, &runs[i])) continue;
        pictures += runs[i].pictures / runs[i].batch * runs[i].batch;
        missing++;
    }
    Progress progress = progress_begin("", pictures, "img/s");
    BatchWatch watch = { .data = data, .after_step = after_step, .context = &progress };
    bool ok = true;
    for (int i = 0, done = 0; ok && i < count; i++) {
        BatchRow row;
        if (batch_find(table, &runs[i])) continue;
        snprintf(progress.label, sizeof progress.label, "run %d/%d", ++done, missing);
        progress_note(&progress, "%s, batch %d, seed %d", loss_name(runs[i].loss), runs[i].batch, runs[i].seed);
        ok = batch_train(&runs[i], &watch, &row, err);
        if (!ok) break;
        row.loss = round(1e4 * row.loss) / 1e4; /* as the file has it */
        row_add(table, &row);
        ok = batch_table_write(table, path, err);
    }
    progress_end(&progress);
    return ok;
}

BatchSummary batch_summary(const BatchTable *table, BatchRun run) {
    BatchSummary sum = { .low = INFINITY, .high = -INFINITY };
    for (int i = 0; i < table->count; i++) {
        const BatchRow *r = &table->row[i];
        run.seed = r->run.seed;
        if (!batch_same(&r->run, &run)) continue;
        double accuracy = (double)r->right / r->tested;
        sum.seeds++;
        sum.mean += accuracy;
        sum.loss += r->loss;
        sum.low = fmin(sum.low, accuracy);
        sum.high = fmax(sum.high, accuracy);
    }
    sum.mean /= sum.seeds; /* NaN without seeds */
    sum.loss /= sum.seeds;
    return sum;
}
