#include "show/progress.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#define PROGRESS_PAUSE 0.1

/* The stream and width of the line that is shown now. */
static FILE *line_on;
static int line_width;

void progress_clear(void) {
    if (line_on && line_width > 0) { /* spaces, not an escape code: works in a dumb terminal too */
        fprintf(line_on, "\r%*s\r", line_width, "");
        fflush(line_on);
    }
    line_on = NULL;
    line_width = 0;
}

void progress_time(double seconds, char *text) {
    bool known = seconds >= 0 && seconds <= 1e9;
    long long s = known ? llrint(seconds) : 0;
    if (!known) strcpy(text, "?");
    else if (s >= 3600) snprintf(text, PROGRESS_TIME, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    else snprintf(text, PROGRESS_TIME, "%lld:%02lld", s / 60, s % 60);
}

Progress progress_begin_at(Term term, const char *label, double total, const char *unit, double now) {
    REQUIRE(total >= 0, "total is %g, want 0 or more", total);
    Progress progress = { .term = term, .total = total, .started = now, .shown = -INFINITY };
    snprintf(progress.label, sizeof progress.label, "%s", label);
    snprintf(progress.unit, sizeof progress.unit, "%s", unit ? unit : "");
    return progress;
}

Progress progress_begin(const char *label, double total, const char *unit) {
    return progress_begin_at(term_of(stderr), label, total, unit, clock_seconds());
}

void progress_note(Progress *progress, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(progress->note, sizeof progress->note, format, args);
    va_end(args);
}

/* Appends to a line like printf; cut if it does not fit. */
static void add(char *line, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);
static void add(char *line, size_t size, const char *format, ...) {
    size_t length = strlen(line);
    va_list args;
    va_start(args, format);
    vsnprintf(line + length, size - length, format, args);
    va_end(args);
}

static void add_bar(char *line, size_t size, double part, int width) {
    int full = (int)(part * width);
    add(line, size, "  [");
    for (int i = 0; i < width; i++) add(line, size, "%c", i < full ? '=' : i == full ? '>' : ' ');
    add(line, size, "]");
}

/* The line, with a bar of `bar` columns (0: none). */
static void compose(const Progress *progress, double now, int bar, char *line, size_t size) {
    char left[PROGRESS_TIME];
    double spent = now - progress->started, rate = spent > 0 ? (progress->done - progress->first) / spent : 0;
    double part = progress->total > 0 ? progress->done / progress->total : 0;
    snprintf(line, size, "%s", progress->label);
    if (progress->total > 0 && bar > 0) add_bar(line, size, part, bar);
    if (progress->total > 0) add(line, size, "  %3d%%  %.0f/%.0f", (int)(part * 100), progress->done, progress->total);
    else add(line, size, "  %.0f", progress->done);
    if (*progress->unit) add(line, size, rate < 10 ? "  %.2f %s" : "  %.0f %s", rate, progress->unit);
    progress_time(progress->total > 0 && rate > 0 ? (progress->total - progress->done) / rate : NAN, left);
    if (progress->total > 0) add(line, size, "  %s left", left);
    if (*progress->note) add(line, size, "  %s", progress->note);
}

static void show(const Progress *progress, double now) {
    char line[512];
    Term term = progress->term;
    compose(progress, now, 0, line, sizeof line);
    if (!term.terminal) {
        fprintf(term.out, "%s\n", line);
        fflush(term.out);
        return;
    }
    int room = MIN(term.width, 120) - 1 - text_columns(line) - 4;
    int bar = MIN(room / 10 * 10, 30); /* in steps of 10, so that it does not change with every digit */
    if (bar > 0) compose(progress, now, bar, line, sizeof line);
    int width = MIN(text_columns(line), term.width - 1); /* a full last column may wrap */
    if (line_on && line_on != term.out) progress_clear();
    fputc('\r', term.out);
    term_text(&term, line, MAX(width, MIN(line_width, term.width - 1)), TERM_LEFT);
    fputc('\r', term.out);
    fflush(term.out);
    message_hook = progress_clear; /* error messages clear the line first */
    line_on = term.out;
    line_width = width;
}

void progress_update_at(Progress *progress, double done, double now) {
    progress->done = progress->total > 0 ? fmin(fmax(done, 0), progress->total) : fmax(done, 0);
    double patience = progress->term.terminal ? PROGRESS_PATIENCE : PROGRESS_LOG;
    double pause = progress->term.terminal ? PROGRESS_PAUSE : PROGRESS_LOG;
    if (now - progress->started < patience || now - progress->shown < pause) return;
    show(progress, now);
    progress->shown = now;
}

void progress_update(Progress *progress, double done) { progress_update_at(progress, done, clock_seconds()); }

void progress_end(Progress *progress) {
    if (line_on == progress->term.out) progress_clear();
}
