/* pretrained: the real CLIP, from the weights its authors, and others, have published as safetensors.
 *
 * Names  of OpenAI and open_clip (visual.transformer.resblocks.0.attn.in_proj_weight), and of Hugging Face
 *        (vision_model.encoder.layers.0.self_attn.q_proj.weight); F32, F16 or BF16, each tensor as it likes.
 * Sizes  are read off the tensors' shapes. Heads are width / 64 (OpenAI's model.py) unless the metadata says otherwise
 *        (vision_heads, text_heads). Image towers: vision transformers of any patch and width, and the modified ResNet.
 * GELU   OpenAI trained with x sigmoid(1.702 x), LAION with the exact one, and no tensor tells. What decides, in this order:
 *        who calls; the metadata (quick_gelu: True or False); the names: Hugging Face's are taken for OpenAI's, open_clip's
 *        for LAION's, unless tensors that only OpenAI's own files have are there. clip->notes says what was used, and why.
 * Memory the file is mapped and stays open until clip_free. Matrices are read where they lie (stored.h); vectors and
 *        positions, less than a hundredth, are copied as num.
 */
#ifndef PRETRAINED_H
#define PRETRAINED_H

#include "model/clip.h"

typedef enum { GELU_AUTO, GELU_QUICK, GELU_EXACT } GeluChoice;

/* Opens the model in the file: then clip_image and clip_text, the latter with rows of CLIP's own tokens (text.padding -1),
 * on tapes with no_grad. False, with one line that names the file and the tensor, when a tensor is missing, surplus, of
 * another shape or dtype; passed over are: optim.*, num_batches_tracked, position_ids, and three numbers OpenAI's files
 * repeat (input_resolution, context_length, vocab_size). */
bool pretrained_open(Clip *clip, const char *path, GeluChoice gelu, Err *err);

#endif
