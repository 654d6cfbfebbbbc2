/* kernel: the one loop behind every matrix product and convolution, and the vectors it is made of. Included by
 * gemm.c, conv.c, winograd.c, attention.c and vecmath.c alone.
 *
 * What limits a product of matrices is not arithmetic but the road to it. A core of the kind this was measured on
 * starts two fused multiply-adds (a*b + c, one rounding) of 16 floats in every cycle of its 4.2 GHz clock:
 *     peak = 4.2e9 cycles/s * 2 units * 16 lanes * 2 FLOP = 269 GFLOP/s,
 * but it fetches only two vectors per cycle from its first cache, fewer from the second, and waits hundreds of cycles
 * for memory. The triple loop asks for two numbers per multiply-add, and gets a hundredth of the peak. The cure is
 * to use every number many times while it is near, at three distances.
 *
 * 1. Registers. A tile of ROWS x VECS vectors of the result (6 x 4 vectors of 16 floats: 6 x 64 numbers) stays in
 *    registers while k runs. Each k takes VECS vectors of B and ROWS single numbers of A, copied to all lanes:
 *    4 + 6 = 10 fetches feed 6 * 4 = 24 multiply-adds. At two of each per cycle those are 12 cycles of arithmetic
 *    beside 5 of fetching: the multipliers never wait. The 24 sums are 24 of the 32 registers; the rest hold B and a
 *    number of A. A multiply-add is ready after 4 cycles, so 2 * 4 = 8 independent sums are the least that keep both
 *    units busy. With 16 registers (AVX2) the tile is 6 x 2 vectors: 8 fetches, 12 multiply-adds, 6 cycles.
 * 2. Near caches. One k consumes 64 floats of B: 256 bytes in 12 cycles, 21 per cycle, all new. The second cache
 *    delivers that without a pause as long as the bytes lie one after the other, so B is first copied into panels
 *    ("packing"): panel p holds columns 64 p .. 64 p + 63, [K][64], in the order in which the loop will ask. A panel
 *    of K = 1024 is 256 KB, a quarter of the second cache (1 MB), and stays there while all rows of A pass by.
 *    A needs 24 bytes per 12 cycles, little enough to be read where it lies.
 * 3. Far caches. Packing writes K*N numbers once and reads each M/6 times: the copy costs about 1/M of the work.
 *
 * A convolution is the same loop: place (h, w) of the result is a row of A, namely the window of the picture under
 * the kernel. With channels fastest, each row of that window is one unbroken run of numbers. So the loop over k is cut
 * into segments, one per run, and nothing is ever copied out of the picture (the usual "im2col" writes every number of
 * it nine times for a 3 x 3 kernel). The tile's rows are places that see the same part of the kernel, so that what
 * lies outside the picture is left out instead of multiplied by zero: at 4 x 4 places and a 3 x 3 kernel 100 of 144
 * cells are inside, and a convolution can run faster than the peak in the FLOP of its definition. winograd.c goes on from
 * there: it turns most 3 x 3 convolutions into products of matrices with a quarter of the multiplications, for this loop.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include "core/thread.h"

/* Vectors as wide as the processor's registers; the tile as large as their number allows. */
#if defined(__AVX512F__)
enum { VEC_BYTES = 64, VECS = 4 };
#elif defined(__AVX__)
enum { VEC_BYTES = 32, VECS = 2 };
#elif defined(__aarch64__) && defined(__clang__)
enum { VEC_BYTES = 16, VECS = 4 };
#elif defined(__aarch64__) /* gcc fetches all six numbers of A at once, and needs registers for them */
enum { VEC_BYTES = 16, VECS = 3 };
#else
enum { VEC_BYTES = 16, VECS = 2 };
#endif
enum { LANES = VEC_BYTES / sizeof(num), ROWS = 6, ROWS_MAX = 8, PANEL = VECS * LANES };

/* A vector, and one in memory, where it may begin at any address a num may begin at. */
typedef num Vec __attribute__((vector_size(VEC_BYTES)));
typedef num VecAt __attribute__((vector_size(VEC_BYTES), aligned(sizeof(num)), may_alias));
static inline Vec vec_load(const num *from) { return *(const VecAt *)from; }
static inline void vec_store(num *to, Vec v) { *(VecAt *)to = v; }

/* Tells the compiler to write a loop of constant length out, so that arrays indexed by it become registers. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* c[r][n] (+)= bias[n] + sum over s < segments, k < length of
 *              a[r][a_at[s] + k * a_step] * b[b_at[s] + k * b_step + n]          for r < rows, n < cols <= PANEL
 *
 * A tile has tile_rows(cols) rows; a[rows] and up are read and dropped: let them repeat a valid row. Of each row of B,
 * cols rounded up to whole vectors are read. Every number of the result is summed in the order of s and k, whatever
 * tile it falls into. */
typedef struct {
    const num *a[ROWS_MAX], *b;
    num *c[ROWS_MAX];
    ptrdiff_t a_step, b_step;
    const ptrdiff_t *a_at, *b_at;
    size_t segments, length;
    int rows, cols;
    const num *bias; /* NULL: none */
    bool accumulate;
} Tile;

/* One vector wide, six sums would wait for each other (8 are needed, see above): such a tile has eight rows. */
static inline int tile_rows(int cols) { return cols <= LANES ? ROWS_MAX : ROWS; }

/* Edges, where the result is not a whole tile: one number at a time. */
static inline void tile_store_edge(const Tile *t, const num *sum, int width) {
    for (int r = 0; r < t->rows; r++)
        for (int n = 0; n < t->cols; n++) {
            num value = sum[r * width + n] + (t->bias ? t->bias[n] : 0);
            t->c[r][n] = t->accumulate ? t->c[r][n] + value : value;
        }
}

/* The loop. `height` and `vecs` are constants wherever this is called, so that `sum` and `b` are registers. */
static inline __attribute__((always_inline)) void tile_loop(const Tile *t, int height, int vecs) {
    Vec sum[ROWS_MAX][VECS], b[VECS];
    UNROLL
    for (int r = 0; r < height; r++) UNROLL
    for (int v = 0; v < vecs; v++) sum[r][v] = (Vec){ 0 };
    for (size_t s = 0; s < t->segments; s++) {
        const num *a[ROWS_MAX], *at = t->b + t->b_at[s];
        UNROLL
        for (int r = 0; r < height; r++) a[r] = t->a[r] + t->a_at[s];
        ptrdiff_t end = (ptrdiff_t)t->length * t->a_step;
        for (ptrdiff_t k = 0; k != end; k += t->a_step, at += t->b_step) {
            UNROLL
            for (int v = 0; v < vecs; v++) b[v] = vec_load(at + v * LANES);
            UNROLL
            for (int r = 0; r < height; r++) UNROLL
            for (int v = 0; v < vecs; v++) sum[r][v] += a[r][k] * b[v];
        }
    }
    if (t->rows < height || t->cols < vecs * LANES) {
        num edge[ROWS_MAX][PANEL];
        UNROLL
        for (int r = 0; r < height; r++) UNROLL
        for (int v = 0; v < vecs; v++) vec_store(edge[r] + v * LANES, sum[r][v]);
        tile_store_edge(t, edge[0], PANEL);
        return;
    }
    UNROLL
    for (int v = 0; v < vecs; v++) {
        Vec bias = { 0 };
        if (t->bias) bias = vec_load(t->bias + v * LANES);
        UNROLL
        for (int r = 0; r < height; r++) {
            num *c = t->c[r] + v * LANES;
            Vec value = sum[r][v] + bias;
            vec_store(c, t->accumulate ? vec_load(c) + value : value);
        }
    }
}

static __attribute__((noinline, unused)) void tile_run(const Tile *t) {
    int vecs = (t->cols + LANES - 1) / LANES;
    if (vecs == VECS) tile_loop(t, ROWS, VECS);
    else if (vecs == 1) tile_loop(t, ROWS_MAX, 1);
    else if (VECS > 2 && vecs == 2) tile_loop(t, ROWS, 2 % VECS);
    else if (VECS > 3) tile_loop(t, ROWS, 3 % VECS);
}

/* Turns a square of LANES x LANES numbers: *(to[c] + r) = from[r * step + c].
 *
 * Line up rows 0 .. 15 and deal like cards: the numbers of row 0 alternately with those of row 8 make two new rows, 1
 * with 9 the next two, and so on. In the 8 bits (row, column) of a number's place this moves the highest bit of the
 * row behind the column's lowest: all bits turn by one. After four rounds row and column have changed places, with
 * 4 * 16 vector instructions for 256 numbers, where one at a time would take 512 loads and stores. */
static inline __attribute__((always_inline)) Vec vec_interleave(Vec a, Vec b, int start) {
#if defined(__clang__)
    Vec v;
    UNROLL
    for (int l = 0; l < LANES; l++) v[l] = l % 2 ? b[start + l / 2] : a[start + l / 2];
    return v;
#else
    __typeof__(a < b) place; /* a vector of whole numbers as wide as num; b's count from LANES */
    UNROLL
    for (int l = 0; l < LANES; l++) place[l] = start + l / 2 + l % 2 * LANES;
    return __builtin_shuffle(a, b, place);
#endif
}

static __attribute__((noinline, unused)) void vec_transpose(const num *from, size_t step, num *const *to) {
    Vec rows[2][LANES];
    int now = 0;
    UNROLL
    for (int r = 0; r < LANES; r++) rows[0][r] = vec_load(from + (size_t)r * step);
    UNROLL
    for (int n = 1; n < LANES; n *= 2, now = 1 - now) UNROLL
    for (int r = 0; r < LANES / 2; r++) {
        rows[1 - now][2 * r] = vec_interleave(rows[now][r], rows[now][r + LANES / 2], 0);
        rows[1 - now][2 * r + 1] = vec_interleave(rows[now][r], rows[now][r + LANES / 2], LANES / 2);
    }
    UNROLL
    for (int r = 0; r < LANES; r++) vec_store(to[r], rows[now][r]);
}

/* to[c * to_step + r] = from[r * step + c] for r < rows, c < cols: whole squares as above, the rest one by one. */
static inline void matrix_transpose(const num *from, size_t step, size_t rows, size_t cols, num *to, size_t to_step) {
    num *squares[LANES];
    size_t whole_rows = rows / LANES * LANES, whole_cols = cols / LANES * LANES;
    for (size_t r = 0; r < whole_rows; r += LANES)
        for (size_t c = 0; c < whole_cols; c += LANES) {
            for (size_t i = 0; i < LANES; i++) squares[i] = to + (c + i) * to_step + r;
            vec_transpose(from + r * step + c, step, squares);
        }
    for (size_t r = 0; r < rows; r++)
        for (size_t c = r < whole_rows ? whole_cols : 0; c < cols; c++) to[c * to_step + r] = from[r * step + c];
}

/* The columns of a matrix are cut into panels of PANEL; the last one is as wide as whole vectors make it. All panels
 * of K rows and N columns take K * panels_width(N) numbers, and panel p begins at number p * PANEL * K. */
static inline int panel_count(int N) { return (N + PANEL - 1) / PANEL; }
static inline int panel_cols(int N, int p) { return MIN(PANEL, N - p * PANEL); }
static inline int vecs_width(int cols) { return (cols + LANES - 1) / LANES * LANES; }

static inline void kernel_worker(void *worker, size_t begin, size_t end, int self) {
    (void)begin, (void)end;
    *(int *)worker = self;
}

/* Memory for all workers of the parallel_for's that follow: the scratch memory of the thread that calls them (a single
 * piece runs on the calling thread, and tells its number). */
static inline void *shared_scratch(size_t bytes) {
    int worker = 0;
    parallel_for(1, 1, kernel_worker, &worker);
    return thread_scratch(worker, bytes);
}

#endif
