/* image_folder: the pictures of a folder are found, in order; other files are left out with a line. */
#include "13-retrieval/image_folder.h"
#include "core/arena.h"
#include "core/file.h"
#include "formats/image_file.h"
#include "check.h"

#include <string.h>

static Arena arena;

static const char *folder;
static const char *in(const char *name) { return arena_print(&arena, "%s/%s", folder, name); }

TEST(pictures_in_order) {
    Err err;
    folder = check_folder();
    /* 40 x 32: the middle 32 columns are seen. Column x is x * 6 red; b is all green. */
    Image a = image_new(&arena, 40, 32), b = image_new(&arena, 32, 32);
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 40; x++) memcpy(a.rgb + 3 * (y * 40 + x), (uint8_t[]){ (uint8_t)(x * 6), 0, 7 }, 3);
    for (int i = 0; i < 32 * 32; i++) memcpy(b.rgb + 3 * i, (uint8_t[]){ 0, 200, 0 }, 3);
    CHECK(image_write(in("b.ppm"), a, &err) && image_write(in("a.png"), b, &err) &&
              image_write(in(".hidden.ppm"), a, &err),
          "%s", err.text);
    CHECK(folder_make(in("more.png"), &err), "%s", err.text);
    static const char *const others[] = { "e.ppm", "c.ppm", "g.ppm", "d.ppm", "f.ppm" };
    for (size_t i = 0; i < COUNT(others); i++) CHECK(image_write(in(others[i]), b, &err), "%s", err.text);
    OutFile out;
    CHECK(out_open(&out, in("aa.txt"), &err), "%s", err.text);
    fputs("no picture", out.stream);
    CHECK(out_commit(&out, &err), "%s", err.text);
    ImageFolder photos;
    CHECK(image_folder_open(&photos, &arena, folder, &err), "%s", err.text);
    CHECK(photos.set.n == 7 && photos.skipped == 1, "%d pictures, %d skipped", photos.set.n, photos.skipped);
    CHECK(!strcmp(photos.files[0], "a.png") && !strcmp(photos.files[1], "b.ppm"), "%s %s", photos.files[0],
          photos.files[1]);
    for (int i = 2; i < 7; i++) CHECK(photos.files[i][0] == "abcdefg"[i], "file %d is %s", i, photos.files[i]);
    uint8_t rgb[CIFAR_NUMBERS];
    cifar_picture(&photos.set, 0, rgb);
    CHECK(rgb[0] == 0 && rgb[1] == 200 && rgb[CIFAR_NUMBERS - 2] == 200, "%d %d", rgb[0], rgb[1]);
    cifar_picture(&photos.set, 1, rgb);
    CHECK(rgb[0] == 4 * 6 && rgb[3 * 31] == 35 * 6 && rgb[2] == 7, "%d %d %d", rgb[0], rgb[3 * 31], rgb[2]);
    arena_free(&arena);
}

TEST(nothing_there) {
    Err err;
    ImageFolder photos;
    folder = check_folder();
    CHECK(image_folder_open(&photos, &arena, folder, &err) && photos.set.n == 0 && photos.skipped == 0, "%d",
          photos.set.n);
    CHECK(!image_folder_open(&photos, &arena, in("missing"), &err) &&
              strstr(err.text, "a folder of pictures was wanted"),
          "%s", err.text);
    arena_free(&arena);
}

TESTS(pictures_in_order, nothing_there)
