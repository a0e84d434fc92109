/* dispatch: the identity note and its chain; a refusing test for each rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dispatch/dispatch.h"
#include "golden.h"
#include "tlog/tlog.h"

#define H64 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define CHANNEL "aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq"

/* Replace the first occurrence of from in text by to. */
static void replace(struct bytes *out, struct slice text, const char *from, const char *to)
{
    size_t len = strlen(from);

    bytes_clear(out);
    for (size_t i = 0; i + len <= text.len; i++) {
        if (memcmp(text.ptr + i, from, len) == 0) {
            bytes_append(out, text.ptr, i);
            bytes_text(out, to);
            bytes_append(out, text.ptr + i + len, text.len - i - len);
            return;
        }
    }
    fail_msg("no \"%s\" in the note", from);
}

/* ---- identity note ---- */

static const uint8_t SPKI_HEAD[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                    0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                    0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};

static struct secret seed_of(uint8_t number)
{
    struct secret seed;

    memset(seed.byte, number, sizeof(seed.byte));
    return seed;
}

static struct identity_key make_key(enum key_role role, uint8_t number)
{
    struct identity_key key = {.role = role,
                               .alg = ALG_ED25519,
                               .bytes_len = 32,
                               .until = ENTRY_NO_REF,
                               .revoked = ENTRY_NO_REF};
    struct secret seed = seed_of(number);

    if (role == KEY_C2PA_CA) {
        key.alg = ALG_ES256;
        memcpy(key.bytes, SPKI_HEAD, sizeof(SPKI_HEAD));
        memset(key.bytes + sizeof(SPKI_HEAD), number, 64);
        key.bytes_len = sizeof(SPKI_HEAD) + 64;
    } else if (role == KEY_ARCHIVE) {
        key.alg = ALG_X25519;
        crypto.x25519_public(&seed, key.bytes);
    } else {
        crypto.ed25519_public(&seed, key.bytes);
    }
    return key;
}

/* Identity keys 1, 2, 3; log 10; c2pa-ca 20; archive 30. */
static struct identity first_note(struct identity_key keys[8])
{
    struct identity note = {.name = slice_text("Odesa daily"),
                            .lang = slice_text("uk"),
                            .threshold = 2,
                            .keys = keys,
                            .key_count = 6};

    for (uint8_t i = 0; i < 3; i++)
        keys[i] = make_key(KEY_IDENTITY, (uint8_t)(i + 1));
    keys[3] = make_key(KEY_LOG, 10);
    keys[4] = make_key(KEY_C2PA_CA, 20);
    keys[5] = make_key(KEY_ARCHIVE, 30);
    return note;
}

/* A signed note of text by the identity keys whose numbers are listed. */
static void sign_note(struct bytes *out, struct slice text, const struct channel_id *id,
                      const char *signers)
{
    char name[CHANNEL_ORIGIN_BYTES];
    struct tlog_key key;
    uint8_t public_key[32], signature[64];
    struct secret seed;

    channel_identity_name(id, name);
    bytes_slice(out, text);
    bytes_u8(out, '\n');
    for (; *signers; signers++) {
        seed = seed_of((uint8_t)(*signers - '0'));
        crypto.ed25519_public(&seed, public_key);
        crypto.ed25519_sign(&seed, text, signature);
        assert_int_equal(tlog_key_init(&key, name, TLOG_ED25519, public_key, NULL), SH_OK);
        tlog_signature_line(out, &key, slice_of(signature, sizeof(signature)));
    }
}

static void identity_there_and_back(void **state)
{
    struct identity_key keys[8];
    struct identity note = first_note(keys), again;
    struct bytes text, golden, second;
    struct arena arena;
    struct channel_id id;

    (void)state;
    bytes_init(&text, LIMIT_IDENTITY_BYTES);
    bytes_init(&second, LIMIT_IDENTITY_BYTES);
    arena_init(&arena, LIMIT_IDENTITY_ARENA);
    assert_int_equal(identity_build(&note, &text, NULL), SH_OK);
    read_golden("identity-0.txt", &golden);
    assert_true(slice_equal(bytes_view(&text), bytes_view(&golden)));
    assert_int_equal(identity_parse(bytes_view(&text), &arena, &again, NULL), SH_OK);
    assert_int_equal(again.key_count, 6);
    channel_id_of_note(bytes_view(&text), &id);
    assert_string_equal(again.channel.text, id.text);
    assert_int_equal(again.keys[0].role, KEY_ARCHIVE); /* sorted by role */
    assert_int_equal(identity_build(&again, &second, NULL), SH_OK);
    assert_true(slice_equal(bytes_view(&text), bytes_view(&second)));
    assert_non_null(identity_key_at(&again, KEY_LOG, 0));
    bytes_release(&golden);
    bytes_release(&second);
    bytes_release(&text);
    arena_release(&arena);
}

/* LONG: a flat table. */
static void identity_refused(void **state)
{
    static const struct {
        const char *from, *to;
    } bad[] = {{"stillhere-identity/1", "stillhere-identity/2"},
               {"number 0", "number 00"},
               {"number 0\n", ""},
               {"number 0", "number  0"},
               {"number 0", "number 0 "},
               {"number 0", "number 1"},
               {"number 0\n", "number 0\n\n"},
               {"number 0\n", "number 0\nchannel " CHANNEL "\n"},
               {"name Odesa daily", "name"},
               {"name Odesa daily", "name  Odesa"},
               {"name Odesa daily", "name Odesa\tdaily"},
               {"name Odesa daily", "name \xe2\x80\xaex"},
               {"name Odesa daily", "name \xff"},
               {"name Odesa daily\n", ""},
               {"lang uk", "lang de"},
               {"lang uk\n", ""},
               {"lang uk", "lang UK"},
               {"threshold 2", "threshold 0"},
               {"threshold 2", "threshold 4"},
               {"threshold 2\n", ""},
               {"threshold 2\n", "threshold 2\nsuccessor 1 " H64 "\n"},
               {"key log ed25519", "key log x25519"},
               {"key log ed25519", "key log other"},
               {"key log ed25519", "key log  ed25519"},
               {"key log ed25519", "key Log ed25519"},
               {"key log", "key zog"}, /* not sorted, and no log key */
               {"key archive x25519", "key archive ed25519"},
               {"lang uk\nthreshold 2", "threshold 2\nlang uk"},
               {"key archive", "zkey archive"},
               {"=\n", "\n"},
               {"=\n", "= from 0\n"},
               {"=\n", "= until 0\n"},
               {"=\n", "= revoked 1 until 2\n"},
               {"=\n", "= from 5 until 5\n"},
               {"=\n", "= from 5 revoked 4\n"},
               {"=\n", "= from\n"},
               {"=\n", "= from 1 from 2\n"},
               {"=\n", "= forever\n"},
               {"=\n", "=\r\n"}};
    struct identity_key keys[8];
    struct identity note = first_note(keys), again;
    struct bytes text, changed;
    struct arena arena;
    struct why why;

    (void)state;
    bytes_init(&text, LIMIT_IDENTITY_BYTES);
    bytes_init(&changed, LIMIT_IDENTITY_BYTES);
    assert_int_equal(identity_build(&note, &text, NULL), SH_OK);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        replace(&changed, bytes_view(&text), bad[i].from, bad[i].to);
        arena_init(&arena, LIMIT_IDENTITY_ARENA);
        why = (struct why){0};
        if (identity_parse(bytes_view(&changed), &arena, &again, &why) != SH_EFORMAT)
            fail_msg("not refused: %s -> %s", bad[i].from, bad[i].to);
        assert_true(why.text[0] != '\0');
        arena_release(&arena);
    }
    for (size_t len = 0; len < text.len; len++) {
        arena_init(&arena, LIMIT_IDENTITY_ARENA);
        /* A prefix of whole lines may be a note of fewer keys, but not without a log key. */
        if (identity_parse(slice_of(text.ptr, len), &arena, &again, NULL) == SH_OK)
            fail_msg("a prefix of %zu bytes was accepted", len);
        arena_release(&arena);
    }
    bytes_release(&changed);
    bytes_release(&text);
}

static void identity_carries_unknown(void **state)
{
    struct identity_key keys[8];
    struct identity note = first_note(keys), again;
    struct bytes text, second;
    struct arena arena;

    (void)state;
    bytes_init(&text, LIMIT_IDENTITY_BYTES);
    bytes_init(&second, LIMIT_IDENTITY_BYTES);
    arena_init(&arena, LIMIT_IDENTITY_ARENA);
    keys[6] = make_key(KEY_LOG, 40);
    keys[6].role = KEY_OTHER;
    keys[6].role_text = slice_text("device");
    note.key_count = 7;
    assert_int_equal(identity_build(&note, &text, NULL), SH_OK);
    bytes_text(&text, "duress on \n");
    assert_int_equal(identity_parse(bytes_view(&text), &arena, &again, NULL), SH_EFORMAT);
    text.len -= 2;
    bytes_text(&text, "\n");
    assert_int_equal(identity_parse(bytes_view(&text), &arena, &again, NULL), SH_OK);
    assert_int_equal(again.unknown_count, 1);
    assert_int_equal(again.key_count, 7);
    assert_int_equal(identity_build(&again, &second, NULL), SH_OK);
    assert_true(slice_equal(bytes_view(&text), bytes_view(&second)));
    bytes_release(&second);
    bytes_release(&text);
    arena_release(&arena);
}

/* Build, sign and judge one note; before may be NULL. */
static int judge(struct identity *note, const struct identity *before, const char *signers,
                 struct arena *arena, struct identity *out)
{
    static struct bytes raw[64]; /* borrowed by what was accepted */
    static size_t next;
    struct bytes text, *kept = &raw[next++ % COUNT_OF(raw)];
    struct channel_id id = note->channel;
    struct why why = {0};
    int rc;

    bytes_init(&text, LIMIT_IDENTITY_BYTES);
    bytes_release(kept);
    bytes_init(kept, LIMIT_NOTE_BYTES);
    if (identity_build(note, &text, &why) != SH_OK)
        fail_msg("%s", why.text);
    if (!note->number)
        channel_id_of_note(bytes_view(&text), &id);
    sign_note(kept, bytes_view(&text), &id, signers);
    rc = identity_accept(bytes_view(kept), before, arena, out, &why);
    assert_true(rc == SH_OK || why.text[0] != '\0');
    bytes_release(&text);
    return rc;
}

static void identity_first_signatures(void **state)
{
    static const struct {
        const char *signers;
        int rc;
    } cases[] = {{"123", SH_OK},    {"321", SH_OK},   {"1239", SH_OK},
                 {"12", SH_ECRYPT}, {"9", SH_ECRYPT}, {"112", SH_ECRYPT}};
    struct identity_key keys[8];
    struct identity note = first_note(keys), out;
    struct arena arena;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        arena_init(&arena, LIMIT_IDENTITY_ARENA);
        assert_int_equal(judge(&note, NULL, cases[i].signers, &arena, &out), cases[i].rc);
        arena_release(&arena);
    }
}

/* LONG: one story, told in order. */
static void identity_chain(void **state)
{
    struct identity_key keys[8], next[8];
    struct identity note = first_note(keys), zero, one, out;
    struct arena arena;

    (void)state;
    arena_init(&arena, 1u << 22);
    assert_int_equal(judge(&note, NULL, "123", &arena, &zero), SH_OK);
    memcpy(next, keys, sizeof(keys));
    one = zero;
    one.number = 1;
    one.keys = next;
    one.key_count = 6;
    assert_int_equal(judge(&one, &zero, "12", &arena, &out), SH_OK);
    assert_int_equal(judge(&one, &zero, "23", &arena, &out), SH_OK);
    assert_int_equal(judge(&one, &zero, "1", &arena, &out), SH_ECRYPT);
    assert_int_equal(judge(&one, &out, "12", &arena, &out), SH_EFORMAT); /* number */
    /* Key 3 is replaced by 4: 1 and 3 satisfy the old threshold, not the new one. */
    next[2].until = 9;
    next[6] = make_key(KEY_IDENTITY, 4);
    next[6].from = 9;
    one.key_count = 7;
    assert_int_equal(judge(&one, &zero, "13", &arena, &out), SH_ECRYPT);
    assert_int_equal(judge(&one, &zero, "14", &arena, &out), SH_ECRYPT);
    assert_int_equal(judge(&one, &zero, "134", &arena, &out), SH_OK);
    assert_int_equal(judge(&one, &zero, "12", &arena, &out), SH_OK);
    /* Dropped, reopened, changed. */
    next[2] = next[6];
    one.key_count = 6;
    assert_int_equal(judge(&one, &zero, "12", &arena, &out), SH_EFORMAT);
    memcpy(next, keys, sizeof(keys));
    next[3].from = 1;
    assert_int_equal(judge(&one, &zero, "12", &arena, &out), SH_EFORMAT);
    /* Theft of the log key: closed and revoked, a new one, a successor. */
    memcpy(next, keys, sizeof(keys));
    next[3].until = 50;
    next[3].revoked = 40;
    next[6] = make_key(KEY_LOG, 11);
    next[6].from = 50;
    one.key_count = 7;
    one.has_successor = true;
    one.successor_size = 50;
    assert_int_equal(judge(&one, &zero, "123", &arena, &out), SH_OK);
    assert_int_equal(identity_key_at(&out, KEY_LOG, 49)->revoked, 40);
    assert_int_equal(identity_key_at(&out, KEY_LOG, 50)->from, 50);
    /* What note 1 closed, note 2 cannot open. */
    {
        struct identity two = out;
        struct identity_key reopened[8];

        memcpy(reopened, next, sizeof(next));
        two.number = 2;
        two.keys = reopened;
        reopened[3].until = 60;
        assert_int_equal(judge(&two, &out, "12", &arena, &one), SH_EFORMAT);
        reopened[3].until = 50;
        reopened[3].revoked = ENTRY_NO_REF;
        assert_int_equal(judge(&two, &out, "12", &arena, &one), SH_EFORMAT);
        reopened[3].revoked = 30;
        assert_int_equal(judge(&two, &out, "12", &arena, &one), SH_OK);
        two.channel.hash[0] ^= 1;
        channel_id_of_note(slice_text("another"), &two.channel);
        assert_int_equal(judge(&two, &out, "12", &arena, &one), SH_EFORMAT);
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identity_there_and_back), cmocka_unit_test(identity_refused),
        cmocka_unit_test(identity_carries_unknown), cmocka_unit_test(identity_first_signatures),
        cmocka_unit_test(identity_chain)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
