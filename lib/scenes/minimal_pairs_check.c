/* Is a set of quads what quads.h says? And quads as text files. */
#include "scenes/minimal_pairs.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- checking ---------------------------------------------------------------------------------------------------- */

/* Told in messages: "item 3 of binding: ..." */
static bool item_error(Err *err, const MinimalPairs *pairs, int n, const char *what, const char *caption) {
    return err_set(err, "item %d of %s: %s%s%s", n + 1, probe_name(pairs->config.kind), what, caption ? ": " : "",
                   caption ? caption : "");
}

static bool check_truth(const MinimalPairs *pairs, int n, Err *err) {
    const MinimalPair *item = &pairs->item[n];
    for (int p = 0; p < pairs->pictures; p++)
        for (int k = 0; k < pairs->captions; k++) {
            bool is = minimal_pairs_oracle(NULL, &item->scene[p], item->caption[k]) == 1;
            if (is && p != k)
                return item_error(err, pairs, n, "a caption is true of a picture that is not its own",
                                  item->caption[k]);
            if (!is && p == k)
                return item_error(err, pairs, n, "a caption is not true of its own picture", item->caption[k]);
        }
    return true;
}

static int word_order(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The words of a text in alphabetical order, with a space behind each. */
static void sorted_words(const char *text, char *out) {
    char copy[CAPTION_TEXT], *word[CAPTION_TEXT / 2 + 1], *rest = NULL;
    size_t n = 0;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *at = strtok_r(copy, " ", &rest); at; at = strtok_r(NULL, " ", &rest)) word[n++] = at;
    qsort(word, n, sizeof *word, word_order);
    *out = '\0';
    for (size_t w = 0; w < n; w++) strcat(strcat(out, word[w]), " ");
}

static bool check_words(const MinimalPairs *pairs, int n, Err *err) {
    const MinimalPair *item = &pairs->item[n];
    ProbeKind kind = pairs->config.kind;
    char first[CAPTION_TEXT + 2], other[CAPTION_TEXT + 2];
    sorted_words(item->caption[0], first);
    for (int k = 1; k < pairs->captions; k++) {
        sorted_words(item->caption[k], other);
        if (text_most_words(&item->caption[k], 1) != text_most_words(&item->caption[0], 1))
            return item_error(err, pairs, n, "a caption is longer or shorter than the first", item->caption[k]);
        if (kind != PROBE_COUNTING && kind != PROBE_NEGATION && strcmp(first, other) != 0)
            return item_error(err, pairs, n, "a caption has not the words of the first", item->caption[k]);
        for (int j = 0; j < k; j++)
            if (!strcmp(item->caption[j], item->caption[k]))
                return item_error(err, pairs, n, "a caption is there twice", item->caption[k]);
    }
    return true;
}

/* The area of all objects. */
static double object_area(const Scene *scene) {
    double sum = 0;
    for (int k = 0; k < scene->count; k++) sum += scene->object[k].radius * scene->object[k].radius;
    return sum;
}

static bool check_pictures(const MinimalPairs *pairs, int n, Err *err) {
    const Scene *one = &pairs->item[n].scene[0], *two = &pairs->item[n].scene[1];
    if (pairs->pictures == 1) return true;
    if (fabs(object_area(one) / object_area(two) - 1) > 1e-3)
        return item_error(err, pairs, n, "one picture has more ink than the other", NULL);
    if (one->appearance != two->appearance || one->noise != two->noise)
        return item_error(err, pairs, n, "background and noise are not the same", NULL);
    if (pairs->config.kind == PROBE_COUNTING) return true;
    for (int k = 0; k < one->count; k++) {
        const SceneObject *a = &one->object[k], *b = &two->object[k];
        if (one->count != two->count || a->x != b->x || a->y != b->y || a->radius != b->radius)
            return item_error(err, pairs, n, "things are not in the same places in both pictures, or not as large",
                              NULL);
    }
    return true;
}

static bool check_parts(const MinimalPairs *pairs, int n, Err *err) {
    const MinimalPairsConfig *s = &pairs->config;
    const char *part =
        s->part == SPLIT_SEEN ? "a combination that was never seen" : "a combination that was not held out";
    for (int i = 0; s->split && i < pairs->pictures && (i == 0 || s->part == SPLIT_SEEN); i++) {
        Caption caption;
        const char *text = pairs->item[n].caption[i];
        if (!scene_in_part(&pairs->item[n].scene[i], s->split, s->part))
            return item_error(err, pairs, n, "a picture shows", part);
        if (!caption_parse(text, &caption, err)) return false;
        if (!caption_in_part(&caption, s->split, s->part)) return item_error(err, pairs, n, "a caption names", part);
    }
    return true;
}

/* A caption as one picture meets it: +1 where it is true, -1 where it is not. */
typedef struct {
    const char *text;
    int sign;
} CaptionTruth;

static int truth_order(const void *a, const void *b) {
    return strcmp(((const CaptionTruth *)a)->text, ((const CaptionTruth *)b)->text);
}

/* Over the whole set, every string is right as often as wrong. */
static bool check_balance(const MinimalPairs *pairs, Arena *arena, Err *err) {
    size_t room = (size_t)minimal_pairs_pictures(pairs) * (size_t)pairs->captions, n = 0;
    CaptionTruth *truth = arena_alloc(arena, room, sizeof *truth);
    for (int i = 0; i < pairs->count; i++)
        for (int p = 0; p < pairs->pictures; p++)
            for (int k = 0; k < pairs->captions; k++) {
                const char *text = pairs->item[i].caption[k];
                truth[n++] =
                    (CaptionTruth){ text, minimal_pairs_oracle(NULL, &pairs->item[i].scene[p], text) == 1 ? 1 : -1 };
            }
    qsort(truth, n, sizeof *truth, truth_order);
    for (size_t i = 0, sum = 0; i < n; i++) {
        sum += (size_t)truth[i].sign; /* modulo: back at 0 when balanced */
        bool last = i + 1 == n || strcmp(truth[i].text, truth[i + 1].text) != 0;
        if (last && sum != 0)
            return err_set(err, "%s: \"%s\" is not true as often as false", probe_name(pairs->config.kind),
                           truth[i].text);
    }
    return true;
}

bool minimal_pairs_fair(const MinimalPairs *pairs, Err *err) {
    enum { TRAINING_CAPTIONS = 2000 };
    Arena arena = { 0 };
    bool fair = true;
    /* Of any split, for a file may hold any. */
    MinimalPairs all = { .config = { .seed = pairs->config.seed, .paraphrases = pairs->config.paraphrases } };
    TextBaseline baseline =
        text_baseline_fit(&arena, minimal_pairs_training_captions(&arena, &all, TRAINING_CAPTIONS), TRAINING_CAPTIONS);
    for (int rule = 0; rule < TEXT_BASELINE_RULES && pairs->count > 0 && fair; rule++) {
        PairScore score = minimal_pairs_score_rule(pairs, &baseline, (TextBaselineRule)rule);
        PairScoreRate rate = pair_score_rate(&score, PAIR_METRIC_CHOICE);
        if (rate.low > rate.chance)
            fair = err_set(
                err,
                "%s: who looks at captions alone, at their %s, is right in %.1f %%; want %.1f %% within the interval",
                probe_name(pairs->config.kind), text_baseline_name((TextBaselineRule)rule), 100 * rate.fraction,
                100 * rate.chance);
    }
    arena_free(&arena);
    return fair;
}

bool minimal_pairs_check(const MinimalPairs *pairs, Err *err) {
    Arena arena = { 0 };
    bool valid = pairs->config.kind == PROBE_SHUFFLE || check_balance(pairs, &arena, err);
    arena_free(&arena);
    for (int n = 0; n < pairs->count && valid; n++)
        valid = check_truth(pairs, n, err) && check_words(pairs, n, err) && check_pictures(pairs, n, err) &&
                check_parts(pairs, n, err);
    return valid && (pairs->config.kind == PROBE_SHUFFLE || minimal_pairs_fair(pairs, err));
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static void write_split(FILE *out, const Split *split) {
    fprintf(out, " split %s", split ? split_name(split->kind) : "none");
    if (!split) return;
    fprintf(out, " coverage %.6f colours ", split->coverage);
    for (int i = 0; i < COLOUR_COUNT; i++) fprintf(out, "%d", split->colour[i]);
    fprintf(out, " shapes ");
    for (int i = 0; i < SHAPE_COUNT; i++) fprintf(out, "%d", split->shape[i]);
    fprintf(out, " seen ");
    if (split->kind != SPLIT_RELATIONS)
        for (int i = 0; i < 8; i++) fprintf(out, "%d", split->seen[i]);
    else
        for (int i = 0; i < DIRECTION_COUNT * 64; i++) fprintf(out, "%d", split->seen_apart[i / 64][i / 8 % 8][i % 8]);
}

static void write_scene(FILE *out, const Scene *scene) {
    fprintf(out, "look %" PRIu64 " noise %.6f: ", scene->appearance, scene->noise);
    for (int k = 0; k < scene->count; k++) {
        const SceneObject *o = &scene->object[k];
        fprintf(out, "%s%s %s %s %.6f %.6f %.6f %.6f", k ? "; " : "", size_name(o->size), colour_name(o->colour),
                shape_name(o->shape), o->x, o->y, o->radius, o->rotation);
    }
}

bool minimal_pairs_write(const MinimalPairs *pairs, const char *path, Err *err) {
    const MinimalPairsConfig *s = &pairs->config;
    OutFile out;
    if (!out_open(&out, path, err)) return false;
    fprintf(out.stream, "# quads %s seed %" PRIu64 " part %s ways %u noise %.6f", probe_name(s->kind), s->seed,
            s->part == SPLIT_SEEN ? "seen" : "held", s->paraphrases, s->noise);
    write_split(out.stream, s->split);
    fprintf(out.stream, "\n");
    for (int p = 0; p < pairs->pictures; p++) fprintf(out.stream, "picture %d,", p + 1);
    for (int k = 0; k < pairs->captions; k++) fprintf(out.stream, "caption %d,", k + 1);
    fprintf(out.stream, "truth\n");
    for (int n = 0; n < pairs->count; n++) {
        const MinimalPair *item = &pairs->item[n];
        for (int p = 0; p < pairs->pictures; p++) {
            write_scene(out.stream, &item->scene[p]);
            fprintf(out.stream, ",");
        }
        for (int k = 0; k < pairs->captions; k++) fprintf(out.stream, "%s,", item->caption[k]);
        for (int p = 0; p < pairs->pictures; p++)
            for (int k = 0; k < pairs->captions; k++)
                fprintf(out.stream, "%s%d", p > 0 && k == 0 ? " " : "",
                        minimal_pairs_oracle(NULL, &item->scene[p], item->caption[k]) == 1);
        fprintf(out.stream, "\n");
    }
    return out_commit(&out, err);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* Where we are in a file. The first trouble is kept; after it nothing is taken any more. */
typedef struct {
    const char *at, *end, *path;
    int line;
    bool failed;
    Err *err;
} Reader;

static bool trouble(Reader *r, const char *wanted) {
    char found[24];
    int n = 0;
    while (n < (int)sizeof found - 1 && r->at + n < r->end && r->at[n] != '\n') {
        found[n] = r->at[n];
        n++;
    }
    found[n] = '\0';
    for (int i = 0; i < n; i++)
        if ((unsigned char)found[i] < ' ') found[i] = '?';
    if (!r->failed) err_set(r->err, "%s:%d: want %s, found \"%s\"", r->path, r->line, wanted, found);
    r->failed = true;
    return false;
}

static bool take(Reader *r, const char *text) {
    size_t n = strlen(text);
    if (r->failed) return false;
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, text, n) != 0)
        return trouble(r, text[0] == '\n' ? "the end of the line" : text);
    r->at += n;
    r->line += text[0] == '\n';
    return true;
}

/* What comes up to one of the characters in `stops` or the end of the line. */
static bool take_until(Reader *r, const char *stops, char *out, size_t room, const char *wanted) {
    size_t n = 0;
    if (r->failed) return false;
    while (r->at + n < r->end && r->at[n] != '\n' && r->at[n] != '\0' && !strchr(stops, r->at[n])) n++;
    if (n == 0 || n >= room) return trouble(r, wanted);
    memcpy(out, r->at, n);
    out[n] = '\0';
    r->at += n;
    return true;
}

static double take_real(Reader *r, double low, double high, const char *wanted) {
    char word[40];
    const char *begin = r->at;
    double value = low;
    if (!take_until(r, " ,:;", word, sizeof word, wanted)) return low;
    if (!parse_real(word, low, high, &value)) {
        r->at = begin;
        trouble(r, wanted);
    }
    return value;
}

static uint64_t take_whole(Reader *r, const char *wanted) {
    char word[24];
    const char *begin = r->at;
    uint64_t value = 0;
    if (!take_until(r, " ,:;", word, sizeof word, wanted)) return 0;
    for (const char *c = word; *c; c++) {
        if (*c < '0' || *c > '9' || value > (UINT64_MAX - (uint64_t)(*c - '0')) / 10)
            return r->at = begin, trouble(r, wanted), 0;
        value = value * 10 + (uint64_t)(*c - '0');
    }
    return value;
}

/* Which of `count` names comes next. */
static int take_name(Reader *r, const char *(*name)(int), int count, const char *wanted) {
    char word[24];
    const char *begin = r->at;
    if (!take_until(r, " ,:;\n", word, sizeof word, wanted)) return 0;
    for (int i = 0; i < count; i++)
        if (!strcmp(word, name(i))) return i;
    r->at = begin;
    trouble(r, wanted);
    return 0;
}

static const char *a_kind(int i) { return probe_name((ProbeKind)i); }
static const char *a_size(int i) { return size_name((Size)i); }
static const char *a_colour(int i) { return colour_name((ShapeColour)i); }
static const char *a_shape(int i) { return shape_name((Shape)i); }
static const char *a_part(int i) { return i == SPLIT_SEEN ? "seen" : "held"; }
static const char *a_split(int i) { return i < SPLIT_KINDS ? split_name((SplitKind)i) : "none"; }

/* count digits, each below `base`. */
static void take_digits(Reader *r, int *digits, int count, int base, const char *wanted) {
    for (int i = 0; i < count && !r->failed; i++) {
        if (r->at == r->end || *r->at < '0' || *r->at >= '0' + base) trouble(r, wanted);
        else digits[i] = *r->at++ - '0';
    }
}

/* Eight digits, every one once. */
static void take_order(Reader *r, int *order, const char *wanted) {
    int times[8] = { 0 };
    take_digits(r, order, 8, 8, wanted);
    for (int i = 0; i < 8 && !r->failed; i++)
        if (times[order[i]]++) trouble(r, wanted);
}

static Split take_split(Reader *r, SplitKind kind) {
    Split split = { .kind = kind };
    int seen[DIRECTION_COUNT * 64] = { 0 }, count = kind == SPLIT_RELATIONS ? DIRECTION_COUNT * 64 : 8;
    if (take(r, " coverage ")) split.coverage = take_real(r, 0, 1, "a coverage from 0 to 1");
    if (take(r, " colours ")) take_order(r, split.colour, "the order of the eight colours");
    if (take(r, " shapes ")) take_order(r, split.shape, "the order of the eight shapes");
    if (take(r, " seen ")) take_digits(r, seen, count, 2, "what is seen, 0 or 1 each");
    for (int i = 0; i < count; i++) {
        if (kind == SPLIT_RELATIONS) split.seen_apart[i / 64][i / 8 % 8][i % 8] = seen[i];
        else split.seen[i] = seen[i];
    }
    return split;
}

static void take_heading(Reader *r, MinimalPairs *pairs, Arena *arena) {
    MinimalPairsConfig *s = &pairs->config;
    if (take(r, "# quads ")) s->kind = (ProbeKind)take_name(r, a_kind, PROBE_KINDS, "a kind of quad");
    if (take(r, " seed ")) s->seed = take_whole(r, "a seed");
    if (take(r, " part ")) s->part = (SplitPart)take_name(r, a_part, 2, "seen or held");
    if (take(r, " ways ")) s->paraphrases = (unsigned)take_real(r, 0, PARAPHRASE_ALL, "ways from 0 to 7");
    if (take(r, " noise ")) s->noise = take_real(r, -1e9, 1, "a noise of at most 1");
    if (!take(r, " split ")) return;
    int kind = take_name(r, a_split, SPLIT_KINDS + 1, "a kind of split or none");
    if (!r->failed && kind < SPLIT_KINDS) {
        Split *split = arena_alloc(arena, 1, sizeof *split);
        *split = take_split(r, (SplitKind)kind);
        s->split = split;
    }
    pairs->pictures = pair_pictures(s->kind);
    pairs->captions = pair_captions(s->kind);
    take(r, "\n");
    for (int p = 0; p < pairs->pictures; p++) take(r, p ? "picture 2," : "picture 1,");
    for (int k = 0; k < pairs->captions; k++)
        take(r, (const char *[]){ "caption 1,", "caption 2,", "caption 3,", "caption 4,", "caption 5," }[k]);
    take(r, "truth");
    take(r, "\n");
}

static void take_scene(Reader *r, Scene *scene) {
    if (take(r, "look ")) scene->appearance = take_whole(r, "a whole number");
    if (take(r, " noise ")) scene->noise = take_real(r, -1, 1, "a noise of at most 1");
    take(r, ": ");
    do {
        SceneObject *o = &scene->object[scene->count];
        if (scene->count == SCENE_MAX) {
            trouble(r, "no more than five things");
            return;
        }
        o->size = (Size)take_name(r, a_size, SIZE_COUNT + 1, "a size");
        if (take(r, " ")) o->colour = (ShapeColour)take_name(r, a_colour, COLOUR_COUNT, "a colour");
        if (take(r, " ")) o->shape = (Shape)take_name(r, a_shape, SHAPE_COUNT, "a shape");
        double *number[] = { &o->x, &o->y, &o->radius, &o->rotation };
        for (int i = 0; i < 4 && take(r, " "); i++)
            *number[i] = i < 2    ? take_real(r, 0, 1, "a place from 0 to 1")
                         : i == 2 ? take_real(r, 1e-6, 1, "a radius from 0 to 1")
                                  : take_real(r, -4, 4, "a turn in radians");
        scene->count++;
    } while (!r->failed && r->at < r->end && *r->at == ';' && take(r, "; "));
    take(r, ",");
}

/* The truth as it is written must be what the evaluator says. */
static void take_truth(Reader *r, const MinimalPairs *pairs, const MinimalPair *item) {
    for (int p = 0; p < pairs->pictures; p++) {
        if (p > 0) take(r, " ");
        for (int k = 0; k < pairs->captions; k++) {
            bool is = !r->failed && minimal_pairs_oracle(NULL, &item->scene[p], item->caption[k]) == 1;
            if (!r->failed && (r->at == r->end || *r->at != '0' + is)) {
                char wanted[64];
                snprintf(wanted, sizeof wanted, "truth %d for caption %d of picture %d", is, k + 1, p + 1);
                trouble(r, wanted);
            } else if (!r->failed) {
                r->at++;
            }
        }
    }
    take(r, "\n");
}

static void take_item(Reader *r, const MinimalPairs *pairs, MinimalPair *item, Arena *arena) {
    char text[CAPTION_TEXT];
    for (int p = 0; p < pairs->pictures; p++) take_scene(r, &item->scene[p]);
    for (int k = 0; k < pairs->captions; k++) {
        if (take_until(r, ",", text, sizeof text, "a caption")) item->caption[k] = arena_text(arena, text);
        take(r, ",");
    }
    take_truth(r, pairs, item);
}

bool minimal_pairs_read(MinimalPairs *pairs, Arena *arena, const char *path, Err *err) {
    File file;
    MinimalPairs got = { 0 };
    if (!file_open(&file, path, err)) return false;
    const char *begin = file.size > 0 ? (const char *)file.data : "";
    Reader r = { .at = begin, .end = begin + file.size, .path = path, .line = 1, .err = err };
    take_heading(&r, &got, arena);
    for (int room = 0; !r.failed && r.at < r.end; got.count++) {
        if (got.count ==
            room) { /* grown with what was read: an item takes more memory than the line that might be one */
            const MinimalPair *before = got.item;
            room = MAX(64, 2 * room);
            got.item = arena_zero(arena, (size_t)room, sizeof *got.item);
            if (before) memcpy(got.item, before, (size_t)got.count * sizeof *before);
        }
        take_item(&r, &got, &got.item[got.count], arena);
    }
    got.config.count = got.count;
    if (!r.failed) *pairs = got;
    file_close(&file);
    return !r.failed;
}
