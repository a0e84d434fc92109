/* verify FILE...: what do its content credentials say, and which dispatch is it of? */
#include "cmd/verify_file_int.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/io.h"

static bool is_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool cmd_is_files(const struct cmd_args *args)
{
    struct stat st;

    for (size_t i = 0; i < args->word_count; i++)
        if (stat(args->words[i], &st) == 0 && !S_ISDIR(st.st_mode))
            return true;
    return false;
}

/* ---- which files, and which pieces belong to them ------------------------------------- */

/* Does it begin as a fragment does (ISO/IEC 14496-12 8.16)?  No more is read here. */
static bool begins_as_piece(int fd)
{
    static const char *const first[] = {"styp", "sidx", "ssix", "moof", "emsg", "prft"};
    char head[8];

    if (pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head))
        return false;
    for (size_t i = 0; i < COUNT_OF(first); i++)
        if (memcmp(head + 4, first[i], 4) == 0)
            return true;
    return false;
}

static void add_file(struct verify_files *all, const char *what)
{
    struct verify_one *last = all->count ? &all->one[all->count - 1] : NULL;
    struct verify_one *one = &all->one[all->count];
    size_t words = all->args->word_count + 1;
    struct why why = {0};
    struct stat st;
    int fd = -1;

    if (io_open_file(AT_FDCWD, what, &fd, &why) == SH_OK && fstat(fd, &st) != 0)
        io_close(&fd);
    if (fd >= 0 && last && last->fds[0] >= 0 && !last->is_piece && begins_as_piece(fd)) {
        last->fds[last->fd_count++] = fd;
        last->pieces[last->fd_count - 2] = what;
        return;
    }
    all->count++;
    *one = (struct verify_one){.what = what, .fd_count = 1, .why = why};
    /* RAW: one for each word. */
    one->fds = calloc(words, sizeof(*one->fds));
    /* RAW: the same. */
    one->pieces = calloc(words, sizeof(*one->pieces));
    if (!one->fds || !one->pieces)
        bug("no memory for what was named");
    arena_init(&one->arena, 2 * (size_t)LIMIT_C2PA_ARENA);
    one->fds[0] = fd;
    one->size = fd >= 0 ? (uint64_t)st.st_size : 0;
    one->is_piece = fd >= 0 && begins_as_piece(fd);
}

/* CMD_DONE, or CMD_USAGE and said. */
static int sort_words(struct verify_files *all)
{
    const struct cmd_args *args = all->args;

    for (size_t i = 0; i < args->word_count; i++) {
        if (!is_directory(args->words[i])) {
            add_file(all, args->words[i]);
        } else if (all->channel_asked) {
            return cmd_usage(all->cmd, "files are compared with one channel at a time: %s, %s",
                             all->channel, args->words[i]);
        } else {
            all->channel = args->words[i];
            all->channel_asked = true;
        }
    }
    if (!all->channel && all->cmd->home_given) {
        all->channel = all->cmd->home;
        all->channel_asked = all->expected != NULL;
    }
    return CMD_DONE;
}

/* ---- what is trusted ------------------------------------------------------------ */

static int read_text(const char *path, struct verify_text *out, struct why *why)
{
    int fd = -1;
    int rc = io_open_file(AT_FDCWD, path, &fd, why);

    bytes_init(&out->raw, LIMIT_CREDIT_TRUST);
    if (rc == SH_OK)
        rc = why_name(why, io_read_fd(fd, &out->raw, why), path);
    io_close(&fd);
    out->text = (struct role_text){.name = path, .text = bytes_view(&out->raw)};
    return rc;
}

static int read_trust(struct verify_files *all, struct why *why)
{
    const struct {
        const char *option;
        struct verify_text *text;
    } single[] = {
        {"tsa-anchors", &all->tsa}, {"allowed", &all->allowed}, {"trust-config", &all->ekus}};
    const char *path;
    int rc = SH_OK;

    for (size_t i = 0; rc == SH_OK && i < all->args->many_count; i++) {
        rc = read_text(all->args->many[i], &all->anchor[i], why);
        all->anchors[i] = all->anchor[i].text;
    }
    for (size_t i = 0; rc == SH_OK && i < COUNT_OF(single); i++) {
        path = cmd_value(all->args, single[i].option);
        if (path)
            rc = read_text(path, single[i].text, why);
    }
    return rc;
}

/* ---- the channel ------------------------------------------------------------ */

/* Files of other dispatches that are missing or were changed are no matter of this file. */
static bool channel_holds(const struct verify_report *report)
{
    if (!report->total[VERIFY_LOG] || !report->total[VERIFY_CHECKPOINT])
        return false;
    for (int id = 0; id < VERIFY_ID_COUNT; id++)
        if (report->total[id] && id != VERIFY_BLOB_MISSING && id != VERIFY_BLOB_CHANGED &&
            verify_id_severity((enum verify_id)id) == VERIFY_WANTING)
            return false;
    return true;
}

/* Where the keeper of a home has what he withdrew; -1: nowhere, or not for this reader. */
static int quarantine_of(const char *channel)
{
    int home = -1, quarantine = -1;

    if (io_open_dir(AT_FDCWD, channel, &home, NULL) == SH_OK &&
        io_exists(home, "private/quarantine") &&
        io_open_dir(home, "private/quarantine", &quarantine, NULL) < 0)
        quarantine = -1;
    io_close(&home);
    return quarantine;
}

static int look_at_channel(struct verify_files *all, struct why *why)
{
    struct role_sizes sizes = {.expected = all->expected ? &all->expected_id : NULL,
                               .count = all->count,
                               .quarantine = quarantine_of(all->channel)};
    uint64_t *size = calloc(all->count + 1, sizeof(*size)); /* RAW: see add_file. */
    int dir = -1, rc;

    /* RAW: both are too large for the stack of a small machine. */
    all->report = calloc(1, sizeof(*all->report));
    all->known = calloc(1, sizeof(*all->known));
    if (!size || !all->report || !all->known)
        bug("no memory for a report");
    for (size_t i = 0; i < all->count; i++)
        size[i] = all->one[i].size;
    sizes.size = size;
    rc = cmd_tree_open(all->channel, &dir, why);
    if (rc == SH_OK)
        rc = role_known(dir, &sizes, all->report, all->known, why);
    io_close(&dir);
    io_close(&sizes.quarantine);
    free(size);
    if (rc == SH_OK)
        return SH_OK;
    free(all->report);
    all->report = NULL;
    return why_name(why, rc, all->channel);
}

static void number(uint64_t value, char out[VERIFY_NUMBER])
{
    (void)snprintf(out, VERIFY_NUMBER, "%llu", (unsigned long long)value);
}

static void match(struct verify_files *all, struct verify_one *one)
{
    const struct role_named *named, *best = NULL;
    struct credit_channel *channel = &one->channel;

    for (size_t i = 0; one->looked && one->seen.has_sha256 && i < all->known->count; i++) {
        named = &all->known->named[i];
        if (named->bytes == one->seen.bytes &&
            memcmp(named->sha256, one->seen.sha256, sizeof(named->sha256)) == 0 &&
            (!best || (best->by != ENTRY_NO_REF && named->by == ENTRY_NO_REF)))
            best = named;
    }
    if (!best)
        return;
    channel->found = true;
    channel->disputed = best->disputed;
    channel->published = best->published;
    channel->path = best->path;
    number(best->index, one->index);
    channel->index = one->index;
    if (best->by == ENTRY_NO_REF)
        return;
    channel->until = best->until;
    number(best->by, one->by);
    channel->by = one->by;
}

static void set_beside(struct verify_files *all, struct verify_one *one)
{
    const struct verify_report *report = all->report;
    struct credit_channel *channel = &one->channel;

    one->has_channel = all->channel != NULL;
    *channel = (struct credit_channel){.id = "", .name = "", .asked = all->channel_asked};
    if (!report || !*report->channel.text)
        return;
    channel->id = report->channel.text;
    channel->name = report->name;
    channel->is_other = report->total[VERIFY_OTHER_CHANNEL] > 0;
    channel->holds = channel_holds(report);
    channel->whole =
        channel->holds || channel->is_other || verify_verdict(report) == VERIFY_WANTING;
    channel->authority = (const uint8_t(*)[CRYPT_DIGEST_BYTES])all->known->authority;
    channel->authorities = channel->holds && !channel->is_other ? all->known->authorities : 0;
    if (channel->holds && !channel->is_other)
        match(all, one);
    channel->gone_total = all->known->gone_total;
    channel->gone_count = all->known->gone_count;
    for (size_t i = 0; i < channel->gone_count; i++) {
        number(all->known->gone[i].index, one->gone[i][0]);
        number(all->known->gone[i].by, one->gone[i][1]);
        channel->gone[i] =
            (struct credit_gone){one->gone[i][0], one->gone[i][1], all->known->gone[i].until};
    }
}

/* ---- looking ------------------------------------------------------------ */

static void step(void *ctx, uint64_t done, uint64_t total)
{
    const struct verify_files *all = ctx;

    cmd_progress(all->cmd, "verify", done, total);
}

static int look_inside(struct verify_files *all, struct verify_one *one)
{
    const struct role_progress progress = {step, all};
    struct role_credentials ask = {.file = one->fds[0],
                                   .fragments = one->fds + 1,
                                   .fragment_count = one->fd_count - 1,
                                   .anchors = all->anchors,
                                   .anchor_count = all->args->many_count,
                                   .tsa = all->tsa.text,
                                   .allowed = all->allowed.text,
                                   .ekus = all->ekus.text,
                                   .now = io_now(),
                                   .explain = cmd_is_set(all->args, "explain-hash"),
                                   .dump = cmd_is_set(all->args, "manifest"),
                                   .progress = &progress};
    int rc;

    /* A file of another size than all that it names is none of the channel's. */
    for (size_t i = 0; all->known && i < all->known->count; i++)
        ask.hash = ask.hash || all->known->named[i].bytes == one->size;
    if (all->report && channel_holds(all->report) && !all->report->total[VERIFY_OTHER_CHANNEL])
        ask.authorities = bytes_view(&all->known->pem);
    rc = role_credentials(&ask, &one->arena, &one->seen, &one->why);
    cmd_progress_end(all->cmd);
    one->looked = rc == SH_OK;
    return rc;
}

/* SH_OK also when the file cannot be read: that is a finding. */
static int look(struct verify_files *all, struct verify_one *one, struct why *why)
{
    struct credit_question question = {.anchors = all->args->many_count > 0 ||
                                                  all->allowed.text.name != NULL,
                                       .piece = one->is_piece,
                                       .pieces = one->fd_count - 1,
                                       .expected = all->expected};
    int rc = one->fds[0] < 0 ? SH_EIO : look_inside(all, one);

    /* What was given to be trusted is wrong for every file; another cause is this file's. */
    if (rc == SH_EARG)
        return why_set(why, rc, WHY_NOWHERE, "%s", one->why.text);
    set_beside(all, one);
    if (one->looked) {
        question.report = &one->seen.report;
        question.kind = one->seen.kind;
    }
    /* A channel that merely is at hand is heard when it knows the file. */
    if (one->has_channel && (all->channel_asked || one->channel.holds))
        question.channel = &one->channel;
    question.cause = one->why.text;
    return credit_look(&question, &one->arena, &one->credit, why);
}

int verify_one_code(const struct verify_one *one)
{
    return one->credit.verdict == VERIFY_OK        ? CMD_DONE
           : one->credit.verdict == VERIFY_WANTING ? CMD_WANTING
                                                   : CMD_UNCHECKED;
}

static int run(struct verify_files *all)
{
    struct why why = {0};
    int code = sort_words(all);
    int rc;

    if (code != CMD_DONE)
        return code;
    rc = read_trust(all, &why);
    if (rc < 0)
        return cmd_failed(all->cmd, &why);
    if (all->channel && look_at_channel(all, &why) < 0 && all->channel_asked)
        (void)cmd_failed(all->cmd, &why); /* And a finding of each file. */
    why = (struct why){0};
    for (size_t i = 0; rc == SH_OK && i < all->count; i++)
        rc = look(all, &all->one[i], &why);
    return rc < 0 ? cmd_failed(all->cmd, &why) : verify_files_answer(all);
}

static void release(struct verify_files *all)
{
    struct verify_one *one;

    for (size_t i = 0; i < all->count; i++) {
        one = &all->one[i];
        for (size_t f = 0; f < one->fd_count; f++)
            io_close(&one->fds[f]);
        free(one->fds);
        free(one->pieces);
        arena_release(&one->arena);
    }
    for (size_t i = 0; i < CMD_MANY_MAX; i++)
        bytes_release(&all->anchor[i].raw);
    bytes_release(&all->tsa.raw);
    bytes_release(&all->allowed.raw);
    bytes_release(&all->ekus.raw);
    if (all->known)
        bytes_release(&all->known->pem);
    free(all->known);
    free(all->report);
    free(all->one);
}

int cmd_verify_files(struct cmd *cmd, const struct cmd_args *args)
{
    /* RAW: too large for the stack of a small machine. */
    struct verify_files *all = calloc(1, sizeof(*all));
    int code = CMD_DONE;

    if (!all)
        bug("no memory for what was named");
    *all = (struct verify_files){.cmd = cmd, .args = args};
    all->one = calloc(args->word_count + 1, sizeof(*all->one)); /* RAW: see add_file. */
    if (!all->one)
        bug("no memory for what was named");
    all->expected = cmd_value(args, "channel");
    if (all->expected && !channel_id_parse(slice_text(all->expected), &all->expected_id))
        code = cmd_usage(cmd, "--channel %s: a channel's id has 52 characters of a-z and 2-7",
                         all->expected);
    if (code == CMD_DONE)
        code = run(all);
    release(all);
    free(all);
    return code;
}
