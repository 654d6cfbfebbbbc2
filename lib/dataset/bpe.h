/* bpe: CLIP's tokeniser: texts as rows of numbers below 49,408, by byte-pair encoding.
 *
 *   clean     HTML references are resolved, twice (entity.h); white space becomes single spaces, none at the ends;
 *             lower case (unicode.h)
 *   cut       into the longest pieces that fit, tried in this order:
 *             <|startoftext|>|<|endoftext|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+
 *   encode    a piece is its UTF-8 bytes, the last one marked </w>; of the neighbours that the vocabulary can merge the
 *             pair that stands highest in it is merged, until none can be (Sennrich et al. 2016, algorithm 1)
 *   (github.com/openai/CLIP, simple_tokenizer.py; vocabulary: 256 bytes, the same marked, 48,894 merges, start, end)
 *
 * The original first lets the package ftfy repair the text: it turns typographic apostrophes and full-width letters
 * into plain ones, joins accents to their letters, undoes mojibake. That is some thousand lines of heuristics and is
 * not done here: texts that need no repair get the same ids; in others write ' for the typographic apostrophe, and
 * precomposed letters. Bytes that are not UTF-8, which the original cannot be given, are kept as bytes.
 */
#ifndef BPE_H
#define BPE_H

#include "core/arena.h"

enum { BPE_IDS = 49408, BPE_START = 49406, BPE_END = 49407, BPE_LENGTH = 77 };

/* A vocabulary that was read; its memory belongs to the arena it was read into. */
typedef struct BpePair BpePair;
typedef struct {
    const char **token;  /* token[id], as the file spells it: one character of the file's alphabet for each byte */
    const BpePair *pair; /* hash table: which two ids merge into which */
} Bpe;

/* bpe_read: reads bpe_simple_vocab_16e6.txt.gz as OpenAI publishes it, the same unpacked, or Hugging Face's merges.txt,
 * whichever it is. 5 MB of the arena.
 * Fails  when the file is missing, cut or damaged, or its first 48,894 merges are not those of such a vocabulary: a
 *        line that is not two known tokens, a token made twice, fewer lines. Names file and line. What follows the last
 *        merge that CLIP uses is not looked at. *bpe is set only on success.
 */
bool bpe_read(Bpe *bpe, Arena *arena, const char *path, Err *err);

/* bpe_bytes: a vocabulary of the 256 bytes alone, which merges nothing: every byte of a text is a token. For a stand-in
 * where no vocabulary is at hand. Its memory lies on the arena. */
Bpe bpe_bytes(Arena *arena);

/* bpe_encode: ids [B,T] of B texts: start, the text's tokens, end, then zeros. A text with more tokens than fit is cut,
 * and T-1 is the end all the same (clip.tokenize with truncate=True).
 * Shapes  texts [B], ids [B,T]; tokens [B] or NULL: how many each would have had, start and end included
 * Wants   T >= 2
 * Time is n log n in the length of the longest piece, linear in the rest, whatever the text. Returns how many were cut.
 */
int bpe_encode(const Bpe *bpe, const char *const *texts, int B, int T, int *ids, int *tokens);

/* What a token says, for showing: its bytes, then "</w>" if it ends a piece. On the arena. Wants 0 <= id < BPE_IDS. */
char *bpe_token(const Bpe *bpe, Arena *arena, int id);

#endif
