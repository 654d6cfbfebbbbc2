/* pretrained: opens published weights of CLIP in safetensors files.
 *
 * Names  of OpenAI and open_clip (visual.transformer.resblocks.0.attn.in_proj_weight), or of Hugging Face
 *        (vision_model.encoder.layers.0.self_attn.q_proj.weight); F64, F32, F16 or BF16,
 *        also mixed; F64 is rounded to num. The prefixes "module." and "clip." are ignored.
 * Sizes  come from the shapes of the tensors. Image towers: vision transformers and the modified ResNet.
 * Heads  are in no tensor. In this order decide, for each tower: the caller; the metadata (vision_heads, text_heads);
 *        the publisher's configuration beside the file (published.h); the table of published widths (published.h);
 *        width / 64 (OpenAI's model.py, build_model). A width that 64 does not divide is refused.
 * GELU   OpenAI trained with x sigmoid(1.702 x), LAION with the exact one, and no tensor tells which. In this order
 *        decide: the caller; the metadata (quick_gelu: True or False); the publisher's configuration; the names:
 *        Hugging Face's mean OpenAI's weights, open_clip's mean LAION's, unless there are tensors that only OpenAI's
 *        own files have.
 * Colours  have a mean and a deviation that no tensor tells. In this order decide: the publisher's configuration;
 *        preprocessor_config.json; OpenAI's numbers (published.h).
 * Notes  clip->notes says which heads, GELU and colours were used, where each is known from, and which file beside the
 *        weights was not used, and why.
 * Memory the file is mapped and stays open until clip_free. Matrices are read in place (kernels/weight_view.h); vectors
 *        and positional embeddings are copied.
 */
#ifndef PRETRAINED_H
#define PRETRAINED_H

#include "model/clip.h"

typedef enum { GELU_AUTO, GELU_QUICK, GELU_EXACT } GeluChoice;

/* What the caller knows about the model; 0: find out. */
typedef struct {
    GeluChoice gelu;
    int heads, text_heads; /* of the image tower and of the text tower */
} PretrainedChoice;

/* pretrained_open: the model in the file, for clip_image and clip_text on tapes with no_grad; texts are rows of ids of
 * CLIP's own tokeniser (text.padding -1).
 * Fails  when nobody tells the heads of a tower; when a tensor is missing, surplus, there twice (with and without a
 *        prefix), or of another shape or dtype: the message names file and tensor; and as published_config. Ignored,
 *        whatever their dtype, are optim.*, num_batches_tracked, position_ids, attn_mask, and three numbers that
 *        OpenAI's files repeat (input_resolution, context_length, vocab_size)
 * Owner  the caller: clip_free */
bool pretrained_open(Clip *clip, const char *path, PretrainedChoice choice, Err *err);

enum { HUGGING_FACE_NAME = 300 };
/* Writes Hugging Face's name of the parameter `ours`; %c in it stands for q, k and v. For export.c. */
void hugging_face_name(const char *ours, char theirs[HUGGING_FACE_NAME]);

#endif
