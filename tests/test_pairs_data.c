/* picture_cache, pairs_data: pictures decoded once and found again, by their bytes; damaged shards; missing pictures;
 * letterbox and crop; the split by picture; equal captions. */
#include "core/arena.h"
#include "core/file.h"
#include "core/thread.h"
#include "formats/image_file.h"
#include "formats/safetensors.h"
#include "pairs/pairs_data.h"
#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static Arena arena;
static const char *folder;
static const char *in(const char *name) { return arena_print(&arena, "%s/%s", folder, name); }

static void text_write(const char *name, const char *text) {
    OutFile out;
    Err err;
    CHECK(out_open(&out, in(name), &err), "%s", err.text);
    fputs(text, out.stream);
    CHECK(out_commit(&out, &err), "%s", err.text);
}

/* A picture of one colour. */
static void picture_write(const char *name, int width, int height, int colour) {
    Image image = image_new(&arena, width, height);
    Err err;
    for (int i = 0; i < width * height; i++)
        memcpy(image.rgb + 3 * i, (uint8_t[]){ (uint8_t)colour, (uint8_t)(colour / 2), 9 }, 3);
    CHECK(image_write(in(name), image, &err), "%s", err.text);
}

static PairsArgs args_of(const char *table) {
    return (PairsArgs){
        .table = in(table), .side = 32, .cache = in("cache"), .seed = 1, .val_share = 0.2, .test_share = 0.2
    };
}

static PairsData opened(const PairsArgs *args) {
    PairsData data;
    Err err = { "" };
    CHECK(pairs_data_open(&data, args, &err), "%s", err.text);
    return data;
}

/* n pictures p0.png ..., each with the caption "number i". */
static void many_write(int n) {
    char *text = arena_alloc(&arena, (size_t)n + 1, 40), *at = text + sprintf(text, "filepath,title\n");
    for (int i = 0; i < n; i++) {
        picture_write(arena_print(&arena, "p%d.png", i), 40, 32, i);
        at += sprintf(at, "p%d.png,number %d\n", i, i);
    }
    text_write("many.csv", text);
}

TEST(crop_and_letterbox) {
    folder = check_folder();
    Image wide = image_new(&arena, 80, 40);
    uint8_t planes[3 * 32 * 32];
    memset(wide.rgb, 200, 3 * 80 * 40);
    picture_planes(&arena, wide, FIT_CROP, 32, planes);
    for (size_t i = 0; i < sizeof planes; i++) CHECK(planes[i] == 200, "byte %zu is %d", i, planes[i]);
    picture_planes(&arena, wide, FIT_LETTERBOX, 32, planes);
    CHECK(planes[0] == 125 && planes[7 * 32] == 125 && planes[8 * 32] == 200 && planes[23 * 32] == 200 &&
              planes[24 * 32] == 125,
          "rows 0, 7, 8, 23, 24: %d %d %d %d %d", planes[0], planes[7 * 32], planes[8 * 32], planes[23 * 32],
          planes[24 * 32]);
    CHECK(planes[2 * 1024] == 114, "blue of the bar: %d", planes[2 * 1024]);
    picture_planes(&arena, image_new(&arena, 1, 9000), FIT_LETTERBOX, 32, planes);
    CHECK(picture_fit_of("letterbox") == FIT_LETTERBOX && picture_fit_of("crop") == FIT_CROP, "%s", "names");
    arena_free(&arena);
}

TEST(sets_of_pairs) {
    folder = check_folder();
    many_write(10);
    text_write("own.csv", "filepath,title,split\n"
                          "p1.png,A  cat|our cat,train\np2.png,a Cat,train\np1.png,a cat,train\np3.png,a dog,val\n");
    PairsArgs args = args_of("own.csv");
    PairsData data = opened(&args);
    const PairSet *train = &data.set[PAIRS_TRAIN];
    CHECK(train->n == 2 && data.set[PAIRS_VAL].n == 1 && data.set[PAIRS_TEST].n == 0, "%d, %d, %d", train->n,
          data.set[PAIRS_VAL].n, data.set[PAIRS_TEST].n);
    CHECK(train->caption_count == 2 && train->count[0] == 2 && train->count[1] == 1, "%d captions, %d and %d",
          train->caption_count, train->count[0], train->count[1]);
    CHECK(train->own[train->first[1]] == 0 && !strcmp(train->caption[0], "A  cat"), "%s", train->caption[0]);
    CHECK(!strcmp(data.paths[PAIRS_TRAIN][1], "p2.png"), "%s", data.paths[PAIRS_TRAIN][1]);
    for (int i = 0; i < 2; i++)
        CHECK(train->planes[i][5] == i + 1 && train->planes[i][1024] == (i + 1) / 2 && train->planes[i][2048] == 9,
              "picture %d: %d %d", i, train->planes[i][5], train->planes[i][1024]);
    char ours[SHA256_HEX], other[SHA256_HEX];
    pair_set_sign(train, ours);
    pair_set_sign(&data.set[PAIRS_VAL], other);
    CHECK(!strcmp(ours, train->signature) && strcmp(ours, other) != 0, "%s %s", ours, other);
    pairs_data_close(&data);
    arena_free(&arena);
}

TEST(missing_and_broken_pictures) {
    folder = check_folder();
    many_write(4);
    text_write("text.png", "no picture");
    text_write("empty.png", "");
    text_write("bad.csv", "filepath,title\np0.png,a\nmissing.png,b\ntext.png,c\np1.png,d\nempty.png,e\nmissing.png,f\n"
                          "cache,a folder\np2.png,g\np3.png,\n");
    PairsArgs args = args_of("bad.csv");
    PairsData data = opened(&args);
    const PairsTable *t = &data.table;
    CHECK(t->bad_count == 6 && t->bad_by_kind[PAIRS_BAD_FILE] == 3 && t->bad_by_kind[PAIRS_BAD_PICTURE] == 2 &&
              t->bad_by_kind[PAIRS_BAD_CAPTION] == 1,
          "%d bad", t->bad_count);
    CHECK(data.set[0].n + data.set[1].n + data.set[2].n == 3, "%d pictures", data.set[0].n);
    pairs_data_close(&data);
    Err err;
    text_write("strict.csv", "filepath,title\np0.png,a\nmissing.png,b\ntext.png,c\n");
    args = args_of("strict.csv");
    args.format.strict = true;
    CHECK(!pairs_data_open(&data, &args, &err) && strstr(err.text, "strict.csv:3: missing file: "), "%s", err.text);
    pairs_data_close(&data);
    text_write("strict.csv", "filepath,title\np0.png,a\nmissing.png,b\np1.png,\ntext.png,c\n");
    args = args_of("strict.csv");
    args.format.strict = true;
    CHECK(!pairs_data_open(&data, &args, &err) && strstr(err.text, "strict.csv:3: missing file: "), "%s", err.text);
    pairs_data_close(&data);
    text_write("strict.csv", "filepath,title\np0.png,a\np1.png\nmissing.png,b\n");
    CHECK(!pairs_data_open(&data, &args, &err) && strstr(err.text, "strict.csv:3: wrong number of columns: 1 came, 2"),
          "%s", err.text);
    pairs_data_close(&data);
    text_write("none.csv", "filepath,title\nmissing.png,b\nmissing.png,c\np0.png\n");
    args = args_of("none.csv");
    CHECK(!pairs_data_open(&data, &args, &err) && strstr(err.text, "none.csv: no row for training is left of 3"), "%s",
          err.text);
    CHECK(data.table.bad_count == 3, "%d bad", data.table.bad_count);
    pairs_data_close(&data);
    arena_free(&arena);
}

static uint8_t *planes_all(const PairsData *data, size_t *size) {
    uint8_t *all = arena_alloc(&arena, 40, 3072);
    *size = 0;
    for (int part = 0; part < PAIRS_PARTS; part++)
        for (int i = 0; i < data->set[part].n; i++, *size += 3072) memcpy(all + *size, data->set[part].planes[i], 3072);
    return all;
}

/* The same pictures after the files are renamed, after one shard is cut, and for any number of threads. */
TEST(pictures_are_kept) {
    folder = check_folder();
    many_write(40);
    PairsArgs args = args_of("many.csv");
    size_t size, again;
    PairsData data = opened(&args);
    const uint8_t *first = planes_all(&data, &size);
    pairs_data_close(&data);
    CHECK(file_exists(in("cache/32-crop-0001.safetensors")), "%s", "no shard");
    for (int round = 0; round < 4; round++) {
        thread_set_count(round + 1);
        if (round == 1) CHECK(truncate(in("cache/32-crop-0001.safetensors"), 5000) == 0, "%s", "truncate");
        if (round == 2) text_write("cache/32-crop-0001.safetensors", "no shard");
        if (round == 3) remove(in("cache/32-crop-0001.safetensors"));
        data = opened(&args);
        CHECK(!memcmp(planes_all(&data, &again), first, size) && size == again, "round %d: other pictures", round);
        pairs_data_close(&data);
    }
    /* Without the files' bytes, only what the system says about them: p7.png is not read again. */
    File file;
    Err err;
    CHECK(file_open(&file, in("cache/32-crop-0001.safetensors"), &err), "%s", err.text);
    size_t shard = file.size;
    file_close(&file);
    CHECK(rename(in("p7.png"), in("other.png")) == 0, "%s", "rename");
    picture_write("p8.png", 40, 32, 99);
    text_write("many.csv", "filepath,title\nother.png,x\np8.png,y\n");
    data = opened(&args);
    CHECK(data.set[0].n == 2 && data.set[0].planes[0][0] == 7 && data.set[0].planes[1][0] == 99, "%d pictures",
          data.set[0].n);
    pairs_data_close(&data);
    CHECK(file_open(&file, in("cache/32-crop-0001.safetensors"), &err), "%s", err.text);
    size_t one = 3072 + SHA256_BYTES + 8;
    CHECK(file.size > shard && file.size < shard + one + 100, "%zu bytes more, want one picture's", file.size - shard);
    file_close(&file);
    arena_free(&arena);
}

/* ---- what is kept is damaged, or cannot be kept ------------------------------------------------------------------ */

enum { SIZE_BYTES = 8 };
#define SHARD "cache/32-crop-0001.safetensors"

/* What is wrong with a shard or a list: names of tensors. */
typedef struct {
    const char *left_out, *shorter, *real; /* not there; with a row less; as F32 */
    int side;                              /* of the pictures; 0: 32 */
} Edit;

static void tensor_add(SafetensorsOut *out, const Edit *e, const char *name, int n, size_t each, const uint8_t *rows) {
    if (e->left_out && !strcmp(name, e->left_out)) return;
    if (e->shorter && !strcmp(name, e->shorter)) n--;
    if (e->real && !strcmp(name, e->real)) safetensors_add(out, name, DTYPE_F32, mat_zero(&arena, n, (int)each));
    else safetensors_add_bytes(out, name, (TensorShape){ 2, { n, (int)each } }, rows);
}

static void kept_write(SafetensorsOut *out, const char *path) {
    Err err;
    out->no_sum = true;
    CHECK(safetensors_write(out, path, &err), "%s", err.text);
}

static void sum_of(const char *name, uint8_t *sum, uint8_t *size) {
    File file;
    Err err;
    CHECK(file_open(&file, in(name), &err), "%s", err.text);
    sha256_bytes(file.data, file.size, sum);
    for (int k = 0; k < SIZE_BYTES; k++) size[k] = (uint8_t)((uint64_t)file.size >> 8 * k);
    file_close(&file);
}

/* A shard of n pictures; all bytes of picture i are i mod 251. Picture 2 is p0.png; the first has the sum of p1.png and
 * another size. Of the others, each two begin with the same bytes of a sum. */
static void shard_write(int n, Edit e) {
    int side = e.side ? e.side : 32;
    size_t rows = (size_t)n, each = 3 * (size_t)(side * side);
    uint8_t *pixels = arena_alloc(&arena, rows, each), *sums = arena_zero(&arena, rows, SHA256_BYTES);
    uint8_t *sizes = arena_zero(&arena, rows, SIZE_BYTES);
    SafetensorsOut out = safetensors_begin(&arena);
    Err err;
    for (size_t i = 0; i < rows; i++) {
        memset(pixels + i * each, (int)(i % 251), each);
        sums[i * SHA256_BYTES] = (uint8_t)(i / 2);
        sums[i * SHA256_BYTES + 1] = (uint8_t)(i / 512);
        sums[i * SHA256_BYTES + 31] = (uint8_t)(i % 2);
    }
    sum_of("p0.png", sums + 2 * SHA256_BYTES, sizes + 2 * SIZE_BYTES);
    sum_of("p1.png", sums, sizes);
    sizes[0]++;
    tensor_add(&out, &e, "pixels", n, each, pixels);
    tensor_add(&out, &e, "sha256", n, SHA256_BYTES, sums);
    tensor_add(&out, &e, "bytes", n, SIZE_BYTES, sizes);
    CHECK(folder_make(in("cache"), &err), "%s", err.text);
    kept_write(&out, in(SHARD));
}

/* The rows of a tensor in a file of the cache; -1: it cannot be read. */
static int rows_in(const char *path, const char *name) {
    Safetensors file;
    if (!safetensors_open(&file, &arena, path, NULL)) return -1;
    const Tensor *t = safetensors_find(&file, name);
    int rows = t && t->dims > 0 ? t->shape[0] : -1;
    safetensors_close(&file);
    return rows;
}

/* p0.png and p1.png, from many.csv: of these colours. */
static void opens_with(int first, int second) {
    PairsArgs args = args_of("many.csv");
    PairsData data = opened(&args);
    const PairSet *set = &data.set[PAIRS_TRAIN];
    CHECK(set->n == 2 && set->planes[0][0] == first && set->planes[0][1023] == first && set->planes[1][0] == second,
          "%d pictures, %d and %d", set->n, set->planes[0][0], set->planes[1][0]);
    pairs_data_close(&data);
}

TEST(a_picture_is_found_among_many) {
    enum { MANY = 600 };
    folder = check_folder();
    many_write(2);
    shard_write(MANY, (Edit){ 0 });
    opens_with(2, 1);
    CHECK(rows_in(in(SHARD), "pixels") == MANY + 1, "%d pictures are kept", rows_in(in(SHARD), "pixels"));
    opens_with(2, 1);
    arena_free(&arena);
}

TEST(damaged_shards_are_decoded_again) {
    static const struct {
        Edit edit;
        const char *tensor;
    } cases[] = { { { .left_out = "pixels" }, "pixels" },
                  { { .left_out = "sha256" }, "sha256" },
                  { { .left_out = "bytes" }, "bytes" },
                  { { .shorter = "pixels" }, "sha256" },
                  { { .shorter = "sha256" }, "sha256" },
                  { { .shorter = "bytes" }, "bytes" },
                  { { .real = "pixels" }, "pixels" },
                  { { .real = "sha256" }, "sha256" },
                  { { .side = 16 }, "pixels" } };
    folder = check_folder();
    thread_set_count(1); /* CHECK_STOPS forks: threads would be missing in the child */
    many_write(2);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *want = arena_print(&arena, "%s: tensor %s is missing or of another shape; its pictures are decoded",
                                       SHARD, cases[i].tensor);
        shard_write(5, cases[i].edit);
        CHECK_STOPS(opens_with(0, 1), 0, want);
        CHECK(rows_in(in(SHARD), "pixels") == 2, "case %zu: %d pictures are kept", i, rows_in(in(SHARD), "pixels"));
    }
    shard_write(4097, (Edit){ 0 });
    CHECK_STOPS(opens_with(0, 1), 0, SHARD ": there are 4097 pictures, want at most 4096; its pictures are decoded");
    arena_free(&arena);
}

TEST(damaged_lists_of_known_files) {
    static const Edit edits[] = {
        { .left_out = "keys" }, { .left_out = "sha256" }, { .shorter = "sha256" }, { .real = "keys" }
    };
    char hex[SHA256_HEX];
    Err err;
    folder = check_folder();
    thread_set_count(1);
    many_write(2);
    opens_with(0, 1);
    sha256_hex(in("many.csv"), strlen(in("many.csv")), hex);
    const char *name = arena_print(&arena, "cache/%.16s.known", hex), *list = in(name);
    CHECK(rows_in(list, "keys") == 2, "%s: %d files are known", list, rows_in(list, "keys"));
    for (size_t i = 0; i <= COUNT(edits); i++) {
        SafetensorsOut out = safetensors_begin(&arena);
        const uint8_t *zeros = arena_zero(&arena, 2, SHA256_BYTES);
        for (int k = 0; i < COUNT(edits) && k < 2; k++)
            tensor_add(&out, &edits[i], k ? "sha256" : "keys", 2, SHA256_BYTES, zeros);
        if (i < COUNT(edits)) kept_write(&out, list);
        else text_write(name, "no list");
        opens_with(0, 1);
        CHECK(rows_in(list, "keys") == 2 && rows_in(list, "sha256") == 2, "case %zu: no list was made again", i);
    }
    CHECK(remove(list) == 0 && folder_make(list, &err), "%s", err.text);
    CHECK_STOPS(opens_with(0, 1), 0, "this is a folder, not a file");
    arena_free(&arena);
}

static void refuses(const char *want) {
    PairsArgs args = args_of("many.csv");
    PairsData data;
    Err err = { "" };
    CHECK(!pairs_data_open(&data, &args, &err) && strstr(err.text, want), "\"%s\", want \"%s\"", err.text, want);
    pairs_data_close(&data);
}

TEST(pictures_that_cannot_be_kept) {
    Err err;
    folder = check_folder();
    thread_set_count(1);
    many_write(2);
    text_write("cache", "no folder");
    refuses("/cache: this is not a folder");
    CHECK(remove(in("cache")) == 0 && folder_make(in(SHARD), &err), "%s", err.text);
    CHECK_STOPS(refuses(SHARD ": this is a folder, not a file"), 0, "its pictures are decoded again");
    CHECK(remove(in(SHARD)) == 0, "%s", "remove");
    shard_write(5, (Edit){ 0 });
    struct rlimit limit = { 4096, RLIM_INFINITY };
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0, "%s", "setrlimit");
    refuses(SHARD ": not written (File too large); the old file is unchanged");
    limit.rlim_cur = RLIM_INFINITY;
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0, "%s", "setrlimit");
    CHECK(rows_in(in(SHARD), "pixels") == 5, "%d pictures are kept", rows_in(in(SHARD), "pixels"));
    arena_free(&arena);
}

/* ---- other kinds of pictures, and folders of them ---------------------------------------------------------------- */

TEST(pictures_of_other_kinds) {
    Err err;
    folder = check_folder();
    many_write(1);
    text_write("a.gif", "GIF89a, not much of a photo");
    text_write("b.gif", "GIF89a, cut");
    text_write("kinds.csv", "filepath,title\na.gif,a\nb.gif,b\np0.png,c\n");
    const char *convert = "[ $(wc -c) -eq 27 ] && printf 'P6 1 1 255\\n\\001\\002\\003'";
    CHECK(folder_make(in("bin"), &err), "%s", err.text);
    text_write("bin/magick", arena_print(&arena, "#!/bin/sh\nPATH='%s'\n%s\n", getenv("PATH"), convert));
    CHECK(chmod(in("bin/magick"), 0755) == 0, "%s", "chmod");
    setenv("PATH", in("bin"), 1);
    PairsArgs args = args_of("kinds.csv");
    args.val_share = args.test_share = 0;
    PairsData data = opened(&args);
    const PairSet *set = &data.set[PAIRS_TRAIN];
    CHECK(set->n == 2 && set->planes[0][0] == 1 && set->planes[0][1024] == 2 && set->planes[0][3071] == 3 &&
              set->planes[1][2048] == 9,
          "%d pictures: %d %d %d", set->n, set->planes[0][0], set->planes[0][1024], set->planes[0][3071]);
    CHECK(data.unreadable == 1 && strstr(data.table.bad[0].why, "b.gif: ") &&
              data.table.bad_by_kind[PAIRS_BAD_PICTURE] == 1,
          "%d unreadable", data.unreadable);
    pairs_data_close(&data);
    arena_free(&arena);
}

TEST(a_folder_of_pictures) {
    Err err = { "" };
    PairsData data;
    folder = check_folder();
    many_write(3);
    PairsArgs args = args_of(".");
    args.cache = NULL;
    setenv("CLIP_MODELS", in("models"), 1);
    for (int round = 0; round < 2; round++) {
        CHECK(pairs_folder_open(&data, &args, &err), "%s", err.text);
        const PairSet *set = &data.set[PAIRS_TEST];
        CHECK(set->n == 3 && data.unreadable == 1 && strstr(data.table.bad[0].why, "many.csv: "),
              "%d pictures, %d others", set->n, data.unreadable);
        for (int i = 0; i < 3; i++) {
            const char *path = data.paths[PAIRS_TEST][i], *caption = set->caption[set->own[set->first[i]]];
            CHECK(set->planes[i][0] == i && path[1] == '0' + i && !strcmp(path, caption) && set->count[i] == 1,
                  "picture %d: %s, \"%s\"", i, path, caption);
        }
        pairs_data_close(&data);
        CHECK(rows_in(in("models/pictures/32-crop-0001.safetensors"), "pixels") == 3, "round %d", round);
    }
    args.table = in("none");
    CHECK(!pairs_folder_open(&data, &args, &err) && strstr(err.text, "none: No such file"), "%s", err.text);
    pairs_data_close(&data);
    arena_free(&arena);
}

/* ---- the split --------------------------------------------------------------------------------------------------- */

static uint64_t part_bits(const PairsData *data, PairsPart part) {
    uint64_t bits = 0;
    for (int i = 0; i < data->set[part].n; i++) bits |= (uint64_t)1 << atoi(data->paths[part][i] + 1);
    return bits;
}

/* Every picture in one part; another seed, another split; new pictures do not move most of the others. */
TEST(split_by_picture) {
    folder = check_folder();
    many_write(40);
    PairsArgs args = args_of("many.csv");
    PairsData data = opened(&args);
    uint64_t train = part_bits(&data, PAIRS_TRAIN), val = part_bits(&data, PAIRS_VAL), test = part_bits(&data, 2);
    CHECK(data.set[1].n == 8 && data.set[2].n == 8 && (train | val | test) == ((uint64_t)1 << 40) - 1, "%d and %d",
          data.set[1].n, data.set[2].n);
    CHECK(!(train & val) && !(train & test) && !(val & test), "%s", "a picture is in two parts");
    pairs_data_close(&data);
    args.seed = 2;
    data = opened(&args);
    CHECK(part_bits(&data, PAIRS_VAL) != val && data.set[1].n == 8, "%s", "the same split for another seed");
    pairs_data_close(&data);
    args.seed = 1;
    many_write(44);
    data = opened(&args);
    uint64_t still = part_bits(&data, PAIRS_VAL) & val;
    int same = 0;
    for (int i = 0; i < 64; i++) same += (int)(still >> i & 1);
    CHECK(same >= 6 && same <= 8, "%d of 8 pictures are still for validation", same);
    pairs_data_close(&data);
    char *text = arena_text(&arena, "filepath,title\n"); /* the same bytes under ten names */
    for (int i = 0; i < 10; i++) {
        picture_write(arena_print(&arena, "s%d.png", i), 32, 32, i / 5);
        text = arena_print(&arena, "%ss%d.png,x\n", text, i);
    }
    text_write("many.csv", text);
    data = opened(&args);
    train = part_bits(&data, PAIRS_TRAIN);
    val = part_bits(&data, PAIRS_VAL);
    CHECK((val == 0x1f || val == 0x3e0) && !(train & val), "val has %llx of the pictures", (unsigned long long)val);
    pairs_data_close(&data);
    arena_free(&arena);
}

TESTS(crop_and_letterbox, sets_of_pairs, missing_and_broken_pictures, pictures_are_kept, a_picture_is_found_among_many,
      damaged_shards_are_decoded_again, damaged_lists_of_known_files, pictures_that_cannot_be_kept,
      pictures_of_other_kinds, a_folder_of_pictures, split_by_picture)
