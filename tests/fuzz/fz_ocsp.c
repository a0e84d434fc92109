/*
 * OCSP replies: a certificate, its issuer and a reply, one behind the other.  A verdict, with a
 * cause where the reply is of no use; no reply counts for a certificate of another serial.
 */
#include <stdint.h>
#include <stdlib.h>

#include "der/der.h"
#include "x509/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of(data, size);
    struct x509_ocsp_answer answer = {0};
    struct x509_ocsp_question question;
    struct x509_cert cert, issuer;
    struct der_item first, second;
    struct why why = {0};
    enum x509_ocsp verdict;

    if (der_next(&input, &first, NULL) < 0 || x509_parse(first.raw, &cert, NULL) < 0 ||
        der_next(&input, &second, NULL) < 0 || x509_parse(second.raw, &issuer, NULL) < 0)
        return 0;
    question = (struct x509_ocsp_question){input, &cert, &issuer, cert.not_before, UINT64_MAX};
    verdict = x509_ocsp_judge(&question, &answer, &why);
    if (verdict == X509_OCSP_UNUSABLE && !why.text[0])
        abort();
    if (verdict != X509_OCSP_UNUSABLE && (!answer.produced_at || answer.reason > 255))
        abort();
    if (verdict != X509_OCSP_REVOKED && answer.revoked_at && answer.reason != 8)
        abort();
    cert.serial = slice_of("\x7e\x7e\x7e\x7e\x7e", 5);
    if (verdict != X509_OCSP_UNUSABLE &&
        x509_ocsp_judge(&question, NULL, NULL) != X509_OCSP_UNUSABLE)
        abort();
    return 0;
}
