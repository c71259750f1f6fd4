/* The command line that all verbs of sogoc share: options, errors, exit codes.
 *
 * A verb gets a struct sg_cli and what stands after its name, and returns an
 * exit code. Each error is one line on standard error that says what happened
 * and what to do; the function that prints it returns the code, so that a verb
 * says `return sg_cli_fail(...)`. Results are printed through out.h.
 */
#ifndef SG_TOOLS_CLI_H
#define SG_TOOLS_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/base/crypto.h"
#include "storage/base/err.h"
#include "tools/out.h"

/* Exit codes, by meaning; part of the interface, never renumbered. */
enum sg_cli_exit {
    SG_EXIT_OK = 0,
    SG_EXIT_NO = 1,         /* a negative verdict: it does not hold */
    SG_EXIT_USAGE = 2,      /* the command was not understood */
    SG_EXIT_IMPOSSIBLE = 3, /* not there, there already, not possible now */
    SG_EXIT_DAMAGED = 4,    /* what is on the disk is damaged */
    SG_EXIT_BUSY = 5,       /* another process has the store */
    SG_EXIT_FULL = 6,       /* no room on the disk */
    SG_EXIT_ACCESS = 7,     /* no permission */
    SG_EXIT_KEY = 8,        /* a key is missing, wrong, or does not open */
    SG_EXIT_DISK = 9,       /* reading or writing failed */
    SG_EXIT_INTERNAL = 70,  /* no memory; a mistake of ours */
};

struct sg_cli {
    enum sg_lang lang;
    const char *dir;   /* the data directory */
    bool is_dir_given; /* by --dir or SOGOC_DIR */
    /* Where passphrases lie; NULL: a person is asked (ask.h). The node's keys
     * have one of their own, or, if that is NULL, the same. */
    const char *passphrase_file;
    const char *node_passphrase_file;
    bool is_json;
    bool is_help;
    bool is_progress;
    bool is_quiet; /* no notes: the verb itself says what happened */
    struct sg_out out;
};

/* Chooses between the two languages. */
static inline const char *sg_cli_say(const struct sg_cli *cli, const char *en,
                                     const char *vi)
{
    return cli->lang == SG_LANG_VI ? vi : en;
}

/* Prints one line of error, in the language of CLI: the formats take the same
 * arguments in the same order. Returns CODE. */
int sg_cli_fail(const struct sg_cli *cli, enum sg_cli_exit code, const char *en,
                const char *vi, ...)
    __attribute__((format(printf, 3, 5), format(printf, 4, 5)));

/* Prints that ERR happened to WHAT (a path, a file) and what to do about it.
 * Returns the exit code of ERR, which is not SG_OK. */
int sg_cli_fail_err(const struct sg_cli *cli, enum sg_err err,
                    const char *what);

/* Prints one line to standard error that is no error, unless CLI is quiet. */
void sg_cli_note(const struct sg_cli *cli, const char *en, const char *vi, ...)
    __attribute__((format(printf, 2, 4), format(printf, 3, 4)));

/* Gives the exit code of ERR. */
enum sg_cli_exit sg_cli_exit_of(enum sg_err err);

/* An option of a verb. */
enum sg_cli_kind { SG_CLI_FLAG, SG_CLI_TEXT, SG_CLI_NUMBER };

struct sg_cli_option {
    const char *name; /* with its dashes */
    enum sg_cli_kind kind;
    bool *flag;
    const char **text;
    uint64_t *number;
};

/* What is left when the options are taken out. */
struct sg_cli_words {
    int count;
    char **words;
};

/* Takes the options that every verb has (--dir, --json, --lang, --help,
 * --progress, --passphrase-file, --node-passphrase-file) out of ARGV, and the
 * environment's answers where they are missing. Returns 0, or the exit code
 * after it has printed the error. */
int sg_cli_init(struct sg_cli *cli, int argc, char **argv,
                struct sg_cli_words *ret_words);

/* Takes a verb's own OPTIONS out of WORDS, whose rest must be MIN to MAX words.
 * Returns 0, or the exit code after it has printed the error. */
int sg_cli_options(const struct sg_cli *cli, struct sg_cli_words *words,
                   const struct sg_cli_option options[], size_t option_count,
                   int min, int max);

/* Reads the value HEX of --key, a public key. Returns 0, or the exit code after
 * it has printed the error. */
int sg_cli_key(const struct sg_cli *cli, const char *hex,
               uint8_t ret_key[SG_KEY_SIZE]);

/* Ends a verb's output. Returns CODE, or the exit code of an output that failed
 * after it has printed the error. */
int sg_cli_end(struct sg_cli *cli, int code);

#endif
