/*
 * bench_log DIR N [checkins] -- a public tree of N entries, sealed ones but for entry 0 (with
 * "checkins": check-ins with their documents): entry tiles and tiles alone, in batches of 256,
 * without fsync, each batch with the partial tiles of its right edge as a log that is published
 * after each batch would have.  The identity note and the checkpoint are real, so that
 * `stillhere verify DIR` and the Go verifier can read it.  Its keys are fixed: worthless.
 * Prints one line of JSON.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "crypt/crypt.h"
#include "dispatch/dispatch.h"
#include "tlog/tlog.h"

#define BATCH 256
#define NOTE_MAX 65536

static const char *root_dir;

/* What of the tree is not yet in a full tile: one row of hashes for each level. */
struct edge {
    uint8_t hash[8][TLOG_TILE_WIDTH][TLOG_HASH_BYTES];
    uint64_t count[8]; /* hashes that the level ever got */
};

static _Noreturn void die(const char *what, const struct why *why)
{
    (void)fprintf(stderr, "bench_log: %s: %s\n", what, why ? why->text : strerror(errno));
    exit(1);
}

static double clock_s(clockid_t id)
{
    struct timespec now;

    (void)clock_gettime(id, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void make_parents(char *path)
{
    for (char *at = path + 1; *at; at++)
        if (*at == '/') {
            *at = '\0';
            (void)mkdir(path, 0755);
            *at = '/';
        }
}

static void put(const char *name, struct slice data)
{
    char path[4096];
    int fd;

    (void)snprintf(path, sizeof path, "%s/%s", root_dir, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0 && errno == ENOENT) {
        make_parents(path);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    }
    if (fd < 0 || write(fd, data.ptr, data.len) != (ssize_t)data.len || close(fd))
        die(path, NULL);
}

static void put_tile(uint8_t level, uint64_t number, uint16_t width, struct slice data)
{
    struct tlog_tile tile = {.level = level, .number = number, .width = width};
    char path[TLOG_PATH_BYTES];

    if (tlog_tile_path(&tile, path, NULL))
        bug("a tile without a path");
    put(path, data);
}

/* ---- keys and the identity note ---- */

static void key_fill(struct identity_key *key, enum key_role role, enum key_alg alg,
                     uint8_t tag)
{
    static const char *const roles[] = {"identity", "log", "c2pa-ca", "archive"};
    static const char *const algs[] = {"ed25519", "x25519", "es256"};
    struct secret secret;

    memset(secret.byte, tag, sizeof secret.byte);
    *key = (struct identity_key){.role = role, .alg = alg};
    key->role_text = slice_text(roles[role]);
    key->alg_text = slice_text(algs[alg]);
    key->until = ENTRY_NO_REF;
    key->revoked = ENTRY_NO_REF;
    key->bytes_len = alg == ALG_ES256 ? CRYPT_SPKI_BYTES : CRYPT_KEY_BYTES;
    if (alg == ALG_ED25519)
        crypto.ed25519_public(&secret, key->bytes);
    else if (alg == ALG_X25519)
        crypto.x25519_public(&secret, key->bytes);
    else if (!crypt_es256_public(&secret, key->bytes))
        bug("a bad scalar");
    identity_key_id(key->alg_text, slice_of(key->bytes, key->bytes_len), key->id);
}

static void sign_note(struct bytes *note, const char *name, uint8_t tag)
{
    struct secret secret;
    struct tlog_key key;
    struct why why = {0};
    uint8_t public_key[CRYPT_KEY_BYTES], signature[CRYPT_SIGNATURE_BYTES];

    memset(secret.byte, tag, sizeof secret.byte);
    crypto.ed25519_public(&secret, public_key);
    crypto.ed25519_sign(&secret, bytes_view(note), signature);
    if (tlog_key_init(&key, name, TLOG_ED25519, public_key, &why))
        die("key", &why);
    bytes_text(note, "\n");
    tlog_signature_line(note, &key, slice_of(signature, sizeof signature));
    if (bytes_check(note, &why))
        die("note", &why);
}

static void write_identity(struct channel_id *id)
{
    struct identity_key keys[4];
    struct identity identity = {.name = slice_text("Bench"), .lang = slice_text("en")};
    char name[CHANNEL_ORIGIN_BYTES], short_id[CHANNEL_SHORT_ID_BYTES], path[80];
    struct secret ca_secret;
    struct crypt_ca ca = {.scalar = &ca_secret, .short_id = short_id, .year = 2026};
    struct bytes note, pem;
    struct why why = {0};

    key_fill(&keys[0], KEY_IDENTITY, ALG_ED25519, 1);
    key_fill(&keys[1], KEY_LOG, ALG_ED25519, 2);
    key_fill(&keys[2], KEY_C2PA_CA, ALG_ES256, 3);
    key_fill(&keys[3], KEY_ARCHIVE, ALG_X25519, 4);
    identity.threshold = 1;
    identity.keys = keys;
    identity.key_count = COUNT_OF(keys);
    bytes_init(&note, NOTE_MAX);
    bytes_init(&pem, NOTE_MAX);
    if (identity_build(&identity, &note, &why))
        die("identity", &why);
    channel_id_of_note(bytes_view(&note), id);
    channel_identity_name(id, name);
    channel_id_short(id, short_id);
    sign_note(&note, name, 1);
    put("id/0.note", bytes_view(&note));
    put("id/current", bytes_view(&note));
    memset(ca_secret.byte, 3, sizeof ca_secret.byte);
    if (crypt_ca_build(&ca, &pem, &why))
        die("certificate", &why);
    /* identity_build may have sorted the keys. */
    key_fill(&keys[0], KEY_C2PA_CA, ALG_ES256, 3);
    (void)snprintf(path, sizeof path, "id/c2pa-ca-%s.pem", keys[0].id);
    put(path, bytes_view(&pem));
    bytes_release(&note);
    bytes_release(&pem);
}

/* ---- the tree ---- */

static void add_hash(struct edge *edge, const uint8_t *hash)
{
    uint8_t parent[TLOG_HASH_BYTES];

    memcpy(edge->hash[0][edge->count[0]++ % TLOG_TILE_WIDTH], hash, TLOG_HASH_BYTES);
    for (uint8_t level = 0; level < 7 && edge->count[level] % TLOG_TILE_WIDTH == 0; level++) {
        const uint8_t *row = edge->hash[level][0];

        put_tile(level, edge->count[level] / TLOG_TILE_WIDTH - 1, TLOG_TILE_WIDTH,
                 slice_of(row, (size_t)TLOG_TILE_WIDTH * TLOG_HASH_BYTES));
        tlog_subtree_root(row, TLOG_TILE_WIDTH, parent);
        memcpy(edge->hash[level + 1][edge->count[level + 1]++ % TLOG_TILE_WIDTH], parent,
               TLOG_HASH_BYTES);
    }
}

static void put_edge(const struct edge *edge, uint64_t size)
{
    for (uint8_t level = 0; level < 8; level++) {
        uint16_t width = tlog_partial_width(size, level);

        if (width)
            put_tile(level, edge->count[level] / TLOG_TILE_WIDTH, width,
                     slice_of(edge->hash[level][0], (size_t)width * TLOG_HASH_BYTES));
    }
}

static bool with_documents;

/* A check-in, and its document where it belongs. */
static void put_checkin(const struct channel_id *id, uint64_t index, const uint8_t *random,
                        uint8_t hash[32])
{
    static struct bytes raw;
    struct document doc = {.kind = DOC_DISPATCH,
                           .channel = slice_text(id->text),
                           .published = 1700000000 + index,
                           .status = slice_text("well"),
                           .of = ENTRY_NO_REF};
    struct doc_text words = {slice_text("en"), slice_text("Still here, and thinking of you")};
    char path[TREE_PATH_BYTES];
    struct why why = {0};

    memcpy(doc.salt, random, sizeof doc.salt);
    memcpy(doc.dispatch, random, sizeof doc.dispatch);
    doc.words = &words;
    doc.word_count = 1;
    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    if (document_build(&doc, &raw, &why))
        die("document", &why);
    crypto.sha256(bytes_view(&raw), hash);
    tree_document_path(hash, path);
    put(path, bytes_view(&raw));
    bytes_release(&raw);
}

static void add_batch(struct edge *edge, struct tlog_range *range, uint64_t end,
                      const uint8_t *random, const struct channel_id *id)
{
    static struct bytes tile;
    uint64_t number = range->size / TLOG_TILE_WIDTH;

    bytes_init(&tile, (size_t)TLOG_TILE_WIDTH * (2 + LIMIT_ENTRY_BYTES));
    while (range->size < end) {
        struct entry entry = {.type = ENTRY_SEALED, .ref = ENTRY_NO_REF};
        char line[LIMIT_ENTRY_BYTES + 1];
        uint8_t leaf[TLOG_HASH_BYTES];
        size_t len;

        if (!range->size)
            entry.type = ENTRY_IDENTITY;
        memcpy(entry.hash, range->size ? random + 32 * range->size : id->hash, 32);
        if (range->size && with_documents) {
            entry.type = ENTRY_DISPATCH;
            put_checkin(id, range->size, random + 32 * range->size, entry.hash);
        }
        len = entry_build(&entry, line);
        tlog_entry_tile_add(&tile, slice_of(line, len));
        tlog_leaf_hash(slice_of(line, len), leaf);
        tlog_range_append(range, leaf);
        add_hash(edge, leaf);
    }
    if (bytes_check(&tile, NULL))
        die("entry tile", NULL);
    put_tile(TLOG_LEVEL_ENTRIES, number, (uint16_t)(end - number * TLOG_TILE_WIDTH),
             bytes_view(&tile));
    put_edge(edge, end);
    bytes_release(&tile);
}

static void write_checkpoint(const struct tlog_range *range, const struct channel_id *id)
{
    struct tlog_checkpoint checkpoint = {.size = range->size};
    char origin[CHANNEL_ORIGIN_BYTES];
    struct bytes note;

    channel_origin(id, origin);
    checkpoint.origin = slice_text(origin);
    tlog_range_root(range, checkpoint.root);
    bytes_init(&note, NOTE_MAX);
    tlog_checkpoint_build(&note, &checkpoint);
    sign_note(&note, origin, 2);
    put("checkpoint", bytes_view(&note));
    bytes_release(&note);
}

static void print_result(const struct channel_id *id, uint64_t count, double cpu, double wall)
{
    struct secret secret;
    struct tlog_key key;
    struct bytes vkey;
    char origin[CHANNEL_ORIGIN_BYTES];
    uint8_t public_key[CRYPT_KEY_BYTES];

    memset(secret.byte, 2, sizeof secret.byte);
    crypto.ed25519_public(&secret, public_key);
    channel_origin(id, origin);
    bytes_init(&vkey, 1000);
    if (tlog_key_init(&key, origin, TLOG_ED25519, public_key, NULL))
        die("key", NULL);
    tlog_key_text(&key, &vkey);
    (void)printf("{\"entries\":%llu,\"cpu_s\":%.3f,\"wall_s\":%.3f,\"per_wall_s\":%.0f,"
                 "\"vkey\":\"%.*s\"}\n",
                 (unsigned long long)count, cpu, wall, (double)count / wall, (int)vkey.len,
                 (const char *)vkey.ptr);
    bytes_release(&vkey);
}

int main(int argc, char **argv)
{
    static struct edge edge;
    static struct tlog_range range;
    uint64_t count;
    struct channel_id id;
    uint8_t *random;
    double cpu, wall;
    FILE *source;

    with_documents = argc == 4 && strcmp(argv[3], "checkins") == 0;
    if ((argc != 3 && !with_documents) ||
        !decimal_parse(slice_text(argv[2]), 100000000, &count) || !count) {
        (void)fputs("usage: bench_log DIR N [checkins]\n", stderr);
        return 2;
    }
    root_dir = argv[1];
    (void)mkdir(root_dir, 0755);
    random = malloc(count * 32);
    source = fopen("/dev/urandom", "rb");
    if (!random || !source || fread(random, 32, count, source) != count)
        die("random bytes", NULL);
    (void)fclose(source);
    write_identity(&id);
    tlog_range_init(&range);
    cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID);
    wall = clock_s(CLOCK_MONOTONIC);
    while (range.size < count)
        add_batch(&edge, &range, range.size + BATCH < count ? range.size + BATCH : count,
                  random, &id);
    cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    wall = clock_s(CLOCK_MONOTONIC) - wall;
    write_checkpoint(&range, &id);
    print_result(&id, count, cpu, wall);
    free(random);
    return 0;
}
