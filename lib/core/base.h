/* base: the number type, errors, contracts and small helpers that every file uses.
 *
 * Rules of the library
 *   Numbers are `num`: float, or double when built with -DNUM=double (gradient checks).
 *   Memory comes from an Arena (arena.h). Nobody frees a matrix: an arena is reset or freed as a whole.
 *   A broken contract between two pieces of code stops the program: REQUIRE.
 *   Bad input (a file, a text, an option) is reported to the caller: `false` and a filled Err.
 *   Only file.c opens, renames and removes files, and only arena.c allocates memory: errors are handled in one place.
 *
 * Dimension letters, the same in the whole library:
 *   B batch   T tokens   V vocabulary   D width   E embedding   C channels   H W height, width   K kernel side
 */
#ifndef BASE_H
#define BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifndef NUM
#define NUM float
#endif
typedef NUM num;

#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define NORETURN                 __attribute__((noreturn))

enum { EXIT_TROUBLE = 1, EXIT_USAGE = 2, EXIT_CONTRACT = 70 };

/* One line about an error: where, what was found, what was expected, what to do. Empty text: no error. */
typedef struct {
    char text[1024];
} Err;

/* Fills `err` (which may be NULL) and returns false, so that a loader ends in `return err_set(err, ...)`. Control
 * characters become question marks: names from files may hold anything, and a message is one line. */
bool err_set(Err *err, const char *format, ...) PRINTF_LIKE(2, 3);
/* An error that the program cannot recover from: prints "error: ..." to stderr and exits with EXIT_TROUBLE. */
NORETURN void die(const char *format, ...) PRINTF_LIKE(1, 2);
/* The command line is wrong: prints "usage: ..." to stderr and exits with EXIT_USAGE. */
NORETURN void die_usage(const char *format, ...) PRINTF_LIKE(1, 2);
/* The end of main: returns `status`. If stdout could not be written: one line on stderr and EXIT_TROUBLE. */
int status_printed(int status);

NORETURN void contract_broken(const char *file, int line, const char *function, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* REQUIRE(ok, "x is [%d,%d], want [%d,%d]", ...): a condition that the caller must meet. If it is false: prints file,
 * line, function and the message, and exits with EXIT_CONTRACT. */
#define REQUIRE(ok, ...)                                                                                               \
    do {                                                                                                               \
        if (!(ok)) contract_broken(__FILE__, __LINE__, __func__, __VA_ARGS__);                                         \
    } while (0)

/* Something was wrong but the program goes on: prints "warning: ..." to stderr. With warning_hook set, calls that with
 * the line instead; tests and the fuzzer use it. */
void warn(const char *format, ...) PRINTF_LIKE(1, 2);
extern void (*warning_hook)(const char *line);
/* Called before any of these prints, to end a line that is open on the terminal (progress bar). NULL: not used. */
extern void (*message_hook)(void);
/* a * b; stops if the product overflows (REQUIRE). For sizes that come from a file, call size_fits first. */
size_t size_mul(size_t a, size_t b);
bool size_fits(size_t a, size_t b, size_t *product); /* false, and `product` unchanged, if a * b overflows */

/* A number in decimal from a command line or a file. All of `text` must be the number, and low <= number <= high:
 *   parse_int    [-]digits
 *   parse_real   [-]digits[.digits][e[+|-]digits]; digits may be missing on one side of the point
 * No space, no leading plus sign, no hexadecimal, no "inf" or "nan". False: `value` is unchanged. */
bool parse_int(const char *text, long long low, long long high, long long *value);
bool parse_real(const char *text, double low, double high, double *value);
/* Whether none of x[0..n) is infinite or NaN. */
bool all_finite(const num *x, size_t n);
/* Seconds of a monotonic clock; for progress and benchmarks only, never for a seed. */
double clock_seconds(void);
/* Seconds for which the processors have worked for this process, in all threads. Other programs add nothing to them. */
double processor_seconds(void);

#define MIN(a, b)    ((a) < (b) ? (a) : (b))
#define MAX(a, b)    ((a) > (b) ? (a) : (b))
#define COUNT(array) (sizeof(array) / sizeof *(array))

#endif
