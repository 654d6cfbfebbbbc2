/* written_word: words in a font of 3 x 5 pixels, and scenes of one object with a word written in.
 *
 * A letter takes 3 x 5 pixels and a gap of one column. Letters are white on a black label that surrounds them by one
 * pixel, so n letters take 4 n + 1 by 7 pixels; "triangle" takes the whole width of 32. */
#ifndef WRITTEN_WORD_H
#define WRITTEN_WORD_H

#include "dataset/cifar.h"
#include "scenes/scene.h"

enum { WORD_LETTERS = 8, WORD_LINES = 2, WORD_HEIGHT = 7 }; /* of a line; lines of a label; pixels of a line */

/* Writes the word into the picture rgb [32,32,3]: a label of one line, or of two where a word is longer than
 * WORD_LETTERS or has a space. Its upper left corner is (x, y), moved so that the label lies inside of the picture.
 * Wants letters a to z, and at most two lines of WORD_LETTERS; stops otherwise. */
void word_write(uint8_t rgb[CIFAR_NUMBERS], const char *word, int x, int y);

/* What is written into a training picture. */
typedef enum {
    WORDS_NONE,  /* nothing */
    WORDS_NAMES, /* in every other picture, the name of the shape that is there */
    WORDS_ANY,   /* in every other picture, the name of any shape */
    WORDS_KINDS
} WordsKind;
const char *words_name(WordsKind kind); /* "no words", "its name", "any name" */

/* A scene of one object, and a shape whose name is written in (SHAPE_COUNT: none). */
typedef struct {
    Scene scene;
    Shape word;
    int x, y; /* of the label */
} WordScene;

/* Training scene i of a seed. */
WordScene word_scene(WordsKind kind, uint64_t seed, uint64_t i);
/* Its picture, as bytes [32,32,3]. The label is at the top or at the bottom, where it does not cover the object.
 * object false: the background and the label alone. */
void word_picture(const WordScene *scene, bool object, uint8_t rgb[CIFAR_NUMBERS]);
/* Bytes as the scene models see them, (byte / 255 - 0.48) / 0.25 (scene.h). */
void scene_normalise(const uint8_t rgb[CIFAR_NUMBERS], num pixels[CIFAR_NUMBERS]);

#endif
