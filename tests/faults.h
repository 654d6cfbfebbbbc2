/* faults: makes system calls fail, in programs that are built with this file in front of every other
 * (-include tests/faults.h).
 *
 *   FAULT=KIND:N     the N-th call of this kind fails; all other calls work
 *   FAULT=KIND:N+    the N-th call and every later call fail
 *   FAULT=KIND:N!    the program is killed (SIGKILL) just before the N-th call
 *   FAULT_NOTE=FILE  gets one line when the N-th call is reached: function, file and line. If there are fewer than N
 *                    calls, the file is not written.
 *
 *   memory   posix_memalign, malloc, calloc, realloc, strdup
 *   open     open, fopen, opendir, scandir, stat, fstat, lstat, mmap, mkdir, pipe, fcntl
 *   read     read, fgets, readdir, poll; a page of a mapped file (SIGBUS at its first use)
 *   write    fwrite, fputs, fputc, putc, puts, putchar, fprintf, vfprintf, printf, vprintf, fflush, fclose, fsync. From
 *            this call on every write to the same stream fails, as on a full disk. stderr is never affected.
 *   rename   rename, link
 *   start    fork, posix_spawn
 *   thread   pthread_create
 *   any      all of these
 *
 * Each function below is replaced by a macro of its name. A macro is not expanded inside itself, so that it calls the
 * real function. */
#ifndef FAULTS_H
#define FAULTS_H

#define _GNU_SOURCE /* before any header: fopencookie */
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

/* One counter for the whole program: every object file defines it, and the linker keeps one of the weak definitions.
 * The count is atomic, for calls from several threads. */
#define FAULT_SHARED __attribute__((weak, unused))

FAULT_SHARED int fault_count;

FAULT_SHARED int fault_met(const char *kind, const char *call, const char *file, int line) {
    const char *args = getenv("FAULT"), *note = getenv("FAULT_NOTE");
    size_t length = args ? strcspn(args, ":") : 0;
    if (!length || !args[length]) return 0;
    if (strncmp(args, kind, length) != 0 && strncmp(args, "any", length) != 0) return 0;
    char *suffix;
    long n = strtol(args + length + 1, &suffix, 10), now = __atomic_add_fetch(&fault_count, 1, __ATOMIC_SEQ_CST);
    if (now == n && note) {
        char text[512];
        int out = open(note, O_WRONLY | O_CREAT | O_TRUNC, 0666);
        int size = snprintf(text, sizeof text, "%s at %s:%d\n", call, file, line);
        if (out < 0 || write(out, text, (size_t)size) != size) abort();
        close(out);
    }
    if (now == n && *suffix == '!') raise(SIGKILL);
    if (now < n || (now > n && *suffix != '+')) return 0;
    errno = !strcmp(kind, "memory") ? ENOMEM : !strcmp(kind, "thread") || !strcmp(kind, "start") ? EAGAIN : EIO;
    return 1;
}

/* A stream is buffered, so not every call reaches the disk. What counts as a write: the first call after a call to
 * another stream, the first call after 32 kB, every fflush and every fclose. */
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

/* Connects the stream to /dev/full, or, where that does not exist, to /dev/null opened for reading: writes fail. */
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

/* mmap; when the fault is due, it maps an empty file instead, whose pages cannot be read. */
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
#define scandir(path, list, keep, order)       (FAULT_MET("open", "scandir") ? -1 : scandir(path, list, keep, order))
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
