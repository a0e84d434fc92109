/*
 * The age reader: one verdict however the input is cut, and what our writer makes of the
 * input is read back.  The key is fixed, so that seeds can be ours.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "age/age.h"

#define PLAIN_MAX (1u << 21)

static struct age_reader reader;
static struct age_writer writer;

static int put(void *ctx, struct slice data, struct why *why)
{
    bytes_slice(ctx, data);
    return bytes_check(ctx, why);
}

static int open_it(struct slice sealed, size_t step, struct bytes *out)
{
    struct secret key;
    size_t some;
    int rc = SH_OK;

    memset(key.byte, 7, sizeof(key.byte));
    bytes_init(out, PLAIN_MAX);
    age_reader_init(&reader, &key, (struct age_sink){put, out});
    for (size_t at = 0; rc == SH_OK && at < sealed.len; at += some) {
        some = step < sealed.len - at ? step : sealed.len - at;
        rc = age_reader_update(&reader, slice_sub(sealed, at, some), NULL);
    }
    return rc == SH_OK ? age_reader_final(&reader, NULL) : rc;
}

static void seal(struct slice plain, struct bytes *out)
{
    struct age_random random;
    uint8_t key[CRYPT_KEY_BYTES];
    struct secret secret;

    memset(secret.byte, 7, sizeof(secret.byte));
    memset(&random, 9, sizeof(random));
    crypto.x25519_public(&secret, key);
    bytes_init(out, PLAIN_MAX);
    if (age_writer_start(&writer, key, &random, (struct age_sink){put, out}, NULL) != SH_OK ||
        age_writer_update(&writer, plain, NULL) != SH_OK ||
        age_writer_final(&writer, NULL) != SH_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of(data, size);
    struct bytes whole, cut, sealed, again;

    if (open_it(input, size ? size : 1, &whole) != open_it(input, 7, &cut) ||
        !slice_equal(bytes_view(&whole), bytes_view(&cut)))
        abort();
    bytes_release(&whole);
    bytes_release(&cut);
    if (size % 16) /* Keys take most of the time: the writer is asked now and then. */
        return 0;
    seal(input, &sealed);
    if (open_it(bytes_view(&sealed), 65552, &again) != SH_OK ||
        !slice_equal(bytes_view(&again), input))
        abort();
    bytes_release(&sealed);
    bytes_release(&again);
    return 0;
}
