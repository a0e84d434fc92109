/*
 * Two running SHA-256 over the same bytes: the hash of content credentials leaves a few bytes
 * of a file out, the hash of the file none, and both are wanted of every clip.  The processor's
 * instructions for SHA-256 wait for their own last result most of the time; two blocks that
 * have nothing to do with each other, in turn, cost little more than one (measured: 1.07 times
 * one, where two calls cost 2.0).  Where a processor has no such instructions libcrypto does
 * one after the other.
 *
 * Clauses: FIPS 180-4 4.2.2, 6.2.2.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypt/crypt.h"

#include <openssl/sha.h>

#include "crypt/crypt_int.h"

#define BLOCK_BYTES 64

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>

#define WITH_SHA __attribute__((target("sha,sse4.1,ssse3")))

static const uint32_t round_constant[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
    0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
    0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
    0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
    0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
    0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2,
};

/* The processor's order of the working variables: a b e f, and c d g h. */
struct lane {
    __m128i abef, cdgh;
    __m128i word[4]; /* the last 16 words of the schedule */
};

static bool have_sha(void)
{
    static int known; /* 0: not asked yet, 1: no, 2: yes */
    unsigned a, b, c, d;

    if (!known) {
        bool sse = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSSE3) && (c & bit_SSE4_1);

        known = 1 + (sse && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA));
    }
    return known == 2;
}

WITH_SHA static inline void lane_load(struct lane *lane, const SHA_LONG hash[8])
{
    __m128i badc, hgfe;

    badc = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)hash), 0xb1);
    hgfe = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)(hash + 4)), 0x1b);
    lane->abef = _mm_alignr_epi8(badc, hgfe, 8);
    lane->cdgh = _mm_blend_epi16(hgfe, badc, 0xf0);
}

WITH_SHA static inline void lane_store(const struct lane *lane, SHA_LONG hash[8])
{
    __m128i feba = _mm_shuffle_epi32(lane->abef, 0x1b);
    __m128i dchg = _mm_shuffle_epi32(lane->cdgh, 0xb1);

    _mm_storeu_si128((__m128i *)(void *)hash, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)(hash + 4), _mm_alignr_epi8(dchg, feba, 8));
}

WITH_SHA static inline void lane_words(struct lane *lane, const uint8_t *block)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);

    for (unsigned i = 0; i < 4; i++)
        lane->word[i] = _mm_shuffle_epi8(
            _mm_loadu_si128((const __m128i *)(const void *)(block + 16 * i)), big_endian);
}

/* Four rounds, the t-th of sixteen such steps, and the words that step t + 4 needs. */
WITH_SHA static inline void lane_step(struct lane *lane, unsigned t)
{
    const __m128i *constant = (const __m128i *)(const void *)(round_constant + 4 * t);
    __m128i *word = lane->word;
    __m128i sum = _mm_add_epi32(word[t % 4], _mm_loadu_si128(constant));
    __m128i later;

    lane->cdgh = _mm_sha256rnds2_epu32(lane->cdgh, lane->abef, sum);
    lane->abef = _mm_sha256rnds2_epu32(lane->abef, lane->cdgh, _mm_shuffle_epi32(sum, 0x0e));
    if (t >= 12)
        return;
    later = _mm_add_epi32(_mm_sha256msg1_epu32(word[t % 4], word[(t + 1) % 4]),
                          _mm_alignr_epi8(word[(t + 3) % 4], word[(t + 2) % 4], 4));
    word[t % 4] = _mm_sha256msg2_epu32(later, word[(t + 3) % 4]);
}

WITH_SHA static inline void lane_block(struct lane *lane, const struct lane *before)
{
    lane->abef = _mm_add_epi32(lane->abef, before->abef);
    lane->cdgh = _mm_add_epi32(lane->cdgh, before->cdgh);
}

/* count blocks at a into one, as many at b into other. */
WITH_SHA static void blocks(SHA256_CTX *one, const uint8_t *a, SHA256_CTX *other,
                            const uint8_t *b, size_t count)
{
    struct lane first, second;

    lane_load(&first, one->h);
    lane_load(&second, other->h);
    for (; count; count--) {
        struct lane first_before = first, second_before = second;

        lane_words(&first, a);
        lane_words(&second, b);
#pragma GCC unroll 16
        for (unsigned t = 0; t < 16; t++) {
            lane_step(&first, t);
            lane_step(&second, t);
        }
        lane_block(&first, &first_before);
        lane_block(&second, &second_before);
        a += BLOCK_BYTES;
        b += BLOCK_BYTES;
    }
    lane_store(&first, one->h);
    lane_store(&second, other->h);
}

static void count_up(SHA256_CTX *ctx, size_t bytes)
{
    uint64_t bits = ((uint64_t)ctx->Nh << 32 | ctx->Nl) + ((uint64_t)bytes << 3);

    ctx->Nh = (SHA_LONG)(bits >> 32);
    ctx->Nl = (SHA_LONG)bits;
}

/* Fill up the block that is begun; what of data is left then. */
static struct slice fill(SHA256_CTX *ctx, struct slice data)
{
    size_t take = ctx->num ? BLOCK_BYTES - ctx->num : 0;

    if (take)
        crypt_must(SHA256_Update(ctx, data.ptr, take));
    return slice_sub(data, take, data.len - take);
}

static void update_both(SHA256_CTX *one, SHA256_CTX *other, struct slice data)
{
    struct slice a = fill(one, data), b = fill(other, data);
    size_t count = (a.len < b.len ? a.len : b.len) / BLOCK_BYTES;
    size_t done = count * BLOCK_BYTES;

    blocks(one, a.ptr, other, b.ptr, count);
    count_up(one, done);
    count_up(other, done);
    crypt_must(SHA256_Update(one, a.ptr + done, a.len - done));
    crypt_must(SHA256_Update(other, b.ptr + done, b.len - done));
}
#endif

void crypt_sha256_update_two(struct crypt_sha256 *one, struct crypt_sha256 *other,
                             struct slice data)
{
    SHA256_CTX *first = (SHA256_CTX *)(void *)one->state;
    SHA256_CTX *second = (SHA256_CTX *)(void *)other->state;

    if (!data.len)
        return;
#ifdef __x86_64__
    if (data.len >= 2 * BLOCK_BYTES && have_sha()) {
        update_both(first, second, data);
        return;
    }
#endif
    crypt_must(SHA256_Update(first, data.ptr, data.len));
    crypt_must(SHA256_Update(second, data.ptr, data.len));
}
