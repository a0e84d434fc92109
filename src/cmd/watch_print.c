/* How a watch stands, for people and for programs. */
#include "cmd/watch_int.h"

#include <stdio.h>

/* ---- the verdict ---- */

static bool heard_any(const struct watch *watch, size_t index, size_t copies)
{
    struct watch_copy_view copy;

    for (size_t i = 0; i < copies; i++) {
        watch_copy_at(watch, index, i, &copy);
        if (copy.heard)
            return true;
    }
    return false;
}

/* What began and is not over yet stands, also when no copy could be asked just now. */
static bool stands(const struct watch_view *view, enum alarm_kind kind)
{
    const bool seen[ALARM_KINDS] = {view->alarm->late, view->alarm->silent,
                                    view->alarm->disagree};

    return seen[kind] || view->episode[kind].open;
}

static enum cmd_exit channel_exit(const struct watch *watch, size_t index)
{
    struct watch_view view;

    watch_view_at(watch, index, &view);
    if (stands(&view, ALARM_LATE) || stands(&view, ALARM_SILENT) ||
        stands(&view, ALARM_DISAGREE))
        return CMD_WANTING;
    /* That nothing is late is said of a time. */
    if (view.doubtful_clock || !heard_any(watch, index, view.copies) ||
        (!view.alarm->facts.has_word && !view.alarm->due.promised))
        return CMD_UNCHECKED;
    /* Nor of a word that may be from any time. */
    if (view.alarm->facts.blind)
        return CMD_UNCHECKED;
    return CMD_DONE;
}

static bool is_any_other(const struct watch *watch)
{
    struct watch_copy_view copy;
    struct watch_view view;

    for (size_t i = 0; i < watch_view_count(watch); i++) {
        watch_view_at(watch, i, &view);
        for (size_t at = 0; at < view.copies; at++) {
            watch_copy_at(watch, i, at, &copy);
            if (copy.other)
                return true;
        }
    }
    return false;
}

enum cmd_exit cmd_watch_exit(const struct watch *watch)
{
    struct watch_people people;
    enum cmd_exit worst = CMD_DONE;

    watch_people(watch, &people);
    for (size_t i = 0; i < watch_view_count(watch); i++) {
        enum cmd_exit each = channel_exit(watch, i);

        if (each == CMD_WANTING || worst == CMD_DONE)
            worst = each;
    }
    if (people.contacts && people.red)
        worst = CMD_WANTING;
    return worst != CMD_WANTING && is_any_other(watch) ? CMD_USAGE : worst;
}

/* ---- for people ---- */

static void line(struct bytes *out, enum lang lang, enum lang_string id, const char *first)
{
    LANG_SAY(out, lang, id, first);
    bytes_u8(out, '\n');
}

static void line_time(struct bytes *out, enum lang lang, enum lang_string id, uint64_t unix_s)
{
    char date[LANG_DATE_BYTES];

    lang_date_short(lang, unix_s, date);
    bytes_text(out, "  ");
    line(out, lang, id, date);
}

static void verdict(struct bytes *out, enum lang lang, const struct watch *watch, size_t index)
{
    const enum cmd_exit exit = channel_exit(watch, index);
    struct watch_view view;
    bool acked = false;

    watch_view_at(watch, index, &view);
    if (exit == CMD_DONE)
        bytes_printf(out, "  %s\n", lang_text(lang, STR_WATCH_WELL));
    if (stands(&view, ALARM_LATE))
        line_time(out, lang, STR_WATCH_LATE, view.episode[ALARM_LATE].since);
    if (stands(&view, ALARM_SILENT))
        line_time(out, lang, STR_WATCH_SILENT, view.episode[ALARM_SILENT].since);
    if (stands(&view, ALARM_DISAGREE))
        line_time(out, lang, STR_WATCH_DISAGREE, view.episode[ALARM_DISAGREE].since);
    for (int kind = 0; kind < ALARM_KINDS; kind++)
        acked = acked || (view.episode[kind].open && view.episode[kind].acked);
    if (acked)
        bytes_printf(out, "  %s\n", lang_text(lang, STR_WATCH_ACKED));
    if (exit == CMD_UNCHECKED && !heard_any(watch, index, view.copies))
        bytes_printf(out, "  %s\n", lang_text(lang, STR_WATCH_UNCHECKED));
}

/* Which clocks disagree, with both values. */
static void clocks(struct bytes *out, enum lang lang, const struct due_facts *facts)
{
    char at[LANG_DATE_BYTES], from[LANG_DATE_BYTES];

    if (facts->word_from)
        line_time(out, lang, STR_WATCH_OFF, facts->word_from);
    if (facts->promise_from) {
        lang_date_short(lang, facts->promise_at, at);
        lang_date_short(lang, facts->promise_from, from);
        bytes_text(out, "  ");
        LANG_SAY(out, lang, STR_WATCH_PROMISE_OFF, at, from);
        bytes_u8(out, '\n');
    }
    if (facts->blind)
        bytes_printf(out, "  %s\n", lang_text(lang, STR_WATCH_BLIND));
}

/* ---- who was told, and who is next ---- */

struct telling {
    struct bytes *out;
    enum lang lang;
    struct json_writer *json;
};

static void told_line(void *ctx, const struct watch_told *told)
{
    const struct telling *telling = ctx;
    char date[LANG_DATE_BYTES];

    lang_date_short(telling->lang, told->at, date);
    bytes_text(telling->out, "    ");
    LANG_SAY(telling->out, telling->lang,
             told->reached ? STR_WATCH_TOLD
             : told->waits ? STR_WATCH_TELLING
                           : STR_WATCH_UNTOLD,
             told->contact, date);
    bytes_u8(telling->out, '\n');
}

static void tellings(struct bytes *out, enum lang lang, const struct watch *watch, size_t index)
{
    struct telling telling = {.out = out, .lang = lang};
    struct watch_view view;
    char date[LANG_DATE_BYTES];
    const char *next;
    uint64_t at = 0;

    watch_view_at(watch, index, &view);
    for (int kind = 0; kind < ALARM_KINDS; kind++) {
        if (view.episode[kind].open)
            watch_told_each(watch, index, (enum alarm_kind)kind, told_line, &telling);
        next = watch_next(watch, index, (enum alarm_kind)kind, &at);
        if (!next)
            continue;
        lang_date_short(lang, at, date);
        bytes_text(out, view.episode[kind].open ? "    " : "  ");
        LANG_SAY(out, lang, view.episode[kind].open ? STR_WATCH_NEXT : STR_WATCH_NEXT_LATE,
                 next, date);
        bytes_u8(out, '\n');
    }
}

static void told_json(void *ctx, const struct watch_told *told)
{
    const struct telling *telling = ctx;

    json_object_open(telling->json, NULL);
    json_put_text(telling->json, "contact", told->contact);
    json_put_bool(telling->json, "reached", told->reached);
    json_put_number(telling->json, "at", told->at);
    json_object_close(telling->json);
}

static void next_json(struct json_writer *json, const struct watch *watch, size_t index,
                      enum alarm_kind kind)
{
    uint64_t at = 0;
    const char *next = watch_next(watch, index, kind, &at);

    if (!next)
        return;
    json_object_open(json, "next");
    json_put_text(json, "contact", next);
    json_put_number(json, "at", at);
    json_object_close(json);
}

/* The newest word, unless it was withdrawn: then another date stands for it. */
static bool word_read(const struct watch_view *channel, struct arena *arena,
                      struct document *doc)
{
    return channel->word.len && document_parse(channel->word, arena, doc, NULL) == SH_OK &&
           doc->published == channel->alarm->facts.word_at;
}

/* "No alarm" is not "well": how he says that he is stands beside it. */
static void word_status(struct bytes *out, enum lang lang, const struct watch_view *channel)
{
    struct document doc;
    struct arena arena;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    if (word_read(channel, &arena, &doc)) {
        bytes_text(out, "    ");
        cmd_status_text(out, lang, &doc);
        bytes_u8(out, '\n');
    }
    arena_release(&arena);
}

static void promise(struct bytes *out, enum lang lang, const struct watch_view *channel)
{
    const struct alarm_view *view = channel->alarm;

    if (!view->size) { /* Whether there is a word is what nobody could read. */
        bytes_printf(out, "  %s\n", lang_text(lang, STR_WATCH_UNREAD));
        return;
    }
    if (view->facts.has_word)
        line_time(out, lang, STR_WATCH_WORD, view->facts.word_at);
    else
        bytes_printf(out, "  %s\n", lang_text(lang, STR_WATCH_NO_WORD));
    word_status(out, lang, channel);
    clocks(out, lang, &view->facts);
    if (!view->due.promised)
        bytes_printf(out, "  %s\n", lang_text(lang, STR_WATCH_NO_PROMISE));
    else if (view->due.silent)
        line_time(out, lang, STR_WATCH_QUIET, view->due.by);
    else if (!stands(channel, ALARM_LATE))
        line_time(out, lang, STR_WATCH_DUE, view->due.by);
}

static void copies(struct bytes *out, enum lang lang, const struct watch *watch, size_t index)
{
    struct watch_view view;
    struct watch_copy_view copy;
    char count[3][24], date[LANG_DATE_BYTES];

    watch_view_at(watch, index, &view);
    (void)snprintf(count[0], sizeof(count[0]), "%zu", view.alarm->copies);
    (void)snprintf(count[1], sizeof(count[1]), "%zu", view.alarm->heard);
    (void)snprintf(count[2], sizeof(count[2]), "%zu", view.alarm->agree);
    bytes_text(out, "  ");
    LANG_SAY(out, lang, STR_WATCH_COPIES, count[0], count[1], count[2]);
    bytes_u8(out, '\n');
    for (size_t i = 0; i < view.copies; i++) {
        watch_copy_at(watch, index, i, &copy);
        bytes_printf(out, "    %s\n      ", copy.what);
        (void)snprintf(count[0], sizeof(count[0]), "%llu", (unsigned long long)copy.size);
        if (copy.other)
            LANG_SAY(out, lang, STR_WATCH_COPY_OTHER, copy.text);
        else if (copy.at_odds)
            LANG_SAY(out, lang, STR_WATCH_COPY_ODDS, copy.text);
        else if (copy.heard)
            LANG_SAY(out, lang, copy.before ? STR_WATCH_COPY_BEFORE : STR_WATCH_COPY_GOOD,
                     count[0]);
        else
            LANG_SAY(out, lang, STR_WATCH_COPY_BAD, copy.text);
        if (!copy.heard && copy.heard_at) {
            lang_date_short(lang, copy.heard_at, date);
            bytes_text(out, "; ");
            LANG_SAY(out, lang, STR_WATCH_COPY_HEARD, date);
        }
        bytes_u8(out, '\n');
    }
}

void cmd_watch_text(struct bytes *out, enum lang lang, const struct watch *watch)
{
    char short_id[CHANNEL_SHORT_ID_BYTES], waiting[24];
    struct watch_people people;
    struct watch_view view;

    watch_people(watch, &people);
    for (size_t i = 0; i < watch_view_count(watch); i++) {
        watch_view_at(watch, i, &view);
        if (view.id.text[0]) {
            channel_id_short(&view.id, short_id);
            bytes_printf(out, "%s (%s)\n", view.name, short_id);
        } else {
            bytes_printf(out, "%s\n", lang_text(lang, STR_WATCH_UNNAMED));
        }
        verdict(out, lang, watch, i);
        promise(out, lang, &view);
        tellings(out, lang, watch, i);
        copies(out, lang, watch, i);
    }
    (void)snprintf(waiting, sizeof(waiting), "%zu", people.waiting);
    if (!people.contacts)
        bytes_printf(out, "%s\n", lang_text(lang, STR_WATCH_NOBODY));
    else if (people.red)
        bytes_printf(out, "%s\n", lang_text(lang, STR_WATCH_RED));
    if (people.waiting)
        line(out, lang, STR_WATCH_WAITING, waiting);
    if (is_any_other(watch))
        bytes_printf(out, "%s\n", lang_text(lang, STR_WATCH_OTHER));
    if (people.doubtful_clock)
        bytes_printf(out, "%s\n", lang_text(lang, STR_WATCH_CLOCK));
    if (people.looks_only)
        bytes_printf(out, "%s\n", lang_text(lang, STR_WATCH_BESIDE));
}

/* ---- for programs ---- */

static const char *state_name(enum cmd_exit exit)
{
    return exit == CMD_DONE ? "well" : exit == CMD_WANTING ? "alarm" : "unchecked";
}

static void episodes_json(struct json_writer *json, const struct watch *watch, size_t index,
                          const struct alarm_episode *episode)
{
    struct telling telling = {.json = json};

    json_array_open(json, "episodes");
    for (int kind = 0; kind < ALARM_KINDS; kind++) {
        if (!episode[kind].open)
            continue;
        json_object_open(json, NULL);
        json_put_text(json, "kind", watch_kind_name((enum alarm_kind)kind));
        json_put_number(json, "since", episode[kind].since);
        json_put_bool(json, "acknowledged", episode[kind].acked);
        json_array_open(json, "told");
        watch_told_each(watch, index, (enum alarm_kind)kind, told_json, &telling);
        json_array_close(json);
        next_json(json, watch, index, (enum alarm_kind)kind);
        json_object_close(json);
    }
    json_array_close(json);
}

static void copies_json(struct json_writer *json, const struct watch *watch, size_t index,
                        size_t count)
{
    struct watch_copy_view copy;

    json_array_open(json, "sources");
    for (size_t i = 0; i < count; i++) {
        watch_copy_at(watch, index, i, &copy);
        json_object_open(json, NULL);
        json_put_text(json, "what", copy.what);
        json_put_bool(json, "heard", copy.heard);
        json_put_number(json, "heard_at", copy.heard_at);
        json_put_number(json, "size", copy.size);
        json_put_bool(json, "at_odds", copy.at_odds);
        json_put_bool(json, "other", copy.other);
        json_put_bool(json, "older_branch", copy.before);
        json_put_text(json, "text", copy.text);
        json_object_close(json);
    }
    json_array_close(json);
}

/* The word and its promise; "from" is there where a clock is wrong. */
static void word_json(struct json_writer *json, const struct watch_view *channel)
{
    const struct due_facts *facts = &channel->alarm->facts;
    struct document doc;
    struct arena arena;
    const struct alarm_view *view = channel->alarm;

    if (facts->has_word) {
        json_object_open(json, "word");
        json_put_number(json, "index", facts->word_index);
        json_put_number(json, "at", facts->word_at);
        if (facts->word_from)
            json_put_number(json, "from", facts->word_from);
        arena_init(&arena, LIMIT_DOCUMENT_ARENA);
        if (channel->word.len && document_parse(channel->word, &arena, &doc, NULL) == SH_OK)
            json_put_slice(json, "status", doc.status.len ? doc.status : doc.status_text.text);
        arena_release(&arena);
        json_object_close(json);
    }
    if (facts->promise_from) {
        json_object_open(json, "promise");
        json_put_number(json, "at", facts->promise_at);
        json_put_number(json, "from", facts->promise_from);
        json_object_close(json);
    }
    json_put_bool(json, "clock_disagrees", facts->word_from || facts->promise_from);
    json_put_bool(json, "time_known", !facts->blind);
    json_put_bool(json, "read", view->size != 0);
    json_object_open(json, "due");
    json_put_bool(json, "promised", view->due.promised);
    if (view->due.promised)
        json_put_number(json, "by", view->due.by);
    json_put_bool(json, "silent", view->due.silent);
    json_object_close(json);
}

static void channel_json(struct json_writer *json, const struct watch *watch, size_t index)
{
    struct watch_view view;

    watch_view_at(watch, index, &view);
    json_object_open(json, NULL);
    json_put_text(json, "id", view.id.text);
    json_put_text(json, "name", view.name);
    json_put_text(json, "state", state_name(channel_exit(watch, index)));
    json_put_bool(json, "late", stands(&view, ALARM_LATE));
    json_put_bool(json, "silent", stands(&view, ALARM_SILENT));
    json_put_bool(json, "disagree", stands(&view, ALARM_DISAGREE));
    word_json(json, &view);
    json_put_number(json, "copies", view.alarm->copies);
    json_put_number(json, "heard", view.alarm->heard);
    json_put_number(json, "agree", view.alarm->agree);
    episodes_json(json, watch, index, view.episode);
    if (!view.episode[ALARM_LATE].open)
        next_json(json, watch, index, ALARM_LATE);
    copies_json(json, watch, index, view.copies);
    json_object_close(json);
}

void cmd_watch_json(struct bytes *out, const struct watch *watch)
{
    struct json_writer json = cmd_json_open(out);
    struct watch_people people;

    watch_people(watch, &people);
    json_put_text(&json, "state", state_name(cmd_watch_exit(watch)));
    json_put_number(&json, "contacts", people.contacts);
    json_put_bool(&json, "red", people.red);
    json_put_number(&json, "waiting", people.waiting);
    json_put_bool(&json, "clock_doubtful", people.doubtful_clock);
    json_put_bool(&json, "looks_only", people.looks_only);
    json_array_open(&json, "channels");
    for (size_t i = 0; i < watch_view_count(watch); i++)
        channel_json(&json, watch, i);
    json_array_close(&json);
    cmd_json_close(&json);
}
