/* probes: sets of quads (lib/scenes/minimal_pairs.h) as text files, and whether a file is what it says.
 *
 *   build/probes --out probes                     every kind, 1,000 items: probes/binding.csv ... ; each is checked
 *   build/probes --check probes/binding.csv ...   one line for each file; exit status 0 if all hold
 */
#include "lesson/options.h"
#include "scenes/minimal_pairs.h"

#include <string.h>

typedef struct {
    const char *out, *kind, *split, *part;
    bool check, help;
    int items, seed;
    double coverage;
} Wish;

/* What can be read off captions alone, and what tells a set's size: one line. */
static void print_set(const Quads *quads, Arena *arena) {
    enum { READING = 2000 };
    Hearsay hearsay = hearsay_read(arena, quads_reading(arena, quads, READING), READING);
    Tally oracle = quads_score_by(quads, quads_oracle, NULL);
    printf("%-9s %5d items  oracle %5.1f %%  chance %4.1f %%  captions alone:", quad_name(quads->settings.kind),
           quads->count, 100 * tally_rate(&oracle, TALLY_CHOICE).share, 100 * tally_chance(&oracle, TALLY_CHOICE));
    for (int rule = 0; rule < HEARSAY_RULES; rule++) {
        Tally tally = quads_score_rule(quads, &hearsay, (HearsayRule)rule);
        printf("  %s %.1f", hearsay_name((HearsayRule)rule), 100 * tally_rate(&tally, TALLY_CHOICE).share);
    }
}

static bool check_file(const char *path) {
    Arena arena = { 0 };
    Err err = { "" };
    Quads quads;
    bool holds = quads_read(&quads, &arena, path, &err);
    if (holds) {
        print_set(&quads, &arena);
        holds = quads_check(&quads, &err);
        printf("  %s\n", !holds                     ? "DOES NOT HOLD"
                         : quads_fair(&quads, NULL) ? "holds"
                                                    : "holds, and can be won without looking");
    }
    if (!holds)
        fprintf(stderr, "error: %s%s%s\n", strstr(err.text, path) ? "" : path, strstr(err.text, path) ? "" : ": ",
                err.text);
    arena_free(&arena);
    return holds;
}

static void write_file(const Wish *wish, QuadKind kind) {
    Arena arena = { 0 };
    Err err;
    SplitKind split_kind;
    if (!split_find(wish->split, &split_kind)) die_usage("--split %s: there is no such split", wish->split);
    Split split = split_make(split_kind, wish->coverage, (uint64_t)wish->seed);
    QuadSettings settings = { .kind = kind,
                              .seed = (uint64_t)wish->seed,
                              .count = wish->items,
                              .split = split_kind == SPLIT_ALL ? NULL : &split,
                              .part = strcmp(wish->part, "held") ? SPLIT_SEEN : SPLIT_HELD };
    const char *path = arena_print(&arena, "%s/%s.csv", wish->out, quad_name(kind));
    Quads quads;
    if (!folder_make(wish->out, &err) || !quads_make(&quads, &arena, &settings, &err) ||
        !quads_write(&quads, path, &err))
        die("%s", err.text);
    if (!check_file(path)) die("%s: was written and does not hold", path);
    arena_free(&arena);
}

int main(int argc, char **argv) {
    Wish wish = { .out = "", .kind = "all", .split = "all", .part = "seen", .items = 1000, .seed = 1, .coverage = 0.5 };
    const Option options[] = {
        { "out", .text = &wish.out, .help = "the folder to write KIND.csv to" },
        { "kind", .text = &wish.kind, .choices = "all|binding|relation|counting|negation|shuffle",
          .help = "which probe" },
        { "items", .integer = &wish.items, .low = 1, .high = 1000000, .help = "how many" },
        { "seed", .integer = &wish.seed, .low = 0, .high = 2147483647, .help = "of the scenes and the split" },
        { "split", .text = &wish.split, .choices = "all|pairs|counts|relations", .help = "by which combinations" },
        { "coverage", .real = &wish.coverage, .low = 0, .high = 1, .help = "share of combinations seen" },
        { "part", .text = &wish.part, .choices = "seen|held", .help = "which combinations are asked about" },
        { "check", .flag = &wish.check, .help = "check the files named, write none" },
        { "help", .flag = &wish.help, .help = "this list" },
        { 0 },
    };
    Err err;
    int count = 0;
    if (!options_parse(options, argc, argv, &count, &err)) die_usage("%s", err.text);
    if (wish.help) {
        printf("usage: probes --out FOLDER [options]    or    probes --check FILE.csv ...\n");
        options_help(options, stdout);
        return 0;
    }
    if (wish.check ? count == 0 : !*wish.out || count > 0)
        die_usage("want --out FOLDER, or --check FILE.csv ...; --help lists the options");
    bool all = true;
    for (int i = 1; wish.check && i <= count; i++) all &= check_file(argv[i]);
    for (int kind = 0; !wish.check && kind < QUAD_KINDS; kind++)
        if (!strcmp(wish.kind, "all") || !strcmp(wish.kind, quad_name((QuadKind)kind)))
            write_file(&wish, (QuadKind)kind);
    return status_printed(all ? 0 : EXIT_TROUBLE);
}
