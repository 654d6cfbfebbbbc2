#include "drawing.h"

#include <math.h>
#include <string.h>

bool drawing_parse(DrawingRequest *request, Err *err) {
    Err why;
    if (request->count > DRAWING_CAPTIONS)
        return err_set(err, "%d captions, at most %d at a time", request->count, DRAWING_CAPTIONS);
    for (int i = 0; i < request->count; i++) {
        const char *text = request->texts[i];
        if (!caption_parse(text, &request->caption[i], &why))
            return err_set(err, "\"%s\": %s; try \"a red circle left of a blue square\"", text, why.text);
        if (!picture_caption_check(&request->caption[i], &why)) return err_set(err, "\"%s\": %s", text, why.text);
    }
    return true;
}

/* A caption in lines of a tile: broken at the space nearest to its middle, or at two. */
static char *in_lines(Arena *arena, const char *text, const char *last) {
    char *lines = arena_text(arena, text);
    size_t n = strlen(lines), parts = n > 30 ? 3 : n > 14 ? 2 : 1;
    for (size_t k = 1; k < parts; k++) {
        char *space = strchr(lines + k * n / parts, ' ');
        if (space) *space = '\n';
    }
    return last[0] ? arena_print(arena, "%s\n%s", lines, last) : lines;
}

/* ---- the filmstrip: the first picture of each caption ------------------------------------------------------------ */

enum { STRIPS = 3 }; /* captions shown */
typedef struct {
    Arena *arena;
    int steps, each, strips, frames, at[DRAWING_FRAMES]; /* steps done, of each frame */
    uint8_t *noisy[STRIPS][DRAWING_FRAMES], *clean[STRIPS][DRAWING_FRAMES];
} Strip;

static uint8_t *frame_bytes(Arena *arena, const num *folded) {
    num pixels[PICTURE_NUMBERS];
    uint8_t *rgb = arena_alloc(arena, PICTURE_NUMBERS, 1);
    picture_pixels(folded, pixels);
    picture_bytes(pixels, rgb);
    return rgb;
}
static void strip_step(void *context, int done, const num *x, const num *clean) {
    Strip *s = context;
    int frame = s->frames, next = 1 + frame * (s->steps - 1) / (DRAWING_FRAMES - 1);
    if (frame == DRAWING_FRAMES || done < next) return;
    s->at[s->frames++] = done;
    for (int k = 0; k < s->strips; k++) {
        s->noisy[k][frame] = frame_bytes(s->arena, x + (size_t)(k * s->each) * PICTURE_NUMBERS);
        s->clean[k][frame] = frame_bytes(s->arena, clean + (size_t)(k * s->each) * PICTURE_NUMBERS);
    }
}
static void strip_show(const Lesson *lesson, Arena *arena, const Strip *s) {
    Tile tiles[2 * STRIPS * DRAWING_FRAMES];
    int n = 0;
    for (int k = 0; k < s->strips; k++)
        for (int row = 0; row < 2; row++)
            for (int f = 0; f < s->frames; f++)
                tiles[n++] = (Tile){ .rgb = row ? s->clean[k][f] : s->noisy[k][f],
                                     .width = SCENE_SIDE,
                                     .height = SCENE_SIDE,
                                     .caption = arena_print(arena, row ? "guess %d" : "step %d", s->at[f]) };
    lesson_tiles(lesson, "26-steps",
                 &(Tiles){ .title = "Steps: above, the picture after the step; below, the network's guess of its end",
                           .tiles = tiles,
                           .count = n,
                           .columns = s->frames });
}

/* ---- the samples ------------------------------------------------------------------------------------------------- */

/* Whether the network has seen the combinations of a caption in training. */
static const char *part_text(const Caption *caption, const Split *split) {
    if (caption_in_part(caption, split, SPLIT_SEEN)) return "seen";
    return caption_in_part(caption, split, SPLIT_HELD) ? "held out" : "one held out";
}
static void print_counts(const char *text, const char *part, const int count[VERDICTS], int of) {
    printf("  %-36s  %-12s  true: %2d of %2d", text, part, count[VERDICT_TRUE], of);
    for (int v = 1; v < VERDICTS; v++)
        if (count[v]) printf("; %s: %d", verdict_name((Verdict)v), count[v]);
    printf("\n");
}

void drawing_show(const Lesson *lesson, PictureModel *model, const SceneReader *reader, const DrawingRequest *request) {
    Arena arena = { 0 };
    int each = request->each, B = request->count * each;
    Tile *tiles = arena_zero(&arena, (size_t)B, sizeof *tiles);
    const char **texts = arena_alloc(&arena, (size_t)B, sizeof *texts);
    Strip strip = { &arena, request->how.steps, each, MIN(STRIPS, request->count), .frames = 0 };
    PictureSampling how = request->how;
    for (int b = 0; b < B; b++) {
        char text[CAPTION_TEXT];
        texts[b] = arena_text(&arena, caption_text(&request->caption[b / each], text));
    }
    how.after_step = strip_step;
    how.context = &strip;
    Mat pixels = picture_sample(model, &arena, texts, B, &how);
    for (int i = 0; i < request->count; i++) {
        int count[VERDICTS] = { 0 };
        for (int b = i * each; b < (i + 1) * each; b++) {
            uint8_t *rgb = arena_alloc(&arena, PICTURE_NUMBERS, 1);
            picture_bytes(pixels.v + (size_t)b * PICTURE_NUMBERS, rgb);
            SceneReading found = scene_read(reader, rgb);
            Verdict verdict = scene_verdict(&found, &request->caption[i]);
            count[verdict]++;
            tiles[b] =
                (Tile){ .rgb = rgb, .width = SCENE_SIDE, .height = SCENE_SIDE, .marked = verdict != VERDICT_TRUE };
            tiles[b].caption = in_lines(&arena, texts[b], verdict == VERDICT_TRUE ? "" : verdict_name(verdict));
        }
        print_counts(texts[i * each], part_text(&request->caption[i], &model->split), count, each);
    }
    lesson_tiles(lesson, "26-samples",
                 &(Tiles){ .title = "Drawn from their captions; framed: not true of the caption, by the reader",
                           .tiles = tiles,
                           .count = B,
                           .columns = each });
    strip_show(lesson, &arena, &strip);
    arena_free(&arena);
}
