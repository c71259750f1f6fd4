#include "node/invites.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/base/reader.h"
#include "storage/base/text.h"
#include "storage/lmdb/file.h"
#include "storage/log/key_id.h"

#define MAGIC     "sogocinv"
#define VERSION   1
#define SIZE      (8u + 1u + SG_JOIN_SECRET_SIZE + 8u + 1u + 1u + SG_KEY_SIZE)
#define PATH_SIZE 4096
#define NAME_SIZE 24

struct invite {
    char name[NAME_SIZE];
    uint8_t secret[SG_JOIN_SECRET_SIZE];
    uint64_t until_ms;
    uint8_t tries; /* wrong ones */
    bool is_used;
    uint8_t node_key[SG_KEY_SIZE]; /* by whom */
};

/* --- Files
 * ---------------------------------------------------------------------- */

static enum sg_err path_of(const char *dir, const char *folder,
                           const char *name, char ret[PATH_SIZE])
{
    int n = snprintf(ret, PATH_SIZE, "%s/%s%s%s", dir, folder,
                     name[0] == '\0' ? "" : "/", name);

    return n < 0 || n >= PATH_SIZE ? SG_ERR_LIMIT : SG_OK;
}

static void name_of(struct sg_bytes bytes, char ret[NAME_SIZE])
{
    struct sg_writer writer;

    memset(ret, 0, NAME_SIZE);
    sg_writer_init_array(&writer, (uint8_t *)ret, NAME_SIZE - 1);
    sg_text_hex_encode(&writer, bytes);
}

static enum sg_err read_invite(const char *dir, const char *name,
                               struct invite *ret)
{
    uint8_t magic[8] = {0};
    struct sg_reader reader;
    char path[PATH_SIZE];
    struct sg_buf bytes;
    enum sg_err err = path_of(dir, "invites", name, path);

    sg_buf_init(&bytes, SIZE + 1);
    if (err == SG_OK)
        err = sg_file_read(path, &bytes);
    sg_reader_init(&reader, sg_buf_bytes(&bytes));
    sg_reader_copy(&reader, magic, sizeof magic);
    if (memcmp(magic, MAGIC, sizeof magic) != 0 ||
        sg_reader_u8(&reader) != VERSION)
        sg_reader_fail(&reader, SG_ERR_MALFORMED);
    sg_reader_copy(&reader, ret->secret, sizeof ret->secret);
    ret->until_ms = sg_reader_u64be(&reader);
    ret->tries = sg_reader_u8(&reader);
    ret->is_used = sg_reader_u8(&reader) == 1;
    sg_reader_copy(&reader, ret->node_key, sizeof ret->node_key);
    if (err == SG_OK)
        err = sg_reader_end(&reader);
    sg_buf_wipe(&bytes);
    (void)snprintf(ret->name, sizeof ret->name, "%s", name);
    return err;
}

static enum sg_err make_folder(const char *dir, const char *folder)
{
    char path[PATH_SIZE];
    enum sg_err err = path_of(dir, folder, "", path);

    if (err == SG_OK)
        err = sg_file_make_folder(path);
    return err == SG_ERR_EXISTS ? SG_OK : err;
}

/* The folder is its owner's alone, so the file is too. */
static enum sg_err write_invite(const char *dir, const struct invite *invite)
{
    uint8_t bytes[SIZE];
    struct sg_writer writer;
    char path[PATH_SIZE];
    enum sg_err err = path_of(dir, "invites", invite->name, path);

    if (err == SG_OK)
        err = make_folder(dir, "invites");
    if (err != SG_OK)
        return err;
    sg_writer_init_array(&writer, bytes, sizeof bytes);
    sg_writer_bytes(&writer, sg_bytes(MAGIC, 8));
    sg_writer_u8(&writer, VERSION);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(invite->secret));
    sg_writer_u64be(&writer, invite->until_ms);
    sg_writer_u8(&writer, invite->tries);
    sg_writer_u8(&writer, invite->is_used);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(invite->node_key));
    err = sg_file_write(path, SG_BYTES_ARRAY(bytes));
    sg_crypto_wipe(bytes, sizeof bytes);
    return err;
}

static bool holds(const struct invite *invite, uint64_t now_ms)
{
    return now_ms < invite->until_ms && invite->tries < SG_INVITES_TRIES;
}

static void remove_invite(const char *dir, const char *name)
{
    char path[PATH_SIZE];

    if (path_of(dir, "invites", name, path) == SG_OK)
        (void)unlink(path);
}

/* Called for each invite that holds; says whether to go on. */
typedef bool invite_fn(void *context, struct invite *invite);

/* Those that have ended go away; what is no invite is passed over. */
static size_t each(const char *dir, uint64_t now_ms, invite_fn *fn,
                   void *context)
{
    const struct dirent *entry;
    char path[PATH_SIZE];
    size_t count = 0;
    bool goes_on = true;
    DIR *folder;

    if (path_of(dir, "invites", "", path) != SG_OK)
        return 0;
    folder = opendir(path);
    if (folder == NULL)
        return 0;
    while (goes_on && (entry = readdir(folder)) != NULL) {
        struct invite invite;

        if (strlen(entry->d_name) != 16 ||
            read_invite(dir, entry->d_name, &invite) != SG_OK)
            continue;
        if (holds(&invite, now_ms)) {
            count++;
            goes_on = fn == NULL || fn(context, &invite);
        } else {
            remove_invite(dir, entry->d_name);
        }
        sg_crypto_wipe(&invite, sizeof invite);
    }
    (void)closedir(folder);
    return count;
}

/* --- Issuing
 * ------------------------------------------------------------------- */

enum sg_err sg_invites_issue(const char *dir, uint64_t now_ms,
                             uint8_t ret_secret[SG_JOIN_SECRET_SIZE])
{
    struct invite invite = {.until_ms =
                                now_ms + SG_INVITES_HOURS * UINT64_C(3600000)};
    struct sg_hash hash;
    enum sg_err err;

    if (each(dir, now_ms, NULL, NULL) >= SG_INVITES_MAX)
        return SG_ERR_LIMIT;
    sg_crypto_random(invite.secret, sizeof invite.secret);
    sg_crypto_sha256(invite.secret, sizeof invite.secret, &hash);
    name_of(sg_bytes(hash.bytes, 8), invite.name);
    err = write_invite(dir, &invite);
    if (err == SG_OK)
        memcpy(ret_secret, invite.secret, sizeof invite.secret);
    sg_crypto_wipe(&invite, sizeof invite);
    return err;
}

bool sg_invites_any(const char *dir, uint64_t now_ms)
{
    return each(dir, now_ms, NULL, NULL) > 0;
}

/* --- Taking
 * -------------------------------------------------------------------- */

struct taking {
    const char *dir;
    const struct sg_registry_id *registry;
    const struct sg_join_request *request;
    const uint8_t *bytes, *proof;
    const struct sg_hash *handshake;
    bool is_right;
    enum sg_err err;
};

/* A proof that is wrong for all is a try against each: whoever guesses does not
 * say which he guesses at. */
static bool count_try(void *context, struct invite *invite)
{
    struct taking *taking = context;

    invite->tries++;
    taking->err = write_invite(taking->dir, invite);
    return taking->err == SG_OK;
}

static bool compare(void *context, struct invite *invite)
{
    struct taking *taking = context;
    uint8_t proof[SG_JOIN_PROOF_SIZE];

    sg_join_proof(taking->registry, invite->secret, taking->handshake,
                  taking->bytes, proof);
    if (!sg_crypto_equal(proof, taking->proof, sizeof proof))
        return true;
    if (invite->is_used)
        taking->is_right = memcmp(invite->node_key, taking->request->node_key,
                                  SG_KEY_SIZE) == 0;
    else {
        invite->is_used = true;
        memcpy(invite->node_key, taking->request->node_key, SG_KEY_SIZE);
        taking->err = write_invite(taking->dir, invite);
        taking->is_right = taking->err == SG_OK;
    }
    return false;
}

static enum sg_err keep_request(const struct taking *taking)
{
    struct sg_key_id id =
        sg_key_id_of(taking->registry, SG_KEY_NODE, taking->request->node_key);
    char path[PATH_SIZE], name[NAME_SIZE];
    enum sg_err err;

    name_of(SG_BYTES_ARRAY(id.bytes), name);
    err = path_of(taking->dir, "requests", name, path);
    if (err == SG_OK)
        err = make_folder(taking->dir, "requests");
    return err == SG_OK ? sg_file_write(path, sg_bytes(taking->bytes,
                                                       SG_JOIN_REQUEST_SIZE))
                        : err;
}

enum sg_err sg_invites_take(const char *dir, uint64_t now_ms,
                            const struct sg_registry_id *registry,
                            const struct sg_join_request *request,
                            const uint8_t bytes[SG_JOIN_REQUEST_SIZE],
                            const uint8_t proof[SG_JOIN_PROOF_SIZE],
                            const struct sg_hash *handshake)
{
    struct taking taking = {.dir = dir,
                            .registry = registry,
                            .request = request,
                            .bytes = bytes,
                            .proof = proof,
                            .handshake = handshake};

    (void)each(dir, now_ms, compare, &taking);
    if (taking.err == SG_OK && taking.is_right)
        return keep_request(&taking);
    if (taking.err == SG_OK)
        (void)each(dir, now_ms, count_try, &taking);
    return taking.err == SG_OK ? SG_ERR_UNTRUSTED : taking.err;
}
