/* What the files of the simulator share: a channel, its copies, and five who watch them. */
#ifndef TESTS_SIM_H
#define TESTS_SIM_H

#include "alarm/alarm.h"
#include "base/base.h"
#include "dispatch/dispatch.h"
#include "follow/follow.h"

#define SIM_T0 UINT64_C(1800000000)
#define SIM_DAYS 4
#define SIM_TICK 10 /* seconds */
#define SIM_ENTRIES 120
#define SIM_BRANCHES 8
#define SIM_COPIES 3
#define SIM_WATCHERS 5
#define SIM_TROUBLES 8
#define SIM_MESSAGES 2048
#define SIM_NOTE 640 /* bytes of a checkpoint */
#define SIM_YEAR (UINT64_C(365) * 86400)

/* ---- chance ---- */

uint64_t sim_random(uint64_t below);
uint64_t sim_between(uint64_t low, uint64_t high);
bool sim_chance(unsigned in_a_million);
/* Say what happens, when --trace. */
void sim_trace(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* The invariant that does not hold; the seed has failed. */
void sim_broken(const char *fmt, ...) PRINTF_LIKE(1, 2);
extern uint64_t sim_now; /* true time */
extern const char *sim_break;

/* ---- the channel ---- */

/* What an entry of the honest branch says: the truth that the oracle judges by. */
struct sim_truth {
    enum doc_kind kind;
    uint64_t made, published, next_due, every_s, silent_until; /* made: by the true clock */
    bool touched;   /* this, or something before it, was said by a clock that was wrong */
    bool withdrawn; /* by an entry after it: see withdrawn_by */
    uint64_t withdrawn_by;
};
struct sim_branch {
    char line[SIM_ENTRIES][LIMIT_ENTRY_BYTES + 1];
    uint64_t size;
    uint64_t forked_at;                 /* entries from here on are others than in branch 0 */
    struct bytes note[SIM_ENTRIES + 1]; /* checkpoints by size, made when asked for */
};
struct sim_file {
    char path[TREE_PATH_BYTES];
    struct bytes data;
};
enum sim_mode { SIM_HONEST, SIM_DOWN, SIM_STALE, SIM_ROLLBACK, SIM_FORK, SIM_CORRUPT };
struct sim_copy {
    enum sim_mode mode;
    uint64_t size;              /* of branch 0, what it honestly has */
    uint64_t served;            /* size of what it shows when it is not honest */
    size_t branch;              /* SIM_FORK */
    int64_t lie;                /* added to its Date */
    uint64_t mode_until;        /* then it is honest again */
    uint64_t mode_number;       /* of this trouble, 1, 2, ... */
    uint64_t sync_s, next_sync; /* a mirror's */
    unsigned drops;             /* of a million requests */
};
struct sim_world {
    struct channel_id id;
    char origin[CHANNEL_ORIGIN_BYTES];
    struct bytes identity;
    struct sim_branch *branch[SIM_BRANCHES];
    size_t branches;
    struct sim_truth truth[SIM_ENTRIES];
    struct sim_file file[2 * SIM_ENTRIES];
    size_t files;
    struct sim_copy copy[SIM_COPIES];
    uint64_t next_word, every_s, troubles;
    uint64_t trouble_at[SIM_TROUBLES];
    size_t trouble_count, trouble_next;
    uint64_t calm_from; /* nothing goes wrong any more */
    /* The poster's clock: when it is wrong, it is so by the same each time. */
    int64_t off, wrong_by;
    uint64_t clock_at; /* it jumps next */
    bool was_off;
};
void sim_world_open(struct sim_world *world);
void sim_world_close(struct sim_world *world);
void sim_world_tick(struct sim_world *world);
/* When something is to be done next. */
uint64_t sim_world_next(const struct sim_world *world);
/* Every copy of this signature holds: it was made with this key. */
void sim_signed(const uint8_t key[CRYPT_KEY_BYTES], struct slice message,
                const uint8_t signature[CRYPT_SIGNATURE_BYTES]);
/* A file as this copy serves it; false: 404. */
bool sim_serve(struct sim_world *world, size_t copy, const char *path, struct bytes *out);
/*
 * When the next word is due as branch 0 of this size has it: written again, on purpose.  Where
 * the poster's clock was wrong there is no one time: not before, and not after.  first: when
 * each entry was read first.
 */
enum sim_bound { SIM_NOT_BEFORE, SIM_NOT_AFTER };
void sim_truth_due(const struct sim_world *world, uint64_t size, enum sim_bound bound,
                   const uint64_t first[SIM_ENTRIES], struct due *out);
/* The newest word at this size, withdrawn or not; 0 = none. */
uint64_t sim_truth_word(const struct sim_world *world, uint64_t size);

/* ---- a watcher ---- */

struct sim_message {
    struct alarm_event event;
    uint64_t id, made_at;
    bool done;
};
/* What survives: written in one transaction. */
struct sim_disk {
    struct alarm alarm;
    struct alarm_clock clock;
    bool is_written;
    struct bytes follow[SIM_COPIES];
    uint8_t seen[SIM_COPIES][SIM_NOTE];
    size_t seen_len[SIM_COPIES];
    uint64_t heard_at[SIM_COPIES];
    bool at_odds[SIM_COPIES];
    struct sim_message queue[SIM_MESSAGES];
    size_t messages, undone; /* all before are done */
};
struct sim_watcher {
    size_t number;
    unsigned copies; /* mask */
    struct alarm_rules rules;
    uint64_t poll_s, next_poll;
    bool up;
    /* clocks */
    uint64_t boot_at, boot;
    int64_t wall_off;
    uint64_t jump_at[4];
    size_t jumps, jump_next;
    unsigned crashes; /* of a million rounds */
    /* in memory */
    struct alarm alarm;
    struct alarm_clock clock;
    struct alarm_view view;
    struct follow follow[SIM_COPIES];
    bool grown[SIM_COPIES]; /* since it was written */
    struct sim_disk ram, disk;
    /* of this round */
    bool answered[SIM_COPIES], whole[SIM_COPIES], heard[SIM_COPIES];
    enum follow_outcome outcome[SIM_COPIES];
    uint64_t now; /* believed */
    /* what the oracle remembers */
    struct {
        bool taken_in; /* by a fork that nobody could tell */
        uint64_t forked_at;
        unsigned other_branch;
        uint64_t late_by; /* while he is late */
        bool deceived; /* no honest clock anywhere since the start: its times prove nothing */
        uint64_t first[SIM_ENTRIES]; /* when each entry was read first */
        bool honest_date, lying_date, wrong_wall, early_wall, two_dates; /* since the boot */
        bool first_wall;                /* was wrong when he had never seen a time */
        uint64_t best;                  /* largest honest size that was read */
        uint64_t holder_at, any_at;     /* true times of readings */
        uint64_t right_from;            /* he knows the time again */
        unsigned right_rounds;          /* since he was deceived */
        uint64_t vain_any, vain_holder; /* the first in vain since */
        uint64_t gap;                   /* true time of the last round */
        unsigned late_rounds[LIMIT_CONTACTS], bad_reads[SIM_COPIES], clear_rounds;
        uint64_t bad_number[SIM_COPIES];
        bool told[ALARM_KINDS][LIMIT_CONTACTS]; /* and not yet told that it is over */
        uint64_t good_word;
        uint8_t delivered[SIM_MESSAGES];
        bool twice_allowed[SIM_MESSAGES];
    } seen;
};
void sim_watcher_open(struct sim_watcher *watcher, size_t number,
                      const struct sim_world *world);
void sim_watcher_close(struct sim_watcher *watcher);
void sim_watcher_tick(struct sim_watcher *watcher, struct sim_world *world);
uint64_t sim_watcher_next(const struct sim_watcher *watcher);

/* ---- the oracle ---- */

/* Before the events of a round are stored: what was read, by the truth. */
void sim_oracle_round(struct sim_watcher *watcher, const struct sim_world *world);
void sim_oracle_event(struct sim_watcher *watcher, const struct sim_world *world,
                      const struct alarm_event *event);
/* After them: what should have been said by now. */
void sim_oracle_after(struct sim_watcher *watcher, const struct sim_world *world);
void sim_oracle_delivered(struct sim_watcher *watcher, const struct sim_message *message);
void sim_oracle_end(struct sim_watcher *watcher);

struct sim_count {
    uint64_t polls, steps, told, over, good, forks, rollbacks, restarts, jumps, twice, deceived,
        taken_in, exempt, clocks, unsure;
    uint64_t late, silent, disagree;
};
extern struct sim_count sim_count;

#endif
