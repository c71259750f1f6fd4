#include "replication/claims.h"

#include <string.h>

#include "replication/field.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"

struct sg_claims {
    struct sg_log_table *table; /* borrowed */
    uint32_t claims_max;
    uint32_t count;
    struct sg_claim *list;
    uint32_t *index; /* by id, open addressing: place in the list + 1 */
    uint32_t index_mask;
    uint64_t version;
};

enum sg_err sg_claims_new(struct sg_log_table *table, uint32_t claims_max,
                          struct sg_claims **ret_claims)
{
    struct sg_claims *claims;
    uint32_t size = 2;

    if (claims_max < 1 || claims_max > SG_HEADS_MAX)
        return SG_ERR_LIMIT;
    while (size < 2 * claims_max)
        size *= 2;
    claims = sg_calloc(1, sizeof *claims);
    if (claims == NULL)
        return SG_ERR_NOMEM;
    claims->table = table;
    claims->claims_max = claims_max;
    claims->index_mask = size - 1;
    claims->list = sg_alloc(claims_max * sizeof *claims->list);
    claims->index = sg_calloc(size, sizeof *claims->index);
    if (claims->list == NULL || claims->index == NULL) {
        sg_claims_free(claims);
        return SG_ERR_NOMEM;
    }
    *ret_claims = claims;
    return SG_OK;
}

void sg_claims_free(struct sg_claims *claims)
{
    if (claims == NULL)
        return;
    sg_free(claims->list);
    sg_free(claims->index);
    sg_free(claims);
}

void sg_claims_clear(struct sg_claims *claims)
{
    memset(claims->index, 0, (claims->index_mask + 1) * sizeof *claims->index);
    claims->count = 0;
    claims->version++;
}

uint32_t sg_claims_count(const struct sg_claims *claims)
{
    return claims->count;
}

const struct sg_claim *sg_claims_at(const struct sg_claims *claims,
                                    uint32_t index)
{
    SG_ASSERT(index < claims->count);
    return &claims->list[index];
}

uint64_t sg_claims_version(const struct sg_claims *claims)
{
    return claims->version;
}

/* The place in the index of the claim about log ID, or where it is to be. */
static uint32_t *index_place(const struct sg_claims *claims,
                             const struct sg_log_id *id)
{
    uint32_t at = sg_bytes_get_u32be(id->hash.bytes + 4) & claims->index_mask;

    while (claims->index[at] != 0 &&
           memcmp(&claims->list[claims->index[at] - 1].id, id, sizeof *id) != 0)
        at = (at + 1) & claims->index_mask;
    return &claims->index[at];
}

const struct sg_claim *sg_claims_find(const struct sg_claims *claims,
                                      const struct sg_log_id *id)
{
    uint32_t found = *index_place(claims, id);

    return found == 0 ? NULL : &claims->list[found - 1];
}

const struct sg_claim *sg_claims_find_ref(const struct sg_claims *claims,
                                          const uint8_t ref[SG_LOG_REF_SIZE])
{
    uint32_t at = sg_bytes_get_u32be(ref + 4) & claims->index_mask;

    for (; claims->index[at] != 0; at = (at + 1) & claims->index_mask) {
        const struct sg_claim *claim = &claims->list[claims->index[at] - 1];

        if (memcmp(claim->id.hash.bytes, ref, SG_LOG_REF_SIZE) == 0)
            return claim;
    }
    return NULL;
}

struct sg_log *sg_claims_log(const struct sg_claims *claims,
                             const struct sg_claim *claim)
{
    if (claim->number != SG_LOG_NONE)
        return sg_log_table_at(claims->table, claim->number);
    return sg_log_table_find(claims->table, &claim->id, 0);
}

bool sg_claims_are_full(const struct sg_claims *claims)
{
    return claims->count == claims->claims_max;
}

/* --- Comparing --------------------------------------------------------- */

/* The row of the log that CLAIM is about, if it is in the head tree. */
static const struct sg_log *known_log(const struct sg_claims *claims,
                                      const struct sg_claim *claim)
{
    const struct sg_log *log = sg_claims_log(claims, claim);

    return log != NULL && log->known.size > 0 ? log : NULL;
}

int sg_claims_compare(const struct sg_claims *claims,
                      const struct sg_claim *claim)
{
    const struct sg_log *log = known_log(claims, claim);
    bool is_forked = claim->size == 0;
    uint64_t size;
    int order;

    if (log == NULL)
        return 1;
    if (is_forked || log->is_forked)
        return is_forked - log->is_forked;
    size = log->known.size;
    if (claim->size != size)
        return claim->size < size ? -1 : 1;
    order = memcmp(claim->tag, sg_log_table_tag(claims->table, log),
                   SG_HEAD_TAG_SIZE);
    return (order > 0) - (order < 0);
}

enum sg_claim_news sg_claims_news(const struct sg_claims *claims,
                                  const struct sg_claim *claim)
{
    const struct sg_log *log = known_log(claims, claim);

    if (log != NULL && log->is_forked)
        return SG_CLAIM_OLD;
    if (claim->size == 0)
        return SG_CLAIM_FORKED;
    if (log == NULL || claim->size > log->known.size)
        return SG_CLAIM_LARGER;
    if (claim->size == log->known.size &&
        (claim->is_suspect || sg_claims_compare(claims, claim) != 0))
        return SG_CLAIM_OTHER;
    return SG_CLAIM_OLD;
}

void sg_claims_judge(const struct sg_claims *claims, uint32_t ret[2])
{
    sg_log_table_sums(claims->table, ret);
    for (uint32_t i = 0; i < claims->count; i++) {
        const struct sg_claim *claim = &claims->list[i];
        const struct sg_log *log = known_log(claims, claim);
        uint32_t x = sg_log_table_x(&claim->id);
        uint32_t v = sg_log_table_v(claim->tag);

        if (sg_claims_compare(claims, claim) <= 0)
            continue;
        if (log != NULL)
            v = sg_field_sub(
                v, sg_log_table_v(sg_log_table_tag(claims->table, log)));
        ret[0] = sg_field_add(ret[0], v);
        ret[1] = sg_field_add(ret[1], sg_field_mul(v, x));
    }
}

/* --- Taking ------------------------------------------------------------ */

/* Sets the peer's word about log ID, over an earlier one. */
static struct sg_claim *set(struct sg_claims *claims,
                            const struct sg_log_id *id, uint64_t size,
                            uint64_t short_by,
                            const uint8_t tag[SG_HEAD_TAG_SIZE])
{
    uint32_t *place = index_place(claims, id);
    struct sg_claim *claim;

    SG_ASSERT(short_by <= size);
    if (*place == 0) {
        if (claims->count == claims->claims_max)
            return NULL;
        claims->list[claims->count] =
            (struct sg_claim){.id = *id, .number = SG_LOG_NONE};
        *place = ++claims->count;
    }
    claim = &claims->list[*place - 1];
    claim->size = size;
    claim->short_by = short_by;
    memcpy(claim->tag, tag, SG_HEAD_TAG_SIZE);
    claim->is_suspect = false;
    claim->is_listed = true;
    claims->version++;
    return claim;
}

struct sg_claim *sg_claims_take(struct sg_claims *claims,
                                const struct sg_log *log, uint64_t size,
                                uint64_t short_by,
                                const uint8_t tag[SG_HEAD_TAG_SIZE])
{
    struct sg_claim *claim = set(claims, &log->id, size, short_by, tag);

    SG_ASSERT(log->branch == 0);
    if (claim != NULL)
        claim->number = log->number;
    return claim;
}

struct sg_claim *sg_claims_introduce(struct sg_claims *claims,
                                     const struct sg_log_core *core,
                                     uint64_t size, uint64_t short_by,
                                     const uint8_t tag[SG_HEAD_TAG_SIZE])
{
    struct sg_log_id id =
        sg_entry_log_id(sg_log_table_registry(claims->table), core);
    struct sg_log *log = sg_log_table_find_ref(claims->table, id.hash.bytes);
    struct sg_claim *claim;

    if (log != NULL && memcmp(&log->id, &id, sizeof id) != 0)
        return NULL; /* the first log of a ref stays */
    if (log != NULL)
        return sg_claims_take(claims, log, size, short_by, tag);
    claim = set(claims, &id, size, short_by, tag);
    if (claim != NULL) {
        claim->is_introduced = true;
        claim->core = *core;
    }
    return claim;
}

void sg_claims_sweep(struct sg_claims *claims)
{
    uint32_t count = claims->count;

    sg_claims_clear(claims);
    for (uint32_t i = 0; i < count; i++) {
        struct sg_claim claim = claims->list[i];

        if (sg_claims_news(claims, &claim) == SG_CLAIM_OLD)
            continue;
        claims->list[claims->count] = claim;
        /* Its own place is free: no two are of one log. */
        *index_place(claims, &claim.id) = claims->count + 1;
        claims->count++;
    }
}

void sg_claims_unlist(struct sg_claims *claims)
{
    for (uint32_t i = 0; i < claims->count; i++)
        claims->list[i].is_listed = false;
}
