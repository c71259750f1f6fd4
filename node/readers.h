/* Readers: for which scopes a record is sealed (DESIGN.md D3; RECORDS.md 5,
 * column "readers").
 *
 * Always the capture commune, the home commune and the centre; of a record that
 * says that somebody moves, every unit that it names too. Where a home was
 * carried into another unit, as the register counts it (RECORDS.md 4, home),
 * that unit reads as well. The keys are those that stand in the authority's
 * state when the table is read. A unit without a
 * key is left out, for registering waits for nobody: the centre reads it and
 * hands it over. The other home of a duplicate is not known here, and is left
 * to the centre likewise. Context: one thread.
 */
#ifndef SG_NODE_READERS_H
#define SG_NODE_READERS_H

#include "node/write_key.h"
#include "storage/registry/authority.h"
#include "storage/registry/record.h"

struct sg_readers;

/* Makes a table that knows no keys; free takes NULL. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_readers_new(struct sg_readers **ret_readers);
void sg_readers_free(struct sg_readers *readers);

/* Reads the scope keys that stand in AUTHORITY, which is sealed, instead of
 * those read before. Borrows: AUTHORITY's units, until it is read again.
 * Errors: NOMEM: it knows none then. */
SG_USE_RESULT enum sg_err sg_readers_read(struct sg_readers *readers,
                                          const struct sg_authority *authority);

/* Gives who reads RECORD, which fits its type, when it is written at CAPTURE
 * about somebody at home at HOME. */
void sg_readers_of(const struct sg_readers *readers,
                   const struct sg_record *record, struct sg_unit_key capture,
                   struct sg_unit_key home,
                   struct sg_write_key_readers *ret_readers);

#endif
