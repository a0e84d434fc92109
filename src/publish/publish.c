/* Which pages an entry touches, and writing them. */
#include "publish/publish.h"

#include <stdio.h>
#include <string.h>

#include "io/io.h"
#include "lang/lang.h"
#include "publish/publish_int.h"

/* One run: the same stamp and the same head for every page. */
struct run {
    struct channel *channel;
    struct pages_site site;
    enum lang home; /* index.html is a copy of this one */
    uint64_t mtime_s;
    struct bytes page[LANG_COUNT]; /* the page in hand, memory kept between pages */
    struct publish_keys keys;
    struct why *why;
};

/* What one page shows; render fills run->page in one language. */
struct subject {
    const struct pages_item *dispatch; /* or a timeline, or the family's page: */
    const struct pages_timeline *timeline;
    const struct pages_now *now;
};

static int render(struct run *run, const struct subject *subject, enum lang lang)
{
    struct bytes *page = &run->page[lang];

    bytes_clear(page);
    if (subject->dispatch)
        return pages_dispatch(&run->site, subject->dispatch, lang, page, run->why);
    if (subject->now)
        return pages_now(&run->site, subject->now, lang, page, run->why);
    return pages_timeline(&run->site, subject->timeline, lang, page, run->why);
}

/* The five files of one page. */
static int write_pages(struct run *run, const char *folder, const struct subject *subject)
{
    struct io_file files[LANG_COUNT + 1];
    struct channel_page page = {folder, files, LANG_COUNT + 1};
    int rc = SH_OK;

    for (int i = 0; i < LANG_COUNT && rc == SH_OK; i++) {
        enum lang lang = (enum lang)i;

        rc = render(run, subject, lang);
        files[i] = (struct io_file){pages_file_name(lang), bytes_view(&run->page[lang])};
    }
    files[LANG_COUNT] = (struct io_file){"index.html", bytes_view(&run->page[run->home])};
    return rc == SH_OK ? channel_derive_page(run->channel, &page, run->mtime_s, run->why) : rc;
}

/* The dispatch before the one at index: there each version's page leads back to. */
static int previous(struct run *run, uint64_t index, uint64_t *out)
{
    uint64_t ordinal = 0;
    int rc = channel_dispatch_ordinal(run->channel, index, &ordinal, run->why);

    if (rc == SH_OK && ordinal)
        rc = channel_dispatch_at(run->channel, ordinal - 1, out, run->why);
    return rc;
}

/* The page of a dispatch or of a correction. */
static int entry_page(struct run *run, uint64_t index)
{
    struct publish_item loaded;
    struct subject subject = {.dispatch = &loaded.item};
    struct arena arena;
    char folder[TREE_PATH_BYTES];
    int rc;

    arena_init(&arena, (size_t)2 * LIMIT_DOCUMENT_ARENA);
    rc = publish_load_page(run->channel, index, &arena, &loaded, run->why);
    if (rc == SH_OK)
        rc = previous(run, loaded.item.index, &loaded.item.previous);
    if (rc == SH_OK) {
        pages_folder(&loaded.item, folder);
        rc = write_pages(run, folder, &subject);
    }
    publish_unload(&loaded);
    arena_release(&arena);
    return rc;
}

static int dispatch_page(struct run *run, uint64_t ordinal)
{
    uint64_t index = 0;
    int rc = channel_dispatch_at(run->channel, ordinal, &index, run->why);

    return rc == SH_OK ? entry_page(run, index) : rc;
}

/* The newest word that counts: among the items, or before them all, into older. */
static int find_newest(struct publish_loader *loader, struct pages_timeline *timeline,
                       struct pages_item *items, struct publish_item *older)
{
    struct pages_item *newest = &older->item;
    bool there = false;
    int rc = SH_OK;

    for (size_t i = 0; i < timeline->count && !there; i++) {
        there = publish_counts(&items[i]);
        if (there)
            newest = &items[i];
    }
    if (!there)
        rc = publish_load_older(loader, timeline->dispatches - timeline->count, older, &there);
    if (rc != SH_OK || !there)
        return rc;
    timeline->newest = newest;
    return publish_seal(loader, newest);
}

/* A timeline page of the dispatches [first, first + count); number as in pages_timeline. */
static int timeline_page(struct run *run, uint64_t first, size_t count, uint64_t number)
{
    struct publish_item loaded[LIMIT_TIMELINE], older = {.doc = {.kind = DOC_UNKNOWN}};
    struct pages_item items[LIMIT_TIMELINE];
    struct pages_timeline timeline = {.items = items,
                                      .count = count,
                                      .dispatches = channel_info(run->channel)->dispatches,
                                      .number = number,
                                      .keys = &run->keys.keys};
    struct subject subject = {.timeline = &timeline};
    struct arena arena;
    struct publish_loader loader = {run->channel, &arena, run->why};
    char folder[TREE_PATH_BYTES] = "";
    size_t done = 0;
    int rc = SH_OK;

    /* One arena for all: a block for each small document would cost more than its content. */
    arena_init(&arena, (size_t)(LIMIT_TIMELINE + 2) * LIMIT_DOCUMENT_ARENA);
    while (done < count && rc == SH_OK) {
        rc = publish_load(run->channel, first + count - 1 - done, &arena, &loaded[done],
                          run->why);
        items[done] = loaded[done].item;
        done++;
    }
    if (number != PAGES_FRONT)
        tree_timeline_path(number, folder);
    else if (rc == SH_OK)
        rc = find_newest(&loader, &timeline, items, &older);
    if (rc == SH_OK)
        rc = write_pages(run, folder, &subject);
    publish_unload(&older);
    while (done)
        publish_unload(&loaded[--done]);
    arena_release(&arena);
    return rc;
}

static int front_page(struct run *run)
{
    uint64_t dispatches = channel_info(run->channel)->dispatches;
    size_t count = dispatches < LIMIT_TIMELINE ? (size_t)dispatches : LIMIT_TIMELINE;

    return timeline_page(run, dispatches - count, count, PAGES_FRONT);
}

static int older_page(struct run *run, uint64_t number)
{
    return timeline_page(run, number * LIMIT_TIMELINE, LIMIT_TIMELINE, number);
}

static int now_page(struct run *run)
{
    struct publish_now loaded;
    struct subject subject = {.now = &loaded.now};
    struct arena arena;
    int rc;

    arena_init(&arena, (size_t)9 * LIMIT_DOCUMENT_ARENA);
    rc = publish_load_now(run->channel, &arena, &loaded, run->why);
    loaded.now.keys = &run->keys.keys;
    if (rc == SH_OK)
        rc = write_pages(run, "now", &subject);
    publish_unload_now(&loaded);
    arena_release(&arena);
    return rc;
}

/* ---- what an entry changes on pages that were there before ---- */

/* The timeline page that has the dispatch, when it is a full one: the front page is written
 * anyway. */
static int timeline_of(struct run *run, uint64_t ordinal)
{
    uint64_t full = channel_info(run->channel)->dispatches / LIMIT_TIMELINE;

    return ordinal / LIMIT_TIMELINE < full ? older_page(run, ordinal / LIMIT_TIMELINE) : SH_OK;
}

/* What a dispatch was withdrawn or corrected by shows on the pages of all its versions. */
static int version_pages(struct run *run, uint64_t index)
{
    uint64_t ordinal = 0, version = 0;
    struct why none = {0};
    int rc = channel_dispatch_ordinal(run->channel, index, &ordinal, &none);

    if (rc == SH_ENOTFOUND)
        return SH_OK; /* A sealed entry that was not opened has no page. */
    if (rc < 0)
        return why_set(run->why, none.code, none.offset, "%s", none.text);
    rc = entry_page(run, index);
    while (rc == SH_OK) {
        rc = channel_correction_after(run->channel, index, version, &version, run->why);
        if (rc == SH_OK)
            rc = entry_page(run, version);
    }
    return rc == SH_ENOTFOUND ? timeline_of(run, ordinal) : rc;
}

/*
 * Entry `index` lost its document, and so its time: sealed entries right before it, opened
 * since, were dated by it.  The walk ends at the entry that dates those before itself.
 */
static int dated_pages(struct run *run, uint64_t index)
{
    struct channel_entry entry;
    uint64_t at = 0;
    int rc = SH_OK;

    while (rc == SH_OK && index-- > 1) {
        rc = channel_entry_get(run->channel, index, &entry, run->why);
        if (rc != SH_OK)
            break;
        if (entry.entry.type == ENTRY_SEALED) {
            if (entry.opened_by != ENTRY_NO_REF)
                rc = entry_page(run, index);
            continue;
        }
        if (!entry.disputed)
            rc = publish_time(run->channel, index, &at, run->why);
        if (at)
            break;
    }
    return rc;
}

/* The withdrawal of a dispatch takes the documents of all its versions. */
static int withdrawn_pages(struct run *run, uint64_t index)
{
    uint64_t version = index;
    int rc = version_pages(run, index);

    if (rc == SH_OK)
        rc = dated_pages(run, index);
    while (rc == SH_OK) {
        rc = channel_correction_after(run->channel, index, version, &version, run->why);
        if (rc == SH_OK)
            rc = dated_pages(run, version);
    }
    return rc == SH_ENOTFOUND ? SH_OK : rc;
}

/* Pages from before entry `from` that an entry changes, and the entry's own page. */
static int touched_pages(struct run *run, const struct channel_entry *entry, uint64_t from)
{
    bool before = entry->entry.ref < from;

    switch (entry->entry.type) {
    case ENTRY_WITHDRAW:
        return before ? withdrawn_pages(run, entry->entry.ref) : SH_OK;
    case ENTRY_CORRECT:
        return before ? version_pages(run, entry->entry.ref) : entry_page(run, entry->index);
    default:
        return SH_OK;
    }
}

/* Everything that the entries [from, size) touch. */
static int show_entries(struct run *run, uint64_t from)
{
    const struct channel_info *info = channel_info(run->channel);
    uint64_t fresh = 0, before;
    struct channel_entry entry;
    int rc = SH_OK;

    for (uint64_t index = from; index < info->size && rc == SH_OK; index++) {
        rc = channel_entry_get(run->channel, index, &entry, run->why);
        if (rc != SH_OK)
            break;
        fresh += entry.entry.type == ENTRY_DISPATCH || entry.entry.type == ENTRY_OPEN;
        rc = touched_pages(run, &entry, from);
    }
    before = info->dispatches - fresh;
    for (uint64_t i = before; i < info->dispatches && rc == SH_OK; i++)
        rc = dispatch_page(run, i);
    for (uint64_t k = before / LIMIT_TIMELINE;
         k < info->dispatches / LIMIT_TIMELINE && rc == SH_OK; k++)
        rc = older_page(run, k);
    if (rc == SH_OK)
        rc = front_page(run);
    if (rc == SH_OK)
        rc = now_page(run);
    return rc == SH_OK
               ? publish_feeds(run->channel, &run->site, run->home, run->mtime_s, run->why)
               : rc;
}

/* Bring the pages from the log's size `from` to its present size. */
static int publish_from(struct channel *channel, uint64_t from, struct why *why)
{
    const struct channel_info *info = channel_info(channel);
    struct run run = {.channel = channel, .why = why, .home = LANG_EN};
    struct channel_settings settings = {0};
    int rc;

    run.site.name = slice_text(info->name);
    run.site.id = info->id;
    run.site.version = publish_version;
    if (!lang_from_tag(slice_text(info->lang), &run.home))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "identity note: language %s has no pages",
                       info->lang);
    rc = channel_settings(channel, &settings, why);
    run.site.base = slice_text(settings.base);
    if (rc == SH_OK)
        rc = publish_load_keys(channel, &run.keys, why);
    if (rc == SH_OK)
        rc = channel_stamp(channel, &run.mtime_s, why);
    for (int i = 0; i < LANG_COUNT; i++)
        bytes_init(&run.page[i], LIMIT_PAGE_BYTES);
    if (rc == SH_OK)
        rc = show_entries(&run, from);
    for (int i = 0; i < LANG_COUNT; i++)
        bytes_release(&run.page[i]);
    if (rc == SH_OK)
        rc = channel_pages_done(channel, info->size, publish_version, why);
    return rc;
}

int publish_pages(struct channel *channel, struct why *why)
{
    const struct channel_info *info = channel_info(channel);
    bool ours = strcmp(info->pages_version, publish_version) == 0;

    if (ours && info->pages_size == info->size)
        return SH_OK;
    return publish_from(channel, ours && info->pages_size < info->size ? info->pages_size : 0,
                        why);
}

int publish_all(struct channel *channel, struct why *why)
{
    return publish_from(channel, 0, why);
}
