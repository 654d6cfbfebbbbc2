/* kernel: the micro-kernel behind every matrix product and convolution, and the vector type it is made of. Included by
 * the files of kernels, and by op_arithmetic.c for matrix_transpose.
 *
 * A matrix product is limited by memory, not by arithmetic. A core of the kind this was measured on starts two fused
 * multiply-adds (a*b + c, one rounding) of 16 floats in every cycle of its 4.2 GHz clock:
 *     peak = 4.2e9 cycles/s * 2 units * 16 lanes * 2 FLOP = 269 GFLOP/s.
 * A core of AMD's Zen 4 has two units of 8 lanes, and splits a vector of 16 in two:
 *     peak = 3.6e9 cycles/s * 2 units *  8 lanes * 2 FLOP = 115 GFLOP/s.
 * But the first core loads only two vectors per cycle from its first-level cache (L1), fewer from L2, and waits
 * hundreds of cycles for main memory. The triple loop loads two numbers per multiply-add and reaches a hundredth of the
 * peak. So every number that was loaded must be used many times. This is done at three levels, counted in cycles of the
 * first core. Zen 4 takes twice as many for the arithmetic; the same tile reaches 97 % of a loop without loads there.
 *
 * 1. Registers. A register tile of ROWS x VECS vectors of the result (6 x 4 vectors of 16 floats: 6 x 64 numbers) stays
 *    in registers while k runs. Each k loads VECS vectors of B and ROWS single numbers of A, broadcast to all lanes:
 *    4 + 6 = 10 loads for 6 * 4 = 24 multiply-adds. At two of each per cycle these are 12 cycles of arithmetic and 5 of
 *    loading: the multipliers never wait. The 24 sums take 24 of the 32 registers; the rest hold B and a number of A.
 *    The result of a multiply-add is ready after 4 cycles, so at least 2 * 4 = 8 independent sums are needed to keep
 *    both units busy. With 16 registers (AVX2) the tile is 6 x 2 vectors: 8 loads, 12 multiply-adds, 6 cycles.
 * 2. L1 and L2. One k reads 64 new floats of B: 256 bytes in 12 cycles, 21 per cycle. L2 delivers that if the bytes are
 *    consecutive, so B is first copied into panels ("packing"): panel p holds columns 64 p .. 64 p + 63 as [K][64], in
 *    the order in which the micro-kernel reads. A panel of K = 1024 is 256 KB, a quarter of L2 (1 MB), and stays there
 *    while all rows of A pass. A needs 24 bytes per 12 cycles: so little that it is read in place.
 * 3. L3 and memory. Packing writes K*N numbers once; each is then read M/6 times. The copy costs about 1/M of the work.
 *    For the weights of a layer [out,in] and M = 50 tokens it took 38 % of the time on the first core, 29 % on Zen 4:
 *    weights must be transposed and come from memory. There A and B swap roles (gemm.c): the numbers of the weights are
 *    broadcast from where they are, the few rows are packed, and with each k the tile asks for a part of the rows that
 *    the next one reads. Zen 4, in % of the loop without loads: 50 rows 84 (70 when packed), 77 rows 89 (75).
 *
 * A convolution is the same loop: the row of A for place (h, w) of the result is the window of the image under the
 * kernel. Channels are fastest, so each row of that window is one contiguous run of numbers. The loop over k is cut
 * into segments, one per run, and nothing is copied out of the image ("im2col" writes every number nine times for 3 x 3
 * kernels). The rows of a tile are places that see the same part of the kernel, so padding is left out instead of
 * multiplied by zero: for 4 x 4 places and a 3 x 3 kernel 100 of 144 cells are inside the image. winograd.c goes
 * further: it turns most 3 x 3 convolutions into matrix products.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include "core/thread.h"

/* Vectors are as wide as the registers of the processor; their number sets the size of the register tile. */
#if defined(__AVX512F__)
enum { VEC_BYTES = 64, VECS = 4 };
#elif defined(__AVX__)
enum { VEC_BYTES = 32, VECS = 2 };
#elif defined(__aarch64__) && defined(__clang__)
enum { VEC_BYTES = 16, VECS = 4 };
#elif defined(__aarch64__) /* gcc loads all six numbers of A at once and needs registers for them */
enum { VEC_BYTES = 16, VECS = 3 };
#else
enum { VEC_BYTES = 16, VECS = 2 };
#endif
enum { LANES = VEC_BYTES / sizeof(num), ROWS = 6, ROWS_MAX = 8, PANEL = VECS * LANES };

#define INLINE static inline __attribute__((always_inline))

/* A vector, and one in memory at any address of a num. */
typedef num Vec __attribute__((vector_size(VEC_BYTES)));
typedef num VecAt __attribute__((vector_size(VEC_BYTES), aligned(sizeof(num)), may_alias));
static inline Vec vec_load(const num *from) { return *(const VecAt *)from; }
static inline void vec_store(num *to, Vec v) { *(VecAt *)to = v; }

/* Half a vector, for the last columns of a tile. Some processors (Zen 4) split a 64-byte operation in two: there half a
 * vector takes half the time. Elsewhere it takes as long as a whole one. Shorter vectors are not cut. */
typedef num Half __attribute__((vector_size(VEC_BYTES / 2)));
typedef num HalfAt __attribute__((vector_size(VEC_BYTES / 2), aligned(sizeof(num)), may_alias));
static inline Half half_load(const num *from) { return *(const HalfAt *)from; }
static inline void half_store(num *to, Half v) { *(HalfAt *)to = v; }

/* Unrolls a loop of constant length, so that arrays indexed by it become registers. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* sum + a * b. The operands are read first. Otherwise a sanitizer's check between product and sum can keep clang from
 * fusing them in one kind of tile and not in another, and a number then depends on the tile it is in. */
INLINE Vec multiply_add(Vec sum, num a, Vec b) { return sum + a * b; }
INLINE Half half_multiply_add(Half sum, num a, Half b) { return sum + a * b; }

/* One register tile of the result:
 *     c[r][n] (+)= bias[n] + sum over s < segments, k < length of
 *                  a[r][a_at[s] + k * a_step] * b[b_at[s] + k * b_step + n]          for r < rows, n < cols <= PANEL
 *
 * It has tile_rows(cols) rows; rows from a[rows] on are read but not stored: they repeat a valid row. Of each row of B,
 * cols rounded up to whole vectors are read. Each number of the result is summed in the order of s and k.
 *
 * ahead: bytes that a later tile reads; NULL: none. With each k, ahead_step more of them are asked for. */
typedef struct {
    const num *a[ROWS_MAX], *b;
    num *c[ROWS_MAX];
    ptrdiff_t a_step, b_step;
    const ptrdiff_t *a_at, *b_at;
    size_t segments, length;
    int rows, cols;
    const num *bias; /* NULL: none */
    bool accumulate;
    const uint8_t *ahead;
    size_t ahead_step;
} RegisterTile;

/* A tile one vector wide has eight rows: six sums would wait for each other (8 are needed, see above). The other narrow
 * tiles have eight where registers allow it: fewer loads of B for each multiply-add. */
enum { NARROW_ROWS = VEC_BYTES == 64 ? ROWS_MAX : ROWS };
static inline int tile_rows(int cols) { return cols <= LANES ? ROWS_MAX : cols <= PANEL - LANES ? NARROW_ROWS : ROWS; }

/* Stores a tile at the edge of the result, smaller than a whole one: one number at a time. */
static inline void tile_store_edge(const RegisterTile *t, const num *sum, int width) {
    for (int r = 0; r < t->rows; r++)
        for (int n = 0; n < t->cols; n++) {
            num value = sum[r * width + n] + (t->bias ? t->bias[n] : 0);
            t->c[r][n] = t->accumulate ? t->c[r][n] + value : value;
        }
}

INLINE void tile_store(const RegisterTile *t, Vec sum[][VECS], const Half *half_sum, int height, int vecs, bool half) {
    int whole = vecs * LANES;
    if (t->rows < height || t->cols < whole + half * LANES / 2) {
        num edge[ROWS_MAX][PANEL];
        UNROLL
        for (int r = 0; r < height; r++) {
            if (half) half_store(edge[r] + whole, half_sum[r]);
            UNROLL
            for (int v = 0; v < vecs; v++) vec_store(edge[r] + v * LANES, sum[r][v]);
        }
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
    if (!half) return;
    Half bias = { 0 };
    if (t->bias) bias = half_load(t->bias + whole);
    UNROLL
    for (int r = 0; r < height; r++) {
        Half value = half_sum[r] + bias;
        half_store(t->c[r] + whole, t->accumulate ? half_load(t->c[r] + whole) + value : value);
    }
}

/* `height`, `vecs`, `half` and `ahead` are constants at every call, so that `sum`, `b` and the rest are registers. */
INLINE void micro_kernel_sized(const RegisterTile *t, int height, int vecs, bool half, bool ahead) {
    Vec sum[ROWS_MAX][VECS], b[VECS];
    Half half_sum[ROWS_MAX], half_b = { 0 };
    const uint8_t *wanted = t->ahead;
    UNROLL
    for (int r = 0; r < height; r++) {
        half_sum[r] = (Half){ 0 };
        UNROLL
        for (int v = 0; v < vecs; v++) sum[r][v] = (Vec){ 0 };
    }
    for (size_t s = 0; s < t->segments; s++) {
        const num *a[ROWS_MAX], *at = t->b + t->b_at[s];
        UNROLL
        for (int r = 0; r < height; r++) a[r] = t->a[r] + t->a_at[s];
        ptrdiff_t end = (ptrdiff_t)t->length * t->a_step;
        for (ptrdiff_t k = 0; k != end; k += t->a_step, at += t->b_step) {
            if (ahead) __builtin_prefetch(wanted);
            if (ahead) wanted += t->ahead_step;
            if (half) half_b = half_load(at + vecs * LANES);
            UNROLL
            for (int v = 0; v < vecs; v++) b[v] = vec_load(at + v * LANES);
            UNROLL
            for (int r = 0; r < height; r++) {
                if (half) half_sum[r] = half_multiply_add(half_sum[r], a[r][k], half_b);
                UNROLL
                for (int v = 0; v < vecs; v++) sum[r][v] = multiply_add(sum[r][v], a[r][k], b[v]);
            }
        }
    }
    tile_store(t, sum, half_sum, height, vecs, half);
}

INLINE void micro_kernel_any(const RegisterTile *t, bool ahead) {
    int vecs = (t->cols + LANES - 1) / LANES;
    if (VEC_BYTES == 64 && t->cols <= vecs * LANES - LANES / 2) {
        if (vecs == 1) micro_kernel_sized(t, ROWS_MAX, 0, true, ahead);
        else if (vecs == 2) micro_kernel_sized(t, NARROW_ROWS, 1, true, ahead);
        else if (vecs == 3) micro_kernel_sized(t, NARROW_ROWS, 2 % VECS, true, ahead);
        else micro_kernel_sized(t, ROWS, 3 % VECS, true, ahead);
    } else if (VECS > 3 && vecs == 3 && t->rows <= 2) micro_kernel_sized(t, 2, 3 % VECS, false, ahead);
    else if (vecs == VECS) micro_kernel_sized(t, ROWS, VECS, false, ahead);
    else if (vecs == 1) micro_kernel_sized(t, ROWS_MAX, 1, false, ahead);
    else if (VECS > 2 && vecs == 2) micro_kernel_sized(t, NARROW_ROWS, 2 % VECS, false, ahead);
    else if (VECS > 3) micro_kernel_sized(t, NARROW_ROWS, 3 % VECS, false, ahead);
}
static __attribute__((noinline, unused)) void micro_kernel(const RegisterTile *t) { micro_kernel_any(t, false); }
static __attribute__((noinline, unused)) void micro_kernel_ahead(const RegisterTile *t) { micro_kernel_any(t, true); }

static const ptrdiff_t TILE_START = 0;

/* A tile of an ordinary product, in one segment: k < length, b is [length][b_step]. */
static inline RegisterTile tile_product(size_t length, size_t a_step, const num *b, size_t b_step, int cols) {
    RegisterTile t = { .a_at = &TILE_START, .b_at = &TILE_START, .segments = 1, .length = length, .b = b };
    t.cols = cols;
    t.a_step = (ptrdiff_t)a_step;
    t.b_step = (ptrdiff_t)b_step;
    return t;
}

/* The micro-kernel for `rows` rows of a panel: row r of A begins at a + r * a_row, of the result at c + r * c_row. */
static inline void micro_kernel_rows(RegisterTile *t, size_t rows, const num *a, size_t a_row, num *c, size_t c_row) {
    size_t height = (size_t)tile_rows(t->cols);
    for (size_t first = 0; first < rows; first += height) {
        t->rows = (int)MIN(height, rows - first);
        for (size_t r = 0; r < height; r++) {
            size_t row = first + MIN(r, (size_t)t->rows - 1);
            t->a[r] = a + row * a_row;
            t->c[r] = c + row * c_row;
        }
        if (!t->ahead) micro_kernel(t);
        else micro_kernel_ahead(t);
        if (t->ahead) t->ahead += t->length * t->ahead_step;
    }
}

/* Transposes LANES x LANES numbers: *(to[c] + r) = from[r * step + c].
 *
 * One round interleaves row 0 with row 8 into two new rows, row 1 with row 9 into the next two, and so on. In the 8
 * bits (row, column) of a number's position this rotates all bits by one: the highest bit of the row becomes the lowest
 * of the column. After four rounds row and column are exchanged, with 4 * 16 vector instructions for 256 numbers
 * instead of 512 loads and stores. */
INLINE Vec vec_interleave(Vec a, Vec b, int start) {
#if defined(__clang__)
    Vec v;
    UNROLL
    for (int l = 0; l < LANES; l++) v[l] = l % 2 ? b[start + l / 2] : a[start + l / 2];
    return v;
#else
    __typeof__(a < b) lane; /* a vector of integers as wide as num; lanes of b count from LANES */
    UNROLL
    for (int l = 0; l < LANES; l++) lane[l] = start + l / 2 + l % 2 * LANES;
    return __builtin_shuffle(a, b, lane);
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

/* to[c * to_step + r] = from[r * step + c] for r < rows, c < cols: whole blocks as above, the rest one by one. */
static inline void matrix_transpose(const num *from, size_t step, size_t rows, size_t cols, num *to, size_t to_step) {
    num *block[LANES];
    size_t whole_rows = rows / LANES * LANES, whole_cols = cols / LANES * LANES;
    for (size_t r = 0; r < whole_rows; r += LANES)
        for (size_t c = 0; c < whole_cols; c += LANES) {
            for (size_t i = 0; i < LANES; i++) block[i] = to + (c + i) * to_step + r;
            vec_transpose(from + r * step + c, step, block);
        }
    for (size_t r = 0; r < rows; r++)
        for (size_t c = r < whole_rows ? whole_cols : 0; c < cols; c++) to[c * to_step + r] = from[r * step + c];
}

/* The N columns of a matrix with K rows are cut into panels of PANEL columns; the last one is rounded up to whole
 * vectors. Panel p begins at number p * PANEL * K. */
static inline int panel_count(int N) { return (N + PANEL - 1) / PANEL; }
static inline int panel_cols(int N, int p) { return MIN(PANEL, N - p * PANEL); }
static inline int vecs_width(int cols) { return (cols + LANES - 1) / LANES * LANES; }

#endif
