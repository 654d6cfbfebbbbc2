#include "exam.h"

static void check_hello(void) {
    exam_case("", "nothing");
    exam_answers(1, 1, NULL, false);
    exam_model(0)[0] = 0.96;
    exam_got(0, hello(), "hello()");
    exam_done();
}

static const Part parts[] = { { .name = "hello", .check = check_hello, .tolerance = 1e-6 } };

const Exam exam = {
    .number = "00", .title = "hello", .parts = parts, .count = COUNT(parts),
    .proved = "the compiler, the library and the checks work here. What is wrong from now on is in an exercise.",
    .in_clip = "a cosine of two vectors is the one number everything else is made of.",
};
