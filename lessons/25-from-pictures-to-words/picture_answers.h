/* picture_answers: questions about pictures answered in three ways, and lesson 17's probes scored by the same networks.
 *
 *   prior      the most frequent answer of training questions, without a look at the picture
 *   ranking    CLIP: of the captions that say the answers the one with the largest cosine. Of "is there": yes if the
 *              statement's cosine is above a threshold, the best one for training questions
 *   vector, positions    the decoder: the answer with the largest log p(answer | question, picture) (BLIP, section 5.3)
 *   matching   early fusion: of the captions that say the answers the one that matches best; yes if it matches at all
 *   caption    the decoder "positions" as CLIP in "ranking": of the captions that say the answers the one with the
 * largest
 *              log p(caption | picture); "is there" by a threshold of it
 */
#ifndef PICTURE_ANSWERS_H
#define PICTURE_ANSWERS_H

#include "word_net.h"

typedef enum { WAY_PRIOR, WAY_RANKING, WAY_VECTOR, WAY_POSITIONS, WAY_MATCHING, WAY_CAPTION, WAYS } AnswerWay;
enum { PROBE_WAYS = WAY_MATCHING + 1 };     /* WAY_RANKING and those before this score probes */
const char *answer_way_name(AnswerWay way); /* "prior", "ranking" ... */

/* The CLIP and the three networks that answer. */
typedef struct {
    SceneModel *clip;
    Net *net[NET_KINDS];
} Answerers;

/* n questions of a kind about scenes of a part, on the arena. */
typedef struct {
    QuestionKind kind;
    int n;
    Scene *scene;
    Question *question;
    int *truth;
    Sight sight;
} QuestionSet;
QuestionSet question_set(SceneModel *clip, Arena *arena, QuestionKind kind, SplitPart part, int n, uint64_t seed);

/* The answer of each question, [n]. `training`, questions about seen scenes: for the prior and the threshold. */
void answer_all(const Answerers *who, AnswerWay way, const QuestionSet *set, const QuestionSet *training, int *answer);
/* How many are right. */
int answers_right(const QuestionSet *set, const int *answer);

/* Lesson 17's score of a probe: a caption's score for a picture is the cosine (WAY_RANKING), log p(caption | picture,
 * prompt of its kind), or the logit of a match. */
PairScore probe_score(const Answerers *who, AnswerWay way, const MinimalPairs *pairs);

#endif
