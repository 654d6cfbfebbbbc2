#include "held_out_classes.h"
#include "core/file.h"
#include "lesson/lesson_data.h"

#include <math.h>
#include <string.h>

enum { TOKENS = 16 };                   /* words of a caption */
static const double FILTER_RATE = 0.24; /* not the recipe's: the tables were measured with it */

double holdout_gamma(int k) { return k / 20.0; }

int holdout_correct(Mat scores, const Cifar *pictures, int a, int b, double gamma) {
    holdout_require(a, b);
    REQUIRE(scores.shape[0] == pictures->n && scores.shape[1] == CIFAR_CLASSES, "scores are %s, want [%d,%d]",
            mat_shape_text(scores), pictures->n, CIFAR_CLASSES);
    int correct = 0;
    for (int i = 0; i < pictures->n; i++) {
        int best = 0;
        double highest = -INFINITY;
        for (int c = 0; c < CIFAR_CLASSES; c++) {
            double score = (double)AT(scores, i, c) - (c == a || c == b ? 0 : gamma);
            if (score > highest) {
                highest = score;
                best = c;
            }
        }
        correct += best == pictures->labels[i];
    }
    return correct;
}

/* Where the model without a and b is kept, on the arena. */
static char *kept_path(Arena *arena, const HoldoutConfig *config, int a, int b) {
    const char *without = a == HOLDOUT_NONE ? "all-classes" : arena_print(arena, "without-%d-%d", a, b);
    const char *name = arena_print(arena, "14-%s-first%d-epochs%d", without, config->pictures, config->epochs);
    return lesson_model_path(arena, name, config->train, 1, ".safetensors");
}

/* The held-out classes get the description of another, so that the vocabulary is that of the others. */
void holdout_train(const HoldoutConfig *config, int a, int b, Clip *clip) {
    const char *shown[CIFAR_CLASSES];
    Arena arena = { 0 };
    Cifar train = *config->train, none = *config->test;
    int other = 0;
    while (other == a || other == b) other++;
    for (int c = 0; c < CIFAR_CLASSES; c++) shown[c] = config->description[c == a || c == b ? other : c];
    if (a == HOLDOUT_NONE) train.n = MIN(train.n, config->pictures);
    else train = holdout_pictures(&arena, config->train, a, b, false, config->pictures);
    train.names = none.names = shown;
    none.n = 0;
    TrainRun run = { .recipe = *recipe_find("quick"), .seed = 1, .train = &train, .test = &none };
    recipe_towers(&run.recipe, &arena, "small", "bow");
    run.recipe.model.tokens = TOKENS;
    run.recipe.epochs = config->epochs;
    run.recipe.batch = HOLDOUT_BATCH;
    run.recipe.groups[1].lr = FILTER_RATE;
    Err err;
    if (config->keep) {
        if (!folder_make(models_folder(), &err)) die("%s", err.text);
        run.checkpoint = kept_path(&arena, config, a, b);
        run.resume = run.keep_other = true;
    }
    if (!lesson_train(&run, clip, &err)) die("%s", err.text);
    arena_free(&arena);
}

/* Cosines [n,10] of pictures with the captions of the ten classes. */
static Mat scores_of(const HoldoutConfig *config, Arena *arena, Clip *clip, const Cifar *set) {
    static const char *const template[] = { "a photo of a {}" };
    Mat classes = zeroshot_classes(clip, arena, template, COUNT(template), config->description, CIFAR_CLASSES, NULL);
    return zeroshot_scores(clip, arena, classes, set, (ZeroshotRange){ .n = set->n, .batch = 500 });
}

HoldoutRow holdout_measure(const HoldoutConfig *config, Clip *closed, int a, int b) {
    Arena arena = { 0 };
    Clip clip;
    Cifar held = holdout_pictures(&arena, config->test, a, b, true, 0);
    Cifar others = holdout_pictures(&arena, config->test, a, b, false, 0);
    HoldoutRow row = { a, b, holdout_unseen(config->description, a, b), held.n, others.n, 0, 0, 0, { 0 }, { 0 } };
    holdout_train(config, a, b, &clip);
    Mat of_held = scores_of(config, &arena, &clip, &held), of_others = scores_of(config, &arena, &clip, &others);
    Mat of_closed = scores_of(config, &arena, closed, &held);
    row.two = holdout_correct(of_held, &held, a, b, INFINITY);
    row.closed_two = holdout_correct(of_closed, &held, a, b, INFINITY);
    row.closed_ten = holdout_correct(of_closed, &held, a, b, 0);
    for (int k = 0; k < HOLDOUT_GAMMAS; k++) {
        row.held[k] = holdout_correct(of_held, &held, a, b, holdout_gamma(k));
        row.seen[k] = holdout_correct(of_others, &others, a, b, holdout_gamma(k));
    }
    clip_free(&clip);
    arena_free(&arena);
    return row;
}

enum { FIELDS = 8 + 2 * HOLDOUT_GAMMAS, LINE_MAX_LENGTH = 400 };
_Static_assert(sizeof(HoldoutRow) == FIELDS * sizeof(int), "a row is an array of ints");

/* "first,second,...,held_0.00,...,seen_0.50", on the arena. */
static char *heading(Arena *arena) {
    char *text = arena_text(arena, "first,second,unseen_words,pictures,other_pictures,two,closed_two,closed_ten");
    for (int k = 0; k < 2 * HOLDOUT_GAMMAS; k++)
        text = arena_print(arena, "%s,%s_%.2f", text, k < HOLDOUT_GAMMAS ? "held" : "seen",
                           holdout_gamma(k % HOLDOUT_GAMMAS));
    return text;
}

const HoldoutRow *holdout_find(const HoldoutTable *table, int a, int b) {
    for (int i = 0; i < table->count; i++) {
        const HoldoutRow *r = &table->row[i];
        if ((r->a == a && r->b == b) || (r->a == b && r->b == a)) return r;
    }
    return NULL;
}

HoldoutAccuracy holdout_accuracy(const HoldoutRow *row, int k) {
    double held = 100.0 * row->held[k] / MAX(1, row->pictures), seen = 100.0 * row->seen[k] / MAX(1, row->others);
    return (HoldoutAccuracy){ held, seen, held + seen > 0 ? 2 * held * seen / (held + seen) : 0 };
}

int holdout_choose(const HoldoutTable *table, int a, int b) {
    double highest = 0;
    int best = 0;
    for (int k = 0; k < HOLDOUT_GAMMAS; k++) {
        double sum = 0;
        for (int i = 0; i < table->count; i++) {
            const HoldoutRow *r = &table->row[i];
            if (r->a != a && r->a != b && r->b != a && r->b != b) sum += holdout_accuracy(r, k).harmonic;
        }
        if (sum > highest) {
            highest = sum;
            best = k;
        }
    }
    return best;
}

static bool row_parse(char *line, HoldoutRow *row) {
    int value[FIELDS];
    for (int f = 0; f < FIELDS; f++) {
        char *comma = strchr(line, ',');
        long long number;
        if (!comma != (f == FIELDS - 1)) return false;
        if (comma) *comma = '\0';
        if (!parse_int(line, 0, 1000000, &number)) return false;
        value[f] = (int)number;
        if (comma) line = comma + 1;
    }
    memcpy(row, value, sizeof value);
    for (int f = 5; f < FIELDS; f++)
        if (value[f] > (f < 8 + HOLDOUT_GAMMAS ? row->pictures : row->others)) return false;
    return row->a < row->b && row->b < CIFAR_CLASSES && row->pictures > 0;
}

static bool line_parse(HoldoutTable *table, char *text, const char *path, int number, Err *err) {
    HoldoutRow row;
    if (number == 1) {
        Arena arena = { 0 };
        bool same = !strcmp(text, heading(&arena));
        arena_free(&arena);
        return same || err_set(err, "%s:1: this is not the heading of a table of held-out pairs", path);
    }
    if (!row_parse(text, &row) || holdout_find(table, row.a, row.b))
        return err_set(err,
                       "%s:%d: want two classes, first below second, that no other line has, and counts within their "
                       "pictures; remove the line, or the file",
                       path, number);
    table->row[table->count++] = row;
    return true;
}

bool holdout_read(HoldoutTable *table, const char *path, Err *err) {
    File file;
    HoldoutTable read = { .count = 0 };
    if (!file_open(&file, path, err)) return false;
    bool ok = file.size > 0 || err_set(err, "%s: the file is empty, want a table of held-out pairs", path);
    const char *at = (const char *)file.data, *end = at + file.size;
    for (int number = 1; ok && at < end; number++) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((next ? next : end) - at);
        char text[LINE_MAX_LENGTH] = "";
        if (length < sizeof text) memcpy(text, at, length);
        ok = line_parse(&read, text, path, number, err);
        at = next ? next + 1 : end;
    }
    file_close(&file);
    if (ok) *table = read;
    return ok;
}

bool holdout_write(const HoldoutTable *table, const char *path, Err *err) {
    OutFile out;
    Arena arena = { 0 };
    if (!out_open(&out, path, err)) return false;
    fprintf(out.stream, "%s\n", heading(&arena));
    for (int i = 0; i < table->count; i++) {
        int value[FIELDS];
        memcpy(value, &table->row[i], sizeof value);
        for (int f = 0; f < FIELDS; f++) fprintf(out.stream, "%s%d", f ? "," : "", value[f]);
        fprintf(out.stream, "\n");
    }
    arena_free(&arena);
    return out_commit(&out, err);
}
