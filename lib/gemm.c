#include "gemm.h"

#include "kernel.h"

/* How the work is cut, and what of it lies where. kernel.h tells why; the sizes are for float and 512-bit vectors.
 *
 *   a tile      6 x 64 of C                         in registers
 *   a panel     K_BLOCK x 64 of B: 384 KB at most   in the second cache, while a piece's rows of A pass by
 *   a piece     M_PIECE x 64 of C, by one thread    its rows of A, 96 x K_BLOCK: read in place, or packed when A is
 *                                                   turned, because then a row of op(A) is a column in memory
 *   a block     N_BLOCK columns of B in panels      in the third cache: at most 12 MB
 *
 * A panel is used M/6 times and packed once, so packing pays from a few tiles on. The result of a row depends on how K
 * is cut, never on how M and N are. */
enum { K_BLOCK = 1536, N_BLOCK = 2048, M_BLOCK = 1152, M_PIECE = 16 * ROWS };

/* C (+)= op(A) op(B) for one block; a and b point at its first number, packed_a is NULL when A is read in place. */
typedef struct {
    bool turn_a, turn_b, accumulate;
    int M, N, K;
    const num *a, *b;
    num *c, *packed_a, *packed_b;
    size_t lda, ldb, ldc;
} Block;

static void shape_require(bool turn_a, bool turn_b, int M, int N, int K, int lda, int ldb, int ldc) {
    REQUIRE(M >= 0 && N >= 0 && K >= 0, "M, N, K are %d, %d, %d, want 0 or more", M, N, K);
    REQUIRE(lda >= (turn_a ? M : K), "lda is %d, want at least %d", lda, turn_a ? M : K);
    REQUIRE(ldb >= (turn_b ? K : N), "ldb is %d, want at least %d", ldb, turn_b ? K : N);
    REQUIRE(ldc >= N, "ldc is %d, want at least %d", ldc, N);
}

void gemm_plain(bool turn_a, bool turn_b, int M, int N, int K, const num *a, int lda, const num *b, int ldb,
                bool accumulate, num *c, int ldc) {
    shape_require(turn_a, turn_b, M, N, K, lda, ldb, ldc);
    for (size_t m = 0; m < (size_t)M; m++)
        for (size_t n = 0; n < (size_t)N; n++) {
            num sum = 0;
            for (size_t k = 0; k < (size_t)K; k++)
                sum += (turn_a ? a[k * (size_t)lda + m] : a[m * (size_t)lda + k]) *
                       (turn_b ? b[n * (size_t)ldb + k] : b[k * (size_t)ldb + n]);
            num *to = c + m * (size_t)ldc + n;
            *to = accumulate ? *to + sum : sum;
        }
}

/* Panel p of op(B), [K][width]; columns beyond N are zeros. */
static void pack_panel(void *context, size_t begin, size_t end, int worker) {
    const Block *g = context;
    (void)worker;
    for (size_t p = begin; p < end; p++) {
        size_t cols = (size_t)panel_cols(g->N, (int)p), width = (size_t)vecs_width((int)cols), K = (size_t)g->K;
        num *to = g->packed_b + p * PANEL * K;
        const num *from = g->b + p * PANEL * (g->turn_b ? g->ldb : 1);
        for (size_t k = 0; k < K; k++, to += width) {
            if (g->turn_b)
                for (size_t n = 0; n < cols; n++) to[n] = from[n * g->ldb + k];
            else
                for (size_t n = 0; n < cols; n++) to[n] = from[k * g->ldb + n];
            for (size_t n = cols; n < width; n++) to[n] = 0;
        }
    }
}

/* Rows 6 t .. 6 t + 5 of a turned A, [K][6]; rows beyond M repeat the last one. */
static void pack_rows(void *context, size_t begin, size_t end, int worker) {
    const Block *g = context;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        size_t last = MIN((size_t)ROWS, (size_t)g->M - t * ROWS) - 1;
        num *to = g->packed_a + t * ROWS * (size_t)g->K;
        const num *from = g->a + t * ROWS;
        for (size_t k = 0; k < (size_t)g->K; k++, from += g->lda, to += ROWS)
            for (size_t r = 0; r < ROWS; r++) to[r] = from[MIN(r, last)];
    }
}

/* Pieces are counted down the rows first, so that one panel serves many of them in turn. */
static void compute_pieces(void *context, size_t begin, size_t end, int worker) {
    const Block *g = context;
    static const ptrdiff_t start = 0;
    size_t M = (size_t)g->M, K = (size_t)g->K, rows = (M + M_PIECE - 1) / M_PIECE;
    (void)worker;
    Tile t = { .a_at = &start, .b_at = &start, .segments = 1, .length = K, .accumulate = g->accumulate };
    for (size_t piece = begin; piece < end; piece++) {
        size_t p = piece / rows, m0 = piece % rows * M_PIECE;
        t.cols = panel_cols(g->N, (int)p), t.b_step = vecs_width(t.cols), t.b = g->packed_b + p * PANEL * K;
        t.a_step = g->turn_a ? ROWS : 1;
        for (size_t m = m0; m < MIN(M, m0 + M_PIECE); m += ROWS) {
            t.rows = (int)MIN((size_t)ROWS, M - m);
            for (size_t r = 0; r < ROWS; r++) {
                size_t row = m + MIN(r, (size_t)t.rows - 1);
                t.a[r] = g->turn_a ? g->packed_a + m * K + r : g->a + row * g->lda;
                t.c[r] = g->c + row * g->ldc + p * PANEL;
            }
            tile_run(&t);
        }
    }
}

static void block_run(Block *g) {
    size_t panels = (size_t)panel_count(g->N), tiles = ((size_t)g->M + ROWS - 1) / ROWS;
    size_t pieces = panels * (((size_t)g->M + M_PIECE - 1) / M_PIECE);
    double work = 2.0 * g->M * g->N * g->K / (double)pieces;
    size_t grain = (size_t)(2e6 / (work + 1)) + 1; /* less work than some 10 microseconds is not worth sharing */
    parallel_for(panels, MAX(grain / 2, 1), pack_panel, g);
    if (g->turn_a) parallel_for(tiles, grain * M_PIECE / ROWS, pack_rows, g);
    parallel_for(pieces, grain, compute_pieces, g);
}

/* Length of the blocks that cut `size` into as few equal ones as possible, none above `most`, multiples of `unit`. */
static int block_length(int size, int most, int unit) {
    int blocks = (size - 1) / most + 1;
    return ((size - 1) / blocks / unit + 1) * unit;
}

void gemm(bool turn_a, bool turn_b, int M, int N, int K, const num *a, int lda, const num *b, int ldb,
          bool accumulate, num *c, int ldc) {
    shape_require(turn_a, turn_b, M, N, K, lda, ldb, ldc);
    if (M == 0 || N == 0) return;
    if (K == 0) {
        gemm_plain(turn_a, turn_b, M, N, K, a, lda, b, ldb, accumulate, c, ldc);
        return;
    }
    int k_block = block_length(K, K_BLOCK, 1), n_block = block_length(N, N_BLOCK, PANEL);
    int m_block = turn_a ? block_length(M, M_BLOCK, ROWS) : M;
    size_t b_count = (size_t)k_block * (size_t)n_block;
    num *scratch = shared_scratch((b_count + (turn_a ? (size_t)k_block * (size_t)m_block : 0)) * sizeof(num));
    for (int n = 0; n < N; n += n_block)
        for (int k = 0; k < K; k += k_block)
            for (int m = 0; m < M; m += m_block) {
                Block g = { turn_a, turn_b, accumulate || k > 0, MIN(m_block, M - m), MIN(n_block, N - n),
                            MIN(k_block, K - k), NULL, NULL, NULL, scratch + b_count, scratch,
                            (size_t)lda, (size_t)ldb, (size_t)ldc };
                g.a = a + (turn_a ? (size_t)k * g.lda + (size_t)m : (size_t)m * g.lda + (size_t)k);
                g.b = b + (turn_b ? (size_t)n * g.ldb + (size_t)k : (size_t)k * g.ldb + (size_t)n);
                g.c = c + (size_t)m * g.ldc + (size_t)n;
                block_run(&g);
            }
}

double fma_peak(void) {
    Vec sum[12], scale = (Vec){ 0 } + (num)0.5;
    double best = 0;
    for (int i = 0; i < 12; i++) sum[i] = scale + (num)i;
    for (double begin = clock_seconds(), now = begin; now < begin + 0.1;) {
        enum { TURNS = 20000 };
        double start = now;
        for (int turn = 0; turn < TURNS; turn++)
            UNROLL
            for (int i = 0; i < 12; i++) sum[i] = sum[i] * scale + scale;
        now = clock_seconds();
        best = MAX(best, 2.0 * 12 * LANES * TURNS / (now - start) * 1e-9);
    }
    volatile num keep = 0;
    for (int i = 0; i < 12; i++) keep = keep + sum[i][0];
    return best;
}
