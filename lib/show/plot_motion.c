/* Moving pairs as a strip of frames, and as an animation. */
#include "show/plot_write.h"

#include <math.h>

enum { CELL = 190, NAME = 90, TOP = 76, BOTTOM = 16, WIDE = 300 }; /* pixels */

/* One row a pair, so that frame f, panel p are rows (f * panels + p) * pairs and on. */
static void motion_data(FILE *file, const void *figure) {
    const Motion *motion = figure;
    fputs("frame,panel,pair,colour,x1,y1,x2,y2,name\n", file);
    for (int frame = 0; frame < motion->frames; frame++) {
        for (int panel = 0; panel < motion->panel_count; panel++) {
            for (int pair = 0; pair < motion->pairs; pair++) {
                Colour colour = series_colour(pair);
                fprintf(file, "%d,%d,%d,%d,", frame, panel + 1, pair + 1, colour.r << 16 | colour.g << 8 | colour.b);
                for (int k = 0; k < 4; k++)
                    csv_number(file, motion_point(motion, frame, panel, pair, k / 2)[k % 2], ",");
                csv_text(file, motion->frame_names[frame], "\n");
            }
        }
    }
}

static void write_label(FILE *file, const char *text, double x, double y, const char *style) {
    fputs("set label ", file);
    gp_text(file, text);
    fprintf(file, " at screen %.9g,%.9g %s\n", x, y, style);
}

/* One panel; gnuplot's variables f and p are the frame and the panel, from 0. */
static void write_plot(const Script *script, const Motion *motion, const char *indent) {
    FILE *file = script->file;
    fprintf(file,
            "%sfrom = (f * %d + p) * %d; to = from + %d\n"
            "%splot [0:2*pi] cos(t), sin(t) with lines lc rgb '#cccccc', \\\n%s    ",
            indent, motion->panel_count, motion->pairs, motion->pairs - 1, indent, indent);
    gp_path(script, "data", "csv");
    fprintf(file,
            " skip 1 every ::from::to using 5:6:($7-$5):($8-$6):4 with vectors nohead lw 1.5 lc rgb variable, \\\n"
            "%s    '' skip 1 every ::from::to using 5:6:4 with points pt 7 ps 1.5 lc rgb variable, \\\n"
            "%s    '' skip 1 every ::from::to using 7:8:4 with points pt 4 ps 1.6 lw 2 lc rgb variable\n",
            indent, indent);
}

/* Panels below each other, time to the right. */
static void write_strip(const Script *script, const Motion *motion) {
    FILE *file = script->file;
    double W = script->width, H = script->height;
    char text[2 * FIGURE_TEXT + 32];
    if (motion->title) write_label(file, motion->title, 0.5, 1 - 18 / H, "center font ',15'");
    snprintf(text, sizeof text, "\u25cf %.40s   \u25a1 %.40s   one colour: one pair", or_empty(motion->first),
             or_empty(motion->second));
    write_label(file, text, 10 / W, 1 - 50 / H, "left textcolor rgb '#555555'");
    for (int i = 0; i < motion->shown_count; i++)
        write_label(file, motion->frame_names[motion->shown[i]], (NAME + (i + 0.5) * CELL) / W, 1 - 66 / H, "center");
    for (int p = 0; p < motion->panel_count; p++)
        write_label(file, motion->panels[p], 10 / W, 1 - (TOP + (p + 0.5) * CELL) / H, "left");
    fprintf(file, "set multiplot\narray shown = [");
    for (int i = 0; i < motion->shown_count; i++) fprintf(file, "%s%d", i ? ", " : "", motion->shown[i]);
    fprintf(file, "]\ndo for [p = 0:%d] {\n    do for [i = 0:%d] {\n        f = shown[i + 1]\n",
            motion->panel_count - 1, motion->shown_count - 1);
    fprintf(file, "        set origin (%d + i * %d) / %.1f, 1 - (%d + (p + 1) * %d) / %.1f\n", NAME, CELL, W, TOP, CELL,
            H);
    fprintf(file, "        set size %.9g,%.9g\n", CELL / W, CELL / H);
    write_plot(script, motion, "        ");
    fputs("        unset label\n    }\n}\nunset multiplot\n", file);
}

/* All frames, panels side by side; the last frame is repeated 20 times. */
static void write_animation(const Script *script, const Motion *motion) {
    FILE *file = script->file;
    int width = WIDE * motion->panel_count, height = WIDE + 50;
    fputs("if (strstrt(GPVAL_TERMINALS, 'gif') > 0) {\n", file);
    fprintf(file, "    set terminal gif noenhanced animate delay 8 size %d,%d\n", width, height);
    script_output(script, 2, "gif", "    ");
    fputs("    array name = [", file);
    for (int f = 0; f < motion->frames; f++) {
        fputs(f ? ", " : "", file);
        gp_text(file, motion->frame_names[f]);
    }
    fprintf(file,
            "]\n    last = %d\n    do for [n = 0:last + 20] {\n        f = n < last ? n : last\n"
            "        set multiplot\n        set label 1 name[f + 1] at screen 0.02,0.95 left\n",
            motion->frames - 1);
    for (int p = 0; p < motion->panel_count; p++) {
        fprintf(file, "        set label %d ", p + 2);
        gp_text(file, motion->panels[p]);
        fprintf(file, " at screen %.9g,0.95 center\n", (p + 0.5) / motion->panel_count);
    }
    fprintf(file, "        do for [p = 0:%d] {\n            set origin p / %d., 0\n            set size %.9g,%.9g\n",
            motion->panel_count - 1, motion->panel_count, 1.0 / motion->panel_count, (double)WIDE / height);
    write_plot(script, motion, "            ");
    fputs("            unset label\n        }\n        unset multiplot\n    }\n}\n", file);
}

static void motion_script(Script *script, const void *figure) {
    const Motion *motion = figure;
    script->width = NAME + CELL * motion->shown_count + BOTTOM;
    script->height = TOP + CELL * motion->panel_count + BOTTOM;
    script_begin(script, NULL);
    fputs("set parametric\nset samples 100\nset xrange [-1.15:1.15]\nset yrange [-1.15:1.15]\nset size ratio -1\n"
          "unset key\nunset border\nunset tics\nset lmargin 0; set rmargin 0; set tmargin 0; set bmargin 0\n",
          script->file);
    write_strip(script, motion);
    write_animation(script, motion);
}

const PlotKind plot_kind_motion = { motion_require, motion_data, NULL, motion_script };
