#include "tools/seat_admit.h"
#include "tools/verb.h"

const struct sg_verb_page sg_verb_heartbeat_page = {
    "[--dir DIR]",
    {"Says that the authority is there, and what time it is: certificates and "
     "grants\n"
     "end by these times and no other clock. Once a day is often enough.\n",
     "Báo rằng cơ quan quản lý vẫn hoạt động và bây giờ là mấy giờ: chứng thư "
     "và\n"
     "quyền hạn hết hiệu lực theo giờ này, không theo đồng hồ nào khác. Mỗi "
     "ngày một\n"
     "lần là đủ.\n"},
    "  $ sogoc heartbeat --dir authority\n",
};

static const struct sg_out_shape shape = {
    .type = "heartbeat",
    .field_count = 1,
    .fields = {{"time", {"time (ms since 1970)", "giờ (ms từ 1970)"}, 0}},
};

int sg_verb_heartbeat(struct sg_cli *cli, struct sg_cli_words words)
{
    struct sg_seat seat;
    int code = sg_cli_options(cli, &words, NULL, 0, 0, 0);

    if (code == 0)
        code = sg_seat_open(cli, SG_SEAT_SPEAK, NULL, &seat);
    if (code != 0)
        return code;
    code = sg_seat_admit_heartbeat(&seat);
    if (code == 0)
        code = sg_seat_file(&seat);
    if (code == 0) {
        const struct sg_out_value value = sg_out_number(seat.now_ms);

        sg_out_card(&cli->out, &shape, &value);
    }
    sg_seat_close(&seat);
    return code;
}
