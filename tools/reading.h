/* Asking the running node as an officer, for persons: unlocking his key, saying
 * why, and locking it again.
 *
 * Functions print their error and return the exit code, 0 for success.
 */
#ifndef SG_TOOLS_READING_H
#define SG_TOOLS_READING_H

#include "tools/caller.h"

/* What all such verbs are told. */
struct sg_reading {
    struct sg_cli *cli;
    const char *socket;
    const char *officer; /* whose key is unlocked for this command; NULL: the
                            one that is unlocked already */
    const char *purpose;
    const char *matter; /* its number; NULL: none */
};

/* The options of all of them, for the verb's list. */
#define SG_READING_OPTIONS(reading)                           \
    {"--socket", SG_CLI_TEXT, .text = &(reading)->socket},    \
    {                                                         \
        "--officer", SG_CLI_TEXT, .text = &(reading)->officer \
    }
#define SG_READING_WHY(reading)                              \
    {"--purpose", SG_CLI_TEXT, .text = &(reading)->purpose}, \
    {                                                        \
        "--case", SG_CLI_TEXT, .text = &(reading)->matter    \
    }

/* Unlocks the key of officer NAME at the node; a passphrase that it needs is
 * asked for. Caller frees *RET_ANSWER, who he is. */
SG_USE_RESULT int sg_reading_unlock(const struct sg_reading *reading,
                                    const char *name, json_t **ret_answer);
SG_USE_RESULT int sg_reading_lock(const struct sg_reading *reading,
                                  json_t **ret_answer);

/* Unlocks what READING says, and locks it again: around what is asked. */
SG_USE_RESULT int sg_reading_begin(const struct sg_reading *reading);
void sg_reading_end(const struct sg_reading *reading);

/* Asks PATH with FORM, to which it adds why. Caller frees *RET_ANSWER. */
SG_USE_RESULT int sg_reading_ask(const struct sg_reading *reading,
                                 const char *path, json_t *form,
                                 json_t **ret_answer);

/* Writes the name of a person, as people write it, into RET. */
#define SG_READING_NAME_SIZE 256
struct sg_out_value sg_reading_name(const json_t *person,
                                    char ret[SG_READING_NAME_SIZE]);

/* Gives the name of the unit of PERSON in the answer's UNITS. */
struct sg_out_value sg_reading_unit(const json_t *person, const json_t *units);

#endif
