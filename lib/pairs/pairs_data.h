/* pairs_data: a table of pairs becomes sets to train, validate and test on.
 *
 *   PairsArgs args = { .table = "photos.tsv", .side = 32, .seed = 1 };
 *   PairsData data;
 *   if (!pairs_data_open(&data, &args, &err)) die("%s", err.text);
 *   data.set[PAIRS_TRAIN], data.set[PAIRS_VAL] ...
 *   pairs_data_close(&data); */
#ifndef PAIRS_DATA_H
#define PAIRS_DATA_H

#include "dataset/pair_set.h"
#include "pairs/pairs_table.h"
#include "pairs/picture_cache.h"

typedef struct {
    const char *table;  /* path */
    PairsFormat format; /* columns; strict also refuses missing files and files that are no pictures */
    PictureFit fit;
    int side;          /* 32 or 64 */
    const char *cache; /* folder; NULL: "pictures" in models_folder() */
    uint64_t seed;     /* of the split */
    /* Shares of the pictures for validation and test, where the table has no column split. Where the column has no val,
     * this share of train becomes val. */
    double val_share, test_share;
    PictureProgress progress; /* NULL: none */
    void *context;
} PairsArgs;

typedef struct {
    PairsTable table;
    PictureCache cache;
    PairSet set[PAIRS_PARTS];        /* train, val, test; n is 0 where there are none */
    const char **paths[PAIRS_PARTS]; /* [set.n]: the pictures' paths as in the table */
    int unreadable;                  /* pictures that are missing or cannot be read; table.bad says why */
    Arena arena;
} PairsData;

/* pairs_data_open: reads the table, finds or decodes the pictures, splits them.
 * Split   by picture: all rows of a picture are in one part, and so are files with the same bytes. Pictures are ordered
 *         by SHA-256(seed, SHA-256 of the file); the first round(val_share n) are val, the next test, at least one each
 *         where the share is not 0 and there are 3 pictures or more. New pictures move few of the others.
 * Sets    captions that are equal, but for upper and lower case of ASCII and for spaces, are one caption
 * Fails   as pairs_table_read and picture_cache_read; when no picture for training is left. data->table is then still
 *         filled as far as it was read, for pairs_table_print
 * Close it with pairs_data_close, also after a failure. */
bool pairs_data_open(PairsData *data, const PairsArgs *args, Err *err);

/* The files of a folder (folder_files) as set[PAIRS_TEST], each with its name as caption and path. args->table is the
 * folder; format, seed and shares are not used. Fails when the folder cannot be read; it may hold no picture. */
bool pairs_folder_open(PairsData *data, const PairsArgs *args, Err *err);
void pairs_data_close(PairsData *data);

#endif
