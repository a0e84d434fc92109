/* Appending entries: check, sign, commit, publish.  The invariants are in channel.h. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "channel/channel_int.h"

/* What one append brings together. */
struct work {
    struct channel *channel;
    const struct channel_appends *appends;
    struct channel_commit *out;
    struct channel_state next;
    struct tlog_range range;
    struct bytes hashes; /* of the entries so far; seen: a bit for the start of each */
    uint8_t seen[1 << 13];
    uint64_t pending; /* rows so far */
    bool purges;
    /* the entry in hand */
    const struct channel_append *append;
    struct document doc;
    uint8_t hash[CRYPT_DIGEST_BYTES];
    struct channel_row row;
    struct channel_row target; /* of open, withdraw and correct */
};

/* ---- checks ---- */

static bool names_blob(const struct document *doc, const char *path, const struct stat *st)
{
    char named[TREE_PATH_BYTES];

    original_path(doc->dispatch, named);
    if (doc->has_orig && strcmp(named, path) == 0)
        return S_ISREG(st->st_mode);
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

/* Does HOME/private/<below><path> hold a file of that size? */
static bool lies_in_private(const struct channel *channel, const char *path, uint64_t bytes)
{
    char sealed[CHANNEL_QUARANTINE_BYTES], hidden[CHANNEL_QUARANTINE_BYTES];
    uint64_t found, mtime_s;

    channel_sealed_path(path, sealed);
    channel_quarantine_path(path, hidden);
    return (io_stat(channel->private_dir, sealed, &found, &mtime_s, NULL) == SH_OK &&
            found == bytes) ||
           (io_stat(channel->private_dir, hidden, &found, &mtime_s, NULL) == SH_OK &&
            found == bytes);
}

/* Every blob of doc is staged, or lies where it will be taken from, with the right size. */
static int check_blobs(const struct work *work, const struct document *doc, struct why *why)
{
    bool sealed = work->append->type == ENTRY_SEALED || work->append->type == ENTRY_OPEN;
    char path[TREE_PATH_BYTES];
    uint64_t bytes, mtime_s;
    bool found;

    for (size_t i = 0; i < doc->blob_count; i++) {
        const struct doc_blob *blob = &doc->blobs[i];
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
        if (!found && sealed)
            found = lies_in_private(work->channel, path, blob->bytes);
        if (!found)
            return why_set(why, SH_EARG, WHY_NOWHERE, "blob %s: neither staged nor public",
                           path);
    }
    return SH_OK;
}

static int refuse_target(const struct work *work, const char *what, uint64_t by,
                         struct why *why)
{
    if (by == CHANNEL_NONE)
        return why_set(why, SH_EARG, WHY_NOWHERE, "entry %ju is of type %s: %s",
                       (uintmax_t)work->target.index, entry_type_name(work->target.type), what);
    return why_set(why, SH_EARG, WHY_NOWHERE, "entry %ju %s, by entry %ju",
                   (uintmax_t)work->target.index, what, (uintmax_t)by);
}

/* "stillhere-purge/1", the channel and the entry: what the identity keys sign. */
void channel_order_text(const struct channel *channel, uint64_t index, struct bytes *out)
{
    bytes_printf(out, "stillhere-purge/1\nchannel %s\nindex %ju\n", channel->info.id.text,
                 (uintmax_t)index);
}

/* Without the order of the identity keys every reader takes a purge for a hiding. */
static int check_order(const struct work *work, struct why *why)
{
    struct bytes text;
    int rc;

    bytes_init(&text, LIMIT_NOTE_BYTES);
    channel_order_text(work->channel, work->target.index, &text);
    rc = bytes_check(&text, why);
    if (rc == SH_OK)
        rc = identity_order_check(work->doc.order, bytes_view(&text),
                                  channel_identity(work->channel), why);
    bytes_release(&text);
    return rc;
}

static int check_withdraw(struct work *work, struct why *why)
{
    const struct channel_row *target = &work->target;
    bool purge = work->doc.level == DOC_PURGE;

    if (target->type != ENTRY_DISPATCH && target->type != ENTRY_SEALED)
        return refuse_target(work, "only a dispatch can be withdrawn", CHANNEL_NONE, why);
    if (target->withdrawn_by != CHANNEL_NONE && !purge)
        return refuse_target(work, "is withdrawn already", target->withdrawn_by, why);
    if (target->purged_by != CHANNEL_NONE)
        return refuse_target(work, "is purged already", target->purged_by, why);
    return purge ? check_order(work, why) : SH_OK;
}

static int check_correct(struct work *work, struct why *why)
{
    const struct channel_row *target = &work->target;
    bool sealed = target->type == ENTRY_SEALED;

    if (target->type != ENTRY_DISPATCH && !sealed)
        return refuse_target(work, "only a dispatch can be corrected", CHANNEL_NONE, why);
    if (target->withdrawn_by != CHANNEL_NONE)
        return refuse_target(work, "is withdrawn", target->withdrawn_by, why);
    if (sealed && target->opened_by == CHANNEL_NONE)
        return refuse_target(work,
                             "it is not public yet; what corrects it would be public before "
                             "it: publish or withdraw it first",
                             CHANNEL_NONE, why);
    return SH_OK;
}

/* The document that was sealed must be here, and all its files. */
static int check_open(struct work *work, struct why *why)
{
    const struct channel_row *target = &work->target;
    struct document sealed;
    struct entry entry;
    struct arena arena;
    struct bytes raw;
    uint64_t at;
    int rc;

    if (target->type != ENTRY_SEALED)
        return refuse_target(work, "only a sealed entry can be published", CHANNEL_NONE, why);
    if (target->opened_by != CHANNEL_NONE)
        return refuse_target(work, "is public already", target->opened_by, why);
    if (target->withdrawn_by != CHANNEL_NONE)
        return refuse_target(work, "is withdrawn", target->withdrawn_by, why);
    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    rc = entry_parse(slice_of(target->line, target->line_len), target->index, &entry, why);
    if (rc == SH_OK)
        rc = channel_sealed_read(work->channel, &entry, &raw, &at, why);
    if (rc == SH_OK)
        rc = document_parse(bytes_view(&raw), &arena, &sealed, why);
    if (rc == SH_OK)
        rc = check_blobs(work, &sealed, why);
    bytes_release(&raw);
    arena_release(&arena);
    return rc;
}

static int check_target(struct work *work, struct why *why)
{
    int rc;

    if (work->append->type != ENTRY_OPEN && work->append->type != ENTRY_WITHDRAW &&
        work->append->type != ENTRY_CORRECT)
        return SH_OK;
    rc = channel_row_get(work->channel->store, work->append->ref, &work->target, why);
    if (rc != SH_OK)
        return rc;
    switch (work->append->type) {
    case ENTRY_OPEN:
        return check_open(work, why);
    case ENTRY_WITHDRAW:
        return check_withdraw(work, why);
    default:
        return check_correct(work, why);
    }
}

static enum doc_kind kind_of(enum entry_type type)
{
    switch (type) {
    case ENTRY_DISPATCH:
    case ENTRY_SEALED:
        return DOC_DISPATCH;
    case ENTRY_PROMISE:
        return DOC_PROMISE;
    case ENTRY_OPEN:
        return DOC_OPEN;
    case ENTRY_WITHDRAW:
        return DOC_WITHDRAW;
    case ENTRY_CORRECT:
        return DOC_CORRECT;
    default:
        return DOC_UNKNOWN;
    }
}

static int check_document(struct work *work, struct arena *arena, struct why *why)
{
    const struct channel_append *append = work->append;
    bool sealed = append->type == ENTRY_SEALED;
    int rc = document_parse(append->document, arena, &work->doc, why);

    if (rc != SH_OK)
        return rc;
    if (work->doc.kind != kind_of(append->type))
        return why_set(why, SH_EARG, WHY_NOWHERE, "document: kind %.*s for an entry of type %s",
                       (int)work->doc.kind_text.len, (const char *)work->doc.kind_text.ptr,
                       entry_type_name(append->type));
    if (!slice_equal(work->doc.channel, slice_text(work->channel->info.id.text)))
        return why_set(why, SH_EARG, WHY_NOWHERE, "document: it is of another channel");
    if (sealed != (work->doc.published == 0))
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       sealed ? "document: a sealed one says no time of its publication"
                              : "document: it says no time of its publication");
    return SH_OK;
}

/* Which bit of work->seen. */
static unsigned seen_bit(const struct work *work)
{
    return ((unsigned)work->hash[0] << 8 | work->hash[1]) % (8 * sizeof(work->seen));
}

/* Is the document that of an entry before it in the same commit? */
static bool is_repeated(const struct work *work)
{
    unsigned bit = seen_bit(work);

    if (!(work->seen[bit / 8] & 1u << bit % 8))
        return false;
    for (size_t at = 0; at < work->hashes.len; at += sizeof(work->hash))
        if (memcmp(work->hashes.ptr + at, work->hash, sizeof(work->hash)) == 0)
            return true;
    return false;
}

/* A salt makes each document unlike any other; the same bytes twice are a mistake. */
static int check_new(const struct work *work, struct why *why)
{
    char path[TREE_PATH_BYTES], hidden[CHANNEL_QUARANTINE_BYTES],
        sealed[CHANNEL_QUARANTINE_BYTES];
    bool there;

    tree_document_path(work->hash, path);
    channel_quarantine_path(path, hidden);
    channel_sealed_path(path, sealed);
    there = io_exists(work->channel->info.public_dir, path) ||
            io_exists(work->channel->private_dir, hidden) ||
            io_exists(work->channel->private_dir, sealed);
    if (there || is_repeated(work))
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "document: the channel has it already; each needs a salt of its own");
    return SH_OK;
}

/* The entry in hand may be made; its hash is known then. */
static int check(struct work *work, struct arena *arena, struct why *why)
{
    const struct channel_append *append = work->append;
    int rc;

    work->doc = (struct document){.kind = DOC_UNKNOWN};
    if (kind_of(append->type) == DOC_UNKNOWN || (append->cover && append->type != ENTRY_SEALED))
        bug("append of an entry type that is not built");
    if (append->cover) {
        io_random(work->hash, sizeof(work->hash));
        return SH_OK;
    }
    crypto.sha256(append->document, work->hash);
    rc = check_document(work, arena, why);
    if (rc == SH_OK)
        rc = check_staged(work, why);
    if (rc == SH_OK)
        rc = check_blobs(work, &work->doc, why);
    if (rc == SH_OK)
        rc = check_target(work, why);
    return rc == SH_OK ? check_new(work, why) : rc;
}

/* ---- the entry ---- */

static int make_row(struct work *work, struct why *why)
{
    struct channel_state *next = &work->next;
    struct channel_row *row = &work->row;
    enum entry_type type = work->append->type;
    struct entry entry = {.type = type, .ref = ENTRY_NO_REF};
    uint8_t leaf[TLOG_HASH_BYTES];

    if (next->size >= LIMIT_LOG_SIZE)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "the log is full");
    if (type == ENTRY_OPEN || type == ENTRY_WITHDRAW || type == ENTRY_CORRECT)
        entry.ref = work->append->ref;
    memcpy(entry.hash, work->hash, sizeof(entry.hash));
    *row = (struct channel_row){
        .index = next->size, .type = type, .ordinal = next->dispatches, .ref = entry.ref};
    row->line_len = entry_build(&entry, row->line);
    tlog_leaf_hash(slice_of(row->line, row->line_len), leaf);
    tlog_range_append(&work->range, leaf);
    next->size = work->range.size;
    next->dispatches += type == ENTRY_DISPATCH || type == ENTRY_OPEN;
    if (work->doc.published)
        next->published = work->doc.published;
    bytes_append(&work->hashes, work->hash, sizeof(work->hash));
    work->seen[seen_bit(work) / 8] |= (uint8_t)(1u << seen_bit(work) % 8);
    return bytes_check(&work->hashes, why);
}

/* ---- what is left to do after the commit ---- */

struct pending {
    enum channel_op op;
    const char *path;
    const char *staged; /* or NULL */
    struct slice data;  /* or empty */
};

static int pend(struct work *work, const struct pending *pending, struct why *why)
{
    struct store_query *query;
    int rc = store_query(work->channel->store,
                         "INSERT INTO pending(seq,path,staged,data,op) VALUES(?1,?2,?3,?4,?5)",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, work->pending++);
    store_bind_text(query, 2, pending->path);
    if (pending->staged)
        store_bind_text(query, 3, pending->staged);
    if (pending->data.len)
        store_bind_blob(query, 4, pending->data);
    store_bind_int(query, 5, pending->op);
    return store_run(query, why);
}

/* hide->file */
static int pend_hidden(void *ctx, const char *path, struct why *why)
{
    struct work *work = ctx;
    bool purge = work->doc.level == DOC_PURGE;
    struct pending pending = {.op = channel_hide_op(&work->target, purge), .path = path};

    work->purges = work->purges || purge;
    return pend(work, &pending, why);
}

/* The time of opening goes with the sealed document that row stands for. */
static int pend_no_time(struct work *work, const char *document_path, struct why *why)
{
    char at[TREE_PATH_BYTES];
    struct pending pending = {.op = CHANNEL_OP_PURGE_SEALED, .path = at};

    (void)snprintf(at, sizeof(at), "%.*s.at", TREE_PATH_BYTES - 4, document_path);
    return pend(work, &pending, why);
}

static int pend_time(struct work *work, const char *document_path, struct why *why)
{
    char at[TREE_PATH_BYTES];
    struct pending pending = {.op = CHANNEL_OP_SEAL, .path = at};
    struct bytes text;
    int rc;

    (void)snprintf(at, sizeof(at), "%.*s.at", TREE_PATH_BYTES - 4, document_path);
    bytes_init(&text, 32);
    channel_at_build(work->append->publish_at, &text);
    rc = bytes_check(&text, why);
    pending.data = bytes_view(&text);
    if (rc == SH_OK)
        rc = pend(work, &pending, why);
    bytes_release(&text);
    return rc;
}

/* The entry's own document and files. */
static int pend_files(struct work *work, struct why *why)
{
    const struct channel_append *append = work->append;
    bool sealed = append->type == ENTRY_SEALED;
    struct pending pending = {.op = sealed ? CHANNEL_OP_SEAL : CHANNEL_OP_PUT,
                              .data = append->document};
    char path[TREE_PATH_BYTES], staged[96];
    int rc = SH_OK;

    tree_document_path(work->hash, path);
    pending.path = path;
    /* The time comes first: no document waits without one. */
    if (sealed)
        rc = pend_time(work, path, why);
    if (rc == SH_OK)
        rc = pend(work, &pending, why);
    for (size_t i = 0; i < append->file_count && rc == SH_OK; i++) {
        if (append->waiting)
            (void)snprintf(staged, sizeof(staged), CHANNEL_WAITING "/%s/%s", append->waiting,
                           append->files[i].staged);
        else
            (void)snprintf(staged, sizeof(staged), "%s/%s", append->job->name,
                           append->files[i].staged);
        pending = (struct pending){.op = sealed ? CHANNEL_OP_SEAL : CHANNEL_OP_SHOW,
                                   .path = append->files[i].path,
                                   .staged = staged};
        if (original_is_path(pending.path))
            pending.op = CHANNEL_OP_KEEP;
        rc = pend(work, &pending, why);
    }
    return rc;
}

/* hide->file: a file of the sealed entry that is opened. */
static int pend_shown(void *ctx, const char *path, struct why *why)
{
    char sealed[CHANNEL_QUARANTINE_BYTES];
    struct pending pending = {.op = CHANNEL_OP_SHOW, .path = path, .staged = sealed};

    if (original_is_path(path))
        return SH_OK; /* It is never shown. */
    channel_sealed_path(path, sealed);
    return pend(ctx, &pending, why);
}

static int pend_target_time(struct work *work, struct why *why)
{
    char path[TREE_PATH_BYTES];
    struct entry entry;
    int rc = entry_parse(slice_of(work->target.line, work->target.line_len), work->target.index,
                         &entry, why);

    tree_document_path(entry.hash, path);
    return rc == SH_OK ? pend_no_time(work, path, why) : rc;
}

/* What the entry does to the one it refers to: rows and files. */
static int change_target(struct work *work, struct why *why)
{
    struct channel_hide hide = {pend_hidden, work}, show = {pend_shown, work};
    struct store *store = work->channel->store;
    uint64_t target = work->target.index, by = work->row.index;
    bool waits = work->target.type == ENTRY_SEALED && work->target.opened_by == CHANNEL_NONE;
    int rc;

    switch (work->append->type) {
    case ENTRY_OPEN:
        rc = channel_files_of(store, &work->target, &show, why);
        if (rc == SH_OK)
            rc = pend_target_time(work, why);
        return rc == SH_OK ? channel_row_open(store, target, by, why) : rc;
    case ENTRY_WITHDRAW:
        rc = channel_hidden(store, &work->target, &hide, why);
        if (rc == SH_OK && waits)
            rc = pend_target_time(work, why);
        if (rc != SH_OK)
            return rc;
        return work->doc.level == DOC_PURGE ? channel_row_purge(store, target, by, why)
                                            : channel_row_withdraw(store, target, by, why);
    case ENTRY_CORRECT:
        return channel_row_correct(store, target, by, why);
    default:
        return SH_OK;
    }
}

/* ---- the commit ---- */

/* One entry, inside of the transaction. */
static int write_rows(struct work *work, struct why *why)
{
    struct store *store = work->channel->store;
    const struct channel_append *append = work->append;
    int rc = channel_row_put(store, &work->row, why);

    if (rc == SH_OK && append->slot)
        rc = channel_slot_take(store, append->slot, why);
    if (append->cover)
        return rc;
    if (rc == SH_OK)
        rc = channel_files_put(store, work->row.index, &work->doc, why);
    if (rc == SH_OK && append->type == ENTRY_SEALED)
        rc = channel_row_seal(store, work->row.index, append->publish_at, why);
    if (rc == SH_OK)
        rc = pend_files(work, why);
    return rc == SH_OK ? change_target(work, why) : rc;
}

static int take_one(struct work *work, size_t at, struct why *why)
{
    struct arena arena;
    int rc;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    work->append = &work->appends->list[at];
    rc = check(work, &arena, why);
    if (rc == SH_OK)
        rc = make_row(work, why);
    if (rc == SH_OK)
        rc = write_rows(work, why);
    work->out[at] = (struct channel_commit){.index = work->row.index, .ref = work->row.ref};
    if (rc != SH_OK && work->appends->bad)
        *work->appends->bad = at;
    arena_release(&arena);
    return rc;
}

/* The state that follows, without root and signature. */
static void begin_state(struct work *work)
{
    const struct channel_state *state = &work->channel->state;
    struct channel_state *next = &work->next;
    uint64_t now = io_now();

    *next = *state;
    bytes_init(&next->note, LIMIT_NOTE_BYTES);
    channel_edge_range(&work->channel->edge, &work->range);
    next->prev_size = state->size;
    memcpy(next->prev_root, state->root, sizeof(next->prev_root));
    next->stamp = now > state->stamp ? now : state->stamp + 1;
}

/* Everything of the commit, inside of the transaction. */
static int write_all(struct work *work, const struct channel_signer *signer, struct why *why)
{
    struct store *store = work->channel->store;
    int rc = store_exec(store, "DELETE FROM pending", why);

    for (size_t i = 0; i < work->appends->count && rc == SH_OK; i++)
        rc = take_one(work, i, why);
    if (rc != SH_OK)
        return rc;
    tlog_range_root(&work->range, work->next.root);
    rc = channel_sign(work->channel, &work->next, signer, why);
    return rc == SH_OK ? channel_state_save(store, &work->next, why) : rc;
}

static int sync_jobs(const struct channel_appends *appends, struct why *why)
{
    int rc = SH_OK;

    for (size_t i = 0; i < appends->count && rc == SH_OK; i++)
        if (appends->list[i].job && appends->list[i].file_count)
            rc = io_sync_fd(appends->list[i].job->dir, "private/staging", why);
    return rc;
}

static void keep_jobs(const struct channel_appends *appends, bool kept)
{
    for (size_t i = 0; i < appends->count; i++)
        if (appends->list[i].job)
            appends->list[i].job->kept = kept;
}

static int commit(struct work *work, const struct channel_signer *signer, struct why *why)
{
    struct channel *channel = work->channel;
    struct why cause = {0};
    int rc = sync_jobs(work->appends, why);

    if (rc == SH_OK)
        rc = store_begin(channel->store, STORE_DURABLE, why);
    if (rc != SH_OK)
        return rc;
    rc = write_all(work, signer, why);
    if (rc != SH_OK) {
        store_end(channel->store);
        return rc;
    }
    keep_jobs(work->appends, true);
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

static void adopt(struct work *work)
{
    struct channel *channel = work->channel;

    bytes_release(&channel->state.note);
    channel->state = work->next;
    bytes_init(&work->next.note, 1);
    channel->stamp_fresh = true;
    for (size_t i = 0; i < work->appends->count; i++) {
        work->out[i].size = channel->state.size;
        memcpy(work->out[i].root, channel->state.root, sizeof(work->out[i].root));
        work->out[i].published = false;
    }
}

static int publish(struct work *work, struct why *why)
{
    struct channel *channel = work->channel;
    int rc = channel_info_fill(channel, why);

    if (rc == SH_OK)
        rc = store_begin_read(channel->store, why);
    if (rc == SH_OK)
        rc = channel_publish_last(channel, why);
    /* What was purged must not stay in the database's log either. */
    if (rc == SH_OK && work->purges) {
        store_end(channel->store);
        rc = store_fold(channel->store, why);
        if (rc == SH_OK)
            rc = store_begin_read(channel->store, why);
    }
    return rc;
}

static int run(struct work *work, const struct channel_signer *signer, struct why *why)
{
    struct channel *channel = work->channel;
    int rc;

    if (channel->use != CHANNEL_WRITE || channel->info.conflict[0])
        bug("append to a channel that is not open for it");
    if (!work->appends->count || work->appends->count > LIMIT_APPENDS)
        bug("append of no entries, or of more than LIMIT_APPENDS");
    if (channel->broken)
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "an earlier write failed; run the command again");
    begin_state(work);
    rc = commit(work, signer, why);
    if (rc != SH_OK)
        return rc;
    adopt(work);
    rc = publish(work, why);
    for (size_t i = 0; i < work->appends->count; i++)
        work->out[i].published = rc == SH_OK;
    if (rc != SH_OK)
        channel->broken = true;
    else
        /* Empty now; what stays behind is swept by the next poster. */
        keep_jobs(work->appends, false);
    return SH_OK;
}

int channel_append_all(struct channel *channel, const struct channel_appends *appends,
                       const struct channel_signer *signer, struct channel_commit *out,
                       struct why *why)
{
    struct work work = {.channel = channel, .appends = appends, .out = out};
    int rc;

    bytes_init(&work.hashes, (size_t)LIMIT_APPENDS * CRYPT_DIGEST_BYTES);
    rc = run(&work, signer, why);
    bytes_release(&work.next.note);
    bytes_release(&work.hashes);
    return rc;
}

int channel_append(struct channel *channel, const struct channel_append *append,
                   const struct channel_signer *signer, struct channel_commit *out,
                   struct why *why)
{
    const struct channel_appends appends = {append, 1, NULL};

    return channel_append_all(channel, &appends, signer, out, why);
}
