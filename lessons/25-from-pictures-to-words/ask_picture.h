/* ask_picture: captions of one picture, and answers to questions about it, from the command line. */
#ifndef ASK_PICTURE_H
#define ASK_PICTURE_H

#include "picture_answers.h"

/* Prints what the networks say about a picture: number `scene` of the generated scenes (digits), or, with "", the picture
 * in the file words[0], made small. Then each other word: a question is answered, a caption is judged. For a scene the
 * truth stands beside it. False with one line for a file that is no picture, and for a caption or question that the grammar
 * does not know: the line names the word and an example. */
bool ask_picture(const Answerers *who, Arena *arena, const char *scene, const char *const *words, int count, Err *err);

#endif
