/* profile: where the time goes, by operation. A watch that is always running for exactly one name:
 *
 *   profile_switch(p, "conv2d", PROFILE_FORWARD);   from here on time counts for this ...
 *   profile_switch(p, "relu", PROFILE_FORWARD);     ... and from here on for that.
 *
 * A tape with a profile (tape.h) calls it for each operation, forward and backward; who trains calls it for the rest.
 */
#ifndef PROFILE_H
#define PROFILE_H

#include <stdio.h>

enum { PROFILE_MAX = 64 };

typedef enum { PROFILE_FORWARD, PROFILE_BACKWARD } ProfilePass;

typedef struct {
    const char *name;
    double seconds[2]; /* forward, backward; what has no backward counts as forward */
    long long calls;   /* forward */
} ProfileRow;

typedef struct {
    ProfileRow rows[PROFILE_MAX];
    int count;
    double *running; /* whose time it is; NULL: nobody's */
    double since;
} Profile;

/* Time counts for `name` from now on, and the name must last; NULL: for nobody. Names beyond PROFILE_NAMES are nobody's.
 * With profile NULL nothing happens. */
void profile_switch(Profile *profile, const char *name, ProfilePass way);

/* Seconds of everybody. */
double profile_total(const Profile *profile);

/* One line per name, the longest time first: milliseconds for each of `steps` steps, forward and backward, and share. */
void profile_print(const Profile *profile, int steps, FILE *out);

#endif
