/* add-checkpoint: the checks of tlog-witness in its order, and one transaction for each. */
#include "cosign/cosign_int.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/io.h"

/* Not a cap: "<64 hex>/checkpoint" and the NUL. */
#define MONITOR_BYTES 80

/* One request under way. */
struct asked {
    struct cosign *cosign;
    struct cosign_request request;
    char origin[LIMIT_NOTE_NAME_BYTES + 1];
    /* What we signed last; size 0: nothing. */
    struct tlog_head last;
    uint64_t time, stamp;
    struct bytes note, line; /* the checkpoint with our cosignature; that line alone */
    unsigned status;
    char said[480]; /* why not, in one line */
};

static int refuse(struct asked *asked, unsigned status, const char *said)
{
    asked->status = status;
    (void)snprintf(asked->said, sizeof(asked->said), "%s", said);
    return SH_OK;
}

/* ---- who may speak for an origin ---- */

enum trust { TRUST_NOBODY, TRUST_ABSENT, TRUST_BAD, TRUST_GOOD };

static enum trust worse(enum trust sum, enum tlog_verdict verdict)
{
    if (sum == TRUST_BAD || verdict == TLOG_BAD)
        return TRUST_BAD;
    if (sum == TRUST_GOOD || verdict == TLOG_GOOD)
        return TRUST_GOOD;
    return TRUST_ABSENT;
}

/* The keys open at the last entry; one that was revoked before it speaks no more. */
static enum trust by_identity(const struct asked *asked, const struct identity *identity)
{
    uint64_t size = asked->request.checkpoint.size;
    uint64_t last = size ? size - 1 : 0;
    enum trust sum = TRUST_ABSENT;
    struct tlog_key key;

    for (size_t i = 0; i < identity->key_count; i++) {
        const struct identity_key *listed = &identity->keys[i];

        if (listed->role != KEY_LOG || listed->alg != ALG_ED25519 || listed->from > last ||
            listed->until <= last || listed->revoked <= last ||
            tlog_key_init(&key, asked->origin, TLOG_ED25519, listed->bytes, NULL) != SH_OK)
            continue;
        sum = worse(sum, tlog_note_verdict(&asked->request.note, &key));
    }
    return sum;
}

/*
 * A channel speaks under the origin of its newest branch; of older ones nothing more is
 * cosigned.  A new branch begins where its note says: that is what we take as signed before.
 */
static int by_channel(struct asked *asked, const char *channel, enum trust *trust,
                      struct why *why)
{
    struct identity_chain chain;
    char origin[CHANNEL_ORIGIN_BYTES], first[CHANNEL_ORIGIN_BYTES];
    struct channel_id id;
    int rc;

    if (!channel_id_parse(slice_text(channel), &id))
        bug("cosign: a channel's id that was not checked");
    channel_branch_origin(&id, 0, first);
    if (!slice_starts(slice_text(asked->origin), first))
        return SH_OK;
    identity_chain_init(&chain);
    rc = cosign_chain_read(asked->cosign->dir_fd, channel, &chain, why);
    if (rc == SH_OK && chain.count) {
        channel_branch_origin(&id, chain.branch, origin);
        if (strcmp(asked->origin, origin) == 0) {
            *trust = by_identity(asked, identity_chain_newest(&chain));
            if (chain.branch && !asked->last.size) {
                asked->last.size = chain.successor_size;
                memcpy(asked->last.root, chain.successor_root, sizeof(asked->last.root));
            }
        } else if (strcmp(asked->origin, first) == 0) {
            *trust = TRUST_ABSENT;
        }
    }
    identity_chain_release(&chain);
    return rc;
}

static int find_trust(struct asked *asked, enum trust *trust, struct why *why)
{
    const struct cosign_config *config = asked->cosign->config;
    int rc = SH_OK;

    *trust = TRUST_NOBODY;
    for (size_t i = 0; i < config->count && rc == SH_OK; i++) {
        const struct cosign_log *log = &config->log[i];

        if (log->is_channel)
            rc = by_channel(asked, log->channel, trust, why);
        else if (strcmp(log->key.name, asked->origin) == 0)
            *trust = worse(*trust == TRUST_NOBODY ? TRUST_ABSENT : *trust,
                           tlog_note_verdict(&asked->request.note, &log->key));
    }
    return rc;
}

/* ---- the state ---- */

static int load(struct asked *asked, struct why *why)
{
    struct store_query *row;
    struct slice root;
    int rc = store_query(asked->cosign->store,
                         "SELECT size,root,time,stamp FROM logs WHERE origin=?1", &row, why);

    if (rc != SH_OK)
        return rc;
    store_bind_text(row, 1, asked->origin);
    rc = store_step(row, why);
    if (rc == STORE_ROW) {
        root = store_blob(row, 1);
        asked->last.size = store_int(row, 0);
        asked->time = store_int(row, 2);
        asked->stamp = store_int(row, 3);
        if (root.len == sizeof(asked->last.root))
            memcpy(asked->last.root, root.ptr, root.len);
        else
            rc = why_set(why, SH_EFORMAT, WHY_NOWHERE, COSIGN_DB ": a damaged row");
    }
    store_done(row);
    return rc < 0 ? rc : SH_OK;
}

static int save(struct asked *asked, struct why *why)
{
    struct store_query *row;
    int rc = store_query(asked->cosign->store,
                         "INSERT OR REPLACE INTO logs(origin,size,root,time,stamp,note)"
                         " VALUES(?1,?2,?3,?4,?5,?6)",
                         &row, why);

    if (rc != SH_OK)
        return rc;
    store_bind_text(row, 1, asked->origin);
    store_bind_int(row, 2, asked->request.checkpoint.size);
    store_bind_blob(row, 3, slice_of(asked->request.checkpoint.root, TLOG_HASH_BYTES));
    store_bind_int(row, 4, asked->time);
    store_bind_int(row, 5, asked->stamp);
    store_bind_blob(row, 6, bytes_view(&asked->note));
    return store_run(row, why);
}

/* ---- the checks, in the order of tlog-witness ---- */

/* asked->status 200 when all of them hold. */
static int judge(struct asked *asked, struct why *why)
{
    const struct cosign_request *request = &asked->request;
    struct tlog_head newer = {.size = request->checkpoint.size};
    uint8_t empty[TLOG_HASH_BYTES];
    enum trust trust;
    int rc = load(asked, why);

    if (rc == SH_OK)
        rc = find_trust(asked, &trust, why);
    if (rc != SH_OK)
        return rc;
    memcpy(newer.root, request->checkpoint.root, sizeof(newer.root));
    if (trust == TRUST_NOBODY)
        return refuse(asked, 404, "this log is not cosigned here");
    if (trust != TRUST_GOOD)
        return refuse(asked, 403,
                      trust == TRUST_BAD ? "the log's signature does not hold"
                                         : "no signature by a key that speaks for this log");
    if (request->old > newer.size)
        return refuse(asked, 400, "old is larger than the checkpoint's size");
    if (request->old != asked->last.size) {
        (void)snprintf(asked->said, sizeof(asked->said), "%llu",
                       (unsigned long long)asked->last.size);
        asked->status = 409;
        return SH_OK;
    }
    crypto.sha256(slice_of(NULL, 0), empty);
    if (!newer.size && memcmp(newer.root, empty, sizeof(empty)) != 0)
        return refuse(asked, 422, "size 0 with a root that is not that of the empty tree");
    asked->last.size = request->old;
    if (!asked->last.size)
        memcpy(asked->last.root, empty, sizeof(empty));
    if (tlog_consistency_check(&request->proof, &asked->last, &newer, NULL) != SH_OK)
        return refuse(asked, 422,
                      "the proof does not show that this log continues what was cosigned");
    asked->status = 200;
    return SH_OK;
}

/* The text, what signed it for the log, and our line. */
static int build_note(struct asked *asked, struct why *why)
{
    const struct tlog_note *note = &asked->request.note;
    struct cosign *cosign = asked->cosign;
    uint8_t signature[CRYPT_SIGNATURE_BYTES];
    uint64_t now = io_now();
    int rc;

    /* A clock that went back does not make a cosignature older than one given before. */
    asked->time = now > asked->time ? now : asked->time;
    asked->stamp = now > asked->stamp ? now : asked->stamp + 1;
    rc = cosign_signer_ask(cosign->signer, note->text, asked->time, signature, why);
    if (rc != SH_OK) {
        cosign->done = true;
        return rc;
    }
    tlog_cosignature_line(&asked->line, &cosign->key, asked->time, signature);
    bytes_slice(&asked->note, note->text);
    bytes_u8(&asked->note, '\n');
    bytes_slice(&asked->note, note->signature_lines);
    bytes_slice(&asked->note, bytes_view(&asked->line));
    rc = bytes_check(&asked->line, why);
    return rc == SH_OK ? bytes_check(&asked->note, why) : rc;
}

/* Checked and stored in one transaction: no other request comes between. */
static int decide(struct asked *asked, struct why *why)
{
    struct store *store = asked->cosign->store;
    int rc = store_begin(store, STORE_DURABLE, why);

    if (rc != SH_OK)
        return rc;
    rc = judge(asked, why);
    if (rc == SH_OK && asked->status == 200)
        rc = build_note(asked, why);
    if (rc == SH_OK && asked->status == 200)
        rc = save(asked, why);
    if (rc != SH_OK || asked->status != 200) {
        store_end(store);
        return rc;
    }
    rc = store_commit(store, why);
    /* Whether it stands is seen by whoever opens it next. */
    asked->cosign->done = asked->cosign->done || rc != SH_OK;
    return rc;
}

/* ---- what monitors read ---- */

static int show(struct cosign *cosign, struct slice origin, struct slice note, uint64_t stamp,
                struct why *why)
{
    uint8_t digest[CRYPT_DIGEST_BYTES];
    char path[MONITOR_BYTES], hex[2 * CRYPT_DIGEST_BYTES + 1];
    struct io_target target = {.dir = cosign->public_fd,
                               .path = path,
                               .tmp_dir = cosign->dir_fd,
                               .mode = 0644,
                               .mtime_s = stamp,
                               .sync = IO_SYNC};

    crypto.sha256(origin, digest);
    hex_build(slice_of(digest, sizeof(digest)), hex);
    (void)snprintf(path, sizeof(path), "%s/checkpoint", hex);
    return io_replace(&target, note, why);
}

/* A process that ended between its answer and the file left the file behind. */
static int show_all(struct cosign *cosign, struct why *why)
{
    struct store_query *row;
    int step = STORE_END;
    int rc = store_query(cosign->store, "SELECT origin,note,stamp FROM logs", &row, why);

    if (rc != SH_OK)
        return rc;
    while (rc == SH_OK && (step = store_step(row, why)) == STORE_ROW)
        rc = show(cosign, store_blob(row, 0), store_blob(row, 1), store_int(row, 2), why);
    store_done(row);
    return rc == SH_OK && step < 0 ? step : rc;
}

/* ---- answers ---- */

static int answer(const struct asked *asked, struct bytes *out, struct why *why)
{
    static const struct scgi_field TEXT[] = {{"Content-Type", "text/plain; charset=utf-8"}};
    static const struct scgi_field SIZE[] = {{"Content-Type", "text/x.tlog.size"}};
    struct scgi_answer whole = {.status = asked->status, .fields = TEXT, .count = 1};
    struct bytes line;
    int rc;

    bytes_init(&line, sizeof(asked->said) + 1);
    bytes_printf(&line, "%s\n", asked->said);
    whole.body = asked->status == 200 ? bytes_view(&asked->line) : bytes_view(&line);
    if (asked->status == 409)
        whole.fields = SIZE;
    rc = scgi_answer_build(&whole, out, why);
    bytes_release(&line);
    return rc;
}

static int consider(struct asked *asked, const struct scgi_request *request, struct slice body,
                    struct why *why)
{
    struct slice method, origin;
    struct why cause = {0};
    int rc;

    if (!scgi_get(request, "REQUEST_METHOD", &method) ||
        !slice_equal(method, slice_text("POST")))
        return refuse(asked, 405, "add-checkpoint is asked with POST");
    if (cosign_request_parse(body, &asked->request, &cause) != SH_OK)
        return refuse(asked, 400, cause.text);
    origin = asked->request.checkpoint.origin;
    if (origin.len > LIMIT_NOTE_NAME_BYTES)
        return refuse(asked, 404, "this log is not cosigned here");
    memcpy(asked->origin, origin.ptr, origin.len);
    rc = decide(asked, why);
    if (rc == SH_OK && asked->status == 200 &&
        show(asked->cosign, origin, bytes_view(&asked->note), asked->stamp, &cause) != SH_OK)
        io_say("error", "cosign", "no-file", "cause=\"%s\"", cause.text);
    return rc;
}

int cosign_answer(struct cosign *cosign, const struct scgi_request *request, struct slice body,
                  struct bytes *out, struct why *why)
{
    struct bytes memory;
    struct asked *asked;
    int rc;

    bytes_init(&memory, sizeof(*asked));
    asked = (struct asked *)(void *)bytes_room(&memory, sizeof(*asked));
    if (!asked)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "cosign: no memory");
    *asked = (struct asked){.cosign = cosign};
    bytes_init(&asked->note, LIMIT_NOTE_BYTES + 1024);
    bytes_init(&asked->line, 1024);
    if (consider(asked, request, body, why) != SH_OK)
        (void)refuse(asked, 500, "later"); /* Cannot fail. */
    else if (asked->status != 500)
        io_say("info", "cosign", "asked", "status=%u", asked->status);
    rc = answer(asked, out, NULL);
    bytes_release(&asked->note);
    bytes_release(&asked->line);
    bytes_release(&memory);
    return rc;
}

/* ---- its life ---- */

int cosign_prepare(const char *home, struct bytes *verifier, struct cosign_config *config,
                   struct why *why)
{
    struct secret seed = {{0}};
    struct tlog_key key;
    int dir = -1, public_dir = -1;
    int rc = cosign_folders(home, &dir, &public_dir, why);

    if (rc == SH_OK)
        rc = cosign_config_read(dir, config, why);
    if (rc == SH_OK)
        rc = cosign_key_read(dir, config, &seed, &key, why);
    secret_wipe(&seed);
    io_close(&dir);
    io_close(&public_dir);
    if (rc == SH_OK)
        tlog_key_text(&key, verifier);
    return rc == SH_OK ? bytes_check(verifier, why) : rc;
}

int cosign_begin(struct cosign *cosign, struct why *why)
{
    char path[sizeof(cosign->dir) + sizeof("/" COSIGN_DB)];
    int rc;

    (void)snprintf(path, sizeof(path), "%s/" COSIGN_DB, cosign->dir);
    rc = store_open(path, io_exists(cosign->dir_fd, COSIGN_DB) ? STORE_WRITE : STORE_CREATE,
                    &cosign_schema, &cosign->store, why);
    return rc == SH_OK ? show_all(cosign, why) : rc;
}

static int open_all(struct cosign *cosign, const char *home, struct why *why)
{
    struct secret seed = {{0}};
    int rc = SH_OK;

    if (snprintf(cosign->dir, sizeof(cosign->dir), "%s/private/" COSIGN_FOLDER, home) >=
        (int)sizeof(cosign->dir))
        rc = why_set(why, SH_ELIMIT, WHY_NOWHERE, "cosign: the path of private/ is too long");
    if (rc == SH_OK)
        rc = cosign_folders(home, &cosign->dir_fd, &cosign->public_fd, why);
    if (rc == SH_OK)
        rc = cosign_config_read(cosign->dir_fd, cosign->config, why);
    if (rc == SH_OK)
        rc = cosign_key_read(cosign->dir_fd, cosign->config, &seed, &cosign->key, why);
    if (rc == SH_OK)
        rc = cosign_signer_start(&seed, &cosign->pid, &cosign->signer, why);
    secret_wipe(&seed);
    return rc;
}

int cosign_open(const char *home, struct cosign **out, struct why *why)
{
    struct cosign *cosign;
    struct bytes memory;
    size_t size = sizeof(*cosign) + sizeof(*cosign->config);
    int rc;

    bytes_init(&memory, size);
    cosign = (struct cosign *)(void *)bytes_room(&memory, size);
    if (!cosign)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "cosign: no memory");
    *cosign = (struct cosign){.memory = memory, .dir_fd = -1, .public_fd = -1, .signer = -1};
    cosign->config = (struct cosign_config *)(void *)(cosign + 1);
    rc = open_all(cosign, home, why);
    if (rc == SH_OK)
        *out = cosign;
    else
        cosign_close(cosign);
    return rc;
}

void cosign_fds(const struct cosign *cosign, int fds[COSIGN_FDS])
{
    fds[0] = cosign->dir_fd;
    fds[1] = cosign->public_fd;
    fds[2] = cosign->signer;
}

bool cosign_is_done(const struct cosign *cosign)
{
    return cosign->done;
}

void cosign_close(struct cosign *cosign)
{
    struct bytes memory;

    if (!cosign)
        return;
    store_close(cosign->store);
    io_close(&cosign->signer);
    if (cosign->pid > 0) {
        (void)kill(cosign->pid, SIGKILL);
        (void)waitpid(cosign->pid, NULL, 0); /* It ends, one way or the other. */
    }
    io_close(&cosign->dir_fd);
    io_close(&cosign->public_fd);
    memory = cosign->memory;
    bytes_release(&memory);
}
