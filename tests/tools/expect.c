/* expect: is a program's output what was expected?
 *
 *   build/expect EXPECTED ACTUAL             all of ACTUAL, line by line
 *   build/expect --each EXPECTED EXCERPT     every line of EXCERPT is one of EXPECTED's lines, in any order
 * build/expect --remake EXPECTED ACTUAL    prints a new EXPECTED made from ACTUAL; keeps each tolerance that still fits
 *
 * In EXPECTED
 *   {0.93 ± 0.02}         any number from 0.91 to 0.95; the number of spaces before it is not compared
 *   {loss: 0.93 ± 0.02}   the same; the number in ACTUAL gets the name loss for the lines below
 *   {= a + b ± 0.001}     the value of an expression of named numbers: + - * / and parentheses
 *   ...                   alone on a line: any number of lines, or none
 *   $ command             as the first line: the command that was run; not compared
 * In EXCERPT, empty lines and lines of "..." are ignored. Spaces at the end of a line are ignored.
 *
 * Exit status: 0 as expected; 1 not, all differences are shown with line and column; 2 wrong command line or file.
 */
#include "core/version.h"
#include "core/arena.h"
#include "core/file.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *text;
    size_t length;
} Line;
typedef struct {
    const char *path;
    Line *lines;
    size_t count;
} Text;

/* ---- lines of a file --------------------------------------------------------------------------------------------- */

static bool line_is(Line line, const char *text) {
    return line.length == strlen(text) && !memcmp(line.text, text, line.length);
}

/* The lines of the file, without the spaces at their ends. The arena owns the array. The lines point into the file,
 * which stays open until the program ends. */
static Text text_read(Arena *arena, const char *path) {
    File file;
    Err err;
    if (!file_open(&file, path, &err)) die_usage("%s", err.text);
    size_t max = 1;
    for (size_t i = 0; i < file.size; i++) max += file.data[i] == '\n';
    Text text = { .path = path, .lines = arena_alloc(arena, max, sizeof(Line)) };
    for (size_t at = 0, end; at < file.size; at = end + 1) {
        for (end = at; end < file.size && file.data[end] != '\n';) end++;
        size_t length = end - at;
        while (length > 0 && isspace(file.data[at + length - 1])) length--;
        text.lines[text.count++] = (Line){ (const char *)file.data + at, length };
    }
    return text;
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

static size_t digits_at(const char *text, size_t length) {
    size_t n = 0;
    while (n < length && isdigit((unsigned char)text[n])) n++;
    return n;
}

/* A number at the start of `text`, such as -12, 0.93 or 4.3e-08; not "inf", not "0x10"; a point has digits on both
 * sides. Returns its length; 0 if there is no number. */
static size_t number_at(const char *text, size_t length, double *value) {
    char copy[64];
    size_t n = length > 0 && (text[0] == '-' || text[0] == '+'), part = digits_at(text + n, length - n);
    if (part == 0) return 0;
    n += part;
    part = n < length && text[n] == '.' ? digits_at(text + n + 1, length - n - 1) : 0;
    if (part > 0) n += 1 + part;
    if (n < length && (text[n] == 'e' || text[n] == 'E')) {
        size_t sign = n + 1 < length && (text[n + 1] == '-' || text[n + 1] == '+');
        part = digits_at(text + n + 1 + sign, length - n - 1 - sign);
        if (part > 0) n += 1 + sign + part;
    }
    if (n >= sizeof copy) return 0;
    memcpy(copy, text + (text[0] == '+'), n - (text[0] == '+'));
    copy[n - (text[0] == '+')] = '\0';
    return parse_real(copy, -HUGE_VAL, HUGE_VAL, value) ? n : 0;
}

/* Numbers of ACTUAL that have a name in EXPECTED. */
enum { NAMED = 256, NAME = 32 };
static struct {
    char name[NAME];
    double value;
} named[NAMED];
static int named_count;

static bool named_find(const char *name, double *value) {
    for (int i = named_count; i-- > 0;)
        if (!strcmp(named[i].name, name)) {
            *value = named[i].value;
            return true;
        }
    return false;
}

static void named_set(const char *name, double value) {
    if (named_count == NAMED) die_usage("more than %d named numbers", NAMED);
    snprintf(named[named_count].name, NAME, "%s", name);
    named[named_count++].value = value;
}

/* An expression of named and plain numbers: + - * / and parentheses. `at` moves behind it. NaN if it is not an
 * expression, or if a name is unknown. */
static double sum_at(const char **at, const char *end);

static void skip_spaces(const char **at, const char *end) {
    while (*at < end && **at == ' ') ++*at;
}

static double factor_at(const char **at, const char *end) {
    char name[NAME];
    double value = NAN;
    int n = 0;
    skip_spaces(at, end);
    if (*at < end && **at == '(') {
        ++*at;
        value = sum_at(at, end);
        skip_spaces(at, end);
        if (*at == end || **at != ')') return NAN;
        ++*at;
        return value;
    }
    size_t length = number_at(*at, (size_t)(end - *at), &value);
    *at += length;
    if (length > 0) return value;
    while (*at + n < end && n < NAME - 1 && (isalnum((unsigned char)(*at)[n]) || (*at)[n] == '_')) n++;
    snprintf(name, sizeof name, "%.*s", n, *at);
    *at += n;
    return n > 0 && named_find(name, &value) ? value : NAN;
}

static double product_at(const char **at, const char *end) {
    double value = factor_at(at, end);
    for (skip_spaces(at, end); *at < end && (**at == '*' || **at == '/'); skip_spaces(at, end)) {
        bool times = *(*at)++ == '*';
        double next = factor_at(at, end);
        value = times ? value * next : value / next;
    }
    return value;
}

static double sum_at(const char **at, const char *end) {
    double value = product_at(at, end);
    for (skip_spaces(at, end); *at < end && (**at == '+' || **at == '-'); skip_spaces(at, end)) {
        double sign = *(*at)++ == '+' ? 1 : -1;
        value += sign * product_at(at, end);
    }
    return value;
}

/* ---- one line ---------------------------------------------------------------------------------------------------- */

/* The bounds of a number: centre - width to centre + width; and its name, or "". */
typedef struct {
    double centre, width;
    char name[NAME];
} Wanted;

/* Parses "{0.93 ± 0.02}", "{loss: 0.93 ± 0.02}" or "{= rows + columns ± 0.001}" at the start of `text`. Returns its
 * length; 0 if there is none. */
static size_t wanted_at(const char *text, size_t length, Wanted *wanted) {
    static const char sign[] = " \302\261 ";
    const char *close = length && text[0] == '{' ? memchr(text, '}', length) : NULL, *middle = NULL, *at = text + 1;
    if (!close) return 0;
    for (const char *s = text; s + strlen(sign) <= close && !middle; s++)
        if (!memcmp(s, sign, strlen(sign))) middle = s;
    if (!middle) return 0;
    const char *width = middle + strlen(sign);
    if (number_at(width, (size_t)(close - width), &wanted->width) != (size_t)(close - width)) return 0;
    const char *colon = memchr(text, ':', (size_t)(middle - text));
    wanted->name[0] = '\0';
    if (*at == '=') {
        at++;
        wanted->centre = sum_at(&at, middle);
        return at == middle ? (size_t)(close + 1 - text) : 0;
    }
    if (colon) {
        snprintf(wanted->name, NAME, "%.*s", (int)(colon - at), at);
        for (at = colon + 1; at < middle && *at == ' ';) at++;
    }
    return number_at(at, (size_t)(middle - at), &wanted->centre) == (size_t)(middle - at) ? (size_t)(close + 1 - text)
                                                                                          : 0;
}

static size_t spaces_at(Line line, size_t at) {
    size_t n = at;
    while (n < line.length && line.text[n] == ' ') n++;
    return n - at;
}

/* Does `got` fit `wanted`? If not, *column is the first column of `got` (from 0) that differs, and `why` says by how
 * much a number is outside its bounds. Named numbers are kept. */
static bool line_fits(Line wanted, Line got, size_t *column, Err *why) {
    size_t w = 0, g = 0;
    int count = named_count;
    Wanted number = { 0 };
    double value = 0;
    while (w < wanted.length) {
        size_t spaces = spaces_at(wanted, w);
        size_t skip = wanted_at(wanted.text + w + spaces, wanted.length - w - spaces, &number);
        *column = g;
        if (skip == 0) {
            if (g >= got.length || got.text[g] != wanted.text[w]) break;
            w++;
            g++;
            continue;
        }
        g += spaces_at(got, g);
        *column = g;
        size_t length = number_at(got.text + g, got.length - g, &value);
        double error = fabs(value - number.centre);
        if (length == 0) err_set(why, "a number was wanted at column %zu", g + 1);
        else if (!(error <= number.width * (1 + 1e-9)))
            err_set(why, "%g is off by %g, allowed %g", value, error, number.width);
        if (length == 0 || !(error <= number.width * (1 + 1e-9))) break;
        if (number.name[0]) named_set(number.name, value);
        w += spaces + skip;
        g += length;
    }
    if (w == wanted.length && g == got.length) return true;
    if (w == wanted.length) *column = g;
    named_count = count;
    return false;
}

static bool fits(Line wanted, Line got) {
    size_t column = 0;
    return line_fits(wanted, got, &column, NULL);
}

/* ---- whole texts ------------------------------------------------------------------------------------------------- */

enum { BEFORE = 3, SHOWN = 40 };

static void print_line(char mark, Line line) { printf("%c %.*s\n", mark, (int)MIN(line.length, 400), line.text); }

/* Prints an expected line and the line in its place, with a mark below the first column that differs. */
static void show_pair(const Text *wanted, size_t w, const Text *got, size_t g) {
    Err why = { "" };
    size_t column = 0;
    line_fits(wanted->lines[w], got->lines[g], &column, &why);
    printf("%s:%zu: %s:%zu differs%s%s\n", wanted->path, w + 1, got->path, g + 1, why.text[0] ? ": " : "", why.text);
    for (size_t i = g > BEFORE ? g - BEFORE : 0; i < g; i++) print_line(' ', got->lines[i]);
    print_line('-', wanted->lines[w]);
    print_line('+', got->lines[g]);
    if (column < 400) printf("  %*s^ column %zu\n", (int)column, "", column + 1);
}

static bool two_fit(const Text *wanted, size_t w, const Text *got, size_t g) {
    if (w >= wanted->count || g >= got->count) return w >= wanted->count && g >= got->count;
    if (!fits(wanted->lines[w], got->lines[g])) return false;
    return w + 1 >= wanted->count || g + 1 >= got->count || fits(wanted->lines[w + 1], got->lines[g + 1]);
}

/* How many lines of each text to skip until two lines of both agree again: the fewest, at most SHOWN in all. */
static void resynchronise(const Text *wanted, size_t w, const Text *got, size_t g, size_t *skip_w, size_t *skip_g) {
    for (size_t sum = 1; sum <= SHOWN; sum++)
        for (size_t i = 0; i <= sum; i++) {
            size_t j = (sum + 1) / 2 + (i % 2 ? i / 2 + 1 : -(i / 2)); /* first as many of one text as of the other */
            if (j > sum || !two_fit(wanted, w + sum - j, got, g + j)) continue;
            *skip_w = sum - j;
            *skip_g = j;
            return;
        }
    *skip_w = 1;
    *skip_g = 1;
}

/* Prints every difference. "..." stands for all lines before the first line that fits the line after "...". */
static void show_all(const Text *wanted, const Text *got, size_t w) {
    size_t g = 0, shown = 0;
    while ((w < wanted->count || g < got->count) && shown < SHOWN) {
        size_t skip_w = 0, skip_g = 0;
        if (w < wanted->count && line_is(wanted->lines[w], "...")) {
            size_t next = g;
            if (++w == wanted->count) return;
            while (next < got->count && !fits(wanted->lines[w], got->lines[next])) next++;
            if (next < got->count) g = next;
            else printf("%s:%zu: no line fits this line; the rest was not compared\n", wanted->path, w + 1);
            if (next == got->count) break;
        } else if (w < wanted->count && g < got->count && fits(wanted->lines[w], got->lines[g])) {
            w++;
            g++;
        } else {
            resynchronise(wanted, w, got, g, &skip_w, &skip_g);
            size_t pair = w < wanted->count && g < got->count && skip_w && skip_g;
            if (pair) show_pair(wanted, w, got, g);
            else printf("%s:%zu: %s:%zu differs\n", wanted->path, w + 1, got->path, g + 1);
            for (size_t i = pair; i < skip_w && w + i < wanted->count; i++) print_line('-', wanted->lines[w + i]);
            if (w >= wanted->count) printf("- (the end)\n");
            for (size_t i = pair; i < skip_g && g + i < got->count; i++) print_line('+', got->lines[g + i]);
            if (g >= got->count) printf("+ (the end)\n");
            w = MIN(w + skip_w, wanted->count);
            g = MIN(g + skip_g, got->count);
            shown++;
        }
    }
    printf("('-' was expected, '+' came)\n");
}

/* "..." matches lines as a star matches characters in a file name: it first stands for no line, and for one line more
 * each time the lines after it do not fit. */
static bool compare(const Text *wanted, const Text *got) {
    size_t first = wanted->count > 0 && wanted->lines[0].length > 1 && !memcmp(wanted->lines[0].text, "$ ", 2);
    size_t w = first, g = 0, dots = SIZE_MAX, dots_end = 0;
    while (g < got->count || w < wanted->count) {
        if (w < wanted->count && line_is(wanted->lines[w], "...")) {
            dots = w++;
            dots_end = g;
        } else if (w < wanted->count && g < got->count && fits(wanted->lines[w], got->lines[g])) {
            w++;
            g++;
        } else if (dots != SIZE_MAX && dots_end < got->count) {
            w = dots + 1;
            g = ++dots_end;
        } else {
            named_count = 0;
            show_all(wanted, got, first);
            return false;
        }
    }
    return true;
}

/* ---- remaking ---------------------------------------------------------------------------------------------------- */

/* The expected line with the numbers of `got`. A tolerance that still fits stays as it is; another keeps its width and
 * gets a new centre. If the words differ, the line is `got`. */
static void remake_line(Line wanted, Line got, FILE *out) {
    size_t w = 0, g = 0, length = 0;
    Wanted number = { 0 };
    double value = 0;
    char *text = NULL;
    FILE *line = open_memstream(&text, &length);
    if (!line) die("out of memory");
    while (w < wanted.length) {
        size_t spaces = spaces_at(wanted, w);
        const char *at = wanted.text + w + spaces;
        size_t skip = wanted_at(at, wanted.length - w - spaces, &number);
        if (skip == 0) {
            if (g >= got.length || got.text[g] != wanted.text[w]) break;
            fputc(wanted.text[w++], line);
            g++;
            continue;
        }
        g += spaces_at(got, g);
        size_t digits = number_at(got.text + g, got.length - g, &value);
        if (digits == 0) break;
        if (number.name[0]) named_set(number.name, value);
        if (at[1] == '=' || fabs(value - number.centre) <= number.width * (1 + 1e-9)) {
            fprintf(line, "%.*s%.*s", (int)spaces, wanted.text + w, (int)skip, at);
        } else {
            const char *sign = strstr(at, " \302\261 ");
            fprintf(line, "%.*s{%s%s%.*s%.*s", (int)spaces, wanted.text + w, number.name, number.name[0] ? ": " : "",
                    (int)digits, got.text + g, (int)(at + skip - sign), sign);
        }
        w += spaces + skip;
        g += digits;
    }
    fclose(line);
    if (w == wanted.length && g == got.length) fprintf(out, "%s\n", text);
    else fprintf(out, "%.*s\n", (int)got.length, got.text);
    free(text);
}

static void remake(const Text *wanted, const Text *got, FILE *out) {
    size_t w = 0, g = 0, skip_w = 0, skip_g = 0;
    if (wanted->count > 0 && wanted->lines[0].length > 1 && !memcmp(wanted->lines[0].text, "$ ", 2))
        fprintf(out, "%.*s\n", (int)wanted->lines[w++].length, wanted->lines[0].text);
    while (g < got->count || w < wanted->count) {
        if (w < wanted->count && line_is(wanted->lines[w], "...")) {
            fprintf(out, "...\n");
            for (w++; g < got->count && (w == wanted->count || !fits(wanted->lines[w], got->lines[g]));) g++;
        } else if (w < wanted->count && g < got->count && fits(wanted->lines[w], got->lines[g])) {
            fprintf(out, "%.*s\n", (int)wanted->lines[w].length, wanted->lines[w].text);
            w++;
            g++;
        } else {
            resynchronise(wanted, w, got, g, &skip_w, &skip_g);
            for (size_t i = 0; i < skip_g && g + i < got->count; i++) {
                Line line = w + i < wanted->count && i < skip_w ? wanted->lines[w + i] : got->lines[g + i];
                remake_line(line, got->lines[g + i], out);
            }
            w = MIN(w + skip_w, wanted->count);
            g = MIN(g + skip_g, got->count);
        }
    }
}

/* Is every line of `excerpt` a line of `wanted`? Prints each one that is not. */
static bool compare_each(const Text *wanted, const Text *excerpt) {
    bool ok = true;
    for (size_t e = 0; e < excerpt->count; e++) {
        Line line = excerpt->lines[e];
        bool found = line.length == 0 || line_is(line, "...");
        for (size_t w = 0; w < wanted->count && !found; w++) found = fits(wanted->lines[w], line);
        if (!found) printf("%s has no line: %.*s\n", wanted->path, (int)MIN(line.length, 400), line.text);
        ok = ok && found;
    }
    return ok;
}

int main(int argc, char **argv) {
    if (version_asked(argc, argv)) return status_printed(0);
    Arena arena = { 0 };
    const char *mode = argc == 4 ? argv[1] : "";
    bool ok = true;
    if (argc != 3 && strcmp(mode, "--each") != 0 && strcmp(mode, "--remake") != 0)
        die_usage("expect [--each | --remake] EXPECTED ACTUAL");
    Text wanted = text_read(&arena, argv[argc - 2]), got = text_read(&arena, argv[argc - 1]);
    if (!strcmp(mode, "--remake")) remake(&wanted, &got, stdout);
    else if (*mode) ok = compare_each(&wanted, &got);
    else ok = compare(&wanted, &got);
    arena_free(&arena);
    return status_printed(ok ? 0 : EXIT_TROUBLE);
}
