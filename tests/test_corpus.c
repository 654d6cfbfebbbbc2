/* corpus: every small file of tests/corpus, and damaged copies of it, through the reader it is meant for. */
#include "../lib/bpe.h"
#include "../lib/image.h"
#include "../lib/rng.h"
#include "../lib/safetensors.h"
#include "check.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE_MOST = 1 << 16, COPIES = 200 };

typedef bool (*Reader)(Arena *arena, const char *path, Err *err);

static bool read_weights(Arena *arena, const char *path, Err *err) {
    Safetensors s;
    if (!safetensors_open(&s, arena, path, err)) return false;
    for (int i = 0; i < s.count; i++) {
        const Tensor *t = &s.tensors[i];
        num *numbers = arena_alloc(arena, t->count + 1, sizeof *numbers);
        int *ints = arena_alloc(arena, t->count + 1, sizeof *ints);
        if (!tensor_to_nums(t, numbers, t->count, NULL)) tensor_to_ints(t, ints, t->count, NULL);
    }
    safetensors_close(&s);
    return true;
}

static bool read_vocabulary(Arena *arena, const char *path, Err *err) {
    Bpe bpe;
    return bpe_read(&bpe, arena, path, err);
}

static bool read_picture(Arena *arena, const char *path, Err *err) {
    Image image;
    if (!image_read(arena, path, &image, err)) return false;
    image_clip_crop(arena, image, 16);
    return true;
}

static void check_read(Reader reader, const char *path, const char *what) {
    Arena arena = { 0 };
    Err err = { "" };
    bool ok = reader(&arena, path, &err);
    CHECK(ok || (err.text[0] && !strpbrk(err.text, "\n\r\x1b")), "%s: \"%s\"", what, err.text);
    CHECK(arena_held(&arena) < (size_t)1 << 28, "%s: %zu bytes were taken", what, arena_held(&arena));
    arena_free(&arena);
}

/* Some of: a byte changed, a piece doubled, a piece left out, a number made extreme, the end cut off. */
static size_t damage(Rng *rng, uint8_t *data, size_t size) {
    static const uint8_t extremes[] = { 0, 1, 0x7f, 0x80, 0xff, '0', '9', '"', '{', ' ', '\n' };
    for (uint32_t times = 1 + rng_below(rng, 4); times > 0 && size > 0; times--) {
        size_t at = rng_below(rng, (uint32_t)size), length = 1 + rng_below(rng, (uint32_t)MIN(size - at, (size_t)16));
        switch (rng_below(rng, 6)) {
        case 0: data[at] ^= (uint8_t)(1 << rng_below(rng, 8)); break;
        case 1: data[at] = (uint8_t)rng_below(rng, 256); break;
        case 2: memset(data + at, extremes[rng_below(rng, COUNT(extremes))], length); break;
        case 3: memmove(data + at, data + at + length, size - at - length), size -= length; break;
        case 4:
            if (size + length > 2 * SIZE_MOST) break;
            memmove(data + at + length, data + at, size - at), size += length;
            break;
        default: size = at; break;
        }
    }
    return size;
}

static void check_file(Reader reader, const char *path, Rng *rng) {
    static uint8_t original[SIZE_MOST], copy[2 * SIZE_MOST + 16];
    char damaged[1100];
    File file;
    Err err;
    CHECK(file_open(&file, path, &err), "%s", err.text);
    CHECK(file.size <= SIZE_MOST, "%s has %zu bytes", path, file.size);
    size_t whole = file.size;
    if (whole) memcpy(original, file.data, whole);
    file_close(&file);
    check_read(reader, path, path);
    snprintf(damaged, sizeof damaged, "%s/damaged", check_folder());
    for (int i = 0; i < COPIES; i++) {
        memcpy(copy, original, whole);
        size_t size = damage(rng, copy, whole);
        FILE *stream = fopen(damaged, "wb"); /* not an OutFile: those wait for the disk */
        CHECK(stream && fwrite(copy, 1, size, stream) == size && fclose(stream) == 0, "%s", damaged);
        check_read(reader, damaged, path);
    }
}

static void check_corpus(const char *name, Reader reader) {
    Rng rng = rng_seed(1, 0);
    Arena arena = { 0 };
    const char *path = arena_print(&arena, "tests/corpus/%s", name);
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0) check_skip("%s is not there; run this from the top folder", path);
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.')
            check_file(reader, arena_print(&arena, "%s/%s", path, entries[i]->d_name), &rng);
        free(entries[i]);
    }
    free(entries);
    arena_free(&arena);
    CHECK(count > 10, "only %d files in %s", count, path);
}

TEST(corpus_safetensors) { check_corpus("safetensors", read_weights); }
TEST(corpus_vocabulary) { check_corpus("vocabulary", read_vocabulary); }
TEST(corpus_pictures) { check_corpus("pictures", read_picture); }

TESTS(corpus_safetensors, corpus_vocabulary, corpus_pictures)
