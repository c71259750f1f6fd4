#include "tools/bench_daemon.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <ftw.h>
#include <inttypes.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "storage/base/alloc.h"
#include "storage/base/clock.h"

#define PATH_SIZE  4096u
#define LINE_SIZE  512u
#define START_MS   60000u
#define WAIT_MS    300000u
#define ANSWER_MAX (1u << 20)
#define READ_SIZE  8192u

static void pause_us(long us)
{
    const struct timespec time = {.tv_nsec = us * 1000};

    (void)nanosleep(&time, NULL);
}

/* --- Programs beside us ---------------------------------------------------
 */

static enum sg_err path_beside(const char *name, char ret[PATH_SIZE])
{
    ssize_t n = readlink("/proc/self/exe", ret, PATH_SIZE - 64);
    char *slash;

    if (n <= 0)
        return SG_ERR_NOTFOUND;
    ret[n] = 0;
    slash = strrchr(ret, '/');
    if (slash == NULL)
        return SG_ERR_NOTFOUND;
    (void)snprintf(slash + 1, 60, "%s", name);
    return access(ret, X_OK) == 0 ? SG_OK : SG_ERR_NOTFOUND;
}

static pid_t start(const char *program, char *const words[])
{
    pid_t child = fork();

    if (child != 0)
        return child;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* whatever ends the bench */
    if (freopen("/dev/null", "w", stderr) == NULL)
        _exit(127);
    (void)execv(program, words);
    _exit(127);
}

enum sg_err sg_bench_daemon_found(const char *folder, unsigned n,
                                  size_t citizens)
{
    char program[PATH_SIZE], where[PATH_SIZE], nodes[32], people[32];
    char *words[] = {"found", where, nodes, citizens > 0 ? people : NULL, NULL};
    enum sg_err err = path_beside("sogocd", program);
    int status = 1;
    pid_t child;

    if (err == SG_OK)
        err = path_beside("found", program);
    if (err != SG_OK)
        return err;
    (void)snprintf(where, sizeof where, "%s", folder);
    (void)snprintf(nodes, sizeof nodes, "%u", n);
    (void)snprintf(people, sizeof people, "%zu", citizens);
    child = start(program, words);
    return child > 0 && waitpid(child, &status, 0) == child && status == 0
               ? SG_OK
               : SG_ERR_IO;
}

/* All but the folder itself. */
static int remove_one(const char *path, const struct stat *info, int type,
                      struct FTW *place)
{
    (void)info;
    (void)type;
    return place->level == 0 ? 0 : remove(path);
}

void sg_bench_daemon_clean(const char *folder)
{
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* --- Life -----------------------------------------------------------------
 */

/* A port of loopback that nobody has at this moment. */
static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_found = fd >= 0 &&
                    bind(fd, (const struct sockaddr *)&address, size) == 0 &&
                    getsockname(fd, (struct sockaddr *)&address, &size) == 0;

    if (fd >= 0)
        (void)close(fd);
    return is_found ? ntohs(address.sin_port) : 0;
}

enum sg_err sg_bench_daemon_init(struct sg_bench_daemon *daemon,
                                 const char *folder, unsigned number)
{
    *daemon = (struct sg_bench_daemon){
        .folder = folder, .number = number, .port = free_port(), .fd = -1};
    sg_buf_init(&daemon->answer, ANSWER_MAX);
    return daemon->port > 0 ? SG_OK : SG_ERR_IO;
}

static enum sg_err write_config(const struct sg_bench_daemon *daemon,
                                const struct sg_bench_daemon *peers, size_t n,
                                char path[PATH_SIZE])
{
    FILE *file;

    (void)snprintf(path, PATH_SIZE, "%.4000s/conf%u", daemon->folder,
                   daemon->number);
    file = fopen(path, "wbe");
    if (file == NULL)
        return SG_ERR_IO;
    (void)fprintf(file,
                  "directory = %s/%u\nlisten = 127.0.0.1:%u\nhttp =\n"
                  "socket = %s/s%u\nlog = error\n%s",
                  daemon->folder, daemon->number, (unsigned)daemon->port,
                  daemon->folder, daemon->number,
                  daemon->more == NULL ? "" : daemon->more);
    for (size_t i = 0; i < n; i++)
        (void)fprintf(file, "[peer %u]\naddress = 127.0.0.1:%u\n",
                      peers[i].number, (unsigned)peers[i].port);
    return fclose(file) == 0 ? SG_OK : SG_ERR_IO;
}

int sg_bench_daemon_dial(const struct sg_bench_daemon *daemon)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int n = snprintf(address.sun_path, sizeof address.sun_path, "%.96s/s%u",
                     daemon->folder, daemon->number);

    if (fd >= 0 && n > 0 && (size_t)n < sizeof address.sun_path &&
        connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

enum sg_err sg_bench_daemon_start(struct sg_bench_daemon *daemon,
                                  const struct sg_bench_daemon *peers, size_t n)
{
    uint64_t until = sg_clock_mono().ms + START_MS;
    char program[PATH_SIZE], config[PATH_SIZE];
    char *const words[] = {"sogocd", "-f", config, NULL};
    enum sg_err err = path_beside("sogocd", program);

    if (err == SG_OK)
        err = write_config(daemon, peers, n, config);
    if (err != SG_OK)
        return err;
    daemon->pid = start(program, words);
    while (sg_bench_daemon_get(daemon, "/v1/health") != SG_OK) {
        if (sg_clock_mono().ms > until ||
            waitpid(daemon->pid, NULL, WNOHANG) != 0)
            return SG_ERR_IO;
        pause_us(500);
    }
    return SG_OK;
}

static void end(struct sg_bench_daemon *daemon, int number)
{
    if (daemon->folder == NULL)
        return;
    if (daemon->pid > 0) {
        (void)kill(daemon->pid, number);
        (void)waitpid(daemon->pid, NULL, 0);
    }
    if (daemon->fd >= 0)
        (void)close(daemon->fd);
    daemon->pid = 0;
    daemon->fd = -1;
    sg_buf_clear(&daemon->answer);
    sg_buf_init(&daemon->answer, ANSWER_MAX);
}

void sg_bench_daemon_stop(struct sg_bench_daemon *daemon)
{
    end(daemon, SIGTERM);
}

void sg_bench_daemon_kill(struct sg_bench_daemon *daemon)
{
    end(daemon, SIGKILL);
}

enum sg_err sg_bench_daemon_hear(struct sg_bench_daemon *daemon,
                                 struct sg_bench_daemon *authority)
{
    enum sg_err err = sg_bench_daemon_get(authority, "/v1/health");
    uint64_t target = sg_bench_daemon_sum(authority, "size");

    if (err == SG_OK)
        err = sg_bench_daemon_start(daemon, authority, 1);
    if (err == SG_OK)
        err = sg_bench_daemon_get(daemon, "/v1/health");
    target += sg_bench_daemon_sum(daemon, "size");
    if (err == SG_OK)
        err = sg_bench_daemon_wait(daemon, "/v1/logs", "held", target);
    sg_bench_daemon_stop(daemon);
    return err;
}

/* --- Asking ---------------------------------------------------------------
 */

/* Reads one answer into DAEMON->answer, whose head is then cut off. */
static enum sg_err read_answer(struct sg_bench_daemon *daemon)
{
    struct sg_buf *answer = &daemon->answer;

    sg_buf_truncate(answer, 0);
    for (;;) {
        char *body, *length;
        size_t head, size;
        uint8_t *room;
        ssize_t n;

        if (sg_buf_extend(answer, READ_SIZE, &room) != SG_OK)
            return SG_ERR_IO;
        n = recv(daemon->fd, room, READ_SIZE - 1, 0);
        sg_buf_truncate(answer,
                        answer->size - READ_SIZE + (n > 0 ? (size_t)n : 0));
        if (n <= 0)
            return SG_ERR_IO;
        answer->data[answer->size] = 0;
        body = strstr((char *)answer->data, "\r\n\r\n");
        length = strstr((char *)answer->data, "Content-Length: ");
        if (body == NULL || length == NULL)
            continue;
        head = (size_t)(body + 4 - (char *)answer->data);
        size = strtoul(length + 16, NULL, 10);
        if (answer->size < head + size)
            continue;
        memmove(answer->data, answer->data + head, size + 1);
        sg_buf_truncate(answer, size);
        return SG_OK;
    }
}

static enum sg_err ask_once(struct sg_bench_daemon *daemon, const char *path)
{
    char request[LINE_SIZE];
    int n = snprintf(request, sizeof request,
                     "GET %.200s HTTP/1.1\r\nHost: x\r\n\r\n", path);
    enum sg_err err = SG_ERR_IO;

    if (daemon->fd < 0)
        daemon->fd = sg_bench_daemon_dial(daemon);
    if (daemon->fd >= 0 &&
        send(daemon->fd, request, (size_t)n, MSG_NOSIGNAL) == n)
        err = read_answer(daemon);
    if (err != SG_OK && daemon->fd >= 0) {
        (void)close(daemon->fd);
        daemon->fd = -1;
    }
    return err;
}

enum sg_err sg_bench_daemon_get(struct sg_bench_daemon *daemon,
                                const char *path)
{
    bool is_kept = daemon->fd >= 0;
    enum sg_err err = ask_once(daemon, path);

    /* A server may end a connection that it kept (RFC 9112, 9.3.1). */
    return err != SG_OK && is_kept ? ask_once(daemon, path) : err;
}

uint64_t sg_bench_daemon_sum(const struct sg_bench_daemon *daemon,
                             const char *member)
{
    char name[64];
    uint64_t sum = 0;
    size_t size = (size_t)snprintf(name, sizeof name, "\"%.56s\":", member);
    const char *at =
        daemon->answer.size > 0 ? (const char *)daemon->answer.data : "";

    while ((at = strstr(at, name)) != NULL) {
        at += size;
        sum += strncmp(at, "true", 4) == 0 ? 1 : strtoull(at, NULL, 10);
    }
    return sum;
}

enum sg_err sg_bench_daemon_wait(struct sg_bench_daemon *daemon,
                                 const char *path, const char *member,
                                 uint64_t least)
{
    uint64_t until = sg_clock_mono().ms + WAIT_MS;
    enum sg_err err;

    for (;;) {
        err = sg_bench_daemon_get(daemon, path);
        if (err != SG_OK || sg_bench_daemon_sum(daemon, member) >= least)
            return err;
        if (sg_clock_mono().ms > until)
            return SG_ERR_IO;
        pause_us(1000);
    }
}

enum sg_err sg_bench_daemon_meet(struct sg_bench_daemon *daemon,
                                 uint64_t *ret_ms)
{
    uint64_t until = sg_clock_mono().ms + WAIT_MS;

    for (;;) {
        enum sg_err err;

        *ret_ms = sg_clock_mono().ms;
        err = sg_bench_daemon_get(daemon, "/v1/peers");
        if (err != SG_OK || sg_bench_daemon_sum(daemon, "connected") > 0)
            return err;
        if (*ret_ms > until)
            return SG_ERR_IO;
        pause_us(500);
    }
}

/* --- What it costs --------------------------------------------------------
 */

double sg_bench_daemon_memory(const struct sg_bench_daemon *daemon)
{
    char path[64], line[LINE_SIZE];
    uint64_t kib = 0;
    FILE *file;

    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)daemon->pid);
    file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "RssAnon:", 8) == 0)
            kib = strtoull(line + 8, NULL, 10);
    if (file != NULL)
        (void)fclose(file);
    return (double)kib / 1024;
}

/* Nanoseconds of one thread. */
static uint64_t thread_time(const char *folder, const char *thread)
{
    char path[LINE_SIZE], line[LINE_SIZE];
    uint64_t time = 0;
    FILE *file;

    (void)snprintf(path, sizeof path, "%.200s/%.200s/schedstat", folder,
                   thread);
    file = fopen(path, "re");
    if (file == NULL)
        return 0;
    if (fgets(line, sizeof line, file) != NULL)
        time = strtoull(line, NULL, 10);
    (void)fclose(file);
    return time;
}

double sg_bench_daemon_cpu(const struct sg_bench_daemon *daemon)
{
    const struct dirent *entry;
    char folder[64];
    uint64_t time = 0;
    DIR *tasks;

    (void)snprintf(folder, sizeof folder, "/proc/%d/task", (int)daemon->pid);
    tasks = opendir(folder);
    while (tasks != NULL && (entry = readdir(tasks)) != NULL)
        if (entry->d_name[0] != '.')
            time += thread_time(folder, entry->d_name);
    if (tasks != NULL)
        (void)closedir(tasks);
    return (double)time / 1e9;
}

void sg_bench_daemon_retire(void)
{
    struct ifreq lo = {.ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK};
    int fd;

    if (unshare(CLONE_NEWNET) != 0)
        return;
    (void)snprintf(lo.ifr_name, sizeof lo.ifr_name, "lo");
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)ioctl(fd, SIOCSIFFLAGS, &lo);
    (void)close(fd);
}

uint64_t sg_bench_daemon_loopback(void)
{
    FILE *file = fopen("/proc/net/dev", "re");
    char line[LINE_SIZE];
    uint64_t bytes = 0;

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *at = strstr(line, "lo:");

        if (at != NULL)
            bytes = strtoull(at + 3, NULL, 10);
    }
    if (file != NULL)
        (void)fclose(file);
    return bytes;
}
