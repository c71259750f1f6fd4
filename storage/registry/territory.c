#include "storage/registry/territory.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/limits.h"

/* An act as kept. Acts about one unit are a chain from the newest back. */
struct act {
    struct sg_territory_node from;
    struct sg_territory_node to;
    struct sg_territory_cut *cuts;
    size_t n_cuts;
};

/* One act as seen from one unit. */
struct link {
    uint32_t act;      /* 1 and up; 0: none */
    uint32_t previous; /* link of an older act about the unit; 0: none */
};

struct served {
    struct sg_territory_node admitted;
    bool is_admitted;
    uint32_t newest; /* link; 0: none */
};

struct sg_territory {
    const struct sg_unit_table *units;
    struct served *served; /* of each unit of the table */
    struct act *acts;      /* from 1 on */
    struct link *links;    /* from 1 on */
    uint32_t n_acts, n_links;
};

enum sg_err sg_territory_new(const struct sg_unit_table *units,
                             struct sg_territory **ret)
{
    struct sg_territory *territory = sg_calloc(1, sizeof *territory);

    if (territory == NULL)
        return SG_ERR_NOMEM;
    territory->units = units;
    territory->served =
        sg_calloc(sg_unit_table_size(units), sizeof *territory->served);
    if (territory->served == NULL) {
        sg_territory_free(territory);
        return SG_ERR_NOMEM;
    }
    *ret = territory;
    return SG_OK;
}

void sg_territory_free(struct sg_territory *territory)
{
    if (territory == NULL)
        return;
    for (uint32_t i = 1; i <= territory->n_acts; i++)
        sg_free(territory->acts[i].cuts);
    sg_free(territory->acts);
    sg_free(territory->links);
    sg_free(territory->served);
    sg_free(territory);
}

static struct served *served_of(const struct sg_territory *territory,
                                struct sg_unit_key key)
{
    const struct sg_unit *unit = sg_unit_find(territory->units, key);

    return unit == NULL
               ? NULL
               : &territory->served[sg_unit_index(territory->units, unit)];
}

enum sg_err sg_territory_admit(struct sg_territory *territory,
                               const struct sg_territory_node *node,
                               const struct sg_unit_key *units, size_t n_units)
{
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < n_units; i++) {
        struct served *served = served_of(territory, units[i]);

        if (served == NULL) {
            err = SG_ERR_NOTFOUND;
            continue;
        }
        served->admitted = *node;
        served->is_admitted = true;
    }
    return err;
}

/* Makes room for one more act and N more links. */
static enum sg_err rehome_reserve(struct sg_territory *territory, size_t n)
{
    struct act *acts;
    struct link *links;

    acts = sg_realloc(territory->acts,
                      (territory->n_acts + 2u) * sizeof *territory->acts);
    if (acts == NULL)
        return SG_ERR_NOMEM;
    territory->acts = acts;
    links = sg_realloc(territory->links,
                       (territory->n_links + n + 1) * sizeof *territory->links);
    if (links == NULL)
        return SG_ERR_NOMEM;
    territory->links = links;
    return SG_OK;
}

enum sg_err sg_territory_rehome(struct sg_territory *territory,
                                const struct sg_territory_rehome *rehome)
{
    enum sg_err err;
    struct act *act;

    if (territory->n_acts == SG_REHOMES_MAX ||
        rehome->n_units > SG_REHOME_UNITS_MAX ||
        rehome->n_cuts > SG_REHOME_CUTS_MAX)
        return SG_ERR_LIMIT;
    err = rehome_reserve(territory, rehome->n_units);
    if (err != SG_OK)
        return err;
    act = &territory->acts[territory->n_acts + 1];
    *act = (struct act){
        .from = rehome->from, .to = rehome->to, .n_cuts = rehome->n_cuts};
    act->cuts = sg_calloc(rehome->n_cuts, sizeof *act->cuts);
    if (act->cuts == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 0; i < rehome->n_cuts; i++)
        act->cuts[i] = rehome->cuts[i];
    territory->n_acts++;
    for (size_t i = 0; i < rehome->n_units; i++) {
        struct served *served = served_of(territory, rehome->units[i]);

        if (served == NULL) {
            err = SG_ERR_NOTFOUND;
            continue;
        }
        territory->links[++territory->n_links] =
            (struct link){territory->n_acts, served->newest};
        served->newest = territory->n_links;
    }
    return err;
}

/* Gives the unit above KEY; the country above the highest. */
static struct sg_unit_key above(const struct sg_territory *territory,
                                struct sg_unit_key key)
{
    const struct sg_unit *unit = sg_unit_find(territory->units, key);
    enum sg_unit_level level = sg_unit_key_level(key);

    while (unit != NULL && level > SG_UNIT_LEVEL_PROVINCE) {
        const struct sg_unit *found =
            sg_unit_above(territory->units, unit, --level);

        if (found != NULL)
            return found->key;
    }
    return SG_UNIT_COUNTRY;
}

/* Gives the newest act older than act BEFORE about UNIT or a unit above it;
 * NULL when there is none. */
static const struct act *act_before(const struct sg_territory *territory,
                                    struct sg_unit_key unit, uint32_t before)
{
    uint32_t newest = 0;

    if (territory->n_acts == 0) /* it is asked of every copy of a record */
        return NULL;
    for (; unit.value != 0; unit = above(territory, unit)) {
        const struct served *served = served_of(territory, unit);
        uint32_t at = served == NULL ? 0 : served->newest;

        while (at != 0 && territory->links[at].act >= before)
            at = territory->links[at].previous;
        if (at != 0 && territory->links[at].act > newest)
            newest = territory->links[at].act;
    }
    return newest == 0 ? NULL : &territory->acts[newest];
}

const struct sg_territory_node *sg_territory_node_of(
    const struct sg_territory *territory, struct sg_unit_key unit)
{
    const struct act *act = act_before(territory, unit, UINT32_MAX);

    if (act != NULL)
        return &act->to;
    for (; unit.value != 0; unit = above(territory, unit)) {
        const struct served *served = served_of(territory, unit);

        if (served != NULL && served->is_admitted)
            return &served->admitted;
    }
    return NULL;
}

static bool same_node(const struct sg_territory_node *a,
                      const struct sg_territory_node *b)
{
    return memcmp(a->key, b->key, sizeof a->key) == 0;
}

static bool is_after(const struct act *act, const struct sg_hash *log,
                     uint64_t index)
{
    for (size_t i = 0; i < act->n_cuts; i++)
        if (memcmp(act->cuts[i].log.bytes, log->bytes, sizeof log->bytes) == 0)
            return index >= act->cuts[i].size;
    return true;
}

bool sg_territory_is_late(const struct sg_territory *territory,
                          struct sg_unit_key unit,
                          const struct sg_territory_node *node,
                          const struct sg_hash *log, uint64_t index)
{
    const struct act *act = act_before(territory, unit, UINT32_MAX);

    while (act != NULL) {
        /* The unit came back: what this node writes since is not late. */
        if (same_node(&act->to, node))
            return false;
        if (same_node(&act->from, node))
            return is_after(act, log, index);
        act = act_before(territory, unit, (uint32_t)(act - territory->acts));
    }
    return false;
}
