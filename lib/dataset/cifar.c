#include "dataset/cifar.h"

#include "core/rng.h"
#include "core/thread.h"
#include "dataset/shapes.h"
#include "formats/hash.h"
#include "formats/image.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SIDE = CIFAR_SIDE, PLANE = SIDE * SIDE };

const CifarFile cifar_files[CIFAR_FILES] = {
    { "data_batch_1.bin", "5dd7e06a14cb22eb9f671a540d1b7c25" },
    { "data_batch_2.bin", "5ea93a67294ea407fff1d09f752e9692" },
    { "data_batch_3.bin", "942cd6a4bcdd0dd3c604fbe906cb4421" },
    { "data_batch_4.bin", "ae636b3ba5c66a11e91e8cb52e771fcb" },
    { "data_batch_5.bin", "53f37980c15c3d472c316c40844f3f0d" },
    { "test_batch.bin", "803d5f7f4d78ea53de84dbe85f74fb6d" },
};

/* In the order of the labels; from the author's batches.meta.txt. */
static const char *const photograph_names[CIFAR_CLASSES] = { "airplane", "automobile", "bird",  "cat",  "deer",
                                                             "dog",      "frog",       "horse", "ship", "truck" };

#define FETCH "run \"make data\" to fetch it"

/* The file must have the size of n records. */
static bool size_check(const char *name, File file, int n, Err *err) {
    size_t wanted = (size_t)n * CIFAR_RECORD;
    return file.size == wanted || err_set(err, "%s: %zu bytes came, %zu were wanted (%d pictures of %d bytes); " FETCH,
                                          name, file.size, wanted, n, CIFAR_RECORD);
}

/* Opens a file and checks that it has the size of CIFAR_PER_FILE records. */
static bool batch_open(const char *path, File *file, Err *err) {
    Err why;
    if (!file_open(file, path, &why)) return err_set(err, "%s; " FETCH, why.text);
    if (size_check(path, *file, CIFAR_PER_FILE, err)) return true;
    file_close(file);
    return false;
}

static bool files_verify(Arena *arena, const char *folder, const CifarFile *files, Err *err) {
    for (int i = 0; i < CIFAR_FILES; i++) {
        File file;
        char sum[MD5_HEX];
        const char *path = arena_print(arena, "%s/%s", folder, files[i].name);
        if (!batch_open(path, &file, err)) return false;
        md5_hex(file.data, file.size, sum);
        file_close(&file);
        if (strcmp(sum, files[i].md5) != 0)
            return err_set(err, "%s: its MD5 sum is %s, %s was wanted; " FETCH, path, sum, files[i].md5);
    }
    return true;
}

#ifdef __APPLE__
#define NANOSECONDS(state, which) ((state).st_##which##timespec.tv_nsec)
#else
#define NANOSECONDS(state, which) ((state).st_##which##tim.tv_nsec)
#endif

/* A line for each file: name, MD5 sum, size, times of its last changes; "" when one is missing. */
static const char *files_state(Arena *arena, const char *folder, const CifarFile *files) {
    const char *text = "";
    for (int i = 0; i < CIFAR_FILES; i++) {
        struct stat state;
        if (stat(arena_print(arena, "%s/%s", folder, files[i].name), &state) != 0) return "";
        text = arena_print(arena, "%s%s %s %lld %lld.%09ld %lld.%09ld\n", text, files[i].name, files[i].md5,
                           (long long)state.st_size, (long long)state.st_mtime, NANOSECONDS(state, m),
                           (long long)state.st_ctime, NANOSECONDS(state, c));
    }
    return text;
}

static bool file_is(const char *path, const char *text) {
    File file;
    if (!file_open(&file, path, NULL)) return false;
    bool same = file.size == strlen(text) && !memcmp(file.data, text, file.size);
    file_close(&file);
    return same;
}

bool cifar_verify(const char *folder, const CifarFile *files, bool once, Err *err) {
    Arena arena = { 0 };
    const char *state = files_state(&arena, folder, files), *note = arena_print(&arena, "%s/.verified", folder);
    bool known = once && *state && file_is(note, state), ok = known || files_verify(&arena, folder, files, err);
    OutFile out;
    if (ok && !known && once && out_open(&out, note, NULL)) { /* without the note, the next call verifies again */
        fputs(state, out.stream);
        out_commit(&out, NULL);
    }
    arena_free(&arena);
    return ok;
}

bool cifar_decode(const char *name, File file, int n, uint8_t *labels, uint8_t *pixels, Err *err) {
    if (!size_check(name, file, n, err)) return false;
    for (size_t i = 0; i < (size_t)n; i++) {
        const uint8_t *record = file.data + i * CIFAR_RECORD;
        if (record[0] >= CIFAR_CLASSES)
            return err_set(err, "%s: the label of picture %zu (byte %zu) is %d, 0 to %d was wanted; " FETCH, name, i,
                           i * CIFAR_RECORD, record[0], CIFAR_CLASSES - 1);
        labels[i] = record[0];
        memcpy(pixels + i * CIFAR_NUMBERS, record + 1, CIFAR_NUMBERS);
    }
    return true;
}

bool cifar_load(Arena *arena, const char *folder, CifarPart part, Cifar *set, Err *err) {
    int first = part == CIFAR_TRAIN ? 0 : CIFAR_FILES - 1, end = part == CIFAR_TRAIN ? CIFAR_FILES - 1 : CIFAR_FILES;
    size_t n = (size_t)(end - first) * CIFAR_PER_FILE;
    for (int i = first; i < end; i++) { /* check all sizes before memory is taken */
        File file;
        if (!batch_open(arena_print(arena, "%s/%s", folder, cifar_files[i].name), &file, err)) return false;
        file_close(&file);
    }
    uint8_t *labels = arena_alloc(arena, n, 1), *pixels = arena_alloc(arena, n, CIFAR_NUMBERS);
    for (int i = first; i < end; i++) {
        size_t at = (size_t)(i - first) * CIFAR_PER_FILE;
        const char *path = arena_print(arena, "%s/%s", folder, cifar_files[i].name);
        File file;
        if (!batch_open(path, &file, err)) return false;
        bool ok = cifar_decode(path, file, CIFAR_PER_FILE, labels + at, pixels + at * CIFAR_NUMBERS, err);
        file_close(&file);
        if (!ok) return false;
    }
    *set = (Cifar){ .n = (int)n, .pixels = pixels, .labels = labels, .names = photograph_names };
    return true;
}

/* ---- the generated set ------------------------------------------------------------------------------------------ */

enum { SHAPES_SEED = 32 };

/* Class k is shape k mod 5 in colour k / 5. */
static const char *const shape_class_names[CIFAR_CLASSES] = {
    "red circle",  "red square",  "red triangle",  "red star",  "red cross",
    "blue circle", "blue square", "blue triangle", "blue star", "blue cross",
};
_Static_assert(SHAPE_CLASS_SHAPES *SHAPE_CLASS_COLOURS == CIFAR_CLASSES, "shapes times colours are the classes");

typedef struct {
    uint64_t seed;
    const uint8_t *labels;
    uint8_t *pixels;
} Drawing;

static void draw_pictures(void *context, size_t begin, size_t end) {
    const Drawing *drawing = context;
    double numbers[CIFAR_NUMBERS];
    uint8_t rgb[CIFAR_NUMBERS];
    for (size_t i = begin; i < end; i++) {
        Rng rng = rng_seed(drawing->seed, i);
        Shape shape = (Shape)(drawing->labels[i] % SHAPE_CLASS_SHAPES);
        ShapeColour colour = (ShapeColour)(drawing->labels[i] / SHAPE_CLASS_SHAPES);
        shapes_picture(&rng, shape, colour, (Canvas){ SIDE, numbers }, rgb);
        image_planes(rgb, PLANE, drawing->pixels + i * CIFAR_NUMBERS);
    }
}

void cifar_generate(Arena *arena, CifarPart part, int n, Cifar *set) {
    REQUIRE(n > 0 && n % CIFAR_CLASSES == 0, "n is %d, want a positive multiple of %d", n, CIFAR_CLASSES);
    int *order = arena_alloc(arena, (size_t)n, sizeof *order);
    uint8_t *labels = arena_alloc(arena, (size_t)n, 1), *pixels = arena_alloc(arena, (size_t)n, CIFAR_NUMBERS);
    Drawing drawing = { .seed = SHAPES_SEED + (uint64_t)part, .labels = labels, .pixels = pixels };
    Rng rng = rng_seed(drawing.seed, UINT64_MAX); /* the pictures have streams 0 to n-1 */
    for (int i = 0; i < n; i++) order[i] = i;
    rng_shuffle(&rng, order, n);
    for (int i = 0; i < n; i++) labels[i] = (uint8_t)(order[i] % CIFAR_CLASSES);
    parallel_for((size_t)n, 100, draw_pictures, &drawing);
    *set = (Cifar){ .n = n, .pixels = pixels, .labels = labels, .names = shape_class_names, .generated = true };
}

/* ---- choosing the set -------------------------------------------------------------------------------------------- */

static bool holds_batches(Arena *arena, const char *folder) {
    return file_exists(arena_print(arena, "%s/%s", folder, cifar_files[CIFAR_FILES - 1].name));
}

bool cifar_open(Arena *arena, CifarPart part, Cifar *set, Err *err) {
    const char *given = getenv("CIFAR10_DIR"), *fetched = "data/cifar-10-batches-bin";
    const char *folder = file_exists(fetched) ? fetched : NULL;
    if (given && *given) {
        const char *below = arena_print(arena, "%s/cifar-10-batches-bin", given);
        folder = holds_batches(arena, given) ? given : below;
        if (!holds_batches(arena, folder))
            return err_set(err, "CIFAR10_DIR is %s: %s is neither there nor in %s; correct it or unset it", given,
                           cifar_files[CIFAR_FILES - 1].name, below);
    }
    if (!folder) cifar_generate(arena, part, CIFAR_PER_FILE * (part == CIFAR_TRAIN ? CIFAR_FILES - 1 : 1), set);
    else if (!cifar_load(arena, folder, part, set, err)) return false;
    set->folder = folder;
    return true;
}

const char *cifar_notice(const Cifar *set) {
    if (!set->generated) return "Pictures: the photographs of CIFAR-10.";
    return "Pictures: generated shapes, because no CIFAR-10 was found (\"make data\" fetches the photographs).";
}

void cifar_record(const uint8_t *rgb, int label, uint8_t record[CIFAR_RECORD]) {
    REQUIRE(0 <= label && label < CIFAR_CLASSES, "label is %d, want 0 to %d", label, CIFAR_CLASSES - 1);
    record[0] = (uint8_t)label;
    image_planes(rgb, PLANE, record + 1);
}

const uint8_t *cifar_planes(const Cifar *set, int i) {
    REQUIRE(0 <= i && i < set->n, "picture %d, want 0 to %d", i, set->n - 1);
    return set->pixels + (size_t)i * CIFAR_NUMBERS;
}

void cifar_picture(const Cifar *set, int i, uint8_t rgb[CIFAR_NUMBERS]) {
    const uint8_t *planes = cifar_planes(set, i);
    for (int c = 0; c < 3; c++)
        for (int p = 0; p < PLANE; p++) rgb[3 * p + c] = planes[c * PLANE + p];
}
