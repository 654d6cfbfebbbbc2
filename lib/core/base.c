#include "core/base.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Replaces control characters, also U+0080 to U+009F, by question marks: they could send commands to the terminal. */
static void line_clean(char *text) {
    for (uint8_t *c = (uint8_t *)text; *c; c++) {
        if (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0) {
            *c++ = '?';
            *c = '?';
        } else if (*c < 0x20 || *c == 0x7f) *c = '?';
    }
}

bool err_set(Err *err, const char *format, ...) {
    if (!err) return false;
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    line_clean(err->text);
    return false;
}

void (*message_hook)(void);
void (*warning_hook)(const char *line);

static void print_line(const char *prefix, const char *format, va_list args) {
    if (message_hook) message_hook();
    fflush(stdout); /* the error stands after the output that came before it */
    fputs(prefix, stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}
void die(const char *format, ...) {
    va_list args;
    va_start(args, format);
    print_line("error: ", format, args);
    va_end(args);
    exit(EXIT_TROUBLE);
}
void die_usage(const char *format, ...) {
    va_list args;
    va_start(args, format);
    print_line("usage: ", format, args);
    va_end(args);
    exit(EXIT_USAGE);
}

void warn(const char *format, ...) {
    char line[sizeof(Err)];
    va_list args;
    va_start(args, format);
    if (warning_hook) {
        vsnprintf(line, sizeof line, format, args);
        warning_hook(line);
    } else print_line("warning: ", format, args);
    va_end(args);
}

int status_printed(int status) {
    if (fflush(stdout) != 0 || ferror(stdout)) die("the standard output could not be written; is the disk full?");
    return status;
}

void contract_broken(const char *file, int line, const char *function, const char *format, ...) {
    char place[512];
    snprintf(place, sizeof place, "%s:%d: %s: ", file, line, function);
    va_list args;
    va_start(args, format);
    print_line(place, format, args);
    va_end(args);
    _Exit(EXIT_CONTRACT); /* no atexit: after a broken contract any data may be wrong */
}

bool size_fits(size_t a, size_t b, size_t *product) {
    if (b != 0 && a > SIZE_MAX / b) return false;
    *product = a * b;
    return true;
}
size_t size_mul(size_t a, size_t b) {
    size_t product = 0;
    REQUIRE(size_fits(a, b, &product), "%zu times %zu does not fit", a, b);
    return product;
}

/* strtoll and strtod also take leading space, a plus sign, and strtod "0x1p3", "inf" and "nan". */
static bool is_decimal(const char *text, const char *allowed) {
    const char *first = text + (*text == '-');
    return (isdigit((unsigned char)*first) || *first == '.') && !first[strspn(first, allowed)];
}

bool parse_int(const char *text, long long low, long long high, long long *value) {
    errno = 0;
    if (!is_decimal(text, "0123456789")) return false;
    long long result = strtoll(text, NULL, 10);
    if (errno || result < low || result > high) return false;
    *value = result;
    return true;
}

bool parse_real(const char *text, double low, double high, double *value) {
    char *end;
    errno = 0;
    if (!is_decimal(text, "0123456789.eE+-")) return false;
    double result = strtod(text, &end);
    if (end == text || *end || errno || result < low || result > high) return false;
    *value = result;
    return true;
}

bool all_finite(const num *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i])) return false;
    return true;
}
static double seconds_of(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double clock_seconds(void) { return seconds_of(CLOCK_MONOTONIC); }

double processor_seconds(void) { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }
