/* The picture of overview.h: gnuplot script and data. Coordinates are pixels of the page, y from the top. Image tower
 * and text tower have a colour each, and each says its name; a frame marks what belongs together. */
#include "overview.h"
#include "show/plot_write.h"

#include <math.h>

enum {
    WIDTH = 900,
    THUMB = 48, /* side of a picture */
    STRIP = 8,  /* numbers of a vector that are shown */
    PITCH = 44, /* one row of the batch's matrix */
    CELL = 56,  /* one column of it */
    LINE = 22,  /* one class */
    LEFT = 12,  /* edge of the page */
    BATCH_Y = 112,
    BATCH_RIGHT = 252,
    TOWER = 308, /* left and right edge of the towers */
    TOWER_END = 394,
    MATRIX_X = 492, /* upper left corner of the matrix */
    MATRIX_Y = 216,
    LOSS_X = 784, /* left edge of the box with the loss */
    GRADIENT_TOP = 106,
    USE_Y = 500, /* the second half: its heading, its first class, its bars */
    CLASS_Y = 560,
    BARS_X = 576,
    BARS_END = 776
};

static const Colour ink = { 0x22, 0x22, 0x22 }, grey = { 0x66, 0x66, 0x66 }, white = { 0xff, 0xff, 0xff },
                    line = { 0x77, 0x77, 0x77 }, pale = { 0xf4, 0xf5, 0xf7 };
static const Colour image_fill = { 0xd2, 0xee, 0xe3 }, image_edge = { 0x00, 0x7a, 0x59 },
                    text_fill_colour = { 0xf5, 0xe1, 0xec }, text_edge = { 0x9c, 0x4a, 0x78 };

/* ---- data -------------------------------------------------------------------------------------------------------- */

static void write_matrix(FILE *file, const char *part, Mat m) {
    for (int r = 0; r < m.shape[0]; r++)
        for (int c = 0; c < m.shape[1]; c++) {
            fprintf(file, "%s,%d,%d,", part, r + 1, c + 1);
            csv_number(file, (double)AT(m, r, c), ",\n");
        }
}

static void write_number(FILE *file, const char *part, double value) {
    fprintf(file, "%s,1,1,", part);
    csv_number(file, value, ",\n");
}

static void write_texts(FILE *file, const char *part, const char *const *texts, int count) {
    for (int i = 0; i < count; i++) {
        fprintf(file, "%s,%d,1,,", part, i + 1);
        csv_text(file, texts[i], "\n");
    }
}

static void overview_data(FILE *file, const void *figure) {
    const Overview *o = figure;
    fputs("part,row,column,value,text\n", file);
    write_texts(file, "caption", o->captions, o->pairs);
    write_matrix(file, "image", o->images);
    write_matrix(file, "text", o->texts);
    write_matrix(file, "cosine", o->cosines);
    write_number(file, "scale", o->scale);
    write_matrix(file, "row softmax", o->choose_text);
    write_matrix(file, "column softmax", o->choose_image);
    write_number(file, "row loss", o->text_loss);
    write_number(file, "column loss", o->image_loss);
    write_number(file, "loss", (o->text_loss + o->image_loss) / 2);
    write_texts(file, "prompt", o->prompts, o->classes);
    write_matrix(file, "prompt vector", o->prompt_vectors);
    write_matrix(file, "picture", o->query);
    write_matrix(file, "score", o->scores);
    write_matrix(file, "probability", o->probabilities);
    write_number(file, "answer", o->answer + 1);
    write_number(file, "truth", o->truth + 1);
}

static void overview_pixels(OutFile *out, const void *figure) {
    const Overview *o = figure;
    out_write(out, o->pixels, (size_t)(o->pairs + 1) * CIFAR_NUMBERS);
}

/* ---- parts of the picture ---------------------------------------------------------------------------------------- */

typedef struct {
    double x, y;
} Point;

static void write_label(FILE *file, const char *text, Point at, const char *align, int size, Colour colour) {
    fputs("set label ", file);
    gp_text(file, text);
    fprintf(file, " at %.9g,%.9g %s front font ',%d' textcolor rgb ", at.x, at.y, align, size);
    gp_colour(file, colour);
    fputc('\n', file);
}

/* The colours and the border (of width 0: none) of an object. */
static void write_fill(FILE *file, Colour fill, Colour border, double width) {
    fputs("fillcolor rgb ", file);
    gp_colour(file, fill);
    if (width > 0) {
        fprintf(file, " lw %.9g fillstyle solid 1 border lc rgb ", width);
        gp_colour(file, border);
    } else {
        fputs(" fillstyle solid 1 noborder", file);
    }
    fputc('\n', file);
}

static void write_box(FILE *file, Point from, Point to, Colour fill, Colour border, double width) {
    fprintf(file, "set object rectangle from %.9g,%.9g to %.9g,%.9g ", from.x, from.y, to.x, to.y);
    write_fill(file, fill, border, width);
}

/* A thick frame just inside of a cell: the right pair, or the answer. */
static void write_frame(FILE *file, Point from, Point to) {
    fprintf(file, "set object rectangle from %.9g,%.9g to %.9g,%.9g front lw 3 fillstyle empty border lc rgb ",
            from.x + 2, from.y + 2, to.x - 2, to.y - 2);
    gp_colour(file, ink);
    fputc('\n', file);
}

/* A line through the points, with a head at its end. The way of the gradient is dashed. */
static void write_arrow(FILE *file, const Point *points, int count, bool gradient) {
    for (int i = 0; i + 1 < count; i++) {
        fprintf(file, "set arrow from %.9g,%.9g to %.9g,%.9g lc rgb ", points[i].x, points[i].y, points[i + 1].x,
                points[i + 1].y);
        gp_colour(file, gradient ? COLOUR_MARKED : line);
        fprintf(file, " lw 1.4%s %s\n", gradient ? " dt 2" : "", i + 2 < count ? "nohead" : "size 8,20 fixed filled");
    }
}

static void write_flow(FILE *file, double x, double to, double y, const char *name) {
    write_arrow(file, (Point[]){ { x, y }, { to, y } }, 2, false);
    if (name) write_label(file, name, (Point){ (x + to) / 2 + 1, y - 10 }, "center", 9, grey);
}

/* A trapezoid: many numbers go in on the left, E come out on the right. */
static void write_tower(FILE *file, bool image, double y, double height) {
    double in = height / 2, out = height / 3.4;
    Colour edge = image ? image_edge : text_edge;
    fprintf(file, "set object polygon from %d,%.9g to %d,%.9g to %d,%.9g to %d,%.9g to %d,%.9g ", TOWER, y - in,
            TOWER_END, y - out, TOWER_END, y + out, TOWER, y + in, TOWER, y - in);
    write_fill(file, image ? image_fill : text_fill_colour, edge, 2);
    Point centre = { (TOWER + TOWER_END) / 2.0, y };
    write_label(file, image ? "image" : "text", (Point){ centre.x, y - 8 }, "center", 12, edge);
    write_label(file, "tower", (Point){ centre.x, y + 9 }, "center", 12, edge);
}

/* The first numbers of a vector as coloured cells, from `at` to the right or downwards. */
static void write_strip(FILE *file, Mat vectors, int row, Point at, Point step, Point size) {
    int count = MIN(STRIP, vectors.shape[1]);
    double most = 0;
    for (int i = 0; i < count; i++) most = fmax(most, fabs((double)AT(vectors, row, i)));
    for (int i = 0; i < count; i++) {
        Point from = { at.x + i * step.x, at.y + i * step.y };
        Colour colour = heat_colour((double)AT(vectors, row, i), -most - 1e-9, most + 1e-9);
        write_box(file, from, (Point){ from.x + size.x, from.y + size.y }, colour, line, 0.5);
    }
}

/* The largest absolute cosine of the picture: the end of the colour scale. */
static double cosine_most(const Overview *o) {
    double most = 0.1;
    for (size_t i = 0; i < mat_count(o->cosines); i++) most = fmax(most, fabs((double)o->cosines.v[i]));
    for (size_t i = 0; i < mat_count(o->scores); i++) most = fmax(most, fabs((double)o->scores.v[i]));
    return most;
}

/* A number on the colour of its cosine. */
static void write_cell(FILE *file, const Overview *o, double cosine, Point from, Point to) {
    char text[FIGURE_TEXT];
    Colour colour = heat_colour(cosine, -cosine_most(o), cosine_most(o));
    write_box(file, from, to, colour, white, 1);
    write_label(file, number_text(cosine, 2, text), (Point){ (from.x + to.x) / 2, (from.y + to.y) / 2 }, "center", 11,
                colour_is_light(colour) ? ink : white);
}

static void write_named_number(FILE *file, const char *format, double value, Point at, const char *align, int size) {
    char text[FIGURE_TEXT];
    snprintf(text, sizeof text, format, value);
    write_label(file, text, at, align, size, ink);
}

/* ---- the first half: training ------------------------------------------------------------------------------------ */

static double row_y(int i) { return MATRIX_Y + (i + 0.5) * PITCH; }
static double column_x(int i) { return MATRIX_X + (i + 0.5) * CELL; }
static double batch_y(int i) { return BATCH_Y + 8 + i * (THUMB + 9); }

static void write_batch(FILE *file, const Overview *o) {
    write_box(file, (Point){ LEFT, BATCH_Y }, (Point){ BATCH_RIGHT, batch_y(o->pairs) }, pale, line, 1);
    for (int i = 0; i < o->pairs; i++)
        write_label(file, o->captions[i], (Point){ LEFT + THUMB + 16, batch_y(i) + THUMB / 2.0 }, "left", 10, ink);
}

static void write_vectors(FILE *file, const Overview *o) {
    char name[FIGURE_TEXT];
    for (int i = 0; i < o->pairs; i++) {
        snprintf(name, sizeof name, "I%d", i + 1);
        write_label(file, name, (Point){ MATRIX_X - 66, row_y(i) }, "right", 11, image_edge);
        write_strip(file, o->images, i, (Point){ MATRIX_X - 62, row_y(i) - 9 }, (Point){ 7, 0 }, (Point){ 7, 18 });
        snprintf(name, sizeof name, "T%d", i + 1);
        write_label(file, name, (Point){ column_x(i), MATRIX_Y - 74 }, "center", 11, text_edge);
        write_strip(file, o->texts, i, (Point){ column_x(i) - 9, MATRIX_Y - 64 }, (Point){ 0, 7 }, (Point){ 18, 7 });
    }
}

static void write_cosines(FILE *file, const Overview *o) {
    for (int r = 0; r < o->pairs; r++)
        for (int c = 0; c < o->pairs; c++) {
            Point from = { column_x(c) - CELL / 2.0, row_y(r) - PITCH / 2.0 };
            Point to = { from.x + CELL, from.y + PITCH };
            write_cell(file, o, (double)AT(o->cosines, r, c), from, to);
            if (r != c) continue;
            write_frame(file, from, to);
        }
}

/* What each picture and each caption gives to its partner, and the loss. */
static void write_loss(FILE *file, const Overview *o) {
    double right = column_x(o->pairs) - CELL / 2.0, below = row_y(o->pairs) - PITCH / 2.0;
    for (int i = 0; i < o->pairs; i++) {
        write_named_number(file, "%.3f", (double)o->choose_text.v[i], (Point){ right + 26, row_y(i) }, "center", 10);
        write_named_number(file, "%.3f", (double)o->choose_image.v[i], (Point){ column_x(i), below + 14 }, "center",
                           10);
    }
    write_label(file, "softmax", (Point){ right + 26, MATRIX_Y - 30 }, "center", 9, grey);
    write_label(file, "of the row", (Point){ right + 26, MATRIX_Y - 15 }, "center", 9, grey);
    write_label(file, "softmax", (Point){ MATRIX_X - 8, below + 8 }, "right", 9, grey);
    write_label(file, "of the column", (Point){ MATRIX_X - 8, below + 23 }, "right", 9, grey);
    double middle = (MATRIX_Y + below) / 2, x = (LOSS_X + WIDTH - LEFT / 2) / 2.0;
    write_box(file, (Point){ LOSS_X, middle - 58 }, (Point){ WIDTH - LEFT / 2, middle + 58 }, pale, line, 1);
    write_label(file, "loss", (Point){ x, middle - 42 }, "center", 12, ink);
    write_label(file, "mean of \u2212log p", (Point){ x, middle - 23 }, "center", 9, grey);
    write_named_number(file, "rows %.3f", o->text_loss, (Point){ x, middle - 4 }, "center", 10);
    write_named_number(file, "columns %.3f", o->image_loss, (Point){ x, middle + 14 }, "center", 10);
    write_named_number(file, "mean %.3f", (o->text_loss + o->image_loss) / 2, (Point){ x, middle + 40 }, "center", 11);
    write_flow(file, right + 50, LOSS_X - 2, middle, NULL);
    write_arrow(file, (Point[]){ { right + 4, below + 14 }, { x - 20, below + 14 }, { x - 20, middle + 60 } }, 3,
                false);
    double tower = (TOWER + TOWER_END) / 2.0;
    write_arrow(
        file,
        (Point[]){ { x, middle - 58 }, { x, GRADIENT_TOP }, { tower, GRADIENT_TOP }, { tower, MATRIX_Y - 40 - 48 } }, 4,
        true);
    write_arrow(
        file,
        (Point[]){ { x + 20, middle + 58 }, { x + 20, below + 42 }, { tower, below + 42 }, { tower, middle + 48 } }, 4,
        true);
    write_label(file, "gradient to the text tower", (Point){ x - 12, GRADIENT_TOP + 12 }, "right", 9, COLOUR_MARKED);
    write_label(file, "gradient to the image tower", (Point){ x - 12, below + 54 }, "right", 9, COLOUR_MARKED);
}

static void write_training(FILE *file, const Overview *o) {
    char text[128];
    snprintf(text, sizeof text, "Training: a batch of N = %d pictures with their captions", o->pairs);
    write_label(file, text, (Point){ LEFT, 62 }, "left", 13, ink);
    write_label(file,
                "The matrix holds the cosine of each picture I with each text T. Row i must choose column i, and "
                "column i must choose row i.",
                (Point){ LEFT, 84 }, "left", 10, grey);
    write_batch(file, o);
    double captions = MATRIX_Y - 40, pictures = (row_y(0) + row_y(o->pairs - 1)) / 2;
    write_flow(file, BATCH_RIGHT, TOWER - 2, captions, "captions");
    write_flow(file, BATCH_RIGHT, TOWER - 2, pictures, "pictures");
    write_tower(file, false, captions, 92);
    write_tower(file, true, pictures, 92);
    write_label(file, "no shared weights", (Point){ (TOWER + TOWER_END) / 2.0, (captions + pictures) / 2 }, "center", 9,
                grey);
    write_flow(file, TOWER_END + 2, MATRIX_X - 6, captions, NULL);
    write_label(file, "unit vectors", (Point){ (TOWER_END + MATRIX_X) / 2.0, captions + 12 }, "center", 9, grey);
    write_flow(file, TOWER_END + 2, MATRIX_X - 84, pictures, NULL);
    write_vectors(file, o);
    write_cosines(file, o);
    write_loss(file, o);
}

/* ---- the second half: zero-shot classification ------------------------------------------------------------------- */

static double class_y(int k) { return CLASS_Y + (k + 0.5) * LINE; }
static double query_y(const Overview *o) { return class_y(o->classes) + 36; }

/* Class k: its text, its vector, its cosine with the picture, and its probability as a bar. */
static void write_class(FILE *file, const Overview *o, int k) {
    double y = class_y(k), p = (double)o->probabilities.v[k], end = BARS_X + p * (BARS_END - BARS_X);
    bool answer = k == o->answer;
    char text[FIGURE_TEXT];
    write_label(file, o->prompts[k], (Point){ LEFT + 8, y }, "left", 10, ink);
    snprintf(text, sizeof text, "T%d", k + 1);
    write_label(file, text, (Point){ MATRIX_X - 66, y }, "right", 9, text_edge);
    write_strip(file, o->prompt_vectors, k, (Point){ MATRIX_X - 62, y - 7 }, (Point){ 7, 0 }, (Point){ 7, 14 });
    write_cell(file, o, (double)o->scores.v[k], (Point){ MATRIX_X, y - LINE / 2.0 },
               (Point){ MATRIX_X + CELL, y + LINE / 2.0 });
    write_box(file, (Point){ BARS_X, y - 7 }, (Point){ fmax(end, BARS_X + 1), y + 7 },
              answer ? COLOUR_MARKED : COLOUR_DEFAULT, ink, 0);
    snprintf(text, sizeof text, "%.1f %%%s", 100 * p, answer ? "  argmax" : "");
    write_label(file, text, (Point){ fmax(end, BARS_X + 1) + 8, y }, "left", 10, ink);
    if (!answer) return;
    write_frame(file, (Point){ MATRIX_X, y - LINE / 2.0 }, (Point){ MATRIX_X + CELL, y + LINE / 2.0 });
}

static void write_query(FILE *file, const Overview *o) {
    double y = query_y(o), cosines = MATRIX_X + CELL / 2.0;
    write_box(file, (Point){ LEFT, y - 34 }, (Point){ BATCH_RIGHT, y + 34 }, pale, line, 1);
    write_label(file, "one picture", (Point){ LEFT + THUMB + 16, y }, "left", 10, ink);
    write_flow(file, BATCH_RIGHT, TOWER - 2, y, NULL);
    write_tower(file, true, y, 68);
    write_flow(file, TOWER_END + 2, MATRIX_X - 84, y, NULL);
    write_label(file, "I", (Point){ MATRIX_X - 66, y }, "right", 11, image_edge);
    write_strip(file, o->query, 0, (Point){ MATRIX_X - 62, y - 9 }, (Point){ 7, 0 }, (Point){ 7, 18 });
    write_arrow(file,
                (Point[]){ { MATRIX_X - 4, y }, { cosines, y }, { cosines, class_y(o->classes) - LINE / 2.0 + 2 } }, 3,
                false);
}

static void write_classification(FILE *file, const Overview *o) {
    double middle = (class_y(0) + class_y(o->classes - 1)) / 2;
    char text[128];
    snprintf(text, sizeof text, "Use: zero-shot classification, K = %d texts are the classes", o->classes);
    write_label(file, text, (Point){ LEFT, USE_Y }, "left", 13, ink);
    write_label(file,
                "The same towers, without the loss. The picture gets the class whose text has the largest "
                "cosine.",
                (Point){ LEFT, USE_Y + 22 }, "left", 10, grey);
    write_label(file, "cosine", (Point){ MATRIX_X + CELL / 2.0, CLASS_Y - 11 }, "center", 9, grey);
    write_label(file, "p = softmax(scale \u00d7 cosine)", (Point){ BARS_X, CLASS_Y - 11 }, "left", 9, grey);
    write_box(file, (Point){ LEFT, CLASS_Y - 4 }, (Point){ BATCH_RIGHT, class_y(o->classes) - LINE / 2.0 + 4 }, pale,
              line, 1);
    write_flow(file, BATCH_RIGHT, TOWER - 2, middle, "texts");
    write_tower(file, false, middle, 92);
    write_flow(file, TOWER_END + 2, MATRIX_X - 88, middle, NULL);
    for (int k = 0; k < o->classes; k++) write_class(file, o, k);
    write_query(file, o);
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static void write_picture(const Script *script, int i, Point at) {
    double scale = (double)THUMB / CIFAR_SIDE;
    fputs(", \\\n    ", script->file);
    gp_path(script, "data", "rgb");
    fprintf(script->file,
            " binary array=(%d,%d) skip=%d format='%%uint8' dx=%.9g dy=%.9g origin=(%.9g,%.9g) \\\n"
            "    using 1:2:3 with rgbimage",
            CIFAR_SIDE, CIFAR_SIDE, i * CIFAR_NUMBERS, scale, scale, at.x + scale / 2, at.y + scale / 2);
}

static void overview_script(Script *script, const void *figure) {
    const Overview *o = figure;
    FILE *file = script->file;
    char strip[128];
    *script = (Script){ file, script->name, WIDTH, (int)query_y(o) + 80 };
    script_begin(script, "CLIP: two towers, joined by one loss");
    script_page(script);
    write_training(file, o);
    write_classification(file, o);
    write_label(file, o->data, (Point){ LEFT, script->height - 28 }, "left", 9, grey);
    snprintf(strip, sizeof strip, "A strip of colours shows the first %d of the %d numbers of a unit vector.",
             MIN(STRIP, o->images.shape[1]), o->images.shape[1]);
    write_label(file, strip, (Point){ LEFT, script->height - 12 }, "left", 9, grey);
    fputs("plot NaN", file);
    for (int i = 0; i < o->pairs; i++) write_picture(script, i, (Point){ LEFT + 8, batch_y(i) });
    write_picture(script, o->pairs, (Point){ LEFT + 8, query_y(o) - THUMB / 2.0 });
    fputc('\n', file);
}

static void overview_require(const void *figure) {
    const Overview *o = figure;
    REQUIRE(o->pairs == OVERVIEW_PAIRS, "pairs is %d, want %d", o->pairs, OVERVIEW_PAIRS);
    REQUIRE(o->classes >= 1, "classes is %d, want 1 or more", o->classes);
}

PlotResult overview_plot(const char *name, const Overview *overview, Err *err) {
    static const PlotKind kind = { overview_require, overview_data, overview_pixels, overview_script };
    return plot_figure(name, &kind, overview, err);
}
