/* Golden files of tests/golden; the test includes cmocka.h and what it needs before. */
#ifndef GOLDEN_H
#define GOLDEN_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"

/* The bytes of tests/golden/NAME (at most 128 KiB); the caller releases them. */
static void read_golden(const char *name, struct bytes *out)
{
    char path[1024];
    uint8_t *room;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/tests/golden/%s", getenv("STILLHERE_SOURCE"), name);
    file = fopen(path, "rb");
    if (!file)
        fail_msg("%s is not there", path);
    bytes_init(out, 1u << 17);
    room = bytes_room(out, 1u << 17);
    assert_non_null(room);
    out->len += fread(room, 1, 1u << 17, file);
    (void)fclose(file);
}

#endif
