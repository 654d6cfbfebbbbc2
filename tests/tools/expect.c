/* expect: is a program's output what was expected?
 *
 *   build/expect EXPECTED ACTUAL             all of ACTUAL, line by line
 *   build/expect --each EXPECTED EXCERPT     every line of EXCERPT is one of EXPECTED's lines, in any order
 *
 * In EXPECTED
 *   {0.93 ± 0.02}   any number from 0.91 to 0.95; the spaces before it do not count, so that columns may move
 *   ...             alone on a line: any number of lines, or none
 *   $ command       as the first line: what was run; not compared
 * In EXCERPT, empty lines and lines of "..." are passed over. Spaces at a line's end never count.
 *
 * Exit status 0: it is. 1: it is not; the first difference is shown, with line numbers. 2: a file or word is wrong.
 */
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

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static bool line_is(Line line, const char *text) {
    return line.length == strlen(text) && !memcmp(line.text, text, line.length);
}

/* The file's lines, without the spaces at their ends. The arena owns the array; the lines point into the file, which
 * stays open until the program ends. */
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

/* ---- one line ---------------------------------------------------------------------------------------------------- */

static size_t digits_at(const char *text, size_t length) {
    size_t n = 0;
    while (n < length && isdigit((unsigned char)text[n])) n++;
    return n;
}

/* A number at the start of `text`, such as -12, 0.93 or 4.3e-08; no "inf", no "0x10", no point without digits on both
 * sides. Returns how long it is, 0 if there is none. */
static size_t number_at(const char *text, size_t length, double *value) {
    char copy[64];
    size_t n = length > 0 && (text[0] == '-' || text[0] == '+'), part = digits_at(text + n, length - n);
    if (part == 0) return 0;
    n += part;
    if (n < length && text[n] == '.' && (part = digits_at(text + n + 1, length - n - 1)) > 0) n += 1 + part;
    if (n < length && (text[n] == 'e' || text[n] == 'E')) {
        size_t sign = n + 1 < length && (text[n + 1] == '-' || text[n + 1] == '+');
        if ((part = digits_at(text + n + 1 + sign, length - n - 1 - sign)) > 0) n += 1 + sign + part;
    }
    if (n >= sizeof copy) return 0;
    memcpy(copy, text, n);
    copy[n] = '\0';
    return parse_real(copy, -HUGE_VAL, HUGE_VAL, value) ? n : 0;
}

/* "{0.93 ± 0.02}" at the start of `text`: its length, 0 if it is none. */
static size_t tolerance_at(const char *text, size_t length, double *centre, double *width) {
    static const char sign[] = " \302\261 ";
    size_t n = 1, part;
    if (length == 0 || text[0] != '{' || !(part = number_at(text + n, length - n, centre))) return 0;
    n += part;
    if (length - n < strlen(sign) || memcmp(text + n, sign, strlen(sign))) return 0;
    n += strlen(sign);
    if (!(part = number_at(text + n, length - n, width)) || n + part >= length || text[n + part] != '}') return 0;
    return n + part + 1;
}

static size_t spaces_at(Line line, size_t at) {
    size_t n = at;
    while (n < line.length && line.text[n] == ' ') n++;
    return n - at;
}

/* Does `got` fit `wanted`? If a number was outside its bounds, `why` says by how much. */
static bool line_fits(Line wanted, Line got, Err *why) {
    size_t w = 0, g = 0;
    double centre, width, value;
    while (w < wanted.length) {
        size_t spaces = spaces_at(wanted, w);
        size_t skip = tolerance_at(wanted.text + w + spaces, wanted.length - w - spaces, &centre, &width);
        if (skip == 0) {
            if (g >= got.length || got.text[g] != wanted.text[w]) return false;
            w++;
            g++;
            continue;
        }
        g += spaces_at(got, g);
        size_t length = number_at(got.text + g, got.length - g, &value);
        if (length == 0) return err_set(why, "a number was wanted at column %zu", g + 1);
        double error = fabs(value - centre);
        if (error > width * (1 + 1e-9)) return err_set(why, "%g is off by %g, allowed %g", value, error, width);
        w += spaces + skip;
        g += length;
    }
    return g == got.length;
}

/* ---- whole texts ------------------------------------------------------------------------------------------------- */

enum { BEFORE = 3, AFTER = 3 };

static void print_line(char mark, Line line) { printf("%c %.*s\n", mark, (int)MIN(line.length, 400), line.text); }

/* Shows what stood before, what was wanted, what came, and what came then: 2 + BEFORE + AFTER lines at most. */
static void show(const Text *wanted, size_t w, const Text *got, size_t g) {
    Err why = { "" };
    bool has_wanted = w < wanted->count, has_got = g < got->count;
    if (has_wanted && has_got) line_fits(wanted->lines[w], got->lines[g], &why);
    if (w > 0 && line_is(wanted->lines[w - 1], "...")) err_set(&why, "and so does all that follows");
    printf("%s:%zu: %s:%zu differs%s%s\n", wanted->path, w + 1, got->path, g + 1, why.text[0] ? ": " : "", why.text);
    for (size_t i = g > BEFORE ? g - BEFORE : 0; i < g; i++) print_line(' ', got->lines[i]);
    if (has_wanted) print_line('-', wanted->lines[w]);
    else printf("- (the end)\n");
    if (has_got) print_line('+', got->lines[g]);
    else printf("+ (the end)\n");
    for (size_t i = g + 1; i < got->count && i <= g + AFTER; i++) print_line(' ', got->lines[i]);
    printf("('-' was expected, '+' came)\n");
}

/* Matches with "..." as a star does in a file name: it first stands for nothing, and takes one line more each time
 * what follows it does not fit. The furthest expected line that was reached is the one to show. */
static bool compare(const Text *wanted, const Text *got) {
    size_t w = wanted->count > 0 && wanted->lines[0].length > 1 && !memcmp(wanted->lines[0].text, "$ ", 2), g = 0;
    size_t dots = SIZE_MAX, dots_end = 0, far_w = w, far_g = 0;
    while (g < got->count || w < wanted->count) {
        if (w > far_w) {
            far_w = w;
            far_g = g;
        }
        if (w < wanted->count && line_is(wanted->lines[w], "...")) {
            dots = w++;
            dots_end = g;
        } else if (w < wanted->count && g < got->count && line_fits(wanted->lines[w], got->lines[g], NULL)) {
            w++;
            g++;
        } else if (dots != SIZE_MAX && dots_end < got->count) {
            w = dots + 1;
            g = ++dots_end;
        } else {
            show(wanted, far_w, got, far_g);
            return false;
        }
    }
    return true;
}

/* Is every line of `excerpt` among those of `wanted`? Names each that is not. */
static bool compare_each(const Text *wanted, const Text *excerpt) {
    bool ok = true;
    for (size_t e = 0; e < excerpt->count; e++) {
        Line line = excerpt->lines[e];
        bool found = line.length == 0 || line_is(line, "...");
        for (size_t w = 0; w < wanted->count && !found; w++) found = line_fits(wanted->lines[w], line, NULL);
        if (!found) printf("%s has no line: %.*s\n", wanted->path, (int)MIN(line.length, 400), line.text);
        ok = ok && found;
    }
    return ok;
}

int main(int argc, char **argv) {
    Arena arena = { 0 };
    bool each = argc == 4 && !strcmp(argv[1], "--each");
    if (argc != 3 && !each) die_usage("expect [--each] EXPECTED ACTUAL");
    Text wanted = text_read(&arena, argv[argc - 2]), got = text_read(&arena, argv[argc - 1]);
    bool ok = each ? compare_each(&wanted, &got) : compare(&wanted, &got);
    arena_free(&arena);
    return status_printed(ok ? 0 : EXIT_TROUBLE);
}
