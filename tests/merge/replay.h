/* Replay: a file of histories (history.h) read back, and delivered to the
 * product in any order and in pieces.
 */
#ifndef SG_TESTS_MERGE_REPLAY_H
#define SG_TESTS_MERGE_REPLAY_H

#include "storage/base/prng.h"
#include "storage/registry/admission.h"
#include "storage/registry/merge/register.h"

#define REPLAY_LOGS_MAX    16
#define REPLAY_COPIES_MAX  2048
#define REPLAY_READERS_MAX 16

struct replay_log {
    struct sg_log_id id;
    uint8_t node[SG_KEY_SIZE];
    uint8_t kind;
    uint64_t size;
};

struct replay_copy {
    unsigned log;
    struct sg_admission_copy copy; /* borrows the file */
    bool is_held;
    bool is_statement;
    unsigned n_readers;
    struct sg_unit_key readers[REPLAY_READERS_MAX];
    struct sg_admission_verdict verdict; /* of the last judgement */
};

struct replay_history {
    uint32_t number;
    struct sg_registry_id registry;
    struct replay_log logs[REPLAY_LOGS_MAX];
    unsigned n_logs;
    struct replay_copy copies[REPLAY_COPIES_MAX];
    unsigned n_copies;
};

/* Reads the next history of FILE; false at its end. Aborts with a word when the
 * file is not as history.h says. Borrows: FILE's bytes. */
bool replay_read(struct sg_bytes *file, struct replay_history *ret_history);

/* Delivers HISTORY in an order and in pieces drawn from SEED (0: as written,
 * in one piece) and appends the lines of rows and roots, and the standing of
 * each copy, to RET. */
void replay_deliver(struct replay_history *history, uint64_t seed,
                    struct sg_buf *ret);

/* Reads the file PATH whole, for replay_read; aborts with a word when it
 * cannot. Caller clears RET. */
void replay_load(const char *path, struct sg_buf *ret);

/* Appends a text, or bytes in hex digits, to the lines OUT. */
void replay_say(struct sg_buf *out, const char *text);
void replay_say_hex(struct sg_buf *out, struct sg_bytes bytes);

/* Aborts with a word when ERR is a failure. */
void replay_must(enum sg_err err, const char *what);

/* Finds what officers have endorsed: sets it in the copies. The copies in
 * ORDER, the first COUNT, have been judged without. */
void replay_endorse(struct replay_history *history, const unsigned *order,
                    unsigned count, const struct sg_authority *authority,
                    const struct sg_fold_world *world);

#endif
