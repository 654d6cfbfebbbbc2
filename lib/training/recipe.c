#include "training/recipe.h"

#include <stdlib.h>
#include <string.h>

#define IMAGE(tower, a, b, c, dimensions) .image = { .kind = tower, .widths = { a, b, c }, .embed = dimensions }
#define BOW(dimensions)                                                                                                \
    .text = { .kind = "bow", .width = 64, .embed = dimensions, .padding = TEXT_PADDING }, .tokens = 8
#define ADAMW(rate, decay)                                                                                             \
    { .rule = OPTIM_ADAMW, .lr = rate, .weight_decay = decay }
#define MUON(rate)                                                                                                     \
    { .rule = OPTIM_MUON, .lr = rate, .momentum = 0.6 }
#define FALLING .schedule = SCHEDULE_LINEAR, .warmup = 0.2, .whiten_epochs = 3
#define SHIFTED .augment = { .mirror = MIRROR_ALTERNATE, .shift = 2, .edge = EDGE_REFLECT }

#define NARROW(passes, rate)                                                                                           \
    .model = { IMAGE("cnn", 32, 64, 128, 64), BOW(64) }, .epochs = passes, .batch = 500,                               \
    .groups = { ADAMW(2e-3, 0.01), MUON(rate), ADAMW(1e-2, 0) }, FALLING, SHIFTED

/* The widths of the network's three blocks; passes over the pictures. */
#define WIDE(a, b, c, passes)                                                                                          \
    .model = { IMAGE("cnn", a, b, c, 256), BOW(256) }, .groups = { ADAMW(5e-3, 0.01), MUON(0.24), ADAMW(0.03, 0) },    \
    .epochs = passes, .batch = 2000, .smoothing = 0.2, .tta = TTA_MIRROR_SHIFT, EIGHT_TEMPLATES, FALLING, SHIFTED

#define ONE_TEMPLATE .templates = { "a photo of a {}" }
/* All pairs of a class match, whatever their template. */
#define EIGHT_TEMPLATES                                                                                                \
    .templates = { "a photo of a {}",          "a picture of a {}", "a small photo of a {}", "a blurry photo of a {}", \
                   "a bright photo of the {}", "this is a {}",      "there is one {} here",  "look at the {}" },       \
    .multi_positive = true
/* The paper's first temperature, 0.07, not learnt. */
#define FIXED_TEMPERATURE .fixed_scale = true, .epochs = 5, .batch = 64

static const Recipe recipes[] = {
    { "quick", "a narrow convolutional network, two minutes", ONE_TEMPLATE, NARROW(4, 0.1) },
    { "full", "the full width, 15 to 25 minutes: 93 % on the test pictures, 94 % with test-time augmentation",
      WIDE(64, 256, 256, 16) },
    { "wide", "a wider network than full, in 1.6 times the time: more of the pictures without test-time augmentation",
      WIDE(96, 320, 320, 18) },
    { "templates", "quick, with eight wordings of each caption; all pairs of a class match", EIGHT_TEMPLATES,
      NARROW(5, 0.24) },
    { "notebook", "a published notebook's experiment: batch 64, temperature fixed at 0.07",
      .model = { IMAGE("cnn", 64, 128, 256, 64), BOW(64), .logit_scale = 1 / 0.07 },
      .groups = { ADAMW(1e-3, 0.01), MUON(0.03), ADAMW(3e-3, 0) }, ONE_TEMPLATE, FIXED_TEMPERATURE, FALLING },
    { "pairs", "own pictures and captions; epochs and batch by their number",
      .model = { IMAGE("cnn", 32, 64, 128, 64), BOW(64) }, .groups = { ADAMW(2e-3, 0.01), MUON(0.1), ADAMW(1e-2, 0) },
      .multi_positive = true, FALLING, SHIFTED },
    { "tiny", "the smallest network, for a first look; temperature fixed at 0.07",
      .model = { IMAGE("small", 0, 0, 0, 64), BOW(64), .logit_scale = 1 / 0.07 },
      .groups = { ADAMW(1e-3, 0), ADAMW(1e-3, 0), ADAMW(1e-3, 0) }, ONE_TEMPLATE, FIXED_TEMPERATURE },
};

const Recipe *recipe_at(int i) { return i >= 0 && i < (int)COUNT(recipes) ? &recipes[i] : NULL; }
const Recipe *recipe_find(const char *name) {
    for (size_t i = 0; i < COUNT(recipes); i++)
        if (!strcmp(recipes[i].name, name)) return &recipes[i];
    return NULL;
}

void recipe_towers(Recipe *recipe, Arena *arena, const char *image, const char *text) {
    ImageTowerSize *i = &recipe->model.image;
    TextTowerSize *t = &recipe->model.text;
    if (!strcmp(image, "recipe")) image = i->kind;
    if (!strcmp(text, "recipe")) text = t->kind;
    if (!strcmp(image, i->kind) && !strcmp(text, t->kind)) return;
    if (strcmp(image, i->kind)) *i = (ImageTowerSize){ .kind = image, .embed = i->embed };
    if (!strcmp(image, "cnn")) memcpy(i->widths, (int[]){ 32, 64, 128 }, sizeof i->widths);
    t->kind = text;
    recipe->name = arena_print(arena, "%s-%s-%s", recipe->name, image, text);
}

/* Only "cnn" has whitening and identity filters; "vit" has no filters for Muon. What is missing changes nothing. */
static void take_out(Recipe *r, const char *what) {
    bool cnn = !strcmp(r->model.image.kind, "cnn"), vit = !strcmp(r->model.image.kind, "vit");
    if (!strcmp(what, "whitening")) r->learn_first |= cnn;
    else if (!strcmp(what, "dirac")) r->random_filters |= cnn;
    else if (!strcmp(what, "muon") && !vit && r->groups[1].rule == OPTIM_MUON) r->groups[1] = r->groups[0];
    else if (!strcmp(what, "mirror")) r->augment.mirror = MIRROR_NEVER;
    else if (!strcmp(what, "alternating") && r->augment.mirror == MIRROR_ALTERNATE) r->augment.mirror = MIRROR_RANDOM;
    else if (!strcmp(what, "shift")) r->augment.shift = 0;
    else if (!strcmp(what, "decay")) r->schedule = SCHEDULE_CONSTANT;
    else if (!strcmp(what, "smoothing")) r->smoothing = 0;
    else if (!strcmp(what, "wordings")) r->templates[1] = NULL;
}

static bool has(const Recipe *recipe, Arena *arena, const char *what) {
    Recipe less = *recipe;
    take_out(&less, what);
    return strcmp(recipe_text(recipe, arena), recipe_text(&less, arena)) != 0;
}

bool recipe_leave_out(Recipe *recipe, Arena *arena, const char *ingredient, Err *err) {
    if (!strcmp(ingredient, "nothing")) return true;
    if (!has(recipe, arena, ingredient)) {
        const char *list = "";
        char *words = arena_text(arena, RECIPE_WITHOUT);
        for (char *word = strtok(words, "|"); word; word = strtok(NULL, "|"))
            if (has(recipe, arena, word)) list = arena_print(arena, "%s%s%s", list, *list ? ", " : "", word);
        return err_set(err, "recipe %s has no %s to leave out; it has: %s", recipe->name, ingredient,
                       *list ? list : "nothing");
    }
    take_out(recipe, ingredient);
    recipe->name = arena_print(arena, "%s-without-%s", recipe->name, ingredient);
    return true;
}

/* The shortest decimal number that is read back as x. */
static const char *real(Arena *arena, double x) {
    const char *text = "";
    for (int digits = 1; digits <= 17 && (!*text || strtod(text, NULL) != x); digits++)
        text = arena_print(arena, "%.*g", digits, x);
    return text;
}

/* Only where it is not the usual 4 D, so that older checkpoints have the same text. */
static const char *mlp_text(Arena *arena, int mlp) { return mlp ? arena_print(arena, ", MLP %d", mlp) : ""; }

static char *model_text(Arena *arena, const ClipConfig *m) {
    const ImageTowerSize *i = &m->image;
    const TextTowerSize *t = &m->text;
    return arena_print(
        arena,
        "image tower=%s, %d dimensions, widths %d %d %d, side %d, patch %d, width %d, layers %d, heads %d, "
        "stages %d %d %d %d, QuickGELU %d%s\ntext tower=%s, %d dimensions, words %d, width %d, padding %d, hidden %d, "
        "layers %d, heads %d, positions %d, QuickGELU %d%s\ntokens=%d\nfirst logit scale=%s\n",
        i->kind, i->embed, i->widths[0], i->widths[1], i->widths[2], i->side, i->patch, i->width, i->layers, i->heads,
        i->stages[0], i->stages[1], i->stages[2], i->stages[3], i->quick_gelu, mlp_text(arena, i->mlp), t->kind,
        t->embed, t->vocabulary, t->width, t->padding, t->hidden, t->layers, t->heads, t->tokens, t->quick_gelu,
        mlp_text(arena, t->mlp), m->tokens, real(arena, m->logit_scale));
}

static char *group_text(Arena *arena, const char *name, const OptimGroup *o) {
    static const char *const rules[] = { "SGD", "AdamW", "Muon" };
    return arena_print(arena, "%s=%s, learning rate %s, weight decay %s, momentum %s\n", name, rules[o->rule],
                       real(arena, o->lr), real(arena, o->weight_decay), real(arena, o->momentum));
}

const char *recipe_text(const Recipe *r, Arena *arena) {
    static const char *const schedules[] = { "constant", "linear", "cosine" };
    static const char *const mirrors[] = { "never", "always", "random", "alternating" };
    const Augment *a = &r->augment;
    char *text =
        arena_print(arena, "recipe=%s\nepochs=%d\nbatch=%d\n%s%s%s%s", r->name, r->epochs, r->batch,
                    model_text(arena, &r->model), group_text(arena, "linear layers", &r->groups[0]),
                    group_text(arena, "filters", &r->groups[1]), group_text(arena, "batch norm", &r->groups[2]));
    if (r->micro_batch) text = arena_print(arena, "%smicro-batch=%d\n", text, r->micro_batch);
    for (int k = 0; k < RECIPE_TEMPLATES && r->templates[k]; k++)
        text = arena_print(arena, "%stemplate=%s\n", text, r->templates[k]);
    text = arena_print(arena, "%sschedule=%s\nwarm-up epochs=%s\nmulti-positive=%d\nsmoothing=%s\n", text,
                       schedules[r->schedule], real(arena, r->warmup), r->multi_positive, real(arena, r->smoothing));
    text = arena_print(arena, "%sfixed scale=%d\nwhitening epochs=%s\nfirst filters learnt=%d\nrandom filters=%d\n",
                       text, r->fixed_scale, real(arena, r->whiten_epochs), r->learn_first, r->random_filters);
    if (r->least_words > 1) text = arena_print(arena, "%swords occur=%d\n", text, r->least_words);
    if (r->byte_pairs) text = arena_print(arena, "%stokens=byte pairs\n", text);
    return arena_print(arena, "%smirror=%s\nshift=%d\nshift by=%d %d\nedge=%d\ncutout=%d\ntest augmentation=%d\n", text,
                       mirrors[a->mirror], a->shift, a->dx, a->dy, a->edge, a->cutout, r->tta);
}
