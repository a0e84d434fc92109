/*
 * Who holds the cosigner's key: a process that is given the text of a checkpoint and a time
 * over a socket, and gives back a signature of exactly that meaning.  It reads nothing else.
 */
#include "cosign/cosign_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cage/cage.h"
#include "io/io.h"
#include "proc/proc.h"

#define HEAD_BYTES 12 /* length of the text (4), time (8) */

struct signer {
    struct secret seed;
    int end;
};

static bool give_all(int fd, const uint8_t *from, size_t len)
{
    ssize_t n;

    while (len) {
        n = write(fd, from, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        from += n;
        len -= (size_t)n;
    }
    return true;
}

/* The one purpose of this key: cosignatures of checkpoints in their one form. */
static bool is_checkpoint(struct slice text)
{
    struct tlog_checkpoint checkpoint;
    struct bytes again;
    bool good = tlog_checkpoint_parse(text, &checkpoint, NULL) == SH_OK;

    bytes_init(&again, LIMIT_NOTE_BYTES);
    if (good)
        tlog_checkpoint_build(&again, &checkpoint);
    good = good && bytes_check(&again, NULL) == SH_OK && slice_equal(bytes_view(&again), text);
    bytes_release(&again);
    return good;
}

static bool sign_one(const struct signer *signer)
{
    static uint8_t text[LIMIT_NOTE_BYTES];
    uint8_t head[HEAD_BYTES], signature[CRYPT_SIGNATURE_BYTES];
    struct cursor cur = cursor_of(slice_of(head, sizeof(head)));
    struct bytes message;
    uint64_t len, time;
    bool good;

    if (!io_read_exactly(signer->end, head, sizeof(head)))
        return false;
    len = rd_u32(&cur);
    time = rd_u64(&cur);
    if (len > sizeof(text) || !time || time > INT64_MAX ||
        !io_read_exactly(signer->end, text, (size_t)len) ||
        !is_checkpoint(slice_of(text, (size_t)len)))
        return false;
    bytes_init(&message, LIMIT_NOTE_BYTES + 64);
    tlog_cosignature_message(&message, slice_of(text, (size_t)len), time);
    good = bytes_check(&message, NULL) == SH_OK;
    if (good)
        crypto.ed25519_sign(&signer->seed, bytes_view(&message), signature);
    bytes_release(&message);
    return good && give_all(signer->end, signature, sizeof(signature));
}

static int signer_run(void *ctx)
{
    struct signer *signer = ctx;
    const struct cage_rules rules = {
        .profile = CAGE_COPY, .keep = &signer->end, .keep_count = 1};
    bool good = cage_enter(&rules, NULL, NULL) == SH_OK;

    while (good)
        good = sign_one(signer);
    secret_wipe(&signer->seed);
    return 1;
}

int cosign_signer_start(const struct secret *seed, int *pid, int *end, struct why *why)
{
    struct signer signer = {.seed = *seed};
    int ends[2];
    int rc;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "the cosigner: no sockets are left");
    *end = ends[0];
    signer.end = ends[1];
    rc = proc_begin("the cosigner's signer", signer_run, &signer, pid, why);
    secret_wipe(&signer.seed);
    io_close(&ends[1]);
    if (rc != SH_OK)
        io_close(end);
    return rc;
}

int cosign_signer_ask(int end, struct slice text, uint64_t time,
                      uint8_t signature[CRYPT_SIGNATURE_BYTES], struct why *why)
{
    struct bytes ask;
    int rc;

    bytes_init(&ask, LIMIT_NOTE_BYTES + HEAD_BYTES);
    bytes_u32(&ask, (uint32_t)text.len);
    bytes_u64(&ask, time);
    bytes_slice(&ask, text);
    rc = bytes_check(&ask, why);
    if (rc == SH_OK && (!give_all(end, ask.ptr, ask.len) ||
                        !io_read_exactly(end, signature, CRYPT_SIGNATURE_BYTES)))
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "the cosigner's signer is gone");
    bytes_release(&ask);
    return rc;
}
