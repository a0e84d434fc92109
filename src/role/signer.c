/* The signer: the only process that holds the log key, for the time of one signature. */
#include "role/role.h"

#include <string.h>
#include <unistd.h>

#include "cage/cage.h"
#include "crypt/crypt.h"
#include "io/io.h"
#include "proc/proc.h"
#include "tlog/tlog.h"

#define KEY_TEXT_BYTES (2 * SECRET_BYTES + 1)

struct signer {
    const struct channel_info *info;
    const struct tlog_key *key; /* info's log_key or log_before */
    const char *id;             /* of that key, as the identity note has it */
    struct slice text;
};

/* 64 hex digits and a newline; and is it the key that the identity note names? */
static int key_read(const struct signer *signer, struct secret *seed, struct why *why)
{
    char path[CHANNEL_KEY_PATH_BYTES];
    uint8_t public_key[CRYPT_KEY_BYTES];
    struct bytes raw;
    int rc;

    bytes_init(&raw, KEY_TEXT_BYTES);
    channel_key_path(signer->info->private_dir, "log", signer->id, path);
    rc = io_read(signer->info->private_dir, path, &raw, why);
    if (rc == SH_OK && (raw.len != KEY_TEXT_BYTES || raw.ptr[raw.len - 1] != '\n' ||
                        !hex_parse(slice_of(raw.ptr, raw.len - 1), seed->byte, SECRET_BYTES)))
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE,
                     "private/%s: expected 64 lower-case hex digits and a newline; "
                     "put back the file from a backup",
                     path);
    if (raw.ptr)
        wipe(raw.ptr, raw.cap);
    bytes_release(&raw);
    if (rc != SH_OK)
        return rc;
    crypto.ed25519_public(seed, public_key);
    if (memcmp(public_key, signer->key->public_key, sizeof(public_key)) != 0)
        return why_set(why, SH_ECRYPT, WHY_NOWHERE,
                       "private/%s is not the log key that the identity note names; "
                       "put back the file from a backup of this channel",
                       path);
    return SH_OK;
}

/* The one purpose of this key: a checkpoint of this log, exactly as we write it. */
static int purpose_check(const struct signer *signer, struct why *why)
{
    struct tlog_checkpoint checkpoint;
    struct bytes again;
    int rc = tlog_checkpoint_parse(signer->text, &checkpoint, why);

    if (rc != SH_OK)
        return rc;
    /* Of the newest identity note: what went on after a theft never signs the old log. */
    if (!slice_equal(checkpoint.origin, slice_text(signer->info->origin)))
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "the signer: a checkpoint of another log: %.*s",
                       (int)checkpoint.origin.len, (const char *)checkpoint.origin.ptr);
    if (checkpoint.size < signer->info->size)
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "the signer: a checkpoint of %llu entries, but the log has %llu",
                       (unsigned long long)checkpoint.size,
                       (unsigned long long)signer->info->size);
    bytes_init(&again, LIMIT_NOTE_BYTES);
    tlog_checkpoint_build(&again, &checkpoint);
    rc = bytes_check(&again, why);
    if (rc == SH_OK && !slice_equal(bytes_view(&again), signer->text))
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE,
                     "the signer: not the exact text of a checkpoint");
    bytes_release(&again);
    return rc;
}

static int signer_run(void *ctx, const struct proc_side *side, struct why *why)
{
    const struct signer *signer = ctx;
    struct cage_rules rules = {
        .profile = CAGE_COPY, .keep = &side->fd, .keep_count = 1, .cpu_s = LIMIT_SIGNER_WAIT_S};
    uint8_t signature[CRYPT_SIGNATURE_BYTES];
    struct secret seed = {{0}};
    /* The key is read before the cage shuts; nothing else is looked at until then. */
    int rc = key_read(signer, &seed, why);

    if (rc == SH_OK)
        rc = cage_enter(&rules, NULL, why);
    if (rc == SH_OK)
        rc = purpose_check(signer, why);
    if (rc == SH_OK) {
        crypto.ed25519_sign(&seed, signer->text, signature);
        proc_report(side, slice_of(signature, sizeof(signature)));
    }
    secret_wipe(&seed);
    return rc;
}

static int sign_with(struct signer *signer, uint8_t signature[CRYPT_SIGNATURE_BYTES],
                     struct why *why)
{
    struct proc_task task = {.name = "the signer",
                             .run = signer_run,
                             .ctx = signer,
                             .timeout_s = LIMIT_SIGNER_WAIT_S};
    struct bytes report;
    int rc;

    bytes_init(&report, CRYPT_SIGNATURE_BYTES);
    rc = proc_run(&task, &report, why);
    if (rc == SH_OK &&
        (report.len != CRYPT_SIGNATURE_BYTES ||
         !crypto.ed25519_verify(signer->key->public_key, signer->text, report.ptr)))
        rc = why_set(why, SH_ECRYPT, WHY_NOWHERE,
                     "the signer gave a signature that does not hold");
    if (rc == SH_OK)
        memcpy(signature, report.ptr, CRYPT_SIGNATURE_BYTES);
    bytes_release(&report);
    return rc;
}

static int signer_sign(void *ctx, struct slice text, uint8_t signature[CRYPT_SIGNATURE_BYTES],
                       struct why *why)
{
    const struct channel_info *info = channel_info(ctx);
    struct signer signer = {info, &info->log_key, info->log_id, text};

    return sign_with(&signer, signature, why);
}

static int signer_sign_before(void *ctx, struct slice text,
                              uint8_t signature[CRYPT_SIGNATURE_BYTES], struct why *why)
{
    const struct channel_info *info = channel_info(ctx);
    struct signer signer = {info, &info->log_before, info->before_id, text};

    return sign_with(&signer, signature, why);
}

struct channel_signer role_signer(struct channel *channel)
{
    return (struct channel_signer){
        .sign_checkpoint = signer_sign, .ctx = channel, .sign_before = signer_sign_before};
}
