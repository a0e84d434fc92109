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
    uint64_t bytes;          /* of the new file */
};

#endif
