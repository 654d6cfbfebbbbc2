#include "wordings.h"

#include <math.h>
#include <string.h>

void wording_add(Table *table, const char *text, const char *kind, Mat classes) {
    if (table->count < WORDINGS_MAX)
        table->row[table->count++] = (Wording){ .text = text, .kind = kind, .classes = classes };
}

Mat wordings_vectors(const Table *table, Arena *arena) {
    int C = table->classes, E = table->row[0].classes.shape[1];
    Mat all = mat_new(arena, table->count * C, E);
    for (int w = 0; w < table->count; w++)
        memcpy(&AT(all, w * C, 0), table->row[w].classes.v, (size_t)(C * E) * sizeof(num));
    return all;
}

void wordings_classify(Table *table, Arena *arena, Mat each, const int *truth) {
    int C = table->classes, n = each.shape[0];
    Mat scores = mat_new(arena, n, C);
    Err err;
    for (int w = 0; w < table->count; w++) {
        Wording *row = &table->row[w];
        for (int i = 0; i < n; i++) memcpy(&AT(scores, i, 0), &AT(each, i, w * C), (size_t)C * sizeof(num));
        row->said = arena_alloc(arena, (size_t)n, sizeof *row->said);
        if (!metrics_argmax(scores, row->said, &err)) die("%s", err.text);
        row->rate = confusion_overall(metrics_confusion(arena, truth, row->said, n, C));
        row->discord = discordant_pairs(truth, row->said, table->row[0].said, n);
        row->p = mcnemar(row->discord.first, row->discord.second);
    }
}

void wordings_print(const Lesson *lesson, Arena *arena, const Table *table, double level) {
    Bar *bars = arena_zero(arena, (size_t)table->count, sizeof *bars);
    double low = 100, high = 0;
    printf("  %-38s %-13s  right   95 %% interval   only it : only 1st       p\n", "wording", "");
    for (int w = 0; w < table->count; w++) {
        const Wording *row = &table->row[w];
        const Rate *r = &row->rate;
        printf("  %-38s %-13s %6.2f   %5.2f to %5.2f", row->text, row->kind, 100 * r->proportion, 100 * r->low,
               100 * r->high);
        if (w > 0)
            printf("    %5d : %-5d %13.2g%s", row->discord.first, row->discord.second, row->p,
                   row->p < level ? " *" : "");
        putchar('\n');
        bars[w] = (Bar){ row->text, 100 * r->proportion, 100 * r->low, 100 * r->high, w > 0 && row->p < level };
        low = MIN(low, bars[w].low);
        high = MAX(high, bars[w].high);
    }
    lesson_bars(lesson, "12-wordings",
                &(Bars){ .title = "accuracy, %, with 95 % intervals (marked: significant)",
                         .values = "accuracy, %",
                         .bars = bars,
                         .count = table->count,
                         .decimals = 2,
                         .low = floor(low - 1),
                         .high = ceil(high) });
}

/* Bonferroni: with n comparisons a difference is significant at p < 0.05 / n. */
void wordings_significant(const Table *table, double level) {
    int significant = 0, overlapping = 0;
    for (int w = 1; w < table->count; w++) {
        const Wording *row = &table->row[w], *first = &table->row[0];
        if (row->p >= level) continue;
        significant++;
        overlapping += row->rate.low < first->rate.high && first->rate.low < row->rate.high;
    }
    term_say(
        "%d comparisons with the first: one in twenty has p < 0.05 by chance, so significant (*) is p < 0.05 / %d = "
        "%.4f.\n",
        table->count - 1, table->count - 1, level);
    term_say("Significant: %d. In %d of these the intervals overlap: intervals alone would not have shown them.\n",
             significant, overlapping);
}
