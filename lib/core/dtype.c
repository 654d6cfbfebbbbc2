#include "core/dtype.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    size_t size;
} TABLE[] = {
    [DTYPE_F64] = { "F64", 8 },   [DTYPE_F32] = { "F32", 4 },         [DTYPE_F16] = { "F16", 2 },
    [DTYPE_BF16] = { "BF16", 2 }, [DTYPE_U8] = { "U8", 1 },           [DTYPE_I32] = { "I32", 4 },
    [DTYPE_I64] = { "I64", 8 },   [DTYPE_BOOL] = { "BOOL", 1 },       [DTYPE_I8] = { "I8", 1 },
    [DTYPE_I16] = { "I16", 2 },   [DTYPE_U16] = { "U16", 2 },         [DTYPE_U32] = { "U32", 4 },
    [DTYPE_U64] = { "U64", 8 },   [DTYPE_F8_E4M3] = { "F8_E4M3", 1 }, [DTYPE_F8_E5M2] = { "F8_E5M2", 1 },
};

const char *dtype_name(Dtype dtype) { return TABLE[dtype].name; }
size_t dtype_size(Dtype dtype) { return TABLE[dtype].size; }
bool dtype_is_real(Dtype dtype) { return dtype <= DTYPE_BF16; }

/* bits >> shift, rounded to nearest, ties to even. */
static uint64_t shift_rounded(uint64_t bits, int shift) {
    if (shift > 62) return 0; /* `bits` has at most 53 bits: less than a half */
    uint64_t result = bits >> shift, rest = bits & (((uint64_t)1 << shift) - 1), half = (uint64_t)1 << (shift - 1);
    return result + (rest > half || (rest == half && (result & 1)));
}

/* x with 1 sign, `e` exponent and `f` fraction bits, from a double (1 + 11 + 52). */
static uint16_t narrow(double x, int e, int f) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint64_t sign = bits >> 63 << (e + f), fraction = bits & (((uint64_t)1 << 52) - 1);
    uint64_t infinity = (((uint64_t)1 << e) - 1) << f;
    int exponent = (int)(bits >> 52 & 0x7ff) - 1023 + (1 << (e - 1)) - 1;
    if (isnan(x)) {
        uint64_t payload = fraction >> (52 - f);
        return (uint16_t)(sign | infinity | (payload ? payload : (uint64_t)1 << (f - 1)));
    }
    if (exponent >= (1 << e) - 1) return (uint16_t)(sign | infinity);
    /* If rounding carries out of the fraction, the carry adds 1 to the exponent: right, also from subnormal to normal
     * and from the largest number to infinity. */
    if (exponent >= 1) return (uint16_t)(sign | shift_rounded((uint64_t)exponent << 52 | fraction, 52 - f));
    return (uint16_t)(sign | shift_rounded((uint64_t)1 << 52 | fraction, 52 - f + 1 - exponent));
}

uint16_t half_narrow(double x) { return narrow(x, 5, 10); }
uint16_t bfloat_narrow(double x) { return narrow(x, 8, 7); }

/* Byte by byte for any byte order; compilers make one load of it. */
static uint32_t two_bytes(const uint8_t *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8; }
static uint32_t four_bytes(const uint8_t *p) { return two_bytes(p) | two_bytes(p + 2) << 16; }
static uint64_t eight_bytes(const uint8_t *p) { return four_bytes(p) | (uint64_t)four_bytes(p + 4) << 32; }
static double double_of(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}
static float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* A half without a branch. Read as a float, the 15 bits without sign, moved up by 13, are the number times 2^-112,
 * also for subnormal halves. Exponent 31 means infinity or NaN. */
static float half_float(uint32_t h) {
    uint32_t size = (h & 0x7fff) << 13, special = size >= 0x0f800000 ? 0x7f800000 : 0;
    return float_of(bits_of(float_of(size) * 0x1p112f) | special | (h & 0x8000) << 16);
}

void dtype_widen(Dtype dtype, const uint8_t *from, num *to, size_t n) {
    REQUIRE(dtype <= DTYPE_U8, "%s is not a real number format", dtype_name(dtype));
    for (size_t i = 0; i < n && dtype == DTYPE_F64; i++) to[i] = (num)double_of(eight_bytes(from + 8 * i));
    for (size_t i = 0; i < n && dtype == DTYPE_F32; i++) to[i] = (num)float_of(four_bytes(from + 4 * i));
    for (size_t i = 0; i < n && dtype == DTYPE_F16; i++) to[i] = (num)half_float(two_bytes(from + 2 * i));
    for (size_t i = 0; i < n && dtype == DTYPE_BF16; i++) to[i] = (num)float_of(two_bytes(from + 2 * i) << 16);
    for (size_t i = 0; i < n && dtype == DTYPE_U8; i++) to[i] = from[i];
}

size_t dtype_too_large(Dtype dtype, const uint8_t *from, size_t n) {
    for (size_t i = 0; i < n && dtype == DTYPE_F64; i++) {
        double x = double_of(eight_bytes(from + 8 * i));
        if (isfinite(x) && !isfinite((num)x)) return i;
    }
    return n;
}
