/*
 * Manifest stores of files: the C2PA boxes of MP4 and HEIC, and the APP11 segments of JPEG
 * (C2PA A.3.1, A.5), taken out without any code of ours: bytes for tests to begin with.
 */
#ifndef STORE_SCENE_H
#define STORE_SCENE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* ../shared/vectors/NAME; false when it is not there. */
static inline bool scene_file(const char *name, struct bytes *out)
{
    const char *shared = getenv("STILLHERE_SHARED"), *source = getenv("STILLHERE_SOURCE");
    char path[1000];
    uint8_t part[4096];
    size_t got;
    FILE *file;

    if (!shared && !source)
        return false;
    (void)snprintf(path, sizeof(path), "%s%s/vectors/%s", shared ? shared : source,
                   shared ? "" : "/../shared", name);
    file = fopen(path, "rb");
    if (!file)
        return false;
    bytes_init(out, 64u << 20);
    while ((got = fread(part, 1, sizeof(part), file)) > 0)
        bytes_append(out, part, got);
    (void)fclose(file);
    return true;
}

static inline uint32_t scene_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The store of the first C2PA box at the root with this purpose; empty: none. */
static inline struct slice scene_bmff(struct slice file, const char *purpose)
{
    static const uint8_t uuid[16] = {0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e, 0x48, 0x3c,
                                     0x92, 0x97, 0x58, 0x28, 0x87, 0x7e, 0xc4, 0x81};
    size_t name = strlen(purpose) + 1;
    size_t at = 0;

    while (file.len - at >= 8) {
        size_t size = scene_u32(file.ptr + at);
        size_t head = 28 + name + 8;

        if (size == 0 || size > file.len - at)
            size = file.len - at;
        if (size >= head && memcmp(file.ptr + at + 4, "uuid", 4) == 0 &&
            memcmp(file.ptr + at + 8, uuid, 16) == 0 &&
            memcmp(file.ptr + at + 28, purpose, name) == 0)
            return slice_sub(file, at + head, size - head);
        at += size < 8 ? 8 : size;
    }
    return slice_of(NULL, 0);
}

/* The store in the APP11 segments of a JPEG file, appended to out. */
static inline void scene_jpeg(struct slice file, struct bytes *out)
{
    for (size_t at = 2; at + 4 <= file.len && file.ptr[at] == 0xff;) {
        size_t len = (size_t)file.ptr[at + 2] << 8 | file.ptr[at + 3];
        const uint8_t *body = file.ptr + at + 4;

        if (len < 2 || len + 2 > file.len - at || file.ptr[at + 1] == 0xda)
            return;
        /* 'J' 'P', instance, number of the packet, then the box: its head in each packet. */
        if (file.ptr[at + 1] == 0xeb && len > 18 && memcmp(body, "JP", 2) == 0) {
            size_t skip = scene_u32(body + 4) == 1 ? 8 : 16;

            bytes_append(out, body + skip, len - 2 - skip);
        }
        at += len + 2;
    }
}

/* Append the store of whatever file that is. */
static inline bool scene_store(const char *name, struct bytes *out)
{
    struct bytes file;

    if (!scene_file(name, &file))
        return false;
    if (file.len > 2 && file.ptr[0] == 0xff && file.ptr[1] == 0xd8)
        scene_jpeg(bytes_view(&file), out);
    else
        bytes_slice(out, scene_bmff(bytes_view(&file), "manifest"));
    bytes_release(&file);
    return true;
}

#endif
