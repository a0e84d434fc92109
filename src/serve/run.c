/* From the options to a running nginx, and back to nothing. */
#include "serve/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io/io.h"
#include "proc/proc.h"
#include "serve/serve_int.h"

/* Everything that is taken on the way and given back at the end. */
struct serving {
    const struct serve_options *options;
    char home[PATH_MAX];
    char root[PATH_MAX];
    char state[PATH_MAX];
    char cert[PATH_MAX];
    char key[PATH_MAX];
    char nginx[PATH_MAX];
    char watch[PATH_MAX];
    char state_name[96]; /* state, below private/ */
    int private_dir;
    int listen_fd;
    pid_t pid;
    struct serve_address address;
    struct serve_person person;
    struct serve_front front;
    uint64_t front_at_ms; /* its last start */
    int door_pid;         /* who gives nginx its sockets; 0: nobody */
    int due_pid;          /* who opens what is due; 0: nobody just now */
    uint64_t due_at_ms;
    int follow_pid; /* who looks at identity chains; 0: nobody just now */
    uint64_t follow_at_ms;
};

static bool joined(char out[PATH_MAX], const char *dir, const char *name)
{
    return snprintf(out, PATH_MAX, "%s/%s", dir, name) < PATH_MAX;
}

static int find_file(const char *option, const char *path, char out[PATH_MAX], struct why *why)
{
    int fd;

    if (!realpath(path, out))
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "%s %.200s: %s", option, path,
                       strerror(errno));
    fd = open(out, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "%s %.200s: %s", option, path,
                       strerror(errno));
    (void)close(fd); /* Only opened to see. */
    return SH_OK;
}

static int find_tls(struct serving *serving, struct why *why)
{
    const struct serve_options *options = serving->options;
    int rc;

    if (!options->tls_cert && !options->tls_key)
        return SH_OK;
    if (!options->tls_cert || !options->tls_key)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "--tls-cert and --tls-key belong together: the chain of certificates, "
                       "and its key, both as PEM files");
    rc = find_file("--tls-cert", options->tls_cert, serving->cert, why);
    return rc == SH_OK ? find_file("--tls-key", options->tls_key, serving->key, why) : rc;
}

static const char *debian_nginx(void)
{
    static const char *const PLACES[] = {"/usr/sbin/nginx", "/usr/local/sbin/nginx",
                                         "/usr/bin/nginx", "/usr/local/nginx/sbin/nginx"};

    for (size_t i = 0; i < COUNT_OF(PLACES); i++)
        if (access(PLACES[i], X_OK) == 0)
            return PLACES[i];
    return NULL;
}

bool serve_has_nginx(void)
{
    return debian_nginx() != NULL;
}

static int find_nginx(struct serving *serving, struct why *why)
{
    const char *given = serving->options->nginx ? serving->options->nginx : debian_nginx();

    if (!given || access(given, X_OK) != 0 || !realpath(given, serving->nginx))
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                       "%.200s is not there, and the pages are served by it: "
                       "apt-get install nginx-light",
                       given ? given : "nginx");
    return SH_OK;
}

static int find_tree(struct serving *serving, struct why *why)
{
    struct stat st;

    if (!realpath(serving->options->home, serving->home))
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "%.200s: %s", serving->options->home,
                       strerror(errno));
    if (!joined(serving->root, serving->home, "public") || lstat(serving->root, &st) != 0 ||
        !S_ISDIR(st.st_mode) || !joined(serving->state, serving->root, "checkpoint") ||
        access(serving->state, F_OK) != 0)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                       "%.200s: no channel here (public/checkpoint is missing): name its "
                       "directory with -C, or make one with stillhere init",
                       serving->home);
    return SH_OK;
}

/* For nginx, with rights as it wants them. */
static int make_temporary(const struct serving *serving, struct why *why)
{
    const struct serve_person *person = &serving->person;
    char path[sizeof(serving->state_name) + sizeof(SERVE_TEMPORARY)];
    int rc;

    (void)snprintf(path, sizeof(path), "%s/" SERVE_TEMPORARY, serving->state_name);
    rc = io_mkdirs(serving->private_dir, path, 0700, why);
    if (rc == SH_OK && person->other &&
        fchownat(serving->private_dir, path, person->uid, person->gid, AT_SYMLINK_NOFOLLOW) !=
            0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "%s: %s", path, strerror(errno));
    return rc;
}

/* HOME/private/serve/<port>-<address>: two servers of one channel do not meet there. */
static int make_state(struct serving *serving, struct why *why)
{
    int home = -1;
    int rc;

    (void)snprintf(serving->state_name, sizeof(serving->state_name), "serve/%u-%s",
                   serving->address.port, serving->address.host);
    for (char *p = serving->state_name + sizeof("serve"); *p; p++)
        if (*p == ':')
            *p = '.';
    rc = io_open_dir(AT_FDCWD, serving->home, &home, why);
    if (rc == SH_OK)
        rc = io_open_dir(home, "private", &serving->private_dir, why);
    /* What a killed server left: the port is ours now, so nobody lives there. */
    if (rc == SH_OK)
        rc = io_remove_tree(serving->private_dir, serving->state_name, why);
    if (rc == SH_OK)
        rc = io_mkdirs(serving->private_dir, serving->state_name, 0700, why);
    if (rc == SH_OK)
        rc = make_temporary(serving, why);
    if (rc == SH_EIO)
        (void)why_name(why, rc,
                       "private/ must be writable to serve; any other web server can "
                       "show public/"); /* Only the words are added. */
    if (rc == SH_OK && snprintf(serving->state, sizeof(serving->state), "%s/private/%s",
                                serving->home, serving->state_name) >= PATH_MAX)
        rc = why_set(why, SH_ELIMIT, WHY_NOWHERE, "the path of private/ is too long");
    io_close(&home);
    return rc;
}

/* The state folder of the watch: it may start after us, so its folder is made. */
static int find_watch(struct serving *serving, struct why *why)
{
    const char *given = serving->options->watch;
    int dir = -1;
    int rc;

    if (!given && !joined(serving->watch, serving->home, "private/watch"))
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "the path of private/ is too long");
    rc = given ? io_mkdirs(AT_FDCWD, given, 0700, why)
               : io_mkdirs(serving->private_dir, "watch", 0700, why);
    if (rc == SH_OK)
        rc = io_open_dir(AT_FDCWD, given ? given : serving->watch, &dir, why);
    io_close(&dir);
    if (rc != SH_OK && given && !strstr(why->text, given))
        (void)why_name(why, rc, given); /* Gives rc back. */
    if (rc == SH_OK && given && !realpath(given, serving->watch))
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "%.200s: %s", given, strerror(errno));
    serving->front.watch_dir = serving->watch;
    if (serving->options->cosign)
        serving->front.cosign_home = serving->home;
    return rc;
}

/* Without front the pages are served all the same, and the log says what is missing. */
static void make_front(struct serving *serving)
{
    struct why why = {0};
    int state = -1;
    int rc;

    if (!serving->options->front)
        return;
    rc = find_watch(serving, &why);
    if (rc == SH_OK)
        rc = io_open_dir(serving->private_dir, serving->state_name, &state, &why);
    if (rc == SH_OK)
        rc = serve_front_listen(&serving->front, &serving->person, state, &why);
    io_close(&state);
    if (rc == SH_OK) {
        serving->front.run = serving->options->front;
        return;
    }
    serve_front_stop(&serving->front);
    io_say("warn", "serve", "no-front", "cause=\"%s\"", why.text);
}

static int write_config(struct serving *serving, struct why *why)
{
    char front[48];
    struct serve_site site = {.form = SERVE_CHILD,
                              .root = serving->root,
                              .state = serving->state,
                              .listen = serving->address};
    struct io_target target = {
        .path = "nginx.conf", .mode = 0600, .sync = IO_NO_SYNC, .dir = -1};
    struct bytes config;
    int rc;

    if (serving->options->tls_cert) {
        site.tls_cert = serving->cert;
        site.tls_key = serving->key;
    }
    (void)snprintf(front, sizeof(front), "/proc/self/fd/%d/" SERVE_FRONT_SOCKET,
                   SERVE_FRONT_AT);
    if (serving->front.run)
        site.front = front;
    site.cosign = serving->front.run && serving->options->cosign;
    if (serving->person.other) {
        site.user = serving->person.user;
        site.group = serving->person.group;
    }
    bytes_init(&config, LIMIT_SERVE_CONFIG_BYTES);
    rc = serve_config_build(&site, &config, why);
    if (rc == SH_OK)
        rc = io_open_dir(serving->private_dir, serving->state_name, &target.dir, why);
    target.tmp_dir = target.dir;
    if (rc == SH_OK)
        rc = io_replace(&target, bytes_view(&config), why);
    io_close(&target.dir);
    bytes_release(&config);
    return rc;
}

static int ended(int status, struct why *why)
{
    struct bytes how;
    int rc;

    bytes_init(&how, LIMIT_REPORT_BYTES);
    proc_death(status, &how);
    bytes_u8(&how, 0);
    rc = why_set(why, SH_EIO, WHY_NOWHERE, "nginx %s; its own words, if any, are above",
                 bytes_check(&how, NULL) == SH_OK ? (const char *)how.ptr : "ended");
    bytes_release(&how);
    return rc;
}

/* The next of the blocked signals, or 0 after some milliseconds. */
static int next_signal(const sigset_t *set, long ms)
{
    struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    int got = sigtimedwait(set, NULL, &wait);

    return got > 0 ? got : 0;
}

/* Has the child ended?  Then it is waited for, its workers end too, and pid is forgotten. */
static bool is_gone(struct serving *serving, int *status)
{
    if (waitpid(serving->pid, status, WNOHANG) != serving->pid)
        return false;
    /* A master that was killed leaves workers that would serve on, seen by nobody. */
    (void)kill(-serving->pid, SIGKILL); /* Mostly there are none. */
    serving->pid = 0;
    return true;
}

/* Until nginx has written its process number: then its sockets and configuration hold. */
static int wait_ready(struct serving *serving, const sigset_t *set, bool *stop, struct why *why)
{
    char pid_file[PATH_MAX];
    struct stat st;
    int got, status;

    if (!joined(pid_file, serving->state, SERVE_PID_FILE))
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "the path of private/ is too long");
    for (int i = 0; i < LIMIT_SERVE_START_S * 50; i++) {
        if (stat(pid_file, &st) == 0 && st.st_size > 0)
            return SH_OK;
        got = next_signal(set, 20);
        if (is_gone(serving, &status))
            return ended(status, why);
        if (got && got != SIGCHLD) {
            *stop = true;
            return SH_OK;
        }
    }
    return why_set(why, SH_EIO, WHY_NOWHERE, "nginx did not start within %d seconds",
                   LIMIT_SERVE_START_S);
}

static void tell(const struct serving *serving, void (*ready)(const struct serve_running *),
                 void *ctx)
{
    const struct serve_address *at = &serving->address;
    struct serve_running running = {
        .address = *at, .as_nobody = serving->person.other, .ctx = ctx};
    const char *host = at->any ? (at->v6 ? "::1" : "127.0.0.1") : at->host;

    (void)snprintf(running.url, sizeof(running.url), "%s://%s%s%s:%u/",
                   serving->options->tls_cert ? "https" : "http", at->v6 ? "[" : "", host,
                   at->v6 ? "]" : "", at->port);
    cage_probe(&running.cage);
    if (ready)
        ready(&running);
    io_say("info", "serve", "ready", "port=%u tls=%s caged=%s front=%s", at->port,
           serving->options->tls_cert ? "yes" : "no", running.cage.landlock ? "yes" : "no",
           serving->front.run ? "yes" : "no");
    (void)io_notify("READY=1"); /* Or nobody asked. */
}

static uint64_t ticks_ms(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        bug("no monotonic clock");
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Start front, or again when it ended; not more often than every few seconds. */
static void keep_front(struct serving *serving)
{
    struct why why = {0};
    uint64_t now = ticks_ms();

    if (serve_front_gone(&serving->front))
        io_say("warn", "serve", "front-ended", "again_in=%us", LIMIT_FRONT_STARTS_S);
    if (!serving->front.run || serving->front.pid > 0 ||
        (serving->front_at_ms && now - serving->front_at_ms < LIMIT_FRONT_STARTS_S * 1000))
        return;
    serving->front_at_ms = now;
    if (serve_front_start(&serving->front, &why) != SH_OK)
        io_say("error", "serve", "no-front", "cause=\"%s\"", why.text);
}

static int due_run(void *ctx)
{
    const struct serving *serving = ctx;
    struct why why = {0};

    if (serving->options->due(serving->options->due_ctx, serving->home, &why) == SH_OK)
        return 0;
    io_say("warn", "due", "failed", "cause=\"%s\"", why.text);
    return 1;
}

/*
 * What was sealed until now, and the slots of covers: looked for at the start and every few
 * seconds, so that a clock that jumps, or what was posted meanwhile, needs no plan.
 */
static void keep_due(struct serving *serving)
{
    struct why why = {0};
    uint64_t now = ticks_ms();

    if (serving->due_pid > 0 && waitpid(serving->due_pid, NULL, WNOHANG) != 0)
        serving->due_pid = 0;
    if (!serving->options->due || serving->due_pid > 0 ||
        (serving->due_at_ms && now - serving->due_at_ms < LIMIT_DUE_EVERY_S * 1000))
        return;
    serving->due_at_ms = now;
    if (proc_begin("who opens what is due", due_run, serving, &serving->due_pid, &why) != SH_OK)
        io_say("error", "due", "failed", "cause=\"%s\"", why.text);
}

static int follow_run(void *ctx)
{
    const struct serving *serving = ctx;
    struct why why = {0};

    if (serving->options->follow(serving->options->follow_ctx, serving->home, &why) == SH_OK)
        return 0;
    io_say("warn", "cosign", "not-followed", "cause=\"%s\"", why.text);
    return 1;
}

/* Which keys speak for the channels that are cosigned: looked at in a child, now and again. */
static void keep_following(struct serving *serving)
{
    struct why why = {0};
    uint64_t now = ticks_ms();

    if (serving->follow_pid > 0) {
        if (waitpid(serving->follow_pid, NULL, WNOHANG) != 0)
            serving->follow_pid = 0;
        else if (now - serving->follow_at_ms > LIMIT_COSIGN_WAIT_S * 1000)
            (void)kill(serving->follow_pid, SIGKILL); /* Waited for above, next time. */
    }
    if (!serving->options->cosign || !serving->options->follow || serving->follow_pid > 0 ||
        (serving->follow_at_ms && now - serving->follow_at_ms < LIMIT_COSIGN_EVERY_S * 1000))
        return;
    serving->follow_at_ms = now;
    if (proc_begin("who follows identity chains", follow_run, serving, &serving->follow_pid,
                   &why) != SH_OK)
        io_say("error", "cosign", "not-followed", "cause=\"%s\"", why.text);
}

/* Until a signal asks for the end, or nginx ends; with word to the watchdog on the way. */
static int stay(struct serving *serving, const sigset_t *set, struct why *why)
{
    uint64_t every = io_watchdog_ms(), said = 0;
    long step = every && every < 1000 ? (long)every : 1000;
    int got, status;

    for (;;) {
        if (every && ticks_ms() - said >= every - (uint64_t)step / 2) {
            (void)io_notify("WATCHDOG=1"); /* Said again in a moment. */
            said = ticks_ms();
        }
        keep_front(serving);
        keep_following(serving);
        keep_due(serving);
        got = next_signal(set, step);
        if (serving->pid > 0 && is_gone(serving, &status))
            return ended(status, why);
        if (got && got != SIGCHLD)
            return SH_OK;
    }
}

static int prepare(struct serving *serving, struct why *why)
{
    int rc = find_tree(serving, why);

    if (rc == SH_OK)
        rc = serve_address_parse(serving->options->listen, &serving->address, why);
    if (rc == SH_OK)
        rc = find_tls(serving, why);
    if (rc == SH_OK)
        rc = find_nginx(serving, why);
    if (rc == SH_OK)
        rc = serve_person_find(&serving->person, why);
    if (rc == SH_OK)
        rc = serve_access_check(&serving->person, serving->root, why);
    if (rc == SH_OK)
        rc = serve_listen(&serving->address, &serving->listen_fd, why);
    if (rc == SH_OK)
        rc = make_state(serving, why);
    if (rc == SH_OK)
        make_front(serving);
    return rc == SH_OK ? write_config(serving, why) : rc;
}

static int start(struct serving *serving, struct why *why)
{
    struct serve_child child = {.nginx = serving->nginx,
                                .root = serving->root,
                                .state = serving->state,
                                .listen_fd = serving->listen_fd,
                                .other = serving->person.other,
                                .require_cage = serving->options->require_cage,
                                .front_fd = serving->front.run ? serving->front.dir_fd : -1,
                                .door_fd = -1};
    int rc = SH_OK;

    if (serving->options->tls_cert) {
        child.tls_cert = serving->cert;
        child.tls_key = serving->key;
    }
    if (serving->front.run)
        rc = serve_door_start(&serving->front, &serving->person, &child.door_fd,
                              &serving->door_pid, why);
    if (rc == SH_OK)
        rc = serve_child_start(&child, &serving->pid, why);
    io_close(&child.door_fd);
    return rc;
}

static void clean(struct serving *serving)
{
    if (serving->pid > 0)
        serve_child_stop(serving->pid);
    serve_front_stop(&serving->front);
    if (serving->door_pid > 0) {
        (void)kill(serving->door_pid, SIGKILL);    /* Without nginx it has no work. */
        (void)waitpid(serving->door_pid, NULL, 0); /* It was just ended. */
    }
    if (serving->follow_pid > 0) {
        (void)kill(serving->follow_pid, SIGKILL);
        (void)waitpid(serving->follow_pid, NULL, 0); /* It was just ended. */
    }
    io_close(&serving->listen_fd);
    if (serving->private_dir >= 0) {
        /* What stays, the next start removes. */
        if (io_remove_tree(serving->private_dir, serving->state_name, NULL) == SH_OK)
            (void)unlinkat(serving->private_dir, "serve", AT_REMOVEDIR); /* If empty. */
    }
    io_close(&serving->private_dir);
}

static struct serving serving_of(const struct serve_options *options)
{
    return (struct serving){.options = options,
                            .private_dir = -1,
                            .listen_fd = -1,
                            .front = {.listen_fd = -1, .dir_fd = -1}};
}

static void signals_of(sigset_t *set)
{
    (void)sigemptyset(set); /* These cannot fail for signals that exist. */
    (void)sigaddset(set, SIGINT);
    (void)sigaddset(set, SIGTERM);
    (void)sigaddset(set, SIGHUP);
    (void)sigaddset(set, SIGCHLD);
}

int serve_run(const struct serve_options *options,
              void (*ready)(const struct serve_running *running), void *ctx, struct why *why)
{
    struct serving serving = serving_of(options);
    sigset_t set, before;
    bool stop = false;
    int rc;

    signals_of(&set);
    rc = prepare(&serving, why);
    if (rc == SH_OK && sigprocmask(SIG_BLOCK, &set, &before) != 0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "signals: %s", strerror(errno));
    if (rc != SH_OK) {
        clean(&serving);
        return rc;
    }
    rc = start(&serving, why);
    if (rc == SH_OK)
        rc = wait_ready(&serving, &set, &stop, why);
    if (rc == SH_OK && !stop) {
        io_close(&serving.listen_fd); /* nginx has it now. */
        keep_front(&serving);
        tell(&serving, ready, ctx);
        rc = stay(&serving, &set, why);
    }
    (void)io_notify("STOPPING=1"); /* Or nobody asked. */
    clean(&serving);
    (void)sigprocmask(SIG_SETMASK, &before, NULL); /* A second Ctrl-C ends the program. */
    return rc;
}

static int prepare_front(struct serving *serving, struct why *why)
{
    const struct serve_options *options = serving->options;
    int home = -1;
    int rc = SH_OK;

    if (!realpath(options->home, serving->home))
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "%.200s: %s", options->home,
                       strerror(errno));
    /* With a watch of its own folder no channel is needed. */
    if (!options->watch) {
        rc = find_tree(serving, why);
        if (rc == SH_OK)
            rc = io_open_dir(AT_FDCWD, serving->home, &home, why);
        if (rc == SH_OK)
            rc = io_open_dir(home, "private", &serving->private_dir, why);
        io_close(&home);
    }
    if (rc == SH_OK)
        rc = find_watch(serving, why);
    if (rc == SH_OK)
        rc = serve_front_listen_at(&serving->front, options->front_at, why);
    if (rc == SH_OK)
        serving->front.run = options->front;
    return rc;
}

int serve_run_front(const struct serve_options *options, void (*ready)(void *ctx), void *ctx,
                    struct why *why)
{
    struct serving serving = serving_of(options);
    sigset_t set, before;
    int rc;

    signals_of(&set);
    rc = prepare_front(&serving, why);
    if (rc == SH_OK && sigprocmask(SIG_BLOCK, &set, &before) != 0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "signals: %s", strerror(errno));
    if (rc == SH_OK) {
        keep_front(&serving);
        if (ready)
            ready(ctx);
        (void)io_notify("READY=1"); /* Or nobody asked. */
        rc = stay(&serving, &set, why);
        (void)io_notify("STOPPING=1");   /* The same. */
        (void)unlink(options->front_at); /* What stays, the next start replaces. */
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
    }
    serve_front_stop(&serving.front);
    io_close(&serving.private_dir);
    return rc;
}

int serve_print(const struct serve_options *options, struct bytes *out, struct why *why)
{
    struct serve_site site = {.form = SERVE_SITE};
    char root[PATH_MAX], home[PATH_MAX];
    int rc = serve_address_parse(options->listen, &site.listen, why);

    if (rc != SH_OK)
        return rc;
    if (site.listen.port == 0 || !options->tls_cert != !options->tls_key)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       site.listen.port ? "--tls-cert and --tls-key belong together"
                                        : "--listen: a configuration needs a port");
    /* It may be meant for another machine: what does not exist here is taken as it is given. */
    if (!realpath(options->home, home) &&
        snprintf(home, sizeof(home), "%s", options->home) >= PATH_MAX)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "the path of the channel is too long");
    if (!joined(root, home, "public"))
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "the path of the channel is too long");
    site.root = root;
    site.front = options->front_at ? options->front_at : SERVE_FRONT_DEFAULT;
    site.cosign = options->cosign;
    site.tls_cert = options->tls_cert;
    site.tls_key = options->tls_key;
    return serve_config_build(&site, out, why);
}
