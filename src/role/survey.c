/*
 * The surveyor: reads a copy of a public tree in a cage, before a process that will hold
 * recovery sheets or write to a channel has looked at it.
 */
#include "role/role.h"

#include <string.h>
#include <unistd.h>

#include "cage/cage.h"
#include "io/io.h"
#include "proc/proc.h"
#include "role/role_int.h"

enum question { ASK_ALL, ASK_ROOT, ASK_MOMENT };

struct survey {
    int dir;
    enum question question;
    uint64_t size;                       /* ASK_ROOT, ASK_MOMENT */
    const struct channel_moment *moment; /* ASK_MOMENT: how and value */
};

static int enter(const struct proc_side *side, int dir, struct why *why)
{
    const int keep[] = {side->fd, dir};
    const struct cage_path paths[] = {{dir, CAGE_READ}};
    const struct cage_rules rules = {.profile = CAGE_LOOK,
                                     .keep = keep,
                                     .keep_count = COUNT_OF(keep),
                                     .paths = paths,
                                     .path_count = COUNT_OF(paths)};

    return cage_enter(&rules, NULL, why);
}

/* ---- in the cage ---- */

/* The hash of each note's text, as its entry in the log has it. */
static int put_hashes(const struct channel_copy *copy, struct bytes *out, struct why *why)
{
    uint8_t hash[CRYPT_DIGEST_BYTES];
    char path[TREE_PATH_BYTES];
    struct tlog_note note;
    struct bytes raw;
    int rc = SH_OK;

    bytes_init(&raw, LIMIT_NOTE_BYTES);
    for (uint64_t number = 0; number < copy->chain.count && rc == SH_OK; number++) {
        tree_identity_path(number, path);
        rc = role_file_read(copy->dir, path, &raw, why);
        if (rc == SH_OK)
            rc = tlog_note_parse(bytes_view(&raw), &note, why);
        if (rc == SH_OK)
            crypto.sha256(note.text, hash);
        bytes_append(out, hash, sizeof(hash));
    }
    bytes_release(&raw);
    return rc;
}

static int put_all(const struct channel_copy *copy, struct bytes *out, struct why *why)
{
    struct slice newest = identity_chain_raw(&copy->chain);
    char newer[TREE_PATH_BYTES];
    int rc = channel_copy_newer(copy, newer, why);

    bytes_u64(out, copy->size);
    bytes_append(out, copy->root, sizeof(copy->root));
    bytes_u32(out, (uint32_t)newest.len);
    bytes_slice(out, newest);
    bytes_u16(out, (uint16_t)strlen(newer));
    bytes_text(out, newer);
    bytes_u64(out, copy->chain.count);
    return rc == SH_OK ? put_hashes(copy, out, why) : rc;
}

static void put_said(struct bytes *out, const struct channel_said *said)
{
    bytes_u8(out, said->there);
    bytes_u64(out, said->index);
    bytes_u64(out, said->published);
    bytes_append(out, said->kind, sizeof(said->kind));
    bytes_append(out, said->words, sizeof(said->words));
}

static int answer(const struct survey *survey, struct channel_copy *copy, struct bytes *out,
                  struct why *why)
{
    uint8_t root[TLOG_HASH_BYTES];
    struct channel_moment moment;
    int rc;

    if (survey->question == ASK_ALL)
        return put_all(copy, out, why);
    if (survey->size > copy->size)
        return why_set(why, SH_EARG, WHY_NOWHERE, "the copy has %llu entries only",
                       (unsigned long long)copy->size);
    if (survey->question == ASK_ROOT) {
        rc = channel_copy_root(copy, survey->size, root, why);
        bytes_append(out, root, sizeof(root));
        return rc;
    }
    channel_moment_init(&moment, survey->moment->how, survey->moment->value);
    rc = channel_copy_moment(copy, survey->size, &moment, why);
    bytes_u64(out, moment.index);
    put_said(out, &moment.last);
    put_said(out, &moment.first);
    return rc;
}

static int run(void *ctx, const struct proc_side *side, struct why *why)
{
    const struct survey *survey = ctx;
    struct channel_copy copy;
    struct bytes out;
    int rc = enter(side, survey->dir, why);

    if (rc < 0)
        return rc;
    bytes_init(&out, LIMIT_REPORT_BYTES);
    rc = channel_copy_open_at(survey->dir, &copy, why);
    if (rc == SH_OK)
        rc = answer(survey, &copy, &out, why);
    if (rc == SH_OK)
        rc = bytes_check(&out, why);
    if (rc == SH_OK)
        proc_report(side, bytes_view(&out));
    bytes_release(&out);
    channel_copy_close(&copy);
    return rc;
}

/* ---- outside ---- */

static int ask(struct survey *survey, struct bytes *report, struct why *why)
{
    const struct proc_task task = {.name = "the reader of the copy", .run = run, .ctx = survey};

    bytes_init(report, LIMIT_REPORT_BYTES);
    return proc_run(&task, report, why);
}

static int unread(struct why *why)
{
    return why_set(why, SH_EFORMAT, 0, "the report about the copy cannot be read");
}

/* Nothing but what a path of ours may have. */
static bool take_newer(struct cursor *cur, char out[TREE_PATH_BYTES])
{
    struct slice text = rd_bytes(cur, rd_u16(cur));

    if (text.len >= TREE_PATH_BYTES)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789./-", text.ptr[i]) || !text.ptr[i])
            return false;
    memcpy(out, text.ptr ? (const char *)text.ptr : "", text.len);
    out[text.len] = '\0';
    return true;
}

static bool take_all(struct slice report, struct role_survey *out)
{
    struct cursor cur = cursor_of(report);
    struct slice part;

    out->size = rd_u64(&cur);
    part = rd_bytes(&cur, TLOG_HASH_BYTES);
    if (part.len == TLOG_HASH_BYTES)
        memcpy(out->root, part.ptr, part.len);
    bytes_slice(&out->note, rd_bytes(&cur, rd_u32(&cur)));
    if (!take_newer(&cur, out->newer))
        return false;
    out->notes = rd_u64(&cur);
    if (!out->notes || out->notes > LIMIT_IDENTITY_NOTES + 1 || !out->size ||
        out->size > LIMIT_LOG_SIZE)
        return false;
    bytes_slice(&out->hashes, rd_bytes(&cur, out->notes * CRYPT_DIGEST_BYTES));
    return !cur.failed && !rd_left(&cur) && bytes_check(&out->note, NULL) == SH_OK &&
           bytes_check(&out->hashes, NULL) == SH_OK;
}

int role_survey(int dir, struct role_survey *out, struct why *why)
{
    struct survey survey = {.dir = dir, .question = ASK_ALL};
    struct bytes report;
    int rc;

    *out = (struct role_survey){.size = 0};
    bytes_init(&out->note, LIMIT_NOTE_BYTES);
    bytes_init(&out->hashes, LIMIT_REPORT_BYTES);
    rc = ask(&survey, &report, why);
    if (rc == SH_OK && !take_all(bytes_view(&report), out))
        rc = unread(why);
    bytes_release(&report);
    return rc;
}

void role_survey_release(struct role_survey *survey)
{
    bytes_release(&survey->note);
    bytes_release(&survey->hashes);
}

int role_survey_root(int dir, uint64_t size, uint8_t root[TLOG_HASH_BYTES], struct why *why)
{
    struct survey survey = {.dir = dir, .question = ASK_ROOT, .size = size};
    struct bytes report;
    int rc = ask(&survey, &report, why);

    if (rc == SH_OK && report.len != TLOG_HASH_BYTES)
        rc = unread(why);
    if (rc == SH_OK)
        memcpy(root, report.ptr, TLOG_HASH_BYTES);
    bytes_release(&report);
    return rc;
}

/* Text that may be shown: one line of UTF-8 without control characters, or nothing. */
static bool take_text(struct cursor *cur, char *out, size_t len)
{
    struct slice text = rd_bytes(cur, len), said;

    if (text.len != len)
        return false;
    said = slice_sub(text, 0, slice_find(text, 0, 0));
    if (said.len == len ||
        (said.len && text_check(said, TEXT_LINE, len, "the copy's words", NULL) != SH_OK))
        return false;
    if (said.len)
        memcpy(out, said.ptr, said.len);
    out[said.len] = '\0';
    return true;
}

static bool take_said(struct cursor *cur, struct channel_said *said)
{
    said->there = rd_u8(cur) != 0;
    said->index = rd_u64(cur);
    said->published = rd_u64(cur);
    return take_text(cur, said->kind, sizeof(said->kind)) &&
           take_text(cur, said->words, sizeof(said->words));
}

int role_survey_moment(int dir, uint64_t size, struct channel_moment *moment, struct why *why)
{
    struct survey survey = {.dir = dir, .question = ASK_MOMENT, .size = size, .moment = moment};
    struct bytes report;
    struct cursor cur;
    int rc = ask(&survey, &report, why);

    cur = cursor_of(bytes_view(&report));
    moment->index = rd_u64(&cur);
    if (rc == SH_OK && (!take_said(&cur, &moment->last) || !take_said(&cur, &moment->first) ||
                        cur.failed || rd_left(&cur) || moment->index > LIMIT_LOG_SIZE))
        rc = unread(why);
    bytes_release(&report);
    return rc;
}
