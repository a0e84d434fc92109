/*
 * What a watch remembers of its alarms: what is taken has one spelling, and any state can be
 * judged with.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alarm/alarm.h"

static void judge(struct alarm *alarm, struct alarm_clock *clock)
{
    static const struct alarm_rules rules = {
        .silence_s = 3600, .contacts = LIMIT_CONTACTS, .wants_good = {true}};
    static const uint64_t dates[] = {1800000000, 5};
    struct alarm_copy copy = {.heard_at = 1800000000, .size = 3, .facts = alarm->facts};
    struct alarm_event events[ALARM_EVENTS];
    struct alarm_round round = {&copy, 1, 0, clock};
    struct alarm_view view;
    char boot_id[ALARM_BOOT_ID_BYTES];

    memcpy(boot_id, clock->boot_id, sizeof(boot_id));
    round.now = alarm_clock_step(
        clock, &(struct alarm_clocks){1800000000, 77000, boot_id, dates, COUNT_OF(dates)});
    alarm_look(alarm, &rules, &round, &view);
    (void)alarm_next(alarm, &rules, &view);
    /* No state is so wrong that it goes on telling. */
    for (int i = 0; i < 2; i++) {
        (void)alarm_step(alarm, &rules, &view, events);
        alarm_look(alarm, &rules, &round, &view);
    }
    if (alarm_step(alarm, &rules, &view, events) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct alarm_clock clock;
    struct alarm alarm;
    struct bytes again;

    if (alarm_parse(slice_of(data, size), &alarm, &clock, NULL) != SH_OK)
        return 0;
    bytes_init(&again, size + 128); /* Version 1 becomes the newer one. */
    alarm_build(&alarm, &clock, &again);
    if (data[16] != '1' && !slice_equal(bytes_view(&again), slice_of(data, size)))
        abort();
    bytes_release(&again);
    judge(&alarm, &clock);
    return 0;
}
