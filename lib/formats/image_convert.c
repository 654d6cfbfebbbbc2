#include "formats/image_convert.h"

#include "core/quote.h"
#include "formats/file_kind.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

double image_convert_seconds = 60;

enum { PPM_HEADER = 64, OUTPUT_MAX = 3 * IMAGE_PIXELS_MAX + PPM_HEADER, OUTPUT_FIRST = 1 << 20, MESSAGE_MAX = 200 };

/* A program and its arguments; "KIND" stands for the kind of the file and its first frame, "gif:-[0]". */
typedef struct {
    const char *program, *words[16];
} Converter;

static const Converter converters[] = {
    { .program = "magick", .words = { "KIND", "-alpha", "off", "-colorspace", "sRGB", "-depth", "8", "ppm:-" } },
    { .program = "convert", .words = { "KIND", "-alpha", "off", "-colorspace", "sRGB", "-depth", "8", "ppm:-" } },
    { .program = "ffmpeg",
      .words = { "-nostdin", "-v", "error", "-noautorotate", "-i", "pipe:0", "-frames:v", "1", "-pix_fmt", "rgb24",
                 "-f", "image2pipe", "-c:v", "ppm", "pipe:1" } },
};

/* Finds the program in PATH; false when it is not there. */
static bool program_find(const char *name, char *path, size_t size) {
    for (const char *at = getenv("PATH"); at && *at; at += *at == ':') {
        size_t length = strcspn(at, ":");
        int printed = snprintf(path, size, "%.*s/%s", (int)length, length ? at : ".", name);
        if (length == 0) printed = snprintf(path, size, "./%s", name);
        if (printed > 0 && (size_t)printed < size && access(path, X_OK) == 0) return true;
        at += length;
    }
    return false;
}

/* ---- running a converter ---------------------------------------------------------------------------------------- */

/* A process with its standard streams: input is a file, output and error are pipes. */
typedef struct {
    pid_t process;
    int input, output[2], error[2]; /* pipes: [0] is read here, [1] written there; -1: closed */
} Child;

/* Moves *fd above the three standard streams; it is closed in programs that are started. */
static bool descriptor_lift(int *fd) {
    int lifted = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
    close(*fd);
    *fd = lifted;
    return lifted >= 0;
}

static bool pipe_open(int ends[2]) {
    if (pipe(ends) != 0) {
        ends[0] = ends[1] = -1;
        return false;
    }
    bool first = descriptor_lift(&ends[0]), second = descriptor_lift(&ends[1]);
    return first && second;
}

static void descriptor_close(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static bool child_start(Child *child, const char *program, const Converter *converter, const FileKind *kind) {
    char *words[COUNT(converter->words) + 2] = { (char *)converter->program }, input[32];
    snprintf(input, sizeof input, "%s:-[0]", kind->converter);
    for (size_t i = 0; i < COUNT(converter->words) && converter->words[i]; i++)
        words[i + 1] = strcmp(converter->words[i], "KIND") ? (char *)converter->words[i] : input;
    posix_spawn_file_actions_t streams;
    posix_spawnattr_t group; /* a process group, so that what the converter starts is killed with it */
    if (posix_spawnattr_init(&group) != 0) return false;
    if (posix_spawn_file_actions_init(&streams) != 0) {
        posix_spawnattr_destroy(&group);
        return false;
    }
    posix_spawnattr_setflags(&group, POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_adddup2(&streams, child->input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&streams, child->output[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&streams, child->error[1], STDERR_FILENO);
    bool ok = posix_spawn(&child->process, program, &streams, &group, words, environ) == 0;
    posix_spawn_file_actions_destroy(&streams);
    posix_spawnattr_destroy(&group);
    descriptor_close(&child->output[1]);
    descriptor_close(&child->error[1]);
    return ok;
}

/* What a converter has written. */
typedef struct {
    uint8_t *data;
    size_t size, room;
    char message[MESSAGE_MAX + 1];
    size_t message_size;
} Output;

/* Doubles the room, on an arena of this output; the old memory stays until the arena is freed. */
static void output_grow(Arena *arena, Output *output) {
    size_t room = output->room ? MIN(2 * output->room, (size_t)OUTPUT_MAX + 1) : OUTPUT_FIRST;
    uint8_t *data = arena_alloc(arena, room, 1);
    if (output->size) memcpy(data, output->data, output->size);
    output->data = data;
    output->room = room;
}

/* Reads what there is; closes the descriptor at the end. */
static void output_take(Arena *arena, Child *child, Output *output) {
    if (output->size == output->room) output_grow(arena, output);
    ssize_t got = read(child->output[0], output->data + output->size, output->room - output->size);
    if (got > 0) output->size += (size_t)got;
    else if (got == 0 || errno != EINTR) descriptor_close(&child->output[0]);
}

/* Keeps the beginning of the error messages; reads the rest too, so that the converter does not block. */
static void error_take(Child *child, Output *output) {
    char text[512];
    ssize_t got = read(child->error[0], text, sizeof text);
    if (got > 0) {
        size_t kept = MIN((size_t)got, MESSAGE_MAX - output->message_size);
        memcpy(output->message + output->message_size, text, kept);
        output->message_size += kept;
    } else if (got == 0 || errno != EINTR) {
        descriptor_close(&child->error[0]);
    }
}

/* Reads until the converter has closed both streams. Returns NULL, or what was wrong: too much output, too late. */
static const char *output_read(Arena *arena, Child *child, Output *output, double end) {
    while (child->output[0] >= 0 || child->error[0] >= 0) {
        double left = end - clock_seconds();
        if (left <= 0) return "it took too long";
        struct pollfd streams[2] = { { .fd = child->output[0], .events = POLLIN },
                                     { .fd = child->error[0], .events = POLLIN } };
        int ready = poll(streams, 2, (int)MIN(left * 1000 + 1, 1e6));
        if (ready < 0 && errno != EINTR) return strerror(errno);
        if (ready <= 0) continue;
        if (streams[0].revents) output_take(arena, child, output);
        if (streams[1].revents) error_take(child, output);
        if (output->size > OUTPUT_MAX) return "the picture has too many pixels";
    }
    return NULL;
}

/* Waits until `end`, then kills it. True when it ended by itself with exit status 0. */
static bool child_end(Child *child, double end) {
    int status = 0;
    pid_t got = waitpid(child->process, &status, WNOHANG);
    for (; got == 0 && clock_seconds() < end; got = waitpid(child->process, &status, WNOHANG)) poll(NULL, 0, 1);
    if (got == 0) {
        kill(-child->process, SIGKILL);
        do {
            got = waitpid(child->process, &status, 0);
        } while (got < 0 && errno == EINTR);
    }
    return got == child->process && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The first line of its error messages. */
static const char *error_shown(Output *output) {
    output->message[output->message_size] = '\0';
    output->message[strcspn(output->message, "\r\n")] = '\0';
    return output->message[0] ? quoted(output->message) : "it failed without a message";
}

typedef struct {
    const char *path;
    const FileKind *kind;
} Source;

static bool converter_run(Arena *arena, Source source, const Converter *converter, const char *program, Image *image,
                          Err *err) {
    Arena scratch = { 0 };
    Output output = { 0 };
    Child child = { .input = open(source.path, O_RDONLY), .output = { -1, -1 }, .error = { -1, -1 } };
    const char *problem = NULL;
    if (child.input < 0 || !descriptor_lift(&child.input) || !pipe_open(child.output) || !pipe_open(child.error) ||
        !child_start(&child, program, converter, source.kind)) {
        problem = "it cannot be run";
    } else {
        double end = clock_seconds() + image_convert_seconds;
        problem = output_read(&scratch, &child, &output, end);
        bool well = child_end(&child, problem ? 0 : end);
        if (!problem && !well) problem = error_shown(&output);
    }
    int *ends[] = { &child.input, &child.output[0], &child.output[1], &child.error[0], &child.error[1] };
    for (size_t i = 0; i < COUNT(ends); i++) descriptor_close(ends[i]);
    bool ok;
    if (problem) {
        ok = err_set(err, "%s: %s could not convert this %s file: %s", source.path, converter->program,
                     source.kind->name, problem);
    } else {
        char *name = arena_print(&scratch, "%s, as converted by %s", source.path, converter->program);
        ok = image_decode(arena, name, (File){ .data = output.data, .size = output.size }, image, err);
    }
    arena_free(&scratch);
    return ok;
}

static bool picture_convert(Arena *arena, Source source, Image *image, Err *err) {
    bool tried = false;
    char program[1024];
    for (size_t i = 0; i < COUNT(converters); i++) {
        const Converter *c = &converters[i];
        if (!program_find(c->program, program, sizeof program)) continue;
        tried = true;
        if (converter_run(arena, source, c, program, image, err)) return true;
    }
    if (tried) return false;
    return err_set(err,
                   "%s: this is %s, and JPEG, PNG and PPM alone can be read without help; install ImageMagick "
                   "(magick or convert) or ffmpeg, or save it as PNG",
                   source.path, source.kind->phrase);
}

bool image_read_any(Arena *arena, const char *path, Image *image, Err *err) {
    File file;
    if (!file_open(&file, path, err)) return false;
    const FileKind *kind = file_kind(file);
    bool ok = kind && kind->converter ? picture_convert(arena, (Source){ path, kind }, image, err)
                                      : image_decode(arena, path, file, image, err);
    file_close(&file);
    return ok;
}
