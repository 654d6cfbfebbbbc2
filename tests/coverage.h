/* coverage: saves gcov's counts in processes that end by _exit or call execv. gcov itself saves them only at exit, and
 * would lose those of broken contracts, failed checks and child processes. `make coverage` includes this file in front
 * of every other (-include). */
#ifndef COVERAGE_H
#define COVERAGE_H

#define _GNU_SOURCE       /* fopencookie */
#define _XOPEN_SOURCE 700 /* before any header: tests/check.c needs it */
#include <stdlib.h>
#include <unistd.h>

void __gcov_dump(void);

/* Every object file defines it; the linker keeps one of the weak definitions. */
__attribute__((weak, noreturn)) void coverage_exit(int status) {
    __gcov_dump();
    _Exit(status);
}
#define _exit                 coverage_exit
#define _Exit                 coverage_exit
#define execv(program, words) (__gcov_dump(), execv(program, words))

#endif
