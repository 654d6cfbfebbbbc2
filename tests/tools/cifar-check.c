/* cifar-check FOLDER: checks the MD5 sums of the six files of CIFAR-10. */
#include "core/version.h"
#include "dataset/cifar.h"
#include "show/term_fit.h"

int main(int argc, char **argv) {
    term_fit_output();
    if (version_asked(argc, argv)) return status_printed(0);
    Err err;
    const char *folder = argc > 1 ? argv[1] : "data/cifar-10-batches-bin";
    if (argc > 2 || folder[0] == '-') die_usage("%s [FOLDER]   (default: data/cifar-10-batches-bin)", argv[0]);
    if (!cifar_verify(folder, cifar_files, false, &err)) die("%s", err.text);
    printf("%s: the six files of CIFAR-10, all with the right MD5 sum\n", folder);
    return status_printed(0);
}
