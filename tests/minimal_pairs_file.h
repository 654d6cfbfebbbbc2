/* Minimal pairs as text files, for tests and tools. Comma-separated: two lines of heading, then a line for each item:
 * its pictures, its captions, and the truth of every caption about every picture. A picture is "appearance 17 noise
 * 0.03: small red circle 0.2 0.5 0.066 0.01; ..." (of each object x, y, radius, rotation).
 *
 *   minimal_pairs_write  false with one line if the file cannot be written; then it stays as it was
 *   minimal_pairs_read   gives the same set back, on the arena. False, with *pairs unchanged and one line with file and
 *                        line number, if the form is wrong or the column `truth` is not what the evaluator computes.
 *                        What else a set must satisfy is checked by minimal_pairs_check
 *
 * Static functions in a header: three single-file programs include it (test_minimal_pairs, probes, fuzz). */
#ifndef MINIMAL_PAIRS_FILE_H
#define MINIMAL_PAIRS_FILE_H

#include "core/file.h"
#include "scenes/minimal_pairs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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
    fprintf(out, "appearance %" PRIu64 " noise %.6f: ", scene->appearance, scene->noise);
    for (int k = 0; k < scene->count; k++) {
        const SceneObject *o = &scene->object[k];
        fprintf(out, "%s%s %s %s %.6f %.6f %.6f %.6f", k ? "; " : "", size_name(o->size), colour_name(o->colour),
                shape_name(o->shape), o->x, o->y, o->radius, o->rotation);
    }
    fputc(',', out);
}

static bool minimal_pairs_write(const MinimalPairs *pairs, const char *path, Err *err) {
    const MinimalPairsConfig *s = &pairs->config;
    OutFile out;
    if (!out_open(&out, path, err)) return false;
    fprintf(out.stream, "# minimal pairs %s seed %" PRIu64 " part %s paraphrases %u noise %.6f", probe_name(s->kind),
            s->seed, s->part == SPLIT_SEEN ? "seen" : "held", s->paraphrases, s->noise);
    write_split(out.stream, s->split);
    fprintf(out.stream, "\n");
    for (int p = 0; p < pairs->pictures; p++) fprintf(out.stream, "picture %d,", p + 1);
    for (int k = 0; k < pairs->captions; k++) fprintf(out.stream, "caption %d,", k + 1);
    fprintf(out.stream, "truth\n");
    for (int n = 0; n < pairs->count; n++) {
        const MinimalPair *item = &pairs->item[n];
        for (int p = 0; p < pairs->pictures; p++) write_scene(out.stream, &item->scene[p]);
        for (int k = 0; k < pairs->captions; k++) fprintf(out.stream, "%s,", item->caption[k]);
        for (int p = 0; p < pairs->pictures; p++)
            for (int k = 0; k < pairs->captions; k++) {
                bool is_true = minimal_pairs_oracle(NULL, &item->scene[p], item->caption[k]) == 1;
                fprintf(out.stream, "%s%d", p > 0 && k == 0 ? " " : "", is_true);
            }
        fprintf(out.stream, "\n");
    }
    return out_commit(&out, err);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* The position in a file. The first error, at `at`, is kept; after it nothing is read. */
typedef struct {
    const char *at, *end, *path;
    int line;
    bool failed;
    Err *err;
} Reader;

static bool read_error(Reader *r, const char *at, const char *wanted) {
    char found[24];
    int n = 0;
    r->at = at;
    for (; n < (int)sizeof found - 1 && r->at + n < r->end && r->at[n] != '\n'; n++)
        found[n] = (unsigned char)r->at[n] < ' ' ? '?' : r->at[n];
    found[n] = '\0';
    if (!r->failed) err_set(r->err, "%s:%d: want %s, found \"%s\"", r->path, r->line, wanted, found);
    r->failed = true;
    return false;
}

static bool take(Reader *r, const char *text) {
    size_t n = strlen(text);
    if (r->failed) return false;
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, text, n) != 0)
        return read_error(r, r->at, text[0] == '\n' ? "the end of the line" : text);
    r->at += n;
    r->line += text[0] == '\n';
    return true;
}

/* What comes up to one of the characters in `stops` or the end of the line. */
static bool take_until(Reader *r, const char *stops, char *out, size_t room, const char *wanted) {
    size_t n = 0;
    if (r->failed) return false;
    while (r->at + n < r->end && r->at[n] != '\n' && r->at[n] != '\0' && !strchr(stops, r->at[n])) n++;
    if (n == 0 || n >= room) return read_error(r, r->at, wanted);
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
    if (!parse_real(word, low, high, &value)) read_error(r, begin, wanted);
    return value;
}

static uint64_t take_whole(Reader *r, const char *wanted) {
    char word[24];
    const char *begin = r->at;
    uint64_t value = 0;
    if (!take_until(r, " ,:;", word, sizeof word, wanted)) return 0;
    for (const char *c = word; *c; c++) {
        bool digit = *c >= '0' && *c <= '9' && value <= (UINT64_MAX - (uint64_t)(*c - '0')) / 10;
        if (!digit) return read_error(r, begin, wanted);
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
    return read_error(r, begin, wanted);
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
        if (r->at == r->end || *r->at < '0' || *r->at >= '0' + base) read_error(r, r->at, wanted);
        else digits[i] = *r->at++ - '0';
    }
}

/* Eight digits, every one once. */
static void take_order(Reader *r, int *order, const char *wanted) {
    int times[8] = { 0 };
    take_digits(r, order, 8, 8, wanted);
    for (int i = 0; i < 8 && !r->failed; i++)
        if (times[order[i]]++) read_error(r, r->at, wanted);
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
    if (take(r, "# minimal pairs ")) s->kind = (ProbeKind)take_name(r, a_kind, PROBE_KINDS, "a kind of probe");
    if (take(r, " seed ")) s->seed = take_whole(r, "a seed");
    if (take(r, " part ")) s->part = (SplitPart)take_name(r, a_part, 2, "seen or held");
    if (take(r, " paraphrases ")) s->paraphrases = (unsigned)take_real(r, 0, PARAPHRASE_ALL, "paraphrases from 0 to 7");
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
    if (take(r, "appearance ")) scene->appearance = take_whole(r, "a whole number");
    if (take(r, " noise ")) scene->noise = take_real(r, -1, 1, "a noise of at most 1");
    take(r, ": ");
    do {
        SceneObject *o = &scene->object[scene->count];
        if (scene->count == SCENE_MAX) read_error(r, r->at, "at most five objects");
        if (r->failed) return;
        o->size = (Size)take_name(r, a_size, SIZE_COUNT + 1, "a size");
        if (take(r, " ")) o->colour = (ShapeColour)take_name(r, a_colour, COLOUR_COUNT, "a colour");
        if (take(r, " ")) o->shape = (Shape)take_name(r, a_shape, SHAPE_COUNT, "a shape");
        double *number[] = { &o->x, &o->y, &o->radius, &o->rotation };
        for (int i = 0; i < 4 && take(r, " "); i++)
            *number[i] = i < 2    ? take_real(r, 0, 1, "a coordinate from 0 to 1")
                         : i == 2 ? take_real(r, 1e-6, 1, "a radius from 0 to 1")
                                  : take_real(r, -4, 4, "a rotation in radians");
        scene->count++;
    } while (!r->failed && r->at < r->end && *r->at == ';' && take(r, "; "));
    take(r, ",");
}

/* The truth in the file must equal what the evaluator computes. */
static void take_truth(Reader *r, const MinimalPairs *pairs, const MinimalPair *item) {
    for (int p = 0; p < pairs->pictures; p++) {
        if (p > 0) take(r, " ");
        for (int k = 0; k < pairs->captions; k++) {
            bool is = !r->failed && minimal_pairs_oracle(NULL, &item->scene[p], item->caption[k]) == 1;
            if (!r->failed && (r->at == r->end || *r->at != '0' + is)) {
                char wanted[64];
                snprintf(wanted, sizeof wanted, "truth %d for caption %d of picture %d", is, k + 1, p + 1);
                read_error(r, r->at, wanted);
            } else if (!r->failed) r->at++;
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

static bool minimal_pairs_read(MinimalPairs *pairs, Arena *arena, const char *path, Err *err) {
    File file;
    MinimalPairs got = { 0 };
    if (!file_open(&file, path, err)) return false;
    const char *begin = file.size > 0 ? (const char *)file.data : "";
    Reader r = { .at = begin, .end = begin + file.size, .path = path, .line = 1, .err = err };
    take_heading(&r, &got, arena);
    for (int room = 0; !r.failed && r.at < r.end; got.count++) {
        if (got.count == room) { /* grows with what was read: an item takes more memory than its line */
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

#endif
