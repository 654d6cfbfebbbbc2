/* overview: are the numbers in the picture of the whole those of the library, and is the picture drawn? */
#include "11-classify/overview.h"
#include "core/file.h"
#include "core/softmax.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char pattern[] = "a photo of a {}";

/* A small untrained model for the generated shapes. */
static void model(Arena *arena, Clip *clip, Cifar *set) {
    ClipConfig config = { .image = { .kind = "cnn", .embed = 16 },
                          .text = { .kind = "bow", .width = 8, .embed = 16 },
                          .tokens = 6 };
    Err err;
    cifar_generate(arena, CIFAR_TEST, 50, set);
    Vocab words = vocab_build(arena, (const char *const[]){ pattern }, 1, set->names, CIFAR_CLASSES);
    CHECK(clip_init(clip, config, &words, 3, &err), "%s", err.text);
}

TEST(numbers_are_those_of_the_library) {
    Arena arena = { 0 };
    Cifar set;
    Clip clip;
    model(&arena, &clip, &set);
    Overview o = overview_make(&arena, &clip, &set, pattern, "");
    int N = OVERVIEW_PAIRS, E = 16;
    CHECK(o.pairs == N && o.classes == CIFAR_CLASSES, "%d pairs, %d classes", o.pairs, o.classes);
    for (int r = 0; r < N; r++)
        for (int c = 0; c < N; c++) {
            double want = vec_cosine(&AT(o.images, r, 0), &AT(o.texts, c, 0), E);
            CHECK_NEAR((double)AT(o.cosines, r, c), want, 1e-5);
        }
    Tape t = { .no_grad = true };
    Mat scale = mat_new(&arena, 1, 1);
    scale.v[0] = (num)log(o.scale);
    Var logits = clip_logits(&t, tape_data(&t, o.images), tape_data(&t, o.texts), tape_data(&t, scale));
    CHECK_NEAR((o.text_loss + o.image_loss) / 2, (double)clip_loss(&t, logits, (Mat){ 0 })->val.v[0], 1e-5);
    double text = 0, sum = 0;
    for (int i = 0; i < N; i++) text -= log((double)o.choose_text.v[i]) / N;
    CHECK_NEAR(text, o.text_loss, 1e-5);
    for (int k = 0; k < CIFAR_CLASSES; k++) {
        CHECK_NEAR((double)o.scores.v[k], vec_cosine(o.query.v, &AT(o.prompt_vectors, k, 0), E), 1e-5);
        CHECK(o.scores.v[o.answer] >= o.scores.v[k], "class %d has a larger cosine than the answer", k);
        sum += (double)o.probabilities.v[k];
    }
    CHECK_NEAR(sum, 1, 1e-5);
    tape_free(&t);
    clip_free(&clip);
    arena_free(&arena);
}

/* Each pair has a class of its own, and the picture to classify another one. */
TEST(pictures_are_of_different_classes) {
    Arena arena = { 0 };
    Cifar set;
    Clip clip;
    uint8_t rgb[CIFAR_NUMBERS];
    model(&arena, &clip, &set);
    Overview o = overview_make(&arena, &clip, &set, pattern, "");
    for (int i = 0; i < o.pairs; i++) {
        CHECK(strcmp(o.captions[i], o.prompts[o.truth]), "the picture to classify has the class of pair %d", i);
        for (int k = 0; k < i; k++)
            CHECK(strcmp(o.captions[i], o.captions[k]), "pairs %d and %d are of one class", k, i);
    }
    cifar_picture(&set, 0, rgb);
    CHECK(!memcmp(rgb, o.pixels, sizeof rgb), "%s", "the first pair is not the first picture");
    set.n = 2; /* fewer classes than pairs */
    o = overview_make(&arena, &clip, &set, pattern, "");
    CHECK(o.pairs >= 1 && o.pairs <= 2, "%d pairs of 2 pictures", o.pairs);
    CHECK_STOPS(overview_plot("few", &o, NULL), EXIT_CONTRACT, "want 4");
    clip_free(&clip);
    arena_free(&arena);
}

TEST(is_drawn) {
    Arena arena = { 0 };
    Cifar set;
    Clip clip;
    Err err;
    char path[1200], text[32768], magic[4] = "", folder[1024];
    snprintf(folder, sizeof folder, "%s", check_folder());
    setenv("CLIP_PLOTS", folder, 1);
    model(&arena, &clip, &set);
    Overview o = overview_make(&arena, &clip, &set, pattern, "the `data` \"line\"");
    PlotResult result = overview_plot("whole", &o, &err);
    CHECK(result != PLOT_FAILED, "%s", err.text);
    snprintf(path, sizeof path, "%s/data/whole.csv", folder);
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL, "%s is not there", path);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    char want[64];
    snprintf(want, sizeof want, "\nloss,1,1,%.9g,\n", (o.text_loss + o.image_loss) / 2);
    CHECK(strstr(text, want) != NULL, "the data have no line %s", want + 1);
    snprintf(want, sizeof want, "\ncosine,4,4,%.9g,\n", (double)AT(o.cosines, 3, 3));
    CHECK(strstr(text, want) != NULL, "the data have no line %s", want + 1);
    if (result == PLOT_NO_GNUPLOT) check_skip("skipped: gnuplot is not installed");
    snprintf(path, sizeof path, "%s/out/whole.png", folder);
    file = fopen(path, "rb");
    CHECK(file && fread(magic, 1, 4, file) == 4 && !memcmp(magic, "\x89PNG", 4), "%s is no picture", path);
    fclose(file);
    clip_free(&clip);
    arena_free(&arena);
}

TESTS(numbers_are_those_of_the_library, pictures_are_of_different_classes, is_drawn)
