/* The book in memory, for a disk that cannot be written. */
#include "watch/watch_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/io.h"

#define SHELTERS "/dev/shm/"
#define NEW_DB "watch.db.new"

/* ---- where it is ---- */

static bool shelter_name(const char *state_dir, char folder[WATCH_LIFTED_BYTES])
{
    struct stat st;

    folder[0] = '\0';
    if (stat(state_dir, &st) != 0)
        return false;
    (void)snprintf(folder, WATCH_LIFTED_BYTES, SHELTERS "stillhere-%u-%llx-%llx",
                   (unsigned)geteuid(), (unsigned long long)st.st_dev,
                   (unsigned long long)st.st_ino);
    return true;
}

/* Everybody may make folders there: nobody else's is used. */
static bool is_ours(const char *folder)
{
    struct stat st;

    return lstat(folder, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
           !(st.st_mode & (S_IRWXG | S_IRWXO));
}

/* Made by mkdtemp, because the name that we wanted is somebody else's: nobody can find it. */
static bool is_nameless(const char *folder)
{
    const char *dash = strchr(folder, '-');

    return dash && !strchr(dash + 1, '-');
}

bool watch_shelter_make(const char *state_dir, char folder[WATCH_LIFTED_BYTES])
{
    return shelter_name(state_dir, folder) &&
           (mkdir(folder, 0700) == 0 || (errno == EEXIST && is_ours(folder)));
}

/* ---- to it and back ---- */

/*
 * The last resort: a disk that can not be written at all, full or broken.  The watch goes on
 * with a copy in memory, so that people are told, and brings it back as soon as it can.  It
 * has a place that follows from the state folder: who acknowledges finds it, and so does the
 * next watch when this one is killed.  Only a power cut takes it; then people may be told
 * again, by the same message.
 */
int watch_book_lift(struct store *from, const char *state_dir, char folder[WATCH_LIFTED_BYTES],
                    struct store **out, struct why *why)
{
    char path[LIMIT_HOME_BYTES], made[LIMIT_HOME_BYTES];
    int rc;

    if (!watch_shelter_make(state_dir, folder)) {
        (void)snprintf(folder, WATCH_LIFTED_BYTES, SHELTERS "stillhere-XXXXXX");
        if (!mkdtemp(folder)) {
            folder[0] = '\0';
            return why_set(why, SH_EIO, WHY_NOWHERE, SHELTERS ": %s", strerror(errno));
        }
    }
    watch_book_drop(folder, WATCH_KEEP_FOLDER);
    if (!watch_path(path, folder, WATCH_DB) || !watch_path(made, folder, NEW_DB))
        bug("watch: a path that is too long");
    /* Whole before it has its name: who is killed here leaves no half one. */
    rc = store_copy(from, made, why);
    if (rc == SH_OK && rename(made, path) != 0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, SHELTERS ": %s", strerror(errno));
    if (rc == SH_OK)
        rc = store_open(path, STORE_WRITE, &watch_schema, out, why);
    if (rc != SH_OK)
        watch_book_drop(folder, WATCH_WITH_FOLDER);
    return rc;
}

/* Another book may have had this folder's number before: those of one watch share a secret. */
static bool is_of(struct store *lifted, const char *state_dir)
{
    uint8_t one[WATCH_SECRET_BYTES], other[WATCH_SECRET_BYTES];
    struct store *store = NULL;
    bool same = watch_book_secret(lifted, one, NULL) == SH_OK;

    if (same && watch_book_open(state_dir, STORE_READ, &store, NULL) == SH_OK)
        same = watch_book_secret(store, other, NULL) == SH_OK &&
               memcmp(one, other, sizeof(one)) == 0;
    store_close(store);
    wipe(one, sizeof(one));
    wipe(other, sizeof(other));
    return same;
}

bool watch_book_lifted(const char *state_dir, enum store_mode mode,
                       char folder[WATCH_LIFTED_BYTES], struct store **out)
{
    char path[LIMIT_HOME_BYTES];
    struct store *store = NULL;

    if (!shelter_name(state_dir, folder) || !is_ours(folder))
        return false;
    if (!watch_path(path, folder, WATCH_DB))
        bug("watch: a path that is too long");
    if (store_open(path, mode, &watch_schema, &store, NULL) == SH_OK &&
        is_of(store, state_dir)) {
        *out = store;
        return true;
    }
    store_close(store);
    return false;
}

int watch_book_newest(const char *state_dir, enum store_mode mode, struct store **out,
                      struct why *why)
{
    char folder[WATCH_LIFTED_BYTES];

    return watch_book_lifted(state_dir, mode, folder, out)
               ? SH_OK
               : watch_book_open(state_dir, mode, out, why);
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

/* Of the book on the disk only what was acknowledged there is kept. */
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
    " opened_at=excluded.opened_at, closed_at=excluded.closed_at,"
    " acked_by=CASE WHEN acked_at>0 THEN acked_by ELSE excluded.acked_by END,"
    " how=CASE WHEN acked_at>0 THEN how ELSE excluded.how END,"
    " acked_at=CASE WHEN acked_at>0 THEN acked_at ELSE excluded.acked_at END;"
    "UPDATE main.queue SET state=2, state_at=created WHERE state=0 AND what<=2 AND"
    " (channel, number) IN (SELECT channel, number FROM main.episodes WHERE acked_at>0);"
    /*
     * Who was about to acknowledge there finds no code, and looks on the disk; and without a
     * secret it is nobody's book any more.
     */
    "DELETE FROM lifted.codes; UPDATE lifted.about SET secret=x'';";
_Static_assert(WATCH_STOPPED == 2 && TELL_DISAGREE == 2, "as the statement above has them");

int watch_book_return(const char *state_dir, const char *folder, struct store **out,
                      struct why *why)
{
    char path[LIMIT_HOME_BYTES];
    struct store *store = NULL;
    int rc = watch_book_open(state_dir, STORE_WRITE, &store, why);

    if (!watch_path(path, folder, WATCH_DB))
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

void watch_book_drop(char folder[WATCH_LIFTED_BYTES], enum watch_drop drop)
{
    static const char *const names[] = {WATCH_DB,        WATCH_DB "-journal",
                                        WATCH_DB "-wal", WATCH_DB "-shm",
                                        NEW_DB,          NEW_DB "-journal"};
    int dir = folder[0] ? open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;

    for (size_t i = 0; dir >= 0 && i < COUNT_OF(names); i++)
        if (unlinkat(dir, names[i], 0) != 0 && errno != ENOENT)
            io_say("warning", "watch", "leftover", "where=memory");
    io_close(&dir);
    if (drop == WATCH_KEEP_FOLDER)
        return;
    /* Where the name says whose it is, the folder stays: a page may be bound to this one. */
    if (is_nameless(folder) && rmdir(folder) != 0)
        io_say("warning", "watch", "leftover", "where=memory");
    folder[0] = '\0';
}

void watch_book_leave(char folder[WATCH_LIFTED_BYTES])
{
    if (is_nameless(folder))
        watch_book_drop(folder, WATCH_WITH_FOLDER);
}
