/* word_study: the measurements of lesson 25, each a cell of a table (evaluate/cell_table.h), and the networks that
 * ship. */
#ifndef WORD_STUDY_H
#define WORD_STUDY_H

#include "picture_answers.h"
#include "caption_bootstrap.h"
#include "caption_judge.h"
#include "evaluate/cell_table.h"

#define WORD_STUDY_TABLE "plots/data/25-from-pictures-to-words.csv" /* ours: seed 1; bootstrapping: 1 to 3 */
enum { WORD_STUDY_N = 1000, WORD_STUDY_BANK = 1000, WORD_STUDY_BEAMS = 4, WORD_STUDY_SEED = 1, WORD_STUDY_BOOTS = 3 };

/* Who writes captions. */
typedef enum { BY_RETRIEVAL, BY_VECTOR, BY_VECTOR_BEAM, BY_POSITIONS, BY_POSITIONS_BEAM, WRITERS } Writer;
const char *writer_name(Writer writer); /* "retrieval", "vector", "vector beam", ... */
/* `bank`: captions that the retrieval searches. */
Judged word_study_captions(const Answerers *who, Writer writer, const JudgeSet *set, int bank);

/* The CLIP that all networks look through: lesson 17's transformer that sees half of the combinations, seed 1. */
bool word_study_clip(SceneModel *clip, Err *err);
/* The networks that ship: their configuration, and data/pretrained/words-KIND.safetensors. */
NetConfig word_study_shipped(NetKind kind);
char *word_study_shipped_path(Arena *arena, NetKind kind);
/* Loads a network: one that ships, or one that was kept in models_folder(); else trains it there. */
bool word_study_net(Net *net, NetConfig config, SceneModel *clip, Err *err);
/* Trains a network that ships, unless its file is there, and writes it as F16; then loads it. */
bool word_study_make_shipped(Net *net, NetKind kind, SceneModel *clip, Err *err);
/* Trains those that do not exist and writes them as F16 with command, date and figures; then measures the cells that
 * the table lacks. `only` NULL: all. */
bool word_study_all(CellTable *table, const char *date, Err *err);

/* The names of cells, on the arena: "vector beam; relation; held out: true", "positions; is there; seen: right",
 * "matching; binding; seen: choice", "bootstrap; both: right". */
char *cell_caption(Arena *arena, Writer writer, Ask ask, SplitPart part, const char *what);
char *cell_answer(Arena *arena, AnswerWay way, QuestionKind kind, SplitPart part);
char *cell_probe(Arena *arena, AnswerWay way, ProbeKind kind, SplitPart part, PairMetric metric);
char *cell_boot(Arena *arena, BootWay way, const char *what);

/* The bootstrapping of the table. */
BootConfig word_study_boot(int seed);
/* Puts the cells of one row of it; `what`: "right", "true" of the pairs, "pairs". */
bool word_study_put_boot(CellTable *table, BootWay way, int seed, BootRow row, Err *err);

/* Prints the table: captions, answers and probes, with Wilson's intervals; one line where there is none. */
void word_study_print(Arena *arena, const CellTable *table);

/* One cell of answers, measured: for the table and for its test. */
Rate word_study_answers(const Answerers *who, Arena *arena, AnswerWay way, QuestionKind kind, SplitPart part, int n);
/* The probe of the table; false with one line if there are no such items. */
bool word_study_probe(MinimalPairs *pairs, Arena *arena, const SceneModel *clip, ProbeKind kind, SplitPart part,
                      int items, Err *err);

#endif
