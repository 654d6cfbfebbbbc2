/* md5: the sum by which a downloaded file is known to be the one its author published.
 *
 * It finds accidents (a cut download, a wrong file), which is all it is used for here; it has long been no protection
 * against a forger (RFC 6151).
 */
#ifndef MD5_H
#define MD5_H

#include "core/base.h"

enum { MD5_HEX = 33 }; /* 32 hexadecimal digits and the closing zero */

/* The MD5 sum of `size` bytes (RFC 1321), as lower-case hexadecimal digits in hex. Never fails. */
void md5_hex(const void *data, size_t size, char hex[MD5_HEX]);

#endif
