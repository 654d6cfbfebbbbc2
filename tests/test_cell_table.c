/* The table of measured figures (evaluate/cell_table.h). */
#include "evaluate/cell_table.h"
#include "core/file.h"
#include "check.h"

#include <math.h>
#include <string.h>

static Arena arena;
static const char *in_folder(const char *name) { return arena_print(&arena, "%s/%s", check_folder(), name); }

static CellTable opened(const char *path) {
    CellTable table;
    Err err;
    CHECK(cell_table_read(&table, &arena, path, &err), "%s", err.text);
    return table;
}
static void put(CellTable *table, const char *name, int seed, double value, int count) {
    Err err;
    CHECK(cell_put(table, name, seed, value, count, &err), "%s", err.text);
}

TEST(a_measurement_goes_on) {
    const char *path = in_folder("cells.csv");
    CellTable table = opened(path);
    CHECK(!table.count && !cell_find(&table, "a", 1), "%d cells", table.count);
    for (int seed = 1; seed <= 70; seed++) put(&table, "noise 0.4: accuracy", seed, 1.0 / 3 / seed, 0);
    put(&table, "b", 1, 0.5, 400);
    put(&table, "b", 1, 0.25, 400);
    CellTable again = opened(path);
    CHECK(again.count == 71 && table.count == 71, "%d cells", again.count);
    for (int seed = 1; seed <= 70; seed++) {
        double value = cell_value(&again, "noise 0.4: accuracy", seed);
        CHECK(value == cell_value(&table, "noise 0.4: accuracy", seed), "seed %d: %.17g", seed, value);
        CHECK(fabs(value * seed * 3 - 1) < 1e-8, "seed %d: %g", seed, value);
    }
    CHECK(cell_value(&again, "b", 1) == 0.25 && cell_find(&again, "b", 1)->count == 400, "%s", "replaced");
    CHECK(!cell_find(&again, "b", 2) && !cell_find(&again, "c", 1), "%s", "found what is not there");
}

TEST(seeds_are_summed_up) {
    CellTable table = { .arena = &arena };
    put(&table, "x", 1, 0.1, 100);
    put(&table, "y", 1, 0.9, 100);
    put(&table, "x", 2, 0.4, 200);
    put(&table, "speed", 2, -3, 0);
    CellSummary x = cell_summary(&table, "x"), none = cell_summary(&table, "z"), speed = cell_summary(&table, "speed");
    Rate want = metrics_wilson(90, 300);
    CHECK(x.seeds == 2 && fabs(x.mean - 0.25) < 1e-12 && x.low == 0.1 && x.high == 0.4, "%d, %g", x.seeds, x.mean);
    CHECK(x.rate.low == want.low && x.rate.high == want.high, "%g to %g", x.rate.low, x.rate.high);
    CHECK(none.seeds == 0 && isnan(none.mean), "%g", none.mean);
    CHECK(speed.mean == -3 && speed.rate.of == 0, "%g of %d", speed.mean, speed.rate.of);
}

TEST(what_is_no_cell_is_refused_by_line) {
    static const struct {
        const char *text, *want;
    } cases[] = {
        { "", "the file is empty" },
        { "name,seed,value\n", ":1: the heading is not" },
        { "name,seed,value,count\na,1,0.5\n", ":2: not a cell" },
        { "name,seed,value,count\na,1,0.5,10\na,2,0.5,10,1\n", ":3: not a cell" },
        { "name,seed,value,count\na,1,nan,0\n", ":2: not a cell" },
        { "name,seed,value,count\na,-1,0.5,0\n", ":2: not a cell" },
        { "name,seed,value,count\na,1,1.5,10\n", ":2: not a cell" },
        { "name,seed,value,count\n,1,0.5,10\n", ":2: not a cell" },
        { "name,seed,value,count\n\n", ":2: not a cell" },
        { "name,seed,value,count\na\tb,1,0.5,10\n", ":2: not a cell" },
        { "name,seed,value,count\na\x7f,1,0.5,10\n", ":2: not a cell" },
        { "name,seed,value,count\na,one,0.5,10\n", ":2: not a cell" },
        { "name,seed,value,count\na,1,0.5,ten\n", ":2: not a cell" },
        { "name,seed,value,count\na,1,-0.5,10", ":2: not a cell" },
        { "name,seed,value,count\na,1,0.5,0\na,1,0.25,0\n", ":3: a line above has the same name" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CellTable table;
        Err err = { "" };
        file_mock("cells", cases[i].text, strlen(cases[i].text));
        bool ok = cell_table_read(&table, &arena, "cells", &err);
        CHECK(!ok && !table.count && strstr(err.text, cases[i].want), "%s\nsaid %s", cases[i].text, err.text);
        CHECK(strstr(err.text, "cells") == err.text, "%s", err.text);
    }
    file_mock(NULL, NULL, 0);
    CellTable table;
    Err err = { "" };
    CHECK(!cell_table_read(&table, &arena, check_folder(), &err) && strstr(err.text, "this is a folder"), "%s",
          err.text);
}

TEST(the_longest_line_and_the_last) {
    enum { LONG = 4000 };
    static const char head[] = "name,seed,value,count\n";
    char *text = arena_alloc(&arena, LONG + 100, 1), *line = text + sprintf(text, "%s", head);
    CellTable table;
    Err err = { "" };
    memset(line, 'a', LONG);
    strcpy(line + LONG, ",1,0.5,10\n");
    file_mock("cells", text, strlen(text));
    CHECK(!cell_table_read(&table, &arena, "cells", &err) && !strncmp(err.text, "cells:2: not a cell", 19), "%s",
          err.text);
    strcpy(line, "a,1,0.5,10\nb,1,0.25,0"); /* without an end */
    file_mock("cells", text, strlen(text));
    CHECK(cell_table_read(&table, &arena, "cells", &err) && table.count == 2 && cell_value(&table, "b", 1) == 0.25,
          "%d cells, %s", table.count, err.text);
    file_mock(NULL, NULL, 0);
}

TEST(a_full_disk_is_reported) {
    CellTable table = { .arena = &arena, .path = in_folder("no/such/folder.csv") };
    Err err = { "" };
    CHECK(!cell_put(&table, "a", 1, 1, 0, &err) && strstr(err.text, "folder.csv"), "%s", err.text);
}

TESTS(a_measurement_goes_on, seeds_are_summed_up, what_is_no_cell_is_refused_by_line, the_longest_line_and_the_last,
      a_full_disk_is_reported)
