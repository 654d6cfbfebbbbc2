#include "word_net.h"
#include "core/thread.h"
#include "formats/safetensors.h"
#include "generation/decode.h"
#include "model/clip_file.h"
#include "show/progress.h"
#include "training/steps.h"

#include <math.h>
#include <string.h>

enum { PIXELS = SCENE_SIDE * SCENE_SIDE * 3, CHUNK = 8, AT_ONCE = 256, SIDE = 4, HEAD = 16 };

static const num PLACE = 4;
static const char *const names[NET_KINDS] = { "vector", "positions", "matching" };
const char *net_name(NetKind kind) { return names[kind]; }

/* ---- what CLIP sees ---------------------------------------------------------------------------------------------- */

/* The 64 channels of a place, its row and its column. The channels of a place have a length of about 5. With ones for
 * row and column the decoder does not learn what is left of what. */
static void position_numbers(const num *feature, int place, num *out) {
    int C = POSITION_NUMBERS - 2 * SIDE;
    memset(out, 0, POSITION_NUMBERS * sizeof *out);
    memcpy(out, feature, (size_t)C * sizeof *out);
    out[C + place / SIDE] = out[C + SIDE + place % SIDE] = PLACE;
}

static void look(Tape *t, SceneModel *clip, Mat pixels, num *vector, num *positions) {
    int n = pixels.shape[0];
    Var features = scene_cnn_features(t, &clip->clip.image, tape_data(t, pixels)); /* [n,4,4,64] */
    Mat unit = op_l2norm(t, linear(t, &clip->clip.image.fc, op_flatten(t, features)))->val;
    for (int i = 0; i < n * VECTOR_NUMBERS; i++) vector[i] = unit.v[i] * (num)sqrt(VECTOR_NUMBERS);
    for (int i = 0; i < n * POSITIONS; i++)
        position_numbers(features->val.v + (size_t)i * (POSITION_NUMBERS - 2 * SIDE), i % POSITIONS,
                         positions + (size_t)i * POSITION_NUMBERS);
}

static Sight sight_new(Arena *arena, int n) {
    return (Sight){ mat_new(arena, n, VECTOR_NUMBERS), mat_like(arena, mat_shape(3, n, POSITIONS, POSITION_NUMBERS)) };
}

Sight sight_of_pixels(SceneModel *clip, Arena *arena, Mat pixels) {
    int n = pixels.shape[0];
    Sight s = sight_new(arena, n);
    Tape t = { .no_grad = true };
    for (int i = 0; i < n; i += AT_ONCE) {
        Mat some = pixels;
        some.shape[0] = MIN(AT_ONCE, n - i);
        some.v = pixels.v + (size_t)i * PIXELS;
        tape_reset(&t);
        look(&t, clip, some, s.vector.v + (size_t)i * VECTOR_NUMBERS,
             s.positions.v + (size_t)i * POSITIONS * POSITION_NUMBERS);
    }
    tape_free(&t);
    return s;
}

typedef struct {
    const Scene *const *scenes;
    num *pixels;
} Drawing;
static void draw_range(void *context, size_t begin, size_t end) {
    const Drawing *d = context;
    for (size_t i = begin; i < end; i++) scene_pixels(d->scenes[i], d->pixels + i * PIXELS);
}
Sight sight_of_scenes(SceneModel *clip, Arena *arena, const Scene *const *scenes, int n) {
    Arena work = { 0 };
    Mat pixels = mat_like(&work, mat_shape(4, n, SCENE_SIDE, SCENE_SIDE, 3));
    parallel_for((size_t)n, CHUNK, draw_range, &(Drawing){ scenes, pixels.v });
    Sight s = sight_of_pixels(clip, arena, pixels);
    arena_free(&work);
    return s;
}

Sight sight_rows(Arena *arena, Sight sight, const int *index, int n) {
    Sight s = sight_new(arena, n);
    size_t positions = POSITIONS * POSITION_NUMBERS;
    for (int i = 0; i < n; i++) {
        memcpy(&AT(s.vector, i, 0), &AT(sight.vector, index[i], 0), VECTOR_NUMBERS * sizeof(num));
        memcpy(s.positions.v + (size_t)i * positions, sight.positions.v + (size_t)index[i] * positions,
               positions * sizeof(num));
    }
    return s;
}

/* ---- the networks ------------------------------------------------------------------------------------------------ */

bool net_init(Net *net, NetConfig config, Err *err) {
    *net = (Net){ .config = config };
    net->vocab = words_vocab(&net->arena);
    net->params.arena = &net->arena;
    TextDecoderSize size = { .vocabulary = net->vocab.size,
                             .padding = TEXT_PADDING,
                             .tokens = WORDS_MOST,
                             .width = config.width,
                             .heads = config.width % HEAD ? 1 : config.width / HEAD,
                             .prefix = config.kind == NET_VECTOR ? VECTOR_NUMBERS : 0,
                             .states = config.kind == NET_VECTOR ? 0 : POSITION_NUMBERS };
    Rng rng = rng_seed((uint64_t)config.seed, 250 + (uint64_t)config.kind);
    if (!text_decoder_check(size, err)) {
        net_free(net);
        return false;
    }
    text_decoder_add(&net->decoder, &net->params, size, &rng);
    if (config.kind == NET_MATCHING) net->match = linear_add(&net->params, "match", config.width, 1, &rng);
    return true;
}
void net_free(Net *net) {
    arena_free(&net->arena);
    *net = (Net){ .loss = 0 };
}

void net_start_from(Net *net, const Net *from) {
    for (int i = 0; i < net->params.count; i++) {
        Param *to = net->params.list[i];
        const Param *of = params_find(&from->params, to->name);
        if (!of) continue;
        size_t n = mat_count(to->val);
        REQUIRE(mat_count(of->val) == n, "%s has %zu numbers and %zu", to->name, n, mat_count(of->val));
        memcpy(to->val.v, of->val.v, n * sizeof *to->val.v);
    }
}

static DecoderInput input(Tape *t, const Net *net, Sight s) {
    bool vector = net->config.kind == NET_VECTOR;
    return (DecoderInput){ vector ? tape_data(t, s.vector) : NULL, vector ? NULL : tape_data(t, s.positions) };
}
/* Words of a text that a network reads; the matching one needs a place for the end. What a decoder wrote may be longer
 * than any caption: it is cut. */
static int words_read(const Net *net) { return net->config.kind == NET_MATCHING ? WORDS_MOST - 1 : WORDS_MOST; }
/* Texts as rows of words_read words, on the arena. */
static int *encode(const Net *net, Arena *arena, const char *const *texts, int n) {
    int *ids = arena_alloc(arena, (size_t)(n * words_read(net)), sizeof *ids);
    vocab_encode(&net->vocab, arena, texts, n, words_read(net), ids);
    return ids;
}
/* Logits [n,1] that the captions are true of the pictures; ids as from encode. */
static Var match_logits(Tape *t, const Net *net, Sight s, const int *ids, int n) {
    return linear(t, &net->match, text_decoder_end_state(t, &net->decoder, input(t, net, s), ids, n, words_read(net)));
}

/* ---- training ---------------------------------------------------------------------------------------------------- */

typedef struct {
    Net *net;
    SceneModel *clip;
    NetExamples examples;
    uint64_t first;
    WordsExample *batch;
    Progress progress;
} Training;

static void draw_examples(void *context, size_t begin, size_t end) {
    Training *r = context;
    for (size_t i = begin; i < end; i++) r->batch[i] = r->examples.draw(r->examples.context, r->first + i);
}

/* What CLIP sees of the pictures of a batch; each picture is drawn once. */
static Sight batch_sight(const Training *r, Arena *arena) {
    int B = r->net->config.batch, texts = r->examples.texts;
    const Scene **scenes = arena_alloc(arena, (size_t)B, sizeof *scenes);
    int *index = arena_alloc(arena, (size_t)B, sizeof *index);
    for (int b = 0; b < B; b++) {
        index[b] = b / texts;
        scenes[index[b]] = &r->batch[b].scene;
    }
    return sight_rows(arena, sight_of_scenes(r->clip, arena, scenes, B / texts), index, B);
}

static Var training_loss(void *context, Tape *t, int step) {
    Training *r = context;
    int B = r->net->config.batch, *given = arena_alloc(&t->arena, (size_t)B, sizeof *given);
    r->first = (uint64_t)step * (uint64_t)B;
    parallel_for((size_t)B, CHUNK, draw_examples, r);
    const char **texts = arena_alloc(&t->arena, (size_t)B, sizeof *texts);
    Mat target = mat_new(&t->arena, B, 1);
    for (int b = 0; b < B; b++) {
        texts[b] = r->batch[b].text;
        given[b] = r->batch[b].given;
        target.v[b] = r->batch[b].matches;
    }
    const int *ids = encode(r->net, &t->arena, texts, B);
    Sight s = batch_sight(r, &t->arena);
    if (r->net->config.kind == NET_MATCHING)
        return op_sigmoid_cross_entropy(t, match_logits(t, r->net, s, ids, B), target);
    return text_decoder_loss_after(t, &r->net->decoder, input(t, r->net, s), ids, given, B, WORDS_MOST);
}

static void training_after_step(void *context, int done, double loss) {
    Training *r = context;
    progress_note(&r->progress, "loss %.3f", loss);
    progress_update(&r->progress, done);
}

bool net_train(Net *net, SceneModel *clip, int steps, double lr_factor, NetExamples examples, Err *err) {
    REQUIRE(examples.texts >= 1 && net->config.batch % examples.texts == 0, "%d texts of a scene, a batch of %d",
            examples.texts, net->config.batch);
    Arena arena = { 0 };
    Training r = { .net = net, .clip = clip, .examples = examples };
    r.batch = arena_alloc(&arena, (size_t)net->config.batch, sizeof *r.batch);
    r.progress = progress_begin(net_name(net->config.kind), steps, "steps/s");
    StepsRun run = { .name = net_name(net->config.kind),
                     .steps = steps,
                     .lr_factor = lr_factor,
                     .loss = training_loss,
                     .after_step = training_after_step,
                     .context = &r };
    bool ok = steps_train_params(&net->params, &run, &net->loss, err);
    progress_end(&r.progress);
    arena_free(&arena);
    return ok;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static char *signature(Arena *arena, NetConfig c) {
    return arena_print(arena, "recipe %d, %s, width %d, %d steps of %d, seed %d", NET_RECIPE, net_name(c.kind), c.width,
                       c.steps, c.batch, c.seed);
}

bool net_save(const Net *net, const char *path, Dtype dtype, const char *const *meta, Err *err) {
    Arena arena = { 0 };
    SafetensorsOut out = safetensors_begin(&arena);
    for (int i = 0; i < net->params.count; i++)
        safetensors_add(&out, net->params.list[i]->name, dtype, net->params.list[i]->val);
    safetensors_add_meta(&out, "word-net", signature(&arena, net->config));
    safetensors_add_meta(&out, "loss", arena_print(&arena, "%.6f", net->loss));
    for (; meta && *meta; meta += 2) safetensors_add_meta(&out, meta[0], meta[1]);
    bool ok = safetensors_write(&out, path, err);
    arena_free(&arena);
    return ok;
}

static bool load_from(Net *net, const Safetensors *file, const char *path, Err *err) {
    const char *of = safetensors_meta(file, "word-net"), *want = signature(&net->arena, net->config);
    const char *loss = safetensors_meta(file, "loss");
    if (!of || strcmp(of, want))
        return err_set(err, "%s: the file holds another network (%s), want %s; remove it", path,
                       of ? of : "no description", want);
    if (!loss || !parse_real(loss, -1e6, 1e6, &net->loss))
        return err_set(err, "%s: metadata \"loss\" is not a number; remove the file", path);
    if (!params_restore(&net->params, file, path, "", err)) return false;
    for (int i = 0; i < net->params.count; i++)
        if (!all_finite(net->params.list[i]->val.v, mat_count(net->params.list[i]->val)))
            return err_set(err, "%s: %s has numbers that are not finite; remove the file", path,
                           net->params.list[i]->name);
    return true;
}

bool net_load(Net *net, NetConfig config, const char *path, Err *err) {
    Arena arena = { 0 };
    Safetensors file;
    bool opened = safetensors_open(&file, &arena, path, err), made = opened && net_init(net, config, err);
    bool ok = made && load_from(net, &file, path, err);
    if (made && !ok) net_free(net);
    if (ok) safetensors_warn(&file, path);
    if (opened) safetensors_close(&file);
    arena_free(&arena);
    return ok;
}

/* ---- use --------------------------------------------------------------------------------------------------------- */

/* A text of ids from word `from` on. */
static char *words_of(Arena *arena, const Vocab *vocab, const int *ids, int from) {
    char *text = arena_text(arena, "");
    for (int i = from; i < WORDS_MOST && ids[i] != TEXT_PADDING; i++)
        text =
            arena_print(arena, "%s%s%s", text, i > from ? " " : "", ids[i] < vocab->size ? vocab->word[ids[i]] : "?");
    return text;
}

const char **net_write(Net *net, Arena *arena, Sight sight, int n, const char *prompt, NetSearch search) {
    REQUIRE(net->config.kind != NET_MATCHING, "%s", "the matching network writes no words");
    Arena work = { 0 };
    const char **texts = arena_alloc(arena, (size_t)n, sizeof *texts);
    int given[WORDS_MOST], words = text_max_words(&prompt, 1);
    int *ids = arena_alloc(&work, (size_t)(n * WORDS_MOST), sizeof *ids);
    vocab_encode(&net->vocab, &work, &prompt, 1, WORDS_MOST, given);
    DecodeConfig config = {
        .beams = search.beams, .prompt = given, .prompt_words = words, .no_cache = search.no_cache
    };
    bool vector = net->config.kind == NET_VECTOR;
    for (int i = 0; i < n; i += AT_ONCE) {
        int some = MIN(AT_ONCE, n - i);
        Mat v = { .v = NULL }, p = { .v = NULL };
        if (vector) {
            v = sight.vector;
            v.shape[0] = some;
            v.v += (size_t)i * VECTOR_NUMBERS;
        } else {
            p = sight.positions;
            p.shape[0] = some;
            p.v += (size_t)i * POSITIONS * POSITION_NUMBERS;
        }
        decode_texts(&net->decoder, v, p, some, config, ids + i * WORDS_MOST, NULL);
    }
    for (int i = 0; i < n; i++) texts[i] = words_of(arena, &net->vocab, ids + i * WORDS_MOST, words);
    arena_free(&work);
    return texts;
}

void net_scores(Net *net, Sight sight, const char *const *texts, const int *given, int n, double *score) {
    Tape t = { .no_grad = true };
    for (int i = 0; i < n; i += AT_ONCE) {
        int some = MIN(AT_ONCE, n - i), *index;
        tape_reset(&t);
        index = arena_alloc(&t.arena, (size_t)some, sizeof *index);
        for (int k = 0; k < some; k++) index[k] = i + k;
        const int *ids = encode(net, &t.arena, texts + i, some);
        Sight part = sight_rows(&t.arena, sight, index, some);
        if (net->config.kind != NET_MATCHING) {
            text_decoder_log_likelihood_after(&t, &net->decoder, input(&t, net, part), ids, given + i, some, WORDS_MOST,
                                              score + i);
            continue;
        }
        const num *logits = match_logits(&t, net, part, ids, some)->val.v;
        for (int k = 0; k < some; k++) score[i + k] = (double)logits[k];
    }
    tape_free(&t);
}
