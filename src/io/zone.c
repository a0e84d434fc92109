/*
 * How far a zone is from UTC, asked of the system's tzdata through the C library.
 *
 * TZ is set for the question and put back: not for programs with threads.  A name is given to
 * the library only after it was seen to be a zone file below ZONES: an unknown one would
 * silently mean UTC, and a path could name any file.
 */
#include "io/io.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ZONES "/usr/share/zoneinfo/"
#define LAST_SECOND UINT64_C(253402300799) /* 9999-12-31T23:59:59Z */

static bool is_name(const char *zone)
{
    static const char parts[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789_+-";
    /* Debian's folders of the same zones told otherwise, and the machine's own. */
    static const char *const others[] = {"posix/", "right/", "localtime", "posixrules"};
    size_t len = strlen(zone), part;

    if (!len || len > LIMIT_TOKEN_BYTES)
        return false;
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (strncmp(zone, others[i], strlen(others[i])) == 0)
            return false;
    while ((part = strspn(zone, parts)) > 0) {
        if (!zone[part])
            return true;
        if (zone[part] != '/')
            return false;
        zone += part + 1;
    }
    return false;
}

/* A compiled zone file starts with "TZif" (RFC 8536 3.1). */
static bool is_zone_file(const char *path)
{
    char magic[4] = "";
    int fd = -1;
    bool is;

    if (io_open_file(AT_FDCWD, path, &fd, NULL) != SH_OK)
        return false;
    is = read(fd, magic, sizeof(magic)) == (ssize_t)sizeof(magic) &&
         memcmp(magic, "TZif", sizeof(magic)) == 0;
    io_close(&fd);
    return is;
}

/* Ask with TZ = value; before is what TZ was, or NULL. */
static bool ask(const char *value, const char *before, time_t at, struct tm *out)
{
    bool known = setenv("TZ", value, 1) == 0;

    if (known) {
        tzset();
        known = localtime_r(&at, out) != NULL;
    }
    if (before)
        (void)setenv("TZ", before, 1); /* Its room was there a moment ago. */
    else
        (void)unsetenv("TZ");
    tzset();
    return known;
}

int io_zone_offset(const char *zone, uint64_t unix_s, int32_t *east_s, struct why *why)
{
    char path[sizeof(":" ZONES) + LIMIT_TOKEN_BYTES];
    const char *set = getenv("TZ");
    struct bytes before;
    struct tm parts;
    int rc;

    if (unix_s > LAST_SECOND)
        return why_set(why, SH_EARG, WHY_NOWHERE, "%ju: a time beyond the year 9999",
                       (uintmax_t)unix_s);
    if (!is_name(zone))
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                       "%.64s: not the name of a time zone; it looks like Europe/Kyiv", zone);
    (void)snprintf(path, sizeof(path), ":" ZONES "%s", zone);
    if (!is_zone_file(path + 1))
        return why_set(
            why, SH_ENOTFOUND, WHY_NOWHERE,
            "%.64s: this system knows no such time zone (package tzdata, below " ZONES ")",
            zone);
    bytes_init(&before, LIMIT_HOME_BYTES);
    if (set) {
        bytes_text(&before, set);
        bytes_u8(&before, 0);
    }
    rc = bytes_check(&before, why);
    if (rc == SH_OK &&
        !ask(path, set ? (const char *)before.ptr : NULL, (time_t)unix_s, &parts))
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "%.64s: its zone file cannot be used", zone);
    if (rc == SH_OK)
        *east_s = (int32_t)parts.tm_gmtoff;
    bytes_release(&before);
    return rc;
}
