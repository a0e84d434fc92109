/* Which bytes of a box are left out of the hash (C2PA 2.2 18.6.2, 18.6.3 and A.5.6). */
#include "c2pa/content.h"

#include <string.h>

#include "c2pa/content_int.h"

/* ---- the list of an assertion ---- */

/* One character of a type: printable ASCII as it is, U+0080 to U+00FF as that byte. */
static bool take_character(struct cursor *cur, uint32_t *type)
{
    uint8_t c = rd_u8(cur);

    if (c >= 0x80) {
        uint8_t low = rd_u8(cur);

        if ((c != 0xc2 && c != 0xc3) || (low & 0xc0) != 0x80)
            return false;
        c = (uint8_t)((c & 3) << 6 | (low & 0x3f));
    }
    *type = *type << 8 | c;
    return !cur->failed && c != '/';
}

/* "[12]" behind a type: from 1, no zeros in front. */
static bool take_index(struct cursor *cur, uint32_t *index)
{
    size_t at = cur->at + 1;
    size_t end = slice_find(cur->whole, at, ']');
    uint64_t number = 0;

    if (end == cur->whole.len ||
        !decimal_parse(slice_sub(cur->whole, at, end - at), UINT32_MAX, &number) || !number)
        return false;
    *index = (uint32_t)number;
    cur->at = end + 1;
    return true;
}

/* A path that is none leaves nothing out: depth stays 0. */
static void parse_path(struct slice text, struct c2pa_exclusion *entry)
{
    struct cursor cur = cursor_of(text);
    unsigned depth = 0;

    entry->xpath = text;
    while (rd_left(&cur)) {
        struct c2pa_step step = {0};

        if (depth == LIMIT_BOX_DEPTH || rd_u8(&cur) != '/')
            return;
        for (unsigned i = 0; i < 4; i++)
            if (!take_character(&cur, &step.type))
                return;
        if (rd_left(&cur) && cur.whole.ptr[cur.at] == '[' && !take_index(&cur, &step.index))
            return;
        entry->step[depth++] = step;
    }
    entry->depth = depth;
}

static int bad(struct c2pa_bound *bound, const char *field, const char *what)
{
    return c2pa_judge(bound, C2PA_BOUND_MALFORMED, WHY_NOWHERE, "exclusions: %s: %s (18.6.3)",
                      field, what);
}

static int take_number(const struct cbor_value *map, const char *name, uint64_t *out,
                       struct c2pa_bound *bound)
{
    return c2pa_number_in(map, name, out) ? SH_OK
                                          : bad(bound, name, "not there, or no number from 0");
}

/* An array with entries, or nothing.  No data at all is no condition: others write it so. */
static int take_array(const struct cbor_value *map, const char *name,
                      const struct cbor_value **out, struct c2pa_bound *bound)
{
    const struct cbor_value *value = cbor_member(map, name);

    if (value && (value->type != CBOR_ARRAY || (!value->count && strcmp(name, "data") != 0)))
        return bad(bound, name, "not an array with at least one entry");
    *out = value;
    return SH_OK;
}

static int parse_data(const struct cbor_value *map, struct arena *arena,
                      struct c2pa_exclusion *entry, struct c2pa_bound *bound, struct why *why)
{
    const struct cbor_value *list = NULL;
    struct c2pa_datum *data;
    int rc = take_array(map, "data", &list, bound);

    if (rc != SH_OK || !list || !list->count)
        return rc;
    data = arena_take(arena, list->count * sizeof(*data));
    if (!data)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory for exclusions");
    for (const struct cbor_value *item = list->first; item; item = item->next) {
        const struct cbor_value *value = cbor_member(item, "value");
        struct c2pa_datum *datum = &data[entry->data_count];

        rc = take_number(item, "offset", &datum->offset, bound);
        if (rc != SH_OK)
            return rc;
        if (!value || value->type != CBOR_BYTES)
            return bad(bound, "value", "not there, or no byte string");
        datum->value = value->string;
        entry->data_count++;
    }
    entry->data = data;
    return SH_OK;
}

/* 15.12.2: ordered, apart; only the last may have the length 0, which is "to the end". */
static int parse_subset(const struct cbor_value *map, struct arena *arena,
                        struct c2pa_exclusion *entry, struct c2pa_bound *bound, struct why *why)
{
    const struct cbor_value *list = NULL;
    struct c2pa_subset *subset;
    uint64_t last = 0;
    int rc = take_array(map, "subset", &list, bound);

    if (rc != SH_OK || !list)
        return rc;
    if (list->count > LIMIT_C2PA_SUBSETS)
        return bad(bound, "subset", "more entries than are read here");
    subset = arena_take(arena, list->count * sizeof(*subset));
    if (!subset)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory for exclusions");
    for (const struct cbor_value *item = list->first; item; item = item->next) {
        struct c2pa_subset *run = &subset[entry->subset_count++];
        uint64_t len = 0;

        rc = take_number(item, "offset", &run->from, bound);
        if (rc == SH_OK)
            rc = take_number(item, "length", &len, bound);
        if (rc != SH_OK)
            return rc;
        if (run->from < last)
            return bad(bound, "subset", "an entry begins before the one in front ends");
        if (len == 0 && item->next)
            return bad(bound, "subset", "a length of 0 that is not in the last entry");
        if (len == 0 || !size_add(run->from, len, &run->to))
            run->to = UINT64_MAX;
        last = run->to;
    }
    entry->subset = subset;
    return SH_OK;
}

static int parse_version(const struct cbor_value *map, struct c2pa_exclusion *entry,
                         struct c2pa_bound *bound)
{
    const struct cbor_value *flags = cbor_member(map, "flags");
    const struct cbor_value *exact = cbor_member(map, "exact");

    entry->has_length = cbor_member(map, "length") != NULL;
    entry->has_version = cbor_member(map, "version") != NULL;
    if (entry->has_length && take_number(map, "length", &entry->length, bound) != SH_OK)
        return C2PA_JUDGED;
    if (entry->has_version && take_number(map, "version", &entry->version, bound) != SH_OK)
        return C2PA_JUDGED;
    entry->exact = true;
    if (exact && exact->type != CBOR_TRUE && exact->type != CBOR_FALSE)
        return bad(bound, "exact", "neither true nor false");
    if (exact)
        entry->exact = exact->type == CBOR_TRUE;
    if (!flags)
        return SH_OK;
    if (flags->type != CBOR_BYTES || flags->string.len != 3)
        return bad(bound, "flags", "no byte string of 3 bytes");
    entry->has_flags = true;
    entry->flags = (uint32_t)flags->string.ptr[0] << 16 | (uint32_t)flags->string.ptr[1] << 8 |
                   flags->string.ptr[2];
    return SH_OK;
}

static bool only_root(const struct c2pa_exclusion *entry, uint32_t type)
{
    return entry->depth == 1 && entry->step[0].type == type && !entry->step[0].index &&
           !entry->has_length && !entry->has_version && !entry->has_flags;
}

/* Is the entry one of A.5.6; and if not, is it /free or /skip? */
static void note_additional(const struct c2pa_exclusion *entry, struct c2pa_exclusions *list)
{
    bool whole = !entry->subset_count && !entry->data_count;

    if (whole && (only_root(entry, C2PA_FOURCC('f', 't', 'y', 'p')) ||
                  only_root(entry, C2PA_FOURCC('m', 'f', 'r', 'a'))))
        return;
    if (only_root(entry, C2PA_FOURCC('u', 'u', 'i', 'd')) && !entry->subset_count &&
        entry->data_count == 1 && entry->data[0].offset == 8 &&
        slice_equal(entry->data[0].value, slice_of(bmff_c2pa_uuid, sizeof(bmff_c2pa_uuid))))
        return;
    if (only_root(entry, C2PA_FOURCC('m', 'd', 'a', 't')) && !entry->data_count &&
        entry->subset_count == 1 && entry->subset[0].from == 16 &&
        entry->subset[0].to == UINT64_MAX)
        return;
    if (only_root(entry, C2PA_FOURCC('f', 'r', 'e', 'e')) ||
        only_root(entry, C2PA_FOURCC('s', 'k', 'i', 'p')))
        list->additional_free = true;
    else
        list->additional = true;
}

static int parse_entry(const struct cbor_value *map, struct arena *arena,
                       struct c2pa_exclusion *entry, struct c2pa_bound *bound, struct why *why)
{
    const struct cbor_value *path = cbor_member(map, "xpath");
    int rc;

    if (map->type != CBOR_MAP || !path || path->type != CBOR_TEXT)
        return bad(bound, "xpath", "not there, or no text");
    parse_path(path->string, entry);
    rc = parse_version(map, entry, bound);
    if (rc == SH_OK)
        rc = parse_data(map, arena, entry, bound, why);
    if (rc == SH_OK)
        rc = parse_subset(map, arena, entry, bound, why);
    return rc;
}

int c2pa_exclusions_parse(const struct cbor_value *map, struct arena *arena,
                          struct c2pa_exclusions *out, struct c2pa_bound *bound,
                          struct why *why)
{
    const struct cbor_value *list = cbor_member(map, "exclusions");
    struct c2pa_exclusions found = {0};
    struct c2pa_exclusion *entries;

    if (!list || list->type != CBOR_ARRAY || !list->count)
        return c2pa_judge(bound, C2PA_BOUND_MALFORMED, WHY_NOWHERE,
                          "exclusions: no array with at least one entry (15.12.2)");
    if (list->count > LIMIT_C2PA_EXCLUSIONS)
        return c2pa_judge(bound, C2PA_BOUND_MALFORMED, WHY_NOWHERE,
                          "exclusions: %zu entries, at most %d are read here", list->count,
                          LIMIT_C2PA_EXCLUSIONS);
    entries = arena_take(arena, list->count * sizeof(*entries));
    if (!entries)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory for exclusions");
    for (const struct cbor_value *item = list->first; item; item = item->next) {
        int rc = parse_entry(item, arena, &entries[found.count], bound, why);

        if (rc != SH_OK)
            return rc;
        note_additional(&entries[found.count], &found);
        found.count++;
    }
    found.entry = entries;
    *out = found;
    return SH_OK;
}

/* ---- matching boxes ---- */

struct box {
    uint64_t at, size;
    uint32_t type;
    uint8_t head;
};

/* Boxes that hold boxes and nothing else (14496-12, QuickTime); a path leads through no other.
 * meta has a version in front in all but QuickTime files. */
static bool is_container(uint32_t type)
{
    static const char names[] = "moovtrakedtsmdiaminfdinfstblmvexmooftrafmfraudtametatref"
                                "sinfrinfschiiprpipcomecostrkstrdgmhd";

    for (size_t i = 0; i + 4 < sizeof(names); i += 4)
        if (type == C2PA_FOURCC((uint8_t)names[i], (uint8_t)names[i + 1], (uint8_t)names[i + 2],
                                (uint8_t)names[i + 3]))
            return true;
    return false;
}

/* Boxes with version and flags (14496-12, 23008-12). */
static bool is_full(uint32_t type)
{
    static const char names[] =
        "pdinmvhdtkhdmdhdhdlrnmhdelngstsdsttscttscslgstssstshstdpelstdref"
        "url urn stszstz2stscstcoco64padbsubssaizsaiomehdtrexmfhdtfhdtrun"
        "tframfrotfdtlevatrepasspsbgpsgpdcsgpcprttselkindmetaxml bxmliloc"
        "pitmiproinfeiinfirefipmaschmfiinfparfecrgitnfirestristsgstvicsch"
        "sidxssixprftsrppvmhdsmhdsratchnldmixtxtCmimeuri uriIhmhdsthdvvhd"
        "medcemsgpsshsencispesdes";

    for (size_t i = 0; i + 4 < sizeof(names); i += 4)
        if (type == C2PA_FOURCC((uint8_t)names[i], (uint8_t)names[i + 1], (uint8_t)names[i + 2],
                                (uint8_t)names[i + 3]))
            return true;
    return type == C2PA_FOURCC('u', 'u', 'i', 'd');
}

void c2pa_matcher_init(struct c2pa_matcher *matcher, const struct c2pa_exclusions *exclusions,
                       const struct bmff_source *source)
{
    memset(matcher, 0, sizeof(*matcher));
    matcher->exclusions = exclusions;
    matcher->peek = (struct c2pa_window){
        .source = source, .buf = matcher->peek_room, .cap = sizeof(matcher->peek_room)};
    bytes_init(&matcher->list, LIMIT_C2PA_SPANS * sizeof(struct c2pa_span));
}

void c2pa_matcher_release(struct c2pa_matcher *matcher)
{
    bytes_release(&matcher->list);
}

/* What looking for one costs beside its bytes: at the worst a read of the file. */
#define DATUM_COST 64

/* Has the box these bytes there?  *held. */
static int match_datum(struct c2pa_matcher *matcher, const struct box *box,
                       const struct c2pa_datum *datum, bool *held, struct why *why)
{
    struct slice left = datum->value;
    uint64_t at = box->at + datum->offset;

    *held = datum->offset <= box->size && left.len <= box->size - datum->offset;
    matcher->matched += DATUM_COST; /* An empty one, too: lists of them are free to write. */
    if (matcher->matched > LIMIT_C2PA_MATCHED)
        return why_set(why, SH_ELIMIT, at, "exclusions: more data than is compared here");
    while (*held && left.len) {
        struct slice part;
        int rc = c2pa_window_at(&matcher->peek, at, left.len, &part, why);

        if (rc < 0)
            return rc;
        matcher->matched += part.len;
        if (matcher->matched > LIMIT_C2PA_MATCHED)
            return why_set(why, SH_ELIMIT, at, "exclusions: more data than is compared here");
        *held = memcmp(part.ptr, left.ptr, part.len) == 0;
        left = slice_sub(left, part.len, left.len - part.len);
        at += part.len;
    }
    return SH_OK;
}

/* Version and flags (18.6.2); *held. */
static int match_full(struct c2pa_matcher *matcher, const struct box *box,
                      const struct c2pa_exclusion *entry, bool *held, struct why *why)
{
    uint64_t skip = box->head + (box->type == C2PA_FOURCC('u', 'u', 'i', 'd') ? 16u : 0);
    struct cursor cur;
    struct slice word;
    uint32_t flags;
    int rc;

    *held = is_full(box->type) && box->size >= skip + 4;
    if (!*held)
        return SH_OK;
    rc = c2pa_window_all(&matcher->peek, box->at + skip, 4, &word, why);
    if (rc < 0)
        return rc;
    cur = cursor_of(word);
    *held = !entry->has_version || rd_u8(&cur) == entry->version;
    flags = (uint32_t)word.ptr[1] << 16 | (uint32_t)word.ptr[2] << 8 | word.ptr[3];
    if (entry->has_flags)
        *held = *held && (entry->exact ? flags : flags & entry->flags) == entry->flags;
    return SH_OK;
}

static int match_conditions(struct c2pa_matcher *matcher, const struct box *box,
                            const struct c2pa_exclusion *entry, bool *held, struct why *why)
{
    int rc = SH_OK;

    *held = !entry->has_length || entry->length == box->size;
    if (*held && (entry->has_version || entry->has_flags))
        rc = match_full(matcher, box, entry, held, why);
    for (size_t i = 0; rc == SH_OK && *held && i < entry->data_count; i++)
        rc = match_datum(matcher, box, &entry->data[i], held, why);
    return rc;
}

static void put_span(struct c2pa_matcher *matcher, const struct box *box, uint64_t from,
                     uint64_t to, size_t entry)
{
    struct c2pa_span span = {.from = from, .to = to, .entry = (uint32_t)entry};

    if (from == box->at && to - from >= box->head)
        span.head = box->head;
    if (from < to)
        bytes_append(&matcher->list, &span, sizeof(span));
}

static void put_entry(struct c2pa_matcher *matcher, const struct box *box, size_t number)
{
    const struct c2pa_exclusion *entry = &matcher->exclusions->entry[number];

    if (!entry->subset_count)
        put_span(matcher, box, box->at, box->at + box->size, number);
    for (size_t i = 0; i < entry->subset_count; i++) {
        uint64_t from = entry->subset[i].from;
        uint64_t to = entry->subset[i].to;

        put_span(matcher, box, box->at + (from < box->size ? from : box->size),
                 box->at + (to < box->size ? to : box->size), number);
    }
}

/* One box whose parents fit the first depth steps of the entries in mask. */
struct candidate {
    uint64_t mask;
    uint64_t *seen; /* siblings so far, by entry */
    unsigned depth;
};

/* Which entries does it fit; *deeper: those that lead on into it. */
static int match_box(struct c2pa_matcher *matcher, const struct box *box,
                     const struct candidate *candidate, uint64_t *deeper, struct why *why)
{
    const struct c2pa_exclusions *list = matcher->exclusions;

    *deeper = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct c2pa_exclusion *entry = &list->entry[i];
        const struct c2pa_step *step = &entry->step[candidate->depth];
        bool held = false;
        int rc;

        if (!(candidate->mask >> i & 1) || step->type != box->type)
            continue;
        candidate->seen[i]++;
        if (step->index && step->index != candidate->seen[i])
            continue;
        if (entry->depth > candidate->depth + 1) {
            *deeper |= UINT64_C(1) << i;
            continue;
        }
        rc = match_conditions(matcher, box, entry, &held, why);
        if (rc < 0)
            return rc;
        if (held)
            put_entry(matcher, box, i);
    }
    return SH_OK;
}

/* Boxes inside of one, of which some may be left out. */
struct level {
    uint64_t at, end;
    uint64_t mask;
    uint64_t seen[LIMIT_C2PA_EXCLUSIONS];
};

/* The children of box begin behind its header; in meta behind its version, where it has one. */
static int enter(struct c2pa_matcher *matcher, const struct box *box, uint64_t mask,
                 struct level *level, struct why *why)
{
    struct slice word;
    int rc;

    memset(level, 0, sizeof(*level));
    level->at = box->at + box->head;
    level->end = box->at + box->size;
    level->mask = mask;
    if (box->type != C2PA_FOURCC('m', 'e', 't', 'a') || box->size < box->head + 8u)
        return SH_OK;
    /* Of QuickTime: a box follows at once, and its first is hdlr. */
    rc = c2pa_window_all(&matcher->peek, level->at + 4, 4, &word, why);
    if (rc == SH_OK && memcmp(word.ptr, "hdlr", 4) != 0)
        level->at += 4;
    return rc;
}

/* The next box of a level; 1, or 0 at its end and where no box can be read. */
static int next_box(struct c2pa_matcher *matcher, struct level *level, struct box *box,
                    struct why *why)
{
    uint64_t left = level->end - level->at;
    struct cursor cur;
    struct slice head;
    int rc;

    if (left < 8)
        return 0;
    if (++matcher->boxes > LIMIT_BOXES)
        return why_set(why, SH_ELIMIT, level->at, "more than %d boxes", LIMIT_BOXES);
    rc = c2pa_window_all(&matcher->peek, level->at, left < 16 ? 8 : 16, &head, why);
    if (rc < 0)
        return rc;
    cur = cursor_of(head);
    *box = (struct box){.at = level->at, .size = rd_u32(&cur), .head = 8};
    box->type = rd_u32(&cur);
    if (box->size == 1) {
        box->size = rd_u64(&cur);
        box->head = 16;
    } else if (box->size == 0) {
        box->size = left;
    }
    if (cur.failed || box->size < box->head || box->size > left)
        return 0;
    level->at += box->size;
    return 1;
}

static int match_below(struct c2pa_matcher *matcher, const struct box *root, uint64_t mask,
                       struct why *why)
{
    struct level level[LIMIT_BOX_DEPTH];
    struct box box;
    unsigned depth = 1;
    int rc = enter(matcher, root, mask, &level[0], why);

    while (rc == SH_OK && depth) {
        struct level *here = &level[depth - 1];
        struct candidate candidate = {.mask = here->mask, .seen = here->seen, .depth = depth};
        uint64_t deeper = 0;
        int got = next_box(matcher, here, &box, why);

        if (got < 0)
            return got;
        if (!got) {
            depth--;
            continue;
        }
        rc = match_box(matcher, &box, &candidate, &deeper, why);
        /* No entry has more than LIMIT_BOX_DEPTH steps, so depth stays below it here. */
        if (rc == SH_OK && deeper && is_container(box.type))
            rc = enter(matcher, &box, deeper, &level[depth++], why);
    }
    return rc;
}

/* ---- putting runs in order ---- */

static void sift(struct c2pa_span *heap, size_t at, size_t count)
{
    for (size_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
        struct c2pa_span moved = heap[at];

        if (child + 1 < count && heap[child + 1].from > heap[child].from)
            child++;
        if (heap[child].from <= moved.from)
            return;
        heap[at] = heap[child];
        heap[child] = moved;
        at = child;
    }
}

static void sort_spans(struct c2pa_span *span, size_t count)
{
    bool sorted = true;

    for (size_t i = 1; i < count && sorted; i++)
        sorted = span[i - 1].from <= span[i].from;
    if (sorted)
        return;
    for (size_t i = count / 2; i-- > 0;)
        sift(span, i, count);
    for (size_t i = count; i-- > 1;) {
        struct c2pa_span last = span[0];

        span[0] = span[i];
        span[i] = last;
        sift(span, 0, i);
    }
}

/* Cut away what two have in common; returns how many are left. */
static size_t part_spans(struct c2pa_span *span, size_t count)
{
    size_t kept = 0;
    uint64_t end = 0;

    for (size_t i = 0; i < count; i++) {
        if (span[i].from < end) {
            span[i].from = end;
            span[i].head = 0;
        }
        if (span[i].from >= span[i].to)
            continue;
        end = span[i].to;
        span[kept++] = span[i];
    }
    return kept;
}

int c2pa_matcher_root(struct c2pa_matcher *matcher, const struct c2pa_file *file, size_t number,
                      struct why *why)
{
    struct candidate candidate = {.seen = matcher->seen};
    const struct c2pa_root *root = &file->roots[number];
    const struct box box = {
        .at = root->at, .size = root->size, .type = root->type, .head = root->head};
    uint64_t deeper = 0;
    int rc;

    /* What stands in front counts for an index. */
    for (; matcher->counted < number; matcher->counted++)
        for (size_t i = 0; i < matcher->exclusions->count; i++)
            matcher->seen[i] += file->roots[matcher->counted].head &&
                                matcher->exclusions->entry[i].step[0].type ==
                                    file->roots[matcher->counted].type;
    matcher->counted = number + 1;
    bytes_clear(&matcher->list);
    matcher->span_count = 0;
    for (size_t i = 0; i < matcher->exclusions->count; i++)
        if (matcher->exclusions->entry[i].depth && root->head)
            candidate.mask |= UINT64_C(1) << i;
    rc = match_box(matcher, &box, &candidate, &deeper, why);
    if (rc == SH_OK && deeper && is_container(box.type))
        rc = match_below(matcher, &box, deeper, why);
    if (rc == SH_OK)
        rc = bytes_check(&matcher->list, why);
    if (rc < 0)
        return rc;
    matcher->span_count = matcher->list.len / sizeof(struct c2pa_span);
    matcher->spans = (const void *)matcher->list.ptr;
    sort_spans((void *)matcher->list.ptr, matcher->span_count);
    matcher->span_count = part_spans((void *)matcher->list.ptr, matcher->span_count);
    return SH_OK;
}
