/* Tables of units: no text makes the reader fail in another way than by an
 * error, and on no table, with whatever faults, does a question hang or give a
 * unit that is not there. */
#include "storage/base/check.h"
#include "storage/registry/unit_file.h"
#include "tests/fuzz/fuzz.h"

static const struct sg_date days[] = {{20191201}, {20200101}, {20200102},
                                      {20200103}, {20200104}, {20301231}};

/* Asks everything about every unit on every day. */
static void ask(const struct sg_unit_table *table)
{
    for (size_t i = 0; i < sg_unit_table_size(table); i++)
        for (size_t d = 0; d < sizeof days / sizeof days[0]; d++) {
            struct sg_unit_key key = sg_unit_table_get(table, i)->key;
            struct sg_unit_place place = sg_unit_carry(table, key, days[d]);

            SG_ASSERT(sg_unit_find(table, place.unit) != NULL);
            (void)sg_unit_chain_is_at(table, key, days[d]);
            for (int level = 1; level <= 3; level++) {
                const struct sg_unit *unit;

                place = sg_unit_project(table, key, days[d],
                                        (enum sg_unit_level)level);
                unit = sg_unit_find(table, place.unit);
                SG_ASSERT(unit != NULL);
                if (place.fit == SG_UNIT_FIT_EXACT)
                    SG_ASSERT((int)sg_unit_key_level(unit->key) == level);
            }
        }
}

static void try_text(struct sg_bytes text)
{
    struct sg_unit_table *table = NULL;
    size_t line = 0;

    if (sg_unit_file_read(text, &table, &line) != SG_OK) {
        SG_ASSERT(line > 0);
        return;
    }
    ask(table);
    sg_unit_table_free(table);
}

/* A key out of a byte: three levels, four codes, four days. */
static struct sg_unit_key key_of(uint8_t byte)
{
    return sg_unit_key_make((enum sg_unit_level)(1 + byte % 3), byte / 4 % 4u,
                            (struct sg_date){20200101 + byte / 16 % 4u});
}

/* Four bytes are a unit or an edge, right or wrong. */
static void try_bytes(struct sg_bytes bytes)
{
    struct sg_unit_table *table = NULL;
    struct sg_unit_fault faults[2];

    if (sg_unit_table_new(&table) != SG_OK)
        return;
    for (size_t i = 0; i + 4 <= bytes.size && i < 4 * 64; i += 4) {
        const uint8_t *b = bytes.data + i;
        struct sg_unit unit = {
            .key = key_of(b[1]),
            .parent = key_of(b[2]),
            .until = {b[3] % 5 == 0 ? 0 : 20200101u + b[3] % 5},
            .name = {b, 1}};
        struct sg_unit_edge edge = {.from = key_of(b[1]),
                                    .to = key_of(b[2]),
                                    .share = b[3] % 2 == 0 ? SG_UNIT_WHOLE
                                                           : SG_UNIT_PART};

        enum sg_err err = b[0] % 2 == 0 ? sg_unit_table_add(table, &unit)
                                        : sg_unit_table_link(table, &edge);

        SG_ASSERT(err == SG_OK || err == SG_ERR_INVALID);
    }
    if (sg_unit_table_seal(table) == SG_OK) {
        (void)sg_unit_table_check(table, faults, 2);
        ask(table);
    }
    sg_unit_table_free(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_text(sg_bytes(data, size));
    try_bytes(sg_bytes(data, size));
    return 0;
}
