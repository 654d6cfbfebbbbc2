/* words: words and templates, ids through a file and back, notes about everything left out. */
#include "core/rng.h"
#include "core/arena.h"
#include "dataset/words.h"
#include "check.h"

#include <stdlib.h>
#include <string.h>

static Arena arena;
static const char *const PATTERNS[] = { "a photo of a {}", "A picture: {}s, and {}!" };
static const char *const NAMES[] = { "cat", "dog", "Don't know" };

static Vocab small(void) { return vocab_build(&arena, PATTERNS, 2, NAMES, 3); }

TEST(text_fills_templates) {
    CHECK(!strcmp(text_fill(&arena, "a photo of a {}", "cat"), "a photo of a cat"), "%s", "one place");
    CHECK(!strcmp(text_fill(&arena, "{}{} and {}", "ox"), "oxox and ox"), "%s", text_fill(&arena, "{}{} and {}", "ox"));
    CHECK(!strcmp(text_fill(&arena, "{}", "{}"), "{}"), "%s", "what is filled in is not filled again");
    CHECK(!strcmp(text_fill(&arena, "-{}-", ""), "--"), "%s", "an empty name");
    CHECK_STOPS(text_fill(&arena, "a photo", "cat"), EXIT_CONTRACT, "template \"a photo\" has no {} for \"cat\"");
    Err err;
    CHECK(text_template_check("a {}", &err), "%s", err.text);
    CHECK(!text_template_check("a { }\n", &err) && strstr(err.text, "\"a { }\\n\": there is no {}"), "%s", err.text);
    arena_free(&arena);
}

TEST(vocab_by_hand) {
    Vocab vocab = small();
    CHECK(!strcmp(vocab_to_text(&arena, &vocab), "a and cat cats dog dogs don't know knows of photo picture"), "%s",
          vocab_to_text(&arena, &vocab));
    CHECK(vocab.size == 14 && !*vocab.word[0] && !*vocab.word[1], "size %d", vocab.size);
    CHECK(vocab_find(&vocab, "a") == 2 && vocab_find(&vocab, "picture") == 13 && vocab_find(&vocab, "dog") == 6, "%d",
          vocab_find(&vocab, "dog"));
    CHECK(vocab_find(&vocab, "zebra") == TEXT_UNKNOWN && vocab_find(&vocab, "") == TEXT_UNKNOWN, "%s", "found");
    static const char *const backwards[] = { "Don't know", "dog", "cat" };
    Vocab other = vocab_build(&arena, PATTERNS, 2, backwards, 3);
    CHECK(!strcmp(vocab_to_text(&arena, &other), vocab_to_text(&arena, &vocab)), "%s", "the order of the names counts");
    Vocab none = vocab_build(&arena, PATTERNS, 0, NAMES, 3);
    CHECK(none.size == TEXT_FIRST_WORD && vocab_find(&none, "a") == TEXT_UNKNOWN, "size %d", none.size);
    CHECK_STOPS(vocab_find(&(Vocab){ 0 }, "a"), EXIT_CONTRACT, "never built");
    arena_free(&arena);
}

/* The words of one text, through a vocabulary of itself. */
static const char *words_of(const char *text) {
    static const char *const whole[] = { "{}" };
    Vocab vocab = vocab_build(&arena, whole, 1, &text, 1);
    return vocab_to_text(&arena, &vocab);
}

TEST(words_are_letters_digits_apostrophes) {
    const struct {
        const char *text, *words;
    } cases[] = {
        { "", "" },
        { " .,;\t\n-", "" },
        { "''' '", "" },
        { "A", "a" },
        { "b-a_c", "a b c" },
        { "3D x2", "3d x2" },
        { "DON'T 'quote' dogs' 'tis", "dogs don't quote tis" },
        { "a''b", "a''b" },
        { "\xc3\x9c"
          "ber caf\xc3\xa9!",
          "caf\xc3\xa9 \xc3\x9c"
          "ber" },
        { "@[`{", "" },
        { "AZ az 09", "09 az" },
    };
    for (size_t k = 0; k < COUNT(cases); k++)
        CHECK(!strcmp(words_of(cases[k].text), cases[k].words), "\"%s\" has \"%s\", want \"%s\"", cases[k].text,
              words_of(cases[k].text), cases[k].words);
    static const char *const texts[] = { "", "one, two", "a b c d" };
    CHECK(text_max_words(texts, 3) == 4 && text_max_words(texts, 1) == 1, "%d", text_max_words(texts, 3));
    arena_free(&arena);
}

TEST(vocab_comes_back_from_text) {
    Vocab vocab = small(), back = { 0 };
    Err err;
    CHECK(vocab_from_text(&back, &arena, vocab_to_text(&arena, &vocab), "file", &err), "%s", err.text);
    CHECK(back.size == vocab.size, "%d, want %d", back.size, vocab.size);
    for (int id = 0; id < vocab.size; id++) CHECK(!strcmp(back.word[id], vocab.word[id]), "%d: %s", id, back.word[id]);
    CHECK(vocab_from_text(&back, &arena, "", "file", &err) && back.size == TEXT_FIRST_WORD, "%s", "the empty one");
    const struct {
        const char *text, *says;
    } bad[] = {
        { "b a", "file: the vocabulary is not in alphabetical order: \"b\" before \"a\"" },
        { "a a", "\"a\" before \"a\"" },
        { "a B", "byte 2" },
        { " a", "byte 0" },
        { "a ", "byte 1" },
        { "a  b", "byte 2" },
        { "a, b", "byte 1" },
        { "a\nb", "byte 1" },
        { "'a'", "byte 0" },
        { "-", "byte 0" },
        { "a b'", "byte 3" },
    };
    for (size_t k = 0; k < COUNT(bad); k++) {
        back.size = 99;
        CHECK(!vocab_from_text(&back, &arena, bad[k].text, "file", &err) && back.size == 99, "taken: \"%s\"",
              bad[k].text);
        CHECK(strstr(err.text, bad[k].says), "\"%s\": %s", bad[k].text, err.text);
    }
    arena_free(&arena);
}

TEST(tokens_by_hand) {
    Vocab vocab = small();
    static const char *const texts[] = { "A photo of a dog.", "", "cats and dogs", "a zebra, a Yak and a zebra" };
    const int want[4][5] = { { 2, 12, 11, 2, 6 }, { 1 }, { 5, 3, 7 }, { 2, 2, 3, 2 } };
    int ids[4][5];
    memset(ids, 0xff, sizeof ids);
    TextNotes notes = vocab_encode(&vocab, &arena, texts, 4, 5, ids[0]);
    for (int b = 0; b < 4; b++)
        for (int t = 0; t < 5; t++)
            CHECK(ids[b][t] == want[b][t], "row %d token %d is %d, want %d", b, t, ids[b][t], want[b][t]);
    CHECK(notes.unknown_count == 2 && !strcmp(notes.unknown[0], "yak") && !strcmp(notes.unknown[1], "zebra"),
          "%d unknown", notes.unknown_count);
    CHECK(notes.empty_count == 1 && notes.cut_count == 0 && !notes.cut_text, "%d empty, %d cut", notes.empty_count,
          notes.cut_count);
    arena_free(&arena);
}

TEST(tokens_are_cut_at_the_end) {
    Vocab vocab = small();
    static const char *const texts[] = { "cat dog cat", "a unicorn photo of a cat", "cats and dogs and cats" };
    int ids[3][3];
    TextNotes notes = vocab_encode(&vocab, &arena, texts, 3, 3, ids[0]);
    CHECK(notes.cut_count == 2 && notes.cut_text == texts[1] && notes.cut_words == 5 && notes.room == 3,
          "%d cut, %d words", notes.cut_count, notes.cut_words);
    CHECK(ids[0][2] == vocab_find(&vocab, "cat") && ids[1][0] == vocab_find(&vocab, "a"), "%d %d", ids[0][2],
          ids[1][0]);
    CHECK(ids[1][2] == vocab_find(&vocab, "of") && ids[2][2] == vocab_find(&vocab, "dogs"), "%d %d", ids[1][2],
          ids[2][2]);
    CHECK_STOPS(vocab_encode(&vocab, &arena, texts, 1, 0, ids[0]), EXIT_CONTRACT, "0 tokens");
    arena_free(&arena);
}

static const char *warnings(const TextNotes *notes) {
    static char said[4096];
    FILE *stream = tmpfile();
    CHECK(stream, "%s", "no temporary file");
    text_warn(notes, stream);
    rewind(stream);
    said[fread(said, 1, sizeof said - 1, stream)] = '\0';
    fclose(stream);
    return said;
}

TEST(text_warns_of_what_is_lost) {
    Vocab vocab = small();
    static const char *const good[] = { "a cat" }, *const bad[] = { "a zebra\x1b[2J", "!", "a cat and a dog",
                                                                    "dog dog dog dog" };
    int ids[4 * 3];
    TextNotes notes = vocab_encode(&vocab, &arena, good, 1, 3, ids);
    CHECK(!*warnings(&notes), "%s", warnings(&notes));
    notes = vocab_encode(&vocab, &arena, bad, 4, 3, ids);
    const char *want = "warning: the model never saw the word \"2j\"; it is left out\n"
                       "warning: the model never saw the word \"zebra\"; it is left out\n"
                       "warning: 1 text has no word the model knows; any answer there is chance\n"
                       "warning: \"a cat and a dog\" has 5 words, the model takes 3; the rest is left out"
                       " (and others)\n";
    CHECK(!strcmp(warnings(&notes), want), "%s", warnings(&notes));
    arena_free(&arena);
}

TEST(text_takes_any_bytes) {
    Rng rng = rng_seed(5, 0);
    Vocab vocab = small();
    for (int round = 0; round < 2000; round++) {
        uint32_t size = rng_below(&rng, 60), T = rng_below(&rng, 6) + 1;
        char *text = malloc(size + 1); /* of its very size, so that the sanitizer sees a byte too far */
        for (uint32_t i = 0; i < size; i++) text[i] = "abc 'A9.-\x80\xff dogt"[rng_below(&rng, 16)];
        text[size] = '\0';
        int *ids = malloc(T * sizeof *ids), ends = 0;
        TextNotes notes = vocab_encode(&vocab, &arena, (const char *const *)&text, 1, (int)T, ids);
        for (uint32_t t = 0; t < T; t++) {
            CHECK(ids[t] >= 0 && ids[t] < vocab.size, "token %d", ids[t]);
            ends |= ids[t] == TEXT_PADDING;
            CHECK(!ends || ids[t] == TEXT_PADDING, "%s", "padding in the middle");
        }
        CHECK(ids[0] != TEXT_PADDING && notes.unknown_count <= (int)size, "%d unknown", notes.unknown_count);
        Vocab back;
        Err err;
        CHECK(vocab_from_text(&back, &arena, words_of(text), "file", &err), "%s", err.text);
        free(text);
        free(ids);
    }
    arena_free(&arena);
}

typedef struct {
    Vocab vocab;
    char *text;
} UnknownWords;

static void encode_unknown_words(void *data, int size) {
    UnknownWords *u = data;
    for (int i = 0; i < size; i++) u->text[i] = i % 8 ? (char)('0' + (i / 8 >> (i % 8 - 1) * 3 & 7)) : ' ';
    u->text[size] = '\0';
    int ids[4];
    ArenaMark mark = arena_mark(&arena);
    TextNotes notes = vocab_encode(&u->vocab, &arena, (const char *const *)&u->text, 1, 4, ids);
    CHECK(notes.unknown_count > size / 40 && ids[0] == TEXT_UNKNOWN, "%d unknown", notes.unknown_count);
    arena_release(&arena, mark);
}

/* Megabytes of words that nobody knows must not take a square of their time. */
TEST(text_stays_linear) {
    enum { SMALL = 1 << 18, LARGE = 1 << 22 };
    UnknownWords u = { .vocab = small(), .text = arena_alloc(&arena, LARGE + 1, 1) };
    double growth = check_growth(encode_unknown_words, &u, SMALL, LARGE);
    CHECK(growth < 4, "a word takes %g times as long in a long text", growth);
    arena_free(&arena);
}

TESTS(text_fills_templates, vocab_by_hand, words_are_letters_digits_apostrophes, vocab_comes_back_from_text,
      tokens_by_hand, tokens_are_cut_at_the_end, text_warns_of_what_is_lost, text_takes_any_bytes, text_stays_linear)
