#include "model/model_summary.h"
#include "autograd/flop.h"

#include <string.h>

static size_t node_numbers(const Node *n) {
    size_t numbers = 0;
    for (int k = 0; k < NODE_INPUTS; k++)
        if (n->in[k] && n->in[k]->param && !n->in[k]->param->frozen) numbers += mat_count(n->in[k]->val);
    return numbers;
}
ModelSummary model_summary_make(Arena *arena, const Tape *tape, Var from) {
    ModelSummary found = { .count = 0 };
    for (const Node *n = tape->last; n && n != from; n = n->previous) found.count += n->op != NULL;
    found.step = arena_zero(arena, (size_t)found.count, sizeof *found.step);
    int at = found.count;
    for (const Node *n = tape->last; n && n != from; n = n->previous) {
        if (!n->op) continue;
        SummaryStep *step = &found.step[--at];
        *step = (SummaryStep){ n->op->name, n->val, node_numbers(n), node_multiply_adds(n) };
        step->shape.v = NULL;
        found.numbers += step->numbers;
        found.work += step->work;
    }
    return found;
}

static bool step_same(const SummaryStep *a, const SummaryStep *b) {
    return !strcmp(a->name, b->name) && mat_same_shape(a->shape, b->shape) && a->numbers == b->numbers;
}
/* The length of the block of steps that begins at i and repeats at once, and how often; 0 where none does. */
static int repeated(const ModelSummary *a, int i, int *times) {
    for (int period = 3; i + 2 * period <= a->count; period++) {
        int same = 0;
        while (i + period + same < a->count && step_same(&a->step[i + same], &a->step[i + period + same])) same++;
        if (same >= period && a->step[i].numbers) {
            *times = 1 + same / period;
            return period;
        }
    }
    return 0;
}

static void print_steps(FILE *out, const ModelSummary *a, int begin, int end, const char *note, Mat *shape) {
    const char *rest = *note ? "  | " : "";
    for (int i = begin; i < end; i++) {
        const SummaryStep *s = &a->step[i];
        if (s->numbers) fprintf(out, "%s%10zu  %s%s", i > 0 ? "\n" : "", s->numbers, i == begin ? note : rest, s->name);
        else fprintf(out, i > 0 ? ", %s" : "            %s", s->name);
        if (!mat_same_shape(*shape, s->shape)) fprintf(out, " %s", mat_shape_text(s->shape));
        *shape = s->shape;
    }
}
void model_summary_print(FILE *out, const ModelSummary *a) {
    Mat shape = { .dims = -1 };
    for (int i = 0, times = 0, period; i < a->count; i += MAX(1, period * times)) {
        char note[32] = "";
        period = repeated(a, i, &times);
        if (period) snprintf(note, sizeof note, "%d x ", times);
        print_steps(out, a, i, i + MAX(1, period), note, &shape);
    }
    fprintf(out, "\n%10zu  numbers to learn, %.0f multiply-adds\n", a->numbers, a->work);
}

Mat model_summary_attention(Arena *arena, const Tape *tape, int i, AttentionShape shape, int b, int token) {
    int count = 0;
    const Node *found = NULL;
    for (const Node *n = tape->last; n; n = n->previous) count += n->op == &attention_op;
    REQUIRE(0 <= i && i < count, "attention %d of %d", i, count);
    for (const Node *n = tape->last; n; n = n->previous)
        if (n->op == &attention_op && --count == i) found = n->in[0];
    shape.B = found->val.shape[0];
    shape.T = found->val.shape[1];
    shape.D = found->val.shape[2] / 3;
    REQUIRE(0 <= b && b < shape.B && 0 <= token && token < shape.T, "token %d of text %d, want below %d and %d", token,
            b, shape.T, shape.B);
    Mat attention = mat_zero(arena, 1, shape.T);
    Arena work = { 0 };
    Mat map = mat_new(&work, shape.T, shape.T);
    for (int head = 0; head < shape.heads; head++) {
        attend_map(shape, found->val.v, b, head, map.v);
        for (int t = 0; t < shape.T; t++) attention.v[t] += AT(map, token, t) / (num)shape.heads;
    }
    arena_free(&work);
    return attention;
}
