/* Exercise 08: the zero-shot classifier. It needs no labels: a picture belongs to the class whose caption is most
 * similar to it. (Lesson 11)
 *
 * Delete the line "TODO(...);" and write your code in its place. Check it with `make ex-08`. Hints: `make hint-08`.
 *
 * From the library: text_fill(arena, "a photo of a {}", "cat") is the text "a photo of a cat". mat_normalise_rows(m)
 * gives every row of m the length 1. vec_dot(a, b, n) is a.b.
 * `const char **prompts = arena_alloc(arena, C, sizeof(char *));` is an array for C texts.
 * From the towers: `Mat text = encode_texts(arena, prompts, C);` is [C,E], and encode_pictures(arena, pictures) is
 * [B,E]. Their rows do not have the length 1.
 */
#include "../exercises/exercise.h"

/* classify: which of C classes does each of B pictures show?
 *
 *     prompt c     = "a photo of a {}" with names[c] for {}
 *     cosine[b,c]  = unit(picture b) . unit(prompt c)
 *     best[b]      = the c with the largest cosine[b,c]. If two are equal, the lower c.
 *
 * Input   arena, for your own arrays. pictures [B,H,W,3]. names, the names of C classes.
 * Output  cosine [B,C] and best [B]
 * Worked  if picture 0 is encoded as (0,2), and the prompts of "cat" and "dog" as (3,0) and (0.6,0.8): cosine row 0 is
 *         (0, 0.8), best[0] is 1. Without unit vectors it would be (0, 1.6).
 */
void classify(Arena *arena, Mat pictures, const char *const *names, int C, Mat cosine, int *best) {
    /* TODO 08: your code from here ... */
    const char **prompts = arena_alloc(arena, (size_t)C, sizeof *prompts);
    for (int c = 0; c < C; c++) prompts[c] = text_fill(arena, "a photo of a {}", names[c]);
    Mat text = encode_texts(arena, prompts, C), image = encode_pictures(arena, pictures);
    mat_normalise_rows(text);
    mat_normalise_rows(image);
    for (int b = 0; b < image.shape[0]; b++) {
        for (int c = 0; c < C; c++) AT(cosine, b, c) = vec_dot(&AT(image, b, 0), &AT(text, c, 0), image.shape[1]);
        best[b] = 0;
        for (int c = 1; c < C; c++)
            if (AT(cosine, b, c) > AT(cosine, b, best[b])) best[b] = c;
    }
    /* ... to here. END 08 */
}
