/* optim: how gradients move parameters.
 *
 *   SGD    v = momentum v + g;  w -= lr v          (Nesterov: w -= lr (g + momentum v))   (Sutskever et al. 2013)
 *          with g = gradient + weight_decay w
 *   AdamW  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  w -= lr weight_decay w
 *          w -= lr (m / (1 - b1^n)) / (sqrt(v / (1 - b2^n)) + eps)        n steps so far  (Loshchilov and Hutter 2019)
 *   Muon   v = momentum v + g;  w -= lr Q(g + momentum v), where Q(G) is the nearest matrix to G with all singular
 *          values near 1, found by three Newton-Schulz steps (Jordan et al. 2024, "Muon"). For filters [O,C,K,K],
 *          seen as [O, CKK]; each is first rescaled to norm sqrt(O).
 */
#ifndef OPTIM_H
#define OPTIM_H

#include "core/arena.h"
#include "model/params.h"

typedef enum { OPTIM_SGD, OPTIM_ADAMW, OPTIM_MUON } OptimRule;

typedef struct {
    OptimRule rule;
    double lr; /* times the schedule's factor */
    double weight_decay;
    double momentum;          /* SGD, Muon */
    bool nesterov;            /* SGD; Muon always is */
    double beta1, beta2, eps; /* AdamW; 0 means 0.9, 0.999, 1e-8 */
} OptimGroup;

enum { OPTIM_GROUPS = 6 };

/* Parameters of group g are moved by groups[g]. */
typedef struct {
    Params *params;
    OptimGroup groups[OPTIM_GROUPS];
    num **first, **second; /* per parameter: v or m; AdamW's v (NULL otherwise) */
    int64_t steps;
    Arena scratch;
} Optim;

/* State of zeros for each parameter that is not frozen, on the parameters' arena. `groups` holds as many as are used. */
void optim_init(Optim *optim, Params *params, const OptimGroup *groups, int count);

/* One step with every learning rate times `factor`; a parameter without a gradient stays. Then forgets the gradients. */
void optim_step(Optim *optim, double factor);

/* The length of all gradients as one vector; when it is above `most` (> 0), all are scaled down to it
 * (Pascanu et al. 2013, arXiv:1211.5063). */
double optim_clip_norm(Params *params, double max);

void optim_free(Optim *optim); /* the scratch memory */

/* After the warm-up: as it is, along a line, along half a cosine. */
typedef enum { SCHEDULE_CONSTANT, SCHEDULE_LINEAR, SCHEDULE_COSINE } Schedule;

/* The factor of the learning rate at step `step` of `total`: rises linearly over the first `warmup` steps, then falls
 * from 1 to 0 as a line or as half a cosine (Loshchilov and Hutter 2017, arXiv:1608.03983). */
double schedule_factor(Schedule schedule, int64_t step, int64_t total, int64_t warmup);

#endif
