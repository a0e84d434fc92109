/* What was found about files: lines for people, or one JSON object. */
#include <inttypes.h>
#include <string.h>

#include "cmd/verify_file_int.h"

/* ---- lines ---------------------------------------------------------------------------- */

static void say_finding(struct bytes *out, const struct cmd *cmd,
                        const struct credit_finding *finding)
{
    static const enum lang_string words[] = {
        [VERIFY_OK] = STR_VERIFY_HOLDS,
        [VERIFY_NOTE] = STR_VERIFY_NOTE,
        [VERIFY_WANTING] = STR_VERIFY_WANTING,
        [VERIFY_UNKNOWN] = STR_VERIFY_UNKNOWN,
    };

    bytes_printf(out, "%s: ", lang_text(cmd->lang, words[credit_id_severity(finding->id)]));
    credit_finding_say(finding, cmd->lang, out);
    if (cmd->verbose && finding->code != C2PA_CODE_COUNT) {
        bytes_printf(out, " [%s", c2pa_code_text(finding->code));
        if (finding->detail.len) {
            bytes_text(out, ": ");
            bytes_slice(out, finding->detail);
        }
        bytes_u8(out, ']');
    }
    bytes_u8(out, '\n');
}

static void say_range(struct bytes *out, const struct cmd *cmd, const struct verify_one *one,
                      const struct c2pa_range *range)
{
    enum lang_string word = range->hashed  ? STR_CREDIT_HASHED
                            : range->empty ? STR_CREDIT_LEFT_OUT_EMPTY
                                           : STR_CREDIT_LEFT_OUT;

    bytes_printf(out, "%12" PRIu64 " - %12" PRIu64 "  %s", range->from, range->to,
                 lang_text(cmd->lang, word));
    if (range->why.len) {
        bytes_text(out, "  ");
        bytes_slice(out, range->why);
    }
    if (range->file > 0 && range->file < one->fd_count)
        bytes_printf(out, "  (%s)", one->pieces[range->file - 1]);
    bytes_u8(out, '\n');
}

static void say_ranges(struct bytes *out, const struct cmd *cmd, const struct verify_one *one)
{
    const struct c2pa_report *report = &one->seen.report;

    bytes_printf(out, "\n%s\n",
                 lang_text(cmd->lang,
                           report->range_count ? STR_CREDIT_EXPLAIN : STR_CREDIT_EXPLAIN_NONE));
    for (size_t i = 0; i < report->range_count; i++)
        say_range(out, cmd, one, &report->ranges[i]);
}

static void say_one(struct bytes *out, const struct verify_files *all,
                    const struct verify_one *one)
{
    const struct cmd *cmd = all->cmd;

    bytes_printf(out, "%s\n", one->what);
    for (size_t i = 0; i < one->credit.count; i++)
        say_finding(out, cmd, &one->credit.finding[i]);
    bytes_printf(out, "%s\n", lang_text(cmd->lang, credit_verdict_word(&one->credit)));
    if (one->looked && cmd_is_set(all->args, "explain-hash"))
        say_ranges(out, cmd, one);
    if (one->looked && one->seen.dump.len) {
        bytes_u8(out, '\n');
        bytes_slice(out, one->seen.dump);
        bytes_u8(out, '\n');
    }
}

/* ---- JSON ----------------------------------------------------------------------------- */

static void put_signer(struct json_writer *json, const struct c2pa_manifest_report *active)
{
    const struct c2pa_signer *signer = &active->signer;

    json_object_open(json, "signer");
    json_put_slice(json, "name", signer->name);
    json_put_slice(json, "organization", signer->organization);
    json_put_slice(json, "issuer", signer->issuer);
    json_put_slice(json, "serial", signer->serial);
    json_put_slice(json, "algorithm", signer->algorithm);
    json_put_number(json, "not_before", signer->not_before);
    json_put_number(json, "not_after", signer->not_after);
    json_put_hex(json, "sha256", slice_of(signer->sha256, sizeof(signer->sha256)));
    json_put_bool(json, "known", active->state == C2PA_TRUSTED);
    json_object_close(json);
    if (active->stamped_at)
        json_put_number(json, "stamped_at", active->stamped_at);
    if (active->claimed_at)
        json_put_number(json, "claimed_at", active->claimed_at);
}

static void put_ranges(struct json_writer *json, const struct verify_one *one)
{
    const struct c2pa_range *range;

    json_array_open(json, "ranges");
    for (size_t i = 0; i < one->seen.report.range_count; i++) {
        range = &one->seen.report.ranges[i];
        json_object_open(json, NULL);
        json_put_number(json, "from", range->from);
        json_put_number(json, "to", range->to);
        json_put_bool(json, "hashed", range->hashed);
        if (!range->hashed)
            json_put_bool(json, "empty", range->empty);
        json_put_slice(json, "why", range->why);
        if (range->file > 0 && range->file < one->fd_count)
            json_put_text(json, "piece", one->pieces[range->file - 1]);
        json_object_close(json);
    }
    json_array_close(json);
}

static void put_findings(struct json_writer *json, const struct cmd *cmd,
                         const struct verify_one *one)
{
    const struct credit_finding *finding;
    struct bytes text;

    bytes_init(&text, LIMIT_PAGE_BYTES);
    json_array_open(json, "findings");
    for (size_t i = 0; i < one->credit.count; i++) {
        finding = &one->credit.finding[i];
        bytes_clear(&text);
        credit_finding_say(finding, cmd->lang, &text);
        json_object_open(json, NULL);
        json_put_text(json, "id", credit_id_text(finding->id));
        json_put_text(json, "severity", verify_severity_text(credit_id_severity(finding->id)));
        json_put_slice(json, "text", bytes_view(&text));
        if (finding->code != C2PA_CODE_COUNT)
            json_put_text(json, "code", c2pa_code_text(finding->code));
        if (finding->detail.len)
            json_put_slice(json, "detail", finding->detail);
        json_object_close(json);
    }
    json_array_close(json);
    bytes_release(&text);
}

/* The members of an open object. */
static void put_one(struct json_writer *json, const struct verify_files *all,
                    const struct verify_one *one)
{
    const struct c2pa_report *report = &one->seen.report;

    json_put_text(json, "what", one->what);
    json_put_text(json, "verdict", verify_severity_text(one->credit.verdict));
    if (!one->looked)
        json_put_text(json, "error", one->why.text);
    if (one->looked) {
        json_put_text(json, "state", c2pa_state_text(report->state));
        json_put_number(json, "bytes", one->seen.bytes);
        if (one->seen.has_sha256)
            json_put_hex(json, "sha256", slice_of(one->seen.sha256, sizeof(one->seen.sha256)));
    }
    if (one->channel.found) {
        json_put_text(json, "entry", one->index);
        json_put_text(json, "path", one->channel.path);
        if (one->channel.by)
            json_put_text(json, "withdrawn_by", one->by);
        if (one->channel.until)
            json_put_number(json, "withdrawn", one->channel.until);
    }
    put_findings(json, all->cmd, one);
    if (!one->looked)
        return;
    if (report->manifests && report->manifests->has_signer)
        put_signer(json, report->manifests);
    c2pa_report_json(report, json, "c2pa");
    if (cmd_is_set(all->args, "explain-hash"))
        put_ranges(json, one);
    if (one->seen.dump.len)
        json_put_json(json, "manifest", one->seen.dump);
}

static void answer_json(struct bytes *out, const struct verify_files *all, int worst)
{
    struct json_writer json = cmd_json_open(out);

    if (all->report && *all->report->channel.text)
        json_put_text(&json, "channel", all->report->channel.text);
    if (all->count == 1) {
        put_one(&json, all, &all->one[0]);
    } else {
        json_put_text(&json, "verdict",
                      verify_severity_text(worst == CMD_DONE      ? VERIFY_OK
                                           : worst == CMD_WANTING ? VERIFY_WANTING
                                                                  : VERIFY_UNKNOWN));
        json_array_open(&json, "files");
        for (size_t i = 0; i < all->count; i++) {
            json_object_open(&json, NULL);
            put_one(&json, all, &all->one[i]);
            json_object_close(&json);
        }
        json_array_close(&json);
    }
    cmd_json_close(&json);
}

int verify_files_answer(struct verify_files *all)
{
    int worst = CMD_DONE, code;
    struct bytes out;

    for (size_t i = 0; i < all->count; i++)
        worst = cmd_gravest(worst, verify_one_code(&all->one[i]));
    bytes_init(&out, UINT32_MAX);
    if (all->cmd->json) {
        answer_json(&out, all, worst);
    } else {
        if (all->report && *all->report->channel.text) {
            LANG_SAY(&out, all->cmd->lang, STR_CMD_ID, all->report->channel.text);
            bytes_u8(&out, '\n');
            LANG_SAY(&out, all->cmd->lang, STR_CMD_CHANNEL, all->report->name);
            bytes_u8(&out, '\n');
        }
        for (size_t i = 0; i < all->count; i++) {
            if (i > 0)
                bytes_u8(&out, '\n');
            say_one(&out, all, &all->one[i]);
        }
    }
    code = cmd_answer(all->cmd, &out);
    return code == CMD_DONE ? worst : code;
}
