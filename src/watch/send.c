/*
 * Sending: one child for a message, way by way until one takes it; then the ledger.
 *
 * The row is marked as tried before the child starts and as accepted after it ended.  Power
 * that goes between leaves it waiting: it is sent again, with the same Message-ID.
 *
 * A result is, for each way that was tried: way (1 byte), kind (1), outcome (1), status (4),
 * retry after (8), length (2) and text.
 */
#include "watch/watch_int.h"

#include <stdio.h>

#include "fetcher/fetcher.h"
#include "io/io.h"

/* Not a cap: news that nobody could be told for so long is news no more. */
#define STALE_S (48 * 3600)

static const uint64_t pause_s[] = {60, 120, 300, 900, WATCH_PAUSE_S};

/* The last way has its turn, too, with time to start and to be ended. */
_Static_assert(LIMIT_WATCH_SEND_S >= LIMIT_WAYS * (LIMIT_WATCH_WAY_MS / 1000 + 5),
               "a message has time for all of its ways");

struct letter {
    uint64_t row, created, attempts;
    uint64_t stale; /* another row: old news for somebody who is no contact now; or 0 */
    enum tell_what what;
    char message_id[WATCH_MESSAGE_ID_BYTES], contact[33];
    struct bytes subject, body;
};

/* ---- the child ---- */

struct sending {
    const struct watch *watch;
    const struct tell_contact *contact;
    const struct letter *letter;
};

static void put_attempt(struct bytes *out, size_t way, enum tell_kind kind,
                        const struct tell_answer *answer)
{
    size_t len = strlen(answer->text);

    bytes_u8(out, (uint8_t)way);
    bytes_u8(out, (uint8_t)kind);
    bytes_u8(out, (uint8_t)answer->outcome);
    bytes_u32(out, answer->status);
    bytes_u64(out, answer->retry_after_s);
    bytes_u16(out, (uint16_t)len);
    bytes_append(out, answer->text, len);
}

static int run(void *ctx, int out)
{
    const struct sending *sending = ctx;
    const struct letter *letter = sending->letter;
    const struct tell_message message = {.what = letter->what,
                                         .message_id = letter->message_id,
                                         .date = letter->created,
                                         .subject = bytes_view(&letter->subject),
                                         .body = bytes_view(&letter->body),
                                         .deadline_ms = LIMIT_WATCH_WAY_MS};
    struct fetcher *fetcher = NULL;
    struct tell_answer answer = {.outcome = TELL_LATER};
    struct bytes said;
    int rc = 0;

    for (size_t i = 0; i < sending->contact->way_count; i++) {
        const struct tell_way *way = &sending->contact->ways[i];

        if (way->kind != TELL_COMMAND && !fetcher &&
            fetcher_open(&sending->watch->options->fetch, &fetcher, NULL) != SH_OK)
            fetcher = NULL; /* tell_send says so. */
        tell_send(fetcher, sending->contact, way, &message, &answer);
        bytes_init(&said, LIMIT_DOCUMENT_BYTES);
        put_attempt(&said, i, way->kind, &answer);
        if (io_write_fd(out, bytes_view(&said), NULL) != SH_OK)
            rc = 1;
        bytes_release(&said);
        if (answer.outcome == TELL_ACCEPTED)
            break;
    }
    fetcher_close(fetcher);
    return rc;
}

/* ---- what waits ---- */

static bool under_way(const struct watch *watch, uint64_t row)
{
    for (size_t i = 0; i < COUNT_OF(watch->job); i++)
        if ((watch->job[i].work == WATCH_SENDING || watch->job[i].work == WATCH_RECORDING) &&
            watch->job[i].row == row)
            return true;
    return false;
}

/*
 * Alarms before all else, then by age.  Whoever is not among the contacts now is passed over:
 * she may be back at the next look.  A time that no pause reaches is of a clock that was wrong.
 */
static int letter_next(struct watch *watch, uint64_t now, struct letter *letter,
                       struct why *why)
{
    struct store_query *query;
    int rc = store_query(watch->store,
                         "SELECT id, message, contact, what, subject, body, created, attempts"
                         " FROM queue WHERE state=0 AND (next_try<=?1 OR next_try>?1+?2)"
                         " ORDER BY what>2, next_try, id",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, now);
    store_bind_int(query, 2, WATCH_PAUSE_S);
    while ((rc = store_step(query, why)) == STORE_ROW) {
        if (under_way(watch, store_int(query, 0)))
            continue;
        watch_text(letter->contact, sizeof(letter->contact), store_blob(query, 2));
        if (!tell_contact_find(&watch->contacts, letter->contact)) {
            if (store_int(query, 3) > TELL_DISAGREE && now > store_int(query, 6) + STALE_S)
                letter->stale = store_int(query, 0);
            continue;
        }
        letter->row = store_int(query, 0);
        watch_text(letter->message_id, sizeof(letter->message_id), store_blob(query, 1));
        letter->what = (enum tell_what)store_int(query, 3);
        bytes_slice(&letter->subject, store_blob(query, 4));
        bytes_slice(&letter->body, store_blob(query, 5));
        letter->created = store_int(query, 6);
        letter->attempts = store_int(query, 7);
        break;
    }
    store_done(query);
    return rc;
}

static uint64_t next_try(uint64_t now, uint64_t attempts)
{
    size_t last = COUNT_OF(pause_s) - 1;

    return now + pause_s[attempts < last ? attempts : last];
}

static int mark_tried(struct watch *watch, const struct letter *letter, uint64_t now,
                      struct why *why)
{
    struct store_query *query;
    int rc = store_query(watch->store,
                         "UPDATE queue SET attempts=attempts+1, next_try=?1 WHERE id=?2",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, next_try(now, letter->attempts));
    store_bind_int(query, 2, letter->row);
    return store_run(query, why);
}

static int mark(struct watch *watch, uint64_t row, enum watch_queued state, struct why *why)
{
    struct store_query *query;
    /* What was acknowledged meanwhile stays so, unless it was taken. */
    int rc = store_query(watch->store,
                         "UPDATE queue SET state=?1, state_at=?2 WHERE id=?3 AND"
                         " (state=0 OR ?1=1)",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, state);
    store_bind_int(query, 2, watch_time(watch));
    store_bind_int(query, 3, row);
    return store_run(query, why);
}

static int send_one(struct watch *watch, struct watch_job *job, const struct letter *letter,
                    struct why *why)
{
    struct sending sending = {.watch = watch, .letter = letter};
    const struct watch_task task = {
        .name = "a sender", .run = run, .ctx = &sending, .timeout_s = LIMIT_WATCH_SEND_S};
    int rc;

    sending.contact = tell_contact_find(&watch->contacts, letter->contact);
    if (!sending.contact)
        bug("watch: a message to nobody");
    rc = mark_tried(watch, letter, watch_time(watch), why);
    if (rc != SH_OK) { /* A full disk is no reason to be silent. */
        io_say("error", "watch", "queue", "message=%llu cause=\"%s\"",
               (unsigned long long)letter->row, why->text);
        *why = (struct why){0};
    }
    rc = watch_job_start(job, &task, why);
    if (rc == SH_OK) {
        job->work = WATCH_SENDING;
        job->row = letter->row;
    }
    return rc;
}

void watch_send_start(struct watch *watch)
{
    struct why why = {0};
    int rc = STORE_ROW;

    if (watch->looks_only || !watch->contacts.count)
        return;
    for (size_t j = LIMIT_WATCH_READERS; j < COUNT_OF(watch->job) && rc == STORE_ROW;) {
        struct letter letter = {0};

        if (watch->job[j].work != WATCH_NO_WORK) {
            j++;
            continue;
        }
        bytes_init(&letter.subject, LIMIT_DOCUMENT_BYTES);
        bytes_init(&letter.body, LIMIT_DOCUMENT_BYTES);
        rc = letter_next(watch, watch_time(watch), &letter, &why);
        if (rc >= 0 && letter.stale && mark(watch, letter.stale, WATCH_GIVEN_UP, NULL) != SH_OK)
            letter.stale = 0; /* Nothing depends on it: the next time it may be done. */
        if (rc == STORE_ROW && send_one(watch, &watch->job[j], &letter, &why) != SH_OK)
            rc = SH_EIO;
        bytes_release(&letter.subject);
        bytes_release(&letter.body);
    }
    if (rc < 0)
        io_say("error", "watch", "send", "cause=\"%s\"", why.text);
}

uint64_t watch_send_next(struct watch *watch)
{
    struct store_query *query;
    uint64_t now = watch_time(watch), next = UINT64_MAX;
    char contact[33];

    if (watch->looks_only || !watch->contacts.count ||
        store_query(watch->store, "SELECT contact, next_try FROM queue WHERE state=0", &query,
                    NULL) != SH_OK)
        return UINT64_MAX;
    while (store_step(query, NULL) == STORE_ROW) {
        uint64_t at = store_int(query, 1);

        watch_text(contact, sizeof(contact), store_blob(query, 0));
        if (at > now + WATCH_PAUSE_S)
            at = now;
        if (at < next && tell_contact_find(&watch->contacts, contact))
            next = at;
    }
    store_done(query);
    return next;
}

/* ---- the ledger ---- */

struct outcome {
    bool taken;
    size_t tried, refused;
    uint64_t retry_after_s;
};

static int ledger_add(struct watch *watch, const struct watch_attempt *attempt, size_t way,
                      struct why *why)
{
    struct store_query *query;
    int rc = store_query(watch->store,
                         "INSERT INTO attempts(message, at, contact, way, kind, what, outcome,"
                         " status, text) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_text(query, 1, attempt->message);
    store_bind_int(query, 2, attempt->at);
    store_bind_text(query, 3, attempt->contact);
    store_bind_int(query, 4, way);
    store_bind_int(query, 5, attempt->kind);
    store_bind_int(query, 6, attempt->what);
    store_bind_int(query, 7, attempt->outcome);
    store_bind_int(query, 8, attempt->status);
    store_bind_text(query, 9, attempt->text);
    return store_run(query, why);
}

static int ledger_prune(struct watch *watch, struct why *why)
{
    struct store_query *query;
    int rc = store_query(watch->store,
                         "DELETE FROM attempts WHERE id <= (SELECT max(id) FROM attempts) - ?1",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, LIMIT_WATCH_LEDGER);
    return store_run(query, why);
}

static int attempts_record(struct watch *watch, struct watch_attempt *attempt,
                           struct slice result, struct outcome *outcome, struct why *why)
{
    struct cursor cur = cursor_of(result);
    int rc = SH_OK;

    while (rc == SH_OK && rd_left(&cur)) {
        size_t way = rd_u8(&cur);
        uint64_t retry;

        attempt->kind = (enum tell_kind)rd_u8(&cur);
        attempt->outcome = (enum tell_outcome)rd_u8(&cur);
        attempt->status = rd_u32(&cur);
        retry = rd_u64(&cur);
        watch_text(attempt->text, sizeof(attempt->text), rd_bytes(&cur, rd_u16(&cur)));
        if (cur.failed)
            break; /* It was ended in the middle of a way. */
        outcome->tried++;
        outcome->taken = outcome->taken || attempt->outcome == TELL_ACCEPTED;
        outcome->refused += attempt->outcome == TELL_REFUSED;
        if (retry > outcome->retry_after_s)
            outcome->retry_after_s = retry;
        rc = ledger_add(watch, attempt, way, why);
        io_say(attempt->outcome == TELL_ACCEPTED ? "info" : "warning", "watch", "told",
               "what=%s way=%s outcome=%s status=%u", tell_what_name(attempt->what),
               tell_kind_name(attempt->kind),
               attempt->outcome == TELL_ACCEPTED ? "accepted"
               : attempt->outcome == TELL_LATER  ? "later"
                                                 : "refused",
               attempt->status);
    }
    return rc;
}

static int row_load(struct watch *watch, uint64_t row, struct watch_attempt *attempt,
                    uint64_t *created, struct why *why)
{
    struct store_query *query;
    int rc = store_query(watch->store,
                         "SELECT message, contact, what, created FROM queue WHERE id=?1",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, row);
    rc = store_step(query, why);
    if (rc == STORE_ROW) {
        watch_text(attempt->message, sizeof(attempt->message), store_blob(query, 0));
        watch_text(attempt->contact, sizeof(attempt->contact), store_blob(query, 1));
        attempt->what = (enum tell_what)store_int(query, 2);
        *created = store_int(query, 3);
    }
    store_done(query);
    return rc == STORE_END ? why_set(why, SH_EIO, WHY_NOWHERE, "the queue lost a row") : rc;
}

/* Retry-After of a server is honoured, but nobody can switch an alarm off with it. */
static int wait_longer(struct watch *watch, uint64_t row, const struct outcome *outcome,
                       struct why *why)
{
    struct store_query *query;
    uint64_t pause = outcome->retry_after_s;
    int rc;

    if (!pause)
        return SH_OK;
    if (pause > pause_s[COUNT_OF(pause_s) - 1])
        pause = pause_s[COUNT_OF(pause_s) - 1];
    rc = store_query(watch->store, "UPDATE queue SET next_try=max(next_try, ?1) WHERE id=?2",
                     &query, why);
    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, watch_time(watch) + pause);
    store_bind_int(query, 2, row);
    return store_run(query, why);
}

static int record(struct watch *watch, const struct watch_job *job, struct slice result,
                  struct why *why)
{
    struct watch_attempt attempt = {.at = watch_time(watch)};
    struct outcome outcome = {0};
    uint64_t created = 0;
    int rc = store_begin(watch->store, STORE_DURABLE, why);

    if (rc == SH_OK)
        rc = row_load(watch, job->row, &attempt, &created, why);
    if (rc >= 0 && !result.len) {
        attempt.outcome = TELL_LATER;
        (void)snprintf(attempt.text, sizeof(attempt.text), "it took too long");
        rc = ledger_add(watch, &attempt, 0, why);
    } else if (rc >= 0) {
        rc = attempts_record(watch, &attempt, result, &outcome, why);
    }
    if (rc == SH_OK && outcome.taken)
        rc = mark(watch, job->row, WATCH_ACCEPTED, why);
    else if (rc == SH_OK && attempt.what > TELL_DISAGREE &&
             ((outcome.tried && outcome.refused == outcome.tried) ||
              attempt.at > created + STALE_S))
        rc = mark(watch, job->row, WATCH_GIVEN_UP, why);
    else if (rc == SH_OK)
        rc = wait_longer(watch, job->row, &outcome, why);
    if (rc == SH_OK)
        rc = ledger_prune(watch, why);
    if (rc == SH_OK)
        rc = store_commit(watch->store, why);
    store_end(watch->store);
    return rc;
}

/* What cannot be recorded keeps its place, and is not sent again by this process. */
void watch_send_ended(struct watch *watch, struct watch_job *job, struct slice result)
{
    struct why why = {0};
    int rc = record(watch, job, result, &why);

    if (rc == SH_OK) {
        bytes_release(&job->result);
        job->work = WATCH_NO_WORK;
        if (watch_red_find(watch, NULL) != SH_OK)
            return; /* Found again with the next answer. */
        return;
    }
    if (job->work != WATCH_RECORDING) {
        io_say("error", "watch", "ledger", "message=%llu cause=\"%s\"",
               (unsigned long long)job->row, why.text);
        bytes_init(&job->result, LIMIT_WATCH_RESULT_BYTES);
        bytes_slice(&job->result, result);
        job->work = WATCH_RECORDING;
    }
}

/* ---- can anybody be reached? ---- */

/* By its newest attempt, or because it was never tried. */
static int way_works(struct watch *watch, const struct tell_contact *contact, size_t way,
                     bool *works, struct why *why)
{
    struct store_query *query;
    int rc = store_query(watch->store,
                         "SELECT outcome FROM attempts WHERE contact=?1 AND way=?2 AND kind=?3"
                         " ORDER BY id DESC LIMIT 1",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_text(query, 1, contact->name);
    store_bind_int(query, 2, way);
    store_bind_int(query, 3, contact->ways[way].kind);
    rc = store_step(query, why);
    *works = rc == STORE_END || (rc == STORE_ROW && store_int(query, 0) == TELL_ACCEPTED);
    store_done(query);
    return rc < 0 ? rc : SH_OK;
}

int watch_red_find(struct watch *watch, struct why *why)
{
    struct store_query *query;
    bool works, any = false;
    int rc = SH_OK;

    if (!watch->contacts.count)
        return SH_OK;
    for (size_t i = 0; i < watch->contacts.count && rc == SH_OK && !any; i++) {
        const struct tell_contact *contact = &watch->contacts.contact[i];

        for (size_t way = 0; way < contact->way_count && rc == SH_OK && !any; way++) {
            rc = way_works(watch, contact, way, &works, why);
            any = rc == SH_OK && works;
        }
    }
    if (rc != SH_OK)
        return rc;
    if (!any && !watch->red)
        io_say("error", "watch", "red", "reached=nobody");
    watch->red = !any;
    if (watch->looks_only && !watch->options->only_try)
        return SH_OK;
    rc = store_query(watch->store, "UPDATE about SET red=?1 WHERE red<>?1", &query, why);
    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, watch->red);
    return store_run(query, why);
}

/* ---- trying the ways ---- */

struct trying {
    struct watch *watch;
    const struct watch_trial *trial;
    const struct tell_contact *contact;
    struct why *why;
    int rc;
};

static void heard(void *ctx, const struct tell_way *way, const struct tell_answer *answer)
{
    struct trying *trying = ctx;
    size_t at = (size_t)(way - trying->contact->ways);
    const struct watch_tried tried = {
        .contact = trying->contact->name, .kind = way->kind, .way = at, .answer = *answer};
    struct watch_attempt attempt = {.at = watch_time(trying->watch),
                                    .kind = way->kind,
                                    .what = trying->trial->what,
                                    .outcome = answer->outcome,
                                    .status = answer->status};

    watch_text(attempt.contact, sizeof(attempt.contact), slice_text(trying->contact->name));
    watch_text(attempt.text, sizeof(attempt.text), slice_text(answer->text));
    if (trying->rc == SH_OK)
        trying->rc = ledger_add(trying->watch, &attempt, at, trying->why);
    trying->trial->done(trying->trial->ctx, &tried);
}

/* A rehearsal is acknowledged as an alarm is, and shows that this works, too. */
static int rehearsal_code(struct watch *watch, const struct tell_contact *contact,
                          char code[WATCH_CODE_BYTES], struct why *why)
{
    uint8_t dice[WATCH_SECRET_BYTES];
    struct watch_key key = {.secret = dice,
                            .channel = WATCH_REHEARSAL,
                            .contact = contact->name,
                            .what = TELL_REHEARSAL};
    struct store_query *query;
    int rc = store_query(watch->store,
                         "INSERT INTO episodes(channel, number, kind, since, opened_at)"
                         " VALUES(?1, (SELECT coalesce(max(number), 0)+1 FROM episodes WHERE"
                         " channel=?1), 0, ?2, ?2) RETURNING number",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    io_random(dice, sizeof(dice));
    store_bind_text(query, 1, WATCH_REHEARSAL);
    store_bind_int(query, 2, watch_time(watch));
    rc = store_step(query, why);
    if (rc == STORE_ROW) {
        key.number = store_int(query, 0);
        rc = store_step(query, why);
    }
    store_done(query);
    if (rc != STORE_END)
        return rc < 0 ? rc : SH_EIO;
    watch_code(&key, code);
    return watch_code_store(watch, &key, code, contact, why);
}

static void names_list(const struct watch *watch, struct why *why)
{
    struct bytes names;

    bytes_init(&names, sizeof(why->text) / 2);
    for (size_t i = 0; i < watch->contacts.count; i++)
        bytes_printf(&names, "%s%s", i ? ", " : "", watch->contacts.contact[i].name);
    bytes_u8(&names, 0);
    (void)why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "no contact has this name; there are: %s",
                  bytes_check(&names, NULL) == SH_OK ? (const char *)names.ptr
                                                     : "too many to list");
    bytes_release(&names);
}

int watch_try(struct watch *watch, const struct watch_trial *trial, struct why *why)
{
    struct trying trying = {.watch = watch, .trial = trial, .why = why};
    struct tell_trial each = {
        .what = trial->what, .now = watch_time(watch), .heard = heard, .ctx = &trying};
    char code[WATCH_CODE_BYTES];
    struct fetcher *fetcher = NULL;
    bool any = false;

    if (fetcher_open(&watch->options->fetch, &fetcher, NULL) != SH_OK)
        fetcher = NULL; /* Commands need none, and the others say so. */
    for (size_t i = 0; i < watch->contacts.count; i++) {
        trying.contact = &watch->contacts.contact[i];
        if (trial->name && strcmp(trial->name, trying.contact->name) != 0)
            continue;
        any = true;
        each.ack_code = NULL;
        if (trial->what == TELL_REHEARSAL &&
            rehearsal_code(watch, trying.contact, code, NULL) == SH_OK)
            each.ack_code = code;
        (void)tell_trial_send(fetcher, &watch->contacts, trying.contact, &each);
    }
    fetcher_close(fetcher);
    if (!any && trial->name && watch->contacts.count) {
        names_list(watch, why);
        return SH_ENOTFOUND;
    }
    if (!any)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                       "there are no contacts: name their file with --contacts");
    return trying.rc == SH_OK ? watch_red_find(watch, why) : trying.rc;
}
