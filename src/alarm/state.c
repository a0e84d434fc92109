/* The state as bytes, and back, checked. */
#include "alarm/alarm.h"

#include <string.h>

/* Version 1 ends before what was seen of clocks. */
#define MAGIC "stillhere-alarm/2\n"
#define MAGIC_1 "stillhere-alarm/1\n"

static void put_facts(const struct due_facts *facts, struct bytes *out)
{
    bytes_u8(out, facts->has_word);
    bytes_u64(out, facts->word_index);
    bytes_u64(out, facts->word_at);
    bytes_u64(out, facts->next_due);
    bytes_u8(out, facts->has_promise);
    bytes_u64(out, facts->promise_index);
    bytes_u64(out, facts->promise_at);
    bytes_u64(out, facts->every_s);
    bytes_u64(out, facts->until);
    bytes_u64(out, facts->silent_until);
}

static void put_seen(const struct due_facts *facts, struct bytes *out)
{
    bytes_u64(out, facts->word_from);
    bytes_u64(out, facts->promise_from);
    bytes_u64(out, facts->word_seen);
    bytes_u64(out, facts->promise_seen);
    bytes_u64(out, facts->word_run);
    bytes_u64(out, facts->promise_run);
    bytes_u64(out, facts->sure_at);
    bytes_u64(out, facts->moved);
    bytes_u8(out, facts->blind);
}

static void put_ear(const struct alarm_ear *ear, struct bytes *out)
{
    bytes_u64(out, ear->heard);
    bytes_u64(out, ear->missed);
}

void alarm_build(const struct alarm *alarm, const struct alarm_clock *clock, struct bytes *out)
{
    bytes_text(out, MAGIC);
    for (int i = 0; i < ALARM_KINDS; i++) {
        const struct alarm_episode *episode = &alarm->episode[i];

        bytes_u8(out, episode->open);
        bytes_u64(out, episode->number);
        bytes_u64(out, episode->since);
        bytes_u64(out, episode->word_index);
        bytes_u64(out, episode->due_by);
        bytes_u8(out, episode->acked);
        bytes_u64(out, episode->told);
    }
    bytes_u64(out, alarm->episodes);
    bytes_u64(out, alarm->announced_word);
    bytes_u64(out, alarm->started_at);
    bytes_u8(out, alarm->began);
    bytes_u64(out, alarm->branch);
    bytes_u64(out, alarm->size);
    put_facts(&alarm->facts, out);
    put_ear(&alarm->any, out);
    put_ear(&alarm->newest, out);
    bytes_u64(out, clock->believed);
    bytes_u64(out, clock->boot_ms);
    bytes_u8(out, (uint8_t)strlen(clock->boot_id));
    bytes_text(out, clock->boot_id);
    bytes_u8(out, clock->doubtful);
    bytes_u8(out, clock->settled);
    bytes_u64(out, clock->settle_ms);
    bytes_u64(out, clock->floor);
    put_seen(&alarm->facts, out);
    bytes_u64(out, clock->moved);
    bytes_u64(out, clock->starts);
    bytes_u8(out, clock->sure);
}

static bool take_bool(struct cursor *cur, bool *out)
{
    uint8_t value = rd_u8(cur);

    *out = value == 1;
    return value <= 1;
}

static bool take_episode(struct cursor *cur, struct alarm_episode *out)
{
    bool good = take_bool(cur, &out->open);

    out->number = rd_u64(cur);
    out->since = rd_u64(cur);
    out->word_index = rd_u64(cur);
    out->due_by = rd_u64(cur);
    good = take_bool(cur, &out->acked) && good;
    out->told = rd_u64(cur);
    return good && out->told >> LIMIT_CONTACTS == 0;
}

static bool take_facts(struct cursor *cur, struct due_facts *out)
{
    bool good = take_bool(cur, &out->has_word);

    out->word_index = rd_u64(cur);
    out->word_at = rd_u64(cur);
    out->next_due = rd_u64(cur);
    good = take_bool(cur, &out->has_promise) && good;
    out->promise_index = rd_u64(cur);
    out->promise_at = rd_u64(cur);
    out->every_s = rd_u64(cur);
    out->until = rd_u64(cur);
    out->silent_until = rd_u64(cur);
    return good && out->word_index < LIMIT_LOG_SIZE && out->promise_index < LIMIT_LOG_SIZE &&
           (out->every_s != 0) + (out->until != 0) + (out->silent_until != 0) ==
               (out->has_promise ? 1 : 0);
}

static bool take_seen(struct cursor *cur, struct due_facts *out)
{
    out->word_from = rd_u64(cur);
    out->promise_from = rd_u64(cur);
    out->word_seen = rd_u64(cur);
    out->promise_seen = rd_u64(cur);
    out->word_run = rd_u64(cur);
    out->promise_run = rd_u64(cur);
    out->sure_at = rd_u64(cur);
    out->moved = rd_u64(cur);
    return take_bool(cur, &out->blind);
}

static void take_ear(struct cursor *cur, struct alarm_ear *out)
{
    out->heard = rd_u64(cur);
    out->missed = rd_u64(cur);
}

static bool take_alarm(struct cursor *cur, struct alarm *out)
{
    bool good = true;

    for (int i = 0; i < ALARM_KINDS; i++)
        good = take_episode(cur, &out->episode[i]) && good;
    out->episodes = rd_u64(cur);
    for (int i = 0; i < ALARM_KINDS; i++)
        good = good && out->episode[i].number <= out->episodes;
    out->announced_word = rd_u64(cur);
    out->started_at = rd_u64(cur);
    good = take_bool(cur, &out->began) && good;
    out->branch = rd_u64(cur);
    out->size = rd_u64(cur);
    good = take_facts(cur, &out->facts) && good;
    take_ear(cur, &out->any);
    take_ear(cur, &out->newest);
    return good && out->size <= LIMIT_LOG_SIZE && out->announced_word <= LIMIT_LOG_SIZE;
}

static bool take_clock(struct cursor *cur, struct alarm_clock *out)
{
    struct slice id;
    bool good;

    out->believed = rd_u64(cur);
    out->boot_ms = rd_u64(cur);
    id = rd_bytes(cur, rd_u8(cur));
    good = id.len < sizeof(out->boot_id);
    for (size_t i = 0; i < id.len && good; i++)
        good = id.ptr[i] > 0x20 && id.ptr[i] < 0x7f;
    if (!good)
        return false;
    if (id.len)
        memcpy(out->boot_id, id.ptr, id.len);
    good = take_bool(cur, &out->doubtful);
    good = take_bool(cur, &out->settled) && good;
    out->settle_ms = rd_u64(cur);
    out->floor = rd_u64(cur);
    return good;
}

static bool take_more(struct cursor *cur, struct alarm *alarm, struct alarm_clock *clock)
{
    bool good = take_seen(cur, &alarm->facts);

    clock->moved = rd_u64(cur);
    clock->starts = rd_u64(cur);
    return take_bool(cur, &clock->sure) && good;
}

int alarm_parse(struct slice raw, struct alarm *alarm, struct alarm_clock *clock,
                struct why *why)
{
    struct cursor cur = cursor_of(raw);
    struct slice magic = rd_bytes(&cur, sizeof(MAGIC) - 1);
    bool seen = slice_equal(magic, slice_text(MAGIC));

    *alarm = (struct alarm){0};
    *clock = (struct alarm_clock){0};
    if ((seen || slice_equal(magic, slice_text(MAGIC_1))) && take_alarm(&cur, alarm) &&
        take_clock(&cur, clock) && (!seen || take_more(&cur, alarm, clock)) && !cur.failed &&
        !rd_left(&cur))
        return SH_OK;
    *alarm = (struct alarm){0};
    *clock = (struct alarm_clock){0};
    return why_set(why, SH_EFORMAT, cur.at, "alarm: what is remembered is damaged");
}
