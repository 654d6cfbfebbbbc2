#include "verify_inside.h"

/* ---- one number made of the right one ---------------------------------------------------------------------------- */

typedef double (*Change)(double);

static double negative(double x) { return -x; }
static double clipped(double x) { return fmax(x, 0); }
static double rounded(double x) { return round(100 * x) / 100; }
static double rounded_3(double x) { return round(1000 * x) / 1000; }
static double rounded_4(double x) { return round(10000 * x) / 10000; }
static double rounded_1(double x) { return round(10 * x) / 10; }
static double sine(double x) { return sqrt(1 - x * x); }
static double square(double x) { return x * x; }
static double nothing(double x) { return 0 * x; }
static double twice(double x) { return 2 * x; }
static double half(double x) { return x / 2; }
static double from_one(double x) { return 1 - x; }
static double plus_one(double x) { return x + 1; }
static double minus_one(double x) { return x - 1; }
static double inverse(double x) { return 1 / x; }
static double percent(double x) { return 100 * x; }
static double degrees(double x) { return acos(x) * 180 / 3.14159265358979323846; }

static const struct {
    const char *id;
    Change change;
    const char *text;
} changes[] = {
    { "zero", nothing,
      "Every number is 0, or adds 0. In C, 1 / B is 0 if B is an int above 1: write 1.0 / B. Or nothing was added to "
      "the sum." },
    { "sign", negative,
      "Every number has the wrong sign: it is -1 times the right one. Is a subtraction turned round?" },
    { "fabs", fabs, "Negative numbers have become positive. Is there an fabs, or a square root of a square?" },
    { "clipped", clipped, "Negative numbers have become 0. Is there an fmax(0, ...), or a maximum that begins at 0?" },
    { "int", trunc, "Every number is truncated to an integer. Use double or num for sums and results, not int." },
    { "rounded", rounded, "The numbers are rounded to two decimals. Return all digits." },
    { "rounded", rounded_1, "The numbers are rounded to one decimal. Return all digits." },
    { "rounded", rounded_3, "The numbers are rounded to three decimals. Return all digits." },
    { "rounded", rounded_4, "The numbers are rounded to four decimals. Return all digits." },
    { "square", square, "Every number is the square of the right one. A square root is missing." },
    { "root", sqrt, "Every number is the square root of the right one. There is one square root too many." },
    { "twice", twice, "Every number is 2 times the right one. Something is added twice." },
    { "half", half,
      "Every number is half of the right one. Is one of two terms missing, or a division by 2 too many?" },
    { "one-minus", from_one, "Every number is 1 minus the right one." },
    { "plus-one", plus_one, "Every number is the right one + 1. Does a sum or a count begin at 1?" },
    { "minus-one", minus_one, "Every number is the right one - 1. Does a count begin at 1, or is 1 subtracted?" },
    { "inverse", inverse, "Every number is 1 divided by the right one. Numerator and denominator are exchanged." },
    { "angle", acos, "This is the angle, acos of the right number. Return the cosine itself." },
    { "angle", degrees, "This is the angle in degrees. Return the cosine itself." },
    { "sine", sine, "This is the sine, sqrt(1 - c * c) of the right number c. Return the cosine itself." },
    { "tanh", tanh, "Every number is tanh of the right one. The exercise does not want it." },
    { "logarithm", log, "Every number is the logarithm of the right one." },
    { "logarithm", log2, "Every number is the logarithm to base 2 of the right one." },
    { "exp", exp, "Every number is exp of the right one." },
    { "percent", percent, "Every number is 100 times the right one. Is it a percentage, or is there a scale of 100?" },
};

/* ---- a whole answer ---------------------------------------------------------------------------------------------- */

enum {
    OVERWRITTEN = COUNT(changes),
    BEFORE_TWICE,
    NOT_ZEROED,
    UNWRITTEN,
    TURNED,
    ROW_SOFTMAX,
    ROW_UNIT,
    COLUMN_UNIT,
    RUNNING,
    RUNNING_ROW,
    RUNNING_COLUMN,
    NEXT,
    PREVIOUS,
    REVERSED,
    FIRST_ROW,
    FIRST_COLUMN,
    FACTORS
};
enum { POWERS = 8, SIZES = COUNT(((Answers *)0)->size), SHAPES = FACTORS + SIZES * POWERS + SIZES * SIZES };

static const Mistake whole[FACTORS - OVERWRITTEN] = {
    { "overwritten", "The old numbers were overwritten. The code has = in place of +=." },
    { "before-twice", "The old numbers count twice. The sum begins with them and is then added to them." },
    { "not-zeroed", "The right number was added to the old number of the result. Set the result to 0 first." },
    { "not-written", "Nothing was written. The result is as it was before the call." },
    { "transposed",
      "The numbers are right but stand in the wrong places: rows and columns are exchanged. Look at the index of "
      "the result and its stride." },
    { "softmaxed", "A softmax was applied to each row at the end. The exercise does not want it." },
    { "unit", "Each row of the result was normalised. The exercise does not want it." },
    { "columns", "The columns were normalised. A vector is a row." },
    { "not-reset",
      "Every number is the sum of all right ones up to it. The sum is not reset to 0 for the next number." },
    { "not-reset",
      "In each row every number is the sum of the right ones up to it. The sum is not reset to 0 for the next "
      "column." },
    { "not-reset",
      "Down each column every number is the sum of the right ones up to it. The sum is not reset to 0 for the next "
      "row." },
    { "off-by-one", "Every place holds the number of the next place. An index is off by one." },
    { "off-by-one", "Every place holds the number of the place before. An index is off by one." },
    { "reversed", "The numbers stand in reverse order." },
    { "same-row", "Every row holds the numbers of row 0. An index that should move with the row is 0, or is missing." },
    { "same-column",
      "Every column holds the numbers of column 0. An index that should move with the column is 0, or is missing." },
};

static double power(int kind, double q) {
    return kind == 0   ? q
           : kind == 1 ? 1 / q
           : kind == 2 ? sqrt(q)
           : kind == 3 ? 1 / sqrt(q)
           : kind == 4 ? q * q
           : kind == 5 ? 1 / (q * q)
           : kind == 6 ? q / 2
                       : 2 / q;
}

/* What a factor shape multiplies with; 0 where there is none. */
static double factor_of(int shape, const Answers *a) {
    int at = shape - FACTORS;
    if (at < SIZES * POWERS) return at / POWERS < a->sizes ? power(at % POWERS, a->size[at / POWERS]) : 0;
    at -= SIZES * POWERS;
    int over = at / SIZES, under = at % SIZES;
    return over != under && over < a->sizes && under < a->sizes ? (double)a->size[over] / a->size[under] : 0;
}

static double added(const Answers *a, int i) { return a->right[i] - (a->added ? a->before[i] : 0); }

static double row_softmax(const Answers *a, int i) {
    int first = i / a->cols * a->cols;
    double most = a->right[first], sum = 0;
    for (int c = 0; c < a->cols; c++) most = fmax(most, a->right[first + c]);
    for (int c = 0; c < a->cols; c++) sum += exp(a->right[first + c] - most);
    return exp(a->right[i] - most) / sum;
}

static double unit(const Answers *a, int i, bool of_row) {
    double squares = 0;
    int count = of_row ? a->cols : a->rows;
    for (int k = 0; k < count; k++)
        squares += square(a->right[of_row ? i / a->cols * a->cols + k : k * a->cols + i % a->cols]);
    return a->right[i] / sqrt(squares);
}

static double running(const Answers *a, int i, int step, int from) {
    double sum = a->added ? a->before[i] : 0;
    for (int k = from; k <= i; k += step) sum += added(a, k);
    return sum;
}

/* The shapes for which a place in the answer counts. */
static double whole_number(int shape, const Answers *a, int i) {
    int row = i / a->cols, col = i % a->cols;
    switch (shape) {
    case OVERWRITTEN: return a->added ? added(a, i) : SHAPE_NONE;
    case BEFORE_TWICE: return a->added ? a->before[i] + a->right[i] : SHAPE_NONE;
    case NOT_ZEROED: return a->has_before && !a->added ? a->before[i] + a->right[i] : SHAPE_NONE;
    case UNWRITTEN: return a->has_before ? a->before[i] : SHAPE_NONE;
    case TURNED: return a->right[i % a->rows * a->cols + i / a->rows];
    case ROW_SOFTMAX: return a->added ? SHAPE_NONE : row_softmax(a, i);
    case ROW_UNIT: return a->added ? SHAPE_NONE : unit(a, i, true);
    case COLUMN_UNIT: return a->added ? SHAPE_NONE : unit(a, i, false);
    case RUNNING: return running(a, i, 1, 0);
    case RUNNING_ROW: return running(a, i, 1, row * a->cols);
    case RUNNING_COLUMN: return running(a, i, a->cols, col);
    case NEXT: return i + 1 < a->n ? a->right[i + 1] : VERIFY_ANY;
    case PREVIOUS: return i > 0 ? a->right[i - 1] : VERIFY_ANY;
    case REVERSED: return a->right[a->n - 1 - i];
    case FIRST_ROW: return a->right[col];
    default: return a->right[row * a->cols];
    }
}

int shape_count(void) { return SHAPES; }
bool shape_needs_rows(int shape) { return shape == COLUMN_UNIT || shape == RUNNING_COLUMN || shape == FIRST_ROW; }

double shape_number(int shape, const Answers *a, int i) {
    double base = a->added ? a->before[i] : 0;
    if (shape < (int)COUNT(changes)) return base + changes[shape].change(added(a, i));
    if (shape < FACTORS) return a->n == 1 && !a->has_before && shape >= TURNED ? SHAPE_NONE : whole_number(shape, a, i);
    double factor = factor_of(shape, a);
    return factor == 0 ? SHAPE_NONE : base + factor * added(a, i);
}

const char *shape_id(int shape) {
    if (shape < (int)COUNT(changes)) return changes[shape].id;
    return shape < FACTORS ? whole[shape - OVERWRITTEN].id : "factor";
}

static void factor_text(int shape, const Answers *a, char *text, size_t size) {
    int at = shape - FACTORS;
    static const char *const forms[POWERS] = { "%s times",    "1/%s of",      "sqrt(%s) times", "1/sqrt(%s) of",
                                               "%s*%s times", "1/(%s*%s) of", "%s/2 times",     "2/%s of" };
    char factor[80];
    if (at < SIZES * POWERS) {
        const char *name = a->size_name[at / POWERS];
        snprintf(factor, sizeof factor, forms[at % POWERS], name, name);
    } else {
        at -= SIZES * POWERS;
        snprintf(factor, sizeof factor, "%s/%s times", a->size_name[at / SIZES], a->size_name[at % SIZES]);
    }
    snprintf(text, size,
             "Every number is %s the right one. Is there a division or a multiplication too many, or a missing one?",
             factor);
}

void shape_text(int shape, const Answers *a, char *text, size_t size) {
    if (shape < (int)COUNT(changes)) snprintf(text, size, "%s", changes[shape].text);
    else if (shape < FACTORS) snprintf(text, size, "%s", whole[shape - OVERWRITTEN].text);
    else factor_text(shape, a, text, size);
}

/* ---- where the wrong numbers are --------------------------------------------------------------------------------- */

enum {
    LAST,
    FIRST,
    NOT_FIRST,
    LAST_ROW,
    LAST_COLUMN,
    FIRST_ROW_ONLY,
    FIRST_COLUMN_ONLY,
    NOT_FIRST_ROW,
    NOT_FIRST_COLUMN,
    DIAGONAL,
    NOT_DIAGONAL,
    PLACES
};

static const char *const place_texts[PLACES] = {
    "Only the last number is wrong. Does a loop end one too early or one too late?",
    "Only the first number is wrong. Does a loop begin at 1? Is something not set before it?",
    "Only the first number is right. Is something set once that must be set for each number? Is an index or a stride "
    "wrong?",
    "Only the last row is wrong. Does a loop over rows end one too early?",
    "Only the last column is wrong. Does a loop over columns end one too early?",
    "Only row 0 is wrong. Does a loop over rows begin at 1?",
    "Only column 0 is wrong. Does a loop over columns begin at 1?",
    "Only row 0 is right. Is something set once that must be set for each row? Does an index not change with the row?",
    "Only column 0 is right. Is something set once that must be set for each column? Does an index not change with "
    "the column?",
    "Only the diagonal is wrong.",
    "Only the diagonal is right. Are row and column exchanged somewhere, or is one of them used twice?",
};

static bool at_place(int place, const Answers *a, int i) {
    int row = i / a->cols, col = i % a->cols;
    switch (place) {
    case LAST: return i == a->n - 1;
    case FIRST: return i == 0;
    case NOT_FIRST: return i > 0;
    case LAST_ROW: return row == a->rows - 1;
    case LAST_COLUMN: return col == a->cols - 1;
    case FIRST_ROW_ONLY: return row == 0;
    case FIRST_COLUMN_ONLY: return col == 0;
    case NOT_FIRST_ROW: return row > 0;
    case NOT_FIRST_COLUMN: return col > 0;
    case DIAGONAL: return row == col;
    default: return row != col;
    }
}

/* A place holds where the wrong numbers are those at it: all of "not the first", some of the others. */
void positions_note(Positions *differing, const Answers *a, const bool *wrong) {
    if (!differing->seen) differing->holds = ~0u;
    differing->seen = true;
    for (int place = 0; place < PLACES; place++) {
        bool all_of_it =
            place == NOT_FIRST || place == NOT_FIRST_ROW || place == NOT_FIRST_COLUMN || place == NOT_DIAGONAL;
        int inside = 0, missed = 0, others = 0;
        for (int i = 0; i < a->n; i++) {
            bool at = at_place(place, a, i);
            inside += at;
            missed += at && !wrong[i];
            others += !at && wrong[i];
        }
        if (others || (all_of_it && 4 * missed > inside)) differing->holds &= ~(1u << place);
        if (inside < a->n) differing->told |= 1u << place;
    }
}

const char *positions_text(const Positions *differing) {
    if (!differing->seen) return NULL;
    for (int place = 0; place < PLACES; place++)
        if (differing->holds & differing->told & (1u << place)) return place_texts[place];
    return NULL;
}

/* ---- all numbers on a line --------------------------------------------------------------------------------------- */

enum { LINE_NUMBERS = 4000, LINE_WANTED = 4 };

void line_note(Line *line, const Answers *a) {
    if (!line->right) {
        line->right = arena_alloc(line->arena, LINE_NUMBERS, sizeof *line->right);
        line->got = arena_alloc(line->arena, LINE_NUMBERS, sizeof *line->got);
    }
    for (int i = 0; i < a->n && line->count < LINE_NUMBERS; i++) {
        double base = a->added ? a->before[i] : 0;
        line->right[line->count] = a->right[i] - base;
        line->got[line->count] = a->got[i] - base;
        line->broken = line->broken || !isfinite(line->got[line->count]);
        line->count++;
    }
}

static bool on_line(const Line *line, double slope, double offset) {
    for (int i = 0; i < line->count; i++) {
        double off = line->got[i] - (slope * line->right[i] + offset);
        if (fabs(off) > 1e-4 * fmax(0.01, fmax(fabs(line->right[i]), fabs(line->got[i])))) return false;
    }
    return true;
}

/* How many different right numbers there are, up to LINE_WANTED; last: the one furthest from the first. */
static int different(const Line *line, int *furthest) {
    double seen[LINE_WANTED];
    int count = 0;
    *furthest = 0;
    for (int i = 0; i < line->count; i++) {
        bool known = false;
        for (int k = 0; k < count && !known; k++) known = fabs(seen[k] - line->right[i]) < 1e-2;
        if (!known && count < LINE_WANTED) seen[count++] = line->right[i];
        if (fabs(line->right[i] - line->right[0]) > fabs(line->right[*furthest] - line->right[0])) *furthest = i;
    }
    return count;
}

bool line_fit(const Line *line, double *slope, double *offset) {
    int far;
    if (line->broken || different(line, &far) < LINE_WANTED) return false;
    int largest = fabs(line->right[far]) > fabs(line->right[0]) ? far : 0;
    *slope = line->got[largest] / line->right[largest];
    *offset = 0;
    if (on_line(line, *slope, *offset)) return true;
    *slope = 1;
    *offset = line->got[0] - line->right[0];
    if (on_line(line, *slope, *offset)) return true;
    *slope = (line->got[far] - line->got[0]) / (line->right[far] - line->right[0]);
    *offset = line->got[0] - *slope * line->right[0];
    return fabs(*slope) > 1e-3 && on_line(line, *slope, *offset);
}

/* ---- sizes for which the answer is right ------------------------------------------------------------------------- */

enum { SAME, NOT_BELOW, NOT_ABOVE, IS, RULES, LARGEST_FIXED = 9 };

void size_rule_note(SizeRule *rule, const Answers *a, bool wrong) {
    if (rule->cases == RULE_CASES || a->sizes == 0) return;
    if (rule->cases == 0) {
        rule->sizes = a->sizes;
        for (int k = 0; k < a->sizes; k++) rule->name[k] = a->size_name[k];
    }
    for (int k = 0; k < rule->sizes; k++) rule->size[rule->cases][k] = a->size[k];
    rule->wrong[rule->cases++] = wrong;
}

static bool rule_says(int kind, int x, int y) {
    return kind == SAME || kind == IS ? x == y : kind == NOT_BELOW ? x >= y : x <= y;
}

/* Is the answer right exactly where size x and size y (or the number `fixed`) stand in this relation? An inequality has
 * to hold, and to fail, in three cases: two could be chance. */
static bool rule_holds(const SizeRule *rule, int kind, int x, int y, int fixed) {
    int right = 0, wrong = 0, wanted = kind == NOT_BELOW || kind == NOT_ABOVE ? 3 : 2;
    for (int c = 0; c < rule->cases; c++) {
        bool says = rule_says(kind, rule->size[c][x], kind < IS ? rule->size[c][y] : fixed);
        if (says == rule->wrong[c]) return false;
        right += says;
        wrong += !says;
    }
    return right >= wanted && wrong >= wanted;
}

const char *size_rule_text(const SizeRule *rule) {
    static const char *const forms[RULES] = { "%s is %s", "%s is %s or more", "%s is %s or less", "%s is %s" };
    for (int kind = 0; kind < RULES; kind++)
        for (int x = 0; x < rule->sizes; x++)
            for (int y = kind == SAME ? x + 1 : kind == IS; y < (kind < IS ? rule->sizes : LARGEST_FIXED); y++) {
                if ((kind < IS && x == y) || !rule_holds(rule, kind, x, y, y)) continue;
                char number[20], form[60], *text = arena_alloc(rule->arena, 200, 1);
                snprintf(number, sizeof number, "%d", y);
                const char *other = kind < IS ? rule->name[y] : number;
                snprintf(form, sizeof form, forms[kind], rule->name[x], other);
                if (kind == IS && y == 1)
                    snprintf(text, 200, "It is right exactly where %s. Look at the loop over %s and at the index.",
                             form, rule->name[x]);
                else
                    snprintf(text, 200, "It is right exactly where %s. Is %s used in place of %s?", form, other,
                             rule->name[x]);
                return text;
            }
    return NULL;
}
