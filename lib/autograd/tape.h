/* tape: reverse-mode automatic differentiation (Linnainmaa 1970; Baydin et al., JMLR 18, 2018).
 *
 * Every operation computes its value at once and is written down on the tape. tape_backward then walks the tape from
 * the end: each node adds to the gradients of its inputs what the chain rule says, dL/dx += dL/dy * dy/dx.
 *
 * Rules of use
 *   The gradient of x is called dx and has x's shape. Gradients accumulate: a value used twice gets both shares.
 *   Values live on the tape's arena until tape_reset; parameters (Param) live outside and outlast every tape.
 *   A gradient's memory is used again as soon as its node is done. Set keep_grads to look at them afterwards.
 */
#ifndef TAPE_H
#define TAPE_H

#include "core/mat.h"
#include "autograd/profile.h"
#include "kernels/weight_view.h"

typedef struct Node Node;
typedef Node *Var; /* a value on a tape */
typedef struct GradCheck GradCheck;

/* What kind of operation a node is. `check` makes the operation for the gradient checker; an operation without one
 * does not link (see OP below). */
typedef struct {
    const char *name;
    void (*backward)(Var out);
    Var (*check)(GradCheck *check);
} Op;

/* OP(relu): the operation relu is made of relu_backward and relu_check, defined in the same file; &relu_op goes to
 * tape_record. ops.h lists all operations for the tests. */
#define OP(name)                                                                                                       \
    static void name##_backward(Var out);                                                                              \
    static Var name##_check(GradCheck *check);                                                                         \
    const Op name##_op = { #name, name##_backward, name##_check }

/* Numbers that outlast the tape: a weight to be learnt, or a buffer (batch norm's running statistics) that is only
 * kept with the weights. Made by params_add (params.h). */
typedef struct {
    const char *name; /* the ecosystem's tensor name, "image.conv1.weight" */
    Mat val;
    num *grad;                      /* as many numbers */
    bool has_grad;                  /* false: grad holds nothing yet, the first share overwrites it */
    bool frozen;                    /* not trained: a buffer, or a weight that is given */
    int group;                      /* which of the optimiser's groups updates it (optim.h) */
    const WeightView *weights_view; /* not NULL: val.v is, and the numbers lie in a file (pretrained.h); frozen */
} Param;

enum { NODE_INPUTS = 3 };

struct Node {
    const Op *op; /* NULL for a leaf */
    Mat val;
    num *grad;           /* NULL until something flows in */
    bool requires_grad;     /* false: no parameter is below, nothing needs to flow */
    Var in[NODE_INPUTS]; /* unused ones NULL */
    Param *param;        /* a leaf that stands for it, or NULL */
    void *save;          /* what forward leaves for backward; the operation knows its type */
    struct Tape *tape;
    Node *previous; /* the node recorded before this one */
};

typedef struct Tape {
    Arena arena;
    Node *last;
    bool no_grad;            /* inference: nothing is kept for a backward */
    bool training;           /* batch norm uses, and remembers, the batch's own statistics */
    bool keep_grads;         /* gradients of all nodes stay readable after tape_backward */
    struct GradBlock *spare; /* gradient memory to be used again */
    Profile *profile;        /* NULL: time is not taken */
} Tape;

/* A leaf without gradient: data. The numbers are not copied and must outlive the tape's use of them. */
Var tape_data(Tape *t, Mat numbers);
/* A leaf with a gradient of its own on the tape: for checks and lessons. Not copied. */
Var tape_leaf(Tape *t, Mat numbers);
/* A leaf for a parameter; its gradient goes to param->grad. */
Var tape_param(Tape *t, Param *param);

/* For operations: a new node of the given shape (value not set) over up to three inputs (NULL where fewer). */
Var tape_record(Tape *t, const Op *op, Mat shape, Var a, Var b, Var c);
/* For backward functions: the gradient of x to add to, zero-filled at first; NULL where x wants none. */
num *tape_grad(Var x);
/* The same for kernels that can also overwrite: *accumulate says whether there is something to add to (the memory
 * holds anything otherwise, and all of it must be written). */
num *tape_grad_raw(Var x, bool *accumulate);
/* The same for backward functions of y that may write dx over dy, number by number: if nothing flowed into x yet, and
 * its numbers are as many as y's, x takes over the memory of y's gradient, which nobody needs any more, and dx is dy.
 * The last that y's backward asks for, with dy read from y->grad before: it is gone afterwards. */
num *tape_grad_reuse(Var x, Var y, bool *accumulate);

/* dL/d(everything) for a scalar loss; parameters' gradients add to what they hold. */
void tape_backward(Tape *t, Var loss);
/* The same from a given dL/dy for y of any shape (as many numbers as y). */
void tape_backward_from(Tape *t, Var y, const num *dy);

/* The first operation whose value is not finite, or NULL: where a NaN was born. */
Var tape_first_not_finite(const Tape *t);

/* What a message calls a node: the name of its operation, or of its parameter, or "what was given". */
const char *tape_name(Var x);

/* The first operation on the way back from the loss that hands on a gradient that is not finite, or NULL. Goes that way
 * once more: parameters' gradients are part of it afterwards, and of no use. */
Var tape_first_not_finite_gradient(Tape *t, Var loss);

/* Inference in the memory of one block. On a no_grad tape everything since `mark` is forgotten but the numbers of y, an
 * operation's result. They take the place of x's, if x is an operation's result from before the mark of the same shape
 * that nobody else still needs, and the answer is x; else (or x is NULL) they move to the mark. On other tapes nothing
 * happens, and the answer is y.
 *     TapeMark mark = tape_mark(t);   x = tape_keep(t, mark, x, block(t, x)); */
typedef struct {
    ArenaMark arena;
    Node *last;
} TapeMark;
TapeMark tape_mark(const Tape *t); /* here, now */
Var tape_keep(Tape *t, TapeMark mark, Var x, Var y);

void tape_reset(Tape *t); /* forgets all nodes, keeps the memory */
void tape_free(Tape *t);

#endif
