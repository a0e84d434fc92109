/*
 * Strings of others that break careless pages: the big list of naughty strings and DOMPurify's
 * payloads in ../shared/vectors/safety.  Absent: hostile_open gives false, the test skips.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "json/json.h"

struct hostile {
    struct slice *item;
    size_t count;
    struct bytes naughty, purify;
    struct arena arena;
};

static inline bool hostile_file(const char *name, struct bytes *out)
{
    const char *shared = getenv("STILLHERE_SHARED"), *source = getenv("STILLHERE_SOURCE");
    char path[1000];
    uint8_t *room;
    FILE *file;

    if (!shared && !source)
        return false;
    (void)snprintf(path, sizeof(path), "%s%s/vectors/safety/%s", shared ? shared : source,
                   shared ? "" : "/../shared", name);
    file = fopen(path, "rb");
    if (!file)
        return false;
    bytes_init(out, 1 << 20);
    room = bytes_room(out, 1 << 19);
    out->len = room ? fread(room, 1, 1 << 19, file) : 0;
    (void)fclose(file);
    return out->len > 0;
}

static inline void hostile_close(struct hostile *hostile)
{
    arena_release(&hostile->arena);
    bytes_release(&hostile->naughty);
    bytes_release(&hostile->purify);
    free(hostile->item);
}

/* The payloads are JSON strings on lines of their own. */
static inline void hostile_payload(struct hostile *hostile, struct slice line)
{
    static const char key[] = "\"payload\": ";
    struct json_value *value = NULL;
    size_t at = 0;

    while (at < line.len && line.ptr[at] == ' ')
        at++;
    line = slice_sub(line, at, line.len - at);
    if (!slice_starts(line, key))
        return;
    line = slice_sub(line, strlen(key), line.len - strlen(key));
    if (line.len && line.ptr[line.len - 1] == ',')
        line.len--;
    if (json_parse(line, 1, &hostile->arena, &value, NULL) == SH_OK && value->text.len)
        hostile->item[hostile->count++] = value->text;
}

static inline bool hostile_open(struct hostile *hostile)
{
    struct cursor cur;

    memset(hostile, 0, sizeof(*hostile));
    arena_init(&hostile->arena, 8 << 20);
    hostile->item = calloc(8000, sizeof(struct slice));
    if (!hostile->item || !hostile_file("blns/blns.txt", &hostile->naughty) ||
        !hostile_file("dompurify/test/fixtures/expect.mjs", &hostile->purify)) {
        hostile_close(hostile);
        return false;
    }
    cur = cursor_of(bytes_view(&hostile->naughty));
    while (rd_left(&cur) && hostile->count < 4000) {
        struct slice line = rd_line(&cur);

        if (line.len)
            hostile->item[hostile->count++] = line;
    }
    cur = cursor_of(bytes_view(&hostile->purify));
    while (rd_left(&cur) && hostile->count < 8000)
        hostile_payload(hostile, rd_line(&cur));
    return true;
}

#endif
