/*
 * Following the identity chains of channels: which keys speak for them is read from their own
 * notes, one more each time there is one.
 */
#include "cosign/cosign_int.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cage/cage.h"
#include "fetcher/fetcher.h"
#include "io/io.h"
#include "proc/proc.h"

struct refresh {
    int dir; /* private/cosign */
    const struct cosign_log *log;
    struct fetcher *fetcher; /* opened when the first address is asked */
    const struct url_allowed *allowed;
    size_t allowed_count;
};

/* ---- is it the next note?  Asked in a cage: nobody has looked at these bytes yet ---- */

struct candidate {
    struct identity_chain *chain;
    const char *channel;
    struct slice raw;
};

static int judge_caged(void *ctx, const struct proc_side *side, struct why *why)
{
    const struct candidate *candidate = ctx;
    const struct cage_rules rules = {.profile = CAGE_COPY,
                                     .keep = &side->fd,
                                     .keep_count = 1,
                                     .memory_bytes = LIMIT_FRONT_MEMORY,
                                     .cpu_s = LIMIT_COSIGN_WAIT_S};
    int rc = cage_enter(&rules, NULL, why);

    if (rc == SH_OK)
        rc = identity_chain_add(candidate->chain, candidate->raw, why);
    if (rc == SH_OK &&
        strcmp(identity_chain_newest(candidate->chain)->channel.text, candidate->channel) != 0)
        rc = why_set(why, SH_ECONFLICT, WHY_NOWHERE, "it is a note of another channel");
    return rc;
}

static int judge(const struct refresh *refresh, struct identity_chain *chain, struct slice raw,
                 struct why *why)
{
    struct candidate candidate = {chain, refresh->log->channel, raw};
    const struct proc_task task = {.name = "the reader of an identity note",
                                   .run = judge_caged,
                                   .ctx = &candidate,
                                   .timeout_s = LIMIT_COSIGN_WAIT_S};

    return proc_run(&task, NULL, why);
}

/* ---- where it comes from ---- */

static bool is_address(const char *source)
{
    return slice_starts(slice_text(source), "http://") ||
           slice_starts(slice_text(source), "https://");
}

static int read_folder(const char *source, const char *path, struct bytes *raw, struct why *why)
{
    struct why cause = {0};
    int dir = -1;
    int rc = io_open_dir(AT_FDCWD, source, &dir, why);

    if (rc != SH_OK)
        return why_set(why, SH_EIO, WHY_NOWHERE, "%.300s: not there, or no folder", source);
    if (!io_exists(dir, path)) {
        /* The home of a channel or of a mirror will do as well. */
        char below[TREE_PATH_BYTES + 8];

        (void)snprintf(below, sizeof(below), "public/%s", path);
        rc = io_read(dir, below, raw, &cause);
    } else {
        rc = io_read(dir, path, raw, &cause);
    }
    io_close(&dir);
    return rc == SH_OK || rc == SH_ENOTFOUND
               ? rc
               : why_set(why, rc, cause.offset, "%.200s", cause.text);
}

static int read_address(struct refresh *refresh, const char *path, struct bytes *raw,
                        struct why *why)
{
    const char *source = refresh->log->source;
    size_t len = strlen(source);
    char url[LIMIT_URL_BYTES + TREE_PATH_BYTES + 2];
    struct fetcher_options options = {.allowed = refresh->allowed,
                                      .allowed_count = refresh->allowed_count};
    struct fetcher_request request = {.method = FETCHER_GET,
                                      .url = url,
                                      .most_bytes = LIMIT_NOTE_BYTES,
                                      .deadline_ms = LIMIT_COSIGN_WAIT_S * 1000 / 4};
    struct fetcher_answer answer;
    int rc = SH_OK;

    (void)snprintf(url, sizeof(url), "%s%s%s", source, len && source[len - 1] == '/' ? "" : "/",
                   path);
    if (!refresh->fetcher)
        rc = fetcher_open(&options, &refresh->fetcher, why);
    if (rc == SH_OK)
        rc = fetcher_do(refresh->fetcher, &request, &answer, why);
    if (rc != SH_OK)
        return rc;
    if (answer.outcome == FETCHER_DONE && (answer.status == 404 || answer.status == 410))
        return SH_ENOTFOUND;
    if (answer.outcome != FETCHER_DONE || answer.status != 200)
        return why_set(why, SH_EIO, WHY_NOWHERE, "%s",
                       answer.text[0] ? answer.text : "the server did not give its notes");
    bytes_clear(raw);
    bytes_slice(raw, answer.body);
    return bytes_check(raw, why);
}

/* ---- one channel ---- */

static int keep(const struct refresh *refresh, uint64_t number, struct slice raw,
                struct why *why)
{
    char path[COSIGN_CHAIN_BYTES];
    struct io_target target = {.dir = refresh->dir,
                               .path = path,
                               .tmp_dir = refresh->dir,
                               .mode = 0600,
                               .sync = IO_SYNC};

    cosign_chain_path(refresh->log->channel, number, path);
    return io_replace(&target, raw, why);
}

/* The note after those that are kept; *more says whether there was one. */
static int follow_once(struct refresh *refresh, bool *more, struct why *why)
{
    struct identity_chain chain;
    char path[TREE_PATH_BYTES];
    struct bytes raw;
    int rc;

    *more = false;
    identity_chain_init(&chain);
    bytes_init(&raw, LIMIT_NOTE_BYTES);
    rc = cosign_chain_read(refresh->dir, refresh->log->channel, &chain, why);
    if (rc != SH_OK)
        goto out;
    tree_identity_path(chain.count, path);
    rc = is_address(refresh->log->source) ? read_address(refresh, path, &raw, why)
                                          : read_folder(refresh->log->source, path, &raw, why);
    if (rc == SH_ENOTFOUND) {
        rc = chain.count ? SH_OK
                         : why_set(why, SH_EIO, WHY_NOWHERE, "no identity note lies there");
        goto out;
    }
    if (rc == SH_OK)
        rc = judge(refresh, &chain, bytes_view(&raw), why);
    if (rc == SH_OK)
        rc = keep(refresh, chain.count, bytes_view(&raw), why);
    *more = rc == SH_OK;
out:
    bytes_release(&raw);
    identity_chain_release(&chain);
    return rc;
}

int cosign_refresh(const char *home, const struct url_allowed *allowed, size_t allowed_count,
                   struct why *why)
{
    struct refresh refresh = {.dir = -1, .allowed = allowed, .allowed_count = allowed_count};
    struct cosign_config *config;
    struct bytes memory;
    int public_dir = -1;
    int rc = cosign_folders(home, &refresh.dir, &public_dir, why);

    io_close(&public_dir);
    bytes_init(&memory, sizeof(*config));
    config = (struct cosign_config *)(void *)bytes_room(&memory, sizeof(*config));
    if (rc == SH_OK && !config)
        rc = why_set(why, SH_ENOMEM, WHY_NOWHERE, "cosign: no memory");
    if (rc == SH_OK)
        rc = cosign_config_read(refresh.dir, config, why);
    for (size_t i = 0; rc == SH_OK && i < config->count; i++) {
        struct why cause = {0};
        bool more = config->log[i].is_channel;

        refresh.log = &config->log[i];
        while (more)
            if (follow_once(&refresh, &more, &cause) != SH_OK)
                io_say("warn", "cosign", "not-followed", "channel=%.16s cause=\"%s\"",
                       refresh.log->channel, cause.text);
    }
    fetcher_close(refresh.fetcher);
    io_close(&refresh.dir);
    bytes_release(&memory);
    return rc;
}
