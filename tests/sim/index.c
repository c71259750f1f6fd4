#include "tests/sim/index.h"

#include <string.h>

#include "tests/sim/memory.h"

#define SIZE_MIN 64u

void index_clear(struct index *index)
{
    memory_free(index->rows);
    *index = (struct index){0};
}

static uint64_t key_of(const struct sg_log_id *id)
{
    uint64_t key;

    memcpy(&key, id->hash.bytes, sizeof key);
    return key;
}

static void put(struct index *index, const struct index_row *row)
{
    size_t at = row->key & (index->size - 1);

    while (index->rows[at].place != 0)
        at = (at + 1) & (index->size - 1);
    index->rows[at] = *row;
    index->count++;
}

void index_put(struct index *index, const struct sg_log_id *id, uint32_t place)
{
    struct index_row row = {key_of(id), place + 1};

    if (2 * index->count >= index->size) {
        struct index old = *index;

        index->size = old.size == 0 ? SIZE_MIN : 2 * old.size;
        index->count = 0;
        index->rows = memory_new(index->size * sizeof *index->rows);
        for (size_t i = 0; i < old.size; i++)
            if (old.rows[i].place != 0)
                put(index, &old.rows[i]);
        memory_free(old.rows);
    }
    put(index, &row);
}

uint32_t index_next(const struct index *index, const struct sg_log_id *id,
                    size_t *cursor)
{
    uint64_t key = key_of(id);

    while (*cursor < index->size) {
        const struct index_row *row =
            &index->rows[(key + (*cursor)++) & (index->size - 1)];

        if (row->place == 0)
            return INDEX_NONE;
        if (row->key == key)
            return row->place - 1;
    }
    return INDEX_NONE;
}
