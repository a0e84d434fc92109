/* The canonical bytes of a document, written in the order of its keys and read back. */
#include "dispatch/dispatch.h"

#include "json/json.h"

struct building {
    struct json_writer json;
    const char *bad; /* the first text that is not UTF-8 */
};

static const char *const KINDS[] = {
    [DOC_DISPATCH] = "dispatch", [DOC_PROMISE] = "promise", [DOC_WITHDRAW] = "withdraw",
    [DOC_CORRECT] = "correct",   [DOC_OPEN] = "open",
};

static void put(struct building *b, const char *name, struct slice text)
{
    if (!text_is_utf8(text) && !b->bad)
        b->bad = name ? name : "a list";
    json_put_slice(&b->json, name, text);
}

static void put_unless_empty(struct building *b, const char *name, struct slice text)
{
    if (text.len)
        put(b, name, text);
}

static void put_unless_zero(struct building *b, const char *name, uint64_t value)
{
    if (value)
        json_put_number(&b->json, name, value);
}

static void put_text(struct building *b, const char *name, const struct doc_text *text)
{
    json_object_open(&b->json, name);
    put(b, "lang", text->lang);
    put(b, "text", text->text);
    json_object_close(&b->json);
}

static void put_texts(struct building *b, const char *name, const struct doc_text *texts,
                      size_t count)
{
    if (!count)
        return;
    json_array_open(&b->json, name);
    for (size_t i = 0; i < count; i++)
        put_text(b, NULL, &texts[i]);
    json_array_close(&b->json);
}

static void put_strings(struct building *b, const char *name, const struct slice *strings,
                        size_t count)
{
    if (!count)
        return;
    json_array_open(&b->json, name);
    for (size_t i = 0; i < count; i++)
        put(b, NULL, strings[i]);
    json_array_close(&b->json);
}

static void put_blobs(struct building *b, const struct document *doc)
{
    const struct doc_blob *blob;

    if (!doc->blob_count)
        return;
    json_array_open(&b->json, "blobs");
    for (size_t i = 0; i < doc->blob_count; i++) {
        blob = &doc->blobs[i];
        json_object_open(&b->json, NULL);
        json_put_number(&b->json, "bytes", blob->bytes);
        put_unless_zero(b, "duration_ms", blob->duration_ms);
        put_unless_zero(b, "height", blob->height);
        put(b, "mime", blob->mime);
        put(b, "role", blob->role);
        json_put_hex(&b->json, "sha256", slice_of(blob->sha256, sizeof(blob->sha256)));
        put_unless_zero(b, "width", blob->width);
        json_object_close(&b->json);
    }
    json_array_close(&b->json);
}

static void put_claimed(struct building *b, const struct document *doc)
{
    if (!doc->claimed.present)
        return;
    json_object_open(&b->json, "claimed");
    put(b, "source", doc->claimed.source);
    json_put_number(&b->json, "time", doc->claimed.time);
    put(b, "zone", doc->claimed.zone);
    json_object_close(&b->json);
}

/* The names in the order of their tags, whatever order they come in. */
static void put_names(struct building *b, const struct doc_place *place)
{
    const struct doc_text *last = NULL, *least;

    json_object_open(&b->json, "names");
    for (size_t n = 0; n < place->name_count; n++) {
        least = NULL;
        for (size_t i = 0; i < place->name_count; i++) {
            if (last && json_name_compare(place->names[i].lang, last->lang) <= 0)
                continue;
            if (!least || json_name_compare(place->names[i].lang, least->lang) < 0)
                least = &place->names[i];
        }
        if (!least)
            b->bad = "place.names (a language stands twice) or its text";
        else {
            if (!text_is_utf8(least->lang) || !text_is_utf8(least->text))
                b->bad = "place.names";
            json_put_member(&b->json, least->lang, least->text);
            last = least;
        }
    }
    json_object_close(&b->json);
}

static void put_place(struct building *b, const struct doc_place *place)
{
    if (!place->present)
        return;
    json_object_open(&b->json, "place");
    put_unless_empty(b, "code", place->code);
    put(b, "level", place->level);
    put_names(b, place);
    json_object_close(&b->json);
}

static void put_rule(struct building *b, const struct document *doc)
{
    if (doc->kind != DOC_PROMISE)
        return;
    json_object_open(&b->json, "rule");
    put_unless_zero(b, "every_s", doc->every_s);
    put_unless_zero(b, "silent_until", doc->silent_until);
    put_unless_zero(b, "until", doc->until);
    json_object_close(&b->json);
}

static void put_status(struct building *b, const struct document *doc)
{
    if (doc->status.len)
        put(b, "status", doc->status);
    else
        put_text(b, "status", &doc->status_text);
}

/* Every key in its canonical place; those of other kinds stay out. */
static void put_document(struct building *b, const struct document *doc)
{
    bool says = doc->kind == DOC_DISPATCH || doc->kind == DOC_CORRECT;
    bool withdraws = doc->kind == DOC_WITHDRAW;

    json_object_open(&b->json, NULL);
    if (doc->kind == DOC_PROMISE)
        put_texts(b, "because", doc->because, doc->because_count);
    if (says)
        put_blobs(b, doc);
    put(b, "channel", doc->channel);
    if (says) {
        put_claimed(b, doc);
        json_put_hex(&b->json, "dispatch", slice_of(doc->dispatch, sizeof(doc->dispatch)));
    }
    json_put_text(&b->json, "kind", KINDS[doc->kind]);
    if (withdraws)
        json_put_text(&b->json, "level", doc->level == DOC_PURGE ? "purge" : "hide");
    if (says) {
        put_unless_zero(b, "next_due", doc->next_due);
        if (doc->of != ENTRY_NO_REF)
            json_put_number(&b->json, "of", doc->of);
    }
    if (withdraws)
        put_unless_empty(b, "order", doc->order);
    if (says && doc->has_orig)
        json_put_hex(&b->json, "orig", slice_of(doc->orig, sizeof(doc->orig)));
    if (says)
        put_place(b, &doc->place);
    put_unless_zero(b, "published", doc->published);
    if (withdraws)
        put_unless_empty(b, "reason", doc->reason);
    if (says)
        put_strings(b, "removed", doc->removed, doc->removed_count);
    put_rule(b, doc);
    json_put_hex(&b->json, "salt", slice_of(doc->salt, sizeof(doc->salt)));
    if (says) {
        put_strings(b, "seen", doc->seen, doc->seen_count);
        put_status(b, doc);
    }
    json_put_number(&b->json, "v", 1);
    if (says)
        put_texts(b, "words", doc->words, doc->word_count);
    json_object_close(&b->json);
}

static int check_types(const struct document *doc, struct why *why)
{
    char path[TREE_PATH_BYTES];
    int rc = SH_OK;

    for (size_t i = 0; i < doc->blob_count && rc == SH_OK; i++)
        rc = tree_blob_path(doc->blobs[i].sha256, doc->blobs[i].mime, path, why);
    return rc;
}

int document_build(const struct document *doc, struct bytes *out, struct why *why)
{
    struct building b = {0};
    struct document again;
    struct arena arena;
    struct bytes text;
    int rc = check_types(doc, why);

    if (rc < 0)
        return rc;
    if (doc->kind >= DOC_UNKNOWN)
        bug("document_build: a kind that may not be written");
    bytes_init(&text, LIMIT_DOCUMENT_BYTES);
    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    json_writer_init(&b.json, &text);
    put_document(&b, doc);
    rc = bytes_check(&text, why);
    if (rc == SH_OK && b.bad)
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE,
                     "document: %s is not valid UTF-8; save the text as UTF-8", b.bad);
    if (rc == SH_OK)
        rc = document_parse(bytes_view(&text), &arena, &again, why);
    if (rc == SH_OK) {
        bytes_slice(out, bytes_view(&text));
        rc = bytes_check(out, why);
    }
    arena_release(&arena);
    bytes_release(&text);
    return rc;
}
