/* profile: the time of each operation, forward and backward. At any moment time counts for one name, or for none:
 *
 *   profile_switch(p, "conv2d", PROFILE_FORWARD);   from here on time counts for conv2d
 *   profile_switch(p, "relu", PROFILE_FORWARD);     and from here on for relu
 *
 * A tape with a profile (tape.h) calls it for each operation; the training loop calls it for the rest.
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
    double *running; /* the sum that time is added to, or NULL */
    double since;
} Profile;

/* From now on time counts for `name`, which must last; NULL, or a name beyond the first PROFILE_MAX: for none.
 * With profile NULL it does nothing. */
void profile_switch(Profile *profile, const char *name, ProfilePass pass);

double profile_total(const Profile *profile); /* seconds of all names */

/* A line for each name, the longest time first: milliseconds for each of `steps` steps, percent of the total, calls. */
void profile_print(const Profile *profile, int steps, FILE *out);

#endif
