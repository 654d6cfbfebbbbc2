#include "scenes/minimal_pairs.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    int pictures, captions;
} kinds[] = {
    { "binding", 2, 2 }, { "relation", 2, 2 }, { "counting", 2, 2 }, { "negation", 2, 2 }, { "shuffle", 1, 5 },
};
_Static_assert(COUNT(kinds) == QUAD_KINDS, "a line for each kind");

const char *quad_name(QuadKind kind) {
    REQUIRE((unsigned)kind < QUAD_KINDS, "kind is %d, want 0 to %d", (int)kind, QUAD_KINDS - 1);
    return kinds[kind].name;
}

bool quad_find(const char *name, QuadKind *kind) {
    for (int i = 0; i < QUAD_KINDS; i++)
        if (!strcmp(name, kinds[i].name)) return *kind = (QuadKind)i, true;
    return false;
}

int quad_pictures(QuadKind kind) { return kinds[kind].pictures; }
int quad_captions(QuadKind kind) { return kinds[kind].captions; }

/* ---- one item ---------------------------------------------------------------------------------------------------- */

/* An item in the making: what is shown and what is said. */
typedef struct {
    const QuadSettings *settings;
    int number; /* of the item */
    Rng rng;
    Scene scene[2];
    Caption caption[2];
    char text[QUAD_CAPTIONS][CAPTION_TEXT];
} Draft;

static Thing thing_of(const SceneObject *object) { return (Thing){ object->colour, object->shape }; }
static bool unlike(Thing a, Thing b) { return a.colour != b.colour && a.shape != b.shape; }
static void become(SceneObject *object, Thing thing) {
    object->colour = thing.colour;
    object->shape = thing.shape;
}

/* What a file can hold, so that a scene that was written and read again is the same one. */
static void round_to_file(Scene *scene) {
    double *all[4 * SCENE_MOST + 1] = { &scene->noise };
    for (int k = 0; k < scene->count; k++) {
        SceneObject *o = &scene->object[k];
        all[4 * k + 1] = &o->x;
        all[4 * k + 2] = &o->y;
        all[4 * k + 3] = &o->radius;
        all[4 * k + 4] = &o->turn;
    }
    for (int i = 0; i < 4 * scene->count + 1; i++) *all[i] = round(*all[i] * 1e6) / 1e6;
}

static Scene scene_for(const Draft *draft, uint64_t i, int objects) {
    const QuadSettings *s = draft->settings;
    bool counting = s->kind == QUAD_COUNTING;
    SceneSettings settings = { .seed = s->seed + 0x51ad5u * (uint64_t)(s->kind + 1),
                               .least = objects,
                               .most = objects,
                               .split = s->split,
                               .part = s->part,
                               .alike = counting,
                               .equal_ink = counting,
                               .noise = s->noise };
    return scene_make(&settings, i);
}

/* Inside the picture, and nothing touches: shapes of one area reach differently far. */
static bool scene_fits(const Scene *scene) {
    const double slack = 1e-5;
    for (int k = 0; k < scene->count; k++) {
        const SceneObject *a = &scene->object[k];
        double reach = shape_reach(a->shape) * a->radius - slack;
        if (a->x < reach || a->y < reach || a->x > 1 - reach || a->y > 1 - reach) return false;
        for (int j = 0; j < k; j++) {
            const SceneObject *b = &scene->object[j];
            if (hypot(a->x - b->x, a->y - b->y) < reach + shape_reach(b->shape) * b->radius - slack) return false;
        }
    }
    return true;
}

/* The first caption is worded; the second comes from it by an edit, so that the wording is the same. */
static bool say(Draft *draft, Caption first, CaptionEdit edit) {
    draft->caption[0] = caption_paraphrase(&first, draft->settings->ways, &draft->rng);
    return caption_edit(&draft->caption[1], &draft->caption[0], edit, NULL);
}

static bool draft_binding(Draft *draft, uint64_t i) {
    Scene *one = &draft->scene[0], *two = &draft->scene[1];
    *one = scene_for(draft, i, 2);
    *two = *one;
    two->object[0].colour = one->object[1].colour;
    two->object[1].colour = one->object[0].colour;
    int a = (int)rng_below(&draft->rng, 2);
    Caption caption = { .kind = CAPTION_PAIR,
                        .a = noun_of_object(&one->object[a], NOUN_FULL),
                        .b = noun_of_object(&one->object[1 - a], NOUN_FULL) };
    return unlike(thing_of(&one->object[0]), thing_of(&one->object[1])) && say(draft, caption, EDIT_SWAP_COLOURS);
}

/* The relation is one of those that hold, drawn from four before looking, so that no word is commoner than another. */
static bool draft_relation(Draft *draft, uint64_t i) {
    Scene *one = &draft->scene[0], *two = &draft->scene[1];
    *one = scene_for(draft, i, 2);
    *two = *one;
    become(&two->object[0], thing_of(&one->object[1]));
    become(&two->object[1], thing_of(&one->object[0]));
    Relation relation = (Relation)rng_below(&draft->rng, RELATION_COUNT);
    int a = (int)rng_below(&draft->rng, 2);
    if (!scene_related(one, a, relation, 1 - a)) a = 1 - a;
    Caption caption = { .kind = CAPTION_RELATION,
                        .relation = relation,
                        .wording = 0,
                        .a = noun_of_object(&one->object[a], NOUN_FULL),
                        .b = noun_of_object(&one->object[1 - a], NOUN_FULL) };
    return say(draft, caption, EDIT_SWAP_NOUNS);
}

/* One and two, two and three, ... equally often; the first picture has the fewer in every other item. */
static bool draft_counting(Draft *draft, uint64_t i) {
    int low = 1 + draft->number / 2 % (SCENE_MOST - 1), fewer = draft->number % 2;
    for (int p = 0; p < 2; p++) {
        draft->scene[p] = scene_for(draft, 2 * i + (uint64_t)p, low + (p == fewer));
        for (int k = 0; k < draft->scene[p].count; k++)
            become(&draft->scene[p].object[k], thing_of(&draft->scene[0].object[0]));
    }
    draft->scene[1].look = draft->scene[0].look;
    draft->scene[1].noise = draft->scene[0].noise;
    Caption caption = { .kind = CAPTION_COUNT,
                        .count = { draft->scene[0].count },
                        .a = noun_of_object(&draft->scene[0].object[0], NOUN_FULL) };
    draft->caption[0] = draft->caption[1] = caption_paraphrase(&caption, draft->settings->ways, &draft->rng);
    draft->caption[1].count[0] = draft->scene[1].count;
    return true;
}

static bool draft_negation(Draft *draft, uint64_t i) {
    Scene *one = &draft->scene[0], *two = &draft->scene[1];
    *one = scene_for(draft, i, 2);
    *two = *one;
    int stays = (int)rng_below(&draft->rng, 2);
    int asked = draft->number % 2; /* the picture that has what is asked about */
    Thing a = thing_of(&one->object[stays]), b = thing_of(&one->object[1 - stays]);
    Thing c = { (ShapeColour)rng_below(&draft->rng, COLOUR_COUNT), (Shape)rng_below(&draft->rng, SHAPE_COUNT) };
    if (!unlike(a, b) || !unlike(a, c) || !unlike(b, c)) return false;
    become(&two->object[1 - stays], c);
    Caption caption = { .kind = asked == 0 ? CAPTION_PAIR : CAPTION_WITHOUT,
                        .a = noun_of_object(&one->object[stays], NOUN_FULL),
                        .b = noun_of_object(&draft->scene[asked].object[1 - stays], NOUN_FULL) };
    return say(draft, caption, EDIT_NEGATE);
}

/* The words of `text` in another order. */
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
    for (int w = 0; w < n; w++) {
        if (w > 0) strcat(out, " ");
        strcat(out, word[order[w]]);
    }
}

static bool true_of(const Scene *scene, const char *text) {
    Caption caption;
    return caption_parse(text, &caption, NULL) && caption_true(scene, &caption);
}

static bool draft_shuffle(Draft *draft, uint64_t i) {
    enum { TRIES = 64 };
    draft->scene[0] = scene_for(draft, i, 2);
    CaptionKind kind = draft->number % 2 ? CAPTION_PAIR : CAPTION_RELATION;
    CaptionRules rules = { .split = draft->settings->split, .part = draft->settings->part };
    if (!caption_of(&draft->caption[0], &draft->scene[0], kind, &rules, &draft->rng)) return false;
    draft->caption[0] = caption_paraphrase(&draft->caption[0], draft->settings->ways, &draft->rng);
    caption_text(&draft->caption[0], draft->text[0]);
    for (int k = 1, tries = 0; k < QUAD_CAPTIONS; tries++) {
        if (tries == TRIES) return false;
        shuffle_words(draft->text[0], draft->text[k], &draft->rng);
        bool new = !true_of(&draft->scene[0], draft->text[k]);
        for (int j = 0; j < k; j++) new &= strcmp(draft->text[j], draft->text[k]) != 0;
        k += new;
    }
    return true;
}

/* ---- is it what it should be? ------------------------------------------------------------------------------------ */

/* Are all combinations that a scene shows in that part? */
bool quad_scene_within(const Scene *scene, const Split *split, SplitPart part) {
    for (int k = 0; k < scene->count; k++) {
        Thing a = thing_of(&scene->object[k]);
        int same = 0;
        for (int j = 0; j < scene->count; j++) {
            Thing b = thing_of(&scene->object[j]);
            bool beside = scene_related(scene, k, LEFT_OF, j) || scene_related(scene, j, LEFT_OF, k);
            bool above = scene_related(scene, k, ABOVE, j) || scene_related(scene, j, ABOVE, k);
            if (a.colour == b.colour && a.shape == b.shape) same++;
            else if ((beside && !split_has_relation(split, part, ALONG_X, a, b)) ||
                     (above && !split_has_relation(split, part, ALONG_Y, a, b)))
                return false;
        }
        if (!split_has_pair(split, part, a.colour, a.shape) || !split_has_count(split, part, same, a.colour, a.shape))
            return false;
    }
    return true;
}

static bool draft_holds(const Draft *draft) {
    const QuadSettings *s = draft->settings;
    int pictures = quad_pictures(s->kind), words = text_most_words((const char *[]){ draft->text[0] }, 1);
    for (int p = 0; p < pictures; p++) {
        if (!scene_fits(&draft->scene[p])) return false;
        if (s->split && (p == 0 || s->part == SPLIT_SEEN) &&
            (!quad_scene_within(&draft->scene[p], s->split, s->part) ||
             !caption_within(&draft->caption[p], s->split, s->part)))
            return false;
        for (int k = 0; k < quad_captions(s->kind); k++) {
            if (text_most_words((const char *[]){ draft->text[k] }, 1) != words) return false;
            if (true_of(&draft->scene[p], draft->text[k]) != (p == k)) return false;
        }
    }
    bool permuted = s->kind == QUAD_BINDING || s->kind == QUAD_RELATION;
    return !permuted || caption_same_words(&draft->caption[0], &draft->caption[1]);
}

static bool draft_try(Draft *draft, uint64_t i) {
    static bool (*const make[])(Draft *, uint64_t) = { draft_binding, draft_relation, draft_counting, draft_negation,
                                                       draft_shuffle };
    if (!make[draft->settings->kind](draft, i)) return false;
    for (int k = 0; draft->settings->kind != QUAD_SHUFFLE && k < 2; k++)
        caption_text(&draft->caption[k], draft->text[k]);
    for (int p = 0; p < quad_pictures(draft->settings->kind); p++) round_to_file(&draft->scene[p]);
    return draft_holds(draft);
}

bool quads_make(Quads *quads, Arena *arena, const QuadSettings *settings, Err *err) {
    enum { TRIES = 2000 };
    REQUIRE((unsigned)settings->kind < QUAD_KINDS && settings->count >= 0, "kind %d, %d items", (int)settings->kind,
            settings->count);
    if (!scene_check(&(SceneSettings){ .split = settings->split, .part = settings->part, .noise = settings->noise },
                     err))
        return false;
    Quads made = { .settings = *settings,
                   .pictures = quad_pictures(settings->kind),
                   .captions = quad_captions(settings->kind),
                   .count = settings->count };
    if (settings->split) {
        Split *split = arena_alloc(arena, 1, sizeof *split);
        *split = *settings->split;
        made.settings.split = split;
    }
    made.item = arena_zero(arena, (size_t)settings->count, sizeof *made.item);
    for (int n = 0; n < settings->count; n++) {
        Draft draft = { .settings = settings,
                        .number = n,
                        .rng = rng_seed(settings->seed, (uint64_t)(QUAD_KINDS * (long long)n + settings->kind)) };
        int tries = 0;
        while (tries < TRIES && !draft_try(&draft, (uint64_t)n * TRIES + (uint64_t)tries)) tries++;
        if (tries == TRIES)
            return err_set(err,
                           "no %s items where %s combinations are all there is, coverage %g: the change they ask about "
                           "leads out of them",
                           quad_name(settings->kind), settings->part == SPLIT_SEEN ? "seen" : "held-out",
                           settings->split ? settings->split->coverage : 1.0);
        for (int p = 0; p < made.pictures; p++) made.item[n].scene[p] = draft.scene[p];
        for (int k = 0; k < made.captions; k++) made.item[n].caption[k] = arena_text(arena, draft.text[k]);
    }
    *quads = made;
    return true;
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

int quads_pictures(const Quads *quads) { return quads->count * quads->pictures; }
int quads_captions(const Quads *quads) { return quads->count * quads->captions; }

const Scene *quads_scene(const Quads *quads, int i) {
    REQUIRE(i >= 0 && i < quads_pictures(quads), "picture %d of %d", i, quads_pictures(quads));
    return &quads->item[i / quads->pictures].scene[i % quads->pictures];
}

const char *quads_caption(const Quads *quads, int i) {
    REQUIRE(i >= 0 && i < quads_captions(quads), "caption %d of %d", i, quads_captions(quads));
    return quads->item[i / quads->captions].caption[i % quads->captions];
}

const char **quads_texts(const Quads *quads, Arena *arena) {
    const char **texts = arena_alloc(arena, (size_t)quads_captions(quads), sizeof *texts);
    for (int i = 0; i < quads_captions(quads); i++) texts[i] = quads_caption(quads, i);
    return texts;
}

Tally quads_score(const Quads *quads, Mat pictures, Mat texts) {
    int P = quads->pictures, K = quads->captions, E = texts.shape[1];
    REQUIRE(pictures.dims == 2 && texts.dims == 2 && pictures.shape[1] == E &&
                pictures.shape[0] == quads_pictures(quads) && texts.shape[0] == quads_captions(quads),
            "pictures %s and texts %s, want [%d,E] and [%d,E]", mat_shape_text(pictures), mat_shape_text(texts),
            quads_pictures(quads), quads_captions(quads));
    Tally tally = tally_new(P, K);
    double s[QUAD_PICTURES * QUAD_CAPTIONS];
    for (int n = 0; n < quads->count; n++) {
        for (int p = 0; p < P; p++)
            for (int k = 0; k < K; k++)
                s[K * p + k] = vec_dot(&AT(pictures, P * n + p, 0), &AT(texts, K * n + k, 0), E);
        tally_add(&tally, s);
    }
    return tally;
}

static void score_item(const Quads *quads, int n, QuadSimilarity *similarity, void *context, Tally *tally) {
    const Quad *item = &quads->item[n];
    double s[QUAD_PICTURES * QUAD_CAPTIONS];
    for (int p = 0; p < quads->pictures; p++)
        for (int k = 0; k < quads->captions; k++)
            s[quads->captions * p + k] = similarity(context, &item->scene[p], item->caption[k]);
    tally_add(tally, s);
}

Tally quads_score_by(const Quads *quads, QuadSimilarity *similarity, void *context) {
    Tally tally = tally_new(quads->pictures, quads->captions);
    for (int n = 0; n < quads->count; n++) score_item(quads, n, similarity, context, &tally);
    return tally;
}

double quads_oracle(void *context, const Scene *scene, const char *caption) {
    (void)context;
    return true_of(scene, caption);
}

typedef struct {
    Hearsay *hearsay;
    HearsayRule rule;
} Listener;

static double listen(void *context, const Scene *scene, const char *caption) {
    const Listener *listener = context;
    (void)scene;
    return hearsay_score(listener->hearsay, listener->rule, caption);
}

Tally quads_score_rule(const Quads *quads, Hearsay *hearsay, HearsayRule rule) {
    Listener listener = { hearsay, rule };
    if (rule != HEARSAY_LABELS) return quads_score_by(quads, listen, &listener);
    Tally tally = tally_new(quads->pictures, quads->captions);
    for (int half = 0; half < 2; half++) {
        hearsay_forget(hearsay);
        for (int n = 1 - half; n < quads->count; n += 2)
            for (int p = 0; p < quads->pictures; p++)
                for (int k = 0; k < quads->captions; k++) hearsay_told(hearsay, quads->item[n].caption[k], k == p);
        for (int n = half; n < quads->count; n += 2) score_item(quads, n, listen, &listener, &tally);
    }
    hearsay_forget(hearsay);
    return tally;
}

const char **quads_reading(Arena *arena, const Quads *quads, int n) {
    const QuadSettings *s = &quads->settings;
    bool seen = s->split && split_has_any(s->split, SPLIT_SEEN);
    SceneSettings settings = {
        .seed = s->seed + 1, .least = 1, .most = 3, .split = seen ? s->split : NULL, .alike = 0.3
    };
    CaptionRules rules = { .split = settings.split };
    const char **texts = arena_alloc(arena, (size_t)n, sizeof *texts);
    Rng rng = rng_seed(s->seed, 0x5ea1);
    for (int i = 0, scenes = 0; i < n; scenes++) {
        Scene scene = scene_make(&settings, (uint64_t)scenes);
        Caption caption;
        char text[CAPTION_TEXT];
        if (!caption_of(&caption, &scene, (CaptionKind)rng_below(&rng, CAPTION_KINDS), &rules, &rng)) continue;
        caption = caption_paraphrase(&caption, s->ways, &rng);
        texts[i++] = arena_text(arena, caption_text(&caption, text));
    }
    return texts;
}
