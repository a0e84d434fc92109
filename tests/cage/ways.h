/*
 * Ways out of a cage, for t_cage and for the programs of tests/cage that try them in the place
 * of each role.  Each returns whether it got out, and leaves things as they were.
 */
#ifndef TESTS_CAGE_WAYS_H
#define TESTS_CAGE_WAYS_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_alg.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cage/cage.h"

enum outcome { DENIED = 0, ESCAPED = 1, BROKEN = 2 };

/* What the ways out use: made outside, before. */
static struct {
    char folder[80];
    char file[100]; /* in it, for everybody to read and write */
    struct sockaddr_in listener;
    struct sockaddr_un abstract, path;
    socklen_t abstract_len;
    pid_t bystander;
    void *address; /* in the bystander's memory */
    int spare_fd;  /* open, and not handed into the cage */
} world = {.spare_fd = -1};

static bool way_read_passwd(void)
{
    return open("/etc/passwd", O_RDONLY) >= 0;
}

static bool way_write_file(void)
{
    return open(world.file, O_WRONLY) >= 0;
}

static bool way_make_file(void)
{
    char path[100];

    (void)snprintf(path, sizeof(path), "%s/new", world.folder);
    return open(path, O_WRONLY | O_CREAT, 0600) >= 0;
}

static bool way_make_directory(void)
{
    char path[100];

    (void)snprintf(path, sizeof(path), "%s/dir%d", world.folder, (int)getpid());
    return mkdir(path, 0700) == 0;
}

static bool way_make_symlink(void)
{
    char path[100];

    (void)snprintf(path, sizeof(path), "%s/link%d", world.folder, (int)getpid());
    return symlink("/etc/passwd", path) == 0;
}

static bool way_rename(void)
{
    char path[100];

    (void)snprintf(path, sizeof(path), "%s/new", world.folder);
    return rename(world.file, path) == 0 && rename(path, world.file) == 0;
}

static bool way_unlink(void)
{
    char path[100];

    (void)snprintf(path, sizeof(path), "%s/victim", world.folder);
    return unlink(path) == 0;
}

static bool way_list(void)
{
    return open("/", O_RDONLY | O_DIRECTORY) >= 0;
}

static bool way_temporary(void)
{
    return open(world.folder, O_TMPFILE | O_RDWR, 0600) >= 0;
}

static bool way_connect(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    return fd >= 0 &&
           connect(fd, (struct sockaddr *)&world.listener, sizeof(world.listener)) == 0;
}

static bool way_bind(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    return fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0;
}

static bool way_datagram(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    return fd >= 0 && sendto(fd, "x", 1, 0, (struct sockaddr *)&world.listener,
                             sizeof(world.listener)) == 1;
}

/* Who is at the other end?  A caged connect() may only say that it went well. */
static bool reaches(const struct sockaddr_un *name, socklen_t len)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un found = {0};
    socklen_t found_len = sizeof(found);

    return fd >= 0 && connect(fd, (const struct sockaddr *)name, len) == 0 &&
           getpeername(fd, (struct sockaddr *)&found, &found_len) == 0 &&
           memcmp(found.sun_path, name->sun_path, 20) == 0;
}

static bool way_abstract_socket(void)
{
    return reaches(&world.abstract, world.abstract_len);
}

static bool way_netlink(void)
{
    return socket(AF_NETLINK, SOCK_RAW, 0) >= 0;
}

static bool way_fork(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return pid > 0;
}

static void *thread_run(void *ctx)
{
    return ctx;
}

static bool way_thread(void)
{
    pthread_t thread;

    return pthread_create(&thread, NULL, thread_run, NULL) == 0;
}

static bool way_execute(void)
{
    static char name[] = "/bin/false";
    static char *argv[] = {name, NULL};

    /* false ends with 1, the code of an escape. */
    return execv("/bin/false", argv) == 0;
}

static bool way_signal(void)
{
    return kill(world.bystander, SIGCONT) == 0;
}

static bool way_trace(void)
{
    return ptrace(PTRACE_SEIZE, world.bystander, NULL, NULL) == 0;
}

static bool way_read_memory(void)
{
    char mine[8];
    struct iovec local = {mine, sizeof(mine)}, remote = {world.address, sizeof(mine)};

    return process_vm_readv(world.bystander, &local, 1, &remote, 1, 0) == sizeof(mine);
}

static bool way_user_namespace(void)
{
    return unshare(CLONE_NEWUSER) == 0;
}

static bool way_io_uring(void)
{
    struct io_uring_params params = {0};

    return syscall(SYS_io_uring_setup, 4, &params) >= 0;
}

static bool way_run_new_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) != MAP_FAILED;
}

static bool way_make_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return page != MAP_FAILED && mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool way_memory_file(void)
{
    return syscall(SYS_memfd_create, "x", 0) >= 0;
}

static bool way_shared_memory(void)
{
    return shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600) >= 0;
}

static bool way_watch_files(void)
{
    return inotify_init1(0) >= 0;
}

static bool way_pidfd(void)
{
    return syscall(SYS_pidfd_open, world.bystander, 0) >= 0;
}

static bool way_change_directory(void)
{
    return chdir("/") == 0;
}

static bool way_keyring(void)
{
    return syscall(SYS_keyctl, 0, -3, 1) >= 0;
}

static bool way_foreign_limit(void)
{
    struct rlimit limit;

    return prlimit(world.bystander, RLIMIT_NOFILE, NULL, &limit) == 0;
}

static bool way_spare_descriptor(void)
{
    return write(world.spare_fd, "x", 1) == 1;
}

static bool way_environment(void)
{
    return getenv("PATH") != NULL;
}

static bool way_read_shadow(void)
{
    return open("/etc/shadow", O_RDONLY) >= 0;
}

static bool way_read_file(void)
{
    return open(world.file, O_RDONLY) >= 0;
}

static bool way_write_above(void)
{
    char path[200];

    (void)snprintf(path, sizeof(path), "../../../../../../../../..%s/new", world.folder);
    return open(path, O_WRONLY | O_CREAT, 0600) >= 0;
}

static bool way_own_memory(void)
{
    return open("/proc/self/mem", O_RDWR) >= 0;
}

static bool way_hard_link(void)
{
    char path[100];

    (void)snprintf(path, sizeof(path), "%s/hard", world.folder);
    return link(world.file, path) == 0 && unlink(path) == 0;
}

static bool way_make_pipe(void)
{
    char path[100];

    (void)snprintf(path, sizeof(path), "%s/pipe", world.folder);
    return mkfifo(path, 0600) == 0 && unlink(path) == 0;
}

static bool way_empty_file(void)
{
    char path[100];

    (void)snprintf(path, sizeof(path), "%s/victim", world.folder);
    return truncate(path, 0) == 0;
}

static bool way_empty_by_reading(void)
{
    char path[100];

    (void)snprintf(path, sizeof(path), "%s/victim", world.folder);
    return open(path, O_RDONLY | O_TRUNC) >= 0;
}

static bool way_change_mode(void)
{
    return chmod(world.file, 0666) == 0;
}

static bool way_change_owner(void)
{
    return chown(world.file, geteuid(), getegid()) == 0;
}

static bool way_change_times(void)
{
    return utimensat(AT_FDCWD, world.file, NULL, 0) == 0;
}

static bool way_set_attribute(void)
{
    return setxattr(world.file, "user.x", "x", 1, 0) == 0;
}

static bool way_file_handle(void)
{
    char room[sizeof(struct file_handle) + MAX_HANDLE_SZ] __attribute__((aligned(16)));
    struct file_handle *handle = (struct file_handle *)room;
    int mount_id;

    handle->handle_bytes = MAX_HANDLE_SZ;
    return name_to_handle_at(AT_FDCWD, "/", handle, &mount_id, 0) == 0;
}

static bool way_mount(void)
{
    return mount(world.folder, world.folder, NULL, MS_BIND, NULL) == 0 &&
           umount2(world.folder, MNT_DETACH) == 0;
}

static bool way_new_file_system(void)
{
    return syscall(SYS_fsopen, "tmpfs", 0) >= 0;
}

static bool way_new_root(void)
{
    return chroot(world.folder) == 0;
}

static bool way_become_another(void)
{
    return setuid(65533) == 0;
}

static bool way_unix_socket(void)
{
    return reaches(&world.path, sizeof(world.path));
}

static bool way_raw_socket(void)
{
    return socket(AF_INET, SOCK_RAW, IPPROTO_UDP) >= 0;
}

static bool way_packet_socket(void)
{
    return socket(AF_PACKET, SOCK_RAW, 0) >= 0;
}

static bool way_crypto_socket(void)
{
    return socket(AF_ALG, SOCK_SEQPACKET, 0) >= 0;
}

static bool way_listen(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    return fd >= 0 && listen(fd, 1) == 0;
}

static bool way_signal_parent(void)
{
    return kill(getppid(), SIGCONT) == 0;
}

static bool way_signal_group(void)
{
    return kill(0, SIGCONT) == 0;
}

static bool way_take_descriptor(void)
{
    int pid = (int)syscall(SYS_pidfd_open, world.bystander, 0);

    return pid >= 0 && syscall(SYS_pidfd_getfd, pid, 2, 0) >= 0;
}

static bool way_write_memory(void)
{
    char mine[1] = {0};
    struct iovec local = {mine, 1}, remote = {world.address, 1};

    return process_vm_readv(world.bystander, &local, 1, &remote, 1, 0) == 1 &&
           process_vm_writev(world.bystander, &local, 1, &remote, 1, 0) == 1;
}

static bool way_slow_another(void)
{
    return setpriority(PRIO_PROCESS, (id_t)world.bystander, 19) == 0;
}

static bool way_bpf(void)
{
    union bpf_attr attr = {
        .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};

    return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)) >= 0;
}

static bool way_counters(void)
{
    struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
                                   .size = sizeof(attr),
                                   .config = PERF_COUNT_SW_CPU_CLOCK,
                                   .exclude_kernel = 1};

    return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0) >= 0;
}

static bool way_page_faults(void)
{
    return syscall(SYS_userfaultfd, 1) >= 0;
}

static bool way_add_key(void)
{
    return syscall(SYS_add_key, "user", "t_cage", "x", 1, -1) >= 0;
}

static bool way_message_queue(void)
{
    struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = 1};
    char name[40];

    (void)snprintf(name, sizeof(name), "/t_cage-%d", (int)getpid());
    return mq_open(name, O_CREAT | O_RDWR, 0600, &attr) >= 0 && mq_unlink(name) == 0;
}

static bool way_messages(void)
{
    int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);

    return id >= 0 && msgctl(id, IPC_RMID, NULL) == 0;
}

static bool way_semaphores(void)
{
    int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);

    return id >= 0 && semctl(id, 0, IPC_RMID) == 0;
}

static bool way_outlive_parent(void)
{
    return prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) == 0;
}

static bool way_be_traced(void)
{
    return prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0) == 0 ||
           ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool way_own_session(void)
{
    return setsid() >= 0;
}

static bool way_system_clock(void)
{
    struct timex asked = {0};

    return adjtimex(&asked) >= 0;
}

static bool way_host_name(void)
{
    char name[64];

    return gethostname(name, sizeof(name)) == 0 && sethostname(name, strlen(name)) == 0;
}

static bool way_personality(void)
{
    return syscall(SYS_personality, 0xffffffff) >= 0;
}

static bool way_run_from_memory(void)
{
    static char name[] = "x";
    static char *argv[] = {name, NULL};
    char data[4096];
    int from = open("/bin/false", O_RDONLY);
    int fd = (int)syscall(SYS_memfd_create, "x", 0);
    ssize_t n;

    while (fd >= 0 && from >= 0 && (n = read(from, data, sizeof(data))) > 0)
        if (write(fd, data, (size_t)n) != n)
            return false;
    /* false ends with 1, the code of an escape. */
    return fd >= 0 && from >= 0 && fexecve(fd, argv, environ) == 0;
}

struct way {
    const char *name;
    bool (*out)(void);
    bool anywhere; /* every cage stops it */
    int abi;       /* Landlock of this ABI alone stops it; 0: none does */
    unsigned work; /* a bit for each profile whose work it is, so no way out of that one */
};
static const struct way ways[] = {
    {"read /etc/passwd", way_read_passwd, false, 1, 0},
    {"write a file", way_write_file, false, 1, 0},
    {"make a file", way_make_file, false, 1, 0},
    {"make a directory", way_make_directory, false, 1, 0},
    {"make a symbolic link", way_make_symlink, false, 1, 0},
    {"rename", way_rename, false, 1, 0},
    {"unlink", way_unlink, false, 1, 0},
    {"list /", way_list, false, 1, 0},
    {"nameless file", way_temporary, false, 1, 0},
    {"connect", way_connect, false, 4, 1 << CAGE_FETCH},
    {"bind", way_bind, false, 4, 0},
    {"datagram", way_datagram, false, 0, 1 << CAGE_FETCH},
    {"abstract socket", way_abstract_socket, false, 6, 0},
    {"netlink", way_netlink, false, 0, 0},
    {"fork", way_fork, false, 0, 1 << CAGE_FETCH | 1 << CAGE_SERVER},
    {"thread", way_thread, false, 0, 0},
    {"execute", way_execute, false, 1, 0},
    {"signal another", way_signal, false, 6, 0},
    {"trace another", way_trace, false, 1, 0},
    {"read another's memory", way_read_memory, false, 1, 0},
    {"user namespace", way_user_namespace, false, 0, 0},
    {"io_uring", way_io_uring, false, 0, 0},
    {"map new code", way_run_new_code, false, 0, 0},
    {"turn data into code", way_make_code, false, 0, 0},
    {"memory file", way_memory_file, false, 0, 0},
    {"shared memory", way_shared_memory, false, 0, 0},
    {"watch files", way_watch_files, false, 0, 0},
    {"pidfd", way_pidfd, false, 0, 0},
    {"change directory", way_change_directory, false, 0, 0},
    {"keyring", way_keyring, false, 0, 0},
    {"another's limits", way_foreign_limit, false, 0, 0},
    {"read /etc/shadow", way_read_shadow, false, 1, 0},
    {"read a file of the home", way_read_file, false, 1, 0},
    {"write above itself", way_write_above, false, 1, 0},
    {"/proc/self/mem", way_own_memory, false, 1, 0},
    {"hard link", way_hard_link, false, 1, 0},
    {"make a pipe", way_make_pipe, false, 1, 0},
    {"empty a file", way_empty_file, false, 3, 0},
    {"empty a file by reading", way_empty_by_reading, false, 1, 0},
    {"change rights", way_change_mode, false, 0, 0},
    {"change an owner", way_change_owner, false, 0, 0},
    {"change times", way_change_times, false, 0, 0},
    {"set an attribute", way_set_attribute, false, 0, 0},
    {"a file's handle", way_file_handle, false, 0, 0},
    {"mount", way_mount, false, 1, 0},
    {"a new file system", way_new_file_system, false, 0, 0},
    {"chroot", way_new_root, false, 0, 0},
    {"become another user", way_become_another, false, 0, 1 << CAGE_SERVER},
    {"Unix socket", way_unix_socket, false, 0, 0},
    {"raw socket", way_raw_socket, false, 0, 0},
    {"packet socket", way_packet_socket, false, 0, 0},
    {"crypto socket", way_crypto_socket, false, 0, 0},
    {"listen", way_listen, false, 0, 0},
    {"signal the parent", way_signal_parent, false, 6, 0},
    {"signal the group", way_signal_group, false, 0, 0},
    {"take another's descriptor", way_take_descriptor, false, 1, 0},
    {"write another's memory", way_write_memory, false, 1, 0},
    {"slow another down", way_slow_another, false, 0, 0},
    {"bpf", way_bpf, false, 0, 0},
    {"performance counters", way_counters, false, 0, 0},
    {"page faults", way_page_faults, false, 0, 0},
    {"add a key", way_add_key, false, 0, 0},
    {"message queue", way_message_queue, false, 0, 0},
    {"messages", way_messages, false, 0, 0},
    {"semaphores", way_semaphores, false, 0, 0},
    {"outlive the parent", way_outlive_parent, false, 0, 0},
    {"be traced", way_be_traced, false, 0, 0},
    {"a session of its own", way_own_session, false, 0, 0},
    {"the system's clock", way_system_clock, false, 0, 0},
    {"the host's name", way_host_name, false, 0, 0},
    {"personality", way_personality, false, 0, 0},
    {"run from memory", way_run_from_memory, false, 1, 0},
    {"a descriptor not handed in", way_spare_descriptor, true, 0, 0},
    {"the environment", way_environment, true, 0, 0},
};

/* The exit code, or 128 + the signal. */
static int code_of(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* What ways take away, made anew. */
static void victim_make(void)
{
    char path[100];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/victim", world.folder);
    fd = open(path, O_CREAT | O_WRONLY, 0666);
    if (fd >= 0)
        (void)close(fd);
    (void)snprintf(path, sizeof(path), "%s/new", world.folder);
    (void)unlink(path);
}

/* The value of a line "key=value" of text, or "". */
__attribute__((unused)) static const char *setting(const char *text, const char *key,
                                                   char value[100])
{
    size_t len = strlen(key), n = 0;

    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, len) != 0 || line[len] != '=')
            continue;
        for (line += len + 1; line[n] && line[n] != '\n' && n < 99; n++)
            value[n] = line[n];
        break;
    }
    value[n] = '\0';
    return value;
}

/* Read what the test has made into text, and into the world.  False: there is no test. */
__attribute__((unused)) static bool world_read(const char *path, char text[2048])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, 2047);
    char value[100];

    if (fd >= 0)
        (void)close(fd);
    if (n <= 0)
        return false;
    text[n] = '\0';
    (void)snprintf(world.folder, sizeof(world.folder), "%s", setting(text, "folder", value));
    (void)snprintf(world.file, sizeof(world.file), "%.80s/file", world.folder);
    world.listener = (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons((uint16_t)strtoul(setting(text, "port", value), NULL, 10))};
    world.path.sun_family = world.abstract.sun_family = AF_UNIX;
    (void)snprintf(world.path.sun_path, sizeof(world.path.sun_path), "%.80s/socket",
                   world.folder);
    (void)snprintf(world.abstract.sun_path + 1, 100, "%s", setting(text, "abstract", value));
    world.abstract_len =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(value));
    world.bystander = (pid_t)strtoul(setting(text, "bystander", value), NULL, 10);
    world.address = (void *)strtoul(setting(text, "address", value), NULL, 16);
    world.spare_fd = (int)strtoul(setting(text, "spare", value), NULL, 10);
    return true;
}

#endif
