/* Appending one entry: check, sign, commit, publish.  The invariants are in channel.h. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "channel/channel_int.h"

/* What one append brings together. */
struct work {
    struct channel *channel;
    const struct channel_append *append;
    struct arena arena;
    struct document doc;
    struct channel_row row;    /* of the new entry */
    struct channel_row target; /* of a withdrawal */
    struct channel_state next;
    uint64_t pending; /* rows so far */
};

/* ---- checks ---- */

static bool names_blob(const struct document *doc, const char *path, const struct stat *st)
{
    char named[TREE_PATH_BYTES];

    for (size_t i = 0; i < doc->blob_count; i++) {
        if (tree_blob_path(doc->blobs[i].sha256, doc->blobs[i].mime, named, NULL) == SH_OK &&
            strcmp(named, path) == 0)
            return S_ISREG(st->st_mode) && doc->blobs[i].bytes == (uint64_t)st->st_size;
    }
    return false;
}

/* Every staged file is a blob of the document, with the size that it names. */
static int check_staged(const struct work *work, struct why *why)
{
    const struct channel_append *append = work->append;
    const struct channel_file *file;
    struct stat st;

    for (size_t i = 0; i < append->file_count; i++) {
        file = &append->files[i];
        if (!append->job || append->job->dir < 0 || strchr(file->staged, '/') ||
            fstatat(append->job->dir, file->staged, &st, AT_SYMLINK_NOFOLLOW) != 0)
            return why_set(why, SH_EARG, WHY_NOWHERE, "staged file %.40s: not there",
                           file->staged);
        if (!names_blob(&work->doc, file->path, &st))
            return why_set(why, SH_EARG, WHY_NOWHERE,
                           "staged file %.40s: the document names no blob %.80s of %jd bytes",
                           file->staged, file->path, (intmax_t)st.st_size);
    }
    return SH_OK;
}

/* Every blob of the document is staged, or public already with the right size. */
static int check_blobs(const struct work *work, struct why *why)
{
    char path[TREE_PATH_BYTES];
    uint64_t bytes, mtime_s;
    bool found;

    for (size_t i = 0; i < work->doc.blob_count; i++) {
        const struct doc_blob *blob = &work->doc.blobs[i];
        int rc = tree_blob_path(blob->sha256, blob->mime, path, why);

        if (rc != SH_OK)
            return rc;
        found = false;
        for (size_t j = 0; j < work->append->file_count && !found; j++)
            found = strcmp(work->append->files[j].path, path) == 0;
        if (!found)
            found = io_stat(work->channel->info.public_dir, path, &bytes, &mtime_s, NULL) ==
                        SH_OK &&
                    bytes == blob->bytes;
        if (!found)
            return why_set(why, SH_EARG, WHY_NOWHERE, "blob %s: neither staged nor public",
                           path);
    }
    return SH_OK;
}

static int check_target(struct work *work, struct why *why)
{
    uint64_t ref = work->append->ref;
    int rc = channel_row_get(work->channel->store, ref, &work->target, why);

    if (rc != SH_OK)
        return rc;
    if (work->target.type != ENTRY_DISPATCH)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "entry %ju is of type %s: only a dispatch can be withdrawn",
                       (uintmax_t)ref, entry_type_name(work->target.type));
    if (work->target.withdrawn_by != CHANNEL_NOT_WITHDRAWN)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "entry %ju is withdrawn already, by entry %ju", (uintmax_t)ref,
                       (uintmax_t)work->target.withdrawn_by);
    return SH_OK;
}

static enum doc_kind kind_of(enum entry_type type)
{
    switch (type) {
    case ENTRY_DISPATCH:
        return DOC_DISPATCH;
    case ENTRY_PROMISE:
        return DOC_PROMISE;
    case ENTRY_WITHDRAW:
        return DOC_WITHDRAW;
    default:
        return DOC_UNKNOWN;
    }
}

static int check_document(struct work *work, struct why *why)
{
    const struct channel_append *append = work->append;
    struct channel *channel = work->channel;
    enum doc_kind kind = kind_of(append->type);
    int rc = document_parse(append->document, &work->arena, &work->doc, why);

    if (rc != SH_OK)
        return rc;
    if (work->doc.kind != kind)
        return why_set(why, SH_EARG, WHY_NOWHERE, "document: kind %.*s for an entry of type %s",
                       (int)work->doc.kind_text.len, (const char *)work->doc.kind_text.ptr,
                       entry_type_name(append->type));
    if (!slice_equal(work->doc.channel, slice_text(channel->info.id.text)))
        return why_set(why, SH_EARG, WHY_NOWHERE, "document: it is of another channel");
    return SH_OK;
}

/* A salt makes each document unlike any other; the same bytes twice are a mistake. */
static int check_new(const struct work *work, const uint8_t hash[CRYPT_DIGEST_BYTES],
                     struct why *why)
{
    char path[TREE_PATH_BYTES], hidden[CHANNEL_QUARANTINE_BYTES];

    tree_document_path(hash, path);
    channel_quarantine_path(path, hidden);
    if (io_exists(work->channel->info.public_dir, path) ||
        io_exists(work->channel->private_dir, hidden))
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "document: the channel has it already; each needs a salt of its own");
    return SH_OK;
}

static int check(struct work *work, struct why *why)
{
    const struct channel_append *append = work->append;
    struct channel *channel = work->channel;
    int rc;

    if (channel->use != CHANNEL_WRITE || channel->info.conflict[0])
        bug("append to a channel that is not open for it");
    if (kind_of(append->type) == DOC_UNKNOWN)
        bug("append of an entry type that is not built");
    if (channel->broken)
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "an earlier write failed; run the command again");
    rc = check_document(work, why);
    if (rc == SH_OK)
        rc = check_staged(work, why);
    if (rc == SH_OK)
        rc = check_blobs(work, why);
    if (rc == SH_OK && append->type == ENTRY_WITHDRAW)
        rc = check_target(work, why);
    return rc;
}

/* ---- the entry and the checkpoint ---- */

static int make_entry(struct work *work, struct why *why)
{
    struct channel_state *state = &work->channel->state;
    struct channel_row *row = &work->row;
    struct entry entry = {.type = work->append->type, .ref = ENTRY_NO_REF};

    if (state->size >= LIMIT_LOG_SIZE)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "the log is full");
    if (entry.type == ENTRY_WITHDRAW)
        entry.ref = work->append->ref;
    crypto.sha256(work->append->document, entry.hash);
    row->index = state->size;
    row->type = entry.type;
    row->ordinal = state->dispatches;
    row->withdrawn_by = CHANNEL_NOT_WITHDRAWN;
    row->line_len = entry_build(&entry, row->line);
    return check_new(work, entry.hash, why);
}

int channel_sign(const struct channel *channel, struct channel_state *state,
                 const struct channel_signer *signer, struct why *why)
{
    uint8_t signature[CRYPT_SIGNATURE_BYTES];
    char origin[CHANNEL_ORIGIN_BYTES];
    struct tlog_checkpoint checkpoint = {.size = state->size};
    struct bytes *note = &state->note;
    int rc;

    channel_origin(&channel->info.id, origin);
    checkpoint.origin = slice_text(origin);
    memcpy(checkpoint.root, state->root, sizeof(checkpoint.root));
    tlog_checkpoint_build(note, &checkpoint);
    rc = bytes_check(note, why);
    if (rc == SH_OK)
        rc = signer->sign_checkpoint(signer->ctx, bytes_view(note), signature, why);
    if (rc != SH_OK)
        return rc;
    /* Nothing is believed, not even our own signer: a broken note must not be committed. */
    if (!crypto.ed25519_verify(channel->info.log_key.public_key, bytes_view(note), signature))
        return why_set(why, SH_ECRYPT, WHY_NOWHERE,
                       "private/" CHANNEL_LOG_KEY
                       " is not the log key of this channel; restore "
                       "it from a backup");
    bytes_u8(note, '\n');
    tlog_signature_line(note, &channel->info.log_key, slice_of(signature, sizeof(signature)));
    return bytes_check(note, why);
}

static int make_state(struct work *work, const struct channel_signer *signer, struct why *why)
{
    const struct channel_state *state = &work->channel->state;
    struct channel_state *next = &work->next;
    uint8_t leaf[TLOG_HASH_BYTES];
    struct tlog_range range;
    uint64_t now = io_now();

    *next = *state;
    bytes_init(&next->note, LIMIT_NOTE_BYTES);
    channel_edge_range(&work->channel->edge, &range);
    tlog_leaf_hash(slice_of(work->row.line, work->row.line_len), leaf);
    tlog_range_append(&range, leaf);
    tlog_range_root(&range, next->root);
    next->size = range.size;
    next->prev_size = state->size;
    memcpy(next->prev_root, state->root, sizeof(next->prev_root));
    next->stamp = now > state->stamp ? now : state->stamp + 1;
    next->published = work->doc.published;
    next->dispatches += work->row.type == ENTRY_DISPATCH;
    return channel_sign(work->channel, next, signer, why);
}

/* ---- the commit ---- */

struct pending {
    const char *path;
    const char *staged; /* or NULL */
    struct slice data;  /* or empty */
};

static int pend(struct work *work, const struct pending *pending, struct why *why)
{
    struct store_query *query;
    int rc = store_query(work->channel->store,
                         "INSERT INTO pending(seq,path,staged,data) VALUES(?1,?2,?3,?4)",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, work->pending++);
    store_bind_text(query, 2, pending->path);
    if (pending->staged)
        store_bind_text(query, 3, pending->staged);
    if (pending->data.len)
        store_bind_blob(query, 4, pending->data);
    return store_run(query, why);
}

/* hide->file */
static int pend_hidden(void *ctx, const char *path, struct why *why)
{
    struct pending pending = {.path = path};

    return pend(ctx, &pending, why);
}

static int pend_files(struct work *work, struct why *why)
{
    const struct channel_append *append = work->append;
    struct pending pending = {.data = append->document};
    uint8_t hash[CRYPT_DIGEST_BYTES];
    char path[TREE_PATH_BYTES], staged[96];
    int rc;

    crypto.sha256(append->document, hash);
    tree_document_path(hash, path);
    pending.path = path;
    rc = pend(work, &pending, why);
    for (size_t i = 0; i < append->file_count && rc == SH_OK; i++) {
        (void)snprintf(staged, sizeof(staged), "%s/%s", append->job->name,
                       append->files[i].staged);
        pending = (struct pending){.path = append->files[i].path, .staged = staged};
        rc = pend(work, &pending, why);
    }
    return rc;
}

/* All rows of the commit, inside of the transaction. */
static int write_rows(struct work *work, struct why *why)
{
    struct channel_hide hide = {pend_hidden, work};
    struct store *store = work->channel->store;
    int rc = store_exec(store, "DELETE FROM pending", why);

    if (rc == SH_OK)
        rc = channel_row_put(store, &work->row, why);
    if (rc == SH_OK)
        rc = channel_files_put(store, work->row.index, &work->doc, why);
    if (rc == SH_OK)
        rc = pend_files(work, why);
    if (rc == SH_OK && work->row.type == ENTRY_WITHDRAW) {
        rc = channel_hidden(store, &work->target, &hide, why);
        if (rc == SH_OK)
            rc = channel_row_withdraw(store, work->target.index, work->row.index, why);
    }
    return rc == SH_OK ? channel_state_save(store, &work->next, why) : rc;
}

static int commit(struct work *work, struct why *why)
{
    struct channel *channel = work->channel;
    struct channel_job *job = work->append->job;
    struct why cause = {0};
    int rc = SH_OK;

    if (job && work->append->file_count)
        rc = io_sync_fd(job->dir, "private/staging", why);
    if (rc == SH_OK)
        rc = store_begin(channel->store, STORE_DURABLE, why);
    if (rc != SH_OK)
        return rc;
    rc = write_rows(work, why);
    if (rc != SH_OK) {
        store_end(channel->store);
        return rc;
    }
    if (job)
        job->kept = true;
    rc = store_commit(channel->store, &cause);
    if (rc == SH_OK)
        return SH_OK;
    channel->broken = true;
    return why_set(why, rc, WHY_NOWHERE,
                   "%.200s; whether entry %ju stands shows when the channel is opened again: "
                   "look with `stillhere status` before you repeat it",
                   cause.text, (uintmax_t)work->row.index);
}

/* ---- all of it ---- */

static void adopt(struct work *work, struct channel_commit *out)
{
    struct channel *channel = work->channel;

    bytes_release(&channel->state.note);
    channel->state = work->next;
    bytes_init(&work->next.note, 1);
    channel->stamp_fresh = true;
    out->index = work->row.index;
    out->ref = work->append->ref;
    out->size = channel->state.size;
    memcpy(out->root, channel->state.root, sizeof(out->root));
    out->published = false;
}

static int run(struct work *work, const struct channel_signer *signer,
               struct channel_commit *out, struct why *why)
{
    struct channel *channel = work->channel;
    int rc = check(work, why);

    if (rc == SH_OK)
        rc = make_entry(work, why);
    if (rc == SH_OK)
        rc = make_state(work, signer, why);
    if (rc == SH_OK)
        rc = commit(work, why);
    if (rc != SH_OK)
        return rc;
    adopt(work, out);
    rc = channel_info_fill(channel, why);
    if (rc == SH_OK)
        rc = store_begin_read(channel->store, why);
    if (rc == SH_OK)
        rc = channel_publish_last(channel, why);
    out->published = rc == SH_OK;
    if (rc != SH_OK)
        channel->broken = true;
    else if (work->append->job)
        /* Empty now; what stays behind is swept by the next poster. */
        work->append->job->kept = false;
    return SH_OK;
}

int channel_append(struct channel *channel, const struct channel_append *append,
                   const struct channel_signer *signer, struct channel_commit *out,
                   struct why *why)
{
    struct work work = {.channel = channel, .append = append};
    int rc;

    arena_init(&work.arena, LIMIT_DOCUMENT_ARENA);
    rc = run(&work, signer, out, why);
    bytes_release(&work.next.note);
    arena_release(&work.arena);
    return rc;
}
