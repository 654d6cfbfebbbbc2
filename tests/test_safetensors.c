/* safetensors: numbers of a file, refusal of broken files, writing and reading again. */
#include "formats/safetensors.h"
#include "core/arena.h"
#include "core/file.h"
#include "check.h"
#include "tensor_file.h"

#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static Arena arena;

static const char *in_folder(const char *name) {
    static const char *folder; /* check_folder empties it, so it is asked once */
    if (!folder) folder = check_folder();
    return arena_print(&arena, "%s/%s", folder, name);
}

static const char *bytes_file(const void *bytes, size_t size) {
    Err err;
    OutFile out;
    const char *path = in_folder("bytes.safetensors");
    CHECK(out_open(&out, path, &err), "%s", err.text);
    out_write(&out, bytes, size);
    CHECK(out_commit(&out, &err), "%s", err.text);
    return path;
}

/* A file of this header and that many bytes of data. */
static const char *header_file(const char *header, size_t data_size) {
    size_t length = strlen(header);
    uint8_t *bytes = arena_zero(&arena, 8 + length + data_size, 1);
    for (size_t i = 0; i < sizeof length; i++) bytes[i] = (uint8_t)(length >> 8 * i);
    memcpy(bytes + 8, header, length);
    return bytes_file(bytes, 8 + length + data_size);
}

/* ---- half precision --------------------------------------------------------------------------------------------- */

static double double_of(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* By definition: a number with 1 sign, `e` exponent and `f` fraction bits, as a double (1 + 11 + 52). */
static double widen(uint64_t bits, int e, int f) {
    uint64_t sign = bits >> (e + f) & 1, exponent = bits >> f & ((1u << e) - 1), fraction = bits & ((1u << f) - 1);
    int bias = (1 << (e - 1)) - 1;
    if (exponent == 0) { /* zero and subnormal: fraction * 2^(1 - bias - f) */
        double x = ldexp((double)fraction, 1 - bias - f);
        return sign ? -x : x;
    }
    bool special = exponent == (1u << e) - 1; /* infinity, NaN */
    uint64_t wide = special ? 0x7ff : exponent + 1023 - (uint64_t)bias;
    return double_of(sign << 63 | wide << 52 | fraction << (52 - f));
}

static double half_widen(uint16_t bits) { return widen(bits, 5, 10); }
static double bfloat_widen(uint16_t bits) { return widen(bits, 8, 7); }

TEST(half_by_hand) {
    const struct {
        uint16_t half;
        double value;
    } cases[] = {
        { 0x0000, 0 },
        { 0x3c00, 1 },
        { 0xc000, -2 },
        { 0x7bff, 65504 },
        { 0x0400, 0x1p-14 },
        { 0x0001, 0x1p-24 },
        { 0x03ff, 1023 * 0x1p-24 },
        { 0x3555, 0.333251953125 },
        { 0x7c00, INFINITY },
        { 0xfc00, -INFINITY },
    };
    for (size_t k = 0; k < COUNT(cases); k++)
        CHECK(half_widen(cases[k].half) == cases[k].value && half_narrow(cases[k].value) == cases[k].half,
              "%04x %g %04x", cases[k].half, half_widen(cases[k].half), half_narrow(cases[k].value));
    CHECK(signbit(half_widen(0x8000)) && half_narrow(-0.0) == 0x8000, "%s", "minus zero");
    CHECK(half_narrow(65519.99) == 0x7bff && half_narrow(65520) == 0x7c00 && half_narrow(1e300) == 0x7c00, "%s",
          "largest");
    CHECK(half_narrow(0x1p-25) == 0 && half_narrow(0x1.000001p-25) == 1 && half_narrow(-1e-300) == 0x8000, "%s",
          "least");
    CHECK(half_narrow(DBL_TRUE_MIN) == 0 && isnan(half_widen(half_narrow(NAN))), "%s", "subnormal double, NaN");
    /* Rounded once: through a float this would become a tie, and then fall to the even side. */
    CHECK(half_narrow(1 + 0x1p-11 + 0x1p-40) == 0x3c01, "%04x", half_narrow(1 + 0x1p-11 + 0x1p-40));
    CHECK(bfloat_widen(0x3f80) == 1 && bfloat_widen(0xff80) == -INFINITY && bfloat_widen(0x0001) == 0x1p-133, "%s",
          "bf16");
    CHECK(bfloat_narrow(FLT_MAX) == 0x7f80 && bfloat_narrow(0x1.fep127) == 0x7f7f, "%04x", bfloat_narrow(FLT_MAX));
}

/* Every one of the 65536: there and back, and every number between two neighbours goes to the nearer, or the even. */
static void all_of(double (*wider)(uint16_t), uint16_t (*narrow)(double), int fraction_bits) {
    uint32_t infinity = 0x7fffu >> fraction_bits << fraction_bits;
    for (uint32_t bits = 0; bits < 65536; bits++) {
        /* A NaN may come back quiet: i386 returns a double in an x87 register. */
        uint32_t back = narrow(wider((uint16_t)bits)),
                 quiet = (bits & 0x7fffu) > infinity ? 1u << (fraction_bits - 1) : 0;
        CHECK((back | quiet) == (bits | quiet), "%04x comes back as %04x", bits, back);
    }
    for (uint32_t bits = infinity + 1; bits < 0x8000; bits++) CHECK(isnan(wider((uint16_t)bits)), "%04x", bits);
    for (uint32_t bits = 0; bits + 1 < infinity; bits++) {
        double low = wider((uint16_t)bits), high = wider((uint16_t)(bits + 1)), middle = low + (high - low) / 2;
        uint32_t even = bits + (bits & 1);
        CHECK(low < high && narrow(middle) == even, "%04x: between", bits);
        CHECK(narrow(nextafter(middle, 0)) == bits && narrow(nextafter(middle, INFINITY)) == bits + 1, "%04x: near",
              bits);
        CHECK(narrow(-middle) == (even | 0x8000), "%04x: negative", bits);
    }
}

TEST(half_all_65536) { all_of(half_widen, half_narrow, 10); }

TEST(bfloat_all_65536) {
    all_of(bfloat_widen, bfloat_narrow, 7);
    for (uint32_t bits = 0; bits < 0x7f80; bits++) { /* a BF16 is the upper half of a float */
        uint32_t wide = bits << 16;
        float x;
        memcpy(&x, &wide, sizeof x);
        CHECK(bfloat_widen((uint16_t)bits) == (double)x, "%04x", bits);
    }
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

TEST(safetensors_reads_bytes_written_by_hand) {
    const char *header = "{\"__metadata__\":{\"k\":\"v\"},"
                         "\"b\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[3,11]},"
                         "\"a\":{\"data_offsets\":[0,3],\"shape\":[3],\"dtype\":\"U8\",\"note\":[1,{}]},"
                         "\"i\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[11,19]},"
                         "\"none\":{\"dtype\":\"F64\",\"shape\":[0,7],\"data_offsets\":[11,11]}}  ";
    static const uint8_t data[] = { 1,    2,    255,  0,    0,    0x80, 0x3f, 0,    0,   0x20,
                                    0xc0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    size_t length = strlen(header);
    uint8_t bytes[1000] = { (uint8_t)length, (uint8_t)(length >> 8) };
    memcpy(bytes + 8, header, length);
    memcpy(bytes + 8 + length, data, sizeof data);
    Safetensors s;
    Err err = { "" };
    CHECK(safetensors_open(&s, &arena, bytes_file(bytes, 8 + length + sizeof data), &err), "%s", err.text);
    CHECK(s.count == 4 && s.meta_count == 1 && !strcmp(safetensors_meta(&s, "k"), "v"), "%d %d", s.count, s.meta_count);
    CHECK(!safetensors_meta(&s, "x") && !safetensors_find(&s, "c") && !safetensors_find(&s, ""), "%s",
          "found what is not");
    num x[2];
    int i[3] = { 0 };
    Mat m = mat_new(&arena, 1, 2);
    const Tensor *b = safetensors_find(&s, "b"), *a = safetensors_find(&s, "a");
    CHECK(tensor_to_nums(b, x, 2, &err) && x[0] == 1 && x[1] == (num)-2.5, "%g %g", (double)x[0], (double)x[1]);
    CHECK(tensor_to_mat(b, m, &err) && AT(m, 0, 1) == (num)-2.5, "%g", (double)AT(m, 0, 1));
    CHECK(tensor_to_ints(a, i, 3, &err) && i[0] == 1 && i[2] == 255, "%d %d", i[0], i[2]);
    CHECK(tensor_to_ints(safetensors_find(&s, "i"), i, 1, &err) && i[0] == -2, "%d", i[0]);
    CHECK(tensor_to_nums(safetensors_find(&s, "none"), x, 0, &err), "%s", err.text);
    CHECK(!tensor_to_mat(b, mat_new(&arena, 2, 1), &err) && strstr(err.text, "\"b\" is [1,2], [2,1] was wanted"), "%s",
          err.text);
    CHECK(!tensor_to_nums(b, x, 1, &err) && strstr(err.text, "2 numbers; 1 were wanted"), "%s", err.text);
    CHECK(!tensor_to_ints(b, i, 2, &err) && strstr(err.text, "is F32 [1,2], 2 whole numbers were wanted"), "%s",
          err.text);
    CHECK(!tensor_to_nums(safetensors_find(&s, "i"), x, 1, &err) && strstr(err.text, "is I64, real"), "%s", err.text);
    safetensors_close(&s);
    bytes[8 + length + sizeof data - 1] = 0x7f;
    CHECK(safetensors_open(&s, &arena, bytes_file(bytes, 8 + length + sizeof data), &err), "%s", err.text);
    CHECK(!tensor_to_ints(safetensors_find(&s, "i"), i, 1, &err) && strstr(err.text, "0 is 9223372036854775806, too"),
          "%s", err.text);
    safetensors_close(&s);
    arena_free(&arena);
}

#define ENTRY(name, dtype, shape, from, to)                                                                            \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" from "," to "]}"

static const struct {
    const char *header;
    size_t data;
    const char *says;
} BROKEN[] = {
    { "{" ENTRY("a", "F32", "[2]", "0", "8") "," ENTRY("b", "F32", "[1]", "4", "8") "}", 8,
      "\"b\" overlaps tensor \"a\"" },
    { "{" ENTRY("a", "U8", "[4]", "0", "4") "," ENTRY("a", "U8", "[4]", "0", "4") "}", 4,
      "tensor \"a\" stands there twice" },
    { "{" ENTRY("a", "U8", "[4]", "0", "4") "," ENTRY("b", "U8", "[4]", "0", "4") "}", 4, "overlaps" },
    { "{" ENTRY("a", "U8", "[4]", "0", "4") "," ENTRY("b", "U8", "[4]", "5", "9") "}", 9, "\"b\": a hole of 1 bytes" },
    { "{" ENTRY("a", "U8", "[4]", "1", "5") "}", 5, "\"a\": a hole of 1 bytes before it, at 0" },
    { "{" ENTRY("a", "U8", "[4]", "0", "4") "}", 5, "1 bytes of data belong to no tensor, from offset 4 on" },
    { "{}", 1, "1 bytes of data belong to no tensor" },
    { "{" ENTRY("a", "F32", "[2]", "0", "8") "}", 7,
      "\"a\": data_offsets [0,8] run past the end of the data of 7 bytes; if the file was cut, fetch it again" },
    { "{" ENTRY("a", "F32", "[2]", "8", "0") "}", 8, "\"a\": data_offsets [8,0] go backwards" },
    { "{" ENTRY("a", "F32", "[3]", "0", "8") "}", 8,
      "\"a\": data_offsets [0,8] hold 8 bytes, F32 [3] needs 3 times 4" },
    { "{" ENTRY("a", "F16", "[2]", "0", "8") "}", 8, "F16 [2] needs 2 times 2" },
    { "{" ENTRY("a", "F32", "[2147483647,2147483647,2147483647]", "0", "8") "}", 8, "more numbers than any machine" },
    { "{" ENTRY("a", "F32", "[2147483647,2147483647,4]", "0", "8") "}", 8, "2147483647" },
    { "{" ENTRY("a", "F64", "[1073741824,1073741824,2]", "0", "0") "}", 0,
      sizeof(size_t) > 4 ? "2305843009213693952 times 8" : "more numbers than any machine holds" },
    { "{" ENTRY("a", "F32", "[2147483648]", "0", "8") "}", 8, "whole number from 0 to 2147483647" },
    { "{" ENTRY("a", "F32", "[-2]", "0", "8") "}", 8, "whole number from 0 to 2147483647" },
    { "{" ENTRY("a", "F32", "[2.0]", "0", "8") "}", 8, "whole number" },
    { "{" ENTRY("a", "F32", "[1,1,1,1,1,1,1,1,2]", "0", "8") "}", 8, "\"a\": more than 8 dimensions" },
    { "{" ENTRY("a", "F32", "2", "0", "8") "}", 8, "wanted an array" },
    { "{" ENTRY("a", "F32", "[2]", "0", "8.0") "}", 8, "whole number" },
    { "{" ENTRY("a", "F32", "[2]", "-8", "0") "}", 8, "whole number" },
    { "{" ENTRY("a", "F32", "[2]", "0", "99999999999999999999") "}", 8, "whole number" },
    { "{" ENTRY("a", "F32", "[2]", "9223372036854775800", "9223372036854775807") "}", 8, "run past the end" },
    { "{" ENTRY("a", "F32", "[2]", "0,4", "8") "}", 8, "\"a\": 3 data_offsets, want 2" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", 8, "\"a\": 1 data_offsets, want 2" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "\"a\": data_offsets is missing" },
    { "{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "\"a\": dtype is missing" },
    { "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, "\"a\": shape is missing" },
    { "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8,
      "\"a\": dtype stands there twice" },
    { "{\"a\":{\"shape\":[2],\"shape\":[],\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8,
      "\"a\": shape stands there twice" },
    { "{" ENTRY("a", "U8", "[4]", "0", "4") "," ENTRY("a", "U8", "[4]", "4", "8") "}", 8,
      "tensor \"a\" stands there twice" },
    { "{" ENTRY("a", "U8", "[4]", "0", "4") "," ENTRY("\\u0061", "U8", "[4]", "4", "8") "}", 8,
      "tensor \"a\" stands there twice" },
    { "{" ENTRY("a", "F8_E8M0", "[8]", "0", "8") "}", 8, "\"a\": dtype \"F8_E8M0\" is not one of F64 F32 F16 BF16" },
    { "{" ENTRY("\\u001b[2J", "f32", "[2]", "0", "8") "}", 8, "\"\\u001b[2J\": dtype \"f32\" is not one of" },
    { "{\"a\":5}", 0, "byte 13: found '5', wanted an object" },
    { "{\"__metadata__\":{\"k\":1}}", 0, "byte 29: found '1', wanted a string" },
    { "{\"__metadata__\":[]}", 0, "wanted an object" },
    { "{\"__metadata__\":{},\"__metadata__\":{}}", 0, "\"__metadata__\" stands there twice" },
    { "{\"__metadata__\":{\"k\":\"1\",\"k\":\"1\"}}", 0, "metadata \"k\" stands there twice" },
    { "{" ENTRY("\xff", "U8", "[4]", "0", "4") "}", 4, "byte 10: found byte 0xff, wanted well-formed UTF-8" },
    { "{" ENTRY("a", "U8", "[4]", "0", "4") "", 4, "wanted ',' or '}'" },
    { "{" ENTRY("a", "U8", "[4]", "0", "4") "}}", 4, "wanted nothing more" },
    { "{]", 0, "byte 9: found ']'" },
    { " {}", 0, "byte 8: the header must begin with '{'" },
    { "[]", 0, "byte 8: the header must begin with '{'" },
};

TEST(safetensors_refuses_broken_headers) {
    for (size_t k = 0; k < COUNT(BROKEN); k++) {
        Safetensors s;
        Err err = { "" };
        bool ok = safetensors_open(&s, &arena, header_file(BROKEN[k].header, BROKEN[k].data), &err);
        CHECK(!ok && !s.tensors && !s.file.data, "case %zu is taken: %s", k, BROKEN[k].header);
        CHECK(strstr(err.text, BROKEN[k].says) && strstr(err.text, "bytes.safetensors: ") && !strchr(err.text, '\n'),
              "case %zu says \"%s\", want \"%s\"", k, err.text, BROKEN[k].says);
    }
    arena_free(&arena);
}

TEST(safetensors_refuses_broken_lengths) {
    const struct {
        uint8_t bytes[16];
        size_t size;
        const char *says;
    } cases[] = {
        { { 0 }, 0, "0 bytes are too few" },
        { { 2 }, 7, "7 bytes are too few" },
        { { 2 }, 8, "8 bytes are too few" },
        { { 0 }, 10, "must begin with '{'" },
        { { 3, 0, 0, 0, 0, 0, 0, 0, '{', '}' }, 10, "a header of 3 bytes in a file of 10" },
        { { 2, 0, 0, 0, 0, 0, 0, 0x80, '{', '}' }, 10, "a header of 9223372036854775810 bytes in a file of 10" },
        { { 255, 255, 255, 255, 255, 255, 255, 255, '{', '}' },
          10,
          "a header of 18446744073709551615 bytes in a file of 10" },
        { { 1, 0, 0, 0, 0, 0, 0, 0, '{', '}' }, 10, "byte 9: found the end of the text" },
    };
    Safetensors s;
    Err err;
    for (size_t k = 0; k < COUNT(cases); k++)
        CHECK(!safetensors_open(&s, &arena, bytes_file(cases[k].bytes, cases[k].size), &err) &&
                  strstr(err.text, cases[k].says),
              "case %zu says \"%s\"", k, err.text);
    CHECK(!safetensors_open(&s, &arena, in_folder("missing"), &err) && strstr(err.text, "missing"), "%s", err.text);
    CHECK(!safetensors_open(&s, &arena, in_folder(""), &err) && strstr(err.text, "folder"), "%s", err.text);
    arena_free(&arena);
}

TEST(safetensors_refuses_a_giant_header) {
    static const uint8_t bytes[] = { 0x01, 0xe1, 0xf5, 0x05, 0, 0, 0, 0, '{', '}' }; /* 100,000,001 */
    Safetensors s;
    Err err;
    const char *path = bytes_file(bytes, sizeof bytes);
    CHECK(truncate(path, 100000100) == 0, "%s", "the file cannot be made long"); /* a hole: it takes no disk */
    CHECK(!safetensors_open(&s, &arena, path, &err) && strstr(err.text, "header of 100000001 bytes, at most 100000000"),
          "%s", err.text);
    arena_free(&arena);
}

TEST(metadata_null) {
    Safetensors s;
    Err err;
    uint8_t bytes[8 + 21] = { 21 };
    memcpy(bytes + 8, "{\"__metadata__\":null}", 21);
    const char *path = arena_print(&arena, "%s/null", check_folder());
    file_mock(path, bytes, sizeof bytes);
    CHECK(safetensors_open(&s, &arena, path, &err) && s.meta_count == 0 && !safetensors_meta(&s, "k"), "%s", err.text);
    safetensors_close(&s);
    file_mock(NULL, NULL, 0);
    arena_free(&arena);
}

/* A system has only so many mappings: 65,530 on Linux. */
/* A refused file, that many times. */
static void refused(int rounds) {
    Safetensors s;
    Err err;
    const char *path = header_file("{]", 0);
    Arena own = { 0 };
    for (int i = 0; i < rounds; i++, arena_reset(&own))
        CHECK(!safetensors_open(&s, &own, path, &err) && strstr(err.text, "byte 9"), "round %d: %s", i, err.text);
    arena_free(&own);
    arena_free(&arena);
}

/* How many pieces of memory this process has mapped, where the system tells; else 0. */
static int mappings(void) {
    FILE *list = fopen("/proc/self/maps", "r");
    int count = 0;
    if (!list) return 0;
    for (int c = getc(list); c != EOF; c = getc(list)) count += c == '\n';
    fclose(list);
    return count;
}

/* Fewer files may be open, and fewer pieces may be added, than are refused. */
TEST(safetensors_refused_files_are_closed) {
    enum { ROUNDS = 500, MAPPED = 100 };
    CHECK(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ MAPPED, MAPPED }) == 0, "%s", strerror(errno));
    int before = mappings();
    refused(ROUNDS);
    CHECK(mappings() < before + MAPPED, "%d mappings, then %d", before, mappings());
}
/* More than a Linux process may have mapped. */
TEST(safetensors_refused_files_are_closed_long) { refused(70000); }

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static const int tokens[] = { 0, -1, INT_MIN, INT_MAX }, pixels[] = { 0, 255, 7 };

/* A file with something of everything, its members added in the order of the list or backwards. */
static SafetensorsOut everything(bool backwards) {
    static const double values[] = { 1, -2.5, 0.1, 65504, 1e-7, 3 };
    SafetensorsOut out = safetensors_begin(&arena);
    Mat m = mat_from(&arena, 2, 3, values), scalar = mat_shape(0), none = mat_like(&arena, mat_shape(4, 2, 0, 1, 5));
    scalar.v = m.v + 1;
    for (int i = 0; i < 10; i++) {
        switch (backwards ? 9 - i : i) {
        case 0: safetensors_add(&out, "f16", DTYPE_F16, m); break;
        case 1: safetensors_add(&out, "f32", DTYPE_F32, m); break;
        case 2: safetensors_add(&out, "f64", DTYPE_F64, m); break;
        case 3: safetensors_add(&out, "bf16", DTYPE_BF16, m); break;
        case 4: safetensors_add(&out, "scalar \"\n\xc3\xa9", DTYPE_F32, scalar); break;
        case 5: safetensors_add(&out, "none", DTYPE_F32, none); break;
        case 6: safetensors_add_ints(&out, "bytes", DTYPE_U8, (TensorShape){ 1, { 3 } }, pixels); break;
        case 7: safetensors_add_ints(&out, "i32", DTYPE_I32, (TensorShape){ 5, { 1, 1, 2, 1, 2 } }, tokens); break;
        case 8: safetensors_add_ints(&out, "i64", DTYPE_I64, (TensorShape){ 1, { 4 } }, tokens); break;
        default: safetensors_add_meta(&out, "z", "\\ \"\t\xf0\x9f\x98\x80"); safetensors_add_meta(&out, "a", "");
        }
    }
    return out;
}

static void write_to(const SafetensorsOut *out, const char *path) {
    Err err;
    CHECK(safetensors_write(out, path, &err), "%s", err.text);
}

static void check_same_bytes(const char *a, const char *b) {
    File x, y;
    Err err;
    CHECK(file_open(&x, a, &err) && file_open(&y, b, &err), "%s", err.text);
    CHECK(x.size == y.size && !memcmp(x.data, y.data, x.size), "%s and %s differ", a, b);
    file_close(&x);
    file_close(&y);
}

TEST(safetensors_come_back) {
    SafetensorsOut out = everything(false);
    Safetensors s;
    Err err = { "" };
    write_to(&out, in_folder("all"));
    CHECK(safetensors_open(&s, &arena, in_folder("all"), &err), "%s", err.text);
    CHECK(s.count == 9 && s.meta_count == 4 && s.summed, "%d tensors, %d strings", s.count, s.meta_count);
    CHECK(!strcmp(safetensors_meta(&s, "z"), "\\ \"\t\xf0\x9f\x98\x80") && !*safetensors_meta(&s, "a"), "%s",
          "strings");
    const struct {
        const char *name;
        double error;
    } reals[] = {
        { "f64", 0 },
        { "f32", 0x1p-25 },
        { "f16", 0x1p-11 },
        { "bf16", 0x1p-8 },
    };
    const double want[] = { 1, -2.5, (double)(num)0.1, 65504, (double)(num)1e-7, 3 };
    for (size_t k = 0; k < COUNT(reals); k++) {
        num x[6];
        CHECK(tensor_to_nums(safetensors_find(&s, reals[k].name), x, 6, &err), "%s", err.text);
        for (int i = 0; i < 6; i++) {
            double error = fabs((double)x[i] - want[i]);
            double allowed = reals[k].error * fabs(want[i]) + (k == 2 ? 0x1p-25 : 0);
            CHECK(error <= allowed, "%s %d: %g, want %g", reals[k].name, i, (double)x[i], want[i]);
        }
    }
    int back[4];
    CHECK(tensor_to_ints(safetensors_find(&s, "i32"), back, 4, &err) && !memcmp(back, tokens, sizeof tokens), "%s",
          err.text);
    CHECK(tensor_to_ints(safetensors_find(&s, "i64"), back, 4, &err) && !memcmp(back, tokens, sizeof tokens), "%s",
          err.text);
    CHECK(tensor_to_ints(safetensors_find(&s, "bytes"), back, 3, &err) && !memcmp(back, pixels, sizeof pixels), "%s",
          err.text);
    const Tensor *scalar = safetensors_find(&s, "scalar \"\n\xc3\xa9"), *i32 = safetensors_find(&s, "i32");
    num x;
    CHECK(scalar && scalar->dims == 0 && tensor_to_nums(scalar, &x, 1, &err) && x == (num)-2.5, "%s", "the scalar");
    CHECK(!strcmp(tensor_shape_text(i32), "[1,1,2,1,2]") && !strcmp(tensor_shape_text(scalar), "[]"), "%s", "shapes");
    for (int i = 0; i < s.count; i++)
        CHECK((size_t)(s.tensors[i].data - s.file.data) % dtype_size(s.tensors[i].dtype) == 0, "%s is not aligned",
              s.tensors[i].name);
    safetensors_close(&s);
    arena_free(&arena);
}

TEST(safetensors_same_content_same_bytes) {
    SafetensorsOut forth = everything(false), back = everything(true), copy = safetensors_begin(&arena);
    Safetensors s;
    Err err;
    write_to(&forth, in_folder("forth"));
    write_to(&back, in_folder("back"));
    check_same_bytes(in_folder("forth"), in_folder("back"));
    CHECK(safetensors_open(&s, &arena, in_folder("forth"), &err), "%s", err.text);
    for (int i = 0; i < s.count; i++) tensor_copy(&copy, &s.tensors[i]);
    for (int i = 0; i < s.meta_count; i++) safetensors_add_meta(&copy, s.meta[i].key, s.meta[i].value);
    write_to(&copy, in_folder("copy"));
    safetensors_close(&s);
    check_same_bytes(in_folder("forth"), in_folder("copy"));
    arena_free(&arena);
}

TEST(safetensors_bytes_by_hand) {
    SafetensorsOut out = safetensors_begin(&arena);
    out.no_sum = true;
    safetensors_add(&out, "xy", DTYPE_F32, mat_from(&arena, 1, 1, (double[]){ 1 }));
    write_to(&out, in_folder("one"));
    static const char want[] = "\x40\0\0\0\0\0\0\0{\"xy\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[0,4]}}"
                               "       \0\0\x80\x3f";
    File file;
    Err err;
    CHECK(file_open(&file, in_folder("one"), &err), "%s", err.text);
    CHECK(file.size == sizeof want - 1 && !memcmp(file.data, want, file.size), "%zu bytes, want %zu", file.size,
          sizeof want - 1);
    file_close(&file);
    out = safetensors_begin(&arena);
    out.no_sum = true;
    write_to(&out, in_folder("empty"));
    Safetensors s;
    CHECK(safetensors_open(&s, &arena, in_folder("empty"), &err) && s.count == 0 && s.meta_count == 0 && !s.summed,
          "%s", err.text);
    CHECK(!safetensors_find(&s, "x") && !safetensors_meta(&s, "x"), "%s", "found in an empty file");
    safetensors_close(&s);
    arena_free(&arena);
}

/* SHA-256 of "a" 0 "b" 0 "xy" 0 "F32" 0 "[1,1]" 0 and of the 32 bytes that are the SHA-256 of 00 00 80 3f, by another
 * program (Python's hashlib). */
#define BY_HAND "67ef3f0993fd8ba1e9e33ce798db57c78e842ca9e8e40ae299ceb6a99ce166f2"

TEST(safetensors_sum_by_hand) {
    static const char *const texts[] = {
        "{\"__metadata__\":{\"clip.sha256\":\"" BY_HAND "\",\"a\":\"b\"}," ENTRY("xy", "F32", "[1,1]", "0", "4") "}",
        "{" ENTRY("xy", "F32", "[1,1]", "0", "4") ",\"__metadata__\":{\"a\":\"b\",\"clip.sha256\":\"" BY_HAND "\"}}",
        "{\"__metadata__\":{\"clip.sha256\":\"" BY_HAND "\",\"a\":\"c\"}," ENTRY("xy", "F32", "[1,1]", "0", "4") "}",
        "{\"__metadata__\":{\"clip.version\":\"1.0.0\"}," ENTRY("xy", "F32", "[1,1]", "0", "4") "}"
    };
    static const char *const want[] = { NULL, NULL, "the file was damaged or changed",
                                        "which are written together: the file was damaged or changed; use a copy" };
    for (size_t i = 0; i < COUNT(texts); i++) {
        Safetensors s;
        Err err = { "" };
        size_t length = strlen(texts[i]);
        uint8_t *bytes = arena_zero(&arena, length + 12, 1);
        bytes[0] = (uint8_t)length;
        memcpy(bytes + 8, texts[i], length);
        memcpy(bytes + 8 + length, "\0\0\x80\x3f", 4);
        bool ok = safetensors_open(&s, &arena, bytes_file(bytes, length + 12), &err);
        CHECK(ok == !want[i] && (ok || strstr(err.text, want[i])), "text %zu: \"%s\"", i, err.text);
        if (ok) CHECK(s.summed, "text %zu: no sum", i);
        if (ok) safetensors_close(&s);
    }
    arena_free(&arena);
}

/* Any bit of a file is flipped: it is refused, or (an escape that is spelt otherwise) holds the same. */
TEST(safetensors_no_flipped_bit_is_missed) {
    SafetensorsOut out = everything(false);
    Safetensors s;
    File file;
    Err err;
    int same = 0;
    write_to(&out, in_folder("whole"));
    CHECK(file_open(&file, in_folder("whole"), &err), "%s", err.text);
    uint8_t *bytes = memcpy(arena_alloc(&arena, file.size, 1), file.data, file.size);
    for (size_t bit = 0; bit < 8 * file.size; bit++) {
        Arena own = { 0 };
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        file_mock("flipped", bytes, file.size);
        if (safetensors_open(&s, &own, "flipped", &err)) {
            same++;
            CHECK(s.summed && s.count == 9 && s.meta_count == 4, "bit %zu is not noticed", bit);
            safetensors_close(&s);
        }
        file_mock(NULL, NULL, 0);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        arena_free(&own);
    }
    CHECK(same <= 8, "%d flipped bits change nothing", same);
    file_close(&file);
    arena_free(&arena);
}

TEST(safetensors_refuses_to_write_nonsense) {
    SafetensorsOut out = safetensors_begin(&arena), bad = safetensors_begin(&arena);
    Mat m = mat_zero(&arena, 1, 2);
    const int byte = 256;
    Err err;
    safetensors_add(&out, "x", DTYPE_F32, m);
    CHECK_STOPS(safetensors_add(&out, "__metadata__", DTYPE_F32, m), EXIT_CONTRACT, "__metadata__");
    CHECK_STOPS(safetensors_add(&out, "y", DTYPE_I32, m), EXIT_CONTRACT, "y as I32");
    CHECK_STOPS(safetensors_add_ints(&out, "y", DTYPE_U8, (TensorShape){ 1, { 1 } }, &byte), EXIT_CONTRACT, "256");
    CHECK_STOPS(safetensors_add_ints(&out, "y", DTYPE_I32, (TensorShape){ 1, { -1 } }, &byte), EXIT_CONTRACT, "-1");
    safetensors_add(&out, "x", DTYPE_F64, m);
    CHECK_STOPS(safetensors_write(&out, in_folder("twice"), &err), EXIT_CONTRACT, "x was added twice");
    safetensors_add(&bad, "\xff", DTYPE_F32, m);
    CHECK(!safetensors_write(&bad, in_folder("bad"), &err) && strstr(err.text, "UTF-8"), "%s", err.text);
    CHECK(!file_exists(in_folder("bad")), "%s", "something was written");
    CHECK(!safetensors_write(&bad, in_folder(""), &err), "%s", "a folder was written");
    arena_free(&arena);
}

/* By hand, as IEEE 754 binary64: FLT_MAX, infinity, NaN; and -2^128, which no float holds. */
TEST(safetensors_refuses_too_large_a_number) {
    static const uint8_t bytes[4][8] = { { 0, 0, 0, 0xe0, 0xff, 0xff, 0xef, 0x47 },
                                         { 0, 0, 0, 0, 0, 0, 0xf0, 0x7f },
                                         { 0, 0, 0, 0, 0, 0, 0xf8, 0x7f },
                                         { 0, 0, 0, 0, 0, 0, 0xf0, 0xc7 } };
    Tensor t = {
        .name = "x", .file = "w", .dtype = DTYPE_F64, .dims = 1, .shape = { 3 }, .count = 3, .data = bytes[0]
    };
    num out[4] = { 0, 0, 0, 7 };
    Err err = { "" };
    CHECK(tensor_to_nums(&t, out, 3, &err) && isinf(out[1]) && isnan(out[2]), "%s", err.text);
    CHECK_NEAR(out[0] / 3.4028234663852886e38, 1, 0);
    t.count = 4;
    t.shape[0] = 4;
    bool read = tensor_to_nums(&t, out, 4, &err);
    CHECK(read == (sizeof(num) == 8) && tensor_check_range(&t, &err) == read, "%s", err.text);
    CHECK(read || (out[3] == 7 && strstr(err.text, "w: tensor \"x\": number 3 is larger than an F32 can be")), "%s",
          err.text);
}

static void write_and_read_many(void *data, int count) {
    (void)data;
    Arena own = { 0 };
    SafetensorsOut out = safetensors_begin(&own);
    Mat m = mat_zero(&own, 1, count);
    for (int i = 0; i < count; i++) {
        m.v[i] = (num)i;
        Mat one = { .dims = 1, .shape = { 1, 1, 1, 1 }, .v = m.v + i };
        safetensors_add(&out, arena_print(&own, "tensor.%d", i), DTYPE_F32, one);
    }
    Safetensors s;
    Err err;
    write_to(&out, in_folder("many"));
    CHECK(safetensors_open(&s, &own, in_folder("many"), &err) && s.count == count, "%s", err.text);
    for (int i = 0; i < count; i++) {
        num x;
        const Tensor *t = safetensors_find(&s, arena_print(&own, "tensor.%d", i));
        CHECK(t && tensor_to_nums(t, &x, 1, &err) && x == (num)i, "tensor %d", i);
    }
    safetensors_close(&s);
    arena_free(&own);
}

TEST(safetensors_many_tensors) {
    double growth = check_growth(write_and_read_many, NULL, 2000, 32000);
    CHECK(growth < 4, "a tensor takes %g times as long among many", growth);
    arena_free(&arena);
}

/* ---- mutations -------------------------------------------------------------------------------------------------- */

/* Opens, and uses everything in what opens: each byte it offers must be there. */
static bool survives(const uint8_t *bytes, size_t size) {
    Arena own = { 0 };
    Safetensors s;
    Err err = { "" };
    file_mock("mutant", bytes, size);
    bool ok = safetensors_open(&s, &own, "mutant", &err);
    CHECK(ok == !err.text[0] && !strchr(err.text, '\n'), "verdict %d with \"%s\"", ok, err.text);
    for (int i = 0; i < s.count; i++) {
        const Tensor *t = &s.tensors[i];
        num *x = arena_alloc(&own, t->count, sizeof *x);
        int *n = arena_alloc(&own, t->count, sizeof *n);
        CHECK(tensor_to_nums(t, x, t->count, NULL) || tensor_to_ints(t, n, t->count, &err) ||
                  strstr(err.text, "too large"),
              "%s", err.text);
        CHECK(safetensors_find(&s, t->name) == t, "%s is not found", t->name);
    }
    safetensors_close(&s);
    file_mock(NULL, NULL, 0);
    arena_free(&own);
    return ok;
}

TEST(safetensors_survives_mutations) {
    static const char letters[] = "{}[],:\"\\0123456789- eE.FBUI\x80\xff";
    SafetensorsOut out = everything(false);
    write_to(&out, in_folder("whole"));
    File file;
    Err err;
    CHECK(file_open(&file, in_folder("whole"), &err), "%s", err.text);
    size_t size = file.size;
    uint8_t *copy = arena_alloc(&arena, size + 8, 1);
    uint32_t header = 8 + file.data[0] + 256u * file.data[1];
    CHECK(survives(file.data, size), "%s", "the whole file");
    for (size_t cut = 0; cut < size; cut++) CHECK(!survives(file.data, cut), "taken when cut at %zu", cut);
    Rng rng = rng_seed(11, 0);
    int taken = 0;
    for (int round = 0; round < 3000; round++) {
        size_t length = size;
        memcpy(copy, file.data, size);
        for (uint32_t k = rng_below(&rng, 4) + 1; k > 0; k--) {
            uint32_t at = rng_below(&rng, header), from = rng_below(&rng, header), n = rng_below(&rng, 40) + 1;
            switch (rng_below(&rng, 4)) {
            case 0: copy[at] = (uint8_t)letters[rng_below(&rng, sizeof letters - 1)]; break;
            case 1: copy[at % 8 ? at : rng_below(&rng, 8)] ^= (uint8_t)(1u << rng_below(&rng, 8)); break;
            case 2: memmove(copy + at, copy + from, MIN(n, header - MAX(at, from))); break; /* repeats a piece */
            default:
                memmove(copy + at, copy + at + 1, length - at - 1);
                length--;
                break; /* loses a byte */
            }
        }
        taken += survives(copy, length);
    }
    CHECK(taken < 600, "%d of 3000 mutants are taken", taken);
    file_close(&file);
    arena_free(&arena);
}

/* ---- files made elsewhere --------------------------------------------------------------------------------------- */

static Safetensors reference(const char *name) {
    Safetensors s;
    Err err;
    CHECK(safetensors_open(&s, &arena, check_reference(name), &err), "%s", err.text);
    return s;
}

TEST(safetensors_reads_the_reference_files) {
    const struct {
        const char *name;
        int tensors, strings;
    } files[] = {
        { "train/cnn_bow_sgd.safetensors", 0, 0 },         { "train/cnn_bow_adamw.safetensors", 0, 0 },
        { "train/resnet_lstm_sgd.safetensors", 0, 0 },     { "train/resnet_lstm_adamw.safetensors", 0, 0 },
        { "train/vit_transformer_sgd.safetensors", 0, 0 }, { "train/vit_transformer_adamw.safetensors", 0, 0 },
        { "tiny_clip/hf_f32.safetensors", 0, 0 },          { "tiny_clip/hf_f32.expected.safetensors", 5, 12 },
        { "tiny_clip/openai_f32.safetensors", 0, 0 },      { "tiny_clip/openai_f32.expected.safetensors", 5, 12 },
        { "tiny_clip/openai_f16.safetensors", 0, 0 },      { "tiny_clip/openai_f16.expected.safetensors", 5, 12 },
        { "tiny_clip/openai_bf16.safetensors", 0, 0 },     { "tiny_clip/openai_bf16.expected.safetensors", 5, 12 },
    };
    for (size_t k = 0; k < COUNT(files); k++) {
        Safetensors s = reference(files[k].name);
        CHECK(s.count > 4 && s.meta_count > 4, "%s: %d tensors, %d strings", files[k].name, s.count, s.meta_count);
        CHECK(!files[k].tensors || (s.count == files[k].tensors && s.meta_count == files[k].strings), "%s: %d, %d",
              files[k].name, s.count, s.meta_count);
        for (int i = 0; i < s.count; i++) {
            const Tensor *t = &s.tensors[i];
            Err err;
            num *x = arena_alloc(&arena, t->count, sizeof *x);
            int *n = arena_alloc(&arena, t->count, sizeof *n);
            CHECK(t->dtype == DTYPE_I32 ? tensor_to_ints(t, n, t->count, &err) : tensor_to_nums(t, x, t->count, &err),
                  "%s", err.text);
            for (size_t j = 0; t->dtype != DTYPE_I32 && j < t->count; j++)
                CHECK(isfinite(x[j]) && fabs((double)x[j]) < 300, "%s %s: %g", files[k].name, t->name, (double)x[j]);
        }
        safetensors_close(&s);
    }
    Safetensors s = reference("train/cnn_bow_sgd.safetensors");
    const Tensor *pixel = safetensors_find(&s, "pixels");
    CHECK(pixel && pixel->dims == 5 && pixel->shape[4] == 32 && pixel->dtype == DTYPE_U8, "%s", "pixels");
    CHECK(!strcmp(safetensors_meta(&s, "optimiser"), "sgd"), "%s", safetensors_meta(&s, "optimiser"));
    safetensors_close(&s);
    arena_free(&arena);
}

/* Every tensor of `name` must be what ours makes of the same tensor of `from`, bit by bit. Widened, it is then within
 * half a unit in the last place. */
static void check_rounded(const char *from, const char *name, Dtype dtype, double relative, double absolute) {
    Safetensors exact = reference(from), s = reference(name);
    Err err;
    int compared = 0;
    CHECK(s.count == exact.count, "%d tensors, %d", s.count, exact.count);
    for (int i = 0; i < s.count; i++) {
        const Tensor *t = &s.tensors[i], *want = safetensors_find(&exact, t->name);
        num *x = arena_alloc(&arena, t->count, sizeof *x), *y = arena_alloc(&arena, t->count, sizeof *y);
        CHECK(want && tensor_to_nums(t, x, t->count, &err) && tensor_to_nums(want, y, t->count, &err), "%s", err.text);
        for (size_t j = 0; j < t->count; j++) {
            double got = (double)x[j], was = (double)y[j];
            double ours = t->dtype == DTYPE_F16 ? half_widen(half_narrow(was)) : bfloat_widen(bfloat_narrow(was));
            CHECK(got == ours && fabs(got - was) <= relative * fabs(was) + absolute, "%s %zu: %g from %g, ours is %g",
                  t->name, j, got, was, ours);
        }
        compared += t->dtype == dtype;
    }
    CHECK(compared == s.count, "only %d of %d tensors are %s", compared, s.count, dtype_name(dtype));
    safetensors_close(&exact);
    safetensors_close(&s);
}

TEST(safetensors_rounds_like_the_reference) {
    check_rounded("tiny_clip/openai_f32.safetensors", "tiny_clip/openai_f16.safetensors", DTYPE_F16, 0x1p-11, 0x1p-25);
    /* The BF16 file was made from the F16 one: so says the rounding of numbers half way. */
    check_rounded("tiny_clip/openai_f16.safetensors", "tiny_clip/openai_bf16.safetensors", DTYPE_BF16, 0x1p-8, 0);
    arena_free(&arena);
}
TEST(safetensors_keep_what_was_there_aside) {
    Err err;
    const char *folder = check_folder(), *path = arena_print(&arena, "%s/a", folder),
               *backup = arena_print(&arena, "%s/b", folder);
    for (int k = 0; k < 2; k++) {
        SafetensorsOut out = safetensors_begin(&arena);
        safetensors_add_meta(&out, "which", k ? "second" : "first");
        safetensors_add(&out, "x", DTYPE_F32, mat_zero(&arena, 1, 3));
        out.backup = k ? backup : NULL;
        CHECK(safetensors_write(&out, path, &err), "%s", err.text);
    }
    for (int k = 0; k < 2; k++) {
        Safetensors file;
        CHECK(safetensors_open(&file, &arena, k ? backup : path, &err), "%s", err.text);
        CHECK(!strcmp(safetensors_meta(&file, "which"), k ? "first" : "second"), "%s",
              safetensors_meta(&file, "which"));
        safetensors_close(&file);
    }
    arena_free(&arena);
}

TESTS(half_by_hand, metadata_null, half_all_65536, bfloat_all_65536, safetensors_reads_bytes_written_by_hand,
      safetensors_refuses_broken_headers, safetensors_refuses_broken_lengths, safetensors_refuses_a_giant_header,
      safetensors_refused_files_are_closed, safetensors_refused_files_are_closed_long, safetensors_come_back,
      safetensors_same_content_same_bytes, safetensors_bytes_by_hand, safetensors_sum_by_hand,
      safetensors_no_flipped_bit_is_missed, safetensors_refuses_to_write_nonsense,
      safetensors_refuses_too_large_a_number, safetensors_many_tensors, safetensors_survives_mutations,
      safetensors_reads_the_reference_files, safetensors_rounds_like_the_reference,
      safetensors_keep_what_was_there_aside)
