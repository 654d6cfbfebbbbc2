#define _GNU_SOURCE /* fopencookie */
#include "show/term_fit.h"

#include <string.h>
#include <unistd.h>

enum { NARROWEST = 20, CONTINUED = 2 };

/* ---- the line ---------------------------------------------------------------------------------------------------- */

typedef struct {
    size_t bytes;
    int columns;
} Extent;

/* One character, or one escape code, which has no column: ESC [ ... letter (ECMA-48). */
static Extent next_extent(const char *text, size_t size) {
    if (text[0] == '\033' && size > 1 && text[1] == '[') {
        size_t end = 2;
        while (end < size && (text[end] < '@' || text[end] > '~')) end++;
        return (Extent){ MIN(end + 1, size), 0 };
    }
    char copy[5] = { 0 };
    memcpy(copy, text, MIN(size, 4));
    Glyph glyph = glyph_of(copy);
    return glyph.bytes == 0 ? (Extent){ 1, 0 } : (Extent){ (size_t)glyph.bytes, glyph.columns };
}

static int columns_of(const char *text, size_t size) {
    int columns = 0;
    for (Extent one = { 0 }; size > 0; text += one.bytes, size -= one.bytes) {
        one = next_extent(text, size);
        columns += one.columns;
    }
    return columns;
}

static size_t count_spaces(const char *text, size_t size) {
    size_t count = 0;
    while (count < size && text[count] == ' ') count++;
    return count;
}

/* Two spaces between words: a row of a table. */
static bool is_row(const char *text, size_t size) {
    for (size_t at = count_spaces(text, size); at + 2 < size; at++)
        if (text[at] == ' ' && text[at + 1] == ' ' && text[at + 2] != ' ') return true;
    return false;
}

static bool broken_before(const TermFit *fit, int place) {
    for (int i = 0; i < fit->count; i++)
        if (fit->breaks[i] == place) return true;
    return false;
}

/* The part of `text` that goes into `room` columns and ends at the end of a word; in a row rather between two cells,
 * and where a row before it was broken, if it can. No bytes: not even the first word has room. */
static Extent part_that_fits(const TermFit *fit, const char *text, size_t size, int room, bool row) {
    Extent best = { 0 }, cell = { 0 }, same = { 0 }, seen = { 0 };
    size_t first = count_spaces(text, size);
    while (seen.bytes < size) {
        Extent one = next_extent(text + seen.bytes, size - seen.bytes);
        if (text[seen.bytes] == ' ' && seen.bytes > first) {
            bool end = text[seen.bytes - 1] != ' ';
            bool gap = !end || (seen.bytes + 1 < size && text[seen.bytes + 1] == ' ');
            if (end) best = seen;
            if (end && gap && seen.columns > room / 3) cell = seen;
            if (gap && seen.columns > room / 3 && broken_before(fit, fit->place + seen.columns)) same = seen;
        }
        if (seen.columns + one.columns > room) return row && same.bytes ? same : row && cell.bytes ? cell : best;
        seen.bytes += one.bytes;
        seen.columns += one.columns;
    }
    return seen;
}

/* A word that is wider than a line: as much as there is room for; a path or an address as a whole. */
static Extent part_of_word(const char *text, size_t size, int room) {
    Extent part = { 0 }, word = { 0 };
    bool slash = false;
    word.bytes = count_spaces(text, size);
    while (word.bytes < size && text[word.bytes] != ' ') slash = text[word.bytes++] == '/' || slash;
    while (part.bytes < word.bytes) {
        Extent one = next_extent(text + part.bytes, word.bytes - part.bytes);
        if (!slash && part.columns > 0 && part.columns + one.columns > room) break;
        part.bytes += one.bytes;
        part.columns += one.columns;
    }
    return part;
}

/* Spaces at the end of a line are counted and not written. */
static void put(TermFit *fit, const char *text, Extent part, bool last) {
    size_t bytes = part.bytes;
    while (last && bytes > 0 && text[bytes - 1] == ' ') bytes--;
    fwrite(text, 1, bytes, fit->out);
    fit->used += part.columns;
    fit->place += part.columns;
}

static void go_to_next_line(TermFit *fit, bool row) {
    int indent = MIN(fit->indent, fit->width / 10) + (row ? CONTINUED : 0);
    fprintf(fit->out, "\n%*s", indent, "");
    fit->used = indent;
    if (row && fit->count < TERM_FIT_BREAKS && !broken_before(fit, fit->place)) fit->breaks[fit->count++] = fit->place;
}

/* Leaves out the space at which the line was broken; all of them in prose, or where they fill half of a line. */
static size_t skip_spaces(TermFit *fit, const char *text, size_t size, bool row) {
    size_t spaces = count_spaces(text, size);
    size_t skipped = row && spaces < (size_t)fit->width / 2 ? MIN(spaces, 1) : spaces;
    fit->place += (int)skipped;
    return skipped;
}

static void write_long(TermFit *fit, const char *text, size_t size, bool row) {
    bool begun = fit->used > 0;
    while (size > 0) {
        int room = MAX(fit->width - fit->used, 1);
        Extent part = part_that_fits(fit, text, size, room, row);
        if (part.bytes == 0 && !begun) part = part_of_word(text, size, room);
        put(fit, text, part, part.bytes < size);
        text += part.bytes;
        size -= part.bytes;
        if (count_spaces(text, size) == size) return; /* only spaces are left, or nothing */
        go_to_next_line(fit, row);
        size_t skipped = skip_spaces(fit, text, size, row);
        text += skipped;
        size -= skipped;
        begun = false;
    }
}

/* A line or a part of one, without its end. */
static void write_part(TermFit *fit, const char *text, size_t size) {
    int columns = columns_of(text, size);
    if (fit->place == 0) fit->indent = (int)count_spaces(text, size);
    if (fit->used + columns <= fit->width) {
        put(fit, text, (Extent){ size, columns }, false);
        return;
    }
    write_long(fit, text, size, is_row(text, size));
}

bool term_fit_write(TermFit *fit, const char *text, size_t size) {
    while (size > 0) {
        size_t length = 0;
        while (length < size && text[length] != '\n' && text[length] != '\r') length++;
        write_part(fit, text, length);
        if (length == size) break;
        if (length == 0 && fit->place == 0) fit->count = 0; /* an empty line ends a table */
        fputc(text[length], fit->out);
        fit->used = 0;
        fit->place = 0;
        text += length + 1;
        size -= length + 1;
    }
    return fflush(fit->out) == 0 && !ferror(fit->out);
}

/* ---- stdout and stderr ------------------------------------------------------------------------------------------- */

enum { STREAMS = 2 };
static TermFit fits[STREAMS];
static FILE *fitted[STREAMS];
static int fitted_count;

FILE *term_fit_target(FILE *out) {
    for (int i = 0; i < fitted_count; i++)
        if (fitted[i] == out) return fits[i].out;
    return out;
}

void term_fit_entered(void) {
    for (int i = 0; i < fitted_count; i++) fits[i].used = fits[i].place = 0;
}

#if defined __GLIBC__
static ssize_t fit_cookie(void *cookie, const char *text, size_t size) {
    return term_fit_write(cookie, text, size) ? (ssize_t)size : -1;
}
static FILE *fit_open(TermFit *fit) { return fopencookie(fit, "w", (cookie_io_functions_t){ .write = fit_cookie }); }
#elif defined __APPLE__ || defined __FreeBSD__ || defined __OpenBSD__ || defined __NetBSD__
static int fit_cookie(void *cookie, const char *text, int size) {
    return term_fit_write(cookie, text, (size_t)size) ? size : -1;
}
static FILE *fit_open(TermFit *fit) { return funopen(fit, NULL, fit_cookie, NULL, NULL); }
#endif

#if defined __GLIBC__ || defined __APPLE__ || defined __FreeBSD__ || defined __OpenBSD__ || defined __NetBSD__
static FILE *fit_stream(FILE *out, int mode) {
    Term term = term_of(out);
    if (!term.terminal || fitted_count == STREAMS) return out;
    TermFit *fit = &fits[fitted_count];
    *fit = (TermFit){ .out = out, .width = MAX(term.width, NARROWEST) };
    FILE *stream = fit_open(fit);
    if (!stream) return out;
    setvbuf(stream, NULL, mode, BUFSIZ);
    fitted[fitted_count++] = stream;
    return stream;
}

void term_fit_output(void) {
    stdout = fit_stream(stdout, _IOLBF);
    stderr = fit_stream(stderr, _IONBF);
}
#else
void term_fit_output(void) {}
#endif
