/* verify_inside: what verify.c, verify_shapes.c and verify_run.c share. */
#ifndef VERIFY_INSIDE_H
#define VERIFY_INSIDE_H

#include "verify.h"

/* What a part's process tells its parent; in memory that both see. */
typedef enum { PART_UNTOUCHED, PART_RIGHT, PART_WRONG } Verdict;
typedef struct {
    bool started, finished;
    bool fresh;    /* the case that is shown was drawn from the seed */
    bool named;    /* the report says which mistake it is */
    bool by_shape; /* from shape_at on the report names a mistake that any answer can have */
    size_t shape_at;
    bool has_got;
    double got; /* the first wrong number that is shown */
    Verdict verdict;
    char label[100], input[1400]; /* the case at hand */
    char report[6000];            /* why it is wrong */
    char hint[1200];              /* what can be said when no mistake is known */
    char notes[3000];
    char id[64]; /* of the mistake */
    int numbers; /* how many were compared */
    double seconds;
} Shared;
extern Shared *shared;

/* The answer of the case at hand. */
typedef struct {
    int n, rows, cols;
    bool added; /* to before[] */
    const double *right, *before, *got;
    bool has_before;
    int sizes, size[8];
    const char *size_name[8];
} Answers;

/* Mistakes that any answer can have. shape_number: what the mistake makes of number i of the answer: a number,
 * VERIFY_ANY, or SHAPE_NONE where the mistake cannot be made. shape_text: how it is said. */
#define SHAPE_NONE (-1.6e300)
int shape_count(void);
double shape_number(int shape, const Answers *a, int i);
const char *shape_id(int shape);
bool shape_needs_rows(int shape); /* it says nothing of an answer with one row */
void shape_text(int shape, const Answers *a, char *text, size_t size);

/* Where the wrong numbers are, as bits. A place holds if no case contradicts it. It tells if it is not the whole
 * answer. */
typedef struct {
    unsigned holds, told;
    bool seen;
} Positions;
void positions_note(Positions *positions, const Answers *a, const bool *wrong);
const char *positions_text(const Positions *positions);

/* Every right number of the answers, and the number that came. line_fit: is what came `slope` times the right one plus
 * `offset`, everywhere? An offset of exactly 0, or a slope of exactly 1, is preferred. */
typedef struct {
    Arena *arena;
    double *right, *got;
    int count;
    bool broken; /* a number was not finite */
} Line;
void line_note(Line *line, const Answers *a);
bool line_fit(const Line *line, double *slope, double *offset);

/* The sizes of each case, and whether it was wrong. size_rule_text: "It is right where B is 2, and wrong everywhere
 * else.", if there is such a rule; else NULL. */
enum { RULE_CASES = 128, RULE_SIZES = 8 };
typedef struct {
    Arena *arena;
    const char *name[RULE_SIZES];
    int size[RULE_CASES][RULE_SIZES], sizes, cases;
    bool wrong[RULE_CASES];
} SizeRule;
void size_rule_note(SizeRule *rule, const Answers *a, bool wrong);
const char *size_rule_text(const SizeRule *rule);

/* Checks one part; ends the process. sanitized: arrays lie in memory that the sanitizer watches. */
NORETURN void verify_part(const Part *part, int index, uint64_t seed, bool sanitized);

/* From now on model `model` answers in the student's place: to see that every known mistake is found. */
void verify_pretend(int model);

#endif
