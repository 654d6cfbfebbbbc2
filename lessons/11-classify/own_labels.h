/* own_labels: classification with the student's own labels: of one picture, or of a table of own pairs. */
#ifndef OWN_LABELS_H
#define OWN_LABELS_H

#include "lesson/lesson.h"
#include "lesson/lesson_pairs.h"

/* The probability of each label for the picture in a file, and what the model sees of it. */
void own_picture(Lesson *lesson, LessonModel *model, const char *path, char **labels, int n);

/* With a table: its test pictures, classified by the labels on the command line, or by its captions when it has few.
 * Without: own_picture for PICTURE LABEL LABEL ... on the command line. The model is one of own pairs. */
void own_labels(Lesson *lesson, const LessonPairs *pairs, const char *weights, int seed);

#endif
