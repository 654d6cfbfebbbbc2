/* deflate: packs bytes (RFC 1951) into a zlib stream (RFC 1950), for writing PNG files.
 *
 * The simple half of the format: fixed codes, and the longest of a few earlier places that began with the same three
 * bytes. Flat pictures (plots, heat maps) shrink well, photographs little.
 */
#ifndef DEFLATE_H
#define DEFLATE_H

#include "core/arena.h"

/* zlib_deflate: returns the packed bytes, on the arena, and their number in *packed. */
uint8_t *zlib_deflate(Arena *arena, const uint8_t *data, size_t size, size_t *packed);

#endif
