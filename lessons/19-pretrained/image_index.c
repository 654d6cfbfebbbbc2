#include "image_index.h"
#include "core/arena.h"
#include "core/file.h"

#include "formats/image_convert.h"
#include "show/progress.h"
#include "formats/hash.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SUM = 32, BATCH = 16, HEAD = 1 << 20 };

typedef struct {
    uint8_t byte[SUM];
} Sum;

static Sum sum_of(const void *data, size_t size) {
    char hex[SHA256_HEX], two[3] = "";
    Sum sum;
    sha256_hex(data, size, hex);
    for (int i = 0; i < SUM; i++) {
        memcpy(two, hex + 2 * i, 2);
        sum.byte[i] = (uint8_t)strtoul(two, NULL, 16);
    }
    return sum;
}

/* ---- the cache: vectors by sum, sorted --------------------------------------------------------------------------- */

typedef struct {
    Sum sum;
    const num *feature;
} Entry;
typedef struct {
    int count, room;
    Entry *entries;
} Cache;

static int entry_order(const void *a, const void *b) {
    return memcmp(((const Entry *)a)->sum.byte, ((const Entry *)b)->sum.byte, SUM);
}

static const num *cache_find(const Cache *cache, Sum sum) {
    Entry wanted = { .sum = sum };
    const Entry *found = bsearch(&wanted, cache->entries, (size_t)cache->count, sizeof wanted, entry_order);
    return found ? found->feature : NULL;
}

/* What tells one model from another: size and beginning of its file, and how it is used. */
static const char *model_name(Arena *arena, const Encoder *encoder) {
    if (encoder->tiny) return "tiny";
    File file = encoder->clip.weights.file;
    char hex[SHA256_HEX];
    sha256_hex(file.data, MIN(file.size, (size_t)HEAD), hex);
    return arena_print(arena, "%s %zu %s", hex, file.size, encoder->clip.notes);
}

/* The entries of a cache that this model made; with none, *cache stays empty. */
static bool cache_take(Cache *cache, Arena *arena, const Safetensors *file, const char *path, const char *model, int E,
                       Err *err) {
    const char *maker = safetensors_meta(file, "model");
    const Tensor *features = safetensors_find(file, "features"), *sums = safetensors_find(file, "sums");
    if (!maker || !features || !sums) return err_set(err, "%s: this is no cache of pictures", path);
    if (strcmp(maker, model)) return true;
    int n = features->shape[0];
    bool pairs = features->dims == 2 && features->shape[1] == E && sums->dims == 2 && sums->shape[0] == n;
    if (!pairs || sums->shape[1] != SUM || sums->dtype != DTYPE_U8)
        return err_set(err, "%s: the cache has %s vectors and %s sums", path, tensor_shape_text(features),
                       tensor_shape_text(sums));
    Mat m = mat_new(arena, n, E);
    if (!tensor_to_mat(features, m, err)) return false;
    cache->entries = arena_alloc(arena, (size_t)n, sizeof *cache->entries);
    for (int i = 0; i < n; i++) {
        memcpy(cache->entries[i].sum.byte, sums->data + (size_t)i * SUM, SUM);
        cache->entries[i].feature = &AT(m, i, 0);
    }
    cache->count = n;
    qsort(cache->entries, (size_t)n, sizeof *cache->entries, entry_order);
    return true;
}

static Cache cache_read(Arena *arena, const char *path, const char *model, int E) {
    Cache cache = { 0 };
    Safetensors file;
    Err err;
    if (!file_exists(path)) return cache;
    bool opened = safetensors_open(&file, arena, path, &err);
    if (!opened || !cache_take(&cache, arena, &file, path, model, E, &err)) {
        cache = (Cache){ 0 };
        fprintf(stderr, "%s; it is made anew\n", err.text);
    }
    if (opened) safetensors_close(&file);
    return cache;
}

static bool cache_write(Arena *arena, const Cache *cache, const char *path, const char *model, int E, Err *err) {
    SafetensorsOut out = safetensors_begin(arena);
    Mat features = mat_new(arena, cache->count, E);
    int *sums = arena_alloc(arena, size_mul((size_t)cache->count, SUM) + 1, sizeof *sums);
    for (int i = 0; i < cache->count; i++) {
        memcpy(&AT(features, i, 0), cache->entries[i].feature, (size_t)E * sizeof(num));
        for (int b = 0; b < SUM; b++) sums[i * SUM + b] = cache->entries[i].sum.byte[b];
    }
    safetensors_add_meta(&out, "model", model);
    safetensors_add(&out, "features", DTYPE_F32, features);
    safetensors_add_ints(&out, "sums", DTYPE_U8, (TensorShape){ 2, { cache->count, SUM } }, sums);
    return safetensors_write(&out, path, err);
}

/* ---- the folder -------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name, *path;
    Sum sum;
    const num *feature;
} Picture;
typedef struct {
    int count, unread;
    Picture *list;
} Pictures;

static int visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

/* All files with their sums. Those that cannot be opened are said and counted. */
static bool folder_list(Pictures *pictures, Arena *arena, const char *folder, Err *err) {
    struct dirent **entries;
    int count = scandir(folder, &entries, visible, NULL);
    if (count < 0) return err_set(err, "%s: %s", folder, strerror(errno));
    *pictures = (Pictures){ .list = arena_alloc(arena, (size_t)count + 1, sizeof *pictures->list) };
    for (int i = 0; i < count; i++) {
        Picture p = { .name = arena_text(arena, entries[i]->d_name) };
        p.path = arena_print(arena, "%s/%s", folder, p.name);
        free(entries[i]);
        if (folder_exists(p.path)) continue;
        File file;
        Err why;
        if (!file_open(&file, p.path, &why)) {
            fprintf(stderr, "skipped: %s\n", why.text);
            pictures->unread++;
            continue;
        }
        p.sum = sum_of(file.data, file.size);
        file_close(&file);
        pictures->list[pictures->count++] = p;
    }
    free(entries);
    return true;
}

static int name_order(const void *a, const void *b) {
    return strcmp(((const Picture *)a)->name, ((const Picture *)b)->name);
}

/* Encodes pictures[which[0..n)], those of them that are pictures. */
static void batch_encode(Arena *arena, Encoder *encoder, Pictures pictures, const int *which, int n) {
    Arena scratch = { 0 };
    Image images[BATCH];
    int good[BATCH], count = 0;
    for (int i = 0; i < n; i++) {
        Err err;
        if (image_read_any(&scratch, pictures.list[which[i]].path, &images[count], &err)) good[count++] = which[i];
        else {
            progress_clear();
            fprintf(stderr, "skipped: %s\n", err.text);
        }
    }
    Mat features = encoder_images(encoder, arena, images, count, NULL, NULL);
    for (int i = 0; i < count; i++) pictures.list[good[i]].feature = &AT(features, i, 0);
    arena_free(&scratch);
}

/* Those that the cache lacks; the same contents twice are encoded twice, which does no harm. */
static void missing_encode(Arena *arena, Encoder *encoder, Pictures pictures) {
    int *which = arena_alloc(arena, (size_t)pictures.count + 1, sizeof *which), n = 0;
    for (int i = 0; i < pictures.count; i++)
        if (!pictures.list[i].feature) which[n++] = i;
    Progress progress = progress_begin("pictures", n, "img/s");
    for (int start = 0; start < n; start += BATCH) {
        batch_encode(arena, encoder, pictures, which + start, MIN(BATCH, n - start));
        progress_update(&progress, MIN(start + BATCH, n));
    }
    progress_end(&progress);
}

/* The old entries and the new ones, each sum once. */
static Cache cache_join(Arena *arena, const Cache *old, Pictures pictures) {
    Cache all = { .entries = arena_alloc(arena, (size_t)(old->count + pictures.count) + 1, sizeof *all.entries) };
    for (int i = 0; i < old->count; i++) all.entries[all.count++] = old->entries[i];
    for (int i = 0; i < pictures.count; i++)
        if (pictures.list[i].feature)
            all.entries[all.count++] = (Entry){ pictures.list[i].sum, pictures.list[i].feature };
    if (all.count) qsort(all.entries, (size_t)all.count, sizeof *all.entries, entry_order);
    int kept = 0;
    for (int i = 0; i < all.count; i++)
        if (kept == 0 || entry_order(&all.entries[kept - 1], &all.entries[i])) all.entries[kept++] = all.entries[i];
    all.count = kept;
    return all;
}

bool image_index_open(ImageIndex *index, Arena *arena, const char *folder, const char *cache, Encoder *encoder,
                      Err *err) {
    int E = encoder->clip.config.image.embed;
    const char *model = model_name(arena, encoder);
    Pictures pictures = { 0 };
    if (!folder_list(&pictures, arena, folder, err)) return false;
    if (pictures.count) qsort(pictures.list, (size_t)pictures.count, sizeof *pictures.list, name_order);
    Cache old = cache_read(arena, cache, model, E);
    ImageIndex g = { .names = arena_alloc(arena, (size_t)pictures.count + 1, sizeof *g.names) };
    for (int i = 0; i < pictures.count; i++)
        if (old.count && (pictures.list[i].feature = cache_find(&old, pictures.list[i].sum))) g.cached++;
    missing_encode(arena, encoder, pictures);
    g.features = mat_new(arena, pictures.count, E);
    for (int i = 0; i < pictures.count; i++) {
        if (!pictures.list[i].feature) continue;
        memcpy(&AT(g.features, g.n, 0), pictures.list[i].feature, (size_t)E * sizeof(num));
        g.names[g.n++] = pictures.list[i].name;
    }
    g.features.shape[0] = g.n;
    g.encoded = g.n - g.cached;
    g.skipped = pictures.count - g.n + pictures.unread;
    Cache all = cache_join(arena, &old, pictures);
    if (g.encoded > 0 && !cache_write(arena, &all, cache, model, E, err)) return false;
    *index = g;
    return true;
}
