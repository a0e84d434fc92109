/* stillhere proof N: one entry, its path to a signed root, and its document, in one file. */
#include "cmd/cmd.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/files_int.h"
#include "cmd/verify_int.h"
#include "io/io.h"

/* The longest file that is read: an entry tile, or a signed note. */
#define FILE_BYTES (TLOG_TILE_WIDTH * (size_t)(2 + LIMIT_ENTRY_BYTES))

struct making {
    int dir;
    struct tlog_tree tree;
    struct tlog_checkpoint checkpoint;
    struct tlog_spicy spicy;
    struct entry entry;
    struct bytes file;       /* being read */
    struct bytes note;       /* the signed checkpoint, with all signatures known */
    struct bytes line;       /* the entry */
    struct bytes document;   /* empty: not public here */
    struct bytes carried;    /* line || document */
    struct bytes extra, out; /* base64; the proof */
    size_t signatures;
};

static int read_file(struct making *making, const char *path, struct why *why)
{
    int fd, rc = io_open_file(making->dir, path, &fd, why);

    if (rc < 0)
        return rc;
    bytes_clear(&making->file);
    rc = io_read_fd(fd, &making->file, why);
    io_close(&fd);
    return why_name(why, rc, path);
}

/* A tile; the partial one that this size names may be gone when the full one is there. */
static int read_tile(struct making *making, struct tlog_tile tile, struct why *why)
{
    char path[TLOG_PATH_BYTES];
    int rc = tlog_tile_path(&tile, path, why);

    if (rc == SH_OK)
        rc = read_file(making, path, tile.width < TLOG_TILE_WIDTH ? NULL : why);
    if (rc == SH_OK || tile.width == TLOG_TILE_WIDTH)
        return rc;
    tile.width = TLOG_TILE_WIDTH;
    rc = tlog_tile_path(&tile, path, why);
    return rc == SH_OK ? read_file(making, path, why) : rc;
}

static int read_hashes(void *context, const struct tlog_tile *tile, uint8_t *hashes,
                       struct why *why)
{
    struct making *making = context;
    size_t bytes = (size_t)tile->width * TLOG_HASH_BYTES;
    int rc = read_tile(making, *tile, why);

    if (rc < 0)
        return rc;
    if (making->file.len < bytes)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "tile %u/%llu: %zu bytes, at least %zu were expected; this tree is not "
                       "whole",
                       tile->level, (unsigned long long)tile->number, making->file.len, bytes);
    memcpy(hashes, making->file.ptr, bytes);
    return SH_OK;
}

/* Signature lines of more that the note does not have. */
static void merge(struct making *making, const struct tlog_note *more)
{
    struct cursor cur = cursor_of(more->signature_lines);

    while (rd_left(&cur)) {
        struct slice line = rd_line(&cur);
        struct cursor ours = cursor_of(bytes_view(&making->note));
        bool there = false;

        while (rd_left(&ours) && !there)
            there = slice_equal(rd_line(&ours), line);
        if (there || making->signatures == LIMIT_NOTE_SIGNATURES ||
            making->note.len + line.len >= LIMIT_NOTE_BYTES)
            continue;
        bytes_slice(&making->note, line);
        bytes_u8(&making->note, '\n');
        making->signatures++;
    }
}

/* The checkpoint, with the cosignatures that are kept beside it (cp/). */
static int read_checkpoint(struct making *making, struct why *why)
{
    char path[TREE_PATH_BYTES], number[TLOG_NUMBER_BYTES], root[2 * 4 + 1];
    struct tlog_note note, more;
    int rc = read_file(making, "checkpoint", why);

    if (rc < 0)
        return rc;
    bytes_slice(&making->note, bytes_view(&making->file));
    rc = bytes_check(&making->note, why);
    if (rc == SH_OK)
        rc = tlog_note_parse(bytes_view(&making->note), &note, why);
    if (rc == SH_OK)
        rc = tlog_checkpoint_parse(note.text, &making->checkpoint, why);
    if (rc < 0)
        return rc;
    making->signatures = note.signatures;
    tlog_number_path(making->checkpoint.size, number);
    hex_build(slice_of(making->checkpoint.root, 4), root);
    (void)snprintf(path, sizeof(path), "cp/%s.%s", number, root);
    if (read_file(making, path, NULL) == SH_OK &&
        tlog_note_parse(bytes_view(&making->file), &more, NULL) == SH_OK &&
        slice_equal(more.text, note.text))
        merge(making, &more);
    return bytes_check(&making->note, why);
}

static int read_entry(struct making *making, uint64_t index, struct why *why)
{
    uint64_t number = index / TLOG_TILE_WIDTH, size = making->checkpoint.size;
    struct tlog_tile tile = {.level = TLOG_LEVEL_ENTRIES, .number = number};
    struct cursor cur;
    struct slice line = {0};
    int rc;

    if (index >= size)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                       "entry %llu: the log has %llu entries, 0 to %llu",
                       (unsigned long long)index, (unsigned long long)size,
                       (unsigned long long)(size ? size - 1 : 0));
    tile.width = size / TLOG_TILE_WIDTH == number ? tlog_partial_width(size, 0)
                                                  : (uint16_t)TLOG_TILE_WIDTH;
    rc = read_tile(making, tile, why);
    if (rc < 0)
        return rc;
    cur = cursor_of(bytes_view(&making->file));
    for (uint64_t i = 0; i <= index % TLOG_TILE_WIDTH; i++)
        if (!tlog_entry_tile_next(&cur, &line))
            return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                           "entry %llu: its entry tile is cut or malformed",
                           (unsigned long long)index);
    bytes_slice(&making->line, line);
    rc = bytes_check(&making->line, why);
    return rc < 0 ? rc : entry_parse(bytes_view(&making->line), index, &making->entry, why);
}

/* Its document, where it is public; one that does not fit is as good as none. */
static int read_document(struct making *making, struct why *why)
{
    char path[TREE_PATH_BYTES];
    uint8_t digest[32];
    int rc;

    tree_document_path(making->entry.hash, path);
    rc = read_file(making, path, NULL);
    if (rc < 0)
        return rc == SH_ENOMEM ? why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory") : SH_OK;
    crypto.sha256(bytes_view(&making->file), digest);
    if (memcmp(digest, making->entry.hash, sizeof(digest)) != 0)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "%s: not the document that the entry names; put back an unchanged copy "
                       "first (stillhere verify)",
                       path);
    bytes_slice(&making->document, bytes_view(&making->file));
    return bytes_check(&making->document, why);
}

static int make(struct making *making, uint64_t index, struct why *why)
{
    uint8_t leaf[TLOG_HASH_BYTES];
    int rc = read_checkpoint(making, why);

    if (rc == SH_OK)
        rc = read_entry(making, index, why);
    if (rc < 0)
        return rc;
    tlog_tree_init(&making->tree, making->checkpoint.size, read_hashes, making);
    making->spicy.index = index;
    rc = tlog_inclusion_build(&making->tree, index, &making->spicy.proof, why);
    if (rc < 0)
        return rc;
    tlog_leaf_hash(bytes_view(&making->line), leaf);
    if (tlog_inclusion_check(&making->spicy.proof, leaf, index, making->checkpoint.size,
                             making->checkpoint.root, NULL) < 0)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "entry %llu: entries and tiles do not give the root that the checkpoint "
                       "signs; look with: stillhere verify",
                       (unsigned long long)index);
    rc = read_document(making, why);
    if (rc < 0)
        return rc;
    bytes_slice(&making->carried, bytes_view(&making->line));
    bytes_slice(&making->carried, bytes_view(&making->document));
    base64_build(&making->extra, bytes_view(&making->carried), BASE64_PADDED);
    making->spicy.has_extra = true;
    making->spicy.extra = bytes_view(&making->extra);
    making->spicy.note = bytes_view(&making->note);
    tlog_spicy_build(&making->out, &making->spicy);
    rc = bytes_check(&making->carried, why);
    if (rc == SH_OK)
        rc = bytes_check(&making->extra, why);
    return rc < 0 ? rc : bytes_check(&making->out, why);
}

static void answer(const struct cmd *cmd, const struct making *making, const char *path,
                   struct bytes *out)
{
    char number[24], size[24];

    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)making->spicy.index);
    (void)snprintf(size, sizeof(size), "%llu", (unsigned long long)making->checkpoint.size);
    if (cmd->json) {
        struct json_writer json = cmd_json_open(out);

        json_put_number(&json, "index", making->spicy.index);
        json_put_slice(&json, "type", making->entry.type_text);
        json_put_text(&json, "path", path);
        json_put_number(&json, "bytes", making->out.len);
        json_put_number(&json, "hashes", making->spicy.proof.count);
        json_put_number(&json, "signatures", making->signatures);
        json_put_bool(&json, "document", making->document.len > 0);
        json_object_open(&json, "checkpoint");
        json_put_number(&json, "size", making->checkpoint.size);
        json_put_hex(&json, "root", slice_of(making->checkpoint.root, TLOG_HASH_BYTES));
        json_object_close(&json);
        cmd_json_close(&json);
        return;
    }
    LANG_SAY(out, cmd->lang, STR_PROOF_WRITTEN, number, size, path);
    bytes_u8(out, '\n');
    (void)snprintf(number, sizeof(number), "%zu", making->signatures);
    LANG_SAY(out, cmd->lang, STR_PROOF_SIGNATURES, number);
    bytes_u8(out, '\n');
    if (!making->document.len)
        bytes_printf(out, "%s\n", lang_text(cmd->lang, STR_PROOF_WITHOUT));
}

static int deliver(const struct cmd *cmd, const struct making *making, const char *path,
                   struct why *why)
{
    struct bytes out;
    int rc;

    if (strcmp(path, "-") == 0)
        return cmd_print(bytes_view(&making->out), why) < 0 ? cmd_failed(cmd, why) : CMD_DONE;
    rc = cmd_file_write(path, bytes_view(&making->out), why);
    if (rc < 0)
        return cmd_failed(cmd, why);
    bytes_init(&out, LIMIT_PAGE_BYTES);
    answer(cmd, making, path, &out);
    return cmd_answer(cmd, &out);
}

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    const char *what = args->word_count > 1 ? args->words[1] : cmd->home;
    const char *path = cmd_value(args, "output");
    char own[40];
    struct making *making;
    struct why why = {0};
    uint64_t index;
    int rc;

    if (!args->word_count || args->word_count > 2 ||
        !decimal_parse(slice_text(args->words[0]), LIMIT_LOG_SIZE, &index))
        return cmd_usage(cmd, "proof needs the number of one entry");
    if (cmd->json && path && strcmp(path, "-") == 0)
        return cmd_usage(cmd, "-o - puts the proof on standard output, where --json answers");
    (void)snprintf(own, sizeof(own), "%llu.tlog-proof", (unsigned long long)index);
    /* RAW: the tiles that are kept are too large for the stack of a small machine. */
    making = calloc(1, sizeof(*making));
    if (!making)
        bug("no memory for a proof");
    making->dir = -1;
    bytes_init(&making->file,
               FILE_BYTES > LIMIT_DOCUMENT_BYTES ? FILE_BYTES : LIMIT_DOCUMENT_BYTES);
    bytes_init(&making->note, LIMIT_NOTE_BYTES);
    bytes_init(&making->line, LIMIT_ENTRY_BYTES);
    bytes_init(&making->document, LIMIT_DOCUMENT_BYTES);
    bytes_init(&making->carried, LIMIT_DOCUMENT_BYTES + LIMIT_ENTRY_BYTES);
    bytes_init(&making->extra, LIMIT_PROOF_BYTES);
    bytes_init(&making->out, LIMIT_PROOF_BYTES);
    rc = cmd_tree_open(what, &making->dir, &why);
    if (rc == SH_OK)
        rc = make(making, index, &why);
    rc = rc < 0 ? cmd_failed(cmd, &why) : deliver(cmd, making, path ? path : own, &why);
    io_close(&making->dir);
    bytes_release(&making->file);
    bytes_release(&making->note);
    bytes_release(&making->line);
    bytes_release(&making->document);
    bytes_release(&making->carried);
    bytes_release(&making->extra);
    bytes_release(&making->out);
    free(making);
    return rc;
}

static const struct cmd_option options[] = {
    {"output", "FILE", "its name, also -o; default: N.tlog-proof, - is standard output"},
    {NULL, NULL, NULL}};

const struct cmd_spec cmd_spec_proof = {
    .name = "proof",
    .usage = "N [TREE] [--output FILE]",
    .summary = "write a proof of one entry, to be checked without the channel",
    .about =
        "Writes N.tlog-proof: entry N, its document where that is public, the path of hashes "
        "to\n"
        "a signed checkpoint, and all signatures known of it.  Anybody can check it offline "
        "with\n"
        "`stillhere verify N.tlog-proof --file FILE`, FILE being the document or one of its\n"
        "files.  Needs no secret: TREE may be any copy of a public tree.  Of an entry whose\n"
        "document is withdrawn or still sealed it shows that it was made, not what it says.\n"
        "A proof is of its moment: later withdrawals and corrections are not in it.",
    .examples = "  stillhere -C ~/channel proof 12\n"
                "  stillhere proof 12 /media/usb/copy -o dispatch.tlog-proof\n",
    .options = options,
    .run = run,
};
