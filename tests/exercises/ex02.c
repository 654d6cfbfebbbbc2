#include "verify.h"

enum {
    RIGHT,
    RAW,
    TEXT_ONLY,
    IMAGE_ONLY,
    NO_ROOT,
    ROOT_OF_LENGTHS,
    ADDED,
    ADDED_SQUARES,
    PRECEDENCE,
    SIZES,
    MEAN,
    EPSILON,
    SQUARED_T,
    SQUARED_I,
    LARGEST,
    COLUMNS,
    D_FROM_N,
    D_FROM_M,
    D_MINUS_1,
    D_FROM_1,
    LAST_PRODUCT,
    TEXT_TEXT,
    IMAGE_IMAGE,
    PLAIN_PRODUCT,
    NOT_RESET,
    NOT_RESET_ROW,
    FIRST_TEXT,
    FIRST_IMAGE,
    INT_SUM,
    DISTANCE,
    OF_FLAT,
    LENGTH_BEFORE,
    NORM_OF_N,
    NORM_OF_M,
    INT_PRODUCT,
    TEXT_TWICE,
    COLUMN_T,
    COLUMN_I,
    SWAPPED,
    EUCLID,
    CENTRED,
    LENGTH_RUNNING,
    MODELS
};

/* Sums over D numbers of two rows, which may go beyond their ends: rows lie one behind the other.
 * VERIFY_ANY: outside of the array. */
static double dot(Mat a, int i, Mat b, int j, int from, int to) {
    double sum = 0;
    int D = a.shape[1];
    if (i >= a.shape[0] || j >= b.shape[0]) return VERIFY_ANY;
    if (i * D + to > (int)mat_count(a) || j * D + to > (int)mat_count(b)) return VERIFY_ANY;
    for (int d = from; d < to; d++) sum += (double)a.v[i * D + d] * (double)b.v[j * D + d];
    return sum;
}

static double length(Mat m, int r) { return r < m.shape[0] ? vec_norm(&AT(m, r, 0), m.shape[1]) : VERIFY_ANY; }

static double sizes(Mat m, int r) {
    double sum = 0;
    for (int d = 0; d < m.shape[1]; d++) sum += fabs((double)AT(m, r, d));
    return sum;
}

static double largest(Mat m, int r) {
    double most = 0;
    for (int d = 0; d < m.shape[1]; d++) most = fmax(most, fabs((double)AT(m, r, d)));
    return most;
}

static double column_length(Mat m, int d) {
    double sum = 0;
    for (int r = 0; r < m.shape[0]; r++) sum += pow((double)AT(m, r, d), 2);
    return sqrt(sum);
}

static double frobenius(Mat m) {
    double sum = 0;
    for (int r = 0; r < m.shape[0]; r++) sum += pow(length(m, r), 2);
    return sqrt(sum);
}

/* t.i over the first `to` numbers, of unit vectors over as many. */
static double shorter(Mat text, int n, Mat image, int m, int from, int to) {
    double raw = dot(text, n, image, m, from, to), tt = dot(text, n, text, n, from, to),
           ii = dot(image, m, image, m, from, to);
    return raw == VERIFY_ANY || tt == VERIFY_ANY || ii == VERIFY_ANY ? VERIFY_ANY : raw / sqrt(tt * ii);
}

static double mixed(Mat text, int n, Mat image, int m, int model) {
    double sum = 0, distance = 0;
    int D = text.shape[1];
    for (int d = 0; d < D; d++) {
        double product = (double)AT(text, n, d) * (double)AT(image, m, d);
        sum = model == INT_SUM ? trunc(sum + product)
                               : sum + product / (column_length(text, d) * column_length(image, d));
        distance += pow((double)AT(text, n, d) / length(text, n) - (double)AT(image, m, d) / length(image, m), 2);
    }
    if (model == INT_SUM) return sum / (length(text, n) * length(image, m));
    return model == COLUMNS ? sum : sqrt(distance);
}

/* text image without the transposition: where the shapes allow it. */
static double plain_product(Mat text, int n, Mat image, int m) {
    double sum = 0;
    if (image.shape[0] != text.shape[1] || m >= image.shape[1]) return VERIFY_ANY;
    for (int d = 0; d < text.shape[1]; d++) sum += (double)AT(text, n, d) * (double)AT(image, d, m);
    return sum;
}

/* The distance of two rows, their correlation, or the cosine with the length of all texts so far. */
static double other_measure(Mat text, int n, Mat image, int m, int model) {
    int D = text.shape[1];
    double distance = 0, tm = 0, im = 0, ti = 0, tt = 0, ii = 0, so_far = 0;
    for (int d = 0; d < D; d++) {
        tm += (double)AT(text, n, d) / D;
        im += (double)AT(image, m, d) / D;
    }
    for (int d = 0; d < D; d++) {
        double t = (double)AT(text, n, d), i = (double)AT(image, m, d);
        distance += (t - i) * (t - i);
        ti += (t - tm) * (i - im);
        tt += (t - tm) * (t - tm);
        ii += (i - im) * (i - im);
    }
    for (int r = 0; r <= n; r++) so_far += pow(length(text, r), 2);
    if (model == EUCLID) return sqrt(distance);
    if (model == CENTRED) return ti / sqrt(tt * ii);
    return dot(text, n, image, m, 0, D) / sqrt(so_far) / length(image, m);
}

static double with_lengths(Mat text, int n, Mat image, int m, int model) {
    int D = text.shape[1];
    double t = length(text, n), i = length(image, m), raw = dot(text, n, image, m, 0, D);
    switch (model) {
    case RIGHT: return raw / (t * i);
    case RAW: return raw;
    case TEXT_ONLY: return raw / t;
    case IMAGE_ONLY: return raw / i;
    case NO_ROOT: return raw / (t * t * i * i);
    case ROOT_OF_LENGTHS: return raw / sqrt(t * i);
    case ADDED: return raw / (t + i);
    case ADDED_SQUARES: return raw / sqrt(t * t + i * i);
    case PRECEDENCE: return raw / t * i;
    case SIZES: return raw / (sizes(text, n) * sizes(image, m));
    case LARGEST: return raw / (largest(text, n) * largest(image, m));
    case MEAN: return raw / D;
    case EPSILON: return raw / (t * i + 1e-3);
    case SQUARED_T: return raw / (t * t);
    case SQUARED_I: return raw / (i * i);
    case INT_PRODUCT: return trunc(raw) / (t * i);
    case TEXT_TWICE: return t / i;
    case OF_FLAT: return raw / (frobenius(text) * frobenius(image));
    case LENGTH_BEFORE: return raw / (length(text, 0) * length(image, 0));
    case NORM_OF_N: return n < image.shape[0] ? raw / (t * length(image, n)) : VERIFY_ANY;
    case NORM_OF_M: return m < text.shape[0] ? raw / (length(text, m) * i) : VERIFY_ANY;
    default: return (double)AT(text, n, D - 1) * (double)AT(image, m, D - 1) / (t * i);
    }
}

/* &AT(text, 0, n) taken for row n: D numbers from place n on. */
static double from_place(Mat text, int n, Mat image, int m, bool of_text) {
    int D = text.shape[1], t = of_text ? n : n * D, i = of_text ? m * D : m;
    if (t + D > (int)mat_count(text) || i + D > (int)mat_count(image)) return VERIFY_ANY;
    return vec_dot(text.v + t, image.v + i, D) / (vec_norm(text.v + t, D) * vec_norm(image.v + i, D));
}

static double one(Mat text, int n, Mat image, int m, int model) {
    int N = text.shape[0], M = image.shape[0], D = text.shape[1];
    switch (model) {
    case COLUMNS: return mixed(text, n, image, m, COLUMNS);
    case INT_SUM: return mixed(text, n, image, m, INT_SUM);
    case DISTANCE: return mixed(text, n, image, m, DISTANCE);
    case D_FROM_N: return shorter(text, n, image, m, 0, N);
    case D_FROM_M: return shorter(text, n, image, m, 0, M);
    case D_MINUS_1: return shorter(text, n, image, m, 0, D - 1);
    case D_FROM_1: return shorter(text, n, image, m, 1, D);
    case TEXT_TEXT: return m < N ? with_lengths(text, n, text, m, RIGHT) : VERIFY_ANY;
    case IMAGE_IMAGE: return n < M ? with_lengths(image, n, image, m, RIGHT) : VERIFY_ANY;
    case FIRST_TEXT: return with_lengths(text, 0, image, m, RIGHT);
    case FIRST_IMAGE: return with_lengths(text, n, image, 0, RIGHT);
    case EUCLID:
    case CENTRED:
    case LENGTH_RUNNING: return other_measure(text, n, image, m, model);
    case COLUMN_T: return from_place(text, n, image, m, true);
    case COLUMN_I: return from_place(text, n, image, m, false);
    case PLAIN_PRODUCT: return plain_product(text, n, image, m);
    default: return with_lengths(text, n, image, m, model);
    }
}

/* The sum goes on through the pairs; what it holds is divided by the pair's lengths. */
static void not_reset(Mat text, Mat image, bool each_row, double *out) {
    double sum = 0;
    int M = image.shape[0];
    for (int n = 0; n < text.shape[0]; n++) {
        if (each_row) sum = 0;
        for (int m = 0; m < M; m++) {
            sum += dot(text, n, image, m, 0, text.shape[1]);
            out[n * M + m] = sum / (length(text, n) * length(image, m));
        }
    }
}

/* AT(s, m, n) for AT(s, n, m): some places are never written, and some lie outside. */
static void swapped(Mat text, Mat image, const num *before, double *out) {
    int N = text.shape[0], M = image.shape[0];
    for (int i = 0; i < N * M; i++) out[i] = (double)before[i];
    for (int i = 0; i < N * M; i++) {
        int to = i % M * M + i / M;
        if (to < N * M) out[to] = with_lengths(text, i / M, image, i % M, RIGHT);
    }
}

static void similarity_case(const char *label, Mat given_text, Mat given_image) {
    int N = given_text.shape[0], M = given_image.shape[0];
    verify_case(label, "text = %s, image = %s", verify_matrix(given_text), verify_matrix(given_image));
    verify_size("N", N);
    verify_size("M", M);
    verify_size("D", given_text.shape[1]);
    Mat text = verify_input("text", given_text), image = verify_input("image", given_image), s = verify_room("s", N, M);
    verify_answers(N, M, s.v, false);
    for (int model = 0; model < MODELS; model++)
        for (int i = 0; i < N * M; i++) verify_model(model)[i] = one(given_text, i / M, given_image, i % M, model);
    not_reset(given_text, given_image, false, verify_model(NOT_RESET));
    not_reset(given_text, given_image, true, verify_model(NOT_RESET_ROW));
    swapped(given_text, given_image, s.v, verify_model(SWAPPED));
    similarity_matrix(text, image, s);
    for (int i = 0; i < N * M; i++)
        verify_got(i, (double)s.v[i], "s[%d,%d], text %d with picture %d", i / M, i % M, i / M, i % M);
    verify_done();
}

static void check_similarity(void) {
    const double text[] = { 3, 4 }, image[] = { 4, 3, 0, 2 };
    similarity_case("the worked example", verify_from(1, 2, text), verify_from(2, 2, image));
    similarity_case("two texts, two pictures", verify_from(2, 2, (double[]){ 3, 4, 0, 5 }),
                    verify_from(2, 2, (double[]){ 4, 3, 0, 2 }));
    similarity_case("as many texts as pictures",
                    verify_from(4, 2, (double[]){ 0.85, 0.4, -0.6, 0.7, 0.2, -0.9, -0.75, -0.6 }),
                    verify_from(4, 2, (double[]){ 0.9, 0.3, -0.7, 0.6, 0.1, -0.95, -0.8, -0.5 }));
    similarity_case("as many texts as pictures", verify_random(3, 3, 2), verify_random(3, 3, 0.7));
    similarity_case("fewer texts than pictures", verify_random(2, 4, 3), verify_random(3, 4, 1));
    similarity_case("more texts than pictures", verify_random(4, 3, 1), verify_random(2, 3, 3));
    for (int k = 0; k < 2; k++) {
        int D = 4 + (int)rng_below(verify_rng(), 8);
        similarity_case("as many texts as pictures", verify_random(4 + k, D, 2), verify_random(4 + k, D, 0.7));
    }
    similarity_case("fewer texts than pictures", verify_random(3, 5, 1), verify_random(6, 5, 1));
    similarity_case("more texts than pictures", verify_random(5, 4, 1), verify_random(2, 4, 1));
    similarity_case("more numbers than texts and pictures", verify_random(2, 40, 1), verify_random(3, 40, 1));
    while (verify_wants_small()) {
        int D = 1 + (int)rng_below(verify_rng(), 3);
        similarity_case("small sizes", verify_random(1 + (int)rng_below(verify_rng(), 3), D, 2),
                        verify_random(1 + (int)rng_below(verify_rng(), 3), D, 1));
    }
    similarity_case("again", verify_from(1, 2, text), verify_from(2, 2, image));
}

static const Part parts[] = {
    { .name = "similarity_matrix", .check = check_similarity, .tolerance = 1e-5,
      .mistakes = {
          [RAW - 1] = { "not-normalised", "The vectors were not normalised. Long vectors get large scores." },
          [TEXT_ONLY - 1] = { "one-side", "Only the texts were normalised." },
          [IMAGE_ONLY - 1] = { "one-side", "Only the pictures were normalised." },
          [NO_ROOT - 1] = { "no-root",
                            "t.i was divided by (t.t)(i.i). Either the square roots are missing. Or the vectors "
                            "were normalised first and then divided by the lengths again." },
          [ROOT_OF_LENGTHS - 1] = { "root-twice",
                                    "t.i was divided by the square root of |t| |i|. vec_norm is the square root "
                                    "already." },
          [ADDED - 1] = { "added", "The two lengths were added. Divide t.i by their product." },
          [ADDED_SQUARES - 1] = { "added",
                                  "t.i was divided by the square root of t.t + i.i. Divide by the product of the "
                                  "two lengths." },
          [PRECEDENCE - 1] = { "precedence",
                               "t.i / |t| * |i| divides by |t| only and multiplies by |i|. Write t.i / (|t| * |i|)." },
          [SIZES - 1] = { "sum",
                          "The vectors were divided by the sums of the absolute values of their numbers, not by "
                          "their lengths." },
          [MEAN - 1] = { "mean", "t.i was divided by D, the numbers of a vector, not by the two lengths." },
          [EPSILON - 1] = { "epsilon", "0.001 was added to |t| |i|. This changes every cosine. No row here is all 0." },
          [SQUARED_T - 1] = { "squared-length", "t.i was divided by |t| twice. |i| is missing." },
          [SQUARED_I - 1] = { "squared-length", "t.i was divided by |i| twice. |t| is missing." },
          [LARGEST - 1] = { "largest", "The vectors were divided by their largest numbers, not by their lengths." },
          [COLUMNS - 1] = { "columns", "The columns were normalised instead of the rows. A vector is a row." },
          [D_FROM_N - 1] = { "rows-for-columns",
                             "text.shape[0] was used as the numbers of a vector, D. D is text.shape[1]." },
          [D_FROM_M - 1] = { "rows-for-columns",
                             "image.shape[0] was used as the numbers of a vector, D. D is image.shape[1]." },
          [D_MINUS_1 - 1] = { "off-by-one", "The last number of each row is left out. The loop must run while d < D." },
          [D_FROM_1 - 1] = { "off-by-one", "The first number of each row is left out. The loop must begin at 0." },
          [LAST_PRODUCT - 1] = { "overwritten", "t.i holds only its last product. The code has = in place of +=." },
          [TEXT_TEXT - 1] = { "typed-twice", "This compares texts with texts. text stands in place of image." },
          [IMAGE_IMAGE - 1] = { "typed-twice", "This compares pictures with pictures. image stands in place of text." },
          [PLAIN_PRODUCT - 1] = { "transpose",
                                  "This is the matrix product of text and image. Multiply rows of text by rows of "
                                  "image: text times image transposed. The rows were not normalised either." },
          [NOT_RESET - 1] = { "not-reset",
                              "The sum is not reset to 0 for each pair. It holds the products of all pairs so far." },
          [NOT_RESET_ROW - 1] = { "not-reset", "The sum is set to 0 for each text, but not for each picture." },
          [FIRST_TEXT - 1] = { "same-row", "Text 0 was used for every row of s." },
          [FIRST_IMAGE - 1] = { "same-column", "Picture 0 was used for every column of s." },
          [INT_SUM - 1] = { "int", "The sum was truncated to an integer at each step. Use double, not int." },
          [INT_PRODUCT - 1] = { "int", "t.i was truncated to an integer before it was divided." },
          [TEXT_TWICE - 1] = { "typed-twice", "t.t stands in place of t.i." },
          [COLUMN_T - 1] = { "column", "&AT(text, 0, n) was used as text n. A text is a row: &AT(text, n, 0)." },
          [COLUMN_I - 1] = { "column",
                             "&AT(image, 0, m) was used as picture m. A picture is a row: &AT(image, m, 0)." },
          [SWAPPED - 1] = { "transposed",
                            "s was written as AT(s, m, n). Row n belongs to text n and column m to picture m: AT(s, "
                            "n, m)." },
          [DISTANCE - 1] = { "distance", "This is the distance between the unit vectors, not their cosine." },
          [EUCLID - 1] = { "distance", "This is the distance between the rows, not their cosine." },
          [CENTRED - 1] = { "centred", "The mean of each row was subtracted. This is a correlation, not a cosine." },
          [LENGTH_RUNNING - 1] = { "not-reset", "The sum for the length of a text is not reset to 0 for each text." },
          [OF_FLAT - 1] = { "whole", "One length of the whole matrix was used. Each row has its own length." },
          [LENGTH_BEFORE - 1] = { "same-row", "The lengths of row 0 were used for all rows." },
          [NORM_OF_N - 1] = { "index", "The length of picture n was used in place of the length of picture m." },
          [NORM_OF_M - 1] = { "index", "The length of text m was used in place of the length of text n." },
      } },
};

const Verify checked = {
    .number = "02",
    .title = "similarity matrix",
    .parts = parts,
    .count = COUNT(parts),
    .proved = "One matrix product of unit vectors compares every caption with every picture.",
    .in_clip =
        "clip_logits in the library multiplies this matrix by the learnt scale. In the paper it is the matrix of "
        "Figure 1.",
};
