/* One line of the log: "stillhere-entry/1 TYPE REF HASH\n" (FORMATS "Log, entry"). */
#include "dispatch/dispatch.h"

#include <string.h>

#define PREFIX "stillhere-entry/"

enum ref_rule { REF_NONE, REF_INDEX, REF_ANY };
static const struct {
    const char *name;
    enum ref_rule rule;
} TYPES[] = {
    [ENTRY_IDENTITY] = {"identity", REF_NONE},  [ENTRY_DISPATCH] = {"dispatch", REF_NONE},
    [ENTRY_PROMISE] = {"promise", REF_NONE},    [ENTRY_MIRRORS] = {"mirrors", REF_NONE},
    [ENTRY_SEALED] = {"sealed", REF_NONE},      [ENTRY_OPEN] = {"open", REF_INDEX},
    [ENTRY_WITHDRAW] = {"withdraw", REF_INDEX}, [ENTRY_CORRECT] = {"correct", REF_INDEX},
    [ENTRY_COPY] = {"copy", REF_INDEX},         [ENTRY_UNKNOWN] = {"?", REF_ANY},
};

const char *entry_type_name(enum entry_type type)
{
    return TYPES[type].name;
}

static bool is_type_text(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!(text.ptr[i] >= 'a' && text.ptr[i] <= 'z') &&
            !(i && ((text.ptr[i] >= '0' && text.ptr[i] <= '9') || text.ptr[i] == '-')))
            return false;
    return text.len != 0;
}

/* The next word of line, which ends at c; false when there is no c. */
static bool next_word(struct slice line, size_t *at, uint8_t c, struct slice *word)
{
    size_t end = slice_find(line, *at, c);

    if (end == line.len)
        return false;
    *word = slice_sub(line, *at, end - *at);
    *at = end + 1;
    return true;
}

static int check_prefix(struct slice word, struct why *why)
{
    uint64_t version;

    if (slice_equal(word, slice_text(PREFIX "1")))
        return SH_OK;
    if (slice_starts(word, PREFIX) &&
        decimal_parse(slice_sub(word, strlen(PREFIX), word.len - strlen(PREFIX)), UINT64_MAX,
                      &version))
        return why_set(why, SH_EUNSUPPORTED, 0,
                       "entry: version %llu, this program knows version 1; a newer program "
                       "can read it",
                       (unsigned long long)version);
    return why_set(why, SH_EFORMAT, 0,
                   "entry: does not begin with \"" PREFIX "1 \" "
                   "(FORMATS \"Log, entry\")");
}

static int parse_ref(struct slice word, uint64_t index, struct entry *out, struct why *why)
{
    enum ref_rule rule = TYPES[out->type].rule;

    if (slice_equal(word, slice_text("-"))) {
        out->ref = ENTRY_NO_REF;
        if (rule != REF_INDEX)
            return SH_OK;
        return why_set(why, SH_EFORMAT, 0, "entry: type %s without the index it refers to",
                       TYPES[out->type].name);
    }
    if (rule == REF_NONE)
        return why_set(why, SH_EFORMAT, 0,
                       "entry: type %s refers to nothing, REF must be \"-\"",
                       TYPES[out->type].name);
    if (!decimal_parse(word, LIMIT_LOG_SIZE, &out->ref))
        return why_set(why, SH_EFORMAT, 0, "entry: REF is neither \"-\" nor a decimal index");
    if (out->ref >= index)
        return why_set(why, SH_EFORMAT, 0, "entry: REF %llu is not smaller than its own index",
                       (unsigned long long)out->ref);
    return SH_OK;
}

int entry_parse(struct slice line, uint64_t index, struct entry *out, struct why *why)
{
    struct slice prefix, ref, hash;
    size_t at = 0;
    int rc;

    if (line.len > LIMIT_ENTRY_BYTES)
        return why_set(why, SH_ELIMIT, LIMIT_ENTRY_BYTES, "entry: %zu bytes, at most %d",
                       line.len, LIMIT_ENTRY_BYTES);
    if (!next_word(line, &at, ' ', &prefix))
        return why_set(why, SH_EFORMAT, 0, "entry: not four words (FORMATS \"Log, entry\")");
    rc = check_prefix(prefix, why);
    if (rc < 0)
        return rc;
    if (!next_word(line, &at, ' ', &out->type_text) || !next_word(line, &at, ' ', &ref) ||
        !next_word(line, &at, '\n', &hash) || at != line.len)
        return why_set(why, SH_EFORMAT, at,
                       "entry: not four words and one LF (FORMATS \"Log, entry\")");
    if (!is_type_text(out->type_text))
        return why_set(why, SH_EFORMAT, 0, "entry: TYPE is not [a-z][a-z0-9-]*");
    out->type = ENTRY_UNKNOWN;
    for (int type = 0; type < ENTRY_UNKNOWN; type++)
        if (slice_equal(out->type_text, slice_text(TYPES[type].name)))
            out->type = (enum entry_type)type;
    if (!hex_parse(hash, out->hash, sizeof(out->hash)))
        return why_set(why, SH_EFORMAT, 0, "entry: HASH is not 64 lower-case hex digits");
    return parse_ref(ref, index, out, why);
}

size_t entry_build(const struct entry *entry, char *out)
{
    char hash[2 * sizeof(entry->hash) + 1];
    char ref[24] = "-";
    int len;

    if (entry->type == ENTRY_UNKNOWN ||
        (TYPES[entry->type].rule == REF_INDEX) != (entry->ref != ENTRY_NO_REF))
        bug("entry_build: a type or REF that may not be written");
    hex_build(slice_of(entry->hash, sizeof(entry->hash)), hash);
    if (entry->ref != ENTRY_NO_REF)
        (void)snprintf(ref, sizeof(ref), "%llu", (unsigned long long)entry->ref);
    len = snprintf(out, LIMIT_ENTRY_BYTES + 1, PREFIX "1 %s %s %s\n", TYPES[entry->type].name,
                   ref, hash);
    if (len <= 0 || len > LIMIT_ENTRY_BYTES)
        bug("entry_build: a line that is too long");
    return (size_t)len;
}
