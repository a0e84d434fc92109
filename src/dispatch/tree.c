/* Where things lie in the public tree (FORMATS "Public tree"). */
#include "dispatch/dispatch.h"

/* The fixed table from a media type to a file's extension; never change a row. */
static const struct {
    const char *mime, *extension;
} TYPES[] = {
    {"video/mp4", "mp4"},
    {"video/mp4;codecs=alac", "mp4"}, /* H.264 with that sound: a browser may not play it */
    {"video/mp4;codecs=av01", "mp4"}, /* AV1 (RFC 6381), the same */
    {"video/mp4;codecs=hvc1", "mp4"}, /* HEVC */
    {"video/mp4;codecs=opus", "mp4"}, /* H.264 with that sound */
    {"video/mp4;codecs=vp09", "mp4"}, /* VP9 */
    {"video/quicktime", "mov"},
    {"audio/mp4", "m4a"},
    {"image/jpeg", "jpg"},
    {"image/png", "png"},
    {"image/webp", "webp"},
    {"image/avif", "avif"},
    {"text/vtt", "vtt"},
    {"application/vnd.apple.mpegurl", "m3u8"},
};

const char *tree_extension(struct slice mime)
{
    for (size_t i = 0; i < COUNT_OF(TYPES); i++)
        if (slice_equal(mime, slice_text(TYPES[i].mime)))
            return TYPES[i].extension;
    return NULL;
}

static void hash_path(char kind, const uint8_t sha256[32], const char *extension,
                      char out[TREE_PATH_BYTES])
{
    char hex[65];

    hex_build(slice_of(sha256, 32), hex);
    (void)snprintf(out, TREE_PATH_BYTES, "%c/%.2s/%s.%s", kind, hex, hex, extension);
}

void tree_document_path(const uint8_t sha256[32], char out[TREE_PATH_BYTES])
{
    hash_path('d', sha256, "json", out);
}

int tree_blob_path(const uint8_t sha256[32], struct slice mime, char out[TREE_PATH_BYTES],
                   struct why *why)
{
    const char *extension = tree_extension(mime);

    if (!extension)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "blob: no file extension is known for the type %.*s",
                       (int)(mime.len < LIMIT_TOKEN_BYTES ? mime.len : LIMIT_TOKEN_BYTES),
                       (const char *)mime.ptr);
    hash_path('b', sha256, extension, out);
    return SH_OK;
}

void tree_identity_path(uint64_t number, char out[TREE_PATH_BYTES])
{
    (void)snprintf(out, TREE_PATH_BYTES, "id/%llu.note", (unsigned long long)number);
}

static void number_path(char kind, uint64_t number, char out[TREE_PATH_BYTES])
{
    char grouped[TLOG_PATH_BYTES];

    tlog_number_path(number, grouped);
    (void)snprintf(out, TREE_PATH_BYTES, "%c/%.77s", kind, grouped);
}

void tree_dispatch_path(uint64_t index, char out[TREE_PATH_BYTES])
{
    number_path('w', index, out);
}

void tree_timeline_path(uint64_t number, char out[TREE_PATH_BYTES])
{
    number_path('p', number, out);
}
