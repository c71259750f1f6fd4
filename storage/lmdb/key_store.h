/* Key files on disk: the folder DIR/keys, mode 0700, with NAME.key in it, mode
 * 0600.
 *
 * A file is whole or absent, whatever crashes; a file that others may read is
 * refused. What is in a file is storage/log/key_file.h; the bytes here may be
 * a secret in the clear, so callers wipe them. It is not part of a store: keys
 * are made before one, and never backed up with it.
 */
#ifndef SG_STORAGE_LMDB_KEY_STORE_H
#define SG_STORAGE_LMDB_KEY_STORE_H

#include "storage/base/err.h"
#include "storage/log/key_file.h"

/* Characters of a name, of which a-z, 0-9, '-' and '_' are allowed. */
#define SG_KEY_STORE_NAME_MAX 64

enum sg_key_store_mode {
    SG_KEY_STORE_CREATE,  /* there is no such file yet */
    SG_KEY_STORE_REPLACE, /* another passphrase for the same key */
};

/* Writes FILE as NAME.key in FOLDER, which is made, mode 0700, if its parent is
 * there. When this returns, file and folder are synced. On failure the old
 * file, or none, is there. What is replaced may remain in free blocks of the
 * disk: a passphrase that leaked calls for a new key, not for a new passphrase.
 * Errors: INVALID (NAME); EXISTS for _CREATE, NOTFOUND for _REPLACE or without
 * a parent; ACCESS; FULL; MALFORMED when FOLDER is no folder; IO; FATAL when a
 * sync failed: stop. */
SG_USE_RESULT enum sg_err sg_key_store_write(
    const char *folder, const char *name, enum sg_key_store_mode mode,
    const uint8_t file[SG_KEY_FILE_SIZE]);

/* Reads NAME.key of FOLDER. RET_FILE may hold a secret: wipe it.
 * Errors: INVALID (NAME); NOTFOUND; ACCESS when it cannot be read, or when
 * others could read it too; TRUNCATED, TRAILING when its size is another;
 * MALFORMED when it is no regular file; IO. */
SG_USE_RESULT enum sg_err sg_key_store_read(const char *folder,
                                            const char *name,
                                            uint8_t ret_file[SG_KEY_FILE_SIZE]);

#endif
