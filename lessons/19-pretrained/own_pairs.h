/* own_pairs: retrieval in a table of the student's own pictures and captions, by a published model. */
#ifndef OWN_PAIRS_H
#define OWN_PAIRS_H

#include "lesson/lesson.h"
#include "pairs/pairs_table.h"
#include "pretrained/encoder.h"

/* Prints recall@1, 5, 10 in both directions, over the table's pictures for test, or all where it names none, at most
 * `most` of them. Rows that cannot be used are listed. Ends the program with one line when the table cannot be read, or
 * no picture is left. */
void own_pairs(const Lesson *lesson, Encoder *encoder, const char *table, PairsFormat format, int most);

#endif
