/*
 * What every table shares about foreign signatures: public keys out of their DER, ECDSA
 * signatures out of theirs, and the encodings that an RSA signature must open to.
 *
 * Clauses: RFC 5280 4.1.2.7, RFC 5480 2, RFC 4055 1.2 and 3, RFC 8410 4 (keys); RFC 3279 2.2.3
 * (ECDSA); RFC 8017 8.1.2, 8.2.2, 9.1.2, 9.2 and appendix B.2.1 (RSA).
 */
#include "crypt/crypt.h"

#include "crypt/crypt_int.h"
#include "der/der.h"

size_t crypt_hash_bytes(enum crypt_hash hash)
{
    switch (hash) {
    case CRYPT_SHA256:
        return 32;
    case CRYPT_SHA384:
        return 48;
    case CRYPT_SHA512:
        return 64;
    case CRYPT_SHA1:
        return 20;
    }
    return 0;
}

bool crypt_hash_signs(enum crypt_hash hash)
{
    return hash == CRYPT_SHA256 || hash == CRYPT_SHA384 || hash == CRYPT_SHA512;
}

/* ---- algorithms in AlgorithmIdentifiers ---- */

static enum crypt_hash hash_of(struct slice oid)
{
    static const struct {
        const char *dotted;
        enum crypt_hash hash;
    } known[] = {
        {"2.16.840.1.101.3.4.2.1", CRYPT_SHA256},
        {"2.16.840.1.101.3.4.2.2", CRYPT_SHA384},
        {"2.16.840.1.101.3.4.2.3", CRYPT_SHA512},
        {"1.3.14.3.2.26", CRYPT_SHA1},
    };

    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (der_oid_is(oid, known[i].dotted))
            return known[i].hash;
    }
    return 0;
}

enum crypt_hash crypt_hash_parse(struct slice item)
{
    struct der_item seq, null;
    struct slice rest, oid;

    if (der_whole(item, DER_SEQUENCE, &seq, NULL) != 0)
        return 0;
    rest = seq.value;
    /* Parameters absent, or NULL: both are written and must be taken (RFC 5754 2). */
    if (der_oid(&rest, &oid, NULL) != 0 || der_optional(&rest, DER_NULL, &null, NULL) != 0 ||
        (null.raw.ptr && null.value.len) || rest.len)
        return 0;
    return hash_of(oid);
}

/* maskGenAlgorithm: MGF1, and with which hash. */
static enum crypt_hash mask_of(struct slice item)
{
    struct der_item seq;
    struct slice rest, oid;

    if (der_whole(item, DER_SEQUENCE, &seq, NULL) != 0)
        return 0;
    rest = seq.value;
    if (der_oid(&rest, &oid, NULL) != 0 || !der_oid_is(oid, "1.2.840.113549.1.1.8"))
        return 0;
    return crypt_hash_parse(rest);
}

bool crypt_pss_parse(struct slice params, struct crypt_alg *out)
{
    struct der_item seq, hash, mask, salt, trailer;
    struct crypt_alg found = {.scheme = CRYPT_RSA_PSS};
    uint64_t salt_len = 20, field = 1;
    struct slice rest;

    if (der_whole(params, DER_SEQUENCE, &seq, NULL) != 0)
        return false;
    rest = seq.value;
    if (der_optional(&rest, DER_CONTEXT_BUILT(0), &hash, NULL) != 0 ||
        der_optional(&rest, DER_CONTEXT_BUILT(1), &mask, NULL) != 0 ||
        der_optional(&rest, DER_CONTEXT_BUILT(2), &salt, NULL) != 0 ||
        der_optional(&rest, DER_CONTEXT_BUILT(3), &trailer, NULL) != 0 || rest.len)
        return false;
    /* Absent, they mean SHA-1 (RFC 4055 3.1): not for us. */
    if (!hash.raw.ptr || !mask.raw.ptr)
        return false;
    if (salt.raw.ptr && (der_u64(&salt.value, &salt_len, NULL) != 0 || salt.value.len))
        return false;
    if (trailer.raw.ptr && (der_u64(&trailer.value, &field, NULL) != 0 || trailer.value.len))
        return false;
    found.hash = crypt_hash_parse(hash.value);
    if (!crypt_hash_signs(found.hash) || mask_of(mask.value) != found.hash || field != 1 ||
        salt_len > LIMIT_RSA_BITS / 8)
        return false;
    found.salt_len = (unsigned)salt_len;
    *out = found;
    return true;
}

bool crypt_alg_parse(struct slice item, struct crypt_alg *out)
{
    static const struct {
        const char *dotted;
        enum crypt_scheme scheme;
        enum crypt_hash hash;
    } known[] = {
        {"1.2.840.10045.4.3.2", CRYPT_ECDSA_DER, CRYPT_SHA256},
        {"1.2.840.10045.4.3.3", CRYPT_ECDSA_DER, CRYPT_SHA384},
        {"1.2.840.10045.4.3.4", CRYPT_ECDSA_DER, CRYPT_SHA512},
        {"1.3.101.112", CRYPT_EDDSA, CRYPT_SHA512},
        {"1.2.840.113549.1.1.11", CRYPT_RSA_PKCS1, CRYPT_SHA256},
        {"1.2.840.113549.1.1.12", CRYPT_RSA_PKCS1, CRYPT_SHA384},
        {"1.2.840.113549.1.1.13", CRYPT_RSA_PKCS1, CRYPT_SHA512},
    };
    struct der_item seq, null;
    struct slice rest, oid;

    if (der_whole(item, DER_SEQUENCE, &seq, NULL) != 0)
        return false;
    rest = seq.value;
    if (der_oid(&rest, &oid, NULL) != 0)
        return false;
    if (der_oid_is(oid, "1.2.840.113549.1.1.10"))
        return crypt_pss_parse(rest, out);
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (!der_oid_is(oid, known[i].dotted))
            continue;
        /* RSA: NULL, or absent, which RFC 4055 5 wants taken; the others: absent. */
        if (known[i].scheme == CRYPT_RSA_PKCS1 && rest.len &&
            (der_expect(&rest, DER_NULL, &null, NULL) != 0 || null.value.len))
            return false;
        if (rest.len)
            return false;
        *out = (struct crypt_alg){.scheme = known[i].scheme, .hash = known[i].hash};
        return true;
    }
    return false;
}

/* ---- public keys ---- */

static bool ec_key(struct slice rest, struct slice bits, struct crypt_public *out)
{
    static const struct {
        const char *dotted;
        enum crypt_curve curve;
        size_t bytes;
    } known[] = {
        {"1.2.840.10045.3.1.7", CRYPT_P256, 32},
        {"1.3.132.0.34", CRYPT_P384, 48},
        {"1.3.132.0.35", CRYPT_P521, 66},
    };
    struct slice oid;

    if (der_oid(&rest, &oid, NULL) != 0 || rest.len || !bits.len)
        return false;
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        size_t bytes = known[i].bytes;

        if (!der_oid_is(oid, known[i].dotted))
            continue;
        out->curve = known[i].curve;
        out->order_bytes = bytes;
        out->point = bits;
        /* Uncompressed, or compressed (RFC 5480 2.2); the hybrid form is nobody's. */
        return bits.ptr[0] == 4
                   ? bits.len == 1 + 2 * bytes
                   : (bits.ptr[0] == 2 || bits.ptr[0] == 3) && bits.len == 1 + bytes;
    }
    return false;
}

/* An INTEGER above zero, without the zero byte in front. */
static bool positive(struct slice *rest, struct slice *out)
{
    if (der_integer(rest, out, NULL) != 0 || !out->len || out->ptr[0] & 0x80)
        return false;
    if (!out->ptr[0])
        *out = slice_sub(*out, 1, out->len - 1);
    return out->len > 0;
}

static unsigned bits_of(struct slice number)
{
    unsigned bits = (unsigned)number.len * 8;

    for (unsigned top = number.ptr[0]; !(top & 0x80); top <<= 1)
        bits--;
    return bits;
}

static bool rsa_key(struct slice bits, struct crypt_public *out)
{
    struct der_item seq;
    struct slice rest;

    if (der_whole(bits, DER_SEQUENCE, &seq, NULL) != 0)
        return false;
    rest = seq.value;
    if (!positive(&rest, &out->modulus) || !positive(&rest, &out->exponent) || rest.len)
        return false;
    if (out->modulus.len > LIMIT_RSA_BITS / 8)
        return false;
    out->bits = bits_of(out->modulus);
    /* Even numbers are no RSA; an exponent of more than 64 bits only makes a check slow. */
    return out->bits >= LIMIT_RSA_LEAST_BITS && out->modulus.ptr[out->modulus.len - 1] & 1 &&
           out->exponent.len <= 8 && out->exponent.ptr[out->exponent.len - 1] & 1 &&
           (out->exponent.len > 1 || out->exponent.ptr[0] > 1);
}

static bool key_parse(struct slice alg, struct slice bits, struct crypt_public *out)
{
    struct der_item null;
    struct slice oid;

    if (der_oid(&alg, &oid, NULL) != 0)
        return false;
    if (der_oid_is(oid, "1.2.840.10045.2.1")) {
        out->kind = CRYPT_PUBLIC_EC;
        return ec_key(alg, bits, out);
    }
    if (der_oid_is(oid, "1.3.101.112")) {
        out->kind = CRYPT_PUBLIC_ED25519;
        out->point = bits;
        return !alg.len && bits.len == CRYPT_KEY_BYTES;
    }
    out->kind = CRYPT_PUBLIC_RSA;
    if (der_oid_is(oid, "1.2.840.113549.1.1.1"))
        return der_whole(alg, DER_NULL, &null, NULL) == 0 && !null.value.len &&
               rsa_key(bits, out);
    if (!der_oid_is(oid, "1.2.840.113549.1.1.10"))
        return false;
    out->pss_only = true;
    out->pss_bound = alg.len > 0;
    return (!alg.len || crypt_pss_parse(alg, &out->pss)) && rsa_key(bits, out);
}

bool crypt_public_parse(struct slice spki, struct crypt_public *out)
{
    struct der_item whole, alg;
    struct slice rest, bits;
    unsigned unused;

    *out = (struct crypt_public){0};
    if (der_whole(spki, DER_SEQUENCE, &whole, NULL) != 0)
        return false;
    rest = whole.value;
    if (der_expect(&rest, DER_SEQUENCE, &alg, NULL) != 0 ||
        der_bits(&rest, &bits, &unused, NULL) != 0 || unused || rest.len)
        return false;
    return key_parse(alg.value, bits, out);
}

bool crypt_public_fits(const struct crypt_public *key, const struct crypt_alg *alg)
{
    switch (alg->scheme) {
    case CRYPT_ECDSA_RAW:
    case CRYPT_ECDSA_DER:
        return key->kind == CRYPT_PUBLIC_EC && crypt_hash_signs(alg->hash);
    case CRYPT_RSA_PKCS1:
        return key->kind == CRYPT_PUBLIC_RSA && !key->pss_only && crypt_hash_signs(alg->hash);
    case CRYPT_RSA_PSS:
        return key->kind == CRYPT_PUBLIC_RSA && crypt_hash_signs(alg->hash) &&
               (!key->pss_bound ||
                (key->pss.hash == alg->hash && key->pss.salt_len <= alg->salt_len));
    case CRYPT_EDDSA:
        return key->kind == CRYPT_PUBLIC_ED25519;
    }
    return false;
}

/* ---- signatures ---- */

static bool ecdsa_number(struct slice *rest, uint8_t *out, size_t bytes)
{
    struct slice number;

    if (!positive(rest, &number) || number.len > bytes)
        return false;
    memset(out, 0, bytes - number.len);
    memcpy(out + bytes - number.len, number.ptr, number.len);
    return true;
}

bool crypt_ecdsa_parse(struct slice der, size_t order_bytes, uint8_t *raw)
{
    struct der_item seq;
    struct slice rest;

    if (der_whole(der, DER_SEQUENCE, &seq, NULL) != 0)
        return false;
    rest = seq.value;
    return ecdsa_number(&rest, raw, order_bytes) &&
           ecdsa_number(&rest, raw + order_bytes, order_bytes) && !rest.len;
}

/* EMSA-PKCS1-v1_5: written anew and compared as a whole, so nothing in it is free (8.2.2). */
static bool pkcs1_opens(struct slice em, enum crypt_hash hash, struct slice message)
{
    static const uint8_t prefix[] = {0x30, 0,    0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                     0x65, 0x03, 0x04, 0x02, 0,    0x05, 0x00, 0x04, 0};
    size_t len = crypt_hash_bytes(hash), tail = sizeof prefix + len;
    uint8_t info[sizeof prefix + CRYPT_DIGEST_MAX];
    size_t zero;

    memcpy(info, prefix, sizeof prefix);
    info[1] = (uint8_t)(len + sizeof prefix - 2);
    info[14] = (uint8_t)hash; /* 2.16.840.1.101.3.4.2.1 .2 .3: our numbers, too */
    info[18] = (uint8_t)len;
    crypto.digest(hash, message, info + sizeof prefix);
    if (em.len < tail + 11 || em.ptr[0] || em.ptr[1] != 1)
        return false;
    zero = em.len - tail - 1;
    for (size_t i = 2; i < zero; i++) {
        if (em.ptr[i] != 0xff)
            return false;
    }
    return !em.ptr[zero] && memcmp(em.ptr + zero + 1, info, tail) == 0;
}

/* XOR MGF1(seed) over data (B.2.1). */
static void unmask(uint8_t *data, size_t data_len, struct slice seed, enum crypt_hash hash)
{
    size_t len = crypt_hash_bytes(hash);
    uint8_t block[CRYPT_DIGEST_MAX];

    for (size_t at = 0, counter = 0; at < data_len; at += len, counter++) {
        const uint8_t number[4] = {(uint8_t)(counter >> 24), (uint8_t)(counter >> 16),
                                   (uint8_t)(counter >> 8), (uint8_t)counter};
        struct crypt_digest ctx;

        crypto.digest_init(&ctx, hash);
        crypto.digest_update(&ctx, seed);
        crypto.digest_update(&ctx, slice_of(number, sizeof number));
        crypto.digest_final(&ctx, block);
        for (size_t i = 0; i < len && at + i < data_len; i++)
            data[at + i] ^= block[i];
    }
}

/* EMSA-PSS-VERIFY (9.1.2); em is changed. */
static bool pss_opens(uint8_t *em, size_t em_len, unsigned em_bits, const struct crypt_alg *alg,
                      struct slice message)
{
    static const uint8_t eight[8];
    size_t len = crypt_hash_bytes(alg->hash), db_len, zeros;
    uint8_t digest[CRYPT_DIGEST_MAX], again[CRYPT_DIGEST_MAX];
    uint8_t free_bits = (uint8_t)(0xff00u >> (8 * em_len - em_bits));
    struct crypt_digest ctx;

    if (em_len < len + alg->salt_len + 2 || em[em_len - 1] != 0xbc || em[0] & free_bits)
        return false;
    db_len = em_len - len - 1;
    unmask(em, db_len, slice_of(em + db_len, len), alg->hash);
    em[0] &= (uint8_t)~free_bits;
    zeros = db_len - alg->salt_len - 1;
    for (size_t i = 0; i < zeros; i++) {
        if (em[i])
            return false;
    }
    if (em[zeros] != 1)
        return false;
    crypto.digest(alg->hash, message, digest);
    crypto.digest_init(&ctx, alg->hash);
    crypto.digest_update(&ctx, slice_of(eight, sizeof eight));
    crypto.digest_update(&ctx, slice_of(digest, len));
    crypto.digest_update(&ctx, slice_of(em + zeros + 1, alg->salt_len));
    crypto.digest_final(&ctx, again);
    return memcmp(again, em + db_len, len) == 0;
}

bool crypt_rsa_opens(const struct crypt_public *key, const struct crypt_alg *alg, uint8_t *em,
                     struct slice message)
{
    size_t len = key->modulus.len;
    unsigned em_bits = key->bits - 1;

    if (alg->scheme == CRYPT_RSA_PKCS1)
        return pkcs1_opens(slice_of(em, len), alg->hash, message);
    /* A modulus of 8n + 1 bits: the encoded message is a byte shorter (8.1.2, step 2c). */
    if (em_bits % 8 == 0) {
        if (*em++)
            return false;
        len--;
    }
    return pss_opens(em, len, em_bits, alg, message);
}
