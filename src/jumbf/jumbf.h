/*
 * jumbf -- a strict reader of JUMBF: boxes inside of boxes, each with what describes it.
 *
 * What:    the manifest store of content credentials is one JUMBF superbox.  Its parts are
 *          named by labels and hashed as they stand, so each box knows its own bytes.
 * Spec:    ISO/IEC 19566-5:2023 Annex A and B, as quoted by C2PA 2.2: 8.4.2.3 (salt), 11.1.4
 *          (description boxes); box lengths: ISO/IEC 14496-12 4.2.
 * Shapes:  struct jumbf_box is a node; a superbox has its content boxes as children, in the
 *          order in which they stand; the description box is not among them but in its fields.
 * Memory:  nodes live in the caller's arena; all bytes are borrowed from the input.
 * Errors:  SH_EFORMAT with the offset; SH_ELIMIT for depth and number of boxes; SH_ENOMEM when
 *          the arena is full.
 * Threads: no state.
 *
 * Every length must fit its parent exactly: a length of 0 ("to the end") and one that passes
 * the end are refused, as is anything but zeros behind the outermost box.
 */
#ifndef JUMBF_JUMBF_H
#define JUMBF_JUMBF_H

#include "base/base.h"

/* A box type as four letters: JUMBF_TYPE('c', 'b', 'o', 'r'). */
#define JUMBF_TYPE(a, b, c, d)                                                                 \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define JUMBF_SUPERBOX JUMBF_TYPE('j', 'u', 'm', 'b')
#define JUMBF_UUID_BYTES 16

struct jumbf_box {
    uint32_t type;        /* four letters; JUMBF_SUPERBOX: the fields below hold */
    struct slice raw;     /* the whole box */
    struct slice payload; /* behind its header: of a superbox, what a hashed URI hashes */
    struct jumbf_box *parent;
    struct jumbf_box *first; /* child */
    struct jumbf_box *next;  /* sibling */
    struct jumbf_box *last;  /* private to the reader */
    size_t count;            /* children */

    uint8_t uuid[JUMBF_UUID_BYTES]; /* type of the content */
    uint8_t toggles;
    bool has_label;
    struct slice label;        /* without its NUL; UTF-8 without control characters */
    struct slice content_hash; /* 32 bytes, or empty: nobody uses it */
    struct slice salt;         /* 16 or 32 bytes of a c2sh box, or empty */
};

/*
 * Read one superbox, which must fill raw up to zeros at its end.  *out is set on success only.
 */
MUST_CHECK int jumbf_parse(struct slice raw, struct arena *arena, struct jumbf_box **out,
                           struct why *why);
/* Is it a superbox whose content has the type LLLL-0011-0010-8000-00AA00389B71? */
bool jumbf_is(const struct jumbf_box *box, uint32_t letters);
/*
 * The superbox among the children of box that has this label; NULL when there is none and when
 * there are several: *found, which may be NULL, says how many.
 */
const struct jumbf_box *jumbf_child(const struct jumbf_box *box, struct slice label,
                                    size_t *found);
/* The next box in reading order (parents first) of the tree below root; NULL at the end. */
const struct jumbf_box *jumbf_walk(const struct jumbf_box *root, const struct jumbf_box *box);

#endif
