/* sound_cells: the table of this lesson, three seeds of everything (evaluate/cell_table.h). */
#ifndef SOUND_CELLS_H
#define SOUND_CELLS_H

#include "evaluate/cell_table.h"
#include "vector_arithmetic.h"

#define SOUND_CELLS "plots/data/24-third-modality.csv" /* ours */
enum { SOUND_SEEDS = 3 };

/* How the searched sounds got their vectors; or pictures are searched instead, for comparison. */
typedef enum { BY_PICTURES, BY_TEXTS, BY_TEXTS_NO_BREATH, CONDITIONS, NO_SOUNDS = CONDITIONS } Condition;
SoundModelConfig condition_config(Condition condition, int seed);

typedef enum { QUERY_TEXT, QUERY_PICTURE, QUERIES } QueryKind;
typedef struct {
    SetKind set;
    SplitPart part;
    QueryKind query;
    Condition condition; /* NO_SOUNDS: texts find pictures */
} SearchCase;
enum { MEASURE_MEDIAN = RETRIEVAL_CUTOFFS, MEASURE_COLOUR, MEASURE_SHAPE, MEASURE_COUNT, MEASURES };

/* "one seen: text finds sounds by pictures: recall@1"; on the arena. */
char *search_cell(Arena *arena, SearchCase at, int measure);
double search_value(const SearchResult *result, int measure);
/* "sum seen: picture + sound: recall@1"; measure MEASURE_MEDIAN: median rank; MEASURE_COLOUR: stayed. */
char *arithmetic_cell(Arena *arena, bool difference, SplitPart part, Addition addition, int measure);

/* The SearchSets of one seed, and the vectors of their sounds. */
typedef struct {
    SearchSet set[SETS];
    Mat sounds[SETS];
} Searched;
SearchResult search_case(const Searched *searched, SearchCase at);

/* Stores the cells of one condition (NO_SOUNDS: texts find pictures) and seed, and for BY_PICTURES those of the
 * arithmetic. True if all are there already and nothing was measured. Ends the program if the file cannot be
 * written. */
bool cells_complete(const CellTable *table, Condition condition, int seed);
void cells_measure(CellTable *table, SceneModel *scenes, SoundModel *sounds, Condition condition, int seed);

/* "39.4 % (31.0 to 41.2)", mean, least and most of the seeds; "-" without cells; on the arena. */
char *cell_text(Arena *arena, const CellTable *table, const char *name);

#endif
