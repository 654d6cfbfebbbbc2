/* clip_file: a model in a weights file (safetensors.h). Tensors have the names of the parameters; the metadata holds
 * the configuration ("image", "image.widths", "text", "embed", "tokens", ...) and the vocabulary ("words").
 */
#ifndef CLIP_FILE_H
#define CLIP_FILE_H

#include "model/clip.h"

/* Adds configuration, words and all parameters to `out`, as F32 or F16. */
void clip_save(const Clip *clip, SafetensorsOut *out, Dtype dtype);

/* Builds the model that the file describes, and reads its weights. False, with one line that names the file and the
 * tensor, for a file without our metadata, with a tensor missing, surplus (but for "optim."), or of another shape.
 * Takes memory only after the shapes of all tensors were compared. Free with clip_free. */
bool clip_load(Clip *clip, const char *path, Err *err);
/* Reads all parameters from tensors called PREFIXname; false, with one line, if one is missing or of another shape. */
bool params_restore(Params *params, const Safetensors *file, const char *path, const char *prefix, Err *err);

#endif
