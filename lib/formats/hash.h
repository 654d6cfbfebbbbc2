/* hash: MD5 and SHA-256 sums, by which a downloaded file is compared with the one that its publisher has.
 *
 * MD5 detects accidents (a cut download, another file). It does not protect against a forger (RFC 6151). No two files
 * with the same SHA-256 sum are known.
 */
#ifndef HASH_H
#define HASH_H

#include "core/base.h"

enum { MD5_HEX = 33, SHA256_HEX = 65, SHA256_BYTES = 32 }; /* _HEX: hexadecimal digits and the final zero byte */

/* The MD5 sum (RFC 1321) and the SHA-256 sum (FIPS 180-4, section 6.2) of `size` bytes, in lower-case hexadecimal
 * digits or as bytes. They never fail. */
void md5_hex(const void *data, size_t size, char hex[MD5_HEX]);
void sha256_bytes(const void *data, size_t size, uint8_t sum[SHA256_BYTES]);
/* The same of data that come in pieces: any number of sha256_add between begin and end. */
typedef struct {
    uint32_t word[8];
    uint8_t rest[64]; /* the last size % 64 bytes */
    uint64_t size;    /* of all pieces so far */
} Sha256;

/* The state before the first byte; the caller's, nothing to free. */
Sha256 sha256_begin(void);
void sha256_add(Sha256 *sum, const void *data, size_t size);
void sha256_end(Sha256 *sum, uint8_t bytes[SHA256_BYTES]);

/* 32 bytes as 64 digits. */
void sha256_digits(const uint8_t sum[SHA256_BYTES], char hex[SHA256_HEX]);
void sha256_hex(const void *data, size_t size, char hex[SHA256_HEX]);

#endif
