/* caption: does every sentence say what its words say, and can every sentence be read?
 *
 * Truth is compared with a slow reading of the words themselves, written apart from the library: it knows sentences and
 * a grid, no captions and no coordinates.
 */
#include "scenes/caption.h"
#include "core/arena.h"
#include "check.h"

#include <math.h>
#include <string.h>

/* ---- an oracle: words and a grid --------------------------------------------------------------------------------- */

enum { GRID_MAX = 3 };
typedef struct {
    const char *size, *colour, *shape;
    int column, row;
} Piece;
typedef struct {
    int count;
    Piece piece[GRID_MAX];
} Board;

typedef struct {
    int count;
    char word[CAPTION_WORDS][16];
} Sentence;

static Sentence cut(const char *text) {
    Sentence s = { 0 };
    for (; *text; s.count++) {
        size_t size = strcspn(text, " ");
        CHECK(size < 16 && s.count < CAPTION_WORDS, "%s", text);
        memcpy(s.word[s.count], text, size);
        text += size + (text[size] == ' ');
    }
    return s;
}

static bool is_plural(const char *word, const char *of) {
    size_t n = strlen(of);
    return !strncmp(word, of, n) && (!strcmp(word + n, "s") || !strcmp(word + n, "es"));
}

/* The words from `from` to the end of a phrase, each true of the piece? Sets *end to the word after it. */
static bool fits(const Sentence *s, int from, const Piece *piece, int *end) {
    static const char *const shapes[] = { "circle", "square", "thing" };
    bool all = true;
    for (int w = from; w < s->count; w++) {
        const char *word = s->word[w];
        bool last = false;
        for (size_t i = 0; i < COUNT(shapes); i++)
            last = last || !strcmp(word, shapes[i]) || is_plural(word, shapes[i]);
        bool type = !strncmp(word, "thing", 5);
        all = all && (type || !strcmp(word, piece->size) || !strcmp(word, piece->colour) ||
                      !strcmp(word, piece->shape) || is_plural(word, piece->shape));
        *end = w + 1;
        if (last) break;
    }
    return all;
}

static int number_of(const char *word) {
    static const char *const numbers[] = { "no", "one", "two", "three", "four", "five" };
    for (int i = 0; i < (int)COUNT(numbers); i++)
        if (!strcmp(word, numbers[i])) return i;
    return -1; /* a */
}

/* Number of pieces that fit the phrase that starts at `from` with its quantity. */
static int score(const Sentence *s, int from, const Board *board, int *end) {
    int n = 0;
    for (int k = 0; k < board->count; k++) n += fits(s, from + 1, &board->piece[k], end);
    return n;
}

static bool phrase_holds(const Sentence *s, int from, const Board *board) {
    int end, n = score(s, from, board, &end), want = number_of(s->word[from]);
    return want < 0 ? n > 0 : n == want;
}

/* "left" ... between two pieces; NULL: any. */
static bool stand(const char *how, const Piece *a, const Piece *b) {
    return !how || (!strcmp(how, "left") && a->column < b->column) ||
           (!strcmp(how, "right") && a->column > b->column) || (!strcmp(how, "above") && a->row < b->row) ||
           (!strcmp(how, "below") && a->row > b->row);
}

static bool oracle(const Sentence *s, const Board *board) {
    int end = 0, ignore;
    score(s, 0, board, &end);
    if (end == s->count) return phrase_holds(s, 0, board);
    bool joined = !strcmp(s->word[end], "and"), of = !strcmp(s->word[end], "left") || !strcmp(s->word[end], "right");
    int second = end + 1 + of;
    Sentence first = *s;
    first.count = end;
    if (joined && (number_of(s->word[0]) >= 0 || number_of(s->word[second]) >= 0))
        return phrase_holds(&first, 0, board) && phrase_holds(s, second, board);
    for (int i = 0; i < board->count; i++)
        for (int j = 0; j < board->count; j++)
            if (i != j && fits(&first, 1, &board->piece[i], &ignore) &&
                fits(s, second + 1, &board->piece[j], &ignore) &&
                stand(joined ? NULL : s->word[end], &board->piece[i], &board->piece[j]))
                return true;
    return false;
}

/* ---- all small boards -------------------------------------------------------------------------------------------- */

/* As a scene: columns and rows further apart than the margin, those in one column less. */
static Scene scene_of(const Board *board) {
    Scene scene = { .count = board->count };
    for (int k = 0; k < board->count; k++) {
        const Piece *p = &board->piece[k];
        double wobble = (k - 1) * 0.04;
        scene.object[k] = (SceneObject){
            .shape = strcmp(p->shape, "circle") ? SHAPE_SQUARE : SHAPE_CIRCLE,
            .radius = 0.1,
            .colour = strcmp(p->colour, "red") ? COLOUR_BLUE : COLOUR_RED,
            .size = strcmp(p->size, "small") ? SIZE_LARGE : SIZE_SMALL,
            .x = 0.2 + 0.3 * p->column + wobble,
            .y = 0.2 + 0.3 * p->row - wobble,
        };
    }
    return scene;
}

/* Piece number n of 8 in a cell. */
static Piece piece_of(int n, int cell, int side) {
    return (Piece){ n & 4 ? "large" : "small", n & 2 ? "blue" : "red", n & 1 ? "square" : "circle", cell % side,
                    cell / side };
}

typedef void (*BoardUse)(void *context, const Board *board);

/* All boards of `count` pieces on a square grid, pieces 0 .. kinds-1, each set of pieces and cells once. */
static void all_boards(int count, int side, int kinds, BoardUse use, void *context) {
    int cells = side * side, per = cells * kinds, total = 1;
    for (int k = 0; k < count; k++) total *= per;
    for (int i = 0; i < total; i++) {
        Board board = { .count = count };
        int rest = i, cell[GRID_MAX];
        bool ordered = true;
        for (int k = 0; k < count; k++, rest /= per) {
            cell[k] = rest % per / kinds;
            board.piece[k] = piece_of(rest % per % kinds, cell[k], side);
            ordered = ordered && (k == 0 || cell[k - 1] < cell[k]);
        }
        if (ordered) use(context, &board);
    }
}

/* Nouns: number n of 27 (all) or of 9 (without sizes). */
static Noun noun_number(int n) {
    return (
        Noun){ .shape = n % 3 - 1, .colour = n / 3 % 3 - 1, .size = n / 9 - (n >= 9 ? 1 : 0) - (n < 9), .synonyms = 0 };
}

enum { SENTENCES = 4000 };
typedef struct {
    int count;
    Caption caption[SENTENCES];
    Sentence sentence[SENTENCES];
    long judged, yes, kind_yes[CAPTION_KINDS];
} Corpus;

static void corpus_add(Corpus *corpus, Caption c) {
    char text[CAPTION_TEXT];
    REQUIRE(corpus->count < SENTENCES, "more than %d sentences", SENTENCES);
    corpus->caption[corpus->count] = c;
    corpus->sentence[corpus->count++] = cut(caption_text(&c, text));
}

static void corpus_make(Corpus *corpus) {
    for (int n = 0; n < 27; n++) {
        Noun a = noun_number(n);
        corpus_add(corpus, (Caption){ .kind = CAPTION_OBJECT, .a = a });
        corpus_add(corpus, (Caption){ .kind = CAPTION_NONE, .a = a });
        for (int k = 1; k <= SCENE_MAX; k++)
            corpus_add(corpus, (Caption){ .kind = CAPTION_COUNT, .a = a, .count = { k, 0 } });
    }
    for (int n = 0; n < 27 * 27; n++) {
        if (n / 27 >= 9 && n % 27 < 9 && n % 2) continue; /* enough of size beside no size */
        Noun a = noun_number(n / 27), b = noun_number(n % 27);
        corpus_add(corpus, (Caption){ .kind = CAPTION_PAIR, .a = a, .b = b });
        corpus_add(corpus, (Caption){ .kind = CAPTION_WITHOUT, .a = a, .b = b });
        if (n / 27 >= 9 || n % 27 >= 9) continue;
        for (int r = 0; r < RELATION_COUNT; r++)
            corpus_add(corpus, (Caption){ .kind = CAPTION_RELATION, .relation = (Relation)r, .a = a, .b = b });
        for (int k = 0; k < 9; k++)
            corpus_add(corpus, (Caption){ .kind = CAPTION_COUNTS, .a = a, .b = b, .count = { 1 + k % 3, 1 + k / 3 } });
    }
}

static void judge(void *context, const Board *board) {
    Corpus *corpus = context;
    Scene scene = scene_of(board);
    for (int i = 0; i < corpus->count; i++) {
        bool got = caption_true(&scene, &corpus->caption[i]), want = oracle(&corpus->sentence[i], board);
        char text[CAPTION_TEXT];
        CHECK(got == want, "\"%s\" is %d, want %d, of %d pieces, the first a %s %s",
              caption_text(&corpus->caption[i], text), got, want, board->count, board->piece[0].colour,
              board->piece[0].shape);
        corpus->judged++;
        corpus->yes += got;
        corpus->kind_yes[corpus->caption[i].kind] += got;
    }
}

TEST(truth_is_what_the_words_say) {
    static Corpus corpus;
    corpus_make(&corpus);
    all_boards(1, 3, 8, judge, &corpus);
    all_boards(2, 2, 8, judge, &corpus);
    all_boards(2, 3, 2, judge, &corpus);
    all_boards(3, 2, 4, judge, &corpus);
    CHECK(corpus.judged > 2000000 && corpus.yes > corpus.judged / 20, "%ld judged, %ld true", corpus.judged,
          corpus.yes);
    for (int kind = 0; kind < CAPTION_KINDS; kind++)
        CHECK(corpus.kind_yes[kind] > 1000, "%s: %ld true", caption_kind_name((CaptionKind)kind),
              corpus.kind_yes[kind]);
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

static void round_trip(const Caption *c) {
    char text[CAPTION_TEXT];
    Caption back;
    Err err;
    caption_text(c, text);
    CHECK(caption_parse(text, &back, &err), "\"%s\": %s", text, err.text);
    CHECK(caption_identical(&back, c), "\"%s\" comes back as another caption", text);
    CHECK(cut(text).count <= CAPTION_WORDS, "%s", text);
}

/* Noun number n of 243, with the names that n2 chooses. */
static Noun any_noun(int n, unsigned other) {
    Noun noun = { n / 81 - 1, n / 9 % 9 - 1, n % 9 - 1, other };
    if (noun.size == CAPTION_ANY) noun.synonyms &= ~(unsigned)NOUN_SIZE;
    if (noun.colour == CAPTION_ANY) noun.synonyms &= ~(unsigned)NOUN_COLOUR;
    return noun;
}

TEST(every_sentence_is_read_as_it_was_written) {
    enum { NOUNS = 243 };
    for (int kind = 0; kind < CAPTION_KINDS; kind++)
        for (int form = 0; form < caption_forms((CaptionKind)kind); form++)
            for (int n = 0; n < NOUNS * 8; n++)
                for (int k = 0; k < 10; k++) {
                    Caption c = { .kind = (CaptionKind)kind, .form = form, .a = any_noun(n / 8, (unsigned)n % 8) };
                    if (kind == CAPTION_COUNT || kind == CAPTION_COUNTS) c.count[0] = 1 + k % SCENE_MAX;
                    if (kind == CAPTION_COUNTS) c.count[1] = 1 + (k + n) % SCENE_MAX;
                    if (kind == CAPTION_RELATION) {
                        c.relation = (Relation)(k % 4);
                        c.wording = (k + n) % 2;
                    }
                    if (caption_has_two_nouns((CaptionKind)kind))
                        c.b = any_noun((n * 7 + k * 29) % NOUNS, (unsigned)(n / 8 + k) % 8);
                    round_trip(&c);
                }
}

TEST(one_is_and_two_are) {
    static const char *const want[] = { "there is one star", "there are two stars" };
    for (int n = 1; n <= 2; n++) {
        char text[CAPTION_TEXT];
        Caption c = { .kind = CAPTION_COUNT, .form = 2, .count = { n }, .a = noun_of(CAPTION_ANY, SHAPE_STAR) };
        CHECK(!strcmp(caption_text(&c, text), want[n - 1]), "\"%s\", want \"%s\"", text, want[n - 1]);
    }
}

TEST(sentences_by_hand) {
    static const struct {
        const char *text, *plain;
    } rows[] = {
        { "a red circle", "a red circle" },
        { "There is an azure", NULL },
        { "A picture of a CRIMSON disc.", "a red circle" },
        { "three blue squares", "three blue squares" },
        { "there are three cobalt boxes", "three blue squares" },
        { "exactly one tiny star", "one small star" },
        { "no green star", "no green star" },
        { "a picture without a jade pentagram", "no green star" },
        { "there is no star", "no star" },
        { "a blue square right of a red circle", "a red circle left of a blue square" },
        { "a disc under a big thing", "a large thing above a circle" },
        { "  a  red\tcircle with a blue square \n", "a red circle and a blue square" },
        { "a blue square and a red circle", "a red circle and a blue square" },
        { "a red circle but no blue square", "a red circle and no blue square" },
        { "a red circle without a blue square", "a red circle and no blue square" },
        { "two discs and one bar", "two circles and one bar" },
        { "there is two discs", "two circles" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        Caption c;
        Err err;
        char text[CAPTION_TEXT];
        bool ok = caption_parse(rows[i].text, &c, &err);
        CHECK(ok == (rows[i].plain != NULL), "\"%s\": %s", rows[i].text, ok ? "read" : err.text);
        if (!ok) continue;
        c = caption_canonical(&c);
        CHECK(!strcmp(caption_text(&c, text), rows[i].plain), "\"%s\": \"%s\", want \"%s\"", rows[i].text, text,
              rows[i].plain);
    }
}

TEST(what_is_no_sentence_is_refused_by_its_word) {
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "", "is empty" },
        { " . ", "is empty" },
        { "a", "ends after \"a\" (word 1)" },
        { "a red cirle", "\"cirle\" (word 3 of the caption) does not fit here, want a shape" },
        { "a reed circle", "\"reed\" (word 2" },
        { "a circle red", "\"red\" (word 3" },
        { "circle", "\"circle\" (word 1" },
        { "three circle", "\"circle\" (word 2 of the caption) does not fit here, want \"circles\" here" },
        { "a circles", "want \"circle\" here" },
        { "one circles", "want \"circle\" here" },
        { "six circles", "\"six\" (word 1" },
        { "a circle left a square", "\"left\" (word 3" },
        { "a circle above", "ends after \"above\" (word 3)" },
        { "no circle and no square", "\"no\" (word 4 of the caption) does not go with the rest" },
        { "a circle and two squares", "\"two\" (word 4" },
        { "exactly a circle", "\"a\" (word 2" },
        { "three circles above a square", "\"a\" (word 4" },
        { "a circle above a square above a star", "\"above\" (word 6" },
        { "a red blue circle", "\"blue\" (word 3" },
        { "a b\033[31mc", "\"b?[31mc\" (word 2" },
        { "a circle. a", "\"circle.\" (word 2" },
        { "a aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "\"aaaaaaaaaaaaaaaaaaaa...\" (word 2" },
        { "a a a a a a a a a a a a a a a a a a a a a", "at most 16 words" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        Caption c = { .form = 77 };
        Err err;
        CHECK(!caption_parse(rows[i].text, &c, &err), "\"%s\" is read", rows[i].text);
        CHECK(strstr(err.text, rows[i].want) && !strchr(err.text, '\n'), "\"%s\": %s", rows[i].text, err.text);
        CHECK(c.form == 77, "\"%s\" changed the caption", rows[i].text);
    }
}

TEST(noise_is_no_sentence) {
    Rng rng = rng_seed(1, 0);
    static const char *const words[] = { "a",   "no",      "two",  "red",   "small", "circle",  "circles",
                                         "and", "left",    "of",   "to",    "the",   "picture", "there",
                                         "is",  "without", "\xff", "thing", ".",     "exactly" };
    int read = 0;
    for (int i = 0; i < 200000; i++) {
        char text[256] = "", back[CAPTION_TEXT];
        int n = (int)rng_below(&rng, 9);
        for (int k = 0; k < n; k++) {
            strcat(text, words[rng_below(&rng, COUNT(words))]);
            strcat(text, " ");
        }
        Caption c;
        if (!caption_parse(text, &c, NULL)) continue;
        Caption again;
        CHECK(caption_parse(caption_text(&c, back), &again, NULL) && caption_identical(&c, &again), "%s", text);
        read++;
    }
    CHECK(read > 20, "%d sentences read", read);
}

TEST(the_vocabulary_has_every_word_and_no_an) {
    Arena arena = { 0 };
    Vocab vocab = caption_vocab(&arena);
    Rng rng = rng_seed(2, 0);
    static int met[200];
    CHECK(vocab_find(&vocab, "an") == TEXT_UNKNOWN && vocab.size < 200, "%d words", vocab.size);
    for (int i = 0; i < 40000; i++) {
        SceneConfig config = { .seed = 2, .least = 2 };
        Scene scene = scene_make(&config, (uint64_t)i);
        CaptionRules rules = { .fields = (unsigned)(i % 8 ? i % 8 : 7) };
        Caption c;
        char text[CAPTION_TEXT];
        if (!caption_random_true(&c, &scene, (CaptionKind)(i / 8 % CAPTION_KINDS), &rules, &rng)) continue;
        c = caption_paraphrase(&c, PARAPHRASE_ALL, &rng);
        Sentence s = cut(caption_text(&c, text));
        for (int w = 0; w < s.count; w++) met[vocab_find(&vocab, s.word[w])]++;
    }
    CHECK(met[TEXT_UNKNOWN] == 0, "%d unknown words", met[TEXT_UNKNOWN]);
    for (int id = TEXT_FIRST_WORD; id < vocab.size; id++) {
        CHECK(met[id] > 0 || !strcmp(vocab.word[id], "five"), "\"%s\" is in no caption", vocab.word[id]);
        bool vowel = strchr("aeiou", vocab.word[id][0]) != NULL;
        Caption c;
        CHECK(!vowel || !caption_parse(arena_print(&arena, "a %s", vocab.word[id]), &c, NULL), "a %s", vocab.word[id]);
    }
    arena_free(&arena);
}

/* ---- meaning ----------------------------------------------------------------------------------------------------- */

static Caption read_caption(const char *text) {
    Caption c;
    Err err;
    CHECK(caption_parse(text, &c, &err), "\"%s\": %s", text, err.text);
    return c;
}

TEST(edits_by_hand) {
    static const struct {
        const char *from;
        CaptionEdit edit;
        const char *to;
    } rows[] = {
        { "a crimson circle left of a blue square", EDIT_SWAP_COLOURS, "a blue circle left of a crimson square" },
        { "a red circle and a blue box", EDIT_SWAP_SHAPES, "a red box and a blue circle" },
        { "a red circle and a blue circle", EDIT_SWAP_SHAPES, NULL },
        { "a red circle", EDIT_SWAP_COLOURS, NULL },
        { "a red circle and a blue circle", EDIT_SWAP_COLOURS, NULL }, /* says the same */
        { "a red circle left of a blue circle", EDIT_SWAP_COLOURS, "a blue circle left of a red circle" },
        { "a tiny circle above a large star", EDIT_SWAP_SIZES, "a large circle above a tiny star" },
        { "a red circle left of a blue square", EDIT_SWAP_NOUNS, "a blue square left of a red circle" },
        { "a red circle and a blue square", EDIT_SWAP_NOUNS, NULL },
        { "two stars and one bar", EDIT_SWAP_NOUNS, "two bars and one star" },
        { "two stars and two bars", EDIT_SWAP_NOUNS, NULL },
        { "a circle and no star", EDIT_SWAP_NOUNS, "a star and no circle" },
        { "a circle to the left of a star", EDIT_INVERT_RELATION, "a circle to the right of a star" },
        { "a circle over a star", EDIT_INVERT_RELATION, "a circle under a star" },
        { "a circle", EDIT_INVERT_RELATION, NULL },
        { "there is a star", EDIT_NEGATE, "there is no star" },
        { "no star", EDIT_NEGATE, "a star" },
        { "a disc with a bar", EDIT_NEGATE, "a disc without a bar" },
        { "a disc and no bar", EDIT_NEGATE, "a disc and a bar" },
        { "three bars", EDIT_NEGATE, NULL },
        { "a small thing", EDIT_REPLACE_SIZE, "a large thing" },
        { "a thing", EDIT_REPLACE_COLOUR, NULL },
        { "a star", EDIT_REPLACE_COUNT, NULL },
    };
    Rng rng = rng_seed(1, 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        Caption c = read_caption(rows[i].from), out;
        char text[CAPTION_TEXT] = "";
        bool ok = caption_edit(&out, &c, rows[i].edit, &rng);
        CHECK(ok == (rows[i].to != NULL), "edit %d: %s", (int)rows[i].edit, rows[i].from);
        if (!ok) continue;
        CHECK(!strcmp(caption_text(&out, text), rows[i].to), "\"%s\", want \"%s\"", text, rows[i].to);
        bool bag = rows[i].edit <= EDIT_SWAP_NOUNS && c.kind != CAPTION_COUNTS;
        CHECK(!bag || caption_same_words(rows[i].from, text), "%s has other words than before", text);
    }
}

TEST(replacements_replace_one_thing) {
    Rng rng = rng_seed(3, 0);
    Caption c = read_caption("two small red stars and three large blue bars");
    int seen[COLOUR_COUNT] = { 0 };
    for (int i = 0; i < 2000; i++) {
        Caption out;
        CHECK(caption_edit(&out, &c, EDIT_REPLACE_COLOUR, &rng), "%s", "no colour replaced");
        CHECK((out.a.colour != c.a.colour) != (out.b.colour != c.b.colour), "%s", "not just one colour");
        seen[out.a.colour]++;
        out.a.colour = c.a.colour;
        out.b.colour = c.b.colour;
        CHECK(caption_identical(&out, &c), "%s", "something else was replaced as well");
        CHECK(caption_edit(&out, &c, EDIT_REPLACE_COUNT, &rng), "%s", "no count replaced");
        CHECK((out.count[0] != 2) != (out.count[1] != 3), "%d, %d", out.count[0], out.count[1]);
        CHECK(MIN(out.count[0], out.count[1]) >= 1 && MAX(out.count[0], out.count[1]) <= SCENE_MAX, "%s", "count");
    }
    for (int colour = 0; colour < COLOUR_COUNT; colour++)
        CHECK(seen[colour] > 90, "colour %d: %d times", colour, seen[colour]);
}

TEST(bags_of_words) {
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        { "a red circle left of a blue square", "a blue square left of a red circle", true },
        { "a red circle and a blue square", "a blue circle and a red square", true },
        { "a circle", "a disc", false },
        { "two circles", "a circle", false },
        { "a circle", "a circle and a circle", false },
        { "a circle and a circle", "a circle and a star", false },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK(caption_same_words(rows[i].a, rows[i].b) == rows[i].same, "%s, %s", rows[i].a, rows[i].b);
    }
}

/* ---- what may be said ---------------------------------------------------------------------------------------------
 */

static Caption two(CaptionKind kind, Noun a, Noun b) {
    return (Caption){ .kind = kind, .relation = LEFT_OF, .count = { 2, 1 }, .a = a, .b = b };
}

/* A caption belongs to a part if each of its things does; a thing without a colour is in both. */
TEST(a_split_of_pairs_holds_out_things) {
    Split split = split_make(SPLIT_PAIRS, 0.5, 2);
    for (int i = 0; i < 64 * 64; i++) {
        Noun a = noun_of(i % 8, i / 8 % 8), b = noun_of(i / 64 % 8, i / 512);
        if (i % 64 == i / 64) continue;
        for (int part = 0; part < 2; part++) {
            bool has_a = split_has_pair(&split, (SplitPart)part, (ShapeColour)a.colour, (Shape)a.shape);
            bool has_b = split_has_pair(&split, (SplitPart)part, (ShapeColour)b.colour, (Shape)b.shape);
            Caption one = two(CAPTION_OBJECT, a, b), both = two(CAPTION_PAIR, a, b);
            Caption vague = two(CAPTION_PAIR, noun_of(CAPTION_ANY, (int)a.shape), b);
            CHECK(caption_in_part(&one, &split, (SplitPart)part) == has_a, "%d: one thing", i);
            CHECK(caption_in_part(&both, &split, (SplitPart)part) == (has_a && has_b), "%d: two things", i);
            CHECK(caption_in_part(&vague, &split, (SplitPart)part) == has_b, "%d: without a colour", i);
        }
    }
}

/* Only a relation of two whole things can be held out by a split of relations; a pair of things, or "a thing left of a
 * red circle", names no combination of that kind. */
TEST(a_split_of_relations_holds_out_relations_alone) {
    static const CaptionKind others[] = { CAPTION_OBJECT, CAPTION_COUNT,   CAPTION_PAIR,
                                          CAPTION_COUNTS, CAPTION_WITHOUT, CAPTION_NONE };
    Split split = split_make(SPLIT_RELATIONS, 0.5, 2);
    int held = 0, seen = 0;
    for (int i = 0; i < 64 * 64; i++) {
        Noun a = noun_of(i % 8, i / 8 % 8), b = noun_of(i / 64 % 8, i / 512);
        if (i % 64 == i / 64) continue;
        Caption relation = two(CAPTION_RELATION, a, b);
        bool is_held = caption_in_part(&relation, &split, SPLIT_HELD);
        CHECK(is_held != caption_in_part(&relation, &split, SPLIT_SEEN), "%d: in both parts, or in none", i);
        held += is_held;
        seen += !is_held;
        for (int part = 0; part < 2; part++) {
            for (size_t k = 0; k < COUNT(others); k++) {
                Caption other = two(others[k], a, b);
                CHECK(caption_in_part(&other, &split, (SplitPart)part), "%d, %s", i, caption_kind_name(others[k]));
            }
            Caption vague = two(CAPTION_RELATION, a, noun_of(CAPTION_ANY, (int)b.shape));
            CHECK(caption_in_part(&vague, &split, (SplitPart)part), "%d: without a colour", i);
        }
    }
    CHECK(held > 1500 && seen > 1500, "%d held, %d seen", held, seen);
}

/* ---- captions of scenes ------------------------------------------------------------------------------------------ */

TEST(captions_of_scenes_are_true_and_wrong_ones_false) {
    Rng rng = rng_seed(4, 0);
    int made[CAPTION_KINDS] = { 0 }, edits[EDIT_KINDS] = { 0 };
    for (int i = 0; i < 7000; i++) {
        SplitPart part = (SplitPart)(i % 2);
        Split split = split_make((SplitKind)(i % SPLIT_KINDS), 0.5, (uint64_t)i % 5);
        SceneConfig config = { .seed = 4, .split = &split, .part = part, .repeat = 0.3 };
        Scene scene = scene_make(&config, (uint64_t)i);
        CaptionRules rules = { .split = &split, .part = part, .fields = i % 3 ? 0 : 7 };
        CaptionKind kind = (CaptionKind)(i % CAPTION_KINDS);
        Caption c, wrong;
        if (!caption_random_true(&c, &scene, kind, &rules, &rng)) continue;
        made[kind]++;
        CHECK(c.kind == kind && caption_true(&scene, &c) && caption_in_part(&c, &split, part), "scene %d", i);
        Caption other = caption_paraphrase(&c, PARAPHRASE_ALL, &rng);
        CHECK(caption_true(&scene, &other) && caption_equivalent(&c, &other), "paraphrase of scene %d", i);
        round_trip(&other);
        CaptionEdit edit = (CaptionEdit)rng_below(&rng, EDIT_KINDS);
        if (!caption_random_false(&wrong, &scene, &other, 1u << edit, &rules, &rng)) continue;
        edits[edit]++;
        CHECK(!caption_true(&scene, &wrong) && caption_in_part(&wrong, &split, part), "wrong caption of scene %d", i);
        CHECK(!caption_equivalent(&wrong, &other), "scene %d", i);
    }
    for (int kind = 0; kind < CAPTION_KINDS; kind++) CHECK(made[kind] > 300, "kind %d: %d", kind, made[kind]);
    for (int edit = 0; edit < EDIT_KINDS; edit++) CHECK(edits[edit] > 10, "edit %d: %d", edit, edits[edit]);
}

/* ---- marginals --------------------------------------------------------------------------------------------------- */

/* Two counts of the same chance differ by less than six deviations. */
static void check_alike(const char *word, double seen, double held) {
    CHECK(fabs(seen - held) < 6 * sqrt(seen + held + 1),
          "\"%s\" is said %g times of what is seen, %g of what is held out", word, seen, held);
}

TEST(every_word_is_said_equally_often_in_both_parts) {
    static const CaptionKind kinds[] = { CAPTION_OBJECT, CAPTION_PAIR, CAPTION_COUNT, CAPTION_RELATION };
    static const SplitKind splits[] = { SPLIT_PAIRS, SPLIT_PAIRS, SPLIT_COUNTS, SPLIT_RELATIONS };
    Arena arena = { 0 };
    Vocab vocab = caption_vocab(&arena);
    for (size_t k = 0; k < COUNT(kinds); k++) {
        static int said[2][200];
        memset(said, 0, sizeof said);
        Split split = split_make(splits[k], 0.5, 5);
        for (int i = 0; i < 20000; i++) {
            int part = i % 2, least = caption_has_two_nouns(kinds[k]) ? 2 : 1;
            SceneConfig config = { .seed = 7,
                                   .split = &split,
                                   .part = (SplitPart)part,
                                   .least = least,
                                   .max = least + 1,
                                   .repeat = kinds[k] == CAPTION_COUNT ? 1 : 0 };
            CaptionRules rules = { .split = &split, .part = (SplitPart)part };
            Scene scene = scene_make(&config, (uint64_t)i / 2);
            Rng rng = rng_seed(8, (uint64_t)i);
            Caption c;
            char text[CAPTION_TEXT];
            if (!caption_random_true(&c, &scene, kinds[k], &rules, &rng)) continue;
            c = caption_paraphrase(&c, PARAPHRASE_ALL, &rng);
            Sentence s = cut(caption_text(&c, text));
            for (int w = 0; w < s.count; w++) said[part][vocab_find(&vocab, s.word[w])]++;
        }
        for (int id = TEXT_FIRST_WORD; id < vocab.size; id++) check_alike(vocab.word[id], said[0][id], said[1][id]);
        CHECK(said[0][vocab_find(&vocab, "a")] + said[0][vocab_find(&vocab, "one")] > 2000, "%s", "little was said");
    }
    arena_free(&arena);
}

TESTS(truth_is_what_the_words_say, every_sentence_is_read_as_it_was_written, one_is_and_two_are, sentences_by_hand,
      what_is_no_sentence_is_refused_by_its_word, noise_is_no_sentence, the_vocabulary_has_every_word_and_no_an,
      edits_by_hand, replacements_replace_one_thing, bags_of_words, a_split_of_pairs_holds_out_things,
      a_split_of_relations_holds_out_relations_alone, captions_of_scenes_are_true_and_wrong_ones_false,
      every_word_is_said_equally_often_in_both_parts)
