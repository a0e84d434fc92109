/* The part of a document that a dispatch has: status, words, place, times, files. */
#include "dispatch/document_int.h"

#include <string.h>

static const char *const KEYS_PLACE[] = {"code", "level", "names"};
static const char *const KEYS_CLAIMED[] = {"source", "time", "zone"};
static const char *const KEYS_BLOB[] = {"bytes", "duration_ms", "height", "mime",
                                        "role",  "sha256",      "width"};

static bool is_one_of(struct slice text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_equal(text, slice_text(words[i])))
            return true;
    return false;
}

static int read_status(struct document_reading *rd, const struct json_value *root)
{
    static const char *const words[] = {"well", "hurt", "moving"};
    const struct json_value *status = json_member(root, "status");

    if (!status)
        return document_refuse(rd, root, "status", "is missing from the object");
    if (status->type != JSON_STRING)
        return document_text(rd, status, TEXT_LINE, LIMIT_STATUS_BYTES, &rd->doc->status_text);
    if (!is_one_of(status->text, words, COUNT_OF(words)))
        return document_refuse(rd, status, "status", "is not well, hurt, moving or a text");
    rd->doc->status = status->text;
    return SH_OK;
}

static bool is_geonames(struct slice text)
{
    uint64_t number;

    return decimal_parse(text, UINT32_MAX, &number) && number != 0;
}

static int read_names(struct document_reading *rd, const struct json_value *names)
{
    struct doc_place *place = &rd->doc->place;
    const struct json_value *m;
    int rc;

    place->names = arena_take(rd->arena, names->count * sizeof(*place->names));
    if (!place->names)
        return why_set(rd->why, SH_ENOMEM, names->offset, "document: out of memory");
    for (m = names->first; m; m = m->next) {
        if (m->type != JSON_STRING || !document_is_lang(m->name))
            return document_refuse(rd, m, "place.names", "is not language tags with texts");
        rc = text_check(m->text, TEXT_LINE, LIMIT_PLACE_BYTES, "place", rd->why);
        if (rc < 0)
            return rc;
        place->names[place->name_count++] = (struct doc_text){m->name, m->text};
    }
    return SH_OK;
}

static int read_place(struct document_reading *rd, const struct json_value *root)
{
    static const char *const levels[] = {"country", "region", "city", "typed"};
    static const struct document_keys keys = {"place.", KEYS_PLACE, COUNT_OF(KEYS_PLACE)};
    const struct json_value *object = NULL, *level = NULL, *code = NULL, *names = NULL;
    int rc = document_may(rd, root, "place", JSON_OBJECT, &object);

    if (rc < 0 || !object)
        return rc;
    rd->doc->place.present = true;
    rc = document_need(rd, object, "level", JSON_STRING, &level);
    if (rc == SH_OK)
        rc = document_may(rd, object, "code", JSON_STRING, &code);
    if (rc == SH_OK)
        rc = document_need(rd, object, "names", JSON_OBJECT, &names);
    if (rc < 0)
        return rc;
    if (!is_one_of(level->text, levels, COUNT_OF(levels)))
        return document_refuse(rd, level, "place.level",
                               "is not country, region, city or typed");
    rd->doc->place.level = level->text;
    if ((code == NULL) != slice_equal(level->text, slice_text("typed")))
        return document_refuse(rd, object, "place.code",
                               "must stand for every level but typed");
    if (code) {
        if (!is_geonames(code->text))
            return document_refuse(rd, code, "place.code", "is not a GeoNames number");
        rd->doc->place.code = code->text;
    }
    rc = read_names(rd, names);
    return rc == SH_OK ? document_unknown(rd, object, &keys) : rc;
}

/* A name of the IANA time zone database, in shape. */
static bool is_zone(struct slice text)
{
    uint8_t c;

    for (size_t i = 0; i < text.len; i++) {
        c = text.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            !(i && (c == '/' || c == '_' || c == '-' || c == '+')))
            return false;
    }
    return text.len != 0 && text.len <= LIMIT_TOKEN_BYTES;
}

static int read_claimed(struct document_reading *rd, const struct json_value *root)
{
    static const char *const sources[] = {"file", "phone", "typed"};
    static const struct document_keys keys = {"claimed.", KEYS_CLAIMED, COUNT_OF(KEYS_CLAIMED)};
    const struct json_value *object = NULL, *zone = NULL, *source = NULL, *time = NULL;
    int rc = document_may(rd, root, "claimed", JSON_OBJECT, &object);

    if (rc < 0 || !object)
        return rc;
    rd->doc->claimed.present = true;
    rc = document_need(rd, object, "time", JSON_NUMBER, &time);
    if (rc == SH_OK)
        rc = document_number(rd, object, "time", JSON_INTEGER_MAX, &rd->doc->claimed.time);
    if (rc == SH_OK)
        rc = document_need(rd, object, "zone", JSON_STRING, &zone);
    if (rc == SH_OK)
        rc = document_need(rd, object, "source", JSON_STRING, &source);
    if (rc < 0)
        return rc;
    if (!is_zone(zone->text))
        return document_refuse(rd, zone, "claimed.zone", "is not the name of a time zone");
    if (!is_one_of(source->text, sources, COUNT_OF(sources)))
        return document_refuse(rd, source, "claimed.source", "is not file, phone or typed");
    rd->doc->claimed.zone = zone->text;
    rd->doc->claimed.source = source->text;
    return document_unknown(rd, object, &keys);
}

/*
 * type "/" subtype, both restricted-names in lower case (RFC 6838 4.2); ";codecs=" and
 * one of five may follow: it says that a browser may not play it (RFC 6381).
 */
static bool is_mime(struct slice text)
{
    static const char *const codecs[] = {";codecs=alac", ";codecs=av01", ";codecs=hvc1",
                                         ";codecs=opus", ";codecs=vp09"};
    size_t slash = slice_find(text, 0, '/'), len = text.len, tail = strlen(codecs[0]);
    uint8_t c;

    for (size_t i = 0; i < COUNT_OF(codecs) && len == text.len; i++)
        if (len > tail && memcmp(text.ptr + len - tail, codecs[i], tail) == 0)
            len -= tail;
    for (size_t i = 0; i < len; i++) {
        c = text.ptr[i];
        if (i != slash && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' &&
            c != '+' && c != '-')
            return false;
    }
    return slash != 0 && slash + 1 < len && len <= LIMIT_TOKEN_BYTES;
}

static int read_blob(struct document_reading *rd, const struct json_value *object,
                     struct doc_blob *out)
{
    static const struct document_keys keys = {"blobs.", KEYS_BLOB, COUNT_OF(KEYS_BLOB)};
    const struct json_value *role = NULL, *mime = NULL;
    uint64_t width = 0, height = 0;
    int rc;

    if (object->type != JSON_OBJECT)
        return document_refuse(rd, object, "blobs", "holds something that is not an object");
    rc = document_need(rd, object, "role", JSON_STRING, &role);
    if (rc == SH_OK)
        rc = document_need(rd, object, "mime", JSON_STRING, &mime);
    if (rc == SH_OK)
        rc = document_hash(rd, object, "sha256", out->sha256);
    if (rc == SH_OK)
        rc = document_number(rd, object, "bytes", LIMIT_CLIP_BYTES, &out->bytes);
    if (rc == SH_OK)
        rc = document_number(rd, object, "width", UINT32_MAX, &width);
    if (rc == SH_OK)
        rc = document_number(rd, object, "height", UINT32_MAX, &height);
    if (rc == SH_OK)
        rc = document_number(rd, object, "duration_ms", JSON_INTEGER_MAX, &out->duration_ms);
    if (rc < 0)
        return rc;
    if (!document_is_token(role->text))
        return document_refuse(rd, role, "blobs.role", "is not [a-z0-9-]");
    if (!is_mime(mime->text))
        return document_refuse(rd, mime, "blobs.mime", "is not a media type");
    if (!out->bytes)
        return document_refuse(rd, object, "blobs.bytes", "is missing from the object");
    if ((width != 0) != (height != 0))
        return document_refuse(rd, object, "blobs", "has one of width and height alone");
    out->role = role->text;
    out->mime = mime->text;
    out->width = (uint32_t)width;
    out->height = (uint32_t)height;
    return document_unknown(rd, object, &keys);
}

static int read_blobs(struct document_reading *rd, const struct json_value *root)
{
    const struct json_value *array = NULL, *item;
    int rc = document_may(rd, root, "blobs", JSON_ARRAY, &array);

    if (rc < 0 || !array)
        return rc;
    if (array->count > LIMIT_BLOBS)
        return why_set(rd->why, SH_ELIMIT, array->offset, "document: %zu files, at most %d",
                       array->count, LIMIT_BLOBS);
    rd->doc->blobs = arena_take(rd->arena, array->count * sizeof(*rd->doc->blobs));
    if (!rd->doc->blobs)
        return why_set(rd->why, SH_ENOMEM, array->offset, "document: out of memory");
    for (item = array->first; item && rc == SH_OK; item = item->next)
        rc = read_blob(rd, item, &rd->doc->blobs[rd->doc->blob_count++]);
    return rc;
}

/* An array of strings, borrowed. */
static int read_strings(struct document_reading *rd, const struct json_value *root,
                        const char *name, size_t max, struct slice **out)
{
    const struct json_value *array = NULL, *item;
    size_t n = 0;
    int rc = document_may(rd, root, name, JSON_ARRAY, &array);

    *out = NULL;
    if (rc < 0 || !array)
        return rc;
    if (array->count > max)
        return why_set(rd->why, SH_ELIMIT, array->offset,
                       "document: %s: %zu items, at most %zu", name, array->count, max);
    *out = arena_take(rd->arena, array->count * sizeof(**out));
    if (!*out)
        return why_set(rd->why, SH_ENOMEM, array->offset, "document: out of memory");
    for (item = array->first; item; item = item->next) {
        if (item->type != JSON_STRING)
            return document_refuse(rd, item, name, "holds something that is not a string");
        (*out)[n++] = item->text;
    }
    return (int)n;
}

static int read_lists(struct document_reading *rd, const struct json_value *root)
{
    struct document *doc = rd->doc;
    struct tlog_note note;
    int rc = read_strings(rd, root, "removed", LIMIT_REMOVED, &doc->removed);

    if (rc < 0)
        return rc;
    doc->removed_count = (size_t)rc;
    for (size_t i = 0; i < doc->removed_count; i++)
        if (!document_is_token(doc->removed[i]) ||
            (i && slice_compare(doc->removed[i - 1], doc->removed[i]) >= 0))
            return document_refuse(rd, root, "removed", "is not ascending words of [a-z0-9-]");
    rc = read_strings(rd, root, "seen", LIMIT_SEEN, &doc->seen);
    if (rc < 0)
        return rc;
    doc->seen_count = (size_t)rc;
    for (size_t i = 0; i < doc->seen_count; i++) {
        rc = tlog_note_parse(doc->seen[i], &note, rd->why);
        if (rc < 0)
            return rc;
    }
    return SH_OK;
}

static int read_references(struct document_reading *rd, const struct json_value *root)
{
    struct document *doc = rd->doc;
    const struct json_value *of = NULL, *orig = NULL;
    int rc = document_may(rd, root, "of", JSON_NUMBER, &of);

    if (rc == SH_OK && of && !json_integer(of, LIMIT_LOG_SIZE, &doc->of))
        rc = document_refuse(rd, of, "of", "is not an index");
    if (rc == SH_OK)
        rc = document_may(rd, root, "orig", JSON_STRING, &orig);
    if (rc < 0 || !orig)
        return rc;
    doc->has_orig = true;
    return document_hash(rd, root, "orig", doc->orig);
}

int document_read_dispatch(struct document_reading *rd, const struct json_value *root)
{
    struct document *doc = rd->doc;
    const struct json_value *words = NULL;
    int rc = document_hash(rd, root, "dispatch", doc->dispatch);

    if (rc == SH_OK)
        rc = read_status(rd, root);
    if (rc == SH_OK)
        rc = document_number(rd, root, "next_due", JSON_INTEGER_MAX, &doc->next_due);
    if (rc == SH_OK)
        rc = document_may(rd, root, "words", JSON_ARRAY, &words);
    if (rc == SH_OK && words)
        rc = document_texts(rd, words, TEXT_NEWLINES, &doc->words, &doc->word_count);
    if (rc == SH_OK)
        rc = read_place(rd, root);
    if (rc == SH_OK)
        rc = read_claimed(rd, root);
    if (rc == SH_OK)
        rc = read_blobs(rd, root);
    if (rc == SH_OK)
        rc = read_lists(rd, root);
    if (rc == SH_OK)
        rc = read_references(rd, root);
    return rc;
}
