/* Probe report: what lessons print about the scores of scene models on probes. */
#ifndef PROBE_REPORT_H
#define PROBE_REPORT_H

#include "lesson/lesson.h"
#include "scenes/scene_model.h"

enum { MODEL_SET_MAX = 8 };

/* Models that differ in the text tower alone. Do not copy or move (see SceneModel). */
typedef struct {
    SceneModel scene_model[MODEL_SET_MAX];
    int count;
} ModelSet;

/* Frees the models; count is 0 then. */
void model_set_free(ModelSet *set);

/* A caption in lines of up to `width` characters, broken at spaces, to fit below a picture; on the arena. */
char *probe_lines(Arena *arena, const char *text, int width);

/* A scene as a picture, with its caption in lines that fit below it and a note under that ("": none). The tile is
 * marked if the note says "wrong". On the arena. */
Tile probe_tile(Arena *arena, const Scene *scene, const char *caption, const char *note);

/* Prints the column heads of the reports. */
void probe_report_heading(void);

/* Prints one probe: the score of every model with Wilson's interval and the fraction of ties, then the oracle, chance,
 * and the text-only rules. Returns the first model's choice score; NaN, and one line says why, if there are no such
 * items. Stops the program if minimal_pairs_check refuses an item. */
double probe_report(Arena *arena, ModelSet *set, const MinimalPairsConfig *config);

/* Prints, and draws as NAME, `each` items of binding and of relation, with the choices of every model. */
void probe_report_choices(const Lesson *lesson, Arena *arena, ModelSet *set, const char *name, int each);

#endif
