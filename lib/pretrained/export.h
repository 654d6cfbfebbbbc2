/* export: a model of this toolkit as open_clip and Hugging Face's transformers read it. */
#ifndef EXPORT_H
#define EXPORT_H

#include "model/clip.h"

/* Writes into the folder, made if it is missing:
 *   open_clip_model.safetensors, open_clip_config.json              open_clip: create_model("local-dir:FOLDER")
 *   model.safetensors, config.json, preprocessor_config.json,       transformers: CLIPModel.from_pretrained("FOLDER")
 *   tokenizer_config.json, vocab.json, merges.txt
 * Tensors are F32. In model.safetensors they have Hugging Face's names; the query, key and value parts of in_proj are
 * three tensors, and the two projections are transposed.
 * With `letterbox` open_clip is told to keep the whole picture; Hugging Face's preprocessing always crops.
 * Fails  with one line, when the model has other towers or tokens than CLIP's (vit, transformer, byte pairs), or a file
 *        cannot be written; each file appears whole or not at all */
bool export_model(const Clip *clip, const char *folder, bool letterbox, Err *err);

#endif
