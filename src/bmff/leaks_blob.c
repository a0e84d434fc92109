/* XML, C2PA's store, and bytes of a kind that has no name: what can be read in them. */
#include "bmff/leaks_int.h"

#include <string.h>

/* Not caps: how short a text may be to count as one. */
#define TEXT_LEAST 6
#define TEXT_LEAST_OF_MANY 12 /* chance makes short ones among so many bytes: */
#define SHORT_BYTES 256
#define TEXTS_MOST 4 /* shown of one blob */

static size_t find_word(struct slice whole, size_t from, const char *word)
{
    size_t len = strlen(word);

    while (from + len <= whole.len) {
        const uint8_t *at = memchr(whole.ptr + from, word[0], whole.len - len + 1 - from);

        if (!at)
            break;
        if (memcmp(at, word, len) == 0)
            return (size_t)(at - whole.ptr);
        from = (size_t)(at - whole.ptr) + 1;
    }
    return whole.len;
}

static struct slice cut(struct slice whole)
{
    return slice_sub(whole, 0, whole.len < LIMIT_LEAKS_WINDOW ? whole.len : LIMIT_LEAKS_WINDOW);
}

/* ---- XML ---- */

/* The value of name="..." or <name>...</name> behind its name. */
static struct slice value_of(struct slice xml, size_t at)
{
    static const char blanks[] = " \t\r\n=>\"'";
    size_t from = at, to;
    uint8_t end = '<';

    if (from + 2 < xml.len && memcmp(xml.ptr + from, "\":", 2) == 0)
        from = at += 2; /* JSON's, in C2PA */

    while (from < xml.len && xml.ptr[from] && strchr(blanks, xml.ptr[from]) &&
           from - at < sizeof(blanks)) {
        if (xml.ptr[from] == '"' || xml.ptr[from] == '\'') {
            end = xml.ptr[from++];
            break;
        }
        from++;
    }
    if (from == at)
        return slice_sub(xml, at, 0);
    to = slice_find(xml, from, end);
    if (to - from > BMFF_LEAK_BYTES)
        to = from + BMFF_LEAK_BYTES;
    return slice_sub(xml, from, to - from);
}

/* A text string of CBOR (RFC 8949 3.1) at `at`. */
static struct slice cbor_text(struct slice whole, size_t at)
{
    struct cursor cur = cursor_of(whole);
    uint8_t head;
    size_t len;

    rd_skip(&cur, at);
    head = rd_u8(&cur);
    len = head & 0x1f;
    if (len == 24)
        len = rd_u8(&cur);
    else if (len == 25)
        len = rd_u16(&cur);
    if (cur.failed || head >> 5 != 3 || (head & 0x1f) > 25 || len > rd_left(&cur))
        return slice_of(NULL, 0);
    return rd_bytes(&cur, len);
}

/* What stands behind a name, in CBOR, JSON or XML. */
static struct slice value_at(struct slice whole, size_t at)
{
    struct slice text = cbor_text(whole, at);

    return text.len ? text : value_of(whole, at);
}

/* XMP (16684-1) "46,28.95N", or decimal degrees. */
static bool xmp_angle(struct slice text, int64_t *e7, uint32_t *radius_m)
{
    struct bmff_angle degrees, minutes = {0};
    size_t comma = slice_find(text, 0, ',');
    uint8_t last = text.len ? text.ptr[text.len - 1] : 0;

    if (!bmff_angle_parse(slice_sub(text, 0, comma), 1, &degrees))
        return false;
    if (comma < text.len &&
        !bmff_angle_parse(slice_sub(text, comma + 1, text.len - comma - 1), 60, &minutes))
        return false;
    *radius_m = comma < text.len ? minutes.radius_m : degrees.radius_m;
    *e7 = degrees.e7 + minutes.e7;
    if (last == 'S' || last == 'W')
        *e7 = -*e7;
    return true;
}

static bool xml_place(struct bmff_finder *finder, const char *name, struct slice xml)
{
    static const char lat_name[] = "GPSLatitude", lon_name[] = "GPSLongitude";
    size_t lat_at = find_word(xml, 0, lat_name), lon_at = find_word(xml, 0, lon_name);
    int64_t lat, lon;
    uint32_t radius, other;

    if (lat_at == xml.len || lon_at == xml.len ||
        !xmp_angle(value_at(xml, lat_at + sizeof(lat_name) - 1), &lat, &radius) ||
        !xmp_angle(value_at(xml, lon_at + sizeof(lon_name) - 1), &lon, &other))
        return bmff_leaks_search(finder, name, xml);
    bmff_leaks_place(finder, name, lat, lon, radius > other ? radius : other);
    return true;
}

/* Each name="value" but what XML itself needs. */
static bool xml_attributes(struct bmff_finder *finder, const char *name, struct slice xml,
                           bool placed)
{
    static const char *const own[] = {"xmlns", "xml:", "rdf:", "begin", "id", "end", "x:xmptk"};
    bool any = false;
    size_t end = 0;

    for (size_t at = find_word(xml, 0, "=\""); at < xml.len; at = find_word(xml, end, "=\"")) {
        size_t from = at;
        bool skip = false;
        struct slice key;

        while (from > end && xml.ptr[from - 1] > ' ' && at - from < BMFF_WHERE_BYTES)
            from--;
        end = slice_find(xml, at + 2, '"');
        key = slice_sub(xml, from, at - from);
        for (size_t i = 0; i < COUNT_OF(own); i++)
            skip = skip || slice_starts(key, own[i]);
        if (skip || !key.len || (placed && bmff_leaks_key(key) == BMFF_LEAK_POSITION))
            continue;
        bmff_leaks_keyed(finder, name, key, slice_sub(xml, at + 2, end - at - 2));
        any = true;
    }
    return any;
}

void bmff_leaks_xml(struct bmff_finder *finder, const char *name, struct slice xml)
{
    static const struct {
        const char *word;
        enum bmff_leak_kind kind;
    } words[] = {
        {"CreateDate", BMFF_LEAK_TIME},       {"DateCreated", BMFF_LEAK_TIME},
        {"DateTimeOriginal", BMFF_LEAK_TIME}, {"CreationDate value", BMFF_LEAK_TIME},
        {"creator", BMFF_LEAK_PERSON},        {"Artist", BMFF_LEAK_PERSON},
        {"OwnerName", BMFF_LEAK_PERSON},      {"tiff:Make", BMFF_LEAK_DEVICE},
        {"tiff:Model", BMFF_LEAK_DEVICE},     {"modelName", BMFF_LEAK_DEVICE},
        {"serialNo", BMFF_LEAK_IDENTIFIER},   {"SerialNumber", BMFF_LEAK_IDENTIFIER},
        {"DocumentID", BMFF_LEAK_IDENTIFIER}, {"CreatorTool", BMFF_LEAK_SOFTWARE},
        {"description", BMFF_LEAK_TEXT},
    };
    bool any;

    xml = cut(xml);
    any = xml_attributes(finder, name, xml, xml_place(finder, name, xml));
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        size_t at = find_word(xml, 0, words[i].word);
        struct slice value = value_of(xml, at < xml.len ? at + strlen(words[i].word) : at);

        /* A list holds its value in elements of its own. */
        while (value.len == 0 && at < xml.len &&
               (at = slice_find(xml, at, '>') + 1) < xml.len &&
               !slice_starts(slice_sub(xml, at, xml.len - at), "</"))
            value = slice_sub(xml, at, slice_find(xml, at, '<') - at);
        if (value.len)
            bmff_leaks_text(finder, words[i].kind, name, value);
        any = any || value.len;
    }
    if (!any)
        bmff_leaks_blob(finder, name, xml);
}

/* ---- C2PA ---- */

/* By their own word they are of this program: then they name a channel. */
static bool take_own(struct bmff_finder *finder, struct slice store)
{
    static const char label[] = "org.stillhere.dispatch", member[] = "channel";
    size_t at = find_word(store, 0, label);

    if (at == store.len)
        return false;
    bmff_leaks_text(finder, BMFF_LEAK_CREDENTIALS, "C2PA", slice_text("stillhere"));
    at = find_word(store, at, member);
    if (at < store.len)
        bmff_leaks_text(finder, BMFF_LEAK_IDENTIFIER, "C2PA",
                        value_at(store, at + sizeof(member) - 1));
    return true;
}

static void take_credentials(struct bmff_finder *finder, struct slice store)
{
    static const struct {
        const char *word;
        enum bmff_leak_kind kind;
    } words[] = {
        {"claim_generator", BMFF_LEAK_SOFTWARE},
        {"dc:title", BMFF_LEAK_NAME},
        {"when", BMFF_LEAK_TIME},
        {"exif:Make", BMFF_LEAK_DEVICE},
        {"exif:Model", BMFF_LEAK_DEVICE},
    };
    struct bmff_leak leak = bmff_leaks_new(finder, BMFF_LEAK_CREDENTIALS, "C2PA");
    uint64_t moment;

    if (!take_own(finder, store))
        bmff_leaks_put(finder, &leak);
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        size_t at = find_word(store, 0, words[i].word);
        struct slice text;

        if (at == store.len)
            continue;
        text = value_at(store, at + strlen(words[i].word));
        if (text.len && (words[i].kind != BMFF_LEAK_TIME || bmff_moment_parse(text, &moment)))
            bmff_leaks_text(finder, words[i].kind, "C2PA", text);
    }
    (void)xml_place(finder, "C2PA", store); /* Assertions in JSON hold Exif's names. */
}

void bmff_leaks_uuid(struct bmff_finder *finder, struct slice body)
{
    static const uint8_t xmp[16] = {0xbe, 0x7a, 0xcf, 0xcb, 0x97, 0xa9, 0x42, 0xe8,
                                    0x9c, 0x71, 0x99, 0x94, 0x91, 0xe3, 0xaf, 0xac};
    struct slice rest;

    if (body.len < 16)
        return;
    rest = cut(slice_sub(body, 16, body.len - 16));
    if (bmff_is_credentials(body))
        take_credentials(finder, rest);
    else if (memcmp(body.ptr, xmp, sizeof(xmp)) == 0)
        bmff_leaks_xml(finder, "XMP", rest);
    else
        bmff_leaks_blob(finder, "uuid", rest);
}

/* ---- anything ---- */

/* Maker's marks in bytes of unknown kind, and what they mean. */
static const struct {
    const char *mark;
    enum bmff_leak_kind kind;
    const char *name;
} marks[] = {
    {"freeGPS ", BMFF_LEAK_POSITION, "freeGPS"}, /* dashcams: a position each second */
    {"GPMF", BMFF_LEAK_TRACK, "GPMF"},
    {"SEFT", BMFF_LEAK_DEVICE, "SEFT"}, /* Samsung's trailer */
    {"Exif", BMFF_LEAK_TEXT, "Exif"},
};

/* Bytes of text at `at`, and how many of its characters are letters or digits. */
static size_t text_run(struct slice bytes, size_t at, size_t *words)
{
    size_t end = at, len;

    *words = 0;
    while (end < bytes.len) {
        uint8_t c = bytes.ptr[end];

        len = c >= 0x20 && c < 0x7f;
        if (c >= 0x80)
            len = bmff_leaks_char(slice_sub(bytes, end, bytes.len - end));
        if (!len)
            break;
        *words += len > 1 || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        end += len;
    }
    return end - at;
}

static unsigned show_texts(struct bmff_finder *finder, const char *name, struct slice bytes)
{
    size_t least = bytes.len > SHORT_BYTES ? TEXT_LEAST_OF_MANY : TEXT_LEAST;
    unsigned shown = 0;
    size_t len, words;

    for (size_t at = 0; at < bytes.len && shown < TEXTS_MOST; at += len + 1) {
        len = text_run(bytes, at, &words);
        if (len < least || words * 2 < least)
            continue;
        bmff_leaks_text(finder, BMFF_LEAK_TEXT, name, slice_sub(bytes, at, len));
        shown++;
    }
    return shown;
}

void bmff_leaks_blob(struct bmff_finder *finder, const char *name, struct slice bytes)
{
    struct bmff_leak leak = bmff_leaks_new(finder, BMFF_LEAK_HIDDEN, name);
    bool zero = true;

    for (size_t i = 0; i < bytes.len && zero; i++)
        zero = bytes.ptr[i] == 0;
    if (zero)
        return;
    if (bytes.len > LIMIT_LEAKS_WINDOW)
        finder->out->unseen |= BMFF_UNSEEN_MORE;
    bytes = cut(bytes);
    (void)bmff_leaks_search(finder, name, bytes); /* What stands around it is shown too. */
    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        struct bmff_leak mark;

        if (find_word(bytes, 0, marks[i].mark) == bytes.len)
            continue;
        mark = bmff_leaks_new(finder, marks[i].kind, name);
        bmff_leaks_clean(slice_text(marks[i].name), mark.text);
        bmff_leaks_put(finder, &mark);
    }
    if (!show_texts(finder, name, bytes))
        bmff_leaks_put(finder, &leak);
}
