#include "autograd/profile.h"
#include "core/base.h"

#include <stdlib.h>
#include <string.h>

static ProfileRow *row_of(Profile *profile, const char *name) {
    for (int i = 0; i < profile->count; i++)
        if (!strcmp(profile->rows[i].name, name)) return &profile->rows[i];
    if (profile->count == PROFILE_MAX) return NULL;
    profile->rows[profile->count] = (ProfileRow){ .name = name };
    return &profile->rows[profile->count++];
}

void profile_switch(Profile *profile, const char *name, ProfilePass pass) {
    if (!profile) return;
    double now = clock_seconds();
    if (profile->running) *profile->running += now - profile->since;
    ProfileRow *row = name ? row_of(profile, name) : NULL;
    profile->running = row ? &row->seconds[pass] : NULL;
    profile->since = now;
    if (row && pass == PROFILE_FORWARD) row->calls++;
}

static double row_seconds(const ProfileRow *row) {
    return row->seconds[PROFILE_FORWARD] + row->seconds[PROFILE_BACKWARD];
}
double profile_total(const Profile *profile) {
    double sum = 0;
    for (int i = 0; i < profile->count; i++) sum += row_seconds(&profile->rows[i]);
    return sum;
}
static int longer_first(const void *a, const void *b) {
    double x = row_seconds(a), y = row_seconds(b);
    return (x < y) - (x > y);
}

void profile_print(const Profile *profile, int steps, FILE *out) {
    Profile sorted = *profile;
    double total = profile_total(profile), max = MAX(1, steps);
    qsort(sorted.rows, (size_t)sorted.count, sizeof *sorted.rows, longer_first);
    fprintf(out, "%-22s %9s %9s %8s %8s\n", "ms per step", "forward", "backward", "percent", "calls");
    for (int i = 0; i < sorted.count; i++) {
        const ProfileRow *row = &sorted.rows[i];
        fprintf(out, "%-22s %9.2f %9.2f %6.1f %% %8.4g\n", row->name, 1e3 * row->seconds[PROFILE_FORWARD] / max,
                1e3 * row->seconds[PROFILE_BACKWARD] / max, total > 0 ? 100 * row_seconds(row) / total : 0,
                (double)row->calls / max);
    }
    fprintf(out, "%-22s %19.2f %6.1f %%\n", "total", 1e3 * total / max, 100.0);
}
