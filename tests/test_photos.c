/* photos: those photographs of the list that are there, with what they show. */
#include "19-pretrained/photos.h"
#include "core/file.h"
#include "check.h"

#include <stdlib.h>
#include <string.h>

static const char *list_write(Arena *arena, const char *text) {
    const char *path = arena_print(arena, "%s/list.txt", check_folder());
    OutFile out;
    Err err;
    CHECK(out_open(&out, path, &err), "%s", err.text);
    out_write(&out, text, strlen(text));
    CHECK(out_commit(&out, &err), "%s", err.text);
    return path;
}

TEST(photos_that_are_there) {
    Arena arena = { 0 };
    Photos photos;
    Err err;
    const char *list =
        list_write(&arena, "# comment\n\n420.jpg   small picture\nnone.jpg  nothing\nexif-6.jpg\tturned one");
    CHECK(photos_read(&photos, &arena, list, "tests/images/jpeg", &err), "%s", err.text);
    CHECK(photos.n == 2, "%d", photos.n);
    CHECK(!strcmp(photos.name[0], "small picture") && photos.image[0].width == 33, "%s", photos.name[0]);
    CHECK(!strcmp(photos.name[1], "turned one") && photos.image[1].height == 19, "%s", photos.name[1]);
    CHECK(!strcmp(photos.path[1], "tests/images/jpeg/exif-6.jpg"), "%s", photos.path[1]);
    CHECK(photos_read(&photos, &arena, list, "tests/corpus", &err) && photos.n == 0, "%d", photos.n);
    arena_free(&arena);
}

TEST(photos_that_cannot_be_read) {
    Arena arena = { 0 };
    Photos photos;
    Err err;
    CHECK(photos_read(&photos, &arena, "no/list", "tests", &err) && photos.n == 0, "%s", err.text);
    CHECK(!photos_read(&photos, &arena, "tests", "tests", &err) && strstr(err.text, "tests: "), "%s", err.text);
    const char *list = list_write(&arena, "420.jpg\n");
    CHECK(!photos_read(&photos, &arena, list, "tests/images/jpeg", &err), "%s", "a line without a text");
    CHECK(strstr(err.text, "list.txt: \"420.jpg\" has no text behind it"), "%s", err.text);
    list = list_write(&arena, "refused-arithmetic.jpg coded\n");
    CHECK(!photos_read(&photos, &arena, list, "tests/images/jpeg", &err), "%s", "arithmetic coding");
    CHECK(strstr(err.text, "refused-arithmetic.jpg: byte 158: this is a JPEG with arithmetic coding"), "%s", err.text);
    char *many = arena_zero(&arena, 101, 16);
    for (int i = 0; i < 101; i++) strcat(many, "420.jpg small\n");
    CHECK(!photos_read(&photos, &arena, list_write(&arena, many), "tests/images/jpeg", &err), "%s", "101");
    CHECK(strstr(err.text, "more than 100 photographs"), "%s", err.text);
    arena_free(&arena);
}

/* The list that comes with the toolkit. */
TEST(photos_of_the_toolkit) {
    Arena arena = { 0 };
    Photos photos;
    Err err;
    CHECK(photos_read(&photos, &arena, "data/photos.txt", "tests/corpus", &err) && photos.n == 0, "%s", err.text);
    setenv("CLIP_PHOTOS", "somewhere", 1);
    CHECK(!strcmp(photos_folder(), "somewhere"), "%s", photos_folder());
    setenv("CLIP_PHOTOS", "", 1);
    CHECK(!strcmp(photos_folder(), "data/photos"), "%s", photos_folder());
    arena_free(&arena);
}

TESTS(photos_that_are_there, photos_that_cannot_be_read, photos_of_the_toolkit)
