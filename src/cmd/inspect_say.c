/* One screen for a person: what a clip tells, what of it goes out, what nobody can take out. */
#include "cmd/inspect_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gaz/gaz.h"

/* Not caps: what fits into a line of the screen; -v and --json show all. */
#define SHOWN_VALUES 3
#define SHOWN_BYTES 60
#define SAYS_LITTLE 3 /* bytes of a value, beside which its name is shown */
/* Two positions so near are one place to a reader: ten-millionths of a degree, 200 m. */
#define NEAR_E7 20000

struct screen {
    const struct cmd *cmd;
    struct bytes *out;
    const struct inspected *clip;
};

/* ---- words ---- */

static const char *word(const struct screen *screen, enum lang_string string)
{
    return lang_text(screen->cmd->lang, string);
}

static void heading(const struct screen *screen, enum lang_string string)
{
    bytes_printf(screen->out, "\n%s\n", word(screen, string));
}

static void line(const struct screen *screen, enum lang_string string, const char *a,
                 const char *b)
{
    bytes_text(screen->out, "  ");
    LANG_SAY(screen->out, screen->cmd->lang, string, a, b);
    bytes_u8(screen->out, '\n');
}

/* A file's name as it may be shown on a terminal. */
static const char *shown_name(const char *name)
{
    const char *slash = strrchr(name, '/');

    name = slash && slash[1] ? slash + 1 : name;
    return text_check(slice_text(name), TEXT_LINE, LIMIT_NAME_CHARS, "", NULL) == SH_OK ? name
                                                                                        : "?";
}

/* Text, cut at a character where it is too long for the screen. */
static void put_short(const struct screen *screen, struct bytes *out, const char *text)
{
    size_t len = strlen(text);

    if (screen->cmd->verbose || len <= SHOWN_BYTES) {
        bytes_text(out, text);
        return;
    }
    for (len = SHOWN_BYTES; len > 0 && ((uint8_t)text[len] & 0xc0) == 0x80;)
        len--;
    bytes_append(out, text, len);
    bytes_text(out, "…");
}

/* ---- values ---- */

static void put_track(const struct screen *screen, struct bytes *out, const char *code)
{
    static const struct {
        const char *codes; /* of four characters each */
        enum lang_string string;
    } sorts[] = {
        {"tx3g text sbtl subt wvtt stpp c608 c708 mp4s ", STR_INSPECT_TRACK_TEXT},
        {"gpmd camm mebx rtmd CTMD djmd dbgi mett priv fdsc meta marl ",
         STR_INSPECT_TRACK_SENSORS},
        {"tmcd ", STR_INSPECT_TRACK_CLOCK},
        {"avc1 avc3 hvc1 hev1 av01 vp09 mp4v jpeg s263 ", STR_INSPECT_TRACK_PICTURE},
        {"mp4a Opus alac samr sawb ac-3 ec-3 sowt twos lpcm ", STR_INSPECT_TRACK_SOUND},
    };
    enum lang_string string = STR_INSPECT_TRACK_OTHER;

    for (size_t i = 0; i < COUNT_OF(sorts); i++)
        for (const char *at = sorts[i].codes; *at; at += 5)
            if (strncmp(at, code, 4) == 0)
                string = sorts[i].string;
    LANG_SAY(out, screen->cmd->lang, string, code);
}

static void put_value(const struct screen *screen, struct bytes *out,
                      const struct bmff_leak *leak)
{
    const char *last = strrchr(leak->where, '/');
    char date[LANG_DATE_BYTES];

    if (leak->has_time) {
        lang_date_short(screen->cmd->lang, leak->time, date);
        bytes_text(out, date);
    } else if (leak->kind == BMFF_LEAK_TRACK) {
        put_track(screen, out, leak->text);
    } else {
        last = last ? last + 1 : leak->where;
        if (leak->text[0] && strlen(leak->text) < SAYS_LITTLE)
            bytes_printf(out, "%s ", last);
        put_short(screen, out, leak->text[0] ? leak->text : last);
    }
    if (screen->cmd->verbose)
        bytes_printf(out, " [%s]", leak->where);
}

/* "46.48250, 30.72330": so many decimals as the position is exact. */
static void put_degrees(struct bytes *out, const struct bmff_leak *leak)
{
    int decimals = leak->radius_m >= 1000 ? 2 : leak->radius_m >= 100 ? 3 : 5;
    int64_t values[2] = {leak->lat_e7, leak->lon_e7};

    for (unsigned i = 0; i < 2; i++) {
        uint64_t size = (uint64_t)(values[i] < 0 ? -values[i] : values[i]);
        char digits[24];

        (void)snprintf(digits, sizeof(digits), "%07" PRIu64, size % 10000000);
        bytes_printf(out, "%s%s%" PRIu64 ".%.*s", i ? ", " : "", values[i] < 0 ? "-" : "",
                     size / 10000000, decimals, digits);
    }
}

static void put_radius(const struct screen *screen, uint32_t radius_m, struct bytes *out)
{
    char number[16];

    (void)snprintf(number, sizeof(number), "%u",
                   radius_m >= 1000 ? (radius_m + 500) / 1000 : radius_m);
    LANG_SAY(out, screen->cmd->lang,
             radius_m >= 1000 ? STR_INSPECT_KILOMETRES : STR_INSPECT_METRES, number);
}

static void say_position(const struct screen *screen, const struct bmff_leak *leak)
{
    struct gaz_place place;
    struct bytes text[3];

    for (unsigned i = 0; i < 3; i++)
        bytes_init(&text[i], LIMIT_PAGE_BYTES);
    switch (gaz_snap(leak->lat_e7, leak->lon_e7, GAZ_CITY, &place)) {
    case GAZ_SNAPPED:
        cmd_place_text(&text[0], screen->cmd->lang, &place);
        break;
    case GAZ_NOWHERE:
        bytes_text(&text[0], word(screen, STR_INSPECT_NOWHERE));
        break;
    case GAZ_BORDER:
        bytes_text(&text[0], word(screen, STR_INSPECT_BORDER));
        break;
    }
    put_degrees(&text[1], leak);
    if (screen->cmd->verbose)
        bytes_printf(&text[1], ", %s", leak->where);
    put_radius(screen, leak->radius_m, &text[2]);
    bytes_text(screen->out, "  ");
    for (unsigned i = 0; i < 3; i++)
        bytes_u8(&text[i], 0);
    if (bytes_check(&text[0], NULL) == SH_OK && bytes_check(&text[1], NULL) == SH_OK &&
        bytes_check(&text[2], NULL) == SH_OK)
        LANG_SAY(screen->out, screen->cmd->lang, STR_INSPECT_PLACE, (const char *)text[0].ptr,
                 (const char *)text[1].ptr, (const char *)text[2].ptr);
    bytes_u8(screen->out, '\n');
    for (unsigned i = 0; i < 3; i++)
        bytes_release(&text[i]);
}

static bool is_near(const struct bmff_leak *a, const struct bmff_leak *b)
{
    int64_t lat = (int64_t)a->lat_e7 - b->lat_e7, lon = (int64_t)a->lon_e7 - b->lon_e7;

    return lat > -NEAR_E7 && lat < NEAR_E7 && lon > -NEAR_E7 && lon < NEAR_E7;
}

/* Is there one nearby that says it better, or as well and earlier? */
static bool is_told(const struct bmff_leaks *leaks, uint32_t nth)
{
    const struct bmff_leak *leak = &leaks->leak[nth];

    for (uint32_t i = 0; i < leaks->count; i++) {
        const struct bmff_leak *other = &leaks->leak[i];

        if (i != nth && other->has_position && is_near(leak, other) &&
            (other->radius_m < leak->radius_m ||
             (other->radius_m == leak->radius_m && i < nth)))
            return true;
    }
    return false;
}

static void say_more(const struct screen *screen, struct bytes *out, unsigned more)
{
    char number[16];

    (void)snprintf(number, sizeof(number), "%u", more);
    LANG_SAY(out, screen->cmd->lang, STR_INSPECT_ALSO, number);
}

static void say_positions(const struct screen *screen)
{
    const struct bmff_leaks *leaks = &screen->clip->what.leaks;
    unsigned shown = 0, more = 0;

    for (uint32_t i = 0; i < leaks->count; i++) {
        if (!leaks->leak[i].has_position || (!screen->cmd->verbose && is_told(leaks, i)))
            continue;
        if (shown < SHOWN_VALUES || screen->cmd->verbose) {
            say_position(screen, &leaks->leak[i]);
            shown++;
        } else {
            more++;
        }
    }
    if (!more)
        return;
    bytes_text(screen->out, "    ");
    say_more(screen, screen->out, more);
    bytes_u8(screen->out, '\n');
}

/* Numbers alone, such as a scale, are shown only where there is nothing better. */
static bool is_telling(const struct bmff_leak *leak)
{
    if (leak->has_time || !leak->text[0])
        return true;
    for (const char *at = leak->text; *at; at++)
        if ((uint8_t)*at >= 0x80 || (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z'))
            return true;
    return strlen(leak->text) >= sizeof("2022") - 1 && leak->kind != BMFF_LEAK_TEXT;
}

static bool any_is_telling(const struct bmff_leaks *leaks, enum bmff_leak_kind kind)
{
    for (uint32_t i = 0; i < leaks->count; i++)
        if (leaks->leak[i].kind == kind && is_telling(&leaks->leak[i]))
            return true;
    return false;
}

/* The values of a kind in one line. */
static void say_kind(const struct screen *screen, enum bmff_leak_kind kind,
                     enum lang_string string)
{
    const struct bmff_leaks *leaks = &screen->clip->what.leaks;
    bool choose = !screen->cmd->verbose && any_is_telling(leaks, kind);
    unsigned shown = 0, more = 0;
    struct bytes text;

    bytes_init(&text, LIMIT_PAGE_BYTES);
    for (uint32_t i = 0; i < leaks->count; i++) {
        if (leaks->leak[i].kind != kind || leaks->leak[i].has_position)
            continue;
        if ((shown == SHOWN_VALUES && !screen->cmd->verbose) ||
            (choose && !is_telling(&leaks->leak[i]))) {
            more++;
            continue;
        }
        if (shown++)
            bytes_text(&text, "; ");
        put_value(screen, &text, &leaks->leak[i]);
    }
    if (more) {
        bytes_text(&text, "; ");
        say_more(screen, &text, more);
    }
    bytes_u8(&text, 0);
    if (shown && bytes_check(&text, NULL) == SH_OK)
        line(screen, string, (const char *)text.ptr, NULL);
    bytes_release(&text);
}

/* ---- the parts of the screen ---- */

static const enum lang_string kind_strings[BMFF_LEAK_KINDS] = {
    [BMFF_LEAK_POSITION] = STR_INSPECT_PLACE_NAMED,
    [BMFF_LEAK_TIME] = STR_INSPECT_TIME,
    [BMFF_LEAK_PERSON] = STR_INSPECT_PERSON,
    [BMFF_LEAK_DEVICE] = STR_INSPECT_DEVICE,
    [BMFF_LEAK_IDENTIFIER] = STR_INSPECT_IDENTIFIER,
    [BMFF_LEAK_SOFTWARE] = STR_INSPECT_SOFTWARE,
    [BMFF_LEAK_LANGUAGE] = STR_INSPECT_LANGUAGE,
    [BMFF_LEAK_NAME] = STR_INSPECT_NAME,
    [BMFF_LEAK_TRACK] = STR_INSPECT_TRACK,
    [BMFF_LEAK_CREDENTIALS] = STR_INSPECT_CREDENTIALS,
    [BMFF_LEAK_PICTURE] = STR_INSPECT_PICTURE,
    [BMFF_LEAK_TEXT] = STR_INSPECT_TEXT,
    [BMFF_LEAK_HIDDEN] = STR_INSPECT_HIDDEN,
};

static enum lang_string sort_of(enum bmff_kind kind)
{
    static const enum lang_string words[] = {[BMFF_SORT_OTHER] = STR_INSPECT_IS_OTHER,
                                             [BMFF_SORT_PHOTO] = STR_INSPECT_IS_PHOTO,
                                             [BMFF_SORT_SOUND] = STR_INSPECT_IS_SOUND,
                                             [BMFF_SORT_VIDEO] = STR_INSPECT_IS_VIDEO};

    return words[bmff_sort_of(kind)];
}

void inspect_values(const struct cmd *cmd, struct bytes *out, const struct inspected *clip,
                    const char *where)
{
    struct inspected part = *clip;
    struct bmff_leaks *leaks = &part.what.leaks;
    const struct screen screen = {.cmd = cmd, .out = out, .clip = &part};

    leaks->count = 0;
    for (uint32_t i = 0; i < clip->what.leaks.count; i++)
        if (strcmp(clip->what.leaks.leak[i].where, where) == 0 &&
            clip->what.leaks.leak[i].kind != BMFF_LEAK_CREDENTIALS)
            leaks->leak[leaks->count++] = clip->what.leaks.leak[i];
    say_positions(&screen);
    for (unsigned kind = 0; kind < BMFF_LEAK_KINDS; kind++)
        say_kind(&screen, (enum bmff_leak_kind)kind, kind_strings[kind]);
}

/* What the file tells, and how far it was looked at. */
static void say_leaks(const struct screen *screen)
{
    const struct inspected *clip = screen->clip;
    const struct bmff_leaks *leaks = &clip->what.leaks;
    char date[LANG_DATE_BYTES];

    heading(screen, STR_INSPECT_TELLS);
    say_positions(screen);
    for (unsigned kind = 0; kind < BMFF_LEAK_KINDS; kind++)
        say_kind(screen, (enum bmff_leak_kind)kind, kind_strings[kind]);
    lang_date_short(screen->cmd->lang, clip->modified, date);
    line(screen, STR_INSPECT_ITSELF, shown_name(clip->name), date);
    if (leaks->unseen & BMFF_UNSEEN_KIND) {
        line(screen, STR_INSPECT_KIND_ONLY, word(screen, sort_of(leaks->kind)), NULL);
        if (sort_of(leaks->kind) != STR_INSPECT_IS_OTHER)
            line(screen, STR_INSPECT_KIND_OFTEN, NULL, NULL);
    } else if (!leaks->count) {
        line(screen,
             clip->what.plan_rc == SH_OK && clip->what.facts.removed ? STR_INSPECT_NOTHING_READ
                                                                     : STR_INSPECT_NOTHING,
             NULL, NULL);
    }
    if (leaks->unseen & BMFF_UNSEEN_DAMAGED)
        line(screen, STR_INSPECT_DAMAGED, NULL, NULL);
    if (leaks->unseen & BMFF_UNSEEN_MORE)
        line(screen, STR_INSPECT_UNSEEN, NULL, NULL);
}

/* In the order of enum bmff_removed. */
static const enum lang_string removed_strings[BMFF_REMOVED_KINDS] = {
    [BMFF_REMOVED_CODING] = STR_REMOVED_CODING,
    [BMFF_REMOVED_CREDENTIALS] = STR_REMOVED_CREDENTIALS,
    [BMFF_REMOVED_CUT_PARTS] = STR_REMOVED_CUT_PARTS,
    [BMFF_REMOVED_DATES] = STR_REMOVED_DATES,
    [BMFF_REMOVED_EXTRA_TRACK] = STR_REMOVED_EXTRA_TRACK,
    [BMFF_REMOVED_LANGUAGE] = STR_REMOVED_LANGUAGE,
    [BMFF_REMOVED_METADATA] = STR_REMOVED_METADATA,
    [BMFF_REMOVED_NAMES] = STR_REMOVED_NAMES,
    [BMFF_REMOVED_OTHER_BOXES] = STR_REMOVED_OTHER_BOXES,
    [BMFF_REMOVED_PADDING] = STR_REMOVED_PADDING,
    [BMFF_REMOVED_PICTURE_DATA] = STR_REMOVED_PICTURE_DATA,
    [BMFF_REMOVED_SECOND_AUDIO] = STR_REMOVED_SECOND_AUDIO,
    [BMFF_REMOVED_SECOND_VIDEO] = STR_REMOVED_SECOND_VIDEO,
    [BMFF_REMOVED_SOUND_DATA] = STR_REMOVED_SOUND_DATA,
    [BMFF_REMOVED_TRAILER] = STR_REMOVED_TRAILER,
    [BMFF_REMOVED_UNREFERENCED] = STR_REMOVED_UNREFERENCED,
    [BMFF_REMOVED_USER_DATA] = STR_REMOVED_USER_DATA,
};

static void say_removed(const struct screen *screen, uint32_t removed)
{
    const char *before = ": ";

    if (!removed)
        return;
    bytes_printf(screen->out, "  %s", word(screen, STR_PAGE_REMOVED));
    for (unsigned kind = 0; kind < BMFF_REMOVED_KINDS; kind++) {
        if (!(removed & (1u << kind)))
            continue;
        bytes_printf(screen->out, "%s%s", before, word(screen, removed_strings[kind]));
        before = "; ";
    }
    bytes_u8(screen->out, '\n');
}

/* The tokens of the kinds that are still there: this is for a report to us. */
static void say_still(const struct screen *screen)
{
    const struct role_inspection *what = &screen->clip->what;
    struct bytes text;

    if (!what->still && inspect_carries(screen->clip)) {
        line(screen, STR_INSPECT_CARRIED, NULL, NULL);
        return;
    }
    if (!what->still) {
        line(screen, what->leaks.count ? STR_INSPECT_CLEAN : STR_INSPECT_CLEAN_TOO, NULL, NULL);
        return;
    }
    bytes_init(&text, LIMIT_PAGE_BYTES);
    for (unsigned kind = 0; kind < BMFF_LEAK_KINDS; kind++)
        if (what->still & (1u << kind))
            bytes_printf(&text, "%s%s", text.len ? ", " : "", bmff_leak_name(kind));
    bytes_u8(&text, 0);
    if (bytes_check(&text, NULL) == SH_OK)
        line(screen, STR_INSPECT_STILL, (const char *)text.ptr, NULL);
    bytes_release(&text);
}

static void say_notes(const struct screen *screen, uint32_t notes)
{
    static const struct {
        uint32_t note;
        enum lang_string string;
    } words[] = {{BMFF_NOTE_NO_AUDIO, STR_POST_NO_AUDIO},
                 {BMFF_NOTE_SECOND_AUDIO, STR_POST_SECOND_AUDIO},
                 {BMFF_NOTE_SECOND_VIDEO, STR_POST_SECOND_VIDEO},
                 {BMFF_NOTE_HEVC, STR_POST_HEVC},
                 {BMFF_NOTE_CUT_STAYS, STR_POST_CUT_STAYS}};

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (notes & words[i].note)
            line(screen, words[i].string, shown_name(screen->clip->name), NULL);
}

static void say_published(const struct screen *screen)
{
    const struct role_inspection *what = &screen->clip->what;
    const struct bmff_facts *facts = &what->facts;
    char width[16], height[16], duration[LANG_NUMBER_BYTES], size[LANG_NUMBER_BYTES];

    heading(screen, STR_INSPECT_POST);
    if (what->plan_rc != SH_OK) {
        line(screen, STR_INSPECT_REFUSED, what->refusal.text, NULL);
        return;
    }
    (void)snprintf(width, sizeof(width), "%u", facts->width);
    (void)snprintf(height, sizeof(height), "%u", facts->height);
    lang_duration(facts->duration_ms, duration);
    lang_size(screen->cmd->lang, facts->file_bytes, size);
    bytes_text(screen->out, "  ");
    LANG_SAY(screen->out, screen->cmd->lang, STR_POST_CLIP,
             word(screen, facts->audio_codec ? STR_INSPECT_NEW : STR_INSPECT_NEW_SILENT), width,
             height, duration, size);
    bytes_u8(screen->out, '\n');
    line(screen, STR_INSPECT_SIGNED, NULL, NULL);
    say_still(screen);
    say_removed(screen, inspect_removed(screen->clip));
    say_notes(screen, facts->notes);
}

bool inspect_carries(const struct inspected *clip)
{
    for (uint32_t i = 0; clip->carries && i < clip->what.leaks.count; i++)
        if (clip->what.leaks.leak[i].kind == BMFF_LEAK_CREDENTIALS)
            return true;
    return false;
}

uint32_t inspect_removed(const struct inspected *clip)
{
    uint32_t removed = clip->what.facts.removed;

    return inspect_carries(clip) ? removed & ~(1u << BMFF_REMOVED_CREDENTIALS) : removed;
}

void inspect_text(const struct cmd *cmd, struct bytes *out, const struct inspected *clip)
{
    struct screen screen = {.cmd = cmd, .out = out, .clip = clip};
    enum bmff_kind kind = clip->what.leaks.kind;
    char size[LANG_NUMBER_BYTES];

    lang_size(cmd->lang, clip->bytes, size);
    LANG_SAY(out, cmd->lang, STR_INSPECT_FILE, shown_name(clip->name),
             clip->what.leaks.unseen & BMFF_UNSEEN_KIND ? word(&screen, sort_of(kind))
                                                        : bmff_kind_name(kind),
             size);
    bytes_u8(out, '\n');
    say_leaks(&screen);
    say_published(&screen);
    heading(&screen, STR_INSPECT_STAYS);
    line(&screen, clip->keeps ? STR_INSPECT_KEPT : STR_INSPECT_NOT_KEPT, NULL, NULL);
    line(&screen, STR_INSPECT_UNTOUCHED, NULL, NULL);
    heading(&screen, STR_INSPECT_CANNOT);
    line(&screen, STR_INSPECT_REMAINS, NULL, NULL);
}
