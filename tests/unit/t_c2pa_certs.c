/*
 * c2pa: certificates of every wrong kind, and replies about their revocation, in whole
 * manifests; made by openssl (x509_make).
 */
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "der/der.h"

#include "c2pa_maker.h"
#include "shows.h"

#define NONE C2PA_CODE_COUNT
#define CREATED                                                                                \
    "{\"actions\":[{\"action\":\"c2pa.created\",\"digitalSourceType\":\"http://cv.iptc.org/"   \
    "newscodes/digitalsourcetype/digitalCapture\"}]}"
#define HASH "{\"exclusions\":[{\"xpath\":\"/uuid\"}],\"alg\":\"sha256\",\"hash\":\"#00\"}"

static char folder[] = "/tmp/c2pa-XXXXXX";
static struct arena arena;
static struct x509_trust trust;
static struct maker_key key;
static uint64_t now;

static struct slice made(const char *name)
{
    char path[200];

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return maker_load(path);
}

/* The DER of NAME.pem, in the arena. */
static struct slice cert_made(const char *name)
{
    char file[100];
    struct slice pem;
    struct x509_cert *cert = NULL;
    size_t count = 0;

    (void)snprintf(file, sizeof file, "%s.pem", name);
    pem = made(file);
    assert_non_null(pem.ptr);
    assert_int_equal(x509_pem(pem, &arena, &cert, &count, NULL), 0);
    maker_free(pem);
    return cert[0].raw;
}

static int run(const char *const *words)
{
    pid_t child = fork();
    int status = -1;

    if (!child) {
        (void)execvp(words[0], (char *const *)(uintptr_t)words);
        _exit(127);
    }
    return child > 0 && waitpid(child, &status, 0) == child && !status ? 0 : -1;
}

static int set_up(void **state)
{
    const char *source = getenv("STILLHERE_SOURCE");
    char path[400];
    struct slice pem;

    (void)state;
    arena_init(&arena, 16u << 20);
    (void)snprintf(path, sizeof path, "%s/tests/unit/x509_make", source ? source : "..");
    if (!mkdtemp(folder) || run((const char *const[]){"bash", path, folder, "few", NULL}))
        return -1;
    now = (uint64_t)time(NULL) + 60; /* behind all of them, however long they took */
    assert_int_equal(x509_trust_init(&trust, &arena, NULL), 0);
    pem = made("root.pem");
    assert_int_equal(x509_trust_anchors(&trust, pem, NULL), 0);
    maker_free(pem);
    pem = made("leaf.key");
    assert_int_equal(crypt_signer_open(pem, &key.signer, NULL), 0);
    maker_free(pem);
    key.alg = -7;
    key.chain[1] = cert_made("inter");
    key.count = 2;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    crypt_signer_close(key.signer);
    arena_release(&arena);
    return run((const char *const[]){"rm", "-rf", folder, NULL});
}

static void signed_by(const char *name, enum c2pa_state state, enum c2pa_code code)
{
    static const struct maker_assertion plain[] = {{"c2pa.hash.bmff.v3", HASH, 0, 0, 0},
                                                   {"c2pa.actions.v2", CREATED, 0, 0, 0}};
    struct maker_manifest what = {
        .label = "urn:c2pa:a", .assertions = plain, .count = 2, .key = &key};
    const struct c2pa_options options = {.trust = &trust, .now = now};
    struct c2pa_report report = {0};
    struct bytes store = {0};
    struct maker maker;
    struct arena own;

    key.chain[0] = cert_made(name);
    maker_init(&maker);
    maker_add(&maker, &what);
    maker_store(&maker, &store);
    arena_init(&own, LIMIT_C2PA_ARENA);
    assert_int_equal(c2pa_verify_store(bytes_view(&store), &options, &own, &report, NULL), 0);
    bytes_release(&store);
    if (report.state != state || (code != NONE && !c2pa_report_has(&report, code)))
        fail_msg("%s: %s, not %s with %s: %.*s", name, c2pa_state_text(report.state),
                 c2pa_state_text(state), code == NONE ? "-" : c2pa_code_text(code),
                 (int)report.cause.len, report.cause.len ? (const char *)report.cause.ptr : "");
    arena_release(&own);
}

static void each_wrong_kind_is_refused(void **state)
{
    static const char *const wrong[] = {
        "no-eku",    "any-eku",      "other-eku",   "stamps",        "stamps-more", "ocsp",
        "ocsp-more", "both-special", "no-usage",    "usage-no-sign", "cert-sign",   "no-aki",
        "ca-leaf",   "critical",     "constrained", "sha1",          "self-signed", "version1"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        signed_by(wrong[i], C2PA_INVALID, C2PA_CREDENTIAL_INVALID);
}

static void each_right_kind_is_taken(void **state)
{
    static const char *const right[] = {"good",   "mail-eku",     "document-eku", "no-basic",
                                        "sha384", "not-critical", "strange"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(right); i++)
        signed_by(right[i], C2PA_TRUSTED, C2PA_CREDENTIAL_TRUSTED);
}

static void chains_must_lead_somewhere(void **state)
{
    static const char *const astray[] = {"bad-signature", "wrong-aki"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(astray); i++)
        signed_by(astray[i], C2PA_VALID, C2PA_CREDENTIAL_UNTRUSTED);
    key.count = 1; /* what is between the leaf and the anchor is missing */
    signed_by("good", C2PA_VALID, C2PA_CREDENTIAL_UNTRUSTED);
    key.count = 2;
}

static void keys_that_are_not_the_signers(void **state)
{
    (void)state;
    signed_by("key-P-384", C2PA_INVALID, C2PA_SIGNATURE_MISMATCH);
    signed_by("key-ed25519", C2PA_INVALID, C2PA_SIGNATURE_MISMATCH);
    signed_by("key-rsa2048", C2PA_INVALID, C2PA_CREDENTIAL_INVALID);
    signed_by("key-rsa1024", C2PA_INVALID, C2PA_CREDENTIAL_INVALID);
    signed_by("key-secp256k1", C2PA_INVALID, C2PA_CREDENTIAL_INVALID);
    signed_by("inter", C2PA_INVALID, C2PA_CREDENTIAL_INVALID);
}

static void certificates_run_out(void **state)
{
    (void)state;
    signed_by("short", C2PA_TRUSTED, C2PA_SIGNATURE_INSIDE);
    now += 3 * 86400;
    signed_by("short", C2PA_INVALID, C2PA_SIGNATURE_OUTSIDE);
    now -= 30 * 86400;
    signed_by("good", C2PA_INVALID, C2PA_SIGNATURE_OUTSIDE);
    now += 27 * 86400;
}

static size_t put(char *at, const char *text)
{
    size_t len = strlen(text);

    memcpy(at, text, len + 1);
    return len;
}

/* Each manifest hears all replies of all others: what that costs is bounded. */
static void replies_for_all_are_bounded(void **state)
{
    enum { MANIFESTS = 28, REPLIES = 64, BYTES = 450 };
    static char json[REPLIES * (2 * BYTES + 8) + 100], parent[200];
    struct maker_assertion assertions[] = {{"c2pa.hash.bmff.v3", HASH, 0, 0, 0},
                                           {"c2pa.certificate-status", json, 0, 0, 0},
                                           {"c2pa.ingredient.v3", parent, 0, 0, 0}};
    const struct c2pa_options options = {.trust = &trust, .now = now};
    struct maker_manifest what = {.assertions = assertions, .key = &key};
    struct c2pa_report report = {0};
    struct bytes store = {0};
    struct maker maker;
    struct arena own;
    char label[40] = "";
    size_t at = 0;

    (void)state;
    key.chain[0] = cert_made("good");
    for (size_t i = 0; i < REPLIES; i++) {
        at += put(json + at, i ? "\",\"#" : "{\"ocspVals\":[\"#");
        memset(json + at, 'a', (size_t)2 * BYTES);
        at += (size_t)2 * BYTES;
    }
    (void)put(json + at, "\"]}");
    maker_init(&maker);
    for (unsigned i = 0; i < MANIFESTS; i++) {
        (void)snprintf(parent, sizeof parent,
                       "{\"relationship\":\"componentOf\",\"activeManifest\":\"@/c2pa/%s\"}",
                       label);
        (void)snprintf(label, sizeof label, "urn:c2pa:%u", i);
        what.label = label;
        what.count = i ? 3 : 2;
        maker_add(&maker, &what);
    }
    maker_store(&maker, &store);
    arena_init(&own, LIMIT_C2PA_ARENA);
    assert_int_equal(c2pa_verify_store(bytes_view(&store), &options, &own, &report, NULL),
                     SH_ELIMIT);
    bytes_release(&store);
    arena_release(&own);
}

/* The replies NAMES, stapled. */
static void stapled(const char *const *names, enum c2pa_state state, enum c2pa_code code)
{
    struct bytes pair = {0};
    size_t count = 0;

    while (names[count])
        count++;
    bytes_init(&pair, 1u << 20);
    cbor_put_text(&pair, "rVals");
    cbor_put_map(&pair, 1);
    cbor_put_text(&pair, "ocspVals");
    cbor_put_array(&pair, count);
    for (size_t i = 0; i < count; i++) {
        char file[100];
        struct slice reply;

        (void)snprintf(file, sizeof file, "ocsp-%s.der", names[i]);
        reply = made(file);
        assert_non_null(reply.ptr);
        cbor_put_bytes(&pair, reply);
        maker_free(reply);
    }
    key.unprotected = bytes_view(&pair);
    signed_by("good", state, code);
    key.unprotected = (struct slice){0};
    bytes_release(&pair);
}

#define REPLIES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void revocations_are_heard(void **state)
{
    (void)state;
    stapled(REPLIES("good"), C2PA_TRUSTED, C2PA_OCSP_NOT_REVOKED);
    stapled(REPLIES("delegated"), C2PA_TRUSTED, C2PA_OCSP_NOT_REVOKED);
    stapled(REPLIES("revoked"), C2PA_INVALID, C2PA_OCSP_REVOKED);
    stapled(REPLIES("delegated-revoked"), C2PA_INVALID, C2PA_OCSP_REVOKED);
    stapled(REPLIES("unknown"), C2PA_INVALID, C2PA_OCSP_UNKNOWN);
}

static void given_back_is_not_revoked(void **state)
{
    (void)state;
    stapled(REPLIES("given-back"), C2PA_TRUSTED, C2PA_OCSP_NOT_REVOKED);
}

static void each_reply_is_tried(void **state)
{
    (void)state;
    stapled(REPLIES("stranger", "good"), C2PA_TRUSTED, C2PA_OCSP_NOT_REVOKED);
    stapled(REPLIES("not-for-that", "revoked"), C2PA_INVALID, C2PA_OCSP_REVOKED);
    /* A revocation is not outvoted. */
    stapled(REPLIES("good", "revoked"), C2PA_INVALID, C2PA_OCSP_REVOKED);
}

/* 15.9: an authority between the signer and the anchor may be revoked as well. */
static void authorities_are_revoked(void **state)
{
    (void)state;
    stapled(REPLIES("authority-good"), C2PA_TRUSTED, C2PA_CREDENTIAL_TRUSTED);
    stapled(REPLIES("authority"), C2PA_VALID, C2PA_CREDENTIAL_UNTRUSTED);
    stapled(REPLIES("authority", "good"), C2PA_VALID, C2PA_OCSP_NOT_REVOKED);
}

static void nobody_is_asked(void **state)
{
    (void)state;
    signed_by("good", C2PA_TRUSTED, C2PA_OCSP_SKIPPED);
    stapled(REPLIES("stranger"), C2PA_TRUSTED, C2PA_OCSP_SKIPPED);
}

/* ---- stamps that a later manifest brings ------------------------------------------------ */

static void put_file(const char *name, struct slice content)
{
    char path[200];
    FILE *out;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(content.ptr, 1, content.len, out), content.len);
    assert_int_equal(fclose(out), 0);
}

/* A token of now about message, by openssl, as hexadecimal digits behind "#". */
static void stamp_made(struct slice message, char *out, size_t room)
{
    struct slice token;
    char command[900];

    put_file("message", message);
    put_file("tsa.cnf",
             slice_text("[tsa]\ndefault_tsa=t\n[t]\nserial=tsa-serial\ndefault_policy=1.2.3\n"
                        "digests=sha256\nsigner_digest=sha256\ness_cert_id_alg=sha256\n"));
    (void)snprintf(
        command, sizeof command,
        "exec 2>/dev/null; cd %s && echo 01 >tsa-serial && OPENSSL_CONF=tsa.cnf && export "
        "OPENSSL_CONF "
        "&& openssl ts -query -data message -sha256 -cert -out query && openssl ts "
        "-reply -config tsa.cnf -section t -queryfile query -signer stamps.pem -inkey "
        "leaf.key -chain inter.pem -token_out -out token",
        folder);
    assert_int_equal(run((const char *const[]){"sh", "-c", command, NULL}), 0);
    token = made("token");
    assert_non_null(token.ptr);
    assert_true(2 * token.len + 2 < room);
    out[0] = '#';
    hex_build(token, out + 1);
    maker_free(token);
}

#define PARENT                                                                                 \
    "{\"relationship\":\"parentOf\",\"activeManifest\":\"@/c2pa/urn:c2pa:b\","                 \
    "\"claimSignature\":\"@/c2pa/urn:c2pa:b/c2pa.signature\",\"validationResults\":{}}"

/*
 * Two manifests: b, whose certificate runs out, and above it an update with the assertions
 * STAMPS.  Which code has b?
 */
static void brought(struct maker *maker, const struct maker_assertion *stamps, size_t count,
                    enum c2pa_code code)
{
    struct maker_assertion update[3] = {{"c2pa.ingredient.v3", PARENT, 0, 0, 0}};
    struct maker_manifest a = {
        .label = "urn:c2pa:a", .type = "c2um", .assertions = update, .key = &key};
    const struct c2pa_options options = {.trust = &trust, .now = now};
    const struct c2pa_status *said;
    struct maker copy = *maker;
    struct c2pa_report report = {0};
    struct bytes store = {0};
    struct arena own;

    bytes_init(&copy.manifests, 8u << 20);
    bytes_slice(&copy.manifests, bytes_view(&maker->manifests));
    memcpy(update + 1, stamps, count * sizeof(*stamps));
    a.count = 1 + count;
    key.chain[0] = cert_made("good");
    maker_add(&copy, &a);
    maker_store(&copy, &store);
    arena_init(&own, LIMIT_C2PA_ARENA);
    assert_int_equal(c2pa_verify_store(bytes_view(&store), &options, &own, &report, NULL), 0);
    bytes_release(&store);
    assert_true(report.manifests && report.manifests->next);
    for (said = report.manifests->next->results.first; said && said->code != code;)
        said = said->next;
    if (!said)
        fail_msg("not %s", c2pa_code_text(code));
    arena_release(&own);
}

/* Manifest b as it is kept by maker, and a token about its signature. */
static void below_made(struct maker *maker, char *token, size_t room)
{
    static const struct maker_assertion plain[] = {{"c2pa.hash.bmff.v3", HASH, 0, 0, 0},
                                                   {"c2pa.actions.v2", CREATED, 0, 0, 0}};
    struct maker_manifest b = {
        .label = "urn:c2pa:b", .assertions = plain, .count = 2, .key = &key};
    struct slice all;
    struct c2pa_store_options options = {.parts = &all, .part_count = 1};
    struct c2pa_store *store = NULL;
    struct bytes message = {0}, raw = {0};
    struct maker copy;
    struct arena own;

    key.chain[0] = cert_made("short");
    maker_init(maker);
    maker_add(maker, &b);
    copy = *maker;
    bytes_init(&copy.manifests, 8u << 20);
    bytes_slice(&copy.manifests, bytes_view(&maker->manifests));
    maker_store(&copy, &raw);
    all = bytes_view(&raw);
    arena_init(&own, LIMIT_C2PA_ARENA);
    assert_int_equal(c2pa_store_parse(&options, &own, &store, NULL), 0);
    bytes_init(&message, 65536);
    c2pa_cose_stamped(&store->active->cose, store->active->cose.signature_raw, &message);
    stamp_made(bytes_view(&message), token, room);
    bytes_release(&message);
    bytes_release(&raw);
    arena_release(&own);
}

static char token_of_b[20000], stamp_json[21000];

static const char *stamps_for(const char *label, const char *token)
{
    (void)snprintf(stamp_json, sizeof stamp_json, "{\"%s\":\"%s\"}", label, token);
    return stamp_json;
}

static void later_manifests_bring_stamps(void **state)
{
    struct maker_assertion stamps[] = {{"c2pa.time-stamp", NULL, 0, 0, 0}};
    struct maker maker;
    struct slice pem = made("root.pem");

    (void)state;
    assert_int_equal(x509_trust_tsa(&trust, pem, NULL), 0);
    maker_free(pem);
    below_made(&maker, token_of_b, sizeof token_of_b);
    now += 3 * 86400; /* then the certificate of b has run out */
    brought(&maker, stamps, 0, C2PA_SIGNATURE_OUTSIDE);
    stamps[0].json = stamps_for("urn:c2pa:b", token_of_b);
    brought(&maker, stamps, 1, C2PA_STAMP_TRUSTED);
    brought(&maker, stamps, 1, C2PA_SIGNATURE_INSIDE);
    /* A token for another manifest is none for this one. */
    stamps[0].json = stamps_for("urn:c2pa:c", token_of_b);
    brought(&maker, stamps, 1, C2PA_SIGNATURE_OUTSIDE);
    now -= 3 * 86400;
    bytes_release(&maker.manifests);
}

static void each_stamp_is_tried(void **state)
{
    static char other[20000], second[21000];
    struct maker_assertion stamps[] = {{"c2pa.time-stamp", NULL, 0, 0, 0},
                                       {"c2pa.time-stamp__1", second, 0, 0, 0}};
    struct maker maker;

    (void)state;
    below_made(&maker, token_of_b, sizeof token_of_b);
    stamp_made(slice_text("something else"), other, sizeof other);
    now += 3 * 86400;
    stamps[0].json = stamps_for("urn:c2pa:b", other);
    (void)snprintf(second, sizeof second, "{\"urn:c2pa:b\":\"%s\"}", token_of_b);
    brought(&maker, stamps, 2, C2PA_SIGNATURE_INSIDE);
    /* None of them holds. */
    (void)snprintf(second, sizeof second, "{\"urn:c2pa:b\":\"%s\"}", other);
    brought(&maker, stamps, 2, C2PA_STAMP_MISMATCH);
    brought(&maker, stamps, 2, C2PA_SIGNATURE_OUTSIDE);
    stamps[0].json = stamps_for("urn:c2pa:b", "#00");
    brought(&maker, stamps, 1, C2PA_STAMP_MALFORMED);
    now -= 3 * 86400;
    bytes_release(&maker.manifests);
}

/* ---- each length in a whole file -------------------------------------------------------- */

enum field_kind { CBOR_SMALL, DER_SMALL, NUMBER };
enum field_part { SIGNED, STAMP, REPLY }; /* what a wrong one must spoil */

struct field {
    size_t at;
    unsigned bytes;
    enum field_kind kind;
    enum field_part part;
};

#define FIELDS 2000

static struct field fields[FIELDS];
static size_t field_count;

static void note(size_t at, unsigned bytes, enum field_kind kind, enum field_part part)
{
    assert_true(field_count < FIELDS);
    fields[field_count++] = (struct field){at, bytes, kind, part};
}

/* Every head of CBOR, in the order in which they stand. */
static void note_cbor(const uint8_t *base, struct slice raw)
{
    size_t at = 0;

    while (at < raw.len) {
        uint8_t major = raw.ptr[at] >> 5, low = raw.ptr[at] & 31;
        unsigned bytes = low < 24 ? 0 : 1u << (low - 24);
        uint64_t number = low;
        size_t from = (size_t)(raw.ptr - base) + at;

        assert_true(low < 28);
        if (bytes)
            number = 0;
        for (unsigned i = 0; i < bytes; i++)
            number = number << 8 | raw.ptr[at + 1 + i];
        note(bytes ? from + 1 : from, bytes ? bytes : 1, bytes ? NUMBER : CBOR_SMALL, SIGNED);
        at += 1 + bytes + (major == 2 || major == 3 ? (size_t)number : 0);
    }
}

/* Is this a row of DER items and nothing else? */
static bool is_der(struct slice raw)
{
    struct der_item item;

    if (raw.len < 2)
        return false;
    while (raw.len)
        if (der_next(&raw, &item, NULL) != 0)
            return false;
    return true;
}

/* Every length of DER, also in strings that hold DER. */
static void note_der(const uint8_t *base, struct slice raw, enum field_part part)
{
    struct slice open[64] = {raw};
    size_t depth = 1;

    while (depth) {
        struct slice *rest = &open[depth - 1];
        struct der_item item;
        size_t at;
        uint8_t first;

        if (!rest->len) {
            depth--;
            continue;
        }
        assert_int_equal(der_next(rest, &item, NULL), 0);
        at = (size_t)(item.raw.ptr - base) + 1;
        first = item.raw.ptr[1];
        if (first < 128)
            note(at, 1, DER_SMALL, part);
        else
            note(at + 1, first & 127u, NUMBER, part);
        if (item.tag == DER_BIT_STRING && item.value.len)
            item.value = slice_sub(item.value, 1, item.value.len - 1);
        if ((item.tag & 0x20) ||
            ((item.tag == DER_BIT_STRING || item.tag == DER_OCTET_STRING) &&
             is_der(item.value))) {
            assert_true(depth < COUNT_OF(open));
            open[depth++] = item.value;
        }
    }
}

/* Every length of a box; those of superboxes are gone into. */
static void note_boxes(const uint8_t *base, struct slice raw)
{
    size_t at = 0;

    while (at + 8 <= raw.len) {
        uint32_t len = (uint32_t)raw.ptr[at] << 24 | (uint32_t)raw.ptr[at + 1] << 16 |
                       (uint32_t)raw.ptr[at + 2] << 8 | raw.ptr[at + 3];

        note((size_t)(raw.ptr - base) + at, 4, NUMBER, SIGNED);
        at += memcmp(raw.ptr + at + 4, "jumb", 4) == 0 ? 8 : len;
    }
}

static uint64_t field_most(const struct field *field)
{
    if (field->kind != NUMBER)
        return field->kind == CBOR_SMALL ? 23 : 127;
    return field->bytes == 8 ? UINT64_MAX : (1ull << (8 * field->bytes)) - 1;
}

/* False: it says so already. */
static bool field_put(const struct field *field, uint64_t number, uint8_t *file)
{
    uint8_t *to = file + field->at;
    bool same = true;

    if (field->kind == CBOR_SMALL)
        number |= *to & 0xe0u;
    for (unsigned i = field->bytes; i-- > 0; number >>= 8) {
        same = same && to[i] == (uint8_t)number;
        to[i] = (uint8_t)number;
    }
    return !same;
}

#define UUID_AT (20u + 24u) /* behind ftyp and mdat */
#define STORE_AT (UUID_AT + 45u)

/* A file with this store behind its content: ftyp, mdat, uuid. */
static void file_made(struct slice store, struct bytes *out)
{
    static const uint8_t c2pa[] = {0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e, 0x48, 0x3c,
                                   0x92, 0x97, 0x58, 0x28, 0x87, 0x7e, 0xc4, 0x81};
    size_t mark;

    bytes_init(out, 1u << 20);
    mark = box_open(out, "ftyp");
    bytes_append(out, "isom\0\0\0\0mp42", 12);
    box_close(out, mark);
    mark = box_open(out, "mdat");
    bytes_append(out, "sixteen bytes of", 16);
    box_close(out, mark);
    mark = box_open(out, "uuid");
    bytes_append(out, c2pa, sizeof c2pa);
    bytes_u32(out, 0);
    bytes_append(out, "manifest", 9);
    bytes_u64(out, 0);
    assert_true(!store.len || out->len == STORE_AT);
    bytes_slice(out, store);
    box_close(out, mark);
}

static void binding_made(char *out, size_t room)
{
    struct bytes file = {0}, hashed = {0};
    uint8_t digest[CRYPT_DIGEST_BYTES];
    char hex[2 * CRYPT_DIGEST_BYTES + 1];

    file_made((struct slice){0}, &file);
    bytes_init(&hashed, 100);
    bytes_u64(&hashed, 20);
    bytes_append(&hashed, file.ptr + 20, 24);
    crypto.sha256(bytes_view(&hashed), digest);
    hex_build(slice_of(digest, sizeof digest), hex);
    (void)snprintf(out, room,
                   "{\"exclusions\":[{\"xpath\":\"/uuid\",\"data\":[{\"offset\":8,\"value\":"
                   "\"#d8fec3d61b0e483c92975828877ec481\"}]},{\"xpath\":\"/ftyp\"},{"
                   "\"xpath\":\"/mfra\"}],\"alg\":\"sha256\",\"hash\":\"#%s\"}",
                   hex);
    bytes_release(&file);
    bytes_release(&hashed);
}

static void store_made(const struct maker_assertion *with, struct bytes *out)
{
    struct maker_manifest what = {
        .label = "urn:c2pa:a", .assertions = with, .count = 2, .key = &key};
    struct maker maker;

    maker_init(&maker);
    maker_add(&maker, &what);
    maker_store(&maker, out);
}

/* sigTst2 and rVals: a token about the signature, and a reply about its certificate. */
static void unprotected_made(const char *hex, struct bytes *out)
{
    struct slice reply = made("ocsp-delegated.der");
    uint8_t token[10000];
    size_t len = strlen(hex + 1) / 2;

    assert_true(len <= sizeof token && hex_parse(slice_text(hex + 1), token, len));
    bytes_init(out, 65536);
    cbor_put_text(out, "sigTst2");
    cbor_put_map(out, 1);
    cbor_put_text(out, "tstTokens");
    cbor_put_array(out, 1);
    cbor_put_map(out, 1);
    cbor_put_text(out, "val");
    cbor_put_bytes(out, slice_of(token, len));
    cbor_put_text(out, "rVals");
    cbor_put_map(out, 1);
    cbor_put_text(out, "ocspVals");
    cbor_put_array(out, 1);
    cbor_put_bytes(out, reply);
    maker_free(reply);
}

static struct c2pa_store *store_read(struct slice raw, struct arena *own)
{
    struct c2pa_store_options options = {.parts = &raw, .part_count = 1};
    struct c2pa_store *store = NULL;

    assert_int_equal(c2pa_store_parse(&options, own, &store, NULL), 0);
    return store;
}

/* A good file with a token and a reply. */
static void good_file(struct bytes *out)
{
    char binding[500];
    struct maker_assertion with[] = {{"c2pa.hash.bmff.v3", binding, 0, 0, 0},
                                     {"c2pa.actions.v2", CREATED, 0, 0, 0}};
    struct bytes first = {0}, second = {0}, message = {0}, pairs = {0};
    uint8_t signature[64];
    struct c2pa_store *store;
    struct arena own;

    binding_made(binding, sizeof binding);
    key.chain[0] = cert_made("good");
    store_made(with, &first);
    arena_init(&own, LIMIT_C2PA_ARENA);
    store = store_read(bytes_view(&first), &own);
    assert_int_equal(store->active->cose.signature.len, sizeof signature);
    memcpy(signature, store->active->cose.signature.ptr, sizeof signature);
    bytes_init(&message, 65536);
    c2pa_cose_stamped(&store->active->cose, store->active->cose.signature_raw, &message);
    stamp_made(bytes_view(&message), token_of_b, sizeof token_of_b);
    unprotected_made(token_of_b, &pairs);
    key.fixed = slice_of(signature, sizeof signature);
    key.unprotected = bytes_view(&pairs);
    key.more_pairs = 1;
    store_made(with, &second);
    key.fixed = key.unprotected = (struct slice){0};
    key.more_pairs = 0;
    file_made(bytes_view(&second), out);
    arena_release(&own);
    bytes_release(&first);
    bytes_release(&second);
    bytes_release(&message);
    bytes_release(&pairs);
}

static void fields_of(struct slice file)
{
    struct slice raw = slice_sub(file, STORE_AT, file.len - STORE_AT);
    struct arena own;
    const struct c2pa_manifest *active;
    const struct c2pa_cose *cose;
    struct slice body;

    field_count = 0;
    arena_init(&own, LIMIT_C2PA_ARENA);
    active = store_read(raw, &own)->active;
    cose = &active->cose;
    note_boxes(file.ptr, file);
    note_boxes(file.ptr, raw);
    body = slice_of(cose->protected_raw.ptr,
                    (size_t)(file.ptr + file.len - cose->protected_raw.ptr));
    /* The box of the signature ends the store: from its tag on. */
    body.ptr -= cose->protected_raw.len < 256 ? 4 : 5;
    body.len = (size_t)(cose->signature.ptr + cose->signature.len - body.ptr);
    assert_int_equal(body.ptr[0], 0xd2);
    note_cbor(file.ptr, body);
    note_cbor(file.ptr, cose->protected_raw);
    note_cbor(file.ptr, active->claim.raw);
    for (size_t i = 0; i < cose->chain_count; i++)
        note_der(file.ptr, cose->chain[i], SIGNED);
    note_der(file.ptr, cose->tokens[0], STAMP);
    note_der(file.ptr, cose->ocsp[0], REPLY);
    arena_release(&own);
}

static enum c2pa_state look(struct slice file, const struct field *field, uint64_t number)
{
    const struct c2pa_options options = {.trust = &trust, .now = now};
    struct bmff_source source = bmff_source_slice(&file);
    enum c2pa_code spoilt =
        field && field->part == REPLY ? C2PA_OCSP_NOT_REVOKED : C2PA_STAMP_TRUSTED;
    struct c2pa_report report = {0};
    struct why why = {0};
    struct arena own;
    int rc;

    arena_init(&own, LIMIT_C2PA_ARENA);
    rc = c2pa_verify(&source, &options, &own, &report, &why);
    if (rc != 0)
        assert_true(why.text[0]); /* no file of boxes any more */
    else if (report.state == C2PA_INVALID || report.state == C2PA_MALFORMED)
        assert_true(report.cause.len > 0);
    if (field && rc == 0 && field->part != SIGNED && c2pa_report_has(&report, spoilt))
        fail_msg("%zu is %llu, and %s is said", field->at, (unsigned long long)number,
                 c2pa_code_text(spoilt));
    if (!field)
        assert_true(c2pa_report_has(&report, C2PA_OCSP_NOT_REVOKED) &&
                    c2pa_report_has(&report, C2PA_STAMP_TRUSTED));
    arena_release(&own);
    return rc == 0 ? report.state : C2PA_NONE;
}

/*
 * Each length at 0, 1, the most that fits and one below.  The certificate has run out since,
 * so that the stamp counts as well: the file is trusted only as long as no length is touched.
 */
static void each_length_counts(void **state)
{
    const char *full = getenv("STILLHERE_FULL");
    size_t step = full && *full == '1' ? 1 : 3, tried = 0;
    struct slice pem = made("root.pem");
    struct bytes file = {0};
    uint8_t kept[8];

    (void)state;
    assert_int_equal(x509_trust_tsa(&trust, pem, NULL), 0);
    maker_free(pem);
    good_file(&file);
    now += 31 * 86400;
    assert_int_equal(look(bytes_view(&file), NULL, 0), C2PA_TRUSTED);
    fields_of(bytes_view(&file));
    for (size_t i = 0; i < 4 * field_count; i++) {
        const struct field *field = &fields[i / 4];
        uint64_t most = field_most(field);
        uint64_t number = i % 4 == 0 ? 0 : i % 4 == 1 ? 1 : i % 4 == 2 ? most - 1 : most;

        if (i % step ||
            (field->at == UUID_AT && number == 0)) /* to the end: ISO 14496-12 4.2 */
            continue;
        memcpy(kept, file.ptr + field->at, field->bytes);
        if (field_put(field, number, file.ptr) &&
            look(bytes_view(&file), field, number) >= C2PA_VALID && field->part != REPLY)
            fail_msg("%zu (%u) is %llu, and the file is good", field->at, field->bytes,
                     (unsigned long long)number);
        memcpy(file.ptr + field->at, kept, field->bytes);
        tried++;
    }
    assert_true(tried > 400);
    print_message("# %zu lengths, %zu files\n", field_count, tried);
    now -= 31 * 86400;
    bytes_release(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHOWS("PRED-CRYP-003", each_wrong_kind_is_refused),
        SHOWS("PRED-CRYP-003 PRED-CRYP-007", each_right_kind_is_taken),
        SHOWS("PRED-CRYP-007", chains_must_lead_somewhere),
        SHOWS("PRED-CRYP-003 PRED-CRYP-008", keys_that_are_not_the_signers),
        SHOWS("PRED-CRYP-016", certificates_run_out),
        SHOWS("PRED-STRU-011 PRED-STRU-014 PRED-CRYP-021", revocations_are_heard),
        SHOWS("PRED-STRU-010 PRED-CRYP-007", authorities_are_revoked),
        SHOWS("PRED-TIME-002", later_manifests_bring_stamps),
        SHOWS("PRED-TIME-002", each_stamp_is_tried),
        SHOWS("PRED-STRU-014", given_back_is_not_revoked),
        SHOWS("PRED-STRU-012", each_reply_is_tried),
        SHOWS("PRED-STRU-011 PRED-STRU-015", nobody_is_asked),
        cmocka_unit_test(each_length_counts),
        cmocka_unit_test(replies_for_all_are_bounded),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
