/* pairs_table: a table of pictures and captions, as open_clip reads it (csv with a heading): one row for each pair.
 *
 *   filepath<TAB>title<TAB>split
 *   photos/rex.png<TAB>a dog on the beach|our dog Rex<TAB>train
 *
 * Fields   separated by tabs, commas or semicolons: what the heading has. A field may be in quotes; then it may hold
 *          separators, line ends, and "" for a quote (RFC 4180). Lines end in LF or CR LF, or all of them in
 *          CR. A byte order mark and empty lines are skipped. Spaces at both ends of a field are removed.
 * Captions several for a picture: by several rows with the same path, or by | between them.
 * Paths    relative to the folder of the table, or absolute.
 * split    an optional column: train, val (also valid, validation) or test. All rows of a picture say the same.
 *
 * A row that cannot be used is left out and noted, with its line; the others stay. After a quote that is not closed
 * the reader goes on at the next line, so a broken row costs no other row. The time is linear in the size. */
#ifndef PAIRS_TABLE_H
#define PAIRS_TABLE_H

#include "core/arena.h"

typedef enum {
    PAIRS_BAD_COLUMNS, /* more or fewer fields than the heading has */
    PAIRS_BAD_QUOTE,   /* a quote that is not closed, or text after the closing one */
    PAIRS_BAD_UTF8,    /* path, caption or split are not UTF-8, or hold a zero byte */
    PAIRS_BAD_PATH,    /* empty */
    PAIRS_BAD_CAPTION, /* empty */
    PAIRS_BAD_SPLIT,   /* another word than train, val, test, or not that of an earlier row of the picture */
    PAIRS_BAD_FILE,    /* the picture's file cannot be opened; this and the next are found by picture_cache.h */
    PAIRS_BAD_PICTURE, /* the file is not a picture that can be read */
    PAIRS_BAD_KINDS
} PairsBadKind;

const char *pairs_bad_name(PairsBadKind kind); /* "empty caption" */

typedef struct {
    int line; /* of the file, the first line of the row; the heading is in line 1 */
    PairsBadKind kind;
    const char *why; /* what the reader of the picture said; NULL for other kinds */
} PairsBad;

typedef enum { PAIRS_TRAIN, PAIRS_VAL, PAIRS_TEST, PAIRS_PARTS } PairsPart; /* PAIRS_PARTS: the table does not say */

const char *pairs_part_name(PairsPart part); /* "train" */

typedef struct {
    const char *path; /* as in the table */
    PairsPart part;
    int first, count; /* its captions: caption[first .. first+count-1], in the table's order; 1 or more */
} PairsPicture;

typedef struct {
    const char *file;
    int rows;               /* without the heading and empty lines */
    int picture_count;      /* different paths */
    PairsPicture *pictures; /* in the order of their first rows */
    int caption_count;
    const char **caption; /* [caption_count], those of a picture together */
    int *line;            /* [caption_count]: the line of each caption's row */
    bool has_split;
    int bad_count, bad_by_kind[PAIRS_BAD_KINDS];
    PairsBad *bad; /* [bad_count], in the order they were found */
} PairsTable;

typedef struct {
    const char *picture_column, *caption_column; /* NULL: filepath, title. Upper and lower case are the same */
    bool strict;                                 /* the first bad row is an error */
} PairsFormat;

/* pairs_table_read: the table in a file.
 * Fails  with one line, when the file cannot be read, is not UTF-8 with a heading (UTF-16 and other kinds are named:
 *        file_kind.h), lacks a column or has no rows; with `strict` also for the first bad row, with its line. With all
 *        rows bad it succeeds, and picture_count is 0
 * Owner  the arena */
bool pairs_table_read(PairsTable *table, Arena *arena, const char *path, PairsFormat format, Err *err);

/* Where picture i is: its path, or FOLDER/path. On the arena. */
char *pairs_table_path(const PairsTable *table, Arena *arena, int i);

/* Notes all rows of picture i as bad, and the reader's line about it. The picture stays in the list: its captions are
 * now 0. `why` must live as long as the table. */
void pairs_table_drop(PairsTable *table, int i, PairsBadKind kind, const char *why);

/* The first row that is bad for this reason, in the order they were found; NULL: there is none. */
const PairsBad *pairs_table_first_bad(const PairsTable *table, PairsBadKind kind);

/* Warns about captions that OpenAI's tokeniser would repair (text_defect.h), in one line for the table. For models that
 * read CLIP's tokens: those that read words of their own see the captions as they are. */
void pairs_table_warn_texts(const PairsTable *table);

/* "TABLE: 1204 rows, 1190 pairs of 400 pictures", and for each kind of bad row its count and first lines. */
void pairs_table_print(const PairsTable *table, FILE *stream);

/* Writes all bad rows as a table: line, what is wrong, with the reader's line about a picture. Does nothing where there
 * is none. */
bool pairs_table_write_bad(const PairsTable *table, const char *path, Err *err);

#endif
