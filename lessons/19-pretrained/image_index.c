#include "image_index.h"

#include "formats/hash.h"
#include "formats/image_convert.h"
#include "show/progress.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH = 16, MODEL_START = 1 << 20 };

/* ---- the cache: vectors, sorted by sum -------------------------------------------------------------------------- */

typedef struct {
    uint8_t sum[SHA256_BYTES];
    const num *feature; /* [E] */
} Entry;
typedef struct {
    int count;
    Entry *entries;
} Cache;

static int entry_order(const void *a, const void *b) {
    return memcmp(((const Entry *)a)->sum, ((const Entry *)b)->sum, SHA256_BYTES);
}

static const num *cache_find(const Cache *cache, const Entry *wanted) {
    if (cache->count == 0) return NULL;
    const Entry *found = bsearch(wanted, cache->entries, (size_t)cache->count, sizeof *wanted, entry_order);
    return found ? found->feature : NULL;
}

/* Identifies a model: size and first MB of its file, and how it is used. */
static const char *model_name(Arena *arena, const Encoder *encoder) {
    if (encoder->tiny) return "tiny";
    File file = encoder->clip.weights.file;
    char hex[SHA256_HEX];
    sha256_hex(file.data, MIN(file.size, (size_t)MODEL_START), hex);
    return arena_print(arena, "%s %zu %s", hex, file.size, encoder->clip.notes);
}

/* Reads the entries of an open cache file; the cache of another model leaves *cache empty. */
static bool entries_read(Cache *cache, Arena *arena, const Safetensors *file, const char *path, const char *model,
                         int E, Err *err) {
    const char *maker = safetensors_meta(file, "model");
    const Tensor *features = safetensors_find(file, "features"), *sums = safetensors_find(file, "sums");
    if (!maker || !features || !sums) return err_set(err, "%s: this is no cache of pictures", path);
    if (strcmp(maker, model)) return true;
    int n = features->shape[0];
    bool fits = features->dims == 2 && features->shape[1] == E && sums->dims == 2 && sums->shape[0] == n;
    if (!fits || sums->shape[1] != SHA256_BYTES || sums->dtype != DTYPE_U8)
        return err_set(err, "%s: the cache has %s vectors and %s sums", path, tensor_shape_text(features),
                       tensor_shape_text(sums));
    Mat m = mat_new(arena, n, E);
    if (!tensor_to_mat(features, m, err)) return false;
    cache->entries = arena_alloc(arena, (size_t)n, sizeof *cache->entries);
    for (int i = 0; i < n; i++) {
        memcpy(cache->entries[i].sum, sums->data + (size_t)i * SHA256_BYTES, SHA256_BYTES);
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
    if (!opened || !entries_read(&cache, arena, &file, path, model, E, &err)) {
        cache = (Cache){ 0 };
        fprintf(stderr, "%s; it is made anew\n", err.text);
    } else safetensors_warn(&file, path);
    if (opened) safetensors_close(&file);
    return cache;
}

static bool cache_write(Arena *arena, const Cache *cache, const char *path, const char *model, int E, Err *err) {
    SafetensorsOut out = safetensors_begin(arena);
    Mat features = mat_new(arena, cache->count, E);
    int *sums = arena_alloc(arena, size_mul((size_t)cache->count, SHA256_BYTES) + 1, sizeof *sums);
    for (int i = 0; i < cache->count; i++) {
        memcpy(&AT(features, i, 0), cache->entries[i].feature, (size_t)E * sizeof(num));
        for (int b = 0; b < SHA256_BYTES; b++) sums[i * SHA256_BYTES + b] = cache->entries[i].sum[b];
    }
    safetensors_add_meta(&out, "model", model);
    safetensors_add(&out, "features", DTYPE_F32, features);
    safetensors_add_ints(&out, "sums", DTYPE_U8, (TensorShape){ 2, { cache->count, SHA256_BYTES } }, sums);
    return safetensors_write(&out, path, err);
}

/* ---- the folder ------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name, *path;
    Entry entry; /* feature NULL: not encoded */
} Picture;
typedef struct {
    int count, unread;
    Picture *list;
} Pictures;

static void skip(const Err *err) {
    progress_clear();
    fprintf(stderr, "skipped: %s\n", err->text);
}

/* All files with their sums; `unread` counts those that cannot be opened. */
static bool pictures_list(Pictures *pictures, Arena *arena, const char *folder, Err *err) {
    const char **names = NULL;
    int count = 0;
    if (!folder_files(arena, folder, &names, &count, err)) return false;
    *pictures = (Pictures){ .list = arena_alloc(arena, (size_t)count + 1, sizeof *pictures->list) };
    for (int i = 0; i < count; i++) {
        Picture p = { .name = names[i], .path = arena_print(arena, "%s/%s", folder, names[i]) };
        File file;
        Err why;
        if (!file_open(&file, p.path, &why)) {
            skip(&why);
            pictures->unread++;
            continue;
        }
        sha256_bytes(file.data, file.size, p.entry.sum);
        file_close(&file);
        pictures->list[pictures->count++] = p;
    }
    return true;
}

/* Encodes the pictures which[0..n) of the list. */
static void batch_encode(Arena *arena, Encoder *encoder, Pictures pictures, const int *which, int n) {
    Arena scratch = { 0 };
    Image images[BATCH];
    int good[BATCH], count = 0;
    for (int i = 0; i < n; i++) {
        Err err;
        if (image_read_any(&scratch, pictures.list[which[i]].path, &images[count], &err)) good[count++] = which[i];
        else skip(&err);
    }
    Mat features = encoder_images(encoder, arena, images, count, NULL, NULL);
    for (int i = 0; i < count; i++) pictures.list[good[i]].entry.feature = &AT(features, i, 0);
    arena_free(&scratch);
}

/* Encodes those without a vector. Two files of the same contents are both encoded. */
static void missing_encode(Arena *arena, Encoder *encoder, Pictures pictures) {
    int *which = arena_alloc(arena, (size_t)pictures.count + 1, sizeof *which), n = 0;
    for (int i = 0; i < pictures.count; i++)
        if (!pictures.list[i].entry.feature) which[n++] = i;
    Progress progress = progress_begin("pictures", n, "img/s");
    for (int start = 0; start < n; start += BATCH) {
        batch_encode(arena, encoder, pictures, which + start, MIN(BATCH, n - start));
        progress_update(&progress, MIN(start + BATCH, n));
    }
    progress_end(&progress);
}

/* The old and the new entries, each sum once. */
static Cache cache_join(Arena *arena, const Cache *old, Pictures pictures) {
    Cache all = { .entries = arena_alloc(arena, (size_t)(old->count + pictures.count) + 1, sizeof *all.entries) };
    for (int i = 0; i < old->count; i++) all.entries[all.count++] = old->entries[i];
    for (int i = 0; i < pictures.count; i++)
        if (pictures.list[i].entry.feature) all.entries[all.count++] = pictures.list[i].entry;
    qsort(all.entries, (size_t)all.count, sizeof *all.entries, entry_order);
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
    if (!pictures_list(&pictures, arena, folder, err)) return false;
    Cache old = cache_read(arena, cache, model, E);
    ImageIndex made = { .names = arena_alloc(arena, (size_t)pictures.count + 1, sizeof *made.names) };
    for (int i = 0; i < pictures.count; i++) {
        Entry *entry = &pictures.list[i].entry;
        entry->feature = cache_find(&old, entry);
        made.cached += entry->feature != NULL;
    }
    missing_encode(arena, encoder, pictures);
    made.features = mat_new(arena, pictures.count, E);
    for (int i = 0; i < pictures.count; i++) {
        if (!pictures.list[i].entry.feature) continue;
        memcpy(&AT(made.features, made.n, 0), pictures.list[i].entry.feature, (size_t)E * sizeof(num));
        made.names[made.n++] = pictures.list[i].name;
    }
    made.features.shape[0] = made.n;
    made.encoded = made.n - made.cached;
    made.skipped = pictures.count - made.n + pictures.unread;
    Cache all = cache_join(arena, &old, pictures);
    if (made.encoded > 0 && !cache_write(arena, &all, cache, model, E, err)) return false;
    *index = made;
    return true;
}
