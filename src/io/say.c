/* Log lines of the programs that run for years. */
#include "io/io.h"

#include <string.h>
#include <unistd.h>

/* A quote in a value would end it for whoever reads the log. */
static void put_value(struct bytes *line, const char *value)
{
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            bytes_u8(line, '\\');
        bytes_u8(line, (uint8_t)*value);
    }
}

/* One number, by the conversion from fmt on; returns what is behind it. */
static const char *put_number(struct bytes *line, const char *fmt, va_list *args)
{
    size_t len = strspn(fmt + 1, "lz") + 1;
    bool is_long = fmt[1] == 'l', is_size = fmt[1] == 'z';
    unsigned long long number = is_size              ? va_arg(*args, size_t)
                                : is_long && len > 2 ? va_arg(*args, unsigned long long)
                                : is_long            ? va_arg(*args, unsigned long)
                                                     : va_arg(*args, unsigned);

    if (fmt[len] == 'd' && !is_long && !is_size)
        bytes_printf(line, "%d", (int)(unsigned)number);
    else if (fmt[len] == 'u')
        bytes_printf(line, "%llu", number);
    else
        bug("io_say: a conversion that it does not know");
    return fmt + len + 1;
}

void io_say(const char *level, const char *process, const char *event, const char *fmt, ...)
{
    struct bytes line;
    va_list args;
    size_t end;

    bytes_init(&line, LIMIT_LOG_LINE_BYTES * 4);
    bytes_printf(&line, "%s %s %s ", level, process, event);
    va_start(args, fmt);
    while (*fmt) {
        if (*fmt != '%') {
            bytes_u8(&line, (uint8_t)*fmt++);
        } else if (fmt[1] == 's') {
            put_value(&line, va_arg(args, const char *));
            fmt += 2;
        } else {
            fmt = put_number(&line, fmt, &args);
        }
    }
    va_end(args);
    end = line.len < LIMIT_LOG_LINE_BYTES ? line.len : LIMIT_LOG_LINE_BYTES - 1; /* Cut. */
    for (size_t i = 0; i < end; i++)
        if (line.ptr[i] < 0x20 || line.ptr[i] == 0x7f)
            line.ptr[i] = '?'; /* One event is one line, whatever a value holds. */
    while (end > 0 && line.ptr[end - 1] == ' ')
        end--;
    line.len = end;
    bytes_u8(&line, '\n');
    if (line.len && write(STDERR_FILENO, line.ptr, line.len) < 0)
        end = 0; /* Nobody reads; there is nobody else to tell. */
    bytes_release(&line);
}
