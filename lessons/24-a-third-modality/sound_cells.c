#include "sound_cells.h"

#include <string.h>

SoundModelConfig condition_config(Condition condition, int seed) {
    SoundAnchor anchor = condition == BY_PICTURES ? ANCHOR_PICTURE : ANCHOR_TEXT;
    return sound_model_config(
        (SoundModelConfig){ .anchor = anchor, .no_breath = condition == BY_TEXTS_NO_BREATH, .seed = seed });
}

static const char *measure_name(int measure) {
    static const char *const names[MEASURES] = { "recall@1",       "recall@5",      "recall@10",    "median rank",
                                                 "nearest colour", "nearest shape", "nearest count" };
    return names[measure];
}

char *search_cell(Arena *arena, SearchCase at, int measure) {
    static const char *const found[] = { "sounds by pictures", "sounds by texts", "sounds by texts without breath",
                                         "pictures" };
    return arena_print(arena, "%s %s: %s finds %s: %s", set_name(at.set), part_name(at.part),
                       at.query == QUERY_TEXT ? "text" : "picture", found[at.condition], measure_name(measure));
}
double search_value(const SearchResult *r, int measure) {
    if (measure < RETRIEVAL_CUTOFFS) return r->found.recall[measure];
    if (measure == MEASURE_MEDIAN) return r->found.median_rank;
    return (measure == MEASURE_COLOUR ? r->colour : measure == MEASURE_SHAPE ? r->shape : r->count).proportion;
}

char *arithmetic_cell(Arena *arena, bool difference, SplitPart part, Addition addition, int measure) {
    return arena_print(arena, "%s %s: %s: %s", difference ? "difference" : "sum", part_name(part),
                       addition_name(addition, difference),
                       measure == MEASURE_COLOUR ? "stayed" : measure_name(measure));
}
static double arithmetic_value(const ArithmeticResult *r, int measure) {
    if (measure < RETRIEVAL_CUTOFFS) return r->found.recall[measure];
    return measure == MEASURE_MEDIAN ? r->found.median_rank : r->stayed.proportion;
}

SearchResult search_case(const Searched *searched, SearchCase at) {
    const SearchSet *set = &searched->set[at.set];
    return search_measure(set, at.part, at.query == QUERY_TEXT ? set->texts : set->pictures,
                          at.condition == NO_SOUNDS ? set->pictures : searched->sounds[at.set]);
}

/* The i-th search of a condition; false: there are no more. Pictures are searched with texts only. */
static bool case_of(Condition condition, int i, SearchCase *at) {
    *at = (SearchCase){ (SetKind)(i / 4), (SplitPart)(i / 2 % 2), (QueryKind)(i % 2), condition };
    if (condition == NO_SOUNDS) *at = (SearchCase){ (SetKind)(i / 2), (SplitPart)(i % 2), QUERY_TEXT, condition };
    return at->set < SETS;
}
/* The first object of two says little: nearest colours, shapes and counts are for scenes of one type. */
static int measures_of(SearchCase at) { return at.set == SET_ONE ? MEASURES : MEASURE_MEDIAN + 1; }

/* The i-th sum or difference; false: there are no more. */
typedef struct {
    bool difference;
    SplitPart part;
    Addition addition;
} ArithmeticCase;
static bool arithmetic_of(int i, ArithmeticCase *at) {
    if (i >= 2 * 2 * ADDITIONS) return false;
    *at = (ArithmeticCase){ i / (2 * ADDITIONS) == 1, (SplitPart)(i / ADDITIONS % 2), (Addition)(i % ADDITIONS) };
    return true;
}

static void put(CellTable *table, const char *name, int seed, double value, int count) {
    Err err;
    if (!cell_put(table, name, seed, value, count, &err)) die("%s", err.text);
}

bool cells_complete(const CellTable *table, Condition condition, int seed) {
    Arena arena = { 0 };
    bool all = true;
    SearchCase at;
    ArithmeticCase sum;
    for (int i = 0; case_of(condition, i, &at); i++)
        for (int m = 0; m < measures_of(at); m++) all = all && cell_find(table, search_cell(&arena, at, m), seed);
    for (int i = 0; condition == BY_PICTURES && arithmetic_of(i, &sum); i++)
        all = all &&
              cell_find(table, arithmetic_cell(&arena, sum.difference, sum.part, sum.addition, MEASURE_COLOUR), seed);
    arena_free(&arena);
    return all;
}

static void arithmetic_measure(CellTable *table, SceneModel *scenes, SoundModel *sounds, const SearchSet *two,
                               int seed) {
    Arena arena = { 0 };
    ArithmeticCase at;
    TypePictures searched = type_pictures(&arena, scenes, ARITHMETIC_EACH, (uint64_t)seed);
    for (int i = 0; arithmetic_of(i, &at); i++) {
        if (!at.difference && at.addition == ADD_SOUNDS) continue; /* the same as ADD_SOUND */
        ArithmeticResult r = at.difference ? arithmetic_difference(scenes, sounds, &searched, at.part, at.addition,
                                                                   ARITHMETIC_ITEMS, (uint64_t)seed)
                                           : arithmetic_sum(scenes, sounds, two, at.part, at.addition, (uint64_t)seed);
        for (int m = 0; m <= MEASURE_COLOUR; m++)
            put(table, arithmetic_cell(&arena, at.difference, at.part, at.addition, m), seed, arithmetic_value(&r, m),
                m == MEASURE_MEDIAN ? 0 : r.stayed.of);
    }
    arena_free(&arena);
}

void cells_measure(CellTable *table, SceneModel *scenes, SoundModel *sounds, Condition condition, int seed) {
    Arena arena = { 0 };
    Searched searched;
    SearchCase at;
    for (int k = 0; k < SETS; k++) {
        searched.set[k] = search_set(&arena, scenes, (SetKind)k, SEARCH_ITEMS, (uint64_t)seed);
        if (condition != NO_SOUNDS) searched.sounds[k] = search_sounds(sounds, &arena, &searched.set[k]);
    }
    for (int i = 0; case_of(condition, i, &at); i++) {
        SearchResult r = search_case(&searched, at);
        for (int m = 0; m < measures_of(at); m++)
            put(table, search_cell(&arena, at, m), seed, search_value(&r, m),
                m == MEASURE_MEDIAN ? 0 : SEARCH_ITEMS / 2);
    }
    if (condition == BY_PICTURES) arithmetic_measure(table, scenes, sounds, &searched.set[SET_TWO], seed);
    arena_free(&arena);
}

char *cell_text(Arena *arena, const CellTable *table, const char *name) {
    CellSummary s = cell_summary(table, name);
    if (!s.seeds) return arena_text(arena, "-");
    const char *fewer = s.seeds < SOUND_SEEDS ? arena_print(arena, "; %d", s.seeds) : "";
    if (!s.rate.of) return arena_print(arena, "%.1f (%.1f to %.1f%s)", s.mean, s.low, s.high, fewer);
    return arena_print(arena, "%.1f %% (%.1f to %.1f%s)", 100 * s.mean, 100 * s.low, 100 * s.high, fewer);
}
