#include "hard_negatives.h"
#include "show/progress.h"

#include <math.h>
#include <string.h>

#define BIT(edit) (1u << EDIT_##edit)

static const struct {
    const char *name;
    unsigned edits;
} negative_kinds[] = {
    { "swap", BIT(SWAP_COLOURS) | BIT(SWAP_SHAPES) | BIT(SWAP_SIZES) | BIT(SWAP_NOUNS) },
    { "replace", BIT(REPLACE_COLOUR) | BIT(REPLACE_SHAPE) | BIT(REPLACE_SIZE) | BIT(REPLACE_COUNT) |
                     BIT(REPLACE_RELATION) | BIT(INVERT_RELATION) },
    { "negate", BIT(NEGATE) },
};
static const struct {
    const char *name;
    unsigned paraphrases;
} paraphrase_ways[] = { { "synonyms", PARAPHRASE_SYNONYMS },
                        { "forms", PARAPHRASE_FORMS },
                        { "converse", PARAPHRASE_CONVERSE } };

const char *negative_name(NegativeKind kind) { return negative_kinds[kind].name; }
const char *way_name(ParaphraseWay way) { return paraphrase_ways[way].name; }

bool negative_find(const char *name, NegativeKind *kind) {
    int k = 0;
    while (k < NEGATIVE_KINDS && strcmp(name, negative_kinds[k].name)) k++;
    if (k < NEGATIVE_KINDS) *kind = (NegativeKind)k;
    return k < NEGATIVE_KINDS;
}

/* ---- training stages --------------------------------------------------------------------------------------------- */

TrainingStage negatives_stage(NegativesStage stage, int steps) {
    static const char *const names[] = { "plain", "hard-negatives", "no-swap", "no-replace", "no-negate" };
    TrainingStage c = { .name = names[stage], .steps = steps ? steps : NEGATIVES_STEPS, .lr_factor = 1 };
    if (stage == STAGE_PLAIN) return c;
    c.negatives = 2;
    for (int k = 0; k < NEGATIVE_KINDS; k++)
        if ((int)stage != STAGE_NO_SWAP + k) c.edits |= negative_kinds[k].edits;
    return c;
}

/* ---- items ------------------------------------------------------------------------------------------------------- */

/* Gives the object that `from` names the colour and shape that `to` names. */
static void scene_replace(Scene *scene, const Noun *from, const Noun *to) {
    for (int k = 0; k < scene->count; k++) {
        if (!noun_matches(from, &scene->object[k])) continue;
        object_set_type(&scene->object[k], (ObjectType){ (ShapeColour)to->colour, (Shape)to->shape });
        return;
    }
}

static bool replaced_item(NegativesItem *item, const Split *split, Rng *rng, int number) {
    SceneConfig config = { .seed = rng_next(rng), .least = 2, .max = 2, .split = split };
    CaptionRules rules = { .split = split };
    Caption *one = &item->caption[0], *two = &item->caption[1];
    item->scene[0] = item->scene[1] = scene_make(&config, 0);
    if (!caption_random_true(one, &item->scene[0], number % 2 ? CAPTION_RELATION : CAPTION_PAIR, &rules, rng))
        return false;
    if (!caption_edit(two, one, number / 2 % 2 ? EDIT_REPLACE_COLOUR : EDIT_REPLACE_SHAPE, rng)) return false;
    bool first = one->a.colour != two->a.colour || one->a.shape != two->a.shape;
    scene_replace(&item->scene[1], first ? &one->a : &one->b, first ? &two->a : &two->b);
    /* Both nouns name colour and shape, and a scene has two objects: then each caption is false of the other scene. */
    bool differ = two->a.colour != two->b.colour || two->a.shape != two->b.shape;
    bool seen = !split || scene_in_part(&item->scene[1], split, SPLIT_SEEN);
    return seen && differ && scene_fits(&item->scene[1], 0);
}

static void pair_item(NegativesItem *item, const MinimalPair *pair) {
    Err err;
    for (int k = 0; k < 2; k++) {
        item->scene[k] = pair->scene[k];
        if (!caption_parse(pair->caption[k], &item->caption[k], &err)) die("%s", err.text);
    }
}

static void item_paraphrase(NegativesItem *item, Rng *rng) {
    for (int w = 0; w < WAYS; w++) {
        Caption *c = item->paraphrased[w];
        bool both = true;
        for (int k = 0; k < 2; k++)
            both = caption_paraphrase_other(&c[k], &item->caption[k], paraphrase_ways[w].paraphrases, rng) && both;
        if (!both) c[0].kind = c[1].kind = CAPTION_KINDS;
    }
}

/* n minimal pairs; of two kinds every other one, n rounded up. */
static void pair_items(NegativesItem *items, NegativeKind kind, const NegativesProbe *probe) {
    static const ProbeKind swap[] = { PROBE_BINDING, PROBE_RELATION };
    int kinds = kind == NEGATIVE_SWAP ? 2 : 1, n = probe->items;
    for (int j = 0; j < kinds; j++) {
        Arena arena = { 0 };
        MinimalPairs pairs;
        Err err;
        MinimalPairsConfig config = { .seed = probe->seed, .count = (n + kinds - 1) / kinds, .split = probe->split };
        config.kind = kind == NEGATIVE_SWAP ? swap[j] : PROBE_NEGATION;
        if (!minimal_pairs_make(&pairs, &arena, &config, &err)) die("%s", err.text);
        for (int i = j; i < n; i += kinds) pair_item(&items[i], &pairs.item[i / kinds]);
        arena_free(&arena);
    }
}

NegativesItem *negatives_items(Arena *arena, NegativeKind kind, const NegativesProbe *probe) {
    enum { REPLACED_TRIES = 10000 }; /* if the split has such scenes, one try in a few succeeds */
    NegativesItem *items = arena_zero(arena, (size_t)MAX(probe->items, 1), sizeof *items);
    if (kind != NEGATIVE_REPLACE) pair_items(items, kind, probe);
    for (int i = 0; i < probe->items; i++) {
        NegativesItem *item = &items[i];
        Rng rng = rng_seed(probe->seed, 3 * (uint64_t)i + (uint64_t)kind);
        for (int tries = 0; kind == NEGATIVE_REPLACE; tries++) {
            if (replaced_item(item, probe->split, &rng, i)) break;
            if (tries == REPLACED_TRIES)
                die("%s: this split has no two scenes that differ in one object; take a larger --coverage",
                    split_name(probe->split->kind));
        }
        item_paraphrase(item, &rng);
    }
    return items;
}

/* ---- scoring ----------------------------------------------------------------------------------------------------- */

/* Captions of an item: canonical 0, 1; paraphrased by way w 2 + 2w, 3 + 2w. */
enum { CAPTIONS_PER_ITEM = 2 * (1 + WAYS), BLOCK = 16 };

static void score_item(NegativesResult *r, const NegativesItem *item, NegativeKind kind,
                       double s[2][CAPTIONS_PER_ITEM]) {
    const double plain[] = { s[0][0], s[0][1], s[1][0], s[1][1] };
    pair_score_add(&r->negative[kind], plain);
    if (kind == NEGATIVE_SWAP) pair_score_add(&r->swapped[item->caption[0].kind == CAPTION_RELATION], plain);
    for (int w = 0; w < WAYS; w++) {
        if (item->paraphrased[w][0].kind == CAPTION_KINDS) continue;
        const int x = 2 + 2 * w, y = x + 1;
        pair_score_add(&r->paraphrased[w], (double[]){ s[0][x], s[0][1], s[1][0], s[1][y] });
        pair_score_add(&r->negative_paraphrased[w], (double[]){ s[0][0], s[0][y], s[1][x], s[1][1] });
        for (int k = 0; k < 2; k++) {
            if (s[k][k] <= s[k][1 - k]) continue;
            r->preferred[w]++;
            r->consistent[w] += s[k][x + k] > s[k][1 - k];
        }
    }
}

/* The similarities of all scenes and captions of n items; each item needs only its own block. */
static void measure_block(NegativesResult *r, NegativesSimilar *similar, void *context, const NegativesItem *items,
                          NegativeKind kind, int n) {
    enum { C = CAPTIONS_PER_ITEM };
    Arena arena = { 0 };
    const Scene *scenes[2 * BLOCK];
    const char *texts[C * BLOCK];
    for (int i = 0; i < C * n; i++) {
        const NegativesItem *item = &items[i / C];
        int c = i % C;
        const Caption *said = c < 2 ? &item->caption[c] : &item->paraphrased[c / 2 - 1][c % 2];
        if (said->kind == CAPTION_KINDS) said = &item->caption[c % 2];
        if (c < 2) scenes[2 * (i / C) + c] = &item->scene[c];
        texts[i] = caption_text(said, arena_alloc(&arena, CAPTION_TEXT, 1));
    }
    Mat all = similar(context, &arena, scenes, 2 * n, texts, C * n);
    for (int i = 0; i < n; i++) {
        double s[2][C];
        for (int k = 0; k < 2 * C; k++) s[k / C][k % C] = (double)AT(all, 2 * i + k / C, C * i + k % C);
        score_item(r, &items[i], kind, s);
    }
    arena_free(&arena);
}

/* Recall@1 of n scores, `step` apart: the fraction of right ones among those with the largest score. */
static double top_is_right(const num *score, const uint8_t *right, int n, size_t step) {
    int best = 0, equal = 0, good = 0;
    for (int i = 1; i < n; i++)
        if (score[(size_t)i * step] > score[(size_t)best * step]) best = i;
    for (int i = 0; i < n; i++)
        if (score[(size_t)i * step] == score[(size_t)best * step]) {
            equal++;
            good += right[(size_t)i * step];
        }
    return (double)good / equal;
}

/* Scenes of two objects with a canonical PAIR or RELATION of each; few of these captions are true of two scenes. */
static void measure_retrieval(NegativesResult *r, NegativesSimilar *similar, void *context,
                              const NegativesProbe *probe) {
    int N = r->retrieval;
    Arena arena = { 0 };
    Scene *scene = arena_alloc(&arena, (size_t)N, sizeof *scene);
    Caption caption[RETRIEVAL_MAX];
    const Scene *scenes[RETRIEVAL_MAX];
    const char *texts[RETRIEVAL_MAX];
    uint8_t *right = arena_alloc(&arena, (size_t)N, (size_t)N);
    SceneConfig config = { .seed = probe->seed, .least = 2, .max = 2, .split = probe->split };
    CaptionRules rules = { .split = probe->split };
    for (int i = 0; i < N; i++) {
        Rng rng = rng_seed(probe->seed, (uint64_t)i);
        scene[i] = scene_make(&config, (uint64_t)i);
        scenes[i] = &scene[i];
        if (!caption_random_true(&caption[i], &scene[i], i % 2 ? CAPTION_PAIR : CAPTION_RELATION, &rules, &rng))
            die("scene %d: no true caption found", i);
        texts[i] = caption_text(&caption[i], arena_alloc(&arena, CAPTION_TEXT, 1));
    }
    Mat all = similar(context, &arena, scenes, N, texts, N);
    double chance = 0;
    for (int i = 0; i < N * N; i++) {
        right[i] = caption_true(scenes[i / N], &caption[i % N]);
        chance += right[i];
    }
    for (int i = 0; i < N; i++) {
        r->recall[0] += top_is_right(&AT(all, i, 0), right + i * N, N, 1) / N;
        r->recall[1] += top_is_right(&AT(all, 0, i), right + i, N, (size_t)N) / N;
    }
    r->chance[0] = r->chance[1] = chance / N / N;
    arena_free(&arena);
}

NegativesResult negatives_measure_with(NegativesSimilar *similar, void *context, const NegativesProbe *probe) {
    NegativesResult r = { .retrieval = MIN(RETRIEVAL_MAX, RETRIEVAL_PER_ITEM * probe->items) };
    Progress progress = progress_begin("measuring", (NEGATIVE_KINDS + 1) * probe->items, NULL);
    for (int k = 0; k < NEGATIVE_KINDS; k++) r.negative[k] = pair_score_new(2, 2);
    for (int h = 0; h < 2; h++) r.swapped[h] = pair_score_new(2, 2);
    for (int w = 0; w < WAYS; w++) r.paraphrased[w] = r.negative_paraphrased[w] = pair_score_new(2, 2);
    for (int k = 0, done = 0; k < NEGATIVE_KINDS; k++) {
        Arena arena = { 0 };
        NegativesProbe of = *probe;
        if (k == NEGATIVE_SWAP) of.items *= 2;
        const NegativesItem *all = negatives_items(&arena, (NegativeKind)k, &of);
        for (int i = 0; i < of.items; i += BLOCK) {
            int n = MIN(BLOCK, of.items - i);
            measure_block(&r, similar, context, all + i, (NegativeKind)k, n);
            done += n;
            progress_update(&progress, done);
        }
        arena_free(&arena);
    }
    measure_retrieval(&r, similar, context, probe);
    progress_end(&progress);
    return r;
}

static Mat model_similarities(void *context, Arena *arena, const Scene *const *scenes, int n,
                              const char *const *captions, int m) {
    return scene_model_similarities(context, arena, scenes, n, captions, m);
}

NegativesResult negatives_measure(SceneModel *scene_model, int items) {
    uint64_t seed = 0x4e9a12u + (uint64_t)scene_model->config.seed;
    return negatives_measure_with(model_similarities, scene_model,
                                  &(NegativesProbe){ seed, items, &scene_model->split });
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

static void add_fraction(ResultTable *table, ResultRow row, int items, double choice, double text, double image) {
    const double score[PAIR_METRICS] = { choice, text, image, NAN };
    row.items = items;
    for (int k = 0; k < PAIR_METRICS; k++) row.score[k] = round(score[k] * 1e4) / 1e4; /* as the file does */
    result_store(table, &row);
}

ResultRow negatives_row(const ResultRun *run, const char *probe) {
    return result_row(&run->config, result_stage(run), probe, SPLIT_SEEN);
}

void negatives_add_rows(ResultTable *table, const ResultRun *run, const NegativesResult *r) {
    static const char *const after[] = { "", "-negative", "-consistency" };
    for (int k = 0; k < NEGATIVE_KINDS; k++)
        result_add_score(table, negatives_row(run, negative_kinds[k].name), &r->negative[k]);
    result_add_score(table, negatives_row(run, "swap-colours"), &r->swapped[0]);
    result_add_score(table, negatives_row(run, "swap-places"), &r->swapped[1]);
    for (int w = 0; w < WAYS; w++) {
        double consistent = r->preferred[w] ? (double)r->consistent[w] / r->preferred[w] : NAN;
        double fraction[] = { pair_score_rate(&r->paraphrased[w], PAIR_METRIC_CHOICE).fraction,
                              pair_score_rate(&r->negative_paraphrased[w], PAIR_METRIC_CHOICE).fraction, consistent };
        int items[] = { r->paraphrased[w].items, r->negative_paraphrased[w].items, r->preferred[w] };
        for (int i = 0; i < 3; i++) {
            char probe[RESULT_NAME];
            snprintf(probe, sizeof probe, "%s%s", paraphrase_ways[w].name, after[i]);
            add_fraction(table, negatives_row(run, probe), items[i], fraction[i], NAN, NAN);
        }
    }
    add_fraction(table, negatives_row(run, "retrieval"), r->retrieval, NAN, r->recall[0], r->recall[1]);
    add_fraction(table, negatives_row(run, "retrieval-chance"), r->retrieval, NAN, r->chance[0], r->chance[1]);
}

static const struct {
    const char *name, *interaction;
    int stage;
} conditions[] = {
    { "before", "vector", -1 }, /* no second stage */
    { "plain", "vector", STAGE_PLAIN },
    { "negatives", "vector", STAGE_HARD_NEGATIVES },
    { "no swap", "vector", STAGE_NO_SWAP },
    { "no replace", "vector", STAGE_NO_REPLACE },
    { "no negate", "vector", STAGE_NO_NEGATE },
    { "late", "late", STAGE_PLAIN },
    { "late+neg", "late", STAGE_HARD_NEGATIVES },
};
_Static_assert(COUNT(conditions) == CONDITIONS, "one line per condition");

const char *condition_name(Condition condition) { return conditions[condition].name; }

/* The first stage is that of lesson 17's transformer, so that its weights serve here too. */
ResultRun negatives_run(Condition condition, NegativesConfig c) {
    SceneModelConfig s = { .text = "transformer", .split = SPLIT_PAIRS, .seed = c.seed, .steps = c.steps };
    s.interaction = conditions[condition].interaction;
    s.coverage = c.coverage > 0 ? c.coverage : NEGATIVES_COVERAGE;
    ResultRun run = { .config = scene_model_config(s) };
    if (conditions[condition].stage >= 0)
        run.stage2 = negatives_stage((NegativesStage)conditions[condition].stage, c.stage2);
    return run;
}

ResultRun negatives_quick_run(void) {
    return negatives_run(CONDITION_LATE, (NegativesConfig){ .seed = 1, .steps = 60, .stage2 = 20 });
}

ResultRun *negatives_plan(Arena *arena, int *count) {
    ResultRun *plan = arena_alloc(arena, 1 + (size_t)RESULT_SEEDS * CONDITIONS, sizeof *plan);
    int n = 0;
    plan[n++] = negatives_quick_run();
    for (int seed = 1; seed <= RESULT_SEEDS; seed++)
        for (int c = 0; c < CONDITIONS; c++) plan[n++] = negatives_run((Condition)c, (NegativesConfig){ .seed = seed });
    *count = n;
    return plan;
}

void negatives_result_rows(ResultTable *table, SceneModel *model, const ResultRun *run, int items) {
    NegativesResult result = model ? negatives_measure(model, items) : (NegativesResult){ .recall = { 0 } };
    negatives_add_rows(table, run, &result);
}
