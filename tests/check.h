/* check: the test harness. A test file is a list of named functions. Each runs in a process of its own, so that an
 * early exit, a crash or a leak fails that test only.
 *
 *   TEST(mat_matmul_by_hand) { CHECK(x == 3, "x is %g", x); CHECK_NEAR(x, 3, 1e-6); }
 *   TESTS(mat_matmul_by_hand, ...)                      at the end of the file: makes main
 *
 *   build/test-mat              runs all tests;  build/test-mat NAME ...   runs the named tests
 * A test whose name ends with _long takes seconds. It runs when it is named, or when CHECK_LONG=1 is set in the
 * environment; CHECK_LONG=only runs the long tests alone (make check-dev).
 * CHECK_FIRST=1 in the environment stops after the first test that fails.
 * The last line is "PROGRAM: N passed, N failed[, N skipped]". Exit status: 0 nothing failed, 1 a test failed, 2 no
 * test has the given name.
 */
#ifndef CHECK_H
#define CHECK_H

#include "core/base.h"

typedef void (*TestBody)(void);
typedef struct {
    const char *name;
    TestBody body;
} Test;

/* Unless ok: prints file, line and the message on stderr; the test has failed and ends. */
#define CHECK(ok, ...)                                                                                                 \
    do {                                                                                                               \
        if (!(ok)) check_fail(__FILE__, __LINE__, #ok, __VA_ARGS__);                                                   \
    } while (0)

/* Checks |got - want| <= tolerance * max(1, |want|). NaN and infinity fail. */
#define CHECK_NEAR(got, want, tolerance) check_near(__FILE__, __LINE__, #got, got, want, tolerance)

/* Runs the statement in a child process. It must exit with `status` and print `text` on stderr. */
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
NORETURN void check_skip(const char *format, ...)
    PRINTF_LIKE(1, 2); /* prints why; the test counts as skipped and ends */
void check_near(const char *file, int line, const char *what, double got, double want, double tolerance);
int check_child(void);
NORETURN void check_child_end(void);
void check_stopped(const char *file, int line, const char *what, int status, const char *text);

/* How the work grows with its size: user seconds of the processor per unit of size for `large`, divided by those for
 * `small`. Linear work has about 1, quadratic work large / small, no work small / large. With a large
 * of 16 * small, a bound of 4 tells them apart on any machine, slow or busy. work(data, size) must be repeatable. */
double check_growth(void (*work)(void *data, int size), void *data, int small, int large);

/* An empty folder for the files of this test. The test program removes it at its end. */
const char *check_folder(void);

/* Path of a file of float64 reference numbers: in $CLIP_REFERENCE if the file is there, otherwise in tests/reference.
 * If neither folder has it, the test is skipped. The path is valid until the next call. */
const char *check_reference(const char *file);

int check_main(const char *names, const TestBody *bodies, size_t count, int argc, char **argv);

#endif
