/* lesson: what all lesson programs do: command line, headings, predictions, figures, the next command.
 *
 *   int main(int argc, char **argv) {
 *       Lesson lesson = { .number = "02", .title = "The similarity matrix", .shows = "who fits whom, and the loss",
 *                         .takes = "1 second", .next = "make lesson-03" };
 *       lesson_begin(&lesson, argc, argv);
 *       lesson_section(&lesson, "1. Four pictures, four captions");
 *       Mat image = mat_from(&lesson.memory, 4, 2, numbers);  ...
 *       return lesson_end(&lesson);
 *   }
 *
 * Results go to stdout and are the same on every machine; what depends on the machine (paths) goes to stderr. */
#ifndef LESSON_H
#define LESSON_H

#include "core/arena.h"
#include "show/draw.h"
#include "lesson/options.h"

typedef struct {
    /* set by the caller: */
    const char *number, *title;
    const char *shows;     /* one line for --help and the heading */
    const char *takes;     /* how long it runs: "1 second" */
    const char *next;      /* the command of the next step, or NULL */
    const Option *options; /* its own options (options.h), or NULL */
    int *seed;             /* adds --seed, which the heading then names; NULL: no random numbers */
    const char *wants;     /* other words of the command line, for --help: "PICTURE LABEL ..."; NULL: none */
    const char *quick; /* adds --quick, which stands for these options, "--steps 20 --items 50"; NULL: no such flag */
    /* set by lesson_begin: */
    Arena memory; /* for the lesson's matrices; lesson_end frees it */
    Term term;    /* stdout */
    char **words; /* those other words, in argv */
    int word_count;
    bool predictions; /* stdin and stdout are terminals */
} Lesson;

/* Reads the command line and prints the heading. --help prints the options and ends the program; a wrong option ends it
 * with one line and EXIT_USAGE. Options on the command line overrule those of --quick. From here on Ctrl-C ends the
 * program with one line. */
void lesson_begin(Lesson *lesson, int argc, char **argv);

/* Prints "next: ..." and frees the memory. Returns the exit status: not 0 if stdout or a picture was not written. */
int lesson_end(Lesson *lesson);

/* A heading after a blank line. */
void lesson_section(const Lesson *lesson, const char *heading);

typedef struct {
    char said[80]; /* "": not asked, or skipped */
} Prediction;

/* Asks for a number within [low, high] (a % sign may follow), or an answer that names `picks` of the `count` choices.
 * Anything else is refused with a line that says what is wanted, and asked again. Enter alone or the end of the input
 * skips. Without terminals, or with --no-predict, nothing is printed and nothing read. */
Prediction lesson_predict_number(const Lesson *lesson, double low, double high, const char *question, ...)
    PRINTF_LIKE(4, 5);
Prediction lesson_predict_choice(const Lesson *lesson, const char *const *choices, int count, int picks,
                                 const char *question, ...) PRINTF_LIKE(5, 6);

/* After the result: prints the prediction beside it; for a number also the difference. Nothing after a skip. */
void lesson_outcome(const Lesson *lesson, const Prediction *prediction, const char *format, ...) PRINTF_LIKE(3, 4);
void lesson_outcome_number(const Lesson *lesson, const Prediction *prediction, double value, int decimals);

/* Figures (show/figure.h): in the terminal, and as plots/out/NAME.png (name NULL: in the terminal alone). The reason
 * why a picture was not written goes to stderr, and lesson_end then fails. */
void lesson_heat(const Lesson *lesson, const char *name, const Heat *heat);
void lesson_bars(const Lesson *lesson, const char *name, const Bars *bars);
void lesson_lines(const Lesson *lesson, const char *name, const Lines *lines);
void lesson_tiles(const Lesson *lesson, const char *name, const Tiles *tiles);
void lesson_graph(const Lesson *lesson, const char *name, const Graph *graph);
void lesson_motion(const Lesson *lesson, const char *name, const Motion *motion); /* and plots/out/NAME.gif */

#endif
