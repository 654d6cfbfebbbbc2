/* exercise: the declarations of all exercises. You write the functions in exercises/NN-name.c that have a TODO. All
 * other functions come from the library, whose headers are included here. The text of each exercise says what you need.
 *
 * Numbers are `num` (float). A Mat m is [rows,cols] = [m.shape[0],m.shape[1]], and AT(m, r, c) is the number in row r
 * and column c. Keep sums in a double.
 */
#ifndef EXERCISE_H
#define EXERCISE_H

#include "model/clip.h"
#include "kernels/conv.h"
#include "core/mat.h"
#include "evaluate/metrics.h"
#include "autograd/ops.h"
#include "core/softmax.h"
#include "dataset/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Marks a function that you have not begun. Delete the line when you begin. It names the parameters, so that the
 * compiler does not warn of unused ones. */
#define TODO(...) exercise_todo(__FILE__, __LINE__, __VA_ARGS__)
NORETURN void exercise_todo(const char *file, int line, ...);

/* 00 */ double hello(void);

/* 01 */ void normalise(num *v, int n);
/* 01 */ double cosine(const num *a, const num *b, int n);

/* 02 */ void similarity_matrix(Mat text, Mat image, Mat s);

/* 03 */ void softmax(const num *x, int n, num *p);
/* 03 */ double cross_entropy(Mat x, const int *target);

/* 04 */ double symmetric_loss(Mat image, Mat text, double tau);

/* 05 */ void relu_backward(const num *x, const num *dy, int n, num *dx);
/* 05 */ void matmul_backward(Mat a, Mat b, Mat dy, Mat da, Mat db);
/* 05 */ void cross_entropy_backward(Mat x, const int *target, Mat dx);

/* 06 */ void convolution(ConvShape s, const num *x, const num *weight, const num *bias, num *y);

/* 07: V words, vectors of D numbers, texts of E numbers. */
typedef struct {
    Mat table;  /* [V,D]: row w is the vector of word w */
    Mat weight; /* [E,D] */
    Mat bias;   /* [1,E] */
} BagOfWords;
/* 07 */ void bag_of_words(const BagOfWords *bag, const int *ids, int B, int T, Mat out);

/* 08: the towers of a trained CLIP. Their rows do not have the length 1. The results are on the arena. */
Mat encode_pictures(Arena *arena, Mat pictures);                 /* [B,H,W,3] -> [B,E] */
Mat encode_texts(Arena *arena, const char *const *texts, int n); /* n texts   -> [n,E] */
/* 08 */ void classify(Arena *arena, Mat pictures, const char *const *names, int C, Mat cosine, int *best);

/* 09 */ void prompt_ensemble(Mat each, int K, Mat classes);

/* 10 */ void top_k(const num *scores, int n, int k, int *best);
/* 10 */ double recall_at_k(Mat scores, const int *query, const int *item, int k);

/* 11: runs A to E */
/* 11 */ void draw_batch(Rng *rng, int n, int B, int *picture, int *caption);
/* 11 */ Var compare(Tape *tape, Var image, Var text);
/* 11 */ void answer(Mat logits, Mat p);
/* 11 */ Var logits_d(Tape *tape, Var cosine, Var t);
/* 11 */ Var logits_e(Tape *tape, Var cosine, Var t);

/* 12 */ void probe(void);
/* 12b */ void probe_scenes(void);

#endif
