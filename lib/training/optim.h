/* optim: one step of an optimiser. w weight, g gradient, lr learning rate times the schedule's factor.
 *
 *   SGD    v = momentum v + g + weight_decay w
 *          w -= lr v                                                                  Polyak 1964 (the heavy ball)
 *   AdamW  m = b1 m + (1 - b1) g     v = b2 v + (1 - b2) g^2     b1 = 0.9, b2 = 0.999, eps = 1e-8, n steps so far
 *          w -= lr weight_decay w + lr (m / (1 - b1^n)) / (sqrt(v / (1 - b2^n)) + eps)
 *                                                  Loshchilov and Hutter, "Decoupled weight decay", arXiv:1711.05101
 *   Muon   v = momentum v + g             G = g + momentum v, filters [O,C,K,K] seen as a matrix [O,CKK]
 *          w = sqrt(O) w / |w| - lr Q(G)  Q(G): G with all its singular values moved towards 1, by three
 *                                         Newton-Schulz steps                       Jordan et al. 2024, "Muon" */
#ifndef OPTIM_H
#define OPTIM_H

#include "model/params.h"

typedef enum { OPTIM_SGD, OPTIM_ADAMW, OPTIM_MUON } OptimRule;

typedef struct {
    OptimRule rule;
    double lr;
    double weight_decay; /* SGD, AdamW */
    double momentum;     /* SGD, Muon */
} OptimGroup;
enum { OPTIM_GROUPS = 6 };

typedef struct {
    Params *params; /* parameter p is moved by groups[p->group] */
    OptimGroup groups[OPTIM_GROUPS];
    num **first, **second; /* per parameter: v or m; AdamW's v, else NULL. Both NULL for a frozen parameter */
    int64_t steps;
    Arena scratch;
} Optim;

/* Makes zero state for each parameter that is not frozen.
 * Wants  1 to OPTIM_GROUPS groups, and each parameter's group among them (REQUIRE)
 * Owner  the state: the parameters' arena; scratch memory: free it with optim_free */
void optim_init(Optim *optim, Params *params, const OptimGroup *groups, int count);

/* One step with every learning rate times `factor`, then forgets all gradients. A parameter that is frozen or has no
 * gradient does not change. Muon wants a matrix with O <= CKK (REQUIRE). */
void optim_step(Optim *optim, double factor);
void optim_free(Optim *optim);

/* The norm of all gradients together, before clipping. Above `max` all gradients are multiplied by max / norm (Pascanu
 * et al. 2013, arXiv:1211.5063, section 3.2). Wants max > 0. */
double optim_clip_norm(Params *params, double max);

typedef enum { SCHEDULE_CONSTANT, SCHEDULE_LINEAR, SCHEDULE_COSINE } Schedule;

/* The factor of the learning rate at step 0 <= s < total:
 *   s < warmup   (s + 1) / (warmup + 1)
 *   else         1, 1 - d, or (1 + cos(pi d)) / 2 with d = (s - warmup) / (total - warmup), at most 1
 * The cosine: Loshchilov and Hutter 2017, arXiv:1608.03983, eq. 5. */
double schedule_factor(Schedule schedule, int64_t step, int64_t total, int64_t warmup);

#endif
