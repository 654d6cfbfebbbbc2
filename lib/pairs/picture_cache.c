#include "pairs/picture_cache.h"

#include "core/file.h"
#include "core/thread.h"
#include "dataset/augment.h"
#include "formats/file_kind.h"
#include "formats/image_convert.h"
#include "formats/safetensors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SHARD_MAX = 4096, SHARDS_MAX = 10000, SIZE_BYTES = 8, BATCH = 16 };
#define SAVE_SECONDS 20.0 /* a shard that is not full is written after so long: a killed run loses no more */

PictureFit picture_fit_of(const char *name) { return strcmp(name, "letterbox") ? FIT_CROP : FIT_LETTERBOX; }
const char *picture_fit_name(PictureFit fit) { return fit == FIT_LETTERBOX ? "letterbox" : "crop"; }

/* The whole picture in the middle of the mean colour. */
static Image letterbox(Arena *arena, Image image, int side) {
    double scale = fmin((double)side / image.width, (double)side / image.height);
    int width = MAX(1, (int)lround(image.width * scale)), height = MAX(1, (int)lround(image.height * scale));
    Image small = image_resize(arena, image, width, height), box = image_new(arena, side, side);
    for (int i = 0; i < 3 * side * side; i++) box.rgb[i] = (uint8_t)lround(255 * cifar_mean[i % 3]);
    int left = (side - width) / 2, top = (side - height) / 2;
    for (int y = 0; y < height; y++)
        memcpy(box.rgb + 3 * ((top + y) * side + left), small.rgb + 3 * y * width, (size_t)(3 * width));
    return box;
}

void picture_planes(Arena *arena, Image image, PictureFit fit, int side, uint8_t *planes) {
    Image square = fit == FIT_LETTERBOX ? letterbox(arena, image, side) : image_clip_crop(arena, image, side);
    image_planes(square.rgb, (size_t)side * (size_t)side, planes);
}

/* ---- shards ------------------------------------------------------------------------------------------------------ */

/* A file of the folder; or, while it is filled, buffers. */
struct PictureShard {
    PictureShard *next;
    Safetensors file;
    const uint8_t *pixels, *sums, *sizes;
    int n;
};

/* A picture in a shard. */
typedef struct {
    PictureShard *shard;
    int index;
} Place;

struct PictureTable {
    Place *place; /* hash table by the first bytes of the sums */
    size_t slots, used;
};

static size_t numbers_of(const PictureCache *cache) { return 3 * (size_t)cache->side * (size_t)cache->side; }

static Place *place_find(const struct PictureTable *table, const uint8_t *sum, uint64_t size) {
    uint64_t hash;
    uint8_t bytes[SIZE_BYTES];
    memcpy(&hash, sum, sizeof hash);
    for (int i = 0; i < SIZE_BYTES; i++) bytes[i] = (uint8_t)(size >> 8 * i);
    for (size_t at = hash & (table->slots - 1);; at = (at + 1) & (table->slots - 1)) {
        Place *p = &table->place[at];
        if (!p->shard) return p;
        const uint8_t *theirs = p->shard->sums + (size_t)p->index * SHA256_BYTES;
        if (!memcmp(theirs, sum, SHA256_BYTES) &&
            !memcmp(p->shard->sizes + (size_t)p->index * SIZE_BYTES, bytes, SIZE_BYTES))
            return p;
    }
}

static uint64_t size_of(const PictureShard *shard, int i) {
    uint64_t size = 0;
    for (int k = 0; k < SIZE_BYTES; k++) size |= (uint64_t)shard->sizes[i * SIZE_BYTES + k] << 8 * k;
    return size;
}

/* Makes room for one place: at most half of the slots are used. */
static void table_grow(PictureCache *cache) {
    struct PictureTable *t = cache->table, old = *t;
    if (2 * (t->used + 1) <= t->slots) return;
    while (2 * (t->used + 1) > t->slots) t->slots *= 2;
    t->place = arena_zero(&cache->arena, t->slots, sizeof *t->place);
    for (size_t i = 0; i < old.slots; i++) {
        Place p = old.place[i];
        if (p.shard) *place_find(t, p.shard->sums + (size_t)p.index * SHA256_BYTES, size_of(p.shard, p.index)) = p;
    }
}

static void place_add(PictureCache *cache, PictureShard *shard, int i) {
    table_grow(cache);
    Place *place = place_find(cache->table, shard->sums + (size_t)i * SHA256_BYTES, size_of(shard, i));
    cache->table->used += place->shard == NULL;
    *place = (Place){ shard, i };
}

static char *shard_path(const PictureCache *cache, Arena *arena, int number) {
    return arena_print(arena, "%s/%d-%s-%04d.safetensors", cache->folder, cache->side, picture_fit_name(cache->fit),
                       number);
}

/* A tensor of n rows of `each` bytes; else NULL, with a line. */
static const uint8_t *rows_of(const Safetensors *file, const char *path, const char *name, int n, size_t each,
                              Err *err) {
    const Tensor *t = safetensors_find(file, name);
    size_t bytes;
    bool fits = t && t->dtype == DTYPE_U8 && t->dims > 0 && t->shape[0] == n && size_fits((size_t)n, each, &bytes);
    if (fits && t->count == bytes) return t->data;
    err_set(err, "%s: tensor %s is missing or of another shape", path, name);
    return NULL;
}

static bool shard_map(PictureCache *cache, PictureShard *shard, const char *path, Err *err) {
    if (!safetensors_open(&shard->file, &cache->arena, path, err)) return false;
    const Tensor *tensor = safetensors_find(&shard->file, "pixels");
    int n = tensor && tensor->dims > 0 ? tensor->shape[0] : 0;
    const uint8_t *pixels = rows_of(&shard->file, path, "pixels", n, numbers_of(cache), err);
    const uint8_t *sums = pixels ? rows_of(&shard->file, path, "sha256", n, SHA256_BYTES, err) : NULL;
    const uint8_t *sizes = sums ? rows_of(&shard->file, path, "bytes", n, SIZE_BYTES, err) : NULL;
    if (!sizes || n > SHARD_MAX) {
        if (sizes) err_set(err, "%s: there are %d pictures, want at most %d", path, n, SHARD_MAX);
        safetensors_close(&shard->file);
        return false;
    }
    shard->pixels = pixels;
    shard->sums = sums;
    shard->sizes = sizes;
    shard->n = n;
    return true;
}

bool picture_cache_open(PictureCache *cache, const char *folder, PictureFit fit, int side, Err *err) {
    *cache = (PictureCache){ .folder = folder, .fit = fit, .side = side };
    if (!folder_make(folder, err)) return false;
    cache->folder = arena_text(&cache->arena, folder);
    cache->table = arena_zero(&cache->arena, 1, sizeof *cache->table);
    cache->table->slots = 1024;
    cache->table->place = arena_zero(&cache->arena, cache->table->slots, sizeof *cache->table->place);
    for (; cache->count < SHARDS_MAX; cache->count++) {
        Err why;
        const char *path = shard_path(cache, &cache->arena, cache->count + 1);
        PictureShard *shard = arena_zero(&cache->arena, 1, sizeof *shard);
        if (!file_exists(path)) break;
        if (!shard_map(cache, shard, path, &why)) {
            warn("%s; its pictures are decoded again", why.text);
            if (!cache->damaged) cache->damaged = cache->count + 1;
            continue;
        }
        shard->next = cache->shards;
        cache->shards = shard;
        for (int i = 0; i < shard->n; i++) place_add(cache, shard, i);
    }
    return true;
}

void picture_cache_close(PictureCache *cache) {
    for (PictureShard *shard = cache->shards; shard; shard = shard->next) safetensors_close(&shard->file);
    arena_free(&cache->arena);
    *cache = (PictureCache){ 0 };
}

/* ---- the shard that is being filled ------------------------------------------------------------------------------ */

typedef struct {
    PictureCache *cache;
    PictureShard *shard; /* NULL: none is begun */
    int number, written; /* of its file; pictures that are in it already */
    uint8_t *pixels, *sums, *sizes;
    Arena arena;
    double saved; /* when */
} Filling;

/* Goes on with the last shard if it is not full, else begins a new one, in place of a damaged file if there is one. */
static void filling_begin(Filling *f) {
    PictureCache *cache = f->cache;
    PictureShard *last = cache->shards;
    bool further = !cache->damaged && last && last->n < SHARD_MAX;
    arena_reset(&f->arena);
    f->pixels = arena_alloc(&f->arena, SHARD_MAX, numbers_of(cache));
    f->sums = arena_alloc(&f->arena, SHARD_MAX, SHA256_BYTES);
    f->sizes = arena_alloc(&f->arena, SHARD_MAX, SIZE_BYTES);
    f->shard = arena_zero(&cache->arena, 1, sizeof *f->shard);
    *f->shard = (PictureShard){ .pixels = f->pixels, .sums = f->sums, .sizes = f->sizes };
    f->number = cache->damaged ? cache->damaged : further ? cache->count : cache->count + 1;
    f->written = 0;
    f->saved = clock_seconds();
    if (!further) return;
    f->written = f->shard->n = last->n;
    memcpy(f->pixels, last->pixels, (size_t)last->n * numbers_of(cache));
    memcpy(f->sums, last->sums, (size_t)last->n * SHA256_BYTES);
    memcpy(f->sizes, last->sizes, (size_t)last->n * SIZE_BYTES);
}

static bool filling_write(Filling *f, Err *err) {
    Arena work = { 0 };
    SafetensorsOut out = safetensors_begin(&work);
    out.no_sum = true; /* checking it would read every picture at every start */
    int n = f->shard->n, side = f->cache->side;
    safetensors_add_bytes(&out, "pixels", (TensorShape){ 4, { n, 3, side, side } }, f->pixels);
    safetensors_add_bytes(&out, "sha256", (TensorShape){ 2, { n, SHA256_BYTES } }, f->sums);
    safetensors_add_bytes(&out, "bytes", (TensorShape){ 2, { n, SIZE_BYTES } }, f->sizes);
    bool ok = safetensors_write(&out, shard_path(f->cache, &work, f->number), err);
    arena_free(&work);
    f->written = n;
    f->saved = clock_seconds();
    return ok;
}

/* Writes the shard, if one is begun, and maps it in place of the buffers. */
static bool filling_end(Filling *f, Err *err) {
    PictureCache *cache = f->cache;
    PictureShard *shard = f->shard;
    if (!shard) return true;
    if (f->written < shard->n && !filling_write(f, err)) return false;
    if (!shard_map(cache, shard, shard_path(cache, &cache->arena, f->number), err)) return false;
    shard->next = cache->shards;
    cache->shards = shard;
    cache->count = MAX(cache->count, f->number);
    cache->damaged = 0;
    f->shard = NULL;
    return true;
}

static bool filling_add(Filling *f, const uint8_t *planes, const uint8_t *sum, uint64_t size, Err *err) {
    if (place_find(f->cache->table, sum, size)->shard) return true; /* the same file twice in the table */
    if (!f->shard) filling_begin(f);
    int i = f->shard->n++;
    memcpy(f->pixels + (size_t)i * numbers_of(f->cache), planes, numbers_of(f->cache));
    memcpy(f->sums + (size_t)i * SHA256_BYTES, sum, SHA256_BYTES);
    for (int k = 0; k < SIZE_BYTES; k++) f->sizes[i * SIZE_BYTES + k] = (uint8_t)(size >> 8 * k);
    place_add(f->cache, f->shard, i);
    if (f->shard->n == SHARD_MAX) return filling_end(f, err);
    return clock_seconds() - f->saved < SAVE_SECONDS || filling_write(f, err);
}

/* ---- files whose sums are known ---------------------------------------------------------------------------------- */

/* What the system says about a file, as a sum: it changes when the file does. */
typedef struct {
    uint8_t key[SHA256_BYTES], sum[SHA256_BYTES];
    uint64_t size;
} FileNote;

#ifdef __APPLE__
#define NANOSECONDS(state, which) ((state).st_##which##timespec.tv_nsec)
#else
#define NANOSECONDS(state, which) ((state).st_##which##tim.tv_nsec)
#endif

static bool note_of(const char *path, FileNote *note) {
    struct stat s;
    char text[256];
    if (stat(path, &s) != 0) return false;
    int length = snprintf(text, sizeof text, "%llu %llu %lld %lld.%09ld %lld.%09ld", (unsigned long long)s.st_dev,
                          (unsigned long long)s.st_ino, (long long)s.st_size, (long long)s.st_mtime, NANOSECONDS(s, m),
                          (long long)s.st_ctime, NANOSECONDS(s, c));
    sha256_bytes(text, (size_t)length, note->key);
    note->size = (uint64_t)s.st_size;
    return true;
}

typedef struct {
    Safetensors file;
    const uint8_t *keys, *sums; /* [n,32], keys in ascending order; n 0 where there is no list */
    int n;
    char *path;
} Known;

static int key_order(const void *a, const void *b) { return memcmp(a, b, SHA256_BYTES); }

static Known known_open(const PictureCache *cache, Arena *arena, const char *name) {
    char hex[SHA256_HEX];
    Known k = { .n = 0 };
    sha256_hex(name, strlen(name), hex);
    k.path = arena_print(arena, "%s/%.16s.known", cache->folder, hex);
    if (!file_exists(k.path) || !safetensors_open(&k.file, arena, k.path, NULL)) return k;
    const Tensor *keys = safetensors_find(&k.file, "keys");
    k.n = keys && keys->dims > 0 ? keys->shape[0] : 0;
    k.keys = rows_of(&k.file, k.path, "keys", k.n, SHA256_BYTES, NULL);
    k.sums = rows_of(&k.file, k.path, "sha256", k.n, SHA256_BYTES, NULL);
    if (!k.keys || !k.sums) k.n = 0;
    return k;
}

/* The sum of a file, if it is known: a binary search. */
static bool known_find(const Known *k, FileNote *note) {
    int low = 0, high = k->n;
    while (low < high) {
        int middle = low + (high - low) / 2, order = key_order(k->keys + (size_t)middle * SHA256_BYTES, note->key);
        if (order == 0) memcpy(note->sum, k->sums + (size_t)middle * SHA256_BYTES, SHA256_BYTES);
        if (order == 0) return true;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return false;
}

/* The list saves time only: where it cannot be written, the next run reads all files again. */
static void known_write(const Known *k, FileNote *notes, int n) {
    Arena work = { 0 };
    SafetensorsOut out = safetensors_begin(&work);
    qsort(notes, (size_t)n, sizeof *notes, key_order);
    uint8_t *keys = arena_alloc(&work, (size_t)n, SHA256_BYTES), *sums = arena_alloc(&work, (size_t)n, SHA256_BYTES);
    for (int i = 0; i < n; i++) {
        memcpy(keys + (size_t)i * SHA256_BYTES, notes[i].key, SHA256_BYTES);
        memcpy(sums + (size_t)i * SHA256_BYTES, notes[i].sum, SHA256_BYTES);
    }
    safetensors_add_bytes(&out, "keys", (TensorShape){ 2, { n, SHA256_BYTES } }, keys);
    safetensors_add_bytes(&out, "sha256", (TensorShape){ 2, { n, SHA256_BYTES } }, sums);
    Err err;
    if (!safetensors_write(&out, k->path, &err)) warn("%s", err.text);
    arena_free(&work);
}

/* ---- reading pictures -------------------------------------------------------------------------------------------- */

/* BATCH files at a time: opened one after the other, then summed and decoded in threads. */
typedef struct {
    const PictureCache *cache;
    CachedPicture *picture[BATCH];
    FileNote *note[BATCH];
    File file[BATCH];
    bool decoded[BATCH];
    Err why[BATCH];
    uint8_t *planes; /* [BATCH,3,side,side] */
    int n;
} Batch;

static void batch_sum(void *context, size_t begin, size_t end) {
    Batch *b = context;
    for (size_t i = begin; i < end; i++) sha256_bytes(b->file[i].data, b->file[i].size, b->note[i]->sum);
}

static void batch_decode(void *context, size_t begin, size_t end) {
    Batch *b = context;
    Arena work = { 0 };
    for (size_t i = begin; i < end; i++) {
        Image image;
        if (place_find(b->cache->table, b->note[i]->sum, b->note[i]->size)->shard) continue;
        b->decoded[i] = image_decode(&work, b->picture[i]->path, b->file[i], &image, &b->why[i]);
        if (b->decoded[i])
            picture_planes(&work, image, b->cache->fit, b->cache->side, b->planes + i * numbers_of(b->cache));
        arena_reset(&work);
    }
    arena_free(&work);
}

/* Kinds that need another program: one after the other, because it is started by fork. */
static void convert(Batch *b, int i) {
    Arena work = { 0 };
    Image image;
    b->decoded[i] = image_read_any(&work, b->picture[i]->path, &image, &b->why[i]);
    if (b->decoded[i])
        picture_planes(&work, image, b->cache->fit, b->cache->side, b->planes + (size_t)i * numbers_of(b->cache));
    arena_free(&work);
}

static bool batch_take(Batch *b, Filling *filling, Err *err) {
    bool ok = true;
    parallel_for((size_t)b->n, 1, batch_sum, b);
    parallel_for((size_t)b->n, 1, batch_decode, b);
    for (int i = 0; ok && i < b->n; i++) {
        CachedPicture *p = b->picture[i];
        const FileNote *note = b->note[i];
        memcpy(p->sum, note->sum, SHA256_BYTES);
        if (place_find(b->cache->table, note->sum, note->size)->shard) continue;
        const FileKind *kind = file_kind(b->file[i]);
        if (!b->decoded[i] && kind && kind->converter) convert(b, i);
        if (b->decoded[i]) {
            ok = filling_add(filling, b->planes + (size_t)i * numbers_of(b->cache), note->sum, note->size, err);
        } else {
            p->state = PICTURE_UNREADABLE;
            p->why = arena_text(&filling->cache->arena, b->why[i].text);
        }
    }
    for (int i = 0; i < b->n; i++) file_close(&b->file[i]);
    b->n = 0;
    return ok;
}

/* Looks a file up; what is not in the cache goes into the batch. */
static void batch_add(Batch *b, const Known *known, CachedPicture *p, FileNote *note, Arena *arena) {
    Err err;
    p->state = PICTURE_FOUND;
    if (note_of(p->path, note) && known_find(known, note) &&
        place_find(b->cache->table, note->sum, note->size)->shard) {
        memcpy(p->sum, note->sum, SHA256_BYTES);
        return;
    }
    if (!file_open(&b->file[b->n], p->path, &err)) {
        p->state = PICTURE_MISSING;
        p->why = arena_text(arena, err.text);
        return;
    }
    note->size = b->file[b->n].size;
    b->picture[b->n] = p;
    b->note[b->n] = note;
    b->decoded[b->n++] = false;
}

/* Where each picture is now: in a mapped shard. */
static void places_set(const PictureCache *cache, CachedPicture *pictures, const FileNote *notes, int n) {
    for (int i = 0; i < n; i++) {
        if (pictures[i].state != PICTURE_FOUND) continue;
        const Place *place = place_find(cache->table, pictures[i].sum, notes[i].size);
        pictures[i].planes = place->shard->pixels + (size_t)place->index * numbers_of(cache);
    }
}

bool picture_cache_read(PictureCache *cache, const char *name, CachedPicture *pictures, int n, PictureProgress progress,
                        void *context, Err *err) {
    Filling filling = { .cache = cache };
    Arena work = { 0 };
    Known known = known_open(cache, &work, name);
    Batch *batch = arena_zero(&work, 1, sizeof *batch);
    FileNote *notes = arena_zero(&work, (size_t)n, sizeof *notes);
    batch->cache = cache;
    batch->planes = arena_alloc(&work, BATCH, numbers_of(cache));
    bool ok = true;
    int opened = 0;
    for (int i = 0; ok && i < n; i++) {
        int before = batch->n;
        batch_add(batch, &known, &pictures[i], &notes[i], &cache->arena);
        opened += batch->n > before;
        if (batch->n == BATCH || (i == n - 1 && batch->n > 0)) ok = batch_take(batch, &filling, err);
        if (progress && (i % BATCH == 0 || i == n - 1)) progress(context, i + 1, n);
    }
    ok = ok && filling_end(&filling, err);
    if (ok) places_set(cache, pictures, notes, n);
    if (ok && opened > 0) known_write(&known, notes, n);
    safetensors_close(&known.file);
    arena_free(&filling.arena);
    arena_free(&work);
    return ok;
}
