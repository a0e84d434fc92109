/*
 * feeds -- the newest dispatches for programs that follow: Atom, JSON Feed, RSS for podcasts.
 *
 * Spec:    RFC 4287 (Atom), jsonfeed.org version 1.1, RSS 2.0.11 with the podcast namespace
 *          (guid, medium, alternateEnclosure, source, integrity); FORMATS.md, "Public tree";
 *          PRODUCT.md, "What it never says".
 * Shapes:  no files are touched: structs in, bytes out.  The same input gives the same bytes;
 *          no clock is asked, a feed is as new as its newest dispatch.  Items are named
 *          urn:stillhere:<channel>:<index>, whoever serves them.  What is withdrawn or missing
 *          is left out.  Everything is in the channel's language, words in their own.
 *          Without a base (pages_site.base) no address stands in JSON Feed and RSS, and in Atom
 *          only relative ones of pages.
 * Memory:  inputs are borrowed for the call; the feed is appended to the caller's bytes.
 * Errors:  SH_ELIMIT past LIMIT_FEED_BYTES (or the bytes' own maximum), SH_ENOMEM.
 * Threads: no state.
 */
#ifndef FEEDS_FEEDS_H
#define FEEDS_FEEDS_H

#include "base/base.h"
#include "lang/lang.h"
#include "pages/pages.h"

enum feeds_form { FEEDS_ATOM, FEEDS_JSON, FEEDS_RSS };
#define FEEDS_FORMS 3

struct feeds_channel {
    const struct pages_site *site;
    enum lang lang;                 /* the channel's */
    const struct pages_item *items; /* newest first */
    size_t count;                   /* 0..LIMIT_FEED */
};

MUST_CHECK int feeds_build(enum feeds_form form, const struct feeds_channel *channel,
                           struct bytes *out, struct why *why);

/* "feed.atom", "feed.json", "rss.xml": paths in the public tree. */
const char *feeds_path(enum feeds_form form);

#endif
