#include "dataset/augment.h"

#include "core/rng.h"
#include "core/thread.h"

const double cifar_mean[3] = { 0.4914, 0.4822, 0.4465 };
const double cifar_deviation[3] = { 0.2470, 0.2435, 0.2616 };

enum { SHIFT_MAX = 15, MOVE_MAX = 16 }; /* together 31: a reflection needs at least one column of the picture */

/* The changes of one picture, after all random choices. */
typedef struct {
    bool mirror;
    int dx, dy;
    int cut_x, cut_y; /* the middle of the cutout */
} Transform;

/* The constant separates this stream from the others of a program with the same seed. */
static Rng picture_rng(const Augment *augment, uint32_t epoch, int picture) {
    return rng_seed(augment->seed ^ 0x70696374757265u, (uint64_t)epoch << 32 | (uint32_t)picture);
}

static bool transform_mirror(const Augment *augment, int picture, bool coin) {
    if (augment->mirror != MIRROR_ALTERNATE)
        return augment->mirror == MIRROR_ALWAYS || (augment->mirror == MIRROR_RANDOM && coin);
    Rng once = picture_rng(augment, UINT32_MAX, picture);
    return (rng_below(&once, 2) + augment->epoch) % 2 == 1;
}

/* Always draws the same random numbers, so that changing one setting does not change the choices of the others. */
static Transform transform_draw(const Augment *augment, int side, int picture) {
    Rng rng = picture_rng(augment, augment->epoch, picture);
    bool coin = rng_below(&rng, 2) == 1;
    double u = rng_uniform(&rng), v = rng_uniform(&rng);
    int shifts = 2 * augment->shift + 1;
    return (Transform){
        .mirror = transform_mirror(augment, picture, coin),
        .dx = augment->dx - augment->shift + (int)(u * shifts),
        .dy = augment->dy - augment->shift + (int)(v * shifts),
        .cut_x = (int)rng_below(&rng, (uint32_t)side),
        .cut_y = (int)rng_below(&rng, (uint32_t)side),
    };
}

/* source[i]: the row or column of the picture that is at i after mirror and shift; -1: padding with zeros. */
static void source_find(int side, int shift, bool mirror, Edge edge, int *source) {
    for (int i = 0; i < side; i++) {
        int from = i - shift;
        bool outside = from < 0 || from >= side;
        if (from < 0) from = -from;
        if (from >= side) from = 2 * (side - 1) - from;
        source[i] = outside && edge == EDGE_ZERO ? -1 : mirror ? side - 1 - from : from;
    }
}

/* number[c][byte] = (byte / 255 - mean[c]) / deviation[c], for 3 colours and 256 bytes */
typedef struct {
    num number[3][256];
} ByteTable;

static ByteTable byte_table_make(void) {
    ByteTable table;
    for (int c = 0; c < 3; c++)
        for (int byte = 0; byte < 256; byte++)
            table.number[c][byte] = (num)((byte / 255.0 - cifar_mean[c]) / cifar_deviation[c]);
    return table;
}

typedef struct {
    const Cifar *set;             /* the pictures of CIFAR-10, or */
    const uint8_t *const *planes; /* any pictures [3,side,side] */
    int side;
    const int *index;
    const Augment *augment;
    ByteTable table;
    num *out;
} Batch;

/* out [side,side,3] = the transformed, normalised picture of planes [3,side,side] */
static void transform_write(const Batch *batch, const uint8_t *planes, Transform transform, num *out) {
    const Augment *augment = batch->augment;
    int row[AUGMENT_SIDE_MAX], column[AUGMENT_SIDE_MAX], side = batch->side, plane = side * side;
    int low = -(augment->cutout / 2), high = low + augment->cutout;
    source_find(side, transform.dy, false, augment->edge, row);
    source_find(side, transform.dx, transform.mirror, augment->edge, column);
    for (int y = 0; y < side; y++) {
        bool cut_row = low <= y - transform.cut_y && y - transform.cut_y < high;
        for (int x = 0; x < side; x++, out += 3) {
            bool cut = cut_row && low <= x - transform.cut_x && x - transform.cut_x < high;
            if (row[y] < 0 || column[x] < 0 || cut) {
                out[0] = out[1] = out[2] = 0;
                continue;
            }
            const uint8_t *pixel = planes + row[y] * side + column[x];
            for (int c = 0; c < 3; c++) out[c] = batch->table.number[c][pixel[c * plane]];
        }
    }
}

static void batch_write(void *context, size_t begin, size_t end) {
    const Batch *batch = context;
    size_t numbers = 3 * (size_t)batch->side * (size_t)batch->side;
    for (size_t b = begin; b < end; b++) {
        int i = batch->index[b];
        const uint8_t *planes = batch->set ? cifar_planes(batch->set, i) : batch->planes[i];
        transform_write(batch, planes, transform_draw(batch->augment, batch->side, i), batch->out + b * numbers);
    }
}

static void batch_make(Batch batch, int B) {
    static const Augment none = { 0 };
    const Augment *a = batch.augment ? batch.augment : &none;
    int side = batch.side;
    REQUIRE(B >= 0, "B is %d, want 0 or more", B);
    REQUIRE(0 <= a->shift && a->shift <= SHIFT_MAX, "shift is %d, want 0 to %d", a->shift, SHIFT_MAX);
    REQUIRE(-MOVE_MAX <= a->dx && a->dx <= MOVE_MAX, "dx is %d, want -%d to %d", a->dx, MOVE_MAX, MOVE_MAX);
    REQUIRE(-MOVE_MAX <= a->dy && a->dy <= MOVE_MAX, "dy is %d, want -%d to %d", a->dy, MOVE_MAX, MOVE_MAX);
    REQUIRE(0 <= a->cutout && a->cutout <= side, "cutout is %d, want 0 to %d", a->cutout, side);
    REQUIRE(32 <= side && side <= AUGMENT_SIDE_MAX, "side is %d, want 32 to %d", side, AUGMENT_SIDE_MAX);
    REQUIRE(a->epoch < UINT32_MAX, "epoch is %u, want less", a->epoch);
    batch.augment = a;
    batch.table = byte_table_make();
    parallel_for((size_t)B, 8, batch_write, &batch);
}

void cifar_batch(const Cifar *set, const int *index, int B, const Augment *augment, num *out) {
    batch_make((Batch){ .set = set, .side = CIFAR_SIDE, .index = index, .augment = augment, .out = out }, B);
}
void pair_set_batch(const PairSet *set, const int *index, int B, const Augment *augment, num *out) {
    for (int b = 0; b < B; b++)
        REQUIRE(0 <= index[b] && index[b] < set->n, "picture %d, want 0 to %d", index[b], set->n - 1);
    batch_make((Batch){ .planes = set->planes, .side = set->side, .index = index, .augment = augment, .out = out }, B);
}

void pixels_normalise(const uint8_t *rgb, size_t pixels, num *out) {
    ByteTable table = byte_table_make();
    for (size_t i = 0; i < 3 * pixels; i++) out[i] = table.number[i % 3][rgb[i]];
}
void cifar_normalise(const uint8_t rgb[CIFAR_NUMBERS], num out[CIFAR_NUMBERS]) {
    pixels_normalise(rgb, CIFAR_NUMBERS / 3, out);
}
