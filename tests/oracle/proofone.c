/*
 * proofone: our proofs behind a pipe, for a comparison with others'.  Hashes are in hex,
 * "-" is an empty proof.  In: one line a question.  Out: one line an answer.
 *   I INDEX SIZE LEAF ROOT PROOF    inclusion: "accept" or "refuse"
 *   C SIZE SIZE ROOT ROOT PROOF     consistency: likewise
 *   P INDEX SIZE   Q OLDER SIZE     the proof that we build, of a log of "0", "1", ...
 *   R SIZE                          its root
 *   T LEVEL NUMBER SIZE             "PATH DIGEST" of a tile as a log of that size has it
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tlog/tlog.h"

#define LEAVES 70000
#define LEVELS 3
static uint8_t (
    *row[LEVELS])[TLOG_HASH_BYTES]; /* row[l][i]: perfect subtree of 256^l entries */

static void stop(const char *what)
{
    (void)fprintf(stderr, "proofone: %s\n", what);
    exit(1);
}

static void make_rows(void)
{
    char entry[24];

    for (unsigned l = 0; l < LEVELS; l++)
        if (!(row[l] = calloc((unsigned)LEAVES >> 8 * l, sizeof *row[l])))
            stop("no memory");
    for (unsigned i = 0; i < LEAVES; i++) {
        (void)snprintf(entry, sizeof entry, "%u", i);
        tlog_leaf_hash(slice_text(entry), row[0][i]);
    }
    for (unsigned l = 1; l < LEVELS; l++)
        for (unsigned i = 0; i < (unsigned)LEAVES >> 8 * l; i++)
            tlog_subtree_root(row[l - 1][i * 256], 256, row[l][i]);
}

static int read_tile(void *context, const struct tlog_tile *tile, uint8_t *hashes,
                     struct why *why)
{
    (void)context;
    (void)why;
    if (tile->level >= LEVELS ||
        tile->number * 256 + tile->width > (uint64_t)LEAVES >> 8 * tile->level)
        stop("a tile beyond the log was asked for");
    memcpy(hashes, row[tile->level][tile->number * 256], (size_t)tile->width * 32);
    return SH_OK;
}

static void proof_print(const struct tlog_proof *proof)
{
    char hex[2 * TLOG_HASH_BYTES + 1];

    for (size_t i = 0; i < proof->count; i++) {
        hex_build(slice_of(proof->hash[i], TLOG_HASH_BYTES), hex);
        (void)fputs(hex, stdout);
    }
    (void)puts(proof->count ? "" : "-");
}

/* False: no proof that could be handed on, which is a refusal. */
static bool proof_take(const char *text, struct tlog_proof *proof)
{
    size_t len = strcmp(text, "-") ? strlen(text) : 0;

    proof->count = len / 64;
    if (len % 64 || proof->count > TLOG_PROOF_HASHES)
        return false;
    return !len || hex_parse(slice_text(text), proof->hash[0], len / 2);
}

static void check(char kind, const uint64_t number[2], char *const word[3])
{
    static struct tlog_proof proof;
    uint8_t first[32], second[32];
    struct tlog_head older = {.size = number[0]}, newer = {.size = number[1]};
    struct why why = {0};
    int rc;

    if (!hex_parse(slice_text(word[0]), first, 32) ||
        !hex_parse(slice_text(word[1]), second, 32) || !proof_take(word[2], &proof)) {
        (void)puts("refuse");
        return;
    }
    memcpy(older.root, first, 32);
    memcpy(newer.root, second, 32);
    rc = kind == 'I' ? tlog_inclusion_check(&proof, first, number[0], number[1], second, &why)
                     : tlog_consistency_check(&proof, &older, &newer, &why);
    if (rc && !why.text[0])
        stop("a refusal without its reason");
    (void)puts(rc ? "refuse" : "accept");
}

static void build(char kind, const uint64_t number[2])
{
    static struct tlog_tree tree;
    static struct tlog_proof proof;
    uint8_t root[32];
    char hex[65];
    int rc;

    tlog_tree_init(&tree, kind == 'R' ? number[0] : number[1], read_tile, NULL);
    if (kind == 'R') {
        if (tlog_tree_root(&tree, number[0], root, NULL))
            stop("no root");
        hex_build(slice_of(root, sizeof root), hex);
        (void)puts(hex);
        return;
    }
    rc = kind == 'P' ? tlog_inclusion_build(&tree, number[0], &proof, NULL)
                     : tlog_consistency_build(&tree, number[0], &proof, NULL);
    if (rc)
        (void)puts("refuse");
    else
        proof_print(&proof);
}

static void tile_print(uint64_t level, uint64_t number, uint64_t size)
{
    uint64_t have = size >> 8 * level, left = have - number * 256;
    struct tlog_tile tile = {(uint8_t)level, number, left < 256 ? (uint16_t)left : 256};
    char path[TLOG_PATH_BYTES], hex[65];
    uint8_t hashes[256 * 32], digest[32];

    if (tlog_tile_path(&tile, path, NULL))
        stop("no path");
    (void)read_tile(NULL, &tile, hashes, NULL);
    crypto.sha256(slice_of(hashes, (size_t)tile.width * 32), digest);
    hex_build(slice_of(digest, sizeof digest), hex);
    (void)printf("%s %s\n", path, hex);
}

int main(void)
{
    static char line[1 << 16];

    make_rows();
    while (fgets(line, sizeof line, stdin)) {
        char *word[7] = {NULL}, *save = NULL;
        uint64_t number[3] = {0};
        size_t count = 0;

        for (char *at = strtok_r(line, " \n", &save); at && count < 7;
             at = strtok_r(NULL, " \n", &save))
            word[count++] = at;
        for (size_t i = 0; i < 3 && i + 1 < count; i++)
            number[i] = strtoull(word[i + 1], NULL, 10);
        if (count == 6 && (*word[0] == 'I' || *word[0] == 'C'))
            check(*word[0], number, &word[3]);
        else if (count == 4 && *word[0] == 'T')
            tile_print(number[0], number[1], number[2]);
        else if (count >= 2)
            build(*word[0], number);
        else
            stop("a question that is none");
    }
    return 0;
}
