/* stillhere key show: the channel's public keys. */
#include "cmd/cmd.h"

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

static void keys_text(struct bytes *out, const struct identity *identity)
{
    for (size_t i = 0; i < identity->key_count; i++) {
        const struct identity_key *key = &identity->keys[i];

        bytes_printf(out, "%-9.*s %-8.*s %s ", (int)key->role_text.len,
                     (const char *)key->role_text.ptr, (int)key->alg_text.len,
                     (const char *)key->alg_text.ptr, key->id);
        base64_build(out, slice_of(key->bytes, key->bytes_len), BASE64_PADDED);
        if (key->until != ENTRY_NO_REF)
            bytes_printf(out, " until %llu", (unsigned long long)key->until);
        if (key->revoked != ENTRY_NO_REF)
            bytes_printf(out, " revoked %llu", (unsigned long long)key->revoked);
        bytes_u8(out, '\n');
    }
}

static void keys_json(struct bytes *out, struct channel *channel,
                      const struct identity *identity)
{
    struct json_writer json = cmd_json_open(out);
    struct bytes vkey;

    bytes_init(&vkey, LIMIT_NOTE_BYTES);
    tlog_key_text(&channel_info(channel)->log_key, &vkey);
    json_put_slice(&json, "channel", slice_text(channel_info(channel)->id.text));
    json_put_slice(&json, "vkey", bytes_view(&vkey));
    json_array_open(&json, "keys");
    for (size_t i = 0; i < identity->key_count; i++)
        key_json(&json, &identity->keys[i]);
    json_array_close(&json);
    cmd_json_close(&json);
    bytes_release(&vkey);
}

static int show_keys(const struct cmd *cmd, struct channel *channel, struct why *why)
{
    struct identity identity = {0};
    struct tlog_note note;
    struct bytes raw, out;
    struct arena arena;
    int rc;

    bytes_init(&raw, LIMIT_NOTE_BYTES);
    bytes_init(&out, LIMIT_PAGE_BYTES);
    arena_init(&arena, LIMIT_IDENTITY_BYTES * 16);
    rc = io_read(channel_info(channel)->public_dir, "id/current", &raw, why);
    if (rc == SH_OK)
        rc = tlog_note_parse(bytes_view(&raw), &note, why);
    if (rc == SH_OK)
        rc = identity_parse(note.text, &arena, &identity, why);
    if (rc == SH_OK && cmd->json)
        keys_json(&out, channel, &identity);
    else if (rc == SH_OK)
        keys_text(&out, &identity);
    if (rc == SH_OK)
        rc = cmd_answer(cmd, &out);
    arena_release(&arena);
    bytes_release(&raw);
    bytes_release(&out);
    return rc;
}

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    struct channel *channel = NULL;
    struct why why = {0};
    int rc;

    if (args->word_count != 1 || strcmp(args->words[0], "show") != 0)
        return cmd_usage(cmd, "key needs the verb show");
    rc = channel_open(cmd->home, CHANNEL_LOOK, &channel, &why);
    if (rc == SH_OK)
        rc = cmd_is_set(args, "vkey") && !cmd->json ? show_vkey(cmd, channel)
                                                    : show_keys(cmd, channel, &why);
    channel_close(channel);
    return rc < 0 ? cmd_failed(cmd, &why) : rc;
}

static const struct cmd_option options[] = {
    {"vkey", NULL, "print the log's signed-note verifier key line alone"}, {NULL, NULL, NULL}};

const struct cmd_spec cmd_spec_key = {
    .name = "key",
    .usage = "show [--vkey]",
    .summary = "show the channel's public keys",
    .about =
        "Prints the keys of the channel's identity note: role, algorithm, id and public key.\n"
        "--vkey prints one line for tools that read C2SP signed notes (Go's sumdb/note).",
    .examples = "  stillhere key show\n"
                "  stillhere key show --vkey > channel.vkey\n",
    .options = options,
    .run = run,
};
