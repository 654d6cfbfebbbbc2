#include "kernels/gemm.h"

#include <string.h>

#include "kernels/kernel.h"

/* How the work is cut, and what of it lies where. kernel.h tells why; the sizes are for float and 512-bit vectors.
 *
 *   a tile      6 x 64 of C                         in registers
 *   a panel     K_BLOCK x 64 of B: 384 KB at most   in the second cache, while a piece's rows of A pass by
 *   a piece     96 x 64 of C at most, by one thread  its rows of A, 96 x K_BLOCK: read in place, or packed when A is
 *                                                   turned, because then a row of op(A) is a column in memory
 *   a block     N_BLOCK columns of B in panels      in the third cache: at most 12 MB
 *
 * Packing is work too. It is left out where it would not pay: for B, when there are few rows to use the panels, or all
 * of B fits into the second cache (SMALL_B numbers, 1 MB), unless it is turned or its last columns are no whole vector;
 * for a turned A, when there is one panel alone. A B that is packed for FEW_ROWS is packed panel by panel by whoever
 * computes with it, if there is a panel for everybody: then the road from memory is the limit, and every number of B goes
 * it once. The result of a row depends on how K is cut, never on how M and N are, nor on what is packed. */
enum {
    K_BLOCK = 1536,
    N_BLOCK = 2048,
    M_BLOCK = 1152,
    M_PIECE = 96,
    M_UNIT = 24 /* tiles of 6 rows fit, and of 8 */,
    K_PIECE = 512 /* packed at a time */,
    FEW_ROWS = 128,
    SMALL_B = 1 << 18
};

/* C (+)= op(A) op(B) for one block: a, b and c point at its first numbers in memory. What the kernel reads:
 *     op(A)[m][k] = left[m * left_row + k * left_step],  column n of panel p, op(B)[k][n] = panels + p * panel_next,
 *     [k * panel_step + n]; panel_step 0 stands for the panel's own width. */
typedef struct {
    bool transpose_a, transpose_b, accumulate, pack_a, pack_b, few_rows;
    int M, N, K;
    const num *a, *b, *left, *panels, *bias;
    const uint8_t *b_bytes; /* of B, instead of b */
    Dtype b_dtype;
    num *c, *packed_a, *packed_b;
    size_t lda, ldb, ldc, left_row, left_step, panel_next, panel_step, piece_rows;
} Block;

static void shape_require(bool transpose_a, bool transpose_b, int M, int N, int K, int lda, int ldb, int ldc) {
    REQUIRE(M >= 0 && N >= 0 && K >= 0, "M, N, K are %d, %d, %d, want 0 or more", M, N, K);
    REQUIRE(lda >= (transpose_a ? M : K), "lda is %d, want at least %d", lda, transpose_a ? M : K);
    REQUIRE(ldb >= (transpose_b ? K : N), "ldb is %d, want at least %d", ldb, transpose_b ? K : N);
    REQUIRE(ldc >= N, "ldc is %d, want at least %d", ldc, N);
}

void gemm_plain(bool transpose_a, bool transpose_b, int M, int N, int K, const num *a, int lda, const num *b, int ldb,
                bool accumulate, num *c, int ldc) {
    shape_require(transpose_a, transpose_b, M, N, K, lda, ldb, ldc);
    for (size_t m = 0; m < (size_t)M; m++)
        for (size_t n = 0; n < (size_t)N; n++) {
            num sum = 0;
            for (size_t k = 0; k < (size_t)K; k++)
                sum += (transpose_a ? a[k * (size_t)lda + m] : a[m * (size_t)lda + k]) *
                       (transpose_b ? b[n * (size_t)ldb + k] : b[k * (size_t)ldb + n]);
            num *to = c + m * (size_t)ldc + n;
            *to = accumulate ? *to + sum : sum;
        }
}

/* Columns of a panel, k0 .. k1, from rows of a file: LANES rows are widened, a stretch at a time, and turned. */
static void transpose_weights(const Block *g, size_t row, size_t cols, size_t k0, size_t k1, num *to, size_t width) {
    enum { STRETCH = 128 };
    num wide[LANES * STRETCH];
    size_t size = dtype_size(g->b_dtype);
    for (size_t n = 0; n < cols; n += LANES)
        for (size_t k = k0; k < k1; k += STRETCH) {
            size_t rows = MIN((size_t)LANES, cols - n), count = MIN((size_t)STRETCH, k1 - k);
            for (size_t r = 0; r < rows; r++)
                dtype_widen(g->b_dtype, g->b_bytes + ((row + n + r) * g->ldb + k) * size, wide + r * STRETCH, count);
            matrix_transpose(wide, STRETCH, rows, count, to + k * width + n, width);
        }
}

/* Rows k0 .. k1 of panel p of op(B), which is [K][width]; columns beyond N are zeros. */
static void pack_panel(const Block *g, size_t p, size_t k0, size_t k1, num *to) {
    size_t cols = (size_t)panel_cols(g->N, (int)p), width = (size_t)vecs_width((int)cols);
    if (g->transpose_b && g->b_bytes) transpose_weights(g, p * PANEL, cols, k0, k1, to, width);
    else if (g->transpose_b)
        matrix_transpose(g->b + p * PANEL * g->ldb + k0, g->ldb, cols, k1 - k0, to + k0 * width, width);
    for (size_t k = k0; k < k1; k++) {
        size_t from = k * g->ldb + p * PANEL;
        if (!g->transpose_b && g->b_bytes)
            dtype_widen(g->b_dtype, g->b_bytes + from * dtype_size(g->b_dtype), to + k * width, cols);
        else if (!g->transpose_b) memcpy(to + k * width, g->b + from, cols * sizeof(num));
        for (size_t n = cols; n < width; n++) to[k * width + n] = 0;
    }
}

static void pack_panels(void *context, size_t begin, size_t end, int worker) {
    const Block *g = context;
    size_t K = (size_t)g->K, parts = (K + K_PIECE - 1) / K_PIECE;
    (void)worker;
    for (size_t part = begin; part < end; part++) {
        size_t p = part / parts, k = part % parts * K_PIECE;
        pack_panel(g, p, k, MIN(K, k + K_PIECE), g->packed_b + p * PANEL * K);
    }
}

/* Rows of a turned A, [M][left_row]: a piece is PANEL of them. */
static void pack_rows(void *context, size_t begin, size_t end, int worker) {
    const Block *g = context;
    (void)worker;
    for (size_t m = begin * PANEL; m < end * PANEL && m < (size_t)g->M; m += PANEL)
        matrix_transpose(g->a + m, g->lda, (size_t)g->K, MIN((size_t)PANEL, (size_t)g->M - m),
                         g->packed_a + m * g->left_row, g->left_row);
}

/* Rows m0 .. m1 of panel p, whose numbers begin at `panel`. */
static void compute_rows(const Block *g, size_t p, const num *panel, size_t m0, size_t m1) {
    static const ptrdiff_t start = 0;
    Tile t = { .a_at = &start,
               .b_at = &start,
               .segments = 1,
               .length = (size_t)g->K,
               .accumulate = g->accumulate,
               .a_step = (ptrdiff_t)g->left_step,
               .b = panel,
               .cols = panel_cols(g->N, (int)p),
               .bias = g->bias ? g->bias + p * PANEL : NULL };
    t.b_step = g->panel_step ? (ptrdiff_t)g->panel_step : vecs_width(t.cols);
    size_t height = (size_t)tile_rows(t.cols);
    for (size_t m = m0; m < m1; m += height) {
        t.rows = (int)MIN(height, m1 - m);
        for (size_t r = 0; r < height; r++) {
            size_t row = m + MIN(r, (size_t)t.rows - 1);
            t.a[r] = g->left + row * g->left_row;
            t.c[r] = g->c + row * g->ldc + p * PANEL;
        }
        tile_run(&t);
    }
}

/* Pieces are counted down the rows first, so that one panel serves many of them in turn. */
static void compute_pieces(void *context, size_t begin, size_t end, int worker) {
    const Block *g = context;
    size_t M = (size_t)g->M, rows = (M + g->piece_rows - 1) / g->piece_rows;
    (void)worker;
    for (size_t piece = begin; piece < end; piece++) {
        size_t p = piece / rows, m0 = piece % rows * g->piece_rows;
        compute_rows(g, p, g->panels + p * g->panel_next, m0, MIN(M, m0 + g->piece_rows));
    }
}

/* Few rows: whoever packs a panel uses it up at once, from his own cache. B is read once and written nowhere else. */
static void pack_and_compute(void *context, size_t begin, size_t end, int worker) {
    const Block *g = context;
    num *panel = thread_scratch(worker, PANEL * (size_t)g->K * sizeof(num));
    for (size_t p = begin; p < end; p++) {
        pack_panel(g, p, 0, (size_t)g->K, panel);
        compute_rows(g, p, panel, 0, (size_t)g->M);
    }
}

/* Work shared in pieces too small pays less than it costs: some 10 microseconds each is worth it. */
static size_t grain_of(double work) { return (size_t)(2e6 / (work + 1)) + 1; }

/* Length of the blocks that cut `size` into as few equal ones as possible, none above `most`, multiples of `unit`. */
static int block_length(int size, int max, int unit) {
    int blocks = (size - 1) / max + 1;
    return ((size - 1) / blocks / unit + 1) * unit;
}

static void block_run(Block *g) {
    g->piece_rows = (size_t)block_length(g->M, M_PIECE, M_UNIT);
    size_t count = (size_t)panel_count(g->N), strips = ((size_t)g->M + PANEL - 1) / PANEL;
    size_t pieces = count * (((size_t)g->M + g->piece_rows - 1) / g->piece_rows);
    if (g->few_rows) {
        g->left = g->a;
        g->left_row = g->transpose_a ? 1 : g->lda;
        g->left_step = g->transpose_a ? g->lda : 1;
        g->panel_step = 0;
        parallel_for(count, grain_of(2.0 * g->M * PANEL * g->K), pack_and_compute, g);
        return;
    }
    if (g->pack_b) {
        size_t parts = ((size_t)g->K + K_PIECE - 1) / K_PIECE;
        parallel_for(count * parts, grain_of(4.0 * PANEL * g->K / (double)parts), pack_panels, g);
        g->panels = g->packed_b;
        g->panel_next = PANEL * (size_t)g->K;
        g->panel_step = 0;
    } else {
        g->panels = g->b;
        g->panel_next = PANEL;
        g->panel_step = g->ldb;
    }
    if (g->pack_a) {
        g->left = g->packed_a;
        g->left_row = (size_t)g->K + LANES;
        g->left_step = 1;
        parallel_for(strips, grain_of(8.0 * PANEL * g->K), pack_rows, g);
    } else {
        g->left = g->a;
        g->left_row = g->transpose_a ? 1 : g->lda;
        g->left_step = g->transpose_a ? g->lda : 1;
    }
    parallel_for(pieces, grain_of(2.0 * g->M * g->N * g->K / (double)pieces), compute_pieces, g);
}

/* No terms to sum: C is the bias, or 0, or stays. */
static void gemm_empty(Gemm in) {
    for (size_t m = 0; m < (size_t)in.M; m++)
        for (size_t n = 0; n < (size_t)in.N; n++) {
            num *c = in.c + m * (size_t)in.ldc + n;
            *c = (in.accumulate ? *c : 0) + (in.bias ? in.bias[n] : 0);
        }
}

void gemm_run(Gemm in) {
    int M = in.M, N = in.N, K = in.K;
    shape_require(in.transpose_a, in.transpose_b, M, N, K, in.lda, in.ldb, in.ldc);
    if (M == 0 || N == 0 || K == 0) {
        gemm_empty(in);
        return;
    }
    Block g = { .transpose_a = in.transpose_a,
                .transpose_b = in.transpose_b,
                .lda = (size_t)in.lda,
                .ldb = (size_t)in.ldb,
                .ldc = (size_t)in.ldc,
                .b_dtype = in.b_dtype };
    g.pack_a = in.transpose_a && N > PANEL;
    g.pack_b = in.b_bytes || in.transpose_b || N % LANES != 0 || (M > FEW_ROWS && (double)K * N > SMALL_B);
    g.few_rows = g.pack_b && !g.pack_a && M <= FEW_ROWS && panel_count(N) >= thread_count();
    int k_block = block_length(K, K_BLOCK, 1), n_block = g.few_rows ? N : block_length(N, N_BLOCK, PANEL);
    int m_block = in.transpose_a ? block_length(M, M_BLOCK, M_PIECE) : M;
    size_t b_count = g.pack_b && !g.few_rows ? (size_t)k_block * (size_t)n_block : 0;
    size_t a_count = g.pack_a ? ((size_t)k_block + LANES) * (size_t)m_block : 0;
    g.packed_b = shared_scratch(size_mul(a_count + b_count, sizeof(num)));
    if (a_count) g.packed_a = g.packed_b + b_count;
    for (int n = 0; n < N; n += n_block)
        for (int k = 0; k < K; k += k_block)
            for (int m = 0; m < M; m += m_block) {
                g.M = MIN(m_block, M - m);
                g.N = MIN(n_block, N - n);
                g.K = MIN(k_block, K - k);
                g.a = in.a + (in.transpose_a ? (size_t)k * g.lda + (size_t)m : (size_t)m * g.lda + (size_t)k);
                size_t b_at = in.transpose_b ? (size_t)n * g.ldb + (size_t)k : (size_t)k * g.ldb + (size_t)n;
                g.b = in.b_bytes ? NULL : in.b + b_at;
                g.b_bytes = in.b_bytes ? in.b_bytes + b_at * dtype_size(in.b_dtype) : NULL;
                g.bias = in.bias && k == 0 ? in.bias + n : NULL;
                g.c = in.c + (size_t)m * g.ldc + (size_t)n;
                g.accumulate = in.accumulate || k > 0;
                block_run(&g);
            }
}

void gemm(bool transpose_a, bool transpose_b, int M, int N, int K, const num *a, int lda, const num *b, int ldb,
          bool accumulate, num *c, int ldc) {
    gemm_run((Gemm){ .transpose_a = transpose_a,
                     .transpose_b = transpose_b,
                     .accumulate = accumulate,
                     .M = M,
                     .N = N,
                     .K = K,
                     .a = a,
                     .lda = lda,
                     .b = b,
                     .ldb = ldb,
                     .c = c,
                     .ldc = ldc });
}

double fma_peak(void) {
    Vec sum[12], scale = (Vec){ 0 } + (num)0.5;
    double best = 0;
    for (int i = 0; i < 12; i++) sum[i] = scale + (num)i;
    for (double begin = clock_seconds(), now = begin; now < begin + 0.1;) {
        enum { TURNS = 20000 };
        double start = now;
        for (int transpose = 0; transpose < TURNS; transpose++) UNROLL
        for (int i = 0; i < 12; i++) sum[i] = sum[i] * scale + scale;
        now = clock_seconds();
        best = MAX(best, 2.0 * 12 * LANES * TURNS / (now - start) * 1e-9);
    }
    volatile num keep = 0;
    for (int i = 0; i < 12; i++) keep = keep + sum[i][0];
    return best;
}
