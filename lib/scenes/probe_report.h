/* exam: what lessons print when learners (learner.h) are asked about probes (quads.h). */
#ifndef EXAM_H
#define EXAM_H

#include "scenes/scene_model.h"
#include "lesson/lesson.h"

enum { EXAM_LEARNERS = 8 };

/* Learners that were taught the same, and stay where they were made. */
typedef struct {
    Learner learner[EXAM_LEARNERS];
    int count;
} Class;

/* Frees every learner; the class is empty then. */
void class_free(Class *class);

/* A scene as a picture, its caption on lines that fit under it, and a note below ("": none). On the arena. */
Tile exam_tile(Arena *arena, const Scene *scene, const char *caption, const char *note);

/* Prints the head of a probe's table: what the columns are. */
void exam_heading(void);

/* Prints one probe: every learner's scores with Wilson's interval and the share of ties; what is had without looking,
 * by the rules of hearsay.h; an oracle that reads the scene; and guessing. Returns the share the first learner chose
 * rightly, NaN (and a line says why) when there are no such items. Ends the program when an item is not what
 * quads_check wants. */
double exam_probe(Arena *arena, Class *class, const QuadSettings *settings);

/* Prints, and draws as NAME, `each` pairs of binding and of relations: which caption every learner chose. */
void exam_choices(const Lesson *lesson, Arena *arena, Class *class, const char *name, int each);

#endif
