/* Writes and checks probes: sets of minimal pairs (lib/scenes/minimal_pairs.h) as text files.
 *
 *   build/probes --out probes                     every kind, 1,000 items: probes/binding.csv ... ; each is checked
 *   build/probes --check probes/binding.csv ...   one line for each file; exit status 0 if all hold
 */
#include "core/version.h"
#include "core/file.h"
#include "lesson/options.h"
#include "../minimal_pairs_file.h"

#include <string.h>

typedef struct {
    const char *out, *kind, *split, *part;
    bool check, help;
    int items, seed;
    double coverage;
} Args;

/* One line: kind, size, the oracle's score, chance, and the scores of the text-only rules. */
static void print_set(const MinimalPairs *pairs, Arena *arena) {
    enum { TRAINING_CAPTIONS = 2000 };
    TextBaseline baseline =
        text_baseline_fit(arena, minimal_pairs_training_captions(arena, pairs, TRAINING_CAPTIONS), TRAINING_CAPTIONS);
    PairScore oracle = minimal_pairs_score_by(pairs, minimal_pairs_oracle, NULL);
    printf("%-9s %5d items  oracle %5.1f %%  chance %4.1f %%  text only:", probe_name(pairs->config.kind), pairs->count,
           100 * pair_score_rate(&oracle, PAIR_METRIC_CHOICE).fraction,
           100 * pair_score_chance(&oracle, PAIR_METRIC_CHOICE));
    for (int rule = 0; rule < TEXT_BASELINE_RULES; rule++) {
        PairScore score = minimal_pairs_score_rule(pairs, &baseline, (TextBaselineRule)rule);
        printf("  %s %.1f", text_baseline_name((TextBaselineRule)rule),
               100 * pair_score_rate(&score, PAIR_METRIC_CHOICE).fraction);
    }
}

static bool check_file(const char *path) {
    Arena arena = { 0 };
    Err err = { "" };
    MinimalPairs pairs;
    bool holds = minimal_pairs_read(&pairs, &arena, path, &err);
    if (holds) {
        print_set(&pairs, &arena);
        holds = minimal_pairs_check(&pairs, &err);
        printf("  %s\n", !holds                             ? "DOES NOT HOLD"
                         : minimal_pairs_fair(&pairs, NULL) ? "holds"
                                                            : "holds, and can be won without looking");
    }
    if (!holds)
        fprintf(stderr, "error: %s%s%s\n", strstr(err.text, path) ? "" : path, strstr(err.text, path) ? "" : ": ",
                err.text);
    arena_free(&arena);
    return holds;
}

static void write_file(const Args *args, ProbeKind kind) {
    Arena arena = { 0 };
    Err err;
    SplitKind split_kind;
    if (!split_find(args->split, &split_kind)) die_usage("--split %s: there is no such split", args->split);
    Split split = split_make(split_kind, args->coverage, (uint64_t)args->seed);
    MinimalPairsConfig config = { .kind = kind,
                                  .seed = (uint64_t)args->seed,
                                  .count = args->items,
                                  .split = split_kind == SPLIT_ALL ? NULL : &split,
                                  .part = strcmp(args->part, "held") ? SPLIT_SEEN : SPLIT_HELD };
    const char *path = arena_print(&arena, "%s/%s.csv", args->out, probe_name(kind));
    MinimalPairs pairs;
    if (!folder_make(args->out, &err) || !minimal_pairs_make(&pairs, &arena, &config, &err) ||
        !minimal_pairs_write(&pairs, path, &err))
        die("%s", err.text);
    if (!check_file(path)) die("%s: the file just written does not hold", path);
    arena_free(&arena);
}

int main(int argc, char **argv) {
    if (version_asked(argc, argv)) return status_printed(0);
    Args args = { .out = "", .kind = "all", .split = "all", .part = "seen", .items = 1000, .seed = 1, .coverage = 0.5 };
    const Option options[] = {
        { "out", .text = &args.out, .help = "the folder to write KIND.csv to" },
        { "kind", .text = &args.kind, .choices = "all|binding|relation|counting|negation|shuffle",
          .help = "which probe" },
        { "items", .integer = &args.items, .low = 1, .high = 1000000, .help = "how many" },
        { "seed", .integer = &args.seed, .low = 0, .high = 2147483647, .help = "of the scenes and the split" },
        { "split", .text = &args.split, .choices = "all|pairs|counts|relations", .help = "what is held out" },
        { "coverage", .real = &args.coverage, .low = 0, .high = 1, .help = "fraction of combinations seen" },
        { "part", .text = &args.part, .choices = "seen|held", .help = "the combinations that the probes use" },
        { "check", .flag = &args.check, .help = "check the files named, write none" },
        { "help", .flag = &args.help, .help = "this list" },
        { 0 },
    };
    Err err;
    int count = 0;
    if (!options_parse(options, argc, argv, &count, &err)) die_usage("%s", err.text);
    if (args.help) {
        printf("usage: probes --out FOLDER [options]    or    probes --check FILE.csv ...\n");
        options_help(options, stdout);
        return 0;
    }
    if (args.check ? count == 0 : !*args.out || count > 0)
        die_usage("want --out FOLDER, or --check FILE.csv ...; --help lists the options");
    bool all = true;
    for (int i = 1; args.check && i <= count; i++) all &= check_file(argv[i]);
    for (int kind = 0; !args.check && kind < PROBE_KINDS; kind++)
        if (!strcmp(args.kind, "all") || !strcmp(args.kind, probe_name((ProbeKind)kind)))
            write_file(&args, (ProbeKind)kind);
    return status_printed(all ? 0 : EXIT_TROUBLE);
}
