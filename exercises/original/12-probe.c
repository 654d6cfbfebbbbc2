/* Exercise 12: probe. Your own experiments on three limits of CLIP: two with texts, and one with pictures (12b). You
 * write the whole functions.
 *
 * Choose two limits. Does the text tower notice the order of words? Numbers? "no" and "without"? One word among eight?
 * Take a text tower. Make prompts that differ in exactly this, and a control that differs more. Print their cosines and
 * your conclusions. `make ex-12` reads what you print and checks that your conclusions agree with your numbers. Any
 * result is accepted. `make hint-12` gives a hint.
 *
 * probe() prints lines of these forms with printf. Print each as often as you need. Other lines are allowed.
 *
 *   limitation: TEXT                     what the experiment measures: two lines, one for each limit
 *   prompt I: TEXT                       prompts 1, 2, 3 ... (3 to 9 of them), all different
 *   differ I J KIND                      how prompts I and J differ. KIND is one of
 *                                          order      the same words in another order
 *                                          word       one word is another
 *                                          number     one word is another, both are numbers (one to ten; 1, 2 ...)
 *                                          negation   one of the two has no, not, never or without, the other does not
 *                                          other      the control: at least two words differ
 *                                        At least one line of "other", and at least two that are not, of two kinds.
 *   cosine I J: NUMBER                   four decimals or more, for every I and J, also I = J and both orders of two
 *   conclusion: I J > K L                "the cosine of I and J is greater than that of K and L"; also < instead of >.
 *                                        It must hold by 0.001 or more. For each of the two limits, one conclusion
 *                                        must compare a pair called "other" with a pair of that kind.
 *   because: TEXT                        your explanation, five words or more
 *
 * It must print the same every time. Worked, the first lines of a probe of the order of words:
 *
 *   limitation: the order of words
 *   prompt 1: a dog on a cat
 *   prompt 2: a cat on a dog
 *   prompt 3: a ship near a tree
 *   differ 1 2 order
 *   differ 1 3 other
 *   cosine 1 1: 1.0000
 *
 * Towers to use: one with random weights (lib/model/clip.h: vocab_build, clip_init, clip_text_features), or one that
 * you have trained (clip_load("data/models/quick-cifar10-seed1.safetensors", ...), after `make lesson-10`).
 */
#include "../exercises/exercise.h"

/* TODO 12: your program from here ... */
void probe(void) {
    /* Delete the next line when you begin. */
    TODO("probe");
}
/* ... to here. END 12 */

/* 12b: the third limit, with pictures. Draw scenes of coloured shapes. Compute with both towers how similar each scene
 * is to each caption. probe_scenes() prints lines of these forms:
 *
 *   limitation: TEXT
 *   scene I: red circle 0.3 0.5, blue square 0.7 0.5      scenes 1 to 6 at most: objects as COLOUR SHAPE X Y. X goes
 *                                        right and Y down, from 0.1 to 0.9 (lib/dataset/shapes.h has the names)
 *   caption J: a red circle left of a blue square         captions 1 to 6 at most, in the words of the lessons' scenes:
 *                                        "two red circles", "a red circle and no blue square", "above" ...
 *   score I J: NUMBER                    the similarity of scene I and caption J, four decimals, for every I and J
 *   conclusion: I J > I K                scene I is more similar to caption J than to K, by 0.001 or more. Also <, and
 *                                        = for a difference below 0.001
 *   because: TEXT                        your explanation, five words or more
 *
 * The check reads the captions and the scenes, so it knows which caption is true of which scene. At least one
 * conclusion must compare a true caption with a false one that has the same words in another order, or other words. At
 * least one must be a control: it compares a true and a false caption that do not have the same words.
 *
 * Worked, the first lines of a probe of what is on the left:
 *
 *   limitation: which of two things is on the left
 *   scene 1: red circle 0.3 0.5, blue square 0.7 0.5
 *   caption 1: a red circle left of a blue square
 *   caption 2: a blue square left of a red circle
 *   caption 3: a green star left of a black heart
 *
 * Towers to use: scene_model_init makes both with random weights, and scene_model_similarities computes the scores
 * (lib/scenes/scene_model.h). A Scene is a plain struct (lib/scenes/scene.h).
 */
/* TODO 12: your program from here ... */
void probe_scenes(void) {
    /* Delete the next line when you begin. */
    TODO("probe_scenes");
}
/* ... to here. END 12 */
