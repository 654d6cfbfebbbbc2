/* bpe: texts are split and merged as by CLIP; files that are no vocabulary are refused.
 *
 * Most tests use a small vocabulary made here: its first merges spell a few words, the others are never used. The
 * published one is tested where the reference files are. */
#include "dataset/bpe.h"
#include "formats/deflate.h"
#include "core/arena.h"
#include "core/file.h"
#include "core/rng.h"
#include "dataset/unicode.h"
#include "check.h"
#include "vocabulary_file.h"

#include <stdlib.h>
#include <string.h>

enum { MERGES = 48894 };

/* The merges that are used: "cat" and "cats" are whole words; "ab" comes before "bc"; "aa" eats from the left. */
static const char *const merges[] = { "c a",     "ca t</w>", "ca t",    "cat s</w>", "a b",
                                      "b c</w>", "a a",      "Ã ©</w>", "' s</w>",   "z ca" };
enum { CA = 512, CAT_END, CAT, CATS, AB, BC, AA, E_ACUTE, APOSTROPHE_S, ZCA };

static Arena arena;

static char *vocabulary(const char *heading, int count, const char *line_end) {
    return vocabulary_text(&arena, heading, merges, (int)COUNT(merges), count, line_end);
}

static const char *file_of(const void *data, size_t size) {
    static char path[1024];
    snprintf(path, sizeof path, "%s/vocabulary", check_folder());
    OutFile out;
    Err err;
    CHECK(out_open(&out, path, &err), "%s", err.text);
    out_write(&out, data, size);
    CHECK(out_commit(&out, &err), "%s", err.text);
    return path;
}

static const char *text_file(const char *text) { return file_of(text, strlen(text)); }

static Bpe small_config(void) {
    Bpe bpe;
    Err err;
    CHECK(bpe_read(&bpe, &arena, text_file(vocabulary("#version: 0.2", MERGES, "\n")), &err), "%s", err.text);
    return bpe;
}

/* The tokens of a text, without start and end, spelt out and parted by spaces. */
static const char *spelt(const Bpe *bpe, const char *text) {
    enum { T = 400 };
    int ids[T], tokens;
    bpe_encode(bpe, &text, 1, T, ids, &tokens);
    CHECK(tokens >= 2 && tokens <= T && ids[0] == BPE_START && ids[tokens - 1] == BPE_END, "%d tokens", tokens);
    for (int i = tokens; i < T; i++) CHECK(ids[i] == 0, "padding %d is %d", i, ids[i]);
    char *all = arena_text(&arena, "");
    for (int i = 1; i < tokens - 1; i++)
        all = arena_print(&arena, "%s%s%s", all, *all ? " " : "", bpe_token(bpe, &arena, ids[i]));
    return all;
}

static void check_spelt(const Bpe *bpe, const char *text, const char *want) {
    const char *got = spelt(bpe, text);
    CHECK(!strcmp(got, want), "\"%s\" became \"%s\", not \"%s\"", text, got, want);
}

/* ---- encoding --------------------------------------------------------------------------------------------------- */

TEST(bpe_ids_by_hand) {
    Bpe bpe = small_config();
    static const char *const text = "cats CAT, caté 1 \x01";
    static const int want[] = {
        BPE_START, CATS, CAT_END, ',' - 33 + 256, CAT, E_ACUTE, '1' - 33 + 256, 188 + 1 + 256, BPE_END
    }; /* 188 visible bytes; of the others 01 is the second */
    int ids[12], tokens;
    CHECK(bpe_encode(&bpe, &text, 1, 12, ids, &tokens) == 0 && tokens == (int)COUNT(want), "%d tokens", tokens);
    for (int i = 0; i < (int)COUNT(want); i++) CHECK(ids[i] == want[i], "id %d is %d, not %d", i, ids[i], want[i]);
    arena_free(&arena);
}

TEST(bpe_merges_in_order) {
    Bpe bpe = small_config();
    check_spelt(&bpe, "abc", "ab c</w>");
    check_spelt(&bpe, "bc", "bc</w>");
    check_spelt(&bpe, "aaa", "aa a</w>"); /* a</w> is another symbol than a */
    check_spelt(&bpe, "aaaab", "aa aa b</w>");
    check_spelt(&bpe, "aaab", "aa a b</w>");
    check_spelt(&bpe, "cca", "c c a</w>");
    check_spelt(&bpe, "zcax", "zca x</w>"); /* what came of a merge goes on to the left, */
    check_spelt(&bpe, "zcat", "z cat</w>"); /* after what stands higher */
    check_spelt(&bpe, "catcat catcats", "cat cat</w> cat cats</w>");
    arena_free(&arena);
}

TEST(bpe_pieces) {
    Bpe bpe = small_config();
    check_spelt(&bpe, "x's x'S x'll", "x</w> 's</w> x</w> 's</w> x</w> ' l l</w>");
    check_spelt(&bpe, "x'\xc5\xbf x'y", "x</w> ' \xc5\xbf</w> x</w> '</w> y</w>"); /* the long s is an s there */
    check_spelt(&bpe, "'st !'s", "'s</w> t</w> ! '</w> s</w>");
    check_spelt(&bpe, "12a3", "1</w> 2</w> a</w> 3</w>");
    check_spelt(&bpe, "a-b..c_d", "a</w> -</w> b</w> . .</w> c</w> _</w> d</w>");
    check_spelt(&bpe, "<|startoftext|>x<|EndOfText|>", "<|startoftext|> x</w> <|endoftext|>");
    check_spelt(&bpe, "<|startoftext>", "< |</w> s t a r t o f t e x t</w> ></w>");
    check_spelt(&bpe, "x\xcd\x85y", "x</w> y</w>"); /* U+0345 is dropped */
    check_spelt(&bpe, "x\xcc\x81y", "x</w> \xcc\x81</w> y</w>");
    arena_free(&arena);
}

TEST(bpe_cleaning) {
    Bpe bpe = small_config();
    check_spelt(&bpe, " \t\r\n cat \xc2\xa0 \xe3\x80\x80", "cat</w>");
    check_spelt(&bpe, "\x1c cat \x1f", "cat</w>");
    check_spelt(&bpe, "x\x1cy", "x</w> \x1c</w> y</w>");
    check_spelt(&bpe, "&amp;amp; &amp;amp;amp; &lt;cat&gt;", "&</w> &</w> a m p</w> ;</w> <</w> cat</w> ></w>");
    check_spelt(&bpe, "", "");
    check_spelt(&bpe, "&#1;", "");
    check_spelt(&bpe, "\xff\xfe cat", "\xff\xfe</w> cat</w>");
    check_spelt(&bpe, "\xf0\x9f\x99\x82", "\xf0\x9f \x99 \x82</w>");
    arena_free(&arena);
}

TEST(bpe_cuts_long_texts) {
    Bpe bpe = small_config();
    const char *const texts[] = { "cat cat cat cat", "cat cat cat", "" };
    int ids[3][5], tokens[3];
    CHECK(bpe_encode(&bpe, texts, 3, 5, ids[0], tokens) == 1, "%d", tokens[0]);
    CHECK(tokens[0] == 6 && tokens[1] == 5 && tokens[2] == 2, "%d %d %d", tokens[0], tokens[1], tokens[2]);
    for (int i = 0; i < 5; i++) {
        CHECK(ids[0][i] == ids[1][i], "%d and %d", ids[0][i], ids[1][i]);
        CHECK(ids[2][i] == (i == 0 ? BPE_START : i == 1 ? BPE_END : 0), "%d", ids[2][i]);
    }
    CHECK(ids[0][4] == BPE_END && ids[0][3] == CAT_END, "%d %d", ids[0][3], ids[0][4]);
    CHECK_STOPS(bpe_encode(&bpe, texts, 1, 1, ids[0], NULL), EXIT_CONTRACT, "rows of 1 tokens");
    CHECK_STOPS(bpe_token(&bpe, &arena, BPE_IDS), EXIT_CONTRACT, "want 0 to 49407");
    arena_free(&arena);
}

typedef struct {
    Bpe bpe;
    char *text; /* `piece` again and again */
    const char *piece;
} LongText;

static void encode_long_text(void *data, int size) {
    LongText *t = data;
    int end = 0, length = (int)strlen(t->piece), ids[77], tokens;
    for (; end < size; end += length) memcpy(t->text + end, t->piece, (size_t)length);
    t->text[end] = '\0';
    CHECK(bpe_encode(&t->bpe, (const char *const *)&t->text, 1, 77, ids, &tokens) == 1, "%d tokens", tokens);
}

/* Texts that would take squares of their length if anything were done twice. */
TEST(bpe_long_texts_take_no_longer) {
    static const char *const pieces[] = { "a", "ab", "&", "&a", "&#", "\xce\xa3", "' ", "<", "\xcc\x81", "1", "cat " };
    enum { SMALL = 1 << 14, LARGE = 1 << 18 };
    LongText t = { .bpe = small_config(), .text = arena_alloc(&arena, LARGE + 8, 1) };
    for (size_t p = 0; p < COUNT(pieces); p++) {
        t.piece = pieces[p];
        double growth = check_growth(encode_long_text, &t, SMALL, LARGE);
        CHECK(growth < 4, "%s: a long text takes %g times as long per byte", pieces[p], growth);
    }
    arena_free(&arena);
}

/* ---- vocabularies ----------------------------------------------------------------------------------------------- */

TEST(bpe_reads_every_form) {
    Err err;
    Bpe bpe;
    const char *text = vocabulary("\"bpe_simple_vocab_16e6.txt#version: 0.2", MERGES, "\n");
    char *longer = arena_print(&arena, "%sanything at all\n\xff", text);
    char *crlf = vocabulary("#version: 0.2", MERGES, "\r\n");
    CHECK(bpe_read(&bpe, &arena, text_file(longer), &err), "%s", err.text);
    check_spelt(&bpe, "cats", "cats</w>");
    CHECK(bpe_read(&bpe, &arena, text_file(crlf), &err), "%s", err.text);
    check_spelt(&bpe, "cats", "cats</w>");
    size_t size = strlen(text);
    CHECK(bpe_read(&bpe, &arena, file_of(text, size - 1), &err), "%s", err.text); /* no end of the last line */
    check_spelt(&bpe, "cats", "cats</w>");
    arena_free(&arena);
}

static void check_refused(const char *path, const char *what) {
    Bpe bpe = { 0 };
    Err err;
    CHECK(!bpe_read(&bpe, &arena, path, &err), "not refused: %s", what);
    CHECK(!strncmp(err.text, path, strlen(path)) && strstr(err.text, what) && !strchr(err.text, '\n'),
          "\"%s\" was said, \"%s\" was wanted", err.text, what);
    CHECK(!bpe.token && !bpe.pair, "%s", "a vocabulary was made");
}

/* The small world with one line, counted from 1, replaced. */
static const char *with_line(int line, const char *other) {
    char *text = vocabulary("#version: 0.2", MERGES, "\n"), *start = text;
    for (int i = 1; i < line; i++) start = strchr(start, '\n') + 1;
    const char *rest = strchr(start, '\n');
    return text_file(arena_print(&arena, "%.*s%s%s", (int)(start - text), text, other, rest));
}

TEST(bpe_refuses_what_is_none) {
    check_refused(file_of("", 0), "line 1: the file ends here");
    check_refused(text_file("a text\n"), "line 1: \"#version\" was wanted");
    check_refused(file_of("\0\0\0\0\0\0\0\0", 8), "line 1: \"#version\" was wanted");
    check_refused(text_file("#version"), "line 2: the file ends here, a vocabulary of CLIP has a heading and 48894");
    check_refused(text_file(vocabulary("#version: 0.2", MERGES - 1, "\n")), "line 48895: the file ends here");
    check_refused(text_file("#version: 0.2\n\xc4\xa0 t\n"), "line 2: this is a vocabulary like GPT-2's");
    check_refused(check_folder(), "a folder");
    char *wide = arena_alloc(&arena, 5000, 1);
    memset(wide, 'x', 4999);
    wide[4999] = '\0';
    check_refused(text_file(wide), "line 1: it has more than 512 bytes");
    check_refused(with_line(3, wide), "line 3: it has more than 512 bytes");
    arena_free(&arena);
}

TEST(bpe_refuses_lines) {
    check_refused(with_line(10, ""), "line 10: \"\" came, two tokens with one space between were wanted");
    check_refused(with_line(10, "ab"), "line 10: \"ab\" came, two tokens");
    check_refused(with_line(10, "a b c"), "line 10: \"a b c\" came, two tokens");
    check_refused(with_line(10, "a  b"), "two tokens");
    check_refused(with_line(10, " a"), "two tokens");
    check_refused(with_line(10, "a "), "two tokens");
    check_refused(with_line(10, "zz a"), "line 10: the token \"zz\" was not made by any line before");
    check_refused(with_line(10, "a \xff"), "was not made");
    check_refused(with_line(10, "a \x01\x1b[2J"), "\\u0001\\u001b[2J");
    check_refused(with_line(10, "c a"), "line 10: \"c a\" makes a token that there is already");
    check_refused(with_line(2, "ca t</w>"), "line 2: the token \"ca\" was not made");
    arena_free(&arena);
}

TEST(bpe_refuses_damaged_gzip) {
    const char *path = check_reference("bpe/bpe_simple_vocab_16e6.txt.gz");
    File file;
    Err err;
    CHECK(file_open(&file, path, &err), "%s", err.text);
    uint8_t *copy = arena_alloc(&arena, file.size, 1);
    memcpy(copy, file.data, file.size);
    check_refused(file_of(copy, 3), "");
    check_refused(file_of(copy, file.size / 2), "");
    check_refused(file_of(copy, file.size - 1), "");
    copy[file.size / 3] ^= 0x10;
    check_refused(file_of(copy, file.size), "");
    file_close(&file);
    arena_free(&arena);
}

/* Any change of a byte is refused in one line, or gives a vocabulary that can be used. */
TEST(bpe_survives_changed_bytes) {
    Rng rng = rng_seed(7, 0);
    char *text = vocabulary("#version: 0.2", MERGES, "\n");
    size_t size = strlen(text);
    for (int i = 0; i < 60; i++) {
        size_t at = rng_below(&rng, (uint32_t)(i % 2 ? 200 : size));
        char was = text[at];
        text[at] = (char)rng_below(&rng, 256);
        Bpe bpe;
        Err err = { "" };
        Arena own = { 0 };
        if (bpe_read(&bpe, &own, file_of(text, size), &err)) spelt(&bpe, "cats and dogs \xff");
        else CHECK(err.text[0] && !strchr(err.text, '\n'), "%s", err.text);
        arena_free(&own);
        text[at] = was;
    }
    arena_free(&arena);
}

/* ---- the published vocabulary ----------------------------------------------------------------------------------- */

TEST(bpe_published) {
    Bpe bpe;
    Err err;
    CHECK(bpe_read(&bpe, &arena, check_reference("bpe/bpe_simple_vocab_16e6.txt.gz"), &err), "%s", err.text);
    check_spelt(&bpe, "a tabby cat's naïve ラーメン",
                "a</w> tabby</w> cat</w> 's</w> na ï ve</w> ラ "
                "ー\xe3\x83 \xa1 ン</w>");
    arena_free(&arena);
}

TESTS(bpe_ids_by_hand, bpe_merges_in_order, bpe_pieces, bpe_cleaning, bpe_cuts_long_texts,
      bpe_long_texts_take_no_longer, bpe_reads_every_form, bpe_refuses_what_is_none, bpe_refuses_lines,
      bpe_refuses_damaged_gzip, bpe_survives_changed_bytes, bpe_published)
