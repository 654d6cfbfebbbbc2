/* The grammar of captions: writing and parsing.
 *
 *   caption   [opening] phrase [joint phrase]
 *   opening   "a picture of" | "a picture without" | "there is" | "there are" | "exactly"
 *   phrase    quantity noun             quantity "a" | "no" | "one" ... "five"
 *   joint     "and" | "with" | "without" | "but" | a relation
 *   noun      [size] [colour] shape     the shape in the plural after "two" ... "five"
 *
 * The table forms[] lists which openings, quantities and joints occur together. Writing and parsing both use it. */
#include "scenes/caption.h"

#include <stdlib.h>
#include <string.h>

/* ---- words ------------------------------------------------------------------------------------------------------- */

static const char *const size_words[][2] = { { "small", "tiny" }, { "large", "big" } };
static const char *const colour_words[][2] = {
    { "red", "crimson" },    { "blue", "cobalt" },   { "green", "jade" },  { "yellow", "golden" },
    { "cyan", "turquoise" }, { "purple", "violet" }, { "white", "snowy" }, { "black", "jet" },
};
static const struct {
    const char *one[2], *many[2];
} shape_words[] = {
    { { "circle", "disc" }, { "circles", "discs" } },         { { "square", "box" }, { "squares", "boxes" } },
    { { "triangle", "wedge" }, { "triangles", "wedges" } },   { { "star", "pentagram" }, { "stars", "pentagrams" } },
    { { "cross", "plus" }, { "crosses", "pluses" } },         { { "diamond", "lozenge" }, { "diamonds", "lozenges" } },
    { { "heart", "valentine" }, { "hearts", "valentines" } }, { { "bar", "strip" }, { "bars", "strips" } },
    { { "thing", "shape" }, { "things", "shapes" } }, /* any shape */
};
static const char *const relation_words[][2] = {
    { "left of", "to the left of" }, { "right of", "to the right of" }, { "above", "over" }, { "below", "under" }
};
static const char *const count_words[] = { "one", "two", "three", "four", "five" };
_Static_assert(COUNT(size_words) == SIZE_COUNT && COUNT(colour_words) == COLOUR_COUNT &&
                   COUNT(shape_words) == SHAPE_COUNT + 1 && COUNT(relation_words) == RELATION_COUNT &&
                   COUNT(count_words) == SCENE_MAX,
               "two words each");

typedef enum { OPEN_NONE, OPEN_PICTURE, OPEN_WITHOUT, OPEN_THERE, OPEN_EXACTLY } Opening;
typedef enum { NOT_THERE, SOME, NO, NUMBER } Quantity; /* SOME "a", NO "no", NUMBER "three" */
typedef enum { JOINT_NONE, JOINT_AND, JOINT_WITH, JOINT_WITHOUT, JOINT_BUT, JOINT_RELATION } Joint;
static const char *const opening_words[] = { "", "a picture of ", "a picture without ", "there is ", "exactly " };
static const char *const joint_words[] = { "", " and ", " with ", " without ", " but ", NULL };

typedef struct {
    Opening opening;
    Quantity a;
    Joint joint;
    Quantity b;
} Form;

static const Form forms[CAPTION_KINDS][5] = {
    [CAPTION_OBJECT] = { { OPEN_NONE, SOME, 0, 0 }, { OPEN_PICTURE, SOME, 0, 0 }, { OPEN_THERE, SOME, 0, 0 } },
    [CAPTION_COUNT] = { { OPEN_NONE, NUMBER, 0, 0 },
                        { OPEN_PICTURE, NUMBER, 0, 0 },
                        { OPEN_THERE, NUMBER, 0, 0 },
                        { OPEN_EXACTLY, NUMBER, 0, 0 } },
    [CAPTION_PAIR] = { { OPEN_NONE, SOME, JOINT_AND, SOME },
                       { OPEN_PICTURE, SOME, JOINT_AND, SOME },
                       { OPEN_THERE, SOME, JOINT_AND, SOME },
                       { OPEN_NONE, SOME, JOINT_WITH, SOME } },
    [CAPTION_COUNTS] = { { OPEN_NONE, NUMBER, JOINT_AND, NUMBER },
                         { OPEN_PICTURE, NUMBER, JOINT_AND, NUMBER },
                         { OPEN_THERE, NUMBER, JOINT_AND, NUMBER },
                         { OPEN_NONE, NUMBER, JOINT_WITH, NUMBER } },
    [CAPTION_RELATION] = { { OPEN_NONE, SOME, JOINT_RELATION, SOME },
                           { OPEN_PICTURE, SOME, JOINT_RELATION, SOME },
                           { OPEN_THERE, SOME, JOINT_RELATION, SOME } },
    [CAPTION_WITHOUT] = { { OPEN_NONE, SOME, JOINT_AND, NO },
                          { OPEN_PICTURE, SOME, JOINT_AND, NO },
                          { OPEN_THERE, SOME, JOINT_AND, NO },
                          { OPEN_NONE, SOME, JOINT_WITHOUT, SOME },
                          { OPEN_NONE, SOME, JOINT_BUT, NO } },
    [CAPTION_NONE] = { { OPEN_NONE, NO, 0, 0 }, { OPEN_WITHOUT, SOME, 0, 0 }, { OPEN_THERE, NO, 0, 0 } },
};

/* ---- writing ----------------------------------------------------------------------------------------------------- */

typedef struct {
    char *text;
    size_t size;
} Line;

static void line_add(Line *line, const char *word) {
    size_t size = strlen(word);
    REQUIRE(line->size + size < CAPTION_TEXT, "a caption is longer than %d bytes", CAPTION_TEXT);
    memcpy(line->text + line->size, word, size + 1);
    line->size += size;
}

static const char *shape_word(int shape, bool many, bool synonym) {
    int row = shape == CAPTION_ANY ? SHAPE_COUNT : shape;
    return many ? shape_words[row].many[synonym] : shape_words[row].one[synonym];
}

static void line_add_phrase(Line *line, Quantity quantity, int count, const Noun *noun) {
    REQUIRE(noun->size < SIZE_COUNT && noun->colour < COLOUR_COUNT && noun->shape < SHAPE_COUNT, "noun is %d, %d, %d",
            noun->size, noun->colour, noun->shape);
    REQUIRE(quantity != NUMBER || (count >= 1 && count <= SCENE_MAX), "count is %d, want 1 to %d", count, SCENE_MAX);
    bool size = noun->synonyms & NOUN_SIZE, colour = noun->synonyms & NOUN_COLOUR;
    line_add(line, quantity == SOME ? "a" : quantity == NO ? "no" : count_words[count - 1]);
    line_add(line, " ");
    line_add(line, noun->size >= 0 ? size_words[noun->size][size] : "");
    line_add(line, noun->size >= 0 ? " " : "");
    line_add(line, noun->colour >= 0 ? colour_words[noun->colour][colour] : "");
    line_add(line, noun->colour >= 0 ? " " : "");
    line_add(line, shape_word(noun->shape, quantity == NUMBER && count > 1, noun->synonyms & NOUN_SHAPE));
}

char *caption_text(const Caption *c, char *text) {
    REQUIRE(c->form >= 0 && c->form < caption_forms(c->kind), "form is %d of %d", c->form, caption_forms(c->kind));
    const Form *form = &forms[c->kind][c->form];
    Line line = { text, 0 };
    bool many = form->opening == OPEN_THERE && form->a == NUMBER && c->count[0] > 1;
    line_add(&line, many ? "there are " : opening_words[form->opening]);
    line_add_phrase(&line, form->a, c->count[0], &c->a);
    if (form->joint == JOINT_NONE) return text;
    if (form->joint == JOINT_RELATION) {
        REQUIRE((unsigned)c->relation < RELATION_COUNT && (unsigned)c->wording < 2, "relation, wording are %d, %d",
                (int)c->relation, c->wording);
        line_add(&line, " ");
        line_add(&line, relation_words[c->relation][c->wording]);
        line_add(&line, " ");
    } else line_add(&line, joint_words[form->joint]);
    line_add_phrase(&line, form->b, c->count[1], &c->b);
    return text;
}

/* ---- parsing ----------------------------------------------------------------------------------------------------- */

enum { WORD_MAX = 24 }; /* bytes of a word; no caption has longer ones */

typedef struct {
    const char *text;
    char word[CAPTION_WORDS][WORD_MAX];
    int count, at;
    Err *err;
} Reader;

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* Copies a word in lower case; control characters become '?', a long word is cut. */
static void copy_word(char *word, const char *text, size_t size) {
    size_t n = MIN(size, WORD_MAX - 1);
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        word[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : (unsigned char)c < 32 || c == 127 ? '?' : c;
    }
    word[n] = '\0';
    if (size >= WORD_MAX) memcpy(word + WORD_MAX - 4, "...", 4);
}

static bool read_words(Reader *r) {
    size_t end = strlen(r->text);
    while (end > 0 && is_space(r->text[end - 1])) end--;
    if (end > 0 && r->text[end - 1] == '.') end--;
    for (size_t i = 0; i < end; i++) {
        size_t from = i;
        while (i < end && !is_space(r->text[i])) i++;
        if (i == from) continue;
        if (r->count == CAPTION_WORDS)
            return err_set(r->err, "a caption has at most %d words; this one has more", CAPTION_WORDS);
        copy_word(r->word[r->count++], r->text + from, i - from);
    }
    return r->count > 0 || err_set(r->err, "a caption is empty, want a sentence such as \"a red circle\"");
}

static const char *word_now(const Reader *r) { return r->at < r->count ? r->word[r->at] : ""; }

/* Consumes the words of `words` if they come next. */
static bool take(Reader *r, const char *words) {
    int at = r->at;
    for (const char *from = words; *from;) {
        size_t size = strcspn(from, " ");
        if (at == r->count || strlen(r->word[at]) != size || memcmp(r->word[at], from, size)) return false;
        at++;
        from += size + (from[size] == ' ');
    }
    r->at = at;
    return true;
}

/* Consumes one of n names or its synonym: *which says which name; the synonym adds `bit` to *synonyms. */
static bool take_name(Reader *r, const char *const (*names)[2], int n, int *which, unsigned bit, unsigned *synonyms) {
    for (int i = 0; i < 2 * n; i++) {
        if (!take(r, names[i / 2][i % 2])) continue;
        *which = i / 2;
        if (i % 2) *synonyms |= bit;
        return true;
    }
    return false;
}

static bool wrong_word(Reader *r, const char *want) {
    if (r->at == r->count)
        return err_set(r->err, "a caption ends after \"%s\" (word %d), want %s", r->count ? r->word[r->count - 1] : "",
                       r->count, want);
    return err_set(r->err, "\"%s\" (word %d of the caption) does not fit here, want %s", word_now(r), r->at + 1, want);
}

static bool read_shape(Reader *r, bool many, Noun *noun) {
    for (int i = 0; i <= SHAPE_COUNT; i++)
        for (int synonym = 0; synonym < 2; synonym++) {
            int shape = i < SHAPE_COUNT ? i : CAPTION_ANY;
            if (take(r, shape_word(shape, many, synonym))) {
                noun->shape = shape;
                if (synonym) noun->synonyms |= NOUN_SHAPE;
                return true;
            }
            if (!strcmp(word_now(r), shape_word(shape, !many, synonym))) {
                char want[2 * WORD_MAX];
                snprintf(want, sizeof want, "\"%s\" here", shape_word(shape, many, synonym));
                return wrong_word(r, want);
            }
        }
    if (noun->colour == CAPTION_ANY) return wrong_word(r, "a colour or a shape, such as \"red\" or \"circle\"");
    return wrong_word(r, many ? "shapes, such as \"circles\"" : "a shape, such as \"circle\"");
}

static bool read_phrase(Reader *r, Quantity *quantity, int *count, Noun *noun) {
    *noun = noun_of(CAPTION_ANY, CAPTION_ANY);
    *count = 0;
    *quantity = NOT_THERE;
    if (take(r, "a") || take(r, "an")) *quantity = SOME;
    else if (take(r, "no")) *quantity = NO;
    for (int i = 0; i < SCENE_MAX && *quantity == NOT_THERE; i++)
        if (take(r, count_words[i])) {
            *quantity = NUMBER;
            *count = i + 1;
        }
    if (*quantity == NOT_THERE) return wrong_word(r, "\"a\", \"no\", or \"one\" to \"five\"");
    take_name(r, size_words, SIZE_COUNT, &noun->size, NOUN_SIZE, &noun->synonyms);
    take_name(r, colour_words, COLOUR_COUNT, &noun->colour, NOUN_COLOUR, &noun->synonyms);
    return read_shape(r, *count > 1, noun);
}

static Opening read_opening(Reader *r) {
    if (take(r, "a picture of")) return OPEN_PICTURE;
    if (take(r, "a picture without")) return OPEN_WITHOUT;
    if (take(r, "there is") || take(r, "there are")) return OPEN_THERE;
    return take(r, "exactly") ? OPEN_EXACTLY : OPEN_NONE;
}

static Joint read_joint(Reader *r, Caption *c) {
    int relation = 0;
    unsigned wording = 0;
    for (int i = JOINT_AND; i < JOINT_RELATION; i++) {
        char word[WORD_MAX];
        snprintf(word, sizeof word, "%.*s", (int)strlen(joint_words[i]) - 2, joint_words[i] + 1);
        if (take(r, word)) return (Joint)i;
    }
    if (!take_name(r, relation_words, RELATION_COUNT, &relation, 1, &wording)) return JOINT_NONE;
    c->relation = (Relation)relation;
    c->wording = (int)wording;
    return JOINT_RELATION;
}

/* Finds the kind and form of a parsed sentence. The error names the second quantity, or else the first. */
static bool find_form(Reader *r, Form found, int first, int second, Caption *c) {
    for (int kind = 0; kind < CAPTION_KINDS; kind++)
        for (int form = 0; form < caption_forms((CaptionKind)kind); form++) {
            const Form *f = &forms[kind][form];
            if (f->opening == found.opening && f->a == found.a && f->joint == found.joint && f->b == found.b) {
                c->kind = (CaptionKind)kind;
                c->form = form;
                return true;
            }
        }
    r->at = found.joint ? second : first;
    return err_set(r->err,
                   "\"%s\" (word %d of the caption) does not go with the rest; sentences are such as "
                   "\"a red circle and no blue square\", \"three stars\", \"a heart above a bar\"",
                   word_now(r), r->at + 1);
}

bool caption_parse(const char *text, Caption *caption, Err *err) {
    Reader r = { .text = text, .err = err };
    Caption c = { 0 };
    Form found = { 0 };
    int second = 0;
    if (!read_words(&r)) return false;
    found.opening = read_opening(&r);
    int first = r.at;
    if (!read_phrase(&r, &found.a, &c.count[0], &c.a)) return false;
    if (r.at < r.count) {
        found.joint = read_joint(&r, &c);
        second = r.at;
        if (!found.joint)
            return wrong_word(&r, "the end, \"and\", \"with\", \"without\", \"but\" or a relation such as \"left of\"");
        if (!read_phrase(&r, &found.b, &c.count[1], &c.b)) return false;
    }
    if (r.at < r.count) return wrong_word(&r, "the end of the caption");
    if (!find_form(&r, found, first, second, &c)) return false;
    *caption = c;
    return true;
}

/* ---- words of captions ------------------------------------------------------------------------------------------- */

Vocab caption_vocab(Arena *arena) {
    enum { LIMIT = 96 };
    const char *names[LIMIT];
    int n = 0;
    for (size_t i = 0; i < COUNT(size_words) * 2; i++) names[n++] = size_words[i / 2][i % 2];
    for (size_t i = 0; i < COUNT(colour_words) * 2; i++) names[n++] = colour_words[i / 2][i % 2];
    for (size_t i = 0; i < COUNT(relation_words) * 2; i++) names[n++] = relation_words[i / 2][i % 2];
    for (size_t i = 0; i < COUNT(shape_words) * 2; i++) {
        names[n++] = shape_words[i / 2].one[i % 2];
        names[n++] = shape_words[i / 2].many[i % 2];
    }
    for (size_t i = 0; i < COUNT(count_words); i++) names[n++] = count_words[i];
    for (size_t i = OPEN_PICTURE; i < COUNT(opening_words); i++) names[n++] = opening_words[i];
    for (size_t i = JOINT_AND; i < JOINT_RELATION; i++) names[n++] = joint_words[i];
    names[n++] = "there are";
    names[n++] = "a";
    names[n++] = "no";
    REQUIRE(n <= LIMIT, "%d words, want at most %d", n, LIMIT);
    const char *pattern = "{}";
    return vocab_build(arena, &pattern, 1, names, n);
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Copies a text and cuts the copy into its words, in alphabetical order; returns their number. */
static int words_sorted(const char *text, char copy[CAPTION_TEXT], char **word) {
    int n = 0;
    snprintf(copy, CAPTION_TEXT, "%s", text);
    char *rest = NULL;
    for (char *at = strtok_r(copy, " ", &rest); at; at = strtok_r(NULL, " ", &rest)) word[n++] = at;
    qsort(word, (size_t)n, sizeof *word, by_text);
    return n;
}

bool caption_same_words(const char *a, const char *b) {
    char copy[2][CAPTION_TEXT], *word[2][CAPTION_TEXT / 2 + 1];
    int n = words_sorted(a, copy[0], word[0]);
    if (words_sorted(b, copy[1], word[1]) != n) return false;
    for (int i = 0; i < n; i++)
        if (strcmp(word[0][i], word[1][i])) return false;
    return true;
}
