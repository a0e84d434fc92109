/* Words to the service manager that started us: sd_notify(3), without its library. */
#include "io/io.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* "/path" or "@name" (abstract); anything else is not for us. */
static socklen_t address_of(const char *name, struct sockaddr_un *at)
{
    size_t len = name ? strlen(name) : 0;

    if (len < 2 || len > sizeof(at->sun_path) - 1 || (name[0] != '/' && name[0] != '@'))
        return 0;
    *at = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(at->sun_path, name, len);
    if (name[0] == '@')
        at->sun_path[0] = '\0';
    else
        len++; /* With its NUL; an abstract name ends where it ends. */
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

bool io_notify(const char *state)
{
    struct sockaddr_un at;
    socklen_t len = address_of(getenv("NOTIFY_SOCKET"), &at);
    ssize_t sent;
    int fd;

    if (!len)
        return false;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    /* Never wait for it: what is lost here, the next word makes good. */
    sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
                  (const struct sockaddr *)&at, len);
    io_close(&fd);
    return sent >= 0;
}

uint64_t io_watchdog_ms(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    uint64_t every, whose;

    if (!usec || !decimal_parse(slice_text(usec), UINT64_MAX / 2, &every) || every < 2000)
        return 0;
    if (pid &&
        (!decimal_parse(slice_text(pid), INT32_MAX, &whose) || whose != (uint64_t)getpid()))
        return 0;
    return every / 2000;
}
