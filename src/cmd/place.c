/* --place: from what a person typed to the place of a document. */
#include "cmd/cmd.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gaz/gaz.h"

/* Not a cap: so many places of one name are offered; the others have a number too. */
#define OFFERED 16

/* ---- how a place is told ---- */

static void put_name(struct bytes *out, enum lang lang, uint32_t code)
{
    struct slice name;

    if (gaz_name(code, lang, &name))
        bytes_slice(out, name);
}

void cmd_place_text(struct bytes *out, enum lang lang, const struct gaz_place *place)
{
    static const enum lang_string levels[] = {STR_PLACE_COUNTRY, STR_PLACE_REGION,
                                              STR_PLACE_CITY};

    put_name(out, lang, place->code);
    bytes_printf(out, " (%s)", lang_text(lang, levels[place->level]));
    /* Where the city has no name of its own, that of the region stands there already. */
    if (place->region && gaz_has_name(place->code, lang)) {
        bytes_text(out, ", ");
        put_name(out, lang, place->region);
    }
    if (place->country) {
        bytes_text(out, ", ");
        put_name(out, lang, place->country);
    }
}

/* ---- which one ---- */

/* Does each of them lie in the one before, as a city in the region that is named for it? */
static bool are_nested(const struct gaz_place *found, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (found[i].region != found[0].code && found[i].country != found[0].code)
            return false;
    return true;
}

struct choice {
    struct gaz_place place[OFFERED];
    size_t count; /* may be more than are offered */
};

/* The places that text may mean; one, where what it means is sure. */
static void look_up(const char *text, struct choice *out)
{
    out->count = gaz_find(slice_text(text), out->place, OFFERED);
    /* The largest is safe to tell where all lie in it, and never false. */
    if (out->count > 1 && out->count <= OFFERED && are_nested(out->place, out->count))
        out->count = 1;
}

static int several(const char *text, const struct choice *choice, struct why *why)
{
    struct bytes list;
    size_t offered = choice->count < OFFERED ? choice->count : OFFERED, told = 0, before;
    int rc;

    bytes_init(&list, 300);
    for (; told < offered; told++) {
        before = list.len;
        bytes_text(&list, told ? "; " : "");
        cmd_place_text(&list, LANG_EN, &choice->place[told]);
        bytes_printf(&list, " is %" PRIu32, choice->place[told].code);
        if (bytes_check(&list, NULL) != SH_OK) {
            list.len = before;
            break;
        }
    }
    rc = why_set(why, SH_EARG, WHY_NOWHERE,
                 "--place %.40s: %zu places have this name; add its region or country after a "
                 "comma, or give its number: %.*s%s",
                 text, choice->count, (int)list.len, (const char *)list.ptr,
                 told < choice->count ? "; and more" : "");
    bytes_release(&list);
    return rc;
}

/* ---- into the document ---- */

void cmd_place_put(const struct gaz_place *place, struct cmd_dispatch *out)
{
    struct doc_place *to = &out->doc.place;

    *to = (struct doc_place){.present = true,
                             .level = slice_text(gaz_level_name(place->level)),
                             .names = out->place,
                             .name_count = LANG_COUNT};
    (void)snprintf(out->place_code, sizeof(out->place_code), "%" PRIu32, place->code);
    to->code = slice_text(out->place_code);
    for (enum lang lang = LANG_EN; lang <= LANG_RU; lang++) {
        out->place[lang].lang = slice_text(lang_tag(lang));
        if (!gaz_name(place->code, lang, &out->place[lang].text))
            bug("a place that was found is gone");
    }
}

int cmd_place_fill(const char *text, struct slice lang, struct cmd_dispatch *out,
                   struct why *why)
{
    struct doc_place *to = &out->doc.place;
    struct choice choice;
    int rc = text_check(slice_text(text), TEXT_LINE, LIMIT_PLACE_BYTES, "--place", why);

    if (rc != SH_OK)
        return rc;
    look_up(text, &choice);
    if (choice.count > 1)
        return several(text, &choice, why);
    if (choice.count) {
        cmd_place_put(&choice.place[0], out);
        return SH_OK;
    }
    out->place[0] = (struct doc_text){.lang = lang, .text = slice_text(text)};
    *to = (struct doc_place){
        .present = true, .level = slice_text("typed"), .names = out->place, .name_count = 1};
    return SH_OK;
}

/* ---- asking ---- */

static void say(const struct cmd *cmd, enum lang_string string, const char *text)
{
    struct bytes out;

    bytes_init(&out, LIMIT_PAGE_BYTES);
    LANG_SAY(&out, cmd->lang, string, text);
    if (bytes_check(&out, NULL) == SH_OK)
        cmd_say(cmd, "%.*s", (int)out.len, (const char *)out.ptr);
    bytes_release(&out);
}

void cmd_place_say(const struct cmd *cmd, enum lang_string string,
                   const struct gaz_place *place)
{
    struct bytes text;

    bytes_init(&text, LIMIT_PAGE_BYTES);
    cmd_place_text(&text, cmd->lang, place);
    bytes_u8(&text, 0);
    if (bytes_check(&text, NULL) == SH_OK)
        say(cmd, string, (const char *)text.ptr);
    bytes_release(&text);
}

/* The number of a line, 1 to most; 0 when nothing, or nothing of sense, was typed. */
static size_t read_number(size_t most)
{
    char typed[64];
    uint64_t number;
    size_t len;

    if (!fgets(typed, sizeof(typed), stdin))
        return 0;
    for (len = strlen(typed); len && (typed[len - 1] == '\n' || typed[len - 1] == ' ');)
        len--;
    return decimal_parse(slice_of(typed, len), most, &number) ? (size_t)number : 0;
}

static int ask(const struct cmd *cmd, const char *text, struct choice *choice, struct why *why)
{
    size_t offered = choice->count < OFFERED ? choice->count : OFFERED, number;
    struct bytes line;

    say(cmd, STR_PLACE_WHICH, text);
    for (size_t i = 0; i < offered; i++) {
        bytes_init(&line, LIMIT_PAGE_BYTES);
        cmd_place_text(&line, cmd->lang, &choice->place[i]);
        (void)fprintf(stderr, "%3zu  %.*s\n", i + 1, (int)line.len, (const char *)line.ptr);
        bytes_release(&line);
    }
    (void)fprintf(stderr, "%s ", lang_text(cmd->lang, STR_PLACE_NUMBER));
    (void)fflush(stderr); /* It has no buffer. */
    number = read_number(offered);
    if (!number)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "--place %.40s: no place was chosen, and nothing published", text);
    choice->place[0] = choice->place[number - 1];
    choice->count = 1;
    return SH_OK;
}

int cmd_place_settle(const struct cmd *cmd, struct cmd_args *args, struct why *why)
{
    const char *text = cmd_has_option(args, "place") ? cmd_value(args, "place") : NULL;
    struct choice choice;
    bool many;
    int rc;

    if (!text)
        return SH_OK;
    rc = text_check(slice_text(text), TEXT_LINE, LIMIT_PLACE_BYTES, "--place", why);
    if (rc != SH_OK)
        return rc;
    look_up(text, &choice);
    many = gaz_find(slice_text(text), NULL, 0) > 1;
    if (!choice.count) {
        say(cmd, STR_PLACE_AS_TYPED, text);
        return SH_OK;
    }
    if (choice.count > 1) {
        if (cmd->quiet || cmd->json || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
            return several(text, &choice, why);
        rc = ask(cmd, text, &choice, why);
    }
    if (rc != SH_OK || !many)
        return rc;
    cmd_place_say(cmd, STR_PLACE_TAKEN, &choice.place[0]);
    (void)snprintf(args->place, sizeof(args->place), "%" PRIu32, choice.place[0].code);
    cmd_value_set(args, "place", args->place);
    return SH_OK;
}
