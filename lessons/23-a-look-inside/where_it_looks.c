#include "where_it_looks.h"
#include "pixel_gradient.h"
#include "evaluate/retrieval.h"
#include "model/model_summary.h"

#include <math.h>
#include <string.h>

enum { SIDE = SCENE_SIDE, PIXELS = SIDE * SIDE * 3 };

const char *map_name(MapKind kind) {
    static const char *const names[MAP_KINDS] = { "occlusion", "gradient", "attention" };
    return names[kind];
}

/* The cell of number i of a picture [32,32,3]. */
static int cell_of(int i) {
    int pixel = i / 3;
    return pixel / SIDE / CELL_SIDE * CELLS_ACROSS + pixel % SIDE / CELL_SIDE;
}

/* 0 is a middle grey for every model of this lesson: the mean colour. */
static void cell_fill(num *pixels, int cell) {
    for (int i = 0; i < PIXELS; i++)
        if (cell_of(i) == cell) pixels[i] = 0;
}

static double cosine_of(Mat images, int i, Mat texts, int k) {
    return vec_dot(&AT(images, i, 0), &AT(texts, k, 0), texts.shape[1]);
}

/* ---- maps -------------------------------------------------------------------------------------------------------- */

/* One picture at a time: as it is, and with each cell filled. */
static void occlusion(Clip *clip, Mat pixels, const Mat *texts, int count, Mat *maps) {
    Tape t = { .no_grad = true };
    for (int i = 0; i < pixels.shape[0]; i++) {
        tape_reset(&t);
        Mat variants = mat_like(&t.arena, mat_shape(4, 1 + CELLS, SIDE, SIDE, 3));
        for (int k = 0; k <= CELLS; k++) {
            memcpy(variants.v + (size_t)k * PIXELS, pixels.v + (size_t)i * PIXELS, PIXELS * sizeof(num));
            if (k > 0) cell_fill(variants.v + (size_t)k * PIXELS, k - 1);
        }
        Mat images = clip_image(&t, clip, variants)->val;
        for (int j = 0; j < count; j++)
            for (int k = 0; k < CELLS; k++)
                AT(maps[j], i, k) =
                    (num)fmax(0, cosine_of(images, 0, texts[j], i) - cosine_of(images, 1 + k, texts[j], i));
    }
    tape_free(&t);
}

static void gradient(Clip *clip, Mat pixels, Mat texts, Mat map) {
    Arena arena = { 0 };
    Mat g = cosine_gradient(clip, &arena, pixels, texts, NULL);
    memset(map.v, 0, mat_count(map) * sizeof(num));
    for (int n = 0; n < pixels.shape[0]; n++)
        for (int i = 0; i < PIXELS; i++)
            AT(map, n, cell_of(i)) += (num)fabs((double)g.v[(size_t)n * PIXELS + (size_t)i]);
    arena_free(&arena);
}

static void attention(Clip *clip, Mat pixels, Mat map) {
    ImageTowerSize size = image_tower_size(clip->config.image);
    REQUIRE(!strcmp(size.kind, "vit") && size.patch == CELL_SIDE && size.side == SIDE,
            "the tower is \"%s\" with patches of %d, want a vit of %d", size.kind, size.patch, CELL_SIDE);
    Tape t = { 0 };
    clip_image(&t, clip, pixels);
    for (int i = 0; i < pixels.shape[0]; i++) {
        AttentionShape shape = { .heads = size.heads };
        Mat row = model_summary_attention(&t.arena, &t, size.layers - 1, shape, i, 0);
        memcpy(&AT(map, i, 0), row.v + 1, CELLS * sizeof(num)); /* row.v[0]: to itself */
    }
    tape_free(&t);
}

/* Rows that sum to 1. */
static void normalise(Mat map) {
    for (int i = 0; i < map.shape[0]; i++) {
        double sum = 0;
        for (int k = 0; k < CELLS; k++) sum += (double)AT(map, i, k);
        for (int k = 0; k < CELLS; k++) AT(map, i, k) = (num)(sum > 0 ? (double)AT(map, i, k) / sum : 1.0 / CELLS);
    }
}

void look_maps(Clip *clip, Arena *arena, MapKind kind, Mat pixels, const Mat *texts, int count, Mat *maps) {
    for (int j = 0; j < count; j++) maps[j] = mat_new(arena, pixels.shape[0], CELLS);
    if (kind == MAP_OCCLUSION) occlusion(clip, pixels, texts, count, maps);
    for (int j = 0; j < count; j++) {
        if (kind == MAP_GRADIENT) gradient(clip, pixels, texts[j], maps[j]);
        if (kind == MAP_ATTENTION) attention(clip, pixels, maps[j]); /* texts are not read */
        normalise(maps[j]);
    }
}

/* ---- what they are worth ----------------------------------------------------------------------------------------- */

int object_cells(const Scene *scene, int k, bool covered[CELLS]) {
    double paint[PIXELS] = { 0 }, cover[CELLS] = { 0 };
    const SceneObject *o = &scene->object[k];
    ShapeObject white = { .shape = o->shape, .rgb = { 1, 1, 1 }, .x = o->x, .y = o->y, .size = o->radius };
    white.angle = o->rotation;
    canvas_draw((Canvas){ SIDE, paint }, &white);
    for (int i = 0; i < PIXELS; i++) cover[cell_of(i)] += paint[i] / (3 * CELL_SIDE * CELL_SIDE);
    int count = 0;
    for (int c = 0; c < CELLS; c++) count += covered[c] = cover[c] >= 0.25;
    return count;
}

double map_share(const num *map, const bool covered[CELLS]) {
    double sum = 0;
    for (int c = 0; c < CELLS; c++) sum += covered[c] ? (double)map[c] : 0;
    return sum;
}

double map_correlation(const num *a, const num *b) {
    double aa = 0, bb = 0, ab = 0, mean = 1.0 / CELLS;
    for (int c = 0; c < CELLS; c++) {
        aa += ((double)a[c] - mean) * ((double)a[c] - mean);
        bb += ((double)b[c] - mean) * ((double)b[c] - mean);
        ab += ((double)a[c] - mean) * ((double)b[c] - mean);
    }
    if (aa == 0 && bb == 0) return 1;
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}

double map_drop(Clip *clip, Mat pixels, Mat texts, Mat map, int count) {
    Tape t = { .no_grad = true };
    int n = pixels.shape[0], top[CELLS];
    Mat erased = mat_like(&t.arena, pixels);
    memcpy(erased.v, pixels.v, mat_count(pixels) * sizeof(num));
    for (int i = 0; i < n; i++) {
        retrieval_top(&AT(map, i, 0), CELLS, count, top);
        for (int k = 0; k < count; k++) cell_fill(erased.v + (size_t)i * PIXELS, top[k]);
    }
    Mat before = clip_image(&t, clip, pixels)->val, after = clip_image(&t, clip, erased)->val;
    double sum = 0;
    for (int i = 0; i < n; i++) sum += cosine_of(before, i, texts, i) - cosine_of(after, i, texts, i);
    tape_free(&t);
    return sum / n;
}

void map_overlay(const uint8_t rgb[PIXELS], const num *map, uint8_t *out) {
    double max = 1e-30;
    for (int c = 0; c < CELLS; c++) max = fmax(max, (double)map[c]);
    for (int i = 0; i < PIXELS; i++) out[i] = (uint8_t)(rgb[i] * (0.1 + 0.9 * (double)map[cell_of(i)] / max) + 0.5);
}
