/* lesson_pairs: what the lessons on own pairs share: options, opening a table or a folder with progress and a report,
 * names of models, a picture of the student as a model sees it. */
#ifndef LESSON_PAIRS_H
#define LESSON_PAIRS_H

#include "lesson/lesson.h"
#include "lesson/lesson_data.h"
#include "lesson/options.h"
#include "pairs/pairs_data.h"

typedef struct {
    const char *table; /* "": none */
    const char *picture_column, *caption_column;
    const char *cache; /* "": "pictures" in models_folder() */
    bool strict;
} LessonPairs;

/* Entries of an options table. */
#define LESSON_PAIRS_DEFAULTS                                                                                          \
    { .table = "", .picture_column = "filepath", .caption_column = "title", .cache = "" }
#define LESSON_PAIRS_OPTIONS(p)                                                                                        \
    { "pairs", .text = &(p).table,                                                                                     \
      .help = "a table of own pictures and captions: filepath and title, with a heading" },                            \
        { "picture-column", .text = &(p).picture_column, .help = "the table's column of pictures" },                   \
        { "caption-column", .text = &(p).caption_column, .help = "the table's column of captions" },                   \
        { "strict", .flag = &(p).strict, .help = "stop at the first row of the table that cannot be used" }, {         \
        "cache", .text = &(p).cache, .help = "folder of decoded pictures; empty: pictures beside the models"           \
    }

typedef struct {
    const char *fit; /* "crop" or "letterbox" */
    int side, seed;
    double val_share, test_share;
} LessonPairsSplit;

/* Prints rows, pairs and bad rows, and what the reader said about the first file that is not a picture. */
void lesson_pairs_print(const PairsTable *table);

/* Opens the table: progress on stderr; rows, pairs and bad rows on stdout; all bad rows in a file that is named on
 * stderr. Ends the program with one line when there is nothing to train on. Close with pairs_data_close. */
void lesson_pairs_open(PairsData *data, const LessonPairs *pairs, LessonPairsSplit split);

/* The pictures of a folder as data->set[PAIRS_TEST]; a line on stderr for each file that is left out. Ends the program
 * with one line when there is no picture. */
void lesson_folder_open(PairsData *data, const char *folder, const LessonPairs *pairs, LessonPairsSplit split);

/* "data/models/photos-seed1.safetensors" for photos.tsv; `towers` "" or "-vit-transformer". On the arena. */
char *lesson_pairs_path(Arena *arena, const char *table, const char *towers, int seed, const char *suffix);

/* Is this file a model of own pairs? False also where it cannot be read. */
bool lesson_model_of_pairs(const char *path);

/* How the pictures of a model of own pairs were made and split, from its metadata "fit" and "split". Where it does not
 * say it: this seed, and shares of 0. */
LessonPairsSplit lesson_pairs_split(const LessonModel *model, int seed);
char *lesson_split_text(Arena *arena, LessonPairsSplit split); /* for that metadata */

/* The unit vector [1,E] of one picture of the student, and what the model sees of it: *seen is [side,side,3]. Ends the
 * program with one line when the file is no picture. */
Mat lesson_picture(LessonModel *model, Arena *arena, const char *path, Image *seen);

/* Picture i of a set as bytes [side,side,3], on the arena. */
uint8_t *lesson_pair_rgb(Arena *arena, const PairSet *set, int i);

/* The model in the file, or if `weights` is "" the one that lesson 10 made of the table with this seed; and the table,
 * split as for that training. Ends the program with one line when one of them cannot be had. */
void lesson_pairs_model(Lesson *lesson, LessonModel *model, PairsData *data, const LessonPairs *pairs,
                        const char *weights, int seed);

/* Pictures whose captions name exactly one of the labels: words that follow each other, in upper or lower case. */
typedef struct {
    int count;
    const char *const *names; /* [count] */
    PairSet set;              /* those pictures, without captions */
    int *truth;               /* [set.n]: the label of each */
    const char **paths;       /* [set.n] */
    int left_out;             /* pictures whose captions name none or several */
} LessonLabels;

/* The pictures for test with their labels, and a line on stdout that counts them; those for validation where there are
 * none for test. Without labels: the captions of these pictures, if there are 2 to 20 different ones. Ends the program
 * with one line when fewer than 2 labels or no pictures are left. */
LessonLabels lesson_pairs_labels(Arena *arena, const PairsData *data, const char *const *labels, int count);

#endif
