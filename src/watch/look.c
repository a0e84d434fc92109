/* What others may see of a watch: how it stands, its ledger, its health. */
#include "watch/watch_int.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "io/io.h"

/* ---- after a look ---- */

size_t watch_view_count(const struct watch *watch)
{
    return watch->channels;
}

static const struct watch_source *copy_of(const struct watch *watch, size_t index, size_t at)
{
    for (size_t i = 0; i < watch->sources; i++)
        if (watch->source[i].judged_with == index + 1 && at-- == 0)
            return &watch->source[i];
    return NULL;
}

void watch_view_at(const struct watch *watch, size_t index, struct watch_view *out)
{
    const struct watch_channel *channel = &watch->channel[index];

    *out = (struct watch_view){.id = channel->id,
                               .name = channel->name,
                               .alarm = &channel->view,
                               .doubtful_clock = watch->clock.doubtful,
                               .episode = channel->alarm.episode};
    if (channel->view.facts.has_word && channel->word_index == channel->view.facts.word_index)
        out->word = bytes_view(&channel->word);
    while (copy_of(watch, index, out->copies))
        out->copies++;
}

void watch_copy_at(const struct watch *watch, size_t index, size_t at,
                   struct watch_copy_view *out)
{
    const struct watch_source *source = copy_of(watch, index, at);

    if (!source)
        bug("watch: no such copy");
    *out = (struct watch_copy_view){
        .what = source->what,
        .heard_at = source->heard_at,
        .size = source->size,
        .heard = source->heard,
        .at_odds = source->at_odds,
        .before = source->size && source->branch < watch->channel[index].view.branch,
        .other = source->other,
        .text = source->text};
}

static uint64_t count_rows(struct store *store, const char *sql)
{
    uint64_t count = 0;

    return store_number(store, sql, &count, NULL) == SH_OK ? count : 0;
}

static const char sql_queued[] = "SELECT count(*) FROM queue WHERE state=0";

void watch_people(const struct watch *watch, struct watch_people *out)
{
    *out = (struct watch_people){.contacts = watch->contacts.count,
                                 .red = watch->red,
                                 .looks_only = watch->looks_only,
                                 .waiting = count_rows(watch->store, sql_queued),
                                 .doubtful_clock = watch->clock.doubtful};
}

/* ---- the ledger ---- */

static void attempt_fill(struct watch_attempt *attempt, struct store_query *query)
{
    *attempt = (struct watch_attempt){.at = store_int(query, 0),
                                      .kind = (enum tell_kind)store_int(query, 3),
                                      .what = (enum tell_what)store_int(query, 4),
                                      .outcome = (enum tell_outcome)store_int(query, 5),
                                      .status = (unsigned)store_int(query, 6)};
    watch_text(attempt->contact, sizeof(attempt->contact), store_blob(query, 1));
    watch_text(attempt->message, sizeof(attempt->message), store_blob(query, 2));
    watch_text(attempt->text, sizeof(attempt->text), store_blob(query, 7));
    watch_text(attempt->how, sizeof(attempt->how), store_blob(query, 8));
}

int watch_log(const char *state_dir,
              void (*each)(void *ctx, const struct watch_attempt *attempt), void *ctx,
              struct why *why)
{
    struct watch_attempt attempt;
    struct store_query *query;
    struct store *store = NULL;
    int rc = watch_book_newest(state_dir, STORE_READ, &store, why);

    if (rc == SH_OK)
        rc = store_query(store,
                         "SELECT at, contact, message, kind, what, outcome, status, text, '',"
                         " 0 AS rank, id FROM attempts UNION ALL"
                         " SELECT acked_at, acked_by, '', 0, CASE WHEN channel=?1 THEN ?2 ELSE"
                         " kind END, 0, 0, '', how, 1, number FROM episodes WHERE acked_at>0"
                         " ORDER BY 1, rank, id",
                         &query, why);
    if (rc == SH_OK) {
        store_bind_text(query, 1, WATCH_REHEARSAL);
        store_bind_int(query, 2, TELL_REHEARSAL);
    }
    while (rc == SH_OK || rc == STORE_ROW) {
        rc = store_step(query, why);
        if (rc != STORE_ROW)
            break;
        attempt_fill(&attempt, query);
        each(ctx, &attempt);
    }
    store_close(store);
    return rc < 0 ? rc : SH_OK;
}

/* ---- who was told, who is next ---- */

void watch_told_each(const struct watch *watch, size_t index, enum alarm_kind kind,
                     void (*each)(void *ctx, const struct watch_told *told), void *ctx)
{
    const struct watch_channel *channel = &watch->channel[index];
    struct watch_told told;
    struct store_query *query;

    if (store_query(watch->store,
                    "SELECT contact, state, CASE WHEN state=1 THEN state_at ELSE created END"
                    " FROM queue WHERE channel=?1 AND number=?2 AND what<=?3 ORDER BY id",
                    &query, NULL) != SH_OK)
        return;
    store_bind_text(query, 1, channel->id.text);
    store_bind_int(query, 2, channel->alarm.episode[kind].number);
    store_bind_int(query, 3, TELL_DISAGREE);
    while (store_step(query, NULL) == STORE_ROW) {
        watch_text(told.contact, sizeof(told.contact), store_blob(query, 0));
        told.reached = store_int(query, 1) == WATCH_ACCEPTED;
        told.waits = store_int(query, 1) == WATCH_WAITING;
        told.at = store_int(query, 2);
        each(ctx, &told);
    }
    store_done(query);
}

const char *watch_next(const struct watch *watch, size_t index, enum alarm_kind kind,
                       uint64_t *at)
{
    const struct watch_channel *channel = &watch->channel[index];
    const struct alarm_episode *episode = &channel->alarm.episode[kind];
    const char *name = NULL;
    uint64_t since = episode->open ? episode->since : channel->view.due.by;

    if (episode->open ? episode->acked : kind != ALARM_LATE || !channel->view.due.promised)
        return NULL;
    for (size_t i = 0; i < watch->contacts.count; i++) {
        const struct tell_contact *contact = &watch->contacts.contact[i];
        bool told = episode->open && (episode->told >> watch->slot[i] & 1);

        if (told || (name && since + contact->after_s >= *at))
            continue;
        name = contact->name;
        *at = since + contact->after_s;
    }
    return name;
}

/* ---- health ---- */

static int about_load(struct store *store, struct watch_status *out, struct why *why)
{
    struct store_query *query;
    int rc =
        store_query(store, "SELECT round_at, error, error_at, red FROM about", &query, why);

    if (rc != SH_OK)
        return rc;
    rc = store_step(query, why);
    if (rc == STORE_ROW) {
        out->round_at = store_int(query, 0);
        watch_text(out->error, sizeof(out->error), store_blob(query, 1));
        out->error_at = store_int(query, 2);
        out->red = store_int(query, 3) != 0;
    }
    store_done(query);
    return rc < 0 ? rc : SH_OK;
}

/* Somebody holds the lock as long as he watches. */
static bool is_running(const char *state_dir)
{
    int dir = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int lock = -1;
    bool running = dir >= 0 && io_exists(dir, "lock") &&
                   io_lock(dir, "lock", 0, &lock, NULL) == SH_ECONFLICT;

    io_close(&lock);
    io_close(&dir);
    return running;
}

/* A watch with its book in memory cannot leave a note on the disk that says so. */
static void say_read_only(const char *state_dir, struct watch_status *out)
{
    int dir = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (dir >= 0 && faccessat(dir, WATCH_DB, W_OK, 0) != 0 && errno == EROFS) {
        out->error_at = io_now();
        watch_text(out->error, sizeof(out->error),
                   slice_text("the book of the watch cannot be written"));
    }
    io_close(&dir);
}

int watch_status(const char *state_dir, struct watch_status *out, struct why *why)
{
    struct store *store = NULL;
    int rc = watch_book_newest(state_dir, STORE_READ, &store, why);

    *out = (struct watch_status){0};
    if (rc == SH_OK)
        rc = about_load(store, out, why);
    if (rc == SH_OK) {
        out->sources = count_rows(store, "SELECT count(*) FROM sources WHERE watched=1");
        out->heard =
            count_rows(store, "SELECT count(*) FROM sources WHERE watched=1 AND text=''");
        out->odds =
            count_rows(store, "SELECT count(*) FROM sources WHERE watched=1 AND odds<>0");
        out->open =
            count_rows(store, "SELECT count(*) FROM episodes JOIN channels ON id=channel"
                              " WHERE closed_at=0 AND watched=1");
        out->queued = count_rows(store, sql_queued);
        out->running = is_running(state_dir);
        if (out->running)
            say_read_only(state_dir, out);
    }
    store_close(store);
    return rc;
}
