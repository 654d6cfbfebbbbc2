/* scene: is what is drawn what the scene graph says, and is everything there equally often? */
#include "scenes/scene.h"
#include "core/arena.h"
#include "core/thread.h"
#include "check.h"

#include <math.h>
#include <string.h>

enum { SIDE = 32, BYTES = 3 * SIDE * SIDE, MANY = 4000 };

static void paint(const Scene *scene, uint8_t *rgb) {
    double numbers[BYTES];
    scene_picture(scene, (Canvas){ SIDE, numbers }, rgb);
}

/* ---- one row, whoever makes it ----------------------------------------------------------------------------------- */

typedef struct {
    SceneConfig config;
    uint8_t (*pictures)[BYTES];
} Painting;

static void paint_some(void *context, size_t begin, size_t end) {
    Painting *painting = context;
    for (size_t i = begin; i < end; i++) {
        Scene scene = scene_make(&painting->config, i);
        paint(&scene, painting->pictures[i]);
    }
}

TEST(scenes_come_again) {
    enum { FEW = 60 };
    static uint8_t one[FEW][BYTES], four[FEW][BYTES], other[BYTES];
    Split split = split_make(SPLIT_RELATIONS, 0.5, 1);
    Painting painting = { { .seed = 5, .split = &split, .repeat = 0.3 }, one };
    thread_set_count(1);
    parallel_for(FEW, 1, paint_some, &painting);
    painting.pictures = four;
    thread_set_count(4);
    parallel_for(FEW, 1, paint_some, &painting);
    CHECK(!memcmp(one, four, sizeof one), "%s", "four threads make other pictures");
    for (int i = FEW - 1; i >= 0; i--) { /* backwards: no scene needs those before it */
        Scene scene = scene_make(&painting.config, (uint64_t)i);
        paint(&scene, other);
        CHECK(!memcmp(other, one[i], sizeof other), "scene %d", i);
        CHECK(i == 0 || memcmp(one[i], one[i - 1], BYTES), "scenes %d and %d are the same", i - 1, i);
    }
    painting.config.seed = 6;
    Scene scene = scene_make(&painting.config, 0);
    paint(&scene, other);
    CHECK(memcmp(other, one[0], sizeof other), "%s", "another seed, the same scene");
}

/* ---- places ------------------------------------------------------------------------------------------------------ */

static void check_places(const Scene *s, uint64_t i) {
    for (int a = 0; a < s->count; a++) {
        const SceneObject *o = &s->object[a];
        double reach = shape_reach(o->shape) * o->radius;
        bool inside =
            o->x >= reach - 1e-9 && o->x <= 1 - reach + 1e-9 && o->y >= reach - 1e-9 && o->y <= 1 - reach + 1e-9;
        CHECK(inside, "scene %d: object %d sticks out", (int)i, a);
        for (int b = 0; b < a; b++) {
            const SceneObject *p = &s->object[b];
            double dx = fabs(o->x - p->x), dy = fabs(o->y - p->y);
            CHECK(hypot(dx, dy) >= reach + shape_reach(p->shape) * p->radius - 1e-9, "scene %d: %d and %d touch",
                  (int)i, a, b);
            CHECK(dx <= 0.0800001 || dx >= 0.2199999, "scene %d: %g apart, neither beside nor in line", (int)i, dx);
            CHECK(dy <= 0.0800001 || dy >= 0.2199999, "scene %d: %g apart, neither above nor in line", (int)i, dy);
        }
    }
}

TEST(objects_lie_where_relations_are_clear) {
    for (int ink = 0; ink < 2; ink++)
        for (uint64_t i = 0; i < MANY; i++) {
            SceneConfig config = { .seed = 1, .equal_area = ink, .repeat = 0.5 };
            Scene s = scene_make(&config, i), t = s;
            check_places(&s, i);
            Rng rng = rng_seed(1, i);
            scene_place(&t, &rng);
            check_places(&t, i);
        }
}

TEST(crowds_of_the_largest_fit) {
    for (uint64_t i = 0; i < MANY; i++) {
        Scene s = { .count = SCENE_MAX };
        for (int k = 0; k < s.count; k++)
            s.object[k] = (SceneObject){ .shape = SHAPE_TRIANGLE, .size = SIZE_LARGE, .radius = 0.1023 };
        Rng rng = rng_seed(2, i);
        scene_place(&s, &rng);
        check_places(&s, i);
    }
}

TEST(relations_by_hand) {
    Scene s = { .count = 3, .object = { { .x = 0.2, .y = 0.5 }, { .x = 0.351, .y = 0.5 }, { .x = 0.499, .y = 0.8 } } };
    static const struct {
        int a;
        Relation relation;
        int b;
        bool want;
    } rows[] = {
        { 0, LEFT_OF, 1, true },  { 1, RIGHT_OF, 0, true },  { 0, RIGHT_OF, 1, false }, { 1, LEFT_OF, 0, false },
        { 1, LEFT_OF, 2, false }, { 2, RIGHT_OF, 1, false }, { 0, LEFT_OF, 2, true },   { 0, ABOVE, 1, false },
        { 0, BELOW, 1, false },   { 0, ABOVE, 2, true },     { 2, BELOW, 0, true },     { 2, ABOVE, 0, false },
        { 0, LEFT_OF, 0, false },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(scene_related(&s, rows[i].a, rows[i].relation, rows[i].b) == rows[i].want, "%d %d %d", rows[i].a,
              (int)rows[i].relation, rows[i].b);
    for (int r = 0; r < RELATION_COUNT; r++)
        for (int ab = 0; ab < 9; ab++) {
            bool there = scene_related(&s, ab / 3, (Relation)r, ab % 3);
            CHECK(there == scene_related(&s, ab % 3, relation_converse((Relation)r), ab / 3), "converse of %d, %d", r,
                  ab);
            CHECK(!there || !scene_related(&s, ab % 3, (Relation)r, ab / 3), "%s", "both ways");
        }
}

/* ---- pictures ---------------------------------------------------------------------------------------------------- */

TEST(colours_are_found_in_the_middle) {
    for (uint64_t i = 0; i < 1000; i++) {
        SceneConfig config = { .seed = 3, .noise = 0.02 };
        Scene s = scene_make(&config, i);
        uint8_t rgb[BYTES];
        paint(&s, rgb);
        for (int k = 0; k < s.count; k++) {
            const SceneObject *o = &s.object[k];
            const uint8_t *pixel = rgb + 3 * ((int)(o->y * SIDE) * SIDE + (int)(o->x * SIDE));
            double least = INFINITY;
            int nearest = -1;
            for (int c = 0; c < COLOUR_COUNT; c++) {
                double away = 0;
                for (int j = 0; j < 3; j++) away += pow(pixel[j] / 255.0 - colour_rgb((ShapeColour)c)[j], 2);
                if (away < least) {
                    least = away;
                    nearest = c;
                }
            }
            CHECK(nearest == (int)o->colour && least < 0.15, "scene %d: a %s %s looks %s, %g away", (int)i,
                  colour_name(o->colour), shape_name(o->shape), colour_name((ShapeColour)nearest), least);
        }
    }
}

/* What is not ground, where the ground is even: each pixel by the share of the way to the object's colour. */
static double ink(const Scene *scene) {
    uint8_t rgb[BYTES];
    double sum = 0, ground = 122, full = 247 - ground; /* 0.48 and white, as bytes */
    paint(scene, rgb);
    for (int p = 0; p < SIDE * SIDE; p++) sum += fabs(rgb[3 * p + 1] - ground) / full;
    return sum / (SIDE * SIDE);
}

TEST(ink_is_equal_for_every_number) {
    double sum[SCENE_MAX + 1] = { 0 };
    for (int n = 1; n <= SCENE_MAX; n++)
        for (uint64_t i = 0; i < 200; i++) {
            SceneConfig config = { .seed = 4, .least = n, .max = n, .repeat = 1, .equal_area = true, .noise = -1 };
            Scene s = scene_make(&config, i);
            double area = 0;
            for (int k = 0; k < n; k++) area += acos(-1) * s.object[k].radius * s.object[k].radius;
            CHECK_NEAR(area, SCENE_AREA, 1e-12);
            for (int k = 0; k < n; k++) s.object[k].colour = COLOUR_WHITE;
            sum[n] += ink(&s) / 200;
        }
    for (int n = 1; n <= SCENE_MAX; n++) CHECK(fabs(sum[n] / SCENE_AREA - 1) < 0.03, "%d objects cover %g", n, sum[n]);
}

TEST(sizes_are_told_apart_and_any_side_will_do) {
    double least = 1, max = 0;
    SceneConfig config = { .seed = 5 };
    for (uint64_t i = 0; i < 500; i++) {
        Scene s = scene_make(&config, i);
        for (int k = 0; k < s.count; k++) {
            if (s.object[k].size == SIZE_LARGE) least = fmin(least, s.object[k].radius);
            else max = fmax(max, s.object[k].radius);
        }
    }
    CHECK(least > 1.3 * max, "the least large one has radius %g, the largest small one %g", least, max);
    Arena arena = { 0 };
    Scene s = scene_make(&config, 0);
    for (int side = 1; side <= 300; side = 3 * side + 1) {
        size_t count = 3 * (size_t)side * (size_t)side;
        uint8_t *rgb = arena_alloc(&arena, count, 1);
        scene_picture(&s, (Canvas){ side, arena_alloc(&arena, count, sizeof(double)) }, rgb);
    }
    CHECK(strstr(scene_text(&arena, &s, 0), colour_name(s.object[0].colour)), "%s", scene_text(&arena, &s, 0));
    arena_free(&arena);
}

/* ---- parts ------------------------------------------------------------------------------------------------------- */

/* Counts that should be even: chi-squared is less than its mean n-1 by six deviations sqrt(2(n-1)). */
static void check_even(const char *what, const int *count, int n) {
    double total = 0, chi = 0;
    for (int i = 0; i < n; i++) total += count[i];
    for (int i = 0; i < n; i++) chi += pow(count[i] - total / n, 2) / (total / n);
    CHECK(chi < n - 1 + 6 * sqrt(2.0 * (n - 1)), "%s: chi-squared is %g for %d counts", what, chi, n);
}

static int like(const Scene *s, int k) {
    int n = 0;
    for (int j = 0; j < s->count; j++)
        n += s->object[j].colour == s->object[k].colour && s->object[j].shape == s->object[k].shape;
    return n;
}

static void check_part(const Split *split, SplitPart part, const Scene *s) {
    for (int k = 0; k < s->count; k++) {
        ObjectType a = { s->object[k].colour, s->object[k].shape };
        CHECK(split_has_pair(split, part, a.colour, a.shape), "%s", "a pair of the other part");
        CHECK(split_has_count(split, part, like(s, k), a.colour, a.shape), "%s", "a count of the other part");
        for (int j = 0; j < s->count; j++) {
            ObjectType b = { s->object[j].colour, s->object[j].shape };
            bool beside = scene_related(s, k, LEFT_OF, j), above = scene_related(s, k, ABOVE, j);
            CHECK(!beside || split_has_relation(split, part, DIRECTION_X, a, b), "%s",
                  "side by side, of the other part");
            CHECK(!above || split_has_relation(split, part, DIRECTION_Y, a, b), "%s",
                  "one above the other, of the other part");
        }
    }
}

static void check_generated(SplitKind kind, int eighths, SplitPart part) {
    Split split = split_make(kind, eighths / 8.0, 3);
    SceneConfig config = { .seed = 9, .split = &split, .part = part, .max = 3, .repeat = 0.3 };
    int colour[COLOUR_COUNT] = { 0 }, shape[SHAPE_COUNT] = { 0 }, size[SIZE_COUNT] = { 0 }, count[3] = { 0 };
    for (uint64_t i = 0; i < MANY; i++) {
        Scene s = scene_make(&config, i);
        check_part(&split, part, &s);
        check_places(&s, i);
        int k = (int)(i % (uint64_t)s.count); /* one of each: the objects of a scene are not independent */
        colour[s.object[k].colour]++;
        shape[s.object[k].shape]++;
        size[s.object[k].size]++;
        count[s.count - 1]++;
    }
    check_even("colours", colour, COLOUR_COUNT);
    check_even("shapes", shape, SHAPE_COUNT);
    check_even("sizes", size, SIZE_COUNT);
    check_even("counts", count, 3);
}

TEST(parts_are_kept_with_even_marginals) {
    for (int kind = SPLIT_PAIRS; kind < SPLIT_KINDS; kind++)
        for (int eighths = 2; eighths <= 6; eighths += 2)
            for (int part = 0; part < 2; part++) check_generated((SplitKind)kind, eighths, (SplitPart)part);
}

TEST(two_objects_differ_unless_alike) {
    for (int kind = SPLIT_ALL; kind < SPLIT_KINDS; kind++)
        for (int eighths = 1; eighths < 8; eighths += 3) {
            Split split = split_make((SplitKind)kind, eighths / 8.0, 1);
            SceneConfig two = { .seed = 1, .split = &split, .least = 2, .max = 2 };
            for (uint64_t i = 0; i < 500; i++) {
                Scene s = scene_make(&two, i);
                CHECK(s.count == 2 && like(&s, 0) == 1, "%s: scene %d", split_name((SplitKind)kind), (int)i);
                two.repeat = 1;
                s = scene_make(&two, i);
                two.repeat = 0;
                CHECK(s.count == 2 && like(&s, 0) == 2, "%s: scene %d", split_name((SplitKind)kind), (int)i);
            }
        }
}

/* Of relations one difference in 63 is held out, and its opposite: four things that all differ by it there are none, so
 * some become alike, and what is shown is held out still. */
TEST(what_cannot_be_had_becomes_alike) {
    Split split = split_make(SPLIT_RELATIONS, 61.0 / 63, 3);
    SceneConfig config = { .seed = 8, .least = 4, .max = 4, .split = &split, .part = SPLIT_HELD };
    for (uint64_t i = 0; i < 50; i++) {
        Scene scene = scene_make(&config, i);
        int kinds = 0;
        CHECK(scene.count == 4, "scene %d has %d objects", (int)i, scene.count);
        for (int k = 0; k < 4; k++) {
            const SceneObject *o = &scene.object[k];
            bool first = true;
            for (int j = 0; j < k; j++) {
                const SceneObject *p = &scene.object[j];
                ObjectType a = { o->colour, o->shape }, b = { p->colour, p->shape };
                if (o->colour == p->colour && o->shape == p->shape) {
                    first = false;
                    continue;
                }
                for (int r = 0; r < RELATION_COUNT; r++)
                    CHECK(!scene_related(&scene, k, (Relation)r, j) ||
                              split_has_relation(&split, SPLIT_HELD, relation_direction((Relation)r), a, b),
                          "scene %d: relation %d of %d and %d is a seen one", (int)i, r, k, j);
            }
            kinds += first;
        }
        CHECK(kinds <= 2, "scene %d: %d kinds of things", (int)i, kinds);
    }
}

TEST(settings_are_refused) {
    Split none = split_make(SPLIT_PAIRS, 0, 1);
    const struct {
        SceneConfig config;
        const char *want;
    } rows[] = {
        { { .least = 3, .max = 2 }, "3 to 2, want 1 to 5" },
        { { .max = 6 }, "1 to 6, want 1 to 5" },
        { { .least = -1 }, "-1 to 5" },
        { { .repeat = 1.5 }, "types is 1.5, want 0 to 1" },
        { { .noise = 2 }, "noise is 2" },
        { { .split = &none }, "with coverage 0 no combinations are seen" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        Err err;
        CHECK(!scene_config_check(&rows[i].config, &err) && strstr(err.text, rows[i].want), "row %d: %s", (int)i,
              err.text);
        CHECK_STOPS(scene_make(&rows[i].config, 0), EXIT_CONTRACT, rows[i].want);
    }
}

/* Within their cells: of a hundred scenes of one thing, nearly as many places. */
TEST(things_lie_anywhere) {
    enum { N = 100 };
    double x[N];
    int positions = 0;
    for (int i = 0; i < N; i++) {
        Scene scene = scene_make(&(SceneConfig){ .seed = 12, .least = 1, .max = 1 }, (uint64_t)i);
        bool new = true;
        x[i] = scene.object[0].x;
        for (int k = 0; k < i; k++) new = new &&fabs(x[k] - x[i]) > 1e-9;
        positions += new;
    }
    CHECK(positions > 80, "%d places", positions);
}

TESTS(scenes_come_again, objects_lie_where_relations_are_clear, crowds_of_the_largest_fit, relations_by_hand,
      colours_are_found_in_the_middle, ink_is_equal_for_every_number, sizes_are_told_apart_and_any_side_will_do,
      parts_are_kept_with_even_marginals, two_objects_differ_unless_alike, what_cannot_be_had_becomes_alike,
      settings_are_refused, things_lie_anywhere)
