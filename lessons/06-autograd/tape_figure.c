#include "tape_figure.h"

static int node_place(const Var *all, int count, Var node) {
    for (int i = 0; i < count; i++)
        if (all[i] == node) return i;
    return -1;
}

/* The nodes below `result` in the order of the tape. The tape lists them backwards: a node is needed if one that is
 * needed takes it in. */
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
    for (int i = 0; i < count / 2; i++) {
        Var swap = all[i];
        all[i] = all[count - 1 - i];
        all[count - 1 - i] = swap;
    }
    return count;
}

Graph graph_of(Arena *arena, Var result, const GraphName *names, int count) {
    Var all[FIGURE_NODES];
    int nodes = collect(result, all);
    GraphNode *list = arena_zero(arena, (size_t)nodes, sizeof *list);
    for (int n = 0; n < nodes; n++) {
        GraphNode *node = &list[n];
        Var x = all[n];
        *node = (GraphNode){ .operation = x->op ? x->op->name : "", .value = x->val, .gradient = x->grad };
        for (int k = 0; k < NODE_INPUTS; k++)
            if (x->in[k]) node->in[node->inputs++] = node_place(all, nodes, x->in[k]);
        for (int i = 0; i < count; i++) {
            if (names[i].node != x) continue;
            node->name = names[i].name;
            if (names[i].operation) node->operation = names[i].operation;
        }
        if (!node->name) node->name = arena_print(arena, "x%d", n + 1);
    }
    return (Graph){ .nodes = list, .count = nodes, .decimals = 4 };
}
