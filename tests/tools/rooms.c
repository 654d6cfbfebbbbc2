/* rooms: which room of lib/ includes which. Reads every #include of lib/ and enforces the rules below.
 *
 *   build/rooms              checks; one line for each include that breaks a rule: FILE:LINE: the rule
 *   build/rooms --picture    draws the rooms and the includes between them as plots/out/rooms.png, and writes the
 *                            numbers behind the picture to plots/gallery/rooms.csv (make rooms does both and copies it)
 *
 * Run it from the top folder. The last line counts: "rooms: N passed, N failed". Exit status 0 if nothing failed.
 * lib/README.md shows plots/gallery/rooms.png; the check compares the numbers behind it with the present #include
 * lines.
 */
#include "core/version.h"
#include "core/arena.h"
#include "core/file.h"
#include "show/plot.h"
#include "show/term_fit.h"

#include <glob.h>
#include <string.h>

static const char usage[] = "rooms [--picture]\n"
                            "  Checks every #include of lib/ against the rules of the rooms; --picture draws them.\n"
                            "Exit status: 0 holds, 1 does not, 2 the command line is wrong.\n";

/* In the order to read them. A room may include itself and the rooms named here, all of them further up: no cycles. */
typedef struct {
    const char *name, *may;
} Room;
static const Room rooms[] = {
    { "core", "" },
    { "kernels", "core" },
    { "autograd", "core kernels" },
    { "formats", "core" },
    { "dataset", "core formats" },
    { "model", "core kernels autograd formats dataset" },
    { "evaluate", "core kernels autograd formats dataset model" },
    { "training", "core kernels autograd formats dataset model evaluate" },
    { "pretrained", "core kernels autograd formats dataset model" },
    { "show", "core" },
    { "pairs", "core formats dataset" },
    { "lesson", "core kernels autograd formats dataset model evaluate training show pairs" },
    { "scenes", "core kernels autograd formats dataset model evaluate training show lesson" },
    { "generation", "core kernels autograd formats dataset model evaluate training show scenes" },
    { "sound", "core formats model training show scenes" },
};
enum { ROOMS = COUNT(rooms), PATH_ROOM = 256, FILES_MAX = 512 };

static int room_find(const char *name, size_t length) {
    for (int r = 0; r < ROOMS; r++)
        if (strlen(rooms[r].name) == length && !strncmp(rooms[r].name, name, length)) return r;
    return -1;
}

/* May room `from` include room `to`? */
static bool allowed(int from, int to) {
    const char *word = rooms[from].may;
    size_t length = strlen(rooms[to].name);
    if (from == to) return true;
    for (; *word; word += strspn(word, " ")) {
        size_t n = strcspn(word, " ");
        if (n == length && !strncmp(word, rooms[to].name, n)) return true;
        word += n;
    }
    return false;
}

static struct {
    int passed, failed;
    int files[ROOMS];
    bool includes[ROOMS][ROOMS]; /* [from][to] */
} found;

static void wrong(const char *path, int line, const char *what) {
    fprintf(stderr, "%s:%d: %s\n", path, line, what);
    found.failed++;
}

/* One line of a file of room `from`; `include` is what stands between the quotes. */
static void include_check(const char *path, int line, int from, const char *include) {
    char what[600], header[PATH_ROOM + 8];
    const char *slash = strchr(include, '/');
    int to = slash ? room_find(include, (size_t)(slash - include)) : -1;
    snprintf(header, sizeof header, "lib/%s", include);
    if (to < 0) {
        snprintf(what, sizeof what, "\"%s\" names no room; write \"ROOM/FILE.h\"; lib/ includes nothing from outside",
                 include);
        wrong(path, line, what);
    } else if (!file_exists(header)) {
        snprintf(what, sizeof what, "there is no %s", header);
        wrong(path, line, what);
    } else if (!allowed(from, to)) {
        snprintf(what, sizeof what, "room %s must not include room %s (\"%s\"); it may include: %s", rooms[from].name,
                 rooms[to].name, include, *rooms[from].may ? rooms[from].may : "nothing");
        wrong(path, line, what);
    } else {
        found.passed++;
        found.includes[from][to] = true;
    }
}

/* Every #include "..." of a file. */
static void file_check(const char *path, int from) {
    char text[1024], include[PATH_ROOM];
    FILE *file = fopen(path, "r");
    if (!file) die("%s cannot be read", path);
    for (int line = 1; fgets(text, sizeof text, file); line++)
        if (sscanf(text, " # include \"%255[^\"]\"", include) == 1) include_check(path, line, from, include);
    fclose(file);
    found.files[from]++;
}

static void all_check(void) {
    glob_t list;
    if (glob("lib/*/*.[ch]", 0, NULL, &list) != 0) die("there is no lib/ here; run build/rooms from the top folder");
    for (size_t i = 0; i < list.gl_pathc; i++) {
        const char *room = list.gl_pathv[i] + strlen("lib/");
        int from = room_find(room, strcspn(room, "/"));
        if (from < 0) wrong(list.gl_pathv[i], 1, "this folder is no room; add it to tests/tools/rooms.c with its rule");
        else file_check(list.gl_pathv[i], from);
    }
    globfree(&list);
    if (glob("lib/*.[ch]", 0, NULL, &list) == 0) {
        wrong(list.gl_pathv[0], 1, "this file must lie in a room, lib/ROOM/");
        globfree(&list);
    }
}

/* True if `from` includes a room that includes `to`: that arrow is left out of the picture. */
static bool indirect(int from, int to) {
    for (int r = 0; r < ROOMS; r++)
        if (r != from && r != to && found.includes[from][r] && (found.includes[r][to] || indirect(r, to))) return true;
    return false;
}

/* Rooms from left to right; the number in a box is its number of files. */
static void picture(void) {
    Arena arena = { 0 };
    GraphNode nodes[ROOMS];
    Err err;
    for (int r = 0; r < ROOMS; r++) {
        nodes[r] = (GraphNode){ .name = rooms[r].name, .operation = "", .value = mat_new(&arena, 1, 1) };
        nodes[r].value.v[0] = (num)found.files[r];
        for (int to = 0; to < r; to++) {
            if (!found.includes[r][to] || indirect(r, to)) continue;
            REQUIRE(nodes[r].inputs < (int)COUNT(nodes[r].in), "room %s has too many arrows", rooms[r].name);
            nodes[r].in[nodes[r].inputs++] = to;
        }
    }
    Graph graph = { .title = "The rooms of lib/: an arrow leads to the room that includes it",
                    .nodes = nodes,
                    .count = ROOMS };
    if (plot_graph("rooms", &graph, &err) == PLOT_FAILED) die("%s", err.text);
    printf("%s\n", plot_path("rooms"));
    arena_free(&arena);
}

/* One line of the numbers behind the picture: a room, how many files it has, the rooms it includes. */
static void room_line(int r, char line[PATH_ROOM]) {
    int n = snprintf(line, PATH_ROOM, "%s,%d,", rooms[r].name, found.files[r]);
    for (int to = 0; to < ROOMS; to++)
        if (to != r && found.includes[r][to]) n += snprintf(line + n, (size_t)(PATH_ROOM - n), "%s ", rooms[to].name);
    if (line[n - 1] == ' ') line[n - 1] = '\0';
}

static const char numbers[] = "plots/gallery/rooms.csv";

static void numbers_write(void) {
    OutFile out;
    Err err;
    char line[PATH_ROOM];
    if (!out_open(&out, numbers, &err)) die("%s", err.text);
    for (int r = 0; r < ROOMS; r++) {
        room_line(r, line);
        fprintf(out.stream, "%s\n", line);
    }
    if (!out_commit(&out, &err)) die("%s", err.text);
}

static void numbers_check(void) {
    char got[PATH_ROOM] = "", want[PATH_ROOM];
    FILE *file = fopen(numbers, "r");
    bool same = file != NULL;
    for (int r = 0; r < ROOMS && same; r++) {
        room_line(r, want);
        same = fgets(got, sizeof got, file) && !strncmp(got, want, strlen(want)) && got[strlen(want)] == '\n';
    }
    if (file) fclose(file);
    if (same) found.passed++;
    else wrong(numbers, 1, "the picture of the rooms does not fit the #include lines; run make rooms to draw it again");
}

int main(int argc, char **argv) {
    term_fit_output();
    if (version_asked(argc, argv)) return status_printed(0);
    bool draw = argc == 2 && !strcmp(argv[1], "--picture");
    if (argc == 2 && !strcmp(argv[1], "--help")) return fputs(usage, stdout) == EOF;
    if (argc > 1 && !draw) die_usage("rooms [--picture]; try --help");
    all_check();
    if (draw) {
        picture();
        numbers_write();
    } else {
        numbers_check();
    }
    printf("rooms: %d passed, %d failed\n", found.passed, found.failed);
    return found.failed > 0;
}
