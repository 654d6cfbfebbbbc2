#include "image_folder.h"

#include "formats/image_convert.h"

#include <string.h>

static bool picture_add(Arena *work, const char *path, uint8_t *pixels) {
    Image image;
    Err err;
    uint8_t record[CIFAR_RECORD];
    if (!image_read_any(work, path, &image, &err)) {
        fprintf(stderr, "left out: %s\n", err.text);
        return false;
    }
    cifar_record(image_clip_crop(work, image, CIFAR_SIDE).rgb, 0, record);
    memcpy(pixels, record + 1, CIFAR_NUMBERS);
    return true;
}

bool image_folder_open(ImageFolder *images, Arena *arena, const char *folder, Err *err) {
    static const char *const no_names[CIFAR_CLASSES] = { "", "", "", "", "", "", "", "", "", "" };
    const char **names = NULL;
    int count = 0, n = 0;
    if (!folder_files(arena, folder, &names, &count, err)) return false;
    uint8_t *pixels = arena_alloc(arena, (size_t)count, CIFAR_NUMBERS);
    Arena work = { 0 };
    for (int i = 0; i < count; i++) {
        if (picture_add(&work, arena_print(&work, "%s/%s", folder, names[i]), pixels + (size_t)n * CIFAR_NUMBERS))
            names[n++] = names[i];
        arena_reset(&work);
    }
    arena_free(&work);
    *images = (ImageFolder){ .files = names, .skipped = count - n };
    images->set = (Cifar){ .n = n, .pixels = pixels, .labels = arena_zero(arena, (size_t)count, 1), .names = no_names };
    return true;
}
