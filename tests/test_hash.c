/* hash: the published sums of published texts, and every length around the end of a block. */
#include "core/arena.h"
#include "formats/hash.h"
#include "check.h"

#include <string.h>

/* ---- MD5 -------------------------------------------------------------------------------------------------------- */

TEST(md5_of_the_rfc) {
    static const char *const pairs[][2] = {
        /* RFC 1321, appendix A.5 */
        { "", "d41d8cd98f00b204e9800998ecf8427e" },
        { "a", "0cc175b9c0f1b6a831c399e269772661" },
        { "abc", "900150983cd24fb0d6963f7d28e17f72" },
        { "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
        { "abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b" },
        { "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f" },
        { "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
          "57edf4a22be3c955ac49da2e2107b67a" },
    };
    char hex[MD5_HEX];
    for (size_t i = 0; i < COUNT(pairs); i++) {
        md5_hex(pairs[i][0], strlen(pairs[i][0]), hex);
        CHECK(!strcmp(hex, pairs[i][1]), "\"%s\": %s, want %s", pairs[i][0], hex, pairs[i][1]);
    }
}

TEST(md5_around_the_block) {
    static const struct {
        size_t n;
        const char *md5;
    } letters[] = {
        /* n times the letter a; as GNU md5sum has it */
        { 55, "ef1772b6dff9a122358552954ad0df65" }, { 56, "3b0c8ac703f828b04c6c197006d17218" },
        { 63, "b06521f39153d618550606be297466d5" }, { 64, "014842d480b571495a4a0363793f7367" },
        { 65, "c743a45e0d2e6a95cb859adae0248435" }, { 1000000, "7707d6ae4e027c70eea2a935c2296f21" },
    };
    Arena arena = { 0 };
    char hex[MD5_HEX], *many = memset(arena_alloc(&arena, 1000000, 1), 'a', 1000000);
    for (size_t i = 0; i < COUNT(letters); i++) {
        md5_hex(many, letters[i].n, hex);
        CHECK(!strcmp(hex, letters[i].md5), "%zu a: %s, want %s", letters[i].n, hex, letters[i].md5);
    }
    arena_free(&arena);
}

/* ---- SHA-256 ---------------------------------------------------------------------------------------------------- */

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

/* In pieces of every length, the sum of the whole. */
TEST(sha256_in_pieces) {
    uint8_t data[300], want[SHA256_BYTES], got[SHA256_BYTES];
    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)(i * 7 + 3);
    sha256_bytes(data, sizeof data, want);
    for (size_t first = 0; first <= 130; first++)
        for (size_t piece = 1; piece <= 130; piece++) {
            Sha256 sum = sha256_begin();
            sha256_add(&sum, data, first);
            for (size_t i = first; i < sizeof data; i += piece) sha256_add(&sum, data + i, MIN(piece, sizeof data - i));
            sha256_end(&sum, got);
            CHECK(!memcmp(got, want, sizeof want), "pieces of %zu and %zu bytes", first, piece);
        }
}

TESTS(sha256_in_pieces, md5_of_the_rfc, md5_around_the_block, sha256_published, sha256_a_million_letters,
      sha256_every_length)
