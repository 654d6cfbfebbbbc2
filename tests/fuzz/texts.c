/* texts: JSON, the tokeniser and its vocabulary, characters, words of a model. */
#include "../cifar_labels.h"
#include "fuzz.h"
#include "core/arena.h"
#include "core/file.h"

#include "dataset/bpe.h"
#include "dataset/cifar.h"
#include "dataset/html_entity.h"
#include "core/quote.h"
#include "formats/json.h"
#include "dataset/words.h"
#include "dataset/unicode.h"

#include <stdlib.h>
#include <string.h>

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

/* A string, quoted and read again, is the same string. */
static void string_check(Arena *arena, const char *text) {
    const char *again;
    Err err;
    char *text_json = quote_json(arena, text);
    Json j = json_begin(arena, text_json, strlen(text_json), "quoted", &err);
    REQUIRE(utf8_is_valid(text) && json_string(&j, &again) && json_end(&j) && !strcmp(again, text),
            "%s does not come back", quoted(text));
}

static void walk(Json *j, Arena *arena) {
    const char *text;
    long long whole;
    Json copy = *j;
    copy.err = NULL;
    fuzz_sign((uint64_t)json_kind(j));
    switch (json_kind(j)) {
    case JSON_NULL: json_null(j); break;
    case JSON_NUMBER:
        if (json_int(&copy, -1000, 1000, &whole)) REQUIRE(-1000 <= whole && whole <= 1000, "%lld", whole);
        json_skip(j); /* any size */
        break;
    case JSON_STRING:
        if (json_string(j, &text)) string_check(arena, text);
        break;
    case JSON_ARRAY:
        for (json_array(j); json_item(j);) walk(j, arena);
        break;
    case JSON_OBJECT:
        for (json_object(j); json_key(j, &text); walk(j, arena)) string_check(arena, text);
        break;
    default: json_skip(j);
    }
}

int fuzz_json(const uint8_t *data, size_t size) {
    Arena arena = { 0 };
    Err err = { "" }, other = { "" };
    char *text = (char *)fuzz_copy(data, size);
    Json j = json_begin(&arena, text, size, "text", &err), skipped = json_begin(NULL, text, size, "text", &other);
    walk(&j, &arena);
    json_skip(&skipped);
    bool ok = json_end(&j), skips = json_end(&skipped);
    fuzz_answer(ok, &err);
    REQUIRE(ok == skips && !strcmp(err.text, other.text), "read: \"%s\", skipped: \"%s\"", err.text, other.text);
    free(text);
    arena_free(&arena);
    return 0;
}

int fuzz_labels(const uint8_t *data, size_t size) {
    Arena arena = { 0 };
    Err err = { "" };
    CifarLabels labels = { 0 };
    uint8_t *copy = fuzz_copy(data, size);
    file_mock("labels", copy, size);
    bool ok = cifar_labels_read(&arena, "labels", &labels, &err);
    fuzz_answer(ok, &err);
    REQUIRE(ok || !labels.label, "%s", "refused labels were set");
    for (size_t i = 0; i < labels.n; i++)
        REQUIRE(labels.label[i] < CIFAR_CLASSES, "label %zu is %d", i, labels.label[i]);
    file_mock(NULL, NULL, 0);
    free(copy);
    arena_free(&arena);
    return 0;
}

/* ---- the tokeniser ---------------------------------------------------------------------------------------------- */

int fuzz_vocabulary(const uint8_t *data, size_t size) {
    Arena arena = { 0 };
    Err err = { "" };
    Bpe bpe;
    uint8_t *copy = fuzz_copy(data, size);
    file_mock("vocabulary", copy, size);
    bool ok = bpe_read(&bpe, &arena, "vocabulary", &err);
    fuzz_answer(ok, &err);
    file_mock(NULL, NULL, 0);
    free(copy);
    arena_free(&arena);
    return 0;
}

/* A vocabulary with a few words; the other merges are pairs of characters. */
static const Bpe *small_config(void) {
    static const char *const merges[] = { "c a", "ca t</w>", "ca t", "cat s</w>", "a b",    "b c</w>",
                                          "a a", "' s</w>",  "t h",  "th e</w>",  "o f</w>" };
    static Arena arena;
    static Bpe bpe;
    Err err;
    if (bpe.token) return &bpe;
    enum { MERGES = BPE_IDS - 2 * 256 - 2, LINE = 16 };
    char *text = arena_alloc(&arena, MERGES, LINE), *at = text + sprintf(text, "#version: 0.2\n"), pair[2][5];
    int made = 0;
    for (; made < (int)COUNT(merges); made++) at += sprintf(at, "%s\n", merges[made]);
    for (uint32_t a = 0xae; made < MERGES; a++)
        for (uint32_t b = 0xae; b < 0x143 && made < MERGES; b++)
            for (int kind = 0; kind < 3 && made < MERGES; kind++, made++) { /* "a b", "a b</w>", "ab z</w>" */
                pair[0][unicode_write(a, pair[0])] = pair[1][unicode_write(b, pair[1])] = '\0';
                at += sprintf(at, kind < 2 ? "%s %s%s\n" : "%s%s z%s\n", pair[0], pair[1], kind ? "</w>" : "");
            }
    file_mock("world", text, (size_t)(at - text));
    if (!bpe_read(&bpe, &arena, "world", &err)) die("%s", err.text);
    file_mock(NULL, NULL, 0);
    return &bpe;
}

/* The first byte is the length of a row, the rest texts that end in zeros. */
int fuzz_tokens(const uint8_t *data, size_t size) {
    enum { TEXTS = 4, ROOM = 2 + 255 };
    const Bpe *bpe = small_config();
    static int ids[TEXTS * ROOM], wanted[TEXTS];
    Arena arena = { 0 };
    if (size < 1) return 0;
    int T = 2 + data[0], B = 1;
    char *copy = arena_alloc(&arena, size, 1);
    const char *texts[TEXTS] = { copy };
    memcpy(copy, data + 1, size - 1);
    copy[size - 1] = '\0';
    for (size_t i = 0; i + 1 < size && B < TEXTS; i++)
        if (!copy[i]) texts[B++] = copy + i + 1;
    int cut = bpe_encode(bpe, texts, B, T, ids, wanted), longer = 0;
    for (int b = 0; b < B; b++) {
        const int *row = ids + b * T;
        int used = MIN(wanted[b], T);
        longer += wanted[b] > T;
        REQUIRE(wanted[b] >= 2 && (size_t)wanted[b] <= 3 * strlen(texts[b]) + 2, "%d tokens from %zu bytes", wanted[b],
                strlen(texts[b]));
        REQUIRE(row[0] == BPE_START && row[used - 1] == BPE_END, "a row from %d to %d", row[0], row[used - 1]);
        for (int t = 0; t < T; t++)
            REQUIRE(t < used ? row[t] >= 0 && row[t] < BPE_IDS : row[t] == 0, "id %d is %d", t, row[t]);
        for (int t = 0; t < used; t++) bpe_token(bpe, &arena, row[t]);
    }
    REQUIRE(cut == longer, "%d rows are said to be cut, %d are", cut, longer);
    fuzz_sign((uint64_t)cut);
    arena_free(&arena);
    return 0;
}

/* ---- characters ------------------------------------------------------------------------------------------------- */

int fuzz_unicode(const uint8_t *data, size_t size) {
    Arena arena = { 0 };
    uint32_t *codes = arena_alloc(&arena, size, sizeof *codes);
    char *copy = (char *)fuzz_copy(data, size), back[4];
    size_t count = 0;
    for (size_t at = 0; at < size; count++) {
        size_t used = unicode_read(copy + at, size - at, &codes[count]);
        REQUIRE(used >= 1 && used <= size - at, "a character of %zu bytes", used);
        REQUIRE(unicode_write(codes[count], back) == used && !memcmp(back, copy + at, used),
                "character %x does not come back", codes[count]);
        fuzz_sign((uint64_t)(unicode_is_letter(codes[count]) + 2 * unicode_is_number(codes[count]) +
                             4 * unicode_is_space(codes[count])));
        at += used;
    }
    size_t left = html_entity_unescape(codes, count);
    REQUIRE(left <= count, "%zu characters became %zu", count, left);
    uint32_t *small = arena_alloc(&arena, 2 * left, sizeof *small);
    size_t lowered = unicode_lower(codes, left, small);
    REQUIRE(lowered <= 2 * left, "%zu characters became %zu", left, lowered);
    free(copy);
    arena_free(&arena);
    return 0;
}

/* ---- words of a model ------------------------------------------------------------------------------------------- */

/* Two texts: a vocabulary, and a text to encode. */
int fuzz_text(const uint8_t *data, size_t size) {
    enum { T = 5 };
    Arena arena = { 0 };
    Err err = { "" };
    Vocab vocab = { 0 };
    char *text = arena_alloc(&arena, size + 1, 1);
    int ids[T];
    if (size) memcpy(text, data, size);
    text[size] = '\0';
    char *half = strchr(text, '\n');
    if (half) *half = '\0';
    const char *said = half ? half + 1 : "";
    bool ok = vocab_from_text(&vocab, &arena, text, "words", &err);
    fuzz_answer(ok, &err);
    REQUIRE(ok || !vocab.word, "%s", "a refused vocabulary was set");
    if (ok) REQUIRE(!strcmp(vocab_to_text(&arena, &vocab), text), "%s", "a vocabulary does not come back");
    for (int id = TEXT_FIRST_WORD; ok && id < vocab.size; id++)
        REQUIRE(vocab_find(&vocab, vocab.word[id]) == id, "word %d is not found", id);
    if (!ok) vocab = vocab_build(&arena, (const char *const[]){ "{}" }, 1, (const char *const[]){ text }, 1);
    TextNotes notes = vocab_encode(&vocab, &arena, &said, 1, T, ids);
    for (int t = 0; t < T; t++) REQUIRE(ids[t] >= 0 && ids[t] < vocab.size, "id %d of %d words", ids[t], vocab.size);
    REQUIRE(ids[0] != TEXT_PADDING && notes.unknown_count >= 0, "%s", "a text of nothing");
    ok = text_template_check(said, &err);
    fuzz_answer(ok, &err);
    if (ok && size < 1000) text_fill(&arena, said, text);
    arena_free(&arena);
    return 0;
}

static const Word json_words[] = { W("null"),
                                   W("true"),
                                   W("false"),
                                   W("\\u00e9"),
                                   W("\\ud83d\\ude00"),
                                   W("\\u0000"),
                                   W("\""),
                                   W("[[[[[[[["),
                                   W("]"),
                                   W("{\"a\":"),
                                   W("}"),
                                   W(","),
                                   W("1e308"),
                                   W("1E-400"),
                                   W("-0.0"),
                                   W("\xc3\xa9"),
                                   W("\xed\xa0\x80"),
                                   W("\xf0\x9f\x98\x80"),
                                   { 0 } };
static const Word merges[] = { W("#version: 0.2\n"), W("</w>"), W("i n\n"), W("t h\n"), W("th e</w>\n"),
                               W("\xc4\xa0 t\n"),    W("\r\n"), W(" "),     { 0 } };
static const Word characters[] = { W("&amp;"),
                                   W("&#x1F600;"),
                                   W("&#0;"),
                                   W("&#xD800;"),
                                   W("&#128;"),
                                   W("&notit;"),
                                   W("&lt"),
                                   W("&CounterClockwiseContourIntegral;"),
                                   W("<|startoftext|>"),
                                   W("<|endoftext|>"),
                                   W("'s"),
                                   W("'\xc5\xbf"),
                                   W("cats"),
                                   W("\xcd\x85"),
                                   W("\xc4\xb0"),
                                   W("\xce\xa3"),
                                   W("\xe2\x80\x89"),
                                   W("\xf4\x8f\xbf\xbf"),
                                   W("\xc0\x80"),
                                   W("\xed\xbf\xbf"),
                                   { 0 } };
static const Word words[] = { W("a "), W("zebra"), W("don't"), W("{}"), W("'"), W("\xc3\xa9"), W("\n"), { 0 } };
HARNESS(json, .corpus = "json", .words = json_words, .check = 6000);
HARNESS(labels, .corpus = "labels", .words = json_words, .check = 4000);
HARNESS(vocabulary, .corpus = "vocabulary", .words = merges, .check = 500);
HARNESS(tokens, .corpus = "text", .words = characters, .check = 2000);
HARNESS(unicode, .corpus = "text", .words = characters, .check = 4000);
HARNESS(text, .corpus = "text", .words = words, .check = 4000);
