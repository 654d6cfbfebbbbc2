#include "dataset/bpe.h"

#include "core/quote.h"
#include "dataset/html_entity.h"
#include "dataset/unicode.h"
#include "formats/file_kind.h"
#include "formats/inflate.h"

#include <string.h>

enum {
    BYTES = 256,
    MERGES = BPE_IDS - 2 * BYTES - 2,
    TABLE_BITS = 17, /* hash tables of 2^17 slots, for some 49,000 entries */
    TABLE = 1 << TABLE_BITS,
    LINE_LIMIT = 512, /* bytes of a line; CLIP's longest has 43 */
    TOKEN_MAX = 256
};

struct BpePair {
    uint16_t left, right, merged; /* merged 0: an empty slot */
};

static const char end_mark[] = "</w>";

/* ---- the alphabet of the file ----------------------------------------------------------------------------------- */

/* The file has a visible character for each byte: bytes that are visible in Latin-1 stand for themselves, the others
 * are U+0100, U+0101, ... in order. The ids have the same order: first the visible bytes. */
static bool byte_is_visible(int b) { return (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174; }

typedef struct {
    uint32_t code[BYTES]; /* by byte */
    uint16_t id[BYTES];
} Alphabet;

static Alphabet alphabet_make(void) {
    Alphabet a;
    int visible = 0, hidden = 0;
    for (int b = 0; b < BYTES; b++) visible += byte_is_visible(b);
    for (int b = 0, next = 0; b < BYTES; b++) {
        bool shown = byte_is_visible(b);
        a.code[b] = (uint32_t)(shown ? b : BYTES + hidden);
        a.id[b] = (uint16_t)(shown ? next++ : visible + hidden++);
    }
    return a;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *path;
    const char *at, *end; /* the rest of the text */
    int line;
    Arena *arena;
    const char **token;
    uint16_t *slots; /* hash table of the tokens: id + 1; 0: an empty slot */
    BpePair *pairs;
    int ids; /* number of tokens so far */
    Err *err;
} Reader;

typedef struct {
    const char *text;
    size_t length;
} Span;

static uint32_t span_hash(Span s) {
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < s.length; i++) hash = (hash ^ (uint8_t)s.text[i]) * 16777619u;
    return (hash ^ hash >> 15) & (TABLE - 1);
}

/* The slot of a token: where it is, or the empty one where it belongs. */
static uint32_t slot_find(const Reader *r, Span s) {
    uint32_t slot = span_hash(s);
    for (; r->slots[slot]; slot = (slot + 1) & (TABLE - 1)) {
        const char *have = r->token[r->slots[slot] - 1];
        if (strlen(have) == s.length && !memcmp(have, s.text, s.length)) break;
    }
    return slot;
}

/* Gives the next id to the token left + right. False when this token exists. */
static bool token_add(Reader *r, Span left, Span right) {
    char *text = arena_alloc(r->arena, left.length + right.length + 1, 1);
    memcpy(text, left.text, left.length);
    memcpy(text + left.length, right.text, right.length);
    text[left.length + right.length] = '\0';
    uint32_t slot = slot_find(r, (Span){ text, left.length + right.length });
    if (r->slots[slot]) return false;
    r->token[r->ids] = text;
    r->slots[slot] = (uint16_t)++r->ids;
    return true;
}

static uint32_t pair_slot(const BpePair *pairs, int left, int right) {
    uint32_t slot = ((uint32_t)left << 16 | (uint32_t)right) * 0x9e3779b1u >> (32 - TABLE_BITS);
    while (pairs[slot].merged && (pairs[slot].left != left || pairs[slot].right != right))
        slot = (slot + 1) & (TABLE - 1);
    return slot;
}

static void bytes_add(Reader *r) {
    Alphabet a = alphabet_make();
    for (int marked = 0; marked < 2; marked++)
        for (int id = 0; id < BYTES; id++) {
            int b = 0;
            while (a.id[b] != id) b++;
            char text[4];
            size_t length = unicode_write(a.code[b], text);
            token_add(r, (Span){ text, length }, (Span){ end_mark, marked ? sizeof end_mark - 1 : 0 });
        }
}

static bool line_next(Reader *r, Span *line) {
    r->line++;
    if (r->at == r->end)
        return err_set(r->err,
                       "%s: line %d: the file ends here, a vocabulary of CLIP has a heading and %d merges; it "
                       "was cut, or belongs to another model",
                       r->path, r->line, MERGES);
    const char *end = memchr(r->at, '\n', MIN((size_t)(r->end - r->at), (size_t)LINE_LIMIT + 1));
    if (!end && r->end - r->at > LINE_LIMIT)
        return err_set(r->err, "%s: line %d: it has more than %d bytes, two tokens were wanted", r->path, r->line,
                       LINE_LIMIT);
    if (!end) end = r->end;
    *line = (Span){ r->at, (size_t)(end - r->at) };
    r->at = end + (end < r->end);
    if (line->length > 0 && line->text[line->length - 1] == '\r') line->length--;
    return true;
}

static const char *span_shown(Span s) {
    char text[LINE_LIMIT + 1];
    memcpy(text, s.text, s.length);
    text[s.length] = '\0';
    return quoted(text);
}

static bool merge_read(Reader *r) {
    Span line, part[2];
    if (!line_next(r, &line)) return false;
    const char *space = memchr(line.text, ' ', line.length);
    if (!space) space = line.text + line.length;
    part[0] = (Span){ line.text, (size_t)(space - line.text) };
    part[1] = (Span){ space + 1, line.length > part[0].length ? line.length - part[0].length - 1 : 0 };
    uint16_t id[2];
    for (int i = 0; i < 2; i++) {
        if (part[i].length == 0 || memchr(part[i].text, ' ', part[i].length) || line.length > TOKEN_MAX)
            return err_set(r->err, "%s: line %d: %s came, two tokens with one space between were wanted", r->path,
                           r->line, span_shown(line));
        id[i] = r->slots[slot_find(r, part[i])];
        if (!id[i])
            return err_set(r->err, "%s: line %d: the token %s was not made by any line before", r->path, r->line,
                           span_shown(part[i]));
    }
    if (!token_add(r, part[0], part[1]))
        return err_set(r->err, "%s: line %d: %s makes a token that there is already", r->path, r->line,
                       span_shown(line));
    r->pairs[pair_slot(r->pairs, id[0] - 1, id[1] - 1)] =
        (BpePair){ (uint16_t)(id[0] - 1), (uint16_t)(id[1] - 1), (uint16_t)(r->ids - 1) };
    return true;
}

/* The first line has "#version: 0.2"; in OpenAI's file a name precedes it. GPT-2's file has the same first line, but
 * its first merges contain the space, which is never part of a piece of CLIP. */
static bool heading_read(Reader *r) {
    Span line;
    File text = { .data = (const uint8_t *)r->at, .size = (size_t)(r->end - r->at) };
    if (file_kind_tell(r->path, text, HOLDS_VOCABULARY, r->err)) return false;
    if (!line_next(r, &line)) return false;
    static const char version[] = "#version";
    for (size_t i = 0; i + sizeof version - 1 <= line.length; i++)
        if (!memcmp(line.text + i, version, sizeof version - 1)) {
            if (r->end - r->at < 2 || memcmp(r->at, "\xc4\xa0", 2)) return true; /* U+0120, the space */
            return err_set(r->err, "%s: line 2: this is a vocabulary like GPT-2's, CLIP's was wanted", r->path);
        }
    return err_set(r->err,
                   "%s: line 1: \"#version\" was wanted somewhere in it; take bpe_simple_vocab_16e6.txt.gz or "
                   "merges.txt",
                   r->path);
}

static Bpe vocabulary_done(Reader *r) {
    r->token[BPE_START] = "<|startoftext|>";
    r->token[BPE_END] = "<|endoftext|>";
    return (Bpe){ .token = r->token, .pair = r->pairs };
}

static Reader reader_make(Arena *arena, Arena *scratch) {
    Reader r = { .arena = arena, .token = arena_zero(arena, BPE_IDS, sizeof *r.token) };
    r.pairs = arena_zero(arena, TABLE, sizeof *r.pairs);
    r.slots = arena_zero(scratch, TABLE, sizeof *r.slots);
    return r;
}

bool bpe_find(Bpe *bpe, Arena *arena, const char *weights, Err *err) {
    static const char *const names[] = { "merges.txt", "bpe_simple_vocab_16e6.txt.gz" };
    const char *slash = strrchr(weights, '/');
    const char *beside = slash ? arena_print(arena, "%.*s", (int)(slash - weights), weights) : ".";
    const char *folders[] = { beside, models_folder() };
    for (size_t f = 0; f < COUNT(folders); f++)
        for (size_t i = 0; i < COUNT(names); i++) {
            const char *path = arena_print(arena, "%s/%s", folders[f], names[i]);
            if (file_exists(path)) return bpe_read(bpe, arena, path, err);
        }
    return err_set(err,
                   "%s: neither merges.txt nor bpe_simple_vocab_16e6.txt.gz is beside it; `make pretrained` "
                   "fetches the vocabulary",
                   weights);
}

Bpe bpe_bytes(Arena *arena) {
    Arena scratch = { 0 };
    Reader r = reader_make(arena, &scratch);
    bytes_add(&r);
    while (r.ids < BPE_START) r.token[r.ids++] = "";
    arena_free(&scratch);
    return vocabulary_done(&r);
}

bool bpe_read(Bpe *bpe, Arena *arena, const char *path, Err *err) {
    Arena scratch = { 0 };
    File file;
    if (!file_open(&file, path, err)) return false;
    File text = file;
    bool packed = file.size >= 2 && file.data[0] == 0x1f && file.data[1] == 0x8b;
    bool ok = !packed || gzip_inflate(&scratch, path, file, &text, err);
    Reader r = reader_make(arena, &scratch);
    r.path = path;
    r.err = err;
    r.at = text.data ? (const char *)text.data : "";
    r.end = r.at + text.size;
    ok = ok && heading_read(&r);
    if (ok) bytes_add(&r);
    while (ok && r.ids < 2 * BYTES + MERGES) ok = merge_read(&r);
    if (ok) *bpe = vocabulary_done(&r);
    file_close(&file);
    arena_free(&scratch);
    return ok;
}

char *bpe_token(const Bpe *bpe, Arena *arena, int id) {
    REQUIRE(id >= 0 && id < BPE_IDS, "the id is %d, want 0 to %d", id, BPE_IDS - 1);
    if (id >= BPE_START) return arena_text(arena, bpe->token[id]);
    Alphabet a = alphabet_make();
    size_t size = strlen(bpe->token[id]), mark = sizeof end_mark - 1, made = 0;
    bool marked = size > mark && !strcmp(bpe->token[id] + size - mark, end_mark);
    char *text = arena_alloc(arena, size + 1, 1);
    size_t letters = marked ? size - mark : size;
    for (size_t at = 0; at < letters;) {
        uint32_t code;
        at += unicode_read(bpe->token[id] + at, letters - at, &code);
        int b = 0;
        while (a.code[b] != code) b++;
        text[made++] = (char)b;
    }
    strcpy(text + made, marked ? end_mark : "");
    return text;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

bool bpe_write_merges(const Bpe *bpe, const char *path, Err *err) {
    Arena work = { 0 };
    const BpePair **made = arena_zero(&work, BPE_IDS, sizeof *made); /* by the token that is made */
    OutFile out;
    for (int i = 0; i < TABLE; i++)
        if (bpe->pair[i].merged) made[bpe->pair[i].merged] = &bpe->pair[i];
    bool ok = out_open(&out, path, err);
    if (ok) fprintf(out.stream, "#version: 0.2\n");
    for (int id = 2 * BYTES; ok && id < BPE_START; id++)
        fprintf(out.stream, "%s %s\n", bpe->token[made[id]->left], bpe->token[made[id]->right]);
    ok = ok && out_commit(&out, err);
    arena_free(&work);
    return ok;
}

bool bpe_write_tokens(const Bpe *bpe, const char *path, Err *err) {
    Arena work = { 0 };
    OutFile out;
    bool ok = out_open(&out, path, err);
    for (int id = 0; ok && id < BPE_IDS; id++) {
        fprintf(out.stream, "%s%s: %d", id ? ", " : "{", quote_json(&work, bpe->token[id]), id);
        arena_reset(&work);
    }
    if (ok) fprintf(out.stream, "}\n");
    ok = ok && out_commit(&out, err);
    arena_free(&work);
    return ok;
}

/* ---- cleaning --------------------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t *code;
    size_t count;
} Codes;

/* What Python's str.strip() removes: white space and the separators 1C to 1F, which \s does not match. */
static bool is_stripped(uint32_t code) { return unicode_is_space(code) || (code >= 0x1c && code <= 0x1f); }

/* Runs of white space stay: they separate pieces in the same way as one space. */
static Codes text_clean(Arena *arena, const char *text) {
    size_t size = strlen(text), count = 0, first = 0;
    uint32_t *raw = arena_alloc(arena, size + 1, sizeof *raw);
    for (size_t at = 0; at < size; count++) at += unicode_read(text + at, size - at, &raw[count]);
    count = html_entity_unescape(raw, html_entity_unescape(raw, count));
    while (count > 0 && is_stripped(raw[count - 1])) count--;
    while (first < count && is_stripped(raw[first])) first++;
    Codes codes = { .code = arena_alloc(arena, 2 * (count - first) + 1, sizeof *codes.code) };
    codes.count = unicode_lower(raw + first, count - first, codes.code);
    return codes;
}

/* ---- pieces ----------------------------------------------------------------------------------------------------- */

typedef enum { KIND_OTHER, KIND_LETTER, KIND_NUMBER, KIND_SPACE, KIND_NONE } Kind;

/* U+0345 has no kind: OpenAI's pattern ignores case, and no part of it matches this character, so it is dropped. */
static Kind kind_of(uint32_t code) {
    if (unicode_is_letter(code)) return KIND_LETTER;
    if (unicode_is_number(code)) return KIND_NUMBER;
    if (unicode_is_space(code)) return KIND_SPACE;
    return code == 0x345 ? KIND_NONE : KIND_OTHER;
}

/* The length of the literal `word` at `at`, else 0. OpenAI's pattern ignores case: the long s (U+017F) matches s. */
static size_t literal_here(Codes codes, size_t at, const char *word) {
    size_t length = strlen(word);
    if (length > codes.count - at) return 0;
    for (size_t i = 0; i < length; i++) {
        uint32_t code = codes.code[at + i];
        if (code != (uint8_t)word[i] && !(word[i] == 's' && code == 0x17f)) return 0;
    }
    return length;
}

/* The number of characters of the piece at `at`; 0 if no piece begins there. */
static size_t piece_here(Codes codes, size_t at) {
    static const char *const literals[] = {
        "<|startoftext|>", "<|endoftext|>", "'s", "'t", "'re", "'ve", "'m", "'ll", "'d",
    };
    if (codes.code[at] == '<' || codes.code[at] == '\'')
        for (size_t i = 0; i < COUNT(literals); i++) {
            size_t length = literal_here(codes, at, literals[i]);
            if (length > 0) return length;
        }
    Kind kind = kind_of(codes.code[at]);
    if (kind == KIND_SPACE || kind == KIND_NONE) return 0;
    size_t end = at + 1;
    if (kind != KIND_NUMBER)
        while (end < codes.count && kind_of(codes.code[end]) == kind) end++;
    return end - at;
}

/* ---- merging ---------------------------------------------------------------------------------------------------- */

/* The symbols of a piece as a linked list, and a heap of the possible merges, the first one of the vocabulary on top. A
 * merge can only enable merges that come later in the vocabulary (bpe_read checks it), so taking them one by one gives
 * the same result as OpenAI's rounds, which merge all equal pairs at once. */
typedef struct {
    const BpePair *pair;
    int count;
    int *id, *next, *before; /* next: count at the end; before: -1 at the start; id -1: merged */
    uint64_t *heap;          /* id of the merged symbol << 32 | position of the left symbol */
    int heap_count;
} Merger;

static void heap_push(Merger *m, uint64_t key) {
    int at = m->heap_count++;
    for (; at > 0 && m->heap[(at - 1) / 2] > key; at = (at - 1) / 2) m->heap[at] = m->heap[(at - 1) / 2];
    m->heap[at] = key;
}

static uint64_t heap_pop(Merger *m) {
    uint64_t top = m->heap[0], key = m->heap[--m->heap_count];
    int at = 0;
    for (int child = 1; child < m->heap_count; child = 2 * at + 1) {
        if (child + 1 < m->heap_count && m->heap[child + 1] < m->heap[child]) child++;
        if (m->heap[child] >= key) break;
        m->heap[at] = m->heap[child];
        at = child;
    }
    m->heap[at] = key;
    return top;
}

/* The id that the symbol at `place` and its right neighbour merge into; 0 if they do not. */
static int pair_merged(const Merger *m, int place) {
    if (place < 0 || m->id[place] < 0 || m->next[place] == m->count) return 0;
    return m->pair[pair_slot(m->pair, m->id[place], m->id[m->next[place]])].merged;
}

static void pair_push(Merger *m, int place) {
    int merged = pair_merged(m, place);
    if (merged) heap_push(m, (uint64_t)merged << 32 | (uint32_t)place);
}

static void merge_all(Merger *m) {
    for (int i = 0; i < m->count; i++) pair_push(m, i);
    while (m->heap_count > 0) {
        uint64_t top = heap_pop(m);
        int place = (int)(top & 0xffffffffu), merged = (int)(top >> 32);
        if (pair_merged(m, place) != merged) continue; /* one of the two was merged otherwise */
        int gone = m->next[place], after = m->next[gone];
        m->id[place] = merged;
        m->id[gone] = -1;
        m->next[place] = after;
        if (after < m->count) m->before[after] = place;
        pair_push(m, m->before[place]);
        pair_push(m, place);
    }
}

/* A row of ids that is being filled; `count` may exceed `room`. */
typedef struct {
    int *ids, room, count;
} Row;

static void row_add(Row *row, int id) {
    if (row->count < row->room) row->ids[row->count] = id;
    row->count++;
}

static bool codes_are(Codes codes, const char *text) {
    if (codes.count != strlen(text)) return false;
    for (size_t i = 0; i < codes.count; i++)
        if (codes.code[i] != (uint8_t)text[i]) return false;
    return true;
}

static void piece_encode(const Bpe *bpe, Arena *arena, const Alphabet *alphabet, Codes piece, Row *row) {
    for (int id = BPE_START; id <= BPE_END; id++)
        if (codes_are(piece, bpe->token[id])) {
            row_add(row, id);
            return;
        }
    size_t max = 4 * piece.count;
    Merger m = { .pair = bpe->pair, .id = arena_alloc(arena, max, sizeof *m.id) };
    for (size_t i = 0; i < piece.count; i++) {
        char bytes[4];
        size_t length = unicode_write(piece.code[i], bytes);
        for (size_t b = 0; b < length; b++) m.id[m.count++] = alphabet->id[(uint8_t)bytes[b]];
    }
    m.id[m.count - 1] += BYTES;
    m.next = arena_alloc(arena, (size_t)m.count, sizeof *m.next);
    m.before = arena_alloc(arena, (size_t)m.count, sizeof *m.before);
    m.heap = arena_alloc(arena, (size_t)m.count * 3, sizeof *m.heap);
    for (int i = 0; i < m.count; i++) {
        m.next[i] = i + 1;
        m.before[i] = i - 1;
    }
    merge_all(&m);
    for (int i = 0; i < m.count; i = m.next[i]) row_add(row, m.id[i]);
}

int bpe_encode(const Bpe *bpe, const char *const *texts, int B, int T, int *ids, int *tokens) {
    REQUIRE(T >= 2, "rows of %d tokens, start and end at least were wanted", T);
    Arena text = { 0 }, scratch = { 0 };
    Alphabet alphabet = alphabet_make();
    int cut = 0;
    for (int b = 0; b < B; b++) {
        REQUIRE(strlen(texts[b]) < 1 << 28, "text %d has 256 MB or more", b);
        Row row = { .ids = ids + (size_t)b * (size_t)T, .room = T };
        memset(row.ids, 0, (size_t)T * sizeof *row.ids);
        arena_reset(&text);
        Codes codes = text_clean(&text, texts[b]);
        row_add(&row, BPE_START);
        for (size_t at = 0, length; at < codes.count; at += MAX(length, (size_t)1)) {
            length = piece_here(codes, at);
            arena_reset(&scratch);
            if (length) piece_encode(bpe, &scratch, &alphabet, (Codes){ codes.code + at, length }, &row);
        }
        row_add(&row, BPE_END);
        if (row.count > T) row.ids[T - 1] = BPE_END;
        cut += row.count > T;
        if (tokens) tokens[b] = row.count;
    }
    arena_free(&text);
    arena_free(&scratch);
    return cut;
}
