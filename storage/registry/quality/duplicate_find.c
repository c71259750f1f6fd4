/* Finding pairs: keys sorted, entries that share one compared, each pair once.
 */
#include <stdlib.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/registry/quality/duplicate.h"

struct place {
    uint64_t hash;
    size_t entry;
};

struct pair {
    size_t a;
    size_t b;
};

struct finder {
    const struct sg_duplicate_entry *entries;
    size_t count;
    struct place *places; /* every key of every entry */
    size_t n_places;
    uint64_t *names; /* of each entry, sorted: how common a name is */
    uint64_t *name_of;
    struct pair *pairs;
    size_t n_pairs;
    size_t pairs_room;
};

static int compare_places(const void *a, const void *b)
{
    const struct place *x = a;
    const struct place *y = b;

    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a;
    const struct pair *y = b;

    if (x->a != y->a)
        return x->a < y->a ? -1 : 1;
    return x->b < y->b ? -1 : x->b > y->b;
}

static int compare_hashes(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;

    return *x < *y ? -1 : *x > *y;
}

static enum sg_err fill(struct finder *finder, const uint8_t secret[32])
{
    finder->places = sg_calloc(finder->count * SG_DUPLICATE_KEYS_MAX + 1,
                               sizeof *finder->places);
    finder->names = sg_calloc(finder->count + 1, sizeof *finder->names);
    finder->name_of = sg_calloc(finder->count + 1, sizeof *finder->name_of);
    if (finder->places == NULL || finder->names == NULL ||
        finder->name_of == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 0; i < finder->count; i++) {
        const struct sg_duplicate_entry *entry = &finder->entries[i];
        uint64_t keys[SG_DUPLICATE_KEYS_MAX];
        size_t n = sg_duplicate_keys(entry, secret, keys);

        for (size_t k = 0; k < n; k++)
            finder->places[finder->n_places++] = (struct place){keys[k], i};
        finder->name_of[i] = sg_duplicate_hash(secret, entry->match);
        finder->names[i] = finder->name_of[i];
    }
    qsort(finder->places, finder->n_places, sizeof *finder->places,
          compare_places);
    qsort(finder->names, finder->count, sizeof *finder->names, compare_hashes);
    return SG_OK;
}

/* The first place in the sorted names that is not below HASH. */
static size_t lower_bound(const struct finder *finder, uint64_t hash)
{
    size_t from = 0;
    size_t to = finder->count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (finder->names[middle] < hash)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static uint64_t common_of(const struct finder *finder, size_t entry)
{
    uint64_t hash = finder->name_of[entry];
    size_t to =
        hash == UINT64_MAX ? finder->count : lower_bound(finder, hash + 1);

    return to - lower_bound(finder, hash);
}

static enum sg_err add_pair(struct finder *finder, size_t a, size_t b)
{
    if (finder->n_pairs == finder->pairs_room) {
        size_t room = finder->pairs_room == 0 ? 1024 : 2 * finder->pairs_room;
        struct pair *grown =
            sg_realloc(finder->pairs, room * sizeof *finder->pairs);

        if (grown == NULL)
            return SG_ERR_NOMEM;
        finder->pairs = grown;
        finder->pairs_room = room;
    }
    finder->pairs[finder->n_pairs++] =
        a < b ? (struct pair){a, b} : (struct pair){b, a};
    return SG_OK;
}

static void compare(const struct finder *finder, size_t a, size_t b,
                    struct sg_duplicate_score *score)
{
    uint64_t common_a = common_of(finder, a);
    uint64_t common_b = common_of(finder, b);

    sg_duplicate_compare(&finder->entries[a], &finder->entries[b],
                         common_a > common_b ? common_a : common_b,
                         finder->count, score);
}

/* Collects the pairs of one key that score enough. */
static enum sg_err search(struct finder *finder, size_t from, size_t to,
                          unsigned threshold)
{
    for (size_t i = from; i < to; i++) {
        for (size_t j = i + 1; j < to; j++) {
            struct sg_duplicate_score score;
            enum sg_err err = SG_OK;

            if (finder->places[i].entry == finder->places[j].entry)
                continue;
            compare(finder, finder->places[i].entry, finder->places[j].entry,
                    &score);
            if (score.total >= threshold)
                err = add_pair(finder, finder->places[i].entry,
                               finder->places[j].entry);
            if (err != SG_OK)
                return err;
        }
    }
    return SG_OK;
}

static enum sg_err search_all(struct finder *finder, unsigned threshold)
{
    size_t to;

    for (size_t from = 0; from < finder->n_places; from = to) {
        enum sg_err err = SG_OK;

        to = from + 1;
        while (to < finder->n_places &&
               finder->places[to].hash == finder->places[from].hash)
            to++;
        if (to - from <= SG_DUPLICATE_BUCKET_MAX)
            err = search(finder, from, to, threshold);
        if (err != SG_OK)
            return err;
    }
    return SG_OK;
}

static enum sg_err hand_out(struct finder *finder, sg_duplicate_take *take,
                            void *context)
{
    if (finder->n_pairs > 0)
        qsort(finder->pairs, finder->n_pairs, sizeof *finder->pairs,
              compare_pairs);
    for (size_t i = 0; i < finder->n_pairs; i++) {
        struct sg_duplicate_pair pair = {.a = finder->pairs[i].a,
                                         .b = finder->pairs[i].b};
        enum sg_err err;

        if (i > 0 &&
            compare_pairs(&finder->pairs[i], &finder->pairs[i - 1]) == 0)
            continue;
        compare(finder, pair.a, pair.b, &pair.score);
        err = take(context, &pair);
        if (err != SG_OK)
            return err;
    }
    return SG_OK;
}

enum sg_err sg_duplicate_find(const struct sg_duplicate_entry entries[],
                              size_t count, const uint8_t secret[32],
                              unsigned threshold, sg_duplicate_take *take,
                              void *context)
{
    struct finder finder = {.entries = entries, .count = count};
    enum sg_err err = fill(&finder, secret);

    if (err == SG_OK)
        err = search_all(&finder, threshold);
    if (err == SG_OK)
        err = hand_out(&finder, take, context);
    sg_free(finder.places);
    sg_free(finder.names);
    sg_free(finder.name_of);
    sg_free(finder.pairs);
    return err;
}
