/* What our own reader says of a file that is signed: of the one before, and of the new one. */
#include "role/sign_int.h"

#include <string.h>
#include <unistd.h>

#include "c2pa/c2pa.h"
#include "c2pa/content.h"
#include "cage/cage.h"
#include "role/role_int.h"
#include "x509/x509.h"

static void result_add(struct bytes *list, const struct c2pa_status *status,
                       struct slice ingredient)
{
    static const enum c2pa_write_kind kinds[] = {
        [C2PA_SUCCESS] = C2PA_WRITE_SUCCESS,
        [C2PA_INFORMATIONAL] = C2PA_WRITE_INFORMATIONAL,
        [C2PA_FAILURE] = C2PA_WRITE_FAILURE,
    };
    const struct c2pa_write_result result = {
        .kind = kinds[c2pa_code_kind(status->code)],
        .code = slice_text(c2pa_code_text(status->code)),
        .url = status->url,
        .ingredient = ingredient,
    };

    bytes_append(list, &result, sizeof(result));
}

/* Whoever cannot read the claim of an ingredient reads nothing of the file that has it. */
static const struct c2pa_status *unreadable(const struct c2pa_report *report)
{
    const struct c2pa_status *status = report->manifests->results.first;

    while (status && status->code != C2PA_CLAIM_CBOR && status->code != C2PA_CLAIM_MISSING &&
           status->code != C2PA_CLAIM_MULTIPLE && status->code != C2PA_CLAIM_MALFORMED &&
           status->code != C2PA_SIGNATURE_MISSING && status->code != C2PA_GENERAL)
        status = status->next;
    return status;
}

int role_results_take(const struct c2pa_report *report, struct bytes *list, struct why *why)
{
    const struct c2pa_manifest_report *manifest = report->manifests;

    if (report->state == C2PA_NONE || report->state == C2PA_MALFORMED || !manifest ||
        unreadable(report))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "its credentials cannot be read (%.*s), so that they cannot be carried "
                       "on; \"stillhere verify\" says more",
                       (int)report->cause.len, (const char *)report->cause.ptr);
    for (const struct c2pa_status *s = manifest->results.first; s; s = s->next)
        result_add(list, s, slice_of(NULL, 0));
    for (; manifest; manifest = manifest->next)
        for (const struct c2pa_ingredient *i = manifest->ingredients; i; i = i->next)
            for (const struct c2pa_status *s = i->deltas.first; s && i->uri.len; s = s->next)
                result_add(list, s, i->uri);
    return bytes_check(list, why);
}

int role_sign_look_parent(const struct bmff_source *source, uint64_t now,
                          struct sign_parent *out, struct why *why)
{
    struct c2pa_options options = {.now = now, .inflate = role_inflate};
    struct bmff_source pieces[ROLE_SIGN_PIECES];
    struct c2pa_report report;
    int rc = SH_OK;

    for (size_t i = 0; rc == SH_OK && i < out->piece_count; i++)
        rc = role_source(&out->pieces[i], &pieces[i], why);
    options.fragments = pieces;
    options.fragment_count = out->piece_count;
    if (rc == SH_OK)
        rc = c2pa_verify(source, &options, &out->arena, &report, why);
    if (rc != SH_OK)
        return rc;
    out->state = report.state;
    out->cause = report.cause;
    return role_results_take(&report, &out->results, why);
}

/* ---- the new file ---- */

struct look {
    const struct role_sign_look *ask;
};

static int trust_fill(const struct role_sign_look *ask, struct arena *arena,
                      struct x509_trust *trust, struct why *why)
{
    char line[2 * CRYPT_DIGEST_BYTES + 2];
    int rc = x509_trust_init(trust, arena, why);

    hex_build(slice_of(ask->leaf_sha256, CRYPT_DIGEST_BYTES), line);
    line[2 * CRYPT_DIGEST_BYTES] = '\n';
    return rc == SH_OK ? x509_trust_allowed(trust, slice_of(line, sizeof(line) - 1), why) : rc;
}

/*
 * The hash of a large file is not made a second time: as it was written it was hashed, and here
 * are the frame of its boxes, as the reader sees them, and all that its credentials say.
 */
static int verify(const struct bmff_source *source, const struct c2pa_options *options,
                  struct arena *arena, struct c2pa_report *report, struct why *why)
{
    struct c2pa_file file;
    struct slice parts[2];
    size_t count = 0;
    int rc;

    if (source->size <= LIMIT_READ_BACK_BYTES)
        return c2pa_verify(source, options, arena, report, why);
    rc = c2pa_file_open(source, arena, &file, why);
    if (rc == SH_OK && (file.store != C2PA_STORE_FOUND || file.odd || file.damaged))
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE,
                     "read back, the new file is not as it should be: %s", file.cause.text);
    if (rc == SH_OK)
        rc = c2pa_file_store(&file, arena, parts, &count, why);
    if (rc != SH_OK)
        return rc;
    return count == 1 ? c2pa_verify_store(parts[0], options, arena, report, why)
                      : c2pa_verify(source, options, arena, report, why);
}

/* The updated manifest comes right behind the update, which leads to nothing else (11.2.3). */
static bool is_stamped(const struct c2pa_report *report)
{
    const struct c2pa_manifest_report *before = report->manifests->next;

    return before && (before->stamped_at || before->claimed_at);
}

static int judge(const struct bmff_source *source, const struct look *look,
                 const struct c2pa_options *options, struct arena *arena, struct why *why)
{
    const struct c2pa_status *status;
    struct c2pa_report report;
    enum c2pa_state state;
    int rc = verify(source, options, arena, &report, why);

    if (rc != SH_OK)
        return rc;
    /* What the one before it holds is not ours; but an update says that it does. */
    state = report.manifests && !look->ask->update ? report.manifests->state : report.state;
    if (state != C2PA_TRUSTED)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "read back, the new file's credentials do not hold: %s, %.*s; nothing "
                       "was kept of it; please report this file",
                       c2pa_state_text(report.state), (int)report.cause.len,
                       (const char *)report.cause.ptr);
    if (look->ask->stamped && !is_stamped(&report))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "read back, the new file brings no time stamp that holds of the "
                       "credentials before it; nothing was kept of it; please report this "
                       "file");
    for (status = report.manifests->results.first; status; status = status->next)
        if (c2pa_code_kind(status->code) == C2PA_FAILURE)
            return why_set(
                why, SH_EFORMAT, WHY_NOWHERE,
                "read back, the new file's credentials have a fault: %s; nothing was "
                "kept of it; please report this file",
                c2pa_code_text(status->code));
    return SH_OK;
}

static int look_run(void *ctx, const struct proc_side *side, struct why *why)
{
    const struct look *look = ctx;
    int fds[LIMIT_CAGE_KEEP] = {side->fd, look->ask->fd, STDERR_FILENO};
    const struct cage_rules rules = {.profile = CAGE_COPY,
                                     .keep = fds,
                                     .keep_count = 3 + look->ask->fragment_count,
                                     .memory_bytes = LIMIT_READER_MEMORY,
                                     .cpu_s = LIMIT_CAGE_CPU_S};
    struct bmff_source segments[LIMIT_CAGE_KEEP];
    struct c2pa_options options = {.now = look->ask->now, .inflate = role_inflate};
    struct x509_trust trust;
    struct bmff_source source;
    struct arena arena;
    int rc;

    if (look->ask->fragment_count > LIMIT_CAGE_KEEP - 3)
        bug("more segments are read back than descriptors are kept");
    for (size_t i = 0; i < look->ask->fragment_count; i++)
        fds[3 + i] = look->ask->fragments[i];
    rc = cage_enter(&rules, NULL, why);
    for (size_t i = 0; rc == SH_OK && i < look->ask->fragment_count; i++)
        rc = role_source(&look->ask->fragments[i], &segments[i], why);
    options.fragments = segments;
    options.fragment_count = look->ask->fragment_count;
    arena_init(&arena, LIMIT_C2PA_ARENA);
    options.trust = &trust;
    if (rc == SH_OK)
        rc = role_source(&look->ask->fd, &source, why);
    if (rc == SH_OK)
        rc = trust_fill(look->ask, &arena, &trust, why);
    if (rc == SH_OK)
        rc = judge(&source, look, &options, &arena, why);
    arena_release(&arena);
    return rc;
}

int role_sign_look(const struct role_sign_look *ask, struct why *why)
{
    struct look look = {.ask = ask};
    struct proc_task task = {
        .name = "the reader", .run = look_run, .ctx = &look, .timeout_s = LIMIT_CAGE_WAIT_S};

    return proc_run(&task, NULL, why);
}
