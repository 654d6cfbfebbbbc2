#include "written_word.h"

#include <string.h>

enum { SIDE = CIFAR_SIDE, ACROSS = 3, DOWN = 5, LETTERS = 26, LETTER = ACROSS + 1 };

/* Five rows from the top, an octal digit each: 4 is the left pixel, 2 the middle one, 1 the right one. */
static const char letters[LETTERS][DOWN + 1] = {
    "25755", "65656", "34443", "65556", "74647", "74644", "34553", "55755", "72227", "11152", "55655", "44447", "57755",
    "65555", "25552", "65644", "25563", "65655", "34216", "72222", "55557", "55552", "55775", "55255", "55222", "71247",
};

static bool letter_pixel(char letter, int x, int y) {
    REQUIRE(letter >= 'a' && letter <= 'z', "the font has no \"%c\", want a to z", letter);
    return (letters[letter - 'a'][y] - '0') >> (ACROSS - 1 - x) & 1;
}

/* Where the first line ends: at a space, or after WORD_LETTERS. *rest is the second line, "" if there is none. */
static int first_line(const char *word, const char **rest) {
    int n = 0;
    while (word[n] && word[n] != ' ' && n < WORD_LETTERS) n++;
    *rest = word + n + (word[n] == ' ');
    return n;
}

static void line_write(uint8_t *rgb, const char *word, int n, int x, int y) {
    int width = MIN(SIDE, LETTER * n + 1);
    for (int row = 0; row < WORD_HEIGHT; row++)
        for (int column = 0; column < width; column++) {
            int letter = (column - 1) / LETTER, at = (column - 1) % LETTER;
            bool inside = column > 0 && at < ACROSS && row > 0 && row <= DOWN && letter < n;
            bool ink = inside && letter_pixel(word[letter], at, row - 1);
            if (ink) memset(rgb + 3 * ((y + row) * SIDE + x + column), 255, 3);
        }
}

void word_write(uint8_t rgb[CIFAR_NUMBERS], const char *word, int x, int y) {
    const char *rest;
    int n = first_line(word, &rest), second = (int)strlen(rest), lines = second ? 2 : 1;
    REQUIRE(n >= 1 && second <= WORD_LETTERS, "\"%s\" does not fit into two lines of %d letters", word, WORD_LETTERS);
    int width = MIN(SIDE, LETTER * MAX(n, second) + 1);
    x = MAX(0, MIN(x, SIDE - width));
    y = MAX(0, MIN(y, SIDE - WORD_HEIGHT * lines));
    line_write(rgb, word, n, x, y);
    if (second) line_write(rgb, rest, second, x, y + WORD_HEIGHT);
}

const char *words_name(WordsKind kind) {
    static const char *const names[WORDS_KINDS] = { "no words", "its name", "any name" };
    return names[kind];
}

WordScene word_scene(WordsKind kind, uint64_t seed, uint64_t i) {
    SceneConfig config = { .seed = seed, .least = 1, .max = 1 };
    Rng rng = rng_seed(seed + 1, i);
    WordScene made = { .scene = scene_make(&config, i), .word = SHAPE_COUNT };
    bool written = rng_uniform(&rng) < 0.5;
    Shape any = (Shape)rng_below(&rng, SHAPE_COUNT);
    if (written && kind == WORDS_NAMES) made.word = made.scene.object[0].shape;
    if (written && kind == WORDS_ANY) made.word = any;
    made.x = (int)rng_below(&rng, SIDE);
    made.y = made.scene.object[0].y > 0.5 ? 0 : SIDE;
    return made;
}

void word_picture(const WordScene *scene, bool object, uint8_t rgb[CIFAR_NUMBERS]) {
    double paint[CIFAR_NUMBERS];
    Scene drawn = scene->scene;
    if (!object) drawn.count = 0;
    scene_picture(&drawn, (Canvas){ SIDE, paint }, rgb);
    if (scene->word < SHAPE_COUNT) word_write(rgb, shape_name(scene->word), scene->x, scene->y);
}

void scene_normalise(const uint8_t rgb[CIFAR_NUMBERS], num pixels[CIFAR_NUMBERS]) {
    for (int i = 0; i < CIFAR_NUMBERS; i++) pixels[i] = (num)((rgb[i] / 255.0 - 0.48) / 0.25);
}
