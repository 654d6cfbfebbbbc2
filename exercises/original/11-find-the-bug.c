/* Exercise 11: find the bug. Five training runs, each broken in one place, each by a mistake found in a
 * CLIP that many people use.
 *
 * Every run trains the same two small towers on 64 pairs, 16 at a time, and takes one step of it from the function
 * below that has its letter; everything else is sound. `make ex-11` trains all five and prints a log line for each, and
 * one of a run that is well. Read the log, find what is wrong in the function, repair it; `make hint-11` helps.
 * There is no TODO line to delete here: the code is the task.
 */
#include "../exercises/exercise.h"

/* Run A: the loss comes down to log 16 = 2.773, what guessing among 16 costs, and stays there however long it trains.
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

/* Run B: the "cosines" leave -1 .. 1 far behind. (moein-shariatnia/OpenAI-CLIP, issue 10)
 *
 * compare: image [B,E] and text [B,E], as the towers give them -> the cosine of each picture with each caption, [B,B].
 * From the library (lib/autograd/ops.h): op_linear(tape, x, w, NULL) is x w^T, all dot products of rows;
 * op_l2norm(tape, x) gives every row of x the length 1.
 */
Var compare(Tape *tape, Var image, Var text) {
    /* TODO 11: the bug of run B is from here ... */
    return op_linear(tape, image, text, NULL);
    /* ... to here. END 11 */
}

/* Run C: it learns well, but the probabilities it gives for a picture do not add up to 1.
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

/* Run D: the loss cannot get below log(1 + 15 e^-2) = 1.109, and its probabilities are nearly all alike, though the
 * largest one is often right. (clip.cpp, issue 44)
 *
 * logits_d: cosine [B,B], and t, the learnt number from which the scale is made -> logits [B,B]
 * From the library: op_mul(tape, a, b) multiplies number by number, a single number with all; op_exp(tape, x) is e^x.
 */
Var logits_d(Tape *tape, Var cosine, Var t) {
    /* TODO 11: the bug of run D is from here ... */
    (void)tape;
    (void)t; /* a factor changes no order: the largest stays the largest */
    return cosine;
    /* ... to here. END 11 */
}

/* Run E: it learns, but slowly, as if it were unsure of everything: its scale starts at 2.66, not at 1/0.07 = 14.3.
 * (Weights files of CLIP hold t under the name logit_scale, which invites to use it as it is.)
 *
 * logits_e: the same task as logits_d; t starts at log(1/0.07) = 2.66.
 */
Var logits_e(Tape *tape, Var cosine, Var t) {
    /* TODO 11: the bug of run E is from here ... */
    return op_mul(tape, cosine, t);
    /* ... to here. END 11 */
}
