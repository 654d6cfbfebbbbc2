/* Exercise 11: find the bug. Five training runs. Each has one bug, and each bug was found in a published CLIP.
 *
 * Every run trains the same two small towers on 64 pairs, in batches of 16. Run A uses the first function below, run B
 * the second, and so on. Everything else is right. `make ex-11` trains all five runs and prints a log line for each,
 * and one for a run without a bug. Read the log, find the bug in the function and correct it. `make hint-11` gives a
 * hint. There is no TODO line to delete.
 */
#include "../exercises/exercise.h"

/* Run A: the loss falls to log 16 = 2.773, the loss of guessing among 16, and stays there.
 * (open_clip, issue 17: "constantly at 4.8", which is the logarithm of a batch of 128)
 *
 * draw_batch: B of the n pairs, in random order: picture[b] and caption[b] are their numbers, 0 to n-1.
 * From the library: rng_choice(rng, n, pick, k) puts k different numbers out of 0 .. n-1 into pick.
 */
void draw_batch(Rng *rng, int n, int B, int *picture, int *caption) {
    /* TODO 11: the bug of run A is from here ... */
    rng_choice(rng, n, picture, B);
    rng_choice(rng, n, caption, B);
    /* ... to here. END 11 */
}

/* Run B: the "cosines" are far outside of -1 to 1. (moein-shariatnia/OpenAI-CLIP, issue 10)
 *
 * compare: image [B,E] and text [B,E], as the towers give them -> the cosine of each picture with each caption, [B,B].
 * From the library: op_linear(tape, x, w, NULL) is x w^T, the dot products of all rows of x with all rows of w.
 * op_l2norm(tape, x) gives every row of x the length 1.
 */
Var compare(Tape *tape, Var image, Var text) {
    /* TODO 11: the bug of run B is from here ... */
    return op_linear(tape, image, text, NULL);
    /* ... to here. END 11 */
}

/* Run C: it learns well, but the sum of the probabilities of a picture is not 1.
 * (moein-shariatnia/OpenAI-CLIP, issue 24)
 *
 * answer: logits [B,N], of each of B pictures with N captions -> p [B,N]: p[b,n] is the probability that picture b
 * belongs to caption n.
 */
void answer(Mat logits, Mat p) {
    /* TODO 11: the bug of run C is from here ... */
    int B = logits.shape[0], N = logits.shape[1];
    for (int n = 0; n < N; n++) {
        double sum = 0;
        for (int b = 0; b < B; b++) sum += exp(AT(logits, b, n));
        for (int b = 0; b < B; b++) AT(p, b, n) = exp(AT(logits, b, n)) / sum;
    }
    /* ... to here. END 11 */
}

/* Run D: the loss stays above log(1 + 15 e^-2) = 1.109. The probabilities of a picture are nearly equal, although the
 * largest one is often the right one. (clip.cpp, issue 44)
 *
 * logits_d: cosine [B,B], and t, the learnt number from which the scale is made -> logits [B,B]
 * From the library: op_mul(tape, a, b) multiplies number by number. b may be a single number. op_exp(tape, x) is e^x.
 */
Var logits_d(Tape *tape, Var cosine, Var t) {
    /* TODO 11: the bug of run D is from here ... */
    (void)tape;
    (void)t; /* a factor changes no order: the largest stays the largest */
    return cosine;
    /* ... to here. END 11 */
}

/* Run E: it learns slowly. Its scale starts at 2.66, not at 1/0.07 = 14.3.
 * (Files of CLIP weights store t under the name logit_scale, although it is the logarithm of the scale.)
 *
 * logits_e: the same task as logits_d; t starts at log(1/0.07) = 2.66.
 */
Var logits_e(Tape *tape, Var cosine, Var t) {
    /* TODO 11: the bug of run E is from here ... */
    return op_mul(tape, cosine, t);
    /* ... to here. END 11 */
}
