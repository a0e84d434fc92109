/*
 * The channel's certificate for claims: read, or issued by its authority.  One file holds key
 * and certificate, so that there is no moment in which they do not belong together.
 */
#include "role/role.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "cage/cage.h"
#include "io/io.h"
#include "proc/proc.h"
#include "role/claim_int.h"

#define NEW_LEAF "c2pa-leaf"
#define PEM_LINE_BYTES 48 /* 64 characters (RFC 7468 2) */

/* ---- the file ---- */

void role_leaf_release(struct role_leaf *leaf)
{
    secret_wipe(&leaf->scalar);
    bytes_release(&leaf->der);
    *leaf = (struct role_leaf){0};
}

static int leaf_parse(struct slice raw, struct role_leaf *leaf, struct why *why)
{
    uint8_t spki[CRYPT_SPKI_BYTES];
    int rc;

    if (raw.len <= ROLE_LEAF_KEY_BYTES || raw.ptr[ROLE_LEAF_KEY_BYTES - 1] != '\n' ||
        !hex_parse(slice_sub(raw, 0, ROLE_LEAF_KEY_BYTES - 1), leaf->scalar.byte, SECRET_BYTES))
        return why_set(why, SH_EFORMAT, 0, "private/" ROLE_LEAF_PATH ": not 64 hex digits");
    rc = x509_pem_block(slice_sub(raw, ROLE_LEAF_KEY_BYTES, raw.len - ROLE_LEAF_KEY_BYTES),
                        "CERTIFICATE", &leaf->der, why);
    if (rc == SH_OK)
        rc = x509_parse(bytes_view(&leaf->der), &leaf->cert, why);
    if (rc == SH_OK && (!crypt_es256_public(&leaf->scalar, spki) ||
                        !slice_equal(leaf->cert.spki, slice_of(spki, sizeof(spki)))))
        rc = why_set(why, SH_ECRYPT, WHY_NOWHERE,
                     "private/" ROLE_LEAF_PATH ": its certificate is of another key");
    return rc;
}

int role_leaf_read(int private_dir, struct role_leaf *leaf, struct why *why)
{
    struct bytes raw;
    int rc;

    *leaf = (struct role_leaf){0};
    bytes_init(&leaf->der, LIMIT_CERTIFICATE_BYTES);
    bytes_init(&raw, LIMIT_CERTIFICATE_BYTES);
    rc = io_read(private_dir, ROLE_LEAF_PATH, &raw, why);
    if (rc == SH_OK)
        rc = leaf_parse(bytes_view(&raw), leaf, why);
    if (raw.ptr)
        wipe(raw.ptr, raw.cap);
    bytes_release(&raw);
    return rc;
}

/* ---- the authority ---- */

static int anchor_read(const struct channel_info *info, const struct identity_key *key,
                       struct bytes *pem, struct why *why)
{
    char path[TREE_PATH_BYTES];
    int rc;

    (void)snprintf(path, sizeof(path), "id/c2pa-ca-%s.pem", key->id);
    rc = io_read(info->public_dir, path, pem, why);
    return rc == SH_OK ? rc : why_name(why, rc, path);
}

int role_claim_anchors(const struct channel *channel, struct bytes *pem, struct why *why)
{
    const struct identity *identity = channel_identity(channel);
    const struct identity_key *open = identity_key_open(identity, KEY_C2PA_CA);
    struct bytes one;
    int rc = SH_OK;

    bytes_init(&one, LIMIT_CERTIFICATE_BYTES);
    if (open)
        rc = anchor_read(channel_info(channel), open, pem, why);
    else
        rc = why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "the channel has no open c2pa-ca key");
    for (size_t i = identity->key_count; rc == SH_OK && i-- > 0;) {
        const struct identity_key *key = &identity->keys[i];

        if (key == open || key->role != KEY_C2PA_CA || key->revoked != ENTRY_NO_REF)
            continue;
        /* One that is lost takes nothing from the others. */
        if (anchor_read(channel_info(channel), key, &one, NULL) == SH_OK)
            bytes_slice(pem, bytes_view(&one));
    }
    bytes_release(&one);
    return rc == SH_OK ? bytes_check(pem, why) : rc;
}

uint64_t role_claim_time(struct slice certificate)
{
    struct x509_cert cert;
    uint64_t now = io_now();

    if (x509_parse(certificate, &cert, NULL) == SH_OK && cert.not_before > now)
        return cert.not_before;
    return now;
}

struct issue {
    const struct channel_info *info;
    const struct identity_key *key; /* the authority's */
    struct slice pem;               /* its certificate */
    uint64_t now;
    int target; /* an empty file for a new one, -1: only say whether the one there will do */
};

static int authority_parse(struct slice pem, struct bytes *der, struct x509_cert *authority,
                           struct why *why)
{
    int rc = x509_pem_block(pem, "CERTIFICATE", der, why);

    return rc == SH_OK ? x509_parse(bytes_view(der), authority, why) : rc;
}

/* Of this year; a clock that is behind the authority's own beginning is not believed. */
static int32_t year_of(const struct issue *issue, const struct x509_cert *authority)
{
    return when_of(issue->now > authority->not_before ? issue->now : authority->not_before)
        .year;
}

static bool leaf_will_do(const struct issue *issue, const struct role_leaf *leaf,
                         const struct x509_cert *authority)
{
    return x509_signed_by(&leaf->cert, authority) &&
           slice_equal(leaf->cert.issuer, authority->subject) &&
           when_of(leaf->cert.not_before).year == year_of(issue, authority);
}

static int authority_key(const struct issue *issue, struct secret *scalar, struct why *why)
{
    char path[CHANNEL_KEY_PATH_BYTES];
    uint8_t spki[CRYPT_SPKI_BYTES];
    struct bytes raw;
    int rc;

    bytes_init(&raw, ROLE_LEAF_KEY_BYTES);
    channel_key_path(issue->info->private_dir, "c2pa-ca", issue->key->id, path);
    rc = io_read(issue->info->private_dir, path, &raw, NULL);
    if (rc == SH_OK &&
        (raw.len != ROLE_LEAF_KEY_BYTES || raw.ptr[raw.len - 1] != '\n' ||
         !hex_parse(slice_of(raw.ptr, raw.len - 1), scalar->byte, SECRET_BYTES) ||
         !crypt_es256_public(scalar, spki) ||
         !slice_equal(slice_of(spki, sizeof(spki)),
                      slice_of(issue->key->bytes, issue->key->bytes_len))))
        rc = SH_ECRYPT; /* Not the one that the identity note names. */
    if (raw.ptr)
        wipe(raw.ptr, raw.cap);
    bytes_release(&raw);
    return rc == SH_OK
               ? rc
               : why_set(why, rc, WHY_NOWHERE,
                         "private/%s cannot be used; put it back from a backup, or make "
                         "a new one with key rotate c2pa",
                         path);
}

static int leaf_write(int fd, const struct secret *scalar, struct slice der, struct why *why)
{
    char hex[ROLE_LEAF_KEY_BYTES + 1];
    struct bytes text;
    int rc;

    bytes_init(&text, LIMIT_CERTIFICATE_BYTES);
    /* All at once: growing would leave the key behind in memory that was given back. */
    (void)bytes_room(&text, LIMIT_CERTIFICATE_BYTES);
    hex_build(slice_of(scalar->byte, SECRET_BYTES), hex);
    bytes_printf(&text, "%s\n-----BEGIN CERTIFICATE-----\n", hex);
    for (size_t at = 0; at < der.len; at += PEM_LINE_BYTES) {
        base64_build(
            &text,
            slice_sub(der, at, der.len - at < PEM_LINE_BYTES ? der.len - at : PEM_LINE_BYTES),
            BASE64_PADDED);
        bytes_u8(&text, '\n');
    }
    bytes_text(&text, "-----END CERTIFICATE-----\n");
    rc = bytes_check(&text, why);
    if (rc == SH_OK)
        rc = io_write_at(fd, 0, bytes_view(&text), why);
    if (text.ptr)
        wipe(text.ptr, text.cap);
    wipe(hex, sizeof(hex));
    bytes_release(&text);
    return rc;
}

static int leaf_issue(const struct issue *issue, const struct secret *authority, int32_t year,
                      struct bytes *der, struct why *why)
{
    struct secret scalar;
    uint8_t spki[CRYPT_SPKI_BYTES];
    struct crypt_leaf leaf = {
        .ca = authority, .scalar = &scalar, .short_id = issue->info->short_id, .year = year};
    int rc;

    do
        io_random(scalar.byte, sizeof(scalar.byte));
    while (!crypt_es256_public(&scalar, spki));
    io_random(leaf.serial, sizeof(leaf.serial));
    rc = crypt_leaf_build(&leaf, der, why);
    if (rc == SH_OK)
        rc = leaf_write(issue->target, &scalar, bytes_view(der), why);
    secret_wipe(&scalar);
    return rc;
}

static int leaf_run(void *ctx, const struct proc_side *side, struct why *why)
{
    const struct issue *issue = ctx;
    int fds[] = {side->fd, STDERR_FILENO, issue->target};
    struct cage_rules rules = {.profile = CAGE_COPY,
                               .keep = fds,
                               .keep_count = issue->target < 0 ? 2 : 3,
                               .cpu_s = LIMIT_SIGNER_WAIT_S};
    struct secret authority_scalar = {{0}};
    struct x509_cert authority;
    struct role_leaf leaf;
    struct bytes der, fresh;
    /* The keys are read before the cage shuts; no byte of others is looked at. */
    int read_rc = role_leaf_read(issue->info->private_dir, &leaf, NULL);
    int rc = issue->target < 0 ? SH_OK : authority_key(issue, &authority_scalar, why);

    bytes_init(&der, LIMIT_CERTIFICATE_BYTES);
    bytes_init(&fresh, LIMIT_CERTIFICATE_BYTES);
    if (rc == SH_OK)
        rc = cage_enter(&rules, NULL, why);
    if (rc == SH_OK)
        rc = authority_parse(issue->pem, &der, &authority, why);
    if (rc == SH_OK && issue->target >= 0) {
        rc = leaf_issue(issue, &authority_scalar, year_of(issue, &authority), &fresh, why);
        if (rc == SH_OK)
            proc_report(side, bytes_view(&fresh));
    } else if (rc == SH_OK && read_rc == SH_OK && leaf_will_do(issue, &leaf, &authority)) {
        proc_report(side, bytes_view(&leaf.der));
    } /* Else nothing: it must be issued. */
    secret_wipe(&authority_scalar);
    role_leaf_release(&leaf);
    bytes_release(&fresh);
    bytes_release(&der);
    return rc;
}

/* ---- in the keeper ---- */

/* One after the other: a second poster finds what the first has made. */
static int keys_lock(int private_dir, int *lock, struct why *why)
{
    int rc = io_open_dir(private_dir, "keys", lock, why);

    if (rc != SH_OK)
        return rc;
    while (flock(*lock, LOCK_EX) != 0)
        if (errno != EINTR)
            return why_set(why, SH_EIO, WHY_NOWHERE, "private/keys: %s", strerror(errno));
    return SH_OK;
}

static int leaf_task(struct issue *issue, struct bytes *certificate, struct why *why)
{
    struct proc_task task = {.name = "the signer of claims",
                             .run = leaf_run,
                             .ctx = issue,
                             .timeout_s = LIMIT_SIGNER_WAIT_S};

    return proc_run(&task, certificate, why);
}

static int leaf_renew(struct issue *issue, int tmp_dir, struct bytes *certificate,
                      struct why *why)
{
    int rc;

    (void)unlinkat(tmp_dir, NEW_LEAF, 0); /* Of this job: it is not there, or of no use. */
    issue->target =
        openat(tmp_dir, NEW_LEAF, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (issue->target < 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "private/staging: %s", strerror(errno));
    rc = leaf_task(issue, certificate, why);
    if (rc == SH_OK)
        rc = io_sync_fd(issue->target, "private/staging", why);
    if (rc == SH_OK &&
        renameat(tmp_dir, NEW_LEAF, issue->info->private_dir, ROLE_LEAF_PATH) != 0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "private/" ROLE_LEAF_PATH ": %s",
                     strerror(errno));
    if (rc == SH_OK)
        rc = io_sync_parent(issue->info->private_dir, ROLE_LEAF_PATH, why);
    else
        (void)unlinkat(tmp_dir, NEW_LEAF, 0); /* Or it goes with the job's folder. */
    io_close(&issue->target);
    return rc;
}

int role_claim_leaf(const struct channel *channel, int tmp_dir, struct bytes *certificate,
                    struct why *why)
{
    struct issue issue = {.info = channel_info(channel),
                          .key = identity_key_open(channel_identity(channel), KEY_C2PA_CA),
                          .now = io_now(),
                          .target = -1};
    struct bytes pem;
    int lock = -1;
    int rc;

    if (!issue.key)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                       "the channel has no open c2pa-ca key; key rotate c2pa makes one");
    bytes_init(&pem, LIMIT_CERTIFICATE_BYTES);
    rc = keys_lock(issue.info->private_dir, &lock, why);
    if (rc == SH_OK)
        rc = anchor_read(issue.info, issue.key, &pem, why);
    issue.pem = bytes_view(&pem);
    if (rc == SH_OK)
        rc = leaf_task(&issue, certificate, why);
    if (rc == SH_OK && !certificate->len)
        rc = leaf_renew(&issue, tmp_dir, certificate, why);
    io_close(&lock);
    bytes_release(&pem);
    return rc;
}
