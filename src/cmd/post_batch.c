/*
 * post --batch FILE: one JSON object a line, one commit for all of them.  Every line is read
 * and every clip rebuilt before anything is logged: a bad line refuses them all.
 */
#include "cmd/post_int.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "io/io.h"
#include "json/json.h"

/* Not caps: descriptors that a batch needs, once and for each line. */
#define FILES_OWN 64
#define FILES_EACH 2

struct item {
    struct cmd_dispatch dispatch;
    struct cmd_when when;
    struct post *post;                   /* NULL: a check-in */
    size_t at, len;                      /* of the document in batch.raw */
    char waiting[CHANNEL_WAITING_BYTES]; /* its name, when it waits for a slot */
};

struct batch {
    const struct cmd *cmd;
    const struct cmd_args *args; /* of the command line */
    struct arena arena;          /* items, texts */
    struct item *items;
    size_t count;
    struct channel_slot slot;
    size_t waits;     /* how many are kept for the slots of the covers */
    struct post wish; /* what all have in common: are untouched clips kept */
    struct bytes raw; /* documents */
};

static bool waits(const struct batch *batch, const struct item *item)
{
    return item->when.sealed && batch->slot.every_s;
}

/* ---- one line ---- */

static const char *text_of(struct batch *batch, const struct json_value *value)
{
    char *text;

    if (value->type != JSON_STRING || slice_find(value->text, 0, 0) < value->text.len)
        return NULL;
    text = arena_take(&batch->arena, value->text.len + 1);
    if (!text)
        return NULL;
    memcpy(text, value->text.ptr, value->text.len);
    text[value->text.len] = '\0';
    return text;
}

static void put_option(struct cmd_args *args, const char *name, const char *value)
{
    for (size_t i = 0; args->spec->options[i].name; i++)
        if (strcmp(args->spec->options[i].name, name) == 0)
            args->values[i] = value;
}

/* What a line says. */
struct line {
    struct cmd_args args; /* the options that stand for its members */
    const char *clip, *words;
    bool recode;
};

static int take_member(struct batch *batch, const struct json_value *member, struct line *line,
                       struct why *why)
{
    static const char *const options[][2] = {
        {"place", "place"}, {"lang", "lang"}, {"publish", "publish"}, {"next_due", "next-due"}};
    const char *text = text_of(batch, member);

    if (slice_equal(member->name, slice_text("transcode"))) {
        if (member->type != JSON_TRUE && member->type != JSON_FALSE)
            return why_set(why, SH_EFORMAT, member->offset,
                           "transcode: neither true nor false");
        line->recode = member->type == JSON_TRUE;
        return SH_OK;
    }
    if (!text)
        return why_set(why, SH_EFORMAT, member->offset, "%.*s: not a text",
                       (int)(member->name.len < 40 ? member->name.len : 40),
                       (const char *)member->name.ptr);
    for (size_t i = 0; i < COUNT_OF(options); i++)
        if (slice_equal(member->name, slice_text(options[i][0]))) {
            put_option(&line->args, options[i][1], text);
            return SH_OK;
        }
    if (slice_equal(member->name, slice_text("status"))) {
        bool word = strcmp(text, "well") == 0 || strcmp(text, "hurt") == 0 ||
                    strcmp(text, "moving") == 0;

        put_option(&line->args, word ? text : "status", word ? "" : text);
    } else if (slice_equal(member->name, slice_text("clip"))) {
        line->clip = text;
    } else if (slice_equal(member->name, slice_text("words"))) {
        line->words = text;
    } else {
        return why_set(why, SH_EFORMAT, member->offset,
                       "%.*s: there are clip, transcode, status, place, words, lang, publish, "
                       "next_due",
                       (int)(member->name.len < 40 ? member->name.len : 40),
                       (const char *)member->name.ptr);
    }
    return SH_OK;
}

static int read_line(struct batch *batch, struct slice raw, struct line *line, struct why *why)
{
    struct json_value *root = NULL;
    struct arena arena;
    int rc;

    *line = (struct line){.args = {.spec = &cmd_spec_post}};
    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    rc = json_parse(raw, 2, &arena, &root, why);
    if (rc == SH_OK && root->type != JSON_OBJECT)
        rc = why_set(why, SH_EFORMAT, 0, "not an object");
    if (rc == SH_OK)
        for (const struct json_value *m = root->first; m && rc == SH_OK; m = m->next)
            rc = take_member(batch, m, line, why);
    arena_release(&arena);
    return rc;
}

static int stage_clip(struct batch *batch, const struct channel *channel, struct item *item,
                      const struct line *line, struct why *why)
{
    int rc;

    item->post = arena_take(&batch->arena, sizeof(*item->post));
    if (!item->post)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    *item->post = (struct post){.cmd = batch->cmd,
                                .channel = channel,
                                .poster = !cmd_is_set(batch->args, "no-poster"),
                                .recode = line->recode || cmd_is_set(batch->args, "transcode"),
                                .job = {.dir = -1, .staging = -1},
                                .keep = batch->wish.keep};
    memcpy(item->post->archive, batch->wish.archive, sizeof(item->post->archive));
    memcpy(item->post->dispatch, item->dispatch.doc.dispatch, sizeof(item->post->dispatch));
    rc = channel_job_new(batch->cmd->home, &item->post->job, why);
    if (rc == SH_OK)
        rc = post_claim_make(item->post, why);
    if (rc == SH_OK)
        rc = post_add_clip(item->post, line->clip, why);
    if (rc == SH_OK)
        post_describe(item->post, &item->dispatch.doc);
    post_claim_release(item->post);
    return rc;
}

static int take_line(struct batch *batch, struct channel *channel, struct slice raw,
                     struct why *why)
{
    struct item *item = &batch->items[batch->count];
    struct line line;
    int rc = read_line(batch, raw, &line, why);

    *item = (struct item){.post = NULL};
    if (rc == SH_OK)
        rc = cmd_publish_when(cmd_value(&line.args, "publish"), channel, &item->when, why);
    if (rc == SH_OK)
        rc = cmd_dispatch_fill(&line.args, line.words, channel, &item->dispatch, why);
    if (rc == SH_OK && line.clip && !cmd_is_set(&line.args, "place") &&
        cmd_is_set(batch->args, "place-from-clip"))
        rc = post_place_from_clip(batch->cmd, cmd_value(batch->args, "place-from-clip"),
                                  &(struct post_clips){&line.clip, 1}, &item->dispatch, why);
    batch->count++;
    return rc == SH_OK && line.clip ? stage_clip(batch, channel, item, &line, why) : rc;
}

static int take_lines(struct batch *batch, struct channel *channel, struct slice raw,
                      struct why *why)
{
    struct why cause = {0};
    size_t at = 0, end, lines = 0;
    int rc = SH_OK;

    for (size_t i = 0; i < raw.len; i++)
        lines += raw.ptr[i] == '\n';
    lines += raw.len && raw.ptr[raw.len - 1] != '\n';
    if (!lines || lines > LIMIT_APPENDS)
        return why_set(why, lines ? SH_ELIMIT : SH_EFORMAT, WHY_NOWHERE,
                       "%zu lines; a batch has 1 to %d", lines, LIMIT_APPENDS);
    /* Each clip's folder stays open, and locked, until all are logged. */
    (void)io_files_raise(FILES_OWN + FILES_EACH * (uint64_t)lines);
    batch->items = arena_take(&batch->arena, lines * sizeof(*batch->items));
    if (!batch->items)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    while (at < raw.len && rc == SH_OK) {
        end = slice_find(raw, at, '\n');
        rc = take_line(batch, channel, slice_sub(raw, at, end - at), &cause);
        at = end + 1;
    }
    if (rc != SH_OK)
        return why_set(why, rc, cause.offset, "line %zu: %.400s; nothing was logged",
                       batch->count, cause.text);
    return SH_OK;
}

/* ---- the documents ---- */

static int build(struct batch *batch, struct why *why)
{
    uint64_t now = io_now();
    int rc = SH_OK;

    for (size_t i = 0; i < batch->count && rc == SH_OK; i++) {
        struct item *item = &batch->items[i];
        struct document *doc = &item->dispatch.doc;

        if (doc->next_due && doc->next_due <= now)
            doc->next_due = 0;
        doc->published = item->when.sealed ? 0 : now;
        item->at = batch->raw.len;
        rc = document_build(doc, &batch->raw, why);
        item->len = batch->raw.len - item->at;
    }
    return rc;
}

static struct channel_append append_of(const struct batch *batch, struct item *item)
{
    struct channel_append append = {.type = item->when.sealed ? ENTRY_SEALED : ENTRY_DISPATCH,
                                    .ref = ENTRY_NO_REF,
                                    .document =
                                        slice_sub(bytes_view(&batch->raw), item->at, item->len),
                                    .publish_at = item->when.at};

    if (item->post) {
        append.files = item->post->files;
        append.file_count = item->post->file_count;
        append.job = &item->post->job;
    }
    return append;
}

/* ---- with covers: what is sealed waits ---- */

static int keep_one(struct batch *batch, struct channel *channel, struct item *item,
                    struct why *why)
{
    struct channel_append append = append_of(batch, item);
    struct channel_job job = {.dir = -1, .staging = -1};
    int rc = SH_OK;

    if (!append.job) {
        rc = channel_job_new(batch->cmd->home, &job, why);
        append.job = &job;
    }
    if (rc == SH_OK)
        rc = channel_wait(channel, &append, item->waiting, why);
    if (rc != SH_OK)
        item->waiting[0] = '\0';
    channel_job_drop(&job);
    return rc;
}

/* Before the others are logged; taken back when they cannot be, or by whoever comes next. */
static int keep_waiting(struct batch *batch, struct channel *channel,
                        const struct channel_appends *logged, struct why *why)
{
    struct channel_append *list = arena_take(&batch->arena, batch->count * sizeof(*list));
    struct channel_appends waiting = {.list = list};
    int rc;

    if (!list)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    for (size_t i = 0; i < batch->count; i++)
        if (waits(batch, &batch->items[i]))
            list[waiting.count++] = append_of(batch, &batch->items[i]);
    if (!waiting.count)
        return SH_OK;
    rc = channel_batch_begin(channel, logged->count ? logged->list : NULL, &waiting, why);

    for (size_t i = 0; i < batch->count && rc == SH_OK; i++) {
        if (!waits(batch, &batch->items[i]))
            continue;
        rc = keep_one(batch, channel, &batch->items[i], why);
        batch->waits += rc == SH_OK;
    }
    if (rc == SH_OK && !logged->count)
        rc = channel_batch_end(channel, why);
    return rc;
}

/* Where it fails, whoever opens the channel next does it. */
static void end_waiting(const struct batch *batch, struct channel *channel)
{
    struct why why = {0};

    if (channel_batch_end(channel, &why) != SH_OK)
        cmd_say(batch->cmd, "%s", why.text);
}

static void take_back(struct batch *batch, struct channel *channel)
{
    struct why why = {0};

    for (size_t i = 0; i < batch->count; i++)
        if (*batch->items[i].waiting &&
            channel_waiting_cancel(channel, batch->items[i].waiting, &why) != SH_OK)
            cmd_say(batch->cmd, "%s still waits for a slot: %s", batch->items[i].waiting,
                    why.text);
    /* And those whose keeping failed half-way; where that fails, whoever comes next does it. */
    why = (struct why){0};
    if (channel_batch_settle(channel, &why) != SH_OK)
        cmd_say(batch->cmd, "%s", why.text);
}

/* ---- the answer ---- */

static void waiting_json(const struct batch *batch, struct json_writer *json)
{
    json_put_number(json, "slot", batch->slot.next);
    json_array_open(json, "waiting");
    for (size_t i = 0; i < batch->count; i++)
        if (*batch->items[i].waiting)
            json_put_text(json, NULL, batch->items[i].waiting);
    json_array_close(json);
}

static void waiting_text(const struct batch *batch, const struct channel *channel,
                         struct bytes *out)
{
    struct cmd_clock clock = {.now = io_now()};
    struct bytes slot;
    char number[24];

    cmd_clock_tell(channel, &clock);
    bytes_init(&slot, LIMIT_PAGE_BYTES);
    cmd_moment_text(&slot, batch->cmd->lang, &clock, batch->slot.next);
    bytes_u8(&slot, 0);
    (void)snprintf(number, sizeof(number), "%zu", batch->waits);
    LANG_SAY(out, batch->cmd->lang, STR_BATCH_WAITING, number, (const char *)slot.ptr);
    bytes_u8(out, '\n');
    bytes_release(&slot);
}

static void logged_text(const struct batch *batch, const struct channel_commit *commits,
                        size_t count, struct bytes *out)
{
    const struct channel_commit *last = &commits[count - 1];
    char first[24], end[24];

    (void)snprintf(first, sizeof(first), "%ju", (uintmax_t)commits->index);
    (void)snprintf(end, sizeof(end), "%ju", (uintmax_t)last->index);
    LANG_SAY(out, batch->cmd->lang, STR_BATCH_LOGGED, first, end);
    bytes_u8(out, '\n');
    cmd_log_line(out, batch->cmd->lang, last->size, last->root);
}

/* commits: count of them, of what was logged. */
static int answer(const struct batch *batch, const struct channel *channel,
                  const struct channel_commit *commits, struct why *why)
{
    size_t count = batch->count - batch->waits;
    struct json_writer json;
    struct bytes out;

    bytes_init(&out, LIMIT_PAGE_BYTES + (size_t)LIMIT_APPENDS * 2 * CHANNEL_WAITING_BYTES);
    if (batch->cmd->json) {
        json = cmd_json_open(&out);
        if (count)
            json_put_number(&json, "index", commits->index);
        json_put_number(&json, "count", count);
        if (batch->waits)
            waiting_json(batch, &json);
        if (count)
            cmd_checkpoint_json(&json, commits[count - 1].size, commits[count - 1].root);
        cmd_json_close(&json);
    } else {
        if (count)
            logged_text(batch, commits, count, &out);
        if (batch->waits)
            waiting_text(batch, channel, &out);
    }
    return cmd_answer(batch->cmd, &out) == CMD_DONE
               ? SH_OK
               : why_set(why, SH_EIO, WHY_NOWHERE,
                         "the entries are logged, but the answer could not be written");
}

/* ---- all of them ---- */

static int log_list(const struct batch *batch, struct channel *channel,
                    const struct channel_appends *appends, struct channel_commit *commits,
                    struct why *why)
{
    struct channel_signer signer = cmd_signer(channel);
    struct why cause = {0};
    int rc = channel_append_all(channel, appends, &signer, commits, &cause);

    if (rc != SH_OK)
        return why_set(why, rc, cause.offset, "%s", cause.text);
    if (!commits->published)
        return why_set(why, cause.code, cause.offset,
                       "entries %ju to %ju are committed, but not public yet; do not repeat "
                       "them, the next command finishes it: %.300s",
                       (uintmax_t)commits->index, (uintmax_t)commits[appends->count - 1].index,
                       cause.text);
    (void)cmd_publish(batch->cmd, channel); /* It said so itself; the entries are safe. */
    return SH_OK;
}

static int commit(struct batch *batch, struct channel *channel, struct why *why)
{
    struct channel_append *list = arena_take(&batch->arena, batch->count * sizeof(*list));
    struct channel_commit *commits = arena_take(&batch->arena, batch->count * sizeof(*commits));
    struct channel_appends appends = {.list = list};
    int rc;

    if (!list || !commits)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    rc = build(batch, why);
    if (rc != SH_OK)
        return rc;
    for (size_t i = 0; i < batch->count; i++)
        if (!waits(batch, &batch->items[i]))
            list[appends.count++] = append_of(batch, &batch->items[i]);
    rc = keep_waiting(batch, channel, &appends, why);
    if (rc != SH_OK)
        take_back(batch, channel);
    /* A commit that failed may stand after all: whoever opens the channel next knows. */
    if (rc == SH_OK && appends.count)
        rc = log_list(batch, channel, &appends, commits, why);
    if (batch->waits && commits->size)
        end_waiting(batch, channel); /* The log says it, too. */
    return rc == SH_OK ? answer(batch, channel, commits, why) : rc;
}

static int open_and_take(struct batch *batch, const char *file, struct bytes *raw,
                         struct why *why)
{
    struct channel *channel = NULL;
    int rc =
        strcmp(file, "-") == 0 ? io_read_fd(0, raw, why) : io_read(AT_FDCWD, file, raw, why);

    if (rc == SH_OK)
        rc = channel_open(batch->cmd->home, CHANNEL_LOOK, &channel, why);
    if (rc == SH_OK && *channel_info(channel)->conflict)
        rc = why_set(why, SH_ECONFLICT, WHY_NOWHERE, "%s", channel_info(channel)->conflict);
    if (rc == SH_OK)
        rc = post_original_wish(&batch->wish, batch->args, 1, channel, why);
    if (rc == SH_OK)
        rc = take_lines(batch, channel, bytes_view(raw), why);
    /* Documents name the channel by its id, which lives in the handle. */
    if (rc == SH_OK) {
        struct channel *writer = NULL;

        rc = channel_open(batch->cmd->home, CHANNEL_WRITE, &writer, why);
        if (rc == SH_OK)
            rc = channel_slot(writer, io_now(), &batch->slot, why);
        if (rc == SH_OK)
            rc = commit(batch, writer, why);
        channel_close(writer);
    }
    channel_close(channel);
    return rc;
}

int post_batch(const struct cmd *cmd, const struct cmd_args *args, struct why *why)
{
    struct batch batch = {.cmd = cmd, .args = args};
    struct bytes raw;
    int rc;

    arena_init(&batch.arena, LIMIT_BATCH_ARENA);
    bytes_init(&batch.raw, LIMIT_BATCH_BYTES);
    bytes_init(&raw, LIMIT_BATCH_BYTES);
    rc = open_and_take(&batch, cmd_value(args, "batch"), &raw, why);
    for (size_t i = 0; i < batch.count; i++)
        if (batch.items[i].post)
            channel_job_drop(&batch.items[i].post->job);
    bytes_release(&raw);
    bytes_release(&batch.raw);
    arena_release(&batch.arena);
    return rc;
}
