/*
 * stamp: tokens of real servers, tokens by OpenSSL with its own verdict beside ours, and every
 * way in which a token can be wrong, built by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>

#include "crypt/crypt.h"
#include "der/der.h"
#include "stamp/stamp.h"
#include "x509/x509.h"

#include "shows.h"

#define GEN_TIME UINT64_C(1772366400) /* 2026-03-01T12:00:00Z */
#define YEAR (UINT64_C(365) * 86400)

/* ---- keys and certificates, made once ---- */

struct party {
    EVP_PKEY *pkey;
    X509 *x509;
    uint8_t der[4000];
    size_t len;
    struct x509_cert cert;
    struct crypt_signer *signer;
};

static struct party ca, other_ca, sub_ca, good, rsa, under_sub, expired, future, p384;
static struct party no_eku, soft_eku, two_ekus, mail_eku;
static struct arena arena;
static struct x509_trust trust, no_trust, other_trust;

static void extend(X509 *x509, X509 *issuer, int nid, const char *value)
{
    X509_EXTENSION *extension;
    X509V3_CTX ctx;

    X509V3_set_ctx(&ctx, issuer, x509, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void pem_signer(struct party *party)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    long len;

    assert_int_equal(PEM_write_bio_PrivateKey(bio, party->pkey, NULL, NULL, 0, NULL, NULL), 1);
    len = BIO_get_mem_data(bio, &text);
    assert_int_equal(crypt_signer_open(slice_of(text, (size_t)len), &party->signer, NULL), 0);
    BIO_free(bio);
}

struct subject {
    const char *name;
    struct party *issuer; /* NULL: itself */
    const char *eku;      /* NULL: an authority */
    uint64_t from, to;
};

static void party_make(struct party *party, EVP_PKEY *pkey, struct subject subject)
{
    static long serial = 1000;
    X509 *x509 = X509_new();
    X509 *by = subject.issuer ? subject.issuer->x509 : x509;
    const char *eku = subject.eku;
    uint8_t *end = party->der;
    int len;

    assert_non_null(pkey);
    party->pkey = pkey;
    party->x509 = x509;
    assert_int_equal(X509_set_version(x509, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x509), serial++), 1);
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x509), (time_t)subject.from));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x509), (time_t)subject.to));
    assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN",
                                                MBSTRING_UTF8, (const uint8_t *)subject.name,
                                                -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(x509, X509_get_subject_name(by)), 1);
    assert_int_equal(X509_set_pubkey(x509, pkey), 1);
    extend(x509, by, NID_subject_key_identifier, "hash");
    extend(x509, by, NID_authority_key_identifier, "keyid");
    extend(x509, by, NID_basic_constraints, eku ? "critical,CA:FALSE" : "critical,CA:TRUE");
    extend(x509, by, NID_key_usage,
           eku ? "critical,digitalSignature" : "critical,keyCertSign,cRLSign");
    if (eku && *eku)
        extend(x509, by, NID_ext_key_usage, eku);
    assert_true(X509_sign(x509, subject.issuer ? subject.issuer->pkey : pkey, EVP_sha256()) >
                0);
    len = i2d_X509(x509, NULL);
    assert_true(len > 0 && (size_t)len <= sizeof party->der);
    party->len = (size_t)i2d_X509(x509, &end);
    assert_int_equal(x509_parse(slice_of(party->der, party->len), &party->cert, NULL), 0);
    pem_signer(party);
}

static void trust_make(struct x509_trust *out, const struct party *authority)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    long len;

    assert_int_equal(x509_trust_init(out, &arena, NULL), 0);
    assert_int_equal(PEM_write_bio_X509(bio, authority->x509), 1);
    len = BIO_get_mem_data(bio, &text);
    assert_int_equal(x509_trust_tsa(out, slice_of(text, (size_t)len), NULL), 0);
    BIO_free(bio);
}

static EVP_PKEY *ec(void)
{
    return EVP_EC_gen("P-256");
}

static int make_all(void **state)
{
    const char *eku = "critical,timeStamping";
    uint64_t from = GEN_TIME - YEAR, to = GEN_TIME + YEAR;

    (void)state;
    arena_init(&arena, 16u << 20);
    party_make(&ca, ec(), (struct subject){"CA", NULL, NULL, from - YEAR, to + YEAR});
    party_make(&other_ca, ec(),
               (struct subject){"Other CA", NULL, NULL, from - YEAR, to + YEAR});
    party_make(&sub_ca, ec(), (struct subject){"Sub CA", &ca, NULL, from, to});
    party_make(&good, ec(), (struct subject){"TSA", &ca, eku, from, to});
    party_make(&rsa, EVP_RSA_gen(2048), (struct subject){"TSA RSA", &ca, eku, from, to});
    party_make(&p384, EVP_EC_gen("P-384"), (struct subject){"TSA P-384", &ca, eku, from, to});
    party_make(&under_sub, ec(), (struct subject){"TSA below", &sub_ca, eku, from, to});
    party_make(&expired, ec(), (struct subject){"TSA past", &ca, eku, from, GEN_TIME - 1});
    party_make(&future, ec(), (struct subject){"TSA to come", &ca, eku, GEN_TIME + 1, to});
    party_make(&no_eku, ec(), (struct subject){"TSA none", &ca, "", from, to});
    party_make(&soft_eku, ec(), (struct subject){"TSA soft", &ca, "timeStamping", from, to});
    party_make(
        &two_ekus, ec(),
        (struct subject){"TSA two", &ca, "critical,timeStamping,emailProtection", from, to});
    party_make(&mail_eku, ec(),
               (struct subject){"TSA mail", &ca, "critical,emailProtection", from, to});
    trust_make(&trust, &ca);
    trust_make(&other_trust, &other_ca);
    assert_int_equal(x509_trust_init(&no_trust, &arena, NULL), 0);
    return 0;
}

static int release_all(void **state)
{
    struct party *all[] = {&ca,        &other_ca, &sub_ca,  &good,   &rsa,
                           &under_sub, &p384,     &expired, &future, &no_eku,
                           &soft_eku,  &two_ekus, &mail_eku};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        X509_free(all[i]->x509);
        EVP_PKEY_free(all[i]->pkey);
        crypt_signer_close(all[i]->signer);
    }
    arena_release(&arena);
    return 0;
}

/* ---- tokens built by hand ---- */

#define MESSAGE "who is still here"

/* What differs from a good token; all zero: nothing. */
struct forge {
    const struct party *by;    /* good */
    const struct party *named; /* in sid: by */
    const struct party *meant; /* in signingCertificate: by */
    const struct party *also;  /* one certificate more */
    const char *said;          /* what is stamped: MESSAGE */
    const char *time;          /* "20260301120000Z" */
    const char *content_type;  /* of the content */
    const char *attr_type;     /* of the attribute contentType */
    const char *imprint_oid;   /* SHA-256 */
    const char *digest_oid;    /* SHA-256 */
    const char *sig_oid;       /* as the key has it, of SHA-256 */
    unsigned version;          /* 1 */
    unsigned ess; /* ESSCertID: 0: V2, 1: V1, 2: V2 of SHA-1, 3: V2, issuerSerial */
    size_t cut;   /* bytes that the imprint is shorter */
    size_t many;  /* certificates more */
    bool by_ski, no_certs, no_digest, no_type, no_ess, twice, wrong_digest, critical, soft;
    bool nonce, two_signers, no_attrs, other_info, rsa_key_oid, wrong_serial, tail;
};

static const char *sha_oid(enum crypt_hash hash)
{
    return hash == CRYPT_SHA1     ? "1.3.14.3.2.26"
           : hash == CRYPT_SHA256 ? "2.16.840.1.101.3.4.2.1"
           : hash == CRYPT_SHA384 ? "2.16.840.1.101.3.4.2.2"
                                  : "2.16.840.1.101.3.4.2.3";
}

static void put_alg(struct bytes *out, const char *oid, bool null)
{
    size_t seq = der_open(out);

    der_put_oid(out, oid);
    if (null)
        der_put_null(out);
    der_close(out, DER_SEQUENCE, seq);
}

static void put_digest(struct bytes *out, enum crypt_hash hash, struct slice of, size_t cut)
{
    uint8_t digest[CRYPT_DIGEST_MAX];

    crypto.digest(hash, of, digest);
    der_put(out, DER_OCTET_STRING, slice_of(digest, crypt_hash_bytes(hash) - cut));
}

static void put_info(struct bytes *out, const struct forge *forge)
{
    const char *time = forge->time ? forge->time : "20260301120000Z";
    size_t whole = der_open(out), part, inner;

    der_put_u64(out, forge->version ? forge->version : 1);
    der_put_oid(out, "1.2.3.4.5");
    part = der_open(out);
    put_alg(out, forge->imprint_oid ? forge->imprint_oid : sha_oid(CRYPT_SHA256), true);
    put_digest(out, CRYPT_SHA256, slice_text(forge->said ? forge->said : MESSAGE), forge->cut);
    der_close(out, DER_SEQUENCE, part);
    der_put_u64(out, 77);
    der_put(out, DER_GENERALIZED_TIME, slice_text(time));
    if (forge->nonce)
        der_put_unsigned(out, slice_of("\x91\x02\x03\x04\x05\x06\x07\x08", 8));
    if (forge->critical || forge->soft) {
        part = der_open(out);
        inner = der_open(out);
        der_put_oid(out, "1.2.3.4.6");
        if (forge->critical)
            der_put_bool(out, true);
        der_put(out, DER_OCTET_STRING, slice_text("x"));
        der_close(out, DER_SEQUENCE, inner);
        der_close(out, DER_CONTEXT_BUILT(1), part);
    }
    if (forge->other_info)
        der_put_null(out);
    der_close(out, DER_SEQUENCE, whole);
}

static void put_attr(struct bytes *out, const char *oid, struct slice value)
{
    size_t seq = der_open(out), set;

    der_put_oid(out, oid);
    set = der_open(out);
    bytes_slice(out, value);
    der_close(out, DER_SET, set);
    der_close(out, DER_SEQUENCE, seq);
}

static void put_cert_id(struct bytes *out, const struct forge *forge, const struct party *meant)
{
    size_t whole = der_open(out), list = der_open(out), id = der_open(out), a, b, c;

    if (forge->ess == 2)
        put_alg(out, sha_oid(CRYPT_SHA1), false);
    put_digest(out, forge->ess == 1 || forge->ess == 2 ? CRYPT_SHA1 : CRYPT_SHA256,
               meant->cert.raw, 0);
    if (forge->ess == 3) {
        a = der_open(out);
        b = der_open(out);
        c = der_open(out);
        bytes_slice(out, meant->cert.issuer);
        der_close(out, DER_CONTEXT_BUILT(4), c);
        der_close(out, DER_SEQUENCE, b);
        der_put(out, DER_INTEGER,
                forge->wrong_serial ? slice_of("\x05", 1) : meant->cert.serial);
        der_close(out, DER_SEQUENCE, a);
    }
    der_close(out, DER_SEQUENCE, id);
    der_close(out, DER_SEQUENCE, list);
    der_close(out, DER_SEQUENCE, whole);
}

/* The attributes, without the tag around them. */
static void put_attrs(struct bytes *out, const struct forge *forge, struct slice info)
{
    const struct party *by = forge->by ? forge->by : &good;
    struct bytes value;

    bytes_init(&value, 4000);
    der_put_oid(&value, forge->attr_type ? forge->attr_type : "1.2.840.113549.1.9.16.1.4");
    if (!forge->no_type)
        put_attr(out, "1.2.840.113549.1.9.3", bytes_view(&value));
    bytes_clear(&value);
    put_digest(&value, CRYPT_SHA256, forge->wrong_digest ? slice_text("x") : info, 0);
    for (unsigned i = 0; i < (forge->no_digest ? 0u : forge->twice ? 2u : 1u); i++)
        put_attr(out, "1.2.840.113549.1.9.4", bytes_view(&value));
    bytes_clear(&value);
    put_cert_id(&value, forge, forge->meant ? forge->meant : by);
    if (!forge->no_ess)
        put_attr(out,
                 forge->ess == 1 ? "1.2.840.113549.1.9.16.2.12" : "1.2.840.113549.1.9.16.2.47",
                 bytes_view(&value));
    bytes_release(&value);
}

static void put_sid(struct bytes *out, const struct forge *forge, const struct party *named)
{
    size_t seq;

    if (forge->by_ski) {
        der_put(out, DER_CONTEXT(0), named->cert.ski);
        return;
    }
    seq = der_open(out);
    bytes_slice(out, named->cert.issuer);
    der_put(out, DER_INTEGER, named->cert.serial);
    der_close(out, DER_SEQUENCE, seq);
}

static void put_signer(struct bytes *out, const struct forge *forge, struct slice info)
{
    const struct party *by = forge->by ? forge->by : &good;
    struct crypt_alg alg = {.scheme = CRYPT_ECDSA_DER, .hash = CRYPT_SHA256};
    const char *oid = "1.2.840.10045.4.3.2";
    struct bytes attrs, made;
    size_t whole = der_open(out);

    bytes_init(&attrs, 9000);
    bytes_init(&made, 2000);
    if (by->cert.key == X509_KEY_RSA) {
        alg.scheme = CRYPT_RSA_PKCS1;
        oid = forge->rsa_key_oid ? "1.2.840.113549.1.1.1" : "1.2.840.113549.1.1.11";
    }
    put_attrs(&attrs, forge, info);
    der_put_u64(out, 1);
    put_sid(out, forge, forge->named ? forge->named : by);
    put_alg(out, forge->digest_oid ? forge->digest_oid : sha_oid(CRYPT_SHA256), false);
    if (!forge->no_attrs)
        der_put(out, DER_CONTEXT_BUILT(0), bytes_view(&attrs));
    put_alg(out, forge->sig_oid ? forge->sig_oid : oid, by->cert.key == X509_KEY_RSA);
    der_put(&made, DER_SET, bytes_view(&attrs)); /* what is signed */
    bytes_clear(&attrs);
    assert_int_equal(crypt_signer_sign(by->signer, &alg,
                                       forge->no_attrs ? info : bytes_view(&made), &attrs,
                                       NULL),
                     0);
    der_put(out, DER_OCTET_STRING, bytes_view(&attrs));
    der_close(out, DER_SEQUENCE, whole);
    bytes_release(&attrs);
    bytes_release(&made);
}

static void forge(struct bytes *out, const struct forge *forge)
{
    const struct party *by = forge->by ? forge->by : &good;
    size_t whole, a, data, part, octets;
    struct bytes info;

    bytes_init(&info, 4000);
    put_info(&info, forge);
    bytes_clear(out);
    whole = der_open(out);
    der_put_oid(out, forge->tail ? "1.2.840.113549.1.7.1" : "1.2.840.113549.1.7.2");
    a = der_open(out);
    data = der_open(out);
    der_put_u64(out, 3);
    part = der_open(out);
    put_alg(out, sha_oid(CRYPT_SHA256), false);
    der_close(out, DER_SET, part);
    part = der_open(out);
    der_put_oid(out, forge->content_type ? forge->content_type : "1.2.840.113549.1.9.16.1.4");
    octets = der_open(out);
    der_put(out, DER_OCTET_STRING, bytes_view(&info));
    der_close(out, DER_CONTEXT_BUILT(0), octets);
    der_close(out, DER_SEQUENCE, part);
    part = der_open(out);
    if (!forge->no_certs) {
        if (forge->also)
            bytes_slice(out, forge->also->cert.raw);
        for (size_t i = 0; i < forge->many; i++)
            bytes_slice(out, other_ca.cert.raw);
        bytes_slice(out, by->cert.raw);
        der_close(out, DER_CONTEXT_BUILT(0), part);
    }
    part = der_open(out);
    put_signer(out, forge, bytes_view(&info));
    if (forge->two_signers)
        put_signer(out, forge, bytes_view(&info));
    der_close(out, DER_SET, part);
    der_close(out, DER_SEQUENCE, data);
    der_close(out, DER_CONTEXT_BUILT(0), a);
    der_close(out, DER_SEQUENCE, whole);
    assert_int_equal(bytes_check(out, NULL), 0);
    bytes_release(&info);
}

/* ---- OpenSSL's verdict: what `openssl ts -verify -CAfile` says at that moment ---- */

static bool openssl_verifies(struct slice token, struct slice message, const struct party *root,
                             uint64_t at)
{
    X509_STORE *store = X509_STORE_new();
    TS_VERIFY_CTX *ctx = TS_VERIFY_CTX_new();
    const uint8_t *start = token.ptr;
    PKCS7 *p7 = d2i_PKCS7(NULL, &start, (long)token.len);
    bool held = false;

    assert_true(store && ctx);
    assert_int_equal(X509_STORE_add_cert(store, root->x509), 1);
    X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), (time_t)at);
    (void)TS_VERIFY_CTX_set_flags(ctx, TS_VFY_VERSION | TS_VFY_DATA | TS_VFY_SIGNATURE);
    (void)TS_VERIFY_CTX_set_data(ctx, BIO_new_mem_buf(message.ptr, (int)message.len));
    (void)TS_VERIFY_CTX_set_store(ctx, store);
    if (p7)
        held = TS_RESP_verify_token(ctx, p7) == 1;
    PKCS7_free(p7);
    TS_VERIFY_CTX_free(ctx);
    return held;
}

static enum stamp_verdict judged(struct slice token, const char *message,
                                 const struct x509_anchor *tsa, struct stamp_judgement *out)
{
    struct stamp *stamp = NULL;
    struct why why = {0};

    if (stamp_parse(token, &arena, &stamp, &why) != 0)
        fail_msg("%s", why.text);
    stamp_judge(stamp, slice_text(message), tsa, out);
    assert_int_equal(out->verdict == STAMP_TRUSTED, !out->why.text[0]);
    return out->verdict;
}

/* ---- what holds ---- */

static const struct {
    const char *name;
    struct forge forge;
    bool only_ours; /* OpenSSL takes it not: it wants SHA-1's successor named otherwise */
} goods[] = {
    {"plain", {0}, false},
    {"by key identifier", {.by_ski = true}, true}, /* PKCS#7 has no such sid */
    {"ESSCertID of SHA-1", {.ess = 1}, false},
    {"ESSCertIDv2 that names SHA-1", {.ess = 2}, false},
    {"with issuerSerial", {.ess = 3}, false},
    {"with a nonce", {.nonce = true}, false},
    {"with an extension that may be passed over", {.soft = true}, false},
    {"RSA", {.by = &rsa}, false},
    {"RSA, the algorithm names the key only", {.by = &rsa, .rsa_key_oid = true}, false},
    {"a chain", {.by = &under_sub, .also = &sub_ca}, false},
    {"a certificate that is nobody's", {.also = &other_ca}, false},
    {"with a fraction of a second", {.time = "20260301120000.5Z"}, false},
};

static void good_tokens(void **state)
{
    struct bytes token;

    (void)state;
    bytes_init(&token, 60000);
    for (size_t i = 0; i < COUNT_OF(goods); i++) {
        struct slice message = slice_text(MESSAGE);
        struct stamp_judgement judgement;
        struct stamp *stamp;

        forge(&token, &goods[i].forge);
        if (judged(bytes_view(&token), MESSAGE, trust.tsa, &judgement) != STAMP_TRUSTED)
            fail_msg("%s: %s", goods[i].name, judgement.why.text);
        assert_true(judgement.imprint && judgement.signature);
        if (!openssl_verifies(bytes_view(&token), message, &ca, GEN_TIME) &&
            !goods[i].only_ours)
            fail_msg("%s: OpenSSL does not think so", goods[i].name);
        assert_int_equal(stamp_parse(bytes_view(&token), &arena, &stamp, NULL), 0);
        assert_int_equal(stamp->gen_time, GEN_TIME);
        assert_int_equal(stamp->nonce.ptr != NULL, goods[i].forge.nonce);
        /* Nobody is trusted, or somebody else: all holds but that. */
        assert_int_equal(judged(bytes_view(&token), MESSAGE, NULL, &judgement),
                         STAMP_UNTRUSTED);
        assert_true(judgement.imprint && judgement.signature);
        assert_int_equal(judged(bytes_view(&token), MESSAGE, other_trust.tsa, &judgement),
                         STAMP_UNTRUSTED);
        assert_int_equal(judged(bytes_view(&token), "another", trust.tsa, &judgement),
                         STAMP_MISMATCH);
        assert_true(!judgement.imprint && judgement.signature);
        assert_false(
            openssl_verifies(bytes_view(&token), slice_text("another"), &ca, GEN_TIME));
    }
    bytes_release(&token);
}

/* ---- what does not ---- */

static const struct {
    const char *name;
    struct forge forge;
    enum stamp_verdict verdict;
    const char *cause;  /* somewhere in why */
    bool openssl_holds; /* OpenSSL does not ask that much */
} bads[] = {
    {"of something else", {.said = "x"}, STAMP_MISMATCH, "something else", false},
    {"messageDigest", {.wrong_digest = true}, STAMP_MISMATCH, "messageDigest", false},
    {"signed by another key",
     {.by = &mail_eku, .named = &good, .also = &good},
     STAMP_MISMATCH,
     "does not hold",
     false},
    {"meant for another certificate",
     {.meant = &p384},
     STAMP_MISMATCH,
     "another certificate",
     false},
    {"issuerSerial of another",
     {.ess = 3, .wrong_serial = true},
     STAMP_MISMATCH,
     "another certificate",
     false},
    {"nobody's certificate", {.no_certs = true}, STAMP_UNTRUSTED, "not in it", false},
    {"another certificate", {.named = &p384}, STAMP_UNTRUSTED, "not in it", false},
    {"no EKU", {.by = &no_eku}, STAMP_UNTRUSTED, "extended key usage", false},
    {"EKU not critical", {.by = &soft_eku}, STAMP_UNTRUSTED, "not critical", false},
    {"two EKUs", {.by = &two_ekus}, STAMP_UNTRUSTED, "something else", false},
    {"for mail", {.by = &mail_eku}, STAMP_UNTRUSTED, "not for time stamps", false},
    {"no longer valid", {.by = &expired}, STAMP_OUTSIDE, "no longer valid", false},
    {"not valid yet", {.by = &future}, STAMP_OUTSIDE, "not valid yet", false},
    {"years later", {.time = "20290301120000Z"}, STAMP_OUTSIDE, "no longer valid", true},
    {"chain missing", {.by = &under_sub}, STAMP_UNTRUSTED, "neither an anchor", false},
    {"imprint by SHA-1",
     {.imprint_oid = "1.3.14.3.2.26", .cut = 12},
     STAMP_UNTRUSTED,
     "messageImprint",
     false},
    {"imprint by MD5",
     {.imprint_oid = "1.2.840.113549.2.5"},
     STAMP_UNTRUSTED,
     "messageImprint",
     false},
    {"digest by SHA-1", {.digest_oid = "1.3.14.3.2.26"}, STAMP_UNTRUSTED, "algorithm", false},
    {"digest by another hash",
     {.digest_oid = "2.16.840.1.101.3.4.2.2"},
     STAMP_UNTRUSTED,
     "algorithm",
     false},
    {"signed with SHA-1",
     {.sig_oid = "1.2.840.10045.4.1"},
     STAMP_UNTRUSTED,
     "algorithm",
     true}, /* OpenSSL 3.0 goes by digestAlgorithm */
    {"signed with another hash",
     {.sig_oid = "1.2.840.10045.4.3.4"},
     STAMP_UNTRUSTED,
     "algorithm",
     true},
    {"RSA said, EC signed",
     {.sig_oid = "1.2.840.113549.1.1.11"},
     STAMP_MISMATCH,
     "does not hold",
     true},
};

static void bad_tokens(void **state)
{
    struct bytes token;

    (void)state;
    bytes_init(&token, 60000);
    for (size_t i = 0; i < COUNT_OF(bads); i++) {
        struct stamp_judgement judgement;
        enum stamp_verdict verdict;

        forge(&token, &bads[i].forge);
        verdict = judged(bytes_view(&token), MESSAGE, trust.tsa, &judgement);
        if (verdict != bads[i].verdict || !strstr(judgement.why.text, bads[i].cause))
            fail_msg("%s: verdict %d, %s", bads[i].name, verdict, judgement.why.text);
        if (openssl_verifies(bytes_view(&token), slice_text(MESSAGE), &ca, GEN_TIME) !=
            bads[i].openssl_holds)
            fail_msg("%s: OpenSSL thinks otherwise", bads[i].name);
    }
    bytes_release(&token);
}

static const struct {
    const char *name;
    struct forge forge;
    const char *cause;
} malformed[] = {
    {"no SignedData", {.tail = true}, "SignedData"},
    {"another content", {.content_type = "1.2.840.113549.1.7.1"}, "TSTInfo"},
    {"another contentType", {.attr_type = "1.2.840.113549.1.7.1"}, "contentType"},
    {"no contentType", {.no_type = true}, "no contentType"},
    {"no messageDigest", {.no_digest = true}, "messageDigest"},
    {"messageDigest twice", {.twice = true}, "twice"},
    {"no signingCertificate", {.no_ess = true}, "signingCertificate"},
    {"no signed attributes", {.no_attrs = true}, "tag a0"},
    {"two signers", {.two_signers = true}, "behind"},
    {"version 2", {.version = 2}, "version"},
    {"a critical extension", {.critical = true}, "critical"},
    {"a short imprint", {.cut = 1}, "not as long"},
    {"no such date", {.time = "20260230120000Z"}, ""},
    {"no Z", {.time = "20260301120000"}, ""},
    {"an offset of time", {.time = "20260301120000+0100"}, ""},
    {"something behind", {.other_info = true}, ""},
};

static void malformed_tokens(void **state)
{
    struct bytes token;

    (void)state;
    bytes_init(&token, 60000);
    for (size_t i = 0; i < COUNT_OF(malformed); i++) {
        struct stamp *stamp = NULL;
        struct why why = {0};

        forge(&token, &malformed[i].forge);
        if (stamp_parse(bytes_view(&token), &arena, &stamp, &why) != SH_EFORMAT)
            fail_msg("%s: taken", malformed[i].name);
        if (!strstr(why.text, malformed[i].cause))
            fail_msg("%s: %s", malformed[i].name, why.text);
    }
    bytes_release(&token);
}

/* Every beginning is malformed; no changed bit is ever trusted with another time or message. */
static void damaged_tokens(void **state)
{
    struct stamp_judgement judgement;
    struct arena own;
    struct bytes token;
    struct stamp *stamp;

    (void)state;
    bytes_init(&token, 60000);
    forge(&token, &(struct forge){.nonce = true});
    for (size_t len = 0; len < token.len; len++) {
        arena_init(&own, 1u << 20);
        assert_int_not_equal(
            stamp_parse(slice_sub(bytes_view(&token), 0, len), &own, &stamp, NULL), 0);
        arena_release(&own);
    }
    for (size_t at = 0; at < token.len; at++) {
        token.ptr[at] ^= (uint8_t)(1u << at % 8);
        arena_init(&own, 1u << 20);
        if (stamp_parse(bytes_view(&token), &own, &stamp, NULL) == 0) {
            stamp_judge(stamp, slice_text(MESSAGE), trust.tsa, &judgement);
            assert_true(judgement.verdict != STAMP_TRUSTED ||
                        (stamp->gen_time == GEN_TIME && stamp->nonce.len == 9));
        }
        arena_release(&own);
        token.ptr[at] ^= (uint8_t)(1u << at % 8);
    }
    bytes_u8(&token, 0);
    assert_int_not_equal(stamp_parse(bytes_view(&token), &arena, &stamp, NULL), 0);
    bytes_release(&token);
}

static void too_much(void **state)
{
    struct stamp_judgement judgement;
    struct bytes token;
    struct slice der = slice_of(NULL, 0);
    struct stamp *stamp;
    struct why why = {0};
    uint8_t *big = arena_take(&arena, LIMIT_STAMP_BYTES + 1);

    (void)state;
    der = slice_of(big, LIMIT_STAMP_BYTES + 1);
    assert_int_equal(stamp_parse(der, &arena, &stamp, &why), SH_ELIMIT);
    bytes_init(&token, 60000);
    forge(&token, &(struct forge){.many = LIMIT_STAMP_CERTS - 1});
    assert_int_equal(judged(bytes_view(&token), MESSAGE, trust.tsa, &judgement), STAMP_TRUSTED);
    forge(&token, &(struct forge){.many = LIMIT_STAMP_CERTS});
    assert_int_equal(stamp_parse(bytes_view(&token), &arena, &stamp, NULL), SH_ELIMIT);
    bytes_release(&token);
}

/* ---- asking, with OpenSSL's server code as the other end ---- */

static ASN1_INTEGER *next_serial(TS_RESP_CTX *ctx, void *data)
{
    ASN1_INTEGER *serial = ASN1_INTEGER_new();

    (void)ctx;
    (void)data;
    (void)ASN1_INTEGER_set(serial, 4711);
    return serial;
}

static int fixed_time(TS_RESP_CTX *ctx, void *data, long *sec, long *usec)
{
    (void)ctx;
    (void)data;
    *sec = (long)GEN_TIME;
    *usec = 0;
    return 1;
}

static void serve(struct slice request, const struct party *by, struct bytes *out)
{
    TS_RESP_CTX *ctx = TS_RESP_CTX_new();
    BIO *in = BIO_new_mem_buf(request.ptr, (int)request.len);
    ASN1_OBJECT *policy = OBJ_txt2obj("1.2.3.4.5", 1);
    TS_RESP *response;
    uint8_t *der = NULL;
    int len;

    TS_RESP_CTX_set_serial_cb(ctx, next_serial, NULL);
    TS_RESP_CTX_set_time_cb(ctx, fixed_time, NULL);
    assert_int_equal(TS_RESP_CTX_set_signer_cert(ctx, by->x509), 1);
    assert_int_equal(TS_RESP_CTX_set_signer_key(ctx, by->pkey), 1);
    assert_int_equal(TS_RESP_CTX_set_signer_digest(ctx, EVP_sha256()), 1);
    assert_int_equal(TS_RESP_CTX_set_ess_cert_id_digest(ctx, EVP_sha256()), 1);
    assert_int_equal(TS_RESP_CTX_set_def_policy(ctx, policy), 1);
    assert_int_equal(TS_RESP_CTX_add_md(ctx, EVP_sha256()), 1);
    assert_int_equal(TS_RESP_CTX_add_md(ctx, EVP_sha512()), 1);
    TS_RESP_CTX_add_flags(ctx, TS_TSA_NAME | TS_ORDERING);
    response = TS_RESP_create_response(ctx, in);
    assert_non_null(response);
    len = i2d_TS_RESP(response, &der);
    assert_true(len > 0);
    bytes_clear(out);
    bytes_append(out, der, (size_t)len);
    OPENSSL_free(der);
    TS_RESP_free(response);
    ASN1_OBJECT_free(policy);
    BIO_free(in);
    TS_RESP_CTX_free(ctx);
}

static void asking(void **state)
{
    static const enum crypt_hash hashes[] = {CRYPT_SHA256, CRYPT_SHA512, CRYPT_SHA384};
    const struct party *servers[] = {&good, &rsa, &p384};
    struct bytes request, response;

    (void)state;
    bytes_init(&request, 1000);
    bytes_init(&response, 60000);
    for (size_t i = 0; i < 9; i++) {
        struct stamp_query query = {.hash = hashes[i % 3], .message = slice_text(MESSAGE)};
        const struct party *server = servers[i / 3];
        struct stamp_judgement judgement;
        struct slice token = {0};
        struct why why = {0};
        int rc;

        memset(query.nonce, 0, sizeof query.nonce);
        query.nonce[7 - i % 8] = (uint8_t)(0x7f + i);
        bytes_clear(&request);
        assert_int_equal(stamp_request(&query, &request, NULL), 0);
        serve(bytes_view(&request), server, &response);
        rc = stamp_answer(&query, bytes_view(&response), &arena, &token, &why);
        if (query.hash == CRYPT_SHA384) { /* This server does not take it. */
            assert_int_equal(rc, SH_ENOTFOUND);
            assert_non_null(strstr(why.text, "says: "));
            continue;
        }
        if (rc != 0)
            fail_msg("%zu: %s", i, why.text);
        assert_int_equal(judged(token, MESSAGE, trust.tsa, &judgement), STAMP_TRUSTED);
        assert_true(openssl_verifies(token, slice_text(MESSAGE), &ca, GEN_TIME));
        query.nonce[0] ^= 1;
        assert_int_equal(stamp_answer(&query, bytes_view(&response), &arena, &token, &why),
                         SH_EFORMAT);
        query.nonce[0] ^= 1;
        query.message = slice_text("x");
        assert_int_equal(stamp_answer(&query, bytes_view(&response), &arena, &token, NULL),
                         SH_EFORMAT);
        query.message = slice_text(MESSAGE);
        response.ptr[response.len - 5] ^= 1;
        assert_int_equal(stamp_answer(&query, bytes_view(&response), &arena, &token, NULL),
                         SH_EFORMAT);
        for (size_t len = 0; len < response.len; len += 7)
            assert_int_not_equal(
                stamp_response(slice_sub(bytes_view(&response), 0, len), &token, NULL), 0);
    }
    bytes_release(&request);
    bytes_release(&response);
}

static void refusals(void **state)
{
    static const struct {
        const char *hex;
        int rc;
        const char *text;
    } rows[] = {
        {"30053003020102", SH_ENOTFOUND, "status 2"},
        {"300c300a0201023005"
         "0c03616263",
         SH_ENOTFOUND, "says: abc"},
        {"300c300a0201023005"
         "0c031b5b6d",
         SH_ENOTFOUND, "status 2"},         /* no text to be shown */
        {"30053003020100", SH_EFORMAT, ""}, /* granted, without */
        {"3000", SH_EFORMAT, ""},
        {"0400", SH_EFORMAT, ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t len = strlen(rows[i].hex) / 2;
        uint8_t der[100];
        struct slice token;
        struct why why = {0};

        assert_true(hex_parse(slice_text(rows[i].hex), der, len));
        assert_int_equal(stamp_response(slice_of(der, len), &token, &why), rows[i].rc);
        if (!strstr(why.text, rows[i].text))
            fail_msg("row %zu: %s", i, why.text);
    }
}

/* ---- tokens of others, out of files that others signed ---- */

static bool file_read(const char *name, struct bytes *out)
{
    const char *shared = getenv("STILLHERE_SHARED"), *source = getenv("STILLHERE_SOURCE");
    char path[2000];
    size_t got;
    FILE *in;

    (void)snprintf(path, sizeof path, "%s%s/vectors/c2pa/%s",
                   shared   ? shared
                   : source ? source
                            : ".",
                   shared ? "" : "/../shared", name);
    in = fopen(path, "rb");
    if (!in)
        return false;
    got = fread(bytes_room(out, 1u << 20), 1, 1u << 20, in);
    out->len += got;
    (void)fclose(in);
    return true;
}

/* The nth text "val" with a byte string behind it (CBOR): what sigTst and sigTst2 hold. */
static struct slice val_of(struct slice whole, size_t nth)
{
    for (size_t at = 0; at + 8 < whole.len; at++) {
        const uint8_t *here = whole.ptr + at;
        size_t len = (size_t)here[5] << 8 | here[6];

        if (memcmp(here, "cval\x59", 5) != 0 || at + 7 + len > whole.len)
            continue;
        if (!nth--)
            return slice_sub(whole, at + 7, len);
    }
    return slice_of(NULL, 0);
}

static const struct {
    const char *file;
    size_t nth;
    bool response; /* sigTst: the whole TimeStampResp */
} found[] = {
    {"c2pa-rs/video1.mp4", 0, true},
    {"c2pa-rs/video1.mp4", 1, true},
    {"c2pa-rs/legacy.mp4", 0, true},
    {"c2pa-ts/trustnxt-icon-signed-v2-bmff.heic", 0, true},
    {"made-good/tiny.tst.mp4", 0, false},
};

/*
 * Read whole, the signature holds with the certificate in it; and OpenSSL, given that
 * certificate's authority from the token as root, has no complaint but what is stamped.
 */
static void tokens_of_others(void **state)
{
    struct bytes file;
    size_t seen = 0;

    (void)state;
    bytes_init(&file, 2u << 20);
    for (size_t i = 0; i < COUNT_OF(found); i++) {
        struct stamp_judgement judgement;
        struct stamp *stamp;
        struct slice token;
        struct why why = {0};
        struct bytes name;

        bytes_clear(&file);
        if (!file_read(found[i].file, &file))
            continue;
        token = val_of(bytes_view(&file), found[i].nth);
        if (!token.len) {
            print_message("# %s holds no token number %zu\n", found[i].file, found[i].nth);
            continue;
        }
        if (found[i].response && stamp_response(token, &token, &why) != 0)
            fail_msg("%s: %s", found[i].file, why.text);
        if (stamp_parse(token, &arena, &stamp, &why) != 0)
            fail_msg("%s: %s", found[i].file, why.text);
        stamp_judge(stamp, slice_text("x"), NULL, &judgement);
        if (!judgement.signature)
            fail_msg("%s: %s", found[i].file, judgement.why.text);
        bytes_init(&name, 1000);
        x509_name_text(stamp->signer->subject, &name);
        print_message("# %s: %.*s, %llu\n", found[i].file, (int)name.len,
                      (const char *)name.ptr, (unsigned long long)stamp->gen_time);
        bytes_release(&name);
        assert_true(stamp->gen_time > UINT64_C(1600000000));
        assert_int_equal(x509_profile(stamp->signer, X509_FOR_STAMP, NULL, &why), 0);
        seen++;
    }
    bytes_release(&file);
    if (!seen) {
        print_message("# skipped: no c2pa files here\n");
        skip();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHOWS("PRED-CRYP-013 PRED-CRYP-014", good_tokens),
        SHOWS("PRED-TRUS-001 PRED-CRYP-013 PRED-CRYP-014 PRED-CRYP-015", bad_tokens),
        cmocka_unit_test(malformed_tokens),
        cmocka_unit_test(damaged_tokens),
        cmocka_unit_test(too_much),
        cmocka_unit_test(asking),
        SHOWS("PRED-CRYP-011", refusals),
        cmocka_unit_test(tokens_of_others),
    };

    return cmocka_run_group_tests(tests, make_all, release_all);
}
