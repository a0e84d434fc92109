/*
 * A command of the operator: no shell, no arguments, nothing of our environment, the message as
 * its standard input.  It gets no more time than any other way.
 */
#include "tell/tell_int.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io/io.h"
#include "proc/proc.h"

/* sysexits.h: "temporary failure; the user is invited to try again later". */
#define EXIT_LATER 75
/* What the child says when the command could not be started; a shell says the same. */
#define EXIT_NOT_RUN 126

/* The message as a file that is nowhere: a command that does not read it stops nobody. */
static int input_open(struct slice body)
{
    int fd = memfd_create("message", MFD_CLOEXEC);

    if (fd < 0)
        return -1;
    if (io_write_fd(fd, body, NULL) != SH_OK || lseek(fd, 0, SEEK_SET) != 0)
        io_close(&fd);
    return fd;
}

/* "NAME=value" with nothing in it that could end it early. */
static void put_variable(struct bytes *out, const char *name, struct slice value)
{
    bytes_printf(out, "%s=", name);
    for (size_t i = 0; i < value.len && value.ptr[i]; i++)
        bytes_u8(out, value.ptr[i]);
    bytes_u8(out, 0);
}

struct command {
    const char *path;
    struct bytes kind, subject, id;
    int input, null;
};

static _Noreturn void command_child(const struct command *command, pid_t parent)
{
    const int fds[] = {command->input, command->null, command->null};
    char path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
    char *environment[] = {path, (char *)command->kind.ptr, (char *)command->subject.ptr,
                           (char *)command->id.ptr, NULL};
    char *argv[2] = {NULL};
    sigset_t none;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent || setsid() < 0 ||
        sigemptyset(&none) != 0 || sigprocmask(SIG_SETMASK, &none, NULL) != 0)
        _exit(EXIT_NOT_RUN);
    for (int number = 1; number < 32; number++)
        (void)signal(number, SIG_DFL); /* Two of them cannot be, and are so already. */
    memcpy(&argv[0], &command->path, sizeof(argv[0]));
    if (proc_place_fds(fds, COUNT_OF(fds)))
        (void)execve(command->path, argv, environment); /* Returns only when it failed. */
    _exit(EXIT_NOT_RUN);
}

static uint64_t clock_ms(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        bug("tell: no monotonic clock");
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Until it ended, or its time is over: then it is stopped with all that it started. */
static bool command_wait(pid_t pid, unsigned deadline_ms, int *status)
{
    uint64_t end = clock_ms() + deadline_ms;
    struct pollfd entry = {.fd = (int)syscall(SYS_pidfd_open, pid, 0u), .events = POLLIN};
    bool in_time = false;

    for (uint64_t now = clock_ms(); !in_time && now < end; now = clock_ms()) {
        int ready = poll(&entry, entry.fd >= 0 ? 1 : 0, entry.fd >= 0 ? (int)(end - now) : 20);

        if (ready < 0 && errno != EINTR)
            break;
        if (entry.fd < 0) {
            siginfo_t info = {0};

            in_time = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
                      info.si_pid == pid;
        } else {
            in_time = ready > 0;
        }
    }
    if (!in_time) {
        /* It has not been waited for, so the number is still its own. */
        (void)kill(-pid, SIGKILL);
        (void)kill(pid, SIGKILL);
    }
    io_close(&entry.fd);
    while (waitpid(pid, status, 0) < 0)
        if (errno != EINTR)
            return false;
    return in_time;
}

static void command_judge(const struct tell_try *attempt, bool in_time, int status)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

    attempt->answer->status = code > 0 ? (unsigned)code : 0;
    if (!in_time)
        tell_say(attempt, TELL_LATER, "the command took too long and was ended");
    else if (code < 0)
        tell_say(attempt, TELL_LATER, "the command was ended by signal %d", WTERMSIG(status));
    else if (code == 0)
        tell_say(attempt, TELL_ACCEPTED, "the command did it");
    else if (code == EXIT_LATER)
        tell_say(attempt, TELL_LATER, "the command says to try again later (exit status 75)");
    else if (code == EXIT_NOT_RUN || code == EXIT_NOT_RUN + 1)
        tell_say(attempt, TELL_LATER, "the command could not be run (exit status %d)", code);
    else
        tell_say(attempt, TELL_REFUSED, "the command failed (exit status %d)", code);
}

static void command_run(const struct tell_try *attempt, const struct command *command)
{
    pid_t parent = getpid();
    pid_t pid;
    int status = 0;
    bool in_time;

    (void)fflush(NULL); /* The child ends without it. */
    pid = fork();
    if (pid < 0) {
        tell_say(attempt, TELL_LATER, "the command could not be started: %s", strerror(errno));
        return;
    }
    if (pid == 0)
        command_child(command, parent);
    in_time = command_wait(pid, attempt->deadline_ms, &status);
    command_judge(attempt, in_time, status);
}

void tell_by_command(const struct tell_try *attempt)
{
    const struct tell_message *message = attempt->message;
    struct command command = {.path = attempt->way->target, .input = -1, .null = -1};

    bytes_init(&command.kind, LIMIT_TOKEN_BYTES);
    bytes_init(&command.subject, LIMIT_TELL_SUBJECT_BYTES + LIMIT_TOKEN_BYTES);
    bytes_init(&command.id, LIMIT_TELL_SUBJECT_BYTES);
    put_variable(&command.kind, "STILLHERE_KIND",
                 slice_text(tell_what_coarse(attempt->contact, message->what)));
    put_variable(&command.subject, "STILLHERE_SUBJECT", message->subject);
    put_variable(&command.id, "STILLHERE_ID", slice_text(message->message_id));
    command.input = input_open(message->body);
    command.null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (command.input < 0 || command.null < 0 || bytes_check(&command.kind, NULL) != SH_OK ||
        bytes_check(&command.subject, NULL) != SH_OK || bytes_check(&command.id, NULL) != SH_OK)
        tell_say(attempt, TELL_LATER, "the command could not be started: no room");
    else
        command_run(attempt, &command);
    io_close(&command.input);
    io_close(&command.null);
    bytes_release(&command.kind);
    bytes_release(&command.subject);
    bytes_release(&command.id);
}
