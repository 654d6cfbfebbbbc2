#include "course.h"

#include <stdlib.h>
#include <string.h>

enum { GENERATED_TRAIN = 50000, GENERATED_TEST = 10000 };

static Cifar generated(Arena *arena, CifarPart part, int pictures) {
    int all = part == CIFAR_TRAIN ? GENERATED_TRAIN : GENERATED_TEST;
    Cifar set;
    cifar_generate(arena, part, pictures ? (pictures + CIFAR_CLASSES - 1) / CIFAR_CLASSES * CIFAR_CLASSES : all, &set);
    return set;
}

Cifar course_pictures(Arena *arena, const char *data, CifarPart part, int pictures) {
    Cifar set;
    Err err;
    if (!strcmp(data, "shapes")) {
        set = generated(arena, part, pictures);
    } else {
        if (!cifar_open(arena, part, &set, &err)) die("%s", err.text);
        if (set.generated && !strcmp(data, "cifar")) die("CIFAR-10 is not there; `make data` fetches it");
    }
    if (pictures > 0) set.n = MIN(set.n, pictures);
    return set;
}

const char *course_notice(const Cifar *pictures, const char *data) {
    if (!strcmp(data, "shapes")) return "Pictures: generated shapes, as asked for; results on CIFAR-10's photographs differ.";
    return cifar_notice(pictures);
}

const char *course_models(void) {
    const char *folder = getenv("CLIP_MODELS");
    return folder && *folder ? folder : "data/models";
}

char *course_model_path(Arena *arena, const char *recipe, const Cifar *pictures, int seed, const char *suffix) {
    return arena_print(arena, "%s/%s-%s-seed%d%s", course_models(), recipe, pictures->generated ? "shapes" : "cifar10", seed, suffix);
}
