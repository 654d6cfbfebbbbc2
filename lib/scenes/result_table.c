#include "scenes/result_table.h"
#include "show/progress.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static void name_set(char name[RESULT_NAME], const char *text) {
    REQUIRE(strlen(text) < RESULT_NAME, "\"%s\" is longer than %d", text, RESULT_NAME - 1);
    strcpy(name, text);
}

/* "hard-negatives-400": the stage and its steps. */
static void stage_name_set(char name[RESULT_NAME], const TrainingStage *s) {
    int n = snprintf(name, RESULT_NAME, "%s-%d", s->name, s->steps), most = RESULT_NAME - 1;
    REQUIRE(n <= most, "the name of stage %s with its %d steps is longer than %d", s->name, s->steps, most);
}

ResultRow result_row(const SceneModelConfig *config, const TrainingStage *stage2, const char *probe, SplitPart part) {
    SceneModelConfig s = scene_model_config(*config);
    ResultRow row = { .coverage = s.coverage, .objects = s.objects, .palette = s.palette, .seed = s.seed };
    row.steps = s.steps;
    name_set(row.text, s.text);
    name_set(row.interaction, s.interaction);
    name_set(row.split, split_name(s.split));
    if (stage2) stage_name_set(row.stage, stage2);
    else name_set(row.stage, "none");
    name_set(row.probe, probe);
    name_set(row.part, part == SPLIT_SEEN ? "seen" : "held");
    return row;
}

bool result_same(const ResultRow *a, const ResultRow *b) {
    return !strcmp(a->text, b->text) && !strcmp(a->interaction, b->interaction) && !strcmp(a->split, b->split) &&
           fabs(a->coverage - b->coverage) < 5e-4 && a->objects == b->objects && a->palette == b->palette &&
           (a->seed == b->seed || a->seed == RESULT_ANY_SEED || b->seed == RESULT_ANY_SEED) && a->steps == b->steps &&
           !strcmp(a->stage, b->stage) && !strcmp(a->probe, b->probe) && !strcmp(a->part, b->part);
}

const ResultRow *result_find(const ResultTable *table, const ResultRow *like) {
    for (int i = 0; i < table->count; i++)
        if (result_same(&table->row[i], like)) return &table->row[i];
    return NULL;
}

void result_store(ResultTable *table, const ResultRow *row) {
    for (int i = 0; i < table->count; i++)
        if (result_same(&table->row[i], row)) {
            table->row[i] = *row;
            return;
        }
    if (table->count == table->room) {
        table->room = MAX(64, 2 * table->room);
        ResultRow *larger = arena_alloc(table->arena, (size_t)table->room, sizeof *larger);
        if (table->count) memcpy(larger, table->row, (size_t)table->count * sizeof *larger);
        table->row = larger;
    }
    table->row[table->count++] = *row;
}

/* Rounds as the file does, so that measured rows and rows read from the file are equal. */
static double rounded(double fraction) { return round(fraction * 1e4) / 1e4; }

void result_add_score(ResultTable *table, ResultRow row, const PairScore *score) {
    row.items = score->items;
    for (int k = 0; k < PAIR_METRICS; k++) row.score[k] = rounded(pair_score_rate(score, (PairMetric)k).fraction);
    row.ties = rounded((double)score->ties / MAX(1, score->comparisons));
    result_store(table, &row);
}

const TrainingStage *result_stage(const ResultRun *run) { return run->stage2.name ? &run->stage2 : NULL; }

/* The parts with probes: the seen one, and the held-out one if anything is held out. */
static int part_count(const SceneModelConfig *s) { return s->split != SPLIT_ALL && s->coverage < 1 ? 2 : 1; }

void result_measure(ResultTable *table, SceneModel *model, const ResultRun *run, int items) {
    SceneModelConfig s = scene_model_config(run->config);
    for (int k = 0; k < PROBE_KINDS * part_count(&s); k++) {
        Arena arena = { 0 };
        MinimalPairs pairs;
        MinimalPairsConfig config = { .seed = (uint64_t)s.seed, .count = items, .part = (SplitPart)(k / PROBE_KINDS) };
        config.kind = (ProbeKind)(k % PROBE_KINDS);
        if (model && s.split != SPLIT_ALL) config.split = &model->split;
        ResultRow row = result_row(&s, result_stage(run), probe_name(config.kind), config.part);
        if (!model) result_store(table, &row);
        else if (minimal_pairs_make(&pairs, &arena, &config, NULL)) {
            PairScore score = scene_model_pair_score(model, &pairs);
            result_add_score(table, row, &score);
        }
        arena_free(&arena);
    }
}

ResultSummary result_summary(const ResultTable *table, ResultRow like, PairMetric score) {
    ResultSummary sum = { .low = INFINITY, .high = -INFINITY };
    like.seed = RESULT_ANY_SEED;
    for (int i = 0; i < table->count; i++) {
        double fraction = table->row[i].score[score];
        if (!result_same(&table->row[i], &like)) continue;
        sum.seeds++;
        sum.mean += fraction;
        sum.low = fmin(sum.low, fraction);
        sum.high = fmax(sum.high, fraction);
    }
    sum.mean = sum.seeds ? sum.mean / sum.seeds : NAN;
    return sum;
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static const char heading[] =
    "text,interaction,split,coverage,objects,palette,seed,steps,stage,probe,part,items,choice,text_score,image_score,"
    "group_score,ties";
enum { FIELDS = 17, LINE_LONGEST = 400, TABLE_LONGEST = 10000 };

/* Cuts the line at its commas into FIELDS fields; false if there are more or fewer. */
static bool fields_cut(char *line, char *field[FIELDS]) {
    for (int f = 0; f < FIELDS; f++) {
        field[f] = line;
        line = strchr(line, ',');
        if (!line) return f == FIELDS - 1;
        *line++ = '\0';
    }
    return false;
}

static bool name_parse(const char *field, char name[RESULT_NAME]) {
    size_t n = 0;
    while (isalnum((unsigned char)field[n]) || field[n] == '-') n++;
    if (n < 1 || n >= RESULT_NAME || field[n]) return false;
    strcpy(name, field);
    return true;
}

static bool count_parse(const char *field, int low, int *value) {
    long long number;
    if (!parse_int(field, low, 1000000000, &number)) return false;
    *value = (int)number;
    return true;
}

/* A fraction; an empty field is NaN. */
static bool fraction_parse(const char *field, double *fraction) {
    *fraction = NAN;
    return !*field || parse_real(field, 0, 1, fraction);
}

static bool row_parse(char *line, ResultRow *row) {
    char *f[FIELDS];
    ResultRow r = { .items = 0 };
    if (!fields_cut(line, f)) return false;
    bool ok = name_parse(f[0], r.text) && name_parse(f[1], r.interaction) && name_parse(f[2], r.split) &&
              parse_real(f[3], 0, 1, &r.coverage) && count_parse(f[4], 1, &r.objects) &&
              count_parse(f[5], 0, &r.palette) && count_parse(f[6], 0, &r.seed) && count_parse(f[7], 1, &r.steps) &&
              name_parse(f[8], r.stage) && name_parse(f[9], r.probe) && name_parse(f[10], r.part) &&
              count_parse(f[11], 0, &r.items);
    for (int k = 0; ok && k < PAIR_METRICS; k++) ok = fraction_parse(f[12 + k], &r.score[k]);
    ok = ok && fraction_parse(f[12 + PAIR_METRICS], &r.ties);
    for (int k = 0; ok && k < PAIR_METRICS; k++) ok = r.items > 0 || isnan(r.score[k]); /* no items, no score */
    if (ok) *row = r;
    return ok;
}

static bool table_parse(ResultTable *table, const File *file, const char *path, Err *err) {
    const char *at = (const char *)file->data, *end = at + file->size;
    if (!file->size) return err_set(err, "%s: the file is empty, want a result table", path);
    for (int line = 1; at < end; line++) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((next ? next : end) - at);
        char text[LINE_LONGEST] = "";
        ResultRow row;
        if (length < sizeof text) memcpy(text, at, length);
        if (line > TABLE_LONGEST) return err_set(err, "%s:%d: more lines than a result table has", path, line);
        if (line == 1) {
            if (strcmp(text, heading))
                return err_set(err, "%s:1: the heading is not \"%s\"; this is not a result table", path, heading);
        } else if (strlen(text) != length || !row_parse(text, &row)) {
            const char *want = "as in the heading, scores from 0 to 1; remove the line";
            return err_set(err, "%s:%d: not a row: want %d fields %s", path, line, FIELDS, want);
        } else if (result_find(table, &row)) {
            return err_set(err, "%s:%d: a line above has the same model and probe; remove one of them", path, line);
        } else result_store(table, &row);
        at = next ? next + 1 : end;
    }
    return true;
}

bool result_table_read(ResultTable *table, Arena *arena, const char *path, Err *err) {
    File file;
    ResultTable read = { .arena = arena };
    if (!file_open(&file, path, err)) return false;
    bool ok = table_parse(&read, &file, path, err);
    file_close(&file);
    if (ok) *table = read;
    return ok;
}

static void fraction_write(FILE *out, double fraction) {
    if (isnan(fraction)) fputc(',', out);
    else fprintf(out, ",%.4f", fraction);
}

bool result_table_write(const ResultTable *table, const char *path, Err *err) {
    OutFile out;
    if (!out_open(&out, path, err)) return false;
    fprintf(out.stream, "%s\n", heading);
    for (int i = 0; i < table->count; i++) {
        const ResultRow *r = &table->row[i];
        fprintf(out.stream, "%s,%s,%s,%.4f,%d,%d,%d,%d,%s,%s,%s,%d", r->text, r->interaction, r->split, r->coverage,
                r->objects, r->palette, r->seed, r->steps, r->stage, r->probe, r->part, r->items);
        for (int k = 0; k < PAIR_METRICS; k++) fraction_write(out.stream, r->score[k]);
        fraction_write(out.stream, r->ties);
        fputc('\n', out.stream);
    }
    return out_commit(&out, err);
}

/* ---- measuring --------------------------------------------------------------------------------------------------- */

SceneModelConfig result_quick_config(void) {
    SceneModelConfig quick = { .text = "bow", .split = SPLIT_PAIRS, .coverage = 0.25, .seed = 1, .steps = 150 };
    return scene_model_config(quick);
}

ResultRun *result_plan(Arena *arena, int *count) {
    static const char *const texts[] = { "bow", "lstm", "transformer" };
    static const struct {
        double coverage;
        int objects, palette;
    } setups[] = {
        { 1, 2, 0 }, { 1, 2, RESULT_PALETTE }, { 0.25, 2, 0 }, { 0.5, 2, 0 }, { 0.75, 2, 0 }, { 1, 1, 0 }, { 1, 3, 0 },
    };
    ResultRun *plan = arena_alloc(arena, 1 + RESULT_SEEDS * COUNT(setups) * COUNT(texts), sizeof *plan);
    int n = 0;
    plan[n++] = (ResultRun){ .config = result_quick_config() };
    for (int seed = 1; seed <= RESULT_SEEDS; seed++)
        for (size_t w = 0; w < COUNT(setups); w++)
            for (size_t t = 0; t < COUNT(texts); t++) {
                SceneModelConfig s = { .text = texts[t], .split = SPLIT_PAIRS, .seed = seed };
                s.coverage = setups[w].coverage;
                s.objects = setups[w].objects;
                s.palette = setups[w].palette;
                plan[n++] = (ResultRun){ .config = scene_model_config(s) };
            }
    *count = n;
    return plan;
}

/* Whether all rows of the run are in the table. */
static bool run_done(const ResultTable *table, const ResultRun *run, ResultMeasure *measure) {
    Arena arena = { 0 };
    ResultTable wanted = { .arena = &arena };
    bool done = true;
    measure(&wanted, NULL, run, 0);
    for (int i = 0; i < wanted.count; i++) done = done && result_find(table, &wanted.row[i]);
    arena_free(&arena);
    return done;
}

int result_runs_done(const ResultTable *table, const ResultRun *runs, int count, ResultMeasure *measure) {
    int n = 0;
    for (int i = 0; i < count; i++) n += run_done(table, &runs[i], measure);
    return n;
}

static bool run_measure(ResultTable *table, const ResultRun *run, int items, ResultMeasure *measure, const char *path,
                        Err *err) {
    SceneModel model;
    if (!scene_model_load_or_train(&model, &run->config, result_stage(run), err)) return false;
    measure(table, &model, run, items);
    scene_model_free(&model);
    return result_table_write(table, path, err);
}

bool result_table_fill(ResultTable *table, const ResultRun *runs, int count, int items, ResultMeasure *measure,
                       const char *path, Err *err) {
    int missing = count - result_runs_done(table, runs, count, measure), finished = 0;
    double start = clock_seconds();
    for (int i = 0; i < count; i++) {
        const ResultRun *run = &runs[i];
        Arena arena = { 0 };
        char time[PROGRESS_TIME];
        if (run_done(table, run, measure)) continue;
        if (!run_measure(table, run, items, measure, path, err)) return false;
        finished++;
        progress_time((clock_seconds() - start) / finished * (missing - finished), time);
        fprintf(stderr, "%3d of %d: %s%s%s; %s left\n", count - missing + finished, count,
                scene_model_text(&arena, &run->config), run->stage2.name ? ", then " : "",
                run->stage2.name ? run->stage2.name : "", time);
        arena_free(&arena);
    }
    return true;
}
