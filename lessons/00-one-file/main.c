/* Lesson 00: CLIP in one file. It needs the C library and nothing else:
 *   cc -std=c11 -O3 -march=native lessons/00-one-file/main.c -lm -o one-file && ./one-file
 *
 * CLIP (Radford et al. 2021, arXiv:2103.00020) trains two networks together. An image tower turns a picture into a
 * vector, a text tower turns a caption into a vector. Training makes the vectors of a picture and of its own caption
 * point in the same direction. Then the model can classify pictures by captions, although nobody trained a classifier.
 *
 * Read from top to bottom. Every layer has a forward and a backward function; its formula stands above it. B pairs are
 * in a batch, T words in a caption, V words in the vocabulary; a word is D numbers, an embedding E. [B,E] is the shape
 * of a buffer; the last index runs fastest; n of its rows are in use. dX is the gradient of the loss, for matrix X. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h> /* only isatty and access */

enum { SIDE = 32, CHANNELS = 3, PLACES = SIDE * SIDE };    /* a picture: 32 x 32 places of red, green and blue */
enum { SIDE1 = 16, WIDTH1 = 16, PLACES1 = SIDE1 * SIDE1 }; /* after the first convolution: 16 x 16 of 16 channels */
enum { SIDE2 = 8, WIDTH2 = 32, PLACES2 = SIDE2 * SIDE2 };  /* after the second convolution: 8 x 8 of 32 channels */
enum { FLAT = PLACES2 * WIDTH2 };                          /* 2048 numbers go into the image tower's linear layer */
enum { RECORDS = 10000, RECORD = 1 + CHANNELS * PLACES };  /* a CIFAR-10 file: 10,000 records of 3073 bytes */
enum { CLASSES = 10, TEMPLATES = 3, MAX_WORDS = 64, MAX_LENGTH = 8 };

/* ---- 1. helpers ------------------------------------------------------------------------------------------------- */
/* Prints one line on stderr and ends the program. */
static _Noreturn void fail(int status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("one-file: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(status);
}

/* Memory filled with zeros. It stays until the program ends. */
static void *allocate(int count, size_t size) {
    void *block = calloc((size_t)count, size);
    if (!block) fail(1, "no memory for %zu bytes; use a smaller --pictures or --batch", (size_t)count * size);
    return block;
}

/* A random number from low to high, by splitmix64 (Steele, Lea and Flood 2014). The first state is the seed. */
static double random_between(uint64_t *state, double low, double high) {
    *state += 0x9e3779b97f4a7c15u;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return low + (high - low) * (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0; /* 53 bits / 2^53 */
}

static int random_below(uint64_t *state, int n) { return (int)random_between(state, 0, n); } /* 0 to n - 1 */

/* ---- 2. data ---------------------------------------------------------------------------------------------------- */
/* Pictures as in CIFAR-10's files (Krizhevsky 2009). A record is the label, 0 to 9, and 3072 bytes of pixels,
 * [3,32,32]: first all reds, then all greens, then all blues. */
typedef struct {
    int count;
    unsigned char *records; /* [count,3073] */
    const char *const *classes;
} Pictures;

static const char *const cifar_files[6] = { "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                            "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin" };
static const char *const cifar_classes[CLASSES] = { "airplane", "automobile", "bird",  "cat",  "deer",
                                                    "dog",      "frog",       "horse", "ship", "truck" };
static const char *const shape_classes[CLASSES] = { "red circle",    "green circle", "blue circle",  "yellow circle",
                                                    "white circle",  "red square",   "green square", "blue square",
                                                    "yellow square", "white square" };

/* Reads `files` of the six files of a folder, from number `first` on. */
static Pictures read_cifar(const char *folder, int first, int files) {
    const char *advice = "run `make data`, or use --data FOLDER or --data shapes";
    const size_t size = (size_t)RECORDS * RECORD;
    Pictures pictures = { .count = files * RECORDS, .classes = cifar_classes };
    pictures.records = allocate(pictures.count + 1, RECORD); /* one more, to notice a file that is too long */
    for (int i = 0; i < files; i++) {
        char path[1024];
        unsigned char *records = pictures.records + (size_t)i * size;
        snprintf(path, sizeof path, "%s/%s", folder, cifar_files[first + i]);
        FILE *file = fopen(path, "rb");
        if (!file) fail(1, "%s: %s, want a file of CIFAR-10; %s", path, strerror(errno), advice);
        size_t got = fread(records, 1, size + 1, file);
        if (got < size) fail(1, "%s: %zu bytes, want %zu; %s", path, got, size, advice);
        if (got > size) fail(1, "%s: more than %zu bytes; %s", path, size, advice);
        for (int r = 0; r < RECORDS; r++)
            if (records[r * RECORD] >= CLASSES)
                fail(1, "%s: label %d in record %d, want 0 to 9; %s", path, records[r * RECORD], r, advice);
        fclose(file);
    }
    return pictures;
}

/* Draws circles (label 0 to 4) and squares (5 to 9) at random places on grey, with noise on every pixel. */
static Pictures draw_shapes(int count, uint64_t *random) {
    static const int colours[5][CHANNELS] = {
        { 220, 40, 40 }, { 40, 180, 40 }, { 40, 40, 220 }, { 220, 220, 40 }, { 240, 240, 240 }
    };
    Pictures pictures = { .count = count, .classes = shape_classes, .records = allocate(count, RECORD) };
    for (int n = 0; n < count; n++) {
        unsigned char *record = pictures.records + (size_t)n * RECORD;
        int label = random_below(random, CLASSES);
        double middle_x = random_between(random, 10, 22), middle_y = random_between(random, 10, 22);
        double radius = random_between(random, 4, 8), grey = random_between(random, 60, 160);
        record[0] = (unsigned char)label;
        for (int i = 0; i < CHANNELS * PLACES; i++) {
            double dx = fabs(i % SIDE - middle_x), dy = fabs(i / SIDE % SIDE - middle_y);
            int inside = label < 5 ? dx * dx + dy * dy < radius * radius : fmax(dx, dy) < radius;
            double value = (inside ? colours[label % 5][i / PLACES] : grey) + random_between(random, -60, 60);
            record[1 + i] = (unsigned char)fmin(255, fmax(0, value));
        }
    }
    return pictures;
}

/* ---- 3. captions ------------------------------------------------------------------------------------------------ */
/* A caption is a template followed by the name of a class. All captions have the same number of words, T. */
static const char *const templates[TEMPLATES] = { "a photo of the", "a picture of the", "this picture shows the" };

typedef struct {
    int count;                /* V */
    char word[MAX_WORDS][16]; /* token i stands for word[i] */
} Vocabulary;

/* The tokens of a caption. A word that is not in the vocabulary gets the next number. Returns T. */
static int tokenise(Vocabulary *vocabulary, const char *template, const char *class_name, int *tokens) {
    char caption[128];
    int length = 0;
    snprintf(caption, sizeof caption, "%s %s", template, class_name);
    for (char *word = strtok(caption, " "); word; word = strtok(NULL, " ")) {
        int token = 0;
        while (token < vocabulary->count && strcmp(vocabulary->word[token], word) != 0) token++;
        snprintf(vocabulary->word[token], sizeof vocabulary->word[token], "%s", word);
        if (token == vocabulary->count) vocabulary->count++;
        tokens[length] = token;
        length++;
    }
    return length;
}

/* ---- 4. layers -------------------------------------------------------------------------------------------------- */
typedef struct {
    int rows, columns;
    float *value;    /* [rows,columns] */
    float *gradient; /* [rows,columns] */
    float *velocity; /* [rows,columns], what the optimiser keeps of a parameter */
} Matrix;

static Matrix new_matrix(int rows, int columns) {
    Matrix m = { .rows = rows, .columns = columns };
    m.value = allocate(rows * columns, sizeof(float));
    m.gradient = allocate(rows * columns, sizeof(float));
    m.velocity = allocate(rows * columns, sizeof(float));
    return m;
}

/* Linear layer: Y = X W + b.     X [n,in], W [in,out], b [1,out] -> Y [n,out]
 * The innermost loop runs over neighbours in memory, so that the compiler can use vector instructions. */
static void linear_forward(int n, const Matrix *X, const Matrix *W, const Matrix *b, Matrix *Y) {
    int in = W->rows, out = W->columns;
    const float *restrict w = W->value;
    for (int r = 0; r < n; r++) {
        const float *x = X->value + r * in;
        float *restrict y = Y->value + r * out;
        for (int o = 0; o < out; o++) y[o] = b->value[o];
        for (int i = 0; i < in; i++)
            for (int o = 0; o < out; o++) y[o] += x[i] * w[i * out + o];
    }
}

/* dW = X^T dY,   db = sum of the rows of dY,   both added to what is there;   dX = dY W^T.
 * W^T, [out,in], is written out first, so that the innermost loop runs over neighbours again. */
static void linear_backward(int n, Matrix *X, Matrix *W, Matrix *b, const Matrix *Y, float *restrict transposed) {
    int in = W->rows, out = W->columns;
    float *restrict dw = W->gradient;
    for (int i = 0; i < in * out; i++) transposed[i % out * in + i / out] = W->value[i];
    for (int r = 0; r < n; r++) {
        const float *x = X->value + r * in;
        const float *restrict dy = Y->gradient + r * out;
        float *restrict dx = X->gradient + r * in;
        for (int o = 0; o < out; o++) b->gradient[o] += dy[o];
        for (int i = 0; i < in; i++)
            for (int o = 0; o < out; o++) dw[i * out + o] += x[i] * dy[o];
        for (int i = 0; i < in; i++) dx[i] = 0;
        for (int o = 0; o < out; o++)
            for (int i = 0; i < in; i++) dx[i] += dy[o] * transposed[o * in + i];
    }
}

/* Convolution, 3 x 3, stride 2, padding 1. It is a linear layer on patches: a patch is a row of P that holds the 3 x 3
 * places around every second place of X, with 0 for places outside the picture.
 *   P[b,v,u,ky,kx,c] = X[b, 2v + ky - 1, 2u + kx - 1, c]
 * This tells which place (row) of X entry k = 3 ky + kx of a patch is a copy of; -1: outside. */
static int patch_source(int patch, int k, int side) {
    int half = side / 2;
    int b = patch / (half * half);
    int y = 2 * (patch / half % half) + k / 3 - 1;
    int x = 2 * (patch % half) + k % 3 - 1;
    if (y < 0 || y >= side || x < 0 || x >= side) return -1;
    return (b * side + y) * side + x;
}

/* X [n*side*side,channels] -> P [n*side/2*side/2,9*channels] */
static void patches_forward(int n, int side, const Matrix *X, Matrix *P) {
    int channels = X->columns;
    for (int patch = 0; patch < n * side * side / 4; patch++) {
        for (int k = 0; k < 9; k++) {
            int source = patch_source(patch, k, side);
            float *p = P->value + (patch * 9 + k) * channels;
            for (int c = 0; c < channels; c++) p[c] = source < 0 ? 0 : X->value[source * channels + c];
        }
    }
}

/* dX of a place = sum of dP over all copies of it. */
static void patches_backward(int n, int side, Matrix *X, const Matrix *P) {
    int channels = X->columns;
    for (int i = 0; i < n * side * side * channels; i++) X->gradient[i] = 0;
    for (int patch = 0; patch < n * side * side / 4; patch++) {
        for (int k = 0; k < 9; k++) {
            int source = patch_source(patch, k, side);
            const float *dp = P->gradient + (patch * 9 + k) * channels;
            for (int c = 0; c < channels && source >= 0; c++) X->gradient[source * channels + c] += dp[c];
        }
    }
}

/* ReLU: Y = max(Y, 0), in place. */
static void relu_forward(int n, Matrix *Y) {
    for (int i = 0; i < n * Y->columns; i++) Y->value[i] = Y->value[i] > 0 ? Y->value[i] : 0;
}

/* dY stays where Y > 0 and becomes 0 elsewhere, in place. */
static void relu_backward(int n, Matrix *Y) {
    for (int i = 0; i < n * Y->columns; i++) Y->gradient[i] = Y->value[i] > 0 ? Y->gradient[i] : 0;
}

/* Bag of words: M[b] = 1/T sum over t of W[token(b,t)].     W [V,D], tokens [n,T] -> M [n,D] */
static void bag_forward(int n, int T, const int *tokens, const Matrix *W, Matrix *M) {
    int D = W->columns;
    for (int i = 0; i < n * D; i++) M->value[i] = 0;
    for (int b = 0; b < n; b++)
        for (int t = 0; t < T; t++)
            for (int d = 0; d < D; d++) M->value[b * D + d] += W->value[tokens[b * T + t] * D + d] / (float)T;
}

/* dW[v] = 1/T sum of dM[b] over all (b,t) with token(b,t) = v, added to what is there. */
static void bag_backward(int n, int T, const int *tokens, Matrix *W, const Matrix *M) {
    int D = W->columns;
    for (int b = 0; b < n; b++)
        for (int t = 0; t < T; t++)
            for (int d = 0; d < D; d++) W->gradient[tokens[b * T + t] * D + d] += M->gradient[b * D + d] / (float)T;
}

static double dot_product(const float *a, const float *b, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)a[i] * b[i];
    return sum;
}

/* L2 normalisation of each row: u = x / |x|.     X [n,E] -> U [n,E] */
static void normalise_forward(int n, const Matrix *X, Matrix *U) {
    int E = X->columns;
    for (int b = 0; b < n; b++) {
        const float *x = X->value + b * E;
        double length = fmax(sqrt(dot_product(x, x, E)), 1e-12); /* not 0, to divide by */
        for (int e = 0; e < E; e++) U->value[b * E + e] = (float)(x[e] / length);
    }
}

/* dx = (du - u (u . du)) / |x|.   The part of du along u is taken away, because the length of u cannot change. */
static void normalise_backward(int n, Matrix *X, const Matrix *U) {
    int E = X->columns;
    for (int b = 0; b < n; b++) {
        const float *x = X->value + b * E, *u = U->value + b * E, *du = U->gradient + b * E;
        double length = fmax(sqrt(dot_product(x, x, E)), 1e-12);
        double projection = dot_product(u, du, E);
        for (int e = 0; e < E; e++) X->gradient[b * E + e] = (float)((du[e] - u[e] * projection) / length);
    }
}

/* ---- 5. model --------------------------------------------------------------------------------------------------- */
/* The parameters. A convolution's weight has a row for each (ky,kx,channel), the image weight for each (y,x,channel) */
enum {
    CONV1_WEIGHT, /* [27,16] */
    CONV1_BIAS,   /* [1,16] */
    CONV2_WEIGHT, /* [144,32] */
    CONV2_BIAS,   /* [1,32] */
    IMAGE_WEIGHT, /* [2048,E] */
    IMAGE_BIAS,   /* [1,E] */
    WORD_WEIGHT,  /* [V,D], the embedding of each word */
    TEXT_WEIGHT,  /* [D,E] */
    TEXT_BIAS,    /* [1,E] */
    LOGIT_SCALE,  /* [1,1], t: cosine similarities are multiplied by e^t */
    PARAMETERS
};

typedef struct {
    Matrix parameter[PARAMETERS];
    int length;                   /* T */
    int *tokens;                  /* [B,T] */
    Matrix pixels;                /* [B*32*32,3] */
    Matrix patches1;              /* [B*16*16,27] */
    Matrix hidden1;               /* [B*16*16,16] */
    Matrix patches2;              /* [B*8*8,144] */
    Matrix hidden2;               /* [B*8*8,32], which is [B,2048] as well */
    Matrix mean;                  /* [B,D] */
    Matrix image, text;           /* [B,E], what the towers give */
    Matrix image_unit, text_unit; /* [B,E], the same with length 1 */
    Matrix logits;                /* [B,B], a row for each picture, a column for each caption */
    float *transposed;            /* [E,2048], [32,144], [16,27] or [E,D], for linear_backward */
} Model;

static Model new_model(int B, int T, int V, int D, int E) {
    const int rows[PARAMETERS] = { 9 * CHANNELS, 1, 9 * WIDTH1, 1, FLAT, 1, V, D, 1, 1 };
    const int columns[PARAMETERS] = { WIDTH1, WIDTH1, WIDTH2, WIDTH2, E, E, D, E, E, 1 };
    Model m = { .length = T };
    for (int i = 0; i < PARAMETERS; i++) m.parameter[i] = new_matrix(rows[i], columns[i]);
    m.tokens = allocate(B * T, sizeof(int));
    m.pixels = new_matrix(B * PLACES, CHANNELS);
    m.patches1 = new_matrix(B * PLACES1, 9 * CHANNELS);
    m.hidden1 = new_matrix(B * PLACES1, WIDTH1);
    m.patches2 = new_matrix(B * PLACES2, 9 * WIDTH1);
    m.hidden2 = new_matrix(B * PLACES2, WIDTH2);
    m.mean = new_matrix(B, D);
    m.image = new_matrix(B, E);
    m.text = new_matrix(B, E);
    m.image_unit = new_matrix(B, E);
    m.text_unit = new_matrix(B, E);
    m.logits = new_matrix(B, B);
    m.transposed = allocate(FLAT * E + 9 * WIDTH1 * WIDTH2 + D * E, sizeof(float));
    return m;
}

/* First values. Weights are uniform with variance 2 / rows (He et al. 2015, arXiv:1502.01852): a uniform number in +-a
 * has the variance a^2 / 3. Biases, the matrices of one row, stay 0. The scale e^t starts at 1 / 0.07 as in CLIP. */
static void first_values(Model *m, uint64_t *random) {
    for (int i = 0; i < PARAMETERS; i++) {
        Matrix *p = &m->parameter[i];
        double bound = p->rows > 1 ? sqrt(6.0 / p->rows) : 0;
        for (int k = 0; k < p->rows * p->columns; k++) p->value[k] = (float)random_between(random, -bound, bound);
    }
    m->parameter[LOGIT_SCALE].value[0] = (float)log(1 / 0.07);
}

/* ---- 6. towers -------------------------------------------------------------------------------------------------- */
/* n pictures: pixels -> convolution, ReLU -> convolution, ReLU -> linear -> length 1 */
static void image_forward(Model *m, int n) {
    Matrix *p = m->parameter;
    patches_forward(n, SIDE, &m->pixels, &m->patches1);
    linear_forward(n * PLACES1, &m->patches1, &p[CONV1_WEIGHT], &p[CONV1_BIAS], &m->hidden1);
    relu_forward(n * PLACES1, &m->hidden1);
    patches_forward(n, SIDE1, &m->hidden1, &m->patches2);
    linear_forward(n * PLACES2, &m->patches2, &p[CONV2_WEIGHT], &p[CONV2_BIAS], &m->hidden2);
    relu_forward(n * PLACES2, &m->hidden2);
    linear_forward(n, &m->hidden2, &p[IMAGE_WEIGHT], &p[IMAGE_BIAS], &m->image);
    normalise_forward(n, &m->image, &m->image_unit);
}

/* The same steps in reverse order. The pixels need no gradient, so the first convolution's patches are the end. */
static void image_backward(Model *m, int n) {
    Matrix *p = m->parameter;
    normalise_backward(n, &m->image, &m->image_unit);
    linear_backward(n, &m->hidden2, &p[IMAGE_WEIGHT], &p[IMAGE_BIAS], &m->image, m->transposed);
    relu_backward(n * PLACES2, &m->hidden2);
    linear_backward(n * PLACES2, &m->patches2, &p[CONV2_WEIGHT], &p[CONV2_BIAS], &m->hidden2, m->transposed);
    patches_backward(n, SIDE1, &m->hidden1, &m->patches2);
    relu_backward(n * PLACES1, &m->hidden1);
    linear_backward(n * PLACES1, &m->patches1, &p[CONV1_WEIGHT], &p[CONV1_BIAS], &m->hidden1, m->transposed);
}

/* n captions: tokens -> mean of the words' embeddings -> linear -> length 1 */
static void text_forward(Model *m, int n) {
    Matrix *p = m->parameter;
    bag_forward(n, m->length, m->tokens, &p[WORD_WEIGHT], &m->mean);
    linear_forward(n, &m->mean, &p[TEXT_WEIGHT], &p[TEXT_BIAS], &m->text);
    normalise_forward(n, &m->text, &m->text_unit);
}

static void text_backward(Model *m, int n) {
    Matrix *p = m->parameter;
    normalise_backward(n, &m->text, &m->text_unit);
    linear_backward(n, &m->mean, &p[TEXT_WEIGHT], &p[TEXT_BIAS], &m->text, m->transposed);
    bag_backward(n, m->length, m->tokens, &p[WORD_WEIGHT], &m->mean);
}

/* ---- 7. loss ---------------------------------------------------------------------------------------------------- */
/* L = e^t I U^T: scaled cosine similarities.     I, U [n,E] the unit vectors of pictures and texts -> L [n,n] */
static void logits_forward(Model *m, int n) {
    int E = m->image.columns;
    double scale = exp(m->parameter[LOGIT_SCALE].value[0]);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            m->logits.value[i * n + j] =
                (float)(scale * dot_product(m->image_unit.value + i * E, m->text_unit.value + j * E, E));
}

/* dI = e^t dL U,   dU = e^t dL^T I,   dt = sum of all dL * L, because the derivative of e^t is e^t. */
static void logits_backward(Model *m, int n) {
    int E = m->image.columns;
    float scale = expf(m->parameter[LOGIT_SCALE].value[0]);
    double dt = 0;
    memset(m->image_unit.gradient, 0, (size_t)(n * E) * sizeof(float));
    memset(m->text_unit.gradient, 0, (size_t)(n * E) * sizeof(float));
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
            float dl = m->logits.gradient[i * n + j];
            for (int e = 0; e < E; e++) m->image_unit.gradient[i * E + e] += scale * dl * m->text_unit.value[j * E + e];
            for (int e = 0; e < E; e++) m->text_unit.gradient[j * E + e] += scale * dl * m->image_unit.value[i * E + e];
            dt += (double)dl * m->logits.value[i * n + j];
        }
    }
    m->parameter[LOGIT_SCALE].gradient[0] += (float)dt;
}

/* Softmax and cross-entropy of n logits l, of which number `target` is the right one. They lie `stride` apart.
 *   p_k = e^(l_k) / sum over j of e^(l_j)     CE = -log p_target     dl_k = p_k - (1 if k is the target, else 0)
 * The largest logit is subtracted first: it changes no p, and e^l stays finite. Adds weight * dl to dl, returns CE. */
static double cross_entropy(const float *l, float *dl, int n, int stride, int target, double weight) {
    double largest = l[0], sum = 0;
    for (int k = 1; k < n; k++) largest = fmax(largest, l[k * stride]);
    for (int k = 0; k < n; k++) sum += exp(l[k * stride] - largest);
    for (int k = 0; k < n; k++) {
        double p = exp(l[k * stride] - largest) / sum;
        dl[k * stride] += (float)(weight * (p - (k == target ? 1 : 0)));
    }
    return log(sum) + largest - l[target * stride];
}

/* The symmetric CLIP loss: each picture (row) chooses among the captions, each caption (column) among the pictures.
 *   loss = 1/2 (mean over i of CE(row i, target i) + mean over j of CE(column j, target j)) */
static double symmetric_loss(Model *m, int n) {
    float *l = m->logits.value, *dl = m->logits.gradient;
    double weight = 0.5 / n, loss = 0;
    for (int i = 0; i < n * n; i++) dl[i] = 0;
    for (int i = 0; i < n; i++) {
        loss += weight * cross_entropy(l + i * n, dl + i * n, n, 1, i, weight);
        loss += weight * cross_entropy(l + i, dl + i, n, n, i, weight);
    }
    return loss;
}

/* The n pairs in the buffers, forwards and backwards: leaves the gradients of all parameters and returns the loss. */
static double loss_and_gradients(Model *m, int n) {
    image_forward(m, n);
    text_forward(m, n);
    logits_forward(m, n);
    double loss = symmetric_loss(m, n);
    logits_backward(m, n);
    image_backward(m, n);
    text_backward(m, n);
    return loss;
}

/* ---- 8. training ------------------------------------------------------------------------------------------------ */
/* SGD with momentum: velocity = 0.9 velocity + gradient,   value = value - rate * velocity.
 * The gradients become 0 for the next batch. As in CLIP, the scale e^t is never more than 100. */
static void sgd_step(Model *m, double rate) {
    for (int i = 0; i < PARAMETERS; i++) {
        Matrix *p = &m->parameter[i];
        for (int k = 0; k < p->rows * p->columns; k++) {
            p->velocity[k] = 0.9f * p->velocity[k] + p->gradient[k];
            p->value[k] -= (float)rate * p->velocity[k];
            p->gradient[k] = 0;
        }
    }
    m->parameter[LOGIT_SCALE].value[0] = fminf(m->parameter[LOGIT_SCALE].value[0], logf(100));
}

/* Row b of the batch becomes a picture: from three planes of bytes to three numbers a place, from -0.5 to 0.5. */
static void load_picture(Model *m, int b, const unsigned char *record) {
    float *pixels = m->pixels.value + b * PLACES * CHANNELS;
    for (int place = 0; place < PLACES; place++)
        for (int c = 0; c < CHANNELS; c++)
            pixels[place * CHANNELS + c] = (float)record[1 + c * PLACES + place] / 255.0f - 0.5f;
}

/* Each step draws B random pictures, and a random template for the caption of each. After an epoch as many pictures
 * were drawn as there are. The learning rate falls from 0.05 to 0 in a straight line. */
static void train(Model *m, Pictures pictures, Vocabulary *vocabulary, int epochs, int B, uint64_t *random) {
    int steps = pictures.count / B;
    time_t start = time(NULL), shown = start;
    printf("epoch    loss  scale  seconds\n");
    for (int epoch = 1; epoch <= epochs; epoch++) {
        double loss = 0;
        for (int step = 1; step <= steps; step++) {
            for (int b = 0; b < B; b++) {
                const unsigned char *record = pictures.records + (size_t)random_below(random, pictures.count) * RECORD;
                const char *template = templates[random_below(random, TEMPLATES)];
                load_picture(m, b, record);
                tokenise(vocabulary, template, pictures.classes[record[0]], m->tokens + b * m->length);
            }
            double done = (epoch - 1 + (double)step / steps) / epochs;
            loss += loss_and_gradients(m, B) / steps;
            sgd_step(m, 0.05 * (1 - done));
            if (!isatty(2) || time(NULL) == shown) continue;
            shown = time(NULL);
            double left = difftime(shown, start) * (1 - done) / done;
            fprintf(stderr, "epoch %d of %d, %.0f s left  \r", epoch, epochs, left);
        }
        double scale = exp(m->parameter[LOGIT_SCALE].value[0]);
        if (!isfinite(loss)) fail(1, "epoch %d: the loss is not a finite number; try another --seed", epoch);
        printf("%5d %7.3f %6.1f %8.0f\n", epoch, loss, scale, difftime(time(NULL), start));
        fflush(stdout);
    }
}

/* ---- 9. zero-shot ------------------------------------------------------------------------------------------------ */
/* Classifies the test pictures by captions: each gets the class whose caption has the largest cosine similarity. */
static void zero_shot(Model *m, Pictures test, Vocabulary *vocabulary) {
    int E = m->image.columns;
    int right[CLASSES] = { 0 }, count[CLASSES] = { 0 }, all_right = 0;
    for (int c = 0; c < CLASSES; c++) tokenise(vocabulary, templates[0], test.classes[c], m->tokens + c * m->length);
    text_forward(m, CLASSES);
    for (int i = 0; i < test.count; i++) {
        const unsigned char *record = test.records + (size_t)i * RECORD;
        const float *image = m->image_unit.value, *text = m->text_unit.value;
        int best = 0;
        load_picture(m, 0, record);
        image_forward(m, 1);
        for (int c = 1; c < CLASSES; c++)
            if (dot_product(image, text + c * E, E) > dot_product(image, text + best * E, E)) best = c;
        count[record[0]]++;
        right[record[0]] += best == record[0];
        all_right += best == record[0];
    }
    printf("\nZero-shot: how many test pictures are nearest to the caption of their class\n");
    for (int c = 0; c < CLASSES; c++)
        printf("  %s %-14s %5.1f %%\n", templates[0], test.classes[c], 100.0 * right[c] / fmax(count[c], 1));
    printf("All %d test pictures: %.2f %%. Guessing gives 10 %%.\n", test.count, 100.0 * all_right / test.count);
}

/* ---- 10. main --------------------------------------------------------------------------------------------------- */
static const char help[] =
    "Lesson 00: CLIP in one file. Trains on CIFAR-10, then classifies its test pictures by captions. A minute.\n"
    "  --data FOLDER   where CIFAR-10's .bin files are (data/cifar-10-batches-bin); shapes: generated pictures\n"
    "  --epochs N      how often the training pictures are shown (4)\n"
    "  --pictures N    how many pictures to train on (50000)\n"
    "  --batch N       how many pairs there are in a batch (50)\n"
    "  --seed N        of the first values, the batches and the generated shapes (1)\n"
    "  --quick         as the first word: a small run for tests, 600 generated pictures, 3 epochs, batches of 20\n";

/* The value of an option, a whole number from low to high. */
static int number_of(const char *option, const char *text, int low, int high) {
    char *end;
    long number = strtol(text, &end, 10);
    if (end == text || *end || number < low || number > high)
        fail(2, "%s %s: want a whole number from %d to %d", option, text, low, high);
    return (int)number;
}

int main(int argc, char **argv) {
    int quick = argc > 1 && strcmp(argv[1], "--quick") == 0, cifar = access("data/cifar-10-batches-bin", R_OK) == 0;
    const char *folder = cifar && !quick ? "data/cifar-10-batches-bin" : "shapes";
    int epochs = quick ? 3 : 4, count = quick ? 600 : 50000, B = quick ? 20 : 50, seed = 1;
    for (int a = 1 + quick; a < argc; a++) {
        const char *option = argv[a];
        if (strcmp(option, "--help") == 0) return fputs(help, stdout) == EOF;
#ifdef CLIP_VERSION /* make defines it */
        if (strcmp(option, "--version") == 0) return puts("lesson-00 (CLIP from scratch) " CLIP_VERSION) == EOF;
#endif
        if (strcmp(option, "--no-predict") == 0) continue; /* the other lessons ask questions */
        a++;
        if (a == argc) fail(2, "%s: unknown, or without its value; see --help", option);
        if (strcmp(option, "--data") == 0) folder = argv[a];
        else if (strcmp(option, "--epochs") == 0) epochs = number_of(option, argv[a], 1, 1000);
        else if (strcmp(option, "--pictures") == 0) count = number_of(option, argv[a], 10, 50000);
        else if (strcmp(option, "--batch") == 0) B = number_of(option, argv[a], 10, 1000);
        else if (strcmp(option, "--seed") == 0) seed = number_of(option, argv[a], 0, 1000000000);
        else fail(2, "%s: unknown option; see --help", option);
    }
    if (B > count) fail(2, "--batch %d: want at most the number of --pictures, %d", B, count);
    static Pictures pictures, test; /* static: what they and the model hold is there to the end */
    static Vocabulary vocabulary;
    static Model model;
    int tokens[MAX_LENGTH], T = 0, shapes = strcmp(folder, "shapes") == 0;
    uint64_t random = (uint64_t)seed;
    pictures = shapes ? draw_shapes(count, &random) : read_cifar(folder, 0, 5);
    pictures.count = count;
    test = shapes ? draw_shapes(1000, &random) : read_cifar(folder, 5, 1);
    for (int i = 0; i < TEMPLATES * CLASSES; i++)
        T = tokenise(&vocabulary, templates[i / CLASSES], test.classes[i % CLASSES], tokens);
    model = new_model(B, T, vocabulary.count, 32, 64); /* D = 32, E = 64 */
    first_values(&model, &random);
    printf("Lesson 00: CLIP in one file   (seed %d)\n", seed);
    if (shapes) printf("Pictures: generated shapes. `make data` fetches CIFAR-10; its photographs are much harder.\n");
    else printf("Pictures: CIFAR-10, from %s\n", folder);
    printf("%d pictures to train on, %d to test, batches of %d, captions of %d words from a vocabulary of %d\n", count,
           test.count, B, T, vocabulary.count);
    printf("Before you look: ten classes, so guessing is right in 10 %%. How often will this model be right?\n\n");
    train(&model, pictures, &vocabulary, epochs, B, &random);
    zero_shot(&model, test, &vocabulary);
    printf("\nnext: make lesson-01\n");
    if (fflush(stdout) != 0 || ferror(stdout)) fail(1, "the results cannot be written: %s", strerror(errno));
    return 0;
}
