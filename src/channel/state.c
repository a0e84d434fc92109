/* What SQLite holds: the state, small public files, entries, the blobs that they name. */
#include <string.h>

#include "channel/channel_int.h"

/* Version 2: sealed, opened, corrected and purged entries; what a commit still has to do. */
#define SCHEMA_2                                                                               \
    "CREATE TABLE sealed(idx INTEGER PRIMARY KEY, publish_at INTEGER NOT NULL) STRICT;"        \
    "CREATE TABLE slots(one INTEGER PRIMARY KEY CHECK(one=1), last INTEGER NOT NULL) STRICT;"  \
    "CREATE INDEX entries_ref ON entries(ref) WHERE ref IS NOT NULL;"

static const struct store_upgrade upgrades[] = {
    {1, "ALTER TABLE entries ADD COLUMN ref INTEGER;"
        "ALTER TABLE entries ADD COLUMN opened_by INTEGER;"
        "ALTER TABLE entries ADD COLUMN corrected_by INTEGER;"
        "ALTER TABLE entries ADD COLUMN purged_by INTEGER;"
        "ALTER TABLE pending ADD COLUMN op INTEGER NOT NULL DEFAULT 0;"
        "UPDATE pending SET op=CASE WHEN data IS NOT NULL THEN 0 WHEN staged IS NOT NULL THEN 1"
        " ELSE 2 END;" SCHEMA_2}};

const struct store_schema channel_schema = {
    .version = 2,
    .sql = "CREATE TABLE state(one INTEGER PRIMARY KEY CHECK(one=1), size INTEGER NOT NULL,"
           " root BLOB NOT NULL, prev_size INTEGER NOT NULL, prev_root BLOB NOT NULL,"
           " stamp INTEGER NOT NULL, published INTEGER NOT NULL, dispatches INTEGER NOT NULL,"
           " pages_size INTEGER NOT NULL, pages_version BLOB NOT NULL, boot BLOB NOT NULL,"
           " pages_safe INTEGER NOT NULL, note BLOB NOT NULL) STRICT;"
           "CREATE TABLE kept(path TEXT PRIMARY KEY, data BLOB NOT NULL) STRICT, WITHOUT ROWID;"
           "CREATE TABLE entries(idx INTEGER PRIMARY KEY, type INTEGER NOT NULL,"
           " ordinal INTEGER NOT NULL, withdrawn_by INTEGER, line BLOB NOT NULL, ref INTEGER,"
           " opened_by INTEGER, corrected_by INTEGER, purged_by INTEGER) STRICT;"
           "CREATE TABLE files(idx INTEGER NOT NULL, path TEXT NOT NULL,"
           " PRIMARY KEY(idx, path)) STRICT, WITHOUT ROWID;"
           "CREATE TABLE pending(seq INTEGER PRIMARY KEY, staged TEXT, path TEXT NOT NULL,"
           " data BLOB, op INTEGER NOT NULL DEFAULT 0) STRICT;"
           "CREATE TABLE marks(seq INTEGER PRIMARY KEY, time INTEGER NOT NULL,"
           " what TEXT NOT NULL) STRICT;" SCHEMA_2,
    .upgrades = upgrades,
    .upgrade_count = COUNT_OF(upgrades)};

void channel_state_init(struct channel_state *state)
{
    *state = (struct channel_state){0};
    bytes_init(&state->note, LIMIT_NOTE_BYTES);
}

void channel_state_release(struct channel_state *state)
{
    bytes_release(&state->note);
    *state = (struct channel_state){0};
}

static bool fixed(struct slice from, uint8_t *out, size_t len)
{
    if (from.len != len)
        return false;
    memcpy(out, from.ptr, len);
    return true;
}

static bool short_text(struct slice from, char *out, size_t size)
{
    if (from.len >= size)
        return false;
    if (from.len)
        memcpy(out, from.ptr, from.len);
    out[from.len] = '\0';
    return true;
}

int channel_state_load(struct store *store, struct channel_state *state, struct why *why)
{
    struct store_query *row;
    bool good;
    int rc = store_query(store,
                         "SELECT size,root,prev_size,prev_root,stamp,published,dispatches,"
                         "pages_size,pages_version,boot,pages_safe,note FROM state",
                         &row, why);

    if (rc != SH_OK)
        return rc;
    rc = store_step(row, why);
    if (rc == STORE_ROW) {
        state->size = store_int(row, 0);
        state->prev_size = store_int(row, 2);
        state->stamp = store_int(row, 4);
        state->published = store_int(row, 5);
        state->dispatches = store_int(row, 6);
        state->pages_size = store_int(row, 7);
        state->pages_safe = store_int(row, 10);
        good = fixed(store_blob(row, 1), state->root, sizeof(state->root)) &&
               fixed(store_blob(row, 3), state->prev_root, sizeof(state->prev_root)) &&
               short_text(store_blob(row, 8), state->pages_version,
                          sizeof(state->pages_version)) &&
               short_text(store_blob(row, 9), state->boot, sizeof(state->boot)) &&
               state->size <= LIMIT_LOG_SIZE && state->prev_size <= state->size;
        bytes_clear(&state->note);
        bytes_slice(&state->note, store_blob(row, 11));
        rc = good ? bytes_check(&state->note, why) : STORE_END;
        if (good && rc == SH_OK) {
            store_done(row);
            return SH_OK;
        }
    }
    store_done(row);
    if (rc < 0)
        return rc;
    return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                   CHANNEL_DB ": no usable state in it; move it away and run `stillhere "
                              "rebuild`");
}

int channel_state_save(struct store *store, const struct channel_state *state, struct why *why)
{
    struct store_query *row;
    int rc = store_query(store,
                         "INSERT OR REPLACE INTO state(one,size,root,prev_size,prev_root,stamp,"
                         "published,dispatches,pages_size,pages_version,boot,pages_safe,note)"
                         " VALUES(1,?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
                         &row, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(row, 1, state->size);
    store_bind_blob(row, 2, slice_of(state->root, sizeof(state->root)));
    store_bind_int(row, 3, state->prev_size);
    store_bind_blob(row, 4, slice_of(state->prev_root, sizeof(state->prev_root)));
    store_bind_int(row, 5, state->stamp);
    store_bind_int(row, 6, state->published);
    store_bind_int(row, 7, state->dispatches);
    store_bind_int(row, 8, state->pages_size);
    store_bind_blob(row, 9, slice_text(state->pages_version));
    store_bind_blob(row, 10, slice_text(state->boot));
    store_bind_int(row, 11, state->pages_safe);
    store_bind_blob(row, 12, bytes_view(&state->note));
    return store_run(row, why);
}

int channel_kept_put(struct store *store, const char *path, struct slice data, struct why *why)
{
    struct store_query *row;
    int rc = store_query(store, "INSERT OR REPLACE INTO kept VALUES(?1,?2)", &row, why);

    if (rc != SH_OK)
        return rc;
    store_bind_text(row, 1, path);
    store_bind_blob(row, 2, data);
    return store_run(row, why);
}

int channel_kept_get(struct store *store, const char *path, struct bytes *out, struct why *why)
{
    struct store_query *row;
    int rc = store_query(store, "SELECT data FROM kept WHERE path=?1", &row, why);

    if (rc != SH_OK)
        return rc;
    store_bind_text(row, 1, path);
    rc = store_step(row, why);
    bytes_clear(out);
    if (rc == STORE_ROW)
        bytes_slice(out, store_blob(row, 0));
    store_done(row);
    if (rc < 0)
        return rc;
    if (rc == STORE_END)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, CHANNEL_DB ": %s is not kept in it",
                       path);
    return bytes_check(out, why);
}

static uint64_t index_or_none(struct store_query *query, int column)
{
    return store_is_null(query, column) ? CHANNEL_NONE : store_int(query, column);
}

int channel_row_get(struct store *store, uint64_t index, struct channel_row *row,
                    struct why *why)
{
    struct store_query *query;
    struct slice line;
    int rc = store_query(store,
                         "SELECT type,ordinal,withdrawn_by,line,ref,opened_by,corrected_by,"
                         "purged_by FROM entries WHERE idx=?1",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    if (index > LIMIT_LOG_SIZE)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "the log has no entry %ju",
                       (uintmax_t)index);
    store_bind_int(query, 1, index);
    rc = store_step(query, why);
    if (rc == STORE_ROW) {
        line = store_blob(query, 3);
        row->index = index;
        row->type = (enum entry_type)store_int(query, 0);
        row->ordinal = store_int(query, 1);
        row->withdrawn_by = index_or_none(query, 2);
        row->ref = index_or_none(query, 4);
        row->opened_by = index_or_none(query, 5);
        row->corrected_by = index_or_none(query, 6);
        row->purged_by = index_or_none(query, 7);
        row->line_len = line.len;
        if (short_text(line, row->line, sizeof(row->line)))
            rc = SH_OK;
        else
            rc = why_set(why, SH_EFORMAT, WHY_NOWHERE, CHANNEL_DB ": entry %ju is damaged",
                         (uintmax_t)index);
    } else if (rc == STORE_END) {
        rc = why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "the log has no entry %ju",
                     (uintmax_t)index);
    }
    store_done(query);
    return rc;
}

int channel_row_put(struct store *store, const struct channel_row *row, struct why *why)
{
    struct store_query *query;
    int rc = store_query(
        store, "INSERT INTO entries(idx,type,ordinal,line,ref) VALUES(?1,?2,?3,?4,?5)", &query,
        why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, row->index);
    store_bind_int(query, 2, row->type);
    store_bind_int(query, 3, row->ordinal);
    store_bind_blob(query, 4, slice_of(row->line, row->line_len));
    if (row->ref != CHANNEL_NONE)
        store_bind_int(query, 5, row->ref);
    return store_run(query, why);
}

/* One statement with an index and the entry that did it. */
static int row_mark(struct store *store, const char *sql, const uint64_t at[2], struct why *why)
{
    struct store_query *query;
    int rc = store_query(store, sql, &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, at[0]);
    store_bind_int(query, 2, at[1]);
    return store_run(query, why);
}

/* Nothing waits for it any more. */
static int unseal(struct store *store, uint64_t index, struct why *why)
{
    struct store_query *query;
    int rc = store_query(store, "DELETE FROM sealed WHERE idx=?1", &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, index);
    return store_run(query, why);
}

int channel_row_withdraw(struct store *store, uint64_t index, uint64_t by, struct why *why)
{
    const uint64_t at[2] = {index, by};
    int rc = row_mark(store,
                      "UPDATE entries SET withdrawn_by=?2 WHERE idx=?1 AND"
                      " withdrawn_by IS NULL",
                      at, why);

    if (rc == SH_OK)
        rc = unseal(store, index, why);
    /* What corrects it goes with it. */
    return rc == SH_OK ? row_mark(store,
                                  "UPDATE entries SET withdrawn_by=?2 WHERE ref=?1 AND"
                                  " type=" CHANNEL_TYPE_CORRECT " AND withdrawn_by IS NULL",
                                  at, why)
                       : rc;
}

int channel_row_purge(struct store *store, uint64_t index, uint64_t by, struct why *why)
{
    const uint64_t at[2] = {index, by};
    int rc = channel_row_withdraw(store, index, by, why);

    return rc == SH_OK ? row_mark(store,
                                  "UPDATE entries SET purged_by=?2 WHERE (idx=?1 OR (ref=?1 AND"
                                  " type=" CHANNEL_TYPE_CORRECT ")) AND purged_by IS NULL",
                                  at, why)
                       : rc;
}

int channel_row_open(struct store *store, uint64_t index, uint64_t by, struct why *why)
{
    const uint64_t at[2] = {index, by};
    int rc = row_mark(
        store, "UPDATE entries SET opened_by=?2 WHERE idx=?1 AND opened_by IS NULL", at, why);

    return rc == SH_OK ? unseal(store, index, why) : rc;
}

int channel_row_correct(struct store *store, uint64_t index, uint64_t by, struct why *why)
{
    const uint64_t at[2] = {index, by};

    return row_mark(store, "UPDATE entries SET corrected_by=?2 WHERE idx=?1", at, why);
}

int channel_row_seal(struct store *store, uint64_t index, uint64_t publish_at, struct why *why)
{
    const uint64_t at[2] = {index, publish_at};

    return row_mark(store, "INSERT OR REPLACE INTO sealed(idx,publish_at) VALUES(?1,?2)", at,
                    why);
}

static int file_put(struct store *store, uint64_t index, const char *path, struct why *why)
{
    struct store_query *query;
    int rc = store_query(store, "INSERT OR IGNORE INTO files VALUES(?1,?2)", &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, index);
    store_bind_text(query, 2, path);
    return store_run(query, why);
}

int channel_files_put(struct store *store, uint64_t index, const struct document *doc,
                      struct why *why)
{
    char path[TREE_PATH_BYTES];
    int rc = SH_OK;

    for (size_t i = 0; i < doc->blob_count && rc == SH_OK; i++) {
        /* A type without a path cannot have a file either. */
        if (tree_blob_path(doc->blobs[i].sha256, doc->blobs[i].mime, path, NULL) == SH_OK)
            rc = file_put(store, index, path, why);
    }
    if (rc == SH_OK && doc->has_orig) {
        original_path(doc->dispatch, path);
        rc = file_put(store, index, path, why);
    }
    return rc;
}
