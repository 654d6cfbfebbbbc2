/* picture_file: the weights of the picture model in a file. Contracts: picture_model.h. */
#include "generation/picture_model.h"
#include "model/clip_file.h"

#include <string.h>

/* "recipe 1" stands for the constants of picture_train.c and picture_model.c: change it with them. */
char *picture_model_text(Arena *arena, const PictureModelConfig *s) {
    return arena_print(arena,
                       "recipe 1, U-Net %d/%d, embedding %d, %d heads, groups %d, %.0f %% of pairs, seed %d, %d steps "
                       "of %d pictures",
                       s->size.fine, s->size.coarse, s->size.embed, s->size.heads, s->size.groups, 100 * s->coverage,
                       s->seed, s->steps, s->batch);
}

char *picture_model_path(Arena *arena, const PictureModelConfig *s) {
    return arena_print(arena, "%s/picture-unet-seed%d-%d.safetensors", models_folder(), s->seed, s->steps);
}
char *picture_model_checkpoint(Arena *arena, const PictureModelConfig *s) {
    return arena_print(arena, "%s.part", picture_model_path(arena, s));
}
char *picture_model_shipped(Arena *arena) {
    return arena_print(arena, "%sdata/pretrained/picture-unet.safetensors", shipped_prefix());
}

bool picture_model_save(const PictureModel *model, const char *path, const MetaPair *notes, Err *err) {
    Arena arena = { 0 };
    SafetensorsOut out = safetensors_begin(&arena);
    const Params *params = &model->net.params;
    for (int i = 0; i < params->count; i++)
        safetensors_add(&out, params->list[i]->name, DTYPE_F16, params->list[i]->val);
    safetensors_add_meta(&out, "picture-model", picture_model_text(&arena, &model->config));
    safetensors_add_meta(&out, "loss", arena_print(&arena, "%.6f", model->loss));
    for (; notes && notes->key; notes++) safetensors_add_meta(&out, notes->key, notes->value);
    bool ok = safetensors_write(&out, path, err);
    arena_free(&arena);
    return ok;
}

static bool load_from(PictureModel *model, const Safetensors *file, const char *path, Err *err) {
    const char *of = safetensors_meta(file, "picture-model"), *loss = safetensors_meta(file, "loss");
    const char *wanted = picture_model_text(&model->net.arena, &model->config);
    if (!of || strcmp(of, wanted))
        return err_set(err, "%s: the file holds another model (%s), want %s; remove it", path,
                       of ? of : "no description", wanted);
    if (!loss || !parse_real(loss, 0, 1e6, &model->loss))
        return err_set(err, "%s: metadata \"loss\" is not a number; remove the file", path);
    if (!params_restore(&model->net.params, file, path, "", err)) return false;
    for (int i = 0; i < model->net.params.count; i++) {
        const Param *p = model->net.params.list[i];
        if (!all_finite(p->val.v, mat_count(p->val)))
            return err_set(err, "%s: tensor %s is not finite; remove the file", path, p->name);
    }
    return true;
}
bool picture_model_load(PictureModel *model, const char *path, Err *err) {
    Arena arena = { 0 };
    Safetensors file;
    bool opened = safetensors_open(&file, &arena, path, err), ok = opened && load_from(model, &file, path, err);
    if (ok) safetensors_warn(&file, path);
    if (opened) safetensors_close(&file);
    arena_free(&arena);
    return ok;
}
