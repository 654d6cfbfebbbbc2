#include "show/plot.h"
#include "show/plot_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- files ------------------------------------------------------------------------------------------------------- */

static const char *base_folder(void) {
    const char *folder = getenv("CLIP_PLOTS");
    return folder && *folder ? folder : "plots";
}

enum { PATH_SIZE = 1024 };

static bool path_of(char *path, const char *inside, const char *name, const char *extension, Err *err) {
    int length = snprintf(path, PATH_SIZE, "%s/%s%s%s", base_folder(), inside, name, extension);
    return length < PATH_SIZE || err_set(err, "%.80s...: the path is too long", path);
}

static bool name_good(const char *name, Err *err) {
    bool good = *name && *name != '.' && !strchr(name, '/') && strlen(name) < 200;
    for (const char *at = name; good && *at; at += glyph_of(at).bytes) good = glyph_of(at).printable;
    return good || err_set(err,
                           "plot \"%.80s\": a name for files must not be empty, contain a slash or a control "
                           "character, start with a point, or have 200 bytes or more",
                           name);
}

static bool folders_make(Err *err) {
    char path[PATH_SIZE];
    Err inner;
    bool ok = path_of(path, "data", "", "", err) && folder_make(path, &inner) && path_of(path, "out", "", "", err) &&
              folder_make(path, &inner);
    return ok || err_set(err, "%.900s; set CLIP_PLOTS to a folder that can be written", inner.text);
}

/* Writes one of the three files, completely or not at all. */
static bool write_file(const char *name, const char *folder, const char *extension, const PlotKind *kind,
                       const void *figure, Err *err) {
    char path[PATH_SIZE];
    OutFile out;
    if (!path_of(path, folder, name, extension, err) || !out_open(&out, path, err)) return false;
    Script script = { .file = out.stream, .name = name };
    if (!strcmp(extension, ".csv")) kind->data(out.stream, figure);
    else if (!strcmp(extension, ".rgb")) kind->pixels(&out, figure);
    else kind->script(&script, figure);
    return out_commit(&out, err);
}

/* ---- gnuplot ----------------------------------------------------------------------------------------------------- */

/* Called before fork: between fork and exec a program with threads may call only async-signal-safe functions. Relative
 * folders of PATH are skipped, because the child works in another folder. */
static bool gnuplot_find(char *path) {
    const char *from = getenv("PATH");
    while (from && *from) {
        size_t length = strcspn(from, ":");
        int size = snprintf(path, PATH_SIZE, "%.*s/gnuplot", (int)MIN(length, PATH_SIZE), from);
        if (*from == '/' && size < PATH_SIZE && access(path, X_OK) == 0) return true;
        from += length + (from[length] == ':');
    }
    return false;
}

/* The child: empty input, both outputs into the pipe, in the plots folder. */
NORETURN static void gnuplot_become(const char *program, const char *folder, const char *const *arguments, int output) {
    int input = open("/dev/null", O_RDONLY);
    if (input >= 0 && dup2(input, 0) >= 0 && dup2(output, 1) >= 0 && dup2(output, 2) >= 0 && chdir(folder) == 0)
        execv(program, (char *const *)(uintptr_t)arguments);
    _exit(127);
}

/* Reads until the other end closes; keeps as much as fits. */
static void drain(int fd, char *text, size_t size) {
    char lost[512];
    size_t kept = 0;
    for (;;) {
        bool room = kept + 1 < size;
        ssize_t got = read(fd, room ? text + kept : lost, room ? size - 1 - kept : sizeof lost);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        if (room) kept += (size_t)got;
    }
    text[kept] = '\0';
}

/* The message in gnuplot's output: the line that contains "line", or else the first that is not blank. Cut in place. */
static char *message_in(char *text) {
    char *line = strstr(text, ".gp\" line ");
    if (line)
        while (line > text && line[-1] != '\n') line--;
    else line = text + strspn(text, " \n\t^");
    line[strcspn(line, "\n")] = '\0';
    return line;
}

/* Where gnuplot, which works in the plots folder, must write for the file out/NAME.EXTENSION to appear as a whole. */
static bool picture_plan(OutFile *out, const char *name, const char *extension, char *written, Err *err) {
    char path[PATH_SIZE], here[PATH_SIZE] = "";
    if (!path_of(path, "out/", name, extension, err) || !out_plan(out, path, err)) return false;
    if (*out->temporary != '/' && (!getcwd(here, sizeof here - 1) || !strcat(here, "/")))
        return err_set(err, "%s: the current folder has no path: %s", path, strerror(errno));
    int length = snprintf(written, PATH_SIZE, "%s%s", here, out->temporary);
    return length < PATH_SIZE || err_set(err, "%.80s...: the path is too long", written);
}

/* The last bytes of every file of a kind. gnuplot's status is 0 on a full disk, too: a cut file lacks them. */
#define PNG_END "IEND\256B`\202"
#define GIF_END ";"

static bool picture_ends(const char *path, const char *end) {
    File file;
    size_t size = strlen(end);
    if (!file_open(&file, path, NULL)) return false;
    bool ends = file.size >= size && !memcmp(file.data + file.size - size, end, size);
    file_close(&file);
    return ends;
}

/* Renames what gnuplot has drawn, or removes it. */
static bool picture_finish(OutFile *out, bool drawn, const char *end, Err *err) {
    if (drawn && !picture_ends(out->temporary, end))
        drawn = err_set(err, "%s: gnuplot has not written all of it, is the disk full?", out->path);
    if (!drawn) remove(out->temporary);
    return drawn && out_commit(out, err);
}

static bool gnuplot_run(const char *program, const char *name, const char *picture, const char *motion, Err *err) {
    char script[PATH_SIZE], said[2048];
    const char *folder = base_folder();
    int ends[2], status;
    snprintf(script, sizeof script, "./%s.gp", name); /* "./": no name is taken for an option */
    /* -d: without the user's settings; -c: with arguments, the files to draw to (plot_write.h, script_begin) */
    const char *const arguments[] = { "gnuplot", "-d", "-c", script, picture, motion, NULL };
    if (pipe(ends) != 0) return err_set(err, "%s: gnuplot not started: %s", name, strerror(errno));
    pid_t pid = fork();
    if (pid == 0) gnuplot_become(program, folder, arguments, ends[1]);
    close(ends[1]);
    drain(ends[0], said, sizeof said);
    close(ends[0]);
    if (pid < 0) return err_set(err, "%s: gnuplot not started: %s", name, strerror(errno));
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return err_set(err, "%s: waiting for gnuplot failed: %s", name, strerror(errno));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
    return err_set(err, "%.200s/%s.gp: gnuplot failed: %s; run gnuplot %s.gp there to see more", folder, name,
                   WIFSIGNALED(status) ? "it was stopped by a signal" : message_in(said), name);
}

static PlotResult gnuplot_missing(const char *name) {
    static bool said;
    const char *folder = base_folder(), *todo = "install gnuplot and run make plots";
    if (!said)
        fprintf(stderr, "gnuplot is not installed: the data is in %s/data/%s.csv, the script in %s/%s.gp; %s\n", folder,
                name, folder, name, todo);
    said = true;
    return PLOT_NO_GNUPLOT;
}

static bool picture_draw(const char *program, const char *name, Err *err) {
    char picture[PATH_SIZE], motion[PATH_SIZE];
    OutFile still, moving;
    if (!picture_plan(&still, name, ".png", picture, err) || !picture_plan(&moving, name, ".gif", motion, err))
        return false;
    bool drawn = gnuplot_run(program, name, picture, motion, err);
    bool finished = picture_finish(&still, drawn, PNG_END, err), animated = file_exists(moving.temporary);
    return (!animated || picture_finish(&moving, drawn, GIF_END, err)) && finished;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static int failures;
int plot_failures(void) { return failures; }

static PlotResult failed(const Err *inner, Err *err) {
    failures++;
    fflush(stdout); /* keeps the order of the lines */
    if (err) *err = *inner;
    else fprintf(stderr, "no picture: %s\n", inner->text);
    return PLOT_FAILED;
}

/* Once per program. */
static void say_replaced(const char *name) {
    static bool said;
    if (said || !gp_replaced()) return;
    said = true;
    fflush(stdout);
    fprintf(stderr, "note: %s.png has a small box in place of each character that common fonts lack\n", name);
}

PlotResult plot_figure(const char *name, const PlotKind *kind, const void *figure, Err *err) {
    char program[PATH_SIZE];
    Err inner = { "" };
    kind->require(figure);
    bool written = name_good(name, &inner) && folders_make(&inner) &&
                   write_file(name, "data/", ".csv", kind, figure, &inner) &&
                   (!kind->pixels || write_file(name, "data/", ".rgb", kind, figure, &inner)) &&
                   write_file(name, "", ".gp", kind, figure, &inner);
    if (!written) return failed(&inner, err);
    say_replaced(name);
    if (!gnuplot_find(program)) return gnuplot_missing(name);
    if (!picture_draw(program, name, &inner)) return failed(&inner, err);
    return PLOT_DRAWN;
}

PlotResult plot_heat(const char *name, const Heat *f, Err *err) { return plot_figure(name, &plot_kind_heat, f, err); }
PlotResult plot_bars(const char *name, const Bars *f, Err *err) { return plot_figure(name, &plot_kind_bars, f, err); }
PlotResult plot_lines(const char *name, const Lines *f, Err *err) {
    return plot_figure(name, &plot_kind_lines, f, err);
}
PlotResult plot_tiles(const char *name, const Tiles *f, Err *err) {
    return plot_figure(name, &plot_kind_tiles, f, err);
}
PlotResult plot_graph(const char *name, const Graph *f, Err *err) {
    return plot_figure(name, &plot_kind_graph, f, err);
}
PlotResult plot_motion(const char *name, const Motion *f, Err *err) {
    return plot_figure(name, &plot_kind_motion, f, err);
}

const char *plot_path(const char *name) {
    static _Thread_local char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/out/%s.png", base_folder(), name);
    return path;
}
