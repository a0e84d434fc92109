/* follow: keys that change or are stolen, and its state as bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "follow_reader.h"

/* ---- keys change ---- */

static void rotation(void **state)
{
    struct world *w = world_new(32);
    struct reader *r = reader_new(w), *late = reader_new(w);

    (void)state;
    grow(w, 2);
    STEP(r, FOLLOW_NEWER);
    w->note.number = 1;
    w->note.name = slice_text("Renamed");
    w->keys[1].until = 2;
    w->keys[2] = world_key(KEY_LOG, 11);
    w->keys[2].from = 2;
    w->note.key_count = 3;
    world_identity(w, false); /* announced */
    STEP(r, FOLLOW_SAME);
    STEP(late, FOLLOW_NEWER);
    assert_int_equal(late->follow.identity_notes, 2);
    /* The entry and its checkpoint come before id/current. */
    world_identity(w, true);
    world_put(w, "id/current", bytes_view(&world_find(w, "id/0.note")->data));
    world_publish(w); /* by the old key, which is closed */
    STEP(r, FOLLOW_WRONG);
    w->log_seed = 11;
    world_publish(w);
    STEP(r, FOLLOW_NEWER);
    assert_string_equal(r->follow.name, "Renamed");
    assert_int_equal(r->follow.identity_notes, 2);
    assert_int_equal(r->follow.identity_entries, 2);
    STEP(late, FOLLOW_NEWER);
    world_put(w, "id/current", bytes_view(&world_find(w, "id/1.note")->data));
    STEP(r, FOLLOW_NEWER); /* Nothing but id/current. */
    STEP(r, FOLLOW_SAME);
    grow(w, 5);
    STEP(r, FOLLOW_NEWER);
    assert_memory_equal(r->follow.log_key, w->keys[2].bytes, 32);
    /* The chain goes back: without the note the checkpoint is of an unknown key. */
    world_remove(w, "id/1.note");
    world_put(w, "id/current", bytes_view(&world_find(w, "id/0.note")->data));
    STEP(r, FOLLOW_OLDER);
    SAYS(r, "identity notes");
    reader_free(r);
    reader_free(late);
    world_free(w);
}

/* An identity entry whose note is hidden. */
static void hidden_note(void **state)
{
    struct world *w = world_new(32);
    struct reader *r = reader_new(w);

    (void)state;
    grow(w, 3);
    STEP(r, FOLLOW_NEWER);
    w->note.number = 1;
    w->note.name = slice_text("Renamed");
    world_identity(w, true);
    world_publish(w);
    world_remove(w, "id/1.note");
    world_put(w, "id/current", bytes_view(&world_find(w, "id/0.note")->data));
    STEP(r, FOLLOW_UNREADABLE);
    SAYS(r, "entry 3");
    w->note.name = slice_text("Another one");
    world_identity(w, false);
    STEP(r, FOLLOW_WRONG);
    SAYS(r, "names another identity note");
    reader_free(r);
    world_free(w);
}

/* Whoever holds the identity key signs two notes with one number. */
static void forked_chain(void **state)
{
    struct world *w = world_new(32), *other = world_new(32);
    struct reader *r = reader_new(w);

    (void)state;
    w->note.number = other->note.number = 1;
    other->note.name = slice_text("Other");
    world_identity(w, true);
    world_identity(other, true);
    world_publish(w);
    world_publish(other);
    STEP(r, FOLLOW_NEWER);
    r->world = other;
    STEP(r, FOLLOW_FORKED);
    SAYS(r, "identity chain");
    reader_free(r);
    world_free(w);
    world_free(other);
}

/* The log key is stolen after entry 3: the thief says in entry 4 that all is well. */
static void theft(void **state)
{
    struct world *w = world_new(64), *thief = world_new(64);
    struct reader *r = reader_new(w), *deceived = reader_new(thief);
    uint8_t root[32];

    (void)state;
    grow(w, 4);
    grow(thief, 4);
    STEP(r, FOLLOW_NEWER);
    (void)world_checkin(w); /* of the thief, in both */
    (void)world_withdraw(w, 3);
    (void)world_checkin(thief);
    (void)world_withdraw(thief, 3);
    world_publish(w);
    STEP(r, FOLLOW_NEWER);
    assert_int_equal(r->follow.facts.word_index, 4);
    grow(thief, 12);
    STEP(deceived, FOLLOW_NEWER);
    assert_int_equal(deceived->follow.facts.word_index, 11);
    world_tiles(w, root);
    w->note.number = 1;
    w->keys[1].until = 6;
    w->keys[1].revoked = 4;
    w->keys[2] = world_key(KEY_LOG, 11);
    w->keys[2].from = 6;
    w->note.key_count = 3;
    w->note.has_successor = true;
    w->note.successor_size = 6;
    memcpy(w->note.successor_root, root, 32);
    world_identity(w, true);
    STEP(r, FOLLOW_UNREADABLE); /* The note is there, its branch not yet. */
    SAYS(r, "not yet of the branch");
    w->log_seed = 11;
    (void)snprintf(w->origin, sizeof(w->origin), "stillhere/1/%s/1", w->id.text);
    world_publish(w);
    STEP(r, FOLLOW_NEWER);
    assert_int_equal(r->follow.branch, 1);
    assert_int_equal(r->follow.facts.word_index, 3); /* The thief's word is none. */
    deceived->world = w; /* It saw more of the thief's branch than the channel has. */
    STEP(deceived, FOLLOW_NEWER);
    assert_int_equal(deceived->follow.range.size, 7);
    assert_int_equal(deceived->follow.facts.word_index, 3);
    deceived->world = thief;
    STEP(deceived, FOLLOW_OLDER);
    grow(w, 9);
    STEP(r, FOLLOW_NEWER);
    assert_int_equal(r->follow.facts.word_index, 8);
    reader_free(r);
    reader_free(deceived);
    world_free(w);
    world_free(thief);
}

static void successor_must_hold(void **state)
{
    struct world *w = world_new(32);
    struct reader *r = reader_new(w);

    (void)state;
    grow(w, 4);
    w->note.number = 1;
    w->note.has_successor = true;
    w->note.successor_size = 3;
    world_identity(w, true);
    (void)snprintf(w->origin, sizeof(w->origin), "stillhere/1/%s/1", w->id.text);
    world_publish(w);
    STEP(r, FOLLOW_WRONG);
    SAYS(r, "does not contain what its identity note names");
    reader_free(r);
    world_free(w);
}

/* ---- as bytes ---- */

static void bytes_and_back(void **state)
{
    struct document every = {.every_s = 86400};
    struct world *w = world_new(400);
    struct reader *r = reader_new(w), *again = reader_new(w);
    struct bytes raw, twice;

    (void)state;
    bytes_init(&raw, LIMIT_FOLLOW_BYTES);
    bytes_init(&twice, LIMIT_FOLLOW_BYTES);
    follow_build(&r->follow, &raw);
    assert_int_equal(follow_parse(bytes_view(&raw), &again->follow, NULL), SH_OK);
    assert_memory_equal(&again->follow, &r->follow, sizeof(r->follow));
    grow(w, 300);
    (void)promise(w, &every);
    world_sealed(w);
    world_publish(w);
    STEP(r, FOLLOW_NEWER);
    bytes_clear(&raw);
    follow_build(&r->follow, &raw);
    assert_int_equal(bytes_check(&raw, NULL), SH_OK);
    assert_int_equal(follow_parse(bytes_view(&raw), &again->follow, NULL), SH_OK);
    follow_build(&again->follow, &twice);
    assert_true(slice_equal(bytes_view(&raw), bytes_view(&twice)));
    STEP(again, FOLLOW_SAME);
    grow(w, 320);
    STEP(again, FOLLOW_NEWER);
    STEP(r, FOLLOW_NEWER);
    assert_memory_equal(again->follow.root, r->follow.root, 32);
    assert_memory_equal(&again->follow.facts, &r->follow.facts, sizeof(r->follow.facts));
    for (size_t len = 0; len < raw.len; len++)
        assert_int_equal(follow_parse(slice_of(raw.ptr, len), &again->follow, NULL),
                         SH_EFORMAT);
    assert_string_equal(again->follow.channel.text, "");
    bytes_u8(&raw, 0);
    assert_int_equal(follow_parse(bytes_view(&raw), &again->follow, NULL), SH_EFORMAT);
    bytes_release(&raw);
    bytes_release(&twice);
    reader_free(r);
    reader_free(again);
    world_free(w);
}

/* The largest state fits into what the book takes. */
static void largest_state(void **state)
{
    struct world *w = world_new(2000);
    struct reader *r = reader_new(w);
    struct bytes raw;

    (void)state;
    while (w->size < 1500)
        world_sealed(w);
    grow(w, 2000);
    STEP(r, FOLLOW_NEWER);
    r->follow.range.size = LIMIT_LOG_SIZE - 1;
    r->follow.keys = LIMIT_IDENTITY_KEYS;
    memset(r->follow.name, 'n', LIMIT_NAME_BYTES);
    bytes_init(&raw, LIMIT_FOLLOW_BYTES);
    follow_build(&r->follow, &raw);
    assert_int_equal(bytes_check(&raw, NULL), SH_OK);
    print_message("# the largest state: %zu bytes of %u\n", raw.len, LIMIT_FOLLOW_BYTES);
    bytes_release(&raw);
    reader_free(r);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rotation),
        cmocka_unit_test(hidden_note),
        cmocka_unit_test(forked_chain),
        cmocka_unit_test(theft),
        cmocka_unit_test(successor_must_hold),
        cmocka_unit_test(bytes_and_back),
        cmocka_unit_test(largest_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
