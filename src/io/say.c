/* Log lines of the programs that run for years. */
#include "io/io.h"

#include <stdio.h>
#include <unistd.h>

void io_say(const char *level, const char *process, const char *event, const char *fmt, ...)
{
    char line[LIMIT_LOG_LINE_BYTES];
    int len = snprintf(line, sizeof(line), "%s %s %s ", level, process, event);
    size_t end;
    va_list args;

    if (len < 0 || (size_t)len >= sizeof(line))
        return;
    va_start(args, fmt);
    (void)vsnprintf(line + len, sizeof(line) - (size_t)len, fmt, args); /* Cut when long. */
    va_end(args);
    for (end = 0; line[end]; end++)
        if ((unsigned char)line[end] < 0x20 || line[end] == 0x7f)
            line[end] = '?'; /* One event is one line, whatever a value holds. */
    while (end > 0 && line[end - 1] == ' ')
        end--;
    if (end == sizeof(line) - 1)
        end--;
    line[end++] = '\n';
    if (write(STDERR_FILENO, line, end) < 0)
        return; /* Nobody reads; there is nobody else to tell. */
}
