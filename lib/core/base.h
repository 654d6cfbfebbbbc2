/* base: the number type, memory, errors and files that everything else stands on.
 *
 * Rules of use
 *   Numbers are `num`: float, or double when built with -DNUM=double (gradient checks).
 *   Memory comes from an Arena. Nobody frees a matrix: an arena is reset or freed as a whole.
 *   A broken contract between two pieces of code stops at once: REQUIRE.
 *   Trouble in the world (a file, a text, a flag) is returned: `false` and a filled Err.
 *   Only this file calls malloc, fopen and rename, so that every failure is met in one place.
 *
 * Dimension letters, the same in the whole library:
 *   B batch   T tokens   V vocabulary   D width   E embedding   C channels   H W height, width   K kernel side
 */
#ifndef BASE_H
#define BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifndef NUM
#define NUM float
#endif
typedef NUM num;

#if defined(__GNUC__)
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define NORETURN                 __attribute__((noreturn))
#else
#define PRINTF_LIKE(text, first)
#define NORETURN
#endif

/* ---- errors ------------------------------------------------------------------------------------------------- */

enum { EXIT_TROUBLE = 1, EXIT_USAGE = 2, EXIT_CONTRACT = 70 };

/* One line about what went wrong: place, what came, what was wanted, what to do. Empty text: nothing did. */
typedef struct {
    char text[1024];
} Err;

/* Fills `err` (which may be NULL) and returns false, so that a loader ends in `return err_set(err, ...)`. Control
 * characters become question marks: names out of files may hold anything, and a message is one line. */
bool err_set(Err *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* The world is broken beyond this program's repair: prints "error: ..." to stderr and exits with EXIT_TROUBLE. */
NORETURN void die(const char *format, ...) PRINTF_LIKE(1, 2);

/* The command line is wrong: prints one line to stderr and exits with EXIT_USAGE. */
NORETURN void die_usage(const char *format, ...) PRINTF_LIKE(1, 2);

/* The end of main: `status`; but when what was printed on stdout could not be written, one line and EXIT_TROUBLE. */
int status_printed(int status);

NORETURN void contract_broken(const char *file, int line, const char *function, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* REQUIRE(ok, "x is [%d,%d], want [%d,%d]", ...): a contract of the caller. When it does not hold, prints file,
 * line, function and the message, and exits with EXIT_CONTRACT. */
#define REQUIRE(ok, ...)                                                                                               \
    do {                                                                                                               \
        if (!(ok)) contract_broken(__FILE__, __LINE__, __func__, __VA_ARGS__);                                         \
    } while (0)

/* Called before any of these prints. Whoever keeps a line open on the terminal closes it here; NULL: nobody does. */
extern void (*message_hook)(void);

/* ---- memory ------------------------------------------------------------------------------------------------- */

/* A growing pile of memory that is emptied as a whole. `Arena a = {0};` is a valid empty one. */
typedef struct ArenaChunk ArenaChunk;
typedef struct {
    ArenaChunk *first, *now; /* the chunks, in order of use */
    size_t used;             /* bytes used of `now` */
} Arena;

/* count * size bytes, aligned for every vector type (64), not initialised (NaN with -DDEBUG).
 * Out of memory, or a product that overflows, ends the program with one line: there is nothing left to try. */
void *arena_alloc(Arena *arena, size_t count, size_t size);

/* The same, filled with zero bytes. */
void *arena_zero(Arena *arena, size_t count, size_t size);

/* A copy of `text`, or of a printed format, owned by the arena. */
char *arena_text(Arena *arena, const char *text);
char *arena_print(Arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

void arena_reset(Arena *arena); /* empties it, keeps the chunks for the next use */
/* What was taken since the mark is given back to the arena, to be taken again. */
typedef struct {
    ArenaChunk *now;
    size_t used;
} ArenaMark;
ArenaMark arena_mark(const Arena *arena); /* here, now */
void arena_release(Arena *arena, ArenaMark mark);
void arena_free(Arena *arena);         /* gives the chunks back; the arena is valid and empty */
size_t arena_held(const Arena *arena); /* bytes held from the system */

/* ---- files -------------------------------------------------------------------------------------------------- */

/* A whole file in memory, read-only: mapped where the system can, so that a large file takes no copy. */
typedef struct {
    const uint8_t *data;
    size_t size;
    void *map; /* NULL for an empty file */
} File;

/* Opens `path`. Refuses what is missing, unreadable, or not a regular file. Close with file_close. Where the disk does not
 * deliver its bytes later, when they are looked at, the program ends with one line and EXIT_TROUBLE. */
bool file_open(File *file, const char *path, Err *err);
void file_close(File *file);

/* For tests: from now on `path` names these bytes and not what is on the disk, to file_open and file_exists, so that a
 * reader can be given millions of files. The bytes must stay until file_lend(NULL, NULL, 0) ends it; one path at a time. */
void file_lend(const char *path, const void *data, size_t size);

/* Whether there is something of that name. What cannot be looked at is there: opening it says more. */
bool file_exists(const char *path);
bool folder_exists(const char *path); /* a folder, that is */

/* Makes a folder and those above it. */
bool folder_make(const char *path, Err *err);

/* A file that appears whole or not at all: written as PATH.PROCESS.tmp, flushed to disk, then renamed over PATH. Two programs
 * of one machine that write the same PATH do not meet, and the later one stays; what a killed one left, the next removes.
 *
 *   OutFile out;
 *   if (!out_open(&out, path, err)) return false;
 *   out_write(&out, data, size);  fprintf(out.stream, ...);      errors are remembered
 *   return out_commit(&out, err);                                the only answer that counts
 */
typedef struct {
    FILE *stream;
    char path[1024], temporary[1040];
    const char *aside; /* set it before out_commit: the file that was at PATH is kept under this name; NULL: it goes */
    bool failed;
} OutFile;

/* Opens the temporary file; false when it cannot be written, or the path is too long. */
bool out_open(OutFile *out, const char *path, Err *err);
void out_write(OutFile *out, const void *data, size_t size);
bool out_commit(OutFile *out, Err *err);
void out_abandon(OutFile *out); /* removes the temporary file; PATH stays as it was */

/* ---- small things ------------------------------------------------------------------------------------------- */

/* a * b; stops when the product does not fit (REQUIRE). For sizes that come from a file use size_fits first. */
size_t size_mul(size_t a, size_t b);
bool size_fits(size_t a, size_t b, size_t *product);

/* Whole numbers and reals from a command line or a file: all of `text` must be the number, within [low, high]. */
bool parse_int(const char *text, long long low, long long high, long long *value);
bool parse_real(const char *text, double low, double high, double *value);

/* Seconds of a clock that never goes back; for progress and benchmarks alone, never for a seed. */
double clock_seconds(void);

#define MIN(a, b)    ((a) < (b) ? (a) : (b))
#define MAX(a, b)    ((a) > (b) ? (a) : (b))
#define COUNT(array) (sizeof(array) / sizeof *(array))

#endif
