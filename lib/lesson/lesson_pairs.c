#include "lesson/lesson_pairs.h"

#include "core/file.h"
#include "dataset/augment.h"
#include "formats/image_convert.h"
#include "formats/safetensors.h"
#include "show/progress.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

static void show_progress(void *progress, int done, int total) {
    ((Progress *)progress)->total = total;
    progress_update(progress, done);
}

static PairsArgs args_of(const LessonPairs *pairs, const char *table, LessonPairsSplit split, Progress *progress) {
    return (PairsArgs){ .table = table,
                        .format = { pairs->picture_column, pairs->caption_column, pairs->strict },
                        .fit = picture_fit_of(split.fit),
                        .side = split.side,
                        .cache = *pairs->cache ? pairs->cache : NULL,
                        .seed = (uint64_t)split.seed,
                        .val_share = split.val_share,
                        .test_share = split.test_share,
                        .progress = show_progress,
                        .context = progress };
}

/* The table's name without folder and ending, with letters that every shell takes as they are. */
static char *plain_name(Arena *arena, const char *table) {
    const char *slash = strrchr(table, '/');
    char *name = arena_text(arena, slash && slash[1] ? slash + 1 : table), *dot = strrchr(name, '.');
    if (dot && dot > name) *dot = '\0';
    for (char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._-", *c)) *c = '_';
    return name;
}

char *lesson_pairs_path(Arena *arena, const char *table, const char *towers, int seed, const char *suffix) {
    return arena_print(arena, "%s/%s%s-seed%d%s", models_folder(), plain_name(arena, table), towers, seed, suffix);
}

/* The whole list of bad rows; the terminal shows the first of each kind. */
static void write_bad(const PairsTable *table) {
    Arena work = { 0 };
    Err err;
    const char *path = arena_print(&work, "%s/%s.left-out.tsv", models_folder(), plain_name(&work, table->file));
    if (table->bad_count && folder_make(models_folder(), &err) && pairs_table_write_bad(table, path, &err))
        fprintf(stderr, "all rows that were left out: %s\n", path);
    else if (table->bad_count) warn("%s", err.text);
    arena_free(&work);
}

void lesson_pairs_print(const PairsTable *table) {
    const PairsBad *bad = pairs_table_first_bad(table, PAIRS_BAD_PICTURE);
    pairs_table_print(table, stdout);
    if (bad) term_say("          line %d: %s\n", bad->line, bad->why); /* below its row, the last one */
}

void lesson_pairs_open(PairsData *data, const LessonPairs *pairs, LessonPairsSplit split) {
    Progress progress = progress_begin("pictures", 0, "img/s");
    PairsArgs args = args_of(pairs, pairs->table, split, &progress);
    Err err;
    bool ok = pairs_data_open(data, &args, &err);
    progress_end(&progress);
    if (data->table.rows > 0 && (ok || !pairs->strict)) {
        lesson_pairs_print(&data->table);
        write_bad(&data->table);
    }
    if (!ok) die("%s", err.text);
    printf("%d pictures to train on, %d for validation, %d for a test at the end\n", data->set[PAIRS_TRAIN].n,
           data->set[PAIRS_VAL].n, data->set[PAIRS_TEST].n);
}

void lesson_folder_open(PairsData *data, const char *folder, const LessonPairs *pairs, LessonPairsSplit split) {
    Progress progress = progress_begin("pictures", 0, "img/s");
    PairsArgs args = args_of(pairs, folder, split, &progress);
    Err err;
    args.format.strict = false;
    bool ok = pairs_folder_open(data, &args, &err);
    progress_end(&progress);
    if (!ok) die("%s", err.text);
    for (int i = 0; i < data->table.bad_count; i++) fprintf(stderr, "left out: %s\n", data->table.bad[i].why);
    if (data->set[PAIRS_TEST].n == 0) die("%s: there is no picture in this folder", folder);
    printf("%d pictures from the folder, %d left out\n", data->set[PAIRS_TEST].n, data->unreadable);
}

bool lesson_model_of_pairs(const char *path) {
    Safetensors file;
    Arena work = { 0 };
    if (!*path || !safetensors_open(&file, &work, path, NULL)) return false;
    bool pairs = safetensors_meta(&file, "fit") != NULL;
    safetensors_close(&file);
    arena_free(&work);
    return pairs;
}

static int side_of(const LessonModel *model) {
    return model->clip.config.image.side ? model->clip.config.image.side : CIFAR_SIDE;
}

LessonPairsSplit lesson_pairs_split(const LessonModel *model, int seed) {
    LessonPairsSplit split = { .fit = model->fit ? model->fit : "crop", .side = side_of(model), .seed = seed };
    char text[128], *word[3] = { NULL }, *rest = NULL;
    long long number;
    double val, test;
    snprintf(text, sizeof text, "%s", model->split ? model->split : "");
    for (int i = 0; i < 3; i++) word[i] = strtok_r(i ? NULL : text, " ", &rest);
    if (!word[2] || !parse_int(word[0], 0, INT_MAX, &number) || !parse_real(word[1], 0, 1, &val) ||
        !parse_real(word[2], 0, 1, &test))
        return split;
    split.seed = (int)number;
    split.val_share = val;
    split.test_share = test;
    return split;
}

char *lesson_split_text(Arena *arena, LessonPairsSplit split) {
    return arena_print(arena, "%d %.17g %.17g", split.seed, split.val_share, split.test_share);
}

uint8_t *lesson_pair_rgb(Arena *arena, const PairSet *set, int i) {
    size_t pixels = (size_t)set->side * (size_t)set->side;
    uint8_t *rgb = arena_alloc(arena, pixels, 3);
    for (size_t p = 0; p < pixels; p++)
        for (size_t c = 0; c < 3; c++) rgb[3 * p + c] = set->planes[i][c * pixels + p];
    return rgb;
}

Mat lesson_picture(LessonModel *model, Arena *arena, const char *path, Image *seen) {
    int side = side_of(model), E = model->clip.config.image.embed, zero = 0;
    Image image;
    Err err;
    if (!image_read_any(arena, path, &image, &err)) die("%s", err.text);
    uint8_t *planes = arena_alloc(arena, 3 * (size_t)side * (size_t)side, 1);
    picture_planes(arena, image, picture_fit_of(model->fit ? model->fit : "crop"), side, planes);
    PairSet one = { .n = 1, .side = side, .planes = (const uint8_t *const[]){ planes } };
    *seen = (Image){ side, side, lesson_pair_rgb(arena, &one, 0) };
    Tape tape = { .no_grad = true };
    Mat pixels = mat_like(&tape.arena, mat_shape(4, 1, side, side, 3)), feature = mat_new(arena, 1, E);
    pair_set_batch(&one, &zero, 1, NULL, pixels.v);
    memcpy(feature.v, clip_image(&tape, &model->clip, pixels)->val.v, (size_t)E * sizeof(num));
    tape_free(&tape);
    return feature;
}

void lesson_pairs_model(Lesson *lesson, LessonModel *model, PairsData *data, const LessonPairs *pairs,
                        const char *weights, int seed) {
    Arena *arena = &lesson->memory;
    if (!*weights) weights = lesson_pairs_path(arena, pairs->table, "", seed, ".safetensors");
    if (!file_exists(weights))
        die("%s: there is no such model; build/lesson-10 --pairs %s trains it", weights, pairs->table);
    *model = lesson_model_open(arena, weights, NULL);
    lesson_pairs_open(data, pairs, lesson_pairs_split(model, seed));
    if (model->clip.bpe) pairs_table_warn_texts(&data->table);
    lesson->next = NULL;
}

/* ---- labels ------------------------------------------------------------------------------------------------------ */

/* " a red circle ": words in lower case with one space around each. */
static char *spaced_words(Arena *arena, const char *text) {
    char *words = arena_alloc(arena, 2 * strlen(text) + 3, 1), *end = words;
    *end++ = ' ';
    for (; *text; text++) {
        bool letter = isalnum((unsigned char)*text) || *text == '\'' || (uint8_t)*text >= 0x80;
        if (letter) *end++ = (char)tolower((unsigned char)*text);
        else if (end[-1] != ' ') *end++ = ' ';
    }
    if (end[-1] != ' ') *end++ = ' ';
    *end = '\0';
    return words;
}

/* The only label that captions of picture i name; -1: none or several. */
static int label_of(const PairSet *set, Arena *work, int i, const char *const *labels, int count) {
    int found = -1, hits = 0;
    for (int l = 0; l < count; l++) {
        bool named = false;
        for (int k = 0; k < set->count[i]; k++)
            named = named || strstr(spaced_words(work, set->caption[set->own[set->first[i] + k]]), labels[l]);
        hits += named;
        if (named) found = l;
    }
    return hits == 1 ? found : -1;
}

LessonLabels lesson_pairs_labels(Arena *arena, const PairsData *data, const char *const *labels, int count) {
    enum { CAPTIONS_MAX = 20 };
    PairsPart part = data->set[PAIRS_TEST].n ? PAIRS_TEST : PAIRS_VAL;
    const PairSet *set = &data->set[part];
    LessonLabels result = { .count = count, .names = labels, .set = *set };
    if (count == 0 && set->caption_count <= CAPTIONS_MAX) {
        result.count = set->caption_count;
        result.names = set->caption;
    }
    if (result.count < 2) die_usage("want two labels or more, such as \"cat\" \"dog\"; the captions name them");
    Arena work = { 0 };
    const char **words = arena_alloc(&work, (size_t)result.count, sizeof *words);
    for (int l = 0; l < result.count; l++) words[l] = spaced_words(&work, result.names[l]);
    const uint8_t **planes = arena_alloc(arena, (size_t)set->n, sizeof *planes);
    result.truth = arena_alloc(arena, (size_t)set->n, sizeof *result.truth);
    result.paths = arena_alloc(arena, (size_t)set->n, sizeof *result.paths);
    result.set.n = 0;
    for (int i = 0; i < set->n; i++) {
        ArenaMark mark = arena_mark(&work);
        int label = label_of(set, &work, i, words, result.count);
        arena_release(&work, mark);
        if (label < 0) continue;
        planes[result.set.n] = set->planes[i];
        result.paths[result.set.n] = data->paths[part][i];
        result.truth[result.set.n++] = label;
    }
    result.set.planes = planes;
    result.left_out = set->n - result.set.n;
    arena_free(&work);
    printf("%d pictures for %s whose captions name one of %d labels; %d others\n", result.set.n, pairs_part_name(part),
           result.count, result.left_out);
    if (result.set.n == 0) die("no caption of these pictures names exactly one label: want words of the captions");
    return result;
}
