#include "pairs/emoji_set.h"

#include "core/file.h"
#include "core/rng.h"
#include "formats/image_file.h"

#include <stdlib.h>
#include <string.h>

/* ---- phrases ----------------------------------------------------------------------------------------------------- */

static bool is_word_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '\'' || (uint8_t)c >= 0x80;
}

char *emoji_phrase(Arena *arena, const char *text) {
    char *out = arena_alloc(arena, strlen(text) + 1, 1);
    size_t n = 0;
    bool gap = false, letter = false;
    for (const char *at = text; *at; at++) {
        /* U+00A0 is a space in some key words; U+0080 to U+009F control terminals. */
        bool no_break = (uint8_t)at[0] == 0xc2 && (uint8_t)at[1] >= 0x80 && (uint8_t)at[1] <= 0xa0;
        char c = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
        at += no_break;
        if (no_break || !is_word_char(c)) {
            if (n == 0 && !no_break && c != ' ') return NULL;
            gap = n > 0;
            continue;
        }
        if (gap) out[n++] = ' ';
        out[n++] = c;
        gap = false;
        letter = letter || c != '\'';
    }
    out[n] = '\0';
    return letter ? out : NULL;
}

static int text_order(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static int sort_unique(const char **text, int count) {
    int kept = 0;
    qsort(text, (size_t)count, sizeof *text, text_order);
    for (int i = 0; i < count; i++)
        if (kept == 0 || strcmp(text[kept - 1], text[i]) != 0) text[kept++] = text[i];
    return kept;
}

static int text_find(const char *const *text, int count, const char *wanted) {
    const char *const *found = bsearch(&wanted, text, (size_t)count, sizeof *text, text_order);
    return found ? (int)(found - text) : -1;
}

/* The words of a phrase, appended to `word`; returns their number. */
static int phrase_words(Arena *arena, const char *phrase, const char **word) {
    char *copy = arena_text(arena, phrase), *rest = NULL;
    int n = 0;
    for (char *at = strtok_r(copy, " ", &rest); at; at = strtok_r(NULL, " ", &rest)) word[n++] = at;
    return n;
}

/* ---- numbers of phrases and words -------------------------------------------------------------------------------- */

typedef struct {
    const char **word;
    int count;
} WordList;

static WordList all_words(const EmojiSet *set, Arena *arena) {
    size_t room = 0;
    for (int p = 0; p < set->phrase_count; p++) room += strlen(set->phrase[p]) / 2 + 1;
    WordList list = { .word = arena_alloc(arena, room, sizeof(char *)) };
    for (int p = 0; p < set->phrase_count; p++)
        list.count += phrase_words(arena, set->phrase[p], list.word + list.count);
    list.count = sort_unique(list.word, list.count);
    return list;
}

static int int_order(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static void number_item(const EmojiSet *set, Arena *arena, Emoji *e, const WordList *all) {
    size_t room = 0;
    for (int p = 0; p < e->phrase_count; p++) room += strlen(e->phrase[p]) / 2 + 1;
    const char **word = arena_alloc(arena, room, sizeof *word);
    e->phrase_id = arena_alloc(arena, (size_t)e->phrase_count, sizeof *e->phrase_id);
    e->words = arena_alloc(arena, room, sizeof *e->words);
    int n = 0;
    for (int p = 0; p < e->phrase_count; p++) {
        e->phrase_id[p] = text_find(set->phrase, set->phrase_count, e->phrase[p]);
        n += phrase_words(arena, e->phrase[p], word + n);
    }
    e->word_count = sort_unique(word, n);
    for (int k = 0; k < e->word_count; k++) e->words[k] = text_find(all->word, all->count, word[k]);
}

/* ---- held out ---------------------------------------------------------------------------------------------------- */

enum { HELD_EACH = 10 };

static const char *const held_names[] = {
    "three o clock",
    "eight o clock",
    "five thirty",
    "ten thirty",
    "green heart",
    "purple heart",
    "grey heart",
    "red circle",
    "blue square",
    "backhand index pointing right",
    "left facing fist",
    "leftwards pushing hand",
    "leftwards hand",
    "woman walking facing right",
    "man running facing right",
    "person kneeling facing right",
    "man in manual wheelchair facing right",
    "woman with white cane facing right",
    "left arrow curving right",
    "a green heart",
    "a purple star",
    "three red circles",
    "four blue squares",
    "a red circle left of a blue square",
};

bool emoji_named_held(const char *name) {
    for (size_t i = 0; i < COUNT(held_names); i++)
        if (!strcmp(held_names[i], name)) return true;
    return false;
}

/* Every tenth of each category, counted in the order of the set and shuffled once with a fixed seed. */
static void hold_out(EmojiSet *set, Arena *arena) {
    int *member = arena_alloc(arena, (size_t)set->count, sizeof *member);
    for (int c = 0; c < set->category_count; c++) {
        Rng rng = rng_seed(27, (uint64_t)c);
        int n = 0;
        for (int i = 0; i < set->count; i++)
            if (set->item[i].category == c) member[n++] = i;
        rng_shuffle(&rng, member, n);
        for (int k = 0; k < n; k += HELD_EACH) set->item[member[k]].held = n >= HELD_EACH;
    }
    for (int i = 0; i < set->count; i++)
        if (emoji_named_held(set->item[i].phrase[0])) set->item[i].held = true;
    for (int i = 0; i < set->count; i++) /* a name is held out with all emoji that have it */
        for (int j = 0; j < set->count; j++)
            if (set->item[j].held && set->item[i].phrase_id[0] == set->item[j].phrase_id[0]) set->item[i].held = true;
}

void emoji_set_finish(EmojiSet *set, Arena *arena) {
    size_t room = 0;
    for (int i = 0; i < set->count; i++) room += (size_t)set->item[i].phrase_count;
    set->phrase = arena_alloc(arena, room, sizeof *set->phrase);
    set->phrase_count = 0;
    for (int i = 0; i < set->count; i++)
        for (int p = 0; p < set->item[i].phrase_count; p++) set->phrase[set->phrase_count++] = set->item[i].phrase[p];
    set->phrase_count = sort_unique(set->phrase, set->phrase_count);
    WordList words = all_words(set, arena);
    set->phrase_word = arena_alloc(arena, (size_t)set->phrase_count, sizeof *set->phrase_word);
    for (int p = 0; p < set->phrase_count; p++)
        set->phrase_word[p] = text_find(words.word, words.count, set->phrase[p]);
    for (int i = 0; i < set->count; i++) number_item(set, arena, &set->item[i], &words);
    hold_out(set, arena);
}

/* ---- truth ------------------------------------------------------------------------------------------------------- */

static bool phrase_true(const EmojiSet *set, const Emoji *e, int phrase) {
    for (int p = 0; p < e->phrase_count; p++)
        if (e->phrase_id[p] == phrase) return true;
    int word = set->phrase_word[phrase];
    return word >= 0 && bsearch(&word, e->words, (size_t)e->word_count, sizeof *e->words, int_order);
}

bool emoji_true(const EmojiSet *set, int item, const int *phrases, int count) {
    for (int k = 0; k < count; k++)
        if (!phrase_true(set, &set->item[item], phrases[k])) return false;
    return true;
}

bool emoji_phrase_says(const char *phrase, const char *letters) {
    size_t length = strlen(letters);
    for (const char *at = phrase; at; at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL)
        if (!strncmp(at, letters, length)) return true;
    return false;
}

bool emoji_says(const EmojiSet *set, int item, const char *letters) {
    for (int p = 0; p < set->item[item].phrase_count; p++)
        if (emoji_phrase_says(set->item[item].phrase[p], letters)) return true;
    return false;
}

int emoji_find(const EmojiSet *set, const char *name) {
    for (int i = 0; i < set->count; i++)
        if (!strcmp(set->item[i].phrase[0], name)) return i;
    return -1;
}

const uint8_t *emoji_rgb(const EmojiSet *set, int style, int item) {
    return set->rgb[style] + (size_t)item * EMOJI_PIXELS;
}

/* ---- a table of pairs -------------------------------------------------------------------------------------------- */

/* "Twitter/0001.png": the picture of an emoji, relative to the table. */
static char *picture_name(Arena *arena, const EmojiSet *set, int style, int item) {
    return arena_print(arena, "%s/%04d.png", set->style[style], item + 1);
}

static bool write_pictures(const EmojiSet *set, Arena *arena, const char *folder, int style, Err *err) {
    if (!folder_make(arena_print(arena, "%s/%s", folder, set->style[style]), err)) return false;
    for (int i = 0; i < set->count; i++) {
        ArenaMark mark = arena_mark(arena);
        Image image = image_new(arena, EMOJI_SIDE, EMOJI_SIDE);
        memcpy(image.rgb, emoji_rgb(set, style, i), EMOJI_PIXELS);
        const char *path = arena_print(arena, "%s/%s", folder, picture_name(arena, set, style, i));
        if (!image_write(path, image, err)) return false;
        arena_release(arena, mark);
    }
    return true;
}

static void write_row(const EmojiSet *set, Arena *arena, FILE *out, int style, int item) {
    const Emoji *e = &set->item[item];
    fprintf(out, "%s\t", picture_name(arena, set, style, item));
    for (int p = 0; p < e->phrase_count; p++) fprintf(out, "%s%s", p ? "|" : "", e->phrase[p]);
    const char *split = e->held ? "test" : style == STYLE_LEARNT ? "train" : "val";
    fprintf(out, "\t%s\t%s\n", split, set->style[style]);
}

/* The table is written before its pictures: after an interruption the folder has a table, and can be written again. */
bool emoji_set_write(const EmojiSet *set, const char *folder, Err *err) {
    Arena arena = { 0 };
    OutFile out;
    const char *table = arena_print(&arena, "%s/pairs.tsv", folder);
    bool ok = !folder_exists(folder) || file_exists(table);
    if (!ok)
        err_set(err, "%s: this folder exists and has no pairs.tsv; name a new one, so that nothing is overwritten",
                folder);
    ok = ok && folder_make(folder, err) && out_open(&out, table, err);
    if (ok) {
        fprintf(out.stream, "filepath\ttitle\tsplit\tstyle\n");
        for (int style = 0; style < EMOJI_STYLES; style++)
            for (int i = 0; i < set->count; i++) write_row(set, &arena, out.stream, style, i);
        ok = out_commit(&out, err);
    }
    for (int style = 0; ok && style < EMOJI_STYLES; style++) ok = write_pictures(set, &arena, folder, style, err);
    arena_free(&arena);
    return ok;
}
