/* check-train FILE.safetensors: does this library train exactly as the reference did?
 *
 * The file (tests/reference/train) holds first weights, batches, the gradients of the first step, the losses of all
 * steps and the last weights, computed in float64. The same steps are made here. It holds when gradients agree within
 * 1e-4 of the tensor's largest, losses within 1e-4, and last weights within 1e-3 of the largest.
 *
 * Built in double. check-train-single is the same in float, where weights under AdamW are not compared: its first step
 * is lr g / (|g| + 1e-8), and where g is only rounding (a key's bias has no gradient) that is a full step in any
 * direction. */
#include "../tensor_file.h"
#include "core/version.h"
#include "model/clip.h"
#include "core/arena.h"
#include "model/clip_file.h"
#include "training/optim.h"
#include "show/term_fit.h"

#include <math.h>
#include <string.h>

typedef struct {
    const char *path;
    Safetensors file;
    Arena arena;
    Clip clip;
    Optim optim;
    int steps, B, T;
    int *tokens;
    Mat pixels; /* [B,32,32,3] of one step */
    double worst_gradient, worst_loss, worst_weight;
    char where[2][256];
} Run;

static const Tensor *need(const Run *run, const char *name, int dims) {
    const Tensor *t = safetensors_find(&run->file, name);
    if (!t || t->dims != dims) die("%s: no tensor %s of %d dimensions", run->path, name, dims);
    return t;
}

/* The number of layers of a transformer: tensors before.NAME.0, 1, ... */
static int count_of(const Run *run, const char *pattern) {
    char name[200];
    for (int n = 0;; n++) {
        snprintf(name, sizeof name, "before.%s.%d.ln_1.weight", pattern, n);
        if (!safetensors_find(&run->file, name)) return n;
    }
}

static int size_of(const Run *run, const char *name, int dims, int which) {
    return need(run, name, dims)->shape[which];
}

static ClipConfig config_cnn_bow(const Run *run) {
    return (ClipConfig){ .image = { .kind = "small" },
                         .text = { .kind = "bow",
                                   .vocabulary = size_of(run, "before.text.embedding.weight", 2, 0),
                                   .width = size_of(run, "before.text.embedding.weight", 2, 1) } };
}

static ClipConfig config_resnet_lstm(const Run *run) {
    ClipConfig c = config_cnn_bow(run);
    c.image = (ImageTowerSize){ .kind = "resnet",
                                .widths = { size_of(run, "before.image.conv1.weight", 4, 0),
                                            size_of(run, "before.image.conv3.weight", 4, 0) } };
    c.text.kind = "lstm";
    c.text.hidden = size_of(run, "before.text.rnn.weight_hh_l0", 2, 1);
    return c;
}

/* Two heads each: the tensors do not say it. */
static ClipConfig config_vit_transformer(const Run *run) {
    const Tensor *patches = need(run, "before.visual.conv1.weight", 4),
                 *table = need(run, "before.token_embedding.weight", 2);
    return (ClipConfig){ .image = { .kind = "vit",
                                    .side = 32,
                                    .patch = patches->shape[2],
                                    .width = patches->shape[0],
                                    .heads = 2,
                                    .layers = count_of(run, "visual.transformer.resblocks") },
                         .text = { .kind = "transformer",
                                   .vocabulary = table->shape[0],
                                   .width = table->shape[1],
                                   .heads = 2,
                                   .layers = count_of(run, "transformer.resblocks") } };
}

/* The model's sizes are those of its tensors. */
static ClipConfig config_of(const Run *run) {
    static const struct {
        const char *model, *last;
        int which;
        ClipConfig (*config)(const Run *);
    } models[] = {
        { "cnn_bow", "before.image.fc.weight", 0, config_cnn_bow },
        { "resnet_lstm", "before.image.fc.weight", 0, config_resnet_lstm },
        { "vit_transformer", "before.visual.proj", 1, config_vit_transformer },
    };
    const char *model = safetensors_meta(&run->file, "model");
    for (size_t i = 0; i < COUNT(models); i++) {
        if (!model || strcmp(model, models[i].model)) continue;
        ClipConfig c = models[i].config(run);
        c.image.embed = c.text.embed = size_of(run, models[i].last, 2, models[i].which);
        c.tokens = run->T;
        c.text.padding = -1;
        return c;
    }
    die("%s: model \"%s\", this library knows cnn_bow, resnet_lstm and vit_transformer", run->path,
        model ? model : "missing");
}

static double meta_real(const Run *run, const char *key) {
    double value;
    const char *text = safetensors_meta(&run->file, key);
    if (!text || !parse_real(text, 0, 1e9, &value))
        die("%s: metadata \"%s\" is %s, want a number", run->path, key, text ? text : "missing");
    return value;
}

static OptimGroup optim_of(const Run *run) {
    const char *rule = safetensors_meta(&run->file, "optimiser");
    double lr = meta_real(run, "lr");
    if (rule && !strcmp(rule, "sgd"))
        return (OptimGroup){ .rule = OPTIM_SGD, .lr = lr, .momentum = meta_real(run, "momentum") };
    if (rule && !strcmp(rule, "adamw"))
        return (OptimGroup){ .rule = OPTIM_ADAMW, .lr = lr, .weight_decay = meta_real(run, "weight_decay") };
    die("%s: optimiser \"%s\", want sgd or adamw", run->path, rule ? rule : "missing");
}

static void load(Run *run, const char *path) {
    Err err;
    run->path = path;
    if (!safetensors_open(&run->file, &run->arena, path, &err)) die("%s", err.text);
    const Tensor *tokens = need(run, "tokens", 3), *pixels = need(run, "pixels", 5);
    const int *s = pixels->shape;
    run->steps = tokens->shape[0];
    run->B = tokens->shape[1];
    run->T = tokens->shape[2];
    if (pixels->dtype != DTYPE_U8 || s[0] != run->steps || s[1] != run->B || s[2] != 3 || s[3] != 32 || s[4] != 32)
        die("%s: pixels are %s, want U8 [%d,%d,3,32,32]", path, tensor_shape_text(pixels), run->steps, run->B);
    run->tokens = arena_alloc(&run->arena, tokens->count, sizeof(int));
    if (!tensor_to_ints(tokens, run->tokens, tokens->count, &err)) die("%s", err.text);
    run->pixels = mat_like(&run->arena, mat_shape(4, run->B, 32, 32, 3));
    if (!clip_init(&run->clip, config_of(run), NULL, 0, &err)) die("%s: %s", path, err.text);
    if (!params_restore(&run->clip.params, &run->file, path, "before.", &err)) die("%s", err.text);
    OptimGroup group = optim_of(run);
    optim_init(&run->optim, &run->clip.params, &group, 1);
}

/* Planar bytes to pictures with channels fastest, byte/255 - 0.5 as the reference feeds them. */
static void feed(Run *run, int step) {
    const uint8_t *from = need(run, "pixels", 5)->data + (size_t)step * (size_t)run->B * 3072;
    for (int b = 0; b < run->B; b++)
        for (int c = 0; c < 3; c++)
            for (int pixel = 0; pixel < 1024; pixel++)
                run->pixels.v[((size_t)b * 1024 + (size_t)pixel) * 3 + (size_t)c] = (num)(*from++ / 255.0 - 0.5);
}

/* The largest difference from tensor PREFIXname, relative to that tensor's largest number. */
static double difference(Run *run, const char *prefix, const Param *p, const num *got) {
    char name[300];
    Err err;
    snprintf(name, sizeof name, "%s%s", prefix, p->name);
    const Tensor *want = need(run, name, p->val.dims);
    size_t n = mat_count(p->val);
    num *numbers = arena_alloc(&run->arena, n, sizeof(num));
    if (!tensor_to_nums(want, numbers, n, &err)) die("%s", err.text);
    double worst = 0, largest = 0;
    for (size_t i = 0; i < n; i++) {
        worst = fmax(worst, isnan(got[i]) ? INFINITY : fabs((double)got[i] - (double)numbers[i]));
        largest = fmax(largest, fabs((double)numbers[i]));
    }
    return worst / fmax(largest, 1e-30);
}

static void compare_all(Run *run, bool gradients) {
    double *worst = gradients ? &run->worst_gradient : &run->worst_weight;
    for (int i = 0; i < run->clip.params.count; i++) {
        Param *p = run->clip.params.list[i];
        if (gradients && p->frozen) continue;
        double d = difference(run, gradients ? "grad0." : "after.", p, gradients ? p->grad : p->val.v);
        if (d < *worst) continue;
        *worst = d;
        snprintf(run->where[!gradients], sizeof run->where[0], "%s", p->name);
    }
}

int main(int argc, char **argv) {
    term_fit_output();
    if (version_asked(argc, argv)) return status_printed(0);
    static Run run;
    if (argc == 2 && !strcmp(argv[1], "--help")) {
        puts("check-train FILE.safetensors: trains as the reference did, and compares");
        return 0;
    }
    if (argc != 2) die_usage("check-train FILE.safetensors");
    load(&run, argv[1]);
    Tape tape = { .training = true };
    const Tensor *losses = need(&run, "losses", 1);
    num *want = arena_alloc(&run.arena, losses->count, sizeof(num));
    Err err;
    if (!tensor_to_nums(losses, want, (size_t)run.steps, &err)) die("%s", err.text);
    for (int step = 0; step < run.steps; step++) {
        feed(&run, step);
        tape_reset(&tape);
        Var image = clip_image(&tape, &run.clip, run.pixels);
        Var text = clip_text(&tape, &run.clip, run.tokens + (size_t)step * (size_t)(run.B * run.T), run.B, run.T);
        Var loss =
            clip_loss(&tape, clip_logits(&tape, image, text, tape_param(&tape, run.clip.logit_scale)), (Mat){ 0 });
        double d = fabs((double)loss->val.v[0] - (double)want[step]);
        run.worst_loss = isnan(d) ? INFINITY : fmax(run.worst_loss, d);
        tape_backward(&tape, loss);
        if (step == 0) compare_all(&run, true);
        optim_step(&run.optim, 1);
    }
    compare_all(&run, false);
    bool noise = sizeof(num) < sizeof(double) && run.optim.groups[0].rule == OPTIM_ADAMW;
    bool holds =
        run.worst_gradient <= 1e-4 && run.worst_loss <= (noise ? 5e-3 : 1e-4) && (noise || run.worst_weight <= 1e-3);
    printf("%s: worst errors: gradient %.1e (%s), loss %.1e, weight %.1e (%s): %s\n", argv[1], run.worst_gradient,
           run.where[0], run.worst_loss, run.worst_weight, run.where[1], holds ? "holds" : "DOES NOT HOLD");
    tape_free(&tape);
    optim_free(&run.optim);
    clip_free(&run.clip);
    safetensors_close(&run.file);
    arena_free(&run.arena);
    return status_printed(holds ? 0 : EXIT_TROUBLE);
}
