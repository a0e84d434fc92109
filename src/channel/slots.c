/* Covers: the schedule of sealed entries. */
#include "channel/channel_int.h"

int channel_slot_take(struct store *store, uint64_t slot, struct why *why)
{
    struct store_query *query;
    int rc =
        store_query(store, "INSERT OR REPLACE INTO slots(one,last) VALUES(1,?1)", &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, slot);
    return store_run(query, why);
}

int channel_slot_last(struct store *store, uint64_t *last, struct why *why)
{
    *last = 0;
    return store_number(store, "SELECT last FROM slots", last, why);
}

int channel_slot(struct channel *channel, uint64_t now, struct channel_slot *out,
                 struct why *why)
{
    struct channel_settings settings;
    uint64_t last = 0;
    int rc = channel_settings(channel, &settings, why);

    *out = (struct channel_slot){0};
    if (rc != SH_OK || !*settings.covers)
        return rc;
    if (!decimal_parse(slice_text(settings.covers), LIMIT_COVERS_MAX_S, &out->every_s) ||
        out->every_s < LIMIT_COVERS_MIN_S)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "private/" CHANNEL_SETTINGS ": covers is no number of seconds");
    rc = channel_slot_last(channel->store, &last, why);
    if (rc != SH_OK)
        return rc;
    out->at = now - now % out->every_s;
    out->next = out->at + out->every_s;
    /* A clock that was set far ahead, and back again, must not stop the covers for long. */
    if (last > now + 2 * out->every_s)
        last = 0;
    out->open = out->at > last && now - out->at <= LIMIT_SLOT_LATE_S;
    return SH_OK;
}
