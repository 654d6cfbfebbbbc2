/* plot: are data and script what was said, is the picture drawn, and does nothing that fails do harm? */
#include "show/plot.h"
#include "core/arena.h"
#include "core/file.h"
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- surroundings ------------------------------------------------------------------------------------------------ */

static char folder[1024];

/* check_folder() empties the folder: once per test. */
static const char *home(void) {
    static const char *made;
    if (!made) made = check_folder();
    return made;
}

static const char *inside(const char *name) {
    static char paths[4][1200];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* How many files there are in a folder of it. */
static int files_in(const char *name) {
    DIR *list = opendir(inside(name));
    int n = 0;
    for (struct dirent *entry = list ? readdir(list) : NULL; entry; entry = readdir(list)) n += entry->d_name[0] != '.';
    if (list) closedir(list);
    return n;
}

/* A plots folder of this test's own. */
static void set_folder(const char *name) {
    snprintf(folder, sizeof folder, "%s/%s", home(), name);
    setenv("CLIP_PLOTS", folder, 1);
}

/* A gnuplot that writes the end of a picture, and nothing before it. */
#define DRAWS "printf 'IEND\\256B`\\202' >\"$4\""

/* A PATH with nothing in it but a "gnuplot" that is this shell script; NULL: not even that. */
static void set_gnuplot(const char *script) {
    char bin[1100], path[1200];
    snprintf(bin, sizeof bin, "%s/bin%d", home(), (int)getpid());
    mkdir(bin, 0777);
    snprintf(path, sizeof path, "%s/gnuplot", bin);
    remove(path);
    if (script) {
        FILE *file = fopen(path, "w");
        CHECK(file, "%s", path);
        fprintf(file, "#!/bin/sh\n%s\n", script);
        fclose(file);
        chmod(path, 0755);
    }
    setenv("PATH", bin, 1);
}

static void want_gnuplot(void) {
    char copy[4096], path[4200];
    snprintf(copy, sizeof copy, "%s", getenv("PATH"));
    for (char *at = strtok(copy, ":"); at; at = strtok(NULL, ":")) {
        snprintf(path, sizeof path, "%s/gnuplot", at);
        if (access(path, X_OK) == 0) return;
    }
    check_skip("skipped: gnuplot is not installed");
}

static const char *content(const char *path) {
    static char text[3][65536];
    static int next;
    char *into = text[next++ % 3];
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL, "%s is not there", path);
    into[fread(into, 1, sizeof text[0] - 1, file)] = '\0';
    fclose(file);
    return into;
}

static void same_text(const char *got, const char *want) {
    CHECK(!strcmp(got, want), "got\n%s\nwanted\n%s", got, want);
}

/* What is said on stderr from now on. */
static void listen(const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    CHECK(fd >= 0 && dup2(fd, 2) >= 0, "%s", path);
    close(fd);
}

static bool is_png(const char *name) {
    char path[64];
    snprintf(path, sizeof path, "out/%s.png", name);
    if (!file_exists(inside(path))) return false;
    return !memcmp(content(inside(path)), "\x89PNG", 4);
}

/* ---- figures ----------------------------------------------------------------------------------------------------- */

static const char *const HOSTILE[] = {
    "it's \"quoted\", `touch owned` \\n %s %d {/Bold x}",
    "'; system('touch owned'); '\nline\ttwo\033[31m",
    "\xff\xfe broken \xe2\x82",
    "",
    "$(touch owned) é τ 猫",
    "@ # , ; | < > & ~ 100 %",
    "''''' . system(\"touch owned\") . '''''",
    "\" . system(\"touch owned\") . \"",
};

static Heat hostile_heat(Arena *arena) {
    Heat heat = { .title = HOSTILE[0],
                  .y = HOSTILE[1],
                  .x = HOSTILE[2],
                  .m = mat_zero(arena, 8, 8),
                  .decimals = 2,
                  .rows = HOSTILE,
                  .cols = HOSTILE };
    for (int i = 0; i < 64; i++) heat.m.v[i] = i == 7 ? NAN : i == 8 ? INFINITY : (num)(0.1 * (i - 30));
    return heat;
}

static PlotResult plot_small_heat(const char *name, Err *err) {
    Arena arena = { 0 };
    const char *const rows[] = { "a \"cat\"", "one, two" };
    Mat m = mat_from(&arena, 2, 2, (double[]){ 1, 0.1, NAN, -3 });
    Heat heat = { .title = "T", .rows = rows, .decimals = 1, .m = m };
    PlotResult result = plot_heat(name, &heat, err);
    arena_free(&arena);
    return result;
}

TEST(heat_as_csv) {
    set_folder("heat");
    set_gnuplot(DRAWS);
    CHECK(plot_small_heat("h", NULL) == PLOT_DRAWN, "%s", "gnuplot was content");
    const char *tenth = sizeof(num) == 4 ? "0.100000001" : "0.1", *data = content(inside("data/h.csv"));
    char want[512];
    snprintf(want, sizeof want,
             "row,column,value,row_label,column_label\n1,1,1,\"a \"\"cat\"\"\",1\n"
             "1,2,%s,\"a \"\"cat\"\"\",2\n2,1,,\"one, two\",1\n2,2,-3,\"one, two\",2\n",
             tenth);
    same_text(data, want);
    const char *script = content(inside("h.gp"));
    CHECK(strstr(script, "picture = \"out/h.png\"") && strstr(script, "\"data/h.csv\""), "%s", script);
    CHECK(!strstr(script, folder), "paths are relative to the folder:\n%s", script);
}

TEST(bars_as_csv) {
    const Bar list[] = { { "cat", 0.5, 0.25, 0.75, false },
                         { HOSTILE[1], -1e-10, 0, 0, true },
                         { "", NAN, 0, 0, false } };
    Bars bars = { .bars = list, .count = 3 };
    set_folder("bars");
    set_gnuplot(DRAWS);
    CHECK(plot_bars("b", &bars, NULL) == PLOT_DRAWN, "%s", "gnuplot was content");
    same_text(content(inside("data/b.csv")),
              "bar,value,low,high,marked,label\n1,0.5,0.25,0.75,0,cat\n"
              "2,-1e-10,,,1,\"'; system('touch owned'); ' line two [31m\"\n3,,,,0,\"\"\n");
}

TEST(lines_as_csv) {
    const num x[] = { 0, 2, 4 }, y[] = { 1, NAN, 3 }, z[] = { 5, 6 };
    const Series series[] = { { "a", x, y, 3 }, { "b", x, x, 3 }, { "c, d", NULL, z, 2 }, { NULL, NULL, z, 2 } };
    Lines lines = { .x = "epoch", .series = series, .count = 4 };
    set_folder("lines");
    set_gnuplot(DRAWS);
    CHECK(plot_lines("l", &lines, NULL) == PLOT_DRAWN, "%s", "gnuplot was content");
    same_text(content(inside("data/l.csv")), "epoch,a,b,epoch,\"c, d\",4\n0,1,0,1,5,5\n2,,2,2,6,6\n4,3,4,,,\n");
    const char *script = content(inside("l.gp"));
    CHECK(strstr(script, "using 1:2 title \"a\"") && strstr(script, "using 1:3 title \"b\"") &&
              strstr(script, "using 4:5 title \"c, d\"") && strstr(script, "using 4:6 title \"\""),
          "%s", script);
}

TEST(tiles_as_csv_and_pixels) {
    const uint8_t one[6] = { 1, 2, 3, 4, 5, 6 }, two[3] = { 7, 8, 9 };
    const Tile list[] = { { one, 1, 2, "a\nb", false }, { two, 1, 1, NULL, true } };
    Tiles tiles = { .tiles = list, .count = 2 };
    set_folder("tiles");
    set_gnuplot(DRAWS);
    CHECK(plot_tiles("t", &tiles, NULL) == PLOT_DRAWN, "%s", "gnuplot was content");
    same_text(content(inside("data/t.csv")),
              "tile,offset,width,height,marked,caption\n1,0,2,1,0,\"a b\"\n2,6,1,1,1,\"\"\n");
    same_text(content(inside("data/t.rgb")), "\1\2\3\4\5\6\7\10\11");
    CHECK(strstr(content(inside("t.gp")), "binary array=(1,1) skip=6 "), "%s", content(inside("t.gp")));
}

/* ---- the picture ------------------------------------------------------------------------------------------------- */

static void all_figures(Arena *arena, const char *const *names) {
    Err err = { "" };
    static uint8_t rgb[32 * 32 * 3];
    const num y[] = { 1, NAN, 100, 3, -2, 0 };
    Bar list[8];
    Series series[8];
    Tile tile[8];
    for (int i = 0; i < 8; i++) {
        list[i] = (Bar){ HOSTILE[i], i - 2.5, i % 2 ? 0 : i - 4, i % 2 ? 0 : i, i == 1 };
        series[i] = (Series){ HOSTILE[i], i % 2 ? y : NULL, y, MIN(i, 6) };
        tile[i] = (Tile){ rgb, i + 1, 32 - i, HOSTILE[i], i == 1 };
    }
    Heat heat = hostile_heat(arena);
    Bars bars = { .title = HOSTILE[1], .unit = HOSTILE[0], .bars = list, .count = 8, .decimals = 2 };
    Lines lines = { .title = HOSTILE[4],
                    .x = HOSTILE[0],
                    .y = HOSTILE[1],
                    .series = series,
                    .count = 8,
                    .log_y = true,
                    .reference_name = HOSTILE[0],
                    .reference = 2 };
    Tiles tiles = { .title = HOSTILE[1], .tiles = tile, .count = 8, .columns = 4 };
    CHECK(plot_heat(names[0], &heat, &err) == PLOT_DRAWN, "%s", err.text);
    CHECK(plot_bars(names[1], &bars, &err) == PLOT_DRAWN, "%s", err.text);
    CHECK(plot_lines(names[2], &lines, &err) == PLOT_DRAWN, "%s", err.text);
    CHECK(plot_tiles(names[3], &tiles, &err) == PLOT_DRAWN, "%s", err.text);
    for (int i = 0; i < 4; i++) CHECK(is_png(names[i]), "%s", names[i]);
}

TEST(pictures_with_hostile_words) {
    want_gnuplot();
    Arena arena = { 0 };
    set_folder("hostile 'folder' \"`touch owned`\"");
    all_figures(&arena, (const char *const[]){ "heat", "bars", "lines", "tiles" });
    all_figures(&arena, (const char *const[]){ "it's", "a \"b\"", "-e `touch owned`", "$(touch owned) %s" });
    CHECK(!file_exists(inside("owned")) && !file_exists("owned"), "%s", "a label was run as a command");
    arena_free(&arena);
}

TEST(pictures_of_nothing) {
    want_gnuplot();
    Err err = { "" };
    Arena arena = { 0 };
    const num gaps[] = { NAN, NAN };
    const Series series[] = { { NULL, NULL, gaps, 2 }, { NULL, NULL, NULL, 0 } };
    Bars bars = { .title = "no bars" };
    Tiles tiles = { .title = "no pictures" };
    Lines lines = { .series = series, .count = 2, .log_x = true };
    Heat heat = { .m = mat_from(&arena, 1, 1, (double[]){ NAN }) };
    set_folder("nothing");
    CHECK(plot_bars("bars", &bars, &err) == PLOT_DRAWN && is_png("bars"), "%s", err.text);
    CHECK(plot_tiles("tiles", &tiles, &err) == PLOT_DRAWN && is_png("tiles"), "%s", err.text);
    CHECK(plot_lines("lines", &lines, &err) == PLOT_DRAWN && is_png("lines"), "%s", err.text);
    CHECK(plot_heat("heat", &heat, &err) == PLOT_DRAWN && is_png("heat"), "%s", err.text);
    heat.m = mat_zero(&arena, 70, 50);
    CHECK(plot_heat("wide", &heat, &err) == PLOT_DRAWN && is_png("wide"), "%s", err.text);
    arena_free(&arena);
}

TEST(the_folder_may_be_relative) {
    want_gnuplot();
    Err err = { "" };
    CHECK(chdir(home()) == 0, "%s", home());
    unsetenv("CLIP_PLOTS");
    strcpy(folder, "plots");
    CHECK(plot_small_heat("r", &err) == PLOT_DRAWN && is_png("r"), "%s", err.text);
    same_text(plot_path("r"), "plots/out/r.png");
}

/* ---- what fails -------------------------------------------------------------------------------------------------- */

TEST(without_gnuplot_one_line_once) {
    char want[2300], said[1100];
    set_folder("none");
    set_gnuplot(NULL);
    snprintf(said, sizeof said, "%s/said", home());
    listen(said);
    CHECK(plot_small_heat("first", NULL) == PLOT_NO_GNUPLOT, "%s", "first");
    CHECK(plot_small_heat("second", NULL) == PLOT_NO_GNUPLOT, "%s", "second");
    snprintf(want, sizeof want,
             "gnuplot is not installed: the data is in %s/data/first.csv, the script in "
             "%s/first.gp; install gnuplot and run make plots\n",
             folder, folder);
    same_text(content(said), want);
    CHECK(file_exists(inside("data/second.csv")) && file_exists(inside("second.gp")), "%s", "data and script stay");
}

TEST(gnuplot_that_fails) {
    Err err = { "" };
    char want[1500];
    set_folder("fails");
    set_gnuplot("echo; echo 'set foo'; echo '    ^'; echo '\"./f.gp\" line 3: unrecognised' >&2; echo; exit 1");
    CHECK(plot_small_heat("f", &err) == PLOT_FAILED, "%s", "status 1");
    snprintf(want, sizeof want,
             "%s/f.gp: gnuplot failed: \"./f.gp\" line 3: unrecognised; "
             "run gnuplot f.gp there to see more",
             folder);
    same_text(err.text, want);
    set_gnuplot("echo; echo '  no font of that name'; echo more; exit 2");
    CHECK(plot_small_heat("f", &err) == PLOT_FAILED && strstr(err.text, "gnuplot failed: no font of that name; run"),
          "%s", err.text);
    set_gnuplot("kill -9 $$");
    CHECK(plot_small_heat("f", &err) == PLOT_FAILED && strstr(err.text, "stopped by a signal"), "%s", err.text);
    set_gnuplot("i=0; while [ $i -lt 20000 ]; do echo warning warning warning; i=$((i + 1)); done; " DRAWS);
    CHECK(plot_small_heat("f", &err) == PLOT_DRAWN, "much talk, but no failure: %s", err.text);
    set_gnuplot("read line && exit 1; [ \"$1$2$3\" = -d-c./f.gp ] && [ -f f.gp ] && " DRAWS);
    CHECK(plot_small_heat("f", &err) == PLOT_DRAWN, "no input, -d, and the right folder: %s", err.text);
}

/* gnuplot's status says nothing of a full disk. */
TEST(gnuplot_whose_picture_is_cut) {
    Err err = { "" };
    set_folder("cut");
    set_gnuplot(DRAWS);
    CHECK(plot_small_heat("c", &err) == PLOT_DRAWN, "%s", err.text);
    const char *const cuts[] = { "exit 0", ": >\"$4\"", "printf 'IEND\\256B`' >\"$4\"",
                                 DRAWS "; printf GIF89a >\"$5\"" };
    for (size_t i = 0; i < COUNT(cuts); i++) {
        set_gnuplot(cuts[i]);
        CHECK(plot_small_heat("c", &err) == PLOT_FAILED && strstr(err.text, "gnuplot has not written all of it"), "%s",
              cuts[i]);
        CHECK(file_exists(inside("out/c.png")) && !file_exists(inside("out/c.gif")), "%s", cuts[i]);
    }
    set_gnuplot(DRAWS "; printf 'GIF89a;' >\"$5\"");
    CHECK(plot_small_heat("c", &err) == PLOT_DRAWN && file_exists(inside("out/c.gif")), "%s", err.text);
}

TEST(names_that_cannot_be) {
    const char *bad[] = { "", ".", ".hidden", "a/b", "../x", "a\nb", "\xff" };
    char longest[300];
    Err err;
    set_folder("names");
    set_gnuplot(DRAWS);
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK(plot_small_heat(bad[i], &err) == PLOT_FAILED && strstr(err.text, "a name for files"), "%s", bad[i]);
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    CHECK(plot_small_heat(longest, &err) == PLOT_FAILED, "%s", longest);
    CHECK(!file_exists(folder), "%s", "nothing was written");
}

TEST(folders_that_cannot_be) {
    Err err;
    char file[1100], said[1200], want[2500];
    snprintf(file, sizeof file, "%s/file", home());
    fclose(fopen(file, "w"));
    set_folder("file/plots");
    CHECK(plot_small_heat("x", &err) == PLOT_FAILED, "%s", "a file is no folder");
    CHECK(strstr(err.text, "; set CLIP_PLOTS to a folder"), "%s", err.text);
    snprintf(said, sizeof said, "%s/said", home());
    snprintf(want, sizeof want, "no picture: %s\n", err.text);
    listen(said);
    CHECK(plot_small_heat("x", NULL) == PLOT_FAILED, "%s", "again");
    same_text(content(said), want);
    set_folder("long");
    memset(folder + strlen(folder), 'x', sizeof folder - strlen(folder) - 1);
    setenv("CLIP_PLOTS", folder, 1);
    CHECK(plot_small_heat("x", &err) == PLOT_FAILED && strlen(err.text) > 0, "%s", err.text);
}

TEST(a_full_disk_leaves_what_was_there) {
    Err err;
    Arena arena = { 0 };
    set_folder("full");
    set_gnuplot(DRAWS);
    CHECK(plot_small_heat("x", NULL) == PLOT_DRAWN, "%s", "the first time");
    const char *before = content(inside("data/x.csv"));
    int files = files_in("data");
    struct rlimit limit = { 64, 64 };
    signal(SIGXFSZ, SIG_IGN); /* then a write beyond the limit fails as on a full disk */
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0, "%s", "no limit");
    Heat heat = { .m = mat_zero(&arena, 100, 100) };
    PlotResult result = plot_heat("x", &heat, &err);
    limit.rlim_cur = limit.rlim_max;
    if (result != PLOT_FAILED || !strstr(err.text, "data/x.csv: not written (") || strchr(err.text, '\n')) _exit(3);
    if (strcmp(content(inside("data/x.csv")), before) != 0 || files_in("data") != files) _exit(4);
    arena_free(&arena);
}

/* Bars are named at their places, from 1; a caption stands under its picture, and one that is too long is cut. */
TEST(marks_and_captions_in_the_script) {
    const Bar bars[] = { { "cat", 3, 0, 0, false }, { "dog 5%", 2, 0, 0, true } };
    static const uint8_t rgb[2 * 2 * 3];
    const Tile tiles[] = { { rgb, 2, 2, "short", false },
                           { rgb, 2, 2, "so long that no picture of this size has room for half of it", false } };
    set_folder("marks");
    set_gnuplot(DRAWS);
    CHECK(plot_bars("b", &(Bars){ .bars = bars, .count = 2 }, NULL) == PLOT_DRAWN, "%s", "bars");
    const char *script = content(inside("b.gp"));
    CHECK(strstr(script, "set ytics (\"cat\" 1, \\\n    \"> dog 5%%\" 2) scale 0 nomirror\n"), "%s", script);
    CHECK(plot_tiles("t", &(Tiles){ .tiles = tiles, .count = 2 }, NULL) == PLOT_DRAWN, "%s", "tiles");
    script = content(inside("t.gp"));
    CHECK(strstr(script, "\"short\"") && strstr(script, "\"so long that") && !strstr(script, "half of it") &&
              strstr(script, "\u2026\""),
          "%s", script);
}

/* A character that the font lacks is replaced: gnuplot would draw a box as large as the page. The data keep it. */
TEST(characters_that_fonts_lack) {
    const Bar bars[] = { { "x^2 \U0001f642 ship", 1, 0, 0, false },
                         { "\u0645\u0631 \u65e5\u672c \u03a3", 2, 0, 0, false } };
    set_folder("glyphs");
    set_gnuplot(DRAWS);
    CHECK(plot_small_heat("h", NULL) == PLOT_DRAWN, "%s", "heat");
    listen(inside("said"));
    CHECK(plot_small_heat("h", NULL) == PLOT_DRAWN && !*content(inside("said")), "%s", content(inside("said")));
    CHECK(plot_bars("g", &(Bars){ .title = "\U0001f642", .bars = bars, .count = 2 }, NULL) == PLOT_DRAWN, "%s", "bars");
    const char *script = content(inside("g.gp"));
    CHECK(strstr(script, "\"x^2 \u25a1 ship\" 1") && strstr(script, "\"\u25a1\u25a1 \u25a1\u25a1 \u03a3\" 2"), "%s",
          script);
    CHECK(!strstr(script, "\U0001f642") && strstr(content(inside("data/g.csv")), "\U0001f642"), "%s", script);
    same_text(content(inside("said")),
              "note: g.png has a small box in place of each character that common fonts lack\n");
}

/* The axis of bars and the colour bar of a heat map say what the numbers are. */
TEST(names_of_the_numbers) {
    const Bar bars[] = { { "a", 1, 0, 0, false } };
    Arena arena = { 0 };
    set_folder("names");
    set_gnuplot(DRAWS);
    CHECK(plot_bars("b", &(Bars){ .values = "accuracy", .unit = " %", .bars = bars, .count = 1 }, NULL) == PLOT_DRAWN,
          "%s", "bars");
    CHECK(strstr(content(inside("b.gp")), "set xlabel \"accuracy, %\"\n"), "%s", content(inside("b.gp")));
    CHECK(plot_bars("b", &(Bars){ .values = "loss", .bars = bars, .count = 1 }, NULL) == PLOT_DRAWN, "%s", "bars");
    CHECK(strstr(content(inside("b.gp")), "set xlabel \"loss\"\n"), "%s", content(inside("b.gp")));
    Heat heat = { .values = "cosine", .m = mat_from(&arena, 1, 2, (double[]){ 1, 2 }) };
    CHECK(plot_heat("h", &heat, NULL) == PLOT_DRAWN, "%s", "heat");
    CHECK(strstr(content(inside("h.gp")), "set cblabel \"cosine\"\n"), "%s", content(inside("h.gp")));
    arena_free(&arena);
}

/* Ticks stand at the points if these are few and evenly spaced, never between whole numbers; intervals are drawn. */
TEST(ticks_at_the_points) {
    const num x[] = { 25, 50, 75, 100 }, y[] = { 1, 2, 3, 4 },
              high[] = { 2, 3, 4, 9 }, *const lows[] = { y }, *const highs[] = { high };
    const Series coverage = { "a", x, y, 4 }, epochs = { "b", NULL, y, 3 };
    set_folder("ticks");
    set_gnuplot(DRAWS);
    Lines lines = { .series = &coverage, .count = 1, .low = lows, .high = highs };
    CHECK(plot_lines("l", &lines, NULL) == PLOT_DRAWN, "%s", "lines");
    const char *script = content(inside("l.gp"));
    CHECK(strstr(script, "set xtics 25,25\n") && strstr(script, "using 1:2:3:4 with yerrorbars"), "%s", script);
    CHECK(strstr(content(inside("data/l.csv")), "x,a,low,high\n25,1,1,2\n"), "%s", content(inside("data/l.csv")));
    CHECK(plot_lines("e", &(Lines){ .series = &epochs, .count = 1 }, NULL) == PLOT_DRAWN, "%s", "epochs");
    CHECK(strstr(content(inside("e.gp")), "set xtics 1,1\n"), "%s", content(inside("e.gp")));
    lines = (Lines){ .series = &coverage, .count = 1, .from_zero = true };
    CHECK(plot_lines("z", &lines, NULL) == PLOT_DRAWN, "%s", "from zero");
    CHECK(strstr(content(inside("z.gp")), "set xtics 0,25\n"), "%s", content(inside("z.gp")));
}

/* An arrow from column 0 to column 2 passes around the box of column 1 that stands at the height of its ends. */
TEST(arrows_pass_around_boxes) {
    num v[] = { 1 };
    const Mat one = { .v = v, .shape = { 1 }, .dims = 1 };
    const GraphNode nodes[] = { { "x", "", one, NULL, { 0 }, 0 },
                                { "exp", "exp", one, NULL, { 0 }, 1 },
                                { "y", "add", one, NULL, { 0, 1 }, 2 } };
    set_folder("arrows");
    set_gnuplot(DRAWS);
    CHECK(plot_graph("g", &(Graph){ .nodes = nodes, .count = 3 }, NULL) == PLOT_DRAWN, "%s", "graph");
    const char *script = content(inside("g.gp"));
    double box[3][4], a[4];
    int boxes = 0, arrows = 0;
    for (const char *at = strstr(script, "rectangle center "); at; at = strstr(at + 1, "rectangle center ")) {
        CHECK(sscanf(at, "rectangle center %lf,%lf size %lf,%lf", &box[boxes][0], &box[boxes][1], &box[boxes][2],
                     &box[boxes][3]) == 4,
              "%s", at);
        boxes++;
    }
    CHECK(boxes == 3, "%d boxes", boxes);
    for (const char *at = strstr(script, "arrow from "); at; at = strstr(at + 1, "arrow from ")) {
        arrows++;
        CHECK(sscanf(at, "arrow from %lf,%lf to %lf,%lf", &a[0], &a[1], &a[2], &a[3]) == 4, "%s", at);
        for (int k = 1; k < 100; k++) { /* points of the arrow, without its ends */
            double x = a[0] + (a[2] - a[0]) * k / 100, y = a[1] + (a[3] - a[1]) * k / 100;
            CHECK(fabs(x - box[1][0]) > box[1][2] / 2 || fabs(y - box[1][1]) > box[1][3] / 2, "inside a box: %s", at);
        }
    }
    CHECK(arrows == 5, "%d arrows", arrows);
}

/* A long title is broken between words and never wider than the page; many tiles get more columns, not a higher
 * page. */
TEST(pages_that_fit) {
    static const uint8_t rgb[2 * 2 * 3];
    Tile tiles[12];
    int width, height;
    for (int i = 0; i < 12; i++) tiles[i] = (Tile){ rgb, 2, 2, "one\ntwo\nthree", i == 3 };
    set_folder("pages");
    set_gnuplot(DRAWS);
    const char *title = "a title of so many words that no page of this width could hold all of them in one line";
    CHECK(plot_tiles("t", &(Tiles){ .title = title, .tiles = tiles, .count = 12, .columns = 2 }, NULL) == PLOT_DRAWN,
          "%s", "tiles");
    const char *script = content(inside("t.gp")), *size = strstr(script, "noenhanced size ");
    CHECK(size && sscanf(size, "noenhanced size %d,%d", &width, &height) == 2 && width <= 950 && height <= 1100, "%s",
          script);
    CHECK(!strstr(script, title) && strstr(script, "set object rectangle"), "%s", script);
}

TESTS(heat_as_csv, bars_as_csv, lines_as_csv, tiles_as_csv_and_pixels, pictures_with_hostile_words, pictures_of_nothing,
      the_folder_may_be_relative, without_gnuplot_one_line_once, gnuplot_that_fails, gnuplot_whose_picture_is_cut,
      names_that_cannot_be, folders_that_cannot_be, a_full_disk_leaves_what_was_there, marks_and_captions_in_the_script,
      characters_that_fonts_lack, names_of_the_numbers, ticks_at_the_points, arrows_pass_around_boxes, pages_that_fit)
