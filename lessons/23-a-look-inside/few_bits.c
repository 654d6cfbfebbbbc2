#include "few_bits.h"

#include <math.h>
#include <string.h>

enum { SIZES = 40, FULL = 32 };

static double level(double x, double s, double half) { return s * (fmin(half - 1, fmax(-half, floor(x / s))) + 0.5); }

void bits_round(num *x, int n, int bits) {
    double largest = 0, best = INFINITY, chosen = 0, half = ldexp(1, bits - 1); /* of the levels */
    for (int i = 0; i < n; i++) largest = fmax(largest, fabs((double)x[i]));
    if (bits == FULL || largest == 0) return;
    for (int k = 1; k <= SIZES; k++) { /* at k = SIZES the outermost level is the largest number */
        double s = k * 2 * largest / (SIZES * (2 * half - 1)), off = 0;
        for (int i = 0; i < n && off < best; i++) {
            double d = (double)x[i] - level((double)x[i], s, half);
            off += d * d;
        }
        if (off < best) {
            best = off;
            chosen = s;
        }
    }
    for (int i = 0; i < n; i++) x[i] = (num)level((double)x[i], chosen, half);
}

Mat bits_features(Arena *arena, Mat features, const num *mean, int bits) {
    Mat out = mat_like(arena, features);
    int E = features.shape[1];
    for (int r = 0; r < features.shape[0]; r++) {
        for (int c = 0; c < E; c++) AT(out, r, c) = AT(features, r, c) - (mean ? mean[c] : 0);
        bits_round(&AT(out, r, 0), E, bits);
        for (int c = 0; mean && c < E; c++) AT(out, r, c) += mean[c];
    }
    return out;
}

double bits_feature_bytes(int E, int bits) { return E * bits / 8.0 + (bits == FULL ? 0 : 4); }

double bits_weights(Clip *clip, int bits) {
    double bytes = 0;
    for (int i = 0; i < clip->params.count; i++) {
        Mat m = clip->params.list[i]->val;
        size_t count = mat_count(m);
        if (m.dims < 2 || bits == FULL) {
            bytes += 4.0 * (double)count;
            continue;
        }
        int rows = m.shape[0], each = (int)(count / (size_t)rows);
        for (int r = 0; r < rows; r++) bits_round(m.v + (size_t)r * (size_t)each, each, bits);
        bytes += (double)count * bits / 8 + 4.0 * rows;
    }
    return bytes;
}
