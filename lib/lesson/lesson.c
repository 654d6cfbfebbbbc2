#include "lesson/lesson.h"

#include "show/plot.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPTIONS_MAX = 32 };

/* ---- the command line ------------------------------------------------------------------------------------------- */

/* The lesson's own options, followed by those that every lesson has. */
static void options_join(const Lesson *lesson, bool *silent, Option *all) {
    int count = 0;
    for (const Option *own = lesson->options; own && own->name; own++) {
        REQUIRE(count < OPTIONS_MAX - 3, "lesson %s has more than %d options", lesson->number, OPTIONS_MAX - 3);
        all[count++] = *own;
    }
    if (lesson->seed)
        all[count++] = (Option){ "seed", .integer = lesson->seed, .high = 1e9, .help = "another seed, other luck" };
    all[count++] = (Option){ "no-predict", .flag = silent, .help = "do not ask for predictions" };
    all[count] = (Option){ 0 };
}

static void help(const Lesson *lesson, const Option *options, const char *program) {
    printf("Lesson %s: %s. %s.\n", lesson->number, lesson->title, lesson->shows);
    if (lesson->takes) printf("Takes %s.\n", lesson->takes);
    printf("\n  %s [OPTIONS]%s%s\n\n", program, lesson->wants ? " " : "", lesson->wants ? lesson->wants : "");
    options_help(options, stdout);
    printf("  %-20s %s\n", "--help", "this text");
}

static void heading(const Lesson *lesson) {
    term_print(&lesson->term, TERM_BOLD, "Lesson %s: %s", lesson->number, lesson->title);
    if (lesson->seed) printf("   (seed %d)", *lesson->seed);
    printf("\n%s.\n", lesson->shows);
}

void lesson_begin(Lesson *lesson, int argc, char **argv) {
    REQUIRE(lesson->number && lesson->title && lesson->shows, "a lesson has a number, a title and says what it shows");
    Option options[OPTIONS_MAX];
    Err err;
    bool silent = false;
    options_join(lesson, &silent, options);
    if (options_have(argc, argv, "help")) {
        help(lesson, options, argv[0]);
        exit(fflush(stdout) == 0 ? 0 : EXIT_TROUBLE);
    }
    int *word_count = lesson->wants ? &lesson->word_count : NULL;
    if (!options_parse(options, argc, argv, word_count, &err)) die_usage("%s", err.text);
    lesson->words = argv + 1;
    lesson->term = term_of(stdout);
    lesson->predictions = !silent && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    heading(lesson);
}

int lesson_end(Lesson *lesson) {
    if (lesson->next) printf("\nnext: %s\n", lesson->next); /* which may lie in the memory */
    arena_free(&lesson->memory);
    return status_printed(plot_failures() ? EXIT_TROUBLE : 0); /* it was said why */
}

void lesson_section(const Lesson *lesson, const char *heading) {
    putchar('\n');
    term_print(&lesson->term, TERM_BOLD, "%s", heading);
    putchar('\n');
}

/* ---- predictions ------------------------------------------------------------------------------------------------- */

/* Takes the spaces off both ends, and what could command the terminal out of the middle. */
static void tidy(char *text) {
    for (char *c = text; *c; c++)
        if (iscntrl((unsigned char)*c)) *c = ' ';
    size_t length = strlen(text), skip = strspn(text, " ");
    while (length > skip && text[length - 1] == ' ') length--;
    memmove(text, text + skip, length - skip);
    text[length - skip] = '\0';
}

/* A line of the input, or "": a long one is cut, and what was cut is no second answer. */
static void read_answer(char *said, int size) {
    if (!fgets(said, size, stdin)) {
        said[0] = '\0';
        putchar('\n');
    } else if (!strchr(said, '\n')) {
        for (int c = getchar(); c != '\n' && c != EOF;) c = getchar();
    }
    clearerr(stdin);
    tidy(said);
}

Prediction lesson_predict(const Lesson *lesson, const char *question, ...) {
    Prediction prediction = { "" };
    if (!lesson->predictions) return prediction;
    va_list args;
    va_start(args, question);
    term_print(&lesson->term, TERM_GOOD, "Before you look: ");
    vprintf(question, args);
    va_end(args);
    printf("\n(Enter skips) > ");
    fflush(stdout);
    read_answer(prediction.said, sizeof prediction.said);
    return prediction;
}

void lesson_outcome(const Lesson *lesson, const Prediction *prediction, const char *format, ...) {
    if (!prediction->said[0]) return;
    va_list args;
    va_start(args, format);
    term_print(&lesson->term, TERM_GOOD, "You said: ");
    printf("%s   ", prediction->said);
    term_print(&lesson->term, TERM_GOOD, "It is: ");
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

void lesson_outcome_number(const Lesson *lesson, const Prediction *prediction, double value, int decimals) {
    double said;
    if (parse_real(prediction->said, -1e300, 1e300, &said))
        lesson_outcome(lesson, prediction, "%.*f, off by %.*f", decimals, value, decimals, fabs(said - value));
    else lesson_outcome(lesson, prediction, "%.*f", decimals, value);
}

/* ---- figures ----------------------------------------------------------------------------------------------------- */

static void say_where(const char *name, PlotResult result) {
    if (result == PLOT_DRAWN) fprintf(stderr, "picture: %s\n", plot_path(name));
}

void lesson_heat(const Lesson *lesson, const char *name, const Heat *heat) {
    draw_heat(&lesson->term, heat);
    fflush(stdout); /* before what plot may say on stderr */
    if (name) say_where(name, plot_heat(name, heat, NULL));
}

void lesson_bars(const Lesson *lesson, const char *name, const Bars *bars) {
    draw_bars(&lesson->term, bars);
    fflush(stdout);
    if (name) say_where(name, plot_bars(name, bars, NULL));
}

void lesson_lines(const Lesson *lesson, const char *name, const Lines *lines) {
    draw_lines(&lesson->term, lines);
    fflush(stdout);
    if (name) say_where(name, plot_lines(name, lines, NULL));
}

void lesson_tiles(const Lesson *lesson, const char *name, const Tiles *tiles) {
    draw_tiles(&lesson->term, tiles);
    fflush(stdout);
    if (name) say_where(name, plot_tiles(name, tiles, NULL));
}

void lesson_graph(const Lesson *lesson, const char *name, const Graph *graph) {
    draw_graph(&lesson->term, graph);
    fflush(stdout);
    if (name) say_where(name, plot_graph(name, graph, NULL));
}

void lesson_motion(const Lesson *lesson, const char *name, const Motion *motion) {
    draw_motion(&lesson->term, motion);
    fflush(stdout);
    if (name) say_where(name, plot_motion(name, motion, NULL));
}
