/* Assertions: their labels (C2PA 6.2 to 6.4), their content boxes (11.1.4), redaction (6.8). */
#include <string.h>

#include "c2pa/c2pa_int.h"

#define TYPE_CBOR JUMBF_TYPE('c', 'b', 'o', 'r')
#define TYPE_JSON JUMBF_TYPE('j', 's', 'o', 'n')
#define TYPE_UUID JUMBF_TYPE('u', 'u', 'i', 'd')
#define TYPE_PADDING JUMBF_TYPE('f', 'r', 'e', 'e')
#define TYPE_FILE_ABOUT JUMBF_TYPE('b', 'f', 'd', 'b')
#define TYPE_FILE_DATA JUMBF_TYPE('b', 'i', 'd', 'b')

/* Toggles of a bfdb box (19566-5 B.6). */
#define FILE_HAS_NAME 0x01
#define FILE_IS_EXTERNAL 0x02

static const uint8_t embedded_file[JUMBF_UUID_BYTES] = {0x40, 0xcb, 0x0c, 0x32, 0xbb, 0x8a,
                                                        0x48, 0x9d, 0xa7, 0x0b, 0x2a, 0xd6,
                                                        0xf4, 0x7f, 0x43, 0x69};
static const uint8_t redaction[JUMBF_UUID_BYTES] = {0xca, 0xa9, 0x8e, 0xee, 0x9d, 0x4d,
                                                    0xf8, 0x0e, 0x86, 0xad, 0x4d, 0xff,
                                                    0xca, 0x26, 0x39, 0x73};

/* ---- labels ---- */

/* A number of at most four digits without leading zeros at the end of text; 0: none. */
static unsigned trailing_number(struct slice text, size_t *digits)
{
    uint64_t number;
    size_t at = text.len;

    while (at > 0 && text.len - at < 4 && text.ptr[at - 1] >= '0' && text.ptr[at - 1] <= '9')
        at--;
    *digits = text.len - at;
    if (!decimal_parse(slice_sub(text, at, *digits), 9999, &number))
        return 0;
    return (unsigned)number;
}

static bool stands_before(struct slice text, size_t end, const char *what)
{
    size_t len = strlen(what);

    return end > len && memcmp(text.ptr + end - len, what, len) == 0;
}

/* "c2pa.ingredient.v3__1": name, version and instance. */
static void cut_label(struct c2pa_assertion *assertion)
{
    struct slice text = assertion->label;
    size_t digits;
    unsigned number = trailing_number(text, &digits);

    if (number && stands_before(text, text.len - digits, "__")) {
        assertion->instance = number;
        text.len -= digits + 2;
        number = trailing_number(text, &digits);
    }
    assertion->version = 1;
    if (number && stands_before(text, text.len - digits, ".v")) {
        assertion->version = number;
        text.len -= digits + 2;
    }
    assertion->name = text;
}

/* ---- content ---- */

static const struct jumbf_box *content_from(const struct jumbf_box *box)
{
    while (box && box->type == TYPE_PADDING)
        box = box->next;
    return box;
}

/* The only content box; NULL when there is none, or more than one. */
static const struct jumbf_box *only_content(const struct jumbf_box *box)
{
    const struct jumbf_box *content = content_from(box->first);

    return content && !content_from(content->next) ? content : NULL;
}

bool c2pa_only_cbor(const struct jumbf_box *box, struct slice *out)
{
    const struct jumbf_box *content = only_content(box);

    if (!content || content->type != TYPE_CBOR)
        return false;
    *out = content->payload;
    return true;
}

static bool is_redaction(const struct jumbf_box *content)
{
    return content->type == TYPE_UUID && content->payload.len >= sizeof(redaction) &&
           memcmp(content->payload.ptr, redaction, sizeof(redaction)) == 0;
}

/* Is there nothing but zeros, save the redaction UUID (15.11.3.3, assertion.notRedacted)? */
static void look_for_redaction(struct c2pa_assertion *assertion)
{
    bool marked = false;
    bool zeros = true;

    for (const struct jumbf_box *content = assertion->box->first; content;
         content = content->next) {
        struct slice data = content->payload;

        if (is_redaction(content)) {
            marked = true;
            data = slice_sub(data, sizeof(redaction), data.len - sizeof(redaction));
        }
        zeros = zeros && content->type != JUMBF_SUPERBOX && c2pa_is_zeros(data);
    }
    assertion->redacted = zeros;
    assertion->not_zero = marked && !zeros;
}

static int read_cbor(struct c2pa_assertion *assertion, struct arena *arena, struct why *why)
{
    struct cbor_value *value = NULL;
    struct why said = {0};

    assertion->content = C2PA_CONTENT_CBOR;
    if (!c2pa_only_cbor(assertion->box, &assertion->data)) {
        c2pa_fault_set(&assertion->fault, C2PA_BAD_SHAPE, "not one box with CBOR");
        return SH_OK;
    }
    if (cbor_parse(assertion->data, LIMIT_CBOR_DEPTH, arena, &value, &said) < 0)
        return c2pa_fault_cbor(&assertion->fault, &said, arena, why);
    assertion->cbor = value;
    return SH_OK;
}

static void read_json(struct c2pa_assertion *assertion)
{
    const struct jumbf_box *content = only_content(assertion->box);

    assertion->content = C2PA_CONTENT_JSON;
    if (content && content->type == TYPE_JSON)
        assertion->data = content->payload;
    else
        c2pa_fault_set(&assertion->fault, C2PA_BAD_SHAPE, "not one box with JSON");
}

/* A text up to its NUL; old writers leave out the last one. */
static struct slice read_text(struct cursor *cur)
{
    size_t end = slice_find(cur->whole, cur->at, 0);
    struct slice text = rd_bytes(cur, end - cur->at);

    if (rd_left(cur))
        rd_skip(cur, 1);
    return text;
}

static void read_file(struct c2pa_assertion *assertion)
{
    const struct jumbf_box *about = content_from(assertion->box->first);
    const struct jumbf_box *data = about ? content_from(about->next) : NULL;
    struct cursor cur;
    uint8_t toggles;

    assertion->content = C2PA_CONTENT_FILE;
    if (!data || about->type != TYPE_FILE_ABOUT || data->type != TYPE_FILE_DATA ||
        content_from(data->next)) {
        c2pa_fault_set(&assertion->fault, C2PA_BAD_SHAPE,
                       "not one embedded file (19566-5 B.6)");
        return;
    }
    cur = cursor_of(about->payload);
    toggles = rd_u8(&cur);
    assertion->media_type = read_text(&cur);
    if (toggles & FILE_HAS_NAME)
        assertion->file_name = read_text(&cur);
    assertion->external = toggles & FILE_IS_EXTERNAL;
    assertion->data = data->payload;
    if (cur.failed || !text_is_utf8(assertion->media_type) ||
        !text_is_utf8(assertion->file_name))
        c2pa_fault_set(&assertion->fault, C2PA_BAD_SHAPE,
                       "an embedded file whose description is no text (19566-5 B.6)");
}

static int read_content(struct c2pa_assertion *assertion, struct arena *arena, struct why *why)
{
    const struct jumbf_box *box = assertion->box;
    const struct jumbf_box *content = content_from(box->first);

    look_for_redaction(assertion);
    if (!content) {
        c2pa_fault_set(&assertion->fault, C2PA_BAD_SHAPE, "no content");
    } else if (is_redaction(content) || jumbf_is(box, TYPE_UUID)) {
        assertion->content = C2PA_CONTENT_UUID;
        assertion->data = content->payload;
    } else if (jumbf_is(box, TYPE_CBOR)) {
        return read_cbor(assertion, arena, why);
    } else if (jumbf_is(box, TYPE_JSON)) {
        read_json(assertion);
    } else if (memcmp(box->uuid, embedded_file, sizeof(embedded_file)) == 0) {
        read_file(assertion);
    } else {
        assertion->content = C2PA_CONTENT_OTHER;
        assertion->data = content->payload;
    }
    return SH_OK;
}

/* ---- the assertion store ---- */

/* A bad store is one of at most LIMIT_C2PA_ASSERTIONS: each against each is soon done. */
static void find_ambiguous(struct c2pa_manifest *manifest)
{
    for (size_t i = 0; i < manifest->assertion_count; i++)
        for (size_t j = i + 1; j < manifest->assertion_count; j++)
            if (slice_equal(manifest->assertions[i].label, manifest->assertions[j].label))
                manifest->assertions[i].ambiguous = manifest->assertions[j].ambiguous = true;
}

static int parse_all(struct c2pa_manifest *manifest, struct arena *arena, struct why *why)
{
    int rc = SH_OK;

    for (const struct jumbf_box *box = manifest->assertion_store->first; box && rc == SH_OK;
         box = box->next) {
        struct c2pa_assertion *assertion;

        if (box->type != JUMBF_SUPERBOX)
            continue;
        assertion = &manifest->assertions[manifest->assertion_count++];
        assertion->box = box;
        assertion->label = box->label;
        if (!box->label.len)
            c2pa_fault_set(&assertion->fault, C2PA_BAD_SHAPE, "no label");
        cut_label(assertion);
        rc = read_content(assertion, arena, why);
    }
    return rc;
}

int c2pa_assertions_parse(struct c2pa_manifest *manifest, struct arena *arena, struct why *why)
{
    int rc;

    if (!manifest->assertion_store || !manifest->assertion_store->count)
        return SH_OK;
    if (manifest->assertion_store->count > LIMIT_C2PA_ASSERTIONS)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE,
                       "manifest store: more than %d assertions in one manifest",
                       LIMIT_C2PA_ASSERTIONS);
    manifest->assertions =
        arena_take(arena, manifest->assertion_store->count * sizeof(*manifest->assertions));
    if (!manifest->assertions)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "manifest store: out of memory");
    rc = parse_all(manifest, arena, why);
    find_ambiguous(manifest);
    return rc;
}
