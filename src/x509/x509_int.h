/* x509_int -- what the files of x509 share. */
#ifndef X509_X509_INT_H
#define X509_X509_INT_H

#include "der/der.h"
#include "x509/x509.h"

/* RFC 5280 4.1.2.4: is it a well-formed Name? */
MUST_CHECK int x509_name_check(struct slice name, struct why *why);
/* The SubjectPublicKeyInfo item cert->spki into key, key_bits, key_bytes, key_pss. */
MUST_CHECK int x509_key_parse(struct x509_cert *cert, struct why *why);
/* The row of extensions cert->extensions into their fields. */
MUST_CHECK int x509_extensions_parse(struct x509_cert *cert, struct why *why);
/* Is the key one of C2PA 2.2 14.5.1.1?  SH_EFORMAT with the cause. */
MUST_CHECK int x509_key_check(const struct x509_cert *cert, struct why *why);
/* Is issuer, by names and key identifiers, the one that cert names? */
bool x509_names_issuer(const struct x509_cert *cert, const struct x509_cert *issuer);

/*
 * The next block "-----BEGIN label-----" ... "-----END label-----" of *text; *before gets the
 * text in front of it.  1: label and DER (appended to der) are set; 0: no block is left.
 */
MUST_CHECK int x509_pem_next(struct slice *text, struct slice *before, struct slice *label,
                             struct bytes *der, struct why *why);

#endif
