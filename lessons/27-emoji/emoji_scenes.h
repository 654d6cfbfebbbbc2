/* emoji_scenes: generated scenes in the place of emoji. */
#ifndef EMOJI_SCENES_H
#define EMOJI_SCENES_H

#include "pairs/emoji_set.h"

/* Generated scenes with the same questions in them: one object of eight colours and eight shapes, several equal ones,
 * two objects beside each other in both orders. The other style draws the same objects smaller, over another background
 * with more noise. `most` keeps so many, evenly spaced (0: all). Owner: the arena. */
void emoji_set_generate(EmojiSet *set, Arena *arena, int most);

#endif
