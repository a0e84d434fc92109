/* key show, key ca: the channel's public keys, and since when each of them speaks. */
#include "cmd/key_int.h"

#include <stdio.h>
#include <string.h>

#include "io/io.h"
#include "json/json.h"

static int show_vkey(const struct cmd *cmd, struct channel *channel)
{
    struct bytes out;

    bytes_init(&out, LIMIT_PAGE_BYTES);
    tlog_key_text(&channel_info(channel)->log_key, &out);
    bytes_u8(&out, '\n');
    return cmd_answer(cmd, &out);
}

static void key_json(struct json_writer *json, const struct identity_key *key)
{
    struct bytes base64;

    bytes_init(&base64, LIMIT_NOTE_BYTES);
    base64_build(&base64, slice_of(key->bytes, key->bytes_len), BASE64_PADDED);
    json_object_open(json, NULL);
    json_put_slice(json, "role", key->role_text);
    json_put_slice(json, "alg", key->alg_text);
    json_put_slice(json, "id", slice_text(key->id));
    json_put_slice(json, "public", bytes_view(&base64));
    json_put_number(json, "from", key->from);
    if (key->until != ENTRY_NO_REF)
        json_put_number(json, "until", key->until);
    if (key->revoked != ENTRY_NO_REF)
        json_put_number(json, "revoked", key->revoked);
    json_object_close(json);
    bytes_release(&base64);
}

static void span(struct bytes *out, enum lang lang, enum lang_string id, uint64_t index)
{
    char number[24];

    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)index);
    bytes_text(out, " \xc2\xb7 ");
    LANG_SAY(out, lang, id, number);
}

static void key_line(struct bytes *out, enum lang lang, const struct identity_key *key)
{
    bytes_printf(out, "%-9.*s %-8.*s %s ", (int)key->role_text.len,
                 (const char *)key->role_text.ptr, (int)key->alg_text.len,
                 (const char *)key->alg_text.ptr, key->id);
    base64_build(out, slice_of(key->bytes, key->bytes_len), BASE64_PADDED);
    span(out, lang, STR_KEY_SPAN_FROM, key->from);
    if (key->until != ENTRY_NO_REF)
        span(out, lang, STR_KEY_SPAN_UNTIL, key->until);
    if (key->revoked != ENTRY_NO_REF)
        span(out, lang, STR_KEY_SPAN_REVOKED, key->revoked);
    bytes_u8(out, '\n');
}

/* The branch and where it began; false before any theft. */
static bool branch_of(struct channel *channel, uint64_t *branch, uint64_t *size)
{
    const struct identity *newest = channel_identity(channel);
    struct identity_chain chain;
    struct bytes raw;
    bool found;

    identity_chain_init(&chain);
    bytes_init(&raw, LIMIT_NOTE_BYTES);
    for (uint64_t number = 0; number <= newest->number; number++)
        if (channel_identity_note(channel, number, &raw, NULL) != SH_OK ||
            identity_chain_add(&chain, bytes_view(&raw), NULL) != SH_OK)
            break;
    *branch = chain.branch;
    *size = chain.successor_size;
    found = chain.branch != 0;
    bytes_release(&raw);
    identity_chain_release(&chain);
    return found;
}

static void keys_text(struct bytes *out, const struct cmd *cmd, struct channel *channel)
{
    const struct identity *identity = channel_identity(channel);
    char needed[24], all[24];
    uint64_t branch, size;

    for (size_t i = 0; i < identity->key_count; i++)
        key_line(out, cmd->lang, &identity->keys[i]);
    (void)snprintf(needed, sizeof(needed), "%llu", (unsigned long long)identity->threshold);
    (void)snprintf(all, sizeof(all), "%llu", (unsigned long long)identity_signers(identity));
    LANG_SAY(out, cmd->lang, STR_KEY_THRESHOLD, needed, all);
    bytes_u8(out, '\n');
    if (!branch_of(channel, &branch, &size))
        return;
    (void)snprintf(needed, sizeof(needed), "%llu", (unsigned long long)size);
    (void)snprintf(all, sizeof(all), "%llu", (unsigned long long)branch);
    LANG_SAY(out, cmd->lang, STR_KEY_BRANCH, needed, all);
    bytes_u8(out, '\n');
}

static void keys_json(struct bytes *out, struct channel *channel)
{
    const struct identity *identity = channel_identity(channel);
    struct json_writer json = cmd_json_open(out);
    struct bytes vkey;

    bytes_init(&vkey, LIMIT_NOTE_BYTES);
    tlog_key_text(&channel_info(channel)->log_key, &vkey);
    json_put_slice(&json, "channel", slice_text(channel_info(channel)->id.text));
    json_put_slice(&json, "vkey", bytes_view(&vkey));
    json_put_number(&json, "note", identity->number);
    json_put_text(&json, "origin", channel_info(channel)->origin);
    json_put_number(&json, "threshold", identity->threshold);
    json_put_number(&json, "sheets", identity_signers(identity));
    if (identity->has_successor)
        json_put_number(&json, "successor", identity->successor_size);
    json_array_open(&json, "keys");
    for (size_t i = 0; i < identity->key_count; i++)
        key_json(&json, &identity->keys[i]);
    json_array_close(&json);
    cmd_json_close(&json);
    bytes_release(&vkey);
}

int key_show(struct cmd *cmd, const struct cmd_args *args)
{
    struct channel *channel = NULL;
    struct bytes out;
    struct why why = {0};
    int rc;

    if (args->word_count != 1)
        return cmd_usage(cmd, "key show takes no words");
    if (channel_open(cmd->home, CHANNEL_LOOK, &channel, &why) < 0)
        return cmd_failed(cmd, &why);
    bytes_init(&out, LIMIT_PAGE_BYTES);
    if (cmd_is_set(args, "vkey") && !cmd->json) {
        rc = show_vkey(cmd, channel);
    } else {
        if (cmd->json)
            keys_json(&out, channel);
        else
            keys_text(&out, cmd, channel);
        rc = cmd_answer(cmd, &out);
    }
    channel_close(channel);
    return rc;
}

int key_ca(struct cmd *cmd, const struct cmd_args *args)
{
    struct channel *channel = NULL;
    struct json_writer json;
    struct bytes pem, out;
    struct why why = {0};
    int rc;

    if (args->word_count != 1)
        return cmd_usage(cmd, "key ca takes no words");
    if (channel_open(cmd->home, CHANNEL_LOOK, &channel, &why) < 0)
        return cmd_failed(cmd, &why);
    bytes_init(&pem, LIMIT_TRUST_BYTES);
    rc = role_claim_anchors(channel, &pem, &why);
    channel_close(channel);
    if (rc < 0 || !cmd->json)
        return rc < 0 ? cmd_failed(cmd, &why) : cmd_answer(cmd, &pem);
    bytes_init(&out, 2 * LIMIT_TRUST_BYTES); /* Newlines become two letters. */
    json = cmd_json_open(&out);
    bytes_u8(&pem, 0);
    json_put_text(&json, "pem", pem.failed ? "" : (const char *)pem.ptr);
    cmd_json_close(&json);
    bytes_release(&pem);
    return cmd_answer(cmd, &out);
}
