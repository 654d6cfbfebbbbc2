/* Tests of the test harness: each check that must fail does fail. An inner test program runs it in a child process. */
#include "check.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs the tests as a test program does. Returns the exit status; `said` gets stdout and stderr. */
static int run(const char *names, const TestBody *bodies, size_t count, char *said, size_t room) {
    int ends[2], status;
    fflush(NULL);
    CHECK(pipe(ends) == 0, "%s", "no pipe");
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        exit(check_main(names, bodies, count, 1, (char *[]){ (char[]){ "build/test-inner" }, NULL }));
    }
    close(ends[1]);
    size_t length = 0;
    ssize_t n = 1;
    while (n > 0 && length + 1 < room) {
        n = read(ends[0], said + length, room - 1 - length);
        if (n > 0) length += (size_t)n;
    }
    said[length] = '\0';
    close(ends[0]);
    CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status), "%s", "it ended by a signal");
    return WEXITSTATUS(status);
}

static void is_red(TestBody body, const char *why) {
    char said[8192];
    int status = run("inner", &body, 1, said, sizeof said);
    CHECK(status == 1 && strstr(said, "FAILED  inner\ntest-inner: 0 passed, 1 failed\n") && strstr(said, why),
          "want \"%s\", status %d: %s", why, status, said);
}

static void is_green(TestBody body) {
    char said[8192];
    int status = run("inner", &body, 1, said, sizeof said);
    CHECK(status == 0 && !strcmp(said, "test-inner: 1 passed, 0 failed\n"), "status %d: %s", status, said);
}

/* ---- checks ------------------------------------------------------------------------------------------------------ */

static void holds(void) { CHECK(1 + 1 == 2, "%s", "no"); }
static void holds_not(void) { CHECK(1 + 1 == 3, "it is %d", 1 + 1); }
TEST(what_does_not_hold) {
    is_green(holds);
    is_red(holds_not, "tests/test_check.c:");
    is_red(holds_not, ": 1 + 1 == 3: it is 2\n");
}

static double got, want, tolerance;
static void near(void) { CHECK_NEAR(got, want, tolerance); }
static bool near_red(double is, double wanted, double allowed) {
    char said[8192];
    TestBody body = near;
    got = is;
    want = wanted;
    tolerance = allowed;
    return run("inner", &body, 1, said, sizeof said) != 0;
}
TEST(what_is_not_near) {
    CHECK(!near_red(1, 1, 0) && !near_red(1, 1.05, 0.1) && !near_red(1000, 1001, 0.001) && !near_red(0.05, 0, 0.1),
          "%s", "near, and red");
    CHECK(near_red(1, 1.2, 0.1) && near_red(1000, 1002, 0.001) && near_red(0.2, 0, 0.1) && near_red(-1, 1, 1), "%s",
          "far, and green");
    CHECK(near_red(NAN, 1, 1e9) && near_red(1, NAN, 1e9) && near_red(NAN, NAN, 1e9), "%s", "NaN is green");
    CHECK(near_red(INFINITY, 1, 1e9) && near_red(1, INFINITY, 1e9) && near_red(-INFINITY, INFINITY, 1e9), "%s",
          "infinity is green");
}

/* ---- what must stop ---------------------------------------------------------------------------------------------- */

static void stops(void) { CHECK_STOPS(die("too bad: %d", 7), EXIT_TROUBLE, "too bad: 7"); }
static void stops_otherwise(void) { CHECK_STOPS(die_usage("too bad"), EXIT_TROUBLE, "too bad"); }
static void stops_saying_less(void) { CHECK_STOPS(die("too bad"), EXIT_TROUBLE, "much too bad"); }
static void goes_on(void) { CHECK_STOPS(fputs("too bad", stderr), EXIT_TROUBLE, "too bad"); }
static void crashes(void) { CHECK_STOPS(raise(SIGKILL), EXIT_TROUBLE, ""); }
TEST(what_does_not_stop) {
    is_green(stops);
    is_red(stops_otherwise, "wanted exit status 1, got status 2; stderr: usage: too bad");
    is_red(stops_saying_less, "wanted \"much too bad\" in: error: too bad");
    is_red(goes_on, "wanted exit status 1, got status 0; stderr: too bad");
    is_red(crashes, "wanted exit status 1, got signal 9");
}

/* ---- growth of work ---------------------------------------------------------------------------------------------- */

static void spin(int rounds) {
    for (volatile int i = 0; i < rounds; i++) continue;
}
static void constant(void *data, int size) {
    (void)data;
    (void)size;
    spin(100000);
}
static void linear(void *data, int size) {
    (void)data;
    spin(100 * size);
}
static void quadratic(void *data, int size) {
    (void)data;
    spin(size * size / 8);
}
TEST(growth_of_work) {
    double none = check_growth(constant, NULL, 500, 8000), growth = check_growth(linear, NULL, 500, 8000);
    CHECK(none < 0.25 && growth > 0.25 && growth < 4, "%g, %g", none, growth);
    growth = check_growth(quadratic, NULL, 500, 8000);
    CHECK(growth > 4, "%g", growth);
}

/* ---- tests ------------------------------------------------------------------------------------------------------- */

static void falls(void) { raise(SIGKILL); }
static void leaves(void) { exit(5); }
static void contract(void) { REQUIRE(false, "%s", "the contract"); }
static void nothing_here(void) { check_skip("skipped: there is no %s", "data"); }

TEST(tests_that_do_not_return) {
    is_red(falls, "ended by signal 9");
    is_red(leaves, "");
    is_red(contract, "the contract");
}

TEST(skipped_is_neither) {
    char said[8192];
    const TestBody bodies[] = { holds, nothing_here };
    int status = run("holds, nothing_here", bodies, 2, said, sizeof said);
    CHECK(status == 0 &&
              !strcmp(
                  said,
                  "    skipped: there is no data\n  skipped nothing_here\ntest-inner: 1 passed, 0 failed, 1 skipped\n"),
          "status %d: %s", status, said);
}

TEST(one_red_is_enough) {
    char said[8192];
    const TestBody bodies[] = { holds, holds_not, holds, falls };
    int status = run("a, b,\n  c, d", bodies, 4, said, sizeof said);
    CHECK(status == 1 && strstr(said, "test-inner: 2 passed, 2 failed\n") && strstr(said, "FAILED  b\n") &&
              strstr(said, "FAILED  d\n"),
          "status %d: %s", status, said);
    setenv("CHECK_FIRST", "1", 1);
    status = run("a, b, c, d", bodies, 4, said, sizeof said);
    CHECK(status == 1 && strstr(said, "test-inner: 1 passed, 1 failed\n"), "status %d: %s", status, said);
}

TEST(by_name) {
    char said[8192];
    const TestBody bodies[] = { holds, holds_not };
    CHECK(check_main("a, b", bodies, 2, 2, (char *[]){ (char[]){ "test-inner" }, (char[]){ "a" }, NULL }) == 0, "%s",
          "a is green");
    CHECK(check_main("a, b", bodies, 2, 2, (char *[]){ (char[]){ "test-inner" }, (char[]){ "c" }, NULL }) == EXIT_USAGE,
          "%s", "there is no c");
    CHECK(run("", bodies, 0, said, sizeof said) == EXIT_USAGE && strstr(said, "no test"),
          "no tests at all are green: %s", said);
}

TESTS(what_does_not_hold, what_is_not_near, what_does_not_stop, tests_that_do_not_return, skipped_is_neither,
      one_red_is_enough, by_name, growth_of_work)
