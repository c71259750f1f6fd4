/* The daemon sogocd: reads its configuration, opens its directory, runs. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "node/config.h"
#include "node/erasure.h"
#include "node/identity.h"
#include "node/say.h"
#include "node/uv_node.h"
#include "storage/base/alloc.h"
#include "storage/base/version.h"
#include "storage/lmdb/file.h"

/* Exit codes, those of sogoc where they mean the same. */
enum {
    EXIT_DONE = 0,
    EXIT_USAGE = 2,
    EXIT_IMPOSSIBLE = 3,
    EXIT_DAMAGED = 4,
    EXIT_BUSY = 5,
    EXIT_NO_ROOM = 6,
    EXIT_NO_ACCESS = 7,
    EXIT_KEY = 8,
    EXIT_DISK = 9,
    EXIT_INTERNAL = 70,
};

static const char help[] =
    "usage: sogocd -f FILE | -n FILE\n"
    "\n"
    "The node of a registry: keeps the logs of its district and exchanges "
    "them\n"
    "with other nodes.\n"
    "\n"
    "  -f FILE    run with the configuration FILE, in the foreground\n"
    "  -n FILE    check FILE and print it back, every key with what it is\n"
    "  --help, --version\n"
    "\n"
    "SIGTERM and SIGINT stop it, SIGHUP reads FILE again. What happens is "
    "said\n"
    "on standard error. What FILE's `directory` must hold: keys/node.key,\n"
    "keys/transport.key, certificate, chain and log/ (storage/FORMAT.md 10).\n"
    "\n"
    "Programs ask it at `socket`, browsers at `http` (node/API.md).\n"
    "\n"
    "Example:\n"
    "  $ printf 'directory = /var/lib/sogoc\\n' > sogocd.conf\n"
    "  $ sogocd -n sogocd.conf\n"
    "\n"
    "Exit: 0 stopped, or FILE is right; 2 FILE or the command was not\n"
    "understood; 3 something is not there or not possible; 4 damaged; 5 "
    "another\n"
    "process has the directory; 6 disk full; 7 no permission; 8 key or\n"
    "certificate wrong; 9 the disk failed; 70 a mistake of sogocd.\n";

static int code_of(enum sg_err err)
{
    switch (err) {
    case SG_OK:
        return EXIT_DONE;
    case SG_ERR_BUSY:
        return EXIT_BUSY;
    case SG_ERR_FULL:
        return EXIT_NO_ROOM;
    case SG_ERR_ACCESS:
        return EXIT_NO_ACCESS;
    case SG_ERR_DECRYPT:
    case SG_ERR_UNTRUSTED:
    case SG_ERR_CERTIFICATE:
        return EXIT_KEY;
    case SG_ERR_FATAL:
        return EXIT_DISK;
    case SG_ERR_NOMEM:
        return EXIT_INTERNAL;
    case SG_ERR_DAMAGED:
    case SG_ERR_TRUNCATED:
    case SG_ERR_TRAILING:
    case SG_ERR_MALFORMED:
        return EXIT_DAMAGED;
    default:
        return EXIT_IMPOSSIBLE;
    }
}

/* --- Configuration
 * ------------------------------------------------------------- */

static void say_fault(const char *path, const struct sg_config_fault *fault)
{
    (void)fprintf(stderr, "sogocd: %s:%zu: %s%s%s%s%s\n", path, fault->line,
                  fault->key, fault->key[0] != '\0' ? ": " : "", fault->reason,
                  fault->allowed[0] != '\0' ? "; allowed: " : "",
                  fault->allowed);
}

/* Reads PATH; what is wrong is said. Returns an exit code. */
static int read_config(const char *path, struct sg_config *ret_config)
{
    struct sg_config_fault fault = {.line = 0};
    struct sg_buf text;
    enum sg_err err;

    sg_buf_init(&text, SG_CONFIG_SIZE_MAX + 1);
    err = sg_file_read(path, &text);
    if (err != SG_OK) {
        (void)fprintf(stderr, "sogocd: %s: %s\n", path,
                      sg_err_text(err, SG_LANG_EN));
        sg_buf_clear(&text);
        return err == SG_ERR_LIMIT ? EXIT_USAGE : code_of(err);
    }
    err = sg_config_read(sg_buf_bytes(&text), ret_config, &fault);
    sg_buf_clear(&text);
    if (err == SG_OK)
        return EXIT_DONE;
    say_fault(path, &fault);
    return EXIT_USAGE;
}

static int print_config(const struct sg_config *config)
{
    struct sg_buf text;
    enum sg_err err;

    sg_buf_init(&text, 4 * SG_CONFIG_SIZE_MAX);
    err = sg_config_print(config, &text);
    if (err == SG_OK && (fwrite(text.data, 1, text.size, stdout) != text.size ||
                         fflush(stdout) != 0))
        err = SG_ERR_IO;
    sg_buf_clear(&text);
    return code_of(err);
}

/* --- Running
 * -------------------------------------------------------------------- */

static void say_start(const struct sg_store_own *own)
{
    static const char *const starts[] = {
        [SG_START_CARRIED_ON] = "carried on",
        [SG_START_FIRST] = "begun",
        [SG_START_TAIL] = "carried on; its unsigned end is signed now",
        [SG_START_CUT] = "carried on; its end was damaged before anybody was "
                         "told of it, and was removed",
        [SG_START_NO_HIGHWATER] =
            "a new epoch: the high-water file is missing or unreadable",
        [SG_START_MACHINE] = "a new epoch: another machine or directory",
        [SG_START_DATABASE] = "a new epoch: another copy of the database",
        [SG_START_SHORTER] = "a new epoch: the database lacks what was signed",
        [SG_START_DIFFERS] =
            "a new epoch: the database differs from what was signed, or the "
            "old log was closed",
    };

    sg_say(own->start <= SG_START_TAIL ? SG_CONFIG_LOG_INFO
                                       : SG_CONFIG_LOG_WARNING,
           "log %02x%02x%02x%02x with %llu entries: %s", own->id.hash.bytes[0],
           own->id.hash.bytes[1], own->id.hash.bytes[2], own->id.hash.bytes[3],
           (unsigned long long)own->signed_checkpoint.size, starts[own->start]);
}

/* Has what was erased leave the disk before anything else uses the store; what
 * is not possible now is tried again the next time. */
static enum sg_err finish_erasure(const struct sg_config *config,
                                  const struct sg_identity *identity)
{
    struct sg_erasure_done done;
    enum sg_err err = sg_erasure_finish(identity->store, config->directory,
                                        identity->node, &done);

    if (done.is_compacted)
        sg_say(SG_CONFIG_LOG_INFO,
               "%llu payloads that %zu orders erase are in no page of the logs "
               "any more; the register is made anew under a new key",
               (unsigned long long)done.entries, done.orders);
    if (err == SG_ERR_FATAL || err == SG_ERR_DAMAGED) {
        sg_say(SG_CONFIG_LOG_ERROR, "%s/log: %s; stopping", config->directory,
               sg_err_text(err, SG_LANG_EN));
        return err;
    }
    if (err != SG_OK)
        sg_say(SG_CONFIG_LOG_WARNING,
               "erased payloads: %s; %s, trying again at the next start",
               sg_err_text(err, SG_LANG_EN),
               done.is_compacted ? "that they are gone is not said yet"
                                 : "they stay in free pages of the logs");
    return SG_OK;
}

/* Opens the directory and runs once. Returns an exit code. */
static int run_once(const struct sg_config *config,
                    enum sg_uv_node_end *ret_end)
{
    const struct sg_store_config store = {
        .dir = config->directory,
        .map_size_max = config->map_size_max,
        .map_size =
            config->map_size_max < SG_MAP_SIZE ? config->map_size_max : 0,
        .reserve_size = config->reserve,
    };
    struct sg_passphrase *passphrase = NULL;
    struct sg_identity identity;
    const char *what = NULL;
    enum sg_err err = SG_OK;

    if (config->passphrase[0] != '\0')
        err = sg_passphrase_read(config->passphrase, &passphrase);
    if (err != SG_OK) {
        sg_say(SG_CONFIG_LOG_ERROR, "passphrase %s: %s; stopping",
               config->passphrase, sg_err_text(err, SG_LANG_EN));
        return code_of(err);
    }
    err = sg_identity_open(&store, passphrase, &identity, &what);
    sg_passphrase_free(passphrase);
    if (err != SG_OK) {
        sg_say(SG_CONFIG_LOG_ERROR, "%s/%s: %s; stopping", config->directory,
               what, sg_err_text(err, SG_LANG_EN));
        return code_of(err);
    }
    say_start(sg_store_own(identity.store, 0));
    err = finish_erasure(config, &identity);
    if (err == SG_OK)
        err = sg_uv_node_run(config, &identity, ret_end);
    sg_identity_close(&identity);
    if (err != SG_OK)
        sg_say(SG_CONFIG_LOG_ERROR, "%s: %s; stopped", config->directory,
               sg_err_text(err, SG_LANG_EN));
    return code_of(err);
}

/* A configuration that is wrong when it is read again changes nothing. */
static void reload(const char *path, struct sg_config *config,
                   struct sg_config *next)
{
    if (read_config(path, next) == EXIT_DONE) {
        *config = *next;
        sg_say_level(config->log);
    } else {
        sg_say(SG_CONFIG_LOG_ERROR, "%s: not taken; going on as before", path);
    }
}

static int run(const char *path, struct sg_config *config,
               struct sg_config *next)
{
    int code;

    sg_uv_node_hold_signals();
    sg_say_level(config->log);
    for (;;) {
        enum sg_uv_node_end end = SG_UV_NODE_STOPPED;

        code = run_once(config, &end);
        if (code != EXIT_DONE || end == SG_UV_NODE_STOPPED)
            break;
        if (end == SG_UV_NODE_RELOADS)
            reload(path, config, next);
    }
    if (code == EXIT_DONE)
        sg_say(SG_CONFIG_LOG_INFO, "stopped");
    return code;
}

static int with_config(const char *option, const char *path)
{
    struct sg_config *configs = sg_calloc(2, sizeof *configs);
    int code;

    if (configs == NULL || sg_crypto_init() != SG_OK) {
        sg_free(configs);
        return EXIT_INTERNAL;
    }
    code = read_config(path, &configs[0]);
    if (code == EXIT_DONE)
        code = strcmp(option, "-n") == 0 ? print_config(&configs[0])
                                         : run(path, &configs[0], &configs[1]);
    sg_free(configs);
    return code;
}

int main(int argc, char **argv)
{
    if (sg_version_answer(argc, argv, "sogocd", help))
        return EXIT_DONE;
    if (argc != 3 ||
        (strcmp(argv[1], "-f") != 0 && strcmp(argv[1], "-n") != 0)) {
        (void)fputs("sogocd: say -f FILE or -n FILE; sogocd --help says more\n",
                    stderr);
        return EXIT_USAGE;
    }
    /* Keys are in memory: no core file has them, no debugger of the same user.
     * A peer who goes away is an error of a write, not a signal. */
    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)signal(SIGPIPE, SIG_IGN);
    return with_config(argv[1], argv[2]);
}
