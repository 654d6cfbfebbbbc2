/* exam: the checks of the exercises. tests/exercises/exNN.c says what exercise NN is; exam.c runs it and makes main.
 *
 *   NN STUDENT.c [SEED] [RESULT]       check the program it is linked with; STUDENT.c is what the student wrote
 *
 * An exercise has parts, each one function of the student's, and each is checked in a process of its own, with limits
 * of time and memory. A check calls the student's function on fixed inputs and on fresh ones, and hands over every
 * number it got together with the right one and the one that each known mistake would have given. When one is wrong,
 * the mistake is the one that explains all numbers seen.
 *
 * Fresh inputs come from SEED, or, without one, from the text of STUDENT.c: the same file has the same inputs, and a
 * changed one has others.
 * RESULT gets one line: the word of ExamStatus, right parts, parts, and the id of the mistake or "-".
 */
#ifndef EXAM_H
#define EXAM_H

#include "../../exercises/exercise.h"

/* How one of the known mistakes is called in the table of mutants, and said to the student. Several models may share
 * an id: one mistake can be made in several ways. */
typedef struct { const char *id, *text; } Mistake;

enum { EXAM_MISTAKES = 12 };

typedef struct {
    const char *name;          /* the student's function, as it stands in the file */
    void (*check)(void);
    double tolerance;          /* |got - want| <= tolerance * max(1, |want|) */
    bool gradient;             /* also judged by ratio, see exam_gradient */
    Mistake mistakes[EXAM_MISTAKES + 1];
} Part;

typedef struct {
    const char *number, *title;
    const Part *parts;
    int count;
    const char *proved, *in_clip; /* said on success */
} Exam;
extern const Exam exam; /* each exNN.c has one */

/* The exit status of the program. */
typedef enum { EXAM_DONE = 0, EXAM_WRONG = 1, EXAM_NOT_STARTED = 3, EXAM_BEGUN = 4 } ExamStatus;

/* ---- for the checks --------------------------------------------------------------------------------------------- */

Rng *exam_rng(void);       /* for fresh inputs */
Arena *exam_arena(void);   /* lives as long as the part */

/* What is put in now, for the message; also where a crash or a loop without end was. After a wrong number the next case
 * ends the part, unless several mistakes still explain what came. */
void exam_case(const char *format, ...) PRINTF_LIKE(1, 2);

/* One number: what came, and models[0], what was wanted; models[1..] what the part's mistakes give, in their order
 * (as many as it has). NaN equals NaN. The rest names the number: "S[%d,%d]". */
void exam_number(double got, const double *models, const char *where, ...) PRINTF_LIKE(3, 4);

/* The same for a gradient that was added to `before`. Judged by the ratio (got - before) / (want - before) too: B is
 * the size of the batch, 0 where there is none. */
void exam_gradient(double got, double before, int B, const double *models, const char *where, ...) PRINTF_LIKE(5, 6);

/* A model that agrees with every number: for cases in which a mistake shows nothing. */
#define EXAM_ANY (-1.7e300)

/* Has nothing been wrong so far? */
bool exam_right(void);

/* The part is wrong, and this is why; does not return. id: of the mistake, or NULL. */
NORETURN void exam_wrong(const char *id, const char *format, ...) PRINTF_LIKE(2, 3);

/* The part is as it was shipped; does not return. */
NORETURN void exam_untouched(void);

/* A line that is shown whatever the verdict. */
void exam_note(const char *format, ...) PRINTF_LIKE(1, 2);

/* Memory of the part's arena with NaN before and behind it: what is read there shows, and what is written there is
 * found. Room for a result: every number NaN, so that what is not written is seen. Numbers with a normal distribution;
 * given numbers; copies. */
Mat exam_room(int rows, int cols);
Mat exam_random(int rows, int cols, double scale);
Mat exam_from(int rows, int cols, const double *numbers);
Mat exam_guarded(Mat m);
num *exam_copy(const num *v, int n);

/* "(0.6, 0.8)", cut after eight numbers; a matrix as rows "[0.6 0.8 | 1 0]". On the part's arena. */
const char *exam_vector(const num *v, int n);
const char *exam_matrix(Mat m);
const char *exam_ints(const int *v, int n);

/* What `call` prints, on the part's arena. */
char *exam_printed(void (*call)(void));

#endif
