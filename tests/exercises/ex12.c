/* An experiment of the student's own, judged by what it prints; exercises/original/12-probe.c describes the lines. */
#include "verify.h"

#include "scenes/caption.h"

#include <ctype.h>
#include <stdlib.h>

enum { LIMIT = 9, PAIRS = 40, WORDS = 40, LONGEST = 30 };

typedef struct {
    int i, j;
    char kind[20];
} Differ;
typedef struct {
    int i, j, k, l;
    char sign;
} Conclusion;
typedef char Word[LONGEST];

static struct {
    const char *prompt[LIMIT + 1]; /* from 1 */
    double cosine[LIMIT + 1][LIMIT + 1];
    Differ differ[PAIRS];
    Conclusion conclusion[PAIRS];
    int prompts, differs, conclusions, because, limitations;
} seen;

/* ---- words ------------------------------------------------------------------------------------------------------- */

static int split(const char *text, Word *words) {
    int count = 0, used = 0;
    for (; *text && count < WORDS; text++) {
        if (isalnum((unsigned char)*text) || *text == '\'') {
            if (used < LONGEST - 1) words[count][used++] = (char)tolower((unsigned char)*text);
        } else if (used) {
            words[count++][used] = '\0';
            used = 0;
        }
    }
    if (used) words[count++][used] = '\0';
    return count;
}

static bool among(const char *word, const char *list) {
    char wanted[LONGEST + 2];
    snprintf(wanted, sizeof wanted, " %.*s ", LONGEST - 1, word);
    return strstr(list, wanted) != NULL;
}

static bool is_number(const char *word) {
    return isdigit((unsigned char)*word) || among(word, " zero one two three four five six seven eight nine ten ");
}

static int negations(Word *words, int n) {
    int count = 0;
    for (int i = 0; i < n; i++) count += among(words[i], " no not never without ");
    return count;
}

/* How many words of a have no partner in b; each word of b is one partner. */
static int surplus(Word *a, int na, Word *b, int nb) {
    bool used[WORDS] = { false };
    int count = 0;
    for (int i = 0; i < na; i++) {
        int j = 0;
        while (j < nb && (used[j] || strcmp(a[i], b[j]))) j++;
        if (j < nb) used[j] = true;
        else count++;
    }
    return count;
}

/* Do the two prompts differ in the way that is said? */
static bool differs_so(const char *kind, const char *one, const char *two) {
    Word a[WORDS], b[WORDS];
    int na = split(one, a), nb = split(two, b), differing = 0, at = 0;
    int far = MAX(surplus(a, na, b, nb), surplus(b, nb, a, na));
    for (int i = 0; i < MIN(na, nb); i++)
        if (strcmp(a[i], b[i])) {
            differing++;
            at = i;
        }
    bool one_word = na == nb && differing == 1;
    if (!strcmp(kind, "order")) return far == 0 && differing > 0;
    if (!strcmp(kind, "word")) return one_word;
    if (!strcmp(kind, "number")) return one_word && is_number(a[at]) && is_number(b[at]);
    if (!strcmp(kind, "negation")) return (negations(a, na) > 0) != (negations(b, nb) > 0);
    return far >= 2;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static void want_prompt(int i, const char *line) {
    if (i < 1 || i > LIMIT) verify_wrong("format", "\"%s\": the number of a prompt must be 1 to %d.", line, LIMIT);
}

static void read_line(char *line) {
    int i, j, k, l, end = 0;
    char kind[20], sign;
    double value;
    if (sscanf(line, "prompt %d: %n", &i, &end) == 1 && end) {
        want_prompt(i, line);
        if (seen.prompt[i]) verify_wrong("format", "\"%s\": there is already a prompt %d.", line, i);
        seen.prompt[i] = line + end;
        seen.prompts = MAX(seen.prompts, i);
    } else if (sscanf(line, "differ %d %d %19s", &i, &j, kind) == 3) {
        want_prompt(i, line);
        want_prompt(j, line);
        if (!among(kind, " order word number negation other "))
            verify_wrong("format", "\"%s\": the kind must be order, word, number, negation or other.", line);
        if (seen.differs == PAIRS) verify_wrong("format", "There are more than %d lines of \"differ\".", PAIRS);
        Differ *differ = &seen.differ[seen.differs++];
        *differ = (Differ){ .i = i, .j = j };
        memcpy(differ->kind, kind, sizeof kind);
    } else if (sscanf(line, "cosine %d %d: %lf", &i, &j, &value) == 3) {
        want_prompt(i, line);
        want_prompt(j, line);
        seen.cosine[i][j] = value;
    } else if (sscanf(line, "conclusion: %d %d %c %d %d", &i, &j, &sign, &k, &l) == 5 && (sign == '>' || sign == '<')) {
        want_prompt(i, line);
        want_prompt(j, line);
        want_prompt(k, line);
        want_prompt(l, line);
        if (seen.conclusions == PAIRS) verify_wrong("format", "There are more than %d conclusions.", PAIRS);
        seen.conclusion[seen.conclusions++] = (Conclusion){ i, j, k, l, sign };
    } else if (!strncmp(line, "because:", 8)) {
        Word words[WORDS];
        seen.because = split(line + 8, words);
    } else if (!strncmp(line, "limitation:", 11)) {
        Word words[WORDS];
        seen.limitations += split(line + 11, words) > 0;
    } else if (!strncmp(line, "prompt", 6) || !strncmp(line, "differ", 6) || !strncmp(line, "cosine", 6) ||
               !strncmp(line, "conclusion", 10)) {
        verify_wrong("format", "The line \"%s\" has none of the forms in the text of the exercise.", line);
    }
}

/* ---- judging ----------------------------------------------------------------------------------------------------- */

static void judge_prompts(void) {
    if (seen.limitations < 2)
        verify_wrong("format", "%s \"limitation: ...\". Print two of them, one for each limit.",
                     seen.limitations ? "There is only one line" : "There is no line");
    if (seen.prompts < 3) verify_wrong("format", "There are %d prompts. Print 3 or more.", seen.prompts);
    for (int i = 1; i <= seen.prompts; i++) {
        if (!seen.prompt[i] || !*seen.prompt[i]) verify_wrong("format", "Prompt %d is missing.", i);
        for (int j = 1; j < i; j++)
            if (!strcmp(seen.prompt[i], seen.prompt[j]))
                verify_wrong("prompts", "Prompts %d and %d are the same: \"%s\".", j, i, seen.prompt[i]);
    }
    int control = 0, stated = 0;
    for (int d = 0; d < seen.differs; d++) {
        const Differ *differ = &seen.differ[d];
        if (differ->i > seen.prompts || differ->j > seen.prompts)
            verify_wrong("format", "\"differ %d %d\": there is no such prompt.", differ->i, differ->j);
        if (!differs_so(differ->kind, seen.prompt[differ->i], seen.prompt[differ->j]))
            verify_wrong("prompts", "\"%s\" and \"%s\" do not differ as the line \"differ\" says: %s.",
                         seen.prompt[differ->i], seen.prompt[differ->j], differ->kind);
        if (!strcmp(differ->kind, "other")) control++;
        else stated++;
    }
    if (!stated)
        verify_wrong(
            "format",
            "There is no line \"differ I J KIND\" of another kind than other. Say which prompts differ in what you "
            "measure.");
    if (!control)
        verify_wrong(
            "no-control",
            "There is no control. Print a line \"differ I J other\", so that a cosine can be compared with it.");
}

static void judge_cosines(void) {
    for (int i = 1; i <= seen.prompts; i++)
        for (int j = 1; j <= seen.prompts; j++) {
            double c = seen.cosine[i][j], turned = seen.cosine[j][i];
            if (isnan(c)) verify_wrong("format", "The line \"cosine %d %d: ...\" is missing.", i, j);
            if (!(fabs(c) <= 1.0001))
                verify_wrong("range", "cosine %d %d is %s. A cosine is from -1 to 1. Do the vectors have length 1?", i,
                             j, verify_number(c));
            if (!isnan(turned) && fabs(c - turned) > 2e-4)
                verify_wrong("symmetry", "cosine %d %d is %s, and cosine %d %d is %s. They must be equal.", i, j,
                             verify_number(c), j, i, verify_number(turned));
            if (i == j && fabs(c - 1) > 2e-4)
                verify_wrong("diagonal", "cosine %d %d is %s. The cosine of a text with itself is 1.", i, i,
                             verify_number(c));
        }
}

/* How prompts i and j differ; "" where nothing was said. */
static const char *kind_of(int i, int j) {
    for (int d = 0; d < seen.differs; d++)
        if ((seen.differ[d].i == i && seen.differ[d].j == j) || (seen.differ[d].i == j && seen.differ[d].j == i))
            return seen.differ[d].kind;
    return "";
}

/* Of two pairs, one a control: the kind of the other; else NULL. */
static const char *beside_control(Conclusion c) {
    const char *one = kind_of(c.i, c.j), *two = kind_of(c.k, c.l);
    if (*one && !strcmp(two, "other") && strcmp(one, "other") != 0) return one;
    if (*two && !strcmp(one, "other") && strcmp(two, "other") != 0) return two;
    return NULL;
}

static void judge_conclusions(void) {
    const char *compared = NULL;
    bool another = false;
    if (!seen.conclusions) verify_wrong("format", "There is no line \"conclusion: I J > K L\".");
    for (int n = 0; n < seen.conclusions; n++) {
        Conclusion c = seen.conclusion[n];
        if (MAX(MAX(c.i, c.j), MAX(c.k, c.l)) > seen.prompts)
            verify_wrong("format", "Conclusion %d is about a prompt that does not exist.", n + 1);
        double one = seen.cosine[c.i][c.j], two = seen.cosine[c.k][c.l], gap = c.sign == '>' ? one - two : two - one;
        if (!(gap >= 0.001 - 1e-9))
            verify_wrong("unsupported", "\"conclusion: %d %d %c %d %d\" does not hold. The two numbers are %s and %s.",
                         c.i, c.j, c.sign, c.k, c.l, verify_number(one), verify_number(two));
        const char *kind = beside_control(c);
        another = another || (kind && compared && strcmp(kind, compared) != 0);
        if (kind && !compared) compared = kind;
    }
    if (!compared)
        verify_wrong(
            "no-control",
            "No conclusion compares a control pair (differ ... other) with a pair that differs in what you measure.");
    if (!another)
        verify_wrong("one-limit", "All conclusions are about pairs of the kind %s. Measure two limits, of two kinds.",
                     compared);
    if (seen.because < 5)
        verify_wrong("format", "The line \"because: ...\" has %d words. Explain your result in 5 words or more.",
                     seen.because);
}

/* Prints twice the same, or it is no experiment that can be repeated. */
static char *printed_twice(void (*call)(void)) {
    verify_case("", "none. The check reads what the function prints");
    char *first = verify_printed(call), *second = verify_printed(call);
    if (strcmp(first, second) != 0)
        verify_wrong("changes",
                     "The second call printed something else. An experiment must give the same result every time.");
    return first;
}

static void all_is_well(void) {
    verify_answers(1, 1, NULL, false);
    verify_model(0)[0] = 1;
    verify_got_int(0, 1, "the experiment");
    verify_done();
}

static void check_probe(void) {
    char *text = printed_twice(probe);
    memset(&seen, 0, sizeof seen);
    for (int i = 0; i <= LIMIT; i++)
        for (int j = 0; j <= LIMIT; j++) seen.cosine[i][j] = NAN;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) read_line(line);
    judge_prompts();
    judge_cosines();
    judge_conclusions();
    all_is_well();
}

/* ---- 12b: scenes ------------------------------------------------------------------------------------------------- */

enum { MOST_SCENES = 6 };

static struct {
    Scene scene[MOST_SCENES + 1]; /* from 1 */
    const char *text[MOST_SCENES + 1];
    Caption caption[MOST_SCENES + 1];
    double score[MOST_SCENES + 1][MOST_SCENES + 1];
    Conclusion conclusion[PAIRS];
    int scenes, captions, conclusions, because;
    bool limitation;
} shown;

static int index_of(const char *word, const char *(*name)(int), int count) {
    int i = 0;
    while (i < count && strcmp(word, name(i)) != 0) i++;
    return i;
}
static const char *shape_word(int i) { return shape_name((Shape)i); }
static const char *colour_word(int i) { return colour_name((ShapeColour)i); }

/* "red circle 0.3 0.5, blue square 0.7 0.5" */
static void read_scene(const char *line, const char *text, Scene *scene) {
    *scene = (Scene){ .appearance = 1, .noise = -1 };
    for (int end = 0; *text; text += end) {
        char colour[20], shape[20];
        double x, y;
        if (scene->count == SCENE_MAX)
            verify_wrong("format", "\"%s\": a scene has at most %d objects.", line, SCENE_MAX);
        if (sscanf(text, " %19s %19s %lf %lf%n", colour, shape, &x, &y, &end) != 4)
            verify_wrong("format", "\"%s\": write objects as \"COLOUR SHAPE X Y\", with commas between them.", line);
        int c = index_of(colour, colour_word, COLOUR_COUNT), s = index_of(shape, shape_word, SHAPE_COUNT);
        if (c == COLOUR_COUNT || s == SHAPE_COUNT)
            verify_wrong("format", "\"%s\": there is no %s %s.", line, colour, shape);
        if (!(x >= 0.1 && x <= 0.9 && y >= 0.1 && y <= 0.9))
            verify_wrong("format", "\"%s\": X and Y must be from 0.1 to 0.9.", line);
        scene->object[scene->count++] = (SceneObject){ (Shape)s, (ShapeColour)c, SIZE_NONE, x, y, 0.12, 0 };
        if (text[end] == ',') end++;
    }
    if (scene->count == 0) verify_wrong("format", "\"%s\": the scene has no objects.", line);
}

static void want_number(int i, const char *line) {
    if (i < 1 || i > MOST_SCENES)
        verify_wrong("format", "\"%s\": the number of a scene or caption must be 1 to %d.", line, MOST_SCENES);
}

static void read_caption(int i, const char *line, const char *text) {
    Err err;
    if (!caption_parse(text, &shown.caption[i], &err)) verify_wrong("format", "\"%s\": %s", line, err.text);
    shown.text[i] = text;
    shown.captions = MAX(shown.captions, i);
}

static void read_comparison(Conclusion c, const char *line) {
    want_number(c.i, line);
    want_number(c.j, line);
    want_number(c.l, line);
    if (c.k != c.i) verify_wrong("format", "\"%s\": both sides must be about the same scene, as in I J > I K.", line);
    if (shown.conclusions == PAIRS) verify_wrong("format", "There are more than %d conclusions.", PAIRS);
    shown.conclusion[shown.conclusions++] = c;
}

static void read_shown(char *line) {
    int end = 0, i, j;
    double value;
    Conclusion c;
    Word words[WORDS];
    if (sscanf(line, "scene %d: %n", &i, &end) == 1 && end) {
        want_number(i, line);
        read_scene(line, line + end, &shown.scene[i]);
        shown.scenes = MAX(shown.scenes, i);
    } else if (sscanf(line, "caption %d: %n", &i, &end) == 1 && end) {
        want_number(i, line);
        read_caption(i, line, line + end);
    } else if (sscanf(line, "score %d %d: %lf", &i, &j, &value) == 3) {
        want_number(i, line);
        want_number(j, line);
        shown.score[i][j] = value;
    } else if (sscanf(line, "conclusion: %d %d %c %d %d", &c.i, &c.j, &c.sign, &c.k, &c.l) == 5 &&
               strchr("<>=", c.sign)) {
        read_comparison(c, line);
    } else if (!strncmp(line, "because:", 8)) {
        shown.because = split(line + 8, words);
    } else if (!strncmp(line, "limitation:", 11)) {
        shown.limitation = split(line + 11, words) > 0;
    } else if (!strncmp(line, "scene", 5) || !strncmp(line, "caption", 7) || !strncmp(line, "score", 5) ||
               !strncmp(line, "conclusion", 10)) {
        verify_wrong("format", "The line \"%s\" has none of the forms in the text of the exercise.", line);
    }
}

static void judge_scenes(void) {
    if (!shown.limitation) verify_wrong("format", "There is no line \"limitation: ...\".");
    if (shown.scenes < 2) verify_wrong("format", "There are %d scenes. Print 2 or more.", shown.scenes);
    if (shown.captions < 2) verify_wrong("format", "There are %d captions. Print 2 or more.", shown.captions);
    for (int i = 1; i <= shown.scenes; i++)
        if (!shown.scene[i].count) verify_wrong("format", "Scene %d is missing.", i);
    for (int j = 1; j <= shown.captions; j++)
        if (!shown.text[j]) verify_wrong("format", "Caption %d is missing.", j);
    for (int i = 1; i <= shown.scenes; i++)
        for (int j = 1; j <= shown.captions; j++)
            if (isnan(shown.score[i][j])) verify_wrong("format", "The line \"score %d %d: ...\" is missing.", i, j);
}

/* Numbers that are printed with four digits may be off by half of the last one. */
static void judge_comparisons(void) {
    bool told = false, control = false;
    if (!shown.conclusions) verify_wrong("format", "There is no line \"conclusion: I J > I K\".");
    for (int n = 0; n < shown.conclusions; n++) {
        Conclusion c = shown.conclusion[n];
        if (c.i > shown.scenes || c.j > shown.captions || c.l > shown.captions)
            verify_wrong("format", "Conclusion %d is about a scene or caption that does not exist.", n + 1);
        double one = shown.score[c.i][c.j], two = shown.score[c.i][c.l];
        bool holds = c.sign == '>' ? one - two >= 0.001 : c.sign == '<' ? two - one >= 0.001 : fabs(one - two) < 0.001;
        if (!holds)
            verify_wrong("unsupported", "\"conclusion: %d %d %c %d %d\" does not hold. The two numbers are %s and %s.",
                         c.i, c.j, c.sign, c.k, c.l, verify_number(one), verify_number(two));
        bool first = caption_true(&shown.scene[c.i], &shown.caption[c.j]),
             second = caption_true(&shown.scene[c.i], &shown.caption[c.l]);
        bool words = caption_same_words(shown.text[c.j], shown.text[c.l]);
        told = told || first != second;
        control = control || (first != second && !words);
    }
    if (!told)
        verify_wrong(
            "no-truth",
            "No conclusion compares a true caption of a scene with a false one. The check reads the scenes: for "
            "scene 1, caption 1 is %s.",
            caption_true(&shown.scene[1], &shown.caption[1]) ? "true" : "false");
    if (!control)
        verify_wrong(
            "no-control",
            "There is no control. Add a conclusion about a true and a false caption that do not have the same words.");
    if (shown.because < 5)
        verify_wrong("format", "The line \"because: ...\" has %d words. Explain your result in 5 words or more.",
                     shown.because);
}

static void check_probe_scenes(void) {
    char *text = printed_twice(probe_scenes);
    memset(&shown, 0, sizeof shown);
    for (int i = 0; i <= MOST_SCENES; i++)
        for (int j = 0; j <= MOST_SCENES; j++) shown.score[i][j] = NAN;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) read_shown(line);
    judge_scenes();
    judge_comparisons();
    all_is_well();
}

static const Part parts[] = {
    { .name = "probe", .check = check_probe, .tolerance = 1e-9 },
    { .name = "probe_scenes", .check = check_probe_scenes, .tolerance = 1e-9 },
};

const Verify checked = {
    .number = "12",
    .title = "probe",
    .parts = parts,
    .count = COUNT(parts),
    .proved = "A claim about a model compares two numbers. One of them is a control.",
    .in_clip =
        "Lessons 16 and 17 measure the same limits of trained models, with chance, ties and confidence intervals.",
};
