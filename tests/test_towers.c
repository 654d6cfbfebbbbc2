/* towers: what are they made of, how do they begin, and do they treat pictures and words as promised? */
#include "core/arena.h"
#include "core/rng.h"
#include "dataset/augment.h"
#include "model/clip.h"
#include "training/optim.h"
#include "check.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* ---- parts ------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name, *shape;
} Part;

static void parts_check(const Params *params, const Part *parts, size_t count) {
    CHECK((size_t)params->count == count, "%d parameters, want %zu", params->count, count);
    for (size_t i = 0; i < count; i++) {
        const Param *p = params_find(params, parts[i].name);
        CHECK(p, "there is no %s", parts[i].name);
        CHECK(!strcmp(mat_shape_text(p->val), parts[i].shape), "%s is %s, want %s", p->name, mat_shape_text(p->val),
              parts[i].shape);
        CHECK(p->frozen || !strstr(p->name, "running_"), "%s is learnt", p->name);
    }
}

static ImageTower tower_new(Params *params, Arena *arena, ImageTowerSize size, uint64_t seed) {
    ImageTower tower;
    Rng rng = rng_seed(seed, 0);
    *params = (Params){ .arena = arena };
    CHECK(image_tower_add(&tower, params, size, &rng), "no tower %s", size.kind);
    return tower;
}

static void embeds(ImageTower *tower, int B, int E) {
    Tape tape = { .no_grad = true };
    Rng rng = rng_seed(1, 1);
    Mat pixels = mat_like(&tape.arena, mat_shape(4, B, 32, 32, 3));
    for (size_t i = 0; i < mat_count(pixels); i++) pixels.v[i] = (num)rng_normal(&rng);
    Var y = image_tower(&tape, tower, tape_data(&tape, pixels));
    CHECK(y->val.dims == 2 && y->val.shape[0] == B && y->val.shape[1] == E, "%s", mat_shape_text(y->val));
    for (size_t i = 0; i < mat_count(y->val); i++) CHECK(isfinite(y->val.v[i]), "%zu", i);
    tape_free(&tape);
}

TEST(small_has_these_parts) {
    static const Part parts[] = { { "image.conv1.weight", "[16,3,3,3]" },  { "image.conv1.bias", "[16]" },
                                  { "image.conv2.weight", "[32,16,3,3]" }, { "image.conv2.bias", "[32]" },
                                  { "image.fc.weight", "[5,2048]" },       { "image.fc.bias", "[5]" } };
    Arena arena = { 0 };
    Params params;
    ImageTower tower = tower_new(&params, &arena, (ImageTowerSize){ .kind = "small", .embed = 5 }, 1);
    parts_check(&params, parts, COUNT(parts));
    CHECK(params_count(&params) == 448 + 4640 + 10245, "%zu numbers", params_count(&params));
    embeds(&tower, 2, 5);
    arena_free(&arena);
}

TEST(cnn_has_these_parts) {
    static const Part parts[] = {
        { "image.conv1.weight", "[24,3,2,2]" },
        { "image.conv1.bias", "[24]" },
        { "image.conv2.weight", "[8,24,3,3]" },
        { "image.conv3.weight", "[8,8,3,3]" },
        { "image.conv4.weight", "[16,8,3,3]" },
        { "image.conv5.weight", "[16,16,3,3]" },
        { "image.conv6.weight", "[12,16,3,3]" },
        { "image.conv7.weight", "[12,12,3,3]" },
        { "image.bn1.bias", "[8]" },
        { "image.bn1.running_mean", "[8]" },
        { "image.bn1.running_var", "[8]" },
        { "image.bn2.bias", "[8]" },
        { "image.bn2.running_mean", "[8]" },
        { "image.bn2.running_var", "[8]" },
        { "image.bn3.bias", "[16]" },
        { "image.bn3.running_mean", "[16]" },
        { "image.bn3.running_var", "[16]" },
        { "image.bn4.bias", "[16]" },
        { "image.bn4.running_mean", "[16]" },
        { "image.bn4.running_var", "[16]" },
        { "image.bn5.bias", "[12]" },
        { "image.bn5.running_mean", "[12]" },
        { "image.bn5.running_var", "[12]" },
        { "image.bn6.bias", "[12]" },
        { "image.bn6.running_mean", "[12]" },
        { "image.bn6.running_var", "[12]" },
        { "image.fc.weight", "[7,12]" },
        { "image.fc.bias", "[7]" },
    };
    Arena arena = { 0 };
    Params params;
    ImageTower tower =
        tower_new(&params, &arena, (ImageTowerSize){ .kind = "cnn", .widths = { 8, 16, 12 }, .embed = 7 }, 1);
    parts_check(&params, parts, COUNT(parts));
    CHECK(params_find(&params, "image.conv1.weight")->frozen, "%s", "the whitening filters are learnt");
    embeds(&tower, 2, 7);
    embeds(&tower, 1, 7);
    arena_free(&arena);
}

TEST(cnn_has_usual_widths) {
    Arena arena = { 0 };
    Params params;
    tower_new(&params, &arena, (ImageTowerSize){ .kind = "cnn", .embed = 10 }, 1);
    const Part last[] = { { "image.conv3.weight", "[64,64,3,3]" },
                          { "image.conv5.weight", "[256,256,3,3]" },
                          { "image.conv7.weight", "[256,256,3,3]" } };
    for (size_t i = 0; i < COUNT(last); i++)
        CHECK(!strcmp(mat_shape_text(params_find(&params, last[i].name)->val), last[i].shape), "%s", last[i].name);
    arena_free(&arena);
}

TEST(resnet9_has_these_parts) {
    static const int widths[] = { 3, 64, 128, 128, 128, 256, 512, 512, 512 };
    Arena arena = { 0 };
    Params params;
    ImageTower tower = tower_new(&params, &arena, (ImageTowerSize){ .kind = "resnet9", .embed = 10 }, 1);
    CHECK(params.count == 8 * 5 + 2, "%d", params.count);
    for (int i = 0; i < 8; i++) {
        const Part parts[] = {
            { arena_print(&arena, "image.conv%d.weight", i + 1),
              arena_print(&arena, "[%d,%d,3,3]", widths[i + 1], widths[i]) },
            { arena_print(&arena, "image.bn%d.weight", i + 1), arena_print(&arena, "[%d]", widths[i + 1]) },
            { arena_print(&arena, "image.bn%d.bias", i + 1), arena_print(&arena, "[%d]", widths[i + 1]) },
            { arena_print(&arena, "image.bn%d.running_mean", i + 1), arena_print(&arena, "[%d]", widths[i + 1]) },
            { arena_print(&arena, "image.bn%d.running_var", i + 1), arena_print(&arena, "[%d]", widths[i + 1]) },
        };
        for (size_t k = 0; k < COUNT(parts); k++) {
            const Param *p = params_find(&params, parts[k].name);
            CHECK(p && !strcmp(mat_shape_text(p->val), parts[k].shape), "%s, want %s", parts[k].name, parts[k].shape);
            CHECK(p->frozen == (k >= 3), "%s: frozen %d", p->name, p->frozen);
        }
    }
    CHECK(!strcmp(mat_shape_text(params_find(&params, "image.fc.weight")->val), "[10,512]"), "%s", "fc");
    embeds(&tower, 1, 10);
    arena_free(&arena);
}

/* Each convolution has its batch norm; the linear layer sees all 16 places of the last. */
TEST(scene_has_these_parts) {
    static const char *const shape[] = { "[5,3,4,4]", "[7,5,3,3]", "[6,7,3,3]", "[6,6,3,3]" }, *const norm[] = {
        "[5]", "[7]", "[6]", "[6]"
    };
    Part parts[4 * 5 + 2];
    Arena arena = { 0 };
    Params params;
    int n = 0;
    ImageTower tower =
        tower_new(&params, &arena, (ImageTowerSize){ .kind = "scene", .widths = { 5, 7, 6 }, .embed = 4 }, 1);
    for (int i = 0; i < 4; i++) {
        static const char *const names[] = { "weight", "bias", "running_mean", "running_var" };
        parts[n++] = (Part){ arena_print(&arena, "image.conv%d.weight", i + 1), shape[i] };
        for (int k = 0; k < 4; k++)
            parts[n++] = (Part){ arena_print(&arena, "image.bn%d.%s", i + 1, names[k]), norm[i] };
    }
    parts[n++] = (Part){ "image.fc.weight", "[4,96]" };
    parts[n++] = (Part){ "image.fc.bias", "[4]" };
    parts_check(&params, parts, (size_t)n);
    embeds(&tower, 2, 4);
    arena_free(&arena);
}

/* Whatever is learnt takes part: a random number of each output as loss, and a gradient that is not 0 everywhere. */
static void all_learn(const Params *params, Tape *tape, Var y, const char *kind) {
    Rng rng = rng_seed(6, 0);
    tape_backward_from(tape, y, mat_normal(&tape->arena, y->val.shape[0], y->val.shape[1], &rng, 1).v);
    for (int i = 0; i < params->count; i++) {
        const Param *p = params->list[i];
        bool any = false;
        for (size_t k = 0; p->has_grad && k < mat_count(p->val) && !any; k++) any = p->grad[k] != 0;
        CHECK(p->frozen || any, "%s: %s has no gradient", kind, p->name);
    }
}

TEST(every_part_is_used) {
    const ImageTowerSize sizes[] = {
        { .kind = "small", .embed = 5 },
        { .kind = "cnn", .widths = { 4, 6, 5 }, .embed = 5 },
        { .kind = "scene", .widths = { 4, 6, 5 }, .embed = 5 },
        { .kind = "resnet", .widths = { 4, 6 }, .embed = 5 },
        { .kind = "resnet9", .embed = 5 },
        { .kind = "vit", .width = 8, .layers = 2, .heads = 2, .embed = 5 },
    };
    static const char *const texts[] = { "bow", "lstm", "transformer" };
    for (size_t k = 0; k < COUNT(sizes); k++) {
        Arena arena = { 0 };
        Params params;
        Tape tape = { .training = true };
        Rng rng = rng_seed(2, 0);
        ImageTower tower = tower_new(&params, &arena, sizes[k], 3);
        Mat pixels = mat_like(&tape.arena, mat_shape(4, 3, 32, 32, 3));
        for (size_t i = 0; i < mat_count(pixels); i++) pixels.v[i] = (num)rng_normal(&rng);
        all_learn(&params, &tape, image_tower(&tape, &tower, tape_data(&tape, pixels)), sizes[k].kind);
        tape_free(&tape);
        arena_free(&arena);
    }
    for (size_t k = 0; k < COUNT(texts); k++) {
        Arena arena = { 0 };
        Params params = { .arena = &arena };
        Tape tape = { .training = true };
        Rng rng = rng_seed(2, 0);
        TextTower tower;
        const TextTowerSize size = {
            .kind = texts[k], .vocabulary = 7, .width = 8, .embed = 5, .tokens = 4, .heads = 2, .layers = 2
        };
        const int ids[8] = { 2, 3, 4, 0, 6, 5, 0, 0 };
        CHECK(text_tower_add(&tower, &params, size, &rng), "%s", texts[k]);
        all_learn(&params, &tape, text_tower(&tape, &tower, ids, 2, 4), texts[k]);
        tape_free(&tape);
        arena_free(&arena);
    }
}

/* Without gradients memory is used again on the way (tape_keep); the numbers are the same bits. */
TEST(without_gradients_the_same_numbers) {
    Arena arena = { 0 };
    Params params, words = { .arena = &arena };
    Rng rng = rng_seed(2, 0);
    ImageTower image = tower_new(&params, &arena,
                                 (ImageTowerSize){ .kind = "vit", .width = 8, .layers = 3, .heads = 2, .embed = 5 }, 3);
    TextTower text;
    const int ids[8] = { 2, 3, 4, 0, 6, 5, 0, 0 };
    CHECK(
        text_tower_add(
            &text, &words,
            (TextTowerSize){
                .kind = "transformer", .vocabulary = 7, .width = 8, .embed = 5, .tokens = 4, .heads = 2, .layers = 3 },
            &rng),
        "%s", "transformer");
    Mat pixels = mat_like(&arena, mat_shape(4, 3, 32, 32, 3));
    for (size_t i = 0; i < mat_count(pixels); i++) pixels.v[i] = (num)rng_normal(&rng);
    Tape with = { 0 }, without = { .no_grad = true };
    Mat a = image_tower(&with, &image, tape_data(&with, pixels))->val,
        b = image_tower(&without, &image, tape_data(&without, pixels))->val;
    Mat c = text_tower(&with, &text, ids, 2, 4)->val, d = text_tower(&without, &text, ids, 2, 4)->val;
    CHECK(!memcmp(a.v, b.v, mat_count(a) * sizeof(num)) && !memcmp(c.v, d.v, mat_count(c) * sizeof(num)), "%s",
          "other numbers");
    tape_free(&with);
    tape_free(&without);
    arena_free(&arena);
}

TEST(bow_has_these_parts) {
    static const Part parts[] = { { "text.embedding.weight", "[11,6]" },
                                  { "text.fc.weight", "[4,6]" },
                                  { "text.fc.bias", "[4]" } };
    Arena arena = { 0 };
    Params params = { .arena = &arena };
    Rng rng = rng_seed(1, 0);
    TextTower tower;
    CHECK(text_tower_add(&tower, &params, (TextTowerSize){ .kind = "bow", .vocabulary = 11, .width = 6, .embed = 4 },
                         &rng),
          "%s", "bow");
    parts_check(&params, parts, COUNT(parts));
    arena_free(&arena);
}

TEST(unknown_towers_are_refused) {
    Arena arena = { 0 };
    Params params = { .arena = &arena };
    Rng rng = rng_seed(1, 0);
    ImageTower image;
    TextTower text;
    CHECK(!image_tower_add(&image, &params, (ImageTowerSize){ .kind = "vgg", .embed = 4 }, &rng), "%s", "vgg");
    CHECK(!image_tower_add(&image, &params, (ImageTowerSize){ .kind = "", .embed = 4 }, &rng), "%s", "none");
    CHECK(!text_tower_add(&text, &params, (TextTowerSize){ .kind = "gpt", .vocabulary = 3, .width = 2, .embed = 4 },
                          &rng),
          "%s", "gpt");
    CHECK(params.count == 0, "%d parameters were made", params.count);
    arena_free(&arena);
}

/* The lowest and the highest value of each size are good, and those beside them are not. */
TEST(each_size_has_its_limits) {
#define IMAGE(kind, field, low, high) kind, #field, offsetof(ImageTowerSize, field), low, high
    static const struct {
        const char *kind, *name;
        size_t at;
        int low, high; /* low 0: stands for what is usual, or for none */
    } limits[] = { { IMAGE("vit", side, 16, 4096) },
                   { IMAGE("vit", patch, 0, 32) },
                   { IMAGE("vit", width, 0, 16384) },
                   { IMAGE("vit", layers, 0, 256) },
                   { IMAGE("vit", mlp, 0, 65536) },
                   { IMAGE("modified-resnet", stages[0], 0, 256) },
                   { IMAGE("modified-resnet", stages[1], 1, 256) },
                   { IMAGE("modified-resnet", stages[3], 1, 256) },
                   { IMAGE("cnn", side, 32, 32) },
                   { IMAGE("resnet", side, 64, 64) },
                   { IMAGE("scene", side, 32, 32) } };
#undef IMAGE
    for (size_t i = 0; i < COUNT(limits); i++) {
        const int values[] = { limits[i].low, limits[i].high, limits[i].low - 1, limits[i].high + 1 };
        for (int k = 0; k < 4; k++) {
            Err err = { "" };
            bool vit = !strcmp(limits[i].kind, "vit");
            ImageTowerSize s = { .kind = limits[i].kind, .embed = 4, .patch = vit ? 16 : 0, .heads = 1 };
            s.stages[0] = s.stages[1] = s.stages[2] = s.stages[3] = 1;
            memcpy((char *)&s + limits[i].at, &values[k], sizeof values[k]);
            bool ok = image_tower_check(s, &err);
            CHECK(ok == (k < 2), "%s: %s = %d: %d %s", limits[i].kind, limits[i].name, values[k], ok, err.text);
            CHECK(ok || !strncmp(err.text, "invalid ", 8), "%s", err.text);
        }
    }
    static const struct {
        ImageTowerSize size;
        bool ok;
    } sizes[] = { { { .kind = "vit", .width = 96, .heads = 3 }, true },
                  { { .kind = "vit", .width = 96, .heads = 5 }, false },
                  { { .kind = "vit", .width = 96, .heads = -3 }, false },
                  { { .kind = "vit", .side = 512, .patch = 256 }, true },
                  { { .kind = "vit", .side = 512, .patch = 257 }, false },
                  { { .kind = "modified-resnet", .side = 1024, .width = 256 }, true },
                  { { .kind = "modified-resnet", .side = 1056 }, false },
                  { { .kind = "modified-resnet", .side = 100 }, false },
                  { { .kind = "modified-resnet", .side = -32 }, false },
                  { { .kind = "modified-resnet", .width = 258 }, false },
                  { { .kind = "modified-resnet", .width = 33 }, false },
                  { { .kind = "modified-resnet", .width = -2, .heads = 1 }, false },
                  { { .kind = "modified-resnet", .heads = 7 }, false },
                  { { .kind = "modified-resnet", .heads = -1 }, false },
                  { { .kind = "scene", .side = 64 }, false } };
    for (size_t i = 0; i < COUNT(sizes); i++) {
        Err err = { "" };
        CHECK(image_tower_check(sizes[i].size, &err) == sizes[i].ok, "size %zu: %s", i, err.text);
        CHECK(sizes[i].ok || strstr(err.text, sizes[i].size.kind), "%s", err.text);
    }
}

TEST(sizes_of_text_towers) {
#define OF(field) #field, offsetof(TextTowerSize, field)
    static const struct {
        const char *name;
        size_t at;
        int low, high; /* low 0: stands for what is usual, or for none */
    } limits[] = { { OF(layers), 0, 256 },
                   { OF(tokens), 0, 4096 },
                   { OF(heads), 0, 12 },
                   { OF(mlp), 0, 65536 },
                   { OF(hidden), 0, 65536 } };
#undef OF
    for (size_t i = 0; i < COUNT(limits); i++) {
        const int values[] = { limits[i].low, limits[i].high, limits[i].low - 1, limits[i].high + 1 };
        for (int k = 0; k < 4; k++) {
            Err err = { "" };
            TextTowerSize s = { .kind = "transformer", .vocabulary = 9, .width = 12, .embed = 4, .heads = 1 };
            memcpy((char *)&s + limits[i].at, &values[k], sizeof values[k]);
            bool ok = text_tower_check(s, &err);
            CHECK(ok == (k < 2), "%s = %d: %d %s", limits[i].name, values[k], ok, err.text);
        }
    }
    TextTowerSize s = { .kind = "transformer", .vocabulary = 9, .width = 12, .embed = 4, .tokens = 5, .padding = 8 };
    CHECK(text_tower_check(s, NULL), "%s", "the last word pads");
    s.padding = 9;
    CHECK(!text_tower_check(s, NULL), "%s", "no word pads");
}

static void pictures_of(Mat shape) {
    Arena arena = { 0 };
    Params params;
    ImageTower tower = tower_new(&params, &arena, (ImageTowerSize){ .kind = "small", .embed = 5 }, 1);
    Tape tape = { .no_grad = true };
    image_tower(&tape, &tower, tape_data(&tape, mat_like(&tape.arena, shape)));
}

TEST(pictures_of_another_shape_stop) {
    CHECK_STOPS(pictures_of(mat_shape(4, 1, 32, 32, 1)), EXIT_CONTRACT, "pixels are [1,32,32,1], want [B,H,W,3]");
    CHECK_STOPS(pictures_of(mat_shape(2, 1, 3072)), EXIT_CONTRACT, "pixels are [1,3072]");
    CHECK_STOPS(pictures_of(mat_shape(4, 1, 16, 16, 3)), EXIT_CONTRACT, "[1,512]");
}

static void same_name(void) {
    Arena arena = { 0 };
    Params params = { .arena = &arena };
    params_add(&params, mat_shape(1, 1), "a.%d", 1);
    params_add(&params, mat_shape(1, 2), "a.%d", 1);
}

TEST(a_name_is_taken_once) { CHECK_STOPS(same_name(), EXIT_CONTRACT, "the name a.1 is taken"); }

/* ---- first values ------------------------------------------------------------------------------------------------ */

static void uniform_check(const Param *p, int fan_in) {
    double bound = 1 / sqrt(fan_in), sum = 0, square = 0, largest = 0, n = (double)mat_count(p->val);
    for (size_t i = 0; i < mat_count(p->val); i++) {
        double x = (double)p->val.v[i];
        sum += x;
        square += x * x;
        largest = fmax(largest, fabs(x));
    }
    double deviation = bound / sqrt(3); /* of a uniform number in +-bound */
    CHECK(largest <= bound * (1 + 1e-6), "%s: %g is beyond %g", p->name, largest, bound);
    CHECK(n < 100 || largest > 0.95 * bound, "%s: the largest is %g of %g", p->name, largest, bound);
    CHECK(fabs(sum / n) < 5 * deviation / sqrt(n), "%s: mean %g", p->name, sum / n);
    CHECK(n < 100 || fabs(sqrt(square / n) / deviation - 1) < 5 / sqrt(n), "%s: deviation %g, want %g", p->name,
          sqrt(square / n), deviation);
}

TEST(linear_and_convolutions_begin_uniform) {
    Arena arena = { 0 };
    Params params;
    tower_new(&params, &arena, (ImageTowerSize){ .kind = "small", .embed = 64 }, 7);
    uniform_check(params_find(&params, "image.conv1.weight"), 27);
    uniform_check(params_find(&params, "image.conv1.bias"), 27);
    uniform_check(params_find(&params, "image.conv2.weight"), 144);
    uniform_check(params_find(&params, "image.conv2.bias"), 144);
    uniform_check(params_find(&params, "image.fc.weight"), 2048);
    uniform_check(params_find(&params, "image.fc.bias"), 2048);
    tower_new(&params, &arena, (ImageTowerSize){ .kind = "resnet9", .embed = 10 }, 7);
    uniform_check(params_find(&params, "image.conv8.weight"), 512 * 9);
    const char *const names[] = { "image.bn8.weight", "image.bn8.bias", "image.bn8.running_mean",
                                  "image.bn8.running_var" };
    for (int k = 0; k < 4; k++)
        for (int i = 0; i < 512; i++)
            CHECK(params_find(&params, names[k])->val.v[i] == (k == 0 || k == 3), "%s: %d", names[k], i);
    arena_free(&arena);
}

TEST(words_begin_normal) {
    Arena arena = { 0 };
    Params params = { .arena = &arena };
    Rng rng = rng_seed(1, 0);
    Param *words = embedding_add(&params, "e", 200, 50, &rng);
    Param *narrow = params_add(&params, mat_shape(1, 10000), "narrow");
    init_normal(narrow, 0.02, &rng);
    for (int k = 0; k < 2; k++) {
        const num *v = k ? narrow->val.v : words->val.v;
        double sum = 0, square = 0, deviation = k ? 0.02 : 1;
        for (int i = 0; i < 10000; i++) {
            sum += (double)v[i];
            square += (double)v[i] * (double)v[i];
        }
        CHECK(fabs(sum / 1e4) < 0.05 * deviation && fabs(sqrt(square / 1e4) / deviation - 1) < 0.04, "%g %g", sum / 1e4,
              sqrt(square / 1e4));
    }
    arena_free(&arena);
}

/* The first outputs hand on their input: an image goes through unchanged. The others are like any convolution's. */
TEST(dirac) {
    Arena arena = { 0 };
    Params params = { .arena = &arena };
    Rng rng = rng_seed(4, 0);
    Conv wide = conv_add(&params, "wide", (ConvSize){ .in = 3, .out = 5, .kernel = 3, .stride = 1, .pad = 1 }, &rng);
    Conv narrow =
        conv_add(&params, "narrow", (ConvSize){ .in = 3, .out = 2, .kernel = 5, .stride = 1, .pad = 2 }, &rng);
    Mat before = mat_like(&arena, wide.weight->val), x = mat_normal(&arena, 2 * 4 * 6, 3, &rng, 1);
    memcpy(before.v, wide.weight->val.v, mat_count(before) * sizeof(num));
    init_dirac(wide.weight);
    init_dirac(narrow.weight);
    Tape tape = { .no_grad = true };
    Var pictures = op_reshape(&tape, tape_data(&tape, x), mat_shape(4, 2, 4, 6, 3));
    Mat a = conv(&tape, &wide, pictures)->val, b = conv(&tape, &narrow, pictures)->val;
    for (int place = 0; place < 48; place++)
        for (int c = 0; c < 3; c++) {
            CHECK(a.v[place * 5 + c] == x.v[place * 3 + c], "place %d, channel %d", place, c);
            CHECK(c == 2 || b.v[place * 2 + c] == x.v[place * 3 + c], "place %d, channel %d", place, c);
        }
    CHECK(!memcmp(before.v + 81, wide.weight->val.v + 81, 54 * sizeof(num)), "%s", "the remaining outputs changed");
    Param *even = params_add(&params, mat_shape(4, 2, 2, 2, 2), "even");
    CHECK_STOPS(init_dirac(even), EXIT_CONTRACT, "even is [2,2,2,2], want [O,C,K,K] with an odd K");
    tape_free(&tape);
    arena_free(&arena);
}

TEST(a_seed_makes_the_model) {
    Arena arena = { 0 };
    Params a, b, c;
    ImageTowerSize size = { .kind = "small", .embed = 5 };
    tower_new(&a, &arena, size, 1);
    tower_new(&b, &arena, size, 1);
    tower_new(&c, &arena, size, 2);
    for (int i = 0; i < a.count; i++) {
        size_t bytes = mat_count(a.list[i]->val) * sizeof(num);
        CHECK(!memcmp(a.list[i]->val.v, b.list[i]->val.v, bytes), "%s differs with the same seed", a.list[i]->name);
        CHECK(memcmp(a.list[i]->val.v, c.list[i]->val.v, bytes), "%s is the same with another seed", a.list[i]->name);
    }
    arena_free(&arena);
}

/* ---- texts ------------------------------------------------------------------------------------------------------- */

enum { V = 12, D = 9, E = 6 };

static TextTower words_new(Params *params, Arena *arena) {
    TextTower tower;
    Rng rng = rng_seed(3, 0);
    *params = (Params){ .arena = arena };
    CHECK(text_tower_add(&tower, params,
                         (TextTowerSize){ .kind = "bow", .vocabulary = V, .width = D, .embed = E, .padding = 0 }, &rng),
          "%s", "bow");
    return tower;
}

static void encode(TextTower *tower, const int *ids, int B, int T, num *out) {
    Tape tape = { .no_grad = true };
    Mat y = text_tower(&tape, tower, ids, B, T)->val;
    CHECK(y.dims == 2 && y.shape[0] == B && y.shape[1] == E, "%s", mat_shape_text(y));
    memcpy(out, y.v, (size_t)(B * E) * sizeof *out);
    tape_free(&tape);
}

/* The same bits in any order. */
TEST(bag_of_words_is_deaf_to_order) {
    Arena arena = { 0 };
    Params params;
    TextTower tower = words_new(&params, &arena);
    Rng rng = rng_seed(6, 0);
    int ids[5] = { 2, 11, 5, 7, 5 }, order[5] = { 0, 1, 2, 3, 4 }, other[5];
    num want[E], got[E];
    encode(&tower, ids, 1, 5, want);
    for (int trial = 0; trial < 40; trial++) {
        rng_shuffle(&rng, order, 5);
        for (int t = 0; t < 5; t++) other[t] = ids[order[t]];
        encode(&tower, other, 1, 5, got);
        CHECK(!memcmp(got, want, sizeof got), "trial %d: another order gave other bits", trial);
    }
    ids[0] = 3;
    encode(&tower, ids, 1, 5, got);
    CHECK(fabs((double)got[0] - (double)want[0]) > 1e-4, "%s", "another word, the same vector");
    arena_free(&arena);
}

TEST(bag_of_words_by_hand) {
    Arena arena = { 0 };
    Params params;
    TextTower tower = words_new(&params, &arena);
    const Param *table = tower.embedding, *w = tower.fc.weight, *b = tower.fc.bias;
    const int ids[] = { 4, 9, 4, 0, 0, 0 };
    num got[E];
    encode(&tower, ids, 1, 6, got);
    for (int e = 0; e < E; e++) {
        double want = (double)b->val.v[e];
        for (int d = 0; d < D; d++)
            want += (double)AT(w->val, e, d) * (2 * (double)AT(table->val, 4, d) + (double)AT(table->val, 9, d)) / 3;
        CHECK_NEAR((double)got[e], want, 1e-5);
    }
    arena_free(&arena);
}

TEST(padding_is_no_word) {
    Arena arena = { 0 };
    Params params;
    TextTower tower = words_new(&params, &arena);
    const int bare[] = { 2, 5, 7 }, padded[] = { 2, 5, 7, 0, 0, 0, 0, 0 }, inside[] = { 0, 2, 0, 5, 7 },
              nothing[] = { 0, 0 };
    num want[E], got[E];
    encode(&tower, bare, 1, 3, want);
    encode(&tower, padded, 1, 8, got);
    CHECK(!memcmp(got, want, sizeof got), "%s", "padding behind the words changed the text");
    encode(&tower, inside, 1, 5, got);
    CHECK(!memcmp(got, want, sizeof got), "%s", "padding between the words changed the text");
    encode(&tower, nothing, 1, 2, got); /* no words: the mean is 0, what remains is the bias */
    for (int e = 0; e < E; e++) CHECK(got[e] == tower.fc.bias->val.v[e], "%d: %g", e, (double)got[e]);
    tower.size.padding = -1; /* all count */
    encode(&tower, padded, 1, 8, got);
    CHECK(memcmp(got, want, sizeof got), "%s", "padding was not counted");
    arena_free(&arena);
}

/* ---- batch norm -------------------------------------------------------------------------------------------------- */

TEST(batchnorm_statistics) {
    enum { ROWS = 3 * 5 * 4, CH = 6 };
    Arena arena = { 0 };
    Params params = { .arena = &arena };
    Rng rng = rng_seed(9, 0);
    BatchNorm layer = batchnorm_add(&params, "bn", CH, true, 0.3);
    double mean[CH], var[CH], running_mean[CH] = { 0 }, running_var[CH];
    for (int c = 0; c < CH; c++) running_var[c] = 1;
    init_normal(layer.weight, 1, &rng);
    init_normal(layer.bias, 1, &rng);
    Mat x = mat_new(&arena, ROWS, CH);
    Tape tape = { .training = true };
    for (int step = 0; step < 4; step++) { /* three batches are learnt from, the fourth is looked at */
        tape.training = step < 3;
        for (int i = 0; i < ROWS * CH; i++) x.v[i] = (num)(3 * (i % CH) + (1 + step) * rng_normal(&rng));
        Var pictures = op_reshape(&tape, tape_data(&tape, x), mat_shape(4, 3, 5, 4, CH));
        Mat y = batchnorm(&tape, &layer, pictures, ACT_NONE)->val;
        for (int c = 0; c < CH; c++) {
            mean[c] = var[c] = 0;
            for (int r = 0; r < ROWS; r++) mean[c] += (double)AT(x, r, c) / ROWS;
            for (int r = 0; r < ROWS; r++)
                var[c] += ((double)AT(x, r, c) - mean[c]) * ((double)AT(x, r, c) - mean[c]) / ROWS;
            if (step < 3) {
                running_mean[c] = 0.7 * running_mean[c] + 0.3 * mean[c];
                running_var[c] = 0.7 * running_var[c] + 0.3 * var[c] * ROWS / (ROWS - 1.0);
            } else {
                mean[c] = running_mean[c];
                var[c] = running_var[c];
            }
            CHECK_NEAR((double)layer.stats.running_mean[c], running_mean[c], 1e-5);
            CHECK_NEAR((double)layer.stats.running_var[c], running_var[c], 1e-5);
            for (int r = 0; r < ROWS; r++) {
                double z = ((double)AT(x, r, c) - mean[c]) / sqrt(var[c] + 1e-5);
                CHECK_NEAR((double)y.v[r * CH + c], (double)layer.weight->val.v[c] * z + (double)layer.bias->val.v[c],
                           2e-5);
            }
        }
        tape_reset(&tape);
    }
    tape_free(&tape);
    arena_free(&arena);
}

/* The statistics are the file's: what a layer keeps is what params_find finds. */
/* With keep_grads the gradient of the result stays; else its memory is reused. All other gradients are the same. */
TEST(batchnorm_keeps_gradients_where_they_are_wanted) {
    enum { ROWS = 20, CH = 3 };
    Arena arena = { 0 };
    num slope[2][2 * CH], dx[2][ROWS * CH];
    Rng rng = rng_seed(9, 0);
    Mat x = mat_normal(&arena, ROWS, CH, &rng, 2), dy = mat_normal(&arena, ROWS, CH, &rng, 1);
    for (int keep = 0; keep < 2; keep++) {
        Params params = { .arena = arena_alloc(&arena, 1, sizeof(Arena)) };
        *params.arena = (Arena){ 0 };
        BatchNorm layer = batchnorm_add(&params, "bn", CH, true, 0.3);
        Tape tape = { .training = true, .keep_grads = keep };
        Var in = tape_leaf(&tape, x),
            y = batchnorm(&tape, &layer, op_reshape(&tape, in, mat_shape(4, ROWS, 1, 1, CH)), ACT_RELU);
        tape_backward_from(&tape, y, dy.v);
        if (keep) CHECK(!memcmp(y->grad, dy.v, sizeof dx[0]), "%s", "the gradient of the result has changed");
        memcpy(dx[keep], in->grad, sizeof dx[0]);
        memcpy(slope[keep], layer.weight->grad, CH * sizeof(num));
        memcpy(slope[keep] + CH, layer.bias->grad, CH * sizeof(num));
        tape_free(&tape);
        arena_free(params.arena);
    }
    CHECK(!memcmp(dx[0], dx[1], sizeof dx[0]) && !memcmp(slope[0], slope[1], sizeof slope[0]), "%s",
          "other gradients when they are kept");
    arena_free(&arena);
}

TEST(batchnorm_buffers_are_parameters) {
    Arena arena = { 0 };
    Params params = { .arena = &arena };
    BatchNorm layer = batchnorm_add(&params, "bn", 4, false, 0.3);
    CHECK(!layer.weight && params.count == 3 && params_count(&params) == 4, "%d %zu", params.count,
          params_count(&params));
    CHECK(params_find(&params, "bn.running_mean")->val.v == layer.stats.running_mean, "%s", "mean");
    CHECK(params_find(&params, "bn.running_var")->val.v == layer.stats.running_var, "%s", "variance");
    arena_free(&arena);
}

/* ---- whitening --------------------------------------------------------------------------------------------------- */

/* What the first 12 filters make of the pictures they came from: uncorrelated, and value / (value + 5e-4) each. */
TEST(whitening) {
    enum { B = 60, N = 12 };
    Arena arena = { 0 };
    Params params;
    ImageTower tower =
        tower_new(&params, &arena, (ImageTowerSize){ .kind = "cnn", .widths = { 8, 8, 8 }, .embed = 4 }, 1);
    Cifar set;
    cifar_generate(&arena, CIFAR_TRAIN, B, &set);
    int index[B];
    for (int b = 0; b < B; b++) index[b] = b;
    Mat pixels = mat_like(&arena, mat_shape(4, B, 32, 32, 3));
    cifar_batch(&set, index, B, NULL, pixels.v);
    image_tower_whiten(&tower, pixels);
    Tape tape = { .no_grad = true };
    Mat y = conv(&tape, &tower.conv[0], tape_data(&tape, pixels))->val;
    CHECK(!strcmp(mat_shape_text(y), "[60,31,31,24]"), "%s", mat_shape_text(y));
    double product[N][N] = { { 0 } }, rows = (double)mat_count(y) / 24;
    for (size_t r = 0; r < (size_t)rows; r++)
        for (int i = 0; i < N; i++) {
            CHECK(y.v[r * 24 + (size_t)i] == -y.v[r * 24 + N + (size_t)i], "row %zu: filter %d and its negative differ",
                  r, i);
            for (int j = 0; j <= i; j++)
                product[i][j] += (double)y.v[r * 24 + (size_t)i] * (double)y.v[r * 24 + (size_t)j] / rows;
        }
    for (int i = 0; i < N; i++)
        for (int j = 0; j <= i; j++) {
            CHECK(i != j || (product[i][i] > 0.9 && product[i][i] < 1.0001), "filter %d: variance %g", i,
                  product[i][i]);
            CHECK(i == j || fabs(product[i][j]) < 1e-3, "filters %d and %d: covariance %g", i, j, product[i][j]);
        }
    tape_free(&tape);
    arena_free(&arena);
}

TEST(whitening_is_of_cnn_alone) {
    Arena arena = { 0 };
    Params params;
    ImageTower tower = tower_new(&params, &arena, (ImageTowerSize){ .kind = "small", .embed = 4 }, 1);
    num before = tower.conv[0].weight->val.v[0];
    Mat one = mat_like(&arena, mat_shape(4, 1, 1, 1, 3));
    image_tower_whiten(&tower, one);
    CHECK(tower.conv[0].weight->val.v[0] == before, "%s", "changed");
    tower = tower_new(&params, &arena, (ImageTowerSize){ .kind = "cnn", .widths = { 8, 8, 8 }, .embed = 4 }, 1);
    image_tower_whiten(&tower, one); /* a picture of one pixel has no patches: all the same to it, but no NaN */
    for (size_t i = 0; i < mat_count(tower.conv[0].weight->val); i++)
        CHECK(isfinite(tower.conv[0].weight->val.v[i]), "%zu", i);
    arena_free(&arena);
}

/* ---- both towers ------------------------------------------------------------------------------------------------- */

/* 32 pictures by heart: every caption its own, so that the loss can come down to 0. */
static void learns(ImageTowerSize image, int steps, double lr, double max) {
    enum { B = 32, T = 3 };
    Clip clip;
    Err err;
    Optim optim;
    Cifar set;
    Arena arena = { 0 };
    ClipConfig config = { .image = image,
                          .text = { .kind = "bow", .vocabulary = B + 2, .width = 16, .embed = image.embed },
                          .tokens = T };
    CHECK(clip_init(&clip, config, NULL, 3, &err), "%s", err.text);
    optim_init(&optim, &clip.params, &(OptimGroup){ .rule = OPTIM_ADAMW, .lr = lr }, 1);
    cifar_generate(&arena, CIFAR_TRAIN, 40, &set);
    int index[B], ids[B * T];
    for (int b = 0; b < B; b++) {
        index[b] = b;
        ids[b * T] = 1;
        ids[b * T + 1] = b + 2;
        ids[b * T + 2] = 0;
    }
    Mat pixels = mat_like(&arena, mat_shape(4, B, 32, 32, 3));
    cifar_batch(&set, index, B, NULL, pixels.v);
    image_tower_whiten(&clip.image, pixels);
    Tape tape = { .training = true };
    double first = 0, last = 0;
    for (int step = 0; step < steps; step++) {
        tape_reset(&tape);
        Var scale = tape_param(&tape, clip.logit_scale);
        Var loss = clip_loss(
            &tape, clip_logits(&tape, clip_image(&tape, &clip, pixels), clip_text(&tape, &clip, ids, B, T), scale),
            (Mat){ 0 });
        last = (double)loss->val.v[0];
        if (step == 0) first = last;
        tape_backward(&tape, loss);
        optim_step(&optim, 1);
        clip_clamp(&clip);
    }
    CHECK(first > 3, "%s begins at %g, want about log 32 = 3.47 or more", image.kind, first);
    CHECK(last < max, "%s: %d steps brought the loss from %g to %g, want below %g", image.kind, steps, first, last,
          max);
    tape_free(&tape);
    optim_free(&optim);
    clip_free(&clip);
    arena_free(&arena);
}

TEST(small_learns_32_pictures) { learns((ImageTowerSize){ .kind = "small", .embed = 16 }, 30, 1e-2, 0.2); }
TEST(cnn_learns_32_pictures) {
    learns((ImageTowerSize){ .kind = "cnn", .widths = { 4, 8, 8 }, .embed = 16 }, 20, 3e-2, 0.5);
}

TESTS(small_has_these_parts, cnn_has_these_parts, cnn_has_usual_widths, resnet9_has_these_parts, scene_has_these_parts,
      every_part_is_used, without_gradients_the_same_numbers, bow_has_these_parts, unknown_towers_are_refused,
      each_size_has_its_limits, sizes_of_text_towers, pictures_of_another_shape_stop, a_name_is_taken_once,
      linear_and_convolutions_begin_uniform, words_begin_normal, dirac, a_seed_makes_the_model,
      bag_of_words_is_deaf_to_order, bag_of_words_by_hand, padding_is_no_word, batchnorm_statistics,
      batchnorm_keeps_gradients_where_they_are_wanted, batchnorm_buffers_are_parameters, whitening,
      whitening_is_of_cnn_alone, small_learns_32_pictures, cnn_learns_32_pictures)
