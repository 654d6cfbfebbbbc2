#include "attention_map.h"
#include "core/arena.h"

#include "model_summary.h"
#include "dataset/augment.h"
#include "dataset/shapes.h"

#include <math.h>
#include <string.h>

enum { SIDE = CIFAR_SIDE, PATCH = ATTENTION_MAP_PATCH, ACROSS = ATTENTION_MAP_ACROSS, PATCHES = ATTENTION_MAP_PATCHES };

AttentionMap attention_map_scene(uint64_t seed, int i) {
    REQUIRE(i >= 0, "i is %d, want 0 or more", i);
    AttentionMap scene = { .name = shape_name(i % SHAPE_CLASS_SHAPES) };
    double paint[CIFAR_NUMBERS], mask[CIFAR_NUMBERS] = { 0 };
    Canvas canvas = { SIDE, paint }, black = { SIDE, mask };
    Rng rng = rng_seed(seed, (uint64_t)i);
    canvas_background(canvas, &rng);
    ShapeObject object = shapes_object(&rng, i % SHAPE_CLASS_SHAPES, i % SHAPE_CLASS_COLOURS), white = object;
    for (int c = 0; c < 3; c++) white.rgb[c] = 1;
    canvas_draw(canvas, &object);
    canvas_draw(black, &white);
    canvas_noise(canvas, &rng, 0.05);
    canvas_bytes(canvas, scene.rgb);
    for (int p = 0; p < PATCHES; p++) {
        double cover = 0;
        for (int k = 0; k < PATCH * PATCH; k++)
            cover +=
                mask[3 * ((p / ACROSS * PATCH + k / PATCH) * SIDE + p % ACROSS * PATCH + k % PATCH)] / (PATCH * PATCH);
        scene.covered[p] = cover >= 0.25;
    }
    return scene;
}

static void look_require(Mat look) {
    REQUIRE(mat_count(look) == 1 + PATCHES, "look is %s, want [1,%d]", mat_shape_text(look), 1 + PATCHES);
}

Mat attention_map_look(Arena *arena, Clip *clip, const AttentionMap *scene) {
    ImageTowerSize size = image_tower_size(clip->config.image);
    REQUIRE(!strcmp(size.kind, "vit") && size.patch == PATCH && size.side == SIDE,
            "the tower is \"%s\" with patches of %d, want a vit of %d", size.kind, size.patch, PATCH);
    Tape t = { 0 };
    Mat pixels = mat_like(&t.arena, mat_shape(4, 1, SIDE, SIDE, 3));
    cifar_normalise(scene->rgb, pixels.v);
    clip_image(&t, clip, pixels);
    Mat look = model_summary_look(arena, &t, size.layers - 1, (AttentionShape){ .heads = size.heads }, 0, 0);
    tape_free(&t);
    return look;
}

double attention_map_share(const AttentionMap *scene, Mat look) {
    look_require(look);
    double on = 0, all = 0;
    for (int p = 0; p < PATCHES; p++) {
        all += (double)look.v[1 + p];
        on += scene->covered[p] ? (double)look.v[1 + p] : 0;
    }
    return all > 0 ? on / all : 0;
}

double attention_map_chance(const AttentionMap *scene) {
    int covered = 0;
    for (int p = 0; p < PATCHES; p++) covered += scene->covered[p];
    return covered / (double)PATCHES;
}

void attention_map_lit(const AttentionMap *scene, Mat look, uint8_t lit[CIFAR_NUMBERS]) {
    look_require(look);
    double max = 1e-30;
    for (int p = 0; p < PATCHES; p++) max = fmax(max, (double)look.v[1 + p]);
    for (int i = 0; i < CIFAR_NUMBERS; i++) {
        int p = i / 3 / SIDE / PATCH * ACROSS + i / 3 % SIDE / PATCH;
        lit[i] = (uint8_t)(scene->rgb[i] * (0.1 + 0.9 * (double)look.v[1 + p] / max) + 0.5);
    }
}
