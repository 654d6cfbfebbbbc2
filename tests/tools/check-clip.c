/* check-clip WEIGHTS.safetensors EXPECTED.safetensors: compares the features of a pretrained model with expected ones.
 *
 * EXPECTED (tests/reference/tiny_clip) holds pixels [B,3,H,W], tokens [B,T], and what a float64 computation made of
 * them: image_features and text_features [B,E] before they are made unit length, logits_per_image [B,B]. It holds when
 * all three agree within 1e-4 of the tensor's largest number. */
#include "../tensor_file.h"
#include "core/version.h"
#include "pretrained/pretrained.h"
#include "core/arena.h"
#include "show/term_fit.h"

#include <math.h>
#include <string.h>

typedef struct {
    const char *path;
    Safetensors file;
    Arena arena;
} Expected;

static const Tensor *need(const Expected *e, const char *name, int dims) {
    const Tensor *t = safetensors_find(&e->file, name);
    if (!t || t->dims != dims) die("%s: no tensor %s of %d dimensions", e->path, name, dims);
    return t;
}

/* [B,3,H,W] to [B,H,W,3] */
static Mat pictures_of(Expected *e, int side) {
    const Tensor *t = need(e, "pixels", 4);
    Err err;
    if (t->shape[1] != 3 || t->shape[2] != side || t->shape[3] != side)
        die("%s: pixels are %s, the model sees [%d,3,%d,%d]", e->path, tensor_shape_text(t), t->shape[0], side, side);
    num *planes = arena_alloc(&e->arena, t->count, sizeof *planes);
    if (!tensor_to_nums(t, planes, t->count, &err)) die("%s", err.text);
    Mat m = mat_like(&e->arena, mat_shape(4, t->shape[0], side, side, 3));
    size_t pixels_count = (size_t)side * (size_t)side;
    for (size_t b = 0; b < (size_t)t->shape[0]; b++)
        for (size_t c = 0; c < 3; c++)
            for (size_t p = 0; p < pixels_count; p++)
                m.v[(b * pixels_count + p) * 3 + c] = planes[(b * 3 + c) * pixels_count + p];
    return m;
}

static double compare(Expected *e, const char *name, Mat got) {
    const Tensor *t = need(e, name, 2);
    Mat want = mat_like(&e->arena, got);
    Err err;
    if (!tensor_to_mat(t, want, &err)) die("%s", err.text);
    double worst = 0, largest = 0;
    for (size_t i = 0; i < mat_count(want); i++) {
        double d = fabs((double)got.v[i] - (double)want.v[i]);
        worst = isnan(d) ? INFINITY : fmax(worst, d);
        largest = fmax(largest, fabs((double)want.v[i]));
    }
    return worst / fmax(largest, 1e-30);
}

int main(int argc, char **argv) {
    term_fit_output();
    if (version_asked(argc, argv)) return status_printed(0);
    if (argc == 2 && !strcmp(argv[1], "--help")) {
        puts("check-clip WEIGHTS.safetensors EXPECTED.safetensors: features and logits");
        return 0;
    }
    if (argc != 3) die_usage("check-clip WEIGHTS.safetensors EXPECTED.safetensors");
    Expected e = { .path = argv[2] };
    Clip clip;
    Err err;
    if (!pretrained_open(&clip, argv[1], (PretrainedChoice){ 0 }, &err) ||
        !safetensors_open(&e.file, &e.arena, argv[2], &err))
        die("%s", err.text);
    const Tensor *tokens = need(&e, "tokens", 2);
    int B = tokens->shape[0], T = tokens->shape[1], V = clip.config.text.vocabulary,
        *ids = arena_alloc(&e.arena, tokens->count, sizeof *ids);
    if (!tensor_to_ints(tokens, ids, tokens->count, &err)) die("%s", err.text);
    if (T > clip.config.tokens || T < 1)
        die("%s: texts of %d tokens, the model reads %d", argv[2], T, clip.config.tokens);
    for (size_t i = 0; i < tokens->count; i++)
        if (ids[i] < 0 || ids[i] >= V) die("%s: token %d, the model knows 0 to %d", argv[2], ids[i], V - 1);
    Tape tape = { .no_grad = true };
    Var image = image_tower(&tape, &clip.image, tape_data(&tape, pictures_of(&e, clip.config.image.side)));
    Var text = text_tower(&tape, &clip.text, ids, B, T);
    Var logits =
        clip_logits(&tape, op_l2norm(&tape, image), op_l2norm(&tape, text), tape_param(&tape, clip.logit_scale));
    double of_image = compare(&e, "image_features", image->val), of_text = compare(&e, "text_features", text->val);
    double of_logits = compare(&e, "logits_per_image", logits->val), worst = fmax(of_image, fmax(of_text, of_logits));
    printf("%s: %s; worst errors: image features %.1e, text features %.1e, logits %.1e: %s\n", argv[1], clip.notes,
           of_image, of_text, of_logits, worst <= 1e-4 ? "holds" : "DOES NOT HOLD");
    tape_free(&tape);
    clip_free(&clip);
    safetensors_close(&e.file);
    arena_free(&e.arena);
    return status_printed(worst <= 1e-4 ? 0 : EXIT_TROUBLE);
}
