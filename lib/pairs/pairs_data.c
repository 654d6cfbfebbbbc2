#include "pairs/pairs_data.h"

#include "core/file.h"
#include "core/quote.h"
#include "formats/image_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the split --------------------------------------------------------------------------------------------------- */

/* A picture that can be used, and its place in the order of the split. */
typedef struct {
    uint8_t order[SHA256_BYTES]; /* SHA-256(seed, SHA-256 of the file) */
    int picture;                 /* its number in the table */
} Draw;

static int draw_order(const void *a, const void *b) {
    const Draw *x = a, *y = b;
    int order = memcmp(x->order, y->order, SHA256_BYTES);
    return order ? order : (x->picture > y->picture) - (x->picture < y->picture);
}

/* How many of n a share is: at least one where a share was asked for and 3 or more are there. */
static int share_of(double part, int n) {
    if (part <= 0 || n < 3) return 0;
    return MAX(1, MIN((int)lround(part * n), n / 3));
}

/* Gives the next `count` pictures to a part, and those with the same bytes as the last of them; but training keeps
 * some. */
static int draw_part(PairsTable *table, const Draw *draw, int at, int n, int count, PairsPart part) {
    int end = at + count;
    while (count > 0 && end < n && !memcmp(draw[end].order, draw[end - 1].order, SHA256_BYTES)) end++;
    if (end == n && part != PAIRS_TRAIN) return at;
    for (int i = at; i < end; i++) table->pictures[draw[i].picture].part = part;
    return end;
}

/* Pictures without a part get one; where the table has the column but no val, a share of train becomes val. */
static void split(PairsTable *table, const CachedPicture *pictures, const PairsArgs *args) {
    Arena work = { 0 };
    Draw *draw = arena_alloc(&work, (size_t)table->picture_count, sizeof *draw);
    int n = 0, parts[PAIRS_PARTS + 1] = { 0 };
    for (int i = 0; i < table->picture_count; i++) parts[table->pictures[i].part] += table->pictures[i].count > 0;
    PairsPart from = table->has_split ? PAIRS_TRAIN : PAIRS_PARTS;
    for (int i = 0; i < table->picture_count; i++) {
        uint8_t text[8 + SHA256_BYTES];
        if (table->pictures[i].part != from || table->pictures[i].count == 0) continue;
        for (int k = 0; k < 8; k++) text[k] = (uint8_t)(args->seed >> 8 * k);
        memcpy(text + 8, pictures[i].sum, SHA256_BYTES);
        sha256_bytes(text, sizeof text, draw[n].order);
        draw[n++].picture = i;
    }
    qsort(draw, (size_t)n, sizeof *draw, draw_order);
    bool draws_val = !table->has_split || parts[PAIRS_VAL] == 0;
    int at = draw_part(table, draw, 0, n, draws_val ? share_of(args->val_share, n) : 0, PAIRS_VAL);
    at = draw_part(table, draw, at, n, table->has_split ? 0 : share_of(args->test_share, n), PAIRS_TEST);
    draw_part(table, draw, at, n, n - at, PAIRS_TRAIN);
    arena_free(&work);
}

/* ---- captions ---------------------------------------------------------------------------------------------------- */

/* The captions of one set, each once. */
typedef struct {
    Arena *arena;
    const char **caption, **plain; /* as written; in lower case with single spaces */
    int count;
    int *slot; /* hash table: number of the caption, or -1 */
    size_t slots;
} Captions;

static char *plain_text(Arena *arena, const char *text) {
    char *plain = arena_alloc(arena, strlen(text) + 1, 1), *end = plain;
    for (; *text; text++) {
        bool space = strchr(" \t\r\n", *text) != NULL;
        if (space && end > plain && end[-1] == ' ') continue;
        *end++ = (char)(space ? ' ' : *text >= 'A' && *text <= 'Z' ? *text - 'A' + 'a' : *text);
    }
    *end = '\0';
    return plain;
}

static int caption_number(Captions *c, Arena *work, const char *text) {
    ArenaMark mark = arena_mark(work);
    char *plain = plain_text(work, text);
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    for (const char *p = plain; *p; p++) hash = (hash ^ (uint8_t)*p) * 0x100000001b3u;
    size_t at = (hash ^ hash >> 32) & (c->slots - 1);
    while (c->slot[at] >= 0 && strcmp(c->plain[c->slot[at]], plain) != 0) at = (at + 1) & (c->slots - 1);
    if (c->slot[at] >= 0) {
        arena_release(work, mark);
        return c->slot[at];
    }
    c->slot[at] = c->count;
    c->caption[c->count] = arena_text(c->arena, text);
    c->plain[c->count] = plain;
    return c->count++;
}

static Captions captions_begin(Arena *arena, Arena *work, int most) {
    Captions c = { .arena = arena, .slots = 64 };
    while (c.slots < 2 * (size_t)most) c.slots *= 2;
    c.slot = arena_alloc(work, c.slots, sizeof *c.slot);
    memset(c.slot, 0xff, c.slots * sizeof *c.slot);
    c.caption = arena_alloc(arena, (size_t)most, sizeof *c.caption);
    c.plain = arena_alloc(work, (size_t)most, sizeof *c.plain);
    return c;
}

/* ---- sets -------------------------------------------------------------------------------------------------------- */

/* SHA-256 of the pictures' sums, the size, and the captions of each picture. */
static const char *signature_of(Arena *arena, const PairSet *set, const PairsArgs *args, const uint8_t *sums) {
    Arena work = { 0 };
    size_t room = 64, used = 0;
    for (int i = 0; i < set->n; i++)
        for (int k = 0; k < set->count[i]; k++) room += strlen(set->caption[set->own[set->first[i] + k]]) + 1;
    room += (size_t)set->n * (SHA256_BYTES + 1);
    char *all = arena_alloc(&work, room, 1), *hex = arena_alloc(arena, SHA256_HEX, 1);
    used = (size_t)snprintf(all, room, "%d %s\n", args->side, picture_fit_name(args->fit));
    for (int i = 0; i < set->n; i++) {
        memcpy(all + used, sums + (size_t)i * SHA256_BYTES, SHA256_BYTES);
        used += SHA256_BYTES;
        for (int k = 0; k < set->count[i]; k++)
            used += (size_t)snprintf(all + used, room - used, "%s\t", set->caption[set->own[set->first[i] + k]]);
        all[used++] = '\n';
    }
    sha256_hex(all, used, hex);
    arena_free(&work);
    return hex;
}

/* The pictures of one part with their captions. */
static void set_make(PairsData *data, PairsPart part, const CachedPicture *pictures, const PairsArgs *args) {
    const PairsTable *t = &data->table;
    Arena *arena = &data->arena, work = { 0 };
    int n = 0, most = 0;
    for (int i = 0; i < t->picture_count; i++)
        if (t->pictures[i].count > 0 && t->pictures[i].part == part) {
            n++;
            most += t->pictures[i].count;
        }
    const uint8_t **planes = arena_alloc(arena, (size_t)n, sizeof *planes);
    int *first = arena_alloc(arena, (size_t)n, sizeof *first), *count = arena_alloc(arena, (size_t)n, sizeof *count);
    int *own = arena_alloc(arena, (size_t)most, sizeof *own), used = 0, at = 0;
    uint8_t *sums = arena_alloc(&work, (size_t)n, SHA256_BYTES);
    Captions captions = captions_begin(arena, &work, most);
    data->paths[part] = arena_alloc(arena, (size_t)n, sizeof *data->paths[part]);
    for (int i = 0; i < t->picture_count; i++) {
        const PairsPicture *p = &t->pictures[i];
        if (p->count == 0 || p->part != part) continue;
        first[at] = used;
        for (int k = 0; k < p->count; k++) {
            int number = caption_number(&captions, &work, t->caption[p->first + k]), have = first[at];
            while (have < used && own[have] != number) have++;
            own[have] = number;
            used = MAX(used, have + 1);
        }
        count[at] = used - first[at];
        planes[at] = pictures[i].planes;
        memcpy(sums + (size_t)at * SHA256_BYTES, pictures[i].sum, SHA256_BYTES);
        data->paths[part][at++] = p->path;
    }
    PairSet *set = &data->set[part];
    const char *slash = strrchr(t->file, '/'), *name = slash && slash[1] ? slash + 1 : t->file;
    *set = (PairSet){ n,
                      args->side,
                      planes,
                      captions.count,
                      captions.caption,
                      .first = first,
                      .count = count,
                      .own = own,
                      .name = utf8_is_valid(name) ? name : "a table of pairs" };
    set->signature = signature_of(arena, set, args, sums);
    arena_free(&work);
}

/* Rows whose picture is missing or no picture are left out; with --strict the first of them is an error. */
static bool drop_unreadable(PairsData *data, const CachedPicture *pictures, const PairsArgs *args, Err *err) {
    PairsTable *t = &data->table;
    for (int i = 0; i < t->picture_count; i++) data->unreadable += pictures[i].state != PICTURE_FOUND;
    for (int i = 0; i < t->picture_count; i++) {
        if (pictures[i].state == PICTURE_FOUND) continue;
        PairsBadKind kind = pictures[i].state == PICTURE_MISSING ? PAIRS_BAD_FILE : PAIRS_BAD_PICTURE;
        if (args->format.strict)
            return err_set(err, "%s:%d: %s: %s; correct the row, or leave --strict out", t->file,
                           t->line[t->pictures[i].first], pairs_bad_name(kind), pictures[i].why);
        pairs_table_drop(t, i, kind, pictures[i].why);
    }
    return true;
}

/* Finds or decodes the pictures of the table: on the arena, or NULL after a failure. */
static CachedPicture *pictures_read(PairsData *data, const PairsArgs *args, Err *err) {
    Arena *arena = &data->arena, paths = { 0 };
    PairsTable *table = &data->table;
    const char *folder = args->cache ? args->cache : arena_print(arena, "%s/pictures", models_folder());
    if (!picture_cache_open(&data->cache, folder, args->fit, args->side, err)) return NULL;
    CachedPicture *pictures = arena_zero(arena, (size_t)table->picture_count, sizeof *pictures);
    for (int i = 0; i < table->picture_count; i++) pictures[i].path = pairs_table_path(table, &paths, i);
    bool ok = picture_cache_read(&data->cache, args->table, pictures, table->picture_count, args->progress,
                                 args->context, err) &&
              drop_unreadable(data, pictures, args, err);
    arena_free(&paths);
    return ok ? pictures : NULL;
}

bool pairs_data_open(PairsData *data, const PairsArgs *args, Err *err) {
    *data = (PairsData){ 0 };
    PairsTable *t = &data->table;
    PairsFormat lenient = args->format;
    lenient.strict = false;
    if (!pairs_table_read(t, &data->arena, args->table, lenient, err)) return false;
    bool refused = args->format.strict && t->bad_count > 0;
    /* Of the pictures, only those before the first bad row can be the first that is wrong. */
    while (refused && t->picture_count > 0 && t->line[t->pictures[t->picture_count - 1].first] > t->bad[0].line)
        t->picture_count--;
    CachedPicture *pictures = pictures_read(data, args, err);
    if (!pictures || (refused && !pairs_table_read(t, &data->arena, args->table, args->format, err))) return false;
    split(&data->table, pictures, args);
    for (PairsPart part = PAIRS_TRAIN; part < PAIRS_PARTS; part++) set_make(data, part, pictures, args);
    return data->set[PAIRS_TRAIN].n > 0 ||
           err_set(err, "%s: no row for training is left of %d; correct the rows that were left out", args->table,
                   data->table.rows);
}

bool pairs_folder_open(PairsData *data, const PairsArgs *args, Err *err) {
    *data = (PairsData){ 0 };
    Arena *arena = &data->arena;
    const char **names = NULL;
    int n = 0;
    if (!folder_files(arena, args->table, &names, &n, err)) return false;
    PairsTable *t = &data->table;
    *t =
        (PairsTable){ .file = arena_print(arena, "%s/", args->table), .rows = n, .picture_count = n, .caption = names };
    t->caption_count = n;
    t->pictures = arena_alloc(arena, (size_t)n, sizeof *t->pictures);
    t->line = arena_zero(arena, (size_t)n, sizeof *t->line);
    t->bad = arena_alloc(arena, (size_t)n, sizeof *t->bad);
    for (int i = 0; i < n; i++) t->pictures[i] = (PairsPicture){ names[i], PAIRS_TEST, i, 1 };
    CachedPicture *pictures = pictures_read(data, args, err);
    if (pictures) set_make(data, PAIRS_TEST, pictures, args);
    return pictures != NULL;
}

void pairs_data_close(PairsData *data) {
    picture_cache_close(&data->cache);
    arena_free(&data->arena);
    *data = (PairsData){ 0 };
}
