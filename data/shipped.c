/* shipped: checks the trained model that comes with the toolkit, data/pretrained/cifar10-clip.safetensors: its accuracy
 * on the 10,000 test pictures must be the one in its metadata; else the exit status is 1.
 *
 *   build/shipped                                      check it
 *   build/shipped --from CHECKPOINT --date 2026-11-21  make it of a checkpoint of lesson 10: the weights alone, as F16
 */
#include "core/version.h"
#include "dataset/cifar.h"
#include "core/arena.h"
#include "core/file.h"
#include "lesson/lesson_data.h"
#include "core/quote.h"
#include "evaluate/metrics.h"
#include "lesson/options.h"
#include "show/progress.h"
#include "evaluate/zeroshot.h"
#include "show/term_fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TESTS = 2, MAX_BYTES = 5 * 1000 * 1000 };

/* The two tests, and the keys of their results in the metadata. */
static const struct {
    const char *key, *name;
    TestAugmentation tta;
    double cost;
} tests[TESTS] = {
    { "test_accuracy", "as they are", TTA_NONE, 1 },
    { "test_accuracy_with_views", "with mirrored and shifted views", TTA_MIRROR_SHIFT, 6 },
};

typedef struct {
    Progress progress;
    double cost, before;
} Watch;

static void watch(void *context, int done) {
    Watch *w = context;
    progress_update(&w->progress, w->before + w->cost * done);
}

/* Splits "templates" at its bars. Owner: the arena. */
static int split(Arena *arena, const char *joined, const char **wordings, int max) {
    int n = 0;
    char *rest = arena_text(arena, joined ? joined : "");
    for (char *each = strtok(rest, "|"); each && n < max; each = strtok(NULL, "|")) wordings[n++] = each;
    return n;
}

static void measure(Arena *arena, Clip *clip, const char *templates, double accuracy[TESTS]) {
    enum { WORDINGS_MAX = 64 };
    const char *wordings[WORDINGS_MAX];
    int count = split(arena, templates, wordings, WORDINGS_MAX);
    if (!count) die("%s: no \"templates\" in its metadata; is it of lesson 10?", LESSON_SHIPPED);
    Cifar test = lesson_pictures(arena, "cifar", CIFAR_TEST, 0);
    Mat classes = zeroshot_classes(clip, arena, wordings, count, test.names, CIFAR_CLASSES, NULL);
    Watch w = { .progress = progress_begin("testing", (tests[0].cost + tests[1].cost) * test.n, "views/s") };
    for (int k = 0; k < TESTS; k++) {
        w.cost = tests[k].cost;
        ZeroshotRange range = { .n = test.n, .batch = 100, .tta = tests[k].tta, .progress = watch, .context = &w };
        Mat scores = zeroshot_scores(clip, arena, classes, &test, range);
        int *best = arena_alloc(arena, (size_t)test.n, sizeof *best), right = 0;
        Err err;
        if (!metrics_argmax(scores, best, &err)) die("%s", err.text);
        for (int i = 0; i < test.n; i++) right += best[i] == test.labels[i];
        accuracy[k] = (double)right / test.n;
        w.before += w.cost * test.n;
    }
    progress_end(&w.progress);
}

/* Writes the weights of a checkpoint as F16, without the state of the optimiser. */
static void make(const char *from, const char *date) {
    Arena arena = { 0 };
    Safetensors file;
    Clip clip;
    Err err;
    static const char *const copied[] = { "run", "epoch", "templates" };
    if (!clip_load(&clip, from, &err) || !safetensors_open(&file, &arena, from, &err)) die("%s", err.text);
    SafetensorsOut out = safetensors_begin(&arena);
    clip_save(&clip, &out, DTYPE_F16);
    for (size_t i = 0; i < COUNT(copied); i++) {
        const char *value = safetensors_meta(&file, copied[i]);
        if (!value) die("%s: \"%s\" is not in its metadata; want a checkpoint of lesson 10", from, copied[i]);
        safetensors_add_meta(&out, copied[i], value);
    }
    char recipe[64];
    unsigned long long seed;
    if (sscanf(safetensors_meta(&file, "run"), "recipe %63[^,], seed %llu", recipe, &seed) != 2)
        die("%s: \"run\" is \"%s\", want \"recipe NAME, seed N, ...\"", from, safetensors_meta(&file, "run"));
    safetensors_add_meta(&out, "command", arena_print(&arena, "build/lesson-10 --recipe %s --seed %llu", recipe, seed));
    safetensors_add_meta(&out, "date", date);
    /* The accuracy is measured with the rounded weights of the file. */
    Clip rounded;
    double accuracy[TESTS];
    if (!folder_make("data/pretrained", &err) || !safetensors_write(&out, LESSON_SHIPPED ".measured", &err) ||
        !clip_load(&rounded, LESSON_SHIPPED ".measured", &err))
        die("%s", err.text);
    measure(&arena, &rounded, safetensors_meta(&file, "templates"), accuracy);
    for (int k = 0; k < TESTS; k++) safetensors_add_meta(&out, tests[k].key, arena_print(&arena, "%.4f", accuracy[k]));
    if (!safetensors_write(&out, LESSON_SHIPPED, &err)) die("%s", err.text);
    remove(LESSON_SHIPPED ".measured");
    safetensors_close(&file);
    clip_free(&clip);
    clip_free(&rounded);
    arena_free(&arena);
}

/* Prints the metadata and compares them with the measured accuracy. Processors round differently, so one picture in a
 * thousand may differ. */
static bool check(void) {
    Arena arena = { 0 };
    Safetensors file;
    Clip clip;
    Err err;
    double accuracy[TESTS];
    bool holds = true;
    if (!clip_load(&clip, LESSON_SHIPPED, &err) || !safetensors_open(&file, &arena, LESSON_SHIPPED, &err))
        die("%s", err.text);
    printf("%s: %.2f MB\n", LESSON_SHIPPED, (double)file.file.size / 1e6);
    for (int i = 0; i < file.meta_count; i++)
        printf("  %-28s %s\n", quoted(file.meta[i].key), quote_json(&arena, file.meta[i].value));
    measure(&arena, &clip, safetensors_meta(&file, "templates"), accuracy);
    for (int k = 0; k < TESTS; k++) {
        const char *said = safetensors_meta(&file, tests[k].key);
        bool same = said && fabs(atof(said) - accuracy[k]) <= 1e-3;
        printf("test pictures %s: %.2f %%%s\n", tests[k].name, 100 * accuracy[k],
               same ? "" : ", which is not what the file says");
        holds = holds && same;
    }
    if (file.file.size > MAX_BYTES) {
        holds = false;
        printf("larger than %g MB\n", MAX_BYTES / 1e6);
    }
    safetensors_close(&file);
    clip_free(&clip);
    arena_free(&arena);
    return holds;
}

int main(int argc, char **argv) {
    term_fit_output();
    if (version_asked(argc, argv)) return status_printed(0);
    const char *from = NULL, *date = NULL;
    bool help = false;
    const Option options[] = {
        { "from", .text = &from, .help = "make the file of this checkpoint of lesson 10 first" },
        { "date", .text = &date, .help = "the day of its training, for the file" },
        { "help", .flag = &help, .help = "this" },
        { 0 },
    };
    Err err;
    if (!options_parse(options, argc, argv, NULL, &err)) die_usage("%s", err.text);
    if (help) {
        printf("shipped [--from CHECKPOINT --date DAY]: checks the toolkit's model on the test pictures of CIFAR-10\n");
        options_help(options, stdout);
        return 0;
    }
    if (!from != !date) die_usage("--from and --date go together");
    if (from) make(from, date);
    return status_printed(check() ? 0 : 1);
}
