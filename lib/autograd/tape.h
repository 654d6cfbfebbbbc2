/* tape: reverse-mode automatic differentiation (Linnainmaa 1970; Baydin et al., JMLR 18, 2018).
 *
 * Each operation computes its value at once and records a node on the tape. tape_backward then visits the nodes from
 * the last to the first; each adds to the gradients of its inputs by the chain rule:  dL/dx += dL/dy dy/dx.
 *
 * Rules of use
 *   The gradient of x is called dx and has the shape of x. Gradients accumulate: a value that is used twice gets the
 *   sum. Values live in the tape's arena until tape_reset. Parameters (Param) live outside of it and longer.
 *   The memory of a gradient is reused as soon as its node is done. Set keep_grads to read gradients afterwards.
 */
#ifndef TAPE_H
#define TAPE_H

#include "core/mat.h"
#include "autograd/profile.h"
#include "kernels/weight_view.h"

typedef struct Node Node;
typedef Node *Var; /* a value on a tape */
typedef struct GradCheck GradCheck;

/* An operation: backward(y) adds to the gradients of y's inputs; check builds it for the gradient checker; again(y), if
 * not NULL, computes the numbers of y once more, the same bits (tape_forget). */
typedef struct {
    const char *name;
    void (*backward)(Var y);
    Var (*check)(GradCheck *check);
    void (*again)(Var y);
} Op;

/* OP(relu) defines relu_op from relu_backward and relu_check of the same file. An operation that lacks one of the two
 * does not compile. */
#define OP(name)                                                                                                       \
    static void name##_backward(Var y);                                                                                \
    static Var name##_check(GradCheck *check);                                                                         \
    const Op name##_op = { #name, name##_backward, name##_check, NULL }

/* The same for an operation that is cheap to compute again: name_again is defined, too. */
#define OP_AGAIN(name)                                                                                                 \
    static void name##_backward(Var y);                                                                                \
    static Var name##_check(GradCheck *check);                                                                         \
    static void name##_again(Var y);                                                                                   \
    const Op name##_op = { #name, name##_backward, name##_check, name##_again }

/* A parameter: numbers that are trained, or a buffer (the running statistics of batch norm) that is only saved with
 * them. Made by params_add (params.h). */
typedef struct {
    const char *name; /* as in a weights file: "image.conv1.weight" */
    Mat val;
    num *grad;                      /* as many numbers as val */
    bool has_grad;                  /* false: grad holds nothing yet */
    bool frozen;                    /* not trained: a buffer, or a weight that is given */
    int group;                      /* the optimiser's parameter group (optim.h) */
    const WeightView *weights_view; /* not NULL: the numbers lie in a file (pretrained.h), val.v is NULL, frozen */
} Param;

enum { NODE_INPUTS = 3 };

struct Node {
    const Op *op; /* NULL for a leaf */
    Mat val;
    num *grad;           /* NULL until something is added to it */
    bool requires_grad;  /* false: no trained number is below this node */
    bool again;          /* the numbers were forgotten and computed again */
    Var in[NODE_INPUTS]; /* NULL where fewer */
    Param *param;        /* the parameter that a leaf stands for, or NULL */
    void *saved;         /* what the forward leaves for the backward; the operation knows its type */
    struct Tape *tape;
    Node *previous; /* the node recorded before this one */
};

typedef struct Tape {
    Arena arena;
    Node *last;
    bool no_grad;            /* inference: no gradients */
    bool training;           /* batch norm uses the statistics of the batch, and updates the running ones */
    bool repeated;           /* the same values were computed before: the running statistics do not change again */
    bool checkpoint;         /* transformers keep the inputs of their blocks only (op_checkpoint) */
    bool round_products;     /* operands of matrix products, convolutions and attention are rounded to BF16 */
    bool keep_grads;         /* gradients of all nodes can be read after tape_backward */
    struct TapeBlock *spare; /* memory of gradients and values that are done */
    Arena inner;             /* op_checkpoint: nodes of the part that is being computed */
    Profile *profile;        /* NULL: time is not measured */
} Tape;

/* Leaves: nodes without inputs. The numbers are not copied and must outlive the node.
 * Data: no gradient. Leaf: a gradient on the tape, for checks and lessons. Param: the gradient goes to param->grad. */
Var tape_data(Tape *t, Mat numbers);
Var tape_leaf(Tape *t, Mat numbers);
Var tape_param(Tape *t, Param *param);

/* For operations: records a node of the given shape (its numbers are not set) with up to three inputs (else NULL). */
Var tape_record(Tape *t, const Op *op, Mat shape, Var a, Var b, Var c);

/* For backward functions: the gradient of x, to be added to; NULL, and not *accumulate, where x requires none.
 *   tape_grad        0 at first
 *   tape_grad_raw    not *accumulate: the memory holds anything, and all of it must be overwritten
 *   tape_grad_reuse  as raw; may give dy's memory to dx, if x has as many numbers as y and nothing was added to dx.
 *                    To be called last, with dy read from y->grad before: y->grad is NULL afterwards. */
num *tape_grad(Var x);
num *tape_grad_raw(Var x, bool *accumulate);
num *tape_grad_reuse(Var x, Var y, bool *accumulate);

/* For backward functions that need the numbers of their input x no more, before they take the memory of its gradient:
 * numbers that were computed again are given back. */
void tape_done(Var x);

/* The gradients of a scalar loss. Those of parameters are added to what they hold. Stops where nothing requires one. */
void tape_backward(Tape *t, Var loss);
/* The same from a given dL/dy: y of any shape, dy of as many numbers. */
void tape_backward_from(Tape *t, Var y, const num *dy);

/* The first node whose value is not finite, or NULL. */
Var tape_first_not_finite(const Tape *t);
/* The first operation of the backward pass that produces a gradient that is not finite, or NULL. Runs the backward pass
 * again: gradients of parameters are not valid afterwards. */
Var tape_first_not_finite_gradient(Tape *t, Var loss);
/* For messages: the name of a node's operation or parameter, or "the input". */
const char *tape_name(Var x);

/* Inference in the memory of one layer. On a no_grad tape tape_keep forgets all nodes since the mark but the numbers of
 * y. They replace the numbers of x, where x has y's shape, and the result is x; else they move to the mark.
 * On other tapes it does nothing: the result is y.
 *     TapeMark mark = tape_mark(t);   x = tape_keep(t, mark, x, block(t, x));
 * Wants y, and x unless NULL, to be results of operations; x recorded before the mark and used by nothing else. */
typedef struct {
    ArenaMark arena;
    Node *last;
} TapeMark;
/* Where the tape ends now; valid until tape_reset. */
TapeMark tape_mark(const Tape *t);
Var tape_keep(Tape *t, TapeMark mark, Var x, Var y);

/* For operations: the n numbers of an operand of a product: x itself or, if `rounded`, a copy on the tape in which each
 * number is rounded to BF16 (vec_round_bfloat). A forward passes round_products; its backward, what that passed. */
const num *tape_operand(Tape *t, bool rounded, const num *x, size_t n);

/* The memory of x's numbers is used for others from now on; x->val.v is NULL. For large results in training: call it
 * when all operations that read x are recorded. If the operation has `again`, the backward pass computes x once
 * more, the same bits, where they are read. Else they must not be read again: neither the backward of x's operation nor
 * that of x's readers may need them (a convolution before maximum pooling). On tapes with keep_grads it does nothing.
 * Wants x to be the result of an operation. */
void tape_forget(Var x);

void tape_reset(Tape *t); /* forgets all nodes, keeps the memory */
void tape_free(Tape *t);
size_t tape_held(const Tape *t); /* bytes of memory: after a step, the most it needed at any moment */

#endif
