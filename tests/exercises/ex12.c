/* An experiment of the student's own, judged by what it prints; exercises/original/12-probe.c describes the lines. */
#include "exam.h"

#include <ctype.h>
#include <stdlib.h>

enum { MOST = 9, PAIRS = 40, WORDS = 40, LONGEST = 30 };

typedef struct { int i, j; char kind[20]; } Differ;
typedef struct { int i, j, k, l; char sign; } Conclusion;
typedef char Word[LONGEST];

static struct {
    const char *prompt[MOST + 1]; /* from 1 */
    double cosine[MOST + 1][MOST + 1];
    Differ differ[PAIRS];
    Conclusion conclusion[PAIRS];
    int prompts, differs, conclusions, because;
    bool limitation;
} seen;

/* ---- words ------------------------------------------------------------------------------------------------------- */

static int split(const char *text, Word *words) {
    int count = 0, used = 0;
    for (; *text && count < WORDS; text++) {
        if (isalnum((unsigned char)*text) || *text == '\'') {
            if (used < LONGEST - 1) words[count][used++] = (char)tolower((unsigned char)*text);
        } else if (used) {
            words[count++][used] = '\0', used = 0;
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
    int na = split(one, a), nb = split(two, b), places = 0, at = 0;
    int far = MAX(surplus(a, na, b, nb), surplus(b, nb, a, na));
    for (int i = 0; i < MIN(na, nb); i++)
        if (strcmp(a[i], b[i])) places++, at = i;
    bool one_word = na == nb && places == 1;
    if (!strcmp(kind, "order")) return far == 0 && places > 0;
    if (!strcmp(kind, "word")) return one_word;
    if (!strcmp(kind, "number")) return one_word && is_number(a[at]) && is_number(b[at]);
    if (!strcmp(kind, "negation")) return (negations(a, na) > 0) != (negations(b, nb) > 0);
    return far >= 2;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static void want_prompt(int i, const char *line) {
    if (i < 1 || i > MOST) exam_wrong("format", "\"%s\": prompts are numbered 1 to %d", line, MOST);
}

static void read_line(char *line) {
    int i, j, k, l, end = 0;
    char kind[20], sign;
    double value;
    if (sscanf(line, "prompt %d: %n", &i, &end) == 1 && end) {
        want_prompt(i, line);
        if (seen.prompt[i]) exam_wrong("format", "\"%s\": there is a prompt %d already", line, i);
        seen.prompt[i] = line + end;
        seen.prompts = MAX(seen.prompts, i);
    } else if (sscanf(line, "differ %d %d %19s", &i, &j, kind) == 3) {
        want_prompt(i, line), want_prompt(j, line);
        if (!among(kind, " order word number negation other "))
            exam_wrong("format", "\"%s\": want order, word, number, negation or other", line);
        if (seen.differs == PAIRS) exam_wrong("format", "more than %d lines of \"differ\"", PAIRS);
        Differ *differ = &seen.differ[seen.differs++];
        *differ = (Differ){ .i = i, .j = j };
        memcpy(differ->kind, kind, sizeof kind);
    } else if (sscanf(line, "cosine %d %d: %lf", &i, &j, &value) == 3) {
        want_prompt(i, line), want_prompt(j, line);
        seen.cosine[i][j] = value;
    } else if (sscanf(line, "conclusion: %d %d %c %d %d", &i, &j, &sign, &k, &l) == 5 && (sign == '>' || sign == '<')) {
        want_prompt(i, line), want_prompt(j, line), want_prompt(k, line), want_prompt(l, line);
        if (seen.conclusions == PAIRS) exam_wrong("format", "more than %d conclusions", PAIRS);
        seen.conclusion[seen.conclusions++] = (Conclusion){ i, j, k, l, sign };
    } else if (!strncmp(line, "because:", 8)) {
        Word words[WORDS];
        seen.because = split(line + 8, words);
    } else if (!strncmp(line, "limitation:", 11)) {
        Word words[WORDS];
        seen.limitation = split(line + 11, words) > 0;
    } else if (!strncmp(line, "prompt", 6) || !strncmp(line, "differ", 6) || !strncmp(line, "cosine", 6) ||
               !strncmp(line, "conclusion", 10)) {
        exam_wrong("format", "\"%s\" has none of the forms described in the file", line);
    }
}

/* ---- judging ----------------------------------------------------------------------------------------------------- */

static void judge_prompts(void) {
    if (!seen.limitation) exam_wrong("format", "no line says \"limitation: ...\"");
    if (seen.prompts < 3) exam_wrong("format", "there are %d prompts, want 3 or more", seen.prompts);
    for (int i = 1; i <= seen.prompts; i++) {
        if (!seen.prompt[i] || !*seen.prompt[i]) exam_wrong("format", "prompt %d is missing", i);
        for (int j = 1; j < i; j++)
            if (!strcmp(seen.prompt[i], seen.prompt[j]))
                exam_wrong("prompts", "prompts %d and %d are the same: \"%s\"", j, i, seen.prompt[i]);
    }
    int control = 0, stated = 0;
    for (int d = 0; d < seen.differs; d++) {
        const Differ *differ = &seen.differ[d];
        if (differ->i > seen.prompts || differ->j > seen.prompts)
            exam_wrong("format", "differ %d %d: there is no such prompt", differ->i, differ->j);
        if (!differs_so(differ->kind, seen.prompt[differ->i], seen.prompt[differ->j]))
            exam_wrong("prompts", "\"%s\" and \"%s\" do not differ in the stated way, %s", seen.prompt[differ->i],
                       seen.prompt[differ->j], differ->kind);
        if (!strcmp(differ->kind, "other")) control++;
        else stated++;
    }
    if (!stated) exam_wrong("format", "no line \"differ I J KIND\" says which prompts differ in what you look at");
    if (!control) exam_wrong("no-control", "there is no control, \"differ I J other\": alike compared with what?");
}

static void judge_cosines(void) {
    for (int i = 1; i <= seen.prompts; i++)
        for (int j = 1; j <= seen.prompts; j++) {
            double c = seen.cosine[i][j], turned = seen.cosine[j][i];
            if (isnan(c)) exam_wrong("format", "there is no number for \"cosine %d %d: ...\"", i, j);
            if (!(fabs(c) <= 1.0001))
                exam_wrong("range", "cosine %d %d is %g: a cosine is from -1 to 1. Are the vectors of length 1?", i, j,
                           c);
            if (!isnan(turned) && fabs(c - turned) > 2e-4)
                exam_wrong("symmetry", "cosine %d %d is %g, and cosine %d %d is %g: they are the same angle", i, j, c,
                           j, i, turned);
            if (i == j && fabs(c - 1) > 2e-4)
                exam_wrong("diagonal", "cosine %d %d is %g: a text's cosine with itself is 1", i, i, c);
        }
}

/* 1: the pair is a control, 2: it differs in a stated way, 0: nothing was said of it. */
static int kind_of(int i, int j) {
    for (int d = 0; d < seen.differs; d++)
        if ((seen.differ[d].i == i && seen.differ[d].j == j) || (seen.differ[d].i == j && seen.differ[d].j == i))
            return !strcmp(seen.differ[d].kind, "other") ? 1 : 2;
    return 0;
}

static void judge_conclusions(void) {
    bool compared = false;
    if (!seen.conclusions) exam_wrong("format", "there is no line \"conclusion: I J > K L\"");
    for (int n = 0; n < seen.conclusions; n++) {
        Conclusion c = seen.conclusion[n];
        if (MAX(MAX(c.i, c.j), MAX(c.k, c.l)) > seen.prompts)
            exam_wrong("format", "conclusion %d is about a prompt that is not there", n + 1);
        double one = seen.cosine[c.i][c.j], two = seen.cosine[c.k][c.l], gap = c.sign == '>' ? one - two : two - one;
        if (!(gap >= 0.001 - 1e-9))
            exam_wrong("unsupported",
                       "conclusion: %d %d %c %d %d, but the numbers are %g and %g: they do not support it", c.i, c.j,
                       c.sign, c.k, c.l, one, two);
        compared = compared || (kind_of(c.i, c.j) + kind_of(c.k, c.l) == 3);
    }
    if (!compared)
        exam_wrong(
            "no-control",
            "no conclusion sets a control pair (differ ... other) beside a pair that differs in what you look at");
    if (seen.because < 5)
        exam_wrong("format", "\"because: ...\" has %d words, want 5 or more: what do you make of it?", seen.because);
}

static void check_probe(void) {
    exam_case("nothing: probe() is called, and what it prints is read");
    char *first = exam_printed(probe), *second = exam_printed(probe);
    if (strcmp(first, second))
        exam_wrong("changes", "it printed something else the second time: an experiment can be repeated");
    if (!*first) exam_wrong("format", "nothing was printed");
    memset(&seen, 0, sizeof seen);
    for (int i = 0; i <= MOST; i++)
        for (int j = 0; j <= MOST; j++) seen.cosine[i][j] = NAN;
    for (char *line = strtok(first, "\n"); line; line = strtok(NULL, "\n")) read_line(line);
    judge_prompts();
    judge_cosines();
    judge_conclusions();
    exam_number(1, (double[]){ 1 }, "the experiment");
}

static const Part parts[] = { { .name = "probe", .check = check_probe, .tolerance = 1e-9 } };

const Exam exam = {
    .number = "12", .title = "probe", .parts = parts, .count = COUNT(parts),
    .proved = "a claim about a model is a difference between two numbers, one of them a control.",
    .in_clip = "lessons 16 and 17 ask the same of trained models, with chance, ties and intervals beside every number.",
};
