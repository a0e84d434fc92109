/* Work in children: started, waited for without blocking, ended when their time is over. */
#include "watch/watch_int.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io/io.h"
#include "proc/proc.h"

struct begun {
    const struct watch_task *task;
    int out;
};

uint64_t watch_boot_ms(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_BOOTTIME, &now) != 0)
        bug("watch: no clock");
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int begin(void *ctx)
{
    struct begun *begun = ctx;

    return begun->task->run(begun->task->ctx, begun->out);
}

int watch_job_start(struct watch_job *job, const struct watch_task *task, struct why *why)
{
    struct begun begun = {.task = task};
    int rc;

    job->out = memfd_create("result", MFD_CLOEXEC);
    if (job->out < 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "%s cannot be started: %s", task->name,
                       strerror(errno));
    begun.out = job->out;
    rc = proc_begin(task->name, begin, &begun, &job->pid, why);
    if (rc == SH_OK) {
        job->alive = (int)syscall(SYS_pidfd_open, job->pid, 0u);
        job->deadline_ms = watch_boot_ms() + task->timeout_s * UINT64_C(1000);
        return SH_OK;
    }
    io_close(&job->out);
    return rc;
}

static void read_result(int out, struct bytes *result)
{
    bytes_clear(result);
    if (lseek(out, 0, SEEK_SET) != 0 || io_read_fd(out, result, NULL) != SH_OK)
        bytes_clear(result);
}

static void give_back(struct watch_job *job)
{
    io_close(&job->alive);
    io_close(&job->out);
    job->work = WATCH_NO_WORK;
}

bool watch_job_ended(struct watch_job *job, struct bytes *result)
{
    int status;
    pid_t gone = waitpid(job->pid, &status, WNOHANG);

    if (gone == 0 && watch_boot_ms() < job->deadline_ms)
        return false;
    if (gone == 0) {
        (void)kill(job->pid, SIGKILL); /* Not waited for yet: the pid is still its own. */
        while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
            continue;
    }
    /* What it wrote before it died is read all the same: an attempt that was made counts. */
    read_result(job->out, result);
    give_back(job);
    return true;
}

void watch_job_stop(struct watch_job *job)
{
    int status;

    if (job->work == WATCH_READING || job->work == WATCH_SENDING) {
        (void)kill(job->pid, SIGKILL); /* As above. */
        while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
            continue;
        give_back(job);
    }
    bytes_release(&job->result);
    job->work = WATCH_NO_WORK;
}
