/* One value that a clip tells: cleaned, weighed, kept once. */
#include "bmff/leaks_int.h"

#include <string.h>

#define EPOCH_1904 UINT64_C(2082844800) /* seconds from 1904 to 1970 (14496-12 8.2.2) */
#define E7 INT64_C(10000000)
#define SECONDS_MOST UINT64_C(253402300799) /* the end of the year 9999, as when_of has it */

static const char *const leak_names[BMFF_LEAK_KINDS] = {
    [BMFF_LEAK_POSITION] = "position",     [BMFF_LEAK_TIME] = "time",
    [BMFF_LEAK_PERSON] = "person",         [BMFF_LEAK_DEVICE] = "device",
    [BMFF_LEAK_IDENTIFIER] = "identifier", [BMFF_LEAK_SOFTWARE] = "software",
    [BMFF_LEAK_LANGUAGE] = "language",     [BMFF_LEAK_NAME] = "name",
    [BMFF_LEAK_TRACK] = "track",           [BMFF_LEAK_CREDENTIALS] = "credentials",
    [BMFF_LEAK_PICTURE] = "picture",       [BMFF_LEAK_TEXT] = "text",
    [BMFF_LEAK_HIDDEN] = "hidden",
};

const char *bmff_leak_name(unsigned kind)
{
    return kind < BMFF_LEAK_KINDS ? leak_names[kind] : NULL;
}

/* ---- text ---- */

size_t bmff_leaks_char(struct slice text)
{
    if (text.len && text.ptr[0] < 0x80)
        return text.ptr[0] >= 0x20 && text.ptr[0] != 0x7f;
    for (size_t len = 1; len <= 4 && len <= text.len; len++)
        if (text_is_utf8(slice_sub(text, 0, len)))
            return text_check(slice_sub(text, 0, len), TEXT_LINE, 4, "", NULL) == SH_OK ? len
                                                                                        : 0;
    return 0;
}

void bmff_leaks_clean(struct slice text, char out[BMFF_LEAK_BYTES])
{
    size_t used = 0, len;
    bool gap = false;

    for (size_t at = 0; at < text.len; at += len ? len : 1) {
        uint8_t c = text.ptr[at];

        len = bmff_leaks_char(slice_sub(text, at, text.len - at));
        if (c <= ' ' || c == 0x7f) { /* Runs of them become one space between words. */
            gap = used > 0;
            continue;
        }
        if (used + gap + (len ? len : 1) >= BMFF_LEAK_BYTES)
            break;
        if (gap)
            out[used++] = ' ';
        gap = false;
        if (len)
            memcpy(out + used, text.ptr + at, len);
        else
            out[used] = '?';
        used += len ? len : 1;
    }
    out[used] = 0;
}

/* ---- adding ---- */

struct bmff_label bmff_label_of(uint32_t type)
{
    struct bmff_label label = {{0}};
    size_t used = 0;

    for (unsigned i = 0; i < 4; i++) {
        uint8_t c = (uint8_t)(type >> (24 - 8 * i));

        if (c == 0xa9) {
            memcpy(label.text + used, "(c)", 3);
            used += 3;
        } else {
            label.text[used++] = (char)(c > 0x20 && c < 0x7f ? c : c == ' ' ? '_' : '?');
        }
    }
    return label;
}

static size_t append(char *out, size_t used, const char *text)
{
    for (; *text && used + 1 < BMFF_WHERE_BYTES; text++)
        out[used++] = (char)(*text >= 0x20 && *text < 0x7f ? *text : '?');
    out[used] = 0;
    return used;
}

struct bmff_leak bmff_leaks_new(const struct bmff_finder *finder, enum bmff_leak_kind kind,
                                const char *name)
{
    struct bmff_leak leak;
    size_t used;

    memset(&leak, 0, sizeof(leak));
    leak.kind = kind;
    used = append(leak.where, 0, finder->path);
    if (name && used)
        used = append(leak.where, used, "/");
    if (name)
        used = append(leak.where, used, name);
    if (!used)
        (void)append(leak.where, 0, "file");
    return leak;
}

static bool is_same(const struct bmff_leak *a, const struct bmff_leak *b)
{
    return a->kind == b->kind && a->has_position == b->has_position && a->lat_e7 == b->lat_e7 &&
           a->lon_e7 == b->lon_e7 && a->has_time == b->has_time && a->time == b->time &&
           (a->has_time || strcmp(a->text, b->text) == 0);
}

void bmff_leaks_put(struct bmff_finder *finder, const struct bmff_leak *leak)
{
    struct bmff_leaks *out = finder->out;
    uint32_t at = out->count;

    for (uint32_t i = 0; i < out->count; i++)
        if (is_same(&out->leak[i], leak))
            return;
    if (out->count == LIMIT_LEAKS || finder->each[leak->kind] == LIMIT_LEAKS_EACH) {
        out->unseen |= BMFF_UNSEEN_MORE;
        return;
    }
    while (at > 0 && out->leak[at - 1].kind > leak->kind)
        at--;
    memmove(&out->leak[at + 1], &out->leak[at], (out->count - at) * sizeof(*leak));
    out->leak[at] = *leak;
    out->count++;
    finder->each[leak->kind]++;
}

void bmff_leaks_place(struct bmff_finder *finder, const char *name, int64_t lat_e7,
                      int64_t lon_e7, uint32_t radius_m)
{
    struct bmff_leak leak = bmff_leaks_new(finder, BMFF_LEAK_POSITION, name);

    if (lat_e7 < -90 * E7 || lat_e7 > 90 * E7 || lon_e7 < -180 * E7 || lon_e7 > 180 * E7 ||
        (lat_e7 == 0 && lon_e7 == 0))
        return;
    leak.has_position = true;
    leak.lat_e7 = (int32_t)lat_e7;
    leak.lon_e7 = (int32_t)lon_e7;
    leak.radius_m = radius_m ? radius_m : 1;
    bmff_leaks_put(finder, &leak);
}

bool bmff_leaks_search(struct bmff_finder *finder, const char *name, struct slice text)
{
    struct bmff_spot spot;

    if (!bmff_spot_find(text, &spot))
        return false;
    bmff_leaks_place(finder, name, spot.lat_e7, spot.lon_e7, spot.radius_m);
    return spot.lat_e7 || spot.lon_e7;
}

void bmff_leaks_date(struct bmff_finder *finder, const char *name, uint64_t seconds)
{
    struct bmff_leak leak = bmff_leaks_new(finder, BMFF_LEAK_TIME, name);

    if (!seconds)
        return;
    leak.has_time = true;
    leak.time = seconds >= EPOCH_1904 ? seconds - EPOCH_1904 : seconds;
    if (leak.time > SECONDS_MOST)
        leak.time = SECONDS_MOST;
    bmff_leaks_put(finder, &leak);
}

static bool has_year(struct slice text)
{
    size_t digits = 0;

    for (size_t i = 0; i < text.len && digits < 4; i++)
        digits = text.ptr[i] >= '0' && text.ptr[i] <= '9' ? digits + 1 : 0;
    return digits == 4;
}

void bmff_leaks_text(struct bmff_finder *finder, enum bmff_leak_kind kind, const char *name,
                     struct slice text)
{
    struct bmff_leak leak = bmff_leaks_new(finder, kind, name);
    struct bmff_spot spot;

    bmff_leaks_clean(text, leak.text);
    if (!leak.text[0])
        return;
    text = slice_text(leak.text);
    if (kind == BMFF_LEAK_POSITION && bmff_spot_find(text, &spot)) {
        bmff_leaks_place(finder, name, spot.lat_e7, spot.lon_e7, spot.radius_m);
        return;
    }
    if (kind == BMFF_LEAK_TIME)
        leak.has_time = bmff_moment_parse(text, &leak.time);
    if (kind == BMFF_LEAK_TIME && !has_year(text))
        leak.kind = BMFF_LEAK_TEXT; /* a scale, a format */
    bmff_leaks_put(finder, &leak);
}
