/*
 * Where the home wrote last: machine and folder.  A home that is copied and used twice makes
 * two histories under one key; the copy at least can tell that it is one.  Only said, never a
 * reason to refuse: a home may be moved, and the first cosigner stops a clone (FORMATS,
 * "Restored backups and clones").
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "channel/channel_int.h"

#define HEAD "stillhere-place/1\n"
#define MACHINE_CHARS 16
#define PLACE_BYTES 128

struct place {
    char machine[MACHINE_CHARS + 1]; /* empty: the system does not tell */
    uint64_t folder;
};

/* Hashed with the channel's id: the file says nothing to whoever finds it. */
static void name_machine(const struct channel *channel, char out[MACHINE_CHARS + 1])
{
    uint8_t digest[CRYPT_DIGEST_BYTES];
    char hex[2 * CRYPT_DIGEST_BYTES + 1];
    struct bytes text;

    *out = '\0';
    bytes_init(&text, 512);
    if (io_read(AT_FDCWD, "/etc/machine-id", &text, NULL) == SH_OK && text.len >= 32) {
        bytes_printf(&text, "stillhere-place %s", channel->info.id.text);
        crypto.sha256(bytes_view(&text), digest);
        hex_build(slice_of(digest, sizeof(digest)), hex);
        memcpy(out, hex, MACHINE_CHARS);
        out[MACHINE_CHARS] = '\0';
    }
    bytes_release(&text);
}

static bool find_here(const struct channel *channel, struct place *out)
{
    struct stat st;

    if (fstat(channel->private_dir, &st) != 0)
        return false;
    out->folder = (uint64_t)st.st_ino;
    name_machine(channel, out->machine);
    return true;
}

static bool take_value(struct cursor *cur, const char *word, struct slice *out)
{
    struct slice line = rd_line(cur);

    if (cur->failed || !slice_starts(line, word))
        return false;
    *out = slice_sub(line, strlen(word), line.len - strlen(word));
    return true;
}

/* What the file says; false when there is none that can be read. */
static bool find_last(const struct channel *channel, struct place *out)
{
    struct slice machine, folder;
    struct cursor cur;
    struct bytes raw;
    bool good;

    bytes_init(&raw, PLACE_BYTES);
    good = io_read(channel->private_dir, CHANNEL_PLACE, &raw, NULL) == SH_OK &&
           slice_starts(bytes_view(&raw), HEAD);
    cur = cursor_of(bytes_view(&raw));
    if (good)
        rd_skip(&cur, strlen(HEAD));
    good = good && take_value(&cur, "machine ", &machine) && machine.len <= MACHINE_CHARS &&
           take_value(&cur, "folder ", &folder) &&
           decimal_parse(folder, UINT64_MAX, &out->folder);
    if (good && machine.len)
        memcpy(out->machine, machine.ptr, machine.len);
    if (good)
        out->machine[machine.len] = '\0';
    bytes_release(&raw);
    return good;
}

int channel_place_write(struct channel *channel, struct why *why)
{
    struct io_target target = {
        channel->private_dir, CHANNEL_PLACE, channel->info.tmp_dir, 0600, 0, IO_NO_SYNC};
    char text[PLACE_BYTES];
    struct place here;

    if (!find_here(channel, &here))
        return SH_OK;
    (void)snprintf(text, sizeof(text), HEAD "machine %s\nfolder %ju\n", here.machine,
                   (uintmax_t)here.folder);
    return io_replace(&target, slice_text(text), why);
}

bool channel_place_is_other(const struct channel *channel)
{
    struct place here, last;

    if (!find_last(channel, &last) || !find_here(channel, &here))
        return false;
    return last.folder != here.folder ||
           (*last.machine && *here.machine && strcmp(last.machine, here.machine) != 0);
}

void channel_place_check(struct channel *channel)
{
    struct place last;

    channel->info.copied = channel_place_is_other(channel);
    if (channel->use == CHANNEL_WRITE && !find_last(channel, &last) &&
        channel_place_write(channel, NULL) != SH_OK)
        return; /* The next one that writes tries again. */
}
