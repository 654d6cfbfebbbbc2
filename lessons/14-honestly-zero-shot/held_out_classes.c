#include "held_out_classes.h"
#include "core/arena.h"
#include "core/file.h"

#include "dataset/shapes.h"
#include "training/train.h"

#include <string.h>

enum { TOKENS = 16 };                   /* words of a caption */
static const double FILTER_RATE = 0.24; /* whatever the recipe says: the tables were measured with it */

/* In the order of CIFAR-10's classes. Written once, before any model was asked. */
static const char *const attributes[CIFAR_CLASSES] = {
    "large long machine, wheels, sky",                   /* airplane */
    "small machine, wheels",                             /* automobile */
    "small wild animal, sky",                            /* bird */
    "small tame animal, fur, legs, pointed ears",        /* cat */
    "large wild animal, fur, legs, pointed ears, green", /* deer */
    "small tame animal, fur, legs",                      /* dog */
    "small wild animal, legs, green",                    /* frog */
    "large tame animal, fur, legs, pointed ears, green", /* horse */
    "large long machine, sky",                           /* ship */
    "large long machine, wheels",                        /* truck */
};

const char *const *holdout_descriptions(const Cifar *set) { return set->generated ? set->names : attributes; }

static void pair_require(int a, int b) {
    REQUIRE(0 <= a && a < CIFAR_CLASSES && 0 <= b && b < CIFAR_CLASSES && a != b,
            "classes %d and %d, want two of 0 to %d", a, b, CIFAR_CLASSES - 1);
}

bool holdout_alike(const Cifar *set, int a, int b) {
    pair_require(a, b);
    if (set->generated) return a / SHAPE_CLASS_SHAPES == b / SHAPE_CLASS_SHAPES;
    return !strstr(attributes[a], "animal") == !strstr(attributes[b], "animal");
}

int holdout_unseen(const char *const *descriptions, int a, int b) {
    pair_require(a, b);
    const char *shown[CIFAR_CLASSES], *held[] = { descriptions[a], descriptions[b] }, *pattern = "{}";
    int n = 0;
    Arena arena = { 0 };
    for (int c = 0; c < CIFAR_CLASSES; c++)
        if (c != a && c != b) shown[n++] = descriptions[c];
    Vocab vocab = vocab_build(&arena, &pattern, 1, shown, n);
    int room = text_max_words(held, 2), *ids = arena_alloc(&arena, 2 * (size_t)room, sizeof *ids);
    int unseen = vocab_encode(&vocab, &arena, held, 2, room, ids).unknown_count;
    arena_free(&arena);
    return unseen;
}

Cifar holdout_pictures(Arena *arena, const Cifar *set, int a, int b, bool held, int max) {
    pair_require(a, b);
    int n = 0, limit = max > 0 ? max : set->n;
    for (int i = 0; i < set->n; i++) n += (set->labels[i] == a || set->labels[i] == b) == held;
    n = MIN(n, limit);
    uint8_t *pixels = arena_alloc(arena, (size_t)n, CIFAR_NUMBERS), *labels = arena_alloc(arena, (size_t)n, 1);
    for (int i = 0, at = 0; at < n; i++) {
        if ((set->labels[i] == a || set->labels[i] == b) != held) continue;
        memcpy(pixels + (size_t)at * CIFAR_NUMBERS, set->pixels + (size_t)i * CIFAR_NUMBERS, CIFAR_NUMBERS);
        labels[at++] = set->labels[i];
    }
    Cifar part = *set;
    part.n = n;
    part.pixels = pixels;
    part.labels = labels;
    return part;
}

void holdout_count(Mat scores, const Cifar *pictures, int a, int b, int *two, int *ten) {
    pair_require(a, b);
    REQUIRE(scores.shape[0] == pictures->n && scores.shape[1] == CIFAR_CLASSES, "scores are %s, want [%d,%d]",
            mat_shape_text(scores), pictures->n, CIFAR_CLASSES);
    *two = *ten = 0;
    for (int i = 0; i < pictures->n; i++) {
        int truth = pictures->labels[i], best = 0, low = MIN(a, b), high = MAX(a, b);
        for (int c = 1; c < CIFAR_CLASSES; c++)
            if (AT(scores, i, c) > AT(scores, i, best)) best = c;
        *ten += best == truth;
        *two += (AT(scores, i, high) > AT(scores, i, low) ? high : low) == truth;
    }
}

/* ---- learning without them --------------------------------------------------------------------------------------------- */

static const char *const template[] = { "a photo of a {}" };

/* The held-out classes go by another's description, so that the vocabulary is that of the others. */
void holdout_learn(const HoldoutConfig *config, int a, int b, Clip *clip) {
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
    if (!train_run(&run, clip, &err)) die("%s", err.text);
    arena_free(&arena);
}

static void ask(const HoldoutConfig *config, Clip *clip, const Cifar *held, HoldoutRow row, int *two, int *ten) {
    Arena arena = { 0 };
    Mat classes = zeroshot_classes(clip, &arena, template, COUNT(template), config->description, CIFAR_CLASSES, NULL);
    Mat scores = zeroshot_scores(clip, &arena, classes, held, (ZeroshotRange){ .n = held->n, .batch = 500 });
    holdout_count(scores, held, row.a, row.b, two, ten);
    arena_free(&arena);
}

HoldoutRow holdout_measure(const HoldoutConfig *config, Clip *closed, int a, int b) {
    Arena arena = { 0 };
    Clip clip;
    HoldoutRow row = { .a = a, .b = b, .unseen = holdout_unseen(config->description, a, b) };
    Cifar held = holdout_pictures(&arena, config->test, a, b, true, 0);
    row.pictures = held.n;
    holdout_learn(config, a, b, &clip);
    ask(config, &clip, &held, row, &row.two, &row.ten);
    ask(config, closed, &held, row, &row.closed_two, &row.closed_ten);
    clip_free(&clip);
    arena_free(&arena);
    return row;
}

/* ---- the table ---------------------------------------------------------------------------------------------------------- */

static const char heading[] = "first,second,unseen_words,pictures,two,ten,closed_two,closed_ten";
enum { FIELDS = 8, LINE_LONGEST = 200 };

const HoldoutRow *holdout_find(const HoldoutTable *table, int a, int b) {
    for (int i = 0; i < table->count; i++) {
        const HoldoutRow *r = &table->row[i];
        if ((r->a == a && r->b == b) || (r->a == b && r->b == a)) return r;
    }
    return NULL;
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
    *row = (HoldoutRow){ value[0], value[1], value[2], value[3], value[4], value[5], value[6], value[7] };
    for (int f = 4; f < FIELDS; f++)
        if (value[f] > row->pictures) return false;
    return row->a < row->b && row->b < CIFAR_CLASSES && row->pictures > 0;
}

static bool table_parse(HoldoutTable *table, File file, const char *path, Err *err) {
    if (!file.size) return err_set(err, "%s: the file is empty, want a table of held-out pairs", path);
    const char *at = (const char *)file.data, *end = at + file.size;
    for (int line = 1; at < end; line++) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((next ? next : end) - at);
        char text[LINE_LONGEST] = "";
        HoldoutRow row;
        if (length < sizeof text) memcpy(text, at, length);
        if (line == 1) {
            if (strcmp(text, heading))
                return err_set(err, "%s:1: the heading is not \"%s\"; this is no table of held-out pairs", path,
                               heading);
        } else if (!row_parse(text, &row) || holdout_find(table, row.a, row.b)) {
            return err_set(
                err,
                "%s:%d: not a row of its own: want two classes, first below second, and six counts within their pictures; "
                "remove the line, or the file",
                path, line);
        } else {
            table->row[table->count++] = row;
        }
        at = next ? next + 1 : end;
    }
    return true;
}

bool holdout_read(HoldoutTable *table, const char *path, Err *err) {
    File file;
    HoldoutTable read = { .count = 0 };
    if (!file_open(&file, path, err)) return false;
    bool ok = table_parse(&read, file, path, err);
    file_close(&file);
    if (ok) *table = read;
    return ok;
}

bool holdout_write(const HoldoutTable *table, const char *path, Err *err) {
    OutFile out;
    if (!out_open(&out, path, err)) return false;
    fprintf(out.stream, "%s\n", heading);
    for (int i = 0; i < table->count; i++) {
        const HoldoutRow *r = &table->row[i];
        fprintf(out.stream, "%d,%d,%d,%d,%d,%d,%d,%d\n", r->a, r->b, r->unseen, r->pictures, r->two, r->ten,
                r->closed_two, r->closed_ten);
    }
    return out_commit(&out, err);
}
