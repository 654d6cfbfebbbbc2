#include "verify.h"

static void check_hello(void) {
    verify_case("", "nothing");
    verify_answers(1, 1, NULL, false);
    verify_model(0)[0] = 0.96;
    verify_got(0, hello(), "hello()");
    verify_done();
}

static const Part parts[] = { { .name = "hello", .check = check_hello, .tolerance = 1e-6 } };

const Verify checked = {
    .number = "00",
    .title = "hello",
    .parts = parts,
    .count = COUNT(parts),
    .proved = "The compiler, the library and the checks work.",
    .in_clip = "CLIP compares a picture with a text by the cosine of their two vectors.",
};
