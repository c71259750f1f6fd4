#include "replication/credit.h"

#include "storage/base/check.h"

/* A sender needs SG_PACKAGE_ONE_SIZE_MAX; a grant must come before he waits. */
#define GRANT_MIN (SG_CREDIT_INITIAL / 4)

_Static_assert(GRANT_MIN + SG_PACKAGE_ONE_SIZE_MAX <= SG_CREDIT_INITIAL,
               "what is not granted yet stops nobody");

void sg_credit_init(struct sg_credit *credit)
{
    *credit = (struct sg_credit){.allowed = SG_CREDIT_INITIAL};
}

enum sg_err sg_credit_use(struct sg_credit *credit, size_t size)
{
    if (size > sg_credit_left(credit))
        return SG_ERR_LIMIT;
    credit->used += size;
    return SG_OK;
}

enum sg_err sg_credit_allow(struct sg_credit *credit, uint64_t total)
{
    if (total < credit->allowed)
        return SG_ERR_MALFORMED;
    credit->allowed = total;
    return SG_OK;
}

void sg_credit_settle(struct sg_credit *credit, size_t size)
{
    SG_ASSERT(size <= credit->used - credit->settled);
    credit->settled += size;
}

bool sg_credit_grant(struct sg_credit *credit, uint64_t *ret_total)
{
    uint64_t total = credit->settled + SG_CREDIT_INITIAL;

    if (total < credit->allowed + GRANT_MIN)
        return false;
    credit->allowed = total;
    *ret_total = total;
    return true;
}
