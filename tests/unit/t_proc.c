/* proc: what a child says reaches the parent; how it died is said; nothing is left behind. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cage/cage.h"
#include "proc/proc.h"

typedef int (*body)(void *ctx, const struct proc_side *side, struct why *why);

static size_t descriptors_open(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t n = 0;

    assert_non_null(dir);
    while (readdir(dir))
        n++;
    (void)closedir(dir);
    return n;
}

/* Run body; afterwards there is no child and no new descriptor. */
static int run_body(body run, void *ctx, unsigned timeout_s, struct bytes *report,
                    struct why *why)
{
    struct proc_task task = {
        .name = "the child", .run = run, .ctx = ctx, .timeout_s = timeout_s};
    size_t before = descriptors_open();
    int rc;

    *why = (struct why){0};
    rc = proc_run(&task, report, why);
    assert_int_equal(descriptors_open(), before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    return rc;
}

static int say_twice(void *ctx, const struct proc_side *side, struct why *why)
{
    (void)why;
    proc_report(side, slice_text(ctx));
    proc_report(side, slice_text(ctx));
    return SH_OK;
}

static int say_nothing(void *ctx, const struct proc_side *side, struct why *why)
{
    (void)ctx;
    (void)side;
    (void)why;
    return SH_OK;
}

static void a_report_arrives_whole(void **state)
{
    static char text[LIMIT_REPORT_BYTES / 2 + 1];
    struct bytes report;
    struct why why;

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    bytes_init(&report, LIMIT_REPORT_BYTES);
    assert_int_equal(run_body(say_twice, text, 0, &report, &why), SH_OK);
    assert_int_equal(report.len, LIMIT_REPORT_BYTES);
    assert_int_equal(run_body(say_nothing, NULL, 10, &report, &why), SH_OK);
    assert_int_equal(report.len, 0);
    bytes_release(&report);
}

static void a_report_that_is_too_long_is_refused(void **state)
{
    struct bytes report;
    struct why why;

    (void)state;
    bytes_init(&report, 5);
    assert_int_equal(run_body(say_twice, (void *)(uintptr_t) "abc", 0, &report, &why),
                     SH_EFORMAT);
    assert_string_equal(why.text,
                        "the child gave an answer that makes no sense; nothing of it was used");
    bytes_release(&report);
    assert_int_equal(run_body(say_twice, (void *)(uintptr_t) "abc", 0, NULL, &why), SH_EFORMAT);
}

static int refuse(void *ctx, const struct proc_side *side, struct why *why)
{
    (void)side;
    return why_set(why, SH_ELIMIT, 77, "%s", (const char *)ctx);
}

static void a_cause_arrives(void **state)
{
    struct why why;

    (void)state;
    assert_int_equal(run_body(refuse, (void *)(uintptr_t) "moov: too big", 0, NULL, &why),
                     SH_ELIMIT);
    assert_string_equal(why.text, "moov: too big");
    assert_int_equal(why.offset, 77);
    /* A text that could play tricks on a terminal is not passed on. */
    assert_int_equal(run_body(refuse, (void *)(uintptr_t) "a\x1b[2Jb", 0, NULL, &why),
                     SH_ELIMIT);
    assert_string_equal(why.text, "the child gave no cause that can be shown");
    assert_int_equal(run_body(refuse, (void *)(uintptr_t) "\xff", 0, NULL, &why), SH_ELIMIT);
    assert_null(strchr(why.text, '\xff'));
}

struct raw {
    const void *ptr;
    size_t len;
};

static int send_raw(void *ctx, const struct proc_side *side, struct why *why)
{
    const struct raw *raw = ctx;

    (void)why;
    if (write(side->fd, raw->ptr, raw->len) < 0)
        _exit(1);
    _exit(0);
}

/* What a child that was taken over might write instead. */
static void nonsense_is_not_believed(void **state)
{
    static const struct raw raws[] = {
        {"x\0\0\0\0", 5},                             /* no such kind */
        {"r\xff\xff\xff\xff", 5},                     /* a frame of 4 GiB */
        {"r\0\1\0\1", 5},                             /* one byte above the limit */
        {"d\0\0\0\1z", 6},                            /* done, with a payload */
        {"p\0\0\0\1z", 6},                            /* progress of one byte */
        {"c\0\0\0\0", 5},                             /* a cause without code */
        {"c\0\0\0\x09\0\0\0\0\0\0\0\0\0", 14},        /* code 0 */
        {"c\0\0\0\x09\x0a\0\0\0\0\0\0\0\0", 14},      /* code 10 */
        {"c\0\0\0\x09\x80\0\0\0\0\0\0\0\0", 14},      /* code -128 */
        {"p\0\0\0\x08\0\0\0\0\0\0\0\1x\0\0\0\0", 18}, /* after a good frame */
    };
    static const struct raw cut[] = {{"", 0}, {"d", 1}, {"d\0\0\0", 4}, {"r\0\0\0\5ab", 7}};
    struct bytes report;
    struct why why;

    (void)state;
    bytes_init(&report, LIMIT_REPORT_BYTES);
    for (size_t i = 0; i < COUNT_OF(raws); i++) {
        assert_int_equal(run_body(send_raw, (void *)(uintptr_t)&raws[i], 20, &report, &why),
                         SH_EFORMAT);
        assert_non_null(strstr(why.text, "makes no sense"));
    }
    for (size_t i = 0; i < COUNT_OF(cut); i++) {
        assert_int_equal(run_body(send_raw, (void *)(uintptr_t)&cut[i], 20, &report, &why),
                         SH_EIO);
        assert_string_equal(why.text, "the child ended without finishing its work");
    }
    bytes_release(&report);
}

static int die(void *ctx, const struct proc_side *side, struct why *why)
{
    (void)side;
    (void)why;
    (void)raise(*(int *)ctx);
    return SH_OK;
}

static int leave(void *ctx, const struct proc_side *side, struct why *why)
{
    (void)ctx;
    (void)side;
    (void)why;
    _exit(3);
}

static int forbidden(void *ctx, const struct proc_side *side, struct why *why)
{
    struct cage_rules rules = {.profile = CAGE_COPY, .keep = &side->fd, .keep_count = 1};

    (void)ctx;
    if (cage_enter(&rules, NULL, why) != SH_OK)
        return SH_EIO;
    (void)syscall(SYS_socket, 2, 1, 0);
    return SH_OK;
}

static int spend(void *ctx, const struct proc_side *side, struct why *why)
{
    struct cage_rules rules = {
        .profile = CAGE_COPY, .keep = &side->fd, .keep_count = 1, .cpu_s = 1};

    (void)ctx;
    if (cage_enter(&rules, NULL, why) != SH_OK)
        return SH_EIO;
    for (volatile uint64_t i = 0; i < UINT64_MAX; i++)
        continue;
    return SH_OK;
}

static void a_death_is_told_in_plain_words(void **state)
{
    struct why why;
    int signal_number = SIGKILL;

    (void)state;
    assert_int_equal(run_body(die, &signal_number, 0, NULL, &why), SH_EIO);
    assert_string_equal(why.text, "the child was killed; perhaps memory ran out (signal 9)");
    assert_int_equal(run_body(leave, NULL, 0, NULL, &why), SH_EIO);
    assert_string_equal(why.text, "the child broke off (exit status 3)");
    assert_int_equal(run_body(forbidden, NULL, 0, NULL, &why), SH_EIO);
    assert_non_null(strstr(why.text, "was stopped by its cage: it asked the system"));
    assert_int_equal(run_body(spend, NULL, 0, NULL, &why), SH_EIO);
    assert_non_null(strstr(why.text, "the child was "));
    if (!CAGE_SANITIZED) {
        signal_number = SIGSEGV;
        assert_int_equal(run_body(die, &signal_number, 0, NULL, &why), SH_EIO);
        assert_non_null(strstr(why.text, "crashed"));
    }
}

static int sleep_on(void *ctx, const struct proc_side *side, struct why *why)
{
    (void)why;
    if (ctx)
        (void)close(side->fd); /* Silent, and still there. */
    for (;;)
        (void)pause();
    return SH_OK;
}

static int chatter(void *ctx, const struct proc_side *side, struct why *why)
{
    (void)ctx;
    (void)why;
    for (;;)
        proc_progress(side, 1);
    return SH_OK;
}

static void time_runs_out(void **state)
{
    struct why why;
    int here = 1;

    (void)state;
    assert_int_equal(run_body(sleep_on, NULL, 1, NULL, &why), SH_EIO);
    assert_string_equal(why.text, "the child took too long and was ended");
    assert_int_equal(run_body(sleep_on, &here, 1, NULL, &why), SH_EIO);
    assert_string_equal(why.text, "the child took too long and was ended");
    assert_int_equal(run_body(chatter, NULL, 1, NULL, &why), SH_EIO);
    assert_string_equal(why.text, "the child took too long and was ended");
}

static int count_up(void *ctx, const struct proc_side *side, struct why *why)
{
    (void)ctx;
    (void)why;
    for (uint64_t i = 1; i <= 100; i++)
        proc_progress(side, i << 32);
    return SH_OK;
}

static void see_progress(void *progress_ctx, uint64_t done)
{
    uint64_t *last = progress_ctx;

    assert_true(done == *last + (UINT64_C(1) << 32));
    *last = done;
}

static void progress_is_seen(void **state)
{
    uint64_t last = 0;
    struct proc_task task = {
        .name = "the child", .run = count_up, .progress = see_progress, .progress_ctx = &last};

    (void)state;
    assert_int_equal(proc_run(&task, NULL, NULL), SH_OK);
    assert_true(last == UINT64_C(100) << 32);
}

static int look_around(void *ctx, const struct proc_side *side, struct why *why)
{
    struct stat null, st;

    (void)ctx;
    if (stat("/dev/null", &null) != 0)
        return why_set(why, SH_EIO, 0, "no /dev/null");
    for (int i = 0; i <= (CAGE_SANITIZED ? 1 : 2); i++)
        if (fstat(i, &st) != 0 || st.st_rdev != null.st_rdev)
            return why_set(why, SH_EIO, 0, "descriptor %d is the parent's", i);
    proc_report(side, slice_text("quiet"));
    return SH_OK;
}

static void a_child_has_no_terminal(void **state)
{
    struct bytes report;
    struct why why;

    (void)state;
    bytes_init(&report, 100);
    assert_int_equal(run_body(look_around, NULL, 0, &report, &why), SH_OK);
    assert_true(slice_equal(bytes_view(&report), slice_text("quiet")));
    bytes_release(&report);
}

/* A parent that is killed takes its child along. */
static void a_child_dies_with_its_parent(void **state)
{
    struct proc_task task = {.name = "the child", .run = sleep_on};
    int ends[2];
    char byte;
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(proc_run(&task, NULL, NULL) == SH_OK ? 0 : 1);
    (void)close(ends[1]);
    (void)usleep(100000); /* The grandchild has started by now. */
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    /* The grandchild holds the other end of the pipe: this returns when it is gone. */
    assert_int_equal(read(ends[0], &byte, 1), 0);
    (void)close(ends[0]);
}

static int exec_shell(const char *script, const int fds[3], unsigned timeout_s,
                      struct bytes *report, struct why *why)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    struct proc_program program = {.name = "the program",
                                   .path = "/bin/sh",
                                   .argv = argv,
                                   .fds = fds,
                                   .fd_count = 3,
                                   .timeout_s = timeout_s};
    size_t before = descriptors_open();
    int rc;

    *why = (struct why){0};
    rc = proc_exec(&program, report, why);
    assert_int_equal(descriptors_open(), before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    return rc;
}

static void a_program_gets_what_it_is_given(void **state)
{
    int fds[4];
    struct bytes report;
    struct why why;

    (void)state;
    bytes_init(&report, 1000);
    fds[0] = open("/dev/null", O_RDWR);
    fds[1] = fds[0];
    fds[2] = fds[0];
    assert_int_equal(exec_shell("echo fine >&3", fds, 20, &report, &why), SH_OK);
    assert_true(slice_equal(bytes_view(&report), slice_text("fine\n")));
    /* Its own directory listing is descriptor 4, and there is nothing else. */
    assert_int_equal(exec_shell("ls /proc/self/fd | tr '\\n' ' ' >&3", fds, 20, &report, &why),
                     SH_OK);
    assert_true(slice_starts(bytes_view(&report), "0 1 2 3"));
    assert_true(report.len <= strlen("0 1 2 3 4 "));
    /* The shell adds PWD and the like to an empty environment. */
    assert_int_equal(setenv("STILLHERE_TEST_SECRET", "1", 1), 0);
    assert_int_equal(
        exec_shell("echo \"${STILLHERE_TEST_SECRET-none}\" >&3", fds, 20, &report, &why),
        SH_OK);
    assert_true(slice_equal(bytes_view(&report), slice_text("none\n")));
    /* It can gain nothing by starting others. */
    assert_int_equal(exec_shell("while read -r key value; do case $key in NoNewPrivs:) "
                                "echo $value;; esac; done </proc/self/status >&3",
                                fds, 20, &report, &why),
                     SH_OK);
    assert_true(slice_equal(bytes_view(&report), slice_text("1\n")));
    assert_int_equal(exec_shell("printf 'no frame' >&3; exit 5", fds, 20, &report, &why),
                     SH_EFORMAT);
    assert_string_equal(why.text, "the program: no frame");
    assert_int_equal(exec_shell("printf 'a\\033[2Jb' >&3; exit 5", fds, 20, &report, &why),
                     SH_EIO);
    assert_string_equal(why.text, "the program broke off (exit status 5)");
    assert_int_equal(exec_shell("kill -KILL $$", fds, 20, &report, &why), SH_EIO);
    assert_non_null(strstr(why.text, "was killed"));
    assert_int_equal(exec_shell("sleep 100", fds, 1, &report, &why), SH_EIO);
    assert_string_equal(why.text, "the program took too long and was ended");
    assert_int_equal(exec_shell("exec 3>&-; sleep 100", fds, 1, &report, &why), SH_EIO);
    assert_int_equal(
        exec_shell("while :; do echo yyyyyyyyyyyyyyyyyyyyy >&3; done", fds, 20, &report, &why),
        SH_EFORMAT);
    (void)close(fds[0]);
    bytes_release(&report);
}

static void a_program_that_is_not_there(void **state)
{
    const char *argv[] = {"x", NULL};
    struct proc_program program = {
        .name = "the program", .path = "/nowhere/program", .argv = argv};
    struct bytes report;
    struct why why = {0};

    (void)state;
    bytes_init(&report, 1000);
    assert_true(proc_exec(&program, &report, &why) < 0);
    assert_non_null(strstr(why.text, "/nowhere/program: No such file"));
    bytes_release(&report);
}

/* Every way that three descriptors can lie in each other's places. */
static void descriptors_find_their_places(void **state)
{
    static const char *const orders[] = {"012", "021", "102", "120",
                                         "201", "210", "000", "221"};
    char name[] = "/tmp/t_proc.XXXXXX";
    int status;
    pid_t pid;

    (void)state;
    assert_non_null(mkdtemp(name));
    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            char path[64];
            int fds[3];
            struct stat st[3], now;

            for (int k = 0; k < 3; k++) {
                (void)snprintf(path, sizeof(path), "%s/%d", name, k);
                fds[k] = open(path, O_CREAT | O_RDWR, 0600);
                if (fds[k] < 0 || fstat(fds[k], &st[k]) != 0 || dup2(fds[k], k) < 0)
                    _exit(1);
            }
            for (int k = 0; k < 3; k++)
                fds[k] = orders[i][k] - '0';
            if (!proc_place_fds(fds, 3))
                _exit(2);
            for (int k = 0; k < 3; k++)
                if (fstat(k, &now) != 0 || now.st_ino != st[orders[i][k] - '0'].st_ino)
                    _exit(3);
            _exit(fstat(3, &now) == 0 ? 4 : 0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
    for (int k = 0; k < 3; k++) {
        char path[64];

        (void)snprintf(path, sizeof(path), "%s/%d", name, k);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(name), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_arrives_whole),
        cmocka_unit_test(a_report_that_is_too_long_is_refused),
        cmocka_unit_test(a_cause_arrives),
        cmocka_unit_test(nonsense_is_not_believed),
        cmocka_unit_test(a_death_is_told_in_plain_words),
        cmocka_unit_test(time_runs_out),
        cmocka_unit_test(progress_is_seen),
        cmocka_unit_test(a_child_has_no_terminal),
        cmocka_unit_test(a_child_dies_with_its_parent),
        cmocka_unit_test(a_program_gets_what_it_is_given),
        cmocka_unit_test(a_program_that_is_not_there),
        cmocka_unit_test(descriptors_find_their_places),
    };

    return cmocka_run_group_tests_name("proc", tests, NULL, NULL);
}
