/* caption_bootstrap: BLIP's captioning and filtering in small (Li et al. 2022, arXiv:2201.12086, section 3.3, "CapFilt").
 *
 * Scenes of one object, and captions such as "a red circle".
 *   1. A CLIP is trained on `noisy` pairs, of whose captions a share `noise` belongs to another picture.
 *   2. On its frozen tower a decoder and a matching head learn from `clean` pairs, which are few.
 *   3. The decoder writes a caption for each noisy picture; the matching head drops captions that do not match, the
 *      found ones and the written ones.
 *   4. New CLIPs are trained on what comes out, with equally many steps.
 */
#ifndef CAPTION_BOOTSTRAP_H
#define CAPTION_BOOTSTRAP_H

#include "word_net.h"

typedef struct {
    int noisy, clean; /* pairs */
    double noise;
    int steps, net_steps, width; /* of every CLIP; of the decoder and of the matching head */
    int tested;                  /* test pictures */
    int seed;
} BootConfig;

/* What the last CLIP is trained on. */
typedef enum {
    BOOT_NOISY,      /* the noisy pairs as they are */
    BOOT_SIMILARITY, /* the share 1 - noise of them with the largest cosine, by the CLIP trained on all of them */
    BOOT_FILTERED,   /* those that the matching head keeps */
    BOOT_WRITTEN,    /* the pictures with the decoder's captions instead */
    BOOT_BOTH,       /* BLIP: found and written captions, those that the matching head keeps */
    BOOT_CLEAN,      /* the clean pairs alone */
    BOOT_TRUTH,      /* the noisy pictures with captions without noise: more than one can have */
    BOOT_WAYS
} BootWay;
const char *boot_name(BootWay way); /* "noisy", "similarity", "filtered", "written", "both", "clean", "truth" */

/* Pairs that the CLIP was trained on, and how many of their captions are true; test pictures whose own caption has the
 * largest cosine of the captions of all 32 seen combinations. */
typedef struct {
    int pairs, true_pairs, right, tested;
} BootRow;

/* Measures all ways and calls `done` after each. Progress on stderr. False with one line if a training fails. */
typedef void BootDone(void *context, BootWay way, BootRow row);
bool bootstrap_run(const BootConfig *config, BootDone *done, void *context, Err *err);

#endif
