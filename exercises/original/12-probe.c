/* Exercise 12: probe. An experiment of your own on one thing that a CLIP cannot do. There is no skeleton.
 *
 * Choose a limitation: does the text tower hear the order of words? numbers? "no" and "without"? one word among eight?
 * Take a text tower, make prompts that differ in exactly that and a control that differs more, print their cosines, and
 * say what they show. `make ex-12` reads what you print and checks that it hangs together; it has no opinion of what
 * you find out. `make hint-12` helps.
 *
 * probe() prints, with printf, lines of these forms, each as often as you need; other lines may stand between them.
 *
 *   limitation: TEXT                     what the experiment is about
 *   prompt I: TEXT                       prompts 1, 2, 3 ... (3 to 9 of them), all different
 *   differ I J KIND                      how prompts I and J differ. KIND is one of
 *                                          order      the same words in another order
 *                                          word       one word is another
 *                                          number     one word is another, both are numbers (one to ten; 1, 2 ...)
 *                                          negation   one of the two has no, not, never or without, the other does not
 *                                          other      the control: at least two words differ
 *                                        At least one line of "other", and at least one that is not.
 *   cosine I J: NUMBER                   four decimals or more, for every I and J, also I = J and both orders of two
 *   conclusion: I J > K L                "the cosine of I and J is greater than that of K and L"; also < instead of >.
 *                                        It must hold by 0.001 or more, and must set a pair called "other" beside one
 *                                        called something else. At least one.
 *   because: TEXT                        what you make of it, five words or more
 *
 * It must print the same every time. Worked, the first lines of one on order:
 *
 *   limitation: the order of words
 *   prompt 1: a dog on a cat
 *   prompt 2: a cat on a dog
 *   prompt 3: a ship near a tree
 *   differ 1 2 order
 *   differ 1 3 other
 *   cosine 1 1: 1.0000
 *
 * Towers to ask: a fresh one (lib/model/clip.h: vocab_build, clip_init, clip_text_features), or one you have trained
 * (clip_load("data/models/quick-cifar10-seed1.safetensors", ...), after `make lesson-10`).
 */
#include "../exercises/exercise.h"

/* TODO 12: your program from here ... */
void probe(void) { TODO("probe"); /* delete this line when you begin */ }
/* ... to here. END 12 */
