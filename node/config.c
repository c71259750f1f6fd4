#include "node/config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "storage/base/check.h"
#include "storage/base/text.h"
#include "storage/base/writer.h"

enum kind {
    KIND_PATH,
    KIND_ADDRESS,
    KIND_SIZE,
    KIND_TIME,
    KIND_NUMBER,
    KIND_MODE,
    KIND_YES,
    KIND_LOG,
};

/* A key: where its value lies in its struct, and what it may be. */
struct key {
    const char *key;
    enum kind kind;
    size_t offset;
    uint64_t least;
    uint64_t most;
    const char *value; /* the default */
    const char *what;
};

#define NODE_ROW(KIND, member, key, least, most, value, what)             \
    {key,   KIND_##KIND, offsetof(struct sg_config, member), least, most, \
     value, what},
#define PEER_ROW(KIND, member, key, least, most, value, what)                  \
    {key,   KIND_##KIND, offsetof(struct sg_config_peer, member), least, most, \
     value, what},

static const struct key node_keys[] = {SG_CONFIG_NODE_LIST(NODE_ROW)};
static const struct key peer_keys[] = {SG_CONFIG_PEER_LIST(PEER_ROW)};

#define N_NODE_KEYS (sizeof node_keys / sizeof node_keys[0])
#define N_PEER_KEYS (sizeof peer_keys / sizeof peer_keys[0])

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit size_units[] = {
    {"B", 1},
    {"KiB", UINT64_C(1) << 10},
    {"MiB", UINT64_C(1) << 20},
    {"GiB", UINT64_C(1) << 30},
    {"TiB", UINT64_C(1) << 40},
};
static const struct unit time_units[] = {
    {"ms", 1},
    {"s", 1000},
    {"min", 60000},
    {"h", 3600000},
};

static const char *const log_names[] = {"error", "warning", "info", "debug"};

/* --- Texts ---------------------------------------------------------------- */

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static struct sg_bytes trim(struct sg_bytes text)
{
    while (text.size > 0 && is_blank(text.data[0]))
        text = sg_bytes(text.data + 1, text.size - 1);
    while (text.size > 0 && is_blank(text.data[text.size - 1]))
        text.size--;
    return text;
}

static bool equals(struct sg_bytes text, const char *word)
{
    return text.size == strlen(word) && memcmp(text.data, word, text.size) == 0;
}

static void copy(struct sg_bytes text, char *ret, size_t size)
{
    size_t n = text.size < size ? text.size : size - 1;

    if (n > 0)
        memcpy(ret, text.data, n);
    ret[n] = 0;
}

/* --- Values --------------------------------------------------------------- */

/* Reads digits of BASE off the front of TEXT; false when there are none, or too
 * many. */
static bool read_digits(struct sg_bytes *text, unsigned base, uint64_t *ret)
{
    size_t n = 0;

    *ret = 0;
    while (n < text->size && text->data[n] >= '0' &&
           text->data[n] < '0' + (int)base) {
        if (*ret > (UINT64_MAX - 9) / base)
            return false;
        *ret = *ret * base + (uint64_t)(text->data[n++] - '0');
    }
    *text = trim(sg_bytes(text->data + n, text->size - n));
    return n > 0;
}

static bool read_quantity(struct sg_bytes text, const struct unit *units,
                          size_t n_units, uint64_t *ret)
{
    uint64_t number;

    if (!read_digits(&text, 10, &number))
        return false;
    for (size_t i = 0; i < n_units; i++) {
        if (!equals(text, units[i].name))
            continue;
        if (number > UINT64_MAX / units[i].factor)
            return false;
        *ret = number * units[i].factor;
        return true;
    }
    return false;
}

/* host:port, a port from 1 to 65535; the host may be [an IPv6 address]. */
static bool is_address(struct sg_bytes text)
{
    size_t colon = text.size;
    struct sg_bytes port;
    uint64_t number;

    if (text.size == 0)
        return true;
    while (colon > 0 && text.data[colon - 1] != ':')
        colon--;
    if (colon < 2)
        return false;
    port = sg_bytes(text.data + colon, text.size - colon);
    return read_digits(&port, 10, &number) && port.size == 0 && number >= 1 &&
           number <= 65535;
}

static bool read_log(struct sg_bytes text, enum sg_config_log *ret)
{
    for (size_t i = 0; i < sizeof log_names / sizeof log_names[0]; i++) {
        if (equals(text, log_names[i])) {
            *ret = (enum sg_config_log)i;
            return true;
        }
    }
    return false;
}

/* Reads a number of KEY's kind and bounds it. */
static bool read_number(const struct key *key, struct sg_bytes text,
                        uint64_t *ret)
{
    bool is_read = false;

    switch (key->kind) {
    case KIND_SIZE:
        is_read = read_quantity(text, size_units,
                                sizeof size_units / sizeof size_units[0], ret);
        break;
    case KIND_TIME:
        is_read = read_quantity(text, time_units,
                                sizeof time_units / sizeof time_units[0], ret);
        break;
    case KIND_NUMBER:
        is_read = read_digits(&text, 10, ret) && text.size == 0;
        break;
    default:
        is_read = read_digits(&text, 8, ret) && text.size == 0;
        break;
    }
    return is_read && *ret >= key->least && *ret <= key->most;
}

/* Sets the member of KEY in BASE. Returns false when TEXT is no value of it. */
static bool set(const struct key *key, struct sg_bytes text, void *base)
{
    void *member = (char *)base + key->offset;
    uint64_t number;

    switch (key->kind) {
    case KIND_PATH:
        if (text.size >= SG_CONFIG_TEXT_SIZE ||
            (text.size == 0 ? key->value[0] != '\0' : text.data[0] != '/'))
            return false;
        copy(text, member, SG_CONFIG_TEXT_SIZE);
        return true;
    case KIND_ADDRESS:
        if (text.size >= SG_CONFIG_TEXT_SIZE || !is_address(text))
            return false;
        copy(text, member, SG_CONFIG_TEXT_SIZE);
        return true;
    case KIND_YES:
        *(bool *)member = equals(text, "yes");
        return equals(text, "yes") || equals(text, "no");
    case KIND_LOG:
        return read_log(text, member);
    default:
        if (!read_number(key, text, &number))
            return false;
        *(uint64_t *)member = number;
        return true;
    }
}

/* --- Printing ---------------------------------------------------------------
 */

/* The largest unit in which NUMBER is whole. */
static void print_quantity(uint64_t number, const struct unit *units,
                           size_t n_units, char *ret, size_t size)
{
    size_t i = n_units - 1;

    while (i > 0 && (number == 0 || number % units[i].factor != 0))
        i--;
    snprintf(ret, size, "%" PRIu64 " %s", number / units[i].factor,
             units[i].name);
}

static void print_value(const struct key *key, const void *base, char *ret,
                        size_t size)
{
    const void *member = (const char *)base + key->offset;

    switch (key->kind) {
    case KIND_PATH:
    case KIND_ADDRESS:
        snprintf(ret, size, "%s", (const char *)member);
        return;
    case KIND_YES:
        snprintf(ret, size, "%s", *(const bool *)member ? "yes" : "no");
        return;
    case KIND_LOG:
        snprintf(ret, size, "%s",
                 log_names[*(const enum sg_config_log *)member]);
        return;
    case KIND_SIZE:
        print_quantity(*(const uint64_t *)member, size_units,
                       sizeof size_units / sizeof size_units[0], ret, size);
        return;
    case KIND_TIME:
        print_quantity(*(const uint64_t *)member, time_units,
                       sizeof time_units / sizeof time_units[0], ret, size);
        return;
    case KIND_NUMBER:
        snprintf(ret, size, "%" PRIu64, *(const uint64_t *)member);
        return;
    case KIND_MODE:
        snprintf(ret, size, "%04" PRIo64, *(const uint64_t *)member);
        return;
    }
}

static void print_line(struct sg_writer *writer, const char *text)
{
    sg_writer_bytes(writer, sg_bytes(text, strlen(text)));
}

static void print_keys(struct sg_writer *writer, const struct key keys[],
                       size_t count, const void *base)
{
    char value[SG_CONFIG_TEXT_SIZE];
    char line[3 * SG_CONFIG_TEXT_SIZE];

    for (size_t i = 0; i < count; i++) {
        print_value(&keys[i], base, value, sizeof value);
        snprintf(line, sizeof line, "# %s\n%s = %s\n", keys[i].what,
                 keys[i].key, value);
        print_line(writer, line);
    }
}

enum sg_err sg_config_print(const struct sg_config *config, struct sg_buf *buf)
{
    struct sg_writer writer;
    char line[SG_CONFIG_TEXT_SIZE + 16];

    sg_writer_init_buf(&writer, buf);
    print_keys(&writer, node_keys, N_NODE_KEYS, config);
    for (size_t i = 0; i < config->n_peers; i++) {
        snprintf(line, sizeof line, "\n[peer %s]\n", config->peers[i].name);
        print_line(&writer, line);
        print_keys(&writer, peer_keys, N_PEER_KEYS, &config->peers[i]);
    }
    return sg_writer_end(&writer);
}

/* --- Reading ----------------------------------------------------------------
 */

/* What would do for KEY, for somebody who has just seen it refused. */
static void say_allowed(const struct key *key, char *ret, size_t size)
{
    struct key bound = *key;
    uint64_t ends[2] = {key->least, key->most};
    char texts[2][64];

    bound.offset = 0;
    for (int i = 0; i < 2; i++)
        print_value(&bound,
                    key->kind == KIND_SIZE || key->kind == KIND_TIME ||
                            key->kind == KIND_NUMBER || key->kind == KIND_MODE
                        ? (const void *)&ends[i]
                        : (const void *)"",
                    texts[i], sizeof texts[i]);
    switch (key->kind) {
    case KIND_PATH:
        if (key->value[0] == '\0')
            snprintf(ret, size, "a path from /, or nothing");
        else
            snprintf(ret, size, "a path from /, such as %s", key->value);
        return;
    case KIND_ADDRESS:
        snprintf(ret, size, "host:port, such as 10.0.0.1:7646, or nothing");
        return;
    case KIND_YES:
        snprintf(ret, size, "yes or no");
        return;
    case KIND_LOG:
        snprintf(ret, size, "error, warning, info or debug");
        return;
    default:
        snprintf(ret, size, "%s to %s, such as %s", texts[0], texts[1],
                 key->value);
        return;
    }
}

struct reading {
    struct sg_config *config;
    struct sg_config_fault *fault;
    struct sg_config_peer *peer; /* of the section; NULL before the first */
    uint32_t seen;               /* keys of this section, as bits */
};

static enum sg_err refuse(struct reading *reading, struct sg_bytes key,
                          const char *reason, const char *allowed)
{
    copy(key, reading->fault->key, sizeof reading->fault->key);
    snprintf(reading->fault->reason, sizeof reading->fault->reason, "%s",
             reason);
    snprintf(reading->fault->allowed, sizeof reading->fault->allowed, "%s",
             allowed);
    return SG_ERR_INVALID;
}

/* A control character in a name would end in a log line. */
static bool is_printable(struct sg_bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < 0x20 || text.data[i] == 0x7f)
            return false;
    return true;
}

static void set_defaults(const struct key keys[], size_t count, void *base)
{
    for (size_t i = 0; i < count; i++)
        SG_ASSERT(set(&keys[i], sg_bytes(keys[i].value, strlen(keys[i].value)),
                      base));
}

static enum sg_err read_section(struct reading *reading, struct sg_bytes line)
{
    struct sg_config *config = reading->config;
    struct sg_bytes name;

    if (line.size < 7 || memcmp(line.data, "[peer ", 6) != 0 ||
        line.data[line.size - 1] != ']')
        return refuse(reading, line, "this is no section", "[peer NAME]");
    name = trim(sg_bytes(line.data + 6, line.size - 7));
    if (name.size == 0 || name.size >= SG_CONFIG_TEXT_SIZE)
        return refuse(reading, line, "the peer's name is empty or too long",
                      "1 to 255 bytes");
    for (size_t i = 0; i < config->n_peers; i++)
        if (equals(name, config->peers[i].name))
            return refuse(reading, line, "another peer has this name", "");
    if (config->n_peers == SG_PEERS_MAX)
        return refuse(reading, line, "there are too many peers", "64 at most");
    reading->peer = &config->peers[config->n_peers++];
    reading->seen = 0;
    set_defaults(peer_keys, N_PEER_KEYS, reading->peer);
    copy(name, reading->peer->name, sizeof reading->peer->name);
    return SG_OK;
}

static enum sg_err read_key(struct reading *reading, struct sg_bytes name,
                            struct sg_bytes value)
{
    bool in_peer = reading->peer != NULL;
    const struct key *keys = in_peer ? peer_keys : node_keys;
    size_t count = in_peer ? N_PEER_KEYS : N_NODE_KEYS;
    void *base = in_peer ? (void *)reading->peer : (void *)reading->config;
    char allowed[200];

    for (size_t i = 0; i < count; i++) {
        if (!equals(name, keys[i].key))
            continue;
        if ((reading->seen >> i & 1) != 0)
            return refuse(reading, name, "this key was set above already", "");
        reading->seen |= UINT32_C(1) << i;
        if (set(&keys[i], value, base))
            return SG_OK;
        say_allowed(&keys[i], allowed, sizeof allowed);
        return refuse(reading, name, "the value is not one of this key",
                      allowed);
    }
    return refuse(reading, name,
                  in_peer ? "a peer has no such key" : "there is no such key",
                  in_peer ? "address, dial, metered, hour, day"
                          : "sogocd --help lists the keys");
}

static enum sg_err read_line(struct reading *reading, struct sg_bytes line)
{
    size_t equal = 0;

    line = trim(line);
    if (line.size == 0 || line.data[0] == '#')
        return SG_OK;
    if (!is_printable(line))
        return refuse(reading, sg_bytes(NULL, 0),
                      "the line has a control character", "");
    if (line.data[0] == '[')
        return read_section(reading, line);
    while (equal < line.size && line.data[equal] != '=')
        equal++;
    if (equal == line.size)
        return refuse(reading, line, "the line has no =", "key = value");
    return read_key(
        reading, trim(sg_bytes(line.data, equal)),
        trim(sg_bytes(line.data + equal + 1, line.size - equal - 1)));
}

void sg_config_init(struct sg_config *ret_config)
{
    memset(ret_config, 0, sizeof *ret_config);
    set_defaults(node_keys, N_NODE_KEYS, ret_config);
}

enum sg_err sg_config_read(struct sg_bytes text, struct sg_config *ret_config,
                           struct sg_config_fault *ret_fault)
{
    struct reading reading = {.config = ret_config, .fault = ret_fault};

    sg_config_init(ret_config);
    *ret_fault = (struct sg_config_fault){.line = 0};
    if (text.size > SG_CONFIG_SIZE_MAX)
        return SG_ERR_LIMIT;
    if (!sg_text_is_utf8(text))
        return SG_ERR_TEXT;
    while (text.size > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        size_t size = end == NULL ? text.size : (size_t)(end - text.data);
        enum sg_err err;

        ret_fault->line++;
        err = read_line(&reading, sg_bytes(text.data, size));
        if (err != SG_OK)
            return err;
        size += end != NULL;
        text = sg_bytes(text.data + size, text.size - size);
    }
    return SG_OK;
}
