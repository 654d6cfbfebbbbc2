#define _XOPEN_SOURCE 700 /* nftw */
#include "check.h"
#include "core/file.h"

#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FAILED = 1, SKIPPED = 77 };

static char folder[1024];

void check_fail(const char *file, int line, const char *what, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fflush(stdout);
    fprintf(stderr, "    %s:%d: %s: ", file, line, what);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    _exit(FAILED);
}

void check_skip(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("    ", stdout);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
    fflush(stdout);
    _exit(SKIPPED);
}

void check_near(const char *file, int line, const char *what, double got, double want, double tolerance) {
    double error = fabs(got - want), bound = tolerance * fmax(1, fabs(want));
    if (!(error <= bound && isfinite(bound)))
        check_fail(file, line, what, "got %.9g, want %.9g, off by %.3g, allowed %.3g", got, want, error, bound);
}

/* ---- statements that must stop --------------------------------------------------------------------------------- */

static pid_t child;
static int child_pipe[2];

int check_child(void) {
    fflush(NULL);
    if (pipe(child_pipe) != 0) check_fail(__FILE__, __LINE__, "pipe", "%s", strerror(errno));
    child = fork();
    if (child < 0) check_fail(__FILE__, __LINE__, "fork", "%s", strerror(errno));
    if (child == 0) {
        dup2(child_pipe[1], STDERR_FILENO);
        close(child_pipe[0]);
        close(child_pipe[1]);
    } else {
        close(child_pipe[1]);
    }
    return child;
}

void check_child_end(void) { _exit(0); }

void check_stopped(const char *file, int line, const char *what, int status, const char *text) {
    char said[4096];
    size_t length = 0;
    ssize_t n = 1;
    while (n > 0 && length < sizeof said - 1) {
        n = read(child_pipe[0], said + length, sizeof said - 1 - length);
        if (n > 0) length += (size_t)n;
    }
    said[length] = '\0';
    close(child_pipe[0]);
    int result;
    waitpid(child, &result, 0);
    if (!WIFEXITED(result) || WEXITSTATUS(result) != status)
        check_fail(file, line, what, "wanted exit status %d, got %s %d; stderr: %s", status,
                   WIFEXITED(result) ? "status" : "signal", WIFEXITED(result) ? WEXITSTATUS(result) : WTERMSIG(result),
                   said);
    if (!strstr(said, text)) check_fail(file, line, what, "wanted \"%s\" in: %s", text, said);
}

/* ---- work ------------------------------------------------------------------------------------------------------- */

/* Without the kernel's part: memory that is new to the process costs there, on some machines more than the work. */
static double user_seconds(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)used.ru_utime.tv_sec + 1e-6 * (double)used.ru_utime.tv_usec;
}

double check_growth(void (*work)(void *data, int size), void *data, int small, int large) {
    enum { FLOOR_MS = 100 }; /* many ticks, where the clock of the processor ticks */
    double of_small = 0, of_large = 0;
    while (1000 * (of_small + of_large) < FLOOR_MS) {
        double start = user_seconds();
        for (int size = 0; size < large; size += small) work(data, small);
        double middle = user_seconds();
        work(data, large);
        of_small += middle - start;
        of_large += user_seconds() - middle;
    }
    return of_large / of_small;
}

/* ---- folders --------------------------------------------------------------------------------------------------- */

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk) {
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

const char *check_folder(void) {
    if (folder[0]) nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    if (!folder[0]) {
        const char *base = getenv("TMPDIR");
        snprintf(folder, sizeof folder, "%s/clip-test-XXXXXX", base && *base ? base : "/tmp");
        if (!mkdtemp(folder)) check_fail(__FILE__, __LINE__, folder, "%s", strerror(errno));
    } else {
        Err err;
        if (!folder_make(folder, &err)) check_fail(__FILE__, __LINE__, folder, "%s", err.text);
    }
    return folder;
}

const char *check_reference(const char *file) {
    static char path[1024];
    const char *given = getenv("CLIP_REFERENCE");
    snprintf(path, sizeof path, "%s/%s", given && *given ? given : "tests/reference", file);
    if (!file_exists(path)) snprintf(path, sizeof path, "tests/reference/%s", file);
    if (!file_exists(path) && !strncmp(file, "bpe/", 4)) check_skip("skipped: CLIP's vocabulary (make pretrained)");
    if (!file_exists(path)) check_skip("skipped: %s (set CLIP_REFERENCE to a folder that has it)", path);
    return path;
}

/* ---- the list -------------------------------------------------------------------------------------------------- */

static int run_one(TestBody body) {
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0) {
        fprintf(stderr, "fork: %s\n", strerror(errno));
        return FAILED;
    }
    if (pid == 0) {
        body();
        exit(0); /* exit, not _exit: the leak sanitizer reports at exit */
    }
    int result;
    waitpid(pid, &result, 0);
    if (WIFEXITED(result)) return WEXITSTATUS(result);
    fprintf(stderr, "    ended by signal %d\n", WTERMSIG(result));
    return FAILED;
}

static bool wanted(const char *name, int argc, char **argv) {
    const char *asked = getenv("CHECK_LONG");
    size_t length = strlen(name);
    bool is_long = length > 5 && !strcmp(name + length - 5, "_long");
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], name)) return true;
    return argc <= 1 && (is_long ? asked != NULL : !asked || strcmp(asked, "only") != 0);
}

int check_main(const char *names, const TestBody *bodies, size_t count, int argc, char **argv) {
    int passed = 0, failed = 0, skipped = 0;
    check_folder(); /* made before the fork: the children share it, the parent removes it */
    for (size_t i = 0; i < count; i++) {
        char name[128];
        names += strspn(names, ", \n");
        snprintf(name, sizeof name, "%.*s", (int)strcspn(names, ", \n"), names);
        names += strlen(name);
        if (!wanted(name, argc, argv)) continue;
        int status = run_one(bodies[i]);
        *(status == 0 ? &passed : status == SKIPPED ? &skipped : &failed) += 1;
        if (status != 0) printf("  %s %s\n", status == SKIPPED ? "skipped" : "FAILED ", name);
        if (failed && getenv("CHECK_FIRST")) break;
    }
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    if ((argc > 1 || count == 0) && passed + failed + skipped == 0) {
        fprintf(stderr, "%s: no test of that name\n", argv[0]);
        return EXIT_USAGE;
    }
    printf("%s: %d passed, %d failed", strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0], passed, failed);
    printf(skipped ? ", %d skipped\n" : "\n", skipped);
    return failed ? FAILED : 0;
}
