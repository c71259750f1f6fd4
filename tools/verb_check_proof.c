#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tools/home.h"
#include "tools/verb.h"

const struct sg_verb_page sg_verb_check_proof_page = {
    "FILE [--key HEX] [--dir DIR]",
    {"Checks a tlog-proof, strictly: these lines and no others, one encoding "
     "of\n"
     "each value, nothing after the end. Exit 0 if it holds, 1 if not.\n"
     "\n"
     "  FILE       the proof; - is standard input\n"
     "  --key HEX  the key of the node that wrote the log (default: as the "
     "store\n"
     "             in DIR knows it)\n",
     "Kiểm tra nghiêm ngặt một tlog-proof: đúng các dòng quy định, mỗi giá "
     "trị\n"
     "một cách ghi, không có gì thừa ở cuối. Mã kết thúc 0 nếu đúng, 1 nếu "
     "không.\n"
     "\n"
     "  FILE       tệp bằng chứng; - là đầu vào chuẩn\n"
     "  --key HEX  khóa của nút đã ghi nhật ký (mặc định: theo kho trong "
     "DIR)\n"},
    "  $ sogoc check-proof entry.tlog-proof --dir demo\n",
};

static const struct sg_out_shape held_shape = {
    .type = "verdict",
    .field_count = 7,
    .fields = {{"verdict", {"verdict", "kết luận"}, 0},
               {"registry", {"registry", "mã sổ"}, 0},
               {"log", {"log", "nhật ký"}, 0},
               {"index", {"index", "mục"}, 0},
               {"payload_hash", {"payload hash", "mã băm nội dung"}, 0},
               {"size", {"signed size", "kích thước đã ký"}, 0},
               {"root", {"root", "gốc cây"}, 0}},
};

static const struct sg_out_shape failed_shape = {
    .type = "verdict",
    .field_count = 3,
    .fields = {{"verdict", {"verdict", "kết luận"}, 0},
               {"error", {"error", "lỗi"}, 0},
               {"reason", {"reason", "lý do"}, 0}},
};

/* Reads at most SIZE bytes of PATH; a proof that fills them all is too long. */
static enum sg_err read_file(const char *path, uint8_t *bytes, size_t size,
                             size_t *ret_size)
{
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO
                                    : open(path, O_RDONLY | O_CLOEXEC);
    size_t at = 0;
    ssize_t n = 0;

    if (fd < 0)
        return errno == ENOENT   ? SG_ERR_NOTFOUND
               : errno == EACCES ? SG_ERR_ACCESS
                                 : SG_ERR_IO;
    do {
        at += (size_t)n;
        n = read(fd, bytes + at, size - at);
    } while (n > 0);
    if (fd != STDIN_FILENO)
        (void)close(fd);
    *ret_size = at;
    return n == 0 ? SG_OK : SG_ERR_IO;
}

/* Looks the log's node key up in the store. */
static int find_key(const struct sg_cli *cli, const struct sg_tlog_proof *proof,
                    uint8_t ret_key[SG_KEY_SIZE])
{
    struct sg_store_log log;
    struct sg_home home;
    int code = sg_home_open(cli, &home);

    if (code != 0)
        return code;
    enum sg_err err = sg_store_find(home.store, &proof->note.log, 0, &log);
    if (err == SG_OK)
        memcpy(ret_key, log.row.core.node_key, SG_KEY_SIZE);
    if (err == SG_ERR_NOTFOUND)
        code = sg_cli_fail(
            cli, SG_EXIT_IMPOSSIBLE,
            "%s does not know the log that the proof names; give --key",
            "%s không biết nhật ký mà bằng chứng nêu; hãy thêm --key",
            cli->dir);
    else if (err != SG_OK)
        code = sg_cli_fail_err(cli, err, cli->dir);
    sg_home_close(&home);
    return code;
}

static int verdict(struct sg_cli *cli, enum sg_err err,
                   const struct sg_tlog_proof *proof)
{
    if (err != SG_OK) {
        const struct sg_out_value values[] = {
            sg_out_word("does not hold", sg_cli_say(cli, NULL, "không đúng")),
            sg_out_word(sg_err_name(err), NULL),
            sg_out_word(sg_err_text(err, SG_LANG_EN),
                        sg_err_text(err, cli->lang)),
        };
        sg_out_card(&cli->out, &failed_shape, values);
        return SG_EXIT_NO;
    }
    const struct sg_out_value values[] = {
        sg_out_word("holds", sg_cli_say(cli, NULL, "đúng")),
        sg_out_hash(&proof->note.registry.hash),
        sg_out_hash(&proof->note.log.hash),
        sg_out_number(proof->index),
        sg_out_bytes(SG_OUT_HEX, sg_bytes(proof->header + SG_SHORT_HEADER_SIZE,
                                          sizeof(struct sg_hash))),
        sg_out_number(proof->note.checkpoint.size),
        sg_out_hash(&proof->note.checkpoint.root),
    };
    sg_out_card(&cli->out, &held_shape, values);
    return SG_EXIT_OK;
}

int sg_verb_check_proof(struct sg_cli *cli, struct sg_cli_words words)
{
    uint8_t text[SG_TLOG_PROOF_SIZE_MAX + 1], key[SG_KEY_SIZE];
    const char *hex = NULL;
    const struct sg_cli_option options[] = {
        {"--key", SG_CLI_TEXT, .text = &hex},
    };
    struct sg_tlog_proof proof;
    struct sg_entry entry;
    size_t size;
    int code = sg_cli_options(cli, &words, options, 1, 1, 1);

    if (code == 0 && hex != NULL)
        code = sg_cli_key(cli, hex, key);
    if (code != 0)
        return code;
    enum sg_err err = read_file(words.words[0], text, sizeof text, &size);
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, words.words[0]);
    err = sg_checkpoint_proof_parse(sg_bytes(text, size), &proof);
    if (err == SG_OK)
        err = sg_entry_header_decode(SG_BYTES_ARRAY(proof.header), &entry);
    if (err != SG_OK)
        return verdict(cli, err, NULL);
    if (hex == NULL)
        code = find_key(cli, &proof, key);
    if (code != 0)
        return code;
    return verdict(cli, sg_checkpoint_proof_verify(&proof, key), &proof);
}
