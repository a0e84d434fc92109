/*
 * store -- SQLite, thinly: open safely, prepared statements, transactions that are durable.
 *
 * Spec:    SQLite 3.40; WAL or a rollback journal, with synchronous=FULL: a commit that
 *          returned is on the disk.
 * Shapes:  integers 0..2^63-1; blobs and texts borrowed.
 * Memory:  store_open gives a handle for store_close; blobs of a row live until the next step.
 * Errors:  SH_EIO (disk), SH_ECONFLICT (busy), SH_EFORMAT (not a database, or a damaged one),
 *          SH_EUNSUPPORTED (written by a newer program), SH_ENOTFOUND (no file).
 * Threads: one handle per thread.  A forked child must not touch a handle of its parent.
 *
 * Example: store_query(store, "SELECT line FROM entries WHERE idx=?1", &query, why), then
 * store_bind_int(query, 1, 7), store_step(query, why) == STORE_ROW, store_blob(query, 0),
 * store_done(query).
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/base.h"

struct store;
struct store_query;

enum store_mode {
    STORE_CREATE, /* make it; an existing file is an error */
    STORE_WRITE,
    STORE_READ /* never writes, works on a read-only disk */
};
struct store_upgrade {
    unsigned from;   /* the version that these statements start from; they end at from + 1 */
    const char *sql; /* adds to tables, never takes away */
};
enum store_log {
    STORE_WAL,
    /*
     * A journal that stays beside the file and is written over.  For what must be written on a
     * full disk: WAL needs a file of shared memory, made anew by who comes first, and a page
     * of it that gets no block ends the process by SIGBUS.
     */
    STORE_JOURNAL
};
struct store_schema {
    unsigned version;                     /* >= 1; kept in user_version */
    const char *sql;                      /* statements that make the tables */
    const struct store_upgrade *upgrades; /* from older versions, ascending; may be NULL */
    size_t upgrade_count;
    enum store_log log;
};
/*
 * A database of an older version is upgraded in one transaction; one that is opened for reading
 * is left as it is, and a copy of it in memory is upgraded.
 */
MUST_CHECK int store_open(const char *path, enum store_mode mode,
                          const struct store_schema *schema, struct store **out,
                          struct why *why);
/* NULL is fine.  A log that grew is folded in by commits, not here: closing costs nothing. */
void store_close(struct store *store);
/* Fold the log into the file, so that it is a single file after store_close. */
MUST_CHECK int store_fold(struct store *store, struct why *why);

/* Statements without results. */
MUST_CHECK int store_exec(struct store *store, const char *sql, struct why *why);

/* A prepared statement, ready to bind; kept for the next call with the same sql (by address:
 * pass string literals).  One use of a statement at a time; store_done ends it. */
MUST_CHECK int store_query(struct store *store, const char *sql, struct store_query **out,
                           struct why *why);
/* Parameters count from 1.  A failing bind shows in the next step. */
void store_bind_int(struct store_query *query, int at, uint64_t value);
void store_bind_blob(struct store_query *query, int at, struct slice value);
void store_bind_text(struct store_query *query, int at, const char *value);
enum { STORE_END = 0, STORE_ROW = 1 };
/* STORE_ROW, STORE_END, or a negative error. */
MUST_CHECK int store_step(struct store_query *query, struct why *why);
/* Columns count from 0. */
uint64_t store_int(struct store_query *query, int column);
struct slice store_blob(struct store_query *query, int column);
bool store_is_null(struct store_query *query, int column);
void store_done(struct store_query *query);
/* Step once, expect no row, and end the statement. */
MUST_CHECK int store_run(struct store_query *query, struct why *why);

/* The one number that sql (a literal) gives; *out stays as it is when it gives none. */
MUST_CHECK int store_number(struct store *store, const char *sql, uint64_t *out,
                            struct why *why);

/* A view that stays the same until store_end, whatever others write. */
MUST_CHECK int store_begin_read(struct store *store, struct why *why);
enum store_sync { STORE_DURABLE, STORE_LAZY /* may be lost by a power cut, never torn */ };
/* Waits for another writer; ends a read view. */
MUST_CHECK int store_begin(struct store *store, enum store_sync sync, struct why *why);
/*
 * SH_OK: it is on the disk (or lazily on its way).  An error: whether it stands shows when the
 * database is opened again; this handle must not be used further.
 */
MUST_CHECK int store_commit(struct store *store, struct why *why);
/* Undo, or end a read view.  Nothing open is fine. */
void store_end(struct store *store);

/* A copy of the database as this handle sees it now, a single file at path (made, 0600). */
MUST_CHECK int store_copy(struct store *store, const char *path, struct why *why);

#endif
