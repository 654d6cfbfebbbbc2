/* progress: how far the work is, its speed and the time left, on one line of stderr that is written over in place.
 *
 *   Progress progress = progress_begin("epoch 3", pictures, "img/s");
 *   while (...) { ...; progress_note(&progress, "loss %.2f", loss);  progress_update(&progress, done); }
 *   progress_end(&progress);
 *
 *   epoch 3  [=========>                    ]   32%  16000/50000  812 img/s  0:41 left  loss 2.13
 *
 * Rules of use
 *   Nothing is shown before the work has taken PROGRESS_PATIENCE seconds, nor more than ten times a second, so
 *   progress_update may be called as often as one likes. One Progress is shown at a time, from one thread.
 *   Whoever prints something else in between calls progress_clear first: the next update draws the line again.
 *   Where stderr is no terminal there is a plain line every PROGRESS_LOG seconds instead.
 *   The clock is for the eyes alone; no result depends on it.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "show/term.h"

#define PROGRESS_PATIENCE 1.5
#define PROGRESS_LOG      10.0

typedef struct {
    Term term;
    char label[64], unit[16], note[96];
    double total, done;    /* things to do, things done */
    double first;          /* 0, or set by the caller: done before the start, and not counted in the rate */
    double started, shown; /* seconds of the clock */
} Progress;

/* `unit` names the rate ("img/s"); NULL: no rate. total 0: unknown, so no bar and no time left. */
Progress progress_begin(const char *label, double total, const char *unit);

/* `done` things are done, 0 to total. */
void progress_update(Progress *progress, double done);

/* Extra words behind the line, from the next update on. */
void progress_note(Progress *progress, const char *format, ...) PRINTF_LIKE(2, 3);

/* Takes the line away. Nothing of it stays on the terminal. */
void progress_end(Progress *progress);

/* Takes away whatever line is shown, so that something else can be printed; harmless when there is none. */
void progress_clear(void);

/* The same on any stream and with the time given, in seconds: for tests. */
Progress progress_begin_at(Term term, const char *label, double total, const char *unit, double now);
void progress_update_at(Progress *progress, double done, double now);

/* Bytes that hold any time. */
enum { PROGRESS_TIME = 32 };

/* "0:41", "1:02:03"; "?" when unknown (negative or not finite). text has room for PROGRESS_TIME bytes. */
void progress_time(double seconds, char *text);

#endif
