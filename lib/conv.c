#include "conv.h"

#include "kernel.h"

/* ---- the definitions ---------------------------------------------------------------------------------------- */

int conv_out(int size, int kernel, int stride, int pad) { return (size + 2 * pad - kernel) / stride + 1; }

static int out_height(ConvShape s) { return conv_out(s.H, s.kernel, s.stride, s.pad); }
static int out_width(ConvShape s) { return conv_out(s.W, s.kernel, s.stride, s.pad); }

static void shape_require(ConvShape s) {
    REQUIRE(s.B >= 0 && s.H >= 0 && s.W >= 0 && s.C >= 0 && s.outputs >= 0,
            "x is [%d,%d,%d,%d], outputs %d, want 0 or more", s.B, s.H, s.W, s.C, s.outputs);
    REQUIRE(s.kernel >= 1 && s.stride >= 1 && 0 <= s.pad && s.pad < 1 << 20,
            "kernel %d, stride %d, pad %d, want 1, 1, 0 or more", s.kernel, s.stride, s.pad);
    REQUIRE(s.kernel - 2 * s.pad <= MIN(s.H, s.W), "kernel %d on a picture of %d x %d with pad %d: it does not fit",
            s.kernel, s.H, s.W, s.pad);
}

/* One multiply-add of a convolution: where its numbers lie in x, weight and y. */
typedef struct { size_t x, weight, y; } Term;
typedef void (*TermBody)(void *context, Term at);

/* Calls `body` for every term of the sum in conv.h. */
static void terms(ConvShape s, TermBody body, void *context) {
    size_t C = (size_t)s.C, K = (size_t)s.kernel, place = 0;
    for (int b = 0; b < s.B; b++)
        for (int p = 0; p < out_height(s); p++)
            for (int q = 0; q < out_width(s); q++, place++)
                for (int i = 0; i < s.kernel; i++)
                    for (int j = 0; j < s.kernel; j++) {
                        int h = p * s.stride + i - s.pad, w = q * s.stride + j - s.pad;
                        if (h < 0 || h >= s.H || w < 0 || w >= s.W) continue;
                        size_t pixel = ((size_t)b * (size_t)s.H + (size_t)h) * (size_t)s.W + (size_t)w;
                        for (size_t o = 0; o < (size_t)s.outputs; o++)
                            for (size_t c = 0; c < C; c++)
                                body(context, (Term){ pixel * C + c, ((o * C + c) * K + (size_t)i) * K + (size_t)j,
                                                      place * (size_t)s.outputs + o });
                    }
}

static size_t x_count(ConvShape s) { return (size_t)s.B * (size_t)s.H * (size_t)s.W * (size_t)s.C; }
static size_t weight_count(ConvShape s) {
    return (size_t)s.outputs * (size_t)s.C * (size_t)s.kernel * (size_t)s.kernel;
}
static size_t y_count(ConvShape s) {
    return (size_t)s.B * (size_t)out_height(s) * (size_t)out_width(s) * (size_t)s.outputs;
}

typedef struct { const num *x, *weight, *dy; num *y, *dx, *dweight; } Plain;

static void forward_term(void *context, Term at) {
    const Plain *v = context;
    v->y[at.y] += v->weight[at.weight] * v->x[at.x];
}

static void data_term(void *context, Term at) {
    const Plain *v = context;
    v->dx[at.x] += v->weight[at.weight] * v->dy[at.y];
}

static void weight_term(void *context, Term at) {
    const Plain *v = context;
    v->dweight[at.weight] += v->x[at.x] * v->dy[at.y];
}

void conv_forward_plain(ConvShape s, const num *x, const num *weight, const num *bias, num *y) {
    shape_require(s);
    for (size_t i = 0; i < y_count(s); i++) y[i] = bias ? bias[i % (size_t)s.outputs] : 0;
    terms(s, forward_term, &(Plain){ .x = x, .weight = weight, .y = y });
}

void conv_backward_data_plain(ConvShape s, const num *dy, const num *weight, bool accumulate, num *dx) {
    shape_require(s);
    for (size_t i = 0; i < x_count(s) && !accumulate; i++) dx[i] = 0;
    terms(s, data_term, &(Plain){ .dy = dy, .weight = weight, .dx = dx });
}

void conv_backward_weight_plain(ConvShape s, const num *x, const num *dy, bool accumulate, num *dweight, num *dbias) {
    shape_require(s);
    for (size_t i = 0; i < weight_count(s) && !accumulate; i++) dweight[i] = 0;
    for (int o = 0; o < s.outputs && dbias && !accumulate; o++) dbias[o] = 0;
    for (size_t i = 0; i < y_count(s) && dbias; i++) dbias[i % (size_t)s.outputs] += dy[i];
    terms(s, weight_term, &(Plain){ .x = x, .dy = dy, .dweight = dweight });
}

/* ---- forward, and backward to the data ---------------------------------------------------------------------- */

/* Both are one thing: each place of the result is a sum over a window of the source. Along one direction, place u of
 * the result looks through `cells` kernel cells; cell t sees number  first + u * step + t  of the source, if that is
 * one of its `size`. The place lies at  to_first + u * to_step  in a result of `to_size`. */
typedef struct { int count, first, step, cells, size, to_first, to_step, to_size; } Axis;

/* A window product: y[place, n] (+)= bias[n] + sum over the cells (i, j) inside the source, and c, of
 *                   x[.., h + i, w + j, c] * weight[n * n_stride + c * c_stride + cell(i, j)]
 * with cell(i, j) = (i0 + i * turn) * kernel + j0 + j * turn. */
typedef struct {
    Axis h, w;
    int B, C, N, kernel, i0, j0, turn;
    size_t n_stride, c_stride;
    const num *x, *weight, *bias;
    num *y, *panels;
    bool accumulate;
    int pictures, strips; /* a group of places is so many pictures, or one of so many strips of one picture */
} Window;

/* A run of places u0 .. u1-1 that all see the cells t0 .. t1-1. */
typedef struct { int u0, u1, t0, t1; } Run;

/* The longest run that begins at u, before `end`. */
static Run axis_run(Axis a, int u, int end) {
    Run run = { u, u, 0, 0 };
    for (; run.u1 < end; run.u1++) {
        int at = a.first + run.u1 * a.step, t0 = MIN(a.cells, MAX(0, -at)), t1 = MAX(t0, MIN(a.cells, a.size - at));
        if (run.u1 > u && (t0 != run.t0 || t1 != run.t1)) break;
        run.t0 = t0, run.t1 = t1;
    }
    return run;
}

/* Packs the weights for the kernel: panel p is [cells of h][cells of w][C][width]. A piece is 16 channels of a panel:
 * few enough that the lines of memory it gathers from stay in the first cache until they are used up. */
enum { PACK_CHANNELS = 16 };

static size_t window_depth(const Window *w) { return (size_t)w->h.cells * (size_t)w->w.cells * (size_t)w->C; }

static void pack_weights(void *context, size_t begin, size_t end, int worker) {
    const Window *w = context;
    size_t C = (size_t)w->C, blocks = (C + PACK_CHANNELS - 1) / PACK_CHANNELS;
    (void)worker;
    for (size_t piece = begin; piece < end; piece++) {
        size_t p = piece / blocks, c0 = piece % blocks * PACK_CHANNELS, c1 = MIN(C, c0 + PACK_CHANNELS);
        size_t cols = (size_t)panel_cols(w->N, (int)p), width = (size_t)vecs_width((int)cols);
        num *panel = w->panels + p * PANEL * window_depth(w);
        for (size_t c = c0; c < c1; c++)
            for (int i = 0; i < w->h.cells; i++)
                for (int j = 0; j < w->w.cells; j++) {
                    int cell = (w->i0 + i * w->turn) * w->kernel + w->j0 + j * w->turn;
                    const num *from = w->weight + p * PANEL * w->n_stride + c * w->c_stride + cell;
                    num *to = panel + (((size_t)i * (size_t)w->w.cells + (size_t)j) * C + c) * width;
                    for (size_t n = 0; n < cols; n++) to[n] = from[n * w->n_stride];
                    for (size_t n = cols; n < width; n++) to[n] = 0;
                }
    }
}

/* The tiles of all places, in pictures b0 .. b1-1, that see the cells h.t0 .. h.t1-1 by v.t0 .. v.t1-1. */
static void run_tiles(const Window *w, Tile *t, int b0, int b1, Run h, Run v) {
    size_t C = (size_t)w->C, to_n = (size_t)(t->c[0] - w->y);
    int rows = 0, height = tile_rows(t->cols);
    for (int b = b0; b < b1; b++)
        for (int p = h.u0; p < h.u1; p++) {
            size_t from = ((size_t)b * (size_t)w->h.size + (size_t)(w->h.first + p * w->h.step + h.t0)) *
                          (size_t)w->w.size;
            size_t to = ((size_t)b * (size_t)w->h.to_size + (size_t)(w->h.to_first + p * w->h.to_step)) *
                        (size_t)w->w.to_size;
            for (int q = v.u0; q < v.u1; q++) {
                t->a[rows] = w->x;
                if (t->segments) t->a[rows] += (from + (size_t)(w->w.first + q * w->w.step + v.t0)) * C;
                t->c[rows] = w->y + (to + (size_t)(w->w.to_first + q * w->w.to_step)) * (size_t)w->N + to_n;
                if (++rows < height) continue;
                t->rows = height, rows = 0;
                tile_run(t);
            }
        }
    if (rows == 0) return;
    t->rows = rows;
    for (int r = rows; r < height; r++) t->a[r] = t->a[0];
    tile_run(t);
}

enum { LINES = 16, SLICE = 1 << 17 };

/* One panel of the result for a group of places: strip `u0 .. u1-1` of pictures b0 .. b1-1. The kernel's lines are
 * taken so many at a time that their slice of the panel (at most SLICE numbers) stays in the second cache. */
static void window_group(const Window *w, int p, int b0, int b1, int u0, int u1) {
    ptrdiff_t a_at[LINES], b_at[LINES];
    size_t C = (size_t)w->C, cells = (size_t)w->w.cells;
    Tile t = { .a_at = a_at, .b_at = b_at, .a_step = 1, .cols = panel_cols(w->N, p) };
    t.b = w->panels + (size_t)p * PANEL * window_depth(w), t.b_step = vecs_width(t.cols);
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

static void window_pieces(void *context, size_t begin, size_t end, int worker) {
    const Window *w = context;
    size_t panels = (size_t)panel_count(w->N), strips = (size_t)w->strips;
    (void)worker;
    for (size_t piece = begin; piece < end; piece++) {
        int p = (int)(piece % panels), strip = (int)(piece / panels % strips);
        int b = (int)(piece / panels / strips) * w->pictures, height = (w->h.count + w->strips - 1) / w->strips;
        window_group(w, p, b, MIN(b + w->pictures, w->B), MIN(strip * height, w->h.count),
                     MIN((strip + 1) * height, w->h.count));
    }
}

/* Cuts the places into groups: large ones, because each has a few tiles that are not full, yet enough of them. */
static void window_cut(Window *w) {
    enum { PIECES = 16, PLACES_FEW = 16 * ROWS, PLACES_MANY = 1024 };
    double picture = (double)w->h.count * w->w.count, all = picture * w->B * panel_count(w->N);
    double want = MAX(PLACES_FEW, MIN(PLACES_MANY, all / PIECES));
    w->pictures = (int)MAX(1, MIN(w->B, want / picture));
    int groups = (w->B + w->pictures - 1) / w->pictures;
    w->pictures = (w->B + groups - 1) / groups;
    w->strips = w->pictures > 1 ? 1 : (int)MAX(1, MIN(w->h.count, picture / want));
}

static void window_run(Window *w) {
    if (w->B == 0 || w->N == 0 || w->h.count == 0 || w->w.count == 0) return;
    window_cut(w);
    size_t panels = (size_t)panel_count(w->N), depth = window_depth(w);
    size_t groups = (size_t)((w->B + w->pictures - 1) / w->pictures) * (size_t)w->strips;
    size_t blocks = ((size_t)w->C + PACK_CHANNELS - 1) / PACK_CHANNELS;
    double work = 2.0 * w->B * w->h.count * w->w.count * w->N * (double)depth / (double)(groups * panels);
    w->panels = shared_scratch(size_mul(panels * PANEL * depth, sizeof(num)));
    parallel_for(depth ? panels * blocks : 0, 1, pack_weights, w);
    parallel_for(groups * panels, (size_t)(2e6 / (work + 1)) + 1, window_pieces, w);
}

void conv_forward(ConvShape s, const num *x, const num *weight, const num *bias, num *y) {
    shape_require(s);
    size_t cells = (size_t)s.kernel * (size_t)s.kernel;
    Axis h = { out_height(s), -s.pad, s.stride, s.kernel, s.H, 0, 1, out_height(s) };
    Axis w = { out_width(s), -s.pad, s.stride, s.kernel, s.W, 0, 1, out_width(s) };
    window_run(&(Window){ .h = h, .w = w, .B = s.B, .C = s.C, .N = s.outputs, .kernel = s.kernel, .turn = 1,
                          .n_stride = (size_t)s.C * cells, .c_stride = cells, .x = x, .weight = weight,
                          .bias = bias, .y = y });
}

/* dx[h] = sum over kernel cells i and places p of y with p * stride + i - pad = h. Those i leave the remainder
 * phase = (h + pad) mod stride: i = phase + stride * t, and p = (h + pad - phase) / stride - t. So the pixels of one
 * phase are a window product over dy, with every stride-th cell, turned round because t counts p downwards. */
static Axis phase_axis(ConvShape s, int phase, int size, int out) {
    int first = ((phase - s.pad) % s.stride + s.stride) % s.stride; /* the first h of this phase */
    int cells = phase < s.kernel ? (s.kernel - phase - 1) / s.stride + 1 : 0;
    int count = first < size ? (size - first - 1) / s.stride + 1 : 0;
    return (Axis){ count, (first + s.pad - phase) / s.stride - (cells - 1), 1, cells, out, first, s.stride, size };
}

void conv_backward_data(ConvShape s, const num *dy, const num *weight, bool accumulate, num *dx) {
    shape_require(s);
    size_t cells = (size_t)s.kernel * (size_t)s.kernel;
    for (int i = 0; i < s.stride; i++)
        for (int j = 0; j < s.stride; j++) {
            Axis h = phase_axis(s, i, s.H, out_height(s)), w = phase_axis(s, j, s.W, out_width(s));
            window_run(&(Window){ .h = h, .w = w, .B = s.B, .C = s.outputs, .N = s.C, .kernel = s.kernel,
                                  .i0 = i + s.stride * (h.cells - 1), .j0 = j + s.stride * (w.cells - 1),
                                  .turn = -s.stride, .n_stride = cells, .c_stride = (size_t)s.C * cells, .x = dy,
                                  .weight = weight, .y = dx, .accumulate = accumulate });
        }
}

/* ---- backward to the weights -------------------------------------------------------------------------------- */

/* dweight is a matrix product whose k runs over the places of y: rows are channels of x as one cell (i, j) of the
 * kernel sees them, columns are outputs. dy is packed into panels, one group of places at a time, small enough for
 * the second cache beside the sums (256 x 64 floats: 64 KB); x is read where it lies, row by row of the picture, leaving
 * out the places that look outside. The sum over the batch is cut into `chunks`, by the shape alone, each with its own
 * partial sums in the order [cell][C][width]; they are added up in order at the end. A piece of work is one chunk and
 * one panel, and where that makes too few pieces, one of `slices` of the kernel: a line of it. */
enum { GROUP = 256, SUM_PIECES = 24, PARTIAL_MOST = 1 << 22 };

typedef struct {
    ConvShape s;
    int P, Q, pictures, lines; /* a group of places: so many pictures, or so many lines of one */
    size_t groups, chunks, panels, depth, slices;
    const num *x, *dy;
    num *dweight, *dbias, *partial, *partial_bias;
    char *workers;       /* each worker's own memory: packed dy, then K Runs */
    size_t worker_bytes;
    bool accumulate;
} Sum;

/* Places in pictures b0 .. b1-1, lines p0 .. p1-1. */
typedef struct { int b0, b1, p0, p1; } Group;

static Group sum_group(const Sum *u, size_t g) {
    size_t strips = (size_t)((u->P + u->lines - 1) / u->lines);
    int b = (int)(g / strips) * u->pictures, p = (int)(g % strips) * u->lines;
    return (Group){ b, MIN(b + u->pictures, u->s.B), p, MIN(p + u->lines, u->P) };
}

/* Panel p of dy for a group, [places][width]. */
static void pack_places(const Sum *u, int p, Group g, num *to) {
    size_t N = (size_t)u->s.outputs, cols = (size_t)panel_cols((int)N, p), width = (size_t)vecs_width((int)cols);
    size_t places = (size_t)(g.p1 - g.p0) * (size_t)u->Q; /* in one picture, one after the other */
    for (int b = g.b0; b < g.b1; b++) {
        const num *from = u->dy + ((size_t)b * (size_t)u->P + (size_t)g.p0) * (size_t)u->Q * N + (size_t)p * PANEL;
        for (size_t i = 0; i < places; i++, from += N, to += width) {
            for (size_t n = 0; n < cols; n++) to[n] = from[n];
            for (size_t n = cols; n < width; n++) to[n] = 0;
        }
    }
}

static void sum_bias(const num *pack, size_t places, size_t width, bool accumulate, num *bias) {
    for (size_t n = 0; n < width; n += LANES) {
        Vec sum = { 0 };
        for (size_t i = 0; i < places; i++) sum += vec_load(pack + i * width + n);
        vec_store(bias + n, accumulate ? vec_load(bias + n) + sum : sum);
    }
}

/* The part of a group that sees x through cell t: places u0 .. u1-1 of `first` .. end-1. */
static Run cell_run(int t, int size, int first, int end, int stride, int pad) {
    int low = pad > t ? (pad - t + stride - 1) / stride : 0; /* u * stride + t - pad >= 0 */
    int high = size + pad > t ? (size + pad - t - 1) / stride + 1 : 0; /* < size */
    low = MAX(low, first), high = MIN(high, end);
    return (Run){ low, MAX(low, high), t, t + 1 };
}

/* Where the runs of places that see x through one cell of the kernel lie, in x and in the packed dy. */
typedef struct { size_t segments, length; ptrdiff_t a_at[GROUP], b_at[GROUP]; } Runs;

static void cell_runs(const Sum *u, Group g, int i, int j, ptrdiff_t width, Runs *runs) {
    ConvShape s = u->s;
    Run h = cell_run(i, s.H, g.p0, g.p1, s.stride, s.pad), w = cell_run(j, s.W, 0, u->Q, s.stride, s.pad);
    runs->segments = 0, runs->length = (size_t)(w.u1 - w.u0);
    for (int b = g.b0; b < g.b1 && runs->length; b++)
        for (int p = h.u0; p < h.u1; p++) {
            size_t line = (size_t)b * (size_t)s.H + (size_t)(p * s.stride + i - s.pad);
            size_t place = ((size_t)(b - g.b0) * (size_t)(g.p1 - g.p0) + (size_t)(p - g.p0)) * (size_t)u->Q;
            size_t pixel = line * (size_t)s.W + (size_t)(w.u0 * s.stride + j - s.pad);
            runs->a_at[runs->segments] = (ptrdiff_t)(pixel * (size_t)s.C);
            runs->b_at[runs->segments++] = (ptrdiff_t)(place + (size_t)w.u0) * width;
        }
}

/* Adds a group's share to the partial sums of the kernel's line i, [cells][C][width], one panel. Channels are the outer
 * loop: all cells of the line see the same lines of memory, which so stay in the first cache. */
static void sum_line(const Sum *u, Tile *t, Group g, int i, Runs *runs, num *to) {
    size_t C = (size_t)u->s.C, K = (size_t)u->s.kernel, height = (size_t)tile_rows(t->cols);
    for (size_t j = 0; j < K; j++) cell_runs(u, g, i, (int)j, t->b_step, runs + j);
    t->a_step = u->s.stride * u->s.C;
    for (size_t c = 0; c < C; c += height)
        for (size_t j = 0; j < K; j++) {
            t->segments = runs[j].segments, t->length = runs[j].length;
            t->a_at = runs[j].a_at, t->b_at = runs[j].b_at;
            t->rows = (int)MIN(height, C - c);
            for (size_t r = 0; r < height; r++) {
                size_t row = c + MIN(r, (size_t)t->rows - 1);
                t->a[r] = u->x + row, t->c[r] = to + (j * C + row) * (size_t)t->b_step;
            }
            tile_run(t);
        }
}

static void sum_pieces(void *context, size_t begin, size_t end, int worker) {
    const Sum *u = context;
    size_t K = (size_t)u->s.kernel, slices = u->slices, lines = K / slices;
    num *pack = (void *)(u->workers + (size_t)worker * u->worker_bytes);
    Runs *runs = (void *)(pack + (size_t)MAX(GROUP, u->Q) * PANEL);
    for (size_t piece = begin; piece < end; piece++) {
        size_t i0 = piece % slices * lines, p = piece / slices % u->panels, chunk = piece / slices / u->panels;
        int cols = panel_cols(u->s.outputs, (int)p), width = vecs_width(cols);
        num *to = u->partial + (chunk * u->panels + p) * PANEL * u->depth;
        num *bias = u->partial_bias + (chunk * u->panels + p) * PANEL;
        size_t first = u->groups * chunk / u->chunks, last = u->groups * (chunk + 1) / u->chunks;
        for (size_t g = first; g < last; g++) {
            Group group = sum_group(u, g);
            Tile t = { .b = pack, .b_step = width, .cols = cols, .accumulate = g > first };
            size_t places = (size_t)(group.b1 - group.b0) * (size_t)(group.p1 - group.p0) * (size_t)u->Q;
            pack_places(u, (int)p, group, pack);
            if (i0 == 0) sum_bias(pack, places, (size_t)width, g > first, bias);
            for (size_t i = i0; i < i0 + lines; i++)
                sum_line(u, &t, group, (int)i, runs, to + i * K * (size_t)u->s.C * (size_t)width);
        }
    }
}

/* Adds the chunks up and puts them where the weights lie. A piece is 16 channels of a panel. */
static void sum_chunks(void *context, size_t begin, size_t end, int worker) {
    const Sum *u = context;
    size_t C = (size_t)u->s.C, cells = (size_t)u->s.kernel * (size_t)u->s.kernel;
    size_t blocks = (C + PACK_CHANNELS - 1) / PACK_CHANNELS;
    (void)worker;
    for (size_t piece = begin; piece < end; piece++) {
        size_t p = piece / blocks, c0 = piece % blocks * PACK_CHANNELS;
        size_t cols = (size_t)panel_cols(u->s.outputs, (int)p), width = (size_t)vecs_width((int)cols);
        for (size_t c = c0; c < MIN(C, c0 + PACK_CHANNELS); c++)
            for (size_t cell = 0; cell < cells; cell++)
                for (size_t n = 0; n < cols; n++) {
                    const num *from = u->partial + p * PANEL * u->depth + (cell * C + c) * width + n;
                    num sum = 0, *to = u->dweight + ((p * PANEL + n) * C + c) * cells + cell;
                    for (size_t k = 0; k < u->chunks; k++) sum += from[k * u->panels * PANEL * u->depth];
                    *to = u->accumulate ? *to + sum : sum;
                }
    }
}

static void sum_run(Sum *u) {
    size_t K = (size_t)u->s.kernel, partial = u->panels * PANEL * u->depth;
    size_t blocks = ((size_t)u->s.C + PACK_CHANNELS - 1) / PACK_CHANNELS;
    size_t chunks_most = MIN(u->groups, MAX(1, PARTIAL_MOST / (partial + 1)));
    u->slices = u->panels * chunks_most < SUM_PIECES / 2 ? K : 1;
    size_t pieces = u->panels * u->slices;
    u->chunks = MIN(chunks_most, (SUM_PIECES + pieces - 1) / pieces);
    size_t partials = size_mul(u->chunks, partial), biases = u->chunks * u->panels * PANEL;
    size_t pack = (size_t)MAX(GROUP, u->Q) * PANEL * sizeof(num);
    u->worker_bytes = pack + (K * sizeof(Runs) + 63) / 64 * 64;
    size_t shared = (partials + biases) * sizeof(num);
    u->partial = shared_scratch(shared + (size_t)thread_count() * u->worker_bytes);
    u->partial_bias = u->partial + partials, u->workers = (char *)u->partial + shared;
    double work = 2.0 * (double)y_count(u->s) * (double)u->depth / (double)(pieces * u->chunks);
    parallel_for(pieces * u->chunks, (size_t)(2e6 / (work + 1)) + 1, sum_pieces, u);
    parallel_for(u->panels * blocks, (size_t)(1e5 / (16.0 * PANEL * (double)(u->depth + 1))) + 1, sum_chunks, u);
    for (size_t n = 0; u->dbias && n < (size_t)u->s.outputs; n++) {
        num sum = 0;
        for (size_t k = 0; k < u->chunks; k++) sum += u->partial_bias[k * u->panels * PANEL + n];
        u->dbias[n] = u->accumulate ? u->dbias[n] + sum : sum;
    }
}

void conv_backward_weight(ConvShape s, const num *x, const num *dy, bool accumulate, num *dweight, num *dbias) {
    shape_require(s);
    if (y_count(s) == 0) {
        conv_backward_weight_plain(s, x, dy, accumulate, dweight, dbias);
        return;
    }
    Sum u = { .s = s, .P = out_height(s), .Q = out_width(s), .x = x, .dy = dy, .dweight = dweight, .dbias = dbias,
              .panels = (size_t)panel_count(s.outputs), .accumulate = accumulate,
              .depth = (size_t)s.kernel * (size_t)s.kernel * (size_t)s.C };
    u.lines = MAX(1, MIN(u.P, GROUP / u.Q));
    u.pictures = MAX(1, MIN(s.B, GROUP / u.Q / u.P));
    u.groups = (size_t)((s.B + u.pictures - 1) / u.pictures) * (size_t)((u.P + u.lines - 1) / u.lines);
    sum_run(&u);
}
