/* verify: a whole tree holds; every harm to it is found and named. */
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

static void whole_trees(void **state)
{
    static const uint64_t sizes[] = {1, 2, 3, 255, 256, 257, 511, 513, 700};
    static const enum verify_id said[] = {
        VERIFY_CHANNEL, VERIFY_CHECKPOINT,      VERIFY_LOG,
        VERIFY_TILES,   VERIFY_NO_OUTSIDE_DATE, VERIFY_PROVES_NOT};
    struct world *w;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        w = world_new(sizes[i]);
        while (w->size < sizes[i])
            (void)world_checkin(w);
        world_publish(w);
        for (size_t k = 0; k < COUNT_OF(said); k++)
            world_expect(w, VERIFY_OK, said[k]);
        assert_int_equal(w->report.size, sizes[i]);
        assert_int_equal(w->report.dispatches, sizes[i] - 1);
        assert_int_equal(w->report.documents, sizes[i] - 1);
        assert_string_equal(w->report.name, "Test");
        assert_string_equal(w->report.channel.text, w->id.text);
        assert_int_equal(w->report.newest, sizes[i] > 1 ? 1700000000 + sizes[i] - 1 : 0);
        world_free(w);
    }
}

/* Enough sealed entries for a third level of tiles. */
static void three_levels(void **state)
{
    const uint64_t size = 256 * 256 + 300;
    struct world *w = world_new(size);

    (void)state;
    while (w->size < size)
        world_sealed(w);
    world_publish(w);
    world_expect(w, VERIFY_OK, VERIFY_TILES);
    world_expect(w, VERIFY_OK, VERIFY_SEALED);
    assert_int_equal(w->report.sealed, size - 1);
    assert_non_null(world_find(w, "tile/2/000.p/1"));
    world_find(w, "tile/2/000.p/1")->data.ptr[0] ^= 1;
    world_expect(w, VERIFY_WANTING, VERIFY_TILE_CHANGED);
    world_find(w, "tile/2/000.p/1")->data.ptr[0] ^= 1;
    world_remove(w, "tile/1/000");
    world_expect(w, VERIFY_WANTING, VERIFY_TILE_MISSING);
    world_free(w);
}

/* A small tree with something of everything. */
static struct world *mixed_world(void)
{
    struct doc_blob blob = {
        .role = slice_text("video"), .bytes = 5, .mime = slice_text("video/mp4")};
    struct document doc = {.blobs = &blob, .blob_count = 1};
    struct world *w = world_new(16);
    char path[TREE_PATH_BYTES];

    (void)world_checkin(w);
    crypto.sha256(slice_text("video"), blob.sha256);
    assert_int_equal(tree_blob_path(blob.sha256, blob.mime, path, NULL), SH_OK);
    world_put(w, path, slice_text("video"));
    (void)world_say(w, DOC_DISPATCH, ENTRY_NO_REF, &doc); /* 2 */
    world_sealed(w);
    (void)world_checkin(w); /* 4 */
    (void)world_withdraw(w, 4);
    world_remove(w, world_path(w, 4));
    world_publish(w);
    return w;
}

static void withdrawn_is_not_missing(void **state)
{
    struct world *w = mixed_world();

    (void)state;
    world_expect(w, VERIFY_OK, VERIFY_WITHDRAWN);
    assert_int_equal(w->report.withdrawn, 1);
    assert_int_equal(w->report.documents, 3);
    assert_int_equal(w->report.blobs, 1);
    assert_int_equal(w->report.blob_bytes, 5);
    world_remove(w, world_path(w, 1));
    world_expect(w, VERIFY_WANTING, VERIFY_DOCUMENT_MISSING);
    world_free(w);
}

static void withdrawn_but_present(void **state)
{
    struct world *w = world_new(8);

    (void)state;
    (void)world_checkin(w);
    (void)world_withdraw(w, 1);
    (void)world_withdraw(w, 1);
    world_publish(w);
    world_expect(w, VERIFY_OK, VERIFY_WITHDRAWN_PRESENT);
    assert_int_equal(w->report.total[VERIFY_WITHDRAWN], 1);
    assert_int_equal(w->report.withdrawn, 1);
    world_free(w);
}

/* Whatever byte of whatever file is changed, the tree no longer holds. */
static void every_byte_counts(void **state)
{
    struct world *w = mixed_world();
    uint8_t *ptr;

    (void)state;
    assert_int_equal(world_verify(w), VERIFY_OK);
    for (size_t i = 0; i < w->files; i++) {
        ptr = w->file[i].data.ptr;
        for (size_t k = 0; k < w->file[i].data.len; k++) {
            ptr[k] ^= (uint8_t)(1u << k % 8);
            if (world_verify(w) == VERIFY_OK)
                fail_msg("%s: byte %zu changed, and it holds", w->file[i].path, k);
            ptr[k] ^= (uint8_t)(1u << k % 8);
        }
        w->file[i].data.len--;
        assert_int_not_equal(world_verify(w), VERIFY_OK);
        w->file[i].data.len++;
        bytes_u8(&w->file[i].data, 'x');
        assert_int_not_equal(world_verify(w), VERIFY_OK);
        w->file[i].data.len--;
    }
    assert_int_equal(world_verify(w), VERIFY_OK);
    world_free(w);
}

static void every_file_counts(void **state)
{
    struct world *w = mixed_world();
    enum verify_severity verdict;
    char path[96];

    (void)state;
    for (size_t i = 0; i < w->files; i++) {
        (void)snprintf(path, sizeof(path), "%s", w->file[i].path);
        w->file[i].path[0] = '\0';
        verdict = world_verify(w);
        if (strcmp(path, "id/0.note") == 0 || strcmp(path, "checkpoint") == 0)
            assert_int_equal(verdict, VERIFY_UNKNOWN);
        else
            assert_int_equal(verdict, VERIFY_WANTING);
        w->unreadable = path;
        assert_int_not_equal(world_verify(w), VERIFY_OK);
        w->unreadable = NULL;
        (void)snprintf(w->file[i].path, sizeof(path), "%s", path);
    }
    w->unreadable = "checkpoint";
    world_expect(w, VERIFY_UNKNOWN, VERIFY_UNREADABLE);
    world_free(w);
}

static void another_channel(void **state)
{
    struct world *w = mixed_world();
    struct verify_source source = {.ctx = w, .read = world_read, .hash = world_hash};
    struct channel_id other;

    (void)state;
    assert_int_equal(verify_channel(&source, &w->id, &w->report, NULL), SH_OK);
    assert_int_equal(verify_verdict(&w->report), VERIFY_OK);
    channel_id_of_note(slice_text("x"), &other);
    assert_int_equal(verify_channel(&source, &other, &w->report, NULL), SH_OK);
    assert_int_equal(verify_verdict(&w->report), VERIFY_WANTING);
    assert_int_equal(w->report.total[VERIFY_OTHER_CHANNEL], 1);
    assert_string_equal(w->report.finding[0].text, w->id.text);
    world_free(w);
}

static void clocks_are_not_failures(void **state)
{
    struct document doc = {.published = 1600000000};
    struct world *w = world_new(8);

    (void)state;
    (void)world_checkin(w);
    (void)world_say(w, DOC_DISPATCH, ENTRY_NO_REF, &doc);
    world_publish(w);
    world_expect(w, VERIFY_OK, VERIFY_CLOCK_DISAGREES);
    assert_int_equal(w->report.newest, 1700000001);
    world_free(w);
}

#define H64 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
/* One entry of type whose document is text (@ channel, # a hash); what is found. */
static void check_document(enum entry_type type, const char *text, enum verify_severity verdict,
                           enum verify_id id)
{
    struct world *w = world_new(8);
    struct bytes raw;

    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    for (; *text; text++) {
        if (*text == '@')
            bytes_text(&raw, w->id.text);
        else if (*text == '#')
            bytes_text(&raw, H64);
        else
            bytes_u8(&raw, (uint8_t)*text);
    }
    (void)world_checkin(w);
    (void)world_document(w, type, type == ENTRY_CORRECT ? 1 : ENTRY_NO_REF, bytes_view(&raw));
    world_publish(w);
    world_expect(w, verdict, id);
    bytes_release(&raw);
    world_free(w);
}

static void documents_that_do_not_fit(void **state)
{
    (void)state;
    check_document(ENTRY_PROMISE,
                   "{\"channel\":\"@\",\"kind\":\"promise\",\"published\":5,\"rule\":"
                   "{\"every_s\":9},\"salt\":\"#\",\"v\":1}",
                   VERIFY_OK, VERIFY_DOCUMENTS);
    check_document(ENTRY_DISPATCH,
                   "{\"channel\":\"@\",\"kind\":\"promise\",\"published\":5,\"rule\":"
                   "{\"every_s\":9},\"salt\":\"#\",\"v\":1}",
                   VERIFY_WANTING, VERIFY_DOCUMENT_KIND);
    check_document(ENTRY_MIRRORS,
                   "{\"channel\":\"@\",\"kind\":\"mirrors\",\"published\":5,\"salt\":\"#\","
                   "\"v\":1}",
                   VERIFY_OK, VERIFY_DOCUMENT_UNKNOWN);
    check_document(ENTRY_DISPATCH, "{\"channel\":\"@\",\"salt\":\"#\",\"v\":2}", VERIFY_OK,
                   VERIFY_DOCUMENT_UNKNOWN);
    check_document(ENTRY_DISPATCH,
                   "{\"channel\":\"@\",\"dispatch\":\"#\",\"kind\":\"dispatch\",\"salt\":"
                   "\"#\",\"status\":\"well\",\"v\":1}",
                   VERIFY_WANTING, VERIFY_DOCUMENT_BROKEN);
    check_document(ENTRY_DISPATCH, "{\"channel\":\"@\", \"salt\":\"#\"}", VERIFY_WANTING,
                   VERIFY_DOCUMENT_BROKEN);
    check_document(ENTRY_DISPATCH,
                   "{\"channel\":\"@\",\"dispatch\":\"#\",\"kind\":\"dispatch\","
                   "\"later\":1,\"published\":1700000009,\"salt\":\"#\",\"status\":\"well\","
                   "\"v\":1}",
                   VERIFY_OK, VERIFY_KEY_UNKNOWN);
    check_document(ENTRY_PROMISE,
                   "{\"channel\":\"aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq\","
                   "\"kind\":\"promise\",\"published\":5,\"rule\":{\"every_s\":9},"
                   "\"salt\":\"#\",\"v\":1}",
                   VERIFY_WANTING, VERIFY_DOCUMENT_CHANNEL);
    check_document(ENTRY_CORRECT,
                   "{\"channel\":\"@\",\"dispatch\":\"#\",\"kind\":\"correct\","
                   "\"published\":1700000009,\"salt\":\"#\",\"status\":\"hurt\",\"v\":1}",
                   VERIFY_OK, VERIFY_DOCUMENTS);
    check_document(ENTRY_DISPATCH,
                   "{\"blobs\":[{\"bytes\":1,\"mime\":\"video/later\",\"role\":\"video\","
                   "\"sha256\":\"#\"}],\"channel\":\"@\",\"dispatch\":\"#\","
                   "\"kind\":\"dispatch\",\"published\":1700000009,\"salt\":\"#\","
                   "\"status\":\"well\",\"v\":1}",
                   VERIFY_UNKNOWN, VERIFY_BLOB_TYPE);
}

/* One more line in the log, as it stands. */
static void check_line(const char *line, enum verify_severity verdict, enum verify_id id)
{
    struct world *w = world_new(8);

    (void)world_checkin(w);
    world_add_line(w, line);
    world_publish(w);
    world_expect(w, verdict, id);
    world_free(w);
}

static void lines_that_do_not_fit(void **state)
{
    (void)state;
    check_line("stillhere-entry/1 later 1 " H64 "\n", VERIFY_OK, VERIFY_ENTRY_UNKNOWN);
    check_line("stillhere-entry/2 whatever\n", VERIFY_OK, VERIFY_ENTRY_UNKNOWN);
    check_line("stillhere-entry/1 later 2 " H64 "\n", VERIFY_WANTING, VERIFY_ENTRY_BROKEN);
    check_line("hello\n", VERIFY_WANTING, VERIFY_ENTRY_BROKEN);
    check_line("stillhere-entry/1 withdraw 0 " H64 "\n", VERIFY_WANTING,
               VERIFY_ENTRY_REFERENCE);
    check_line("stillhere-entry/1 open 1 " H64 "\n", VERIFY_WANTING, VERIFY_ENTRY_REFERENCE);
    check_line("stillhere-entry/1 identity - " H64 "\n", VERIFY_WANTING, VERIFY_IDENTITY_ENTRY);
    check_line("stillhere-entry/1 withdraw 1 " H64 "\n", VERIFY_WANTING,
               VERIFY_DOCUMENT_MISSING);
}

static void first_entry_is_the_identity(void **state)
{
    struct world *w = world_new(8);

    (void)state;
    (void)world_checkin(w);
    memcpy(w->line[0], w->line[1], sizeof(w->line[0]));
    world_publish(w);
    world_expect(w, VERIFY_WANTING, VERIFY_IDENTITY_ENTRY);
    world_free(w);
}

/* Entries and tiles agree with each other, but not with what was signed. */
static void rewritten_history(void **state)
{
    struct world *w = world_new(300);
    uint8_t root[32];

    (void)state;
    while (w->size < 280)
        (void)world_checkin(w);
    world_publish(w);
    memcpy(w->line[7], w->line[8], sizeof(w->line[7]));
    world_tiles(w, root);
    world_expect(w, VERIFY_WANTING, VERIFY_ROOT_CHANGED);
    assert_int_equal(w->report.total[VERIFY_LOG], 0);
    assert_int_equal(w->report.total[VERIFY_TILE_CHANGED], 0);
    world_free(w);
}

/* A checkpoint of an earlier size finds its tiles although only the full ones are left. */
static void partial_tiles_may_go(void **state)
{
    struct world *w = world_new(300);
    struct bytes checkpoint;

    (void)state;
    while (w->size < 200)
        (void)world_checkin(w);
    world_publish(w);
    bytes_init(&checkpoint, LIMIT_NOTE_BYTES);
    bytes_slice(&checkpoint, bytes_view(&world_find(w, "checkpoint")->data));
    world_remove(w, "tile/entries/000.p/200");
    world_remove(w, "tile/0/000.p/200");
    world_expect(w, VERIFY_WANTING, VERIFY_ENTRIES_MISSING);
    while (w->size < 260)
        (void)world_checkin(w);
    world_publish(w);
    world_put(w, "checkpoint", bytes_view(&checkpoint));
    world_expect(w, VERIFY_OK, VERIFY_TILES);
    assert_int_equal(w->report.size, 200);
    assert_int_equal(w->report.documents, 199);
    bytes_release(&checkpoint);
    world_free(w);
}

static void checkpoints_that_do_not_fit(void **state)
{
    struct world *w = world_new(8);
    struct bytes note;

    (void)state;
    (void)world_checkin(w);
    w->log_seed = 11;
    world_publish(w);
    world_expect(w, VERIFY_WANTING, VERIFY_UNSIGNED);
    w->log_seed = 10;
    (void)snprintf(w->origin, sizeof(w->origin), "stillhere/1/other");
    world_publish(w);
    world_expect(w, VERIFY_WANTING, VERIFY_CHECKPOINT_ORIGIN);
    channel_origin(&w->id, w->origin);
    world_publish(w);
    assert_int_equal(world_verify(w), VERIFY_OK);
    /* The right key's line with the signature of something else. */
    w->size--;
    bytes_init(&note, LIMIT_NOTE_BYTES);
    bytes_slice(&note, bytes_view(&world_find(w, "checkpoint")->data));
    world_publish(w);
    world_find(w, "checkpoint")->data.ptr[strlen(w->origin) + 1] = '2';
    world_expect(w, VERIFY_WANTING, VERIFY_SIGNATURE);
    bytes_release(&note);
    world_put(w, "checkpoint", slice_text("hello\n"));
    world_expect(w, VERIFY_WANTING, VERIFY_CHECKPOINT_BROKEN);
    world_free(w);
}

static void rotation(void **state)
{
    struct world *w = world_new(16);

    (void)state;
    (void)world_checkin(w);
    world_publish(w);
    /* The note lies there before its entry: announced, not wrong. */
    w->note.number = 1;
    w->keys[1].until = 2;
    w->keys[2] = world_key(KEY_LOG, 11);
    w->keys[2].from = 2;
    w->note.key_count = 3;
    world_identity(w, false);
    world_expect(w, VERIFY_OK, VERIFY_IDENTITY_PENDING);
    world_identity(w, true);
    world_publish(w); /* still by the old key, which is closed */
    world_expect(w, VERIFY_WANTING, VERIFY_UNSIGNED);
    w->log_seed = 11;
    world_publish(w);
    world_expect(w, VERIFY_OK, VERIFY_CHECKPOINT);
    assert_int_equal(w->report.identity_notes, 2);
    world_put(w, "id/current", bytes_view(&world_find(w, "id/0.note")->data));
    world_expect(w, VERIFY_WANTING, VERIFY_IDENTITY_CURRENT);
    world_find(w, "id/1.note")->data.ptr[30] ^= 1;
    world_expect(w, VERIFY_WANTING, VERIFY_IDENTITY_BROKEN);
    world_free(w);
}

/* The log key is stolen after entry 3: the thief withdraws entry 1 in entry 4. */
static void theft(void **state)
{
    struct world *w = world_new(16);
    uint8_t root[32];

    (void)state;
    while (w->size < 4)
        (void)world_checkin(w);
    (void)world_withdraw(w, 1);
    world_tiles(w, root);
    w->note.number = 1;
    w->keys[1].until = 5;
    w->keys[1].revoked = 4;
    w->keys[2] = world_key(KEY_LOG, 11);
    w->keys[2].from = 5;
    w->note.key_count = 3;
    w->note.has_successor = true;
    w->note.successor_size = 5;
    memcpy(w->note.successor_root, root, 32);
    world_identity(w, true);
    w->log_seed = 11;
    world_publish(w);
    world_expect(w, VERIFY_WANTING, VERIFY_SUPERSEDED);
    (void)snprintf(w->origin, sizeof(w->origin), "stillhere/1/%s/1", w->id.text);
    world_publish(w);
    world_expect(w, VERIFY_OK, VERIFY_DISPUTED);
    assert_int_equal(w->report.total[VERIFY_WITHDRAWN], 0);
    assert_int_equal(w->report.documents, 4);
    world_remove(w, world_path(w, 1)); /* The thief's withdrawal excuses nothing. */
    world_expect(w, VERIFY_WANTING, VERIFY_DOCUMENT_MISSING);
    world_free(w);
}

static void successor_must_hold(void **state)
{
    struct world *w = world_new(16);

    (void)state;
    while (w->size < 4)
        (void)world_checkin(w);
    w->note.number = 1;
    w->note.has_successor = true;
    w->note.successor_size = 3;
    world_identity(w, true);
    (void)snprintf(w->origin, sizeof(w->origin), "stillhere/1/%s/1", w->id.text);
    world_publish(w);
    world_expect(w, VERIFY_WANTING, VERIFY_SUCCESSOR);
    world_free(w);
}

/* The certificate of an authority with this secret. */
static void authority(uint8_t fill, struct bytes *pem)
{
    struct secret scalar;
    const struct crypt_ca ca = {
        .scalar = &scalar, .short_id = "abcd-efgh-ijkl-mnop", .year = 2026};

    memset(scalar.byte, fill, sizeof(scalar.byte));
    assert_int_equal(crypt_ca_build(&ca, pem, NULL), SH_OK);
}

/* The authority's certificate must be of the listed key, as its own and not only within. */
static void certificates(void **state)
{
    struct world *w = world_new(8);
    struct identity_key *key = &w->keys[2];
    struct secret scalar;
    char path[96];
    struct bytes pem;

    (void)state;
    bytes_init(&pem, 4096);
    *key = world_key(KEY_C2PA_CA, 9);
    key->alg = ALG_ES256;
    memset(scalar.byte, 9, sizeof(scalar.byte));
    assert_true(crypt_es256_public(&scalar, key->bytes));
    key->bytes_len = CRYPT_SPKI_BYTES;
    identity_key_id(slice_text("es256"), slice_of(key->bytes, key->bytes_len), key->id);
    w->note.number = 1;
    w->note.key_count = 3;
    world_identity(w, true);
    world_publish(w);
    world_expect(w, VERIFY_WANTING, VERIFY_CERTIFICATE_MISSING);
    (void)snprintf(path, sizeof(path), "id/c2pa-ca-%s.pem", key->id);
    authority(9, &pem);
    world_put(w, path, bytes_view(&pem));
    world_expect(w, VERIFY_OK, VERIFY_LOG);
    pem.len -= 4;
    world_put(w, path, bytes_view(&pem));
    world_expect(w, VERIFY_WANTING, VERIFY_CERTIFICATE_OTHER);
    bytes_clear(&pem);
    authority(8, &pem);
    world_put(w, path, bytes_view(&pem));
    world_expect(w, VERIFY_WANTING, VERIFY_CERTIFICATE_OTHER);
    /* The key itself, in PEM: once that was enough. */
    bytes_clear(&pem);
    bytes_text(&pem, "-----BEGIN CERTIFICATE-----\n");
    base64_build(&pem, slice_of(key->bytes, key->bytes_len), BASE64_PADDED);
    bytes_text(&pem, "\n-----END CERTIFICATE-----\n");
    world_put(w, path, bytes_view(&pem));
    world_expect(w, VERIFY_WANTING, VERIFY_CERTIFICATE_OTHER);
    bytes_release(&pem);
    world_free(w);
}

static void too_large_is_unknown(void **state)
{
    struct world *w = world_new(8);
    struct bytes note;

    (void)state;
    bytes_init(&note, LIMIT_NOTE_BYTES);
    world_publish(w);
    bytes_printf(&note, "%s\n%u\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", w->origin,
                 LIMIT_VERIFY_ENTRIES + 1);
    world_sign(&note, w->origin, 10);
    world_put(w, "checkpoint", bytes_view(&note));
    world_expect(w, VERIFY_UNKNOWN, VERIFY_TOO_LARGE);
    bytes_release(&note);
    world_free(w);
}

/* The second reading of an entry tile gives other bytes than the first. */
static int read_moving(void *ctx, const char *path, struct bytes *out, struct why *why)
{
    struct world *w = ctx;
    int rc = world_read(ctx, path, out, why);

    if (rc == SH_OK && strcmp(path, "tile/entries/000.p/2") == 0 && w->log_seed++ > 10)
        out->ptr[out->len - 3] ^= 1;
    return rc;
}

static void a_moving_tree_is_unknown(void **state)
{
    struct world *w = world_new(8);
    struct verify_source source = {.ctx = w, .read = read_moving, .hash = world_hash};

    (void)state;
    (void)world_checkin(w);
    world_publish(w);
    assert_int_equal(verify_channel(&source, NULL, &w->report, NULL), SH_OK);
    assert_int_equal(verify_verdict(&w->report), VERIFY_UNKNOWN);
    assert_int_equal(w->report.total[VERIFY_MOVING], 1);
    world_free(w);
}

/* A flood of one finding hides no other, and the report still fits its pipe. */
static void floods(void **state)
{
    struct world *w = world_new(600);
    struct verify_report *again = calloc(1, sizeof(*again));
    struct bytes raw;

    (void)state;
    assert_non_null(again);
    while (w->size < 600)
        (void)world_checkin(w);
    world_publish(w);
    for (uint64_t i = 1; i < 599; i++)
        world_remove(w, world_path(w, i));
    world_find(w, world_path(w, 599))->data.ptr[9] ^= 1;
    world_expect(w, VERIFY_WANTING, VERIFY_DOCUMENT_CHANGED);
    assert_int_equal(w->report.total[VERIFY_DOCUMENT_MISSING], 598);
    bytes_init(&raw, LIMIT_REPORT_BYTES);
    verify_report_build(&w->report, &raw);
    assert_int_equal(bytes_check(&raw, NULL), SH_OK);
    assert_int_equal(verify_report_parse(bytes_view(&raw), again, NULL), SH_OK);
    assert_int_equal(again->count, w->report.count);
    assert_memory_equal(again->total, w->report.total, sizeof(again->total));
    assert_string_equal(again->finding[5].text, w->report.finding[5].text);
    assert_string_equal(again->channel.text, w->id.text);
    assert_memory_equal(again->root, w->report.root, 32);
    for (size_t len = 0; len < raw.len; len++)
        assert_int_equal(verify_report_parse(slice_of(raw.ptr, len), again, NULL), SH_EFORMAT);
    /* The largest report that can be. */
    w->report.count = LIMIT_FINDINGS;
    for (size_t i = 0; i < LIMIT_FINDINGS; i++)
        memset(w->report.finding[i].text, 'x', VERIFY_TEXT_BYTES - 1);
    bytes_clear(&raw);
    verify_report_build(&w->report, &raw);
    assert_int_equal(bytes_check(&raw, NULL), SH_OK);
    bytes_release(&raw);
    free(again);
    world_free(w);
}

/* Sentences in four languages: whole, and never more than was looked at. */
static void sentences(void **state)
{
    static const char *const never[] = {"verified", "authentic", " true", " real", "genuine"};
    struct verify_finding finding = {.index = 11, .other = 22, .text = "THIRD"};
    struct bytes text;

    (void)state;
    bytes_init(&text, 4096);
    for (int id = 0; id < VERIFY_ID_COUNT; id++) {
        finding.id = (enum verify_id)id;
        for (int lang = 0; lang < LANG_COUNT; lang++) {
            bytes_clear(&text);
            verify_finding_say(&finding, (enum lang)lang, &text);
            bytes_u8(&text, 0);
            assert_int_equal(bytes_check(&text, NULL), SH_OK);
            assert_true(text.len > 8);
            assert_null(strchr((const char *)text.ptr, '{'));
            for (size_t i = 0; i < COUNT_OF(never); i++)
                assert_null(strstr((const char *)text.ptr, never[i]));
        }
        assert_true(strlen(verify_id_text(finding.id)) >= 3);
        for (int other = 0; other < id; other++)
            assert_string_not_equal(verify_id_text(finding.id),
                                    verify_id_text((enum verify_id)other));
    }
    bytes_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whole_trees),
                                       cmocka_unit_test(three_levels),
                                       cmocka_unit_test(withdrawn_is_not_missing),
                                       cmocka_unit_test(withdrawn_but_present),
                                       cmocka_unit_test(every_byte_counts),
                                       cmocka_unit_test(every_file_counts),
                                       cmocka_unit_test(another_channel),
                                       cmocka_unit_test(clocks_are_not_failures),
                                       cmocka_unit_test(documents_that_do_not_fit),
                                       cmocka_unit_test(lines_that_do_not_fit),
                                       cmocka_unit_test(first_entry_is_the_identity),
                                       cmocka_unit_test(rewritten_history),
                                       cmocka_unit_test(partial_tiles_may_go),
                                       cmocka_unit_test(checkpoints_that_do_not_fit),
                                       cmocka_unit_test(rotation),
                                       cmocka_unit_test(theft),
                                       cmocka_unit_test(successor_must_hold),
                                       cmocka_unit_test(certificates),
                                       cmocka_unit_test(too_large_is_unknown),
                                       cmocka_unit_test(a_moving_tree_is_unknown),
                                       cmocka_unit_test(floods),
                                       cmocka_unit_test(sentences)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
