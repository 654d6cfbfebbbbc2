#include "attention_map.h"
#include "model/model_summary.h"
#include "dataset/augment.h"
#include "dataset/shapes.h"

#include <math.h>
#include <string.h>

enum { SIDE = CIFAR_SIDE, PATCH = ATTENTION_MAP_PATCH, ACROSS = ATTENTION_MAP_ACROSS, PATCHES = ATTENTION_MAP_PATCHES };

/* The patch of pixel i, counted row by row. */
static int patch_of(int i) { return i / SIDE / PATCH * ACROSS + i % SIDE / PATCH; }

AttentionScene attention_scene(uint64_t seed, int i) {
    REQUIRE(i >= 0, "i is %d, want 0 or more", i);
    Shape shape = (Shape)(i % SHAPE_CLASS_SHAPES);
    AttentionScene scene = { .name = shape_name(shape) };
    double paint[CIFAR_NUMBERS], mask[CIFAR_NUMBERS] = { 0 }, cover[PATCHES] = { 0 };
    Canvas canvas = { SIDE, paint }, black = { SIDE, mask };
    Rng rng = rng_seed(seed, (uint64_t)i);
    canvas_background(canvas, &rng);
    ShapeObject object = shapes_object(&rng, shape, (ShapeColour)(i % SHAPE_CLASS_COLOURS)), white = object;
    for (int c = 0; c < 3; c++) white.rgb[c] = 1;
    canvas_draw(canvas, &object);
    canvas_draw(black, &white);
    canvas_noise(canvas, &rng, 0.05);
    canvas_bytes(canvas, scene.rgb);
    for (int k = 0; k < SIDE * SIDE; k++) cover[patch_of(k)] += mask[3 * k] / (PATCH * PATCH);
    for (int p = 0; p < PATCHES; p++) scene.covered[p] = cover[p] >= 0.25;
    return scene;
}

Mat attention_map(Arena *arena, Clip *clip, const AttentionScene *scene) {
    ImageTowerSize size = image_tower_size(clip->config.image);
    REQUIRE(!strcmp(size.kind, "vit") && size.patch == PATCH && size.side == SIDE,
            "the tower is \"%s\" with patches of %d, want a vit of %d", size.kind, size.patch, PATCH);
    Tape t = { 0 };
    Mat pixels = mat_like(&t.arena, mat_shape(4, 1, SIDE, SIDE, 3));
    cifar_normalise(scene->rgb, pixels.v);
    clip_image(&t, clip, pixels);
    Mat attention = model_summary_attention(arena, &t, size.layers - 1, (AttentionShape){ .heads = size.heads }, 0, 0);
    tape_free(&t);
    return attention;
}

static void require_attention(Mat attention) {
    REQUIRE(mat_count(attention) == 1 + PATCHES, "the attention is %s, want [1,%d]", mat_shape_text(attention),
            1 + PATCHES);
}
double attention_on_shape(const AttentionScene *scene, Mat attention) {
    require_attention(attention);
    double on = 0, all = 0;
    for (int p = 0; p < PATCHES; p++) {
        all += (double)attention.v[1 + p];
        on += scene->covered[p] ? (double)attention.v[1 + p] : 0;
    }
    return all > 0 ? on / all : 0;
}
double attention_uniform(const AttentionScene *scene) {
    int covered = 0;
    for (int p = 0; p < PATCHES; p++) covered += scene->covered[p];
    return covered / (double)PATCHES;
}
void attention_overlay(const AttentionScene *scene, Mat attention, uint8_t rgb[CIFAR_NUMBERS]) {
    require_attention(attention);
    double max = 1e-30;
    for (int p = 0; p < PATCHES; p++) max = fmax(max, (double)attention.v[1 + p]);
    for (int i = 0; i < CIFAR_NUMBERS; i++)
        rgb[i] = (uint8_t)(scene->rgb[i] * (0.1 + 0.9 * (double)attention.v[1 + patch_of(i / 3)] / max) + 0.5);
}
