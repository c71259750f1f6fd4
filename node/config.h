/* Configuration: what an administrator decides about one node.
 *
 * A text of lines, UTF-8:
 *
 *     # a remark
 *     directory = /var/lib/sogoc
 *     reserve   = 256 MiB
 *
 *     [peer Trung tâm]
 *     address   = 10.38.0.1:7646
 *     metered   = yes
 *
 * Every key is in the list below, with its limits and its default; a line that
 * does not fit is refused with its number, its key, the reason and what is
 * allowed. Nothing is read from the environment, and no key is silently passed
 * over: a misspelt limit would be no limit. Pure: text in, values out.
 */
#ifndef SG_NODE_CONFIG_H
#define SG_NODE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/base/buf.h"
#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"

/* A path, an address or a name, with its NUL. */
#define SG_CONFIG_TEXT_SIZE 256u
/* A whole file: 64 peers with a remark each. */
#define SG_CONFIG_SIZE_MAX 65536u

enum sg_config_log {
    SG_CONFIG_LOG_ERROR,
    SG_CONFIG_LOG_WARNING,
    SG_CONFIG_LOG_INFO,
    SG_CONFIG_LOG_DEBUG,
};

/* X(KIND, member, key, least, most, default, what it is). KIND: PATH (empty
 * only where that is the default), ADDRESS (host:port; empty: none), SIZE
 * (bytes), TIME (ms), YES (yes or no), LOG, MODE (octal rights). Least and most
 * bound numbers. */
/* clang-format off */
#define SG_CONFIG_NODE_LIST(X)                                                 \
    X(PATH, directory, "directory", 0, 0, "/var/lib/sogoc",                    \
      "where the node keeps its logs, its view and its keys")                  \
    X(PATH, passphrase, "passphrase", 0, 0, "",                                \
      "a file with the passphrase of the node's keys; empty: they are plain")  \
    X(ADDRESS, listen, "listen", 0, 0, "0.0.0.0:7646",                         \
      "where other nodes connect; empty: nowhere")                             \
    X(PATH, socket, "socket", 0, 0, "/run/sogoc/sogocd.sock",                  \
      "the socket of the API for programs on this machine")                    \
    X(MODE, socket_mode, "socket-mode", 0, 0777, "0660",                       \
      "who may use the socket")                                                \
    X(ADDRESS, http, "http", 0, 0, "127.0.0.1:7647",                           \
      "the API and the page over HTTP, on loopback only; empty: nowhere")      \
    X(SIZE, map_size_max, "map-size-max", UINT64_C(1) << 30, SG_MAP_SIZE_MAX,  \
      "1 TiB", "how large the database may grow")                              \
    X(SIZE, reserve, "reserve", 0, UINT64_C(1) << 40, "256 MiB",               \
      "free space that ordinary work leaves to revocations and audits")        \
    X(TIME, interval, "interval", 1000, 3600000, "30 s",                       \
      "how often a session compares roots")                                    \
    X(TIME, metered_interval, "metered-interval", 10000, 86400000, "10 min",   \
      "the same on a metered link")                                            \
    X(TIME, ping, "ping", 60000, 900000, "1 min",                              \
      "how long a session may be quiet")                                       \
    X(NUMBER, sessions, "sessions", 1, SG_PEERS_MAX, "64",                     \
      "sessions at a time")                                                    \
    X(NUMBER, handshakes, "handshakes", 1, 100000, "100",                      \
      "handshakes a second that are answered, of strangers in all")            \
    X(NUMBER, handshakes_each, "handshakes-each", 1, 100000, "10",             \
      "the same of one machine")                                               \
    X(NUMBER, logs, "logs", 64, 262144, "16384",                               \
      "logs that the node can know")                                           \
    X(SIZE, writer_size, "writer-size", UINT64_C(1) << 20, UINT64_C(1) << 50,  \
      "4 GiB", "bytes kept of one writer")                                     \
    X(SIZE, writer_day, "writer-day", UINT64_C(1) << 20, UINT64_C(1) << 50,    \
      "256 MiB", "bytes a day of one writer that are not put last")            \
    X(TIME, compact, "compact", 1000, 86400000, "10 min",                      \
      "how long after an erasure the logs are copied without it")              \
    X(YES, cosigns, "cosigns", 0, 0, "no",                                     \
      "cosigns what it stores: central nodes do")                              \
    X(TIME, unlock, "unlock", 60000, 28800000, "5 min",                        \
      "how long an officer's key stays unlocked unused")                       \
    X(NUMBER, reads, "reads-a-day", 1, 100000, "200",                          \
      "persons that one officer may read a day without a second officer")      \
    X(LOG, log, "log", 0, 0, "info", "error, warning, info or debug")

#define SG_CONFIG_PEER_LIST(X)                                                 \
    X(ADDRESS, address, "address", 0, 0, "",                                   \
      "where the peer listens; empty: it dials us")                            \
    X(YES, dial, "dial", 0, 0, "yes", "this node opens the connection")        \
    X(YES, metered, "metered", 0, 0, "no", "bytes cost money on this link")    \
    X(SIZE, hour, "hour", 0, UINT64_C(1) << 50, "0 B",                         \
      "bytes an hour in both directions; 0: no limit")                         \
    X(SIZE, day, "day", 0, UINT64_C(1) << 50, "0 B",                           \
      "bytes a day in both directions; 0: no limit")
/* clang-format on */

#define SG_CONFIG_TYPE_PATH     char
#define SG_CONFIG_COUNT_PATH    [SG_CONFIG_TEXT_SIZE]
#define SG_CONFIG_TYPE_ADDRESS  char
#define SG_CONFIG_COUNT_ADDRESS [SG_CONFIG_TEXT_SIZE]
#define SG_CONFIG_TYPE_SIZE     uint64_t
#define SG_CONFIG_COUNT_SIZE
#define SG_CONFIG_TYPE_TIME uint64_t
#define SG_CONFIG_COUNT_TIME
#define SG_CONFIG_TYPE_NUMBER uint64_t
#define SG_CONFIG_COUNT_NUMBER
#define SG_CONFIG_TYPE_MODE uint64_t
#define SG_CONFIG_COUNT_MODE
#define SG_CONFIG_TYPE_YES bool
#define SG_CONFIG_COUNT_YES
#define SG_CONFIG_TYPE_LOG enum sg_config_log
#define SG_CONFIG_COUNT_LOG
#define SG_CONFIG_MEMBER(KIND, member, ...) \
    SG_CONFIG_TYPE_##KIND member SG_CONFIG_COUNT_##KIND;

struct sg_config_peer {
    char name[SG_CONFIG_TEXT_SIZE]; /* for people: shown in logs and tables */
    SG_CONFIG_PEER_LIST(SG_CONFIG_MEMBER)
};

struct sg_config {
    SG_CONFIG_NODE_LIST(SG_CONFIG_MEMBER)
    size_t n_peers;
    struct sg_config_peer peers[SG_PEERS_MAX];
};

/* What is wrong with a text. */
struct sg_config_fault {
    size_t line;       /* from 1 */
    char key[64];      /* as written; empty when the line has none */
    char reason[160];  /* one sentence without a full stop */
    char allowed[200]; /* what would do; may be empty */
};

/* Sets RET_CONFIG to the defaults. */
void sg_config_init(struct sg_config *ret_config);

/* Reads TEXT. Errors: LIMIT above SG_CONFIG_SIZE_MAX; TEXT (not UTF-8);
 * INVALID; and RET_FAULT says where and why. */
SG_USE_RESULT enum sg_err sg_config_read(struct sg_bytes text,
                                         struct sg_config *ret_config,
                                         struct sg_config_fault *ret_fault);

/* Writes CONFIG as a text that sg_config_read reads back to the same values,
 * every key with what it is. Errors: NOMEM, LIMIT, left in BUF's writer. */
SG_USE_RESULT enum sg_err sg_config_print(const struct sg_config *config,
                                          struct sg_buf *buf);

#endif
