#include "scenes/result_table.h"
#include "core/file.h"

#include "show/progress.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static void name_set(char name[LIMITS_NAME], const char *text) {
    REQUIRE(strlen(text) < LIMITS_NAME, "\"%s\" is longer than %d", text, LIMITS_NAME - 1);
    strcpy(name, text);
}

/* "hard-negatives-400": who took other steps is another. */
static void course_set(char name[LIMITS_NAME], const TrainingStage *stage2) {
    int n = snprintf(name, LIMITS_NAME, "%s-%d", stage2->name, stage2->steps);
    REQUIRE(n < LIMITS_NAME, "the name of course %s with its %d steps is longer than %d", stage2->name, stage2->steps,
            LIMITS_NAME - 1);
}

LimitsRow limits_row(const SceneModelConfig *settings, const TrainingStage *stage2, const char *probe, SplitPart part) {
    SceneModelConfig s = scene_model_config(*settings);
    LimitsRow row = {
        .coverage = s.coverage, .objects = s.objects, .palette = s.palette, .seed = s.seed, .steps = s.steps
    };
    name_set(row.text, s.text);
    name_set(row.interaction, s.interaction);
    name_set(row.split, split_name(s.split));
    if (stage2) course_set(row.stage, stage2);
    else name_set(row.stage, "none");
    name_set(row.probe, probe);
    name_set(row.part, part == SPLIT_SEEN ? "seen" : "held");
    return row;
}

bool limits_same(const LimitsRow *a, const LimitsRow *b) {
    return !strcmp(a->text, b->text) && !strcmp(a->interaction, b->interaction) && !strcmp(a->split, b->split) &&
           fabs(a->coverage - b->coverage) < 5e-4 && a->objects == b->objects && a->palette == b->palette &&
           (a->seed == b->seed || a->seed == LIMITS_ANY_SEED || b->seed == LIMITS_ANY_SEED) && a->steps == b->steps &&
           !strcmp(a->stage, b->stage) && !strcmp(a->probe, b->probe) && !strcmp(a->part, b->part);
}

const LimitsRow *limits_find(const LimitsTable *table, const LimitsRow *like) {
    for (int i = 0; i < table->count; i++)
        if (limits_same(&table->row[i], like)) return &table->row[i];
    return NULL;
}

void limits_store(LimitsTable *table, const LimitsRow *row) {
    for (int i = 0; i < table->count; i++)
        if (limits_same(&table->row[i], row)) {
            table->row[i] = *row;
            return;
        }
    if (table->count == table->room) {
        table->room = MAX(64, 2 * table->room);
        LimitsRow *stage2 = arena_alloc(table->arena, (size_t)table->room, sizeof *stage2);
        if (table->count) memcpy(stage2, table->row, (size_t)table->count * sizeof *stage2);
        table->row = stage2;
    }
    table->row[table->count++] = *row;
}

/* As the file has them, so that what was measured and what was read are the same. */
static double rounded(double share) { return round(share * 1e4) / 1e4; }

void limits_note(LimitsTable *table, LimitsRow row, const PairScore *score_sum) {
    row.items = score_sum->items;
    for (int k = 0; k < PAIR_METRICS; k++) row.score[k] = rounded(pair_score_rate(score_sum, (PairMetric)k).share);
    row.ties = rounded((double)score_sum->ties / MAX(1, score_sum->comparisons));
    limits_store(table, &row);
}

/* Of how many parts there is something to ask: of what was seen, and of what was held out if anything was. */
static int parts_of(const SceneModelConfig *s) { return s->split != SPLIT_ALL && s->coverage < 1 ? 2 : 1; }

void limits_measure(LimitsTable *table, SceneModel *scene_model, const TrainingStage *stage2, int items) {
    const SceneModelConfig *s = &scene_model->settings;
    for (int k = 0; k < PROBE_KINDS * parts_of(s); k++) {
        Arena arena = { 0 };
        MinimalPairs pairs;
        MinimalPairsConfig settings = { .kind = (ProbeKind)(k % PROBE_KINDS),
                                        .seed = (uint64_t)s->seed,
                                        .count = items,
                                        .split = s->split == SPLIT_ALL ? NULL : &scene_model->split,
                                        .part = (SplitPart)(k / PROBE_KINDS) };
        if (minimal_pairs_make(&pairs, &arena, &settings, NULL)) {
            PairScore score_sum = scene_model_pairs(scene_model, &pairs);
            limits_note(table, limits_row(s, stage2, probe_name(settings.kind), settings.part), &score_sum);
        }
        arena_free(&arena);
    }
}

LimitsSummary limits_summary(const LimitsTable *table, LimitsRow like, PairMetric score) {
    LimitsSummary sum = { .low = INFINITY, .high = -INFINITY };
    like.seed = LIMITS_ANY_SEED;
    for (int i = 0; i < table->count; i++) {
        double share = table->row[i].score[score];
        if (!limits_same(&table->row[i], &like)) continue;
        sum.seeds++;
        sum.mean += share;
        sum.low = fmin(sum.low, share);
        sum.high = fmax(sum.high, share);
    }
    sum.mean = sum.seeds ? sum.mean / sum.seeds : NAN;
    return sum;
}

/* ---- the file --------------------------------------------------------------------------------------------------- */

static const char heading[] =
    "text,interaction,split,coverage,objects,palette,seed,steps,stage,probe,part,items,choice,text_score,image_score,"
    "group_score,ties";
enum { FIELDS = 17, LINE_LONGEST = 400, TABLE_LONGEST = 10000 };

/* Cuts the line at its commas: FIELDS of them, or false. */
static bool fields_cut(char *line, char *field[FIELDS]) {
    for (int f = 0; f < FIELDS; f++) {
        char *comma = strchr(line, ',');
        if (!comma != (f == FIELDS - 1)) return false;
        if (comma) *comma = '\0';
        field[f] = line;
        if (comma) line = comma + 1;
    }
    return true;
}

static bool name_parse(const char *field, char name[LIMITS_NAME]) {
    size_t n = strlen(field);
    if (n < 1 || n >= LIMITS_NAME) return false;
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)field[i]) && field[i] != '-') return false;
    strcpy(name, field);
    return true;
}

static bool count_parse(const char *field, int low, int *value) {
    long long number;
    if (!parse_int(field, low, 1000000000, &number)) return false;
    *value = (int)number;
    return true;
}

/* A share, or nothing: NaN. */
static bool share_parse(const char *field, double *share) {
    if (!*field) return *share = NAN, true;
    return parse_real(field, 0, 1, share);
}

static bool row_parse(char *line, LimitsRow *row) {
    char *f[FIELDS];
    LimitsRow r = { .items = 0 };
    if (!fields_cut(line, f)) return false;
    bool ok = name_parse(f[0], r.text) && name_parse(f[1], r.interaction) && name_parse(f[2], r.split) &&
              parse_real(f[3], 0, 1, &r.coverage) && count_parse(f[4], 1, &r.objects) &&
              count_parse(f[5], 0, &r.palette) && count_parse(f[6], 0, &r.seed) && count_parse(f[7], 1, &r.steps) &&
              name_parse(f[8], r.stage) && name_parse(f[9], r.probe) && name_parse(f[10], r.part) &&
              count_parse(f[11], 0, &r.items);
    for (int k = 0; ok && k < PAIR_METRICS; k++) ok = share_parse(f[12 + k], &r.score[k]);
    ok = ok && share_parse(f[12 + PAIR_METRICS], &r.ties);
    for (int k = 0; ok && k < PAIR_METRICS; k++) ok = r.items > 0 || isnan(r.score[k]); /* a share of nothing is none */
    if (ok) *row = r;
    return ok;
}

static bool table_parse(LimitsTable *table, const File *file, const char *path, Err *err) {
    const char *at = (const char *)file->data, *end = at + file->size;
    if (!file->size) return err_set(err, "%s: the file is empty, want a table of limits", path);
    for (int line = 1; at < end; line++) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((next ? next : end) - at);
        char text[LINE_LONGEST] = "";
        LimitsRow row;
        if (length < sizeof text) memcpy(text, at, length);
        if (line > TABLE_LONGEST) return err_set(err, "%s:%d: more lines than any table of limits has", path, line);
        if (line == 1) {
            if (strcmp(text, heading))
                return err_set(err, "%s:1: the heading is not \"%s\"; this is no table of limits", path, heading);
        } else if (strlen(text) != length || !row_parse(text, &row)) {
            return err_set(err,
                           "%s:%d: not a row: want %d fields as the heading says, shares from 0 to 1; remove the line",
                           path, line, FIELDS);
        } else if (limits_find(table, &row)) {
            return err_set(err, "%s:%d: a line above asks the same; remove one of them", path, line);
        } else {
            limits_store(table, &row);
        }
        at = next ? next + 1 : end;
    }
    return true;
}

bool limits_read(LimitsTable *table, Arena *arena, const char *path, Err *err) {
    File file;
    LimitsTable read = { .arena = arena };
    if (!file_open(&file, path, err)) return false;
    bool ok = table_parse(&read, &file, path, err);
    file_close(&file);
    if (ok) *table = read;
    return ok;
}

static void share_write(FILE *out, double share) {
    if (isnan(share)) fputc(',', out);
    else fprintf(out, ",%.4f", share);
}

bool limits_write(const LimitsTable *table, const char *path, Err *err) {
    OutFile out;
    if (!out_open(&out, path, err)) return false;
    fprintf(out.stream, "%s\n", heading);
    for (int i = 0; i < table->count; i++) {
        const LimitsRow *r = &table->row[i];
        fprintf(out.stream, "%s,%s,%s,%.4f,%d,%d,%d,%d,%s,%s,%s,%d", r->text, r->interaction, r->split, r->coverage,
                r->objects, r->palette, r->seed, r->steps, r->stage, r->probe, r->part, r->items);
        for (int k = 0; k < PAIR_METRICS; k++) share_write(out.stream, r->score[k]);
        share_write(out.stream, r->ties);
        fputc('\n', out.stream);
    }
    return out_commit(&out, err);
}

/* ---- the whole table -------------------------------------------------------------------------------------------- */

SceneModelConfig limits_sample(void) {
    return scene_model_config(
        (SceneModelConfig){ .text = "bow", .split = SPLIT_PAIRS, .coverage = 0.25, .seed = 1, .steps = 150 });
}

LimitsCell *limits_plan(Arena *arena, int *count) {
    static const char *const texts[] = { "bow", "lstm", "transformer" };
    static const struct {
        double coverage;
        int objects, palette;
    } worlds[] = {
        { 1, 2, 0 }, { 1, 2, LIMITS_PALETTE }, { 0.25, 2, 0 }, { 0.5, 2, 0 }, { 0.75, 2, 0 }, { 1, 1, 0 }, { 1, 3, 0 },
    };
    LimitsCell *plan = arena_alloc(arena, 1 + LIMITS_SEEDS * COUNT(worlds) * COUNT(texts), sizeof *plan);
    int n = 0;
    plan[n++] = (LimitsCell){ .settings = limits_sample() };
    for (int seed = 1; seed <= LIMITS_SEEDS; seed++)
        for (size_t w = 0; w < COUNT(worlds); w++)
            for (size_t t = 0; t < COUNT(texts); t++) {
                SceneModelConfig s = { .text = texts[t],
                                       .split = SPLIT_PAIRS,
                                       .coverage = worlds[w].coverage,
                                       .objects = worlds[w].objects,
                                       .palette = worlds[w].palette,
                                       .seed = seed };
                plan[n++] = (LimitsCell){ .settings = scene_model_config(s) };
            }
    *count = n;
    return plan;
}

/* Is every answer there that limits_measure would give? */
static bool done(const LimitsTable *table, const LimitsCell *cell) {
    SceneModelConfig s = scene_model_config(cell->settings);
    for (int k = 0; k < PROBE_KINDS * parts_of(&s); k++) {
        LimitsRow row =
            limits_row(&s, cell->stage2, probe_name((ProbeKind)(k % PROBE_KINDS)), (SplitPart)(k / PROBE_KINDS));
        if (!limits_find(table, &row)) return false;
    }
    return true;
}

int limits_done(const LimitsTable *table, const LimitsCell *plan, int count) {
    int n = 0;
    for (int i = 0; i < count; i++) n += done(table, &plan[i]);
    return n;
}

bool limits_fill(LimitsTable *table, const LimitsCell *plan, int count, const char *path, Err *err) {
    int left = count - limits_done(table, plan, count), finished = 0;
    double start = clock_seconds();
    if (left < count) fprintf(stderr, "%s has %d of %d learners; %d to go\n", path, count - left, count, left);
    for (int i = 0; i < count; i++) {
        if (done(table, &plan[i])) continue;
        Arena arena = { 0 };
        SceneModel scene_model;
        char time[PROGRESS_TIME];
        bool ok = scene_model_get(&scene_model, &plan[i].settings, plan[i].stage2, err);
        if (ok) {
            limits_measure(table, &scene_model, plan[i].stage2, LIMITS_ITEMS);
            scene_model_free(&scene_model);
            ok = limits_write(table, path, err);
        }
        finished++;
        progress_time((clock_seconds() - start) / finished * (left - finished), time);
        if (ok)
            fprintf(stderr, "%3d of %d: %s%s%s; %s left\n", count - left + finished, count,
                    scene_model_text(&arena, &plan[i].settings), plan[i].stage2 ? ", then " : "",
                    plan[i].stage2 ? plan[i].stage2->name : "", time);
        arena_free(&arena);
        if (!ok) return false;
    }
    return true;
}
