/*
 * cage: seventy ways out, tried from inside, with all parts of the cage and with single ones.
 * Each way is first tried outside, where it must succeed: else it shows nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../cage/ways.h"

#define NOBODY 65534

static int handed_fd = -1;

static int wait_for(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    return status;
}

static bool become(uid_t user)
{
    return user == geteuid() ||
           (setresgid(user, user, user) == 0 && setresuid(user, user, user) == 0 &&
            prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
}

/* Try one way in a child, in the cage of rules or (NULL) outside. */
static int try_way(const struct way *way, const struct cage_rules *rules, uid_t user)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        if (!become(user) || (rules && cage_enter(rules, NULL, NULL) != SH_OK))
            _exit(BROKEN);
        _exit(way->out() ? ESCAPED : DENIED);
    }
    return code_of(wait_for(pid));
}

/* All ways for one user in one cage. */
static void try_all(const struct cage_rules *rules, uid_t user, const char *what)
{
    size_t shown = 0;
    int outside, inside;
    int abi = 0;
    struct cage_state state;

    cage_probe(&state);
    if (!rules->no_landlock)
        abi = rules->landlock_most ? rules->landlock_most : state.landlock;
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        bool must =
            ways[i].anywhere || !rules->no_seccomp || (ways[i].abi > 0 && abi >= ways[i].abi);

        if (!must)
            continue;
        victim_make();
        outside = try_way(&ways[i], NULL, user);
        victim_make();
        inside = try_way(&ways[i], rules, user);
        if (outside != ESCAPED) {
            print_message("# %s: %s does not work here outside either (%d)\n", what,
                          ways[i].name, outside);
            continue;
        }
        if (ways[i].work >> rules->profile & 1) {
            assert_int_equal(inside, ESCAPED);
            continue;
        }
        if (inside != DENIED && inside != 128 + SIGSYS)
            fail_msg("%s: %s: ended with %d", what, ways[i].name, inside);
        shown++;
    }
    print_message("# %s: %zu ways out are closed\n", what, shown);
    assert_true(shown >= (rules->no_seccomp ? 15 : user ? 50 : 60));
}

static struct cage_rules copy_rules(void)
{
    static int keep[2];

    keep[0] = handed_fd;
    keep[1] = STDERR_FILENO;
    return (struct cage_rules){.profile = CAGE_COPY, .keep = keep, .keep_count = 2};
}

static void nothing_gets_out(void **state)
{
    static const enum cage_profile profiles[] = {CAGE_COPY, CAGE_LOOK, CAGE_FRONT, CAGE_FETCH,
                                                 CAGE_MEDIA};
    static const char *const names[] = {"copy", "look", "front", "fetch", "media"};
    struct cage_rules rules = copy_rules();

    (void)state;
    for (size_t i = 0; i < COUNT_OF(profiles); i++) {
        rules.profile = profiles[i];
        try_all(&rules, geteuid(), names[i]);
    }
    if (geteuid() == 0) {
        rules.profile = CAGE_COPY;
        try_all(&rules, NOBODY, "copy as nobody");
        rules.profile = CAGE_LOOK;
        try_all(&rules, NOBODY, "look as nobody");
    }
}

static void older_kernels_hold_too(void **state)
{
    struct cage_rules rules = copy_rules();

    (void)state;
    rules.landlock_most = 2;
    try_all(&rules, geteuid(), "Landlock ABI 2");
    rules.landlock_most = 1;
    try_all(&rules, geteuid(), "Landlock ABI 1");
    rules.landlock_most = 0;
    rules.no_landlock = true;
    try_all(&rules, geteuid(), "seccomp alone");
    rules = copy_rules();
    rules.no_seccomp = true;
    try_all(&rules, geteuid(), "Landlock alone");
}

static void without_any_part_it_refuses(void **state)
{
    struct cage_rules rules = copy_rules();
    struct why why = {0};
    pid_t pid;

    (void)state;
    rules.no_landlock = true;
    rules.no_seccomp = true;
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(cage_enter(&rules, NULL, &why) == SH_EUNSUPPORTED && strstr(why.text, "doctor")
                  ? 7
                  : 1);
    assert_int_equal(code_of(wait_for(pid)), 7);
}

/* Run body in the cage of rules; its exit code or 128 + signal. */
static int in_cage(const struct cage_rules *rules, int (*body)(void))
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        if (cage_enter(rules, NULL, NULL) != SH_OK)
            _exit(BROKEN);
        _exit(body());
    }
    return code_of(wait_for(pid));
}

static int body_work(void)
{
    char data[64] = "something";
    char *big = malloc(8 << 20);
    struct stat st;

    if (!big || pwrite(handed_fd, data, sizeof(data), 0) != (ssize_t)sizeof(data))
        return 1;
    memset(big, 1, 8 << 20);
    if (pread(handed_fd, big, sizeof(data), 0) != (ssize_t)sizeof(data))
        return 2;
    free(big);
    if (fstat(handed_fd, &st) != 0 || lseek(handed_fd, 0, SEEK_SET) != 0)
        return 3;
    return isatty(handed_fd) ? 4 : 9;
}

static void its_own_work_goes_on(void **state)
{
    struct cage_rules rules = copy_rules();

    (void)state;
    rules.memory_bytes = LIMIT_READER_MEMORY;
    rules.file_bytes = 1 << 20;
    rules.cpu_s = 10;
    assert_int_equal(in_cage(&rules, body_work), 9);
    rules.profile = CAGE_MEDIA;
    assert_int_equal(in_cage(&rules, body_work), 9);
    rules.profile = CAGE_LOOK;
    assert_int_equal(in_cage(&rules, body_work), 9);
}

/* A batch holds many descriptors when it starts a reader. */
static void many_descriptors_do_no_harm(void **state)
{
    struct cage_rules rules = copy_rules();
    struct rlimit files;
    int fds[200];

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    assert_true(files.rlim_cur > 300);
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_true(fds[i] >= 0);
    }
    assert_int_equal(in_cage(&rules, body_work), 9);
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        (void)close(fds[i]);
}

static int body_spin(void)
{
    for (volatile uint64_t i = 0; i < UINT64_MAX; i++)
        continue;
    return 0;
}

static int body_write_much(void)
{
    char data[4096] = {0};

    for (off_t at = 0; at < 1 << 21; at += (off_t)sizeof(data))
        if (pwrite(handed_fd, data, sizeof(data), at) < 0)
            return 1;
    return 0;
}

static int body_eat_memory(void)
{
    char *volatile part; /* Volatile: else a compiler may find that nobody needs it. */

    for (size_t all = 0; all < (size_t)512 << 20; all += 1 << 20) {
        part = malloc(1 << 20);
        if (!part)
            return 9;
    }
    return 0;
}

static int body_stop(void)
{
    abort();
}

static void limits_are_limits(void **state)
{
    struct cage_rules rules = copy_rules();

    (void)state;
    rules.cpu_s = 1;
    assert_in_range(in_cage(&rules, body_spin), 128 + SIGKILL, 128 + SIGXCPU);
    rules = copy_rules();
    rules.file_bytes = 1 << 20;
    assert_int_equal(in_cage(&rules, body_write_much), 128 + SIGXFSZ);
    rules = copy_rules();
    assert_int_equal(in_cage(&rules, body_stop), 128 + SIGABRT);
    if (CAGE_SANITIZED) {
        print_message("# a sanitizer runs: the limit of memory is not set\n");
        return;
    }
    rules = copy_rules();
    assert_int_equal(in_cage(&rules, body_eat_memory), 0);
    rules.memory_bytes = LIMIT_READER_MEMORY;
    assert_int_equal(in_cage(&rules, body_eat_memory), 9);
}

static int folder_fd = -1;

static int body_look(void)
{
    char data[8];
    int fd = openat(folder_fd, "file", O_RDONLY);

    if (fd < 0 || read(fd, data, sizeof(data)) < 0)
        return 1;
    fd = openat(folder_fd, "../../etc/passwd", O_RDONLY);
    if (fd >= 0)
        return 2;
    return 9;
}

static int body_look_write(void)
{
    return openat(folder_fd, "file", O_WRONLY) >= 0 ? 1 : 9;
}

static void looking_is_for_named_folders(void **state)
{
    int keep[2];
    struct cage_path path;
    struct cage_rules rules = {.profile = CAGE_LOOK, .keep = keep, .keep_count = 2};
    int code;

    (void)state;
    folder_fd = open(world.folder, O_PATH | O_DIRECTORY);
    assert_true(folder_fd >= 0);
    keep[0] = STDERR_FILENO;
    keep[1] = folder_fd;
    path = (struct cage_path){folder_fd, CAGE_READ};
    rules.paths = &path;
    rules.path_count = 1;
    assert_int_equal(in_cage(&rules, body_look), 9);
    code = in_cage(&rules, body_look_write);
    assert_true(code == 9 || code == 128 + SIGSYS);
    (void)close(folder_fd);
}

static bool way_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static int body_server(void)
{
    char path[100];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/rw/made", world.folder);
    fd = open(path, O_CREAT | O_RDWR | O_TRUNC, 0600);
    if (fd < 0 || write(fd, "x", 1) != 1 || unlink(path) != 0)
        return 1;
    if (way_make_file() || way_write_file() || way_unlink())
        return 2;
    if (open(world.file, O_RDONLY) < 0)
        return 3;
    if (way_read_passwd())
        return 4;
    if (way_socket() || way_connect())
        return 5;
    if (way_unix_socket() || way_abstract_socket() || !way_fork())
        return 7;
    if (!getenv("PATH"))
        return 6;
    way_execute(); /* Does not return: ends with 1 when it runs. */
    return 9;
}

static int body_server_executes(void)
{
    static char name[] = "/bin/true";
    static char *argv[] = {name, NULL};

    (void)execv("/bin/true", argv);
    return 8;
}

/* Nothing that it could have written is ever run, and it asks for itself alone. */
static int body_server_is_held(void)
{
    static char path[100], name[] = "program";
    static char *argv[] = {name, NULL};
    struct rlimit limit;

    if (getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_cur != 0 || limit.rlim_max != 0)
        return 1;
    if (prlimit(getppid(), RLIMIT_NOFILE, NULL, &limit) == 0)
        return 2;
    (void)snprintf(path, sizeof(path), "%s/rw/program", world.folder);
    (void)execv(path, argv); /* Ends with 0 when it runs. */
    return errno == EACCES ? 9 : 3;
}

/* Before ABI 3 Landlock takes emptying for reading. */
static int body_server_empties(void)
{
    return open(world.file, O_RDONLY | O_TRUNC) >= 0 ? 1 : 9;
}

static void program_make(void)
{
    char command[200];
    pid_t pid;

    (void)snprintf(command, sizeof(command), "cp /bin/true '%s/rw/program'", world.folder);
    pid = fork();
    if (pid == 0) {
        (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(1);
    }
    assert_int_equal(wait_for(pid), 0);
}

static void a_server_keeps_to_its_folders(void **state)
{
    static const char *const libraries[] = {"/bin", "/lib", "/lib64", "/usr"};
    struct cage_path paths[8];
    struct cage_state probed;
    char rw[100];
    size_t n = 0;
    struct cage_rules rules;

    (void)state;
    cage_probe(&probed);
    if (probed.landlock < 4) {
        print_message("# Landlock is older than ABI 4: nothing to show\n");
        return;
    }
    (void)snprintf(rw, sizeof(rw), "%s/rw", world.folder);
    victim_make();
    rules = copy_rules();
    rules.profile = CAGE_SERVER;
    rules.paths = paths;
    paths[n++] = (struct cage_path){open(world.folder, O_PATH), CAGE_READ};
    paths[n++] = (struct cage_path){open(rw, O_PATH), CAGE_CHANGE};
    rules.path_count = n;
    assert_int_equal(in_cage(&rules, body_server), 9);
    for (size_t i = 0; i < COUNT_OF(libraries); i++) {
        paths[n].access = CAGE_EXECUTE;
        paths[n].fd = open(libraries[i], O_PATH);
        if (paths[n].fd >= 0)
            n++;
    }
    rules.path_count = n;
    assert_int_equal(in_cage(&rules, body_server_executes), 0);
    program_make();
    assert_int_equal(in_cage(&rules, body_server_is_held), 9);
    rules.landlock_most = 2;
    assert_int_equal(in_cage(&rules, body_server_empties), 9);
    for (size_t i = 0; i < n; i++)
        (void)close(paths[i].fd);
}

static void what_is_missing_is_said(void **state)
{
    struct cage_state whole = {.landlock = 7, .seccomp = true, .no_new_privs = true};
    struct cage_state none = {0};
    static const unsigned by_abi[] = {CAGE_LACKS_LANDLOCK,
                                      CAGE_LACKS_THIN,
                                      CAGE_LACKS_THIN,
                                      CAGE_LACKS_THIN,
                                      CAGE_LACKS_THIN,
                                      CAGE_LACKS_THIN,
                                      0};

    (void)state;
    assert_int_equal(cage_lacks(&whole), 0);
    assert_int_equal(cage_lacks(&none), CAGE_NEEDED);
    for (int abi = 0; abi < (int)COUNT_OF(by_abi); abi++) {
        whole.landlock = abi;
        assert_int_equal(cage_lacks(&whole), by_abi[abi]);
    }
    whole.no_new_privs = false;
    assert_int_equal(cage_lacks(&whole), CAGE_LACKS_PRIVS);
    whole.seccomp = false;
    assert_int_equal(cage_lacks(&whole), CAGE_LACKS_PRIVS | CAGE_LACKS_SECCOMP);
}

static void world_make(void)
{
    char path[100];
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(world.listener);
    int fd;

    (void)snprintf(world.folder, sizeof(world.folder), "/tmp/t_cage.XXXXXX");
    assert_non_null(mkdtemp(world.folder));
    assert_int_equal(chmod(world.folder, 0777), 0);
    (void)snprintf(world.file, sizeof(world.file), "%s/file", world.folder);
    world.spare_fd = open(world.file, O_CREAT | O_RDWR, 0666);
    assert_true(world.spare_fd >= 0 && fchmod(world.spare_fd, 0666) == 0);
    (void)snprintf(path, sizeof(path), "%s/handed", world.folder);
    handed_fd = open(path, O_CREAT | O_RDWR, 0666);
    assert_true(handed_fd >= 0);
    (void)snprintf(path, sizeof(path), "%s/rw", world.folder);
    assert_int_equal(mkdir(path, 0777), 0);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0 &&
                listen(fd, 1000) == 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&world.listener, &len), 0);
    world.abstract.sun_family = AF_UNIX;
    (void)snprintf(world.abstract.sun_path + 1, 40, "t_cage-%d", (int)getpid());
    world.abstract_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
                                     strlen(world.abstract.sun_path + 1));
    world.path.sun_family = AF_UNIX;
    (void)snprintf(world.path.sun_path, sizeof(world.path.sun_path), "%.80s/socket",
                   world.folder);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&world.path, sizeof(world.path)) == 0 &&
                listen(fd, 1000) == 0 && chmod(world.path.sun_path, 0777) == 0);
    world.address = &world;
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0 &&
                bind(fd, (struct sockaddr *)&world.abstract, world.abstract_len) == 0 &&
                listen(fd, 1000) == 0);
}

/* A process of nobody's, so that nobody may signal it and root may too. */
static void bystander_make(uid_t user)
{
    world.bystander = fork();
    assert_true(world.bystander >= 0);
    if (world.bystander == 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || !become(user))
            _exit(1);
        for (;;)
            (void)pause();
    }
}

static int setup(void **state)
{
    (void)state;
    world_make();
    bystander_make(geteuid() == 0 ? NOBODY : geteuid());
    (void)usleep(50000); /* It changes its user meanwhile. */
    return 0;
}

static int teardown(void **state)
{
    char command[200];
    pid_t pid;

    (void)state;
    (void)kill(world.bystander, SIGKILL);
    (void)wait_for(world.bystander);
    (void)snprintf(command, sizeof(command), "rm -rf -- '%s'", world.folder);
    pid = fork();
    if (pid == 0) {
        (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(1);
    }
    return wait_for(pid);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_gets_out),
        cmocka_unit_test(older_kernels_hold_too),
        cmocka_unit_test(without_any_part_it_refuses),
        cmocka_unit_test(its_own_work_goes_on),
        cmocka_unit_test(many_descriptors_do_no_harm),
        cmocka_unit_test(limits_are_limits),
        cmocka_unit_test(looking_is_for_named_folders),
        cmocka_unit_test(a_server_keeps_to_its_folders),
        cmocka_unit_test(what_is_missing_is_said),
    };

    return cmocka_run_group_tests_name("cage", tests, setup, teardown);
}
