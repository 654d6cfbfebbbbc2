#include "core/version.h"

#ifndef CLIP_VERSION /* tests/build.mk defines it */
#define CLIP_VERSION "unknown"
#endif

const char *clip_version(void) { return CLIP_VERSION; }
