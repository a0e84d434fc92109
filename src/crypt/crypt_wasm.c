/*
 * The table of primitives for the browser: SHA and the verification of Ed25519, in plain C
 * without a library.  Small rather than fast; it handles no secret, so nothing here needs to
 * run in constant time.  Its verdicts are those of OpenSSL (a test compares them):
 * S must be below the group's order, R is compared as bytes, no multiplication by the cofactor,
 * and a key whose y is not reduced is accepted.
 *
 * Clauses: FIPS 180-4 4 to 6; RFC 8032 5.1.
 */
#include "crypt/crypt.h"

#include "crypt/crypt_int.h"

/* ---- SHA-2 ---- */

/*
 * The first 64 bits of the fractions of the cube roots of the first 80 primes (4.2.3).  The
 * upper halves of the first 64 are the constants of SHA-256 (4.2.2).
 */
static const uint64_t round_constant[80] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
    0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
    0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
    0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
    0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
    0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
    0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
    0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
    0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
    0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
    0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
    0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
    0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
    0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
    0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
    0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
    0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

/* The fractions of the square roots of the first 8 primes (5.3.5), upper halves: SHA-256. */
static const uint64_t initial_hash[8] = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

struct sha256_state {
    uint32_t hash[8];
    uint64_t total;
    uint8_t block[64];
};
_Static_assert(sizeof(struct sha256_state) <= sizeof(struct crypt_sha256),
               "state outgrew room");

static uint32_t turn32(uint32_t value, unsigned by)
{
    return value >> by | value << (32 - by);
}

static uint64_t turn64(uint64_t value, unsigned by)
{
    return value >> by | value << (64 - by);
}

/* One block of SHA-256 (6.2.2).  v holds a..h; the schedule is kept in 16 words. */
static void sha256_block(uint32_t hash[8], const uint8_t *block)
{
    uint32_t w[16], v[8], t1, t2;

    memcpy(v, hash, sizeof v);
    for (size_t i = 0; i < 64; i++) {
        uint32_t *word = &w[i % 16];

        if (i < 16) {
            const uint8_t *at = block + 4 * i;

            *word =
                (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
        } else {
            uint32_t a = w[(i + 1) % 16], b = w[(i + 14) % 16];

            *word += (turn32(a, 7) ^ turn32(a, 18) ^ a >> 3) + w[(i + 9) % 16] +
                     (turn32(b, 17) ^ turn32(b, 19) ^ b >> 10);
        }
        t1 = v[7] + (turn32(v[4], 6) ^ turn32(v[4], 11) ^ turn32(v[4], 25)) +
             ((v[4] & v[5]) ^ (~v[4] & v[6])) + (uint32_t)(round_constant[i] >> 32) + *word;
        t2 = (turn32(v[0], 2) ^ turn32(v[0], 13) ^ turn32(v[0], 22)) +
             ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (size_t i = 0; i < 8; i++)
        hash[i] += v[i];
}

static struct sha256_state *state_of(struct crypt_sha256 *ctx)
{
    return (struct sha256_state *)(void *)ctx->state;
}

static void sha256_init(struct crypt_sha256 *ctx)
{
    struct sha256_state *state = state_of(ctx);

    for (size_t i = 0; i < 8; i++)
        state->hash[i] = (uint32_t)(initial_hash[i] >> 32);
    state->total = 0;
}

static void sha256_update(struct crypt_sha256 *ctx, struct slice data)
{
    struct sha256_state *state = state_of(ctx);
    size_t used = (size_t)(state->total % 64);

    state->total += data.len;
    for (size_t at = 0; at < data.len;) {
        size_t take = data.len - at < 64 - used ? data.len - at : 64 - used;

        memcpy(state->block + used, data.ptr + at, take);
        at += take;
        used += take;
        if (used == 64) {
            sha256_block(state->hash, state->block);
            used = 0;
        }
    }
}

static void sha256_final(struct crypt_sha256 *ctx, uint8_t out[CRYPT_DIGEST_BYTES])
{
    struct sha256_state *state = state_of(ctx);
    size_t used = (size_t)(state->total % 64);
    uint64_t bits = state->total * 8;

    state->block[used++] = 0x80;
    if (used > 56) {
        memset(state->block + used, 0, 64 - used);
        sha256_block(state->hash, state->block);
        used = 0;
    }
    memset(state->block + used, 0, 56 - used);
    for (size_t i = 0; i < 8; i++)
        state->block[63 - i] = (uint8_t)(bits >> 8 * i);
    sha256_block(state->hash, state->block);
    for (size_t i = 0; i < CRYPT_DIGEST_BYTES; i++)
        out[i] = (uint8_t)(state->hash[i / 4] >> (24 - 8 * (i % 4)));
}

static void sha256_update_two(struct crypt_sha256 *one, struct crypt_sha256 *other,
                              struct slice data)
{
    sha256_update(one, data);
    sha256_update(other, data);
}

static void sha256(struct slice data, uint8_t out[CRYPT_DIGEST_BYTES])
{
    struct crypt_sha256 ctx;

    sha256_init(&ctx);
    sha256_update(&ctx, data);
    sha256_final(&ctx, out);
}

/* One block of SHA-512 (6.4.2). */
static void sha512_block(uint64_t hash[8], const uint8_t *block)
{
    uint64_t w[16], v[8], t1, t2;

    memcpy(v, hash, sizeof v);
    for (size_t i = 0; i < 80; i++) {
        uint64_t *word = &w[i % 16];

        if (i < 16) {
            *word = 0;
            for (size_t j = 0; j < 8; j++)
                *word = *word << 8 | block[8 * i + j];
        } else {
            uint64_t a = w[(i + 1) % 16], b = w[(i + 14) % 16];

            *word += (turn64(a, 1) ^ turn64(a, 8) ^ a >> 7) + w[(i + 9) % 16] +
                     (turn64(b, 19) ^ turn64(b, 61) ^ b >> 6);
        }
        t1 = v[7] + (turn64(v[4], 14) ^ turn64(v[4], 18) ^ turn64(v[4], 41)) +
             ((v[4] & v[5]) ^ (~v[4] & v[6])) + round_constant[i] + *word;
        t2 = (turn64(v[0], 28) ^ turn64(v[0], 34) ^ turn64(v[0], 39)) +
             ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (size_t i = 0; i < 8; i++)
        hash[i] += v[i];
}

/* SHA-512 and SHA-384, which differ in where they start and how much of the end they give. */
struct sha512_state {
    uint64_t hash[8];
    uint64_t total;
    uint8_t block[128];
};
_Static_assert(sizeof(struct sha512_state) <= sizeof(((struct crypt_digest *)0)->state) &&
                   sizeof(struct sha256_state) <= sizeof(((struct crypt_digest *)0)->state),
               "state outgrew room");

static void sha512_init(struct sha512_state *state, const uint64_t start[8])
{
    memcpy(state->hash, start, sizeof state->hash);
    state->total = 0;
}

static void sha512_update(struct sha512_state *state, struct slice data)
{
    size_t used = (size_t)(state->total % 128);

    state->total += data.len;
    for (size_t at = 0; at < data.len;) {
        size_t take = data.len - at < 128 - used ? data.len - at : 128 - used;

        memcpy(state->block + used, data.ptr + at, take);
        at += take;
        used += take;
        if (used == 128) {
            sha512_block(state->hash, state->block);
            used = 0;
        }
    }
}

static void sha512_final(struct sha512_state *state, uint8_t *out, size_t out_len)
{
    size_t used = (size_t)(state->total % 128);
    uint64_t bits = state->total * 8;

    state->block[used++] = 0x80;
    if (used > 112) {
        memset(state->block + used, 0, 128 - used);
        sha512_block(state->hash, state->block);
        used = 0;
    }
    memset(state->block + used, 0, 128 - used);
    for (size_t i = 0; i < 8; i++)
        state->block[127 - i] = (uint8_t)(bits >> 8 * i);
    sha512_block(state->hash, state->block);
    for (size_t i = 0; i < out_len; i++)
        out[i] = (uint8_t)(state->hash[i / 8] >> (56 - 8 * (i % 8)));
}

/* SHA-512 of three parts one after the other: Ed25519 hashes R || A || M. */
static void sha512_three(const struct slice part[3], uint8_t out[64])
{
    struct sha512_state state;

    sha512_init(&state, initial_hash);
    for (size_t i = 0; i < 3; i++)
        sha512_update(&state, part[i]);
    sha512_final(&state, out, 64);
}

/* ---- digests by name ---- */

/* Where SHA-384 starts: the 9th to 16th prime's square roots (5.3.4). */
static const uint64_t initial_hash_384[8] = {
    0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
    0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4,
};

static struct sha512_state *wide(struct crypt_digest *ctx)
{
    return (struct sha512_state *)(void *)ctx->state;
}

/* A SHA-256 begins a running digest by name as it is: the state of both is only memory. */
static struct crypt_sha256 *narrow(struct crypt_digest *ctx)
{
    return (struct crypt_sha256 *)(void *)ctx->state;
}

static void digest_init(struct crypt_digest *ctx, enum crypt_hash hash)
{
    ctx->hash = hash;
    if (hash == CRYPT_SHA256)
        sha256_init(narrow(ctx));
    else if (hash == CRYPT_SHA384 || hash == CRYPT_SHA512)
        sha512_init(wide(ctx), hash == CRYPT_SHA384 ? initial_hash_384 : initial_hash);
    else
        bug("a running digest that there is not");
}

static void digest_update(struct crypt_digest *ctx, struct slice data)
{
    if (ctx->hash == CRYPT_SHA256)
        sha256_update(narrow(ctx), data);
    else
        sha512_update(wide(ctx), data);
}

static void digest_final(struct crypt_digest *ctx, uint8_t out[CRYPT_DIGEST_MAX])
{
    if (ctx->hash == CRYPT_SHA256)
        sha256_final(narrow(ctx), out);
    else
        sha512_final(wide(ctx), out, crypt_hash_bytes(ctx->hash));
}

/* SHA-1 (6.1.2), in one go over blocks; the last one or two are built beside. */
static void sha1_block(uint32_t hash[5], const uint8_t *block)
{
    static const uint32_t constant[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    uint32_t w[80], v[5];

    for (size_t i = 0; i < 80; i++) {
        const uint8_t *at = block + 4 * i;

        w[i] = i < 16 ? (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
                            at[3]
                      : turn32(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 31);
    }
    memcpy(v, hash, sizeof v);
    for (size_t i = 0; i < 80; i++) {
        uint32_t mixed = i < 20   ? (v[1] & v[2]) ^ (~v[1] & v[3])
                         : i < 40 ? v[1] ^ v[2] ^ v[3]
                         : i < 60 ? (v[1] & v[2]) ^ (v[1] & v[3]) ^ (v[2] & v[3])
                                  : v[1] ^ v[2] ^ v[3];
        uint32_t next = turn32(v[0], 27) + mixed + v[4] + constant[i / 20] + w[i];

        v[4] = v[3];
        v[3] = v[2];
        v[2] = turn32(v[1], 2);
        v[1] = v[0];
        v[0] = next;
    }
    for (size_t i = 0; i < 5; i++)
        hash[i] += v[i];
}

static void sha1(struct slice data, uint8_t *out)
{
    uint32_t hash[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    size_t whole = data.len / 64 * 64, left = data.len - whole;
    size_t end = left < 56 ? 64 : 128;
    uint8_t last[128] = {0};

    for (size_t at = 0; at < whole; at += 64)
        sha1_block(hash, data.ptr + at);
    if (left)
        memcpy(last, data.ptr + whole, left);
    last[left] = 0x80;
    for (size_t i = 0; i < 8; i++)
        last[end - 1 - i] = (uint8_t)((uint64_t)data.len * 8 >> 8 * i);
    for (size_t at = 0; at < end; at += 64)
        sha1_block(hash, last + at);
    for (size_t i = 0; i < 20; i++)
        out[i] = (uint8_t)(hash[i / 4] >> (24 - 8 * (i % 4)));
}

static void digest(enum crypt_hash hash, struct slice data, uint8_t out[CRYPT_DIGEST_MAX])
{
    struct crypt_digest ctx;

    if (hash == CRYPT_SHA1) {
        sha1(data, out);
        return;
    }
    digest_init(&ctx, hash);
    digest_update(&ctx, data);
    digest_final(&ctx, out);
}

/* ---- numbers modulo p = 2^255 - 19 ---- */

/*
 * Eight words of 32 bits, lowest first.  Any value below 2^256 stands for itself modulo p; only
 * field_bytes() reduces fully.  A carry out of the top word is worth 2^256 = 38 (mod p).
 */
struct field {
    uint32_t word[8];
};

static const struct field curve_d = {{0x135978a3, 0x75eb4dca, 0x4141d8ab, 0x00700a4d,
                                      0x7779e898, 0x8cc74079, 0x2b6ffe73, 0x52036cee}};
static const struct field root_of_minus_one = {{0x4a0ea0b0, 0xc4ee1b27, 0xad2fe478, 0x2f431806,
                                                0x3dfbd7a7, 0x2b4d0099, 0x4fc1df0b,
                                                0x2b832480}};
static const struct field base_x = {{0x8f25d51a, 0xc9562d60, 0x9525a7b2, 0x692cc760, 0xfdd6dc5c,
                                     0xc0a4e231, 0xcd6e53fe, 0x216936d3}};
static const struct field base_y = {{0x66666658, 0x66666666, 0x66666666, 0x66666666, 0x66666666,
                                     0x66666666, 0x66666666, 0x66666666}};
static const struct field field_zero = {{0}};
static const struct field field_one = {{1}};

/* The order of the base point, L. */
static const uint32_t order[8] = {0x5cf5d3ed, 0x5812631a, 0xa2f79cd6, 0x14def9de,
                                  0x00000000, 0x00000000, 0x00000000, 0x10000000};

/* out = value + 38 * carry, until no carry is left. */
static void field_fold(uint32_t value[8], uint64_t carry)
{
    while (carry) {
        carry *= 38;
        for (size_t i = 0; i < 8; i++) {
            carry += value[i];
            value[i] = (uint32_t)carry;
            carry >>= 32;
        }
    }
}

static struct field field_add(const struct field *a, const struct field *b)
{
    struct field out;
    uint64_t carry = 0;

    for (size_t i = 0; i < 8; i++) {
        carry += (uint64_t)a->word[i] + b->word[i];
        out.word[i] = (uint32_t)carry;
        carry >>= 32;
    }
    field_fold(out.word, carry);
    return out;
}

static struct field field_sub(const struct field *a, const struct field *b)
{
    struct field out = *a;
    uint64_t borrow = 0;

    for (size_t i = 0; i < 8; i++) {
        uint64_t less = (uint64_t)out.word[i] - b->word[i] - borrow;

        out.word[i] = (uint32_t)less;
        borrow = less >> 63;
    }
    while (borrow) {
        /* One 2^256 was borrowed: give 38 back for it. */
        uint64_t take = 38;

        for (size_t i = 0; i < 8; i++) {
            uint64_t less = (uint64_t)out.word[i] - take;

            out.word[i] = (uint32_t)less;
            take = less >> 63;
        }
        borrow = take;
    }
    return out;
}

static struct field field_mul(const struct field *a, const struct field *b)
{
    uint32_t wide[16] = {0};
    struct field out;
    uint64_t carry;

    for (size_t i = 0; i < 8; i++) {
        carry = 0;
        for (size_t j = 0; j < 8; j++) {
            carry += (uint64_t)a->word[i] * b->word[j] + wide[i + j];
            wide[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
        wide[i + 8] = (uint32_t)carry;
    }
    carry = 0;
    for (size_t i = 0; i < 8; i++) {
        carry += (uint64_t)wide[i + 8] * 38 + wide[i];
        out.word[i] = (uint32_t)carry;
        carry >>= 32;
    }
    field_fold(out.word, carry);
    return out;
}

static struct field field_square(const struct field *a)
{
    return field_mul(a, a);
}

/*
 * base to the power 2^top - less, both small: p - 2 = 2^255 - 21 and (p - 5) / 8 = 2^252 - 3,
 * whose bits are all ones but for the lowest few.
 */
static struct field field_power(const struct field *base, unsigned top, unsigned less)
{
    struct field out = *base;

    for (unsigned bit = top - 1; bit-- > 0;) {
        out = field_square(&out);
        /* 2^top - less has bit set where less - 1 has it clear. */
        if (bit >= 8 || !((less - 1) >> bit & 1))
            out = field_mul(&out, base);
    }
    return out;
}

static void field_bytes(const struct field *a, uint8_t out[32])
{
    struct field value = *a;

    /* Twice: a value below 2^256 is below 2p + 38; then at most one p is left. */
    for (int pass = 0; pass < 2; pass++) {
        uint64_t carry = (uint64_t)(value.word[7] >> 31) * 19;

        value.word[7] &= 0x7fffffff;
        for (size_t i = 0; i < 8; i++) {
            carry += value.word[i];
            value.word[i] = (uint32_t)carry;
            carry >>= 32;
        }
    }
    /* Now below 2^255: it is at least p exactly when adding 19 reaches bit 255. */
    {
        struct field more = value;
        uint64_t carry = 19;

        for (size_t i = 0; i < 8; i++) {
            carry += more.word[i];
            more.word[i] = (uint32_t)carry;
            carry >>= 32;
        }
        if (more.word[7] >> 31) {
            value = more;
            value.word[7] &= 0x7fffffff;
        }
    }
    for (size_t i = 0; i < 32; i++)
        out[i] = (uint8_t)(value.word[i / 4] >> 8 * (i % 4));
}

static void words_of(const uint8_t *in, size_t words, uint32_t *out)
{
    for (size_t i = 0; i < words; i++, in += 4)
        out[i] = (uint32_t)in[3] << 24 | (uint32_t)in[2] << 16 | (uint32_t)in[1] << 8 | in[0];
}

static bool field_equal(const struct field *a, const struct field *b)
{
    uint8_t left[32], right[32];

    field_bytes(a, left);
    field_bytes(b, right);
    return memcmp(left, right, sizeof left) == 0;
}

static bool field_is_odd(const struct field *a)
{
    uint8_t bytes[32];

    field_bytes(a, bytes);
    return bytes[0] & 1;
}

/* ---- points of the curve (RFC 8032 5.1.4: extended coordinates) ---- */

struct point {
    struct field x, y, z, t; /* x/z, y/z; t = x * y / z */
};

/* The complete addition of 5.1.4: right for any two points, equal or not. */
static struct point point_add(const struct point *p, const struct point *q)
{
    struct field a, b, c, d, e, f, g, h, left, right;
    struct point out;

    left = field_sub(&p->y, &p->x);
    right = field_sub(&q->y, &q->x);
    a = field_mul(&left, &right);
    left = field_add(&p->y, &p->x);
    right = field_add(&q->y, &q->x);
    b = field_mul(&left, &right);
    c = field_mul(&p->t, &q->t);
    c = field_mul(&c, &curve_d);
    c = field_add(&c, &c);
    d = field_mul(&p->z, &q->z);
    d = field_add(&d, &d);
    e = field_sub(&b, &a);
    f = field_sub(&d, &c);
    g = field_add(&d, &c);
    h = field_add(&b, &a);
    out.x = field_mul(&e, &f);
    out.y = field_mul(&g, &h);
    out.t = field_mul(&e, &h);
    out.z = field_mul(&f, &g);
    return out;
}

static struct point point_double(const struct point *p)
{
    struct field a, b, c, e, f, g, h, sum;
    struct point out;

    a = field_square(&p->x);
    b = field_square(&p->y);
    c = field_square(&p->z);
    c = field_add(&c, &c);
    h = field_add(&a, &b);
    sum = field_add(&p->x, &p->y);
    sum = field_square(&sum);
    e = field_sub(&h, &sum);
    g = field_sub(&a, &b);
    f = field_add(&c, &g);
    out.x = field_mul(&e, &f);
    out.y = field_mul(&g, &h);
    out.t = field_mul(&e, &h);
    out.z = field_mul(&f, &g);
    return out;
}

static void point_from(struct point *out, const struct field *x, const struct field *y)
{
    out->x = *x;
    out->y = *y;
    out->z = field_one;
    out->t = field_mul(x, y);
}

/*
 * Decode (5.1.3), with OpenSSL's two liberties: y may be p or more, and x = 0 may carry a sign.
 */
static bool point_decode(const uint8_t in[32], struct point *out)
{
    struct field x, y, u, v, v3, check, minus_u;

    words_of(in, 8, y.word);
    y.word[7] &= 0x7fffffff;
    u = field_square(&y);
    v = field_mul(&u, &curve_d);
    u = field_sub(&u, &field_one);
    v = field_add(&v, &field_one);
    /* x = u v^3 (u v^7)^((p-5)/8) */
    v3 = field_square(&v);
    v3 = field_mul(&v3, &v);
    x = field_square(&v3);
    x = field_mul(&x, &v);
    x = field_mul(&x, &u);
    x = field_power(&x, 252, 3);
    x = field_mul(&x, &v3);
    x = field_mul(&x, &u);
    check = field_square(&x);
    check = field_mul(&check, &v);
    minus_u = field_sub(&field_zero, &u);
    if (!field_equal(&check, &u)) {
        if (!field_equal(&check, &minus_u))
            return false;
        x = field_mul(&x, &root_of_minus_one);
    }
    if (field_is_odd(&x) != (bool)(in[31] >> 7))
        x = field_sub(&field_zero, &x);
    point_from(out, &x, &y);
    return true;
}

static void point_encode(const struct point *p, uint8_t out[32])
{
    struct field inverse = field_power(&p->z, 255, 21), x, y;

    x = field_mul(&p->x, &inverse);
    y = field_mul(&p->y, &inverse);
    field_bytes(&y, out);
    if (field_is_odd(&x))
        out[31] |= 0x80;
}

/* ---- Ed25519 (RFC 8032 5.1.7) ---- */

static bool below_order(const uint32_t value[8])
{
    for (size_t i = 8; i-- > 0;)
        if (value[i] != order[i])
            return value[i] < order[i];
    return false;
}

/* out = the 512-bit number in, little-endian, modulo the order: one bit at a time. */
static void scalar_reduce(const uint8_t in[64], uint32_t out[8])
{
    memset(out, 0, 32);
    for (size_t bit = 512; bit-- > 0;) {
        uint32_t carry = in[bit / 8] >> (bit % 8) & 1;
        uint64_t borrow = 0;

        for (size_t i = 0; i < 8; i++) {
            uint32_t top = out[i] >> 31;

            out[i] = out[i] << 1 | carry;
            carry = top;
        }
        if (below_order(out))
            continue;
        for (size_t i = 0; i < 8; i++) {
            uint64_t less = (uint64_t)out[i] - order[i] - borrow;

            out[i] = (uint32_t)less;
            borrow = less >> 63;
        }
    }
}

static bool bit_of(const uint32_t value[8], unsigned bit)
{
    return value[bit / 32] >> (bit % 32) & 1;
}

/* a * P + b * Q, both scalars below 2^253, in one walk over their bits. */
static struct point point_combine(const uint32_t a[8], const struct point *p,
                                  const uint32_t b[8], const struct point *q)
{
    struct point out = {field_zero, field_one, field_one, field_zero}, both = point_add(p, q);

    for (unsigned bit = 253; bit-- > 0;) {
        bool in_a = bit_of(a, bit), in_b = bit_of(b, bit);

        out = point_double(&out);
        if (in_a && in_b)
            out = point_add(&out, &both);
        else if (in_a)
            out = point_add(&out, p);
        else if (in_b)
            out = point_add(&out, q);
    }
    return out;
}

static bool ed25519_verify(const uint8_t key[CRYPT_KEY_BYTES], struct slice message,
                           const uint8_t signature[CRYPT_SIGNATURE_BYTES])
{
    const struct slice parts[3] = {slice_of(signature, 32), slice_of(key, 32), message};
    struct point a, base, sum;
    uint8_t digest[64], encoded[32];
    uint32_t s[8], h[8];

    words_of(signature + 32, 8, s);
    if (!below_order(s) || !point_decode(key, &a))
        return false;
    sha512_three(parts, digest);
    scalar_reduce(digest, h);
    /* R = s B - h A */
    a.x = field_sub(&field_zero, &a.x);
    a.t = field_sub(&field_zero, &a.t);
    point_from(&base, &base_x, &base_y);
    sum = point_combine(s, &base, h, &a);
    point_encode(&sum, encoded);
    return memcmp(encoded, signature, sizeof encoded) == 0;
}

static bool can_verify(const struct crypt_alg *alg)
{
    return alg->scheme == CRYPT_EDDSA;
}

static bool signature_verify(const struct crypt_alg *alg, struct slice spki,
                             struct slice message, struct slice signature)
{
    struct crypt_public key;

    return can_verify(alg) && crypt_public_parse(spki, &key) && crypt_public_fits(&key, alg) &&
           signature.len == CRYPT_SIGNATURE_BYTES &&
           ed25519_verify(key.point.ptr, message, signature.ptr);
}

const struct crypt_table crypto = {
    .sha256 = sha256,
    .sha256_init = sha256_init,
    .sha256_update = sha256_update,
    .sha256_final = sha256_final,
    .sha256_update_two = sha256_update_two,
    .ed25519_verify = ed25519_verify,
    .digest = digest,
    .digest_init = digest_init,
    .digest_update = digest_update,
    .digest_final = digest_final,
    .can_verify = can_verify,
    .signature_verify = signature_verify,
};
