/* encoder: any picture and any text as a unit vector, by a published CLIP (pretrained.h), with its preprocessing and
 * its tokeniser. Where no weights are, a tiny model of the same kind with random weights stands in: it shows every step
 * and every shape, and its numbers mean nothing.
 */
#ifndef ENCODER_H
#define ENCODER_H

#include "core/arena.h"
#include "dataset/bpe.h"
#include "formats/image.h"
#include "pretrained/pretrained.h"

typedef struct {
    Clip clip;
    Bpe bpe;
    bool tiny;        /* random weights stand in */
    const char *path; /* of the weights; "" for the tiny model */
} Encoder;

/* encoder_open: the model in the file `weights`, with the vocabulary beside it (merges.txt or OpenAI's
 * bpe_simple_vocab_16e6.txt.gz, there or in models_folder()); "auto": the first that is there of what `make pretrained`
 * fetches; if none is, or for "tiny", the stand-in. False, with one line, when the file is damaged or no vocabulary is
 * there. The arena owns the vocabulary; encoder_close gives back the rest. */
bool encoder_open(Encoder *encoder, Arena *arena, const char *weights, GeluChoice gelu, Err *err);
void encoder_close(Encoder *encoder);

/* What CLIP sees of a picture: image_clip_crop, then each colour (byte / 255 - mean) / deviation with the numbers of
 * clip.py, _transform. Shapes  -> pixels [side,side,3] */
void encoder_pixels(Image image, int side, num *pixels);

/* Unit vectors [n,E], on the arena. `done` (NULL: nobody) is told now and then how many are ready. A vector does not
 * depend on what else is in the list. Texts longer than the model reads are cut; *cut (or NULL) says how many. */
typedef void (*EncoderProgress)(void *context, int done);
Mat encoder_images(Encoder *encoder, Arena *arena, const Image *images, int n, EncoderProgress done, void *context);
Mat encoder_texts(Encoder *encoder, Arena *arena, const char *const *texts, int n, int *cut);

/* One vector per name: the mean over all templates filled with it, of unit length again (Radford et al. 2021,
 * section 3.1.4). Shape [names,E], on the arena. */
Mat encoder_classes(Encoder *encoder, Arena *arena, const char *const *templates, int template_count,
                    const char *const *names, int name_count);

/* Of both towers. */
typedef struct {
    double image_params, text_params, image_macs, text_macs;
} EncoderCost;

/* What a model of that configuration is made of, and what it does: how many numbers its towers have, and how many
 * multiplications with an addition they take for one picture and one text (all tokens of it; attention counts both
 * products in full; norms, activations and softmax do not count). */
EncoderCost encoder_cost(const Clip *clip);

#endif
