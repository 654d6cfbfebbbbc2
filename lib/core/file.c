#include "core/file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = sizeof((OutFile *)0)->path, LINKS_MAX = 40 };

static bool file_refuse(int fd, const char *path, const char *why, Err *err) {
    if (fd >= 0) close(fd);
    return err_set(err, "%s: %s", path, why);
}

static const char *mock_path;
static File mock_file;

void file_mock(const char *path, const void *data, size_t size) {
    mock_path = path;
    mock_file = (File){ .data = size ? data : NULL, .size = size };
}
static bool is_mock(const char *path) { return mock_path && !strcmp(mock_path, path); }

/* The bytes of a mapped file are read from disk when they are used. If the disk fails then, or the file was truncated,
 * the program gets a SIGBUS. `maps` lists the open files, so that the message can name the file. */
enum { MAPS_MAX = 32 };
static struct {
    const uint8_t *data;
    size_t size;
    char path[256];
} maps[MAPS_MAX];

static void on_bad_page(int number, siginfo_t *info, void *context) {
    (void)context;
    for (int i = 0; i < MAPS_MAX; i++) {
        if (!maps[i].data || (uintptr_t)info->si_addr - (uintptr_t)maps[i].data >= maps[i].size) continue;
        const char *text[] = { "error: ", maps[i].path,
                               ": the file cannot be read to its end; was it truncated, or is the disk failing?\n" };
        for (size_t k = 0; k < COUNT(text); k++)
            if (write(STDERR_FILENO, text[k], strlen(text[k])) < 0) break;
        _exit(EXIT_TROUBLE);
    }
    signal(number, SIG_DFL); /* not in a mapped file: the same signal comes again and ends the program */
}

static void map_register(const File *file, const char *path) {
    static bool listening;
    struct sigaction action = { .sa_sigaction = on_bad_page, .sa_flags = SA_SIGINFO };
    if (!listening) listening = sigaction(SIGBUS, &action, NULL) == 0;
    int i = 0;
    while (i < MAPS_MAX - 1 && maps[i].data) i++;
    size_t length = strlen(path), shown = MIN(length, sizeof maps[i].path - 1);
    memcpy(maps[i].path, path + length - shown, shown + 1);
    maps[i].size = file->size;
    maps[i].data = file->data;
}

bool file_open(File *file, const char *path, Err *err) {
    *file = (File){ 0 };
    if (is_mock(path)) {
        *file = mock_file;
        return true;
    }
    int fd = open(path, O_RDONLY | O_NONBLOCK); /* do not wait for a pipe: it is refused below */
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0) return file_refuse(fd, path, strerror(errno), err);
    if (S_ISDIR(info.st_mode)) return file_refuse(fd, path, "this is a folder, not a file", err);
    if (!S_ISREG(info.st_mode)) return file_refuse(fd, path, "this is not a regular file", err);
    size_t size = (size_t)info.st_size;
    void *map = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    if (map == MAP_FAILED) return file_refuse(fd, path, strerror(errno), err);
    *file = (File){ .data = map, .size = size, .map = map };
    if (map) map_register(file, path);
    close(fd);
    return true;
}

void file_close(File *file) {
    for (int i = 0; i < MAPS_MAX; i++)
        if (file->map && maps[i].data == file->map) maps[i].data = NULL;
    if (file->map) munmap(file->map, file->size);
    *file = (File){ 0 };
}
bool file_exists(const char *path) {
    struct stat info;
    return is_mock(path) || stat(path, &info) == 0 || (errno != ENOENT && errno != ENOTDIR);
}
bool folder_exists(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool folder_make(const char *path, Err *err) {
    char part[1024];
    if (strlen(path) >= sizeof part) return err_set(err, "%.80s...: the path is too long", path);
    strcpy(part, path);
    for (char *slash = part + (*part == '/');; slash++) {
        if (*slash && *slash != '/') continue;
        char end = *slash;
        *slash = '\0';
        int error = mkdir(part, 0777) == 0 ? 0 : errno;
        if (error && !folder_exists(part))
            return err_set(err, "%s: %s", part, error == EEXIST ? "this is not a folder" : strerror(error));
        if (!end) return true;
        *slash = end;
    }
}

const char *shipped_prefix(void) {
    static char prefix[1024];
    const char *folder = getenv("CLIP_SHIPPED");
    snprintf(prefix, sizeof prefix, "%s%s", folder ? folder : "", folder && *folder ? "/" : "");
    return prefix;
}

const char *models_folder(void) {
    const char *folder = getenv("CLIP_MODELS");
    return folder && *folder ? folder : "data/models";
}

/* The process id in a name such as "model.safetensors.4711.tmp", and where ".4711.tmp" begins; 0 for any other name. */
static long process_of(const char *name, size_t *begin) {
    size_t length = strlen(name), at;
    if (length < 4 || strcmp(name + length - 4, ".tmp") != 0) return 0;
    for (at = length - 4; at > 0 && isdigit((unsigned char)name[at - 1]);) at--;
    if (at == 0 || name[at - 1] != '.') return 0;
    *begin = at - 1;
    return strtol(name + at, NULL, 10);
}

/* Removes the temporary files of `path` whose processes have ended: they were killed while they wrote. A folder without
 * temporary files is not searched again: n files written there would otherwise cost n * n names read. */
static void remove_abandoned(const char *path) {
    static char clean[1024];
    char folder[1024], left[2048];
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path + 1) : 2, slash ? path : "./");
    if (!strcmp(folder, clean)) return;
    DIR *list = opendir(folder);
    size_t length = 0;
    bool any = false;
    for (struct dirent *entry = list ? readdir(list) : NULL; entry; entry = readdir(list)) {
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

/* Replaces a path that is a symbolic link by the path of the file that it leads to, which need not exist. */
static bool links_follow(char path[PATH_SIZE], Err *err) {
    char given[PATH_SIZE], to[PATH_SIZE];
    strcpy(given, path);
    for (int links = 0; links < LINKS_MAX; links++) {
        ssize_t length = readlink(path, to, sizeof to);
        if (length < 0) return true; /* not a link, or nothing at all */
        const char *slash = strrchr(path, '/');
        size_t folder = *to == '/' || !slash ? 0 : (size_t)(slash + 1 - path); /* relative to the link's folder */
        if (folder + (size_t)length >= PATH_SIZE)
            return err_set(err, "%.80s...: the path it links to is too long", given);
        memcpy(path + folder, to, (size_t)length);
        path[folder + (size_t)length] = '\0';
    }
    return err_set(err, "%s: the symbolic links lead in a circle, or are more than %d; remove one of them", given,
                   LINKS_MAX);
}

bool out_plan(OutFile *out, const char *path, Err *err) {
    struct stat info;
    signal(SIGXFSZ, SIG_IGN); /* beyond `ulimit -f` a write fails, with a reason, instead of ending the program */
    *out = (OutFile){ 0 };
    if (strlen(path) >= sizeof out->path) return err_set(err, "%.80s...: the path is too long", path);
    strcpy(out->path, path);
    if (!links_follow(out->path, err)) return false;
    bool there = stat(out->path, &info) == 0;
    const char *arrow = strcmp(out->path, path) ? " -> " : "", *target = *arrow ? out->path : "";
    if (there && S_ISDIR(info.st_mode))
        return err_set(err, "%s%s%s: this is a folder, not a file", path, arrow, target);
    if (there && !S_ISREG(info.st_mode))
        return err_set(err, "%s%s%s: this is not a regular file; it was not replaced", path, arrow, target);
    snprintf(out->temporary, sizeof out->temporary, "%s.%ld.tmp", out->path, (long)getpid());
    remove_abandoned(out->path);
    return true;
}

/* Temporary files that are open. A program that ends before out_commit, since memory is short, removes them. */
enum { UNFINISHED_MAX = 8 }; /* of more, the next program removes the rest */
static struct {
    pid_t process; /* 0: none. A child must not remove its parent's. */
    char path[sizeof((OutFile *)0)->temporary];
} unfinished[UNFINISHED_MAX];

static void unfinished_remove(void) {
    for (int i = 0; i < UNFINISHED_MAX; i++)
        if (unfinished[i].process == getpid()) remove(unfinished[i].path);
}
static void unfinished_set(const char *temporary, bool open) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static bool registered;
    int i = 0;
    pthread_mutex_lock(&lock);
    if (!registered) registered = atexit(unfinished_remove) == 0;
    while (i < UNFINISHED_MAX && (open ? unfinished[i].process != 0 : strcmp(unfinished[i].path, temporary) != 0)) i++;
    if (i < UNFINISHED_MAX) {
        strcpy(unfinished[i].path, open ? temporary : "");
        unfinished[i].process = open ? getpid() : 0;
    }
    pthread_mutex_unlock(&lock);
}

bool out_open(OutFile *out, const char *path, Err *err) {
    if (!out_plan(out, path, err)) return false;
    out->stream = fopen(out->temporary, "wb");
    if (out->stream) {
        unfinished_set(out->temporary, true);
        return true;
    }
    bool link = strcmp(out->path, path) != 0;
    return err_set(err, "%s%s%s: cannot be written: %s", path, link ? " -> " : "", link ? out->path : "",
                   strerror(errno));
}

void out_write(OutFile *out, const void *data, size_t size) {
    if (size == 0 || fwrite(data, 1, size, out->stream) == size) return;
    if (!out->failed) out->error = errno;
    out->failed = true;
}

static bool file_copy(const char *from, const char *to, Err *err) {
    File file;
    OutFile out;
    if (!file_open(&file, from, err)) return false;
    bool ok = out_open(&out, to, err);
    if (ok) out_write(&out, file.data, file.size);
    ok = ok && out_commit(&out, err);
    file_close(&file);
    return ok;
}

/* Flushes to the disk and closes; errno has the first reason. */
static bool stream_finish(OutFile *out) {
    bool ok = !out->failed && !ferror(out->stream) && fflush(out->stream) == 0 && fsync(fileno(out->stream)) == 0;
    int error = errno;
    bool closed = fclose(out->stream) == 0;
    out->stream = NULL;
    if (!ok) errno = error;
    return ok && closed;
}

static bool out_finish(OutFile *out, Err *err) {
    errno = 0;
    bool ok = !out->stream || stream_finish(out);
    int error = out->error ? out->error : errno;
    if (ok && out->backup && !file_copy(out->path, out->backup, err)) {
        remove(out->temporary);
        return false;
    }
    if (ok && rename(out->temporary, out->path) == 0) return true;
    if (ok) error = errno;
    remove(out->temporary);
    return err_set(err, "%s: not written (%s); the old file is unchanged", out->path,
                   error ? strerror(error) : "a write failed, is the disk full?");
}
bool out_commit(OutFile *out, Err *err) {
    bool ok = out_finish(out, err);
    unfinished_set(out->temporary, false);
    return ok;
}
