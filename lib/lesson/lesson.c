#include "lesson/lesson.h"

#include "core/version.h"
#include "show/plot.h"
#include "show/term_fit.h"

#include <ctype.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { OPTIONS_MAX = 64, QUICK_WORDS = 32, STOP_COLUMNS = 68 }; /* columns of the line that Ctrl-C prints */

/* The lesson's own options, followed by those that every lesson has. */
static void options_join(Lesson *lesson, bool *silent, bool *quick, Option *all) {
    int count = 0;
    for (const Option *own = lesson->options; own && own->name; own++) {
        REQUIRE(count < OPTIONS_MAX - 4, "lesson %s has more than %d options", lesson->number, OPTIONS_MAX - 4);
        all[count++] = *own;
    }
    if (lesson->seed)
        all[count++] = (Option){ "seed", .integer = lesson->seed, .high = 1e9, .help = "of the random numbers" };
    if (lesson->quick)
        all[count++] = (Option){ "quick", .flag = quick,
                                 .help = arena_print(&lesson->memory, "a small run of about a second, for tests: %s",
                                                     lesson->quick) };
    all[count++] = (Option){ "no-predict", .flag = silent, .help = "do not ask for predictions" };
    all[count] = (Option){ 0 };
}

/* Sets what --quick stands for. */
static void quick_apply(Lesson *lesson, const Option *options) {
    char first[] = "--quick", *words[QUICK_WORDS + 1] = { first }, *rest = NULL;
    int count = 1;
    for (char *word = strtok_r(arena_text(&lesson->memory, lesson->quick), " ", &rest); word && count <= QUICK_WORDS;
         word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    Err err;
    REQUIRE(options_parse(options, count, words, NULL, &err), "lesson %s, --quick: %s", lesson->number, err.text);
}

static void help(const Lesson *lesson, const Option *options, const char *program) {
    Term term = term_of(stdout);
    char line[1024];
    snprintf(line, sizeof line, "Lesson %s: %s. %s.", lesson->number, lesson->title, lesson->shows);
    term_wrap(&term, line, 0);
    snprintf(line, sizeof line, "Takes %s.", lesson->takes ? lesson->takes : "");
    if (lesson->takes) term_wrap(&term, line, 0);
    printf("\n  %s [OPTIONS]%s%s\n\n", program, lesson->wants ? " " : "", lesson->wants ? lesson->wants : "");
    options_help(options, stdout);
    term_wrap(&term, "  --version            the version of the toolkit", 23);
    term_wrap(&term, "  --help               this text", 23);
}

static char stop_line[256];

static void stop(int number) {
    ssize_t written = write(STDERR_FILENO, stop_line, strlen(stop_line));
    (void)written;
    signal(number, SIG_DFL);
    raise(number); /* so that the shell knows why the program ended */
}

/* On a terminal the line takes the place of "^C" and of a progress bar. */
static void stop_prepare(const Lesson *lesson) {
    Term term = term_of(stderr);
    const char *kind = getenv("TERM"), *clear = "";
    if (term.terminal) clear = kind && strcmp(kind, "dumb") ? "\r\033[0m\033[K" : "\n";
    snprintf(stop_line, sizeof stop_line, "%sstopped: lesson %s did not finish;%smake lesson-%s starts it again\n",
             clear, lesson->number, term.terminal && term.width < STOP_COLUMNS ? "\n" : " ", lesson->number);
    if (signal(SIGINT, stop) == SIG_IGN) signal(SIGINT, SIG_IGN); /* as nohup and background jobs want it */
}

void lesson_begin(Lesson *lesson, int argc, char **argv) {
    REQUIRE(lesson->number && lesson->title && lesson->shows, "a lesson has a number, a title and says what it shows");
    Option options[OPTIONS_MAX];
    Err err;
    bool silent = false, quick = false;
    term_fit_output();
    if (version_asked(argc, argv)) exit(status_printed(0));
    options_join(lesson, &silent, &quick, options);
    if (options_have(argc, argv, "help")) {
        help(lesson, options, argv[0]);
        exit(fflush(stdout) == 0 ? 0 : EXIT_TROUBLE);
    }
    if (lesson->quick && options_have(argc, argv, "quick")) quick_apply(lesson, options);
    int *word_count = lesson->wants ? &lesson->word_count : NULL;
    if (!options_parse(options, argc, argv, word_count, &err)) die_usage("%s", err.text);
    lesson->words = argv + 1;
    lesson->term = term_of(stdout);
    lesson->predictions = !silent && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    stop_prepare(lesson);
    term_print(&lesson->term, TERM_BOLD, "Lesson %s: %s", lesson->number, lesson->title);
    if (lesson->seed) printf("   (seed %d)", *lesson->seed);
    term_say("\n%s.\n", lesson->shows);
}

int lesson_end(Lesson *lesson) {
    if (lesson->next) printf("\nnext: %s\n", lesson->next); /* next may lie in the memory */
    arena_free(&lesson->memory);
    return status_printed(plot_failures() ? EXIT_TROUBLE : 0); /* the reason is on stderr */
}

void lesson_section(const Lesson *lesson, const char *heading) {
    printf("\n%s", term_style(&lesson->term, TERM_BOLD));
    term_paragraph(&lesson->term, heading);
    printf("%s\n", term_style(&lesson->term, TERM_PLAIN));
}

typedef struct {
    bool number;
    double low, high;
    const char *const *choices;
    int count, picks;
} Wanted;

/* Prints words that follow what stands in the first `column` columns, broken at spaces: no line is longer than `width`
 * unless a single word is. Returns the column it ends in. */
static int print_words(const char *text, int column, int width) {
    while (*text) {
        char word[256];
        size_t length = strcspn(text, " ");
        snprintf(word, sizeof word, "%.*s", (int)length, text);
        int columns = text_columns(word);
        bool fits = column + 1 + columns <= width;
        if (column > 0) putchar(fits ? ' ' : '\n');
        column = column > 0 && fits ? column + 1 + columns : columns;
        fputs(word, stdout);
        text += length + strspn(text + length, " ");
    }
    return column;
}

/* Takes the spaces off both ends, and control characters, which could command the terminal, out of the middle. */
static void tidy(char *text) {
    for (char *c = text; *c; c++)
        if (iscntrl((unsigned char)*c)) *c = ' ';
    size_t length = strlen(text), skip = strspn(text, " ");
    while (length > skip && text[length - 1] == ' ') length--;
    memmove(text, text + skip, length - skip);
    text[length - skip] = '\0';
}

/* A line of the input without its end, or "". The rest of a long line is dropped. */
static void read_answer(char *said, int size) {
    if (!fgets(said, size, stdin)) {
        said[0] = '\0';
        putchar('\n');
    } else if (!strchr(said, '\n')) {
        for (int c = getchar(); c != '\n' && c != EOF;) c = getchar();
    }
    clearerr(stdin);
    term_fit_entered();
    tidy(said);
}

/* Is it a part of a longer number? "1" does not name 1 in "0.15". */
static bool in_number(const char *text, const char *at, size_t length) {
    bool before = at > text && (isdigit((unsigned char)at[-1]) || at[-1] == '.');
    bool after = isdigit((unsigned char)at[length]) || (at[length] == '.' && isdigit((unsigned char)at[length + 1]));
    return (isdigit((unsigned char)*at) && before) || (isdigit((unsigned char)at[length - 1]) && after);
}

/* Does the text name the choice? Takes every place where it does out of the text. */
static bool take_name(char *text, const char *choice) {
    size_t length = strlen(choice);
    bool found = false;
    for (char *at = text; *at; at++) {
        if (strncasecmp(at, choice, length) || in_number(text, at, length)) continue;
        memset(at, '\n', length);
        found = true;
    }
    return found;
}

/* How many of the choices the text names; the longer ones are looked for first: "1/tau" does not name tau. */
static int count_names(const Wanted *wanted, const char *said) {
    char text[sizeof((Prediction *)0)->said];
    int found = 0;
    size_t longest = 0;
    snprintf(text, sizeof text, "%s", said);
    for (int i = 0; i < wanted->count; i++) longest = MAX(longest, strlen(wanted->choices[i]));
    for (size_t length = longest; length > 0; length--)
        for (int i = 0; i < wanted->count; i++)
            if (strlen(wanted->choices[i]) == length) found += take_name(text, wanted->choices[i]);
    return found;
}

/* Is it an answer? The % sign after a number is taken off. */
static bool answers(const Wanted *wanted, char *said) {
    double value;
    if (wanted->number) {
        char *end = said + strlen(said) - 1;
        if (*end == '%') *end = ' ';
        tidy(said);
        return parse_real(said, wanted->low, wanted->high, &value);
    }
    return count_names(wanted, said) == wanted->picks;
}

static void say_what_is_wanted(const Wanted *wanted, int width) {
    char text[512];
    if (wanted->number) snprintf(text, sizeof text, "Want a number from %g to %g,", wanted->low, wanted->high);
    else snprintf(text, sizeof text, "Want %d of:", wanted->picks);
    int column = print_words(text, 0, width);
    for (int i = 0; i < wanted->count; i++) {
        snprintf(text, sizeof text, "%s,", wanted->choices[i]);
        column = print_words(text, column, width);
    }
    print_words("or Enter alone.", column, width);
}

static Prediction ask(const Lesson *lesson, Wanted wanted, const char *question, va_list args) {
    Prediction prediction = { "" };
    char text[1024];
    if (!lesson->predictions) return prediction;
    vsnprintf(text, sizeof text, question, args);
    term_print(&lesson->term, TERM_GOOD, "Before you look:");
    print_words(text, (int)strlen("Before you look:"), lesson->term.width);
    for (;;) {
        printf("\n(Enter skips) > ");
        fflush(stdout);
        read_answer(prediction.said, sizeof prediction.said);
        if (!prediction.said[0] || answers(&wanted, prediction.said)) return prediction;
        say_what_is_wanted(&wanted, lesson->term.width);
    }
}

Prediction lesson_predict_number(const Lesson *lesson, double low, double high, const char *question, ...) {
    va_list args;
    va_start(args, question);
    Prediction prediction = ask(lesson, (Wanted){ .number = true, .low = low, .high = high }, question, args);
    va_end(args);
    return prediction;
}

Prediction lesson_predict_choice(const Lesson *lesson, const char *const *choices, int count, int picks,
                                 const char *question, ...) {
    va_list args;
    va_start(args, question);
    Prediction prediction = ask(lesson, (Wanted){ .choices = choices, .count = count, .picks = picks }, question, args);
    va_end(args);
    return prediction;
}

void lesson_outcome(const Lesson *lesson, const Prediction *prediction, const char *format, ...) {
    if (!prediction->said[0]) return;
    va_list args;
    va_start(args, format);
    char is[512];
    vsnprintf(is, sizeof is, format, args);
    term_print(&lesson->term, TERM_GOOD, "You said: ");
    int used = (int)strlen("You said: ") + text_columns(prediction->said), label = (int)strlen("   It is: ");
    bool fits = used + label + 1 + text_columns(is) <= lesson->term.width || !lesson->term.terminal;
    printf("%s%s", prediction->said, fits ? "   " : "\n");
    term_print(&lesson->term, TERM_GOOD, "It is:");
    if (fits) printf(" %s", is);
    else print_words(is, (int)strlen("It is:"), lesson->term.width);
    putchar('\n');
    va_end(args);
}

void lesson_outcome_number(const Lesson *lesson, const Prediction *prediction, double value, int decimals) {
    double said;
    if (parse_real(prediction->said, -1e300, 1e300, &said))
        lesson_outcome(lesson, prediction, "%.*f, off by %.*f", decimals, value, decimals, fabs(said - value));
    else lesson_outcome(lesson, prediction, "%.*f", decimals, value);
}

/* lesson_heat and the others. The flush comes before what plot may say on stderr. */
#define LESSON_FIGURE(kind, Kind)                                                                                      \
    void lesson_##kind(const Lesson *lesson, const char *name, const Kind *figure) {                                   \
        draw_##kind(&lesson->term, figure);                                                                            \
        fflush(stdout);                                                                                                \
        if (name && plot_##kind(name, figure, NULL) == PLOT_DRAWN) fprintf(stderr, "picture: %s\n", plot_path(name));  \
    }
LESSON_FIGURE(heat, Heat)
LESSON_FIGURE(bars, Bars)
LESSON_FIGURE(lines, Lines)
LESSON_FIGURE(tiles, Tiles)
LESSON_FIGURE(graph, Graph)
LESSON_FIGURE(motion, Motion)
