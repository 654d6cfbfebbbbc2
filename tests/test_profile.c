#include "autograd/ops.h"
#include "autograd/profile.h"
#include "check.h"

#include <string.h>

static void spend(double seconds) {
    for (double start = clock_seconds(); clock_seconds() - start < seconds;) continue;
}

static const ProfileRow *row(const Profile *p, const char *name) {
    for (int i = 0; i < p->count; i++)
        if (!strcmp(p->rows[i].name, name)) return &p->rows[i];
    return NULL;
}

TEST(time_goes_to_the_name_that_runs) {
    Profile p = { 0 };
    profile_switch(NULL, "nobody", PROFILE_FORWARD);
    spend(1e-3); /* before the first switch: nobody's */
    profile_switch(&p, "a", PROFILE_FORWARD);
    spend(2e-3);
    profile_switch(&p, "b", PROFILE_FORWARD);
    spend(1e-3);
    profile_switch(&p, "a", PROFILE_BACKWARD);
    spend(4e-3);
    profile_switch(&p, NULL, PROFILE_FORWARD);
    spend(1e-3);
    profile_switch(&p, "a", PROFILE_FORWARD);
    profile_switch(&p, NULL, PROFILE_FORWARD);
    const ProfileRow *a = row(&p, "a"), *b = row(&p, "b");
    CHECK(p.count == 2 && a && b && a->calls == 2 && b->calls == 1, "%d names", p.count);
    CHECK(a->seconds[PROFILE_FORWARD] >= 2e-3 && a->seconds[PROFILE_BACKWARD] >= 4e-3 &&
              b->seconds[PROFILE_FORWARD] >= 1e-3,
          "%g %g %g", a->seconds[0], a->seconds[1], b->seconds[0]);
    double sum = a->seconds[0] + a->seconds[1] + b->seconds[0] + b->seconds[1];
    CHECK_NEAR(profile_total(&p), sum, 1e-12);
}

TEST(names_beyond_the_table_are_nobodys) {
    Profile p = { 0 };
    char names[PROFILE_MAX + 3][24];
    for (int i = 0; i < PROFILE_MAX + 3; i++) {
        snprintf(names[i], sizeof names[i], "name %d", i);
        profile_switch(&p, names[i], PROFILE_FORWARD);
    }
    CHECK(p.count == PROFILE_MAX && !p.running, "%d names", p.count);
}

TEST(a_tape_with_a_profile_names_its_operations) {
    Profile p = { 0 };
    Tape t = { .profile = &p };
    num numbers[] = { 1 };
    Var x = tape_leaf(&t, (Mat){ .dims = 2, .shape = { 1, 1 }, .v = numbers });
    tape_backward(&t, op_exp(&t, op_relu(&t, x)));
    profile_switch(&p, NULL, PROFILE_FORWARD);
    CHECK(p.count == 2 && row(&p, "relu") && row(&p, "exp"), "%d names", p.count);
    CHECK(row(&p, "relu")->calls == 1 && row(&p, "relu")->seconds[PROFILE_BACKWARD] > 0, "%lld calls",
          row(&p, "relu")->calls);
    tape_free(&t);
}

TEST(the_table_is_sorted_and_adds_up) {
    Profile p = { .count = 2, .rows = { { "short", { 1, 0 }, 10 }, { "long", { 1, 2 }, 10 } } };
    char text[1024] = "";
    FILE *out = tmpfile();
    CHECK(out, "%s", "no temporary file");
    if (!out) return;
    profile_print(&p, 10, out);
    rewind(out);
    size_t n = fread(text, 1, sizeof text - 1, out);
    text[n] = 0;
    fclose(out);
    const char *first = strstr(text, "long"), *second = strstr(text, "short");
    CHECK(first && second && first < second && strstr(first, "75.0 %") && strstr(second, "25.0 %") &&
              strstr(text, "400.00"),
          "%s", text);
}

TESTS(time_goes_to_the_name_that_runs, names_beyond_the_table_are_nobodys, a_tape_with_a_profile_names_its_operations,
      the_table_is_sorted_and_adds_up)
