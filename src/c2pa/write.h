/*
 * c2pa/write -- makes content credentials: a manifest, its signature, and the box for a file.
 *
 * Spec:    C2PA 2.2: 10 (claim), 11 (JUMBF), 13.2 (COSE), 18.6 (hash.bmff.v3), 18.14
 *          (actions.v2), 18.15 (ingredient.v3), A.5 (boxes in a file).  FORMATS.md,
 *          "Credentials in files made by `post`".
 * Shapes:  write  what is to be said and who signs;  write_hash  the hash of a file whose bytes
 *          come in order.
 * Use:     the size of the box depends on no hash and no signature, so room for it is left:
 *              c2pa_write_size(&write, &size, why);         leave size bytes behind ftyp
 *              c2pa_write_hash_*(...)                       the file with a box in that room
 *              c2pa_write_box(&write, hash, &box, why);     exactly size bytes; signs
 * Memory:  borrows all that struct c2pa_write names; writes to the caller's struct bytes.
 * Errors:  SH_EARG what is asked for cannot be; SH_EFORMAT the parent's store; SH_ELIMIT; what
 *          sign and stamp returned.
 * Threads: no state.
 *
 * Each manifest opens what was there before: an ingredient parentOf, with the manifest of the
 * parent when there is one, and c2pa.opened as its first action.
 */
#ifndef C2PA_WRITE_H
#define C2PA_WRITE_H

#include "base/base.h"
#include "bmff/bmff.h"
#include "crypt/crypt.h"

/* ---- who signs -------------------------------------------------------------------------- */

/* COSE algorithm identifiers (RFC 9053). */
enum c2pa_write_alg {
    C2PA_WRITE_ES256 = -7,
    C2PA_WRITE_EDDSA = -8,
    C2PA_WRITE_ES384 = -35,
    C2PA_WRITE_ES512 = -36,
    C2PA_WRITE_PS256 = -37,
    C2PA_WRITE_PS384 = -38,
    C2PA_WRITE_PS512 = -39,
};

#define C2PA_WRITE_CHAIN 8 /* certificates in a signature */

struct c2pa_write_signer {
    enum c2pa_write_alg alg;
    size_t signature_bytes; /* 64 for ES256 and Ed25519, 96, 132; of PS the key's */
    struct slice chain[C2PA_WRITE_CHAIN]; /* DER, the signer's own first, no root needed */
    size_t chain_count;
    /* signature_bytes bytes over message (a Sig_structure, RFC 9052 4.4; ECDSA: r and s). */
    int (*sign)(void *ctx, struct slice message, uint8_t *signature, struct why *why);
    /*
     * Append the TimeStampToken (DER) of a time-stamp authority over message, at most
     * stamp_bytes of it; NULL: none.
     */
    int (*stamp)(void *ctx, struct slice message, struct bytes *token, struct why *why);
    size_t stamp_bytes; /* room; 0 without stamp */
    void *ctx;
};

/* ---- what is said ----------------------------------------------------------------------- */

#define C2PA_WRITE_ID_BYTES 16

struct c2pa_write_action {
    const char *action;      /* "c2pa.repackaged" */
    const char *source_type; /* IRI of a digitalSourceType, or NULL */
};

/* What our verifier said about the parent (C2PA 18.15.6, validation-results). */
enum c2pa_write_kind { C2PA_WRITE_SUCCESS, C2PA_WRITE_INFORMATIONAL, C2PA_WRITE_FAILURE };
struct c2pa_write_result {
    enum c2pa_write_kind kind;
    struct slice code;        /* "claimSignature.validated" */
    struct slice url;         /* JUMBF URI, or empty */
    struct slice explanation; /* or empty */
    struct slice
        ingredient; /* URI of the ingredient assertion whose delta it is; empty: none */
};

/* One row of hashes of leaves (C2PA A.5.4). */
struct c2pa_write_tree {
    uint64_t unique_id;
    uint64_t local_id;        /* index of the mdat, or track_ID of fragments */
    uint64_t count;           /* leaves, >= 1 */
    uint64_t block;           /* fixedBlockSize; 0 for fragments */
    const uint8_t *init_hash; /* CRYPT_DIGEST_BYTES, of fragments; else NULL */
    const uint8_t *row;       /* CRYPT_DIGEST_BYTES each; may be NULL for the size */
    uint64_t row_count;       /* hashes in it: count, or those of a row above */
};

/* A time stamp that an update brings of the signature of an earlier manifest (C2PA 18.17). */
struct c2pa_write_token {
    struct slice label; /* of that manifest, "urn:c2pa:...", */
    struct slice token; /* and the TimeStampToken (DER) over its signature */
};

struct c2pa_write {
    const struct c2pa_write_signer *signer;
    uint8_t manifest_id[C2PA_WRITE_ID_BYTES]; /* random; becomes urn:c2pa:UUID */
    uint8_t instance_id[C2PA_WRITE_ID_BYTES]; /* random */
    const char *generator;                    /* claim_generator_info: name, */
    const char *version;                      /* and version, or NULL */
    const struct c2pa_write_action *actions;  /* behind c2pa.opened */
    size_t action_count;
    struct slice channel;                    /* org.stillhere.dispatch {channel, dispatch}; */
    struct slice dispatch;                   /* both empty: none */
    struct slice parent;                     /* store of the file that was opened, or empty; */
    struct slice updates;                    /* and that of its box `update`, or empty */
    const struct c2pa_write_result *results; /* about it, in the verifier's order */
    size_t result_count;
    const struct c2pa_write_tree *trees;
    size_t tree_count;
    bool fragmented;    /* the hash is in the trees: no flat one (C2PA 18.6.3) */
    uint64_t merkle_at; /* offset of the first box of proofs, or 0 */
    bool update;        /* a c2um: box `update`, no hash; parent must be given */
    const struct c2pa_write_token *tokens; /* c2pa.time-stamp; only with update */
    size_t token_count;                    /* at most LIMIT_WRITE_STAMPED */
};

/* Exact size of the box in bytes; row, sign, stamp and hash are not looked at. */
MUST_CHECK int c2pa_write_size(const struct c2pa_write *write, uint64_t *size, struct why *why);
/*
 * Append the whole uuid box.  hash: of the file, CRYPT_DIGEST_BYTES; NULL with update or
 * fragmented.
 */
MUST_CHECK int c2pa_write_box(const struct c2pa_write *write, const uint8_t *hash,
                              struct bytes *box, struct why *why);
/*
 * The same in two steps, for when what makes the box must not reach who signs: a box with zeros
 * in the place of signature and token, and the bytes of its claim; then the COSE_Sign1 whole,
 * as long as the one in the box.
 */
struct c2pa_unsigned {
    struct bytes box;
    struct bytes claim;
    size_t cose_at; /* where in the box the COSE_Sign1 begins */
};
/* On success *out is the caller's to release. */
MUST_CHECK int c2pa_write_unsigned(const struct c2pa_write *write, const uint8_t *hash,
                                   struct c2pa_unsigned *out, struct why *why);
void c2pa_unsigned_release(struct c2pa_unsigned *unsigned_box);
MUST_CHECK int c2pa_write_cose(const struct c2pa_write_signer *signer, struct slice claim,
                               struct bytes *cose, struct why *why);
/* "urn:c2pa:xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx" of this manifest. */
#define C2PA_WRITE_LABEL_BYTES 46
void c2pa_write_label(const struct c2pa_write *write, char label[C2PA_WRITE_LABEL_BYTES]);

/*
 * What an update should bring time stamps of: the active manifest of a store, and when that is
 * an update itself, those below it down to the one that binds the content.  message: what the
 * server's hash is of (C2PA 18.17.3, 10.3.2.5.3), in the arena.  SH_EUNSUPPORTED: a label of
 * another kind than the assertion can hold (18.17.2).
 */
struct c2pa_stampable {
    struct slice label, message;
};
struct c2pa_store;
MUST_CHECK int c2pa_write_stampable(struct c2pa_store *store, struct arena *arena,
                                    struct c2pa_stampable out[LIMIT_WRITE_STAMPED],
                                    size_t *count, struct why *why);

/* A box of purpose merkle for leaf number location; proof: hashes of the tree, leaf first. */
MUST_CHECK int c2pa_write_merkle(const struct c2pa_write_tree *tree, uint64_t location,
                                 struct slice proof, struct bytes *box, struct why *why);

/* ---- the hash of a file as it is written ------------------------------------------------ */

/*
 * The flat hash of c2pa.hash.bmff.v3 with the three exclusions that must be (C2PA 18.6.2), over
 * bytes that come in order, the box of the manifest itself among them (its content is left
 * out, so it may still be zero behind the UUID).  With leaves: mdat behind its first 16 bytes
 * is hashed in blocks, each appended to leaves, and left out of the flat hash.
 */
struct c2pa_write_hash {
    struct crypt_sha256 flat, leaf;
    uint64_t block;       /* bytes of a leaf; 0: flat only */
    struct bytes *leaves; /* CRYPT_DIGEST_BYTES each, of all mdats one after the other */
    uint64_t size;        /* of the file */
    uint64_t at;          /* bytes so far */
    uint64_t end;         /* of the box at hand */
    uint64_t until;       /* of what is done at hand with bytes of it */
    uint64_t leaf_end;    /* of the leaf at hand */
    uint8_t head[32];     /* of the box at hand, */
    uint32_t head_len;    /* so far, */
    uint32_t head_need;
    bool in_head;
    uint8_t mode;
};

/* size: of the file with its box. */
void c2pa_write_hash_init(struct c2pa_write_hash *hash, uint64_t size, uint64_t block,
                          struct bytes *leaves);
MUST_CHECK int c2pa_write_hash_feed(struct c2pa_write_hash *hash, struct slice part,
                                    struct why *why);
/* After size bytes. */
MUST_CHECK int c2pa_write_hash_done(struct c2pa_write_hash *hash,
                                    uint8_t out[CRYPT_DIGEST_BYTES], struct why *why);

/* ---- the file around the box ----------------------------------------------------------- */

/*
 * Copies a file with room for a box of credentials in it, in one pass: what names places in the
 * file (stco, co64, saio, iloc, tfhd, tfra, sidx) is set right as it goes by, all else stays.
 * Boxes of credentials that were there are left out; in an update they stay, and `manifest`
 * becomes `original`.
 */
enum c2pa_splice_kind {
    C2PA_SPLICE_NEW,    /* room behind ftyp */
    C2PA_SPLICE_UPDATE, /* at the end */
    C2PA_SPLICE_SEGMENT /* in front of the one moof, for a box of purpose merkle */
};

struct c2pa_splice {
    uint64_t size;   /* of the new file: after c2pa_splice_room */
    uint64_t box_at; /* where in it the box goes */
    uint64_t box_size;
    uint64_t store_at[2]; /* in the old file: of `manifest` or `original`, of `update` */
    uint64_t store_len[2];
    enum c2pa_splice_kind kind;
    bool fragmented;                  /* it has a moof */
    uint32_t track;                   /* ID of the track of its first fragment; 0: none */
    uint32_t mdats;                   /* how many */
    uint64_t mdat[LIMIT_WRITE_TREES]; /* size of the first ones, head included */

    /* private */
    uint64_t old_size;
    struct bytes edits, patches;
    uint64_t from;      /* of the old file: what is copied next */
    uint64_t made;      /* bytes of the new file so far */
    bool wide;          /* stco becomes co64 */
    uint32_t home;      /* the edit with the room */
    uint32_t edit;      /* the next one */
    uint64_t edit_left; /* bytes of room still to give */
    bool edit_begun;
    uint32_t patch; /* the next one */
    struct bmff_source source;
};

/* Reads heads of boxes.  On success *out is the caller's to release. */
MUST_CHECK int c2pa_splice_plan(const struct bmff_source *source, enum c2pa_splice_kind kind,
                                struct c2pa_splice *out, struct why *why);
/*
 * The room is box_size bytes: sets size and box_at.  Before the first read, and not after.
 * When that moves a chunk beyond what stco can name, every stco becomes a co64 (14496-12
 * 8.7.5).
 */
MUST_CHECK int c2pa_splice_room(struct c2pa_splice *splice, uint64_t box_size, struct why *why);
/*
 * The next bytes of the new file: 1..room of them, room >= 4096; 0 at its end.  In the room for
 * the box they are the head of one of its size, with the UUID, and zeros.  source as above.
 */
MUST_CHECK int c2pa_splice_read(struct c2pa_splice *splice, uint8_t *buf, size_t room,
                                size_t *len, struct why *why);
void c2pa_splice_release(struct c2pa_splice *splice);

#endif
