/* term, draw, progress: is what one sees what was said, in a file, in a poor terminal and in a good one? */
#define _XOPEN_SOURCE 700 /* posix_openpt */
#include "show/draw.h"
#include "core/arena.h"
#include "show/progress.h"
#include "show/term_fit.h"
#include "check.h"

#include <fcntl.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ---- capture ----------------------------------------------------------------------------------------------------- */

static char *captured;
static size_t captured_size;

static Term capture(int width, bool terminal, int colour, bool utf8) {
    FILE *out = open_memstream(&captured, &captured_size);
    CHECK(out != NULL, "%s", "no memory stream");
    return (Term){ out, width, terminal, colour, utf8 };
}

static Term plain(void) { return capture(80, false, 0, false); }

/* What was drawn; lives until the test ends. */
static const char *drawn(Term *term) {
    static char *kept[16];
    static int count;
    fclose(term->out);
    REQUIRE(count < (int)COUNT(kept), "%d captures", count);
    kept[count++] = captured;
    return captured;
}

static void same_text(const char *got, const char *want) {
    CHECK(!strcmp(got, want), "got\n%s\nwanted\n%s", got, want);
}

static int occurrences(const char *text, const char *piece) {
    int count = 0;
    for (text = strstr(text, piece); text; text = strstr(text + strlen(piece), piece)) count++;
    return count;
}

/* No line is wider than `width`, escape codes not counted. */
static void no_wider(const char *text, int width) {
    char line[4096];
    size_t length = 0;
    for (; *text; text++) {
        if (*text == '\033') {
            text += strcspn(text, "m");
        } else if (*text == '\n') {
            line[length] = '\0';
            CHECK(text_columns(line) <= width, "%d columns: %s", text_columns(line), line);
            length = 0;
        } else {
            REQUIRE(length + 1 < sizeof line, "%s", "a line too long for this test");
            line[length++] = *text;
        }
    }
    CHECK(length == 0, "the last line has no end: %s", line);
}

/* ---- the terminal ------------------------------------------------------------------------------------------------ */

TEST(a_file_is_plain_and_80_wide) {
    char path[1100];
    snprintf(path, sizeof path, "%s/out", check_folder());
    FILE *out = fopen(path, "w");
    setenv("COLUMNS", "132", 1);
    setenv("COLORTERM", "truecolor", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    Term term = term_of(out);
    CHECK(!term.terminal && !term.colour && !term.utf8 && term.width == 80, "%d %d %d %d", term.terminal, term.colour,
          term.utf8, term.width);
    fclose(out);
}

static Term on_terminal(FILE *out, const char *name, const char *value) {
    static const char *const names[] = { "NO_COLOR", "COLORTERM", "STY", "TERM_PROGRAM", "LC_CTYPE", "COLUMNS" };
    for (size_t i = 0; i < COUNT(names); i++) unsetenv(names[i]);
    setenv("TERM", "xterm-256color", 1);
    setenv("LANG", "en_GB.UTF-8", 1);
    setenv("LC_ALL", "", 1);
    setenv(name, value, 1);
    return term_of(out);
}

TEST(a_terminal_shows_what_it_can) {
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) check_skip("skipped: no pseudo-terminal here");
    FILE *out = fopen(ptsname(master), "r+");
    if (!out) check_skip("skipped: no pseudo-terminal here");
    struct winsize size = { .ws_row = 20, .ws_col = 97 };
    CHECK(ioctl(fileno(out), TIOCSWINSZ, &size) == 0, "%s", "no size");
    Term term = on_terminal(out, "LANG", "en_GB.UTF-8");
    CHECK(term.terminal && term.colour == 24 && term.utf8 && term.width == 97, "%d %d %d %d", term.terminal,
          term.colour, term.utf8, term.width);
    CHECK(on_terminal(out, "NO_COLOR", "1").colour == 0 && on_terminal(out, "NO_COLOR", "1").utf8, "%s", "NO_COLOR=1");
    CHECK(on_terminal(out, "NO_COLOR", "").colour == 24, "%s", "an empty NO_COLOR is none");
    term = on_terminal(out, "TERM", "dumb");
    CHECK(term.terminal && !term.colour && !term.utf8, "%s", "TERM=dumb");
    CHECK(on_terminal(out, "TERM", "linux").colour == 8, "%s", "TERM=linux");
    for (int k = 0; k < 2; k++) {
        on_terminal(out, "TERM", "linux");
        setenv("COLORTERM", k ? "24bit" : "truecolor", 1);
        CHECK(term_of(out).colour == 24, "TERM=linux COLORTERM=%s", getenv("COLORTERM"));
    }
    CHECK(on_terminal(out, "TERM_PROGRAM", "Apple_Terminal").colour == 8, "%s", "Apple_Terminal");
    CHECK(!on_terminal(out, "LC_ALL", "C").utf8 && on_terminal(out, "LC_CTYPE", "UTF-8").utf8, "%s", "locales");
    size.ws_col = 0;
    CHECK(ioctl(fileno(out), TIOCSWINSZ, &size) == 0, "%s", "no size");
    CHECK(on_terminal(out, "COLUMNS", "64").width == 64, "%s", "COLUMNS");
    CHECK(on_terminal(out, "COLUMNS", "many").width == 80, "%s", "COLUMNS=many");
    fclose(out);
    close(master);
}

/* What a terminal of so many columns shows of a text that is written in pieces of so many bytes (0: as a whole). */
static const char *fitted_text(int width, size_t piece, const char *text) {
    Term term = capture(width, true, 0, false);
    TermFit fit = { .out = term.out, .width = width };
    for (size_t size = strlen(text), step; size > 0; text += step, size -= step) {
        step = piece ? MIN(piece, size) : size;
        CHECK(term_fit_write(&fit, text, step), "%s", "not written");
    }
    return drawn(&term);
}

/* What stands on a pseudo-terminal of 30 columns after `print` has written to stdout and stderr there. */
static const char *on_narrow_terminal(void (*print)(void)) {
    static char shown[1000];
    struct winsize size = { .ws_row = 20, .ws_col = 30 };
    int master = posix_openpt(O_RDWR | O_NOCTTY), saved[2] = { dup(1), dup(2) };
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) check_skip("skipped: no pseudo-terminal here");
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    if (slave < 0 || ioctl(slave, TIOCSWINSZ, &size) != 0) check_skip("skipped: no pseudo-terminal here");
    fflush(NULL);
    dup2(slave, 1);
    dup2(slave, 2);
    print();
    fflush(NULL);
    size_t length = 0;
    ssize_t n = 1;
    fcntl(master, F_SETFL, O_NONBLOCK);
    while (n > 0 && length < sizeof shown - 1) {
        n = read(master, shown + length, sizeof shown - 1 - length);
        if (n > 0) length += (size_t)n;
    }
    shown[length] = '\0';
    dup2(saved[0], 1);
    dup2(saved[1], 2);
    return shown;
}

static FILE *given[2];
static void print_sentences(void) {
    given[0] = stdout;
    given[1] = stderr;
    term_fit_output();
    printf("one two three four five six seven eight\n");
    fprintf(stderr, "alpha beta gamma delta epsilon zeta\n");
    printf("A question of thirty letters? ");
    fflush(stdout);
    term_fit_entered(); /* what was typed has ended the line */
    printf("The answer is seven.\n");
}

/* stdout and stderr are broken at the width of the terminal; a terminal ends its lines with CR LF. */
TEST(stdout_and_stderr_fit) {
    const char *shown = on_narrow_terminal(print_sentences);
    if (stdout == given[0]) check_skip("skipped: this libc lets no program put a stream in the place of stdout");
    same_text(shown, "one two three four five six\r\nseven eight\r\nalpha beta gamma delta epsilon\r\nzeta\r\n"
                     "A question of thirty letters? The answer is seven.\r\n");
    CHECK(term_fit_target(stdout) == given[0] && term_fit_target(stderr) == given[1], "%s", "another target");
    CHECK(term_fit_target(given[0]) == given[0] && stderr != given[1], "%s", "the stream itself");
}

/* Output that is a file is left as it is. */
TEST(a_file_is_not_broken) {
    char path[1100];
    snprintf(path, sizeof path, "%s/printed", check_folder());
    CHECK(freopen(path, "w", stdout), "%s", path);
    FILE *before = stdout;
    term_fit_output();
    CHECK(stdout == before && term_fit_target(stdout) == before, "%s", "another stream");
}

TEST(unfinished_codes_and_broken_letters) {
    same_text(fitted_text(20, 0, "\033[1"), "\033[1");
    same_text(fitted_text(20, 0, "\033"), "\033");
    same_text(fitted_text(20, 0, "a\033(B b\n"), "a\033(B b\n");
    same_text(fitted_text(20, 0, "a\xff\xc3\n"), "a\xff\xc3\n");
    same_text(fitted_text(20, 0, "words of twenty one.   \n"), "words of twenty one.\n");
    FILE *closed = fopen("/dev/null", "r"); /* nothing can be written to it */
    TermFit fit = { .out = closed, .width = 20 };
    CHECK(closed && !term_fit_write(&fit, "a line\n", 7), "%s", "it was written");
    fclose(closed);
}

TEST(printed_lines_fit) {
    same_text(fitted_text(20, 0, "a line that fits 20 \n\nx\n"), "a line that fits 20 \n\nx\n");
    same_text(fitted_text(20, 0, "one two three four five six seven\n"), "one two three four\nfive six seven\n");
    same_text(fitted_text(20, 0, "  - four words, then more\n"), "  - four words, then\n  more\n");
    same_text(fitted_text(20, 0, "abcdefghijklmnopqrstuvwxyz\n"), "abcdefghijklmnopqrst\nuvwxyz\n");
}

TEST(rows_are_broken_between_cells) {
    /* Both rows in column 14; the cells of the second halves end in the same column, too. */
    same_text(fitted_text(20, 0, "name       one       two\nlonger    1.25     10.50\n"),
              "name       one\n        two\nlonger    1.25\n      10.50\n");
}

TEST(a_path_is_not_cut) {
    same_text(fitted_text(20, 0, "picture: /tmp/folder/with/names.png\n"), "picture:\n/tmp/folder/with/names.png\n");
}

TEST(escape_codes_and_wide_letters_count_as_shown) {
    same_text(fitted_text(20, 0, "\033[1mbold words that fit\033[0m\n"), "\033[1mbold words that fit\033[0m\n");
    same_text(fitted_text(20, 0, "\u65e5\u672c\u65e5\u672c\u65e5\u672c\u65e5\u672c \u65e5\u672c\n"),
              "\u65e5\u672c\u65e5\u672c\u65e5\u672c\u65e5\u672c\n\u65e5\u672c\n");
}

TEST(a_line_may_come_in_pieces) {
    same_text(fitted_text(20, 6, "error: no such file here\n"), "error: no such file\nhere\n");
    same_text(fitted_text(20, 0, "10 of 100 done yet\r20 of 100 done\r"), "10 of 100 done yet\r20 of 100 done\r");
}

TEST(style_vanishes) {
    Term term = plain();
    term_print(&term, TERM_BOLD, "%d words", 2);
    term_colour(&term, COLOUR_MARKED, true);
    same_text(drawn(&term), "2 words");
    term = capture(80, true, 24, true);
    term_print(&term, TERM_BOLD, "x");
    term_colour(&term, (Colour){ 1, 2, 3 }, true);
    same_text(drawn(&term), "\033[1mx\033[0m\033[48;2;1;2;3m");
    term = capture(80, true, 8, true);
    term_colour(&term, (Colour){ 255, 255, 255 }, false);
    term_colour(&term, (Colour){ 0, 0, 95 }, true);
    same_text(drawn(&term), "\033[38;5;231m\033[48;5;17m");
    term = capture(80, true, 8, true); /* levels 135, 175, 215; and what is between two goes to the nearer */
    term_colour(&term, (Colour){ 135, 175, 215 }, false);
    term_colour(&term, (Colour){ 47, 48, 156 }, false);
    same_text(drawn(&term), "\033[38;5;110m\033[38;5;25m");
}

TEST(text_has_its_width) {
    CHECK(text_columns("caf\u00e9 \u03c4") == 6 && text_columns("e\u0301") == 1 && text_columns("\u732b") == 2, "%s",
          "accents, Greek, a combining accent, a cat in Japanese");
    CHECK(text_columns("\xff\xc3") == 2 && text_columns("\xe2\x82") == 2, "%s", "broken bytes");
    Term term = plain();
    term_text(&term, "caf\u00e9", 6, TERM_RIGHT);
    term_text(&term, "ab", 5, TERM_CENTRE);
    term_text(&term, "automobile", 5, TERM_LEFT);
    term_text(&term, "a\033[31m\nb", 8, TERM_LEFT);
    term_text(&term, "\u732b\u732b", 3, TERM_LEFT);
    term_text(&term, "x", 0, TERM_LEFT);
    same_text(drawn(&term), "  caf\u00e9 ab  auto.a [31m b\u732b.");
    term = capture(80, true, 0, true);
    term_text(&term, "\u732b\u732b", 2, TERM_LEFT);
    term_text(&term, "\u202eevil\x9b", 6, TERM_LEFT);
    same_text(drawn(&term), "\u2026  evil ");
}

/* ---- heat maps --------------------------------------------------------------------------------------------------- */

static const char *const NAMES[] = { "a cat", "a long-haired dog", "x\ny" };

TEST(heat_plain) {
    Arena arena = { 0 };
    Heat heat = { .title = "Cosines",
                  .y = "picture",
                  .x = "caption",
                  .rows = NAMES,
                  .cols = NAMES,
                  .decimals = 2,
                  .m = mat_from(&arena, 2, 3, (double[]){ 1, -0.25, -0.001, 0.5, NAN, 12.125 }) };
    Term term = plain();
    draw_heat(&term, &heat);
    same_text(drawn(&term), "Cosines\n"
                            "picture \\ caption              a cat  a long-haired dog                x y\n"
                            "a cat                           1.00              -0.25               0.00\n"
                            "a long-haired dog               0.50                nan              12.12\n");
    arena_free(&arena);
}

TEST(heat_without_names_continues_below) {
    Arena arena = { 0 };
    Heat heat = { .m = mat_zero(&arena, 1, 30) };
    for (int i = 0; i < 30; i++) heat.m.v[i] = (num)(i + 1);
    Term term = capture(40, false, 0, false);
    draw_heat(&term, &heat);
    same_text(drawn(&term), "    1   2   3   4   5   6   7   8   9\n1   1   2   3   4   5   6   7   8   9\n\n"
                            "   10  11  12  13  14  15  16  17  18\n1  10  11  12  13  14  15  16  17  18\n\n"
                            "   19  20  21  22  23  24  25  26  27\n1  19  20  21  22  23  24  25  26  27\n\n"
                            "   28  29  30\n1  28  29  30\n");
    arena_free(&arena);
}

TEST(heat_coloured) {
    Arena arena = { 0 };
    Heat heat = { .m = mat_from(&arena, 1, 3, (double[]){ -1, 0, 1 }), .decimals = 1 };
    Term term = capture(80, true, 24, true);
    draw_heat(&term, &heat);
    const char *text = drawn(&term);
    CHECK(strstr(text, "\033[48;2;26;82;158m\033[38;2;255;255;255m -1.0 \033[0m"), "white on blue in\n%s", text);
    CHECK(strstr(text, "\033[48;2;247;247;245m\033[38;2;0;0;0m  0.0 \033[0m"), "black on white in\n%s", text);
    CHECK(strstr(text, "\033[48;2;190;82;10m"), "orange in\n%s", text);
    no_wider(text, 80);
    arena_free(&arena);
}

TEST(colours_are_readable_and_ordered) {
    double before = 2;
    for (int i = 0; i <= 100; i++) { /* lightness falls steadily; text has a contrast of at least 4.5 (WCAG 2.1, AA) */
        double low = i % 2 ? -100 : 0;
        Colour c = heat_colour(i, low, 100);
        double part[3] = { c.r / 255.0, c.g / 255.0, c.b / 255.0 };
        for (int k = 0; k < 3; k++)
            part[k] = part[k] <= 0.04045 ? part[k] / 12.92 : pow((part[k] + 0.055) / 1.055, 2.4);
        double luminance = 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
        double contrast = colour_is_light(c) ? (luminance + 0.05) / 0.05 : 1.05 / (luminance + 0.05);
        CHECK(contrast >= 4.5, "%d: contrast %g", i, contrast);
        if (low < 0) continue;
        CHECK(luminance < before, "%d: %g after %g", i, luminance, before);
        before = luminance;
    }
    double low, high;
    Arena arena = { 0 };
    Heat heat = { .m = mat_from(&arena, 1, 3, (double[]){ -1, 4, INFINITY }) };
    heat_range(&heat, &low, &high);
    CHECK(low == -4 && high == 4, "mixed signs: %g %g, wanted -4 4", low, high);
    heat.m = mat_from(&arena, 1, 2, (double[]){ 3, 3 });
    heat_range(&heat, &low, &high);
    CHECK(low < 3 && high > 3, "equal values: %g %g", low, high);
    arena_free(&arena);
}

/* ---- bars -------------------------------------------------------------------------------------------------------- */

TEST(bars_plain) {
    const Bar list[] = { { "cat", 75, 62.5, 87.5, false }, { "dog", 50, 0, 0, true }, { "none", NAN, 0, 0, false } };
    Bars bars = { .title = "Accuracy", .unit = " %", .bars = list, .count = 3, .decimals = 1, .low = 0, .high = 100 };
    Term term = capture(50, false, 0, false);
    draw_bars(&term, &bars);
    same_text(drawn(&term), "Accuracy\n"
                            "  cat   #############==--     75.0 %  [62.5, 87.5]\n"
                            "> dog   ##########            50.0 %\n"
                            "  none                         nan %\n");
}

TEST(bars_both_ways_in_eighths) {
    const Bar list[] = { { "up", 1, 0, 0, false }, { "down", -1, 0, 0, false }, { "bit", 0.21, 0, 0, false } };
    Bars bars = { .bars = list, .count = 3, .decimals = 2 };
    Term term = capture(30, true, 0, true);
    draw_bars(&term, &bars);
    same_text(drawn(&term), "up             \u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588   1.00\n"
                            "down  \u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588          -1.00\n"
                            "bit            \u2588\u258e         0.21\n");
}

TEST(bars_coloured) {
    const Bar list[] = { { "a", 1, 0, 0, false }, { "b", 2, 0, 0, true } };
    Bars bars = { .bars = list, .count = 2 };
    Term term = capture(60, true, 24, true);
    draw_bars(&term, &bars);
    const char *text = drawn(&term);
    CHECK(occurrences(text, "\033[38;2;196;78;18m") == 1, "one marked bar in\n%s", text);
    CHECK(occurrences(text, "\033[38;2;58;125;184m") == 1, "one usual bar in\n%s", text);
    no_wider(text, 60);
}

/* ---- curves ------------------------------------------------------------------------------------------------------ */

TEST(lines_plain) {
    const num y[] = { 4, 3, 2.5, 2.25, 2.125 }, z[] = { 1, 1.5, NAN, 3.5, 4 };
    const Series series[] = { { "loss", NULL, y, 5 }, { "rising", NULL, z, 5 } };
    Lines lines = { .title = "Two curves",
                    .y = "nats",
                    .x = "epoch",
                    .series = series,
                    .count = 2,
                    .reference_name = "floor",
                    .reference = 1.93 };
    Term term = capture(40, false, 0, false);
    draw_lines(&term, &lines);
    same_text(drawn(&term), "Two curves\n"
                            "   * loss   o rising   -- floor 1.93\n"
                            "nats\n"
                            "4 +*                               ooo\n"
                            "  | **                          ooo\n"
                            "  |   **                     ooo\n"
                            "  |     *\n"
                            "  |      **\n"
                            "3 +        ***\n"
                            "  |           ****\n"
                            "  |               *******\n"
                            "  |                      *********\n"
                            "2 +                               ****\n"
                            "  |-----------------------------------\n"
                            "  |\n"
                            "  |      ooo\n"
                            "  |   ooo\n"
                            "1 +ooo\n"
                            "  ++-------+--------+--------+-------+\n"
                            "   1       2        3        4       5\n"
                            "                  epoch\n");
}

TEST(the_first_curve_lies_on_top) {
    const num y[] = { 0, 3, 1 };
    const Series series[] = { { "a", NULL, y, 3 }, { "b", NULL, y, 3 } };
    Lines lines = { .series = series, .count = 2, .reference_name = "r", .reference = 0 };
    Term term = capture(40, false, 0, false);
    draw_lines(&term, &lines);
    const char *text = drawn(&term);
    CHECK(occurrences(text, "o") == 1 && strstr(text, "+*---"), "one o, in the names:\n%s", text);
}

TEST(lines_braille) {
    const num y[] = { 0, 1 };
    const Series series[] = { { NULL, NULL, y, 2 } };
    Lines lines = { .series = series, .count = 1 };
    Term term = capture(20, true, 0, true);
    draw_lines(&term, &lines);
    same_text(drawn(&term), "1.0 \u2524            \u285c\n"
                            "    \u2502           \u285c\n"
                            "    \u2502          \u2870\u2801\n"
                            "0.8 \u2524         \u28b0\u2801\n"
                            "    \u2502        \u28a0\u2803\n"
                            "    \u2502       \u2880\u280e\n"
                            "0.6 \u2524       \u284e\n"
                            "    \u2502      \u285c\n"
                            "0.4 \u2524     \u2878\n"
                            "    \u2502    \u2870\u2801\n"
                            "    \u2502   \u28a0\u2803\n"
                            "0.2 \u2524  \u2880\u2807\n"
                            "    \u2502 \u2880\u280e\n"
                            "    \u2502 \u285c\n"
                            "0.0 \u2524\u285c\n"
                            "    \u2514\u252c\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u252c\n"
                            "     1           2\n");
    term = capture(20, true, 24, true);
    draw_lines(&term, &lines);
    const char *text = drawn(&term);
    CHECK(strstr(text, "\033[38;2;0;114;178m\u285c\033[0m\n"), "the curve's colour in\n%s", text);
}

TEST(lines_of_nothing_and_of_everything) {
    const num y[] = { 0, -1, NAN, INFINITY, (num)1e38, (num)-1e38, (num)1e-38, 5 };
    for (int count = 0; count <= (int)COUNT(y); count++) {
        const Series series[] = { { "a", NULL, y, count }, { "b", y, y, count } };
        for (int kind = 0; kind < 8; kind++) {
            Lines lines = { .series = series,
                            .count = 2,
                            .log_x = kind & 1,
                            .log_y = kind & 2,
                            .dots = kind & 4,
                            .reference_name = "r",
                            .reference = kind & 1 ? NAN : -DBL_MAX };
            Term term = capture(60, true, kind & 4 ? 24 : 0, true);
            draw_lines(&term, &lines);
            fclose(term.out);
            no_wider(captured, 60);
            free(captured);
        }
    }
}

TEST(axes_are_round) {
    char text[FIGURE_TEXT];
    Axis axis = axis_make(1.93, 4.13, 5, false, false);
    CHECK_NEAR(axis.low, 1.5, 1e-12);
    CHECK_NEAR(axis.high, 4.5, 1e-12);
    CHECK(axis_ticks(&axis) == 7 && !strcmp(axis_tick_text(&axis, 1, text), "2.0"), "%d %s", axis_ticks(&axis), text);
    axis = axis_make(log10(0.7f), log10(30), 5, true, false);
    const char *want[] = { "0.5", "1", "2", "5", "10", "20", "50" };
    CHECK(axis_ticks(&axis) == 7, "%d marks", axis_ticks(&axis));
    for (int k = 0; k < 7; k++) CHECK(!strcmp(axis_tick_text(&axis, k, text), want[k]), "%s, not %s", text, want[k]);
    axis = axis_make(-5, 3, 4, true, false);
    CHECK(!strcmp(axis_tick_text(&axis, 0, text), "0.0001"), "%s", text);
    CHECK(axis_tick_place(&axis, 0) == 0.125, "%g", axis_tick_place(&axis, 0));
    CHECK_NEAR(axis_place(&axis, 1e-1), 0.5, 1e-12);
    CHECK(isnan(axis_place(&axis, 0)) && isnan(axis_place(&axis, -1)), "%s", "no logarithm");
    CHECK(!strcmp(number_text(-0.001, 2, text), "0.00") && !strcmp(number_text(-1e30, 2, text), "-1e+30"), "%s", text);
}

/* ---- pictures ---------------------------------------------------------------------------------------------------- */

/* Left half red, right half blue, the lower right quarter white. */
static void flag(uint8_t *rgb, int side) {
    for (int i = 0; i < side * side; i++) {
        bool right = i % side >= side / 2, low = i / side >= side / 2;
        rgb[3 * i] = right && !low ? 0 : 255;
        rgb[3 * i + 1] = right && low ? 255 : 0;
        rgb[3 * i + 2] = right ? 255 : 0;
    }
}

TEST(tiles_in_half_blocks) {
    uint8_t rgb[2 * 2 * 3];
    flag(rgb, 2);
    const Tile list[] = { { rgb, 2, 2, "ab\ncd", false }, { rgb, 2, 2, "x", true } };
    Tiles tiles = { .tiles = list, .count = 2 };
    Term term = capture(80, true, 24, true);
    draw_tiles(&term, &tiles);
    const char *one = "\033[38;2;255;0;0m\033[48;2;255;0;0m\u2580\033[38;2;0;0;255m\033[48;2;255;255;255m\u2580\033[0m";
    char want[512];
    snprintf(want, sizeof want, "%s %s\nab \033[1;38;5;166mx\033[0m\ncd \033[1;38;5;166m\033[0m\n", one, one);
    same_text(drawn(&term), want);
    term = plain();
    draw_tiles(&term, &tiles);
    same_text(drawn(&term), "ab x\ncd \n");
}

/* Colours, but no half blocks: a place is one colour, the mean of both halves. */
TEST(tiles_in_backgrounds) {
    uint8_t rgb[2 * 2 * 3];
    flag(rgb, 2);
    const Tile one = { rgb, 2, 2, NULL, false };
    Term term = capture(80, true, 24, false);
    draw_tiles(&term, &(Tiles){ .tiles = &one, .count = 1 });
    same_text(drawn(&term), "\033[48;2;255;0;0m \033[48;2;128;128;255m \033[0m\n");
}

TEST(captions_wider_than_their_pictures) {
    uint8_t rgb[2 * 2 * 3];
    flag(rgb, 2);
    const Tile list[] = { { rgb, 2, 2, "a red circle", false }, { rgb, 2, 2, "x", false } };
    Term term = plain();
    draw_tiles(&term, &(Tiles){ .tiles = list, .count = 2 });
    same_text(drawn(&term), "a red circle x\n");
}

TEST(tiles_are_made_to_fit) {
    static uint8_t rgb[32 * 32 * 3];
    flag(rgb, 32);
    Tile list[10];
    for (int i = 0; i < 10; i++) list[i] = (Tile){ rgb, 32, 32, "a caption that is far too long", false };
    Tiles tiles = { .title = "Ten", .tiles = list, .count = 10 };
    const int widths[] = { 80, 84, 40, 200 }, columns[] = { 5, 5, 4, 5 }, wide[] = { 15, 16, 9, 32 };
    for (int k = 0; k < 4; k++) {
        Term term = capture(widths[k], true, 24, true);
        draw_tiles(&term, &tiles);
        const char *text = drawn(&term);
        no_wider(text, widths[k]);
        CHECK(occurrences(text, "\u2580") == 10 * wide[k] * ((wide[k] + 1) / 2), "width %d: %d", widths[k],
              occurrences(text, "\u2580"));
        CHECK(occurrences(text, "a cap") == 10 && columns[k] > 0, "%s", text);
    }
    Term term = capture(80, true, 0, false);
    draw_tiles(&term, &tiles);
    const char *text = drawn(&term);
    CHECK(occurrences(text, "\033") == 0 && occurrences(text, "@@@") > 0, "shades in\n%s", text);
    tiles.count = 0;
    term = plain();
    draw_tiles(&term, &tiles);
    same_text(drawn(&term), "Ten\n");
}

/* ---- progress ---------------------------------------------------------------------------------------------------- */

TEST(progress_on_a_terminal) {
    Term term = capture(80, true, 0, false);
    Progress progress = progress_begin_at(term, "epoch 3", 50000, "img/s", 100);
    progress_update_at(&progress, 1000, 101);
    progress_note(&progress, "loss %.2f, accuracy %d of a hundred", 2.125, 12);
    progress_update_at(&progress, 16000, 120);
    progress_update_at(&progress, 16001, 120.05); /* too soon after the last */
    progress_note(&progress, "%s", "");
    progress_update_at(&progress, 50000, 150);
    progress_end(&progress);
    progress_end(&progress);
    const char *first = "epoch 3   32%  16000/50000  800 img/s  0:42 left  loss 2.12, accuracy 12 of a .";
    const char *last = "epoch 3  [====================]  100%  50000/50000  1000 img/s  0:00 left";
    int width = (int)strlen(first); /* the shorter line covers all of the longer one before it */
    char want[512];
    CHECK(width == 79 && strlen(last) < 79, "%d and %zu columns", width, strlen(last));
    snprintf(want, sizeof want, "\r%s\r\r%-*s\r\r%*s\r", first, width, last, (int)strlen(last), "");
    same_text(drawn(&term), want);
}

TEST(progress_in_a_log) {
    Term term = plain();
    Progress progress = progress_begin_at(term, "train", 100, NULL, 0);
    progress.first = 50;
    for (int i = 50; i <= 100; i++) progress_update_at(&progress, i, (i - 50) * 0.5);
    progress_end(&progress);
    same_text(drawn(&term), "train   70%  70/100  0:15 left\ntrain   90%  90/100  0:05 left\n");
}

TEST(progress_is_silent_when_short) {
    Term term = capture(80, true, 24, true);
    Progress progress = progress_begin_at(term, "quick", 100, "img/s", 0);
    for (int i = 0; i <= 100; i++) progress_update_at(&progress, i, i * 0.01);
    progress_end(&progress);
    progress_clear();
    same_text(drawn(&term), "");
}

static void stop_while_shown(void) {
    Progress progress = progress_begin_at((Term){ stderr, 60, true, 0, false }, "work", 10, NULL, 0);
    progress_update_at(&progress, 5, 5);
    die("the disk is full");
}

TEST(progress_makes_way_for_an_error) { CHECK_STOPS(stop_while_shown(), EXIT_TROUBLE, " \rerror: the disk is full"); }

TEST(progress_in_a_narrow_terminal) {
    Term term = capture(20, true, 0, false);
    Progress progress = progress_begin_at(term, "a long label indeed", 0, "things/s", 0);
    progress_update_at(&progress, 1e6, 60);
    same_text((progress_end(&progress), drawn(&term)), "\ra long label indee.\r\r                   \r");
}

TEST(progress_times) {
    const double seconds[] = { 0, 41.4, 59.6, 3599, 3661, -1, NAN, INFINITY };
    const char *want[] = { "0:00", "0:41", "1:00", "59:59", "1:01:01", "?", "?", "?" };
    char text[PROGRESS_TIME];
    for (size_t i = 0; i < COUNT(want); i++) {
        progress_time(seconds[i], text);
        CHECK(!strcmp(text, want[i]), "%g: %s, wanted %s", seconds[i], text, want[i]);
    }
}

TEST(contracts) {
    Arena arena = { 0 };
    Term term = plain();
    Heat heat = { .m = mat_shape(2, 0, 3) };
    Lines lines = { .count = 9 };
    Tile tile = { NULL, 0, 3, NULL, false };
    Tiles tiles = { .tiles = &tile, .count = 1 };
    CHECK_STOPS(draw_heat(&term, &heat), EXIT_CONTRACT, "m is [0,3], want a non-empty [R,C]");
    CHECK_STOPS(draw_lines(&term, &lines), EXIT_CONTRACT, "number of series is 9, want 1 to 8");
    CHECK_STOPS(draw_tiles(&term, &tiles), EXIT_CONTRACT, "height of a tile is 0, want 1 to 4096");
    arena_free(&arena);
    fclose(term.out);
    free(captured);
}

static void wrapped(int width, bool terminal, const char *text, int indent, const char *want) {
    Term term = capture(width, terminal, 0, true);
    term_wrap(&term, text, indent);
    const char *got = drawn(&term);
    CHECK(!strcmp(got, want), "\"%s\", want \"%s\"", got, want);
}

TEST(lines_are_broken_at_the_terminals_width) {
    wrapped(40, false, "  --one    a text that is longer than forty columns, and stays", 4,
            "  --one    a text that is longer than forty columns, and stays\n");
    wrapped(40, true, "  --one    a text that is longer than forty columns, and is broken", 23,
            "  --one    a text that is longer than\n    forty columns, and is broken\n");
    wrapped(40, true, "0123456789012345678901234567890123456789 x", 0, "0123456789012345678901234567890123456789\nx\n");
    wrapped(40, true, "abc 01234567890123456789012345678901234567890", 2,
            "abc\n  01234567890123456789012345678901234567890\n");
    wrapped(40, true, "\xc3\xa9 \xe4\xb8\xad\xe6\x96\x87", 0, "\xc3\xa9 \xe4\xb8\xad\xe6\x96\x87\n");
    wrapped(40, true, "", 0, "\n");
}

static void paragraph(bool terminal, const char *text, const char *want) {
    Term term = capture(40, terminal, 0, true);
    term_paragraph(&term, text);
    same_text(drawn(&term), want);
}

TEST(prose_is_broken_at_the_terminals_width) {
    static const char text[] = "\nFirst a line that is longer than forty columns, by far.\n"
                               "  Then one that begins with spaces and goes on below them.\n\nShort,   with gaps";
    paragraph(false, text, text);
    paragraph(true, text,
              "\nFirst a line that is longer than forty\ncolumns, by far.\n"
              "  Then one that begins with spaces and\n  goes on below them.\n\nShort,   with gaps");
    paragraph(true, "", "");
}

TESTS(stdout_and_stderr_fit, a_file_is_not_broken, unfinished_codes_and_broken_letters, printed_lines_fit,
      rows_are_broken_between_cells, a_path_is_not_cut, escape_codes_and_wide_letters_count_as_shown,
      a_line_may_come_in_pieces, lines_are_broken_at_the_terminals_width, prose_is_broken_at_the_terminals_width,
      a_file_is_plain_and_80_wide, a_terminal_shows_what_it_can, style_vanishes, text_has_its_width, heat_plain,
      heat_without_names_continues_below, heat_coloured, colours_are_readable_and_ordered, bars_plain,
      bars_both_ways_in_eighths, bars_coloured, lines_plain, the_first_curve_lies_on_top, lines_braille,
      lines_of_nothing_and_of_everything, axes_are_round, tiles_in_half_blocks, tiles_in_backgrounds,
      captions_wider_than_their_pictures, tiles_are_made_to_fit, progress_on_a_terminal, progress_in_a_log,
      progress_is_silent_when_short, progress_makes_way_for_an_error, progress_in_a_narrow_terminal, progress_times,
      contracts)
