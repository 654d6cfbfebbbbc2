/* check-image: compares the pixels of a picture, or their preprocessing for CLIP, with expected ones. */
#include "core/version.h"
#include "core/arena.h"
#include "core/file.h"
#include "formats/image_file.h"

#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "check-image PICTURE PIXELS.rgb [SIDE]\n"
    "  PICTURE     a PNG, PPM or PGM file\n"
    "  PIXELS.rgb  the bytes expected: red, green, blue of each pixel, row after row, nothing else\n"
    "  SIDE        compare CLIP's preprocessing to SIDE x SIDE instead (224 for most models)\n"
    "Holds when every byte is equal; with SIDE when every byte is within 1.\n"
    "Exit status: 0 holds, 1 does not, 2 the command line is wrong.\n";

/* Prints the largest error; true when it is allowed. */
static bool compare(const char *path, Image image, File want, int allowed) {
    size_t bytes = (size_t)image.width * (size_t)image.height * 3, different = 0, worst_at = 0;
    int worst = 0;
    if (want.size != bytes)
        die("%s: %zu bytes came, %d x %d x 3 = %zu were wanted", path, want.size, image.width, image.height, bytes);
    for (size_t i = 0; i < bytes; i++) {
        int error = abs(image.rgb[i] - want.data[i]);
        if (error > worst) {
            worst = error;
            worst_at = i;
        }
        different += error != 0;
    }
    printf("%s: %d x %d, worst error %d (allowed %d)", path, image.width, image.height, worst, allowed);
    if (worst > 0) {
        size_t pixel = worst_at / 3, width = (size_t)image.width;
        printf(", first at x %zu y %zu %s; %zu of %zu bytes differ", pixel % width, pixel / width,
               (const char *[]){ "red", "green", "blue" }[worst_at % 3], different, bytes);
    }
    puts(worst <= allowed ? ": holds" : ": DOES NOT HOLD");
    return worst <= allowed;
}

int main(int argc, char **argv) {
    if (version_asked(argc, argv)) return status_printed(0);
    long long side = 0;
    if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) return fputs(usage, stdout) == EOF;
    if (argc < 3 || argc > 4)
        die_usage("check-image PICTURE PIXELS.rgb [SIDE], %d arguments came; try --help", argc - 1);
    if (argc == 4 && !parse_int(argv[3], 1, 4096, &side))
        die_usage("check-image: SIDE is \"%s\", a whole number from 1 to 4096 was wanted", argv[3]);
    Arena arena = { 0 };
    Image image;
    File want;
    Err err;
    if (!image_read(&arena, argv[1], &image, &err) || !file_open(&want, argv[2], &err)) die("%s", err.text);
    if (side) image = image_clip_crop(&arena, image, (int)side);
    bool holds = compare(argv[1], image, want, side ? 1 : 0);
    file_close(&want);
    arena_free(&arena);
    return status_printed(holds ? 0 : EXIT_TROUBLE);
}
