/* Administrative units as dated data: what a code meant on a day, what lay in
 * what, and which unit went into which (RECORDS.md 6.6).
 *
 * A unit is always (level, code, valid_from), never the code alone: of the 166
 * communes of 2025-07-01 in Thanh Hoa every code had been in use before, 145
 * of them for another unit. Whatever changes ends the unit and begins a new
 * one, with an edge from the old to the new: whole, or one of several parts.
 *
 * A table is filled once (by hand or from a file, unit_file.h), sealed, and
 * from then on never changes or allocates; looking up takes O(log n). It is
 * not who serves a unit (territory.h) and not who lives there.
 */
#ifndef SG_STORAGE_REGISTRY_UNIT_H
#define SG_STORAGE_REGISTRY_UNIT_H

#include "storage/base/bytes.h"
#include "storage/base/date.h"
#include "storage/base/err.h"

/* RECORDS 1: the decimal number L CCCCC YYYYMMDD. 0 is the whole country. */
struct sg_unit_key {
    uint64_t value;
};

#define SG_UNIT_COUNTRY ((struct sg_unit_key){0})

enum sg_unit_level {
    SG_UNIT_LEVEL_COUNTRY,
    SG_UNIT_LEVEL_PROVINCE,
    SG_UNIT_LEVEL_DISTRICT,
    SG_UNIT_LEVEL_COMMUNE,
};

/* The day from which the first table holds; a day before it counts as that
 * day (RECORDS 10, V08). */
#define SG_UNIT_FIRST_DAY ((struct sg_date){20191201})

struct sg_unit {
    struct sg_unit_key key;
    struct sg_unit_key parent;
    struct sg_date
        until;      /* the first day it is no more; no date: it still is */
    uint16_t kind;  /* code table 7, unit_kind */
    bool is_proven; /* stated by its act, not mapped by name */
    struct sg_bytes name; /* with its word of kind, "Phường Hàm Rồng" */
    struct sg_bytes act;  /* no bytes: not known */
};

enum sg_unit_share { SG_UNIT_WHOLE = 1, SG_UNIT_PART = 2 };

/* FROM ended on its day `until`, and all or a part of it went into TO. */
struct sg_unit_edge {
    struct sg_unit_key from;
    struct sg_unit_key to;
    enum sg_unit_share share;
    bool is_proven;
    struct sg_bytes act;
};

/* What a table can have wrong with it. The statements stand all the same: a
 * fault is an alarm (RECORDS 6.6). */
enum sg_unit_fault_kind {
    SG_UNIT_FAULT_NAME,    /* two of one name in one parent at one time */
    SG_UNIT_FAULT_OVERLAP, /* one code, two units at one time */
    SG_UNIT_FAULT_PARENT,  /* no such parent, or not above the child */
    SG_UNIT_FAULT_COVER,   /* the parent's time does not cover the child's */
    SG_UNIT_FAULT_FROM,    /* an edge from a unit unknown or not ended */
    SG_UNIT_FAULT_TO,      /* an edge to a unit unknown, not there on that day,
                              or of another level */
    SG_UNIT_FAULT_SHARE,   /* neither one whole edge nor several parts */
};

struct sg_unit_fault {
    enum sg_unit_fault_kind kind;
    struct sg_unit_key unit;
    struct sg_unit_key other;
};

struct sg_unit_table;

/*
 * Keys.
 */

/* Returns the key of LEVEL, CODE (below 100,000) and FROM, which is a day. */
struct sg_unit_key sg_unit_key_make(enum sg_unit_level level, uint32_t code,
                                    struct sg_date from);

/* Says whether KEY is the country or a level from 1 to 3 and a real day. */
bool sg_unit_key_is_valid(struct sg_unit_key key);

static inline enum sg_unit_level sg_unit_key_level(struct sg_unit_key key)
{
    return (enum sg_unit_level)(key.value / UINT64_C(10000000000000));
}

static inline uint32_t sg_unit_key_code(struct sg_unit_key key)
{
    return (uint32_t)(key.value / 100000000 % 100000);
}

static inline struct sg_date sg_unit_key_from(struct sg_unit_key key)
{
    return (struct sg_date){(uint32_t)(key.value % 100000000)};
}

static inline bool sg_unit_key_equal(struct sg_unit_key a, struct sg_unit_key b)
{
    return a.value == b.value;
}

/*
 * Filling a table.
 */

/* Gives an empty table; caller frees with sg_unit_table_free. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_unit_table_new(struct sg_unit_table **ret_table);

/* Takes TABLE, which may be NULL. */
void sg_unit_table_free(struct sg_unit_table *table);

/* Adds UNIT to TABLE, not yet sealed; its texts are copied. Errors: INVALID
 * for a key or day that is none, the country, or no name; LIMIT for too many
 * units or too long a text; NOMEM. */
SG_USE_RESULT enum sg_err sg_unit_table_add(struct sg_unit_table *table,
                                            const struct sg_unit *unit);

/* Adds EDGE to TABLE, not yet sealed. Errors: as sg_unit_table_add. */
SG_USE_RESULT enum sg_err sg_unit_table_link(struct sg_unit_table *table,
                                             const struct sg_unit_edge *edge);

/* Ends the filling; only after it may TABLE be asked. Errors: EXISTS when a
 * key or an edge was added twice, LIMIT for too many edges of one unit; NOMEM;
 * after an error TABLE can only be freed. */
SG_USE_RESULT enum sg_err sg_unit_table_seal(struct sg_unit_table *table);

/* Gives the first MAX faults of TABLE and returns how many there are in all. */
size_t sg_unit_table_check(const struct sg_unit_table *table,
                           struct sg_unit_fault *ret_faults, size_t max);

/*
 * Asking a sealed table. What is given is borrowed until the table is freed.
 */

/* Returns how many units of any time TABLE has. */
size_t sg_unit_table_size(const struct sg_unit_table *table);

/* Gives unit INDEX, below the size, in ascending order of keys. */
const struct sg_unit *sg_unit_table_get(const struct sg_unit_table *table,
                                        size_t index);

/* Gives the unit KEY; NULL when there is none. */
const struct sg_unit *sg_unit_find(const struct sg_unit_table *table,
                                   struct sg_unit_key key);

/* Gives what CODE meant at LEVEL on DAY; NULL when it meant nothing. */
const struct sg_unit *sg_unit_find_at(const struct sg_unit_table *table,
                                      enum sg_unit_level level, uint32_t code,
                                      struct sg_date day);

/* Returns the place of UNIT, one of TABLE's, in its order. */
size_t sg_unit_index(const struct sg_unit_table *table,
                     const struct sg_unit *unit);

/* Says whether UNIT is there on DAY. */
bool sg_unit_is_at(const struct sg_unit *unit, struct sg_date day);

/* Counts the units of LEVEL on DAY; O(n). */
size_t sg_unit_count_at(const struct sg_unit_table *table,
                        enum sg_unit_level level, struct sg_date day);

/* Says whether KEY and everything above it are there on DAY (rule V08). */
bool sg_unit_chain_is_at(const struct sg_unit_table *table,
                         struct sg_unit_key key, struct sg_date day);

/* Gives UNIT or the unit above it that is of LEVEL; NULL when none is. */
const struct sg_unit *sg_unit_above(const struct sg_unit_table *table,
                                    const struct sg_unit *unit,
                                    enum sg_unit_level level);

/* Says whether ABOVE is KEY, the country, or a unit above KEY: what a grant
 * for ABOVE covers (RECORDS 4). */
bool sg_unit_covers(const struct sg_unit_table *table, struct sg_unit_key above,
                    struct sg_unit_key key);

/* Gives the edges from KEY, ascending by where they lead; COUNT may be 0. */
const struct sg_unit_edge *sg_unit_edges_from(const struct sg_unit_table *table,
                                              struct sg_unit_key key,
                                              size_t *ret_count);

/* Gives the edges into KEY, ascending by where they come from. */
const struct sg_unit_edge *sg_unit_edges_to(const struct sg_unit_table *table,
                                            struct sg_unit_key key,
                                            size_t *ret_count);

/*
 * From one time to another.
 */

enum sg_unit_fit {
    SG_UNIT_FIT_EXACT,   /* this unit and no other */
    SG_UNIT_FIT_PENDING, /* the unit was split: a resettle record must say
                            which part (RECORDS 7.16) */
    SG_UNIT_FIT_UNCLEAR, /* several units of the earlier day went into it */
    SG_UNIT_FIT_NONE, /* no such unit, or nothing of that level on that day */
};

struct sg_unit_place {
    enum sg_unit_fit fit;
    struct sg_unit_key unit; /* where; PENDING: the unit that was split;
                                UNCLEAR, NONE: the unit asked about */
};

/* Says where the home KEY has come to be on DAY: it goes along with whole
 * successions up to DAY and stays where it was split (RECORDS 4, home).
 * NONE when it ended without successor or is not known. A day before the unit
 * began leaves it where it is. */
struct sg_unit_place sg_unit_carry(const struct sg_unit_table *table,
                                   struct sg_unit_key key, struct sg_date day);

/* Says into which unit of LEVEL of the table of DAY, earlier or later, KEY
 * falls. Several units of DAY count as one when all lie in one unit of LEVEL:
 * a commune split within its province is pending among communes, but exact
 * among provinces. */
struct sg_unit_place sg_unit_project(const struct sg_unit_table *table,
                                     struct sg_unit_key key, struct sg_date day,
                                     enum sg_unit_level level);

#endif
