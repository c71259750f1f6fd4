#include "storage/lmdb/machine.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/base/crypto.h"

#define NAME_SIZE_MAX 256

/* Readable by everybody, the same at every start, different on other hardware.
 * A missing one counts as empty. */
static const char *const name_files[] = {
    "/etc/machine-id",
    "/sys/class/dmi/id/sys_vendor",
    "/sys/class/dmi/id/product_name",
    "/sys/class/dmi/id/board_name",
};

static void hash_file(struct sg_sha256 *ctx, const char *path)
{
    uint8_t text[NAME_SIZE_MAX + 1];
    ssize_t size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        size = read(fd, text, NAME_SIZE_MAX);
        (void)close(fd);
    }
    size = size < 0 ? 0 : size;
    text[size] = 0;
    sg_crypto_sha256_update(ctx, text, (size_t)size + 1);
}

enum sg_err sg_machine_fingerprint(const struct sg_registry_id *registry,
                                   struct sg_bytes names, int fd,
                                   struct sg_hash *ret_fingerprint)
{
    struct sg_sha256 ctx;
    struct statx file;
    uint8_t place[20];
    size_t i;

    if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &file) != 0) {
        return SG_ERR_IO;
    }
    sg_crypto_purpose_init(&ctx, "sogoc v1 machine", &registry->hash);
    if (names.size > 0) {
        sg_crypto_sha256_update(&ctx, names.data, names.size);
    } else {
        for (i = 0; i < sizeof name_files / sizeof name_files[0]; i++) {
            hash_file(&ctx, name_files[i]);
        }
    }
    memset(place, 0, sizeof place);
    sg_bytes_put_u64be(place, file.stx_ino);
    if ((file.stx_mask & STATX_BTIME) != 0) {
        sg_bytes_put_u64be(place + 8, (uint64_t)file.stx_btime.tv_sec);
        sg_bytes_put_u32be(place + 16, file.stx_btime.tv_nsec);
    }
    sg_crypto_sha256_update(&ctx, place, sizeof place);
    sg_crypto_sha256_final(&ctx, ret_fingerprint);
    return SG_OK;
}
