/* Lesson 05: InfoNCE and hard negatives. The CLIP loss as classification with N classes: its value for random vectors,
 * its hardest negatives, and its floor when captions repeat. Before: 04 temperature. See README.md. */
#include "hardest_negative.h"
#include "lesson/lesson_data.h"
#include "lesson/lesson.h"
#include "core/arena.h"
#include "core/file.h"
#include "core/softmax.h"
#include "training/train.h"

#include <math.h>

enum { N = 8, D = 64, LIMIT = 512, BATCH = 64, EPOCHS_MAX = 50, DRAWS = 400 };
static const double tau = 0.07;

/* S = I T^T [n,n] of n random pairs, rows of unit length: text = own * picture + noise of length 1.5. `similar` times
 * picture 1 is added to picture 2. */
static Mat cosines_draw(Arena *arena, Rng rng, int n, num similar, num own) {
    Mat image = mat_normal(arena, n, D, &rng, 1), text = mat_normal(arena, n, D, &rng, 1.5 / sqrt(D));
    Mat text_t = mat_new(arena, D, n), s = mat_new(arena, n, n);
    for (int d = 0; d < D; d++) AT(image, 1, d) += similar * AT(image, 0, d);
    mat_normalise_rows(image);
    for (size_t i = 0; i < mat_count(text); i++) text.v[i] += own * image.v[i];
    mat_normalise_rows(text);
    mat_transpose(text, text_t);
    mat_matmul(image, text_t, s);
    return s;
}

/* The mean loss of DRAWS batches whose texts are noise alone. */
static double random_loss(Arena *arena, double s) {
    double sum = 0;
    for (int i = 0; i < DRAWS; i++)
        sum += cross_entropy_diagonal(cosines_draw(arena, rng_seed(5, (uint64_t)i), N, 0, 0), s);
    return sum / DRAWS;
}

static double print_pairs(Mat s) {
    double loss = 0, positive = 0, negative = 0;
    printf("  pair  positive  hardest negative   margin       p  -log p  share\n");
    for (int i = 0; i < N; i++) {
        ClipPair pair = clip_pair(s, i, 1 / tau);
        printf("  %d      %7.4f    %7.4f (text %d)  %7.4f  %.4f  %6.4f     %.4f\n", i + 1, pair.positive, pair.negative,
               pair.hardest + 1, pair.margin, pair.p, pair.loss, pair.hardest_weight);
        loss += pair.loss / N;
        positive += pair.positive / N;
        negative += pair.negative / N;
    }
    printf("  mean   %7.4f    %7.4f           %7.4f          %6.4f\n", positive, negative, positive - negative, loss);
    return loss;
}

static void print_bound(Arena *arena) {
    printf("     N   log N    loss  log N - loss   right\n");
    for (int n = N; n <= LIMIT; n *= 4) {
        Mat s = cosines_draw(arena, rng_seed(6, (uint64_t)n), n, 0, 1);
        double loss = cross_entropy_diagonal(s, 1 / tau), right = 0;
        for (int i = 0; i < n; i++) right += clip_pair(s, i, 1).margin > 0;
        printf("  %4d  %6.4f  %6.4f        %6.4f  %5.1f %%\n", n, log(n), loss, log(n) - loss, 100.0 * right / n);
    }
}

/* The floor of DRAWS random batches: mean, standard error, and the difference to the exact floor in standard errors. */
static void print_floor(int B) {
    Rng rng = rng_seed(7, (uint64_t)B);
    double mean = 0, squares = 0, exact = clip_loss_floor(B, CIFAR_CLASSES);
    for (int i = 0; i < DRAWS; i++) {
        int caption[LIMIT];
        for (int b = 0; b < B; b++) caption[b] = (int)rng_below(&rng, CIFAR_CLASSES);
        double floor = clip_loss_floor_of(caption, B);
        mean += floor / DRAWS;
        squares += floor * floor / DRAWS;
    }
    double error = sqrt((squares - mean * mean) / (DRAWS - 1));
    printf("  %4d  %.6f   %.4f +- %.4f  %+.1f\n", B, exact, mean, error, (mean - exact) / error);
}

/* Trains lesson 10's network with a quarter of its channels in batches of 64, and keeps it; a run that was finished
 * before is not trained again. Its log has a row for each epoch. */
static int learn(Arena *arena, const Cifar *train, const Cifar *test, int epochs, EpochRow *rows, Clip *clip) {
    Err err;
    TrainRun run = { *recipe_find("quick"), 1, train, test, .resume = true, .keep_other = true };
    run.recipe.name = arena_print(arena, "05-batches-of-%d-epochs%d", BATCH, epochs);
    run.recipe.epochs = epochs;
    run.recipe.batch = BATCH;
    run.recipe.multi_positive = false;
    for (int i = 0; i < 3; i++) run.recipe.model.image.widths[i] /= 4;
    run.checkpoint = lesson_model_path(arena, run.recipe.name, train, 1, ".safetensors");
    run.log = lesson_model_path(arena, run.recipe.name, train, 1, ".csv");
    if (!folder_make(models_folder(), &err) || !lesson_train(&run, clip, &err)) die("%s", err.text);
    fprintf(stderr, "model: %s\n", run.checkpoint);
    int count = train_log_read(run.log, rows, epochs, &err);
    if (count < epochs)
        die("%s: %d of %d epochs; remove it and the model, then both are made again", run.log, MAX(count, 0), epochs);
    return count;
}

/* Returns the last epoch's loss. */
static double show_epochs(const Lesson *lesson, const EpochRow *rows, int count) {
    num curve[2][EPOCHS_MAX];
    printf("  epoch    loss   floor  loss - floor  right class\n");
    for (int i = 0; i < count; i++) {
        const EpochRow *row = &rows[i];
        curve[0][i] = (num)row->loss;
        curve[1][i] = (num)row->floor;
        double above = row->loss - row->floor, right = 100 * row->image_to_text;
        printf("  %5d   %.3f   %.3f         %6.3f      %5.1f %%\n", row->epoch, row->loss, row->floor, above, right);
    }
    Series series[] = { { "loss", NULL, curve[0], count }, { "floor of its batches", NULL, curve[1], count } };
    lesson_lines(lesson, "05-floor",
                 &(Lines){ .title = "Ten captions, batches of 64",
                           .y = "loss, nats",
                           .x = "epoch",
                           .series = series,
                           .count = 2,
                           .reference_name = "log 64 =",
                           .reference = log(BATCH) });
    return rows[count - 1].loss;
}

/* The loss of the first BATCH test pictures, with the identity as target and with the shared target of clip_targets. */
static void compare_targets(Clip *clip, const Cifar *test) {
    Tape t = { .no_grad = true };
    int label[BATCH];
    const char *texts[BATCH];
    for (int b = 0; b < BATCH; b++) label[b] = test->labels[b];
    for (int b = 0; b < BATCH; b++) texts[b] = text_fill(&t.arena, "a photo of a {}", test->names[label[b]]);
    Mat text = clip_text_features(clip, &t.arena, texts, BATCH, NULL), q = clip_targets(&t.arena, label, BATCH, 0);
    Mat s = zeroshot_scores(clip, &t.arena, text, test, (ZeroshotRange){ .n = BATCH, .batch = BATCH });
    Var logits = op_scale(&t, tape_data(&t, s), exp(clip->logit_scale->val.v[0]));
    double single = clip_loss(&t, logits, (Mat){ 0 })->val.v[0], shared = clip_loss(&t, logits, q)->val.v[0];
    printf("  one text is right for each picture       %.4f\n  every text that says the same is right   %.4f\n"
           "  the difference                           %.4f\n  the floor of this batch, mean of log n   %.4f\n",
           single, shared, single - shared, clip_loss_floor_of(label, BATCH));
    tape_free(&t);
}

static void real_run(Lesson *lesson, const char *data, int epochs) {
    lesson_section(lesson, "6. A real run: a small CLIP learns from batches of 64");
    Cifar train = lesson_pictures(&lesson->memory, data, CIFAR_TRAIN, 1600);
    Cifar test = lesson_pictures(&lesson->memory, data, CIFAR_TEST, BATCH);
    printf("%s\n", lesson_notice(&train, data));
    Prediction said =
        lesson_predict_number(lesson, 0, 1e6, "The loss begins near log 64 = %.3f. Where does it stop?", log(BATCH));
    Clip clip;
    EpochRow rows[EPOCHS_MAX];
    int count = learn(&lesson->memory, &train, &test, epochs, rows, &clip);
    lesson_outcome_number(lesson, &said, show_epochs(lesson, rows, count), 3);

    lesson_section(lesson, "7. The shared target: one batch of new pictures, two losses");
    compare_targets(&clip, &test);
    clip_free(&clip);
}

int main(int argc, char **argv) {
    const char *data = "shapes";
    int epochs = 6;
    const Option options[] = {
        { "data", .text = &data, .choices = LESSON_DATA, .help = "for section 6" },
        { "epochs", .integer = &epochs, .low = 1, .high = EPOCHS_MAX, .help = "of section 6" },
        { 0 },
    };
    Lesson lesson = { .number = "05",
                      .title = "InfoNCE and hard negatives",
                      .takes = "three seconds, one when run again",
                      .options = options,
                      .quick = "--epochs 2",
                      .shows = "The CLIP loss as classification with N classes; hard negatives; the floor",
                      .next = "make lesson-06" };
    lesson_begin(&lesson, argc, argv);

    lesson_section(&lesson, "1. Eight pictures against random texts");
    Prediction said =
        lesson_predict_number(&lesson, 0, 1e6, "log 8 is %.4f. What will the loss be at tau = 0.07?", log(N));
    double mild = random_loss(&lesson.memory, 1), chance = random_loss(&lesson.memory, 1 / tau);
    printf("  all cosines equal     %.4f = log 8\n  random, tau = 1       %.4f\n", log(N), mild);
    printf("  random, tau = 0.07    %.4f\n", chance);
    lesson_outcome_number(&lesson, &said, chance, 4);

    lesson_section(&lesson, "2. A batch of 8 pairs in 64 dimensions, tau = 0.07");
    Mat s = cosines_draw(&lesson.memory, rng_seed(1, 0), N, 0, 1);
    lesson_heat(&lesson, "05-batch",
                &(Heat){ .title = "Cosines; the pairs are on the diagonal",
                         .values = "cosine",
                         .y = "picture",
                         .x = "text",
                         .m = s,
                         .decimals = 3,
                         .low = -1,
                         .high = 1 });
    double easy = print_pairs(s);

    lesson_section(&lesson, "3. The same batch, but picture 2 is similar to picture 1");
    said = lesson_predict_number(&lesson, 0, 1e6, "Now two pictures are similar. The loss was %.4f. What is it now?",
                                 easy);
    lesson_outcome_number(&lesson, &said, print_pairs(cosines_draw(&lesson.memory, rng_seed(1, 0), N, 2, 1)), 4);

    lesson_section(&lesson, "4. Larger batches of such pairs: log N - loss is at most log N");
    print_bound(&lesson.memory);

    lesson_section(&lesson, "5. Captions repeat: ten classes, one caption each. The floor E[log n]");
    printf("     B  exact      %d batches       off by\n", DRAWS);
    for (int B = 64; B <= LIMIT; B *= 2) print_floor(B);

    real_run(&lesson, data, epochs);
    return lesson_end(&lesson);
}
