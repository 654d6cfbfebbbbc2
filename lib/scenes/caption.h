/* caption: sentences about scenes, as a small struct; as text; and whether they are true.
 *
 *   noun       [size] [colour] shape, or "thing" for any shape       "a red circle", "a small star", "a blue thing"
 *   kind       plain sentence                                          true when
 *   OBJECT     a red circle                                            there is at least one
 *   COUNT      three red circles                                       there are exactly three
 *   PAIR       a red circle and a blue square                          there are both, as two different objects
 *   COUNTS     two red circles and three blue squares                  both counts are exact
 *   RELATION   a red circle left of a blue square                      some red circle is left of some blue square
 *   WITHOUT    a red circle and no blue square                         there is one of the first at least, no second
 *   NONE       no blue square                                          there is none
 *
 * Every colour, shape and size has two names (red, crimson; circle, disc; ...), every relation two wordings (left of,
 * to the left of; above, over; ...), and every kind a few forms ("there is a red circle", "a picture of a red circle"):
 * what a caption says and how it says it are kept apart, so paraphrases are cheap and certain.
 */
#ifndef CAPTION_H
#define CAPTION_H

#include "scenes/scene.h"
#include "dataset/words.h"

enum { CAPTION_ANY = -1 };   /* of a noun's size, colour or shape: not said (shape: "thing") */
enum { CAPTION_TEXT = 160 }; /* bytes that hold any caption's text */
enum { CAPTION_WORDS = 16 }; /* no caption has more words */

/* Which of its parts a noun names. */
enum { NOUN_SIZE = 1, NOUN_COLOUR = 2, NOUN_SHAPE = 4, NOUN_FULL = NOUN_COLOUR | NOUN_SHAPE };

typedef struct {
    int size, colour, shape; /* Size, ShapeColour, Shape or CAPTION_ANY */
    unsigned synonyms;       /* NOUN_ bits: parts by their second name ("shape" for "thing"); 0 for parts not said */
} Noun;

typedef enum {
    CAPTION_OBJECT,
    CAPTION_COUNT,
    CAPTION_PAIR,
    CAPTION_COUNTS,
    CAPTION_RELATION,
    CAPTION_WITHOUT,
    CAPTION_NONE,
    CAPTION_KINDS
} CaptionKind;

/* Fields that a kind does not use are 0; nouns it does not use are { 0 }. */
typedef struct {
    CaptionKind kind;
    int form;          /* 0 .. caption_forms(kind)-1; 0 is the plain sentence */
    Relation relation; /* RELATION */
    int wording;       /* RELATION: 0 or 1 */
    int count[2];      /* COUNT: the first; COUNTS: both; 1 to SCENE_MAX */
    Noun a, b;
} Caption;

const char *caption_kind_name(CaptionKind kind); /* "object", "count", ... */
int caption_forms(CaptionKind kind);             /* how many forms it has */
bool caption_has_two_nouns(CaptionKind kind);    /* does it have a second noun? */

/* Plain captions by hand: noun_of(COLOUR_RED, SHAPE_CIRCLE) with no size, first names. */
Noun noun_of(int colour, int shape);
Noun noun_of_object(const SceneObject *object, unsigned fields); /* naming the parts in fields (size: if it has one) */

/* ---- truth -------------------------------------------------------------------------------------------------- */

/* Has the object every part that the noun names? By any name: `other` says nothing. */
bool noun_matches(const Noun *noun, const SceneObject *object);

/* The evaluator: what the table above says under "true when", of the scene graph. Wording and names do not count. */
bool caption_true(const Scene *scene, const Caption *caption);

/* Are all combinations that the caption names in that part of the split? A noun without colour or shape names none, nor
 * does a split of another kind: see split.h. What is denied counts as named. */
bool caption_in_part(const Caption *caption, const Split *split, SplitPart part);

/* ---- text --------------------------------------------------------------------------------------------------- */

/* The sentence, lower case, no full stop, into text[CAPTION_TEXT]; returns text. */
char *caption_text(const Caption *caption, char *text);

/* And back: caption_parse(caption_text(c)) gives c. Upper case, a full stop at the end, "an" for "a" and "is" for "are"
 * are forgiven. False, and *caption as it was, with one line that names the word where it went wrong. */
bool caption_parse(const char *text, Caption *caption, Err *err);

/* All words of the grammar; on the arena. No word starts with a vowel where "a" may stand before it, so that swapping
 * words never turns "a" into "an". */
Vocab caption_vocab(Arena *arena);

/* Do the texts have the same words, each as often, in whatever order? */
bool caption_same_words(const Caption *a, const Caption *b);

/* ---- meaning ------------------------------------------------------------------------------------------------ */

/* The one plain caption of all that say the same by their words, order or converse: first names, form 0, left and above
 * for right and below, the nouns of a pair in order. */
Caption caption_canonical(const Caption *caption);
bool caption_equivalent(const Caption *a, const Caption *b); /* the same plain caption? */
bool caption_identical(const Caption *a, const Caption *b);  /* the same sentence, word for word? */

/* In what ways a caption may be said otherwise. */
enum {
    PARAPHRASE_SYNONYMS = 1, /* first or second names */
    PARAPHRASE_FORMS = 2,    /* any form, any wording of the relation */
    PARAPHRASE_CONVERSE = 4, /* the nouns of PAIR, COUNTS and RELATION change places */
    PARAPHRASE_ALL = 7
};

/* Says the same with other words: each of the ways allowed is left to chance, so it may well come out as it was. */
Caption caption_paraphrase(const Caption *caption, unsigned paraphrases, Rng *rng);

/* Says something else. Each leaves all else as it is. */
typedef enum {
    EDIT_SWAP_COLOURS, /* the two nouns' colours      "a blue circle and a red square" */
    EDIT_SWAP_SHAPES,  /* the two nouns' shapes */
    EDIT_SWAP_SIZES,
    EDIT_SWAP_NOUNS,     /* the two nouns change places: RELATION, WITHOUT, COUNTS (there the counts stay) */
    EDIT_REPLACE_COLOUR, /* of one noun by another one */
    EDIT_REPLACE_SHAPE,
    EDIT_REPLACE_SIZE,
    EDIT_REPLACE_COUNT,
    EDIT_REPLACE_RELATION, /* by another of the three */
    EDIT_INVERT_RELATION,  /* the relation by its converse, nouns staying */
    EDIT_NEGATE,           /* OBJECT <-> NONE, PAIR <-> WITHOUT */
    EDIT_KINDS
} CaptionEdit;
const char *caption_edit_name(CaptionEdit edit); /* "swap-colours" ... */

/* False, and *out untouched, when the edit does not apply (no such part is named) or would say the same as before.
 * What it says may still be true of a scene: ask caption_true. rng is for REPLACE; the others may pass NULL. */
bool caption_edit(Caption *out, const Caption *caption, CaptionEdit edit, Rng *rng);

/* ---- captions of a scene ------------------------------------------------------------------------------------ */

/* What to say: which parts nouns name (NOUN_ bits), from which part of a split (NULL: all). */
typedef struct {
    unsigned fields; /* 0: NOUN_FULL */
    const Split *split;
    SplitPart part;
} CaptionRules;

/* A random plain caption of the kind that is true of the scene; false when none was found in 64 tries.
 * Objects are equally likely to be spoken of; what is denied (NONE, WITHOUT) is uniform among what is not there. The
 * two nouns of RELATION, PAIR and COUNTS differ. */
bool caption_random_true(Caption *out, const Scene *scene, CaptionKind kind, const CaptionRules *rules, Rng *rng);

/* A random edit among `edits` (bits 1 << EDIT_...) of a true caption that is false of the scene, within the rules;
 * false when none was found in 64 tries. */
bool caption_random_false(Caption *out, const Scene *scene, const Caption *caption, unsigned edits,
                          const CaptionRules *rules, Rng *rng);

/* Every plain caption of a kind whose nouns name just these fields and that is true of the scene (or, with truth false,
 * is false of it), in a fixed order, each meaning once; *count of them, on the arena. Two nouns of a caption differ.
 * Up to 50,000 (COUNTS), a few milliseconds; with NOUN_SIZE four times as many. */
Caption *caption_list(Arena *arena, const Scene *scene, CaptionKind kind, const CaptionRules *rules, bool truth,
                      int *count);

#endif
