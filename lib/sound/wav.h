/* wav: sounds in WAV files (IBM and Microsoft, "Multimedia Programming Interface and Data Specifications 1.0", 1991;
 * Microsoft, "Multiple Channel Audio Data and WAVE Files", 2001, for the extensible header).
 *
 *   "RIFF"  4 bytes: bytes that follow  "WAVE"
 *   chunks  4 bytes: name   4 bytes: n   n bytes, and one more if n is odd
 *     "fmt "  2: coding (1 PCM, 3 float, 0xFFFE extensible)   2: channels   4: frames a second   4: bytes a second
 *             2: bytes of a frame   2: bits of a sample.   Extensible, n >= 40: 8 more bytes, then the coding in the
 *             first 2 bytes of a GUID
 *     "data"  the frames; a frame has a sample of each channel
 *   all numbers little-endian; PCM of 8 bits without a sign (128 is silence), of 16, 24 and 32 bits with one
 *
 * Read: PCM of 8, 16, 24 and 32 bits, floats of 32 and 64 bits, 1 to 8 channels, which are averaged. A program that
 * writes a sound into a pipe does not know its length and writes 2^31 - 1 or more: then all that follows is read, with
 * one line of warning. Refused, with one line that says what was found and what was wanted: other codings, a file that
 * ends before its chunks do, samples that are no numbers, sounds of more than WAV_SECONDS; other kinds of files by name
 * (file_kind.h). Written: PCM of 16 bits, one channel. */
#ifndef WAV_H
#define WAV_H

#include "core/file.h"
#include "core/mat.h"

enum { WAV_SECONDS = 60, WAV_CHANNELS = 8, WAV_RATE_MIN = 1000, WAV_RATE_MAX = 384000 };

typedef struct {
    int rate, channels, bits; /* of the file */
    bool floats;
    int count;    /* frames */
    num *samples; /* [count]: the mean of the channels; PCM from -1 to 1 */
} Wav;

/* Decodes a file in memory; `name` is for messages. False with one line for anything else than a WAV file as above;
 * *wav is then unchanged. Owner of the samples: the arena. */
bool wav_decode(Wav *wav, Arena *arena, const char *name, File file, Err *err);
bool wav_read(Wav *wav, Arena *arena, const char *path, Err *err);
/* Writes `count` samples, whole or not at all. Samples are clamped to -1 .. 1, times 32767, rounded. */
bool wav_write(const char *path, const num *samples, int count, int rate, Err *err);

#endif
