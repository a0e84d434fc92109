/* Inside of c2pa: what the files that judge share. */
#ifndef C2PA_VALIDATE_INT_H
#define C2PA_VALIDATE_INT_H

#include "c2pa/c2pa.h"
#include "c2pa/c2pa_int.h"
#include "c2pa/content.h"
#include "c2pa/store.h"

/* An ingredient assertion that leads, or should lead, to a manifest. */
struct c2pa_edge {
    struct c2pa_edge *next;
    const struct c2pa_manifest *from;
    const struct c2pa_assertion *assertion;
    enum c2pa_relationship relationship;
    struct c2pa_hashed_uri active;    /* activeManifest or c2pa_manifest */
    struct c2pa_hashed_uri signature; /* claimSignature */
    const struct c2pa_manifest *to;   /* NULL: not in the store */
    struct c2pa_ingredient *told;     /* in the report */
    struct c2pa_results results;      /* about the reference itself */
};

/* A manifest that the active one leads to. */
struct c2pa_reached {
    struct c2pa_reached *next;
    const struct c2pa_manifest *manifest;
    struct c2pa_manifest_report *told;
};

struct c2pa_redaction {
    struct c2pa_redaction *next;
    const struct c2pa_manifest *by;
    struct slice uri;
};

/* Everything about one store under way. */
struct c2pa_judge {
    const struct c2pa_options *options;
    struct arena *arena;
    struct c2pa_store *store;
    struct c2pa_report *report;
    const struct c2pa_file *file; /* NULL: the store alone is judged */
    struct c2pa_reached *reached, *reached_last;
    struct c2pa_edge *edges, *edges_last;
    struct c2pa_redaction *redactions;
    size_t statuses;
    uint64_t heard; /* bytes of OCSP replies for others: LIMIT_C2PA_HEARD in all */
    int failed;     /* first error of memory or limits: checked once at the end */
    struct why *why;
};

/* The manifest at hand. */
struct c2pa_subject {
    struct c2pa_judge *judge;
    const struct c2pa_manifest *manifest;
    struct c2pa_manifest_report *told;
};

/* ---- report.c: statuses and texts ------------------------------------------------------ */

/* One line that can do no harm, in the arena; empty when memory is out (judge->failed). */
struct slice c2pa_text(struct c2pa_judge *judge, struct slice raw);
/* url: absolute, in the arena already.  explanation: a format, or NULL. */
void c2pa_status_add(struct c2pa_judge *judge, struct c2pa_results *results,
                     const struct c2pa_status *status);
/* About a part of a manifest: path "c2pa.assertions" and a label, or "" and its own label. */
void c2pa_say(const struct c2pa_subject *subject, enum c2pa_code code, const char *path,
              struct slice label, const char *explanation);
void c2pa_say_claim(const struct c2pa_subject *subject, enum c2pa_code code,
                    const char *explanation);
void c2pa_say_signature(const struct c2pa_subject *subject, enum c2pa_code code,
                        const char *explanation);
void c2pa_say_assertion(const struct c2pa_subject *subject, enum c2pa_code code,
                        const struct c2pa_assertion *assertion, const char *explanation);
bool c2pa_results_have(const struct c2pa_results *results, enum c2pa_code code);
/* The first failure other than signingCredential.untrusted; NULL: none. */
const struct c2pa_status *c2pa_results_failure(const struct c2pa_results *results);
void *c2pa_take(struct c2pa_judge *judge, size_t size);
/* Did something fail, or was so much asked for that it fails now (judge->failed)? */
bool c2pa_has_failed(struct c2pa_judge *judge);
/* c2pa_uri_check; false: it failed (judge->failed), and nothing is to be said of it. */
bool c2pa_reference_check(struct c2pa_judge *judge, const struct c2pa_manifest *from,
                          const struct c2pa_hashed_uri *reference, struct c2pa_target *target);

/* ---- trust.c ---------------------------------------------------------------- */

void c2pa_judge_signature(const struct c2pa_subject *subject);

/* ---- rules.c ---------------------------------------------------------------- */

/* Everything about the assertions of a manifest but its actions and ingredients. */
void c2pa_judge_assertions(const struct c2pa_subject *subject);
/* Reference number index of a claim: created assertions, then gathered ones. */
const struct c2pa_hashed_uri *c2pa_claim_entry(const struct c2pa_claim *claim, size_t index);
bool c2pa_is_binding(const struct c2pa_assertion *assertion);
bool c2pa_is_ingredient(const struct c2pa_assertion *assertion);
bool c2pa_named(const struct c2pa_assertion *assertion, const char *name);
bool c2pa_is_redacted(const struct c2pa_judge *judge, const struct c2pa_manifest *manifest,
                      struct slice uri);

/* ---- action.c ---------------------------------------------------------------- */

void c2pa_judge_actions(const struct c2pa_subject *subject);

/* ---- ingredient.c ---------------------------------------------------------------- */

/* Find all manifests that the active one leads to, and all redactions. */
void c2pa_reach(struct c2pa_judge *judge);
bool c2pa_relationship_of(const struct c2pa_assertion *assertion,
                          enum c2pa_relationship *relationship);
void c2pa_judge_ingredients(const struct c2pa_subject *subject);
/* Afterwards: what is new since each ingredient was taken in. */
void c2pa_deltas(struct c2pa_judge *judge);

#endif
