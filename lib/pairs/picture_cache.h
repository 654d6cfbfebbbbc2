/* picture_cache: pictures that were decoded, made small and kept, so that each file is decoded once.
 *
 * A folder of shards, safetensors files of up to 4,096 pictures:
 *   pixels  U8 [n,3,side,side]   the pictures as planes
 *   sha256  U8 [n,32]            SHA-256 of each picture's file
 *   bytes   U8 [n,8]             size of the file, little-endian
 * A picture is found by sum and size of its file, whatever the file's name and the table. Shards are mapped, not
 * copied, and never changed: each is written under a temporary name and renamed when it is complete. A run that was
 * killed loses the shard it was writing and goes on behind the last complete one. A shard that is damaged is left out,
 * with a warning; its pictures are decoded again and the file is replaced. The folder may be removed at any time.
 *
 * Files are not read again to compute their sums while path, size and times stay the same (NAME.known beside the
 * shards). */
#ifndef PICTURE_CACHE_H
#define PICTURE_CACHE_H

#include "formats/hash.h"
#include "formats/image.h"

/* How a picture becomes square: image_clip_crop cuts the middle out; the letterbox keeps all of it, between bars of the
 * mean colour. */
typedef enum { FIT_CROP, FIT_LETTERBOX } PictureFit;

#define PICTURE_FITS "crop|letterbox" /* for options */
PictureFit picture_fit_of(const char *name);
const char *picture_fit_name(PictureFit fit);

/* The picture as [3,side,side] bytes. Wants side >= 1. Scratch memory comes from the arena. */
void picture_planes(Arena *arena, Image image, PictureFit fit, int side, uint8_t *planes);

typedef struct PictureShard PictureShard;
typedef struct {
    const char *folder;
    PictureFit fit;
    int side;
    int count, damaged;         /* files; the number of one that cannot be read and will be replaced, or 0 */
    PictureShard *shards;       /* linked list, the last file first */
    struct PictureTable *table; /* where each picture is */
    Arena arena;                /* owns all but the mappings */
} PictureCache;

/* Opens the folder, made if it is missing, with all shards of this fit and size. Fails when it cannot be read or made.
 * Free with picture_cache_close: pointers to pictures are then invalid. */
bool picture_cache_open(PictureCache *cache, const char *folder, PictureFit fit, int side, Err *err);
void picture_cache_close(PictureCache *cache);

typedef enum { PICTURE_FOUND, PICTURE_MISSING, PICTURE_UNREADABLE } PictureState;

typedef struct {
    const char *path;
    const uint8_t *planes;     /* [3,side,side] */
    uint8_t sum[SHA256_BYTES]; /* of the file */
    PictureState state;
    const char *why; /* unless found: one line */
} CachedPicture;

/* `done` of `total` pictures are found or decoded. */
typedef void (*PictureProgress)(void *context, int done, int total);

/* Fills in all but the paths of n pictures; decodes those that are not in the cache, in threads, and adds them. `name`
 * stands for the list of known files, such as the path of the table. A picture that cannot be read is no failure: see
 * `state`. Fails when a shard cannot be written (full disk): the shards before it stay, and the cache must be closed.
 * `progress` may be NULL. Owner: the cache. */
bool picture_cache_read(PictureCache *cache, const char *name, CachedPicture *pictures, int n, PictureProgress progress,
                        void *context, Err *err);

#endif
