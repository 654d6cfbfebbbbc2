/* Lesson 04: temperature. The same five cosines at four temperatures: the probabilities, the gradients, and how the
 * logit scale is learnt. Before: 03 a batch of three. The page is README.md beside this file. */
#include "lesson/lesson.h"
#include "core/softmax.h"

#include <math.h>

enum { N = 5, TAUS = 4, STEPS = 121, RIGHT = 0, WRONG = 1 };

static const num S[N] = { 0.8, 0.6, 0.5, 0.3, 0.1 };
static const double taus[TAUS] = { 0.01, 0.07, 0.5, 1 };

/* Softmax of the n cosines at s, and its entropy, at each temperature. */
static void print_softmax(const num *s, int n) {
    for (int i = 0; i < TAUS; i++) {
        num p[N];
        softmax_row(s, n, 1 / taus[i], p);
        double entropy = entropy_row(p, n);
        printf("  %-4g", taus[i]);
        for (int j = 0; j < n; j++) printf("  %.6f", p[j]);
        printf(entropy < 1e-6 ? "   %8.1e\n" : "   %8.6f\n", entropy);
    }
}

static void show_bars(const Lesson *lesson) {
    Bar bars[TAUS * N];
    char label[TAUS * N][32];
    num p[N];
    for (int i = 0; i < TAUS * N; i++) {
        int j = i % N;
        softmax_row(S, N, 1 / taus[i / N], p);
        if (j == 0) snprintf(label[i], sizeof label[i], "tau = %-4g   S = %.1f", taus[i / N], S[j]);
        else snprintf(label[i], sizeof label[i], "%13sS = %.1f", "", S[j]);
        bars[i] = (Bar){ .label = label[i], .value = p[j], .marked = j == RIGHT };
    }
    lesson_bars(lesson, "04-bars",
                &(Bars){ .title = "Probabilities of five captions with cosines S; the true one has S = 0.8",
                         .values = "probability",
                         .bars = bars,
                         .count = TAUS * N,
                         .decimals = 3,
                         .low = 0,
                         .high = 1 });
}

/* The gradient of L = -log p_truth with respect to the cosines: g_j = (p_j - q_j) / tau. Returns its length. */
static double gradient(double tau, int truth, num g[N]) {
    softmax_row(S, N, 1 / tau, g);
    for (int j = 0; j < N; j++) g[j] = (g[j] - (j == truth)) / (num)tau;
    return vec_norm(g, N);
}

static void print_gradients(int truth, const char *title) {
    num g[N];
    char text[FIGURE_TEXT];
    printf("%s:\n  tau      S = 0.8     S = 0.6     S = 0.5     S = 0.3     S = 0.1      length\n", title);
    for (int i = 0; i < TAUS; i++) {
        double size = gradient(taus[i], truth, g);
        printf("  %-4g", taus[i]);
        for (int j = 0; j < N; j++) printf("  %10s", number_text(g[j], 5, text));
        printf("  %10.6f\n", size);
    }
}

/* The temperature at which the gradient of the right answer is longest. The curve has one maximum: ternary search. */
static double steepest_tau(void) {
    num g[N];
    double low = 0.01, high = 1;
    while (high - low > 1e-9) {
        double a = low + (high - low) / 3, b = high - (high - low) / 3;
        if (gradient(a, RIGHT, g) < gradient(b, RIGHT, g)) low = a;
        else high = b;
    }
    return low;
}

static void draw_gradients(const Lesson *lesson) {
    num tau[STEPS], right[STEPS], wrong[STEPS], g[N];
    for (int i = 0; i < STEPS; i++) {
        tau[i] = (num)pow(10, -2 + 3.0 * i / (STEPS - 1));
        right[i] = (num)gradient(tau[i], RIGHT, g);
        wrong[i] = (num)gradient(tau[i], WRONG, g);
    }
    Series series[] = { { "truth 0.8, ranked first", tau, right, STEPS },
                        { "truth 0.6, ranked second", tau, wrong, STEPS } };
    lesson_lines(lesson, "04-gradient",
                 &(Lines){ .title = "Length of the gradient of one row, against the temperature",
                           .x = "tau",
                           .y = "length of dL/dS",
                           .series = series,
                           .count = 2,
                           .log_x = true,
                           .log_y = true });
}

/* dL/ds for logits s S: sum_j p_j S_j - S_truth, the mean cosine under p minus the cosine of the truth. */
static double scale_gradient(double s, int truth) {
    num p[N];
    double sum = 0;
    softmax_row(S, N, s, p);
    for (int j = 0; j < N; j++) sum += p[j] * (S[j] - S[truth]);
    return sum;
}

/* Five steps of gradient descent on the scale s, once on s itself and once on t with s = e^t; the truth is 0.3. The
 * learning rates are chosen so that the first steps are equal to first order: ds = s dt. */
static double learn_scale(void) {
    double s = 1 / 0.07, t = log(s), rate = 10, rate_t = rate / (s * s);
    printf("  step         s     e^t\n");
    for (int step = 0;; step++) {
        printf("  %4d %9.4f  %9.4f\n", step, s, exp(t));
        if (step == 5) return s;
        s -= rate * scale_gradient(s, 3);
        t -= rate_t * exp(t) * scale_gradient(exp(t), 3);
    }
}

static void print_limits(void) {
    static const double scales[] = { 1, 1 / 0.07, 100, 1000 };
    printf("  scale         dL/ds         loss   gradient of a wrong answer\n");
    for (int i = 0; i < (int)COUNT(scales); i++) {
        num g[N];
        printf("  %8.3f  %.2e  %.5e  %12.3f\n", scales[i], scale_gradient(scales[i], RIGHT),
               cross_entropy_row(S, N, scales[i], RIGHT), gradient(1 / scales[i], WRONG, g));
    }
}

int main(int argc, char **argv) {
    Lesson lesson = { .number = "04",
                      .title = "Temperature",
                      .takes = "1 second",
                      .next = "make lesson-05",
                      .shows =
                          "The same five cosines at four temperatures: probabilities, gradients, the logit scale" };
    lesson_begin(&lesson, argc, argv);

    lesson_section(&lesson, "1. One picture, five captions: softmax of S / tau, and its entropy");
    Prediction said =
        lesson_predict_number(&lesson, 0, 1, "The cosines are 0.8 0.6 0.5 0.3 0.1. What does 0.8 get at tau = 1?");
    printf("  tau   S = 0.8   S = 0.6   S = 0.5   S = 0.3   S = 0.1    entropy\n");
    print_softmax(S, N);
    term_say("Largest possible entropy: log 5 = %.6f. The order is the same in every row.\n", log(N));
    num p[N];
    softmax_row(S, N, 1, p);
    lesson_outcome_number(&lesson, &said, p[RIGHT], 6);
    show_bars(&lesson);

    lesson_section(&lesson, "2. The gradient dL/dS = (p - q) / tau, and its length");
    said =
        lesson_predict_number(&lesson, 0, 1e6, "The truth is 0.8, ranked first. At which tau is its gradient longest?");
    print_gradients(RIGHT, "The truth is 0.8, ranked first");
    print_gradients(WRONG, "The truth is 0.6, ranked second");
    term_say("The gradient of the right answer is longest at tau = %.4f.\n", steepest_tau());
    lesson_outcome_number(&lesson, &said, steepest_tau(), 4);
    draw_gradients(&lesson);

    lesson_section(&lesson, "3. The share of each wrong caption in the gradient, truth 0.8");
    printf("  tau   S = 0.6   S = 0.5   S = 0.3   S = 0.1    entropy\n");
    print_softmax(S + 1, N - 1); /* p_j / (1 - p_truth) is the softmax without the truth */

    lesson_section(&lesson, "4. Learning the logit scale s = 1 / tau: directly, or as e^t?");
    said = lesson_predict_number(&lesson, -1e6, 1e6,
                                 "Truth 0.3: s falls from 14.3 by 4.9 in the first step. Where is it after five?");
    double s = learn_scale();
    term_say("s is negative: the least similar caption now gets the largest logit. e^t stays positive.\n");
    lesson_outcome_number(&lesson, &said, s, 4);

    lesson_section(&lesson, "5. Why clamp at 100? The truth (0.8) is ranked first: a larger scale is always better");
    print_limits();
    term_say("From 1 / 0.07 to 100, t rises by log 7 = %.6f; there it is clamped.\n", log(7));
    return lesson_end(&lesson);
}
