/* faults: makes the system refuse, in programs built with this file in front of every other (-include tests/faults.h).
 *
 *   FAULT=KIND:N     the N-th call of this kind fails, all others are what they are
 *   FAULT=KIND:N+    the N-th and every later one
 *   FAULT=KIND:N!    the program is killed (SIGKILL) just before the N-th
 *   FAULT_NOTE=FILE  gets one line when the N-th call is met: which function, where. No file: there are fewer than N.
 *
 *   memory   posix_memalign, malloc, calloc, realloc, strdup
 *   open     open, fopen, opendir, scandir, stat, fstat, lstat, mmap, mkdir, pipe, fcntl
 *   read     read, fgets, readdir, poll; and a mapped file whose pages the disk does not deliver (SIGBUS when looked at)
 *   write    fwrite, fputs, fputc, putc, puts, putchar, printf and their family, fflush, fclose, fsync. The disk
 *            is full from this call on for this one stream, and not only for this call: so are disks. stderr is left alone.
 *   rename   rename, link
 *   start    fork, posix_spawn
 *   thread   pthread_create
 *   any      each of these
 *
 * The names below are macros; a macro is not replaced within itself, so that each of them calls the real one. */
#ifndef FAULTS_H
#define FAULTS_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* One counter for the whole program, though every file brings this header: weak definitions become one. Calls from
 * several threads at a time are counted one by one. */
#define FAULT_SHARED __attribute__((weak, unused))

FAULT_SHARED int fault_count;

FAULT_SHARED int fault_met(const char *kind, const char *call, const char *file, int line) {
    const char *args = getenv("FAULT"), *note = getenv("FAULT_NOTE");
    size_t length = args ? strcspn(args, ":") : 0;
    if (!length || !args[length]) return 0;
    if (strncmp(args, kind, length) != 0 && strncmp(args, "any", length) != 0) return 0;
    char *more;
    long n = strtol(args + length + 1, &more, 10), now = __atomic_add_fetch(&fault_count, 1, __ATOMIC_SEQ_CST);
    if (now == n && note) {
        char text[512];
        int out = open(note, O_WRONLY | O_CREAT | O_TRUNC, 0666);
        int size = snprintf(text, sizeof text, "%s at %s:%d\n", call, file, line);
        if (out < 0 || write(out, text, (size_t)size) != size) abort();
        close(out);
    }
    if (now == n && *more == '!') raise(SIGKILL);
    if (now < n || (now > n && *more != '+')) return 0;
    errno = !strcmp(kind, "memory") ? ENOMEM : !strcmp(kind, "thread") || !strcmp(kind, "start") ? EAGAIN : EIO;
    return 1;
}

/* A stream holds back what is written to it and hands it on in pieces. So what counts as a write is the first one after another
 * stream's, or after 32 kB, and whatever hands on what was held back. */
enum { FAULT_PIECE = 32768 };
FAULT_SHARED FILE *fault_last;
FAULT_SHARED long fault_last_at;

FAULT_SHARED int fault_counts(FILE *stream, const char *call) {
    int error = errno;
    long at = ftell(stream);
    errno = error;
    if (strcmp(call, "fflush") != 0 && strcmp(call, "fclose") != 0 && stream == fault_last &&
        at - fault_last_at < FAULT_PIECE)
        return 0;
    fault_last = stream;
    fault_last_at = at;
    return 1;
}

/* What is written to the stream goes to a full disk from now on; where there is no such device, to one that takes nothing. */
FAULT_SHARED void fault_stream(FILE *stream, const char *call, const char *file, int line) {
    int fd = stream == stderr ? -1 : fileno(stream);
    if (fd < 0 || !fault_counts(stream, call) || !fault_met("write", call, file, line)) return;
    fflush(stream);
    int full = open("/dev/full", O_WRONLY);
    if (full < 0) full = open("/dev/null", O_RDONLY);
    if (full < 0 || dup2(full, fd) < 0) abort();
    close(full);
    setvbuf(stream, NULL, _IONBF, 0);
}

/* Pages without a file behind them. */
FAULT_SHARED void *fault_pages(void *at, size_t size, int rights, int kind, int fd, off_t from, const char *file,
                               int line) {
    if (fault_met("open", "mmap", file, line)) return MAP_FAILED;
    if (!fault_met("read", "a page of mmap", file, line)) return mmap(at, size, rights, kind, fd, from);
    FILE *empty = tmpfile();
    if (!empty) abort();
    void *map = mmap(at, size, rights, kind, fileno(empty), 0);
    fclose(empty);
    return map;
}

#define FAULT_MET(kind, call)      fault_met(kind, call, __FILE__, __LINE__)
#define FAULT_STREAM(stream, call) fault_stream(stream, call, __FILE__, __LINE__)

#define posix_memalign(to, align, size)                                                                                \
    (FAULT_MET("memory", "posix_memalign") ? ENOMEM : posix_memalign(to, align, size))
#define malloc(size)        (FAULT_MET("memory", "malloc") ? NULL : malloc(size))
#define calloc(count, size) (FAULT_MET("memory", "calloc") ? NULL : calloc(count, size))
#define realloc(old, size)  (FAULT_MET("memory", "realloc") ? NULL : realloc(old, size))
#define strdup(text)        (FAULT_MET("memory", "strdup") ? NULL : strdup(text))

#define open(...)                              (FAULT_MET("open", "open") ? -1 : open(__VA_ARGS__))
#define fopen(path, mode)                      (FAULT_MET("open", "fopen") ? NULL : fopen(path, mode))
#define opendir(path)                          (FAULT_MET("open", "opendir") ? NULL : opendir(path))
#define scandir(path, list, choose, compare)   (FAULT_MET("open", "scandir") ? -1 : scandir(path, list, choose, compare))
#define stat(path, info)                       (FAULT_MET("open", "stat") ? -1 : stat(path, info))
#define fstat(fd, info)                        (FAULT_MET("open", "fstat") ? -1 : fstat(fd, info))
#define lstat(path, info)                      (FAULT_MET("open", "lstat") ? -1 : lstat(path, info))
#define mmap(at, size, rights, kind, fd, from) fault_pages(at, size, rights, kind, fd, from, __FILE__, __LINE__)
#define mkdir(path, mode)                      (FAULT_MET("open", "mkdir") ? -1 : mkdir(path, mode))
#define pipe(ends)                             (FAULT_MET("open", "pipe") ? -1 : pipe(ends))
#define fcntl(...)                             (FAULT_MET("open", "fcntl") ? -1 : fcntl(__VA_ARGS__))

#define read(fd, to, size)      (FAULT_MET("read", "read") ? -1 : read(fd, to, size))
#define fgets(to, size, stream) (FAULT_MET("read", "fgets") ? NULL : fgets(to, size, stream))
#define readdir(folder)         (FAULT_MET("read", "readdir") ? NULL : readdir(folder))
#define poll(list, count, time) (FAULT_MET("read", "poll") ? -1 : poll(list, count, time))

#define fwrite(data, size, count, stream) ((void)FAULT_STREAM(stream, "fwrite"), fwrite(data, size, count, stream))
#define fputs(text, stream)               ((void)FAULT_STREAM(stream, "fputs"), fputs(text, stream))
#define fputc(byte, stream)               ((void)FAULT_STREAM(stream, "fputc"), fputc(byte, stream))
#define putc(byte, stream)                ((void)FAULT_STREAM(stream, "putc"), putc(byte, stream))
#define putchar(byte)                     ((void)FAULT_STREAM(stdout, "putchar"), putchar(byte))
#define puts(text)                        ((void)FAULT_STREAM(stdout, "puts"), puts(text))
#define fprintf(stream, ...)              ((void)FAULT_STREAM(stream, "fprintf"), fprintf(stream, __VA_ARGS__))
#define vfprintf(stream, text, list)      ((void)FAULT_STREAM(stream, "vfprintf"), vfprintf(stream, text, list))
#define printf(...)                       ((void)FAULT_STREAM(stdout, "printf"), printf(__VA_ARGS__))
#define vprintf(text, list)               ((void)FAULT_STREAM(stdout, "vprintf"), vprintf(text, list))
#define fflush(stream)                    ((void)FAULT_STREAM(stream, "fflush"), fflush(stream))
#define fclose(stream)                    ((void)FAULT_STREAM(stream, "fclose"), fault_last = NULL, fclose(stream))
#define fsync(fd)                         (FAULT_MET("write", "fsync") ? -1 : fsync(fd))

#define rename(from, to) (FAULT_MET("rename", "rename") ? -1 : rename(from, to))
#define link(from, to)   (FAULT_MET("rename", "link") ? -1 : link(from, to))
#define fork()           (FAULT_MET("start", "fork") ? -1 : fork())
#define posix_spawn(child, program, actions, group, words, environment)                                                \
    (FAULT_MET("start", "posix_spawn") ? EAGAIN : posix_spawn(child, program, actions, group, words, environment))
#define pthread_create(thread, attributes, body, argument)                                                             \
    (FAULT_MET("thread", "pthread_create") ? EAGAIN : pthread_create(thread, attributes, body, argument))

#endif
