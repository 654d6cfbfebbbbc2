/* The published files: emoji.json, keywords.json and two sheets of pictures. */
#include "pairs/emoji_set.h"

#include "core/file.h"
#include "core/quote.h"
#include "dataset/unicode.h"
#include "formats/json.h"
#include "formats/png.h"

#include <stdlib.h>
#include <string.h>

enum { CELL = 34, BORDER = 1, SHEET_CELLS = 1000, EMOJI_MAX = 10000, PHRASES_MAX = 64 };

static const char *const style_names[EMOJI_STYLES] = { "Twitter", "Google" };
static const char *const sheet_names[EMOJI_STYLES] = { "twitter.png", "google.png" };
static const char *const image_keys[EMOJI_STYLES] = { "has_img_twitter", "has_img_google" };

const char *emoji_folder(void) {
    const char *folder = getenv("EMOJI_DIR");
    return folder && *folder ? folder : "data/emoji";
}

static char *path_in(Arena *arena, const char *folder, const char *name) {
    return arena_print(arena, "%s/%s", folder, name);
}

bool emoji_files_exist(const char *folder) {
    static const char *const names[] = { "emoji.json", "keywords.json", "twitter.png", "google.png" };
    Arena arena = { 0 };
    bool all = true;
    for (size_t i = 0; i < COUNT(names); i++) all = all && file_exists(path_in(&arena, folder, names[i]));
    arena_free(&arena);
    return all;
}

/* ---- emoji.json -------------------------------------------------------------------------------------------------- */

/* An entry of emoji.json. */
typedef struct {
    const char *name, *unified, *category;
    long long x, y;           /* its cell in the sheets */
    bool drawn[EMOJI_STYLES]; /* the vendor has a picture of it */
} Entry;

typedef struct {
    Entry *entry;
    int count, room;
} Entries;

static bool read_bool(Json *j, bool *value) {
    *value = j->at < j->size && j->text[j->at] == 't';
    return json_skip(j);
}

static bool read_member(Json *j, const char *key, Entry *e) {
    for (int s = 0; s < EMOJI_STYLES; s++)
        if (!strcmp(key, image_keys[s])) return json_kind(j) == JSON_BOOL && read_bool(j, &e->drawn[s]);
    if (!strcmp(key, "name")) return json_kind(j) == JSON_NULL ? json_null(j) : json_string(j, &e->name);
    if (!strcmp(key, "unified")) return json_string(j, &e->unified);
    if (!strcmp(key, "category")) return json_string(j, &e->category);
    if (!strcmp(key, "sheet_x")) return json_int(j, 0, SHEET_CELLS, &e->x);
    if (!strcmp(key, "sheet_y")) return json_int(j, 0, SHEET_CELLS, &e->y);
    return json_skip(j);
}

static bool read_entry(Json *j, Entry *e) {
    const char *key;
    *e = (Entry){ .x = -1, .y = -1 };
    if (!json_object(j)) return false;
    while (json_key(j, &key))
        if (!read_member(j, key, e)) return false;
    return !j->failed;
}

static Entry *add_entry(Entries *list, Arena *arena) {
    if (list->count == list->room) {
        Entry *old = list->entry;
        list->room = MAX(256, 2 * list->room);
        list->entry = arena_alloc(arena, (size_t)list->room, sizeof *list->entry);
        if (old) memcpy(list->entry, old, (size_t)list->count * sizeof *old);
    }
    return &list->entry[list->count];
}

static bool read_entries(Entries *list, Arena *arena, File file, const char *path, Err *err) {
    err->text[0] = '\0';
    Json j = json_begin(arena, (const char *)file.data, file.size, path, err);
    bool ok = json_array(&j);
    while (ok && json_item(&j)) {
        Entry *e = add_entry(list, arena);
        size_t at = j.at;
        ok = read_entry(&j, e);
        if (!ok && err->text[0]) return false;
        if (!ok || !e->unified || !e->category || e->x < 0 || e->y < 0)
            return err_set(err,
                           "%s: byte %zu: entry %d has no unified, category, sheet_x or sheet_y, or has_img_ is "
                           "not true or false; run \"make emoji\" again",
                           path, at, list->count + 1);
        list->count++;
        if (list->count > EMOJI_MAX) return err_set(err, "%s: more than %d entries", path, EMOJI_MAX);
    }
    return json_end(&j);
}

/* ---- keywords.json ----------------------------------------------------------------------------------------------- */

/* An emoji's characters, and its name and key words. */
typedef struct {
    const char *characters;
    const char **word;
    int count;
} Keywords;

typedef struct {
    Keywords *list;
    int count;
} KeywordTable;

static int keywords_order(const void *a, const void *b) {
    return strcmp(((const Keywords *)a)->characters, ((const Keywords *)b)->characters);
}

static bool read_words(Json *j, Arena *arena, Keywords *k) {
    const char *word[PHRASES_MAX];
    k->count = 0;
    if (!json_array(j)) return false;
    while (json_item(j)) {
        const char *text;
        if (!json_string(j, &text)) return false;
        if (k->count < PHRASES_MAX) word[k->count++] = text;
    }
    k->word = arena_alloc(arena, (size_t)k->count, sizeof *k->word);
    memcpy(k->word, word, (size_t)k->count * sizeof *word);
    return !j->failed;
}

static bool read_keywords(KeywordTable *table, Arena *arena, File file, const char *path, Err *err) {
    Json j = json_begin(arena, (const char *)file.data, file.size, path, err);
    size_t room = file.size / 6 + 1; /* {"a":[], ...}: the shortest member has 6 bytes */
    table->list = arena_alloc(arena, MIN(room, (size_t)EMOJI_MAX), sizeof *table->list);
    bool ok = json_object(&j);
    const char *characters;
    while (ok && json_key(&j, &characters)) {
        if (table->count == EMOJI_MAX) return err_set(err, "%s: more than %d emoji", path, EMOJI_MAX);
        Keywords *k = &table->list[table->count];
        k->characters = characters;
        ok = read_words(&j, arena, k);
        table->count += ok;
    }
    if (!json_end(&j)) return false;
    qsort(table->list, (size_t)table->count, sizeof *table->list, keywords_order);
    return true;
}

/* ---- joining the two --------------------------------------------------------------------------------------------- */

/* The UTF-8 text of "1F468-200D-1F9AF", into text[size]; false if it is no such list of characters. */
static bool unified_text(const char *unified, char *text, size_t size) {
    size_t n = 0;
    for (const char *at = unified; *at;) {
        char *end;
        unsigned long code = strtoul(at, &end, 16);
        if (end == at || code == 0 || code >= UNICODE_END || n + 5 > size) return false;
        n += unicode_write((uint32_t)code, text + n);
        if (*end && *end != '-') return false;
        at = *end ? end + 1 : end;
    }
    text[n] = '\0';
    return n > 0;
}

static const Keywords *find_keywords(const KeywordTable *table, const char *unified) {
    char text[128];
    if (!unified_text(unified, text, sizeof text)) return NULL;
    Keywords wanted = { .characters = text };
    return bsearch(&wanted, table->list, (size_t)table->count, sizeof *table->list, keywords_order);
}

static void add_phrase(Emoji *e, Arena *arena, const char *text) {
    const char *phrase = emoji_phrase(arena, text);
    if (!phrase || e->phrase_count == PHRASES_MAX) return;
    for (int p = 0; p < e->phrase_count; p++)
        if (!strcmp(e->phrase[p], phrase)) return;
    e->phrase[e->phrase_count++] = phrase;
}

/* The name of keywords.json, which is the usual one ("three o clock"), else that of emoji.json ("CLOCK FACE THREE
 * OCLOCK"). False if neither is a phrase. */
static bool name_item(Emoji *e, Arena *arena, const Entry *entry, const Keywords *k) {
    e->phrase = arena_alloc(arena, PHRASES_MAX, sizeof *e->phrase);
    for (int p = 0; k && p < k->count; p++) add_phrase(e, arena, k->word[p]);
    if (e->phrase_count == 0 && entry->name) add_phrase(e, arena, entry->name);
    return e->phrase_count > 0;
}

static bool category_of(EmojiSet *set, const char *name, int *category, Err *err, const char *path) {
    for (*category = 0; *category < set->category_count; (*category)++)
        if (!strcmp(set->category[*category], name)) return true;
    for (const char *at = name; *at; at++)
        if ((uint8_t)*at < ' ' || (uint8_t)*at > '~')
            return err_set(err, "%s/emoji.json: the category %s has other characters than ASCII", path, quoted(name));
    if (set->category_count == EMOJI_CATEGORIES)
        return err_set(err, "%s: more than %d categories", path, EMOJI_CATEGORIES);
    set->category[set->category_count++] = name;
    return true;
}

/* ---- the sheets -------------------------------------------------------------------------------------------------- */

static bool read_sheet(Arena *arena, const char *path, Image *sheet, Err *err) {
    static const uint8_t white[3] = { 255, 255, 255 };
    File file;
    if (!file_open(&file, path, err)) return false;
    bool ok = png_decode_over(arena, path, file, white, sheet, err);
    file_close(&file);
    return ok;
}

static bool cut_cell(Image sheet, const char *path, const Entry *e, uint8_t *rgb, Err *err) {
    size_t x = (size_t)e->x * CELL + BORDER, y = (size_t)e->y * CELL + BORDER;
    if (x + EMOJI_SIDE > (size_t)sheet.width || y + EMOJI_SIDE > (size_t)sheet.height)
        return err_set(err,
                       "%s: the sheet has %d x %d pixels, cell %lld, %lld of %s ends at %zu, %zu; run \"make "
                       "emoji\" again",
                       path, sheet.width, sheet.height, e->x, e->y, quoted(e->unified), x + EMOJI_SIDE, y + EMOJI_SIDE);
    for (size_t row = 0; row < EMOJI_SIDE; row++)
        memcpy(rgb + row * EMOJI_SIDE * 3, sheet.rgb + ((y + row) * (size_t)sheet.width + x) * 3, EMOJI_SIDE * 3);
    return true;
}

static bool cut_all(EmojiSet *set, Arena *arena, const char *folder, const Entry *const *entry, Err *err) {
    Arena scratch = { 0 };
    bool ok = true;
    for (int s = 0; ok && s < EMOJI_STYLES; s++) {
        Image sheet;
        const char *path = path_in(arena, folder, sheet_names[s]);
        arena_reset(&scratch);
        set->rgb[s] = arena_alloc(arena, (size_t)set->count, EMOJI_PIXELS);
        ok = read_sheet(&scratch, path, &sheet, err);
        for (int i = 0; ok && i < set->count; i++)
            ok = cut_cell(sheet, path, entry[i], set->rgb[s] + (size_t)i * EMOJI_PIXELS, err);
    }
    arena_free(&scratch);
    return ok;
}

/* ---- the set ----------------------------------------------------------------------------------------------------- */

static bool read_tables(Arena *arena, const char *folder, Entries *entries, KeywordTable *keywords, Err *err) {
    File file;
    const char *path = path_in(arena, folder, "emoji.json");
    if (!file_open(&file, path, err)) return false;
    bool ok = read_entries(entries, arena, file, path, err);
    file_close(&file);
    path = path_in(arena, folder, "keywords.json");
    if (!ok || !file_open(&file, path, err)) return false;
    ok = read_keywords(keywords, arena, file, path, err);
    file_close(&file);
    return ok;
}

bool emoji_set_read(EmojiSet *set, Arena *arena, const char *folder, Err *err) {
    Entries entries = { 0 };
    KeywordTable keywords = { 0 };
    Err own;
    if (!err) err = &own;
    *set = (EmojiSet){ .style = { style_names[0], style_names[1] } };
    if (!read_tables(arena, folder, &entries, &keywords, err)) return false;
    set->item = arena_zero(arena, (size_t)entries.count, sizeof *set->item);
    const Entry **used = arena_alloc(arena, (size_t)entries.count, sizeof *used);
    for (int i = 0; i < entries.count; i++) {
        const Entry *e = &entries.entry[i];
        Emoji *item = &set->item[set->count];
        if (!e->drawn[0] || !e->drawn[1] || !name_item(item, arena, e, find_keywords(&keywords, e->unified))) continue;
        if (!category_of(set, e->category, &item->category, err, folder)) return false;
        used[set->count++] = e;
    }
    if (set->count == 0) return err_set(err, "%s/emoji.json: no emoji has a name and a picture in both styles", folder);
    if (!cut_all(set, arena, folder, used, err)) return false;
    emoji_set_finish(set, arena);
    return true;
}
