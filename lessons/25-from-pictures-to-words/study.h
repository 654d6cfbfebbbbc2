/* study: the measurements of lesson 25, each a cell of a table (evaluate/cell_table.h), and the networks that ship. */
#ifndef STUDY_H
#define STUDY_H

#include "answers.h"
#include "bootstrap.h"
#include "caption_judge.h"
#include "evaluate/cell_table.h"

#define STUDY_TABLE "plots/data/25-from-pictures-to-words.csv" /* ours: seed 1 */
enum { STUDY_N = 1000, STUDY_BANK = 1000, STUDY_BEAMS = 4, STUDY_SEED = 1 };

/* Who writes captions. */
typedef enum { BY_RETRIEVAL, BY_VECTOR, BY_VECTOR_BEAM, BY_PLACES, BY_PLACES_BEAM, WRITERS } Writer;
const char *writer_name(Writer writer); /* "retrieval", "vector", "vector beam", ... */
Judged study_captions(const Answerers *who, Writer writer, const JudgeSet *set);

/* The CLIP that all networks look through: lesson 17's transformer that sees half of the combinations, seed 1. */
bool study_clip(SceneModel *clip, Err *err);
/* The networks that ship: their configuration, and data/pretrained/words-KIND.safetensors. */
NetConfig study_shipped(NetKind kind);
char *study_shipped_path(Arena *arena, NetKind kind);
/* Loads a network: one that ships, or one that was kept in models_folder(); else trains it there. */
bool study_net(Net *net, NetConfig config, SceneModel *clip, Err *err);
/* Trains a network that ships, unless its file is there, and writes it as F16; then loads it. */
bool study_make_shipped(Net *net, NetKind kind, SceneModel *clip, Err *err);
/* Trains those that do not exist and writes them as F16 with command, date and figures; then measures the cells that the
 * table lacks. `only` NULL: all. */
bool study_all(CellTable *table, const char *date, Err *err);

/* The names of cells, on the arena: "vector beam; relation; held out: true", "places; is there; seen: right",
 * "matching; binding; seen: choice", "bootstrap; both: right". */
char *cell_caption(Arena *arena, Writer writer, Ask ask, SplitPart part, const char *what);
char *cell_answer(Arena *arena, AnswerWay way, QuestionKind kind, SplitPart part);
char *cell_probe(Arena *arena, AnswerWay way, ProbeKind kind, SplitPart part, PairMetric metric);
char *cell_boot(Arena *arena, BootWay way, const char *what);

/* The bootstrapping of the table. */
BootConfig study_boot(int seed);
/* Puts the cells of one row of it; `what`: "right", "true" of the pairs, "pairs". */
bool study_put_boot(CellTable *table, BootWay way, int seed, BootRow row, Err *err);

/* Prints the table: captions, answers and probes, with Wilson's intervals; one line where there is none. */
void study_print(Arena *arena, const CellTable *table);

/* One cell of answers, measured: for the table and for its test. */
Rate study_answers(const Answerers *who, Arena *arena, AnswerWay way, QuestionKind kind, SplitPart part, int n);
/* The probe of the table; false with one line if there are no such items. */
bool study_probe(MinimalPairs *pairs, Arena *arena, const SceneModel *clip, ProbeKind kind, SplitPart part, int items,
                 Err *err);

#endif
