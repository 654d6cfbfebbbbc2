/* dtype: the number formats of weights files, and conversion between them and num.
 *
 *   F64, F32       IEEE 754 binary64 and binary32
 *   F16            binary16: 1 sign, 5 exponent, 10 fraction bits; largest 65504, smallest normal 2^-14, smallest 2^-24
 *   BF16           the upper half of an F32: 1 + 8 + 7 bits
 *   U8, I32, I64   integers; BOOL is a byte, 0 or 1
 *   I8 to F8_E5M2  are known by name and size, so that a tensor that nobody needs can have them; none is converted
 * In a file all are little-endian and may start at any address.
 */
#ifndef DTYPE_H
#define DTYPE_H

#include "core/base.h"

typedef enum {
    DTYPE_F64,
    DTYPE_F32,
    DTYPE_F16,
    DTYPE_BF16,
    DTYPE_U8,
    DTYPE_I32,
    DTYPE_I64,
    DTYPE_BOOL,
    DTYPE_I8,
    DTYPE_I16,
    DTYPE_U16,
    DTYPE_U32,
    DTYPE_U64,
    DTYPE_F8_E4M3,
    DTYPE_F8_E5M2
} Dtype;
enum { DTYPES = DTYPE_F8_E5M2 + 1 };

const char *dtype_name(Dtype dtype); /* "F32" */
size_t dtype_size(Dtype dtype);      /* bytes of one number */
bool dtype_is_real(Dtype dtype);     /* F64, F32, F16 or BF16 */

/* to[i] = number i at `from`, for i < n. Wants a real dtype or U8. Exact, also for infinities and NaN, except that an
 * F64 is rounded where num is float. */
void dtype_widen(Dtype dtype, const uint8_t *from, num *to, size_t n);
/* The first i < n whose number at `from` is finite, but becomes infinite in dtype_widen; n if there is none. Where num
 * is float, an F64 can be such a number. */
size_t dtype_too_large(Dtype dtype, const uint8_t *from, size_t n);
/* x as F16, as BF16: rounded once, to nearest, ties to even. NaN stays NaN and keeps the upper bits of its payload. */
uint16_t half_narrow(double x);
uint16_t bfloat_narrow(double x);

#endif
