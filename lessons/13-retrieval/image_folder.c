#include "image_folder.h"
#include "core/arena.h"
#include "core/file.h"

#include "formats/image_convert.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct NameNode {
    struct NameNode *next;
    const char *name;
} NameNode;

static int name_order(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* The names of the files, sorted, on the arena. */
static bool names_read(Arena *arena, const char *folder, const char ***names, int *count, Err *err) {
    DIR *dir = opendir(folder);
    if (!dir) return err_set(err, "%s: %s; a folder of pictures was wanted", folder, strerror(errno));
    NameNode *last = NULL;
    *count = 0;
    errno = 0; /* readdir alone says by it that this is not the end */
    for (struct dirent *entry; (entry = readdir(dir)) != NULL; errno = 0) {
        if (entry->d_name[0] == '.' || folder_exists(arena_print(arena, "%s/%s", folder, entry->d_name))) continue;
        NameNode *node = arena_alloc(arena, 1, sizeof *node);
        *node = (NameNode){ last, arena_text(arena, entry->d_name) };
        last = node;
        ++*count;
    }
    int why = errno;
    closedir(dir);
    if (why) return err_set(err, "%s: the folder cannot be read to its end: %s", folder, strerror(why));
    *names = arena_alloc(arena, (size_t)*count, sizeof **names);
    int i = *count;
    for (const NameNode *node = last; node; node = node->next) (*names)[--i] = node->name;
    if (*count > 0) qsort(*names, (size_t)*count, sizeof **names, name_order);
    return true;
}

static bool add_picture(Arena *work, const char *path, uint8_t *pixels) {
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

bool image_folder_open(ImageFolder *photos, Arena *arena, const char *folder, Err *err) {
    static const char *const no_names[CIFAR_CLASSES] = { "", "", "", "", "", "", "", "", "", "" };
    const char **names = NULL;
    int count = 0, n = 0;
    if (!names_read(arena, folder, &names, &count, err)) return false;
    uint8_t *pixels = arena_alloc(arena, (size_t)count, CIFAR_NUMBERS);
    Arena work = { 0 };
    for (int i = 0; i < count; i++) {
        if (add_picture(&work, arena_print(&work, "%s/%s", folder, names[i]), pixels + (size_t)n * CIFAR_NUMBERS))
            names[n++] = names[i];
        arena_reset(&work);
    }
    arena_free(&work);
    *photos = (ImageFolder){
        .set = { .n = n, .pixels = pixels, .labels = arena_zero(arena, (size_t)count, 1), .names = no_names },
        .files = names,
        .skipped = count - n
    };
    return true;
}
