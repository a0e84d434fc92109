/* Whom the workers run as, and whether that person can read the tree. */
#include "serve/serve_int.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc/proc.h"

int serve_person_find(struct serve_person *out, struct why *why)
{
    const struct passwd *nobody;
    const struct group *group;

    *out = (struct serve_person){.other = geteuid() == 0};
    if (!out->other)
        return SH_OK;
    nobody = getpwnam("nobody");
    if (!nobody || nobody->pw_uid == 0)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                       "this system has no user nobody: start as an ordinary user instead");
    out->uid = nobody->pw_uid;
    out->gid = nobody->pw_gid;
    group = getgrgid(nobody->pw_gid);
    if (!group || strlen(group->gr_name) >= sizeof(out->group))
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                       "the group of user nobody has no name in /etc/group");
    (void)snprintf(out->user, sizeof(out->user), "nobody");
    (void)snprintf(out->group, sizeof(out->group), "%s", group->gr_name);
    return SH_OK;
}

struct look {
    const struct serve_person *person;
    const char *root;
};

static const char *who(const struct serve_person *person)
{
    return person->other ? "the user nobody, whom nginx runs as," : "this user";
}

/* Each directory from / down to root must let pass; root itself must be readable too. */
static int look_along(const struct look *look, struct why *why)
{
    char path[4096];
    size_t len = strlen(look->root);

    if (len >= sizeof(path))
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "the path of public/ is too long");
    memcpy(path, look->root, len + 1);
    for (size_t i = 1; i <= len; i++) {
        if (look->root[i] != '/' && look->root[i] != '\0')
            continue;
        path[i] = '\0';
        if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0 && errno == EACCES)
            return why_set(why, SH_EIO, WHY_NOWHERE,
                           "%.200s: %s cannot pass through here: chmod o+x '%.150s', "
                           "or keep the channel elsewhere",
                           path, who(look->person), path);
        path[i] = look->root[i];
    }
    if (faccessat(AT_FDCWD, path, R_OK | X_OK, AT_EACCESS) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE,
                       "%.200s: %s cannot read this directory: chmod -R o+rX '%.150s'", path,
                       who(look->person), path);
    return SH_OK;
}

/* What every channel has: an unreadable folder is told before a reader meets it. */
static int look_inside(const struct look *look, struct why *why)
{
    static const struct {
        const char *name;
        int mode;
    } KNOWN[] = {{"checkpoint", R_OK}, {"id", X_OK},         {"tile", X_OK},
                 {"d", X_OK},          {"b", X_OK},          {"w", X_OK},
                 {"p", X_OK},          {"index.html", R_OK}, {"id/0.note", R_OK},
                 {"id/current", R_OK}};
    int root = open(look->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int rc = SH_OK;

    if (root < 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "%.200s: %s", look->root, strerror(errno));
    for (size_t i = 0; rc == SH_OK && i < COUNT_OF(KNOWN); i++)
        if (faccessat(root, KNOWN[i].name, KNOWN[i].mode, AT_EACCESS) != 0 && errno == EACCES)
            rc = why_set(why, SH_EIO, WHY_NOWHERE,
                         "%.150s/%s: %s cannot read it: chmod -R o+rX '%.150s'", look->root,
                         KNOWN[i].name, who(look->person), look->root);
    (void)close(root); /* Nothing was written. */
    return rc;
}

static int look_as(void *ctx, const struct proc_side *side, struct why *why)
{
    const struct look *look = ctx;
    const struct serve_person *person = look->person;
    int rc;

    (void)side; /* The cause is the whole report. */
    if (person->other &&
        (setgroups(0, NULL) != 0 || setresgid(person->gid, person->gid, person->gid) != 0 ||
         setresuid(person->uid, person->uid, person->uid) != 0))
        return why_set(why, SH_EIO, WHY_NOWHERE, "becoming nobody: %s", strerror(errno));
    rc = look_along(look, why);
    return rc == SH_OK ? look_inside(look, why) : rc;
}

int serve_access_check(const struct serve_person *person, const char *root, struct why *why)
{
    struct look look = {person, root};
    struct proc_task task = {.name = "the look at public/",
                             .run = look_as,
                             .ctx = &look,
                             .timeout_s = LIMIT_SERVE_START_S};

    return proc_run(&task, NULL, why);
}
