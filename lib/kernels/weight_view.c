#include "kernels/weight_view.h"

#include <string.h>

/* Two bytes to a whole number on any machine; compilers make one load of it where that is what it is. */
static uint32_t two_bytes(const uint8_t *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8; }
static uint32_t four_bytes(const uint8_t *p) { return two_bytes(p) | two_bytes(p + 2) << 16; }

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

/* The 15 bits without sign, moved to where a float has them, are the number times 2^-112, also where it has lost digits
 * (then they are a float that has, and the product is right all the same). Exponent 31 means infinity or NaN. */
static float half_float(uint32_t h) {
    uint32_t size = (h & 0x7fff) << 13, special = size >= 0x0f800000 ? 0x7f800000 : 0;
    return float_of(bits_of(float_of(size) * 0x1p112f) | special | (h & 0x8000) << 16);
}

void weight_widen(WeightForm form, const uint8_t *from, num *to, size_t n) {
    if (form == WEIGHT_F16)
        for (size_t i = 0; i < n; i++) to[i] = (num)half_float(two_bytes(from + 2 * i));
    else if (form == WEIGHT_BF16)
        for (size_t i = 0; i < n; i++) to[i] = (num)float_of(two_bytes(from + 2 * i) << 16);
    else
        for (size_t i = 0; i < n; i++) to[i] = (num)float_of(four_bytes(from + 4 * i));
}

void weight_row(const WeightView *weights_view, int rows, int cols, int r, num *to) {
    int each = rows / weights_view->parts;
    REQUIRE(!weights_view->turned && 0 <= r && r < rows, "row %d of %d, %s", r, rows,
            weights_view->turned ? "turned" : "not turned");
    WeightForm form = weights_view->part[r / each].form;
    weight_widen(form, weights_view->part[r / each].data + (size_t)(r % each) * (size_t)cols * weight_size(form), to,
                 (size_t)cols);
}

void weight_all(const WeightView *weights_view, int rows, int cols, num *to) {
    for (int r = 0; r < rows && !weights_view->turned; r++)
        weight_row(weights_view, rows, cols, r, to + (size_t)r * (size_t)cols);
    size_t size = weight_size(weights_view->part[0].form);
    for (size_t c = 0; c < (size_t)cols && weights_view->turned; c++)
        for (size_t r = 0; r < (size_t)rows; r++)
            weight_widen(weights_view->part[0].form, weights_view->part[0].data + (c * (size_t)rows + r) * size,
                         to + r * (size_t)cols + c, 1);
}
