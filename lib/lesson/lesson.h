/* lesson: what lessons and exercises share: the command line, headings, figures, predictions, the next step.
 *
 *   int main(int argc, char **argv) {
 *       Lesson lesson = { .number = "02", .title = "The similarity matrix", .shows = "who fits whom, and the loss",
 *                         .takes = "1 second", .next = "make lesson-03" };
 *       lesson_begin(&lesson, argc, argv);
 *       lesson_section(&lesson, "1. Four pictures, four captions");
 *       Mat image = mat_from(&lesson.memory, 4, 2, numbers);
 *       ...
 *       return lesson_end(&lesson);
 *   }
 *
 * Rules of use
 *   Results go to stdout, the same on every machine; what depends on the machine (where a picture lies) to stderr.
 *   Nothing ever waits for a student who is not there: predictions are asked on a terminal only.
 */
#ifndef LESSON_H
#define LESSON_H

#include "core/arena.h"
#include "show/draw.h"
#include "lesson/options.h"

typedef struct {
    /* the lesson says: */
    const char *number, *title;
    const char *shows;     /* one line for --help and the heading: what there is to see */
    const char *takes;     /* how long it runs: "1 second" */
    const char *next;      /* the command of the next step, or NULL */
    const Option *options; /* its own options, see options.h; NULL: none */
    int *seed;             /* makes --seed an option, and the heading says which; NULL: nothing here is random */
    const char *wants;     /* other words of the command line, for --help: "PICTURE LABEL ..."; NULL: none */
    /* lesson_begin says: */
    Arena memory; /* for the lesson's matrices; lesson_end frees it */
    Term term;    /* stdout */
    char **words; /* those other words, in argv */
    int word_count;
    bool predictions; /* somebody is there to ask */
} Lesson;

/* Reads the command line and prints the heading. --help prints what the lesson shows, how long it takes and its
 * options, and ends the program; a wrong option ends it with one line and EXIT_USAGE. Every lesson has --no-predict. */
void lesson_begin(Lesson *lesson, int argc, char **argv);

/* The last line, "next: ..."; frees the memory. Returns the exit status: not 0 when stdout or a picture could not be
 * written. */
int lesson_end(Lesson *lesson);

/* A heading with a blank line before it. */
void lesson_section(const Lesson *lesson, const char *heading);

/* ---- predictions ----------------------------------------------------------------------------------------------- */

enum { PREDICTION_LONGEST = 80 };
typedef struct {
    char said[PREDICTION_LONGEST];
} Prediction; /* empty: was not asked, or did not say */

/* Asks before a result is shown. Enter alone, or the end of the input, skips; so does --no-predict; without a terminal
 * on both sides nothing is printed and nothing read. */
Prediction lesson_predict(const Lesson *lesson, const char *question, ...) PRINTF_LIKE(2, 3);

/* After the result: what the student said beside what came. Nothing when nothing was said. */
void lesson_outcome(const Lesson *lesson, const Prediction *prediction, const char *format, ...) PRINTF_LIKE(3, 4);

/* The same for a number: also how far off the student's was, if it was one. */
void lesson_outcome_number(const Lesson *lesson, const Prediction *prediction, double value, int decimals);

/* ---- figures: in the terminal, and as a picture plots/out/NAME.png (name NULL: in the terminal alone) ------------ */

/* What they hold and want: figure.h. A picture that cannot be written is said on stderr, and lesson_end fails. */
void lesson_heat(const Lesson *lesson, const char *name, const Heat *heat);
void lesson_bars(const Lesson *lesson, const char *name, const Bars *bars);
void lesson_lines(const Lesson *lesson, const char *name, const Lines *lines);
void lesson_tiles(const Lesson *lesson, const char *name, const Tiles *tiles);
void lesson_graph(const Lesson *lesson, const char *name, const Graph *graph);
void lesson_motion(const Lesson *lesson, const char *name, const Motion *motion); /* and plots/out/NAME.gif */

#endif
