/* The authority of a synthetic registry: the statements that the records of a
 * history (synth_history.h) stand on, so that they are admitted.
 *
 * One log of the authority, signed by one root key that everybody can compute:
 * genesis, units and successions, code tables, one node for each of the
 * history's, two officers of each. It is for tests, benches and demonstrations.
 *
 *     sg_synth_authority_new(units, n_nodes, &said);
 *     options.registry = *sg_synth_authority_registry(said);
 *     options.position = sg_synth_authority_position(said);
 *     sg_synth_history_new(&options, units, &history);
 *     sg_synth_authority_grant(said, history);
 *     sg_synth_authority_state(said, &authority);
 */
#ifndef SG_TOOLS_SYNTH_AUTHORITY_H
#define SG_TOOLS_SYNTH_AUTHORITY_H

#include "storage/registry/authority.h"
#include "tools/synth_history.h"

struct sg_synth_authority;

/* Writes all but the grants; caller frees with sg_synth_authority_free.
 * Borrows: UNITS, sealed, for the call. Errors: INVALID for no nodes or more
 * than SG_SYNTH_NODES_MAX; NOMEM; LIMIT. */
SG_USE_RESULT enum sg_err sg_synth_authority_new(
    const struct sg_unit_table *units, unsigned n_nodes,
    struct sg_synth_authority **ret_said);

/* Takes SAID, which may be NULL. */
void sg_synth_authority_free(struct sg_synth_authority *said);

/* Gives the registry that is founded, borrowed. */
const struct sg_registry_id *sg_synth_authority_registry(
    const struct sg_synth_authority *said);

/* Returns the position of all statements, the grants included. */
uint64_t sg_synth_authority_position(const struct sg_synth_authority *said);

/* Grants the officers of HISTORY, of as many nodes, their roles: all of them in
 * the whole country, to 2099. Call it once. Errors: as _new. */
SG_USE_RESULT enum sg_err sg_synth_authority_grant(
    struct sg_synth_authority *said, const struct sg_synth_history *history);

/* States a campaign for cards that runs in the whole country, and a heartbeat
 * of the day by which all that HISTORY has is past. Call it after _grant.
 * Errors: NOMEM, LIMIT. */
SG_USE_RESULT enum sg_err sg_synth_authority_campaign(
    struct sg_synth_authority *said);

/* Returns how many statements there are, and gives statement NO: entry NO + 1
 * of log sg_synth_authority_log(said, n_nodes). Borrowed. */
size_t sg_synth_authority_count(const struct sg_synth_authority *said);
struct sg_bytes sg_synth_authority_statement(
    const struct sg_synth_authority *said, size_t no);

/* Gives NODE's keys, n_nodes being the authority's own. No secret: everybody
 * can compute it. */
void sg_synth_authority_sign_key(const struct sg_synth_authority *said,
                                 unsigned node, struct sg_sign_key *ret_key,
                                 uint8_t ret_public[SG_KEY_SIZE]);

/* Gives the key of NODE, n_nodes being the authority's own, and its one log.
 */
void sg_synth_authority_node(const struct sg_synth_authority *said,
                             unsigned node, uint8_t ret_key[SG_KEY_SIZE]);
struct sg_log_id sg_synth_authority_log(const struct sg_synth_authority *said,
                                        unsigned node);

/* Makes the state of it, sealed; caller frees with sg_authority_free. Errors:
 * as sg_authority_seal. */
SG_USE_RESULT enum sg_err sg_synth_authority_state(
    const struct sg_synth_authority *said, struct sg_authority **ret_authority);

#endif
