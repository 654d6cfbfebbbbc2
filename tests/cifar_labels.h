/* The labels of CIFAR-10 in the package that `make data` fetches. For the tool that converts it and the fuzzer. */
#ifndef CIFAR_LABELS_H
#define CIFAR_LABELS_H

#include "dataset/cifar.h"
#include "formats/json.h"

/* The n labels of a file. */
typedef struct {
    const char *path;
    uint8_t *label;
    size_t n;
} CifarLabels;

/* Reads labels from a JSON list, "[6,9,0]". Fails when an element is no integer from 0 to 9. *labels is set only on
 * success. Owner: the arena. */
static bool cifar_labels_read(Arena *arena, const char *path, CifarLabels *labels, Err *err) {
    File file;
    long long label;
    if (!file_open(&file, path, err)) return false;
    CifarLabels got = { .path = path, .label = arena_alloc(arena, file.size, 1) }; /* a label has at least one byte */
    Json json = json_begin(NULL, (const char *)file.data, file.size, path, err);
    json_array(&json);
    while (json_item(&json))
        if (json_int(&json, 0, CIFAR_CLASSES - 1, &label)) got.label[got.n++] = (uint8_t)label;
    bool ok = json_end(&json);
    file_close(&file);
    if (ok) *labels = got;
    return ok;
}

#endif
