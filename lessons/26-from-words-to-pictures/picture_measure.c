#include "picture_measure.h"
#include "core/thread.h"

#include <math.h>
#include <string.h>

enum { AT_ONCE = 32 };

PictureExample picture_task_example(const Split *split, const PictureTask *task, int i) {
    Rng rng =
        rng_seed((uint64_t)(26100 + 1000 * task->seed) + (uint64_t)(10 * task->captions + task->part), (uint64_t)i);
    return picture_draw(split, task->part, task->captions, &rng);
}

/* ---- one task ---------------------------------------------------------------------------------------------------- */

typedef struct {
    const SceneReader *reader;
    const num *pixels;
    const PictureExample *example;
    Verdict *verdict;
} Judging;
static void judge(void *context, size_t begin, size_t end) {
    const Judging *s = context;
    uint8_t rgb[PICTURE_NUMBERS];
    for (size_t i = begin; i < end; i++) {
        picture_bytes(s->pixels + i * PICTURE_NUMBERS, rgb);
        SceneReading found = scene_read(s->reader, rgb);
        s->verdict[i] = scene_verdict(&found, &s->example[i].caption);
    }
}

/* The sum of the cosines of B pictures with their texts. */
static double cosine_sum(PictureModel *model, Mat pixels, const char *const *texts) {
    Clip *clip = &model->clip.clip;
    Tape tape = { .no_grad = true };
    Mat image = clip_image(&tape, clip, pixels)->val,
        text = clip_text_features(clip, &tape.arena, texts, image.shape[0], NULL);
    double sum = 0;
    for (int b = 0; b < image.shape[0]; b++) sum += vec_dot(&AT(image, b, 0), &AT(text, b, 0), image.shape[1]);
    tape_free(&tape);
    return sum;
}

static void measure_some(PictureModel *model, const SceneReader *reader, const PictureTask *task, int first, int B,
                         PictureScore *score) {
    Arena arena = { 0 };
    size_t n = (size_t)B;
    PictureExample *example = arena_alloc(&arena, n, sizeof *example);
    const char **texts = arena_alloc(&arena, n, sizeof *texts);
    Mat truth = mat_like(&arena, mat_shape(4, B, SCENE_SIDE, SCENE_SIDE, 3));
    for (int b = 0; b < B; b++) {
        char text[CAPTION_TEXT];
        example[b] = picture_task_example(&model->split, task, first + b);
        texts[b] = arena_text(&arena, caption_text(&example[b].caption, text));
        scene_pixels(&example[b].scene, truth.v + b * PICTURE_NUMBERS);
    }
    PictureSampling how = { task->condition, task->guidance, task->steps, task->eta, .seed = (uint64_t)task->seed };
    how.first = first;
    Mat pixels = picture_sample(model, &arena, texts, B, &how);
    Verdict *verdict = arena_alloc(&arena, n, sizeof *verdict);
    parallel_for(n, 1, judge, &(Judging){ reader, pixels.v, example, verdict });
    for (int b = 0; b < B; b++) score->verdict[verdict[b]]++;
    score->clip += cosine_sum(model, pixels, texts) / task->count;
    score->clip_truth += cosine_sum(model, truth, texts) / task->count;
    arena_free(&arena);
}

PictureScore picture_measure(PictureModel *model, const SceneReader *reader, const PictureTask *task) {
    PictureScore score = { .clip = 0 };
    for (int first = 0; first < task->count; first += AT_ONCE)
        measure_some(model, reader, task, first, MIN(AT_ONCE, task->count - first), &score);
    return score;
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

char *picture_task_name(Arena *arena, const PictureTask *task) {
    return arena_print(arena, "%s; %s; %s; guidance %g; %d steps of %s", condition_kind_name(task->condition),
                       caption_kind_name(task->captions), task->part == SPLIT_SEEN ? "seen" : "held out",
                       task->guidance, task->steps, task->eta > 0 ? "DDPM" : "DDIM");
}

static const char *figure_name(Arena *arena, const PictureTask *task, const char *figure) {
    return arena_print(arena, "%s: %s", picture_task_name(arena, task), figure);
}
const Cell *picture_task_find(const CellTable *table, const PictureTask *task, const char *figure) {
    Arena arena = { 0 };
    const Cell *cell = cell_find(table, figure_name(&arena, task, figure), task->seed);
    arena_free(&arena);
    return cell;
}

bool picture_task_fill(PictureModel *model, const SceneReader *reader, const PictureTask *task, CellTable *table,
                       Err *err) {
    if (picture_task_find(table, task, "clip of truth")) return true; /* the last one that is written */
    PictureScore score = picture_measure(model, reader, task);
    bool ok = true;
    for (int v = 0; ok && v < VERDICTS; v++)
        ok = cell_put(table, figure_name(table->arena, task, verdict_name((Verdict)v)), task->seed,
                      (double)score.verdict[v] / task->count, task->count, err);
    return ok && cell_put(table, figure_name(table->arena, task, "clip"), task->seed, score.clip, 0, err) &&
           cell_put(table, figure_name(table->arena, task, "clip of truth"), task->seed, score.clip_truth, 0, err);
}

/* ---- the reader -------------------------------------------------------------------------------------------------- */

static bool reads_right(const SceneReader *reader, const Scene *scene) {
    double paint[PICTURE_NUMBERS];
    uint8_t rgb[PICTURE_NUMBERS];
    scene_picture(scene, (Canvas){ SCENE_SIDE, paint }, rgb);
    SceneReading found = scene_read(reader, rgb);
    bool taken[READER_MAX] = { false };
    if (found.count != scene->count) return false;
    for (int k = 0; k < scene->count; k++) {
        const SceneObject *o = &scene->object[k];
        int near = -1;
        for (int j = 0; j < found.count; j++) {
            const SceneObject *r = &found.object[j].object;
            if (!taken[j] && hypot(r->x - o->x, r->y - o->y) < SCENE_MARGIN / 4) near = j;
        }
        if (near < 0 || !found.object[near].clear || found.object[near].object.colour != o->colour ||
            found.object[near].object.shape != o->shape)
            return false;
        taken[near] = true;
    }
    return true;
}

Rate reader_measure(const SceneReader *reader, bool noisy, int count, uint64_t seed) {
    const CaptionKind kinds[] = { CAPTION_OBJECT, CAPTION_COUNT, CAPTION_RELATION };
    Split all = split_make(SPLIT_ALL, 1, 1);
    int right = 0;
    for (int i = 0; i < count; i++) {
        Rng rng = rng_seed(seed, (uint64_t)i);
        SceneConfig s = { .seed = seed, .least = 1, .max = PICTURE_MAX_COUNT, .repeat = 0.5 };
        Scene scene = noisy ? scene_make(&s, (uint64_t)i) : picture_draw(&all, SPLIT_SEEN, kinds[i % 3], &rng).scene;
        right += reads_right(reader, &scene);
    }
    return metrics_wilson(right, count);
}

/* ---- what a bag of words can do ---------------------------------------------------------------------------------- */

double bag_bound(const Split *split, const Caption *caption) {
    char words[CAPTION_TEXT], text[CAPTION_TEXT];
    Caption other[4];
    int count = 0;
    bool two = caption->kind == CAPTION_PAIR || caption->kind == CAPTION_RELATION;
    caption_text(caption, words);
    for (int way = 0; way < (two ? 4 : 1); way++) { /* shapes change places, nouns change places */
        Caption c = *caption;
        if (way & 1) {
            c.a.shape = caption->b.shape;
            c.b.shape = caption->a.shape;
        }
        if (way & 2) {
            Noun a = c.a;
            c.a = c.b;
            c.b = a;
        }
        bool new = caption_in_part(&c, split, SPLIT_SEEN) && caption_same_words(words, caption_text(&c, text));
        for (int k = 0; k < count; k++) new = new && !caption_equivalent(&c, &other[k]);
        if (new) other[count++] = c;
    }
    return 1.0 / MAX(count, 1);
}
double bag_bound_mean(const Split *split, const PictureTask *task) {
    double sum = 0;
    for (int i = 0; i < task->count; i++) {
        PictureExample e = picture_task_example(split, task, i);
        sum += bag_bound(split, &e.caption);
    }
    return sum / task->count;
}
