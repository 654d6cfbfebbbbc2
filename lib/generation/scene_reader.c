#include "generation/scene_reader.h"

#include <math.h>
#include <string.h>

enum { SIDE = SCENE_SIDE, PIXELS = SIDE * SIDE };
enum { REACH = 6, WINDOW = 2 * REACH + 1, AREA = WINDOW * WINDOW }; /* of a template, pixels */
enum { LANES = 16, PADDED = (AREA + LANES - 1) / LANES * LANES };   /* sums in lanes: vector registers can follow */
enum { SIZES = 6, ANGLES = 3, QUARTERS = 4, NEAR = 2 };             /* NEAR: quarters searched on each side */

static const double radii[SIZES] = { 2.0, 2.2, 2.5, 2.8, 3.1, 3.35 }; /* pixels */
static const double PI = 3.14159265358979323846, FAR = 0.25, LEAST_COVER = 4, UNEXPLAINED_MAX = 0.2, COLOUR_MAX = 0.28;

struct SceneReader {
    float cover[SHAPE_COUNT][SIZES][ANGLES][QUARTERS][QUARTERS][PADDED]; /* quarters of y, of x */
};

static void draw_template(const ShapeObject *object, float *cover) {
    double paint[PIXELS * 3];
    const double black[3] = { 0, 0, 0 };
    Canvas canvas = { SIDE, paint };
    canvas_gradient(canvas, black, 0, 0);
    canvas_draw(canvas, object);
    for (int i = 0; i < AREA; i++)
        cover[i] = (float)paint[3 * ((SIDE / 2 - REACH + i / WINDOW) * SIDE + SIDE / 2 - REACH + i % WINDOW)];
}

const SceneReader *scene_reader_new(Arena *arena) {
    SceneReader *reader = arena_zero(arena, 1, sizeof *reader);
    for (int i = 0; i < SHAPE_COUNT * SIZES * ANGLES * QUARTERS * QUARTERS; i++) {
        int x = i % QUARTERS, y = i / QUARTERS % QUARTERS, angle = i / (QUARTERS * QUARTERS) % ANGLES;
        int size = i / (QUARTERS * QUARTERS * ANGLES) % SIZES, shape = i / (QUARTERS * QUARTERS * ANGLES * SIZES);
        ShapeObject object = { .shape = (Shape)shape, .rgb = { 1, 1, 1 }, .size = radii[size] / SIDE };
        object.x = (SIDE / 2 + 0.5 + (double)x / QUARTERS) / SIDE;
        object.y = (SIDE / 2 + 0.5 + (double)y / QUARTERS) / SIDE;
        object.angle = (angle - 1) * 6 * PI / 180;
        draw_template(&object, reader->cover[shape][size][angle][y][x]);
    }
    return reader;
}

/* ---- the ground -------------------------------------------------------------------------------------------------- */

typedef struct {
    double d[PIXELS][3], away[PIXELS]; /* differences from the ground, and their lengths */
    int label[PIXELS];                 /* which patch a pixel belongs to; -1: ground */
    int patches;
    double noise;
} Sheet;

static double median(const uint8_t *rgb, int c) {
    int count[256] = { 0 }, sum = 0, at = 0;
    for (int i = 0; i < PIXELS; i++) count[rgb[3 * i + c]]++;
    for (; sum + count[at] <= PIXELS / 2; at++) sum += count[at];
    return at / 255.0;
}

/* Least squares a + b x + c y through the pixels that are used; x and y from the middle.
 * The 3 x 3 system is solved by Cramer's rule. */
static void plane_fit(const uint8_t *rgb, int channel, const bool *used, double plane[3]) {
    double m[3][3] = { { 0 } }, right[3] = { 0 };
    for (int i = 0; i < PIXELS; i++) {
        const double f[3] = { 1, i % SIDE - SIDE / 2 + 0.5, i / SIDE - SIDE / 2 + 0.5 };
        for (int a = 0; a < 3 && used[i]; a++) {
            for (int b = 0; b < 3; b++) m[a][b] += f[a] * f[b];
            right[a] += f[a] * rgb[3 * i + channel] / 255.0;
        }
    }
    double whole = m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
                   m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
                   m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
    for (int k = 0; k < 3 && fabs(whole) > 1e-9; k++) {
        double n[3][3];
        memcpy(n, m, sizeof n);
        for (int a = 0; a < 3; a++) n[a][k] = right[a];
        plane[k] =
            (n[0][0] * (n[1][1] * n[2][2] - n[1][2] * n[2][1]) - n[0][1] * (n[1][0] * n[2][2] - n[1][2] * n[2][0]) +
             n[0][2] * (n[1][0] * n[2][1] - n[1][1] * n[2][0])) /
            whole;
    }
}

/* Differences from the planes; first from the medians, then twice from planes through the pixels that are near. */
static void sheet_make(const uint8_t *rgb, Sheet *s) {
    double plane[3][3] = { { 0 } }, squares = 0;
    bool used[PIXELS];
    int n = 0;
    for (int c = 0; c < 3; c++) plane[c][0] = median(rgb, c);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < PIXELS; i++) {
            s->away[i] = 0;
            for (int c = 0; c < 3; c++) {
                double ground =
                    plane[c][0] + plane[c][1] * (i % SIDE - SIDE / 2 + 0.5) + plane[c][2] * (i / SIDE - SIDE / 2 + 0.5);
                s->d[i][c] = rgb[3 * i + c] / 255.0 - ground;
                s->away[i] += s->d[i][c] * s->d[i][c];
            }
            s->away[i] = sqrt(s->away[i]);
            used[i] = s->away[i] < FAR;
        }
        for (int c = 0; c < 3 && round < 2; c++) plane_fit(rgb, c, used, plane[c]);
    }
    for (int i = 0; i < PIXELS; i++)
        if (used[i] && s->away[i] < FAR / 1.5) {
            squares += s->away[i] * s->away[i] / 3;
            n++;
        }
    s->noise = sqrt(squares / MAX(n, 1));
}

/* ---- patches ----------------------------------------------------------------------------------------------------- */

/* Numbers the pixels that are far from the ground and touch `start` through others, up, down, left or right. */
static int flood(Sheet *s, int start, int label) {
    int stack[PIXELS], top = 0, size = 0;
    stack[top++] = start;
    s->label[start] = label;
    while (top > 0) {
        int at = stack[--top], x = at % SIDE;
        const int next[] = { x > 0 ? at - 1 : -1, x < SIDE - 1 ? at + 1 : -1, at - SIDE, at + SIDE };
        size++;
        for (size_t k = 0; k < COUNT(next); k++) {
            int to = next[k];
            if (to < 0 || to >= PIXELS || s->label[to] != -1 || s->away[to] < FAR) continue;
            s->label[to] = label;
            stack[top++] = to;
        }
    }
    return size;
}

static void patch_erase(Sheet *s, int label) {
    for (int i = 0; i < PIXELS; i++)
        if (s->label[i] == label) s->label[i] = -2;
}

/* How many patches there are; small ones are left out (label -2). */
static void patches_find(Sheet *s) {
    enum { LEAST = 3 };
    s->patches = 0;
    for (int i = 0; i < PIXELS; i++) s->label[i] = -1;
    for (int i = 0; i < PIXELS && s->patches < READER_MAX; i++) {
        if (s->label[i] != -1 || s->away[i] < FAR) continue;
        if (flood(s, i, s->patches) < LEAST) patch_erase(s, s->patches);
        else s->patches++;
    }
}

typedef struct {
    double x, y, cover; /* pixels; sum of the covers */
    double xx, xy, yy;
} Moments;

/* Of the pixels of a patch, and of the half-covered ones beside it; the largest difference counts as full cover. */
static Moments patch_moments(const Sheet *s, int label) {
    Moments m = { 0 };
    double most = 0;
    for (int i = 0; i < PIXELS; i++)
        if (s->label[i] == label) most = fmax(most, s->away[i]);
    for (int i = 0; i < PIXELS; i++) {
        if (s->label[i] != label) continue;
        double a = s->away[i] / most, x = i % SIDE, y = i / SIDE;
        m.cover += a;
        m.x += a * x;
        m.y += a * y;
        m.xx += a * x * x;
        m.xy += a * x * y;
        m.yy += a * y * y;
    }
    m.x /= m.cover;
    m.y /= m.cover;
    m.xx = m.xx / m.cover - m.x * m.x;
    m.xy = m.xy / m.cover - m.x * m.y;
    m.yy = m.yy / m.cover - m.y * m.y;
    return m;
}

/* Two objects that touch: cut across the longer axis, through the middle. */
static void patch_cut(Sheet *s, int label, const Moments *m) {
    double angle = 0.5 * atan2(2 * m->xy, m->xx - m->yy), x = cos(angle), y = sin(angle);
    for (int i = 0; i < PIXELS; i++)
        if (s->label[i] == label && (i % SIDE - m->x) * x + (i / SIDE - m->y) * y > 0) s->label[i] = s->patches;
    s->patches++;
}
static void patches_cut(Sheet *s) {
    const double largest = 1.35 * PI * radii[SIZES - 1] * radii[SIZES - 1];
    for (int label = 0; label < s->patches && s->patches < READER_MAX; label++) {
        Moments m = patch_moments(s, label);
        double spread = 0.5 * (m.xx + m.yy) + sqrt(0.25 * (m.xx - m.yy) * (m.xx - m.yy) + m.xy * m.xy);
        if (m.cover > largest && spread > 9) patch_cut(s, label, &m);
    }
}

/* ---- one object -------------------------------------------------------------------------------------------------- */

/* The differences around (x,y), pixels; 0 with weight 0 where another patch is, or the picture ends. */
typedef struct {
    float d[3][PADDED], weight[PADDED];
    double all; /* sum of squares */
    int pixels;
} View;

static bool near_other(const Sheet *s, int i, int label) {
    if (s->label[i] >= 0) return s->label[i] != label;
    for (int k = 0; k < 9; k++) { /* half-covered pixels beside another patch */
        int x = i % SIDE + k % 3 - 1, y = i / SIDE + k / 3 - 1;
        if (x < 0 || y < 0 || x >= SIDE || y >= SIDE) continue;
        int other = s->label[y * SIDE + x];
        if (other >= 0 && other != label) return true;
    }
    return false;
}
static View view_make(const Sheet *s, int label, int x, int y) {
    View v = { .all = 0 };
    for (int i = 0; i < AREA; i++) {
        int px = x - REACH + i % WINDOW, py = y - REACH + i / WINDOW, at = py * SIDE + px;
        if (px < 0 || py < 0 || px >= SIDE || py >= SIDE || near_other(s, at, label)) continue;
        v.weight[i] = 1;
        v.pixels++;
        v.all += s->away[at] * s->away[at];
        for (int c = 0; c < 3; c++) v.d[c][i] = (float)s->d[at][c];
    }
    return v;
}

/* sum a d for each colour, and sum a^2, over the view's pixels */
static double explained(const View *v, const float *a, double colour[3]) {
    float lane[4][LANES] = { { 0 } }, dot[4] = { 0 };
    for (int i = 0; i < PADDED; i += LANES)
        for (int l = 0; l < LANES; l++) {
            for (int c = 0; c < 3; c++) lane[c][l] += a[i + l] * v->d[c][i + l];
            lane[3][l] += v->weight[i + l] * a[i + l] * a[i + l];
        }
    for (int c = 0; c < 4; c++)
        for (int l = 0; l < LANES; l++) dot[c] += lane[c][l];
    double square = fmax((double)dot[3], 1e-6);
    double sum = 0;
    for (int c = 0; c < 3; c++) {
        colour[c] = (double)dot[c] / square;
        sum += (double)(dot[c] * dot[c]) / square;
    }
    return sum;
}

/* The template that explains most, near (x,y). */
typedef struct {
    double explained, colour[3], x, y, radius, angle, all;
    int shape, pixels;
} Match;

static void match_at(const SceneReader *reader, const Sheet *s, int label, int qx, int qy, Match *best) {
    int x = qx / QUARTERS, y = qy / QUARTERS;
    View view = view_make(s, label, x, y);
    for (int i = 0; i < SHAPE_COUNT * SIZES * ANGLES; i++) {
        int angle = i % ANGLES, size = i / ANGLES % SIZES, shape = i / (ANGLES * SIZES);
        double colour[3];
        double sum = explained(&view, reader->cover[shape][size][angle][qy % QUARTERS][qx % QUARTERS], colour);
        if (sum / view.all <= best->explained / best->all) continue;
        *best = (Match){ sum,
                         { colour[0], colour[1], colour[2] },
                         (double)qx / QUARTERS,
                         (double)qy / QUARTERS,
                         radii[size],
                         (angle - 1) * 6 * PI / 180,
                         view.all,
                         shape,
                         view.pixels };
    }
}

static ReadObject object_read(const SceneReader *reader, const Sheet *s, int label, const double ground[3]) {
    Moments m = patch_moments(s, label);
    int x = (int)lround(QUARTERS * m.x), y = (int)lround(QUARTERS * m.y);
    Match best = { .all = 1 };
    for (int k = 0; k < (2 * NEAR + 1) * (2 * NEAR + 1); k++)
        match_at(reader, s, label, MAX(0, x + k % (2 * NEAR + 1) - NEAR), MAX(0, y + k / (2 * NEAR + 1) - NEAR), &best);
    double nearest = 9, second = 9;
    ReadObject read = { .object = { .shape = (Shape)best.shape, .size = SIZE_NONE, .rotation = best.angle } };
    for (int c = 0; c < COLOUR_COUNT; c++) {
        const double *rgb = colour_rgb((ShapeColour)c);
        double off = 0;
        for (int k = 0; k < 3; k++) off += pow(ground[k] + best.colour[k] - rgb[k], 2);
        if (off < nearest) {
            second = nearest;
            nearest = off;
            read.object.colour = (ShapeColour)c;
        } else second = fmin(second, off);
    }
    read.object.x = (best.x + 0.5) / SIDE;
    read.object.y = (best.y + 0.5) / SIDE;
    read.object.radius = best.radius / SIDE;
    double noise = 3 * best.pixels * s->noise * s->noise;
    read.unexplained = (best.all - best.explained - noise) / best.all;
    read.colour_off = sqrt(nearest);
    read.clear = read.unexplained < UNEXPLAINED_MAX && read.colour_off < COLOUR_MAX && nearest < 0.7 * second;
    return read;
}

SceneReading scene_read(const SceneReader *reader, const uint8_t *rgb) {
    Sheet s;
    SceneReading found = { .count = 0 };
    double ground[3];
    for (int c = 0; c < 3; c++) ground[c] = median(rgb, c);
    sheet_make(rgb, &s);
    patches_find(&s);
    patches_cut(&s);
    found.noise = s.noise;
    for (int k = 0; k < s.patches; k++) {
        if (patch_moments(&s, k).cover < LEAST_COVER) continue;
        ReadObject read = object_read(reader, &s, k, ground);
        int at = found.count++;
        for (; at > 0 && found.object[at - 1].object.x > read.object.x; at--) found.object[at] = found.object[at - 1];
        found.object[at] = read;
    }
    return found;
}

/* ---- verdicts ---------------------------------------------------------------------------------------------------- */

const char *verdict_name(Verdict verdict) {
    static const char *const names[] = { "true", "places", "binding", "objects", "number", "unclear" };
    _Static_assert(COUNT(names) == VERDICTS, "a name for each verdict");
    REQUIRE((unsigned)verdict < VERDICTS, "verdict is %d, want 0 to %d", (int)verdict, VERDICTS - 1);
    return names[verdict];
}

/* How often colours, shapes, or both together (colour * SHAPE_COUNT + shape) occur: +1 in the picture, -1 in the
 * caption. */
static bool all_zero(const int *count, int n) {
    for (int i = 0; i < n; i++)
        if (count[i]) return false;
    return true;
}

Verdict scene_verdict(const SceneReading *found, const Caption *caption) {
    bool two = caption->kind == CAPTION_PAIR || caption->kind == CAPTION_RELATION;
    int wanted = two ? 2 : caption->kind == CAPTION_COUNT ? caption->count[0] : 1;
    int colours[COLOUR_COUNT] = { 0 }, shapes[SHAPE_COUNT] = { 0 }, both[COLOUR_COUNT * SHAPE_COUNT] = { 0 };
    Scene scene = { .count = MIN(found->count, SCENE_MAX) };
    for (int k = 0; k < found->count; k++)
        if (!found->object[k].clear) return VERDICT_UNCLEAR;
    if (found->count != wanted) return VERDICT_NUMBER;
    for (int k = 0; k < wanted; k++) {
        const Noun *noun = two && k == 1 ? &caption->b : &caption->a;
        scene.object[k] = found->object[k].object;
        colours[scene.object[k].colour]++;
        shapes[scene.object[k].shape]++;
        both[scene.object[k].colour * SHAPE_COUNT + scene.object[k].shape]++;
        colours[noun->colour]--;
        shapes[noun->shape]--;
        both[noun->colour * SHAPE_COUNT + noun->shape]--;
    }
    if (caption_true(&scene, caption) && all_zero(both, COUNT(both))) return VERDICT_TRUE;
    if (all_zero(both, COUNT(both))) return VERDICT_PLACES;
    return all_zero(colours, COUNT(colours)) && all_zero(shapes, COUNT(shapes)) ? VERDICT_BINDING : VERDICT_OBJECTS;
}
