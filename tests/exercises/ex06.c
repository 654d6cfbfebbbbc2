#include "exam.h"

enum { RIGHT, NO_PAD, EDGE, NO_STRIDE, FLIPPED, TURNED, NO_BIAS, MODELS };

static int inside(int at, int size) { return MIN(MAX(at, 0), size - 1); }

/* y[b,h,w,o], as the model makes it. */
static double place(ConvShape s, const num *x, const num *weight, const num *bias, int model, const int *at) {
    int K = s.kernel, stride = model == NO_STRIDE ? 1 : s.stride, pad = model == NO_PAD ? 0 : s.pad, o = at[3];
    double sum = bias && model != NO_BIAS ? (double)bias[o] : 0;
    for (int i = 0; i < K; i++)
        for (int j = 0; j < K; j++) {
            int row = at[1] * stride + i - pad, col = at[2] * stride + j - pad;
            bool out = row < 0 || row >= s.H || col < 0 || col >= s.W;
            if (out && model != EDGE) continue;
            row = inside(row, s.H), col = inside(col, s.W);
            int wi = model == FLIPPED ? K - 1 - i : model == TURNED ? j : i;
            int wj = model == FLIPPED ? K - 1 - j : model == TURNED ? i : j;
            for (int c = 0; c < s.C; c++)
                sum += (double)weight[((o * s.C + c) * K + wi) * K + wj] *
                       (double)x[((at[0] * s.H + row) * s.W + col) * s.C + c];
        }
    return sum;
}

static void convolution_case(ConvShape s, Mat x, Mat weight, const num *bias) {
    int P = conv_out(s.H, s.kernel, s.stride, s.pad), Q = conv_out(s.W, s.kernel, s.stride, s.pad);
    Mat y = exam_room(1, s.B * P * Q * s.outputs);
    exam_case("B %d, H %d, W %d, C %d, outputs %d, kernel %d, stride %d, pad %d; x = %s, weight = %s, bias = %s", s.B,
              s.H, s.W, s.C, s.outputs, s.kernel, s.stride, s.pad, exam_vector(x.v, (int)mat_count(x)),
              exam_vector(weight.v, (int)mat_count(weight)), bias ? exam_vector(bias, s.outputs) : "NULL");
    convolution(s, x.v, weight.v, bias, y.v);
    for (int i = 0; i < (int)mat_count(y); i++) {
        int o = i % s.outputs, w = i / s.outputs % Q, h = i / s.outputs / Q % P, b = i / s.outputs / Q / P;
        double models[MODELS];
        for (int m = 0; m < MODELS; m++) models[m] = place(s, x.v, weight.v, bias, m, (int[]){ b, h, w, o });
        exam_number((double)y.v[i], models, "y[%d,%d,%d,%d], picture %d, row %d, column %d, channel %d", b, h, w, o, b,
                    h, w, o);
    }
}

static void random_case(ConvShape s) {
    convolution_case(s, exam_random(1, s.B * s.H * s.W * s.C, 1),
                     exam_random(1, s.outputs * s.C * s.kernel * s.kernel, 1), exam_random(1, s.outputs, 1).v);
}

static void check_convolution(void) {
    Arena *arena = exam_arena();
    Mat ones = mat_new(arena, 3, 3), x = mat_new(arena, 4, 4), edge = mat_zero(arena, 3, 3);
    for (int i = 0; i < 9; i++) ones.v[i] = 1;
    for (int i = 0; i < 16; i++) x.v[i] = (num)(i * i % 11);
    AT(edge, 0, 0) = 1, AT(edge, 0, 1) = 2, AT(edge, 2, 1) = -3;
    convolution_case((ConvShape){ 1, 3, 3, 1, 1, 3, 1, 1 }, ones, ones, NULL);
    convolution_case((ConvShape){ 1, 4, 4, 1, 1, 3, 1, 0 }, x, edge, (num[]){ 0.5 });
    convolution_case((ConvShape){ 1, 4, 4, 1, 1, 3, 1, 1 }, x, edge, (num[]){ 0.5 });
    random_case((ConvShape){ 2, 5, 6, 2, 3, 3, 1, 1 });
    random_case((ConvShape){ 1, 7, 6, 3, 2, 3, 2, 1 });
    random_case((ConvShape){ 1, 8, 9, 1, 2, 3, 3, 0 });
    random_case((ConvShape){ 1, 4, 5, 2, 2, 2, 1, 0 });
}

static const Part parts[] = {
    { .name = "convolution", .check = check_convolution, .tolerance = 1e-4,
      .mistakes = {
          { "padding", "the padding was left out: the window begins at row h*stride - pad, not at h*stride" },
          { "padding", "beyond the edge stands the edge's own number: padding is 0" },
          { "stride", "the stride was left out: window h begins at h*stride - pad, not at h - pad" },
          { "flipped", "the kernel is flipped: weight[i,j] goes with row + i and column + j, not with row - i and "
                       "column - j" },
          { "turned", "rows and columns of the kernel are exchanged" },
          { "no-bias", "the bias was not added" },
      } },
};

const Exam exam = {
    .number = "06", .title = "convolution", .parts = parts, .count = COUNT(parts),
    .proved = "seven loops are a layer; the same nine numbers look at every place of the picture.",
    .in_clip = "the first layer of every image tower; lib/kernels/conv.c does the same work much faster.",
};
