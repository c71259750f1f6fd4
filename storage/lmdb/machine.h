/* The fingerprint of this machine and this directory, by which a cloned disk or
 * a copied store is noticed (FORMAT.md section 8).
 */
#ifndef SG_STORAGE_LMDB_MACHINE_H
#define SG_STORAGE_LMDB_MACHINE_H

#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/log/entry.h"

/* Computes the fingerprint for the open high-water file FD. NAMES, if not
 * empty, stands for the machine's own names: for tests, and for machines that
 * have none. Errors: IO. */
SG_USE_RESULT enum sg_err sg_machine_fingerprint(
    const struct sg_registry_id *registry, struct sg_bytes names, int fd,
    struct sg_hash *ret_fingerprint);

#endif
