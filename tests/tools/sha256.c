/* sha256: prints the SHA-256 sums of files, one line each: 64 hexadecimal digits, two spaces, the name. */
#include "core/version.h"
#include "core/file.h"
#include "formats/hash.h"
#include "show/term_fit.h"

int main(int argc, char **argv) {
    term_fit_output();
    if (version_asked(argc, argv)) return status_printed(0);
    if (argc < 2) die_usage("sha256 FILE ...");
    for (int i = 1; i < argc; i++) {
        File file;
        Err err;
        char hex[SHA256_HEX];
        if (!file_open(&file, argv[i], &err)) die("%s", err.text);
        sha256_hex(file.data, file.size, hex);
        printf("%s  %s\n", hex, argv[i]);
        file_close(&file);
    }
    return status_printed(0);
}
