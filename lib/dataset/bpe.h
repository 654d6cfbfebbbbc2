/* bpe: CLIP's tokeniser: texts become rows of token ids below 49,408, by byte-pair encoding.
 *
 *   clean     resolve HTML references, twice (html_entity.h); white space becomes single spaces, none at the ends;
 *             lower case (unicode.h)
 *   split     into the longest pieces that match, alternatives in this order:
 *             <|startoftext|>|<|endoftext|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+
 *   encode    a piece is its UTF-8 bytes, the last one marked </w>. Of all neighbours, the pair that is first in the
 *             vocabulary is merged, until no pair can be merged (Sennrich et al. 2016, algorithm 1)
 *   (github.com/openai/CLIP, simple_tokenizer.py; vocabulary: 256 bytes, the same marked, 48,894 merges, start, end)
 *
 * OpenAI's tokeniser first repairs the text with the package ftfy: typographic apostrophes and full-width letters
 * become plain ones, accents are joined to their letters, wrongly decoded text is decoded again. That is not done here.
 * Texts that need no repair get the same ids; text_defect.h finds the others and says what to write instead. Bytes that
 * are not UTF-8 are kept as bytes; OpenAI's tokeniser cannot be given them.
 */
#ifndef BPE_H
#define BPE_H

#include "core/arena.h"

enum { BPE_IDS = 49408, BPE_START = 49406, BPE_END = 49407, BPE_LENGTH = 77 };

/* A vocabulary. Owner: the arena it was read into. */
typedef struct BpePair BpePair;
typedef struct {
    const char **token;  /* token[id] as in the file: one character of the file's alphabet for each byte */
    const BpePair *pair; /* hash table: the id that two ids merge into */
} Bpe;

/* bpe_read: reads OpenAI's bpe_simple_vocab_16e6.txt.gz, the same decompressed, or Hugging Face's merges.txt. Takes 5
 * MB of the arena. Lines after the last merge of CLIP are ignored.
 * Fails  when the file is missing, cut or damaged; when one of its first 48,894 merges is not two known tokens, or
 *        makes a token that exists; when there are fewer. Names file and line. *bpe is set only on success */
bool bpe_read(Bpe *bpe, Arena *arena, const char *path, Err *err);

/* Reads merges.txt or bpe_simple_vocab_16e6.txt.gz from the folder of the file `beside`, or else from models_folder().
 * Fails as bpe_read, and when neither folder has one. */
bool bpe_find(Bpe *bpe, Arena *arena, const char *beside, Err *err);

/* Writes the merges as Hugging Face's merges.txt, which bpe_read reads too, and the tokens as its vocab.json. Wants a
 * vocabulary of bpe_read. */
bool bpe_write_merges(const Bpe *bpe, const char *path, Err *err);
bool bpe_write_tokens(const Bpe *bpe, const char *path, Err *err);

/* A vocabulary without merges: every byte of a text is a token. For models with random weights. Owner: the arena. */
Bpe bpe_bytes(Arena *arena);

/* bpe_encode: ids [B,T] of B texts: start, the tokens of the text, end, then zeros. A text with too many tokens is cut;
 * its id T-1 is the end (clip.tokenize with truncate=True). Returns the number of texts that were cut.
 * Shapes  texts [B], ids [B,T]; tokens [B] or NULL: the number of tokens without the cut, with start and end
 * Wants   T >= 2
 * The time is n log n in the length of the longest piece and linear in the rest. */
int bpe_encode(const Bpe *bpe, const char *const *texts, int B, int T, int *ids, int *tokens);

/* The bytes of a token, then "</w>" if it ends a piece. Wants 0 <= id < BPE_IDS. Owner: the arena. */
char *bpe_token(const Bpe *bpe, Arena *arena, int id);

#endif
