#include "hardest_negative.h"
#include "core/softmax.h"

#include <math.h>

ClipPair clip_pair(Mat s, int i, double scale) {
    int N = s.shape[0];
    REQUIRE(s.dims == 2 && N == s.shape[1] && N >= 2 && i >= 0 && i < N, "pair %d of %s, want [N,N], N >= 2", i,
            mat_shape_text(s));
    const num *row = &AT(s, i, 0);
    ClipPair pair = { .positive = row[i], .hardest = i == 0, .loss = cross_entropy_row(row, N, scale, i) };
    for (int j = 0; j < N; j++)
        if (j != i && row[j] > row[pair.hardest]) pair.hardest = j;
    pair.negative = row[pair.hardest];
    pair.margin = pair.positive - pair.negative;
    pair.p = exp(-pair.loss);
    double others = 0; /* sum over j != i of e^(scale (s_ij - negative)), no term above 1 */
    for (int j = 0; j < N; j++)
        if (j != i) others += exp(scale * ((double)row[j] - pair.negative));
    pair.hardest_weight = 1 / others;
    return pair;
}
