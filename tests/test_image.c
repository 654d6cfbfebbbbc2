/* image, image_file: PPM, files that are no pictures, resizing, CLIP's preprocessing. */
#include "core/arena.h"
#include "core/file.h"
#include "core/rng.h"
#include "formats/image_file.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Decodes a copy in the heap that ends where the text ends, so that the address sanitizer sees reading beyond. */
static bool decode(Arena *arena, const void *text, size_t size, Image *image, Err *err) {
    uint8_t *copy = malloc(size + 1);
    if (size) memcpy(copy + 1, text, size);
    bool ok = image_decode(arena, "some.ppm", (File){ .data = copy + 1, .size = size }, image, err);
    free(copy);
    return ok;
}

#define TEXT(text) text, sizeof text - 1

static void check_pixels(const char *text, size_t size, int width, int height, const uint8_t *rgb) {
    Arena arena = { 0 };
    Image image;
    Err err;
    CHECK(decode(&arena, text, size, &image, &err), "%s", err.text);
    CHECK(image.width == width && image.height == height, "%d x %d", image.width, image.height);
    for (int i = 0; i < width * height * 3; i++)
        CHECK(image.rgb[i] == rgb[i], "%.12s: byte %d is %d, not %d", text, i, image.rgb[i], rgb[i]);
    arena_free(&arena);
}

static void check_refused(const void *text, size_t size, const char *what) {
    Arena arena = { 0 };
    Image image = { .width = -1 };
    Err err;
    CHECK(!decode(&arena, text, size, &image, &err), "not refused: %s", what);
    CHECK(!strncmp(err.text, "some.ppm: byte ", 15) && strtoul(err.text + 15, NULL, 10) <= size, "%s", err.text);
    CHECK(strstr(err.text, what), "\"%s\" was said, \"%s\" was wanted", err.text, what);
    CHECK(image.width == -1 && !image.rgb, "%s", "the picture was touched");
    arena_free(&arena);
}

/* ---- PPM -------------------------------------------------------------------------------------------------------- */

TEST(ppm_of_every_kind) {
    const uint8_t grey[] = { 0, 0, 0, 128, 128, 128, 255, 255, 255 }, six[] = { 1, 2, 3, 4, 5, 6 };
    check_pixels(TEXT("P6 2 1 255\n\1\2\3\4\5\6"), 2, 1, six);
    check_pixels(TEXT("P6\n# made by hand\n#\n1 # wide\n2\t255\r\1\2\3\4\5\6 and more"), 1, 2, six);
    check_pixels(TEXT("P3 2 1 255\n1 2 3\n4 5 6"), 2, 1, six);
    check_pixels(TEXT("P3\n#c\n2#c\n1#c\n255\n1 2 # c 9 9\n3 4 5 6#"), 2, 1, six);
    check_pixels(TEXT("P5 3 1 255 \0\x80\xff"), 3, 1, grey);
    check_pixels(TEXT("P2 3 1 255 0 128 255"), 3, 1, grey);
    check_pixels(TEXT("P2 3 1 2 0 1 2"), 3, 1, grey); /* 1 of 2 is 127.5, rounded up */
    check_pixels(TEXT("P2 3 1 65535 0 32768 65535"), 3, 1, grey);
    check_pixels(TEXT("P5 3 1 65535 \0\0\x80\0\xff\xff"), 3, 1, grey);
}

TEST(ppm_headers_that_cannot_be) {
    check_refused(TEXT("P6"), "byte 2: the file ends here, the width was wanted");
    check_refused(TEXT("P6 # no end"), "byte 11: the file ends here, the width was wanted");
    check_refused(TEXT("P6 12"), "the height was wanted");
    check_refused(TEXT("P6 -1 1 255\n123"), "byte 3: the width was wanted, a number, and the byte 2d came");
    check_refused(TEXT("P6 1 x 255\n123"), "byte 5: the height was wanted, a number, and the byte 78 came");
    check_refused(TEXT("P6 0 1 255\n123"), "0 x 1 pixels");
    check_refused(TEXT("P6 1 1 0\n123"), "values to 0");
    check_refused(TEXT("P6 1 1 65536\n123"), "65535 is the most");
    check_refused(TEXT("P6 1 1 255"), "white space");
    check_refused(TEXT("P6 1 1 255x123"), "white space");
    check_refused(TEXT("P6 99999999999999999999999 1 255\n123"), "67108864 is the most");
    check_refused(TEXT("P6 67108864 67108864 255\n123"), "67108864 pixels are the most");
    check_refused(TEXT("P6 8193 8192 255\n123"), "67108864 pixels are the most");
}

/* After the largest value, '#' is a comment when it follows at once, or when exactly the data follow the comment, with
 * or without a last LF; so is the LF of a CR LF. */
TEST(ppm_comments_before_the_data) {
    static const uint8_t grey[] = { 7, 7, 7, 8, 8, 8 }, hash[] = { '#', '#', '#', 8, 8, 8 };
    check_pixels(TEXT("P5 2 1 255# made by hand\n\7\10"), 2, 1, grey);
    check_pixels(TEXT("P5 2 1 255\n# made by hand\n\7\10"), 2, 1, grey);
    check_pixels(TEXT("P5 2 1 255\n# one\n# two\n\7\10"), 2, 1, grey);
    check_pixels(TEXT("P5\r\n2 1\r\n255\r\n\7\10"), 2, 1, grey);
    check_pixels(TEXT("P5 2 1 255\r\n# one\r\n\7\10"), 2, 1, grey);
    check_pixels(TEXT("P5 2 1 255\r\n\10"), 2, 1, (const uint8_t[]){ '\n', '\n', '\n', 8, 8, 8 });
    check_pixels(TEXT("P5 2 1 255\n#\10"), 2, 1, hash);
    check_pixels(TEXT("P5 2 1 255\n#\10\n\n"), 2, 1, hash);
    check_refused(TEXT("P5 2 1 255# no end"), "white space");
    check_pixels(TEXT("P5\r2 1\r255\r# made by hand\r\7\10"), 2, 1, grey);
    check_pixels(TEXT("P5\r2 1\r255# made by hand\r\7\10"), 2, 1, grey);
    check_pixels(TEXT("P5\r\n2 1\r\n255# made by hand\r\n\7\10"), 2, 1, grey);
    check_pixels(TEXT("P5\r2 1\r255\r# one\r\n\10"), 2, 1, (const uint8_t[]){ '\n', '\n', '\n', 8, 8, 8 });
    check_pixels(TEXT("P5 2 1 255\n# made by hand\n\7\10\n"), 2, 1, grey);
    check_pixels(TEXT("P5\r\n2 1\r\n255\r\n\7\10\n"), 2, 1, grey);
    check_pixels(TEXT("P5 2 1 255\n# one\n#\10"), 2, 1, hash);
}

static int warnings;

static void count_warning(const char *line) { warnings += strstr(line, "byte 11: what can be a comment") != NULL; }

/* When other bytes follow the data, what looks like a comment is data, with a warning. */
TEST(a_comment_in_doubt_is_told) {
    static const uint8_t hash[] = { '#', '#', '#', 8, 8, 8 };
    warning_hook = count_warning;
    check_pixels(TEXT("P5 2 1 255\n#\10\n\7\10xyz"), 2, 1, hash);
    check_pixels(TEXT("P5 2 1 255\r\n\10abc"), 2, 1, (const uint8_t[]){ '\n', '\n', '\n', 8, 8, 8 });
    CHECK(warnings == 2, "%d", warnings);
    check_pixels(TEXT("P5 2 1 255\n#\10"), 2, 1, hash);
    check_pixels(TEXT("P5 2 1 255\n#\10abc\n\7"), 2, 1, hash); /* no comment: the data do not follow it */
    CHECK(warnings == 2, "%d", warnings);
}

TEST(ppm_that_promises_too_much_takes_no_memory) {
    static const char *const bombs[] = { "P6 8192 8192 255\n123", "P3 8192 8192 255\n1 2 3", "P5 8192 8192 65535 12",
                                         "P2 67108864 1 255 1 2 3" };
    for (size_t i = 0; i < COUNT(bombs); i++) {
        Arena arena = { 0 };
        Image image;
        Err err;
        CHECK(!decode(&arena, bombs[i], strlen(bombs[i]), &image, &err), "%s", bombs[i]);
        CHECK(strstr(err.text, "are the least for ") && arena_held(&arena) == 0, "%s", err.text);
    }
}

TEST(ppm_values_that_cannot_be) {
    check_refused(TEXT("P6 1 1 100\n12\xff"), "byte 13: the value 255 came, 100 is the largest");
    check_refused(TEXT("P5 1 1 256\n\2\0"), "the value 512 came, 256 is the largest");
    check_refused(TEXT("P3 1 1 255\n1 2 256"), "byte 15: a value is 256 or more, 255 is the most");
    check_refused(TEXT("P3 1 1 255\n1 2 x"), "byte 15: a value was wanted, a number, and the byte 78 came");
    check_refused(TEXT("P3 1 1 255\n1 2   "), "a value was wanted");
}

static const char *const texts[] = { "P6 2 2 255\nabcdefghijkl", "P3 2 #\n1 255\n1 2 3 4 5 6", "P5 2 1 300\n\1\1\1\1" };

TEST(every_cut_of_a_ppm) {
    for (size_t i = 0; i < COUNT(texts); i++)
        for (size_t size = 0; size < strlen(texts[i]); size++) check_refused(texts[i], size, "");
}

TEST(fuzz_ppm) {
    Rng rng = rng_seed(1, 0);
    warning_hook = count_warning;
    int accepted = 0;
    for (int round = 0; round < 30000; round++) {
        char text[64];
        Arena arena = { 0 };
        Image image = { 0 };
        size_t size = strlen(texts[round % 3]);
        memcpy(text, texts[round % 3], size);
        for (uint32_t n = 1 + rng_below(&rng, 3); n > 0; n--)
            text[rng_below(&rng, (uint32_t)size)] =
                rng_below(&rng, 2) ? "0123456789# \n"[rng_below(&rng, 13)] : (char)rng_below(&rng, 256);
        unsigned sum = 0;
        bool ok = decode(&arena, text, size, &image, NULL);
        for (int i = 0; ok && i < image.width * image.height * 3; i++) sum += image.rgb[i];
        accepted += ok && sum < UINT32_MAX;
        arena_free(&arena);
    }
    CHECK(accepted > 1000 && accepted < 29000, "%d of 30000 were accepted", accepted);
}

/* ---- files ------------------------------------------------------------------------------------------------------ */

static Image noise(Arena *arena, Rng *rng, int width, int height) {
    Image image = image_new(arena, width, height);
    for (int i = 0; i < width * height * 3; i++) image.rgb[i] = (uint8_t)rng_next(rng);
    return image;
}

static bool same(Image a, Image b) {
    return a.width == b.width && a.height == b.height && !memcmp(a.rgb, b.rgb, (size_t)(a.width * a.height * 3));
}

/* The window of width x height pixels whose top left pixel is (left, top). */
static Image crop(Arena *arena, Image image, int left, int top, int width, int height) {
    Image window = image_new(arena, width, height);
    for (int y = 0; y < height; y++)
        memcpy(window.rgb + y * width * 3, image.rgb + ((top + y) * image.width + left) * 3, (size_t)width * 3);
    return window;
}

TEST(what_is_written_is_read) {
    static const char *const names[] = { "a.ppm", "a.png", "a" };
    Arena arena = { 0 };
    Rng rng = rng_seed(2, 0);
    for (size_t i = 0; i < COUNT(names); i++) {
        char path[1100];
        Image image = noise(&arena, &rng, 7, 5), got;
        Err err;
        File file;
        snprintf(path, sizeof path, "%s/%s", check_folder(), names[i]);
        CHECK(image_write(path, image, &err) && image_read(&arena, path, &got, &err), "%s", err.text);
        CHECK(same(image, got), "%s differs", names[i]);
        CHECK(file_open(&file, path, &err) && file.data[0] == (i == 0 ? 'P' : 0x89), "%s", names[i]);
        file_close(&file);
    }
    arena_free(&arena);
}

TEST(files_that_are_no_pictures) {
    Arena arena = { 0 };
    Image image = { .width = -1 };
    Err err;
    char path[1100];
    OutFile out;
    CHECK(!image_read(&arena, "no/such.png", &image, &err) && strstr(err.text, "no/such.png"), "%s", err.text);
    CHECK(!image_read(&arena, check_folder(), &image, &err) && strstr(err.text, "folder"), "%s", err.text);
    snprintf(path, sizeof path, "%s/empty.png", check_folder());
    CHECK(out_open(&out, path, &err) && out_commit(&out, &err), "%s", err.text);
    CHECK(!image_read(&arena, path, &image, &err) && strstr(err.text, "empty.png: byte 0: the file is empty"), "%s",
          err.text);
    CHECK(image.width == -1 && arena_held(&arena) == 0, "%s", "nothing was touched");
    check_refused(TEXT("\xff\xd8\xff\xe0 and so on"), "byte 2: the file ends before the picture is complete");
    check_refused(TEXT("GIF89a"), "this is a GIF file, a PNG, JPEG, PPM or PGM picture was wanted");
    check_refused(TEXT("P"), "the file begins with 50 00");
    check_refused(TEXT("P7"), "the file begins with 50 37");
    check_refused(TEXT("hello"), "this is a text, a PNG, JPEG, PPM or PGM picture was wanted");
    check_refused(TEXT("hel\0o"), "the file begins with 68 65");
    check_refused(TEXT("\x89PNG\n"), "the first 8 bytes are damaged");
    CHECK(!image_write(check_folder(), (Image){ 0 }, &err) && strstr(err.text, "folder"), "%s", err.text);
}

/* ---- cutting and resizing --------------------------------------------------------------------------------------- */

TEST(a_picture_without_pixels_stops) {
    Arena arena = { 0 };
    CHECK_STOPS(image_new(&arena, 0, 3), EXIT_CONTRACT, "0 x 3");
}

/* Keys (1981) with a = -1/2, in his own form. */
static double keys(double s) {
    s = fabs(s);
    return s < 1 ? 1.5 * s * s * s - 2.5 * s * s + 1 : s < 2 ? -0.5 * s * s * s + 2.5 * s * s - 4 * s + 2 : 0;
}

/* The sum over all samples as the header has it: n numbers `stride` apart into m. */
static void axis_resize(const double *in, int n, double *out, int m, size_t stride) {
    double ratio = (double)n / m, wide = ratio > 1 ? ratio : 1;
    for (int i = 0; i < m; i++) {
        double sum = 0, total = 0;
        for (int j = 0; j < n; j++) {
            double k = keys((j + 0.5 - (i + 0.5) * ratio) / wide);
            sum += k * in[(size_t)j * stride];
            total += k;
        }
        out[(size_t)i * stride] = fmin(255, fmax(0, floor(sum / total + 0.5)));
    }
}

TEST(resize_is_the_formula) {
    Rng rng = rng_seed(4, 0);
    int exact = 0, bytes = 0;
    for (int round = 0; round < 150; round++) {
        static double in[3 * 40 * 40], between[3 * 60 * 40], out[3 * 60 * 60];
        Arena arena = { 0 };
        int w = 1 + (int)rng_below(&rng, 40), h = 1 + (int)rng_below(&rng, 40);
        int W = 1 + (int)rng_below(&rng, 60), H = 1 + (int)rng_below(&rng, 60);
        Image image = noise(&arena, &rng, w, h), got = image_resize(&arena, image, W, H);
        for (int i = 0; i < w * h * 3; i++) in[i] = image.rgb[i];
        for (int y = 0; y < h; y++)
            for (int c = 0; c < 3; c++) axis_resize(in + 3 * y * w + c, w, between + 3 * y * W + c, W, 3);
        for (int x = 0; x < 3 * W; x++) axis_resize(between + x, h, out + x, H, 3 * (size_t)W);
        for (int i = 0; i < W * H * 3; i++) {
            CHECK(fabs(got.rgb[i] - out[i]) <= 1, "%d x %d to %d x %d: byte %d is %d, not %g", w, h, W, H, i,
                  got.rgb[i], out[i]);
            exact += got.rgb[i] == out[i];
            bytes++;
        }
        arena_free(&arena);
    }
    CHECK(exact > 0.999 * bytes, "%d of %d bytes are exact", exact, bytes); /* the rest: halves rounded otherwise */
}

TEST(resize_of_flat_and_of_the_same_size) {
    Arena arena = { 0 };
    Rng rng = rng_seed(5, 0);
    Image image = noise(&arena, &rng, 23, 17), flat = image_new(&arena, 13, 29);
    CHECK(same(image_resize(&arena, image, 23, 17), image), "%s", "to the same size");
    for (int level = 0; level < 256; level += 51) {
        memset(flat.rgb, level, 13 * 29 * 3);
        Image got = image_resize(&arena, flat, 50, 7);
        for (int i = 0; i < 50 * 7 * 3; i++) CHECK(got.rgb[i] == level, "%d became %d", level, got.rgb[i]);
    }
    CHECK_STOPS(image_resize(&arena, flat, 0, 5), EXIT_CONTRACT, "to 0 x 5");
    arena_free(&arena);
}

/* With the shorter side as wanted already, only the window is left to choose: half of what is over, halves to even. */
TEST(clip_crop_rounds_the_margin_to_even) {
    static const int margins[][2] = {
        { 4, 0 }, { 5, 0 }, { 6, 1 }, { 7, 2 }, { 8, 2 }, { 9, 2 }, { 10, 3 }, { 11, 4 }
    };
    Arena arena = { 0 };
    Rng rng = rng_seed(6, 0);
    for (size_t i = 0; i < COUNT(margins); i++) {
        int length = margins[i][0], margin = margins[i][1];
        Image wide = noise(&arena, &rng, length, 4), tall = noise(&arena, &rng, 4, length);
        CHECK(same(image_clip_crop(&arena, wide, 4), crop(&arena, wide, margin, 0, 4, 4)), "%d x 4", length);
        CHECK(same(image_clip_crop(&arena, tall, 4), crop(&arena, tall, 0, margin, 4, 4)), "4 x %d", length);
    }
    arena_free(&arena);
}

/* The window alone is computed, and must be what cutting it from the whole gives. */
TEST(clip_crop_is_resize_and_crop) {
    Rng rng = rng_seed(7, 0);
    for (int round = 0; round < 60; round++) {
        Arena arena = { 0 };
        int w = 1 + (int)rng_below(&rng, 70), h = 1 + (int)rng_below(&rng, 70), side = 1 + (int)rng_below(&rng, 40);
        int W = w <= h ? side : side * w / h, H = w <= h ? side * h / w : side;
        Image image = noise(&arena, &rng, w, h), whole = image_resize(&arena, image, W, H);
        int left = (int)nearbyint((W - side) / 2.0), top = (int)nearbyint((H - side) / 2.0);
        CHECK(same(image_clip_crop(&arena, image, side), crop(&arena, whole, left, top, side, side)), "%d x %d to %d",
              w, h, side);
        arena_free(&arena);
    }
}

TEST(clip_crop_of_absurd_shapes) {
    Arena arena = { 0 };
    Image thread = image_new(&arena, 1, 3000000);
    memset(thread.rgb, 77, 9000000);
    Image got = image_clip_crop(&arena, thread, 224);
    for (int i = 0; i < 224 * 224 * 3; i++) CHECK(got.rgb[i] == 77, "byte %d is %d", i, got.rgb[i]);
    thread.width = thread.height;
    thread.height = 1;
    CHECK(image_clip_crop(&arena, thread, 1).rgb[2] == 77, "%s", "a wide one");
    CHECK(image_resize(&arena, thread, 2, 2).height == 2, "%s", "any reduction ends");
    CHECK_STOPS(image_clip_crop(&arena, thread, 0), EXIT_CONTRACT, "a side of 0");
    arena_free(&arena);
}

/* 32x32 comes with the tests; the others are there when CLIP_REFERENCE names a folder that has them. */
TEST(clip_crop_of_the_reference) {
    static const char *const sizes[] = { "32x32", "120x160", "160x120", "224x224", "501x227", "640x480" };
    for (size_t i = 0; i < (getenv("CLIP_REFERENCE") ? COUNT(sizes) : 1); i++) {
        Arena arena = { 0 };
        Image image;
        File want;
        Err err;
        char file[64];
        int worst = 0;
        snprintf(file, sizeof file, "images/resize_%s.png", sizes[i]);
        CHECK(image_read(&arena, check_reference(file), &image, &err), "%s", err.text);
        snprintf(file, sizeof file, "images/resize_%s.to224.rgb", sizes[i]);
        CHECK(file_open(&want, check_reference(file), &err), "%s", err.text);
        CHECK(want.size == 224 * 224 * 3, "%zu bytes", want.size);
        Image got = image_clip_crop(&arena, image, 224);
        for (size_t k = 0; k < want.size; k++) worst = MAX(worst, abs(got.rgb[k] - want.data[k]));
        CHECK(worst == 0, "%s: the worst error is %d", sizes[i], worst);
        file_close(&want);
        arena_free(&arena);
    }
}

TESTS(ppm_of_every_kind, ppm_headers_that_cannot_be, ppm_comments_before_the_data, a_comment_in_doubt_is_told,
      ppm_that_promises_too_much_takes_no_memory, ppm_values_that_cannot_be, every_cut_of_a_ppm, fuzz_ppm,
      what_is_written_is_read, files_that_are_no_pictures, a_picture_without_pixels_stops, resize_is_the_formula,
      resize_of_flat_and_of_the_same_size, clip_crop_rounds_the_margin_to_even, clip_crop_is_resize_and_crop,
      clip_crop_of_absurd_shapes, clip_crop_of_the_reference)
