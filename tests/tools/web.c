/* web: a small HTTP server on 127.0.0.1 for the tests of downloads. Options make it fail as real servers do. */
#include "core/version.h"
#include "lesson/options.h"
#include "core/file.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    const char *folder;
    int cut, cuts; /* the first `cuts` answers end after `cut` bytes */
    bool no_range; /* always the whole file */
    int drip;      /* milliseconds between pieces of 1 kB */
} Web;

static void answer(int to, const char *text) {
    if (write(to, text, strlen(text)) < 0) fprintf(stderr, "web: the client closed the connection\n");
}

/* Sends the bytes from `from` to the end; fewer while web->cuts > 0. */
static void send_file(Web *web, int to, File file, size_t from) {
    char head[256];
    if (from > 0 && from >= file.size) {
        snprintf(head, sizeof head,
                 "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */%zu\r\n"
                 "Content-Length: 0\r\nConnection: close\r\n\r\n",
                 file.size);
        answer(to, head);
        return;
    }
    if (from > 0)
        snprintf(head, sizeof head,
                 "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes %zu-%zu/%zu\r\n"
                 "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                 from, file.size - 1, file.size, file.size - from);
    else
        snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n",
                 web->no_range ? "" : "Accept-Ranges: bytes\r\n", file.size);
    answer(to, head);
    size_t end = file.size;
    if (web->cuts > 0) {
        web->cuts--;
        end = MIN(end, from + (size_t)web->cut);
    }
    size_t step = web->drip ? 1024 : 65536;
    for (size_t at = from; at < end; at += step) {
        if (write(to, file.data + at, MIN(step, end - at)) < 0) return;
        if (web->drip) usleep((useconds_t)web->drip * 1000);
    }
}

/* Answers one request. GET /moved/PATH is redirected to /PATH. */
static void serve(Web *web, int to) {
    char request[4096], path[1024], full[2048];
    size_t size = 0;
    while (size < sizeof request - 1) {
        ssize_t got = read(to, request + size, sizeof request - 1 - size);
        if (got <= 0) return;
        request[size += (size_t)got] = '\0';
        if (strstr(request, "\r\n\r\n")) break;
    }
    if (sscanf(request, "GET /%1000s", path) != 1 || strstr(path, "..")) {
        answer(to, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return;
    }
    const char *range = strstr(request, "Range: bytes=");
    size_t from = range && !web->no_range ? (size_t)strtoull(range + strlen("Range: bytes="), NULL, 10) : 0;
    fprintf(stderr, "GET /%s from %zu\n", path, from);
    if (!strncmp(path, "moved/", 6)) {
        snprintf(full, sizeof full,
                 "HTTP/1.1 302 Found\r\nLocation: /%s\r\nContent-Length: 0\r\n"
                 "Connection: close\r\n\r\n",
                 path + 6);
        answer(to, full);
        return;
    }
    File file;
    snprintf(full, sizeof full, "%s/%s", web->folder, path);
    if (!file_open(&file, full, NULL)) {
        answer(to, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnone");
        return;
    }
    send_file(web, to, file, from);
    file_close(&file);
}

int main(int argc, char **argv) {
    if (version_asked(argc, argv)) return status_printed(0);
    Web web = { 0 };
    int seconds = 300, words = 0;
    const Option options[] = {
        { "cuts", .integer = &web.cuts, .high = 1000, .help = "number of answers that end early" },
        { "cut", .integer = &web.cut, .high = 1e9, .help = "bytes in an answer that ends early" },
        { "no-range", .flag = &web.no_range, .help = "always send the whole file" },
        { "drip", .integer = &web.drip, .high = 10000, .help = "pause between kilobytes, in milliseconds" },
        { "seconds", .integer = &seconds, .low = 1, .high = 600, .help = "the server ends after this time" },
        { 0 },
    };
    Err err;
    if (!options_parse(options, argc, argv, &words, &err)) die_usage("%s", err.text);
    if (words != 1) die_usage("web [OPTIONS] FOLDER: serves FOLDER on 127.0.0.1 and prints the port");
    web.folder = argv[1];
    signal(SIGPIPE, SIG_IGN);
    alarm((unsigned)seconds);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int door = socket(AF_INET, SOCK_STREAM, 0);
    if (door < 0 || bind(door, (struct sockaddr *)&address, length) != 0 || listen(door, 16) != 0 ||
        getsockname(door, (struct sockaddr *)&address, &length) != 0)
        die("cannot open a server on 127.0.0.1");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        int to = accept(door, NULL, NULL);
        if (to < 0) continue;
        serve(&web, to);
        close(to);
    }
}
