/* sha256: the sum by which a downloaded file is known to be the one its publisher has (FIPS 180-4).
 *
 * No two files with the same sum are known, and none can be made on purpose: a file with the right sum is the right file,
 * whatever way it came.
 */
#ifndef SHA256_H
#define SHA256_H

#include "core/base.h"

enum { SHA256_HEX = 65 }; /* 64 hexadecimal digits and the closing zero */

/* The SHA-256 sum of `size` bytes (FIPS 180-4, section 6.2), as lower-case hexadecimal digits in hex. Never fails. */
void sha256_hex(const void *data, size_t size, char hex[SHA256_HEX]);

#endif
