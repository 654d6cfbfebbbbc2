#include "modality_gap.h"
#include "evaluate/embedding_space.h"

#include <math.h>

/* The mean of the rows, [E]. */
static double *row_mean(Arena *arena, Mat m) {
    double *mean = arena_zero(arena, (size_t)m.shape[1], sizeof *mean);
    for (int r = 0; r < m.shape[0]; r++)
        for (int c = 0; c < m.shape[1]; c++) mean[c] += (double)AT(m, r, c) / m.shape[0];
    return mean;
}

/* The mean cosine of two different rows of n unit vectors: (|sum|^2 - n) / (n (n - 1)). */
static double mean_cosine(const double *mean, int n, int E) {
    double square = 0;
    for (int c = 0; c < E; c++) square += mean[c] * mean[c];
    return (square * n - 1) / (n - 1);
}

Gap gap_measure(Mat images, const uint8_t *label, Mat texts) {
    int n = images.shape[0], C = texts.shape[0], E = images.shape[1];
    REQUIRE(n >= 2 && C >= 2 && texts.shape[1] == E, "%s and %s are too few", mat_shape_text(images),
            mat_shape_text(texts));
    Arena arena = { 0 };
    const double *image = row_mean(&arena, images), *text = row_mean(&arena, texts);
    Gap gap = { .pictures = mean_cosine(image, n, E), .texts = mean_cosine(text, C, E) };
    gap.distance = space_gap(images, texts);
    for (int i = 0; i < n; i++)
        for (int c = 0; c < C; c++) {
            double cosine = vec_dot(&AT(images, i, 0), &AT(texts, c, 0), E);
            if (c == label[i]) gap.own += cosine / n;
            else gap.other += cosine / n / (C - 1);
        }
    arena_free(&arena);
    return gap;
}

static Mat moved(Arena *arena, Mat texts, const double *by, double lambda) {
    Mat out = mat_like(arena, texts);
    for (int r = 0; r < texts.shape[0]; r++)
        for (int c = 0; c < texts.shape[1]; c++) AT(out, r, c) = (num)((double)AT(texts, r, c) + lambda * by[c]);
    mat_normalise_rows(out);
    return out;
}

static double *delta(Arena *arena, Mat images, Mat texts) {
    double *by = row_mean(arena, images);
    const double *text = row_mean(arena, texts);
    for (int c = 0; c < texts.shape[1]; c++) by[c] -= text[c];
    return by;
}

Mat gap_move(Arena *arena, Mat images, Mat texts, double lambda) {
    return moved(arena, texts, delta(arena, images, texts), lambda);
}

Mat gap_move_random(Arena *arena, Mat images, Mat texts, double lambda, uint64_t seed) {
    double *by = delta(arena, images, texts), length = 0, drawn = 0;
    Rng rng = rng_seed(seed, 0);
    for (int c = 0; c < texts.shape[1]; c++) {
        length += by[c] * by[c];
        by[c] = rng_normal(&rng);
        drawn += by[c] * by[c];
    }
    for (int c = 0; c < texts.shape[1]; c++) by[c] *= sqrt(length / drawn);
    return moved(arena, texts, by, lambda);
}
