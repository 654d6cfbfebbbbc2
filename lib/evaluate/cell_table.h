/* cell_table: measured figures as CSV, one line a cell, written after each cell. A measurement that was interrupted
 * continues where it stopped.
 *
 *   name,seed,value,count                       "noise 0.4: accuracy,1,0.8325,4000"
 *
 *   CellTable table;
 *   if (!cell_table_read(&table, arena, path, &err)) die("%s", err.text);
 *   const char *name = arena_print(arena, "noise %.1f: accuracy", noise);
 *   if (!cell_find(&table, name, seed) && !cell_put(&table, name, seed, measure(noise, seed), tested, &err)) die(...);
 *   printf("%.1f\n", 100 * cell_value(&table, name, seed));
 */
#ifndef CELL_TABLE_H
#define CELL_TABLE_H

#include "evaluate/metrics.h"

enum { CELL_NAME = 100 }; /* bytes of a name, with its end */

typedef struct {
    const char *name; /* printable ASCII without comma */
    int seed;
    double value; /* finite */
    int count;    /* a proportion of so many; 0: another quantity */
} Cell;

typedef struct {
    Cell *cell;
    int count, room;
    const char *path; /* where cell_put writes; NULL: nowhere */
    Arena *arena;
} CellTable;

/* Reads the table; a file that does not exist is an empty table. Names lie on the arena, which must outlive the table.
 * False with one line that names file and line for anything that is not a cell, or a cell that occurs twice; the table
 * is then empty. */
bool cell_table_read(CellTable *table, Arena *arena, const char *path, Err *err);

/* The cell, or NULL. It is valid until the next cell_put. */
const Cell *cell_find(const CellTable *table, const char *name, int seed);
/* The value of a cell; stops if there is no such cell. */
double cell_value(const CellTable *table, const char *name, int seed);

/* Stores the value, rounded to the nine digits of the file, in place of a cell of the same name and seed, and writes
 * the file. Wants a name as above, a finite value, count >= 0. False with one line if the file cannot be written. */
bool cell_put(CellTable *table, const char *name, int seed, double value, int count, Err *err);

/* The seeds of one name: their number, the mean, least and largest value. No seeds: the mean is NaN. `rate` is Wilson's
 * interval of the proportion over all seeds together; 0 of 0 if the cells are no proportions. */
typedef struct {
    int seeds;
    double mean, low, high;
    Rate rate;
} CellSummary;
/* Over all cells of that name in the table; the table is not changed. */
CellSummary cell_summary(const CellTable *table, const char *name);

#endif
