/*
 * markup -- the one writer of HTML and XML: elements that always close, text and attributes
 * that are always escaped.
 *
 * Spec:    HTML Living Standard 13.1 (writing), 13.1.2.4 (character data); XML 1.0 2.4, 3.1;
 *          RFC 3986 section 3.3 (paths).
 * Shapes:  names of elements and attributes are literals of ours; everything else is data and
 *          is escaped by where it goes: text, attribute, path.  There is no way to add a piece
 *          of finished HTML.
 * Memory:  appends to the caller's struct bytes, which is asked once with bytes_check.
 * Errors:  bytes that are not UTF-8, and control characters, become U+FFFD.  Closing what is
 *          not open, an attribute after text, and nesting past MARKUP_DEPTH are bugs and stop.
 * Threads: no state outside of struct markup.
 *
 *   markup_open(&m, "p");
 *   markup_attr(&m, "class", slice_text("when"));
 *   markup_text(&m, words);
 *   markup_close(&m);
 */
#ifndef MARKUP_MARKUP_H
#define MARKUP_MARKUP_H

#include "base/base.h"

#define MARKUP_DEPTH 24 /* open elements; our own pages need 10 */

struct markup {
    struct bytes *out;
    const char *open[MARKUP_DEPTH];
    size_t depth;
    bool in_tag; /* a start tag still takes attributes */
    bool xml;    /* an element without content ends in "/>" */
    bool part;   /* text of another file: no line break at the end */
    bool empty;  /* the newest start tag is of such an element */
};

/* Caller's memory; begins with "<!doctype html>". */
void markup_start(struct markup *m, struct bytes *out);
/* Begins with "<?xml ...?>"; names may have a prefix; every flag is a bug. */
void markup_start_xml(struct markup *m, struct bytes *out);
/* Begins with nothing: HTML that another file carries as its text.  Ends without a newline. */
void markup_start_part(struct markup *m, struct bytes *out);
/* Nothing may be open any more; adds the last newline (not to a part). */
void markup_end(struct markup *m);

/* Start tag of an element that will be closed. */
void markup_open(struct markup *m, const char *name);
/* Element without content (meta, link, img, source, br; in XML any). */
void markup_void(struct markup *m, const char *name);
/* End tag of the newest open element. */
void markup_close(struct markup *m);

/* Attributes belong to the newest start tag, before any content. */
void markup_attr(struct markup *m, const char *name, struct slice value);
void markup_attr_number(struct markup *m, const char *name, uint64_t value);
/* An attribute that is there or not: controls, playsinline. */
void markup_flag(struct markup *m, const char *name);
/*
 * A relative address: up "../" that many times, then path, percent-encoded so that nothing in
 * it can be a scheme, a host, a query or a fragment.
 */
void markup_attr_path(struct markup *m, const char *name, unsigned up, const char *path);

void markup_text(struct markup *m, struct slice text);
/* Somebody else's text: inside <bdi>, so that its direction cannot reach ours; lang may be
 * empty (then the attribute is left out). */
void markup_foreign(struct markup *m, struct slice lang, struct slice text);
/* <name class="class">text</name>; class may be NULL. */
void markup_element(struct markup *m, const char *name, const char *class, struct slice text);
/* A style sheet or other literal of ours that must stay byte for byte; must not hold "</". */
void markup_style(struct markup *m, const char *css);
/* The same for a script of ours; a policy names its hash. */
void markup_script(struct markup *m, const char *script);
/* A line break in the source, for people who read it; not inside of words. */
void markup_newline(struct markup *m);

#endif
