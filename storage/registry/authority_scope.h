/* Scope keys: which key the records of a unit are sealed for, and who was given
 * its secret (RECORDS.md 6.5).
 *
 * Questions to a sealed state of the authority (authority.h). Everything is of
 * the whole cut: a writer wraps for the key that stands now. Who should be
 * given a secret is the authority's to decide.
 */
#ifndef SG_STORAGE_REGISTRY_AUTHORITY_SCOPE_H
#define SG_STORAGE_REGISTRY_AUTHORITY_SCOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/log/content_key.h"
#include "storage/registry/authority.h"

/* A sealed box with a secret of 32 bytes. */
#define SG_AUTHORITY_SCOPE_BOX_SIZE (SG_KEY_SIZE + SG_BOX_OVERHEAD)

enum sg_authority_scope_state {
    SG_AUTHORITY_SCOPE_CURRENT = 1, /* writers wrap for it */
    SG_AUTHORITY_SCOPE_OLD,         /* opens, wraps nothing new */
    SG_AUTHORITY_SCOPE_DESTROYED,   /* nobody should hold the secret */
};

struct sg_authority_scope {
    struct sg_unit_key unit; /* 0: the country */
    struct sg_key_id id;
    struct sg_scope_public public_key;
    enum sg_authority_scope_state state;
};

/* Called for each scope key; stops at the first result other than SG_OK. */
typedef enum sg_err sg_authority_scope_fn(
    void *context, const struct sg_authority_scope *scope);

/* Calls FN for every scope key, newest statement first: the first CURRENT one
 * of a unit is the one to wrap for. Errors: those of FN. */
SG_USE_RESULT enum sg_err sg_authority_scope_each(
    const struct sg_authority *authority, sg_authority_scope_fn *fn,
    void *context);

/* Gives the key that UNIT's records are sealed for now. Says whether there is
 * one. */
bool sg_authority_scope_current(const struct sg_authority *authority,
                                struct sg_unit_key unit,
                                struct sg_authority_scope *ret_scope);

/* Says whether some statement gives the secret of the scope key ID to READER,
 * the id of a transport key. */
bool sg_authority_scope_is_given(const struct sg_authority *authority,
                                 const struct sg_key_id *id,
                                 const struct sg_key_id *reader);

/* Opens the secret of the scope key ID with the transport key whose SECRET this
 * is; a box that does not open is as good as none. RET_PAIR is a secret: wipe
 * it. Errors: NOTFOUND (no such key, or no box that opens to its secret). */
SG_USE_RESULT enum sg_err sg_authority_scope_open(
    const struct sg_authority *authority, const struct sg_key_id *id,
    const uint8_t transport[SG_KEY_SIZE], const uint8_t secret[SG_KEY_SIZE],
    struct sg_scope_pair *ret_pair);

#endif
