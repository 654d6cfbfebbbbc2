/* own_sounds: WAV files of this lesson's (--listen) and of the student's. */
#ifndef OWN_SOUNDS_H
#define OWN_SOUNDS_H

#include "lesson/lesson.h"
#include "sound_search.h"

/* A WAV file made ready for the tower: its loudest second, at 8 kHz, at SOUND_LEVEL. */
typedef struct {
    int rate, channels, bits;
    bool floats;
    double seconds, begin; /* of the file; where the loudest second begins */
    num samples[SOUND_SAMPLES];
} OwnSound;
/* False with one line for a file that wav_read refuses, or that is silent. */
bool own_sound_read(OwnSound *sound, const char *path, Err *err);

/* Writes `count` sounds as plots/out/24-NAME.wav, reads each back, and prints its path and the largest difference. Ends
 * the program with one line if a file cannot be written. */
void sounds_listen(Arena *arena, const SoundExample *example, int count);

/* For each of lesson->words, a WAV file: the nearest captions and pictures of the sets, on stdout and as 24-yours. Ends
 * the program with one line about the first file that cannot be read. */
void sounds_own(const Lesson *lesson, SoundModel *model, const SearchSet *sets);

#endif
