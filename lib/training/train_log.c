/* The log of a training run: CSV with a heading and a row for each epoch. Declared in train.h. */
#include "training/train.h"
#include "core/file.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_FIELDS = 12, RECALLS = RECALL_WAYS * RETRIEVAL_CUTOFFS };

#define HEADING                                                                                                        \
    "epoch,loss,floor,image_to_text,text_to_image,logit_scale,positive_cosine,hardest_negative_cosine,"                \
    "test_accuracy,test_accuracy_augmented,images_per_second,seconds"

const char *train_log_heading(bool recalls) {
    return recalls ? HEADING ",image_to_text_at_1,image_to_text_at_5,image_to_text_at_10,"
                             "text_to_image_at_1,text_to_image_at_5,text_to_image_at_10"
                   : HEADING;
}

void train_log_row(const EpochRow *r, char *text, size_t size) {
    char tta[32] = ""; /* an empty field before the last epoch */
    if (!isnan(r->test_tta)) snprintf(tta, sizeof tta, "%.6f", r->test_tta);
    snprintf(text, size, "%d,%.6f,%.6f,%.6f,%.6f,%.6f,%.6f,%.6f,%.6f,%s,%.0f,%.2f", r->epoch, r->loss, r->floor,
             r->image_to_text, r->text_to_image, r->logit_scale, r->positive, r->negative, r->test, tta, r->rate,
             r->seconds);
    for (int i = 0; r->has_recall && i < RECALLS; i++) {
        size_t used = strlen(text);
        snprintf(text + used, size - used, ",%.6f", r->recall[i / RETRIEVAL_CUTOFFS][i % RETRIEVAL_CUTOFFS]);
    }
}

#define NUMBER_MAX 1e15 /* larger numbers come from no training; a row must not grow when it is written again */

/* The fields between `at` and `end`, in the order of the heading; an empty field is NaN. Recalls may be missing. */
static bool row_read(const char *at, const char *end, EpochRow *row) {
    double field[LOG_FIELDS + RECALLS];
    int fields = 1;
    for (const char *c = at; c < end; c++) fields += *c == ',';
    if (fields != LOG_FIELDS && fields != LOG_FIELDS + RECALLS) return false;
    for (int k = 0; k < fields; k++) {
        char text[64], *rest = text;
        const char *comma = memchr(at, ',', (size_t)(end - at)), *stop = comma ? comma : end;
        if ((size_t)(stop - at) >= sizeof text) return false;
        memcpy(text, at, (size_t)(stop - at));
        text[stop - at] = 0;
        field[k] = *text ? strtod(text, &rest) : (double)NAN;
        if ((*rest && *rest != '\r') || fabs(field[k]) > NUMBER_MAX) return false;
        at = stop + 1;
    }
    int epoch = (int)fmin(fmax(0, field[0]), INT_MAX);
    *row = (EpochRow){ .epoch = epoch,
                       .loss = field[1],
                       .floor = field[2],
                       .image_to_text = field[3],
                       .text_to_image = field[4],
                       .logit_scale = field[5],
                       .positive = field[6],
                       .negative = field[7],
                       .test = field[8],
                       .test_tta = field[9],
                       .rate = field[10],
                       .seconds = field[11],
                       .has_recall = fields > LOG_FIELDS };
    for (int i = 0; row->has_recall && i < RECALLS; i++)
        row->recall[i / RETRIEVAL_CUTOFFS][i % RETRIEVAL_CUTOFFS] = field[LOG_FIELDS + i];
    return true;
}

int train_log_read(const char *path, EpochRow *rows, int max, Err *err) {
    File file;
    int n = 0;
    if (!file_exists(path)) return 0;
    if (!file_open(&file, path, err)) return -1;
    const char *at = (const char *)file.data, *end = at + file.size;
    for (int line = 0; n < max && at < end; line++) { /* line 0 is the heading */
        const char *next = memchr(at, '\n', (size_t)(end - at));
        if (!next || (line > 0 && !row_read(at, next, &rows[n]))) break;
        n += line > 0;
        at = next + 1;
    }
    file_close(&file);
    return n;
}
