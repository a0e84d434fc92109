/* From an event to a message that waits in the book, and who is to be told at all. */
#include "watch/watch_int.h"

#include <stdio.h>
#include <sys/stat.h>

#include "io/io.h"

/* Not a cap: later than anything. */
#define NEVER_S (UINT64_C(1) << 40)
/* Not a cap: so long may the ways of a contact fail before the next is told (safety.md 2.3). */
#define HAND_ON_S 900

/* ---- contacts and their bits ---- */

static int slot_of(struct watch *watch, const char *name, int *slot, struct why *why)
{
    struct store_query *query;
    int rc = store_query(watch->store, "SELECT slot FROM contacts WHERE name=?1", &query, why);

    *slot = -1;
    if (rc != SH_OK)
        return rc;
    store_bind_text(query, 1, name);
    rc = store_step(query, why);
    if (rc == STORE_ROW && store_int(query, 0) < LIMIT_CONTACTS)
        *slot = (int)store_int(query, 0);
    store_done(query);
    return rc < 0 ? rc : SH_OK;
}

/* The lowest bit that nobody has, or that only somebody has who is no contact any more. */
static int slot_free(struct watch *watch, int *slot, struct why *why)
{
    struct store_query *query;
    uint64_t taken = 0, stale = 0;
    int rc = store_query(watch->store, "SELECT slot, name FROM contacts", &query, why);

    if (rc != SH_OK)
        return rc;
    while ((rc = store_step(query, why)) == STORE_ROW) {
        char name[33];
        uint64_t at = store_int(query, 0);

        watch_text(name, sizeof(name), store_blob(query, 1));
        if (at >= LIMIT_CONTACTS)
            continue;
        taken |= UINT64_C(1) << at;
        if (!tell_contact_find(&watch->contacts, name))
            stale |= UINT64_C(1) << at;
    }
    store_done(query);
    for (int i = 2 * LIMIT_CONTACTS - 1; i >= 0 && rc >= 0; i--) {
        uint64_t bit = UINT64_C(1) << (i % LIMIT_CONTACTS);

        if (i < LIMIT_CONTACTS ? !(taken & bit) : (stale & bit) != 0)
            *slot = i % LIMIT_CONTACTS;
    }
    return rc < 0 ? rc : SH_OK;
}

static bool slot_clear(struct alarm *alarm, int slot)
{
    const uint64_t bit = UINT64_C(1) << slot;
    bool had = false;

    for (int kind = 0; kind < ALARM_KINDS; kind++) {
        had = had || (alarm->episode[kind].told & bit) != 0;
        alarm->episode[kind].told &= ~bit;
    }
    return had;
}

static int alarm_store(struct watch *watch, const char *id, struct slice alarm, struct why *why)
{
    struct store_query *query;
    int rc = store_query(watch->store, "UPDATE channels SET alarm=?1 WHERE id=?2", &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_blob(query, 1, alarm);
    store_bind_text(query, 2, id);
    return store_run(query, why);
}

/* The channel with this place in the book.  STORE_END: there are not so many. */
static int row_clear(struct watch *watch, uint64_t at, int slot, struct why *why)
{
    char id[CHANNEL_ID_CHARS + 1];
    struct alarm_clock clock;
    struct store_query *query;
    struct alarm alarm;
    struct bytes state;
    bool had = false;
    int rc = store_query(watch->store,
                         "SELECT id, alarm FROM channels ORDER BY id LIMIT 1 OFFSET ?1", &query,
                         why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, at);
    rc = store_step(query, why);
    if (rc == STORE_ROW) {
        watch_text(id, sizeof(id), store_blob(query, 0));
        had = alarm_parse(store_blob(query, 1), &alarm, &clock, NULL) == SH_OK &&
              slot_clear(&alarm, slot);
    }
    store_done(query);
    if (!had)
        return rc;
    bytes_init(&state, LIMIT_FOLLOW_BYTES);
    alarm_build(&alarm, &clock, &state);
    rc = bytes_check(&state, why);
    if (rc == SH_OK)
        rc = alarm_store(watch, id, bytes_view(&state), why);
    bytes_release(&state);
    return rc == SH_OK ? STORE_ROW : rc;
}

/* A bit that changes hands says nothing about the new person: in no channel of the book. */
static int slots_clear(struct watch *watch, int slot, struct why *why)
{
    int rc = STORE_ROW;

    for (uint64_t at = 0; rc == STORE_ROW; at++)
        rc = row_clear(watch, at, slot, why);
    for (size_t i = 0; i < watch->channels; i++)
        (void)slot_clear(&watch->channel[i].alarm, slot); /* Told or not: now it is not. */
    return rc < 0 ? rc : SH_OK;
}

static int slot_store(struct watch *watch, const char *name, int *slot, struct why *why)
{
    struct store_query *query;
    int rc = slot_free(watch, slot, why);

    if (rc == SH_OK)
        rc = slots_clear(watch, *slot, why);
    if (rc == SH_OK)
        rc = store_query(watch->store,
                         "INSERT OR REPLACE INTO contacts(name, slot) VALUES(?1, ?2)", &query,
                         why);
    if (rc != SH_OK)
        return rc;
    store_bind_text(query, 1, name);
    store_bind_int(query, 2, (uint64_t)*slot);
    return store_run(query, why);
}

/* Who has the bit and what the bits say change together. */
static int slot_give(struct watch *watch, const char *name, int *slot, struct why *why)
{
    int rc = store_begin(watch->store, STORE_DURABLE, why);

    if (rc == SH_OK)
        rc = slot_store(watch, name, slot, why);
    if (rc == SH_OK)
        rc = store_commit(watch->store, why);
    store_end(watch->store);
    return rc;
}

static int slots_find(struct watch *watch, struct why *why)
{
    int rc = SH_OK;

    for (size_t i = 0; i < watch->contacts.count && rc == SH_OK; i++) {
        rc = slot_of(watch, watch->contacts.contact[i].name, &watch->slot[i], why);
        if (rc == SH_OK && watch->slot[i] < 0 && watch->looks_only)
            watch->slot[i] = (int)i;
        else if (rc == SH_OK && watch->slot[i] < 0)
            rc = slot_give(watch, watch->contacts.contact[i].name, &watch->slot[i], why);
    }
    return rc;
}

static void stamp_take(const char *path, struct watch_stamp *out)
{
    struct stat st;

    *out = (struct watch_stamp){0};
    if (stat(path, &st) != 0)
        return;
    *out = (struct watch_stamp){.inode = st.st_ino,
                                .bytes = (uint64_t)st.st_size,
                                .changed_s = st.st_ctim.tv_sec,
                                .changed_ns = st.st_ctim.tv_nsec};
}

static int contacts_read(struct watch *watch, struct why *why)
{
    int rc;

    stamp_take(watch->options->contacts, &watch->contacts_stamp);
    rc = tell_contacts_read(watch->options->contacts, &watch->contacts_arena, &watch->contacts,
                            why);
    if (rc == SH_OK && !watch->contacts.zone)
        watch->contacts.zone = watch->options->zone;
    return rc;
}

int watch_contacts_load(struct watch *watch, struct why *why)
{
    int rc;

    if (!watch->options->contacts)
        return SH_OK;
    rc = contacts_read(watch, why);
    return rc == SH_OK ? slots_find(watch, why) : rc;
}

/* Whoever was to be told is told until there is a file that names somebody. */
void watch_contacts_again(struct watch *watch, bool ask)
{
    const struct tell_contacts before = watch->contacts;
    struct arena arena = watch->contacts_arena;
    struct watch_stamp stamp;
    struct why why = {0};
    char text[240];
    int rc;

    if (!watch->options->contacts || watch->looks_only)
        return;
    stamp_take(watch->options->contacts, &stamp);
    if (!ask && memcmp(&stamp, &watch->contacts_stamp, sizeof(stamp)) == 0)
        return;
    arena_init(&watch->contacts_arena, LIMIT_CONTACTS_ARENA);
    rc = contacts_read(watch, &why);
    if (rc == SH_OK)
        rc = slots_find(watch, &why);
    if (rc == SH_OK) {
        arena_release(&arena);
        io_say("info", "watch", "contacts", "count=%zu", watch->contacts.count);
        return;
    }
    arena_release(&watch->contacts_arena);
    watch->contacts_arena = arena;
    watch->contacts = before;
    if (slots_find(watch, NULL) != SH_OK)
        watch->contacts_stamp = (struct watch_stamp){0}; /* The next look tries again. */
    /* Without the cause: it may quote how people are reached. */
    io_say("error", "watch", "contacts", "kept=before see=status");
    (void)snprintf(text, sizeof(text), "the contacts stay as they were: %.200s", why.text);
    watch_book_error(watch->store, watch_time(watch), text);
}

void watch_rules(const struct watch *watch, struct alarm_rules *rules)
{
    *rules = (struct alarm_rules){.silence_s = watch->contacts.silence_s};
    if (!rules->silence_s)
        rules->silence_s = 3600;
    if (!watch->contacts.count)
        return;
    rules->contacts = LIMIT_CONTACTS;
    for (size_t i = 0; i < LIMIT_CONTACTS; i++)
        rules->after_s[i] = NEVER_S;
    for (size_t i = 0; i < watch->contacts.count; i++) {
        rules->after_s[watch->slot[i]] = watch->contacts.contact[i].after_s;
        rules->wants_good[watch->slot[i]] = watch->contacts.contact[i].good;
    }
}

static const struct tell_contact *contact_at(const struct watch *watch, size_t slot)
{
    for (size_t i = 0; i < watch->contacts.count; i++)
        if (watch->slot[i] == (int)slot)
            return &watch->contacts.contact[i];
    return NULL;
}

/* ---- a message ---- */

static enum tell_what what_of(const struct alarm_event *event)
{
    if (event->what == ALARM_OVER)
        return TELL_OVER;
    if (event->what == ALARM_GOOD)
        return TELL_GOOD;
    return event->kind == ALARM_LATE     ? TELL_LATE
           : event->kind == ALARM_SILENT ? TELL_SILENT
                                         : TELL_DISAGREE;
}

int watch_code_store(struct watch *watch, const struct watch_key *key, const char *code,
                     const struct tell_contact *contact, struct why *why)
{
    const char *zone = tell_zone(&watch->contacts, contact);
    uint8_t hash[CRYPT_DIGEST_BYTES];
    struct store_query *query;
    int rc = store_query(watch->store,
                         "INSERT OR REPLACE INTO codes(hash, channel, number, contact, lang,"
                         " zone) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    watch_code_hash(slice_text(code), hash);
    store_bind_blob(query, 1, slice_of(hash, sizeof(hash)));
    store_bind_text(query, 2, key->channel);
    store_bind_int(query, 3, key->number);
    store_bind_text(query, 4, key->contact);
    store_bind_int(query, 5, contact->lang);
    store_bind_text(query, 6, zone ? zone : "");
    return store_run(query, why);
}

struct written {
    struct watch_key key;
    char message_id[WATCH_MESSAGE_ID_BYTES];
    struct bytes subject, body;
};

/*
 * Once only, though a step may be done again after a crash.  Should an older episode have left
 * a message with the same id, the new one takes its place: nobody was told of this one yet.
 */
static int message_store(struct watch *watch, const struct written *written, uint64_t now,
                         struct why *why)
{
    struct store_query *query;
    int rc = store_query(watch->store,
                         "INSERT INTO queue(message, contact, channel, number, what,"
                         " subject, body, created, next_try)"
                         " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)"
                         " ON CONFLICT(message) DO UPDATE SET channel=?3, number=?4,"
                         " subject=?6, body=?7, created=?8, next_try=?8, attempts=0, state=0,"
                         " state_at=0 WHERE what<=?9 AND created<(SELECT opened_at"
                         " FROM episodes WHERE channel=?3 AND number=?4)",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_text(query, 1, written->message_id);
    store_bind_text(query, 2, written->key.contact);
    store_bind_text(query, 3, written->key.channel);
    store_bind_int(query, 4, written->key.number);
    store_bind_int(query, 5, written->key.what);
    store_bind_blob(query, 6, bytes_view(&written->subject));
    store_bind_blob(query, 7, bytes_view(&written->body));
    store_bind_int(query, 8, now);
    store_bind_int(query, 9, TELL_DISAGREE);
    return store_run(query, why);
}

static void words(struct watch *watch, const struct watch_channel *channel,
                  const struct tell_contact *contact, struct written *written, const char *code)
{
    const struct alarm_view *view = &channel->view;
    struct document doc;
    struct arena arena;
    struct tell_facts facts = {.what = written->key.what,
                               .channel_name = channel->name,
                               .now = view->now,
                               .due_by = view->due.promised ? view->due.by : 0,
                               .word_at = view->facts.has_word ? view->facts.word_at : 0,
                               .heard_at = view->heard_at,
                               .copies = view->copies,
                               .heard = view->heard,
                               .agree = view->agree,
                               .ack_code = code,
                               .message_id = written->message_id,
                               .doubtful_clock = watch->clock.doubtful};

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    if (contact->words && channel->word.len && view->facts.has_word &&
        channel->word_index == view->facts.word_index &&
        document_parse(bytes_view(&channel->word), &arena, &doc, NULL) == SH_OK &&
        doc.published == view->facts.word_at) /* Else it was withdrawn since: said no more. */
        facts.word = &doc;
    tell_words(&watch->contacts, contact, &facts, &written->subject, &written->body);
    arena_release(&arena);
}

/* Was the contact ever told, as far as the book knows?  Then he also hears that it is over. */
static int was_told(struct watch *watch, const struct watch_key *key, bool *told,
                    struct why *why)
{
    struct store_query *query;
    int rc = store_query(watch->store,
                         "SELECT state, attempts FROM queue WHERE channel=?1 AND number=?2 AND"
                         " contact=?3 AND what<=?4",
                         &query, why);

    *told = false;
    if (rc != SH_OK)
        return rc;
    store_bind_text(query, 1, key->channel);
    store_bind_int(query, 2, key->number);
    store_bind_text(query, 3, key->contact);
    store_bind_int(query, 4, TELL_DISAGREE);
    while ((rc = store_step(query, why)) == STORE_ROW)
        *told = *told || store_int(query, 0) == WATCH_ACCEPTED || store_int(query, 1) > 0;
    store_done(query);
    return rc < 0 ? rc : SH_OK;
}

int watch_queue_event(struct watch *watch, struct watch_channel *channel,
                      const struct alarm_event *event, struct why *why)
{
    const struct tell_contact *contact = contact_at(watch, event->contact);
    struct written written = {.key = {.secret = watch->secret,
                                      .channel = channel->id.text,
                                      .number = event->episode,
                                      .what = what_of(event)}};
    char code[WATCH_CODE_BYTES];
    bool told = true;
    int rc = SH_OK;

    if (!contact)
        return SH_OK;
    written.key.contact = contact->name;
    if (event->what == ALARM_OVER)
        rc = was_told(watch, &written.key, &told, why);
    if (rc != SH_OK || !told)
        return rc;
    bytes_init(&written.subject, LIMIT_DOCUMENT_BYTES);
    bytes_init(&written.body, LIMIT_DOCUMENT_BYTES);
    watch_message_id(&written.key, written.message_id);
    watch_code(&written.key, code);
    if (event->what == ALARM_TELL)
        rc = watch_code_store(watch, &written.key, code, contact, why);
    words(watch, channel, contact, &written, event->what == ALARM_TELL ? code : NULL);
    if (rc == SH_OK)
        rc = bytes_check(&written.subject, why);
    if (rc == SH_OK)
        rc = bytes_check(&written.body, why);
    if (rc == SH_OK)
        rc = message_store(watch, &written, channel->view.now, why);
    bytes_release(&written.subject);
    bytes_release(&written.body);
    return rc;
}

static int lost_to(struct watch *watch, const struct tell_contact *contact, struct why *why)
{
    uint64_t now = watch_time(watch);
    struct written written = {.key = {.secret = watch->secret,
                                      .channel = "",
                                      .contact = contact->name,
                                      .number = now,
                                      .what = TELL_LOST}};
    struct tell_facts facts = {.what = TELL_LOST, .now = now};
    int rc;

    bytes_init(&written.subject, LIMIT_DOCUMENT_BYTES);
    bytes_init(&written.body, LIMIT_DOCUMENT_BYTES);
    watch_message_id(&written.key, written.message_id);
    facts.message_id = written.message_id;
    tell_words(&watch->contacts, contact, &facts, &written.subject, &written.body);
    rc = bytes_check(&written.subject, why);
    if (rc == SH_OK)
        rc = bytes_check(&written.body, why);
    if (rc == SH_OK)
        rc = message_store(watch, &written, now, why);
    bytes_release(&written.subject);
    bytes_release(&written.body);
    return rc;
}

int watch_queue_lost(struct watch *watch, struct why *why)
{
    int rc = store_begin(watch->store, STORE_DURABLE, why);

    for (size_t i = 0; i < watch->contacts.count && rc == SH_OK; i++)
        rc = lost_to(watch, &watch->contacts.contact[i], why);
    if (rc == SH_OK)
        rc = store_commit(watch->store, why);
    store_end(watch->store);
    return rc;
}

int watch_queue_stop(struct watch *watch, const struct watch_channel *channel, uint64_t number,
                     struct why *why)
{
    struct store_query *query;
    int rc = store_query(watch->store,
                         "UPDATE queue SET state=?1, state_at=?2 WHERE state=0 AND channel=?3"
                         " AND number=?4 AND what<=?5",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, WATCH_STOPPED);
    store_bind_int(query, 2, channel->view.now);
    store_bind_text(query, 3, channel->id.text);
    store_bind_int(query, 4, number);
    store_bind_int(query, 5, TELL_DISAGREE);
    return store_run(query, why);
}

/* ---- handing on ---- */

/*
 * The next one by time who was not told of it yet; -1: nobody is left.  failing is NULL when it
 * is no contact any more: then whoever would be told first of those who were not.
 */
static int next_after(const struct watch *watch, const struct tell_contact *failing,
                      uint64_t told)
{
    const struct tell_contact *best = NULL;
    int slot = -1;

    for (size_t i = 0; i < watch->contacts.count; i++) {
        const struct tell_contact *each = &watch->contacts.contact[i];
        bool later = failing ? each->after_s > failing->after_s ||
                                   (each->after_s == failing->after_s && each > failing)
                             : !(told & (UINT64_C(1) << watch->slot[i]));

        if (!later || (best && each->after_s >= best->after_s))
            continue;
        best = each;
        slot = watch->slot[i];
    }
    return slot >= 0 && !(told & (UINT64_C(1) << slot)) ? slot : -1;
}

/* Those whose message about an episode no way took in time. */
struct failing {
    char name[LIMIT_CONTACTS][33];
    bool newest[LIMIT_CONTACTS]; /* nobody was told after this one */
    size_t count;
};
/* What comes from a clock that was far ahead waited long enough, too. */
static int failing_find(struct watch *watch, const struct watch_channel *channel,
                        uint64_t number, struct failing *out, struct why *why)
{
    struct store_query *query;
    int rc = store_query(watch->store,
                         "SELECT contact, id=(SELECT max(id) FROM queue WHERE channel=?1 AND"
                         " number=?2 AND what<=?3) FROM queue WHERE channel=?1 AND number=?2"
                         " AND what<=?3 AND state IN (0, 3)"
                         " AND (created+?4<=?5 OR created>?5+?4)",
                         &query, why);

    out->count = 0;
    if (rc != SH_OK)
        return rc;
    store_bind_text(query, 1, channel->id.text);
    store_bind_int(query, 2, number);
    store_bind_int(query, 3, TELL_DISAGREE);
    store_bind_int(query, 4, HAND_ON_S);
    store_bind_int(query, 5, channel->view.now);
    while ((rc = store_step(query, why)) == STORE_ROW)
        if (out->count < LIMIT_CONTACTS) {
            out->newest[out->count] = store_int(query, 1) != 0;
            watch_text(out->name[out->count++], sizeof(out->name[0]), store_blob(query, 0));
        }
    store_done(query);
    return rc < 0 ? rc : SH_OK;
}

static int hand_on_kind(struct watch *watch, struct watch_channel *channel,
                        enum alarm_kind kind, struct why *why)
{
    struct alarm_episode *episode = &channel->alarm.episode[kind];
    struct failing failing;
    int rc = failing_find(watch, channel, episode->number, &failing, why);

    for (size_t i = 0; i < failing.count && rc == SH_OK; i++) {
        const struct tell_contact *contact =
            tell_contact_find(&watch->contacts, failing.name[i]);
        int next =
            contact || failing.newest[i] ? next_after(watch, contact, episode->told) : -1;
        struct alarm_event event = {
            .what = ALARM_TELL, .kind = kind, .episode = episode->number};

        if (next < 0)
            continue;
        episode->told |= UINT64_C(1) << next;
        event.contact = (size_t)next;
        rc = watch_queue_event(watch, channel, &event, why);
    }
    return rc;
}

int watch_queue_hand_on(struct watch *watch, struct watch_channel *channel, struct why *why)
{
    int rc = SH_OK;

    for (int kind = 0; kind < ALARM_KINDS && rc == SH_OK && watch->contacts.count; kind++) {
        const struct alarm_episode *episode = &channel->alarm.episode[kind];

        if (episode->open && !episode->acked && episode->told)
            rc = hand_on_kind(watch, channel, (enum alarm_kind)kind, why);
    }
    return rc;
}
