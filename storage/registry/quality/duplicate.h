/* Duplicate: is this person in the register twice?
 *
 * Two entries are compared by what they say, and each agreement and each
 * difference weighs as much as it is rare among different persons: the idea of
 * Fellegi and Sunter ("A theory for record linkage", 1969), with weights in
 * tenths of bits. A score is not a verdict: it makes a pair that an officer
 * decides (RECORDS.md 7.12, 8.9). What is missing says nothing either way.
 * Same name and birth year say little on their own: a third of the people is
 * called Nguyễn.
 *
 * To find pairs among many without comparing all with all, every entry has a
 * few keys; only entries that share one are compared. The finder keeps them in
 * memory; a node keeps keyed hashes of them in its view. Pure; no clock.
 */
#ifndef SG_STORAGE_REGISTRY_QUALITY_DUPLICATE_H
#define SG_STORAGE_REGISTRY_QUALITY_DUPLICATE_H

#include "storage/base/date.h"
#include "storage/base/err.h"
#include "storage/registry/unit.h"
#include "storage/registry/value.h"

/* What is compared: field 5 of a duplicate record. */
enum sg_duplicate_part {
    SG_DUPLICATE_NAME = 1,
    SG_DUPLICATE_BIRTH,
    SG_DUPLICATE_SEX,
    SG_DUPLICATE_PIN,
    SG_DUPLICATE_OLD_NUMBER,
    SG_DUPLICATE_PARENTS,
    SG_DUPLICATE_HOMETOWN,
    SG_DUPLICATE_RESIDENCE,
    SG_DUPLICATE_PHONE,
    SG_DUPLICATE_PART_COUNT,
};

/* An entry as far as it is compared; what is not known is empty, 0, no date.
 * Everything is borrowed. */
struct sg_duplicate_entry {
    struct sg_uid uid;
    struct sg_bytes match;  /* of the whole name, sg_name_match_key */
    struct sg_bytes family; /* search keys, sg_name_search_key */
    struct sg_bytes middle;
    struct sg_bytes given;
    struct sg_date birth;
    uint8_t sex; /* 1 male, 2 female */
    uint64_t pin;
    struct sg_bytes old_number;
    struct sg_bytes father; /* search keys of whole names */
    struct sg_bytes mother;
    struct sg_unit_key hometown; /* 0: not known */
    struct sg_unit_key residence;
    struct sg_bytes address;
    struct sg_bytes phone;
};

struct sg_duplicate_score {
    uint16_t total; /* 0 to 1000, 700: even odds (policy 6) */
    int16_t weight; /* the evidence, in tenths of bits */
    /* How well each part agrees, 0 to 1000; -1 where one side is missing. */
    int16_t parts[SG_DUPLICATE_PART_COUNT];
};

/* Compares A and B. COMMON says how many of a POPULATION of entries have A's
 * name, B's if that is commoner; 0 where it is not known. */
void sg_duplicate_compare(const struct sg_duplicate_entry *a,
                          const struct sg_duplicate_entry *b, uint64_t common,
                          uint64_t population,
                          struct sg_duplicate_score *ret_score);

/* Keys of one entry, at most. */
#define SG_DUPLICATE_KEYS_MAX 9u

/* Hashes TEXT under SECRET: what a node may keep of a name or number. */
uint64_t sg_duplicate_hash(const uint8_t secret[32], struct sg_bytes text);

/* Gives the keys of ENTRY, hashed under SECRET (keyed BLAKE2b): two
 * entries that share none are not compared. Returns their number. */
size_t sg_duplicate_keys(const struct sg_duplicate_entry *entry,
                         const uint8_t secret[32],
                         uint64_t ret_keys[SG_DUPLICATE_KEYS_MAX]);

/* A pair that was found; A and B are places in the entries. */
struct sg_duplicate_pair {
    size_t a;
    size_t b;
    struct sg_duplicate_score score;
};

typedef enum sg_err sg_duplicate_take(void *context,
                                      const struct sg_duplicate_pair *pair);

/* Finds the pairs among ENTRIES with a total of at least THRESHOLD, each once,
 * and gives them to TAKE, in ascending order of (a, b). Keys shared by more
 * than SG_DUPLICATE_BUCKET_MAX entries tell nothing and are passed over.
 * Errors: NOMEM; those of TAKE, which end it. */
SG_USE_RESULT enum sg_err sg_duplicate_find(
    const struct sg_duplicate_entry entries[], size_t count,
    const uint8_t secret[32], unsigned threshold, sg_duplicate_take *take,
    void *context);

#define SG_DUPLICATE_BUCKET_MAX 100u

#endif
