#include "scenes/minimal_pairs.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    int pictures, captions;
} kinds[] = {
    { "binding", 2, 2 }, { "relation", 2, 2 }, { "counting", 2, 2 }, { "negation", 2, 2 }, { "shuffle", 1, 5 },
};
_Static_assert(COUNT(kinds) == PROBE_KINDS, "one line per kind");

const char *probe_name(ProbeKind kind) {
    REQUIRE((unsigned)kind < PROBE_KINDS, "kind is %d, want 0 to %d", (int)kind, PROBE_KINDS - 1);
    return kinds[kind].name;
}

int pair_pictures(ProbeKind kind) { return kinds[kind].pictures; }
int pair_captions(ProbeKind kind) { return kinds[kind].captions; }

/* ---- making items ------------------------------------------------------------------------------------------------ */

/* An item that is not checked yet. */
typedef struct {
    const MinimalPairsConfig *config;
    int number;
    Rng rng;
    Scene scene[2];
    Caption caption[2];
    char text[PAIR_CAPTIONS][CAPTION_TEXT];
} Draft;

static bool differ_in_both(ObjectType a, ObjectType b) { return a.colour != b.colour && a.shape != b.shape; }
static double rounded(double x) { return round(x * 1e6) / 1e6; }

/* Rounds coordinates to six decimals, so that a scene written to a file and read again is the same. */
static void round_coordinates(Scene *scene) {
    scene->noise = rounded(scene->noise);
    for (int k = 0; k < scene->count; k++) {
        SceneObject *o = &scene->object[k];
        o->x = rounded(o->x);
        o->y = rounded(o->y);
        o->radius = rounded(o->radius);
        o->rotation = rounded(o->rotation);
    }
}

static Scene scene_for(const Draft *draft, uint64_t i, int objects) {
    const MinimalPairsConfig *s = draft->config;
    SceneConfig config = { .least = objects, .max = objects, .split = s->split, .part = s->part, .noise = s->noise };
    config.seed = s->seed + 0x51ad5u * (uint64_t)(s->kind + 1);
    config.equal_area = s->kind == PROBE_COUNTING;
    config.repeat = config.equal_area;
    return scene_make(&config, i);
}

/* A caption of the first picture, which names objects a and b of this scene. */
static Caption caption_of(CaptionKind kind, const Scene *scene, int a, int b) {
    return (Caption){ .kind = kind,
                      .a = noun_of_object(&scene->object[a], NOUN_FULL),
                      .b = noun_of_object(&scene->object[b], NOUN_FULL) };
}

/* Paraphrases the first caption; the second is an edit of the result, so that their wording is the same. */
static bool set_captions(Draft *draft, Caption first, CaptionEdit edit) {
    draft->caption[0] = caption_paraphrase(&first, draft->config->paraphrases, &draft->rng);
    return caption_edit(&draft->caption[1], &draft->caption[0], edit, NULL);
}

static bool draft_binding(Draft *draft, uint64_t i) {
    Scene *one = &draft->scene[0], *two = &draft->scene[1];
    *one = scene_for(draft, i, 2);
    *two = *one;
    two->object[0].colour = one->object[1].colour;
    two->object[1].colour = one->object[0].colour;
    int a = (int)rng_below(&draft->rng, 2);
    return differ_in_both(object_type(&one->object[0]), object_type(&one->object[1])) &&
           set_captions(draft, caption_of(CAPTION_PAIR, one, a, 1 - a), EDIT_SWAP_COLOURS);
}

/* Draws the relation from all four and then orders the objects so that it is true: all relations are equally likely. */
static bool draft_relation(Draft *draft, uint64_t i) {
    Scene *one = &draft->scene[0], *two = &draft->scene[1];
    *one = scene_for(draft, i, 2);
    *two = *one;
    object_set_type(&two->object[0], object_type(&one->object[1]));
    object_set_type(&two->object[1], object_type(&one->object[0]));
    Relation relation = (Relation)rng_below(&draft->rng, RELATION_COUNT);
    int a = (int)rng_below(&draft->rng, 2);
    if (!scene_related(one, a, relation, 1 - a)) a = 1 - a;
    Caption caption = caption_of(CAPTION_RELATION, one, a, 1 - a);
    caption.relation = relation;
    return set_captions(draft, caption, EDIT_SWAP_NOUNS);
}

/* Counts 1 and 2, 2 and 3 ... equally often; the first picture has the smaller count in every other item. */
static bool draft_counting(Draft *draft, uint64_t i) {
    int low = 1 + draft->number / 2 % (SCENE_MAX - 1), fewer = draft->number % 2;
    for (int p = 0; p < 2; p++) {
        draft->scene[p] = scene_for(draft, 2 * i + (uint64_t)p, low + (p == fewer));
        for (int k = 0; k < draft->scene[p].count; k++)
            object_set_type(&draft->scene[p].object[k], object_type(&draft->scene[0].object[0]));
    }
    draft->scene[1].appearance = draft->scene[0].appearance;
    draft->scene[1].noise = draft->scene[0].noise;
    Caption caption = { .kind = CAPTION_COUNT, .a = noun_of_object(&draft->scene[0].object[0], NOUN_FULL) };
    caption = caption_paraphrase(&caption, draft->config->paraphrases, &draft->rng);
    for (int p = 0; p < 2; p++) {
        draft->caption[p] = caption;
        draft->caption[p].count[0] = draft->scene[p].count;
    }
    return true;
}

static bool draft_negation(Draft *draft, uint64_t i) {
    Scene *one = &draft->scene[0], *two = &draft->scene[1];
    *one = scene_for(draft, i, 2);
    *two = *one;
    int kept = (int)rng_below(&draft->rng, 2);
    int named = draft->number % 2; /* the picture that contains the second noun */
    ObjectType a = object_type(&one->object[kept]), b = object_type(&one->object[1 - kept]);
    ObjectType c = { (ShapeColour)rng_below(&draft->rng, COLOUR_COUNT), (Shape)rng_below(&draft->rng, SHAPE_COUNT) };
    if (!differ_in_both(a, b) || !differ_in_both(a, c) || !differ_in_both(b, c)) return false;
    object_set_type(&two->object[1 - kept], c);
    Caption caption = caption_of(named == 0 ? CAPTION_PAIR : CAPTION_WITHOUT, &draft->scene[named], kept, 1 - kept);
    return set_captions(draft, caption, EDIT_NEGATE);
}

/* Writes the words of `text` in a random order. */
static void shuffle_words(const char *text, char *out, Rng *rng) {
    char copy[CAPTION_TEXT], *word[CAPTION_TEXT / 2 + 1], *rest = NULL;
    int order[CAPTION_TEXT / 2 + 1], n = 0;
    strcpy(copy, text);
    for (char *at = strtok_r(copy, " ", &rest); at; at = strtok_r(NULL, " ", &rest)) {
        order[n] = n;
        word[n++] = at;
    }
    rng_shuffle(rng, order, n);
    *out = '\0';
    for (int w = 0; w < n; w++) strcat(strcat(out, w > 0 ? " " : ""), word[order[w]]);
}

static bool caption_text_true(const Scene *scene, const char *text) {
    Caption caption;
    return caption_parse(text, &caption, NULL) && caption_true(scene, &caption);
}

static bool draft_shuffle(Draft *draft, uint64_t i) {
    enum { TRIES = 64 };
    draft->scene[0] = scene_for(draft, i, 2);
    CaptionKind kind = draft->number % 2 ? CAPTION_PAIR : CAPTION_RELATION;
    CaptionRules rules = { .split = draft->config->split, .part = draft->config->part };
    if (!caption_random_true(&draft->caption[0], &draft->scene[0], kind, &rules, &draft->rng)) return false;
    draft->caption[0] = caption_paraphrase(&draft->caption[0], draft->config->paraphrases, &draft->rng);
    caption_text(&draft->caption[0], draft->text[0]);
    for (int k = 1, tries = 0; k < PAIR_CAPTIONS; tries++) {
        if (tries == TRIES) return false;
        shuffle_words(draft->text[0], draft->text[k], &draft->rng);
        bool new = !caption_text_true(&draft->scene[0], draft->text[k]);
        for (int j = 0; j < k; j++) new &= strcmp(draft->text[j], draft->text[k]) != 0;
        k += new;
    }
    return true;
}

/* ---- the whole set ----------------------------------------------------------------------------------------------- */

static bool draft_valid(const Draft *draft) {
    const MinimalPairsConfig *s = draft->config;
    int pictures = pair_pictures(s->kind), words = text_max_words((const char *[]){ draft->text[0] }, 1);
    for (int p = 0; p < pictures; p++) {
        if (!scene_fits(&draft->scene[p], 1e-5)) return false;
        if (s->split && (p == 0 || s->part == SPLIT_SEEN) &&
            (!scene_in_part(&draft->scene[p], s->split, s->part) ||
             !caption_in_part(&draft->caption[p], s->split, s->part)))
            return false;
        for (int k = 0; k < pair_captions(s->kind); k++) {
            if (text_max_words((const char *[]){ draft->text[k] }, 1) != words) return false;
            if (caption_text_true(&draft->scene[p], draft->text[k]) != (p == k)) return false;
        }
    }
    bool permuted = s->kind == PROBE_BINDING || s->kind == PROBE_RELATION;
    return !permuted || caption_same_words(draft->text[0], draft->text[1]);
}

static bool draft_try(Draft *draft, uint64_t i) {
    static bool (*const make[])(Draft *, uint64_t) = { draft_binding, draft_relation, draft_counting, draft_negation,
                                                       draft_shuffle };
    if (!make[draft->config->kind](draft, i)) return false;
    for (int k = 0; draft->config->kind != PROBE_SHUFFLE && k < 2; k++)
        caption_text(&draft->caption[k], draft->text[k]);
    for (int p = 0; p < pair_pictures(draft->config->kind); p++) round_coordinates(&draft->scene[p]);
    return draft_valid(draft);
}

bool minimal_pairs_make(MinimalPairs *pairs, Arena *arena, const MinimalPairsConfig *config, Err *err) {
    enum { TRIES = 2000 };
    *pairs = (MinimalPairs){ 0 };
    REQUIRE((unsigned)config->kind < PROBE_KINDS && config->count >= 0, "kind %d, %d items", (int)config->kind,
            config->count);
    SceneConfig scenes = { .split = config->split, .part = config->part, .noise = config->noise };
    if (!scene_config_check(&scenes, err)) return false;
    int P = pair_pictures(config->kind), K = pair_captions(config->kind);
    MinimalPairs made = { .config = *config, .pictures = P, .captions = K, .count = config->count };
    if (config->split) {
        Split *split = arena_alloc(arena, 1, sizeof *split);
        *split = *config->split;
        made.config.split = split;
    }
    made.item = arena_zero(arena, (size_t)config->count, sizeof *made.item);
    for (int n = 0; n < config->count; n++) {
        Draft draft = { .config = config, .number = n };
        draft.rng = rng_seed(config->seed, (uint64_t)(PROBE_KINDS * (long long)n + config->kind));
        int tries = 0;
        while (tries < TRIES && !draft_try(&draft, (uint64_t)n * TRIES + (uint64_t)tries)) tries++;
        if (tries == TRIES)
            return err_set(err, "no %s items within the %s combinations at coverage %g: the swap leads out of them",
                           probe_name(config->kind), config->part == SPLIT_SEEN ? "seen" : "held-out",
                           config->split ? config->split->coverage : 1.0);
        for (int p = 0; p < P; p++) made.item[n].scene[p] = draft.scene[p];
        for (int k = 0; k < K; k++) made.item[n].caption[k] = arena_text(arena, draft.text[k]);
    }
    *pairs = made;
    return true;
}

/* ---- scoring ----------------------------------------------------------------------------------------------------- */

int minimal_pairs_pictures(const MinimalPairs *pairs) { return pairs->count * pairs->pictures; }
int minimal_pairs_captions(const MinimalPairs *pairs) { return pairs->count * pairs->captions; }

const Scene *minimal_pairs_scene(const MinimalPairs *pairs, int i) {
    REQUIRE(i >= 0 && i < minimal_pairs_pictures(pairs), "picture %d of %d", i, minimal_pairs_pictures(pairs));
    return &pairs->item[i / pairs->pictures].scene[i % pairs->pictures];
}

const char *minimal_pairs_caption(const MinimalPairs *pairs, int i) {
    REQUIRE(i >= 0 && i < minimal_pairs_captions(pairs), "caption %d of %d", i, minimal_pairs_captions(pairs));
    return pairs->item[i / pairs->captions].caption[i % pairs->captions];
}

const char **minimal_pairs_texts(const MinimalPairs *pairs, Arena *arena) {
    const char **texts = arena_alloc(arena, (size_t)minimal_pairs_captions(pairs), sizeof *texts);
    for (int i = 0; i < minimal_pairs_captions(pairs); i++) texts[i] = minimal_pairs_caption(pairs, i);
    return texts;
}

PairScore minimal_pairs_score(const MinimalPairs *pairs, Mat pictures, Mat texts) {
    int P = pairs->pictures, K = pairs->captions, E = texts.shape[1];
    REQUIRE(pictures.dims == 2 && texts.dims == 2 && pictures.shape[1] == E &&
                pictures.shape[0] == minimal_pairs_pictures(pairs) && texts.shape[0] == minimal_pairs_captions(pairs),
            "pictures %s and texts %s, want [%d,E] and [%d,E]", mat_shape_text(pictures), mat_shape_text(texts),
            minimal_pairs_pictures(pairs), minimal_pairs_captions(pairs));
    PairScore score = pair_score_new(P, K);
    double s[PAIR_PICTURES * PAIR_CAPTIONS];
    for (int n = 0; n < pairs->count; n++) {
        for (int p = 0; p < P; p++)
            for (int k = 0; k < K; k++)
                s[K * p + k] = vec_dot(&AT(pictures, P * n + p, 0), &AT(texts, K * n + k, 0), E);
        pair_score_add(&score, s);
    }
    return score;
}

static void score_item(const MinimalPairs *pairs, int n, PairSimilarity *similarity, void *context, PairScore *score) {
    const MinimalPair *item = &pairs->item[n];
    double s[PAIR_PICTURES * PAIR_CAPTIONS];
    for (int p = 0; p < pairs->pictures; p++)
        for (int k = 0; k < pairs->captions; k++)
            s[pairs->captions * p + k] = similarity(context, &item->scene[p], item->caption[k]);
    pair_score_add(score, s);
}

PairScore minimal_pairs_score_by(const MinimalPairs *pairs, PairSimilarity *similarity, void *context) {
    PairScore score = pair_score_new(pairs->pictures, pairs->captions);
    for (int n = 0; n < pairs->count; n++) score_item(pairs, n, similarity, context, &score);
    return score;
}

double minimal_pairs_oracle(void *context, const Scene *scene, const char *caption) {
    (void)context;
    return caption_text_true(scene, caption);
}

typedef struct {
    TextBaseline *baseline;
    TextBaselineRule rule;
} CaptionRule;

static double rule_similarity(void *context, const Scene *scene, const char *caption) {
    const CaptionRule *rule_context = context;
    (void)scene;
    return text_baseline_score(rule_context->baseline, rule_context->rule, caption);
}

PairScore minimal_pairs_score_rule(const MinimalPairs *pairs, TextBaseline *baseline, TextBaselineRule rule) {
    CaptionRule rule_context = { baseline, rule };
    if (rule != TEXT_BASELINE_LABELS) return minimal_pairs_score_by(pairs, rule_similarity, &rule_context);
    PairScore score = pair_score_new(pairs->pictures, pairs->captions);
    for (int half = 0; half < 2; half++) {
        text_baseline_clear_labels(baseline);
        for (int n = 1 - half; n < pairs->count; n += 2)
            for (int p = 0; p < pairs->pictures; p++)
                for (int k = 0; k < pairs->captions; k++)
                    text_baseline_add_label(baseline, pairs->item[n].caption[k], k == p);
        for (int n = half; n < pairs->count; n += 2) score_item(pairs, n, rule_similarity, &rule_context, &score);
    }
    text_baseline_clear_labels(baseline);
    return score;
}

const char **minimal_pairs_training_captions(Arena *arena, const MinimalPairs *pairs, int n) {
    const MinimalPairsConfig *s = &pairs->config;
    bool seen = s->split && split_has_any(s->split, SPLIT_SEEN);
    SceneConfig config = { .seed = s->seed + 1, .least = 1, .max = 3, .split = seen ? s->split : NULL, .repeat = 0.3 };
    CaptionRules rules = { .split = config.split };
    const char **texts = arena_alloc(arena, (size_t)n, sizeof *texts);
    Rng rng = rng_seed(s->seed, 0x5ea1);
    for (int i = 0, scenes = 0; i < n; scenes++) {
        Scene scene = scene_make(&config, (uint64_t)scenes);
        Caption caption;
        char text[CAPTION_TEXT];
        if (!caption_random_true(&caption, &scene, (CaptionKind)rng_below(&rng, CAPTION_KINDS), &rules, &rng)) continue;
        caption = caption_paraphrase(&caption, s->paraphrases, &rng);
        texts[i++] = arena_text(arena, caption_text(&caption, text));
    }
    return texts;
}
