#include "measure.h"
#include "lesson/lesson.h"
#include "lesson/lesson_data.h"
#include <stdlib.h>
int main(int argc, char **argv) {
    (void)argc;
    Arena arena = {0};
    int P = atoi(argv[1]), ntrain = atoi(argv[2]);
    Cifar train = lesson_pictures(&arena, "shapes", CIFAR_TRAIN, ntrain), test = lesson_pictures(&arena, "shapes", CIFAR_TEST, 4000), pool = test;
    pool.n = 2000; pool.pixels += 2000 * CIFAR_NUMBERS; pool.labels += 2000; test.n = 2000;
    MeasureSetup s = { &train, &test, &pool, P, 20 };
    CellTable cells; Err err;
    if (!cell_table_read(&cells, &arena, argv[3], &err)) die("%s", err.text);
    Measure *m = measure_begin(&arena, &s, &cells, 1);
    for (int i = 4; i < argc; i++) {
        double t = clock_seconds();
        if (!measure_section(m, atoi(argv[i]), &err)) die("%s", err.text);
        printf("section %s: %.1f s\n", argv[i], clock_seconds() - t);
    }
    return 0;
}
