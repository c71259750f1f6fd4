/* Sheet: what the view keeps of one subject: the copies of all its records that
 * count, in memory and as a row (FORMAT.md section 12).
 *
 * A sheet lies in an arena: nothing of it is freed alone. It says nothing of
 * what the register makes of it; that is the fold's.
 */
#ifndef SG_NODE_VIEW_SHEET_H
#define SG_NODE_VIEW_SHEET_H

#include "storage/base/buf.h"
#include "storage/registry/merge/arena.h"
#include "storage/registry/merge/state_root.h"
#include "storage/registry/record.h"

/* Bits of a copy's flags. */
enum sg_sheet_flag {
    SG_SHEET_ADMITTED = 1, /* else quarantined */
    SG_SHEET_FIRST = 2,    /* admitted without what officers endorse (7.17) */
    SG_SHEET_SIGNED = 4,   /* its signature is right */
    SG_SHEET_FORKED = 8,
    SG_SHEET_ABOVE = 16, /* above a cut of its node or officer */
    SG_SHEET_FLAGS = 31,
};

struct sg_sheet_copy {
    uint32_t log; /* number */
    uint32_t set; /* number of the grant's units */
    uint64_t index;
    uint64_t key_entry;
    uint64_t hlc;
    uint8_t roles;
    uint8_t flags;
};

struct sg_sheet_record {
    struct sg_hash id;
    struct sg_bytes inner;
    struct sg_sheet_copy *copies; /* ascending by log, index */
    size_t n_copies;
};

/* What it has in the root of one unit. The root is not stored: it is made by a
 * fold (settle.h). */
struct sg_sheet_share {
    struct sg_unit_key unit;
    struct sg_state_root root;
};

/* By whom a conflict is to be decided. */
struct sg_sheet_owner {
    struct sg_unit_key unit;
    bool is_decided;
};

/* What the figures of others ask of it. */
struct sg_sheet_facts {
    bool is_person, has_spouse;
    struct sg_date birth;
    struct sg_uid spouse;
    bool is_household, is_open, has_file_no, has_members;
    uint8_t heads;
    size_t n_members;
    const struct sg_uid *members;
};

struct sg_sheet {
    struct sg_uid uid;
    struct sg_sheet_record *records; /* ascending by id */
    size_t n_records, capacity;
    const struct sg_sheet_share *shares;
    size_t n_shares;
    const struct sg_sheet_owner *owners;
    size_t n_owners;
    const struct sg_uid *kin; /* on whom its figures depend */
    size_t n_kin;
    struct sg_sheet_facts facts;
};

/* Finds the record ID; NULL when there is none. */
struct sg_sheet_record *sg_sheet_find(const struct sg_sheet *sheet,
                                      const struct sg_hash *id);

/* Puts COPY in, in the place of one at the same (log, index); the record is
 * made where there is none yet, and copies INNER. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_sheet_put(struct sg_sheet *sheet,
                                       struct sg_arena *arena,
                                       const struct sg_hash *id,
                                       struct sg_bytes inner,
                                       const struct sg_sheet_copy *copy);

/* Takes the copy at (LOG, INDEX) of record ID out, and the record with its last
 * one. Returns whether there was one. */
bool sg_sheet_del(struct sg_sheet *sheet, const struct sg_hash *id,
                  uint32_t log, uint64_t index);

/* Finds the copy at (LOG, INDEX); gives its record. NULL when there is none. */
struct sg_sheet_copy *sg_sheet_copy_at(const struct sg_sheet *sheet,
                                       uint32_t log, uint64_t index,
                                       struct sg_sheet_record **ret_record);

/* Gives a copy of SHEET in ARENA that can be changed apart. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_sheet_clone(const struct sg_sheet *sheet,
                                         struct sg_arena *arena,
                                         struct sg_sheet *ret_sheet);

/* Compresses and expands rows: one for each thread; holds plaintext. */
struct sg_sheet_coder;

/* Gives a coder; IS_WRITER where rows are made. Caller frees it with
 * sg_sheet_coder_free, which takes NULL. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_sheet_coder_new(const struct sg_registry_id *id,
                                             bool is_writer,
                                             struct sg_sheet_coder **ret);
void sg_sheet_coder_free(struct sg_sheet_coder *coder);

/* Makes the row of SHEET, borrowed until the coder's next call. Errors: NOMEM,
 * LIMIT. */
SG_USE_RESULT enum sg_err sg_sheet_encode(struct sg_sheet_coder *coder,
                                          const struct sg_sheet *sheet,
                                          struct sg_bytes *ret_row);

/* Reads a row into ARENA. Errors: DAMAGED, VERSION, NOMEM. */
SG_USE_RESULT enum sg_err sg_sheet_decode(struct sg_sheet_coder *coder,
                                          struct sg_bytes row,
                                          struct sg_arena *arena,
                                          struct sg_sheet *ret_sheet);

/* Reads of a row no more than the uid and the facts. Errors: as above. */
SG_USE_RESULT enum sg_err sg_sheet_peek(struct sg_sheet_coder *coder,
                                        struct sg_bytes row,
                                        struct sg_arena *arena,
                                        struct sg_sheet *ret_sheet);

#endif
