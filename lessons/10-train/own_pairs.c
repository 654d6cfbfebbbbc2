#include "own_pairs.h"

#include "core/file.h"
#include "dataset/augment.h"
#include "evaluate/pair_recall.h"
#include "pretrained/export.h"

#include <string.h>
#include <strings.h>

enum {
    EPOCHS_SHOWN = 1000,
    PICTURES_SEEN = 60000, /* of a training on a small set: some 40 seconds on two processors */
    EPOCHS_LOW = 5,
    EPOCHS_HIGH = 200,
    BATCHES = 8,    /* or more in an epoch */
    BATCH_HIGH = 64 /* 100,000 pictures of 32 pixels then take half a gigabyte */
};

/* ---- the recipe -------------------------------------------------------------------------------------------------- */

static int side_of(const OwnPairs *own) { return strcmp(own->side, "64") ? 32 : 64; }

static void set_if(int *value, int wanted) {
    if (wanted) *value = wanted;
}

static void set_sizes(ClipConfig *model, const OwnPairs *own) {
    ImageTowerSize *image = &model->image;
    TextTowerSize *text = &model->text;
    bool vit = !strcmp(image->kind, "vit");
    image->side = side_of(own);
    if (own->image_width && vit) image->width = own->image_width;
    for (int i = 0; i < 3 && own->image_width && !vit; i++) image->widths[i] = own->image_width << i;
    set_if(&image->layers, own->image_layers);
    set_if(&image->patch, own->patch);
    set_if(&text->width, own->text_width);
    set_if(&text->layers, own->text_layers);
    set_if(&image->embed, own->embed);
    text->embed = image->embed;
}

/* Does a caption say which side something is on? Then a mirrored picture would make it wrong. */
static bool has_sides(const PairSet *set) {
    const char *const words[] = { "left", "right" };
    for (int c = 0; c < set->caption_count; c++)
        for (const char *at = set->caption[c]; *at; at++)
            for (size_t w = 0; w < COUNT(words); w++)
                if (!strncasecmp(at, words[w], strlen(words[w]))) return true;
    return false;
}

static Augment augment_of(const OwnPairs *own, const PairSet *set, const char **what) {
    bool sides = !strcmp(own->augment, "auto") && has_sides(set);
    Augment a = { .mirror = MIRROR_ALTERNATE, .shift = side_of(own) / 16, .edge = EDGE_REFLECT };
    *what = sides ? "shifted, but not mirrored: a caption says left or right" : "shifted and mirrored";
    if (!strcmp(own->augment, "shift")) *what = "shifted";
    if (sides || !strcmp(own->augment, "shift")) a.mirror = MIRROR_NEVER;
    if (strcmp(own->augment, "none") != 0) return a;
    *what = "not changed";
    return (Augment){ 0 };
}

/* Tokens of the longest caption, at most 77 as CLIP. */
static int text_length(const OwnPairs *own, const PairSet *set) {
    int n = set->caption_count, longest = 2;
    if (own->text_length) return own->text_length;
    if (strcmp(own->tokens, "bpe") != 0) return MIN((int)BPE_LENGTH, text_max_words(set->caption, n));
    Arena work = { 0 };
    Bpe bpe;
    Err err;
    if (!bpe_find(&bpe, &work, arena_print(&work, "%s/", models_folder()), &err)) die("%s", err.text);
    int *ids = arena_alloc(&work, (size_t)n * BPE_LENGTH, sizeof *ids);
    int *tokens = arena_alloc(&work, (size_t)n, sizeof *tokens);
    bpe_encode(&bpe, set->caption, n, BPE_LENGTH, ids, tokens);
    for (int i = 0; i < n; i++) longest = MAX(longest, MIN(tokens[i], (int)BPE_LENGTH));
    arena_free(&work);
    return longest;
}

static Recipe recipe_of(const OwnPairs *own, Arena *arena, const PairSet *set, const char **augmented) {
    Recipe r = *recipe_find("pairs");
    bool transformer = !strcmp(own->text, "transformer");
    recipe_towers(&r, arena, own->image, own->text);
    set_sizes(&r.model, own);
    r.byte_pairs = !strcmp(own->tokens, "bpe");
    r.least_words = own->least_words;
    r.model.tokens = text_length(own, set);
    if (r.byte_pairs && transformer) r.model.text.padding = -1;
    r.augment = augment_of(own, set, augmented);
    r.micro_batch = own->micro_batch;
    r.batch = own->batch ? own->batch : MAX(2, MIN((int)BATCH_HIGH, set->n / BATCHES));
    r.epochs = own->epochs ? own->epochs : MAX((int)EPOCHS_LOW, MIN((int)EPOCHS_HIGH, PICTURES_SEEN / set->n));
    for (size_t g = COUNT(r.groups); own->lr > 0 && g-- > 0;) r.groups[g].lr *= own->lr / r.groups[0].lr;
    return r;
}

/* ---- epochs ------------------------------------------------------------------------------------------------------ */

typedef struct {
    EpochRow rows[EPOCHS_SHOWN];
    int count;
} History;

static void print_heading(void) {
    printf("                      validation: picture to caption  caption to picture\n"
           "epoch   loss  floor  above    k = 1     5    10      1     5    10   mean  scale   img/s  seconds\n");
}

/* The best epoch so far has a star. */
static void print_row(const EpochRow *r) {
    printf("%5d %6.3f %6.3f %6.3f   ", r->epoch, r->loss, r->floor, r->loss - r->floor);
    for (int way = 0; way < RECALL_WAYS; way++) {
        for (int c = 0; c < RETRIEVAL_CUTOFFS; c++)
            printf(r->has_recall ? " %5.1f" : "     -", 100 * r->recall[way][c]);
        printf(" ");
    }
    printf("%5.1f%c %5.1f %7.0f %8.1f\n", 100 * r->test, r->best == r->epoch ? '*' : ' ', r->logit_scale, r->rate,
           r->seconds);
    fflush(stdout);
}

static void add_row(void *context, const EpochRow *r) {
    History *history = context;
    if (history->count < EPOCHS_SHOWN) history->rows[history->count++] = *r;
    print_row(r);
}

static void show_curves(const Lesson *lesson, Arena *arena, const History *h) {
    num *x = arena_alloc(arena, (size_t)h->count, sizeof *x), *y[5];
    for (int k = 0; k < 5; k++) y[k] = arena_alloc(arena, (size_t)h->count, sizeof *x);
    for (int i = 0; i < h->count; i++) {
        const EpochRow *r = &h->rows[i];
        const double values[] = { r->loss, r->floor, 100 * r->recall[0][0], 100 * r->recall[1][0], 100 * r->test };
        x[i] = (num)r->epoch;
        for (int k = 0; k < 5; k++) y[k][i] = (num)values[k];
    }
    const Series losses[] = { { "CLIP loss", x, y[0], h->count }, { "floor of these batches", x, y[1], h->count } };
    const Series recalls[] = { { "picture to caption, first", x, y[2], h->count },
                               { "caption to picture, first", x, y[3], h->count },
                               { "mean of all six", x, y[4], h->count } };
    Lines loss = { .title = "the loss of the training pairs", .x = "epoch", .y = "nats" };
    Lines recall = { .title = "recall of the validation pairs", .x = "epoch", .y = "%", .from_zero = true };
    loss.series = losses;
    loss.count = COUNT(losses);
    recall.series = recalls;
    recall.count = COUNT(recalls);
    lesson_lines(lesson, "10-pairs-loss", &loss);
    lesson_lines(lesson, "10-pairs-recall", &recall);
}

/* ---- the run ----------------------------------------------------------------------------------------------------- */

static void print_model(const Recipe *r, const PairSet *train, const char *augmented, int patience) {
    const ClipConfig *m = &r->model;
    term_say("%d different captions; pictures of %d x %d pixels, %s\n", train->caption_count, train->side, train->side,
             augmented);
    term_say("image tower \"%s\", text tower \"%s\" of %d %s, both to %d dimensions\n", m->image.kind, m->text.kind,
             m->tokens, r->byte_pairs ? "byte pairs" : "words", m->image.embed);
    printf("at most %d epochs in batches of %d", r->epochs, r->batch);
    printf(patience ? "; it stops after %d epochs without a better one\n" : "\n", patience);
}

/* The best model: what it knows about pictures that no decision was made with. */
static void test_best(const Lesson *lesson, const PairsData *data, const TrainRun *run, const OwnPairs *own) {
    Clip best;
    PairRecall r;
    Err err;
    if (!clip_load(&best, run->best, &err)) die("%s", err.text);
    lesson_section(lesson, "The best epoch on the test pictures");
    if (data->set[PAIRS_TEST].n == 0) printf("there are no test pictures\n");
    else if (!pair_recall(&best, &data->set[PAIRS_TEST], &r, &err)) die("%s", err.text);
    else pair_recall_print(&r);
    printf("words: %d", best.bpe ? BPE_IDS : best.vocab.size - TEXT_FIRST_WORD);
    printf(best.vocab.keeps_unknown ? "; rare ones share the unknown word\n" : "\n");
    if (*own->export && !export_model(&best, own->export, !strcmp(own->fit, "letterbox"), &err)) die("%s", err.text);
    if (*own->export) fprintf(stderr, "exported: %s\n", own->export);
    clip_free(&best);
}

/* The epochs of a resumed run that had finished. */
static void print_log(const char *log) {
    static EpochRow rows[EPOCHS_SHOWN];
    Err err;
    double best = -1;
    int done = train_log_read(log, rows, EPOCHS_SHOWN, &err);
    if (done < 0) die("%s", err.text);
    for (int i = 0; i < done; i++) {
        rows[i].best = !rows[i].has_recall || rows[i].test > best ? rows[i].epoch : 0;
        best = MAX(best, rows[i].test);
        print_row(&rows[i]);
    }
    term_say("all epochs were done before: nothing was left to do\n");
}

static void train_and_show(const Lesson *lesson, Arena *arena, TrainRun *run) {
    History *history = arena_zero(arena, 1, sizeof *history);
    Err err;
    Clip clip;
    run->after_epoch = add_row;
    run->context = history;
    if (!folder_make(models_folder(), &err)) die("%s", err.text);
    print_heading();
    if (!lesson_train(run, &clip, &err)) die("%s", err.text);
    clip_free(&clip);
    if (history->count == 0) print_log(run->log);
    else show_curves(lesson, arena, history);
    const EpochRow *last = history->count ? &history->rows[history->count - 1] : NULL;
    if (last && last->epoch < run->recipe.epochs)
        term_say("stopped after epoch %d: none was better than epoch %d\n", last->epoch, last->best);
    fprintf(stderr, "model: %s\nstate: %s\nlog:   %s\n", run->best, run->checkpoint, run->log);
}

void own_pairs_export(Lesson *lesson, const OwnPairs *own) {
    LessonModel model = lesson_model_open(&lesson->memory, own->weights, NULL);
    Err err;
    if (!export_model(&model.clip, own->export, model.fit && !strcmp(model.fit, "letterbox"), &err))
        die("%s", err.text);
    term_say("%s: the model for open_clip and Hugging Face\n", own->export);
    clip_free(&model.clip);
}

static bool exportable(const OwnPairs *own) {
    return !strcmp(own->image, "vit") && !strcmp(own->text, "transformer") && !strcmp(own->tokens, "bpe");
}

void own_pairs_run(Lesson *lesson, OwnPairs *own) {
    Arena *arena = &lesson->memory;
    PairsData data;
    const char *augmented;
    if (*own->export && !exportable(own))
        die_usage("--export: other programs read CLIP's own towers and tokens; add --image vit --text transformer "
                  "--tokens bpe");
    LessonPairsSplit split = { own->fit, side_of(own), own->seed, own->validation / 100, own->test / 100 };
    lesson_section(lesson, "The pairs");
    lesson_pairs_open(&data, &own->pairs, split);
    if (!strcmp(own->tokens, "bpe")) pairs_table_warn_texts(&data.table);
    const PairSet *train = &data.set[PAIRS_TRAIN];
    TrainRun run = {
        .recipe = recipe_of(own, arena, train, &augmented),
        .seed = (uint64_t)own->seed,
        .pairs = train,
        .validation = &data.set[PAIRS_VAL],
        .meta = (const MetaPair[]){ { "fit", own->fit }, { "split", lesson_split_text(arena, split) }, { NULL, NULL } },
        .resume = own->resume,
        .keep_other = own->backup_other
    };
    const char *towers = run.recipe.name + strlen("pairs");
    run.patience = own->patience >= 0 ? own->patience : MAX(5, run.recipe.epochs / 5);
    run.best = lesson_pairs_path(arena, own->pairs.table, towers, own->seed, ".safetensors");
    run.checkpoint = lesson_pairs_path(arena, own->pairs.table, towers, own->seed, ".last.safetensors");
    run.log = lesson_pairs_path(arena, own->pairs.table, towers, own->seed, ".csv");
    print_model(&run.recipe, train, augmented, run.patience);
    lesson_section(lesson, "Epoch by epoch");
    train_and_show(lesson, arena, &run);
    test_best(lesson, &data, &run, own);
    lesson->next = arena_print(arena, "build/lesson-13 --weights %s --pairs %s \"words to search for\"", run.best,
                               own->pairs.table);
    pairs_data_close(&data);
}
