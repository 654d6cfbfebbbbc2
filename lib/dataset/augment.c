#include "dataset/augment.h"

#include "core/rng.h"
#include "core/thread.h"

enum { SIDE = CIFAR_SIDE, PLANE = SIDE * SIDE };

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
static Transform transform_draw(const Augment *augment, int picture) {
    Rng rng = picture_rng(augment, augment->epoch, picture);
    bool coin = rng_below(&rng, 2) == 1;
    double u = rng_uniform(&rng), v = rng_uniform(&rng);
    int shifts = 2 * augment->shift + 1;
    return (Transform){
        .mirror = transform_mirror(augment, picture, coin),
        .dx = augment->dx - augment->shift + (int)(u * shifts),
        .dy = augment->dy - augment->shift + (int)(v * shifts),
        .cut_x = (int)rng_below(&rng, SIDE),
        .cut_y = (int)rng_below(&rng, SIDE),
    };
}

/* source[i]: the row or column of the picture that is at i after mirror and shift; -1: padding with zeros. */
static void source_find(int shift, bool mirror, Edge edge, int source[SIDE]) {
    for (int i = 0; i < SIDE; i++) {
        int from = i - shift;
        bool outside = from < 0 || from >= SIDE;
        if (from < 0) from = -from;
        if (from >= SIDE) from = 2 * (SIDE - 1) - from;
        source[i] = outside && edge == EDGE_ZERO ? -1 : mirror ? SIDE - 1 - from : from;
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

/* out [32,32,3] = the transformed, normalised picture of planes [3,32,32] */
static void transform_write(const uint8_t *planes, const ByteTable *table, Transform transform, const Augment *augment,
                            num *out) {
    int row[SIDE], column[SIDE], low = -(augment->cutout / 2), high = low + augment->cutout;
    source_find(transform.dy, false, augment->edge, row);
    source_find(transform.dx, transform.mirror, augment->edge, column);
    for (int y = 0; y < SIDE; y++) {
        bool cut_row = low <= y - transform.cut_y && y - transform.cut_y < high;
        for (int x = 0; x < SIDE; x++, out += 3) {
            bool cut = cut_row && low <= x - transform.cut_x && x - transform.cut_x < high;
            if (row[y] < 0 || column[x] < 0 || cut) {
                out[0] = out[1] = out[2] = 0;
                continue;
            }
            const uint8_t *pixel = planes + row[y] * SIDE + column[x];
            for (int c = 0; c < 3; c++) out[c] = table->number[c][pixel[c * PLANE]];
        }
    }
}

typedef struct {
    const Cifar *set;
    const int *index;
    const Augment *augment;
    ByteTable table;
    num *out;
} Batch;

static void batch_write(void *context, size_t begin, size_t end) {
    const Batch *batch = context;
    for (size_t b = begin; b < end; b++) {
        const uint8_t *planes = cifar_planes(batch->set, batch->index[b]);
        Transform transform = transform_draw(batch->augment, batch->index[b]);
        transform_write(planes, &batch->table, transform, batch->augment, batch->out + b * CIFAR_NUMBERS);
    }
}

void cifar_batch(const Cifar *set, const int *index, int B, const Augment *augment, num *out) {
    static const Augment none = { 0 };
    const Augment *a = augment ? augment : &none;
    REQUIRE(B >= 0, "B is %d, want 0 or more", B);
    REQUIRE(0 <= a->shift && a->shift <= SHIFT_MAX, "shift is %d, want 0 to %d", a->shift, SHIFT_MAX);
    REQUIRE(-MOVE_MAX <= a->dx && a->dx <= MOVE_MAX, "dx is %d, want -%d to %d", a->dx, MOVE_MAX, MOVE_MAX);
    REQUIRE(-MOVE_MAX <= a->dy && a->dy <= MOVE_MAX, "dy is %d, want -%d to %d", a->dy, MOVE_MAX, MOVE_MAX);
    REQUIRE(0 <= a->cutout && a->cutout <= SIDE, "cutout is %d, want 0 to %d", a->cutout, SIDE);
    REQUIRE(a->epoch < UINT32_MAX, "epoch is %u, want less", a->epoch);
    Batch batch = { .set = set, .index = index, .augment = a, .table = byte_table_make(), .out = out };
    parallel_for((size_t)B, 8, batch_write, &batch);
}

void cifar_normalise(const uint8_t rgb[CIFAR_NUMBERS], num out[CIFAR_NUMBERS]) {
    ByteTable table = byte_table_make();
    for (int i = 0; i < CIFAR_NUMBERS; i++) out[i] = table.number[i % 3][rgb[i]];
}
