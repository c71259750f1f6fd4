/* A passphrase in locked memory, and one that lies in a file (FORMAT.md 9).
 *
 * For daemons that start without a person: a file on tmpfs, or a credential of
 * systemd. Asking a person is the tools' business.
 */
#ifndef SG_STORAGE_LMDB_PASSPHRASE_H
#define SG_STORAGE_LMDB_PASSPHRASE_H

#include <stddef.h>
#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"

struct sg_passphrase {
    size_t size;
    uint8_t bytes[SG_PASSPHRASE_SIZE_MAX];
};

/* Gives an empty one, in locked memory. Caller frees. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_passphrase_new(struct sg_passphrase **ret);

/* Wipes and frees; takes NULL. */
void sg_passphrase_free(struct sg_passphrase *passphrase);

/* Reads the first line of PATH. Caller frees.
 * Errors: NOTFOUND; ACCESS when it cannot be read, or when others than owner
 * and group could read it, or others than the owner write it; MALFORMED when it
 * is no regular file; INVALID when the line is empty; LIMIT when it is too
 * long; IO; NOMEM. */
SG_USE_RESULT enum sg_err sg_passphrase_read(const char *path,
                                             struct sg_passphrase **ret);

/* Borrows its bytes; none of NULL. */
static inline struct sg_bytes sg_passphrase_bytes(
    const struct sg_passphrase *passphrase)
{
    return passphrase == NULL ? sg_bytes(NULL, 0)
                              : sg_bytes(passphrase->bytes, passphrase->size);
}

#endif
