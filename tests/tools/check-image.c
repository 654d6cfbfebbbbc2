/* check-image: compares the pixels of a picture, or their preprocessing for CLIP, with expected ones. */
#include "core/version.h"
#include "core/arena.h"
#include "core/file.h"
#include "formats/image_file.h"
#include "show/term_fit.h"

#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "check-image PICTURE PIXELS.rgb [SIDE] [--within N]\n"
    "  PICTURE     a PNG, JPEG, PPM or PGM file\n"
    "  PIXELS.rgb  the bytes expected: red, green, blue of each pixel, row after row, nothing else\n"
    "  SIDE        compare CLIP's preprocessing to SIDE x SIDE instead (224 for most models)\n"
    "  --within N  no byte may differ by more than N, nor all of them by more than N / 10 on average\n"
    "Prints the largest and the mean difference. Without --within every byte must be equal, with SIDE within 1.\n"
    "Exit status: 0 holds, 1 does not, 2 the command line is wrong.\n";

/* Prints the differences; true when they are allowed. */
static bool compare(const char *path, Image image, File want, int allowed, double mean_allowed) {
    size_t bytes = (size_t)image.width * (size_t)image.height * 3, different = 0, worst_at = 0;
    int worst = 0;
    double sum = 0;
    if (want.size != bytes)
        die("%s: %zu bytes came, %d x %d x 3 = %zu were wanted", path, want.size, image.width, image.height, bytes);
    for (size_t i = 0; i < bytes; i++) {
        int error = abs(image.rgb[i] - want.data[i]);
        if (error > worst) {
            worst = error;
            worst_at = i;
        }
        different += error != 0;
        sum += error;
    }
    double mean = sum / (double)bytes;
    bool holds = worst <= allowed && mean <= mean_allowed;
    printf("%s: %d x %d, worst error %d (allowed %d), mean %.4f", path, image.width, image.height, worst, allowed,
           mean);
    if (worst > 0) {
        size_t pixel = worst_at / 3, width = (size_t)image.width;
        printf(", first at x %zu y %zu %s; %zu of %zu bytes differ", pixel % width, pixel / width,
               (const char *[]){ "red", "green", "blue" }[worst_at % 3], different, bytes);
    }
    puts(holds ? ": holds" : ": DOES NOT HOLD");
    return holds;
}

int main(int argc, char **argv) {
    term_fit_output();
    if (version_asked(argc, argv)) return status_printed(0);
    const char *words[3] = { 0 };
    long long side = 0, within = -1;
    int count = 0;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) return fputs(usage, stdout) == EOF;
        if (!strcmp(argv[i], "--within")) {
            const char *number = i + 1 < argc ? argv[++i] : "";
            if (!parse_int(number, 0, 255, &within))
                die_usage("check-image: --within is \"%s\", a whole number from 0 to 255 was wanted", number);
        } else if (argv[i][0] == '-' && argv[i][1] == '-') {
            die_usage("check-image: there is no option %s; try --help", argv[i]);
        } else {
            if (count < 3) words[count] = argv[i];
            count++;
        }
    }
    if (count < 2 || count > 3)
        die_usage("check-image PICTURE PIXELS.rgb [SIDE] [--within N], %d arguments came; try --help", count);
    if (count == 3 && !parse_int(words[2], 1, 4096, &side))
        die_usage("check-image: SIDE is \"%s\", a whole number from 1 to 4096 was wanted", words[2]);
    Arena arena = { 0 };
    Image image;
    File want;
    Err err;
    if (!image_read(&arena, words[0], &image, &err) || !file_open(&want, words[1], &err)) die("%s", err.text);
    if (side) image = image_clip_crop(&arena, image, (int)side);
    int allowed = within >= 0 ? (int)within : side ? 1 : 0;
    bool holds = compare(words[0], image, want, allowed, within >= 0 ? allowed / 10.0 : allowed);
    file_close(&want);
    arena_free(&arena);
    return status_printed(holds ? 0 : EXIT_TROUBLE);
}
