/*
 * x509: certificates of every kind, made by openssl (x509_make), each with its first
 * cause; chains beside the verdicts of `openssl verify`; OCSP replies; the certificates that
 * others use; trust lists; names for people; every prefix and every byte changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "der/der.h"
#include "x509/x509.h"

#include "shows.h"

static char folder[] = "/tmp/t_x509.XXXXXX";
static struct arena arena;
static uint64_t now;

static struct slice read_path(const char *path)
{
    FILE *in = fopen(path, "rb");
    struct bytes content;
    uint8_t part[4096];
    uint8_t *kept;
    size_t got;

    if (!in)
        return slice_of(NULL, 0);
    bytes_init(&content, SIZE_MAX);
    while ((got = fread(part, 1, sizeof part, in)) > 0)
        bytes_append(&content, part, got);
    (void)fclose(in);
    kept = arena_take(&arena, content.len + 1);
    assert_non_null(kept);
    if (content.len)
        memcpy(kept, content.ptr, content.len);
    got = content.len;
    bytes_release(&content);
    return slice_of(kept, got);
}

static struct slice made(const char *name)
{
    char path[400];
    struct slice content;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    content = read_path(path);
    if (!content.ptr)
        fail_msg("%s is not there", path);
    return content;
}

/* Data of others; an empty slice where it is absent. */
static struct slice theirs(const char *name)
{
    const char *shared = getenv("STILLHERE_SHARED");
    char path[400];

    (void)snprintf(path, sizeof path, "%s/vectors/c2pa/certs/sdk/tests/fixtures/%s",
                   shared ? shared : "../shared", name);
    return read_path(path);
}

static struct x509_cert *certs_of(struct slice pem, size_t *count)
{
    struct x509_cert *certs = NULL;
    struct why why = {0};

    if (x509_pem(pem, &arena, &certs, count, &why) < 0)
        fail_msg("%s", why.text);
    return certs;
}

static struct x509_cert *cert_made(const char *name)
{
    char file[200];
    size_t count = 0;

    (void)snprintf(file, sizeof file, "%s.pem", name);
    return certs_of(made(file), &count);
}

static struct x509_trust trust_in(const char *anchor)
{
    struct x509_trust trust;
    char file[160];

    assert_int_equal(x509_trust_init(&trust, &arena, NULL), SH_OK);
    (void)snprintf(file, sizeof file, "%s.pem", anchor);
    assert_int_equal(x509_trust_anchors(&trust, made(file), NULL), SH_OK);
    return trust;
}

static int set_up(void **state)
{
    const char *source = getenv("STILLHERE_SOURCE");
    char path[400];
    int status = -1;
    pid_t child;

    (void)state;
    arena_init(&arena, 64u << 20);
    if (!mkdtemp(folder))
        return -1;
    (void)snprintf(path, sizeof path, "%s/tests/unit/x509_make", source ? source : "..");
    child = fork();
    if (!child) {
        (void)execlp("bash", "bash", path, folder, (char *)NULL);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status)
        return -1;
    now = (uint64_t)time(NULL) + 60; /* behind all of them, however long they took */
    return 0;
}

static int tear_down(void **state)
{
    pid_t child = fork();
    int status = -1;

    (void)state;
    arena_release(&arena);
    if (!child) {
        (void)execlp("rm", "rm", "-rf", folder, (char *)NULL);
        _exit(127);
    }
    return child > 0 && waitpid(child, &status, 0) == child && !status ? 0 : -1;
}

/* ---- one certificate ---- */

/* LONG: a flat table of cases */
static void every_kind_and_its_first_cause(void **state)
{
    static const struct {
        const char *name;
        enum x509_purpose purpose;
        const char *cause; /* NULL: fits */
    } cases[] = {
        {"good", X509_FOR_CLAIM, NULL},
        {"key-P-384", X509_FOR_CLAIM, NULL},
        {"key-P-521", X509_FOR_CLAIM, NULL},
        {"key-ed25519", X509_FOR_CLAIM, NULL},
        {"key-rsa2048", X509_FOR_CLAIM, NULL},
        {"key-pss", X509_FOR_CLAIM, NULL},
        {"sha384", X509_FOR_CLAIM, NULL},
        {"mail-eku", X509_FOR_CLAIM, NULL},
        {"document-eku", X509_FOR_CLAIM, NULL},
        {"no-basic", X509_FOR_CLAIM, NULL},
        {"not-critical", X509_FOR_CLAIM, NULL},
        {"bad-signature", X509_FOR_CLAIM, NULL}, /* the chain's business */
        {"wrong-aki", X509_FOR_CLAIM, NULL},     /* likewise */
        {"short", X509_FOR_CLAIM, NULL},
        {"way-same", X509_FOR_CLAIM, NULL},
        {"key-secp256k1", X509_FOR_CLAIM, "another curve"},
        {"key-rsa1024", X509_FOR_CLAIM, "1024 bits"},
        {"sha1", X509_FOR_CLAIM, "other than SHA-2"},
        {"md5", X509_FOR_CLAIM, "other than SHA-2"},
        {"version1", X509_FOR_CLAIM, "version 1"},
        {"critical", X509_FOR_CLAIM, "critical extension"},
        {"constrained", X509_FOR_CLAIM, "constraints"},
        {"ca-leaf", X509_FOR_CLAIM, "CA:TRUE"},
        {"inter", X509_FOR_CLAIM, "CA:TRUE"},
        {"root", X509_FOR_CLAIM, "CA:TRUE"},
        {"self-signed", X509_FOR_CLAIM, "itself as its issuer"},
        {"no-aki", X509_FOR_CLAIM, "authority key identifier"},
        {"no-usage", X509_FOR_CLAIM, "no key usage"},
        {"cert-sign", X509_FOR_CLAIM, "keyCertSign"},
        {"usage-no-sign", X509_FOR_CLAIM, "digitalSignature"},
        {"no-eku", X509_FOR_CLAIM, "no extended key usage"},
        {"any-eku", X509_FOR_CLAIM, "anyExtendedKeyUsage"},
        {"other-eku", X509_FOR_CLAIM, "none of its uses"},
        {"stamps", X509_FOR_CLAIM, "none of its uses"},
        {"ocsp", X509_FOR_CLAIM, "authority key identifier"},
        {"stamps-more", X509_FOR_CLAIM, "something else too"},
        {"ocsp-more", X509_FOR_CLAIM, "something else too"},
        {"both-special", X509_FOR_CLAIM, "something else too"},
        {"stamps", X509_FOR_STAMP, NULL},
        {"stamps-mild", X509_FOR_STAMP, "not critical"},
        {"stamps-more", X509_FOR_STAMP, "something else too"},
        {"both-special", X509_FOR_STAMP, "something else too"},
        {"good", X509_FOR_STAMP, "not for time stamps"},
        {"ocsp", X509_FOR_STAMP, "not for time stamps"},
        {"ocsp", X509_FOR_OCSP, NULL},
        {"ocsp-more", X509_FOR_OCSP, "something else too"},
        {"stamps", X509_FOR_OCSP, "not for OCSP"},
        {"good", X509_FOR_OCSP, "not for OCSP"},
        {"self-signed", X509_FOR_KNOWN, NULL},
        {"other-eku", X509_FOR_KNOWN, NULL},
        {"version1", X509_FOR_KNOWN, NULL},
        {"sha1", X509_FOR_KNOWN, "other than SHA-2"},
        {"key-rsa1024", X509_FOR_KNOWN, "1024 bits"},
        {"key-secp256k1", X509_FOR_KNOWN, "another curve"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct x509_cert *cert = cert_made(cases[i].name);
        struct why why = {0};
        int rc = x509_profile(cert, cases[i].purpose, NULL, &why);

        if ((rc == SH_OK) != !cases[i].cause)
            fail_msg("%s: %d %s", cases[i].name, rc, why.text);
        if (cases[i].cause && !strstr(why.text, cases[i].cause))
            fail_msg("%s: %s", cases[i].name, why.text);
    }
}

/* What the fields say, beside what openssl says of the same file. */
static void fields(void **state)
{
    const struct x509_cert *inter = cert_made("inter");
    const struct x509_cert *good = cert_made("good");
    const struct x509_cert *stamps = cert_made("stamps");
    const struct x509_cert *pss = cert_made("key-pss");
    struct crypt_alg alg = {CRYPT_RSA_PSS, CRYPT_SHA256, 32};
    struct bytes text;

    (void)state;
    assert_int_equal(inter->version, 3);
    assert_true(inter->ca && inter->path_len == 0 && inter->has_key_usage);
    assert_int_equal(inter->key_usage, X509_KEY_CERT_SIGN | X509_CRL_SIGN);
    assert_true(slice_equal(good->aki, inter->ski));
    assert_true(slice_equal(good->issuer, inter->subject));
    assert_int_equal(good->not_after - good->not_before, 30 * 86400);
    assert_true(now - good->not_before < 3600);
    assert_true(!good->ca && good->has_basic && good->path_len == -1 && !good->eku_critical);
    assert_int_equal(good->key_usage, X509_DIGITAL_SIGNATURE);
    assert_true(x509_has_eku(good, X509_OID_C2PA_SIGNING));
    assert_true(x509_has_eku(good, X509_OID_EMAIL_PROTECTION));
    assert_false(x509_has_eku(good, X509_OID_TIME_STAMPING));
    assert_true(stamps->eku_critical);
    assert_true(x509_signed_by(good, inter) && !x509_signed_by(inter, good));
    assert_false(x509_signed_by(cert_made("bad-signature"), inter));
    assert_false(x509_signed_by(cert_made("sha1"), inter));
    assert_true(pss->key_pss && pss->key_pss_bound && pss->pss.salt_len == 32);
    assert_true(x509_key_fits(pss, &alg) && !x509_key_fits(good, &alg));
    alg.hash = CRYPT_SHA384;
    assert_false(x509_key_fits(pss, &alg));
    alg = (struct crypt_alg){CRYPT_RSA_PKCS1, CRYPT_SHA256, 0};
    assert_false(x509_key_fits(pss, &alg));
    assert_true(x509_key_fits(cert_made("key-rsa2048"), &alg));
    bytes_init(&text, 1000);
    x509_serial_text(cert_made("version1"), &text);
    assert_true(slice_equal(bytes_view(&text), slice_text("4e")));
    bytes_release(&text);
}

/* Put content in place of the last bytes of a certificate's TBSCertificate. */
static struct slice respliced(const struct x509_cert *cert, struct slice before_extensions,
                              struct slice extensions)
{
    struct der_item tbs, item;
    struct bytes out;
    size_t whole, inner, list;
    uint8_t *kept;

    bytes_init(&out, 1u << 20);
    assert_int_equal(der_whole(cert->tbs, DER_SEQUENCE, &tbs, NULL), SH_OK);
    whole = der_open(&out);
    inner = der_open(&out);
    while (tbs.value.len && !der_peek(tbs.value, DER_CONTEXT_BUILT(3))) {
        assert_int_equal(der_next(&tbs.value, &item, NULL), SH_OK);
        bytes_slice(&out, item.raw);
    }
    bytes_slice(&out, before_extensions);
    if (extensions.ptr) {
        list = der_open(&out);
        der_put(&out, DER_SEQUENCE, extensions);
        der_close(&out, DER_CONTEXT_BUILT(3), list);
    }
    der_close(&out, DER_SEQUENCE, inner);
    bytes_slice(&out, cert->sig_alg);
    der_put_bits(&out, cert->signature);
    der_close(&out, DER_SEQUENCE, whole);
    assert_int_equal(bytes_check(&out, NULL), SH_OK);
    kept = arena_take(&arena, out.len);
    memcpy(kept, out.ptr, out.len);
    whole = out.len;
    bytes_release(&out);
    return slice_of(kept, whole);
}

/* What the openssl command does not make. */
static void spliced(void **state)
{
    static const uint8_t ids[] = {0x81, 2, 0, 1, 0x82, 2, 0, 1};
    const struct x509_cert *good = cert_made("good");
    struct slice none = slice_of(NULL, 0);
    struct why why = {0};
    struct x509_cert cert;
    struct bytes twice;

    (void)state;
    assert_int_equal(x509_parse(respliced(good, none, good->extensions), &cert, &why), SH_OK);
    assert_true(x509_same(&cert, good));
    /* Unique identifiers: both, the first, the second. */
    for (size_t from = 0; from < 8; from += 4) {
        assert_int_equal(
            x509_parse(respliced(good, slice_of(ids + from, 8 - from), good->extensions), &cert,
                       &why),
            SH_OK);
        assert_true(cert.unique_ids);
        why = (struct why){0};
        assert_int_equal(x509_profile(&cert, X509_FOR_CLAIM, NULL, &why), SH_EFORMAT);
        assert_non_null(strstr(why.text, "unique identifiers"));
    }
    assert_int_equal(
        x509_parse(respliced(good, slice_of(ids, 4), good->extensions), &cert, NULL), SH_OK);
    /* Version 3 without any extension; an empty list; one extension twice; too many. */
    assert_int_equal(x509_parse(respliced(good, none, none), &cert, NULL), SH_OK);
    assert_int_equal(x509_parse(respliced(good, none, slice_of(ids, 0)), &cert, NULL),
                     SH_EFORMAT);
    bytes_init(&twice, 1u << 20);
    bytes_slice(&twice, good->extensions);
    bytes_slice(&twice, good->extensions);
    why = (struct why){0};
    assert_int_equal(x509_parse(respliced(good, none, bytes_view(&twice)), &cert, &why),
                     SH_EFORMAT);
    assert_non_null(strstr(why.text, "twice"));
    bytes_clear(&twice);
    for (unsigned i = 0; i <= LIMIT_X509_EXTENSIONS; i++) {
        uint8_t extension[] = {0x30, 7, 6, 3, 0x2a, (uint8_t)(i / 100), (uint8_t)(i % 100),
                               4,    0};

        bytes_append(&twice, extension, sizeof extension);
        assert_int_equal(x509_parse(respliced(good, none, bytes_view(&twice)), &cert, NULL),
                         i < LIMIT_X509_EXTENSIONS ? SH_OK : SH_ELIMIT);
    }
    bytes_release(&twice);
}

/* No prefix is a certificate; a changed byte is an error, another certificate, or a signature
 * that no longer holds: never the same thing said with the signature still good. */
static void prefixes_and_flips(void **state)
{
    const struct x509_cert *good = cert_made("good");
    const struct x509_cert *inter = cert_made("inter");
    uint8_t copy[2048];
    struct x509_cert cert;

    (void)state;
    assert_true(good->raw.len < sizeof copy);
    for (size_t len = 0; len < good->raw.len; len++) {
        struct why why = {0};

        assert_true(x509_parse(slice_sub(good->raw, 0, len), &cert, &why) < 0);
        assert_true(why.text[0]);
    }
    for (size_t at = 0; at < good->raw.len; at++) {
        static const uint8_t edges[] = {0x00, 0x01, 0x7f, 0x80, 0x81, 0x84, 0xfe, 0xff};

        for (size_t e = 0; e < COUNT_OF(edges); e++) {
            bool in_tbs = at >= (size_t)(good->tbs.ptr - good->raw.ptr) &&
                          at < (size_t)(good->tbs.ptr - good->raw.ptr) + good->tbs.len;

            memcpy(copy, good->raw.ptr, good->raw.len);
            if (copy[at] == edges[e])
                continue;
            copy[at] = edges[e];
            if (x509_parse(slice_of(copy, good->raw.len), &cert, NULL) < 0)
                continue;
            assert_false(x509_same(&cert, good));
            if (in_tbs && e == at % COUNT_OF(edges))
                assert_false(x509_signed_by(&cert, inter));
        }
    }
}

/* ---- chains ---- */

static bool openssl_says_good(const char *name, unsigned late)
{
    struct slice text = made("verdicts");
    struct cursor cur = cursor_of(text);
    char good[100], bad[100];

    (void)snprintf(good, sizeof good, "%s %u good", name, late);
    (void)snprintf(bad, sizeof bad, "%s %u bad", name, late);
    for (;;) {
        struct slice line = rd_line(&cur);

        if (cur.failed)
            fail_msg("openssl did not judge %s", name);
        if (slice_equal(line, slice_text(good)))
            return true;
        if (slice_equal(line, slice_text(bad)))
            return false;
    }
}

/* LONG: a flat table of cases */
static void chains(void **state)
{
    static const struct {
        const char *name;
        unsigned late;     /* seconds from now */
        const char *cause; /* NULL: trusted */
        unsigned certs;    /* of a trusted path */
        bool differs;      /* openssl takes it: see the cause */
    } cases[] = {
        {"plain", 0, NULL, 3, false},
        {"direct", 0, NULL, 2, false},
        {"shuffled", 0, NULL, 3, false},
        {"policies", 0, NULL, 3, false},
        {"rsa", 0, NULL, 3, false},
        {"pss", 0, NULL, 3, false},
        {"renewed", 0, NULL, 4, false},
        {"same", 0, NULL, 3, false},
        {"brief", 0, NULL, 3, false},
        {"long", 0, NULL, 8, false},
        {"longer", 0, "too long", 0, true},
        {"brief", 172800, "no longer valid", 0, false},
        {"missing", 0, "neither an anchor nor", 0, false},
        {"pathlen", 0, "more authorities below", 0, false},
        {"no-ca", 0, "CA:TRUE is missing", 0, false},
        {"no-basics", 0, "CA:TRUE is missing", 0, false},
        {"no-cert-sign", 0, "may not sign certificates", 0, false},
        {"crit", 0, "critical extension", 0, false},
        {"names", 0, "constraints of names", 0, true},
        {"old", 0, "did not sign", 0, true}, /* SHA-1 in between */
        {"bad", 0, "did not sign", 0, false},
        {"weak", 0, "did not sign", 0, true}, /* RSA of 1024 bits in between */
        {"stranger", 0, "neither an anchor nor", 0, false},
        {"loop", 0, "neither an anchor nor", 0, false},
    };
    struct x509_trust trust = trust_in("root");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct x509_question question = {.anchors = trust.anchors, .at = now + cases[i].late};
        struct x509_answer answer;
        struct why why = {0};
        enum x509_verdict verdict;
        char file[160];

        (void)snprintf(file, sizeof file, "way-%s", cases[i].name);
        question.leaf = cert_made(file);
        (void)snprintf(file, sizeof file, "more-%s.pem", cases[i].name);
        if (made(file).len)
            question.more = certs_of(made(file), &question.more_count);
        verdict = x509_chain(&question, &answer, &why);
        if ((verdict == X509_TRUSTED) != !cases[i].cause)
            fail_msg("%s: %s", cases[i].name, why.text);
        if (cases[i].cause && !strstr(why.text, cases[i].cause))
            fail_msg("%s: %s", cases[i].name, why.text);
        assert_true((verdict == X509_TRUSTED) == (answer.anchor != NULL));
        assert_int_equal(answer.certs, cases[i].certs);
        assert_true(answer.checks + 1 >= answer.certs && answer.checks <= LIMIT_X509_CHECKS);
        if (openssl_says_good(cases[i].name, cases[i].late) !=
            (verdict == X509_TRUSTED || cases[i].differs))
            fail_msg("%s: openssl says otherwise", cases[i].name);
        if (verdict == X509_TRUSTED)
            assert_true(x509_signed_by(question.leaf, answer.issuer));
    }
}

static void leaf_of(const char *name, const char *anchor, uint64_t at, const char *cause)
{
    struct x509_trust trust = trust_in(anchor);
    struct x509_question question = {cert_made(name), cert_made("inter"), 1, trust.anchors, at};
    struct why why = {0};
    enum x509_verdict verdict = x509_chain(&question, NULL, &why);

    if ((verdict == X509_TRUSTED) != !cause || (cause && !strstr(why.text, cause)))
        fail_msg("%s under %s: %s", name, anchor, why.text);
}

static void leaves_in_chains(void **state)
{
    const struct x509_cert *short_one = cert_made("short");

    (void)state;
    leaf_of("good", "root", now, NULL);
    leaf_of("good", "inter", now, NULL); /* an authority in between as the anchor */
    leaf_of("good", "twin", now, "neither an anchor nor");
    leaf_of("good", "other", now, "neither an anchor nor");
    leaf_of("good", "good", now,
            "neither an anchor nor"); /* a leaf is no anchor, even of itself */
    leaf_of("self-signed", "self-signed", now, "neither an anchor nor");
    leaf_of("root", "root", now, "an authority's");
    leaf_of("ca-leaf", "root", now, "an authority's");
    leaf_of("critical", "root", now, "critical extension");
    leaf_of("wrong-aki", "root", now, "neither an anchor nor");
    leaf_of("wrong-serial", "root", now, "neither an anchor nor");
    leaf_of("bad-signature", "root", now, "did not sign");
    leaf_of("sha1", "root", now, "did not sign");
    leaf_of("md5", "root", now, "neither an anchor nor");
    leaf_of("forged", "root", now, "did not sign"); /* the name of the anchor, another key */
    leaf_of("forged", "twin", now, NULL);
    leaf_of("short", "root", short_one->not_before, NULL);
    leaf_of("short", "root", short_one->not_before - 1, "not valid yet");
    leaf_of("short", "root", short_one->not_after, NULL);
    leaf_of("short", "root", short_one->not_after + 1, "no longer valid");
}

/* An attacker sends thousands of certificates of one name: the search ends soon. */
static void many_of_one_name(void **state)
{
    enum { COUNT = 5000 };
    struct x509_cert *more = arena_take(&arena, COUNT * sizeof *more);
    struct x509_trust trust = trust_in("twin");
    struct x509_question question = {cert_made("good"), more, COUNT, trust.anchors, now};
    const struct x509_cert *loop_a = cert_made("loop-a");
    clock_t begun = clock();
    struct why why = {0};

    (void)state;
    for (unsigned i = 0; i < COUNT; i++) {
        uint8_t *raw = arena_take(&arena, 4);

        more[i] = *loop_a; /* a key that signed none of it */
        more[i].subject = i % 2 ? question.leaf->issuer : more[i].issuer;
        more[i].ski = slice_of(NULL, 0);
        raw[0] = (uint8_t)i;
        raw[1] = (uint8_t)(i >> 8);
        more[i].raw = slice_of(raw, 4);
    }
    assert_int_equal(x509_chain(&question, NULL, &why), X509_UNTRUSTED);
    assert_true(why.text[0]);
    assert_true(clock() - begun < CLOCKS_PER_SEC);
}

/* ---- trust lists ---- */

static enum x509_verdict under(const char *bounds, const char *format, uint64_t at)
{
    struct x509_trust trust;
    struct x509_question question = {cert_made("good"), cert_made("inter"), 1, NULL, at};
    struct bytes text;
    struct slice root = made("root.pem");
    char moment[WHEN_TEXT_BYTES];

    when_text(now, moment);
    bytes_init(&text, 1u << 20);
    bytes_text(&text, "The anchor of a trial\r\n");
    bytes_printf(&text, "%s%s%s\n", format, bounds, moment);
    bytes_slice(&text, root);
    assert_int_equal(x509_trust_init(&trust, &arena, NULL), SH_OK);
    assert_int_equal(x509_trust_anchors(&trust, bytes_view(&text), NULL), SH_OK);
    bytes_release(&text);
    question.anchors = trust.anchors;
    return x509_chain(&question, NULL, NULL);
}

/* PRED-CRYP-006. */
static void anchors_have_times(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        static const char *const formats[] = {"", "# ", " ;"};

        assert_int_equal(under("notBefore: ", formats[i], now - 1), X509_UNTRUSTED);
        assert_int_equal(under("notBefore: ", formats[i], now), X509_TRUSTED);
        assert_int_equal(under("notAfter: ", formats[i], now), X509_TRUSTED);
        assert_int_equal(under("notAfter:", formats[i], now + 1), X509_UNTRUSTED);
    }
}

static int feed(int (*add)(struct x509_trust *, struct slice, struct why *), const char *text,
                struct x509_trust *trust)
{
    assert_int_equal(x509_trust_init(trust, &arena, NULL), SH_OK);
    return add(trust, slice_text(text), NULL);
}

static void lists_are_strict(void **state)
{
    static const char *const wrong_anchors[] = {
        "",
        "no certificate",
        "-----BEGIN CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n",
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END X-----\n",
        "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n",
    };
    static const char *const wrong_leaves[] = {
        "",
        "# nobody\n",
        "xGWQD1EkBm0E5SSGCKJh7ltL/cZkUazBB+Eb7EWlS+M\n",
        "abc\n",
        "xGWQD1EkBm0E5SSGCKJh7ltL/cZkUazBB+Eb7EWlS+N=\n",
    };
    struct x509_trust trust;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong_anchors); i++)
        assert_true(feed(x509_trust_anchors, wrong_anchors[i], &trust) < 0);
    for (size_t i = 0; i < COUNT_OF(wrong_leaves); i++)
        assert_true(feed(x509_trust_allowed, wrong_leaves[i], &trust) < 0);
    assert_int_equal(feed(x509_trust_allowed,
                          "\n# somebody\nxGWQD1EkBm0E5SSGCKJh7ltL/cZkUazBB+Eb7EWlS+M=\r\n",
                          &trust),
                     SH_OK);
    assert_int_equal(feed(x509_trust_ekus, "1.2.3\n  //x\n\n#y\n 1.2.4 \r\n", &trust), SH_OK);
    assert_int_equal(trust.count, 6);
    assert_true(feed(x509_trust_ekus, "1.2.3 x\n", &trust) < 0);
    assert_true(feed(x509_trust_ekus, "3.2.3\n", &trust) < 0);
}

static void allowed_leaves_and_uses(void **state)
{
    const struct x509_cert *good = cert_made("good");
    const struct x509_cert *strange = cert_made("other-eku");
    uint8_t sha256[CRYPT_DIGEST_BYTES];
    char hex[2 * CRYPT_DIGEST_BYTES + 1];
    struct x509_trust trust;

    (void)state;
    assert_int_equal(x509_trust_init(&trust, &arena, NULL), SH_OK);
    assert_false(x509_trust_allows(&trust, good));
    assert_int_equal(x509_trust_allowed(&trust, made("good.pem"), NULL), SH_OK);
    assert_true(x509_trust_allows(&trust, good));
    assert_false(x509_trust_allows(&trust, strange));
    x509_sha256(strange, sha256);
    hex_build(slice_of(sha256, sizeof sha256), hex);
    assert_int_equal(x509_trust_allowed(&trust, slice_text(hex), NULL), SH_OK);
    assert_true(x509_trust_allows(&trust, good) && x509_trust_allows(&trust, strange));
    /* Nobody's authority is a signer, whatever the list says. */
    assert_int_equal(x509_trust_allowed(&trust, made("ca-leaf.pem"), NULL), SH_OK);
    assert_false(x509_trust_allows(&trust, cert_made("ca-leaf")));

    assert_true(x509_profile(strange, X509_FOR_CLAIM, trust.ekus, NULL) < 0);
    assert_int_equal(x509_trust_ekus(&trust, slice_text("1.3.6.1.5.5.7.3.1"), NULL), SH_OK);
    assert_int_equal(x509_profile(strange, X509_FOR_CLAIM, trust.ekus, NULL), SH_OK);
    /* A list that names time stamps does not make their authorities signers of claims. */
    assert_int_equal(x509_trust_ekus(&trust, slice_text(X509_OID_TIME_STAMPING), NULL), SH_OK);
    assert_true(x509_profile(cert_made("stamps"), X509_FOR_CLAIM, trust.ekus, NULL) < 0);
}

/* ---- what others use ---- */

static void certificates_of_others(void **state)
{
    static const char *const algorithms[] = {"es256", "es384", "es512",   "ps256",
                                             "ps384", "ps512", "ed25519", "rs256"};
    uint64_t in_2025 = 1740000000;
    struct x509_trust trust;
    struct slice expired;

    (void)state;
    if (!theirs("certs/trust/store.cfg").ptr)
        skip();
    assert_int_equal(x509_trust_init(&trust, &arena, NULL), SH_OK);
    assert_int_equal(
        x509_trust_anchors(&trust, theirs("certs/trust/test_cert_root_bundle.pem"), NULL),
        SH_OK);
    assert_int_equal(x509_trust_ekus(&trust, theirs("certs/trust/store.cfg"), NULL), SH_OK);
    assert_int_equal(
        x509_trust_allowed(&trust, theirs("crypto/raw_signature/allowed_list.hash"), NULL),
        SH_OK);
    for (size_t i = 0; i < COUNT_OF(algorithms); i++) {
        struct x509_question question = {.anchors = trust.anchors, .at = in_2025};
        struct x509_cert *chain;
        struct why why = {0};
        char name[60];

        (void)snprintf(name, sizeof name, "certs/%s.pub", algorithms[i]);
        chain = certs_of(theirs(name), &question.more_count);
        question.leaf = chain;
        question.more = chain + 1;
        question.more_count--;
        if (x509_profile(chain, X509_FOR_CLAIM, trust.ekus, &why) < 0 ||
            x509_chain(&question, NULL, &why) != X509_TRUSTED)
            fail_msg("%s: %s", algorithms[i], why.text);
        question.at = 2000000000; /* 2033: all have ended */
        assert_int_equal(x509_chain(&question, NULL, &why), X509_UNTRUSTED);
        if (i < 7) { /* rs256 is not in it */
            struct slice list = theirs("certs/trust/allowed_list.pem");
            struct x509_trust own;

            assert_int_equal(x509_trust_init(&own, &arena, NULL), SH_OK);
            assert_int_equal(x509_trust_allowed(&own, list, NULL), SH_OK);
            assert_true(x509_trust_allows(&own, chain));
        }
    }
    expired = theirs("crypto/cose/rsa-pss256_key-expired.pub");
    {
        size_t count = 0;
        struct x509_cert *cert = certs_of(expired, &count);
        struct x509_question question = {cert, NULL, 0, trust.anchors, in_2025};
        struct why why = {0};

        assert_int_equal(x509_chain(&question, NULL, &why), X509_UNTRUSTED);
        if (!strstr(why.text, "an authority's")) /* and it has ended */
            fail_msg("%s", why.text);
    }
}

/* The trust lists that are out there are read whole. */
static void trust_lists_of_others(void **state)
{
    static const struct {
        const char *name;
        unsigned count;
    } lists[] = {{"conformance/anchors.pem", 27}, {"conformance/c2pa_trust_list.pem", 22}};
    const char *shared = getenv("STILLHERE_SHARED");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        struct x509_trust trust;
        struct why why = {0};
        struct slice text;
        char path[400];

        (void)snprintf(path, sizeof path, "%s/vectors/c2pa/%s", shared ? shared : "../shared",
                       lists[i].name);
        text = read_path(path);
        if (!text.ptr)
            skip();
        assert_int_equal(x509_trust_init(&trust, &arena, NULL), SH_OK);
        if (x509_trust_anchors(&trust, text, &why) < 0)
            fail_msg("%s: %s", lists[i].name, why.text);
        assert_int_equal(trust.count, 4 + lists[i].count);
    }
}

/* ---- names ---- */

static void part_is(struct slice name, enum x509_attribute which, const char *want)
{
    struct bytes text;

    bytes_init(&text, 10000);
    x509_name_part(name, which, &text);
    if (!slice_equal(bytes_view(&text), slice_text(want)))
        fail_msg("%.*s", (int)text.len, (char *)text.ptr);
    bytes_release(&text);
}

/* A Name with one CN of this string type and content. */
static struct slice name_of(uint8_t tag, struct slice content, struct bytes *out)
{
    size_t name, set, pair;

    bytes_init(out, 1u << 20);
    name = der_open(out);
    set = der_open(out);
    pair = der_open(out);
    der_put_oid(out, "2.5.4.3");
    der_put(out, tag, content);
    der_close(out, DER_SEQUENCE, pair);
    der_close(out, DER_SET, set);
    der_close(out, DER_SEQUENCE, name);
    return bytes_view(out);
}

static void names_for_people(void **state)
{
    static const struct {
        uint8_t tag;
        const char *content;
        size_t len;
        const char *want;
    } cases[] = {
        {0x0c, "Al\xc3\xa9, \\x", 8, "Al\xc3\xa9\\, \\\\x"},
        {0x0c, "a\x1b[31mb", 7, "a\\u{1b}[31mb"},
        {0x0c, "a\nb\0c", 5, "a\\u{a}b\\u{0}c"},
        {0x0c,
         "\xe2\x80\xae"
         "gpj.exe",
         10, "\\u{202e}gpj.exe"},
        {0x0c, "\xe2\x81\xa6x\xe2\x81\xa9\xe2\x80\x8b\xef\xbb\xbf", 13,
         "\\u{2066}x\\u{2069}\\u{200b}\\u{feff}"},
        {0x0c, "\xff\xc0\x80z\xf0\x9f", 6, "\\u{ff}\\u{c0}\\u{80}z\\u{f0}\\u{9f}"},
        {0x0c, "\xf0\x9f\x93\xb7", 4, "\xf0\x9f\x93\xb7"},
        {0x0c, "\xf3\xa0\x81\x81", 4, "\\u{e0041}"},
        {0x0c, "\xed\xa0\x80", 3, "\\u{ed}\\u{a0}\\u{80}"},
        {0x13, "plain", 5, "plain"},
        {0x14, "caf\xe9\x9b", 5, "caf\xc3\xa9\\u{9b}"},
        {0x1e, "\x04\x1a\xd8\x3d\0a\0", 7, "\xd0\x9a\\u{d83d}a\\u{0}"},
        {0x1c, "\0\1\xf4\xf7\xff\xff\xff\xff\0", 9, "\xf0\x9f\x93\xb7\\u{ffffffff}\\u{0}"},
        {0x04, "<b>", 3, "<b>"}, /* markup is the page's business */
        {0x0c, "", 0, ""},
    };
    struct bytes name, text;
    char many[2000];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        part_is(name_of(cases[i].tag, slice_of(cases[i].content, cases[i].len), &name),
                X509_COMMON_NAME, cases[i].want);
        bytes_release(&name);
    }
    memset(many, 'x', sizeof many);
    bytes_init(&text, 10000);
    x509_name_text(name_of(0x0c, slice_of(many, sizeof many), &name), &text);
    assert_true(text.len <= LIMIT_X509_NAME_TEXT + 12 && text.ptr[text.len - 1] == '.');
    bytes_release(&name);
    bytes_clear(&text);
    x509_name_text(cert_made("good")->issuer, &text);
    assert_true(slice_equal(bytes_view(&text), slice_text("O=Trial, CN=Inter")));
    bytes_release(&text);
    part_is(cert_made("good")->subject, X509_ORGANIZATION, "Trial");
    part_is(cert_made("good")->subject, X509_COUNTRY, "");
}

/* ---- OCSP ---- */

/* LONG: a flat table of cases */
static void ocsp_replies(void **state)
{
    static const struct {
        const char *name;
        int late; /* seconds from now */
        enum x509_ocsp verdict;
        const char *cause;
    } cases[] = {
        {"good", 0, X509_OCSP_GOOD, NULL},
        {"good", -200000, X509_OCSP_GOOD, NULL}, /* signed before the reply was made */
        {"good", 80000, X509_OCSP_GOOD, NULL},
        {"good", 90000, X509_OCSP_UNUSABLE, "at that moment"},
        {"key", 0, X509_OCSP_GOOD, NULL},
        {"sha512", 0, X509_OCSP_GOOD, NULL},
        {"delegated", 0, X509_OCSP_GOOD, NULL},
        {"given-back", 0, X509_OCSP_GOOD, NULL},
        {"revoked", 0, X509_OCSP_REVOKED, NULL},
        {"bare", 0, X509_OCSP_REVOKED, NULL},
        {"delegated-revoked", 0, X509_OCSP_REVOKED, NULL},
        {"unknown", 0, X509_OCSP_UNKNOWN, NULL},
        {"not-for-that", 0, X509_OCSP_UNUSABLE, "no extended key usage"},
        {"stranger", 0, X509_OCSP_UNUSABLE, "not authorized"},
        {"stranger-root", 0, X509_OCSP_UNUSABLE, "not authorized"},
        {"sha1", 0, X509_OCSP_UNUSABLE, "algorithm"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct x509_ocsp_question question = {.cert = cert_made("good"),
                                              .issuer = cert_made("inter"),
                                              .at = now + (uint64_t)(int64_t)cases[i].late,
                                              .now = now + 100000};
        struct x509_ocsp_answer answer = {0};
        struct why why = {0};
        char file[160];
        enum x509_ocsp verdict;

        (void)snprintf(file, sizeof file, "ocsp-%s.der", cases[i].name);
        question.reply = made(file);
        verdict = x509_ocsp_judge(&question, &answer, &why);
        if (verdict != cases[i].verdict ||
            (cases[i].cause && !strstr(why.text, cases[i].cause)))
            fail_msg("%s: %d %s", cases[i].name, (int)verdict, why.text);
        if (verdict == X509_OCSP_UNUSABLE)
            continue;
        assert_true(answer.next_update == answer.this_update + 86400);
        assert_true(answer.produced_at >= answer.this_update);
        if (verdict == X509_OCSP_REVOKED)
            assert_true(answer.revoked_at && answer.revoked_at < answer.this_update);
        assert_int_equal(answer.reason, strcmp(cases[i].name, "revoked") == 0 ||
                                                strstr(cases[i].name, "-revoked")
                                            ? 1
                                        : strcmp(cases[i].name, "given-back") == 0 ? 8
                                                                                   : -1);
        /* Not about another certificate, nor of another issuer; not before it was made. */
        question.cert = cert_made("mail-eku");
        assert_int_equal(x509_ocsp_judge(&question, NULL, NULL), X509_OCSP_UNUSABLE);
        question.cert = cert_made("good");
        question.issuer = cert_made("root");
        assert_int_equal(x509_ocsp_judge(&question, NULL, NULL), X509_OCSP_UNUSABLE);
        question.issuer = cert_made("inter");
        question.now = answer.this_update - 1;
        assert_int_equal(x509_ocsp_judge(&question, NULL, NULL), X509_OCSP_UNUSABLE);
    }
}

static void ocsp_prefixes_and_flips(void **state)
{
    struct x509_ocsp_question question = {
        .cert = cert_made("good"), .issuer = cert_made("inter"), .at = now, .now = now};
    struct slice whole = made("ocsp-good.der");
    uint8_t *copy = arena_take(&arena, whole.len);
    unsigned good = 0;

    (void)state;
    for (size_t len = 0; len < whole.len; len++) {
        struct why why = {0};

        question.reply = slice_sub(whole, 0, len);
        assert_int_equal(x509_ocsp_judge(&question, NULL, &why), X509_OCSP_UNUSABLE);
        assert_true(why.text[0]);
    }
    /* Whatever is changed: it counts no more, except in certificates that nobody needs. */
    for (size_t at = 0; at < whole.len; at++) {
        memcpy(copy, whole.ptr, whole.len);
        copy[at] ^= 0x01;
        question.reply = slice_of(copy, whole.len);
        good += x509_ocsp_judge(&question, NULL, NULL) != X509_OCSP_UNUSABLE;
    }
    assert_true(good < cert_made("inter")->raw.len + 8);
}

static void ocsp_of_others(void **state)
{
    static const struct {
        const char *name;
        enum x509_ocsp verdict;
    } cases[] = {{"crypto/ocsp/response_good.der", X509_OCSP_GOOD},
                 {"crypto/ocsp/response_revoked.der", X509_OCSP_REVOKED},
                 {"crypto/ocsp/response_unknown.der", X509_OCSP_UNKNOWN}};
    struct slice pem = theirs("crypto/ocsp/ocsp_chain.pem");
    size_t count = 0;
    struct x509_cert *chain;

    (void)state;
    if (!pem.ptr)
        skip();
    chain = certs_of(pem, &count);
    assert_int_equal(count, 2);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct x509_ocsp_question question = {theirs(cases[i].name), chain, chain + 1,
                                              1741359900, 1741359900};
        struct why why = {0};
        enum x509_ocsp verdict = x509_ocsp_judge(&question, NULL, &why);

        if (verdict != cases[i].verdict)
            fail_msg("%s: %d %s", cases[i].name, (int)verdict, why.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHOWS("PRED-CRYP-003", every_kind_and_its_first_cause),
        cmocka_unit_test(fields),
        cmocka_unit_test(spliced),
        cmocka_unit_test(prefixes_and_flips),
        SHOWS("PRED-CRYP-007", chains),
        SHOWS("PRED-CRYP-007", leaves_in_chains),
        cmocka_unit_test(many_of_one_name),
        SHOWS("PRED-CRYP-006", anchors_have_times),
        cmocka_unit_test(lists_are_strict),
        cmocka_unit_test(allowed_leaves_and_uses),
        cmocka_unit_test(certificates_of_others),
        cmocka_unit_test(trust_lists_of_others),
        cmocka_unit_test(names_for_people),
        SHOWS("PRED-CRYP-021", ocsp_replies),
        cmocka_unit_test(ocsp_prefixes_and_flips),
        cmocka_unit_test(ocsp_of_others),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
