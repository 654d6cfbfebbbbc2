/* md5, cifar: do we know the right file from a wrong one, and does a network get the picture it asked for? */
#include "dataset/cifar.h"
#include "formats/md5.h"
#include "core/arena.h"
#include "core/file.h"
#include "core/rng.h"
#include "dataset/shapes.h"
#include "core/thread.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIDE = CIFAR_SIDE, PLANE = SIDE * SIDE };
static const size_t file_size = (size_t)CIFAR_PER_FILE * CIFAR_RECORD;

/* ---- md5 ------------------------------------------------------------------------------------------------------ */

TEST(md5_of_the_rfc) {
    static const char *const pairs[][2] = {
        /* RFC 1321, appendix A.5 */
        { "", "d41d8cd98f00b204e9800998ecf8427e" },
        { "a", "0cc175b9c0f1b6a831c399e269772661" },
        { "abc", "900150983cd24fb0d6963f7d28e17f72" },
        { "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
        { "abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b" },
        { "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f" },
        { "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
          "57edf4a22be3c955ac49da2e2107b67a" },
    };
    char hex[MD5_HEX];
    for (size_t i = 0; i < COUNT(pairs); i++) {
        md5_hex(pairs[i][0], strlen(pairs[i][0]), hex);
        CHECK(!strcmp(hex, pairs[i][1]), "\"%s\": %s, want %s", pairs[i][0], hex, pairs[i][1]);
    }
}

TEST(md5_around_the_block) {
    static const struct {
        size_t n;
        const char *md5;
    } letters[] = {
        /* n times the letter a; as GNU md5sum has it */
        { 55, "ef1772b6dff9a122358552954ad0df65" }, { 56, "3b0c8ac703f828b04c6c197006d17218" },
        { 63, "b06521f39153d618550606be297466d5" }, { 64, "014842d480b571495a4a0363793f7367" },
        { 65, "c743a45e0d2e6a95cb859adae0248435" }, { 1000000, "7707d6ae4e027c70eea2a935c2296f21" },
    };
    Arena arena = { 0 };
    char hex[MD5_HEX], *many = memset(arena_alloc(&arena, 1000000, 1), 'a', 1000000);
    for (size_t i = 0; i < COUNT(letters); i++) {
        md5_hex(many, letters[i].n, hex);
        CHECK(!strcmp(hex, letters[i].md5), "%zu a: %s, want %s", letters[i].n, hex, letters[i].md5);
    }
    arena_free(&arena);
}

/* ---- files ---------------------------------------------------------------------------------------------------- */

static void write_file(const char *path, const uint8_t *data, size_t size) {
    Err err;
    OutFile out;
    CHECK(out_open(&out, path, &err), "%s", err.text);
    out_write(&out, data, size);
    CHECK(out_commit(&out, &err), "%s", err.text);
}

/* The test file of the generated set, in memory. */
static uint8_t *batch_records(Arena *arena, Cifar *set) {
    cifar_generate(arena, CIFAR_TEST, CIFAR_PER_FILE, set);
    uint8_t *records = arena_alloc(arena, CIFAR_PER_FILE, CIFAR_RECORD), rgb[CIFAR_NUMBERS];
    for (int i = 0; i < set->n; i++) {
        cifar_picture(set, i, rgb);
        cifar_record(rgb, set->labels[i], records + (size_t)i * CIFAR_RECORD);
    }
    return records;
}

TEST(record_by_hand) {
    uint8_t rgb[CIFAR_NUMBERS] = { 10, 20, 30, 11, 21, 31 }, record[CIFAR_RECORD];
    rgb[CIFAR_NUMBERS - 1] = 99;
    cifar_record(rgb, 7, record);
    CHECK(record[0] == 7 && record[1] == 10 && record[2] == 11 && record[3] == 0, "label and reds");
    CHECK(record[1 + PLANE] == 20 && record[2 + PLANE] == 21, "greens");
    CHECK(record[1 + 2 * PLANE] == 30 && record[CIFAR_RECORD - 1] == 99, "blues");
    CHECK_STOPS(cifar_record(rgb, 10, record), EXIT_CONTRACT, "label is 10, want 0 to 9");
}

TEST(load_what_was_written) {
    Arena arena = { 0 };
    Cifar set, got = { 0 };
    Err err;
    const char *folder = check_folder();
    uint8_t *records = batch_records(&arena, &set);
    write_file(arena_print(&arena, "%s/test_batch.bin", folder), records, file_size);
    CHECK(cifar_load(&arena, folder, CIFAR_TEST, &got, &err), "%s", err.text);
    CHECK(got.n == CIFAR_PER_FILE && !got.generated && !strcmp(got.names[9], "truck"), "n %d", got.n);
    CHECK(!memcmp(got.labels, set.labels, CIFAR_PER_FILE), "%s", "labels");
    CHECK(!memcmp(got.pixels, set.pixels, (size_t)CIFAR_PER_FILE * CIFAR_NUMBERS), "%s", "pixels");
    for (int i = 0; i < 5; i++) {
        memset(records, i, file_size);
        write_file(arena_print(&arena, "%s/%s", folder, cifar_files[i].name), records, file_size);
    }
    CHECK(cifar_load(&arena, folder, CIFAR_TRAIN, &got, &err), "%s", err.text);
    CHECK(got.n == 50000 && got.labels[49999] == 4, "n %d", got.n);
    CHECK(got.labels[9999] == 0 && got.labels[10000] == 1, "%s", "the files are not in order");
    CHECK(got.pixels[(size_t)got.n * CIFAR_NUMBERS - 1] == 4, "%s", "to the last byte");
    CHECK(!cifar_verify(folder, &err) && strstr(err.text, "data_batch_1.bin: its MD5 sum is"), "%s", err.text);
    arena_free(&arena);
}

/* Loading must fail with one line that has all of these texts, and leave the set alone. */
static void check_refused(const char *folder, const char *why, const char *advice) {
    Arena arena = { 0 };
    Cifar set = { .n = -7 };
    Err err = { "" };
    CHECK(!cifar_load(&arena, folder, CIFAR_TEST, &set, &err), "%s: taken, \"%s\" was wanted", folder, why);
    CHECK(strstr(err.text, why) && strstr(err.text, advice) && !strchr(err.text, '\n'), "%s: %s", why, err.text);
    CHECK(set.n == -7 && !set.pixels, "the set was touched: %s", why);
    CHECK(!cifar_verify(folder, &err), "%s: verified", folder);
    arena_free(&arena);
}

TEST(load_refuses) {
    Arena arena = { 0 };
    Err err;
    const char *folder = check_folder(), *path = arena_print(&arena, "%s/test_batch.bin", folder);
    uint8_t *records = arena_zero(&arena, file_size + 1, 1);
    check_refused(folder, "test_batch.bin: No such file", "make data");
    write_file(path, records, 0);
    check_refused(folder, "test_batch.bin: 0 bytes came, 30730000 were wanted", "make data");
    write_file(path, records, file_size - 1);
    check_refused(folder, "test_batch.bin: 30729999 bytes came", "make data");
    write_file(path, records, file_size + 1);
    check_refused(folder, "test_batch.bin: 30730001 bytes came", "make data");
    records[17 * CIFAR_RECORD] = 10;
    write_file(path, records, file_size);
    check_refused(folder, "the label of picture 17 (byte 52241) is 10, 0 to 9 was wanted", "make data");
    check_refused(path, "test_batch.bin: Not a directory", "make data");
    remove(path);
    CHECK(folder_make(path, &err), "%s", err.text);
    check_refused(folder, "test_batch.bin: this is a folder", "make data");
    arena_free(&arena);
}

TEST(open_looks_in_turn) {
    Arena arena = { 0 };
    Cifar set;
    Err err;
    const char *folder = check_folder();
    char *nested = arena_print(&arena, "%s/cifar-10-batches-bin", folder);
    CHECK(folder_make(nested, &err), "%s", err.text);
    CHECK(setenv("CIFAR10_DIR", folder, 1) == 0 && chdir(folder) == 0, "%s", folder);
    CHECK(!cifar_open(&arena, CIFAR_TEST, &set, &err) && strstr(err.text, "CIFAR10_DIR is"), "%s", err.text);
    write_file(arena_print(&arena, "%s/test_batch.bin", nested), arena_zero(&arena, file_size, 1), file_size);
    CHECK(cifar_open(&arena, CIFAR_TEST, &set, &err) && !set.generated, "%s", err.text);
    CHECK(setenv("CIFAR10_DIR", nested, 1) == 0, "%s", nested);
    CHECK(cifar_open(&arena, CIFAR_TEST, &set, &err) && !set.generated, "%s", err.text);
    CHECK(unsetenv("CIFAR10_DIR") == 0, "%s", "unsetenv");
    CHECK(cifar_open(&arena, CIFAR_TEST, &set, &err) && set.generated && set.n == 10000, "%s", err.text);
    CHECK(strstr(cifar_notice(&set), "generated shapes"), "%s", cifar_notice(&set));
    CHECK(folder_make("data/cifar-10-batches-bin", &err), "%s", err.text);
    CHECK(!cifar_open(&arena, CIFAR_TEST, &set, &err) && strstr(err.text, "make data"), "%s", err.text);
    arena_free(&arena);
}

/* ---- the generated set ---------------------------------------------------------------------------------------- */

TEST(generated_set) {
    Arena arena = { 0 };
    Cifar one, many, train;
    thread_set_count(1);
    cifar_generate(&arena, CIFAR_TEST, 1000, &one);
    thread_set_count(3);
    cifar_generate(&arena, CIFAR_TEST, 1000, &many);
    cifar_generate(&arena, CIFAR_TRAIN, 1000, &train);
    size_t size = (size_t)one.n * CIFAR_NUMBERS;
    CHECK(!memcmp(one.pixels, many.pixels, size) && !memcmp(one.labels, many.labels, 1000), "%s", "threads matter");
    CHECK(memcmp(one.pixels, train.pixels, CIFAR_NUMBERS), "%s", "the parts begin with the same picture");
    int count[CIFAR_CLASSES] = { 0 }, in_order = 0;
    for (int i = 0; i < 1000; i++) {
        count[one.labels[i]]++;
        in_order += one.labels[i] == i % CIFAR_CLASSES;
    }
    for (int k = 0; k < CIFAR_CLASSES; k++) CHECK(count[k] == 100, "class %d has %d", k, count[k]);
    CHECK(in_order < 200, "%d labels in order", in_order);
    CHECK_STOPS(cifar_generate(&arena, CIFAR_TEST, 15, &one), EXIT_CONTRACT, "n is 15, want a positive multiple of 10");
    arena_free(&arena);
}

TEST(generated_names_are_true) {
    Arena arena = { 0 };
    Cifar set;
    double numbers[CIFAR_NUMBERS];
    uint8_t want[CIFAR_NUMBERS], got[CIFAR_NUMBERS];
    cifar_generate(&arena, CIFAR_TRAIN, 100, &set);
    for (int i = 0; i < set.n; i++) { /* drawn once more from its stream, by the words of its name */
        const char *name = set.names[set.labels[i]];
        Shape shape = SHAPE_CIRCLE;
        Rng rng = rng_seed(32, (uint64_t)i);
        while (!strstr(name, shape_name(shape))) shape = (Shape)(shape + 1);
        shapes_picture(&rng, shape, strstr(name, "red") ? COLOUR_RED : COLOUR_BLUE, (Canvas){ SIDE, numbers }, want);
        cifar_picture(&set, i, got);
        CHECK(!memcmp(want, got, sizeof got), "picture %d is no %s", i, name);
    }
    arena_free(&arena);
}

/* ---- batches -------------------------------------------------------------------------------------------------- */

/* n pictures in which red is the column, green the row, and blue the picture's number. */
static Cifar coordinates(Arena *arena, int n) {
    uint8_t *pixels = arena_alloc(arena, (size_t)n, CIFAR_NUMBERS), *p = pixels;
    for (int i = 0; i < n; i++) {
        for (int at = 0; at < PLANE; at++) *p++ = (uint8_t)(at % SIDE);
        for (int at = 0; at < PLANE; at++) *p++ = (uint8_t)(at / SIDE);
        for (int at = 0; at < PLANE; at++) *p++ = (uint8_t)i;
    }
    return (Cifar){ .n = n, .pixels = pixels, .labels = arena_zero(arena, (size_t)n, 1) };
}

/* The byte that a normalised number came from. */
static int byte_of(num value, int c) { return (int)lround(((double)value * cifar_deviation[c] + cifar_mean[c]) * 255); }

typedef struct {
    int column, row;
} Where;

static Where where(const num *out, int x, int y) {
    const num *pixel = out + 3 * (y * SIDE + x);
    return (Where){ byte_of(pixel[0], 0), byte_of(pixel[1], 1) };
}

static bool is_zero(const num *out, int x, int y) {
    const num *pixel = out + 3 * (y * SIDE + x);
    return pixel[0] == 0 && pixel[1] == 0 && pixel[2] == 0;
}

#define CHECK_PIXEL(out, x, y, c, r)                                                                                   \
    do {                                                                                                               \
        Where got = where(out, x, y);                                                                                  \
        bool right = got.column == (c) && got.row == (r);                                                              \
        CHECK(right, "(%d,%d) shows (%d,%d), want (%d,%d)", x, y, got.column, got.row, c, r);                          \
    } while (0)

TEST(batch_by_hand) {
    Arena arena = { 0 };
    Cifar set = coordinates(&arena, 4);
    num *out = arena_alloc(&arena, 2 * CIFAR_NUMBERS, sizeof *out);
    cifar_batch(&set, (int[]){ 3, 1 }, 2, NULL, out);
    CHECK_NEAR(out[0], (0 - 0.4914) / 0.2470, 1e-6);
    CHECK_NEAR(out[3 * 31], (31 / 255.0 - 0.4914) / 0.2470, 1e-6);
    CHECK_NEAR(out[3 * 31 + 1], (0 - 0.4822) / 0.2435, 1e-6);
    CHECK_NEAR(out[2], (3 / 255.0 - 0.4465) / 0.2616, 1e-6);
    CHECK_NEAR(out[CIFAR_NUMBERS + 2], (1 / 255.0 - 0.4465) / 0.2616, 1e-6);
    CHECK_PIXEL(out, 5, 9, 5, 9);
    cifar_batch(&set, (int[]){ 0 }, 1, &(Augment){ .mirror = MIRROR_ALWAYS }, out);
    CHECK_PIXEL(out, 0, 3, 31, 3);
    CHECK_PIXEL(out, 31, 4, 0, 4);
    cifar_batch(&set, (int[]){ 0 }, 1, &(Augment){ .dx = 2, .dy = -1 }, out); /* right and up, reflected */
    CHECK_PIXEL(out, 2, 0, 0, 1);
    CHECK_PIXEL(out, 1, 0, 1, 1); /* the border column 0 is not repeated */
    CHECK_PIXEL(out, 0, 30, 2, 31);
    CHECK_PIXEL(out, 31, 31, 29, 30);
    Augment zeros = { .dx = -3, .dy = 2, .edge = EDGE_ZERO, .mirror = MIRROR_ALWAYS };
    cifar_batch(&set, (int[]){ 0 }, 1, &zeros, out);
    CHECK_PIXEL(out, 0, 2, 28, 0);
    CHECK_PIXEL(out, 28, 31, 0, 29);
    CHECK(is_zero(out, 29, 31) && is_zero(out, 0, 1) && is_zero(out, 31, 0) && !is_zero(out, 28, 2), "%s", "edges");
    arena_free(&arena);
}

/* Where a walker is who starts at 0 and takes `steps` steps, turning round at 0 and 31. */
static int bounce(int steps) {
    int at = 0, direction = steps < 0 ? -1 : 1;
    for (int i = 0; i < abs(steps); i++) {
        if (at + direction < 0 || at + direction >= SIDE) direction = -direction;
        at += direction;
    }
    return at;
}

TEST(batch_against_a_slow_walk) {
    Arena arena = { 0 };
    Cifar set = coordinates(&arena, 1);
    num *out = arena_alloc(&arena, CIFAR_NUMBERS, sizeof *out);
    for (int mirror = 0; mirror < 2; mirror++)
        for (int d = -16; d <= 16; d++) {
            int dy = -d / 2 + 3 * mirror;
            Augment augment = { .mirror = mirror ? MIRROR_ALWAYS : MIRROR_NEVER, .dx = d, .dy = dy };
            cifar_batch(&set, (int[]){ 0 }, 1, &augment, out);
            for (int y = 0; y < SIDE; y++)
                for (int x = 0; x < SIDE; x++) {
                    int column = bounce(x - d), row = bounce(y - dy);
                    CHECK_PIXEL(out, x, y, mirror ? SIDE - 1 - column : column, row);
                }
        }
    arena_free(&arena);
}

TEST(batch_refuses) {
    Arena arena = { 0 };
    Cifar set = coordinates(&arena, 2);
    num out[CIFAR_NUMBERS];
    int zero = 0, two = 2;
    CHECK_STOPS(cifar_batch(&set, &two, 1, NULL, out), EXIT_CONTRACT, "picture 2, want 0 to 1");
    CHECK_STOPS(cifar_batch(&set, &zero, 1, &(Augment){ .shift = 16 }, out), EXIT_CONTRACT, "shift is 16, want 0 to");
    CHECK_STOPS(cifar_batch(&set, &zero, 1, &(Augment){ .dy = -17 }, out), EXIT_CONTRACT, "dy is -17, want -16 to 16");
    CHECK_STOPS(cifar_batch(&set, &zero, 1, &(Augment){ .cutout = 33 }, out), EXIT_CONTRACT, "cutout is 33");
    cifar_batch(&set, NULL, 0, NULL, NULL);
    cifar_batch(&set, &zero, 1, &(Augment){ .shift = 15, .dx = 16, .dy = -16 }, out);
    arena_free(&arena);
}

/* The choice made for a picture, read back from what came out. */
typedef struct {
    bool mirror;
    int dx, dy;
} Choice;

static Choice choice_of(const num *out) {
    Where middle = where(out, 16, 16), next = where(out, 17, 16);
    bool mirror = next.column < middle.column;
    return (Choice){ mirror, 16 - (mirror ? SIDE - 1 - middle.column : middle.column), 16 - middle.row };
}

enum { MANY = 4000 };

/* One epoch of the first MANY pictures, in batches of B. */
static void choices(const Cifar *set, const Augment *augment, int B, Choice *found) {
    Arena arena = { 0 };
    num *out = arena_alloc(&arena, (size_t)B * CIFAR_NUMBERS, sizeof *out);
    int *index = arena_alloc(&arena, (size_t)B, sizeof *index);
    for (int first = 0; first < MANY; first += B) {
        for (int b = 0; b < B; b++) index[b] = (first + b) * 7 % MANY;
        cifar_batch(set, index, B, augment, out);
        for (int b = 0; b < B; b++) found[index[b]] = choice_of(out + (size_t)b * CIFAR_NUMBERS);
    }
    arena_free(&arena);
}

static int same_mirror(const Choice *a, const Choice *b) {
    int same = 0;
    for (int i = 0; i < MANY; i++) same += a[i].mirror == b[i].mirror;
    return same;
}

TEST(augmentation_chance) {
    Arena arena = { 0 };
    Cifar set = coordinates(&arena, MANY);
    static Choice a[MANY], b[MANY], c[MANY];
    Augment augment = { .mirror = MIRROR_RANDOM, .shift = 2, .seed = 5, .epoch = 1 };
    choices(&set, &augment, 100, a);
    thread_set_count(3);
    choices(&set, &augment, 16, b);
    CHECK(!memcmp(a, b, sizeof a), "%s", "the batch or the threads matter");
    int mirrored = 0, place[5][5] = { { 0 } };
    for (int i = 0; i < MANY; i++) {
        mirrored += a[i].mirror;
        place[a[i].dy + 2][a[i].dx + 2]++;
    }
    CHECK(abs(mirrored - MANY / 2) < 130, "%d of %d mirrored", mirrored, MANY); /* 4 standard deviations */
    for (int dy = 0; dy < 5; dy++)
        for (int dx = 0; dx < 5; dx++) CHECK(abs(place[dy][dx] - MANY / 25) < 60, "%d: %d, %d", place[dy][dx], dx, dy);
    augment.epoch = 2;
    choices(&set, &augment, 100, b);
    CHECK(abs(same_mirror(a, b) - MANY / 2) < 130, "epochs 1 and 2 agree in %d", same_mirror(a, b));
    augment.shift = 0;
    choices(&set, &augment, 100, c);
    CHECK(same_mirror(b, c) == MANY, "%s", "without shifts the coins fall otherwise");
    augment.seed = 6;
    choices(&set, &augment, 100, c);
    CHECK(abs(same_mirror(b, c) - MANY / 2) < 130, "seeds 5 and 6 agree in %d", same_mirror(b, c));
    arena_free(&arena);
}

TEST(alternating_mirror) {
    Arena arena = { 0 };
    Cifar set = coordinates(&arena, MANY);
    static Choice epoch[3][MANY];
    for (uint32_t e = 0; e < 3; e++)
        choices(&set, &(Augment){ .mirror = MIRROR_ALTERNATE, .seed = 5, .epoch = e + 4 }, 100, epoch[e]);
    int mirrored = 0;
    for (int i = 0; i < MANY; i++) mirrored += epoch[0][i].mirror;
    CHECK(abs(mirrored - MANY / 2) < 130, "%d of %d mirrored", mirrored, MANY);
    CHECK(same_mirror(epoch[0], epoch[1]) == 0 && same_mirror(epoch[0], epoch[2]) == MANY, "%s", "not in turn");
    arena_free(&arena);
}

TEST(cutout_is_a_square) {
    Arena arena = { 0 };
    Cifar set = coordinates(&arena, 200);
    num *out = arena_alloc(&arena, CIFAR_NUMBERS, sizeof *out);
    int whole = 0, columns[SIDE] = { 0 };
    for (int i = 0; i < set.n; i++) {
        int zeros = 0, left = SIDE, right = -1, top = SIDE, bottom = -1;
        cifar_batch(&set, &i, 1, &(Augment){ .cutout = 5, .seed = 1 }, out);
        for (int at = 0; at < PLANE; at++) {
            int x = at % SIDE, y = at / SIDE;
            if (!is_zero(out, x, y)) continue;
            zeros++;
            left = MIN(left, x);
            right = MAX(right, x);
            top = MIN(top, y);
            bottom = MAX(bottom, y);
        }
        int width = right - left + 1, height = bottom - top + 1;
        CHECK(zeros == width * height && zeros >= 9, "picture %d: %d zeros in %d x %d", i, zeros, width, height);
        CHECK((width == 5 || left == 0 || right == 31) && width <= 5 && height <= 5, "%d x %d", width, height);
        whole += zeros == 25;
        columns[left]++;
    }
    CHECK(whole > 120 && whole < 190, "%d of 200 whole, 153 expected", whole); /* (28 / 32)^2 */
    for (int x = 0; x < 28; x++) CHECK(columns[x] < 40, "%d squares begin at column %d", columns[x], x);
    arena_free(&arena);
}

TEST(own_photograph_like_a_picture_of_the_set) {
    Arena arena = { 0 };
    Cifar set;
    uint8_t rgb[CIFAR_NUMBERS];
    num batch[CIFAR_NUMBERS], own[CIFAR_NUMBERS];
    cifar_generate(&arena, CIFAR_TEST, 10, &set);
    cifar_batch(&set, (int[]){ 7 }, 1, NULL, batch);
    cifar_picture(&set, 7, rgb);
    cifar_normalise(rgb, own);
    CHECK(!memcmp(batch, own, sizeof own), "%s", "they differ");
    CHECK_STOPS(cifar_picture(&set, -1, rgb), EXIT_CONTRACT, "picture -1, want 0 to 9");
    arena_free(&arena);
}

/* ---- the real ones, where they are ----------------------------------------------------------------------------- */

TEST(the_photographs) {
    Arena arena = { 0 };
    Cifar set;
    Err err;
    const char *folder = "data/cifar-10-batches-bin";
    if (!file_exists(folder)) check_skip("skipped: CIFAR-10 (make data)");
    CHECK(cifar_verify(folder, &err), "%s", err.text);
    CHECK(cifar_load(&arena, folder, CIFAR_TRAIN, &set, &err), "%s", err.text);
    CHECK(!strcmp(set.names[set.labels[0]], "frog"), "the first is a %s", set.names[set.labels[0]]);
    int count[CIFAR_CLASSES] = { 0 };
    double sum[3] = { 0 }, square[3] = { 0 }, n = (double)set.n * PLANE;
    for (int i = 0; i < set.n; i++) {
        const uint8_t *picture = set.pixels + (size_t)i * CIFAR_NUMBERS;
        uint64_t part[3] = { 0 }, part_square[3] = { 0 };
        for (int at = 0; at < CIFAR_NUMBERS; at++) {
            part[at / PLANE] += picture[at];
            part_square[at / PLANE] += (uint64_t)picture[at] * picture[at];
        }
        for (int c = 0; c < 3; c++) {
            sum[c] += (double)part[c];
            square[c] += (double)part_square[c];
        }
        count[set.labels[i]]++;
    }
    for (int k = 0; k < CIFAR_CLASSES; k++) CHECK(count[k] == 5000, "class %d has %d", k, count[k]);
    for (int c = 0; c < 3; c++) {
        double mean = sum[c] / n / 255;
        CHECK_NEAR(cifar_mean[c], mean, 6e-5);
        CHECK_NEAR(cifar_deviation[c], sqrt(square[c] / n / 65025 - mean * mean), 6e-5);
    }
    arena_free(&arena);
}

TESTS(md5_of_the_rfc, md5_around_the_block, record_by_hand, load_what_was_written, load_refuses, open_looks_in_turn,
      generated_set, generated_names_are_true, batch_by_hand, batch_against_a_slow_walk, batch_refuses,
      augmentation_chance, alternating_mirror, cutout_is_a_square, own_photograph_like_a_picture_of_the_set,
      the_photographs)
