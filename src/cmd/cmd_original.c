/* stillhere original open N: the untouched clip, and that it is what entry N committed to. */
#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/files_int.h"
#include "cmd/original_int.h"
#include "io/io.h"

#define BLOCK_BYTES ((size_t)256 << 10)
#define DEFAULT_NAME_BYTES 48

struct opening {
    struct cmd *cmd;
    uint64_t index;
    struct channel_entry entry;
    struct document doc;
    char path[TREE_PATH_BYTES];    /* of the sealed file, below private/ */
    char name[DEFAULT_NAME_BYTES]; /* where the person gave none */
    struct cmd_place place;
    char temporary[64];
    struct cmd_sheets sheets;
    struct original original;
    bool wanting; /* it opened, and is not what the entry committed to */
};

/* ---- what the entry says ---- */

static int find(struct opening *opening, struct channel *channel, struct arena *arena,
                struct bytes *raw, struct why *why)
{
    enum entry_type type;
    int rc = channel_entry_get(channel, opening->index, &opening->entry, why);

    if (rc != SH_OK)
        return rc;
    type = opening->entry.entry.type;
    if (type != ENTRY_DISPATCH && type != ENTRY_SEALED && type != ENTRY_CORRECT)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "entry %ju is of type %s; only a dispatch has an original",
                       (uintmax_t)opening->index, entry_type_name(type));
    rc = channel_document_kept(channel, &opening->entry, raw, why);
    if (rc == SH_OK)
        rc = document_parse(bytes_view(raw), arena, &opening->doc, why);
    if (rc == SH_OK && !opening->doc.has_orig)
        rc = why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                     "entry %ju commits to no original: none was kept",
                     (uintmax_t)opening->index);
    if (rc == SH_OK)
        original_path(opening->doc.dispatch, opening->path);
    return rc;
}

static int check_sheets(const struct opening *opening, const struct channel *channel,
                        struct why *why)
{
    const struct channel_id *id = &channel_info(channel)->id;
    const struct sheet *sheet = &opening->sheets.sheet[0];

    if (memcmp(sheet->channel.hash, id->hash, sizeof(id->hash)) == 0)
        return SH_OK;
    return why_set(why, SH_ECONFLICT, WHY_NOWHERE, "the sheet is of channel %s, this is %s",
                   sheet->channel.text, id->text);
}

/* ---- the file that is made ---- */

static int open_sealed(const struct opening *opening, const struct channel *channel, int *fd,
                       uint64_t *bytes, struct why *why)
{
    struct stat st;
    int rc = io_open_file(channel_info(channel)->private_dir, opening->path, fd, NULL);

    if (rc == SH_ENOTFOUND)
        return why_set(why, rc, WHY_NOWHERE,
                       "entry %ju commits to an original, but private/%s is not here",
                       (uintmax_t)opening->index, opening->path);
    if (rc != SH_OK || fstat(*fd, &st) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "private/%s: cannot be read", opening->path);
    *bytes = (uint64_t)st.st_size;
    return SH_OK;
}

static int unseal(struct opening *opening, const struct channel *channel, int out,
                  struct why *why)
{
    struct cmd_unseal job = {
        .cmd = opening->cmd, .in = -1, .out = out, .sheets = &opening->sheets};
    struct why cause = {0};
    int rc = open_sealed(opening, channel, &job.in, &job.sealed_bytes, why);

    if (rc != SH_OK)
        return rc;
    rc = cmd_unseal(&job, &opening->original, &cause);
    io_close(&job.in);
    if (rc == SH_ENOTFOUND)
        return why_set(why, rc, WHY_NOWHERE,
                       "private/%s: was sealed for another archive key than the one on this "
                       "sheet; one from before `key rotate archive` or `key sheet` opens it",
                       opening->path);
    return rc == SH_OK
               ? SH_OK
               : why_set(why, rc, cause.offset, "private/%s: %s", opening->path, cause.text);
}

/* SHA-256 of the new file as it lies on the disk; the child's word is not taken for it. */
static int hash_file(int fd, uint8_t sha256[CRYPT_DIGEST_BYTES], uint64_t *bytes,
                     struct why *why)
{
    struct crypt_sha256 sha;
    struct bytes hold;
    uint8_t *block;
    ssize_t got = 1;

    bytes_init(&hold, BLOCK_BYTES);
    block = bytes_room(&hold, BLOCK_BYTES);
    crypto.sha256_init(&sha);
    for (*bytes = 0; block && got != 0; *bytes += got > 0 ? (uint64_t)got : 0) {
        got = pread(fd, block, BLOCK_BYTES, (off_t)*bytes);
        if (got < 0 && errno != EINTR)
            break;
        if (got > 0)
            crypto.sha256_update(&sha, slice_of(block, (size_t)got));
    }
    crypto.sha256_final(&sha, sha256);
    if (block)
        wipe(block, BLOCK_BYTES);
    bytes_release(&hold);
    return block && got == 0
               ? SH_OK
               : why_set(why, SH_EIO, WHY_NOWHERE, "the new file cannot be read back");
}

/* A name that we chose ends as players expect it: the beginning tells MP4, MOV, MKV and AVI. */
static void name_ending(struct opening *opening, int fd)
{
    static const uint8_t matroska[] = {0x1a, 0x45, 0xdf, 0xa3};
    uint8_t head[12] = {0};
    const char *ending = "mp4";
    size_t len = strlen(opening->name);

    if (opening->place.path != opening->name || pread(fd, head, sizeof(head), 0) < 0)
        return;
    if (memcmp(head + 4, "ftypqt  ", 8) == 0)
        ending = "mov";
    else if (memcmp(head, matroska, sizeof(matroska)) == 0)
        ending = "mkv";
    else if (memcmp(head, "RIFF", 4) == 0 && memcmp(head + 8, "AVI ", 4) == 0)
        ending = "avi";
    memcpy(opening->name + len - 3, ending, 3);
}

/* Is it what the document's `orig` stands for? */
static int check_commitment(struct opening *opening, struct why *why)
{
    uint8_t sha256[CRYPT_DIGEST_BYTES], orig[CRYPT_DIGEST_BYTES];
    uint64_t bytes = 0;
    int fd = -1;
    int rc = io_open_file(opening->place.dir, opening->temporary, &fd, why);

    if (rc == SH_OK)
        rc = hash_file(fd, sha256, &bytes, why);
    if (rc == SH_OK)
        name_ending(opening, fd);
    io_close(&fd);
    if (rc != SH_OK)
        return rc;
    original_commit(&opening->original, orig);
    opening->wanting = bytes != opening->original.bytes ||
                       memcmp(sha256, opening->original.sha256, sizeof(sha256)) != 0 ||
                       memcmp(orig, opening->doc.orig, sizeof(orig)) != 0;
    if (opening->wanting)
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "private/%s: opens, but is not what entry %ju committed to; nothing "
                       "was written",
                       opening->path, (uintmax_t)opening->index);
    return SH_OK;
}

static int refuse_existing(const struct cmd_place *place, struct why *why)
{
    if (faccessat(place->dir, place->base, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
        return SH_OK;
    return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                   "%s: there is such a file already; it is left as it is, choose another name "
                   "with -o",
                   place->path);
}

/* The last step; a file system that cannot refuse by itself is asked just before. */
static int give_name(const struct opening *opening, struct why *why)
{
    const struct cmd_place *place = &opening->place;
    int rc;

    if (renameat2(place->dir, opening->temporary, place->dir, place->base, RENAME_NOREPLACE) ==
        0)
        return SH_OK;
    rc = refuse_existing(place, why);
    if (rc == SH_OK && renameat(place->dir, opening->temporary, place->dir, place->base) != 0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "%s: %s", place->path, strerror(errno));
    return rc;
}

/* Under a name of its own until it was found right, is whole and durable. */
static int make_file(struct opening *opening, const struct channel *channel, struct why *why)
{
    uint8_t random[8];
    int fd = -1, rc;

    memcpy(opening->temporary, ".stillhere-original-", 20);
    io_random(random, sizeof(random));
    hex_build(slice_of(random, sizeof(random)), opening->temporary + 20);
    rc = cmd_place_create(&opening->place, opening->temporary, &fd, why);
    if (rc != SH_OK)
        return rc;
    rc = unseal(opening, channel, fd, why);
    if (rc == SH_OK)
        rc = io_sync_fd(fd, opening->place.path, why);
    if (rc == SH_OK)
        rc = check_commitment(opening, why);
    if (rc == SH_OK)
        rc = give_name(opening, why);
    if (rc == SH_OK)
        rc = io_sync_fd(opening->place.dir, opening->place.path, why);
    else
        (void)unlinkat(opening->place.dir, opening->temporary, 0); /* The cause counts. */
    io_close(&fd);
    return rc;
}

/* ---- the answer ---- */

static void answer_json(const struct opening *opening, struct bytes *out)
{
    const struct original *original = &opening->original;
    struct json_writer json = cmd_json_open(out);
    char path[TREE_PATH_BYTES];

    tree_document_path(opening->entry.entry.hash, path);
    json_put_number(&json, "index", opening->index);
    json_put_text(&json, "channel", opening->sheets.sheet[0].channel.text);
    if (text_is_utf8(slice_text(opening->place.path)))
        json_put_text(&json, "file", opening->place.path);
    json_put_number(&json, "bytes", original->bytes);
    json_put_hex(&json, "sha256", slice_of(original->sha256, sizeof(original->sha256)));
    json_put_hex(&json, "random", slice_of(original->random, sizeof(original->random)));
    json_put_hex(&json, "orig", slice_of(opening->doc.orig, sizeof(opening->doc.orig)));
    json_put_text(&json, "document", path);
    json_put_bool(&json, "holds", true);
    cmd_json_close(&json);
}

static void answer_text(const struct opening *opening, struct bytes *out)
{
    const struct original *original = &opening->original;
    enum lang lang = opening->cmd->lang;
    char number[24], size[LANG_NUMBER_BYTES], hex[3][2 * CRYPT_DIGEST_BYTES + 1];

    (void)snprintf(number, sizeof(number), "%ju", (uintmax_t)opening->index);
    lang_size(lang, original->bytes, size);
    hex_build(slice_of(original->sha256, CRYPT_DIGEST_BYTES), hex[0]);
    hex_build(slice_of(original->random, CRYPT_DIGEST_BYTES), hex[1]);
    hex_build(slice_of(opening->doc.orig, CRYPT_DIGEST_BYTES), hex[2]);
    LANG_SAY(out, lang, STR_ORIGINAL_OPENED, opening->place.path, number, size);
    bytes_u8(out, '\n');
    LANG_SAY(out, lang, STR_ORIGINAL_HOLDS, number);
    bytes_printf(out, "\n  SHA-256 %s\n  %s %s\n  orig %s\n", hex[0],
                 lang_text(lang, STR_ORIGINAL_RANDOM), hex[1], hex[2]);
    bytes_printf(out, "%s\n%s\n", lang_text(lang, STR_ORIGINAL_REPEAT),
                 lang_text(lang, STR_ORIGINAL_NOT));
}

static int answer(const struct opening *opening)
{
    struct bytes out;

    bytes_init(&out, LIMIT_PAGE_BYTES);
    if (opening->cmd->json)
        answer_json(opening, &out);
    else
        answer_text(opening, &out);
    return cmd_answer(opening->cmd, &out);
}

/* ---- all of it ---- */

static int open_place(struct opening *opening, const struct cmd_args *args,
                      const struct channel *channel, struct why *why)
{
    const char *path = cmd_value(args, "output");
    int rc;

    (void)snprintf(opening->name, sizeof(opening->name), "original-%ju.mp4",
                   (uintmax_t)opening->index);
    path = path ? path : opening->name;
    rc = cmd_place_private(path, why);
    if (rc == SH_OK)
        rc = cmd_place_open(path, &opening->place, why);
    if (rc == SH_OK)
        rc = cmd_place_outside(&opening->place, channel_info(channel)->home, why);
    return rc == SH_OK ? refuse_existing(&opening->place, why) : rc;
}

static int open_original(struct opening *opening, const struct cmd_args *args, struct why *why)
{
    struct channel *channel = NULL;
    struct arena arena;
    struct bytes raw;
    int rc = channel_open(opening->cmd->home, CHANNEL_LOOK, &channel, why);

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    if (rc == SH_OK)
        rc = find(opening, channel, &arena, &raw, why);
    if (rc == SH_OK)
        rc = open_place(opening, args, channel, why);
    if (rc == SH_OK)
        rc = cmd_sheets_read_any(opening->cmd, args, &opening->sheets, why);
    if (rc == SH_OK)
        rc = check_sheets(opening, channel, why);
    if (rc == SH_OK)
        rc = make_file(opening, channel, why);
    if (rc == SH_OK && answer(opening) != CMD_DONE)
        rc = why_set(why, SH_EIO, WHY_NOWHERE,
                     "%s is there, but the answer could not be written", opening->place.path);
    bytes_release(&raw);
    arena_release(&arena);
    channel_close(channel);
    return rc;
}

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    struct opening opening = {.cmd = cmd, .place = {.dir = -1}};
    struct why why = {0};
    int rc;

    if (args->word_count != 2 || strcmp(args->words[0], "open") != 0 ||
        !decimal_parse(slice_text(args->words[1]), LIMIT_LOG_SIZE, &opening.index))
        return cmd_usage(cmd, "original open N: the number of one dispatch");
    (void)prctl(PR_SET_DUMPABLE, 0); /* The sheet's secrets are in this process. */
    rc = open_original(&opening, args, &why);
    cmd_sheets_wipe(&opening.sheets);
    wipe(&opening.original, sizeof(opening.original));
    io_close(&opening.place.dir);
    if (rc < 0 && opening.wanting) {
        (void)cmd_failed(cmd, &why);
        return CMD_WANTING;
    }
    return rc < 0 ? cmd_erred(cmd, &why) : CMD_DONE;
}

static const struct cmd_option options[] = {
    {"sheet", "FILE", "a recovery sheet; may be given again, - is standard input"},
    {"output", "FILE", "where the clip goes, also -o; default: original-N.mp4"},
    {NULL, NULL, NULL}};

const struct cmd_spec cmd_spec_original = {
    .name = "original",
    .usage = "open N [--sheet FILE]... [--output FILE]",
    .many = "sheet",
    .summary = "open the untouched clip of a dispatch",
    .about =
        "Opens the untouched clip of dispatch N, which post --keep-original sealed, with a\n"
        "recovery sheet, and compares it with what entry N committed to.  Any one sheet of a\n"
        "set will do.  What it prints lets others repeat that.\n"
        "The clip holds all that the phone wrote into it, also where it was recorded.  It is\n"
        "never written over a file that is there.\n"
        "Exit code 3: it opens, and is not what the entry committed to.",
    .examples = "  stillhere original open 4 --sheet sheet.txt\n"
                "  stillhere original open 4 --sheet sheet.txt -o /media/usb/4.mp4 --json\n",
    .options = options,
    .run = run,
};
