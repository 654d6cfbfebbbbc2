/* The towers of a toy world: a text is a vector that its letters choose, of some length; a picture [1,1,E] is its own
 * vector. */
#include "exam.h"

enum { E = 6 };
static uint64_t world;

static void text_vector(const char *text, num *v) {
    uint64_t hash = 14695981039346656037u;
    for (const char *c = text; *c; c++) hash = (hash ^ (uint64_t)*c) * 1099511628211u;
    Rng rng = rng_seed(world, hash);
    double length = 0.3 + 3 * rng_uniform(&rng);
    for (int e = 0; e < E; e++) v[e] = (num)(length * rng_normal(&rng));
}

Mat encode_texts(Arena *arena, const char *const *texts, int n) {
    Mat m = mat_new(arena, n, E);
    for (int i = 0; i < n; i++) text_vector(texts[i], &AT(m, i, 0));
    return m;
}

Mat encode_pictures(Arena *arena, Mat pictures) {
    REQUIRE(pictures.dims == 4 && pictures.shape[3] == E, "pictures are %s", mat_shape_text(pictures));
    Mat m = mat_new(arena, pictures.shape[0], E);
    memcpy(m.v, pictures.v, mat_count(m) * sizeof(num));
    return m;
}

enum { RIGHT, RAW, RAW_TEXT, RAW_IMAGE, BARE, AXIS, MODELS };

static Mat model_scores(Mat image, const char *const *names, int C, int model) {
    Mat scores = mat_new(exam_arena(), image.shape[0], C);
    for (int c = 0; c < C; c++) {
        num text[E];
        text_vector(model == BARE ? names[c] : text_fill(exam_arena(), "a photo of a {}", names[c]), text);
        double t = model == RAW || model == RAW_TEXT ? 1 : vec_norm(text, E);
        for (int b = 0; b < image.shape[0]; b++) {
            const num *v = &AT(image, b, 0);
            double i = model == RAW || model == RAW_IMAGE ? 1 : vec_norm(v, E);
            AT(scores, b, c) = (num)(vec_dot(v, text, E) / (t * i));
        }
    }
    return scores;
}

static double argmax(Mat scores, int b) {
    int best = 0;
    for (int c = 1; c < scores.shape[1]; c++)
        if (AT(scores, b, c) > AT(scores, b, best)) best = c;
    return best;
}

static double argmax_down(Mat scores, int c) {
    int best = 0;
    if (c >= scores.shape[1]) return EXAM_ANY;
    for (int b = 1; b < scores.shape[0]; b++)
        if (AT(scores, b, c) > AT(scores, best, c)) best = b;
    return best;
}

static void classify_case(Mat pictures, const char *const *names, int C) {
    int B = pictures.shape[0], *best = arena_alloc(exam_arena(), (size_t)(B + C), sizeof *best);
    Mat cosine = exam_room(B, C), models[MODELS], image = encode_pictures(exam_arena(), pictures);
    for (int m = 0; m < MODELS; m++) models[m] = model_scores(image, names, C, m);
    for (int b = 0; b < B + C; b++) best[b] = -1;
    exam_case("%d pictures encoded as %s, %d classes, \"%s\" to \"%s\"", B, exam_matrix(image), C, names[0],
              names[C - 1]);
    classify(exam_arena(), pictures, names, C, cosine, best);
    for (int b = 0; b < B; b++)
        for (int c = 0; c < C; c++) {
            double numbers[MODELS];
            for (int m = 0; m < MODELS; m++) numbers[m] = (double)AT(models[m], b, c);
            exam_number((double)AT(cosine, b, c), numbers, "cosine[%d,%d], picture %d with \"a photo of a %s\"", b, c,
                        b, names[c]);
        }
    for (int b = 0; b < B; b++) {
        double numbers[MODELS];
        for (int m = 0; m < MODELS; m++) numbers[m] = m == AXIS ? argmax_down(models[RIGHT], b) : argmax(models[m], b);
        exam_number(best[b], numbers, "best[%d]", b);
    }
}

static void check_classify(void) {
    static const char *const names[] = { "cat", "dog", "frog", "ship", "truck", "horse", "bird", "deer" };
    for (int k = 0; k < 6; k++) {
        int C = 5 + k % 3, B = k < 4 ? C : 4 + 5 * (k % 2);
        world = k == 0 ? 1 : rng_next(exam_rng());
        Mat pictures = mat_normal(exam_arena(), B, E, &(Rng){ { world, 2, 3, 4 } }, 2);
        pictures.dims = 4, pictures.shape[1] = pictures.shape[2] = 1, pictures.shape[3] = E;
        classify_case(pictures, names, C);
    }
}

static const Part parts[] = {
    { .name = "classify", .check = check_classify, .tolerance = 1e-5,
      .mistakes = {
          { "not-normalised", "neither the pictures' nor the texts' features were made unit length" },
          { "not-normalised", "the texts' features were not made unit length: long ones win" },
          { "not-normalised", "the pictures' features were not made unit length" },
          { "bare-word", "the bare name was encoded, not \"a photo of a NAME\"" },
          { "wrong-axis", "the argmax runs over the wrong axis: best[b] is the best class of picture b, not the "
                          "best picture of a class" },
      } },
};

const Exam exam = {
    .number = "08", .title = "zero shot", .parts = parts, .count = COUNT(parts),
    .proved = "a classifier can be made of words alone; new classes cost one line of text.",
    .in_clip = "lib/evaluate/zeroshot.c, and section 3.1 of the paper; lesson 11 does it with 10,000 photographs.",
};
