#include <inttypes.h>
#include <qrencode.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "node/issue.h"
#include "replication/chain.h"
#include "storage/base/text.h"
#include "storage/lmdb/file.h"
#include "tools/home.h"
#include "tools/verb.h"

#define TEXT_FILE_MAX  65536u
#define CHAIN_SIZE_MAX SG_RECORD_SIZE_MAX
#define MARGIN         4     /* modules of white around a QR (ISO 18004) */
#define OFFSET_SECONDS 25200 /* Viet Nam has one time zone */
#define DAY_SIZE       32

const struct sg_verb_page sg_verb_slip_page = {
    "INDEX [--qr] [--dir DIR] | --check FILE [--key HEX]",
    {"Prints the paper that a citizen takes home for the record at INDEX of "
     "the "
     "own\n"
     "log; or checks one. It holds no name and no number, and is checked with "
     "the\n"
     "authority's public key alone. Exit 0 if it holds, 1 if not.\n"
     "\n"
     "  --qr          the QR too\n"
     "  --check FILE  a text with a slip in it; - is standard input\n"
     "  --key HEX     the authority's public key (default: as DIR was told "
     "it)\n",
     "In phiếu mà người dân mang về cho bản ghi ở vị trí INDEX của nhật ký nút "
     "này;\n"
     "hoặc kiểm tra một phiếu. Phiếu không có họ tên hay số định danh, chỉ cần "
     "khóa\n"
     "công khai của cơ quan quản lý để kiểm tra. Mã kết thúc 0 nếu đúng, 1 nếu "
     "không.\n"
     "\n"
     "  --qr          in cả mã QR\n"
     "  --check FILE  văn bản có chứa phiếu; - là đầu vào chuẩn\n"
     "  --key HEX     khóa công khai của cơ quan quản lý (mặc định: theo "
     "DIR)\n"},
    "  $ sogoc slip 1 --qr --dir authority > paper.txt\n"
    "  $ sogoc slip --check paper.txt --dir authority\n",
};

static const struct sg_out_shape shape = {
    .type = "slip",
    .field_count = 8,
    .fields = {{"verdict", {"verdict", "kết luận"}, 0},
               {"record", {"record", "mã bản ghi"}, 0},
               {"log", {"log", "nhật ký"}, 0},
               {"index", {"index", "mục"}, 0},
               {"size", {"signed size", "kích thước đã ký"}, 0},
               {"filed", {"filed", "ghi lúc"}, 0},
               {"registry", {"registry", "mã sổ"}, 0},
               {"slip", {"slip", "phiếu"}, 0}},
};

static const struct sg_out_shape failed_shape = {
    .type = "slip",
    .field_count = 3,
    .fields = {{"verdict", {"verdict", "kết luận"}, 0},
               {"error", {"error", "lỗi"}, 0},
               {"reason", {"reason", "lý do"}, 0}},
};

/* --- Printing -------------------------------------------------------------
 */

static void show(struct sg_cli *cli, const struct sg_slip *slip,
                 const char *text)
{
    struct sg_log_id log = sg_entry_log_id(&slip->registry, &slip->log);
    time_t seconds = (time_t)slip->seconds + OFFSET_SECONDS;
    char filed[DAY_SIZE] = "-";
    struct tm parts;

    if (gmtime_r(&seconds, &parts) != NULL)
        (void)strftime(filed, sizeof filed, "%Y-%m-%d %H:%M:%S +07", &parts);
    const struct sg_out_value values[] = {
        sg_out_word("holds", sg_cli_say(cli, NULL, "đúng")),
        sg_out_hash(&slip->record),
        sg_out_hash(&log.hash),
        sg_out_number(slip->index),
        sg_out_number(slip->checkpoint.size),
        sg_out_word(filed, NULL),
        sg_out_hash(&slip->registry.hash),
        sg_out_word(text, NULL),
    };
    sg_out_card(&cli->out, &shape, values);
}

static int show_failure(struct sg_cli *cli, enum sg_err err)
{
    const struct sg_out_value values[] = {
        sg_out_word("does not hold", sg_cli_say(cli, NULL, "không đúng")),
        sg_out_word(sg_err_name(err), NULL),
        sg_out_word(sg_err_text(err, SG_LANG_EN), sg_err_text(err, cli->lang)),
    };

    sg_out_card(&cli->out, &failed_shape, values);
    return SG_EXIT_NO;
}

static bool is_dark(const QRcode *code, int x, int y)
{
    return x >= 0 && y >= 0 && x < code->width && y < code->width &&
           (code->data[y * code->width + x] & 1) != 0;
}

/* Two rows of modules in a line of text; light ones are drawn, so that it can
 * be read off a dark terminal. */
static int show_code(struct sg_cli *cli, const char *text)
{
    static const char *const blocks[] = {"█", "▀", "▄", " "};
    QRcode *code =
        QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, /* case= */ 1);
    FILE *file = cli->out.file;

    if (code == NULL)
        return sg_cli_fail_err(cli, SG_ERR_NOMEM, "qr");
    for (int y = -MARGIN; y < code->width + MARGIN; y += 2) {
        for (int x = -MARGIN; x < code->width + MARGIN; x++)
            (void)fputs(
                blocks[2 * is_dark(code, x, y) + is_dark(code, x, y + 1)],
                file);
        (void)fputc('\n', file);
    }
    QRcode_free(code);
    return 0;
}

/* --- Making one -----------------------------------------------------------
 */

static enum sg_err read_certificate(const struct sg_cli *cli,
                                    uint8_t ret[SG_CERTIFICATE_SIZE])
{
    char path[SG_HOME_PATH_MAX];
    struct sg_buf buf;
    enum sg_err err;
    int n = snprintf(path, sizeof path, "%s/certificate", cli->dir);

    if (n < 0 || (size_t)n >= sizeof path)
        return SG_ERR_LIMIT;
    sg_buf_init(&buf, SG_CERTIFICATE_SIZE);
    err = sg_file_read(path, &buf);
    if (err == SG_OK && buf.size != SG_CERTIFICATE_SIZE)
        err = SG_ERR_CERTIFICATE;
    if (err == SG_OK)
        memcpy(ret, buf.data, SG_CERTIFICATE_SIZE);
    sg_buf_clear(&buf);
    return err;
}

static int issue(struct sg_cli *cli, const struct sg_home *home, uint64_t index,
                 bool has_code)
{
    uint8_t certificate[SG_CERTIFICATE_SIZE], bytes[SG_SLIP_SIZE];
    const struct sg_issue_office office = {home->store, home->node, home->scope,
                                           certificate};
    const struct sg_store_own *own;
    struct sg_store_log log;
    struct sg_slip slip;
    struct sg_buf text;
    int code = sg_home_own(cli, home, &own);

    if (code != 0)
        return code;
    enum sg_err err = read_certificate(cli, certificate);
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, "certificate");
    err = sg_store_get(home->store, own->number, &log);
    if (err == SG_OK)
        err = sg_issue_slip(&office, &log, index, &slip);
    if (err != SG_OK)
        return sg_cli_fail(cli, sg_cli_exit_of(err),
                           "entry %" PRIu64 " of the own log is no record: %s",
                           "mục %" PRIu64
                           " của nhật ký nút này không phải bản ghi: %s",
                           index, sg_err_text(err, cli->lang));
    sg_slip_encode(&slip, bytes);
    sg_buf_init(&text, SG_SLIP_TEXT_SIZE + 1);
    err = sg_slip_text(bytes, &text);
    if (err == SG_OK)
        err = sg_buf_append(&text, sg_bytes("", 1));
    if (err == SG_OK) {
        show(cli, &slip, (const char *)text.data);
        code = has_code ? show_code(cli, (const char *)text.data) : 0;
    } else {
        code = sg_cli_fail_err(cli, err, cli->dir);
    }
    sg_buf_clear(&text);
    return code;
}

/* --- Checking one ---------------------------------------------------------
 */

/* Finds the key that signed the slip's certificate in DIR/chain. */
static enum sg_err find_key(const struct sg_cli *cli,
                            const struct sg_slip *slip,
                            uint8_t ret_key[SG_KEY_SIZE])
{
    struct sg_certificate certificate;
    const struct sg_root *root = NULL;
    char path[SG_HOME_PATH_MAX];
    struct sg_chain chain;
    struct sg_buf buf;
    enum sg_err err =
        sg_certificate_decode(SG_BYTES_ARRAY(slip->certificate), &certificate);
    int n = snprintf(path, sizeof path, "%s/chain", cli->dir);

    if (err != SG_OK || n < 0 || (size_t)n >= sizeof path)
        return err != SG_OK ? err : SG_ERR_LIMIT;
    sg_buf_init(&buf, CHAIN_SIZE_MAX);
    err = sg_file_read(path, &buf);
    if (err == SG_OK &&
        sg_chain_decode(sg_buf_bytes(&buf), &slip->registry,
                        SG_CHAIN_FROM_GENESIS, NULL, &chain) != SG_OK)
        err = SG_ERR_UNTRUSTED;
    sg_buf_clear(&buf);
    if (err == SG_OK)
        root = sg_chain_root(&chain, certificate.generation);
    if (err == SG_OK && root == NULL)
        err = SG_ERR_UNTRUSTED;
    if (err == SG_OK)
        memcpy(ret_key, root->key, SG_KEY_SIZE);
    return err;
}

/* Finds the slip in what somebody typed, scanned or copied. */
static enum sg_err find_text(struct sg_buf *file, char ret[],
                             uint8_t ret_bytes[SG_SLIP_SIZE])
{
    const char *at;

    if (sg_buf_append(file, sg_bytes("", 1)) != SG_OK)
        return SG_ERR_LIMIT;
    at = strstr((const char *)file->data, SG_SLIP_PREFIX);
    if (at == NULL || strlen(at) < SG_SLIP_TEXT_SIZE)
        return SG_ERR_MALFORMED;
    memcpy(ret, at, SG_SLIP_TEXT_SIZE);
    ret[SG_SLIP_TEXT_SIZE] = 0;
    return sg_slip_parse(sg_bytes(ret, SG_SLIP_TEXT_SIZE), ret_bytes);
}

static int check(struct sg_cli *cli, const char *path, const char *hex)
{
    uint8_t key[SG_KEY_SIZE], bytes[SG_SLIP_SIZE];
    char text[SG_SLIP_TEXT_SIZE + 1];
    struct sg_slip slip;
    struct sg_buf file;
    int code = hex != NULL ? sg_cli_key(cli, hex, key) : 0;

    if (code != 0)
        return code;
    sg_buf_init(&file, TEXT_FILE_MAX);
    enum sg_err err =
        sg_file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, &file);
    if (err != SG_OK) {
        sg_buf_clear(&file);
        return sg_cli_fail_err(cli, err, path);
    }
    err = find_text(&file, text, bytes);
    sg_buf_clear(&file);
    if (err == SG_OK)
        err = sg_slip_decode(SG_BYTES_ARRAY(bytes), &slip);
    if (err == SG_OK && hex == NULL)
        err = find_key(cli, &slip, key);
    if (err == SG_ERR_NOTFOUND)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s/chain is not there; give --key",
                           "không có %s/chain; hãy thêm --key", cli->dir);
    if (err == SG_OK)
        err = sg_slip_verify(&slip, key);
    if (err != SG_OK)
        return show_failure(cli, err);
    show(cli, &slip, text);
    return SG_EXIT_OK;
}

int sg_verb_slip(struct sg_cli *cli, struct sg_cli_words words)
{
    const char *path = NULL, *hex = NULL;
    bool has_code = false;
    const struct sg_cli_option options[] = {
        {"--check", SG_CLI_TEXT, .text = &path},
        {"--key", SG_CLI_TEXT, .text = &hex},
        {"--qr", SG_CLI_FLAG, .flag = &has_code},
    };
    struct sg_home home;
    uint64_t index;
    int code = sg_cli_options(cli, &words, options, 3, 0, 1);

    if (code != 0)
        return code;
    if (path != NULL && words.count == 0)
        return check(cli, path, hex);
    if (path != NULL || words.count == 0 ||
        sg_text_decimal_decode(sg_bytes(words.words[0], strlen(words.words[0])),
                               &index) != SG_OK)
        return sg_cli_fail(cli, SG_EXIT_USAGE, "say INDEX or --check FILE",
                           "hãy cho INDEX hoặc --check FILE");
    code = sg_home_open(cli, &home);
    if (code != 0)
        return code;
    code = issue(cli, &home, index, has_code);
    sg_home_close(&home);
    return code;
}
