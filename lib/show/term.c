#include "show/term.h"

#include "core/arena.h"
#include "show/term_fit.h"

#include <stdarg.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ---- the stream -------------------------------------------------------------------------------------------------- */

static const char *env(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

static int width_of(int file) {
    struct winsize size;
    long long width;
    if (ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return MIN(size.ws_col, TERM_WIDEST);
    return parse_int(env("COLUMNS"), 1, TERM_WIDEST, &width) ? (int)width : TERM_WIDTH;
}

static int colour_of(void) {
    if (*env("NO_COLOR")) return 0;
    if (!strcmp(env("COLORTERM"), "truecolor") || !strcmp(env("COLORTERM"), "24bit")) return 24;
    /* Known not to have 24 bits: the Linux console, GNU screen, and macOS' Terminal unless COLORTERM says so. */
    bool poor = !strcmp(env("TERM"), "linux") || *env("STY") || !strcmp(env("TERM_PROGRAM"), "Apple_Terminal");
    return poor ? 8 : 24;
}

static bool utf8_of(void) {
    const char *locale = *env("LC_ALL") ? env("LC_ALL") : *env("LC_CTYPE") ? env("LC_CTYPE") : env("LANG");
    const char *set = strchr(locale, '.');
    set = set ? set + 1 : locale; /* macOS sets LC_CTYPE to a bare "UTF-8" */
    return !strncasecmp(set, "utf-8", 5) || !strncasecmp(set, "utf8", 4);
}

Term term_of(FILE *out) {
    int file = fileno(term_fit_target(out));
    if (!isatty(file)) return (Term){ .out = out, .width = TERM_WIDTH };
    bool dumb = !strcmp(env("TERM"), "dumb");
    return (Term){ out, width_of(file), true, dumb ? 0 : colour_of(), !dumb && utf8_of() };
}

/* ---- style ------------------------------------------------------------------------------------------------------- */

const char *term_style(const Term *term, TermStyle style) {
    /* Good and bad are blue and orange: many readers cannot tell red from green. */
    static const char *const codes[] = { "\033[0m", "\033[1m", "\033[2m", "\033[1;38;5;32m", "\033[1;38;5;166m" };
    return term->colour ? codes[style] : "";
}

void term_print(const Term *term, TermStyle style, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs(term_style(term, style), term->out);
    vfprintf(term->out, format, args);
    fputs(term_style(term, TERM_PLAIN), term->out);
    va_end(args);
}

/* The nearest level of the colours 16..231, a cube of 6 x 6 x 6 with levels 0, 95, 135, 175, 215, 255. */
static int cube(uint8_t part) { return part < 48 ? 0 : part < 115 ? 1 : (part - 35) / 40; }

void term_colour(const Term *term, Colour colour, bool background) {
    int what = background ? 48 : 38;
    int index = 16 + 36 * cube(colour.r) + 6 * cube(colour.g) + cube(colour.b);
    if (term->colour >= 24) fprintf(term->out, "\033[%d;2;%d;%d;%dm", what, colour.r, colour.g, colour.b);
    else if (term->colour > 0) fprintf(term->out, "\033[%d;5;%dm", what, index);
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

/* Writes the characters that fit into `room` columns; returns the columns used. */
static int write_glyphs(const Term *term, const char *text, int room) {
    int used = 0;
    for (Glyph glyph = glyph_of(text); glyph.bytes > 0 && used + glyph.columns <= room; glyph = glyph_of(text)) {
        if (glyph.printable) fwrite(text, 1, (size_t)glyph.bytes, term->out);
        else fputc(' ', term->out);
        used += glyph.columns;
        text += glyph.bytes;
    }
    return used;
}

void term_repeat(const Term *term, const char *text, int count) {
    for (int i = 0; i < count; i++) fputs(text, term->out);
}

void term_text(const Term *term, const char *text, int width, TermAlign align) {
    int room = width - text_columns(text);
    if (room < 0) {
        int used = write_glyphs(term, text, width - 1);
        if (width > 0) fputs(term->utf8 ? "\u2026" : ".", term->out);
        term_repeat(term, " ", width - 1 - used);
        return;
    }
    int before = align == TERM_LEFT ? 0 : align == TERM_RIGHT ? room : room / 2;
    term_repeat(term, " ", before);
    write_glyphs(term, text, width);
    term_repeat(term, " ", room - before);
}

void term_styled(const Term *term, TermStyle style, const char *text, int width) {
    fputs(term_style(term, style), term->out);
    term_text(term, text, width, TERM_LEFT);
    fputs(term_style(term, TERM_PLAIN), term->out);
}

void term_title(const Term *term, const char *text) {
    if (!text) return;
    term_styled(term, TERM_BOLD, text, text_columns(text));
    fputc('\n', term->out);
}

/* The first `length` bytes, without a newline. */
static void line_wrap(const Term *term, const char *text, size_t length, int indent) {
    int used = 0;
    const char *end = text + length;
    indent = MIN(indent, term->width / 10);
    while (text < end) {
        int spaces = (int)MIN(strspn(text, " "), (size_t)(end - text));
        int bytes = (int)MIN(strcspn(text + spaces, " "), (size_t)(end - text - spaces)), columns = 0;
        for (int at = spaces; at < spaces + bytes; at += glyph_of(text + at).bytes)
            columns += glyph_of(text + at).columns;
        bool broken = used > indent && used + spaces + columns > term->width;
        if (broken) fprintf(term->out, "\n%*s", indent, "");
        used = broken ? indent : used;
        if (!broken) fprintf(term->out, "%*s", spaces, "");
        used += (broken ? 0 : spaces) + columns;
        fprintf(term->out, "%.*s", bytes, text + spaces);
        text += spaces + bytes;
    }
}

void term_wrap(const Term *term, const char *text, int indent) {
    if (term->terminal) line_wrap(term, text, strlen(text), indent);
    else fputs(text, term->out);
    fputc('\n', term->out);
}

void term_paragraph(const Term *term, const char *text) {
    if (!term->terminal) {
        fputs(text, term->out);
        return;
    }
    for (; *text; text += *text == '\n') {
        size_t length = strcspn(text, "\n");
        line_wrap(term, text, length, (int)strspn(text, " "));
        text += length;
        if (*text) fputc('\n', term->out);
    }
}

void term_say(const char *format, ...) {
    Term out = term_of(stdout);
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, again);
    REQUIRE(length >= 0, "format \"%s\"", format);
    Arena arena = { 0 };
    char *text = arena_alloc(&arena, (size_t)length + 1, 1);
    vsnprintf(text, (size_t)length + 1, format, args);
    term_paragraph(&out, text);
    arena_free(&arena);
    va_end(again);
    va_end(args);
}
