/* image_index: a folder is encoded once, and again when a file changes. */
#include "19-pretrained/image_index.h"
#include "core/arena.h"
#include "core/file.h"
#include "formats/image_file.h"
#include "check.h"
#include "tensor_file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static Arena arena;
static const char *folder, *cache;

static const char *in_folder(const char *name) { return arena_print(&arena, "%s/%s", folder, name); }

static void begin(void) {
    Err err;
    cache = arena_print(&arena, "%s/cache.safetensors", check_folder());
    folder = arena_print(&arena, "%.*s/photos", (int)(strrchr(cache, '/') - cache), cache);
    CHECK(folder_make(folder, &err), "%s", err.text);
}

static void picture(const char *name, uint8_t shade) {
    Image image = image_new(&arena, 40, 30);
    Err err;
    for (int i = 0; i < 40 * 30 * 3; i++) image.rgb[i] = (uint8_t)(shade * (i % 7));
    CHECK(image_write(in_folder(name), image, &err), "%s", err.text);
}

static void write_text(const char *path, const char *text) {
    OutFile out;
    Err err;
    CHECK(out_open(&out, path, &err), "%s", err.text);
    out_write(&out, text, strlen(text));
    CHECK(out_commit(&out, &err), "%s", err.text);
}

static ImageIndex open_all(Encoder *encoder) {
    ImageIndex index;
    Err err;
    CHECK(image_index_open(&index, &arena, folder, cache, encoder, &err), "%s", err.text);
    return index;
}

static Encoder tiny(void) {
    Encoder encoder;
    Err err;
    CHECK(encoder_open(&encoder, &arena, "tiny", (PretrainedChoice){ 0 }, &err), "%s", err.text);
    return encoder;
}

static void check_counts(Encoder *encoder, int cached, int encoded, int skipped) {
    ImageIndex g = open_all(encoder);
    CHECK(g.cached == cached && g.encoded == encoded && g.skipped == skipped,
          "%d cached, %d encoded, %d skipped; %d, "
          "%d, %d were wanted",
          g.cached, g.encoded, g.skipped, cached, encoded, skipped);
    CHECK(g.n == cached + encoded && g.features.shape[0] == g.n, "%d", g.n);
}

TEST(image_index_remembers_and_notices) {
    begin();
    Encoder encoder = tiny();
    Err err;
    picture("b.png", 3);
    picture("a.ppm", 5);
    picture("c d.png", 7);
    picture(".hidden.png", 9);
    write_text(in_folder("notes.txt"), "no picture");
    CHECK(folder_make(in_folder("below"), &err), "%s", err.text);
    check_counts(&encoder, 0, 3, 1);
    check_counts(&encoder, 3, 0, 1);
    ImageIndex g = open_all(&encoder);
    static const char *const sorted[] = { "a.ppm", "b.png", "c d.png" };
    for (int i = 0; i < 3; i++) CHECK(!strcmp(g.names[i], sorted[i]), "%s, not %s", g.names[i], sorted[i]);
    Image image;
    CHECK(image_read(&arena, in_folder("b.png"), &image, &err), "%s", err.text);
    Mat again = encoder_images(&encoder, &arena, &image, 1, NULL, NULL);
    CHECK(!memcmp(again.v, &AT(g.features, 1, 0), (size_t)again.shape[1] * sizeof(num)), "%s", "another vector");
    picture("b.png", 4); /* changed */
    check_counts(&encoder, 2, 1, 1);
    picture("b.png", 3); /* and back */
    check_counts(&encoder, 3, 0, 1);
    CHECK(rename(in_folder("b.png"), in_folder("z.png")) == 0, "%s", "rename");
    check_counts(&encoder, 3, 0, 1);
    CHECK(unlink(in_folder("z.png")) == 0, "%s", "unlink");
    check_counts(&encoder, 2, 0, 1);
    CHECK(symlink("nowhere", in_folder("gone.png")) == 0, "%s", "symlink");
    check_counts(&encoder, 2, 0, 2);
    encoder_close(&encoder);
    arena_free(&arena);
}

TEST(image_index_with_bad_caches) {
    begin();
    Encoder encoder = tiny();
    picture("a.png", 3);
    static const char *const bad[] = { "", "no cache at all", "\x02\0\0\0\0\0\0\0{}" };
    for (size_t i = 0; i < COUNT(bad); i++) {
        write_text(cache, bad[i]);
        check_counts(&encoder, 0, 1, 0);
        check_counts(&encoder, 1, 0, 0);
    }
    Safetensors same; /* all as it should be, but another model's */
    SafetensorsOut out = safetensors_begin(&arena);
    Err err;
    int sums[32] = { 0 };
    CHECK(safetensors_open(&same, &arena, cache, &err), "%s", err.text);
    safetensors_add_meta(&out, "model", "another");
    for (int i = 0; i < same.count; i++) tensor_copy(&out, &same.tensors[i]);
    CHECK(safetensors_write(&out, cache, &err), "%s", err.text);
    safetensors_close(&same);
    check_counts(&encoder, 0, 1, 0);
    out = safetensors_begin(&arena); /* this model's, with vectors of another length */
    safetensors_add_meta(&out, "model", "tiny");
    safetensors_add(&out, "features", DTYPE_F32, mat_zero(&arena, 1, 8));
    safetensors_add_ints(&out, "sums", DTYPE_U8, (TensorShape){ 2, { 1, 32 } }, sums);
    CHECK(safetensors_write(&out, cache, &err), "%s", err.text);
    check_counts(&encoder, 0, 1, 0);
    encoder_close(&encoder);
    arena_free(&arena);
}

/* A cache with what is given: NULL leaves the model out, the shape of the sums is a wrong one or none. */
static void write_cache(const char *model, TensorShape sums, int length) {
    SafetensorsOut out = safetensors_begin(&arena);
    Err err;
    int *bytes = arena_zero(&arena, 64, sizeof *bytes);
    if (model) safetensors_add_meta(&out, "model", model);
    safetensors_add(&out, "features", DTYPE_F32, mat_zero(&arena, 1, length));
    if (sums.dims) safetensors_add_ints(&out, "sums", DTYPE_U8, sums, bytes);
    CHECK(safetensors_write(&out, cache, &err), "%s", err.text);
}

/* What stands beside a good vector is not believed: the picture is encoded again, and the cache is whole afterwards. */
TEST(image_index_with_a_cache_that_is_not_quite_one) {
    begin();
    Encoder encoder = tiny();
    int E = encoder.clip.config.image.embed;
    const struct {
        const char *model;
        TensorShape sums;
        int length;
    } bad[] = {
        { NULL, { 2, { 1, 32 } }, E },   { "tiny", { 0, { 0 } }, E },  { "tiny", { 2, { 1, 31 } }, E },
        { "tiny", { 2, { 2, 32 } }, E }, { "tiny", { 1, { 32 } }, E }, { "tiny", { 2, { 1, 32 } }, E + 1 },
    };
    picture("a.png", 3);
    for (size_t i = 0; i < COUNT(bad); i++) {
        const char *said = arena_print(&arena, "%s.said%d", cache, (int)i);
        File file;
        Err err;
        write_cache(bad[i].model, bad[i].sums, bad[i].length);
        CHECK(freopen(said, "w", stderr), "%s", said);
        check_counts(&encoder, 0, 1, 0);
        CHECK(fflush(stderr) == 0 && file_open(&file, said, &err), "%s", err.text);
        const char *line = arena_print(&arena, "%.*s", (int)file.size, (const char *)file.data);
        CHECK(strstr(line, "; it is made anew\n"), "cache %d: \"%s\" was said", (int)i, line);
        file_close(&file);
        check_counts(&encoder, 1, 0, 0);
    }
    encoder_close(&encoder);
    arena_free(&arena);
}

/* A published model of the tiny one's sizes; another seed, other weights, a file as long. */
static Encoder published(uint64_t seed) {
    Encoder first = tiny(), encoder = { .path = arena_print(&arena, "%s.%d", cache, (int)seed) };
    Err err;
    SafetensorsOut out = safetensors_begin(&arena);
    Rng rng = rng_seed(seed, 0);
    for (int i = 0; i < first.clip.params.count; i++) {
        Param *p = first.clip.params.list[i];
        for (size_t k = 0; k < mat_count(p->val); k++) p->val.v[k] += (num)(0.01 * rng_uniform(&rng));
        safetensors_add(&out, p->name, DTYPE_F32, p->val);
    }
    CHECK(safetensors_write(&out, encoder.path, &err), "%s", err.text);
    CHECK(pretrained_open(&encoder.clip, encoder.path, (PretrainedChoice){ .gelu = GELU_QUICK }, &err), "%s", err.text);
    encoder_close(&first);
    return encoder;
}

TEST(image_index_of_another_model) {
    begin();
    Encoder one = published(1), two = published(2);
    picture("a.png", 3);
    picture("b.png", 4);
    check_counts(&one, 0, 2, 0);
    check_counts(&one, 2, 0, 0);
    check_counts(&two, 0, 2, 0);
    check_counts(&two, 2, 0, 0);
    encoder_close(&one);
    encoder_close(&two);
    arena_free(&arena);
}

TEST(image_index_of_nothing) {
    begin();
    Encoder encoder = tiny();
    ImageIndex index = { .n = -1 };
    Err err;
    check_counts(&encoder, 0, 0, 0);
    CHECK(!file_exists(cache), "%s", "a cache of nothing");
    CHECK(!image_index_open(&index, &arena, in_folder("none"), cache, &encoder, &err) && index.n == -1, "%s", "opened");
    CHECK(strstr(err.text, "none: No such file"), "%s", err.text);
    picture("a.png", 3);
    CHECK(!image_index_open(&index, &arena, folder, in_folder("none/cache"), &encoder, &err), "%s", "written");
    CHECK(strstr(err.text, "cannot be written"), "%s", err.text);
    encoder_close(&encoder);
    arena_free(&arena);
}

TESTS(image_index_remembers_and_notices, image_index_with_bad_caches, image_index_with_a_cache_that_is_not_quite_one,
      image_index_of_another_model, image_index_of_nothing)
