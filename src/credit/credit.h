/*
 * credit -- what content credentials say about a file, as findings in plain words.
 *
 * What:    from the report of c2pa, and from what a channel says about the file, the statements
 *          that a reader needs: does it hold, who signed, is he known to the reader, when, what
 *          the signer says was done, from what it was made, what was not looked at.
 * Spec:    PRODUCT.md, "What it never says"; CLI.md, verify.
 * Shapes:  a finding is its id (findings.def), up to two texts, a number, and the status code
 *          that it comes from.
 * Memory:  findings live in the caller's arena and borrow the report and the question.
 * Errors:  SH_ENOMEM only.
 * Threads: no state.
 *
 * What a file says of itself is never said as a fact: "the signer says".  Whoever signed is
 * named together with whether the reader knows him.  Texts of the file are one clean line
 * (c2pa.h); quotation marks in them are made plain, so that no name can end its own quotation.
 */
#ifndef CREDIT_CREDIT_H
#define CREDIT_CREDIT_H

#include "base/base.h"
#include "bmff/bmff.h"
#include "c2pa/c2pa.h"
#include "lang/lang.h"
#include "verify/verify.h"

enum credit_id {
#define FINDING(name, id, severity, arguments) CREDIT_##name,
#include "credit/findings.def"
#undef FINDING
    CREDIT_ID_COUNT
};

struct credit_finding {
    enum credit_id id;
    struct slice a, b; /* may be empty */
    uint64_t number;
    /* A text a in the reader's language instead of the slice; STR_COUNT: none. */
    enum lang_string word;
    enum c2pa_code code; /* C2PA_CODE_COUNT: none */
    struct slice detail; /* its explanation, English; may be empty */
};

/* A withdrawn entry of which the document is not there. */
struct credit_gone {
    const char *index;
    const char *by; /* the entry that withdraws it */
    uint64_t until; /* unix seconds: when; 0: not known */
};

/* What a channel says about the file. */
struct credit_channel {
    const char *id; /* "" when it could not be read at all */
    const char *name;
    bool asked;    /* the reader asks whether the file is of this channel */
    bool whole;    /* its log, keys and documents were looked at */
    bool holds;    /* and none of them was found wanting (files of other dispatches apart) */
    bool is_other; /* it is not the channel that was asked for */
    bool found;    /* a document of it names this file, byte for byte */
    bool disputed; /* by a key that was revoked */
    const char *index;
    const char *by;     /* index of the entry that withdraws it; NULL: none */
    uint64_t until;     /* unix seconds: when it was withdrawn; 0: not known */
    const char *path;   /* of the file in the public tree */
    uint64_t published; /* unix seconds; 0: not known */
    uint64_t gone_total;
    size_t gone_count; /* the first of them */
    struct credit_gone gone[LIMIT_CREDIT_GONE];
    const uint8_t (*authority)[CRYPT_DIGEST_BYTES]; /* certificates of its identity notes */
    size_t authorities;
};

struct credit_question {
    const struct c2pa_report
        *report;          /* NULL: the file could not be looked at; cause says why */
    enum bmff_kind kind;  /* of the file */
    bool anchors;         /* the reader named anchors or signers */
    bool piece;           /* a fragment without its init segment */
    size_t pieces;        /* fragments that were given */
    const char *expected; /* id of the channel it must be of; NULL: any */
    const struct credit_channel *channel; /* NULL: none was given */
    const char *cause;                    /* for people, English */
};

struct credit_report {
    const struct credit_finding *finding; /* in the order of findings.def */
    size_t count;
    enum verify_severity verdict; /* VERIFY_OK (0), VERIFY_WANTING (3), VERIFY_UNKNOWN (4) */
    bool signer_unknown;          /* it holds, and nobody was named who could know the signer */
};

/* Whatever is wrong is a finding.  *out is set on success only. */
MUST_CHECK int credit_look(const struct credit_question *question, struct arena *arena,
                           struct credit_report *out, struct why *why);

/* "content-changed" */
const char *credit_id_text(enum credit_id id);
enum verify_severity credit_id_severity(enum credit_id id);
/* The finding as a sentence, without a newline. */
void credit_finding_say(const struct credit_finding *finding, enum lang lang,
                        struct bytes *out);
/* The last line: what all of it comes to. */
enum lang_string credit_verdict_word(const struct credit_report *report);
/* Not the reader's language yet: "c2pa.opened" to a phrase, STR_COUNT when it is not known. */
enum lang_string credit_action_word(struct slice action);

#endif
