/* own_search: retrieval with a model of own pairs: in the table it was trained on, in another one, or in a folder. */
#ifndef OWN_SEARCH_H
#define OWN_SEARCH_H

#include "lesson/lesson.h"
#include "lesson/lesson_pairs.h"

/* Each word of the command line is searched for. Without words: the recalls of the table's test pictures, and
 * the nearest captions of some. Ends the program with one line when something is missing. */
void own_search(Lesson *lesson, const LessonPairs *pairs, const char *weights, const char *folder, int seed);

#endif
