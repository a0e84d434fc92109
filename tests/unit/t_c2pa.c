/*
 * c2pa: the verdict of every fixture, of hostile stores, keys and algorithms that do not fit,
 * manifests that lead to each other, and the report on its way through a pipe.
 */
#include "c2pa/content.h"

#include "c2pa_maker.h"
#include "shows.h"

#define CERTS "c2pa/certs/sdk/tests/fixtures/certs/"
#define NONE C2PA_CODE_COUNT
#define CREATED                                                                                \
    "{\"actions\":[{\"action\":\"c2pa.created\",\"digitalSourceType\":\"http://cv.iptc.org/"   \
    "newscodes/digitalsourcetype/digitalCapture\"}]}"
#define HASH "{\"exclusions\":[{\"xpath\":\"/uuid\"}],\"alg\":\"sha256\",\"hash\":\"#00\"}"

static struct arena certs;
static struct x509_trust trust;
static bool here;

static int roots_open(void **state)
{
    struct slice roots = maker_load(CERTS "trust/test_cert_root_bundle.pem");
    struct slice tsa = maker_load("c2pa/made-good/local-tsa-ca.pem");

    (void)state;
    arena_init(&certs, 16u << 20);
    assert_int_equal(x509_trust_init(&trust, &certs, NULL), 0);
    here = roots.ptr && tsa.ptr;
    if (here) {
        assert_int_equal(x509_trust_anchors(&trust, roots, NULL), 0);
        assert_int_equal(x509_trust_tsa(&trust, tsa, NULL), 0);
    }
    maker_free(roots);
    maker_free(tsa);
    return 0;
}

static int roots_close(void **state)
{
    (void)state;
    arena_release(&certs);
    return 0;
}

static void show(const struct c2pa_report *report)
{
    print_message("#   cause: %.*s\n", (int)report->cause.len,
                  report->cause.len ? (const char *)report->cause.ptr : "");
    for (const struct c2pa_manifest_report *one = report->manifests; one; one = one->next) {
        for (const struct c2pa_status *s = one->results.first; s; s = s->next)
            print_message("#   %s %.*s (%.*s)\n", c2pa_code_text(s->code), (int)s->url.len,
                          s->url.len ? (const char *)s->url.ptr : "", (int)s->explanation.len,
                          s->explanation.len ? (const char *)s->explanation.ptr : "");
        for (const struct c2pa_ingredient *in = one->ingredients; in; in = in->next)
            for (const struct c2pa_status *s = in->deltas.first; s; s = s->next)
                print_message("#   delta %s %.*s (%.*s)\n", c2pa_code_text(s->code),
                              (int)s->url.len, s->url.len ? (const char *)s->url.ptr : "",
                              (int)s->explanation.len,
                              s->explanation.len ? (const char *)s->explanation.ptr : "");
    }
}

/* ---- the pipe: each report of this test goes through it ---------------------------------- */

static bool same_text(struct slice a, struct slice b)
{
    return slice_equal(a, b);
}

static bool same_results(const struct c2pa_results *a, const struct c2pa_results *b)
{
    const struct c2pa_status *x = a->first, *y = b->first;

    for (; x && y; x = x->next, y = y->next)
        if (x->code != y->code || !same_text(x->url, y->url) ||
            !same_text(x->explanation, y->explanation))
            return false;
    return !x && !y && a->count == b->count;
}

static void through_pipe(const struct c2pa_report *report)
{
    struct bytes out = {0};
    struct arena arena;
    struct c2pa_report again = {0};
    const struct c2pa_manifest_report *a, *b;
    struct why why = {0};

    bytes_init(&out, LIMIT_C2PA_REPORT);
    arena_init(&arena, LIMIT_C2PA_ARENA);
    assert_int_equal(c2pa_report_build(report, &out, &why), 0);
    if (c2pa_report_parse(bytes_view(&out), &arena, &again, &why) != 0)
        fail_msg("the pipe: %s", why.text);
    assert_int_equal(report->state, again.state);
    assert_true(same_text(report->cause, again.cause));
    for (a = report->manifests, b = again.manifests; a && b; a = a->next, b = b->next) {
        assert_true(same_text(a->label, b->label) && same_text(a->signer.name, b->signer.name));
        assert_true(same_results(&a->results, &b->results));
    }
    assert_true(!a && !b);
    for (size_t len = 0; len < out.len; len += 1 + len / 64)
        assert_true(c2pa_report_parse(slice_of(out.ptr, len), &arena, &again, NULL) != 0);
    bytes_release(&out);
    arena_release(&arena);
}

/* ---- fixtures --------------------------------------------------------------------------- */

struct fixture {
    const char *name;
    const char *path, *fragment;
    enum c2pa_state state;
    enum c2pa_code code; /* found as well; NONE: nothing to look for */
};

#define GOOD "c2pa/made-good/"
#define BROKEN "c2pa/made-broken/"
#define RS "c2pa/c2pa-rs/"

static const struct fixture fixtures[] = {
    {"PRED-ABMF-001 PRED-CONT-007 flat hash of version 3", GOOD "tiny.signed.mp4", 0,
     C2PA_TRUSTED, C2PA_BMFF_MATCH},
    {"PRED-TIME-001 PRED-CRYP-012 PRED-CRYP-014 PRED-CRYP-017 a token of an authority",
     GOOD "tiny.tst.mp4", 0, C2PA_TRUSTED, C2PA_STAMP_TRUSTED},
    {"PRED-INGR-004 PRED-INGR-005 an ingredient with its manifest", GOOD "tiny.edit.mp4", 0,
     C2PA_TRUSTED, C2PA_INGREDIENT_MANIFEST_VALIDATED},
    {"PRED-BMFF-003 PRED-ABMF-002 PRED-ABMF-003 hash and tree", GOOD "small.merkle256.mp4", 0,
     C2PA_TRUSTED, C2PA_BMFF_MATCH},
    {"no credentials", GOOD "tiny.mp4", 0, C2PA_NONE, NONE},
    {"PRED-CRYP-009 PRED-CRYP-011 claim of version 1 with an ingredient", RS "video1.mp4", 0,
     C2PA_VALID, C2PA_BMFF_MATCH},
    {"of 2021, whose certificate has run out", RS "legacy.mp4", 0, C2PA_INVALID,
     C2PA_SIGNATURE_OUTSIDE},
    {"PRED-ABMF-004 a segment and what begins it", RS "dashinit.mp4", RS "dash1.m4s",
     C2PA_VALID, C2PA_BMFF_MATCH},
    {"what begins segments, without any", RS "dashinit.mp4", 0, C2PA_INVALID,
     C2PA_BMFF_MISMATCH},
    {"a thousand boxes in each other", RS "nested_moov_1000.mp4", 0, C2PA_NONE, NONE},
    {"a MOV without credentials", RS "c.mov", 0, C2PA_NONE, NONE},
    {"an M4A without credentials", RS "sample1.m4a", 0, C2PA_NONE, NONE},
    {"a HEIC without credentials", RS "sample1.heic", 0, C2PA_NONE, NONE},
    {"an AVIF without credentials", RS "sample1.avif", 0, C2PA_NONE, NONE},
    {"a HEIC whose certificate has run out and whose stamp nobody knows",
     "c2pa/c2pa-ts/trustnxt-icon-signed-v2-bmff.heic", 0, C2PA_INVALID, C2PA_STAMP_UNTRUSTED},
    {"good", BROKEN "00-good.mp4", 0, C2PA_TRUSTED, C2PA_BMFF_MATCH},
    {"PRED-ASSE-022 PRED-STRU-007 PRED-ABMF-001 a changed bit of a picture",
     BROKEN "01-mdat-bitflip-middle.mp4", 0, C2PA_INVALID, C2PA_BMFF_MISMATCH},
    {"a changed bit of moov", BROKEN "03-moov-mvhd-bitflip.mp4", 0, C2PA_INVALID,
     C2PA_BMFF_MISMATCH},
    {"ftyp changed, which no hash covers", BROKEN "04-ftyp-minor-version-changed(excluded).mp4",
     0, C2PA_TRUSTED, C2PA_BMFF_MATCH},
    {"PRED-ASSE-019 PRED-BMFF-004 junk in a free box at the end",
     BROKEN "06-append-free-box-with-junk(excluded).mp4", 0, C2PA_INVALID, C2PA_BMFF_MISMATCH},
    {"a skip box at the end", BROKEN "07-append-skip-box(excluded-by-c2pa-rs-list).mp4", 0,
     C2PA_TRUSTED, NONE},
    {"bytes at the end", BROKEN "09-append-garbage-bytes.mp4", 0, C2PA_INVALID,
     C2PA_BMFF_MISMATCH},
    {"udta at the end", BROKEN "10-append-udta-box.mp4", 0, C2PA_INVALID, C2PA_BMFF_MISMATCH},
    {"the end cut off", BROKEN "11-truncate-last-100.mp4", 0, C2PA_INVALID, C2PA_BMFF_MISMATCH},
    {"a free box that moves all else", BROKEN "13-free-inserted-before-moov(offset-shift).mp4",
     0, C2PA_INVALID, C2PA_BMFF_MISMATCH},
    {"a C2PA box of another version", BROKEN "14-uuid-version-nonzero.mp4", 0, C2PA_INVALID,
     C2PA_GENERAL},
    {"PRED-ASSE-002 two stores", BROKEN "16-two-manifest-uuid-boxes.mp4", 0, C2PA_MALFORMED,
     NONE},
    {"a C2PA box of no purpose", BROKEN "17-uuid-purpose-unknown.mp4", 0, C2PA_MALFORMED, NONE},
    {"PRED-ASSE-006 changed actions", BROKEN "20-actions-assertion-changed.mp4", 0,
     C2PA_INVALID, C2PA_HASHED_URI_MISMATCH},
    {"PRED-ASSE-005 an assertion under another label",
     BROKEN "21-bmffhash-assertion-label-in-store-changed.mp4", 0, C2PA_INVALID,
     C2PA_ASSERTION_MISSING},
    {"PRED-CRYP-008 a changed claim", BROKEN "23-claim-instanceID-changed.mp4", 0, C2PA_INVALID,
     C2PA_SIGNATURE_MISMATCH},
    {"a claim of a version that is not there yet", BROKEN "24-claim-label-v3.mp4", 0,
     C2PA_INVALID, C2PA_CLAIM_MISSING},
    {"padding of the signature is not zero", BROKEN "26-unprotected-pad-nonzero(allowed?).mp4",
     0, C2PA_TRUSTED, C2PA_BOX_ODD},
    {"PRED-CRYP-007 a changed certificate", BROKEN "27-cert-serial-bit-flip.mp4", 0,
     C2PA_INVALID, C2PA_SIGNATURE_MISMATCH},
    {"a store of another type", BROKEN "29-store-type-uuid-broken.mp4", 0, C2PA_MALFORMED,
     NONE},
    {"a manifest of another type", BROKEN "30-manifest-type-uuid-broken.mp4", 0, C2PA_MALFORMED,
     NONE},
    {"a box longer than all", BROKEN "32-jumbf-length-overflow.mp4", 0, C2PA_MALFORMED, NONE},
    {"a uuid box longer than the file", BROKEN "33-uuid-length-huge.mp4", 0, C2PA_MALFORMED,
     NONE},
    {"stripped", BROKEN "35-manifest-stripped.mp4", 0, C2PA_NONE, NONE},
    {"stripped, and free in its place", BROKEN "36-manifest-replaced-by-free.mp4", 0, C2PA_NONE,
     NONE},
};

static void has_its_verdict(void **state)
{
    const struct fixture *fixture = *state;
    struct slice whole = maker_load(fixture->path);
    struct slice more = fixture->fragment ? maker_load(fixture->fragment) : (struct slice){0};
    struct bmff_source source = bmff_source_slice(&whole), part = bmff_source_slice(&more);
    struct c2pa_options options = {
        .trust = &trust, .now = MAKER_NOW, .fragments = &part, .fragment_count = more.len > 0};
    struct c2pa_report report = {0};
    struct why why = {0};
    struct arena arena;

    if (!whole.ptr || !here) {
        maker_free(whole);
        maker_free(more);
        skip();
    }
    arena_init(&arena, LIMIT_C2PA_ARENA);
    if (c2pa_verify(&source, &options, &arena, &report, &why) != 0)
        fail_msg("%s", why.text);
    if (report.state != fixture->state ||
        (fixture->code != NONE && !c2pa_report_has(&report, fixture->code))) {
        show(&report);
        fail_msg("%s: %s, not %s with %s", fixture->path, c2pa_state_text(report.state),
                 c2pa_state_text(fixture->state),
                 fixture->code == NONE ? "-" : c2pa_code_text(fixture->code));
    }
    assert_true((report.state == C2PA_MALFORMED || report.state == C2PA_INVALID) ==
                (report.cause.len > 0));
    through_pipe(&report);
    arena_release(&arena);
    maker_free(whole);
    maker_free(more);
}

/* ---- stores of JPEG files ---------------------------------------------------------------- */

/* The JUMBF of all APP11 segments, joined (C2PA A.3.1). */
static void jpeg_store(struct slice jpeg, struct bytes *out)
{
    size_t at = 2;

    while (at + 4 <= jpeg.len && jpeg.ptr[at] == 0xff && jpeg.ptr[at + 1] != 0xda) {
        size_t len = (size_t)jpeg.ptr[at + 2] << 8 | jpeg.ptr[at + 3];

        if (jpeg.ptr[at + 1] == 0xeb && len > 18 && at + 2 + len <= jpeg.len &&
            memcmp(jpeg.ptr + at + 4, "JP", 2) == 0) {
            /* CI, box instance, sequence; from the second on LBox and TBox stand again. */
            size_t skip = out->len ? 10 + 8 : 10;

            bytes_append(out, jpeg.ptr + at + 2 + skip, len - skip);
        }
        at += 2 + len;
    }
}

/* Five of them are wrong in their cawg.identity only, which is not of C2PA and is not read. */
static const struct fixture hostile[] = {
    {"an assertion that is referred to twice",
     "safety/c2pa-hostile/duplicate_assertion_reference.jpg", 0, C2PA_TRUSTED, NONE},
    {"a field too many", "safety/c2pa-hostile/extra_field.jpg", 0, C2PA_TRUSTED, NONE},
    {"no CBOR", "safety/c2pa-hostile/malformed_cbor.jpg", 0, C2PA_TRUSTED, NONE},
    {"nothing that binds", "safety/c2pa-hostile/no_hard_binding.jpg", 0, C2PA_TRUSTED, NONE},
    {"padding", "safety/c2pa-hostile/pad1_invalid.jpg", 0, C2PA_TRUSTED, NONE},
    {"a changed signature", "safety/c2pa-hostile/sdk/tests/fixtures/E-sig-CA.jpg", 0,
     C2PA_INVALID, NONE},
    {"a changed ingredient", "safety/c2pa-hostile/sdk/tests/fixtures/CIE-sig-CA.jpg", 0,
     C2PA_TRUSTED, NONE},
    {"changed content, which the store alone does not show",
     "safety/c2pa-hostile/sdk/tests/fixtures/XCA.jpg", 0, C2PA_TRUSTED, NONE},
};

static void is_told_from_good(void **state)
{
    const struct fixture *fixture = *state;
    struct slice jpeg = maker_load(fixture->path);
    struct c2pa_options options = {.trust = &trust, .now = MAKER_NOW};
    struct c2pa_report report = {0};
    struct bytes store = {0};
    struct arena arena;

    if (!jpeg.ptr || !here) {
        maker_free(jpeg);
        skip();
    }
    bytes_init(&store, jpeg.len + 1);
    jpeg_store(jpeg, &store);
    arena_init(&arena, LIMIT_C2PA_ARENA);
    assert_int_equal(c2pa_verify_store(bytes_view(&store), &options, &arena, &report, NULL), 0);
    if (report.state != fixture->state) {
        show(&report);
        fail_msg("%s: %s", fixture->path, c2pa_state_text(report.state));
    }
    through_pipe(&report);
    arena_release(&arena);
    bytes_release(&store);
    maker_free(jpeg);
}

/* ---- keys ------------------------------------------------------------------------------- */

static void key_load(struct maker_key *key, const char *name)
{
    char path[200];
    struct slice pem, chain;
    struct x509_cert *cert = NULL;
    struct crypt_alg alg;
    size_t count = 0;

    memset(key, 0, sizeof(*key));
    (void)snprintf(path, sizeof path, CERTS "%s.pem", name);
    pem = maker_load(path);
    (void)snprintf(path, sizeof path, CERTS "%s.pub", name);
    chain = maker_load(path);
    if (!pem.ptr || !chain.ptr || !here) {
        maker_free(pem);
        maker_free(chain);
        skip();
    }
    assert_int_equal(crypt_signer_open(pem, &key->signer, NULL), 0);
    assert_int_equal(x509_pem(chain, &certs, &cert, &count, NULL), 0);
    for (; key->count < count && key->count < 2; key->count++)
        key->chain[key->count] = cert[key->count].raw;
    for (key->alg = -7; key->alg > -60; key->alg--) {
        struct crypt_alg own;

        crypt_signer_alg(key->signer, &own);
        if (c2pa_cose_alg(key->alg, &alg) && alg.scheme == own.scheme &&
            (alg.hash == own.hash || own.scheme == CRYPT_EDDSA))
            break;
    }
    maker_free(pem);
    maker_free(chain);
}

static void judge(struct maker *maker, struct arena *arena, struct c2pa_report *report)
{
    const struct c2pa_options options = {.trust = &trust, .now = MAKER_NOW};
    struct bytes store = {0};
    struct why why = {0};

    maker_store(maker, &store);
    arena_init(arena, LIMIT_C2PA_ARENA);
    if (c2pa_verify_store(bytes_view(&store), &options, arena, report, &why) != 0)
        fail_msg("%s", why.text);
    bytes_release(&store);
    through_pipe(report);
}

/* One plain manifest by this key: its state, and a code that must be there. */
static void signed_by(const struct maker_key *key, enum c2pa_state state, enum c2pa_code code)
{
    static const struct maker_assertion plain[] = {{"c2pa.hash.bmff.v3", HASH, 0, 0, 0},
                                                   {"c2pa.actions.v2", CREATED, 0, 0, 0}};
    struct maker_manifest what = {
        .label = "urn:c2pa:a", .assertions = plain, .count = 2, .key = key};
    struct c2pa_report report = {0};
    struct maker maker;
    struct arena arena;

    maker_init(&maker);
    maker_add(&maker, &what);
    judge(&maker, &arena, &report);
    if (report.state != state || (code != NONE && !c2pa_report_has(&report, code))) {
        show(&report);
        fail_msg("%s, not %s with %s", c2pa_state_text(report.state), c2pa_state_text(state),
                 code == NONE ? "-" : c2pa_code_text(code));
    }
    arena_release(&arena);
}

static void each_algorithm_holds(void **state)
{
    static const char *const names[] = {"es256", "es384", "es512", "rs256",
                                        "ps256", "ps384", "ps512", "ed25519"};
    struct maker_key key;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        key_load(&key, names[i]);
        signed_by(&key, C2PA_TRUSTED, C2PA_SIGNATURE_VALIDATED);
        crypt_signer_close(key.signer);
    }
}

/* The header says one algorithm, the key or the signature is of another. */
static void algorithms_are_not_mixed_up(void **state)
{
    static const int64_t lies[] = {-7, -8, -35, -36, -37, -38, -39};
    static const char *const names[] = {"es256", "rs256", "ed25519"};
    struct maker_key key;

    (void)state;
    for (size_t n = 0; n < COUNT_OF(names); n++) {
        int64_t own;

        key_load(&key, names[n]);
        own = key.alg;
        for (size_t i = 0; i < COUNT_OF(lies); i++) {
            key.alg = lies[i];
            crypt_signer_alg(key.signer, &key.sign);
            if (lies[i] != own)
                signed_by(&key, C2PA_INVALID, C2PA_SIGNATURE_MISMATCH);
        }
        crypt_signer_close(key.signer);
    }
}

static void unknown_algorithms_are_refused(void **state)
{
    static const int64_t unknown[] = {-257, -65535, 0, 5, -9, -47};
    struct maker_key key;

    (void)state;
    key_load(&key, "es256");
    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        key.alg = unknown[i];
        signed_by(&key, C2PA_INVALID, C2PA_ALGORITHM_UNSUPPORTED);
    }
    crypt_signer_close(key.signer);
}

static void certificates_stand_in_one_place(void **state)
{
    struct maker_key key;
    size_t count;

    (void)state;
    key_load(&key, "es256");
    count = key.count;
    key.old_chain = true;
    signed_by(&key, C2PA_TRUSTED, C2PA_CREDENTIAL_TRUSTED);
    key.both_chains = true;
    signed_by(&key, C2PA_INVALID, C2PA_CREDENTIAL_INVALID);
    key.old_chain = key.both_chains = false;
    key.count = 0;
    signed_by(&key, C2PA_INVALID, C2PA_CREDENTIAL_INVALID);
    key.count = count;
    key.iat = true;
    signed_by(&key, C2PA_TRUSTED, C2PA_TIME_INSIDE);
    crypt_signer_close(key.signer);
}

static void somebody_elses_certificate_does_not_help(void **state)
{
    struct maker_key key, other;

    (void)state;
    key_load(&key, "es256");
    key_load(&other, "es384");
    key.chain[0] = other.chain[0];
    signed_by(&key, C2PA_INVALID, C2PA_SIGNATURE_MISMATCH);
    crypt_signer_close(key.signer);
    crypt_signer_close(other.signer);
}

static void unknown_people_are_valid_and_no_more(void **state)
{
    struct maker_key key;
    struct x509_anchor *kept = trust.anchors;
    struct x509_cert leaf;

    (void)state;
    key_load(&key, "es256");
    trust.anchors = NULL;
    signed_by(&key, C2PA_VALID, C2PA_CREDENTIAL_UNTRUSTED);
    /* Whom the reader knows himself (14.4.3). */
    assert_int_equal(x509_parse(key.chain[0], &leaf, NULL), 0);
    struct x509_leaf known = {0};
    x509_sha256(&leaf, known.sha256);
    trust.allowed = &known;
    signed_by(&key, C2PA_TRUSTED, C2PA_CREDENTIAL_TRUSTED);
    trust.allowed = NULL;
    trust.anchors = kept;
    crypt_signer_close(key.signer);
}

/* 2.4: an anchor counts only within its own times. */
static void anchors_have_times(void **state)
{
    struct maker_key key;

    (void)state;
    key_load(&key, "es256");
    for (struct x509_anchor *one = trust.anchors; one; one = one->next)
        one->not_after = MAKER_NOW - 1;
    signed_by(&key, C2PA_VALID, C2PA_CREDENTIAL_UNTRUSTED);
    for (struct x509_anchor *one = trust.anchors; one; one = one->next) {
        one->not_after = UINT64_MAX;
        one->not_before = MAKER_NOW + 1;
    }
    signed_by(&key, C2PA_VALID, C2PA_CREDENTIAL_UNTRUSTED);
    for (struct x509_anchor *one = trust.anchors; one; one = one->next)
        one->not_before = 0;
    signed_by(&key, C2PA_TRUSTED, C2PA_CREDENTIAL_TRUSTED);
    crypt_signer_close(key.signer);
}

static void two_tokens_are_none(void **state)
{
    struct maker_key key;
    struct bytes pair = {0};

    (void)state;
    key_load(&key, "es256");
    bytes_init(&pair, 4096);
    cbor_put_text(&pair, "sigTst2");
    cbor_put_map(&pair, 1);
    cbor_put_text(&pair, "tstTokens");
    cbor_put_array(&pair, 2);
    for (int i = 0; i < 2; i++) {
        cbor_put_map(&pair, 1);
        cbor_put_text(&pair, "val");
        cbor_put_bytes(&pair, slice_text("0"));
    }
    key.unprotected = bytes_view(&pair);
    signed_by(&key, C2PA_TRUSTED, C2PA_STAMP_MALFORMED);
    bytes_release(&pair);
    crypt_signer_close(key.signer);
}

/* ---- manifests that lead to each other --------------------------------------------------- */

static const struct maker_assertion below[] = {{"c2pa.hash.bmff.v3", HASH, 0, 0, 0},
                                               {"c2pa.actions.v2", CREATED, 0, 0, 0},
                                               {"org.example.x", "{\"a\":1}", 0, 0, 0}};

#define OPENED                                                                                 \
    "{\"actions\":[{\"action\":\"c2pa.opened\",\"parameters\":{\"ingredients\":"               \
    "[\"@c2pa.ingredient.v3\"]}}]}"
#define PARENT(more)                                                                           \
    "{\"relationship\":\"parentOf\",\"activeManifest\":\"@/c2pa/urn:c2pa:b\","                 \
    "\"claimSignature\":\"@/c2pa/urn:c2pa:b/c2pa.signature\",\"validationResults\":" more "}"

static void lead(const struct maker_manifest *first, const struct maker_manifest *second,
                 enum c2pa_state state, enum c2pa_code code)
{
    struct c2pa_report report = {0};
    struct maker maker;
    struct arena arena;

    maker_init(&maker);
    maker_add(&maker, first);
    maker_add(&maker, second);
    judge(&maker, &arena, &report);
    if (report.state != state || (code != NONE && !c2pa_report_has(&report, code))) {
        show(&report);
        fail_msg("%s, not %s with %s", c2pa_state_text(report.state), c2pa_state_text(state),
                 code == NONE ? "-" : c2pa_code_text(code));
    }
    arena_release(&arena);
}

/* A manifest, and one of the same signer that has it as its parent. */
struct family {
    struct maker_key key;
    struct maker_assertion above[3];
    struct maker_manifest a, b;
};

static void family_make(struct family *family, const struct maker_assertion *parent,
                        size_t count)
{
    *family = (struct family){
        .above = {{"c2pa.hash.bmff.v3", HASH, 0, 0, 0},
                  {"c2pa.ingredient.v3", PARENT("{}"), 0, 0, 0},
                  {"c2pa.actions.v2", OPENED, 0, 0, 0}},
        .b = {.label = "urn:c2pa:b", .assertions = parent, .count = count, .key = &family->key},
        .a = {.label = "urn:c2pa:a",
              .assertions = family->above,
              .count = COUNT_OF(family->above),
              .key = &family->key}};
    key_load(&family->key, "es256");
}

static void parents_are_judged(void **state)
{
    struct family family;

    (void)state;
    family_make(&family, below, 2);
    lead(&family.b, &family.a, C2PA_TRUSTED, C2PA_INGREDIENT_MANIFEST_VALIDATED);
    lead(&family.b, &family.a, C2PA_TRUSTED, C2PA_INGREDIENT_SIGNATURE_VALIDATED);
    family.above[1].json =
        "{\"relationship\":\"parentOf\",\"activeManifest\":\"!@/c2pa/urn:c2pa:b\","
        "\"validationResults\":{}}";
    lead(&family.b, &family.a, C2PA_INVALID, C2PA_INGREDIENT_MANIFEST_MISMATCH);
    family.above[1].json =
        "{\"relationship\":\"parentOf\",\"activeManifest\":\"@/c2pa/urn:c2pa:b\","
        "\"claimSignature\":\"!@/c2pa/urn:c2pa:b/c2pa.signature\",\"validationResults\":{}}";
    lead(&family.b, &family.a, C2PA_TRUSTED, C2PA_INGREDIENT_MANIFEST_VALIDATED);
    family.above[1].json =
        "{\"relationship\":\"parentOf\",\"activeManifest\":\"!@/c2pa/urn:c2pa:b\","
        "\"claimSignature\":\"!@/c2pa/urn:c2pa:b/c2pa.signature\",\"validationResults\":{}}";
    lead(&family.b, &family.a, C2PA_INVALID, C2PA_INGREDIENT_SIGNATURE_MISMATCH);
    crypt_signer_close(family.key.signer);
}

#define TOLD(url)                                                                              \
    PARENT("{\"activeManifest\":{\"success\":[],\"informational\":[],\"failure\":"             \
           "[{\"code\":\"assertion.action.malformed\"" url "}]}}")

/* What was wrong when it was taken in, and said, does not count again (15.11.3.3). */
static void known_faults_are_no_news(void **state)
{
    struct family family;
    struct maker_assertion bad[] = {{"c2pa.hash.bmff.v3", HASH, 0, 0, 0},
                                    {"c2pa.actions.v2", "{\"actions\":[]}", 0, 0, 0}};

    (void)state;
    family_make(&family, bad, COUNT_OF(bad));
    lead(&family.b, &family.a, C2PA_INVALID, C2PA_ACTION_MALFORMED);
    family.above[1].json = TOLD("");
    lead(&family.b, &family.a, C2PA_TRUSTED, NONE);
    family.above[1].json = TOLD(",\"url\":\"urn:c2pa:b\"");
    lead(&family.b, &family.a, C2PA_TRUSTED, NONE);
    family.above[1].json = TOLD(",\"url\":\"self#jumbf=/c2pa/urn:c2pa:c/c2pa.claim.v2\"");
    lead(&family.b, &family.a, C2PA_INVALID, C2PA_ACTION_MALFORMED);
    crypt_signer_close(family.key.signer);
}

static void later_rules_are_for_later_claims(void **state)
{
    struct maker_key key;
    struct maker_assertion edited[] = {
        {"c2pa.hash.bmff.v3", HASH, 0, 0, 0},
        {"c2pa.actions.v2",
         "{\"actions\":[{\"action\":\"c2pa.created\",\"digitalSourceType\":\"x\"},{\"action\":"
         "\"c2pa.edited\"}]}",
         0, 0, 0}};
    struct maker_assertion above[] = {{"c2pa.hash.bmff.v3", HASH, 0, 0, 0},
                                      {"c2pa.ingredient.v3", PARENT("{}"), 0, 0, 0},
                                      {"c2pa.actions.v2", OPENED, 0, 0, 0}};
    struct maker_manifest b = {
        .label = "urn:c2pa:b", .assertions = edited, .count = 2, .key = &key};
    struct maker_manifest a = {
        .label = "urn:c2pa:a", .assertions = above, .count = 3, .key = &key};

    (void)state;
    key_load(&key, "es256");
    lead(&b, &a, C2PA_TRUSTED, NONE);
    lead(&a, &b, C2PA_INVALID, C2PA_ACTION_MALFORMED);
    crypt_signer_close(key.signer);
}

static void redactions_are_followed(void **state)
{
    struct family family;
    struct maker_assertion gone[] = {{"c2pa.hash.bmff.v3", HASH, 0, 0, 0},
                                     {"c2pa.actions.v2", CREATED, 0, 0, 0},
                                     {"org.example.x", "{\"a\":1}", 0, 0, 0}};

    (void)state;
    family_make(&family, gone, COUNT_OF(gone));
    family.a.extra = "{\"redacted_assertions\":[\"self#jumbf=/c2pa/urn:c2pa:b/c2pa.assertions/"
                     "org.example.x\"]}";
    /* It is still there. */
    lead(&family.b, &family.a, C2PA_INVALID, C2PA_NOT_REDACTED);
    /* It is zeros: the hash of the manifest has changed since, that of its signature not. */
    gone[2].zeros = true;
    family.above[1].json =
        "{\"relationship\":\"parentOf\",\"activeManifest\":\"!@/c2pa/urn:c2pa:b\","
        "\"claimSignature\":\"@/c2pa/urn:c2pa:b/c2pa.signature\",\"validationResults\":{}}";
    lead(&family.b, &family.a, C2PA_TRUSTED, C2PA_INGREDIENT_SIGNATURE_VALIDATED);
    /* Without the hash of the signature nothing is left to hold on to. */
    family.above[1].json =
        "{\"relationship\":\"parentOf\",\"activeManifest\":\"!@/c2pa/urn:c2pa:b\","
        "\"validationResults\":{}}";
    lead(&family.b, &family.a, C2PA_INVALID, C2PA_INGREDIENT_SIGNATURE_MISSING);
    crypt_signer_close(family.key.signer);
}

static void other_manifests_are_ignored(void **state)
{
    struct maker_key key;
    struct maker_manifest b = {.label = "urn:c2pa:b",
                               .assertions = below,
                               .count = 3,
                               .key = &key,
                               .extra = "{\"surprise\":1}"};
    struct maker_manifest a = {
        .label = "urn:c2pa:a", .assertions = below, .count = 3, .key = &key};

    (void)state;
    key_load(&key, "es256");
    lead(&b, &a, C2PA_TRUSTED, NONE);
    /* Two of one label: who refers to it refers to nothing. */
    b.label = "urn:c2pa:a";
    lead(&b, &a, C2PA_INVALID, C2PA_CLAIM_MALFORMED);
    crypt_signer_close(key.signer);
}

static void updates_lead_to_what_is_bound(void **state)
{
    static const struct maker_assertion update[] = {
        {"c2pa.ingredient.v3", PARENT("{}"), 0, 0, 0}};
    static const struct maker_assertion gathered[] = {
        {"c2pa.ingredient.v3", PARENT("{}"), true, 0, 0}};
    struct maker_key key;
    struct maker_manifest b = {
        .label = "urn:c2pa:b", .assertions = below, .count = 2, .key = &key};
    struct maker_manifest a = {
        .label = "urn:c2pa:a", .type = "c2um", .assertions = update, .count = 1, .key = &key};

    (void)state;
    key_load(&key, "es256");
    lead(&b, &a, C2PA_TRUSTED, C2PA_INGREDIENT_MANIFEST_VALIDATED);
    a.assertions = gathered;
    lead(&b, &a, C2PA_TRUSTED, C2PA_INGREDIENT_MANIFEST_VALIDATED);
    crypt_signer_close(key.signer);
}

/* Time-stamp manifests, which 2.2 gave up, are no part of what is judged. */
static void time_stamp_manifests_are_ignored(void **state)
{
    struct maker_key key;
    struct maker_manifest b = {.label = "urn:c2pa:b",
                               .type = "c2tm",
                               .assertions = below,
                               .count = 1,
                               .key = &key,
                               .extra = "{\"instanceID\":null}"};
    struct maker_manifest a = {
        .label = "urn:c2pa:a", .assertions = below, .count = 3, .key = &key};

    (void)state;
    key_load(&key, "es256");
    lead(&b, &a, C2PA_TRUSTED, NONE);
    crypt_signer_close(key.signer);
}

/* An update behind the content: its hash is that of the manifest it updates. */
static void updated_files_match(void **state)
{
    const char *source = getenv("STILLHERE_SOURCE");
    struct c2pa_options options = {.now = MAKER_NOW};
    char path[1000];
    struct slice whole;
    struct bmff_source file;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/tests/fuzz/seeds/c2pa/update",
                   source ? source : "..");
    whole = maker_load(path[0] == '/' ? path : "");
    if (!whole.ptr)
        skip();
    file = bmff_source_slice(&whole);
    for (int round = 0; round < 2; round++) {
        struct c2pa_report report = {0};
        struct arena arena;

        arena_init(&arena, LIMIT_C2PA_ARENA);
        assert_int_equal(c2pa_verify(&file, &options, &arena, &report, NULL), 0);
        assert_non_null(report.manifests);
        assert_true(report.manifests->update && report.manifests->has_signer);
        assert_true(c2pa_report_has(&report, C2PA_BMFF_MATCH));
        if (round && report.state != C2PA_VALID) {
            show(&report);
            fail_msg("%s", c2pa_state_text(report.state));
        }
        options.now = report.manifests->signer.not_before + 60;
        arena_release(&arena);
    }
    maker_free(whole);
}

/* ---- hashes that say the impossible ------------------------------------------------------ */

static void hash_says(const char *json, enum c2pa_bound_verdict verdict)
{
    struct slice whole = maker_load(GOOD "tiny.mp4");
    struct bmff_source source = bmff_source_slice(&whole);
    struct c2pa_binding binding = {.version = C2PA_BMFF_V3, .alg = slice_text("sha256")};
    struct c2pa_bound bound = {0};
    struct c2pa_file file = {0};
    struct cbor_value *map = NULL;
    struct bytes raw = {0};
    struct maker maker = {0};
    struct arena arena;

    if (!whole.ptr)
        skip();
    bytes_init(&raw, 65536);
    arena_init(&arena, LIMIT_C2PA_ARENA);
    put_text_json(&maker, json, &raw);
    assert_int_equal(cbor_parse(bytes_view(&raw), LIMIT_CBOR_DEPTH, &arena, &map, NULL), 0);
    binding.map = map;
    assert_int_equal(c2pa_file_open(&source, &arena, &file, NULL), 0);
    assert_int_equal(c2pa_binding_check(&file, &binding, &arena, &bound, NULL), 0);
    if (bound.verdict != verdict)
        fail_msg("%s: verdict %d, not %d: %s", json, bound.verdict, verdict, bound.cause.text);
    arena_release(&arena);
    bytes_release(&raw);
    maker_free(whole);
}

static void exclusions_must_be_there(void **state)
{
    (void)state;
    hash_says("{\"alg\":\"sha256\",\"hash\":\"#00\"}", C2PA_BOUND_MALFORMED);
    hash_says("{\"exclusions\":[],\"alg\":\"sha256\",\"hash\":\"#00\"}", C2PA_BOUND_MALFORMED);
    hash_says("{\"exclusions\":{},\"alg\":\"sha256\",\"hash\":\"#00\"}", C2PA_BOUND_MALFORMED);
    hash_says("{\"exclusions\":[{\"xpath\":\"/uuid\"}],\"alg\":\"sha256\",\"hash\":\"#00\"}",
              C2PA_BOUND_MISMATCH);
    hash_says("{\"exclusions\":[{\"xpath\":\"/uuid\"}],\"alg\":\"md5\",\"hash\":\"#00\"}",
              C2PA_BOUND_ALGORITHM);
}

static void subsets_must_be_in_order(void **state)
{
    (void)state;
    hash_says("{\"exclusions\":[{\"xpath\":\"/mdat\",\"subset\":[{\"offset\":16,\"length\":8},"
              "{\"offset\":20,\"length\":4}]}],\"alg\":\"sha256\",\"hash\":\"#00\"}",
              C2PA_BOUND_MALFORMED);
    hash_says("{\"exclusions\":[{\"xpath\":\"/mdat\",\"subset\":[{\"offset\":40,\"length\":8},"
              "{\"offset\":16,\"length\":4}]}],\"alg\":\"sha256\",\"hash\":\"#00\"}",
              C2PA_BOUND_MALFORMED);
}

/* ---- codes ------------------------------------------------------------------------------ */

/* Own codes too: names with dots, of letters, digits, _ and -. */
static void codes_are_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < C2PA_CODE_COUNT; i++) {
        const char *text = c2pa_code_text(i);
        size_t len = strlen(text);

        assert_true(strchr(text, '.') && text[0] != '.' && text[len - 1] != '.' &&
                    !strstr(text, ".."));
        for (size_t c = 0; c < len; c++)
            assert_true(strchr(
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.", text[c]));
        assert_int_equal(c2pa_code_of(slice_text(text)), i);
    }
}

/* ---- texts ------------------------------------------------------------------------------ */

static void harmless(struct slice text)
{
    if (text.len)
        assert_int_equal(text_check(text, TEXT_LINE, LIMIT_C2PA_TEXT, "text", NULL), 0);
}

static void texts_are_harmless(const struct c2pa_manifest_report *told)
{
    assert_true(told->title.len && told->generator.len && told->ingredients && told->actions &&
                told->actions->next);
    harmless(told->title);
    harmless(told->generator);
    harmless(told->generator_version);
    for (const struct c2pa_action *one = told->actions; one; one = one->next) {
        harmless(one->action);
        harmless(one->source_type);
        harmless(one->reason);
        harmless(one->description);
        harmless(one->agent);
    }
    harmless(told->ingredients->title);
    harmless(told->ingredients->format);
}

/* What is handed on as JSON is JSON. */
static void results_are_json(const struct c2pa_report *report, struct arena *arena)
{
    struct json_writer writer;
    struct bytes out = {0};
    struct json_value *root = NULL;

    bytes_init(&out, 1u << 20);
    json_writer_init(&writer, &out);
    c2pa_report_json(report, &writer, NULL);
    assert_int_equal(json_parse(bytes_view(&out), 16, arena, &root, NULL), 0);
    assert_non_null(json_member(json_member(root, "activeManifest"), "success"));
    bytes_release(&out);
}

static void text_does_no_harm(const struct maker_key *key, const char *bad)
{
    char action[800], title[400], ingredient[600];
    struct maker_assertion with[] = {{"c2pa.hash.bmff.v3", HASH, 0, 0, 0},
                                     {"c2pa.ingredient.v3", ingredient, 0, 0, 0},
                                     {"c2pa.actions.v2", action, 0, 0, 0}};
    struct maker_manifest what = {
        .label = "urn:c2pa:a", .assertions = with, .count = 3, .extra = title, .key = key};
    struct c2pa_report report = {0};
    struct maker maker;
    struct arena arena;

    (void)snprintf(title, sizeof title,
                   "{\"dc:title\":\"%s\",\"claim_generator_info\":{\"name\":\"%s\","
                   "\"version\":\"%s\"}}",
                   bad, bad, bad);
    (void)snprintf(action, sizeof action,
                   "{\"actions\":[{\"action\":\"c2pa.created\",\"digitalSourceType\":\"%s\","
                   "\"reason\":\"%s\",\"description\":\"%s\",\"softwareAgent\":\"%s\"},"
                   "{\"action\":\"%s\",\"digitalSourceType\":\"x\"}]}",
                   bad, bad, bad, bad, bad);
    (void)snprintf(ingredient, sizeof ingredient,
                   "{\"relationship\":\"inputTo\",\"dc:title\":\"%s\",\"dc:format\":\"%s\"}",
                   bad, bad);
    maker_init(&maker);
    maker_add(&maker, &what);
    judge(&maker, &arena, &report);
    assert_int_equal(report.state, C2PA_TRUSTED);
    texts_are_harmless(report.manifests);
    results_are_json(&report, &arena);
    arena_release(&arena);
}

static void texts_do_no_harm(void **state)
{
    static const char *const bad[] = {"<script>alert(1)</script>",
                                      "\\u001b[2J\\u001b[31m",
                                      "a\\u0000b",
                                      "\\u202eevil\\u2066",
                                      "line\\nline\\r\\t",
                                      "\\ufeff\\u200b\\u00ad",
                                      "' OR 1=1; --",
                                      "\\u0085\\u2028\\u2029"};
    struct maker_key key;

    (void)state;
    key_load(&key, "es256");
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        text_does_no_harm(&key, bad[i]);
    crypt_signer_close(key.signer);
}

/* ---- every prefix, and every byte changed ------------------------------------------------ */

static void damage_is_never_trusted(void **state)
{
    struct slice whole = maker_load(GOOD "tiny.signed.mp4");
    struct c2pa_options options = {.trust = &trust, .now = MAKER_NOW};
    uint8_t *copy;
    struct slice view;
    struct bmff_source source;

    (void)state;
    if (!whole.ptr || !here) {
        maker_free(whole);
        skip();
    }
    copy = malloc(whole.len);
    assert_non_null(copy);
    for (size_t at = 40; at < whole.len; at += 37) {
        struct c2pa_report report = {0};
        struct arena arena;

        memcpy(copy, whole.ptr, whole.len);
        copy[at] ^= (uint8_t)(1u << (at % 8));
        view = slice_of(copy, at % 3 ? whole.len : at); /* each third is a prefix */
        source = bmff_source_slice(&view);
        arena_init(&arena, LIMIT_C2PA_ARENA);
        assert_int_equal(c2pa_verify(&source, &options, &arena, &report, NULL), 0);
        /* Only what pads the signature may change, and that is told. */
        if (report.state >= C2PA_VALID &&
            (at % 3 == 0 || !c2pa_report_has(&report, C2PA_BOX_ODD)))
            fail_msg("%s %zu, and it holds", at % 3 ? "byte" : "cut at", at);
        arena_release(&arena);
    }
    free(copy);
    maker_free(whole);
}

int main(void)
{
    const struct CMUnitTest fixed[] = {
        SHOWS("PRED-CRYP-003 PRED-CRYP-004", each_algorithm_holds),
        SHOWS("PRED-CRYP-003 PRED-CRYP-008", algorithms_are_not_mixed_up),
        SHOWS("PRED-CRYP-004", unknown_algorithms_are_refused),
        SHOWS("PRED-CRYP-003 PRED-CRYP-009 PRED-CRYP-018 PRED-CRYP-019",
              certificates_stand_in_one_place),
        SHOWS("PRED-CRYP-008", somebody_elses_certificate_does_not_help),
        SHOWS("PRED-CRYP-005 PRED-CRYP-007 PRED-STRU-001",
              unknown_people_are_valid_and_no_more),
        SHOWS("PRED-CRYP-006", anchors_have_times),
        SHOWS("PRED-CRYP-010", two_tokens_are_none),
        SHOWS("PRED-INGR-004 PRED-INGR-005", parents_are_judged),
        SHOWS("PRED-INGR-005", known_faults_are_no_news),
        SHOWS("PRED-ASSE-025", later_rules_are_for_later_claims),
        SHOWS("PRED-INGR-002 PRED-CRYP-025", redactions_are_followed),
        SHOWS("PRED-INGR-006", other_manifests_are_ignored),
        SHOWS("PRED-INGR-005", updates_lead_to_what_is_bound),
        SHOWS("PRED-TIME-004", time_stamp_manifests_are_ignored),
        SHOWS("PRED-INGR-007 PRED-INGR-008", updated_files_match),
        SHOWS("PRED-BMFF-001", exclusions_must_be_there),
        SHOWS("PRED-BMFF-002", subsets_must_be_in_order),
        SHOWS("PRED-STRU-002", codes_are_names),
        cmocka_unit_test(texts_do_no_harm),
        cmocka_unit_test(damage_is_never_trusted),
    };
    struct CMUnitTest tests[COUNT_OF(fixtures) + COUNT_OF(hostile) + COUNT_OF(fixed)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(fixtures); i++)
        tests[count++] = (struct CMUnitTest){fixtures[i].name, has_its_verdict, NULL, NULL,
                                             (void *)(uintptr_t)&fixtures[i]};
    for (size_t i = 0; i < COUNT_OF(hostile); i++)
        tests[count++] = (struct CMUnitTest){hostile[i].name, is_told_from_good, NULL, NULL,
                                             (void *)(uintptr_t)&hostile[i]};
    for (size_t i = 0; i < COUNT_OF(fixed); i++)
        tests[count++] = fixed[i];
    return cmocka_run_group_tests(tests, roots_open, roots_close);
}
