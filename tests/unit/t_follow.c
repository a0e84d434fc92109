/* follow: keeping up with one copy, whatever it does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "follow_reader.h"

/* ---- it keeps up ---- */

static void keeps_up(void **state)
{
    static const uint64_t sizes[] = {2, 3, 4, 64, 65, 80, 255, 256, 257, 258, 511, 512, 700};
    struct world *w = world_new(700);
    struct reader *r = reader_new(w);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        uint64_t words = sizes[i] - 1;

        grow(w, sizes[i]);
        STEP(r, FOLLOW_NEWER);
        assert_int_equal(r->result.size, sizes[i]);
        assert_memory_equal(r->result.root, r->follow.root, 32);
        assert_string_equal(r->result.text, "");
        assert_int_equal(r->follow.range.size, sizes[i]);
        assert_int_equal(r->follow.words, words < 64 ? words : 64);
        assert_true(r->follow.facts.has_word);
        assert_int_equal(r->follow.facts.word_index, sizes[i] - 1);
        assert_int_equal(r->follow.facts.word_at, 1700000000 + sizes[i] - 1);
        assert_int_equal(r->follow.newest_published, 1700000000 + sizes[i] - 1);
        STEP(r, FOLLOW_SAME);
        assert_int_equal(r->reads, 2); /* checkpoint and id/current */
    }
    world_expect(w, VERIFY_OK, VERIFY_LOG);
    assert_memory_equal(w->report.root, r->follow.root, 32);
    assert_string_equal(r->follow.name, "Test");
    assert_string_equal(r->follow.lang, "en");
    assert_string_equal(r->follow.channel.text, w->id.text);
    assert_int_equal(r->follow.identity_notes, 1);
    assert_memory_equal(r->follow.log_key, w->keys[1].bytes, 32);
    assert_true(r->result.note.len > 100);
    reader_free(r);
    world_free(w);
}

/* One new word costs one tile and one document. */
static void reads_only_what_is_new(void **state)
{
    struct world *w = world_new(1000);
    struct reader *r = reader_new(w);

    (void)state;
    grow(w, 900);
    STEP(r, FOLLOW_NEWER);
    assert_int_equal(r->follow.words, LIMIT_FOLLOW_WORDS);
    /* checkpoint, id/current, note 0, is there note 1, 4 tiles, 64 documents */
    assert_int_equal(r->reads, 3 + 1 + 4 + 64);
    grow(w, 901);
    STEP(r, FOLLOW_NEWER);
    assert_int_equal(r->reads, 4);
    reader_free(r);
    world_free(w);
}

/* A partial tile may have given way to the full one. */
static void full_tile_for_a_partial(void **state)
{
    struct world *w = world_new(300);
    struct reader *r = reader_new(w);
    struct bytes old;

    (void)state;
    bytes_init(&old, LIMIT_NOTE_BYTES);
    grow(w, 200);
    bytes_slice(&old, bytes_view(&world_find(w, "checkpoint")->data));
    grow(w, 256);
    world_put(w, "checkpoint", bytes_view(&old));
    world_remove(w, "tile/entries/000.p/200");
    STEP(r, FOLLOW_NEWER);
    assert_int_equal(r->follow.range.size, 200);
    world_remove(w, "tile/entries/000");
    grow(w, 256);
    STEP(r, FOLLOW_NEWER);
    bytes_release(&old);
    reader_free(r);
    world_free(w);
}

static void promises(void **state)
{
    struct document every = {.every_s = 86400}, silent = {.silent_until = 1700400000};
    struct document word = {.next_due = 1700009000};
    struct world *w = world_new(32);
    struct reader *r = reader_new(w);
    struct due due;

    (void)state;
    (void)world_checkin(w);
    (void)promise(w, &every);
    world_publish(w);
    STEP(r, FOLLOW_NEWER);
    due_of(&r->follow.facts, &due);
    assert_true(due.promised);
    assert_int_equal(due.by, 1700000002 + 86400);
    (void)world_say(w, DOC_DISPATCH, ENTRY_NO_REF, &word);
    world_publish(w);
    STEP(r, FOLLOW_NEWER);
    due_of(&r->follow.facts, &due);
    assert_int_equal(due.by, 1700009000);
    (void)promise(w, &silent);
    world_publish(w);
    STEP(r, FOLLOW_NEWER);
    due_of(&r->follow.facts, &due);
    assert_int_equal(due.by, 1700400000);
    assert_true(due.silent);
    assert_int_equal(r->follow.facts.promise_index, 4);
    assert_int_equal(r->follow.words, 2);
    reader_free(r);
    world_free(w);
}

/* A promise without its document, or with another's, is not judged without. */
static void promise_must_be_there(void **state)
{
    struct document every = {.every_s = 86400};
    struct world *w = world_new(32);
    struct reader *r = reader_new(w);
    const char *path;

    (void)state;
    (void)world_checkin(w);
    (void)promise(w, &every);
    world_publish(w);
    path = world_path(w, 2);
    w->unreadable = path;
    STEP(r, FOLLOW_UNREADABLE);
    SAYS(r, "Input/output error");
    w->unreadable = NULL;
    world_find(w, path)->data.ptr[20] ^= 1;
    STEP(r, FOLLOW_WRONG);
    SAYS(r, "entry 2 was changed");
    world_find(w, path)->data.ptr[20] ^= 1;
    STEP(r, FOLLOW_NEWER);
    reader_free(r);
    world_free(w);
}

/* What was withdrawn is no word; but the newest stays as one, of when it was withdrawn. */
static void withdrawals(void **state)
{
    struct document word = {.next_due = 1700009000}, every = {.every_s = 3600};
    struct world *w = world_new(200);
    struct reader *r = reader_new(w), *late;
    struct due due;

    (void)state;
    grow(w, 5);
    (void)promise(w, &every);
    (void)world_say(w, DOC_DISPATCH, ENTRY_NO_REF, &word);
    world_publish(w);
    STEP(r, FOLLOW_NEWER);
    assert_int_equal(r->follow.facts.word_index, 6);
    (void)world_withdraw(w, 6);
    (void)world_withdraw(w, 2);
    world_remove(w, world_path(w, 6));
    world_publish(w);
    STEP(r, FOLLOW_NEWER);
    assert_int_equal(r->follow.facts.word_index, 6);
    assert_int_equal(r->follow.facts.word_at, 1700000007);
    assert_int_equal(r->follow.facts.next_due, 0);
    assert_int_equal(r->follow.words, 4);
    due_of(&r->follow.facts, &due);
    assert_int_equal(due.by, 1700000007 + 3600);
    (void)world_withdraw(w, 6); /* again: the later one counts */
    world_publish(w);
    STEP(r, FOLLOW_NEWER);
    assert_int_equal(r->follow.facts.word_at, 1700000009);
    (void)world_withdraw(w, 1);
    (void)world_withdraw(w, 3);
    (void)world_withdraw(w, 4);
    world_publish(w);
    STEP(r, FOLLOW_NEWER);
    assert_int_equal(r->follow.words, 1);
    /* New, and withdrawn before anybody looked. */
    (void)world_checkin(w);
    (void)world_withdraw(w, w->size - 1);
    world_remove(w, world_path(w, w->size - 2));
    world_publish(w);
    STEP(r, FOLLOW_NEWER);
    assert_int_equal(r->follow.facts.word_index, w->size - 2);
    assert_int_equal(r->follow.facts.word_at, 1700000000 + w->size - 1);
    late = reader_new(w); /* Who reads all at once knows the same. */
    STEP(late, FOLLOW_NEWER);
    assert_memory_equal(&late->follow.facts, &r->follow.facts, sizeof(r->follow.facts));
    grow(w, 100);
    STEP(r, FOLLOW_NEWER);
    assert_int_equal(r->follow.facts.word_index, 99);
    reader_free(late);
    reader_free(r);
    world_free(w);
}

/* ---- documents ---- */

static void missing_documents(void **state)
{
    struct world *w = world_new(32);
    struct reader *r = reader_new(w);
    struct bytes kept;

    (void)state;
    bytes_init(&kept, LIMIT_DOCUMENT_BYTES);
    grow(w, 5);
    bytes_slice(&kept, bytes_view(&world_find(w, world_path(w, 4))->data));
    world_remove(w, world_path(w, 4));
    STEP(r, FOLLOW_UNREADABLE);
    SAYS(r, "entry 4 is not there");
    world_put(w, world_path(w, 4), bytes_view(&kept));
    world_remove(w, world_path(w, 2));
    STEP(r, FOLLOW_NEWER);
    SAYS(r, "entry 2 is not there; it does not count");
    assert_int_equal(r->follow.words, 3);
    assert_int_equal(r->follow.facts.word_index, 4);
    bytes_release(&kept);
    reader_free(r);
    world_free(w);
}

static void changed_documents(void **state)
{
    struct world *w = world_new(32);
    struct reader *r = reader_new(w);

    (void)state;
    grow(w, 5);
    world_find(w, world_path(w, 4))->data.ptr[9] ^= 1;
    STEP(r, FOLLOW_WRONG);
    SAYS(r, "entry 4 was changed");
    world_put(w, world_path(w, 3), slice_text("<html>moved</html>"));
    (void)world_checkin(w);
    world_publish(w);
    STEP(r, FOLLOW_NEWER); /* The newest is well; the others do not count. */
    assert_int_equal(r->follow.words, 3);
    reader_free(r);
    world_free(w);
}

/* What the log commits to and is no word of this channel. */
static void strange_documents(void **state)
{
    static const char *const raw[] = {
        "{}",
        "not even JSON",
        "{\"channel\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaq\",\"kind\":"
        "\"promise\","
        "\"published\":1700000000,\"rule\":{\"every_s\":60},"
        "\"salt\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"v\":"
        "1}",
    };
    struct world *w = world_new(32);
    struct reader *r = reader_new(w);
    struct document every = {.every_s = 86400};
    struct entry entry = {.type = ENTRY_DISPATCH, .ref = ENTRY_NO_REF};
    struct entry last;

    (void)state;
    grow(w, 3);
    STEP(r, FOLLOW_NEWER);
    for (size_t i = 0; i < COUNT_OF(raw); i++) {
        (void)world_document(w, ENTRY_DISPATCH, ENTRY_NO_REF, slice_text(raw[i]));
        (void)world_document(w, ENTRY_PROMISE, ENTRY_NO_REF, slice_text(raw[i]));
        world_publish(w);
        STEP(r, FOLLOW_NEWER);
        SAYS(r, "it does not count");
        assert_int_equal(r->follow.facts.word_index, 2);
        assert_false(r->follow.facts.has_promise);
    }
    /* A promise where a word should be. */
    (void)promise(w, &every);
    assert_int_equal(entry_parse(slice_text(w->line[w->size - 1]), w->size - 1, &last, NULL),
                     SH_OK);
    memcpy(entry.hash, last.hash, sizeof(entry.hash));
    (void)entry_build(&entry, w->line[w->size]);
    w->size++;
    world_publish(w);
    STEP(r, FOLLOW_NEWER);
    SAYS(r, "is of another kind");
    assert_int_equal(r->follow.facts.word_index, 2);
    assert_true(r->follow.facts.has_promise);
    reader_free(r);
    world_free(w);
}

/* Lines that this program does not know are leaves, and no words. */
static void strange_entries(void **state)
{
    struct world *w = world_new(32);
    struct reader *r = reader_new(w);

    (void)state;
    (void)world_checkin(w);
    world_add_line(w, "stillhere-entry/1 letter - "
                      "0000000000000000000000000000000000000000000000000000000000000000\n");
    world_add_line(w, "stillhere-entry/2 dispatch\n");
    world_add_line(w, "nonsense");
    world_add_line(w, "");
    world_publish(w);
    STEP(r, FOLLOW_NEWER);
    assert_int_equal(r->follow.range.size, 6);
    assert_int_equal(r->follow.facts.word_index, 1);
    reader_free(r);
    world_free(w);
}

static void sealed_and_opened(void **state)
{
    struct document doc = {.kind = DOC_DISPATCH, .of = ENTRY_NO_REF, .next_due = 1700070000};
    struct document open = {.kind = DOC_OPEN, .of = ENTRY_NO_REF, .published = 1700050000};
    struct world *w = world_new(128);
    struct reader *r = reader_new(w);
    char path[TREE_PATH_BYTES];
    struct bytes raw;
    uint8_t hash[32];

    (void)state;
    doc.channel = open.channel = slice_text(w->id.text);
    doc.status = slice_text("well");
    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    assert_int_equal(document_build(&doc, &raw, NULL), SH_OK);
    crypto.sha256(bytes_view(&raw), hash);
    (void)world_checkin(w);
    (void)world_add(w, ENTRY_SEALED, ENTRY_NO_REF, hash);
    world_sealed(w);
    world_publish(w);
    STEP(r, FOLLOW_NEWER);
    assert_int_equal(r->follow.facts.word_index, 1);
    assert_int_equal(r->follow.sealed_count, 2);
    tree_document_path(hash, path);
    world_put(w, path, bytes_view(&raw));
    bytes_clear(&raw);
    assert_int_equal(document_build(&open, &raw, NULL), SH_OK);
    (void)world_document(w, ENTRY_OPEN, 2, bytes_view(&raw));
    world_publish(w);
    STEP(r, FOLLOW_NEWER);
    assert_int_equal(r->follow.facts.word_index, 4);
    assert_int_equal(r->follow.facts.word_at, 1700050000);
    assert_int_equal(r->follow.facts.next_due, 1700070000);
    (void)world_withdraw(w, 2);
    world_publish(w);
    STEP(r, FOLLOW_NEWER);
    assert_int_equal(r->follow.facts.word_index, 4);
    assert_int_equal(r->follow.facts.word_at, 1700000005);
    assert_int_equal(r->follow.facts.next_due, 0);
    for (int i = 0; i < 70; i++)
        world_sealed(w);
    world_publish(w);
    STEP(r, FOLLOW_NEWER);
    assert_int_equal(r->follow.sealed_count, LIMIT_FOLLOW_WORDS);
    bytes_release(&raw);
    reader_free(r);
    world_free(w);
}

/* ---- it goes back, it forks ---- */

static void goes_back(void **state)
{
    struct world *w = world_new(32), *other = world_new(32);
    struct reader *r = reader_new(w);
    struct bytes old;

    (void)state;
    bytes_init(&old, LIMIT_NOTE_BYTES);
    grow(w, 4);
    bytes_slice(&old, bytes_view(&world_find(w, "checkpoint")->data));
    grow(w, 6);
    STEP(r, FOLLOW_NEWER);
    world_put(w, "checkpoint", bytes_view(&old));
    STEP(r, FOLLOW_OLDER);
    SAYS(r, "it went back: 4 entries now, 6 before");
    assert_int_equal(r->result.size, 4);
    assert_true(slice_equal(bytes_view(&r->result.note), bytes_view(&old)));
    /* Smaller, and another history: the trail knows. */
    (void)world_checkin(other);
    world_sealed(other);
    (void)world_checkin(other);
    world_publish(other);
    r->world = other;
    STEP(r, FOLLOW_FORKED);
    r->world = w;
    grow(w, 7);
    STEP(r, FOLLOW_NEWER);
    bytes_release(&old);
    reader_free(r);
    world_free(w);
    world_free(other);
}

static void forks(void **state)
{
    struct world *w = world_new(600), *other = world_new(600);
    struct reader *r = reader_new(w);

    (void)state;
    grow(w, 300);
    STEP(r, FOLLOW_NEWER);
    while (other->size < 280)
        (void)world_checkin(other);
    world_sealed(other);
    for (uint64_t size = 299; size < 303; size++) {
        grow(other, size);
        r->world = other;
        STEP(r, FOLLOW_FORKED);
        SAYS(r, "the same key signed another history");
        assert_int_equal(r->result.size, size);
        r->world = w;
        STEP(r, FOLLOW_SAME);
    }
    grow(other, 600);
    r->world = other;
    STEP(r, FOLLOW_FORKED);
    grow(w, 310);
    r->world = w;
    STEP(r, FOLLOW_NEWER);
    /* Signed, but the entries are of the history that was there before: it does not hold. */
    world_put(w, "checkpoint", bytes_view(&world_find(other, "checkpoint")->data));
    while (w->size < 600)
        (void)world_checkin(w);
    world_entry_tiles(w);
    STEP(r, FOLLOW_WRONG);
    SAYS(r, "do not give the root that was signed");
    reader_free(r);
    world_free(w);
    world_free(other);
}

/* Readers of both branches see it when they compare. */
static void trails(void **state)
{
    struct world *w = world_new(1600), *other = world_new(1600);
    struct reader *a = reader_new(w), *b = reader_new(other), *c = reader_new(w);
    uint64_t size = 0;

    (void)state;
    assert_true(follow_agrees(&a->follow.trail, &b->follow.trail, &size));
    grow(w, 1500);
    while (other->size < 1400)
        (void)world_checkin(other);
    world_publish(other);
    STEP(a, FOLLOW_NEWER);
    STEP(b, FOLLOW_NEWER);
    assert_int_equal(a->follow.trail.count, FOLLOW_TRAIL);
    assert_int_equal(a->follow.trail.first, 1500 - FOLLOW_TRAIL + 1);
    assert_true(follow_agrees(&a->follow.trail, &b->follow.trail, &size));
    world_sealed(other);
    grow(other, 1450);
    STEP(b, FOLLOW_NEWER);
    assert_false(follow_agrees(&a->follow.trail, &b->follow.trail, &size));
    assert_int_equal(size, 1401);
    assert_false(follow_agrees(&b->follow.trail, &a->follow.trail, &size));
    assert_int_equal(size, 1401);
    /* Where nothing overlaps, nothing is known. */
    c->follow.trail.first = 1;
    c->follow.trail.count = 4;
    assert_true(follow_agrees(&a->follow.trail, &c->follow.trail, &size));
    reader_free(a);
    reader_free(b);
    reader_free(c);
    world_free(w);
    world_free(other);
}

/* ---- lies ---- */

static void checkpoints_that_do_not_hold(void **state)
{
    static const char *const texts[] = {"", "<!DOCTYPE html><title>404</title>", "hello\n"};
    struct world *w = world_new(32);
    struct reader *r = reader_new(w);
    struct bytes good, bad;

    (void)state;
    bytes_init(&good, LIMIT_NOTE_BYTES);
    bytes_init(&bad, LIMIT_NOTE_BYTES + 2);
    grow(w, 4);
    bytes_slice(&good, bytes_view(&world_find(w, "checkpoint")->data));
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        world_put(w, "checkpoint", slice_text(texts[i]));
        STEP(r, FOLLOW_WRONG);
        SAYS(r, "checkpoint: not one");
        assert_int_equal(r->result.size, 0);
    }
    for (size_t len = 0; len < good.len; len++) {
        world_put(w, "checkpoint", slice_of(good.ptr, len));
        STEP(r, FOLLOW_WRONG);
    }
    for (size_t at = 0; at < good.len; at++) {
        bytes_clear(&bad);
        bytes_slice(&bad, bytes_view(&good));
        bad.ptr[at] ^= 1;
        world_put(w, "checkpoint", bytes_view(&bad));
        STEP(r, FOLLOW_WRONG);
    }
    bytes_clear(&bad);
    while (bad.len <= LIMIT_NOTE_BYTES)
        bytes_u8(&bad, 'a');
    world_put(w, "checkpoint", bytes_view(&bad));
    STEP(r, FOLLOW_WRONG);
    SAYS(r, "longer than any checkpoint");
    world_remove(w, "checkpoint");
    STEP(r, FOLLOW_UNREADABLE);
    world_put(w, "checkpoint", bytes_view(&good));
    w->unreadable = "checkpoint";
    STEP(r, FOLLOW_UNREADABLE);
    w->unreadable = NULL;
    STEP(r, FOLLOW_NEWER);
    w->log_seed = 77; /* somebody else's key */
    grow(w, 5);
    STEP(r, FOLLOW_WRONG);
    SAYS(r, "no log key of this channel signed it");
    bytes_release(&good);
    bytes_release(&bad);
    reader_free(r);
    world_free(w);
}

static void other_channels(void **state)
{
    struct world *w = world_new(32);
    struct reader *r = reader_new(w);
    struct channel_id other;

    (void)state;
    channel_id_of_note(slice_text("another note\n"), &other);
    grow(w, 3);
    r->expected = &other;
    STEP(r, FOLLOW_WRONG);
    SAYS(r, w->id.text);
    r->expected = &w->id;
    STEP(r, FOLLOW_NEWER);
    r->expected = &other;
    STEP(r, FOLLOW_WRONG);
    r->expected = NULL;
    /* The same address, and now another channel. */
    w->note.name = slice_text("Other");
    w->size = 0;
    world_identity(w, true);
    channel_origin(&w->id, w->origin);
    grow(w, 5);
    STEP(r, FOLLOW_WRONG);
    reader_free(r);
    world_free(w);
}

static void identity_files(void **state)
{
    static const char *const paths[] = {"id/current", "id/0.note"};
    struct world *w = world_new(32);
    struct reader *r = reader_new(w);
    struct bytes note, long_one;

    (void)state;
    bytes_init(&note, LIMIT_NOTE_BYTES);
    bytes_init(&long_one, LIMIT_NOTE_BYTES + 1);
    while (long_one.len <= LIMIT_NOTE_BYTES)
        bytes_u8(&long_one, 'a');
    grow(w, 3);
    bytes_slice(&note, bytes_view(&world_find(w, "id/0.note")->data));
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        world_remove(w, paths[i]);
        STEP(r, FOLLOW_UNREADABLE);
        w->unreadable = paths[i];
        STEP(r, FOLLOW_UNREADABLE);
        w->unreadable = NULL;
        world_put(w, paths[i], bytes_view(&long_one));
        STEP(r, FOLLOW_WRONG);
        for (size_t len = 0; len < note.len; len += 7) {
            world_put(w, paths[i], slice_of(note.ptr, len));
            STEP(r, FOLLOW_WRONG);
        }
        world_put(w, paths[i], bytes_view(&note));
    }
    /* A server that answers every path with its page: note 1 is none, and nobody needs it. */
    world_put(w, "id/1.note", slice_text("<!DOCTYPE html>"));
    STEP(r, FOLLOW_NEWER);
    bytes_release(&note);
    bytes_release(&long_one);
    reader_free(r);
    world_free(w);
}

static void hostile_tiles(void **state)
{
    const char *path = "tile/entries/000.p/5";
    struct world *w = world_new(32);
    struct reader *r = reader_new(w);
    struct bytes good, bad;

    (void)state;
    bytes_init(&good, 1u << 20);
    bytes_init(&bad, 1u << 20);
    grow(w, 5);
    bytes_slice(&good, bytes_view(&world_find(w, path)->data));
    for (size_t len = 0; len < good.len; len++) {
        world_put(w, path, slice_of(good.ptr, len));
        STEP(r, FOLLOW_WRONG);
    }
    for (size_t at = 0; at < good.len; at++) {
        bytes_clear(&bad);
        bytes_slice(&bad, bytes_view(&good));
        bad.ptr[at] ^= 0x20;
        world_put(w, path, bytes_view(&bad));
        STEP(r, FOLLOW_WRONG);
    }
    bytes_clear(&bad);
    bytes_slice(&bad, bytes_view(&good));
    bytes_u8(&bad, 0);
    world_put(w, path, bytes_view(&bad));
    STEP(r, FOLLOW_WRONG);
    bytes_clear(&bad); /* entries of no bytes at all */
    for (int i = 0; i < 5; i++)
        bytes_u16(&bad, 0);
    world_put(w, path, bytes_view(&bad));
    STEP(r, FOLLOW_WRONG);
    SAYS(r, "entry 0");
    while (bad.len < 200000)
        bytes_u8(&bad, 0);
    world_put(w, path, bytes_view(&bad));
    STEP(r, FOLLOW_WRONG);
    world_remove(w, path);
    STEP(r, FOLLOW_UNREADABLE);
    SAYS(r, path);
    world_put(w, path, bytes_view(&good));
    STEP(r, FOLLOW_NEWER);
    bytes_release(&good);
    bytes_release(&bad);
    reader_free(r);
    world_free(w);
}

/* A signed checkpoint that claims more than there is. */
static void claimed_sizes(void **state)
{
    static const uint64_t sizes[] = {6, 257, 1u << 20, LIMIT_LOG_SIZE};
    struct world *w = world_new(32);
    struct reader *fresh = reader_new(w), *r = reader_new(w);
    struct bytes note;

    (void)state;
    bytes_init(&note, LIMIT_NOTE_BYTES);
    grow(w, 5);
    STEP(r, FOLLOW_NEWER);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct tlog_checkpoint checkpoint = {slice_text(w->origin), sizes[i], {7}};

        bytes_clear(&note);
        tlog_checkpoint_build(&note, &checkpoint);
        world_sign(&note, w->origin, w->log_seed);
        world_put(w, "checkpoint", bytes_view(&note));
        STEP(r, FOLLOW_UNREADABLE);
        assert_true(r->reads < 8);
        STEP(fresh, FOLLOW_UNREADABLE);
        assert_true(fresh->reads < 8);
    }
    bytes_release(&note);
    reader_free(r);
    reader_free(fresh);
    world_free(w);
}

static void budgets(void **state)
{
    struct world *w = world_new(600);
    struct reader *r = reader_new(w);

    (void)state;
    grow(w, 600);
    for (r->budget = 0; r->budget < 50000; r->budget += 997) {
        STEP(r, FOLLOW_UNREADABLE);
        SAYS(r, "more bytes than may be read at once");
    }
    r->budget = 1u << 20;
    STEP(r, FOLLOW_NEWER);
    reader_free(r);
    world_free(w);
}

static void memory_runs_out(void **state)
{
    struct world *w = world_new(32);
    struct reader *r = reader_new(w);
    const struct follow_source source = {reader_read, r, NULL, 1u << 20};
    struct why why = {0};

    (void)state;
    grow(w, 4);
    for (r->fails = 1; r->fails <= 6; r->fails++) {
        r->reads = 0;
        assert_int_equal(follow_step(&r->follow, &source, &r->result, &why), SH_ENOMEM);
        assert_int_equal(r->follow.range.size, 0);
    }
    r->fails = 0;
    STEP(r, FOLLOW_NEWER);
    reader_free(r);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_up),
        cmocka_unit_test(reads_only_what_is_new),
        cmocka_unit_test(full_tile_for_a_partial),
        cmocka_unit_test(promises),
        cmocka_unit_test(promise_must_be_there),
        cmocka_unit_test(withdrawals),
        cmocka_unit_test(missing_documents),
        cmocka_unit_test(changed_documents),
        cmocka_unit_test(strange_documents),
        cmocka_unit_test(strange_entries),
        cmocka_unit_test(sealed_and_opened),
        cmocka_unit_test(goes_back),
        cmocka_unit_test(forks),
        cmocka_unit_test(trails),
        cmocka_unit_test(checkpoints_that_do_not_hold),
        cmocka_unit_test(other_channels),
        cmocka_unit_test(identity_files),
        cmocka_unit_test(hostile_tiles),
        cmocka_unit_test(claimed_sizes),
        cmocka_unit_test(budgets),
        cmocka_unit_test(memory_runs_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
