/* options: a program's command line, described by a table. The variables hold the defaults.
 *
 *   int epochs = 30;
 *   const char *recipe = "fast";
 *   const Option options[] = {
 *       { "epochs", .integer = &epochs, .low = 1, .high = 1000, .help = "passes over the pictures" },
 *       { "recipe", .text = &recipe, .choices = "fast|notebook", .help = "the settings" },
 *       { 0 },
 *   };
 *   --epochs 5 and --epochs=5 are the same; "--" ends the options; the last of two equal options counts, except for
 *   `texts`, which keeps them all.
 *
 * Exactly one of flag, integer, real, text, texts is set: it is the kind, and where the value goes. integer and real
 * want low <= high, both allowed. help is one line without a full stop. Texts point into argv. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "core/base.h"

/* The values of an option that may be repeated; the first one on the command line removes the defaults. */
enum { OPTION_TEXTS = 64 };
typedef struct {
    int count, seen; /* seen: for options_parse */
    const char *item[OPTION_TEXTS];
} OptionTexts;

typedef struct {
    const char *name; /* without the dashes; NULL ends the table */
    bool *flag;       /* --name sets it; takes no value */
    int *integer;
    double *real;
    const char **text;
    OptionTexts *texts;
    double low, high;
    const char *choices; /* text, texts: the words allowed, separated by '|'; NULL: any text */
    const char *help;
} Option;

/* Reads argv[1..] and sets the variables: all of them, or none when a word is wrong. Words that belong to no option are
 * moved to the front, argv[1..*count], in order. With `count` NULL there must be no such word.
 * Fails with one line: which option, what came, what is allowed. */
bool options_parse(const Option *options, int argc, char **argv, int *count, Err *err);

/* Is the flag --name among the options, before any "--"? */
bool options_have(int argc, char **argv, const char *name);

/* One line per option: name, kind of value, help, allowed values, default (the variable's value now). On a terminal,
 * lines are broken at its width. */
void options_help(const Option *options, FILE *out);

#endif
