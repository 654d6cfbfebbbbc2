/* variants: parameters, multiply-adds and time per picture of CLIP's published models. No weights are needed: sizes
 * come from the configurations, times from random weights. */
#include "core/version.h"
#include "pretrained/encoder.h"
#include "core/arena.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name;
    ImageTowerSize image;
    int text_width, text_layers;
} Variant;

static const Variant variants[] = {
    { "RN50",
      { .kind = "modified-resnet", .side = 224, .width = 64, .stages = { 3, 4, 6, 3 }, .embed = 1024 },
      512,
      12 },
    { "ViT-B/32",
      { .kind = "vit", .side = 224, .patch = 32, .width = 768, .layers = 12, .heads = 12, .embed = 512 },
      512,
      12 },
    { "ViT-L/14",
      { .kind = "vit", .side = 224, .patch = 14, .width = 1024, .layers = 24, .heads = 16, .embed = 768 },
      768,
      12 },
};

static ClipConfig config_of(const Variant *v) {
    ClipConfig config = { .image = v->image, .tokens = BPE_LENGTH };
    config.text = (TextTowerSize){ .kind = "transformer",
                                   .vocabulary = BPE_IDS,
                                   .width = v->text_width,
                                   .layers = v->text_layers,
                                   .heads = v->text_width / 64,
                                   .embed = v->image.embed,
                                   .tokens = BPE_LENGTH,
                                   .padding = -1 };
    return config;
}

/* Milliseconds for one picture: the best of three or more runs, five seconds in all. */
static double image_time(const Variant *v) {
    Params params = { .arena = &(Arena){ 0 } };
    ImageTower tower;
    Rng rng = rng_seed(1, 0);
    double best = 1e9, begun;
    if (!image_tower_add(&tower, &params, v->image, &rng)) die("%s: no such tower", v->name);
    begun = clock_seconds();
    for (int i = 0; i < 3 || clock_seconds() - begun < 5; i++) {
        Tape tape = { .no_grad = true };
        Mat pixels = mat_like(&tape.arena, mat_shape(4, 1, v->image.side, v->image.side, 3));
        memset(pixels.v, 0, mat_count(pixels) * sizeof *pixels.v);
        double start = clock_seconds();
        image_tower(&tape, &tower, tape_data(&tape, pixels));
        best = MIN(best, clock_seconds() - start);
        tape_free(&tape);
    }
    arena_free(params.arena);
    return 1000 * best;
}

int main(int argc, char **argv) {
    if (version_asked(argc, argv)) return status_printed(0);
    bool timed = argc > 1 && !strcmp(argv[1], "--time");
    if (argc > 1 && !timed)
        die_usage("variants [--time]: sizes of RN50, ViT-B/32, ViT-L/14; --time: also milliseconds (2 GB of memory)");
    printf("%-9s %14s %14s %10s %10s%s\n", "model", "image numbers", "text numbers", "G / image", "G / text",
           timed ? "   ms / image" : "");
    for (size_t i = 0; i < COUNT(variants); i++) {
        Clip clip;
        Err err;
        if (!clip_plan(&clip, config_of(&variants[i]), NULL, &err)) die("%s: %s", variants[i].name, err.text);
        EncoderCost cost = encoder_cost(&clip);
        clip_free(&clip);
        printf("%-9s %14.0f %14.0f %10.2f %10.2f", variants[i].name, cost.image_params, cost.text_params,
               cost.image_macs / 1e9, cost.text_macs / 1e9);
        if (timed) printf(" %12.0f", image_time(&variants[i]));
        putchar('\n');
    }
    return status_printed(0);
}
