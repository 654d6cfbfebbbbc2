/* cifar: the 60,000 photographs of CIFAR-10 (Krizhevsky, "Learning multiple layers of features from tiny images",
 * 2009), and a generated set of shapes of the same size for use without them.
 *
 * A picture is 32 x 32, RGB. Each published file has 10,000 records of 1 + 3072 bytes: the label, then 1024 bytes red,
 * 1024 green, 1024 blue, each row by row. Five files are for training, one is for testing.
 */
#ifndef CIFAR_H
#define CIFAR_H

#include "core/arena.h"
#include "core/file.h"

enum {
    CIFAR_SIDE = 32,
    CIFAR_NUMBERS = 3 * CIFAR_SIDE * CIFAR_SIDE, /* bytes of one picture */
    CIFAR_CLASSES = 10,
    CIFAR_RECORD = 1 + CIFAR_NUMBERS,
    CIFAR_PER_FILE = 10000,
    CIFAR_FILES = 6
};

typedef enum { CIFAR_TRAIN, CIFAR_TEST } CifarPart;

typedef struct {
    int n;                    /* pictures */
    const uint8_t *pixels;    /* [n,3,32,32], as in the files */
    const uint8_t *labels;    /* [n], each 0 .. 9 */
    const char *const *names; /* [CIFAR_CLASSES]: names[labels[i]] is the class of picture i */
    bool generated;           /* shapes, not photographs */
    const char *folder;       /* set by cifar_open: the folder of the photographs, for cifar_verify; else NULL */
} Cifar;

/* The six published files: five for training, then the one for testing. */
typedef struct {
    const char *name, *md5;
} CifarFile;
extern const CifarFile cifar_files[CIFAR_FILES];

/* Whether all six files in `folder` have the MD5 sums of `files` (cifar_files; tests use others). The message names the
 * first that differs. With `once` the result is remembered in FOLDER/.verified: while sizes and times of
 * the files do not change, later calls do not compute the sums again. If .verified cannot be written, they do. */
bool cifar_verify(const char *folder, const CifarFile *files, bool once, Err *err);

/* Reads the 50,000 training or the 10,000 test pictures from the folder with the six files. Does not check the sums.
 * Fails  when a file is missing, not readable, or not 10,000 records long, or a label is above 9
 * Owner  the arena (30 MB a file) */
bool cifar_load(Arena *arena, const char *folder, CifarPart part, Cifar *set, Err *err);

/* The same for n records in memory, into labels [n] and pixels [n,3,32,32]. `name` is their name in messages. */
bool cifar_decode(const char *name, File file, int n, uint8_t *labels, uint8_t *pixels, Err *err);

/* Draws n pictures, equally many of each class, in random order: red and blue circles, squares, triangles, stars and
 * crosses. Training and test part have no picture in common. Wants n a multiple of 10. Owner: the arena. */
void cifar_generate(Arena *arena, CifarPart part, int n, Cifar *set);

/* The pictures in $CIFAR10_DIR (the folder with the files, or the one above it), else in data/cifar-10-batches-bin; if
 * neither is there, 50,000 or 10,000 generated ones. Fails as cifar_load. Owner: the arena. */
bool cifar_open(Arena *arena, CifarPart part, Cifar *set, Err *err);

/* One line (without line end) that says which pictures these are. */
const char *cifar_notice(const Cifar *set);

/* A record of a file: the label and the planes of picture rgb [32,32,3]. */
void cifar_record(const uint8_t *rgb, int label, uint8_t record[CIFAR_RECORD]);

/* Picture i of the set: as [32,32,3], and as the planes [3,32,32] of the set itself. */
void cifar_picture(const Cifar *set, int i, uint8_t rgb[CIFAR_NUMBERS]);
const uint8_t *cifar_planes(const Cifar *set, int i);

#endif
