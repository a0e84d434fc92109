/* feeds, inside: what the three forms share. */
#ifndef FEEDS_FEEDS_INT_H
#define FEEDS_FEEDS_INT_H

#include "feeds/feeds.h"
#include "markup/markup.h"

/* One feed being written. */
struct feeds_draft {
    const struct feeds_channel *channel;
    struct bytes *out;
    struct bytes piece; /* the value in hand: each feeds_ function that gives a slice uses it */
};

/* ---- the forms ---- */

void feeds_atom(struct feeds_draft *draft);
void feeds_json(struct feeds_draft *draft);
void feeds_rss(struct feeds_draft *draft);

/* ---- feeds.c ---- */

/* Is there something to tell: a document, with its date? */
bool feeds_is_told(const struct pages_item *item);
/* When the newest was published, 0 without one. */
uint64_t feeds_newest(const struct feeds_channel *channel);
bool feeds_has_base(const struct feeds_draft *draft);

/* Each good until the next call that gives a slice. */
struct slice feeds_urn(struct feeds_draft *draft); /* of the channel */
struct slice feeds_item_urn(struct feeds_draft *draft, const struct pages_item *item);
/* base and path; without a base the path alone, which is right from a file in the root. */
struct slice feeds_url(struct feeds_draft *draft, const char *path);
struct slice feeds_page(struct feeds_draft *draft, const struct pages_item *item);
struct slice feeds_title(struct feeds_draft *draft, const struct pages_item *item);
struct slice feeds_about(struct feeds_draft *draft); /* "Channel abcd-efgh-ijkl-mnop" */
struct slice feeds_maker(struct feeds_draft *draft); /* "stillhere 0.1.0" */
/* "Next word promised by ...", empty without a promise. */
struct slice feeds_due(struct feeds_draft *draft, const struct document *doc);
struct slice feeds_what(struct feeds_draft *draft, const struct document *doc);

/* Note number n (0..PAGES_NOTES - 1): disputed, corrected, sealed before; empty for none. */
struct slice feeds_note(struct feeds_draft *draft, const struct pages_item *item, unsigned n);
/* When the item was published, or corrected since. */
uint64_t feeds_updated(const struct pages_item *item);

/* Words number n (0..word_count - 1): first those in the channel's language. */
const struct doc_text *feeds_words(const struct feeds_draft *draft, const struct document *doc,
                                   size_t n);
/* The whole content as paragraphs, in XHTML or HTML, whichever m writes. */
void feeds_content(struct feeds_draft *draft, struct markup *m, const struct pages_item *item);
/* "video/mp4" of "video/mp4;codecs=hvc1", and "hvc1", which may be empty. */
struct slice feeds_type(const struct doc_blob *blob, struct slice *codecs);

/* ---- guid.c ---- */

/* podcast:guid of a channel: UUIDv5 of its urn, so that it outlives every address. */
#define FEEDS_GUID_BYTES 37
void feeds_guid(struct slice urn, char out[FEEDS_GUID_BYTES]);

#endif
