/* recipe: the settings of a training run, by name. */
#ifndef RECIPE_H
#define RECIPE_H

#include "evaluate/zeroshot.h"
#include "dataset/augment.h"
#include "training/optim.h"

enum { RECIPE_TEMPLATES = 8, RECIPE_GROUPS = 3 };

/* Everything a training run depends on except the pictures and the seed. A new field belongs into recipe_text too. */
typedef struct {
    const char *name, *summary;
    ClipConfig model;                            /* vocabulary 0: the words of the filled templates */
    const char *templates[RECIPE_TEMPLATES + 1]; /* a caption is one of them, drawn at random; NULL ends them */
    int epochs, batch;
    int micro_batch; /* pairs in memory at a time, with the gradient of the whole batch (grad_cache.h); 0: all */
    OptimGroup groups[RECIPE_GROUPS]; /* 0: linear layers, embeddings, biases, logit scale; 1: filters; 2: batch norm */
    Schedule schedule;
    double warmup;        /* in epochs */
    bool multi_positive;  /* pairs of one class count as matching (clip_targets); else only the diagonal does */
    double smoothing;     /* of the multi-positive targets */
    bool fixed_scale;     /* the logit scale is not learnt */
    double whiten_epochs; /* after so many epochs the bias behind the whitening filters is frozen */
    bool learn_first;     /* "cnn": the first convolution is learnt like the others instead of whitening */
    bool random_filters;  /* "cnn": the 3x3 filters start at random instead of as the identity */
    Augment augment;      /* its seed and epoch are set by the run */
    TestAugmentation tta; /* of a second test after the last epoch; TTA_NONE: there is none */
    /* for own pairs, whose captions are given and not filled templates: */
    int least_words; /* a word that occurs less often is unknown; 0: every word is known */
    bool byte_pairs; /* CLIP's tokens instead of words */
} Recipe;

/* For options tables: the recipes; the towers of lesson 10 ("recipe": its own); what a recipe can be tried without. */
#define RECIPES        "quick|full|wide|templates|notebook|tiny"
#define RECIPE_IMAGES  "recipe|small|cnn|resnet|resnet9|vit"
#define RECIPE_TEXTS   "recipe|bow|lstm|transformer"
#define RECIPE_WITHOUT "nothing|whitening|dirac|muon|mirror|alternating|shift|decay|smoothing|wordings"

/* The recipe of that name, or the i-th; NULL if there is none. */
const Recipe *recipe_find(const char *name);
const Recipe *recipe_at(int i);

/* Exchanges the towers. The recipe is then called "quick-vit-lstm" (on the arena), unless both towers were its own. */
void recipe_towers(Recipe *recipe, Arena *arena, const char *image, const char *text);

/* Takes one ingredient out. The recipe is then called "quick-without-muon" (on the arena); "nothing" changes nothing.
 *   muon         filters are moved by AdamW as the linear layers are
 *   alternating  a picture is mirrored at random in every epoch, not in every other one
 *   decay        the learning rate stays as it is after the warm-up
 * False, with one line that lists what the recipe has, when it does not have this ingredient: nothing would change. */
bool recipe_leave_out(Recipe *recipe, Arena *arena, const char *ingredient, Err *err);

/* All fields except the summary as text, one "key=value" a line, on the arena: two recipes train alike if and only if
 * their texts are the same. */
const char *recipe_text(const Recipe *recipe, Arena *arena);

#endif
