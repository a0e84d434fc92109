/* stillhere verify X.tlog-proof: one entry, without its channel. */
#include "cmd/verify_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/io.h"
#include "role/role.h"

#define HASH_STEP_BYTES 65536

bool cmd_is_proof(const char *what)
{
    static const char ending[] = ".tlog-proof";
    char start[sizeof("c2sp.org/tlog-proof@") - 1];
    size_t len = strlen(what);
    struct stat st;
    ssize_t got;
    int fd;

    if (stat(what, &st) < 0 || !S_ISREG(st.st_mode))
        return false;
    if (len >= sizeof(ending) && strcmp(what + len - (sizeof(ending) - 1), ending) == 0)
        return true;
    fd = open(what, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return false;
    got = read(fd, start, sizeof(start));
    io_close(&fd);
    return got == (ssize_t)sizeof(start) &&
           memcmp(start, "c2sp.org/tlog-proof@", sizeof(start)) == 0;
}

/* A whole file that a person named; out has its maximum. */
static int read_named(const char *path, struct bytes *out, struct why *why)
{
    int fd, rc = io_open_file(AT_FDCWD, path, &fd, why);

    if (rc < 0)
        return rc;
    rc = io_read_fd(fd, out, why);
    io_close(&fd);
    return why_name(why, rc, path);
}

static int hash_named(const char *path, uint8_t sha256[32], uint64_t *bytes, struct why *why)
{
    static uint8_t step[HASH_STEP_BYTES];
    struct crypt_sha256 sha;
    ssize_t got = 1;
    int fd, rc = io_open_file(AT_FDCWD, path, &fd, why);

    if (rc < 0)
        return rc;
    crypto.sha256_init(&sha);
    *bytes = 0;
    while (got > 0) {
        do
            got = read(fd, step, sizeof(step));
        while (got < 0 && errno == EINTR);
        if (got > 0) {
            crypto.sha256_update(&sha, slice_of(step, (size_t)got));
            *bytes += (uint64_t)got;
        }
    }
    if (got < 0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "%s: %s", path, strerror(errno));
    crypto.sha256_final(&sha, sha256);
    io_close(&fd);
    return rc;
}

/* Everything that was given, read. */
struct given {
    struct verify_proof proof;
    struct bytes raw, policy_raw;
    struct tlog_policy policy;
    struct tlog_key key;
    struct channel_id expected;
    uint8_t sha256[32];
    int dir;
};

/* What the reader trusts: his key and his policy.  CMD_DONE, or an exit code, and said. */
static int take_trust(struct cmd *cmd, const struct cmd_args *args, struct given *given)
{
    const char *id = cmd_value(args, "channel"), *vkey = cmd_value(args, "key");
    const char *policy = cmd_value(args, "policy");
    struct why why = {0};

    if (id && !channel_id_parse(slice_text(id), &given->expected))
        return cmd_usage(cmd, "--channel %s: a channel's id has 52 characters of a-z and 2-7",
                         id);
    given->proof.expected = id ? &given->expected : NULL;
    if (vkey && tlog_key_parse(slice_text(vkey), &given->key, &why) < 0)
        return cmd_usage(cmd, "--key: %s", why.text);
    if (vkey && given->key.type != TLOG_ED25519)
        return cmd_usage(cmd, "--key: a cosigner's key (type 0x04), not a log's; cosigners "
                              "stand in a policy (--policy)");
    given->proof.key = vkey ? &given->key : NULL;
    if (!policy)
        return CMD_DONE;
    if (read_named(policy, &given->policy_raw, &why) < 0)
        return cmd_failed(cmd, &why);
    if (tlog_policy_parse(bytes_view(&given->policy_raw), &given->policy, &why) < 0) {
        (void)why_name(&why, 0, policy); /* Only the name is added. */
        return cmd_failed(cmd, &why);
    }
    given->proof.policy = &given->policy;
    return CMD_DONE;
}

static int look(struct cmd *cmd, const struct cmd_args *args, struct given *given,
                struct verify_report *report)
{
    const char *file = cmd_value(args, "file");
    struct why why = {0};
    int rc = take_trust(cmd, args, given);

    if (rc != CMD_DONE)
        return rc;
    if (read_named(args->words[0], &given->raw, &why) < 0)
        return cmd_nothing_there(cmd, &why);
    given->proof.raw = bytes_view(&given->raw);
    if (file && hash_named(file, given->sha256, &given->proof.file_bytes, &why) < 0)
        return cmd_nothing_there(cmd, &why);
    given->proof.file_sha256 = file ? given->sha256 : NULL;
    if (args->word_count > 1 && cmd_tree_open(args->words[1], &given->dir, &why) < 0)
        return cmd_nothing_there(cmd, &why);
    if (role_verify_proof(&given->proof, given->dir, report, &why) < 0)
        return cmd_failed(cmd, &why);
    return cmd_report_answer(cmd, report);
}

int cmd_verify_proof(struct cmd *cmd, const struct cmd_args *args)
{
    struct verify_report *report;
    struct given *given;
    int rc;

    if (!args->word_count || !cmd_is_proof(args->words[0]))
        return cmd_usage(cmd, "--file, --policy and --key go with a proof: "
                              "verify N.tlog-proof [TREE] --file FILE");
    if (args->word_count > 2)
        return cmd_usage(cmd, "a proof is looked at by itself, with at most one tree");
    /* RAW: both are too large for the stack of a small machine. */
    given = calloc(1, sizeof(*given));
    report = calloc(1, sizeof(*report));
    if (!given || !report)
        bug("no memory for a report");
    bytes_init(&given->raw, LIMIT_PROOF_BYTES);
    bytes_init(&given->policy_raw, LIMIT_POLICY_BYTES);
    given->dir = -1;
    rc = look(cmd, args, given, report);
    io_close(&given->dir);
    bytes_release(&given->raw);
    bytes_release(&given->policy_raw);
    free(given);
    free(report);
    return rc;
}
