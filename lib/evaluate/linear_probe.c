#include "evaluate/linear_probe.h"
#include "core/lbfgs.h"
#include "core/softmax.h"
#include "kernels/gemm.h"

#include <string.h>

enum { STEPS = 200 };
static const double TOLERANCE = 1e-4; /* of a gradient that is computed in floats */

static int dimensions(const ProbeData *data) { return data->x.shape[1]; }
static int numbers(const ProbeData *data) { return data->classes * (dimensions(data) + 1); }

/* z = x W^T + b          x [m,D], W [C,D], b [C] -> [m,C], on the arena */
static Mat scores(Arena *arena, Mat x, const num *weight, const num *bias, int C) {
    int D = x.shape[1], m = x.shape[0];
    Mat z = mat_new(arena, m, C);
    Gemm product = { .transpose_b = true, .M = m, .N = C, .K = D, .lda = D, .ldb = D, .ldc = C };
    product.a = x.v;
    product.b = weight;
    product.bias = bias;
    product.c = z.v;
    gemm_run(product);
    return z;
}

double linear_probe_loss(const ProbeData *data, const double *w, double *gradient) {
    Arena work = { 0 };
    int n = data->x.shape[0], D = dimensions(data), C = data->classes, count = numbers(data);
    num *narrow = arena_alloc(&work, (size_t)count, sizeof *narrow),
        *dw = arena_alloc(&work, (size_t)count, sizeof *dw);
    double loss = 0, squares = 0;
    for (int i = 0; i < count; i++) narrow[i] = (num)w[i];
    Mat z = scores(&work, data->x, narrow, narrow + C * D, C);
    for (int i = 0; i < n; i++) {
        num *row = &AT(z, i, 0);
        loss += cross_entropy_row(row, C, 1, data->labels[i]) / n;
        softmax_row(row, C, 1, row);
        row[data->labels[i]] -= 1;
        for (int c = 0; c < C; c++) row[c] /= (num)n;
    }
    gemm(true, false, C, D, n, z.v, C, data->x.v, D, false, dw, D);
    memset(dw + C * D, 0, (size_t)C * sizeof *dw);
    rows_add(z.v, (size_t)n, C, dw + C * D);
    for (int i = 0; i < count; i++) {
        double decayed = i < C * D ? data->decay * w[i] : 0;
        gradient[i] = (double)dw[i] + decayed;
        squares += decayed * w[i];
    }
    arena_free(&work);
    return loss + squares / 2;
}

static double value(void *context, const double *w, double *gradient) {
    return linear_probe_loss(context, w, gradient);
}

LinearProbe linear_probe_fit(const ProbeData *data, Arena *arena) {
    REQUIRE(data->x.shape[0] >= 1 && data->classes >= 2 && data->decay > 0,
            "features %s, %d classes, decay %g: want a row, two classes and a decay above 0", mat_shape_text(data->x),
            data->classes, data->decay);
    Arena work = { 0 };
    ProbeData copy = *data;
    int C = data->classes, D = dimensions(data), count = numbers(data);
    double *w = arena_zero(&work, (size_t)count, sizeof *w);
    LbfgsResult r = lbfgs_minimise(&(Lbfgs){ count, value, &copy, STEPS, TOLERANCE }, &work, w);
    LinearProbe probe = { .weight = mat_new(arena, C, D),
                          .loss = r.value,
                          .gradient = r.gradient,
                          .steps = r.steps,
                          .converged = r.converged };
    probe.bias = arena_alloc(arena, (size_t)C, sizeof *probe.bias);
    for (int i = 0; i < C * D; i++) probe.weight.v[i] = (num)w[i];
    for (int c = 0; c < C; c++) probe.bias[c] = (num)w[C * D + c];
    arena_free(&work);
    return probe;
}

Mat linear_probe_scores(const LinearProbe *probe, Arena *arena, Mat x) {
    return scores(arena, x, probe->weight.v, probe->bias, probe->weight.shape[0]);
}
