/* Between the files of serve. */
#ifndef SERVE_SERVE_INT_H
#define SERVE_SERVE_INT_H

#include <sys/types.h>

#include "serve/serve.h"

/* nginx writes it below the state directory when it is ready. */
#define SERVE_PID_FILE "nginx.pid"

/*
 * A folder there that belongs to its workers.  Nothing is written to it; but nginx would make
 * it, and in its cage it may not give it away.
 */
#define SERVE_TEMPORARY "tmp"

/* Whom the workers run as; uid 0 of the fields means: nobody else than we. */
struct serve_person {
    bool other; /* not the one who started the program */
    uid_t uid;
    gid_t gid;
    char user[32];
    char group[32];
};
/* Started by root, it is nobody; else it is we.  SH_ENOTFOUND on a system without nobody. */
MUST_CHECK int serve_person_find(struct serve_person *out, struct why *why);
/*
 * Can that person reach and read the tree?  Asked in a child that has become the person.
 * SH_EIO with the directory or file in the way and the chmod that opens it.
 */
MUST_CHECK int serve_access_check(const struct serve_person *person, const char *root,
                                  struct why *why);

/* Bind and listen; fills in the port that was found.  The caller closes *fd. */
MUST_CHECK int serve_listen(struct serve_address *address, int *fd, struct why *why);

/* ---- front.c: the process behind nginx ---- */

#define SERVE_FRONT_SOCKET "s" /* in its folder */
#define SERVE_FRONT_AT 4       /* where nginx finds that folder among its descriptors */

struct serve_front {
    serve_front_run *run; /* NULL: there is none */
    const char *watch_dir;
    const char *cosign_home; /* NULL: nothing is cosigned */
    int listen_fd;           /* -1: none */
    int dir_fd;              /* the folder of the socket, O_PATH; -1: none */
    pid_t pid;               /* 0: does not run */
};
/* Make the socket in state/front/, for nobody but that person. */
MUST_CHECK int serve_front_listen(struct serve_front *front, const struct serve_person *person,
                                  int state, struct why *why);
/* Make it at a path, for whoever may enter its folder; replaces a socket that is there. */
MUST_CHECK int serve_front_listen_at(struct serve_front *front, const char *path,
                                     struct why *why);
MUST_CHECK int serve_front_start(struct serve_front *front, struct why *why);
/* Has it ended?  Then it is waited for. */
bool serve_front_gone(struct serve_front *front);
void serve_front_stop(struct serve_front *front);

/* ---- door.c: who gives nginx its sockets to front ---- */

/*
 * Start it.  *end is for the child that becomes nginx, who tells there, once, over which
 * descriptor it will be asked; the caller closes it.  It ends with nginx; the caller waits.
 */
MUST_CHECK int serve_door_start(const struct serve_front *front,
                                const struct serve_person *person, int *end, int *pid,
                                struct why *why);
bool serve_door_tell(int end, int questions);

/* ---- child.c ---- */

/* A child that is to become nginx. */
struct serve_child {
    const char *nginx; /* absolute */
    const char *root;
    const char *state;
    const char *tls_cert; /* or NULL */
    const char *tls_key;
    int listen_fd;
    int front_fd; /* the folder of front's socket, or -1 */
    int door_fd;  /* to the doorkeeper; where front_fd is */
    bool other;   /* its workers become another user */
    bool require_cage;
};
/* Fork, enter the cage, start nginx.  Signals that the caller blocked are free in the child. */
MUST_CHECK int serve_child_start(const struct serve_child *child, pid_t *pid, struct why *why);
/* SIGTERM to the child, SIGKILL to its group when it does not go in time; waits for it. */
void serve_child_stop(pid_t pid);

#endif
