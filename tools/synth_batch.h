/* A batch of drafts: persons of one commune, drawn by the age pyramid and put
 * into households, before anything is wrong with them.
 *
 * The ages are drawn first and the households fitted to them, so that the
 * pyramid holds whatever the families look like.
 */
#ifndef SG_TOOLS_SYNTH_BATCH_H
#define SG_TOOLS_SYNTH_BATCH_H

#include "storage/base/date.h"
#include "storage/registry/value.h"
#include "tools/synth.h"
#include "tools/synth_table.h"

#define SG_SYNTH_NOBODY UINT16_MAX

_Static_assert(SG_SYNTH_BATCH_MAX < SG_SYNTH_NOBODY,
               "a place in a batch fits in 16 bits");

/* Code table 6. */
enum sg_synth_relation {
    SG_SYNTH_OTHER_RELATIVE = 10,
    SG_SYNTH_HEAD = 1,
    SG_SYNTH_SPOUSE,
    SG_SYNTH_CHILD,
    SG_SYNTH_PARENT,
    SG_SYNTH_GRANDCHILD,
    SG_SYNTH_SIBLING = 7,
};

struct sg_synth_draft {
    uint8_t age;
    uint8_t sex;
    uint8_t relation; /* 0: not placed yet */
    uint8_t marital;
    uint16_t household;
    uint16_t father, mother, spouse; /* places in the batch, or nobody */
    struct sg_uid uid;
    struct sg_synth_name name;
    struct sg_date birth;      /* a day */
    struct sg_synth_text text; /* what parts of the name are made of */
};

struct sg_synth_household {
    struct sg_uid uid;
    uint16_t head;
    uint16_t first; /* member; the others by `next` of the batch */
    enum sg_synth_people people;
    uint32_t serial; /* within the commune */
    uint16_t hamlet;
};

/* Where and when a batch lives. */
struct sg_synth_site {
    const struct sg_synth_district *district;
    int32_t day; /* days since 1970-01-01 */
    uint32_t first_serial;
};

struct sg_synth_batch {
    struct sg_synth_draft drafts[SG_SYNTH_BATCH_MAX];
    struct sg_synth_household households[SG_SYNTH_BATCH_MAX];
    uint16_t order[SG_SYNTH_BATCH_MAX]; /* the drafts, shuffled */
    uint16_t next[SG_SYNTH_BATCH_MAX];  /* of the same household */
    size_t count;
    size_t n_households;
};

/* Fills BATCH with COUNT persons at SITE. */
void sg_synth_batch_fill(struct sg_synth_batch *batch,
                         const struct sg_synth_table *table,
                         const struct sg_synth_site *site, size_t count,
                         struct sg_prng *prng);

#endif
