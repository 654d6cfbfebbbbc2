#include "kernels/winograd.h"
#include "kernels/kernel.h"

#include <string.h>

/* The formula in one dimension, F(4, 3). Four neighbouring results of a kernel of three read six numbers: they are part
 * of the product of two polynomials, with 4 and 3 coefficients, transposed. A polynomial with 6 coefficients is
 * determined by its values at 6 points, and the value of a product is the product of the values: 6 multiplications
 * instead of 4 * 3 = 12. The points are 0, 1, -1, 2, -2 and infinity (the highest coefficient): their values need only
 * additions and small factors. In two dimensions: 36 multiplications instead of 144.
 *
 * The gain. For one tile, C channels and N outputs, the element-wise product is 36 C N multiply-adds, 36 C N / 32
 * cycles; by the definition it is 144 C N / 32. The input transform takes about 150 instructions for 16 channels, the
 * output transform as many for 16 outputs, but their numbers come from far and go far: up to 500 cycles were measured.
 * For C = N = 256 that is 73,700 cycles instead of 295,000, and 16,000 for the transforms.
 *
 * As matrix products. The element-wise product, summed over channels, is for each of the 36 points a matrix product,
 *     [tiles, C] [C, N] -> [tiles, N]
 * for the micro-kernel. A thread takes a group of tiles, whose transformed inputs V [36][tiles][C] and sums M
 * [36][tiles][N] stay in L3: 1.8 MB of floats each for 48 tiles and C = N = 256. One point of them, 49 KB, stays in L2
 * while the 4 panels of U at that point, 65 KB each, pass. All of U, 9.4 MB, is read once per group: in 3.5 million
 * cycles, 2.7 bytes per cycle, which L3 delivers. A single image gains little, because the 9 numbers of a kernel became
 * 36; but the bits of an image must not depend on the batch, so the batch does not decide. */
enum { SIDE = 4, KERNEL = 3, WINDOW = 6, POINTS = WINDOW * WINDOW, PLACES = SIDE * SIDE, CELLS = KERNEL * KERNEL };

/* Input transform: v = B^T d, 6 from 6 numbers; `in` and `out` are the distances between them. */
INLINE void transform_input(const Vec *d, int in, Vec *v, int out) {
    Vec a = d[4 * in] - d[2 * in] * 4, b = d[3 * in] - d[in] * 4;
    Vec e = d[4 * in] - d[2 * in], f = (d[3 * in] - d[in]) * 2;
    v[0] = d[0] * 4 - d[2 * in] * 5 + d[4 * in];
    v[out] = a + b;
    v[2 * out] = a - b;
    v[3 * out] = e + f;
    v[4 * out] = e - f;
    v[5 * out] = d[in] * 4 - d[3 * in] * 5 + d[5 * in];
}

/* Output transform: y = A^T m, 4 from 6. */
INLINE void transform_output(const Vec *m, int in, Vec *y, int out) {
    Vec a = m[in] + m[2 * in], b = m[in] - m[2 * in], c = m[3 * in] + m[4 * in], d = m[3 * in] - m[4 * in];
    y[0] = m[0] + a + c;
    y[out] = b + d * 2;
    y[2 * out] = a + c * 4;
    y[3 * out] = b + d * 8 + m[5 * in];
}

/* Gradient transform: u = A y, 6 from 4. */
INLINE void transform_gradient(const Vec *y, int in, Vec *u, int out) {
    Vec a = y[0] + y[2 * in], b = y[in] + y[3 * in], c = y[0] + y[2 * in] * 4, d = (y[in] + y[3 * in] * 4) * 2;
    u[0] = y[0];
    u[out] = a + b;
    u[2 * out] = a - b;
    u[3 * out] = c + d;
    u[4 * out] = c - d;
    u[5 * out] = y[3 * in];
}

/* Kernel transform: u = G g, 6 from 3. */
INLINE void transform_kernel(const Vec *g, int in, Vec *u, int out) {
    const num sixth = (num)1 / 6, part = (num)1 / 24;
    Vec a = (g[0] + g[2 * in]) * -sixth, b = (g[0] + g[2 * in] * 4) * part, c = g[in] * sixth, d = g[in] * (2 * part);
    u[0] = g[0] * (num)0.25;
    u[out] = a - c;
    u[2 * out] = a + c;
    u[3 * out] = b + d;
    u[4 * out] = b - d;
    u[5 * out] = g[2 * in];
}

/* Its transpose: g = G^T s, 3 from 6. */
INLINE void transform_kernel_back(const Vec *s, int in, Vec *g, int out) {
    const num sixth = (num)1 / 6, part = (num)1 / 24;
    Vec a = (s[in] + s[2 * in]) * sixth, b = s[3 * in] + s[4 * in];
    g[0] = s[0] * (num)0.25 - a + b * part;
    g[out] = (s[2 * in] - s[in]) * sixth + (s[3 * in] - s[4 * in]) * (2 * part);
    g[2 * out] = b * sixth - a + s[5 * in];
}

/* ---- the transforms in two dimensions: T d T^T ------------------------------------------------------------------ */

typedef void Transform(const Vec *from, int in, Vec *to, int out);

/* T d T^T of d [n,n]: 6 x 6 vectors, stored `point` apart. */
INLINE void transform_store(Transform *transform, const Vec *d, int n, num *to, size_t point) {
    Vec half[POINTS], v[WINDOW];
    UNROLL
    for (int j = 0; j < n; j++) transform(d + j, n, half + j, n);
    UNROLL
    for (int i = 0; i < WINDOW; i++) {
        transform(half + i * n, 1, v, 1);
        UNROLL
        for (int j = 0; j < WINDOW; j++) vec_store(to + (size_t)(i * WINDOW + j) * point, v[j]);
    }
}

/* out [n,n] = T m T^T of 6 x 6 vectors m, `point` apart. */
INLINE void load_transform(Transform *transform, const num *m, size_t point, Vec *out, int n) {
    Vec half[SIDE * WINDOW], line[WINDOW];
    UNROLL
    for (int j = 0; j < WINDOW; j++) {
        UNROLL
        for (int i = 0; i < WINDOW; i++) line[i] = vec_load(m + (size_t)(i * WINDOW + j) * point);
        transform(line, 1, half + j, WINDOW);
    }
    UNROLL
    for (int i = 0; i < n; i++) transform(half + i * WINDOW, 1, out + i * n, 1);
}

/* Images [B,H,W,channels] in down x across tiles of 4 x 4. Tile t: row t / across % down, column t % across. */
typedef struct {
    int H, W, channels, down, across;
} Grid;

static Grid grid(ConvShape s, int channels) {
    return (Grid){ s.H, s.W, channels, (s.H + SIDE - 1) / SIDE, (s.W + SIDE - 1) / SIDE };
}

/* Where the pixels of tile t are, `side` x `side` from (-pad, -pad) of its corner; -1 outside of the image. */
static void tile_places(Grid g, size_t t, int side, int pad, ptrdiff_t *at) {
    size_t tiles = (size_t)g.down * (size_t)g.across;
    int h0 = (int)(t % tiles / (size_t)g.across) * SIDE - pad, w0 = (int)(t % (size_t)g.across) * SIDE - pad;
    size_t picture = t / tiles * (size_t)g.H;
    for (int i = 0; i < side * side; i++) {
        int h = h0 + i / side, w = w0 + i % side;
        bool inside = 0 <= h && h < g.H && 0 <= w && w < g.W;
        at[i] = inside ? (ptrdiff_t)(((picture + (size_t)h) * (size_t)g.W + (size_t)w) * (size_t)g.channels) : -1;
    }
}

/* Where the vector of channel c begins: the last one ends with the last channel and computes some channels twice. */
INLINE int vector_start(int channels, int c) { return MIN(c, channels - LANES); }
INLINE Vec load_inside(const num *x, ptrdiff_t at, int c) { return at < 0 ? (Vec){ 0 } : vec_load(x + at + c); }

/* Transformed tiles, [POINTS][tiles][channels]; those of dY are packed for the right side of the micro-kernel,
 * [POINTS][panels][tiles][PANEL]. `row`, `panel` and `point` are distances, some longer than needed, so that cache
 * lines that are used together do not fall into the same cache set. */
typedef struct {
    num *v;
    size_t row, panel, point;
} Transformed;

static size_t transformed_row(int channels) { return (size_t)channels + 64 / sizeof(num); }
static size_t transformed_point(size_t tiles, int channels) {
    return tiles * transformed_row(channels) + 64 / sizeof(num);
}

/* V = B^T d B of tile t, which is number `row` of its group. */
static void tile_input(Grid g, const num *x, size_t t, Transformed to, size_t row) {
    ptrdiff_t at[POINTS];
    tile_places(g, t, WINDOW, 1, at);
    for (int step = 0; step < g.channels; step += LANES) {
        int c = vector_start(g.channels, step);
        Vec d[POINTS];
        UNROLL
        for (int i = 0; i < WINDOW; i++) UNROLL
        for (int j = 0; j < WINDOW; j++) d[i * WINDOW + j] = load_inside(x, at[i * WINDOW + j], c);
        transform_store(transform_input, d, WINDOW, to.v + row * to.row + (size_t)c, to.point);
    }
}

/* A dY A^T of tile t. */
static void tile_gradient(Grid g, const num *dy, size_t t, Transformed to, size_t row) {
    ptrdiff_t at[PLACES];
    tile_places(g, t, SIDE, 0, at);
    for (int c = 0; c < g.channels; c += LANES) {
        Vec y[PLACES];
        UNROLL
        for (int i = 0; i < PLACES; i++) y[i] = load_inside(dy, at[i], c);
        num *out = to.v + (size_t)(c / PANEL) * to.panel + row * PANEL + (size_t)(c % PANEL);
        transform_store(transform_gradient, y, SIDE, out, to.point);
    }
}

/* Stores one vector of the result, whose first `done` numbers were stored before. */
INLINE void output_store(num *to, Vec v, bool accumulate, int done) {
    if (accumulate && done > 0)
        for (int l = done; l < LANES; l++) to[l] += v[l];
    else vec_store(to, accumulate ? vec_load(to) + v : v);
}

/* y (+)= A^T M A + bias of tile t. */
static void tile_output(Grid g, Transformed from, size_t row, const num *bias, bool accumulate, num *y, size_t t) {
    ptrdiff_t at[PLACES];
    tile_places(g, t, SIDE, 0, at);
    for (int step = 0; step < g.channels; step += LANES) {
        int n = vector_start(g.channels, step);
        Vec out[PLACES], add = bias ? vec_load(bias + n) : (Vec){ 0 };
        load_transform(transform_output, from.v + row * from.row + (size_t)n, from.point, out, SIDE);
        UNROLL
        for (int i = 0; i < PLACES; i++)
            if (at[i] >= 0) output_store(y + at[i] + n, out[i] + add, accumulate, step - n);
    }
}

/* Both are one convolution. weight[o * out_stride + c * in_stride + cell]; for the backward the cells are rotated by
 * 180 degrees. U = G g G^T is [POINTS][panels][channels][width]. */
typedef struct {
    Grid from, to;
    const num *x, *weight, *bias;
    num *y, *kernels;
    char *workers;
    size_t tiles, group, worker_bytes, out_stride, in_stride;
    bool rotated, accumulate;
} Pass;

static size_t kernels_point(const Pass *w) {
    return (size_t)panel_count(w->to.channels) * PANEL * (size_t)w->from.channels + 64 / sizeof(num);
}

/* A piece is one vector of outputs, with all channels; outputs from N on are zeros. */
static void transform_kernels(void *context, size_t begin, size_t end) {
    const Pass *w = context;
    size_t point = kernels_point(w), C = (size_t)w->from.channels, N = (size_t)w->to.channels;
    for (size_t n = begin * LANES; n < end * LANES; n += LANES)
        for (size_t c = 0; c < C; c++) {
            int p = (int)(n / PANEL);
            size_t width = (size_t)vecs_width(panel_cols(w->to.channels, p));
            num *to = w->kernels + (size_t)p * PANEL * C + c * width + n % PANEL;
            const num *from = w->weight + n * w->out_stride + c * w->in_stride;
            num cells[CELLS][LANES] = { { 0 } };
            Vec g[CELLS];
            for (size_t l = 0; l < LANES && n + l < N; l++)
                for (size_t i = 0; i < CELLS; i++)
                    cells[w->rotated ? CELLS - 1 - i : i][l] = from[l * w->out_stride + i];
            UNROLL
            for (int i = 0; i < CELLS; i++) g[i] = vec_load(cells[i]);
            transform_store(transform_kernel, g, KERNEL, to, point);
        }
}

/* M = V U for `rows` tiles, at one point. */
static void multiply_point(const Pass *w, int point, Transformed v, Transformed m, size_t rows) {
    size_t C = (size_t)w->from.channels;
    for (int p = 0; p < panel_count(w->to.channels); p++) {
        int cols = vecs_width(panel_cols(w->to.channels, p));
        const num *panel = w->kernels + (size_t)point * kernels_point(w) + (size_t)p * PANEL * C;
        RegisterTile t = tile_product(C, 1, panel, (size_t)cols, cols);
        micro_kernel_rows(&t, rows, v.v + (size_t)point * v.point, v.row, m.v + (size_t)point * m.point + p * PANEL,
                          m.row);
    }
}

static void pass_pieces(void *context, size_t begin, size_t end) {
    const Pass *w = context;
    Transformed v = { .row = transformed_row(w->from.channels),
                      .point = transformed_point(w->group, w->from.channels) };
    Transformed m = { .row = transformed_row(w->to.channels), .point = transformed_point(w->group, w->to.channels) };
    v.v = (num *)(void *)(w->workers + (size_t)thread_self() * w->worker_bytes);
    m.v = v.v + POINTS * v.point;
    for (size_t first = begin; first < end; first += w->group) {
        size_t rows = MIN(w->group, end - first);
        for (size_t i = 0; i < rows; i++) tile_input(w->from, w->x, first + i, v, i);
        for (int point = 0; point < POINTS; point++) multiply_point(w, point, v, m, rows);
        for (size_t i = 0; i < rows; i++) tile_output(w->to, m, i, w->bias, w->accumulate, w->y, first + i);
    }
}

enum { GROUP_BYTES = 6 << 20, GROUP_MAX = 96, GROUP_FEW = 48 };

/* Tiles per group: V and M are a few megabytes, all groups are equal, and whole register tiles fit. */
static size_t group_size(size_t tiles, int channels) {
    size_t max = GROUP_BYTES / (POINTS * sizeof(num) * (size_t)channels);
    max = MAX((size_t)GROUP_FEW, MIN((size_t)GROUP_MAX, max));
    size_t groups = MAX((tiles + max - 1) / max, MIN(tiles / ROWS + 1, 2));
    return ((tiles + groups - 1) / groups + ROWS - 1) / ROWS * ROWS;
}

static void pass_run(Pass *w, int B) {
    w->tiles = (size_t)B * (size_t)w->from.down * (size_t)w->from.across;
    if (w->tiles == 0) return;
    w->group = group_size(w->tiles, w->from.channels + w->to.channels);
    size_t kernels = POINTS * kernels_point(w);
    size_t point = transformed_point(w->group, w->from.channels) + transformed_point(w->group, w->to.channels);
    w->worker_bytes = POINTS * point * sizeof(num);
    w->kernels = thread_scratch(kernels * sizeof(num) + size_mul((size_t)thread_count(), w->worker_bytes));
    w->workers = (char *)(w->kernels + kernels);
    parallel_for(((size_t)w->to.channels + LANES - 1) / LANES, 1, transform_kernels, w);
    parallel_for(w->tiles, w->group, pass_pieces, w);
}

void winograd_forward(ConvShape s, const num *x, const num *weight, const num *bias, num *y) {
    Pass pass = { .from = grid(s, s.C), .to = grid(s, s.outputs), .x = x, .weight = weight, .bias = bias, .y = y };
    pass.out_stride = (size_t)s.C * CELLS;
    pass.in_stride = CELLS;
    pass_run(&pass, s.B);
}
void winograd_backward_data(ConvShape s, const num *dy, const num *weight, bool accumulate, num *dx) {
    Pass pass = { .from = grid(s, s.outputs), .to = grid(s, s.C), .x = dy, .weight = weight, .y = dx, .rotated = true };
    pass.out_stride = CELLS;
    pass.in_stride = (size_t)s.C * CELLS;
    pass.accumulate = accumulate;
    pass_run(&pass, s.B);
}

/* For each of the 36 points a product [C, tiles] [tiles, N] -> [C, N], summed group after group: all threads transform
 * the tiles of x and dy of a group, then each takes points. */
typedef struct {
    Grid x_grid, y_grid;
    const num *x, *dy;
    Transformed v; /* of x */
    Transformed u; /* of dy */
    num *sums;     /* [POINTS][panels][C][PANEL] */
    num *dweight;
    size_t tiles, first, rows;
    bool accumulate;
} WeightSum;

static void sum_transform(void *context, size_t begin, size_t end) {
    const WeightSum *w = context;
    for (size_t i = begin; i < end; i++) {
        tile_input(w->x_grid, w->x, w->first + i, w->v, i);
        tile_gradient(w->y_grid, w->dy, w->first + i, w->u, i);
    }
}

/* A piece is one panel at one point. */
static void sum_multiply(void *context, size_t begin, size_t end) {
    const WeightSum *w = context;
    size_t C = (size_t)w->x_grid.channels, N = (size_t)w->y_grid.channels, panels = (size_t)panel_count((int)N);
    for (size_t piece = begin; piece < end; piece++) {
        size_t point = piece / panels, p = piece % panels;
        const num *panel = w->u.v + point * w->u.point + p * w->u.panel;
        RegisterTile t = tile_product(w->rows, w->v.row, panel, PANEL, panel_cols((int)N, (int)p));
        t.accumulate = w->first > 0;
        micro_kernel_rows(&t, C, w->v.v + point * w->v.point, 1, w->sums + piece * C * PANEL, PANEL);
    }
}

/* dg = G^T S G. A piece is 16 channels and one vector of outputs; the weights of an output are consecutive. */
enum { BACK_CHANNELS = 16 };

static void sum_finish(void *context, size_t begin, size_t end) {
    const WeightSum *w = context;
    size_t C = (size_t)w->x_grid.channels, panels = (size_t)panel_count(w->y_grid.channels);
    size_t blocks = (C + BACK_CHANNELS - 1) / BACK_CHANNELS;
    num rows[BACK_CHANNELS * CELLS * LANES], transposed[LANES * BACK_CHANNELS * CELLS];
    for (size_t piece = begin; piece < end; piece++) {
        size_t c0 = piece % blocks * BACK_CHANNELS, n0 = piece / blocks * LANES;
        size_t count = MIN((size_t)BACK_CHANNELS, C - c0);
        for (size_t c = 0; c < count; c++) {
            const num *from = w->sums + (n0 / PANEL * C + c0 + c) * PANEL + n0 % PANEL;
            Vec g[CELLS];
            load_transform(transform_kernel_back, from, panels * C * PANEL, g, KERNEL);
            UNROLL
            for (size_t i = 0; i < CELLS; i++) vec_store(rows + (c * CELLS + i) * LANES, g[i]);
        }
        matrix_transpose(rows, LANES, count * CELLS, LANES, transposed, BACK_CHANNELS * CELLS);
        for (size_t n = 0; n < LANES; n++) {
            num *to = w->dweight + ((n0 + n) * C + c0) * CELLS;
            const num *from = transposed + n * BACK_CHANNELS * CELLS;
            for (size_t i = 0; i < count * CELLS; i++) to[i] = (w->accumulate ? to[i] : 0) + from[i];
        }
    }
}

/* dbias: sums over pieces of the rows of dy, added in order. */
enum { BIAS_ROWS = 1024 };
typedef struct {
    const num *dy;
    num *partial;
    size_t rows, N;
} BiasSum;

static void bias_pieces(void *context, size_t begin, size_t end) {
    const BiasSum *w = context;
    for (size_t n = 0; n < w->N; n += LANES) {
        Vec sum = { 0 };
        for (size_t r = begin; r < end; r++) sum += vec_load(w->dy + r * w->N + n);
        vec_store(w->partial + begin / BIAS_ROWS * w->N + n, sum);
    }
}

static void bias_sum(const num *dy, size_t rows, size_t N, bool accumulate, num *dbias) {
    size_t pieces = (rows + BIAS_ROWS - 1) / BIAS_ROWS;
    BiasSum w = { dy, thread_scratch(size_mul(pieces * N, sizeof(num))), rows, N };
    parallel_for(rows, BIAS_ROWS, bias_pieces, &w);
    for (size_t n = 0; n < N; n++) {
        num sum = 0;
        for (size_t p = 0; p < pieces; p++) sum += w.partial[p * N + n];
        dbias[n] = (accumulate ? dbias[n] : 0) + sum;
    }
}

enum { SUM_GROUP = 128 };

void winograd_backward_weight(ConvShape s, const num *x, const num *dy, bool accumulate, num *dweight, num *dbias) {
    WeightSum w = { .x_grid = grid(s, s.C), .y_grid = grid(s, s.outputs), .x = x, .dy = dy, .accumulate = accumulate };
    w.dweight = dweight;
    w.tiles = (size_t)s.B * (size_t)w.x_grid.down * (size_t)w.x_grid.across;
    size_t C = (size_t)s.C, N = (size_t)s.outputs, panels = (size_t)panel_count(s.outputs);
    size_t group = MIN((size_t)SUM_GROUP, w.tiles);
    size_t sums = POINTS * panels * C * PANEL;
    if (dbias) bias_sum(dy, (size_t)s.B * (size_t)s.H * (size_t)s.W, N, accumulate, dbias);
    w.v = (Transformed){ .row = transformed_row(s.C), .point = transformed_point(group, s.C) };
    w.u = (Transformed){ .panel = group * PANEL, .point = panels * group * PANEL + 64 / sizeof(num) };
    w.sums = thread_scratch((sums + POINTS * (w.v.point + w.u.point)) * sizeof(num));
    w.v.v = w.sums + sums;
    w.u.v = w.v.v + POINTS * w.v.point;
    if (w.tiles == 0) memset(w.sums, 0, sums * sizeof(num));
    for (; w.first < w.tiles; w.first += group) {
        w.rows = MIN(group, w.tiles - w.first);
        parallel_for(w.rows, 8, sum_transform, &w);
        parallel_for(POINTS * panels, 1, sum_multiply, &w);
    }
    parallel_for((C + BACK_CHANNELS - 1) / BACK_CHANNELS * (N / LANES), 1, sum_finish, &w);
}

bool winograd_suits(ConvShape s) {
    if (s.kernel != 3 || s.stride != 1 || s.pad != 1 || s.C < 16 || s.outputs < 32 || s.outputs % 16) return false;
    Grid g = grid(s, s.C);
    double tiles = (double)g.down * g.across;
    double transforms = 200.0 * 32 / 16 * (s.C + s.outputs); /* 200 cycles per vector, counted in multiply-adds */
    double pairs = (double)s.C * s.outputs, cells = (3.0 * s.H - 2) * (3.0 * s.W - 2); /* cells inside the image */
    return tiles * (POINTS * pairs + transforms) < 0.75 * cells * pairs;
}
