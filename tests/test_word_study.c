/* Lesson 25's networks and table: does a network come back from its file, are wrong files refused, does learning lower
 * the loss with the same bits on any number of threads, is a cell of the table what is measured now? */
#include "25-from-pictures-to-words/word_study.h"
#include "core/file.h"
#include "core/thread.h"
#include "sum_file.h"

#include <math.h>
#include <string.h>

static Arena arena;

/* A CLIP of scenes with random weights: quick, and enough for what is independent of its quality. */
static SceneModel *random_clip(void) {
    static SceneModel clip;
    Err err;
    CHECK(scene_model_init(&clip, &(SceneModelConfig){ .split = SPLIT_PAIRS, .coverage = 0.5, .seed = 1 }, &err), "%s",
          err.text);
    return &clip;
}
static WordsExample write_example(const void *context, uint64_t i) { return words_example(context, i); }
static WordsExample match_example(const void *context, uint64_t i) { return words_match_example(context, i); }

TEST(networks_come_back_from_their_files) {
    SceneModel *clip = random_clip();
    Err err;
    const char *path = arena_print(&arena, "%s/net.safetensors", check_folder());
    for (int kind = 0; kind < NET_KINDS; kind++) {
        static Net net, back;
        NetConfig config = { (NetKind)kind, 16, 2, 4, 3 };
        WordsStream stream = { &clip->split, 1, 0 };
        double first[2], second[2];
        CHECK(net_init(&net, config, &err), "%s", err.text);
        NetExamples examples = { write_example, &stream, WORDS_TEXTS };
        if (kind == NET_MATCHING) examples = (NetExamples){ match_example, &stream, WORDS_TEXTS };
        CHECK(net_train(&net, clip, 2, 1, examples, &err), "%s", err.text);
        CHECK(net_save(&net, path, DTYPE_F32, (const char *const[]){ "date", "a day", NULL }, &err), "%s", err.text);
        CHECK(net_load(&back, config, path, &err), "%s", err.text);
        Scene scene = words_scene(&clip->split, SPLIT_SEEN, false, 1, 1);
        const Scene *scenes[] = { &scene, &scene };
        const char *texts[] = { "object a red circle", "object a blue star" };
        Sight sight = sight_of_scenes(clip, &arena, scenes, 2);
        net_scores(&net, sight, texts, (const int[]){ 1, 1 }, 2, first);
        net_scores(&back, sight, texts, (const int[]){ 1, 1 }, 2, second);
        CHECK(first[0] == second[0] && first[1] == second[1] && first[0] != first[1], "%s: %g %g",
              net_name(config.kind), first[0], second[0]);
        net_free(&back);
        const char *longer =
            "object a red circle and a red circle and a red circle and a red circle and a red circle and a";
        net_scores(&net, sight, &longer, (const int[]){ 1 }, 1, first);
        CHECK(isfinite(first[0]), "%s: a text of 20 words and more", net_name(config.kind));
        config.steps = 3;
        CHECK(!net_load(&back, config, path, &err) && strstr(err.text, "another network"), "%s", err.text);
        net_free(&net);
    }
    scene_model_free(clip);
}

/* Of a place's last eight numbers two are not zero: that of its row and that of its column, as large as features. */
TEST(places_say_where_they_are) {
    SceneModel *clip = random_clip();
    Scene scene = words_scene(&clip->split, SPLIT_SEEN, false, 1, 1);
    Sight sight = sight_of_scenes(clip, &arena, (const Scene *const[]){ &scene }, 1);
    for (int place = 0; place < POSITIONS; place++) {
        const num *where = sight.positions.v + (place + 1) * POSITION_NUMBERS - 8;
        for (int k = 0; k < 8; k++)
            CHECK(where[k] == (k == place / 4 || k == 4 + place % 4 ? 4 : 0), "place %d: number %d is %g", place, k,
                  (double)where[k]);
    }
    scene_model_free(clip);
}

TEST(damaged_files_are_refused) {
    Err err;
    static Net net;
    NetConfig config = { NET_VECTOR, 16, 2, 4, 3 };
    const char *path = arena_print(&arena, "%s/net.safetensors", check_folder());
    CHECK(!net_load(&net, config, path, &err), "%s", "a file that is not there");
    CHECK(net_init(&net, config, &err), "%s", err.text);
    net.params.list[2]->val.v[0] = (num)INFINITY;
    CHECK(net_save(&net, path, DTYPE_F32, NULL, &err), "%s", err.text);
    net_free(&net);
    CHECK(!net_load(&net, config, path, &err) && strstr(err.text, "not finite"), "%s", err.text);
    CHECK(!net_init(&net, (NetConfig){ NET_VECTOR, 0, 2, 4, 3 }, &err) && strstr(err.text, "width 0"), "%s", err.text);
}

typedef struct {
    NetConfig config;
    const char *path;
} NetFile;
static bool net_again(void *context, Err *err) {
    static Net net;
    const NetFile *file = context;
    bool ok = net_load(&net, file->config, file->path, err);
    if (ok) net_free(&net);
    return ok;
}

TEST(files_have_a_checksum) {
    Err err;
    static Net net;
    for (int kind = 0; kind < NET_KINDS; kind++) {
        NetFile file = { { (NetKind)kind, 16, 2, 4, 3 }, arena_print(&arena, "%s/net.safetensors", check_folder()) };
        CHECK(net_init(&net, file.config, &err) && net_save(&net, file.path, DTYPE_F16, NULL, &err), "%s", err.text);
        net_free(&net);
        check_sum_of_file(file.path, net_again, &file);
    }
}

/* A matching network that starts from a decoder has all its weights, and a head of its own; as a vector's decoder has
 * other parameters, only those of the same names. */
TEST(a_network_starts_from_another) {
    static Net from, net;
    Err err;
    for (int kind = NET_VECTOR; kind <= NET_POSITIONS; kind++) {
        CHECK(net_init(&from, (NetConfig){ (NetKind)kind, 16, 2, 4, 3 }, &err), "%s", err.text);
        CHECK(net_init(&net, (NetConfig){ NET_MATCHING, 16, 2, 4, 3 }, &err), "%s", err.text);
        int same = 0, equal = 0;
        net_start_from(&net, &from);
        for (int i = 0; i < net.params.count; i++) {
            const Param *a = net.params.list[i], *b = params_find(&from.params, a->name);
            same += b != NULL;
            equal += b && !memcmp(a->val.v, b->val.v, mat_count(a->val) * sizeof(num));
        }
        CHECK(equal == same && same == (kind == NET_POSITIONS ? from.params.count : from.params.count - 2),
              "%s: %d of %d equal, %d there", net_name((NetKind)kind), equal, same, from.params.count);
        CHECK(net.params.count == same + (kind == NET_POSITIONS ? 2 : 18), "%d parameters", net.params.count);
        net_free(&net);
        net_free(&from);
    }
    CHECK(net_init(&from, (NetConfig){ NET_POSITIONS, 32, 2, 4, 3 }, &err), "%s", err.text);
    CHECK(net_init(&net, (NetConfig){ NET_MATCHING, 16, 2, 4, 3 }, &err), "%s", err.text);
    CHECK_STOPS(net_start_from(&net, &from), EXIT_CONTRACT, "numbers and");
    net_free(&net);
    net_free(&from);
}

TEST(training_lowers_the_loss_on_any_threads) {
    SceneModel *clip = random_clip();
    Err err;
    double loss[3];
    for (int k = 0; k < 3; k++) { /* one thread, three, and smaller steps */
        static Net net;
        WordsStream stream = { &clip->split, 1, 0 };
        thread_set_count(k ? 3 : 1);
        NetExamples examples = { write_example, &stream, WORDS_TEXTS };
        CHECK(net_init(&net, (NetConfig){ NET_POSITIONS, 16, 20, 8, 1 }, &err), "%s", err.text);
        CHECK(net_train(&net, clip, 20, k == 2 ? 0.1 : 1, examples, &err), "%s", err.text);
        loss[k] = net.loss;
        net_free(&net);
    }
    CHECK(loss[0] == loss[1] && loss[0] < 4.5, "%.9g with one thread, %.9g with three", loss[0], loss[1]);
    CHECK(loss[2] > loss[0] + 0.1, "%.9g with smaller steps", loss[2]);
    scene_model_free(clip);
}

/* The captions are judged by hand: of the pictures' own reference all are true, of exchanged nouns none. */
TEST(captions_are_judged) {
    SceneModel *clip = random_clip();
    JudgeSet set = judge_set(clip, &arena, ASK_RELATION, SPLIT_SEEN, 20, 1);
    const char *own[20], *swapped[20];
    for (int i = 0; i < 20; i++) own[i] = set.reference[i * JUDGE_REFERENCES];
    Judged j = judge_captions(&set, own);
    CHECK(j.fluent == 20 && j.asked == 20 && j.right == 20 && j.luck <= 2, "%d %d %d %d", j.fluent, j.asked, j.right,
          j.luck);
    CHECK_NEAR(j.bleu, 1, 1e-9);
    CHECK(judge_swapped(&arena, &set, swapped) == 20, "%s", "not all could be exchanged");
    j = judge_captions(&set, swapped);
    CHECK(j.fluent == 20 && j.right == 0 && j.bleu > 0.2 && j.bleu < 1, "%d true, BLEU %g", j.right, j.bleu);
    own[0] = "a red red circle";
    own[1] = "two red circles";
    j = judge_captions(&set, own);
    CHECK(j.fluent == 19 && j.asked == 18 && j.right == 18, "%d %d %d", j.fluent, j.asked, j.right);
    scene_model_free(clip);
}

static void cell_is(const CellTable *table, const char *name, double value) {
    const Cell *cell = cell_find(table, name, WORD_STUDY_SEED);
    CHECK(cell != NULL, "the table has no \"%s\"", name);
    CHECK_NEAR(value, cell->value, 1e-6);
}

TEST(a_cell_of_the_table_again_long) {
    static SceneModel clip;
    CellTable table;
    Err err;
    Answerers who = { .clip = &clip };
    CHECK(word_study_clip(&clip, &err) && cell_table_read(&table, &arena, WORD_STUDY_TABLE, &err), "%s", err.text);
    if (!table.count) check_skip("%s is not there", WORD_STUDY_TABLE);
    Rate rate = word_study_answers(&who, &arena, WAY_PRIOR, QUESTION_HOW_MANY, SPLIT_SEEN, WORD_STUDY_N);
    cell_is(&table, cell_answer(&arena, WAY_PRIOR, QUESTION_HOW_MANY, SPLIT_SEEN), rate.proportion);
    scene_model_free(&clip);
}

/* Cells of every network. Another processor may round differently and decide a few cases differently. */
TEST(more_cells_of_the_table_again_long) {
    static SceneModel clip;
    static Net net[NET_KINDS];
    CellTable table;
    Err err;
    Answerers who = { .clip = &clip };
    CHECK(word_study_clip(&clip, &err) && cell_table_read(&table, &arena, WORD_STUDY_TABLE, &err), "%s", err.text);
    if (!table.count) check_skip("%s is not there", WORD_STUDY_TABLE);
    for (int k = 0; k < NET_KINDS; k++) {
        CHECK(net_load(&net[k], word_study_shipped((NetKind)k), word_study_shipped_path(&arena, (NetKind)k), &err),
              "%s", err.text);
        who.net[k] = &net[k];
    }
    JudgeSet set = judge_set(&clip, &arena, ASK_PAIR, SPLIT_SEEN, WORD_STUDY_N, WORD_STUDY_SEED);
    for (int w = BY_VECTOR; w < WRITERS; w += 2) {
        Judged j = word_study_captions(&who, (Writer)w, &set, 0);
        const Cell *cell =
            cell_find(&table, cell_caption(&arena, (Writer)w, ASK_PAIR, SPLIT_SEEN, "true"), WORD_STUDY_SEED);
        CHECK(cell != NULL && cell->count == j.n, "no cell of %s", writer_name((Writer)w));
        CHECK_NEAR((double)j.right / j.n, cell->value, 0.005);
    }
    Rate rate = word_study_answers(&who, &arena, WAY_MATCHING, QUESTION_IS_THERE, SPLIT_SEEN, WORD_STUDY_N);
    CHECK_NEAR(rate.proportion,
               cell_value(&table, cell_answer(&arena, WAY_MATCHING, QUESTION_IS_THERE, SPLIT_SEEN), WORD_STUDY_SEED),
               0.005);
    MinimalPairs pairs;
    CHECK(word_study_probe(&pairs, &arena, &clip, PROBE_RELATION, SPLIT_SEEN, WORD_STUDY_N / 2, &err), "%s", err.text);
    for (int way = WAY_VECTOR; way < PROBE_WAYS; way++) {
        PairScore score = probe_score(&who, (AnswerWay)way, &pairs);
        const char *name = cell_probe(&arena, (AnswerWay)way, PROBE_RELATION, SPLIT_SEEN, PAIR_METRIC_CHOICE);
        CHECK_NEAR(pair_score_rate(&score, PAIR_METRIC_CHOICE).fraction, cell_value(&table, name, WORD_STUDY_SEED),
                   0.005);
    }
    for (int k = 0; k < NET_KINDS; k++) net_free(&net[k]);
    scene_model_free(&clip);
}

TESTS(networks_come_back_from_their_files, places_say_where_they_are, damaged_files_are_refused, files_have_a_checksum,
      a_network_starts_from_another, training_lowers_the_loss_on_any_threads, captions_are_judged,
      a_cell_of_the_table_again_long, more_cells_of_the_table_again_long)
