/*
 * The checking role when a file is at hand: what does this channel say about files of its size,
 * and which authorities speak for it?
 */
#include "role/role_int.h"

#include <string.h>

#include "cage/cage.h"
#include "x509/x509.h"

#define PEM_MAX ((size_t)LIMIT_IDENTITY_KEYS * 2 * LIMIT_CERTIFICATE_BYTES)
#define ANSWER_MAX (LIMIT_REPORT_BYTES + PEM_MAX + LIMIT_CREDIT_NAMED * 256)

struct task {
    int dir;
    const struct role_sizes *sizes;
    struct bytes named, certificates; /* for the answer; in the child */
    uint16_t named_count, certificate_count;
};

/* ---- in the child --------------------------------------------------------------------- */

static int read_file(void *ctx, const char *path, struct bytes *out, struct why *why)
{
    return role_file_read(((const struct task *)ctx)->dir, path, out, why);
}

static int hash_file(void *ctx, const char *path, uint8_t sha256[32], uint64_t *bytes,
                     struct why *why)
{
    return role_file_hash(((const struct task *)ctx)->dir, path, sha256, bytes, why);
}

static void take_named(void *ctx, const struct verify_named *named)
{
    struct task *task = ctx;
    size_t at = 0;

    while (at < task->sizes->count && task->sizes->size[at] != named->bytes)
        at++;
    if (at == task->sizes->count || task->named_count == LIMIT_CREDIT_NAMED)
        return;
    task->named_count++;
    bytes_u64(&task->named, named->index);
    bytes_u64(&task->named, named->by);
    bytes_u64(&task->named, named->published);
    bytes_u64(&task->named, named->bytes);
    bytes_append(&task->named, named->sha256, 32);
    bytes_u8(&task->named, named->disputed);
    bytes_u8(&task->named, (uint8_t)strlen(named->path));
    bytes_text(&task->named, named->path);
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
    bytes_u16(&out, task->named_count);
    bytes_slice(&out, bytes_view(&task->named));
    rc = bytes_check(&raw, why);
    if (rc == SH_OK)
        rc = bytes_check(&task->named, why);
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
    const int keep[] = {side->fd, task->dir};
    const struct cage_path paths[] = {{task->dir, CAGE_READ}};
    const struct cage_rules rules = {.profile = CAGE_LOOK,
                                     .keep = keep,
                                     .keep_count = COUNT_OF(keep),
                                     .paths = paths,
                                     .path_count = COUNT_OF(paths)};
    const struct verify_source source = {.ctx = task,
                                         .read = read_file,
                                         .hash = hash_file,
                                         .sizes_only = true,
                                         .named = take_named,
                                         .authority = take_authority};
    static struct verify_report report; /* Too large for the stack of a small machine. */
    int rc = cage_enter(&rules, NULL, why);

    bytes_init(&task->named, LIMIT_CREDIT_NAMED * 256);
    bytes_init(&task->certificates, PEM_MAX);
    if (rc == SH_OK)
        rc = verify_channel(&source, task->sizes->expected, &report, why);
    if (rc == SH_OK)
        rc = answer(task, &report, side, why);
    bytes_release(&task->named);
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

static bool take_one(struct cursor *cur, struct role_named *out)
{
    struct slice hash, path;
    uint8_t disputed;

    out->index = rd_u64(cur);
    out->by = rd_u64(cur);
    out->published = rd_u64(cur);
    out->bytes = rd_u64(cur);
    hash = rd_bytes(cur, sizeof(out->sha256));
    disputed = rd_u8(cur);
    path = rd_bytes(cur, rd_u8(cur));
    if (cur->failed || disputed > 1 || out->index >= LIMIT_LOG_SIZE ||
        (out->by != ENTRY_NO_REF && out->by >= LIMIT_LOG_SIZE) ||
        text_check(path, TEXT_LINE, sizeof(out->path) - 1, "", NULL) < 0)
        return false;
    out->disputed = disputed;
    memcpy(out->sha256, hash.ptr, sizeof(out->sha256));
    memcpy(out->path, path.ptr, path.len);
    out->path[path.len] = '\0';
    return true;
}

static int take_answer(struct slice raw, struct verify_report *report, struct role_known *out,
                       struct why *why)
{
    struct cursor cur = cursor_of(raw);
    struct slice part = rd_bytes(&cur, rd_u32(&cur));
    bool good = !cur.failed && verify_report_parse(part, report, NULL) == SH_OK &&
                take_certificates(&cur, out);
    size_t count = good ? rd_u16(&cur) : 0;

    good = good && count <= LIMIT_CREDIT_NAMED;
    for (size_t i = 0; good && i < count; i++)
        good = take_one(&cur, &out->named[i]);
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

    memset(out, 0, sizeof(*out));
    bytes_init(&out->pem, PEM_MAX);
    bytes_init(&raw, ANSWER_MAX);
    rc = proc_run(&task, &raw, why);
    if (rc == SH_OK)
        rc = take_answer(bytes_view(&raw), report, out, why);
    bytes_release(&raw);
    return rc;
}
