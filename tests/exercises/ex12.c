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
    if (i < 1 || i > LIMIT) verify_wrong("format", "\"%s\": prompts are numbered 1 to %d", line, LIMIT);
}

static void read_line(char *line) {
    int i, j, k, l, end = 0;
    char kind[20], sign;
    double value;
    if (sscanf(line, "prompt %d: %n", &i, &end) == 1 && end) {
        want_prompt(i, line);
        if (seen.prompt[i]) verify_wrong("format", "\"%s\": there is a prompt %d already", line, i);
        seen.prompt[i] = line + end;
        seen.prompts = MAX(seen.prompts, i);
    } else if (sscanf(line, "differ %d %d %19s", &i, &j, kind) == 3) {
        want_prompt(i, line);
        want_prompt(j, line);
        if (!among(kind, " order word number negation other "))
            verify_wrong("format", "\"%s\": want order, word, number, negation or other", line);
        if (seen.differs == PAIRS) verify_wrong("format", "more than %d lines of \"differ\"", PAIRS);
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
        if (seen.conclusions == PAIRS) verify_wrong("format", "more than %d conclusions", PAIRS);
        seen.conclusion[seen.conclusions++] = (Conclusion){ i, j, k, l, sign };
    } else if (!strncmp(line, "because:", 8)) {
        Word words[WORDS];
        seen.because = split(line + 8, words);
    } else if (!strncmp(line, "limitation:", 11)) {
        Word words[WORDS];
        seen.limitations += split(line + 11, words) > 0;
    } else if (!strncmp(line, "prompt", 6) || !strncmp(line, "differ", 6) || !strncmp(line, "cosine", 6) ||
               !strncmp(line, "conclusion", 10)) {
        verify_wrong("format", "\"%s\" has none of the forms described in the file", line);
    }
}

/* ---- judging ----------------------------------------------------------------------------------------------------- */

static void judge_prompts(void) {
    if (seen.limitations < 2)
        verify_wrong("format", "%s \"limitation: ...\", want two: 12 looks at two limits, 12b at a third",
                     seen.limitations ? "one line says" : "no line says");
    if (seen.prompts < 3) verify_wrong("format", "there are %d prompts, want 3 or more", seen.prompts);
    for (int i = 1; i <= seen.prompts; i++) {
        if (!seen.prompt[i] || !*seen.prompt[i]) verify_wrong("format", "prompt %d is missing", i);
        for (int j = 1; j < i; j++)
            if (!strcmp(seen.prompt[i], seen.prompt[j]))
                verify_wrong("prompts", "prompts %d and %d are the same: \"%s\"", j, i, seen.prompt[i]);
    }
    int control = 0, stated = 0;
    for (int d = 0; d < seen.differs; d++) {
        const Differ *differ = &seen.differ[d];
        if (differ->i > seen.prompts || differ->j > seen.prompts)
            verify_wrong("format", "differ %d %d: there is no such prompt", differ->i, differ->j);
        if (!differs_so(differ->kind, seen.prompt[differ->i], seen.prompt[differ->j]))
            verify_wrong("prompts", "\"%s\" and \"%s\" do not differ in the stated way, %s", seen.prompt[differ->i],
                         seen.prompt[differ->j], differ->kind);
        if (!strcmp(differ->kind, "other")) control++;
        else stated++;
    }
    if (!stated) verify_wrong("format", "no line \"differ I J KIND\" says which prompts differ in what you look at");
    if (!control) verify_wrong("no-control", "there is no control, \"differ I J other\": alike compared with what?");
}

static void judge_cosines(void) {
    for (int i = 1; i <= seen.prompts; i++)
        for (int j = 1; j <= seen.prompts; j++) {
            double c = seen.cosine[i][j], turned = seen.cosine[j][i];
            if (isnan(c)) verify_wrong("format", "there is no number for \"cosine %d %d: ...\"", i, j);
            if (!(fabs(c) <= 1.0001))
                verify_wrong("range", "cosine %d %d is %g: a cosine is from -1 to 1. Are the vectors of length 1?", i,
                             j, c);
            if (!isnan(turned) && fabs(c - turned) > 2e-4)
                verify_wrong("symmetry", "cosine %d %d is %g, and cosine %d %d is %g: they are the same angle", i, j, c,
                             j, i, turned);
            if (i == j && fabs(c - 1) > 2e-4)
                verify_wrong("diagonal", "cosine %d %d is %g: a text's cosine with itself is 1", i, i, c);
        }
}

/* 1: the pair is a control, 2: it differs in a stated way, 0: nothing was said of it. */
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
    if (!seen.conclusions) verify_wrong("format", "there is no line \"conclusion: I J > K L\"");
    for (int n = 0; n < seen.conclusions; n++) {
        Conclusion c = seen.conclusion[n];
        if (MAX(MAX(c.i, c.j), MAX(c.k, c.l)) > seen.prompts)
            verify_wrong("format", "conclusion %d is about a prompt that is not there", n + 1);
        double one = seen.cosine[c.i][c.j], two = seen.cosine[c.k][c.l], gap = c.sign == '>' ? one - two : two - one;
        if (!(gap >= 0.001 - 1e-9))
            verify_wrong("unsupported",
                         "conclusion: %d %d %c %d %d, but the numbers are %g and %g: they do not support it", c.i, c.j,
                         c.sign, c.k, c.l, one, two);
        const char *kind = beside_control(c);
        another = another || (kind && compared && strcmp(kind, compared) != 0);
        if (kind && !compared) compared = kind;
    }
    if (!compared)
        verify_wrong(
            "no-control",
            "no conclusion sets a control pair (differ ... other) beside a pair that differs in what you look at");
    if (!another)
        verify_wrong("one-limit",
                     "all conclusions are about pairs that differ in %s: two limits are wanted, of two kinds",
                     compared);
    if (seen.because < 5)
        verify_wrong("format", "\"because: ...\" has %d words, want 5 or more: what do you make of it?", seen.because);
}

/* Prints twice the same, or it is no experiment that can be repeated. */
static char *printed_twice(void (*call)(void)) {
    verify_case("", "nothing: what it prints is read");
    char *first = verify_printed(call), *second = verify_printed(call);
    if (strcmp(first, second) != 0)
        verify_wrong("changes", "it printed something else the second time: an experiment can be repeated");
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
        if (scene->count == SCENE_MAX) verify_wrong("format", "\"%s\": %d objects are the most", line, SCENE_MAX);
        if (sscanf(text, " %19s %19s %lf %lf%n", colour, shape, &x, &y, &end) != 4)
            verify_wrong("format", "\"%s\": want objects as \"COLOUR SHAPE X Y\", with commas between them", line);
        int c = index_of(colour, colour_word, COLOUR_COUNT), s = index_of(shape, shape_word, SHAPE_COUNT);
        if (c == COLOUR_COUNT || s == SHAPE_COUNT)
            verify_wrong("format", "\"%s\": no scene has a %s %s", line, colour, shape);
        if (!(x >= 0.1 && x <= 0.9 && y >= 0.1 && y <= 0.9))
            verify_wrong("format", "\"%s\": the middle of an object lies between 0.1 and 0.9", line);
        scene->object[scene->count++] = (SceneObject){ (Shape)s, (ShapeColour)c, SIZE_NONE, x, y, 0.12, 0 };
        if (text[end] == ',') end++;
    }
    if (scene->count == 0) verify_wrong("format", "\"%s\": there is nothing in it", line);
}

static void want_number(int i, const char *line) {
    if (i < 1 || i > MOST_SCENES)
        verify_wrong("format", "\"%s\": scenes and captions are numbered 1 to %d", line, MOST_SCENES);
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
    if (c.k != c.i) verify_wrong("format", "\"%s\": both sides are about one scene, I J > I K", line);
    if (shown.conclusions == PAIRS) verify_wrong("format", "more than %d conclusions", PAIRS);
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
        verify_wrong("format", "\"%s\" has none of the forms described in the file", line);
    }
}

static void judge_scenes(void) {
    if (!shown.limitation) verify_wrong("format", "no line says \"limitation: ...\"");
    if (shown.scenes < 2) verify_wrong("format", "there are %d scenes, want 2 or more", shown.scenes);
    if (shown.captions < 2) verify_wrong("format", "there are %d captions, want 2 or more", shown.captions);
    for (int i = 1; i <= shown.scenes; i++)
        if (!shown.scene[i].count) verify_wrong("format", "scene %d is missing", i);
    for (int j = 1; j <= shown.captions; j++)
        if (!shown.text[j]) verify_wrong("format", "caption %d is missing", j);
    for (int i = 1; i <= shown.scenes; i++)
        for (int j = 1; j <= shown.captions; j++)
            if (isnan(shown.score[i][j])) verify_wrong("format", "there is no number for \"score %d %d: ...\"", i, j);
}

/* Numbers that are printed with four digits may be off by half of the last one. */
static void judge_comparisons(void) {
    bool told = false, control = false;
    if (!shown.conclusions) verify_wrong("format", "there is no line \"conclusion: I J > I K\"");
    for (int n = 0; n < shown.conclusions; n++) {
        Conclusion c = shown.conclusion[n];
        if (c.i > shown.scenes || c.j > shown.captions || c.l > shown.captions)
            verify_wrong("format", "conclusion %d is about a scene or caption that is not there", n + 1);
        double one = shown.score[c.i][c.j], two = shown.score[c.i][c.l];
        bool holds = c.sign == '>' ? one - two >= 0.001 : c.sign == '<' ? two - one >= 0.001 : fabs(one - two) < 0.001;
        if (!holds)
            verify_wrong("unsupported",
                         "conclusion: %d %d %c %d %d, but the numbers are %g and %g: they do not support it", c.i, c.j,
                         c.sign, c.k, c.l, one, two);
        bool first = caption_true(&shown.scene[c.i], &shown.caption[c.j]),
             second = caption_true(&shown.scene[c.i], &shown.caption[c.l]);
        bool words = caption_same_words(shown.text[c.j], shown.text[c.l]);
        told = told || first != second;
        control = control || (first != second && !words);
    }
    if (!told)
        verify_wrong(
            "no-truth",
            "no conclusion sets a caption that is true of its scene beside one that is false; the check looked at the "
            "scenes: of scene 1, caption 1 is %s",
            caption_true(&shown.scene[1], &shown.caption[1]) ? "true" : "false");
    if (!control)
        verify_wrong(
            "no-control",
            "there is no control: a conclusion about a true and a false caption that do not have the same words, so "
            "that a tower that sees anything can tell them apart");
    if (shown.because < 5)
        verify_wrong("format", "\"because: ...\" has %d words, want 5 or more: what do you make of it?", shown.because);
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
    .proved = "a claim about a model is a difference between two numbers, one of them a control.",
    .in_clip = "lessons 16 and 17 ask the same of trained models, with chance, ties and intervals beside every number.",
};
