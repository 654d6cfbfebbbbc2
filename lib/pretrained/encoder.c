#include "pretrained/encoder.h"

#include "core/thread.h"
#include "dataset/text_defect.h"
#include "pretrained/published.h"

#include <string.h>

enum { IMAGE_BATCH = 16, TEXT_BATCH = 32 };

/* ---- opening ---------------------------------------------------------------------------------------------------- */

/* A model with the inputs of ViT-B/32 and as few numbers as possible. */
static bool tiny_init(Clip *clip, Err *err) {
    ClipConfig config = { .tokens = BPE_LENGTH, .logit_scale = 100 };
    config.image = (ImageTowerSize){ .kind = "vit", .side = 224, .patch = 32, .quick_gelu = true };
    config.text = (TextTowerSize){ .kind = "transformer", .vocabulary = BPE_IDS, .padding = -1, .quick_gelu = true };
    config.text.tokens = BPE_LENGTH;
    config.image.width = config.text.width = 64;
    config.image.layers = config.text.layers = 2;
    config.image.heads = config.text.heads = 1;
    config.image.embed = config.text.embed = 32;
    return clip_init(clip, config, NULL, 19, err);
}

/* The first of what `make pretrained` fetches, or "tiny". */
static const char *weights_find(Arena *arena) {
    static const char *const names[] = { "vit-b-32-openai", "vit-b-32-laion2b", "vit-l-14-openai" };
    for (size_t i = 0; i < COUNT(names); i++) {
        const char *path = arena_print(arena, "%s/%s.safetensors", models_folder(), names[i]);
        if (file_exists(path)) return path;
    }
    return "tiny";
}

bool encoder_open(Encoder *encoder, Arena *arena, const char *weights, PretrainedChoice choice, Err *err) {
    if (!strcmp(weights, "auto")) weights = weights_find(arena);
    *encoder = (Encoder){ .tiny = !strcmp(weights, "tiny"), .path = "" };
    if (encoder->tiny) {
        encoder->bpe = bpe_bytes(arena);
        if (!tiny_init(&encoder->clip, err)) return false;
        encoder->clip.colours = openai_colours;
        return true;
    }
    encoder->path = arena_text(arena, weights);
    if (!pretrained_open(&encoder->clip, weights, choice, err)) return false;
    bool ok = encoder->clip.config.text.vocabulary == BPE_IDS ||
              err_set(err, "%s: its texts have %d different tokens, CLIP's tokeniser makes %d", weights,
                      encoder->clip.config.text.vocabulary, BPE_IDS);
    if (ok && bpe_find(&encoder->bpe, arena, weights, err)) return true;
    encoder_close(encoder);
    return false;
}

void encoder_close(Encoder *encoder) {
    clip_free(&encoder->clip);
    *encoder = (Encoder){ 0 };
}

/* ---- encoding --------------------------------------------------------------------------------------------------- */

void encoder_pixels(const ColourScale *colours, Image image, int side, num *pixels) {
    const double *mean = colours->mean, *deviation = colours->deviation;
    Arena scratch = { 0 };
    Image seen = image_clip_crop(&scratch, image, side);
    for (int i = 0; i < side * side * 3; i++) pixels[i] = (num)((seen.rgb[i] / 255.0 - mean[i % 3]) / deviation[i % 3]);
    arena_free(&scratch);
}

typedef struct {
    const ColourScale *colours;
    const Image *images;
    int side;
    num *pixels;
} PixelJob;

static void pixels_range(void *context, size_t first, size_t last) {
    const PixelJob *p = context;
    size_t numbers = (size_t)p->side * (size_t)p->side * 3;
    for (size_t i = first; i < last; i++) encoder_pixels(p->colours, p->images[i], p->side, p->pixels + i * numbers);
}

Mat encoder_images(Encoder *encoder, Arena *arena, const Image *images, int n, EncoderProgress done, void *context) {
    int side = encoder->clip.config.image.side, E = encoder->clip.config.image.embed;
    Mat features = mat_new(arena, n, E);
    Tape tape = { .no_grad = true };
    for (int start = 0; start < n; start += IMAGE_BATCH) {
        int B = MIN(IMAGE_BATCH, n - start);
        tape_reset(&tape);
        Mat pixels = mat_like(&tape.arena, mat_shape(4, B, side, side, 3));
        PixelJob job = {
            .colours = &encoder->clip.colours, .images = images + start, .side = side, .pixels = pixels.v
        };
        parallel_for((size_t)B, 1, pixels_range, &job);
        Mat unit = clip_image(&tape, &encoder->clip, pixels)->val;
        memcpy(&AT(features, start, 0), unit.v, mat_count(unit) * sizeof *unit.v);
        if (done) done(context, start + B);
    }
    tape_free(&tape);
    return features;
}

Mat encoder_texts(Encoder *encoder, Arena *arena, const char *const *texts, int n, int *cut) {
    int T = encoder->clip.config.tokens, E = encoder->clip.config.image.embed, cut_count = 0;
    Mat features = mat_new(arena, n, E);
    Tape tape = { .no_grad = true };
    text_defect_warn(texts, n, NULL, NULL);
    int *ids = arena_alloc(arena, size_mul(TEXT_BATCH, (size_t)T), sizeof *ids);
    for (int start = 0; start < n; start += TEXT_BATCH) {
        int B = MIN(TEXT_BATCH, n - start);
        tape_reset(&tape);
        cut_count += bpe_encode(&encoder->bpe, texts + start, B, T, ids, NULL);
        Mat unit = clip_text(&tape, &encoder->clip, ids, B, T)->val;
        memcpy(&AT(features, start, 0), unit.v, mat_count(unit) * sizeof *unit.v);
    }
    tape_free(&tape);
    if (cut) *cut = cut_count;
    return features;
}

Mat encoder_classes(Encoder *encoder, Arena *arena, const char *const *templates, int template_count,
                    const char *const *names, int name_count) {
    int n = template_count * name_count;
    const char **texts = arena_alloc(arena, (size_t)n, sizeof *texts);
    for (int i = 0; i < n; i++) texts[i] = text_fill(arena, templates[i % template_count], names[i / template_count]);
    Mat each = encoder_texts(encoder, arena, texts, n, NULL), classes = mat_zero(arena, name_count, each.shape[1]);
    for (int i = 0; i < n; i++) rows_add(&AT(each, i, 0), 1, each.shape[1], &AT(classes, i / template_count, 0));
    mat_normalise_rows(classes);
    return classes;
}

/* ---- sizes and cost --------------------------------------------------------------------------------------------- */

/* T tokens of width D through `layers` blocks: for each token 4 D^2 for the four matrices of attention and 2 D M for
 * the MLP (M = 4 D mostly); then T^2 D for each of q k^T and the product with v. */
static double blocks_macs(double T, TransformerSize s) {
    double D = s.width, M = transformer_mlp(s);
    return s.layers * (T * D * (4 * D + 2 * M) + 2 * T * T * D);
}

/* The stem halves the side twice. The first block of a stage has other channels, and halves the side but in stage 0. */
static double resnet_macs(const ImageTowerSize *s) {
    double w = s->width, side = s->side / 2, in = w, sum = side * side * 9 * (3 * w / 2 + w / 2 * w / 2 + w / 2 * w);
    side /= 2;
    for (int stage = 0; stage < IMAGE_STAGES; stage++) {
        double C = w * (1 << stage), before = side * side, inner = 9 * C * C; /* inner: the 3 x 3 convolution */
        if (stage > 0) side /= 2;
        sum += before * (in * C + inner) + side * side * 4 * C * (C + in);
        sum += (s->stages[stage] - 1) * side * side * (8 * C * C + inner);
        in = 4 * C;
    }
    double T = side * side + 1; /* attention pooling: one query, keys and values of all positions and their mean */
    return sum + in * in * (1 + 2 * T) + 2 * T * in + in * s->embed;
}

EncoderCost encoder_cost(const Clip *clip) {
    const ImageTowerSize *image = &clip->config.image;
    const TextTowerSize *text = &clip->config.text;
    EncoderCost cost = { 0 };
    for (int i = 0; i < clip->params.count; i++) {
        const Param *p = clip->params.list[i];
        if (strstr(p->name, ".running_")) continue; /* statistics, not learnt */
        *(strncmp(p->name, "visual.", 7) ? &cost.text_params : &cost.image_params) += (double)mat_count(p->val);
    }
    double patches = image->patch ? (double)(image->side / image->patch) * (image->side / image->patch) : 0;
    TransformerSize seen = { .width = image->width, .layers = image->layers, .mlp = image->mlp };
    TransformerSize read = { .width = text->width, .layers = text->layers, .mlp = text->mlp };
    double D = image->width, embedding = patches * 3 * image->patch * image->patch * D;
    double vit = embedding + blocks_macs(patches + 1, seen) + D * image->embed;
    cost.image_macs = strcmp(image->kind, "vit") ? resnet_macs(image) : vit;
    cost.text_macs = blocks_macs(clip->config.tokens, read) + (double)text->width * text->embed;
    return cost;
}
