#include "scenes/scene.h"

#include <math.h>

static const double PI = 3.14159265358979323846;

static const struct {
    const char *name;
    double radius;
} sizes[] = { { "small", 0.066 }, { "large", SCENE_LARGE }, { "plain", 0 } };
_Static_assert(COUNT(sizes) == SIZE_COUNT + 1, "one line per size");

const char *size_name(Size size) {
    REQUIRE((unsigned)size <= SIZE_COUNT, "size is %d, want 0 to %d", (int)size, SIZE_COUNT);
    return sizes[size].name;
}

Relation relation_converse(Relation relation) { return (Relation)(relation ^ 1); }
Direction relation_direction(Relation relation) { return relation < ABOVE ? DIRECTION_X : DIRECTION_Y; }
ObjectType object_type(const SceneObject *object) { return (ObjectType){ object->colour, object->shape }; }
void object_set_type(SceneObject *object, ObjectType type) {
    object->colour = type.colour;
    object->shape = type.shape;
}

bool scene_related(const Scene *scene, int a, Relation relation, int b) {
    REQUIRE(a >= 0 && a < scene->count && b >= 0 && b < scene->count, "objects are %d, %d of %d", a, b, scene->count);
    const SceneObject *from = &scene->object[a], *to = &scene->object[b];
    double further = relation_direction(relation) == DIRECTION_X ? to->x - from->x : to->y - from->y;
    return (relation == LEFT_OF || relation == ABOVE ? further : -further) >= SCENE_MARGIN;
}

static double distance(const SceneObject *a, const SceneObject *b) { return hypot(a->x - b->x, a->y - b->y); }

bool scene_fits(const Scene *scene, double slack) {
    for (int k = 0; k < scene->count; k++) {
        const SceneObject *a = &scene->object[k];
        double reach = shape_reach(a->shape) * a->radius - slack;
        if (fmin(fmin(a->x, a->y), fmin(1 - a->x, 1 - a->y)) < reach) return false;
        for (int j = 0; j < k; j++) {
            const SceneObject *b = &scene->object[j];
            if (distance(a, b) < reach + shape_reach(b->shape) * b->radius - slack) return false;
        }
    }
    return true;
}

bool scene_in_part(const Scene *scene, const Split *split, SplitPart part) {
    for (int k = 0; k < scene->count; k++) {
        ObjectType a = object_type(&scene->object[k]);
        int same = 0;
        for (int j = 0; j < scene->count; j++) {
            ObjectType b = object_type(&scene->object[j]);
            bool x = scene_related(scene, k, LEFT_OF, j) || scene_related(scene, j, LEFT_OF, k);
            bool y = scene_related(scene, k, ABOVE, j) || scene_related(scene, j, ABOVE, k);
            if (a.colour == b.colour && a.shape == b.shape) same++;
            else if ((x && !split_has_relation(split, part, DIRECTION_X, a, b)) ||
                     (y && !split_has_relation(split, part, DIRECTION_Y, a, b)))
                return false;
        }
        if (!split_has_pair(split, part, a.colour, a.shape) || !split_has_count(split, part, same, a.colour, a.shape))
            return false;
    }
    return true;
}

/* ---- positions --------------------------------------------------------------------------------------------------- */

/* With SPREAD, two of the largest objects fit into neighbouring cells: 0.30 + 2 * 0.01 = 2 * 0.16. */
enum { ACROSS = 3, CELLS = ACROSS * ACROSS, PLACE_TRIES = 32 };
static const double PITCH = 0.30, SHIFT = 0.04, SPREAD = 0.02;

static double between(Rng *rng, double low, double high) { return low + (high - low) * rng_uniform(rng); }
static double inside(double at, double reach) { return fmin(1 - reach, fmax(reach, at)); }

/* Puts object k at a random point of cell[k]. After PLACE_TRIES failures the cells are moved apart and all objects are
 * put into their centres, which always fits. Types are never redrawn here: they stay independent of the positions. */
static void place_in(Scene *scene, const int *cell, Rng *rng) {
    double reach[SCENE_MAX];
    for (int k = 0; k < scene->count; k++) reach[k] = shape_reach(scene->object[k].shape) * scene->object[k].radius;
    for (int tries = 0; tries <= PLACE_TRIES; tries++) {
        double shift = tries < PLACE_TRIES ? SHIFT : 0, pitch = PITCH + (tries < PLACE_TRIES ? 0 : SPREAD);
        bool free = true;
        for (int k = 0; k < scene->count && free; k++) {
            SceneObject *o = &scene->object[k];
            o->x = inside(0.5 + pitch * (cell[k] % ACROSS - 1) + between(rng, -shift, shift), reach[k]);
            o->y = inside(0.5 + pitch * (cell[k] / ACROSS - 1) + between(rng, -shift, shift), reach[k]);
            for (int j = 0; j < k && free; j++) free = distance(o, &scene->object[j]) >= reach[k] + reach[j];
        }
        if (free) return;
    }
}

void scene_place(Scene *scene, Rng *rng) {
    int cell[SCENE_MAX];
    REQUIRE(scene->count >= 1 && scene->count <= SCENE_MAX, "count is %d, want 1 to %d", scene->count, SCENE_MAX);
    rng_choice(rng, CELLS, cell, scene->count);
    place_in(scene, cell, rng);
}

/* ---- types of the objects ---------------------------------------------------------------------------------------- */

/* Object k belongs to group[k] and lies in cell[k]; group g has size[g] objects of type[g]. */
typedef struct {
    int count, groups;
    int group[SCENE_MAX], size[SCENE_MAX], cell[SCENE_MAX];
    ObjectType type[SCENE_MAX];
} Layout;

static bool layout_allows(const Layout *layout, int g, const SceneConfig *config) {
    const Split *split = config->split;
    ObjectType new = layout->type[g];
    for (int h = 0; h < g; h++)
        if (layout->type[h].colour == new.colour && layout->type[h].shape == new.shape) return false;
    if (!split) return true;
    if (!split_has_pair(split, config->part, new.colour, new.shape)) return false;
    if (!split_has_count(split, config->part, layout->size[g], new.colour, new.shape)) return false;
    if (split->kind != SPLIT_RELATIONS) return true;
    for (int k = 0; k < layout->count; k++)
        for (int j = 0; j < layout->count; j++) {
            if (layout->group[k] != g || layout->group[j] >= g) continue;
            ObjectType other = layout->type[layout->group[j]];
            int from = layout->cell[k], to = layout->cell[j];
            bool x = from % ACROSS != to % ACROSS, y = from / ACROSS != to / ACROSS;
            if (x && !split_has_relation(split, config->part, DIRECTION_X, new, other)) return false;
            if (y && !split_has_relation(split, config->part, DIRECTION_Y, new, other)) return false;
        }
    return true;
}

/* Draws cells, and a type for each group. Rejection sampling: splits are symmetric in colours and shapes, so all types
 * stay equally likely. */
static bool layout_draw(Layout *layout, const SceneConfig *config, Rng *rng) {
    enum { TRIES = 48 };
    rng_choice(rng, CELLS, layout->cell, layout->count);
    for (int g = 0; g < layout->groups; g++) {
        int tries = 0;
        do {
            if (tries++ == TRIES) return false;
            uint32_t noun = rng_below(rng, COLOUR_COUNT * SHAPE_COUNT);
            layout->type[g] = (ObjectType){ (ShapeColour)(noun / SHAPE_COUNT), (Shape)(noun % SHAPE_COUNT) };
        } while (!layout_allows(layout, g, config));
    }
    return true;
}

static void layout_groups(Layout *layout, double one_type, Rng *rng) {
    layout->groups = 1;
    layout->size[0] = 1;
    for (int k = 1; k < layout->count; k++) {
        if (rng_uniform(rng) >= one_type) layout->size[layout->groups++] = 0;
        layout->group[k] = layout->groups - 1;
        layout->size[layout->groups - 1]++;
    }
}

/* Joins the last group to the one before it: fewer different types are easier to find. */
static void layout_merge(Layout *layout) {
    layout->groups--;
    layout->size[layout->groups - 1] += layout->size[layout->groups];
    for (int k = 0; k < layout->count; k++) layout->group[k] = MIN(layout->group[k], layout->groups - 1);
}

static Layout layout_make(const SceneConfig *config, int least, int max, Rng *rng) {
    enum { TRIES = 24 };
    Layout layout = { .count = least + (int)rng_below(rng, (uint32_t)(max - least + 1)) };
    layout_groups(&layout, config->repeat, rng);
    for (int tries = 1; !layout_draw(&layout, config, rng); tries++) {
        REQUIRE(layout.groups > 1 || tries < 1000, "no types of objects found in this part of the split, coverage %g",
                config->split->coverage);
        if (tries % TRIES == 0 && layout.groups > 2 - (layout.count > 2)) layout_merge(&layout);
    }
    return layout;
}

/* ---- scenes ------------------------------------------------------------------------------------------------------ */

bool scene_config_check(const SceneConfig *config, Err *err) {
    int least = config->least ? config->least : 1, max = config->max ? config->max : SCENE_MAX;
    if (least < 1 || max > SCENE_MAX || least > max)
        return err_set(err, "objects per scene are %d to %d, want 1 to %d, the lower first", least, max, SCENE_MAX);
    if (!(config->repeat >= 0 && config->repeat <= 1))
        return err_set(err, "the probability of repeated types is %g, want 0 to 1", config->repeat);
    if (!(config->noise <= 1)) return err_set(err, "noise is %g, want at most 1", config->noise);
    if (config->split && !split_has_any(config->split, config->part))
        return err_set(err, "with coverage %g no combinations are %s; take another coverage or the other part",
                       config->split->coverage, config->part == SPLIT_SEEN ? "seen" : "held out");
    return true;
}

Scene scene_make(const SceneConfig *config, uint64_t i) {
    Err err;
    REQUIRE(scene_config_check(config, &err), "%s", err.text);
    Rng rng = rng_seed(config->seed, i);
    int least = config->least ? config->least : 1, max = config->max ? config->max : SCENE_MAX;
    Layout layout = layout_make(config, least, max, &rng);
    Scene scene = { .count = layout.count, .appearance = rng_next(&rng) };
    for (int k = 0; k < scene.count; k++) {
        SceneObject *object = &scene.object[k];
        object_set_type(object, layout.type[layout.group[k]]);
        object->size = (Size)rng_below(&rng, SIZE_COUNT);
        object->radius = sizes[object->size].radius * between(&rng, 0.95, 1.05);
        object->rotation = between(&rng, -8, 8) * PI / 180;
    }
    for (int k = 0; k < scene.count && config->equal_area; k++) {
        scene.object[k].size = SIZE_NONE;
        scene.object[k].radius = sqrt(SCENE_AREA / (PI * scene.count));
    }
    place_in(&scene, layout.cell, &rng);
    double noise = config->noise == 0 ? SCENE_NOISE : config->noise;
    scene.noise = noise < 0 ? -1 : noise * between(&rng, 1.0 / 3, 1);
    return scene;
}

/* ---- drawing ----------------------------------------------------------------------------------------------------- */

static void draw_background(Canvas canvas, bool plain, Rng *rng) {
    double colour[3] = { 0.48, 0.48, 0.48 }, angle = between(rng, 0, 2 * PI), change = between(rng, 0, 0.12);
    double grey = between(rng, 0.40, 0.56);
    if (plain) change = 0;
    for (int c = 0; c < 3 && !plain; c++) colour[c] = grey + between(rng, -0.03, 0.03);
    canvas_gradient(canvas, colour, change * cos(angle) / canvas.side, change * sin(angle) / canvas.side);
}

void scene_picture(const Scene *scene, Canvas canvas, uint8_t *rgb) {
    bool plain = scene->noise < 0;
    Rng rng = rng_seed(scene->appearance, 0);
    draw_background(canvas, plain, &rng);
    for (int k = 0; k < scene->count; k++) {
        const SceneObject *o = &scene->object[k];
        ShapeObject drawn = { .shape = o->shape, .x = o->x, .y = o->y, .size = o->radius, .angle = o->rotation };
        for (int c = 0; c < 3; c++) {
            double shade = between(&rng, -0.05, 0.05);
            drawn.rgb[c] = fmin(1, fmax(0, colour_rgb(o->colour)[c] + (plain ? 0 : shade)));
        }
        canvas_draw(canvas, &drawn);
    }
    if (!plain) canvas_noise(canvas, &rng, scene->noise);
    canvas_bytes(canvas, rgb);
}

void scene_pixels(const Scene *scene, num *pixels) {
    enum { PIXELS = SCENE_SIDE * SCENE_SIDE * 3 };
    double paint[PIXELS];
    uint8_t rgb[PIXELS];
    scene_picture(scene, (Canvas){ SCENE_SIDE, paint }, rgb);
    for (int i = 0; i < PIXELS; i++) pixels[i] = (num)((rgb[i] / 255.0 - 0.48) / 0.25);
}

char *scene_text(Arena *arena, const Scene *scene, int k) {
    REQUIRE(k >= 0 && k < scene->count, "object is %d of %d", k, scene->count);
    const SceneObject *o = &scene->object[k];
    return arena_print(arena, "%s %s %s at (%.2f, %.2f)", size_name(o->size), colour_name(o->colour),
                       shape_name(o->shape), o->x, o->y);
}
