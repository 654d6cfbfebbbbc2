/* own_wordings: lesson 12 with a model of own pairs. */
#ifndef OWN_WORDINGS_H
#define OWN_WORDINGS_H

#include "lesson/lesson_pairs.h"
#include "wordings.h"

/* Compares the student's wordings, templates with {} on the command line, with the bare label. */
void own_wordings(Lesson *lesson, const LessonPairs *pairs, const char *weights, const OptionTexts *labels, int seed);

#endif
