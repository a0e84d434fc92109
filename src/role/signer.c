/* The signer: holds the log key, signs one checkpoint, parses nothing else. */
#include "role/role.h"

#include <string.h>
#include <unistd.h>

#include "cage/cage.h"
#include "crypt/crypt.h"
#include "io/io.h"
#include "proc/proc.h"

struct task {
    int private_dir;
    const struct channel_id *id;
    const struct tlog_key *key;
    struct slice text;
};

static int read_key(const struct task *task, struct secret *seed, struct why *why)
{
    struct bytes raw;
    uint8_t public_key[CRYPT_KEY_BYTES];
    int rc;

    bytes_init(&raw, 2 * SECRET_BYTES + 1);
    rc = io_read(task->private_dir, "keys/log.key", &raw, why);
    if (rc == SH_OK && (raw.len != raw.max || raw.ptr[raw.len - 1] != '\n' ||
                        !hex_parse(slice_of(raw.ptr, raw.len - 1), seed->byte, SECRET_BYTES)))
        rc = why_set(
            why, SH_EFORMAT, WHY_NOWHERE,
            "private/keys/log.key: not 64 hexadecimal digits and a newline; bring it back "
            "from a backup");
    if (raw.ptr)
        wipe(raw.ptr, raw.cap);
    bytes_release(&raw);
    if (rc < 0)
        return rc;
    crypto.ed25519_public(seed, public_key);
    if (memcmp(public_key, task->key->public_key, sizeof(public_key)) != 0)
        return why_set(
            why, SH_ECRYPT, WHY_NOWHERE,
            "private/keys/log.key is not the log key of this channel's identity note");
    return SH_OK;
}

/* The purpose of this key: a checkpoint of this channel, and nothing else. */
static int check_text(const struct task *task, struct why *why)
{
    struct tlog_checkpoint checkpoint;
    char origin[CHANNEL_ORIGIN_BYTES];
    int rc = tlog_checkpoint_parse(task->text, &checkpoint, why);

    if (rc < 0)
        return rc;
    channel_origin(task->id, origin);
    if (!slice_equal(checkpoint.origin, slice_text(origin)))
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "signer: asked to sign for another origin than %s", origin);
    return SH_OK;
}

static int sign(void *ctx, const struct proc_side *side, struct why *why)
{
    const struct task *task = ctx;
    const struct cage_rules rules = {
        .profile = CAGE_COPY, .keep = &side->fd, .keep_count = 1, .cpu_s = LIMIT_CAGE_CPU_S};
    struct secret seed = {{0}};
    uint8_t signature[CRYPT_SIGNATURE_BYTES];
    int rc = read_key(task, &seed, why);

    if (rc == SH_OK)
        rc = cage_enter(&rules, NULL, why);
    if (rc == SH_OK)
        rc = check_text(task, why);
    if (rc == SH_OK) {
        crypto.ed25519_sign(&seed, task->text, signature);
        proc_report(side, slice_of(signature, sizeof(signature)));
    }
    secret_wipe(&seed);
    return rc;
}

static int sign_checkpoint(void *ctx, struct slice text,
                           uint8_t signature[CRYPT_SIGNATURE_BYTES], struct why *why)
{
    const struct channel_info *info = channel_info(ctx);
    struct task of_child = {
        .private_dir = info->private_dir, .id = &info->id, .key = &info->log_key, .text = text};
    const struct proc_task task = {.name = "the signer", .run = sign, .ctx = &of_child};
    struct bytes reply;
    int rc;

    bytes_init(&reply, CRYPT_SIGNATURE_BYTES);
    rc = proc_run(&task, &reply, why);
    if (rc == SH_OK && (reply.len != CRYPT_SIGNATURE_BYTES ||
                        !crypto.ed25519_verify(info->log_key.public_key, text, reply.ptr)))
        rc = why_set(why, SH_ECRYPT, WHY_NOWHERE,
                     "the signer gave a signature that does not hold");
    if (rc == SH_OK)
        memcpy(signature, reply.ptr, CRYPT_SIGNATURE_BYTES);
    bytes_release(&reply);
    return rc;
}

struct channel_signer role_signer(struct channel *channel)
{
    return (struct channel_signer){.sign_checkpoint = sign_checkpoint, .ctx = channel};
}
