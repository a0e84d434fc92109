/* The book: what a watch knows must outlive its process, so it is in one SQLite file. */
#include "watch/watch_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "crypt/crypt.h"
#include "io/io.h"

#define UNTOLD "untold" /* There while contacts are to be told of a book that was lost. */
#define NEW_DB "watch.db.new"
/* Not a cap: what a few hundred messages with their ledger take; pages of 4096 bytes. */
#define RESERVE_PAGES 256
/* Not a cap: a file of this size is kept where so much more is free. */
#define ROOM "room"
#define ROOM_BYTES (1u << 20)
#define ROOM_LEFT_BYTES (4u << 20)

static const struct store_upgrade upgrades[] = {
    {2, "ALTER TABLE codes ADD COLUMN zone TEXT NOT NULL DEFAULT ''"}};
const struct store_schema watch_schema = {
    .version = 3,
    .upgrades = upgrades,
    .upgrade_count = COUNT_OF(upgrades),
    .log = STORE_JOURNAL,
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
    " number INTEGER NOT NULL, contact TEXT NOT NULL, lang INTEGER NOT NULL,"
    " zone TEXT NOT NULL DEFAULT '') WITHOUT ROWID;"
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

bool watch_path(char out[LIMIT_HOME_BYTES], const char *dir, const char *name)
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
    static const char *const leftovers[] = {NEW_DB, NEW_DB "-journal", NEW_DB "-wal",
                                            NEW_DB "-shm"};
    char path[LIMIT_HOME_BYTES];
    struct store *store = NULL;
    int rc;

    for (size_t i = 0; i < COUNT_OF(leftovers); i++)
        if (unlinkat(dir, leftovers[i], 0) != 0 && errno != ENOENT)
            return why_set(why, SH_EIO, WHY_NOWHERE, "%s: %s", leftovers[i], strerror(errno));
    if (!watch_path(path, state_dir, NEW_DB))
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
    if (!io_exists(*dir, WATCH_DB) && faccessat(*dir, ".", W_OK, AT_EACCESS) != 0) {
        rc = why_set(why, SH_EIO, WHY_NOWHERE,
                     "%.300s: nothing can be written there (%s), and a watch keeps what it "
                     "knows; name another folder with --state",
                     state_dir, strerror(errno));
    } else if (!io_exists(*dir, WATCH_DB)) {
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

    if (!watch_path(path, state_dir, WATCH_DB))
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

int watch_book_whole(struct store *store, struct why *why)
{
    struct store_query *query;
    int rc = store_query(store, "PRAGMA quick_check(1)", &query, why);

    if (rc != SH_OK)
        return rc;
    rc = store_step(query, why);
    if (rc == STORE_ROW)
        rc = slice_equal(store_blob(query, 0), slice_text("ok"))
                 ? SH_OK
                 : why_set(why, SH_EFORMAT, WHY_NOWHERE, WATCH_DB ": pages are damaged");
    store_done(query);
    return rc;
}

bool watch_book_untold(int dir)
{
    return io_exists(dir, UNTOLD);
}

int watch_book_told(int dir, struct why *why)
{
    if (unlinkat(dir, UNTOLD, 0) != 0 && errno != ENOENT)
        return why_set(why, SH_EIO, WHY_NOWHERE, UNTOLD ": %s", strerror(errno));
    return io_sync_parent(dir, UNTOLD, why);
}

int watch_book_set_aside(int dir, struct why *why)
{
    /* The book last: as long as it has its name, a start that was killed is done again. */
    static const char *const parts[] = {"-journal", "-wal", "-shm", ""};
    const struct io_target mark = {
        .dir = dir, .path = UNTOLD, .tmp_dir = dir, .mode = 0600, .sync = IO_SYNC};
    char from[32], to[64];
    int rc = io_replace(&mark, slice_of(NULL, 0), why);

    if (rc != SH_OK)
        return rc;
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        (void)snprintf(from, sizeof(from), WATCH_DB "%s", parts[i]);
        (void)snprintf(to, sizeof(to), "damaged-%ju.db%s", (uintmax_t)io_now(), parts[i]);
        if (renameat(dir, from, dir, to) != 0 && errno != ENOENT)
            return why_set(why, SH_EIO, WHY_NOWHERE, "%s: cannot be set aside: %s", from,
                           strerror(errno));
    }
    return io_sync_parent(dir, WATCH_DB, why);
}

/* ---- room for a day on which the disk is full ---- */

/*
 * A large row that comes and goes leaves free pages in the file.  One that is written over
 * leaves a long journal beside it: pages that change must stand there first.  Both are used
 * later without asking the disk for room.
 */
int watch_book_reserve(struct store *store, struct why *why)
{
    static const char *const steps[] = {
        "INSERT OR IGNORE INTO reserve(one, filler) VALUES(2, zeroblob(524288))",
        "UPDATE reserve SET filler=randomblob(524288) WHERE one=2",
        "INSERT OR REPLACE INTO reserve(one, filler) VALUES(1, zeroblob(2097152))",
        "DELETE FROM reserve WHERE one=1"};
    uint64_t count = 0;
    int rc = store_number(store, "PRAGMA freelist_count", &count, why);

    if (rc != SH_OK || count >= RESERVE_PAGES / 2)
        return rc;
    for (size_t i = 0; i < COUNT_OF(steps) && rc == SH_OK; i++) {
        rc = store_begin(store, STORE_LAZY, why);
        if (rc == SH_OK)
            rc = store_exec(store, steps[i], why);
        if (rc == SH_OK)
            rc = store_commit(store, why);
        store_end(store);
    }
    return rc;
}

/*
 * A file that is there to be removed: what makes room for opening the book, which needs a few
 * blocks of its own, where everybody writes into the last ones.
 */
void watch_book_room_keep(int dir)
{
    struct statvfs about;
    struct bytes filler;
    uint8_t *room;
    bool kept = false;
    int fd;

    if (io_exists(dir, ROOM) || fstatvfs(dir, &about) != 0 ||
        (uint64_t)about.f_bavail * about.f_frsize < ROOM_LEFT_BYTES)
        return;
    fd = openat(dir, ROOM, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    bytes_init(&filler, ROOM_BYTES);
    room = bytes_room(&filler, ROOM_BYTES);
    if (room) { /* Nothing that a file system can make smaller. */
        io_random(room, ROOM_BYTES);
        kept = io_write_fd(fd, slice_of(room, ROOM_BYTES), NULL) == SH_OK &&
               io_sync_fd(fd, ROOM, NULL) == SH_OK;
    }
    bytes_release(&filler);
    io_close(&fd);
    if (!kept && unlinkat(dir, ROOM, 0) != 0)
        io_say("warning", "watch", "room", "kept=no");
}

bool watch_book_room_give(int dir)
{
    return unlinkat(dir, ROOM, 0) == 0;
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
