#include "evaluate/cell_table.h"
#include "core/file.h"

#include <limits.h>
#include <math.h>
#include <string.h>

enum { FIELDS = 4, LINE_LONGEST = 256, LINES_LONGEST = 100000 };
#define LARGEST 1e300
static const char heading[] = "name,seed,value,count";

const Cell *cell_find(const CellTable *table, const char *name, int seed) {
    for (int i = 0; i < table->count; i++)
        if (table->cell[i].seed == seed && !strcmp(table->cell[i].name, name)) return &table->cell[i];
    return NULL;
}

double cell_value(const CellTable *table, const char *name, int seed) {
    const Cell *cell = cell_find(table, name, seed);
    REQUIRE(cell, "no cell \"%s\" of seed %d", name, seed);
    return cell->value;
}

static bool name_fits(const char *name) {
    size_t length = strlen(name);
    for (size_t i = 0; i < length; i++)
        if (name[i] < ' ' || name[i] > '~' || name[i] == ',') return false;
    return length > 0 && length < CELL_NAME;
}

static void cell_add(CellTable *table, Cell cell) {
    if (table->count == table->room) {
        int room = MAX(64, 2 * table->room);
        Cell *cells = arena_alloc(table->arena, (size_t)room, sizeof *cells);
        if (table->count) memcpy(cells, table->cell, (size_t)table->count * sizeof *cells);
        table->cell = cells;
        table->room = room;
    }
    table->cell[table->count++] = cell;
}

/* Splits the line at its commas. */
static bool cell_parse(char *line, Cell *cell) {
    char *field[FIELDS], *rest = line;
    long long seed, count;
    for (int k = 0; k < FIELDS; k++) {
        field[k] = rest;
        rest = strchr(rest, ',');
        if ((rest != NULL) != (k < FIELDS - 1)) return false;
        if (rest) *rest++ = '\0';
    }
    bool ok = name_fits(field[0]) && parse_int(field[1], 0, INT_MAX, &seed) &&
              parse_real(field[2], -LARGEST, LARGEST, &cell->value) && parse_int(field[3], 0, INT_MAX, &count) &&
              (!count || (cell->value >= 0 && cell->value <= 1));
    if (!ok) return false;
    cell->name = field[0];
    cell->seed = (int)seed;
    cell->count = (int)count;
    return true;
}

static bool table_parse(CellTable *table, const File *file, const char *path, Err *err) {
    const char *at = (const char *)file->data, *end = at + file->size;
    if (!file->size) return err_set(err, "%s: the file is empty, want the heading \"%s\"", path, heading);
    for (int line = 1; at < end; line++) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((next ? next : end) - at);
        char text[LINE_LONGEST] = "";
        Cell cell;
        if (length < sizeof text) memcpy(text, at, length);
        if (line > LINES_LONGEST) return err_set(err, "%s:%d: more lines than such a table has", path, line);
        if (line == 1) {
            if (strcmp(text, heading))
                return err_set(err, "%s:1: the heading is not \"%s\"; this is not a table of figures", path, heading);
        } else if (strlen(text) != length || !cell_parse(text, &cell)) {
            return err_set(err, "%s:%d: not a cell: want %s; remove the line", path, line, heading);
        } else if (cell_find(table, cell.name, cell.seed)) {
            return err_set(err, "%s:%d: a line above has the same name and seed; remove one of them", path, line);
        } else {
            cell.name = arena_text(table->arena, cell.name);
            cell_add(table, cell);
        }
        at = next ? next + 1 : end;
    }
    return true;
}

bool cell_table_read(CellTable *table, Arena *arena, const char *path, Err *err) {
    File file;
    CellTable empty = { .path = path, .arena = arena };
    *table = empty;
    if (!file_exists(path)) return true;
    if (!file_open(&file, path, err)) return false;
    bool ok = table_parse(table, &file, path, err);
    file_close(&file);
    if (!ok) *table = empty;
    return ok;
}

static bool table_write(const CellTable *table, Err *err) {
    OutFile out;
    if (!table->path) return true;
    if (!out_open(&out, table->path, err)) return false;
    fprintf(out.stream, "%s\n", heading);
    for (int i = 0; i < table->count; i++) {
        const Cell *c = &table->cell[i];
        fprintf(out.stream, "%s,%d,%.9g,%d\n", c->name, c->seed, c->value, c->count);
    }
    return out_commit(&out, err);
}

bool cell_put(CellTable *table, const char *name, int seed, double value, int count, Err *err) {
    char text[40];
    REQUIRE(name_fits(name), "\"%s\": a cell's name is 1 to %d printable characters without comma", name,
            CELL_NAME - 1);
    REQUIRE(fabs(value) <= LARGEST && count >= 0 && seed >= 0, "%s: %g of %d, seed %d", name, value, count, seed);
    REQUIRE(!count || (value >= 0 && value <= 1), "%s: %g is no proportion", name, value);
    snprintf(text, sizeof text, "%.9g", value);
    parse_real(text, -LARGEST, LARGEST, &value);
    const Cell *old = cell_find(table, name, seed);
    if (old) {
        table->cell[old - table->cell].value = value;
        table->cell[old - table->cell].count = count;
    } else cell_add(table, (Cell){ arena_text(table->arena, name), seed, value, count });
    return table_write(table, err);
}

CellSummary cell_summary(const CellTable *table, const char *name) {
    CellSummary sum = { .low = INFINITY, .high = -INFINITY };
    double right = 0, of = 0;
    for (int i = 0; i < table->count; i++) {
        const Cell *c = &table->cell[i];
        if (strcmp(c->name, name)) continue;
        sum.seeds++;
        sum.mean += c->value;
        sum.low = fmin(sum.low, c->value);
        sum.high = fmax(sum.high, c->value);
        right += c->value * c->count;
        of += c->count;
    }
    sum.mean /= sum.seeds; /* NaN without seeds */
    sum.rate = metrics_wilson((int)lround(right), (int)of);
    return sum;
}
