/* Inside of c2pa: what the files of its reader share. */
#ifndef C2PA_C2PA_INT_H
#define C2PA_C2PA_INT_H

#include "c2pa/store.h"

/* assertion.c: the boxes of the manifest's assertion store. */
MUST_CHECK int c2pa_assertions_parse(struct c2pa_manifest *manifest, struct arena *arena,
                                     struct why *why);
/* claim.c: the claim; its box is in claim->box. */
MUST_CHECK int c2pa_claim_parse(struct c2pa_claim *claim, struct arena *arena, struct why *why);
/* assertion.c: the one cbor box of a superbox; false: there is none, or more than it. */
bool c2pa_only_cbor(const struct jumbf_box *box, struct slice *out);

/* The string of a text; empty when value is NULL or no text. */
struct slice c2pa_text_of(const struct cbor_value *value);

#endif
