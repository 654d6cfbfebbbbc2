/* pty-lines: runs a program with stdout and stderr on a pseudo-terminal, and finds lines that are too wide for it. */
#define _XOPEN_SOURCE 700 /* posix_openpt */
#include "core/version.h"
#include "show/figure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] =
    "pty-lines COLUMNS PROGRAM [ARGUMENT ...]\n"
    "Runs the program on a pseudo-terminal of so many columns, with an empty stdin. What it prints is copied to\n"
    "stdout. A line is what stands between two ends of lines or carriage returns, without escape codes. Lines that\n"
    "have more columns are printed on stderr; a single word with a slash, a path or an address, may be longer.\n"
    "Exit status: that of the program; 125 a line is too wide, 126 a signal ended the program, 77 no terminal here.\n";

enum { LINE = 8192, TOO_WIDE = 125, KILLED = 126, NO_TERMINAL = 77 };

/* A line without escape codes. */
typedef struct {
    char text[LINE];
    size_t length;
    int escape; /* 0 none, 1 after ESC, 2 after ESC [ */
    int wide;   /* lines that were too wide */
    int columns;
} Output;

static void line_end(Output *output) {
    output->text[output->length] = '\0';
    output->length = 0;
    size_t indent = strspn(output->text, " ");
    const char *word = output->text + indent;
    bool path = !strchr(word, ' ') && strchr(word, '/');
    int columns = text_columns(output->text);
    if (columns <= output->columns || path) return;
    output->wide++;
    fprintf(stderr, "%d columns: %s\n", columns, output->text);
}

static void take(Output *output, char c) {
    if (output->escape == 2) output->escape = c >= '@' && c <= '~' ? 0 : 2;
    else if (output->escape == 1) output->escape = c == '[' ? 2 : 0;
    else if (c == '\033') output->escape = 1;
    else if (c == '\n' || c == '\r') line_end(output);
    else if (output->length + 1 < LINE) output->text[output->length++] = c;
}

static void run(int terminal, char **program) {
    int in = open("/dev/null", O_RDONLY);
    if (in < 0) _exit(NO_TERMINAL);
    dup2(in, STDIN_FILENO);
    dup2(terminal, STDOUT_FILENO);
    dup2(terminal, STDERR_FILENO);
    close(terminal);
    execvp(program[0], program);
    _exit(127);
}

/* Reads what the program prints until all its writers have ended. */
static void listen_to(int master, Output *output) {
    char bytes[4096];
    for (;;) {
        ssize_t got = read(master, bytes, sizeof bytes);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break; /* EIO: the other side was closed */
        fwrite(bytes, 1, (size_t)got, stdout);
        for (ssize_t i = 0; i < got; i++) take(output, bytes[i]);
    }
    line_end(output);
}

int main(int argc, char **argv) {
    static Output output;
    long long columns;
    if (version_asked(argc, argv)) return status_printed(0);
    if (argc == 2 && !strcmp(argv[1], "--help")) return fputs(usage, stdout) == EOF;
    if (argc < 3 || !parse_int(argv[1], 1, 1000, &columns)) die_usage("pty-lines COLUMNS PROGRAM ...; try --help");
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) return NO_TERMINAL;
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    struct winsize size = { .ws_row = 40, .ws_col = (unsigned short)columns };
    if (slave < 0 || ioctl(slave, TIOCSWINSZ, &size) != 0) return NO_TERMINAL;
    pid_t child = fork();
    if (child < 0) die("no second process: %s", strerror(errno));
    if (child == 0) {
        close(master);
        run(slave, argv + 2);
    }
    output.columns = (int)columns;
    close(slave);
    listen_to(master, &output);
    int status = 0;
    waitpid(child, &status, 0);
    status_printed(0);
    return output.wide > 0 ? TOO_WIDE : WIFEXITED(status) ? WEXITSTATUS(status) : KILLED;
}
