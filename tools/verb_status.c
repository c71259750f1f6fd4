#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "storage/lmdb/store.h"
#include "tools/caller.h"
#include "tools/findings.h"
#include "tools/verb.h"

#define LINES 10
#define MIB   (UINT64_C(1) << 20)
/* Below it an administrator wants to know, long before the reserve is touched.
 */
#define FREE_WARN (2048 * MIB)

const struct sg_verb_page sg_verb_status_page = {
    "[--socket PATH | --dir DIR]",
    {"Says in ten lines how the node is, the worst first, and what to do. Asks "
     "the\n"
     "running sogocd; with --dir, or where none runs, looks at the data "
     "directory, and\n"
     "says which. Exit 0 if nothing is bad, 1 if something is. The same as "
     "sogoc without\n"
     "a verb, where there is a node.\n"
     "\n"
     "  --socket PATH  of the daemon (/run/sogoc/sogocd.sock)\n",
     "Cho biết tình hình của nút trong mười dòng, điều tệ nhất trước, và việc "
     "cần làm.\n"
     "Hỏi sogocd đang chạy; có --dir, hoặc khi không có sogocd, thì xem thư "
     "mục dữ liệu\n"
     "và nói rõ đã xem nguồn nào. Mã kết thúc 0 nếu không có gì xấu, 1 nếu "
     "có. Gọi sogoc\n"
     "không kèm lệnh cũng vậy, nếu có một nút.\n"
     "\n"
     "  --socket PATH  socket của sogocd (/run/sogoc/sogocd.sock)\n"},
    "  $ sogoc status --dir demo\n",
};

static const struct sg_finding_todo nothing = {NULL, NULL};

/* --- Of a running node ------------------------------------------------------
 */

static void judge_health(struct sg_findings *all, const json_t *health)
{
    static const struct {
        const char *status;
        enum sg_finding_grade grade;
        const char *en, *vi;
        struct sg_finding_todo todo;
    } states[] = {
        {"ok", SG_FINDING_OK, "works", "hoạt động", {NULL, NULL}},
        {"disk_full",
         SG_FINDING_BAD,
         "the disk is full: nothing is written",
         "đĩa đầy: không ghi được",
         {"free some space; it goes on by itself",
          "giải phóng đĩa; nút tự chạy tiếp"}},
        {"closed",
         SG_FINDING_WARN,
         "its log was left, a new epoch begins",
         "nhật ký đã đóng, đang mở kỳ mới",
         {"look again in a minute", "xem lại sau một phút"}},
        {"failed",
         SG_FINDING_BAD,
         "it has failed and acknowledges nothing",
         "đã hỏng và không xác nhận gì nữa",
         {"look at the disk, then at journalctl -u sogocd",
          "kiểm tra đĩa, rồi journalctl -u sogocd"}},
    };
    const char *status = sg_caller_text(health, "status");

    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strcmp(status, states[i].status) == 0)
            sg_findings_add(all, states[i].grade, "node", states[i].todo,
                            "sogocd %s %s", "sogocd %s %s",
                            sg_caller_text(health, "version"),
                            sg_cli_say(all->cli, states[i].en, states[i].vi));
    sg_findings_add(all, SG_FINDING_OK, "log", nothing,
                    "%" PRIu64 " entries of its own, signed",
                    "%" PRIu64 " mục của nút này, đã ký",
                    sg_caller_number(health, "size"));
    if (sg_caller_number(health, "position") == 0)
        sg_findings_add(all, SG_FINDING_WARN, "authority",
                        (struct sg_finding_todo){
                            "connect it once, or take a bundle: sogoc bundle "
                            "take",
                            "kết nối một lần, hoặc nhận gói: sogoc bundle "
                            "take"},
                        "the authority has not been heard yet",
                        "chưa nghe được cơ quan quản lý");
}

static void judge_peers(struct sg_findings *all, const json_t *answer)
{
    const json_t *list = json_object_get(answer, "peers"), *peer;
    size_t i, configured = 0, connected = 0, equal = 0;

    json_array_foreach(list, i, peer)
    {
        bool is_up = json_is_true(json_object_get(peer, "connected"));
        const char *name = sg_caller_text(peer, "name");

        configured += json_is_string(json_object_get(peer, "name"));
        connected += is_up;
        equal += json_is_true(json_object_get(peer, "equal"));
        if (json_is_true(json_object_get(peer, "withholds")))
            sg_findings_add(all, SG_FINDING_WARN, "peers",
                            (struct sg_finding_todo){
                                "others are asked; ask his administrator",
                                "đang hỏi nơi khác; hãy hỏi người quản trị"},
                            "%s does not deliver what it has",
                            "%s không giao dữ liệu đang có", name);
    }
    if (configured > 0 && connected == 0)
        sg_findings_add(
            all, SG_FINDING_WARN, "peers",
            (struct sg_finding_todo){
                "registration goes on; look at the link, or carry a stick: "
                "sogoc bundle make",
                "vẫn đăng ký được; kiểm tra đường truyền, hoặc dùng thẻ USB: "
                "sogoc bundle make"},
            "no link to any of %zu peers", "mất kết nối với cả %zu nút khác",
            configured);
    else
        sg_findings_add(all, SG_FINDING_OK, "peers", nothing,
                        "%zu connected, %zu with the same data",
                        "%zu đang kết nối, %zu khớp dữ liệu", connected, equal);
}

/* Each of these is nothing in a healthy register. */
static void judge_remains(struct sg_findings *all, const json_t *answer)
{
    static const struct {
        const char *member;
        const char *en, *vi;
        struct sg_finding_todo todo;
    } remains[] = {
        {"absent",
         "%" PRIu64 " entries without their content",
         "%" PRIu64 " mục thiếu nội dung",
         {"they are asked for; sogoc logs has where",
          "đang xin lại; xem sogoc logs"}},
        {"waiting",
         "%" PRIu64 " records wait for a statement of the authority",
         "%" PRIu64 " bản ghi chờ cơ quan quản lý",
         {"they count when it has come", "được tính khi có công bố"}},
        {"quarantined",
         "%" PRIu64 " records above a revocation's cut",
         "%" PRIu64 " bản ghi bị cách ly sau khi thu hồi",
         {"an officer endorses what is genuine",
          "cán bộ xác nhận bản ghi đúng"}},
        {"refused",
         "%" PRIu64 " records were refused by admission",
         "%" PRIu64 " bản ghi bị từ chối",
         {"look at them with sogoc log show", "xem bằng sogoc log show"}},
    };

    for (size_t i = 0; i < sizeof remains / sizeof remains[0]; i++) {
        uint64_t count = sg_caller_number(answer, remains[i].member);

        if (count > 0)
            sg_findings_add(all, SG_FINDING_WARN, "register", remains[i].todo,
                            remains[i].en, remains[i].vi, count);
    }
}

static void judge_register(struct sg_findings *all, const json_t *answer)
{
    uint64_t held = sg_caller_number(answer, "held");
    uint64_t applied = sg_caller_number(answer, "applied");
    bool is_building = json_is_true(json_object_get(answer, "building"));

    judge_remains(all, answer);
    sg_findings_add(
        all, is_building || applied < held ? SG_FINDING_WARN : SG_FINDING_OK,
        "register",
        is_building ? (struct sg_finding_todo){"wait: it is made "
                                               "anew",
                                               "chờ: đang dựng "
                                               "lại"}
                    : nothing,
        "%" PRIu64 " of %" PRIu64 " entries applied, %" PRIu64
        " persons and others",
        "đã đưa vào sổ %" PRIu64 " trên %" PRIu64 " mục, %" PRIu64 " đối tượng",
        applied, held, sg_caller_number(answer, "subjects"));
}

static void judge_conflicts(struct sg_findings *all, const json_t *answer)
{
    const json_t *units = json_object_get(answer, "units"), *unit;
    uint64_t open = 0;
    size_t i;

    json_array_foreach(units, i, unit) open += sg_caller_number(unit, "open");
    if (open > 0)
        sg_findings_add(
            all, SG_FINDING_WARN, "conflicts",
            (struct sg_finding_todo){"sogoc conflicts, then sogoc decide",
                                     "sogoc conflicts, rồi sogoc decide"},
            "%" PRIu64 " conflicts wait for an officer at %zu units",
            "%" PRIu64 " mâu thuẫn chờ cán bộ ở %zu đơn vị", open,
            json_array_size(units));
    else
        sg_findings_add(all, SG_FINDING_OK, "conflicts", nothing,
                        "no conflict waits", "không có mâu thuẫn nào chờ");
}

/* Asks PATH and judges the answer. What the node cannot say now is a finding,
 * not the end. */
static int judge(struct sg_findings *all, const char *socket, const char *path,
                 void (*fn)(struct sg_findings *all, const json_t *answer))
{
    unsigned status = 0;
    json_t *answer;
    int code = sg_caller_ask(all->cli, socket, path, NULL, &status, &answer);

    if (code != 0)
        return code;
    if (status == 200)
        fn(all, answer);
    else
        sg_findings_add(all, SG_FINDING_WARN, "register",
                        (struct sg_finding_todo){"look again in a minute",
                                                 "xem lại sau một phút"},
                        "%s: %s", "%s: %s", path,
                        sg_caller_words(all->cli, answer));
    json_decref(answer);
    return 0;
}

static int ask_node(struct sg_findings *all, const char *socket)
{
    static const struct {
        const char *path;
        void (*fn)(struct sg_findings *all, const json_t *answer);
    } questions[] = {
        {"/v1/health", judge_health},
        {"/v1/peers", judge_peers},
        {"/v1/register", judge_register},
        {"/v1/conflicts", judge_conflicts},
    };
    int code = 0;

    for (size_t i = 0; i < sizeof questions / sizeof questions[0] && code == 0;
         i++)
        code = judge(all, socket, questions[i].path, questions[i].fn);
    return code;
}

/* --- Of a directory
 * -----------------------------------------------------------
 */

struct sums {
    uint64_t logs, entries, absent, forked, behind;
};

static enum sg_err add_log(void *context, const struct sg_store_log *log)
{
    struct sums *sums = context;

    sums->logs++;
    sums->entries += log->row.frontier.size;
    sums->absent += log->row.absent;
    sums->forked += (log->row.flags & SG_LOG_FORKED) != 0;
    sums->behind += log->row.known.size > log->row.frontier.size;
    return SG_OK;
}

static void judge_logs(struct sg_findings *all, const struct sums *sums)
{
    if (sums->forked > 0)
        sg_findings_add(
            all, SG_FINDING_BAD, "logs",
            (struct sg_finding_todo){"find the clone: sogoc logs, flag f",
                                     "tìm máy nhân bản: sogoc logs, cờ f"},
            "%" PRIu64 " logs have forked: a key was used on two disks",
            "%" PRIu64 " nhật ký bị rẽ nhánh: một khóa dùng trên hai đĩa",
            sums->forked);
    if (sums->absent > 0)
        sg_findings_add(
            all, SG_FINDING_WARN, "logs",
            (struct sg_finding_todo){"they are asked for when it runs",
                                     "sẽ xin lại khi sogocd chạy"},
            "%" PRIu64 " entries without their content",
            "%" PRIu64 " mục thiếu nội dung", sums->absent);
    if (sums->behind > 0)
        sg_findings_add(
            all, SG_FINDING_WARN, "logs",
            (struct sg_finding_todo){"they are fetched when it runs",
                                     "sẽ nhận tiếp khi sogocd chạy"},
            "%" PRIu64 " logs are longer elsewhere",
            "%" PRIu64 " nhật ký ở nơi khác dài hơn", sums->behind);
    sg_findings_add(all, SG_FINDING_OK, "logs", nothing,
                    "logs: %" PRIu64 ", entries: %" PRIu64,
                    "số nhật ký: %" PRIu64 ", số mục: %" PRIu64, sums->logs,
                    sums->entries);
}

static void judge_room(struct sg_findings *all)
{
    struct statvfs room;

    if (statvfs(all->cli->dir, &room) != 0)
        return;
    uint64_t left = (uint64_t)room.f_bavail * room.f_frsize;
    bool is_little = left < FREE_WARN;
    sg_findings_add(all, is_little ? SG_FINDING_WARN : SG_FINDING_OK, "disk",
                    is_little ? (struct sg_finding_todo){"free some space",
                                                         "giải phóng đĩa"}
                              : nothing,
                    "%" PRIu64 " MiB free", "còn trống %" PRIu64 " MiB",
                    left / MIB);
}

/* Without keys: looking changes nothing, no epoch begins. */
static int look_at_directory(struct sg_findings *all)
{
    const struct sg_cli *cli = all->cli;
    const struct sg_store_config config = {.dir = cli->dir};
    struct sums sums = {0};
    struct sg_store *store;
    enum sg_err err = sg_store_open(&config, NULL, 0, &store);

    if (err == SG_ERR_NOTFOUND)
        return sg_cli_fail(
            cli, SG_EXIT_IMPOSSIBLE,
            "%s: no node here, and no sogocd answers; say --dir or --socket",
            "%s: không có nút ở đây, cũng không có sogocd; hãy ghi --dir hoặc "
            "--socket",
            cli->dir);
    if (err == SG_ERR_BUSY)
        return sg_cli_fail(cli, SG_EXIT_BUSY,
                           "%s: a sogocd has it; ask that one with --socket",
                           "%s: sogocd đang dùng; hãy hỏi nó bằng --socket",
                           cli->dir);
    if (err == SG_OK) {
        err = sg_store_each(store, add_log, &sums);
        sg_store_close(store);
    }
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, cli->dir);
    sg_findings_add(all, SG_FINDING_WARN, "node",
                    (struct sg_finding_todo){"start it: systemctl start sogocd",
                                             "chạy nó: systemctl start sogocd"},
                    "no sogocd runs; this is what lies in %s",
                    "sogocd không chạy; đây là những gì có trong %s", cli->dir);
    judge_logs(all, &sums);
    judge_room(all);
    return 0;
}

/* --- The verb
 * -------------------------------------------------------------------
 */

static bool is_socket(const char *path)
{
    struct stat stat_of;

    return stat(path, &stat_of) == 0 && S_ISSOCK(stat_of.st_mode);
}

bool sg_verb_status_has_node(const struct sg_cli *cli)
{
    struct stat stat_of;

    return cli->is_dir_given || is_socket(SG_CALLER_SOCKET) ||
           stat(cli->dir, &stat_of) == 0;
}

int sg_verb_status(struct sg_cli *cli, struct sg_cli_words words)
{
    const char *socket = NULL;
    const struct sg_cli_option options[] = {
        {"--socket", SG_CLI_TEXT, .text = &socket},
    };
    struct sg_findings all = {.cli = cli};
    int code = sg_cli_options(cli, &words, options, 1, 0, 0);

    if (code != 0)
        return code;
    if (socket == NULL && !cli->is_dir_given && is_socket(SG_CALLER_SOCKET))
        socket = SG_CALLER_SOCKET;
    code = socket != NULL ? ask_node(&all, socket) : look_at_directory(&all);
    return code == 0 ? sg_findings_show(&all, LINES) : code;
}
