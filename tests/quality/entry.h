/* Entries of a population, one JSON object a line: tools/data/README.md. */
#ifndef SG_TESTS_QUALITY_ENTRY_H
#define SG_TESTS_QUALITY_ENTRY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "storage/base/date.h"
#include "storage/registry/unit.h"
#include "storage/registry/value.h"

struct entry_kin {
    bool is_there;
    struct sg_uid uid;
    const char *name[3];
};

/* What an entry says; texts are the JSON object's, NULL where there is none. */
struct entry {
    json_t *json;
    struct sg_uid uid;
    const char *name[3]; /* family, middle, given */
    struct sg_date birth;
    unsigned sex;
    uint64_t pin;
    const char *old_number;
    bool has_nationality;
    const char *nationality;
    unsigned ethnicity;
    unsigned marital;
    unsigned relation;
    struct entry_kin father;
    struct entry_kin mother;
    struct entry_kin spouse;
    bool has_household;
    struct sg_uid household;
    const char *file_no;
    struct sg_unit_key unit;
    const char *address;
    struct sg_unit_key birth_reg;
    struct sg_unit_key hometown;
    const char *phone;
    bool has_dossier;
    struct sg_date dossier_captured;
    struct sg_date dossier_birth;
    const char *dossier_address;
    const char *dossier_phone;
};

struct entries {
    struct entry *items;
    size_t count;
    size_t room;
};

/* Reads the file at PATH whole; says on standard error what is wrong with which
 * line and returns false. Caller frees with entries_free. */
bool entries_read(const char *path, struct entries *ret_entries);
void entries_free(struct entries *entries);

#endif
