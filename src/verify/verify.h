/*
 * verify -- is this public tree whole, and does it hold?
 *
 * Spec:    FORMATS.md, all of it that a reader without secrets can check.
 * Shapes:  a finding is one statement: its id (findings.def), the index of an entry, a second
 *          number, a short text (a path, a cause).
 * Memory:  the report is the caller's, has no pointers and is large (see its size): not for
 *          the stack.  verify_channel itself stays below 48 MiB whatever the tree holds, and
 *          keeps one byte for each entry.
 * Errors:  what the tree lacks is a finding, never an error; verify_channel fails only when
 *          memory is out.  Returning 0 means "I looked".
 * Threads: no state.
 *
 * Words: a finding never says more than was looked at.  "Changed" only where a hash does not
 * match; "does not hold" only for a signature or a rule.
 */
#ifndef VERIFY_VERIFY_H
#define VERIFY_VERIFY_H

#include "base/base.h"
#include "dispatch/dispatch.h"
#include "lang/lang.h"

enum verify_severity {
    VERIFY_OK,      /* looked at, holds */
    VERIFY_NOTE,    /* worth knowing; nothing is wrong */
    VERIFY_WANTING, /* does not hold, or is missing */
    VERIFY_UNKNOWN, /* could not be looked at */
};

enum verify_id {
#define FINDING(name, id, severity, english) VERIFY_##name,
#include "verify/findings.def"
#undef FINDING
    VERIFY_ID_COUNT
};

#define VERIFY_TEXT_BYTES 160
struct verify_finding {
    enum verify_id id;
    uint64_t index; /* of an entry, or a count, as findings.def says */
    uint64_t other;
    char text[VERIFY_TEXT_BYTES]; /* UTF-8, one line, NUL-terminated */
};

struct verify_report {
    /* What was found out, as far as the walk came; empty or 0 else. */
    struct channel_id channel; /* text[0] == 0: there is no channel */
    char name[LIMIT_NAME_BYTES + 1];
    uint64_t identity_notes;
    uint64_t size;
    uint8_t root[TLOG_HASH_BYTES];
    uint64_t
        branch; /* number of the note whose successor line the checkpoint follows; 0 = none */
    uint64_t identities; /* identity entries */
    uint64_t dispatches, withdrawn, unknown_entries;
    uint64_t sealed; /* not opened */
    uint64_t opened, corrected, purged;
    uint64_t documents, blobs, blob_bytes; /* looked at, and good */
    uint64_t newest;                       /* unix seconds: the newest `published`; 0 = none */
    /* How often each was found; of each at most LIMIT_FINDINGS_EACH are kept below. */
    uint64_t total[VERIFY_ID_COUNT];
    size_t count;
    struct verify_finding finding[LIMIT_FINDINGS];
};

/* What is known of an entry, for a listing of all of them. */
enum verify_state {
    VERIFY_PRESENT, /* nothing is said against it */
    VERIFY_SEALED_YET,
    VERIFY_HIDDEN,    /* withdrawn by entry `by` */
    VERIFY_GONE,      /* purged by entry `by`; said after VERIFY_HIDDEN of the same entry */
    VERIFY_IN_DISPUTE /* made by a revoked key */
};
enum verify_event_kind { VERIFY_ENTRY_IS, VERIFY_FILE_MISSING, VERIFY_FILE_CHANGED };
struct verify_event {
    enum verify_event_kind kind;
    uint64_t index;          /* of an entry; ENTRY_NO_REF: a file of the log or the identity */
    enum verify_state state; /* VERIFY_ENTRY_IS */
    uint64_t by;
    const char *path;      /* of the file */
    uint64_t bytes;        /* of what should be there; 0: not known */
    const uint8_t *sha256; /* of what should be there; NULL: not known */
};

/* A file that a document names; what is borrowed lasts for the call. */
struct verify_named {
    uint64_t index;     /* of the entry */
    uint64_t by;        /* the entry that withdraws it, or ENTRY_NO_REF */
    uint64_t published; /* unix seconds, by the keeper's clock; 0: its document does not say */
    bool disputed;      /* a revoked key made the entry */
    const char *path;
    const uint8_t *sha256;
    uint64_t bytes;
};

/* What is known of a withdrawal. */
struct verify_removal {
    uint64_t index;     /* of the entry that is withdrawn */
    uint64_t by;        /* of the one that withdraws it */
    uint64_t published; /* of its document, as above */
};

/* Where the tree comes from.  Paths are those of FORMATS.md, "Public tree". */
struct verify_source {
    void *ctx;
    /*
     * The whole file into out, which is cleared first and has a maximum.  SH_ENOTFOUND (also
     * for 404 and 410); SH_ELIMIT when it is longer than out->max; anything else: unreadable.
     */
    int (*read)(void *ctx, const char *path, struct bytes *out, struct why *why);
    /*
     * The SHA-256 and size of a file.  *bytes comes in as the size that it should have; when
     * the file has another one, *bytes says so and the hash need not be computed.  sha256 is
     * NULL with sizes_only.  Returning 1 says: somebody else looks at this file.
     */
    int (*hash)(void *ctx, const char *path, uint8_t sha256[32], uint64_t *bytes,
                struct why *why);
    bool sizes_only; /* of blobs only the size is looked at */
    /*
     * Also look at what waits in "private/sealed/<path>" and is kept in
     * "private/quarantine/<path>": read and hash must know these.  Only told as events.
     */
    bool home;
    /* Told of every entry that is not VERIFY_PRESENT, in no order, and of each file that is
     * missing or changed; may be NULL. */
    void (*event)(void *ctx, const struct verify_event *event);
    /*
     * Told of every file that the log's documents name, before it is looked at; also of
     * withdrawn documents that are still there, or kept in a home.  May be NULL.
     */
    void (*named)(void *ctx, const struct verify_named *named);
    /*
     * Told of each withdrawal whose document is there, in the order of the log; and of each
     * entry that was withdrawn and whose own document is nowhere (published is 0).  May be
     * NULL.
     */
    void (*withdrawal)(void *ctx, const struct verify_removal *removal);
    void (*gone)(void *ctx, const struct verify_removal *removal);
    /*
     * Told of each C2PA authority of the newest identity note (also of closed and revoked keys)
     * whose certificate is there and is of that key.  May be NULL.
     */
    void (*authority)(void *ctx, const struct identity_key *key, struct slice certificate);
};

/*
 * Look at everything.  expected: the channel that it must be, or NULL.  Fills *report, whatever
 * it held before.  0, or SH_ENOMEM.
 */
MUST_CHECK int verify_channel(const struct verify_source *source,
                              const struct channel_id *expected, struct verify_report *report,
                              struct why *why);

/* A .tlog-proof and what it is held against; absent things are NULL. */
struct verify_proof {
    struct slice raw;
    const uint8_t *file_sha256; /* of the file that it is to be about */
    uint64_t file_bytes;
    /* Who may sign, each enough by itself: a key given by hand, the logs of a policy, the
     * identity chain of a public tree (only id/ is read). */
    const struct tlog_key *key;
    const struct tlog_policy *policy;
    const struct verify_source *tree;
    const struct channel_id *expected;
};
/* Look at a proof; as verify_channel. */
MUST_CHECK int verify_proof(const struct verify_proof *proof, struct verify_report *report,
                            struct why *why);

/* For the exit code: VERIFY_OK (0), VERIFY_WANTING (3) or VERIFY_UNKNOWN (4). */
enum verify_severity verify_verdict(const struct verify_report *report);

/* "document-changed" */
const char *verify_id_text(enum verify_id id);
enum verify_severity verify_id_severity(enum verify_id id);
/* "ok" "note" "wanting" "unknown": for --json */
const char *verify_severity_text(enum verify_severity severity);
/* The finding as one sentence, without a newline. */
void verify_finding_say(const struct verify_finding *finding, enum lang lang,
                        struct bytes *out);

/* The report as bytes for a pipe (at most LIMIT_REPORT_BYTES), and back, checked. */
void verify_report_build(const struct verify_report *report, struct bytes *out);
MUST_CHECK int verify_report_parse(struct slice raw, struct verify_report *report,
                                   struct why *why);

#endif
