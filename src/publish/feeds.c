/* The feeds: the newest dispatches once more, for programs. */
#include "feeds/feeds.h"
#include "publish/publish_int.h"

static int write_feeds(struct channel *channel, const struct feeds_channel *content,
                       uint64_t mtime_s, struct why *why)
{
    struct bytes feed;
    int rc = SH_OK;

    bytes_init(&feed, LIMIT_FEED_BYTES);
    for (int i = 0; i < FEEDS_FORMS && rc == SH_OK; i++) {
        bytes_clear(&feed);
        rc = feeds_build((enum feeds_form)i, content, &feed, why);
        if (rc == SH_OK)
            rc = channel_derive(channel, feeds_path((enum feeds_form)i), bytes_view(&feed),
                                mtime_s, why);
    }
    bytes_release(&feed);
    return rc;
}

int publish_feeds(struct channel *channel, const struct pages_site *site, enum lang lang,
                  uint64_t mtime_s, struct why *why)
{
    struct publish_item loaded[LIMIT_FEED];
    struct pages_item items[LIMIT_FEED];
    struct feeds_channel content = {.site = site, .lang = lang, .items = items};
    uint64_t dispatches = channel_info(channel)->dispatches;
    size_t count = dispatches < LIMIT_FEED ? (size_t)dispatches : LIMIT_FEED, done = 0;
    struct arena arena;
    int rc = SH_OK;

    arena_init(&arena, (size_t)3 * LIMIT_FEED * LIMIT_DOCUMENT_ARENA);
    while (done < count && rc == SH_OK) {
        rc = publish_load(channel, dispatches - 1 - done, &arena, &loaded[done], why);
        items[done] = loaded[done].item;
        done++;
    }
    content.count = done;
    if (rc == SH_OK)
        rc = write_feeds(channel, &content, mtime_s, why);
    while (done)
        publish_unload(&loaded[--done]);
    arena_release(&arena);
    return rc;
}
