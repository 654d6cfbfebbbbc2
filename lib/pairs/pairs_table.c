#include "pairs/pairs_table.h"

#include "core/file.h"
#include "core/quote.h"
#include "dataset/text_defect.h"
#include "formats/file_kind.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *pairs_bad_name(PairsBadKind kind) {
    static const char *const names[] = {
        "wrong number of columns", "quote not closed", "not UTF-8 or zero byte", "empty path",
        "empty caption",           "wrong split",      "missing file",           "not a picture"
    };
    return names[kind];
}
const char *pairs_part_name(PairsPart part) {
    static const char *const names[] = { "train", "val", "test", "unsaid" };
    return names[part];
}

/* ---- rows and fields --------------------------------------------------------------------------------------------- */

enum { COLUMNS_MAX = 256 };

typedef struct {
    const char *at, *end; /* what is left of the file */
    int line;             /* of `at`, from 1 */
    char separator;
    char *pool; /* where the text of the next field goes: no text is longer than its field in the file */
    int count;  /* fields of the last row */
    struct {
        char *text;
        size_t length;
    } field[COLUMNS_MAX];
} Reader;

static bool ends_field(const Reader *r) { return r->at == r->end || *r->at == r->separator || *r->at == '\n'; }

/* Keeps a field without the spaces at its ends, or only counts it, when there are too many. */
static void field_add(Reader *r, char *text, size_t length) {
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) && text[length - 1]) length--;
    size_t skip = 0;
    while (skip < length && strchr(" \t\r\n", text[skip]) && text[skip]) skip++;
    text[length] = '\0';
    if (r->count < COLUMNS_MAX) {
        r->field[r->count].text = text + skip;
        r->field[r->count].length = length - skip;
    }
    r->count++;
}

/* The text between quotes, from the first one on. False: it is not closed, or text follows it. */
static bool quoted_field(Reader *r) {
    char *text = r->pool;
    r->at++;
    while (r->at < r->end) {
        const char *quote = memchr(r->at, '"', (size_t)(r->end - r->at));
        if (!quote) return false;
        size_t length = (size_t)(quote - r->at);
        for (size_t i = 0; i < length; i++) r->line += r->at[i] == '\n';
        memcpy(r->pool, r->at, length);
        r->pool += length;
        r->at = quote + 1;
        if (r->at == r->end || *r->at != '"') break;
        *r->pool++ = *r->at++; /* "" is a quote */
    }
    size_t length = (size_t)(r->pool++ - text);
    if (r->at < r->end && *r->at == '\r') r->at++;
    if (!ends_field(r)) return false;
    field_add(r, text, length);
    return true;
}

static void plain_field(Reader *r) {
    char *text = r->pool;
    const char *begin = r->at;
    while (!ends_field(r)) r->at++;
    size_t length = (size_t)(r->at - begin);
    memcpy(text, begin, length);
    r->pool += length + 1;
    field_add(r, text, length);
}

/* Goes to the line after the one that begins at `begin`. */
static void next_line(Reader *r, const char *begin, int line) {
    const char *newline = memchr(begin, '\n', (size_t)(r->end - begin));
    r->at = newline ? newline + 1 : r->end;
    r->line = line + 1;
}

/* The fields of the next row. False: a broken quote; the reader is at the next line then.
 * The time is linear: the search for a closing quote passes at most one line that begins another quoted field, because
 * the odd number of quotes there ends the search. */
static bool row_read(Reader *r) {
    const char *begin = r->at;
    char *pool = r->pool;
    int line = r->line;
    r->count = 0;
    for (;;) {
        if (r->at < r->end && *r->at == '"') {
            if (!quoted_field(r)) {
                r->pool = pool;
                next_line(r, begin, line);
                return false;
            }
        } else {
            plain_field(r);
        }
        if (r->at == r->end) return true;
        bool last = *r->at == '\n';
        r->at++;
        r->line += last;
        if (last) return true;
    }
}

/* Skips lines without text. False at the end of the file. */
static bool row_next(Reader *r) {
    while (r->at < r->end) {
        const char *at = r->at;
        while (at < r->end && *at == '\r') at++;
        if (at < r->end && *at != '\n') return true;
        r->at = at < r->end ? at + 1 : at;
        r->line++;
    }
    return false;
}

/* ---- the heading ------------------------------------------------------------------------------------------------- */

typedef struct {
    int picture, caption, split; /* numbers of the columns; split -1: none */
    int count;
} Columns;

static int column_find(const Reader *r, const char *name) {
    for (int i = 0; i < MIN(r->count, (int)COLUMNS_MAX); i++)
        if (!strcasecmp(r->field[i].text, name)) return i;
    return -1;
}

static bool heading_refuse(const char *path, int line, const Reader *r, PairsFormat f, Err *err) {
    char list[400] = "";
    if (!strcasecmp(f.picture_column, f.caption_column))
        return err_set(err, "%s: the column of pictures and that of captions are both %s; name two columns", path,
                       quoted(f.picture_column));
    for (int i = 0; i < MIN(r->count, 8); i++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%.40s", i ? ", " : "", r->field[i].text);
    }
    const char *missing = column_find(r, f.picture_column) < 0 ? f.picture_column : f.caption_column;
    return err_set(err,
                   "%s:%d: the heading has no column %s; it has %s; rename a column, or name yours with "
                   "--picture-column and --caption-column",
                   path, line, missing, quoted(list));
}

/* Tries each separator; the one with which the columns are there is the table's. */
static bool heading_read(Reader *r, const char *path, PairsFormat f, Columns *columns, Err *err) {
    if (!row_next(r))
        return err_set(err, "%s: the file is empty; want a heading with the columns and a row for each pair", path);
    const Reader start = *r;
    for (const char *separator = "\t,;"; *separator; separator++) {
        *r = start;
        r->separator = *separator;
        if (!row_read(r)) continue;
        *columns = (Columns){ column_find(r, f.picture_column), column_find(r, f.caption_column),
                              column_find(r, "split"), r->count };
        if (columns->picture >= 0 && columns->caption >= 0 && columns->picture != columns->caption) return true;
    }
    for (const char *separator = ",\t"; *separator; separator++) { /* for the message: what the columns are called */
        *r = start;
        r->separator = *separator;
        if (!row_read(r)) return err_set(err, "%s:%d: a quote in the heading is not closed", path, start.line);
        if (r->count > 1) break;
    }
    return heading_refuse(path, start.line, r, f, err);
}

/* ---- pictures ---------------------------------------------------------------------------------------------------- */

typedef struct {
    PairsTable *table;
    Columns columns;
    int *slot; /* hash table of paths: number of the picture, or -1 */
    size_t slots;
    int *picture; /* [captions]: the picture of each caption, in the order of the rows */
} Builder;

/* FNV-1a (Fowler, Noll and Vo), 64 bits. */
static uint64_t text_hash(const char *text) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *text; text++) hash = (hash ^ (uint8_t)*text) * 0x100000001b3u;
    return hash ^ hash >> 32;
}

/* The slot of a path, or the free slot where it belongs. */
static int *slot_find(const Builder *b, const char *path) {
    size_t at = text_hash(path) & (b->slots - 1);
    while (b->slot[at] >= 0 && strcmp(b->table->pictures[b->slot[at]].path, path) != 0) at = (at + 1) & (b->slots - 1);
    return &b->slot[at];
}

static PairsPart part_of(const char *word) {
    static const struct {
        const char *word;
        PairsPart part;
    } words[] = { { "train", PAIRS_TRAIN },
                  { "val", PAIRS_VAL },
                  { "valid", PAIRS_VAL },
                  { "validation", PAIRS_VAL },
                  { "test", PAIRS_TEST } };
    for (size_t i = 0; i < COUNT(words); i++)
        if (!strcasecmp(word, words[i].word)) return words[i].part;
    return PAIRS_PARTS;
}

/* Adds the captions between bars; none for a text of spaces and bars. */
static int captions_add(Builder *b, char *text, int line) {
    PairsTable *t = b->table;
    int added = 0;
    for (char *rest = text, *one = text; one; one = rest) {
        rest = strchr(one, '|');
        char *end = rest ? rest : one + strlen(one);
        if (rest) rest++;
        while (end > one && strchr(" \t\r\n", end[-1])) end--;
        *end = '\0';
        one += strspn(one, " \t\r\n");
        if (!*one) continue;
        t->caption[t->caption_count] = one;
        t->line[t->caption_count] = line;
        b->picture[t->caption_count++] = t->picture_count; /* set by the caller when the path was there */
        added++;
    }
    return added;
}

static bool field_text(const Reader *r, int column) {
    return column < 0 ||
           (utf8_is_valid(r->field[column].text) && strlen(r->field[column].text) == r->field[column].length);
}

/* Adds a row, or says what is wrong with it. */
static PairsBadKind row_add(Builder *b, const Reader *r, int line) {
    const Columns *c = &b->columns;
    PairsTable *t = b->table;
    if (r->count != c->count) return PAIRS_BAD_COLUMNS;
    if (!field_text(r, c->picture) || !field_text(r, c->caption) || !field_text(r, c->split)) return PAIRS_BAD_UTF8;
    const char *path = r->field[c->picture].text;
    PairsPart part = c->split < 0 ? PAIRS_PARTS : part_of(r->field[c->split].text);
    if (!*path) return PAIRS_BAD_PATH;
    int *slot = slot_find(b, path), first = t->caption_count;
    bool fits = c->split < 0 || (part != PAIRS_PARTS && (*slot < 0 || t->pictures[*slot].part == part));
    if (captions_add(b, r->field[c->caption].text, line) == 0) return PAIRS_BAD_CAPTION;
    if (!fits) {
        t->caption_count = first;
        return PAIRS_BAD_SPLIT;
    }
    if (*slot < 0) {
        *slot = t->picture_count++;
        t->pictures[*slot] = (PairsPicture){ .path = path, .part = part };
    }
    for (int i = first; i < t->caption_count; i++) b->picture[i] = *slot;
    t->pictures[*slot].count += t->caption_count - first;
    return PAIRS_BAD_KINDS;
}

static void bad_add(PairsTable *t, int line, PairsBadKind kind, const char *why) {
    t->bad[t->bad_count++] = (PairsBad){ line, kind, why };
    t->bad_by_kind[kind]++;
}

/* Puts the captions of each picture together, in their order. */
static void captions_sort(Builder *b, Arena *arena) {
    PairsTable *t = b->table;
    size_t n = (size_t)t->caption_count;
    const char **caption = arena_alloc(arena, n, sizeof *caption);
    int *line = arena_alloc(arena, n, sizeof *line), first = 0;
    for (int i = 0; i < t->picture_count; i++) {
        t->pictures[i].first = first;
        first += t->pictures[i].count;
        t->pictures[i].count = 0;
    }
    for (size_t i = 0; i < n; i++) {
        PairsPicture *p = &t->pictures[b->picture[i]];
        int to = p->first + p->count++;
        caption[to] = t->caption[i];
        line[to] = t->line[i];
    }
    t->caption = caption;
    t->line = line;
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static bool row_refuse(const Builder *b, const Reader *r, int line, PairsBadKind kind, Err *err) {
    const char *what = pairs_bad_name(kind), *file = b->table->file;
    if (kind == PAIRS_BAD_COLUMNS)
        return err_set(err, "%s:%d: %s: %d came, %d were wanted; correct the row, or leave --strict out", file, line,
                       what, r->count, b->columns.count);
    return err_set(err, "%s:%d: %s; correct the row, or leave --strict out", file, line, what);
}

static bool rows_read(Builder *b, Reader *r, PairsFormat format, Err *err) {
    PairsTable *t = b->table;
    while (row_next(r)) {
        int line = r->line;
        char *pool = r->pool;
        PairsBadKind kind = row_read(r) ? row_add(b, r, line) : PAIRS_BAD_QUOTE;
        t->rows++;
        if (kind == PAIRS_BAD_KINDS) continue;
        if (format.strict) return row_refuse(b, r, line, kind, err);
        bad_add(t, line, kind, NULL);
        r->pool = pool; /* nothing points to this row */
    }
    return t->rows > 0 ||
           err_set(err, "%s: the table has a heading and no rows; want a picture and a caption in each", t->file);
}

/* The text with CR for LF, as old programs of the Macintosh write it, with LF; other texts as they are. */
static const char *line_ends(Arena *work, File file) {
    const char *text = (const char *)file.data;
    if (file.size == 0 || memchr(text, '\n', file.size) || !memchr(text, '\r', file.size)) return text;
    char *copy = arena_alloc(work, file.size, 1);
    for (size_t i = 0; i < file.size; i++) copy[i] = text[i] == '\r' ? '\n' : text[i];
    return copy;
}

static bool table_parse(PairsTable *table, Arena *arena, File file, PairsFormat format, Err *err) {
    Arena work = { 0 };
    const char *text = line_ends(&work, file);
    size_t skip = file.size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0, rows = 1, bars = 0;
    for (size_t i = 0; i < file.size; i++) {
        rows += text[i] == '\n';
        bars += text[i] == '|';
    }
    if (rows + bars > INT_MAX / 4) {
        arena_free(&work);
        return err_set(err, "%s: %zu lines are too many", table->file, rows);
    }
    Reader *r = arena_zero(&work, 1, sizeof *r);
    Builder b = { .table = table, .slots = 1024 };
    r->at = text + skip;
    r->end = text + file.size;
    r->line = 1;
    r->pool = arena_alloc(arena, file.size + 2, 1);
    while (b.slots < 2 * rows) b.slots *= 2;
    b.slot = arena_alloc(&work, b.slots, sizeof *b.slot);
    memset(b.slot, 0xff, b.slots * sizeof *b.slot);
    b.picture = arena_alloc(&work, rows + bars, sizeof *b.picture);
    table->caption = arena_alloc(&work, rows + bars, sizeof *table->caption);
    table->line = arena_alloc(&work, rows + bars, sizeof *table->line);
    table->pictures = arena_alloc(arena, rows, sizeof *table->pictures);
    table->bad = arena_alloc(arena, 2 * rows, sizeof *table->bad);
    bool heading = heading_read(r, table->file, format, &b.columns, err);
    if (!heading) file_kind_tell(table->file, file, HOLDS_TABLE, err);
    bool ok = heading && rows_read(&b, r, format, err);
    if (ok) captions_sort(&b, arena);
    table->has_split = ok && b.columns.split >= 0;
    arena_free(&work);
    return ok;
}

bool pairs_table_read(PairsTable *table, Arena *arena, const char *path, PairsFormat format, Err *err) {
    File file;
    if (!format.picture_column) format.picture_column = "filepath";
    if (!format.caption_column) format.caption_column = "title";
    *table = (PairsTable){ .file = arena_text(arena, path) };
    if (!file_open(&file, path, err)) return false;
    bool ok = table_parse(table, arena, file, format, err);
    file_close(&file);
    return ok;
}

char *pairs_table_path(const PairsTable *table, Arena *arena, int i) {
    const char *path = table->pictures[i].path, *slash = strrchr(table->file, '/');
    if (*path == '/' || !slash) return arena_text(arena, path);
    return arena_print(arena, "%.*s/%s", (int)(slash - table->file), table->file, path);
}

void pairs_table_drop(PairsTable *table, int i, PairsBadKind kind, const char *why) {
    PairsPicture *p = &table->pictures[i];
    for (int k = p->first; k < p->first + p->count; k++)
        if (k == p->first || table->line[k] != table->line[k - 1]) bad_add(table, table->line[k], kind, why);
    p->count = 0;
}

const PairsBad *pairs_table_first_bad(const PairsTable *t, PairsBadKind kind) {
    for (int i = 0; i < t->bad_count; i++)
        if (t->bad[i].kind == kind) return &t->bad[i];
    return NULL;
}

/* ---- texts that differ from OpenAI's ----------------------------------------------------------------------------- */

void pairs_table_warn_texts(const PairsTable *t) {
    Arena work = { 0 };
    const char **text = arena_alloc(&work, (size_t)t->caption_count, sizeof *text);
    int *line = arena_alloc(&work, (size_t)t->caption_count, sizeof *line), n = 0;
    for (int i = 0; i < t->picture_count; i++)
        for (int k = t->pictures[i].first; k < t->pictures[i].first + t->pictures[i].count; k++) {
            text[n] = t->caption[k];
            line[n++] = t->line[k];
        }
    text_defect_warn(text, n, t->file, line);
    arena_free(&work);
}

/* ---- what was left out ------------------------------------------------------------------------------------------- */

enum { LINES_SHOWN = 8 };

void pairs_table_print(const PairsTable *t, FILE *stream) {
    int pictures = 0, pairs = 0;
    for (int i = 0; i < t->picture_count; i++) {
        pictures += t->pictures[i].count > 0;
        pairs += t->pictures[i].count;
    }
    fprintf(stream, "%s: %d rows; %d pairs of %d pictures", t->file, t->rows, pairs, pictures);
    fprintf(stream, t->bad_count ? "; %d rows left out:\n" : "\n", t->bad_count);
    for (int kind = 0; kind < PAIRS_BAD_KINDS; kind++) {
        if (!t->bad_by_kind[kind]) continue;
        fprintf(stream, "  %6d  %-24s line%s", t->bad_by_kind[kind], pairs_bad_name((PairsBadKind)kind),
                t->bad_by_kind[kind] > 1 ? "s" : "");
        for (int i = 0, shown = 0; i < t->bad_count && shown <= LINES_SHOWN; i++) {
            if (t->bad[i].kind != (PairsBadKind)kind) continue;
            if (shown < LINES_SHOWN) fprintf(stream, "%s %d", shown ? "," : "", t->bad[i].line);
            else fprintf(stream, ", ...");
            shown++;
        }
        fprintf(stream, "\n");
    }
}

bool pairs_table_write_bad(const PairsTable *t, const char *path, Err *err) {
    OutFile out;
    if (!t->bad_count) return true;
    if (!out_open(&out, path, err)) return false;
    fprintf(out.stream, "line\twrong\n");
    for (int i = 0; i < t->bad_count; i++) {
        const PairsBad *bad = &t->bad[i];
        fprintf(out.stream, "%d\t%s%s%s\n", bad->line, pairs_bad_name(bad->kind), bad->why ? ": " : "",
                bad->why ? bad->why : "");
    }
    return out_commit(&out, err);
}
