/* params: the parameters of a model, each under its name in a weights file, and their first values. */
#ifndef PARAMS_H
#define PARAMS_H

#include "autograd/tape.h"

/* All parameters of one model, in the order they were added. The arena owns them and their gradients. */
typedef struct {
    Arena *arena;
    Param **list;
    int count, room;
    bool plan; /* names and shapes only: val.v of each is NULL */
} Params;

/* A new parameter of zeros. The name is printed: params_add(p, shape, "%s.conv%d.weight", prefix, 1). Stops if there is
 * one of that name. */
Param *params_add(Params *params, Mat shape, const char *format, ...) PRINTF_LIKE(3, 4);

Param *params_find(const Params *params, const char *name); /* or NULL */
size_t params_count(const Params *params);                  /* how many numbers are trained: frozen ones left out */
void params_zero_grad(Params *params);                      /* empties all gradients */

/* Uniform in +-1/sqrt(fan_in), fan_in the inputs of one output: the default of other toolkits for linear layers and
 * convolutions, weights and biases. (He et al. 2015, arXiv:1502.01852, eq. 10, with a = sqrt 5.) */
void init_fan_in(Param *param, int fan_in, Rng *rng);
/* Normal with the given standard deviation. */
void init_normal(Param *param, double deviation, Rng *rng);
void init_constant(Param *param, double value);
/* A convolution [O,C,K,K], K odd, whose first min(O,C) outputs equal their inputs: 1 at the centre of channel o. The
 * other outputs keep what they have. (Zagoruyko and Komodakis 2017, arXiv:1706.00388.) */
void init_dirac(Param *param);

#endif
