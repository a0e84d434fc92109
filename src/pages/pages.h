/*
 * pages -- the HTML of a channel: timeline and dispatch page, complete without script.
 *
 * Spec:    FORMATS.md, "Public tree", "Times", "Withdrawal"; PRODUCT.md, "What it never says";
 *          WCAG 2.2 AA.
 * Shapes:  no files are touched here: structs in, bytes out.  The same input gives the same
 *          bytes.  Every link is relative and names a file, so a page works from any server,
 *          any folder, and from a USB stick.
 * Memory:  inputs are borrowed for the call; the page is appended to the caller's bytes.
 * Errors:  SH_ELIMIT past LIMIT_PAGE_BYTES (or the bytes' own maximum), SH_ENOMEM; SH_EFORMAT
 *          for a blob of a type that has no path.
 * Threads: no state.
 */
#ifndef PAGES_PAGES_H
#define PAGES_PAGES_H

#include "base/base.h"
#include "dispatch/dispatch.h"
#include "lang/lang.h"

/* What stands on every page. */
struct pages_site {
    struct slice name; /* the channel's */
    struct channel_id id;
    const char *version; /* of the program */
    struct slice base;   /* "https://host/path/", or empty: what needs a host is left out */
};

enum pages_state {
    PAGES_SHOWN,     /* doc holds the document */
    PAGES_WITHDRAWN, /* by entry withdrawn_by; reason may be empty */
    PAGES_MISSING    /* nothing withdraws it, yet its document is not there */
};
/* Another version of a dispatch; index 0: there is none. */
struct pages_version {
    uint64_t index;
    uint64_t at; /* when it was published; 0: its document is not there */
    bool disputed;
};
struct pages_item {
    uint64_t index;   /* of the dispatch, which names it whatever corrects it */
    uint64_t version; /* the correction whose document this is; 0: the dispatch's own */
    enum pages_state state;
    const struct document *doc;          /* PAGES_SHOWN only */
    uint8_t hash[32];                    /* of the document, from the entry */
    uint64_t withdrawn_by, withdrawn_at; /* an entry, and its time (0: not known) */
    struct slice reason;
    uint64_t previous; /* index of the dispatch before this one, ENTRY_NO_REF for none */
    /* A revoked key may have signed it, from entry disputed_from on; or only opened it. */
    bool disputed, opened_in_dispute;
    uint64_t disputed_from;
    /* It was sealed before entry opened_by (0: never).  known_at: the time of entry known_by,
     * which stands behind the sealed one; 0: nothing dates it. */
    uint64_t opened_by, known_by, known_at;
    /* In lists: when the correction was published that is shown there; 0: none is. */
    uint64_t corrected_at;
    /* On its own page: the version before, the next, the newest where that is another one. */
    struct pages_version before, after, newest;
};

/*
 * The page of a dispatch, or of a correction, for pages_folder(item)/index.<lang>.html.  Every
 * version keeps its page.
 */
void pages_folder(const struct pages_item *item, char out[TREE_PATH_BYTES]);
MUST_CHECK int pages_dispatch(const struct pages_site *site, const struct pages_item *item,
                              enum lang lang, struct bytes *out, struct why *why);

/* Who signs the channel's log, from which entry on. */
struct pages_key {
    char id[KEY_ID_CHARS + 1];
    uint64_t from, until, revoked; /* ENTRY_NO_REF = absent, for the last two */
};
struct pages_keys {
    const struct pages_key *list; /* newest first */
    size_t count;                 /* 2 or more: else there is nothing to say */
    uint64_t since, since_at; /* `from` of the newest; time of the last entry before, or 0 */
    bool recent;              /* readers may not know yet */
    /* Of the newest of them that was in other hands. */
    bool disputed;
    uint64_t disputed_from, disputed_at;
};

#define PAGES_FRONT UINT64_MAX
struct pages_timeline {
    const struct pages_item *items; /* newest first */
    size_t count;                   /* 0..LIMIT_TIMELINE */
    uint64_t dispatches;            /* in the whole channel */
    uint64_t number; /* of an older page (dispatches 20 k to 20 k + 19), or PAGES_FRONT */
    /* Of the front page: the newest word that counts, which may be older than all items; NULL:
     * there is none.  The keys, or NULL. */
    const struct pages_item *newest;
    const struct pages_keys *keys;
};
/*
 * A timeline page: the front page (index.<lang>.html) with the newest 20, or an older one
 * (tree_timeline_path(number)/index.<lang>.html), which stays the same for ever but for
 * withdrawals.
 */
MUST_CHECK int pages_timeline(const struct pages_site *site,
                              const struct pages_timeline *timeline, enum lang lang,
                              struct bytes *out, struct why *why);

/* ---- the same as plain text, for titles, previews and feeds ---- */

/* The text in that language, else in English, else the first; NULL when there is none. */
const struct doc_text *pages_pick(enum lang lang, const struct doc_text *texts, size_t count);
/* "Well · Odesa" */
void pages_title(enum lang lang, const struct document *doc, struct bytes *out);
/* The same; "Disputed: Well · Odesa" where it is. */
void pages_item_title(enum lang lang, const struct pages_item *item, struct bytes *out);
/* Why it is disputed; when it was corrected; that it was sealed: a sentence each, or none. */
#define PAGES_NOTES 3
bool pages_note(enum lang lang, const struct pages_item *item, unsigned which,
                struct bytes *out);
/* "Video, 0:22", "3 videos", "Check-in without video" */
void pages_what(enum lang lang, const struct document *doc, struct bytes *out);
/* Is it a video, and the path of a blob; false for a type without one. */
bool pages_is_video(const struct doc_blob *blob);
MUST_CHECK bool pages_blob_path(const struct doc_blob *blob, char out[TREE_PATH_BYTES]);
/* The poster of the video at blobs[i]: the one after it, before the next video; or NULL. */
const struct doc_blob *pages_poster(const struct document *doc, size_t i);

/* A time, and how far the clocks are from UTC that it is shown by. */
struct pages_moment {
    uint64_t at; /* unix seconds; 0 = absent */
    int32_t east_s, family_east_s;
};
struct pages_now {
    const struct pages_item *word; /* the newest dispatch that stands, or NULL: no word yet */
    struct pages_moment said;      /* when it was published */
    /* The newest dispatch of all where it does not count: withdrawn, missing or disputed. */
    const struct pages_item *newest;
    struct pages_moment withdrawn; /* when that was done */
    bool promised, silent;         /* struct due */
    struct pages_moment by;
    const struct doc_text *because; /* of the promise */
    size_t because_count;
    struct pages_moment made;  /* the newest entry of this copy */
    bool has_zone, has_family; /* the witness's zone and the family's are set; else UTC, none */
    struct slice family_place; /* how the family's place is called; may be empty */
    struct pages_moment known; /* word->known_at */
    const struct pages_keys *keys; /* or NULL */
};
/*
 * The family's page, for now/index.<lang>.html: is all well, since when, until when is the next
 * word promised.  Complete and right without script; its one script (now.js, at most 1,000
 * bytes) says the same by the reader's clock.
 */
MUST_CHECK int pages_now(const struct pages_site *site, const struct pages_now *now,
                         enum lang lang, struct bytes *out, struct why *why);
/* The content security policy of the now page, and "'sha256-...'" of its script. */
const char *pages_now_csp(void);
const char *pages_now_script_hash(void);

/*
 * The content security policy of every other page, as in its <meta>; for servers to repeat as a
 * header, with "; frame-ancestors 'none'" added, which a <meta> cannot say.
 */
const char *pages_csp(void);

/* "index.uk.html" and so on; "index.html" is a copy of the one in the channel's language. */
const char *pages_file_name(enum lang lang);

#endif
