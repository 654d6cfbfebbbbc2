#include "exam.h"

static double total(const num *x, int n, double shift) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += exp((double)x[i] - shift);
    return sum;
}

static double largest(const num *x, int n) {
    double most = (double)x[0];
    for (int i = 1; i < n; i++) most = fmax(most, (double)x[i]);
    return most;
}

/* ---- softmax ----------------------------------------------------------------------------------------------------- */

static void softmax_case(const num *given, int n) {
    const num *x = exam_copy(given, n);
    Mat p = exam_room(1, n);
    exam_case("x = %s", exam_vector(x, n));
    softmax(x, n, p.v);
    double most = largest(x, n);
    for (int i = 0; i < n; i++) {
        double z = (double)x[i], shifted = exp(z - most);
        exam_number((double)p.v[i], (double[]){ shifted / total(x, n, most), exp(z) / total(x, n, 0), shifted, exp(z),
                    z - most - log(total(x, n, most)) }, "p[%d]", i);
    }
}

static void check_softmax(void) {
    softmax_case((num[]){ 0, (num)log(3) }, 2);
    softmax_case((num[]){ 1, 2, 3, -1 }, 4);
    for (int k = 0; k < 3; k++) softmax_case(exam_random(1, 3 + 4 * k, 2).v, 3 + 4 * k);
    softmax_case((num[]){ 1000, 1000 }, 2);
    softmax_case((num[]){ 1000, 1001, 990 }, 3);
    softmax_case((num[]){ -2000, -2001 }, 2);
}

/* ---- cross-entropy ----------------------------------------------------------------------------------------------- */

static void cross_entropy_case(Mat x, const int *target) {
    int B = x.shape[0], N = x.shape[1];
    double sum = 0, naive = 0;
    for (int b = 0; b < B; b++) {
        const num *row = &AT(x, b, 0);
        double most = largest(row, N), z = (double)row[target[b]];
        sum += log(total(row, N, most)) + most - z;
        naive += -log(exp(z) / total(row, N, 0));
    }
    exam_case("x = %s, target = %s", exam_matrix(x), exam_ints(target, B));
    exam_number(cross_entropy(x, target), (double[]){ sum / B, naive / B, sum / B / log(10), -sum / B, sum },
                "cross_entropy(x, target)");
}

static void check_cross_entropy(void) {
    cross_entropy_case(exam_from(2, 2, (double[]){ 0, log(3), 0, 0 }), (int[]){ 1, 0 });
    cross_entropy_case(exam_from(3, 3, (double[]){ 2, 0, 1, 0, 0, 0, -1, 4, 0.5 }), (int[]){ 0, 1, 2 });
    for (int k = 0; k < 3; k++) {
        int target[9], B = 4 + k, N = 3 + k;
        for (int b = 0; b < B; b++) target[b] = (int)rng_below(exam_rng(), (uint32_t)N);
        cross_entropy_case(exam_random(B, N, 2), target);
    }
    cross_entropy_case(exam_from(2, 3, (double[]){ 1000, 1001, 1002, -3000, -2999, -3001 }), (int[]){ 1, 0 });
}

static const Part parts[] = {
    { .name = "softmax", .check = check_softmax, .tolerance = 1e-5,
      .mistakes = {
          { "no-max", "the largest score was not taken off first: exp of it is infinite, and infinite / infinite "
                      "is not a number" },
          { "not-divided", "exp(x[i]) was not divided by the sum" },
          { "not-divided", "exp(x[i]) was not divided by the sum" },
          { "logarithm", "this is the logarithm of the softmax" },
      } },
    { .name = "cross_entropy", .check = check_cross_entropy, .tolerance = 1e-5,
      .mistakes = {
          { "no-max", "the largest score of the row was not taken off first: exp of it is infinite" },
          { "log10", "log10 was taken: the cross-entropy is in nats, of the natural logarithm, log in C" },
          { "sign", "the minus is missing: p is below 1, its logarithm below 0, and a loss is not negative" },
          { "sum", "the mean was forgotten: this is the sum over the rows, B times as much" },
      } },
};

const Exam exam = {
    .number = "03", .title = "softmax", .parts = parts, .count = COUNT(parts),
    .proved = "any scores become probabilities, however large, and the truth has a price.",
    .in_clip = "op_cross_entropy in lib/autograd/op_cross_entropy.c; a row's loss starts near log N, N the size of the batch.",
};
