/* Figures as JSON, and a comparison with an earlier run. */
#include "measure.h"
#include "core/file.h"
#include "core/thread.h"
#include "core/version.h"
#include "formats/json.h"

#include <string.h>

#define LARGEST 1e15

void figures_print(void) {
    printf("{\n  \"version\": \"%s\",\n  \"threads\": %d,\n  \"flop_per_cycle\": %.0f,\n  \"figures\": [\n",
           clip_version(), thread_count(), measure_flop_per_cycle());
    for (int i = 0; i < measure_count(); i++) {
        const Figure *f = measure_figure(i);
        printf("    {\"name\": \"%s\", \"unit\": \"%s\", \"value\": %.6g, \"low\": %.6g, \"high\": %.6g, "
               "\"gflops\": %.6g, \"share\": %.4g, \"loop\": %.6g, \"clock\": %.4g, \"bandwidth\": %.4g, "
               "\"threads\": %d}%s\n",
               f->name, f->unit, f->value, f->low, f->high, f->gflops, f->share, f->loop, f->clock, f->bandwidth,
               f->threads, i + 1 < measure_count() ? "," : "");
    }
    printf("  ]\n}\n");
}

static void text_copy(char *to, size_t size, const char *from) { snprintf(to, size, "%s", from); }

static bool figure_read(Json *j, Figure *f) {
    const char *key, *text;
    *f = (Figure){ .value = -1 };
    if (!json_object(j)) return false;
    while (json_key(j, &key)) {
        const struct {
            const char *name;
            double *to;
        } numbers[] = { { "value", &f->value }, { "low", &f->low }, { "high", &f->high }, { "share", &f->share } };
        double *to = NULL;
        for (size_t i = 0; i < COUNT(numbers); i++)
            if (!strcmp(key, numbers[i].name)) to = numbers[i].to;
        if (to) json_real(j, 0, LARGEST, to);
        else if (!strcmp(key, "name") && json_string(j, &text)) text_copy(f->name, sizeof f->name, text);
        else if (!strcmp(key, "unit") && json_string(j, &text)) text_copy(f->unit, sizeof f->unit, text);
        else json_skip(j);
    }
    return !j->failed;
}

static int list_read(Json *j, Figure *figure, int room) {
    int n = 0;
    json_array(j);
    while (json_item(j)) {
        if (n == room) json_skip(j);
        else if (figure_read(j, &figure[n])) n++;
    }
    return n;
}

int figures_read(const char *path, Figure *figure, int room, Err *err) {
    File file;
    Arena arena = { 0 };
    const char *key;
    int n = 0;
    if (!file_open(&file, path, err)) return -1;
    Json j = json_begin(&arena, (const char *)file.data, file.size, path, err);
    json_object(&j);
    while (json_key(&j, &key)) {
        if (strcmp(key, "figures") != 0) json_skip(&j);
        else n = list_read(&j, figure, room);
    }
    bool ok = json_end(&j);
    arena_free(&arena);
    file_close(&file);
    for (int i = 0; ok && i < n; i++)
        if (!*figure[i].name || !*figure[i].unit || figure[i].value <= 0)
            ok = err_set(err, "%s: figure %d has no name, unit or value; want a file of bench --json", path, i + 1);
    if (ok && !n) ok = err_set(err, "%s: no figures; want a file of bench --json", path);
    return ok ? n : -1;
}

void figure_compare(const Figure *before, const Figure *now) {
    double speed = unit_is_rate(now->unit) ? now->value / before->value : before->value / now->value;
    bool apart = now->low > before->high || now->high < before->low;
    printf("compare %s %.3f of the speed before%s: %.4g (%.4g to %.4g) %s now, %.4g (%.4g to %.4g) before\n", now->name,
           speed, apart ? "" : ", within the noise", now->value, now->low, now->high, now->unit, before->value,
           before->low, before->high);
    fflush(stdout);
}
