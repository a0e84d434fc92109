/*
 * tlog -- the append-only Merkle log of a channel: signed notes, checkpoints, tiles, proofs,
 * cosignatures.
 *
 * Spec:    C2SP signed-note v1.0.0, tlog-checkpoint v1.0.0, tlog-tiles v0.1.0,
 *          tlog-cosignature v1.0.1, tlog-proof, tlog-policy (commit 5ba5ee8); hashing is RFC
 *          6962 section 2.1 with SHA-256, proofs are its 2.1.1 and 2.1.2.
 * Shapes:  hash        32 bytes
 *          full tile   256 hashes = 8192 bytes; partial tile 1..255 hashes
 *          entry tile  1..256 times (uint16 big-endian length || entry bytes)
 *          size        number of entries, 0..LIMIT_LOG_SIZE; index 0..size-1
 * Memory:  parse results borrow the input; nothing else outlives a call.
 * Errors:  SH_EFORMAT with the clause that is broken; SH_ELIMIT; SH_EARG.
 * Threads: no state; every function may be called from anywhere.
 */
#ifndef TLOG_TLOG_H
#define TLOG_TLOG_H

#include "base/base.h"
#include "crypt/crypt.h"

#define TLOG_HASH_BYTES 32
#define TLOG_TILE_WIDTH 256
/* Not a cap: the range that tlog-tiles gives to <L>. */
#define TLOG_LEVEL_MAX 63
/* "tile/entries/" or "tile/63/", groups of "xddd/", ".p/255" and the NUL, rounded up. */
#define TLOG_PATH_BYTES 80

/* ---- hashing (RFC 6962 2.1) ---- */

/* out = SHA-256(0x00 || entry). */
void tlog_leaf_hash(struct slice entry, uint8_t out[TLOG_HASH_BYTES]);
/* out = SHA-256(0x01 || left || right); out may be left or right. */
void tlog_node_hash(const uint8_t left[TLOG_HASH_BYTES], const uint8_t right[TLOG_HASH_BYTES],
                    uint8_t out[TLOG_HASH_BYTES]);

/*
 * The compact range [0, size): one hash for each bit set in size, largest subtree first.
 * Enough to append and to compute the root; 64 * 32 bytes, no heap.
 */
struct tlog_range {
    uint64_t size;
    uint8_t hash[64][TLOG_HASH_BYTES]; /* hash[0..popcount(size)-1] */
};
void tlog_range_init(struct tlog_range *range);
/* Append one leaf hash.  bug() past LIMIT_LOG_SIZE. */
void tlog_range_append(struct tlog_range *range, const uint8_t leaf[TLOG_HASH_BYTES]);
/* The root of the tree of range->size leaves; SHA-256("") for none. */
void tlog_range_root(const struct tlog_range *range, uint8_t root[TLOG_HASH_BYTES]);
/*
 * Root of count (1..256) consecutive complete subtree hashes, 32 bytes each: what a full tile
 * contributes one level up (count 256), or the hash of a perfect subtree (a power of two).
 */
void tlog_subtree_root(const uint8_t *hashes, size_t count, uint8_t root[TLOG_HASH_BYTES]);

/* ---- tiles (tlog-tiles "Merkle Tree", "Partial Tiles", "Log Entries") ---- */

#define TLOG_LEVEL_ENTRIES 255 /* level of an entry tile in struct tlog_tile */

/* Where a tile lies.  level 0 holds leaf hashes; width is 1..256, 256 meaning a full tile. */
struct tlog_tile {
    uint8_t level; /* 0..63, or TLOG_LEVEL_ENTRIES */
    uint64_t number;
    uint16_t width;
};

/*
 * The path of tile relative to the log's root, NUL-terminated into out[TLOG_PATH_BYTES]:
 * {0, 1234067, 256} gives "tile/0/x001/x234/067", {TLOG_LEVEL_ENTRIES, 273, 112} gives
 * "tile/entries/273.p/112".  SH_EARG when level or width is out of range.
 */
MUST_CHECK int tlog_tile_path(const struct tlog_tile *tile, char *out, struct why *why);
/*
 * The grouped number alone: 1234067 gives "x001/x234/067", 4 gives "004".  out holds
 * TLOG_NUMBER_BYTES, enough for any number.
 */
#define TLOG_NUMBER_BYTES 40
void tlog_number_path(uint64_t number, char *out);
/* Hashes in the right-most, partial tile of level in a tree of size; 0 on a tile border. */
uint16_t tlog_partial_width(uint64_t size, uint8_t level);

/* Append one entry (<= 65535 bytes) to the content of an entry tile. */
void tlog_entry_tile_add(struct bytes *tile, struct slice entry);
/* Take the next entry out of an entry tile; false at the end or a malformed one (failed). */
bool tlog_entry_tile_next(struct cursor *cur, struct slice *entry);

/* ---- signed notes ---- */

/* Signature types of keys.  Lines of other types are carried along, never judged. */
#define TLOG_ED25519 0x01     /* of a log: over the note's text */
#define TLOG_COSIGNATURE 0x04 /* Ed25519 with a time (tlog-cosignature) */
#define TLOG_MLDSA44 0x06     /* cosignature by ML-DSA-44: known, not supported */
#define TLOG_MLDSA44_KEY_BYTES 1312

/* Who may sign: (name, key id) select the key; the key id is an index, not security. */
struct tlog_key {
    char name[LIMIT_NOTE_NAME_BYTES + 1];
    uint32_t id; /* first 4 bytes of SHA-256(name || 0x0A || type || public key) */
    uint8_t type;
    uint8_t public_key[CRYPT_KEY_BYTES];
};
/*
 * type TLOG_ED25519 or TLOG_COSIGNATURE.  SH_EARG for an empty name, a space, '+', or a name
 * that is too long.
 */
MUST_CHECK int tlog_key_init(struct tlog_key *key, const char *name, uint8_t type,
                             const uint8_t public_key[CRYPT_KEY_BYTES], struct why *why);
/* The verifier key line "name+hex8+base64(type || key)" without a newline. */
void tlog_key_text(const struct tlog_key *key, struct bytes *out);
/*
 * Read a verifier key line, without a newline.  SH_EFORMAT; SH_EUNSUPPORTED for a type that is
 * not handled, and then *key is filled all the same, so that its lines can be named: public_key
 * is SHA-256 of the material in such a key, which must never be used to verify.
 */
MUST_CHECK int tlog_key_parse(struct slice text, struct tlog_key *key, struct why *why);

struct tlog_signature {
    struct slice name; /* borrowed from the note */
    uint32_t key_id;
    uint8_t data[4096]; /* the bytes after the key id; ML-DSA-44 cosignatures need 2428 */
    size_t data_len;
};
struct tlog_note {
    struct slice text; /* with its last newline */
    struct slice signature_lines;
    size_t signatures; /* 1..LIMIT_NOTE_SIGNATURES */
};
/*
 * Split a note into text and signature lines and check every line's grammar, exactly as Go's
 * note.Open does: text ends in LF, split at the last blank line, valid UTF-8, no byte < 0x20
 * but LF, 1..100 lines "U+2014 SP name SP base64(4-byte id || signature) LF".  Stricter than Go
 * in one thing: the unused bits of base64 are zero.
 */
MUST_CHECK int tlog_note_parse(struct slice raw, struct tlog_note *note, struct why *why);
/* Signature line i (0..signatures-1) of a parsed note. */
void tlog_note_signature(const struct tlog_note *note, size_t i, struct tlog_signature *out);

enum tlog_verdict { TLOG_ABSENT, TLOG_GOOD, TLOG_BAD };
/*
 * Does key's signature stand in the note?  A known key with a bad signature is TLOG_BAD; of
 * several lines by one key the first counts, as in Go.  Keys of both Ed25519 types are judged;
 * of any other type TLOG_ABSENT.
 */
enum tlog_verdict tlog_note_verdict(const struct tlog_note *note, const struct tlog_key *key);
/* Append "U+2014 SP name SP base64(id || signature) LF". */
void tlog_signature_line(struct bytes *out, const struct tlog_key *key, struct slice signature);

/* ---- cosignatures: "saw it consistent at that time" (tlog-cosignature, type 0x04) ---- */

#define TLOG_COSIGNATURE_BYTES (8 + CRYPT_SIGNATURE_BYTES) /* time || signature */

/* Append the signed message: "cosignature/v1 LF time N LF" || text of the checkpoint. */
void tlog_cosignature_message(struct bytes *out, struct slice text, uint64_t time);
/* As tlog_note_verdict for a key of type TLOG_COSIGNATURE; *time is set for TLOG_GOOD only. */
enum tlog_verdict tlog_cosignature_verdict(const struct tlog_note *note,
                                           const struct tlog_key *key, uint64_t *time);
/*
 * Append the signature line that says time (unix seconds, 1..2^63-1) and carries signature, the
 * Ed25519 signature of tlog_cosignature_message().  bug() for a key of another type.
 */
void tlog_cosignature_line(struct bytes *out, const struct tlog_key *key, uint64_t time,
                           const uint8_t signature[CRYPT_SIGNATURE_BYTES]);
/* Sign and append that line.  SH_ENOMEM, SH_ELIMIT; SH_EARG: the seed is not the key's. */
MUST_CHECK int tlog_cosignature_make(struct bytes *out, const struct tlog_key *key,
                                     const struct secret *seed, struct slice text,
                                     uint64_t time);

/* ---- proofs (RFC 6962 2.1.1, 2.1.2) ---- */

/* Hashes of the longest proof: one for each level of a tree (tlog-witness sends at most 63). */
#define TLOG_PROOF_HASHES 63

struct tlog_proof {
    size_t count;
    uint8_t hash[TLOG_PROOF_HASHES][TLOG_HASH_BYTES]; /* from the leaf's side to the root's */
};

/*
 * Is leaf (a leaf hash) entry `index` of the tree of `size` entries with this root?  SH_EARG
 * when index is not below size, SH_EFORMAT when the proof does not lead to root.
 */
MUST_CHECK int tlog_inclusion_check(const struct tlog_proof *proof,
                                    const uint8_t leaf[TLOG_HASH_BYTES], uint64_t index,
                                    uint64_t size, const uint8_t root[TLOG_HASH_BYTES],
                                    struct why *why);
/* A tree's head: what a checkpoint says besides its origin. */
struct tlog_head {
    uint64_t size;
    uint8_t root[TLOG_HASH_BYTES];
};
/*
 * Is the tree of older the beginning of that of newer?  As tlog-witness asks: from size 0 and
 * between equal sizes the proof is empty, and equal sizes have equal roots (a tree of size 0
 * has SHA-256("")).  SH_EARG when older is larger, SH_EFORMAT when it does not hold.
 */
MUST_CHECK int tlog_consistency_check(const struct tlog_proof *proof,
                                      const struct tlog_head *older,
                                      const struct tlog_head *newer, struct why *why);

/* Lines of base64 of 32 bytes, each with its LF, nothing else; at most TLOG_PROOF_HASHES. */
MUST_CHECK int tlog_proof_lines_parse(struct slice lines, struct tlog_proof *proof,
                                      struct why *why);
void tlog_proof_lines_build(struct bytes *out, const struct tlog_proof *proof);

/*
 * A tree of which the hash tiles can be read, one call for each tile that is needed and a tile
 * hardly ever twice: an inclusion proof takes two tiles a level.  Caller's memory: 100 KiB.
 */
struct tlog_tree {
    uint64_t size;
    /*
     * Put the first tile->width hashes of the tile at hashes.  tile->width is what the tree of
     * `size` has of it; whoever finds only the full tile on disk gives its beginning.
     */
    int (*read)(void *context, const struct tlog_tile *tile, uint8_t *hashes, struct why *why);
    void *context;
    /* Below: private to proof.c. */
    struct tlog_kept {
        bool filled;
        struct tlog_tile tile;
        uint8_t hash[TLOG_TILE_WIDTH][TLOG_HASH_BYTES];
    } kept[12];
    size_t next;
};
/* size 0..LIMIT_LOG_SIZE. */
void tlog_tree_init(struct tlog_tree *tree, uint64_t size,
                    int (*read)(void *, const struct tlog_tile *, uint8_t *, struct why *),
                    void *context);
/* The stored leaf hash of entry `index`; SH_EARG when index is not below tree->size. */
MUST_CHECK int tlog_tree_leaf(struct tlog_tree *tree, uint64_t index,
                              uint8_t leaf[TLOG_HASH_BYTES], struct why *why);
/* Root of the first `size` entries, as the tiles have it.  SH_EARG beyond tree->size. */
MUST_CHECK int tlog_tree_root(struct tlog_tree *tree, uint64_t size,
                              uint8_t root[TLOG_HASH_BYTES], struct why *why);
/*
 * Proofs from the tiles, within the tree of tree->size.  What the tiles say is not judged:
 * check the proof against a signed root.  SH_EARG, or what read returned.
 */
MUST_CHECK int tlog_inclusion_build(struct tlog_tree *tree, uint64_t index,
                                    struct tlog_proof *proof, struct why *why);
MUST_CHECK int tlog_consistency_build(struct tlog_tree *tree, uint64_t older,
                                      struct tlog_proof *proof, struct why *why);

/* ---- checkpoints ---- */

struct tlog_checkpoint {
    struct slice origin; /* borrowed */
    uint64_t size;
    uint8_t root[TLOG_HASH_BYTES];
};
/* The three lines of a checkpoint's text; extension lines are refused by us (log.md 1.2). */
MUST_CHECK int tlog_checkpoint_parse(struct slice text, struct tlog_checkpoint *out,
                                     struct why *why);
void tlog_checkpoint_build(struct bytes *out, const struct tlog_checkpoint *checkpoint);

/* ---- .tlog-proof files (C2SP tlog-proof v1) ---- */

struct tlog_spicy {
    bool has_extra;
    struct slice extra; /* its base64, borrowed: never authenticated */
    uint64_t index;
    struct tlog_proof proof;
    struct slice note; /* the whole signed checkpoint, borrowed */
};
/*
 * Read a proof: grammar alone, whose one form tlog_spicy_build gives back.  The note has the
 * grammar of a signed checkpoint and index is below its size; nothing is verified.  At most
 * LIMIT_PROOF_BYTES.  SH_EFORMAT, SH_ELIMIT.
 */
MUST_CHECK int tlog_spicy_parse(struct slice raw, struct tlog_spicy *out, struct why *why);
void tlog_spicy_build(struct bytes *out, const struct tlog_spicy *spicy);

/* ---- trust policies (C2SP tlog-policy) ---- */

#define TLOG_POLICY_NONE UINT16_MAX
struct tlog_policy {
    struct tlog_policy_log {
        struct tlog_key key; /* its name is the log's origin */
        bool supported;      /* false: a type that is named and never counts */
    } log[LIMIT_POLICY_LOGS];
    size_t logs;
    struct tlog_policy_witness {
        struct slice name; /* within the policy; borrowed */
        struct tlog_key key;
        bool supported;
        uint16_t group; /* that it is a member of, or TLOG_POLICY_NONE */
    } witness[LIMIT_POLICY_WITNESSES];
    size_t witnesses;
    struct tlog_policy_group {
        struct slice name;
        uint16_t need, members;
        uint16_t group; /* one further down, or TLOG_POLICY_NONE */
    } group[LIMIT_POLICY_GROUPS];
    size_t groups;
    enum { TLOG_QUORUM_NONE, TLOG_QUORUM_WITNESS, TLOG_QUORUM_GROUP } quorum;
    uint16_t quorum_at;
};
/* Read a policy into *out, which is large (about 45 KiB) and borrows raw. */
MUST_CHECK int tlog_policy_parse(struct slice raw, struct tlog_policy *out, struct why *why);

struct tlog_judgement {
    enum tlog_verdict log[LIMIT_POLICY_LOGS]; /* of logs whose name is not origin: ABSENT */
    enum tlog_verdict witness[LIMIT_POLICY_WITNESSES];
    uint64_t time[LIMIT_POLICY_WITNESSES]; /* unix seconds, where the verdict is GOOD */
    bool signed_by_log;                    /* by one at least */
    bool quorum;                           /* enough cosignatures */
    bool bad; /* a known key's signature does not hold: signed-note says to refuse the note */
};
/* Judge a note whose text is a checkpoint of this origin. */
void tlog_policy_judge(const struct tlog_policy *policy, const struct tlog_note *note,
                       struct slice origin, struct tlog_judgement *out);

#endif
