/* rng: random numbers from an explicit seed: no clock, no global state. The caller passes the generator.
 *
 * xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021), seeded by splitmix64. The
 * same seed and stream give the same numbers on every machine.
 */
#ifndef RNG_H
#define RNG_H

#include "core/base.h"

typedef struct {
    uint64_t s[4];
} Rng;

/* An independent generator for each (seed, stream). Use one stream per purpose, or per epoch: then another draw in one
 * place does not change the numbers elsewhere. */
Rng rng_seed(uint64_t seed, uint64_t stream);

uint64_t rng_next(Rng *rng);              /* 64 random bits */
double rng_uniform(Rng *rng);             /* uniform in [0, 1), 53 bits */
double rng_normal(Rng *rng);              /* mean 0, variance 1 (Box and Muller 1958) */
uint32_t rng_below(Rng *rng, uint32_t n); /* uniform in 0 .. n-1, without bias; wants n >= 1 */

/* Permutes index[0..n); every order is equally likely (Fisher and Yates). */
void rng_shuffle(Rng *rng, int *index, int n);
/* Chooses k of 0 .. n-1 without repetition, in random order, into pick[0..k); wants k <= n. */
void rng_choice(Rng *rng, int n, int *pick, int k);

#endif
