#include "core/version.h"

#include <string.h>

#ifndef CLIP_VERSION /* tests/build.mk defines it */
#define CLIP_VERSION "unknown"
#endif

const char *clip_version(void) { return CLIP_VERSION; }

bool version_asked(int argc, char **argv) {
    if (argc != 2 || strcmp(argv[1], "--version") != 0) return false;
    const char *slash = strrchr(argv[0], '/');
    printf("%s (CLIP from scratch) %s\n", slash ? slash + 1 : argv[0], clip_version());
    return true;
}
