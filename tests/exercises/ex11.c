/* Five functions with a bug each, and a training run for each, the rest of which is sound. A function that gives the
 * numbers of the bug it was shipped with is untouched. */
#include "verify.h"

#include "training/optim.h"

enum { PAIRS = 64, BATCH = 16, LATENT = 6, IMAGE_IN = 12, TEXT_IN = 10, EMBED = 8, STEPS = 160, POINTS = 5 };

/* ---- what is right, and what was shipped ------------------------------------------------------------------------- */

static void draw_right(Rng *rng, int n, int B, int *picture, int *caption) {
    rng_choice(rng, n, picture, B);
    memcpy(caption, picture, (size_t)B * sizeof *caption);
}

static Var compare_right(Tape *tape, Var image, Var text) {
    return op_linear(tape, op_l2norm(tape, image), op_l2norm(tape, text), NULL);
}

static Var logits_right(Tape *tape, Var cosine, Var t) { return op_mul(tape, cosine, op_exp(tape, t)); }

static void answer_right(Mat logits, Mat p) {
    for (int b = 0; b < logits.shape[0]; b++) softmax_row(&AT(logits, b, 0), logits.shape[1], 1, &AT(p, b, 0));
}

typedef struct {
    char letter;
    void (*draw)(Rng *rng, int n, int B, int *picture, int *caption);
    Var (*compare)(Tape *tape, Var image, Var text);
    Var (*logits)(Tape *tape, Var cosine, Var t);
    void (*answer)(Mat logits, Mat p);
} Run;

/* ---- a training run ---------------------------------------------------------------------------------------------- */

typedef struct {
    Mat image, text;
} VectorPairs; /* row i of both comes from the same hidden vector */

static VectorPairs config_make(Arena *arena) {
    Rng rng = rng_seed(11, 0);
    Mat hidden = mat_normal(arena, PAIRS, LATENT, &rng, 1), to_image = mat_normal(arena, LATENT, IMAGE_IN, &rng, 0.5);
    Mat to_text = mat_normal(arena, LATENT, TEXT_IN, &rng, 0.5), noise = mat_normal(arena, PAIRS, IMAGE_IN, &rng, 0.3);
    VectorPairs pairs = { mat_new(arena, PAIRS, IMAGE_IN), mat_new(arena, PAIRS, TEXT_IN) };
    mat_matmul(hidden, to_image, pairs.image);
    mat_matmul(hidden, to_text, pairs.text);
    for (size_t i = 0; i < mat_count(noise); i++) pairs.image.v[i] += noise.v[i];
    return pairs;
}

typedef struct {
    Linear image, text;
    Param *t;
    Params params;
} Towers;

static Mat rows_of(Arena *arena, Mat m, const int *index, int n) {
    Mat rows = mat_new(arena, n, m.shape[1]);
    for (int i = 0; i < n; i++) memcpy(&AT(rows, i, 0), &AT(m, index[i], 0), (size_t)m.shape[1] * sizeof(num));
    return rows;
}

static Var run_logits(Tape *tape, const Run *run, Towers *towers, Mat image, Mat text, Mat *cosine) {
    Var i = linear(tape, &towers->image, tape_data(tape, image)),
        t = linear(tape, &towers->text, tape_data(tape, text));
    Var c = run->compare(tape, i, t);
    *cosine = c->val;
    return run->logits(tape, c, tape_param(tape, towers->t));
}

/* The last line of the log: all 64 pictures against all 64 captions. */
static void log_end(const Run *run, Towers *towers, const VectorPairs *pairs) {
    Tape tape = { .no_grad = true };
    Mat cosine, logits = run_logits(&tape, run, towers, pairs->image, pairs->text, &cosine)->val,
                p = verify_room("p", PAIRS, PAIRS);
    run->answer(logits, p);
    int right = 0;
    double own = 0, furthest = 1, most = 0;
    for (int b = 0; b < PAIRS; b++) {
        double sum = 0;
        int best = 0;
        for (int n = 0; n < PAIRS; n++) {
            sum += (double)AT(p, b, n);
            best = AT(p, b, n) > AT(p, b, best) ? n : best;
            most = fmax(most, fabs((double)AT(cosine, b, n)));
        }
        right += best == b;
        own += (double)AT(p, b, b) / PAIRS;
        furthest = fabs(sum - 1) > fabs(furthest - 1) ? sum : furthest;
    }
    verify_note("  %3d %%   %5.2f      %6.2f      %5.2f\n", 100 * right / PAIRS, own, most, furthest);
    tape_free(&tape);
}

static void train(const Run *run) {
    Tape tape = { .training = true };
    VectorPairs pairs = config_make(verify_arena());
    Towers towers = { .params.arena = verify_arena() };
    Rng rng = rng_seed(11, 1);
    towers.image = linear_add(&towers.params, "image", IMAGE_IN, EMBED, &rng);
    towers.text = linear_add(&towers.params, "text", TEXT_IN, EMBED, &rng);
    towers.t = params_add(&towers.params, mat_shape(0), "t");
    towers.t->val.v[0] = (num)LOGIT_SCALE_START;
    Optim optim;
    optim_init(&optim, &towers.params, &(OptimGroup){ .rule = OPTIM_ADAMW, .lr = 0.01 }, 1);
    verify_note(run->letter ? "  run %c " : "  well  ", run->letter);
    for (int step = 0; step < STEPS; step++) {
        int picture[BATCH], caption[BATCH];
        Mat cosine;
        tape_reset(&tape);
        run->draw(&rng, PAIRS, BATCH, picture, caption);
        Mat image = rows_of(&tape.arena, pairs.image, picture, BATCH),
            text = rows_of(&tape.arena, pairs.text, caption, BATCH);
        Var loss = clip_loss(&tape, run_logits(&tape, run, &towers, image, text, &cosine), (Mat){ 0 });
        if (step % (STEPS / (POINTS - 1)) == 0 || step == STEPS - 1) verify_note(" %5.2f", (double)loss->val.v[0]);
        tape_backward(&tape, loss);
        optim_step(&optim, 1);
        if (towers.t->val.v[0] > (num)LOGIT_SCALE_MAX) towers.t->val.v[0] = (num)LOGIT_SCALE_MAX;
    }
    log_end(run, &towers, &pairs);
    optim_free(&optim);
    tape_free(&tape);
}

/* Of what is known to be wrong no more is shown. */
static void train_and_log(Run run) {
    if (!verify_right()) return;
    if (run.letter == 'A') {
        verify_note(
            "          loss at step 1 to %d                pairs  probability  largest    furthest row\n             "
            "                                found  of its own   |cosine|   sum from 1\n",
            STEPS);
        train(&(Run){ 0, draw_right, compare_right, logits_right, answer_right });
    }
    train(&run);
}

static bool same(const num *a, const num *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)a[i] - (double)b[i]) <= 1e-5 * fmax(1, fabs((double)b[i])))) return false;
    return true;
}

/* ---- run A ------------------------------------------------------------------------------------------------------- */

static bool consecutive(const int *v, int n, int of) {
    for (int i = 1; i < n; i++)
        if (v[i] != (v[i - 1] + 1) % of) return false;
    return true;
}
static bool ascending(const int *v, int n) {
    for (int i = 1; i < n; i++)
        if (v[i] < v[i - 1]) return false;
    return true;
}

static void check_draw(void) {
    enum { DRAWS = 4 };
    bool shipped = true;
    int steps = 0, ordered = 0;
    for (int k = 0; k < DRAWS; k++) {
        enum { N = 20, B = 8 };
        int picture[B], caption[B], one[B], two[B];
        Rng rng = rng_seed(rng_next(verify_rng()), 0), again = rng;
        for (int b = 0; b < B; b++) picture[b] = caption[b] = -1;
        verify_case("", "n = %d, B = %d", N, B);
        draw_batch(&rng, N, B, picture, caption);
        rng_choice(&again, N, one, B);
        rng_choice(&again, N, two, B);
        shipped = shipped && !memcmp(picture, one, sizeof one) && !memcmp(caption, two, sizeof two);
        if (shipped) continue;
        verify_answers(1, B, NULL, false);
        for (int b = 0; b < B; b++) {
            if (picture[b] < 0 || picture[b] >= N)
                verify_wrong("range", "picture[%d] is %d. It must be from 0 to %d.", b, picture[b], N - 1);
            verify_model(0)[b] = picture[b];
            verify_model(1)[b] = b;
            verify_got_int(b, caption[b], "caption[%d], beside picture[%d]", b, b);
            for (int c = 0; c < b; c++)
                if (picture[c] == picture[b])
                    verify_wrong("twice", "picture[%d] and picture[%d] are both %d. A pair was drawn twice.", c, b,
                                 picture[b]);
        }
        steps += consecutive(picture, B, N);
        ordered += ascending(picture, B);
        if (steps == DRAWS)
            verify_wrong("not-random", "picture[b + 1] is always picture[b] + 1. Draw the pairs in random order.");
        if (ordered == DRAWS) verify_wrong("not-random", "picture is sorted. Draw the pairs in random order.");
        verify_done();
    }
    train_and_log((Run){ 'A', draw_batch, compare_right, logits_right, answer_right });
    if (shipped) verify_untouched();
}

/* ---- run B ------------------------------------------------------------------------------------------------------- */

enum { P_RIGHT, P_RAW, P_IMAGE, P_TEXT, P_SQUARED, P_MODELS, P_AFTER = P_MODELS, P_IMAGES, P_TEXTS };

static void compare_models(Mat image, Mat text) {
    int B = image.shape[0], E = image.shape[1];
    for (int i = 0; i < B * B; i++) {
        const num *a = &AT(image, i / B, 0), *b = &AT(text, i % B, 0);
        double ii = vec_norm(a, E), tt = vec_norm(b, E), r = vec_dot(a, b, E);
        const double by[P_MODELS] = { ii * tt, 1, ii, tt, ii * ii * tt * tt };
        for (int m = 0; m < P_MODELS; m++) verify_model(m)[i] = r / by[m];
        double squares = 0;
        for (int j = 0; j < B; j++) squares += pow(vec_dot(a, &AT(text, j, 0), E), 2);
        verify_model(P_AFTER)[i] = r / sqrt(squares);
        verify_model(P_IMAGES)[i] = vec_cosine(a, &AT(image, i % B, 0), E);
        verify_model(P_TEXTS)[i] = vec_cosine(&AT(text, i / B, 0), b, E);
    }
}

static void check_compare(void) {
    Tape tape = { 0 };
    bool shipped = true;
    for (int k = 0; k < 3; k++) {
        int B = 2 + k, E = 3 + k;
        Mat image = verify_random(B, E, 2), text = verify_random(B, E, 0.7);
        verify_case("", "image = %s, text = %s", verify_matrix(image), verify_matrix(text));
        verify_size("E", E);
        verify_answers(B, B, NULL, false);
        compare_models(image, text);
        Mat got = compare(&tape, tape_data(&tape, image), tape_data(&tape, text))->val;
        Mat raw = op_linear(&tape, tape_data(&tape, image), tape_data(&tape, text), NULL)->val;
        if (!mat_same_shape(got, raw))
            verify_wrong("shape", "The result has the shape %s. It must have the shape %s.", mat_shape_text(got),
                         mat_shape_text(raw));
        shipped = shipped && same(got.v, raw.v, mat_count(got));
        if (shipped) continue;
        for (int i = 0; i < B * B; i++) verify_got(i, (double)got.v[i], "cosine[%d,%d]", i / B, i % B);
        verify_done();
    }
    train_and_log((Run){ 'B', draw_right, compare, logits_right, answer_right });
    tape_free(&tape);
    if (shipped) verify_untouched();
}

/* ---- run C ------------------------------------------------------------------------------------------------------- */

static void check_answer(void) {
    bool shipped = true;
    for (int k = 0; k < 3; k++) {
        int B = 2 + k, N = 3 + 2 * k;
        Mat logits = verify_random(B, N, 2), rows = mat_new(verify_arena(), B, N),
            columns = mat_new(verify_arena(), B, N);
        verify_case("", "logits = %s", verify_matrix(logits));
        answer_right(logits, rows);
        for (int n = 0; n < N; n++) {
            double sum = 0;
            for (int b = 0; b < B; b++) sum += exp((double)AT(logits, b, n));
            for (int b = 0; b < B; b++) AT(columns, b, n) = (num)(exp((double)AT(logits, b, n)) / sum);
        }
        Mat p = verify_room("p", B, N);
        verify_answers(B, N, p.v, false);
        for (int i = 0; i < B * N; i++) {
            verify_model(0)[i] = (double)rows.v[i];
            verify_model(1)[i] = (double)columns.v[i];
            verify_model(2)[i] = exp((double)logits.v[i]);
            double sum = 0, all = 0;
            for (int n = 0; n < N; n++) sum += (double)AT(logits, i / N, n);
            for (int n = 0; n < B * N; n++) all += exp((double)logits.v[n]);
            verify_model(3)[i] = exp((double)logits.v[i]) / all;
            verify_model(4)[i] = 1 / (1 + exp(-(double)logits.v[i]));
            verify_model(5)[i] = (double)logits.v[i] / sum;
        }
        answer(verify_input("logits", logits), p);
        shipped = shipped && same(p.v, columns.v, mat_count(p));
        if (shipped) continue;
        for (int i = 0; i < B * N; i++) verify_got(i, (double)p.v[i], "p[%d,%d]", i / N, i % N);
        verify_done();
    }
    train_and_log((Run){ 'C', draw_right, compare_right, logits_right, answer });
    if (shipped) verify_untouched();
}

/* ---- runs D and E ------------------------------------------------------------------------------------------------ */

static void check_logits(Var (*logits)(Tape *, Var, Var), char letter) {
    bool shipped = true;
    for (int k = 0; k < 3; k++) {
        Tape tape = { .keep_grads = true };
        int B = 2 + k;
        Mat cosine = verify_random(B, B, 0.4), number = mat_like(verify_arena(), mat_shape(0)),
            dy = verify_random(B, B, 1);
        number.v[0] = (num)(k == 0 ? LOGIT_SCALE_START : 1 + 2 * rng_uniform(verify_rng()));
        double t = (double)number.v[0], dt = 0;
        verify_case("", "cosine = %s, t = %g", verify_matrix(cosine), t);
        Var c = tape_leaf(&tape, cosine), leaf = tape_leaf(&tape, number), out = logits(&tape, c, leaf);
        Mat got = out->val;
        if (!mat_same_shape(got, cosine))
            verify_wrong("shape", "The result has the shape %s. It must have the shape %s.", mat_shape_text(got),
                         mat_shape_text(cosine));
        for (int i = 0; i < B * B; i++) {
            double x = (double)cosine.v[i], bug = letter == 'D' ? x : x * t;
            shipped = shipped && fabs((double)got.v[i] - bug) <= 1e-5 * fmax(1, fabs(bug));
        }
        if (!shipped) verify_answers(B, B, NULL, false);
        for (int i = 0; !shipped && i < B * B; i++) {
            double x = (double)cosine.v[i];
            const double models[] = { x * exp(t), x,          x * t,          x * exp(-t),     x / t,
                                      exp(x * t), exp(x) * t, x * t * exp(t), x * exp(exp(t)), exp(x * exp(t)) };
            for (int m = 0; m < (int)COUNT(models); m++) verify_model(m)[i] = models[m];
            dt += (double)dy.v[i] * x * exp(t);
            verify_got(i, (double)got.v[i], "logits[%d,%d]", i / B, i % B);
        }
        if (!shipped) verify_done();
        if (!shipped && verify_right()) {
            tape_backward_from(&tape, out, dy.v);
            double learnt = leaf->grad ? (double)leaf->grad[0] : 0;
            if (!(fabs(learnt - dt) <= 1e-3 * fmax(1, fabs(dt))))
                verify_wrong("not-learnt",
                             "The logits are right, but the gradient of t is %s and must be %s. Use operations of the "
                             "tape, so that t can be learnt.",
                             verify_number(learnt), verify_number(dt));
        }
        tape_free(&tape);
    }
    train_and_log((Run){ letter, draw_right, compare_right, logits, answer_right });
    if (shipped) verify_untouched();
}

static void check_d(void) { check_logits(logits_d, 'D'); }
static void check_e(void) { check_logits(logits_e, 'E'); }

#define SCALES                                                                                                         \
    { "no-scale", "There is no scale. These are the cosines." }, { "no-exp", "The scale is e^t, not t." },             \
        { "inverse", "The cosines were divided by e^t, but e^t is a scale. Multiply by it." },                         \
        { "inverse", "The cosines were divided by t. Multiply by e^t." },                                              \
        { "exp-of-all", "This is exp of cosine times t. Only t belongs into exp." },                                   \
        { "exp-of-cosine", "exp was applied to the cosines. Apply it to t." },                                         \
        { "both-scales", "The cosines were multiplied by t and by e^t. Multiply by e^t only." },                       \
        { "exp-twice", "exp was applied to t twice." }, {                                                              \
        "exp-of-all", "exp was applied to the logits too. Apply it to t only."                                         \
    }

static const Part parts[] = {
    { .name = "draw_batch", .check = check_draw, .tolerance = 1e-9,
      .mistakes = {
          { "index", "caption[b] is b, the place in the batch. It must be the number of the pair, picture[b]." },
      } },
    { .name = "compare", .check = check_compare, .tolerance = 1e-5,
      .mistakes = {
          { "not-normalised", "Neither image nor text was normalised." },
          { "one-side", "Only the vectors of the pictures were normalised." },
          { "one-side", "Only the vectors of the captions were normalised." },
          { "no-root", "The dot products were divided by squared lengths." },
          { "after",
            "The rows of the matrix of dot products were normalised. Normalise the vectors before the product." },
          { "typed-twice", "This compares pictures with pictures. image stands in place of text." },
          { "typed-twice", "This compares texts with texts. text stands in place of image." },
      } },
    { .name = "answer", .check = check_answer, .tolerance = 1e-5,
      .mistakes = {
          { "wrong-axis",
            "The softmax is over the columns: the pictures compete for a caption. It must be over the rows." },
          { "not-divided", "exp of the logits was not divided by the sum of its row." },
          { "whole", "One softmax over the whole matrix was used. Each row has its own softmax." },
          { "sigmoid", "The sigmoid of each logit was used. Use the softmax of each row." },
          { "no-exp", "The logits were divided by their sum. The exp is missing." },
      } },
    { .name = "logits_d", .check = check_d, .tolerance = 1e-5, .mistakes = { SCALES } },
    { .name = "logits_e", .check = check_e, .tolerance = 1e-5, .mistakes = { SCALES } },
};

const Verify checked = {
    .number = "11",
    .title = "find the bug",
    .parts = parts,
    .count = COUNT(parts),
    .proved =
        "A falling loss does not prove that training is right. Check the loss against log N, the sums of rows, the "
        "lengths and the scale.",
    .in_clip = "Each of the five bugs was in published code. Lesson 10 logs the numbers that show them.",
};
