/* The versions of a dispatch, and entries that say a time: found by what refers to them. */
#include "channel/channel_int.h"

/* The one index that a query gives, bound to a and b. */
static int one_index(struct channel *channel, const char *sql, const uint64_t at[2],
                     uint64_t *out, struct why *why)
{
    struct store_query *query;
    int rc = store_query(channel->store, sql, &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, at[0]);
    store_bind_int(query, 2, at[1]);
    rc = store_step(query, why);
    if (rc == STORE_ROW)
        *out = store_int(query, 0);
    store_done(query);
    if (rc < 0)
        return rc;
    return rc == STORE_ROW ? SH_OK : SH_ENOTFOUND;
}

int channel_correction_after(struct channel *channel, uint64_t index, uint64_t after,
                             uint64_t *out, struct why *why)
{
    return one_index(channel,
                     "SELECT idx FROM entries WHERE ref=?1 AND type=" CHANNEL_TYPE_CORRECT
                     " AND idx>?2 ORDER BY idx LIMIT 1",
                     (const uint64_t[2]){index, after}, out, why);
}

int channel_correction_before(struct channel *channel, uint64_t index, uint64_t before,
                              uint64_t *out, struct why *why)
{
    return one_index(channel,
                     "SELECT idx FROM entries WHERE ref=?1 AND type=" CHANNEL_TYPE_CORRECT
                     " AND idx<?2 ORDER BY idx DESC LIMIT 1",
                     (const uint64_t[2]){index, before}, out, why);
}

int channel_dated_after(struct channel *channel, uint64_t after, uint64_t *out, struct why *why)
{
    return one_index(channel,
                     "SELECT idx FROM entries WHERE idx>?1 AND idx<?2 AND type IN"
                     " (" CHANNEL_TYPES_DATED ") ORDER BY idx LIMIT 1",
                     (const uint64_t[2]){after, channel->state.size}, out, why);
}

int channel_dated_before(struct channel *channel, uint64_t before, uint64_t *out,
                         struct why *why)
{
    return one_index(channel,
                     "SELECT idx FROM entries WHERE idx>=?1 AND idx<?2 AND type IN"
                     " (" CHANNEL_TYPES_DATED ") ORDER BY idx DESC LIMIT 1",
                     (const uint64_t[2]){0, before}, out, why);
}
