/*
 * dispatch -- the grammars of FORMATS.md that are ours alone: entry, document, identity note,
 * recovery sheet, and the paths of the public tree.
 *
 * Spec:    FORMATS.md; documents are RFC 8785 (JCS) restricted as that page says.
 * Shapes:  see each struct.  Text slices are valid UTF-8 after parsing.
 * Memory:  parse results borrow the input and live in the caller's arena.
 * Errors:  SH_EFORMAT with the rule that is broken; SH_ELIMIT; on failure outputs are
 *          undefined unless a function says otherwise, the arena stays releasable.
 * Threads: no state.
 */
#ifndef DISPATCH_DISPATCH_H
#define DISPATCH_DISPATCH_H

#include "base/base.h"
#include "tlog/tlog.h"

/* ---- channel id ---- */

#define CHANNEL_ID_CHARS 52
/* "abcd-efgh-ijkl-mnop": the first 16 characters in groups of four, for people. */
#define CHANNEL_SHORT_ID_BYTES 20
struct channel_id {
    uint8_t hash[32];                /* SHA-256 of the text of identity note 0 */
    char text[CHANNEL_ID_CHARS + 1]; /* its lower-case base32 */
};
void channel_id_of_note(struct slice note_text, struct channel_id *id);
MUST_CHECK bool channel_id_parse(struct slice text, struct channel_id *id);
void channel_id_short(const struct channel_id *id, char out[CHANNEL_SHORT_ID_BYTES]);
/* "stillhere/1/<id>" and "stillhere/1/<id>/identity". */
#define CHANNEL_ORIGIN_BYTES 80
void channel_origin(const struct channel_id *id, char out[CHANNEL_ORIGIN_BYTES]);
void channel_identity_name(const struct channel_id *id, char out[CHANNEL_ORIGIN_BYTES]);
/* "stillhere/1/<id>/<note number>" of the log that goes on after a theft; branch 0: the first
 * origin. */
void channel_branch_origin(const struct channel_id *id, uint64_t branch,
                           char out[CHANNEL_ORIGIN_BYTES]);

/* ---- entry: one line of the log ---- */

enum entry_type {
    ENTRY_IDENTITY,
    ENTRY_DISPATCH,
    ENTRY_PROMISE,
    ENTRY_MIRRORS,
    ENTRY_SEALED,
    ENTRY_OPEN,
    ENTRY_WITHDRAW,
    ENTRY_CORRECT,
    ENTRY_COPY,
    ENTRY_UNKNOWN, /* a well-formed line of a type this program does not know: carried along */
};
#define ENTRY_NO_REF UINT64_MAX
struct entry {
    enum entry_type type;
    struct slice type_text; /* as written */
    uint64_t ref;           /* index, or ENTRY_NO_REF for "-" */
    uint8_t hash[32];
};
/*
 * Parse "stillhere-entry/1 TYPE REF HASH\n" (<= 160 bytes, LF included).  index is the entry's
 * own: a REF must be smaller; each known type's REF rule of FORMATS.md's table is applied.
 */
MUST_CHECK int entry_parse(struct slice line, uint64_t index, struct entry *out,
                           struct why *why);
/* The line with its LF into out[LIMIT_ENTRY_BYTES + 1], NUL-terminated; returns its length. */
size_t entry_build(const struct entry *entry, char *out);
/* "dispatch", "withdraw", ... ; "?" for ENTRY_UNKNOWN. */
const char *entry_type_name(enum entry_type type);

/* ---- document ---- */

/* The languages that pages and names are in; the order of the tables in lang. */
struct doc_text {
    struct slice lang; /* BCP 47 tag */
    struct slice text;
};
struct doc_blob {
    struct slice role; /* "video", "poster": [a-z0-9-]{1,32} */
    uint64_t bytes;    /* 1..LIMIT_CLIP_BYTES */
    uint8_t sha256[32];
    /* "type/subtype"; tree_extension() knows it, or the reader says so.  A clip in HEVC is
     * "video/mp4;codecs=hvc1" (RFC 6381), and av01, vp09, opus, alac alike: its
     * page says that a browser may not play it. */
    struct slice mime;
    uint32_t width; /* pixels, as shown (after rotation); 0 = absent */
    uint32_t height;
    uint64_t duration_ms; /* 0 = absent */
};
enum doc_kind { DOC_DISPATCH, DOC_PROMISE, DOC_WITHDRAW, DOC_CORRECT, DOC_OPEN, DOC_UNKNOWN };
enum doc_level { DOC_HIDE, DOC_PURGE };
struct doc_place {
    bool present;
    struct slice level;     /* "country", "region", "city", "typed" */
    struct slice code;      /* GeoNames id, empty for typed */
    struct doc_text *names; /* sorted by lang */
    size_t name_count;
};
struct document {
    enum doc_kind kind;
    struct slice kind_text;
    uint8_t salt[32];
    struct slice channel; /* 52 characters */
    uint64_t published;   /* unix seconds; 0 = absent (a dispatch that was sealed) */
    /* dispatch, correct */
    uint8_t dispatch[32];
    struct slice status;         /* "well", "hurt", "moving"; empty when it is a text */
    struct doc_text status_text; /* used when status is empty */
    uint64_t next_due;           /* unix seconds; 0 = absent */
    struct doc_text *words;
    size_t word_count;
    struct doc_place place;
    struct {
        bool present;
        uint64_t time;       /* unix seconds */
        struct slice zone;   /* IANA name */
        struct slice source; /* "file", "phone", "typed" */
    } claimed;
    struct doc_blob *blobs;
    size_t blob_count;
    struct slice *removed; /* kinds [a-z0-9-]{1,64}, ascending, each once */
    size_t removed_count;
    struct slice *seen; /* <= 4 foreign checkpoint notes */
    size_t seen_count;
    uint64_t of; /* ENTRY_NO_REF = absent */
    bool has_orig;
    uint8_t orig[32];
    /* promise: exactly one rule */
    uint64_t every_s, until, silent_until; /* 0 = absent */
    struct doc_text *because;
    size_t because_count;
    /* withdraw */
    enum doc_level level;
    struct slice reason; /* empty = absent */
    struct slice order;  /* whole signed note; empty = absent */
    /* keys that this program does not know ("head", "place.foo"), carried along and named in
     * a finding; empty for an unknown kind, of which only the required keys are looked at */
    struct slice *unknown;
    size_t unknown_count;
};
/*
 * Parse the canonical bytes of a document; anything that is not the one canonical form is
 * refused.  An unknown kind gives DOC_UNKNOWN with the required keys filled.  An arena of
 * LIMIT_DOCUMENT_ARENA bytes is enough for every document.
 */
MUST_CHECK int document_parse(struct slice raw, struct arena *arena, struct document *out,
                              struct why *why);
/* Is it a language tag in shape (RFC 5646 2.1)? */
bool document_is_lang(struct slice text);
/*
 * Write the canonical bytes.  Applies every rule that document_parse applies (so what is built
 * can be read): SH_EFORMAT / SH_ELIMIT name the field.  Only known kinds and media types.
 * place.names may come in any order; appends to out on success only.
 */
MUST_CHECK int document_build(const struct document *doc, struct bytes *out, struct why *why);

/* ---- the promised word ---- */

/*
 * What the log says about the next word: the newest dispatch (one without its document does
 * not count) and the newest promise.  A dispatch that was withdrawn while it was the newest
 * word is given as a word of the withdrawal's time, without next_due.
 */
struct due_facts {
    bool has_word, has_promise;
    uint64_t word_index, word_at; /* `published`, unix seconds */
    uint64_t next_due;            /* of that dispatch; 0 = absent */
    uint64_t promise_index, promise_at;
    uint64_t every_s, until, silent_until; /* exactly one is not 0 when has_promise */
    /* `published` of the word before it, and of the newest document; 0: not known. */
    uint64_t before_at, newest_at;
    /* What due_see makes of it; all 0: nobody compared any clocks. */
    uint64_t word_from, promise_from; /* they count from here; 0: from `published` */
    uint64_t word_seen, promise_seen; /* first */
    uint64_t word_run, promise_run;   /* due_seen.run then; 0: by a clock that was sure */
    uint64_t sure_at;                 /* the newest `published` that agreed when it was seen */
    uint64_t moved;                   /* due_seen.moved, the last time */
    bool blind; /* nothing says how long before it was first seen that was */
};
struct due {
    bool promised;
    uint64_t by; /* unix seconds; he is late after it */
    bool silent; /* he said that he would be silent until `by` */
};
/* Put the word (a dispatch or correct) or the promise at index into the facts. */
void due_take(struct due_facts *facts, uint64_t index, const struct document *doc);
/*
 * The clock that wrote a word may be wrong by years.  One who looks at now compares: facts are
 * what the log says, known what the same reader made of it the last time; facts get word_from
 * and all after it.
 */
struct due_seen {
    uint64_t now;
    uint64_t run;   /* number of the start of the clock that says now, 1 or more */
    uint64_t moved; /* sum, modulo 2^64, of all its corrections */
    bool unsure;    /* now is compared again when it is sure */
    bool first;     /* the reader never looked before: known says nothing */
};
void due_see(struct due_facts *facts, const struct due_facts *known,
             const struct due_seen *seen);
/* FORMATS.md, "promise": docs/decisions/0011. */
void due_of(const struct due_facts *facts, struct due *out);

/* ---- identity note ---- */

enum key_role { KEY_IDENTITY, KEY_LOG, KEY_C2PA_CA, KEY_ARCHIVE, KEY_OTHER };
enum key_alg { ALG_ED25519, ALG_X25519, ALG_ES256, ALG_OTHER };
#define KEY_ID_CHARS 16
struct identity_key {
    enum key_role role;
    enum key_alg alg;
    struct slice role_text, alg_text;
    char id[KEY_ID_CHARS + 1]; /* first 16 hex of SHA-256(ALG || 0x20 || key bytes) */
    uint8_t bytes[256];        /* raw 32, or SPKI DER */
    size_t bytes_len;
    uint64_t from, until, revoked; /* from default 0; ENTRY_NO_REF = absent for the others */
};
struct identity {
    uint64_t number;
    bool has_channel;
    struct channel_id channel; /* of note 0: computed */
    struct slice name;
    struct slice lang; /* "en", "zh", "uk", "ru" */
    uint64_t threshold;
    bool has_successor;
    uint64_t successor_size;
    uint8_t successor_root[32];
    struct identity_key *keys; /* sorted by role and id */
    size_t key_count;
    /* lines after the keys that this program does not know, carried along */
    struct slice *unknown;
    size_t unknown_count;
};
void identity_key_id(struct slice alg, struct slice key_bytes, char out[KEY_ID_CHARS + 1]);
/* text: the note's text, last newline included. */
MUST_CHECK int identity_parse(struct slice text, struct arena *arena, struct identity *out,
                              struct why *why);
/* The canonical text; the keys need not be sorted yet.  Applies the rules of identity_parse. */
MUST_CHECK int identity_build(const struct identity *identity, struct bytes *out,
                              struct why *why);
/*
 * Is raw (a whole signed note) the channel's next identity note?  before is the accepted note
 * before it, NULL for number 0.  Checks grammar, channel, number, that no key once listed was
 * dropped or changed, and the signatures: all identity keys for number 0, the threshold of
 * before and of itself later.  Fills out, which lives in arena (LIMIT_IDENTITY_ARENA bytes are
 * enough) and borrows raw; out->channel is the channel's id.  SH_ECRYPT: a signature is
 * missing or does not hold.
 */
MUST_CHECK int identity_accept(struct slice raw, const struct identity *before,
                               struct arena *arena, struct identity *out, struct why *why);
/*
 * The first key of role that is open at index (from <= index < until); NULL when none is.  A
 * revoked key is still open: its entries are disputed, not hidden.
 */
const struct identity_key *identity_key_at(const struct identity *identity, enum key_role role,
                                           uint64_t index);

/* The first key of role that is neither closed nor revoked; NULL when none is. */
const struct identity_key *identity_key_open(const struct identity *identity,
                                             enum key_role role);
/* How many identity keys may still sign: the N of "K of N". */
uint64_t identity_signers(const struct identity *identity);
/*
 * Entries that a revoked log key may have made: at or after its revoked index and before its
 * end.  They are shown as disputed; withdrawals among them do not count.
 */
bool identity_is_disputed(const struct identity *identity, uint64_t index);

/* ---- the chain of notes ---- */

/* Notes 0..count-1, in order; the newest two are kept, which is what the next one needs. */
struct identity_chain {
    uint64_t count;
    uint64_t branch;        /* number of the newest note with a successor; 0 = none */
    uint64_t branch_before; /* the branch that this one took the place of */
    uint64_t successor_size;
    uint8_t successor_root[32];
    struct identity note[2];
    struct arena arena[2];
    struct bytes raw[2];
};
void identity_chain_init(struct identity_chain *chain);
void identity_chain_release(struct identity_chain *chain);
/* Accept raw as the next note (identity_accept).  A note that is refused changes nothing. */
MUST_CHECK int identity_chain_add(struct identity_chain *chain, struct slice raw,
                                  struct why *why);
/* The newest note and the one before it, borrowed until the next call; NULL: there is none. */
const struct identity *identity_chain_newest(const struct identity_chain *chain);
const struct identity *identity_chain_before(const struct identity_chain *chain);
/* The newest note's bytes as they were given. */
struct slice identity_chain_raw(const struct identity_chain *chain);

/* ---- making the next note ---- */

/* Holds the keys of the note that is being made; note.keys points into it: do not move it. */
struct identity_draft {
    struct identity note;
    struct identity_key keys[LIMIT_IDENTITY_KEYS];
};
/* A copy of before with the next number and without a successor; texts stay borrowed. */
void identity_next(const struct identity *before, struct identity_draft *out);
/* A key with its texts and ID; bytes as the role's algorithm wants them; from 0, open. */
void identity_key_make(enum key_role role, struct slice bytes, struct identity_key *out);
/* SH_ECONFLICT: listed already; SH_ELIMIT: no room for another key. */
MUST_CHECK int identity_draft_add(struct identity_draft *draft, const struct identity_key *key,
                                  struct why *why);
/* The key ends before entry until; one that ended earlier stays as it is.  SH_ENOTFOUND. */
MUST_CHECK int identity_draft_close(struct identity_draft *draft, const char *id,
                                    uint64_t until, struct why *why);
/* Entries of the key at or after since are disputed.  Only ever moved to an earlier one. */
MUST_CHECK int identity_draft_revoke(struct identity_draft *draft, const char *id,
                                     uint64_t since, struct why *why);
struct identity_secrets {
    const struct secret *secret[LIMIT_IDENTITY_KEYS];
    size_t count; /* >= 1 */
};
/*
 * text and a signature line for each secret, under the name "stillhere/1/<id>/identity":
 * identity notes and purge orders.  Appends to out.
 */
MUST_CHECK int identity_sign(struct slice text, const struct channel_id *id,
                             const struct identity_secrets *secrets, struct bytes *out,
                             struct why *why);
/*
 * Is raw a signed note with exactly this text and signatures by the threshold of identity's
 * open keys?  Example: the order of a purge, "stillhere-purge/1\nchannel ID\nindex N\n".
 */
MUST_CHECK int identity_order_check(struct slice raw, struct slice text,
                                    const struct identity *identity, struct why *why);

/* ---- recovery sheet ---- */

#define SHEET_FIRST_LINE "stillhere-sheet/1"
#define SHEET_GROUPS 14
#define SHEET_GROUP_CHARS 4
/* "abcd efgh ...": 14 groups of four, single spaces, and the NUL. */
#define SHEET_SECRET_BYTES (SHEET_GROUPS * (SHEET_GROUP_CHARS + 1))
struct sheet {
    struct channel_id channel;
    uint64_t part, parts; /* sheet I of N, 1 <= I <= N <= 9 */
    struct secret identity, archive;
};
/* The identity key of the note that this sheet's secret belongs to, open or closed; or NULL. */
const struct identity_key *identity_key_of_sheet(const struct identity *identity,
                                                 const struct sheet *sheet);
/* role is "identity" or "archive". */
void sheet_secret_text(const char *role, const struct secret *secret,
                       char out[SHEET_SECRET_BYTES]);
/* The machine part: five lines of FORMATS.md, LF after each. */
void sheet_build(const struct sheet *sheet, struct bytes *out);
/*
 * Read a sheet as a person may have kept it: the five lines anywhere in a text, upper or lower
 * case, any spaces or hyphens between characters of a secret.  Names the group that is wrong.
 */
MUST_CHECK int sheet_parse(struct slice text, struct sheet *out, struct why *why);

/* ---- paths of the public tree ---- */

#define TREE_PATH_BYTES (LIMIT_PATH_BYTES + 1)
/* "d/<2 hex>/<sha256>.json" */
void tree_document_path(const uint8_t sha256[32], char out[TREE_PATH_BYTES]);
/* "b/<2 hex>/<sha256>.<ext>"; SH_EFORMAT for a mime that is not in the table. */
MUST_CHECK int tree_blob_path(const uint8_t sha256[32], struct slice mime,
                              char out[TREE_PATH_BYTES], struct why *why);
/* video/mp4 -> "mp4", image/jpeg -> "jpg", and the other rows of tree.c; or NULL. */
const char *tree_extension(struct slice mime);
/* "id/<n>.note", "w/004", "p/x001/234" (no trailing slash). */
void tree_identity_path(uint64_t number, char out[TREE_PATH_BYTES]);
void tree_dispatch_path(uint64_t index, char out[TREE_PATH_BYTES]);
void tree_timeline_path(uint64_t number, char out[TREE_PATH_BYTES]);

/* ---- the untouched clip, sealed (docs/decisions/0018) ---- */

/*
 * An age file to the archive key.  Inside: the clip's bytes; zeros, so that the size tells
 * less; and the last ORIGINAL_TAIL_BYTES as text, the size in 20 digits:
 *   LF "stillhere-original/1" LF "sha256 " HEX LF "random " HEX LF "bytes " DIGITS LF
 */
#define ORIGINAL_FOLDER "originals" /* below private/ */
#define ORIGINAL_TAIL_BYTES 193
struct original {
    uint8_t random[32];
    uint8_t sha256[32]; /* of the clip */
    uint64_t bytes;     /* of the clip */
};
/* "originals/<64 hex>.age", below private/; dispatch as in the document. */
void original_path(const uint8_t dispatch[32], char out[TREE_PATH_BYTES]);
bool original_is_path(const char *path);
/* `orig` of a document: SHA-256 of the random bytes and the clip's SHA-256. */
void original_commit(const struct original *original, uint8_t orig[32]);
void original_tail_build(const struct original *original, uint8_t out[ORIGINAL_TAIL_BYTES]);
/* SH_EFORMAT unless it is exactly what original_tail_build makes. */
MUST_CHECK int original_tail_parse(struct slice tail, struct original *out, struct why *why);

#endif
