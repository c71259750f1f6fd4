#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "storage/base/clock.h"
#include "storage/base/crypto.h"
#include "storage/base/text.h"
#include "tools/export_form.h"
#include "tools/reading.h"
#include "tools/unit_name.h"
#include "tools/verb.h"

#define PAGE        100
#define PATH_SIZE   1024
#define COPY_SIZE   65536
#define PROGRESS_MS 500
#define TRIES       50 /* for a state root */
#define HEX_SIZE    65 /* of a hash, with its NUL */

const struct sg_verb_page sg_verb_export_page = {
    "UNIT --out FILE --purpose WHY [--case CASE] [--format F]\n"
    "              [--officer NAME] [--socket PATH]",
    {"Writes the persons whose home is UNIT, or lies in it, to FILE (mode "
     "0600), as the\n"
     "officer whose key is unlocked at the running node. Each is written down "
     "as shown\n"
     "first; more than the day's limit takes a second officer (sogoc permit). "
     "The head\n"
     "names the cut that all is of, and its state root where the node can "
     "compute it; if\n"
     "the register moves meanwhile there is no file.\n"
     "\n"
     "  --format F     csv, jsonl (sogoc import reads both), xml (QCVN "
     "109:2017); else\n"
     "                 by the name of FILE\n"
     "  --purpose WHY  dossier, correction, account, conflict, duplicate,\n"
     "                 verification, data_subject, audit, other\n"
     "  --case CASE    the number of the matter\n"
     "  --officer NAME unlocks this officer's key for this command alone\n"
     "  --socket PATH  of the daemon (/run/sogoc/sogocd.sock)\n",
     "Ghi những người thường trú tại UNIT hoặc trong địa bàn đó ra FILE (quyền "
     "0600), với\n"
     "tư cách cán bộ đã mở khóa tại nút đang chạy. Mỗi người được ghi lại là "
     "đã xem\n"
     "trước khi xuất; vượt mức trong ngày cần cán bộ thứ hai (sogoc permit). "
     "Đầu tệp\n"
     "ghi lát cắt của toàn bộ dữ liệu và gốc trạng thái nếu nút tính được; nếu "
     "trong lúc\n"
     "đó sổ thay đổi thì không có tệp.\n"
     "\n"
     "  --format F     csv, jsonl (sogoc import đọc được cả hai), xml (QCVN "
     "109:2017);\n"
     "                 không có thì theo tên FILE\n"
     "  --purpose WHY  dossier, correction, account, conflict, duplicate,\n"
     "                 verification, data_subject, audit, other\n"
     "  --case CASE    số hiệu vụ việc\n"
     "  --officer NAME mở khóa cán bộ này chỉ cho lệnh này\n"
     "  --socket PATH  socket của sogocd (/run/sogoc/sogocd.sock)\n"},
    "  $ sogoc export 'Huyện Mường Lát' --out muong-lat.csv --purpose "
    "verification --case KH-12 --socket sogocd.sock 2> /dev/null || test $? "
    "-eq 7 # nobody has unlocked a key\n",
};

static const struct sg_out_shape shape = {
    .type = "exported",
    .field_count = 6,
    .fields = {{"file", {"file", "tệp"}, 0},
               {"persons", {"persons", "số người"}, 0},
               {"in_conflict", {"in conflict", "có mâu thuẫn"}, 0},
               {"unit", {"unit", "đơn vị"}, 0},
               {"cut", {"cut", "lát cắt"}, 0},
               {"root", {"state root", "gốc trạng thái"}, 0}},
};

/* What the node stands at. */
struct stand {
    char registry[HEX_SIZE], cut[HEX_SIZE], root[HEX_SIZE];
};

struct export
{
    struct sg_reading reading;
    const char *file, *unit_text;
    enum sg_export_form_kind kind;
    struct sg_unit_table *units;
    struct sg_unit_key unit;
    struct stand stand;
    json_t *roots; /* of the units there are */
    struct sg_export_form_head head;
    FILE *body; /* rows; it has no name */
    struct sg_mono said;
};

/* --- The cut ---------------------------------------------------------------
 */

static void hash_row(struct sg_sha256 *ctx, const json_t *row)
{
    char line[2 * HEX_SIZE + 32];
    int n = snprintf(line, sizeof line, "%s %" PRIu64 " %s\n",
                     sg_caller_text(row, "log"), sg_caller_number(row, "size"),
                     sg_caller_text(row, "root"));

    if (n > 0 && (size_t)n < sizeof line)
        sg_crypto_sha256_update(ctx, (const uint8_t *)line, (size_t)n);
}

/* The id of a cut is the hash of its lines: log, size, root. */
static int read_cut(const struct export *export, struct stand *ret)
{
    struct sg_sha256 ctx;
    struct sg_hash id;
    struct sg_writer writer;
    uint64_t after = 0;

    sg_crypto_sha256_init(&ctx);
    do {
        char path[64];
        json_t *answer, *row;
        size_t i;
        int code;

        (void)snprintf(path, sizeof path, "/v1/cut?after=%" PRIu64, after);
        code = sg_caller_get(export->reading.cli, export->reading.socket, path,
                             &answer);
        if (code != 0)
            return code;
        json_array_foreach(json_object_get(answer, "cut"), i, row)
            hash_row(&ctx, row);
        (void)snprintf(ret->registry, HEX_SIZE, "%s",
                       sg_caller_text(answer, "registry"));
        after = sg_caller_number(answer, "after");
        json_decref(answer);
    } while (after != 0);
    sg_crypto_sha256_final(&ctx, &id);
    sg_writer_init_array(&writer, (uint8_t *)ret->cut, HEX_SIZE);
    sg_text_hex_encode(&writer, SG_BYTES_ARRAY(id.bytes));
    ret->cut[HEX_SIZE - 1] = '\0';
    return sg_writer_end(&writer) == SG_OK ? 0 : SG_EXIT_INTERNAL;
}

/* Says whether ROOT, of which there is none, may be there in a moment: the
 * register is being folded. */
static bool is_folding(const json_t *root)
{
    const json_t *reason;
    size_t i;

    json_array_foreach(
        json_object_get(root, "not_computable"), i,
        reason) if (strcmp(json_string_value(reason), "folding") == 0 ||
                    strcmp(json_string_value(reason), "waiting") == 0 ||
                    strcmp(json_string_value(reason), "unsigned") ==
                        0) return true;
    return false;
}

/* The state root of the unit, where it is computable. Caller frees *RET_ROOTS.
 */
static int read_root(const struct export *export, char ret[HEX_SIZE],
                     json_t **ret_roots)
{
    static const struct timespec pause = {.tv_nsec = 100000000};
    json_t *answer = NULL;
    const json_t *root, *row;
    size_t i;

    for (unsigned try = 0;; try++) {
        int code = sg_caller_get(export->reading.cli, export->reading.socket,
                                 "/v1/roots", &answer);

        if (code != 0)
            return code;
        root = json_object_get(answer, "all");
        json_array_foreach(json_object_get(answer, "units"), i,
                           row) if (export->unit.value != 0 &&
                                    sg_caller_number(row, "unit") ==
                                        export->unit.value) root = row;
        if (try == TRIES || !is_folding(root))
            break;
        json_decref(answer);
        (void)nanosleep(&pause, NULL);
    }
    if (sg_caller_number(root, "unit") != export->unit.value)
        root = NULL; /* nobody lives in the unit itself */
    (void)snprintf(ret, HEX_SIZE, "%s", sg_caller_text(root, "root"));
    *ret_roots = answer;
    return 0;
}

/* The cut, and the state root in it. */
static int read_stand(const struct export *export, struct stand *ret,
                      json_t **ret_roots)
{
    int code = read_root(export, ret->root, ret_roots);

    return code == 0 ? read_cut(export, ret) : code;
}

/* --- Persons ---------------------------------------------------------------
 */

static int export_person(struct export *export, const char *uid)
{
    const struct sg_cli *cli = export->reading.cli;
    json_t *form = json_pack("{s:s}", "uid", uid), *answer = NULL, *row;
    struct sg_mono now = sg_clock_mono();
    int code = sg_reading_ask(&export->reading, "/v1/person", form, &answer);

    json_decref(form);
    if (code != 0)
        return code;
    row = sg_export_form_row(answer);
    if (row != NULL) {
        sg_export_form_put(export->body, export->kind, row);
        export->head.persons++;
        export->head.in_conflict +=
            sg_caller_number(answer, "conflicts_open") > 0;
    }
    json_decref(answer);
    if (row == NULL)
        return sg_cli_fail_err(cli, SG_ERR_NOMEM, export->file);
    json_decref(row);
    if (cli->is_progress && sg_mono_diff(now, export->said) >= PROGRESS_MS) {
        export->said = now;
        sg_cli_note(cli, "%" PRIu64 " persons", "%" PRIu64 " người",
                    export->head.persons);
    }
    return 0;
}

/* All whose home is UNIT itself. */
static int export_unit(struct export *export, uint64_t unit)
{
    uint64_t after = 0;
    int code = 0;

    do {
        json_t *form =
            json_pack("{s:I,s:i}", "unit", (json_int_t)unit, "limit", PAGE);
        json_t *answer = NULL, *person;
        size_t i;

        if (after != 0)
            (void)json_object_set_new(form, "after",
                                      json_integer((json_int_t)after));
        code = sg_reading_ask(&export->reading, "/v1/search", form, &answer);
        json_decref(form);
        if (code != 0)
            return code;
        json_array_foreach(json_object_get(answer, "persons"), i,
                           person) if (code == 0) code =
            export_person(export, sg_caller_text(person, "uid"));
        after = sg_caller_number(answer, "after");
        json_decref(answer);
    } while (code == 0 && after != 0);
    return code;
}

static int export_units(struct export *export)
{
    const json_t *row;
    int code = 0;
    size_t i;

    json_array_foreach(json_object_get(export->roots, "units"), i, row)
    {
        struct sg_unit_key unit = {sg_caller_number(row, "unit")};

        if (code == 0 && unit.value != 0 &&
            sg_caller_number(row, "persons") > 0 &&
            sg_unit_covers(export->units, export->unit, unit))
            code = export_unit(export, unit.value);
    }
    return code;
}

/* --- The file --------------------------------------------------------------
 */

static int fail_file(const struct export *export, const char *path)
{
    return sg_cli_fail(export->reading.cli,
                       errno == ENOSPC   ? SG_EXIT_FULL
                       : errno == EACCES ? SG_EXIT_ACCESS
                       : errno == ENOENT ? SG_EXIT_IMPOSSIBLE
                                         : SG_EXIT_DISK,
                       "%s: %s", "%s: %s", path, strerror(errno));
}

static FILE *open_file(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = fd < 0 || fchmod(fd, 0600) != 0 ? NULL : fdopen(fd, "w+");

    if (file == NULL && fd >= 0)
        (void)close(fd);
    return file;
}

/* Rows are kept beside the file, without a name: nobody finds half an export.
 */
static int open_body(struct export *export, const char *path)
{
    export->body = open_file(path);
    if (export->body == NULL || unlink(path) != 0)
        return fail_file(export, path);
    return 0;
}

static bool copy_body(FILE *body, FILE *file)
{
    char bytes[COPY_SIZE];
    size_t n;

    rewind(body);
    while ((n = fread(bytes, 1, sizeof bytes, body)) > 0)
        if (fwrite(bytes, 1, n, file) != n)
            return false;
    return ferror(body) == 0;
}

static int write_file(struct export *export, const char *path)
{
    FILE *file = open_file(path);
    bool is_written;

    if (file == NULL)
        return fail_file(export, path);
    sg_export_form_begin(file, export->kind, &export->head);
    is_written = copy_body(export->body, file);
    sg_export_form_end(file, export->kind);
    is_written = fflush(file) == 0 && ferror(file) == 0 && is_written &&
                 fsync(fileno(file)) == 0;
    if (fclose(file) == 0 && is_written && rename(path, export->file) == 0)
        return 0;
    (void)unlink(path);
    return fail_file(export, export->file);
}

/* --- All -------------------------------------------------------------------
 */

/* The day of the cut, as the register says it. */
static int read_day(struct export *export)
{
    json_t *answer;
    int code = sg_caller_get(export->reading.cli, export->reading.socket,
                             "/v1/register", &answer);

    if (code != 0)
        return code;
    export->head.day.ymd = (uint32_t)sg_caller_number(answer, "as_of");
    json_decref(answer);
    return 0;
}

/* What was read must be of one cut. */
static int check_stand(const struct export *export)
{
    struct stand now;
    json_t *roots;
    int code = read_stand(export, &now, &roots);

    if (code != 0)
        return code;
    json_decref(roots);
    if (strcmp(now.cut, export->stand.cut) == 0 &&
        strcmp(now.root, export->stand.root) == 0)
        return 0;
    return sg_cli_fail(export->reading.cli, SG_EXIT_IMPOSSIBLE,
                       "the register moved while it was read, so this would "
                       "be of no cut: nothing is written; again when less is "
                       "going on",
                       "sổ thay đổi trong lúc đọc nên không thuộc lát cắt nào: "
                       "không ghi gì; hãy làm lại khi ít việc hơn");
}

static int read_all(struct export *export)
{
    json_t *officer = NULL;
    /* Nobody is told whether there is somebody. */
    int code = sg_caller_get(export->reading.cli, export->reading.socket,
                             "/v1/officer", &officer);

    json_decref(officer);
    if (code == 0)
        code = read_stand(export, &export->stand, &export->roots);
    if (code == 0)
        code = read_day(export);
    if (code == 0)
        code = export_units(export);
    if (code == 0)
        code = check_stand(export);
    export->head.registry = export->stand.registry;
    export->head.cut = export->stand.cut;
    export->head.root = export->stand.root;
    export->head.unit = export->unit.value;
    return code;
}

static void show(const struct export *export)
{
    const char *file = export->file, *cut = export->stand.cut,
               *root = export->stand.root;
    const struct sg_out_value values[] = {
        sg_out_bytes(SG_OUT_BODY, sg_bytes(file, strlen(file))),
        sg_out_number(export->head.persons),
        sg_out_number(export->head.in_conflict),
        sg_out_number(export->unit.value),
        sg_out_bytes(SG_OUT_BODY, sg_bytes(cut, strlen(cut))),
        strcmp(root, "-") == 0
            ? sg_out_none()
            : sg_out_bytes(SG_OUT_BODY, sg_bytes(root, strlen(root))),
    };

    sg_out_card(&export->reading.cli->out, &shape, values);
}

static int run(struct export *export)
{
    char path[PATH_SIZE];
    int n = snprintf(path, sizeof path, "%s.part", export->file);
    int code;

    if (n < 0 || (size_t)n >= sizeof path)
        return sg_cli_fail(export->reading.cli, SG_EXIT_USAGE,
                           "--out: the path is too long",
                           "--out: đường dẫn quá dài");
    code = open_body(export, path);
    if (code == 0)
        code = sg_reading_begin(&export->reading);
    if (code == 0) {
        code = read_all(export);
        sg_reading_end(&export->reading);
    }
    if (code == 0)
        code = write_file(export, path);
    if (code == 0)
        show(export);
    json_decref(export->roots);
    if (export->body != NULL)
        (void)fclose(export->body);
    return code;
}

static bool ends(const char *text, const char *end)
{
    size_t size = strlen(text), tail = strlen(end);

    return size >= tail && strcmp(text + size - tail, end) == 0;
}

static int read_kind(struct export *export, const char *format)
{
    static const char *const words[] = {
        [SG_EXPORT_FORM_CSV] = "csv",
        [SG_EXPORT_FORM_JSON] = "jsonl",
        [SG_EXPORT_FORM_XML] = "xml",
    };

    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
        if (format != NULL ? strcmp(format, words[i]) == 0
                           : ends(export->file, words[i])) {
            export->kind = (enum sg_export_form_kind)i;
            return 0;
        }
    return sg_cli_fail(export->reading.cli, SG_EXIT_USAGE,
                       "--format is csv, jsonl or xml",
                       "--format là csv, jsonl hoặc xml");
}

int sg_verb_export(struct sg_cli *cli, struct sg_cli_words words)
{
    struct export export = {
        .reading = {.cli = cli, .socket = SG_CALLER_SOCKET},
        .said = sg_clock_mono(),
    };
    const char *format = NULL;
    const struct sg_cli_option options[] = {
        {"--out", SG_CLI_TEXT, .text = &export.file},
        {"--format", SG_CLI_TEXT, .text = &format},
        SG_READING_WHY(&export.reading),
        SG_READING_OPTIONS(&export.reading),
    };
    int code = sg_cli_options(cli, &words, options,
                              sizeof options / sizeof options[0], 1, 1);

    if (code != 0)
        return code;
    if (export.file == NULL)
        return sg_cli_fail(cli, SG_EXIT_USAGE, "where to? --out FILE",
                           "ghi ra đâu? --out FILE");
    code = read_kind(&export, format);
    if (code == 0)
        code = sg_unit_name_shipped(cli, &export.units);
    if (code != 0)
        return code;
    code = sg_unit_name_find(cli, export.units, words.words[0], &export.unit);
    if (code == 0)
        code = run(&export);
    sg_unit_table_free(export.units);
    return code;
}
