/* SQLite, thinly: see store.h. */
#include "store/store.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/io.h"

#define STATEMENTS 64
#define PATH_BYTES 4096

struct store_query {
    struct store *store;
    sqlite3_stmt *stmt;
    const char *sql;
    int failed; /* first failing bind */
};

struct store {
    sqlite3 *db;
    char path[PATH_BYTES];
    struct store_query query[STATEMENTS];
    size_t queries;
    bool lazy; /* synchronous is lowered, for the transaction that runs or ran last */
};

static enum sh_err code_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return SH_ECONFLICT;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return SH_EFORMAT;
    case SQLITE_NOMEM:
        return SH_ENOMEM;
    case SQLITE_TOOBIG:
        return SH_ELIMIT;
    default:
        return SH_EIO;
    }
}

static int fail(struct store *store, int rc, struct why *why)
{
    enum sh_err code = code_of(rc);
    const char *advice =
        code == SH_EFORMAT ? "; the file is damaged: move it away and run `stillhere rebuild`"
        : (rc & 0xff) == SQLITE_FULL     ? "; the disk is full: make room and try again"
        : (rc & 0xff) == SQLITE_CANTOPEN ? "; may its folder be written? a path of more than "
                                           "500 bytes is too long for SQLite"
                                         : "";
    const char *name = strrchr(store->path, '/');

    return why_set(why, code, WHY_NOWHERE, "%s: %s (SQLite %d)%s",
                   name ? name + 1 : store->path, sqlite3_errmsg(store->db), rc, advice);
}

int store_exec(struct store *store, const char *sql, struct why *why)
{
    int rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? SH_OK : fail(store, rc, why);
}

/* ---- opening ---- */

static int schema_version(struct store *store, uint64_t *version, struct why *why)
{
    return store_number(store, "PRAGMA user_version", version, why);
}

static int schema_make(struct store *store, const struct store_schema *schema, struct why *why)
{
    char pragma[64];
    int rc;

    (void)snprintf(pragma, sizeof(pragma), "PRAGMA user_version=%u", schema->version);
    rc = store_begin(store, STORE_DURABLE, why);
    if (rc == SH_OK)
        rc = store_exec(store, schema->sql, why);
    if (rc == SH_OK)
        rc = store_exec(store, pragma, why);
    return rc == SH_OK ? store_commit(store, why) : rc;
}

static const struct store_upgrade *upgrade_from(const struct store_schema *schema,
                                                uint64_t version)
{
    for (size_t i = 0; i < schema->upgrade_count; i++)
        if (schema->upgrades[i].from == version)
            return &schema->upgrades[i];
    return NULL;
}

/* Step by step to schema's version, inside of a transaction that is open. */
static int upgrade_steps(struct store *store, const struct store_schema *schema,
                         struct why *why)
{
    const struct store_upgrade *step;
    char pragma[64];
    uint64_t version = 0;
    int rc = schema_version(store, &version, why);

    /* Another process may have done it while this one waited. */
    for (; rc == SH_OK && version < schema->version; version++) {
        step = upgrade_from(schema, version);
        if (!step)
            return why_set(
                why, SH_EFORMAT, WHY_NOWHERE,
                "%s: schema %ju, expected %u; move it away and run `stillhere rebuild`",
                store->path, (uintmax_t)version, schema->version);
        rc = store_exec(store, step->sql, why);
    }
    (void)snprintf(pragma, sizeof(pragma), "PRAGMA user_version=%u", schema->version);
    return rc == SH_OK ? store_exec(store, pragma, why) : rc;
}

static int upgrade(struct store *store, const struct store_schema *schema, struct why *why)
{
    int rc = store_begin(store, STORE_DURABLE, why);

    if (rc == SH_OK)
        rc = upgrade_steps(store, schema, why);
    if (rc == SH_OK)
        rc = store_commit(store, why);
    if (rc != SH_OK)
        store_end(store);
    return rc;
}

static int copy_pages(struct store *from, sqlite3 *to, struct why *why);
static void statements_drop(struct store *store);

/* Reading never writes: the upgraded database is a copy in memory. */
static int upgrade_copy(struct store *store, const struct store_schema *schema, struct why *why)
{
    sqlite3 *copy = NULL;
    int rc = SH_OK;

    if (sqlite3_open_v2(":memory:", &copy,
                        SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY,
                        NULL) != SQLITE_OK)
        rc = why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    if (rc == SH_OK)
        rc = copy_pages(store, copy, why);
    if (rc != SH_OK) {
        (void)sqlite3_close(copy); /* Nothing is running on it. */
        return rc;
    }
    statements_drop(store);
    (void)sqlite3_close(store->db); /* Nothing is running on it. */
    store->db = copy;
    return upgrade(store, schema, why);
}

static int schema_check(struct store *store, enum store_mode mode,
                        const struct store_schema *schema, struct why *why)
{
    uint64_t version = 0;
    int rc = schema_version(store, &version, why);

    if (rc != SH_OK)
        return rc;
    if (version > schema->version)
        return why_set(why, SH_EUNSUPPORTED, WHY_NOWHERE,
                       "%s: schema %ju, this program knows up to %u; it was written by a newer "
                       "stillhere: use that one",
                       store->path, (uintmax_t)version, schema->version);
    if (version == schema->version)
        return SH_OK;
    return mode == STORE_READ ? upgrade_copy(store, schema, why) : upgrade(store, schema, why);
}

/* Closing must cost no fsync; a log that grew is folded in by a commit instead. */
static int settings(struct store *store, enum store_mode mode, enum store_log log,
                    struct why *why)
{
    char fold[64];
    int rc;

    (void)sqlite3_extended_result_codes(store->db, 1); /* Always SQLITE_OK. */
    (void)sqlite3_busy_timeout(store->db, LIMIT_DB_WAIT_MS);
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (mode == STORE_READ)
        return SH_OK;
    (void)snprintf(fold, sizeof(fold), "PRAGMA wal_autocheckpoint=%d", LIMIT_WAL_PAGES);
    /* What is deleted is gone. */
    rc = store_exec(store, "PRAGMA secure_delete=ON", why);
    if (rc == SH_OK)
        rc = store_exec(
            store, log == STORE_WAL ? "PRAGMA journal_mode=WAL" : "PRAGMA journal_mode=PERSIST",
            log == STORE_WAL ? why : NULL);
    /* One that was made with WAL keeps it for as long as somebody else has it open. */
    if (rc != SH_OK && log == STORE_JOURNAL)
        rc = SH_OK;
    if (rc == SH_OK)
        rc = store_exec(store, "PRAGMA synchronous=FULL", why);
    return rc == SH_OK ? store_exec(store, fold, why) : rc;
}

/* The file, made with mode 0600: SQLite gives its companions the same. */
static int make_file(const char *path, struct why *why)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "%s: cannot be made", path);
    io_close(&fd);
    return SH_OK;
}

static int open_db(struct store *store, enum store_mode mode, enum store_log log,
                   struct why *why)
{
    int flags = SQLITE_OPEN_NOMUTEX |
                (mode == STORE_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
    int rc = sqlite3_open_v2(store->path, &store->db, flags, NULL);

    if (!store->db)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    if (rc != SQLITE_OK)
        return fail(store, rc, why);
    if (mode != STORE_READ && sqlite3_db_readonly(store->db, "main") == 1)
        return why_set(why, SH_EIO, WHY_NOWHERE,
                       "%s: cannot be written; is the disk read-only, or the file another "
                       "person's?",
                       store->path);
    return settings(store, mode, log, why);
}

/*
 * A read-only disk: SQLite reads a WAL database there when its log and index lie beside it.
 * When they do not, nothing is in the log, and the file alone is the whole truth.
 */
static int open_immutable(struct store *store, struct why *why)
{
    char uri[3 * PATH_BYTES];
    size_t len = 0;
    static const char digits[] = "0123456789abcdef";
    int rc;

    memcpy(uri, "file:", 5);
    len = 5;
    for (const char *at = store->path; *at; at++) {
        uint8_t c = (uint8_t)*at;

        if (len + 32 > sizeof(uri))
            return why_set(why, SH_ELIMIT, WHY_NOWHERE, "%.80s...: path too long", store->path);
        if (c > 0x20 && c < 0x7f && !strchr("%?#", c)) {
            uri[len++] = (char)c;
        } else {
            uri[len++] = '%';
            uri[len++] = digits[c >> 4];
            uri[len++] = digits[c & 15];
        }
    }
    memcpy(uri + len, "?immutable=1", 13);
    (void)sqlite3_close(store->db); /* Nothing is running on it. */
    store->db = NULL;
    store->queries = 0;
    rc = sqlite3_open_v2(uri, &store->db,
                         SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
    if (!store->db)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    return rc == SQLITE_OK ? settings(store, STORE_READ, STORE_WAL, why) : fail(store, rc, why);
}

static void statements_drop(struct store *store)
{
    for (size_t i = 0; i < store->queries; i++)
        (void)sqlite3_finalize(store->query[i].stmt); /* Repeats an error already reported. */
    store->queries = 0;
}

static bool log_is_empty(const char *path)
{
    char name[PATH_BYTES + 8];
    struct stat st;

    (void)snprintf(name, sizeof(name), "%s-wal", path);
    return stat(name, &st) != 0 || st.st_size == 0;
}

static int open_checked(struct store *store, enum store_mode mode,
                        const struct store_schema *schema, struct why *why)
{
    struct why first = {0};
    int rc = open_db(store, mode, schema->log, &first);

    if (rc == SH_OK)
        rc = mode == STORE_CREATE ? schema_make(store, schema, &first)
                                  : schema_check(store, mode, schema, &first);
    if (rc == SH_EIO && mode == STORE_READ && log_is_empty(store->path)) {
        statements_drop(store);
        first = (struct why){0};
        rc = open_immutable(store, &first);
        if (rc == SH_OK)
            rc = schema_check(store, mode, schema, &first);
    }
    if (rc == SH_OK)
        return SH_OK;
    if (rc == SH_EIO && mode == STORE_READ)
        return why_set(why, rc, WHY_NOWHERE,
                       "%.200s; on a read-only disk copy the whole folder to one that can be "
                       "written, and look there",
                       first.text);
    return why_set(why, first.code, first.offset, "%s", first.text);
}

int store_open(const char *path, enum store_mode mode, const struct store_schema *schema,
               struct store **out, struct why *why)
{
    static const struct store empty;
    struct bytes memory;
    struct store *store;
    int rc = SH_OK;

    if (strlen(path) >= PATH_BYTES)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "%.80s...: path too long", path);
    if (mode != STORE_CREATE && access(path, F_OK) != 0)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "%s: not there", path);
    bytes_init(&memory, sizeof(*store));
    bytes_append(&memory, &empty, sizeof(empty));
    rc = bytes_check(&memory, why);
    if (rc != SH_OK)
        return rc;
    store = (struct store *)(void *)memory.ptr;
    memcpy(store->path, path, strlen(path) + 1);
    if (mode == STORE_CREATE)
        rc = make_file(path, why);
    if (rc == SH_OK)
        rc = open_checked(store, mode, schema, why);
    if (rc != SH_OK) {
        store_close(store);
        return rc;
    }
    *out = store;
    return SH_OK;
}

void store_close(struct store *store)
{
    struct bytes memory = {.ptr = (uint8_t *)store};

    if (!store)
        return;
    statements_drop(store);
    (void)sqlite3_close(store->db); /* NULL is fine; all statements are gone. */
    bytes_release(&memory);
}

int store_fold(struct store *store, struct why *why)
{
    int rc = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

    return rc == SQLITE_OK ? SH_OK : fail(store, rc, why);
}

/* ---- statements ---- */

int store_query(struct store *store, const char *sql, struct store_query **out, struct why *why)
{
    struct store_query *query;
    int rc;

    for (size_t i = 0; i < store->queries; i++) {
        if (store->query[i].sql == sql) {
            *out = &store->query[i];
            (*out)->failed = SQLITE_OK;
            return SH_OK;
        }
    }
    if (store->queries == STATEMENTS)
        bug("store: more kinds of statements than STATEMENTS");
    query = &store->query[store->queries];
    *query = (struct store_query){.store = store, .sql = sql};
    rc = sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &query->stmt, NULL);
    if (rc != SQLITE_OK)
        return fail(store, rc, why);
    store->queries++;
    *out = query;
    return SH_OK;
}

static void bound(struct store_query *query, int rc)
{
    if (rc != SQLITE_OK && query->failed == SQLITE_OK)
        query->failed = rc;
}

void store_bind_int(struct store_query *query, int at, uint64_t value)
{
    if (value > INT64_MAX)
        bug("store: integer beyond 2^63-1");
    bound(query, sqlite3_bind_int64(query->stmt, at, (sqlite3_int64)value));
}

void store_bind_blob(struct store_query *query, int at, struct slice value)
{
    bound(query, sqlite3_bind_blob64(query->stmt, at, value.len ? (const void *)value.ptr : "",
                                     value.len, SQLITE_STATIC));
}

void store_bind_text(struct store_query *query, int at, const char *value)
{
    bound(query, sqlite3_bind_text(query->stmt, at, value, -1, SQLITE_STATIC));
}

int store_step(struct store_query *query, struct why *why)
{
    int rc = query->failed != SQLITE_OK ? query->failed : sqlite3_step(query->stmt);

    if (rc == SQLITE_ROW)
        return STORE_ROW;
    return rc == SQLITE_DONE ? STORE_END : fail(query->store, rc, why);
}

uint64_t store_int(struct store_query *query, int column)
{
    sqlite3_int64 value = sqlite3_column_int64(query->stmt, column);

    return value > 0 ? (uint64_t)value : 0;
}

struct slice store_blob(struct store_query *query, int column)
{
    const void *ptr = sqlite3_column_blob(query->stmt, column);

    return slice_of(ptr, ptr ? (size_t)sqlite3_column_bytes(query->stmt, column) : 0);
}

bool store_is_null(struct store_query *query, int column)
{
    return sqlite3_column_type(query->stmt, column) == SQLITE_NULL;
}

void store_done(struct store_query *query)
{
    (void)sqlite3_reset(query->stmt);          /* Repeats an error already reported. */
    (void)sqlite3_clear_bindings(query->stmt); /* Always SQLITE_OK. */
    query->failed = SQLITE_OK;
}

int store_run(struct store_query *query, struct why *why)
{
    int rc = store_step(query, why);

    store_done(query);
    if (rc == STORE_ROW)
        bug("store_run: the statement gave a row");
    return rc;
}

int store_number(struct store *store, const char *sql, uint64_t *out, struct why *why)
{
    struct store_query *query;
    int rc = store_query(store, sql, &query, why);

    if (rc != SH_OK)
        return rc;
    rc = store_step(query, why);
    if (rc == STORE_ROW)
        *out = store_int(query, 0);
    store_done(query);
    return rc < 0 ? rc : SH_OK;
}

/* ---- transactions ---- */

static int run_literal(struct store *store, const char *sql, struct why *why)
{
    struct store_query *query;
    int rc = store_query(store, sql, &query, why);

    return rc == SH_OK ? store_run(query, why) : rc;
}

int store_begin_read(struct store *store, struct why *why)
{
    uint64_t version;
    int rc = run_literal(store, "BEGIN", why);

    /* The view starts with the first read. */
    return rc == SH_OK ? schema_version(store, &version, why) : rc;
}

void store_end(struct store *store)
{
    /* After an error it may be undone already; closing undoes what is left. */
    if (store->db && !sqlite3_get_autocommit(store->db))
        (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

/* Back to durable commits after a lazy one; tried again by store_begin when it fails. */
static int sync_again(struct store *store, struct why *why)
{
    int rc = store->lazy ? store_exec(store, "PRAGMA synchronous=FULL", why) : SH_OK;

    if (rc == SH_OK)
        store->lazy = false;
    return rc;
}

int store_begin(struct store *store, enum store_sync sync, struct why *why)
{
    int rc;

    store_end(store);
    rc = sync_again(store, why);

    if (rc == SH_OK && sync == STORE_LAZY) {
        rc = store_exec(store, "PRAGMA synchronous=NORMAL", why);
        store->lazy = rc == SH_OK;
    }
    if (rc == SH_OK)
        rc = run_literal(store, "BEGIN IMMEDIATE", why);
    return rc;
}

int store_commit(struct store *store, struct why *why)
{
    int rc = run_literal(store, "COMMIT", why);

    if (rc != SH_OK)
        store_end(store);
    return rc;
}

/* ---- copies ---- */

static int copy_pages(struct store *from, sqlite3 *to, struct why *why)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from->db, "main");
    int rc;

    if (!backup)
        return why_set(why, SH_EIO, WHY_NOWHERE, "copy of the database: %s",
                       sqlite3_errmsg(to));
    (void)sqlite3_backup_step(backup, -1); /* sqlite3_backup_finish tells its error. */
    rc = sqlite3_backup_finish(backup);
    /* The header came along; it says that there is a log. */
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(to, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
    return rc == SQLITE_OK ? SH_OK
                           : why_set(why, code_of(rc), WHY_NOWHERE, "copy of the database: %s",
                                     sqlite3_errmsg(to));
}

int store_copy(struct store *store, const char *path, struct why *why)
{
    sqlite3 *to = NULL;
    int rc = make_file(path, why);

    if (rc != SH_OK)
        return rc;
    if (sqlite3_open_v2(path, &to, SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE, NULL) ==
        SQLITE_OK)
        rc = copy_pages(store, to, why);
    else
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "%s: cannot be opened", path);
    (void)sqlite3_close(to); /* Nothing is running on it. */
    return rc;
}
