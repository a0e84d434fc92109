/* Putting a cage together. */
#include "cage/cage.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cage/cage_int.h"

void cage_probe(struct cage_state *state)
{
    state->landlock = cage_landlock_abi(NULL);
    state->seccomp = cage_filter_is_there(NULL);
    state->no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) >= 0;
}

unsigned cage_lacks(const struct cage_state *state)
{
    unsigned lacks = 0;

    if (!state->no_new_privs)
        lacks |= CAGE_LACKS_PRIVS;
    if (!state->seccomp)
        lacks |= CAGE_LACKS_SECCOMP;
    if (state->landlock < 1)
        return lacks | CAGE_LACKS_LANDLOCK;
    if (state->landlock < 6)
        lacks |= CAGE_LACKS_THIN;
    return lacks;
}

static int limit_set(int what, uint64_t value, const char *name, struct why *why)
{
    struct rlimit now;
    struct rlimit limit = {.rlim_cur = (rlim_t)value, .rlim_max = (rlim_t)value};

    /* What was lower already stays. */
    if (getrlimit((__rlimit_resource_t)what, &now) == 0 && now.rlim_max < limit.rlim_max)
        limit = (struct rlimit){.rlim_cur = now.rlim_max, .rlim_max = now.rlim_max};
    if (setrlimit((__rlimit_resource_t)what, &limit) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "cage: limit of %s: %s", name,
                       strerror(errno));
    return SH_OK;
}

static int limits_enter(const struct cage_rules *rules, struct why *why)
{
    int rc = limit_set(RLIMIT_CORE, 0, "core files", why);

    if (rc == SH_OK && rules->profile != CAGE_SERVER)
        rc = limit_set(RLIMIT_NOFILE,
                       rules->profile == CAGE_FETCH ? LIMIT_FETCH_FILES : LIMIT_CAGE_FILES,
                       "descriptors", why);
    /* It counts all processes of the user: for children of its own there is no number. */
    if (rc == SH_OK && rules->profile != CAGE_SERVER && rules->profile != CAGE_FETCH)
        rc = limit_set(RLIMIT_NPROC, 0, "processes", why);
    if (rc == SH_OK && rules->cpu_s)
        rc = limit_set(RLIMIT_CPU, rules->cpu_s, "processor time", why);
    if (rc == SH_OK && rules->file_bytes)
        rc = limit_set(RLIMIT_FSIZE, rules->file_bytes, "file size", why);
    /* Sanitizers reserve terabytes of addresses that they never use. */
    if (rc == SH_OK && rules->memory_bytes && !CAGE_SANITIZED)
        rc = limit_set(RLIMIT_AS, rules->memory_bytes, "memory", why);
    return rc;
}

static int close_range_checked(unsigned from, unsigned to, struct why *why)
{
    if (from > to)
        return SH_OK;
    if (close_range(from, to, 0) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "cage: closing descriptors: %s",
                       strerror(errno));
    return SH_OK;
}

/* Close everything but keep[0..count-1], which may come in any order. */
static int descriptors_close(const int *keep, size_t count, struct why *why)
{
    unsigned sorted[LIMIT_CAGE_KEEP];
    unsigned next = 0;
    size_t at;
    int rc;

    if (count > COUNT_OF(sorted))
        bug("cage: more descriptors than LIMIT_CAGE_KEEP");
    for (size_t i = 0; i < count; i++) {
        if (keep[i] < 0)
            bug("cage: a descriptor that is not open");
        for (at = i; at > 0 && sorted[at - 1] > (unsigned)keep[i]; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = (unsigned)keep[i];
    }
    for (size_t i = 0; i < count; i++) {
        if (sorted[i] > next) {
            rc = close_range_checked(next, sorted[i] - 1, why);
            if (rc != SH_OK)
                return rc;
        }
        next = sorted[i] + 1;
    }
    return close_range_checked(next, ~0u, why);
}

int cage_enter(const struct cage_rules *rules, struct cage_state *got, struct why *why)
{
    struct cage_state state = {.landlock = cage_landlock_abi(rules),
                               .seccomp = cage_filter_is_there(rules)};
    int rc = SH_OK;

    if (!state.landlock && !state.seccomp)
        return why_set(why, SH_EUNSUPPORTED, WHY_NOWHERE,
                       "cage: this kernel has neither Landlock nor seccomp; files from others "
                       "are not opened without one of them: see stillhere doctor");
    if (rules->profile != CAGE_SERVER && clearenv() != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "cage: the environment cannot be emptied");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "cage: no_new_privs: %s", strerror(errno));
    state.no_new_privs = true;
    if (state.landlock)
        rc = cage_landlock_enter(rules, state.landlock, why);
    if (rc == SH_OK)
        rc = descriptors_close(rules->keep, rules->keep_count, why);
    /* Not sooner: with many descriptors open, their limit would leave Landlock none. */
    if (rc == SH_OK)
        rc = limits_enter(rules, why);
    if (rc == SH_OK && state.seccomp)
        rc = cage_filter_enter(rules, why);
    if (rc == SH_OK && got)
        *got = state;
    return rc;
}
