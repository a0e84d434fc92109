/* What the files of the identity note share. */
#ifndef DISPATCH_IDENTITY_INT_H
#define DISPATCH_IDENTITY_INT_H

#include "dispatch/dispatch.h"

/* The rules between a note's fields that no single line can break; keys must be sorted. */
MUST_CHECK int identity_check(const struct identity *identity, struct why *why);
/* May it sign the next identity note: an identity key, neither closed nor revoked? */
bool identity_key_signs(const struct identity_key *key);
/* How many identity keys of keys signed the note; a bad signature of one refuses it. */
MUST_CHECK int identity_count_signatures(const struct tlog_note *note, const char *name,
                                         const struct identity *keys, uint64_t *count,
                                         struct why *why);
/* Order of key lines: by role, then id, as bytes. */
int identity_key_compare(const struct identity_key *a, const struct identity_key *b);

#endif
