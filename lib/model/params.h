/* params: the numbers a model is made of, each under the name it has in a weights file, and how they begin. */
#ifndef PARAMS_H
#define PARAMS_H

#include "autograd/tape.h"

/* All parameters of one model, in the order they were added. The arena owns them and their gradients. */
typedef struct {
    Arena *arena;
    Param **list;
    int count, room;
    bool plan; /* names and shapes alone, val.v is NULL: to see what a model would be made of before taking memory */
} Params;

/* A new parameter of zeros. `name` is a printed format: params_add(p, shape, "%s.conv%d.weight", prefix, 1).
 * Stops when the name is taken. */
Param *params_add(Params *params, Mat shape, const char *format, ...) PRINTF_LIKE(3, 4);

Param *params_find(const Params *params, const char *name); /* or NULL */
size_t params_count(const Params *params);                /* how many numbers, buffers left out */
void params_zero_grad(Params *params);                      /* all gradients empty */

/* ---- first values ------------------------------------------------------------------------------------------------ */

/* The ecosystem's default of linear and convolution layers, weights and biases: uniform in +-1/sqrt(fan_in), fan_in
 * the number of inputs one output sees. (He et al. 2015, arXiv:1502.01852, eq. 10, with a = sqrt 5.) */
void init_fan_in(Param *param, int fan_in, Rng *rng);
/* Normal numbers with the given deviation: sqrt(2 / fan_in) before a ReLU (He et al. 2015), 0.02 for tokens in CLIP. */
void init_normal(Param *param, double deviation, Rng *rng);
void init_constant(Param *param, double value);
/* A convolution [O,C,K,K] whose first min(O,C) outputs hand on their input unchanged: 1 at the centre of channel o.
 * The remaining outputs keep what they have (Zagoruyko and Komodakis 2017, arXiv:1706.00388). */
void init_dirac(Param *param);

#endif
