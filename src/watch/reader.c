/*
 * Reading what is new of a copy.  The parsing is done in a cage that holds nothing but a socket
 * to the courier and the memory for its result; what it says is checked again here.
 *
 * A result is 'R', outcome (1 byte), is it another channel (1), size (8), root (32), then text,
 * note, the new state and the document of the newest word, each with its length (4) first; or
 * 'E' and a cause in words.
 */
#include "watch/watch_int.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cage/cage.h"
#include "io/io.h"
#include "proc/proc.h"

/* Not a cap: documents that are kept until it is known which word is the newest. */
#define KEPT 8

struct reading {
    const struct watch_courier *courier;
    const struct channel_id *expected;
    struct slice follow; /* as in the book; empty at first sight */
    int out;
};

/* ---- in the cage ---- */

struct cell {
    int end;
    struct bytes kept[KEPT]; /* documents that were read, newest read last */
    size_t next;
};

static int cell_read(void *ctx, const char *path, struct bytes *out, struct why *why)
{
    struct cell *cell = ctx;
    int rc = watch_courier_read(&cell->end, path, out, why);
    struct bytes *kept = &cell->kept[cell->next % KEPT];

    if (rc != SH_OK || path[0] != 'd' || path[1] != '/')
        return rc;
    cell->next++;
    bytes_release(kept);
    bytes_init(kept, LIMIT_DOCUMENT_BYTES);
    bytes_slice(kept, bytes_view(out));
    if (bytes_check(kept, NULL) != SH_OK)
        bytes_release(kept);
    return rc;
}

/* The kept document that is the word of the facts; empty when it was not read this time. */
static struct slice newest_word(const struct cell *cell, const struct due_facts *facts)
{
    struct slice found = {0};
    struct document doc;
    struct arena arena;

    for (size_t i = 0; i < KEPT && facts->has_word && !found.ptr; i++) {
        if (!cell->kept[i].len)
            continue;
        arena_init(&arena, LIMIT_DOCUMENT_ARENA);
        if (document_parse(bytes_view(&cell->kept[i]), &arena, &doc, NULL) == SH_OK &&
            (doc.kind == DOC_DISPATCH || doc.kind == DOC_CORRECT) &&
            doc.published == facts->word_at)
            found = bytes_view(&cell->kept[i]);
        arena_release(&arena);
    }
    return found;
}

static void put(struct bytes *out, struct slice part)
{
    bytes_u32(out, (uint32_t)part.len);
    bytes_slice(out, part);
}

/* A server that answers with a page of its own says nothing about the channel. */
static void call_it_unreadable(struct follow_result *result)
{
    struct tlog_note note;

    if (result->outcome != FOLLOW_WRONG ||
        tlog_note_parse(bytes_view(&result->note), &note, NULL) == SH_OK)
        return;
    result->outcome = FOLLOW_UNREADABLE;
    (void)snprintf(result->text, sizeof(result->text),
                   "what it answers is not a channel; is the address right?");
}

/*
 * Is what does not hold another channel from the start, by its own words?  Then somebody named
 * the wrong source or the wrong channel, and nothing happened to ours.  A copy that once held
 * ours is not asked: what it shows instead is what became of it, and a reason for an alarm.
 */
static bool is_other(const struct reading *reading, struct cell *cell,
                     const struct follow_result *result)
{
    struct identity identity;
    struct tlog_note note;
    struct arena arena;
    struct bytes raw;
    bool other = false;

    if (result->outcome != FOLLOW_WRONG || !reading->expected || reading->follow.len)
        return false;
    bytes_init(&raw, LIMIT_NOTE_BYTES);
    arena_init(&arena, LIMIT_IDENTITY_ARENA);
    if (cell_read(cell, "id/current", &raw, NULL) == SH_OK &&
        tlog_note_parse(bytes_view(&raw), &note, NULL) == SH_OK &&
        identity_parse(note.text, &arena, &identity, NULL) == SH_OK)
        other = strcmp(identity.channel.text, reading->expected->text) != 0;
    arena_release(&arena);
    bytes_release(&raw);
    return other;
}

static int look(const struct reading *reading, struct cell *cell, struct why *why)
{
    static struct follow follow;
    struct follow_source source = {.read = cell_read,
                                   .ctx = cell,
                                   .expected = reading->expected,
                                   .budget = LIMIT_WATCH_READ_BYTES};
    struct follow_result result = {0};
    struct bytes out, state;
    int rc = SH_OK;

    bytes_init(&out, LIMIT_WATCH_RESULT_BYTES);
    bytes_init(&state, LIMIT_FOLLOW_BYTES);
    bytes_init(&result.note, LIMIT_NOTE_BYTES);
    follow_init(&follow);
    if (reading->follow.len)
        rc = follow_parse(reading->follow, &follow, why);
    if (rc == SH_OK)
        rc = follow_step(&follow, &source, &result, why);
    if (rc == SH_OK) {
        call_it_unreadable(&result);
        bytes_u8(&out, 'R');
        bytes_u8(&out, (uint8_t)result.outcome);
        bytes_u8(&out, is_other(reading, cell, &result));
        bytes_u64(&out, result.size);
        bytes_append(&out, result.root, sizeof(result.root));
        put(&out, slice_text(result.text));
        put(&out, bytes_view(&result.note));
        if (result.outcome == FOLLOW_NEWER)
            follow_build(&follow, &state);
        put(&out, bytes_view(&state));
        put(&out, newest_word(cell, &follow.facts));
        rc = bytes_check(&out, why);
    }
    if (rc == SH_OK && lseek(reading->out, 0, SEEK_SET) != 0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "the result cannot be written");
    if (rc == SH_OK)
        rc = io_write_fd(reading->out, bytes_view(&out), why);
    bytes_release(&out);
    bytes_release(&state);
    bytes_release(&result.note);
    return rc;
}

struct caged {
    const struct reading *reading;
    int end;
};

static int read_caged(void *ctx, const struct proc_side *side, struct why *why)
{
    const struct caged *caged = ctx;
    const int keep[] = {side->fd, caged->end, caged->reading->out};
    const struct cage_rules rules = {.profile = CAGE_COPY,
                                     .keep = keep,
                                     .keep_count = COUNT_OF(keep),
                                     .file_bytes = LIMIT_WATCH_RESULT_BYTES,
                                     .memory_bytes = LIMIT_READER_MEMORY,
                                     .cpu_s = LIMIT_WATCH_READ_S};
    struct cell cell = {.end = caged->end};
    int rc = cage_enter(&rules, NULL, why);

    if (rc == SH_OK)
        rc = look(caged->reading, &cell, why);
    for (size_t i = 0; i < KEPT; i++)
        bytes_release(&cell.kept[i]);
    return rc;
}

/* ---- beside the watch: a courier, a cage, and a second try past caches ---- */

static int read_once(struct reading *reading, bool past_caches, struct why *why)
{
    struct watch_courier courier = *reading->courier;
    struct caged caged = {.reading = reading};
    const struct proc_task task = {.name = "the reader of a copy",
                                   .run = read_caged,
                                   .ctx = &caged,
                                   .timeout_s = LIMIT_WATCH_READ_S};
    pid_t pid = -1;
    int ends[2];
    int rc;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "no sockets are left");
    courier.past_caches = past_caches;
    courier.end = ends[1];
    rc = watch_courier_start(&courier, &pid, why);
    io_close(&ends[1]);
    caged.end = ends[0];
    if (rc == SH_OK)
        rc = proc_run(&task, NULL, why);
    io_close(&ends[0]);
    if (pid > 0) {
        (void)kill(pid, SIGKILL); /* Not waited for yet: the pid is still its own. */
        (void)waitpid(pid, NULL, 0);
    }
    return rc;
}

static bool must_ask_again(int out)
{
    uint8_t head[3];

    return pread(out, head, sizeof(head), 0) == (ssize_t)sizeof(head) && head[0] == 'R' &&
           !head[2] &&
           (head[1] == FOLLOW_WRONG || head[1] == FOLLOW_FORKED || head[1] == FOLLOW_OLDER);
}

static int run(void *ctx, int out)
{
    struct reading *reading = ctx;
    struct why why = {0};
    int rc;

    reading->out = out;
    rc = read_once(reading, false, &why);
    /* A cache between may have mixed two days; asked past it, the server itself answers. */
    if (rc == SH_OK && reading->courier->is_url && must_ask_again(out)) {
        if (reading->courier->state >= 0)
            watch_kept_drop(reading->courier->state, reading->courier->kept);
        rc = ftruncate(out, 0) == 0 ? read_once(reading, true, &why) : SH_EIO;
    }
    if (rc == SH_OK)
        return 0;
    if (reading->courier->state >= 0 &&
        watch_kept_count(reading->courier->state, reading->courier->kept))
        (void)snprintf(why.text, sizeof(why.text),
                       "it is long for this line: %zu tiles of it are here, and the next look "
                       "goes on",
                       watch_kept_count(reading->courier->state, reading->courier->kept));
    if (ftruncate(out, 0) != 0 || pwrite(out, "E", 1, 0) != 1 ||
        pwrite(out, why.text, strlen(why.text), 1) < 0)
        return 1;
    return 0;
}

static void start_one(struct watch *watch, struct watch_source *source, struct watch_job *job)
{
    char kept[WATCH_KEPT_BYTES];
    const struct watch_courier courier = {
        .fetch = &watch->options->fetch,
        .what = source->what,
        .is_url = source->is_url,
        .state = watch->looks_only || watch->lifted[0] ? -1 : watch->dir,
        .kept = kept};
    struct reading reading = {.courier = &courier, .expected = watch->options->expected};
    const struct watch_task task = {
        .name = "a reader", .run = run, .ctx = &reading, .timeout_s = 2 * LIMIT_WATCH_READ_S};
    struct why why = {0};
    struct bytes raw;
    int rc;

    watch_kept_path(source->what, kept);
    bytes_init(&raw, LIMIT_FOLLOW_BYTES);
    rc = watch_follow_load(watch, source->what, &raw, &why);
    reading.follow = bytes_view(&raw);
    if (!source->channel.text[0])
        reading.follow.len = 0; /* What the book held was not readable: begin anew. */
    if (rc == SH_OK)
        rc = watch_job_start(job, &task, &why);
    if (rc == SH_OK) {
        job->work = WATCH_READING;
        job->source = (size_t)(source - watch->source);
        source->phase = WATCH_READS;
    } else {
        watch_source_said(watch, source, why.text);
        source->phase = WATCH_SETTLED;
    }
    bytes_release(&raw);
}

/* Copies that failed of late come after those that did not: they cannot hold these up. */
void watch_read_start(struct watch *watch)
{
    for (size_t j = 0; j < LIMIT_WATCH_READERS; j++) {
        struct watch_source *next = NULL;

        if (watch->job[j].work != WATCH_NO_WORK)
            continue;
        for (size_t i = 0; i < watch->sources; i++) {
            struct watch_source *source = &watch->source[i];

            if (source->phase == WATCH_WANTS_READER &&
                (!next || source->failures < next->failures))
                next = source;
        }
        if (!next)
            return;
        start_one(watch, next, &watch->job[j]);
    }
}

/* ---- what came back ---- */

struct answer {
    enum follow_outcome outcome;
    bool other;
    uint64_t size;
    uint8_t root[TLOG_HASH_BYTES];
    struct slice text, note, follow, word;
};

static struct slice take(struct cursor *cur)
{
    uint32_t len = rd_u32(cur);

    return rd_bytes(cur, len);
}

static bool answer_parse(struct slice raw, struct answer *out)
{
    struct cursor cur = cursor_of(raw);
    struct slice root;
    uint8_t outcome, other;

    if (rd_u8(&cur) != 'R')
        return false;
    outcome = rd_u8(&cur);
    other = rd_u8(&cur);
    out->other = other == 1;
    out->outcome = (enum follow_outcome)outcome;
    out->size = rd_u64(&cur);
    root = rd_bytes(&cur, TLOG_HASH_BYTES);
    out->text = take(&cur);
    out->note = take(&cur);
    out->follow = take(&cur);
    out->word = take(&cur);
    if (cur.failed || rd_left(&cur) || outcome > FOLLOW_UNREADABLE || other > 1 ||
        out->size > LIMIT_LOG_SIZE || out->word.len > LIMIT_DOCUMENT_BYTES)
        return false;
    memcpy(out->root, root.ptr, TLOG_HASH_BYTES);
    return true;
}

/*
 * Does what this copy passed agree with what the others of its channel passed?  Those at odds
 * count, too: what the book holds of them was checked and signed.
 */
static bool agrees_with_others(struct watch *watch, const struct watch_source *source,
                               const struct follow *mine, uint64_t *size)
{
    /* RAW: too large for the stack. */
    struct follow *other = calloc(1, sizeof(*other));
    struct bytes raw;
    bool agree = true;

    if (!other)
        return true; /* Looked at again when either of them grows. */
    bytes_init(&raw, LIMIT_FOLLOW_BYTES);
    for (size_t i = 0; i < watch->sources && agree; i++) {
        const struct watch_source *each = &watch->source[i];

        if (each == source || !each->size || each->branch != mine->branch ||
            strcmp(each->channel.text, mine->channel.text) != 0)
            continue;
        if (watch_follow_load(watch, each->what, &raw, NULL) == SH_OK &&
            follow_parse(bytes_view(&raw), other, NULL) == SH_OK)
            agree = follow_agrees(&mine->trail, &other->trail, size);
    }
    bytes_release(&raw);
    free(other);
    return agree;
}

static void at_odds(struct watch *watch, struct watch_source *source, const char *text,
                    struct slice note)
{
    if (!source->at_odds)
        io_say("warning", "watch", "odds", "source=%zu", (size_t)(source - watch->source) + 1);
    source->at_odds = true;
    source->changed = true;
    source->failures++;
    watch_evidence_keep(watch, note);
    watch_evidence_others(watch, source);
    watch_source_said(watch, source, text);
}

static void heard(struct watch *watch, struct watch_source *source)
{
    if (source->at_odds || source->failures)
        io_say("info", "watch", "again", "source=%zu", (size_t)(source - watch->source) + 1);
    memcpy(source->seen, source->fresh, sizeof(source->seen));
    source->at_odds = source->other = false;
    source->failures = 0;
    source->heard = true;
    source->changed = true;
    source->text[0] = '\0';
}

/*
 * Never ours: whoever set it up hears of it, the contacts do not.  It counts neither as a copy
 * nor as one that is missing.
 */
static void other(struct watch *watch, struct watch_source *source, const char *text)
{
    char said[64];
    size_t number = (size_t)(source - watch->source) + 1;

    if (!source->other) {
        io_say("error", "watch", "other", "source=%zu channel=another", number);
        (void)snprintf(said, sizeof(said), "source %zu is another channel", number);
        if (!watch->looks_only)
            watch_book_error(watch->store, watch_time(watch), said);
    }
    source->other = true;
    source->changed = source->changed || source->at_odds;
    source->at_odds = false;
    source->failures++;
    watch_source_said(watch, source, text);
}

static void grown(struct watch *watch, struct watch_source *source, const struct answer *answer)
{
    /* RAW: too large for the stack. */
    struct follow *follow = calloc(1, sizeof(*follow));
    const struct watch_grown news = {.follow = answer->follow, .note = answer->note};
    char text[120];
    uint64_t size = 0;

    if (!follow || follow_parse(answer->follow, follow, NULL) != SH_OK ||
        (source->channel.text[0] && strcmp(source->channel.text, follow->channel.text) != 0)) {
        watch_source_said(watch, source, "the reader's answer makes no sense");
        free(follow);
        return;
    }
    if (!agrees_with_others(watch, source, follow, &size)) {
        (void)snprintf(text, sizeof(text),
                       "it and another copy were signed with different histories, from entry "
                       "%llu on",
                       (unsigned long long)(size ? size - 1 : 0));
        at_odds(watch, source, text, answer->note);
    } else if (watch_source_grown(watch, source, follow, &news) == SH_OK) {
        watch_channel_word(watch, source, answer->word);
        heard(watch, source);
    }
    free(follow);
}

void watch_read_ended(struct watch *watch, struct watch_job *job, struct slice result)
{
    struct watch_source *source = &watch->source[job->source];
    struct answer answer;
    char text[240], kept[WATCH_KEPT_BYTES];

    source->phase = WATCH_SETTLED;
    if (!answer_parse(result, &answer)) {
        watch_text(text, sizeof(text),
                   result.len > 1 && result.ptr[0] == 'E'
                       ? slice_sub(result, 1, result.len - 1)
                       : slice_text("it took too long to read"));
        source->failures++;
        watch_source_said(watch, source, text);
        return;
    }
    watch_text(text, sizeof(text), answer.text);
    if (answer.outcome != FOLLOW_UNREADABLE && !watch->looks_only) {
        watch_kept_path(source->what, kept); /* Read to the end: nothing is left to keep. */
        watch_kept_drop(watch->dir, kept);
    }
    if (answer.other && answer.outcome == FOLLOW_WRONG && !source->channel.text[0]) {
        other(watch, source, text);
        return;
    }
    switch (answer.outcome) {
    case FOLLOW_SAME:
        heard(watch, source);
        return;
    case FOLLOW_NEWER:
        grown(watch, source, &answer);
        return;
    case FOLLOW_OLDER:
    case FOLLOW_FORKED:
    case FOLLOW_WRONG:
        at_odds(watch, source, text, answer.note);
        return;
    case FOLLOW_UNREADABLE:
        break;
    }
    source->failures++;
    watch_source_said(watch, source, text);
}
