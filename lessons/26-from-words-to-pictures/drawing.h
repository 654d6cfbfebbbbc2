/* drawing: pictures for captions, with the verdict of the reader, as tiles; the steps of one of them as a filmstrip. */
#ifndef DRAWING_H
#define DRAWING_H

#include "generation/picture_model.h"
#include "generation/scene_reader.h"
#include "lesson/lesson.h"

enum { DRAWING_CAPTIONS = 16, DRAWING_EACH = 16, DRAWING_FRAMES = 8 };

typedef struct {
    const char *const *texts;
    Caption caption[DRAWING_CAPTIONS]; /* parsed */
    int count, each;                   /* captions, pictures of each */
    PictureSampling how;
} DrawingRequest;

/* Reads the captions: false with one line that names the word or the part that is not understood, and an example. */
bool drawing_parse(DrawingRequest *request, Err *err);

/* Draws; prints how many are true of each caption; 26-samples.png and 26-steps.png. */
void drawing_show(const Lesson *lesson, PictureModel *model, const SceneReader *reader, const DrawingRequest *request);

#endif
