/* Checks a set of minimal pairs against what minimal_pairs.h says. */
#include "scenes/minimal_pairs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "item 3 of binding: ..." */
static bool item_error(Err *err, const MinimalPairs *pairs, int n, const char *what, const char *caption) {
    return err_set(err, "item %d of %s: %s%s%s", n + 1, probe_name(pairs->config.kind), what, caption ? ": " : "",
                   caption ? caption : "");
}

static bool check_truth(const MinimalPairs *pairs, int n, Err *err) {
    const MinimalPair *item = &pairs->item[n];
    for (int p = 0; p < pairs->pictures; p++)
        for (int k = 0; k < pairs->captions; k++) {
            bool is_true = minimal_pairs_oracle(NULL, &item->scene[p], item->caption[k]) == 1;
            const char *what = is_true ? "a caption is true of a picture that is not its own"
                                       : "a caption is not true of its own picture";
            if (is_true != (p == k)) return item_error(err, pairs, n, what, item->caption[k]);
        }
    return true;
}

static bool check_words(const MinimalPairs *pairs, int n, Err *err) {
    const MinimalPair *item = &pairs->item[n];
    ProbeKind kind = pairs->config.kind;
    for (int k = 1; k < pairs->captions; k++) {
        const char *first = item->caption[0], *text = item->caption[k];
        if (text_max_words(&text, 1) != text_max_words(&first, 1))
            return item_error(err, pairs, n, "a caption is longer or shorter than the first", text);
        if (kind != PROBE_COUNTING && kind != PROBE_NEGATION && !caption_same_words(first, text))
            return item_error(err, pairs, n, "a caption does not have the words of the first", text);
        for (int j = 0; j < k; j++)
            if (!strcmp(item->caption[j], text)) return item_error(err, pairs, n, "a caption occurs twice", text);
    }
    return true;
}

/* The area of all objects, up to a factor. */
static double object_area(const Scene *scene) {
    double sum = 0;
    for (int k = 0; k < scene->count; k++) sum += scene->object[k].radius * scene->object[k].radius;
    return sum;
}

static bool check_pictures(const MinimalPairs *pairs, int n, Err *err) {
    const Scene *one = &pairs->item[n].scene[0], *two = &pairs->item[n].scene[1];
    if (pairs->pictures == 1) return true;
    if (fabs(object_area(one) / object_area(two) - 1) > 1e-3)
        return item_error(err, pairs, n, "the objects of one picture cover a larger area", NULL);
    if (one->appearance != two->appearance || one->noise != two->noise)
        return item_error(err, pairs, n, "background or noise differ", NULL);
    if (pairs->config.kind == PROBE_COUNTING) return true;
    for (int k = 0; k < one->count; k++) {
        const SceneObject *a = &one->object[k], *b = &two->object[k];
        if (one->count != two->count || a->x != b->x || a->y != b->y || a->radius != b->radius)
            return item_error(err, pairs, n, "positions or sizes of the objects differ", NULL);
    }
    return true;
}

static bool check_parts(const MinimalPairs *pairs, int n, Err *err) {
    const MinimalPairsConfig *s = &pairs->config;
    const char *part = s->part == SPLIT_SEEN ? "a combination that is not seen" : "a combination that is not held out";
    for (int i = 0; s->split && i < pairs->pictures && (i == 0 || s->part == SPLIT_SEEN); i++) {
        Caption caption;
        const char *text = pairs->item[n].caption[i];
        if (!scene_in_part(&pairs->item[n].scene[i], s->split, s->part))
            return item_error(err, pairs, n, "a picture shows", part);
        if (!caption_parse(text, &caption, err)) return false;
        if (!caption_in_part(&caption, s->split, s->part)) return item_error(err, pairs, n, "a caption names", part);
    }
    return true;
}

/* A caption and a picture: +1 if it is true, -1 if not. */
typedef struct {
    const char *text;
    int sign;
} CaptionTruth;

static int truth_order(const void *a, const void *b) {
    return strcmp(((const CaptionTruth *)a)->text, ((const CaptionTruth *)b)->text);
}

/* Over the whole set, every string is true as often as false. */
static bool check_balance(const MinimalPairs *pairs, Arena *arena, Err *err) {
    size_t room = (size_t)minimal_pairs_pictures(pairs) * (size_t)pairs->captions, n = 0;
    CaptionTruth *truth = arena_alloc(arena, room, sizeof *truth);
    for (int i = 0; i < pairs->count; i++)
        for (int p = 0; p < pairs->pictures; p++)
            for (int k = 0; k < pairs->captions; k++) {
                const char *text = pairs->item[i].caption[k];
                bool is_true = minimal_pairs_oracle(NULL, &pairs->item[i].scene[p], text) == 1;
                truth[n++] = (CaptionTruth){ text, is_true ? 1 : -1 };
            }
    qsort(truth, n, sizeof *truth, truth_order);
    for (size_t i = 0, sum = 0; i < n; i++) {
        sum += (size_t)truth[i].sign; /* wraps around: 0 when balanced */
        bool last = i + 1 == n || strcmp(truth[i].text, truth[i + 1].text) != 0;
        if (last && sum != 0)
            return err_set(err, "%s: \"%s\" is not true as often as false", probe_name(pairs->config.kind),
                           truth[i].text);
    }
    return true;
}

bool minimal_pairs_fair(const MinimalPairs *pairs, Err *err) {
    enum { TRAINING_CAPTIONS = 2000 };
    Arena arena = { 0 };
    bool fair = true;
    /* Training captions of all combinations, because a set read from a file may have any split. */
    MinimalPairs all = { .config = { .seed = pairs->config.seed, .paraphrases = pairs->config.paraphrases } };
    const char **captions = minimal_pairs_training_captions(&arena, &all, TRAINING_CAPTIONS);
    TextBaseline baseline = text_baseline_fit(&arena, captions, TRAINING_CAPTIONS);
    for (int rule = 0; rule < TEXT_BASELINE_RULES && pairs->count > 0 && fair; rule++) {
        PairScore score = minimal_pairs_score_rule(pairs, &baseline, (TextBaselineRule)rule);
        PairScoreRate rate = pair_score_rate(&score, PAIR_METRIC_CHOICE);
        if (rate.low > rate.chance)
            fair = err_set(err, "%s: the text-only rule %s scores %.1f %%; want %.1f %% within its interval",
                           probe_name(pairs->config.kind), text_baseline_name((TextBaselineRule)rule),
                           100 * rate.fraction, 100 * rate.chance);
    }
    arena_free(&arena);
    return fair;
}

bool minimal_pairs_check(const MinimalPairs *pairs, Err *err) {
    Arena arena = { 0 };
    bool valid = pairs->config.kind == PROBE_SHUFFLE || check_balance(pairs, &arena, err);
    arena_free(&arena);
    for (int n = 0; n < pairs->count && valid; n++)
        valid = check_truth(pairs, n, err) && check_words(pairs, n, err) && check_pictures(pairs, n, err) &&
                check_parts(pairs, n, err);
    return valid && (pairs->config.kind == PROBE_SHUFFLE || minimal_pairs_fair(pairs, err));
}
