/* exam: what lessons print when learners (learner.h) are asked about probes (quads.h). */
#ifndef PROBE_REPORT_H
#define PROBE_REPORT_H

#include "scenes/scene_model.h"
#include "lesson/lesson.h"

enum { MODEL_SET_MAX = 8 };

/* Learners that were taught the same, and stay where they were made. */
typedef struct {
    SceneModel scene_model[MODEL_SET_MAX];
    int count;
} ModelSet;

/* Frees every learner; the class is empty then. */
void model_set_free(ModelSet *set);

/* A scene as a picture, its caption on lines that fit under it, and a note below ("": none). On the arena. */
Tile probe_tile(Arena *arena, const Scene *scene, const char *caption, const char *note);

/* Prints the head of a probe's table: what the columns are. */
void probe_report_heading(void);

/* Prints one probe: every learner's scores with Wilson's interval and the share of ties; what is had without looking,
 * by the rules of hearsay.h; an oracle that reads the scene; and guessing. Returns the share the first learner chose
 * rightly, NaN (and a line says why) when there are no such items. Ends the program when an item is not what
 * minimal_pairs_check wants. */
double probe_report(Arena *arena, ModelSet *set, const MinimalPairsConfig *config);

/* Prints, and draws as NAME, `each` pairs of binding and of relations: which caption every learner chose. */
void probe_report_choices(const Lesson *lesson, Arena *arena, ModelSet *set, const char *name, int each);

#endif
