/* Officers: whose key is unlocked, for whom, and what he may do.
 *
 * Who asks is known by the door he came through: at the Unix socket the kernel
 * says his uid; at loopback it is the session of a browser, or the token. An
 * officer unlocks his key for one such caller with his passphrase; what the
 * caller asks from then on he asks as this officer, until it is locked, or was
 * not used for as long as the configuration says. One caller has one officer at
 * a time; one officer may sit at several callers, each with a key of its own in
 * locked memory.
 *
 * What he may do is not kept here: it is asked of the authority's state at each
 * request, so that a suspended officer is nobody with the next one.
 *
 *     officer = sg_officers_find(officers, &caller, now_ms)   NULL: locked
 *     (sg_officers_roles(officers, &officer->id) & SG_ROLE_ADJUDICATE) != 0
 *     sg_officers_covers(officers, &officer->id, unit)
 *     sg_officers_sign(officers, officer, &id, signature)
 *
 * Calls of the API use sg_api_call_officer and sg_api_call_covers
 * (api_call.h), which refuse in the words of API.md.
 * Context: the loop's thread.
 */
#ifndef SG_NODE_OFFICERS_H
#define SG_NODE_OFFICERS_H

#include "node/http.h"
#include "node/roll.h"
#include "storage/log/key_file.h"
#include "storage/registry/authority.h"

/* Keys that are unlocked at a time, whoever for. */
#define SG_OFFICERS_MAX 64u
/* A staff number, with its NUL: a-z, 0-9, '-', '_'. */
#define SG_OFFICERS_NAME_SIZE 33u

/* Passphrases that may be wrong in a row; after that each further one has to
 * wait, a minute at first, and twice as long each time. */
#define SG_OFFICERS_TRIES_MAX 5u
#define SG_OFFICERS_WAIT_MS   60000u
#define SG_OFFICERS_WAITS_MAX 6u /* doublings: an hour */

/* Who asks. */
struct sg_officers_caller {
    enum sg_http_way way;
    uint32_t uid;                    /* at the socket */
    char session[SG_HTTP_TOKEN_NEW]; /* at loopback; empty: by the token */
};

/* An officer whose key is unlocked. */
struct sg_officer {
    struct sg_key_id id;
    char name[SG_OFFICERS_NAME_SIZE]; /* of the key file */
    struct sg_officers_caller caller;
    uint64_t used_ms;
    struct sg_key *key; /* in locked memory */
};

struct sg_officers;

/* Gives an empty table for REGISTRY. ROLL says what the authority says; NULL:
 * nobody has a role. A key is locked when it was not used for IDLE_MS. Borrows:
 * ROLL. Caller frees; free takes NULL and wipes all keys. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_officers_new(const struct sg_registry_id *registry,
                                          struct sg_roll *roll,
                                          uint64_t idle_ms,
                                          struct sg_officers **ret_officers);
void sg_officers_free(struct sg_officers *officers);

/* Gives the officer of CALLER and notes that he was here; NULL: his key is
 * locked. Borrowed until the next call that changes the table. */
const struct sg_officer *sg_officers_find(
    struct sg_officers *officers, const struct sg_officers_caller *caller,
    uint64_t now_ms);

/* Gives the officers one after the other, I from 0; NULL: no more. */
const struct sg_officer *sg_officers_at(const struct sg_officers *officers,
                                        size_t i);

/* Has KEY, of the file NAME, unlocked for CALLER, in place of the key that he
 * had; takes KEY. The one that was idle longest makes room. Borrowed as
 * above. */
const struct sg_officer *sg_officers_unlock(
    struct sg_officers *officers, const struct sg_officers_caller *caller,
    const char *name, struct sg_key *key, uint64_t now_ms);

/* Locks OFFICER: wipes the key. */
void sg_officers_lock(struct sg_officers *officers,
                      const struct sg_officer *officer);

/* Gives an officer who was not here for too long; NULL: there is none. The
 * caller locks him. */
const struct sg_officer *sg_officers_idle(const struct sg_officers *officers,
                                          uint64_t now_ms);

/* Signs the record ID as OFFICER. Errors: those of sg_record_sign. */
SG_USE_RESULT enum sg_err sg_officers_sign(
    const struct sg_officers *officers, const struct sg_officer *officer,
    const struct sg_hash *id, uint8_t ret_signature[SG_SIGNATURE_SIZE]);

/* --- What the authority says of him now -------------------------------- */

/* Gives the role bits of ID: enum sg_schema_signer. 0: nobody granted him
 * anything, he was suspended, it has expired, or nothing was heard yet. */
unsigned sg_officers_roles(const struct sg_officers *officers,
                           const struct sg_key_id *id);

/* Says whether the grant of ID covers UNIT: the unit, one above it, or one that
 * it became a part of. The country is covered by anybody's: nobody's home. */
bool sg_officers_covers(const struct sg_officers *officers,
                        const struct sg_key_id *id, struct sg_unit_key unit);

/* Gives up to MAX units of the grant of ID; returns how many there are. */
size_t sg_officers_units(const struct sg_officers *officers,
                         const struct sg_key_id *id,
                         struct sg_unit_key *ret_units, size_t max);

/* Gives the public key of ID, also of one who was suspended. False: nobody ever
 * granted him anything. */
bool sg_officers_public(const struct sg_officers *officers,
                        const struct sg_key_id *id,
                        uint8_t ret_key[SG_KEY_SIZE]);

/* Says whether the authority has been heard. */
bool sg_officers_is_ready(const struct sg_officers *officers);

/* --- Wrong passphrases -------------------------------------------------- */

/* Gives how many ms ID must wait before his passphrase is tried; 0: none. */
uint64_t sg_officers_wait_ms(const struct sg_officers *officers,
                             const struct sg_key_id *id, uint64_t now_ms);

/* Notes that a passphrase of ID was WRONG or right. */
void sg_officers_tried(struct sg_officers *officers, const struct sg_key_id *id,
                       bool is_wrong, uint64_t now_ms);

#endif
