/* byte_order: integers of 16 and 32 bits in files, little-endian or big-endian, whatever the byte order of the
 * machine. */
#ifndef BYTE_ORDER_H
#define BYTE_ORDER_H

#include <stdint.h>

static inline int big_endian_16(const uint8_t *p) { return p[0] << 8 | p[1]; }
static inline uint32_t big_endian_32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline uint32_t little_endian_32(const uint8_t *p) {
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}
static inline void big_endian_32_put(uint8_t *p, uint32_t value) {
    for (int i = 0; i < 4; i++) p[i] = (uint8_t)(value >> (24 - 8 * i));
}

#endif
