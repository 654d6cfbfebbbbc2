/* depth_probe: which of two objects is nearer. Two pictures of an item differ in the order of depth alone: the same two
 * objects at the same places, once the first is nearer, once the second. Two captions say the one and the other; they
 * have the same words, so that a bag of words ties (scenes/minimal_pairs.h has the same protocol).
 *
 * There are two cues, as for one eye: a nearer object is larger, and it covers what is behind it. */
#ifndef DEPTH_PROBE_H
#define DEPTH_PROBE_H

#include "model/clip.h"
#include "scenes/pair_score.h"
#include "scenes/scene.h"

typedef enum {
    DEPTH_BOTH,     /* the nearer object is larger and covers a part of the other */
    DEPTH_SIZE,     /* it is larger; the objects do not touch */
    DEPTH_COVER,    /* it covers a part of the other; both are of the same size */
    DEPTH_CONFLICT, /* the object in front is the smaller one; the truth is what covers */
    DEPTH_CUES
} DepthCue;
const char *depth_cue_name(DepthCue cue); /* "both" ... */

/* The objects are of four colours and four shapes. */
enum { DEPTH_COLOURS = 4, DEPTH_SHAPES = 4, DEPTH_TYPES = DEPTH_COLOURS * DEPTH_SHAPES };

/* Item i of a seed: scene[k].object[1] is the nearer one, object[0] is drawn first. */
typedef struct {
    Scene scene[2];
    int near[2], far[2]; /* types of the two objects, 0 .. DEPTH_TYPES - 1, in both pictures */
} DepthItem;
DepthItem depth_item(DepthCue cue, uint64_t seed, uint64_t i);

/* "a red circle nearer than a blue square"; into text[CAPTION_TEXT]. */
void depth_text(int near, int far, char *text);

/* The score of a model on `items` items. */
PairScore depth_score(Clip *clip, DepthCue cue, uint64_t seed, int items);

#endif
