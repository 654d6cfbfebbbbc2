/* pixel_gradient: gradients that go through the image tower to the pixels, and what can be done with them.
 *
 * The tower is as in use: batch normalisation with its running statistics. Pixels are as the model sees them. */
#ifndef PIXEL_GRADIENT_H
#define PIXEL_GRADIENT_H

#include "model/clip.h"

/* How bytes become pixels: (byte / 255 - mean[c]) / deviation[c], c the channel. */
typedef struct {
    double mean[3], deviation[3];
} PixelScale;
PixelScale pixels_photograph(void); /* of augment.h */
PixelScale pixels_scene(void);      /* of scene.h */
/* Pixels [..,3] as bytes, rounded and clamped, and back. */
void pixels_to_bytes(const PixelScale *scale, const num *pixels, size_t count, uint8_t *rgb);
void pixels_from_bytes(const PixelScale *scale, const uint8_t *rgb, size_t count, num *pixels);

/* The cosine c_b = I_b . T_b of each picture and its text, and its gradient with respect to the pixels.
 * Shapes  pixels, gradient [n,H,W,3]; texts [n,E] unit vectors; cosine [n], NULL: not wanted
 * Owner   the arena */
Mat cosine_gradient(Clip *clip, Arena *arena, Mat pixels, Mat texts, double *cosine);

/* The gradient of the cross-entropy of the classes, -log softmax(e^t I_b . T)[label_b], with respect to the pixels.
 * classes [C,E] unit vectors; label [n] -> [n,H,W,3], on the arena */
Mat loss_gradient(Clip *clip, Arena *arena, Mat pixels, Mat classes, const int *label);

/* ---- the smallest change that turns the answer (Goodfellow et al. 2014, arXiv:1412.6572, section 4) -------------- */

enum { TURN_MAX = 64 }; /* the largest step that is tried */

/* byte' = byte + k sign(dL/dbyte), clamped: the fast gradient sign method with the step k/255. The least k of 1, 2, ...
 * TURN_MAX after which the answer is not label[b]; TURN_MAX + 1: none of them. sign [n,H,W,3] is sign(dL/dx), or any
 * signs. rgb [n,H,W,3] bytes -> least [n] */
void least_turn(Clip *clip, const PixelScale *scale, const uint8_t *rgb, int n, int side, Mat classes, const int *label,
                const num *sign, int *least);
/* The picture rgb [count] after the step k. */
void turn_picture(const uint8_t *rgb, size_t count, const num *sign, int k, uint8_t *changed);

/* ---- pixels from a caption --------------------------------------------------------------------------------------- */

/* Gradient ascent on c = I . T from noise around grey, [1,side,side,3]: x += r g / (|g| / sqrt(count)), clamped to what
 * bytes can be; g is dc/dx and r falls from `rate` to 0. With smooth > 0 each step is followed by
 * x += s (mean of the four neighbours - x), where s falls from `smooth` to 0. trace [steps + 1]: the cosine before each
 * step and at the end; NULL: not wanted. On the arena. */
typedef struct {
    int side, steps;
    double rate, smooth;
    uint64_t seed;
} Ascent;
Mat ascend(Clip *clip, Arena *arena, const PixelScale *scale, Mat text, const Ascent *how, double *trace);

/* Roughness of a picture [side,side,3] of bytes: the mean absolute difference of neighbours, in bytes. */
double roughness(const uint8_t *rgb, int side);

#endif
