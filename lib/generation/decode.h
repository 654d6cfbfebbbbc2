/* decode: texts of a text decoder, word by word.
 *
 * Beam search keeps the `beams` texts with the largest log p of each picture. At every step each of them is continued
 * with every word; the best `beams` of all are kept. A text that has ended keeps its place. One beam is greedy search:
 * the most likely word each time. (Sutskever et al. 2014, arXiv:1409.3215, section 3.2.) The sum of log p is not divided
 * by the length.
 */
#ifndef DECODE_H
#define DECODE_H

#include "model/text_decoder.h"

enum { DECODE_BEAMS_MAX = 16 };

typedef struct {
    int beams;         /* 1 to DECODE_BEAMS_MAX; 0: 1 */
    const int *prompt; /* words that every text begins with */
    int prompt_words;
    int longest;   /* most words of a text, the prompt's too; 0: as many as the decoder takes */
    bool no_cache; /* computes all tokens again at each step, to compare */
} DecodeConfig;

/* The best text of each of n pictures: vector [n,E], states [n,S,W] (v NULL where the decoder has none) -> ids
 * [n,size.tokens], prompt first, filled with padding. log_p [n] (NULL: not wanted): the sum of log p of the words after
 * the prompt, end included. A text that does not end within `longest` words is cut there. Equal scores: the earlier text,
 * then the lower word. Neither padding nor begin is ever chosen. Stops for impossible settings. */
void decode_texts(const TextDecoder *decoder, Mat vector, Mat states, int n, DecodeConfig config, int *ids,
                  double *log_p);

#endif
