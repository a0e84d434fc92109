/* The book: what a watch knows must outlive its process, so it is in one SQLite file. */
#include "watch/watch_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypt/crypt.h"
#include "io/io.h"

#define NEW_DB "watch.db.new"
/* Not a cap: what a few hundred messages with their ledger take; pages of 4096 bytes. */
#define RESERVE_PAGES 256

const struct store_schema watch_schema = {
    .version = 2,
    .sql =
        /* One row: what belongs to the whole watch. */
    "CREATE TABLE about(one INTEGER PRIMARY KEY CHECK(one=1), secret BLOB NOT NULL,"
    " round_at INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '',"
    " error_at INTEGER NOT NULL DEFAULT 0, red INTEGER NOT NULL DEFAULT 0);"
    /* A channel that is watched; '' as long as none of its copies was ever read. */
    "CREATE TABLE channels(id TEXT PRIMARY KEY, name TEXT NOT NULL, alarm BLOB NOT NULL,"
    " word BLOB, word_index INTEGER NOT NULL DEFAULT 0,"
    /* By the newest start; what is not watched now is kept for the day on which it is again. */
    " watched INTEGER NOT NULL DEFAULT 1) WITHOUT ROWID;"
    /* A copy.  The validators are those of a body that was judged. */
    "CREATE TABLE sources(what TEXT PRIMARY KEY, channel TEXT NOT NULL, follow BLOB, note BLOB,"
    " checkpoint_etag TEXT NOT NULL DEFAULT '',"
    " checkpoint_modified TEXT NOT NULL DEFAULT '', checkpoint_hash BLOB,"
    " identity_etag TEXT NOT NULL DEFAULT '',"
    " identity_modified TEXT NOT NULL DEFAULT '', identity_hash BLOB,"
    " heard_at INTEGER NOT NULL DEFAULT 0, odds INTEGER NOT NULL DEFAULT 0,"
    " text TEXT NOT NULL DEFAULT '', text_at INTEGER NOT NULL DEFAULT 0,"
    " watched INTEGER NOT NULL DEFAULT 1) WITHOUT ROWID;"
    /* Which bit of an alarm's masks is whose. */
    "CREATE TABLE contacts(name TEXT PRIMARY KEY, slot INTEGER NOT NULL UNIQUE)"
    " WITHOUT ROWID;"
    "CREATE TABLE episodes(channel TEXT NOT NULL, number INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, since INTEGER NOT NULL, opened_at INTEGER NOT NULL,"
    " closed_at INTEGER NOT NULL DEFAULT 0, acked_at INTEGER NOT NULL DEFAULT 0,"
    " acked_by TEXT NOT NULL DEFAULT '', how TEXT NOT NULL DEFAULT '',"
    " PRIMARY KEY(channel, number)) WITHOUT ROWID;"
    /* By hash: how long a look-up takes says nothing about a code. */
    "CREATE TABLE codes(hash BLOB PRIMARY KEY, channel TEXT NOT NULL,"
    " number INTEGER NOT NULL, contact TEXT NOT NULL, lang INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE queue(id INTEGER PRIMARY KEY AUTOINCREMENT, message TEXT NOT NULL UNIQUE,"
    " contact TEXT NOT NULL, channel TEXT NOT NULL, number INTEGER NOT NULL,"
    " what INTEGER NOT NULL, subject BLOB NOT NULL, body BLOB NOT NULL,"
    " created INTEGER NOT NULL, next_try INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL DEFAULT 0, state INTEGER NOT NULL DEFAULT 0,"
    " state_at INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX queue_due ON queue(state, next_try);"
    "CREATE TABLE attempts(id INTEGER PRIMARY KEY AUTOINCREMENT, message TEXT NOT NULL,"
    " at INTEGER NOT NULL, contact TEXT NOT NULL, way INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, what INTEGER NOT NULL, outcome INTEGER NOT NULL,"
    " status INTEGER NOT NULL, text TEXT NOT NULL);"
    "CREATE INDEX attempts_of ON attempts(contact, way, id);"
    "CREATE TABLE reserve(one INTEGER PRIMARY KEY, filler BLOB);"};

void watch_text(char *out, size_t size, struct slice text)
{
    size_t len = text.len < size ? text.len : size - 1;

    while (len > 0 && len < text.len && (text.ptr[len] & 0xc0) == 0x80)
        len--;
    if (len)
        memcpy(out, text.ptr, len);
    out[len] = '\0';
}

/* ---- making it ---- */

static int open_folder(const char *path, int *dir, struct why *why)
{
    *dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*dir >= 0)
        return SH_OK;
    return why_set(why, errno == ENOENT ? SH_ENOTFOUND : SH_EIO, WHY_NOWHERE, "%.300s: %s",
                   path, strerror(errno));
}

static int make_folders(const char *path, struct why *why)
{
    char part[LIMIT_HOME_BYTES];
    size_t len = strlen(path);

    if (!len || len >= sizeof(part))
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "%.80s...: path too long", path);
    memcpy(part, path, len + 1);
    for (size_t i = 1; i <= len; i++) {
        if (part[i] != '/' && part[i] != '\0')
            continue;
        part[i] = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return why_set(why, SH_EIO, WHY_NOWHERE, "%.300s: cannot be made: %s", part,
                           strerror(errno));
        part[i] = i < len ? '/' : '\0';
    }
    return SH_OK;
}

static bool joined(char out[LIMIT_HOME_BYTES], const char *dir, const char *name)
{
    return snprintf(out, LIMIT_HOME_BYTES, "%s/%s", dir, name) < LIMIT_HOME_BYTES;
}

static int first_row(struct store *store, struct why *why)
{
    uint8_t secret[WATCH_SECRET_BYTES];
    struct store_query *query;
    int rc = store_query(store, "INSERT INTO about(one, secret) VALUES(1, ?1)", &query, why);

    if (rc != SH_OK)
        return rc;
    io_random(secret, sizeof(secret));
    store_bind_blob(query, 1, slice_of(secret, sizeof(secret)));
    rc = store_run(query, why);
    wipe(secret, sizeof(secret));
    return rc;
}

/* Complete under another name before it is the book: a killed start leaves no half one. */
static int make_db(const char *state_dir, int dir, struct why *why)
{
    static const char *const leftovers[] = {NEW_DB, NEW_DB "-wal", NEW_DB "-shm"};
    char path[LIMIT_HOME_BYTES];
    struct store *store = NULL;
    int rc;

    for (size_t i = 0; i < COUNT_OF(leftovers); i++)
        if (unlinkat(dir, leftovers[i], 0) != 0 && errno != ENOENT)
            return why_set(why, SH_EIO, WHY_NOWHERE, "%s: %s", leftovers[i], strerror(errno));
    if (!joined(path, state_dir, NEW_DB))
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "%.80s...: path too long", state_dir);
    rc = store_open(path, STORE_CREATE, &watch_schema, &store, why);
    if (rc == SH_OK)
        rc = first_row(store, why);
    if (rc == SH_OK)
        rc = store_fold(store, why);
    store_close(store);
    for (size_t i = 1; rc == SH_OK && i < COUNT_OF(leftovers); i++)
        (void)unlinkat(dir, leftovers[i], 0); /* Empty; without them nothing is missing. */
    if (rc == SH_OK && renameat(dir, NEW_DB, dir, WATCH_DB) != 0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, WATCH_DB ": %s", strerror(errno));
    return rc == SH_OK ? io_sync_parent(dir, WATCH_DB, why) : rc;
}

int watch_book_make(const char *state_dir, int *dir, struct why *why)
{
    int lock = -1;
    int rc = open_folder(state_dir, dir, NULL);

    if (rc == SH_ENOTFOUND) {
        rc = make_folders(state_dir, why);
        if (rc == SH_OK)
            rc = open_folder(state_dir, dir, why);
    } else if (rc != SH_OK) {
        rc = open_folder(state_dir, dir, why);
    }
    if (rc != SH_OK)
        return rc;
    if (!io_exists(*dir, WATCH_DB)) {
        rc = io_lock(*dir, "make.lock", LIMIT_LOOK_WAIT_S, &lock, why);
        if (rc == SH_OK && !io_exists(*dir, WATCH_DB))
            rc = make_db(state_dir, *dir, why);
        io_close(&lock);
    }
    if (rc != SH_OK)
        io_close(dir);
    return rc;
}

int watch_book_open(const char *state_dir, enum store_mode mode, struct store **out,
                    struct why *why)
{
    char path[LIMIT_HOME_BYTES];
    struct why cause = {0};
    int rc;

    if (!joined(path, state_dir, WATCH_DB))
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "%.80s...: path too long", state_dir);
    rc = store_open(path, mode, &watch_schema, out, &cause);
    if (rc == SH_OK)
        return SH_OK;
    if (rc == SH_ENOTFOUND)
        return why_set(why, rc, WHY_NOWHERE,
                       "%.200s: no watch has run with this state folder; name it with --state",
                       state_dir);
    if (rc == SH_EFORMAT)
        return why_set(why, rc, WHY_NOWHERE,
                       "%.200s: damaged, or of an older program; move it away and start the "
                       "watch again: it reads the copies anew",
                       path);
    return why_set(why, rc, cause.offset, "%s", cause.text);
}

/* ---- room for a day on which the disk is full ---- */

static int free_pages(struct store *store, uint64_t *count, struct why *why)
{
    struct store_query *query;
    int rc = store_query(store, "PRAGMA freelist_count", &query, why);

    if (rc != SH_OK)
        return rc;
    rc = store_step(query, why);
    if (rc == STORE_ROW)
        *count = store_int(query, 0);
    store_done(query);
    return rc < 0 ? rc : SH_OK;
}

/*
 * A large row that comes and goes leaves free pages in the file and a long log beside it: both
 * are written over later without asking the disk for room.
 */
int watch_book_reserve(struct store *store, struct why *why)
{
    uint64_t count = 0;
    int rc = free_pages(store, &count, why);

    if (rc != SH_OK || count >= RESERVE_PAGES)
        return rc;
    rc = store_begin(store, STORE_LAZY, why);
    if (rc == SH_OK)
        rc = store_exec(store,
                        "INSERT OR REPLACE INTO reserve(one, filler) VALUES(1,"
                        " zeroblob(2097152))",
                        why);
    if (rc == SH_OK)
        rc = store_commit(store, why);
    store_end(store);
    return rc == SH_OK ? store_exec(store, "DELETE FROM reserve", why) : rc;
}

/*
 * The last resort: a disk that can not be written at all, full or broken.  The watch goes on
 * with a copy in memory, so that people are told, and brings it back as soon as it can; after a
 * restart before that they may be told again, by the same message.
 */
int watch_book_lift(struct store *from, char folder[WATCH_LIFTED_BYTES], struct store **out,
                    struct why *why)
{
    char path[LIMIT_HOME_BYTES];
    int rc;

    (void)snprintf(folder, WATCH_LIFTED_BYTES, "/dev/shm/stillhere-XXXXXX");
    if (!mkdtemp(folder)) {
        folder[0] = '\0';
        return why_set(why, SH_EIO, WHY_NOWHERE, "/dev/shm: %s", strerror(errno));
    }
    if (!joined(path, folder, WATCH_DB))
        bug("watch: a path that is too long");
    rc = store_copy(from, path, why);
    if (rc == SH_OK)
        rc = store_open(path, STORE_WRITE, &watch_schema, out, why);
    if (rc != SH_OK)
        watch_book_drop(folder);
    return rc;
}

static int attach(struct store *store, const char *path, struct why *why)
{
    struct store_query *query;
    int rc = store_query(store, "ATTACH DATABASE ?1 AS lifted", &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_text(query, 1, path);
    return store_run(query, why);
}

/* Meanwhile only acknowledging can have changed the book on the disk: that is kept. */
static const char sql_return[] =
    "DELETE FROM main.about; INSERT INTO main.about SELECT * FROM lifted.about;"
    "DELETE FROM main.channels; INSERT INTO main.channels SELECT * FROM lifted.channels;"
    "DELETE FROM main.sources; INSERT INTO main.sources SELECT * FROM lifted.sources;"
    "DELETE FROM main.contacts; INSERT INTO main.contacts SELECT * FROM lifted.contacts;"
    "DELETE FROM main.codes; INSERT INTO main.codes SELECT * FROM lifted.codes;"
    "DELETE FROM main.queue; INSERT INTO main.queue SELECT * FROM lifted.queue;"
    "DELETE FROM main.attempts; INSERT INTO main.attempts SELECT * FROM lifted.attempts;"
    "INSERT INTO main.episodes SELECT * FROM lifted.episodes WHERE true"
    " ON CONFLICT(channel, number) DO UPDATE SET kind=excluded.kind, since=excluded.since,"
    " opened_at=excluded.opened_at, closed_at=excluded.closed_at;"
    "UPDATE main.queue SET state=2, state_at=created WHERE state=0 AND what<=2 AND"
    " (channel, number) IN (SELECT channel, number FROM main.episodes WHERE acked_at>0);";
_Static_assert(WATCH_STOPPED == 2 && TELL_DISAGREE == 2, "as the statement above has them");

int watch_book_return(const char *state_dir, const char *folder, struct store **out,
                      struct why *why)
{
    char path[LIMIT_HOME_BYTES];
    struct store *store = NULL;
    int rc = watch_book_open(state_dir, STORE_WRITE, &store, why);

    if (!joined(path, folder, WATCH_DB))
        bug("watch: a path that is too long");
    if (rc == SH_OK)
        rc = attach(store, path, why);
    if (rc == SH_OK)
        rc = store_begin(store, STORE_DURABLE, why);
    if (rc == SH_OK)
        rc = store_exec(store, sql_return, why);
    if (rc == SH_OK)
        rc = store_commit(store, why);
    if (rc == SH_OK)
        rc = store_exec(store, "DETACH DATABASE lifted", why);
    if (rc == SH_OK) {
        *out = store;
        return SH_OK;
    }
    store_close(store);
    return rc;
}

void watch_book_drop(char folder[WATCH_LIFTED_BYTES])
{
    int dir = folder[0] ? open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (dir >= 0 && io_remove_tree(dir, strrchr(folder, '/') + 1, NULL) != SH_OK)
        io_say("warning", "watch", "leftover", "where=memory");
    folder[0] = '\0';
    io_close(&dir);
}

/* ---- what belongs to the whole watch ---- */

int watch_book_secret(struct store *store, uint8_t out[WATCH_SECRET_BYTES], struct why *why)
{
    struct store_query *query;
    struct slice secret;
    int rc = store_query(store, "SELECT secret FROM about", &query, why);

    if (rc != SH_OK)
        return rc;
    rc = store_step(query, why);
    if (rc == STORE_ROW) {
        secret = store_blob(query, 0);
        rc = secret.len == WATCH_SECRET_BYTES ? SH_OK : SH_EFORMAT;
        if (rc == SH_OK)
            memcpy(out, secret.ptr, WATCH_SECRET_BYTES);
    } else if (rc == STORE_END) {
        rc = SH_EFORMAT;
    }
    store_done(query);
    return rc == SH_EFORMAT ? why_set(why, rc, WHY_NOWHERE, WATCH_DB ": damaged: no secret")
                            : rc;
}

void watch_book_error(struct store *store, uint64_t now, const char *text)
{
    struct store_query *query;

    if (store_query(store, "UPDATE about SET error=?1, error_at=?2", &query, NULL) != SH_OK)
        return;
    store_bind_text(query, 1, text);
    store_bind_int(query, 2, now);
    if (store_run(query, NULL) != SH_OK)
        return; /* The log has it too. */
}

/* ---- ids and codes ---- */

/* 128 bits that nobody can guess without the book, and that are the same after a crash. */
static void derive(const struct watch_key *key, const char *purpose, uint8_t out[16])
{
    uint8_t digest[CRYPT_DIGEST_BYTES];
    struct bytes message;

    bytes_init(&message, LIMIT_HOME_BYTES);
    bytes_printf(&message, "%s\n%s\n%s\n%llu\n%d\n", purpose, key->channel, key->contact,
                 (unsigned long long)key->number, (int)key->what);
    if (bytes_check(&message, NULL) != SH_OK)
        bug("watch: no memory for a message's id");
    crypto.hmac_sha256(slice_of(key->secret, WATCH_SECRET_BYTES), bytes_view(&message), digest);
    memcpy(out, digest, 16);
    bytes_release(&message);
}

void watch_message_id(const struct watch_key *key, char out[WATCH_MESSAGE_ID_BYTES])
{
    uint8_t raw[16];
    char hex[33];

    derive(key, "message", raw);
    hex_build(slice_of(raw, sizeof(raw)), hex);
    (void)snprintf(out, WATCH_MESSAGE_ID_BYTES, "<%s@stillhere>", hex);
}

void watch_code(const struct watch_key *key, char out[WATCH_CODE_BYTES])
{
    uint8_t raw[16];
    struct bytes text;

    derive(key, "code", raw);
    bytes_init(&text, WATCH_CODE_BYTES);
    base32_build(&text, slice_of(raw, sizeof(raw)));
    watch_text(out, WATCH_CODE_BYTES, bytes_view(&text));
    bytes_release(&text);
}

void watch_code_hash(struct slice code, uint8_t out[CRYPT_DIGEST_BYTES])
{
    crypto.sha256(code, out);
}
