#include "depth_probe.h"
#include "scenes/caption.h"

#include <math.h>

enum { PIXELS = SCENE_SIDE * SCENE_SIDE * 3 };
static const double PI = 3.14159265358979323846;
static const double LARGE = 0.14, SMALL = 0.09, MIDDLE = 0.115; /* radii, as fractions of the picture's side */
static const double APART = 0.75, TOUCH = 1.35;                 /* distance of the centres / sum of the radii */

const char *depth_cue_name(DepthCue cue) {
    static const char *const names[DEPTH_CUES] = { "both", "size", "cover", "conflict" };
    return names[cue];
}

static ObjectType type_of(int type) {
    static const ShapeColour colours[DEPTH_COLOURS] = { COLOUR_RED, COLOUR_BLUE, COLOUR_GREEN, COLOUR_YELLOW };
    static const Shape shapes[DEPTH_SHAPES] = { SHAPE_CIRCLE, SHAPE_SQUARE, SHAPE_TRIANGLE, SHAPE_CROSS };
    return (ObjectType){ colours[type / DEPTH_SHAPES], shapes[type % DEPTH_SHAPES] };
}

static double between(Rng *rng, double low, double high) { return low + (high - low) * rng_uniform(rng); }

/* Two places at this distance, both within the picture with their radius. */
static void draw_places(Rng *rng, double distance, double reach, double x[2], double y[2]) {
    for (;;) {
        double angle = between(rng, 0, 2 * PI);
        x[0] = between(rng, reach, 1 - reach);
        y[0] = between(rng, reach, 1 - reach);
        x[1] = x[0] + distance * cos(angle);
        y[1] = y[0] + distance * sin(angle);
        if (fmin(x[1], y[1]) >= reach && fmax(x[1], y[1]) <= 1 - reach) return;
    }
}

DepthItem depth_item(DepthCue cue, uint64_t seed, uint64_t i) {
    Rng rng = rng_seed(seed, i);
    int type[2] = { (int)rng_below(&rng, DEPTH_TYPES), (int)rng_below(&rng, DEPTH_TYPES - 1) };
    type[1] += type[1] >= type[0];
    double x[2], y[2], radius[2] = { SMALL, LARGE }; /* of the farther, of the nearer object */
    if (cue == DEPTH_COVER) radius[0] = radius[1] = MIDDLE;
    if (cue == DEPTH_CONFLICT) {
        radius[0] = LARGE;
        radius[1] = SMALL;
    }
    double touch = cue == DEPTH_SIZE ? TOUCH : APART;
    draw_places(&rng, touch * (radius[0] + radius[1]), LARGE, x, y);
    double rotation[2] = { between(&rng, -8, 8) * PI / 180, between(&rng, -8, 8) * PI / 180 };
    double scale = between(&rng, 0.95, 1.05);
    Scene base = { .count = 2, .appearance = rng_next(&rng), .noise = SCENE_NOISE * between(&rng, 1.0 / 3, 1) };
    DepthItem item = { .near = { 0 } };
    for (int k = 0; k < 2; k++) {
        item.scene[k] = base;
        item.near[k] = type[k];
        item.far[k] = type[1 - k];
        for (int depth = 0; depth < 2; depth++) { /* 0: the farther object, drawn first */
            int which = depth ? k : 1 - k;
            SceneObject *o = &item.scene[k].object[depth];
            *o = (SceneObject){ .size = SIZE_NONE, .x = x[which], .y = y[which], .rotation = rotation[which] };
            o->radius = scale * radius[depth];
            object_set_type(o, type_of(type[which]));
        }
    }
    return item;
}

void depth_text(int near, int far, char *text) {
    ObjectType a = type_of(near), b = type_of(far);
    snprintf(text, CAPTION_TEXT, "a %s %s nearer than a %s %s", colour_name(a.colour), shape_name(a.shape),
             colour_name(b.colour), shape_name(b.shape));
}

PairScore depth_score(Clip *clip, DepthCue cue, uint64_t seed, int items) {
    PairScore score = pair_score_new(2, 2);
    Tape t = { .no_grad = true };
    for (int i = 0; i < items; i++) {
        tape_reset(&t);
        DepthItem item = depth_item(cue, seed, (uint64_t)i);
        char text[2][CAPTION_TEXT];
        const char *texts[2] = { text[0], text[1] };
        Mat pixels = mat_like(&t.arena, mat_shape(4, 2, SCENE_SIDE, SCENE_SIDE, 3));
        double s[4];
        for (int k = 0; k < 2; k++) {
            depth_text(item.near[k], item.far[k], text[k]);
            scene_pixels(&item.scene[k], pixels.v + k * PIXELS);
        }
        Mat image = clip_image(&t, clip, pixels)->val, caption = clip_text_features(clip, &t.arena, texts, 2, NULL);
        for (int k = 0; k < 4; k++) s[k] = vec_dot(&AT(image, k / 2, 0), &AT(caption, k % 2, 0), image.shape[1]);
        pair_score_add(&score, s);
    }
    tape_free(&t);
    return score;
}
