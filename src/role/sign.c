/*
 * Signs a file: a caged child copies it with a box of credentials that lacks its signature, and
 * who called has that made and puts it in.  The child sees no key, the signer sees no file.
 */
#include "role/sign_int.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "c2pa/write.h"
#include "cage/cage.h"
#include "io/io.h"
#include "role/role_int.h"

#define COPY_BYTES ((size_t)1 << 20) /* as in reader.c: whole buffers cost least */
#define TELL_BYTES ((uint64_t)1 << 24)
#define BLOCK_BYTES ((uint64_t)1 << 20) /* of a leaf, at least */
#define LEAVES 1024                     /* of a file, about: then blocks grow */
#define MDAT_HEAD_BYTES 16              /* not in the leaves */

struct writer {
    const struct role_sign *job;
    struct bmff_source source;
    struct c2pa_splice splice;
    struct c2pa_write write;
    struct c2pa_write_tree trees[LIMIT_WRITE_TREES];
    struct bytes leaves, store[2];
    struct sign_parent parent;
    uint8_t init_hash[CRYPT_DIGEST_BYTES];
    uint64_t block; /* 0: a flat hash only */
};

/* What the child tells: where the signature goes, and what is to be signed. */
struct written {
    uint64_t file_bytes; /* of the new file */
    uint64_t cose_at;    /* in it */
    struct slice claim;
};
#define WRITTEN_BYTES 16 /* of the two numbers */

/* ---- in the child ---- */

static int stores_read(struct writer *writer, struct why *why)
{
    struct slice *const into[] = {&writer->write.parent, &writer->write.updates};

    for (unsigned i = 0; i < 2; i++) {
        uint64_t len = writer->splice.store_len[i];
        uint8_t *room;
        int rc;

        if (!len)
            continue;
        if (len > LIMIT_C2PA_STORE_BYTES)
            return why_set(why, SH_ELIMIT, WHY_NOWHERE,
                           "its credentials are larger than 16 MiB");
        bytes_init(&writer->store[i], (size_t)len);
        room = bytes_room(&writer->store[i], (size_t)len);
        if (!room)
            return bytes_check(&writer->store[i], why);
        rc = writer->source.read_at(writer->source.ctx, writer->splice.store_at[i], room,
                                    (size_t)len, why);
        if (rc != SH_OK)
            return rc;
        *into[i] = slice_of(room, (size_t)len);
    }
    return SH_OK;
}

/* One tree for each mdat, unless there are many, or one with nothing in it. */
static void trees_plan(struct writer *writer)
{
    const struct c2pa_splice *splice = &writer->splice;
    uint64_t total = 0;

    if (writer->job->update || splice->fragmented || !splice->mdats ||
        splice->mdats > LIMIT_WRITE_TREES ||
        (!writer->job->merkle && splice->size < LIMIT_FLAT_BYTES))
        return;
    for (uint32_t i = 0; i < splice->mdats; i++) {
        if (splice->mdat[i] <= MDAT_HEAD_BYTES)
            return;
        total += splice->mdat[i];
    }
    for (writer->block = BLOCK_BYTES; total / writer->block > LEAVES; writer->block *= 2)
        ;
    for (uint32_t i = 0; i < splice->mdats; i++) {
        struct c2pa_write_tree *tree = &writer->trees[i];

        tree->local_id = i;
        tree->block = writer->block;
        tree->count = (splice->mdat[i] - MDAT_HEAD_BYTES + writer->block - 1) / writer->block;
        tree->row_count = tree->count;
    }
    writer->write.trees = writer->trees;
    writer->write.tree_count = splice->mdats;
}

static int rows_set(struct writer *writer, struct why *why)
{
    uint64_t at = 0;

    for (size_t i = 0; i < writer->write.tree_count; i++) {
        writer->trees[i].row = writer->leaves.ptr + at * CRYPT_DIGEST_BYTES;
        at += writer->trees[i].count;
    }
    if (writer->leaves.len != at * CRYPT_DIGEST_BYTES)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "the file changed while it was read");
    return SH_OK;
}

int role_sign_copy(struct c2pa_splice *splice, struct c2pa_write_hash *hash, int out,
                   const struct proc_side *side, struct why *why)
{
    struct bytes buffer;
    uint8_t *buf;
    size_t len = 1;
    uint64_t at = 0, told = 0;
    int rc = SH_OK;

    bytes_init(&buffer, COPY_BYTES);
    buf = bytes_room(&buffer, COPY_BYTES);
    if (!buf)
        return bytes_check(&buffer, why);
    while (rc == SH_OK && len) {
        size_t used = 0;

        do {
            rc = c2pa_splice_read(splice, buf + used, COPY_BYTES - used, &len, why);
            used += rc == SH_OK ? len : 0;
        } while (rc == SH_OK && len && COPY_BYTES - used >= 4096);
        if (rc == SH_OK && hash)
            rc = c2pa_write_hash_feed(hash, slice_of(buf, used), why);
        if (rc == SH_OK)
            rc = io_write_at(out, at, slice_of(buf, used), why);
        at += used;
        if (at - told >= TELL_BYTES) {
            proc_progress(side, at);
            told = at;
        }
    }
    bytes_release(&buffer);
    return rc;
}

static int copy(struct writer *writer, const struct proc_side *side,
                uint8_t hash[CRYPT_DIGEST_BYTES], struct why *why)
{
    bool hashed = !writer->job->update;
    struct c2pa_write_hash running;
    int rc;

    c2pa_write_hash_init(&running, writer->splice.size, writer->block, &writer->leaves);
    rc = role_sign_copy(&writer->splice, hashed ? &running : NULL, writer->job->out, side, why);
    return rc == SH_OK && hashed ? c2pa_write_hash_done(&running, hash, why) : rc;
}

static int box_write(struct writer *writer, const uint8_t *hash, const struct proc_side *side,
                     struct why *why)
{
    struct c2pa_unsigned box;
    struct bytes report;
    int rc = c2pa_write_unsigned(&writer->write, hash, &box, why);

    if (rc != SH_OK)
        return rc;
    bytes_init(&report, LIMIT_REPORT_BYTES);
    if (box.box.len != writer->splice.box_size)
        bug("credentials: a box of another size than was said");
    rc = io_write_at(writer->job->out, writer->splice.box_at, bytes_view(&box.box), why);
    bytes_u64(&report, writer->splice.size);
    bytes_u64(&report, writer->splice.box_at + box.cose_at);
    bytes_slice(&report, bytes_view(&box.claim));
    if (rc == SH_OK)
        rc = bytes_check(&report, why);
    if (rc == SH_OK)
        proc_report(side, bytes_view(&report));
    bytes_release(&report);
    c2pa_unsigned_release(&box);
    return rc;
}

static enum c2pa_splice_kind splice_kind(const struct role_sign *job)
{
    return job->update ? C2PA_SPLICE_UPDATE : C2PA_SPLICE_NEW;
}

/* The hashes of segments are the file's; of this one itself there is initHash (A.5.4). */
static void segments_take(struct writer *writer)
{
    writer->trees[0] = *writer->job->segments;
    writer->trees[0].init_hash = writer->init_hash;
    writer->write.trees = writer->trees;
    writer->write.tree_count = 1;
    writer->write.fragmented = true;
}

/* What is carried on is looked at, and what was found goes into the new credentials. */
static int parent_look(struct writer *writer, struct why *why)
{
    int rc = role_sign_look_parent(&writer->source, writer->job->now, &writer->parent, why);

    if (rc == SH_OK && writer->job->update && writer->parent.state == C2PA_INVALID)
        rc =
            why_set(why, SH_EFORMAT, WHY_NOWHERE,
                    "its credentials do not hold (%.*s), so that nothing can be added to them; "
                    "sign it without --update: then they are carried on with what was found",
                    (int)writer->parent.cause.len, (const char *)writer->parent.cause.ptr);
    writer->write.results =
        (const struct c2pa_write_result *)(const void *)writer->parent.results.ptr;
    writer->write.result_count = writer->parent.results.len / sizeof(struct c2pa_write_result);
    return rc;
}

/* Other kinds of files are told by their name, not as damaged ones of ours. */
static int kind_check(const struct bmff_source *source, struct why *why)
{
    enum bmff_kind kind;
    const char *way = "";
    int rc = bmff_sniff(source, &kind, why);

    if (rc != SH_OK)
        return rc;
    switch (kind) {
    case BMFF_UNKNOWN: /* perhaps with boxes in another order, which is said then */
    case BMFF_MP4:
    case BMFF_MOV:
    case BMFF_3GP:
    case BMFF_M4A:
    case BMFF_HEIC:
        return SH_OK;
    case BMFF_MATROSKA:
    case BMFF_AVI:
    case BMFF_FLV:
    case BMFF_ASF:
    case BMFF_MPEG_TS:
        way = "; \"ffmpeg -i IN -c copy OUT.mp4\" puts the same pictures and sound into an MP4";
        break;
    default:
        break;
    }
    return why_set(why, SH_EUNSUPPORTED, WHY_NOWHERE,
                   "it is %s, and only MP4, MOV, M4A, 3GP, HEIC and AVIF are signed%s",
                   bmff_kind_name(kind), way);
}

static int plan(struct writer *writer, struct why *why)
{
    const struct role_sign *job = writer->job;
    struct c2pa_write *write = &writer->write;
    uint64_t size;
    int rc = kind_check(&writer->source, why);

    if (rc == SH_OK)
        rc = c2pa_splice_plan(&writer->source, splice_kind(job), &writer->splice, why);
    if (rc != SH_OK)
        return rc;
    write->signer = job->signer;
    write->generator = ROLE_GENERATOR;
    write->version = job->version;
    write->update = job->update;
    write->tokens = job->tokens;
    write->token_count = job->token_count;
    memcpy(write->manifest_id, job->random, C2PA_WRITE_ID_BYTES);
    memcpy(write->instance_id, job->random + C2PA_WRITE_ID_BYTES, C2PA_WRITE_ID_BYTES);
    rc = stores_read(writer, why);
    if (rc == SH_OK && write->parent.len)
        rc = parent_look(writer, why);
    if (rc == SH_OK && job->segments)
        segments_take(writer);
    else if (rc == SH_OK)
        trees_plan(writer);
    if (rc == SH_OK)
        rc = c2pa_write_size(write, &size, why);
    if (rc == SH_OK)
        rc = c2pa_splice_room(&writer->splice, size, why);
    return rc;
}

static int write_run(void *ctx, const struct proc_side *side, struct why *why)
{
    struct writer *writer = ctx;
    int fds[LIMIT_CAGE_KEEP] = {side->fd, writer->job->in, writer->job->out, STDERR_FILENO};
    struct cage_rules rules = {.profile = CAGE_COPY,
                               .keep = fds,
                               .keep_count = 4 + writer->job->piece_count,
                               .file_bytes = LIMIT_SPLICE_BYTES,
                               .memory_bytes = LIMIT_READER_MEMORY,
                               .cpu_s = LIMIT_CAGE_CPU_S};
    uint8_t hash[CRYPT_DIGEST_BYTES];
    int rc;

    for (size_t i = 0; i < writer->job->piece_count; i++)
        fds[4 + i] = writer->job->pieces[i];
    rc = cage_enter(&rules, NULL, why);
    writer->parent.pieces = writer->job->pieces;
    writer->parent.piece_count = writer->job->piece_count;

    bytes_init(&writer->leaves, LIMIT_C2PA_STORE_BYTES);
    bytes_init(&writer->parent.results, LIMIT_C2PA_STORE_BYTES);
    arena_init(&writer->parent.arena, LIMIT_C2PA_ARENA);
    if (rc == SH_OK)
        rc = role_source(&writer->job->in, &writer->source, why);
    if (rc == SH_OK)
        rc = plan(writer, why);
    if (rc == SH_OK)
        rc = copy(writer, side, hash, why);
    if (rc == SH_OK && writer->job->segments)
        memcpy(writer->init_hash, hash, sizeof(hash));
    else if (rc == SH_OK)
        rc = rows_set(writer, why);
    if (rc == SH_OK)
        rc = box_write(writer, writer->job->update || writer->job->segments ? NULL : hash, side,
                       why);
    c2pa_splice_release(&writer->splice);
    bytes_release(&writer->store[0]);
    bytes_release(&writer->store[1]);
    bytes_release(&writer->leaves);
    bytes_release(&writer->parent.results);
    arena_release(&writer->parent.arena);
    return rc;
}

/* ---- who called ---- */

static int written_take(struct slice report, struct written *out, struct why *why)
{
    struct cursor cur = cursor_of(report);

    out->file_bytes = rd_u64(&cur);
    out->cose_at = rd_u64(&cur);
    if (cur.failed || out->file_bytes > LIMIT_SPLICE_BYTES + LIMIT_C2PA_STORE_BYTES ||
        out->cose_at > out->file_bytes || rd_left(&cur) == 0)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "the writer gave an answer that makes no sense; nothing of it was used");
    out->claim = rd_bytes(&cur, rd_left(&cur));
    return SH_OK;
}

/* Have it signed, and put the signature where its zeros are. */
static int sign(const struct role_sign *job, const struct written *written, struct why *why)
{
    struct bytes cose;
    struct stat st;
    int rc;

    if (fstat(job->out, &st) != 0 || (uint64_t)st.st_size != written->file_bytes)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "the writer wrote another number of bytes than it reported");
    bytes_init(&cose, LIMIT_C2PA_STORE_BYTES);
    rc = job->cose ? job->cose(job->cose_ctx, written->claim, &cose, why)
                   : c2pa_write_cose(job->signer, written->claim, &cose, why);
    if (rc == SH_OK && cose.len > written->file_bytes - written->cose_at)
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE, "the writer left no room for a signature");
    if (rc == SH_OK)
        rc = io_write_at(job->out, written->cose_at, bytes_view(&cose), why);
    bytes_release(&cose);
    return rc;
}

struct watcher {
    const struct role_progress *progress;
    uint64_t total;
};

static void watch(void *progress_ctx, uint64_t done)
{
    const struct watcher *watcher = progress_ctx;

    if (watcher->progress)
        watcher->progress->step(watcher->progress->ctx,
                                done < watcher->total ? done : watcher->total, watcher->total);
}

int role_sign(const struct role_sign *job, const struct role_progress *progress,
              struct why *why)
{
    struct writer writer = {.job = job};
    struct watcher watcher = {.progress = progress};
    struct proc_task task = {.name = "the writer",
                             .run = write_run,
                             .ctx = &writer,
                             .timeout_s = LIMIT_CAGE_WAIT_S,
                             .progress = watch,
                             .progress_ctx = &watcher};
    struct written written;
    struct bytes report;
    struct stat st;
    int rc;

    if (job->piece_count > ROLE_SIGN_PIECES)
        bug("more segments are signed than descriptors are kept");
    if (fstat(job->in, &st) != 0 || !S_ISREG(st.st_mode))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "this is not a file");
    watcher.total = (uint64_t)st.st_size;
    bytes_init(&report, LIMIT_REPORT_BYTES);
    rc = proc_run(&task, &report, why);
    if (rc == SH_OK)
        rc = written_take(bytes_view(&report), &written, why);
    if (rc == SH_OK)
        rc = sign(job, &written, why);
    bytes_release(&report);
    return rc;
}
