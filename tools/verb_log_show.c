#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "node/unseal.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/text.h"
#include "tools/home.h"
#include "tools/verb.h"

#define COUNT_DEFAULT    100
#define DESCRIPTION_SIZE 80

const struct sg_verb_page sg_verb_log_show_page = {
    "[LOG] [--from N] [--count N] [--dir DIR]",
    {"Shows entries of LOG (its number or id, as `sogoc logs` has them; "
     "default:\n"
     "the own log). Seals that the keys of DIR open are shown opened.\n"
     "\n"
     "  --from N   the first entry (default: 0)\n"
     "  --count N  how many (default: 100)\n",
     "Xem các mục của LOG (số thứ tự hoặc mã như trong `sogoc logs`; mặc "
     "định:\n"
     "nhật ký của nút này). Phần niêm phong mà khóa trong DIR mở được thì "
     "hiện\n"
     "nội dung.\n"
     "\n"
     "  --from N   mục đầu tiên (mặc định: 0)\n"
     "  --count N  bao nhiêu mục (mặc định: 100)\n"},
    "  $ sogoc log show --from 1 --count 10 --dir demo\n",
};

static const struct sg_out_shape shape = {
    .type = "entry",
    .field_count = 6,
    .fields = {{"index", {"index", "mục"}, -10},
               {"kind", {"kind", "loại"}, 13},
               {"state", {"state", "trạng thái"}, 11},
               {"key_entry", {"key", "khóa"}, -6},
               {"length", {"bytes", "byte"}, -6},
               {"text", {"text", "nội dung"}, 0}},
    .legend =
        {"kind: opening, content key, plain, sealed. state: open, readable "
         "here; sealed, not\nwith the keys here; not held; erased, by order; "
         "damaged. key: the entry whose\ncontent key seals it. bytes: of the "
         "payload.",
         "loại: mở sổ, khóa nội dung, rõ, niêm phong. trạng thái: mở, đọc được "
         "ở đây; niêm\nphong, khóa ở đây không mở được; không giữ; đã xóa, "
         "theo "
         "lệnh; hỏng. khóa: mục\nchứa khóa nội dung dùng để niêm phong. byte: "
         "độ dài nội dung."},
};

struct showing {
    struct sg_cli *cli;
    struct sg_unseal *unseal;
    const struct sg_store_log *log;
    uint64_t damaged;
};

static struct sg_out_value kind_of(const struct sg_cli *cli, unsigned kind)
{
    switch (kind) {
    case SG_ENTRY_OPENING:
        return sg_out_word("opening", sg_cli_say(cli, NULL, "mở sổ"));
    case SG_ENTRY_CONTENT_KEY:
        return sg_out_word("content key",
                           sg_cli_say(cli, NULL, "khóa nội dung"));
    case SG_ENTRY_PLAIN:
        return sg_out_word("plain", sg_cli_say(cli, NULL, "rõ"));
    case SG_ENTRY_SEALED:
        return sg_out_word("sealed", sg_cli_say(cli, NULL, "niêm phong"));
    default:
        return sg_out_word("unknown", sg_cli_say(cli, NULL, "chưa biết"));
    }
}

enum state { OPEN, SEALED, NOT_HELD, ERASED, DAMAGED };

static struct sg_out_value state_of(const struct sg_cli *cli, enum state state)
{
    static const char *const words[][2] = {
        {"open", "mở"},
        {"sealed", "niêm phong"},
        {"not held", "không giữ"},
        {"erased", "đã xóa"},
        {"damaged", "hỏng"},
    };

    return sg_out_word(words[state][0], words[state][cli->lang]);
}

/* What an opening or a content key is about, in one language. */
static int describe_as(enum sg_lang lang, const struct sg_entry *entry,
                       const struct sg_content_key_place *place, char *ret,
                       size_t size)
{
    struct sg_content_key key;
    struct sg_opening opening;
    bool is_vi = lang == SG_LANG_VI;

    if (entry->kind == SG_ENTRY_OPENING &&
        sg_entry_opening_decode(entry->payload, &opening) == SG_OK) {
        const uint8_t *id = opening.predecessor.hash.bytes;
        if (!opening.follows)
            return snprintf(ret, size, "%s",
                            is_vi ? "nhật ký bắt đầu" : "the log begins");
        return snprintf(ret, size, "%s %02x%02x%02x%02x (%" PRIu64 ")",
                        is_vi ? "tiếp theo" : "follows", id[0], id[1], id[2],
                        id[3], opening.size);
    }
    if (entry->kind == SG_ENTRY_CONTENT_KEY &&
        sg_content_key_parse(entry->payload, place, &key) == SG_OK)
        return snprintf(ret, size, "%s %u-%02u, %s: %zu",
                        is_vi ? "kỳ" : "period", key.period / 100,
                        key.period % 100, is_vi ? "số bên đọc" : "readers",
                        sg_content_key_reader_count(&key));
    return 0;
}

static struct sg_out_value describe(const struct showing *showing,
                                    const struct sg_entry *entry,
                                    uint64_t index,
                                    char texts[2][DESCRIPTION_SIZE])
{
    struct sg_content_key_place place = {showing->log->id, index};

    for (int lang = 0; lang < 2; lang++) {
        if (describe_as((enum sg_lang)lang, entry, &place, texts[lang],
                        DESCRIPTION_SIZE) <= 0)
            return sg_out_none();
    }
    return sg_out_word(texts[SG_LANG_EN], texts[showing->cli->lang]);
}

/* By which statement ENTRY was erased, in one language each. */
static struct sg_out_value erased_by(const struct showing *showing,
                                     const struct sg_entry *entry,
                                     char texts[2][DESCRIPTION_SIZE])
{
    static const char *const says[2] = {"by statement ", "theo lệnh "};

    for (int lang = 0; lang < 2; lang++) {
        struct sg_writer writer;

        sg_writer_init_array(&writer, (uint8_t *)texts[lang], DESCRIPTION_SIZE);
        sg_writer_bytes(&writer, sg_bytes(says[lang], strlen(says[lang])));
        sg_text_hex_encode(&writer, SG_BYTES_ARRAY(entry->erased_by));
        sg_writer_u8(&writer, 0);
        if (sg_writer_end(&writer) != SG_OK)
            return sg_out_none();
    }
    return sg_out_word(texts[SG_LANG_EN], texts[showing->cli->lang]);
}

static void show_entry(struct showing *showing, const struct sg_entry *entry,
                       uint64_t index)
{
    struct sg_out_value text = sg_out_none();
    enum state state = OPEN;
    enum sg_seal_kind kind;
    struct sg_bytes body;
    char texts[2][DESCRIPTION_SIZE];

    if (entry->state != SG_PAYLOAD_PRESENT) {
        state = entry->state == SG_PAYLOAD_ERASED ? ERASED : NOT_HELD;
        if (state == ERASED)
            text = erased_by(showing, entry, texts);
    } else if (entry->kind != SG_ENTRY_SEALED) {
        text = entry->kind == SG_ENTRY_PLAIN
                   ? sg_out_bytes(SG_OUT_BODY, entry->payload)
                   : describe(showing, entry, index, texts);
    } else if (sg_unseal_body(showing->unseal, showing->log, entry, index,
                              &kind, &body) == SG_OK) {
        text = sg_out_bytes(SG_OUT_BODY, body);
    } else {
        state = SEALED;
    }
    const struct sg_out_value values[] = {
        sg_out_number(index),
        kind_of(showing->cli, entry->kind),
        state_of(showing->cli, state),
        entry->kind == SG_ENTRY_SEALED ? sg_out_number(entry->key_entry)
                                       : sg_out_none(),
        sg_out_number(entry->length),
        text,
    };
    sg_out_row(&showing->cli->out, &shape, values);
}

static void show_damaged(struct showing *showing, uint64_t index)
{
    const struct sg_out_value values[] = {
        sg_out_number(index), sg_out_none(), state_of(showing->cli, DAMAGED),
        sg_out_none(),        sg_out_none(), sg_out_none(),
    };

    sg_out_row(&showing->cli->out, &shape, values);
    showing->damaged++;
}

static enum sg_err show_range(struct showing *showing, struct sg_store *store,
                              struct sg_fetch *fetch, uint64_t from,
                              uint64_t count)
{
    uint64_t held = showing->log->row.frontier.size;
    uint64_t end = count < held - from ? from + count : held;

    while (from < end) {
        uint64_t n = end - from;
        if (n > SG_PACKAGE_ENTRIES_MAX)
            n = SG_PACKAGE_ENTRIES_MAX;
        enum sg_err err =
            sg_fetch_range(store, showing->log->number, from, (size_t)n, fetch);
        if (err == SG_ERR_DAMAGED) {
            show_damaged(showing, from++);
            continue;
        }
        if (err != SG_OK)
            return err;
        SG_ASSERT(fetch->count > 0);
        for (size_t i = 0; i < fetch->count; i++)
            show_entry(showing, &fetch->entries[i], from + i);
        from += fetch->count;
    }
    return SG_OK;
}

static int show(struct sg_cli *cli, const struct sg_home *home,
                const struct sg_store_log *log, uint64_t from, uint64_t count)
{
    struct showing showing = {.cli = cli, .log = log};
    struct sg_fetch *fetch = sg_alloc(sizeof *fetch);
    enum sg_err err = fetch == NULL ? SG_ERR_NOMEM
                                    : sg_unseal_new(home->store, home->scope,
                                                    &showing.unseal);

    if (err == SG_OK) {
        sg_fetch_init(fetch, (size_t)SG_MESSAGE_SIZE_MAX);
        err = show_range(&showing, home->store, fetch, from, count);
        sg_fetch_clear(fetch);
        sg_unseal_free(showing.unseal);
    }
    sg_free(fetch);
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, cli->dir);
    if (showing.damaged == 0)
        return 0;
    return sg_cli_fail(cli, SG_EXIT_DAMAGED,
                       "%" PRIu64 " entries are damaged; sogoc verify says how",
                       "%" PRIu64
                       " mục bị hỏng; xem chi tiết bằng sogoc verify",
                       showing.damaged);
}

int sg_verb_log_show(struct sg_cli *cli, struct sg_cli_words words)
{
    uint64_t from = 0, count = COUNT_DEFAULT;
    const struct sg_cli_option options[] = {
        {"--from", SG_CLI_NUMBER, .number = &from},
        {"--count", SG_CLI_NUMBER, .number = &count},
    };
    struct sg_store_log log;
    struct sg_home home;
    int code = sg_cli_options(cli, &words, options, 2, 0, 1);

    if (code == 0)
        code = sg_home_open(cli, &home);
    if (code != 0)
        return code;
    code =
        sg_home_log(cli, &home, words.count > 0 ? words.words[0] : NULL, &log);
    if (code == 0 && from >= log.row.frontier.size)
        code = sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "--from %" PRIu64 ": the log has %" PRIu64
                           " entries; choose a smaller one",
                           "--from %" PRIu64 ": nhật ký có %" PRIu64
                           " mục; hãy chọn số nhỏ hơn",
                           from, log.row.frontier.size);
    if (code == 0)
        code = show(cli, &home, &log, from, count);
    sg_home_close(&home);
    return code;
}
