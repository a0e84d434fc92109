/* stamp, inside. */
#ifndef STAMP_STAMP_INT_H
#define STAMP_STAMP_INT_H

#include "der/der.h"
#include "stamp/stamp.h"
#include "x509/x509.h"

#define STAMP_OID_SIGNED_DATA "1.2.840.113549.1.7.2"
#define STAMP_OID_INFO "1.2.840.113549.1.9.16.1.4"

/* TSTInfo (RFC 3161 2.4.2): the DER in stamp->info into its fields. */
MUST_CHECK int stamp_info_parse(struct stamp *stamp, struct why *why);
/* The SET OF SignerInfo (RFC 5652 5.3) into its fields; finds the signer among the certs. */
MUST_CHECK int stamp_signer_parse(struct stamp *stamp, struct slice signers,
                                  struct arena *arena, struct why *why);
/* SET OF CertificateChoices (10.2.2). */
MUST_CHECK int stamp_certs_parse(struct stamp *stamp, struct slice certs, struct arena *arena,
                                 struct why *why);

#endif
