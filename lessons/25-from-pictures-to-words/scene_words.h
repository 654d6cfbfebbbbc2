/* scene_words: the texts that the networks of lesson 25 read and write about scenes, and questions with their answers.
 *
 * A caption begins with a prompt word that says which kind is wanted; a question is followed by its answer:
 *   object a red circle                      relation a red circle left of a blue square
 *   question how many red circles are there answer three
 * The prompt is given and not learnt, as the question is.
 *
 *   question                                          answers
 *   is there a red circle left of a blue square       no, yes       any caption of objects; the truth is caption_true
 *   how many red circles are there                    one to five
 *   what colour is the star                           the eight colours; there is one colour of stars in the picture
 */
#ifndef SCENE_WORDS_H
#define SCENE_WORDS_H

#include "scenes/caption.h"

enum { WORDS_MOST = 20, WORDS_TEXT = CAPTION_TEXT + 64 }; /* words of a text, with prompt and answer; bytes of one */

/* Kinds of captions that are asked for, each with a prompt word: "object", "pair", "count", "relation", "negation". */
typedef enum { ASK_OBJECT, ASK_PAIR, ASK_COUNT, ASK_RELATION, ASK_NEGATION, ASK_KINDS } Ask;
const char *ask_name(Ask ask);
/* Whether a caption is of the kind that was asked for. */
bool ask_is(Ask ask, CaptionKind kind);
/* The caption after the prompt word of its kind, "relation a red circle left of a blue square", into text[WORDS_TEXT];
 * returns text. A caption of two counts has no such word and stays alone. */
char *words_with_prompt(const Caption *caption, char *text);

/* The vocabulary of all texts; on the arena. */
Vocab words_vocab(Arena *arena);

/* ---- questions --------------------------------------------------------------------------------------------------- */

typedef enum { QUESTION_IS_THERE, QUESTION_HOW_MANY, QUESTION_COLOUR, QUESTION_KINDS } QuestionKind;
typedef struct {
    QuestionKind kind;
    Caption
        caption; /* IS_THERE: the statement; HOW_MANY: a COUNT, whose noun is counted; COLOUR: an OBJECT of a shape */
} Question;

enum { ANSWERS_MAX = 8 };
const char *question_name(QuestionKind kind); /* "is there", "how many", "what colour" */
int question_answers(QuestionKind kind);      /* 2, 5, 8 */
const char *question_answer_word(QuestionKind kind, int answer);
/* "is there a red circle left of a blue square" into text[WORDS_TEXT]; returns text. */
char *question_text(const Question *question, char *text);
/* The inverse; also accepts upper case and a question mark. False with one line that names the word that does not fit
 * and an example. */
bool question_parse(const char *text, Question *question, Err *err);
/* Whether a text begins as a question does: "is", "how" or "what". */
bool question_is(const char *text);
/* The right answer, from the scene; -1: the scene has none (no star, or two of different colours; more than five). */
int question_truth(const Scene *scene, const Question *question);
/* The caption that says the answer, for ranking: "three red circles", "a red star"; of IS_THERE the statement itself.
 * */
Caption question_statement(const Question *question, int answer);
/* A random question of the kind about the scene. IS_THERE: a true caption of an object, a pair or a relation, or, with
 * probability 1/2, an edit of it that is false. False if the scene gives none. */
bool question_draw(Question *question, QuestionKind kind, const Scene *scene, const CaptionRules *rules, Rng *rng);

/* ---- training examples ------------------------------------------------------------------------------------------- */

typedef struct {
    Scene scene;
    char text[WORDS_TEXT];
    int given;    /* words at the beginning that are given: the prompt, the question */
    bool matches; /* for the matching head: whether the text is true of the scene */
} WordsExample;

/* The scene that goes with a prompt or a question: number i of a stream. COUNT and HOW_MANY: one to five equal objects;
 * else two different ones. */
Scene words_scene(const Split *split, SplitPart part, bool counting, uint64_t seed, uint64_t i);
/* A caption of the kind that is true of the scene, all combinations in the part. */
bool words_caption(Caption *caption, Ask ask, const Scene *scene, const CaptionRules *rules, Rng *rng);

/* An endless stream of training examples. WORDS_TEXTS after each other, from a multiple of it on, are about the same
 * scene: the tower looks at it once, and texts that differ where the picture does not teach what each word asks for.
 * The first `single` examples have scenes of one object: words are learnt faster this way, as in scene_model.h. */
enum { WORDS_TEXTS = 4 };
typedef struct {
    const Split *split;
    uint64_t seed, single;
} WordsStream;
/* Example i for the decoders: half are captions, half questions with their answers. */
WordsExample words_example(const WordsStream *stream, uint64_t i);
/* Example i for the matching head: a caption with its prompt; half are drawn to be false: three of four of these are an
 * edit of a true one, one is a true caption of another scene. */
WordsExample words_match_example(const WordsStream *stream, uint64_t i);

#endif
