/* pages, inside: what timeline and dispatch page share. */
#ifndef PAGES_PAGES_INT_H
#define PAGES_PAGES_INT_H

#include "markup/markup.h"
#include "pages/pages.h"

/* Made from style.css by tools/style. */
extern const char pages_style[];
extern const char pages_policy[];
/* Made from now.js: the script of the now page, the policy that allows it, its hash there. */
extern const char pages_script[];
extern const char pages_policy_now[];
extern const char pages_script_hash[];

/* One page being written. */
struct pages_draft {
    struct markup m;
    const struct pages_site *site;
    enum lang lang;
    unsigned up;                   /* folders between the page and the root of the tree */
    const struct pages_item *item; /* of a dispatch page that shows one: for its preview */
};

/* ---- frame.c ---- */

/* Everything up to and with the start of <main>; folder of the page: "", "w/004", "p/000". */
void pages_begin(struct pages_draft *draft, const char *folder, struct slice title);
/*
 * Everything up to and with the start of <body> of the now page: its title is that string alone
 * and says nothing about anybody, since it stands in histories and lists of tabs.
 */
void pages_begin_plain(struct pages_draft *draft, const char *folder, enum lang_string title);
/* <nav class="langs">: the same page in the four languages. */
void pages_languages(struct pages_draft *draft);
/* </main>, how to check (file_name may be NULL), foot of the page. */
void pages_end(struct pages_draft *draft, const char *file_name);
/* The foot alone, for a page that says only that an entry was withdrawn. */
void pages_end_bare(struct pages_draft *draft);

/* <name class="class">a string of ours</name>; class may be NULL. */
void pages_element(struct pages_draft *draft, const char *name, const char *class,
                   enum lang_string id);
/* A template into the open element, filled with words of ours; everything is escaped. */
void pages_fill(struct pages_draft *draft, const char *text, struct slice one,
                struct slice two);
/* What stands between two sentences: a space, and nothing in Chinese. */
void pages_gap(struct pages_draft *draft);
/* Release a text that was built for the page; where it is short, the page fails too. */
void pages_text_done(struct pages_draft *draft, struct bytes *text);
/* The same as pages_fill with a text of somebody else for {1}, in <bdi>. */
void pages_fill_foreign(struct pages_draft *draft, const char *text, struct slice value);
void pages_number(uint64_t number, char out[LANG_NUMBER_BYTES]);
/* <a href> to a page in the reader's language; folder "" is the front page. */
void pages_link(struct pages_draft *draft, const char *folder);
/* <nav class="turn"> with links to the newest and, if >= 0 folders are given, to before. */
void pages_turn(struct pages_draft *draft, const char *before, enum lang_string words);

/* ---- preview.c ---- */

/* <meta property="og:..."> of a dispatch that is shown. */
void pages_preview(struct pages_draft *draft, const struct pages_item *item);
/* <link rel="alternate"> to the feeds. */
void pages_feed_links(struct pages_draft *draft);
/* The open element becomes schema.org's VideoObject of the video at blobs[i]. */
void pages_video_object(struct pages_draft *draft, const struct pages_item *item, size_t i);

/* ---- notes.c ---- */

/* The entry whose page it is: the dispatch's own, or the correction's. */
uint64_t pages_entry(const struct pages_item *item);
/* Sentences on a dispatch that counts: corrected, sealed before. */
void pages_notes(struct pages_draft *draft, const struct pages_item *item);
/* Why it is disputed, before everything else; nothing when it is not. */
void pages_disputed(struct pages_draft *draft, const struct pages_item *item);
/* Is there a newer version that counts? */
bool pages_is_old(const struct pages_item *item);
/* Links to that and to the newest, before the words; to the one before, and to a disputed one,
 * after the headline. */
void pages_versions_after(struct pages_draft *draft, const struct pages_item *item);
void pages_versions_before(struct pages_draft *draft, const struct pages_item *item);
/* That a new key signs, and where that is explained: on the front page. */
void pages_keys_notice(struct pages_draft *draft, const struct pages_keys *keys);
void pages_keys_section(struct pages_draft *draft, const struct pages_keys *keys);

/* ---- parts.c ---- */

/* <time datetime="..">long or short date</time> */
void pages_time(struct pages_draft *draft, uint64_t unix_s);
void pages_time_short(struct pages_draft *draft, uint64_t unix_s);
/* <h1>status</h1> and the lines when, where, next word. */
void pages_headline(struct pages_draft *draft, const struct pages_item *item);
/* The status as the content of the open element: our word, or the witness's own. */
void pages_status(struct pages_draft *draft, const struct document *doc);
/* The same; "Disputed: Well." where it is. */
void pages_item_status(struct pages_draft *draft, const struct pages_item *item);
/* The name of the place in the reader's language; NULL without one. */
const struct doc_text *pages_place(const struct pages_draft *draft, const struct document *doc);
/* The text in the reader's language, else in English, else the first; NULL when none. */
const struct doc_text *pages_choose(const struct pages_draft *draft,
                                    const struct doc_text *texts, size_t count);
/* <p class="words">, whole. */
void pages_words(struct pages_draft *draft, const struct doc_text *words);
/* The same up to max bytes, and "…"; true when some were left out. */
bool pages_words_from(struct pages_draft *draft, const struct doc_text *words, size_t max);
/* The first words: at most max bytes, cut between characters, at a space if one is near. */
struct slice pages_excerpt(struct slice text, size_t max);
/* lang="" and dir="auto" on the newest start tag, where they are needed. */
void pages_lang_attr(struct pages_draft *draft, struct slice tag);
size_t pages_videos(const struct document *doc);
/* The first poster of a dispatch, for lists; or NULL. */
const struct doc_blob *pages_first_poster(const struct document *doc);
/* "Video, 0:22", "3 videos", "Check-in without video". */
void pages_length(struct pages_draft *draft, const struct document *doc);

#endif
