/* Lesson 22: labels or captions. What a model that learnt from captions is worth against one that learnt from labels:
 * accuracy, few-shot learning, robustness, fine-tuning, and the parts that the loss needs. Before: 05, 08, 10, 14, 15.
 * See README.md. */
#include "report.h"
#include "core/file.h"
#include "lesson/lesson_data.h"

#include <string.h>

static struct {
    const char *data, *path, *sections;
    int seed, pictures, train, test, draws;
    bool all;
} args = {
    .data = "shapes",
    .path = MEASURE_TABLE,
    .sections = "123456789",
    .seed = 1,
    .pictures = MEASURE_PICTURES,
    .train = MEASURE_TRAIN,
    .test = MEASURE_TEST,
    .draws = MEASURE_DRAWS,
};

static const Option options[] = {
    { "data", .text = &args.data, .choices = LESSON_DATA, .help = "which pictures" },
    { "pictures", .integer = &args.pictures, .low = 64, .high = 10000000, .help = "pictures seen by each model" },
    { "train-images", .integer = &args.train, .low = 100, .high = 50000, .help = "pictures of the training set" },
    { "test-images", .integer = &args.test, .low = 20, .high = 5000,
      .help = "pictures of the test set; as many others for the probes" },
    { "draws", .integer = &args.draws, .low = 1, .high = 1000, .help = "2: draws of the few pictures" },
    { "sections", .text = &args.sections, .help = "only these sections: their digits" },
    { "all", .flag = &args.all, .help = "first measure what is missing in the table of three seeds: 3 minutes" },
    { "table", .text = &args.path, .help = "the file of that table" },
    { 0 },
};

typedef struct {
    Cifar train, test, pool;
} Sets;

/* The first half of the test part for tests, the second half for probes. */
static Sets sets_of(Arena *arena, const char *data, int train, int test) {
    Cifar tests = lesson_pictures(arena, data, CIFAR_TEST, 2 * test);
    Sets s = { lesson_pictures(arena, data, CIFAR_TRAIN, train), tests, tests };
    s.test.n = s.pool.n = s.test.n / 2;
    s.pool.pixels += (size_t)s.test.n * CIFAR_NUMBERS;
    s.pool.labels += s.test.n;
    return s;
}

/* Measures what is missing in the table of three seeds: generated shapes, in the sizes of measure.h. */
static void measure_seeds(Arena *arena, CellTable *table) {
    Sets sets = sets_of(arena, "shapes", MEASURE_TRAIN, MEASURE_TEST);
    MeasureSetup setup = { &sets.train, &sets.test, &sets.pool, MEASURE_PICTURES, MEASURE_DRAWS };
    Err err;
    if (!measure_quick(arena, table, &err)) die("%s", err.text);
    for (int seed = 1; seed <= MEASURE_SEEDS; seed++) {
        Measure *m = measure_begin(arena, &setup, table, seed);
        for (int section = 1; section <= SECTIONS; section++)
            if (!measure_section(m, section, &err)) die("%s", err.text);
        measure_end(m);
    }
}

static CellTable table_of(Arena *arena, const char *path) {
    CellTable table;
    Err err;
    if (!cell_table_read(&table, arena, path, &err)) die("%s", err.text);
    return table;
}

int main(int argc, char **argv) {
    Lesson lesson = { .number = "22",
                      .title = "Labels or captions",
                      .shows =
                          "a model that learnt from captions beside one that learnt from labels, in nine measurements",
                      .takes = "a minute, a second when run again",
                      .next = "make lesson-23",
                      .options = options,
                      .quick =
                          "--sections 147 --pictures 64 --train-images 100 --test-images 20 --draws 1 --table none",
                      .seed = &args.seed };
    lesson_begin(&lesson, argc, argv);
    Arena *arena = &lesson.memory;
    if (!*args.sections || strspn(args.sections, "123456789") < strlen(args.sections))
        die_usage("--sections %s: want digits from 1 to %d", args.sections, SECTIONS);
    Sets sets = sets_of(arena, args.data, args.train, args.test);
    MeasureSetup setup = { &sets.train, &sets.test, &sets.pool, args.pictures, args.draws };
    const char *kept =
        arena_print(arena, "%s/labels-or-captions-%s-%d-%d-%d-%d.csv", models_folder(),
                    sets.train.generated ? "shapes" : "cifar10", sets.train.n, sets.test.n, args.pictures, args.draws);
    CellTable own = table_of(arena, kept), seeds = table_of(arena, args.path);
    Err err;
    if (!folder_make(models_folder(), &err)) die("%s", err.text);
    if (args.all) measure_seeds(arena, &seeds);
    printf("%s\n%d pictures for training, %d for tests; each model sees %d.\n", lesson_notice(&sets.train, args.data),
           sets.train.n, sets.test.n, args.pictures);
    if (seeds.count)
        printf("On the right, from %s: mean of the seeds (least to most; how many seeds), generated shapes.\n",
               args.path);
    Report report = { &lesson, arena, &setup, &own, &seeds, measure_begin(arena, &setup, &own, args.seed), args.seed };
    report_sections(&report, args.sections);
    measure_end(report.measure);
    return lesson_end(&lesson);
}
