/* Captions: sentences about scenes, as a struct and as text, and whether they are true.
 *
 *   noun       [size] [colour] shape; "thing" stands for any shape     "a red circle", "a small star", "a blue thing"
 *   kind       canonical sentence                                      true if
 *   OBJECT     a red circle                                            there is at least one
 *   COUNT      three red circles                                       there are exactly three
 *   PAIR       a red circle and a blue square                          there are both, as two different objects
 *   COUNTS     two red circles and three blue squares                  both counts are exact
 *   RELATION   a red circle left of a blue square                      some red circle is left of some blue square
 *   WITHOUT    a red circle and no blue square                         some of the first, none of the second
 *   NONE       no blue square                                          there is none
 *
 * Meaning and wording are separate. Every colour, shape and size has a synonym (red, crimson; circle, disc ...), every
 * relation two wordings (left of, to the left of; above, over ...), every kind several forms ("there is a red circle",
 * "a picture of a red circle"). caption.c works on the struct, caption_text.c on the text. */
#ifndef CAPTION_H
#define CAPTION_H

#include "dataset/words.h"
#include "scenes/scene.h"

enum { CAPTION_ANY = -1 };                       /* a noun's size, colour or shape that is not named (shape: "thing") */
enum { CAPTION_TEXT = 160, CAPTION_WORDS = 16 }; /* bytes that hold the text of any caption; most words of one */

/* Parts that a noun names. */
enum { NOUN_SIZE = 1, NOUN_COLOUR = 2, NOUN_SHAPE = 4, NOUN_FULL = NOUN_COLOUR | NOUN_SHAPE };

typedef struct {
    int size, colour, shape; /* Size, ShapeColour, Shape or CAPTION_ANY */
    unsigned synonyms;       /* NOUN_ bits: parts said by their synonym ("shape" for "thing"); 0 for unnamed parts */
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

/* Fields that a kind does not use are 0; nouns that it does not use are { 0 }. */
typedef struct {
    CaptionKind kind;
    int form;          /* 0 .. caption_forms(kind)-1; 0 is the canonical sentence */
    Relation relation; /* RELATION */
    int wording;       /* RELATION: 0 or 1 */
    int count[2];      /* COUNT: the first; COUNTS: both; 1 to SCENE_MAX */
    Noun a, b;
} Caption;

const char *caption_kind_name(CaptionKind kind); /* "object", "count", ... */
int caption_forms(CaptionKind kind);             /* number of forms */
bool caption_has_two_nouns(CaptionKind kind);

Noun noun_of(int colour, int shape); /* without size, without synonyms */
/* A noun that names these fields of the object (NOUN_ bits; the size only if it has one). */
Noun noun_of_object(const SceneObject *object, unsigned fields);

/* ---- truth ------------------------------------------------------------------------------------------------------- */

/* Whether the object has every part that the noun names. */
bool noun_matches(const Noun *noun, const SceneObject *object);
/* The evaluator: the column "true if" above, from the scene graph. Wording and synonyms do not matter. */
bool caption_true(const Scene *scene, const Caption *caption);

/* Whether all combinations that the caption names, also under a negation, are in that part of the split (NULL: yes). A
 * noun without colour or shape names none. */
bool caption_in_part(const Caption *caption, const Split *split, SplitPart part);

/* ---- text -------------------------------------------------------------------------------------------------------- */

/* Writes the sentence, lower case, without full stop, into text[CAPTION_TEXT]; returns text. */
char *caption_text(const Caption *caption, char *text);

/* The inverse: caption_parse(caption_text(c)) gives c. Also accepts upper case, a full stop, "an" for "a" and "is" for
 * "are". False, with *caption unchanged and one line that names the first word that does not fit. */
bool caption_parse(const char *text, Caption *caption, Err *err);

/* All words of the grammar; on the arena. "a" never becomes "an", because no noun phrase starts with a vowel. */
Vocab caption_vocab(Arena *arena);
/* Whether two texts, shorter than CAPTION_TEXT, have the same words, each equally often, in any order. */
bool caption_same_words(const char *a, const char *b);

/* ---- meaning ----------------------------------------------------------------------------------------------------- */

/* The canonical caption of the same meaning: no synonyms, form 0, left and above instead of right and below, the nouns
 * of PAIR and COUNTS in order. */
Caption caption_canonical(const Caption *caption);
bool caption_equivalent(const Caption *a, const Caption *b); /* equal canonical captions */
bool caption_identical(const Caption *a, const Caption *b);  /* the same text, word for word */

/* Ways to paraphrase. */
enum {
    PARAPHRASE_SYNONYMS = 1,
    PARAPHRASE_FORMS = 2,    /* any form, any wording of the relation */
    PARAPHRASE_CONVERSE = 4, /* the nouns of PAIR, COUNTS and RELATION change places, the relation is inverted */
    PARAPHRASE_ALL = 7
};

/* A random caption of the same meaning. Each allowed way is drawn at random, so the result may equal the caption. */
Caption caption_paraphrase(const Caption *caption, unsigned paraphrases, Rng *rng);
/* A paraphrase that differs from the caption. False if 64 draws give none; *out is then the caption. */
bool caption_paraphrase_other(Caption *out, const Caption *caption, unsigned paraphrases, Rng *rng);

/* Edits that change the meaning. Each leaves everything else unchanged. */
typedef enum {
    EDIT_SWAP_COLOURS, /* the colours of the two nouns    "a blue circle and a red square" */
    EDIT_SWAP_SHAPES,
    EDIT_SWAP_SIZES,
    EDIT_SWAP_NOUNS,     /* RELATION, WITHOUT, COUNTS (the counts stay) */
    EDIT_REPLACE_COLOUR, /* of one noun by another colour */
    EDIT_REPLACE_SHAPE,
    EDIT_REPLACE_SIZE,
    EDIT_REPLACE_COUNT,
    EDIT_REPLACE_RELATION, /* by one of the other three */
    EDIT_INVERT_RELATION,  /* by its converse, without swapping the nouns */
    EDIT_NEGATE,           /* OBJECT <-> NONE, PAIR <-> WITHOUT */
    EDIT_KINDS
} CaptionEdit;

/* False, with *out unchanged, if the edit does not apply (no such part is named) or does not change the meaning. The
 * result may still be true of a scene: ask caption_true. rng is used by REPLACE; for the others it may be NULL. */
bool caption_edit(Caption *out, const Caption *caption, CaptionEdit edit, Rng *rng);

/* ---- captions of a scene ----------------------------------------------------------------------------------------- */

typedef struct {
    unsigned fields;    /* NOUN_ bits that nouns name; 0: NOUN_FULL */
    const Split *split; /* combinations that may be named; NULL: all */
    SplitPart part;
} CaptionRules;

/* Draws a canonical caption of the kind that is true of the scene. Objects are equally likely; what is denied (NONE,
 * WITHOUT) is uniform among what is absent; the two nouns of RELATION, PAIR and COUNTS differ. False if 64 tries find
 * none. rules NULL: the defaults. */
bool caption_random_true(Caption *out, const Scene *scene, CaptionKind kind, const CaptionRules *rules, Rng *rng);

/* Draws an edit among `edits` (bits 1 << EDIT_...) of a true caption that is false of the scene and within the rules.
 * False if 64 tries find none. */
bool caption_random_false(Caption *out, const Scene *scene, const Caption *caption, unsigned edits,
                          const CaptionRules *rules, Rng *rng);

#endif
