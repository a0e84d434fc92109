/*
 * Tries the ways out where it stands, each in a child, and tells by its standard error:
 *   escape outside CONF    as the test starts it
 *   nginx -e ... -c CONFIG in the place of nginx; CONF lies in the public tree
 */
#include "ways.h"

static int try_one(const struct way *way)
{
    int status = 0;
    pid_t pid;

    victim_make();
    pid = fork();
    if (pid == 0)
        _exit(way->out() ? ESCAPED : DENIED);
    return pid > 0 && waitpid(pid, &status, 0) == pid ? code_of(status) : BROKEN;
}

int main(int argc, char **argv)
{
    char path[600], text[2048];
    bool outside = argc == 3 && strcmp(argv[1], "outside") == 0;
    char *end;

    if (!outside && argc != 5)
        return 2;
    (void)snprintf(path, sizeof(path), "%s", argv[argc - 1]);
    if (!outside) { /* HOME/private/serve/PORT-ADDRESS/nginx.conf */
        end = strstr(path, "/private/serve/");
        if (!end)
            return 2;
        memcpy(end, "/public/escape.conf", sizeof("/public/escape.conf"));
    }
    if (!world_read(path, text))
        return 3;
    for (size_t i = 0; i < COUNT_OF(ways); i++)
        if (dprintf(STDERR_FILENO, "%s|%d|0|0|%s|%s|%d|%d\n", outside ? "outside" : "nginx",
                    (int)CAGE_SERVER, "", ways[i].name,
                    outside ? 0 : (int)(ways[i].work >> CAGE_SERVER & 1),
                    try_one(&ways[i])) < 0)
            return 4;
    return 0;
}
