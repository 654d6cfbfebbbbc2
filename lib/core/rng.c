#include "core/rng.h"

#include <math.h>

static uint64_t splitmix(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
Rng rng_seed(uint64_t seed, uint64_t stream) {
    uint64_t state = seed;
    state = splitmix(&state) ^ (stream * 0xd1342543de82ef95u);
    Rng rng;
    for (int i = 0; i < 4; i++) rng.s[i] = splitmix(&state);
    return rng;
}
static uint64_t rotate_left(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

uint64_t rng_next(Rng *rng) {
    uint64_t *s = rng->s, result = rotate_left(s[0] + s[3], 23) + s[0], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

double rng_uniform(Rng *rng) { return (double)(rng_next(rng) >> 11) * 0x1p-53; }
double rng_normal(Rng *rng) {
    double u = 1 - rng_uniform(rng), v = rng_uniform(rng); /* u in (0, 1]: log u is finite */
    return sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v);
}

uint32_t rng_below(Rng *rng, uint32_t n) {
    REQUIRE(n >= 1, "n is 0, want at least 1");
    uint32_t reject = (uint32_t)(-n) % n; /* 2^32 mod n: reject so many low products */
    for (;;) {
        uint64_t product = (rng_next(rng) >> 32) * n;
        if ((uint32_t)product >= reject) return (uint32_t)(product >> 32);
    }
}

void rng_shuffle(Rng *rng, int *index, int n) {
    for (int i = n - 1; i > 0; i--) {
        int j = (int)rng_below(rng, (uint32_t)i + 1), old = index[i];
        index[i] = index[j];
        index[j] = old;
    }
}

void rng_choice(Rng *rng, int n, int *pick, int k) {
    REQUIRE(0 <= k && k <= n, "k is %d, want 0 to n = %d", k, n);
    /* Selection sampling: i is chosen with probability (still wanted) / (still left). Then the order is shuffled. */
    int found = 0;
    for (int i = 0; i < n && found < k; i++)
        if ((int)rng_below(rng, (uint32_t)(n - i)) < k - found) pick[found++] = i;
    rng_shuffle(rng, pick, k);
}
