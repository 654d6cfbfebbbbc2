/* Lesson 16: what the text tower hears. No pictures: captions are compared with captions, by a bag of words, an LSTM
 * and a transformer, before and after training. Before: 08 encoders, 10 train. See README.md. */
#include "lesson/lesson_data.h"
#include "core/arena.h"
#include "pretrained/encoder.h"
#include "scenes/caption_sensitivity.h"
#include "scenes/scene_model.h"
#include "lesson/lesson.h"
#include "show/progress.h"

#include <math.h>
#include <string.h>

enum { KINDS = 3, TOWERS = 2 * KINDS, TEXTS = 4 }; /* towers: three before training, the same three after it */
static const char *const kinds[KINDS] = { "bow", "lstm", "transformer" };
static const char *const towers[] = { "bow-", "lstm-", "tran-", "bow", "lstm", "tran", "photo", "CLIP" };

static struct {
    const char *clip, *photo;
    int seed, captions, steps, palette;
} args = { .clip = "", .photo = LESSON_SHIPPED, .seed = 1, .captions = 400 };

static const Option options[] = {
    { "captions", .integer = &args.captions, .low = 1, .high = 100000, .help = "generated captions for each change" },
    { "steps", .integer = &args.steps, .low = 0, .high = 1000000,
      .help = "training steps; 0: as in lesson 17, which has the same models" },
    { "palette", .integer = &args.palette, .low = 0, .high = 64,
      .help = "combinations in one training batch, about; 0: all" },
    { "weights", .text = &args.photo, .help = "a model file of lesson 10, for the column photo" },
    { "clip", .text = &args.clip, .help = "weights of CLIP for one more column, or auto; empty: none" },
    { 0 },
};

/* The texts of the course material, word for word. */
typedef struct {
    const char *name, *text[TEXTS];
} Probe;
static const Probe probes[] = {
    { "spatial", { "a cat on a table", "a table on a cat" } },
    { "sitting", { "a cat sitting on a table", "a table sitting on a cat" } },
    { "counting", { "one dog", "three dogs", "five dogs", "ten dogs" } },
    { "negation", { "a photo of a dog", "a photo with no dog", "a photo of a cat" } },
    { "binding", { "a red car and a blue house", "a blue car and a red house" } },
    { "abstract", { "happiness", "sadness" } },
    { "baseline", { "a photo of a cat", "a photo of a dog", "a photo of a car", "a photo of a mountain" } },
};
enum { PROBES = COUNT(probes), LIMIT = TEXTS * PROBES };

/* To a tower a word is a row of its embedding table. Another name for the row changes nothing in the tower. */
static const char *const names[][2] = {
    { "cat", "circle" },  { "dog", "star" },          { "dogs", "stars" },    { "car", "bar" },  { "table", "square" },
    { "house", "cross" }, { "mountain", "triangle" }, { "photo", "picture" }, { "on", "above" },
};

static const char *substituted(Arena *arena, const char *text) {
    char *copy = arena_text(arena, text), *rest = NULL;
    const char *out = "";
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        const char *name = word;
        for (size_t i = 0; i < COUNT(names); i++)
            if (!strcmp(word, names[i][0])) name = names[i][1];
        out = arena_print(arena, "%s%s%s", out, *out ? " " : "", name);
    }
    return out;
}

/* 1. Every order of one caption's words against the caption. */
static void all_orders(Arena *arena, SceneModel *scene_model) {
    const char *first = substituted(arena, "a red car and a blue house");
    int n;
    const char **orders = sensitivity_orders(arena, first, &n);
    term_say("\"a red car and a blue house\": %d orders of its words\n", n);
    printf("  tower                   different vectors   cosine with it: lowest     highest        mean\n");
    double bag[2] = { INFINITY, -INFINITY };
    for (int t = 0; t < TOWERS; t++) {
        Mat one = sensitivity_vectors(&scene_model[t].clip, arena, &first, 1),
            all = sensitivity_vectors(&scene_model[t].clip, arena, orders, n);
        double low = INFINITY, high = -INFINITY, mean = 0;
        for (int i = 0; i < n; i++) {
            double c = sensitivity_cosine(one, 0, all, i);
            low = fmin(low, c);
            high = fmax(high, c);
            mean += c / n;
        }
        printf("  %-11s %-9s %18d %24.6f %11.6f %11.6f\n", kinds[t % KINDS], t < KINDS ? "untrained" : "trained",
               sensitivity_different(all), low, high, mean);
        if (t % KINDS == 0) {
            bag[0] = fmin(bag[0], low);
            bag[1] = fmax(bag[1], high);
        }
    }
    term_say("Both bags of words, all %d cosines, to the last bit: from %a to %a (0x1p+0 is 1).\n", 2 * n, bag[0],
             bag[1]);
}

/* 2. The texts of the course material, and their unknown words. */
static void print_texts(Arena *arena, const Clip *clip) {
    for (size_t p = 0; p < PROBES; p++)
        for (int k = 0; k < TEXTS && probes[p].text[k]; k++) {
            int ids[CAPTION_WORDS];
            const char *text = substituted(arena, probes[p].text[k]);
            TextNotes notes = vocab_encode(&clip->vocab, arena, &text, 1, CAPTION_WORDS, ids);
            printf("  %-9s %d  %-27s %s", k ? "" : probes[p].name, k + 1, probes[p].text[k], text);
            for (int u = 0; u < notes.unknown_count; u++)
                printf("   (unknown word: %s%s)", notes.unknown[u], notes.empty_count ? "; no word is left" : "");
            printf("\n");
        }
}

static void print_photo(Arena *arena, const Clip *photo) {
    const char *original[LIMIT];
    int texts = 0, ids[LIMIT * CAPTION_WORDS];
    for (size_t p = 0; p < PROBES; p++)
        for (int k = 0; k < TEXTS && probes[p].text[k]; k++) original[texts++] = probes[p].text[k];
    TextNotes notes = vocab_encode(&photo->vocab, arena, original, texts, CAPTION_WORDS, ids);
    printf("Column \"photo\": lesson 10's bag of words, trained on photographs with %d words. Unknown words of the "
           "course's texts:\n ",
           photo->vocab.size - 2);
    for (int u = 0; u < notes.unknown_count; u++) printf(" %s", notes.unknown[u]);
    printf("\n");
}

typedef struct {
    const char *label;
    int a, b;
} Pair; /* a and b: indices in the list of all texts */

/* The towers of scenes get the substituted texts; `photo` and `real` (NULL: none) the texts as they are. Returns the
 * trained transformer's cosine of the first pair. */
static double course_pairs(const Lesson *lesson, Arena *arena, SceneModel *scene_model, Clip *photo, Encoder *real) {
    Pair pair[2 * LIMIT];
    const char *original[LIMIT], *text[LIMIT], *label[2 * LIMIT];
    int texts = 0, n = 0, columns = TOWERS + 1 + (real != NULL);
    for (size_t p = 0; p < PROBES; p++)
        for (int k = 0; k < TEXTS && probes[p].text[k]; k++, texts++) {
            original[texts] = probes[p].text[k];
            text[texts] = substituted(arena, original[texts]);
            for (int j = 0; j < k; j++, n++) {
                pair[n] = (Pair){ arena_print(arena, "%s %d %d", probes[p].name, j + 1, k + 1), texts - k + j, texts };
                label[n] = pair[n].label;
            }
        }
    Mat heat = mat_new(arena, n, columns);
    for (int t = 0; t < columns; t++) {
        Mat v = t < TOWERS    ? sensitivity_vectors(&scene_model[t].clip, arena, text, texts)
                : t == TOWERS ? sensitivity_vectors(photo, arena, original, texts)
                              : encoder_texts(real, arena, original, texts, NULL);
        for (int i = 0; i < n; i++) AT(heat, i, t) = (num)sensitivity_cosine(v, pair[i].a, v, pair[i].b);
    }
    lesson_heat(lesson, "16-pairs",
                &(Heat){ .title = "Cosine of two texts (-: before training); white: 0.5 or less",
                         .y = "pair",
                         .x = "text tower",
                         .m = heat,
                         .rows = label,
                         .cols = towers,
                         .decimals = 4,
                         .low = 0.5,
                         .high = 1,
                         .values = "cosine" });
    return AT(heat, 0, TOWERS - 1);
}

/* 3. Captions of the grammar with one change: mean cosine, and how often the changed caption is less similar than a
 * paraphrase. */
typedef struct {
    Mat cosine;
    PairScore *detected;
    const char **row;
    int rows;
} Sensitivity;

static Sensitivity measure_sensitivity(const Lesson *lesson, Arena *arena, SceneModel *scene_model) {
    Sensitivity sensitivity = { .rows = 0 };
    while (sensitivity_change(sensitivity.rows)) sensitivity.rows++;
    sensitivity.cosine = mat_new(arena, sensitivity.rows, TOWERS);
    sensitivity.detected = arena_alloc(arena, (size_t)(sensitivity.rows * TOWERS), sizeof *sensitivity.detected);
    sensitivity.row = arena_alloc(arena, (size_t)sensitivity.rows, sizeof *sensitivity.row);
    Progress progress = progress_begin("captions", (double)sensitivity.rows * TOWERS, NULL);
    for (int r = 0; r < sensitivity.rows; r++) {
        const SensitivityChange *change = sensitivity_change(r);
        const SensitivityExample *one =
            sensitivity_examples(arena, change, (uint64_t)(100 * args.seed + r), args.captions);
        printf("  %-10s %-17s %-42s %s\n", change->same_meaning ? "paraphrase" : "edit", change->name, one->text,
               one->changed);
        sensitivity.row[r] = change->name;
        for (int t = 0; t < TOWERS; t++, progress_update(&progress, r * TOWERS + t)) {
            SensitivityScore score = sensitivity_score(&scene_model[t].clip, one, args.captions);
            AT(sensitivity.cosine, r, t) = (num)score.cosine;
            sensitivity.detected[r * TOWERS + t] = score.detected;
        }
    }
    progress_end(&progress);
    lesson_heat(
        lesson, "16-changes",
        &(Heat){ .title = "Mean cosine of a caption and the changed one (-: before training); white: 0.5 or less",
                 .y = "change",
                 .x = "text tower",
                 .m = sensitivity.cosine,
                 .rows = sensitivity.row,
                 .cols = towers,
                 .decimals = 3,
                 .low = 0.5,
                 .high = 1,
                 .values = "cosine" });
    return sensitivity;
}

static void print_detected(const Sensitivity *sensitivity) {
    printf("Edited captions that are less similar than a paraphrase, %% (95 %% interval); a tie counts half\n  %-17s",
           "");
    for (int t = 0; t < TOWERS; t++) printf(" %13s", towers[t]);
    for (int r = 0; r < sensitivity->rows; r++) {
        if (sensitivity_change(r)->same_meaning) continue;
        printf("\n  %-17s", sensitivity->row[r]);
        for (int t = 0; t < TOWERS; t++) {
            PairScoreRate rate = pair_score_rate(&sensitivity->detected[r * TOWERS + t], PAIR_METRIC_CHOICE);
            printf("  %3.0f (%2.0f-%3.0f)", 100 * rate.fraction, 100 * rate.low, 100 * rate.high);
        }
    }
    printf("\n");
}

/* Random weights; and the same towers after training, as in lesson 17. */
static void towers_make(SceneModel *scene_model) {
    Err err;
    for (int t = 0; t < TOWERS; t++) {
        SceneModelConfig config = { .text = kinds[t % KINDS], .split = SPLIT_PAIRS, .seed = args.seed };
        config.palette = args.palette;
        config.steps = args.steps;
        if (!(t < KINDS ? scene_model_init(&scene_model[t], &config, &err)
                        : scene_model_load_or_train(&scene_model[t], &config, NULL, &err)))
            die("%s", err.text);
    }
}

int main(int argc, char **argv) {
    Lesson lesson = { .number = "16",
                      .title = "What the text tower hears",
                      .shows = "captions against captions: which towers are sensitive to word order, numbers, \"no\"",
                      .takes = "five seconds; with another seed, a minute and a half more for the training",
                      .next = "make lesson-17",
                      .options = options,
                      .quick = "--captions 50",
                      .seed = &args.seed };
    lesson_begin(&lesson, argc, argv);
    Arena *arena = &lesson.memory;
    SceneModel scene_model[TOWERS];
    Encoder real;
    Err err;
    LessonModel photo =
        lesson_model_open(arena, strcmp(args.photo, LESSON_SHIPPED) ? args.photo : lesson_shipped(), NULL);
    if (*args.clip && !encoder_open(&real, arena, args.clip, (PretrainedChoice){ 0 }, &err)) die("%s", err.text);
    if (*args.clip && real.tiny) die("there are no weights of CLIP; `make pretrained` fetches them");
    towers_make(scene_model);

    lesson_section(&lesson, "1. The same words in another order");
    Prediction prediction = lesson_predict_number(
        &lesson, 1, 1e6, "How many different vectors has a bag of words for all orders of seven words?");
    all_orders(arena, scene_model);
    lesson_outcome(&lesson, &prediction, "1");

    lesson_section(&lesson, "2. Texts of the course material");
    print_texts(arena, &scene_model[0].clip);
    print_photo(arena, &photo.clip);
    prediction = lesson_predict_number(
        &lesson, -1, 1,
        "What will the trained transformer's cosine be for \"a cat on a table\" and \"a table on a cat\"?");
    lesson_outcome_number(&lesson, &prediction,
                          course_pairs(&lesson, arena, scene_model, &photo.clip, *args.clip ? &real : NULL), 4);

    lesson_section(&lesson, "3. Captions of the grammar, changed");
    prediction = lesson_predict_number(
        &lesson, 0, 100,
        "In %% of captions: how often is the caption with swapped colours less similar than a paraphrase, for the "
        "trained transformer?");
    Sensitivity sensitivity = measure_sensitivity(&lesson, arena, scene_model);
    print_detected(&sensitivity);
    for (int r = 0; r < sensitivity.rows; r++)
        if (!strcmp(sensitivity.row[r], "colours swapped"))
            lesson_outcome_number(
                &lesson, &prediction,
                100 * pair_score_rate(&sensitivity.detected[(r + 1) * TOWERS - 1], PAIR_METRIC_CHOICE).fraction, 1);
    for (int t = 0; t < TOWERS; t++) scene_model_free(&scene_model[t]);
    clip_free(&photo.clip);
    if (*args.clip) encoder_close(&real);
    return lesson_end(&lesson);
}
