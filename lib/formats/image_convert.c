#include "formats/image_convert.h"
#include "core/file.h"

#include "core/quote.h"
#include "formats/png.h"

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

enum { PPM_HEAD = 64, OUTPUT_MAX = 3 * IMAGE_PIXELS_MAX + PPM_HEAD, OUTPUT_FIRST = 1 << 20, COMPLAINT_MAX = 200 };

/* ---- kinds and converters ---------------------------------------------------------------------------------------- */

/* A kind of file, by the bytes it has at `at`; `magick` is ImageMagick's word for it. */
typedef struct {
    const char *name, *magick;
    size_t at, length;
    const char *bytes;
} Kind;

static const Kind kinds[] = {
    { "JPEG", "jpeg:-[0]", 0, 3, "\xff\xd8\xff" }, { "GIF", "gif:-[0]", 0, 4, "GIF8" },
    { "WebP", "webp:-[0]", 8, 4, "WEBP" },         { "BMP", "bmp:-[0]", 0, 2, "BM" },
    { "TIFF", "tiff:-[0]", 0, 4, "II*\0" },        { "TIFF", "tiff:-[0]", 0, 4, "MM\0*" },
    { "AVIF", "avif:-[0]", 4, 8, "ftypavif" },     { "HEIC", "heic:-[0]", 4, 7, "ftyphei" },
    { "HEIC", "heic:-[0]", 4, 8, "ftypmif1" },     { "JPEG 2000", "jp2:-[0]", 0, 12, "\0\0\0\x0cjP  \r\n\x87\n" },
};

static const Kind *kind_find(File file) {
    for (size_t i = 0; i < COUNT(kinds); i++) {
        const Kind *k = &kinds[i];
        if (file.size >= k->at + k->length && !memcmp(file.data + k->at, k->bytes, k->length)) return k;
    }
    return NULL;
}

/* A program and its words; "KIND" stands for the kind of file. */
typedef struct {
    const char *program, *words[16];
    bool only_jpeg;
} Converter;

static const Converter converters[] = {
    { .program = "magick", .words = { "KIND", "-alpha", "off", "-colorspace", "sRGB", "-depth", "8", "ppm:-" } },
    { .program = "convert", .words = { "KIND", "-alpha", "off", "-colorspace", "sRGB", "-depth", "8", "ppm:-" } },
    { .program = "djpeg", .words = { "-pnm" }, .only_jpeg = true },
    { .program = "ffmpeg",
      .words = { "-nostdin", "-v", "error", "-noautorotate", "-i", "pipe:0", "-frames:v", "1", "-pix_fmt", "rgb24",
                 "-f", "image2pipe", "-c:v", "ppm", "pipe:1" } },
};

/* Where PATH has the program; false if nowhere. */
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

/* ---- running one ------------------------------------------------------------------------------------------------- */

/* A child with its standard streams: input is a file, output and complaints come through pipes. */
typedef struct {
    pid_t process;
    int input, output[2], complaint[2]; /* pipes: [0] to read here, [1] to write there; -1: closed */
} Child;

/* Above the three standard streams, and not handed on by accident. */
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

static bool child_start(Child *child, const char *program, const Converter *converter, const Kind *kind) {
    char *words[COUNT(converter->words) + 2] = { (char *)converter->program };
    for (size_t i = 0; i < COUNT(converter->words) && converter->words[i]; i++)
        words[i + 1] = (char *)(strcmp(converter->words[i], "KIND") ? converter->words[i] : kind->magick);
    posix_spawn_file_actions_t streams;
    posix_spawnattr_t group; /* of its own, so that whatever it starts can be ended with it */
    if (posix_spawnattr_init(&group) != 0) return false;
    if (posix_spawn_file_actions_init(&streams) != 0) return posix_spawnattr_destroy(&group), false;
    posix_spawnattr_setflags(&group, POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_adddup2(&streams, child->input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&streams, child->output[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&streams, child->complaint[1], STDERR_FILENO);
    bool ok = posix_spawn(&child->process, program, &streams, &group, words, environ) == 0;
    posix_spawn_file_actions_destroy(&streams);
    posix_spawnattr_destroy(&group);
    descriptor_close(&child->output[1]);
    descriptor_close(&child->complaint[1]);
    return ok;
}

/* What comes out of a child. */
typedef struct {
    uint8_t *data;
    size_t size, room;
    char complaint[COMPLAINT_MAX + 1];
    size_t complaint_size;
} Output;

/* More room, on an arena of this output's own; the older half stays behind until the end. */
static void output_grow(Arena *arena, Output *output) {
    size_t room = output->room ? MIN(2 * output->room, (size_t)OUTPUT_MAX + 1) : OUTPUT_FIRST;
    uint8_t *data = arena_alloc(arena, room, 1);
    if (output->size) memcpy(data, output->data, output->size);
    output->data = data;
    output->room = room;
}

/* Takes what there is; closes the descriptor at its end. */
static void output_take(Arena *arena, Child *child, Output *output) {
    if (output->size == output->room) output_grow(arena, output);
    ssize_t got = read(child->output[0], output->data + output->size, output->room - output->size);
    if (got > 0) output->size += (size_t)got;
    else if (got == 0 || errno != EINTR) descriptor_close(&child->output[0]);
}

/* Keeps the beginning of what it complains about, and takes the rest so that it does not wait. */
static void complaint_take(Child *child, Output *output) {
    char text[512];
    ssize_t got = read(child->complaint[0], text, sizeof text);
    if (got > 0) {
        size_t kept = MIN((size_t)got, COMPLAINT_MAX - output->complaint_size);
        memcpy(output->complaint + output->complaint_size, text, kept);
        output->complaint_size += kept;
    } else if (got == 0 || errno != EINTR) {
        descriptor_close(&child->complaint[0]);
    }
}

/* Until the child has closed both, or has written too much, or the clock says `end`. NULL, or what was wrong. */
static const char *output_read(Arena *arena, Child *child, Output *output, double end) {
    while (child->output[0] >= 0 || child->complaint[0] >= 0) {
        double left = end - clock_seconds();
        if (left <= 0) return "it took too long";
        struct pollfd streams[2] = { { .fd = child->output[0], .events = POLLIN },
                                     { .fd = child->complaint[0], .events = POLLIN } };
        int ready = poll(streams, 2, (int)MIN(left * 1000 + 1, 1e6));
        if (ready < 0 && errno != EINTR) return strerror(errno);
        if (ready <= 0) continue;
        if (streams[0].revents) output_take(arena, child, output);
        if (streams[1].revents) complaint_take(child, output);
        if (output->size > OUTPUT_MAX) return "the picture has too many pixels";
    }
    return NULL;
}

/* Whether it ends well by itself before `end`; then it is ended. */
static bool child_end(Child *child, double end) {
    int status = 0;
    pid_t got;
    while ((got = waitpid(child->process, &status, WNOHANG)) == 0 && clock_seconds() < end) poll(NULL, 0, 1);
    if (got == 0) {
        kill(-child->process, SIGKILL);
        while ((got = waitpid(child->process, &status, 0)) < 0 && errno == EINTR) continue;
    }
    return got == child->process && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The first line of its complaint, for a message. */
static const char *complaint_shown(Output *output) {
    output->complaint[output->complaint_size] = '\0';
    output->complaint[strcspn(output->complaint, "\r\n")] = '\0';
    return output->complaint[0] ? quoted(output->complaint) : "it failed without a word";
}

typedef struct {
    const char *path;
    const Kind *kind;
} Source;

static bool converter_run(Arena *arena, Source source, const Converter *converter, const char *program, Image *image,
                          Err *err) {
    Arena scratch = { 0 };
    Output output = { 0 };
    Child child = { .input = open(source.path, O_RDONLY), .output = { -1, -1 }, .complaint = { -1, -1 } };
    const char *trouble = NULL;
    if (child.input < 0 || !descriptor_lift(&child.input) || !pipe_open(child.output) || !pipe_open(child.complaint) ||
        !child_start(&child, program, converter, source.kind)) {
        trouble = "it cannot be run";
    } else {
        double end = clock_seconds() + image_convert_seconds;
        trouble = output_read(&scratch, &child, &output, end);
        bool well = child_end(&child, trouble ? 0 : end);
        if (!trouble && !well) trouble = complaint_shown(&output);
    }
    int *ends[] = { &child.input, &child.output[0], &child.output[1], &child.complaint[0], &child.complaint[1] };
    for (size_t i = 0; i < COUNT(ends); i++) descriptor_close(ends[i]);
    bool ok;
    if (trouble) {
        ok = err_set(err, "%s: %s could not convert this %s file: %s", source.path, converter->program,
                     source.kind->name, trouble);
    } else {
        char *name = arena_print(&scratch, "%s, as converted by %s", source.path, converter->program);
        ok = image_decode(arena, name, (File){ .data = output.data, .size = output.size }, image, err);
    }
    arena_free(&scratch);
    return ok;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static bool picture_convert(Arena *arena, Source source, Image *image, Err *err) {
    bool tried = false;
    char program[1024];
    for (size_t i = 0; i < COUNT(converters); i++) {
        const Converter *c = &converters[i];
        if (c->only_jpeg && strcmp(source.kind->name, "JPEG") != 0) continue;
        if (!program_find(c->program, program, sizeof program)) continue;
        tried = true;
        if (converter_run(arena, source, c, program, image, err)) return true;
    }
    if (tried) return false;
    return err_set(err,
                   "%s: this is a %s file, and PNG and PPM alone can be read without help; install ImageMagick "
                   "(magick or convert) or ffmpeg, or save it as PNG",
                   source.path, source.kind->name);
}

bool image_read_any(Arena *arena, const char *path, Image *image, Err *err) {
    File file;
    if (!file_open(&file, path, err)) return false;
    const Kind *kind = kind_find(file);
    bool ok =
        kind ? picture_convert(arena, (Source){ path, kind }, image, err) : image_decode(arena, path, file, image, err);
    file_close(&file);
    return ok;
}
