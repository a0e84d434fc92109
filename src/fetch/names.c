/* What names were found to mean a few minutes ago, so that a poll a minute asks rarely. */
#include <stdlib.h>
#include <string.h>

#include "fetch/fetch_int.h"

struct name {
    char host[LIMIT_HOST_BYTES + 1]; /* empty: free */
    uint64_t until_ms;
    struct fetch_addresses addresses;
};
struct fetch_names {
    struct name name[LIMIT_LOOKUP_NAMES];
};

struct fetch_names *fetch_names_new(void)
{
    /* RAW: one table for the life of the process, touched as it fills. */
    return calloc(1, sizeof(struct fetch_names));
}

void fetch_names_free(struct fetch_names *names)
{
    free(names);
}

const struct fetch_addresses *fetch_names_find(const struct fetch_names *names,
                                               const char *host, uint64_t now_ms)
{
    for (size_t i = 0; i < LIMIT_LOOKUP_NAMES && names->name[i].until_ms; i++)
        if (names->name[i].until_ms > now_ms && strcmp(names->name[i].host, host) == 0)
            return &names->name[i].addresses;
    return NULL;
}

void fetch_names_keep(struct fetch_names *names, const char *host,
                      const struct fetch_addresses *addresses, uint64_t now_ms)
{
    struct name *place = &names->name[0];

    /* The same name, else the first free place, else the oldest. */
    for (size_t i = 0; i < LIMIT_LOOKUP_NAMES; i++) {
        if (!names->name[i].until_ms || strcmp(names->name[i].host, host) == 0) {
            place = &names->name[i];
            break;
        }
        if (names->name[i].until_ms < place->until_ms)
            place = &names->name[i];
    }
    memcpy(place->host, host, strlen(host) + 1);
    place->addresses = *addresses;
    place->until_ms = now_ms + LIMIT_LOOKUP_KEEP_MS;
}

void fetch_names_forget(struct fetch_names *names, const char *host)
{
    for (size_t i = 0; i < LIMIT_LOOKUP_NAMES && names->name[i].until_ms; i++)
        if (strcmp(names->name[i].host, host) == 0)
            names->name[i].until_ms = 1; /* Past, and the row goes on. */
}
