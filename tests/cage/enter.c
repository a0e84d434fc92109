/*
 * Linked into programs of ours in the place of cage_enter: where a role enters its cage, it
 * first lets a child of itself for each way out enter that same cage and try.  Then the role
 * goes on.  What came of it is appended to the file that escape.conf names, which lies beside
 * the program; without that file nothing happens.
 */
#include "ways.h"

int __real_cage_enter(const struct cage_rules *rules, struct cage_state *got, struct why *why);
int __wrap_cage_enter(const struct cage_rules *rules, struct cage_state *got, struct why *why);

static const struct variant {
    const char *name;
    int landlock_most;
    bool no_landlock;
} variants[] = {{"whole", 0, false}, {"ABI 2", 2, false}, {"seccomp alone", 0, true}};

static struct cage_rules rules_of(const struct cage_rules *rules, const struct variant *variant)
{
    struct cage_rules changed = *rules;

    changed.landlock_most = variant->landlock_most;
    changed.no_landlock = variant->no_landlock;
    return changed;
}

static int try_one(const struct cage_rules *rules, const struct way *way)
{
    int status = 0;
    pid_t pid;

    victim_make();
    pid = fork();
    if (pid == 0) {
        if (__real_cage_enter(rules, NULL, NULL) != SH_OK)
            _exit(BROKEN);
        _exit(way->out() ? ESCAPED : DENIED);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid ? code_of(status) : BROKEN;
}

static void try_all(const struct cage_rules *rules, const char *program, int out)
{
    struct sigaction normal = {.sa_handler = SIG_DFL}, before;
    struct cage_rules changed;

    (void)sigaction(SIGCHLD, &normal, &before); /* Else an end would not be seen. */
    for (size_t i = 0; i < COUNT_OF(variants); i++) {
        changed = rules_of(rules, &variants[i]);
        for (size_t j = 0; j < COUNT_OF(ways); j++)
            (void)dprintf(out, "%s|%d|%zu|%llu|%s|%s|%d|%d\n", program, (int)rules->profile,
                          rules->keep_count, (unsigned long long)rules->file_bytes,
                          variants[i].name, ways[j].name,
                          (int)(ways[j].work >> rules->profile & 1),
                          try_one(&changed, &ways[j]));
    }
    (void)sigaction(SIGCHLD, &before, NULL);
}

int __wrap_cage_enter(const struct cage_rules *rules, struct cage_state *got, struct why *why)
{
    static char path[400], text[2048];
    char value[100];
    ssize_t len = readlink("/proc/self/exe", path, 250);
    char *name = len > 0 ? strrchr(path, '/') : NULL;
    char program[60];
    int out;

    if (!name)
        return __real_cage_enter(rules, got, why);
    (void)snprintf(program, sizeof(program), "%s", name + 1);
    memcpy(name, "/escape.conf", sizeof("/escape.conf"));
    if (!world_read(path, text))
        return __real_cage_enter(rules, got, why);
    /* Another program will be nginx and try: it needs a cage to stay in. */
    for (size_t i = 0; rules->profile == CAGE_SERVER && i < COUNT_OF(variants); i++)
        if (strcmp(setting(text, "server", value), variants[i].name) == 0) {
            struct cage_rules changed = rules_of(rules, &variants[i]);

            return __real_cage_enter(&changed, got, why);
        }
    if (rules->profile == CAGE_SERVER) /* Somebody else's turn. */
        return __real_cage_enter(rules, got, why);
    /* Once for each sort of cage is enough. */
    (void)snprintf(name, 100, "/%s.%d.%zu.%llu", program, (int)rules->profile,
                   rules->keep_count, (unsigned long long)rules->file_bytes);
    out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out < 0)
        return __real_cage_enter(rules, got, why);
    (void)close(out);
    memcpy(name, "/escape.out", sizeof("/escape.out"));
    out = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (out >= 0) {
        try_all(rules, program, out);
        (void)close(out);
    }
    return __real_cage_enter(rules, got, why);
}
