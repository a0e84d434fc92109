/*
 * The loop: a round of questions at a time, readers for what is new, one judgement when all
 * have answered or had their time, and senders for what waits.  Nothing blocks but poll().
 */
#include "watch/watch_int.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>

#include "fetcher/fetcher.h"
#include "io/io.h"

/* Not a cap: a copy that has not settled by then does not hold up judging the others. */
#define PATIENCE_MS 100000

/* Not a cap: so often, a second apart, a single look tries to write what was answered. */
#define RECORD_TRIES 5

static volatile sig_atomic_t stopped, asked_again;

static void on_stop(int number)
{
    (void)number;
    stopped = 1;
}

static void on_again(int number)
{
    (void)number;
    asked_again = 1;
}

/* ---- opening and closing ---- */

static void book_lift(struct watch *watch)
{
    struct store *store = NULL;
    struct why why = {0};

    if (!watch->store || watch->looks_only || watch->lifted[0])
        return;
    if (watch_book_lift(watch->store, watch->options->state_dir, watch->lifted, &store, &why) !=
        SH_OK) {
        io_say("error", "watch", "lift", "cause=\"%s\"", why.text);
        return;
    }
    io_say("error", "watch", "lift", "book=memory");
    store_close(watch->store);
    watch->store = store;
}

/* As soon as the disk lets it: those who acknowledge and the page look there. */
static void book_return(struct watch *watch)
{
    struct store *store = NULL;

    if (!watch->lifted[0] ||
        watch_book_return(watch->options->state_dir, watch->lifted, &store, NULL) != SH_OK)
        return;
    io_say("info", "watch", "lift", "book=disk");
    store_close(watch->store);
    watch->store = store;
    watch_book_drop(watch->lifted, WATCH_WITH_FOLDER);
}

/* What a full disk will be met with is made while there is room. */
static void room_keep(struct watch *watch)
{
    struct why why = {0};

    if (watch->looks_only || watch->lifted[0])
        return;
    watch_book_room_keep(watch->dir);
    if (watch_book_reserve(watch->store, &why) != SH_OK && !watch->no_reserve)
        io_say("warning", "watch", "reserve", "cause=\"%s\"", why.text);
    watch->no_reserve = why.code != SH_OK;
}

/* The book on the disk; else, and where a watch that was killed left it, in memory. */
static int open_own(struct watch *watch, struct why *why)
{
    const char *state = watch->options->state_dir;
    struct why first = {0};
    int rc;

    if (watch_book_lifted(state, STORE_WRITE, watch->lifted, &watch->store)) {
        book_return(watch);
        if (watch->lifted[0])
            io_say("error", "watch", "lift", "book=memory");
        return SH_OK;
    }
    watch->lifted[0] = '\0';
    rc = watch_book_open(state, STORE_WRITE, &watch->store, &first);
    if (rc == SH_EIO && watch_book_room_give(watch->dir))
        rc = watch_book_open(state, STORE_WRITE, &watch->store, NULL);
    if (rc == SH_OK)
        rc = watch_book_whole(watch->store, &first);
    if (rc == SH_EIO && watch_book_open(state, STORE_READ, &watch->store, NULL) == SH_OK) {
        book_lift(watch);
        rc = watch->lifted[0] ? SH_OK : rc;
    }
    return rc == SH_OK ? rc : why_set(why, rc, first.offset, "%s", first.text);
}

/* Better to watch on without a memory than to end again and again while nobody is told. */
static int begin_anew(struct watch *watch, struct why *why)
{
    const char *state = watch->options->state_dir;
    int rc;

    store_close(watch->store);
    watch->store = NULL;
    rc = watch_book_set_aside(watch->dir, why);
    io_close(&watch->dir);
    if (rc == SH_OK)
        rc = watch_book_make(state, &watch->dir, why);
    if (rc == SH_OK)
        rc = watch_book_open(state, STORE_WRITE, &watch->store, why);
    if (rc != SH_OK)
        return rc;
    io_say("error", "watch", "book", "damaged=yes kept=yes begins=anew");
    watch_book_error(watch->store, io_now(),
                     "its book was damaged: it begins anew, and what it knew of earlier states "
                     "of the copies is lost (the old one is kept beside it as damaged-*.db)");
    return SH_OK;
}

static int open_state(struct watch *watch, struct why *why)
{
    const char *state = watch->options->state_dir;
    struct why first = {0};
    int rc = watch_book_make(state, &watch->dir, why);

    if (rc == SH_OK && !watch->options->only_try)
        rc = io_lock(watch->dir, "lock", 0, &watch->lock, why);
    if (rc == SH_ECONFLICT) {
        *why = (struct why){0};
        rc = SH_OK;
    }
    watch->looks_only = watch->lock < 0;
    if (rc == SH_OK && watch->looks_only)
        rc = watch_book_newest(state, watch->options->only_try ? STORE_WRITE : STORE_READ,
                               &watch->store, why);
    else if (rc == SH_OK)
        rc = open_own(watch, &first);
    if (rc == SH_EFORMAT && !watch->looks_only && watch->lock >= 0)
        rc = begin_anew(watch, why);
    else if (rc != SH_OK && first.code != SH_OK)
        *why = first;
    if (rc != SH_OK)
        return rc;
    room_keep(watch);
    return watch_book_secret(watch->store, watch->secret, why);
}

static int round_load(struct watch *watch, struct why *why)
{
    return store_number(watch->store, "SELECT round_at FROM about", &watch->round_at, why);
}

static int load(struct watch *watch, struct why *why)
{
    int rc = watch_sources_load(watch, why);

    if (rc == SH_OK)
        rc = watch_channels_load(watch, why);
    if (rc == SH_OK)
        rc = watch_contacts_load(watch, why);
    if (rc == SH_OK)
        rc = round_load(watch, why);
    if (rc == SH_OK && !watch->looks_only && watch_book_untold(watch->dir)) {
        rc = watch_queue_lost(watch, why);
        if (rc == SH_OK) /* Killed before this, they are told twice. */
            rc = watch_book_told(watch->dir, why);
    }
    return rc == SH_OK ? watch_red_find(watch, why) : rc;
}

int watch_open(const struct watch_options *options, struct watch **out, struct why *why)
{
    size_t sources = options->source_count;
    /* RAW: one for the process; its size depends on the number of sources alone. */
    struct watch *watch = calloc(1, sizeof(*watch));
    int rc = SH_OK;

    if (sources > LIMIT_SOURCES || (!sources && !options->only_try)) {
        free(watch);
        return why_set(why, SH_EARG, WHY_NOWHERE, "%zu sources; 1 to %d can be watched",
                       sources, LIMIT_SOURCES);
    }
    if (!watch)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    watch->options = options;
    watch->dir = watch->lock = -1;
    for (size_t i = 0; i < COUNT_OF(watch->job); i++)
        watch->job[i].alive = watch->job[i].out = -1;
    arena_init(&watch->arena, (sources + 1) * LIMIT_HOME_BYTES * 2);
    arena_init(&watch->contacts_arena, LIMIT_CONTACTS_ARENA);
    /* RAW: as above. */
    watch->source = calloc(sources + 1, sizeof(*watch->source));
    /* RAW: as above; one more for a channel whose name is not known yet. */
    watch->channel = calloc(sources + 2, sizeof(*watch->channel));
    if (!watch->source || !watch->channel)
        rc = why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    if (rc == SH_OK)
        rc = open_state(watch, why);
    if (rc == SH_OK)
        rc = load(watch, why);
    if (rc == SH_OK)
        *out = watch;
    else
        watch_close(watch);
    return rc;
}

void watch_close(struct watch *watch)
{
    if (!watch)
        return;
    for (size_t i = 0; i < COUNT_OF(watch->job); i++)
        watch_job_stop(&watch->job[i]);
    fetcher_close(watch->fetcher);
    book_return(watch);
    store_close(watch->store);
    watch_book_leave(watch->lifted);
    for (size_t i = 0; i < watch->channels; i++)
        bytes_release(&watch->channel[i].word);
    wipe(watch->secret, sizeof(watch->secret));
    arena_release(&watch->contacts_arena);
    arena_release(&watch->arena);
    io_close(&watch->lock);
    io_close(&watch->dir);
    free(watch->source);
    free(watch->channel);
    free(watch);
}

/* ---- one turn ---- */

static void reap(struct watch *watch)
{
    struct bytes result;

    bytes_init(&result, LIMIT_WATCH_RESULT_BYTES);
    for (size_t i = 0; i < COUNT_OF(watch->job); i++) {
        struct watch_job *job = &watch->job[i];
        enum watch_work work = job->work;

        if (work == WATCH_RECORDING) {
            watch_send_ended(watch, job, bytes_view(&job->result));
            continue;
        }
        if (work == WATCH_NO_WORK || !watch_job_ended(job, &result))
            continue;
        if (work == WATCH_READING)
            watch_read_ended(watch, job, bytes_view(&result));
        else
            watch_send_ended(watch, job, bytes_view(&result));
    }
    bytes_release(&result);
}

static bool settled(const struct watch *watch)
{
    for (size_t i = 0; i < watch->sources; i++)
        if (watch->source[i].phase != WATCH_SETTLED)
            return false;
    return true;
}

/* After a failed commit the handle is of no more use. */
static void book_again(struct watch *watch)
{
    struct store *store = NULL;

    if (watch->looks_only || watch->lifted[0] ||
        watch_book_open(watch->options->state_dir, STORE_WRITE, &store, NULL) != SH_OK)
        return;
    store_close(watch->store);
    watch->store = store;
}

static int judge(struct watch *watch, struct why *why)
{
    int rc;

    book_return(watch);
    rc = watch_judge(watch, why);
    watch->judged = true;
    for (int tries = 0; rc != SH_OK && tries < 2; tries++) {
        if (!watch->trouble++)
            io_say("error", "watch", "book", "cause=\"%s\"", why->text);
        (void)watch_book_room_give(watch->dir); /* False: what is left must do. */
        book_again(watch);
        if (tries && rc != SH_EFORMAT) /* A copy of damaged pages is damaged, too. */
            book_lift(watch);
        *why = (struct why){0};
        rc = watch_judge(watch, why);
    }
    if (rc != SH_OK || watch->lifted[0])
        watch_book_error(watch->store, io_now(), "the book of the watch cannot be written");
    else
        watch->trouble = 0;
    watch->damaged = rc == SH_EFORMAT;
    if (rc == SH_OK)
        room_keep(watch);
    return rc;
}

static void round_start(struct watch *watch)
{
    uint64_t every_ms = (watch->options->every_s ? watch->options->every_s : 60) * 1000;
    uint32_t dice;

    io_random(&dice, sizeof(dice));
    watch->round_ms = watch_boot_ms();
    /* Ten per cent earlier or later, so that watches do not ask in step. */
    watch->next_round_ms =
        watch->round_ms + every_ms - every_ms / 10 + dice % (every_ms / 5 + 1);
    watch->judged = false;
    watch_ask_start(watch);
}

static bool must_judge(const struct watch *watch)
{
    return !watch->judged &&
           (settled(watch) || watch_boot_ms() >= watch->round_ms + PATIENCE_MS);
}

static bool working(const struct watch *watch)
{
    for (size_t i = 0; i < COUNT_OF(watch->job); i++)
        if (watch->job[i].work == WATCH_READING || watch->job[i].work == WATCH_SENDING)
            return true;
    return false;
}

static bool recording(const struct watch *watch)
{
    for (size_t i = 0; i < COUNT_OF(watch->job); i++)
        if (watch->job[i].work == WATCH_RECORDING)
            return true;
    return false;
}

/* Wait for an answer, the end of a child, a signal, or until time_ms. */
static void pause_until(const struct watch *watch, uint64_t time_ms)
{
    struct pollfd fds[1 + COUNT_OF(watch->job)];
    uint64_t now = watch_boot_ms();
    nfds_t count = 0;
    sigset_t none;
    struct timespec left = {0};

    if (watch->fetcher)
        fds[count++] = (struct pollfd){.fd = fetcher_fd(watch->fetcher), .events = POLLIN};
    for (size_t i = 0; i < COUNT_OF(watch->job); i++) {
        const struct watch_job *job = &watch->job[i];

        if (job->work == WATCH_RECORDING && time_ms > now + 1000)
            time_ms = now + 1000;
        if (job->work != WATCH_READING && job->work != WATCH_SENDING)
            continue;
        if (job->deadline_ms < time_ms)
            time_ms = job->deadline_ms;
        if (job->alive >= 0)
            fds[count++] = (struct pollfd){.fd = job->alive, .events = POLLIN};
        else if (time_ms > now + 50)
            time_ms = now + 50; /* A kernel without pidfd: look now and then. */
    }
    if (time_ms > now) {
        left.tv_sec = (time_t)((time_ms - now) / 1000);
        left.tv_nsec = (long)((time_ms - now) % 1000 * 1000000);
    }
    if (sigemptyset(&none) != 0)
        bug("watch: signals");
    if (ppoll(fds, count, &left, &none) < 0 && errno != EINTR)
        bug("watch: poll");
}

/* ---- once ---- */

int watch_once(struct watch *watch, struct why *why)
{
    unsigned tries = 0;
    int rc = SH_OK;

    round_start(watch);
    while (rc == SH_OK) {
        watch_ask_answers(watch, 0);
        reap(watch);
        watch_read_start(watch);
        if (must_judge(watch))
            rc = judge(watch, why);
        if (rc == SH_OK && watch->judged) {
            watch_send_start(watch);
            if (!working(watch) && !recording(watch))
                break;
            if (!working(watch) && ++tries > RECORD_TRIES)
                rc = why_set(why, SH_EIO, WHY_NOWHERE,
                             "what was sent could not be written into the ledger; is the disk "
                             "full? It will be sent again");
        }
        if (rc == SH_OK)
            pause_until(watch, watch_boot_ms() + 1000);
    }
    return rc;
}

/* ---- again and again ---- */

static int signals_set(sigset_t *blocked, struct why *why)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {0};
    int rc = sigemptyset(blocked);

    for (size_t i = 0; i < COUNT_OF(numbers) && rc == 0; i++) {
        action.sa_handler = numbers[i] == SIGHUP ? on_again : on_stop;
        rc = sigaction(numbers[i], &action, NULL);
        if (rc == 0)
            rc = sigaddset(blocked, numbers[i]);
    }
    /* They are let through only while it waits, so that none is missed. */
    if (rc == 0)
        rc = sigprocmask(SIG_BLOCK, blocked, NULL);
    return rc == 0 ? SH_OK : why_set(why, SH_EIO, WHY_NOWHERE, "signals cannot be set");
}

static uint64_t send_time(struct watch *watch)
{
    uint64_t now = watch_time(watch), next = watch_send_next(watch);

    if (next == UINT64_MAX)
        return next;
    /* One second at least: what is due and cannot be sent is not tried in a circle. */
    return watch_boot_ms() + (next > now ? (next - now) * 1000 : 1000);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void turn(struct watch *watch)
{
    struct why why = {0};

    /* First, so that what settles at once is judged in the same turn. */
    if (watch->judged && (asked_again || watch_boot_ms() >= watch->next_round_ms)) {
        watch_contacts_again(watch, asked_again != 0);
        asked_again = 0;
        round_start(watch);
    }
    watch_ask_answers(watch, 0);
    reap(watch);
    watch_read_start(watch);
    if (must_judge(watch) && judge(watch, &why) == SH_OK)
        watch->send_ms = 0;
    if (watch_boot_ms() >= watch->send_ms) {
        watch_send_start(watch);
        watch->send_ms = send_time(watch);
    }
}

/* Nothing is left to be watched: better said at once than found out on the day. */
static int others_refuse(const struct watch *watch, struct why *why)
{
    for (size_t i = 0; i < watch->sources; i++)
        if (!watch->source[i].other)
            return SH_OK;
    return why_set(why, SH_EARG, WHY_NOWHERE,
                   "source %.200s: %.100s, and --channel names another one; check both",
                   watch->source[0].what, watch->source[0].text);
}

int watch_run(struct watch *watch, struct why *why)
{
    uint64_t alive_ms = io_watchdog_ms();
    uint64_t wake_ms, said_ms = 0;
    bool looked = false;
    sigset_t blocked;
    int rc = signals_set(&blocked, why);

    if (rc != SH_OK)
        return rc;
    if (watch->looks_only)
        return why_set(
            why, SH_ECONFLICT, WHY_NOWHERE,
            "%.200s: another watch runs with this state; give --state another folder",
            watch->options->state_dir);
    io_say("info", "watch", "start", "sources=%zu contacts=%zu", watch->sources,
           watch->contacts.count);
    (void)io_notify("READY=1"); /* False: nobody wants to know. */
    round_start(watch);
    while (!stopped) {
        turn(watch);
        if (watch->judged && !looked) {
            looked = true;
            rc = others_refuse(watch, why);
            if (rc != SH_OK)
                break;
        }
        if (watch->damaged) {
            rc = why_set(why, SH_EFORMAT, WHY_NOWHERE,
                         "%.200s: its book is damaged; start the watch again: it sets the book "
                         "aside and tells the contacts",
                         watch->options->state_dir);
            break;
        }
        wake_ms = sooner(watch->next_round_ms, watch->send_ms);
        if (!watch->judged)
            wake_ms = sooner(watch->round_ms + PATIENCE_MS, watch->send_ms);
        if (alive_ms && watch_boot_ms() >= said_ms + alive_ms) {
            (void)io_notify("WATCHDOG=1"); /* As above. */
            said_ms = watch_boot_ms();
        }
        if (alive_ms)
            wake_ms = sooner(wake_ms, said_ms + alive_ms);
        if (!stopped)
            pause_until(watch, wake_ms);
    }
    (void)io_notify("STOPPING=1"); /* As above. */
    io_say("info", "watch", "stop", "rounds=done");
    return rc;
}
