#include "photos.h"

#include "core/file.h"
#include "formats/image_file.h"

#include <stdlib.h>
#include <string.h>

enum { PHOTOS_MAX = 100 };

const char *photos_folder(void) {
    const char *folder = getenv("CLIP_PHOTOS");
    return folder && *folder ? folder : "data/photos";
}

/* The line at `at` without its end, on the arena; moves `at` behind it. */
static char *line_take(Arena *arena, File file, size_t *at) {
    const char *text = (const char *)file.data + *at;
    const char *end = memchr(text, '\n', file.size - *at);
    int length = (int)(end ? (size_t)(end - text) : file.size - *at);
    *at += (size_t)length + (end ? 1 : 0);
    return arena_print(arena, "%.*s", length, text);
}

static bool photo_add(Photos *photos, Arena *arena, char *line, const char *folder, Err *err) {
    char *name = line + strcspn(line, " \t");
    if (*name) *name++ = '\0';
    name += strspn(name, " \t");
    if (!*name) return err_set(err, "\"%s\" has no text behind it", line);
    const char *path = arena_print(arena, "%s/%s", folder, line);
    if (!file_exists(path)) return true;
    if (!image_read(arena, path, &photos->image[photos->n], err)) return false;
    photos->name[photos->n] = name;
    photos->path[photos->n++] = path;
    return true;
}

bool photos_read(Photos *photos, Arena *arena, const char *list, const char *folder, Err *err) {
    File file;
    Err reason;
    *photos = (Photos){ 0 };
    if (!file_exists(list)) return true;
    if (!file_open(&file, list, err)) return false;
    *photos = (Photos){ .image = arena_alloc(arena, PHOTOS_MAX, sizeof *photos->image) };
    photos->name = arena_alloc(arena, PHOTOS_MAX, sizeof *photos->name);
    photos->path = arena_alloc(arena, PHOTOS_MAX, sizeof *photos->path);
    bool ok = true;
    for (size_t at = 0; ok && at < file.size;) {
        char *line = line_take(arena, file, &at);
        if (!*line || *line == '#') continue;
        ok = photos->n < PHOTOS_MAX ? photo_add(photos, arena, line, folder, &reason)
                                    : err_set(&reason, "more than %d photographs", PHOTOS_MAX);
    }
    file_close(&file);
    return ok ? true : err_set(err, "%s: %s", list, reason.text);
}
