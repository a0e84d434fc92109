/* cosign, inside. */
#ifndef COSIGN_COSIGN_INT_H
#define COSIGN_COSIGN_INT_H

#include <sys/types.h>

#include "cosign/cosign.h"
#include "dispatch/dispatch.h"
#include "store/store.h"

#define COSIGN_KEY "key"
#define COSIGN_LOGS "logs"
#define COSIGN_DB "state.db"

extern const struct store_schema cosign_schema;

struct cosign {
    struct cosign_config *config; /* in memory */
    struct bytes memory;
    struct tlog_key key;
    char dir[LIMIT_HOME_BYTES + 64];
    int dir_fd, public_fd; /* private/cosign, public/cs */
    int signer;            /* our end of the socket to who holds the key */
    int pid;
    bool done;
    struct store *store;
};

/* private/cosign of a home, and public/cs; both are made when missing. */
MUST_CHECK int cosign_folders(const char *home, int *dir, int *public_dir, struct why *why);
/* Seed and key by config (which gives the name); wipe the seed. */
MUST_CHECK int cosign_key_read(int dir, const struct cosign_config *config, struct secret *seed,
                               struct tlog_key *key, struct why *why);
MUST_CHECK int cosign_config_read(int dir, struct cosign_config *config, struct why *why);
/* "chain/ID" into out. */
#define COSIGN_CHAIN_BYTES 96
void cosign_chain_path(const char *channel, uint64_t number, char out[COSIGN_CHAIN_BYTES]);
/* The notes of a channel that lie in dir, accepted one by one. */
MUST_CHECK int cosign_chain_read(int dir, const char *channel, struct identity_chain *chain,
                                 struct why *why);

/* ---- the process that holds the key (signer.c) ---- */

/* Start it; *end is our end of the socket to it. */
MUST_CHECK int cosign_signer_start(const struct secret *seed, int *pid, int *end,
                                   struct why *why);
/* Have it sign the cosignature of a checkpoint's text.  SH_EIO: it is gone. */
MUST_CHECK int cosign_signer_ask(int end, struct slice text, uint64_t time,
                                 uint8_t signature[CRYPT_SIGNATURE_BYTES], struct why *why);

#endif
