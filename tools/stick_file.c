#include "tools/stick_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replication/certificate.h"
#include "replication/package.h"
#include "storage/base/alloc.h"

/* --- The file
 * -----------------------------------------------------------------
 */

static int open_regular(struct sg_stick_file *file)
{
    struct stat stat;

    file->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file->fd < 0) {
        enum sg_err err = errno == ENOENT || errno == ENOTDIR ? SG_ERR_NOTFOUND
                          : errno == EACCES || errno == EPERM ? SG_ERR_ACCESS
                                                              : SG_ERR_IO;
        return sg_cli_fail_err(file->cli, err, file->path);
    }
    if (fstat(file->fd, &stat) != 0 || !S_ISREG(stat.st_mode))
        return sg_stick_file_fail(file->cli, file->path, SG_ERR_MALFORMED);
    file->size = (uint64_t)stat.st_size;
    return 0;
}

static enum sg_err read_head(struct sg_stick_file *file,
                             const struct sg_registry_id *registry)
{
    size_t size = SG_BUNDLE_HEADER_SIZE_MAX;
    enum sg_err err;

    if (size > file->size)
        size = (size_t)file->size;
    file->head = sg_alloc(size);
    file->head_size = size;
    if (file->head == NULL)
        return SG_ERR_NOMEM;
    err = sg_stick_file_read(file, 0, file->head, size);
    return err == SG_OK
               ? sg_bundle_header_decode(sg_bytes(file->head, size), registry,
                                         &file->header, &file->boxes)
               : err;
}

int sg_stick_file_open(const struct sg_cli *cli, const char *path,
                       const struct sg_registry_id *registry,
                       struct sg_stick_file *ret_file)
{
    struct sg_stick_file file = {.cli = cli, .path = path};
    int code = open_regular(&file);
    enum sg_err err;

    if (code == 0) {
        err = read_head(&file, registry);
        code = err == SG_OK ? 0 : sg_stick_file_fail(cli, path, err);
    }
    if (code != 0)
        sg_stick_file_close(&file);
    else
        *ret_file = file;
    return code;
}

void sg_stick_file_close(struct sg_stick_file *file)
{
    if (file->fd >= 0)
        (void)close(file->fd);
    sg_free(file->head);
    file->head = NULL;
}

enum sg_err sg_stick_file_read(const struct sg_stick_file *file,
                               uint64_t offset, uint8_t *room, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n =
            pread(file->fd, room + done, size - done, (off_t)(offset + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return SG_ERR_IO;
        done += (size_t)n;
    }
    return SG_OK;
}

int sg_stick_file_fail(const struct sg_cli *cli, const char *path,
                       enum sg_err err)
{
    switch (err) {
    case SG_ERR_UNTRUSTED:
        return sg_cli_fail(cli, SG_EXIT_NO, "%s: a bundle of another registry",
                           "%s: gói dữ liệu của sổ khác", path);
    case SG_ERR_NOTFOUND:
        return sg_cli_fail(cli, SG_EXIT_KEY,
                           "%s: not for this node; carry it on to those that "
                           "it was made for",
                           "%s: không dành cho nút này; hãy chuyển tiếp cho "
                           "nơi nhận",
                           path);
    case SG_ERR_MALFORMED:
    case SG_ERR_TRUNCATED:
        return sg_cli_fail(cli, SG_EXIT_DAMAGED,
                           "%s: no bundle, or its first bytes are damaged; "
                           "copy it again",
                           "%s: không phải gói dữ liệu, hoặc phần đầu bị "
                           "hỏng; hãy chép lại",
                           path);
    default:
        return sg_cli_fail_err(cli, err, path);
    }
}

/* --- Looking
 * --------------------------------------------------------------------
 */

struct look {
    const struct sg_stick_file *file;
    const struct sg_registry_id *registry;
    struct sg_stick_sight *sight;
    uint8_t key[SG_KEY_SIZE]; /* of the bundle */
    uint8_t *piece;
};

static void see_manifest(struct look *look, struct sg_bytes body)
{
    struct sg_stick_sight *sight = look->sight;
    struct sg_bundle_manifest manifest;
    struct sg_certificate certificate;

    if (sg_bundle_manifest_decode(body, &manifest) != SG_OK ||
        sg_certificate_decode(SG_BYTES_ARRAY(manifest.certificate),
                              &certificate) != SG_OK ||
        sg_bundle_manifest_verify(&manifest, look->registry,
                                  &sight->header.hash,
                                  certificate.node_key) != SG_OK)
        return;
    sight->has_maker = true;
    sight->seconds = manifest.seconds;
    memcpy(sight->maker, certificate.node_key, sizeof sight->maker);
}

static void see_messages(struct look *look, struct sg_bytes messages)
{
    struct sg_stick_sight *sight = look->sight;
    struct sg_frame_message message;
    struct sg_package_head head;

    while (sg_bundle_next(&messages, sight->header.kind, &message) == SG_OK &&
           message.type != SG_MESSAGE_NONE) {
        if (message.type == SG_MESSAGE_MANIFEST)
            see_manifest(look, message.body);
        if (message.type == SG_MESSAGE_PACKAGE &&
            sg_package_peek(message.body, &head) == SG_OK)
            sight->entries += head.count;
    }
}

static void see_pieces(struct look *look)
{
    struct sg_stick_sight *sight = look->sight;
    const struct sg_bundle_header *header = &sight->header;
    size_t size = (size_t)1 << header->exponent;
    uint64_t offset = sg_bundle_header_size(header->n_boxes);
    uint32_t end = sight->cut_at > 0 ? sight->cut_at - 1 : header->pieces;
    struct sg_bytes messages;

    for (uint32_t i = 0; i < end; i++, offset += size) {
        if (sg_stick_file_read(look->file, offset, look->piece, size) !=
                SG_OK ||
            sg_bundle_piece_open(look->piece, header, look->key, i,
                                 &messages) != SG_OK)
            sight->damaged++;
        else
            see_messages(look, messages);
    }
}

int sg_stick_look(const struct sg_cli *cli, const char *path,
                  const struct sg_key *key, struct sg_stick_sight *ret_sight)
{
    struct sg_stick_file file;
    struct look look = {
        .file = &file, .registry = &key->registry, .sight = ret_sight};
    int code = sg_stick_file_open(cli, path, &key->registry, &file);
    uint64_t head;

    if (code != 0)
        return code;
    *ret_sight = (struct sg_stick_sight){.header = file.header};
    head = sg_bundle_header_size(file.header.n_boxes);
    if (file.size != sg_bundle_part_size(&file.header))
        ret_sight->cut_at =
            file.size < head
                ? 1
                : (uint32_t)((file.size - head) >> file.header.exponent) + 1;
    if (file.size > sg_bundle_part_size(&file.header))
        code = sg_stick_file_fail(cli, path, SG_ERR_TRAILING);
    look.piece = sg_alloc((size_t)1 << file.header.exponent);
    if (look.piece == NULL)
        code = sg_cli_fail_err(cli, SG_ERR_NOMEM, path);
    ret_sight->is_ours = sg_bundle_key_open(file.boxes, key->public_key,
                                            key->secret, look.key) == SG_OK;
    if (code == 0 && ret_sight->is_ours)
        see_pieces(&look);
    sg_crypto_wipe(look.key, sizeof look.key);
    sg_free(look.piece);
    sg_stick_file_close(&file);
    return code;
}
