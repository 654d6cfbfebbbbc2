#include "paper_flop.h"

/* Each token: 3 D x D for q, k, v; D x D out; D x 4D and 4D x D. Each pair of tokens: q k^T and P v. */
double flop_transformer(int layers, int D, int T, int last) {
    double d = D, all = T, qkv = 6 * d * d, rest = 2 * d * d + 16 * d * d, attention = 4 * all * d;
    return layers * all * (qkv + attention) + ((layers - 1) * all + last) * rest;
}

double flop_vit(int side, int patch, int layers, int D, int E, bool last_token_only) {
    int across = side / patch, T = across * across + 1;
    double patches = 2.0 * across * across * D * 3 * patch * patch;
    return patches + flop_transformer(layers, D, T, last_token_only ? 1 : T) + 2.0 * D * E;
}
