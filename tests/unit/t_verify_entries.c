/* verify: opened, corrected, purged and disputed entries, rotations and branches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "verify/verify.h"

#include "verify_world.h"

static void opened(void **state)
{
    struct document doc = {0};
    struct world *w = world_new(16);
    struct bytes raw;
    uint64_t sealed, open;

    (void)state;
    world_sealed(w);
    sealed = world_seal(w, &doc, &raw);
    (void)world_checkin(w);
    world_publish(w);
    world_expect(w, VERIFY_OK, VERIFY_SEALED);
    assert_int_equal(w->report.sealed, 2);
    open = world_open(w, sealed, &raw);
    world_publish(w);
    world_expect(w, VERIFY_OK, VERIFY_OPENED);
    assert_int_equal(w->report.sealed, 1);
    assert_int_equal(w->report.opened, 1);
    assert_int_equal(w->report.documents, 3);
    assert_int_equal(w->report.newest, 1700000000 + open);
    world_find(w, world_path(w, sealed))->data.ptr[40] ^= 1;
    world_expect(w, VERIFY_WANTING, VERIFY_DOCUMENT_CHANGED);
    world_remove(w, world_path(w, sealed));
    world_expect(w, VERIFY_WANTING, VERIFY_DOCUMENT_MISSING);
    bytes_release(&raw);
    world_free(w);
}

static void opened_wrongly(void **state)
{
    struct document doc = {0};
    struct world *w = world_new(16);
    struct bytes raw;
    uint64_t sealed, checkin;

    (void)state;
    checkin = world_checkin(w);
    sealed = world_seal(w, &doc, &raw);
    (void)world_open(w, sealed, NULL); /* its document is not there */
    world_publish(w);
    world_expect(w, VERIFY_WANTING, VERIFY_DOCUMENT_MISSING);
    w->size--;
    (void)world_open(w, sealed, &raw);
    (void)world_open(w, sealed, &raw);
    world_publish(w);
    world_expect(w, VERIFY_WANTING, VERIFY_OPENED_TWICE);
    w->size--;
    (void)world_open(w, checkin, NULL); /* of what was not sealed */
    world_publish(w);
    world_expect(w, VERIFY_WANTING, VERIFY_ENTRY_REFERENCE);
    w->size--;
    (void)world_checkin(w);
    world_publish(w);
    world_expect(w, VERIFY_OK, VERIFY_OPENED);
    bytes_release(&raw);
    world_free(w);
}

/* The document of what is opened must be a dispatch. */
static void opened_of_another_kind(void **state)
{
    struct document doc = {.every_s = 3600, .published = 5};
    struct world *w = world_new(16);
    struct bytes raw;
    uint8_t hash[32];

    (void)state;
    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    doc.kind = DOC_PROMISE;
    doc.of = ENTRY_NO_REF;
    doc.channel = slice_text(w->id.text);
    assert_int_equal(document_build(&doc, &raw, NULL), SH_OK);
    crypto.sha256(bytes_view(&raw), hash);
    (void)world_add(w, ENTRY_SEALED, ENTRY_NO_REF, hash);
    (void)world_open(w, 1, &raw);
    world_publish(w);
    world_expect(w, VERIFY_WANTING, VERIFY_DOCUMENT_KIND);
    bytes_release(&raw);
    world_free(w);
}

static void withdrawn_sealed(void **state)
{
    struct document doc = {0};
    struct world *w = world_new(16);
    struct bytes raw;
    uint64_t sealed, other;

    (void)state;
    sealed = world_seal(w, &doc, &raw);
    bytes_release(&raw);
    other = world_seal(w, &doc, &raw);
    (void)world_withdraw(w, sealed);
    (void)world_open(w, other, &raw);
    world_publish(w);
    world_expect(w, VERIFY_OK, VERIFY_WITHDRAWN);
    assert_int_equal(w->report.withdrawn, 1);
    (void)world_withdraw(w, other);
    world_publish(w);
    world_expect(w, VERIFY_OK, VERIFY_WITHDRAWN_PRESENT);
    world_remove(w, world_path(w, other));
    world_expect(w, VERIFY_OK, VERIFY_WITHDRAWN);
    assert_int_equal(w->report.withdrawn, 2);
    assert_int_equal(w->report.total[VERIFY_WITHDRAWN_PRESENT], 0);
    bytes_release(&raw);
    world_free(w);
}

static void corrected(void **state)
{
    struct document doc = {0}, again = {0};
    struct world *w = world_new(16);
    uint64_t index, by;

    (void)state;
    index = world_checkin(w);
    by = world_say(w, DOC_CORRECT, index, &doc);
    world_publish(w);
    world_expect(w, VERIFY_OK, VERIFY_CORRECTED);
    assert_int_equal(w->report.corrected, 1);
    world_remove(w, world_path(w, by));
    world_expect(w, VERIFY_WANTING, VERIFY_DOCUMENT_MISSING);
    /* Who withdraws the dispatch withdraws what corrects it. */
    (void)world_withdraw(w, index);
    world_remove(w, world_path(w, index));
    world_publish(w);
    world_expect(w, VERIFY_OK, VERIFY_WITHDRAWN);
    assert_int_equal(w->report.withdrawn, 1);
    (void)world_say(w, DOC_CORRECT, w->size - 1, &again); /* of a withdrawal */
    world_publish(w);
    world_expect(w, VERIFY_WANTING, VERIFY_ENTRY_REFERENCE);
    world_free(w);
}

/* An order to purge index, signed by the key of this number. */
static void make_order(struct world *w, uint64_t index, uint8_t number, struct bytes *out)
{
    char name[CHANNEL_ORIGIN_BYTES];

    bytes_init(out, LIMIT_NOTE_BYTES);
    bytes_printf(out, "stillhere-purge/1\nchannel %s\nindex %llu\n", w->id.text,
                 (unsigned long long)index);
    channel_identity_name(&w->id, name);
    world_sign(out, name, number);
}

static void check_purge(uint64_t index, uint8_t number, enum verify_id found)
{
    struct document doc = {.level = DOC_PURGE};
    struct world *w = world_new(16);
    struct bytes order = {0};

    (void)world_checkin(w);
    if (number) {
        make_order(w, index, number, &order);
        doc.order = bytes_view(&order);
    }
    world_remove(w, world_path(w, 1));
    (void)world_say(w, DOC_WITHDRAW, 1, &doc);
    world_publish(w);
    world_expect(w, VERIFY_OK, found);
    assert_int_equal(w->report.withdrawn, 1);
    assert_int_equal(w->report.purged, found == VERIFY_PURGED);
    assert_int_equal(w->report.total[VERIFY_PURGE_ORDER], found == VERIFY_PURGE_ORDER);
    bytes_release(&order);
    world_free(w);
}

static void purged(void **state)
{
    (void)state;
    check_purge(1, 1, VERIFY_PURGED);
    check_purge(1, 0, VERIFY_PURGE_ORDER);  /* no order */
    check_purge(2, 1, VERIFY_PURGE_ORDER);  /* of another entry */
    check_purge(1, 10, VERIFY_PURGE_ORDER); /* by the log key */
}

/* The keys that were valid then decide, not those of today. */
static void purged_before_new_keys(void **state)
{
    struct document doc = {.level = DOC_PURGE}, late = {.level = DOC_PURGE};
    struct world *w = world_new(16);
    struct bytes order, again;

    (void)state;
    (void)world_checkin(w);
    (void)world_checkin(w);
    make_order(w, 1, 1, &order);
    doc.order = bytes_view(&order);
    (void)world_say(w, DOC_WITHDRAW, 1, &doc);
    w->note.number = 1;
    w->keys[2] = world_key(KEY_IDENTITY, 3);
    w->note.key_count = 3;
    w->note.threshold = 2;
    world_identity(w, true);
    { /* The second signature that this note needs. */
        struct world_file *file = world_find(w, "id/1.note");
        char name[CHANNEL_ORIGIN_BYTES];

        channel_identity_name(&w->id, name);
        world_sign(&file->data, name, 3);
        world_put(w, "id/current", bytes_view(&file->data));
    }
    make_order(w, 2, 1, &again);
    late.order = bytes_view(&again);
    (void)world_say(w, DOC_WITHDRAW, 2, &late);
    world_publish(w);
    world_expect(w, VERIFY_OK, VERIFY_PURGED);
    assert_int_equal(w->report.identity_notes, 2);
    assert_int_equal(w->report.purged, 1);
    assert_int_equal(w->report.total[VERIFY_PURGE_ORDER], 1);
    bytes_release(&order);
    bytes_release(&again);
    world_free(w);
}

/* The log key is stolen from entry `revoked` on; the next note names a successor. */
static void steal(struct world *w, uint64_t revoked)
{
    uint8_t root[32];

    world_tiles(w, root);
    w->note.number = 1;
    w->keys[1].until = w->size;
    w->keys[1].revoked = revoked;
    w->keys[2] = world_key(KEY_LOG, 11);
    w->keys[2].from = w->size;
    w->note.key_count = 3;
    w->note.has_successor = true;
    w->note.successor_size = w->size;
    memcpy(w->note.successor_root, root, 32);
    world_identity(w, true);
    w->log_seed = 11;
    (void)snprintf(w->origin, sizeof(w->origin), "stillhere/1/%s/1", w->id.text);
    world_publish(w);
}

static void disputed_openings(void **state)
{
    struct document doc = {0};
    struct world *w = world_new(16);
    struct bytes raw;
    uint64_t sealed, thief;

    (void)state;
    sealed = world_seal(w, &doc, &raw);
    (void)world_checkin(w);
    (void)world_open(w, sealed, NULL); /* entry 3, the thief's: nothing of it was published */
    thief = world_checkin(w);
    world_remove(w, world_path(w, thief));
    steal(w, 3);
    world_expect(w, VERIFY_OK, VERIFY_DISPUTED_MISSING);
    assert_int_equal(w->report.total[VERIFY_DISPUTED_MISSING], 2);
    (void)world_open(w, sealed, &raw); /* ours is not the second one */
    world_publish(w);
    world_expect(w, VERIFY_OK, VERIFY_OPENED);
    assert_int_equal(w->report.opened, 1);
    world_remove(w, world_path(w, sealed));
    world_expect(w, VERIFY_WANTING, VERIFY_DOCUMENT_MISSING);
    bytes_release(&raw);
    world_free(w);
}

/* What a purge of a thief asks for, and his withdrawals, count for nothing. */
static void disputed_purge(void **state)
{
    struct document doc = {.level = DOC_PURGE};
    struct world *w = world_new(16);

    (void)state;
    (void)world_checkin(w);
    (void)world_say(w, DOC_WITHDRAW, 1, &doc);
    steal(w, 2);
    world_expect(w, VERIFY_OK, VERIFY_DISPUTED);
    assert_int_equal(w->report.withdrawn, 0);
    assert_int_equal(w->report.total[VERIFY_PURGE_ORDER], 0);
    world_free(w);
}

static void superseded(void **state)
{
    struct world *w = world_new(16);
    struct bytes before, thief;

    (void)state;
    bytes_init(&before, LIMIT_NOTE_BYTES);
    bytes_init(&thief, LIMIT_NOTE_BYTES);
    (void)world_checkin(w);
    world_publish(w);
    bytes_slice(&before, bytes_view(&world_find(w, "checkpoint")->data));
    steal(w, 2);
    assert_int_equal(world_verify(w), VERIFY_OK);
    assert_int_equal(w->report.branch, 1);
    world_expect(w, VERIFY_OK, VERIFY_CONTINUED);
    /* A copy that has the note and still the old checkpoint: behind, not wrong. */
    world_put(w, "checkpoint", bytes_view(&before));
    world_remove(w, "tile/entries/000.p/3");
    world_remove(w, "tile/0/000.p/3");
    world_expect(w, VERIFY_OK, VERIFY_IDENTITY_PENDING);
    assert_int_equal(w->report.branch, 0);
    /* The thief goes on in the old log: evidence, for who has the note. */
    w->size = 2;
    (void)world_checkin(w);
    w->log_seed = 10;
    channel_origin(&w->id, w->origin);
    world_publish(w);
    world_expect(w, VERIFY_WANTING, VERIFY_SUPERSEDED);
    assert_int_equal(w->report.total[VERIFY_CHECKPOINT], 1);
    w->log_seed = 12; /* A key that the channel never had. */
    world_publish(w);
    world_expect(w, VERIFY_WANTING, VERIFY_UNSIGNED);
    bytes_release(&before);
    bytes_release(&thief);
    world_free(w);
}

/* Both keys sign until the next note; one alone is worth a word, a bad one is wanting. */
static void both_keys_sign(void **state)
{
    struct world *w = world_new(16);
    struct world_file *file;

    (void)state;
    (void)world_checkin(w);
    w->note.number = 1;
    w->keys[1].until = 2;
    w->keys[2] = world_key(KEY_LOG, 11);
    w->keys[2].from = 2;
    w->note.key_count = 3;
    world_identity(w, true);
    w->log_seed = 11;
    world_publish(w);
    world_expect(w, VERIFY_OK, VERIFY_ROTATION_SIGNATURE);
    file = world_find(w, "checkpoint");
    world_sign(&file->data, w->origin, 10);
    world_expect(w, VERIFY_OK, VERIFY_CHECKPOINT);
    assert_int_equal(w->report.total[VERIFY_ROTATION_SIGNATURE], 0);
    assert_int_equal(w->report.total[VERIFY_SIGNATURE_OTHER], 0);
    /* The old key's line with a signature of something else. */
    file->data.ptr[file->data.len - 10] =
        file->data.ptr[file->data.len - 10] == 'A' ? 'B' : 'A';
    world_expect(w, VERIFY_WANTING, VERIFY_SIGNATURE);
    world_free(w);
}

static void other_signatures(void **state)
{
    static const size_t lengths[] = {64, 72, 2428, 5};
    static const char *const kinds[] = {"0x01", "0x04", "0x06", "another kind"};
    struct tlog_key key = {.name = "example.org/watcher", .id = 0x01020304};
    static const uint8_t data[4096];
    struct world *w = world_new(8);
    size_t found = 0;

    (void)state;
    (void)world_checkin(w);
    world_publish(w);
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        key.id++;
        tlog_signature_line(&world_find(w, "checkpoint")->data, &key,
                            slice_of(data, lengths[i]));
    }
    world_expect(w, VERIFY_OK, VERIFY_SIGNATURE_OTHER);
    for (size_t i = 0; i < w->report.count; i++)
        if (w->report.finding[i].id == VERIFY_SIGNATURE_OTHER) {
            assert_non_null(strstr(w->report.finding[i].text, "example.org/watcher"));
            assert_non_null(strstr(w->report.finding[i].text, kinds[found]));
            found++;
        }
    assert_int_equal(found, COUNT_OF(lengths));
    world_free(w);
}

/* ---- what is told of each entry and file ---- */

struct told {
    struct world *w;
    char text[4096];
};

static int told_read(void *ctx, const char *path, struct bytes *out, struct why *why)
{
    return world_read(((struct told *)ctx)->w, path, out, why);
}

static int told_hash(void *ctx, const char *path, uint8_t sha256[32], uint64_t *bytes,
                     struct why *why)
{
    struct world_file *file = world_find(((struct told *)ctx)->w, path);

    assert_null(sha256); /* sizes_only */
    if (!file)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "%s", path);
    *bytes = file->data.len;
    return SH_OK;
}

static void told_event(void *ctx, const struct verify_event *event)
{
    struct told *told = ctx;
    size_t len = strlen(told->text);
    char what[64];

    if (event->kind == VERIFY_ENTRY_IS)
        (void)snprintf(what, sizeof(what), "s%d", (int)event->state);
    else
        (void)snprintf(what, sizeof(what), "%c%.20s",
                       event->kind == VERIFY_FILE_MISSING ? '-' : '!', event->path);
    (void)snprintf(told->text + len, sizeof(told->text) - len, "%s%s%d", len ? " " : "", what,
                   event->index == ENTRY_NO_REF ? -1 : (int)event->index);
}

static void events(void **state)
{
    struct doc_blob blob = {
        .role = slice_text("video"), .bytes = 5, .mime = slice_text("video/mp4")};
    struct document doc = {.blobs = &blob, .blob_count = 1};
    struct told told = {.w = world_new(16)};
    struct verify_source source = {.ctx = &told,
                                   .read = told_read,
                                   .hash = told_hash,
                                   .sizes_only = true,
                                   .event = told_event};
    struct world *w = told.w;
    char path[TREE_PATH_BYTES];

    (void)state;
    (void)world_checkin(w);
    world_sealed(w);
    (void)world_checkin(w);
    (void)world_withdraw(w, 3);
    world_remove(w, world_path(w, 3));
    (void)world_say(w, DOC_DISPATCH, ENTRY_NO_REF, &doc); /* 5: its clip is not there */
    world_publish(w);
    world_find(w, "tile/0/000.p/6")->data.ptr[3] ^= 1;
    world_find(w, world_path(w, 1))->data.ptr[3] ^= 1;
    assert_int_equal(verify_channel(&source, NULL, &w->report, NULL), SH_OK);
    (void)snprintf(path, sizeof(path), "!%.20s1", world_path(w, 1));
    assert_non_null(strstr(told.text, path));
    assert_non_null(strstr(told.text, "!tile/0/000.p/6-1"));
    assert_non_null(strstr(told.text, "s1"
                                      "2"));
    assert_non_null(strstr(told.text, "s2"
                                      "3"));
    assert_non_null(strstr(told.text, "-b/00/00000000000000"));
    /* In a home: what was withdrawn is kept, what waits is whole. */
    source.home = true;
    told.text[0] = '\0';
    assert_int_equal(verify_channel(&source, NULL, &w->report, NULL), SH_OK);
    assert_non_null(strstr(told.text, "-private/quarantine/d3"));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(opened),
                                       cmocka_unit_test(opened_wrongly),
                                       cmocka_unit_test(opened_of_another_kind),
                                       cmocka_unit_test(withdrawn_sealed),
                                       cmocka_unit_test(corrected),
                                       cmocka_unit_test(purged),
                                       cmocka_unit_test(purged_before_new_keys),
                                       cmocka_unit_test(disputed_openings),
                                       cmocka_unit_test(disputed_purge),
                                       cmocka_unit_test(superseded),
                                       cmocka_unit_test(both_keys_sign),
                                       cmocka_unit_test(other_signatures),
                                       cmocka_unit_test(events)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
