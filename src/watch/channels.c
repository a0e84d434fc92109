/* The channels that are watched: which copy is of which, and what the book knows of them. */
#include "watch/watch_int.h"

#include <fcntl.h>
#include <stdlib.h>

#include "io/io.h"

uint64_t watch_time(const struct watch *watch)
{
    uint64_t boot = watch_boot_ms();

    if (getenv("STILLHERE_NOW") || !watch->clock.believed || boot < watch->clock.boot_ms)
        return io_now();
    return watch->clock.believed + (boot - watch->clock.boot_ms) / 1000;
}

/* ---- which channel is it? ---- */

static struct watch_channel *channel_find(struct watch *watch, const char *id)
{
    for (size_t i = 0; i < watch->channels; i++)
        if (strcmp(watch->channel[i].id.text, id) == 0)
            return &watch->channel[i];
    return NULL;
}

static struct watch_channel *channel_add(struct watch *watch, const struct channel_id *id,
                                         uint64_t now)
{
    struct watch_channel *channel = &watch->channel[watch->channels];

    if (watch->channels > watch->sources)
        bug("watch: more channels than copies");
    memset(channel, 0, sizeof(*channel));
    if (id)
        channel->id = *id;
    alarm_init(&channel->alarm, now);
    bytes_init(&channel->word, LIMIT_DOCUMENT_BYTES);
    watch->channels++;
    return channel;
}

/*
 * A copy that was never read counts to the channel that is expected, or to the only one that is
 * known; as long as none is known, to one without a name.
 */
struct watch_channel *watch_channel_of(struct watch *watch, const struct watch_source *source)
{
    struct watch_channel *only = NULL;

    if (source->channel.text[0])
        return channel_find(watch, source->channel.text);
    if (watch->options->expected)
        return channel_find(watch, watch->options->expected->text);
    for (size_t i = 0; i < watch->channels; i++) {
        if (!watch->channel[i].id.text[0])
            continue;
        if (only)
            return NULL;
        only = &watch->channel[i];
    }
    return only ? only : channel_find(watch, "");
}

void watch_channel_word(struct watch *watch, const struct watch_source *source,
                        struct slice word)
{
    struct watch_channel *channel = channel_find(watch, source->channel.text);

    if (!channel)
        channel = channel_find(watch, ""); /* It gets its name when it is judged. */
    if (!channel)
        channel = channel_add(watch, &source->channel, watch_time(watch));
    if (!source->facts.has_word || !word.len || source->facts.word_index < channel->word_index)
        return;
    bytes_clear(&channel->word);
    bytes_slice(&channel->word, word);
    channel->word_index = source->facts.word_index;
}

/* Is one of its copies among the sources of today? */
static bool is_watched(const struct watch *watch, const struct channel_id *id)
{
    if (!id->text[0])
        return true;
    if (watch->options->expected)
        return strcmp(watch->options->expected->text, id->text) == 0;
    for (size_t i = 0; i < watch->sources; i++)
        if (strcmp(watch->source[i].channel.text, id->text) == 0)
            return true;
    return false;
}

/* A state that cannot be read is as none: better told twice than never. */
static void channel_load(struct watch *watch, struct store_query *query)
{
    struct watch_channel *channel;
    struct channel_id id = {0};
    struct alarm_clock clock = {0};
    struct alarm alarm;
    struct slice text = store_blob(query, 0);

    if ((text.len && !channel_id_parse(text, &id)) || !is_watched(watch, &id) ||
        watch->channels > watch->sources)
        return;
    channel = channel_add(watch, &id, io_now());
    if (alarm_parse(store_blob(query, 2), &alarm, &clock, NULL) == SH_OK)
        channel->alarm = alarm;
    else
        io_say("error", "watch", "state", "damaged=yes");
    watch_text(channel->name, sizeof(channel->name), store_blob(query, 1));
    bytes_slice(&channel->word, store_blob(query, 3));
    channel->word_index = store_int(query, 4);
    if (clock.believed > watch->clock.believed)
        watch->clock = clock;
}

int watch_channels_load(struct watch *watch, struct why *why)
{
    struct store_query *query;
    int rc = store_query(watch->store, "SELECT id, name, alarm, word, word_index FROM channels",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    while ((rc = store_step(query, why)) == STORE_ROW)
        channel_load(watch, query);
    store_done(query);
    return rc < 0 ? rc : SH_OK;
}

/* The nameless one got a name: what it told is this channel's. */
static int rename_rows(struct watch *watch, const char *id, struct why *why)
{
    static const char *const sql[] = {
        "UPDATE OR REPLACE channels SET id=?1 WHERE id=''",
        "UPDATE OR IGNORE episodes SET channel=?1 WHERE channel=''",
        "UPDATE codes SET channel=?1 WHERE channel=''",
        "UPDATE queue SET channel=?1 WHERE channel=''"};
    struct store_query *query;
    int rc = SH_OK;

    for (size_t i = 0; i < COUNT_OF(sql) && rc == SH_OK; i++) {
        rc = store_query(watch->store, sql[i], &query, why);
        if (rc != SH_OK)
            return rc;
        store_bind_text(query, 1, id);
        rc = store_run(query, why);
    }
    return rc;
}

int watch_channels_group(struct watch *watch, uint64_t now, struct why *why)
{
    struct watch_channel *nameless;
    int rc = SH_OK;

    if (watch->options->expected && !channel_find(watch, watch->options->expected->text))
        (void)channel_add(watch, watch->options->expected, now);
    for (size_t i = 0; i < watch->sources && rc == SH_OK; i++) {
        struct watch_source *source = &watch->source[i];
        struct watch_channel *channel = channel_find(watch, source->channel.text);

        nameless = channel_find(watch, "");
        if (!source->channel.text[0])
            continue;
        if (!channel && nameless) {
            channel = nameless;
            channel->id = source->channel;
            if (!watch->looks_only)
                rc = rename_rows(watch, source->channel.text, why);
        } else if (!channel) {
            channel = channel_add(watch, &source->channel, now);
        }
        memcpy(channel->name, source->name, sizeof(channel->name));
    }
    if (rc == SH_OK && !watch->channels)
        (void)channel_add(watch, NULL, now);
    return rc;
}

/* ---- the clock ---- */

uint64_t watch_clock_step(struct watch *watch)
{
    struct alarm_clocks said = {.wall = io_now(),
                                .boot_ms = watch_boot_ms(),
                                .dates = watch->dates,
                                .date_count = watch->date_count};
    char boot_id[40] = "";
    struct bytes raw;

    bytes_init(&raw, sizeof(boot_id));
    if (io_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &raw, NULL) == SH_OK)
        watch_text(boot_id, sizeof(boot_id),
                   slice_sub(bytes_view(&raw), 0, slice_find(bytes_view(&raw), 0, '\n')));
    bytes_release(&raw);
    said.boot_id = boot_id;
    if (getenv("STILLHERE_NOW")) { /* For tests: that is the only time there is. */
        said.boot_ms = said.wall * 1000;
        said.boot_id = "test";
        said.date_count = 0;
    }
    watch->date_count = 0;
    return alarm_clock_step(&watch->clock, &said);
}
