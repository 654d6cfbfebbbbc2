/* report_row: rows of figures, each with the cell of this run and what the table of three seeds has; curves over the
 * pictures seen. */
#ifndef REPORT_ROW_H
#define REPORT_ROW_H

#include "report.h"

/* Measures what the section lacks. Ends the program with one line when that fails. */
void report_measure(Report *r, int section);

/* The value of this run's cell; NaN if there is none. */
double cell_own(const Report *r, const char *name);
/* "61.2 % (58.8 to 63.2; 3)": the mean of the table's seeds times `factor`, least to most, how many; "" for none. */
const char *seeds_text(const Report *r, const char *name, double factor, const char *unit, int decimals);

/* Ends a line with two spaces and the text, or at once for "". */
void end_row(const char *text);

/* The heading of rows: "what", this run's seed, three seeds. */
void rows_heading(const Report *r, const char *what);
/* A proportion with its interval of 95 % (Wilson), and its seeds; another number, and its seeds. */
void rate_row(const Report *r, const char *label, const char *name);
void number_row(const Report *r, const char *label, const char *name, const char *unit, int decimals);

/* 1 or -1 if proportion a is higher or lower than b: their intervals of 95 % do not overlap; else 0. */
int rates_compare(const Report *r, const char *a, const char *b);
/* The name of the better one, or "the intervals overlap". */
const char *verdict(int compared, const char *a, const char *b);

/* The curve of a model's looks: a cell in % over the pictures seen, for draw_looks. */
Series look_series(const Report *r, const char *title, const char *model, const char *what, int pictures);
void draw_looks(const Report *r, const char *name, const char *title, const Series *series, int count);

#endif
