#include "tape_figure.h"

static int index_of(const Var *all, int count, Var node) {
    for (int i = 0; i < count; i++)
        if (all[i] == node) return i;
    return -1;
}

/* The nodes that `result` depends on, itself first, from the last on the tape to the first. */
static int collect(Var result, Var all[FIGURE_NODES]) {
    int count = 0;
    for (Var x = result; x; x = x->previous) {
        bool needed = x == result;
        for (int i = 0; i < count && !needed; i++)
            for (int k = 0; k < NODE_INPUTS; k++) needed |= all[i]->in[k] == x;
        if (!needed) continue;
        REQUIRE(count < FIGURE_NODES, "the graph has more than %d nodes", FIGURE_NODES);
        all[count++] = x;
    }
    return count;
}

Graph graph_of(Arena *arena, Var result, const GraphName *names, int count) {
    Var all[FIGURE_NODES];
    int nodes = collect(result, all);
    GraphNode *list = arena_zero(arena, (size_t)nodes, sizeof *list);
    for (int n = 0; n < nodes; n++) {
        Var x = all[nodes - 1 - n];
        GraphNode *node = &list[n];
        *node = (GraphNode){ .operation = x->op ? x->op->name : "", .value = x->val, .gradient = x->grad };
        for (int k = 0; k < NODE_INPUTS; k++)
            if (x->in[k]) node->in[node->inputs++] = nodes - 1 - index_of(all, nodes, x->in[k]);
        for (int i = 0; i < count; i++) {
            if (names[i].node != x) continue;
            node->name = names[i].name;
            if (names[i].operation) node->operation = names[i].operation;
        }
        if (!node->name) node->name = arena_print(arena, "x%d", n + 1);
    }
    return (Graph){ .nodes = list, .count = nodes, .decimals = 4 };
}
