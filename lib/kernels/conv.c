#include "kernels/conv.h"
#include "kernels/kernel.h"
#include "kernels/reference.h"
#include "kernels/winograd.h"

#include <string.h>

int conv_out(int size, int kernel, int stride, int pad) { return (size + 2 * pad - kernel) / stride + 1; }
static int out_height(ConvShape s) { return conv_out(s.H, s.kernel, s.stride, s.pad); }
static int out_width(ConvShape s) { return conv_out(s.W, s.kernel, s.stride, s.pad); }

static void shape_require(ConvShape s) {
    REQUIRE(s.B >= 0 && s.H >= 0 && s.W >= 0 && s.C >= 0 && s.outputs >= 0,
            "x is [%d,%d,%d,%d], outputs %d, want 0 or more", s.B, s.H, s.W, s.C, s.outputs);
    REQUIRE(s.kernel >= 1 && s.stride >= 1 && 0 <= s.pad && s.pad < 1 << 20,
            "kernel %d, stride %d, pad %d, want 1, 1, 0 or more", s.kernel, s.stride, s.pad);
    REQUIRE(s.kernel - 2 * s.pad <= MIN(s.H, s.W), "kernel %d on an image of %d x %d with pad %d: it does not fit",
            s.kernel, s.H, s.W, s.pad);
}

static size_t y_count(ConvShape s) {
    return (size_t)s.B * (size_t)out_height(s) * (size_t)out_width(s) * (size_t)s.outputs;
}

/* ---- forward, and backward to the data -----------------------------------------------------------------------
 * Both are a window product: each place of the result is a sum over a window of the source.
 *
 * One axis of it: place u of the result sees `cells` kernel cells; cell t sees number  first + u * step + t  of the
 * source, if that is one of its `size`. Place u is number  to_first + u * to_step  of a result of `to_size`. */
typedef struct {
    int count, first, step, cells, size, to_first, to_step, to_size;
} Axis;

/* y[place, n] (+)= bias[n] + sum over the cells (i, j) inside the source, and c, of
 *                  x[.., h + i, w + j, c] * weight[n * n_stride + c * c_stride + cell(i, j)]
 * with cell(i, j) = (i0 + i * cell_step) * kernel + j0 + j * cell_step. */
typedef struct {
    Axis h, w;
    int B, C, N, kernel, i0, j0, cell_step;
    size_t n_stride, c_stride;
    const num *x, *weight, *bias;
    num *y, *panels;
    bool accumulate;
    int images, strips; /* a group of places is so many images, or one of so many strips of one image */
} Window;

/* Consecutive places u0 .. u1-1 that all see the cells t0 .. t1-1. */
typedef struct {
    int u0, u1, t0, t1;
} Run;

/* The longest run from u, before `end`. */
static Run axis_run(Axis a, int u, int end) {
    Run run = { u, u, 0, 0 };
    for (; run.u1 < end; run.u1++) {
        int at = a.first + run.u1 * a.step, t0 = MIN(a.cells, MAX(0, -at)), t1 = MAX(t0, MIN(a.cells, a.size - at));
        if (run.u1 > u && (t0 != run.t0 || t1 != run.t1)) break;
        run.t0 = t0;
        run.t1 = t1;
    }
    return run;
}

/* Packs the weights into panels: panel p is [cells of h][cells of w][C][width]. A piece is 16 channels of a panel: so
 * few that the cache lines it gathers from stay in L1 until all their numbers are used. */
enum { PACK_CHANNELS = 16 };

static size_t window_depth(const Window *w) { return (size_t)w->h.cells * (size_t)w->w.cells * (size_t)w->C; }

static void pack_weights(void *context, size_t begin, size_t end) {
    const Window *w = context;
    size_t C = (size_t)w->C, blocks = (C + PACK_CHANNELS - 1) / PACK_CHANNELS;
    for (size_t piece = begin; piece < end; piece++) {
        size_t p = piece / blocks, c0 = piece % blocks * PACK_CHANNELS, c1 = MIN(C, c0 + PACK_CHANNELS);
        size_t cols = (size_t)panel_cols(w->N, (int)p), width = (size_t)vecs_width((int)cols);
        num *panel = w->panels + p * PANEL * window_depth(w);
        for (size_t c = c0; c < c1; c++)
            for (int i = 0; i < w->h.cells; i++)
                for (int j = 0; j < w->w.cells; j++) {
                    int cell = (w->i0 + i * w->cell_step) * w->kernel + w->j0 + j * w->cell_step;
                    const num *from = w->weight + p * PANEL * w->n_stride + c * w->c_stride + cell;
                    num *to = panel + (((size_t)i * (size_t)w->w.cells + (size_t)j) * C + c) * width;
                    for (size_t n = 0; n < cols; n++) to[n] = from[n * w->n_stride];
                    for (size_t n = cols; n < width; n++) to[n] = 0;
                }
    }
}

/* The same if the weights of 16 channels, all cells, are consecutive for each output: transposed, LANES at a time. */
static void pack_weights_forward(void *context, size_t begin, size_t end) {
    const Window *w = context;
    size_t C = (size_t)w->C, blocks = (C + PACK_CHANNELS - 1) / PACK_CHANNELS, cells = w->c_stride;
    num rows[LANES * PANEL];
    for (size_t piece = begin; piece < end; piece++) {
        size_t p = piece / blocks, c0 = piece % blocks * PACK_CHANNELS, c1 = MIN(C, c0 + PACK_CHANNELS);
        size_t cols = (size_t)panel_cols(w->N, (int)p), width = (size_t)vecs_width((int)cols);
        num *panel = w->panels + p * PANEL * window_depth(w);
        memset(rows, 0, sizeof rows);
        for (size_t e = c0 * cells; e < c1 * cells; e += LANES) {
            size_t count = MIN((size_t)LANES, c1 * cells - e);
            matrix_transpose(w->weight + p * PANEL * w->n_stride + e, w->n_stride, cols, count, rows, PANEL);
            for (size_t r = 0; r < count; r++)
                memcpy(panel + ((e + r) % cells * C + (e + r) / cells) * width, rows + r * PANEL, width * sizeof(num));
        }
    }
}

/* The tiles of all places, in images b0 .. b1-1, that see the cells h.t0 .. h.t1-1 by v.t0 .. v.t1-1. */
static void run_tiles(const Window *w, RegisterTile *t, int b0, int b1, Run h, Run v) {
    size_t C = (size_t)w->C, to_n = (size_t)(t->c[0] - w->y);
    int rows = 0, height = tile_rows(t->cols);
    for (int b = b0; b < b1; b++)
        for (int p = h.u0; p < h.u1; p++) {
            size_t from =
                ((size_t)b * (size_t)w->h.size + (size_t)(w->h.first + p * w->h.step + h.t0)) * (size_t)w->w.size;
            size_t to =
                ((size_t)b * (size_t)w->h.to_size + (size_t)(w->h.to_first + p * w->h.to_step)) * (size_t)w->w.to_size;
            for (int q = v.u0; q < v.u1; q++) {
                t->a[rows] = w->x;
                if (t->segments) t->a[rows] += (from + (size_t)(w->w.first + q * w->w.step + v.t0)) * C;
                t->c[rows] = w->y + (to + (size_t)(w->w.to_first + q * w->w.to_step)) * (size_t)w->N + to_n;
                if (++rows < height) continue;
                t->rows = height;
                rows = 0;
                micro_kernel(t);
            }
        }
    if (rows == 0) return;
    t->rows = rows;
    for (int r = rows; r < height; r++) t->a[r] = t->a[0];
    micro_kernel(t);
}

enum { LINES = 16, SLICE = 1 << 17 };

/* One panel of the result for a group of places: strip u0 .. u1-1 of images b0 .. b1-1. So many rows of the kernel are
 * taken at a time that their slice of the panel (at most SLICE numbers) stays in L2. */
static void window_group(const Window *w, int p, int b0, int b1, int u0, int u1) {
    ptrdiff_t a_at[LINES], b_at[LINES];
    size_t C = (size_t)w->C, cells = (size_t)w->w.cells;
    RegisterTile t = { .a_at = a_at, .b_at = b_at, .a_step = 1, .cols = panel_cols(w->N, p) };
    t.b = w->panels + (size_t)p * PANEL * window_depth(w);
    t.b_step = vecs_width(t.cols);
    int lines = (int)MIN((size_t)LINES, MAX((size_t)1, SLICE / (cells * C * PANEL + 1)));
    for (int i = 0; i == 0 || i < w->h.cells; i += lines) {
        t.bias = w->bias && i == 0 ? w->bias + p * PANEL : NULL;
        t.accumulate = w->accumulate || i > 0;
        for (Run h = { .u1 = u0 }; h.u1 < u1;) {
            h = axis_run(w->h, h.u1, u1);
            Run part = { h.u0, h.u1, MAX(h.t0, i), MIN(h.t1, i + lines) };
            if (part.t1 <= part.t0 && i > 0) continue;
            for (Run v = { 0 }; v.u1 < w->w.count;) {
                v = axis_run(w->w, v.u1, w->w.count);
                t.segments = part.t1 > part.t0 && v.t1 > v.t0 ? (size_t)(part.t1 - part.t0) : 0;
                t.length = (size_t)(v.t1 - v.t0) * C;
                for (size_t s = 0; s < t.segments; s++) {
                    a_at[s] = (ptrdiff_t)(s * (size_t)w->w.size * C);
                    b_at[s] = (ptrdiff_t)(((size_t)part.t0 + s) * cells + (size_t)v.t0) * (ptrdiff_t)C * t.b_step;
                }
                t.c[0] = w->y + p * PANEL;
                run_tiles(w, &t, b0, b1, part, v);
            }
        }
    }
}

static void window_pieces(void *context, size_t begin, size_t end) {
    const Window *w = context;
    size_t panels = (size_t)panel_count(w->N), strips = (size_t)w->strips;
    for (size_t piece = begin; piece < end; piece++) {
        int p = (int)(piece % panels), strip = (int)(piece / panels % strips);
        int b = (int)(piece / panels / strips) * w->images, height = (w->h.count + w->strips - 1) / w->strips;
        window_group(w, p, b, MIN(b + w->images, w->B), MIN(strip * height, w->h.count),
                     MIN((strip + 1) * height, w->h.count));
    }
}

/* Cuts the places into groups: large ones, because each has a few tiles that are not full, but enough of them. */
static void window_cut(Window *w) {
    enum { PIECES = 16, PLACES_FEW = 16 * ROWS, PLACES_MANY = 1024 };
    double image = (double)w->h.count * w->w.count, all = image * w->B * panel_count(w->N);
    double want = MAX(PLACES_FEW, MIN(PLACES_MANY, all / PIECES));
    w->images = (int)MAX(1, MIN(w->B, want / image));
    int groups = (w->B + w->images - 1) / w->images;
    w->images = (w->B + groups - 1) / groups;
    w->strips = w->images > 1 ? 1 : (int)MAX(1, MIN(w->h.count, image / want));
}

/* Pieces of 16 channels of a panel per call of a thread. */
static size_t pack_grain(int cells) { return (size_t)(20000 / PANEL / PACK_CHANNELS / MAX(cells, 1)) + 1; }

static void window_run(Window *w) {
    if (w->B == 0 || w->N == 0 || w->h.count == 0 || w->w.count == 0) return;
    window_cut(w);
    size_t panels = (size_t)panel_count(w->N), depth = window_depth(w);
    size_t groups = (size_t)((w->B + w->images - 1) / w->images) * (size_t)w->strips;
    size_t blocks = ((size_t)w->C + PACK_CHANNELS - 1) / PACK_CHANNELS;
    double work = 2.0 * w->B * w->h.count * w->w.count * w->N * (double)depth / (double)(groups * panels);
    w->panels = thread_scratch(size_mul(panels * PANEL * depth, sizeof(num)));
    parallel_for(depth ? panels * blocks : 0, pack_grain(w->h.cells * w->w.cells),
                 w->cell_step == 1 ? pack_weights_forward : pack_weights, w);
    parallel_for(groups * panels, (size_t)(2e6 / (work + 1)) + 1, window_pieces, w);
}

void conv_forward(ConvShape s, const num *x, const num *weight, const num *bias, num *y) {
    shape_require(s);
    if (winograd_suits(s)) {
        winograd_forward(s, x, weight, bias, y);
        return;
    }
    size_t cells = (size_t)s.kernel * (size_t)s.kernel;
    Axis h = { out_height(s), -s.pad, s.stride, s.kernel, s.H, 0, 1, out_height(s) };
    Axis w = { out_width(s), -s.pad, s.stride, s.kernel, s.W, 0, 1, out_width(s) };
    Window product = { .h = h, .w = w, .B = s.B, .C = s.C, .N = s.outputs, .kernel = s.kernel, .cell_step = 1 };
    product.n_stride = (size_t)s.C * cells;
    product.c_stride = cells;
    product.x = x;
    product.weight = weight;
    product.bias = bias;
    product.y = y;
    window_run(&product);
}

/* dx[h] = sum over kernel cells i and places p of y with p * stride + i - pad = h. All such i have the same remainder
 * phase = (h + pad) mod stride: i = phase + stride * t, and p = (h + pad - phase) / stride - t. So the pixels of one
 * phase are a window product over dy with every stride-th cell, in reverse order because p decreases with t. */
static Axis phase_axis(ConvShape s, int phase, int size, int out) {
    int first = ((phase - s.pad) % s.stride + s.stride) % s.stride; /* the first h of this phase */
    int cells = phase < s.kernel ? (s.kernel - phase - 1) / s.stride + 1 : 0;
    int count = first < size ? (size - first - 1) / s.stride + 1 : 0;
    return (Axis){ count, (first + s.pad - phase) / s.stride - (cells - 1), 1, cells, out, first, s.stride, size };
}

void conv_backward_data(ConvShape s, const num *dy, const num *weight, bool accumulate, num *dx) {
    shape_require(s);
    if (winograd_suits(s)) {
        winograd_backward_data(s, dy, weight, accumulate, dx);
        return;
    }
    size_t cells = (size_t)s.kernel * (size_t)s.kernel;
    for (int i = 0; i < s.stride; i++)
        for (int j = 0; j < s.stride; j++) {
            Axis h = phase_axis(s, i, s.H, out_height(s)), w = phase_axis(s, j, s.W, out_width(s));
            Window product = { .h = h, .w = w, .B = s.B, .C = s.outputs, .N = s.C, .kernel = s.kernel };
            product.i0 = i + s.stride * (h.cells - 1);
            product.j0 = j + s.stride * (w.cells - 1);
            product.cell_step = -s.stride;
            product.n_stride = cells;
            product.c_stride = (size_t)s.C * cells;
            product.x = dy;
            product.weight = weight;
            product.y = dx;
            product.accumulate = accumulate;
            window_run(&product);
        }
}

/* ---- backward to the weights ---------------------------------------------------------------------------------
 * dweight is a matrix product whose k runs over the places of y: its rows are the channels of x as one cell (i, j) of
 * the kernel sees them, its columns are outputs. dy is packed into panels, one group of places at a time, small enough
 * for L1 (128 x 64 floats: 32 KB). x is read in place, row by row of the image, without the places that see padding. If
 * there are fewer channels than rows of a tile, a group of x is copied with its padding: then every cell sees all
 * places, and a tile may mix channels and cells.
 *
 * The sum over the batch is cut into `chunks`, by the shape alone, each with its own partial sums [cell][C][width];
 * they are added in order at the end. A piece of work is one panel of one chunk or, if these are too few pieces, one of
 * `slices` of it: one row of the kernel. */
enum { GROUP = 128, SUM_PIECES = 24, PARTIAL_MAX = 1 << 22, FEW_PANELS = 8 };

typedef struct {
    ConvShape s;
    int P, Q, images, lines; /* a group of places: so many images, or so many lines of one */
    size_t groups, chunks, panels, depth, slices;
    const num *x, *dy;
    num *dweight, *dbias, *partial, *partial_bias;
    char *workers;            /* memory of each worker: packed dy, copied x, then K Segments */
    size_t dy_count, x_count; /* numbers in the first two */
    size_t worker_bytes;
    bool accumulate;
} WeightSum;

/* Places in images b0 .. b1-1, lines p0 .. p1-1. */
typedef struct {
    int b0, b1, p0, p1;
} Group;

static Group sum_group(const WeightSum *u, size_t g) {
    size_t strips = (size_t)((u->P + u->lines - 1) / u->lines);
    int b = (int)(g / strips) * u->images, p = (int)(g % strips) * u->lines;
    return (Group){ b, MIN(b + u->images, u->s.B), p, MIN(p + u->lines, u->P) };
}
static size_t group_places(const WeightSum *u, Group g) {
    return (size_t)(g.b1 - g.b0) * (size_t)(g.p1 - g.p0) * (size_t)u->Q;
}

/* dy of a group: its places are consecutive. */
static const num *group_dy(const WeightSum *u, Group g) {
    return u->dy + ((size_t)g.b0 * (size_t)u->P + (size_t)g.p0) * (size_t)u->Q * (size_t)u->s.outputs;
}

/* Panel p of it, [places][width]; not copied if dy has that layout. */
static const num *pack_places(const WeightSum *u, size_t p, Group g, num *pack) {
    size_t N = (size_t)u->s.outputs, cols = (size_t)panel_cols((int)N, (int)p), width = (size_t)vecs_width((int)cols);
    if (N == width) return group_dy(u, g);
    const num *from = group_dy(u, g) + p * PANEL;
    num *to = pack;
    for (size_t i = group_places(u, g); i > 0; i--, from += N, to += width) {
        memcpy(to, from, cols * sizeof(num));
        for (size_t n = cols; n < width; n++) to[n] = 0;
    }
    return pack;
}

static void sum_bias(const num *pack, size_t count, size_t width, bool accumulate, num *bias) {
    for (size_t n = 0; n < width; n += LANES) {
        Vec sum[4] = { { 0 } }; /* four sums: one would wait 4 cycles for each addition */
        size_t i = 0;
        for (; i + 4 <= count; i += 4) UNROLL
        for (size_t k = 0; k < 4; k++) sum[k] += vec_load(pack + (i + k) * width + n);
        for (; i < count; i++) sum[0] += vec_load(pack + i * width + n);
        Vec all = (sum[0] + sum[1]) + (sum[2] + sum[3]);
        vec_store(bias + n, accumulate ? vec_load(bias + n) + all : all);
    }
}

/* Software prefetch: with every tile of this group, a part of the memory of the next group is fetched into L2. */
enum { LINE = 64 / sizeof(num) };
typedef struct {
    const num *at, *end;
    size_t step;
} Prefetch;

static Prefetch prefetch_of(const num *from, size_t count, size_t tiles) {
    return (Prefetch){ from, from + count, (count / tiles / LINE + 1) * LINE };
}
static void prefetch_next(Prefetch *a) {
    size_t count = MIN(a->step, (size_t)(a->end - a->at));
    for (size_t i = 0; i < count; i += LINE) __builtin_prefetch(a->at + i, 0, 2);
    a->at += count;
}

/* One panel of one group: what a worker needs. */
typedef struct {
    const WeightSum *u;
    RegisterTile tile;
    Group group;
    struct Segments *segments;
    Prefetch x, dy;
    num *pad;
} GroupSum;

static void prefetch_group(GroupSum *h, size_t next, size_t tiles) {
    const WeightSum *u = h->u;
    Group g = sum_group(u, next);
    size_t row = (size_t)u->s.W * (size_t)u->s.C;
    int first = MIN(u->s.H, MAX(0, g.p0 * u->s.stride - u->s.pad));
    int last = MAX(first, MIN(u->s.H, (g.p1 - 1) * u->s.stride + u->s.kernel - u->s.pad));
    size_t from = ((size_t)g.b0 * (size_t)u->s.H + (size_t)first) * row;
    size_t to = ((size_t)(g.b1 - 1) * (size_t)u->s.H + (size_t)last) * row;
    h->x = prefetch_of(u->x + from, to - from, tiles);
    h->dy = prefetch_of(group_dy(u, g), u->panels == 1 ? group_places(u, g) * (size_t)u->s.outputs : 0, tiles);
}

/* The places u0 .. u1-1 of `first` .. end-1 for which cell t is inside x. */
static Run cell_run(int t, int size, int first, int end, int stride, int pad) {
    int low = pad > t ? (pad - t + stride - 1) / stride : 0;           /* u * stride + t - pad >= 0 */
    int high = size + pad > t ? (size + pad - t - 1) / stride + 1 : 0; /* < size */
    low = MAX(low, first);
    high = MIN(high, end);
    return (Run){ low, MAX(low, high), t, t + 1 };
}

/* Where the runs of places begin, in x and in dy, for which one cell of the kernel is inside x. */
typedef struct Segments {
    size_t segments, length;
    ptrdiff_t a_at[GROUP], b_at[GROUP];
} Segments;

static void cell_segments(const GroupSum *h, int i, int j, Segments *out) {
    ConvShape s = h->u->s;
    Group g = h->group;
    Run v = cell_run(i, s.H, g.p0, g.p1, s.stride, s.pad), w = cell_run(j, s.W, 0, h->u->Q, s.stride, s.pad);
    out->segments = 0;
    out->length = (size_t)(w.u1 - w.u0);
    for (int b = g.b0; b < g.b1 && out->length; b++)
        for (int p = v.u0; p < v.u1; p++) {
            size_t line = (size_t)b * (size_t)s.H + (size_t)(p * s.stride + i - s.pad);
            size_t place = ((size_t)(b - g.b0) * (size_t)(g.p1 - g.p0) + (size_t)(p - g.p0)) * (size_t)h->u->Q;
            size_t pixel = line * (size_t)s.W + (size_t)(w.u0 * s.stride + j - s.pad);
            out->a_at[out->segments] = (ptrdiff_t)(pixel * (size_t)s.C);
            out->b_at[out->segments++] = (ptrdiff_t)(place + (size_t)w.u0) * h->tile.b_step;
        }
}

static void segments_use(RegisterTile *t, const Segments *segments) {
    t->segments = segments->segments;
    t->length = segments->length;
    t->a_at = segments->a_at;
    t->b_at = segments->b_at;
}

/* Adds a group to the partial sums of row i of the kernel, [cells][C][width], one panel. Channels are the outer loop:
 * all cells of the row read the same cache lines, which so stay in L1. */
static void sum_kernel_row(GroupSum *h, int i, num *to) {
    RegisterTile *t = &h->tile;
    size_t C = (size_t)h->u->s.C, K = (size_t)h->u->s.kernel, height = (size_t)tile_rows(t->cols);
    size_t width = (size_t)t->b_step;
    for (size_t j = 0; j < K; j++) cell_segments(h, i, (int)j, h->segments + j);
    for (size_t c = 0; c < C; c += height)
        for (size_t j = 0; j < K; j++) {
            segments_use(t, h->segments + j);
            micro_kernel_rows(t, MIN(height, C - c), h->u->x + c, 1, to + (j * C + c) * width, width);
            prefetch_next(&h->x);
            prefetch_next(&h->dy);
        }
}

/* The lines of x of a group with their padding, [images][(lines - 1) * stride + K][W + 2 pad][C]. */
static size_t pad_lines(const WeightSum *u) { return (size_t)((u->lines - 1) * u->s.stride + u->s.kernel); }
static size_t pad_row(const WeightSum *u) { return (size_t)(u->s.W + 2 * u->s.pad) * (size_t)u->s.C; }

static void copy_padded(const GroupSum *h) {
    ConvShape s = h->u->s;
    size_t row = pad_row(h->u), side = (size_t)s.pad * (size_t)s.C, inside = (size_t)s.W * (size_t)s.C;
    num *to = h->pad;
    for (int b = h->group.b0; b < h->group.b1; b++)
        for (int l = 0; l < (int)pad_lines(h->u); l++, to += row) {
            int line = h->group.p0 * s.stride + l - s.pad;
            memset(to, 0, row * sizeof(num));
            if (0 <= line && line < s.H)
                memcpy(to + side, h->u->x + ((size_t)b * (size_t)s.H + (size_t)line) * inside, inside * sizeof(num));
        }
}

/* Adds a group to all partial sums of one panel, from a padded copy of x. */
static void sum_few_channels(GroupSum *h, num *to) {
    const WeightSum *u = h->u;
    RegisterTile *t = &h->tile;
    Group g = h->group;
    size_t K = (size_t)u->s.kernel, C = (size_t)u->s.C, height = (size_t)tile_rows(t->cols), row = pad_row(u);
    copy_padded(h);
    h->segments->segments = 0;
    h->segments->length = (size_t)u->Q;
    for (int b = 0; b < g.b1 - g.b0; b++)
        for (int p = 0; p < g.p1 - g.p0; p++) {
            size_t s = h->segments->segments++;
            h->segments->a_at[s] = (ptrdiff_t)(((size_t)b * pad_lines(u) + (size_t)(p * u->s.stride)) * row);
            h->segments->b_at[s] = (ptrdiff_t)(s * (size_t)u->Q) * t->b_step;
        }
    segments_use(t, h->segments);
    for (size_t e = 0; e < u->depth; e += height) {
        t->rows = (int)MIN(height, u->depth - e);
        for (size_t r = 0; r < height; r++) {
            size_t number = e + MIN(r, (size_t)t->rows - 1); /* (i, j, c) */
            t->a[r] = h->pad + number / (K * C) * row + number % (K * C);
            t->c[r] = to + number * (size_t)t->b_step;
        }
        micro_kernel(t);
        prefetch_next(&h->x);
        prefetch_next(&h->dy);
    }
}

static bool few_channels(const WeightSum *u) { return u->s.C < ROWS; }

static void sum_pieces(void *context, size_t begin, size_t end) {
    const WeightSum *u = context;
    size_t K = (size_t)u->s.kernel, slices = u->slices, lines = K / slices;
    num *pack = (void *)(u->workers + (size_t)thread_self() * u->worker_bytes), *pad = pack + u->dy_count;
    for (size_t piece = begin; piece < end; piece++) {
        size_t i0 = piece % slices * lines, p = piece / slices % u->panels, chunk = piece / slices / u->panels;
        int cols = panel_cols(u->s.outputs, (int)p), width = vecs_width(cols);
        num *to = u->partial + (chunk * u->panels + p) * PANEL * u->depth;
        num *bias = u->partial_bias + (chunk * u->panels + p) * PANEL;
        size_t first = u->groups * chunk / u->chunks, last = u->groups * (chunk + 1) / u->chunks;
        for (size_t g = first; g < last; g++) {
            GroupSum h = { .u = u, .group = sum_group(u, g), .pad = pad, .segments = (void *)(pad + u->x_count) };
            const num *dy = pack_places(u, p, h.group, pack);
            h.tile = tile_product(0, (size_t)(u->s.stride * u->s.C), dy, (size_t)width, cols);
            h.tile.accumulate = g > first;
            prefetch_group(&h, MIN(g + 1, last - 1), u->depth / (size_t)tile_rows(cols) / slices + 1);
            if (i0 == 0) sum_bias(h.tile.b, group_places(u, h.group), (size_t)width, g > first, bias);
            if (few_channels(u)) sum_few_channels(&h, to);
            else
                for (size_t i = i0; i < i0 + lines; i++)
                    sum_kernel_row(&h, (int)i, to + i * K * (size_t)u->s.C * (size_t)width);
        }
    }
}

/* dweight = the sum of the chunks. A piece is 16 channels of a panel, whose weights are consecutive for each output:
 * LANES of them at a time are added, transposed and stored. */
static void sum_chunks(void *context, size_t begin, size_t end) {
    const WeightSum *u = context;
    size_t C = (size_t)u->s.C, cells = (size_t)u->s.kernel * (size_t)u->s.kernel;
    size_t blocks = (C + PACK_CHANNELS - 1) / PACK_CHANNELS;
    num sums[LANES * PANEL], transposed[PANEL * LANES];
    for (size_t piece = begin; piece < end; piece++) {
        size_t p = piece / blocks, c0 = piece % blocks * PACK_CHANNELS, c1 = MIN(C, c0 + PACK_CHANNELS);
        size_t cols = (size_t)panel_cols(u->s.outputs, (int)p), width = (size_t)vecs_width((int)cols);
        for (size_t e = c0 * cells; e < c1 * cells; e += LANES) {
            size_t count = MIN((size_t)LANES, c1 * cells - e);
            for (size_t r = 0; r < count; r++) {
                const num *from = u->partial + p * PANEL * u->depth + ((e + r) % cells * C + (e + r) / cells) * width;
                num *sum = sums + r * PANEL;
                memcpy(sum, from, width * sizeof(num));
                for (size_t k = 1; k < u->chunks; k++)
                    for (size_t n = 0; n < width; n++) sum[n] += from[k * u->panels * PANEL * u->depth + n];
            }
            matrix_transpose(sums, PANEL, count, cols, transposed, LANES);
            for (size_t n = 0; n < cols; n++) {
                num *to = u->dweight + (p * PANEL + n) * C * cells + e;
                for (size_t r = 0; r < count; r++) to[r] = (u->accumulate ? to[r] : 0) + transposed[n * LANES + r];
            }
        }
    }
}

/* Allocates the scratch memory: the partial sums, then the memory of each worker. */
static void sum_memory(WeightSum *u) {
    size_t partials = size_mul(u->chunks * u->panels * PANEL, u->depth), biases = u->chunks * u->panels * PANEL;
    u->dy_count = (size_t)MAX(GROUP, u->Q) * PANEL;
    if (few_channels(u)) u->x_count = ((size_t)u->images * pad_lines(u) * pad_row(u) / LINE + 1) * LINE;
    u->worker_bytes = (u->dy_count + u->x_count) * sizeof(num) + (size_t)u->s.kernel * sizeof(Segments);
    u->worker_bytes = (u->worker_bytes / 64 + 1) * 64;
    size_t shared = size_mul(partials + biases, sizeof(num));
    u->partial = thread_scratch(shared + (size_t)thread_count() * u->worker_bytes);
    u->partial_bias = u->partial + partials;
    u->workers = (char *)u->partial + shared;
}

static void sum_run(WeightSum *u) {
    size_t blocks = ((size_t)u->s.C + PACK_CHANNELS - 1) / PACK_CHANNELS;
    size_t chunks_max = MIN(u->groups, MAX(1, PARTIAL_MAX / (u->panels * PANEL * u->depth + 1)));
    u->slices = u->panels * chunks_max < FEW_PANELS && !few_channels(u) ? (size_t)u->s.kernel : 1;
    size_t pieces = u->panels * u->slices;
    u->chunks = MIN(chunks_max, (SUM_PIECES + pieces - 1) / pieces);
    sum_memory(u);
    double work = 2.0 * (double)y_count(u->s) * (double)u->depth / (double)(pieces * u->chunks);
    parallel_for(pieces * u->chunks, (size_t)(2e6 / (work + 1)) + 1, sum_pieces, u);
    parallel_for(u->panels * blocks, pack_grain(u->s.kernel * u->s.kernel), sum_chunks, u);
    for (size_t n = 0; u->dbias && n < (size_t)u->s.outputs; n++) {
        num sum = 0;
        for (size_t k = 0; k < u->chunks; k++) sum += u->partial_bias[k * u->panels * PANEL + n];
        u->dbias[n] = (u->accumulate ? u->dbias[n] : 0) + sum;
    }
}

void conv_backward_weight(ConvShape s, const num *x, const num *dy, bool accumulate, num *dweight, num *dbias) {
    shape_require(s);
    if (winograd_suits(s)) {
        winograd_backward_weight(s, x, dy, accumulate, dweight, dbias);
        return;
    }
    if (y_count(s) == 0) {
        conv_backward_weight_plain(s, x, dy, accumulate, dweight, dbias);
        return;
    }
    WeightSum u = { .s = s, .P = out_height(s), .Q = out_width(s), .x = x, .dy = dy, .accumulate = accumulate };
    u.dweight = dweight;
    u.dbias = dbias;
    u.panels = (size_t)panel_count(s.outputs);
    u.depth = (size_t)s.kernel * (size_t)s.kernel * (size_t)s.C;
    u.lines = MAX(1, MIN(u.P, GROUP / u.Q));
    u.images = MAX(1, MIN(s.B, GROUP / u.Q / u.P));
    u.groups = (size_t)((s.B + u.images - 1) / u.images) * (size_t)((u.P + u.lines - 1) / u.lines);
    sum_run(&u);
}
