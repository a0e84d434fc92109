/* The channel's key for claims, as its file holds it. */
#ifndef ROLE_CLAIM_INT_H
#define ROLE_CLAIM_INT_H

#include "c2pa/write.h"
#include "channel/channel.h"
#include "crypt/crypt.h"
#include "role/role.h"
#include "x509/x509.h"

#define ROLE_LEAF_PATH "keys/c2pa-leaf.key"
/* 64 hex digits and a newline, then the certificate as PEM. */
#define ROLE_LEAF_KEY_BYTES (2 * SECRET_BYTES + 1)

struct role_leaf {
    struct secret scalar;
    struct bytes der;      /* of the certificate */
    struct x509_cert cert; /* views der */
};
/*
 * Read private/keys/c2pa-leaf.key; SH_ENOTFOUND, SH_EFORMAT, SH_ECRYPT: another key's
 * certificate.  Release it also after a failure.
 */
MUST_CHECK int role_leaf_read(int private_dir, struct role_leaf *leaf, struct why *why);
void role_leaf_release(struct role_leaf *leaf);

/* Is this a claim of our own writer, about nothing but what it writes? */
MUST_CHECK int role_claim_check(struct slice claim, struct why *why);

/* ---- what the reader writes ---- */

#define ROLE_ACTIONS 3 /* behind c2pa.opened */

/* All that c2pa_write needs to know about one new file. */
struct role_credits {
    struct c2pa_write write;
    struct c2pa_write_signer signer;
    struct c2pa_write_action actions[ROLE_ACTIONS];
    uint8_t ids[2][C2PA_WRITE_ID_BYTES]; /* random */
    struct bytes store[2];               /* of the clip, to be carried over */
    struct bytes results;                /* of struct c2pa_write_result, about them */
};
/* The stores of the clip and what was said about them; borrows from the report. */
MUST_CHECK int role_credits_keep(struct role_credits *credits, const struct bmff_source *clip,
                                 const struct c2pa_report *report, struct why *why);
void role_credits_release(struct role_credits *credits);
/* Fill the rest from claim and facts; credits must stay where it is. */
void role_credits_fill(struct role_credits *credits, const struct role_claim *claim,
                       const struct bmff_facts *facts);

#endif
