/* stillhere publish: a sealed dispatch becomes public; or whatever is due does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/seal_int.h"
#include "io/io.h"

/* What one run of --due did. */
struct due_run {
    const struct cmd *cmd;
    struct channel *channel;
    uint64_t now;
    struct bytes opened;  /* indices, uint64_t each */
    bool sealed;          /* a slot was taken */
    uint64_t next;        /* when something is due again; 0: nothing is planned */
    struct why first_why; /* the first thing that failed, whatever else went well */
};

static int open_one(struct channel *channel, uint64_t index, struct channel_commit *commit,
                    struct why *why)
{
    struct channel_append append = {.type = ENTRY_OPEN, .ref = index};
    struct channel_signer signer = cmd_signer(channel);
    struct bytes raw;
    int rc;

    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    rc = cmd_open_document(channel, &raw, why);
    append.document = bytes_view(&raw);
    if (rc == SH_OK)
        rc = channel_append(channel, &append, &signer, commit, why);
    bytes_release(&raw);
    return rc;
}

/* ---- publish N ---- */

static void opened_json(struct bytes *out, const struct channel_commit *commit)
{
    struct json_writer json = cmd_json_open(out);
    char page[CMD_PAGE_BYTES];

    cmd_page_path(commit->ref, page);
    json_put_number(&json, "index", commit->index);
    json_put_number(&json, "opened", commit->ref);
    json_put_text(&json, "page", page);
    cmd_checkpoint_json(&json, commit->size, commit->root);
    cmd_json_close(&json);
}

static void opened_text(const struct cmd *cmd, struct bytes *out,
                        const struct channel_commit *commit)
{
    char page[CMD_PAGE_BYTES], index[24], by[24];

    (void)snprintf(index, sizeof(index), "%ju", (uintmax_t)commit->ref);
    (void)snprintf(by, sizeof(by), "%ju", (uintmax_t)commit->index);
    LANG_SAY(out, cmd->lang, STR_SEALED_OPENED, index, by);
    cmd_page_path(commit->ref, page);
    bytes_u8(out, '\n');
    LANG_SAY(out, cmd->lang, STR_CMD_PAGE, page);
    bytes_u8(out, '\n');
    cmd_log_line(out, cmd->lang, commit->size, commit->root);
}

static int publish_one(const struct cmd *cmd, uint64_t index, struct why *why)
{
    struct channel *channel = NULL;
    struct channel_commit commit;
    struct why cause = {0};
    struct bytes out;
    int rc = channel_open(cmd->home, CHANNEL_WRITE, &channel, why);

    if (rc == SH_OK)
        rc = open_one(channel, index, &commit, &cause);
    if (rc == SH_OK && !commit.published)
        rc = cmd_unpublished(&commit, &cause, why);
    else if (cause.code != SH_OK)
        rc = why_set(why, cause.code, cause.offset, "%s", cause.text);
    if (rc == SH_OK) {
        (void)cmd_publish(cmd, channel); /* It said so itself; the dispatch is safe. */
        bytes_init(&out, LIMIT_PAGE_BYTES);
        if (cmd->json)
            opened_json(&out, &commit);
        else
            opened_text(cmd, &out, &commit);
        if (cmd_answer(cmd, &out) != CMD_DONE)
            rc = why_set(why, SH_EIO, WHY_NOWHERE,
                         "entry %ju is public, but the answer could not be written",
                         (uintmax_t)index);
    }
    channel_close(channel);
    return rc;
}

/* ---- publish --due ---- */

static void note_failure(struct due_run *run, const struct why *why)
{
    if (run->first_why.code == SH_OK)
        run->first_why = *why;
}

/* Is another that waits worth trying?  Not where the disk or the signer failed. */
static bool lies_in_it(int rc)
{
    return rc == SH_EFORMAT || rc == SH_EARG || rc == SH_ELIMIT || rc == SH_ENOTFOUND;
}

/* SH_OK: it took the slot. */
static int take_waiting(struct due_run *run, const char *name, uint64_t slot,
                        struct channel_commit *commit, struct why *why)
{
    struct channel_signer signer = cmd_signer(run->channel);
    struct channel_waiting waiting;
    struct why cause = {0};
    int rc = channel_waiting_open(run->channel, name, &waiting, why);

    if (rc != SH_OK)
        return rc;
    waiting.append.slot = slot;
    rc = channel_append(run->channel, &waiting.append, &signer, commit, why);
    /* Its files go only when they lie where the commit wants them. */
    if (channel_waiting_close(run->channel, &waiting, rc == SH_OK && commit->published,
                              &cause) != SH_OK)
        note_failure(run, &cause);
    return rc;
}

/* What waits longest of those that are whole; SH_ENOTFOUND when there is none. */
static int take_first(struct due_run *run, uint64_t slot, struct channel_commit *commit)
{
    struct bytes names;
    struct why cause = {0};
    int rc;

    bytes_init(&names, CHANNEL_WAITING_LIST_BYTES);
    rc = channel_waiting_list(run->channel, &names, &cause);
    if (rc != SH_OK)
        note_failure(run, &cause);
    if (rc == SH_OK)
        rc = SH_ENOTFOUND;
    for (size_t at = 0; at < names.len && lies_in_it(rc); at += CHANNEL_WAITING_BYTES) {
        cause = (struct why){0};
        rc = take_waiting(run, (const char *)names.ptr + at, slot, commit, &cause);
        if (rc != SH_OK &&
            rc != SH_ENOTFOUND) /* One that is damaged is named, and passed by. */
            note_failure(run, &cause);
    }
    bytes_release(&names);
    return rc;
}

/* What waits longest, else a cover: a slot never stays empty for something that is damaged. */
static int take_slot(struct due_run *run, uint64_t slot, struct why *why)
{
    struct channel_append cover = {
        .type = ENTRY_SEALED, .ref = ENTRY_NO_REF, .cover = true, .slot = slot};
    struct channel_signer signer = cmd_signer(run->channel);
    struct channel_commit commit;
    int rc = take_first(run, slot, &commit);

    if (rc != SH_OK)
        rc = channel_append(run->channel, &cover, &signer, &commit, why);
    run->sealed = rc == SH_OK;
    if (rc == SH_OK && !commit.published)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "entry %ju is committed, but not public yet",
                     (uintmax_t)commit.index);
    return rc;
}

static void plan(struct due_run *run, uint64_t at)
{
    if (at && (!run->next || at < run->next))
        run->next = at;
}

static int take_slots(struct due_run *run, struct why *why)
{
    struct channel_slot slot;
    int rc = channel_slot(run->channel, run->now, &slot, why);

    if (rc != SH_OK || !slot.every_s)
        return rc;
    plan(run, slot.next);
    return slot.open ? take_slot(run, slot.at, why) : SH_OK;
}

/* Every document whose time has come; one that fails does not hold up the others. */
static int open_due(struct due_run *run, struct why *why)
{
    struct channel_sealed sealed = {.index = 0};
    struct channel_commit commit;
    struct why cause;
    int rc;

    for (uint64_t from = 0;; from = sealed.index + 1) {
        rc = channel_sealed_next(run->channel, from, &sealed, why);
        if (rc == SH_ENOTFOUND) {
            *why = (struct why){0};
            return SH_OK;
        }
        if (rc != SH_OK)
            return rc;
        if (sealed.publish_at > run->now)
            plan(run, sealed.publish_at);
        if (!sealed.publish_at || sealed.publish_at > run->now)
            continue;
        cause = (struct why){0};
        rc = open_one(run->channel, sealed.index, &commit, &cause);
        if (rc == SH_OK && commit.published)
            bytes_append(&run->opened, &sealed.index, sizeof(sealed.index));
        else
            note_failure(run, &cause);
        if (rc == SH_OK && !commit.published)
            return why_set(why, cause.code, cause.offset, "%s", cause.text);
    }
}

static void due_json(const struct due_run *run, struct bytes *out)
{
    struct json_writer json = cmd_json_open(out);
    uint64_t index;

    json_array_open(&json, "opened");
    for (size_t at = 0; at < run->opened.len; at += sizeof(index)) {
        memcpy(&index, run->opened.ptr + at, sizeof(index));
        json_put_number(&json, NULL, index);
    }
    json_array_close(&json);
    json_put_bool(&json, "slot", run->sealed);
    if (run->next)
        json_put_number(&json, "next", run->next);
    cmd_json_close(&json);
}

static void due_text(const struct due_run *run, struct bytes *out)
{
    struct cmd_clock clock = {.now = run->now};
    struct channel_entry entry;
    struct bytes text;
    char number[24], by[24];
    uint64_t index;

    for (size_t at = 0; at < run->opened.len; at += sizeof(index)) {
        memcpy(&index, run->opened.ptr + at, sizeof(index));
        if (channel_entry_get(run->channel, index, &entry, NULL) != SH_OK)
            continue;
        (void)snprintf(number, sizeof(number), "%ju", (uintmax_t)index);
        (void)snprintf(by, sizeof(by), "%ju", (uintmax_t)entry.opened_by);
        LANG_SAY(out, run->cmd->lang, STR_SEALED_OPENED, number, by);
        bytes_u8(out, '\n');
    }
    if (!run->opened.len)
        bytes_printf(out, "%s\n", lang_text(run->cmd->lang, STR_SEALED_NOTHING_DUE));
    if (!run->next)
        return;
    cmd_clock_tell(run->channel, &clock);
    bytes_init(&text, LIMIT_PAGE_BYTES);
    cmd_moment_text(&text, run->cmd->lang, &clock, run->next);
    bytes_u8(&text, 0);
    LANG_SAY(out, run->cmd->lang, STR_SEALED_NEXT, (const char *)text.ptr);
    bytes_u8(out, '\n');
    bytes_release(&text);
}

/* What is due now?  Only looks. */
struct due_now {
    bool slot, opening;
};

static int look_due(const char *home, uint64_t now, struct due_now *due, struct why *why)
{
    struct channel_sealed sealed = {.index = 0};
    struct channel *channel = NULL;
    struct channel_slot slot = {0};
    struct why none = {0};
    int rc = channel_open(home, CHANNEL_LOOK, &channel, why);

    *due = (struct due_now){0};
    if (rc == SH_OK)
        rc = channel_slot(channel, now, &slot, why);
    due->slot = rc == SH_OK && slot.open;
    for (uint64_t from = 0; rc == SH_OK && !due->opening; from = sealed.index + 1) {
        if (channel_sealed_next(channel, from, &sealed, &none) != SH_OK)
            break;
        due->opening = sealed.publish_at && sealed.publish_at <= now;
    }
    channel_close(channel);
    return rc;
}

/*
 * To log what was waiting is some milliseconds more of work than a cover, and who asks for the
 * checkpoint again and again would see them: each slot is taken at a moment of chance.  A clock
 * that stands still hides nothing.
 */
static void wait_by_chance(void)
{
    struct timespec pause;
    uint32_t random;

    if (getenv("STILLHERE_NOW"))
        return;
    io_random(&random, sizeof(random));
    random %= LIMIT_SLOT_CHANCE_MS;
    pause = (struct timespec){.tv_sec = random / 1000, .tv_nsec = random % 1000 * 1000000L};
    (void)nanosleep(&pause, NULL); /* A signal only shortens it. */
}

/* Nobody else has to wait for the lock meanwhile. */
static int open_for_due(struct due_run *run, const char *home, bool only_if_due,
                        struct why *why)
{
    struct due_now due;
    int rc = look_due(home, run->now, &due, why);

    if (rc != SH_OK || (only_if_due && !due.slot && !due.opening))
        return rc;
    if (due.slot)
        wait_by_chance();
    return channel_open(home, CHANNEL_WRITE, &run->channel, why);
}

static int publish_due(const struct cmd *cmd, struct why *why)
{
    struct due_run run = {.cmd = cmd, .now = io_now()};
    struct bytes out;
    int rc = open_for_due(&run, cmd->home, false, why);

    bytes_init(&run.opened, (size_t)LIMIT_WAITING * sizeof(uint64_t));
    if (rc == SH_OK)
        rc = take_slots(&run, why);
    if (rc == SH_OK)
        rc = open_due(&run, why);
    if (rc == SH_OK) {
        (void)cmd_publish(cmd, run.channel); /* It said so itself; the log is safe. */
        bytes_init(&out, LIMIT_PAGE_BYTES);
        if (cmd->json)
            due_json(&run, &out);
        else
            due_text(&run, &out);
        if (cmd_answer(cmd, &out) != CMD_DONE)
            rc = why_set(why, SH_EIO, WHY_NOWHERE, "the answer could not be written");
    }
    if (rc == SH_OK && run.first_why.code != SH_OK)
        rc = why_set(why, run.first_why.code, run.first_why.offset, "%s", run.first_why.text);
    bytes_release(&run.opened);
    channel_close(run.channel);
    return rc;
}

/* ---- publish --cancel ---- */

static int cancel(const struct cmd *cmd, const char *name, struct why *why)
{
    struct channel *channel = NULL;
    struct json_writer json;
    struct bytes out;
    int rc = channel_open(cmd->home, CHANNEL_WRITE, &channel, why);

    if (rc == SH_OK)
        rc = channel_waiting_cancel(channel, name, why);
    if (rc == SH_OK) {
        bytes_init(&out, LIMIT_PAGE_BYTES);
        if (cmd->json) {
            json = cmd_json_open(&out);
            json_put_text(&json, "cancelled", name);
            cmd_json_close(&json);
        } else {
            LANG_SAY(&out, cmd->lang, STR_SEALED_CANCELLED, name);
            bytes_u8(&out, '\n');
        }
        if (cmd_answer(cmd, &out) != CMD_DONE)
            rc = why_set(why, SH_EIO, WHY_NOWHERE,
                         "it is taken back, but the answer could not be written");
    }
    channel_close(channel);
    return rc;
}

int cmd_publish_due(const struct cmd *cmd, const char *home, struct why *why)
{
    struct due_run run = {.cmd = cmd, .now = io_now()};
    int rc = open_for_due(&run, home, true, why);

    if (rc != SH_OK || !run.channel)
        return rc;
    bytes_init(&run.opened, (size_t)LIMIT_WAITING * sizeof(uint64_t));
    rc = take_slots(&run, why);
    if (rc == SH_OK)
        rc = open_due(&run, why);
    if (rc == SH_OK)
        rc = cmd_publish(cmd, run.channel);
    if (rc == SH_OK && run.first_why.code != SH_OK)
        rc = why_set(why, run.first_why.code, run.first_why.offset, "%s", run.first_why.text);
    bytes_release(&run.opened);
    channel_close(run.channel);
    return rc;
}

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    const char *name = cmd_value(args, "cancel");
    bool due = cmd_is_set(args, "due");
    struct why why = {0};
    uint64_t index = 0;
    int rc;

    if ((due || name) && (args->word_count || (due && name)))
        return cmd_usage(cmd, "the number of one entry, or --due, or --cancel ID: one of them");
    if (!due && !name &&
        (args->word_count != 1 ||
         !decimal_parse(slice_text(args->words[0]), LIMIT_LOG_SIZE, &index)))
        return cmd_usage(cmd,
                         "publish needs the number of one sealed entry (stillhere status), or "
                         "--due, or --cancel ID");
    rc = due    ? publish_due(cmd, &why)
         : name ? cancel(cmd, name, &why)
                : publish_one(cmd, index, &why);
    return rc < 0 ? cmd_failed(cmd, &why) : CMD_DONE;
}

static const struct cmd_option options[] = {
    {"due", NULL, "do whatever is due: open what is to be public, take a slot for covers"},
    {"cancel", "ID", "take back what waits for a slot, before it is logged"},
    {NULL, NULL, NULL}};

const struct cmd_spec cmd_spec_publish = {
    .name = "publish",
    .usage = "N | --due | --cancel ID",
    .summary = "make a sealed dispatch public",
    .about =
        "Opens sealed entry N: its document and files become public now, whatever time was\n"
        "set.  --due opens every entry whose time has come and, with covers on, makes the\n"
        "sealed entry of the present slot; it says when it is needed next.  stillhere serve\n"
        "does that by itself.  --cancel deletes a dispatch that still waits for its slot;\n"
        "stillhere status shows its ID.",
    .examples = "  stillhere publish 7\n"
                "  stillhere publish --due\n"
                "  stillhere publish --cancel 1900203000-0000d4e5f6a7b8c9\n",
    .options = options,
    .run = run,
};
