/* own_pairs: lesson 10 on a table of the student's own pictures and captions. */
#ifndef OWN_PAIRS_H
#define OWN_PAIRS_H

#include "lesson/lesson.h"
#include "lesson/lesson_pairs.h"

/* What the command line asks for; 0 and "recipe" mean the default. */
typedef struct {
    LessonPairs pairs;
    const char *image, *text, *fit, *side, *tokens, *augment, *export, *weights;
    int seed, epochs, batch, micro_batch, patience, least_words, text_length;
    int embed, image_width, image_layers, patch, text_width, text_layers;
    double lr, validation, test;
    bool resume, backup_other;
} OwnPairs;

#define OWN_PAIRS_DEFAULTS                                                                                             \
    {                                                                                                                  \
        .pairs = LESSON_PAIRS_DEFAULTS, .image = "recipe", .text = "recipe", .fit = "crop", .side = "32",              \
        .tokens = "words", .augment = "auto", .export = "", .weights = "", .patience = -1, .least_words = 1,           \
        .validation = 10, .test = 10                                                                                   \
    }

#define OWN_PAIRS_OPTIONS(o)                                                                                           \
    LESSON_PAIRS_OPTIONS((o).pairs),                                                                                   \
        { "fit", .text = &(o).fit, .choices = PICTURE_FITS, .help = "pairs: the middle of a picture, or all of it" },  \
        { "side", .text = &(o).side, .choices = "32|64", .help = "pairs: pixels of a side" },                          \
        { "tokens", .text = &(o).tokens, .choices = "words|bpe",                                                       \
          .help = "pairs: words of the captions, or CLIP's byte pairs" },                                              \
        { "least-words", .integer = &(o).least_words, .low = 1, .high = 1e6,                                           \
          .help = "pairs: a word that occurs less often is unknown" },                                                 \
        { "text-length", .integer = &(o).text_length, .low = 0, .high = 77,                                            \
          .help = "pairs: tokens of a caption; 0: as many as the longest has, at most 77" },                           \
        { "augment", .text = &(o).augment, .choices = "auto|none|shift|mirror",                                        \
          .help = "pairs: mirror also shifts; auto: mirror, or shift where a caption says left or right" },            \
        { "validation", .real = &(o).validation, .low = 0, .high = 50, .help = "pairs: % of the pictures" },           \
        { "test", .real = &(o).test, .low = 0, .high = 50, .help = "pairs: % of the pictures" },                       \
        { "patience", .integer = &(o).patience, .low = -1, .high = 1000,                                               \
          .help = "pairs: stop after so many epochs without a better one; 0: never; -1: a fifth of the epochs" },      \
        { "embed", .integer = &(o).embed, .low = 0, .high = 4096, .help = "pairs: dimensions of the vectors" },        \
        { "image-width", .integer = &(o).image_width, .low = 0, .high = 1024,                                          \
          .help = "pairs: channels of the first stage, or width of the vit" },                                         \
        { "image-layers", .integer = &(o).image_layers, .low = 0, .high = 48, .help = "pairs: blocks of the vit" },    \
        { "patch", .integer = &(o).patch, .low = 0, .high = 64, .help = "pairs: pixels of the vit's patches" },        \
        { "text-width", .integer = &(o).text_width, .low = 0, .high = 4096,                                            \
          .help = "pairs: width of the text tower" },                                                                  \
        { "text-layers", .integer = &(o).text_layers, .low = 0, .high = 48,                                            \
          .help = "pairs: blocks of the transformer" },                                                                \
        { "weights", .text = &(o).weights, .help = "with --export: this model, without a training" }, {                \
        "export", .text = &(o).export,                                                                                 \
                  .help = "pairs: folder for the model as open_clip and Hugging Face read it (vit, transformer, bpe)"  \
    }

/* Exports the model in own->weights. Ends the program with one line when other programs cannot read it. */
void own_pairs_export(Lesson *lesson, const OwnPairs *own);

/* Trains on the table, prints each epoch, tests the best one, and exports it if that was asked for. */
void own_pairs_run(Lesson *lesson, OwnPairs *own);

#endif
