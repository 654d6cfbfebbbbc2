/* limit: runs a program with a limit of time.
 *
 *   build/limit PROCESSOR ELAPSED TOOK COMMAND [ARGUMENT ...]
 *
 * The command is stopped when one of its processes has used PROCESSOR seconds of processor time, or after ELAPSED
 * seconds. It runs in a process group of its own; its stdin is /dev/null. The whole group is killed at the end, and
 * when limit itself receives a signal to stop. The file TOOK gets two numbers: the elapsed seconds, and the processor
 * seconds of the command and of all processes it waited for, for instance "0.42 0.31". Exit status: that of the
 * command; 124 if the time was up; 128 + N if signal N ended it. The last two print a line on stderr.
 */
#include "core/version.h"
#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TIME_UP = 124, CANNOT_RUN = 127 };

static volatile sig_atomic_t told_to_stop;

static void on_signal(int signal) { told_to_stop = signal; }

NORETURN static void become(char **command, double processor) {
    struct rlimit most = { (rlim_t)ceil(processor), (rlim_t)ceil(processor) + 1 };
    setpgid(0, 0);
    setrlimit(RLIMIT_CPU, &most);
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing >= 0) dup2(nothing, STDIN_FILENO);
    execvp(command[0], command);
    fprintf(stderr, "%s: cannot be run: %s\n", command[0], strerror(errno));
    _exit(CANNOT_RUN);
}

/* Waits until the child ends (true), the time is up (false), or limit receives a signal (false). */
static bool wait_until(pid_t child, double seconds, int *status) {
    double start = clock_seconds();
    struct timespec nap = { 0, 1000000 };
    while (!told_to_stop && clock_seconds() - start < seconds) {
        if (waitpid(child, status, WNOHANG) == child) return true;
        nanosleep(&nap, NULL);
        if (nap.tv_nsec < 20000000) nap.tv_nsec += 1000000; /* longer pauses for long programs */
    }
    return false;
}

static int verdict(bool ended, int status, double processor, double elapsed) {
    if (!ended && told_to_stop) return 128 + told_to_stop;
    if (!ended) {
        fprintf(stderr, "stopped: it ran for more than %g seconds\n", elapsed);
        return TIME_UP;
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) {
        fprintf(stderr, "stopped: it used more than %g seconds of processor time\n", processor);
        return TIME_UP;
    }
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    fprintf(stderr, "ended by signal %d (%s)\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
    return 128 + WTERMSIG(status);
}

/* Processor seconds of all child processes that were waited for. */
static double seconds_of_children(void) {
    struct rusage use;
    getrusage(RUSAGE_CHILDREN, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           1e-6 * (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

int main(int argc, char **argv) {
    if (version_asked(argc, argv)) return status_printed(0);
    double limits[2]; /* processor, elapsed */
    if (argc < 5) die_usage("limit PROCESSOR ELAPSED TOOK COMMAND [ARGUMENT ...]");
    for (int i = 0; i < 2; i++)
        if (!parse_real(argv[1 + i], 0.001, 1e6, &limits[i]))
            die_usage("limit '%s': want seconds, 0.001 to 1000000", argv[1 + i]);
    struct sigaction action = { .sa_handler = on_signal };
    int signals[] = { SIGINT, SIGTERM, SIGHUP };
    for (size_t i = 0; i < COUNT(signals); i++) sigaction(signals[i], &action, NULL);
    double start = clock_seconds();
    pid_t child = fork();
    if (child < 0) die("fork: %s", strerror(errno));
    if (child == 0) become(argv + 4, limits[0]);
    setpgid(child, child); /* parent and child both call it: either may run first */
    int status = 0;
    bool ended = wait_until(child, limits[1], &status);
    kill(-child, SIGKILL);
    if (!ended) waitpid(child, NULL, 0);
    OutFile took;
    Err err;
    if (!out_open(&took, argv[3], &err)) die("%s", err.text);
    fprintf(took.stream, "%.2f %.2f\n", clock_seconds() - start, seconds_of_children());
    if (!out_commit(&took, &err)) die("%s", err.text);
    return verdict(ended, status, limits[0], limits[1]);
}
