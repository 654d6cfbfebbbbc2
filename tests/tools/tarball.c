/* tarball: packs files into one FILE.tar.gz: the same bytes on every machine, at any time.
 *
 *   build/tarball OUT.tar.gz FOLDER MANIFEST          from the top folder
 *
 * MANIFEST has one path a line, relative to the current folder. The files are packed as FOLDER/PATH, sorted by their
 * bytes. MANIFEST itself is packed too, so that the unpacked folder can be packed again to the same bytes. Owners are
 * 0. All files have one date (the day CLIP was announced). Rights are "rw-r--r--", or "rwxr-xr-x" for an executable
 * file. Compression is the library's own (deflate.h), so that the bytes do not depend on the installed gzip.
 *
 * Format: ustar (POSIX.1-2017, pax, "ustar Interchange Format") in gzip (RFC 1952).
 */
#include "core/version.h"
#include "formats/deflate.h"
#include "core/arena.h"
#include "core/file.h"
#include "formats/inflate.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BLOCK = 512, NAME_LIMIT = 100, BLOCKS_AT_END = 2 };
static const unsigned long long DATE = 1609804800; /* 5 January 2021, 0:00 UTC */

typedef struct {
    char *name;
    const char *path;
    File file;
    bool runs;
} Entry;
typedef struct {
    Entry *entries;
    size_t count;
} List;

static int by_name(const void *a, const void *b) { return strcmp(((const Entry *)a)->name, ((const Entry *)b)->name); }

static Entry entry_of(Arena *arena, const char *folder, const char *name, const char *path) {
    Entry entry = { .name = arena_print(arena, "%s/%s", folder, name), .path = path };
    Err err;
    struct stat status;
    if (!*name || *name == '/' || strstr(name, "..")) die("'%s': want a path below this folder, without ..", name);
    if (strlen(entry.name) >= NAME_LIMIT)
        die("%s: the name is too long for a tar file (%d bytes)", entry.name, NAME_LIMIT - 1);
    if (!file_open(&entry.file, path, &err)) die("%s", err.text);
    if (stat(path, &status) != 0) die("%s: the file was removed while it was packed", path);
    entry.runs = status.st_mode & S_IXUSR;
    return entry;
}

/* The manifest and the files it names, sorted. Files stay open until the program ends. */
static List list_read(Arena *arena, const char *folder, const char *manifest) {
    Entry itself = entry_of(arena, folder, "MANIFEST", manifest);
    char *text = arena_print(arena, "%.*s", (int)MIN(itself.file.size, 1 << 24), (const char *)itself.file.data);
    size_t max = 1;
    for (const char *at = text; *at; at++) max += *at == '\n';
    List list = { .entries = arena_alloc(arena, max + 1, sizeof(Entry)) };
    list.entries[list.count++] = itself;
    for (char *name = strtok(text, "\n"); name; name = strtok(NULL, "\n"))
        if (strcmp(name, "MANIFEST") != 0) list.entries[list.count++] = entry_of(arena, folder, name, name);
    qsort(list.entries, list.count, sizeof *list.entries, by_name);
    return list;
}

static size_t blocks(size_t bytes) { return (bytes + BLOCK - 1) / BLOCK * BLOCK; }

static void octal(uint8_t *field, int digits, unsigned long long value) {
    char text[24];
    snprintf(text, sizeof text, "%0*llo", digits, value);
    memcpy(field, text, (size_t)digits + 1);
}

/* The fields of a ustar header: name 0, mode 100, uid 108, gid 116, size 124, mtime 136, chksum 148, typeflag 156,
 * magic and version 257. While the sum is computed, its field holds spaces. */
static void header(uint8_t *block, const Entry *entry) {
    memcpy(block, entry->name, strlen(entry->name));
    octal(block + 100, 7, entry->runs ? 0755 : 0644);
    octal(block + 108, 7, 0);
    octal(block + 116, 7, 0);
    octal(block + 124, 11, entry->file.size);
    octal(block + 136, 11, DATE);
    memset(block + 148, ' ', 8);
    block[156] = '0';
    memcpy(block + 257, "ustar\00000", 8);
    unsigned long long sum = 0;
    for (int i = 0; i < BLOCK; i++) sum += block[i];
    octal(block + 148, 6, sum);
}

static uint8_t *tar(Arena *arena, List list, size_t *size) {
    *size = BLOCKS_AT_END * BLOCK;
    for (size_t i = 0; i < list.count; i++) *size += BLOCK + blocks(list.entries[i].file.size);
    uint8_t *bytes = arena_zero(arena, *size, 1), *at = bytes;
    for (size_t i = 0; i < list.count; i++) {
        const File *file = &list.entries[i].file;
        header(at, &list.entries[i]);
        if (file->size > 0) memcpy(at + BLOCK, file->data, file->size);
        at += BLOCK + blocks(file->size);
    }
    return bytes;
}

static void put_32(uint8_t *to, uint32_t value) {
    for (int i = 0; i < 4; i++) to[i] = (uint8_t)(value >> 8 * i);
}

/* RFC 1952: ten bytes of header (deflate, no name, no date, unknown system), the compressed bytes, CRC-32, size. A zlib
 * stream has the same compressed bytes between 2 bytes of header and 4 of checksum. */
static bool gzip_write(Arena *arena, const char *path, const uint8_t *bytes, size_t size, Err *err) {
    enum { ZLIB_HEAD = 2, ZLIB_TAIL = 4 };
    static const uint8_t head[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };
    uint8_t tail[8];
    size_t packed;
    const uint8_t *zlib = zlib_deflate(arena, bytes, size, &packed);
    put_32(tail, crc32_update(0, bytes, size));
    put_32(tail + 4, (uint32_t)size);
    OutFile out;
    if (!out_open(&out, path, err)) return false;
    out_write(&out, head, sizeof head);
    out_write(&out, zlib + ZLIB_HEAD, packed - ZLIB_HEAD - ZLIB_TAIL);
    out_write(&out, tail, sizeof tail);
    return out_commit(&out, err);
}

int main(int argc, char **argv) {
    if (version_asked(argc, argv)) return status_printed(0);
    if (argc != 4) die_usage("tarball OUT.tar.gz FOLDER MANIFEST");
    Arena arena = { 0 };
    Err err;
    size_t size;
    List list = list_read(&arena, argv[2], argv[3]);
    const uint8_t *bytes = tar(&arena, list, &size);
    if (!gzip_write(&arena, argv[1], bytes, size, &err)) die("%s", err.text);
    printf("%s: %zu files\n", argv[1], list.count);
    for (size_t i = 0; i < list.count; i++) file_close(&list.entries[i].file);
    arena_free(&arena);
    return fflush(stdout) == 0 ? 0 : EXIT_TROUBLE;
}
