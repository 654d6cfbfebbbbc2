#include "evaluate/embedding_space.h"
#include "core/arena.h"

#include <math.h>
#include <stdlib.h>

static double squared_distance(const num *a, const num *b, int D) {
    double sum = 0;
    for (int d = 0; d < D; d++) {
        double gap = (double)a[d] - (double)b[d];
        sum += gap * gap;
    }
    return sum;
}

double space_alignment(Mat x, Mat y) {
    int N = x.shape[0], D = x.shape[1];
    double sum = 0;
    REQUIRE(N >= 1 && y.shape[0] == N && y.shape[1] == D, "x is %s, y %s", mat_shape_text(x), mat_shape_text(y));
    for (int i = 0; i < N; i++) sum += squared_distance(&AT(x, i, 0), &AT(y, i, 0), D);
    return sum / N;
}

double space_uniformity(Mat x) {
    int N = x.shape[0], D = x.shape[1];
    double sum = 0;
    REQUIRE(N >= 2, "x is %s, want at least 2 rows", mat_shape_text(x));
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++) sum += exp(-2 * squared_distance(&AT(x, i, 0), &AT(x, j, 0), D));
    return log(2 * sum / ((double)N * (N - 1)));
}

double space_gap(Mat x, Mat y) {
    int D = x.shape[1];
    double sum = 0;
    REQUIRE(x.shape[0] >= 1 && y.shape[0] >= 1 && y.shape[1] == D, "x is %s, y %s", mat_shape_text(x),
            mat_shape_text(y));
    for (int d = 0; d < D; d++) {
        double mean = 0, other = 0;
        for (int i = 0; i < x.shape[0]; i++) mean += (double)AT(x, i, d) / x.shape[0];
        for (int i = 0; i < y.shape[0]; i++) other += (double)AT(y, i, d) / y.shape[0];
        sum += (mean - other) * (mean - other);
    }
    return sqrt(sum);
}

typedef struct {
    num score;
    bool right;
} Scored;
static int by_score(const void *a, const void *b) {
    num x = ((const Scored *)a)->score, y = ((const Scored *)b)->score;
    return (x > y) - (x < y);
}

/* U = sum of the ranks of the right ones - R (R + 1) / 2, equal scores with their mean rank;  AUC = U / (R W) */
double space_auc(const num *score, const bool *right, int n) {
    Arena arena = { 0 };
    Scored *all = arena_alloc(&arena, (size_t)MAX(1, n), sizeof *all);
    double ranks = 0, R = 0;
    for (int i = 0; i < n; i++) all[i] = (Scored){ score[i], right[i] };
    qsort(all, (size_t)n, sizeof *all, by_score);
    for (int i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && all[end].score == all[i].score; end++) {
        }
        for (int k = i; k < end; k++) {
            ranks += all[k].right ? 0.5 * (i + 1 + end) : 0;
            R += all[k].right;
        }
    }
    arena_free(&arena);
    return R > 0 && R < n ? (ranks - R * (R + 1) / 2) / (R * (n - R)) : (double)NAN;
}
