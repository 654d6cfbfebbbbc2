#include "lesson/options.h"

#include "show/term.h"

#include <limits.h>
#include <string.h>

enum { NAME_MAX_LENGTH = 32, OPTION_INDENT = 23 };

static const char *value_kind(const Option *option) {
    return option->flag ? "" : option->integer ? "N" : option->real ? "X" : option->choices ? "WORD" : "TEXT";
}

static void option_require(const Option *option) {
    int kinds = (option->flag != NULL) + (option->integer != NULL) + (option->real != NULL) + (option->text != NULL) +
                (option->texts != NULL);
    REQUIRE(kinds == 1, "--%s sets %d variables, want 1", option->name, kinds);
    REQUIRE(strlen(option->name) < NAME_MAX_LENGTH, "--%s has a name of %d characters or more", option->name,
            NAME_MAX_LENGTH);
    REQUIRE(option->low <= option->high, "--%s allows %g to %g", option->name, option->low, option->high);
}

/* Is `word` one of those in "a|b|c"? */
static bool choices_have(const char *at, const char *word) {
    for (size_t length; *at; at += length + (at[length] == '|')) {
        length = strcspn(at, "|");
        if (length == strlen(word) && !strncmp(at, word, length)) return true;
    }
    return false;
}

/* The least number of insertions, deletions and changes that make `a` of `b` (Levenshtein 1966). */
static int edit_distance(const char *a, size_t length, const char *b) {
    int row[NAME_MAX_LENGTH + 1], columns = (int)strlen(b);
    for (int c = 0; c <= columns; c++) row[c] = c;
    for (size_t r = 0; r < length; r++) {
        int diagonal = row[0];
        row[0] = (int)r + 1;
        for (int c = 1; c <= columns; c++) {
            int change = diagonal + (a[r] != b[c - 1]);
            diagonal = row[c];
            row[c] = MIN(change, MIN(row[c], row[c - 1]) + 1);
        }
    }
    return row[columns];
}

static bool unknown(const Option *options, const char *name, size_t length, Err *err) {
    const char *nearest = NULL;
    int least = 3;
    for (const Option *option = options; length < NAME_MAX_LENGTH && option && option->name; option++) {
        int d = edit_distance(name, length, option->name);
        if (d >= least || d >= (int)strlen(option->name)) continue;
        least = d;
        nearest = option->name;
    }
    if (nearest) return err_set(err, "there is no --%.*s; did you mean --%s?", (int)MIN(length, 64), name, nearest);
    return err_set(err, "there is no --%.*s; --help lists the options", (int)MIN(length, 64), name);
}

/* Checks `value`, and stores it if `apply`. */
static bool option_take(const Option *option, const char *value, bool apply, Err *err) {
    const char *name = option->name;
    if (option->integer) {
        long long i, low = (long long)MAX(option->low, INT_MIN), high = (long long)MIN(option->high, INT_MAX);
        if (!parse_int(value, low, high, &i))
            return err_set(err, "--%s '%.64s': want a whole number from %lld to %lld", name, value, low, high);
        if (apply) *option->integer = (int)i;
    } else if (option->real) {
        double x;
        if (!parse_real(value, option->low, option->high, &x))
            return err_set(err, "--%s '%.64s': want a number from %g to %g", name, value, option->low, option->high);
        if (apply) *option->real = x;
    } else {
        if (option->choices && !choices_have(option->choices, value))
            return err_set(err, "--%s '%.64s': want one of %s", name, value, option->choices);
        OptionTexts *texts = option->texts;
        if (texts && !apply && texts->seen++ == OPTION_TEXTS)
            return err_set(err, "--%s: at most %d", name, OPTION_TEXTS);
        if (texts && apply) texts->item[texts->count++] = value;
        else if (apply) *option->text = value;
    }
    return true;
}

/* Reads the option at argv[*at], and moves *at to its last word. */
static bool option_read(const Option *options, int argc, char **argv, int *at, bool apply, Err *err) {
    const char *name = argv[*at] + 2, *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const Option *option = options;
    while (option && option->name && (strlen(option->name) != length || strncmp(option->name, name, length))) option++;
    if (!option || !option->name) return unknown(options, name, length, err);
    option_require(option);
    if (option->flag) {
        if (equals) return err_set(err, "--%s takes no value, '%.64s' came", option->name, equals + 1);
        if (apply) *option->flag = true;
        return true;
    }
    bool next = *at + 1 < argc && strncmp(argv[*at + 1], "--", 2) != 0;
    if (!equals && !next)
        return err_set(err, "--%s wants a value: --%s %s", option->name, option->name, value_kind(option));
    return option_take(option, equals ? equals + 1 : argv[++*at], apply, err);
}

/* One pass over argv. Variables and argv change only with `apply`: after a pass without, which found nothing wrong.
 * Counts the words that belong to no option, with the first one. */
static bool pass(const Option *options, int argc, char **argv, bool apply, int *words, const char **first, Err *err) {
    bool ended = false;
    *words = 0;
    for (int i = 1; i < argc; i++) {
        if (!ended && !strcmp(argv[i], "--")) {
            ended = true;
        } else if (!ended && !strncmp(argv[i], "--", 2)) {
            if (!option_read(options, argc, argv, &i, apply, err)) return false;
        } else if (!ended && argv[i][0] == '-' && argv[i][1]) {
            return err_set(err, "'%.64s': options begin with two dashes; --help lists the options", argv[i]);
        } else {
            if (++*words == 1) *first = argv[i];
            if (apply) argv[*words] = argv[i];
        }
    }
    return true;
}

bool options_parse(const Option *options, int argc, char **argv, int *count, Err *err) {
    int words;
    const char *first = NULL;
    for (const Option *option = options; option && option->name; option++)
        if (option->texts) option->texts->seen = 0;
    if (!pass(options, argc, argv, false, &words, &first, err)) return false;
    if (words > 0 && !count) return err_set(err, "'%.64s': this program takes options only; --help lists them", first);
    for (const Option *option = options; option && option->name; option++)
        if (option->texts && option->texts->seen > 0) option->texts->count = 0;
    pass(options, argc, argv, true, &words, &first, err);
    if (count) *count = words;
    return true;
}

bool options_have(int argc, char **argv, const char *name) {
    for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
        if (!strncmp(argv[i], "--", 2) && !strcmp(argv[i] + 2, name)) return true;
    return false;
}

void options_help(const Option *options, FILE *out) {
    Term term = term_of(out);
    for (const Option *option = options; option && option->name; option++) {
        char left[NAME_MAX_LENGTH + 16], right[200] = "", line[1024];
        option_require(option);
        snprintf(left, sizeof left, "--%s %s", option->name, value_kind(option));
        if (option->integer)
            snprintf(right, sizeof right, " (%.0f to %.0f; %d)", option->low, option->high, *option->integer);
        if (option->real) snprintf(right, sizeof right, " (%g to %g; %g)", option->low, option->high, *option->real);
        if (option->choices && option->text) snprintf(right, sizeof right, " (%s; %s)", option->choices, *option->text);
        else if (option->text && *option->text) snprintf(right, sizeof right, " (%s)", *option->text);
        snprintf(line, sizeof line, "  %-20s %s%s", left, option->help, right);
        term_wrap(&term, line, OPTION_INDENT);
    }
}
