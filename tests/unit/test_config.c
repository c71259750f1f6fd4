/* The daemon's configuration: what may stand in it, and what is said of what
 * may not. */
#include "node/config.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/test.h"

static struct sg_bytes bytes_of(const char *text)
{
    return sg_bytes(text, strlen(text));
}

static void assert_fault(const char *text, size_t line, const char *key,
                         const char *reason)
{
    static struct sg_config config;
    struct sg_config_fault fault;

    assert_err(sg_config_read(bytes_of(text), &config, &fault), INVALID);
    assert_int_equal(fault.line, line);
    assert_string_equal(fault.key, key);
    assert_string_equal(fault.reason, reason);
}

/* An empty text gives the defaults. */
static void test_defaults(void **state)
{
    static struct sg_config config;
    struct sg_config_fault fault;

    (void)state;
    assert_ok(sg_config_read(bytes_of(""), &config, &fault));
    assert_string_equal(config.directory, "/var/lib/sogoc");
    assert_int_equal(config.interval, 30000);
    assert_true(config.reserve == UINT64_C(256) << 20);
    assert_int_equal(config.socket_mode, 0660);
    assert_int_equal(config.reads, 200);
    assert_int_equal(config.log, SG_CONFIG_LOG_INFO);
    assert_false(config.cosigns);
    assert_int_equal(config.n_peers, 0);
}

/* Values, peers, remarks and blanks are read, Vietnamese names too. */
static void test_values(void **state)
{
    static struct sg_config config;
    struct sg_config_fault fault;

    (void)state;
    assert_ok(sg_config_read(bytes_of("# of the district\r\n"
                                      "  directory=/srv/sogoc \n"
                                      "\n"
                                      "interval = 2 min\n"
                                      "http =\n"
                                      "log = debug\n"
                                      "[peer Trung tâm]\n"
                                      "address = [fd00::1]:7646\n"
                                      "metered = yes\n"
                                      "day = 5 MiB\n"
                                      "[peer Mường Lát]\n"
                                      "dial = no"),
                             &config, &fault));
    assert_string_equal(config.directory, "/srv/sogoc");
    assert_int_equal(config.interval, 120000);
    assert_string_equal(config.http, "");
    assert_int_equal(config.log, SG_CONFIG_LOG_DEBUG);
    assert_int_equal(config.n_peers, 2);
    assert_string_equal(config.peers[0].name, "Trung tâm");
    assert_string_equal(config.peers[0].address, "[fd00::1]:7646");
    assert_true(config.peers[0].metered && config.peers[0].dial);
    assert_int_equal(config.peers[0].day, 5 << 20);
    assert_false(config.peers[1].dial);
}

/* What is wrong is named by line, key and reason. */
static void test_faults(void **state)
{
    (void)state;
    assert_fault("log = info\nintervall = 30 s\n", 2, "intervall",
                 "there is no such key");
    assert_fault("interval = 30\n", 1, "interval",
                 "the value is not one of this key");
    assert_fault("interval = 30 days\n", 1, "interval",
                 "the value is not one of this key");
    assert_fault("interval = -1 s\n", 1, "interval",
                 "the value is not one of this key");
    assert_fault("cosigns = true\n", 1, "cosigns",
                 "the value is not one of this key");
    assert_fault("listen = 10.0.0.1\n", 1, "listen",
                 "the value is not one of this key");
    assert_fault("listen = 10.0.0.1:0\n", 1, "listen",
                 "the value is not one of this key");
    assert_fault("listen = 10.0.0.1:65536\n", 1, "listen",
                 "the value is not one of this key");
    assert_fault("passphrase = here\n", 1, "passphrase",
                 "the value is not one of this key");
    assert_fault("directory = here\n", 1, "directory",
                 "the value is not one of this key");
    assert_fault("socket-mode = 0999\n", 1, "socket-mode",
                 "the value is not one of this key");
    assert_fault("log\n", 1, "log", "the line has no =");
    assert_fault("log = info\nlog = info\n", 2, "log",
                 "this key was set above already");
    assert_fault("log = in\x01"
                 "fo\n",
                 1, "", "the line has a control character");
    assert_fault("[node]\n", 1, "[node]", "this is no section");
    assert_fault("[peer ]\n", 1, "[peer ]",
                 "the peer's name is empty or too long");
    assert_fault("[peer A]\n[peer A]\n", 2, "[peer A]",
                 "another peer has this name");
    assert_fault("[peer A]\nlog = info\n", 2, "log", "a peer has no such key");
}

/* And by what would do. */
static void test_allowed(void **state)
{
    static struct sg_config config;
    struct sg_config_fault fault;

    (void)state;
    assert_err(sg_config_read(bytes_of("interval = 5 h\n"), &config, &fault),
               INVALID);
    assert_string_equal(fault.allowed, "1 s to 1 h, such as 30 s");
    assert_err(sg_config_read(bytes_of("sessions = 65\n"), &config, &fault),
               INVALID);
    assert_string_equal(fault.allowed, "1 to 64, such as 64");
    assert_err(sg_config_read(bytes_of("cosigns = 1\n"), &config, &fault),
               INVALID);
    assert_string_equal(fault.allowed, "yes or no");
}

/* Sizes and times are what they say, up to their bounds and not beyond. */
static void test_bounds(void **state)
{
    static struct sg_config config;
    struct sg_config_fault fault;

    (void)state;
    assert_ok(sg_config_read(bytes_of("interval = 1000 ms\nping = 15 min\n"
                                      "map-size-max = 1 TiB\n"),
                             &config, &fault));
    assert_int_equal(config.ping, 900000);
    assert_true(config.map_size_max == UINT64_C(1) << 40);
    assert_fault("interval = 999 ms\n", 1, "interval",
                 "the value is not one of this key");
    assert_fault("ping = 901 s\n", 1, "ping",
                 "the value is not one of this key");
    assert_fault("reserve = 99999999999999999999 B\n", 1, "reserve",
                 "the value is not one of this key");
    assert_fault("reserve = 18446744073709551615 TiB\n", 1, "reserve",
                 "the value is not one of this key");
}

/* Too long a text and one that is not UTF-8 are refused whole; and so is one
 * peer too many. */
static void test_limits(void **state)
{
    static char text[SG_CONFIG_SIZE_MAX + 2];
    static struct sg_config config;
    struct sg_config_fault fault;
    size_t size = 0;

    (void)state;
    memset(text, '\n', SG_CONFIG_SIZE_MAX + 1);
    assert_err(sg_config_read(bytes_of(text), &config, &fault), LIMIT);
    assert_err(sg_config_read(bytes_of("log = \xff\n"), &config, &fault), TEXT);
    for (unsigned i = 0; i <= SG_PEERS_MAX; i++)
        size += (size_t)snprintf(text + size, 32, "[peer %u]\n", i);
    assert_err(sg_config_read(sg_bytes(text, size), &config, &fault), INVALID);
    assert_int_equal(fault.line, SG_PEERS_MAX + 1);
    assert_string_equal(fault.reason, "there are too many peers");
}

/* What is printed is read back as the same values, and printed again as the
 * same text. */
static void test_printed_text_is_read_back(void **state)
{
    static struct sg_config config, again;
    struct sg_config_fault fault;
    struct sg_buf first, second;

    (void)state;
    assert_ok(sg_config_read(
        bytes_of("interval = 90 s\nreserve = 3 GiB\nhttp =\n"
                 "socket-mode = 0600\n[peer Hoằng Hóa]\naddress = a:1\n"
                 "hour = 1000 B\n[peer B]\ndial = no\n"),
        &config, &fault));
    sg_buf_init(&first, SG_CONFIG_SIZE_MAX);
    sg_buf_init(&second, SG_CONFIG_SIZE_MAX);
    assert_ok(sg_config_print(&config, &first));
    assert_ok(sg_config_read(sg_buf_bytes(&first), &again, &fault));
    assert_ok(sg_config_print(&again, &second));
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.data, second.data, first.size);
    assert_int_equal(again.interval, 90000);
    assert_int_equal(again.peers[0].hour, 1000);
    assert_string_equal(again.peers[0].name, "Hoằng Hóa");
    sg_buf_clear(&first);
    sg_buf_clear(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_printed_text_is_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
