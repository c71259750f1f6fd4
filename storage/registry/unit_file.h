/* The text form of a table of units: what the product ships and what a tool
 * may exchange (data/README.md has the format).
 *
 * Strict and bounded: one text for one table. It reads bytes, not files.
 */
#ifndef SG_STORAGE_REGISTRY_UNIT_FILE_H
#define SG_STORAGE_REGISTRY_UNIT_FILE_H

#include "storage/registry/unit.h"

/* Gives the units and successions of Thanh Hoa from 2019-12-01 on, as shipped
 * with this build; static storage. Context: any thread. */
struct sg_bytes sg_unit_file_shipped(void);

/* Reads TEXT and gives the sealed table; caller frees with
 * sg_unit_table_free. On failure RET_LINE, which may be NULL, says in which
 * line, counted from 1, the reading stopped.
 * Errors: VERSION when the first line is not this format's; TRUNCATED when the
 * last line is missing; MALFORMED, TEXT, NOTCANONICAL for a line; TRAILING
 * behind the last; INVALID for a value that cannot be, and for a table in which
 * sg_unit_table_check finds a fault; LIMIT; NOMEM. */
SG_USE_RESULT enum sg_err sg_unit_file_read(struct sg_bytes text,
                                            struct sg_unit_table **ret_table,
                                            size_t *ret_line);

#endif
