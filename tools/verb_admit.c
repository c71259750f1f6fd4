#include <string.h>

#include "replication/join.h"
#include "storage/base/alloc.h"
#include "storage/base/text.h"
#include "storage/lmdb/file.h"
#include "storage/registry/nfc.h"
#include "tools/role.h"
#include "tools/seat_admit.h"
#include "tools/seat_scope.h"
#include "tools/unit_name.h"
#include "tools/verb.h"

#define DAYS_DEFAULT   730u
#define DAYS_MAX       3653u
#define EPOCHS_DEFAULT 16u
#define LABEL_MAX      32u

const struct sg_verb_page sg_verb_admit_page = {
    "REQUEST [--key ID --out FILE] [--unit UNIT] [--role ROLE] [--dir DIR]",
    {"Shows the request of a node; with --key, admits it: a certificate, the "
     "scope\n"
     "keys of its communes, and FILE, which the office takes with sogoc join "
     "--take.\n"
     "\n"
     "  --key ID         the key id that the office read over the phone. "
     "Without it\n"
     "                   nothing is done: look, call, come again\n"
     "  --out FILE       the answer; no secret\n"
     "  --unit UNIT      another unit than the request names\n"
     "  --role ROLE      another role than the request names\n"
     "  --label TEXT     the name of the office, up to 32 bytes; no person's\n"
     "  --days N         how long the certificate holds (730)\n"
     "  --epochs N       logs that the node may open (16)\n"
     "  --territory U,U  the units whose homes it serves (default: the unit, "
     "and of\n"
     "                   a district the communes of today that came of it)\n"
     "  --no-scopes      give it no scope keys: it will read nothing\n",
     "Xem đơn của một nút; có --key thì thừa nhận nút đó: cấp chứng thư, khóa "
     "phạm\n"
     "vi của các xã, và FILE để cơ quan đó nhận bằng sogoc join --take.\n"
     "\n"
     "  --key ID         mã khóa mà cơ quan đó đọc qua điện thoại. Không có "
     "thì\n"
     "                   chưa làm gì: hãy xem, gọi hỏi, rồi chạy lại\n"
     "  --out FILE       tệp trả lời; không có gì bí mật\n"
     "  --unit UNIT      đơn vị khác với đơn\n"
     "  --role ROLE      vai trò khác với đơn\n"
     "  --label TEXT     tên cơ quan, tối đa 32 byte; không phải tên người\n"
     "  --days N         số ngày chứng thư có hiệu lực (730)\n"
     "  --epochs N       số nhật ký nút được mở (16)\n"
     "  --territory U,U  các đơn vị nút này quản lý (mặc định: đơn vị đó, và "
     "với\n"
     "                   huyện là các xã hiện nay hình thành từ huyện)\n"
     "  --no-scopes      không cấp khóa phạm vi: nút sẽ không đọc được gì\n"},
    "  $ sogoc admit node/request --dir authority\n"
    "  $ sogoc admit node/request --key \"$(sogoc admit node/request --json "
    "--dir authority | sed 's/.*\"key_id\":\"\\([0-9a-f]*\\)\".*/\\1/')\" "
    "--out answer --dir authority\n"
    "  $ sogoc join --take answer --dir node\n",
};

static const struct sg_out_shape request_shape = {
    .type = "request",
    .field_count = 4,
    .fields = {{"key_id", {"key id", "mã khóa"}, 0},
               {"role", {"role", "vai trò"}, 0},
               {"unit", {"unit", "đơn vị"}, 0},
               {"node_key", {"node key", "khóa nút"}, 0}},
};

static const struct sg_out_shape shape = {
    .type = "admitted",
    .field_count = 7,
    .fields = {{"answer", {"answer", "trả lời"}, 0},
               {"key_id", {"key id", "mã khóa"}, 0},
               {"role", {"role", "vai trò"}, 0},
               {"unit", {"unit", "đơn vị"}, 0},
               {"until", {"until", "đến ngày"}, 0},
               {"territory", {"units served", "đơn vị quản lý"}, 0},
               {"scopes", {"scope keys given", "khóa phạm vi đã cấp"}, 0}},
};

struct admission {
    struct sg_cli *cli;
    struct sg_seat *seat;
    struct sg_join_request request;
    struct sg_seat_admit admit;
    const char *key, *out, *unit, *role, *territory;
    uint64_t days, epochs;
    bool has_no_scopes;
    size_t scopes;
};

/* --- The request
 * ------------------------------------------------------------- */

static int read_request(struct admission *admission, const char *path)
{
    const struct sg_cli *cli = admission->cli;
    struct sg_buf bytes;
    enum sg_err err;

    sg_buf_init(&bytes, SG_JOIN_REQUEST_SIZE + 1);
    err = sg_file_read(path, &bytes);
    if (err == SG_OK)
        err = sg_join_request_decode(sg_buf_bytes(&bytes), &admission->request);
    sg_buf_clear(&bytes);
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err == SG_ERR_LIMIT ? SG_ERR_TRAILING : err,
                               path);
    if (sg_join_request_verify(&admission->request,
                               admission->seat->registry) == SG_OK)
        return 0;
    return sg_cli_fail(cli, SG_EXIT_NO,
                       "%s: the signature is wrong, or it is for another "
                       "registry; nobody is admitted by it",
                       "%s: chữ ký sai, hoặc đơn gửi sổ khác; không thừa nhận "
                       "ai theo đơn này",
                       path);
}

static struct sg_key_id key_id(const struct admission *admission)
{
    return sg_key_id_of(admission->seat->registry, SG_KEY_NODE,
                        admission->request.node_key);
}

static void show_request(const struct admission *admission)
{
    struct sg_key_id id = key_id(admission);
    const struct sg_out_value values[] = {
        sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(id.bytes)),
        sg_role_value(admission->request.role, admission->cli->lang),
        sg_out_number(admission->request.unit),
        sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(admission->request.node_key)),
    };

    sg_out_card(&admission->cli->out, &request_shape, values);
}

/* The id that was read over the phone is the request's. */
static int compare_key(const struct admission *admission)
{
    struct sg_key_id id = key_id(admission), said;
    struct sg_writer writer;

    sg_writer_init_array(&writer, said.bytes, sizeof said.bytes);
    sg_text_hex_decode(&writer,
                       sg_bytes(admission->key, strlen(admission->key)));
    if (sg_writer_end(&writer) == SG_OK && writer.size == sizeof said.bytes &&
        sg_key_id_compare(&id, &said) == 0)
        return 0;
    return sg_cli_fail(admission->cli, SG_EXIT_NO,
                       "%s is not the key id of this request: it comes from "
                       "another machine than the one you spoke with; nobody "
                       "was admitted",
                       "%s không phải mã khóa của đơn này: đơn đến từ máy khác "
                       "với máy vừa gọi hỏi; chưa thừa nhận ai",
                       admission->key);
}

/* --- What is admitted
 * --------------------------------------------------------- */

static int read_territory(struct admission *admission)
{
    struct sg_seat_admit *admit = &admission->admit;
    const struct sg_unit_table *units =
        sg_authority_units(admission->seat->authority);
    size_t size = strlen(admission->territory) + 1;
    char *text = sg_alloc(size), *rest = text, *word;
    char *words[SG_SEAT_ADMIT_UNITS_MAX];
    int code = 0;

    if (text == NULL)
        return sg_cli_fail_err(admission->cli, SG_ERR_NOMEM, "--territory");
    memcpy(text, admission->territory, size);
    while (code == 0 && (word = strsep(&rest, ",")) != NULL) {
        if (admit->n_units == SG_SEAT_ADMIT_UNITS_MAX)
            code = sg_cli_fail_err(admission->cli, SG_ERR_LIMIT, "--territory");
        else
            words[admit->n_units++] = word;
    }
    if (code == 0)
        code = sg_unit_name_find_all(admission->cli, units, words,
                                     admit->n_units, admit->units);
    sg_free(text);
    return code;
}

static int check_limits(const struct admission *admission)
{
    const char *label = admission->admit.label;

    if (admission->days < 1 || admission->days > DAYS_MAX)
        return sg_cli_fail(admission->cli, SG_EXIT_USAGE,
                           "--days wants 1 to %u", "--days cần từ 1 đến %u",
                           DAYS_MAX);
    if (admission->epochs < 1 || admission->epochs > SG_EPOCHS_MAX)
        return sg_cli_fail(admission->cli, SG_EXIT_USAGE,
                           "--epochs wants 1 to %d", "--epochs cần từ 1 đến %d",
                           SG_EPOCHS_MAX);
    if (label != NULL &&
        (strlen(label) > LABEL_MAX ||
         sg_nfc_check(sg_bytes(label, strlen(label))) != SG_OK))
        return sg_cli_fail(admission->cli, SG_EXIT_USAGE,
                           "--label wants at most %u bytes",
                           "--label tối đa %u byte", LABEL_MAX);
    return 0;
}

static int plan(struct admission *admission)
{
    struct sg_seat_admit *admit = &admission->admit;
    const struct sg_unit_table *units =
        sg_authority_units(admission->seat->authority);
    struct sg_unit_key unit = {admission->request.unit};
    int code = check_limits(admission);

    admit->role = admission->request.role;
    admit->days = (unsigned)admission->days;
    admit->epochs = (unsigned)admission->epochs;
    memcpy(admit->node_key, admission->request.node_key, SG_KEY_SIZE);
    memcpy(admit->transport_key, admission->request.transport_key, SG_KEY_SIZE);
    if (code == 0 && admission->role != NULL)
        code = sg_role_find(admission->cli, admission->role, &admit->role);
    if (code == 0 && admission->unit != NULL)
        code = sg_unit_name_find(admission->cli, units, admission->unit, &unit);
    admit->unit = unit.value;
    if (code == 0 && unit.value != 0 && sg_unit_find(units, unit) == NULL)
        code = sg_cli_fail(admission->cli, SG_EXIT_IMPOSSIBLE,
                           "the authority has published no unit %llu; sogoc "
                           "unit publish, or --unit",
                           "cơ quan quản lý chưa công bố đơn vị %llu; dùng "
                           "sogoc unit publish, hoặc --unit",
                           (unsigned long long)unit.value);
    if (code == 0 && admission->territory != NULL)
        code = read_territory(admission);
    else if (code == 0 && admit->role == SG_CERTIFICATE_DISTRICT)
        code = sg_seat_admit_territory(admission->seat, unit, admit);
    return code;
}

static int give_scope(struct admission *admission, struct sg_unit_key unit)
{
    enum sg_seat_scope_done done;
    int code = sg_seat_scope_give(admission->seat, unit,
                                  admission->admit.transport_key, &done);

    admission->scopes += code == 0;
    return code;
}

/* A district reads its communes, the centre what is sealed for the centre. */
static int give_scopes(struct admission *admission)
{
    const struct sg_seat_admit *admit = &admission->admit;
    int code = 0;

    if (admission->has_no_scopes)
        return 0;
    if (admit->role == SG_CERTIFICATE_CENTRAL)
        return give_scope(admission,
                          sg_authority_centre(admission->seat->authority));
    for (size_t i = 0; i < admit->n_units && code == 0; i++)
        if (sg_unit_key_level(admit->units[i]) == SG_UNIT_LEVEL_COMMUNE)
            code = give_scope(admission, admit->units[i]);
    return code;
}

/* --- The answer
 * -------------------------------------------------------------- */

static int write_answer(const struct admission *admission,
                        const uint8_t *certificate)
{
    struct sg_join_admission answer = {.registry = *admission->seat->registry};
    struct sg_buf chain, bytes;
    struct sg_writer writer;
    enum sg_err err = SG_OK;
    int code;

    memcpy(answer.certificate, certificate, SG_CERTIFICATE_SIZE);
    sg_buf_init(&chain, SG_STAGE1_SIZE_MAX);
    sg_buf_init(&bytes, SG_JOIN_ADMISSION_SIZE_MAX);
    code = sg_seat_chain(admission->seat, &chain);
    if (code == 0) {
        answer.chain = sg_buf_bytes(&chain);
        sg_writer_init_buf(&writer, &bytes);
        sg_join_admission_put(&writer, &answer);
        err = sg_writer_end(&writer);
        if (err == SG_OK)
            err = sg_file_write(admission->out, sg_buf_bytes(&bytes));
    }
    sg_buf_clear(&chain);
    sg_buf_clear(&bytes);
    return err == SG_OK ? code
                        : sg_cli_fail_err(admission->cli, err, admission->out);
}

static void show(const struct admission *admission, const uint8_t *bytes)
{
    struct sg_key_id id = key_id(admission);
    struct sg_certificate certificate;
    enum sg_err err = sg_certificate_decode(
        sg_bytes(bytes, SG_CERTIFICATE_SIZE), &certificate);
    const struct sg_out_value values[] = {
        sg_out_bytes(SG_OUT_BODY,
                     sg_bytes(admission->out, strlen(admission->out))),
        sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(id.bytes)),
        sg_role_value(admission->admit.role, admission->cli->lang),
        sg_out_number(admission->admit.unit),
        err == SG_OK ? sg_out_number(certificate.until.ymd) : sg_out_none(),
        sg_out_number(admission->admit.n_units),
        sg_out_number(admission->scopes),
    };

    sg_out_card(&admission->cli->out, &shape, values);
}

/* A cut binds a certificate that is issued again: say so before. */
static int check_cut(const struct admission *admission)
{
    if (sg_authority_node_cut(admission->seat->authority,
                              admission->request.node_key) ==
        SG_AUTHORITY_NOT_CUT)
        return 0;
    return sg_cli_fail(admission->cli, SG_EXIT_IMPOSSIBLE,
                       "the key of this request was revoked or suspended: a "
                       "new certificate would not help it; let the office make "
                       "new keys in a new --dir",
                       "khóa trong đơn này đã bị thu hồi hoặc tạm dừng: chứng "
                       "thư mới cũng vô ích; hãy để cơ quan đó tạo khóa mới ở "
                       "--dir mới");
}

static int admit(struct admission *admission)
{
    uint8_t certificate[SG_CERTIFICATE_SIZE];
    int code = compare_key(admission);

    if (code == 0)
        code = check_cut(admission);
    if (code == 0)
        code = plan(admission);
    if (code == 0)
        code =
            sg_seat_admit_node(admission->seat, &admission->admit, certificate);
    if (code == 0)
        code = give_scopes(admission);
    if (code == 0)
        code = sg_seat_file(admission->seat);
    if (code == 0)
        code = write_answer(admission, certificate);
    if (code == 0)
        show(admission, certificate);
    return code;
}

static int run(struct admission *admission, const char *path)
{
    struct sg_seat seat;
    int code = sg_seat_open(
        admission->cli, admission->key != NULL ? SG_SEAT_SPEAK : SG_SEAT_READ,
        NULL, &seat);

    if (code != 0)
        return code;
    admission->seat = &seat;
    code = read_request(admission, path);
    if (code == 0 && admission->key == NULL)
        show_request(admission);
    else if (code == 0)
        code = admit(admission);
    sg_seat_close(&seat);
    return code;
}

int sg_verb_admit(struct sg_cli *cli, struct sg_cli_words words)
{
    struct admission admission = {
        .cli = cli, .days = DAYS_DEFAULT, .epochs = EPOCHS_DEFAULT};
    const struct sg_cli_option options[] = {
        {"--key", SG_CLI_TEXT, .text = &admission.key},
        {"--out", SG_CLI_TEXT, .text = &admission.out},
        {"--unit", SG_CLI_TEXT, .text = &admission.unit},
        {"--role", SG_CLI_TEXT, .text = &admission.role},
        {"--label", SG_CLI_TEXT, .text = &admission.admit.label},
        {"--days", SG_CLI_NUMBER, .number = &admission.days},
        {"--epochs", SG_CLI_NUMBER, .number = &admission.epochs},
        {"--territory", SG_CLI_TEXT, .text = &admission.territory},
        {"--no-scopes", SG_CLI_FLAG, .flag = &admission.has_no_scopes},
    };
    int code = sg_cli_options(cli, &words, options, 9, 1, 1);

    if (code != 0)
        return code;
    if ((admission.key == NULL) != (admission.out == NULL))
        return sg_cli_fail(cli, SG_EXIT_USAGE,
                           "--key ID and --out FILE go together",
                           "--key ID và --out FILE đi cùng nhau");
    return run(&admission, words.words[0]);
}
