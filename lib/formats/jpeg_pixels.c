#include "formats/jpeg_pixels.h"

#include <string.h>

static inline int clamp_to(int x, int low, int high) { return x < low ? low : x > high ? high : x; }
static inline uint8_t to_byte(int x) { return (uint8_t)clamp_to(x, 0, 255); }

/* ---- inverse cosine transform ----------------------------------------------------------------------------------- */

enum { BITS = 13, BETWEEN = 2 }; /* of a weight; kept between the two passes */

/* w(u,x) = 2^13 sqrt 2 C(u) cos((2x+1) u pi/16) for u = 0 2 4 6 and 1 3 5 7, and x = 0 to 3. Output 7 - x has the same
 * weights for even u, and the negative ones for odd u. The last digits are those of jidctint.c, which adds products of
 * rounded constants (Loeffler, Ligtenberg, Moschytz 1989). */
static const int even_weights[4][4] = { { 8192, 10703, 8192, 4433 },
                                        { 8192, 4433, -8192, -10704 },
                                        { 8192, -4433, -8192, 10704 },
                                        { 8192, -10703, 8192, -4433 } };
static const int odd_weights[4][4] = { { 11363, 9633, 6437, 2260 },
                                       { 9633, -2259, -11362, -6436 },
                                       { 6437, -11362, 2261, 9633 },
                                       { 2260, -6436, 9633, -11363 } };

/* out[column * 8 + x] = sum_u w(u,x) in[u * 8 + column] / 2^shift: transforms the columns, and transposes. Numbers that
 * no picture has are clamped to 16 bits: then no sum is beyond 32. */
static void columns_inverse(const int in[64], int out[64], int shift) {
    int row[8][8];
    for (int x = 0; x < 4; x++)
        for (int c = 0; c < 8; c++) {
            const int *e = even_weights[x], *o = odd_weights[x];
            int even = e[0] * in[c] + e[1] * in[16 + c] + e[2] * in[32 + c] + e[3] * in[48 + c] + (1 << (shift - 1));
            int odd = o[0] * in[8 + c] + o[1] * in[24 + c] + o[2] * in[40 + c] + o[3] * in[56 + c];
            row[x][c] = clamp_to((even + odd) >> shift, INT16_MIN, INT16_MAX);
            row[7 - x][c] = clamp_to((even - odd) >> shift, INT16_MIN, INT16_MAX);
        }
    for (int i = 0; i < 64; i++) out[i] = row[i % 8][i / 8];
}

void jpeg_block_inverse(const int16_t block[64], const uint16_t quant[64], const JpegPlane *plane, int column,
                        int row) {
    int in[64], columns[64];
    for (int k = 0; k < 64; k++) in[k] = clamp_to(block[k] * quant[k], INT16_MIN, INT16_MAX);
    columns_inverse(in, columns, BITS - BETWEEN);
    columns_inverse(columns, in, BITS + BETWEEN + 3);
    uint8_t *out = plane->v + 8 * ((size_t)row * plane->stride + (size_t)column);
    for (int y = 0; y < 8; y++, out += plane->stride)
        for (int x = 0; x < 8; x++) out[x] = to_byte(in[8 * y + x] + 128);
}

/* ---- upsampling ------------------------------------------------------------------------------------------------- */

/* Doubles a row of n >= 2 sums: out(2x) and out(2x + 1) are (3 sum(x) + sum(x -+ 1) + bias) / 2^shift. The two biases
 * differ so that halves are rounded up as often as down. */
static void row_double(const uint16_t *sum, int n, int shift, int bias, int bias_right, uint8_t *out) {
    out[0] = (uint8_t)((4 * sum[0] + bias) >> shift);
    for (int x = 1; x < n; x++) out[2 * x] = (uint8_t)((3 * sum[x] + sum[x - 1] + bias) >> shift);
    for (int x = 0; x < n - 1; x++) out[2 * x + 1] = (uint8_t)((3 * sum[x] + sum[x + 1] + bias_right) >> shift);
    out[2 * n - 1] = (uint8_t)((4 * sum[n - 1] + bias_right) >> shift);
}

/* Row y of the picture from a plane; `out` and `sum` have room for one. */
static const uint8_t *row_upsample(const JpegPlane *p, int y, uint8_t *out, uint16_t *sum) {
    bool across = p->factor_x == 2 && p->width > 2, down = p->factor_y == 2;
    int beside = clamp_to(y / 2 + (y % 2 ? 1 : -1), 0, p->height - 1);
    const uint8_t *near = p->v + (size_t)(y / p->factor_y) * p->stride, *far = p->v + (size_t)beside * p->stride;
    if (p->factor_x == 1 && p->factor_y == 1) return near;
    if ((p->factor_x > 1 && !across) || p->factor_y > 2) {
        for (int x = 0; x < p->width; x++) memset(out + (size_t)(x * p->factor_x), near[x], (size_t)p->factor_x);
        return out;
    }
    for (int x = 0; x < p->width; x++) sum[x] = (uint16_t)(down ? 3 * near[x] + far[x] : near[x]);
    if (across) row_double(sum, p->width, down ? 4 : 2, down ? 8 : 1, down ? 7 : 2, out);
    else
        for (int x = 0; x < p->width; x++) out[x] = (uint8_t)((sum[x] + (y % 2 ? 2 : 1)) >> 2);
    return out;
}

/* ---- colours ---------------------------------------------------------------------------------------------------- */

/* In 16 bits: 91881 = 1.402 * 2^16 and so on. */
static void row_from_ycc(const uint8_t *y, const uint8_t *cb, const uint8_t *cr, int width, uint8_t *rgb) {
    enum { HALF = 1 << 15 };
    for (int x = 0; x < width; x++, rgb += 3) {
        int blue = cb[x] - 128, red = cr[x] - 128;
        rgb[0] = to_byte(y[x] + ((91881 * red + HALF) >> 16));
        rgb[1] = to_byte(y[x] + ((-22554 * blue - 46802 * red + HALF) >> 16));
        rgb[2] = to_byte(y[x] + ((116130 * blue + HALF) >> 16));
    }
}

/* One row of pixels. CMYK: ink = 255 - C or 255 - M or 255 - Y, and K - ink K / 255 is C K / 255 as Pillow rounds it.
 * In YCCK red, green and blue are the inks. */
static void row_colour(const uint8_t *const s[4], JpegColour colour, int width, uint8_t *rgb) {
    if (colour == JPEG_YCC || colour == JPEG_YCCK) row_from_ycc(s[0], s[1], s[2], width, rgb);
    else
        for (int x = 0; x < width; x++)
            for (int c = 0; c < 3; c++) rgb[3 * x + c] = s[colour == JPEG_GREY ? 0 : c][x];
    for (int i = 0; i < 3 * width && colour >= JPEG_CMYK; i++) {
        int black = s[3][i / 3], ink = colour == JPEG_YCCK ? rgb[i] : 255 - rgb[i], product = ink * black + 128;
        rgb[i] = (uint8_t)(black - ((product + (product >> 8)) >> 8));
    }
}

/* ---- the picture ------------------------------------------------------------------------------------------------ */

Image jpeg_picture(Arena *arena, const JpegPlane planes[4], JpegColour colour, int width, int height, int orientation) {
    /* EXIF 2.3, tag Orientation: rows become columns; columns run to the left; rows run upwards */
    int n = orientation, count = colour == JPEG_GREY ? 1 : colour <= JPEG_RGB ? 3 : 4;
    bool transposed = n >= 5, left = n == 2 || n == 3 || n == 7 || n == 8, up = n == 3 || n == 4 || n == 6 || n == 7;
    Image image = image_new(arena, transposed ? height : width, transposed ? width : height);
    size_t dx = 3 * (size_t)(transposed ? height : 1), dy = 3 * (size_t)(transposed ? 1 : width);
    Arena scratch = { 0 };
    size_t room = (size_t)width + 4; /* the last samples may stand for more pixels than there are */
    uint8_t *row = arena_alloc(&scratch, room, 3), *upsampled = arena_alloc(&scratch, 4 * room, 1);
    uint16_t *sum = arena_alloc(&scratch, room, sizeof *sum);
    for (int y = 0; y < height; y++) {
        const uint8_t *samples[4];
        for (int c = 0; c < count; c++) samples[c] = row_upsample(&planes[c], y, upsampled + (size_t)c * room, sum);
        row_colour(samples, colour, width, row);
        uint8_t *out = image.rgb + (size_t)(up ? height - 1 - y : y) * dy;
        for (int x = 0; x < width; x++) memcpy(out + (size_t)(left ? width - 1 - x : x) * dx, row + 3 * (size_t)x, 3);
    }
    arena_free(&scratch);
    return image;
}
