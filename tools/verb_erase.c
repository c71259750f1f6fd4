#include <string.h>

#include "storage/base/text.h"
#include "storage/registry/nfc.h"
#include "tools/erasing.h"
#include "tools/verb.h"

#define TEXT_MAX    64u /* bytes of fields 1 and 2 */
#define ENTRIES_MAX 800

const struct sg_verb_page sg_verb_erase_page = {
    "PERSON | LOG INDEX... --order NUMBER --basis TEXT --reason R [--day DAY] "
    "[--yes] [--dir DIR]",
    {"Orders that data be erased, where the authority speaks. Every node "
     "removes the\n"
     "payloads as soon as it hears of the order, one that was away for weeks "
     "at its first\n"
     "contact; copies its logs without them, makes its register anew under a "
     "new key, and\n"
     "signs that it has (see sogoc erase list). Headers and hashes stay: the "
     "logs prove\n"
     "themselves as before, and nobody can bring a payload back. What lies in "
     "backups and\n"
     "on couriers' sticks is sealed and out of reach: destroy those. Without "
     "--yes it\n"
     "shows what would be erased and does nothing.\n"
     "\n"
     "  PERSON          his uid: all that was filed about him. Where other "
     "records name\n"
     "                  him (a household, a duplicate), name their entries\n"
     "  LOG INDEX...    entries of one log, with all copies of their records\n"
     "  --order NUMBER  of the decision, up to 64 bytes\n"
     "  --basis TEXT    the legal basis, up to 64 bytes\n"
     "  --reason R      request (the person's), court, unlawful (processing), "
     "retention\n"
     "                  (its end)\n"
     "  --day DAY       of the decision, YYYYMMDD (default: today)\n"
     "  --yes           do it\n",
     "Ra lệnh xóa dữ liệu, tại nơi cơ quan quản lý ra quyết định. Mọi nút xóa "
     "nội dung\n"
     "ngay khi biết lệnh, nút vắng mặt nhiều tuần thì xóa khi liên lạc lại; "
     "chép nhật ký\n"
     "không kèm nội dung ấy, dựng lại sổ bằng khóa mới và ký xác nhận đã làm "
     "(xem sogoc\n"
     "erase list). Phần đầu mục và mã băm giữ lại: nhật ký vẫn tự chứng minh "
     "được, và\n"
     "không ai đưa nội dung trở lại được. Bản sao lưu và thẻ USB vẫn còn bản "
     "niêm phong,\n"
     "ngoài tầm lệnh này: hãy tiêu hủy. Không có --yes thì chỉ xem trước, "
     "không làm gì.\n"
     "\n"
     "  PERSON          mã người: mọi bản ghi đã lập về người đó. Bản ghi khác "
     "có nêu tên\n"
     "                  (hộ gia đình, cặp trùng) thì ghi rõ từng mục\n"
     "  LOG INDEX...    các mục của một nhật ký, kèm mọi bản sao của bản ghi\n"
     "  --order NUMBER  số quyết định, tối đa 64 byte\n"
     "  --basis TEXT    căn cứ pháp lý, tối đa 64 byte\n"
     "  --reason R      request (người dân yêu cầu), court (tòa án), unlawful "
     "(xử lý trái\n"
     "                  luật), retention (hết hạn lưu)\n"
     "  --day DAY       ngày quyết định, YYYYMMDD (mặc định: hôm nay)\n"
     "  --yes           thực hiện\n"},
    "  $ sogoc erase 00000000000000000000000000000001 --order 12/QĐ-CA --basis "
    "'Luật 91/2025/QH15' --reason court --dir authority 2> /dev/null || test "
    "$? -eq 3 # nobody has this uid\n",
};

static const struct sg_out_shape row_shape = {
    .type = "erased_entry",
    .field_count = 5,
    .fields = {{"log", {"log", "nhật ký"}, 16},
               {"index", {"index", "mục"}, -10},
               {"record", {"type", "loại"}, 14},
               {"length", {"bytes", "byte"}, -7},
               {"subject", {"about", "về"}, 32}},
};

static const struct sg_out_shape shape = {
    .type = "erasure",
    .field_count = 8,
    .fields = {{"order", {"order", "số quyết định"}, 0},
               {"basis", {"legal basis", "căn cứ pháp lý"}, 0},
               {"reason", {"reason", "lý do"}, 0},
               {"day", {"of the day", "ngày quyết định"}, 0},
               {"entries", {"entries", "số mục"}, 0},
               {"unread",
                {"entries that do not open here", "số mục không mở được ở đây"},
                0},
               {"done", {"ordered", "đã ra lệnh"}, 0},
               {"compacted",
                {"gone from this disk's logs", "đã hết trong nhật ký tại đây"},
                0}},
};

static const char *const reasons[] = {"request", "court", "unlawful",
                                      "retention"};

struct erasure {
    struct sg_cli *cli;
    struct sg_seat seat;
    struct sg_erasing erasing;
    struct sg_erasing_order order;
    const char *reason, *day;
    bool is_sure, is_compacted;
};

/* --- What is asked -------------------------------------------------------- */

static bool is_text(const char *text)
{
    return text != NULL && text[0] != '\0' && strlen(text) <= TEXT_MAX &&
           sg_nfc_check(sg_bytes(text, strlen(text))) == SG_OK;
}

static int read_day(struct erasure *erasure)
{
    uint64_t ymd = 0;

    if (erasure->day != NULL &&
        sg_text_decimal_decode(sg_bytes(erasure->day, strlen(erasure->day)),
                               &ymd) == SG_OK &&
        ymd <= 99991231)
        erasure->order.day.ymd = (uint32_t)ymd;
    if (erasure->day == NULL ||
        (sg_date_is_valid(erasure->order.day) &&
         sg_date_precision(erasure->order.day) == SG_DATE_YMD))
        return 0;
    return sg_cli_fail(erasure->cli, SG_EXIT_USAGE,
                       "--day wants a day as YYYYMMDD",
                       "--day cần một ngày dạng YYYYMMDD");
}

static int read_order(struct erasure *erasure)
{
    const struct sg_cli *cli = erasure->cli;

    if (!is_text(erasure->order.number) || !is_text(erasure->order.basis))
        return sg_cli_fail(cli, SG_EXIT_USAGE,
                           "say --order NUMBER and --basis TEXT, 1 to %u bytes "
                           "of text each",
                           "hãy ghi --order NUMBER và --basis TEXT, mỗi mục từ "
                           "1 đến %u byte văn bản",
                           TEXT_MAX);
    for (unsigned i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (erasure->reason != NULL && strcmp(erasure->reason, reasons[i]) == 0)
            erasure->order.reason = i + 1;
    if (erasure->order.reason == 0)
        return sg_cli_fail(cli, SG_EXIT_USAGE,
                           "--reason is request, court, unlawful or retention",
                           "--reason là request, court, unlawful hoặc "
                           "retention");
    return read_day(erasure);
}

static int find_entries(struct erasure *erasure, struct sg_cli_words words)
{
    const struct sg_cli_words indexes = {words.count - 1, words.words + 1};
    int code = sg_erasing_open(&erasure->seat, &erasure->erasing);

    if (code != 0)
        return code;
    return words.count == 1
               ? sg_erasing_person(&erasure->erasing, words.words[0])
               : sg_erasing_entries(&erasure->erasing, words.words[0], indexes);
}

/* --- What is shown -------------------------------------------------------- */

static struct sg_out_value yes_or(const struct sg_cli *cli, bool is_so,
                                  const char *en, const char *vi)
{
    return is_so ? sg_out_word("yes", sg_cli_say(cli, "yes", "rồi"))
                 : sg_out_word("no", sg_cli_say(cli, en, vi));
}

static void show(const struct erasure *erasure)
{
    const struct sg_erasing_order *order = &erasure->order;
    const struct sg_erasing *erasing = &erasure->erasing;
    struct sg_cli *cli = erasure->cli;
    const struct sg_out_value values[] = {
        sg_out_bytes(SG_OUT_BODY,
                     sg_bytes(order->number, strlen(order->number))),
        sg_out_bytes(SG_OUT_BODY, sg_bytes(order->basis, strlen(order->basis))),
        sg_out_word(reasons[order->reason - 1], NULL),
        sg_out_number(order->day.ymd),
        sg_out_number(erasing->count),
        sg_out_number(erasing->unread),
        yes_or(cli, erasure->is_sure, "no: say --yes", "chưa: hãy ghi --yes"),
        erasure->is_sure ? yes_or(cli, erasure->is_compacted,
                                  "no: the disk has no room for the copy yet",
                                  "chưa: đĩa chưa đủ chỗ để chép lại")
                         : sg_out_none(),
    };

    for (size_t i = 0; i < erasing->count; i++) {
        const struct sg_erasing_entry *entry = &erasing->entries[i];
        const struct sg_out_value row[] = {
            sg_out_hash(&entry->log.hash),
            sg_out_number(entry->index),
            entry->type == NULL ? sg_out_none()
                                : sg_out_word(entry->type->name, NULL),
            sg_out_number(entry->length),
            sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(entry->subject.bytes)),
        };

        sg_out_row(&cli->out, &row_shape, row);
    }
    sg_out_card(&cli->out, &shape, values);
}

static int run(struct erasure *erasure, struct sg_cli_words words)
{
    int code;

    if (erasure->day == NULL)
        erasure->order.day = erasure->seat.today;
    code = find_entries(erasure, words);
    if (code == 0 && erasure->is_sure)
        code = sg_erasing_say(&erasure->erasing, &erasure->order);
    if (code == 0 && erasure->is_sure)
        code = sg_erasing_do(&erasure->erasing, &erasure->is_compacted);
    if (code == 0)
        show(erasure);
    sg_erasing_close(&erasure->erasing);
    return code;
}

int sg_verb_erase(struct sg_cli *cli, struct sg_cli_words words)
{
    struct erasure erasure = {.cli = cli};
    const struct sg_cli_option options[] = {
        {"--order", SG_CLI_TEXT, .text = &erasure.order.number},
        {"--basis", SG_CLI_TEXT, .text = &erasure.order.basis},
        {"--reason", SG_CLI_TEXT, .text = &erasure.reason},
        {"--day", SG_CLI_TEXT, .text = &erasure.day},
        {"--yes", SG_CLI_FLAG, .flag = &erasure.is_sure},
    };
    int code = sg_cli_options(cli, &words, options, 5, 1, ENTRIES_MAX + 1);

    if (code == 0)
        code = read_order(&erasure);
    if (code == 0)
        code = sg_seat_open(cli, SG_SEAT_SPEAK, NULL, &erasure.seat);
    if (code != 0)
        return code;
    code = run(&erasure, words);
    sg_seat_close(&erasure.seat);
    return code;
}
