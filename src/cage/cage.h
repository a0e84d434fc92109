/*
 * cage -- give up everything a process does not need, for good: files, network, other
 * processes, memory, time.
 *
 * Spec:    Landlock (kernel userspace API, ABI 1..7), seccomp-bpf, no_new_privs, setrlimit.
 * Shapes:  a profile names what a role may still ask of the kernel; paths and descriptors are
 *          named one by one; everything else is refused.
 * Memory:  keeps nothing; the caller owns descriptors.
 * Errors:  SH_EIO when the kernel refuses a part that it has; SH_EUNSUPPORTED when it has
 *          neither Landlock nor seccomp.  What it lacks of the rest is in struct cage_state.
 * Threads: enter from a process of one thread; the cage holds for the whole process.
 *
 * A call that the profile does not name ends the process with SIGSYS (CAGE_FETCH, CAGE_SERVER:
 * is refused with EPERM); a file that the rules do not name is refused with EACCES.  Works as
 * root and as anybody.  A build with sanitizers gets no limit of memory, and its attempts to
 * read files for a report fail with EACCES.
 */
#ifndef CAGE_CAGE_H
#define CAGE_CAGE_H

#include "base/base.h"

/* 1 in a build with a sanitizer that needs more of the system than we do. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CAGE_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(CAGE_SANITIZED)
#define CAGE_SANITIZED 1
#endif
#ifndef CAGE_SANITIZED
#define CAGE_SANITIZED 0
#endif

enum cage_profile {
    CAGE_COPY,   /* read, write and seek in the descriptors it holds; memory; the clock */
    CAGE_LOOK,   /* CAGE_COPY, and open files to read below the paths it is given */
    CAGE_FRONT,  /* CAGE_COPY, take connections at sockets that it holds, and use a database
                   below the paths it is given: open, lock, sync, remove */
    CAGE_FETCH,  /* CAGE_COPY, connections to elsewhere by IP, children of its own, and (with
                   paths) files to read; what else it asks for is refused, which ends nothing */
    CAGE_MEDIA,  /* CAGE_COPY, and what a decoder asks about the processor; one thread */
    CAGE_UNPACK, /* CAGE_COPY, and make and change files below the paths it is given */
    CAGE_SERVER  /* nginx: starts programs that the paths let run, becomes another user, takes
                    connections at sockets that it holds, has children, asks for sockets */
};

enum cage_access {
    CAGE_READ,    /* read files, list directories */
    CAGE_EXECUTE, /* CAGE_READ, and run programs and map libraries */
    CAGE_CHANGE   /* CAGE_READ, and write, make, rename and remove inside */
};
/* A file, or a directory and all below it; fd may be an O_PATH descriptor. */
struct cage_path {
    int fd;
    enum cage_access access;
};

struct cage_rules {
    enum cage_profile profile;
    const int *keep; /* descriptors that stay open; all others are closed */
    size_t keep_count;
    const struct cage_path *paths; /* need not be in keep */
    size_t path_count;
    /*
     * CAGE_SERVER: gets a descriptor (closed on exec) over which every Unix stream socket that
     * it wants is asked for (seccomp_unotify(2)): who holds that gives them, connected, and
     * connect() itself does nothing.  -1 where that cannot be had (no seccomp, or somebody
     * outside is asked already): then it has any Unix socket.  NULL: it gets none.
     */
    int *questions;
    bool any_socket;       /* for tests of that: as if questions could not be had */
    uint64_t file_bytes;   /* largest file that it may write; 0: no limit of its own */
    uint64_t memory_bytes; /* address space; 0: no limit of its own */
    unsigned cpu_s;        /* processor seconds; 0: no limit of its own */
    int landlock_most;     /* for tests of older kernels: use this ABI at most; 0: the newest */
    bool no_landlock;      /* for tests of kernels without it */
    bool no_seccomp;
};

/* What this kernel can do, or what a cage consists of. */
struct cage_state {
    int landlock; /* ABI, 0 = none; 2 is Debian 12's, 4 refuses TCP, 6 foreign signals */
    bool seccomp;
    bool no_new_privs;
};

/* Ask the kernel what a cage would have here; changes nothing. */
void cage_probe(struct cage_state *state);

/* What is missing, each a bit. */
enum cage_lack {
    CAGE_LACKS_PRIVS = 1,    /* no_new_privs */
    CAGE_LACKS_SECCOMP = 2,  /* whoever is caged could use the network */
    CAGE_LACKS_LANDLOCK = 4, /* who has paths is not held to them */
    CAGE_LACKS_THIN = 8,     /* before ABI 6: seccomp alone keeps CAGE_SERVER from others */
};
/* Without these there is a way out that the whole cage closes. */
#define CAGE_NEEDED ((unsigned)(CAGE_LACKS_PRIVS | CAGE_LACKS_SECCOMP | CAGE_LACKS_LANDLOCK))
/* A mask of enum cage_lack; 0 when the cage is whole. */
unsigned cage_lacks(const struct cage_state *state);

/*
 * Enter the cage.  In this order: environment emptied (not CAGE_SERVER), no_new_privs,
 * Landlock, descriptors closed, limits, seccomp.  got (may be NULL) says what holds.  After a
 * failure the process is half caged and must end.
 *
 *     struct cage_rules rules = {.profile = CAGE_COPY, .keep = fds, .keep_count = 3};
 *     rc = cage_enter(&rules, NULL, why);
 */
MUST_CHECK int cage_enter(const struct cage_rules *rules, struct cage_state *got,
                          struct why *why);

/*
 * Take one question from the other end of cage_rules.questions, which can be read, and answer
 * it with the descriptor that give(ctx) makes (then closed here), or with its errno when that
 * is -1.  What was asked for is not looked at.
 */
void cage_answer(int questions, int (*give)(void *ctx), void *ctx);

#endif
