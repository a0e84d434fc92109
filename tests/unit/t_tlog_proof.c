/* tlog: proofs against RFC 6962's own definition, cosignatures, .tlog-proof files, policies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tlog/tlog.h"

/* ---- a tree in memory, and the definition ---- */

#define LEAVES 70000
static uint8_t (*leaves)[TLOG_HASH_BYTES];
static unsigned reads;

static int make_leaves(void **state)
{
    (void)state;
    leaves = malloc(LEAVES * sizeof *leaves);
    if (!leaves)
        return 1;
    for (uint32_t i = 0; i < LEAVES; i++)
        tlog_leaf_hash(slice_of(&i, sizeof i), leaves[i]);
    return 0;
}

static int drop_leaves(void **state)
{
    (void)state;
    free(leaves);
    return 0;
}

/* RFC 6962 2.1, MTH(D[from:from + count]): pairs, an odd one moves up as it is. */
static void mth(uint64_t from, uint64_t count, uint8_t out[32])
{
    static uint8_t row[LEAVES][32];

    memcpy(row, leaves[from], count * 32);
    for (; count > 1; count = (count + 1) / 2) {
        for (uint64_t i = 0; i + 1 < count; i += 2)
            tlog_node_hash(row[i], row[i + 1], row[i / 2]);
        if (count % 2)
            memcpy(row[count / 2], row[count - 1], 32);
    }
    memcpy(out, row[0], 32);
}

/* The largest power of two below count. */
static uint64_t split(uint64_t count)
{
    uint64_t k = 1;

    while (k * 2 < count)
        k *= 2;
    return k;
}

static void push_front(struct tlog_proof *out, uint64_t from, uint64_t count)
{
    memmove(out->hash[1], out->hash[0], out->count * 32);
    mth(from, count, out->hash[0]);
    out->count++;
}

/* PATH(m, D[from:from + count]) : what is appended last is found first. */
static void path(uint64_t m, uint64_t from, uint64_t count, struct tlog_proof *out)
{
    while (count > 1) {
        uint64_t k = split(count);

        if (m < k) {
            push_front(out, from + k, count - k);
            count = k;
        } else {
            push_front(out, from, k);
            m -= k;
            from += k;
            count -= k;
        }
    }
}

/* SUBPROOF(m, D[from:from + count], b). */
static void subproof(uint64_t m, uint64_t from, uint64_t count, bool b, struct tlog_proof *out)
{
    while (m != count) {
        uint64_t k = split(count);

        if (m <= k) {
            push_front(out, from + k, count - k);
            count = k;
        } else {
            push_front(out, from, k);
            m -= k;
            from += k;
            count -= k;
            b = false;
        }
    }
    if (!b)
        push_front(out, from, count);
}

static int read_tile(void *context, const struct tlog_tile *tile, uint8_t *hashes,
                     struct why *why)
{
    uint64_t span = UINT64_C(1) << 8 * tile->level, size = *(uint64_t *)context;

    (void)why;
    reads++;
    assert_in_range(tile->width, 1, 256);
    for (uint64_t i = 0; i < tile->width; i++) {
        uint64_t at = (tile->number * 256 + i) * span;

        assert_true(at + span <= size);
        mth(at, span, hashes + i * 32);
    }
    if (tile->width < 256)
        assert_int_equal(tile->width, tlog_partial_width(size, tile->level));
    return SH_OK;
}

static struct tlog_tree tree;

static void same_proof(const struct tlog_proof *a, const struct tlog_proof *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->hash, b->hash, a->count * 32);
}

static void inclusion_at(uint64_t index, uint64_t size)
{
    struct tlog_proof proof, defined = {0};
    uint8_t root[32], leaf[32];

    tlog_tree_init(&tree, size, read_tile, &size);
    assert_int_equal(tlog_inclusion_build(&tree, index, &proof, NULL), SH_OK);
    path(index, 0, size, &defined);
    same_proof(&proof, &defined);
    mth(0, size, root);
    assert_int_equal(tlog_tree_leaf(&tree, index, leaf, NULL), SH_OK);
    assert_memory_equal(leaf, leaves[index], 32);
    assert_int_equal(tlog_inclusion_check(&proof, leaf, index, size, root, NULL), SH_OK);
    /* Each wrong thing is seen. */
    for (uint64_t other = 0; size <= 20 && other < size + 2; other++)
        if (other != index)
            assert_int_not_equal(tlog_inclusion_check(&proof, leaf, other, size, root, NULL),
                                 SH_OK);
    for (size_t i = 0; i < proof.count; i++) {
        proof.hash[i][i] ^= 1;
        assert_int_equal(tlog_inclusion_check(&proof, leaf, index, size, root, NULL),
                         SH_EFORMAT);
        proof.hash[i][i] ^= 1;
    }
    proof.count++;
    assert_int_equal(tlog_inclusion_check(&proof, leaf, index, size, root, NULL), SH_EFORMAT);
    proof.count -= 2;
    if (size > 1)
        assert_int_equal(tlog_inclusion_check(&proof, leaf, index, size, root, NULL),
                         SH_EFORMAT);
    leaf[0] ^= 1;
    assert_int_not_equal(tlog_inclusion_check(&defined, leaf, index, size, root, NULL), SH_OK);
}

static void inclusion_is_the_definition(void **state)
{
    struct tlog_proof proof = {0};

    (void)state;
    for (uint64_t size = 1; size < 70; size++)
        for (uint64_t index = 0; index < size; index++)
            inclusion_at(index, size);
    assert_int_equal(tlog_inclusion_build(&tree, tree.size, &proof, NULL), SH_EARG);
    assert_int_equal(tlog_inclusion_check(&proof, leaves[0], 1, 1, leaves[0], NULL), SH_EARG);
    assert_int_equal(tlog_inclusion_check(&proof, leaves[0], 0, 0, leaves[0], NULL), SH_EARG);
}

static void inclusion_over_tiles(void **state)
{
    static const uint64_t sizes[] = {255, 256, 257, 511, 512, 600, 65535, 65536, 65537, 70000};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        for (uint64_t at = 0; at < sizes[i]; at = at * 7 + 1) {
            inclusion_at(at, sizes[i]);
            inclusion_at(sizes[i] - 1 - at, sizes[i]);
        }
}

static void consistency_at(uint64_t older, uint64_t size)
{
    struct tlog_proof proof, defined = {0};
    struct tlog_head from = {.size = older}, to = {.size = size};

    tlog_tree_init(&tree, size, read_tile, &size);
    assert_int_equal(tlog_consistency_build(&tree, older, &proof, NULL), SH_OK);
    if (older)
        subproof(older, 0, size, true, &defined);
    same_proof(&proof, &defined);
    assert_int_equal(tlog_tree_root(&tree, older, from.root, NULL), SH_OK);
    assert_int_equal(tlog_tree_root(&tree, size, to.root, NULL), SH_OK);
    assert_int_equal(tlog_consistency_check(&proof, &from, &to, NULL), SH_OK);
    if (!older)
        return;
    from.root[31] ^= 1;
    assert_int_equal(tlog_consistency_check(&proof, &from, &to, NULL), SH_EFORMAT);
    from.root[31] ^= 1;
    for (size_t i = 0; i < proof.count; i++) {
        proof.hash[i][i] ^= 1;
        assert_int_equal(tlog_consistency_check(&proof, &from, &to, NULL), SH_EFORMAT);
        proof.hash[i][i] ^= 1;
    }
    proof.count++;
    assert_int_equal(tlog_consistency_check(&proof, &from, &to, NULL), SH_EFORMAT);
    proof.count -= 2;
    if (older < size)
        assert_int_equal(tlog_consistency_check(&proof, &from, &to, NULL), SH_EFORMAT);
}

static void consistency_is_the_definition(void **state)
{
    static const uint64_t sizes[] = {256, 257, 512, 600, 65536, 65537, 70000};
    struct tlog_proof proof = {.count = 1};
    struct tlog_head none = {0}, one = {.size = 1}, two = {.size = 2};

    (void)state;
    for (uint64_t size = 1; size < 70; size++)
        for (uint64_t older = 0; older <= size; older++)
            consistency_at(older, size);
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        for (uint64_t older = 1; older < sizes[i]; older = older * 5 + 1) {
            consistency_at(older, sizes[i]);
            consistency_at(sizes[i] - older, sizes[i]);
        }
    assert_int_equal(tlog_consistency_build(&tree, tree.size + 1, &proof, NULL), SH_EARG);
    proof.count = 1;
    assert_int_equal(tlog_consistency_check(&proof, &none, &one, NULL), SH_EFORMAT);
    assert_int_equal(tlog_consistency_check(&proof, &one, &one, NULL), SH_EFORMAT);
    proof.count = 0;
    assert_int_equal(tlog_consistency_check(&proof, &none, &one, NULL), SH_OK);
    assert_int_equal(tlog_consistency_check(&proof, &two, &one, NULL), SH_EARG);
    assert_int_equal(tlog_consistency_check(&proof, &one, &two, NULL), SH_EFORMAT);
}

/* Two tiles a level: 3 levels of 70,000 entries. */
static void few_tiles_are_read(void **state)
{
    struct tlog_proof proof;
    uint64_t size = LEAVES;

    (void)state;
    for (uint64_t index = 0; index < size; index = index * 3 + 1) {
        tlog_tree_init(&tree, size, read_tile, &size);
        reads = 0;
        assert_int_equal(tlog_inclusion_build(&tree, index, &proof, NULL), SH_OK);
        assert_in_range(reads, 1, 6);
    }
}

static int broken_read(void *context, const struct tlog_tile *tile, uint8_t *hashes,
                       struct why *why)
{
    (void)context;
    (void)tile;
    (void)hashes;
    return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "gone");
}

static void what_a_reader_says_comes_back(void **state)
{
    struct tlog_proof proof;
    uint8_t hash[32];

    (void)state;
    tlog_tree_init(&tree, 300, broken_read, NULL);
    assert_int_equal(tlog_inclusion_build(&tree, 3, &proof, NULL), SH_ENOTFOUND);
    assert_int_equal(tlog_consistency_build(&tree, 3, &proof, NULL), SH_ENOTFOUND);
    assert_int_equal(tlog_tree_root(&tree, 3, hash, NULL), SH_ENOTFOUND);
    assert_int_equal(tlog_tree_leaf(&tree, 3, hash, NULL), SH_ENOTFOUND);
    assert_int_equal(tlog_tree_leaf(&tree, 300, hash, NULL), SH_EARG);
    assert_int_equal(tlog_tree_root(&tree, 301, hash, NULL), SH_EARG);
}

/* ---- keys and cosignatures ---- */

static const char head_text[] = "example.com/log\n1\n"
                                "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n";

static void key_from(struct tlog_key *key, const char *name, uint8_t type, uint8_t seed_byte,
                     struct secret *seed)
{
    uint8_t public_key[CRYPT_KEY_BYTES];

    memset(seed->byte, seed_byte, sizeof seed->byte);
    crypto.ed25519_public(seed, public_key);
    assert_int_equal(tlog_key_init(key, name, type, public_key, NULL), SH_OK);
}

static void sign_log(struct bytes *out, const struct tlog_key *key, const struct secret *seed)
{
    uint8_t signature[CRYPT_SIGNATURE_BYTES];

    crypto.ed25519_sign(seed, slice_text(head_text), signature);
    tlog_signature_line(out, key, slice_of(signature, sizeof signature));
}

static void verifier_keys(void **state)
{
    static const char good[] =
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    static const char *const bad[] = {
        "",
        "example.com/foo",
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/fo o+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2l",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n",
        "example.com/foo+530d903aAekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    };
    struct tlog_key key;
    struct bytes text;
    struct secret seed;

    (void)state;
    bytes_init(&text, 400);
    assert_int_equal(tlog_key_parse(slice_text(good), &key, NULL), SH_OK);
    assert_int_equal(key.type, TLOG_ED25519);
    tlog_key_text(&key, &text);
    assert_true(slice_equal(bytes_view(&text), slice_text(good)));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(tlog_key_parse(slice_text(bad[i]), &key, NULL), SH_EFORMAT);
    for (size_t len = 0; len < strlen(good); len++)
        assert_int_equal(tlog_key_parse(slice_of(good, len), &key, NULL), SH_EFORMAT);
    key_from(&key, "w", TLOG_COSIGNATURE, 3, &seed);
    bytes_clear(&text);
    tlog_key_text(&key, &text);
    assert_int_equal(tlog_key_parse(bytes_view(&text), &key, NULL), SH_OK);
    assert_int_equal(key.type, TLOG_COSIGNATURE);
    bytes_release(&text);
}

/* A verifier key of any type with material of len bytes. */
static void odd_key(struct bytes *out, const char *name, uint8_t type, size_t len)
{
    uint8_t block[2000], digest[32];
    size_t name_len = strlen(name);

    memcpy(block, name, name_len);
    block[name_len] = '\n';
    block[name_len + 1] = type;
    memset(block + name_len + 2, 'k', len);
    crypto.sha256(slice_of(block, name_len + 2 + len), digest);
    bytes_printf(out, "%s+%02x%02x%02x%02x+", name, digest[0], digest[1], digest[2], digest[3]);
    base64_build(out, slice_of(block + name_len + 1, 1 + len), BASE64_PADDED);
}

static void other_types_are_named(void **state)
{
    struct why why = {0};
    struct tlog_key key;
    struct bytes text;

    (void)state;
    bytes_init(&text, 4000);
    odd_key(&text, "w.example", TLOG_MLDSA44, TLOG_MLDSA44_KEY_BYTES);
    assert_int_equal(tlog_key_parse(bytes_view(&text), &key, &why), SH_EUNSUPPORTED);
    assert_non_null(strstr(why.text, "known, not supported"));
    assert_string_equal(key.name, "w.example");
    bytes_clear(&text);
    odd_key(&text, "w.example", TLOG_MLDSA44, TLOG_MLDSA44_KEY_BYTES - 1);
    assert_int_equal(tlog_key_parse(bytes_view(&text), &key, NULL), SH_EFORMAT);
    bytes_clear(&text);
    odd_key(&text, "w.example", 0x02, 91);
    assert_int_equal(tlog_key_parse(bytes_view(&text), &key, NULL), SH_EUNSUPPORTED);
    bytes_clear(&text);
    odd_key(&text, "w.example", TLOG_COSIGNATURE, 33);
    assert_int_equal(tlog_key_parse(bytes_view(&text), &key, NULL), SH_EFORMAT);
    bytes_clear(&text);
    odd_key(&text, "w.example", TLOG_MLDSA44, 1400);
    assert_int_equal(tlog_key_parse(bytes_view(&text), &key, NULL), SH_ELIMIT);
    bytes_release(&text);
}

static void cosignatures(void **state)
{
    struct tlog_key log, witness, other;
    struct secret log_seed, seed, other_seed;
    struct tlog_note note;
    struct bytes raw;
    uint64_t time = 0;

    (void)state;
    bytes_init(&raw, LIMIT_NOTE_BYTES);
    key_from(&log, "example.com/log", TLOG_ED25519, 1, &log_seed);
    key_from(&witness, "w.example/1", TLOG_COSIGNATURE, 2, &seed);
    key_from(&other, "w.example/1", TLOG_COSIGNATURE, 3, &other_seed);
    bytes_printf(&raw, "%s\n", head_text);
    sign_log(&raw, &log, &log_seed);
    assert_int_equal(
        tlog_cosignature_make(&raw, &witness, &other_seed, slice_text(head_text), 5), SH_EARG);
    assert_int_equal(
        tlog_cosignature_make(&raw, &witness, &seed, slice_text(head_text), 1795430000), SH_OK);
    assert_int_equal(tlog_note_parse(bytes_view(&raw), &note, NULL), SH_OK);
    assert_int_equal(tlog_note_verdict(&note, &log), TLOG_GOOD);
    assert_int_equal(tlog_note_verdict(&note, &witness), TLOG_GOOD);
    assert_int_equal(tlog_cosignature_verdict(&note, &witness, &time), TLOG_GOOD);
    assert_int_equal(time, 1795430000);
    assert_int_equal(tlog_cosignature_verdict(&note, &other, &time), TLOG_ABSENT);
    assert_int_equal(tlog_cosignature_verdict(&note, &log, &time), TLOG_ABSENT);
    /* The time is signed, and so is the whole text. */
    for (size_t at = 0; at < strlen(head_text); at++) {
        raw.ptr[at] ^= 1;
        if (tlog_note_parse(bytes_view(&raw), &note, NULL) == SH_OK)
            assert_int_equal(tlog_cosignature_verdict(&note, &witness, &time), TLOG_BAD);
        raw.ptr[at] ^= 1;
    }
    assert_int_equal(tlog_note_parse(bytes_view(&raw), &note, NULL), SH_OK);
    for (size_t at = raw.len - 90; at < raw.len - 2; at++) {
        uint8_t was = raw.ptr[at];

        raw.ptr[at] = was == 'A' ? 'B' : 'A';
        if (tlog_note_parse(bytes_view(&raw), &note, NULL) == SH_OK)
            assert_int_not_equal(tlog_cosignature_verdict(&note, &witness, &time), TLOG_GOOD);
        raw.ptr[at] = was;
    }
    bytes_release(&raw);
}

/* A time of 2^63 is refused though its signature holds. */
static void cosignatures_of_no_time(void **state)
{
    uint8_t data[TLOG_COSIGNATURE_BYTES] = {0x80};
    struct tlog_key witness;
    struct secret seed;
    struct tlog_note note;
    struct bytes raw, message;
    uint64_t time;

    (void)state;
    bytes_init(&raw, LIMIT_NOTE_BYTES);
    bytes_init(&message, LIMIT_NOTE_BYTES);
    key_from(&witness, "w.example/1", TLOG_COSIGNATURE, 2, &seed);
    tlog_cosignature_message(&message, slice_text(head_text), UINT64_C(1) << 63);
    assert_true(slice_starts(bytes_view(&message),
                             "cosignature/v1\ntime 9223372036854775808\nexample.com/log\n1\n"));
    crypto.ed25519_sign(&seed, bytes_view(&message), data + 8);
    bytes_printf(&raw, "%s\n", head_text);
    tlog_signature_line(&raw, &witness, slice_of(data, sizeof data));
    assert_int_equal(tlog_note_parse(bytes_view(&raw), &note, NULL), SH_OK);
    assert_int_equal(tlog_cosignature_verdict(&note, &witness, &time), TLOG_BAD);
    bytes_release(&message);
    bytes_release(&raw);
}

/* ---- .tlog-proof ---- */

#define HASH_LINE "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n"
#define NOTE                                                                                   \
    "example.com/log\n3\n" HASH_LINE "\n"                                                      \
    "\xe2\x80\x94 example.com/log AAAAAAAA\n"

static int spicy(const char *text, struct tlog_spicy *out)
{
    return tlog_spicy_parse(slice_text(text), out, NULL);
}

static void proofs_have_one_form(void **state)
{
    static const char *const good[] = {
        "c2sp.org/tlog-proof@v1\nindex 0\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex 2\n" HASH_LINE HASH_LINE "\n" NOTE,
        "c2sp.org/tlog-proof@v1\nextra AA==\nindex 1\n" HASH_LINE "\n" NOTE,
        "c2sp.org/tlog-proof@v1\nextra AAAAAAA=\nindex 1\n" HASH_LINE "\n" NOTE,
    };
    static const char *const bad[] = {
        "",
        "c2sp.org/tlog-proof@v2\nindex 0\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\r\nindex 0\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex 00\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex -1\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex 3\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex 9223372036854775808\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex 18446744073709551616\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex \n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex 0 \n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex  0\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex 0\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex 0\n\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex 0\r\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nextra\nindex 0\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nextra \nindex 0\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nextra AA\nindex 0\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nextra AA==AA==\nindex 0\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nextra AB==\nindex 0\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nextra A A=\nindex 0\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nextra AA==\nextra AA==\nindex 0\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex 0\nextra AA==\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex 0\n " HASH_LINE "\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex 0\n\nexample.com/log\n3\n" HASH_LINE,
        "c2sp.org/tlog-proof@v1\nindex 0\n\nexample.com/log\n03\n" HASH_LINE "\n"
        "\xe2\x80\x94 example.com/log AAAAAAAA\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n\nno checkpoint\n\n"
        "\xe2\x80\x94 example.com/log AAAAAAAA\n",
    };
    struct tlog_spicy found;
    struct bytes again;

    (void)state;
    bytes_init(&again, LIMIT_PROOF_BYTES);
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_int_equal(spicy(good[i], &found), SH_OK);
        bytes_clear(&again);
        tlog_spicy_build(&again, &found);
        assert_true(slice_equal(bytes_view(&again), slice_text(good[i])));
        for (size_t len = 0; len < strlen(good[i]); len++)
            assert_int_equal(tlog_spicy_parse(slice_of(good[i], len), &found, NULL),
                             SH_EFORMAT);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (spicy(bad[i], &found) != SH_EFORMAT)
            fail_msg("accepted: %s", bad[i]);
    bytes_release(&again);
}

static void proofs_at_their_limits(void **state)
{
    struct tlog_spicy found;
    struct bytes text;

    (void)state;
    bytes_init(&text, 2 * LIMIT_PROOF_BYTES);
    for (size_t hashes = 63; hashes <= 64; hashes++) {
        bytes_clear(&text);
        bytes_text(&text, "c2sp.org/tlog-proof@v1\nindex 0\n");
        for (size_t i = 0; i < hashes; i++)
            bytes_text(&text, HASH_LINE);
        bytes_text(&text, "\n" NOTE);
        assert_int_equal(tlog_spicy_parse(bytes_view(&text), &found, NULL),
                         hashes == 63 ? SH_OK : SH_ELIMIT);
    }
    for (size_t over = 0; over < 2; over++) {
        size_t frame = strlen("c2sp.org/tlog-proof@v1\nextra \nindex 0\n\n" NOTE);

        bytes_clear(&text);
        bytes_text(&text, "c2sp.org/tlog-proof@v1\nextra ");
        for (size_t i = 0; i < (LIMIT_PROOF_BYTES - frame) / 4 + over; i++)
            bytes_text(&text, "AAAA");
        bytes_text(&text, "\nindex 0\n\n" NOTE);
        assert_int_equal(tlog_spicy_parse(bytes_view(&text), &found, NULL),
                         over ? SH_ELIMIT : SH_OK);
    }
    bytes_release(&text);
}

/* ---- policies ---- */

static struct tlog_policy policy;

/* The example of the specification, with keys of ours: log 1, X1..X3 11..13, Y1..Y3 21..23. */
static void policy_text(struct bytes *out)
{
    static const char *const names[] = {"X1", "X2", "X3", "Y1", "Y2", "Y3"};
    static const uint8_t seeds[] = {11, 12, 13, 21, 22, 23};
    struct secret seed;
    struct tlog_key key;

    bytes_text(out, "# a comment\n\n \t\nlog ");
    key_from(&key, "example.com/log", TLOG_ED25519, 1, &seed);
    tlog_key_text(&key, out);
    bytes_text(out, " https://log.example/\n");
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        bytes_printf(out, "\twitness  %s \t", names[i]);
        key_from(&key, names[i], TLOG_COSIGNATURE, seeds[i], &seed);
        tlog_key_text(&key, out);
        bytes_text(out, " \n");
        if (i == 2)
            bytes_text(out, "group X-witnesses 2 X1 X2 X3\n");
    }
    bytes_text(out, "group Y-witnesses any Y1 Y2 Y3\n"
                    "group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n");
}

/* A checkpoint signed by the log if `log`, and by the witnesses whose bits are set. */
static void cosigned(struct bytes *out, bool log, unsigned witnesses)
{
    static const char *const names[] = {"X1", "X2", "X3", "Y1", "Y2", "Y3"};
    static const uint8_t seeds[] = {11, 12, 13, 21, 22, 23};
    struct secret seed;
    struct tlog_key key;

    bytes_clear(out);
    bytes_printf(out, "%s\n", head_text);
    key_from(&key, "example.com/log", TLOG_ED25519, log ? 1 : 99, &seed);
    sign_log(out, &key, &seed);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        key_from(&key, names[i], TLOG_COSIGNATURE, seeds[i], &seed);
        if (witnesses >> i & 1)
            assert_int_equal(
                tlog_cosignature_make(out, &key, &seed, slice_text(head_text), 100 + i), SH_OK);
    }
}

static void every_subset_of_the_example(void **state)
{
    struct tlog_judgement judged;
    struct bytes text, raw;
    struct tlog_note note;

    (void)state;
    bytes_init(&text, LIMIT_POLICY_BYTES);
    bytes_init(&raw, LIMIT_NOTE_BYTES);
    policy_text(&text);
    assert_int_equal(tlog_policy_parse(bytes_view(&text), &policy, NULL), SH_OK);
    for (unsigned set = 0; set < 128; set++) {
        unsigned x = (set & 1) + (set >> 1 & 1) + (set >> 2 & 1), y = set >> 3 & 7;

        cosigned(&raw, set >> 6, set & 63);
        assert_int_equal(tlog_note_parse(bytes_view(&raw), &note, NULL), SH_OK);
        tlog_policy_judge(&policy, &note, slice_text("example.com/log"), &judged);
        assert_int_equal(judged.signed_by_log, set >> 6);
        assert_int_equal(judged.quorum, x >= 2 && y);
        assert_false(judged.bad);
        for (size_t i = 0; i < 6; i++)
            if (set >> i & 1)
                assert_int_equal(judged.time[i], 100 + i);
        tlog_policy_judge(&policy, &note, slice_text("example.com/other"), &judged);
        assert_false(judged.signed_by_log);
    }
    /* In the last cosignature. */
    raw.ptr[raw.len - 20] = raw.ptr[raw.len - 20] == 'A' ? 'B' : 'A';
    assert_int_equal(tlog_note_parse(bytes_view(&raw), &note, NULL), SH_OK);
    tlog_policy_judge(&policy, &note, slice_text("example.com/log"), &judged);
    assert_true(judged.bad);
    /* Every prefix that ends within a line is refused, and every one without its quorum. */
    for (size_t len = 0; len < text.len; len++)
        assert_int_not_equal(tlog_policy_parse(slice_of(text.ptr, len), &policy, NULL), SH_OK);
    bytes_release(&raw);
    bytes_release(&text);
}

/* lines with $N for a cosigner's key N and &N for a log's. */
static int policy_of(const char *lines)
{
    struct secret seed;
    struct tlog_key key;
    struct bytes text;
    int rc;

    bytes_init(&text, LIMIT_POLICY_BYTES);
    for (const char *at = lines; *at; at++) {
        if (*at != '$' && *at != '&') {
            bytes_u8(&text, (uint8_t)*at);
            continue;
        }
        key_from(&key, "name", *at == '$' ? TLOG_COSIGNATURE : TLOG_ED25519,
                 (uint8_t)(at[1] - '0'), &seed);
        tlog_key_text(&key, &text);
        at++;
    }
    rc = tlog_policy_parse(bytes_view(&text), &policy, NULL);
    bytes_release(&text);
    return rc;
}

static void policies_that_break_a_rule(void **state)
{
    static const char *const good[] = {
        "quorum none\n",
        "log &1\nquorum none\n",
        "witness A $1\nquorum A\nwitness B $2\n",
        "witness A $1 u\nwitness B $2\ngroup G 1 A B\nquorum G\n",
        "witness \xff $1\nquorum \xff\n",
        "witness log $1\ngroup all all log\nquorum all\n",
        "#\nquorum\tnone \n  # x\n",
    };
    static const char *const bad[] = {
        "",
        "log &1\n",
        "quorum none",
        "quorum none\r\n",
        "quorum none\nquorum none\n",
        "quorum\n",
        "quorum A\nwitness A $1\n",
        "quorum none x\n",
        "witness none $1\nquorum none\n",
        "group none all A\nquorum none\n",
        "witness A $1\nwitness A $2\nquorum A\n",
        "witness A $1\nwitness B $1\nquorum A\n",
        "log &1\nlog &1\nquorum none\n",
        "log $1\nquorum none\n",
        "witness A &1\nquorum A\n",
        "witness A $1 u v\nquorum A\n",
        "log &1 u v\nquorum none\n",
        "witness A\nquorum none\n",
        "witness\nquorum none\n",
        "log\nquorum none\n",
        "witness A $1\ngroup A all A\nquorum A\n",
        "witness A $1\ngroup G all A A\nquorum G\n",
        "witness A $1\ngroup G all A\ngroup H all A\nquorum G\n",
        "witness A $1\ngroup G all B\nquorum G\n",
        "witness A $1\ngroup G all G\nquorum G\n",
        "witness A $1\ngroup G 0 A\nquorum G\n",
        "witness A $1\ngroup G 2 A\nquorum G\n",
        "witness A $1\ngroup G 01 A\nquorum G\n",
        "witness A $1\ngroup G -1 A\nquorum G\n",
        "witness A $1\ngroup G 65537 A\nquorum G\n",
        "witness A $1\ngroup G all\nquorum A\n",
        "witness A $1\ngroup G\nquorum A\n",
        "witness A $1\ngroup G any none\nquorum A\n",
        "Quorum none\n",
        "quorum none\nmirror A\n",
        "quorum none\n\x7f\n",
        "quorum none\n\x01\n",
        "\xef\xbb\xbfquorum none\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++)
        if (policy_of(good[i]) != SH_OK)
            fail_msg("refused: %s", good[i]);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (policy_of(bad[i]) != SH_EFORMAT)
            fail_msg("accepted: %s", bad[i]);
    assert_int_equal(tlog_policy_parse(slice_of("quorum none\n\0", 13), &policy, NULL),
                     SH_EFORMAT);
}

/* LIMIT of each kind are read (32 are asked for), one more is refused; a chain of groups. */
static void policies_at_their_limits(void **state)
{
    struct secret seed;
    struct tlog_key key;
    struct bytes text;

    (void)state;
    bytes_init(&text, 2 * LIMIT_POLICY_BYTES);
    for (unsigned over = 0; over < 4; over++) {
        bytes_clear(&text);
        for (unsigned i = 0; i < LIMIT_POLICY_LOGS + (over == 1); i++) {
            key_from(&key, "log", TLOG_ED25519, (uint8_t)(i + 1), &seed);
            bytes_text(&text, "log ");
            tlog_key_text(&key, &text);
            bytes_text(&text, "\n");
        }
        for (unsigned i = 0; i < LIMIT_POLICY_WITNESSES + (over == 2); i++) {
            key_from(&key, "w", TLOG_COSIGNATURE, (uint8_t)(i + 100), &seed);
            bytes_printf(&text, "witness w%u ", i);
            tlog_key_text(&key, &text);
            bytes_text(&text, "\n");
        }
        bytes_text(&text, "group g0 all w0\n");
        for (unsigned i = 1; i < LIMIT_POLICY_GROUPS + (over == 3); i++)
            bytes_printf(&text, i < 64 ? "group g%u all g%u w%u\n" : "group g%u any g%u\n", i,
                         i - 1, i);
        bytes_text(&text, "quorum g63\n");
        assert_int_equal(tlog_policy_parse(bytes_view(&text), &policy, NULL),
                         over ? SH_ELIMIT : SH_OK);
    }
    bytes_clear(&text);
    bytes_text(&text, "quorum none\n");
    while (text.len <= LIMIT_POLICY_BYTES)
        bytes_text(&text, "#\n");
    assert_int_equal(tlog_policy_parse(bytes_view(&text), &policy, NULL), SH_ELIMIT);
    bytes_release(&text);
}

/* A witness with a key of a type that is not handled is named and never counts. */
static void policies_with_other_types(void **state)
{
    struct tlog_judgement judged;
    struct bytes text, raw;
    struct tlog_note note;

    (void)state;
    bytes_init(&text, LIMIT_POLICY_BYTES);
    bytes_init(&raw, LIMIT_NOTE_BYTES);
    bytes_text(&text, "witness pq ");
    odd_key(&text, "w.example", TLOG_MLDSA44, TLOG_MLDSA44_KEY_BYTES);
    bytes_text(&text, "\nquorum pq\n");
    assert_int_equal(tlog_policy_parse(bytes_view(&text), &policy, NULL), SH_OK);
    assert_false(policy.witness[0].supported);
    cosigned(&raw, true, 63);
    assert_int_equal(tlog_note_parse(bytes_view(&raw), &note, NULL), SH_OK);
    tlog_policy_judge(&policy, &note, slice_text("example.com/log"), &judged);
    assert_false(judged.quorum);
    assert_false(judged.bad);
    bytes_release(&raw);
    bytes_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inclusion_is_the_definition),
        cmocka_unit_test(inclusion_over_tiles),
        cmocka_unit_test(consistency_is_the_definition),
        cmocka_unit_test(few_tiles_are_read),
        cmocka_unit_test(what_a_reader_says_comes_back),
        cmocka_unit_test(verifier_keys),
        cmocka_unit_test(other_types_are_named),
        cmocka_unit_test(cosignatures),
        cmocka_unit_test(cosignatures_of_no_time),
        cmocka_unit_test(proofs_have_one_form),
        cmocka_unit_test(proofs_at_their_limits),
        cmocka_unit_test(every_subset_of_the_example),
        cmocka_unit_test(policies_that_break_a_rule),
        cmocka_unit_test(policies_at_their_limits),
        cmocka_unit_test(policies_with_other_types),
    };

    return cmocka_run_group_tests(tests, make_leaves, drop_leaves);
}
