/* Landlock by its raw system calls: Debian 12's headers and libc know only its first years. */
#include "cage/cage_int.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALL_CREATE_RULESET 444 /* the same number on every architecture since 5.13 */
#define CALL_ADD_RULE 445
#define CALL_RESTRICT_SELF 446
#define CREATE_RULESET_VERSION 1u
#define RULE_PATH_BENEATH 1

#define FS_EXECUTE (UINT64_C(1) << 0)
#define FS_WRITE_FILE (UINT64_C(1) << 1)
#define FS_READ_FILE (UINT64_C(1) << 2)
#define FS_READ_DIR (UINT64_C(1) << 3)
#define FS_ALL_1 ((UINT64_C(1) << 13) - 1)
#define FS_REFER (UINT64_C(1) << 13)     /* ABI 2: rename into another directory */
#define FS_TRUNCATE (UINT64_C(1) << 14)  /* ABI 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15) /* ABI 5 */
#define NET_BIND_TCP (UINT64_C(1) << 0)  /* ABI 4 */
#define NET_CONNECT_TCP (UINT64_C(1) << 1)
#define SCOPE_ALL UINT64_C(3) /* ABI 6: abstract Unix sockets and signals of others */

struct ruleset {
    uint64_t fs;
    uint64_t net;
    uint64_t scoped;
};
struct __attribute__((packed)) path_beneath {
    uint64_t allowed;
    int32_t parent_fd;
};

int cage_landlock_abi(const struct cage_rules *rules)
{
    long abi;

    if (rules && rules->no_landlock)
        return 0;
    abi = syscall(CALL_CREATE_RULESET, NULL, (size_t)0, CREATE_RULESET_VERSION);
    if (abi < 1)
        return 0;
    if (rules && rules->landlock_most > 0 && abi > rules->landlock_most)
        return rules->landlock_most;
    return (int)abi;
}

static uint64_t fs_handled(int abi)
{
    uint64_t all = FS_ALL_1;

    if (abi >= 2)
        all |= FS_REFER;
    if (abi >= 3)
        all |= FS_TRUNCATE;
    if (abi >= 5)
        all |= FS_IOCTL_DEV;
    return all;
}

static int ruleset_make(enum cage_profile profile, int abi, struct why *why)
{
    struct ruleset set = {.fs = fs_handled(abi)};
    size_t known = sizeof(set.fs);
    long fd;

    /* A server must bind, and only what fetches may call out. */
    if (abi >= 4) {
        set.net = NET_BIND_TCP | NET_CONNECT_TCP;
        if (profile == CAGE_SERVER)
            set.net = NET_CONNECT_TCP;
        if (profile == CAGE_FETCH)
            set.net = NET_BIND_TCP;
        known = offsetof(struct ruleset, scoped);
    }
    if (abi >= 6) {
        set.scoped = SCOPE_ALL;
        known = sizeof(set);
    }
    fd = syscall(CALL_CREATE_RULESET, &set, known, 0u);
    if (fd < 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "cage: Landlock ABI %d refused its rules: %s",
                       abi, strerror(errno));
    return (int)fd;
}

static int path_add(int set_fd, const struct cage_path *path, int abi, struct why *why)
{
    struct path_beneath rule = {.parent_fd = path->fd};
    uint64_t of_file = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE;
    struct stat st;

    if (fstat(path->fd, &st) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "cage: descriptor %d: %s", path->fd,
                       strerror(errno));
    rule.allowed = FS_READ_FILE | FS_READ_DIR;
    if (path->access == CAGE_EXECUTE)
        rule.allowed |= FS_EXECUTE;
    if (path->access == CAGE_CHANGE)
        rule.allowed = fs_handled(abi) & ~(FS_EXECUTE | FS_IOCTL_DEV);
    if (!S_ISDIR(st.st_mode))
        rule.allowed &= of_file;
    if (syscall(CALL_ADD_RULE, set_fd, RULE_PATH_BENEATH, &rule, 0u) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "cage: Landlock refused a path: %s",
                       strerror(errno));
    return SH_OK;
}

int cage_landlock_enter(const struct cage_rules *rules, int abi, struct why *why)
{
    int fd = ruleset_make(rules->profile, abi, why);
    int rc = SH_OK;

    if (fd < 0)
        return fd;
    for (size_t i = 0; rc == SH_OK && i < rules->path_count; i++)
        rc = path_add(fd, &rules->paths[i], abi, why);
    if (rc == SH_OK && syscall(CALL_RESTRICT_SELF, fd, 0u) != 0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "cage: Landlock refused to hold: %s",
                     strerror(errno));
    (void)close(fd); /* The rules hold without it. */
    return rc;
}
