/* pages, inside: what timeline and dispatch page share. */
#ifndef PAGES_PAGES_INT_H
#define PAGES_PAGES_INT_H

#include "markup/markup.h"
#include "pages/pages.h"

/* Made from style.css by tools/style. */
extern const char pages_style[];
extern const char pages_policy[];

/* One page being written. */
struct pages_draft {
    struct markup m;
    const struct pages_site *site;
    enum lang lang;
    unsigned up; /* folders between the page and the root of the tree */
};

/* A string of ours, or a template filled with plain texts; always escaped. */
struct slice pages_say(const struct pages_draft *draft, enum lang_string id);
void pages_element(struct pages_draft *draft, const char *name, const char *class,
                   enum lang_string id);
/* <name class>template</name> with {1} = one and {2} = two (may be NULL), escaped. */
struct pages_filled {
    const char *name, *class, *one, *two;
};
void pages_filled(struct pages_draft *draft, const char *text, const struct pages_filled *part);

/* Everything before <main>, with <main> open; and everything after. */
void pages_begin(struct pages_draft *draft, const char *folder, struct slice title);
void pages_end(struct pages_draft *draft);
/* <a href> to a page in the reader's language: folder may be "" for the front page. */
void pages_link_open(struct pages_draft *draft, const char *folder);

/* <time datetime>long date</time> inside of <p class="when">. */
void pages_when(struct pages_draft *draft, uint64_t unix_s);
void pages_time(struct pages_draft *draft, uint64_t unix_s);
/* The status as the content of the open element: our word, or the witness's own. */
void pages_status(struct pages_draft *draft, const struct document *doc);
/* The text in the reader's language, else in English, else the first; NULL when none. */
const struct doc_text *pages_choose(const struct pages_draft *draft,
                                    const struct doc_text *texts, size_t count);
/* lang="" only where it differs from the page's own. */
void pages_lang_attr(struct pages_draft *draft, struct slice tag);
/* The poster that belongs to the video at blobs[i]: the one after it, before the next video. */
const struct doc_blob *pages_poster(const struct document *doc, size_t i);
bool pages_is_video(const struct doc_blob *blob);
/* How to check a channel, on every page; file: also how to check a downloaded file. */
void pages_check(struct pages_draft *draft, const char *file_name);

#endif
