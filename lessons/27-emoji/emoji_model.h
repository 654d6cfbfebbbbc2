/* emoji_model: a small CLIP trained on the pictures of one style and phrases about them (emoji_set.h).
 *
 * The loss. Row i of the logits l is picture i of a batch of B, column n the caption of picture n. A caption such as
 * "face" is often true of other pictures of the batch; these pairs are left out of both softmaxes, as in lesson 17
 * (clip_loss_hard_negatives with N = B).
 *
 * A caption is the name (half of them), or one to three of the emoji's phrases in random order. A picture is turned,
 * moved, scaled and changed in colour at random, never mirrored: "left" would become "right". The same config and set
 * give the same bits, for any number of threads. */
#ifndef EMOJI_MODEL_H
#define EMOJI_MODEL_H

#include "pairs/emoji_set.h"
#include "model/clip.h"

#define EMOJI_TEXTS "bow|lstm|transformer" /* text towers, for tables of options */

enum { EMOJI_STEPS = 1500, EMOJI_BATCH = 128, EMOJI_WORDS = 16, EMOJI_EMBED = 64 };

/* Everything but the set that the weights depend on. */
typedef struct {
    const char *text; /* text tower */
    int seed, steps;
    int pairs; /* train on so many of the pictures that are not held out, drawn with the seed; 0: all */
} EmojiConfig;

/* Do not copy or move: the parameters point into it. */
typedef struct {
    EmojiConfig config;
    Clip clip;
    double loss; /* mean over the last tenth of the steps */
    int pairs;   /* pictures it was trained on */
    bool kept;   /* loaded from its file */
} EmojiModel;

/* Words that no training caption has, nor words that begin with them, to ask for later; and a description of each in
 * words that captions have. A set of scenes has others than the emoji. A NULL word ends the list. */
typedef struct {
    const char *word, *description;
} Withheld;
const Withheld *emoji_withheld(const EmojiSet *set);

/* Loads the model of this config and set from models_folder(), or trains it, with progress on stderr, and saves it
 * there. Ctrl-C while it trains ends the program; nothing is saved then. False with one line. Free with
 * emoji_model_free. */
bool emoji_model_load_or_train(EmojiModel *model, const EmojiSet *set, const EmojiConfig *config, Err *err);
void emoji_model_free(EmojiModel *model);

/* The path of its file, on the arena. */
char *emoji_model_path(Arena *arena, const EmojiSet *set, const EmojiConfig *config);

/* Unit vectors of all pictures of a style, [set->count,E], on the arena. */
Mat emoji_model_images(EmojiModel *model, Arena *arena, const EmojiSet *set, int style);
/* Unit vectors of the names of all emoji, [set->count,E], and of n texts, [n,E], on the arena. */
Mat emoji_model_names(EmojiModel *model, Arena *arena, const EmojiSet *set);
/* The words of a text that the model knows. */
int emoji_model_known(const EmojiModel *model, Arena *arena, const char *text);

/* Pixels of a picture as the model sees it: (byte / 255 - 0.5) / 0.25, [32,32,3]. rng NULL: unchanged; else changed at
 * random as in training. */
void emoji_pixels(const uint8_t rgb[EMOJI_PIXELS], Rng *rng, num *pixels);

#endif
