/*
 * The looker: finds what a hostile clip tells, in a cage with one descriptor and a pipe.  What
 * it reports is checked here value by value, for it comes from where the clip was parsed.
 */
#include "role/role_int.h"

#include <string.h>
#include <unistd.h>

#include "cage/cage.h"

/* ---- in the child ---- */

static void put_text(struct bytes *out, const char *text)
{
    size_t len = strlen(text);

    bytes_u16(out, (uint16_t)len);
    bytes_append(out, text, len);
}

static void put_leak(struct bytes *out, const struct bmff_leak *leak)
{
    bytes_u8(out, (uint8_t)leak->kind);
    bytes_u8(out, (uint8_t)(leak->has_position | leak->has_time << 1));
    put_text(out, leak->where);
    put_text(out, leak->text);
    bytes_u32(out, (uint32_t)leak->lat_e7);
    bytes_u32(out, (uint32_t)leak->lon_e7);
    bytes_u32(out, leak->radius_m);
    bytes_u64(out, leak->time);
}

static void put_leaks(struct bytes *out, const struct bmff_leaks *leaks)
{
    bytes_u32(out, (uint32_t)leaks->kind);
    bytes_u32(out, leaks->unseen);
    bytes_u32(out, leaks->count);
    for (uint32_t i = 0; i < leaks->count; i++)
        put_leak(out, &leaks->leak[i]);
}

static void put_refusal(struct bytes *out, int rc, const struct why *refusal)
{
    bytes_u8(out, (uint8_t)-rc);
    if (rc == SH_OK)
        return;
    bytes_u64(out, refusal->offset);
    put_text(out, refusal->text);
}

/* Look into the planned file as into the clip: the kinds of what is found there. */
static int look_again(const struct bmff_source *clip, struct bmff_plan *plan,
                      struct bmff_leaks *leaks, uint32_t *still, struct why *why)
{
    struct bmff_preview preview = {.plan = plan, .clip = clip};
    struct bmff_source source = bmff_preview_source(&preview);
    int rc = bmff_leaks_find(&source, leaks, why);

    *still = 0;
    for (uint32_t i = 0; rc == SH_OK && i < leaks->count; i++)
        *still |= 1u << leaks->leak[i].kind;
    return rc;
}

static int look(const struct bmff_source *source, const struct proc_side *side,
                struct bmff_leaks *leaks, struct why *why)
{
    struct bmff_plan plan = {0};
    struct why refusal = {0};
    struct bytes out;
    uint32_t still = 0;
    int rc = bmff_leaks_find(source, leaks, why);
    int plan_rc;

    if (rc < 0)
        return rc;
    plan_rc = bmff_plan_make(source, &plan, &refusal);
    if (plan_rc == SH_OK && plan.facts.file_bytes > LIMIT_CLIP_BYTES)
        plan_rc =
            why_set(&refusal, SH_ELIMIT, WHY_NOWHERE, "the rebuilt clip would be beyond 4 GiB");
    bytes_init(&out, LIMIT_REPORT_BYTES);
    put_leaks(&out, leaks);
    put_refusal(&out, plan_rc, &refusal);
    if (plan_rc == SH_OK)
        rc = look_again(source, &plan, leaks, &still, why);
    if (plan_rc == SH_OK)
        bytes_u32(&out, still);
    if (rc == SH_OK)
        rc = bytes_check(&out, why);
    if (rc == SH_OK)
        proc_report(side, bytes_view(&out));
    if (rc == SH_OK && plan_rc == SH_OK)
        role_facts_send(side, &plan.facts);
    bytes_release(&out);
    bmff_plan_release(&plan);
    return rc;
}

static int inspect_run(void *ctx, const struct proc_side *side, struct why *why)
{
    const int *clip = ctx;
    int fds[] = {side->fd, *clip, STDERR_FILENO};
    int rc = role_reader_cage(fds, COUNT_OF(fds), why);
    struct bmff_source source;
    struct bmff_leaks leaks;

    if (rc == SH_OK)
        rc = role_source(clip, &source, why);
    if (rc == SH_OK)
        rc = look(&source, side, &leaks, why);
    return rc;
}

/* ---- in the keeper ---- */

/* A text of 0 or least..max bytes that may be shown. */
static bool take_text(struct cursor *cur, char *out, size_t room)
{
    size_t len = rd_u16(cur);
    struct slice text = rd_bytes(cur, len);

    if (cur->failed || len >= room)
        return false;
    if (len > 0 && text_check(text, TEXT_LINE, room, "", NULL) != SH_OK)
        return false;
    memcpy(out, text.len ? (const char *)text.ptr : "", text.len);
    out[text.len] = 0;
    return true;
}

static bool is_ascii(const char *text)
{
    for (const char *at = text; *at; at++)
        if (*at < 0x20 || *at > 0x7e)
            return false;
    return *text != 0;
}

static bool take_leak(struct cursor *cur, struct bmff_leak *leak)
{
    uint8_t kind = rd_u8(cur);
    uint8_t flags = rd_u8(cur);

    memset(leak, 0, sizeof(*leak));
    if (kind >= BMFF_LEAK_KINDS || flags > 3 ||
        !take_text(cur, leak->where, sizeof(leak->where)) ||
        !take_text(cur, leak->text, sizeof(leak->text)))
        return false;
    leak->kind = (enum bmff_leak_kind)kind;
    leak->has_position = flags & 1;
    leak->has_time = flags & 2;
    leak->lat_e7 = (int32_t)rd_u32(cur);
    leak->lon_e7 = (int32_t)rd_u32(cur);
    leak->radius_m = rd_u32(cur);
    leak->time = rd_u64(cur);
    return !cur->failed && is_ascii(leak->where) && leak->lat_e7 >= -900000000 &&
           leak->lat_e7 <= 900000000 && leak->lon_e7 >= -1800000000 &&
           leak->lon_e7 <= 1800000000 && leak->time <= UINT64_C(253402300799) &&
           leak->has_position == (leak->radius_m > 0);
}

static bool take_leaks(struct cursor *cur, struct bmff_leaks *leaks)
{
    uint32_t kind = rd_u32(cur);

    leaks->unseen = rd_u32(cur);
    leaks->count = rd_u32(cur);
    if (cur->failed || kind >= BMFF_KINDS || leaks->count > LIMIT_LEAKS ||
        leaks->unseen > (BMFF_UNSEEN_KIND | BMFF_UNSEEN_DAMAGED | BMFF_UNSEEN_MORE))
        return false;
    leaks->kind = (enum bmff_kind)kind;
    for (uint32_t i = 0; i < leaks->count; i++)
        if (!take_leak(cur, &leaks->leak[i]) ||
            (i > 0 && leaks->leak[i].kind < leaks->leak[i - 1].kind))
            return false;
    return true;
}

static int senseless(struct why *why)
{
    return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                   "the reader gave an answer that makes no sense; nothing of it was used");
}

int role_inspection_parse(struct slice report, struct role_inspection *out, struct why *why)
{
    struct cursor cur = cursor_of(report);
    uint8_t code;

    memset(out, 0, sizeof(*out));
    if (!take_leaks(&cur, &out->leaks))
        return senseless(why);
    code = rd_u8(&cur);
    if (cur.failed || code > -SH_ECRYPT)
        return senseless(why);
    out->plan_rc = -(int)code;
    if (code == 0)
        out->still = rd_u32(&cur);
    if (out->still >> BMFF_LEAK_KINDS)
        return senseless(why);
    if (code == 0)
        return role_facts_take(rd_bytes(&cur, rd_left(&cur)), "the reader", &out->facts, why);
    out->refusal.code = (enum sh_err)out->plan_rc;
    out->refusal.offset = rd_u64(&cur);
    if (!take_text(&cur, out->refusal.text, sizeof(out->refusal.text)) || rd_left(&cur) ||
        !out->refusal.text[0])
        return senseless(why);
    return SH_OK;
}

int role_inspect(int clip, struct role_inspection *out, struct why *why)
{
    struct proc_task task = {
        .name = "the reader", .run = inspect_run, .ctx = &clip, .timeout_s = LIMIT_CAGE_WAIT_S};
    struct bytes report;
    int rc;

    bytes_init(&report, LIMIT_REPORT_BYTES);
    rc = proc_run(&task, &report, why);
    if (rc == SH_OK)
        rc = role_inspection_parse(bytes_view(&report), out, why);
    bytes_release(&report);
    return rc;
}
