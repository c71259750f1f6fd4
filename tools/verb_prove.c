#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "storage/base/text.h"
#include "storage/lmdb/fetch.h"
#include "tools/home.h"
#include "tools/verb.h"

const struct sg_verb_page sg_verb_prove_page = {
    "LOG INDEX [--out FILE] [--dir DIR]",
    {"Writes the proof that entry INDEX is in LOG as its writer has signed it: "
     "a\n"
     "C2SP tlog-proof, which sogoc check-proof and others verify alone. It "
     "says\n"
     "nothing of what the entry holds.\n"
     "\n"
     "  --out FILE  a new file (default: standard output)\n",
     "Lập bằng chứng mục INDEX nằm trong LOG như đã được ký: dạng C2SP\n"
     "tlog-proof, kiểm tra được bằng sogoc check-proof hay chương trình khác "
     "mà\n"
     "không cần gì thêm. Bằng chứng không tiết lộ nội dung của mục.\n"
     "\n"
     "  --out FILE  tệp mới (mặc định: đầu ra chuẩn)\n"},
    "  $ sogoc prove 1 2 --out entry.tlog-proof --dir demo\n",
};

static const struct sg_out_shape shape = {
    .type = "proof",
    .field_count = 4,
    .fields = {{"log", {"log", "nhật ký"}, 0},
               {"index", {"index", "mục"}, 0},
               {"size", {"signed size", "kích thước đã ký"}, 0},
               {"text", {"proof", "bằng chứng"}, 0}},
};

static int write_file(const struct sg_cli *cli, const char *path,
                      struct sg_bytes text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    if (fd < 0)
        return sg_cli_fail_err(cli,
                               errno == EEXIST   ? SG_ERR_EXISTS
                               : errno == ENOENT ? SG_ERR_NOTFOUND
                               : errno == EACCES ? SG_ERR_ACCESS
                               : errno == ENOSPC ? SG_ERR_FULL
                                                 : SG_ERR_IO,
                               path);
    ssize_t n = write(fd, text.data, text.size);
    bool failed = n != (ssize_t)text.size;
    failed = close(fd) != 0 || failed;
    if (!failed)
        return 0;
    (void)unlink(path);
    return sg_cli_fail_err(cli, SG_ERR_IO, path);
}

static int print(struct sg_cli *cli, const struct sg_tlog_proof *proof,
                 const uint8_t node_key[SG_KEY_SIZE], const char *path)
{
    struct sg_buf text;
    int code = 0;

    sg_buf_init(&text, SG_TLOG_PROOF_SIZE_MAX);
    enum sg_err err = sg_checkpoint_proof_print(proof, node_key, &text);
    const struct sg_out_value values[] = {
        sg_out_hash(&proof->note.log.hash),
        sg_out_number(proof->index),
        sg_out_number(proof->note.checkpoint.size),
        sg_out_bytes(SG_OUT_BODY, sg_buf_bytes(&text)),
    };
    if (err != SG_OK)
        code = sg_cli_fail_err(cli, err, "proof");
    else if (path != NULL)
        code = write_file(cli, path, sg_buf_bytes(&text));
    else if (cli->is_json)
        sg_out_card(&cli->out, &shape, values);
    else
        (void)fwrite(text.data, 1, text.size, cli->out.file);
    sg_buf_clear(&text);
    return code;
}

static int prove(struct sg_cli *cli, const struct sg_home *home,
                 const char *name, uint64_t index, const char *path)
{
    struct sg_tlog_proof proof;
    struct sg_store_log log;
    int code = sg_home_log(cli, home, name, &log);

    if (code != 0)
        return code;
    enum sg_err err = sg_fetch_proof(home->store, log.number, index, &proof);
    if (err == SG_ERR_NOTFOUND)
        return sg_cli_fail(
            cli, SG_EXIT_IMPOSSIBLE,
            "entry %" PRIu64 ": nothing signed that is held here "
            "covers it; %" PRIu64 " entries are held, %" PRIu64 " are signed",
            "mục %" PRIu64 ": chưa có điểm kiểm nào ở đây bao "
            "gồm mục này; đang giữ %" PRIu64 " mục, đã ký %" PRIu64 " mục",
            index, log.row.frontier.size, log.row.known.size);
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, cli->dir);
    return print(cli, &proof, log.row.core.node_key, path);
}

int sg_verb_prove(struct sg_cli *cli, struct sg_cli_words words)
{
    const char *path = NULL;
    const struct sg_cli_option options[] = {
        {"--out", SG_CLI_TEXT, .text = &path},
    };
    struct sg_home home;
    uint64_t index = 0;
    int code = sg_cli_options(cli, &words, options, 1, 2, 2);

    if (code != 0)
        return code;
    const char *text = words.words[1];
    if (sg_text_decimal_decode(sg_bytes(text, strlen(text)), &index) != SG_OK)
        return sg_cli_fail(cli, SG_EXIT_USAGE,
                           "%s: INDEX is a whole number; see --help",
                           "%s: INDEX là số nguyên; xem --help", text);
    code = sg_home_open(cli, &home);
    if (code != 0)
        return code;
    code = prove(cli, &home, words.words[0], index, path);
    sg_home_close(&home);
    return code;
}
