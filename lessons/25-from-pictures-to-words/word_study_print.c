/* word_study_print: the table of lesson 25 as text. */
#include "word_study.h"

static const char *part_name(int part) { return part ? "held out" : "seen"; }

static void print_cell(const CellTable *table, const char *name) {
    const Cell *c = cell_find(table, name, WORD_STUDY_SEED);
    if (!c) {
        printf("  %-18s", "-");
        return;
    }
    Rate r = metrics_wilson((int)(c->value * c->count + 0.5), c->count);
    printf("  %5.1f (%3.0f to %3.0f)", 100 * r.proportion, 100 * r.low, 100 * r.high);
}

static void print_captions(Arena *arena, const CellTable *table) {
    printf("captions true, %%    ");
    for (int w = 0; w < WRITERS; w++) printf("  %-18s", writer_name((Writer)w));
    printf("\n");
    for (int ask = 0; ask < ASK_KINDS; ask++)
        for (int part = 0; part < 2; part++) {
            printf("  %-9s %-8s", ask_name((Ask)ask), part_name(part));
            for (int w = 0; w < WRITERS; w++)
                print_cell(table, cell_caption(arena, (Writer)w, (Ask)ask, (SplitPart)part, "true"));
            printf("\n");
        }
    printf("BLEU, seen          ");
    for (int w = 0; w < WRITERS; w++) printf("  %-18s", writer_name((Writer)w));
    printf("\n");
    for (int ask = 0; ask < ASK_KINDS; ask++) {
        printf("  %-18s", ask_name((Ask)ask));
        for (int w = 0; w < WRITERS; w++) {
            const Cell *c =
                cell_find(table, cell_caption(arena, (Writer)w, (Ask)ask, SPLIT_SEEN, "bleu"), WORD_STUDY_SEED);
            printf("  %-18s", c ? arena_print(arena, "%.3f", c->value) : "-");
        }
        printf("\n");
    }
}

static void print_answers(Arena *arena, const CellTable *table) {
    printf("answers right, %%     ");
    for (int way = 0; way < WAYS; way++) printf("  %-18s", answer_way_name((AnswerWay)way));
    printf("\n");
    for (int kind = 0; kind < QUESTION_KINDS; kind++)
        for (int part = 0; part < 2; part++) {
            printf("  %-11s %-8s", question_name((QuestionKind)kind), part_name(part));
            for (int way = 0; way < WAYS; way++)
                print_cell(table, cell_answer(arena, (AnswerWay)way, (QuestionKind)kind, (SplitPart)part));
            printf("\n");
        }
}

static void print_probes(Arena *arena, const CellTable *table) {
    printf("choice (group), %%   ");
    for (int way = WAY_RANKING; way < PROBE_WAYS; way++)
        printf("  %-14s", way == WAY_RANKING ? "CLIP" : answer_way_name((AnswerWay)way));
    printf("\n");
    for (int kind = 0; kind < PROBE_SHUFFLE; kind++)
        for (int part = 0; part < 2; part++) {
            printf("  %-10s%-8s", probe_name((ProbeKind)kind), part_name(part));
            for (int way = WAY_RANKING; way < PROBE_WAYS; way++) {
                const char *choice =
                    cell_probe(arena, (AnswerWay)way, (ProbeKind)kind, (SplitPart)part, PAIR_METRIC_CHOICE);
                const char *group =
                    cell_probe(arena, (AnswerWay)way, (ProbeKind)kind, (SplitPart)part, PAIR_METRIC_GROUP);
                if (cell_find(table, group, WORD_STUDY_SEED))
                    printf("  %5.1f (%5.1f)", 100 * cell_value(table, choice, WORD_STUDY_SEED),
                           100 * cell_value(table, group, WORD_STUDY_SEED));
                else printf("  %-14s", "-");
            }
            printf("\n");
        }
}

void word_study_print(Arena *arena, const CellTable *table) {
    if (!table->count) {
        printf("there is no table here; make generate measures it\n");
        return;
    }
    printf("%d pictures or questions of each kind, %d items of each probe; seed %d; 95 %% intervals\n", WORD_STUDY_N,
           WORD_STUDY_N / 2, WORD_STUDY_SEED);
    print_captions(arena, table);
    print_answers(arena, table);
    print_probes(arena, table);
}
