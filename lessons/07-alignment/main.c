/* Lesson 07: alignment. Gradient descent on the CLIP loss moves eight pairs of points on a circle, at three
 * temperatures. Before: 06 autograd. The page is README.md beside this file. */
#include "lesson/lesson.h"
#include "core/arena.h"
#include "evaluate/embedding_space.h"
#include "model/clip_loss.h"

#include <math.h>

enum { N = 8, D = 2, TAUS = 3, STEPS = 300, SINGLE_STEPS = 30, FRAMES = 61, SHOWN = 5, SEEDS = 8 };
static const double taus[TAUS] = { 0.05, 0.3, 1 };
static const char *const names[TAUS] = { "tau = 0.05", "tau = 0.3", "tau = 1" };
static const int shown[SHOWN] = { 0, 5, 15, 30, FRAMES - 1 };

typedef struct {
    Mat image, text;
} Pairs; /* points on the circle, [N,D] each */
typedef struct {
    double loss, alignment, uniformity;
} Measures;
typedef struct {
    Measures at[STEPS + 1];
    Mat points[STEPS + 1];
} Run; /* every step at one temperature */

/* One step of gradient descent on the CLIP loss; then all points are normalised to length 1 again. Returns the measures
 * before the step. */
static Measures gradient_step(Pairs p, double tau, double rate) {
    Tape t = { 0 };
    Mat log_s = mat_like(&t.arena, mat_shape(0));
    log_s.v[0] = (num)log(1 / tau);
    Var image = tape_leaf(&t, p.image), text = tape_leaf(&t, p.text);
    Var L = clip_loss(&t, clip_logits(&t, image, text, tape_data(&t, log_s)), (Mat){ 0 });
    Measures measures = { L->val.v[0], space_alignment(p.image, p.text),
                          (space_uniformity(p.image) + space_uniformity(p.text)) / 2 };
    tape_backward(&t, L);
    for (int i = 0; i < N * D; i++) p.image.v[i] -= (num)rate * image->grad[i];
    for (int i = 0; i < N * D; i++) p.text.v[i] -= (num)rate * text->grad[i];
    mat_normalise_rows(p.image);
    mat_normalise_rows(p.text);
    tape_free(&t);
    return measures;
}

/* The gradient has a factor 1 / tau, so the learning rate is tau. */
static Run *run_descent(Arena *arena, int seed, double tau) {
    Rng rng = rng_seed((uint64_t)seed, 0);
    Run *run = arena_alloc(arena, 1, sizeof *run);
    Pairs p = { mat_normal(arena, N, D, &rng, 1), mat_normal(arena, N, D, &rng, 1) };
    mat_normalise_rows(p.image);
    mat_normalise_rows(p.text);
    for (int step = 0; step <= STEPS; step++) {
        run->points[step] = mat_new(arena, 2 * N, D); /* rows: image 0, text 0, image 1, text 1, ... */
        for (int k = 0; k < 2 * N * D; k++)
            run->points[step].v[k] = (k / D % 2 ? p.text : p.image).v[k / (2 * D) * D + k % D];
        run->at[step] = gradient_step(p, tau, tau);
    }
    return run;
}

/* The step that a frame of the animation shows: each of the first SINGLE_STEPS, then every ninth. */
static int step_of(int frame) {
    return frame <= SINGLE_STEPS
               ? frame
               : SINGLE_STEPS + (frame - SINGLE_STEPS) * (STEPS - SINGLE_STEPS) / (FRAMES - 1 - SINGLE_STEPS);
}

static void show_motion(Lesson *lesson, Run *const *runs) {
    num *points = arena_alloc(&lesson->memory, FRAMES * TAUS * N * 2 * D, sizeof *points), *to = points;
    const char *frame_names[FRAMES];
    for (int f = 0; f < FRAMES; f++) {
        frame_names[f] = arena_print(&lesson->memory, "step %d", step_of(f));
        for (int k = 0; k < TAUS; k++)
            for (int i = 0; i < N * 2 * D; i++) *to++ = runs[k]->points[step_of(f)].v[i];
    }
    lesson_motion(lesson, "07-motion",
                  &(Motion){ .title = "Eight pairs on a circle",
                             .first = "pictures",
                             .second = "texts",
                             .panels = names,
                             .panel_count = TAUS,
                             .pairs = N,
                             .points = points,
                             .frames = FRAMES,
                             .frame_names = frame_names,
                             .shown = shown,
                             .shown_count = SHOWN });
}

static void print_measures(Measures f) {
    char text[FIGURE_TEXT];
    printf("  %7.4f %6s %7.4f", f.loss, number_text(f.alignment, 4, text), f.uniformity);
}

/* The last row holds the measures of the octagon. */
static void print_table(Run *const *runs, Pairs ideal) {
    printf("  step  %-23s %-23s %s\n        ", names[0], names[1], names[2]);
    printf("  loss  align uniform     loss  align uniform     loss  align uniform\n");
    for (int i = 0; i < SHOWN; i++) {
        int step = step_of(shown[i]);
        printf("  %4d", step);
        for (int k = 0; k < TAUS; k++) print_measures(runs[k]->at[step]);
        putchar('\n');
    }
    printf("  even");
    for (int k = 0; k < TAUS; k++) print_measures(gradient_step(ideal, taus[k], 0));
    putchar('\n');
}

/* The cosine of partners after the last step at low temperatures: mean over SEEDS runs, and the lowest of all pairs. */
static void print_partners(Arena *arena) {
    static const double low[] = { 0.3, 0.05, 0.02, 0.01 };
    printf("Cosine of the partners after %d steps, seeds 1 to %d\n  tau    mean  lowest pair\n", STEPS, SEEDS);
    for (int k = 0; k < (int)COUNT(low); k++) {
        double sum = 0, lowest = 1;
        for (int seed = 1; seed <= SEEDS; seed++) {
            Mat points = run_descent(arena, seed, low[k])->points[STEPS];
            for (int i = 0; i < N; i++) {
                double cosine = vec_dot(&AT(points, 2 * i, 0), &AT(points, 2 * i + 1, 0), D);
                sum += cosine;
                lowest = MIN(lowest, cosine);
            }
        }
        printf("  %-4g  %5.2f  %5.2f\n", low[k], sum / (SEEDS * N), lowest);
    }
}

static void draw_curves(const Lesson *lesson, Run *const *runs, double octagon) {
    num step[STEPS + 1], align[TAUS][STEPS + 1], uniform[TAUS][STEPS + 1];
    Series left[TAUS], right[TAUS];
    for (int k = 0; k < TAUS; k++) {
        for (int i = 0; i <= STEPS; i++) {
            step[i] = i;
            align[k][i] = runs[k]->at[i].alignment;
            uniform[k][i] = runs[k]->at[i].uniformity;
        }
        left[k] = (Series){ names[k], step, align[k], STEPS + 1 };
        right[k] = (Series){ names[k], step, uniform[k], STEPS + 1 };
    }
    lesson_lines(lesson, "07-alignment",
                 &(Lines){ .title = "Alignment: mean squared distance within a pair",
                           .y = "squared distance",
                           .x = "step",
                           .series = left,
                           .count = TAUS });
    lesson_lines(lesson, "07-uniformity",
                 &(Lines){ .title = "Uniformity: lower is more evenly spread",
                           .y = "uniformity",
                           .x = "step",
                           .series = right,
                           .count = TAUS,
                           .reference_name = "octagon",
                           .reference = octagon });
}

/* Eight points at equal distances on the circle, the minimum of uniformity; texts are equal to pictures. */
static Pairs octagon(Arena *arena) {
    Mat x = mat_new(arena, N, D);
    for (int i = 0; i < N; i++) {
        AT(x, i, 0) = (num)cos(2 * acos(-1) * i / N);
        AT(x, i, 1) = (num)sin(2 * acos(-1) * i / N);
    }
    return (Pairs){ x, x };
}

int main(int argc, char **argv) {
    int seed = 2;
    Lesson lesson = { .number = "07",
                      .title = "Alignment",
                      .takes = "4 seconds",
                      .next = "make lesson-08",
                      .shows = "Gradient descent on the CLIP loss moves eight pairs of points on a circle",
                      .seed = &seed };
    lesson_begin(&lesson, argc, argv);
    Run *runs[TAUS];
    for (int k = 0; k < TAUS; k++) runs[k] = run_descent(&lesson.memory, seed, taus[k]);

    lesson_section(&lesson, "1. Eight random pairs; 300 steps of gradient descent on the CLIP loss");
    Prediction said = lesson_predict_choice(&lesson, (const char *[]){ "0.05", "0.3", "1" }, TAUS, 1,
                                            "At which temperature will the pairs be spread most evenly at the end: "
                                            "0.05, 0.3 or 1?");
    show_motion(&lesson, runs);

    lesson_section(&lesson, "2. Alignment and uniformity, step by step");
    Pairs ideal = octagon(&lesson.memory);
    print_table(runs, ideal);
    lesson_outcome(&lesson, &said, "the temperature with the lowest \"uniform\" at step %d", STEPS);
    draw_curves(&lesson, runs, space_uniformity(ideal.image));

    lesson_section(&lesson, "3. Low temperatures: do all partners meet?");
    print_partners(&lesson.memory);
    return lesson_end(&lesson);
}
