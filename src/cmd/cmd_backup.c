/* stillhere backup FILE: the whole channel as one age file, while posting goes on. */
#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "age/age.h"
#include "cmd/files_int.h"
#include "io/io.h"
#include "json/json.h"
#include "tar/tar.h"

#define COPY_BYTES 65536 /* read at a time */

/* What the copy goes through: tar around each file, age around all, a descriptor below. */
struct pack {
    const struct cmd *cmd;
    const char *path; /* of the backup, for messages */
    struct age_writer *age;
    uint8_t *block; /* COPY_BYTES */
    uint64_t total, done;
    uint64_t files;
    int fd;
};

static int put_fd(void *ctx, struct slice data, struct why *why)
{
    const struct pack *pack = ctx;

    return why_name(why, io_write_fd(pack->fd, data, why), pack->path);
}

/* First walk, for a progress line alone. */
static int part_count(void *ctx, const struct channel_part *part, struct why *why)
{
    (void)why;
    ((struct pack *)ctx)->total += part->bytes;
    return SH_OK;
}

static int part_copy(struct pack *pack, const struct channel_part *part, struct why *why)
{
    uint64_t left = part->bytes;
    ssize_t got;
    int rc = SH_OK;

    while (rc == SH_OK && left > 0) {
        got = read(part->fd, pack->block, left < COPY_BYTES ? (size_t)left : COPY_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return why_set(why, SH_EIO, part->bytes - left, "%s: %s", part->path,
                           got < 0 ? strerror(errno) : "became shorter while it was read");
        rc = age_writer_update(pack->age, slice_of(pack->block, (size_t)got), why);
        left -= (uint64_t)got;
        pack->done += (uint64_t)got;
        if (pack->total)
            cmd_progress(pack->cmd, lang_text(pack->cmd->lang, STR_BACKUP_PROGRESS), pack->done,
                         pack->total);
    }
    return rc;
}

static int part_pack(void *ctx, const struct channel_part *part, struct why *why)
{
    static const uint8_t zero[TAR_BLOCK_BYTES];
    struct pack *pack = ctx;
    struct tar_member member = {.bytes = part->bytes, .mtime_s = part->mtime_s};
    uint8_t header[TAR_BLOCK_BYTES];
    int rc;

    member.mode = part->mode & 0044 ? 0644 : 0600;
    /* A clock that was once set far ahead stays in the times of files, which only grow. */
    if (member.mtime_s > LIMIT_TAR_TIME_S)
        member.mtime_s = LIMIT_TAR_TIME_S;
    if (strlen(part->path) >= sizeof(member.path))
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "%s: a path of more than %zu characters",
                       part->path, sizeof(member.path) - 1);
    memcpy(member.path, part->path, strlen(part->path));
    rc = tar_header_build(&member, header, why);
    if (rc == SH_OK)
        rc = age_writer_update(pack->age, slice_of(header, sizeof(header)), why);
    if (rc == SH_OK && part->fd < 0)
        rc = age_writer_update(pack->age, part->data, why);
    if (rc == SH_OK && part->fd >= 0)
        rc = part_copy(pack, part, why);
    if (rc == SH_OK)
        rc = age_writer_update(pack->age, slice_of(zero, tar_padding(part->bytes)), why);
    pack->files++;
    return rc;
}

static int pack_all(struct pack *pack, struct channel *channel, struct why *why)
{
    static const uint8_t zero[TAR_END_BYTES];
    struct channel_sink sink = {part_pack, pack};
    struct age_random random;
    int rc;

    io_random(&random, sizeof(random));
    rc = age_writer_start(pack->age, channel_info(channel)->archive_key, &random,
                          (struct age_sink){put_fd, pack}, why);
    if (rc == SH_OK)
        rc = channel_snapshot(channel, &sink, why);
    if (rc == SH_OK)
        rc = age_writer_update(pack->age, slice_of(zero, sizeof(zero)), why);
    if (rc == SH_OK)
        rc = age_writer_final(pack->age, why);
    cmd_progress_end(pack->cmd);
    return rc;
}

/* Both big blocks live on the heap for the time of the copy. */
static int pack_into(struct pack *pack, struct channel *channel, struct why *why)
{
    struct channel_sink count = {part_count, pack};
    struct arena arena;
    int rc = SH_OK;

    arena_init(&arena, sizeof(*pack->age) + COPY_BYTES + 64);
    pack->age = arena_take(&arena, sizeof(*pack->age));
    pack->block = arena_take(&arena, COPY_BYTES);
    if (!pack->age || !pack->block)
        rc = why_set(why, SH_ENOMEM, WHY_NOWHERE, "backup: out of memory");
    if (rc == SH_OK && isatty(STDERR_FILENO) && !pack->cmd->quiet && !pack->cmd->json)
        rc = channel_snapshot(channel, &count, why);
    if (rc == SH_OK)
        rc = pack_all(pack, channel, why);
    if (pack->age)
        age_writer_release(pack->age);
    if (pack->block)
        wipe(pack->block, COPY_BYTES);
    arena_release(&arena);
    return rc;
}

static int refuse_existing(const struct cmd_place *place, bool force, struct why *why)
{
    if (force || faccessat(place->dir, place->base, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
        return SH_OK;
    return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                   "%s: there is such a file already; choose another name, or --force",
                   place->path);
}

/* Written under a name of its own beside FILE, and renamed when it is whole and durable. */
static int backup(struct pack *pack, struct channel *channel, const struct cmd_place *place,
                  bool force, struct why *why)
{
    char name[64];
    uint8_t random[8];
    int rc;

    memcpy(name, ".stillhere-backup-", 18);
    io_random(random, sizeof(random));
    hex_build(slice_of(random, sizeof(random)), name + 18);
    rc = cmd_place_create(place, name, &pack->fd, why);
    if (rc < 0)
        return rc;
    pack->path = place->path;
    rc = pack_into(pack, channel, why);
    if (rc == SH_OK)
        rc = io_sync_fd(pack->fd, place->path, why);
    if (rc == SH_OK)
        rc = refuse_existing(place, force, why);
    if (rc == SH_OK && renameat(place->dir, name, place->dir, place->base) != 0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "%s: %s", place->path, strerror(errno));
    if (rc == SH_OK)
        rc = io_sync_fd(place->dir, place->path, why);
    else
        (void)unlinkat(place->dir, name, 0); /* The first cause is what counts. */
    io_close(&pack->fd);
    return rc;
}

static int answer(const struct cmd *cmd, const struct channel_info *info, const char *path,
                  uint64_t bytes)
{
    char entry[LANG_NUMBER_BYTES], size[LANG_NUMBER_BYTES];
    struct bytes out;

    bytes_init(&out, LIMIT_PAGE_BYTES);
    if (cmd->json) {
        struct json_writer json = cmd_json_open(&out);

        json_put_slice(&json, "file", slice_text(path));
        json_put_number(&json, "bytes", bytes);
        json_put_slice(&json, "channel", slice_text(info->id.text));
        json_put_number(&json, "size", info->size);
        cmd_json_close(&json);
        return cmd_answer(cmd, &out);
    }
    lang_size(cmd->lang, bytes, size);
    (void)snprintf(entry, sizeof(entry), "%llu", (unsigned long long)info->size - 1);
    LANG_SAY(&out, cmd->lang, STR_BACKUP_DONE, path, size, entry);
    bytes_u8(&out, '\n');
    cmd_say(cmd, "%s", lang_text(cmd->lang, STR_BACKUP_OPENS));
    return cmd_answer(cmd, &out);
}

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    struct pack pack = {.cmd = cmd, .fd = -1};
    struct cmd_place place = {.dir = -1};
    struct channel *channel = NULL;
    bool force = cmd_is_set(args, "force");
    struct why why = {0};
    uint64_t bytes = 0, mtime = 0;
    int rc;

    if (args->word_count != 1)
        return cmd_usage(cmd, "backup needs one file to write to");
    rc = cmd_place_open(args->words[0], &place, &why);
    if (rc == SH_OK)
        rc = refuse_existing(&place, force, &why);
    if (rc == SH_OK)
        rc = channel_open(cmd->home, CHANNEL_LOOK, &channel, &why);
    if (rc == SH_OK)
        rc = cmd_place_outside(&place, channel_info(channel)->home, &why);
    if (rc == SH_OK)
        rc = backup(&pack, channel, &place, force, &why);
    if (rc == SH_OK)
        rc = io_stat(place.dir, place.base, &bytes, &mtime, &why);
    if (rc == SH_OK)
        rc = answer(cmd, channel_info(channel), args->words[0], bytes);
    channel_close(channel);
    io_close(&place.dir);
    return rc < 0 ? cmd_failed(cmd, &why) : rc;
}

static const struct cmd_option options[] = {{"force", NULL, "replace FILE when it is there"},
                                            {NULL, NULL, NULL}};

const struct cmd_spec cmd_spec_backup = {
    .name = "backup",
    .usage = "FILE [--force]",
    .summary = "seal the whole channel in one file",
    .about =
        "Writes log, documents, videos, quarantine, keys and index as one age file that only\n"
        "the recovery sheet opens.  Other commands may post meanwhile: the backup shows the\n"
        "channel as it was when it began.  Pages are left out; rebuild makes them again.\n"
        "Keep it away from the machine, and away from the sheet.",
    .examples = "  stillhere backup /media/usb/channel.age\n"
                "  stillhere -C ~/channel backup --force ~/channel.age\n",
    .options = options,
    .run = run,
};
