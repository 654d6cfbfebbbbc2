/* Progress: how much of the work is done, its rate and the time left, on one line of stderr that is overwritten in
 * place.
 *
 *   Progress progress = progress_begin("epoch 3", pictures, "img/s");
 *   while (...) { ...; progress_note(&progress, "loss %.2f", loss);  progress_update(&progress, done); }
 *   progress_end(&progress);
 *
 *   epoch 3  [=========>                    ]   32%  16000/50000  812 img/s  0:41 left  loss 2.13
 *
 * Nothing is shown before PROGRESS_PATIENCE seconds, nor more than ten times a second, so progress_update may be called
 * often. One Progress is shown at a time, from one thread. Call progress_clear before printing something else. If
 * stderr is not a terminal, a plain line is printed every PROGRESS_LOG seconds. No result depends on the clock. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "show/term.h"

#define PROGRESS_PATIENCE 1.5
#define PROGRESS_LOG      10.0

typedef struct {
    Term term;
    char label[64], unit[16], note[96];
    double total, done;    /* units of work */
    double first;          /* set by the caller: done before the start, not counted in the rate */
    double started, shown; /* seconds of the clock */
} Progress;

/* `unit` names the rate ("img/s"); NULL: no rate. total 0: unknown; then there is no bar and no time left. */
Progress progress_begin(const char *label, double total, const char *unit);
/* `done` units are done, 0 to total. */
void progress_update(Progress *progress, double done);
/* Text at the end of the line, from the next update on. */
void progress_note(Progress *progress, const char *format, ...) PRINTF_LIKE(2, 3);
/* Removes the line from the terminal. */
void progress_end(Progress *progress);
/* Removes whatever line is shown, so that something else can be printed; harmless if there is none. */
void progress_clear(void);
/* The same on any stream, with the time in seconds: for tests. */
Progress progress_begin_at(Term term, const char *label, double total, const char *unit, double now);
void progress_update_at(Progress *progress, double done, double now);

enum { PROGRESS_TIME = 32 }; /* bytes of a time's text */

/* "0:41", "1:02:03"; "?" if negative or not finite. Into text[PROGRESS_TIME]. */
void progress_time(double seconds, char *text);

#endif
