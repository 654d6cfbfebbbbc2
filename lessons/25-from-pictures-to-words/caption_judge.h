/* caption_judge: are captions true? Captions that networks write, or that are found by retrieval, are read by the grammar
 * and judged by the evaluator, which knows the scene (caption.h). */
#ifndef CAPTION_JUDGE_H
#define CAPTION_JUDGE_H

#include "word_net.h"

enum { JUDGE_REFERENCES = 8 }; /* captions that a text is compared with, for BLEU */

/* Scenes that one kind of caption is asked of, and what CLIP sees of them. */
typedef struct {
    Ask ask;
    SplitPart part;
    int n;
    Scene *scene; /* [n] */
    Sight sight;
    const char **reference; /* [n,JUDGE_REFERENCES]: true captions of the kind, drawn at random; some may be equal */
} JudgeSet;

/* n scenes of a part of the split, for a seed; on the arena. */
JudgeSet judge_set(SceneModel *clip, Arena *arena, Ask ask, SplitPart part, int n, uint64_t seed);

/* What was found for n captions. */
typedef struct {
    int n;
    int fluent; /* the grammar can read it */
    int asked;  /* and it is of the kind that was asked for */
    int right;  /* and it is true of the picture */
    int luck;   /* the same caption is true of the next picture of the set, which it was not written for */
    double bleu;
} Judged;
Judged judge_captions(const JudgeSet *set, const char *const *captions);
/* BLEU of one caption for each picture against its references. `vocab` numbers the words. */
double judge_bleu(const JudgeSet *set, const char *const *captions);

/* A caption of the kind for each picture, from a list of training captions: the one whose vector has the largest cosine
 * with the picture's. The list is drawn from seen scenes. */
typedef struct {
    int count;
    const char **caption;
    Mat vector; /* [count,64] */
} CaptionBank;
CaptionBank judge_bank(SceneModel *clip, Arena *arena, Ask ask, int count, uint64_t seed);
const char **judge_retrieve(Arena *arena, const JudgeSet *set, const CaptionBank *bank);

/* For each picture the first reference with its two nouns exchanged: the same words, but false of the picture. Returns how
 * many there are (others stay as they are, with NULL). */
int judge_swapped(Arena *arena, const JudgeSet *set, const char **captions);

#endif
