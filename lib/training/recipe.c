/* recipe: the settings of lesson 10, by name. Declared in train.h; what each choice is worth is on the lesson's page. */
#include "training/train.h"
#include "core/arena.h"

#include <string.h>

/* A narrow convolutional network and how it learns; what is left open is the captions, and how long and how boldly. */
#define NARROW(passes, rate)                                                                                           \
    .model = { .image = { .kind = "cnn", .widths = { 32, 64, 128 }, .embed = 64 },                                     \
               .text = { .kind = "bow", .width = 64, .embed = 64, .padding = TEXT_PADDING },                           \
               .tokens = 8 },                                                                                          \
    .epochs = passes, .batch = 500,                                                                                    \
    .groups = { { .rule = OPTIM_ADAMW, .lr = 2e-3, .weight_decay = 0.01 },                                             \
                { .rule = OPTIM_MUON, .lr = rate, .momentum = 0.6 },                                                   \
                { .rule = OPTIM_ADAMW, .lr = 1e-2 } },                                                                 \
    .schedule = SCHEDULE_LINEAR, .warmup = 0.2, .whiten_epochs = 3,                                                    \
    .augment = { .mirror = MIRROR_ALTERNATE, .shift = 2, .edge = EDGE_REFLECT }, .tta = TTA_NONE

/* Eight wordings of each caption; a class's pairs all match, whichever wording they have. */
#define WORDINGS                                                                                                       \
    .templates = { "a photo of a {}",        "a picture of a {}",        "a small photo of a {}",                      \
                   "a blurry photo of a {}", "a bright photo of the {}", "this is a {}",                               \
                   "there is one {} here",   "look at the {}",           NULL },                                       \
    .multi_positive = true

static const Recipe recipes[] = {
    {
        .name = "quick",
        .summary = "a narrow convolutional network, two minutes",
        .templates = { "a photo of a {}", NULL },
        NARROW(4, 0.1),
    },
    {
        .name = "full",
        .summary = "the whole width, a quarter of an hour: 94 % from nothing",
        .model = { .image = { .kind = "cnn", .widths = { 64, 256, 256 }, .embed = 256 },
                   .text = { .kind = "bow", .width = 64, .embed = 256, .padding = TEXT_PADDING },
                   .tokens = 8 },
        WORDINGS,
        .smoothing = 0.2,
        .epochs = 16,
        .batch = 2000,
        .groups = { { .rule = OPTIM_ADAMW, .lr = 5e-3, .weight_decay = 0.01 },
                    { .rule = OPTIM_MUON, .lr = 0.24, .momentum = 0.6 },
                    { .rule = OPTIM_ADAMW, .lr = 0.03 } },
        .schedule = SCHEDULE_LINEAR,
        .warmup = 0.2,
        .whiten_epochs = 3,
        .augment = { .mirror = MIRROR_ALTERNATE, .shift = 2, .edge = EDGE_REFLECT },
        .tta = TTA_MIRROR_SHIFT,
    },
    {
        .name = "templates",
        .summary = "quick, with eight wordings of each caption; all pairs of a class match",
        WORDINGS,
        NARROW(5, 0.24),
    },
    {
        .name = "notebook",
        .summary = "a published notebook's experiment: batch 64, temperature fixed at 0.07",
        .model = { .image = { .kind = "cnn", .widths = { 64, 128, 256 }, .embed = 64 },
                   .text = { .kind = "bow", .width = 64, .embed = 64, .padding = TEXT_PADDING },
                   .tokens = 8,
                   .logit_scale = 1 / 0.07 },
        .templates = { "a photo of a {}", NULL },
        .epochs = 5,
        .batch = 64,
        .groups = { { .rule = OPTIM_ADAMW, .lr = 1e-3, .weight_decay = 0.01 },
                    { .rule = OPTIM_MUON, .lr = 0.03, .momentum = 0.6 },
                    { .rule = OPTIM_ADAMW, .lr = 3e-3 } },
        .schedule = SCHEDULE_LINEAR,
        .warmup = 0.2,
        .whiten_epochs = 3,
        .fixed_scale = true,
        .tta = TTA_NONE,
    },
    {
        .name = "tiny",
        .summary = "the smallest network, for a first look; temperature fixed at 0.07",
        .model = { .image = { .kind = "small", .embed = 64 },
                   .text = { .kind = "bow", .width = 64, .embed = 64, .padding = TEXT_PADDING },
                   .tokens = 8,
                   .logit_scale = 1 / 0.07 },
        .templates = { "a photo of a {}", NULL },
        .epochs = 5,
        .batch = 64,
        .groups = { { .rule = OPTIM_ADAMW, .lr = 1e-3 },
                    { .rule = OPTIM_ADAMW, .lr = 1e-3 },
                    { .rule = OPTIM_ADAMW, .lr = 1e-3 } },
        .schedule = SCHEDULE_CONSTANT,
        .fixed_scale = true,
        .tta = TTA_NONE,
    },
};

const Recipe *recipe_at(int i) { return i >= 0 && i < (int)COUNT(recipes) ? &recipes[i] : NULL; }

const Recipe *recipe_find(const char *name) {
    for (size_t i = 0; i < COUNT(recipes); i++)
        if (!strcmp(recipes[i].name, name)) return &recipes[i];
    return NULL;
}

/* Sizes for pictures of 32 x 32 and captions of a few words: minutes, not hours. What is not said here is the tower's own
 * usual (image_tower.h, text_tower.h). */
void recipe_towers(Recipe *recipe, Arena *arena, const char *image, const char *text) {
    ImageTowerSize *i = &recipe->model.image;
    TextTowerSize *t = &recipe->model.text;
    if (!strcmp(image, "recipe")) image = i->kind;
    if (!strcmp(text, "recipe")) text = t->kind;
    if (!strcmp(image, i->kind) && !strcmp(text, t->kind)) return;
    if (strcmp(image, i->kind)) *i = (ImageTowerSize){ .kind = image, .embed = i->embed };
    if (!strcmp(image, "cnn")) {
        i->widths[0] = 32;
        i->widths[1] = 64;
        i->widths[2] = 128;
    }
    t->kind = text;
    recipe->name = arena_print(arena, "%s-%s-%s", recipe->name, image, text);
}

void recipe_leave_out(Recipe *r, Arena *arena, const char *what) {
    if (!strcmp(what, "nothing")) return;
    if (!strcmp(what, "whitening")) r->learn_first = true;
    else if (!strcmp(what, "dirac")) r->random_filters = true;
    else if (!strcmp(what, "muon")) r->groups[1] = r->groups[0];
    else if (!strcmp(what, "mirror")) r->augment.mirror = MIRROR_NEVER;
    else if (!strcmp(what, "alternating")) r->augment.mirror = MIRROR_RANDOM;
    else if (!strcmp(what, "shift")) r->augment.shift = 0;
    else if (!strcmp(what, "decay")) r->schedule = SCHEDULE_CONSTANT;
    else if (!strcmp(what, "smoothing")) r->smoothing = 0;
    else if (!strcmp(what, "wordings")) r->templates[1] = NULL;
    else REQUIRE(false, "a recipe has no ingredient \"%s\"", what);
    r->name = arena_print(arena, "%s-without-%s", r->name, what);
}
