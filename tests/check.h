/* check: the test harness. A test file is a list of named functions; each runs in a process of its own, so that a stop,
 * a crash or a leak is a result like any other.
 *
 *   TEST(mat_matmul_by_hand) { CHECK(x == 3, "x is %g", x); CHECK_NEAR(x, 3, 1e-6); }
 *   TESTS(mat_matmul_by_hand, ...)                      at the end of the file: makes main
 *
 *   build/test-mat              all of them;  build/test-mat NAME ...   those named
 * A test whose name ends with _long takes seconds: it runs when it is named, or with CHECK_LONG=1 in the environment;
 * CHECK_LONG=only runs no others (make check-dev).
 * CHECK_FIRST=1 in the environment: no further than the first that fails.
 * The last line is "N passed, N failed[, N skipped]"; the exit status is the verdict.
 */
#ifndef CHECK_H
#define CHECK_H

#include "core/base.h"

typedef void (*TestBody)(void);
typedef struct {
    const char *name;
    TestBody body;
} Test;

/* Ends the running test as failed, with file, line and message. */
#define CHECK(ok, ...)                                                                                                 \
    do {                                                                                                               \
        if (!(ok)) check_fail(__FILE__, __LINE__, #ok, __VA_ARGS__);                                                   \
    } while (0)

/* |got - want| <= tolerance * max(1, |want|); NaN and infinity fail. */
#define CHECK_NEAR(got, want, tolerance) check_near(__FILE__, __LINE__, #got, got, want, tolerance)

/* Runs the statement in a child process and wants it to stop with `status` and `text` in its stderr. */
#define CHECK_STOPS(statement, status, text)                                                                           \
    do {                                                                                                               \
        if (check_child() == 0) {                                                                                      \
            statement;                                                                                                 \
            check_child_end();                                                                                         \
        }                                                                                                              \
        check_stopped(__FILE__, __LINE__, #statement, status, text);                                                   \
    } while (0)

#define TEST(name) static void name(void)
#define TESTS(...)                                                                                                     \
    int main(int argc, char **argv) {                                                                                  \
        static const TestBody bodies[] = { __VA_ARGS__ };                                                              \
        return check_main(#__VA_ARGS__, bodies, COUNT(bodies), argc, argv);                                            \
    }

NORETURN void check_fail(const char *file, int line, const char *what, const char *format, ...) PRINTF_LIKE(4, 5);
NORETURN void check_skip(const char *format, ...) PRINTF_LIKE(1, 2); /* ends the test as skipped, saying why */
void check_near(const char *file, int line, const char *what, double got, double want, double tolerance);
int check_child(void);
NORETURN void check_child_end(void);
void check_stopped(const char *file, int line, const char *what, int status, const char *text);

/* A fresh empty folder for this test's files, removed when the test program ends. */
const char *check_folder(void);

/* A file of the reference numbers computed elsewhere: in $CLIP_REFERENCE, where it has it, or in tests/reference. Skips
 * the test where neither has it. */
const char *check_reference(const char *file);

int check_main(const char *names, const TestBody *bodies, size_t count, int argc, char **argv);

#endif
