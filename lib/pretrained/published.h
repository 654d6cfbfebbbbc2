/* published: what no tensor of a model tells, as its publisher says it: the number of attention heads, and which GELU.
 *
 * Table  the widths of OpenAI's and LAION's models (github.com/mlfoundations/open_clip, src/open_clip/model_configs):
 *
 *          image tower   ViT-B 768: 12   ViT-L 1024: 16   ViT-H 1280, g 1408, bigG 1664, e 1792: 16
 *          ResNet        RN50, RN101 64: 32   RN50x4 80: 40   RN50x16 96: 48   RN50x64 128: 64
 *          text tower    512: 8   640: 10   768: 12   1024: 16   1280: 20
 *
 * File   a JSON file beside the weights, of one of two kinds:
 *        open_clip      {"model_cfg": {"quick_gelu": true, "vision_cfg": {"width": 1280, "head_width": 80},
 *                       "text_cfg": {"width": 1024, "heads": 16}}}, or model_cfg's object alone. What is missing:
 *                       quick_gelu false, width 768 and 512, head_width 64, heads 8 (open_clip, model.py). The heads
 *                       of a ResNet (layers is an array) are 32 width / head_width, those of a ViT width / head_width.
 *        Hugging Face   {"vision_config": {"hidden_size": 1280, "num_attention_heads": 16, "hidden_act": "gelu"},
 *                       "text_config": {...}}. What is missing: widths 768 and 512, heads 12 and 8, hidden_act
 *                       "quick_gelu". vision_config_dict and text_config_dict, if there, replace the two
 *                       (github.com/huggingface/transformers, models/clip/configuration_clip.py).
 *
 * Check  layers, patch and picture size, context length, vocabulary and embedding size are compared with the tensors'
 *        where the file says them. A file that contradicts is not used, with a note that names the key and both
 *        numbers. Only where nothing differs but that the file says more layers, the weights are refused: they are cut.
 *
 * Colour means and deviations, three numbers each: "preprocess_cfg": {"mean": [..], "std": [..]} beside model_cfg, or
 *        "image_mean" and "image_std" of preprocessor_config.json, which comes second. What is missing: OpenAI's
 *        (clip.py, _transform).
 */
#ifndef PUBLISHED_H
#define PUBLISHED_H

#include "model/clip.h"

typedef enum { PUBLISHED_VIT, PUBLISHED_RESNET, PUBLISHED_TEXT } PublishedTower;

/* The heads of published towers of this width; 0: there is none. */
int published_heads(PublishedTower tower, int width);

typedef struct {
    int heads;
    bool quick_gelu;
} PublishedSize;

/* The mean and deviation of colours in OpenAI's training pictures (clip.py, _transform). */
extern const ColourScale openai_colours;

/* The model whose file is looked for. Known is what the caller or the metadata say: the file is not asked for it. */
typedef struct {
    const char *weights; /* the path */
    bool hugging_face;   /* names of tensors */
    const ClipConfig *sizes;
    bool heads_known, text_heads_known, gelu_known;
} PublishedQuery;

typedef struct {
    const char *path; /* of the file; NULL: there is none */
    PublishedSize image, text;
    ColourScale colours;
    const char *colours_path; /* the file that says them; NULL: they are OpenAI's */
    bool another;             /* a file there describes another model */
    const char *notes;        /* "; FILE describes another model (KEY ...): not used" and the like, or "" */
} PublishedConfig;

/* published_config: the file that describes the model: the first of NAME.json (for NAME.safetensors),
 * open_clip_config.json and config.json in its folder that has a vision and a text part and does not contradict the
 * sizes. With hugging_face, config.json comes before open_clip_config.json.
 * Fails  when such a file is damaged (unless heads and GELU are all known: then it is passed over, with a note), has a
 *        number of heads that does not divide the width, colours that are no numbers, or asks for something that this
 *        library does not compute (another activation, another pooling); when the weights have fewer layers
 * Owner  the arena */
bool published_config(PublishedConfig *c, Arena *arena, const PublishedQuery *query, Err *err);

#endif
