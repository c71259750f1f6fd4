#include "tools/found.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replication/root.h"
#include "storage/base/check.h"
#include "storage/base/clock.h"
#include "storage/lmdb/batch.h"
#include "storage/lmdb/file.h"
#include "tools/ask.h"
#include "tools/seat_admit.h"
#include "tools/seat_scope.h"
#include "tools/unit_name.h"

#define DAYS       3650u /* of the authority's own certificate */
#define EPOCHS     64u
#define PATH_SIZE  (SG_HOME_PATH_MAX + 16)
#define CENTRE_DAY 420 /* minutes: Viet Nam */

static const struct sg_out_shape shape = {
    .type = "founded",
    .field_count = 5,
    .fields = {{"dir", {"directory", "thư mục"}, 0},
               {"registry", {"registry", "mã sổ"}, 0},
               {"node_key", {"node key", "khóa nút"}, 0},
               {"statements", {"statements", "quyết định"}, 0},
               {"next", {"next root key", "khóa gốc kế tiếp"}, 0}},
};

struct founding {
    struct sg_cli cli; /* of the directory in the making */
    const char *dir;   /* as it will be called */
    const struct sg_found *plan;
    struct sg_passphrase *passphrase, *node_passphrase;
    struct sg_key *root, *next, *escrow, *node, *transport;
    struct sg_unit_table *units;
    struct sg_unit_key centre;
    struct sg_registry_id registry;
    struct sg_buf genesis;
    size_t statements;
    char staging[PATH_SIZE];
    char keys[PATH_SIZE];
};

/* --- Keys and genesis
 * -------------------------------------------------------- */

static enum sg_err draw(struct founding *founding)
{
    enum sg_err err = sg_key_file_draw(SG_KEY_ROOT, NULL, &founding->root);

    if (err == SG_OK)
        err = sg_key_file_draw(SG_KEY_ROOT, NULL, &founding->next);
    if (err == SG_OK)
        err = sg_key_file_draw(SG_KEY_TRANSPORT, NULL, &founding->escrow);
    if (err == SG_OK)
        err = sg_key_file_draw(SG_KEY_NODE, NULL, &founding->node);
    if (err == SG_OK)
        err = sg_key_file_draw(SG_KEY_TRANSPORT, NULL, &founding->transport);
    return err;
}

static void build_genesis(const struct founding *founding,
                          struct sg_record_build *build)
{
    struct sg_hash next = sg_root_commitment(founding->next->public_key);
    struct sg_pack *pack;

    sg_record_build_uint(build, SG_FIELD_GENESIS_SERIAL, 1);
    sg_record_build_uint(build, SG_FIELD_GENESIS_FORMAT, 1);
    sg_record_build_str(
        build, SG_FIELD_GENESIS_TITLE,
        sg_bytes(founding->plan->title, strlen(founding->plan->title)));
    pack = sg_record_build_field(build, SG_FIELD_GENESIS_ROOTS);
    sg_pack_array(pack, 1);
    sg_pack_bin(pack, SG_BYTES_ARRAY(founding->root->public_key));
    sg_record_build_bin(build, SG_FIELD_GENESIS_NEXT,
                        SG_BYTES_ARRAY(next.bytes));
    sg_record_build_bin(build, SG_FIELD_GENESIS_WRITER,
                        SG_BYTES_ARRAY(founding->node->public_key));
    sg_record_build_uint(build, SG_FIELD_GENESIS_THRESHOLD, 1);
    sg_record_build_uint(build, SG_FIELD_GENESIS_TEST, founding->plan->is_test);
    sg_record_build_uint(build, SG_FIELD_GENESIS_CENTRE,
                         founding->centre.value);
}

static enum sg_err make_genesis(struct founding *founding)
{
    struct sg_wall now = sg_clock_wall();
    struct sg_record_head head = {
        .type = SG_TYPE_GENESIS,
        .effective = sg_date_from_wall(now, CENTRE_DAY),
    };
    const struct sg_record_copy copy = {
        .hlc = (uint64_t)(now.ms > 0 ? now.ms : 0) << 16};
    struct sg_record_build build;
    struct sg_record record;
    struct sg_hash id;
    enum sg_err err;

    sg_crypto_random(head.submit.bytes, sizeof head.submit.bytes);
    sg_record_build_init(&build, &head);
    build_genesis(founding, &build);
    err = sg_record_build_end(&build, &copy, &founding->root->sign, NULL,
                              &founding->genesis, &id);
    if (err != SG_OK)
        return err;
    err = sg_record_decode(sg_buf_bytes(&founding->genesis), &record);
    SG_ASSERT(err == SG_OK);
    sg_record_registry(record.inner, &founding->registry);
    founding->root->registry = founding->registry;
    founding->next->registry = founding->registry;
    founding->escrow->registry = founding->registry;
    founding->node->registry = founding->registry;
    founding->transport->registry = founding->registry;
    return SG_OK;
}

static int write_keys(const struct founding *founding)
{
    const struct sg_cli *cli = &founding->cli;
    const char *folder = founding->keys;
    char name[SG_SEAT_NAME_SIZE];
    int code;

    sg_seat_root_name(0, name);
    code = sg_ask_write_key(cli, folder, name, founding->passphrase,
                            founding->root);
    if (code == 0)
        code = sg_ask_write_key(cli, folder, SG_SEAT_ESCROW,
                                founding->passphrase, founding->escrow);
    if (code == 0)
        code = sg_ask_write_key(cli, folder, SG_HOME_NODE,
                                founding->node_passphrase, founding->node);
    if (code == 0)
        code = sg_ask_write_key(cli, folder, SG_HOME_TRANSPORT,
                                founding->node_passphrase, founding->transport);
    return code;
}

/* --- The log
 * ------------------------------------------------------------------ */

static enum sg_err append_genesis(struct founding *founding,
                                  struct sg_store *store)
{
    const struct sg_store_own *own = sg_store_own(store, 0);
    struct sg_batch *batch = NULL;
    struct sg_entry entry;
    enum sg_err err = sg_entry_make(sg_store_hasher(store), SG_ENTRY_PLAIN, 0,
                                    sg_buf_bytes(&founding->genesis), &entry);

    if (err == SG_OK)
        err = sg_batch_new(store, &batch);
    if (err == SG_OK)
        err = sg_batch_append(batch, own->number, own->signed_checkpoint.size,
                              &entry, 1);
    if (err == SG_OK)
        err = sg_batch_commit(batch);
    sg_batch_free(batch);
    return err;
}

static int make_store(struct founding *founding)
{
    const struct sg_store_config config = {.dir = founding->staging};
    const struct sg_store_key key = {&founding->node->sign, SG_LOG_RECORDS};
    struct sg_store *store = NULL;
    enum sg_err err = sg_store_create(&config, &founding->registry);

    if (err == SG_OK)
        err = sg_store_open(&config, &key, 1, &store);
    if (err == SG_OK)
        err = append_genesis(founding, store);
    sg_store_close(store);
    return err == SG_OK
               ? 0
               : sg_cli_fail_err(&founding->cli, err, founding->staging);
}

static int write_file(const struct founding *founding, const char *name,
                      struct sg_bytes bytes)
{
    char path[PATH_SIZE + 16];
    enum sg_err err;

    (void)snprintf(path, sizeof path, "%s/%s", founding->staging, name);
    err = sg_file_write(path, bytes);
    return err == SG_OK ? 0 : sg_cli_fail_err(&founding->cli, err, path);
}

static int write_identity(const struct founding *founding,
                          const struct sg_seat *seat,
                          const uint8_t *certificate)
{
    struct sg_buf chain;
    int code;

    sg_buf_init(&chain, SG_STAGE1_SIZE_MAX);
    code = sg_seat_chain(seat, &chain);
    if (code == 0)
        code = write_file(founding, "chain", sg_buf_bytes(&chain));
    if (code == 0)
        code = write_file(founding, "certificate",
                          sg_bytes(certificate, SG_CERTIFICATE_SIZE));
    sg_buf_clear(&chain);
    return code;
}

/* The first things that the authority says. */
static int speak(struct founding *founding, struct sg_seat *seat)
{
    struct sg_seat_admit admit = {
        .role = SG_CERTIFICATE_AUTHORITY,
        .unit = founding->centre.value,
        .days = DAYS,
        .epochs = EPOCHS,
    };
    uint8_t certificate[SG_CERTIFICATE_SIZE];
    enum sg_seat_scope_done done;
    size_t n = 0;
    int code;

    memcpy(admit.node_key, founding->node->public_key, SG_KEY_SIZE);
    memcpy(admit.transport_key, founding->transport->public_key, SG_KEY_SIZE);
    code = sg_seat_admit_node(seat, &admit, certificate);
    if (code == 0 && !founding->plan->has_no_units)
        code = sg_seat_admit_units(seat, founding->units, &n);
    if (code == 0)
        code = sg_seat_admit_codes(seat, &n);
    if (code == 0)
        code = sg_seat_scope_give(seat, founding->centre, NULL, &done);
    if (code == 0)
        code = sg_seat_admit_heartbeat(seat);
    founding->statements = seat->count + 1;
    if (code == 0)
        code = sg_seat_file(seat);
    return code == 0 ? write_identity(founding, seat, certificate) : code;
}

static int say_all(struct founding *founding)
{
    struct sg_seat seat;
    int code = sg_seat_open(&founding->cli, SG_SEAT_SPEAK, founding->passphrase,
                            &seat);

    if (code != 0)
        return code;
    code = speak(founding, &seat);
    sg_seat_close(&seat);
    return code;
}

/* --- The directory
 * ------------------------------------------------------------- */

static bool is_empty(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    bool is_there = false;

    if (dir == NULL)
        return errno == ENOENT;
    while (!is_there && (entry = readdir(dir)) != NULL)
        is_there =
            strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    (void)closedir(dir);
    return !is_there;
}

static int make_folders(struct founding *founding)
{
    const struct sg_cli *cli = &founding->cli;
    size_t size = strlen(founding->dir);
    enum sg_err err;

    while (size > 1 && founding->dir[size - 1] == '/')
        size--;
    if (size + 16 >= SG_HOME_PATH_MAX)
        return sg_cli_fail_err(cli, SG_ERR_LIMIT, "--dir");
    (void)snprintf(founding->staging, sizeof founding->staging, "%.*s.new",
                   (int)size, founding->dir);
    (void)snprintf(founding->keys, sizeof founding->keys, "%.*s.new/keys",
                   (int)size, founding->dir);
    founding->cli.dir = founding->staging;
    if (!is_empty(founding->dir))
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s: there is something already; choose another "
                           "--dir",
                           "%s: đã có dữ liệu; hãy chọn --dir khác",
                           founding->dir);
    err = sg_file_make_folder(founding->staging);
    if (err == SG_ERR_EXISTS)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s: a founding was interrupted here; remove it "
                           "first",
                           "%s: một lần lập sổ đã dừng giữa chừng; hãy xóa đi "
                           "trước",
                           founding->staging);
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, founding->dir);
}

/* The key after this one goes away from this machine; then the directory gets
 * its name. */
static int finish(const struct founding *founding)
{
    const struct sg_cli *cli = &founding->cli;
    char name[SG_SEAT_NAME_SIZE];
    enum sg_err err;
    int code;

    sg_seat_root_name(1, name);
    code = sg_ask_write_key(cli, founding->plan->next, name,
                            founding->passphrase, founding->next);
    if (code != 0)
        return code;
    if (rename(founding->staging, founding->dir) != 0)
        return sg_cli_fail_err(cli, SG_ERR_IO, founding->dir);
    err = sg_file_sync_parent(founding->staging);
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, founding->dir);
}

/* --- Founding
 * ------------------------------------------------------------------ */

static int get_ready(struct founding *founding)
{
    const struct sg_found *plan = founding->plan;
    const struct sg_cli *cli = &founding->cli;
    int code = sg_unit_name_shipped(cli, &founding->units);

    if (code == 0 && plan->centre == NULL)
        founding->centre = sg_unit_table_get(founding->units, 0)->key;
    else if (code == 0)
        code = sg_unit_name_find(cli, founding->units, plan->centre,
                                 &founding->centre);
    if (code == 0 && !plan->is_plain)
        code =
            sg_ask_passphrase(cli, sg_cli_say(cli, "the root key", "khóa gốc"),
                              true, &founding->passphrase);
    if (code == 0 && cli->node_passphrase_file != NULL) {
        struct sg_cli node = *cli;

        node.passphrase_file = cli->node_passphrase_file;
        code = sg_ask_passphrase(&node, "node.key", true,
                                 &founding->node_passphrase);
    }
    return code;
}

static int make(struct founding *founding)
{
    int code = make_folders(founding);
    enum sg_err err;

    if (code != 0)
        return code;
    err = draw(founding);
    if (err == SG_OK)
        err = make_genesis(founding);
    if (err != SG_OK)
        return sg_cli_fail_err(&founding->cli, err, founding->dir);
    code = write_keys(founding);
    if (code == 0)
        code = make_store(founding);
    if (code == 0)
        code = say_all(founding);
    return code == 0 ? finish(founding) : code;
}

static void show(struct sg_cli *cli, const struct founding *founding)
{
    const struct sg_out_value values[] = {
        sg_out_bytes(SG_OUT_BODY, sg_bytes(cli->dir, strlen(cli->dir))),
        sg_out_hash(&founding->registry.hash),
        sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(founding->node->public_key)),
        sg_out_number(founding->statements),
        sg_out_bytes(SG_OUT_BODY, sg_bytes(founding->plan->next,
                                           strlen(founding->plan->next))),
    };

    sg_out_card(&cli->out, &shape, values);
}

int sg_found_registry(struct sg_cli *cli, const struct sg_found *plan)
{
    struct founding founding = {.cli = *cli, .dir = cli->dir, .plan = plan};
    int code;

    sg_buf_init(&founding.genesis, SG_RECORD_SIZE_MAX);
    code = get_ready(&founding);
    if (code == 0)
        code = make(&founding);
    if (code == 0)
        show(cli, &founding);
    sg_buf_clear(&founding.genesis);
    sg_unit_table_free(founding.units);
    sg_passphrase_free(founding.passphrase);
    sg_passphrase_free(founding.node_passphrase);
    sg_key_file_free(founding.root);
    sg_key_file_free(founding.next);
    sg_key_file_free(founding.escrow);
    sg_key_file_free(founding.node);
    sg_key_file_free(founding.transport);
    return code;
}
