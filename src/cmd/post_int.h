/*
 * What the files of post share: the dispatch that is being put together, and its staged files.
 */
#ifndef CMD_POST_INT_H
#define CMD_POST_INT_H

#include "bmff/bmff.h"
#include "cmd/seal_int.h"
#include "crypt/crypt.h"
#include "role/role.h"

/* Content credentials that came with a clip: left out, carried over when asked, or at once. */
enum post_carry { POST_CARRY_NOT, POST_CARRY_ASK, POST_CARRY_YES };

struct post {
    const struct cmd *cmd;
    const struct channel *channel; /* open to look: who signs the files */
    struct role_claim claim;       /* what they say of themselves; its certificate is leaf's */
    struct bytes leaf;
    enum post_carry carry;
    struct arena kept_arena;
    struct c2pa_report kept; /* about the clip at hand; lives in kept_arena */
    struct bytes anchors;    /* for whom the credentials must hold, as PEM */
    bool poster;
    bool recode; /* --transcode */
    struct cmd_when when;
    struct channel_job job;
    struct channel_file files[LIMIT_BLOBS];
    size_t file_count;
    struct doc_blob blobs[LIMIT_BLOBS];
    size_t blob_count;
    uint32_t removed; /* of all clips together */
    struct slice removed_names[BMFF_REMOVED_KINDS];
    bool keep; /* seal the untouched clip */
    uint8_t archive[CRYPT_KEY_BYTES];
    uint8_t dispatch[32]; /* of the document: names the sealed file */
    bool has_orig;
    uint8_t orig[32];
};

/* Who is at work at the moment, for the progress line. */
struct post_teller {
    const struct cmd *cmd;
    const char *clip;
};

/* A file that is being made in the job's folder. */
struct post_stage {
    int fd; /* -1: none */
    struct channel_file file;
    bool hashed; /* sha256 is known */
    uint8_t sha256[CRYPT_DIGEST_BYTES];
};

/* Make an empty file in the job's folder, named for kind and the blob it may become. */
MUST_CHECK int post_stage_open(struct post *post, const char *kind, struct post_stage *stage,
                               struct why *why);
/*
 * Hash a staged file, make it durable and add it to the dispatch as blob (its hash is filled in
 * here).  Bytes that the dispatch has already are staged once.
 */
MUST_CHECK int post_stage_done(struct post *post, struct post_stage *stage,
                               const struct doc_blob *blob, const struct post_teller *teller,
                               struct why *why);

/*
 * --transcode: put a clip that was coded anew, a file of the job's folder without a name, in
 * the place of *clip.  The rest of post takes it like any other.
 */
MUST_CHECK int post_recode(const struct channel_job *job, const struct post_teller *teller,
                           int *clip, struct role_coded *coded, struct why *why);
/* Make facts, which the reader gave about the new file, say what became of the clip. */
void post_recode_facts(const struct role_coded *coded, struct bmff_facts *facts);
void post_recode_say(const struct cmd *cmd, const char *name, const struct role_coded *coded);

/*
 * Make a new file of the clip in the stage, sign it, and read it back: is it what our writer
 * writes, and do its credentials hold for whoever trusts the channel's authority?  Also hashes
 * it.
 */
struct post_clip {
    int clip;
    struct post_stage *stage;
    int *look; /* out: the new file, for those who only look at it */
};
MUST_CHECK int post_make(struct post *post, const struct post_clip *clip,
                         const struct post_teller *teller, struct bmff_facts *facts,
                         struct why *why);
/* What this dispatch's files say of themselves; before the first clip. */
MUST_CHECK int post_claim_make(struct post *post, struct why *why);
void post_claim_release(struct post *post);

/* Look at the credentials of a clip, which are left out, and say what they are. */
void post_came(struct post *post, const struct post_teller *teller, int clip);
/*
 * --keep-credentials: look at them, show what they reveal, ask, and have them carried over with
 * the next post_make; then post_keep_end, also after a failure.
 */
MUST_CHECK int post_keep(struct post *post, const struct post_teller *teller, int clip,
                         struct why *why);
void post_keep_end(struct post *post);

/* A clip into the dispatch: rebuilt, signed, checked, hashed, with its still picture. */
MUST_CHECK int post_add_clip(struct post *post, const char *name, struct why *why);
/*
 * Are untouched clips kept: --keep-original, --no-original, else the setting.  SH_EARG when
 * both are given, or there are several clips: `orig` of a document is about one.
 */
MUST_CHECK int post_original_wish(struct post *post, const struct cmd_args *args, size_t clips,
                                  const struct channel *channel, struct why *why);
/* Seal a clip, as it is, for the archive key, with a commitment; once in a dispatch. */
MUST_CHECK int post_original_seal(struct post *post, int clip, const struct post_teller *teller,
                                  struct why *why);
/* What a person should know of a clip: bits of enum bmff_note. */
void post_say_notes(const struct cmd *cmd, const char *clip, uint32_t notes);
/* What the staged files give to the document. */
void post_describe(struct post *post, struct document *doc);
MUST_CHECK int post_batch(const struct cmd *cmd, const struct cmd_args *args, struct why *why);

struct post_clips {
    const char *const *name;
    size_t count;
};
/*
 * --place-from-clip: the place in which all positions of the clips lie, as coarse as level says
 * ("": a city at the finest), into the document; says which.  SH_ENOTFOUND or SH_ECONFLICT when
 * there is none that is sure.
 */
MUST_CHECK int post_place_from_clip(const struct cmd *cmd, const char *level,
                                    const struct post_clips *clips, struct cmd_dispatch *out,
                                    struct why *why);
/*
 * --commit-place: the exact place is in the untouched clip, to which `orig` commits
 * (docs/decisions/0020).  SH_ENOTFOUND when the clip has no position.
 */
MUST_CHECK int post_place_commit(const struct cmd *cmd, const char *clip, struct why *why);
/* --dry-run: say what would be published, and write nothing. */
MUST_CHECK int post_dry_run(const struct post *post, const struct post_clips *clips,
                            const struct document *doc, const struct cmd_clock *clock,
                            struct why *why);

#endif
