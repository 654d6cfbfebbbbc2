#include "kernels/gemm.h"
#include "kernels/kernel.h"

#include <string.h>

/* How the work is cut, and where each part is cached. kernel.h gives the reasons; sizes are for float, 512-bit vectors.
 *
 *   register tile   6 x 64 of C                  in registers
 *   panel           K_BLOCK x 64 of B            at most 384 KB: in L2 while the rows of A of a piece pass
 *   piece           at most 96 x 64 of C         for one thread; its rows of A, 96 x K_BLOCK, are read in place, or
 *                                                packed if A is transposed: rows of op(A) are then columns
 *   cache block     N_BLOCK columns of B, packed at most 12 MB: in L3
 *
 * Packing costs time too. B is not packed if few rows use the panels, or if B fits into L2 (SMALL_B numbers, 1 MB),
 * unless it is transposed or its last columns are not a whole vector. A transposed A is not packed if there is only one
 * panel. The bits of a row depend on how K is cut, not on M, N or packing.
 *
 * If B is transposed (the weights of a layer, [out,in]) and at most FEW_ROWS rows use it, A and B swap roles. */
enum { K_BLOCK = 1536, N_BLOCK = 2048, M_BLOCK = 1152, M_PIECE = 96, FEW_ROWS = 128, SMALL_B = 1 << 18 };
enum { M_UNIT = 24, K_PIECE = 512 }; /* M_UNIT: whole tiles of 6 rows, and of 8; K_PIECE: rows of B packed at a time */

/* C (+)= op(A) op(B) for one cache block: a, b and c point at its first numbers. What the micro-kernel reads:
 *     op(A)[m][k] = left[m * left_row + k * left_step]
 *     op(B)[k][n] = panels[p * panel_next + k * panel_step + n % PANEL], p = n / PANEL; panel_step 0: as wide as p */
typedef struct {
    bool transpose_a, transpose_b, accumulate, pack_a, pack_b;
    int M, N, K;
    const num *a, *b, *left, *panels, *bias;
    const uint8_t *b_bytes; /* B in a weights file, instead of b */
    Dtype b_dtype;
    num *c, *packed_a, *packed_b;
    size_t lda, ldb, ldc, left_row, left_step, panel_next, panel_step, piece_rows;
} Block;

static void shape_require(Gemm g) {
    int a_row = g.transpose_a ? g.M : g.K, b_row = g.transpose_b ? g.K : g.N;
    REQUIRE(g.M >= 0 && g.N >= 0 && g.K >= 0, "M, N, K are %d, %d, %d, want 0 or more", g.M, g.N, g.K);
    REQUIRE(g.lda >= a_row, "lda is %d, want at least %d", g.lda, a_row);
    REQUIRE(g.ldb >= b_row, "ldb is %d, want at least %d", g.ldb, b_row);
    REQUIRE(g.ldc >= g.N, "ldc is %d, want at least %d", g.ldc, g.N);
}

/* Rows k0 .. k1 of a panel from `cols` rows of a weights file: LANES rows at a time are widened and transposed. */
static void transpose_weights(const Block *g, size_t row, size_t cols, size_t k0, size_t k1, num *to, size_t width) {
    enum { PIECE = 128 };
    num wide[LANES * PIECE];
    size_t size = dtype_size(g->b_dtype);
    for (size_t n = 0; n < cols; n += LANES)
        for (size_t k = k0; k < k1; k += PIECE) {
            size_t rows = MIN((size_t)LANES, cols - n), count = MIN((size_t)PIECE, k1 - k);
            for (size_t r = 0; r < rows; r++)
                dtype_widen(g->b_dtype, g->b_bytes + ((row + n + r) * g->ldb + k) * size, wide + r * PIECE, count);
            matrix_transpose(wide, PIECE, rows, count, to + k * width + n, width);
        }
}

/* Packs rows k0 .. k1 of panel p of op(B), [K][width]; columns from N on are zeros. */
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

static void pack_panels(void *context, size_t begin, size_t end) {
    const Block *g = context;
    size_t K = (size_t)g->K, parts = (K + K_PIECE - 1) / K_PIECE;
    for (size_t part = begin; part < end; part++) {
        size_t p = part / parts, k = part % parts * K_PIECE;
        pack_panel(g, p, k, MIN(K, k + K_PIECE), g->packed_b + p * PANEL * K);
    }
}

/* Pieces per call of a thread, for `work` FLOP each: about 10 microseconds, or sharing costs more than it saves. */
static size_t grain_of(double work) { return (size_t)(2e6 / (work + 1)) + 1; }

static void panels_pack(Block *g) {
    size_t parts = ((size_t)g->K + K_PIECE - 1) / K_PIECE;
    parallel_for((size_t)panel_count(g->N) * parts, grain_of(4.0 * PANEL * g->K / (double)parts), pack_panels, g);
}

/* Packs rows of a transposed A as [M][left_row]; a piece is PANEL rows. */
static void pack_rows(void *context, size_t begin, size_t end) {
    const Block *g = context;
    for (size_t m = begin * PANEL; m < end * PANEL && m < (size_t)g->M; m += PANEL)
        matrix_transpose(g->a + m, g->lda, (size_t)g->K, MIN((size_t)PANEL, (size_t)g->M - m),
                         g->packed_a + m * g->left_row, g->left_row);
}

/* Rows m0 .. m1 of panel p, whose numbers begin at `panel`. */
static void compute_rows(const Block *g, size_t p, const num *panel, size_t m0, size_t m1) {
    int cols = panel_cols(g->N, (int)p);
    size_t step = g->panel_step ? g->panel_step : (size_t)vecs_width(cols);
    RegisterTile t = tile_product((size_t)g->K, g->left_step, panel, step, cols);
    t.accumulate = g->accumulate;
    t.bias = g->bias ? g->bias + p * PANEL : NULL;
    micro_kernel_rows(&t, m1 - m0, g->left + m0 * g->left_row, g->left_row, g->c + m0 * g->ldc + p * PANEL, g->ldc);
}

/* Consecutive pieces share a panel: they are counted down the rows first. */
static void compute_pieces(void *context, size_t begin, size_t end) {
    const Block *g = context;
    size_t M = (size_t)g->M, rows = (M + g->piece_rows - 1) / g->piece_rows;
    for (size_t piece = begin; piece < end; piece++) {
        size_t p = piece / rows, m0 = piece % rows * g->piece_rows;
        compute_rows(g, p, g->panels + p * g->panel_next, m0, MIN(M, m0 + g->piece_rows));
    }
}

/* Cuts `size` into as few equal blocks as possible: their length, at most `max`, a multiple of `unit`. */
static int block_length(int size, int max, int unit) {
    int blocks = (size - 1) / max + 1;
    return ((size - 1) / blocks / unit + 1) * unit;
}

/* ---- swapped roles -------------------------------------------------------------------------------------------------
 * For few rows, C^T (+)= B A^T: B [N,K] is the left matrix, and need not be packed. The micro-kernel broadcasts its
 * numbers from where they are, STRIP rows at a time; rows in a weights file are widened first. Each thread packs all of
 * A for itself: to read what another core has just packed takes longer. The result has the same bits: a*b = b*a, and
 * the sums have the same order. */
enum { STRIP = 48, TAIL = LANES == 16 ? 4 : 0 }; /* whole tiles of 6 rows, and of 8; whole vectors */

typedef struct {
    Block block;          /* M, N, a, lda, b and ldb are those of C^T's product: a is B (or NULL), b is A */
    const uint8_t *bytes; /* B in a weights file, or NULL */
    size_t width, room, tail;
    num *areas;  /* for each thread `room` numbers: A [K][width], results, and widened rows [STRIP][K] */
    num *packed; /* for each thread: 1 when A is in its area */
} Swapped;

/* Rows m0 .. m0 + rows of C^T to their columns of C. */
static void strip_store(const Block *g, const num *result, size_t width, size_t m0, size_t rows, num *columns) {
    const num *bias = g->bias ? g->bias + m0 : NULL;
    matrix_transpose(result, width, rows, width, columns, STRIP);
    for (size_t n = 0; n < (size_t)g->N; n++, columns += STRIP) {
        num *c = g->c + n * g->ldc + m0;
        for (size_t r = 0; r < rows; r++) {
            num value = columns[r] + (bias ? bias[r] : 0);
            c[r] = g->accumulate ? c[r] + value : value;
        }
    }
}

/* A, packed in the area of this thread. */
static num *panels_of_thread(const Swapped *s) {
    size_t self = (size_t)thread_self(), K = (size_t)s->block.K;
    num *panels = s->areas + self * s->room;
    for (size_t p = 0; p < (size_t)panel_count(s->block.N) && s->packed[self] == 0; p++)
        pack_panel(&s->block, p, 0, K, panels + p * PANEL * K);
    s->packed[self] = 1;
    return panels;
}

/* The last columns, if they would fill little of a vector (2 of 50): rows of B are transposed; A has its usual role. */
static void compute_tail(const Swapped *s, size_t m0, size_t rows, const num *left, size_t row, num *panel) {
    const Block *g = &s->block;
    size_t n = (size_t)g->N;
    RegisterTile t = tile_product((size_t)g->K, 1, panel, STRIP, (int)rows);
    t.accumulate = g->accumulate;
    t.bias = g->bias ? g->bias + m0 : NULL;
    matrix_transpose(left, row, rows, (size_t)g->K, panel, STRIP);
    micro_kernel_rows(&t, s->tail, g->b + n * g->ldb, g->ldb, g->c + n * g->ldc + m0, g->ldc);
}

static void compute_strips(void *context, size_t begin, size_t end) {
    const Swapped *s = context;
    const Block *g = &s->block;
    size_t M = (size_t)g->M, K = (size_t)g->K, size = s->bytes ? dtype_size(g->b_dtype) : sizeof(num);
    num *panels = panels_of_thread(s), *result = panels + K * s->width, *columns = result + STRIP * s->width;
    num *wide = columns + STRIP * s->width, *tail = wide + (s->bytes ? STRIP * K : 0);
    for (size_t m0 = begin * STRIP; m0 < end * STRIP && m0 < M; m0 += STRIP) {
        size_t rows = MIN((size_t)STRIP, M - m0), row = s->bytes ? K : g->lda;
        const num *left = s->bytes ? wide : g->a + m0 * row;
        for (size_t r = 0; r < rows && s->bytes; r++)
            dtype_widen(g->b_dtype, s->bytes + (m0 + r) * g->lda * size, wide + r * K, K);
        for (int p = 0; p < panel_count(g->N); p++) {
            int cols = panel_cols(g->N, p), width = vecs_width(cols);
            size_t height = (size_t)tile_rows(cols), next = m0 + (s->bytes ? STRIP : height);
            RegisterTile t = tile_product(K, 1, panels + (size_t)p * PANEL * K, (size_t)width, cols);
            if (p == 0 && next < M)
                t.ahead = s->bytes ? s->bytes + next * g->lda * size : (const uint8_t *)(g->a + next * row);
            t.ahead_step = height * size;
            micro_kernel_rows(&t, rows, left, row, result + p * PANEL, s->width);
        }
        strip_store(g, result, s->width, m0, rows, columns);
        if (s->tail > 0) compute_tail(s, m0, rows, left, row, tail);
    }
}

static void swapped_run(Gemm in) {
    size_t k_block = (size_t)block_length(in.K, K_BLOCK, 1), strips = ((size_t)in.N + STRIP - 1) / STRIP;
    size_t threads = (size_t)thread_count(), tail = in.M > LANES && in.M % LANES <= TAIL ? (size_t)(in.M % LANES) : 0;
    size_t width = (size_t)vecs_width(in.M - (int)tail);
    size_t room = (k_block + 2 * STRIP) * width + STRIP * k_block * (in.b_bytes ? 2 : 1);
    num *areas = thread_scratch(threads * (room + 1) * sizeof(num));
    Swapped s = { .width = width, .room = room, .tail = tail, .areas = areas, .packed = areas + threads * room };
    Block *g = &s.block;
    *g = (Block){ .transpose_b = true, .M = in.N, .N = in.M - (int)tail, .b_dtype = in.b_dtype, .c = in.c };
    g->lda = (size_t)in.ldb;
    g->ldb = (size_t)in.lda;
    g->ldc = (size_t)in.ldc;
    for (size_t k = 0; k < (size_t)in.K; k += k_block) {
        g->K = (int)MIN(k_block, (size_t)in.K - k);
        g->b = in.a + k;
        g->a = in.b_bytes ? NULL : in.b + k;
        s.bytes = in.b_bytes ? in.b_bytes + k * dtype_size(in.b_dtype) : NULL;
        g->bias = k == 0 ? in.bias : NULL;
        g->accumulate = in.accumulate || k > 0;
        memset(s.packed, 0, threads * sizeof(num));
        parallel_for(strips, grain_of(2.0 * STRIP * in.M * g->K), compute_strips, &s);
    }
}

/* ---- in the usual roles ------------------------------------------------------------------------------------------ */

static void block_run(Block *g) {
    g->piece_rows = (size_t)block_length(g->M, M_PIECE, M_UNIT);
    size_t count = (size_t)panel_count(g->N), strips = ((size_t)g->M + PANEL - 1) / PANEL;
    size_t pieces = count * (((size_t)g->M + g->piece_rows - 1) / g->piece_rows);
    g->left = g->pack_a ? g->packed_a : g->a;
    g->left_row = g->pack_a ? (size_t)g->K + LANES : g->transpose_a ? 1 : g->lda;
    g->left_step = g->transpose_a && !g->pack_a ? g->lda : 1;
    g->panels = g->pack_b ? g->packed_b : g->b;
    g->panel_next = g->pack_b ? PANEL * (size_t)g->K : PANEL;
    g->panel_step = g->pack_b ? 0 : g->ldb;
    if (g->pack_b) panels_pack(g);
    if (g->pack_a) parallel_for(strips, grain_of(8.0 * PANEL * g->K), pack_rows, g);
    parallel_for(pieces, grain_of(2.0 * g->M * g->N * g->K / (double)pieces), compute_pieces, g);
}

/* K = 0, a sum without terms: C (+)= bias, or 0. */
static void gemm_empty(Gemm in) {
    for (size_t m = 0; m < (size_t)in.M; m++)
        for (size_t n = 0; n < (size_t)in.N; n++) {
            num *c = in.c + m * (size_t)in.ldc + n;
            *c = (in.accumulate ? *c : 0) + (in.bias ? in.bias[n] : 0);
        }
}

/* Numbers of a weights file that can be read as they are, or NULL: num in its byte order, at an address for num. */
static const num *numbers_of(const uint8_t *bytes, Dtype dtype) {
    const uint16_t one = 1;
    bool little = *(const uint8_t *)&one == 1, same = dtype == (sizeof(num) == 4 ? DTYPE_F32 : DTYPE_F64);
    return little && same && (uintptr_t)bytes % sizeof(num) == 0 ? (const num *)(const void *)bytes : NULL;
}

void gemm_run(Gemm in) {
    int M = in.M, N = in.N, K = in.K;
    shape_require(in);
    if (M == 0 || N == 0 || K == 0) {
        gemm_empty(in);
        return;
    }
    if (in.b_bytes) in.b = numbers_of(in.b_bytes, in.b_dtype);
    if (in.b) in.b_bytes = NULL;
    if (in.transpose_b && !in.transpose_a && M <= FEW_ROWS && M <= N) {
        swapped_run(in);
        return;
    }
    Block g = { .transpose_a = in.transpose_a, .transpose_b = in.transpose_b, .b_dtype = in.b_dtype };
    g.lda = (size_t)in.lda;
    g.ldb = (size_t)in.ldb;
    g.ldc = (size_t)in.ldc;
    g.pack_a = in.transpose_a && N > PANEL;
    g.pack_b = in.b_bytes || in.transpose_b || N % LANES != 0 || (M > FEW_ROWS && (double)K * N > SMALL_B);
    int k_block = block_length(K, K_BLOCK, 1), n_block = block_length(N, N_BLOCK, PANEL);
    int m_block = in.transpose_a ? block_length(M, M_BLOCK, M_PIECE) : M;
    size_t b_count = g.pack_b ? (size_t)k_block * (size_t)n_block : 0;
    size_t a_count = g.pack_a ? ((size_t)k_block + LANES) * (size_t)m_block : 0;
    g.packed_b = thread_scratch(size_mul(a_count + b_count, sizeof(num)));
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
    gemm_run((Gemm){ transpose_a, transpose_b, accumulate, M, N, K, lda, ldb, ldc, a, b, NULL, c, NULL, DTYPE_F32 });
}
