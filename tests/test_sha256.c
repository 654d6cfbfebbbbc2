/* sha256: the published sums of published texts, and every length around the end of a block. */
#include "formats/sha256.h"
#include "core/arena.h"
#include "check.h"

#include <string.h>

static void check_sum(const char *text, size_t size, const char *want) {
    char hex[SHA256_HEX];
    sha256_hex(text, size, hex);
    CHECK(!strcmp(hex, want), "%zu bytes: %s came, %s was wanted", size, hex, want);
}

/* NIST, "Cryptographic Standards and Guidelines: Example Values", SHA-256; and RFC 6234, section 8.5. */
TEST(sha256_published) {
    check_sum("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_sum("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_sum("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(sha256_a_million_letters) {
    Arena arena = { 0 };
    char *text = arena_alloc(&arena, 1000000, 1);
    memset(text, 'a', 1000000);
    check_sum(text, 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    arena_free(&arena);
}

/* The sum of the 130 sums of a, aa, aaa, ...: computed with another program (coreutils' sha256sum). */
TEST(sha256_every_length) {
    char text[130], all[130 * 64], hex[SHA256_HEX];
    memset(text, 'a', sizeof text);
    for (size_t n = 1; n <= 130; n++) {
        sha256_hex(text, n, hex);
        memcpy(all + 64 * (n - 1), hex, 64);
    }
    check_sum(all, sizeof all, "35487033c1ee8a3df90cd88c34bc49436efef3cd4b19101c3b70d84cae3a605f");
}

TESTS(sha256_published, sha256_a_million_letters, sha256_every_length)
