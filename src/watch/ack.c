/* Acknowledging: from the page behind the link, or from the command. */
#include "watch/watch_int.h"

#include <string.h>

#include "crypt/crypt.h"
#include "io/io.h"

static int no_such_code(struct why *why)
{
    return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                   "no message has this code; type the 26 letters and digits of the message");
}

struct found {
    char channel[CHANNEL_ID_CHARS + 1];
    uint64_t number;
};

static void fill(struct store_query *query, struct found *found, struct watch_ack *out)
{
    uint64_t lang = store_int(query, 7);

    watch_text(found->channel, sizeof(found->channel), store_blob(query, 0));
    found->number = store_int(query, 1);
    watch_text(out->contact, sizeof(out->contact), store_blob(query, 2));
    out->kind = (enum alarm_kind)store_int(query, 3);
    out->since = store_int(query, 4);
    out->open = store_int(query, 5) == 0;
    out->acked_at = store_int(query, 6);
    out->acked = out->acked_at > 0;
    out->lang = lang < LANG_COUNT ? (enum lang)lang : LANG_EN;
    watch_text(out->channel_name, sizeof(out->channel_name), store_blob(query, 8));
    watch_text(out->zone, sizeof(out->zone), store_blob(query, 9));
    out->rehearsal = strcmp(found->channel, WATCH_REHEARSAL) == 0;
}

static int look(struct store *store, const char *code, struct found *found,
                struct watch_ack *out, struct why *why)
{
    uint8_t hash[CRYPT_DIGEST_BYTES];
    struct store_query *query;
    int rc = store_query(store,
                         "SELECT codes.channel, codes.number, codes.contact, kind, since,"
                         " closed_at, acked_at, lang, coalesce(channels.name, ''), zone"
                         " FROM codes JOIN episodes USING(channel, number)"
                         " LEFT JOIN channels ON channels.id=codes.channel WHERE hash=?1",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    watch_code_hash(slice_text(code), hash);
    store_bind_blob(query, 1, slice_of(hash, sizeof(hash)));
    rc = store_step(query, why);
    if (rc == STORE_ROW) {
        *out = (struct watch_ack){0};
        fill(query, found, out);
        if (strlen(code) < sizeof(out->code))
            memcpy(out->code, code, strlen(code) + 1);
        rc = out->kind < ALARM_KINDS ? SH_OK : SH_EFORMAT;
    } else if (rc == STORE_END) {
        rc = no_such_code(why);
    }
    store_done(query);
    return rc == SH_EFORMAT ? why_set(why, rc, WHY_NOWHERE, WATCH_DB ": damaged: a kind") : rc;
}

/*
 * In the book that a watch keeps in memory, if there is one; else, and when that was brought
 * back this very moment, on the disk.
 */
static int in_book(const char *state_dir, enum store_mode mode,
                   int (*run)(struct store *store, void *ctx, struct why *why), void *ctx,
                   struct why *why)
{
    char folder[WATCH_LIFTED_BYTES];
    struct store *store = NULL;
    int rc = SH_ENOTFOUND;

    if (watch_book_lifted(state_dir, mode, folder, &store))
        rc = run(store, ctx, NULL);
    store_close(store);
    store = NULL;
    if (rc == SH_OK)
        return rc;
    rc = watch_book_open(state_dir, mode, &store, why);
    if (rc == SH_OK)
        rc = run(store, ctx, why);
    store_close(store);
    return rc;
}

struct asked {
    const char *code, *how;
    struct watch_ack ack;
};

static int look_run(struct store *store, void *ctx, struct why *why)
{
    struct asked *asked = ctx;
    struct found found;

    return look(store, asked->code, &found, &asked->ack, why);
}

int watch_ack_look(const char *state_dir, const char *code, struct watch_ack *out,
                   struct why *why)
{
    struct asked asked = {.code = code};
    int rc = in_book(state_dir, STORE_READ, look_run, &asked, why);

    if (rc == SH_OK)
        *out = asked.ack;
    return rc;
}

/* The episode is marked, and what waits to be sent because of it is stopped, together. */
static int mark(struct store *store, const struct found *found, const struct watch_ack *ack,
                const char *how, struct why *why)
{
    struct store_query *query;
    uint64_t now = io_now();
    int rc = store_query(store,
                         "UPDATE episodes SET acked_at=?1, acked_by=?2, how=?3"
                         " WHERE channel=?4 AND number=?5 AND acked_at=0",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, now);
    store_bind_text(query, 2, ack->contact);
    store_bind_text(query, 3, how);
    store_bind_text(query, 4, found->channel);
    store_bind_int(query, 5, found->number);
    rc = store_run(query, why);
    if (rc == SH_OK)
        rc = store_query(store,
                         "UPDATE queue SET state=?1, state_at=?2 WHERE state=0 AND channel=?3"
                         " AND number=?4 AND what<=?5",
                         &query, why);
    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, WATCH_STOPPED);
    store_bind_int(query, 2, now);
    store_bind_text(query, 3, found->channel);
    store_bind_int(query, 4, found->number);
    store_bind_int(query, 5, TELL_DISAGREE); /* LATE, SILENT, DISAGREE: not OVER. */
    return store_run(query, why);
}

static int set_run(struct store *store, void *ctx, struct why *why)
{
    struct asked *asked = ctx;
    struct found found;
    /* Looked up before the book is locked: wrong codes hold nobody up. */
    int rc = look(store, asked->code, &found, &asked->ack, why);

    if (rc != SH_OK || asked->ack.acked)
        return rc;
    rc = store_begin(store, STORE_DURABLE, why);
    if (rc == SH_OK)
        rc = mark(store, &found, &asked->ack, asked->how, why);
    if (rc == SH_OK)
        rc = look(store, asked->code, &found, &asked->ack, why);
    if (rc == SH_OK)
        rc = store_commit(store, why);
    store_end(store);
    return rc;
}

int watch_ack_set(const char *state_dir, const char *code, const char *how,
                  struct watch_ack *out, struct why *why)
{
    struct asked asked = {.code = code, .how = how};
    int rc = in_book(state_dir, STORE_WRITE, set_run, &asked, why);

    if (rc == SH_OK)
        *out = asked.ack;
    return rc;
}
