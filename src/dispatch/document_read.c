/* The document: one canonical form, read strictly (FORMATS "Document"). */
#include "dispatch/document_int.h"

#include <string.h>

#define ALWAYS "channel", "kind", "published", "salt", "v"
static const char *const KEYS_DISPATCH[] = {ALWAYS,     "blobs", "claimed", "dispatch",
                                            "next_due", "of",    "orig",    "place",
                                            "removed",  "seen",  "status",  "words"};
static const char *const KEYS_PROMISE[] = {ALWAYS, "because", "rule"};
static const char *const KEYS_WITHDRAW[] = {ALWAYS, "level", "order", "reason"};
static const char *const KEYS_OPEN[] = {ALWAYS};
static const char *const KEYS_RULE[] = {"every_s", "silent_until", "until"};
static const char *const KEYS_TEXT[] = {"lang", "text"};

static const struct {
    const char *name;
    struct document_keys keys;
} KINDS[] = {
    [DOC_DISPATCH] = {"dispatch", {"", KEYS_DISPATCH, COUNT_OF(KEYS_DISPATCH)}},
    [DOC_PROMISE] = {"promise", {"", KEYS_PROMISE, COUNT_OF(KEYS_PROMISE)}},
    [DOC_WITHDRAW] = {"withdraw", {"", KEYS_WITHDRAW, COUNT_OF(KEYS_WITHDRAW)}},
    [DOC_CORRECT] = {"correct", {"", KEYS_DISPATCH, COUNT_OF(KEYS_DISPATCH)}},
    [DOC_OPEN] = {"open", {"", KEYS_OPEN, COUNT_OF(KEYS_OPEN)}},
};

int document_refuse(struct document_reading *rd, const struct json_value *value,
                    const char *field, const char *what)
{
    return why_set(rd->why, SH_EFORMAT, value->offset,
                   "document: %s %s at byte %zu (FORMATS \"Document\")", field, what,
                   value->offset);
}

int document_may(struct document_reading *rd, const struct json_value *object, const char *name,
                 enum json_type type, const struct json_value **out)
{
    *out = json_member(object, name);
    if (*out && (*out)->type != type)
        return document_refuse(rd, *out, name, "is of another type than it must be");
    return SH_OK;
}

int document_need(struct document_reading *rd, const struct json_value *object,
                  const char *name, enum json_type type, const struct json_value **out)
{
    int rc = document_may(rd, object, name, type, out);

    if (rc == SH_OK && !*out)
        return document_refuse(rd, object, name, "is missing from the object");
    return rc;
}

int document_hash(struct document_reading *rd, const struct json_value *object,
                  const char *name, uint8_t out[32])
{
    const struct json_value *value;
    int rc = document_need(rd, object, name, JSON_STRING, &value);

    if (rc == SH_OK && !hex_parse(value->text, out, 32))
        return document_refuse(rd, value, name, "is not 64 lower-case hex digits");
    return rc;
}

int document_number(struct document_reading *rd, const struct json_value *object,
                    const char *name, uint64_t max, uint64_t *out)
{
    const struct json_value *value;
    int rc = document_may(rd, object, name, JSON_NUMBER, &value);

    *out = 0;
    if (rc < 0 || !value)
        return rc;
    if (!json_integer(value, max, out))
        return document_refuse(rd, value, name, "is larger than it may be");
    if (!*out)
        return document_refuse(rd, value, name, "is 0; it is left out instead");
    return SH_OK;
}

bool document_is_token(struct slice text)
{
    uint8_t c;

    for (size_t i = 0; i < text.len; i++) {
        c = text.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
            return false;
    }
    return text.len != 0 && text.len <= LIMIT_TOKEN_BYTES;
}

/* RFC 5646 2.1 in shape: letters, then groups of letters and digits. */
bool document_is_lang(struct slice text)
{
    size_t run = 0;
    bool first = true;
    uint8_t c;

    if (text.len > LIMIT_LANG_BYTES)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        c = text.ptr[i];
        if (c == '-') {
            if (run < (first ? 2 : 1))
                return false;
            first = false;
            run = 0;
            continue;
        }
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            (first || !(c >= '0' && c <= '9')))
            return false;
        if (++run > 8)
            return false;
    }
    return run >= (first ? 2 : 1);
}

int document_unknown(struct document_reading *rd, const struct json_value *object,
                     const struct document_keys *keys)
{
    struct document *doc = rd->doc;
    size_t prefix = strlen(keys->prefix);
    uint8_t *name;
    bool known;

    for (const struct json_value *m = object->first; m; m = m->next) {
        known = false;
        for (size_t i = 0; i < keys->count; i++)
            known = known || slice_equal(m->name, slice_text(keys->names[i]));
        if (known)
            continue;
        name = arena_take(rd->arena, prefix + m->name.len);
        if (!name)
            return why_set(rd->why, SH_ENOMEM, m->offset, "document: out of memory");
        memcpy(name, keys->prefix, prefix);
        memcpy(name + prefix, m->name.ptr, m->name.len);
        doc->unknown[doc->unknown_count++] = slice_of(name, prefix + m->name.len);
    }
    return SH_OK;
}

int document_text(struct document_reading *rd, const struct json_value *object,
                  enum text_rule rule, size_t max, struct doc_text *out)
{
    static const struct document_keys keys = {"text.", KEYS_TEXT, COUNT_OF(KEYS_TEXT)};
    const struct json_value *lang = NULL, *text = NULL;
    int rc;

    if (object->type != JSON_OBJECT)
        return document_refuse(rd, object, "a text", "is not an object {lang,text}");
    rc = document_need(rd, object, "lang", JSON_STRING, &lang);
    if (rc == SH_OK)
        rc = document_need(rd, object, "text", JSON_STRING, &text);
    if (rc < 0)
        return rc;
    if (!document_is_lang(lang->text))
        return document_refuse(rd, lang, "lang", "is not a language tag (BCP 47)");
    out->lang = lang->text;
    out->text = text->text;
    rc = text_check(text->text, rule, max, "text", rd->why);
    return rc == SH_OK ? document_unknown(rd, object, &keys) : rc;
}

int document_texts(struct document_reading *rd, const struct json_value *array,
                   enum text_rule rule, struct doc_text **out, size_t *count)
{
    const struct json_value *item;
    size_t n = 0;
    int rc;

    *out = arena_take(rd->arena, array->count * sizeof(**out));
    if (!*out)
        return why_set(rd->why, SH_ENOMEM, array->offset, "document: out of memory");
    for (item = array->first; item; item = item->next, n++) {
        rc = document_text(rd, item, rule, LIMIT_WORDS_BYTES, &(*out)[n]);
        if (rc < 0)
            return rc;
        rd->words_bytes += (*out)[n].text.len;
        if (rd->words_bytes > LIMIT_WORDS_BYTES)
            return why_set(rd->why, SH_ELIMIT, item->offset,
                           "document: more than %d bytes of words; make them shorter",
                           LIMIT_WORDS_BYTES);
    }
    *count = n;
    return SH_OK;
}

/* ---- the rules for every document, whatever its kind ---- */

static int check_value(struct document_reading *rd, const struct json_value *value)
{
    uint64_t number;
    int rc;

    if (value->parent && value->parent->type == JSON_OBJECT) {
        rc = text_check(value->name, TEXT_LINE, LIMIT_TOKEN_BYTES, "document: a key", rd->why);
        if (rc < 0)
            return rc;
    }
    switch (value->type) {
    case JSON_NULL:
        return document_refuse(rd, value, "null", "stands where the key is left out instead");
    case JSON_NUMBER:
        if (!json_integer(value, JSON_INTEGER_MAX, &number))
            return document_refuse(rd, value, "a number", "is not an integer 0..2^53-1");
        return SH_OK;
    case JSON_STRING:
        return text_check(value->text, TEXT_NEWLINES, LIMIT_DOCUMENT_BYTES, "document",
                          rd->why);
    case JSON_ARRAY:
    case JSON_OBJECT:
        if (!value->count)
            return document_refuse(rd, value, "an empty array or object",
                                   "stands where it is left out instead");
        return SH_OK;
    case JSON_FALSE:
    case JSON_TRUE:
        return SH_OK;
    }
    bug("document: a type that does not exist");
}

static int check_canonical(struct document_reading *rd, struct slice raw,
                           const struct json_value *root)
{
    struct bytes again;
    int rc;

    bytes_init(&again, LIMIT_DOCUMENT_BYTES);
    rc = json_canonical(root, &again, rd->why);
    if (rc == SH_OK && !slice_equal(raw, bytes_view(&again)))
        rc = why_set(rd->why, SH_EFORMAT, 0, "document: not in its canonical form (RFC 8785)");
    else if (rc == SH_ELIMIT)
        rc = SH_EFORMAT;
    bytes_release(&again);
    return rc;
}

static int read_required(struct document_reading *rd, const struct json_value *root)
{
    const struct json_value *value = NULL;
    struct channel_id id;
    uint64_t version;
    int rc = document_need(rd, root, "v", JSON_NUMBER, &value);

    if (rc < 0)
        return rc;
    if (!json_integer(value, JSON_INTEGER_MAX, &version) || version != 1)
        return why_set(rd->why, SH_EUNSUPPORTED, value->offset,
                       "document: a version other than 1; a newer program can read it");
    rc = document_hash(rd, root, "salt", rd->doc->salt);
    if (rc == SH_OK)
        rc = document_need(rd, root, "channel", JSON_STRING, &value);
    if (rc < 0)
        return rc;
    if (!channel_id_parse(value->text, &id))
        return document_refuse(rd, value, "channel", "is not 52 characters of base32");
    rd->doc->channel = value->text;
    rc = document_need(rd, root, "kind", JSON_STRING, &value);
    if (rc < 0)
        return rc;
    if (!document_is_token(value->text))
        return document_refuse(rd, value, "kind", "is not [a-z0-9-]");
    rd->doc->kind_text = value->text;
    rd->doc->kind = DOC_UNKNOWN;
    for (int kind = 0; kind < DOC_UNKNOWN; kind++)
        if (slice_equal(value->text, slice_text(KINDS[kind].name)))
            rd->doc->kind = (enum doc_kind)kind;
    rc = document_number(rd, root, "published", JSON_INTEGER_MAX, &rd->doc->published);
    /* A dispatch that was sealed has its time in its open document. */
    if (rc == SH_OK && !rd->doc->published && rd->doc->kind != DOC_DISPATCH)
        return document_refuse(rd, root, "published", "is missing from the object");
    return rc;
}

static int read_promise(struct document_reading *rd, const struct json_value *root)
{
    static const struct document_keys keys = {"rule.", KEYS_RULE, COUNT_OF(KEYS_RULE)};
    struct document *doc = rd->doc;
    const struct json_value *rule = NULL, *because = NULL;
    int rc = document_need(rd, root, "rule", JSON_OBJECT, &rule);

    if (rc == SH_OK)
        rc = document_number(rd, rule, "every_s", JSON_INTEGER_MAX, &doc->every_s);
    if (rc == SH_OK)
        rc = document_number(rd, rule, "until", JSON_INTEGER_MAX, &doc->until);
    if (rc == SH_OK)
        rc = document_number(rd, rule, "silent_until", JSON_INTEGER_MAX, &doc->silent_until);
    if (rc < 0)
        return rc;
    if ((doc->every_s != 0) + (doc->until != 0) + (doc->silent_until != 0) != 1)
        return document_refuse(rd, rule, "rule",
                               "has not exactly one of every_s, until, silent_until");
    rc = document_unknown(rd, rule, &keys);
    if (rc == SH_OK)
        rc = document_may(rd, root, "because", JSON_ARRAY, &because);
    if (rc == SH_OK && because)
        rc = document_texts(rd, because, TEXT_LINE, &doc->because, &doc->because_count);
    return rc;
}

static int read_withdraw(struct document_reading *rd, const struct json_value *root)
{
    const struct json_value *level = NULL, *reason = NULL, *order = NULL;
    struct tlog_note note;
    int rc = document_need(rd, root, "level", JSON_STRING, &level);

    if (rc == SH_OK)
        rc = document_may(rd, root, "reason", JSON_STRING, &reason);
    if (rc == SH_OK)
        rc = document_may(rd, root, "order", JSON_STRING, &order);
    if (rc < 0)
        return rc;
    if (slice_equal(level->text, slice_text("purge")))
        rd->doc->level = DOC_PURGE;
    else if (slice_equal(level->text, slice_text("hide")))
        rd->doc->level = DOC_HIDE;
    else
        return document_refuse(rd, level, "level", "is neither hide nor purge");
    if (reason) {
        rd->doc->reason = reason->text;
        rc = text_check(reason->text, TEXT_LINE, LIMIT_REASON_BYTES, "reason", rd->why);
    }
    if (rc < 0 || !order)
        return rc;
    if (rd->doc->level != DOC_PURGE)
        return document_refuse(rd, order, "order", "stands in a document that only hides");
    rd->doc->order = order->text;
    return tlog_note_parse(order->text, &note, rd->why);
}

static int read_kind(struct document_reading *rd, const struct json_value *root)
{
    int rc = SH_OK;

    if (rd->doc->kind == DOC_UNKNOWN)
        return SH_OK;
    rc = document_unknown(rd, root, &KINDS[rd->doc->kind].keys);
    if (rc < 0)
        return rc;
    switch (rd->doc->kind) {
    case DOC_DISPATCH:
    case DOC_CORRECT:
        return document_read_dispatch(rd, root);
    case DOC_PROMISE:
        return read_promise(rd, root);
    case DOC_WITHDRAW:
        return read_withdraw(rd, root);
    case DOC_OPEN:
    case DOC_UNKNOWN:
        break;
    }
    return SH_OK;
}

int document_parse(struct slice raw, struct arena *arena, struct document *out, struct why *why)
{
    struct document_reading rd = {.doc = out, .arena = arena, .why = why};
    struct json_value *root = NULL;
    size_t values = 0;
    int rc;

    *out = (struct document){.of = ENTRY_NO_REF};
    if (raw.len > LIMIT_DOCUMENT_BYTES)
        return why_set(why, SH_ELIMIT, LIMIT_DOCUMENT_BYTES, "document: %zu bytes, at most %d",
                       raw.len, LIMIT_DOCUMENT_BYTES);
    rc = json_parse(raw, LIMIT_DOCUMENT_DEPTH, arena, &root, why);
    if (rc < 0)
        return rc;
    if (root->type != JSON_OBJECT)
        return document_refuse(&rd, root, "the document", "is not an object");
    for (const struct json_value *v = root; v && rc == SH_OK; v = json_walk(root, v), values++)
        rc = check_value(&rd, v);
    if (rc == SH_OK)
        rc = check_canonical(&rd, raw, root);
    if (rc < 0)
        return rc;
    out->unknown = arena_take(arena, values * sizeof(*out->unknown));
    if (!out->unknown)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "document: out of memory");
    rc = read_required(&rd, root);
    return rc == SH_OK ? read_kind(&rd, root) : rc;
}
