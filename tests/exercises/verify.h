/* verify: the checks of the exercises. tests/exercises/exNN.c says what exercise NN is; verify.c keeps its inputs and
 * its numbers, verify_shapes.c knows the mistakes that any answer can have, and verify_run.c runs it and has main.
 *
 *   NN STUDENT.c [SEED|-] [RESULT|-] [FINDINGS|-] [SANITIZED|-] [all]
 *
 * checks the program it is linked with. STUDENT.c is what the student wrote. FINDINGS are lines "LINE ID TEXT" of what
 * the compiler said about it. SANITIZED is the same program with the student's file built with sanitizers. all: goes on
 * after a wrong part.
 *
 * An exercise has parts, each one function of the student's, and each is checked in a process of its own, with limits
 * of time and memory. A check puts in one case after another, fixed ones and fresh ones. Before it calls the student's
 * function it computes what is right, and what each known mistake would give: a mistake is a wrong answer written out.
 * A mistake is named when its numbers are those of the student in every case, and it explains at least one wrong one.
 *
 * Fresh inputs come from SEED, or, without one, from the text of STUDENT.c: the same file has the same inputs, and a
 * changed one has others.
 * RESULT gets one line: the word of VerifyStatus, right parts, parts, and the id of the mistake or "-"; RESULT.parts a
 * line for each part that was checked: name, "right", "wrong" or "not-started", the mistake's id or "-", seconds.
 */
#ifndef VERIFY_H
#define VERIFY_H

#include "../../exercises/exercise.h"

/* How one of the known mistakes is called in the table of mutants, and said to the student. Several models may share
 * an id: one mistake can be made in several ways. */
typedef struct {
    const char *id, *text;
} Mistake;

enum { VERIFY_MISTAKES = 96 };

typedef struct {
    const char *name; /* the student's function, as it stands in the file */
    void (*check)(void);
    double tolerance;                      /* |got - want| <= tolerance * max(1, |want|) */
    Mistake mistakes[VERIFY_MISTAKES + 1]; /* model m + 1 belongs to mistakes[m] */
} Part;

typedef struct {
    const char *number, *title;
    const Part *parts;
    int count;
    const char *proved, *in_clip; /* said on success */
} Verify;
extern const Verify checked; /* each exNN.c has one */

/* The exit status of the program. */
typedef enum { VERIFY_DONE = 0, VERIFY_WRONG = 1, VERIFY_NOT_STARTED = 3, VERIFY_BEGUN = 4 } VerifyStatus;

Rng *verify_rng(void);     /* for fresh inputs */
Arena *verify_arena(void); /* lives as long as the part */

/* ---- one case: in this order ------------------------------------------------------------------------------------- */

/* What is put in. label says what is special: "the worked example", "scores below 0"; "again" is the first case once
 * more, which must give the same numbers. format shows the input; it is also where a crash or an endless loop was. */
void verify_case(const char *label, const char *format, ...) PRINTF_LIKE(2, 3);

/* The sizes of the case, for factors between what came and what is right: verify_size("B", 3). */
void verify_size(const char *name, int value);

/* The answer has rows x cols numbers. before: what stands in their place before the call, or NULL; added: the function
 * adds to it. verify_model(m): room for the numbers of model m, VERIFY_ANY where nothing was put; model 0 is right. */
void verify_answers(int rows, int cols, const num *before, bool added);
double *verify_model(int m);
int verify_models(void); /* how many: the part's mistakes and the right one */

/* Number i of the answer is `got`; the rest names it: "s[%d,%d]". _int: it is a whole number. */
void verify_got(int i, double got, const char *where, ...) PRINTF_LIKE(3, 4);
void verify_got_int(int i, int got, const char *where, ...) PRINTF_LIKE(3, 4);

/* Compares, and looks at what lies around the arrays and at the inputs. */
void verify_done(void);

/* A model that agrees with every number: for cases in which a mistake shows nothing. */
#define VERIFY_ANY (-1.7e300)

/* A model that is infinite or not a number, which of the two depends on how it is written. */
#define VERIFY_NOT_FINITE (-1.65e300)

/* Has nothing been wrong so far? */
bool verify_right(void);

/* The cases that failed have more numbers than are shown: the check should go on with small random ones, until this is
 * false. */
bool verify_wants_small(void);

/* The part is wrong, and this is why; does not return. id: of the mistake, or NULL. */
NORETURN void verify_wrong(const char *id, const char *format, ...) PRINTF_LIKE(2, 3);

/* The part is as it was shipped; does not return. */
NORETURN void verify_untouched(void);

/* A line that is shown whatever the verdict. */
void verify_note(const char *format, ...) PRINTF_LIKE(1, 2);

/* A line that is shown if the part is wrong and no mistake explains it; the first one counts. */
void verify_hint(const char *format, ...) PRINTF_LIKE(1, 2);

/* ---- arrays: other numbers lie around each, and what is written there is found ----------------------------------- */

/* A copy that must not be changed, called `name`. */
Mat verify_input(const char *name, Mat m);
const num *verify_input_numbers(const char *name, const num *v, int n);
const int *verify_input_ints(const char *name, const int *v, int n);

/* A copy of an input that nobody has said must not be changed: if it is, that is noted. */
Mat verify_lent(const char *name, Mat m);

/* Room for a result, filled with numbers that no answer has; a copy that may be changed. */
Mat verify_room(const char *name, int rows, int cols);
int *verify_room_ints(const char *name, int n);
Mat verify_changing(const char *name, Mat m);

/* Numbers with a normal distribution; given ones. */
Mat verify_random(int rows, int cols, double scale);
Mat verify_from(int rows, int cols, const double *numbers);

/* "(0.6, 0.8)"; a matrix as rows "[0.6 0.8 | 1 0]": all numbers where they are 24 or fewer. On the part's arena. */
const char *verify_number(double x); /* no "-0", no "-nan" */
const char *verify_vector(const num *v, int n);
const char *verify_matrix(Mat m);
const char *verify_ints(const int *v, int n);

/* What `call` prints, on the part's arena. */
char *verify_printed(void (*call)(void));

#endif
