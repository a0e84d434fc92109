/* Frames on the pipe between a child and its parent. */
#include "proc/proc_int.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CAUSE_HEAD_BYTES 9

uint64_t proc_now_ms(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        bug("proc: no monotonic clock");
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t proc_deadline(unsigned timeout_s)
{
    return timeout_s ? proc_now_ms() + (uint64_t)timeout_s * 1000 : 0;
}

int proc_wait_readable(int fd, uint64_t deadline_ms)
{
    struct pollfd item = {.fd = fd, .events = POLLIN};
    uint64_t now;
    int wait_ms = -1;
    int n;

    for (;;) {
        if (deadline_ms) {
            now = proc_now_ms();
            if (now >= deadline_ms)
                return 0;
            wait_ms = deadline_ms - now > INT32_MAX ? INT32_MAX : (int)(deadline_ms - now);
        }
        n = poll(&item, 1, wait_ms);
        if (n > 0)
            return 1;
        if (n < 0 && errno != EINTR)
            return -1;
    }
}

static void send_all(int fd, struct slice data)
{
    ssize_t n;

    while (data.len > 0) {
        n = write(fd, data.ptr, data.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            _exit(1); /* Nobody listens: the work has no purpose any more. */
        data = slice_sub(data, (size_t)n, data.len - (size_t)n);
    }
}

void proc_send(int fd, enum proc_frame kind, struct slice payload)
{
    uint8_t head[PROC_HEAD_BYTES] = {(uint8_t)kind, (uint8_t)(payload.len >> 24),
                                     (uint8_t)(payload.len >> 16), (uint8_t)(payload.len >> 8),
                                     (uint8_t)payload.len};

    if (payload.len > LIMIT_REPORT_BYTES)
        bug("proc: a frame beyond LIMIT_REPORT_BYTES");
    send_all(fd, slice_of(head, sizeof(head)));
    send_all(fd, payload);
}

void proc_send_end(int fd, int rc, const struct why *why)
{
    uint8_t cause[CAUSE_HEAD_BYTES + sizeof(why->text)];
    uint64_t offset = why->code ? why->offset : WHY_NOWHERE;
    size_t len = why->code ? strlen(why->text) : 0;

    if (rc == SH_OK) {
        proc_send(fd, PROC_DONE, slice_of(NULL, 0));
        return;
    }
    cause[0] = (uint8_t)-rc;
    for (unsigned i = 0; i < 8; i++)
        cause[1 + i] = (uint8_t)(offset >> (56 - 8 * i));
    memcpy(cause + CAUSE_HEAD_BYTES, why->text, len);
    proc_send(fd, PROC_CAUSE, slice_of(cause, CAUSE_HEAD_BYTES + len));
}

void proc_report(const struct proc_side *side, struct slice part)
{
    proc_send(side->fd, PROC_REPORT, part);
}

void proc_progress(const struct proc_side *side, uint64_t done)
{
    uint8_t data[8];

    for (unsigned i = 0; i < 8; i++)
        data[i] = (uint8_t)(done >> (56 - 8 * i));
    proc_send(side->fd, PROC_PROGRESS, slice_of(data, sizeof(data)));
}

/* Exactly len bytes into out, or why not. */
static enum proc_heard hear_exactly(const struct proc_ear *ear, uint8_t *out, size_t len)
{
    ssize_t n;
    int ready;

    while (len > 0) {
        ready = proc_wait_readable(ear->fd, ear->deadline_ms);
        if (ready <= 0)
            return ready == 0 ? PROC_HEARD_TIMEOUT : PROC_HEARD_TROUBLE;
        n = read(ear->fd, out, len);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n < 0 && errno != ECONNRESET)
            return PROC_HEARD_TROUBLE;
        if (n <= 0)
            return PROC_HEARD_END;
        out += n;
        len -= (size_t)n;
    }
    return PROC_HEARD_DONE;
}

static bool cause_take(struct slice payload, const char *name, struct why *cause)
{
    struct cursor cur = cursor_of(payload);
    uint8_t code = rd_u8(&cur);
    uint64_t offset = rd_u64(&cur);
    struct slice text = rd_bytes(&cur, rd_left(&cur));
    static const char unsaid[] = "gave no cause that can be shown";

    if (cur.failed || code < 1 || code > -SH_ECRYPT)
        return false;
    if (text_check(text, TEXT_LINE, sizeof(cause->text) - 1, "cause", NULL) == SH_OK)
        (void)why_set(cause, (enum sh_err) - code, offset, "%.*s", (int)text.len,
                      (const char *)text.ptr);
    else
        (void)why_set(cause, (enum sh_err) - code, offset, "%s %s", name, unsaid);
    return true;
}

/* One frame whose payload is in data.  True: go on. */
static bool frame_take(const struct proc_ear *ear, uint8_t kind, struct slice data,
                       struct why *cause, enum proc_heard *heard)
{
    struct cursor cur = cursor_of(data);

    *heard = PROC_HEARD_NONSENSE;
    switch (kind) {
    case PROC_PROGRESS:
        if (data.len != 8)
            return false;
        if (ear->progress)
            ear->progress(ear->progress_ctx, rd_u64(&cur));
        return true;
    case PROC_REPORT:
        if (!ear->report || data.len > ear->report->max - ear->report->len)
            return false;
        bytes_slice(ear->report, data);
        return bytes_check(ear->report, NULL) == SH_OK;
    case PROC_CAUSE:
        if (cause_take(data, ear->name, cause))
            *heard = PROC_HEARD_CAUSE;
        return false;
    case PROC_DONE:
        if (data.len == 0)
            *heard = PROC_HEARD_DONE;
        return false;
    default:
        return false;
    }
}

enum proc_heard proc_hear(const struct proc_ear *ear, struct why *cause)
{
    uint8_t head[PROC_HEAD_BYTES];
    struct bytes payload = {0};
    enum proc_heard heard;
    struct cursor cur;
    uint32_t len;
    uint8_t kind;
    uint8_t *room;

    bytes_init(&payload, LIMIT_REPORT_BYTES);
    for (;;) {
        heard = hear_exactly(ear, head, sizeof(head));
        if (heard != PROC_HEARD_DONE)
            break;
        cur = cursor_of(slice_of(head, sizeof(head)));
        kind = rd_u8(&cur);
        len = rd_u32(&cur);
        bytes_clear(&payload);
        room = len > 0 && len <= LIMIT_REPORT_BYTES ? bytes_room(&payload, len) : NULL;
        if (len > 0 && !room) {
            heard = PROC_HEARD_NONSENSE;
            break;
        }
        heard = hear_exactly(ear, room, len);
        if (heard != PROC_HEARD_DONE)
            break;
        if (!frame_take(ear, kind, slice_of(room, len), cause, &heard))
            break;
    }
    bytes_release(&payload);
    return heard;
}
