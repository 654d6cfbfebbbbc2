/* version: the version of this toolkit, as the file VERSION says it ("1.0.0": semver.org). */
#ifndef VERSION_H
#define VERSION_H

const char *clip_version(void);

#endif
