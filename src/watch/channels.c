/* The channels that are watched: which copy is of which, and what the book knows of them. */
#include "watch/watch_int.h"

#include <fcntl.h>
#include <stdlib.h>

#include "io/io.h"

/* Where the system does not tell, this process is a boot of its own: nothing has run on. */
static void boot_id_find(struct watch *watch)
{
    struct bytes raw;
    uint64_t dice[2];

    if (watch->boot_id[0])
        return;
    bytes_init(&raw, sizeof(watch->boot_id));
    if (io_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &raw, NULL) == SH_OK)
        watch_text(watch->boot_id, sizeof(watch->boot_id),
                   slice_sub(bytes_view(&raw), 0, slice_find(bytes_view(&raw), 0, '\n')));
    bytes_release(&raw);
    if (watch->boot_id[0])
        return;
    io_random(dice, sizeof(dice));
    (void)snprintf(watch->boot_id, sizeof(watch->boot_id), "%016llx%016llx",
                   (unsigned long long)dice[0], (unsigned long long)dice[1]);
}

uint64_t watch_time(const struct watch *watch)
{
    uint64_t boot = watch_boot_ms();

    if (getenv("STILLHERE_NOW") || !watch->clock.believed)
        return io_now();
    /* What the book remembers of another boot does not run on. */
    if (boot < watch->clock.boot_ms || strcmp(watch->clock.boot_id, watch->boot_id) != 0)
        return io_now() > watch->clock.believed ? io_now() : watch->clock.believed;
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

/* A state that cannot be read is as none: better told twice than never. */
static void channel_fill(struct watch *watch, struct watch_channel *channel,
                         struct store_query *query)
{
    struct alarm_clock clock = {0};
    struct alarm alarm;

    if (alarm_parse(store_blob(query, 1), &alarm, &clock, NULL) == SH_OK) {
        channel->alarm = alarm;
        channel->anew = false;
    } else {
        io_say("error", "watch", "state", "damaged=yes");
    }
    watch_text(channel->name, sizeof(channel->name), store_blob(query, 0));
    bytes_slice(&channel->word, store_blob(query, 2));
    channel->word_index = store_int(query, 3);
    /* Once it runs, the clock is its own. */
    if (!watch->round_ms && clock.believed > watch->clock.believed)
        watch->clock = clock;
}

/* A number that an episode had is never given again: ids and codes are made of it. */
static int numbers_seed(struct watch *watch, struct watch_channel *channel, struct why *why)
{
    struct store_query *query;
    int rc = store_query(watch->store,
                         "SELECT coalesce(max(number), 0) FROM episodes WHERE channel=?1",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_text(query, 1, channel->id.text);
    rc = store_step(query, why);
    if (rc == STORE_ROW && store_int(query, 0) > channel->alarm.episodes)
        channel->alarm.episodes = store_int(query, 0);
    store_done(query);
    return rc < 0 ? rc : SH_OK;
}

/*
 * One more, with what the book knows of it: also when none of the sources that it was known by
 * is watched today, for an address may change.
 */
static int channel_add(struct watch *watch, const char *id, uint64_t now,
                       struct watch_channel **out, struct why *why)
{
    struct watch_channel *channel = &watch->channel[watch->channels];
    struct store_query *query;
    int rc = store_query(watch->store,
                         "SELECT name, alarm, word, word_index FROM channels WHERE id=?1",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    if (watch->channels > watch->sources)
        bug("watch: more channels than copies");
    *channel = (struct watch_channel){.anew = true};
    watch_text(channel->id.text, sizeof(channel->id.text), slice_text(id));
    alarm_init(&channel->alarm, now);
    bytes_init(&channel->word, LIMIT_DOCUMENT_BYTES);
    store_bind_text(query, 1, id);
    rc = store_step(query, why);
    if (rc == STORE_ROW)
        channel_fill(watch, channel, query);
    store_done(query);
    if (rc >= 0)
        rc = numbers_seed(watch, channel, why);
    if (rc != SH_OK) {
        bytes_release(&channel->word);
        return rc;
    }
    watch->channels++;
    *out = channel;
    return SH_OK;
}

static int channel_get(struct watch *watch, const char *id, uint64_t now,
                       struct watch_channel **out, struct why *why)
{
    *out = channel_find(watch, id);
    return *out ? SH_OK : channel_add(watch, id, now, out, why);
}

/*
 * A copy that was never read counts to the channel that is expected, or to the only one that is
 * known; else to one without a name.
 */
struct watch_channel *watch_channel_of(struct watch *watch, const struct watch_source *source)
{
    struct watch_channel *only = NULL;
    size_t known = 0;

    if (source->channel.text[0])
        return channel_find(watch, source->channel.text);
    if (watch->options->expected)
        return channel_find(watch, watch->options->expected->text);
    for (size_t i = 0; i < watch->channels; i++) {
        if (!watch->channel[i].id.text[0])
            continue;
        only = &watch->channel[i];
        known++;
    }
    return known == 1 ? only : channel_find(watch, "");
}

/* The word that is kept has this date; where a withdrawal took its place, it has not. */
static bool is_dated(const struct watch_channel *channel, uint64_t published)
{
    struct document doc;
    struct arena arena;
    bool same;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    same = document_parse(bytes_view(&channel->word), &arena, &doc, NULL) == SH_OK &&
           doc.published == published;
    arena_release(&arena);
    return same;
}

void watch_channel_word(struct watch *watch, const struct watch_source *source,
                        struct slice word)
{
    struct watch_channel *channel;

    if (channel_get(watch, source->channel.text, watch_time(watch), &channel, NULL) != SH_OK)
        return; /* Judging tries again and says what is wrong; a message can do without. */
    if (!source->facts.has_word || source->facts.word_index < channel->word_index)
        return;
    if (!word.len && (source->facts.word_index > channel->word_index ||
                      is_dated(channel, source->facts.word_at)))
        return;
    bytes_clear(&channel->word);
    bytes_slice(&channel->word, word);
    channel->word_index = source->facts.word_index;
}

/*
 * What was told of copies that were never read goes on while one of them is watched, and ends
 * once all of them were read.  Else it was of others, and says nothing about those of today.
 */
static int nameless_load(struct watch *watch, struct why *why)
{
    uint64_t open = 0, unread = 0;
    struct watch_channel *channel;
    bool same = false;
    int rc = store_number(watch->store,
                          "SELECT count(*) FROM episodes WHERE channel='' AND closed_at=0",
                          &open, why);

    for (size_t i = 0; i < watch->sources; i++)
        same = same || (watch->source[i].in_book && !watch->source[i].channel.text[0]);
    if (rc == SH_OK && open && !same)
        rc = store_number(watch->store, "SELECT count(*) FROM sources WHERE channel=''",
                          &unread, why);
    if (rc != SH_OK || (!same && (!open || unread)))
        return rc;
    rc = channel_add(watch, "", io_now(), &channel, why);
    if (rc == SH_OK && !open && channel->anew) {
        bytes_release(&channel->word); /* There is none yet; judging adds it when it must. */
        watch->channels--;
    }
    return rc;
}

int watch_channels_load(struct watch *watch, struct why *why)
{
    struct watch_channel *channel;
    int rc = SH_OK;

    boot_id_find(watch);
    if (watch->options->expected)
        rc = channel_get(watch, watch->options->expected->text, io_now(), &channel, why);
    for (size_t i = 0; i < watch->sources && rc == SH_OK; i++)
        if (watch->source[i].channel.text[0])
            rc = channel_get(watch, watch->source[i].channel.text, io_now(), &channel, why);
    return rc == SH_OK && watch->sources ? nameless_load(watch, why) : rc;
}

/* What the book may hold of one was of other copies, or nameless_load had taken it. */
static int nameless_add(struct watch *watch, uint64_t now, struct why *why)
{
    struct watch_channel *channel;
    uint64_t episodes;
    int rc = channel_add(watch, "", now, &channel, why);

    if (rc != SH_OK)
        return rc;
    episodes = channel->alarm.episodes;
    alarm_init(&channel->alarm, now);
    channel->alarm.episodes = episodes;
    channel->anew = true;
    return SH_OK;
}

int watch_channels_group(struct watch *watch, uint64_t now, struct why *why)
{
    struct watch_channel *channel;
    int rc = SH_OK;

    if (watch->options->expected)
        rc = channel_get(watch, watch->options->expected->text, now, &channel, why);
    for (size_t i = 0; i < watch->sources && rc == SH_OK; i++) {
        const struct watch_source *source = &watch->source[i];

        if (!source->channel.text[0])
            continue;
        rc = channel_get(watch, source->channel.text, now, &channel, why);
        if (rc == SH_OK)
            memcpy(channel->name, source->name, sizeof(channel->name));
    }
    /* Now it is known how many there are. */
    for (size_t i = 0; i < watch->sources && rc == SH_OK; i++)
        if (!watch_channel_of(watch, &watch->source[i]))
            rc = nameless_add(watch, now, why);
    return rc;
}

void watch_channels_cut(struct watch *watch, size_t count)
{
    while (watch->channels > count)
        bytes_release(&watch->channel[--watch->channels].word);
}

void watch_channels_tidy(struct watch *watch)
{
    struct watch_channel *channel = channel_find(watch, "");
    size_t index;

    if (!channel || !channel->empty)
        return;
    index = (size_t)(channel - watch->channel);
    bytes_release(&channel->word);
    watch->channels--;
    memmove(channel, channel + 1, (watch->channels - index) * sizeof(*channel));
    for (size_t i = 0; i < watch->sources; i++)
        if (watch->source[i].judged_with > index)
            watch->source[i].judged_with--;
}

/* ---- the clock ---- */

/* "https://host:port/path", as name_url of source.c wrote it. */
static struct slice host_of(const char *url)
{
    const char *host = strstr(url, "://");

    host = host ? host + 3 : url;
    return slice_of(host, strcspn(host, *host == '[' ? "]" : ":/"));
}

/* Names of one owner are mostly below each other: www.example.org is example.org. */
static bool is_same_host(struct slice a, struct slice b)
{
    struct slice more = a.len < b.len ? b : a, less = a.len < b.len ? a : b;
    size_t at = more.len - less.len;

    return slice_equal(slice_sub(more, at, less.len), less) && (!at || more.ptr[at - 1] == '.');
}

/*
 * One date of each host.  Only a copy that holds is a witness: a page that stands before the
 * network answers for every host.
 */
static size_t dates_take(const struct watch *watch, uint64_t dates[LIMIT_SOURCES])
{
    struct slice hosts[LIMIT_SOURCES];
    size_t count = 0, same;

    for (size_t i = 0; i < watch->sources; i++) {
        const struct watch_source *source = &watch->source[i];

        if (!source->date || !source->heard || source->at_odds)
            continue;
        hosts[count] = host_of(source->what);
        for (same = 0; same < count; same++)
            if (is_same_host(hosts[same], hosts[count]))
                break;
        if (same == count)
            dates[count++] = source->date;
    }
    return count;
}

uint64_t watch_clock_step(struct watch *watch)
{
    static uint64_t dates[LIMIT_SOURCES];
    struct alarm_clocks said = {.wall = io_now(), .boot_ms = watch_boot_ms(), .dates = dates};

    boot_id_find(watch);
    said.boot_id = watch->boot_id;
    said.date_count = dates_take(watch, dates);
    if (getenv("STILLHERE_NOW")) { /* For tests: that is the only time there is. */
        said.boot_ms = said.wall * 1000;
        said.boot_id = "test";
        said.date_count = 0;
    }
    return alarm_clock_step(&watch->clock, &said);
}

/* What a copy says is of the moment of the question: the answer may take its time. */
uint64_t watch_asked_at(const struct watch_source *source, uint64_t now)
{
    uint64_t ago = (watch_boot_ms() - source->asked_ms + 999) / 1000;

    if (getenv("STILLHERE_NOW")) /* As above: it stands still. */
        return now;
    return now > ago ? now - ago : 1;
}
