/* Moving pairs, as letters in a circle of points. */
#include "show/draw.h"

#include <math.h>
#include <string.h>
#include <time.h>

enum { HIGH_MAX = 15, WIDE_MAX = 31, ROOM = 3, MOTION_SECONDS = 3, FRAMES_PER_SECOND = 20 };

typedef struct {
    int wide, high;
    char letter[HIGH_MAX][WIDE_MAX]; /* '\0': nothing */
    int pair[HIGH_MAX][WIDE_MAX];    /* the pair; -1: the circle */
} Panel;

/* Characters are about twice as high as wide. */
static void panel_size(const Term *term, int panels, Panel *panel) {
    panel->wide = MIN(WIDE_MAX, (term->width - (panels - 1) * ROOM) / panels);
    panel->wide -= panel->wide % 2 == 0;
    panel->high = MIN(HIGH_MAX, panel->wide / 4 * 2 + 1);
}

static void panel_set(Panel *panel, double x, double y, char letter, int pair) {
    x = fmin(fmax(x, -1), 1);
    y = fmin(fmax(y, -1), 1);
    int column = (int)lrint((x + 1) / 2 * (panel->wide - 1)), row = (int)lrint((1 - y) / 2 * (panel->high - 1));
    int there = panel->pair[row][column];
    if (panel->letter[row][column] && there >= 0 && there != pair) letter = '+';
    panel->letter[row][column] = letter;
    panel->pair[row][column] = pair;
}

static void panel_fill(Panel *panel, const Motion *motion, int frame, int p) {
    memset(panel->letter, 0, sizeof panel->letter);
    for (int i = 0; i < 360; i++) panel_set(panel, cos(i * acos(-1) / 180), sin(i * acos(-1) / 180), '.', -1);
    for (int which = 1; which >= 0; which--) { /* the upper case last: it covers the lower case */
        for (int pair = 0; pair < motion->pairs; pair++) {
            const num *at = motion_point(motion, frame, p, pair, which);
            char letter = (char)((which ? 'a' : 'A') + pair);
            if (isfinite(at[0]) && isfinite(at[1])) panel_set(panel, at[0], at[1], letter, pair);
        }
    }
}

static void panel_row(const Term *term, const Panel *panel, int row, bool last) {
    int wide = panel->wide;
    while (last && wide > 0 && !panel->letter[row][wide - 1]) wide--; /* no spaces at the end of a line */
    for (int column = 0; column < wide; column++) {
        char letter = panel->letter[row][column];
        int pair = panel->pair[row][column];
        if (letter && pair < 0) fputs(term_style(term, TERM_DIM), term->out);
        if (letter && pair >= 0 && letter != '+') term_colour(term, series_colour(pair), false);
        fputc(letter ? letter : ' ', term->out);
        if (letter) fputs(term_style(term, TERM_PLAIN), term->out);
    }
}

/* Writes the frame's name and the rows of the panels; returns the number of lines. */
static int write_frame(const Term *term, const Motion *motion, int frame) {
    Panel panels[FIGURE_PANELS];
    for (int p = 0; p < motion->panel_count; p++) {
        panel_size(term, motion->panel_count, &panels[p]);
        panel_fill(&panels[p], motion, frame, p);
    }
    const char *name = motion->frame_names[frame], *end = term->terminal ? "\033[K\n" : "\n";
    term_text(term, name, MIN(text_columns(name), term->width), TERM_LEFT);
    fputs(end, term->out);
    for (int row = 0; row < panels[0].high; row++) {
        for (int p = 0; p < motion->panel_count; p++) {
            panel_row(term, &panels[p], row, p + 1 == motion->panel_count);
            if (p + 1 < motion->panel_count) term_repeat(term, " ", ROOM);
        }
        fputs(end, term->out);
    }
    return panels[0].high + 1;
}

static void write_head(const Term *term, const Motion *motion) {
    Panel size;
    panel_size(term, motion->panel_count, &size);
    term_title(term, motion->title);
    char legend[2 * FIGURE_TEXT];
    snprintf(legend, sizeof legend, "A to %c: %.40s, a to %c: %.40s", 'A' + motion->pairs - 1, or_empty(motion->first),
             'a' + motion->pairs - 1, or_empty(motion->second));
    term_text(term, legend, MIN(term->width, text_columns(legend)), TERM_LEFT);
    fputc('\n', term->out);
    for (int p = 0; p < motion->panel_count; p++) {
        term_text(term, motion->panels[p], size.wide, TERM_CENTRE);
        if (p + 1 < motion->panel_count) term_repeat(term, " ", ROOM);
    }
    fputc('\n', term->out);
}

void draw_motion(const Term *term, const Motion *motion) {
    motion_require(motion);
    write_head(term, motion);
    /* A "dumb" terminal has neither colours nor UTF-8. */
    if (!term->terminal || (!term->colour && !term->utf8)) {
        for (int i = 0; i < motion->shown_count; i++) write_frame(term, motion, motion->shown[i]);
        return;
    }
    int frames = MIN(motion->frames, MOTION_SECONDS * FRAMES_PER_SECOND);
    for (int i = 0; i < frames; i++) {
        int frame = frames == 1 ? 0 : (int)((long long)i * (motion->frames - 1) / (frames - 1));
        int lines = write_frame(term, motion, frame);
        fflush(term->out);
        nanosleep(&(struct timespec){ .tv_nsec = 1000000000L / FRAMES_PER_SECOND }, NULL);
        if (i + 1 < frames) fprintf(term->out, "\033[%dA", lines); /* back up */
    }
}
