/* A node that replicates by USB stick: its store and its sync core, without a
 * network, and the files of bundles (PROTOCOL.md section 15).
 *
 *     code = sg_stick_open(cli, &stick);
 *     code = sg_stick_make(&stick, &wish, &made);       or
 *     code = sg_stick_take(&stick, path, plan, &taken);
 *     sg_stick_close(&stick);
 *
 * The store is opened as sogocd opens it, so sogocd must not run meanwhile.
 * Functions print their error and return the exit code, 0 for success.
 * Context: one thread; the keeper's beside it.
 */
#ifndef SG_TOOLS_STICK_H
#define SG_TOOLS_STICK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "node/driver.h"
#include "node/identity.h"
#include "replication/bundle_plan.h"
#include "replication/bundle_take.h"
#include "tools/cli.h"

#define SG_STICK_PATH_MAX 4096
/* `sogoc-` 8 hex digits `-` part `.bundle` */
#define SG_STICK_NAME_SIZE 32u

struct sg_stick {
    struct sg_cli *cli;
    struct sg_identity identity;
    struct sg_driver *driver;
    pthread_mutex_t mutex;
    pthread_cond_t cond; /* the keeper has done something */
    bool is_woken;
    uint64_t alarms;     /* of the core, since the opening; each was printed */
    struct sg_mono last; /* word of progress */
};

/* Opens CLI's directory and lets the core hear the store. STICK must not move
 * until sg_stick_close. */
SG_USE_RESULT int sg_stick_open(struct sg_cli *cli, struct sg_stick *stick);
void sg_stick_close(struct sg_stick *stick);

/* Gives EVENT to the core, with the time of now, and does what follows. */
SG_USE_RESULT int sg_stick_step(struct sg_stick *stick, struct sg_event *event);

/* Waits until all that was written is durable and what the authority says in it
 * is judged. */
SG_USE_RESULT int sg_stick_settle(struct sg_stick *stick);

/* Says whether a second went by since this was true last: time to say how far
 * a long work is, if CLI wants to hear it. */
bool sg_stick_is_time_to_say(struct sg_stick *stick);

/* --- Making -------------------------------------------------------------
 */

struct sg_stick_wish {
    enum sg_bundle_kind kind;
    const char *folder;     /* where the files go; it must be there */
    uint64_t part_size_max; /* bytes of a file; 0: the format's maximum */
    /* Who can read it, by what names them (node key or key id, 8 digits at
     * least, separated by commas); NULL: every member that stands. */
    const char *to;
    /* ENTRIES: a plan that has taken what the destination says it has, and the
     * request that said so; NULL: everything. Not freed. */
    struct sg_bundle_plan *plan;
    const uint8_t *request;
};

struct sg_stick_made {
    uint8_t id[SG_BUNDLE_ID_SIZE];
    uint32_t destinations;
    uint64_t logs, entries, bytes;
    uint32_t parts;
};

/* Begins a plan: the logs that are here. The caller frees it. */
SG_USE_RESULT int sg_stick_plan(struct sg_stick *stick,
                                struct sg_bundle_plan **ret_plan);

/* Writes a bundle. When this returns 0 its files are there, synced; a file
 * appears under its name only when it is whole. */
SG_USE_RESULT int sg_stick_make(struct sg_stick *stick,
                                const struct sg_stick_wish *wish,
                                struct sg_stick_made *ret_made);

/* Writes the name of PART of the bundle ID. */
void sg_stick_name(const uint8_t id[SG_BUNDLE_ID_SIZE], unsigned part,
                   char ret_name[SG_STICK_NAME_SIZE]);

/* Writes BYTES, of at most SG_KEY_SIZE, in hex. */
void sg_stick_hex(struct sg_bytes bytes, char ret_text[2 * SG_KEY_SIZE + 1]);

/* --- Taking -------------------------------------------------------------
 */

/* What came of one file. */
struct sg_stick_taken {
    struct sg_bundle_take_view view;
    uint32_t cut_at; /* the piece from which on nothing is there; 0: whole */
    uint32_t unreadable; /* pieces that do not open, or no disk gives */
};

/* Takes the file PATH through the core; an earlier run that was cut short is
 * gone on with (FORMAT.md 10, `taking`). PLAN, which may be NULL, takes what
 * its maker says it has. A damaged piece is printed and passed over. */
SG_USE_RESULT int sg_stick_take(struct sg_stick *stick, const char *path,
                                struct sg_bundle_plan *plan,
                                struct sg_stick_taken *ret_taken);

#endif
