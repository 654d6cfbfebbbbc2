/* overview: CLIP in one picture, with the numbers of a model. A batch goes through both towers to the matrix of cosines
 * and the loss; below it, one picture is classified by the texts of all classes. The picture of README.md and of
 * lesson 08. After figure 1 of Radford et al. 2021, arXiv:2103.00020. */
#ifndef OVERVIEW_H
#define OVERVIEW_H

#include "dataset/cifar.h"
#include "model/clip.h"
#include "show/plot.h"

enum { OVERVIEW_PAIRS = 4 };

/* N pairs, K classes, E numbers in a vector. All rows of vectors have length 1. */
typedef struct {
    int pairs, classes;            /* N, 1 to OVERVIEW_PAIRS; K */
    const uint8_t *pixels;         /* N pictures and the one to classify, [N+1,32,32,3] */
    const char *const *captions;   /* [N], caption i belongs to picture i */
    Mat images, texts;             /* [N,E] each */
    Mat cosines;                   /* [N,N], images texts^T */
    double scale;                  /* e^t, the logit scale */
    Mat choose_text, choose_image; /* [1,N] softmax of row i and of column i, at the pair i itself */
    double text_loss, image_loss;  /* mean of -log of these, in nats; the CLIP loss is the mean of both */
    const char *const *prompts;    /* [K] texts of the classes */
    Mat prompt_vectors, query;     /* [K,E]; [1,E], the picture to classify */
    Mat scores, probabilities;     /* [1,K] cosines, and softmax(scale cosines) */
    int answer, truth;             /* argmax of the scores; the label of the picture */
    const char *data;              /* which pictures, and which model: the last line of the picture */
} Overview;

/* The pairs are the first pictures of the set with different classes; the picture to classify is the first of another
 * class, or without one the last of the set. `pattern` is the template of all texts. Wants n >= 1. Owner: the arena. */
Overview overview_make(Arena *arena, Clip *clip, const Cifar *set, const char *pattern, const char *data);

/* plots/out/NAME.png by gnuplot, as plot.h says. Wants OVERVIEW_PAIRS pairs. */
PlotResult overview_plot(const char *name, const Overview *overview, Err *err);

#endif
