/* What invented citizens are made of: data/population.txt in memory.
 *
 * The text is part of the program, so a fault in it is ours and aborts.
 */
#ifndef SG_TOOLS_SYNTH_TABLE_H
#define SG_TOOLS_SYNTH_TABLE_H

#include "storage/base/bytes.h"
#include "storage/base/prng.h"

enum sg_synth_people {
    SG_SYNTH_KINH,
    SG_SYNTH_MUONG,
    SG_SYNTH_THAI,
    SG_SYNTH_MONG,
    SG_SYNTH_PEOPLES,
};

enum sg_synth_ground {
    SG_SYNTH_LOWLAND = 1,
    SG_SYNTH_MOUNTAIN,
    SG_SYNTH_WEST,
};

#define SG_SYNTH_LIST_MAX 64

/* Texts, each as likely as its weight. */
struct sg_synth_list {
    struct sg_bytes texts[SG_SYNTH_LIST_MAX];
    uint32_t sums[SG_SYNTH_LIST_MAX]; /* of the weights up to here */
    size_t count;
};

struct sg_synth_age {
    uint8_t first, last;
    uint8_t sex;
};

struct sg_synth_district {
    uint32_t code; /* 0: all others */
    enum sg_synth_ground ground;
    uint32_t sums[SG_SYNTH_PEOPLES]; /* of persons in a thousand */
};

struct sg_synth_table {
    struct sg_synth_age ages[SG_SYNTH_LIST_MAX];
    uint32_t age_sums[SG_SYNTH_LIST_MAX];
    size_t n_ages;
    struct sg_synth_list families[SG_SYNTH_PEOPLES];
    struct sg_synth_list middles[2];
    struct sg_synth_list givens[2][2][3]; /* Mong or not, sex, cohort */
    struct sg_synth_district districts[32];
    size_t n_districts;
};

/* Fills TABLE from the text within the program. */
void sg_synth_table_read(struct sg_synth_table *table);

/* Draws a place in SUMS, COUNT ascending sums of weights. */
size_t sg_synth_table_draw(const uint32_t *sums, size_t count,
                           struct sg_prng *prng);

/* Draws a text of LIST. */
struct sg_bytes sg_synth_table_pick(const struct sg_synth_list *list,
                                    struct sg_prng *prng);

/* Gives the row of district CODE. */
const struct sg_synth_district *sg_synth_table_district(
    const struct sg_synth_table *table, uint32_t code);

#endif
