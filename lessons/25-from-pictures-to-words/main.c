/* Lesson 25: from pictures to words. A small transformer writes captions of scenes and answers questions about them;
 * every word is judged, because the scene is known. Before: 17, 22. See README.md. */
#include "ask_picture.h"
#include "word_study.h"
#include "lesson/lesson.h"
#include "scenes/probe_report.h"

#include <string.h>

enum { SHOWN = 6, SEARCHES = 4 };

static struct {
    const char *path, *date, *scene;
    int seed, steps, width, pictures, items, noisy, boot_steps;
    bool all;
} args = {
    .path = WORD_STUDY_TABLE,
    .date = "",
    .scene = "",
    .seed = WORD_STUDY_SEED,
    .steps = 500,
    .width = 64,
    .pictures = 200,
    .items = 100,
    .noisy = 1000,
    .boot_steps = 60,
};

static const Option options[] = {
    { "steps", .integer = &args.steps, .low = 1, .high = 100000, .help = "training steps of the small decoder" },
    { "width", .integer = &args.width, .low = 4, .high = 512, .help = "its width" },
    { "pictures", .integer = &args.pictures, .low = 2, .high = 10000, .help = "test pictures of each kind" },
    { "items", .integer = &args.items, .low = 2, .high = 10000, .help = "items of each probe of lesson 17" },
    { "noisy", .integer = &args.noisy, .low = 8, .high = 100000,
      .help = "7: noisy pairs; a twentieth as many are clean" },
    { "bootstrap-steps", .integer = &args.boot_steps, .low = 0, .high = 100000,
      .help = "7: steps of every CLIP; 0: our table alone" },
    { "scene", .text = &args.scene, .help = "the number of a scene, to be described instead of the lesson" },
    { "all", .flag = &args.all,
      .help = "first train what ships, and measure what is missing in its table: half an hour" },
    { "date", .text = &args.date, .help = "with --all: the day, for the files of the networks" },
    { "table", .text = &args.path, .help = "the file of that table" },
    { 0 },
};

/* The CLIP, the three networks that ship, and the small one. Parameters point into them. */
static SceneModel clip;
static Net net[NET_KINDS], small;

/* Captions that the retrieval searches: five for each picture. */
static int bank_size(void) { return MIN(WORD_STUDY_BANK, 5 * args.pictures); }
static Rate rate_of(int right, int of) { return metrics_wilson(right, of); }
static void print_rate(Rate r) { printf("  %5.1f (%3.0f to %3.0f)", 100 * r.proportion, 100 * r.low, 100 * r.high); }

/* ---- 1. The networks --------------------------------------------------------------------------------------------- */

static void load_networks(Answerers *who) {
    Err err;
    NetConfig config = {
        .kind = NET_POSITIONS, .width = args.width, .steps = args.steps, .batch = 64, .seed = args.seed
    };
    if (!word_study_clip(&clip, &err)) die("%s", err.text);
    who->clip = &clip;
    for (int k = 0; k < NET_KINDS; k++) {
        if (!word_study_net(&net[k], word_study_shipped((NetKind)k), &clip, &err)) die("%s", err.text);
        who->net[k] = &net[k];
    }
    if (!word_study_net(&small, config, &clip, &err)) die("%s", err.text);
}

static void show_networks(Arena *arena) {
    printf("picture: the frozen image tower of %s\n", scene_model_text(arena, &clip.config));
    for (int k = 0; k <= NET_KINDS; k++) {
        const Net *n = k < NET_KINDS ? &net[k] : &small;
        printf("  %-8s sees %-30s width %3d, %6zu parameters, %4d steps of %d, seed %d, last loss %.3f%s\n",
               net_name(n->config.kind),
               n->config.kind == NET_VECTOR ? "1 vector of 64 numbers," : "16 positions of 72 numbers,",
               n->config.width, params_count(&n->params), n->config.steps, n->config.batch, n->config.seed, n->loss,
               k < NET_KINDS ? "" : " (the small one)");
    }
}

/* A caption in lines below a picture, with who wrote it; "wrong" marks it. */
static const char *said_by(const Scene *scene, const char *caption) {
    Caption c;
    if (!caption_parse(caption, &c, NULL)) return "no caption";
    return caption_true(scene, &c) ? "true" : "wrong";
}

static void show_captions(const Lesson *lesson, Arena *arena, const Answerers *who) {
    Tile tiles[SHOWN];
    JudgeSet set = judge_set(&clip, arena, ASK_RELATION, SPLIT_SEEN, SHOWN, 7);
    CaptionBank bank = judge_bank(&clip, arena, ASK_RELATION, bank_size(), WORD_STUDY_SEED);
    const char **found = judge_retrieve(arena, &set, &bank);
    const char **vector =
        net_write(who->net[NET_VECTOR], arena, set.sight, SHOWN, "relation", (NetSearch){ .beams = 1 });
    const char **positions =
        net_write(who->net[NET_POSITIONS], arena, set.sight, SHOWN, "relation", (NetSearch){ .beams = 1 });
    for (int i = 0; i < SHOWN; i++) {
        printf("  picture %d: %s, %s\n", i + 1, scene_text(arena, &set.scene[i], 0),
               scene_text(arena, &set.scene[i], 1));
        const char *const by[] = { found[i], vector[i], positions[i] };
        static const char *const names[] = { "retrieval", "vector", "positions" };
        for (int k = 0; k < 3; k++) printf("    %-10s %-48s %s\n", names[k], by[k], said_by(&set.scene[i], by[k]));
        tiles[i] = probe_tile(arena, &set.scene[i], positions[i], said_by(&set.scene[i], positions[i]));
    }
    lesson_tiles(
        lesson, "25-captions",
        &(Tiles){
            .title = "captions by the decoder that sees the positions", .tiles = tiles, .count = SHOWN, .columns = 3 });
}

/* ---- 2. and 3. Truth, and BLEU ----------------------------------------------------------------------------------- */

enum { BY_SMALL = WRITERS, WRITERS_SHOWN = 4 };
static const int shown_writers[WRITERS_SHOWN] = { BY_RETRIEVAL, BY_VECTOR, BY_POSITIONS, BY_SMALL };
typedef struct {
    Judged of[ASK_KINDS][2][WRITERS_SHOWN];
    double swapped[2]; /* BLEU of relation captions whose nouns are exchanged; how many there are */
    JudgeSet relation; /* seen */
} CaptionResults;

static Judged judge_by(const Answerers *who, int writer, const JudgeSet *set) {
    Answerers with_small = *who;
    with_small.net[NET_POSITIONS] = &small;
    return writer == BY_SMALL ? word_study_captions(&with_small, BY_POSITIONS, set, 0)
                              : word_study_captions(who, (Writer)writer, set, bank_size());
}

static void judge_all(Arena *arena, const Answerers *who, CaptionResults *r) {
    for (int ask = 0; ask < ASK_KINDS; ask++)
        for (int part = 0; part < 2; part++) {
            JudgeSet set = judge_set(&clip, arena, (Ask)ask, (SplitPart)part, args.pictures, WORD_STUDY_SEED);
            for (int w = 0; w < WRITERS_SHOWN; w++) r->of[ask][part][w] = judge_by(who, shown_writers[w], &set);
            if (ask == ASK_RELATION && part == SPLIT_SEEN) r->relation = set;
        }
    const char **swapped = arena_alloc(arena, (size_t)r->relation.n, sizeof *swapped);
    r->swapped[1] = judge_swapped(arena, &r->relation, swapped);
    r->swapped[0] = judge_bleu(&r->relation, swapped);
}

static const char *shown_name(int w) {
    return shown_writers[w] == BY_SMALL ? "small" : writer_name((Writer)shown_writers[w]);
}

static void captions_true(const Lesson *lesson, const CaptionResults *r, const Prediction *guess) {
    Bar bars[2 * WRITERS_SHOWN];
    char label[2 * WRITERS_SHOWN][40];
    printf("share of captions that are true of the picture, %%; %d pictures of each kind; 95 %% intervals\n",
           args.pictures);
    printf("                  ");
    for (int w = 0; w < WRITERS_SHOWN; w++) printf("  %-18s", shown_name(w));
    printf("\n");
    for (int ask = 0; ask < ASK_KINDS; ask++)
        for (int part = 0; part < 2; part++) {
            printf("%-9s %-8s", ask_name((Ask)ask), part ? "held out" : "seen");
            for (int w = 0; w < WRITERS_SHOWN; w++) {
                const Judged *j = &r->of[ask][part][w];
                Rate rate = rate_of(j->right, j->n);
                print_rate(rate);
                if (ask != ASK_RELATION) continue;
                snprintf(label[2 * w + part], sizeof label[0], "%s, %s", shown_name(w), part ? "held out" : "seen");
                bars[2 * w + part] =
                    (Bar){ label[2 * w + part], 100 * rate.proportion, 100 * rate.low, 100 * rate.high, false };
            }
            printf("\n");
        }
    for (int part = 0; part < 2; part++) {
        printf("relation captions with both objects right, %-8s", part ? "held out" : "seen");
        for (int w = 0; w < WRITERS_SHOWN; w++) {
            const Judged *j = &r->of[ASK_RELATION][part][w];
            printf("  %s %d, true of these %d", shown_name(w), j->named, j->right);
        }
        printf("\n");
    }
    lesson_bars(lesson, "25-relations",
                &(Bars){ .title = "relation captions that are true",
                         .values = "true",
                         .unit = " %",
                         .bars = bars,
                         .count = 2 * WRITERS_SHOWN,
                         .high = 100 });
    lesson_outcome_number(lesson, guess, 100 * rate_of(r->of[ASK_RELATION][0][1].right, args.pictures).proportion, 1);
}

static void bleu_beside(const Lesson *lesson, const CaptionResults *r) {
    Prediction guess =
        lesson_predict_number(lesson, 0, 1,
                              "In true relation captions the two objects are exchanged, which makes them "
                              "false. Of 1, which BLEU do they get?");
    printf(
        "seen combinations; fluent: the grammar reads it; luck: true of the next picture; BLEU against %d captions\n",
        JUDGE_REFERENCES);
    printf("                    fluent %%   true %%   luck %%   BLEU\n");
    for (int ask = 0; ask < ASK_KINDS; ask++)
        for (int w = 0; w < WRITERS_SHOWN; w++) {
            const Judged *j = &r->of[ask][SPLIT_SEEN][w];
            printf("%-9s %-9s   %5.1f    %5.1f    %5.1f   %.3f\n", w ? "" : ask_name((Ask)ask), shown_name(w),
                   100.0 * j->fluent / j->n, 100.0 * j->right / j->n, 100.0 * j->luck / j->n, j->bleu);
        }
    printf("%.0f true relation captions with their objects exchanged: true 0.0 %%, BLEU %.3f\n", r->swapped[1],
           r->swapped[0]);
    lesson_outcome_number(lesson, &guess, r->swapped[0], 3);
}

/* ---- 4. Search and the cache ------------------------------------------------------------------------------------- */

static void searches(const Lesson *lesson, Arena *arena, const Answerers *who, const JudgeSet *set) {
    static const NetSearch search[SEARCHES] = {
        { 1, true }, { 1, false }, { WORD_STUDY_BEAMS, true }, { WORD_STUDY_BEAMS, false }
    };
    Prediction guess = lesson_predict_number(
        lesson, 0.1, 100, "How many times as fast is greedy search with a cache of keys and values?");
    const char **texts[SEARCHES];
    double seconds[SEARCHES];
    printf("relation captions of %d pictures by \"positions\"\n", set->n);
    printf("search    cache     seconds  true %%  same texts as without cache\n");
    for (int k = 0; k < SEARCHES; k++) {
        double begin = clock_seconds();
        texts[k] = net_write(who->net[NET_POSITIONS], arena, set->sight, set->n, "relation", search[k]);
        seconds[k] = clock_seconds() - begin;
        Judged j = judge_captions(set, texts[k]);
        int same = 0;
        for (int i = 0; i < set->n; i++) same += !strcmp(texts[k][i], texts[k - k % 2][i]);
        printf("%-9s %-8s %8.3f  %6.1f",
               search[k].beams == 1 ? "greedy" : arena_print(arena, "%d beams", search[k].beams),
               search[k].no_cache ? "without" : "with", seconds[k], 100.0 * j.right / j.n);
        if (k % 2) printf("  %d of %d", same, set->n);
        printf("\n");
    }
    lesson_outcome_number(lesson, &guess, seconds[0] / seconds[1], 1);
}

/* ---- 5. Questions ------------------------------------------------------------------------------------------------ */

static void questions(const Lesson *lesson, Arena *arena, const Answerers *who) {
    static const char *const ways[] = { "ranking", "vector", "positions", "matching", "caption" };
    Prediction guess =
        lesson_predict_choice(lesson, ways, COUNT(ways), 1,
                              "Who answers \"is there a red circle left of a blue square?\" best: CLIP by "
                              "ranking, the decoders (vector, positions), matching, or the decoder by caption?");
    Rate best = { .proportion = 0 };
    int first = WAY_RANKING;
    printf("right answers, %%; %d questions of each kind; 95 %% intervals\n                     ", args.pictures);
    for (int way = 0; way < WAYS; way++) printf("  %-18s", answer_way_name((AnswerWay)way));
    printf("\n");
    for (int kind = 0; kind < QUESTION_KINDS; kind++)
        for (int part = 0; part < 2; part++) {
            printf("%-12s %-8s", question_name((QuestionKind)kind), part ? "held out" : "seen");
            for (int way = 0; way < WAYS; way++) {
                Rate r =
                    word_study_answers(who, arena, (AnswerWay)way, (QuestionKind)kind, (SplitPart)part, args.pictures);
                print_rate(r);
                if (kind || part || way == WAY_PRIOR || r.proportion <= best.proportion) continue;
                best = r;
                first = way;
            }
            printf("\n");
        }
    lesson_outcome(lesson, &guess, "%s", answer_way_name((AnswerWay)first));
}

/* ---- 6. Lesson 17's probes --------------------------------------------------------------------------------------- */

static void probes(Arena *arena, const Answerers *who) {
    printf("right choice (group), %%; chance is 50 (16.7); %d items of each probe\n                    ", args.items);
    for (int way = WAY_RANKING; way < PROBE_WAYS; way++)
        printf("  %-14s", way == WAY_RANKING ? "CLIP" : answer_way_name((AnswerWay)way));
    printf("\n");
    for (int kind = 0; kind < PROBE_SHUFFLE; kind++)
        for (int part = 0; part < 2; part++) {
            MinimalPairs pairs;
            Err err;
            if (!word_study_probe(&pairs, arena, &clip, (ProbeKind)kind, (SplitPart)part, args.items, &err))
                die("%s", err.text);
            printf("%-11s %-8s", probe_name((ProbeKind)kind), part ? "held out" : "seen");
            for (int way = WAY_RANKING; way < PROBE_WAYS; way++) {
                PairScore s = probe_score(who, (AnswerWay)way, &pairs);
                printf("  %5.1f (%5.1f)", 100 * pair_score_rate(&s, PAIR_METRIC_CHOICE).fraction,
                       100 * pair_score_rate(&s, PAIR_METRIC_GROUP).fraction);
            }
            printf("\n");
        }
}

/* ---- 7. Bootstrapping -------------------------------------------------------------------------------------------- */

typedef struct {
    CellTable *kept;
    Err err;
} BootWatch;
static void boot_done(void *context, BootWay way, BootRow row) {
    BootWatch *w = context;
    if (!word_study_put_boot(w->kept, way, args.seed, row, &w->err)) die("%s", w->err.text);
}

static void print_boot(Arena *arena, const CellTable *table) {
    printf("trained on    pairs  true %%  test pictures right, %% (least to most of the seeds)\n");
    for (int way = 0; way < BOOT_WAYS; way++) {
        CellSummary pairs = cell_summary(table, cell_boot(arena, (BootWay)way, "pairs"));
        CellSummary said = cell_summary(table, cell_boot(arena, (BootWay)way, "true"));
        CellSummary right = cell_summary(table, cell_boot(arena, (BootWay)way, "right"));
        printf("%-10s", boot_name((BootWay)way));
        if (!right.seeds) printf("  not measured\n");
        else
            printf(" %8.0f  %6.1f  %5.1f (%.1f to %.1f), %d seed%s of %d\n", pairs.mean, 100 * said.mean,
                   100 * right.mean, 100 * right.low, 100 * right.high, right.seeds, right.seeds == 1 ? "" : "s",
                   right.rate.of / right.seeds);
    }
}

/* A small one, measured here and kept. */
static void bootstrap_here(Arena *arena) {
    BootConfig c = word_study_boot(args.seed);
    CellTable kept;
    BootWatch watch = { .kept = &kept };
    c.noisy = args.noisy;
    c.clean = MAX(2, args.noisy / 20);
    c.steps = args.boot_steps;
    c.net_steps = 2 * args.boot_steps;
    c.tested = args.pictures;
    const char *path = arena_print(arena, "%s/words-bootstrap-recipe%d-%d-%d-%d-seed%d.csv", models_folder(),
                                   NET_RECIPE, c.noisy, c.steps, c.tested, c.seed);
    if (!folder_make(models_folder(), &watch.err) || !cell_table_read(&kept, arena, path, &watch.err))
        die("%s", watch.err.text);
    if (!cell_find(&kept, cell_boot(arena, BOOT_TRUTH, "right"), c.seed) &&
        !bootstrap_run(&c, boot_done, &watch, &watch.err))
        die("%s", watch.err.text);
    printf("here: %d pairs, of whose captions %.0f %% belong to another picture; %d clean pairs; %d steps; seed %d\n",
           c.noisy, 100 * c.noise, c.clean, c.steps, c.seed);
    print_boot(arena, &kept);
}

static void bootstrapping(Arena *arena, const CellTable *table) {
    BootConfig full = word_study_boot(WORD_STUDY_SEED);
    if (args.boot_steps) bootstrap_here(arena);
    printf("our table: %d pairs, of whose captions %.0f %% belong to another picture; %d clean pairs; %d steps\n",
           full.noisy, 100 * full.noise, full.clean, full.steps);
    print_boot(arena, table);
}

int main(int argc, char **argv) {
    Lesson lesson = { .number = "25",
                      .title = "From pictures to words",
                      .shows = "a transformer that writes captions and answers questions, judged word by word",
                      .takes = "a minute, some seconds when run again",
                      .next = "make lesson-26",
                      .options = options,
                      .wants = "PICTURE.png \"A CAPTION\" \"A QUESTION?\" ...",
                      .quick = "--steps 1 --width 8 --pictures 2 --items 2 --bootstrap-steps 0",
                      .seed = &args.seed };
    lesson_begin(&lesson, argc, argv);
    Arena *arena = &lesson.memory;
    Err err;
    CellTable table;
    Answerers who;
    if (!cell_table_read(&table, arena, args.path, &err)) die("%s", err.text);
    if (args.all && !word_study_all(&table, *args.date ? args.date : "unknown", &err)) die("%s", err.text);
    bool asked = lesson.word_count > 0 || *args.scene;
    load_networks(&who);
    if (asked) {
        if (!ask_picture(&who, arena, args.scene, (const char *const *)lesson.words, lesson.word_count, &err))
            die("%s", err.text);
        return lesson_end(&lesson);
    }
    lesson_section(&lesson, "1. The networks, and captions");
    show_networks(arena);
    show_captions(&lesson, arena, &who);
    lesson_section(&lesson, "2. Are the captions true?");
    static CaptionResults results;
    Prediction guess =
        lesson_predict_number(&lesson, 0, 100,
                              "CLIP's vector goes into a decoder. Of 100 captions such as \"a red circle "
                              "left of a blue square\", how many are true?");
    judge_all(arena, &who, &results);
    captions_true(&lesson, &results, &guess);
    lesson_section(&lesson, "3. Fluency, luck and BLEU");
    bleu_beside(&lesson, &results);
    lesson_section(&lesson, "4. Greedy and beam search, and the cache");
    searches(&lesson, arena, &who, &results.relation);
    lesson_section(&lesson, "5. Questions");
    questions(&lesson, arena, &who);
    lesson_section(&lesson, "6. Lesson 17's probes");
    probes(arena, &who);
    lesson_section(&lesson, "7. Captions from the decoder, filtered by the matching head");
    bootstrapping(arena, &table);
    lesson_section(&lesson, "Sections 2, 5 and 6 with more pictures");
    word_study_print(arena, &table);
    return lesson_end(&lesson);
}
