/* c2pa: what the writer makes is what the reader reads; its copies stay right; odd files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "c2pa/store.h"
#include "c2pa/write.h"

static uint8_t certificate[700] = {0x30};

/* ---- a signer that signs nothing ---- */

static int sign(void *ctx, struct slice message, uint8_t *signature, struct why *why)
{
    (void)ctx;
    (void)why;
    crypto.sha256(message, signature);
    crypto.sha256(message, signature + CRYPT_DIGEST_BYTES);
    return SH_OK;
}

static int stamp(void *ctx, struct slice message, struct bytes *token, struct why *why)
{
    size_t len = *(const size_t *)ctx;

    (void)message;
    (void)why;
    for (size_t i = 0; i < len; i++)
        bytes_u8(token, 0x31);
    return SH_OK;
}

static struct c2pa_write_signer signer_of(void)
{
    return (struct c2pa_write_signer){.alg = C2PA_WRITE_ES256,
                                      .signature_bytes = 64,
                                      .chain = {{certificate, sizeof(certificate)}},
                                      .chain_count = 1,
                                      .sign = sign};
}

static struct c2pa_write write_of(const struct c2pa_write_signer *signer)
{
    return (struct c2pa_write){.signer = signer, .generator = "stillhere", .version = "1"};
}

static struct slice store_of(const struct bytes *box)
{
    /* size, uuid, UUID, version, "manifest" or "update", offset */
    size_t at = 8 + 16 + 4 + (box->ptr[28] == 'u' ? 7 : 9) + 8;

    return slice_of(box->ptr + at, box->len - at);
}

/* ---- sizes ---- */

static void test_size_is_exact(void **state)
{
    static const uint8_t row[40 * CRYPT_DIGEST_BYTES];
    struct c2pa_write_signer signer = signer_of();
    struct c2pa_write write = write_of(&signer);
    struct c2pa_write_tree tree = {.count = 40, .row_count = 40, .block = 1000, .row = row};
    const uint8_t hash[CRYPT_DIGEST_BYTES] = {1};
    struct bytes box;
    uint64_t size;
    size_t token;

    (void)state;
    bytes_init(&box, 1 << 20);
    assert_int_equal(c2pa_write_size(&write, &size, NULL), SH_OK);
    assert_int_equal(c2pa_write_box(&write, hash, &box, NULL), SH_OK);
    assert_int_equal(box.len, size);
    write.trees = &tree;
    write.tree_count = 1;
    bytes_clear(&box);
    assert_int_equal(c2pa_write_size(&write, &size, NULL), SH_OK);
    assert_int_equal(c2pa_write_box(&write, hash, &box, NULL), SH_OK);
    assert_int_equal(box.len, size);
    /* With room for a token every length of it gives the same size: pad, and pad2. */
    signer.stamp = stamp;
    signer.stamp_bytes = 700;
    signer.ctx = &token;
    assert_int_equal(c2pa_write_size(&write, &size, NULL), SH_OK);
    for (token = 1; token <= signer.stamp_bytes; token++) {
        bytes_clear(&box);
        assert_int_equal(c2pa_write_box(&write, hash, &box, NULL), SH_OK);
        assert_int_equal(box.len, size);
    }
    bytes_clear(&box);
    assert_true(c2pa_write_box(&write, hash, &box, NULL) < 0); /* one more than there is room */
    bytes_release(&box);
}

static struct c2pa_store *parse(const struct slice *parts, size_t count, struct arena *arena)
{
    const struct c2pa_store_options options = {.parts = parts, .part_count = count};
    struct c2pa_store *store = NULL;

    assert_int_equal(c2pa_store_parse(&options, arena, &store, NULL), SH_OK);
    return store;
}

static void test_reader_reads_it(void **state)
{
    struct c2pa_write_signer signer = signer_of();
    struct c2pa_write write = write_of(&signer);
    const uint8_t hash[CRYPT_DIGEST_BYTES] = {1};
    struct bytes box, second;
    struct c2pa_unsigned blank;
    struct c2pa_store *store;
    struct slice parts[2];
    struct arena arena;

    (void)state;
    bytes_init(&box, 1 << 20);
    bytes_init(&second, 1 << 20);
    arena_init(&arena, 8 << 20);
    write.channel = slice_text("abc");
    write.dispatch = slice_text("00");
    assert_int_equal(c2pa_write_box(&write, hash, &box, NULL), SH_OK);
    parts[0] = store_of(&box);
    store = parse(parts, 1, &arena);
    assert_int_equal(store->manifest_count, 1);
    assert_int_equal(store->active->fault.kind, C2PA_SOUND);
    assert_int_equal(store->active->claim.fault.kind, C2PA_SOUND);
    assert_true(store->active->claim.deterministic);
    assert_int_equal(store->active->assertion_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(store->active->assertions[i].listed);
        assert_true(cbor_is_deterministic(store->active->assertions[i].cbor));
    }
    /* In two steps it is the same, but for what is random in a signature: ours has nothing. */
    assert_int_equal(c2pa_write_unsigned(&write, hash, &blank, NULL), SH_OK);
    assert_int_equal(c2pa_write_cose(&signer, bytes_view(&blank.claim), &second, NULL), SH_OK);
    memcpy(blank.box.ptr + blank.cose_at, second.ptr, second.len);
    assert_true(slice_equal(bytes_view(&blank.box), bytes_view(&box)));
    c2pa_unsigned_release(&blank);
    /* An update of it. */
    write.parent = parts[0];
    write.update = true;
    write.manifest_id[0] = 7;
    bytes_clear(&second);
    assert_int_equal(c2pa_write_box(&write, NULL, &second, NULL), SH_OK);
    parts[1] = store_of(&second);
    store = parse(parts, 2, &arena);
    assert_int_equal(store->manifest_count, 2);
    assert_int_equal(store->active->kind, C2PA_UPDATE);
    arena_release(&arena);
    bytes_release(&box);
    bytes_release(&second);
}

/* ---- time stamps of earlier manifests (C2PA 18.17) ---- */

/* The assertion of the active manifest, or NULL. */
static const struct cbor_value *stamps_of(const struct c2pa_store *store)
{
    for (size_t i = 0; i < store->active->assertion_count; i++)
        if (slice_equal(store->active->assertions[i].label, slice_text("c2pa.time-stamp"))) {
            assert_true(store->active->assertions[i].listed);
            assert_true(cbor_is_deterministic(store->active->assertions[i].cbor));
            return store->active->assertions[i].cbor;
        }
    return NULL;
}

/* A file that is updated again and again: each update is stamped with what it rests on. */
static void test_updates_bring_stamps(void **state)
{
    struct c2pa_write_signer signer = signer_of();
    struct c2pa_write write = write_of(&signer);
    const uint8_t hash[CRYPT_DIGEST_BYTES] = {1};
    struct c2pa_write_token tokens[LIMIT_WRITE_STAMPED + 1];
    struct c2pa_stampable list[LIMIT_WRITE_STAMPED];
    struct bytes box, boxes[2];
    struct c2pa_store *store;
    struct slice parts[2];
    struct arena arena;
    size_t count = 0;

    (void)state;
    bytes_init(&box, 1 << 20);
    bytes_init(&boxes[0], 1 << 20);
    bytes_init(&boxes[1], 1 << 20);
    arena_init(&arena, 64 << 20);
    assert_int_equal(c2pa_write_box(&write, hash, &box, NULL), SH_OK);
    parts[0] = write.parent = store_of(&box);
    store = parse(parts, 1, &arena);
    for (uint8_t n = 1; n <= LIMIT_WRITE_STAMPED; n++) {
        struct bytes *next = &boxes[n % 2];

        assert_int_equal(c2pa_write_stampable(store, &arena, list, &count, NULL), SH_OK);
        assert_int_equal(count, n);
        assert_true(slice_equal(list[0].label, store->active->label));
        for (size_t i = 0; i < count; i++) {
            assert_true(slice_starts(list[i].message, "\x84\x70"
                                                      "CounterSignature"));
            for (size_t k = 0; k < i; k++) {
                assert_false(slice_equal(list[i].label, list[k].label));
                assert_false(slice_equal(list[i].message, list[k].message));
            }
            /* Their order in the map is not that of the list. */
            tokens[count - 1 - i] = (struct c2pa_write_token){list[i].label, slice_text("0")};
        }
        write.update = true;
        write.manifest_id[0] = (uint8_t)(n * 37);
        write.instance_id[0] = n;
        write.tokens = tokens;
        write.token_count = count;
        bytes_clear(next);
        assert_int_equal(c2pa_write_box(&write, NULL, next, NULL), SH_OK);
        parts[1] = write.updates = store_of(next);
        store = parse(parts, 2, &arena);
        assert_non_null(stamps_of(store));
        assert_int_equal(stamps_of(store)->count, 2 * n); /* names and tokens */
    }
    assert_int_equal(c2pa_write_stampable(store, &arena, list, &count, NULL), SH_ELIMIT);
    /* Only an update brings them, and not more than there can be. */
    write.token_count = LIMIT_WRITE_STAMPED + 1;
    assert_int_equal(c2pa_write_box(&write, NULL, &box, NULL), SH_EARG);
    write.update = false;
    write.token_count = 1;
    assert_int_equal(c2pa_write_box(&write, hash, &box, NULL), SH_EARG);
    arena_release(&arena);
    bytes_release(&box);
    bytes_release(&boxes[0]);
    bytes_release(&boxes[1]);
}

/* 18.17.2: names of before 2.1 cannot stand in the map. */
static void test_old_names_are_not_stamped(void **state)
{
    struct c2pa_write_signer signer = signer_of();
    struct c2pa_write write = write_of(&signer);
    const uint8_t hash[CRYPT_DIGEST_BYTES] = {1};
    struct c2pa_stampable list[LIMIT_WRITE_STAMPED];
    struct c2pa_store *store;
    struct arena arena;
    struct slice part;
    struct bytes box;
    size_t count;

    (void)state;
    bytes_init(&box, 1 << 20);
    arena_init(&arena, 8 << 20);
    assert_int_equal(c2pa_write_box(&write, hash, &box, NULL), SH_OK);
    for (size_t at = 0; at + 9 < box.len; at++)
        if (memcmp(box.ptr + at, "urn:c2pa:", 9) == 0)
            memcpy(box.ptr + at, "urn:uuid:", 9);
    part = store_of(&box);
    store = parse(&part, 1, &arena);
    assert_int_equal(c2pa_write_stampable(store, &arena, list, &count, NULL), SH_EUNSUPPORTED);
    arena_release(&arena);
    bytes_release(&box);
}

static void test_parents_are_bounded(void **state)
{
    struct c2pa_write_signer signer = signer_of();
    struct c2pa_write write = write_of(&signer);
    const uint8_t hash[CRYPT_DIGEST_BYTES] = {1};
    struct bytes box, out;
    struct slice store;

    (void)state;
    bytes_init(&box, 1 << 20);
    bytes_init(&out, 1 << 20);
    assert_int_equal(c2pa_write_box(&write, hash, &box, NULL), SH_OK);
    store = store_of(&box);
    for (size_t len = 1; len < store.len; len++) {
        write.parent = slice_sub(store, 0, len);
        bytes_clear(&out);
        assert_true(c2pa_write_box(&write, hash, &out, NULL) < 0);
    }
    write.parent = store;
    bytes_clear(&out);
    assert_int_equal(c2pa_write_box(&write, hash, &out, NULL), SH_OK);
    /* A box that is no manifest behind the active one (11.1.4.2). */
    bytes_clear(&box);
    bytes_slice(&box, store_of(&out));
    bytes_append(&box, "\0\0\0\14abcd1234", 12);
    for (unsigned i = 0; i < 4; i++)
        box.ptr[i] = (uint8_t)(box.len >> (24 - 8 * i));
    write.parent = bytes_view(&box);
    bytes_clear(&out);
    assert_int_equal(c2pa_write_box(&write, hash, &out, NULL), SH_OK);
    bytes_release(&box);
    bytes_release(&out);
}

/* ---- copies ---- */

static void put_box(struct bytes *out, const char *type, const void *body, size_t len)
{
    bytes_u32(out, (uint32_t)len + 8);
    bytes_append(out, type, 4);
    bytes_append(out, body, len);
}

static size_t open_box(struct bytes *out, const char *type)
{
    bytes_u32(out, 0);
    bytes_append(out, type, 4);
    return out->len - 8;
}

static void close_box(struct bytes *out, size_t at)
{
    out->ptr[at + 2] = (uint8_t)((out->len - at) >> 8);
    out->ptr[at + 3] = (uint8_t)(out->len - at);
}

/* ftyp, moov with one stco of `places` rows that name bytes of mdat, mdat with 0, 1, 2... */
static uint64_t get_number(const struct bytes *from, size_t at, unsigned width)
{
    uint64_t value = 0;

    assert_true(at + width <= from->len);
    for (unsigned i = 0; i < width; i++)
        value = value << 8 | from->ptr[at + i];
    return value;
}

static void movie(struct bytes *out, unsigned places)
{
    static const char *const path[] = {"moov", "trak", "mdia", "minf", "stbl", "stco"};
    uint8_t media[200];
    size_t at[6];

    put_box(out, "ftyp", "isom\0\0\0\0", 8);
    for (size_t i = 0; i < 6; i++)
        at[i] = open_box(out, path[i]);
    bytes_u32(out, 0);
    bytes_u32(out, places);
    for (unsigned i = 0; i < places; i++)
        bytes_u32(out, (uint32_t)(at[0] + 5 * 8 + 16 + 4 * places + 8 + i % 200));
    for (size_t i = 6; i--;)
        close_box(out, at[i]);
    for (unsigned i = 0; i < sizeof(media); i++)
        media[i] = (uint8_t)i;
    put_box(out, "mdat", media, sizeof(media));
}

static void copy(const struct slice *in, uint64_t room, struct bytes *out)
{
    const struct bmff_source source = bmff_source_slice(in);
    struct c2pa_splice splice;
    size_t len = 1;

    assert_int_equal(c2pa_splice_plan(&source, C2PA_SPLICE_NEW, &splice, NULL), SH_OK);
    assert_int_equal(c2pa_splice_room(&splice, room, NULL), SH_OK);
    while (len) {
        uint8_t *buf = bytes_room(out, 4096);

        assert_int_equal(c2pa_splice_read(&splice, buf, 4096, &len, NULL), SH_OK);
        out->len += len;
    }
    assert_int_equal(out->len, splice.size);
    c2pa_splice_release(&splice);
}

static void test_places_move(void **state)
{
    struct bytes in, out;
    struct slice view;

    (void)state;
    bytes_init(&in, 1 << 20);
    bytes_init(&out, 1 << 20);
    movie(&in, 5000); /* the table is longer than a window of 4096 bytes, rows straddle it */
    view = bytes_view(&in);
    copy(&view, 777, &out);
    assert_int_equal(out.len, in.len + 777);
    for (unsigned i = 0; i < 5000; i++) {
        struct cursor cur = cursor_of(bytes_view(&out));

        rd_skip(&cur, 16 + 777 + 5 * 8 + 16 + 4 * i);
        assert_int_equal(out.ptr[rd_u32(&cur)], i % 200);
        assert_false(cur.failed);
    }
    bytes_release(&in);
    bytes_release(&out);
}

static void test_cut_files_are_refused(void **state)
{
    struct bytes in;
    unsigned good = 0;

    (void)state;
    bytes_init(&in, 1 << 20);
    movie(&in, 3);
    for (size_t len = 0; len < in.len; len++) {
        struct slice view = slice_of(in.ptr, len);
        const struct bmff_source source = bmff_source_slice(&view);
        struct c2pa_splice splice;

        if (c2pa_splice_plan(&source, C2PA_SPLICE_NEW, &splice, NULL) == SH_OK) {
            c2pa_splice_release(&splice);
            good++;
        }
    }
    assert_int_equal(good, 2); /* behind ftyp, and behind moov: whole boxes both */
    bytes_release(&in);
}

/* ---- beyond 4 GiB ---- */

#define FAR_CHUNKS 1500 /* a table longer than what is read of it at once */

/* A file whose media are as long as is wanted, and are never looked at. */
struct far {
    struct bytes head, tail; /* around the media */
    uint64_t media;
};

static int far_read(void *ctx, uint64_t offset, void *buf, size_t len, struct why *why)
{
    const struct far *far = ctx;
    const uint64_t tail_at = far->head.len + far->media;
    uint8_t *out = buf;

    (void)why;
    for (size_t i = 0; i < len; i++) {
        uint64_t at = offset + i;

        if (at < far->head.len) {
            out[i] = far->head.ptr[at];
        } else if (at >= tail_at) {
            assert_true(at - tail_at < far->tail.len);
            out[i] = far->tail.ptr[at - tail_at];
        } else if (at + len - i <= tail_at) {
            return SH_OK;
        }
    }
    return SH_OK;
}

struct far_form {
    bool moov_last;
    bool long_sizes;
    uint64_t last;     /* where the last chunk lies */
    const char *lists; /* a box of places of 32 bits beside stco, or NULL */
};

static size_t open_far(struct bytes *out, const char *type, bool long_size)
{
    size_t at = open_box(out, type);

    if (long_size)
        bytes_u64(out, 0);
    return at;
}

static void close_far(struct bytes *out, size_t at, bool long_size)
{
    uint32_t len = (uint32_t)(out->len - at);
    size_t end = at + (long_size ? 16 : 4);

    for (unsigned i = 0; i < 4; i++)
        out->ptr[end - 1 - i] = (uint8_t)(len >> (8 * i));
    if (long_size)
        out->ptr[at + 3] = 1;
}

/* Two tracks: one with many chunks, the last of them far away, one with a single one. */
static void far_moov(struct bytes *out, const struct far_form *form)
{
    static const char *const path[] = {"trak", "mdia", "minf", "stbl", "stco"};
    size_t moov = open_far(out, "moov", form->long_sizes), at[5];

    for (unsigned track = 0; track < 2; track++) {
        uint32_t count = track ? 1 : FAR_CHUNKS;

        for (unsigned i = 0; i < 5; i++)
            at[i] = open_far(out, path[i], form->long_sizes);
        bytes_u32(out, 0);
        bytes_u32(out, count);
        for (uint32_t i = 0; i < count; i++)
            bytes_u32(out, (uint32_t)(form->last - (count - 1 - i)));
        for (unsigned i = 5; i--;) {
            close_far(out, at[i], form->long_sizes);
            if (i == 4 && track && form->lists) {
                size_t list = open_box(out, form->lists);

                bytes_u32(out, 0);
                bytes_u32(out, 1);
                bytes_u32(out, (uint32_t)form->last);
                close_far(out, list, false);
            }
        }
    }
    close_far(out, moov, form->long_sizes);
}

static void far_make(struct far *far, const struct far_form *form)
{
    struct bytes *moov = form->moov_last ? &far->tail : &far->head;

    bytes_init(&far->head, 1 << 20);
    bytes_init(&far->tail, 1 << 20);
    put_box(&far->head, "ftyp", "isom\0\0\0\0", 8);
    if (!form->moov_last)
        far_moov(moov, form);
    far->media = UINT64_C(5) << 30;
    bytes_u32(&far->head, 1);
    bytes_append(&far->head, "mdat", 4);
    bytes_u64(&far->head, far->media + 16);
    if (form->moov_last)
        far_moov(moov, form);
}

/* All boxes but the media of a copy; *code what reading said.  Where moov begins. */
static size_t far_copy(const struct far *far, uint64_t room, struct bytes *out, int *code,
                       struct why *why)
{
    const struct bmff_source source = {.read_at = far_read,
                                       .ctx = (void *)(uintptr_t)far,
                                       .size = far->head.len + far->media + far->tail.len};
    struct c2pa_splice splice;
    struct bytes buf;
    uint64_t at = 0, media;
    size_t len = 1, moov = 16 + (size_t)room;

    assert_int_equal(c2pa_splice_plan(&source, C2PA_SPLICE_NEW, &splice, NULL), SH_OK);
    assert_int_equal(c2pa_splice_room(&splice, room, NULL), SH_OK);
    bytes_init(&buf, 1 << 20);
    bytes_init(out, 1 << 20);
    /* A moov behind the media grows there. */
    media = far->tail.len ? far->head.len + room : splice.size - far->media;
    if (far->tail.len)
        moov = (size_t)media;
    for (*code = SH_OK; *code == SH_OK && len; at += len) {
        *code = c2pa_splice_read(&splice, bytes_room(&buf, 1 << 20), 1 << 20, &len, why);
        /* No read of ours crosses both ends of the media. */
        if (at < media || at >= media + far->media)
            bytes_append(out, buf.ptr,
                         at < media && at + len > media ? (size_t)(media - at) : len);
        else if (at + len > media + far->media)
            bytes_append(out, buf.ptr + (media + far->media - at),
                         (size_t)(at + len - media - far->media));
    }
    if (*code == SH_OK)
        assert_int_equal(at, splice.size);
    c2pa_splice_release(&splice);
    bytes_release(&buf);
    return moov;
}

/* Do the boxes of moov fill each other, and where does the last of its tables begin? */
static void check_far(const struct bytes *out, size_t moov, const struct far_form *form,
                      unsigned width, uint64_t shift)
{
    static const char *const path[] = {"moov", "trak", "mdia", "minf", "stbl", "stco"};
    const size_t head = form->long_sizes ? 16 : 8;
    size_t at = moov, end[6] = {0};

    for (unsigned track = 0; track < 2; track++) {
        uint32_t count = track ? 1 : FAR_CHUNKS;

        for (unsigned i = track; i < 6; i++) {
            const char *name = i == 5 && width == 8 ? "co64" : path[i];

            assert_memory_equal(out->ptr + at + 4, name, 4);
            end[i] =
                at + get_number(out, at + (form->long_sizes ? 8 : 0), form->long_sizes ? 8 : 4);
            at += head;
        }
        assert_int_equal(get_number(out, at + 4, 4), count);
        for (uint32_t i = 0; i < count; i++)
            assert_int_equal(get_number(out, at + 8 + (size_t)i * width, width),
                             form->last - (count - 1 - i) + shift);
        at += 8 + (size_t)count * width;
        for (unsigned i = 1; i < 6; i++)
            assert_int_equal(end[i], at);
    }
    assert_int_equal(end[0], at);
}

static void test_tables_get_64_bits(void **state)
{
    const uint64_t room = 700;

    (void)state;
    for (unsigned form_at = 0; form_at < 4; form_at++) {
        struct far_form form = {.moov_last = form_at & 1, .long_sizes = form_at & 2};
        const uint64_t fits = UINT32_MAX - room;

        /* Up to the last place that 32 bits can name, and one behind it. */
        for (form.last = fits - 1; form.last <= fits + 1; form.last++) {
            bool wide = form.last > fits;
            uint64_t more = wide && !form.moov_last ? 4 * (FAR_CHUNKS + 1) : 0;
            struct bytes out;
            struct far far;
            size_t moov;
            int code;

            far_make(&far, &form);
            moov = far_copy(&far, room, &out, &code, NULL);
            assert_int_equal(code, SH_OK);
            check_far(&out, moov, &form, wide ? 8 : 4, room + more);
            bytes_release(&far.head);
            bytes_release(&far.tail);
            bytes_release(&out);
        }
    }
}

/* Other numbers of 32 bits are never cut: that is refused, and says what it is. */
static void test_short_lists_are_refused(void **state)
{
    (void)state;
    for (uint64_t over = 0; over < 2; over++) {
        const uint64_t room = 700;
        struct far_form form = {
            .moov_last = true, .last = UINT32_MAX - room + over, .lists = "saio"};
        struct why why = {0};
        struct bytes out;
        struct far far;
        int code;

        far_make(&far, &form);
        (void)far_copy(&far, room, &out, &code, &why);
        assert_int_equal(code, over ? SH_ELIMIT : SH_OK);
        if (over)
            assert_non_null(strstr(why.text, "saio"));
        bytes_release(&far.head);
        bytes_release(&far.tail);
        bytes_release(&out);
    }
}

/* In pieces of any size it is the same hash. */
static void test_hash_in_pieces(void **state)
{
    uint8_t whole[CRYPT_DIGEST_BYTES], parts[CRYPT_DIGEST_BYTES];
    struct bytes in, leaves[2];

    (void)state;
    bytes_init(&in, 1 << 20);
    movie(&in, 3);
    for (size_t step = 1; step < 64; step += 7) {
        struct c2pa_write_hash a, b;

        bytes_init(&leaves[0], 1 << 16);
        bytes_init(&leaves[1], 1 << 16);
        c2pa_write_hash_init(&a, in.len, 33, &leaves[0]);
        c2pa_write_hash_init(&b, in.len, 33, &leaves[1]);
        assert_int_equal(c2pa_write_hash_feed(&a, bytes_view(&in), NULL), SH_OK);
        for (size_t at = 0; at < in.len; at += step)
            assert_int_equal(
                c2pa_write_hash_feed(
                    &b, slice_of(in.ptr + at, in.len - at < step ? in.len - at : step), NULL),
                SH_OK);
        assert_int_equal(c2pa_write_hash_done(&a, whole, NULL), SH_OK);
        assert_int_equal(c2pa_write_hash_done(&b, parts, NULL), SH_OK);
        assert_memory_equal(whole, parts, sizeof(whole));
        assert_true(slice_equal(bytes_view(&leaves[0]), bytes_view(&leaves[1])));
        assert_int_equal(leaves[0].len / CRYPT_DIGEST_BYTES, (200 + 8 - 16 + 32) / 33);
        bytes_release(&leaves[0]);
        bytes_release(&leaves[1]);
    }
    bytes_release(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_size_is_exact),
        cmocka_unit_test(test_reader_reads_it),
        cmocka_unit_test(test_parents_are_bounded),
        cmocka_unit_test(test_places_move),
        cmocka_unit_test(test_cut_files_are_refused),
        cmocka_unit_test(test_hash_in_pieces),
        cmocka_unit_test(test_tables_get_64_bits),
        cmocka_unit_test(test_short_lists_are_refused),
        cmocka_unit_test(test_updates_bring_stamps),
        cmocka_unit_test(test_old_names_are_not_stamped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
