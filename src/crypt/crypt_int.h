/* crypt, inside: what its two OpenSSL files share. */
#ifndef CRYPT_CRYPT_INT_H
#define CRYPT_CRYPT_INT_H

#include <stdbool.h>

/*
 * Called before the first call of each function that needs more of libcrypto than SHA-256.  The
 * library must not read openssl.cnf, so that nothing on the machine can swap the algorithms and
 * a caged process needs no files; nor list all ciphers, digests and error texts by name, which
 * is a third of the start-up time of a process that signs once (measured: 3.4 to 2.4 ms, with
 * the process itself).  Does its work once and is cheap and safe to call again.
 */
void crypt_library_ready(void);

/* For calls that fail only when the library itself does: that is our bug, and stops. */
void crypt_must(bool held);

#endif
