#include "node/officers.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/registry/record.h"

/* Whose passphrases were wrong; the one longest ago makes room. */
#define TRIES_PLACES 256u

struct tries {
    struct sg_key_id id;
    unsigned wrong; /* in a row; 0: free */
    uint64_t last_ms;
};

struct sg_officers {
    struct sg_registry_id registry;
    struct sg_roll *roll;
    uint64_t idle_ms;
    size_t n;
    struct sg_officer all[SG_OFFICERS_MAX];
    struct tries tries[TRIES_PLACES];
};

enum sg_err sg_officers_new(const struct sg_registry_id *registry,
                            struct sg_roll *roll, uint64_t idle_ms,
                            struct sg_officers **ret_officers)
{
    struct sg_officers *officers = sg_calloc(1, sizeof *officers);

    if (officers == NULL)
        return SG_ERR_NOMEM;
    officers->registry = *registry;
    officers->roll = roll;
    officers->idle_ms = idle_ms;
    *ret_officers = officers;
    return SG_OK;
}

void sg_officers_free(struct sg_officers *officers)
{
    if (officers == NULL)
        return;
    for (size_t i = 0; i < officers->n; i++)
        sg_key_file_free(officers->all[i].key);
    sg_crypto_wipe(officers, sizeof *officers);
    sg_free(officers);
}

/* --- The table ------------------------------------------------------------
 */

static bool is_same(const struct sg_officers_caller *a,
                    const struct sg_officers_caller *b)
{
    if (a->way != b->way)
        return false;
    return a->way == SG_HTTP_SOCKET ? a->uid == b->uid
                                    : strcmp(a->session, b->session) == 0;
}

static struct sg_officer *of_caller(struct sg_officers *officers,
                                    const struct sg_officers_caller *caller)
{
    for (size_t i = 0; i < officers->n; i++)
        if (is_same(&officers->all[i].caller, caller))
            return &officers->all[i];
    return NULL;
}

static bool is_idle(const struct sg_officers *officers,
                    const struct sg_officer *officer, uint64_t now_ms)
{
    return now_ms - officer->used_ms > officers->idle_ms;
}

const struct sg_officer *sg_officers_find(
    struct sg_officers *officers, const struct sg_officers_caller *caller,
    uint64_t now_ms)
{
    struct sg_officer *officer = of_caller(officers, caller);

    if (officer == NULL || is_idle(officers, officer, now_ms))
        return NULL;
    officer->used_ms = now_ms;
    return officer;
}

const struct sg_officer *sg_officers_at(const struct sg_officers *officers,
                                        size_t i)
{
    return i < officers->n ? &officers->all[i] : NULL;
}

void sg_officers_lock(struct sg_officers *officers,
                      const struct sg_officer *officer)
{
    size_t i = (size_t)(officer - officers->all);

    SG_ASSERT(i < officers->n);
    sg_key_file_free(officers->all[i].key);
    officers->n--;
    officers->all[i] = officers->all[officers->n];
    sg_crypto_wipe(&officers->all[officers->n], sizeof officers->all[0]);
}

const struct sg_officer *sg_officers_unlock(
    struct sg_officers *officers, const struct sg_officers_caller *caller,
    const char *name, struct sg_key *key, uint64_t now_ms)
{
    struct sg_officer *officer = of_caller(officers, caller);
    size_t size = strlen(name);

    SG_ASSERT(size < SG_OFFICERS_NAME_SIZE);
    if (officer == NULL && officers->n == SG_OFFICERS_MAX) {
        officer = &officers->all[0];
        for (size_t i = 1; i < officers->n; i++)
            if (officers->all[i].used_ms < officer->used_ms)
                officer = &officers->all[i];
    }
    if (officer != NULL)
        sg_officers_lock(officers, officer);
    officer = &officers->all[officers->n++];
    *officer = (struct sg_officer){
        .id =
            sg_key_id_of(&officers->registry, SG_KEY_OFFICER, key->public_key),
        .caller = *caller,
        .used_ms = now_ms,
        .key = key,
    };
    memcpy(officer->name, name, size);
    return officer;
}

const struct sg_officer *sg_officers_idle(const struct sg_officers *officers,
                                          uint64_t now_ms)
{
    for (size_t i = 0; i < officers->n; i++)
        if (is_idle(officers, &officers->all[i], now_ms))
            return &officers->all[i];
    return NULL;
}

enum sg_err sg_officers_sign(const struct sg_officers *officers,
                             const struct sg_officer *officer,
                             const struct sg_hash *id,
                             uint8_t ret_signature[SG_SIGNATURE_SIZE])
{
    return sg_record_sign(&officer->key->sign, &officers->registry, id,
                          ret_signature);
}

/* --- The authority --------------------------------------------------------
 */

/* What the authority has said, held; NULL, and nothing is held: it was not
 * heard yet. */
static const struct sg_authority *hold(const struct sg_officers *officers)
{
    const struct sg_authority *authority;
    struct sg_view *view;

    if (officers->roll == NULL)
        return NULL;
    view = sg_roll_view(officers->roll);
    authority = sg_view_hold(view);
    if (authority != NULL && sg_authority_has_genesis(authority))
        return authority;
    sg_view_release(view);
    return NULL;
}

static void release(const struct sg_officers *officers)
{
    sg_view_release(sg_roll_view(officers->roll));
}

/* The grant of ID, if it stands and was not taken from him. */
static const struct sg_authority_grant *grant_of(
    const struct sg_authority *authority, const struct sg_key_id *id,
    struct sg_authority_at *ret_at)
{
    const struct sg_authority_grant *grant;

    sg_authority_at_cut(authority, ret_at);
    grant = sg_authority_grant(ret_at, id);
    if (grant == NULL || sg_authority_is_expired(ret_at, grant->until) ||
        sg_authority_officer_cut(authority, id) != SG_AUTHORITY_NOT_CUT)
        return NULL;
    return grant;
}

bool sg_officers_is_ready(const struct sg_officers *officers)
{
    if (hold(officers) == NULL)
        return false;
    release(officers);
    return true;
}

unsigned sg_officers_roles(const struct sg_officers *officers,
                           const struct sg_key_id *id)
{
    const struct sg_authority *authority = hold(officers);
    const struct sg_authority_grant *grant;
    struct sg_authority_at at;
    unsigned roles;

    if (authority == NULL)
        return 0;
    grant = grant_of(authority, id, &at);
    roles = grant == NULL ? 0 : grant->roles;
    release(officers);
    return roles;
}

static bool is_covered(const struct sg_authority_at *at,
                       const struct sg_authority_grant *grant,
                       struct sg_unit_key unit)
{
    if (unit.value == SG_UNIT_COUNTRY.value ||
        sg_authority_covers(at, grant, unit))
        return true;
    for (size_t i = 0; i < grant->n_units; i++)
        if (sg_authority_is_part(at, unit, grant->units[i]))
            return true;
    return false;
}

bool sg_officers_covers(const struct sg_officers *officers,
                        const struct sg_key_id *id, struct sg_unit_key unit)
{
    const struct sg_authority *authority = hold(officers);
    const struct sg_authority_grant *grant;
    struct sg_authority_at at;
    bool covers;

    if (authority == NULL)
        return false;
    grant = grant_of(authority, id, &at);
    covers = grant != NULL && is_covered(&at, grant, unit);
    release(officers);
    return covers;
}

size_t sg_officers_units(const struct sg_officers *officers,
                         const struct sg_key_id *id,
                         struct sg_unit_key *ret_units, size_t max)
{
    const struct sg_authority *authority = hold(officers);
    const struct sg_authority_grant *grant;
    struct sg_authority_at at;
    size_t n;

    if (authority == NULL)
        return 0;
    grant = grant_of(authority, id, &at);
    n = grant == NULL ? 0 : grant->n_units;
    for (size_t i = 0; i < n && i < max; i++)
        ret_units[i] = grant->units[i];
    release(officers);
    return n;
}

bool sg_officers_public(const struct sg_officers *officers,
                        const struct sg_key_id *id,
                        uint8_t ret_key[SG_KEY_SIZE])
{
    const struct sg_authority *authority = hold(officers);
    const struct sg_authority_grant *grant;
    struct sg_authority_at at;

    if (authority == NULL)
        return false;
    sg_authority_at_cut(authority, &at);
    grant = sg_authority_grant(&at, id);
    if (grant != NULL)
        memcpy(ret_key, grant->key, SG_KEY_SIZE);
    release(officers);
    return grant != NULL;
}

/* --- Tries ----------------------------------------------------------------
 */

static const struct tries *tries_of(const struct sg_officers *officers,
                                    const struct sg_key_id *id)
{
    for (size_t i = 0; i < TRIES_PLACES; i++)
        if (officers->tries[i].wrong > 0 &&
            memcmp(&officers->tries[i].id, id, sizeof *id) == 0)
            return &officers->tries[i];
    return NULL;
}

uint64_t sg_officers_wait_ms(const struct sg_officers *officers,
                             const struct sg_key_id *id, uint64_t now_ms)
{
    const struct tries *tries = tries_of(officers, id);
    unsigned waits;
    uint64_t until_ms;

    if (tries == NULL || tries->wrong < SG_OFFICERS_TRIES_MAX)
        return 0;
    waits = tries->wrong - SG_OFFICERS_TRIES_MAX;
    if (waits > SG_OFFICERS_WAITS_MAX)
        waits = SG_OFFICERS_WAITS_MAX;
    until_ms = tries->last_ms + ((uint64_t)SG_OFFICERS_WAIT_MS << waits);
    return until_ms > now_ms ? until_ms - now_ms : 0;
}

void sg_officers_tried(struct sg_officers *officers, const struct sg_key_id *id,
                       bool is_wrong, uint64_t now_ms)
{
    const struct tries *found = tries_of(officers, id);
    struct tries *tries = &officers->tries[0];

    if (found != NULL) {
        tries = &officers->tries[found - officers->tries];
    } else if (!is_wrong) {
        return;
    } else {
        for (size_t i = 1; i < TRIES_PLACES && tries->wrong > 0; i++)
            if (officers->tries[i].wrong == 0 ||
                officers->tries[i].last_ms < tries->last_ms)
                tries = &officers->tries[i];
        *tries = (struct tries){.id = *id};
    }
    tries->wrong = is_wrong ? tries->wrong + 1 : 0;
    tries->last_ms = now_ms;
}
