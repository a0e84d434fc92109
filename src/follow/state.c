/* The state as bytes, for the book of a watch; and back, believing nothing. */
#include "follow/follow_int.h"

#include <string.h>

#define MAGIC "stillhere-follow/1\n"

static size_t bits_set(uint64_t value)
{
    size_t count = 0;

    for (; value; value &= value - 1)
        count++;
    return count;
}

static void put_identity(const struct follow *follow, struct bytes *out)
{
    bytes_append(out, follow->channel.text, CHANNEL_ID_CHARS);
    bytes_u8(out, (uint8_t)strlen(follow->name));
    bytes_text(out, follow->name);
    bytes_text(out, follow->lang);
    bytes_u64(out, follow->identity_notes);
    bytes_u64(out, follow->identity_entries);
    bytes_u64(out, follow->branch);
    bytes_append(out, follow->chain_hash, sizeof(follow->chain_hash));
    bytes_append(out, follow->current_hash, sizeof(follow->current_hash));
    bytes_append(out, follow->log_key, sizeof(follow->log_key));
    bytes_u8(out, (uint8_t)follow->keys);
    for (size_t i = 0; i < follow->keys; i++) {
        bytes_append(out, follow->key[i].key, CRYPT_KEY_BYTES);
        bytes_u64(out, follow->key[i].from);
        bytes_u64(out, follow->key[i].until);
        bytes_u64(out, follow->key[i].revoked);
    }
}

static void put_log(const struct follow *follow, struct bytes *out)
{
    bytes_u64(out, follow->range.size);
    bytes_append(out, follow->range.hash, bits_set(follow->range.size) * TLOG_HASH_BYTES);
    bytes_u16(out, (uint16_t)follow->trail.count);
    bytes_append(out, follow->trail.root, follow->trail.count * TLOG_HASH_BYTES);
}

static void put_words(const struct follow *follow, struct bytes *out)
{
    const struct due_facts *facts = &follow->facts;

    bytes_u8(out, (uint8_t)follow->words);
    for (size_t i = 0; i < follow->words; i++) {
        bytes_u64(out, follow->word[i].index);
        bytes_u64(out, follow->word[i].published);
        bytes_u64(out, follow->word[i].next_due);
        bytes_u64(out, follow->word[i].ref);
    }
    bytes_u8(out, (uint8_t)follow->sealed_count);
    for (size_t i = 0; i < follow->sealed_count; i++) {
        bytes_u64(out, follow->sealed[i].index);
        bytes_append(out, follow->sealed[i].hash, TLOG_HASH_BYTES);
    }
    bytes_u8(out, facts->has_promise);
    if (facts->has_promise) {
        bytes_u64(out, facts->promise_index);
        bytes_u64(out, facts->promise_at);
        bytes_u64(out, facts->every_s);
        bytes_u64(out, facts->until);
        bytes_u64(out, facts->silent_until);
    }
    bytes_u64(out, follow->newest_published);
}

void follow_build(const struct follow *follow, struct bytes *out)
{
    bytes_text(out, MAGIC);
    bytes_u8(out, follow->channel.text[0] != '\0');
    if (!follow->channel.text[0])
        return;
    put_identity(follow, out);
    put_log(follow, out);
    put_words(follow, out);
}

/* ---- back ---- */

/* False, and nothing is copied, when there are fewer bytes. */
static bool take(struct cursor *cur, void *out, size_t len)
{
    struct slice part = rd_bytes(cur, len);

    if (cur->failed || part.len != len)
        return false;
    if (len)
        memcpy(out, part.ptr, len);
    return true;
}

static bool take_keys(struct cursor *cur, struct follow *out)
{
    out->keys = rd_u8(cur);
    if (!out->keys || out->keys > LIMIT_IDENTITY_KEYS)
        return false;
    for (size_t i = 0; i < out->keys; i++) {
        if (!take(cur, out->key[i].key, CRYPT_KEY_BYTES))
            return false;
        out->key[i].from = rd_u64(cur);
        out->key[i].until = rd_u64(cur);
        out->key[i].revoked = rd_u64(cur);
    }
    return true;
}

static bool is_lang(const char *lang)
{
    static const char *const langs[] = {"en", "zh", "uk", "ru"};

    for (size_t i = 0; i < COUNT_OF(langs); i++)
        if (strcmp(lang, langs[i]) == 0)
            return true;
    return false;
}

static bool take_identity(struct cursor *cur, struct follow *out)
{
    struct slice id = rd_bytes(cur, CHANNEL_ID_CHARS);
    uint8_t name;

    if (cur->failed || !channel_id_parse(id, &out->channel))
        return false;
    name = rd_u8(cur);
    if (name > LIMIT_NAME_BYTES || !take(cur, out->name, name) || !take(cur, out->lang, 2) ||
        text_check(slice_of(out->name, name), TEXT_LINE, LIMIT_NAME_BYTES, "", NULL) < 0 ||
        !is_lang(out->lang))
        return false;
    out->identity_notes = rd_u64(cur);
    out->identity_entries = rd_u64(cur);
    out->branch = rd_u64(cur);
    return out->identity_notes && out->identity_notes <= LIMIT_IDENTITY_NOTES + 1 &&
           out->identity_entries && out->identity_entries <= out->identity_notes &&
           out->branch < out->identity_notes &&
           take(cur, out->chain_hash, sizeof(out->chain_hash)) &&
           take(cur, out->current_hash, sizeof(out->current_hash)) &&
           take(cur, out->log_key, sizeof(out->log_key)) && take_keys(cur, out);
}

static bool take_log(struct cursor *cur, struct follow *out)
{
    struct follow_trail *trail = &out->trail;

    out->range.size = rd_u64(cur);
    if (!out->range.size || out->range.size > LIMIT_LOG_SIZE ||
        !take(cur, out->range.hash, bits_set(out->range.size) * TLOG_HASH_BYTES))
        return false;
    tlog_range_root(&out->range, out->root);
    trail->count = rd_u16(cur);
    if (!trail->count || trail->count > FOLLOW_TRAIL || trail->count > out->range.size ||
        !take(cur, trail->root, trail->count * TLOG_HASH_BYTES))
        return false;
    trail->first = out->range.size - trail->count + 1;
    return memcmp(trail->root[trail->count - 1], out->root, TLOG_HASH_BYTES) == 0;
}

/* Indices that rise, below the size of the log. */
static bool take_word_list(struct cursor *cur, struct follow *out)
{
    uint64_t least = 1;

    out->words = rd_u8(cur);
    if (out->words > LIMIT_FOLLOW_WORDS)
        return false;
    for (size_t i = 0; i < out->words; i++) {
        struct follow_word *word = &out->word[i];

        word->index = rd_u64(cur);
        word->published = rd_u64(cur);
        word->next_due = rd_u64(cur);
        word->ref = rd_u64(cur);
        if (word->index < least || word->index >= out->range.size || !word->published ||
            (word->ref != ENTRY_NO_REF && word->ref >= word->index))
            return false;
        least = word->index + 1;
    }
    return true;
}

static bool take_sealed(struct cursor *cur, struct follow *out)
{
    uint64_t least = 1;

    out->sealed_count = rd_u8(cur);
    if (out->sealed_count > LIMIT_FOLLOW_WORDS)
        return false;
    for (size_t i = 0; i < out->sealed_count; i++) {
        out->sealed[i].index = rd_u64(cur);
        if (!take(cur, out->sealed[i].hash, TLOG_HASH_BYTES) || out->sealed[i].index < least ||
            out->sealed[i].index >= out->range.size)
            return false;
        least = out->sealed[i].index + 1;
    }
    return true;
}

static bool take_promise(struct cursor *cur, struct follow *out)
{
    struct due_facts *facts = &out->facts;
    uint8_t has = rd_u8(cur);

    if (has > 1)
        return false;
    facts->has_promise = has == 1;
    if (!has)
        return true;
    facts->promise_index = rd_u64(cur);
    facts->promise_at = rd_u64(cur);
    facts->every_s = rd_u64(cur);
    facts->until = rd_u64(cur);
    facts->silent_until = rd_u64(cur);
    return facts->promise_index && facts->promise_index < out->range.size &&
           (facts->every_s != 0) + (facts->until != 0) + (facts->silent_until != 0) == 1;
}

static bool take_all(struct cursor *cur, struct follow *out)
{
    uint8_t there;

    if (!slice_equal(rd_bytes(cur, sizeof(MAGIC) - 1), slice_text(MAGIC)))
        return false;
    there = rd_u8(cur);
    if (there > 1)
        return false;
    if (!there)
        return true;
    if (!take_identity(cur, out) || !take_log(cur, out) || !take_word_list(cur, out) ||
        !take_sealed(cur, out) || !take_promise(cur, out))
        return false;
    out->newest_published = rd_u64(cur);
    follow_set_word(out);
    return true;
}

int follow_parse(struct slice raw, struct follow *out, struct why *why)
{
    struct cursor cur = cursor_of(raw);

    follow_init(out);
    if (take_all(&cur, out) && !cur.failed && !rd_left(&cur))
        return SH_OK;
    follow_init(out);
    return why_set(why, SH_EFORMAT, cur.at,
                   "follow: what is remembered of a copy is damaged; it is to be read anew");
}
