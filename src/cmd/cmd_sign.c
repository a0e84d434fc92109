/* stillhere sign IN OUT: a copy of a video with content credentials in it. */
#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "c2pa/write.h"
#include "cmd/files_int.h"
#include "cmd/sign_int.h"
#include "io/io.h"
#include "role/role.h"
#include "x509/x509.h"

/* ---- who signs ---- */

static int sign_callback(void *ctx, struct slice message, uint8_t *signature, struct why *why)
{
    const struct signing *signing = ctx;

    return role_key_sign(&signing->key, message, signature, why);
}

static int stamp_callback(void *ctx, struct slice message, struct bytes *token, struct why *why)
{
    struct signing *signing = ctx;

    return sign_stamp_get(&signing->stamp, message, token, why);
}

/* Certificates that nobody issued but themselves are anchors: they do not belong in a file. */
static void chain_fill(struct signing *signing, const struct x509_cert *certs, size_t count)
{
    struct c2pa_write_signer *signer = &signing->signer;

    for (size_t i = 0; i < count && signer->chain_count < C2PA_WRITE_CHAIN; i++)
        if (i == 0 || !slice_equal(certs[i].subject, certs[i].issuer))
            signer->chain[signer->chain_count++] = certs[i].raw;
}

static int validity_check(const struct x509_cert *leaf, struct why *why)
{
    char from[WHEN_TEXT_BYTES], to[WHEN_TEXT_BYTES];
    uint64_t now = io_now();

    if (now >= leaf->not_before && now <= leaf->not_after)
        return SH_OK;
    when_text(leaf->not_before, from);
    when_text(leaf->not_after, to);
    return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                   "the certificate is good from %s to %s only; what it signs now counts "
                   "nowhere (C2PA 15.8.2); take another one, or set the clock right",
                   from, to);
}

static int cert_take(struct signing *signing, const struct x509_cert *certs, size_t count,
                     struct why *why)
{
    chain_fill(signing, certs, count);
    signing->key.spki = certs[0].spki;
    x509_sha256(&certs[0], signing->leaf_sha256);
    x509_name_part(certs[0].subject, X509_COMMON_NAME, &signing->name);
    if (!signing->name.len)
        x509_name_part(certs[0].subject, X509_ORGANIZATION, &signing->name);
    bytes_u8(&signing->name, 0);
    return bytes_check(&signing->name, why);
}

/* PEM files begin with dashes or words, DER with the byte of a SEQUENCE (X.690 8.9). */
static int pem_check(struct slice text, const char *make, struct why *why)
{
    if (!text.len)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "it is empty");
    if (text.ptr[0] == 0x30)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "it is DER, and PEM is wanted (RFC 7468): \"%s\" makes it", make);
    return SH_OK;
}

static int cert_read(struct signing *signing, const char *path, struct why *why)
{
    struct x509_cert *certs;
    struct why cause = {0};
    size_t count = 0;
    int rc = io_read(AT_FDCWD, path, &signing->pem, why);

    if (rc != SH_OK)
        return rc;
    rc = pem_check(bytes_view(&signing->pem), "openssl x509 -inform DER -in FILE -out NEW.pem",
                   why);
    if (rc == SH_OK)
        rc = x509_pem(bytes_view(&signing->pem), &signing->arena, &certs, &count, why);
    if (rc == SH_OK && !count)
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE, "no certificate in it (PEM)");
    if (rc == SH_OK)
        rc = x509_profile(&certs[0], X509_FOR_CLAIM, NULL, &cause);
    if (cause.text[0])
        rc = why_set(why, rc, WHY_NOWHERE,
                     "the first %s; it must be your own, and one that may sign claims: "
                     "\"man stillhere-sign\", --cert",
                     cause.text);
    if (rc == SH_OK)
        rc = validity_check(&certs[0], why);
    if (rc != SH_OK)
        return why_name(why, rc, path);
    return cert_take(signing, certs, count, why);
}

static int key_take(struct signing *signing, const char *path, struct why *why)
{
    int rc = io_open_file(AT_FDCWD, path, &signing->key.fd, why);

    if (rc != SH_OK)
        return rc;
    rc = role_key_look(&signing->key, why);
    if (rc != SH_OK)
        return why_name(why, rc, path);
    signing->signer.alg = (enum c2pa_write_alg)signing->key.cose;
    signing->signer.signature_bytes = signing->key.signature_bytes;
    signing->signer.sign = sign_callback;
    signing->signer.ctx = signing;
    if (signing->stamp.url) {
        signing->signer.stamp = stamp_callback;
        signing->signer.stamp_bytes = LIMIT_STAMP_ROOM;
    }
    return SH_OK;
}

/* ---- or the channel ---- */

static int channel_callback(void *ctx, struct slice claim, struct bytes *cose, struct why *why)
{
    const struct signing *signing = ctx;

    return role_claim_sign(signing->channel, claim, cose, why);
}

/*
 * The certificate for claims of the channel at -C, made when there is none yet.  The channel's
 * lock is not kept: a copy takes its time, and a word must not wait for it.  Its keys have a
 * lock of their own (role_claim_leaf), and who signed is read back.
 */
static int channel_take(struct signing *signing, struct why *why)
{
    struct x509_cert *cert = arena_take(&signing->arena, sizeof(*cert));
    struct channel_job job;
    int rc = channel_open(signing->cmd->home, CHANNEL_LOOK, &signing->channel, why);

    if (rc == SH_ENOTFOUND) {
        /* Whoever signs outside of any channel must not be told to make one. */
        *why = (struct why){0};
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                       "%s: no channel here whose certificate could sign: give your own with "
                       "--cert and --key, or the channel's folder with -C",
                       signing->cmd->home);
    }
    if (rc == SH_OK && *channel_info(signing->channel)->conflict)
        rc = why_set(why, SH_ECONFLICT, WHY_NOWHERE, "%s",
                     channel_info(signing->channel)->conflict);
    if (rc == SH_OK)
        rc = channel_job_new(signing->cmd->home, &job, why);
    if (rc == SH_OK) {
        rc = role_claim_leaf(signing->channel, job.dir, &signing->pem, why);
        channel_job_drop(&job);
    }
    if (rc == SH_OK && !cert)
        rc = why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory for a certificate");
    if (rc == SH_OK)
        rc = x509_parse(bytes_view(&signing->pem), cert, why);
    if (rc != SH_OK)
        return rc;
    signing->key.cose = C2PA_WRITE_ES256;
    signing->signer.alg = C2PA_WRITE_ES256;
    signing->signer.signature_bytes = CRYPT_ES256_BYTES;
    return cert_take(signing, cert, 1, why);
}

/* ---- the file that is made ---- */

static void progress_step(void *ctx, uint64_t done, uint64_t total)
{
    const struct signing *signing = ctx;

    cmd_progress(signing->cmd, signing->in_path, done, total);
}

static int refuse_existing(const struct cmd_place *place, struct why *why)
{
    struct stat st;

    if (fstatat(place->dir, place->base, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return SH_OK;
    if (S_ISDIR(st.st_mode))
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "%s: there is such a folder already; it is left as it is, give the name "
                       "that the new file shall have",
                       place->path);
    return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                   "%s: there is such a file already; it is left as it is, choose another name",
                   place->path);
}

/* The last step; a file system that cannot refuse by itself is asked just before. */
static int give_name(const struct signing *signing, struct why *why)
{
    const struct cmd_place *place = &signing->place;
    int rc;

    if (renameat2(place->dir, signing->temporary, place->dir, place->base, RENAME_NOREPLACE) ==
        0)
        return SH_OK;
    rc = refuse_existing(place, why);
    if (rc == SH_OK && renameat(place->dir, signing->temporary, place->dir, place->base) != 0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "%s: %s", place->path, strerror(errno));
    return rc;
}

/* What went wrong is of one of three: who gives time stamps, the new file, or the old one. */
static int failed_name(const struct signing *signing, int rc, struct why *why)
{
    if (signing->stamp.failed)
        return why_name(why, rc, "--tsa");
    return why_name(why, rc,
                    strncmp(why->text, IO_WRITE_AT_FAILED, strlen(IO_WRITE_AT_FAILED)) == 0
                        ? signing->place.path
                        : signing->in_path);
}

int sign_write(struct signing *signing, int fd, struct why *why)
{
    uint8_t random[2 * C2PA_WRITE_ID_BYTES];
    const struct role_progress progress = {progress_step, signing};
    struct role_sign job = {.in = signing->in,
                            .out = fd,
                            .signer = &signing->signer,
                            .version = STILLHERE_VERSION,
                            .random = random,
                            .now = io_now(),
                            .update = signing->update,
                            .merkle = signing->merkle,
                            .cose = signing->channel ? channel_callback : NULL,
                            .cose_ctx = signing,
                            .segments = signing->segments,
                            .pieces = signing->pieces,
                            .piece_count = signing->piece_count};
    struct sign_tokens tokens = {.count = 0};
    struct stat st;
    int rc = SH_OK;

    io_random(random, sizeof(random));
    if (signing->update && signing->stamp.url)
        rc = sign_stamp_earlier(&signing->stamp, signing->in, &tokens, why);
    job.tokens = tokens.list;
    job.token_count = tokens.count;
    if (rc == SH_OK)
        rc = role_sign(&job, &progress, why);
    sign_tokens_release(&tokens);
    cmd_progress_end(signing->cmd);
    if (rc != SH_OK)
        return failed_name(signing, rc, why);
    /* As a copy would have it: who may read the one may read the other. */
    if (fstat(signing->in, &st) == 0)
        (void)fchmod(fd, st.st_mode & 0666);
    if (fstat(fd, &st) == 0)
        signing->bytes = (uint64_t)st.st_size;
    return io_sync_fd(fd, signing->place.path, why);
}

int sign_create(const struct signing *signing, const char *name, int *fd, struct why *why)
{
    *fd = openat(signing->set_dir >= 0 ? signing->set_dir : signing->place.dir, name,
                 O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return *fd >= 0
               ? SH_OK
               : why_set(why, SH_EIO, WHY_NOWHERE, "%s: no file can be made in its folder: %s",
                         signing->place.path, strerror(errno));
}

static int make_one(struct signing *signing, struct why *why)
{
    struct role_sign_look look = {.leaf_sha256 = signing->leaf_sha256,
                                  .now = io_now(),
                                  .update = signing->update,
                                  .stamped = signing->update && signing->stamp.url};
    int fd = -1;
    int rc = sign_create(signing, signing->temporary, &fd, why);

    if (rc == SH_OK)
        rc = sign_write(signing, fd, why);
    look.fd = fd;
    if (rc == SH_OK)
        rc = role_sign_look(&look, why);
    io_close(&fd);
    return rc;
}

/* Under a name of its own until it is whole, durable and read back. */
static int make_file(struct signing *signing, const struct cmd_args *args, struct why *why)
{
    uint8_t random[8];
    int rc;

    memcpy(signing->temporary, ".stillhere-sign-", 16);
    io_random(random, sizeof(random));
    hex_build(slice_of(random, sizeof(random)), signing->temporary + 16);
    rc = args->word_count > 2 ? sign_set(signing, args, why) : make_one(signing, why);
    if (rc == SH_OK)
        rc = give_name(signing, why);
    if (rc == SH_OK)
        rc = io_sync_fd(signing->place.dir, signing->place.path, why);
    else
        /* The cause counts, whether that can be cleared away or not. */
        if (faccessat(signing->place.dir, signing->temporary, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
            io_remove_tree(signing->place.dir, signing->temporary, NULL) != SH_OK)
            cmd_say(signing->cmd, "%s cannot be removed", signing->temporary);
    return rc;
}

/* ---- the command ---- */

static const char *alg_text(int cose)
{
    switch (cose) {
    case C2PA_WRITE_ES256:
        return "ES256";
    case C2PA_WRITE_ES384:
        return "ES384";
    case C2PA_WRITE_ES512:
        return "ES512";
    case C2PA_WRITE_EDDSA:
        return "Ed25519";
    case C2PA_WRITE_PS384:
        return "PS384";
    case C2PA_WRITE_PS512:
        return "PS512";
    default:
        return "PS256";
    }
}

static int answer(const struct signing *signing)
{
    struct json_writer json;
    struct bytes out;

    bytes_init(&out, LIMIT_PAGE_BYTES);
    if (signing->cmd->json) {
        json = cmd_json_open(&out);
        if (text_is_utf8(slice_text(signing->place.path)))
            json_put_text(&json, "file", signing->place.path);
        json_put_number(&json, "bytes", signing->bytes);
        json_put_text(&json, "algorithm", alg_text(signing->key.cose));
        json_put_text(&json, "signer", (const char *)signing->name.ptr);
        json_put_hex(&json, "certificate",
                     slice_of(signing->leaf_sha256, sizeof(signing->leaf_sha256)));
        json_put_bool(&json, "update", signing->update);
        cmd_json_close(&json);
    } else {
        LANG_SAY(&out, signing->cmd->lang, STR_SIGN_DONE, signing->place.path,
                 (const char *)signing->name.ptr);
        bytes_u8(&out, '\n');
    }
    return cmd_answer(signing->cmd, &out);
}

static int sign(struct signing *signing, const struct cmd_args *args, struct why *why)
{
    int rc = io_open_file(AT_FDCWD, signing->in_path, &signing->in, why);

    if (rc == SH_OK)
        rc = cmd_place_open(args->words[args->word_count - 1], &signing->place, why);
    if (rc == SH_OK)
        rc = refuse_existing(&signing->place, why);
    if (rc == SH_OK && !cmd_is_set(args, "cert"))
        rc = channel_take(signing, why);
    else if (rc == SH_OK)
        rc = cert_read(signing, cmd_value(args, "cert"), why);
    if (rc == SH_OK && cmd_is_set(args, "cert"))
        rc = key_take(signing, cmd_value(args, "key"), why);
    return rc == SH_OK ? make_file(signing, args, why) : rc;
}

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    struct signing signing = {
        .cmd = cmd, .in = -1, .place = {.dir = -1}, .key = {.fd = -1}, .set_dir = -1};
    struct why why = {0};
    int rc, code;

    if (args->word_count < 2)
        return cmd_usage(cmd, "sign needs two files: the one to copy, and the one to make");
    if (args->word_count > 2 && (cmd_is_set(args, "update") || cmd_is_set(args, "merkle")))
        return cmd_usage(cmd,
                         "--update and --merkle are for one file: C2PA knows no update of an "
                         "init segment and its segments (A.5.3), and their hashes are in "
                         "blocks as it is; sign them without");
    if (cmd_is_set(args, "update") && cmd_is_set(args, "merkle"))
        return cmd_usage(cmd, "--merkle is about the hash, and an update has none of its own");
    if (strcmp(args->words[0], "-") == 0 || strcmp(args->words[args->word_count - 1], "-") == 0)
        return cmd_usage(cmd, "IN and OUT are files: a pipe cannot be signed (./- is a file of "
                              "that name)");
    if (cmd_is_set(args, "cert") != cmd_is_set(args, "key"))
        return cmd_usage(cmd,
                         cmd_is_set(args, "key")
                             ? "--cert and --key go together: give the certificate of that "
                               "key, too"
                             : "--cert and --key go together: give the private key of that "
                               "certificate, too");
    if (cmd_is_set(args, "tsa") && !cmd_is_set(args, "cert"))
        return cmd_usage(cmd,
                         "--tsa needs --cert and --key: a channel's files hold no such time");
    code = sign_stamp_options(cmd, args, &signing.stamp);
    if (code != CMD_DONE)
        return code;
    signing.in_path = args->words[0];
    signing.update = cmd_is_set(args, "update");
    signing.merkle = cmd_is_set(args, "merkle");
    arena_init(&signing.arena, LIMIT_DOCUMENT_ARENA);
    bytes_init(&signing.pem, LIMIT_TRUST_BYTES);
    bytes_init(&signing.name, LIMIT_PAGE_BYTES);
    rc = sign(&signing, args, &why);
    code = rc < 0 ? cmd_erred(cmd, &why) : answer(&signing);
    bytes_release(&signing.pem);
    bytes_release(&signing.name);
    arena_release(&signing.arena);
    channel_close(signing.channel);
    io_close(&signing.in);
    io_close(&signing.key.fd);
    io_close(&signing.place.dir);
    return code;
}

static const struct cmd_option options[] = {
    {"cert", "FILE", "your certificate and those of its issuers (PEM), yours first"},
    {"key", "FILE", "its private key (PEM)"},
    {"tsa", "URL", "have a time-stamp server say that this was there now"},
    {"allow-host", "HOST[:PORT]", "with --tsa: its address need not be public"},
    {"trust", "FILE", "with --tsa: more roots of trust for TLS (PEM)"},
    {"update", NULL, "leave the credentials that are there and add to them"},
    {"merkle", NULL, "hash the media in blocks, which can be checked apart"},
    {NULL, NULL, NULL}};

const struct cmd_spec cmd_spec_sign = {
    .name = "sign",
    .usage =
        "IN [SEGMENT]... OUT [--cert FILE --key FILE] [--tsa URL] [--allow-host HOST[:PORT]] "
        "[--trust FILE] [--update] [--merkle]",
    .many = "allow-host",
    .summary = "copy a video with content credentials in it",
    .about =
        "Copies IN to OUT and puts content credentials (C2PA) into the copy, signed with your\n"
        "key, or the channel's: that these bytes are as you had them.  Nothing else in it "
        "changes.  Credentials\n"
        "that IN has are carried along, and named as those of the file you opened.\n"
        "Of an init segment and its media segments OUT is a new folder with all of them.\n"
        "IN is only read; a file that is there is never written over.  OUT is read back "
        "before\n"
        "it gets its name.",
    .examples = "  stillhere sign clip.mp4 signed.mp4 --cert chain.pem --key key.pem\n"
                "  stillhere -C ~/channel sign clip.mp4 signed.mp4\n",
    .options = options,
    .run = run,
};
