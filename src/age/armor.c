/* The text form of an age file: strict PEM (C2SP age, "ASCII armor"; RFC 7468 3). */
#include "age/age_int.h"

#include <string.h>

#define BEGIN_LINE "-----BEGIN AGE ENCRYPTED FILE-----"
#define END_LINE "-----END AGE ENCRYPTED FILE-----"
#define ARMOR_COLUMNS 64

void age_armor_init(struct age_armor *armor, struct age_sink sink)
{
    memset(armor, 0, sizeof(*armor));
    armor->sink = sink;
}

static int broken(struct age_armor *armor, const char *what, struct why *why)
{
    armor->broke = true;
    return why_set(why, SH_EFORMAT, armor->at, "age armor: %s (C2SP age, ASCII armor)", what);
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* 1 to 64 columns of canonical base64; a line that is not full, or is padded, is the last. */
static int body_line(struct age_armor *armor, struct slice line, struct why *why)
{
    struct bytes raw;
    int rc = SH_OK;

    if (!line.len || line.len > ARMOR_COLUMNS || armor->stage == AGE_ARMOR_LAST)
        return broken(armor, "lines must have 64 columns, the last one 4 to 64", why);
    bytes_init(&raw, ARMOR_COLUMNS);
    if (!base64_parse(&raw, line, BASE64_PADDED))
        rc = broken(armor, "a line is not canonical base64", why);
    if (rc == SH_OK && (line.len < ARMOR_COLUMNS || line.ptr[line.len - 1] == '='))
        armor->stage = AGE_ARMOR_LAST;
    if (rc == SH_OK)
        rc = armor->sink.put(armor->sink.ctx, bytes_view(&raw), why);
    bytes_release(&raw);
    return rc;
}

/* One line without its LF. */
static int line_take(struct age_armor *armor, struct why *why)
{
    struct slice line = slice_of(armor->line, armor->held);

    armor->held = 0;
    if (line.len && line.ptr[line.len - 1] == '\r')
        line.len--;
    if (armor->stage == AGE_ARMOR_BEFORE) {
        if (!slice_equal(line, slice_text(BEGIN_LINE)))
            return broken(armor, "the first line must be " BEGIN_LINE, why);
        armor->stage = AGE_ARMOR_BODY;
        return SH_OK;
    }
    if (slice_equal(line, slice_text(END_LINE))) {
        armor->stage = AGE_ARMOR_AFTER;
        return SH_OK;
    }
    return body_line(armor, line, why);
}

static int byte_take(struct age_armor *armor, uint8_t byte, struct why *why)
{
    bool outside = armor->stage == AGE_ARMOR_BEFORE || armor->stage == AGE_ARMOR_AFTER;

    if (outside && !armor->held && is_space(byte))
        return SH_OK;
    if (armor->stage == AGE_ARMOR_AFTER)
        return broken(armor, "only white space may follow the end line", why);
    if (byte == '\n')
        return line_take(armor, why);
    if (armor->held == sizeof(armor->line))
        return broken(armor, "a line is too long", why);
    armor->line[armor->held++] = (char)byte;
    return SH_OK;
}

int age_armor_update(struct age_armor *armor, struct slice text, struct why *why)
{
    for (size_t i = 0; i < text.len && armor->failed == SH_OK; i++) {
        armor->failed = byte_take(armor, text.ptr[i], why);
        armor->at++;
    }
    return armor->failed;
}

int age_armor_final(struct age_armor *armor, struct why *why)
{
    /* The end line's own LF may be missing. */
    if (armor->failed == SH_OK && armor->held)
        armor->failed = line_take(armor, why);
    if (armor->failed == SH_OK && armor->stage != AGE_ARMOR_AFTER)
        armor->failed = broken(armor, "ends before " END_LINE, why);
    return armor->failed;
}
