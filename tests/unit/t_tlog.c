/* tlog: hashing, tiles, notes, checkpoints, against others' logs and the specs' words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tlog/tlog.h"

/* ---- reading test data ---- */

static bool read_shared(const char *name, struct bytes *out)
{
    const char *shared = getenv("STILLHERE_SHARED"), *source = getenv("STILLHERE_SOURCE");
    uint8_t part[4096];
    char path[2000];
    size_t got;
    FILE *in;

    if (shared)
        (void)snprintf(path, sizeof path, "%s/vectors/log/%s", shared, name);
    else
        (void)snprintf(path, sizeof path, "%s/../shared/vectors/log/%s", source ? source : ".",
                       name);
    bytes_clear(out);
    in = fopen(path, "rb");
    if (!in) {
        print_message("# skipped: no %s here\n", name);
        return false;
    }
    while ((got = fread(part, 1, sizeof part, in)) > 0)
        bytes_append(out, part, got);
    (void)fclose(in);
    assert_int_equal(bytes_check(out, NULL), 0);
    return true;
}

static void leaf_number(uint64_t i, uint8_t out[32])
{
    char entry[32];
    int len = snprintf(entry, sizeof entry, "entry %llu", (unsigned long long)i);

    tlog_leaf_hash(slice_of(entry, (size_t)len), out);
}

/* ---- hashing ---- */

/* The root of 2^log2 leaves from `from` on: a perfect tree. */
static void perfect(uint64_t from, unsigned log2, uint8_t out[32])
{
    uint8_t row[1024][32];

    assert_true(log2 <= 10);
    for (uint64_t i = 0; i < UINT64_C(1) << log2; i++)
        leaf_number(from + i, row[i]);
    for (size_t count = (size_t)1 << log2; count > 1; count /= 2)
        for (size_t i = 0; i < count / 2; i++)
            tlog_node_hash(row[2 * i], row[2 * i + 1], row[i]);
    memcpy(out, row[0], 32);
}

/*
 * RFC 6962 2.1 splits at the largest power of two below n: a tree is a perfect left part and,
 * to its right, a smaller tree.  So its perfect parts are the ones of n, folded from the right.
 */
static void definition(uint64_t from, uint64_t count, uint8_t out[32])
{
    bool have = false;

    crypto.sha256(slice_of(NULL, 0), out);
    for (unsigned bit = 0; count >> bit; bit++) {
        uint64_t right = count & ((UINT64_C(2) << bit) - 1);
        uint8_t part[32];

        if (!(count >> bit & 1))
            continue;
        perfect(from + count - right, bit, part);
        if (have)
            tlog_node_hash(part, out, out);
        else
            memcpy(out, part, 32);
        have = true;
    }
}

static void range_is_the_definition(void **state)
{
    struct tlog_range range;

    (void)state;
    tlog_range_init(&range);
    for (uint64_t size = 0; size < 600; size++) {
        uint8_t root[32], wanted[32], leaf[32];

        tlog_range_root(&range, root);
        definition(0, size, wanted);
        assert_memory_equal(root, wanted, 32);
        leaf_number(size, leaf);
        tlog_range_append(&range, leaf);
    }
}

static void subtree_is_the_definition(void **state)
{
    uint8_t hashes[256][32], root[32], wanted[32];

    (void)state;
    for (uint64_t i = 0; i < 256; i++)
        leaf_number(i, hashes[i]);
    for (size_t count = 1; count <= 256; count++) {
        tlog_subtree_root(hashes[0], count, root);
        definition(0, count, wanted);
        assert_memory_equal(root, wanted, 32);
    }
}

/* Leaf and node of the empty entry and of long ones; out may be an input. */
static void hashes_have_their_prefixes(void **state)
{
    static uint8_t data[3000];
    uint8_t wanted[32], found[32];

    (void)state;
    for (size_t len = 0; len + 1 < sizeof data; len += 7) {
        memset(data, 'x', sizeof data);
        data[0] = 0;
        crypto.sha256(slice_of(data, 1 + len), wanted);
        tlog_leaf_hash(slice_of(data + 1, len), found);
        assert_memory_equal(found, wanted, 32);
    }
    data[0] = 1;
    crypto.sha256(slice_of(data, 65), wanted);
    memset(found, 'x', 32);
    tlog_node_hash(found, found, found);
    assert_memory_equal(found, wanted, 32);
}

/* ---- tiles ---- */

static void path_is(uint8_t level, uint64_t number, uint16_t width, const char *wanted)
{
    struct tlog_tile tile = {.level = level, .number = number, .width = width};
    char path[TLOG_PATH_BYTES];

    assert_int_equal(tlog_tile_path(&tile, path, NULL), SH_OK);
    assert_string_equal(path, wanted);
}

static void paths_of_the_spec(void **state)
{
    struct tlog_tile tile = {.level = 64, .width = 1};
    char path[TLOG_PATH_BYTES];

    (void)state;
    path_is(0, 1234067, 256, "tile/0/x001/x234/067");
    path_is(TLOG_LEVEL_ENTRIES, 273, 112, "tile/entries/273.p/112");
    path_is(63, 0, 255, "tile/63/000.p/255");
    path_is(7, 999, 1, "tile/7/999.p/1");
    path_is(1, 1000, 256, "tile/1/x001/000");
    path_is(0, UINT64_MAX, 255, "tile/0/x018/x446/x744/x073/x709/x551/615.p/255");
    tlog_number_path(4, path);
    assert_string_equal(path, "004");
    tlog_number_path(UINT64_MAX, path);
    assert_true(strlen(path) < TLOG_NUMBER_BYTES);
    assert_int_equal(tlog_tile_path(&tile, path, NULL), SH_EARG);
    tile = (struct tlog_tile){.width = 0};
    assert_int_equal(tlog_tile_path(&tile, path, NULL), SH_EARG);
    tile.width = 257;
    assert_int_equal(tlog_tile_path(&tile, path, NULL), SH_EARG);
}

/* The worked examples of tlog-tiles, "Partial Tiles". */
static void partial_widths_of_the_spec(void **state)
{
    (void)state;
    assert_int_equal(70000 / 256, 273);
    assert_int_equal(tlog_partial_width(70000, 0), 112);
    assert_int_equal(tlog_partial_width(70000, 1), 17);
    assert_int_equal(tlog_partial_width(70000, 2), 1);
    assert_int_equal(tlog_partial_width(70000, 3), 0);
    assert_int_equal(tlog_partial_width(256, 0), 0);
    assert_int_equal(tlog_partial_width(256, 1), 1);
    assert_int_equal(tlog_partial_width(LIMIT_LOG_SIZE, 5), 1);
    for (unsigned level = 6; level <= TLOG_LEVEL_MAX; level++)
        assert_int_equal(tlog_partial_width(LIMIT_LOG_SIZE, (uint8_t)level), 0);
}

/*
 * Fold a partial tile into the root of everything right of it: its hashes as perfect subtrees,
 * the smallest (right-most) first.
 */
static void fold_edge(const uint8_t *hashes, size_t width, uint8_t root[32], bool *have)
{
    for (size_t piece = 1; width; piece *= 2) {
        uint8_t peak[32];

        if (!(width & piece))
            continue;
        width -= piece;
        tlog_subtree_root(hashes + 32 * width, piece, peak);
        if (*have)
            tlog_node_hash(peak, root, root);
        else
            memcpy(root, peak, 32);
        *have = true;
    }
}

/*
 * The 70,000-entry tree of the spec, built in tiles level by level: the tiles alone give the
 * root that the compact range gives.
 */
static void seventy_thousand(void **state)
{
    const size_t size = 70000;
    uint8_t *row = calloc(size, 32), root[32], wanted[32];
    struct tlog_range range;
    size_t count = size, tiles = 0;
    bool have = false;

    (void)state;
    assert_non_null(row);
    tlog_range_init(&range);
    for (size_t i = 0; i < size; i++) {
        leaf_number(i, row + 32 * i);
        tlog_range_append(&range, row + 32 * i);
    }
    tlog_range_root(&range, wanted);
    for (uint8_t level = 0; count; level++, count /= 256) {
        uint16_t width = tlog_partial_width(size, level);

        assert_int_equal(width, count % 256);
        tiles += (count + 255) / 256;
        fold_edge(row + 32 * (count - width), width, root, &have);
        for (size_t i = 0; i < count / 256; i++)
            tlog_subtree_root(row + 32 * 256 * i, 256, row + 32 * i);
    }
    assert_memory_equal(root, wanted, 32);
    assert_int_equal(tiles, 274 + 2 + 1);
    free(row);
}

static void entry_tiles_keep_their_entries(void **state)
{
    static uint8_t big[65535];
    struct bytes tile;
    struct cursor cur;
    struct slice entry;
    size_t borders[4] = {0, 2 + 3, 2 + 3 + 2, 2 + 3 + 2 + 2 + 65535}, border = 0;

    (void)state;
    bytes_init(&tile, 1 << 20);
    tlog_entry_tile_add(&tile, slice_text("abc"));
    tlog_entry_tile_add(&tile, slice_of(NULL, 0));
    tlog_entry_tile_add(&tile, slice_of(big, sizeof big));
    assert_int_equal(bytes_check(&tile, NULL), 0);
    assert_int_equal(tile.len, borders[3]);
    for (size_t len = 0; len <= tile.len; len++) {
        size_t entries = 0;

        cur = cursor_of(slice_of(tile.ptr, len));
        while (tlog_entry_tile_next(&cur, &entry))
            entries++;
        border = len >= borders[3] ? 3 : len >= borders[2] ? 2 : len >= borders[1] ? 1 : 0;
        assert_int_equal(entries, border);
        assert_int_equal(cur.failed, len != borders[border]);
    }
    cur = cursor_of(bytes_view(&tile));
    assert_true(tlog_entry_tile_next(&cur, &entry));
    assert_true(slice_equal(entry, slice_text("abc")));
    bytes_release(&tile);
}

/* ---- notes ---- */

#define EXAMPLE_TEXT "This is an example message.\n"
#define EXAMPLE_LINE                                                                           \
    "\xe2\x80\x94 example.com/foo "                                                            \
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72Iney" \
    "aQM=\n"
#define EXAMPLE EXAMPLE_TEXT "\n" EXAMPLE_LINE
#define EXAMPLE_VKEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"

static void key_of_vkey(const char *vkey, struct tlog_key *key)
{
    const char *plus = strchr(vkey, '+');
    struct bytes raw, again;
    char name[256];

    assert_non_null(plus);
    (void)snprintf(name, sizeof name, "%.*s", (int)(plus - vkey), vkey);
    bytes_init(&raw, 100);
    bytes_init(&again, 1000);
    assert_true(base64_parse(&raw, slice_text(plus + 10), BASE64_PADDED));
    assert_int_equal(raw.len, 33);
    assert_int_equal(tlog_key_init(key, name, raw.ptr[0], raw.ptr + 1, NULL), 0);
    tlog_key_text(key, &again);
    assert_true(slice_equal(bytes_view(&again), slice_text(vkey)));
    bytes_release(&raw);
    bytes_release(&again);
}

static void example_of_signed_note(void **state)
{
    struct tlog_signature signature;
    struct tlog_note note;
    struct tlog_key key;

    (void)state;
    key_of_vkey(EXAMPLE_VKEY, &key);
    assert_int_equal(key.id, 0x530d903a);
    assert_int_equal(tlog_note_parse(slice_text(EXAMPLE), &note, NULL), 0);
    assert_true(slice_equal(note.text, slice_text(EXAMPLE_TEXT)));
    assert_int_equal(note.signatures, 1);
    tlog_note_signature(&note, 0, &signature);
    assert_int_equal(signature.key_id, key.id);
    assert_int_equal(signature.data_len, 64);
    assert_true(slice_equal(signature.name, slice_text("example.com/foo")));
    assert_int_equal(tlog_note_verdict(&note, &key), TLOG_GOOD);
    key.id ^= 1;
    assert_int_equal(tlog_note_verdict(&note, &key), TLOG_ABSENT);
    key.id ^= 1;
    key.public_key[0] ^= 1;
    assert_int_equal(tlog_note_verdict(&note, &key), TLOG_BAD);
}

static void every_flip_of_the_example_is_seen(void **state)
{
    uint8_t raw[sizeof EXAMPLE - 1];
    struct tlog_note note;
    struct tlog_key key;

    (void)state;
    key_of_vkey(EXAMPLE_VKEY, &key);
    memcpy(raw, EXAMPLE, sizeof raw);
    for (size_t bit = 0; bit < 8 * sizeof raw; bit++) {
        raw[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (!tlog_note_parse(slice_of(raw, sizeof raw), &note, NULL))
            assert_int_not_equal(tlog_note_verdict(&note, &key), TLOG_GOOD);
        raw[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void every_prefix_of_the_example_is_refused(void **state)
{
    struct tlog_note note;

    (void)state;
    for (size_t len = 0; len < sizeof EXAMPLE - 1; len++)
        assert_int_equal(tlog_note_parse(slice_of(EXAMPLE, len), &note, NULL), SH_EFORMAT);
}

static void refused(const char *raw, size_t len, int code)
{
    struct tlog_note note;
    struct why why = {0};
    int rc = tlog_note_parse(slice_of(raw, len), &note, &why);

    if (rc != code)
        fail_msg("got %d (%s), wanted %d for: %s", rc, why.text, code, raw);
    assert_true(why.text[0]);
}
#define REFUSED(raw) refused(raw, sizeof raw - 1, SH_EFORMAT)
#define DASH "\xe2\x80\x94"

static void notes_that_break_a_rule(void **state)
{
    (void)state;
    REFUSED("text\n" EXAMPLE_LINE);                          /* no blank line */
    REFUSED("text\n\n");                                     /* no signature line */
    REFUSED("te\rxt\n\n" EXAMPLE_LINE);                      /* control character */
    REFUSED("te\txt\n\n" EXAMPLE_LINE);                      /* control character */
    REFUSED("te\0xt\n\n" EXAMPLE_LINE);                      /* control character */
    REFUSED("te\xffxt\n\n" EXAMPLE_LINE);                    /* not UTF-8 */
    REFUSED("text\n\n- name AAAAAAE=\n");                    /* a hyphen for the dash */
    REFUSED("text\n\n" DASH "name AAAAAAE=\n");              /* no space after the dash */
    REFUSED("text\n\n" DASH "  AAAAAAE=\n");                 /* empty name */
    REFUSED("text\n\n" DASH " name\n");                      /* no base64 */
    REFUSED("text\n\n" DASH " name \n");                     /* empty base64 */
    REFUSED("text\n\n" DASH " name AAAAAAE= \n");            /* something after it */
    REFUSED("text\n\n" DASH " na+me AAAAAAE=\n");            /* plus in a name */
    REFUSED("text\n\n" DASH " na\xc2\xa0me AAAAAAE=\n");     /* no-break space in a name */
    REFUSED("text\n\n" DASH " na\xe3\x80\x80me AAAAAAE=\n"); /* ideographic space in a name */
    REFUSED("text\n\n" DASH " name AAAAAA==\n");             /* key id without a signature */
    REFUSED("text\n\n" DASH " name AAAAAAF=\n");             /* unused bits are not zero */
    REFUSED("text\n\n" DASH " name AAAAAAE\n");              /* no padding */
    REFUSED("text\n\n" DASH " name AAAAAA-_\n");             /* the other alphabet */
    REFUSED("text\n\n" DASH " name AAAAAAE=");               /* no newline at the end */
    REFUSED("text\n\n" EXAMPLE_LINE "more\n"); /* something that is no signature line */
}

static void lines_of(struct bytes *out, size_t count)
{
    bytes_clear(out);
    bytes_text(out, "text\n\n");
    for (size_t i = 0; i < count; i++)
        bytes_printf(out, DASH " name%zu AAAAAAE=\n", i);
}

static void notes_at_their_limits(void **state)
{
    static char longest[256];
    struct tlog_note note;
    struct bytes raw;

    (void)state;
    bytes_init(&raw, 1 << 20);
    lines_of(&raw, 100);
    assert_int_equal(tlog_note_parse(bytes_view(&raw), &note, NULL), 0);
    assert_int_equal(note.signatures, 100);
    lines_of(&raw, 101);
    refused((const char *)raw.ptr, raw.len, SH_ELIMIT);
    memset(longest, 'n', 255);
    for (int extra = 0; extra < 2; extra++) {
        bytes_clear(&raw);
        bytes_printf(&raw, "text\n\n" DASH " %s%s AAAAAAE=\n", longest, extra ? "n" : "");
        assert_int_equal(tlog_note_parse(bytes_view(&raw), &note, NULL),
                         extra ? SH_ELIMIT : SH_OK);
    }
    /* 4096 bytes of signature are read, 4097 are not; the whole note has its limit too. */
    for (size_t len = 4090; len < 4105; len++) {
        static uint8_t data[4 + 4105];
        struct tlog_signature signature;

        bytes_clear(&raw);
        bytes_text(&raw, "text\n\n" DASH " name ");
        base64_build(&raw, slice_of(data, 4 + len), BASE64_PADDED);
        bytes_text(&raw, "\n");
        assert_int_equal(tlog_note_parse(bytes_view(&raw), &note, NULL),
                         len > 4096 ? SH_ELIMIT : SH_OK);
        if (len <= 4096) {
            tlog_note_signature(&note, 0, &signature);
            assert_int_equal(signature.data_len, len);
        }
    }
    bytes_clear(&raw);
    while (raw.len < LIMIT_NOTE_BYTES)
        bytes_text(&raw, "0123456789abcde\n");
    bytes_text(&raw, "\n" EXAMPLE_LINE);
    refused((const char *)raw.ptr, raw.len, SH_ELIMIT);
    bytes_release(&raw);
}

/* A text may have blank lines of its own: the last one divides. */
static void the_last_blank_line_divides(void **state)
{
    struct tlog_note note;

    (void)state;
    assert_int_equal(tlog_note_parse(slice_text("a\n\nb\n\n" EXAMPLE_LINE), &note, NULL), 0);
    assert_true(slice_equal(note.text, slice_text("a\n\nb\n")));
    assert_int_equal(tlog_note_parse(slice_text("a\n\n\n" EXAMPLE_LINE), &note, NULL), 0);
    assert_true(slice_equal(note.text, slice_text("a\n\n")));
}

static void what_is_signed_verifies(void **state)
{
    struct secret seed = {{3}};
    struct tlog_key key, other;
    uint8_t public_key[32], signature[64];
    struct slice text = slice_text("stillhere/1/x\n0\n\nodd\n");
    struct tlog_note note;
    struct bytes raw;

    (void)state;
    crypto.ed25519_public(&seed, public_key);
    assert_int_equal(tlog_key_init(&key, "stillhere/1/x", TLOG_ED25519, public_key, NULL), 0);
    assert_int_equal(tlog_key_init(&other, "somebody", TLOG_ED25519, public_key, NULL), 0);
    crypto.ed25519_sign(&seed, text, signature);
    bytes_init(&raw, 10000);
    bytes_slice(&raw, text);
    bytes_text(&raw, "\n");
    bytes_text(&raw, DASH " grease AAAAAAE=\n"); /* an unknown key never disturbs */
    tlog_signature_line(&raw, &key, slice_of(signature, 64));
    signature[0] ^= 1;
    tlog_signature_line(&raw, &key, slice_of(signature, 64));   /* a second line is ignored */
    tlog_signature_line(&raw, &other, slice_of(signature, 63)); /* too short for its type */
    assert_int_equal(bytes_check(&raw, NULL), 0);
    assert_int_equal(tlog_note_parse(bytes_view(&raw), &note, NULL), 0);
    assert_int_equal(note.signatures, 4);
    assert_int_equal(tlog_note_verdict(&note, &key), TLOG_GOOD);
    assert_int_equal(tlog_note_verdict(&note, &other), TLOG_BAD);
    bytes_release(&raw);
}

static void keys_with_bad_names(void **state)
{
    static const char *const bad[] = {"", "a b", "a+b", "a\nb", "a\xc2\x85", "\xff", "a\tb"};
    static char longest[257];
    uint8_t public_key[32] = {0};
    struct tlog_key key;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(tlog_key_init(&key, bad[i], TLOG_ED25519, public_key, NULL), SH_EARG);
    memset(longest, 'a', 256);
    assert_int_equal(tlog_key_init(&key, longest, TLOG_ED25519, public_key, NULL), SH_EARG);
    longest[255] = 0;
    assert_int_equal(tlog_key_init(&key, longest, TLOG_ED25519, public_key, NULL), 0);
    assert_int_equal(tlog_key_init(&key, "a", 0x02, public_key, NULL), SH_EARG);
}

/* ---- checkpoints ---- */

#define EMPTY_ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define SOFA                                                                                   \
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

static void checkpoint_refused(const char *text, int code)
{
    struct tlog_checkpoint checkpoint;
    struct why why = {0};
    int rc = tlog_checkpoint_parse(slice_text(text), &checkpoint, &why);

    if (rc != code)
        fail_msg("got %d (%s), wanted %d for: %s", rc, why.text, code, text);
}

static void checkpoint_of_the_spec(void **state)
{
    struct tlog_checkpoint checkpoint;
    struct bytes again;

    (void)state;
    assert_int_equal(tlog_checkpoint_parse(slice_text(SOFA), &checkpoint, NULL), 0);
    assert_int_equal(checkpoint.size, 20852163);
    assert_true(slice_equal(checkpoint.origin, slice_text("example.com/behind-the-sofa")));
    assert_int_equal(checkpoint.root[0], 0x0a);
    assert_int_equal(checkpoint.root[31], 0x62);
    bytes_init(&again, 1000);
    tlog_checkpoint_build(&again, &checkpoint);
    assert_true(slice_equal(bytes_view(&again), slice_text(SOFA)));
    bytes_release(&again);
    for (size_t len = 0; len < sizeof SOFA - 1; len++)
        assert_int_equal(tlog_checkpoint_parse(slice_of(SOFA, len), &checkpoint, NULL),
                         SH_EFORMAT);
}

static void checkpoints_that_break_a_rule(void **state)
{
    struct tlog_checkpoint checkpoint;

    (void)state;
    assert_int_equal(
        tlog_checkpoint_parse(slice_text("o\n0\n" EMPTY_ROOT "\n"), &checkpoint, NULL), 0);
    checkpoint_refused("o\n00\n" EMPTY_ROOT "\n", SH_EFORMAT);
    checkpoint_refused("o\n\n" EMPTY_ROOT "\n", SH_EFORMAT);
    checkpoint_refused("o\n01\n" EMPTY_ROOT "\n", SH_EFORMAT);
    checkpoint_refused("o\n+1\n" EMPTY_ROOT "\n", SH_EFORMAT);
    checkpoint_refused("o\n-1\n" EMPTY_ROOT "\n", SH_EFORMAT);
    checkpoint_refused("o\n 1\n" EMPTY_ROOT "\n", SH_EFORMAT);
    checkpoint_refused("o\n0x1\n" EMPTY_ROOT "\n", SH_EFORMAT);
    checkpoint_refused("o\n18446744073709551616\n" EMPTY_ROOT "\n", SH_EFORMAT);
    checkpoint_refused("o\n18446744073709551615\n" EMPTY_ROOT "\n", SH_ELIMIT);
    checkpoint_refused("o\n1099511627777\n" EMPTY_ROOT "\n", SH_ELIMIT);
    assert_int_equal(tlog_checkpoint_parse(slice_text("o\n1099511627776\n" EMPTY_ROOT "\n"),
                                           &checkpoint, NULL),
                     0);
    checkpoint_refused("\n1\n" EMPTY_ROOT "\n", SH_EFORMAT);
    checkpoint_refused("o\x01\n1\n" EMPTY_ROOT "\n", SH_EFORMAT);
    checkpoint_refused("o\xff\n1\n" EMPTY_ROOT "\n", SH_EFORMAT);
    checkpoint_refused("o\n1\n" EMPTY_ROOT "\nextension\n", SH_EFORMAT);
    checkpoint_refused("o\n1\n" EMPTY_ROOT "\n\n", SH_EFORMAT);
    checkpoint_refused("o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n", SH_EFORMAT);
    checkpoint_refused("o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFUA\n", SH_EFORMAT);
    checkpoint_refused("o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuA==\n", SH_EFORMAT);
    checkpoint_refused("o\n0\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", SH_EFORMAT);
}

/* ---- other people's logs ---- */

#define TESSERA_VKEY                                                                           \
    "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"

static void tessera_checkpoint(uint64_t size, struct tlog_checkpoint *out, struct bytes *raw)
{
    struct tlog_note note;
    struct tlog_key key;
    struct why why = {0};
    char name[100];

    (void)snprintf(name, sizeof name, "tessera-log/testdata/log/checkpoint.%llu",
                   (unsigned long long)size);
    assert_true(read_shared(name, raw));
    key_of_vkey(TESSERA_VKEY, &key);
    assert_int_equal(tlog_note_parse(bytes_view(raw), &note, &why), 0);
    assert_int_equal(tlog_note_verdict(&note, &key), TLOG_GOOD);
    assert_int_equal(tlog_checkpoint_parse(note.text, out, &why), 0);
    assert_int_equal(out->size, size);
}

/* Tessera's test log: every checkpoint's signature, and its root from its own entry tile. */
static void tessera(void **state)
{
    struct bytes raw, tile;

    (void)state;
    bytes_init(&raw, 1 << 20);
    bytes_init(&tile, 1 << 20);
    if (!read_shared("tessera-log/testdata/log/checkpoint", &raw))
        skip();
    for (uint64_t size = 0; size <= 15; size++) {
        struct tlog_tile place = {TLOG_LEVEL_ENTRIES, 0, (uint16_t)size};
        struct tlog_checkpoint checkpoint;
        struct tlog_range range;
        char path[TLOG_PATH_BYTES], name[200];
        struct cursor cur;
        struct slice entry;
        uint8_t root[32], leaf[32];

        tessera_checkpoint(size, &checkpoint, &raw);
        tlog_range_init(&range);
        bytes_clear(&tile);
        if (size) {
            assert_int_equal(tlog_tile_path(&place, path, NULL), 0);
            (void)snprintf(name, sizeof name, "tessera-log/testdata/log/%s", path);
            assert_true(read_shared(name, &tile));
        }
        cur = cursor_of(bytes_view(&tile));
        while (tlog_entry_tile_next(&cur, &entry)) {
            tlog_leaf_hash(entry, leaf);
            tlog_range_append(&range, leaf);
        }
        assert_false(cur.failed);
        assert_int_equal(range.size, size);
        tlog_range_root(&range, root);
        assert_memory_equal(root, checkpoint.root, 32);
    }
    bytes_release(&raw);
    bytes_release(&tile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(range_is_the_definition),
        cmocka_unit_test(subtree_is_the_definition),
        cmocka_unit_test(hashes_have_their_prefixes),
        cmocka_unit_test(paths_of_the_spec),
        cmocka_unit_test(partial_widths_of_the_spec),
        cmocka_unit_test(seventy_thousand),
        cmocka_unit_test(entry_tiles_keep_their_entries),
        cmocka_unit_test(example_of_signed_note),
        cmocka_unit_test(every_flip_of_the_example_is_seen),
        cmocka_unit_test(every_prefix_of_the_example_is_refused),
        cmocka_unit_test(notes_that_break_a_rule),
        cmocka_unit_test(notes_at_their_limits),
        cmocka_unit_test(the_last_blank_line_divides),
        cmocka_unit_test(what_is_signed_verifies),
        cmocka_unit_test(keys_with_bad_names),
        cmocka_unit_test(checkpoint_of_the_spec),
        cmocka_unit_test(checkpoints_that_break_a_rule),
        cmocka_unit_test(tessera),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
