/* rng: random numbers from an explicit seed. No clock, no global state: whoever draws passes the generator.
 *
 * xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021), its four words filled
 * by splitmix64. The same seed and stream give the same numbers on every machine.
 */
#ifndef RNG_H
#define RNG_H

#include "core/base.h"

typedef struct {
    uint64_t s[4];
} Rng;

/* An independent generator for each (seed, stream): use one stream per purpose, or per epoch, so that adding a draw
 * in one place moves nothing elsewhere. */
Rng rng_seed(uint64_t seed, uint64_t stream);

uint64_t rng_next(Rng *rng);              /* 64 random bits */
double rng_uniform(Rng *rng);             /* uniform in [0, 1), 53 bits */
double rng_normal(Rng *rng);              /* mean 0, variance 1 (Box and Muller 1958) */
uint32_t rng_below(Rng *rng, uint32_t n); /* uniform in 0 .. n-1, without bias; wants n >= 1 */

/* Puts index[0..n) in random order (Fisher and Yates); every order is equally likely. */
void rng_shuffle(Rng *rng, int *index, int n);

/* Chooses k of 0..n-1 without repetition, in random order, into pick[0..k); wants k <= n. */
void rng_choice(Rng *rng, int n, int *pick, int k);

#endif
