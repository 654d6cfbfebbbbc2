#include "own_pairs.h"

#include "evaluate/pair_recall.h"
#include "formats/image_convert.h"
#include "lesson/lesson_pairs.h"
#include "show/progress.h"

#include <string.h>

/* The pictures that are measured: their numbers in the table, and their unit vectors. */
typedef struct {
    int n, *picture; /* [n] */
    Mat features;    /* [n,E] */
} Chosen;

static bool is_for_test(const PairsTable *table, int i, bool some) {
    return table->pictures[i].count > 0 && (!some || table->pictures[i].part == PAIRS_TEST);
}

/* Reads and encodes one picture after the other: a photograph takes more memory than its vector. */
static Chosen pictures_encode(Arena *arena, Encoder *encoder, PairsTable *table, bool strict, int most) {
    int total = 0, E = encoder->clip.config.image.embed;
    bool some = false;
    for (int i = 0; i < table->picture_count; i++) some = some || table->pictures[i].part == PAIRS_TEST;
    for (int i = 0; i < table->picture_count; i++) total += is_for_test(table, i, some);
    total = MIN(total, most);
    Chosen chosen = { .picture = arena_alloc(arena, (size_t)total, sizeof(int)), .features = mat_new(arena, total, E) };
    Progress progress = progress_begin("encode", total, "img/s");
    Arena work = { 0 };
    for (int i = 0; i < table->picture_count && chosen.n < total; i++) {
        Image image;
        Err err;
        if (!is_for_test(table, i, some)) continue;
        arena_reset(&work);
        const char *path = pairs_table_path(table, &work, i);
        if (image_read_any(&work, path, &image, &err)) {
            Mat vector = encoder_images(encoder, &work, &image, 1, NULL, NULL);
            memcpy(&AT(chosen.features, chosen.n, 0), vector.v, (size_t)E * sizeof(num));
            chosen.picture[chosen.n++] = i;
        } else {
            if (strict) die("%s:%d: %s", table->file, table->line[table->pictures[i].first], err.text);
            pairs_table_drop(table, i, file_exists(path) ? PAIRS_BAD_PICTURE : PAIRS_BAD_FILE,
                             arena_text(arena, err.text));
        }
        progress_update(&progress, chosen.n);
    }
    progress_end(&progress);
    arena_free(&work);
    chosen.features.shape[0] = chosen.n;
    return chosen;
}

/* Captions are those of the table; picture i of the set is chosen.picture[i]. */
static PairSet set_of(Arena *arena, const PairsTable *table, const Chosen *chosen) {
    int *first = arena_alloc(arena, (size_t)chosen->n, sizeof *first), used = 0;
    int *count = arena_alloc(arena, (size_t)chosen->n, sizeof *count);
    const char **caption = arena_alloc(arena, (size_t)table->caption_count, sizeof *caption);
    int *own = arena_alloc(arena, (size_t)table->caption_count, sizeof *own);
    for (int i = 0; i < chosen->n; i++) {
        const PairsPicture *picture = &table->pictures[chosen->picture[i]];
        first[i] = used;
        count[i] = picture->count;
        for (int k = 0; k < picture->count; k++) {
            caption[used] = table->caption[picture->first + k];
            own[used] = used;
            used++;
        }
    }
    return (PairSet){ .n = chosen->n,
                      .caption_count = used,
                      .caption = caption,
                      .first = first,
                      .count = count,
                      .own = own,
                      .name = table->file };
}

void own_pairs(const Lesson *lesson, Encoder *encoder, const char *table_path, PairsFormat format, int most) {
    Arena *arena = (Arena *)&lesson->memory;
    PairsTable table;
    PairRecall recall;
    Err err;
    if (!pairs_table_read(&table, arena, table_path, format, &err)) die("%s", err.text);
    Chosen chosen = pictures_encode(arena, encoder, &table, format.strict, most);
    lesson_pairs_print(&table);
    pairs_table_warn_texts(&table);
    if (chosen.n == 0) die("%s: no row with a picture that can be read and a caption", table_path);
    PairSet set = set_of(arena, &table, &chosen);
    encoder->clip.bpe = &encoder->bpe;
    if (!pair_recall_of(&encoder->clip, &set, chosen.features, &recall, &err)) die("%s", err.text);
    pair_recall_print(&recall);
}
