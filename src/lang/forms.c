/* Dates, lengths and sizes, in the form of each language. */
#include "lang/lang.h"

#include <string.h>

static const enum lang_string weekdays[7] = {
    STR_WEEKDAY_0, STR_WEEKDAY_1, STR_WEEKDAY_2, STR_WEEKDAY_3,
    STR_WEEKDAY_4, STR_WEEKDAY_5, STR_WEEKDAY_6,
};
static const enum lang_string months[12] = {
    STR_MONTH_1, STR_MONTH_2, STR_MONTH_3, STR_MONTH_4,  STR_MONTH_5,  STR_MONTH_6,
    STR_MONTH_7, STR_MONTH_8, STR_MONTH_9, STR_MONTH_10, STR_MONTH_11, STR_MONTH_12,
};

/* Fill a template into a buffer of fixed size; what a translation makes too long is cut. */
static void fill_fixed(char *out, size_t size, const char *text, const char *const *args)
{
    struct bytes bytes;

    bytes_init(&bytes, size - 1);
    lang_fill(&bytes, text, args);
    if (bytes.len)
        memcpy(out, bytes.ptr, bytes.len);
    out[bytes.len] = '\0';
    bytes_release(&bytes);
}

void lang_date(enum lang lang, uint64_t unix_s, char out[LANG_DATE_BYTES])
{
    struct when when = when_of(unix_s);
    char day[4], year[12], clock[8];

    (void)snprintf(day, sizeof(day), "%u", when.day % 100u);
    (void)snprintf(year, sizeof(year), "%d", (int)when.year);
    (void)snprintf(clock, sizeof(clock), "%02u:%02u", when.hour % 100u, when.minute % 100u);
    fill_fixed(out, LANG_DATE_BYTES, lang_text(lang, STR_DATE_LONG),
               (const char *const[]){lang_text(lang, weekdays[when.weekday]), day,
                                     lang_text(lang, months[when.month - 1]), year, clock,
                                     NULL});
}

void lang_date_short(enum lang lang, uint64_t unix_s, char out[LANG_DATE_BYTES])
{
    struct when when = when_of(unix_s);
    char day[4], year[12], clock[8];

    (void)snprintf(day, sizeof(day), "%u", when.day % 100u);
    (void)snprintf(year, sizeof(year), "%d", (int)when.year);
    (void)snprintf(clock, sizeof(clock), "%02u:%02u", when.hour % 100u, when.minute % 100u);
    fill_fixed(
        out, LANG_DATE_BYTES, lang_text(lang, STR_DATE_SHORT),
        (const char *const[]){day, lang_text(lang, months[when.month - 1]), year, clock, NULL});
}

void lang_duration(uint64_t duration_ms, char out[LANG_NUMBER_BYTES])
{
    uint64_t seconds = duration_ms / 1000 + (duration_ms % 1000 >= 500);
    unsigned long long hours, minutes;

    if (!seconds)
        seconds = 1;
    hours = seconds / 3600;
    minutes = seconds / 60 % 60;
    if (hours)
        (void)snprintf(out, LANG_NUMBER_BYTES, "%llu:%02llu:%02u", hours, minutes,
                       (unsigned)(seconds % 60));
    else
        (void)snprintf(out, LANG_NUMBER_BYTES, "%llu:%02u", minutes, (unsigned)(seconds % 60));
}

/* Tenths of unit in bytes, rounded to nearest without passing UINT64_MAX. */
static uint64_t tenths_of(uint64_t bytes, uint64_t unit)
{
    uint64_t tenth = unit / 10;

    return bytes / tenth + (bytes % tenth >= tenth / 2);
}

void lang_size(enum lang lang, uint64_t bytes, char out[LANG_NUMBER_BYTES])
{
    static const struct {
        uint64_t unit;
        enum lang_string name;
    } units[] = {{UINT64_C(1000), STR_SIZE_KB},
                 {UINT64_C(1000000), STR_SIZE_MB},
                 {UINT64_C(1000000000), STR_SIZE_GB}};
    char number[LANG_NUMBER_BYTES];
    uint64_t tenths = 0;
    size_t i = 0;

    if (bytes < 1000) {
        (void)snprintf(number, sizeof(number), "%u", (unsigned)bytes);
        fill_fixed(out, LANG_NUMBER_BYTES, lang_plural(lang, PLURAL_SIZE_BYTES, bytes),
                   (const char *const[]){number, NULL});
        return;
    }
    /* Rounding may reach the next unit: 999,450 bytes are 1.0 MB, not 1000 kB. */
    while (i + 1 < COUNT_OF(units) && tenths_of(bytes, units[i].unit) >= 9995)
        i++;
    tenths = tenths_of(bytes, units[i].unit);
    if (tenths < 100)
        (void)snprintf(number, sizeof(number), "%u%s%u", (unsigned)(tenths / 10),
                       lang_text(lang, STR_DECIMAL_POINT), (unsigned)(tenths % 10));
    else
        (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)(tenths + 5) / 10);
    fill_fixed(out, LANG_NUMBER_BYTES, lang_text(lang, units[i].name),
               (const char *const[]){number, NULL});
}
