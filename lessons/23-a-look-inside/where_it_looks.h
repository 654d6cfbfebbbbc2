/* where_it_looks: maps of a picture that say which of its 8 x 8 cells (of 4 x 4 pixels) the cosine with a text depends
 * on.
 *
 *   occlusion   max(0, c - c without the cell), the cell filled with grey (Zeiler and Fergus 2013, arXiv:1311.2901,
 *               section 4.2)
 *   gradient    sum over the pixels and colours of the cell of |dc / dx| (Simonyan et al. 2013, arXiv:1312.6034,
 *               section 3)
 *   attention   of the class token to the cell's patch, last block, mean over the heads; vit with patches of 4 only.
 *               It does not know the text.
 *
 * A map [n,64] has rows that sum to 1; a map of zeros becomes uniform. */
#ifndef WHERE_IT_LOOKS_H
#define WHERE_IT_LOOKS_H

#include "model/clip.h"
#include "scenes/scene.h"

enum { CELL_SIDE = 4, CELLS_ACROSS = SCENE_SIDE / CELL_SIDE, CELLS = CELLS_ACROSS * CELLS_ACROSS };

typedef enum { MAP_OCCLUSION, MAP_GRADIENT, MAP_ATTENTION, MAP_KINDS } MapKind;
const char *map_name(MapKind kind); /* "occlusion" ... */

/* The maps of the same pictures [n,32,32,3] for `count` texts each: texts[j] [n,E] unit vectors, row i for picture i ->
 * maps[j] [n,64] on the arena. */
void look_maps(Clip *clip, Arena *arena, MapKind kind, Mat pixels, const Mat *texts, int count, Mat *maps);

/* The cells of which object k of the scene covers a quarter or more. Returns how many. */
int object_cells(const Scene *scene, int k, bool covered[CELLS]);
/* The share of a map [64] on these cells. */
double map_share(const num *map, const bool covered[CELLS]);
/* The correlation of two maps [64]; 1 for two uniform ones. */
double map_correlation(const num *a, const num *b);

/* How much lower the cosine is when the `count` cells of each picture with the largest numbers in map [n,64] are filled
 * with grey: the mean over the pictures. */
double map_drop(Clip *clip, Mat pixels, Mat texts, Mat map, int count);

/* The picture, each cell as bright as its number in the map: the largest unchanged, none at a tenth. */
void map_overlay(const uint8_t rgb[SCENE_SIDE * SCENE_SIDE * 3], const num *map, uint8_t *out);

#endif
