/* coverage: what was run is counted in processes that end by _exit or become another program, too. `make coverage` puts
 * this file in front of every other (-include); without it the counts of broken contracts, failed checks and children
 * would be lost. */
#ifndef COVERAGE_H
#define COVERAGE_H

#define _XOPEN_SOURCE 700 /* before any header: tests/check.c wants it */
#include <stdlib.h>
#include <unistd.h>

void __gcov_dump(void);

/* Every file brings it: weak definitions become one. */
__attribute__((weak, noreturn)) void coverage_exit(int status) {
    __gcov_dump();
    _Exit(status);
}
#define _exit                 coverage_exit
#define _Exit                 coverage_exit
#define execv(program, words) (__gcov_dump(), execv(program, words))

#endif
