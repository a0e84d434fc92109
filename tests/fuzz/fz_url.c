/* url: what is taken is built and taken again as the same; so is what is joined. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "url/url.h"

static void same_again(const struct url *url)
{
    struct url again;
    struct bytes built;

    bytes_init(&built, LIMIT_URL_BYTES);
    url_build(url, &built);
    if (bytes_check(&built, NULL) != SH_OK ||
        url_parse(bytes_view(&built), &again, NULL) != SH_OK ||
        memcmp(url, &again, sizeof(again)) != 0)
        abort();
    bytes_release(&built);
}

/* The input is an address, or a base and a location behind a line end. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct slice input = slice_of(data, len);
    size_t end = slice_find(input, 0, '\n');
    struct url base, joined;
    struct url_allowed allowed;

    if (url_allowed_parse(input, &allowed, NULL) == SH_OK && !allowed.host[0])
        abort();
    if (url_parse(slice_sub(input, 0, end), &base, NULL) != SH_OK)
        return 0;
    same_again(&base);
    if (end < len &&
        url_join(&base, slice_sub(input, end + 1, len - end - 1), &joined, NULL) == SH_OK)
        same_again(&joined);
    return 0;
}
