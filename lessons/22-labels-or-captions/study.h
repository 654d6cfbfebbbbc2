/* study: one small model, trained in one of five ways on the same pictures, and what it answers. The sections of lesson
 * 22 compare them.
 *
 *   captions  CLIP's loss; pairs of equal captions match. Answer: the caption with the highest cosine
 *   labels    the same image tower, and a linear layer to ten classes. Answer: the class with the highest score
 *   words     the same tower, and a linear layer to all words: L = -1/B sum_b sum_w q_bw log softmax(W x_b)_w, q the
 *             share of word w in caption b (Joulin et al. 2016, arXiv:1511.02251). Answer: the caption of the largest
 *             sum_w q_w log softmax_w
 *   fusion    words and patches in one transformer (early_fusion.h), a score for each pair: softmax over the right
 *             caption and FUSION_WRONG wrong ones
 *   decoder   a transformer that writes the caption, one word after the other (text_decoder.h). Answer: the most likely
 *             caption
 */
#ifndef STUDY_H
#define STUDY_H

#include "dataset/cifar.h"
#include "model/clip.h"
#include "model/early_fusion.h"
#include "model/text_decoder.h"
#include "training/pair_batch.h"

typedef enum { LEARN_CAPTIONS, LEARN_LABELS, LEARN_WORDS, LEARN_FUSION, LEARN_DECODER } Learn;

enum { STUDY_EMBED = PAIR_EMBED, STUDY_BATCH = 64, STUDY_PATCH = 8, STUDY_WIDTH = 64, FUSION_WRONG = 3 };

typedef struct StudyModel StudyModel;

typedef struct {
    const Cifar *train; /* names[0..10) are the classes, in captions too */
    Learn learn;
    const char *image;  /* the tower: "small", or "vit" with two blocks (fusion: not used) */
    int templates;      /* captions are worded in so many ways, drawn at random: 1 or 8; 0 means 1 */
    double tau;         /* a fixed temperature; 0: learnt, from 0.07 */
    bool bare;          /* embeddings are not normalised */
    bool locked;        /* the image tower is not trained */
    const Clip *from;   /* the image tower starts as this one's; NULL: at random */
    bool from_text;     /* and the text tower and the scale */
    double rate_factor; /* of the learning rates; 0 means 1 */
    int pictures;       /* seen in all, in batches of STUDY_BATCH */
    uint64_t seed;
    /* Called when so many pictures were seen, in ascending order, once for equal ones; NULL: never. */
    const int *looks;
    int look_count;
    void (*look)(void *context, StudyModel *model, int pictures);
    /* Called after each batch; NULL: never. */
    void (*after_step)(void *context, int pictures);
    void *context;
} Study;

struct StudyModel {
    Study study;
    Clip clip;   /* its params hold all parameters */
    Linear head; /* labels [10,E], words [V,E] */
    EarlyFusion early;
    TextDecoder decoder;
    int T; /* words of a caption */
    int templates;
    int *ids;    /* [templates,10,T] */
    double loss; /* mean over the last tenth of the steps */
    int next_look, step;
    PairOrder order; /* of the pictures of the set */
};

/* Builds and trains; below one batch of pictures it only builds. False with one line if a loss is not finite; the
 * model is there either way: free it. */
bool study_train(const Study *study, StudyModel *model, Err *err);
void study_free(StudyModel *model);

/* Scores [n,10] of all pictures of a set; answers as above, in the words of the first template. On the arena. */
Mat study_scores(StudyModel *model, Arena *arena, const Cifar *set);
/* How many of them are right. Stops for a score that is NaN. */
int study_right(StudyModel *model, const Cifar *set);
/* What the image tower makes of the pictures: [n,E], of unit length unless `raw`. On the arena. */
Mat study_features(StudyModel *model, Arena *arena, const Cifar *set, bool raw);
/* FLOP of one step of training, forward and backward, for one picture; and of its forward pass for one picture and one
 * caption (image, text: late fusion; image alone: fusion, both together). */
typedef struct {
    double step, image, text;
} StudyCost;
StudyCost study_cost(StudyModel *model);

/* Every parameter of `to` becomes (1 - alpha) a + alpha b: WiSE-FT (Wortsman et al. 2021, arXiv:2109.01903, section 3).
 * Wants models of one kind. */
void study_mix(StudyModel *to, const StudyModel *a, const StudyModel *b, double alpha);

#endif
