#include "study.h"
#include "autograd/flop.h"
#include "dataset/augment.h"
#include "evaluate/metrics.h"
#include "kernels/gemm.h"
#include "training/pair_batch.h"
#include "training/recipe.h"
#include "training/steps.h"

#include <math.h>
#include <string.h>

enum { AT_A_TIME = 100, BLOCKS = 2, HEADS = 2 };
static const double TAU_START = 0.07;

/* ---- the model --------------------------------------------------------------------------------------------------- */

/* The captions of all classes in all wordings, [templates 10], on the arena. */
static const char *const *captions_of(Arena *arena, const Study *study, int templates) {
    const char **texts = arena_alloc(arena, (size_t)(templates * CIFAR_CLASSES), sizeof *texts);
    const char *const *patterns = recipe_find(templates > 1 ? "templates" : "tiny")->templates;
    for (int k = 0; k < templates; k++)
        for (int c = 0; c < CIFAR_CLASSES; c++)
            texts[k * CIFAR_CLASSES + c] = text_fill(arena, patterns[k], study->train->names[c]);
    return texts;
}

static const int *caption_ids(const StudyModel *m, int template, int class_of) {
    return m->ids + (size_t)((template * CIFAR_CLASSES + class_of) * m->T);
}

static bool is_of(const Param *p, const char *start) { return !strncmp(p->name, start, strlen(start)); }
static bool is_image(const Param *p) { return is_of(p, "image.") || is_of(p, "visual."); }

static void start_from(StudyModel *m, const Clip *from, bool text) {
    for (int i = 0; i < m->clip.params.count; i++) {
        Param *p = m->clip.params.list[i];
        const Param *other = params_find(&from->params, p->name);
        bool wanted = is_image(p) || (text && (is_of(p, "text.") || p == m->clip.logit_scale));
        if (!other || !wanted || !mat_same_shape(p->val, other->val)) continue;
        memcpy(p->val.v, other->val.v, mat_count(p->val) * sizeof(num));
    }
}

/* What the ways to learn have beside the two towers. */
static void parts_add(StudyModel *m) {
    const Study *s = &m->study;
    int V = m->clip.vocab.size, across = CIFAR_SIDE / STUDY_PATCH;
    Rng rng = rng_seed(s->seed, 1);
    Err err;
    if (s->learn == LEARN_LABELS || s->learn == LEARN_WORDS)
        m->head = linear_add(&m->clip.params, "head", STUDY_EMBED, s->learn == LEARN_LABELS ? CIFAR_CLASSES : V, &rng);
    if (s->learn == LEARN_FUSION)
        m->early = early_fusion_add(
            &m->clip.params, (EarlyFusionSize){ V, STUDY_PATCH, STUDY_WIDTH, BLOCKS, HEADS, across * across }, &rng);
    TextDecoderSize size = { .vocabulary = V, .padding = TEXT_PADDING, .tokens = m->T, .width = STUDY_WIDTH };
    size.layers = BLOCKS;
    size.prefix = STUDY_EMBED;
    if (s->learn == LEARN_DECODER && !text_decoder_add(&m->decoder, &m->clip.params, size, &rng)) die("%s", err.text);
}

static void model_make(StudyModel *m) {
    const Study *s = &m->study;
    Arena work = { 0 };
    m->templates = MAX(1, s->templates);
    int count = m->templates * CIFAR_CLASSES;
    const char *const *texts = captions_of(&work, s, m->templates);
    pair_model_of(&m->clip, texts, count, pair_tower(s->image, BLOCKS), s->seed);
    Arena *arena = &m->clip.arena;
    m->T = text_max_words(texts, count);
    m->ids = arena_alloc(arena, (size_t)(count * m->T), sizeof *m->ids);
    vocab_encode(&m->clip.vocab, &work, texts, count, m->T, m->ids);
    arena_free(&work);
    parts_add(m);
    init_constant(m->clip.logit_scale, -log(s->tau > 0 ? s->tau : TAU_START));
    if (s->from) start_from(m, s->from, s->from_text);
    m->clip.logit_scale->frozen = s->tau > 0;
    for (int i = 0; s->locked && i < m->clip.params.count; i++)
        if (is_image(m->clip.params.list[i])) m->clip.params.list[i]->frozen = true;
    m->order = pair_order_new(arena, s->train->n, s->seed);
}

void study_free(StudyModel *m) { clip_free(&m->clip); }

/* ---- what it computes -------------------------------------------------------------------------------------------- */

static Mat pixels_of(Arena *arena, const Cifar *set, const int *index, int B) {
    Mat pixels = mat_like(arena, mat_shape(4, B, CIFAR_SIDE, CIFAR_SIDE, 3));
    cifar_batch(set, index, B, NULL, pixels.v);
    return pixels;
}

static Var embed_image(StudyModel *m, Tape *t, Mat pixels) {
    Var x = image_tower(t, &m->clip.image, tape_data(t, pixels));
    return m->study.bare || m->study.learn != LEARN_CAPTIONS ? x : op_l2norm(t, x);
}
static Var embed_text(StudyModel *m, Tape *t, const int *ids, int n) {
    Var x = text_tower(t, &m->clip.text, ids, n, m->T);
    return m->study.bare ? x : op_l2norm(t, x);
}

/* q: the share of each word in each caption: ids [n,T] -> [n,V] */
static Mat word_shares(const StudyModel *m, Arena *arena, const int *ids, int n) {
    Mat q = mat_zero(arena, n, m->clip.vocab.size);
    for (int i = 0; i < n; i++) {
        const int *row = ids + (size_t)(i * m->T);
        int words = 0;
        for (int k = 0; k < m->T; k++) words += row[k] != TEXT_PADDING;
        for (int k = 0; k < m->T; k++)
            if (row[k] != TEXT_PADDING) AT(q, i, row[k]) += (num)1 / (num)words;
    }
    return q;
}

/* Pictures [B,..], each repeated K times in a row: [B K,..]. */
static Mat repeat(Arena *arena, Mat pixels, int K) {
    int B = pixels.shape[0];
    Mat many = mat_like(arena, mat_shape(4, B * K, CIFAR_SIDE, CIFAR_SIDE, 3));
    for (int i = 0; i < B * K; i++)
        memcpy(many.v + (size_t)i * CIFAR_NUMBERS, pixels.v + (size_t)(i / K) * CIFAR_NUMBERS,
               CIFAR_NUMBERS * sizeof(num));
    return many;
}

/* The scores [B,K] of each picture with K captions, ids [B K,T]. */
static Var fusion_scores(StudyModel *m, Tape *t, Mat pixels, const int *ids, int K) {
    Var all = tape_data(t, repeat(&t->arena, pixels, K));
    return op_reshape(t, early_fusion_score(t, &m->early, all, ids, m->T), mat_shape(2, pixels.shape[0], K));
}

/* ---- training ---------------------------------------------------------------------------------------------------- */

/* A wording for each pair. */
static void choose_wordings(const StudyModel *m, int *wording) {
    Rng rng = rng_seed(m->study.seed ^ 0x776f7264u, (uint64_t)m->step);
    for (int b = 0; b < STUDY_BATCH; b++) wording[b] = (int)rng_below(&rng, (uint32_t)m->templates);
}

/* The right caption of each picture, then FUSION_WRONG of other classes: ids [B (1 + FUSION_WRONG),T]. */
static int *fusion_captions(StudyModel *m, Arena *arena, const int *label, const int *wording) {
    enum { K = 1 + FUSION_WRONG };
    int *ids = arena_alloc(arena, (size_t)(STUDY_BATCH * K * m->T), sizeof *ids);
    Rng rng = rng_seed(m->study.seed ^ 0x77726f6e67u, (uint64_t)m->step);
    for (int b = 0; b < STUDY_BATCH; b++) {
        int others[CIFAR_CLASSES - 1], pick[FUSION_WRONG], n = 0;
        for (int c = 0; c < CIFAR_CLASSES; c++)
            if (c != label[b]) others[n++] = c;
        rng_choice(&rng, n, pick, FUSION_WRONG);
        for (int k = 0; k < K; k++)
            memcpy(ids + (size_t)((b * K + k) * m->T), caption_ids(m, wording[b], k ? others[pick[k - 1]] : label[b]),
                   (size_t)m->T * sizeof *ids);
    }
    return ids;
}

static Var loss_of(void *context, Tape *t, int step) {
    StudyModel *m = context;
    int index[STUDY_BATCH], wording[STUDY_BATCH], label[STUDY_BATCH], caption[STUDY_BATCH];
    m->step = step;
    pair_order_next(&m->order, STUDY_BATCH, index);
    choose_wordings(m, wording);
    int *ids = arena_alloc(&t->arena, (size_t)(STUDY_BATCH * m->T), sizeof *ids);
    for (int b = 0; b < STUDY_BATCH; b++) {
        label[b] = m->study.train->labels[index[b]];
        caption[b] = wording[b] * CIFAR_CLASSES + label[b];
        memcpy(ids + (size_t)(b * m->T), caption_ids(m, wording[b], label[b]), (size_t)m->T * sizeof *ids);
    }
    Mat pixels = pixels_of(&t->arena, m->study.train, index, STUDY_BATCH);
    if (m->study.learn == LEARN_FUSION) {
        int right[STUDY_BATCH] = { 0 };
        int *all = fusion_captions(m, &t->arena, label, wording);
        return op_cross_entropy_labels(t, fusion_scores(m, t, pixels, all, 1 + FUSION_WRONG), right);
    }
    Var image = embed_image(m, t, pixels);
    if (m->study.learn == LEARN_LABELS) return op_cross_entropy_labels(t, linear(t, &m->head, image), label);
    if (m->study.learn == LEARN_WORDS)
        return op_cross_entropy(t, linear(t, &m->head, image), word_shares(m, &t->arena, ids, STUDY_BATCH));
    if (m->study.learn == LEARN_DECODER)
        return text_decoder_loss(t, &m->decoder, (DecoderInput){ .vector = image }, ids, STUDY_BATCH, m->T);
    Var text = embed_text(m, t, ids, STUDY_BATCH);
    Var logits = clip_logits(t, image, text, tape_param(t, m->clip.logit_scale));
    return clip_loss(t, logits, clip_targets(&t->arena, caption, STUDY_BATCH, 0));
}

static void after_step(void *context, int done, double loss) {
    StudyModel *m = context;
    const Study *s = &m->study;
    (void)loss;
    for (; m->next_look < s->look_count && s->looks[m->next_look] <= done * STUDY_BATCH; m->next_look++)
        if (m->next_look == 0 || s->looks[m->next_look] > s->looks[m->next_look - 1])
            s->look(s->context, m, s->looks[m->next_look]);
    if (s->after_step) s->after_step(s->context, STUDY_BATCH);
}

bool study_train(const Study *study, StudyModel *m, Err *err) {
    *m = (StudyModel){ .study = *study };
    model_make(m);
    if (study->pictures < STUDY_BATCH) return true;
    StepsRun run = { .name = "lesson 22", .steps = study->pictures / STUDY_BATCH, .lr_factor = study->rate_factor };
    run.loss = loss_of;
    run.after_step = after_step;
    run.context = m;
    return steps_train(&m->clip, &run, &m->loss, err);
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

/* The rows of y become those of `to` from `first` on. */
static void rows_take(Mat to, int first, Mat y) { memcpy(&AT(to, first, 0), y.v, mat_count(y) * sizeof(num)); }

Mat study_features(StudyModel *m, Arena *arena, const Cifar *set, bool raw) {
    Mat all = mat_new(arena, set->n, STUDY_EMBED);
    Tape t = { .no_grad = true };
    for (int first = 0; first < set->n; first += AT_A_TIME) {
        int B = MIN(AT_A_TIME, set->n - first), index[AT_A_TIME];
        for (int b = 0; b < B; b++) index[b] = first + b;
        tape_reset(&t);
        Var x = image_tower(&t, &m->clip.image, tape_data(&t, pixels_of(&t.arena, set, index, B)));
        rows_take(all, first, raw ? x->val : op_l2norm(&t, x)->val);
    }
    tape_free(&t);
    return all;
}

static Mat fusion_all_scores(StudyModel *m, Arena *arena, const Cifar *set) {
    Mat all = mat_new(arena, set->n, CIFAR_CLASSES);
    Tape t = { .no_grad = true };
    int B = 0;
    for (int first = 0; first < set->n; first += B) {
        int index[AT_A_TIME];
        B = MIN(AT_A_TIME / 4, set->n - first);
        for (int b = 0; b < B; b++) index[b] = first + b;
        tape_reset(&t);
        int *ids = arena_alloc(&t.arena, (size_t)(B * CIFAR_CLASSES * m->T), sizeof *ids);
        for (int b = 0; b < B; b++)
            memcpy(ids + (size_t)(b * CIFAR_CLASSES * m->T), m->ids, (size_t)(CIFAR_CLASSES * m->T) * sizeof *ids);
        rows_take(all, first, fusion_scores(m, &t, pixels_of(&t.arena, set, index, B), ids, CIFAR_CLASSES)->val);
    }
    tape_free(&t);
    return all;
}

/* The captions' embeddings, [10,E]. */
static Mat class_rows(StudyModel *m, Arena *arena) {
    Mat rows = mat_new(arena, CIFAR_CLASSES, STUDY_EMBED);
    Tape t = { .no_grad = true };
    memcpy(rows.v, embed_text(m, &t, m->ids, CIFAR_CLASSES)->val.v, mat_count(rows) * sizeof(num));
    tape_free(&t);
    return rows;
}

/* y = x w^T + bias for all rows. */
static Mat head_scores(const Linear *head, Arena *arena, Mat x) {
    Tape t = { .no_grad = true };
    Var y = linear(&t, head, tape_data(&t, x));
    Mat copy = mat_like(arena, y->val);
    memcpy(copy.v, y->val.v, mat_count(copy) * sizeof(num));
    tape_free(&t);
    return copy;
}

/* sum_w q_cw z_w: the log softmax differs by the same number for all captions c. */
static Mat word_scores(StudyModel *m, Arena *arena, Mat x) {
    Mat z = head_scores(&m->head, arena, x), q = word_shares(m, arena, m->ids, CIFAR_CLASSES);
    Mat scores = mat_new(arena, x.shape[0], CIFAR_CLASSES);
    int V = q.shape[1];
    gemm(false, true, x.shape[0], CIFAR_CLASSES, V, z.v, V, q.v, V, false, scores.v, CIFAR_CLASSES);
    return scores;
}

/* log p(caption | picture) of each picture with each caption, by the features x [n,E]. */
static Mat decoder_scores(StudyModel *m, Arena *arena, Mat x) {
    enum { K = CIFAR_CLASSES };
    Mat all = mat_new(arena, x.shape[0], K);
    Tape t = { .no_grad = true };
    int B = 0;
    for (int first = 0; first < x.shape[0]; first += B) {
        B = MIN(AT_A_TIME, x.shape[0] - first);
        tape_reset(&t);
        Mat many = mat_new(&t.arena, B * K, STUDY_EMBED);
        int *ids = arena_alloc(&t.arena, (size_t)(B * K * m->T), sizeof *ids);
        double *log_p = arena_alloc(&t.arena, (size_t)(B * K), sizeof *log_p);
        for (int i = 0; i < B * K; i++) {
            memcpy(&AT(many, i, 0), &AT(x, first + i / K, 0), STUDY_EMBED * sizeof(num));
            memcpy(ids + (size_t)(i * m->T), caption_ids(m, 0, i % K), (size_t)m->T * sizeof *ids);
        }
        DecoderInput in = { .vector = tape_data(&t, many) };
        text_decoder_log_likelihood(&t, &m->decoder, in, ids, B * K, m->T, log_p);
        for (int i = 0; i < B * K; i++) AT(all, first + i / K, i % K) = (num)log_p[i];
    }
    tape_free(&t);
    return all;
}

Mat study_scores(StudyModel *m, Arena *arena, const Cifar *set) {
    Learn learn = m->study.learn;
    if (learn == LEARN_FUSION) return fusion_all_scores(m, arena, set);
    Mat x = study_features(m, arena, set, learn != LEARN_CAPTIONS || m->study.bare);
    if (learn == LEARN_LABELS) return head_scores(&m->head, arena, x);
    if (learn == LEARN_WORDS) return word_scores(m, arena, x);
    if (learn == LEARN_DECODER) return decoder_scores(m, arena, x);
    Mat rows = class_rows(m, arena), scores = mat_new(arena, set->n, CIFAR_CLASSES);
    gemm(false, true, set->n, CIFAR_CLASSES, STUDY_EMBED, x.v, STUDY_EMBED, rows.v, STUDY_EMBED, false, scores.v,
         CIFAR_CLASSES);
    return scores;
}

int study_right(StudyModel *m, const Cifar *set) {
    Arena arena = { 0 };
    int *best = arena_alloc(&arena, (size_t)set->n, sizeof *best), right = 0;
    Err err;
    if (!metrics_argmax(study_scores(m, &arena, set), best, &err)) die("%s", err.text);
    for (int i = 0; i < set->n; i++) right += best[i] == set->labels[i];
    arena_free(&arena);
    return right;
}

StudyCost study_cost(StudyModel *m) {
    StudyCost cost = { .text = 0 };
    Tape t = { .training = true };
    loss_of(m, &t, 0);
    Flop flop = flop_of_tape(&t);
    cost.step = (flop.forward + flop.backward) / STUDY_BATCH;
    tape_free(&t);
    t = (Tape){ .training = false }; /* with all nodes: a no_grad tape forgets some */
    Mat pixels = pixels_of(&t.arena, m->study.train, (int[]){ 0 }, 1);
    if (m->study.learn == LEARN_FUSION) fusion_scores(m, &t, pixels, m->ids, 1);
    else embed_image(m, &t, pixels);
    cost.image = flop_of_tape(&t).forward;
    tape_reset(&t);
    if (m->study.learn == LEARN_CAPTIONS) embed_text(m, &t, m->ids, 1);
    cost.text = flop_of_tape(&t).forward;
    tape_free(&t);
    return cost;
}

void study_mix(StudyModel *to, const StudyModel *a, const StudyModel *b, double alpha) {
    for (int i = 0; i < to->clip.params.count; i++) {
        Mat x = to->clip.params.list[i]->val, from = a->clip.params.list[i]->val, other = b->clip.params.list[i]->val;
        REQUIRE(mat_same_shape(x, from) && mat_same_shape(x, other), "%s differs", to->clip.params.list[i]->name);
        for (size_t k = 0; k < mat_count(x); k++)
            x.v[k] = (num)((1 - alpha) * (double)from.v[k] + alpha * (double)other.v[k]);
    }
}
