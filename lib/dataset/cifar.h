/* cifar: the 60,000 photographs of CIFAR-10 (Krizhevsky, "Learning multiple layers of features from tiny images",
 * 2009), and batches of them for training. Where nobody has fetched them, as many generated pictures of shapes.
 *
 * A picture is 32 x 32, red green blue. The published files hold 10,000 records each, 1 + 3072 bytes: the label, then
 * the 1024 reds in reading order, the greens, the blues. Five files are for training, one for testing.
 */
#ifndef CIFAR_H
#define CIFAR_H

#include "core/arena.h"
#include "core/file.h"

enum {
    CIFAR_SIDE = 32,
    CIFAR_NUMBERS = 3 * CIFAR_SIDE * CIFAR_SIDE, /* of one picture */
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
    const char *const *names; /* CIFAR_CLASSES of them: names[labels[i]] says what picture i shows */
    bool generated;           /* shapes, not photographs */
    const char *folder;       /* set by cifar_open: where the photographs came from, for cifar_verify; else NULL */
} Cifar;

/* ---- the pictures --------------------------------------------------------------------------------------------- */

/* The six published files: five for training, then the one for testing. */
typedef struct {
    const char *name, *md5;
} CifarFile;
extern const CifarFile cifar_files[CIFAR_FILES];

/* Is each of the six in `folder` what its author published (MD5)? Names the first that is not. */
bool cifar_verify(const char *folder, Err *err);

/* Reads the 50,000 pictures for training or the 10,000 for testing from a folder that holds the six files.
 * Refuses a missing or unreadable file, a size that is not 10,000 records, a label above 9. Sums are left to
 * cifar_verify. Owner: the arena (30 MB a file). */
bool cifar_load(Arena *arena, const char *folder, CifarPart part, Cifar *set, Err *err);

/* The same for one file whose bytes are in memory: n records into labels [n] and pixels [n,3,32,32]. `name` is what messages
 * call it. */
bool cifar_decode(const char *name, File file, int n, uint8_t *labels, uint8_t *pixels, Err *err);

/* n labels of the file at `path`. */
typedef struct {
    const char *path;
    uint8_t *label;
    size_t n;
} CifarLabels;

/* Labels as a JSON list, "[6,9,0]": how the package `make data` fetches has them. Refuses anything but whole numbers from 0
 * to 9. Set only on success; owner: the arena. */
bool cifar_labels_read(Arena *arena, const char *path, CifarLabels *labels, Err *err);

/* Draws n pictures, a tenth of each class, in random order: red and blue circles, squares, triangles, stars, crosses.
 * The two parts have no picture in common. Wants n a multiple of 10. Owner: the arena. */
void cifar_generate(Arena *arena, CifarPart part, int n, Cifar *set);

/* What a lesson calls: the pictures of $CIFAR10_DIR (the folder, or the one above it), else those of
 * data/cifar-10-batches-bin, else, if neither is there, 50,000 or 10,000 generated ones. Files that are there and
 * wrong are refused as in cifar_load. Owner: the arena. */
bool cifar_open(Arena *arena, CifarPart part, Cifar *set, Err *err);

/* What a lesson prints first: one line without end of line that says which pictures it runs on. */
const char *cifar_notice(const Cifar *set);

/* A picture's bytes, red green blue of each pixel in turn, [32,32,3], into the 1 + 3072 bytes of a record; and the
 * bytes of picture i of a set. */
void cifar_record(const uint8_t *rgb, int label, uint8_t record[CIFAR_RECORD]);
void cifar_picture(const Cifar *set, int i, uint8_t rgb[CIFAR_NUMBERS]);

/* ---- batches -------------------------------------------------------------------------------------------------- */

/* Mean and standard deviation of red, green and blue, from 0 to 1, over the 50,000 photographs for training. */
extern const double cifar_mean[3], cifar_deviation[3];

/* MIRROR_RANDOM tosses a coin for each picture and epoch. MIRROR_ALTERNATE tosses it once and turns the picture over
 * at each epoch after that, so that two epochs show both sides (Jordan, arXiv:2404.00498). */
typedef enum { MIRROR_NEVER, MIRROR_ALWAYS, MIRROR_RANDOM, MIRROR_ALTERNATE } Mirror;

/* What comes in from beyond the border: the picture mirrored in its outermost row or column, which is not repeated,
 * or the mean colour (0 once normalised). */
typedef enum { EDGE_REFLECT, EDGE_ZERO } Edge;

/* How a picture is changed before a network sees it: mirrored left to right, then shifted, then cut out. A random
 * 32 x 32 crop of the picture padded by p on every side is a random shift by up to p.
 *
 * Chance is drawn for each picture from (seed, epoch, its index in the set) alone: the batch it is in, its place there
 * and the number of threads do not matter. { 0 } changes nothing. */
typedef struct {
    Mirror mirror;
    int shift;  /* random, -shift .. shift pixels in each direction; 0 to 15 */
    int dx, dy; /* added to it: to the right, down; -16 to 16 */
    Edge edge;
    int cutout; /* side of a square set to the mean colour, its middle anywhere (DeVries and Taylor,
                       arXiv:1708.04552); 0 none, to 32 */
    uint64_t seed;
    uint32_t epoch; /* below 2^32 - 1 */
} Augment;

/* Pictures index[0..B) as a network wants them.
 *
 *   out = (byte / 255 - mean) / deviation
 *
 * Shapes  out [B,32,32,3]
 * Wants   0 <= index[b] < set->n; augment NULL for the pictures as they are
 * Work is shared among the threads; the result does not depend on how many. */
void cifar_batch(const Cifar *set, const int *index, int B, const Augment *augment, num *out);

/* The same for one picture given as bytes [32,32,3], as a student's own photograph is. */
void cifar_normalise(const uint8_t rgb[CIFAR_NUMBERS], num out[CIFAR_NUMBERS]);

#endif
