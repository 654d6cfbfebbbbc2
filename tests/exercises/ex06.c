#include "verify.h"

enum {
    RIGHT,
    NO_PAD,
    EDGE,
    WRAPS,
    NO_STRIDE,
    FLIPPED,
    TURNED,
    NO_BIAS,
    BIAS_IN_LOOP,
    BIAS_PER_CHANNEL,
    BIAS_0,
    CHANNEL_0,
    LAST_CHANNEL,
    COL_OF_H,
    ROW_OF_W,
    KERNEL_3,
    NO_BATCH,
    PAD_ROWS,
    PAD_COLS,
    PAD_ADDED,
    PAD_TIMES_STRIDE,
    STRIDE_OF_ALL,
    STRIDE_ROWS,
    STRIDE_COLS,
    CHANNELS_LAST,
    OUTPUTS_SECOND,
    OUTPUTS_LAST,
    CHANNELS_FIRST,
    OUTPUT_0,
    INT_SUM,
    ROW_GREATER,
    COL_GREATER,
    ROW_ABOVE_0,
    KERNEL_SHORT,
    KERNEL_FROM_1,
    MEAN,
    LAST_TAP,
    X_H_FOR_W,
    CENTRED,
    BIAS_TWICE,
    BREAKS,
    PAD_ADDED_COLS,
    PAD_ADDED_ROWS,
    ROW_0_OUT,
    COL_0_OUT,
    SUM_NOT_RESET,
    MAXIMUM,
    SEEN_MEAN,
    MEAN_ALL,
    PAD_1,
    PADDING_OF_1,
    DILATED,
    ROWS_SHORT,
    BATCH_NO_C,
    BIAS_H,
    WEIGHT_NO_C,
    SUM_CARRIED,
    X_TURNED,
    PLACES_NO_ONE,
    PLACES_OF_INPUT,
    Q_FROM_H,
    P_FROM_W,
    Y_OF_HW,
    Y_Q_FOR_P,
    Y_CHANNELS_FIRST,
    Y_NO_BATCH,
    MODELS
};

typedef struct {
    ConvShape s;
    const num *x, *weight, *bias;
    int P, Q;
} Job;

static int clamp(int at, int size) { return MIN(MAX(at, 0), size - 1); }

/* Where tap i of window h lies. */
static int tap(const ConvShape *s, int model, int h, int i, bool of_rows) {
    int stride = s->stride, pad = s->pad;
    if (model == NO_STRIDE || (model == STRIDE_ROWS && !of_rows) || (model == STRIDE_COLS && of_rows)) stride = 1;
    if (model == NO_PAD || (model == PAD_ROWS && !of_rows) || (model == PAD_COLS && of_rows)) pad = 0;
    if (model == PAD_ADDED || (model == PAD_ADDED_COLS && !of_rows) || (model == PAD_ADDED_ROWS && of_rows)) pad = -pad;
    if (model == CENTRED) pad = s->kernel / 2;
    if (model == PAD_1) pad = 1;
    if (model == DILATED) return (h + i) * stride - pad;
    if (model == PAD_TIMES_STRIDE) return (h - pad) * stride + i;
    if (model == STRIDE_OF_ALL) return (h + i - pad) * stride;
    return h * stride + i - pad;
}

static bool outside(const ConvShape *s, int model, int row, int col) {
    int H = model == ROW_OF_W ? s->W : s->H, W = model == COL_OF_H ? s->H : s->W, least = model == ROW_ABOVE_0 ? 1 : 0;
    if ((model == ROW_0_OUT && row == 0) || (model == COL_0_OUT && col == 0)) return true;
    return row < least || col < least || row >= H + (model == ROW_GREATER) || col >= W + (model == COL_GREATER);
}

static double weight_at(const Job *job, int model, int o, int c, int i, int j) {
    const ConvShape *s = &job->s;
    int K = s->kernel, at;
    if (model == FLIPPED) {
        i = K - 1 - i;
        j = K - 1 - j;
    }
    if (model == OUTPUT_0) o = 0;
    if (model == TURNED) at = ((o * s->C + c) * K + j) * K + i;
    else if (model == KERNEL_3) at = ((o * s->C + c) * 3 + i) * 3 + j;
    else if (model == CHANNELS_LAST) at = ((o * K + i) * K + j) * s->C + c;
    else if (model == OUTPUTS_SECOND) at = ((c * s->outputs + o) * K + i) * K + j;
    else if (model == WEIGHT_NO_C) at = (o * K + i) * K + j;
    else if (model == OUTPUTS_LAST) at = ((c * K + i) * K + j) * s->outputs + o;
    else at = ((o * s->C + c) * K + i) * K + j;
    return at < s->outputs * s->C * K * K ? (double)job->weight[at] : VERIFY_ANY;
}

static double x_at(const Job *job, int model, int b, int row, int col, int c) {
    const ConvShape *s = &job->s;
    int at = ((b * s->H + row) * s->W + col) * s->C + c;
    if (model == NO_BATCH) at = (row * s->W + col) * s->C + c;
    if (model == CHANNELS_FIRST) at = ((b * s->C + c) * s->H + row) * s->W + col;
    if (model == BATCH_NO_C) at = b * s->H * s->W + (row * s->W + col) * s->C + c;
    if (model == X_TURNED) at = ((b * s->H + col) * s->W + row) * s->C + c;
    if (model == X_H_FOR_W) at = ((b * s->H + row) * s->H + col) * s->C + c;
    return at >= 0 && at < s->B * s->H * s->W * s->C ? (double)job->x[at] : VERIFY_ANY;
}

/* Sums over the window of y[b,h,w,o]. VERIFY_ANY where the mistake reads beyond an array. */
static double window(const Job *job, int model, int b, int h, int w, int o) {
    const ConvShape *s = &job->s;
    int K = model == KERNEL_3 ? 3 : s->kernel, seen = 0, last = K - (model == KERNEL_SHORT);
    double bias = job->bias && model != NO_BIAS ? (double)job->bias[model == BIAS_0 ? 0 : o] : 0, sum = 0,
           most = -INFINITY, last_tap = 0;
    int from = model == CHANNEL_0 ? 0 : model == LAST_CHANNEL ? s->C - 1 : 0, to = model == CHANNEL_0 ? 1 : s->C;
    double whole = trunc(bias);
    if (model == BIAS_H && job->bias) bias = h < s->outputs ? (double)job->bias[h] : VERIFY_ANY;
    if (bias == VERIFY_ANY) return VERIFY_ANY;
    for (int i = model == KERNEL_FROM_1; i < last - (model == ROWS_SHORT); i++)
        for (int j = model == KERNEL_FROM_1; j < last; j++) {
            int row = tap(s, model, h, i, true), col = tap(s, model, w, j, false);
            bool out = outside(s, model, row, col);
            if (model == WRAPS) {
                row = (row % s->H + s->H) % s->H;
                col = (col % s->W + s->W) % s->W;
            } else if (model == EDGE) {
                row = clamp(row, s->H);
                col = clamp(col, s->W);
            } else if (out && model == BREAKS) {
                break;
            } else if (out && model == PADDING_OF_1) {
                for (int c = 0; c < s->C; c++) sum += weight_at(job, RIGHT, o, c, i, j);
                continue;
            } else if (out) {
                continue;
            }
            seen++;
            for (int c = from; c < to; c++) {
                double weight = weight_at(job, model, o, c, i, j), x = x_at(job, model, b, row, col, c);
                if (weight == VERIFY_ANY || x == VERIFY_ANY) return VERIFY_ANY;
                sum += weight * x;
                whole = trunc(whole + weight * x);
                most = fmax(most, weight * x);
                last_tap = weight * x;
            }
        }
    switch (model) {
    case BIAS_IN_LOOP: return sum + seen * bias;
    case BIAS_PER_CHANNEL: return sum + seen * s->C * bias;
    case BIAS_TWICE: return sum + 2 * bias;
    case INT_SUM: return whole;
    case MEAN: return bias + sum / (K * K);
    case MEAN_ALL: return (bias + sum) / (K * K);
    case SEEN_MEAN: return (bias + sum) / seen;
    case LAST_TAP: return last_tap;
    case MAXIMUM: return most;
    default: return bias + sum;
    }
}

/* Mistakes in how many places there are, or where they go: what was not written stays as it was. */
static void placed(const Job *job, int model, const num *before, int n, double *out) {
    const ConvShape *s = &job->s;
    int P = job->P, Q = job->Q;
    if (model == PLACES_NO_ONE) {
        P = (s->H + 2 * s->pad - s->kernel) / s->stride;
        Q = (s->W + 2 * s->pad - s->kernel) / s->stride;
    }
    if (model == PLACES_OF_INPUT) {
        P = s->H;
        Q = s->W;
    }
    if (model == Q_FROM_H) Q = P;
    if (model == P_FROM_W) P = Q;
    for (int i = 0; i < n; i++) out[i] = (double)before[i];
    for (int i = 0; i < s->B * P * Q * s->outputs; i++) {
        int o = i % s->outputs, w = i / s->outputs % Q, h = i / s->outputs / Q % P, b = i / s->outputs / Q / P;
        int at = i;
        if (model == Y_OF_HW) at = ((b * s->H + h) * s->W + w) * s->outputs + o;
        if (model == Y_Q_FOR_P) at = ((b * Q + h) * P + w) * s->outputs + o;
        if (model == Y_CHANNELS_FIRST) at = ((b * s->outputs + o) * P + h) * Q + w;
        if (model == Y_NO_BATCH) at = (h * Q + w) * s->outputs + o;
        if (at < n) out[at] = window(job, RIGHT, b, h, w, o);
    }
}

static void model_numbers(const Job *job, int model, const num *before, int n, double *out) {
    const ConvShape *s = &job->s;
    if (model >= PLACES_NO_ONE) {
        placed(job, model, before, n, out);
        return;
    }
    double running = 0;
    for (int i = 0; i < n; i++) {
        int o = i % s->outputs, w = i / s->outputs % job->Q, h = i / s->outputs / job->Q % job->P,
            b = i / s->outputs / job->Q / job->P;
        out[i] = window(job, model, b, h, w, o);
        running += out[i];
        if (model == SUM_NOT_RESET) out[i] = running;
        if (model != SUM_CARRIED) continue;
        double bias = job->bias ? (double)job->bias[o] : 0;
        running -= bias;
        out[i] = running + bias;
    }
}

static void convolution_case(const char *label, ConvShape s, Mat x, Mat weight, const num *bias) {
    Job job = {
        s, x.v, weight.v, bias, conv_out(s.H, s.kernel, s.stride, s.pad), conv_out(s.W, s.kernel, s.stride, s.pad)
    };
    int P = job.P, Q = job.Q, n = s.B * P * Q * s.outputs;
    verify_case(label,
                "B %d, H %d, W %d, C %d, outputs %d, kernel %d, stride %d, pad %d; x = %s, weight = %s, bias = %s", s.B,
                s.H, s.W, s.C, s.outputs, s.kernel, s.stride, s.pad, verify_vector(x.v, (int)mat_count(x)),
                verify_vector(weight.v, (int)mat_count(weight)), bias ? verify_vector(bias, s.outputs) : "NULL");
    verify_size("C", s.C);
    verify_size("outputs", s.outputs);
    verify_size("B", s.B);
    verify_size("H", s.H);
    verify_size("W", s.W);
    verify_size("kernel", s.kernel);
    verify_size("stride", s.stride);
    verify_size("pad", s.pad);
    Mat y = verify_room("y", 1, n);
    verify_answers(1, n, y.v, false);
    for (int m = 0; m < MODELS; m++) model_numbers(&job, m, y.v, n, verify_model(m));
    convolution(s, verify_input("x", x).v, verify_input("weight", weight).v,
                bias ? verify_input_numbers("bias", bias, s.outputs) : NULL, y.v);
    for (int i = 0; i < n; i++) {
        int o = i % s.outputs, w = i / s.outputs % Q, h = i / s.outputs / Q % P, b = i / s.outputs / Q / P;
        verify_got(i, (double)y.v[i], "y[%d,%d,%d,%d], picture %d, row %d, column %d, channel %d", b, h, w, o, b, h, w,
                   o);
    }
    verify_done();
}

static void random_case(const char *label, ConvShape s) {
    convolution_case(label, s, verify_random(1, s.B * s.H * s.W * s.C, 1),
                     verify_random(1, s.outputs * s.C * s.kernel * s.kernel, 1), verify_random(1, s.outputs, 1).v);
}

static void check_convolution(void) {
    Arena *arena = verify_arena();
    Mat ones = mat_new(arena, 1, 9), x = mat_new(arena, 1, 16), edge = mat_zero(arena, 1, 9);
    for (int i = 0; i < 9; i++) ones.v[i] = 1;
    for (int i = 0; i < 16; i++) x.v[i] = (num)(i * i % 11);
    edge.v[0] = 1;
    edge.v[1] = 2;
    edge.v[7] = -3;
    ConvShape worked = { 1, 3, 3, 1, 1, 3, 1, 1 };
    convolution_case("the worked example", worked, ones, ones, NULL);
    convolution_case("no padding", (ConvShape){ 1, 4, 4, 1, 1, 3, 1, 0 }, x, edge, (num[]){ 0.5 });
    convolution_case("with padding", (ConvShape){ 1, 4, 4, 1, 1, 3, 1, 1 }, x, edge, (num[]){ 0.5 });
    random_case("a window of one number", (ConvShape){ 1, 2, 2, 1, 1, 1, 1, 0 });
    random_case("two channels", (ConvShape){ 1, 2, 2, 2, 1, 2, 1, 0 });
    random_case("two outputs", (ConvShape){ 1, 2, 3, 1, 2, 2, 1, 0 });
    random_case("two pictures", (ConvShape){ 2, 2, 2, 1, 1, 2, 1, 0 });
    random_case("stride 2", (ConvShape){ 1, 4, 3, 1, 1, 2, 2, 0 });
    random_case("padding of 1, higher than wide", (ConvShape){ 1, 3, 2, 1, 1, 3, 1, 1 });
    random_case("padding of 1, wider than high", (ConvShape){ 1, 2, 3, 1, 1, 3, 1, 1 });
    random_case("several of everything", (ConvShape){ 2, 5, 6, 2, 3, 3, 1, 1 });
    random_case("several of everything, stride 2", (ConvShape){ 2, 7, 6, 3, 2, 3, 2, 1 });
    random_case("stride 3", (ConvShape){ 1, 8, 9, 1, 2, 3, 3, 0 });
    random_case("a window of 2 x 2", (ConvShape){ 1, 4, 5, 2, 2, 2, 1, 0 });
    random_case("a window of 5 x 5", (ConvShape){ 1, 6, 7, 1, 1, 5, 1, 2 });
    convolution_case("no bias", (ConvShape){ 1, 3, 3, 1, 2, 2, 1, 0 }, verify_random(1, 9, 1), verify_random(1, 8, 1),
                     NULL);
    while (verify_wants_small()) {
        int kernel = 1 + (int)rng_below(verify_rng(), 2), pad = (int)rng_below(verify_rng(), 2);
        random_case("small sizes",
                    (ConvShape){ 1 + (int)rng_below(verify_rng(), 2), 2, 1 + (int)rng_below(verify_rng(), 2),
                                 1 + (int)rng_below(verify_rng(), 2), 1 + (int)rng_below(verify_rng(), 2), kernel,
                                 1 + (int)rng_below(verify_rng(), 2), pad + (kernel == 2 && !pad) });
    }
    convolution_case("again", worked, ones, ones, NULL);
}

static const Part parts[] = {
    { .name = "convolution", .check = check_convolution, .tolerance = 1e-4,
      .mistakes = {
          [NO_PAD - 1] = { "padding",
                           "The padding was not used. The window begins at row h*stride - pad, not at h*stride." },
          [EDGE - 1] = { "padding",
                         "Outside of the picture the number at the edge was used. Outside of the picture x is 0." },
          [WRAPS - 1] = { "wraps",
                          "Outside of the picture the numbers of the opposite side were used. Outside of the "
                          "picture x is 0." },
          [NO_STRIDE - 1] = { "stride", "The stride was not used. Window h begins at h*stride - pad, not at h - pad." },
          [FLIPPED - 1] = { "flipped", "The kernel is flipped. weight[i,j] belongs to row + i and column + j." },
          [TURNED - 1] = { "turned", "The rows and columns of the kernel are exchanged." },
          [NO_BIAS - 1] = { "no-bias", "The bias was not added." },
          [BIAS_IN_LOOP - 1] = { "bias-in-loop", "The bias was added once for each place of the window. Add it once." },
          [BIAS_PER_CHANNEL - 1] = { "bias-in-loop",
                                     "The bias was added once for each number of the window. Add it once." },
          [BIAS_0 - 1] = { "bias-0", "bias[0] was added to every output. Output o has bias[o]." },
          [CHANNEL_0 - 1] = { "channel-0", "Only channel 0 was used. The loop over c must run while c < C." },
          [LAST_CHANNEL - 1] = { "overwritten",
                                 "Only the last channel counts. The code has sum = in place of sum +=, or it is set "
                                 "to 0 for each channel." },
          [COL_OF_H - 1] = { "height-for-width", "The column was compared with H. Compare it with W." },
          [ROW_OF_W - 1] = { "height-for-width", "The row was compared with W. Compare it with H." },
          [KERNEL_3 - 1] = { "kernel-3", "The window is always 3 x 3. Use s.kernel." },
          [NO_BATCH - 1] = { "no-batch", "b is missing in the index of x. Every picture is picture 0." },
          [PAD_ROWS - 1] = { "padding", "pad was subtracted from rows only. Subtract it from columns too." },
          [PAD_COLS - 1] = { "padding", "pad was subtracted from columns only. Subtract it from rows too." },
          [PAD_ADDED - 1] = { "padding", "pad was added. The window begins at h*stride - pad." },
          [PAD_TIMES_STRIDE - 1] = { "precedence",
                                     "(h - pad) * stride was used. Multiply first, then subtract: h*stride - pad." },
          [STRIDE_OF_ALL - 1] = { "precedence", "(h + i - pad) * stride was used. Multiply only h by the stride." },
          [STRIDE_ROWS - 1] = { "stride", "The stride was used for rows only. Use it for columns too." },
          [STRIDE_COLS - 1] = { "stride", "The stride was used for columns only. Use it for rows too." },
          [CHANNELS_LAST - 1] = { "weight-order",
                                  "weight was read as [outputs,kernel,kernel,C]. It is [outputs,C,kernel,kernel]." },
          [OUTPUTS_SECOND - 1] = { "weight-order",
                                   "weight was read as [C,outputs,kernel,kernel]. It is [outputs,C,kernel,kernel]." },
          [OUTPUTS_LAST - 1] = { "weight-order",
                                 "weight was read as [C,kernel,kernel,outputs]. It is [outputs,C,kernel,kernel]." },
          [CHANNELS_FIRST - 1] = { "x-order", "x was read as [B,C,H,W]. It is [B,H,W,C]." },
          [X_H_FOR_W - 1] = { "height-for-width", "H stands in place of W in the index of x. Row r begins at r * W." },
          [OUTPUT_0 - 1] = { "output-0",
                             "Every output has the weights of output 0. o is missing in the index of weight." },
          [INT_SUM - 1] = { "int", "The sum was truncated to an integer at each step. Use double, not int." },
          [ROW_GREATER - 1] = { "off-by-one", "Row H was treated as inside. Outside is row >= H, not row > H." },
          [COL_GREATER - 1] = { "off-by-one", "Column W was treated as inside. Outside is col >= W, not col > W." },
          [ROW_ABOVE_0 - 1] = { "off-by-one",
                                "Row 0 and column 0 were treated as outside. Outside is row < 0, not row <= 0." },
          [KERNEL_SHORT - 1] = { "off-by-one",
                                 "The last row and column of the window are left out. The loop must run while i < "
                                 "kernel." },
          [KERNEL_FROM_1 - 1] = { "off-by-one",
                                  "The first row and column of the window are left out. Both loops must begin at 0." },
          [MEAN - 1] = { "mean",
                         "The sum was divided by the numbers of the window. Convolution is a sum, not a mean." },
          [LAST_TAP - 1] = { "overwritten",
                             "Only the last number of the window counts. The code has sum = in place of sum +=." },
          [CENTRED - 1] = { "padding", "Half of the window was used as pad. Use s.pad." },
          [BIAS_TWICE - 1] = { "bias-twice", "The bias was added twice." },
          [BREAKS - 1] = { "early",
                           "A row of the window ends at its first place outside. A break stands in place of "
                           "continue." },
          [PAD_ADDED_COLS - 1] = { "padding", "pad was added to the column. Subtract it." },
          [PAD_ADDED_ROWS - 1] = { "padding", "pad was added to the row. Subtract it." },
          [ROW_0_OUT - 1] = { "off-by-one", "Row 0 was treated as outside. Outside is row < 0, not row <= 0." },
          [COL_0_OUT - 1] = { "off-by-one", "Column 0 was treated as outside. Outside is col < 0, not col <= 0." },
          [SUM_NOT_RESET - 1] = { "not-reset",
                                  "The sum is not reset for each place and output. It must begin with the bias." },
          [MAXIMUM - 1] = { "maximum", "The largest product was used. Use the sum of the products." },
          [SEEN_MEAN - 1] = { "mean",
                              "The sum was divided by the count of places inside the picture. Convolution is a sum, "
                              "not a mean." },
          [MEAN_ALL - 1] = { "mean",
                             "The sum and the bias were divided by the numbers of the window. Convolution is a sum, "
                             "not a mean." },
          [PAD_1 - 1] = { "fixed-size", "pad is always 1. Use s.pad." },
          [PADDING_OF_1 - 1] = { "padding", "Outside of the picture x was 1. Outside of the picture x is 0." },
          [DILATED - 1] = { "stride", "i and j were multiplied by the stride too. Multiply only h and w by it." },
          [ROWS_SHORT - 1] = { "off-by-one",
                               "The last row of the window is left out. The loop must run while i < kernel." },
          [BATCH_NO_C - 1] = { "index",
                               "The index of picture b in x has no factor C. Picture b begins at b * H * W * C." },
          [BIAS_H - 1] = { "bias-index", "bias[h] was added. Output o has bias[o]." },
          [WEIGHT_NO_C - 1] = { "no-channel",
                                "c is missing in the index of weight. Every channel has the weights of channel 0." },
          [SUM_CARRIED - 1] = { "not-reset", "The sum is not reset to 0 for each place and output." },
          [X_TURNED - 1] = { "rows-for-columns", "Row and column are exchanged in the index of x." },
          [PLACES_NO_ONE - 1] = { "places",
                                  "There is one place more in each direction: (H + 2 pad - kernel) / stride + 1. "
                                  "conv_out computes it." },
          [PLACES_OF_INPUT - 1] = { "places",
                                    "H and W were used as the numbers of places. Use conv_out(H, ...) and "
                                    "conv_out(W, ...)." },
          [Q_FROM_H - 1] = { "height-for-width", "Q was computed from H. Q is conv_out(W, ...)." },
          [P_FROM_W - 1] = { "height-for-width", "P was computed from W. P is conv_out(H, ...)." },
          [Y_OF_HW - 1] = { "places", "y was indexed with H and W. It is [B,P,Q,outputs]." },
          [Y_Q_FOR_P - 1] = { "height-for-width", "P and Q are exchanged in the index of y." },
          [Y_CHANNELS_FIRST - 1] = { "y-order", "y was written as [B,outputs,P,Q]. It is [B,P,Q,outputs]." },
          [Y_NO_BATCH - 1] = { "no-batch", "b is missing in the index of y. Each picture overwrites the one before." },
      } },
};

const Verify checked = {
    .number = "06",
    .title = "convolution",
    .parts = parts,
    .count = COUNT(parts),
    .proved = "A convolution is seven nested loops. It uses the same weights at every place of the picture.",
    .in_clip =
        "It is the first layer of every image tower. conv_forward in the library computes the same, much faster.",
};
