/* The towers of a toy world: a text is a vector that its letters choose, of some length; a picture [1,1,E] is its own
 * vector. */
#include "verify.h"

enum { E = 6 };
static uint64_t seed_of_towers;

/* The prompts that are right in the case at hand, and the first text that the student encoded in place of one. */
static const char **wanted;
static int wanted_count;
static char odd_text[100];

static void note_odd_text(const char *text) {
    if (*odd_text || !text) return;
    for (int c = 0; c < wanted_count; c++)
        if (!strcmp(text, wanted[c])) return;
    if (wanted_count) snprintf(odd_text, sizeof odd_text, "%s", text);
}

static void text_vector(const char *text, num *v) {
    uint64_t hash = 14695981039346656037u;
    for (const char *c = text; *c; c++) hash = (hash ^ (uint64_t)*c) * 1099511628211u;
    Rng rng = rng_seed(seed_of_towers, hash);
    double length = 0.3 + 3 * rng_uniform(&rng);
    for (int e = 0; e < E; e++) v[e] = (num)(length * rng_normal(&rng));
}

Mat encode_texts(Arena *arena, const char *const *texts, int n) {
    Mat m = mat_new(arena, n, E);
    for (int i = 0; i < n; i++) {
        note_odd_text(texts[i]);
        text_vector(texts[i], &AT(m, i, 0));
    }
    return m;
}

Mat encode_pictures(Arena *arena, Mat pictures) {
    REQUIRE(pictures.dims == 4 && pictures.shape[3] == E, "pictures are %s", mat_shape_text(pictures));
    Mat m = mat_new(arena, pictures.shape[0], E);
    memcpy(m.v, pictures.v, mat_count(m) * sizeof(num));
    return m;
}

/* ---- models: first those of the cosines, then those of best alone ------------------------------------------------ */

enum {
    RIGHT,
    RAW,
    RAW_TEXT,
    RAW_IMAGE,
    BARE,
    CAPITAL,
    DOT,
    NO_A,
    AN,
    OF_THE,
    PICTURE,
    TEMPLATE_ITSELF,
    SPACE,
    NAME_0,
    NAME_NEXT,
    NAME_LAST,
    ONE_MINUS,
    COLUMNS_IMAGE,
    COLUMNS_TEXT,
    SCALED,
    SOFTMAX,
    B_NUMBERS,
    C_NUMBERS,
    SHORT,
    TURNED,
    IMAGE_0,
    NO_ROOT,
    SIZES,
    PRECEDENCE,
    FABS,
    AXIS,
    LARGEST_SIZE,
    ABS,
    FROM_1,
    INT_MOST,
    MOST_0,
    MOST_0_SET,
    SMALLEST,
    LAST_OF_EQUALS,
    SKIPS_LAST,
    SKIPS_FIRST,
    MOST_NOT_KEPT,
    MOST_NOT_RESET,
    MOST_NOT_RESET_0,
    BEST_UNWRITTEN,
    OVER_FIRST,
    OVER_NEIGHBOUR,
    BEST_RAW,
    MODELS
};

static const char *const templates[MODELS] = {
    [BARE] = "{}",
    [CAPITAL] = "A photo of a {}",
    [DOT] = "a photo of a {}.",
    [NO_A] = "a photo of {}",
    [AN] = "a photo of an {}",
    [OF_THE] = "a photo of the {}",
    [PICTURE] = "a picture of a {}",
    [SPACE] = "a photo of a {} ",
};

static double length_by(int model, const num *v) {
    double sizes = 0;
    for (int e = 0; e < E; e++) sizes += fabs((double)v[e]);
    return model == SIZES ? sizes : model == NO_ROOT ? vec_dot(v, v, E) : vec_norm(v, E);
}

static void column_units(Mat m) {
    for (int e = 0; e < E; e++) {
        double squares = 0;
        for (int r = 0; r < m.shape[0]; r++) squares += (double)AT(m, r, e) * (double)AT(m, r, e);
        for (int r = 0; r < m.shape[0]; r++) AT(m, r, e) = (num)((double)AT(m, r, e) / sqrt(squares));
    }
}

static Mat prompts_of(int model, const char *const *names, int C) {
    Mat texts = mat_new(verify_arena(), C, E);
    for (int c = 0; c < C; c++) {
        const char *name = names[model == NAME_0      ? 0
                                 : model == NAME_LAST ? C - 1
                                 : model == NAME_NEXT ? (c + 1) % C
                                                      : c];
        const char *template = templates[model] ? templates[model] : "a photo of a {}";
        text_vector(model == TEMPLATE_ITSELF ? template : text_fill(verify_arena(), template, name), &AT(texts, c, 0));
    }
    return texts;
}

static double cosine_of(int model, Mat image, int b, Mat text, int c) {
    const num *i = &AT(image, model == IMAGE_0 ? 0 : b, 0), *t = &AT(text, c, 0);
    double il = length_by(model, i), tl = length_by(model, t), dot = vec_dot(i, t, E), sum = 0;
    int n = model == B_NUMBERS ? image.shape[0] : model == C_NUMBERS ? text.shape[0] : E - 1;
    switch (model) {
    case RAW: return dot;
    case RAW_TEXT:
    case COLUMNS_TEXT: return dot / il;
    case RAW_IMAGE:
    case COLUMNS_IMAGE: return dot / tl;
    case SCALED: return 100 * dot / (il * tl);
    case PRECEDENCE: return dot / il * tl;
    case ONE_MINUS: return 1 - dot / (il * tl);
    case FABS: return fabs(dot / (il * tl));
    case B_NUMBERS:
    case C_NUMBERS:
    case SHORT: /* beyond a row lies the next one, of unit length too */
        for (int e = 0; e < n; e++) {
            if (b * E + e >= image.shape[0] * E || c * E + e >= text.shape[0] * E) return VERIFY_ANY;
            double x = (double)image.v[b * E + e] / vec_norm(&AT(image, b + e / E, 0), E);
            sum += x * (double)text.v[c * E + e] / vec_norm(&AT(text, c + e / E, 0), E);
        }
        return sum;
    default: return dot / (il * tl);
    }
}

static void softmax_rows(double *numbers, int B, int C) {
    for (int b = 0; b < B; b++) {
        double sum = 0;
        for (int c = 0; c < C; c++) sum += exp(numbers[b * C + c]);
        for (int c = 0; c < C; c++) numbers[b * C + c] = exp(numbers[b * C + c]) / sum;
    }
}

static void cosines_of(int model, Mat given_image, const char *const *names, int C, double *out) {
    int B = given_image.shape[0];
    Mat text = prompts_of(model, names, C), image = mat_new(verify_arena(), B, E);
    memcpy(image.v, given_image.v, mat_count(image) * sizeof(num));
    if (model == COLUMNS_IMAGE) column_units(image);
    if (model == COLUMNS_TEXT) column_units(text);
    for (int i = 0; i < B * C; i++) out[i] = cosine_of(model, image, i / C, text, i % C);
    if (model == SOFTMAX) softmax_rows(out, B, C);
    double *right = arena_alloc(verify_arena(), (size_t)(B * C), sizeof *right);
    memcpy(right, out, (size_t)(B * C) * sizeof *right);
    for (int i = 0; model == TURNED && i < B * C; i++) out[i % C * B + i / C] = right[i];
}

/* Loops of which the mistake keeps something wrong. before: what stands in best[b]. */
static double odd_best(int model, const double *row, int C, double before) {
    double best = model == MOST_0_SET ? 0 : before, most = model == MOST_0 || model == MOST_0_SET ? 0 : -2;
    for (int c = 0; c < C; c++)
        if (fabs(row[c]) > 0.9999 && model == INT_MOST) return VERIFY_ANY;
    if (model == FROM_1) {
        best = 0;
        for (int c = 0; c < C; c++) {
            if (best >= C) return VERIFY_ANY;
            if (row[c] > row[(int)best]) best = c + 1;
        }
        return best;
    }
    for (int c = 0; c < C; c++) {
        if (!(row[c] > most)) continue;
        best = c;
        if (model != MOST_NOT_KEPT) most = model == INT_MOST ? trunc(row[c]) : row[c];
    }
    return best;
}

static double best_of(int model, const double *cosines, int B, int C, int b, double before) {
    const double *row = cosines + b * C;
    int best = model == SKIPS_FIRST ? MIN(1, C - 1) : 0, best_down = 0;
    if (model == BEST_UNWRITTEN) return before;
    for (int c = 1; c < C && (model == OVER_FIRST || model == OVER_NEIGHBOUR); c++)
        if (row[c] > row[model == OVER_FIRST ? 0 : c - 1]) best = c;
    if (model == OVER_FIRST || model == OVER_NEIGHBOUR) return best;
    for (int c = 0; c < C; c++)
        if (model == ABS && fabs(row[c]) > 0.9999) return VERIFY_ANY; /* 1, or just below? */
    if (model == FROM_1 || model == INT_MOST || model == MOST_0 || model == MOST_0_SET || model == MOST_NOT_KEPT)
        return odd_best(model, row, C, before);
    if (model == AXIS) {
        if (B != C) return VERIFY_ANY; /* what then happens depends on the loops */
        for (int r = 1; r < B; r++)
            if (cosines[r * C + b] > cosines[best_down * C + b]) best_down = r;
        return best_down;
    }
    for (int c = best; c < C - (model == SKIPS_LAST); c++) {
        double now = row[c], most = row[best];
        bool better = model == LARGEST_SIZE     ? fabs(now) > fabs(most)
                      : model == ABS            ? fabs(trunc(now)) > fabs(trunc(most))
                      : model == SMALLEST       ? now < most
                      : model == LAST_OF_EQUALS ? now >= most
                                                : now > most;
        if (better) best = c;
    }
    return best;
}

/* The largest cosine is not forgotten from picture to picture: best stays as it was, or 0. */
static void most_not_reset(const double *cosines, int B, int C, const num *before, double *best) {
    double most = -2;
    for (int b = 0; b < B; b++) {
        best[b] = before ? (double)before[b] : 0;
        for (int c = 0; c < C; c++)
            if (cosines[b * C + c] > most) {
                most = cosines[b * C + c];
                best[b] = c;
            }
    }
}

/* The class with the largest dot product of vectors that are not normalised. */
static int best_raw(Mat image, int b, Mat text) {
    int best = 0;
    for (int c = 1; c < text.shape[0]; c++)
        if (vec_dot(&AT(image, b, 0), &AT(text, c, 0), E) > vec_dot(&AT(image, b, 0), &AT(text, best, 0), E)) best = c;
    return best;
}

static void classify_case(const char *label, Mat given, const char *const *names, int C) {
    int B = given.shape[0];
    Mat image = encode_pictures(verify_arena(), given), texts = prompts_of(RIGHT, names, C);
    verify_case(label,
                "%d pictures encoded as %s, %d prompts (\"a photo of a %s\" to \"a photo of a %s\") encoded as %s", B,
                verify_matrix(image), C, names[0], names[C - 1], verify_matrix(texts));
    verify_size("B", B);
    verify_size("C", C);
    Mat cosine = verify_room("cosine", B, C), pictures = verify_lent("pictures", given);
    int *best = verify_room_ints("best", B);
    num *before = arena_alloc(verify_arena(), (size_t)(B * C + B), sizeof *before);
    memcpy(before, cosine.v, (size_t)(B * C) * sizeof *before);
    for (int b = 0; b < B; b++) before[B * C + b] = (num)best[b];
    verify_answers(1, B * C + B, before, false);
    for (int m = 0; m < MODELS; m++) {
        double *numbers = verify_model(m);
        cosines_of(m < AXIS ? m : RIGHT, image, names, C, numbers);
        for (int b = 0; b < B; b++) numbers[B * C + b] = best_of(m, numbers, B, C, b, (double)before[B * C + b]);
        for (int b = 0; m == BEST_RAW && b < B; b++) numbers[B * C + b] = best_raw(image, b, texts);
        if (m == MOST_NOT_RESET_0) most_not_reset(numbers, B, C, NULL, numbers + B * C);
        if (m == MOST_NOT_RESET) most_not_reset(numbers, B, C, before + B * C, numbers + B * C);
        bool follows = m == B_NUMBERS || m == C_NUMBERS || m == TURNED ||
                       m == ONE_MINUS; /* best follows from what is wrong already */
        for (int b = 0; follows && b < B; b++) numbers[B * C + b] = VERIFY_ANY;
    }
    wanted = arena_alloc(verify_arena(), (size_t)C, sizeof *wanted);
    for (int c = 0; c < C; c++) wanted[c] = text_fill(verify_arena(), "a photo of a {}", names[c]);
    wanted_count = C;
    const char **copy = arena_alloc(verify_arena(), (size_t)C, sizeof *copy);
    memcpy(copy, names, (size_t)C * sizeof *copy);
    classify(verify_arena(), pictures, copy, C, cosine, best);
    if (*odd_text)
        verify_hint("  encode_texts was called with \"%s\". The prompt of class 0 is \"%s\".\n", odd_text, wanted[0]);
    if (memcmp(copy, names, (size_t)C * sizeof *copy) != 0)
        verify_wrong("changed",
                     "Your function has changed its input `names`. Write the prompts into memory from arena_alloc.");
    for (int i = 0; i < B * C; i++)
        verify_got(i, (double)cosine.v[i], "cosine[%d,%d], picture %d with \"a photo of a %s\"", i / C, i % C, i / C,
                   names[i % C]);
    for (int b = 0; b < B; b++) verify_got_int(B * C + b, best[b], "best[%d]", b);
    verify_done();
}

static Mat as_pictures(Mat m) {
    m.dims = 4;
    m.shape[1] = m.shape[2] = 1;
    m.shape[3] = E;
    return m;
}

static Mat fresh_pictures(int B) {
    return as_pictures(mat_normal(verify_arena(), B, E, &(Rng){ { seed_of_towers, 2, 3, 4 } }, 2));
}

/* Pictures that are unlike every text: all cosines are below 0. NULL numbers where there are none to be found. */
static bool unlike_pictures(int B, const char *const *names, int C, Mat *found) {
    Mat texts = prompts_of(RIGHT, names, C), m = mat_new(verify_arena(), B, E);
    for (int b = 0; b < B; b++)
        for (int e = 0; e < E; e++) {
            AT(m, b, e) = 0;
            for (int c = 0; c < C; c++)
                AT(m, b, e) -= (num)((1 + 0.1 * b * c) * (double)AT(texts, c, e) / vec_norm(&AT(texts, c, 0), E));
        }
    *found = as_pictures(m);
    for (int b = 0; b < B; b++)
        for (int c = 0; c < C; c++)
            if (vec_dot(&m.v[b * E], &AT(texts, c, 0), E) > -0.01) return false;
    return true;
}

static void check_classify(void) {
    static const char *const names[] = { "cat", "dog", "frog", "ship", "truck", "horse", "bird", "deer" };
    static const char *const equals[] = { "cat", "dog", "dog", "ship" };
    Mat unlike;
    seed_of_towers = 1;
    classify_case("two pictures, two classes", fresh_pictures(2), names, 2);
    classify_case("two pictures, two classes", fresh_pictures(2), names + 2, 2);
    classify_case("one picture", fresh_pictures(1), names, 3);
    for (int k = 0; k < 6; k++) {
        int C = 5 + k % 3, B = k < 4 ? C : 4 + 5 * (k % 2);
        seed_of_towers = rng_next(verify_rng());
        classify_case(B == C  ? "as many pictures as classes"
                      : B < C ? "fewer pictures than classes"
                              : "more pictures than classes",
                      fresh_pictures(B), names, C);
    }
    classify_case("equal cosines", as_pictures(prompts_of(RIGHT, equals, 4)), equals, 4);
    for (int k = 0, count = 0; k < 60 && count < 2; k++) {
        seed_of_towers = rng_next(verify_rng());
        if (!unlike_pictures(2, names, 3, &unlike)) continue;
        classify_case("cosines below 0", unlike, names, 3);
        count++;
    }
    classify_case("more pictures than numbers", fresh_pictures(9), names, 4);
    seed_of_towers = 1;
    classify_case("again", fresh_pictures(2), names, 2);
}

#define TEMPLATE(said) "The prompt is not \"a photo of a NAME\". " said

static const Part parts[] = {
    { .name = "classify", .check = check_classify, .tolerance = 1e-5,
      .mistakes = {
          [RAW - 1] = { "not-normalised",
                        "Neither the features of the pictures nor those of the texts were normalised." },
          [RAW_TEXT - 1] = { "not-normalised", "The features of the texts were not normalised." },
          [RAW_IMAGE - 1] = { "not-normalised", "The features of the pictures were not normalised." },
          [BARE - 1] = { "bare-word", "Only the name was encoded, not \"a photo of a NAME\"." },
          [CAPITAL - 1] = { "template", TEMPLATE("It begins with a capital letter.") },
          [DOT - 1] = { "template", TEMPLATE("It ends with a full stop.") },
          [NO_A - 1] = { "template", TEMPLATE("The second \"a\" is missing.") },
          [AN - 1] = { "template", TEMPLATE("It says \"an\".") },
          [OF_THE - 1] = { "template", TEMPLATE("It says \"the\".") },
          [PICTURE - 1] = { "template", TEMPLATE("It says \"picture\".") },
          [SPACE - 1] = { "template", TEMPLATE("It ends with a space.") },
          [TEMPLATE_ITSELF - 1] = { "template", TEMPLATE("The {} was not replaced by the name.") },
          [NAME_0 - 1] = { "same-name", "names[0] stands in every prompt. Prompt c uses names[c]." },
          [NAME_NEXT - 1] = { "off-by-one", "Prompt c uses names[c + 1] in place of names[c]." },
          [NAME_LAST - 1] = { "same-buffer",
                              "Every prompt has the name of the last class. Is there one buffer for all prompts? "
                              "Each prompt needs its own memory." },
          [ONE_MINUS - 1] = { "one-minus", "Every cosine is 1 minus the right one. This is a distance." },
          [COLUMNS_IMAGE - 1] = { "columns",
                                  "The columns of the features of the pictures were normalised. A vector is a row." },
          [COLUMNS_TEXT - 1] = { "columns",
                                 "The columns of the features of the texts were normalised. A vector is a row." },
          [SCALED - 1] = { "scaled",
                           "The cosines were multiplied by 100, the scale of CLIP. The exercise wants the cosines "
                           "themselves." },
          [SOFTMAX - 1] = { "softmaxed",
                            "A softmax was applied to the cosines. The exercise wants the cosines themselves." },
          [B_NUMBERS - 1] = { "rows-for-columns",
                              "The dot products are over B numbers, shape[0]. A vector has shape[1] numbers." },
          [C_NUMBERS - 1] = { "rows-for-columns",
                              "The dot products are over C numbers. A vector has shape[1] numbers." },
          [SHORT - 1] = { "off-by-one", "The last number of each vector is left out." },
          [TURNED - 1] = { "transposed", "cosine is transposed. Row b belongs to picture b, column c to class c." },
          [IMAGE_0 - 1] = { "same-row", "Picture 0 was used for every picture." },
          [NO_ROOT - 1] = { "no-root",
                            "The dot products were divided by squared lengths. The square roots are missing." },
          [SIZES - 1] = { "sum",
                          "The vectors were divided by the sums of the absolute values of their numbers, not by "
                          "their lengths." },
          [PRECEDENCE - 1] = { "precedence", "x / a * b divides by a and multiplies by b. Write x / (a * b)." },
          [FABS - 1] = { "fabs", "The cosines lost their signs. Is there an fabs?" },
          [AXIS - 1] = { "wrong-axis",
                         "The argmax is over the wrong axis. best[b] is the best class of picture b, not the best "
                         "picture of a class." },
          [LARGEST_SIZE - 1] = { "fabs",
                                 "best is the class with the largest absolute value. Remove fabs: a negative cosine "
                                 "means unlike." },
          [ABS - 1] = { "abs",
                        "best is 0 for every picture. Either it is never changed, or it holds the cosine in place "
                        "of the class, or the cosines are compared as integers (abs makes integers)." },
          [FROM_1 - 1] = { "from-one", "best holds c + 1. Classes count from 0." },
          [INT_MOST - 1] = { "int", "The largest cosine so far is kept in an int and loses its fraction." },
          [MOST_0 - 1] = { "max-from-0",
                           "The search for the largest cosine begins at 0. If all cosines are negative, no class is "
                           "found. Begin with the first class." },
          [MOST_0_SET - 1] = { "max-from-0",
                               "The search for the largest cosine begins at 0. If all cosines are negative, class 0 "
                               "is chosen. Begin with the first class." },
          [SMALLEST - 1] = { "smallest", "best is the class with the smallest cosine." },
          [LAST_OF_EQUALS - 1] = { "ties",
                                   "Of equal cosines the last was chosen. Choose the first: use > and not >=." },
          [SKIPS_LAST - 1] = { "off-by-one", "The last class is never compared. The loop must run while c < C." },
          [SKIPS_FIRST - 1] = { "off-by-one", "Class 0 is never compared." },
          [MOST_NOT_KEPT - 1] = { "most-not-kept",
                                  "The largest cosine so far is not kept, so later classes replace better ones." },
          [MOST_NOT_RESET - 1] = { "not-reset", "The largest cosine so far is not reset for each picture." },
          [MOST_NOT_RESET_0 - 1] = { "not-reset", "The largest cosine so far is not reset for each picture." },
          [BEST_UNWRITTEN - 1] = { "not-written", "The cosines are right, but best was never written." },
          [OVER_FIRST - 1] = { "compares-first",
                               "Each cosine is compared with that of class 0. Compare it with the largest so far." },
          [OVER_NEIGHBOUR - 1] = { "compares-neighbour",
                                   "Each cosine is compared with that of the class before it. Compare it with the "
                                   "largest so far." },
          [BEST_RAW - 1] = { "best-raw",
                             "The cosines are right, but best was chosen from dot products of vectors that are not "
                             "normalised." },
      } },
};

const Verify checked = {
    .number = "08",
    .title = "zero shot",
    .parts = parts,
    .count = COUNT(parts),
    .proved = "A classifier can be built from words alone. A new class needs one line of text.",
    .in_clip =
        "zeroshot_classes in the library, and section 3.1 of the paper. Lesson 11 classifies 10,000 photographs in "
        "this way.",
};
