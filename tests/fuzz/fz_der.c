/*
 * DER and certificates: bytes are walked as items, each level tiled by its items, and what is
 * canonical is written again as it stood; a row of certificates is a leaf, those that came with
 * it and an anchor: names come out as harmless text, verdicts come with a cause.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "der/der.h"
#include "x509/x509.h"

enum { DEPTH = 12, CERTS = 12 };

static void check(bool holds)
{
    if (!holds)
        abort();
}

static bool is_inside(struct slice part, struct slice whole)
{
    return !part.len || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

/* Items of all levels, by an explicit stack; each is written again. */
static void walk(struct slice input)
{
    struct slice stack[DEPTH] = {input};
    size_t depth = 1;

    while (depth) {
        struct slice before = stack[depth - 1];
        struct why why = {0};
        struct der_item item;
        struct bytes again;

        if (der_next(&stack[depth - 1], &item, &why) < 0) {
            check(why.text[0] && slice_equal(before, stack[depth - 1]));
            depth--;
            continue;
        }
        check(item.raw.ptr == before.ptr && is_inside(item.value, item.raw));
        check(item.raw.len + stack[depth - 1].len == before.len);
        bytes_init(&again, SIZE_MAX);
        der_put(&again, item.tag, item.value);
        check(slice_equal(bytes_view(&again), item.raw));
        bytes_release(&again);
        if ((item.tag & 0x20) && depth < DEPTH)
            stack[depth++] = item.value;
    }
}

static void simple(struct slice input)
{
    struct slice rest = input;
    struct bytes text, again;
    struct slice part;
    uint64_t number;

    bytes_init(&text, SIZE_MAX);
    bytes_init(&again, SIZE_MAX);
    if (der_oid(&rest, &part, NULL) == SH_OK) {
        der_oid_text(part, &text);
        if (der_oid_parse(bytes_view(&text), &again))
            check(slice_equal(bytes_view(&again), part));
    }
    rest = input;
    if (der_u64(&rest, &number, NULL) == SH_OK) {
        bytes_clear(&again);
        der_put_u64(&again, number);
        check(slice_equal(bytes_view(&again), slice_sub(input, 0, input.len - rest.len)));
    }
    rest = input;
    if (der_time(&rest, &number, NULL) == SH_OK && number >= 1 &&
        (number < 2524608000) == (input.ptr[0] == DER_UTC_TIME)) {
        bytes_clear(&again);
        der_put_time(&again, number);
        check(slice_equal(bytes_view(&again), slice_sub(input, 0, input.len - rest.len)));
    }
    bytes_release(&text);
    bytes_release(&again);
}

static void check_name(struct slice name)
{
    struct bytes text;

    bytes_init(&text, 1u << 20);
    x509_name_text(name, &text);
    check(!text.failed && text.len <= LIMIT_X509_NAME_TEXT + 200);
    check(!text.len || text_check(bytes_view(&text), TEXT_LINE, LIMIT_X509_NAME_TEXT + 200,
                                  "name", NULL) == SH_OK);
    bytes_release(&text);
}

static void check_cert(const struct x509_cert *cert)
{
    check(is_inside(cert->tbs, cert->raw) && is_inside(cert->spki, cert->tbs) &&
          is_inside(cert->extensions, cert->tbs) && is_inside(cert->eku, cert->tbs) &&
          is_inside(cert->ski, cert->tbs) && is_inside(cert->aki, cert->tbs) &&
          is_inside(cert->signature, cert->raw) && is_inside(cert->key_bytes, cert->spki));
    check(cert->version >= 1 && cert->version <= 3);
    check(!cert->sig_known || cert->sig.hash != CRYPT_SHA1);
    check_name(cert->issuer);
    check_name(cert->subject);
    for (int purpose = X509_FOR_CLAIM; purpose <= X509_FOR_KNOWN; purpose++) {
        struct why why = {0};
        int rc = x509_profile(cert, (enum x509_purpose)purpose, NULL, &why);

        check((rc == SH_OK) == !why.text[0]);
    }
}

static void chain(struct slice input, bool judged)
{
    static struct x509_cert certs[CERTS];
    struct x509_anchor anchor = {.not_after = UINT64_MAX};
    struct x509_question question = {.leaf = certs, .more = certs + 1, .anchors = &anchor};
    struct x509_answer answer;
    struct der_item item;
    struct why why = {0};
    size_t count = 0;
    enum x509_verdict verdict;

    while (count < CERTS && der_next(&input, &item, NULL) == SH_OK &&
           x509_parse(item.raw, &certs[count], NULL) == SH_OK)
        check_cert(&certs[count++]);
    if (count < 2 || !judged)
        return;
    question.more_count = count - 2;
    question.at = certs[0].not_before;
    anchor.cert = certs[count - 1];
    verdict = x509_chain(&question, &answer, &why);
    check((verdict == X509_TRUSTED) == (answer.anchor == &anchor));
    check((verdict == X509_TRUSTED) == !why.text[0]);
    check(verdict == X509_UNTRUSTED || (answer.certs >= 2 && answer.certs <= LIMIT_X509_PATH &&
                                        !certs[0].ca && x509_signed_by(certs, answer.issuer)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of(data, size);

    unsigned sum = 0;

    walk(input);
    simple(input);
    /* Signatures take a hundred times as long as all else: of some inputs only. */
    for (size_t i = 0; i < size; i++)
        sum += data[i];
    chain(input, sum % 16 == 0);
    return 0;
}
