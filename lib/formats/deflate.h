/* deflate: compresses bytes (RFC 1951) into a zlib stream (RFC 1950), for writing PNG files.
 *
 * Only the simple half of the format: fixed codes, and repeats found through a hash table of three bytes. Pictures with
 * flat areas (plots, heat maps) shrink well, photographs little.
 */
#ifndef DEFLATE_H
#define DEFLATE_H

#include "core/arena.h"

/* zlib_deflate: returns the compressed bytes and writes their number to *packed.
 * Wants  size < 4 GB
 * Owner  the arena */
uint8_t *zlib_deflate(Arena *arena, const uint8_t *data, size_t size, size_t *packed);

#endif
