/* Lesson 08: encoders. The layers of six towers, and four pictures against four captions through three pairs of them;
 * why the temperature is learnt as e^t; what early fusion costs; where a transformer attends. Before: 05, 06. */
#include "model/model_summary.h"
#include "lesson/lesson_data.h"
#include "model/early_fusion.h"
#include "lesson/lesson.h"
#include "evaluate/metrics.h"
#include "core/arena.h"
#include "core/file.h"
#include "core/softmax.h"
#include "attention_map.h"
#include "training/train.h"

#include <math.h>

enum {
    B = 4,
    WORDS = 6,
    VOCABULARY = 20,
    SIDE = CIFAR_SIDE,
    PATCH = ATTENTION_MAP_PATCH,
    ACROSS = SIDE / PATCH,
    PAIRS = 8,
    D = 64,
    LAYERS = 2,
    HEADS = 2,
    SCENES = 100,
    SHOWN = 5
};
static const ClipConfig pairs[] = {
    { .image = { .kind = "cnn", .embed = D },
      .text = { .kind = "bow", .vocabulary = VOCABULARY, .width = D, .embed = D },
      .tokens = WORDS },
    { .image = { .kind = "resnet", .embed = D },
      .text = { .kind = "lstm", .vocabulary = VOCABULARY, .width = D, .embed = D, .padding = -1 },
      .tokens = WORDS },
    { .image = { .kind = "vit", .patch = PATCH, .width = 128, .layers = 4, .heads = 4, .embed = D },
      .text = { .kind = "transformer", .vocabulary = VOCABULARY, .width = D, .embed = D, .tokens = WORDS },
      .tokens = WORDS },
};

/* Four pictures of noise and four random captions, through both towers: their layers, then the logits and the loss. */
static void show_towers(Lesson *lesson, ClipConfig config, double work[2]) {
    Rng rng = rng_seed(8, 0);
    Tape t = { .training = true };
    Clip clip;
    Err err;
    int ids[B * WORDS];
    Mat noise = mat_normal(&lesson->memory, B, SIDE * SIDE * 3, &rng, 1), pixels = mat_shape(4, B, SIDE, SIDE, 3);
    pixels.v = noise.v;
    for (int i = 0; i < B * WORDS; i++) ids[i] = TEXT_FIRST_WORD + (int)rng_below(&rng, VOCABULARY - TEXT_FIRST_WORD);
    if (!clip_init(&clip, config, NULL, 8, &err)) die("%s", err.text);
    image_tower_whiten(&clip.image, pixels);
    printf("%s: pixels [%d,%d,%d,3] to\n", config.image.kind, B, SIDE, SIDE);
    Var image = clip_image(&t, &clip, pixels);
    ModelSummary a = model_summary_make(&t.arena, &t, NULL);
    model_summary_print(stdout, &a);
    printf("%s: words [%d,%d] to\n", config.text.kind, B, WORDS);
    Var before = t.last, text = clip_text(&t, &clip, ids, B, WORDS);
    ModelSummary b = model_summary_make(&t.arena, &t, before);
    model_summary_print(stdout, &b);
    Var logits = clip_logits(&t, image, text, tape_param(&t, clip.logit_scale)),
        loss = clip_loss(&t, logits, (Mat){ 0 });
    draw_heat(&lesson->term,
              &(Heat){ .title = "logits", .y = "picture", .x = "caption", .m = logits->val, .decimals = 2 });
    term_say("loss %.3f; of equal logits it would be log 4 = %.3f\n\n", (double)loss->val.v[0], log(B));
    work[0] = a.work / B;
    work[1] = b.work / B;
    tape_free(&t);
    clip_free(&clip);
}

/* The temperature: three ways to learn one number with the same Adam, from the same start, at the same rate. */
typedef enum { BARE_TAU, BARE_SCALE, EXP_T, WAYS } Way;

static double loss_of(Mat s, Mat transposed, double scale) {
    return (cross_entropy_diagonal(s, scale) + cross_entropy_diagonal(transposed, scale)) / 2;
}

static void learn_scale(Arena *arena, Mat cosines, double rate) {
    const double h = 1e-4;
    Mat transposed = mat_new(arena, PAIRS, PAIRS);
    mat_transpose(cosines, transposed);
    double x[WAYS] = { 0.07, 1 / 0.07, log(1 / 0.07) }, m[WAYS] = { 0 }, v[WAYS] = { 0 };
    printf("          tau itself         s = 1/tau          s = e^t\n");
    printf("  step     scale     loss    scale     loss    scale     loss\n");
    for (int step = 0; step <= 40; step++) {
        const double scale[WAYS] = { 1 / x[BARE_TAU], x[BARE_SCALE], exp(x[EXP_T]) };
        bool show = step <= 4 || step % 10 == 0;
        if (show) printf("  %4d", step);
        for (int way = 0; way < WAYS; way++) {
            if (show) printf("  %8.2f %8.3f", scale[way], loss_of(cosines, transposed, scale[way]));
            double above = loss_of(cosines, transposed, scale[way] + h);
            double slope = (above - loss_of(cosines, transposed, scale[way] - h)) / (2 * h);
            double g = way == BARE_TAU ? -slope * scale[way] * scale[way] : way == EXP_T ? slope * scale[way] : slope;
            m[way] = 0.9 * m[way] + 0.1 * g;
            v[way] = 0.999 * v[way] + 0.001 * g * g;
            x[way] -= rate * m[way] / (1 - pow(0.9, step + 1)) / (sqrt(v[way] / (1 - pow(0.999, step + 1))) + 1e-8);
        }
        x[EXP_T] = fmin(x[EXP_T], LOGIT_SCALE_MAX);
        if (show) putchar('\n');
    }
}

/* Early fusion: a transformer of the same size takes a picture and a caption together, and computes one score. */
static double early_work(Lesson *lesson) {
    Params params = { .arena = &lesson->memory };
    Rng rng = rng_seed(9, 0);
    EarlyFusion m = early_fusion_add(&params, (EarlyFusionSize){ VOCABULARY, PATCH, 128, 4, 4, 0 }, &rng);
    Mat noise = mat_normal(&lesson->memory, 1, SIDE * SIDE * 3, &rng, 1), pixels = mat_shape(4, 1, SIDE, SIDE, 3);
    int ids[WORDS] = { 2, 3, 4, 5, 6, 7 };
    Tape t = { 0 };
    pixels.v = noise.v;
    Var score = early_fusion_score(&t, &m, tape_data(&t, pixels), ids, WORDS);
    double work = model_summary_make(&t.arena, &t, NULL).work;
    term_say("a picture and a caption together: [%d,128] tokens, one score %s, %.1f million multiply-adds\n",
             WORDS + ACROSS * ACROSS, mat_shape_text(score->val), work / 1e6);
    tape_free(&t);
    return work;
}

static void compare_early_fusion(const double late[2], double early) {
    term_say("        N pictures, N captions: millions of multiply-adds\n");
    printf("       N     towers    N x N dots     late fusion    early fusion   early / late\n");
    for (double n = 1; n <= 1e4; n *= 10) {
        double towers = n * (late[0] + late[1]) / 1e6, dots = n * n * D / 1e6;
        printf("  %6.0f  %9.1f  %12.4f  %14.1f  %14.1f  %12.1f\n", n, towers, dots, towers + dots, n * n * early / 1e6,
               n * n * early / 1e6 / (towers + dots));
    }
}

/* The percentage of the class token's attention in the last block that falls on the shape, mean over the scenes. */
static double measure_attention(Lesson *lesson, Clip *clip, const char *caption, Tile *pictures, Tile *overlays) {
    double on_shape = 0;
    for (int i = 0; i < SCENES; i++) {
        AttentionScene *scene = arena_alloc(&lesson->memory, 1, sizeof *scene);
        *scene = attention_scene(10, i);
        Mat attention = attention_map(&lesson->memory, clip, scene);
        on_shape += attention_on_shape(scene, attention) / SCENES;
        if (i < SHOWN) {
            uint8_t *overlay = arena_alloc(&lesson->memory, CIFAR_NUMBERS, 1);
            attention_overlay(scene, attention, overlay);
            pictures[i] = (Tile){ scene->rgb, SIDE, SIDE, scene->name, false };
            overlays[i] = (Tile){ overlay, SIDE, SIDE, caption, false };
        }
    }
    return 100 * on_shape;
}

/* Zero-shot accuracy of the trained model on new pictures: classes 0 to 4 are red, 5 to 9 blue. */
static void print_answers(Clip *clip, const char *template, const Cifar *test) {
    Arena arena = { 0 };
    int *answer = arena_alloc(&arena, (size_t)test->n, sizeof *answer), colour = 0, both = 0;
    Mat classes = zeroshot_classes(clip, &arena, &template, 1, test->names, CIFAR_CLASSES, NULL);
    Err err;
    ZeroshotRange all = { .n = test->n, .batch = test->n };
    if (!metrics_argmax(zeroshot_scores(clip, &arena, classes, test, all), answer, &err)) die("%s", err.text);
    for (int i = 0; i < test->n; i++) {
        colour += answer[i] / 5 == test->labels[i] / 5;
        both += answer[i] == test->labels[i];
    }
    term_say("of %d new pictures it names the colour of %.1f %% rightly, colour and shape of %.1f %%\n", test->n,
             100.0 * colour / test->n, 100.0 * both / test->n);
    arena_free(&arena);
}

static void show_attention(Lesson *lesson, int train_images) {
    Cifar train = lesson_pictures(&lesson->memory, "shapes", CIFAR_TRAIN, train_images),
          test = lesson_pictures(&lesson->memory, "shapes", CIFAR_TEST, 500);
    TrainRun run = { .recipe = *recipe_find("quick"), .seed = 1, .train = &train, .test = &test, .resume = true };
    run.recipe.name = "08-tiny-vit";
    run.recipe.epochs = 3;
    run.recipe.batch = 50;
    run.recipe.model.image =
        (ImageTowerSize){ .kind = "vit", .patch = PATCH, .width = 32, .layers = LAYERS, .heads = HEADS, .embed = D };
    run.checkpoint = lesson_model_path(&lesson->memory, run.recipe.name, &train, train_images, ".safetensors");
    Clip untrained, trained;
    Err err;
    Vocab vocab = vocab_build(&lesson->memory, run.recipe.templates, 1, train.names, CIFAR_CLASSES);
    if (!clip_init(&untrained, run.recipe.model, &vocab, 1, &err) || !folder_make(models_folder(), &err) ||
        !lesson_train(&run, &trained, &err))
        die("%s", err.text);
    Tile tiles[3 * SHOWN];
    double before = measure_attention(lesson, &untrained, "untrained", tiles, tiles + SHOWN);
    double after = measure_attention(lesson, &trained, "trained", tiles, tiles + 2 * SHOWN);
    double covered = 0;
    for (int i = 0; i < SCENES; i++) {
        AttentionScene scene = attention_scene(10, i);
        covered += 100 * attention_uniform(&scene) / SCENES;
    }
    lesson_tiles(lesson, "08-attention",
                 &(Tiles){ .title = "Attention of the class token in the last block: the brighter, the more",
                           .tiles = tiles,
                           .count = 3 * SHOWN,
                           .columns = SHOWN });
    term_say(
        "%d pictures: the shape covers %.1f %% of the patches; untrained, it gets %.1f %% of the attention; trained, "
        "%.1f %%\n",
        SCENES, covered, before, after);
    print_answers(&trained, run.recipe.templates[0], &test);
    clip_free(&untrained);
    clip_free(&trained);
}

int main(int argc, char **argv) {
    int train_images = 3000;
    const Option options[] = { { "train-images", .integer = &train_images, .low = 100, .high = 50000,
                                 .help = "pictures of shapes for the small transformer of section 4" },
                               { 0 } };
    Lesson lesson = { .number = "08",
                      .title = "Encoders",
                      .shows = "The layers of six towers, and a reason for each of CLIP's choices",
                      .takes = "five seconds",
                      .next = "make lesson-09",
                      .options = options,
                      .quick = "--train-images 400" };
    lesson_begin(&lesson, argc, argv);

    lesson_section(&lesson, "1. Six towers: shapes, numbers to learn, four pictures against four captions");
    Prediction guess = lesson_predict_choice(&lesson, (const char *[]){ "cnn", "resnet", "vit" }, 3, 1,
                                             "Which tower has the most numbers to learn: cnn, resnet or vit?");
    double work[COUNT(pairs)][2];
    for (size_t i = 0; i < COUNT(pairs); i++) show_towers(&lesson, pairs[i], work[i]);
    lesson_outcome(&lesson, &guess, "cnn, in this width");

    lesson_section(&lesson, "2. The temperature: tau, 1/tau, or e^t?");
    Rng rng = rng_seed(11, 0);
    Mat cosines = mat_new(&lesson.memory, PAIRS, PAIRS);
    for (int i = 0; i < PAIRS * PAIRS; i++) cosines.v[i] = (num)(0.15 * rng_normal(&rng) + (i % (PAIRS + 1) ? 0 : 0.5));
    guess = lesson_predict_choice(&lesson, (const char *[]){ "tau", "1/tau", "e^t" }, WAYS, 1,
                                  "Adam, rate 0.1, from tau = 0.07. Which of the three diverges: tau, 1/tau or e^t?");
    learn_scale(&lesson.memory, cosines, 0.1);
    lesson_outcome(&lesson, &guess, "tau");

    lesson_section(&lesson, "3. Early or late fusion?");
    guess = lesson_predict_number(
        &lesson, 0, 1e9,
        "1000 pictures, 1000 captions, all pairs: how many times the work of late fusion is early fusion?");
    term_say("late: a picture through vit %.1f million multiply-adds, a caption through transformer %.2f million\n",
             work[2][0] / 1e6, work[2][1] / 1e6);
    double early = early_work(&lesson), n = 1000;
    compare_early_fusion(work[2], early);
    lesson_outcome_number(&lesson, &guess, n * n * early / (n * (work[2][0] + work[2][1]) + n * n * D), 0);

    lesson_section(&lesson, "4. Where does a vision transformer look?");
    show_attention(&lesson, train_images);
    return lesson_end(&lesson);
}
