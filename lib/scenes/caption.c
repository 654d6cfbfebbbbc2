#include "scenes/caption.h"

#include <string.h>

enum { TRIES = 64 };

/* ---- kinds and nouns --------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int forms; /* as many as the grammar in caption_text.c has */
    bool two_nouns;
} kinds[] = {
    [CAPTION_OBJECT] = { "object", 3, false },    [CAPTION_COUNT] = { "count", 4, false },
    [CAPTION_PAIR] = { "pair", 4, true },         [CAPTION_COUNTS] = { "counts", 4, true },
    [CAPTION_RELATION] = { "relation", 3, true }, [CAPTION_WITHOUT] = { "without", 5, true },
    [CAPTION_NONE] = { "none", 3, false },
};
_Static_assert(COUNT(kinds) == CAPTION_KINDS, "one line per kind");

static CaptionKind kind_checked(CaptionKind kind) {
    REQUIRE((unsigned)kind < CAPTION_KINDS, "kind is %d, want 0 to %d", (int)kind, CAPTION_KINDS - 1);
    return kind;
}

const char *caption_kind_name(CaptionKind kind) { return kinds[kind_checked(kind)].name; }
int caption_forms(CaptionKind kind) { return kinds[kind_checked(kind)].forms; }
bool caption_has_two_nouns(CaptionKind kind) { return kinds[kind_checked(kind)].two_nouns; }
Noun noun_of(int colour, int shape) { return (Noun){ .size = CAPTION_ANY, .colour = colour, .shape = shape }; }

Noun noun_of_object(const SceneObject *object, unsigned fields) {
    Noun noun = noun_of(fields & NOUN_COLOUR ? (int)object->colour : CAPTION_ANY,
                        fields & NOUN_SHAPE ? (int)object->shape : CAPTION_ANY);
    if ((fields & NOUN_SIZE) && object->size != SIZE_NONE) noun.size = (int)object->size;
    return noun;
}

bool noun_matches(const Noun *noun, const SceneObject *object) {
    return (noun->size == CAPTION_ANY || noun->size == (int)object->size) &&
           (noun->colour == CAPTION_ANY || noun->colour == (int)object->colour) &&
           (noun->shape == CAPTION_ANY || noun->shape == (int)object->shape);
}

/* Order of meanings: size, then colour, then shape. */
static int noun_compare(const Noun *a, const Noun *b) {
    if (a->size != b->size) return a->size < b->size ? -1 : 1;
    if (a->colour != b->colour) return a->colour < b->colour ? -1 : 1;
    return (a->shape > b->shape) - (a->shape < b->shape);
}

/* ---- truth ------------------------------------------------------------------------------------------------------- */

static int noun_count(const Scene *scene, const Noun *noun) {
    int count = 0;
    for (int k = 0; k < scene->count; k++) count += noun_matches(noun, &scene->object[k]);
    return count;
}

/* Whether two different objects match nouns a and b, and stand in the relation if it is not NULL. */
static bool pair_exists(const Scene *scene, const Caption *c, const Relation *relation) {
    for (int i = 0; i < scene->count; i++)
        for (int j = 0; j < scene->count; j++)
            if (i != j && noun_matches(&c->a, &scene->object[i]) && noun_matches(&c->b, &scene->object[j]) &&
                (!relation || scene_related(scene, i, *relation, j)))
                return true;
    return false;
}

bool caption_true(const Scene *scene, const Caption *caption) {
    CaptionKind kind = kind_checked(caption->kind);
    int a = noun_count(scene, &caption->a);
    if (kind == CAPTION_OBJECT) return a > 0;
    if (kind == CAPTION_COUNT) return a == caption->count[0];
    if (kind == CAPTION_PAIR) return pair_exists(scene, caption, NULL);
    if (kind == CAPTION_COUNTS) return a == caption->count[0] && noun_count(scene, &caption->b) == caption->count[1];
    if (kind == CAPTION_RELATION) return pair_exists(scene, caption, &caption->relation);
    if (kind == CAPTION_WITHOUT) return a > 0 && noun_count(scene, &caption->b) == 0;
    return a == 0; /* CAPTION_NONE */
}

static bool noun_has_type(const Noun *noun) { return noun->colour != CAPTION_ANY && noun->shape != CAPTION_ANY; }
static ObjectType noun_type(const Noun *noun) { return (ObjectType){ (ShapeColour)noun->colour, (Shape)noun->shape }; }

bool caption_in_part(const Caption *caption, const Split *split, SplitPart part) {
    int nouns = 1 + caption_has_two_nouns(caption->kind);
    if (!split) return true;
    for (int k = 0; k < nouns; k++) {
        const Noun *noun = k == 0 ? &caption->a : &caption->b;
        if (!noun_has_type(noun)) continue;
        ObjectType type = noun_type(noun);
        if (!split_has_pair(split, part, type.colour, type.shape)) return false;
        if (caption->kind != CAPTION_COUNT && caption->kind != CAPTION_COUNTS) continue;
        if (!split_has_count(split, part, caption->count[k], type.colour, type.shape)) return false;
    }
    if (caption->kind != CAPTION_RELATION || !noun_has_type(&caption->a) || !noun_has_type(&caption->b)) return true;
    return split_has_relation(split, part, relation_direction(caption->relation), noun_type(&caption->a),
                              noun_type(&caption->b));
}

/* ---- meaning ----------------------------------------------------------------------------------------------------- */

static void swap_nouns(Caption *c) {
    Noun noun = c->a;
    c->a = c->b;
    c->b = noun;
}

static void swap_nouns_and_counts(Caption *c) {
    int count = c->count[0];
    swap_nouns(c);
    if (c->kind != CAPTION_COUNTS) return;
    c->count[0] = c->count[1];
    c->count[1] = count;
}

static void swap_converse(Caption *c) {
    swap_nouns_and_counts(c);
    if (c->kind == CAPTION_RELATION) c->relation = relation_converse(c->relation);
}

Caption caption_canonical(const Caption *caption) {
    Caption c = *caption;
    c.form = c.wording = 0;
    c.a.synonyms = c.b.synonyms = 0;
    bool either_way = c.kind == CAPTION_PAIR || c.kind == CAPTION_COUNTS;
    int order = noun_compare(&c.a, &c.b);
    if (either_way && (order > 0 || (order == 0 && c.count[0] > c.count[1]))) swap_nouns_and_counts(&c);
    if (c.kind == CAPTION_RELATION && (c.relation == RIGHT_OF || c.relation == BELOW)) swap_converse(&c);
    return c;
}

/* Compares field by field, because the struct may have padding. */
bool caption_identical(const Caption *a, const Caption *b) {
    return a->kind == b->kind && a->form == b->form && a->relation == b->relation && a->wording == b->wording &&
           a->count[0] == b->count[0] && a->count[1] == b->count[1] && noun_compare(&a->a, &b->a) == 0 &&
           noun_compare(&a->b, &b->b) == 0 && a->a.synonyms == b->a.synonyms && a->b.synonyms == b->b.synonyms;
}

bool caption_equivalent(const Caption *a, const Caption *b) {
    Caption x = caption_canonical(a), y = caption_canonical(b);
    return caption_identical(&x, &y);
}

static bool coin_flip(Rng *rng) { return rng_below(rng, 2); }

static void rename_noun(Noun *noun, Rng *rng) {
    noun->synonyms = rng_below(rng, 8);
    if (noun->size == CAPTION_ANY) noun->synonyms &= ~(unsigned)NOUN_SIZE;
    if (noun->colour == CAPTION_ANY) noun->synonyms &= ~(unsigned)NOUN_COLOUR;
}

Caption caption_paraphrase(const Caption *caption, unsigned paraphrases, Rng *rng) {
    Caption c = *caption;
    if (paraphrases & PARAPHRASE_SYNONYMS) {
        rename_noun(&c.a, rng);
        if (caption_has_two_nouns(c.kind)) rename_noun(&c.b, rng);
    }
    if (paraphrases & PARAPHRASE_FORMS) {
        c.form = (int)rng_below(rng, (uint32_t)caption_forms(c.kind));
        if (c.kind == CAPTION_RELATION) c.wording = coin_flip(rng);
    }
    bool symmetric = c.kind == CAPTION_PAIR || c.kind == CAPTION_COUNTS || c.kind == CAPTION_RELATION;
    if ((paraphrases & PARAPHRASE_CONVERSE) && symmetric && coin_flip(rng)) swap_converse(&c);
    return c;
}

bool caption_paraphrase_other(Caption *out, const Caption *caption, unsigned paraphrases, Rng *rng) {
    *out = *caption;
    for (int tries = 0; tries < TRIES && caption_identical(out, caption); tries++)
        *out = caption_paraphrase(caption, paraphrases, rng);
    return !caption_identical(out, caption);
}

/* ---- edits ------------------------------------------------------------------------------------------------------- */

/* A noun's size, colour or shape. */
static int *noun_part(Noun *noun, unsigned field) {
    return field == NOUN_SIZE ? &noun->size : field == NOUN_COLOUR ? &noun->colour : &noun->shape;
}

/* Synonym bits move together with the parts. */
static bool swap_part(Caption *c, unsigned field) {
    int *a = noun_part(&c->a, field), *b = noun_part(&c->b, field), was = *a;
    if (!caption_has_two_nouns(c->kind) || *a == CAPTION_ANY || *b == CAPTION_ANY) return false;
    *a = *b;
    *b = was;
    unsigned differ = (c->a.synonyms ^ c->b.synonyms) & field;
    c->a.synonyms ^= differ;
    c->b.synonyms ^= differ;
    return true;
}

/* A random value of 0 .. n-1 other than `was`. */
static int another_value(int was, int n, Rng *rng) { return (was + 1 + (int)rng_below(rng, (uint32_t)(n - 1))) % n; }

static bool replace_part(Caption *c, unsigned field, int n, Rng *rng) {
    Noun *noun = caption_has_two_nouns(c->kind) && coin_flip(rng) ? &c->b : &c->a;
    int *part = noun_part(noun, field);
    if (*part == CAPTION_ANY && caption_has_two_nouns(c->kind)) part = noun_part(noun == &c->a ? &c->b : &c->a, field);
    if (*part == CAPTION_ANY) return false;
    *part = another_value(*part, n, rng);
    return true;
}

static bool replace_count(Caption *c, Rng *rng) {
    if (c->kind != CAPTION_COUNT && c->kind != CAPTION_COUNTS) return false;
    int *count = &c->count[c->kind == CAPTION_COUNTS && coin_flip(rng)];
    *count = 1 + another_value(*count - 1, SCENE_MAX, rng);
    return true;
}

static bool swap_order(Caption *c) {
    if (c->kind != CAPTION_RELATION && c->kind != CAPTION_WITHOUT && c->kind != CAPTION_COUNTS) return false;
    swap_nouns(c);
    return true;
}

static bool replace_relation(Caption *c, bool opposite, Rng *rng) {
    if (c->kind != CAPTION_RELATION) return false;
    if (opposite) c->relation = relation_converse(c->relation);
    else c->relation = (Relation)another_value((int)c->relation, RELATION_COUNT, rng);
    return true;
}

/* Keeps the form if the other kind has a form of that number. */
static bool negate(Caption *c) {
    if (c->kind == CAPTION_OBJECT) c->kind = CAPTION_NONE;
    else if (c->kind == CAPTION_NONE) c->kind = CAPTION_OBJECT;
    else if (c->kind == CAPTION_PAIR) c->kind = CAPTION_WITHOUT;
    else if (c->kind == CAPTION_WITHOUT) c->kind = CAPTION_PAIR;
    else return false;
    c->form = MIN(c->form, caption_forms(c->kind) - 1);
    return true;
}

static bool edit_one(Caption *c, CaptionEdit edit, Rng *rng) {
    if (edit == EDIT_SWAP_COLOURS) return swap_part(c, NOUN_COLOUR);
    if (edit == EDIT_SWAP_SHAPES) return swap_part(c, NOUN_SHAPE);
    if (edit == EDIT_SWAP_SIZES) return swap_part(c, NOUN_SIZE);
    if (edit == EDIT_SWAP_NOUNS) return swap_order(c);
    if (edit == EDIT_REPLACE_COLOUR) return replace_part(c, NOUN_COLOUR, COLOUR_COUNT, rng);
    if (edit == EDIT_REPLACE_SHAPE) return replace_part(c, NOUN_SHAPE, SHAPE_COUNT, rng);
    if (edit == EDIT_REPLACE_SIZE) return replace_part(c, NOUN_SIZE, SIZE_COUNT, rng);
    if (edit == EDIT_REPLACE_COUNT) return replace_count(c, rng);
    if (edit == EDIT_REPLACE_RELATION) return replace_relation(c, false, rng);
    if (edit == EDIT_INVERT_RELATION) return replace_relation(c, true, rng);
    REQUIRE(edit == EDIT_NEGATE, "edit is %d, want 0 to %d", (int)edit, EDIT_KINDS - 1);
    return negate(c);
}

bool caption_edit(Caption *out, const Caption *caption, CaptionEdit edit, Rng *rng) {
    Caption c = *caption;
    if (!edit_one(&c, edit, rng) || caption_equivalent(&c, caption)) return false;
    *out = c;
    return true;
}

/* ---- captions of a scene ----------------------------------------------------------------------------------------- */

static Noun noun_random(unsigned fields, Rng *rng) {
    Noun noun = { CAPTION_ANY, CAPTION_ANY, CAPTION_ANY, 0 };
    if (fields & NOUN_SIZE) noun.size = (int)rng_below(rng, SIZE_COUNT);
    if (fields & NOUN_COLOUR) noun.colour = (int)rng_below(rng, COLOUR_COUNT);
    if (fields & NOUN_SHAPE) noun.shape = (int)rng_below(rng, SHAPE_COUNT);
    return noun;
}

/* Draws a caption that may be true. */
static Caption candidate(const Scene *scene, CaptionKind kind, unsigned fields, Rng *rng) {
    int n = scene->count, i = (int)rng_below(rng, (uint32_t)n), j = n > 1 ? another_value(i, n, rng) : i;
    Caption c = { .kind = kind, .a = noun_of_object(&scene->object[i], fields) };
    if (caption_has_two_nouns(kind)) c.b = noun_of_object(&scene->object[j], fields);
    if (kind == CAPTION_NONE) c.a = noun_random(fields, rng);
    if (kind == CAPTION_WITHOUT) c.b = noun_random(fields, rng);
    if (kind == CAPTION_RELATION) c.relation = (Relation)rng_below(rng, RELATION_COUNT);
    if (kind == CAPTION_COUNT || kind == CAPTION_COUNTS) c.count[0] = noun_count(scene, &c.a);
    if (kind == CAPTION_COUNTS) c.count[1] = noun_count(scene, &c.b);
    return c;
}

static bool rules_allow(const CaptionRules *rules, const Caption *c) {
    return !rules || caption_in_part(c, rules->split, rules->part);
}

static unsigned rules_fields(const CaptionRules *rules) { return rules && rules->fields ? rules->fields : NOUN_FULL; }

bool caption_random_true(Caption *out, const Scene *scene, CaptionKind kind, const CaptionRules *rules, Rng *rng) {
    kind_checked(kind);
    for (int tries = 0; tries < TRIES; tries++) {
        Caption c = candidate(scene, kind, rules_fields(rules), rng);
        if (caption_has_two_nouns(kind) && noun_compare(&c.a, &c.b) == 0) continue;
        if (!caption_true(scene, &c) || !rules_allow(rules, &c)) continue;
        *out = c;
        return true;
    }
    return false;
}

bool caption_random_false(Caption *out, const Scene *scene, const Caption *caption, unsigned edits,
                          const CaptionRules *rules, Rng *rng) {
    CaptionEdit list[EDIT_KINDS];
    int n = 0;
    for (int edit = 0; edit < EDIT_KINDS; edit++)
        if (edits >> edit & 1) list[n++] = (CaptionEdit)edit;
    REQUIRE(n > 0, "edits are %#x, want some of the lower %d bits", edits, EDIT_KINDS);
    for (int tries = 0; tries < TRIES; tries++) {
        Caption c;
        if (!caption_edit(&c, caption, list[rng_below(rng, (uint32_t)n)], rng)) continue;
        if (caption_true(scene, &c) || !rules_allow(rules, &c)) continue;
        *out = c;
        return true;
    }
    return false;
}
