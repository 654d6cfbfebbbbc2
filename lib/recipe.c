/* recipe: the settings of lesson 10, by name. Declared in train.h; what each choice is worth is on the lesson's page. */
#include "train.h"

#include <string.h>

static const Recipe recipes[] = {
    {
        .name = "quick", .summary = "a narrow convolutional network, two minutes",
        .model = { .image = { .kind = "cnn", .widths = { 32, 64, 128 }, .embed = 64 },
                   .text = { .kind = "bow", .width = 64, .embed = 64, .padding = TEXT_PADDING }, .tokens = 8 },
        .templates = { "a photo of a {}", NULL },
        .epochs = 5, .batch = 500,
        .groups = { { .rule = OPTIM_ADAMW, .lr = 2e-3, .weight_decay = 0.01 },
                    { .rule = OPTIM_MUON, .lr = 0.24, .momentum = 0.6 },
                    { .rule = OPTIM_ADAMW, .lr = 1e-2 } },
        .schedule = SCHEDULE_LINEAR, .warmup = 0.2, .whiten_epochs = 3,
        .augment = { .mirror = MIRROR_ALTERNATE, .shift = 2, .edge = EDGE_REFLECT },
        .views = VIEWS_PLAIN,
    },
    {
        .name = "notebook", .summary = "a published notebook's experiment: batch 64, temperature fixed at 0.07",
        .model = { .image = { .kind = "small", .embed = 64 },
                   .text = { .kind = "bow", .width = 64, .embed = 64, .padding = TEXT_PADDING }, .tokens = 8, .logit_scale = 1 / 0.07 },
        .templates = { "a photo of a {}", NULL },
        .epochs = 5, .batch = 64,
        .groups = { { .rule = OPTIM_ADAMW, .lr = 1e-3 }, { .rule = OPTIM_ADAMW, .lr = 1e-3 }, { .rule = OPTIM_ADAMW, .lr = 1e-3 } },
        .schedule = SCHEDULE_CONSTANT, .fixed_scale = true, .views = VIEWS_PLAIN,
    },
};

const Recipe *recipe_at(int i) { return i >= 0 && i < (int)COUNT(recipes) ? &recipes[i] : NULL; }

const Recipe *recipe_find(const char *name) {
    for (size_t i = 0; i < COUNT(recipes); i++)
        if (!strcmp(recipes[i].name, name)) return &recipes[i];
    return NULL;
}
