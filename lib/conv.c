#include "conv.h"

#include <string.h>

int conv_out(int size, int kernel, int stride, int pad) { return (size + 2 * pad - kernel) / stride + 1; }

static void shape_require(ConvShape s) {
    REQUIRE(s.B >= 0 && s.H >= 0 && s.W >= 0 && s.C >= 0 && s.outputs >= 0,
            "x is [%d,%d,%d,%d], outputs %d, want 0 or more", s.B, s.H, s.W, s.C, s.outputs);
    REQUIRE(s.kernel >= 1 && s.stride >= 1 && s.pad >= 0, "kernel %d, stride %d, pad %d, want 1, 1, 0 or more",
            s.kernel, s.stride, s.pad);
    REQUIRE((s.kernel - s.H + 1) / 2 <= s.pad && (s.kernel - s.W + 1) / 2 <= s.pad,
            "a kernel of %d on a picture of %d x %d with pad %d: it does not fit", s.kernel, s.H, s.W, s.pad);
}

/* The number of x that y's place (h, w) sees through the kernel's cell (i, j) in channel 0; NULL outside the picture. */
static const num *seen(ConvShape s, const num *x, int b, int h, int w) {
    if (h < 0 || h >= s.H || w < 0 || w >= s.W) return NULL;
    return x + (((size_t)b * (size_t)s.H + (size_t)h) * (size_t)s.W + (size_t)w) * (size_t)s.C;
}

static size_t weight_at(ConvShape s, int o, int c, int i, int j) {
    return (((size_t)o * (size_t)s.C + (size_t)c) * (size_t)s.kernel + (size_t)i) * (size_t)s.kernel + (size_t)j;
}

/* Calls `cell` for every pair of a place of y and a cell of the kernel that lies inside the picture. */
typedef struct { const num *x; num *dx; const num *weight; num *dweight; num *y; const num *dy; } ConvData;
typedef void (*ConvCell)(ConvShape s, ConvData d, size_t x, size_t y, int i, int j);

static void cells(ConvShape s, ConvData d, ConvCell cell) {
    static const num origin;
    int P = conv_out(s.H, s.kernel, s.stride, s.pad), Q = conv_out(s.W, s.kernel, s.stride, s.pad);
    size_t y = 0;
    for (int b = 0; b < s.B; b++)
        for (int h = 0; h < P; h++)
            for (int w = 0; w < Q; w++, y += (size_t)s.outputs)
                for (int i = 0; i < s.kernel; i++)
                    for (int j = 0; j < s.kernel; j++) {
                        const num *x = seen(s, &origin, b, h * s.stride + i - s.pad, w * s.stride + j - s.pad);
                        if (x) cell(s, d, (size_t)(x - &origin), y, i, j);
                    }
}

static void forward_cell(ConvShape s, ConvData d, size_t x, size_t y, int i, int j) {
    for (int o = 0; o < s.outputs; o++)
        for (int c = 0; c < s.C; c++) d.y[y + (size_t)o] += d.weight[weight_at(s, o, c, i, j)] * d.x[x + (size_t)c];
}

static void data_cell(ConvShape s, ConvData d, size_t x, size_t y, int i, int j) {
    for (int o = 0; o < s.outputs; o++)
        for (int c = 0; c < s.C; c++) d.dx[x + (size_t)c] += d.weight[weight_at(s, o, c, i, j)] * d.dy[y + (size_t)o];
}

static void weight_cell(ConvShape s, ConvData d, size_t x, size_t y, int i, int j) {
    for (int o = 0; o < s.outputs; o++)
        for (int c = 0; c < s.C; c++)
            d.dweight[weight_at(s, o, c, i, j)] += d.x[x + (size_t)c] * d.dy[y + (size_t)o];
}

static size_t places(ConvShape s) {
    return (size_t)s.B * (size_t)conv_out(s.H, s.kernel, s.stride, s.pad) *
           (size_t)conv_out(s.W, s.kernel, s.stride, s.pad);
}

void conv_forward_plain(ConvShape s, const num *x, const num *weight, const num *bias, num *y) {
    shape_require(s);
    size_t outputs = (size_t)s.outputs, count = places(s) * outputs;
    for (size_t i = 0; i < count; i++) y[i] = bias ? bias[i % outputs] : 0;
    cells(s, (ConvData){ .x = x, .weight = weight, .y = y }, forward_cell);
}

void conv_backward_data_plain(ConvShape s, const num *dy, const num *weight, bool accumulate, num *dx) {
    shape_require(s);
    size_t count = (size_t)s.B * (size_t)s.H * (size_t)s.W * (size_t)s.C;
    for (size_t i = 0; i < count && !accumulate; i++) dx[i] = 0;
    cells(s, (ConvData){ .dx = dx, .weight = weight, .dy = dy }, data_cell);
}

void conv_backward_weight_plain(ConvShape s, const num *x, const num *dy, bool accumulate, num *dweight, num *dbias) {
    shape_require(s);
    size_t outputs = (size_t)s.outputs, count = places(s) * outputs;
    for (size_t i = 0; i < weight_at(s, s.outputs, 0, 0, 0) && !accumulate; i++) dweight[i] = 0;
    for (size_t o = 0; o < outputs && dbias && !accumulate; o++) dbias[o] = 0;
    for (size_t i = 0; i < count && dbias; i++) dbias[i % outputs] += dy[i];
    cells(s, (ConvData){ .x = x, .dy = dy, .dweight = dweight }, weight_cell);
}

void conv_forward(ConvShape s, const num *x, const num *weight, const num *bias, num *y) {
    conv_forward_plain(s, x, weight, bias, y);
}
void conv_backward_data(ConvShape s, const num *dy, const num *weight, bool accumulate, num *dx) {
    conv_backward_data_plain(s, dy, weight, accumulate, dx);
}
void conv_backward_weight(ConvShape s, const num *x, const num *dy, bool accumulate, num *dweight, num *dbias) {
    conv_backward_weight_plain(s, x, dy, accumulate, dweight, dbias);
}
