/* Given keys: the scope keys that the authority gave this node, opened with its
 * transport key (RECORDS.md 6.5). Their secrets lie in locked memory.
 *
 * Context: one thread.
 */
#ifndef SG_NODE_VIEW_GIVEN_H
#define SG_NODE_VIEW_GIVEN_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/log/content_key.h"
#include "storage/log/key_file.h"
#include "storage/registry/authority.h"

struct sg_given_piece;

/* Zero is none. */
struct sg_given {
    struct sg_given_piece *pieces;
};

/* Opens the scope key ID with TRANSPORT, if AUTHORITY gave it to us and it is
 * not open yet; then sets *RET_IS_MORE, which stays as it is otherwise. That it
 * is not ours is no error. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_given_take(struct sg_given *given,
                                        const struct sg_key_id *id,
                                        const struct sg_authority *authority,
                                        const struct sg_key *transport,
                                        bool *ret_is_more);

/* Says whether the scope key ID is among them. */
bool sg_given_has(const struct sg_given *given, const struct sg_key_id *id);

/* Unwraps the content key PARSED with one of them. Errors: NOTFOUND where there
 * are none; those of sg_content_key_unwrap. */
SG_USE_RESULT enum sg_err sg_given_unwrap(const struct sg_given *given,
                                          const struct sg_registry_id *registry,
                                          const struct sg_content_key *parsed,
                                          uint8_t ret_secret[SG_KEY_SIZE]);

/* Wipes and frees all; GIVEN is none afterwards. */
void sg_given_clear(struct sg_given *given);

#endif
