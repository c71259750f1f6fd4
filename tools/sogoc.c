/* The command sogoc: a table of verbs and a loop. */
#include <stdio.h>
#include <string.h>

#include "storage/base/crypto.h"
#include "storage/base/version.h"
#include "tools/cli.h"
#include "tools/verb.h"

static const struct {
    const char *name;
    sg_verb_run *run;
    const struct sg_verb_page *page;
    const char *says[2];
} verbs[] = {
    {"init",
     sg_verb_init,
     &sg_verb_init_page,
     {"make a data directory with a key", "tạo thư mục dữ liệu và khóa"}},
    {"status",
     sg_verb_status,
     &sg_verb_status_page,
     {"how the node is, the worst first", "tình hình của nút, tệ nhất trước"}},
    {"submit",
     sg_verb_submit,
     &sg_verb_submit_page,
     {"write lines to the log, sealed",
      "ghi các dòng vào nhật ký, niêm phong"}},
    {"logs",
     sg_verb_logs,
     &sg_verb_logs_page,
     {"list the logs that are here", "liệt kê các nhật ký đang có"}},
    {"log show",
     sg_verb_log_show,
     &sg_verb_log_show_page,
     {"show entries of a log", "xem các mục của một nhật ký"}},
    {"log export",
     sg_verb_log_export,
     &sg_verb_log_export_page,
     {"print a log for other verifiers", "xuất nhật ký cho bên khác kiểm tra"}},
    {"prove",
     sg_verb_prove,
     &sg_verb_prove_page,
     {"write the proof that an entry is in a log",
      "lập bằng chứng một mục nằm trong nhật ký"}},
    {"check-proof",
     sg_verb_check_proof,
     &sg_verb_check_proof_page,
     {"check such a proof", "kiểm tra một bằng chứng như vậy"}},
    {"verify",
     sg_verb_verify,
     &sg_verb_verify_page,
     {"verify everything that is stored", "kiểm tra toàn bộ dữ liệu đã lưu"}},
    {"forks",
     sg_verb_forks,
     &sg_verb_forks_page,
     {"list proofs that a log has forked", "liệt kê bằng chứng rẽ nhánh"}},
    {"backup",
     sg_verb_backup,
     &sg_verb_backup_page,
     {"copy the logs, without keys", "sao lưu nhật ký, không kèm khóa"}},
    {"diff",
     sg_verb_diff,
     &sg_verb_diff_page,
     {"compare with a backup or a node", "so với bản sao lưu hoặc nút khác"}},
    {"synth",
     sg_verb_synth,
     &sg_verb_synth_page,
     {"invent citizens, for tests and benches",
      "tạo công dân giả định để thử và đo"}},
    {"nodes",
     sg_verb_nodes,
     &sg_verb_nodes_page,
     {"list the nodes of the registry", "liệt kê các nút của sổ"}},
    {"join",
     sg_verb_join,
     &sg_verb_join_page,
     {"ask to be admitted as a node; take the answer",
      "xin vào sổ làm một nút; nhận trả lời"}},
    {"invite",
     sg_verb_invite,
     &sg_verb_invite_page,
     {"let a node ask over the network", "cho một nút xin vào sổ qua mạng"}},
    {"admit",
     sg_verb_admit,
     &sg_verb_admit_page,
     {"look at a node's request and admit it",
      "xem đơn của một nút và thừa nhận"}},
    {"bundle make",
     sg_verb_bundle_make,
     &sg_verb_bundle_make_page,
     {"write changes to a USB stick", "ghi thay đổi ra thẻ USB"}},
    {"bundle take",
     sg_verb_bundle_take,
     &sg_verb_bundle_take_page,
     {"take changes from a USB stick", "nhận thay đổi từ thẻ USB"}},
    {"bundle show",
     sg_verb_bundle_show,
     &sg_verb_bundle_show_page,
     {"say what a bundle is", "xem một gói là gì"}},
    {"revoke",
     sg_verb_revoke,
     &sg_verb_revoke_page,
     {"cut a node off", "cắt một nút ra khỏi sổ"}},
    {"erase list",
     sg_verb_erase_list,
     &sg_verb_erase_list_page,
     {"list who has erased what was ordered", "liệt kê nút nào đã xóa"}},
    {"erase",
     sg_verb_erase,
     &sg_verb_erase_page,
     {"order that data be erased", "ra lệnh xóa dữ liệu"}},
    {"heartbeat",
     sg_verb_heartbeat,
     &sg_verb_heartbeat_page,
     {"say what time it is", "báo giờ của cơ quan quản lý"}},
    {"unit publish",
     sg_verb_unit_publish,
     &sg_verb_unit_publish_page,
     {"publish units and code tables", "công bố đơn vị và bảng mã"}},
    {"unit rehome",
     sg_verb_unit_rehome,
     &sg_verb_unit_rehome_page,
     {"move a territory to another node", "chuyển địa bàn sang nút khác"}},
    {"pin lease",
     sg_verb_pin_lease,
     &sg_verb_pin_lease_page,
     {"lease personal numbers to a node", "cấp dải số định danh cho nút"}},
    {"scope list",
     sg_verb_scope_list,
     &sg_verb_scope_list_page,
     {"list who can read what", "liệt kê ai đọc được gì"}},
    {"scope issue",
     sg_verb_scope_issue,
     &sg_verb_scope_issue_page,
     {"give a node scope keys", "cấp khóa phạm vi cho một nút"}},
    {"scope rotate",
     sg_verb_scope_rotate,
     &sg_verb_scope_rotate_page,
     {"replace scope keys", "thay khóa phạm vi"}},
    {"officer new",
     sg_verb_officer_new,
     &sg_verb_officer_new_page,
     {"make an officer's key", "tạo khóa cho cán bộ"}},
    {"officer add",
     sg_verb_officer_add,
     &sg_verb_officer_add_page,
     {"grant an officer roles", "trao vai trò cho cán bộ"}},
    {"officer list",
     sg_verb_officer_list,
     &sg_verb_officer_list_page,
     {"list the officers", "liệt kê cán bộ"}},
    {"hand-in",
     sg_verb_hand_in,
     &sg_verb_hand_in_page,
     {"hand forms in to the running node", "nộp biểu mẫu cho nút đang chạy"}},
    {"import",
     sg_verb_import,
     &sg_verb_import_page,
     {"take over the persons of an older book",
      "nhập dữ liệu người dân từ sổ cũ"}},
    {"officer suspend",
     sg_verb_officer_suspend,
     &sg_verb_officer_suspend_page,
     {"take an officer's roles away", "tước vai trò của cán bộ"}},
    {"endorse",
     sg_verb_endorse,
     &sg_verb_endorse_page,
     {"let entries above a cut count", "cho các mục trên điểm cắt được tính"}},
    {"lift",
     sg_verb_lift,
     &sg_verb_lift_page,
     {"lift a suspension", "gỡ tạm dừng"}},
    {"rotate",
     sg_verb_rotate,
     &sg_verb_rotate_page,
     {"replace the root key", "thay khóa gốc"}},
    {"slip",
     sg_verb_slip,
     &sg_verb_slip_page,
     {"print or check the paper of a record",
      "in hoặc kiểm tra phiếu của một bản ghi"}},
    {"key backup",
     sg_verb_key_backup,
     &sg_verb_key_backup_page,
     {"copy the keys, under a passphrase", "sao lưu khóa, kèm mật khẩu"}},
    {"restore",
     sg_verb_restore,
     &sg_verb_restore_page,
     {"put a backup in the place of the logs",
      "khôi phục nhật ký từ bản sao lưu"}},
    {"repair",
     sg_verb_repair,
     &sg_verb_repair_page,
     {"mend what verify has found", "sửa những gì verify tìm ra"}},
    {"view rebuild",
     sg_verb_view_rebuild,
     &sg_verb_view_rebuild_page,
     {"make the register again from the logs", "dựng lại sổ từ nhật ký"}},
    {"campaign create",
     sg_verb_campaign_create,
     &sg_verb_campaign_create_page,
     {"announce a campaign", "lập một chiến dịch"}},
    {"campaign freeze",
     sg_verb_campaign_freeze,
     &sg_verb_campaign_freeze_page,
     {"freeze it, begin it, close it", "chốt, bắt đầu, kết thúc chiến dịch"}},
    {"campaign",
     sg_verb_campaign,
     &sg_verb_campaign_page,
     {"show how far a campaign is", "xem tiến độ chiến dịch"}},
    {"quality",
     sg_verb_quality,
     &sg_verb_quality_page,
     {"show how good the register is", "xem chất lượng của sổ"}},
    {"conflicts",
     sg_verb_conflicts,
     &sg_verb_conflicts_page,
     {"list what waits for an officer's word",
      "liệt kê mâu thuẫn chờ quyết định"}},
    {"decide",
     sg_verb_decide,
     &sg_verb_decide_page,
     {"say it", "quyết định mâu thuẫn"}},
    {"statement",
     sg_verb_statement,
     &sg_verb_statement_page,
     {"list who holds an entry", "liệt kê ai đang giữ một mục"}},
    {"peers",
     sg_verb_peers,
     &sg_verb_peers_page,
     {"list peers of the running node", "liệt kê các nút đang liên lạc"}},
    {"config check",
     sg_verb_config_check,
     &sg_verb_config_check_page,
     {"check a configuration of sogocd", "kiểm tra tệp cấu hình"}},
    {"cut",
     sg_verb_cut,
     &sg_verb_cut_page,
     {"show what figures are computed from", "xem số liệu tính từ đâu"}},
    {"unlock",
     sg_verb_unlock,
     &sg_verb_unlock_page,
     {"unlock an officer's key at the node", "mở khóa của cán bộ tại nút"}},
    {"lock", sg_verb_lock, &sg_verb_lock_page, {"lock it again", "khóa lại"}},
    {"find", sg_verb_find, &sg_verb_find_page, {"find persons", "tìm người"}},
    {"person",
     sg_verb_person,
     &sg_verb_person_page,
     {"show what the register says of persons", "xem sổ ghi gì về một người"}},
    {"dossier",
     sg_verb_dossier,
     &sg_verb_dossier_page,
     {"print all that there is of one person", "in mọi điều về một người"}},
    {"export",
     sg_verb_export,
     &sg_verb_export_page,
     {"write the persons of a unit to a file",
      "xuất người dân của một đơn vị ra tệp"}},
    {"permit",
     sg_verb_permit,
     &sg_verb_permit_page,
     {"let an officer read beyond the day's limit",
      "cho cán bộ xem vượt mức trong ngày"}},
    {"audit",
     sg_verb_audit,
     &sg_verb_audit_page,
     {"list who was shown what", "liệt kê ai đã xem gì"}},
};

#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static const char *const options_text[2] = {
    "Options of every verb:\n"
    "  --dir DIR   the data directory (default: $SOGOC_DIR, else "
    "./sogoc-data)\n"
    "  --json      one JSON object a line, for programs\n"
    "  --lang L    vi or en (default: LC_ALL, LC_MESSAGES, LANG)\n"
    "  --passphrase-file FILE  its first line opens keys; else a person is "
    "asked\n"
    "  --node-passphrase-file FILE  the same for the keys of the node itself\n"
    "  --progress  say on standard error how far it is (default on a "
    "terminal)\n"
    "  --help, --version\n"
    "\n"
    "Exit: 0 done, it holds; 1 it does not hold; 2 not understood; 3 not "
    "there\n"
    "or not possible; 4 damaged; 5 busy; 6 disk full; 7 no permission; 8 key\n"
    "missing or wrong; 9 the disk failed; 70 a mistake of sogoc.\n",
    "Tùy chọn chung:\n"
    "  --dir DIR   thư mục dữ liệu (mặc định: $SOGOC_DIR, hoặc ./sogoc-data)\n"
    "  --json      mỗi dòng một đối tượng JSON, cho chương trình\n"
    "  --lang L    vi hoặc en (mặc định: LC_ALL, LC_MESSAGES, LANG)\n"
    "  --passphrase-file TỆP  dòng đầu là mật khẩu mở khóa; không có thì hỏi "
    "người\n"
    "  --node-passphrase-file TỆP  cũng vậy, cho khóa của chính nút này\n"
    "  --progress  báo tiến độ trên đầu ra lỗi (tự bật khi chạy trên màn "
    "hình)\n"
    "  --help, --version\n"
    "\n"
    "Mã kết thúc: 0 xong, đúng; 1 không đúng; 2 không hiểu lệnh; 3 không có\n"
    "hoặc không thể; 4 dữ liệu hỏng; 5 đang bận; 6 đĩa đầy; 7 không có quyền;\n"
    "8 thiếu khóa hoặc sai khóa; 9 đĩa lỗi; 70 lỗi của sogoc.\n",
};

static int help(const struct sg_cli *cli)
{
    (void)fputs(
        sg_cli_say(cli,
                   "usage: sogoc VERB [...] [--dir DIR] [--json]\n\n"
                   "The register that no one alters unseen.\n\n",
                   "cách dùng: sogoc LỆNH [...] [--dir DIR] [--json]\n\n"
                   "Sổ gốc: không ai sửa được mà không lộ.\n\n"),
        stdout);
    for (size_t i = 0; i < N_VERBS; i++)
        (void)printf("  %-16s %s\n", verbs[i].name, verbs[i].says[cli->lang]);
    (void)printf("\n%s\n%s\n", options_text[cli->lang],
                 sg_cli_say(cli, "Examples:", "Ví dụ:"));
    for (size_t i = 0; i < N_VERBS; i++)
        (void)fputs(verbs[i].page->examples, stdout);
    (void)fputs(sg_cli_say(cli, "\n`sogoc VERB --help` says more.\n",
                           "\nXem thêm: `sogoc LỆNH --help`.\n"),
                stdout);
    return 0;
}

static int help_verb(const struct sg_cli *cli, size_t i)
{
    const struct sg_verb_page *page = verbs[i].page;

    (void)printf("%s: sogoc %s %s\n\n%s\n\n%s\n%s\n%s",
                 sg_cli_say(cli, "usage", "cách dùng"), verbs[i].name,
                 page->usage, verbs[i].says[cli->lang], page->text[cli->lang],
                 sg_cli_say(cli, "Example:", "Ví dụ:"), page->examples);
    return 0;
}

/* Says whether WORDS begin with NAME, which is one word or two; takes them. */
static bool takes(const char *name, struct sg_cli_words *words)
{
    size_t first = strcspn(name, " ");
    int n = name[first] == '\0' ? 1 : 2;

    if (words->count < n || strlen(words->words[0]) != first ||
        strncmp(words->words[0], name, first) != 0)
        return false;
    if (n == 2 && strcmp(words->words[1], name + first + 1) != 0)
        return false;
    words->count -= n;
    words->words += n;
    return true;
}

int main(int argc, char **argv)
{
    struct sg_cli_words words;
    struct sg_cli cli;
    int code = sg_cli_init(&cli, argc, argv, &words);

    if (code != 0)
        return code;
    if (words.count == 1 && strcmp(words.words[0], "--version") == 0) {
        (void)printf("sogoc %s\n", sg_version());
        return sg_cli_end(&cli, 0);
    }
    if (words.count == 0 && (cli.is_help || !sg_verb_status_has_node(&cli)))
        return sg_cli_end(&cli, help(&cli));
    if (sg_crypto_init() != SG_OK)
        return sg_cli_fail_err(&cli, SG_ERR_CRYPTO, "libsodium");
    if (words.count == 0)
        return sg_cli_end(&cli, sg_verb_status(&cli, words));
    for (size_t i = 0; i < N_VERBS; i++) {
        if (!takes(verbs[i].name, &words))
            continue;
        code = cli.is_help ? help_verb(&cli, i) : verbs[i].run(&cli, words);
        return sg_cli_end(&cli, code);
    }
    if (cli.is_help)
        return sg_cli_end(&cli, help(&cli));
    return sg_cli_fail(&cli, SG_EXIT_USAGE, "no verb %s; sogoc --help has them",
                       "không có lệnh %s; xem sogoc --help", words.words[0]);
}
