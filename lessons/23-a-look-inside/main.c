/* Lesson 23: a look inside. Where pictures and texts lie, where the model looks, what misleads it, what its cosine
 * draws, what mining does, which of two objects is nearer, how few bits suffice. Before: 08, 11, 17. See README.md. */
#include "inside_measure.h"
#include "inside_report.h"
#include "core/file.h"
#include "lesson/lesson_data.h"

#include <string.h>

static struct {
    const char *data, *path;
    int seed, train, test, probes, maps, steps;
    bool all;
} args = { .data = "auto",
           .path = INSIDE_TABLE,
           .seed = 1,
           .train = INSIDE_TRAIN,
           .test = INSIDE_TEST,
           .probes = INSIDE_PROBES,
           .maps = INSIDE_MAPS };

static const Option options[] = {
    { "data", .text = &args.data, .choices = LESSON_DATA, .help = "which pictures" },
    { "train-images", .integer = &args.train, .low = 100, .high = 50000, .help = "pictures of the training set" },
    { "test-images", .integer = &args.test, .low = 10, .high = 10000, .help = "pictures of the test set" },
    { "probes", .integer = &args.probes, .low = 10, .high = 100000, .help = "3, 6: scenes of each probe" },
    { "maps", .integer = &args.maps, .low = 2, .high = 5000, .help = "2, 3: scenes with maps; half of the gradients" },
    { "steps", .integer = &args.steps, .low = 0, .high = 100000,
      .help = "of every training and of the ascent; 0: what each needs" },
    { "all", .flag = &args.all, .help = "first measure what is missing in the table of three seeds: 5 minutes" },
    { "table", .text = &args.path, .help = "the file of that table" },
    { 0 },
};

static CellTable table_of(Arena *arena, const char *path) {
    CellTable table;
    Err err;
    if (!cell_table_read(&table, arena, path, &err)) die("%s", err.text);
    return table;
}

static void measure_everything(Inside *s) {
    inside_measure_gap(s);
    inside_measure_maps(s);
    inside_measure_words(s);
    inside_measure_turns(s);
    inside_measure_ascent(s);
    inside_measure_mining(s);
    inside_measure_depth(s);
    inside_measure_bits(s);
}

/* Measures what is missing in the table of three seeds: generated shapes; section 5 also with CIFAR-10, where it is. */
static void measure_seeds(Arena *arena, CellTable *table) {
    Cifar train, test, photographs = lesson_pictures(arena, "auto", CIFAR_TRAIN, INSIDE_TRAIN);
    Cifar photographed = lesson_pictures(arena, "auto", CIFAR_TEST, INSIDE_TEST);
    cifar_generate(arena, CIFAR_TRAIN, INSIDE_TRAIN, &train);
    cifar_generate(arena, CIFAR_TEST, INSIDE_TEST, &test);
    Inside s = { table, &train, &test, 0, INSIDE_PROBES, INSIDE_MAPS, 0, NULL };
    Inside p = { table, &photographs, &photographed, 0, INSIDE_PROBES, INSIDE_MAPS, 0, "photographs " };
    for (s.seed = 1; s.seed <= INSIDE_SEEDS; s.seed++) {
        fprintf(stderr, "seed %d of %d\n", s.seed, INSIDE_SEEDS);
        measure_everything(&s);
        p.seed = s.seed;
        if (!photographs.generated) inside_measure_mining(&p);
    }
}

static void sections(const Lesson *lesson, Inside *s) {
    lesson_section(lesson, "1. The modality gap");
    inside_report_gap(lesson, s);
    lesson_section(lesson, "2. Where it looks");
    inside_report_maps(lesson, s);
    lesson_section(lesson, "3. What misleads it: a written word, a small change");
    inside_report_words(lesson, s);
    inside_report_turns(lesson, s);
    lesson_section(lesson, "4. Pixels from a caption");
    inside_report_ascent(lesson, s);
    lesson_section(lesson, "5. Mining: pictures that the model confuses, in one batch");
    inside_report_mining(lesson, s);
    lesson_section(lesson, "6. Which of two objects is nearer");
    inside_report_depth(lesson, s);
    lesson_section(lesson, "7. Numbers in fewer bits");
    inside_report_bits(lesson, s);
}

int main(int argc, char **argv) {
    Lesson lesson = { .number = "23",
                      .title = "A look inside",
                      .shows = "where a model looks, what misleads it, and what its vectors hold",
                      .takes = "a minute",
                      .next = "make lesson-24",
                      .options = options,
                      .quick = "--data shapes --steps 1 --train-images 160 --test-images 20 --probes 10 --maps 2 "
                               "--table none",
                      .seed = &args.seed };
    lesson_begin(&lesson, argc, argv);
    Arena *arena = &lesson.memory;
    Cifar train = lesson_pictures(arena, args.data, CIFAR_TRAIN, args.train);
    Cifar test = lesson_pictures(arena, args.data, CIFAR_TEST, args.test);
    Err err;
    if (!folder_make(models_folder(), &err)) die("%s", err.text);
    CellTable kept = table_of(arena, arena_print(arena, "%s/look-inside-%s-%d-%d-%d-%d-%d.csv", models_folder(),
                                                 train.generated ? "shapes" : "cifar10", train.n, test.n, args.probes,
                                                 args.maps, args.steps));
    CellTable seeds = table_of(arena, args.path);
    if (args.all) measure_seeds(arena, &seeds);
    Inside s = { &kept, &train, &test, args.seed, args.probes, args.maps, args.steps, NULL };
    printf("%s\n", lesson_notice(&train, args.data));
    sections(&lesson, &s);
    lesson_section(&lesson, "All sections with three seeds, on generated shapes");
    inside_report_seeds(&seeds, args.path);
    return lesson_end(&lesson);
}
