/* Reads a table that a lesson measured, writes it again and compares the bytes. */
#include "core/version.h"
#include "14-honestly-zero-shot/held_out_classes.h"
#include "core/arena.h"
#include "core/file.h"
#include "scenes/result_table.h"
#include "show/term_fit.h"

#include <string.h>

static const char usage[] = "check-table KIND TABLE COPY\n"
                            "  KIND    pairs: lesson 14's, of classes held out; limits: lessons 17 and 18\n"
                            "  COPY    gets the table that was read\n"
                            "Holds if the two files are equal.\n"
                            "Exit status: 0 holds, 1 does not, 2 the command line is wrong.\n";

static bool copy(Arena *arena, const char *kind, const char *from, const char *to, Err *err) {
    static HoldoutTable pairs;
    ResultTable limits = { 0 };
    if (!strcmp(kind, "pairs")) return holdout_read(&pairs, from, err) && holdout_write(&pairs, to, err);
    return result_table_read(&limits, arena, from, err) && result_table_write(&limits, to, err);
}

int main(int argc, char **argv) {
    term_fit_output();
    if (version_asked(argc, argv)) return status_printed(0);
    if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) return fputs(usage, stdout) == EOF;
    if (argc != 4 || (strcmp(argv[1], "pairs") != 0 && strcmp(argv[1], "limits") != 0))
        die_usage("check-table pairs|limits TABLE COPY; try --help");
    Arena arena = { 0 };
    File before, after;
    Err err;
    if (!copy(&arena, argv[1], argv[2], argv[3], &err) || !file_open(&before, argv[2], &err)) die("%s", err.text);
    if (!file_open(&after, argv[3], &err)) die("%s", err.text);
    if (before.size != after.size || memcmp(before.data, after.data, before.size) != 0)
        die("%s is not %s", argv[3], argv[2]);
    file_close(&before);
    file_close(&after);
    arena_free(&arena);
    return 0;
}
