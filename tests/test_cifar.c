/* cifar: the published files and the damaged ones, the generated set, and which set a lesson gets. */
#include "core/arena.h"
#include "core/file.h"
#include "core/rng.h"
#include "core/thread.h"
#include "dataset/augment.h"
#include "dataset/shapes.h"
#include "formats/hash.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIDE = CIFAR_SIDE, PLANE = SIDE * SIDE };
static const size_t file_size = (size_t)CIFAR_PER_FILE * CIFAR_RECORD;

/* ---- files ------------------------------------------------------------------------------------------------------ */

static void write_file(const char *path, const uint8_t *data, size_t size) {
    Err err;
    OutFile out;
    CHECK(out_open(&out, path, &err), "%s", err.text);
    out_write(&out, data, size);
    CHECK(out_commit(&out, &err), "%s", err.text);
}

/* A file of records of zeros, but the labels of the first and the last one, and its last byte, are `value`. */
static void write_ends(const char *path, int value) {
    FILE *f = fopen(path, "wb");
    const long at[] = { 0, (CIFAR_PER_FILE - 1) * (long)CIFAR_RECORD, (long)file_size - 1 };
    CHECK(f != NULL, "%s", path);
    for (size_t i = 0; i < COUNT(at); i++) CHECK(fseek(f, at[i], SEEK_SET) == 0 && putc(value, f) == value, "%s", path);
    CHECK(fclose(f) == 0, "%s", path);
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
    for (int i = 0; i < 5; i++) write_ends(arena_print(&arena, "%s/%s", folder, cifar_files[i].name), i);
    CHECK(cifar_load(&arena, folder, CIFAR_TRAIN, &got, &err), "%s", err.text);
    CHECK(got.n == 50000 && got.labels[49999] == 4, "n %d", got.n);
    CHECK(got.labels[9999] == 0 && got.labels[10000] == 1, "%s", "the files are not in order");
    CHECK(got.pixels[(size_t)got.n * CIFAR_NUMBERS - 1] == 4, "%s", "to the last byte");
    CHECK(!cifar_verify(folder, cifar_files, false, &err) && strstr(err.text, "data_batch_1.bin: its MD5 sum is"), "%s",
          err.text);
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
    CHECK(!cifar_verify(folder, cifar_files, false, &err), "%s: verified", folder);
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

/* The lent bytes are what a sum would be computed of; the sizes and times are those of the disk. */
TEST(verified_once) {
    Arena arena = { 0 };
    Err err = { "" };
    const char *folder = check_folder(), *damaged = arena_print(&arena, "%s/%s", folder, cifar_files[0].name);
    const char *note = arena_print(&arena, "%s/.verified", folder);
    uint8_t *records = arena_zero(&arena, file_size, 1), *other = arena_zero(&arena, file_size, 1);
    char zeros[MD5_HEX];
    CifarFile files[CIFAR_FILES];
    md5_hex(records, file_size, zeros);
    for (int i = 0; i < CIFAR_FILES; i++) {
        files[i] = (CifarFile){ cifar_files[i].name, zeros };
        write_file(arena_print(&arena, "%s/%s", folder, files[i].name), records, file_size);
    }
    other[5] = 1;
    CHECK(!file_exists(note) && cifar_verify(folder, files, true, &err) && file_exists(note), "%s", err.text);
    file_mock(damaged, other, file_size);
    CHECK(cifar_verify(folder, files, true, &err), "the sums were computed again: %s", err.text);
    CHECK(!cifar_verify(folder, files, false, &err), "%s", "no sum was computed");
    CHECK(!cifar_verify(folder, cifar_files, true, &err), "%s", "another sum was wanted, and none was computed");
    file_mock(NULL, NULL, 0);
    write_file(damaged, other, file_size); /* the same size, another time */
    CHECK(!cifar_verify(folder, files, true, &err) && strstr(err.text, "data_batch_1.bin: its MD5"), "%s", err.text);
    write_file(damaged, records, file_size);
    remove(note);
    CHECK(cifar_verify(folder, files, false, &err) && !file_exists(note), "%s", err.text);
    write_file(note, records, 1);
    file_mock(damaged, other, file_size);
    CHECK(!cifar_verify(folder, files, true, &err), "%s", "a damaged note was believed");
    file_mock(NULL, NULL, 0);
    remove(note);
    CHECK(folder_make(note, &err) && cifar_verify(folder, files, true, &err), "no note can be written: %s", err.text);
    arena_free(&arena);
}

/* ---- the generated set ------------------------------------------------------------------------------------------ */

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

/* ---- the real ones, where they are ------------------------------------------------------------------------------ */

TEST(the_photographs) {
    Arena arena = { 0 };
    Cifar set;
    Err err;
    const char *folder = "data/cifar-10-batches-bin";
    if (!file_exists(folder)) check_skip("skipped: CIFAR-10 (make data)");
    CHECK(cifar_verify(folder, cifar_files, false, &err), "%s", err.text);
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

TESTS(record_by_hand, load_what_was_written, load_refuses, verified_once, open_looks_in_turn, generated_set,
      generated_names_are_true, the_photographs)
