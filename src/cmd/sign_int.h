/* sign_int -- what the parts of `sign` share. */
#ifndef CMD_SIGN_INT_H
#define CMD_SIGN_INT_H

#include "c2pa/write.h"
#include "cmd/cmd.h"
#include "cmd/files_int.h"
#include "cmd/sign_stamp_int.h"
#include "role/role.h"

struct signing {
    struct cmd *cmd;
    const char *in_path;
    int in;
    struct cmd_place place;
    char temporary[48];
    struct role_key key;
    struct c2pa_write_signer signer;
    uint8_t leaf_sha256[CRYPT_DIGEST_BYTES];
    struct arena arena;
    struct bytes pem;  /* of the certificates, which borrow from it and the arena */
    struct bytes name; /* of the signer, for people */
    bool update, merkle;
    struct sign_stamp stamp; /* url NULL: none wanted */
    struct channel *channel; /* whose certificate signs, without --cert; else NULL */
    uint64_t bytes;          /* of the new file, or of the last one */
    int set_dir;             /* of a set of segments, else -1 */
    const struct c2pa_write_tree *segments;
    const int *pieces; /* the segments as they came */
    size_t piece_count;
};

/* Segments of a set that are read back at once: LIMIT_CAGE_KEEP less the rest. */
#define SIGN_LOT 12

/* Make an empty file in the folder of the new one, or of the set. */
MUST_CHECK int sign_create(const struct signing *signing, const char *name, int *fd,
                           struct why *why);
/* Copy, have it signed, make it durable. */
MUST_CHECK int sign_write(struct signing *signing, int fd, struct why *why);
/* All files of a set, into the folder signing->temporary. */
MUST_CHECK int sign_set(struct signing *signing, const struct cmd_args *args, struct why *why);

#endif
