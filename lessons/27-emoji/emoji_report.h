/* emoji_report: what lesson 27 measures and prints. Intervals are Wilson's, of 95 % (evaluate/metrics.h). */
#ifndef EMOJI_REPORT_H
#define EMOJI_REPORT_H

#include "emoji_model.h"
#include "emoji_probes.h"
#include "evaluate/metrics.h"
#include "lesson/lesson.h"

/* A trained model with the vectors of the set. Do not copy or move (see EmojiModel). */
typedef struct {
    EmojiModel model;
    Mat image[EMOJI_STYLES];  /* [count,E]: all pictures of a style */
    Mat names;                /* [count,E]: all names */
    Mat cosine[EMOJI_STYLES]; /* [count,count]: of picture i with name j */
} EmojiTower;

/* Trains or loads the model, and computes its vectors on the arena. False with one line. Free with
 * emoji_model_free(&tower->model). */
bool emoji_tower_open(EmojiTower *tower, Arena *arena, const EmojiSet *set, const EmojiConfig *config, Err *err);

/* How many of n queries have their answer among the first k. */
typedef struct {
    double recall[3]; /* k = 1, 5, 10 */
    double median_rank;
    int queries;
} EmojiRecall;

/* Pictures of a style that are held out, or are not, look for their names among all names (`to_text`), or names for
 * their pictures. */
EmojiRecall emoji_recall(Arena *arena, const EmojiSet *set, const EmojiTower *tower, int style, bool held,
                         bool to_text);

/* The tables and figures of the lesson's sections. `towers` differ in the text tower; the last is the one that figures
 * are about. */
void report_set(const Lesson *lesson, Arena *arena, const EmojiSet *set);
void report_recall(Arena *arena, const EmojiSet *set, const EmojiTower *towers, int count);
void report_categories_recall(const Lesson *lesson, Arena *arena, const EmojiSet *set, const EmojiTower *tower);
/* Recall@10 of names that are held out: those of known words, and those with a word that no training caption had. */
void report_known(Arena *arena, const EmojiSet *set, const EmojiTower *towers, int count);
void report_binding(Arena *arena, const EmojiSet *set, const EmojiTower *towers, int count);
void report_families(const Lesson *lesson, Arena *arena, const EmojiSet *set, const EmojiTower *tower);
void report_orders(Arena *arena, const EmojiSet *set, EmojiTower *towers, int count);
void report_zero_shot(Arena *arena, const EmojiSet *set, EmojiTower *towers, int count);
void report_withheld(const Lesson *lesson, Arena *arena, const EmojiSet *set, EmojiTower *towers, int count);

/* The ten pictures of both styles with the highest cosine to the text, mean of the towers, as a page
 * plots/out/NAME.png. */
void report_query(const Lesson *lesson, Arena *arena, const EmojiSet *set, EmojiTower *towers, int count,
                  const char *name, const char *text);

#endif
