/*
 * Judging: what the copies say, put together by channel.  State, messages and marks of the book
 * change in one transaction, so that a crash finds all of it done or nothing.
 */
#include "watch/watch_int.h"

#include "io/io.h"

const char *watch_kind_name(enum alarm_kind kind)
{
    static const char *const names[] = {"late", "silent", "disagree"};

    return (unsigned)kind < COUNT_OF(names) ? names[kind] : "?";
}

/* ---- episodes in the book ---- */

static int acks_take(struct watch *watch, struct watch_channel *channel, struct why *why)
{
    struct store_query *query;
    int rc = store_query(watch->store,
                         "SELECT number FROM episodes WHERE channel=?1 AND closed_at=0 AND"
                         " acked_at>0",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_text(query, 1, channel->id.text);
    while ((rc = store_step(query, why)) == STORE_ROW)
        (void)alarm_ack(&channel->alarm, store_int(query, 0)); /* False: it is over. */
    store_done(query);
    return rc < 0 ? rc : SH_OK;
}

static int episode_open(struct watch *watch, const struct watch_channel *channel,
                        enum alarm_kind kind, struct why *why)
{
    const struct alarm_episode *episode = &channel->alarm.episode[kind];
    struct store_query *query;
    int rc = store_query(watch->store,
                         "INSERT OR REPLACE INTO episodes(channel, number, kind, since,"
                         " opened_at) VALUES(?1, ?2, ?3, ?4, ?5)",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_text(query, 1, channel->id.text);
    store_bind_int(query, 2, episode->number);
    store_bind_int(query, 3, kind);
    store_bind_int(query, 4, episode->since);
    store_bind_int(query, 5, channel->view.now);
    return store_run(query, why);
}

static int episode_close(struct watch *watch, const struct watch_channel *channel,
                         uint64_t number, struct why *why)
{
    struct store_query *query;
    int rc = store_query(watch->store,
                         "UPDATE episodes SET closed_at=?1 WHERE channel=?2 AND number=?3",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, channel->view.now ? channel->view.now : 1);
    store_bind_text(query, 2, channel->id.text);
    store_bind_int(query, 3, number);
    rc = store_run(query, why);
    return rc == SH_OK ? watch_queue_stop(watch, channel, number, why) : rc;
}

static int episodes_mark(struct watch *watch, const struct watch_channel *channel,
                         const struct alarm *before, struct why *why)
{
    int rc = SH_OK;

    for (int kind = 0; kind < ALARM_KINDS && rc == SH_OK; kind++) {
        const struct alarm_episode *was = &before->episode[kind];
        const struct alarm_episode *is = &channel->alarm.episode[kind];
        bool other = was->number != is->number;

        if (was->open && (!is->open || other))
            rc = episode_close(watch, channel, was->number, why);
        if (rc == SH_OK && is->open && (!was->open || other))
            rc = episode_open(watch, channel, (enum alarm_kind)kind, why);
    }
    return rc;
}

/* The book cannot say how these stood: what still is gets a number of its own. */
static int episodes_end(struct watch *watch, const struct watch_channel *channel, uint64_t now,
                        struct why *why)
{
    struct store_query *query;
    int rc = store_query(watch->store,
                         "UPDATE episodes SET closed_at=?1 WHERE channel=?2 AND closed_at=0",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, now ? now : 1);
    store_bind_text(query, 2, channel->id.text);
    return store_run(query, why);
}

/* ---- one channel ---- */

static size_t copies_of(struct watch *watch, const struct watch_channel *channel,
                        struct alarm_copy *copies)
{
    size_t count = 0;

    for (size_t i = 0; i < watch->sources; i++) {
        struct watch_source *source = &watch->source[i];

        if (watch_channel_of(watch, source) != channel)
            continue;
        source->judged_with = (size_t)(channel - watch->channel) + 1;
        if (source->other)
            continue;
        copies[count++] = (struct alarm_copy){.heard_at = source->heard_at,
                                              .branch = source->branch,
                                              .size = source->size,
                                              .at_odds = source->at_odds,
                                              .facts = source->facts};
    }
    return count;
}

static int channel_store(struct watch *watch, const struct watch_channel *channel,
                         struct why *why)
{
    struct store_query *query;
    struct bytes state;
    int rc = store_query(watch->store,
                         "INSERT INTO channels(id, name, alarm, word, word_index)"
                         " VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(id) DO UPDATE SET name=?2,"
                         " alarm=?3, word=?4, word_index=?5, watched=1",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    bytes_init(&state, LIMIT_FOLLOW_BYTES);
    alarm_build(&channel->alarm, &watch->clock, &state);
    rc = bytes_check(&state, why);
    if (rc == SH_OK) {
        store_bind_text(query, 1, channel->id.text);
        store_bind_text(query, 2, channel->name);
        store_bind_blob(query, 3, bytes_view(&state));
        store_bind_blob(query, 4, bytes_view(&channel->word));
        store_bind_int(query, 5, channel->word_index);
        rc = store_run(query, why);
    }
    bytes_release(&state);
    return rc;
}

/* The one without a name, whose copies have all been read by now. */
static int channel_gone(struct watch *watch, struct why *why)
{
    return store_exec(watch->store, "DELETE FROM channels WHERE id=''", why);
}

static int channel_judge(struct watch *watch, struct watch_channel *channel, uint64_t now,
                         struct why *why)
{
    static struct alarm_copy copies[LIMIT_SOURCES];
    struct alarm_event events[ALARM_EVENTS];
    struct alarm before;
    struct alarm_rules rules;
    size_t count = copies_of(watch, channel, copies);
    size_t told;
    int rc = SH_OK;

    watch_rules(watch, &rules);
    if (!watch->looks_only && channel->anew)
        rc = episodes_end(watch, channel, now, why);
    if (rc == SH_OK && !watch->looks_only)
        rc = acks_take(watch, channel, why);
    if (rc != SH_OK)
        return rc;
    before = channel->alarm;
    channel->empty = count == 0 && !channel->id.text[0];
    if (!count) { /* All of its copies turned out to be another channel's: they were heard. */
        copies[count++] = (struct alarm_copy){.heard_at = now};
        if (channel->empty && watch->channels == 2)
            memcpy(channel->name, watch->source[0].name, sizeof(channel->name));
    }
    alarm_look(&channel->alarm, &rules,
               &(struct alarm_round){copies, count, now, &watch->clock}, &channel->view);
    told = alarm_step(&channel->alarm, &rules, &channel->view, events);
    channel->judged = true;
    if (watch->looks_only)
        return SH_OK;
    rc = episodes_mark(watch, channel, &before, why);
    for (size_t i = 0; i < told && rc == SH_OK; i++)
        rc = watch_queue_event(watch, channel, &events[i], why);
    if (rc == SH_OK)
        rc = watch_queue_hand_on(watch, channel, why);
    if (rc != SH_OK)
        return rc;
    return channel->empty ? channel_gone(watch, why) : channel_store(watch, channel, why);
}

/* ---- all of them ---- */

static int round_store(struct watch *watch, uint64_t now, struct why *why)
{
    struct store_query *query;
    int rc = store_query(watch->store, "UPDATE about SET round_at=?1", &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, now);
    return store_run(query, why);
}

static int judge_all(struct watch *watch, uint64_t now, struct why *why)
{
    int rc = watch->looks_only || watch->marked ? SH_OK : watch_sources_mark(watch, why);

    for (size_t i = 0; i < watch->sources && rc == SH_OK && !watch->looks_only; i++)
        if (watch->source[i].changed)
            rc = watch_source_store(watch, &watch->source[i], why);
    if (rc == SH_OK)
        rc = watch_channels_group(watch, now, why);
    for (size_t i = 0; i < watch->channels && rc == SH_OK; i++)
        rc = channel_judge(watch, &watch->channel[i], now, why);
    if (rc == SH_OK && !watch->looks_only)
        rc = round_store(watch, now, why);
    return rc;
}

/* Lines of the log, once it stands. */
static void say_changes(const struct watch *watch, const struct alarm *before)
{
    char short_id[CHANNEL_SHORT_ID_BYTES];

    for (size_t i = 0; i < watch->channels; i++) {
        const struct watch_channel *channel = &watch->channel[i];

        (void)memset(short_id, 0, sizeof(short_id));
        if (channel->id.text[0])
            channel_id_short(&channel->id, short_id);
        for (int kind = 0; kind < ALARM_KINDS; kind++) {
            const struct alarm_episode *was = &before[i].episode[kind];
            const struct alarm_episode *is = &channel->alarm.episode[kind];

            if (was->open && (!is->open || was->number != is->number))
                io_say("info", "watch", "over", "channel=%s kind=%s episode=%llu", short_id,
                       watch_kind_name((enum alarm_kind)kind), (unsigned long long)was->number);
            if (is->open && (!was->open || was->number != is->number))
                io_say("warning", "watch", watch_kind_name((enum alarm_kind)kind),
                       "channel=%s episode=%llu copies=%zu heard=%zu agree=%zu", short_id,
                       (unsigned long long)is->number, channel->view.copies,
                       channel->view.heard, channel->view.agree);
        }
    }
}

/*
 * The clock was put back by so much: what it said of copies is, too.  Never forward: a time
 * that grew would count as an answer, and end a silence.
 */
static void heard_move(struct watch *watch, uint64_t moved)
{
    bool back = moved >> 63 != 0;

    for (size_t i = 0; i < watch->sources && back; i++) {
        struct watch_source *source = &watch->source[i];
        uint64_t at = source->heard_at + moved;

        if (!source->heard_at)
            continue;
        source->heard_at = at && at < source->heard_at ? at : 1;
        source->changed = true;
    }
}

int watch_judge(struct watch *watch, struct why *why)
{
    static struct alarm before[LIMIT_SOURCES + 1];
    const struct alarm_clock clock = watch->clock;
    size_t channels = watch->channels;
    uint64_t now = watch_clock_step(watch);
    int rc = SH_OK;

    heard_move(watch, watch->clock.moved - clock.moved);
    memset(before, 0, sizeof(before));
    for (size_t i = 0; i < watch->channels; i++)
        before[i] = watch->channel[i].alarm;
    for (size_t i = 0; i < watch->sources; i++)
        if (watch->source[i].heard)
            watch->source[i].heard_at = watch_asked_at(&watch->source[i], now);
    if (!watch->looks_only)
        rc = store_begin(watch->store, STORE_DURABLE, why);
    if (rc == SH_OK)
        rc = judge_all(watch, now, why);
    if (rc == SH_OK && !watch->looks_only)
        rc = store_commit(watch->store, why);
    if (rc != SH_OK) { /* As if it had not been judged: the next time it is. */
        store_end(watch->store);
        watch->clock = clock;
        for (size_t i = 0; i < channels; i++)
            watch->channel[i].alarm = before[i];
        watch_channels_cut(watch, channels);
        return rc;
    }
    for (size_t i = 0; i < watch->sources; i++)
        watch->source[i].changed = false;
    watch->round_at = now;
    watch->marked = true;
    if (watch_red_find(watch, NULL) != SH_OK)
        watch->red = true; /* Not known is as bad. */
    say_changes(watch, before);
    for (size_t i = 0; i < watch->channels; i++)
        watch->channel[i].anew = false;
    watch_channels_tidy(watch);
    return SH_OK;
}
