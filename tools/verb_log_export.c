#include <inttypes.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/lmdb/fetch.h"
#include "tools/home.h"
#include "tools/verb.h"

const struct sg_verb_page sg_verb_log_export_page = {
    "[LOG] [--dir DIR]",
    {"Prints LOG as it is kept, sealed, for verifiers that are not ours: a "
     "line\n"
     "with registry, log, node key and the signed note, then a line for each\n"
     "entry below the checkpoint: index, header, payload (null where it is "
     "not\n"
     "here), both in base64. Always JSON, one object a line.\n"
     "tests/reference/verify_export.py verifies it.\n",
     "In LOG đúng như đã lưu, vẫn niêm phong, để bên ngoài kiểm tra: một dòng "
     "có\n"
     "mã sổ, nhật ký, khóa nút và điểm kiểm đã ký, sau đó mỗi mục một dòng: "
     "số\n"
     "mục, phần đầu, nội dung (null nếu không có ở đây), đều là base64. Luôn "
     "là\n"
     "JSON, mỗi dòng một đối tượng. Chương trình kiểm tra:\n"
     "tests/reference/verify_export.py.\n"},
    "  $ sogoc log export --dir demo > demo.jsonl\n",
};

static const struct sg_out_shape head_shape = {
    .type = "export",
    .field_count = 5,
    .fields = {{"registry", {"", ""}, 0},
               {"log", {"", ""}, 0},
               {"node_key", {"", ""}, 0},
               {"size", {"", ""}, 0},
               {"note", {"", ""}, 0}},
};

static const struct sg_out_shape entry_shape = {
    .type = "entry",
    .field_count = 4,
    .fields = {{"index", {"", ""}, 0},
               {"state", {"", ""}, 0},
               {"header", {"", ""}, 0},
               {"payload", {"", ""}, 0}},
};

static enum sg_err export_head(struct sg_cli *cli, const struct sg_home *home,
                               const struct sg_store_log *log)
{
    const struct sg_registry_id *registry = sg_store_registry(home->store);
    const uint8_t *node_key = log->row.core.node_key;
    struct sg_buf note;

    sg_buf_init(&note, SG_CHECKPOINT_NOTE_MAX);
    enum sg_err err = sg_checkpoint_print(registry, &log->id, node_key,
                                          &log->row.known, &note);
    if (err == SG_OK) {
        const struct sg_out_value values[] = {
            sg_out_hash(&registry->hash),
            sg_out_hash(&log->id.hash),
            sg_out_bytes(SG_OUT_HEX, sg_bytes(node_key, SG_KEY_SIZE)),
            sg_out_number(log->row.known.size),
            sg_out_bytes(SG_OUT_BODY, sg_buf_bytes(&note)),
        };
        sg_out_row(&cli->out, &head_shape, values);
    }
    sg_buf_clear(&note);
    return err;
}

static void export_entry(struct sg_cli *cli, const struct sg_entry *entry,
                         uint64_t index)
{
    static const char *const states[] = {"present", "not held", "erased"};
    uint8_t header[SG_ENTRY_HEADER_SIZE];

    sg_entry_header_encode(entry, header);
    const struct sg_out_value values[] = {
        sg_out_number(index),
        sg_out_word(states[entry->state], NULL),
        sg_out_bytes(SG_OUT_BASE64, SG_BYTES_ARRAY(header)),
        entry->state == SG_PAYLOAD_PRESENT
            ? sg_out_bytes(SG_OUT_BASE64, entry->payload)
            : sg_out_none(),
    };
    sg_out_row(&cli->out, &entry_shape, values);
}

static enum sg_err export_entries(struct sg_cli *cli, struct sg_store *store,
                                  const struct sg_store_log *log,
                                  struct sg_fetch *fetch, uint64_t *at)
{
    while (*at < log->row.known.size) {
        uint64_t n = log->row.known.size - *at;
        if (n > SG_PACKAGE_ENTRIES_MAX)
            n = SG_PACKAGE_ENTRIES_MAX;
        enum sg_err err =
            sg_fetch_range(store, log->number, *at, (size_t)n, fetch);
        if (err != SG_OK)
            return err;
        SG_ASSERT(fetch->count > 0);
        for (size_t i = 0; i < fetch->count; i++)
            export_entry(cli, &fetch->entries[i], *at + i);
        *at += fetch->count;
    }
    return SG_OK;
}

static int export_log(struct sg_cli *cli, const struct sg_home *home,
                      const struct sg_store_log *log)
{
    struct sg_fetch *fetch = sg_alloc(sizeof *fetch);
    uint64_t at = 0;
    enum sg_err err =
        fetch == NULL ? SG_ERR_NOMEM : export_head(cli, home, log);

    if (err == SG_OK) {
        sg_fetch_init(fetch, (size_t)SG_MESSAGE_SIZE_MAX);
        err = export_entries(cli, home->store, log, fetch, &at);
        sg_fetch_clear(fetch);
    }
    sg_free(fetch);
    if (err == SG_ERR_DAMAGED)
        return sg_cli_fail(cli, SG_EXIT_DAMAGED,
                           "entry %" PRIu64 " is damaged: the export ends "
                           "before it; sogoc verify says how",
                           "mục %" PRIu64 " bị hỏng: chỉ xuất đến trước mục "
                           "đó; xem chi tiết bằng sogoc verify",
                           at);
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, cli->dir);
}

int sg_verb_log_export(struct sg_cli *cli, struct sg_cli_words words)
{
    struct sg_store_log log;
    struct sg_home home;
    int code = sg_cli_options(cli, &words, NULL, 0, 0, 1);

    cli->out.is_json = true;
    if (code == 0)
        code = sg_home_open(cli, &home);
    if (code != 0)
        return code;
    code =
        sg_home_log(cli, &home, words.count > 0 ? words.words[0] : NULL, &log);
    if (code == 0 &&
        (log.row.known.size == 0 || log.row.known.size > log.row.frontier.size))
        code = sg_cli_fail(
            cli, SG_EXIT_IMPOSSIBLE,
            "no checkpoint covers what is held of this log; fetch the rest "
            "first",
            "chưa có điểm kiểm cho phần đang giữ của nhật ký này; hãy lấy "
            "phần còn lại trước");
    if (code == 0)
        code = export_log(cli, &home, &log);
    sg_home_close(&home);
    return code;
}
