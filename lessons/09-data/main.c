/* Lesson 09: the data. Pictures, captions made from templates, words as ids, normalisation and augmentation.
 * Before: 08 encoders. */
#include "lesson/lesson_data.h"
#include "core/arena.h"
#include "lesson/lesson.h"
#include "show/plot.h"
#include "training/train.h"

#include <math.h>
#include <string.h>

enum { EACH = 10, TILES_MAX = 16, TEMPLATES = 8 };

static Tile tile_of(Arena *arena, const Cifar *set, int i, const char *caption) {
    uint8_t *rgb = arena_alloc(arena, CIFAR_NUMBERS, 1);
    cifar_picture(set, i, rgb);
    return (Tile){ rgb, CIFAR_SIDE, CIFAR_SIDE, caption, false };
}

/* The first picture of each class in the terminal; ten of each in the picture file. */
static void show_classes(const Lesson *lesson, Arena *arena, const Cifar *train) {
    Tile first[CIFAR_CLASSES], grid[CIFAR_CLASSES * EACH];
    int count = 0, classes = 0;
    for (int c = 0; c < CIFAR_CLASSES; c++)
        for (int i = 0, found = 0; i < train->n && found < EACH; i++)
            if (train->labels[i] == c) {
                grid[count] = tile_of(arena, train, i, train->names[c]);
                if (found++ == 0) first[classes++] = grid[count];
                count++;
            }
    lesson_tiles(lesson, NULL, &(Tiles){ .title = "the first of each class", .tiles = first, .count = classes });
    if (plot_tiles("09-classes",
                   &(Tiles){ .title = "ten of each class", .tiles = grid, .count = count, .columns = EACH },
                   NULL) == PLOT_DRAWN)
        fprintf(stderr, "picture: %s\n", plot_path("09-classes"));
}

static void print_counts(const Cifar *train) {
    int n[CIFAR_CLASSES] = { 0 };
    for (int i = 0; i < train->n; i++) n[train->labels[i]]++;
    printf("pictures of each class:");
    for (int c = 0; c < CIFAR_CLASSES; c++) printf(" %d", n[c]);
    term_say("\none picture: %d x %d pixels, 3 bytes each: %d numbers from 0 to 255\n", CIFAR_SIDE, CIFAR_SIDE,
             CIFAR_NUMBERS);
}

/* Texts as the ids [n,T] that the text tower takes. */
static void print_ids(Arena *arena, const Vocab *vocab, const char *const *texts, int n, int T) {
    int *ids = arena_alloc(arena, (size_t)(n * T), sizeof *ids);
    TextNotes notes = vocab_encode(vocab, arena, texts, n, T, ids);
    for (int b = 0; b < n; b++) {
        for (int t = 0; t < T; t++) printf("%4d", ids[b * T + t]);
        printf("   %s\n", texts[b]);
    }
    text_warn(&notes, stdout);
}

/* Mean and standard deviation of red, green and blue, from 0 to 1. Sums of whole numbers: without rounding. */
static void print_colours(const Cifar *train) {
    static const char *const name[] = { "red", "green", "blue" };
    enum { PLANE = CIFAR_SIDE * CIFAR_SIDE };
    printf("         measured            in the library      after (x - mean) / deviation\n"
           "         mean    deviation   mean    deviation   black    white\n");
    for (int c = 0; c < 3; c++) {
        uint64_t sum = 0, squares = 0;
        for (int i = 0; i < train->n; i++)
            for (int p = 0; p < PLANE; p++) {
                uint64_t byte = train->pixels[(size_t)i * CIFAR_NUMBERS + (size_t)(c * PLANE + p)];
                sum += byte;
                squares += byte * byte;
            }
        double count = (double)train->n * PLANE, mean = (double)sum / count / 255;
        double deviation = sqrt((double)squares / count / (255.0 * 255) - mean * mean), m = cifar_mean[c],
               d = cifar_deviation[c];
        printf("  %-5s  %.4f  %.4f      %.4f  %.4f      %6.3f   %6.3f\n", name[c], mean, deviation, m, d, (0 - m) / d,
               (1 - m) / d);
    }
}

/* A picture as the network gets it, with the normalisation undone. */
static Tile tile_augmented(Arena *arena, const Cifar *set, int i, Augment augment, const char *caption) {
    num *pixels = arena_alloc(arena, CIFAR_NUMBERS, sizeof *pixels);
    uint8_t *rgb = arena_alloc(arena, CIFAR_NUMBERS, 1);
    cifar_batch(set, &i, 1, &augment, pixels);
    for (int k = 0; k < CIFAR_NUMBERS; k++)
        rgb[k] = (uint8_t)lround(255 * ((double)pixels[k] * cifar_deviation[k % 3] + cifar_mean[k % 3]));
    return (Tile){ rgb, CIFAR_SIDE, CIFAR_SIDE, caption, false };
}

static void show_augmentation(const Lesson *lesson, Arena *arena, const Cifar *train, const Recipe *recipe, int seed) {
    Tile tiles[TILES_MAX];
    int at = 0, i = 0;
    while (i < train->n - 1 && train->labels[i] != 7) i++;
    tiles[at++] = tile_of(arena, train, i, "unchanged");
    tiles[at++] = tile_augmented(arena, train, i, (Augment){ .mirror = MIRROR_ALWAYS }, "mirrored");
    tiles[at++] = tile_augmented(arena, train, i, (Augment){ .dx = 4, .dy = -4, .edge = EDGE_REFLECT },
                                 "shifted by 4\nreflected");
    tiles[at++] =
        tile_augmented(arena, train, i, (Augment){ .dx = 4, .dy = -4, .edge = EDGE_ZERO }, "shifted by 4\nmean colour");
    tiles[at++] = tile_augmented(arena, train, i, (Augment){ .cutout = 12, .seed = 1 }, "12 x 12 cut");
    for (int epoch = 1; epoch <= recipe->epochs && at < TILES_MAX; epoch++) {
        Augment augment = recipe->augment;
        augment.seed = (uint64_t)seed;
        augment.epoch = (uint32_t)epoch;
        tiles[at++] = tile_augmented(arena, train, i, augment, arena_print(arena, "epoch %d", epoch));
    }
    lesson_tiles(lesson, "09-changes",
                 &(Tiles){ .title = "one picture: kinds of augmentation, and what lesson 10 does in its epochs",
                           .tiles = tiles,
                           .count = at });
}

/* Texts with capital letters, unknown words, or too many words. */
static void show_odd_texts(const Lesson *lesson, Arena *arena, const Vocab *vocab, const char *name, int tokens) {
    const char *const odd[] = { arena_print(arena, "A PHOTO of a %s!", name), "a photo of a zebra", "zebra",
                                "look at the photo of a small photo of a blurry photo" };
    Prediction said =
        lesson_predict_choice(lesson, (const char *[]){ "refused", "left out", "replaced" }, 3, 1,
                              "The model knows no \"zebra\". What happens with \"a photo of a zebra\": is the text "
                              "refused, is the word left out, or is it replaced?");
    print_ids(arena, vocab, odd, COUNT(odd), tokens);
    lesson_outcome(lesson, &said, "the word is left out, with a warning");
}

int main(int argc, char **argv) {
    const char *data = "auto";
    int seed = 1, pictures = 0;
    const Option options[] = {
        { "data", .text = &data, .choices = LESSON_DATA, .help = "which pictures" },
        { "pictures", .integer = &pictures, .low = 0, .high = 50000, .help = "the first so many; 0: all" },
        { 0 },
    };
    Lesson lesson = { .number = "09",
                      .title = "Data",
                      .shows = "pictures, captions, words as ids: everything the model is trained on",
                      .takes = "two seconds",
                      .next = "make lesson-10",
                      .options = options,
                      .seed = &seed };
    lesson_begin(&lesson, argc, argv);
    Arena *arena = &lesson.memory;
    Cifar train = lesson_pictures(arena, data, CIFAR_TRAIN, pictures);
    const Recipe *one = recipe_find("quick"), *many = recipe_find("templates");
    const char *const *names = train.names;
    printf("%s\n", lesson_notice(&train, data));

    lesson_section(&lesson, "1. The pictures");
    print_counts(&train);
    show_classes(&lesson, arena, &train);

    lesson_section(&lesson, "2. Captions from templates");
    const char *texts[TEMPLATES] = { 0 };
    for (int k = 0; k < TEMPLATES; k++) {
        texts[k] = text_fill(arena, many->templates[k], names[k]);
        printf("  %-26s %s\n", many->templates[k], texts[k]);
    }

    lesson_section(&lesson, "3. The vocabulary");
    Vocab small = vocab_build(arena, one->templates, 1, names, CIFAR_CLASSES);
    Prediction said = lesson_predict_number(
        &lesson, 0, 1000, "One template, \"a photo of a {}\", and ten names. With the two special ids, how many ids?");
    printf("of the first template alone: %d ids\n", small.size);
    lesson_outcome_number(&lesson, &said, small.size, 0);
    Vocab vocab = vocab_build(arena, many->templates, TEMPLATES, names, CIFAR_CLASSES);
    term_say("of all eight: %d ids. 0 pads, 1 is a text without a known word, then words in alphabetical order:\n",
             vocab.size);
    for (int id = TEXT_FIRST_WORD; id < vocab.size; id++)
        printf("%4d %-12s%s", id, vocab.word[id], (id - 1) % 5 == 0 || id == vocab.size - 1 ? "\n" : "");

    lesson_section(&lesson, "4. Texts as ids");
    print_ids(arena, &vocab, texts, TEMPLATES, many->model.tokens);
    show_odd_texts(&lesson, arena, &vocab, names[0], many->model.tokens);

    lesson_section(&lesson, "5. Normalisation of colours");
    print_colours(&train);

    lesson_section(&lesson, "6. Augmentation");
    show_augmentation(&lesson, arena, &train, one, seed);
    return lesson_end(&lesson);
}
