/* emoji_set: small pictures in two styles, each with a name and key words: the emoji of two vendors, or generated
 * scenes in their place (lesson 27).
 *
 *   EmojiSet set;
 *   if (!emoji_set_read(&set, &arena, "data/emoji", &err)) die("%s", err.text);
 *
 * The published files, as make emoji puts them into a folder (sources and licences: data/README.md):
 *   emoji.json     an array of {"unified": "1F63E", "name": "POUTING CAT FACE", "category": ..., "sheet_x": 35, ...}
 *   keywords.json  an object, from an emoji's characters to an array: its name, then its key words
 *   twitter.png, google.png   sheets of cells of 34 x 34 pixels; the inner 32 x 32 of cell (sheet_x, sheet_y) are the
 *                             picture; it is laid over white */
#ifndef EMOJI_SET_H
#define EMOJI_SET_H

#include "core/arena.h"
#include "dataset/words.h"

enum { EMOJI_SIDE = 32, EMOJI_PIXELS = EMOJI_SIDE * EMOJI_SIDE * 3, EMOJI_STYLES = 2, EMOJI_CATEGORIES = 16 };

/* The style that is learnt, and the style that only tests show. */
enum { STYLE_LEARNT, STYLE_OTHER };

/* One emoji. Phrases are lower case, words separated by single spaces; phrase[0] is the name, all differ. */
typedef struct {
    const char **phrase;
    int *phrase_id; /* numbers of the phrases in the set */
    int phrase_count;
    int *words; /* numbers of all words of the phrases, in ascending order */
    int word_count;
    int category;
    bool held; /* held out: no training batch has its pictures or its name */
} Emoji;

typedef struct {
    int count;
    Emoji *item;
    const char *category[EMOJI_CATEGORIES];
    int category_count;
    const char *style[EMOJI_STYLES]; /* "Twitter", "Google" */
    uint8_t *rgb[EMOJI_STYLES];      /* [count,32,32,3] */
    bool generated;                  /* scenes */
    const char **phrase;             /* all phrases that occur, in order of bytes */
    int phrase_count;
    int *phrase_word; /* number of the word that is the whole phrase; -1: several words */
} EmojiSet;

/* Where the files are: $EMOJI_DIR if set, else "data/emoji". */
const char *emoji_folder(void);
/* Whether the four files are there. */
bool emoji_files_exist(const char *folder);

/* Reads the four files. Emoji without a picture in one of the two styles are left out; those without key words keep
 * their name. False, with one line that names the file and the place, when a file is missing or damaged, or a sheet is
 * too small for the cells that emoji.json names. Owner: the arena. */
bool emoji_set_read(EmojiSet *set, Arena *arena, const char *folder, Err *err);

/* ---- for the readers --------------------------------------------------------------------------------------------- */

/* Fills what follows from phrases and categories: the numbers of phrases and words, and which emoji are held out. */
void emoji_set_finish(EmojiSet *set, Arena *arena);
/* `text` as a phrase: lower case, without punctuation; NULL if it begins with punctuation (":D") or has no word. */
char *emoji_phrase(Arena *arena, const char *text);

/* ---- held out ---------------------------------------------------------------------------------------------------- */

/* Whether the name is on the list of emoji that are held out by name: clock faces, hearts of some colours, hands and
 * people that face the other way. Beside these, every tenth emoji of each category is held out. */
bool emoji_named_held(const char *name);

/* ---- truth ------------------------------------------------------------------------------------------------------- */

/* A caption is a list of phrases of the set. It is true of an emoji if each of them is a phrase of the emoji, or a
 * single word that one of its phrases contains. */
bool emoji_true(const EmojiSet *set, int item, const int *phrases, int count);
/* Whether a phrase, or some phrase of the emoji, has a word that begins with these letters ("sport": "sports"). */
bool emoji_phrase_says(const char *phrase, const char *letters);
bool emoji_says(const EmojiSet *set, int item, const char *letters);

/* The emoji of that name, or -1. */
int emoji_find(const EmojiSet *set, const char *name);
const uint8_t *emoji_rgb(const EmojiSet *set, int style, int item);

/* ---- a table of pairs -------------------------------------------------------------------------------------------- */

/* Writes FOLDER/pairs.tsv, with the columns filepath, title, split, style, and the pictures that it names. A title is
 * the name and the key words, separated by '|'. split: train for the learnt style, val for the other style, test for
 * what is held out. FOLDER must be new, or one that was written before: it has a pairs.tsv. False with one line. */
bool emoji_set_write(const EmojiSet *set, const char *folder, Err *err);

#endif
