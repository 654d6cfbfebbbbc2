#include "core/base.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- errors ------------------------------------------------------------------------------------------------- */

/* What came from a file must neither break the line nor command the terminal: control characters, those of U+0080 to U+009F
 * too, become question marks. */
static void line_clean(char *text) {
    for (uint8_t *c = (uint8_t *)text; *c; c++) {
        if (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0) {
            *c++ = '?';
            *c = '?';
        } else if (*c < 0x20 || *c == 0x7f) *c = '?';
    }
}

bool err_set(Err *err, const char *format, ...) {
    if (!err) return false;
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    line_clean(err->text);
    return false;
}

void (*message_hook)(void);

static void say_line(const char *prefix, const char *format, va_list args) {
    if (message_hook) message_hook();
    fflush(stdout); /* so that the error stands after what was already said */
    fputs(prefix, stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

void die(const char *format, ...) {
    va_list args;
    va_start(args, format);
    say_line("error: ", format, args);
    va_end(args);
    exit(EXIT_TROUBLE);
}

void die_usage(const char *format, ...) {
    va_list args;
    va_start(args, format);
    say_line("usage: ", format, args);
    va_end(args);
    exit(EXIT_USAGE);
}

int status_printed(int status) {
    if (fflush(stdout) != 0 || ferror(stdout)) die("what was to be printed could not be written; is the disk full?");
    return status;
}

void contract_broken(const char *file, int line, const char *function, const char *format, ...) {
    va_list args;
    va_start(args, format);
    if (message_hook) message_hook();
    fflush(stdout);
    fprintf(stderr, "%s:%d: %s: ", file, line, function);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    _Exit(EXIT_CONTRACT); /* no clean-up: whoever broke the contract may hold anything */
}

/* ---- memory ------------------------------------------------------------------------------------------------- */

/* Under the address sanitizer an arena is as strict as malloc: behind every piece lies a gap that nobody may touch, and
 * neither may anybody touch what was not taken yet or was given back. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
enum { GAP = 64 };
#define FORBID(data, size) __asan_poison_memory_region(data, size)
#define ALLOW(data, size)  __asan_unpoison_memory_region(data, size)
#else
enum { GAP = 0 };
#define FORBID(data, size) ((void)(data), (void)(size))
#define ALLOW(data, size)  ((void)(data), (void)(size))
#endif

enum { ALIGN = 64, CHUNK_LEAST = 1 << 20 };

struct ArenaChunk {
    ArenaChunk *next;
    size_t size;
    uint8_t *data; /* ALIGN-aligned */
};

static ArenaChunk *chunk_new(size_t size) {
    void *block = NULL;
    size_t head = (sizeof(ArenaChunk) + ALIGN - 1) / ALIGN * ALIGN;
    if (size > SIZE_MAX - head || posix_memalign(&block, ALIGN, head + size) != 0)
        die("out of memory: %.1f MB more were wanted; close other programs or use a smaller batch", (double)size / 1e6);
    ArenaChunk *chunk = block;
    *chunk = (ArenaChunk){ .next = NULL, .size = size, .data = (uint8_t *)block + head };
    FORBID(chunk->data, size);
    return chunk;
}

/* Makes `now` a chunk with room for `size` bytes: the next kept one, or a new one in the place of one that is too small:
 * chunks only grow, and the same use again meets the same chunks. */
static void arena_grow(Arena *arena, size_t size) {
    ArenaChunk **link = arena->now ? &arena->now->next : &arena->first;
    if (!*link || (*link)->size < size) {
        ArenaChunk *small = *link, *after = small ? small->next : NULL;
        free(small);
        *link = after;
        ArenaChunk *chunk = chunk_new(MAX(size, (size_t)CHUNK_LEAST));
        chunk->next = after;
        *link = chunk;
    }
    arena->now = *link;
    arena->used = 0;
}

void *arena_alloc(Arena *arena, size_t count, size_t size) {
    size_t bytes;
    if (!size_fits(count, size, &bytes) || bytes > SIZE_MAX / 2 - GAP)
        die("out of memory: %zu things of %zu bytes were wanted", count, size);
    size_t taken = (bytes + ALIGN - 1) / ALIGN * ALIGN + GAP;
    if (!arena->now || arena->now->size - arena->used < taken) arena_grow(arena, taken);
    void *memory = arena->now->data + arena->used;
    arena->used += taken;
    ALLOW(memory, bytes);
#ifdef DEBUG
    memset(memory, 0xff, bytes); /* all ones is a NaN in float and double: what is read before it is written shows */
#endif
    return memory;
}

void *arena_zero(Arena *arena, size_t count, size_t size) {
    return memset(arena_alloc(arena, count, size), 0, count * size);
}

char *arena_text(Arena *arena, const char *text) {
    size_t size = strlen(text) + 1;
    return memcpy(arena_alloc(arena, size, 1), text, size);
}

char *arena_print(Arena *arena, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    char *text = arena_alloc(arena, (size_t)length + 1, 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

ArenaMark arena_mark(const Arena *arena) { return (ArenaMark){ arena->now, arena->used }; }

void arena_release(Arena *arena, ArenaMark mark) {
    for (ArenaChunk *chunk = mark.now ? mark.now : arena->first; arena->now && chunk; chunk = chunk->next) {
        size_t kept = chunk == mark.now ? mark.used : 0;
        FORBID(chunk->data + kept, chunk->size - kept);
        if (chunk == arena->now) break;
    }
    arena->now = mark.now;
    arena->used = mark.used;
}

void arena_reset(Arena *arena) { arena_release(arena, (ArenaMark){ NULL, 0 }); }

void arena_free(Arena *arena) {
    for (ArenaChunk *chunk = arena->first, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    *arena = (Arena){ 0 };
}

size_t arena_held(const Arena *arena) {
    size_t held = 0;
    for (const ArenaChunk *chunk = arena->first; chunk; chunk = chunk->next) held += chunk->size;
    return held;
}

/* ---- files -------------------------------------------------------------------------------------------------- */

static bool file_refuse(int fd, const char *path, const char *why, Err *err) {
    if (fd >= 0) close(fd);
    return err_set(err, "%s: %s", path, why);
}

static struct {
    const char *path;
    File file;
} lent;

void file_lend(const char *path, const void *data, size_t size) {
    lent.path = path;
    lent.file = (File){ .data = size ? data : NULL, .size = size };
}

static bool file_is_lent(const char *path) { return lent.path && !strcmp(lent.path, path); }

/* A mapped file is read when its bytes are looked at. Where the disk does not deliver them, or the file was cut short
 * meanwhile, that is a signal and not an answer: the files that are open, so that the last line can name the one. */
enum { MAPS_NAMED = 32 };
static struct {
    const uint8_t *data;
    size_t size;
    char path[256];
} maps[MAPS_NAMED];

static void say_text(const char *text) {
    if (write(STDERR_FILENO, text, strlen(text)) < 0) return; /* there is nobody else to tell */
}

static void on_bad_page(int number, siginfo_t *info, void *context) {
    (void)context;
    for (int i = 0; i < MAPS_NAMED; i++) {
        if (!maps[i].data || (uintptr_t)info->si_addr - (uintptr_t)maps[i].data >= maps[i].size) continue;
        say_text("error: ");
        say_text(maps[i].path);
        say_text(": the file cannot be read to its end; was it cut short meanwhile, or is the disk failing?\n");
        _exit(EXIT_TROUBLE);
    }
    signal(number, SIG_DFL); /* not a file of ours: it happens again, and ends the program */
}

static void map_name(const File *file, const char *path) {
    static bool listening;
    struct sigaction action = { .sa_sigaction = on_bad_page, .sa_flags = SA_SIGINFO };
    if (!listening) listening = sigaction(SIGBUS, &action, NULL) == 0;
    int i = 0;
    while (i < MAPS_NAMED - 1 && maps[i].data) i++;
    size_t length = strlen(path), shown = MIN(length, sizeof maps[i].path - 1);
    memcpy(maps[i].path, path + length - shown, shown + 1);
    maps[i].size = file->size;
    maps[i].data = file->data;
}

bool file_open(File *file, const char *path, Err *err) {
    *file = (File){ 0 };
    if (file_is_lent(path)) {
        *file = lent.file;
        return true;
    }
    int fd = open(path, O_RDONLY | O_NONBLOCK); /* a pipe must not hold us up before we refuse it */
    if (fd < 0) return file_refuse(fd, path, strerror(errno), err);
    struct stat info;
    if (fstat(fd, &info) != 0) return file_refuse(fd, path, strerror(errno), err);
    if (S_ISDIR(info.st_mode)) return file_refuse(fd, path, "this is a folder, a file was wanted", err);
    if (!S_ISREG(info.st_mode)) return file_refuse(fd, path, "this is not a regular file", err);
    size_t size = (size_t)info.st_size;
    if (size > 0) {
        void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED) return file_refuse(fd, path, strerror(errno), err);
        *file = (File){ .data = map, .size = size, .map = map };
        map_name(file, path);
    }
    close(fd);
    return true;
}

void file_close(File *file) {
    for (int i = 0; i < MAPS_NAMED; i++)
        if (file->map && maps[i].data == file->map) maps[i].data = NULL;
    if (file->map) munmap(file->map, file->size);
    *file = (File){ 0 };
}

bool file_exists(const char *path) {
    struct stat info;
    return file_is_lent(path) || stat(path, &info) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

bool folder_exists(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool folder_make(const char *path, Err *err) {
    char part[1024];
    if (strlen(path) >= sizeof part) return err_set(err, "%s: the path is too long", path);
    strcpy(part, path);
    for (char *slash = part + (*part == '/');; slash++) {
        if (*slash && *slash != '/') continue;
        char end = *slash;
        *slash = '\0';
        int why = mkdir(part, 0777) == 0 ? 0 : errno;
        if (why && !folder_exists(part))
            return err_set(err, "%s: %s", part, why == EEXIST ? "this is not a folder" : strerror(why));
        if (!end) return true;
        *slash = end;
    }
}

/* The process in a name like "model.safetensors.4711.tmp", and where ".4711.tmp" begins; 0 if it is another name. */
static long process_of(const char *name, size_t *begin) {
    size_t length = strlen(name), at;
    if (length < 4 || strcmp(name + length - 4, ".tmp") != 0) return 0;
    for (at = length - 4; at > 0 && isdigit((unsigned char)name[at - 1]);) at--;
    if (at == 0 || name[at - 1] != '.') return 0;
    *begin = at - 1;
    return strtol(name + at, NULL, 10);
}

/* Removes the temporary files of `path` whose processes are no more: they were killed while they wrote. A folder in which
 * nobody left any is not looked through again, or who writes n files there would read n * n names. */
static void remove_left_over(const char *path) {
    static char clean[1024];
    char folder[1024], left[2048];
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path + 1) : 2, slash ? path : "./");
    if (!strcmp(folder, clean)) return;
    DIR *list = opendir(folder);
    size_t length = 0;
    bool any = false;
    for (struct dirent *entry; list && (entry = readdir(list)) != NULL;) {
        long process = process_of(entry->d_name, &length);
        if (process <= 0 || process == (long)getpid()) continue;
        any = true;
        if (length != strlen(name) || strncmp(entry->d_name, name, length) != 0) continue;
        if (kill((pid_t)process, 0) == 0 || errno != ESRCH) continue;
        snprintf(left, sizeof left, "%s%s", folder, entry->d_name);
        remove(left);
    }
    if (list) closedir(list);
    if (!any) strcpy(clean, folder);
}

bool out_open(OutFile *out, const char *path, Err *err) {
    *out = (OutFile){ 0 };
    if (strlen(path) >= sizeof out->path) return err_set(err, "%s: the path is too long", path);
    strcpy(out->path, path);
    snprintf(out->temporary, sizeof out->temporary, "%s.%ld.tmp", path, (long)getpid());
    if (folder_exists(path)) return err_set(err, "%s: this is a folder, a file was to be written", path);
    remove_left_over(path);
    out->stream = fopen(out->temporary, "wb");
    if (!out->stream) return err_set(err, "%s: cannot be written: %s", path, strerror(errno));
    return true;
}

void out_write(OutFile *out, const void *data, size_t size) {
    if (size > 0 && fwrite(data, 1, size, out->stream) != size) out->failed = true;
}

static bool file_copy(const char *from, const char *to, Err *err) {
    File file;
    OutFile out;
    if (!file_open(&file, from, err)) return false;
    bool ok = out_open(&out, to, err);
    if (ok) {
        out_write(&out, file.data, file.size);
        ok = out_commit(&out, err);
    }
    file_close(&file);
    return ok;
}

bool out_commit(OutFile *out, Err *err) {
    errno = 0;
    bool ok = !out->failed && !ferror(out->stream) && fflush(out->stream) == 0 && fsync(fileno(out->stream)) == 0;
    int why = errno;
    if (fclose(out->stream) != 0 && ok) {
        ok = false;
        why = errno;
    }
    out->stream = NULL;
    bool kept = ok && (!out->aside || file_copy(out->path, out->aside, err));
    if (ok && kept && rename(out->temporary, out->path) != 0) {
        ok = false;
        why = errno;
    }
    if (ok && kept) return true;
    remove(out->temporary);
    if (ok) return false; /* err says what could not be kept */
    return err_set(err, "%s: not written (%s); what was there before is untouched", out->path,
                   why ? strerror(why) : "a write failed, is the disk full?");
}

void out_abandon(OutFile *out) {
    if (!out->stream) return;
    fclose(out->stream);
    remove(out->temporary);
    out->stream = NULL;
}

/* ---- small things ------------------------------------------------------------------------------------------- */

bool size_fits(size_t a, size_t b, size_t *product) {
    if (b != 0 && a > SIZE_MAX / b) return false;
    *product = a * b;
    return true;
}

size_t size_mul(size_t a, size_t b) {
    size_t product = 0;
    REQUIRE(size_fits(a, b, &product), "%zu times %zu does not fit", a, b);
    return product;
}

bool parse_int(const char *text, long long low, long long high, long long *value) {
    char *end;
    errno = 0;
    long long got = strtoll(text, &end, 10);
    if (end == text || *end || errno || got < low || got > high) return false;
    *value = got;
    return true;
}

bool parse_real(const char *text, double low, double high, double *value) {
    char *end;
    errno = 0;
    double got = strtod(text, &end);
    if (end == text || *end || errno || !isfinite(got) || got < low || got > high) return false;
    *value = got;
    return true;
}

double clock_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
