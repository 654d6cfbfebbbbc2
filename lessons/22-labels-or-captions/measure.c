#include "measure.h"
#include "stroke_digits.h"
#include "dataset/shapes.h"
#include "formats/image.h"
#include "pairs/emoji_set.h"
#include "show/progress.h"

#include <math.h>
#include <string.h>

enum {
    SHIFT_TEST = 500,
    LOOK_TEST = 1000,
    TUNE_TRAIN = 1000,
    TUNE_PICTURES = 6400,
    TUNE_TEST = 1000,
    MORE_DATA_SEED = 77
};
enum { DRAW_COST = 50 }; /* of a probe, in pictures of a training, for the progress bar */
static const double TUNE_RATE = 0.3;

const double fixed_taus[TAUS] = { 0.01, 0.07, 0.5 };

struct Measure {
    const MeasureSetup *setup;
    CellTable *cells;
    Arena *arena;
    int seed;
    Progress progress;
    StudyModel captions, labels; /* sections 1, 2, 6, 7, 8 */
    bool has_captions, has_labels, ok, no_rows;
    Cifar shifted[CORRUPT_KINDS]; /* of the first test pictures */
    const char *name;             /* of the model that is being trained, for its looks */
    void (*at_look)(Measure *m, StudyModel *model, int pictures);
    Err err;
};

int look_at(int pictures, int i) { return MAX(STUDY_BATCH, pictures >> (LOOKS - 1 - i)) / STUDY_BATCH * STUDY_BATCH; }
HeldOut held_out_of(const Cifar *set, int i) {
    static const HeldOut shapes[HELD_PAIRS] = { { 0, 2 }, { 3, 4 } }, photographs[HELD_PAIRS] = { { 4, 8 }, { 3, 5 } };
    return set->generated ? shapes[i] : photographs[i];
}
bool in_wide_data(Corruption kind) { return kind % 2 == 0; }
int locked_pictures(const MeasureSetup *setup) { return MAX(STUDY_BATCH, setup->pictures / 4); }

const char *shot_cell(Arena *arena, const char *set, int shots, const char *what) {
    return arena_print(arena, "%s: probe %d%s", set, shots, what);
}
const char *look_cell(Arena *arena, const char *model, int pictures, const char *what) {
    return arena_print(arena, "%s %d: %s", model, pictures, what);
}

/* ---- cells ------------------------------------------------------------------------------------------------------- */

static bool has(const Measure *m, const char *name) { return cell_find(m->cells, name, m->seed) != NULL; }

static void put(Measure *m, const char *name, double value, int count) {
    if (m->ok) m->ok = cell_put(m->cells, name, m->seed, value, count, &m->err);
}
static void put_right(Measure *m, const char *name, StudyModel *model, const Cifar *set) {
    if (m->ok) put(m, name, (double)study_right(model, set) / set->n, set->n);
}

static Cifar first_of(const Cifar *set, int n) {
    Cifar part = *set;
    part.n = MIN(n, set->n);
    return part;
}

/* ---- trainings --------------------------------------------------------------------------------------------------- */

static void after_step(void *context, int pictures) {
    Measure *m = context;
    progress_update(&m->progress, fmin(m->progress.total, m->progress.done + pictures));
}
static void look(void *context, StudyModel *model, int pictures) {
    Measure *m = context;
    m->at_look(m, model, pictures);
}

static Study study_of(Measure *m, Learn learn) {
    Study study = { .train = m->setup->train, .learn = learn, .image = "small", .pictures = m->setup->pictures };
    study.seed = (uint64_t)m->seed;
    study.after_step = after_step;
    study.context = m;
    return study;
}

/* Trains; the looks are called for with `at_look` not NULL. The model is there after a failure, too. */
static void train(Measure *m, StudyModel *model, Study study, const char *name,
                  void (*at_look)(Measure *m, StudyModel *model, int pictures)) {
    int looks[LOOKS];
    for (int i = 0; i < LOOKS; i++) looks[i] = look_at(study.pictures, i);
    m->name = name;
    m->at_look = at_look;
    study.looks = looks;
    study.look_count = at_look ? LOOKS : 0;
    study.look = look;
    progress_note(&m->progress, "%s, seed %d", name, m->seed);
    if (!study_train(&study, model, &m->err)) m->ok = false;
    model->study.looks = NULL;
    model->study.look_count = 0;
}

/* ---- 1 and 6: the two models, and their accuracy under corruptions ----------------------------------------------- */

static void shift_make(Measure *m) {
    for (int k = 0; k < CORRUPT_KINDS && !m->shifted[k].n; k++)
        m->shifted[k] = corrupt_set(m->arena, m->setup->test, MIN(SHIFT_TEST, m->setup->test->n),
                                    (Corrupt){ (Corruption)k, MEASURE_STRENGTH, 1 });
}

/* Accuracy on the pictures as they are and under both halves of the corruptions: one point of section 6. */
static void shift_point(Measure *m, StudyModel *model, int pictures) {
    int right[2] = { 0, 0 }, of[2] = { 0, 0 };
    shift_make(m);
    put_right(m, look_cell(m->arena, m->name, pictures, "clean"), model, m->setup->test);
    for (int k = 0; k < CORRUPT_KINDS; k++) {
        int half = !in_wide_data((Corruption)k);
        right[half] += study_right(model, &m->shifted[k]);
        of[half] += m->shifted[k].n;
    }
    put(m, look_cell(m->arena, m->name, pictures, "shift A"), (double)right[0] / of[0], of[0]);
    put(m, look_cell(m->arena, m->name, pictures, "shift B"), (double)right[1] / of[1], of[1]);
}

static StudyModel *base(Measure *m, Learn learn) {
    bool captions = learn == LEARN_CAPTIONS, *there = captions ? &m->has_captions : &m->has_labels;
    StudyModel *model = captions ? &m->captions : &m->labels;
    if (*there) return model;
    train(m, model, study_of(m, learn), captions ? "captions" : "labels", shift_point);
    *there = true;
    if (captions) put(m, "learnt: tau", exp(-(double)model->clip.logit_scale->val.v[0]), 0);
    put_right(m, captions ? "captions: accuracy" : "labels: accuracy", model, m->setup->test);
    return model;
}

static void section_labels(Measure *m) {
    base(m, LEARN_CAPTIONS);
    base(m, LEARN_LABELS);
}

/* Half of the training pictures are corrupted, by one of the four kinds of half A and a random strength. */
static Cifar wide_data(Measure *m) {
    const Cifar *from = m->setup->train;
    uint8_t *pixels = arena_alloc(m->arena, (size_t)from->n, CIFAR_NUMBERS), rgb[CIFAR_NUMBERS], out[CIFAR_NUMBERS];
    uint8_t record[CIFAR_RECORD];
    Cifar wide = *from;
    memcpy(pixels, from->pixels, (size_t)from->n * CIFAR_NUMBERS);
    for (int i = 1; i < from->n; i += 2) {
        Corrupt how = { (Corruption)(i / 2 % (CORRUPT_KINDS / 2) * 2), 1 + i / 8 % CORRUPT_STRENGTHS, MORE_DATA_SEED };
        cifar_picture(from, i, rgb);
        corrupt_picture(how, i, rgb, out);
        cifar_record(out, 0, record);
        memcpy(pixels + (size_t)i * CIFAR_NUMBERS, record + 1, CIFAR_NUMBERS);
    }
    wide.pixels = pixels;
    return wide;
}

static void section_robustness(Measure *m) {
    static const char *const names[] = { "captions", "labels" };
    static const Learn learns[] = { LEARN_CAPTIONS, LEARN_LABELS };
    Cifar wide = wide_data(m);
    for (int i = 0; i < 2; i++) {
        StudyModel *model = base(m, learns[i]), other;
        shift_make(m);
        for (int k = 0; k < CORRUPT_KINDS; k++)
            put_right(m,
                      arena_print(m->arena, "%s under %s %d", names[i], corrupt_name((Corruption)k), MEASURE_STRENGTH),
                      model, &m->shifted[k]);
        Study study = study_of(m, learns[i]);
        study.train = &wide;
        train(m, &other, study, i ? "labels on wide data" : "captions on wide data", NULL);
        if (m->ok) shift_point(m, &other, look_at(study.pictures, LOOKS - 1));
        study_free(&other);
    }
}

/* ---- 2. Few-shot probes ------------------------------------------------------------------------------------------ */

static Labelled labelled(Measure *m, StudyModel *model, const Cifar *set, const int *renumber) {
    Labelled l = { study_features(model, m->arena, set, false), NULL };
    int *labels = arena_alloc(m->arena, (size_t)set->n, sizeof *labels);
    for (size_t i = 0; i < mat_count(l.x); i++) l.x.v[i] *= (num)sqrt(STUDY_EMBED);
    for (int i = 0; i < set->n; i++) labels[i] = renumber ? renumber[set->labels[i]] : set->labels[i];
    l.labels = labels;
    return l;
}

static void probes(Measure *m, const char *name, StudyModel *model, const Cifar *pool, const Cifar *test,
                   const int *renumber, int classes) {
    if (has(m, shot_cell(m->arena, name, 1, " most"))) return; /* which is put last */
    Labelled few = labelled(m, model, pool, renumber), all = labelled(m, model, test, renumber);
    int least[CIFAR_CLASSES] = { 0 }, room = pool->n;
    for (int i = 0; i < pool->n; i++) least[few.labels[i]]++;
    for (int c = 0; c < classes; c++) room = MIN(room, least[c]);
    progress_note(&m->progress, "probes: %s, seed %d", name, m->seed);
    for (int i = FEW_SHOT_SIZES - 1; m->ok && i >= 0; i--) {
        int k = few_shot_size(i);
        if (k > room) continue;
        FewShot shot = few_shot_measure(few, all, classes, k, m->setup->draws, (uint64_t)m->seed);
        put(m, shot_cell(m->arena, name, k, ""), shot.mean, 0);
        put(m, shot_cell(m->arena, name, k, " least"), shot.low, 0);
        put(m, shot_cell(m->arena, name, k, " most"), shot.high, 0);
        after_step(m, DRAW_COST * m->setup->draws);
    }
}

/* How many pictures of the two held-out classes get the right one of the two captions. */
static int right_of_two(Measure *m, StudyModel *model, const Cifar *set, const HeldOut *held) {
    Mat scores = study_scores(model, m->arena, set);
    int right = 0;
    for (int i = 0; i < set->n; i++) {
        bool a = AT(scores, i, held->a) >= AT(scores, i, held->b);
        right += a == (set->labels[i] == held->a);
    }
    return right;
}

static void probes_held_out(Measure *m, int i) {
    const MeasureSetup *s = m->setup;
    HeldOut held = held_out_of(s->train, i);
    StudyModel without;
    Cifar few = holdout_pictures(m->arena, s->train, held.a, held.b, false, 0);
    Cifar pool = holdout_pictures(m->arena, s->pool, held.a, held.b, true, 0);
    Cifar test = holdout_pictures(m->arena, s->test, held.a, held.b, true, 0);
    const char *name = arena_print(m->arena, "held out %d", i + 1);
    int two[CIFAR_CLASSES] = { 0 };
    if (has(m, arena_print(m->arena, "%s: text", name))) return;
    two[held.b] = 1;
    few.names = holdout_descriptions(s->train);
    Study study = study_of(m, LEARN_CAPTIONS);
    study.train = &few;
    train(m, &without, study, "without two classes", NULL);
    if (m->ok) {
        probes(m, name, &without, &pool, &test, two, 2);
        put(m, arena_print(m->arena, "%s: text", name), (double)right_of_two(m, &without, &test, &held) / test.n,
            test.n);
    }
    study_free(&without);
}

/* Emoji of the learnt style whose category has many: class c is a category, every second emoji of it for tests. False
 * where there are no emoji, or they cannot be read. */
static bool emoji_sets(Measure *m, Cifar *pool, Cifar *test) {
    enum { LEAST = 2 * 32 };
    EmojiSet set;
    int of[EMOJI_CATEGORIES] = { 0 }, label[EMOJI_CATEGORIES], classes = 0;
    if (!emoji_files_exist(emoji_folder()) || !emoji_set_read(&set, m->arena, emoji_folder(), NULL)) return false;
    for (int i = 0; i < set.count; i++) of[set.item[i].category]++;
    for (int c = 0; c < set.category_count; c++) label[c] = of[c] >= LEAST && classes < CIFAR_CLASSES ? classes++ : -1;
    Cifar *parts[] = { pool, test };
    uint8_t *pixels[2], *labels[2];
    for (int k = 0; k < 2; k++) {
        pixels[k] = arena_alloc(m->arena, (size_t)set.count, CIFAR_NUMBERS);
        labels[k] = arena_alloc(m->arena, (size_t)set.count, 1);
        *parts[k] = (Cifar){ .pixels = pixels[k], .labels = labels[k], .names = set.category };
    }
    for (int i = 0; i < set.count; i++) {
        int c = set.item[i].category, k = of[c]-- % 2;
        if (label[c] < 0) continue;
        size_t at = (size_t)parts[k]->n++;
        image_planes(emoji_rgb(&set, STYLE_LEARNT, i), CIFAR_SIDE * CIFAR_SIDE, pixels[k] + at * CIFAR_NUMBERS);
        labels[k][at] = (uint8_t)label[c];
    }
    return classes >= 2;
}

/* Pictures that neither model has seen anything like: probes on the features of both. */
static void probes_elsewhere(Measure *m, const char *name, const Cifar *pool, const Cifar *test) {
    int classes = 0;
    for (int i = 0; i < pool->n; i++) classes = MAX(classes, pool->labels[i] + 1);
    probes(m, name, base(m, LEARN_CAPTIONS), pool, test, NULL, classes);
    probes(m, arena_print(m->arena, "%s by labels tower", name), base(m, LEARN_LABELS), pool, test, NULL, classes);
}

static void section_probes(Measure *m) {
    const MeasureSetup *s = m->setup;
    int pool_n = MAX(20, s->pool->n / 10 * 10), test_n = MAX(20, s->test->n / 10 * 10);
    Cifar pool, test;
    probes(m, "seen", base(m, LEARN_CAPTIONS), s->pool, s->test, NULL, CIFAR_CLASSES);
    digits_generate(m->arena, 1, pool_n, &pool);
    digits_generate(m->arena, 2, test_n, &test);
    probes_elsewhere(m, "digits", &pool, &test);
    if (!s->train->generated) {
        cifar_generate(m->arena, CIFAR_TRAIN, pool_n, &pool);
        cifar_generate(m->arena, CIFAR_TEST, test_n, &test);
        probes_elsewhere(m, "shapes", &pool, &test);
    }
    if (emoji_sets(m, &pool, &test)) probes_elsewhere(m, "emoji", &pool, &test);
    for (int i = 0; i < HELD_PAIRS; i++) probes_held_out(m, i);
}

/* ---- 3. Contrastive against predictive --------------------------------------------------------------------------- */

static void accuracy_look(Measure *m, StudyModel *model, int pictures) {
    Cifar some = first_of(m->setup->test, LOOK_TEST);
    put_right(m, look_cell(m->arena, m->name, pictures, "accuracy"), model, &some);
}

static void section_predict(Measure *m) {
    static const struct {
        const char *name;
        Learn learn;
    } ways[] = { { "contrastive", LEARN_CAPTIONS }, { "bag of words", LEARN_WORDS }, { "decoder", LEARN_DECODER } };
    for (size_t i = 0; i < COUNT(ways); i++) {
        StudyModel model;
        Study study = study_of(m, ways[i].learn);
        study.templates = 8;
        train(m, &model, study, ways[i].name, accuracy_look);
        study_free(&model);
    }
}

/* ---- 4 and 5: temperature, normalisation ------------------------------------------------------------------------- */

static void section_tau(Measure *m) {
    for (int i = 0; i < TAUS; i++) {
        StudyModel model;
        Study study = study_of(m, LEARN_CAPTIONS);
        study.tau = fixed_taus[i];
        train(m, &model, study, "fixed tau", NULL);
        put_right(m, arena_print(m->arena, "tau %g: accuracy", fixed_taus[i]), &model, m->setup->test);
        put(m, arena_print(m->arena, "tau %g: loss", fixed_taus[i]), model.loss, 0);
        study_free(&model);
    }
    StudyModel *learnt = base(m, LEARN_CAPTIONS);
    put(m, "learnt: loss", learnt->loss, 0);
}

/* The mean length of the pictures' embeddings. */
static double mean_length(Measure *m, StudyModel *model) {
    Cifar some = first_of(m->setup->test, SHIFT_TEST);
    Mat x = study_features(model, m->arena, &some, true);
    double sum = 0;
    for (int i = 0; i < some.n; i++) sum += vec_norm(&AT(x, i, 0), STUDY_EMBED) / some.n;
    return sum;
}

/* A training that fails is a result here: the accuracy is then that of guessing, and the cell "finite" is 0. */
static void section_bare(Measure *m) {
    static const struct {
        const char *name;
        double tau;
    } ways[] = { { "bare and tau learnt", 0 }, { "bare and tau 1", 1 } };
    for (size_t i = 0; i < COUNT(ways); i++) {
        StudyModel model;
        Study study = study_of(m, LEARN_CAPTIONS);
        study.bare = true;
        study.tau = ways[i].tau;
        train(m, &model, study, ways[i].name, NULL);
        bool finite = m->ok;
        m->ok = true;
        put(m, arena_print(m->arena, "%s: finite", ways[i].name), finite, 0);
        if (finite) {
            put_right(m, arena_print(m->arena, "%s: accuracy", ways[i].name), &model, m->setup->test);
            put(m, arena_print(m->arena, "%s: length", ways[i].name), mean_length(m, &model), 0);
            put(m, arena_print(m->arena, "%s: tau", ways[i].name), exp(-(double)model.clip.logit_scale->val.v[0]), 0);
        }
        study_free(&model);
    }
    put(m, "learnt: length", mean_length(m, base(m, LEARN_CAPTIONS)), 0);
}

/* ---- 7. WiSE-FT -------------------------------------------------------------------------------------------------- */

/* The negatives of the first n pictures: every byte b becomes 255 - b. */
static Cifar negatives(Measure *m, const Cifar *set, int n) {
    Cifar part = first_of(set, n);
    size_t count = (size_t)part.n * CIFAR_NUMBERS;
    uint8_t *pixels = arena_alloc(m->arena, count, 1);
    for (size_t i = 0; i < count; i++) pixels[i] = (uint8_t)(255 - set->pixels[i]);
    part.pixels = pixels;
    return part;
}

static void section_mix(Measure *m) {
    StudyModel *before = base(m, LEARN_CAPTIONS), after, mixed;
    Cifar train_set = negatives(m, m->setup->train, TUNE_TRAIN), new_test = negatives(m, m->setup->test, TUNE_TEST);
    Cifar old_test = first_of(m->setup->test, TUNE_TEST);
    Study study = study_of(m, LEARN_CAPTIONS);
    study.train = &train_set;
    study.from = &before->clip;
    study.from_text = true;
    study.rate_factor = TUNE_RATE;
    study.pictures = MIN(TUNE_PICTURES, study.pictures);
    train(m, &after, study, "fine-tuning", NULL);
    study.pictures = 0;
    train(m, &mixed, study, "mixing", NULL);
    for (int i = 0; i < TUNE_POINTS && m->ok; i++) {
        double alpha = (double)i / (TUNE_POINTS - 1);
        study_mix(&mixed, before, &after, alpha);
        put_right(m, arena_print(m->arena, "alpha %.1f: old", alpha), &mixed, &old_test);
        put_right(m, arena_print(m->arena, "alpha %.1f: new", alpha), &mixed, &new_test);
    }
    study_free(&mixed);
    study_free(&after);
}

/* ---- 8. A locked image tower ------------------------------------------------------------------------------------- */

static void section_locked(Measure *m) {
    static const struct {
        const char *name;
        bool from, locked;
    } ways[] = { { "locked labels tower", true, true },
                 { "labels tower unlocked", true, false },
                 { "locked random tower", false, true },
                 { "from scratch", false, false } };
    StudyModel *labels = base(m, LEARN_LABELS);
    for (size_t i = 0; i < COUNT(ways); i++) {
        StudyModel model;
        Study study = study_of(m, LEARN_CAPTIONS);
        study.pictures = locked_pictures(m->setup);
        study.from = ways[i].from ? &labels->clip : NULL;
        study.locked = ways[i].locked;
        train(m, &model, study, ways[i].name, accuracy_look);
        study_free(&model);
    }
}

/* ---- 9. Early fusion --------------------------------------------------------------------------------------------- */

/* How often the colour is right: the classes 0 to 4 of generated shapes are red, 5 to 9 blue. */
static void put_colour(Measure *m, const char *name, StudyModel *model) {
    const Cifar *set = m->setup->test;
    Arena arena = { 0 };
    int *best = arena_alloc(&arena, (size_t)set->n, sizeof *best), right = 0;
    if (m->ok) m->ok = metrics_argmax(study_scores(model, &arena, set), best, &m->err);
    for (int i = 0; m->ok && i < set->n; i++)
        right += best[i] / SHAPE_CLASS_SHAPES == set->labels[i] / SHAPE_CLASS_SHAPES;
    if (set->generated) put(m, arena_print(m->arena, "%s: colour", name), (double)right / set->n, set->n);
    arena_free(&arena);
}

static void section_fusion(Measure *m) {
    StudyModel late, early;
    Study study = study_of(m, LEARN_CAPTIONS);
    study.image = "vit";
    train(m, &late, study, "late fusion", NULL);
    put_colour(m, "late fusion", &late);
    put_right(m, "late fusion: accuracy", &late, m->setup->test);
    StudyCost a = study_cost(&late);
    study_free(&late);
    put(m, "late fusion: MFLOP a step", a.step / 1e6, 0);
    put(m, "late fusion: MFLOP a picture", a.image / 1e6, 0);
    put(m, "late fusion: MFLOP a text", a.text / 1e6, 0);
    study.learn = LEARN_FUSION;
    study.pictures = 0;
    train(m, &early, study, "early fusion", NULL);
    StudyCost b = study_cost(&early);
    study_free(&early);
    put(m, "early fusion: MFLOP a step", b.step / 1e6, 0);
    put(m, "early fusion: MFLOP a pair", b.image / 1e6, 0);
    study.pictures = MAX(STUDY_BATCH, (int)(m->setup->pictures * a.step / b.step) / STUDY_BATCH * STUDY_BATCH);
    train(m, &early, study, "early fusion", NULL);
    put(m, "early fusion: pictures", study.pictures, 0);
    put(m, "early fusion: loss", early.loss, 0);
    put_colour(m, "early fusion", &early);
    put_right(m, "early fusion: accuracy", &early, m->setup->test);
    study_free(&early);
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

/* A section, the cell that it writes last, and how many trainings of setup->pictures it takes. */
static const struct {
    void (*measure)(Measure *m);
    const char *last, *look; /* look: that cell is of the last look */
    double trainings;
} sections[SECTIONS] = {
    { section_labels, "labels: accuracy", NULL, 2 },       { section_probes, "held out 2: text", NULL, 2.6 },
    { section_predict, "decoder", "accuracy", 5 },         { section_tau, "learnt: loss", NULL, 3 },
    { section_bare, "learnt: length", NULL, 2 },           { section_robustness, "labels on wide data", "shift B", 2 },
    { section_mix, "alpha 1.0: new", NULL, 0.2 },          { section_locked, "from scratch", "accuracy", 1 },
    { section_fusion, "early fusion: accuracy", NULL, 5 },
};

Measure *measure_begin(Arena *arena, const MeasureSetup *setup, CellTable *cells, int seed) {
    Measure *m = arena_zero(arena, 1, sizeof *m);
    m->setup = setup;
    m->cells = cells;
    m->arena = arena;
    m->seed = seed;
    m->ok = true;
    return m;
}

bool measure_section(Measure *m, int section, Err *err) {
    int i = section - 1, last = section == 8 ? locked_pictures(m->setup) : m->setup->pictures;
    REQUIRE(i >= 0 && i < SECTIONS, "section %d, want 1 to %d", section, SECTIONS);
    const char *name = sections[i].last, *look_of = sections[i].look;
    bool emoji = section == 2 && emoji_files_exist(emoji_folder()) && !has(m, "emoji by labels tower: probe 1 most");
    bool twin = section == 1 && !has(m, "captions: accuracy"); /* another section may have trained one of the two */
    if (!emoji && !twin && has(m, look_of ? look_cell(m->arena, name, look_at(last, LOOKS - 1), look_of) : name))
        return true;
    double trainings = sections[i].trainings + (i > 0 && !m->has_captions) + (i > 0 && !m->has_labels);
    m->progress = progress_begin("training", trainings * m->setup->pictures, "img/s");
    sections[i].measure(m);
    progress_end(&m->progress);
    if (!m->ok) *err = m->err;
    return m->ok;
}

void measure_end(Measure *m) {
    if (m->has_captions) study_free(&m->captions);
    if (m->has_labels) study_free(&m->labels);
}

bool measure_quick(Arena *arena, CellTable *cells, Err *err) {
    static const char *const names[] = { "quick: captions", "quick: labels" };
    static const Learn learns[] = { LEARN_CAPTIONS, LEARN_LABELS };
    enum { TRAIN = 500, TEST = 500, PICTURES = 3200 };
    Cifar train_set, test;
    cifar_generate(arena, CIFAR_TRAIN, TRAIN, &train_set);
    cifar_generate(arena, CIFAR_TEST, TEST, &test);
    for (int i = 0; i < 2; i++) {
        StudyModel model;
        Study study = { .train = &train_set, .learn = learns[i], .image = "small", .pictures = PICTURES, .seed = 1 };
        if (cell_find(cells, names[i], 1)) continue;
        bool ok = study_train(&study, &model, err) &&
                  cell_put(cells, names[i], 1, (double)study_right(&model, &test) / TEST, TEST, err);
        study_free(&model);
        if (!ok) return false;
    }
    return true;
}
