#include "word_study.h"
#include "core/file.h"
#include "show/progress.h"

#include <string.h>

static const char *const writer_names[WRITERS] = { "retrieval", "vector", "vector beam", "positions",
                                                   "positions beam" };
const char *writer_name(Writer writer) { return writer_names[writer]; }
static const char *part_name(SplitPart part) { return part == SPLIT_SEEN ? "seen" : "held out"; }

char *cell_caption(Arena *arena, Writer writer, Ask ask, SplitPart part, const char *what) {
    return arena_print(arena, "%s; %s; %s: %s", writer_name(writer), ask_name(ask), part_name(part), what);
}
char *cell_answer(Arena *arena, AnswerWay way, QuestionKind kind, SplitPart part) {
    return arena_print(arena, "%s; %s; %s: right", answer_way_name(way), question_name(kind), part_name(part));
}
char *cell_probe(Arena *arena, AnswerWay way, ProbeKind kind, SplitPart part, PairMetric metric) {
    return arena_print(arena, "%s; %s; %s: %s", answer_way_name(way), probe_name(kind), part_name(part),
                       pair_metric_name(metric));
}
char *cell_boot(Arena *arena, BootWay way, const char *what) {
    return arena_print(arena, "bootstrap; %s: %s", boot_name(way), what);
}

/* ---- the networks ------------------------------------------------------------------------------------------------ */

bool word_study_clip(SceneModel *clip, Err *err) {
    SceneModelConfig config = { .split = SPLIT_PAIRS, .coverage = 0.5, .objects = 2, .seed = WORD_STUDY_SEED };
    return scene_model_load_or_train(clip, &config, NULL, err);
}

NetConfig word_study_shipped(NetKind kind) {
    static const int steps[NET_KINDS] = { 4000, 4000, 3000 };
    return (NetConfig){ kind, 64, steps[kind], 64, WORD_STUDY_SEED };
}
char *word_study_shipped_path(Arena *arena, NetKind kind) {
    return arena_print(arena, "%sdata/pretrained/words-%s.safetensors", shipped_prefix(), net_name(kind));
}

static bool same_config(NetConfig a, NetConfig b) {
    return a.kind == b.kind && a.width == b.width && a.steps == b.steps && a.batch == b.batch && a.seed == b.seed;
}

static WordsExample write_example(const void *context, uint64_t i) { return words_example(context, i); }
static WordsExample match_example(const void *context, uint64_t i) { return words_match_example(context, i); }

/* The matching network starts from the decoder that sees the positions: the one that ships, or one that is kept. */
static bool start_matching(Net *net, SceneModel *clip, Err *err) {
    static Net decoder;
    if (!word_study_net(&decoder, word_study_shipped(NET_POSITIONS), clip, err)) return false;
    net_start_from(net, &decoder);
    net_free(&decoder);
    return true;
}

/* Of the matching network's learning rate: it starts from trained weights, which full steps would move far from where
 * they are. */
static const double MATCHING_RATE = 0.3;

/* The first tenth of the steps has scenes of one object. */
static bool train(Net *net, NetConfig config, SceneModel *clip, Err *err) {
    WordsStream stream = { &clip->split, 100 * (uint64_t)config.seed + (uint64_t)config.kind,
                           (uint64_t)(config.steps / 10) * (uint64_t)config.batch };
    bool matching = config.kind == NET_MATCHING;
    NetExamples examples = { matching ? match_example : write_example, &stream, WORDS_TEXTS };
    if (!net_init(net, config, err)) return false;
    if ((!matching || start_matching(net, clip, err)) &&
        net_train(net, clip, config.steps, matching ? MATCHING_RATE : 1, examples, err))
        return true;
    net_free(net);
    return false;
}

bool word_study_net(Net *net, NetConfig config, SceneModel *clip, Err *err) {
    Arena arena = { 0 };
    char *path = word_study_shipped_path(&arena, config.kind);
    if (!same_config(config, word_study_shipped(config.kind)) || !file_exists(path))
        path = arena_print(&arena, "%s/words-%s-%d-%d-%d-seed%d.safetensors", models_folder(), net_name(config.kind),
                           config.width, config.steps, config.batch, config.seed);
    bool ok;
    if (file_exists(path)) ok = net_load(net, config, path, err);
    else {
        fprintf(stderr, "Training the network \"%s\", width %d, %d steps; kept as %s\n", net_name(config.kind),
                config.width, config.steps, path);
        ok = train(net, config, clip, err);
        if (ok && !(folder_make(models_folder(), err) && net_save(net, path, DTYPE_F32, NULL, err))) {
            net_free(net);
            ok = false;
        }
    }
    arena_free(&arena);
    return ok;
}

/* ---- measurements ------------------------------------------------------------------------------------------------ */

Judged word_study_captions(const Answerers *who, Writer writer, const JudgeSet *set, int bank_size) {
    Arena arena = { 0 };
    const char **captions;
    if (writer == BY_RETRIEVAL) {
        CaptionBank bank = judge_bank(who->clip, &arena, set->ask, bank_size, WORD_STUDY_SEED);
        captions = judge_retrieve(&arena, set, &bank);
    } else {
        Net *net = who->net[writer >= BY_POSITIONS ? NET_POSITIONS : NET_VECTOR];
        bool beam = writer == BY_VECTOR_BEAM || writer == BY_POSITIONS_BEAM;
        captions = net_write(net, &arena, set->sight, set->n, ask_name(set->ask),
                             (NetSearch){ .beams = beam ? WORD_STUDY_BEAMS : 1 });
    }
    Judged j = judge_captions(set, captions);
    arena_free(&arena);
    return j;
}

Rate word_study_answers(const Answerers *who, Arena *arena, AnswerWay way, QuestionKind kind, SplitPart part, int n) {
    QuestionSet training = { .n = 0 };
    if (way == WAY_PRIOR || way == WAY_RANKING || way == WAY_CAPTION)
        training = question_set(who->clip, arena, kind, SPLIT_SEEN, n, 500 + WORD_STUDY_SEED);
    QuestionSet set = question_set(who->clip, arena, kind, part, n, WORD_STUDY_SEED);
    int *answer = arena_alloc(arena, (size_t)n, sizeof *answer);
    answer_all(who, way, &set, &training, answer);
    return metrics_wilson(answers_right(&set, answer), n);
}

bool word_study_probe(MinimalPairs *pairs, Arena *arena, const SceneModel *clip, ProbeKind kind, SplitPart part,
                      int items, Err *err) {
    MinimalPairsConfig config = {
        .kind = kind, .seed = WORD_STUDY_SEED, .count = items, .split = &clip->split, .part = part
    };
    return minimal_pairs_make(pairs, arena, &config, err);
}

BootConfig word_study_boot(int seed) {
    return (BootConfig){ .noisy = 4000,
                         .clean = 200,
                         .noise = 0.6,
                         .steps = 250,
                         .net_steps = 400,
                         .width = 64,
                         .tested = WORD_STUDY_N,
                         .seed = seed };
}
bool word_study_put_boot(CellTable *table, BootWay way, int seed, BootRow row, Err *err) {
    Arena *a = table->arena;
    return cell_put(table, cell_boot(a, way, "pairs"), seed, row.pairs, 0, err) &&
           cell_put(table, cell_boot(a, way, "true"), seed, (double)row.true_pairs / MAX(1, row.pairs), row.pairs,
                    err) &&
           cell_put(table, cell_boot(a, way, "right"), seed, (double)row.right / row.tested, row.tested, err);
}

/* ---- the whole table --------------------------------------------------------------------------------------------- */

typedef struct {
    CellTable *table;
    Answerers who;
    Progress progress;
    double done;
} Study;

static bool put(Study *s, const char *name, double value, int count, Err *err) {
    return cell_put(s->table, name, WORD_STUDY_SEED, value, count, err);
}
static void step(Study *s) { progress_update(&s->progress, ++s->done); }

static bool fill_captions(Study *s, Ask ask, SplitPart part, Err *err) {
    Arena work = { 0 }, *a = s->table->arena;
    JudgeSet set = { .n = 0 };
    bool ok = true;
    for (int w = 0; ok && w < WRITERS; w++, step(s)) {
        Writer writer = (Writer)w;
        if (cell_find(s->table, cell_caption(a, writer, ask, part, "bleu"), WORD_STUDY_SEED)) continue;
        if (!set.n) set = judge_set(s->who.clip, &work, ask, part, WORD_STUDY_N, WORD_STUDY_SEED);
        Judged j = word_study_captions(&s->who, writer, &set, WORD_STUDY_BANK);
        double n = j.n;
        ok = put(s, cell_caption(a, writer, ask, part, "fluent"), j.fluent / n, j.n, err) &&
             put(s, cell_caption(a, writer, ask, part, "true"), j.right / n, j.n, err) &&
             put(s, cell_caption(a, writer, ask, part, "named"), j.named / n, j.n, err) &&
             put(s, cell_caption(a, writer, ask, part, "luck"), j.luck / n, j.n, err) &&
             put(s, cell_caption(a, writer, ask, part, "bleu"), j.bleu, 0, err);
    }
    arena_free(&work);
    return ok;
}

static bool fill_answers(Study *s, QuestionKind kind, SplitPart part, Err *err) {
    bool ok = true;
    for (int way = 0; ok && way < WAYS; way++, step(s)) {
        const char *name = cell_answer(s->table->arena, (AnswerWay)way, kind, part);
        if (cell_find(s->table, name, WORD_STUDY_SEED)) continue;
        Arena work = { 0 };
        Rate rate = word_study_answers(&s->who, &work, (AnswerWay)way, kind, part, WORD_STUDY_N);
        arena_free(&work);
        ok = put(s, name, rate.proportion, rate.of, err);
    }
    return ok;
}

static bool fill_probe(Study *s, ProbeKind kind, SplitPart part, Err *err) {
    static const PairMetric metrics[] = { PAIR_METRIC_CHOICE, PAIR_METRIC_GROUP };
    Arena work = { 0 };
    MinimalPairs pairs;
    bool ok = word_study_probe(&pairs, &work, s->who.clip, kind, part, WORD_STUDY_N / 2, err);
    for (int way = WAY_RANKING; ok && way < PROBE_WAYS; way++, step(s)) {
        if (cell_find(s->table, cell_probe(s->table->arena, (AnswerWay)way, kind, part, PAIR_METRIC_GROUP),
                      WORD_STUDY_SEED))
            continue;
        PairScore score = probe_score(&s->who, (AnswerWay)way, &pairs);
        for (size_t m = 0; ok && m < COUNT(metrics); m++)
            ok = put(s, cell_probe(s->table->arena, (AnswerWay)way, kind, part, metrics[m]),
                     pair_score_rate(&score, metrics[m]).fraction, score.items, err);
    }
    arena_free(&work);
    return ok;
}

static bool fill_table(Study *s, Err *err) {
    s->progress = progress_begin(
        "measuring", 2 * (ASK_KINDS * WRITERS + QUESTION_KINDS * WAYS + PROBE_SHUFFLE * (PROBE_WAYS - 1)), NULL);
    bool ok = true;
    for (int part = SPLIT_SEEN; part <= SPLIT_HELD; part++) {
        for (int k = 0; ok && k < ASK_KINDS; k++) ok = fill_captions(s, (Ask)k, (SplitPart)part, err);
        for (int k = 0; ok && k < QUESTION_KINDS; k++) ok = fill_answers(s, (QuestionKind)k, (SplitPart)part, err);
        for (int k = 0; ok && k < PROBE_SHUFFLE; k++) ok = fill_probe(s, (ProbeKind)k, (SplitPart)part, err);
    }
    progress_end(&s->progress);
    return ok;
}

/* ---- the networks that ship -------------------------------------------------------------------------------------- */

/* Trains a network, unless its file is there, and writes it as F16, so that the figures are those of the rounded
 * weights. */
bool word_study_make_shipped(Net *net, NetKind kind, SceneModel *clip, Err *err) {
    Arena arena = { 0 };
    const char *path = word_study_shipped_path(&arena, kind);
    NetConfig config = word_study_shipped(kind);
    bool ok = file_exists(path);
    if (!ok) {
        ok = train(net, config, clip, err);
        if (ok) {
            ok = net_save(net, path, DTYPE_F16, NULL, err);
            net_free(net);
        }
    }
    ok = ok && net_load(net, config, path, err);
    arena_free(&arena);
    return ok;
}

/* Writes the file once more, with command, date and figures of the table. */
static bool describe(const Net *net, const CellTable *table, const char *date, Err *err) {
    Arena arena = { 0 };
    NetKind kind = net->config.kind;
    const char *figures;
    if (kind == NET_MATCHING)
        figures = arena_print(
            &arena, "is there: right, seen %.3f, held out %.3f",
            cell_value(table, cell_answer(&arena, WAY_MATCHING, QUESTION_IS_THERE, SPLIT_SEEN), WORD_STUDY_SEED),
            cell_value(table, cell_answer(&arena, WAY_MATCHING, QUESTION_IS_THERE, SPLIT_HELD), WORD_STUDY_SEED));
    else {
        Writer writer = kind == NET_VECTOR ? BY_VECTOR : BY_POSITIONS;
        figures = arena_print(
            &arena, "relation captions: true, seen %.3f, held out %.3f",
            cell_value(table, cell_caption(&arena, writer, ASK_RELATION, SPLIT_SEEN, "true"), WORD_STUDY_SEED),
            cell_value(table, cell_caption(&arena, writer, ASK_RELATION, SPLIT_HELD, "true"), WORD_STUDY_SEED));
    }
    const char *const meta[] = { "command", "build/lesson-25 --all", "date", date, "figures", figures, NULL };
    bool ok = net_save(net, word_study_shipped_path(&arena, kind), DTYPE_F16, meta, err);
    arena_free(&arena);
    return ok;
}

/* Whether the file has its figures already. */
static bool described(const Net *net) {
    Arena arena = { 0 };
    Safetensors file;
    bool found = false;
    if (safetensors_open(&file, &arena, word_study_shipped_path(&arena, net->config.kind), NULL)) {
        found = safetensors_meta(&file, "figures") != NULL;
        safetensors_close(&file);
    }
    arena_free(&arena);
    return found;
}

typedef struct {
    CellTable *table;
    int seed;
    Err *err;
    bool ok;
} BootPut;
static void boot_done(void *context, BootWay way, BootRow row) {
    BootPut *p = context;
    p->ok = p->ok && word_study_put_boot(p->table, way, p->seed, row, p->err);
}

bool word_study_all(CellTable *table, const char *date, Err *err) {
    static SceneModel clip;
    static Net net[NET_KINDS];
    Study s = { .table = table, .who = { .clip = &clip } };
    bool ok = word_study_clip(&clip, err);
    Arena arena = { 0 };
    int made = 0;
    for (int k = 0; ok && k < NET_KINDS; k++) {
        ok = word_study_make_shipped(&net[k], (NetKind)k, &clip, err);
        s.who.net[k] = &net[k];
        made += ok;
    }
    ok = ok && fill_table(&s, err);
    for (int k = 0; ok && k < NET_KINDS; k++) ok = described(&net[k]) || describe(&net[k], table, date, err);
    for (int k = 0; k < made; k++) net_free(&net[k]);
    scene_model_free(&clip);
    for (int seed = 1; ok && seed <= WORD_STUDY_BOOTS; seed++) {
        BootConfig boot = word_study_boot(seed);
        BootPut p = { table, seed, err, true };
        if (!cell_find(table, cell_boot(table->arena, BOOT_TRUTH, "right"), seed))
            ok = bootstrap_run(&boot, boot_done, &p, err) && p.ok;
    }
    arena_free(&arena);
    return ok;
}
