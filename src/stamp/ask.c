/* Asking for a time stamp and reading what comes back: RFC 3161 2.4. */
#include "stamp/stamp_int.h"

static void put_hash(struct bytes *out, enum crypt_hash hash)
{
    size_t seq = der_open(out);

    der_put_oid(out, hash == CRYPT_SHA256   ? "2.16.840.1.101.3.4.2.1"
                     : hash == CRYPT_SHA384 ? "2.16.840.1.101.3.4.2.2"
                                            : "2.16.840.1.101.3.4.2.3");
    der_put_null(out); /* Some servers want it, none minds it. */
    der_close(out, DER_SEQUENCE, seq);
}

int stamp_request(const struct stamp_query *query, struct bytes *out, struct why *why)
{
    uint8_t digest[CRYPT_DIGEST_MAX];
    size_t whole, imprint;

    if (query->hash != CRYPT_SHA256 && query->hash != CRYPT_SHA384 &&
        query->hash != CRYPT_SHA512)
        bug("a time stamp by a hash that there is not");
    crypto.digest(query->hash, query->message, digest);
    whole = der_open(out);
    der_put_u64(out, 1);
    imprint = der_open(out);
    put_hash(out, query->hash);
    der_put(out, DER_OCTET_STRING, slice_of(digest, crypt_hash_bytes(query->hash)));
    der_close(out, DER_SEQUENCE, imprint);
    der_put_unsigned(out, slice_of(query->nonce, STAMP_NONCE_BYTES));
    der_put_bool(out, true);
    der_close(out, DER_SEQUENCE, whole);
    return bytes_check(out, why);
}

/* The server's first words, when they are a line of text that can be shown. */
static int refusal(uint64_t status, struct slice rest, struct why *why)
{
    struct der_item list, text = {0};

    if (der_optional(&rest, DER_SEQUENCE, &list, NULL) == SH_OK && list.raw.ptr &&
        der_expect(&list.value, DER_UTF8_STRING, &text, NULL) == SH_OK && text.value.len &&
        text_check(text.value, TEXT_LINE, LIMIT_STATUS_BYTES, "text", NULL) == SH_OK)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                       "time stamp: the server gives none, and says: %.*s", (int)text.value.len,
                       (const char *)text.value.ptr);
    return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                   "time stamp: the server gives none (status %llu of RFC 3161 2.4.2)",
                   (unsigned long long)status);
}

int stamp_response(struct slice der, struct slice *token, struct why *why)
{
    struct der_item whole, info, item;
    struct slice rest, inner;
    uint64_t status = 0;
    int rc;

    rc = der_whole(der, DER_SEQUENCE, &whole, why);
    if (rc < 0)
        return rc;
    rest = whole.value;
    rc = der_expect(&rest, DER_SEQUENCE, &info, why);
    if (rc < 0)
        return rc;
    inner = info.value;
    rc = der_u64(&inner, &status, why);
    if (rc < 0)
        return rc;
    if (status > 1) /* 0 granted, 1 grantedWithMods */
        return refusal(status, inner, why);
    rc = der_expect(&rest, DER_SEQUENCE, &item, why);
    if (rc == SH_OK)
        rc = der_end(rest, why);
    if (rc == SH_OK)
        *token = item.raw;
    return rc;
}

/* Is the content of an INTEGER this number? */
static bool nonce_is(struct slice integer, const uint8_t nonce[STAMP_NONCE_BYTES])
{
    struct slice wanted = slice_of(nonce, STAMP_NONCE_BYTES);

    if (!integer.len || integer.ptr[0] & 0x80)
        return false;
    while (integer.len && !integer.ptr[0])
        integer = slice_sub(integer, 1, integer.len - 1);
    while (wanted.len && !wanted.ptr[0])
        wanted = slice_sub(wanted, 1, wanted.len - 1);
    return slice_equal(integer, wanted);
}

int stamp_answer(const struct stamp_query *query, struct slice response, struct arena *arena,
                 struct slice *token, struct why *why)
{
    struct stamp_judgement judgement;
    struct stamp *stamp;
    struct slice found;
    int rc;

    rc = stamp_response(response, &found, why);
    if (rc == SH_OK)
        rc = stamp_parse(found, arena, &stamp, why);
    if (rc < 0)
        return rc;
    stamp_judge(stamp, query->message, NULL, &judgement);
    if (!judgement.imprint || stamp->hash != query->hash)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "time stamp: the server stamped something else than what was sent");
    if (!nonce_is(stamp->nonce, query->nonce))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "time stamp: the answer is to another question (nonce, RFC 3161 2.4.2)");
    if (!judgement.signature)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "%s", judgement.why.text);
    *token = found;
    return SH_OK;
}
