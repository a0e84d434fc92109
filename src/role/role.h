/*
 * role -- the processes that have one power each: who signs, who reads hostile clips, who
 * decodes.  The caller is the keeper: it holds the channel, and believes none of them.
 *
 * Spec:    ARCHITECTURE.md 8 and "The walk of one dispatch"; safety.md 2.6.
 * Shapes:  a clip and a draft are descriptors of regular files, read by offset.
 * Memory:  nothing outlives a call; descriptors stay the caller's.
 * Errors:  SH_EFORMAT, SH_EUNSUPPORTED, SH_ELIMIT: the clip is refused, the text says what to
 *          do.  SH_EIO: a process failed or was stopped.  SH_ECRYPT: the key does not fit.
 * Threads: call from a process of one thread.
 */
#ifndef ROLE_ROLE_H
#define ROLE_ROLE_H

#include "base/base.h"
#include "bmff/bmff.h"
#include "c2pa/c2pa.h"
#include "c2pa/write.h"
#include "channel/channel.h"
#include "verify/verify.h"

/*
 * The signer of channel's log.  Each signature is made by a child that reads
 * private/keys/log.key, enters a cage with nothing but its pipe, and signs only what is exactly
 * the text of a checkpoint of this channel, no smaller than the log is.  The caller never holds
 * the key.
 */
struct channel_signer role_signer(struct channel *channel);

/*
 * The channel's own certificate for claims, as DER.  Made with a new key, and kept in
 * private/keys/c2pa-leaf.key, when there is none, when another authority issued it than the one
 * that the newest identity note names, or in another year: old ones stay good, their chain
 * is in the files.  The keys are held by a child only.  tmp_dir: a folder of the same file
 * system.  SH_ENOTFOUND: the authority's key is not here.
 */
MUST_CHECK int role_claim_leaf(const struct channel *channel, int tmp_dir,
                               struct bytes *certificate, struct why *why);
/*
 * Append the COSE_Sign1 over a claim by that key (C2PA 2.2 13.2), without a time stamp.  A
 * child reads the key, enters a cage with nothing but its pipe, and signs only what is a claim
 * of our writer.
 */
MUST_CHECK int role_claim_sign(const struct channel *channel, struct slice claim,
                               struct bytes *cose, struct why *why);
/*
 * When its claims are judged by ourselves: now, but not before it begins; a clock that is
 * behind makes no dispatch late.
 */
uint64_t role_claim_time(struct slice certificate);
/* The channel's authorities that are not revoked, as PEM: the open one first. */
MUST_CHECK int role_claim_anchors(const struct channel *channel, struct bytes *pem,
                                  struct why *why);

/* verify_channel on the public tree at dir, in a child that can only read below it. */
MUST_CHECK int role_verify(int dir, const struct channel_id *expected,
                           struct verify_report *report, struct why *why);
/* verify_proof in such a child; dir: a public tree whose keys speak, or -1. */
MUST_CHECK int role_verify_proof(const struct verify_proof *proof, int dir,
                                 struct verify_report *report, struct why *why);

/* One thing that was told: a verify_event as plain data. */
struct role_audit_item {
    enum verify_event_kind kind;
    uint64_t index;
    enum verify_state state;
    uint64_t by;
    uint64_t bytes;
    bool has_sha256;
    uint8_t sha256[32];
    char path[LIMIT_PATH_BYTES + 32];   /* empty for an entry's state */
    char source[LIMIT_PATH_BYTES + 32]; /* where the other copy has it; empty: at path */
};
/* What an audit looks at; descriptors are directories, -1 where there is none. */
struct role_audit {
    int dir;                     /* a public tree */
    int sealed, quarantine;      /* of its home */
    int other;                   /* another copy, for files of log and identity: see below */
    const char *const *replaced; /* paths below id/ that are to be taken from the other copy */
    size_t replaced_count;
    const struct channel_id *expected; /* or NULL */
    unsigned readers;                  /* blobs are read by so many processes; 0: their sizes */
    /* Called with everything that was told, when all is over. */
    void (*item)(void *ctx, const struct role_audit_item *item);
    void *ctx;
};
/*
 * verify_channel with a listener, in children that can only read below these directories.  Of
 * many items each child tells at most LIMIT_AUDIT_ITEMS; *more counts the rest.
 *
 * With another copy its entry tiles, and the identity files named in replaced, are looked at in
 * the place of ours; when they give what our checkpoint signs, each of them that is not the
 * same here is told as missing or changed, with its size and hash.
 */
MUST_CHECK int role_audit(const struct role_audit *audit, struct verify_report *report,
                          uint64_t *more, struct why *why);
/* The channel whose identity note 0 lies below dir; SH_ENOTFOUND: none does. */
MUST_CHECK int role_channel_of(int dir, struct channel_id *id, struct why *why);
/*
 * How far two trees, whose logs both hold, have the same entries, and the same identity notes:
 * the index of the first entry and the number of the first note that differ, or that one lacks.
 */
struct role_likeness {
    uint64_t entries, notes;
};
MUST_CHECK int role_compare(const int dirs[2], const struct verify_report *const reports[2],
                            struct role_likeness *out, struct why *why);

/*
 * What a copy of a public tree is, read in such a child: its chain, checkpoint and entries
 * hold.  Whoever will hold recovery sheets, or write, asks this first and reads nothing of the
 * copy himself until then.
 */
struct role_survey {
    uint64_t size;
    uint8_t root[TLOG_HASH_BYTES];
    uint64_t notes;              /* identity notes 0..notes-1 */
    struct bytes note;           /* the newest, whole */
    struct bytes hashes;         /* of each note's text, CRYPT_DIGEST_BYTES each */
    char newer[TREE_PATH_BYTES]; /* channel_copy_newer */
};
/* Release it also after a failure. */
MUST_CHECK int role_survey(int dir, struct role_survey *out, struct why *why);
void role_survey_release(struct role_survey *survey);
/* Root of the copy's first size entries. */
MUST_CHECK int role_survey_root(int dir, uint64_t size, uint8_t root[TLOG_HASH_BYTES],
                                struct why *why);
/* channel_copy_moment; moment->how and value are given. */
MUST_CHECK int role_survey_moment(int dir, uint64_t size, struct channel_moment *moment,
                                  struct why *why);

/* Called now and then with the bytes of the new file that are written. */
struct role_progress {
    void (*step)(void *ctx, uint64_t done, uint64_t total);
    void *ctx;
};
/*
 * Read a clip in a cage and write the rebuilt one to draft, an empty file open for reading and
 * writing; draft -1: only say what it would be.  facts have passed range checks, and draft has
 * the size that they name.  progress may be NULL.
 */
MUST_CHECK int role_read(int clip, int draft, const struct role_progress *progress,
                         struct bmff_facts *facts, struct why *why);
/*
 * Read the draft in a second cage: does it hold what facts say and nothing that our writer does
 * not write?
 */
MUST_CHECK int role_check(int draft, const struct bmff_facts *facts, struct why *why);

/* What a new file says of itself in its content credentials. */
struct role_claim {
    struct slice certificate; /* DER, of role_claim_leaf */
    const char *version;      /* of the program */
    char channel[CHANNEL_ID_CHARS + 1];
    char dispatch[2 * 32 + 1]; /* as the document has it */
    bool recoded;              /* the clip was coded anew before it was read */
    /* Carry over the clip's own credentials, and what our verifier said about them. */
    const struct c2pa_report *kept; /* NULL: not */
};
/* A new file whose credentials wait for their signature. */
struct role_draft {
    struct bmff_facts facts;
    uint64_t cose_at; /* where in the file its COSE_Sign1 goes, */
    size_t cose_bytes;
    struct bytes claim; /* and over what; to be released */
};
struct role_making {
    int clip, draft;                      /* as above */
    const struct role_progress *progress; /* may be NULL */
    const struct role_claim *claim;
};
/*
 * role_read with content credentials (C2PA 2.2 A.5): hashed as it is written, their box made in
 * the same cage, with zeros for a signature.
 */
MUST_CHECK int role_make(const struct role_making *making, struct role_draft *out,
                         struct why *why);
/* Sign them by role_claim_sign and put the signature into the draft. */
MUST_CHECK int role_make_sign(const struct channel *channel, int draft,
                              const struct role_draft *made, struct why *why);

/* What a clip tells, and what post would make of it. */
struct role_inspection {
    struct bmff_leaks leaks;
    int plan_rc;             /* SH_OK, or why post would refuse it: refusal */
    struct bmff_facts facts; /* when plan_rc is SH_OK */
    uint32_t still; /* the same: kinds of leaks that the new file would have, as bits */
    struct why refusal;
};
/*
 * Look at a clip in a cage; whatever it is, it is looked at.  All texts are safe to show, all
 * numbers in their ranges.
 */
MUST_CHECK int role_inspect(int clip, struct role_inspection *out, struct why *why);

/* ---- files with content credentials --------------------------------------------------- */

/* What a channel says about files of certain sizes. */
struct role_named {
    uint64_t index;     /* of the entry */
    uint64_t by;        /* of the entry that withdraws it; ENTRY_NO_REF: none */
    uint64_t published; /* unix seconds, by the keeper's clock; 0: not said */
    uint64_t until;     /* when it was withdrawn, by the same clock; 0: not said */
    uint64_t bytes;
    uint8_t sha256[32];
    bool disputed;
    char path[TREE_PATH_BYTES];
};
/* An entry that was withdrawn and whose document is not here: what it named is not known. */
struct role_gone {
    uint64_t index;
    uint64_t by;
    uint64_t until; /* as above */
};
struct role_known {
    size_t count;
    struct role_named named[LIMIT_CREDIT_NAMED]; /* in the order of the log */
    uint64_t gone_total;
    size_t gone_count; /* the first of them */
    struct role_gone gone[LIMIT_CREDIT_GONE];
    size_t authorities; /* certificates of its C2PA authorities whose keys are not revoked */
    uint8_t authority[LIMIT_IDENTITY_KEYS][32]; /* SHA-256 of each */
    struct bytes pem; /* all of them; initialized by role_known, released by the caller */
};
/*
 * role_verify, but of files only the sizes are looked at, and which documents name a file of
 * one of these sizes; also those that the channel's keeper hid, where they are at hand.
 */
struct role_sizes {
    const struct channel_id *expected; /* or NULL */
    const uint64_t *size;
    size_t count;
    int quarantine; /* private/quarantine of a home, open; -1: not at hand */
};
MUST_CHECK int role_known(int dir, const struct role_sizes *sizes, struct verify_report *report,
                          struct role_known *out, struct why *why);

/* A text that a person gave by a file. */
struct role_text {
    const char *name; /* of the file, for messages; NULL: none was given */
    struct slice text;
};
struct role_credentials {
    int file;             /* a regular file */
    const int *fragments; /* of an init segment, in their order */
    size_t fragment_count;
    const struct role_text *anchors; /* PEM */
    size_t anchor_count;
    struct role_text tsa, allowed, ekus; /* as in x509.h */
    struct slice authorities;            /* PEM: of a channel; may be empty */
    uint64_t now;
    bool hash;    /* the SHA-256 of the file, too: another pass, or as much work in the same */
    bool explain; /* which bytes are in the hash */
    bool dump;    /* the store as JSON */
    const struct role_progress *progress; /* may be NULL; counts bytes of the file */
};
struct role_seen {
    enum bmff_kind kind;
    uint64_t bytes;
    bool has_sha256; /* as it was asked for */
    uint8_t sha256[32];
    struct c2pa_report report;
    struct slice dump; /* JSON; empty: there is no store, or it was not asked for */
};
/*
 * c2pa_verify in a cage that has these descriptors and nothing else; a second one hashes one
 * half of the leaves of a large file.  What comes back is checked again, lives in the arena
 * (LIMIT_C2PA_ARENA), and all its texts are safe to show.  SH_EARG with the name in front: what
 * was given to be trusted cannot be read.
 */
MUST_CHECK int role_credentials(const struct role_credentials *ask, struct arena *arena,
                                struct role_seen *out, struct why *why);

/* ---- pictures ------------------------------------------------------------------------- */

struct role_picture {
    uint64_t bytes;
    uint32_t width; /* pixels */
    uint32_t height;
};
/*
 * Make a poster of the draft by stillhere-media and write it to out, an empty file open for
 * reading and writing; what comes back is checked here.
 */
MUST_CHECK int role_poster(int draft, int out, struct role_picture *picture, struct why *why);
/* What a person should be told of a clip that was coded anew. */
struct role_coded {
    bool second_video; /* one of several tracks was taken */
    bool second_audio;
    bool damaged; /* parts could not be read, and are missing */
};
/*
 * Code the clip anew by stillhere-media: H.264 and AAC in MP4, upright, to out, an empty file
 * open for reading and writing.  It is not believed: role_read takes it like any other clip.
 * Moves the offset of clip's descriptor.  progress (may be NULL) counts bytes of the clip.
 */
MUST_CHECK int role_transcode(int clip, int out, const struct role_progress *progress,
                              struct role_coded *coded, struct why *why);
/* Is stillhere-media where role_poster looks for it? */
bool role_media_is_there(void);

/*
 * Is it a JPEG with nothing in it but a picture: SOI, APP0 (JFIF without a thumbnail), DQT,
 * SOF0 or SOF2, DHT, DRI, SOS, EOI, and not a byte behind?  Pure.
 */
MUST_CHECK int role_jpeg_check(struct slice raw, struct role_picture *picture, struct why *why);

/* ---- signing files for anybody (`sign`) ----------------------------------------------- */

/* What claims of ours name as their generator. */
#define ROLE_GENERATOR "stillhere"

/* A private key in a PEM file, which only children read. */
struct role_key {
    int fd;            /* of the file */
    struct slice spki; /* of the certificate that it must fit */
    /* role_key_look fills in: */
    struct crypt_alg alg;
    int cose; /* enum c2pa_write_alg */
    size_t signature_bytes;
};
/* Is it a key that can sign claims, and that of the certificate?  SH_ECRYPT: of another one. */
MUST_CHECK int role_key_look(struct role_key *key, struct why *why);
/* Sign a Sig_structure whose payload is a claim of this program; nothing else is signed. */
MUST_CHECK int role_key_sign(const struct role_key *key, struct slice message,
                             uint8_t *signature, struct why *why);

struct role_sign {
    int in;                                 /* the file: only read */
    int out;                                /* an empty one, open for reading and writing */
    const struct c2pa_write_signer *signer; /* its callbacks run here, not in the child */
    /* Append the COSE_Sign1 over a claim; NULL: c2pa_write_cose with signer's callbacks. */
    int (*cose)(void *ctx, struct slice claim, struct bytes *cose, struct why *why);
    void *cose_ctx;
    const char *version;                   /* of this program, or NULL */
    const uint8_t *random;                 /* 2 * C2PA_WRITE_ID_BYTES */
    uint64_t now;                          /* unix seconds, for what IN's credentials hold */
    bool update;                           /* an update manifest at the end */
    bool merkle;                           /* a tree also below LIMIT_FLAT_BYTES */
    const struct c2pa_write_token *tokens; /* with update: of earlier manifests */
    size_t token_count;
    const struct c2pa_write_tree *segments; /* IN is their init segment; else NULL */
    const int *pieces;                      /* the segments as they came, at most */
    size_t piece_count;                     /* ROLE_SIGN_PIECES: IN's credentials are of them */
};
#define ROLE_SIGN_PIECES (LIMIT_CAGE_KEEP - 4)
/*
 * Copy a file with credentials in it, in a caged child, and have them signed.  On success out
 * holds the new file, which nobody has looked at yet.  progress may be NULL.
 */
MUST_CHECK int role_sign(const struct role_sign *job, const struct role_progress *progress,
                         struct why *why);

/*
 * What a time-stamp server is asked for an update (c2pa_write_stampable), as a caged child
 * reads it out of a file.  list: SH_ENOTFOUND when it has no credentials.
 */
struct role_stampable {
    struct c2pa_stampable list[LIMIT_WRITE_STAMPED]; /* borrows from data */
    size_t count;
    struct bytes data; /* the caller's to release, always */
};
MUST_CHECK int role_sign_stampable(int in, struct role_stampable *out, struct why *why);

/*
 * stamp_answer (stamp/stamp.h) in a caged child: appends the token of a time-stamp server's
 * answer to the query.
 */
struct stamp_query;
MUST_CHECK int role_stamp_answer(const struct stamp_query *query, struct slice response,
                                 struct bytes *token, struct why *why);

/* Read a signed file back: does all of its credentials hold, signed by that certificate? */
struct role_sign_look {
    int fd;
    const uint8_t *leaf_sha256; /* of the certificate, CRYPT_DIGEST_BYTES */
    uint64_t now;
    bool update;          /* what it updates must hold as well, */
    bool stamped;         /* and has a time stamp now */
    const int *fragments; /* of an init segment: some of its segments */
    size_t fragment_count;
};
MUST_CHECK int role_sign_look(const struct role_sign_look *ask, struct why *why);

/* One media segment of a set (C2PA A.5.4.1.2). */
struct role_segment {
    int in, out;       /* as in struct role_sign */
    uint64_t location; /* its number, from 0 */
    uint32_t track;    /* of the set; 0: filled in from this one */
};
/* Copy a segment with its box in it, in a caged child; leaf: the hash of the new one. */
MUST_CHECK int role_sign_segment(struct role_segment *segment, uint8_t leaf[CRYPT_DIGEST_BYTES],
                                 struct why *why);
#define ROLE_SEGMENTS_ID 1 /* uniqueId of the tree of a set */

#endif
