/*
 * The checking role when a file is at hand: what does this channel say about files of its size,
 * and which authorities speak for it?
 */
#include "role/role_int.h"

#include <stdio.h>
#include <string.h>

#include "cage/cage.h"
#include "x509/x509.h"

#define PEM_MAX ((size_t)LIMIT_IDENTITY_KEYS * 2 * LIMIT_CERTIFICATE_BYTES)
#define ANSWER_MAX (LIMIT_REPORT_BYTES + PEM_MAX + LIMIT_CREDIT_NAMED * 256)

struct task {
    int dir;
    const struct role_sizes *sizes;
    /* For the answer; in the child. */
    struct bytes certificates;
    uint16_t certificate_count;
    struct role_known known; /* but for the certificates */
};

/* ---- in the child --------------------------------------------------------------------- */

/* Where a path lies; -1: in a folder that is not at hand. */
static int place(const struct task *task, const char **path)
{
    static const char kept[] = "private/quarantine/";

    if (strncmp(*path, kept, sizeof(kept) - 1) == 0) {
        *path += sizeof(kept) - 1;
        return task->sizes->quarantine;
    }
    return strncmp(*path, "private/", 8) == 0 ? -1 : task->dir;
}

static int read_file(void *ctx, const char *path, struct bytes *out, struct why *why)
{
    int dir = place(ctx, &path);

    bytes_clear(out);
    return dir < 0 ? SH_ENOTFOUND : role_file_read(dir, path, out, why);
}

static int hash_file(void *ctx, const char *path, uint8_t sha256[32], uint64_t *bytes,
                     struct why *why)
{
    int dir = place(ctx, &path);

    return dir < 0 ? SH_ENOTFOUND : role_file_hash(dir, path, sha256, bytes, why);
}

static void take_named(void *ctx, const struct verify_named *named)
{
    struct task *task = ctx;
    struct role_named *out = &task->known.named[task->known.count];
    size_t at = 0;

    while (at < task->sizes->count && task->sizes->size[at] != named->bytes)
        at++;
    if (at == task->sizes->count || task->known.count == LIMIT_CREDIT_NAMED)
        return;
    task->known.count++;
    *out = (struct role_named){.index = named->index,
                               .by = named->by,
                               .published = named->published,
                               .bytes = named->bytes,
                               .disputed = named->disputed};
    memcpy(out->sha256, named->sha256, sizeof(out->sha256));
    (void)snprintf(out->path, sizeof(out->path), "%s", named->path);
}

static void take_gone(void *ctx, const struct verify_removal *removal)
{
    struct role_known *known = &((struct task *)ctx)->known;

    if (known->gone_total++ < LIMIT_CREDIT_GONE)
        known->gone[known->gone_count++] =
            (struct role_gone){.index = removal->index, .by = removal->by};
}

/* In the log a withdrawal comes behind what it withdraws: that was told before. */
static void take_removal(void *ctx, const struct verify_removal *removal)
{
    struct role_known *known = &((struct task *)ctx)->known;

    for (size_t i = 0; i < known->count; i++)
        if (known->named[i].by == removal->by)
            known->named[i].until = removal->published;
    for (size_t i = 0; i < known->gone_count; i++)
        if (known->gone[i].by == removal->by)
            known->gone[i].until = removal->published;
}

static void take_authority(void *ctx, const struct identity_key *key, struct slice certificate)
{
    struct task *task = ctx;

    if (key->revoked != ENTRY_NO_REF || task->certificate_count == LIMIT_IDENTITY_KEYS)
        return;
    task->certificate_count++;
    bytes_u16(&task->certificates, (uint16_t)certificate.len);
    bytes_slice(&task->certificates, certificate);
}

void role_send(const struct proc_side *side, struct slice whole)
{
    size_t part;

    for (size_t at = 0; at < whole.len; at += part) {
        part = whole.len - at < LIMIT_REPORT_BYTES ? whole.len - at : LIMIT_REPORT_BYTES;
        proc_report(side, slice_sub(whole, at, part));
    }
}

static void put_known(struct bytes *out, const struct role_known *known)
{
    bytes_u16(out, (uint16_t)known->count);
    for (const struct role_named *at = known->named; at < known->named + known->count; at++) {
        bytes_u64(out, at->index);
        bytes_u64(out, at->by);
        bytes_u64(out, at->published);
        bytes_u64(out, at->until);
        bytes_u64(out, at->bytes);
        bytes_append(out, at->sha256, sizeof(at->sha256));
        bytes_u8(out, at->disputed);
        bytes_u8(out, (uint8_t)strlen(at->path));
        bytes_text(out, at->path);
    }
    bytes_u64(out, known->gone_total);
    bytes_u16(out, (uint16_t)known->gone_count);
    for (const struct role_gone *at = known->gone; at < known->gone + known->gone_count; at++) {
        bytes_u64(out, at->index);
        bytes_u64(out, at->by);
        bytes_u64(out, at->until);
    }
}

static int answer(const struct task *task, const struct verify_report *report,
                  const struct proc_side *side, struct why *why)
{
    struct bytes raw, out;
    int rc;

    bytes_init(&raw, LIMIT_REPORT_BYTES);
    bytes_init(&out, ANSWER_MAX);
    verify_report_build(report, &raw);
    bytes_u32(&out, (uint32_t)raw.len);
    bytes_slice(&out, bytes_view(&raw));
    bytes_u16(&out, task->certificate_count);
    bytes_slice(&out, bytes_view(&task->certificates));
    put_known(&out, &task->known);
    rc = bytes_check(&raw, why);
    if (rc == SH_OK)
        rc = bytes_check(&task->certificates, why);
    if (rc == SH_OK)
        rc = bytes_check(&out, why);
    if (rc == SH_OK)
        role_send(side, bytes_view(&out));
    bytes_release(&raw);
    bytes_release(&out);
    return rc;
}

static int known_run(void *ctx, const struct proc_side *side, struct why *why)
{
    struct task *task = ctx;
    const int quarantine = task->sizes->quarantine;
    const size_t dirs = quarantine >= 0 ? 2 : 1;
    const int keep[] = {side->fd, task->dir, quarantine};
    const struct cage_path paths[] = {{task->dir, CAGE_READ}, {quarantine, CAGE_READ}};
    const struct cage_rules rules = {.profile = CAGE_LOOK,
                                     .keep = keep,
                                     .keep_count = 1 + dirs,
                                     .paths = paths,
                                     .path_count = dirs};
    const struct verify_source source = {.ctx = task,
                                         .read = read_file,
                                         .hash = hash_file,
                                         .sizes_only = true,
                                         .home = quarantine >= 0,
                                         .named = take_named,
                                         .withdrawal = take_removal,
                                         .gone = take_gone,
                                         .authority = take_authority};
    static struct verify_report report; /* Too large for the stack of a small machine. */
    int rc = cage_enter(&rules, NULL, why);

    bytes_init(&task->certificates, PEM_MAX);
    if (rc == SH_OK)
        rc = verify_channel(&source, task->sizes->expected, &report, why);
    if (rc == SH_OK)
        rc = answer(task, &report, side, why);
    bytes_release(&task->certificates);
    return rc;
}

/* ---- in the keeper -------------------------------------------------------------------- */

#define PEM_LINE 64

static void put_pem(struct bytes *out, struct slice der)
{
    struct bytes text;
    struct slice line;

    bytes_init(&text, (size_t)2 * LIMIT_CERTIFICATE_BYTES);
    base64_build(&text, der, BASE64_PADDED);
    bytes_text(out, "-----BEGIN CERTIFICATE-----\n");
    for (size_t at = 0; at < text.len; at += PEM_LINE) {
        line = bytes_view(&text);
        line = slice_sub(line, at, line.len - at < PEM_LINE ? line.len - at : PEM_LINE);
        bytes_slice(out, line);
        bytes_u8(out, '\n');
    }
    bytes_text(out, "-----END CERTIFICATE-----\n");
    bytes_release(&text);
}

static bool take_certificates(struct cursor *cur, struct role_known *out)
{
    size_t count = rd_u16(cur);
    struct slice der;

    if (count > LIMIT_IDENTITY_KEYS)
        return false;
    for (size_t i = 0; i < count; i++) {
        der = rd_bytes(cur, rd_u16(cur));
        if (cur->failed || !der.len || der.len > LIMIT_CERTIFICATE_BYTES)
            return false;
        crypto.sha256(der, out->authority[i]);
        put_pem(&out->pem, der);
    }
    out->authorities = count;
    return true;
}

static bool is_entry(uint64_t index)
{
    return index < LIMIT_LOG_SIZE;
}

static bool take_one(struct cursor *cur, struct role_named *out)
{
    struct slice hash, path;
    uint8_t disputed;

    out->index = rd_u64(cur);
    out->by = rd_u64(cur);
    out->published = rd_u64(cur);
    out->until = rd_u64(cur);
    out->bytes = rd_u64(cur);
    hash = rd_bytes(cur, sizeof(out->sha256));
    disputed = rd_u8(cur);
    path = rd_bytes(cur, rd_u8(cur));
    if (cur->failed || disputed > 1 || !is_entry(out->index) ||
        (out->by == ENTRY_NO_REF ? out->until > 0 : !is_entry(out->by)) ||
        text_check(path, TEXT_LINE, sizeof(out->path) - 1, "", NULL) < 0)
        return false;
    out->disputed = disputed;
    memcpy(out->sha256, hash.ptr, sizeof(out->sha256));
    memcpy(out->path, path.ptr, path.len);
    out->path[path.len] = '\0';
    return true;
}

static bool take_all_gone(struct cursor *cur, struct role_known *out)
{
    struct role_gone *gone = out->gone;
    size_t count;

    out->gone_total = rd_u64(cur);
    count = rd_u16(cur);
    if (cur->failed || count > LIMIT_CREDIT_GONE || out->gone_total < count ||
        !is_entry(out->gone_total))
        return false;
    for (; gone < out->gone + count; gone++) {
        gone->index = rd_u64(cur);
        gone->by = rd_u64(cur);
        gone->until = rd_u64(cur);
        if (!is_entry(gone->index) || !is_entry(gone->by))
            return false;
    }
    out->gone_count = count;
    return true;
}

int role_known_parse(struct slice raw, struct verify_report *report, struct role_known *out,
                     struct why *why)
{
    struct cursor cur = cursor_of(raw);
    struct slice part = rd_bytes(&cur, rd_u32(&cur));
    size_t count;
    bool good;

    *out = (struct role_known){.count = 0};
    bytes_init(&out->pem, PEM_MAX);
    good = !cur.failed && verify_report_parse(part, report, NULL) == SH_OK &&
           take_certificates(&cur, out);
    count = good ? rd_u16(&cur) : 0;
    good = good && count <= LIMIT_CREDIT_NAMED;
    for (size_t i = 0; good && i < count; i++)
        good = take_one(&cur, &out->named[i]);
    good = good && take_all_gone(&cur, out);
    if (!good || cur.failed || rd_left(&cur) || bytes_check(&out->pem, NULL) != SH_OK)
        return why_set(
            why, SH_EFORMAT, WHY_NOWHERE,
            "the checker gave an answer that makes no sense; nothing of it was used");
    out->count = count;
    return SH_OK;
}

int role_known(int dir, const struct role_sizes *sizes, struct verify_report *report,
               struct role_known *out, struct why *why)
{
    struct task ctx = {.dir = dir, .sizes = sizes};
    const struct proc_task task = {.name = "the checker", .run = known_run, .ctx = &ctx};
    struct bytes raw;
    int rc;

    *out = (struct role_known){.count = 0};
    bytes_init(&raw, ANSWER_MAX);
    rc = proc_run(&task, &raw, why);
    if (rc == SH_OK)
        rc = role_known_parse(bytes_view(&raw), report, out, why);
    bytes_release(&raw);
    return rc;
}
