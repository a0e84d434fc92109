/* Inside of c2pa: what the files of its reader share. */
#ifndef C2PA_C2PA_INT_H
#define C2PA_C2PA_INT_H

#include "c2pa/store.h"

/* ---- fault.c ---- */

/* The first fault stays.  text: a constant, or in the arena. */
void c2pa_fault_set(struct c2pa_fault *fault, enum c2pa_fault_kind kind, const char *text);
/* What cbor_parse said, as a fault; SH_ENOMEM stays an error. */
MUST_CHECK int c2pa_fault_cbor(struct c2pa_fault *fault, const struct why *said,
                               struct arena *arena, struct why *why);
/* The string of a text; empty when value is NULL or no text. */
struct slice c2pa_text_of(const struct cbor_value *value);
/* The text that a map has under this name; empty when it has none. */
struct slice c2pa_text_at(const struct cbor_value *map, const char *name);
/* The string of a byte string; empty when value is NULL or none. */
struct slice c2pa_bytes_of(const struct cbor_value *value);
bool c2pa_is_zeros(struct slice data);

/* ---- assertion.c ---- */

/* The one cbor box of a superbox of that type; false: there is none, or more than it. */
bool c2pa_only_cbor(const struct jumbf_box *box, struct slice *out);
/* The boxes of manifest->assertion_store. */
MUST_CHECK int c2pa_assertions_parse(struct c2pa_manifest *manifest, struct arena *arena,
                                     struct why *why);

/* ---- claim.c ---- */

/* The claim, whose box and version are set. */
MUST_CHECK int c2pa_claim_parse(struct c2pa_claim *claim, struct arena *arena, struct why *why);

#endif
