/* dispatch: the next identity note, signed by k of n secrets, and a chain of notes read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dispatch/dispatch.h"

static struct secret seeds[16];

static struct identity_key key_of(enum key_role role, uint8_t number)
{
    struct identity_key key;
    uint8_t bytes[CRYPT_KEY_BYTES];

    memset(seeds[number].byte, number, SECRET_BYTES);
    if (role == KEY_ARCHIVE)
        crypto.x25519_public(&seeds[number], bytes);
    else
        crypto.ed25519_public(&seeds[number], bytes);
    identity_key_make(role, slice_of(bytes, sizeof(bytes)), &key);
    return key;
}

/* Build and sign a note by the secrets whose numbers are listed; the result is the caller's. */
static struct bytes signed_by(const struct identity *note, const char *signers)
{
    struct identity_secrets secrets = {.count = 0};
    struct bytes text, raw;
    struct channel_id id = note->channel;
    struct why why = {0};

    bytes_init(&text, LIMIT_IDENTITY_BYTES);
    bytes_init(&raw, LIMIT_NOTE_BYTES);
    if (identity_build(note, &text, &why) != SH_OK)
        fail_msg("%s", why.text);
    if (!note->number)
        channel_id_of_note(bytes_view(&text), &id);
    for (; *signers; signers++)
        secrets.secret[secrets.count++] = &seeds[*signers - '0'];
    assert_int_equal(identity_sign(bytes_view(&text), &id, &secrets, &raw, &why), SH_OK);
    bytes_release(&text);
    return raw;
}

static int add(struct identity_chain *chain, const struct identity *note, const char *signers)
{
    struct bytes raw = signed_by(note, signers);
    int rc = identity_chain_add(chain, bytes_view(&raw), NULL);

    bytes_release(&raw);
    return rc;
}

/* One identity key 1, log key 4, archive 5. */
static void begin(struct identity_chain *chain)
{
    struct identity_key keys[3] = {key_of(KEY_IDENTITY, 1), key_of(KEY_LOG, 4),
                                   key_of(KEY_ARCHIVE, 5)};
    struct identity note = {.name = slice_text("Odesa daily"),
                            .lang = slice_text("uk"),
                            .threshold = 1,
                            .keys = keys,
                            .key_count = 3};

    identity_chain_init(chain);
    assert_null(identity_chain_newest(chain));
    assert_int_equal(add(chain, &note, "1"), SH_OK);
    assert_null(identity_chain_before(chain));
}

static void one_to_two_of_three(void **state)
{
    struct identity_chain chain;
    struct identity_draft draft;
    struct identity_key key;
    struct sheet sheet = {.part = 1, .parts = 1};

    (void)state;
    begin(&chain);
    identity_next(identity_chain_newest(&chain), &draft);
    key = key_of(KEY_IDENTITY, 1);
    assert_int_equal(identity_draft_close(&draft, key.id, 7, NULL), SH_OK);
    for (uint8_t i = 6; i < 9; i++) {
        key = key_of(KEY_IDENTITY, i);
        key.from = 7;
        assert_int_equal(identity_draft_add(&draft, &key, NULL), SH_OK);
        assert_int_equal(identity_draft_add(&draft, &key, NULL), SH_ECONFLICT);
    }
    draft.note.threshold = 2;
    assert_int_equal(identity_signers(&draft.note), 3);
    /* The old sheet alone, the new ones alone, one of the new: all too few. */
    assert_int_equal(add(&chain, &draft.note, "1"), SH_ECRYPT);
    assert_int_equal(add(&chain, &draft.note, "678"), SH_ECRYPT);
    assert_int_equal(add(&chain, &draft.note, "16"), SH_ECRYPT);
    assert_int_equal(chain.count, 1);
    assert_int_equal(add(&chain, &draft.note, "168"), SH_OK);
    assert_int_equal(identity_chain_newest(&chain)->threshold, 2);
    assert_int_equal(identity_chain_before(&chain)->threshold, 1);
    /* Which key a sheet is. */
    sheet.identity = seeds[7];
    key = key_of(KEY_IDENTITY, 7);
    assert_string_equal(identity_key_of_sheet(identity_chain_newest(&chain), &sheet)->id,
                        key.id);
    sheet.identity = seeds[1];
    assert_int_equal(identity_key_of_sheet(identity_chain_newest(&chain), &sheet)->until, 7);
    sheet.identity = seeds[4];
    assert_null(identity_key_of_sheet(identity_chain_newest(&chain), &sheet));
    identity_chain_release(&chain);
}

static void theft(void **state)
{
    struct identity_chain chain;
    struct identity_draft draft;
    struct identity_key key = key_of(KEY_LOG, 9);
    struct identity_key stolen = key_of(KEY_LOG, 4);
    char origin[CHANNEL_ORIGIN_BYTES], wanted[CHANNEL_ORIGIN_BYTES];

    (void)state;
    begin(&chain);
    assert_string_equal(identity_key_open(identity_chain_newest(&chain), KEY_LOG)->id,
                        stolen.id);
    identity_next(identity_chain_newest(&chain), &draft);
    key.from = 30;
    assert_int_equal(identity_draft_close(&draft, "0123456789abcdef", 30, NULL), SH_ENOTFOUND);
    assert_int_equal(identity_draft_close(&draft, stolen.id, 0, NULL), SH_EARG);
    assert_int_equal(identity_draft_close(&draft, stolen.id, 30, NULL), SH_OK);
    assert_int_equal(identity_draft_revoke(&draft, stolen.id, 20, NULL), SH_OK);
    assert_int_equal(identity_draft_revoke(&draft, stolen.id, 25, NULL), SH_ECONFLICT);
    assert_int_equal(identity_draft_revoke(&draft, "0123456789abcdef", 1, NULL), SH_ENOTFOUND);
    assert_int_equal(identity_draft_add(&draft, &key, NULL), SH_OK);
    assert_int_equal(identity_draft_revoke(&draft, key.id, 29, NULL), SH_EARG);
    draft.note.has_successor = true;
    draft.note.successor_size = 30;
    memset(draft.note.successor_root, 7, 32);
    assert_int_equal(add(&chain, &draft.note, "1"), SH_OK);
    assert_int_equal(chain.branch, 1);
    assert_int_equal(chain.branch_before, 0);
    assert_int_equal(chain.successor_size, 30);
    assert_string_equal(identity_key_open(identity_chain_newest(&chain), KEY_LOG)->id, key.id);
    for (uint64_t index = 0; index < 40; index++)
        assert_int_equal(identity_is_disputed(identity_chain_newest(&chain), index),
                         index >= 20 && index < 30);
    /* The note after it has no successor of its own: the branch stays. */
    identity_next(identity_chain_newest(&chain), &draft);
    assert_false(draft.note.has_successor);
    assert_int_equal(add(&chain, &draft.note, "1"), SH_OK);
    assert_int_equal(chain.branch, 1);
    channel_branch_origin(&identity_chain_newest(&chain)->channel, 1, origin);
    channel_origin(&identity_chain_newest(&chain)->channel, wanted);
    assert_int_equal(strncmp(origin, wanted, strlen(wanted)), 0);
    assert_string_equal(origin + strlen(wanted), "/1");
    identity_chain_release(&chain);
}

static void keys_run_out(void **state)
{
    struct identity_chain chain;
    struct identity_draft draft;
    struct identity_key key;
    uint8_t bytes[CRYPT_KEY_BYTES];
    struct why why = {0};
    size_t added = 0;

    (void)state;
    begin(&chain);
    identity_next(identity_chain_newest(&chain), &draft);
    for (uint8_t i = 0; i < LIMIT_IDENTITY_KEYS; i++) {
        memset(bytes, i + 100, sizeof(bytes));
        identity_key_make(KEY_LOG, slice_of(bytes, sizeof(bytes)), &key);
        if (identity_draft_add(&draft, &key, &why) != SH_OK)
            break;
        added++;
    }
    assert_int_equal(added, LIMIT_IDENTITY_KEYS - 3);
    assert_int_equal(why.code, SH_ELIMIT);
    identity_chain_release(&chain);
}

static void orders(void **state)
{
    static const char text[] = "stillhere-purge/1\nchannel x\nindex 3\n";
    struct identity_secrets one = {.secret = {&seeds[1]}, .count = 1};
    struct identity_secrets wrong = {.secret = {&seeds[4]}, .count = 1};
    const struct identity *identity;
    struct identity_chain chain;
    struct bytes raw;

    (void)state;
    begin(&chain);
    identity = identity_chain_newest(&chain);
    bytes_init(&raw, LIMIT_NOTE_BYTES);
    assert_int_equal(identity_sign(slice_text(text), &identity->channel, &one, &raw, NULL),
                     SH_OK);
    assert_int_equal(identity_order_check(bytes_view(&raw), slice_text(text), identity, NULL),
                     SH_OK);
    assert_int_equal(
        identity_order_check(bytes_view(&raw), slice_text("another\n"), identity, NULL),
        SH_EFORMAT);
    bytes_clear(&raw);
    assert_int_equal(identity_sign(slice_text(text), &identity->channel, &wrong, &raw, NULL),
                     SH_OK);
    assert_int_equal(identity_order_check(bytes_view(&raw), slice_text(text), identity, NULL),
                     SH_ECRYPT);
    bytes_release(&raw);
    identity_chain_release(&chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_to_two_of_three),
                                       cmocka_unit_test(theft), cmocka_unit_test(keys_run_out),
                                       cmocka_unit_test(orders)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
