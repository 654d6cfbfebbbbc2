/* encoder: pictures and texts as unit vectors, by a published CLIP (pretrained.h) with its preprocessing and tokeniser.
 * Without weights a tiny model with random weights is used: it shows every step and shape; its numbers mean nothing.
 */
#ifndef ENCODER_H
#define ENCODER_H

#include "dataset/bpe.h"
#include "formats/image.h"
#include "pretrained/pretrained.h"

typedef struct {
    Clip clip;
    Bpe bpe;
    bool tiny;        /* the model with random weights */
    const char *path; /* of the weights; "" for the tiny model */
} Encoder;

/* encoder_open: the model in the file `weights` and its vocabulary: merges.txt or bpe_simple_vocab_16e6.txt.gz in the
 * same folder or in models_folder(). "auto": the first file of `make pretrained` that exists, else the tiny model;
 * "tiny": the tiny model.
 * Fails  when the file is damaged or there is no vocabulary
 * Owner  the arena owns the vocabulary; encoder_close frees the rest */
bool encoder_open(Encoder *encoder, Arena *arena, const char *weights, PretrainedChoice choice, Err *err);
void encoder_close(Encoder *encoder);

/* The input of CLIP: image_clip_crop, then (byte / 255 - mean) / deviation for each colour (clip.colours: as the
 * publisher says, else OpenAI's). Shapes  pixels [side,side,3] */
void encoder_pixels(const ColourScale *colours, Image image, int side, num *pixels);

/* Unit vectors [n,E]; no vector depends on the others. `done`, if not NULL, is called with the number of finished
 * pictures. Texts that OpenAI would repair give a
 * warning (text_defect.h). Texts that are too long are cut; *cut, if not NULL, is their number. Owner: the arena. */
typedef void (*EncoderProgress)(void *context, int done);
Mat encoder_images(Encoder *encoder, Arena *arena, const Image *images, int n, EncoderProgress done, void *context);
Mat encoder_texts(Encoder *encoder, Arena *arena, const char *const *texts, int n, int *cut);

/* One unit vector for each name: the normalised mean over all templates filled with it (Radford et al. 2021, section
 * 3.1.4). Shape [names,E]. Owner: the arena. */
Mat encoder_classes(Encoder *encoder, Arena *arena, const char *const *templates, int template_count,
                    const char *const *names, int name_count);

/* Parameters of both towers, and multiply-adds for one picture and one text (all T tokens; attention counts both
 * products in full; norms, activations and softmax do not count). */
typedef struct {
    double image_params, text_params, image_macs, text_macs;
} EncoderCost;

/* Counted from the sizes and parameters of the model; nothing is computed with it. */
EncoderCost encoder_cost(const Clip *clip);

#endif
