/* The hash of a file whose bytes come in order (C2PA 9.2.3 and 18.6.2). */
#include "c2pa/write.h"

#include <string.h>

#include "c2pa/write_int.h"

#define HEAD_BYTES 8
#define HEAD_LARGE 16 /* with a 64-bit size */
#define UUID_BYTES 16
#define TREE_FROM 16 /* bytes of mdat in front of its leaves (A.5.4.1.1 as others read it) */

/* What happens to the bytes up to hash->until. */
enum { MODE_SKIP, MODE_FLAT, MODE_LEAF };

void c2pa_write_hash_init(struct c2pa_write_hash *hash, uint64_t size, uint64_t block,
                          struct bytes *leaves)
{
    memset(hash, 0, sizeof(*hash));
    crypto.sha256_init(&hash->flat);
    hash->size = size;
    hash->block = block;
    hash->leaves = leaves;
    hash->in_head = true;
    hash->head_need = HEAD_BYTES;
}

/* The head at hand has head_need bytes: does it need more, and what follows? */
static int head_done(struct c2pa_write_hash *hash, struct why *why)
{
    uint64_t from = hash->at - hash->head_len;
    uint64_t size = c2pa_big_endian(hash->head, 4);
    bool large = size == 1, uuid = memcmp(hash->head + 4, "uuid", 4) == 0, skip;
    uint32_t plain = large ? HEAD_LARGE : HEAD_BYTES;
    uint32_t need = plain + (uuid ? UUID_BYTES : 0);
    uint8_t offset[8];

    if (hash->head_len < plain) {
        hash->head_need = plain;
        return SH_OK;
    }
    if (large)
        size = c2pa_big_endian(hash->head + HEAD_BYTES, 8);
    else if (size == 0)
        size = hash->size - from;
    if (size < plain || size > hash->size - from)
        return why_set(why, SH_EFORMAT, from,
                       "a box that ends behind the file or in its own head (14496-12 4.2)");
    if (size < need)
        need = plain;
    if (hash->head_len < need) {
        hash->head_need = need;
        return SH_OK;
    }
    hash->end = from + size;
    hash->in_head = false;
    /* The mandatory exclusion looks for the UUID at byte 8 (A.5.6), where a 64-bit size is. */
    skip = memcmp(hash->head + 4, "ftyp", 4) == 0 || memcmp(hash->head + 4, "mfra", 4) == 0 ||
           (uuid && !large && need > plain &&
            memcmp(hash->head + HEAD_BYTES, bmff_c2pa_uuid, UUID_BYTES) == 0);
    hash->mode = skip ? MODE_SKIP : MODE_FLAT;
    hash->until = hash->end;
    if (skip)
        return SH_OK;
    for (unsigned i = 0; i < 8; i++)
        offset[i] = (uint8_t)(from >> (56 - 8 * i));
    crypto.sha256_update(&hash->flat, slice_of(offset, sizeof(offset)));
    crypto.sha256_update(&hash->flat, slice_of(hash->head, hash->head_len));
    if (hash->block && memcmp(hash->head + 4, "mdat", 4) == 0 && size > TREE_FROM)
        hash->until = from + TREE_FROM;
    return SH_OK;
}

static void leaf_begin(struct c2pa_write_hash *hash)
{
    uint64_t left = hash->end - hash->at;

    crypto.sha256_init(&hash->leaf);
    hash->leaf_end = hash->at + (left < hash->block ? left : hash->block);
    hash->until = hash->leaf_end;
    hash->mode = MODE_LEAF;
}

static void leaf_end(struct c2pa_write_hash *hash)
{
    uint8_t digest[CRYPT_DIGEST_BYTES];

    crypto.sha256_final(&hash->leaf, digest);
    bytes_append(hash->leaves, digest, sizeof(digest));
}

/* Bytes of what is at hand are over: what comes next? */
static void next(struct c2pa_write_hash *hash)
{
    if (hash->mode == MODE_LEAF)
        leaf_end(hash);
    if (hash->at < hash->end) {
        leaf_begin(hash);
        return;
    }
    hash->in_head = true;
    hash->head_len = 0;
    hash->head_need = HEAD_BYTES;
}

int c2pa_write_hash_feed(struct c2pa_write_hash *hash, struct slice part, struct why *why)
{
    if (part.len > hash->size - hash->at)
        return why_set(why, SH_EARG, hash->at, "credentials: more bytes than the file has");
    while (part.len || (!hash->in_head && hash->at == hash->until)) {
        uint64_t left =
            hash->in_head ? hash->head_need - hash->head_len : hash->until - hash->at;
        size_t take = left < part.len ? (size_t)left : part.len;
        struct slice piece = slice_sub(part, 0, take);
        int rc;

        hash->at += take;
        if (hash->in_head) {
            memcpy(hash->head + hash->head_len, piece.ptr, take);
            hash->head_len += (uint32_t)take;
            rc = hash->head_len == hash->head_need ? head_done(hash, why) : SH_OK;
            if (rc != SH_OK)
                return rc;
        } else if (hash->mode == MODE_FLAT) {
            crypto.sha256_update(&hash->flat, piece);
        } else if (hash->mode == MODE_LEAF) {
            crypto.sha256_update(&hash->leaf, piece);
        }
        if (!hash->in_head && hash->at == hash->until)
            next(hash);
        part = slice_sub(part, take, part.len - take);
    }
    return SH_OK;
}

int c2pa_write_hash_done(struct c2pa_write_hash *hash, uint8_t out[CRYPT_DIGEST_BYTES],
                         struct why *why)
{
    if (hash->at != hash->size || !hash->in_head || hash->head_len)
        return why_set(why, SH_EFORMAT, hash->at, "the file ends inside of a box");
    if (hash->leaves && hash->leaves->failed)
        return bytes_check(hash->leaves, why);
    crypto.sha256_final(&hash->flat, out);
    return SH_OK;
}
