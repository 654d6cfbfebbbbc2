#include "verify_inside.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

enum { CASES = 64, SHOWN_IN_FULL = 24, SHOWN = 8, TEXT = 700, NAMED_AT_ONCE = 3, LABELS_SHOWN = 4, SMALL_CASES = 60 };

Shared *shared;

/* A case that came out wrong, to be shown. */
typedef struct {
    bool set, fresh, integer, has_number;
    int numbers; /* that were put in */
    char label[100], input[1400], where[200];
    double got, want;
} Failure;

static struct {
    const Part *part;
    Rng rng;
    Arena arena;
    bool sanitized, drew, fresh_case;
    int pretend;                     /* this model's numbers stand for the student's; 0: they do not */
    int mistakes, models;            /* that the part brings; with the right one */
    bool *alive;                     /* by mistake, then by shape: its numbers are those that came, so far */
    int *explained;                  /* how many wrong numbers they explain */
    int cases, wrong_cases, numbers; /* numbers put in, of the case at hand */
    Answers answers;                 /* of the case at hand */
    double *table, *got;
    bool *integer, mixed; /* which of them are whole numbers; some are, some are not */
    char *where;          /* of the case's first wrong number, */
    int first_wrong;      /* and which it is; -1 */
    Failure failure;
    const char *labels[CASES];
    bool label_wrong[CASES];
    int label_count;
    double *first_answer; /* what came in the first case */
    int first_count;
    bool remembers, constant, worked_wrong;
    double constant_value;
    int constant_cases;
    Positions differing;
    char outside[300]; /* what was written outside of an array */
    Line line;         /* through (right number, number that came) */
    SizeRule size_rule;
    int small_cases, most_rows; /* over all cases */
    bool unwritten;             /* every wrong number is what was there before the call */
} now;

Rng *verify_rng(void) {
    now.drew = true;
    return &now.rng;
}
Arena *verify_arena(void) { return &now.arena; }
bool verify_right(void) { return now.wrong_cases == 0; }

bool verify_wants_small(void) {
    const Failure *f = &now.failure;
    return f->set && f->numbers > SHOWN_IN_FULL && now.small_cases++ < SMALL_CASES;
}
int verify_models(void) { return now.models; }

/* ---- the report -------------------------------------------------------------------------------------------------- */

static void add(char *text, size_t size, const char *format, va_list args) {
    size_t used = strlen(text);
    vsnprintf(text + used, size - used, format, args);
}

PRINTF_LIKE(1, 2) static void report(const char *format, ...) {
    va_list args;
    va_start(args, format);
    add(shared->report, sizeof shared->report, format, args);
    va_end(args);
}

PRINTF_LIKE(1, 2) static void hint(const char *format, ...) {
    va_list args;
    va_start(args, format);
    add(shared->hint, sizeof shared->hint, format, args);
    va_end(args);
}

void verify_note(const char *format, ...) {
    va_list args;
    va_start(args, format);
    add(shared->notes, sizeof shared->notes, format, args);
    va_end(args);
}

void verify_hint(const char *format, ...) {
    va_list args;
    if (*shared->hint) return;
    va_start(args, format);
    add(shared->hint, sizeof shared->hint, format, args);
    va_end(args);
}

NORETURN static void end_part(Verdict verdict) {
    fflush(NULL);
    shared->verdict = verdict;
    shared->finished = true;
    arena_free(&now.arena);
    _exit(0);
}

static void report_input(const char *label, const char *input) {
    report("  input     %s%s%s%s\n", *label ? "(" : "", label, *label ? ") " : "", input);
}

void verify_wrong(const char *id, const char *format, ...) {
    va_list args;
    va_start(args, format);
    if (*shared->input) report_input(shared->label, shared->input);
    report("  ");
    add(shared->report, sizeof shared->report, format, args);
    report("\n");
    va_end(args);
    shared->fresh = now.fresh_case;
    shared->named = true;
    snprintf(shared->id, sizeof shared->id, "%s", id ? id : "");
    end_part(PART_WRONG);
}

void verify_untouched(void) { end_part(PART_UNTOUCHED); }

void exercise_todo(const char *file, int line, ...) {
    (void)file;
    (void)line;
    verify_untouched();
}

/* A number for people: no "-0", no "-nan"; whole numbers without a point. */
static const char *shown(double x, char *text, size_t size) {
    if (isnan(x)) snprintf(text, size, "nan (not a number)");
    else if (isinf(x)) snprintf(text, size, x > 0 ? "infinity" : "-infinity");
    else snprintf(text, size, "%.7g", x == 0 ? 0.0 : x);
    return text;
}

const char *verify_number(double x) {
    char *text = arena_alloc(&now.arena, 40, 1);
    return shown(x, text, 40);
}

/* ---- judging a case ---------------------------------------------------------------------------------------------- */

static bool close_to(double got, double want, double tolerance) {
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got);
    if (isinf(want) || isinf(got)) return want == got;
    return fabs(got - want) <= tolerance * fmax(1, fabs(want));
}

/* Is what came what the model makes? Where it is wrong, the model must be much nearer to it than the right number. */
static bool fits(double got, double model, double right, double tolerance) {
    if (model == VERIFY_ANY) return true;
    if (model == SHAPE_NONE) return false;
    if (model == VERIFY_NOT_FINITE) return !isfinite(got);
    if (!close_to(got, model, 4 * tolerance)) return false;
    if (close_to(got, right, tolerance) || !isfinite(got) || !isfinite(right)) return true;
    return fabs(got - model) <= 0.2 * fabs(got - right);
}

void verify_case(const char *label, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(shared->input, sizeof shared->input, format, args);
    va_end(args);
    snprintf(shared->label, sizeof shared->label, "%s", label);
    now.fresh_case = now.drew;
    now.drew = false;
    shared->fresh = now.fresh_case;
    now.answers = (Answers){ 0 };
    now.first_wrong = -1;
}

void verify_size(const char *name, int value) {
    Answers *a = &now.answers;
    REQUIRE(a->sizes < (int)COUNT(a->size), "%d sizes", a->sizes);
    a->size_name[a->sizes] = name;
    a->size[a->sizes++] = value;
}

void verify_answers(int rows, int cols, const num *before, bool added) {
    Answers *a = &now.answers;
    int n = rows * cols;
    a->n = n;
    a->rows = rows;
    a->cols = cols;
    a->added = added;
    now.most_rows = MAX(now.most_rows, rows);
    a->has_before = before != NULL;
    now.table = arena_alloc(&now.arena, (size_t)(n * (now.models + 1)), sizeof *now.table);
    now.got = arena_zero(&now.arena, (size_t)n, sizeof *now.got);
    now.integer = arena_zero(&now.arena, (size_t)n, sizeof *now.integer);
    now.where = arena_zero(&now.arena, (size_t)n, sizeof now.failure.where);
    for (int i = 0; i < n * now.models; i++) now.table[i] = VERIFY_ANY;
    double *kept = now.table + n * now.models;
    for (int i = 0; i < n; i++) kept[i] = before ? (double)before[i] : 0;
    a->right = now.table;
    a->before = kept;
    a->got = now.got;
}

double *verify_model(int m) { return now.table + m * now.answers.n; }

static void got(int i, double value, bool integer, const char *where, va_list args) {
    REQUIRE(i >= 0 && i < now.answers.n, "number %d of %d", i, now.answers.n);
    now.got[i] = value;
    now.integer[i] = integer;
    vsnprintf(now.where + (size_t)i * sizeof now.failure.where, sizeof now.failure.where, where, args);
}

void verify_got(int i, double value, const char *where, ...) {
    va_list args;
    va_start(args, where);
    got(i, value, false, where, args);
    va_end(args);
}

void verify_got_int(int i, int value, const char *where, ...) {
    va_list args;
    va_start(args, where);
    got(i, value, true, where, args);
    va_end(args);
}

/* The mistakes that any answer can have say nothing of whole numbers beside others. */
static double model_number(int m, int i) {
    if (m >= now.mistakes && now.mixed && now.integer[i]) return VERIFY_ANY;
    return m < now.mistakes ? now.table[(m + 1) * now.answers.n + i] : shape_number(m - now.mistakes, &now.answers, i);
}

/* Which mistakes remain. */
static void sift(const bool *wrong) {
    double tolerance = now.part->tolerance;
    now.mixed = false;
    for (int i = 1; i < now.answers.n; i++) now.mixed = now.mixed || now.integer[i] != now.integer[0];
    for (int m = 0; m < now.mistakes + shape_count(); m++)
        for (int i = 0; i < now.answers.n && now.alive[m]; i++) {
            double model = model_number(m, i);
            now.alive[m] = fits(now.got[i], model, now.answers.right[i], tolerance);
            now.explained[m] += wrong[i] && model != VERIFY_ANY;
        }
}

static void keep_failure(void) {
    Failure *f = &now.failure;
    int i = MAX(now.first_wrong, 0);
    if (f->set && f->numbers <= MAX(now.numbers, SHOWN_IN_FULL) && !(now.first_wrong >= 0 && !f->has_number)) return;
    f->has_number = now.first_wrong >= 0;
    f->set = true;
    f->fresh = now.fresh_case;
    f->numbers = now.numbers;
    f->integer = now.integer[i];
    f->got = now.got[i];
    f->want = now.answers.right[i];
    snprintf(f->label, sizeof f->label, "%s", shared->label);
    snprintf(f->input, sizeof f->input, "%s", shared->input);
    snprintf(f->where, sizeof f->where, "%s", now.where + (size_t)i * sizeof f->where);
}

static void note_label(bool wrong) {
    for (int i = 0; i < now.label_count; i++)
        if (!strcmp(now.labels[i], shared->label)) {
            now.label_wrong[i] = now.label_wrong[i] || wrong;
            return;
        }
    if (now.label_count == CASES) return;
    now.labels[now.label_count] = arena_text(&now.arena, shared->label);
    now.label_wrong[now.label_count++] = wrong;
}

/* The first case, put in once more at the end, must give the same. */
static void compare_again(void) {
    bool again = !strcmp(shared->label, "again");
    if (!now.first_answer) {
        now.first_count = now.answers.n;
        now.first_answer = now.got;
    }
    for (int i = 0; again && i < MIN(now.answers.n, now.first_count); i++)
        now.remembers = now.remembers || !close_to(now.got[i], now.first_answer[i], now.part->tolerance);
}

static void note_constant(void) {
    bool one = now.answers.n == 1 && isfinite(now.got[0]);
    if (now.cases == 0) now.constant_value = now.got[0];
    now.constant = one && (now.cases == 0 || now.constant) && close_to(now.got[0], now.constant_value, 1e-9);
    now.constant_cases++;
}

static bool look_at_guards(void);

/* The known mistake itself gives the answer. */
static void pretend(void) {
    for (int i = 0; i < now.answers.n; i++) {
        double model = verify_model(now.pretend)[i];
        now.got[i] = model == VERIFY_ANY ? now.answers.right[i] : model == VERIFY_NOT_FINITE ? NAN : model;
    }
}

void verify_done(void) {
    if (now.pretend) pretend();
    bool outside = look_at_guards(), any = false;
    bool *wrong = arena_zero(&now.arena, (size_t)now.answers.n, sizeof *wrong);
    for (int i = 0; i < now.answers.n; i++) {
        wrong[i] = !close_to(now.got[i], now.answers.right[i], now.part->tolerance);
        if (wrong[i] && !any) now.first_wrong = i;
        any = any || wrong[i];
        if (wrong[i]) now.unwritten = now.unwritten && now.answers.has_before && now.got[i] == now.answers.before[i];
    }
    shared->numbers += now.answers.n;
    note_constant();
    line_note(&now.line, &now.answers);
    compare_again();
    sift(wrong);
    note_label(any || outside);
    if (any || outside) {
        now.worked_wrong = now.worked_wrong || !strcmp(shared->label, "the worked example");
        keep_failure();
        now.wrong_cases++;
    }
    now.unwritten = now.unwritten && (any || !outside);
    if (any && now.answers.n > 1) positions_note(&now.differing, &now.answers, wrong);
    size_rule_note(&now.size_rule, &now.answers, any || outside);
    now.cases++;
    now.numbers = 0;
}

/* ---- what is said ------------------------------------------------------------------------------------------------ */

static const char *mistake_text(int m) {
    static char text[400];
    if (m < now.mistakes) return now.part->mistakes[m].text;
    shape_text(m - now.mistakes, &now.answers, text, sizeof text);
    return text;
}
static const char *mistake_id(int m) {
    return m < now.mistakes ? now.part->mistakes[m].id : shape_id(m - now.mistakes);
}

static void add_id(const char *id) {
    size_t used = strlen(shared->id);
    if (!strstr(shared->id, id)) snprintf(shared->id + used, sizeof shared->id - used, "%s%s", used ? "|" : "", id);
}

/* Does mistake m explain every number? A column says something only where there are rows. */
static bool explains(int m) {
    bool needs_rows = m >= now.mistakes && shape_needs_rows(m - now.mistakes);
    return now.alive[m] && now.explained[m] > 0 && (!needs_rows || now.most_rows > 1);
}

/* The mistakes from `from` to `to` that explain every number, each text once; how many. */
static int name_mistakes(int from, int to) {
    char said[NAMED_AT_ONCE][400];
    int count = 0;
    for (int m = from; m < to && count < NAMED_AT_ONCE; m++) {
        bool known = !explains(m);
        for (int i = 0; i < count && !known; i++) known = !strcmp(said[i], mistake_text(m));
        if (known) continue;
        snprintf(said[count], sizeof said[count], "%s", mistake_text(m));
        report("  %s\n    %s\n",
               count == 0 ? "Your numbers are those of a known mistake:" : "  Or, with the same numbers:", said[count]);
        count++;
        add_id(mistake_id(m));
    }
    return count;
}

static bool name_by_conduct(void) {
    if (now.remembers) {
        report("  The first input was passed again at the end, and the result is another one. A static or global "
               "variable keeps a value between calls, or a variable is used before it is set.\n");
        add_id("remembers");
    } else if (now.constant && now.constant_value != 0 && now.constant_cases > 3) {
        char text[40];
        report("  The result is %s for every input. It is a fixed number in your code.\n",
               shown(now.constant_value, text, sizeof text));
        add_id("constant");
    } else {
        return false;
    }
    return true;
}

static int count_labels(bool wrong) {
    int count = 0;
    for (int i = 0; i < now.label_count; i++)
        count += now.label_wrong[i] == wrong && strcmp(now.labels[i], "again") != 0;
    return count;
}

static void list_labels(bool wrong) {
    int count = 0, all = count_labels(wrong);
    for (int i = 0; i < now.label_count && count < LABELS_SHOWN; i++) {
        if (now.label_wrong[i] != wrong || !strcmp(now.labels[i], "again")) continue;
        hint("%s%s", count ? "; " : wrong ? "  Wrong in these cases: " : "  Right in these cases: ", now.labels[i]);
        count++;
    }
    if (all > count) hint("; and %d more", all - count);
    if (count) hint(".\n");
}

/* In which cases the answer is right, and in which it is wrong. */
static void hint_at_cases(void) {
    int right = count_labels(false);
    bool worked_right = right == 1 && !now.worked_wrong && !strcmp(now.labels[0], "the worked example");
    const char *rule = size_rule_text(&now.size_rule);
    if (worked_right)
        hint("  Only the worked example is right. What does your code do for other sizes and other numbers?\n");
    else if (right > 0) list_labels(false);
    if (right > 0) list_labels(true);
    if (rule) hint("  %s\n", rule);
}

/* What is said of a mistake that is not in the lists. */
static void hint_at_it(void) {
    const char *where = positions_text(&now.differing);
    if (where) hint("  %s\n", where);
    if (isnan(now.failure.got))
        hint("  nan comes from 0/0, from the square root or logarithm of a negative number, from infinity minus "
             "infinity, or from memory that was never written.\n");
    else if (isinf(now.failure.got))
        hint("  infinity comes from a division by 0, from the logarithm of 0, or from exp of a number above 88 (709 "
             "in double).\n");
    hint_at_cases();
}

static bool say_line(void) {
    double slope, offset;
    if (*now.outside || !line_fit(&now.line, &slope, &offset)) return false;
    if (offset == 0) report("  Every number is %.5g times the right one.\n", slope);
    else if (slope == 1) report("  Every number is the right one %c %.5g.\n", offset < 0 ? '-' : '+', fabs(offset));
    else
        report("  Every number is %.5g times the right one, %s %.5g.\n", slope, offset < 0 ? "minus" : "plus",
               fabs(offset));
    add_id(offset == 0 ? "factor" : slope == 1 ? "offset" : "factor|offset");
    return true;
}

static bool say_unwritten(void) {
    const char *where = positions_text(&now.differing);
    report("  The wrong numbers were never written. They are what was there before the call.\n");
    const char *rule = size_rule_text(&now.size_rule);
    if (where) report("  %s\n", where);
    if (rule) report("  %s\n", rule);
    add_id("not-written");
    return true;
}

static void report_failure(void) {
    const Failure *f = &now.failure;
    char got_text[40], want_text[40];
    report_input(strcmp(f->label, "again") ? f->label : "the worked example, a second time", f->input);
    shared->fresh = f->fresh;
    if (!f->has_number) return;
    shared->got = f->got;
    shared->has_got = true;
    report("  %s\n    expected  %s\n    got       %s", f->where, shown(f->want, want_text, sizeof want_text),
           shown(f->got, got_text, sizeof got_text));
    if (isfinite(f->got - f->want) && !f->integer)
        report("     (off by %.3g, allowed %.1g)", fabs(f->got - f->want),
               now.part->tolerance * fmax(1, fabs(f->want)));
    report("\n");
}

static void judge_part(void) {
    if (now.wrong_cases == 0 && shared->numbers > 0) end_part(PART_RIGHT);
    report_failure();
    bool named = name_by_conduct() || name_mistakes(0, now.mistakes) > 0;
    shared->shape_at = strlen(shared->report);
    if (!named) shared->by_shape = named = name_mistakes(now.mistakes, now.mistakes + shape_count()) > 0;
    if (!named && now.unwritten) named = say_unwritten();
    if (!named) named = say_line();
    if (*now.outside) report("  %s%s.\n", named ? "And: " : "", now.outside);
    if (*now.outside && !named) add_id("outside");
    named = named || *now.outside;
    shared->named = named;
    if (!named) hint_at_it();
    if (!named && now.worked_wrong)
        hint("  The worked example of the text is wrong too. Go through it by hand, line by line of your code.\n");
    end_part(PART_WRONG);
}

/* A function of the library may end the process: what is known by then is left for the parent. */
static void name_before_the_end(void) {
    if (shared->finished || now.wrong_cases == 0) return;
    shared->report[0] = '\0';
    if (name_mistakes(0, now.mistakes) == 0) name_mistakes(now.mistakes, now.mistakes + shape_count());
}

void verify_pretend(int model) { now.pretend = model; }

void verify_part(const Part *part, int index, uint64_t seed, bool sanitized) {
    now.part = part;
    now.sanitized = sanitized;
    now.rng = rng_seed(seed, (uint64_t)index);
    while (part->mistakes[now.mistakes].id) now.mistakes++;
    now.models = now.mistakes + 1;
    int all = now.mistakes + shape_count();
    now.alive = arena_alloc(&now.arena, (size_t)all, sizeof *now.alive);
    now.explained = arena_zero(&now.arena, (size_t)all, sizeof *now.explained);
    for (int m = 0; m < all; m++) now.alive[m] = true;
    now.unwritten = true;
    now.line.arena = now.size_rule.arena = &now.arena;
    shared->started = true;
    message_hook = name_before_the_end;
    part->check();
    judge_part();
    abort();
}

/* ---- guarded memory ---------------------------------------------------------------------------------------------- */

/* Before and behind each array lie numbers: who reads them gets a wrong result, and who writes them is found out. Under
 * the sanitizer nothing lies there: whoever touches it is stopped at once. */
enum { GUARD = 64, GUARDED = 2000 };
typedef struct {
    const char *name;
    char *all, *kept;   /* with what lies around it, and a copy */
    size_t bytes, item; /* of the array alone; of a number */
    int cols;
    bool constant, lent, ints;
} Guarded;
static Guarded guarded[GUARDED];
static size_t guarded_count;
static bool lent_noted;

static size_t margin(const Guarded *g) { return now.sanitized ? 0 : GUARD * g->item; }

static void fill(void *at, size_t bytes, bool ints) {
    int sign = now.cases % 2 && strcmp(shared->label, "again") ? -1 : 1; /* "again" is like case 0 */
    for (size_t i = 0; ints && i < bytes / sizeof(int); i++) ((int *)at)[i] = i % 2 ? 0 : 1;
    for (size_t i = 0; !ints && i < bytes / sizeof(num); i++)
        ((num *)at)[i] = (num)(sign * (i % 2 ? -1.75 : 2.5) * (1 + (double)i / 8));
}

static void *guard(const char *name, const void *given, size_t n, int cols, bool ints, bool constant) {
    size_t item = ints ? sizeof(int) : sizeof(num);
    Guarded g = { .name = name, .bytes = n * item, .item = item, .cols = cols, .constant = constant, .ints = ints };
    size_t around = margin(&g), total = g.bytes + 2 * around;
    g.all = arena_alloc(&now.arena, total, 1);
    g.kept = arena_alloc(&now.arena, total, 1);
    fill(g.all, around, ints);
    fill(g.all + around + g.bytes, around, ints);
    memcpy(g.all + around, given, g.bytes);
    memcpy(g.kept, g.all, total);
    REQUIRE(guarded_count < GUARDED, "%zu arrays", guarded_count);
    guarded[guarded_count++] = g;
    return g.all + around;
}

static void say_changed(const Guarded *g, size_t at) {
    const char *is = g->all + margin(g) + at * g->item, *was = g->kept + margin(g) + at * g->item;
    double now_is = g->ints ? *(const int *)(const void *)is : (double)*(const num *)(const void *)is;
    double before = g->ints ? *(const int *)(const void *)was : (double)*(const num *)(const void *)was;
    char place[60], a[40], b[40];
    if (g->cols > 1 && g->bytes / g->item > (size_t)g->cols)
        snprintf(place, sizeof place, "[%d,%d]", (int)at / g->cols, (int)at % g->cols);
    else snprintf(place, sizeof place, "[%d]", (int)at);
    verify_wrong(
        "changed",
        "Your function has changed its input `%s`. Number %s was %s before the call and is %s after it. Write into "
        "the result or into a copy. (A Mat copied with = shares its numbers with the first one.)",
        g->name, place, shown(before, a, sizeof a), shown(now_is, b, sizeof b));
}

/* True if something was written outside of an array. */
static bool look_at_guards(void) {
    bool any = false;
    for (size_t k = 0; k < guarded_count; k++) {
        const Guarded *g = &guarded[k];
        size_t around = margin(g), behind = around + g->bytes;
        bool before_it = memcmp(g->all, g->kept, around) != 0;
        if (before_it || memcmp(g->all + behind, g->kept + behind, around) != 0) {
            snprintf(
                now.outside, sizeof now.outside,
                "Your function has written %s `%s`, which has %zu numbers. An index is too %s. Look at the bounds of "
                "the loops, and at the sizes in the index",
                before_it ? "before the beginning of" : "behind the end of", g->name, g->bytes / g->item,
                before_it ? "small" : "large");
            any = true;
        }
        if (g->lent && !lent_noted && memcmp(g->all + around, g->kept + around, g->bytes) != 0) {
            verify_note(
                "  Note: your function has changed its input `%s`. This is allowed here. But a caller may need the "
                "old numbers again.\n",
                g->name);
            lent_noted = true;
        }
        for (size_t i = 0; g->constant && i < g->bytes / g->item; i++)
            if (memcmp(g->all + around + i * g->item, g->kept + around + i * g->item, g->item) != 0) say_changed(g, i);
    }
    guarded_count = 0;
    return any;
}

Mat verify_input(const char *name, Mat m) {
    Mat copy = m;
    copy.v = guard(name, m.v, mat_count(m), m.dims > 1 ? m.shape[1] : 1, false, true);
    return copy;
}

const num *verify_input_numbers(const char *name, const num *v, int n) {
    return guard(name, v, (size_t)n, 1, false, true);
}

const int *verify_input_ints(const char *name, const int *v, int n) { return guard(name, v, (size_t)n, 1, true, true); }

Mat verify_lent(const char *name, Mat m) {
    Mat copy = verify_changing(name, m);
    guarded[guarded_count - 1].lent = true;
    return copy;
}

Mat verify_changing(const char *name, Mat m) {
    Mat copy = m;
    copy.v = guard(name, m.v, mat_count(m), m.dims > 1 ? m.shape[1] : 1, false, false);
    return copy;
}

/* Numbers that no answer has, each another. */
Mat verify_room(const char *name, int rows, int cols) {
    Mat m = mat_new(&now.arena, rows, cols);
    for (int i = 0; i < rows * cols; i++) m.v[i] = (num)(-37.25 - 0.5 * i);
    return verify_changing(name, m);
}

int *verify_room_ints(const char *name, int n) {
    int *v = arena_alloc(&now.arena, (size_t)n, sizeof *v);
    for (int i = 0; i < n; i++) v[i] = -37 - i;
    return guard(name, v, (size_t)n, 1, true, false);
}

/* ---- inputs ------------------------------------------------------------------------------------------------------ */

Mat verify_random(int rows, int cols, double scale) { return mat_normal(&now.arena, rows, cols, verify_rng(), scale); }

Mat verify_from(int rows, int cols, const double *numbers) { return mat_from(&now.arena, rows, cols, numbers); }

/* n things in parentheses or as rows. print: one of them. */
typedef int (*PrintOne)(char *text, size_t room, const void *v, int i);

static int print_number(char *text, size_t room, const void *v, int i) {
    double x = (double)((const num *)v)[i];
    return snprintf(text, room, "%.6g", x == 0 ? 0.0 : x);
}
static int print_whole(char *text, size_t room, const void *v, int i) {
    return snprintf(text, room, "%d", ((const int *)v)[i]);
}

static const char *listed(const void *v, int n, int cols, PrintOne print) {
    char *text = arena_alloc(&now.arena, TEXT, 1);
    size_t used = 1;
    int most = n <= SHOWN_IN_FULL ? n : SHOWN;
    now.numbers += n;
    snprintf(text, TEXT, cols ? "[" : "(");
    for (int i = 0; i < most && used < TEXT - 40; i++) {
        const char *between = i == 0 ? "" : !cols ? ", " : i % cols ? " " : " | ";
        used += (size_t)snprintf(text + used, TEXT - used, "%s", between);
        used += (size_t)print(text + used, TEXT - used, v, i);
    }
    snprintf(text + used, TEXT - used, "%s%s", most < n ? cols ? " ..." : ", ..." : "", cols ? "]" : ")");
    return text;
}

const char *verify_vector(const num *v, int n) { return listed(v, n, 0, print_number); }
const char *verify_matrix(Mat m) { return listed(m.v, (int)mat_count(m), m.shape[1], print_number); }
const char *verify_ints(const int *v, int n) { return listed(v, n, 0, print_whole); }

char *verify_printed(void (*call)(void)) {
    enum { LIMIT = 1 << 20 };
    FILE *file = tmpfile();
    int before = dup(STDOUT_FILENO);
    if (!file || before < 0) die("a temporary file: %s", strerror(errno));
    fflush(stdout);
    dup2(fileno(file), STDOUT_FILENO);
    call();
    fflush(stdout);
    dup2(before, STDOUT_FILENO);
    close(before);
    rewind(file);
    char *text = arena_alloc(&now.arena, LIMIT + 1, 1);
    text[fread(text, 1, LIMIT, file)] = '\0';
    fclose(file);
    return text;
}
