/* version: the version of this toolkit, as the file VERSION says it ("1.0.0": semver.org). */
#ifndef VERSION_H
#define VERSION_H

#include "core/base.h"

/* "1.0.0". It stays to the end of the program. */
const char *clip_version(void);

/* Whether `--version` is the only word of a command line; prints "PROGRAM (CLIP from scratch) VERSION" then. */
bool version_asked(int argc, char **argv);

#endif
