/* image_convert: other kinds of pictures are read through a converter; its absence or failure is explained. The
 * converters are small scripts made here; a real one is tried when it is installed. */
#include "formats/image_convert.h"
#include "core/arena.h"
#include "core/file.h"
#include "check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char *real_path;    /* PATH as it was */
static const char *folder; /* the test's */

static void write_file(const char *path, const void *data, size_t size) {
    OutFile out;
    Err err;
    CHECK(out_open(&out, path, &err), "%s", err.text);
    out_write(&out, data, size);
    CHECK(out_commit(&out, &err), "%s", err.text);
}

static const char *in_folder(Arena *arena, const char *name) { return arena_print(arena, "%s/%s", folder, name); }

/* From now on PATH has nothing but "bin" in the test's folder. */
static void begin(Arena *arena) {
    Err err;
    folder = check_folder();
    real_path = arena_text(arena, getenv("PATH"));
    CHECK(folder_make(in_folder(arena, "bin"), &err), "%s", err.text);
    setenv("PATH", in_folder(arena, "bin"), 1);
}

/* A converter that is a shell script. It gets the usual PATH back. */
static void program(Arena *arena, const char *name, const char *text) {
    const char *path = in_folder(arena, arena_print(arena, "bin/%s", name));
    char *all = arena_print(arena, "#!/bin/sh\nPATH='%s'\n%s\n", real_path, text);
    write_file(path, all, strlen(all));
    CHECK(chmod(path, 0755) == 0, "%s", path);
}

static const char *photo(Arena *arena, const char *name) {
    const char *path = in_folder(arena, name);
    write_file(path, "GIF89a, not much of a photo", 27);
    return path;
}

static void check_refused(Arena *arena, const char *path, const char *what) {
    Image image = { .width = -1 };
    Err err;
    CHECK(!image_read_any(arena, path, &image, &err), "%s was read", path);
    CHECK(strstr(err.text, what), "\"%s\" was said, \"%s\" was wanted", err.text, what);
    CHECK(!strchr(err.text, '\n') && image.width == -1 && !image.rgb, "%s", err.text);
}

#define GOOD "printf 'P6 2 1 255\\n\\001\\002\\003\\004\\005\\006'"

static void check_good(Arena *arena, const char *path) {
    Image image;
    Err err;
    CHECK(image_read_any(arena, path, &image, &err), "%s", err.text);
    CHECK(image.width == 2 && image.height == 1 && !memcmp(image.rgb, "\1\2\3\4\5\6", 6), "%d x %d", image.width,
          image.height);
}

TEST(picture_without_any_converter) {
    Arena arena = { 0 };
    begin(&arena);
    check_refused(&arena, photo(&arena, "a.gif"),
                  "a.gif: this is a GIF file, and JPEG, PNG and PPM alone can be read "
                  "without help; install ImageMagick (magick or convert) or ffmpeg, or save it as PNG");
    write_file(in_folder(&arena, "a.ppm"), "P6 2 1 255\n\1\2\3\4\5\6", 17);
    check_good(&arena, in_folder(&arena, "a.ppm"));
    unsetenv("PATH");
    check_refused(&arena, photo(&arena, "a.gif"), "install");
    arena_free(&arena);
}

TEST(picture_kinds) {
    static const struct {
        const char *bytes;
        size_t size;
        const char *told;
    } files[] = {
        { "GIF89a", 6, "gif:-[0]" },
        { "RIFF....WEBPVP8 ", 16, "webp:-[0]" },
        { "BM....", 6, "bmp:-[0]" },
        { "II*\0", 4, "tiff:-[0]" },
        { "MM\0*", 4, "tiff:-[0]" },
        { "\0\0\0\x1c"
          "ftypavif",
          12, "avif:-[0]" },
        { "\0\0\0\x18"
          "ftypheic",
          12, "heic:-[0]" },
        { "\0\0\0\x0cjP  \r\n\x87\n", 12, "jp2:-[0]" },
        { "\0\0\0\x0cJXL \r\n\x87\n", 12, "jxl:-[0]" },
    };
    Arena arena = { 0 };
    begin(&arena);
    const char *path = in_folder(&arena, "some.file");
    for (size_t i = 0; i < COUNT(files); i++) {
        write_file(path, files[i].bytes, files[i].size);
        program(
            &arena, "magick",
            arena_print(&arena, "[ \"$1\" = '%s' ] && [ $(wc -c) -eq %zu ] && " GOOD, files[i].told, files[i].size));
        check_good(&arena, path);
    }
    static const char *const others[] = { "<svg/>",   "%!PS-Adobe", "push graphic-context",     "P8 ",
                                          "\xff\xd8", "II*",        "https://example.org/a.jpg" };
    for (size_t i = 0; i < COUNT(others); i++) {
        write_file(path, others[i], strlen(others[i]));
        check_refused(&arena, path, "a PNG, JPEG, PPM or PGM picture was wanted");
    }
    write_file(path, "", 0);
    check_refused(&arena, path, "the file is empty");
    check_refused(&arena, in_folder(&arena, "bin"), "a folder");
    check_refused(&arena, in_folder(&arena, "none.jpg"), "none.jpg: No such file");
    arena_free(&arena);
}

/* The converter must not see a name: ImageMagick reads "https:", "ephemeral:" and "@list" as commands. */
TEST(picture_names_are_harmless) {
    static const char *const names[] = {
        "-delete.gif",     "--version",    "ephemeral:a.gif", "msl:a.gif", "@list.gif",   "a'b\"c.gif",
        "$(exit 3).gif",   "`id`.gif",     "a b.gif",         "%d.gif",    "a;b&c|d.gif", "a[1].gif",
        "line\nbreak.gif", "\xc3\xa9.gif", "*.gif",           "\\.gif",
    };
    Arena arena = { 0 };
    begin(&arena);
    program(&arena, "convert", "[ \"$*\" = 'gif:-[0] -alpha off -colorspace sRGB -depth 8 ppm:-' ] && " GOOD);
    CHECK(chdir(folder) == 0, "%s", folder);
    for (size_t i = 0; i < COUNT(names); i++) {
        photo(&arena, names[i]);
        check_good(&arena, names[i]);
        CHECK(file_exists(names[i]), "%s is gone", names[i]);
    }
    arena_free(&arena);
}

TEST(picture_converters_in_turn) {
    Arena arena = { 0 };
    begin(&arena);
    const char *gif = photo(&arena, "a.gif");
    program(&arena, "ffmpeg", GOOD);
    check_good(&arena, gif);
    program(&arena, "magick", "echo 'no decode delegate' >&2; echo more >&2; exit 1");
    check_good(&arena, gif);
    program(&arena, "ffmpeg", "printf 'something \\033[31mterrible\\nand more' >&2; exit 7");
    check_refused(&arena, gif, "ffmpeg could not convert this GIF file: \"something \\u001b[31mterrible\"");
    program(&arena, "ffmpeg", "kill -9 $$");
    check_refused(&arena, gif, "it failed without a message");
    program(&arena, "ffmpeg", ":");
    check_refused(&arena, gif, "a.gif, as converted by ffmpeg: byte 0: the file is empty");
    program(&arena, "ffmpeg", "printf 'P6 9 9 255\\nabc'");
    check_refused(&arena, gif, "a.gif, as converted by ffmpeg: byte");
    program(&arena, "ffmpeg", "exec >&- 2>&-; exit 0");
    check_refused(&arena, gif, "the file is empty");
    program(&arena, "ffmpeg", "head -c 300000 /dev/zero | tr '\\0' x >&2; " GOOD); /* more than a pipe holds */
    check_good(&arena, gif);
    arena_free(&arena);
}

/* An empty entry of PATH is the current folder; an entry that is too long for a path is passed over. */
TEST(picture_converters_along_the_path) {
    Arena arena = { 0 };
    begin(&arena);
    const char *gif = photo(&arena, "a.gif");
    char *longest = arena_alloc(&arena, 6000, 1);
    memset(longest, 'x', 5999);
    longest[5999] = '\0';
    program(&arena, "magick", GOOD);
    setenv("PATH", arena_print(&arena, "%s:/no/such/folder:%s", longest, in_folder(&arena, "bin")), 1);
    check_good(&arena, gif);
    CHECK(chdir(in_folder(&arena, "bin")) == 0, "%s", "chdir");
    setenv("PATH", "/no/such/folder::/nor/this", 1);
    check_good(&arena, gif);
    setenv("PATH", "/no/such/folder", 1);
    check_refused(&arena, gif, "install");
    arena_free(&arena);
}

/* Megabytes come in pieces, and are put together. */
TEST(picture_of_many_pieces) {
    Arena arena = { 0 };
    Image image;
    Err err;
    begin(&arena);
    program(&arena, "magick", "printf 'P6 1200 1000 255\\n'; head -c 3600000 /dev/zero | tr '\\0' x");
    CHECK(image_read_any(&arena, photo(&arena, "a.gif"), &image, &err), "%s", err.text);
    CHECK(image.width == 1200 && image.height == 1000, "%d x %d", image.width, image.height);
    for (int i = 0; i < 3600000; i++) CHECK(image.rgb[i] == 'x', "number %d is %d", i, image.rgb[i]);
    arena_free(&arena);
}

/* JPEG is read by our own reader: no converter is asked, even when the file is damaged. */
TEST(jpeg_needs_no_converter) {
    Arena arena = { 0 };
    begin(&arena);
    const char *path = in_folder(&arena, "a.jpg");
    static const char *const programs[] = { "magick", "convert", "ffmpeg", "djpeg" };
    for (size_t i = 0; i < COUNT(programs); i++) program(&arena, programs[i], GOOD);
    write_file(path, "\xff\xd8\xff\xe0 not much of a photo", 25);
    check_refused(&arena, path, "a.jpg: byte 2: the file ends before the picture is complete");
    Image image;
    Err err;
    CHECK(image_read_any(&arena, "tests/images/jpeg/444.jpg", &image, &err), "%s", err.text);
    CHECK(image.width == 33 && image.height == 17, "%d x %d", image.width, image.height);
    arena_free(&arena);
}

/* The process may open so many files and no more: whatever cannot be had, it is said, and all is closed again. */
TEST(picture_with_too_few_descriptors) {
    Arena arena = { 0 };
    begin(&arena);
    const char *path = photo(&arena, "a.gif");
    struct rlimit all, few;
    int refused = 0;
    program(&arena, "magick", GOOD);
    CHECK(getrlimit(RLIMIT_NOFILE, &all) == 0, "%s", "no limit");
    int lowest = open("/dev/null", O_RDONLY), again;
    close(lowest);
    for (rlim_t extra = 1; extra <= 12; extra++) {
        Image image = { 0 };
        Err err;
        few = (struct rlimit){ (rlim_t)lowest + extra, all.rlim_max };
        CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0, "%s", "no limit");
        bool ok = image_read_any(&arena, path, &image, &err);
        CHECK(setrlimit(RLIMIT_NOFILE, &all) == 0, "%s", "no limit");
        CHECK(ok ? image.width == 2 : strstr(err.text, "could not convert this GIF file: ") && !strchr(err.text, '\n'),
              "%d more: %s", (int)extra, err.text);
        refused += !ok && strstr(err.text, "it cannot be run");
        again = open("/dev/null", O_RDONLY);
        CHECK(again == lowest, "%d more: %d is still open", (int)extra, lowest);
        close(again);
    }
    CHECK(refused >= 3 && refused < 12, "%d refused", refused);
    arena_free(&arena);
}

TEST(picture_converters_that_never_end) {
    Arena arena = { 0 };
    begin(&arena);
    const char *path = photo(&arena, "a.gif");
    image_convert_seconds = 0.3;
    program(&arena, "magick", "sleep 100; " GOOD);
    check_refused(&arena, path, "it took too long");
    program(&arena, "magick", "exec >&- 2>&-; sleep 100");
    double start = clock_seconds();
    check_refused(&arena, path, "it failed without a message");
    CHECK(clock_seconds() - start < 20, "%g s", clock_seconds() - start);
    image_convert_seconds = 100;
    program(&arena, "magick", "exec cat /dev/zero");
    check_refused(&arena, path, "the picture has too many pixels");
    arena_free(&arena);
}

/* 40 x 30, red rising to the right, green downwards. */
static Image gradient(Arena *arena) {
    Image image = image_new(arena, 40, 30);
    for (int i = 0; i < 40 * 30; i++) {
        image.rgb[3 * i] = (uint8_t)(6 * (i % 40));
        image.rgb[3 * i + 1] = (uint8_t)(8 * (i / 40));
        image.rgb[3 * i + 2] = 128;
    }
    return image;
}

TEST(picture_by_a_real_converter) {
    Arena arena = { 0 };
    Err err;
    folder = check_folder();
    const char *png = in_folder(&arena, "a.png"), *bmp = in_folder(&arena, "a.bmp");
    Image want = gradient(&arena), got;
    CHECK(image_write(png, want, &err), "%s", err.text);
    const char *command = "cd \"$F\" && { magick a.png a.bmp || convert a.png a.bmp || /usr/bin/convert a.png a.bmp || "
                          "ffmpeg -i a.png a.bmp; } >out 2>&1";
    setenv("F", folder, 1);
    if (system(command) != 0) check_skip("there is no converter to make a BMP with");
    setenv("PATH", arena_print(&arena, "/usr/bin:%s", getenv("PATH")), 1);
    CHECK(image_read_any(&arena, bmp, &got, &err), "%s", err.text);
    CHECK(got.width == 40 && got.height == 30, "%d x %d", got.width, got.height);
    int worst = 0;
    for (int i = 0; i < 40 * 30 * 3; i++) worst = MAX(worst, abs(got.rgb[i] - want.rgb[i]));
    CHECK(worst == 0, "worst difference %d", worst);
    File file;
    CHECK(file_open(&file, bmp, &err), "%s", err.text);
    write_file(in_folder(&arena, "cut.bmp"), file.data, 20);
    check_refused(&arena, in_folder(&arena, "cut.bmp"), "could not convert this BMP file");
    file_close(&file);
    arena_free(&arena);
}

TESTS(picture_without_any_converter, picture_kinds, picture_names_are_harmless, picture_converters_in_turn,
      picture_converters_along_the_path, picture_of_many_pieces, jpeg_needs_no_converter,
      picture_with_too_few_descriptors, picture_converters_that_never_end, picture_by_a_real_converter)
