#include <stdio.h>
#include <string.h>

#include "storage/lmdb/file.h"
#include "storage/lmdb/keep.h"
#include "storage/log/fork.h"
#include "storage/log/key_id.h"
#include "tools/home.h"
#include "tools/verb.h"

#define PATH_SIZE 4096

const struct sg_verb_page sg_verb_forks_page = {
    "[--out FOLDER | --check FILE] [--dir DIR]",
    {"Lists the logs that have forked, as far as this node has proof of it: "
     "two\n"
     "checkpoints that one key has signed and that are not of one history. "
     "Each is\n"
     "verified. Exit 0 if there is none, 1 if there is one.\n"
     "\n"
     "  --out FOLDER  write each as a file there: evidence that needs nothing "
     "else\n"
     "  --check FILE  verify such a file from its bytes alone: 0 if it holds, "
     "1 if not\n",
     "Liệt kê các nhật ký bị rẽ nhánh mà nút này có bằng chứng: hai điểm kiểm "
     "do cùng\n"
     "một khóa ký nhưng không thuộc cùng một lịch sử. Bằng chứng nào cũng "
     "được kiểm\n"
     "lại. Mã thoát 0 nếu không có, 1 nếu có.\n"
     "\n"
     "  --out FOLDER  ghi mỗi bằng chứng thành một tệp ở đó, tự nó đủ dùng\n"
     "  --check FILE  kiểm một tệp như vậy, chỉ từ nội dung tệp: 0 đúng, 1 "
     "không\n"},
    "  $ sogoc forks --dir demo\n",
};

static const struct sg_out_shape shape = {
    .type = "fork",
    .field_count = 8,
    .fields = {{"log", {"log", "nhật ký"}, 0},
               {"node", {"written by", "nút ghi"}, 0},
               {"smaller", {"one branch, size", "một nhánh, kích thước"}, 0},
               {"smaller_root", {"its root", "gốc cây"}, 0},
               {"larger", {"the other, size", "nhánh kia, kích thước"}, 0},
               {"larger_root", {"its root", "gốc cây"}, 0},
               {"verdict", {"proof", "bằng chứng"}, 0},
               {"file", {"file", "tệp"}, 0}},
};

struct listing {
    struct sg_cli *cli;
    const char *folder; /* NULL: no files */
    size_t count;
    int code;
};

static void show(struct sg_cli *cli, const struct sg_fork *fork, bool holds,
                 const char *file)
{
    struct sg_log_id log = sg_entry_log_id(&fork->registry, &fork->core);
    struct sg_key_id node =
        sg_key_id_of(&fork->registry, SG_KEY_NODE, fork->core.node_key);
    const struct sg_out_value values[] = {
        sg_out_hash(&log.hash),
        sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(node.bytes)),
        sg_out_number(fork->smaller.size),
        sg_out_hash(&fork->smaller.root),
        sg_out_number(fork->larger.size),
        sg_out_hash(&fork->larger.root),
        holds ? sg_out_word("holds", sg_cli_say(cli, "holds", "đúng"))
              : sg_out_word("does not hold",
                            sg_cli_say(cli, "does not hold", "không đúng")),
        file == NULL ? sg_out_none()
                     : sg_out_bytes(SG_OUT_BODY, sg_bytes(file, strlen(file))),
    };

    sg_out_card(&cli->out, &shape, values);
}

static int write_proof(const struct listing *listing,
                       const struct sg_log_id *log, struct sg_bytes proof,
                       char path[PATH_SIZE])
{
    char name[2 * 8 + 1];
    enum sg_err err;
    int n;

    for (size_t i = 0; i < 8; i++)
        (void)snprintf(name + 2 * i, 3, "%02x", log->hash.bytes[i]);
    n = snprintf(path, PATH_SIZE, "%s/%s.fork", listing->folder, name);
    err = n < 0 || (size_t)n >= PATH_SIZE ? SG_ERR_LIMIT
                                          : sg_file_write(path, proof);
    return err == SG_OK ? 0 : sg_cli_fail_err(listing->cli, err, path);
}

static enum sg_err see(void *context, const struct sg_log_id *log,
                       struct sg_bytes proof)
{
    struct listing *listing = context;
    char path[PATH_SIZE];
    struct sg_fork fork;

    if (sg_fork_decode(proof, &fork) != SG_OK)
        return SG_OK; /* nothing depends on it, and it comes again */
    listing->count++;
    if (listing->folder != NULL && listing->code == 0)
        listing->code = write_proof(listing, log, proof, path);
    if (listing->code == 0)
        show(listing->cli, &fork, sg_fork_verify(&fork) == SG_OK,
             listing->folder != NULL ? path : NULL);
    return SG_OK;
}

static int list(struct sg_cli *cli, const char *folder)
{
    struct listing listing = {.cli = cli, .folder = folder};
    struct sg_home home;
    int code = sg_home_open(cli, &home);
    enum sg_err err;

    if (code != 0)
        return code;
    err = sg_keep_each_fork(home.store, see, &listing);
    if (err != SG_OK)
        code = sg_cli_fail_err(cli, err, cli->dir);
    sg_home_close(&home);
    if (code == 0)
        code = listing.code;
    return code == 0 && listing.count > 0 ? SG_EXIT_NO : code;
}

static int check(struct sg_cli *cli, const char *path)
{
    struct sg_fork fork;
    struct sg_buf bytes;
    enum sg_err err;
    bool holds;

    sg_buf_init(&bytes, SG_FORK_SIZE_MAX);
    err = sg_file_read(path, &bytes);
    if (err == SG_OK)
        err = sg_fork_decode(sg_buf_bytes(&bytes), &fork);
    sg_buf_clear(&bytes);
    if (err == SG_ERR_TRUNCATED || err == SG_ERR_TRAILING ||
        err == SG_ERR_MALFORMED || err == SG_ERR_VERSION || err == SG_ERR_LIMIT)
        return sg_cli_fail(cli, SG_EXIT_DAMAGED, "%s: no proof of a fork: %s",
                           "%s: không phải bằng chứng rẽ nhánh: %s", path,
                           sg_err_text(err, cli->lang));
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, path);
    holds = sg_fork_verify(&fork) == SG_OK;
    show(cli, &fork, holds, path);
    return holds ? 0 : SG_EXIT_NO;
}

int sg_verb_forks(struct sg_cli *cli, struct sg_cli_words words)
{
    const char *folder = NULL, *path = NULL;
    const struct sg_cli_option options[] = {
        {"--out", SG_CLI_TEXT, .text = &folder},
        {"--check", SG_CLI_TEXT, .text = &path},
    };
    int code = sg_cli_options(cli, &words, options, 2, 0, 0);

    if (code == 0 && folder != NULL && path != NULL)
        return sg_cli_fail(cli, SG_EXIT_USAGE,
                           "--out and --check do not go together",
                           "không dùng --out cùng với --check");
    if (code != 0)
        return code;
    return path != NULL ? check(cli, path) : list(cli, folder);
}
